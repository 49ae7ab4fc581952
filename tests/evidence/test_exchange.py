"""Studies as files: CSV, Parquet and JSON-LD hold what the studies say, read back by other libraries or the format's rules."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tamarisk.errors import DataError, ModelError
from tamarisk.evidence.effect import effects
from tamarisk.evidence.entry import Entry
from tamarisk.evidence.exchange import FORMS, flat, write_entries
from tamarisk.evidence.study import read_studies, studies
from tamarisk.evidence.trial import trials

Write = Callable[..., Path]
EVERY = list(studies().values())
NUMBERS = ("estimate", "low", "high", "level")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every study as JSON-LD, read as JSON without signs that JSON lacks."""
    path = write_entries(EVERY, tmp_path_factory.mktemp("out") / "studies.jsonld", form="jsonld")
    read = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert isinstance(read, dict)
    return read


# CSV


def test_csv_is_read_back(tmp_path: Path) -> None:
    """Reference: the csv module finds every cell, commas, quotes and semicolons included."""
    path = write_entries(EVERY, tmp_path / "new" / "studies.csv", form="csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == list(studies())
    for row, one in zip(rows, EVERY, strict=True):
        assert (row["says"], row["citation"], row["year"]) == (one.says, one.source.citation, str(one.source.year or ""))
        assert row["component"].split("; ") == list(one.component)
        assert [float(row[name]) if row[name] else None for name in NUMBERS] == [getattr(one, name) for name in NUMBERS]
    assert {path.name for path in tmp_path.rglob("*")} == {"new", "studies.csv"}


def test_an_exported_row_can_be_added_again(tmp_path: Path, mine: Write) -> None:
    """Law: a user's own study, exported as CSV, is a table of the user's own again: only what we computed is left out."""
    own = read_studies(mine({"doi": "10.1000/x", "n": "3 plates"}))
    path = write_entries(list(own.values()), tmp_path / "again.csv", form="csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{name: cell for name, cell in row.items() if name != "year"} for row in csv.DictReader(file)]
    again = tmp_path / "again.tsv"
    again.write_text("\n".join(["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]) + "\n", encoding="utf-8")
    assert read_studies(again) == own


@pytest.mark.parametrize(("kind", "every"), [("effect", effects()), ("trial", trials())])
def test_other_tables_have_columns_of_their_own(tmp_path: Path, kind: str, every: Mapping[str, Entry]) -> None:
    """Reference: the csv module reads each effect or trial back, with its numbers and without the name of a class."""
    path = write_entries(list(every.values()), tmp_path / "out.csv", form="csv", kind=kind)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == list(every)
    for row, one in zip(rows, every.values(), strict=True):
        assert (row["says"], row["citation"], row["role"]) == (one.says, one.source.citation, one.role)
        assert [float(row[name]) if row[name] else None for name in NUMBERS] == [getattr(one, name) for name in NUMBERS]
        assert float(row["standard_error"] or "nan") == pytest.approx(one.standard_error or float("nan"), nan_ok=True)
    nodes = json.loads(
        write_entries(list(every.values()), tmp_path / "out.json", form="jsonld", kind=kind).read_text(encoding="utf-8")
    )
    named = [node["@id"] for node in nodes["@graph"] if node["@type"] == kind.title()]
    assert named == [f"urn:tamarisk:{kind}:{name}" for name in every]


def test_a_flat_row_has_no_empty_words() -> None:
    """Law: what was not seen is none, not an empty word."""
    assert [one.id for one in EVERY if "" in flat(one).values()] == []


# Parquet


def test_parquet_is_read_back(tmp_path: Path) -> None:
    """Reference: pyarrow reads the rows of the CSV with types: text, whole years, and numbers that may be missing."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="tamarisk[parquet] is not installed")
    table = parquet.read_table(write_entries(EVERY, tmp_path / "studies.parquet", form="parquet"))
    assert table.to_pylist() == [flat(one) for one in EVERY]
    kinds = {field.name: str(field.type) for field in table.schema}
    assert {name for name, kind in kinds.items() if kind == "double"} == set(NUMBERS)
    assert kinds["year"] == "int64"
    assert list(kinds) == list(flat(EVERY[0]))


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusal: one sentence, and no file or folder is made."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(DataError) as refused:
        write_entries(EVERY, tmp_path / "new" / "studies.parquet", form="parquet")
    assert str(refused.value) == "Parquet needs pyarrow, which is not installed; install tamarisk[parquet]"
    assert list(tmp_path.iterdir()) == []


# JSON-LD


def test_every_node_is_named_once(graph: dict[str, Any]) -> None:
    """Law: one node per publication and per study, each with an absolute name of its own, none without a type."""
    names = [node["@id"] for node in graph["@graph"]]
    assert len(names) == len(set(names)) == len({one.reference for one in EVERY}) + len(EVERY)
    assert all(name.startswith("urn:tamarisk:") for name in names)
    assert {node["@type"] for node in graph["@graph"]} == {"schema:ScholarlyArticle", "Study"}


def test_studies_lead_to_their_publications(graph: dict[str, Any]) -> None:
    """Law: every study is based on a publication that is in the file."""
    articles = {node["@id"] for node in graph["@graph"] if node["@type"] == "schema:ScholarlyArticle"}
    sources = {node["@id"]: node["isBasedOn"]["@id"] for node in graph["@graph"] if node["@type"] == "Study"}
    assert set(sources.values()) == articles
    assert sources == {f"urn:tamarisk:study:{one.id}": f"urn:tamarisk:reference:{one.reference}" for one in EVERY}


def test_terms_are_those_of_the_context(graph: dict[str, Any]) -> None:
    """Reference: JSON-LD 1.1; a term of an article stands in the context or has its prefix, the rest are ours by @vocab."""
    context = graph["@context"]
    assert context["schema"] == "https://schema.org/"
    known = set(context) | {"@id", "@type", "schema:creditText"}
    for node in graph["@graph"]:
        if node["@type"] == "schema:ScholarlyArticle":
            assert set(node) <= known, node["@id"]
    assert context["@vocab"] == "urn:tamarisk:term:"
    assert {context[term] for term in ("author", "datePublished", "identifier")} == {
        "schema:author",
        "schema:datePublished",
        "schema:identifier",
    }


def test_nothing_empty_is_said(graph: dict[str, Any]) -> None:
    """Law: a node has no empty term; identifiers are those that were seen."""
    assert [node["@id"] for node in graph["@graph"] if any(value in ("", None, []) for value in node.values())] == []
    told = {node["@id"]: {one["value"] for one in node.get("identifier", [])} for node in graph["@graph"]}
    for one in EVERY:
        assert told[one.source.addresses()[-1]] == {one.source.pmid, one.source.doi} - {""}


# files


@pytest.mark.parametrize("form", [form for form in FORMS if form != "parquet"])
def test_a_file_is_not_written_over(tmp_path: Path, form: str) -> None:
    """Refusal: what stands there is kept."""
    path = tmp_path / "mine.txt"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(ModelError) as refused:
        write_entries(EVERY[:1], path, form=form)
    assert str(refused.value) == f"{path}: the file exists already; name another; nothing was overwritten"
    with pytest.raises(DataError, match="nothing can be written here"):
        write_entries(EVERY[:1], path / "new.csv", form=form)
    assert (path.read_text(encoding="utf-8"), len(list(tmp_path.iterdir()))) == ("mine", 1)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "parquet"])
def test_no_study_is_a_file_too(tmp_path: Path, form: str) -> None:
    """Law: a file of nothing has a header or a context, and no rows."""
    text = write_entries([], tmp_path / "none", form=form).read_text(encoding="utf-8")
    assert text.startswith("id,reference,") if form == "csv" else json.loads(text)["@graph"] == []
