"""Doses over experiments and at common limits: drc's joint fit, scipy's paired t, and bounds where a level was missed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.dose_response import Curve, dose_reaching, dose_response_curve, dose_response_curves, potency_ratio
from tamarisk.measurement.log_logistic import responses
from tamarisk.measurement.potency import dose_over_experiments, ratio_at_common_limits, ratio_over_experiments
from tamarisk.seeds import generator

DOSES = np.geomspace(0.1, 1000.0, 9)


def experiments(name: str, half: float, n: int = 4) -> tuple[Curve, ...]:
    """GR curves of n experiments whose EC50s scatter by 20 %."""
    rng = generator(1, "tests", "potency", name)
    shift = rng.normal(0.0, 0.2, n)
    table = [responses([1.0, 0.1, math.log(half) + one, 1.2], DOSES) + rng.normal(0.0, 0.02, len(DOSES)) for one in shift]
    found = dose_response_curves(DOSES, table, untreated=1.0)
    return tuple(one for one in found if isinstance(one, Curve))


def test_herbicides_at_common_limits(herbicides: tuple[Curve, Curve]) -> None:
    """Golden: drc 3.0-1 joint fit, ratio .42804785992 [.34026, .51583]; width to 2 %, as drc's Hessian is numerical."""
    found = ratio_at_common_limits(*herbicides)
    assert found.value == pytest.approx(0.42804785992, rel=1e-3)
    assert math.log(found.high / found.value) * found.value == pytest.approx((0.51583268118 - 0.34026303866) / 2, rel=2e-2)
    assert found.method == "log doses of one joint fit, 62 residual df"


def test_common_limits_sharpen_the_ratio(herbicides: tuple[Curve, Curve]) -> None:
    """Law: limits shared by both curves leave fewer numbers to find, so the ratio is known better."""
    joint, apart = ratio_at_common_limits(*herbicides), potency_ratio(*herbicides)
    assert joint.high / joint.low < apart.high / apart.low


def test_given_limits_leave_two_separate_fits() -> None:
    """Reference: with both limits given the joint fit is two fits, and so is its interval."""
    noise = generator(1, "tests", "separate").normal(0.0, 0.03, (2, len(DOSES)))
    first, second = (
        dose_response_curve(DOSES, responses([1.0, 0.0, math.log(half), 1.2], DOSES) + one, untreated=1.0, plateau=0.0)
        for half, one in zip((30.0, 8.0), noise, strict=True)
    )
    joint, apart = ratio_at_common_limits(first, second), potency_ratio(first, second)
    assert (joint.value, joint.low, joint.high) == pytest.approx((apart.value, apart.low, apart.high), rel=1e-4)


def test_experiments_are_the_paired_t_of_logs() -> None:
    """Reference: scipy's paired t on the log GR50s."""
    weak, strong = experiments("weak", 60.0), experiments("strong", 10.0)
    logs = [np.log([dose_reaching(curve, 0.5).value for curve in curves]) for curves in (weak, strong)]
    theirs = stats.ttest_rel(*logs).confidence_interval(0.95)
    found = ratio_over_experiments(weak, strong, target=0.5)
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
    assert (found.n, found.unit) == (4, "fold")


def test_a_dose_over_experiments_is_the_geometric_mean() -> None:
    """Reference: scipy's geometric mean and one-sample t of the logs."""
    curves = experiments("one", 20.0)
    doses = [math.exp(curve.log_ec50) for curve in curves]
    found = dose_over_experiments(curves)
    assert found.value == pytest.approx(stats.gmean(doses), rel=1e-12)
    theirs = stats.ttest_1samp(np.log(doses), 0.0).confidence_interval(0.9)
    ninety = dose_over_experiments(curves, level=0.9)
    assert (math.log(ninety.low), math.log(ninety.high)) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_turned_ratio_is_turned() -> None:
    """Law: second over first is one over first over second, ends exchanged."""
    weak, strong = experiments("weak", 60.0), experiments("strong", 10.0)
    one, other = ratio_over_experiments(weak, strong), ratio_over_experiments(strong, weak)
    assert (one.value, one.low, one.high) == pytest.approx((1 / other.value, 1 / other.high, 1 / other.low), rel=1e-9)


def test_a_missed_level_leaves_a_bound() -> None:
    """Law: one experiment that did not reach GR 0.5 takes the point away; a bound stays, and says how many missed."""
    flat = dose_response_curve(DOSES, np.ones(len(DOSES)), untreated=1.0)
    found = dose_over_experiments((*experiments("one", 20.0, n=2), flat), target=0.5)
    assert found.is_bound
    assert 20.0 < found.low < 1000.0
    assert math.isinf(found.high)
    assert found.method == "bounds only: 1 of 3 experiments did not reach the level within the tested doses"


def test_bounds_on_both_sides_leave_nothing() -> None:
    """Law: where neither line reached the level their ratio may be anything."""
    flat = (dose_response_curve(DOSES, np.ones(len(DOSES)), untreated=1.0),) * 3
    found = ratio_over_experiments(flat, flat, target=0.5)
    assert (found.low, found.high) == (0.0, math.inf)


def test_two_experiments_give_a_point() -> None:
    """Law: below three experiments there is no interval."""
    found = dose_over_experiments(experiments("one", 20.0, n=2))
    assert math.isnan(found.low)
    assert found.method == "no interval: 2 of at least 3 experiments"


def test_unpaired_curves_are_refused() -> None:
    """Refusal: a ratio needs both lines in each experiment."""
    curves = experiments("one", 20.0)
    with pytest.raises(DataError) as refused:
        ratio_over_experiments(curves, curves[:3])
    assert str(refused.value) == "4 curves but 3 partners; keep the experiments that have both"


def test_no_curve_is_refused() -> None:
    """Refusal: nothing has no mean."""
    with pytest.raises(DataError) as refused:
        dose_over_experiments([])
    assert str(refused.value) == "curves: there is no curve; fit one per experiment"


def test_joint_fits_refuse_flat_and_unlike_curves() -> None:
    """Refusal: a flat curve has no EC50, and unlike limits cannot be shared."""
    flat = dose_response_curve(DOSES, np.ones(len(DOSES)), untreated=1.0)
    curve = experiments("one", 20.0)[0]
    with pytest.raises(DataError) as refused:
        ratio_at_common_limits(flat, curve)
    assert str(refused.value) == "a flat curve has no EC50 to compare; compare areas over the curve"
    free = dose_response_curve(curve.dose, curve.response)
    with pytest.raises(DataError) as refused:
        ratio_at_common_limits(free, curve)
    assert str(refused.value) == "the curves were given different limits; fit both with the same untreated and plateau"
