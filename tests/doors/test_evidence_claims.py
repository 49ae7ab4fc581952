"""`tamarisk evidence claims`: what is solid, contested and missing, in that order and in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tamarisk.doors.cli.evidence_claims import HEADINGS
from tamarisk.study.claim import claims, judge


def test_json_holds_every_claim(told: Callable[..., dict[str, Any]]) -> None:
    """Law: each conclusion with its verdict, its words by category, and the ids behind them, as the library judges."""
    record = {one["claim"]: one for one in told("evidence", "claims")["claims"]}
    assert list(record) == list(claims())
    for name in ("R5", "R10", "G9"):
        judged = judge(claims()[name])
        assert (record[name]["verdict"], record[name]["strength"]) == (judged.verdict, judged.strength)
        assert [len(one["supports"]) for one in record[name]["categories"]] == [len(one.supports) for one in judged.tallies]
    assert record["R10"]["pooled"]["PIK3CA"]["k"] == 3


def test_solid_comes_first_and_missing_last(said: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: headings in their order, every claim once, and the rule by which words were chosen."""
    monkeypatch.setenv("COLUMNS", "300")
    page = said("evidence", "claims")
    places = [page.index(words) for words in HEADINGS.values()]
    assert places == sorted(places)
    lines = [line.split()[0] for line in page.splitlines() if line.split() and line.split()[0] in claims()]
    assert sorted(lines) == sorted(claims())
    assert "How to read it" in page
    assert page.count("PIK3CA pooled 0.65 (0.26 to 1.64)") == 1
    assert page.startswith("The 22 conclusions of the founding studies, judged by the store: ")


def test_one_claim_shows_its_studies(said: Callable[..., str]) -> None:
    """Law: the claim, its source, what was asked, the words, the pooled number, and every study for and against."""
    page = " ".join(said("evidence", "claims", "r10").split())
    judged = judge(claims()["R10"])
    assert page.startswith(f"R10: {claims()['R10'].finding.claim} Source: ")
    assert "Pooled, PIK3CA: 0.65 (0.26 to 1.64), k = 3" in page
    for tally in judged.tallies:
        for name in (name for group in (*tally.supports, *tally.contradicts) for name in group):
            assert name in page


def test_trials_speak_for_patients(said: Callable[..., str]) -> None:
    """Law: the claim on mTOR inhibitors in patients shows the trials that were pooled for it."""
    page = " ".join(said("evidence", "claims", "G9").split())
    assert "T001" in page
    assert "'tamarisk evidence pool mTOR-trials'" in page


def test_the_founding_study_is_shown_apart(said: Callable[..., str], told: Callable[..., dict[str, Any]]) -> None:
    """Law: where only the founding study measured it, its rows are shown, and not counted."""
    page = " ".join(said("evidence", "claims", "G5").split())
    assert "Missing: missing in cells, animals and patients." in page
    assert "the founding study itself, not counted" in page
    (record,) = told("evidence", "claims", "G5")["claims"]
    assert record["founding_study"] == ["S243"]
    assert all(one["strength"] == "missing" for one in record["categories"])


@pytest.mark.parametrize("columns", [80, 120])
def test_lines_fit_the_terminal(said: Callable[..., str], monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Law: no line is wider than the terminal, but those that end in a command to copy."""
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in (("claims",), ("claims", "R10"), ("pool", "PIK3CA"), ("pool", "--list"), ("show", "T001"), ("show", "M001")):
        lines = said("evidence", *words).splitlines()
        assert [line for line in lines if len(line) > columns and "tamarisk evidence" not in line] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [("evidence claims R14", "no claim 'R14'; did you mean 'R4', 'R1' or 'R13'?"), ("evidence claims R10 R9", None)],
)
def test_bad_input_is_one_sentence(refused: Callable[..., None], words: str, sentence: str | None) -> None:
    """Refusal: a strange claim is offered the nearest; a second one is not taken in silence."""
    refused(words, sentence or "Got unexpected extra argument (R9)")
