"""`tamarisk evidence pool`: JSON as the issue asks, a card that says what it is, figures, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tamarisk.evidence.question import questions

KEYS = {"method", "k", "estimate", "interval", "tau2", "I2", "prediction_interval", "main", "why"}  # the fields of issue 5
MORE = {"rows", "Q_p", "studies", "left_out"}


def test_json_holds_every_specification(told: Callable[..., dict[str, Any]]) -> None:
    """Law: each has the fields of issue 5, exactly one is main, and the headline is that of the main one."""
    record = told("evidence", "pool", "PIK3CA")
    specifications = record["specifications"]
    assert all(one.keys() == KEYS | MORE for one in specifications)
    (main,) = (one for one in specifications if one["main"])
    assert (record["estimate"], record["interval"], record["k"]) == (main["estimate"], main["interval"], main["k"])
    assert main["method"] == "REML, Hartung-Knapp"
    assert {one["method"] for one in specifications} >= {"DL, normal", "REML, normal", "PM, Hartung-Knapp", "fixed effect"}
    assert len(record["leave_one_out"]) == main["k"] == len(main["studies"])
    assert {"M001", "M003"} <= {name for study in main["studies"] for name in study["ids"]}


def test_specifications_that_have_no_spread_say_null(told: Callable[..., dict[str, Any]]) -> None:
    """Law: a study alone has no tau2, a fixed effect no prediction; both are null and not a number that is none."""
    alone = told("evidence", "pool", "PTEN")["specifications"][0]
    assert (alone["k"], alone["tau2"], alone["I2"], alone["prediction_interval"]) == (1, None, None, None)
    fixed = next(one for one in told("evidence", "pool", "CCND1")["specifications"] if one["method"] == "fixed effect")
    assert fixed["prediction_interval"] is None
    assert fixed["tau2"] == 0


def test_the_list_has_every_question(told: Callable[..., dict[str, Any]], said: Callable[..., str]) -> None:
    """Law: each question once, with what it says; one without a number has null and no traceback."""
    listed = {one["question"]: one for one in told("evidence", "pool", "--list")["questions"]}
    assert listed.keys() == questions().keys()
    assert listed["SRC"]["estimate"] is None
    assert listed["CDK4/6-trials"]["says"] == "inhibitor helps"
    assert "PIK3CA" in said("evidence", "pool", "--list")


def test_the_card_says_the_answer_first(said: Callable[..., str]) -> None:
    """Law: the question, then the answer with its interval and in words, then rows, specifications, and what must be known."""
    card = said("evidence", "pool", "PIK3CA")
    lines = card.splitlines()
    assert lines[0] == questions()["PIK3CA"].text
    assert lines[1].startswith("  HR 0.65 (0.26 to 1.64): no difference shown, for the interval includes 1")
    order = [
        card.index(words) for words in ("main rows", "every specification that was run", "without one study", "Missing numbers")
    ]
    assert order == sorted(order)


def test_a_question_without_numbers_is_answered(said: Callable[..., str]) -> None:
    """Law: it says so and counts what there is."""
    card = said("evidence", "pool", "SRC")
    assert "no number that may be pooled" in card
    assert "Missing numbers: 3 of 3 rows" in card


def test_published_pools_are_shown_beside(said: Callable[..., str], told: Callable[..., dict[str, Any]]) -> None:
    """Law: a question that only others have pooled shows their numbers, as numbers that stand in no pool."""
    card = " ".join(said("evidence", "pool", "GLI1").split())
    assert card.index("numbers that stand in no pool") < card.index("Wang")
    assert {row["role"] for row in told("evidence", "pool", "GLI1")["beside"]} == {"published pool"}
    recalled = next(row for row in said("evidence", "pool", "mTOR-trials").splitlines() if row.startswith("T007"))
    assert "TAMRAD" in recalled
    assert "recalled" in recalled


def test_ratios_are_explained(said: Callable[..., str]) -> None:
    """Law: a reader who does not know the short names of ratios finds them below the numbers."""
    for words in (("PIK3CA",), ("--list",)):
        assert "RHR: such a ratio with the marker over that without it" in " ".join(said("evidence", "pool", *words).split())


def test_recalled_numbers_are_asked_for(told: Callable[..., dict[str, Any]]) -> None:
    """Law: without the option no study is recalled; with it they have a choice of rows of their own."""
    plain = told("evidence", "pool", "mTOR-trials")["specifications"]
    assert not any(study["recalled"] for one in plain for study in one["studies"])
    asked = told("evidence", "pool", "mTOR-trials", "--with-recalled")["specifications"]
    assert {one["rows"] for one in asked if any(study["recalled"] for study in one["studies"])} == {
        "main rows, recalled numbers among them"
    }
    assert [one for one in asked if one["main"]] == [one for one in plain if one["main"]]


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_plot_is_written(told: Callable[..., dict[str, Any]], place: Path, ending: str) -> None:
    """Law: the file is there and the record names it."""
    assert told("evidence", "pool", "CDK4/6-trials", "--plot", f"out.{ending}")["written"] == f"out.{ending}"
    assert (place / f"out.{ending}").stat().st_size > 5000


def test_recalled_numbers_are_drawn_where_asked_for(said: Callable[..., str], place: Path) -> None:
    """Law: the plot then holds the recalled study with its dagger; without the option it does not."""
    said("evidence", "pool", "mTOR-trials", "--plot", "plain.svg")
    said("evidence", "pool", "mTOR-trials", "--with-recalled", "--plot", "recalled.svg")
    texts = [(place / f"{name}.svg").read_text(encoding="utf-8") for name in ("plain", "recalled")]
    assert ["TAMRAD †" in text for text in texts] == [False, True]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("evidence pool", "no question is named; see 'tamarisk evidence pool --list'"),
        ("evidence pool PIK3CB", "no question 'PIK3CB'; did you mean 'PIK3CA'?"),
        ("evidence pool PIK3CA --plot out.pdf", "out.pdf: '.pdf' is no kind of figure; end the name in .svg or .png"),
        ("evidence pool SRC --plot out.svg", "SRC: no study has a number to draw; see --list for questions that have one"),
    ],
)
def test_bad_input_is_one_sentence(refused: Callable[..., None], words: str, sentence: str) -> None:
    """Refusal: what, where and what next; nothing is written."""
    refused(words, sentence)


def test_a_file_that_is_there_stays(refused: Callable[..., None]) -> None:
    """Refusal: nothing is written over."""
    sentence = "old.svg: the file exists already; name another; nothing was overwritten"
    refused("evidence pool PIK3CA --plot old.svg", sentence, {"old.svg": "mine"})
