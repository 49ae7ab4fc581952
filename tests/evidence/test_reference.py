"""References: identifiers of the right form, each publication once, and an address for every one."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from tamarisk.evidence.effect import effects
from tamarisk.evidence.reference import CATEGORIES, SEEN, Reference, by_address, references
from tamarisk.evidence.study import studies
from tamarisk.evidence.trial import trials
from tamarisk.tables import CONTENT

ALL = list(references().values())
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
ADDRESS = re.compile(r"https://identifiers\.org/(pubmed/\d{4,8}|doi/10\.\d{4,9}/\S+|pmc/PMC\d+)|urn:tamarisk:reference:\w+")


def twice(values: list[str]) -> list[str]:
    """Values that stand more than once, empty ones left out."""
    return [value for value, count in Counter(filter(None, values)).items() if count > 1]


def test_every_row_is_a_reference_of_its_own() -> None:
    """Law: no key, PMID, DOI, PMC number or citation stands twice."""
    with (CONTENT / "evidence" / "references.tsv").open(encoding="utf-8") as file:
        assert twice([row["key"] for row in csv.DictReader(file, delimiter="\t")]) == []
    assert twice([one.pmid for one in ALL]) == []
    assert twice([one.doi.lower() for one in ALL]) == []
    assert twice([number for one in ALL for number in set(re.findall(r"PMC\d+", one.other))]) == []
    assert twice([one.citation for one in ALL]) == []


def test_identifiers_have_their_form() -> None:
    """Law: a PMID is a plain number that PubMed has reached, a DOI has a prefix and does not end in punctuation."""
    assert [one.key for one in ALL if one.pmid and not (one.pmid.isdecimal() and 0 < int(one.pmid) < 45_000_000)] == []
    assert [one.key for one in ALL if one.doi and not re.fullmatch(r"10\.\d{4,9}/[^\s,;]*[^\s,;.:]", one.doi)] == []
    assert sum(bool(one.pmid or one.doi) for one in ALL) >= 0.7 * len(ALL)


def test_addresses_resolve_in_form_and_lead_back() -> None:
    """Law: each reference has an address for each identifier and one of ours; each leads to that reference alone."""
    for one in ALL:
        addresses = one.addresses()
        assert all(ADDRESS.fullmatch(address) for address in addresses), one.key
        assert len(addresses) == 1 + bool(one.pmid) + bool(one.doi) + ("PMC" in one.other), one.key
        assert all(by_address()[address] is one for address in addresses), one.key


def test_every_reference_says_what_it_shows() -> None:
    """Law: each has a citation, how much of it was seen and where, and a sentence of ours, its own or that of a row."""
    rows = (*studies().values(), *effects().values(), *trials().values())
    told = {row.reference for row in rows}
    for one in ALL:
        assert one.citation and one.where, one.key
        assert re.fullmatch(r"[^\n]+\.", one.says) or (one.says == "" and one.key in told), one.key
        assert one.category in CATEGORIES and one.seen in SEEN, one.key


def test_the_founding_study_is_there() -> None:
    """Golden: Ghayad 2008 has PMID 19016759 (DESIGN.md section 2); an identifier has no tolerance."""
    one = by_address()["https://identifiers.org/pubmed/19016759"]
    assert one.citation.startswith("Ghayad 2008")


def test_identifiers_agree_with_the_source_data() -> None:
    """Reference: the studies collected beside the repository pair the same PMIDs with the same DOIs and years."""
    path = SHARED / "evidence" / "studies.tsv"
    if not path.exists():
        pytest.skip("the folder shared/ is not beside the repository")
    with path.open(encoding="utf-8") as file:
        studies = {row["PMID"]: row for row in csv.DictReader(file, delimiter="\t") if row["PMID"]}
    both = [(one, studies[one.pmid]) for one in ALL if one.pmid in studies]
    assert both
    assert [one.key for one, study in both if study["year"] and study["year"] not in one.citation] == []
    assert [one.key for one, study in both if one.doi and study["DOI"] and one.doi.lower() != study["DOI"].lower()] == []


def test_a_reference_without_identifiers_still_has_an_address() -> None:
    """Reference: by hand; our own address is always the last."""
    fields = dict.fromkeys(("pmid", "doi", "other"), "")
    one = Reference("KEY2001", "Key 2001", **fields, category="review", says="So.", seen="cited", where="a book")
    assert one.addresses() == ("urn:tamarisk:reference:KEY2001",)


def test_addresses_carry_the_usual_prefixes() -> None:
    """Reference: all four addresses of one paper by hand."""
    one = references()["BECKER2011"]
    assert one.addresses() == (
        "https://identifiers.org/pubmed/21292829",
        "https://identifiers.org/doi/10.1210/me.2010-0373",
        "https://identifiers.org/pmc/PMC3045742",
        "urn:tamarisk:reference:BECKER2011",
    )


def test_no_reference_hides_another() -> None:
    """Law: every row of the table is a reference of its own, so no key stands twice."""
    rows = (CONTENT / "evidence" / "references.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split("\t")[0] for row in rows] == list(references())
