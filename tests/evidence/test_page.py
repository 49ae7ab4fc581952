"""docs/evidence.md: what it counts is what the tables hold."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tamarisk.evidence.effect import effects
from tamarisk.evidence.question import questions
from tamarisk.evidence.reference import references
from tamarisk.evidence.screening import stages
from tamarisk.evidence.search import _MOST_RANKED
from tamarisk.evidence.study import _COLUMNS, studies
from tamarisk.evidence.trial import trials
from tamarisk.study.claim import FEWEST, SHARE, claims

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())
COUNTS = {one.name: one.count for one in stages()}
SEEN = Counter(one.seen for one in studies().values())


@pytest.mark.parametrize(
    "sentence",
    [
        f"| {COUNTS['studies']}, of {COUNTS['eligible']} publications |",
        f"| {COUNTS['cell line']}, {COUNTS['animal']}, {COUNTS['clinical']} |",
        f"| {COUNTS['with numbers']}, {COUNTS['with intervals']} |",
        f"| {COUNTS['effects']}, {COUNTS['poolable effects']} of them poolable |",
        f"| {COUNTS['trials']} in {len(trials())} comparisons, {COUNTS['poolable trials']} trials poolable |",
        f"| {len(questions())}, {len(claims())} |",
        f"| {len(references())} |",
        f"Of the {len(studies())} studies {SEEN['abstract']} were read as abstracts and {SEEN['cited']} in what others say",
        f"Where more than {_MOST_RANKED:,} entries hold the words",
    ],
)
def test_counts_are_those_of_the_tables(sentence: str) -> None:
    """Law: a count on the page is the count of the tables."""
    assert sentence in WORDS


def test_what_has_no_identifier_is_named() -> None:
    """Law: the page lists every publication without PMID and DOI that a study, an effect or a trial has, and no other."""
    used = [*studies().values(), *effects().values(), *trials().values()]
    bare = {one.reference for one in used if not (one.source.pmid or one.source.doi)}
    listed = re.search(r"(\d+) publications have no PMID or DOI that was seen; (\d+) studies hang on them: ([^.]+)\.", WORDS)
    assert listed is not None
    assert (int(listed[1]), set(listed[3].split(", "))) == (len(bare), bare)
    assert int(listed[2]) == sum(one.reference in bare for one in studies().values())


def test_columns_are_explained() -> None:
    """Law: each column that a user's table may have stands in the table of columns."""
    table = PAGE.partition("## A table of your own")[2].partition("##")[0]
    named = {name.strip() for row in re.findall(r"^\| ([\w, ]+) \|", table, re.MULTILINE) for name in row.split(",")}
    assert named - {"column"} == {column.name for column in _COLUMNS}
    optional = {column.name for column in _COLUMNS if column.optional}
    assert optional == {"citation", "pmid", "doi", "n", "contrast", "measure", "estimate", "low", "high", "level"}


def test_added_identifiers_are_named_with_their_page() -> None:
    """Law: each reference that the page says got an identifier from a public page has one, and its `where` says so."""
    told = re.findall(
        r"[A-Z0-9]{6,}", PAGE.partition("## How identifiers were seen")[2].partition("##")[0].replace("MEDLINE", "")
    )
    assert len(told) == 21
    for key in told:
        assert references()[key].pmid or references()[key].doi
        assert "public page" in references()[key].where


def test_the_rule_of_claims_is_the_one_that_runs() -> None:
    """Law: the shares in the words are those of the code."""
    assert (SHARE, FEWEST) == (0.75, 3)
    assert "three quarters or more of at least three publications are for it" in WORDS
