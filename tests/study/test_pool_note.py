"""Sentences beside a pooled number: counts by hand, and which way missing numbers lean."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tamarisk.evidence.question import questions
from tamarisk.evidence.study import studies
from tamarisk.study.perturbation import manner
from tamarisk.study.pool_note import missing_numbers, pool_notes
from tamarisk.study.pool_row import PoolRow
from tamarisk.study.pool_specification import Specification, specifications

PLAIN = PoolRow(("A1",), "A", 2001, "100", ("A",), "HR", math.log(0.8), 0.2, "DFS", "early disease", "main", recalled=False)

FEW = "standard errors to each side; tau2, I2 and the prediction interval are only descriptive."


def found(count: int, *, ratio: float = 0.8, groups: tuple[str, ...] = ("early disease",)) -> tuple[Specification, ...]:
    """Specifications of so many studies, their ratios a little apart, their groups in turn."""
    rows = [
        replace(
            PLAIN,
            ids=(f"A{number}",),
            label=f"A{number}",
            cohort=(f"A{number}",),
            log_estimate=math.log(ratio) + 0.02 * number,
            standard_error=0.1 + 0.01 * number,
            group=groups[number % len(groups)],
        )
        for number in range(count)
    ]
    return specifications(rows, why=".")


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (0, "No study of this question has a number that may be pooled."),
        (1, "One study alone: nothing was pooled."),
        (2, f"2 studies say little about how studies differ: the interval reaches 12.7 {FEW}"),
        (4, f"4 studies say little about how studies differ: the interval reaches 3.18 {FEW}"),
    ],
)
def test_few_studies_are_said_to_be_few(count: int, sentence: str) -> None:
    """Reference: below five the prediction is descriptive (MEASUREMENT.md 9); 97.5 % points of Student's t from a table."""
    assert pool_notes("SRC", found(count) if count else ())[0] == sentence


def test_five_studies_are_not_called_few() -> None:
    """Law: from five on nothing is said about few."""
    assert "only descriptive" not in " ".join(pool_notes("SRC", found(5)))


def test_the_range_counts_pools_and_intervals() -> None:
    """Reference: counted by hand over the specifications of two or more studies."""
    some = found(3)
    pools = [one for one in some if one.k > 1]
    sure = sum(one.high < 1 or one.low > 1 for one in pools)
    note = next(one for one in pool_notes("SRC", some) if one.startswith("Over "))
    assert note.startswith(f"Over {len(pools)} specifications the estimate runs from ")
    assert note.endswith(f"; {sure} intervals exclude 1.")


def test_groups_of_two_are_compared() -> None:
    """Law: two groups with two studies each are compared; with one in a group, or three groups, they are not."""
    pair = ("early disease", "advanced disease")
    assert any("Advanced disease against early disease" in one for one in pool_notes("SRC", found(4, groups=pair)))
    assert not any("meta-regression" in one for one in pool_notes("SRC", found(3, groups=pair)))
    assert not any("meta-regression" in one for one in pool_notes("SRC", found(6, groups=(*pair, "before surgery"))))


def test_small_studies_are_tested_from_ten_on() -> None:
    """Law: nine studies are too few and it is said; ten are tested."""
    assert "Small-study effects cannot be tested with 9 studies; 10 are the least." in pool_notes("SRC", found(9))
    assert any(one.startswith("Small-study effects (Egger): t = ") for one in pool_notes("SRC", found(10)))


def test_missing_numbers_say_which_way_they_lean() -> None:
    """Reference: clinical studies of HER2 mostly say resistance: with a ratio above 1, against one below."""
    above, below = (found(2, ratio=ratio)[0] for ratio in (1.5, 0.6))
    assert missing_numbers("HER2-prognostic", above).endswith(" They lean the same way as the pooled number.")
    assert missing_numbers("HER2-prognostic", below).endswith(" They lean against the pooled number.")
    assert not missing_numbers("HER2-prognostic", None).endswith("pooled number.")


def test_missing_studies_are_counted_from_the_store() -> None:
    """Reference: counted by hand: clinical studies of the component, each direction as often as it stands there."""
    about = [one for one in studies().values() if one.category == "clinical" and "SRC" in one.component]
    some = [one for one in about if manner(one.perturbation) != "inhibited"]
    said = missing_numbers("SRC", None)
    assert f"Clinical studies of SRC outside the main pool: {len(some)} (" in said
    for word in {one.direction for one in some}:
        assert f"{sum(one.direction == word for one in some)} {word}" in said


def test_treatments_are_not_judged_by_markers() -> None:
    """Law: beside trials of an inhibitor stand studies that blocked the component, not those that stained for it."""
    said = missing_numbers("AKT-trials", None)
    blocked = [one for one in studies().values() if one.category == "clinical" and "AKT1" in one.component]
    blocked = [one for one in blocked if manner(one.perturbation) == "inhibited"]
    assert f"Clinical studies of blocking AKT1 outside the main pool: {len(blocked)} (" in said


def test_several_components_are_named() -> None:
    """Law: a question about several components says so."""
    assert questions()["mTOR-activation"].component == ("MTOR", "RPS6KB1")
    assert "MTOR or RPS6KB1" in missing_numbers("mTOR-activation", None)
