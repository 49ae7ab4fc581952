"""Citations: a key in a docstring, a PMID or a DOI in a content file must be one that the evidence table can answer for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tamarisk.evidence.reference import references
from tamarisk.tables import CONTENT

HOUSE = CONTENT.parent
MODULES = sorted(HOUSE.rglob("*.py"))
TEXTS = sorted(file for file in CONTENT.rglob("*") if file.suffix in {".tsv", ".ant", ".md"})
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

CITATION = re.compile(r"\[(@[\w@;,\s]+)\]")
PMIDS = re.compile(r"(?:PMIDs?|pubmed(?:\.ncbi\.nlm\.nih\.gov)?)[\s:/]*(\d{4,8}(?:[,;/ ]+\d{7,8}\b)*)", re.IGNORECASE)
DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>|,;]+")


def inside(file: Path) -> str:
    """The path as a test's name shows it."""
    return str(file.relative_to(HOUSE))


def cited_keys(source: str) -> set[str]:
    """The keys that the docstrings of a module cite."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, DOCUMENTED))
    docs = (ast.get_docstring(node) or "" for node in nodes)
    return {key for doc in docs for group in CITATION.findall(doc) for key in re.findall(r"@(\w+)", group)}


def identifiers(text: str) -> Iterator[str]:
    """Every PMID and DOI in a text, as `pubmed/1` and `doi/10.1/a`; a DOI counts whatever its case."""
    for run in PMIDS.findall(text):
        yield from (f"pubmed/{number}" for number in re.findall(r"\d+", run))
    yield from (f"doi/{found.rstrip('.:)').lower()}" for found in DOI.findall(text))


def answered() -> set[str]:
    """The PMIDs and DOIs of the evidence table, written likewise."""
    rows = references().values()
    return {f"pubmed/{row.pmid}" for row in rows if row.pmid} | {f"doi/{row.doi.lower()}" for row in rows if row.doi}


def test_citations_are_found() -> None:
    """Law: a citation is found however it is written, and option syntax is not taken for one."""
    doc = '"""Of @nobody, `NAME=DOSE[@FROM[-TO]]`.\n\nReferences: Someone 1900; [@ONE1900; @TWO1900].\n"""'
    text = 'PMID 1234567; 2345678, https://identifiers.org/pubmed/3456 (10.1016/S1535-6108(12)00040-2) "doi/10.1186/A1": PMID'
    assert cited_keys(doc) == {"ONE1900", "TWO1900"}
    assert sorted(identifiers(text)) == [
        "doi/10.1016/s1535-6108(12)00040-2",
        "doi/10.1186/a1",
        "pubmed/1234567",
        "pubmed/2345678",
        "pubmed/3456",
    ]


@pytest.mark.parametrize("file", MODULES, ids=inside)
def test_docstrings_cite_known_keys(file: Path) -> None:
    """Law: every key that a docstring cites has a row in the evidence table."""
    assert sorted(cited_keys(file.read_text(encoding="utf-8")) - references().keys()) == []


@pytest.mark.parametrize("file", TEXTS, ids=inside)
def test_content_cites_known_publications(file: Path) -> None:
    """Law: every PMID and DOI in a content file belongs to a row of the evidence table."""
    assert sorted(set(identifiers(file.read_text(encoding="utf-8"))) - answered()) == []
