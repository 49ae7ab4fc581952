"""Specifications: each set of patients once, exactly one main, nothing that hangs on the order of rows."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.study.pool_row import Overlap, PoolRow, joined, one_row_a_cohort
from tamarisk.study.pool_specification import MAIN_METHOD, MAIN_ROWS, RECALLED_ROWS, Specification, specifications

LAW = settings(deadline=None, max_examples=25, derandomize=True)
PLAIN = PoolRow(("A1",), "A 2001", 2001, "100", ("A",), "HR", math.log(0.8), 0.2, "DFS", "early disease", "main", recalled=False)
numbers = some.lists(some.tuples(some.floats(-1.5, 1.5), some.floats(0.05, 0.8)), min_size=2, max_size=7)


def rows_of(pairs: list[tuple[float, float]], role: str = "main") -> list[PoolRow]:
    """Rows of as many cohorts as there are pairs of log ratio and error."""
    named = [f"{role[0]}{number}" for number in range(len(pairs))]
    fields = zip(named, pairs, strict=True)
    return [
        replace(PLAIN, ids=(name,), label=name, cohort=(name,), log_estimate=log, standard_error=error, role=role)
        for name, (log, error) in fields
    ]


def main_of(found: tuple[Specification, ...]) -> Specification:
    """The one main specification."""
    (one,) = (spec for spec in found if spec.main)
    return one


def numbers_of(one: Specification) -> tuple[float, ...]:
    """What a specification says."""
    return one.estimate, one.low, one.high, one.tau2, one.I2, *one.prediction


@LAW
@given(pairs=numbers)
def test_exactly_one_is_the_main_one(pairs: list[tuple[float, float]]) -> None:
    """Law: it comes first, pools the main rows by the method fixed for every question, and says why."""
    found = specifications([*rows_of(pairs), *rows_of(pairs, "sensitivity")], why="adjusted rows.")
    one = main_of(found)
    assert one is found[0]
    assert (one.choice.name, one.method, one.k) == (MAIN_ROWS, MAIN_METHOD, len(pairs))
    assert one.why.startswith("adjusted rows; effects are random")
    assert all(spec.why for spec in found)


@LAW
@given(pairs=numbers)
def test_a_pooled_ratio_lies_among_its_studies(pairs: list[tuple[float, float]]) -> None:
    """Law: between the smallest and the largest ratio, inside its interval, which lies inside the prediction."""
    for one in specifications(rows_of(pairs), why="."):
        ratios = [row.ratio[0] for row in one.choice.rows]
        assert min(ratios) * (1 - 1e-9) <= one.estimate <= max(ratios) * (1 + 1e-9)
        assert one.low <= one.estimate <= one.high
        assert sum(one.weights) == pytest.approx(1.0)
        if not math.isnan(one.prediction[0]):
            assert one.prediction[0] <= one.low * (1 + 1e-9)
            assert one.prediction[1] >= one.high * (1 - 1e-9)


@LAW
@given(pairs=numbers, seed=some.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(pairs: list[tuple[float, float]], seed: object) -> None:
    """Law: rows of different patients may come in any order."""
    shuffled = rows_of(pairs)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    before, after = specifications(rows_of(pairs), why="."), specifications(shuffled, why=".")
    assert [one.method for one in before] == [one.method for one in after]
    for one, other in zip(before, after, strict=True):
        assert numbers_of(one) == pytest.approx(numbers_of(other), rel=1e-6, abs=1e-6, nan_ok=True)


@LAW
@given(pairs=numbers)
def test_inverting_every_ratio_inverts_the_answer(pairs: list[tuple[float, float]]) -> None:
    """Law: with marker and no marker exchanged the ratio is the reciprocal and its interval is mirrored."""
    one = main_of(specifications(rows_of(pairs), why="."))
    other = main_of(specifications(rows_of([(-log, error) for log, error in pairs]), why="."))
    assert (one.estimate, one.low) == pytest.approx((1 / other.estimate, 1 / other.high), rel=1e-6)
    assert one.tau2 == pytest.approx(other.tau2, rel=1e-6, abs=1e-9)


def test_no_pool_holds_the_same_patients_twice() -> None:
    """Law: in no choice do two rows share a cohort, and what was left out is named with the row that it shares with."""
    univariate = replace(PLAIN, ids=("A2",), label="A 2001, univariate", log_estimate=math.log(0.6), role="sensitivity")
    larger = replace(PLAIN, ids=("Z",), label="Z 2010", cohort=("A", "B"), standard_error=0.05, role="overlap")
    other = replace(PLAIN, ids=("B1",), label="B 2005", cohort=("B",), log_estimate=math.log(1.1))
    found = specifications([PLAIN, other, univariate, larger], why=".")
    for one in found:
        held = [name for row in one.choice.rows for name in row.cohort]
        assert len(held) == len(set(held))
    out = {one.choice.name: tuple(str(row) for row in one.choice.left_out) for one in found}
    assert out["sensitivity rows first"] == ("A 2001: same patients as A 2001, univariate (A)",)
    assert out["overlapping rows first"] == (
        "A 2001: same patients as Z 2010 (A)",
        "B 2005: same patients as Z 2010 (B)",
    )
    assert {one.method for one in found if one.choice.name == "overlapping rows first"} == {"one study alone"}


def test_recalled_numbers_enter_only_where_asked_for() -> None:
    """Law: a recalled row is in no specification, or in one choice of its own, and the main answer stays as it was."""
    mains = rows_of([(0.1, 0.2), (0.3, 0.2)])
    recalled = replace(PLAIN, ids=("R",), label="R", cohort=("R",), recalled=True)
    plain, asked = specifications([*mains, recalled], why="."), specifications([*mains, recalled], why=".", with_recalled=True)
    assert not any(row.recalled for one in plain for row in one.choice.rows)
    assert numbers_of(main_of(asked)) == numbers_of(main_of(plain))
    let_in = [one for one in asked if one.choice.name == RECALLED_ROWS]
    assert {one.k for one in let_in} == {3}
    assert {one.choice.name for one in asked if any(row.recalled for row in one.choice.rows)} == {RECALLED_ROWS}


def test_one_study_alone_is_shown_as_itself() -> None:
    """Reference: the ratio and the interval that its error gives by hand; nothing is said of differences between studies."""
    (one,) = specifications([PLAIN], why=".")
    assert one.main
    assert (one.estimate, one.low, one.high) == pytest.approx((0.8, 0.8 * math.exp(-0.392), 0.8 * math.exp(0.392)), rel=1e-4)
    assert one.method == "one study alone"
    assert all(math.isnan(value) for value in (one.tau2, one.I2, one.Q_p, *one.prediction))
    assert specifications([], why=".") == ()


def test_parts_of_a_study_are_joined_by_fixed_effect() -> None:
    """Reference: two parts of errors 0.1 and 0.2 by hand: weights 4/5 and 1/5, error 1 / sqrt(125)."""
    parts = [
        replace(PLAIN, ids=("P1",), label="P 2001, exon 9", log_estimate=0.5, standard_error=0.1, role="part"),
        replace(PLAIN, ids=("P2",), label="P 2001, exon 20", log_estimate=0.0, standard_error=0.2, role="part"),
    ]
    (one,) = joined(parts)
    assert (one.log_estimate, one.standard_error) == pytest.approx((0.4, 1 / math.sqrt(125)), rel=1e-12)
    assert one.ids == ("P1", "P2")
    assert one.role == "main"
    assert joined(rows_of([(0.1, 0.2), (0.3, 0.2)])) == tuple(rows_of([(0.1, 0.2), (0.3, 0.2)]))


def test_groups_and_endpoints_are_also_asked_alone() -> None:
    """Law: where main rows differ in endpoint or stage, each value is a choice of its own; none comes twice."""
    rows = rows_of([(0.1, 0.2), (0.3, 0.2), (0.2, 0.3)])
    rows[2] = replace(rows[2], endpoint="OS", group="advanced disease")
    names = list(dict.fromkeys(one.choice.name for one in specifications(rows, why=".")))
    assert names == [MAIN_ROWS, "endpoint DFS", "endpoint OS"]
    rows[1] = replace(rows[1], group="advanced disease")
    names = list(dict.fromkeys(one.choice.name for one in specifications(rows, why=".")))
    assert names == [MAIN_ROWS, "endpoint DFS", "endpoint OS", "early disease", "advanced disease"]


def test_the_first_row_of_a_cohort_stays() -> None:
    """Law: order is precedence."""
    second = replace(PLAIN, ids=("A2",), label="A again")
    assert one_row_a_cohort([PLAIN, second]) == ((PLAIN,), (Overlap("A again", "A 2001", ("A",)),))
    assert one_row_a_cohort([second, PLAIN])[0] == (second,)
