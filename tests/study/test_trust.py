"""How well the shipped numbers meet what was observed: counting, and that nothing is counted twice or left out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.calibration.prediction import predictions
from tamarisk.calibration.target import read_targets
from tamarisk.model.antimony import read_model
from tamarisk.simulation.batch import Solver
from tamarisk.study.trust import Check, Tally, checks, tally

LAW = settings(deadline=None, max_examples=60, derandomize=True)
TARGETS = read_targets()
SOLVER = Solver(read_model())

marks = some.lists(some.tuples(some.sampled_from("ABCDE"), some.booleans()), max_size=30)


def marked(*rows: tuple[str, bool]) -> list[Check]:
    """Checks of which only the row and the verdict matter."""
    return [Check(replace(TARGETS[0], row=row), 1.0, verdict, 0.0) for row, verdict in rows]


def test_every_observation_is_checked_once() -> None:
    """Law: checks stand beside their observations, all of them, in the order of the table."""
    found = checks(SOLVER, known=[1.0] * len(TARGETS))
    assert [one.target for one in found] == list(TARGETS)


def test_known_numbers_are_believed() -> None:
    """Reference: observations held against themselves agree, all that are numbers, and none deviates."""
    found = checks(SOLVER, known=[one.value for one in TARGETS])
    strict = {one.target.id for one in found if one.target.scale in {"rises", "falls"}}
    assert {one.target.id for one in found if not one.agrees} == strict
    assert {one.deviation for one in found} == {0.0}


def test_failed_runs_are_not_met() -> None:
    """Law: where no run succeeded nothing agrees, and the tally says so."""
    found = checks(SOLVER, known=[math.nan] * len(TARGETS))
    assert (tally(found).agree, tally(found).rows_agree) == (0, 0)
    assert tally(found).count == len(TARGETS)


def test_numbers_are_computed_where_none_are_known() -> None:
    """Reference: without known numbers the checks hold those of `predictions`, number for number."""
    computed = [one.predicted for one in checks(SOLVER)]
    assert computed[::20] == predictions(SOLVER, TARGETS[::20])


def test_too_few_numbers_are_refused() -> None:
    """Refusal: a list of numbers that is not as long as the table does not slide along it."""
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 is shorter than argument 1"):
        checks(SOLVER, known=[1.0])


def test_a_tally_by_hand() -> None:
    """Reference: three rows, of which one has a miss among two and one nothing but a miss."""
    assert tally(marked(("A", True), ("A", False), ("B", True), ("C", False), ("B", True))) == Tally(5, 3, 3, 1)


@LAW
@given(rows=marks, more=marks)
def test_counts_add_up(rows: list[tuple[str, bool]], more: list[tuple[str, bool]]) -> None:
    """Law: observations add up over any split; a row counts once, and agrees only if all of it does; order does not matter."""
    whole, parts = tally(marked(*rows, *more)), [tally(marked(*some_rows)) for some_rows in (rows, more)]
    assert (whole.count, whole.agree) == (sum(one.count for one in parts), sum(one.agree for one in parts))
    assert whole.rows == len({row for row, _ in (*rows, *more)})
    assert whole.rows_agree == len({row for row, _ in (*rows, *more)} - {row for row, verdict in (*rows, *more) if not verdict})
    assert tally(marked(*more, *rows)) == whole
    assert whole.rows_agree <= sum(one.rows_agree for one in parts)
