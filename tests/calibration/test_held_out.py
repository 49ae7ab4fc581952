"""The observations no fit has looked at: what they are, and how many of them the shipped model meets."""

from __future__ import annotations

import math

import pytest

from tamarisk.calibration.target import agrees, deviation
from tamarisk.model.antimony import read_model
from tamarisk.simulation.batch import Solver
from tamarisk.study.trust import Check, checks

HELD_OUT = {
    "T005", "T010", "T020", "T025a", "T025b", "T030", "T040a", "T040b", "T045_10", "T045_30", "T045_90", "T050_10",
    "T050_30", "T050_90", "T055_10", "T055_30", "T055_90", "T060_10", "T060_30", "T060_90", "T065_10", "T065_30", "T065_90",
    "T070_15", "T070_30", "T070_60", "T070_90", "T070_120", "T075", "T080", "T085", "T090a", "T090b", "T090c", "T095",
    "T100", "T130a", "T130b", "T130c", "T135", "T140a", "T140b", "T150a", "T150b", "T150c",
}  # fmt: skip


@pytest.fixture(scope="module")
def checked() -> tuple[Check, ...]:
    """Every observation beside the shipped model's number."""
    return checks(Solver(read_model()))


def test_the_held_out_observations_are_these(checked: tuple[Check, ...]) -> None:
    """Golden: rows of shared/biology/targets.tsv with a number divisible by five that a cell culture can show, listed by hand."""
    assert {one.target.id for one in checked if one.target.held_out} == HELD_OUT


def test_seven_in_ten_held_out_observations_are_met(checked: tuple[Check, ...]) -> None:
    """Golden: the issue asks that 70 % of held-out observations agree in direction and within two-fold; rows as well."""
    held = [one for one in checked if one.target.held_out]
    assert sum(one.agrees for one in held) >= 0.7 * len(held)
    missed = {one.target.row for one in held if not one.agrees}
    rows = {one.target.row for one in held}
    assert len(rows - missed) >= 0.7 * len(rows)


def test_held_out_is_no_worse_than_fitted(checked: tuple[Check, ...]) -> None:
    """Law: the share met among the held-out is not a fifth below that among the fitted: the fit has not learned by heart."""
    shares = [
        sum(one.agrees for one in some) / len(some)
        for some in ([one for one in checked if one.target.held_out is held] for held in (True, False))
    ]
    assert shares[0] > shares[1] - 0.2


def test_founding_observations_hold(checked: tuple[Check, ...]) -> None:
    """Golden: PMID 19016759, the founding study: its observations (T002 to T007) are met within one tolerance, said in words."""
    founding = {one.target.id: one.deviation for one in checked if one.target.row in {f"T00{number}" for number in range(2, 8)}}
    assert len(founding) == 11
    assert {name: miss for name, miss in founding.items() if abs(miss) > 1} == {}


def test_every_prediction_is_a_number(checked: tuple[Check, ...]) -> None:
    """Law: no prediction failed; each is positive where it is a ratio, and judged as the rules for its scale say."""
    for one in checked:
        assert not math.isnan(one.predicted), one.target.id
        assert one.predicted > 0 or one.target.measure in {"net_gain", "interaction"}, one.target.id
        assert one.agrees == agrees(one.target, one.predicted)
        assert one.deviation == deviation(one.target, one.predicted)
