"""Entries: studies, effects and trials go through JSON whole, and say what they are about."""

from __future__ import annotations

import json

import pytest

from tamarisk.evidence.effect import effects
from tamarisk.evidence.entry import KINDS, Entry, components_of, entry_from, kind_of, record, therapies_of, words_of_entry
from tamarisk.evidence.question import questions
from tamarisk.evidence.store import COLUMNS
from tamarisk.evidence.study import studies
from tamarisk.evidence.trial import trials

EVERY: list[Entry] = [*studies().values(), *effects().values(), *trials().values()]


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_a_record_is_the_whole_entry(one: Entry) -> None:
    """Law: an entry goes through JSON and comes back the same; its record says kind, year and citation too."""
    kept = json.loads(json.dumps(record(one)))
    assert entry_from(kept) == one
    assert (kept["kind"], kept["year"], kept["source"]["citation"]) == (kind_of(one), one.year, one.source.citation)


def test_ids_are_of_one_kind() -> None:
    """Law: no id is of two kinds, so that one name shows one thing."""
    assert len({one.id for one in EVERY}) == len(EVERY)
    assert {kind_of(one) for one in EVERY} == set(KINDS)


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_an_entry_says_what_it_is_about(one: Entry) -> None:
    """Law: every entry has a component, a therapy and words for each column that is searched; a direction only a study."""
    assert components_of(one)
    assert all(therapies_of(one))
    assert therapies_of(one)
    words = words_of_entry(one)
    assert set(words) == set(COLUMNS)
    assert [name for name, text in words.items() if not text] == ([] if kind_of(one) == "study" else ["direction"])


def test_by_hand() -> None:
    """Reference: by hand; an effect is about its question's components, a trial is under both of its arms."""
    assert components_of(effects()["M001"]) == questions()["PIK3CA"].component == ("PIK3CA",)
    assert therapies_of(effects()["M001"]) == ("adjuvant exemestane or tamoxifen",)
    assert therapies_of(trials()["T001"]) == ("everolimus + exemestane", "exemestane")
    assert therapies_of(trials()["T049"]) == ("neratinib, with or without fulvestrant",)  # one arm
    assert record(studies()["S017"])["period"] == "1994-2015"
    assert (record(effects()["M001"])["poolable"], record(trials()["T007"])["poolable"]) == (True, False)  # T007: recalled
