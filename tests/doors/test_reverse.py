"""`tamarisk reverse`: the library's ranking, as a table, as JSON and as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import tamarisk as lab

Said = Callable[..., str]
Told = Callable[..., dict[str, Any]]

SINGLES = ("reverse", "--context", "MCF7-TamR", "--therapy", "4OHT", "--singles", "--explain", "0")
NUMBERS = ("V_total", "V_net", "interaction (doublings)", "cells, drugs alone", "cells, with therapy")


@pytest.fixture(scope="module")
def ranking(shared_place: Path, command: Callable[..., Result]) -> dict[str, Any]:
    """What singles do for the resistant cells, as told to programs."""
    record = json.loads(command(*SINGLES, "--json").stdout)
    assert isinstance(record, dict)
    return record


def test_the_ranking_is_the_library_s(ranking: dict[str, Any]) -> None:
    """Reference: candidates, their order and every number are the library's for the same arguments, bit for bit."""
    record = ranking
    found = lab.reverse("MCF7-TamR", "4OHT", pairs=False, explain=0)
    assert (record["context"], record["therapy"], record["verdict"]) == (found.context, found.therapy, found.verdict)
    assert record["lost_effect_GR"] == found.lost
    expected = [
        (
            " + ".join(one.drugs),
            one.reading.call,
            *(one.reading.V_total.value, one.reading.V_net.value, one.reading.interaction.value, one.alone, one.together),
        )
        for one in found.candidates
    ]
    assert [(one["drugs"], one["call"], *(one[name] for name in NUMBERS)) for one in record["candidates"]] == expected


def test_the_best_comes_first(ranking: dict[str, Any]) -> None:
    """Law: candidates fall by V_total, none stands twice, none is the therapy, and each says its drugs and its call."""
    candidates = ranking["candidates"]
    totals = [one["V_total"] for one in candidates]
    names = [one["drugs"].split("=")[0] for one in candidates]
    assert totals == sorted(totals, reverse=True)
    assert len(set(names)) == len(names) > 15
    assert "4OHT" not in names
    assert all(one["sentence"].startswith(f"{one['drugs']}: {one['call']}") for one in candidates)
    assert all(one["mechanism"] == [] for one in candidates)


def test_cells_that_answer_have_nothing_to_reverse(told: Told) -> None:
    """Law: where no effect is lost there are no candidates, and the verdict says so."""
    record = told("reverse", "--context", "T47D", "--therapy", "fulvestrant=100nM")
    assert record["candidates"] == record["resistance_rests_on"] == []
    assert record["therapy"] == "fulvestrant=100nM"
    assert abs(record["lost_effect_GR"]) < 0.1
    assert record["verdict"].endswith("there is nothing to reverse")


def test_top_limits_what_is_printed(said: Said, ranking: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: --top shortens the table to the best, in their order."""
    monkeypatch.setenv("COLUMNS", "200")
    every = [one["drugs"] for one in ranking["candidates"]]
    rows = [line.split() for line in said(*SINGLES, "--top", "3").splitlines()]
    assert [words[0] for words in rows if words and words[0] in every] == every[:3]


def test_drugs_stand_whole_where_there_is_no_terminal(
    said: Said, ranking: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: a drug with its dose is not broken over lines, so that what was printed to a file can be searched and copied."""
    monkeypatch.delenv("COLUMNS", raising=False)
    best = [one["drugs"] for one in ranking["candidates"][:15]]
    rows = [line.split() for line in said(*SINGLES).splitlines()]
    assert [words[0] for words in rows if words and words[0] in best] == best


def test_files_hold_what_is_told(told: Told, place: Path) -> None:
    """Law: the table in the folder has every candidate with the numbers of the JSON, and the figure is there twice."""
    record = told(*SINGLES, "--top", "4", "--out", "new")
    assert len(record["candidates"]) > 4
    rows = list(csv.reader((place / "new" / "ranking.csv").open(encoding="utf-8")))
    assert rows[0] == ["drugs", "call", *NUMBERS]
    assert [row[:2] for row in rows[1:]] == [[one["drugs"], one["call"]] for one in record["candidates"]]
    assert [[float(cell) for cell in row[2:]] for row in rows[1:]] == [
        [one[name] for name in NUMBERS] for one in record["candidates"]
    ]
    assert {file.name for file in (place / "new").iterdir()} == {".tamarisk", "ranking.csv", "ranking.png", "ranking.svg"}
    drawn = (place / "new" / "ranking.svg").read_text(encoding="utf-8")
    assert [one["drugs"] for one in record["candidates"] if one["drugs"] in drawn] == [
        one["drugs"] for one in record["candidates"][:4]
    ]


@pytest.mark.parametrize("words", [("--out", "new"), ("--top", "0", "--out", "new")])
def test_a_ranking_of_none_is_still_written(said: Said, place: Path, words: tuple[str, ...]) -> None:
    """Law: with nothing to draw the table is written all the same, and the verdict printed."""
    context = "MCF-7" if "--top" not in words else "MCF7-TamR"
    printed = said("reverse", "--context", context, "--therapy", "4OHT", "--singles", "--explain", "0", *words)
    assert (place / "new" / "ranking.csv").read_text(encoding="utf-8").startswith("drugs,call,V_total")
    assert "4OHT" in printed
