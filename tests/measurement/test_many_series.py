"""Many series at once against one at a time, and the calibrated test of no effect of dose."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tamarisk.measurement.dose_response import Curve, dose_response_curves
from tamarisk.measurement.flatness import CLEAR, calibrated_p, numerator_df
from tamarisk.measurement.log_logistic import Series, least_squares, responses
from tamarisk.measurement.many_series import least_squares_of_many
from tamarisk.seeds import generator

DOSES = np.geomspace(0.1, 1000.0, 9)
NUMBERS = [1.0, 0.1, math.log(20.0), 1.3]
GRID = [np.array([place, slope]) for place in np.log(DOSES[1:-1:2]) for slope in (0.5, 2.0)]
LIMITS = [(math.nan, math.nan), (1.0, math.nan), (math.nan, 0.1), (1.0, 0.1)]


def noisy(series: int, dose: np.ndarray = DOSES) -> np.ndarray:
    """Readings about one curve, shape `(series, reading)`."""
    return responses(NUMBERS, dose) + generator(1, "tests", "many").normal(0.0, 0.05, (series, len(dose)))


@pytest.mark.parametrize("given", LIMITS)
def test_many_are_as_good_as_one(given: tuple[float, float]) -> None:
    """Reference: scipy's least squares from a grid of its own ends no lower for any of 10 series, whatever limits are given."""
    readings, limits = noisy(10), np.array(given)
    numbers, rss = least_squares_of_many(DOSES, readings, limits)
    for series, own, mine in zip(readings, rss, numbers, strict=True):
        one = Series(DOSES, series)
        theirs = min((least_squares([one], limits, start) for start in GRID), key=lambda fit: fit[1])
        assert own <= theirs[1] * (1.0 + 1e-9)
        assert mine == pytest.approx(theirs[0], abs=1e-4)


@pytest.mark.parametrize("given", LIMITS)
def test_numbers_have_their_residuals(given: tuple[float, float]) -> None:
    """Law: the sum of squares that is returned is that of the numbers that are returned; vehicle readings included."""
    dose = np.append(0.0, DOSES)
    readings = noisy(10, dose)
    numbers, rss = least_squares_of_many(dose, readings, np.array(given))
    again = [((responses(own, dose) - series) ** 2).sum() for own, series in zip(numbers, readings, strict=True)]
    assert rss == pytest.approx(again, rel=1e-9)


def test_series_do_not_see_each_other() -> None:
    """Law: a series fitted beside wild ones is fitted as it is alone."""
    tame, wild = noisy(1), generator(2, "tests", "wild").normal(0.0, 100.0, (5, len(DOSES)))
    alone, _ = least_squares_of_many(DOSES, tame, np.full(2, np.nan))
    beside, _ = least_squares_of_many(DOSES, np.vstack([wild, tame]), np.full(2, np.nan))
    assert beside[-1] == pytest.approx(alone[0], rel=1e-9)


def test_stimulation_only_helps() -> None:
    """Law: one more number never fits worse."""
    readings = noisy(40)
    _, plain = least_squares_of_many(DOSES, readings, np.array([np.nan, 0.0]))
    _, bent = least_squares_of_many(DOSES, readings, np.array([np.nan, 0.0, np.nan]))
    assert (bent <= plain * (1.0 + 1e-6)).all()


# no effect of dose


@pytest.mark.parametrize(("given", "replicates"), [((True, False), 1), ((False, False), 2)])
def test_flat_series_are_called_curves_in_one_of_twenty(given: tuple[bool, bool], replicates: int) -> None:
    """Reference: the test keeps its size on flat draws it has not seen; .022 is three standard errors of both simulations."""
    dose = np.repeat(DOSES, replicates)
    flat = 1.0 + generator(5, "tests", "flat", str(replicates)).normal(0.0, 0.1, (1500, len(dose)))
    limits = np.where(given, (1.0, 0.0), np.nan)
    _, rss = least_squares_of_many(dose, flat, limits)
    gain = ((flat - flat.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) / rss - 1.0
    df = len(dose) - 2 - int(np.isnan(limits).sum())
    called = [calibrated_p(one, dose=dose, limits=limits, df=df) < 0.05 for one in gain]
    assert np.mean(called) == pytest.approx(0.05, abs=0.022)


def test_the_plain_f_test_is_too_shy() -> None:
    """Reference: a curve is worth fewer numbers against a flat response than it has, at every design tried."""
    for dose in (DOSES, np.geomspace(1.0, 100.0, 5)):
        assert numerator_df(tuple(dose.tolist()), (True, False)) < 2.0
        assert numerator_df(tuple(dose.tolist()), (False, False)) < 3.0


def test_clear_effects_keep_the_plain_p() -> None:
    """Reference: below 1e-4 the p-value is that of scipy's F with the curve's own numbers."""
    limits = np.array([1.0, np.nan])
    plain = float(stats.f.sf(60.0 * 6 / 2, 2, 6))
    assert plain < CLEAR
    assert calibrated_p(60.0, dose=DOSES, limits=limits, df=6) == plain


def test_more_gain_less_p() -> None:
    """Law: the better a curve fits, the smaller its p-value, across the change to the plain test too."""
    p = [calibrated_p(gain, dose=DOSES, limits=np.array([1.0, np.nan]), df=6) for gain in np.geomspace(0.01, 60.0, 40)]
    assert (np.diff(p) < 0).sum() >= 38
    assert all(0.0 <= one <= 1.0 for one in p)


def test_a_plate_is_one_design() -> None:
    """Law: every well series of a plate is judged by the same calibration, in any order of doses."""
    flat = 1.0 + generator(3, "tests", "plate").normal(0.0, 0.05, len(DOSES))
    found = dose_response_curves(DOSES, [flat], untreated=1.0)[0]
    turned = dose_response_curves(DOSES[::-1], [flat[::-1]], untreated=1.0)[0]
    assert isinstance(found, Curve)
    assert isinstance(turned, Curve)
    assert found.flat_p == pytest.approx(turned.flat_p, rel=1e-6)
