"""Resistance and dose modification: closed forms of exact curves, and bounds where no number exists."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.dose_response import dose_response_curve, potency_ratio
from tamarisk.measurement.growth import area_over_curve
from tamarisk.measurement.log_logistic import responses
from tamarisk.measurement.resistance import dose_modification, lost_area, lost_maximum, resistance_index
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=20, derandomize=True)
DOSES = np.geomspace(0.1, 1000.0, 9)
VEHICLE = 4.0  # doublings


def gr_curve(plateau: float, half: float, slope: float = 1.2) -> np.ndarray:
    """GR readings without noise."""
    return responses([1.0, plateau, math.log(half), slope], DOSES)


def noisy_line(name: str, plateau: float, half: float) -> np.ndarray:
    """GR readings of four experiments, shape `(experiment, dose)`."""
    return gr_curve(plateau, half) + generator(1, "tests", "line", name).normal(0.0, 0.03, (4, len(DOSES)))


# lost area and lost maximum


def test_lost_area_is_the_paired_difference() -> None:
    """Reference: scipy's paired t on the areas gives the same interval."""
    sensitive, resistant = noisy_line("S", 0.1, 10.0), noisy_line("R", 0.8, 50.0)
    areas = [area_over_curve(line, DOSES) for line in (sensitive, resistant)]
    theirs = stats.ttest_rel(*areas).confidence_interval(0.95)
    ours = lost_area(sensitive, resistant, dose=DOSES)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    assert ours.above(0.2)


@LAW
@given(plateau=some.floats(-0.5, 1.0), half=some.floats(0.5, 500.0))
def test_equal_lines_lost_nothing(plateau: float, half: float) -> None:
    """Law: a line compared with itself lost no area and no maximum."""
    line = np.tile(gr_curve(plateau, half), (3, 1))
    assert lost_area(line, line, dose=DOSES).value == 0.0
    assert lost_maximum(line, line).value == 0.0


@LAW
@given(plateau=some.floats(-0.5, 0.9))
def test_a_flat_line_lost_the_whole_area(plateau: float) -> None:
    """Law: against a line without any effect the lost area is the sensitive line's own, though it has no GR50."""
    sensitive = gr_curve(plateau, 10.0)[None, :]
    found = lost_area(sensitive, np.ones_like(sensitive), dose=DOSES)
    assert found.value == pytest.approx(area_over_curve(sensitive, DOSES).item(), rel=1e-9)
    assert found.n == 1


def test_lost_area_is_bounded() -> None:
    """Law: between full killing and no effect lies an area of 2; nothing can lose more."""
    dead, unmoved = np.full((3, len(DOSES)), -1.0), np.ones((3, len(DOSES)))
    assert lost_area(dead, unmoved, dose=DOSES).value == pytest.approx(2.0)


def test_lost_maximum_reads_the_last_dose() -> None:
    """Golden: by hand, GR .9 less .2 at the highest dose."""
    found = lost_maximum([[1.0, 0.2]] * 3, [[0.1, 0.9]] * 3)
    assert found.value == pytest.approx(0.7)


# resistance index


@LAW
@given(fold=some.floats(0.2, 30.0), plateau=some.floats(-0.3, 0.3))
def test_a_shifted_curve_has_its_shift(fold: float, plateau: float) -> None:
    """Law: a curve moved along the dose axis has the resistance index it was moved by."""
    sensitive = dose_response_curve(DOSES, gr_curve(plateau, 5.0), untreated=1.0)
    resistant = dose_response_curve(DOSES * fold, gr_curve(plateau, 5.0), untreated=1.0)
    assert resistance_index(sensitive, resistant).value == pytest.approx(fold, rel=1e-6)


def test_index_with_noise_holds_the_truth() -> None:
    """Law: six-fold resistance with readings of 3 % noise; the interval holds 6 and excludes 1."""
    rng = generator(3, "tests", "index")
    noise = rng.normal(0.0, 0.03, (2, len(DOSES)))
    sensitive = dose_response_curve(DOSES, gr_curve(0.1, 5.0) + noise[0], untreated=1.0)
    resistant = dose_response_curve(DOSES, gr_curve(0.1, 30.0) + noise[1], untreated=1.0)
    found = resistance_index(sensitive, resistant)
    assert found.low < 6.0 < found.high
    assert found.above(1.0)
    assert found.method == "log doses of two curves, 12 residual df"


def test_unreached_half_is_a_bound() -> None:
    """Law: endocrine drugs are cytostatic; a plateau above one half leaves a lower bound on the index, with its reason."""
    sensitive = dose_response_curve(DOSES, gr_curve(0.1, 5.0), untreated=1.0)
    resistant = dose_response_curve(DOSES, gr_curve(0.8, 5.0), untreated=1.0)
    found = resistance_index(sensitive, resistant)
    assert found.is_bound
    assert found.low == pytest.approx(1000.0 / potency_bound(sensitive), rel=1e-6)
    assert found.high == math.inf
    assert found.method == "bounds only: a dose lies outside the tested ones"


def potency_bound(curve: object) -> float:
    """GR50 of the exact sensitive curve, in closed form."""
    return 5.0 * ((1.0 - 0.1) / (0.5 - 0.1) - 1.0) ** (1.0 / 1.2)


def test_different_limits_are_no_shift() -> None:
    """Law: two curves that reach one half but end apart share no shift of dose: bounds, not a ratio, with the F-test."""
    rng = generator(4, "tests", "limits")
    noise = rng.normal(0.0, 0.01, (2, len(DOSES)))
    sensitive = dose_response_curve(DOSES, gr_curve(-0.6, 5.0) + noise[0], untreated=1.0)
    resistant = dose_response_curve(DOSES, gr_curve(0.3, 5.0) + noise[1], untreated=1.0)
    found = resistance_index(sensitive, resistant)
    assert math.isnan(found.value)
    assert 1.0 < found.low < found.high < 20.0
    assert found.method.startswith("bounds only: the curves end at different responses (F-test p = ")


def test_two_flat_lines_say_nothing() -> None:
    """Law: where neither line reaches one half the index may be anything."""
    flat = dose_response_curve(DOSES, np.ones(9), untreated=1.0)
    found = resistance_index(flat, flat)
    assert (found.low, found.high) == (0.0, math.inf)


# dose modification


def growth_left(half: float) -> np.ndarray:
    """The share of growth that the drug leaves at each dose."""
    return 1.0 / (1.0 + (DOSES / half) ** 1.3)


@LAW
@given(codrug=some.floats(2.8, 3.6))
def test_an_independent_codrug_does_not_sensitise(codrug: float) -> None:
    """Law: drugs that each keep a share of the growth rate have a net factor of 1; the total one rises all the same."""
    left = growth_left(20.0)
    found = dose_modification(DOSES, alone=VEHICLE * left, combined=codrug * left, vehicle=VEHICLE, codrug=codrug)
    assert found.net.value == pytest.approx(1.0, rel=1e-6)
    assert found.total.value > 1.2


@LAW
@given(fold=some.floats(1.5, 15.0))
def test_a_sensitising_codrug_has_its_fold(fold: float) -> None:
    """Law: a silent co-drug that moves the drug's curve has that factor, net and total alike.

    The tolerance of 2 % is the misfit of a log-logistic GR curve to a log-logistic growth rate.
    """
    found = dose_modification(
        DOSES, alone=VEHICLE * growth_left(60.0), combined=VEHICLE * growth_left(60.0 / fold), vehicle=VEHICLE, codrug=VEHICLE
    )
    assert found.net.value == pytest.approx(fold, rel=0.02)
    assert found.total.value == pytest.approx(found.net.value, rel=1e-6)


def test_a_codrug_that_halves_growth_alone_bounds_the_total() -> None:
    """Law: where the co-drug alone passes GR 0.5 no drug is needed: the total factor has no upper end."""
    left = growth_left(20.0)
    found = dose_modification(DOSES, alone=VEHICLE * left, combined=1.5 * left, vehicle=VEHICLE, codrug=1.5)
    assert found.total.is_bound
    assert found.total.high == math.inf
    assert found.total.low > 10.0
    assert found.total.method == "bounds only: the co-drug alone passes GR 0.5"
    assert found.net.value == pytest.approx(1.0, rel=1e-6)


def test_rescue_of_a_lost_half_is_a_bound() -> None:
    """Law: a drug that reaches one half only beside the co-drug has a lower bound as its factor."""
    weak = 1.0 - 0.2 * (1.0 - growth_left(20.0))
    found = dose_modification(DOSES, alone=VEHICLE * weak, combined=VEHICLE * growth_left(20.0), vehicle=VEHICLE, codrug=VEHICLE)
    assert found.net.is_bound
    assert found.net.low > 10.0


# refusals


def test_an_arresting_codrug_is_refused() -> None:
    """Refusal: against a co-drug that stops the cells nothing can be sensitised."""
    left = growth_left(20.0)
    with pytest.raises(DataError) as refused:
        dose_modification(DOSES, alone=VEHICLE * left, combined=0.1 * left, vehicle=VEHICLE, codrug=0.1)
    assert str(refused.value).endswith("made fewer than 0.25 doublings, so GR has no denominator; compare doublings instead")


def test_lines_of_different_shape_are_refused() -> None:
    """Refusal: both lines need the same experiments and doses."""
    with pytest.raises(DataError) as refused:
        lost_area(np.ones((3, 4)), np.ones((3, 5)), dose=[1, 10, 100, 1000])
    assert str(refused.value) == "GR of shape (3, 4) and (3, 5); give both as (experiment, dose) with equal doses"


def test_ec50_ratio_of_equal_curves_is_one() -> None:
    """Law: a curve against itself needs the same dose, half-way down as well as at GR 0.5."""
    curve = dose_response_curve(DOSES, gr_curve(0.1, 5.0), untreated=1.0)
    assert potency_ratio(curve, curve).value == 1.0
    assert potency_ratio(curve, curve, target=0.5).value == 1.0
