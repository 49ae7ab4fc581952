"""Curves that rise before they fall: lettuce against drc, closed forms of exact curves, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.hormesis import (
    HormeticCurve,
    falling_dose,
    hormetic_curve,
    hormetic_curves,
    peak_dose,
    peak_response,
)
from tamarisk.measurement.log_logistic import responses
from tamarisk.measurement.many_series import least_squares_of_many
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=20, derandomize=True)
DRC = 1e-3  # relative: drc's optimiser stops near 1e-4 (MEASUREMENT.md 3.3 and 11)
DOSES = np.concatenate([[0.0], np.geomspace(0.3, 1000.0, 9)])

# Lettuce against isobutylalcohol, 14 plants (van Ewijk and Hoekstra 1993; cran/drc@ad297418 data/lettuce.rda)
LETTUCE_DOSE = np.repeat([0.0, 0.32, 1.0, 3.2, 10.0, 32.0, 100.0], 2)
LETTUCE = [1.126, 0.833, 1.096, 1.106, 1.163, 1.336, 0.985, 0.754, 0.716, 0.683, 0.560, 0.488, 0.375, 0.344]


def risen(stimulation: float, scale: float, slope: float) -> np.ndarray:
    """An exact curve from 2 to 0 that low doses stimulate."""
    return (2.0 + stimulation * DOSES) / (1.0 + (DOSES / scale) ** slope)


@pytest.fixture(scope="module")
def lettuce() -> HormeticCurve:
    """The four-number Brain-Cousens curve (plateau 0) of the lettuce data."""
    return hormetic_curve(LETTUCE_DOSE, LETTUCE, plateau=0.0)


def test_lettuce_numbers(lettuce: HormeticCurve) -> None:
    """Golden: drc 3.0-1 BC.4 b 1.2828119 d .9673021, typed from expected_drc.json."""
    assert (lettuce.hill, lettuce.untreated) == pytest.approx((1.2828119312, 0.9673020989), rel=DRC)
    assert lettuce.plateau == 0.0


def test_lettuce_goes_further_down_than_drc(lettuce: HormeticCurve) -> None:
    """Golden: drc 3.0-1 BC.4 e .8476 f 1.6207; 3e-3, as drc stops early: the readings fit our numbers better than drc's."""
    assert math.exp(lettuce.log_scale) == pytest.approx(0.84763254063, rel=3e-3)
    assert lettuce.stimulation == pytest.approx(1.6207026121, rel=3e-3)
    theirs = (0.9673020989 + 1.6207026121 * LETTUCE_DOSE) / (1.0 + (LETTUCE_DOSE / 0.84763254063) ** 1.2828119312)
    assert lettuce.rss <= ((theirs - LETTUCE) ** 2).sum()


def test_lettuce_f_test(lettuce: HormeticCurve) -> None:
    """Golden: drc 3.0-1 anova of LL.3 against BC.4, F 9.3816977645, p .01198391488; MEASUREMENT.md 7.1 asks for it."""
    assert lettuce.hormesis_p == pytest.approx(0.01198391488, rel=DRC)
    _, plain = least_squares_of_many(LETTUCE_DOSE, np.array([LETTUCE]), np.array([np.nan, 0.0]))
    assert (plain[0] - lettuce.rss) / (lettuce.rss / lettuce.df) == pytest.approx(9.3816977645, rel=DRC)
    assert lettuce.is_hormetic


def test_lettuce_wald_would_miss_it(lettuce: HormeticCurve) -> None:
    """Golden: MEASUREMENT.md 7.1, the Wald test misses what the F-test sees (drc .129, ours .21 with the exact Jacobian)."""
    error = math.sqrt(lettuce.spread[2, 2] * lettuce.rss / lettuce.df)
    assert 2 * stats.t.sf(lettuce.stimulation / error, lettuce.df) > 0.1
    assert lettuce.hormesis_p < 0.05


def test_errors_are_those_of_numeric_derivatives(lettuce: HormeticCurve) -> None:
    """Reference: the covariance from central differences of the curve itself; 1e-4 is their truncation error."""
    numbers = np.array([lettuce.untreated, lettuce.stimulation, lettuce.log_scale, lettuce.hill])

    def curve(moved: np.ndarray) -> np.ndarray:
        return (moved[0] + moved[1] * LETTUCE_DOSE) / (1.0 + (LETTUCE_DOSE / math.exp(moved[2])) ** moved[3])

    jacobian = np.stack([(curve(numbers + 1e-5 * unit) - curve(numbers - 1e-5 * unit)) / 2e-5 for unit in np.eye(4)], axis=1)
    free = [0, 2, 3, 4]
    assert lettuce.spread[np.ix_(free, free)] == pytest.approx(np.linalg.inv(jacobian.T @ jacobian), rel=1e-4)
    assert not lettuce.spread[1].any()


def test_lettuce_peak(lettuce: HormeticCurve) -> None:
    """Golden: drc 3.0-1 MAX, 1.1813488879 at .5990534615."""
    assert peak_dose(lettuce).value == pytest.approx(0.5990534615, rel=DRC)
    assert peak_response(lettuce).value == pytest.approx(1.1813488879, rel=DRC)


def test_lettuce_half(lettuce: HormeticCurve) -> None:
    """Golden: drc 3.0-1 ED50 of BC.4 35.0225553413: beyond the peak, at half of the untreated response."""
    assert falling_dose(lettuce, lettuce.untreated / 2.0).value == pytest.approx(35.0225553413, rel=DRC)


@LAW
@given(stimulation=some.floats(0.2, 0.6), scale=some.floats(8.0, 60.0), slope=some.floats(1.6, 3.0))
def test_an_exact_curve_is_found_again(stimulation: float, scale: float, slope: float) -> None:
    """Law: readings without noise give back the numbers that made them."""
    found = hormetic_curve(DOSES, risen(stimulation, scale, slope), plateau=0.0)
    assert (found.untreated, found.stimulation, math.exp(found.log_scale), found.hill) == pytest.approx(
        (2.0, stimulation, scale, slope), rel=1e-3
    )


def test_peak_in_closed_form() -> None:
    """Reference: with slope 2 the derivative is a parabola, 2 x f / s^2 ... = 0, whose positive root is the peak."""
    found = hormetic_curve(DOSES, risen(0.2, 20.0, 2.0), plateau=0.0)
    root = (-0.01 + math.sqrt(0.01**2 + 4 * 0.0005 * 0.2)) / (2 * 0.0005)
    assert peak_dose(found).value == pytest.approx(root, rel=1e-5)
    assert peak_response(found).value == pytest.approx((2 + 0.2 * root) / (1 + root**2 / 400), rel=1e-6)
    assert falling_dose(found, 1.0).value == pytest.approx(200 * (0.2 + math.sqrt(0.04 + 0.01)), rel=1e-5)


def test_without_stimulation_it_is_the_log_logistic_curve() -> None:
    """Law: a falling curve has no stimulation, no peak and no call."""
    noise = generator(1, "tests", "falling").normal(0.0, 0.03, len(DOSES))
    found = hormetic_curve(DOSES, responses([2.0, 0.0, math.log(20.0), 1.5], DOSES) + noise, plateau=0.0)
    assert not found.is_hormetic
    assert found.hormesis_p > 0.05


def test_the_f_test_keeps_its_size() -> None:
    """Reference: of 400 falling curves 5 % are called stimulated at 5 %; .033 is three standard errors."""
    noise = generator(1, "tests", "hormesis size").normal(0.0, 0.05, (400, 30))
    centre = np.repeat(responses([1.0, 0.0, math.log(20.0), 1.5], DOSES), 3)
    found = hormetic_curves(np.repeat(DOSES, 3), centre + noise, plateau=0.0)
    p = [one.hormesis_p for one in found if isinstance(one, HormeticCurve)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.033)


def test_many_curves_are_single_curves() -> None:
    """Law: fitted together or one by one, a series has one curve."""
    table = np.stack([risen(0.2, 20.0, 2.0), risen(0.4, 30.0, 2.5)]) + generator(1, "tests", "two").normal(
        0.0, 0.05, (2, len(DOSES))
    )
    together = hormetic_curves(DOSES, table, plateau=0.0)
    for one, series in zip(together, table, strict=True):
        alone = hormetic_curve(DOSES, series, plateau=0.0)
        assert isinstance(one, HormeticCurve)
        assert (one.rss, one.hormesis_p) == pytest.approx((alone.rss, alone.hormesis_p), rel=1e-9)


def test_a_level_not_reached_is_a_bound() -> None:
    """Law: a fall beyond the tested doses is not followed there."""
    found = hormetic_curve(DOSES, risen(0.2, 900.0, 2.0), plateau=0.0)
    assert str(falling_dose(found, 0.1)) == "above 1000 nM (n = 1)"


def test_a_curve_without_peak_has_none() -> None:
    """Refusal: where the response falls from the first dose there is no peak to report."""
    noise = generator(2, "tests", "falling").normal(0.0, 0.01, len(DOSES))
    found = hormetic_curve(DOSES, responses([2.0, 0.0, math.log(3.0), 1.0], DOSES) + noise - 0.02 * (DOSES > 0.1), plateau=0.0)
    with pytest.raises(DataError) as refused:
        peak_dose(found)
    assert str(refused.value) == "the response does not peak within the tested doses; fit dose_response_curve instead"


def test_too_few_doses_are_refused() -> None:
    """Refusal: five numbers from four doses would fit anything."""
    with pytest.raises(DataError) as refused:
        hormetic_curve([0.0, 1.0, 10.0, 100.0] * 2, [1.0, 1.2, 0.5, 0.1] * 2)
    assert str(refused.value) == "dose: 5 numbers need 5 doses and 6 readings; test more doses"


def test_doses_that_do_not_tell_are_refused() -> None:
    """Refusal: constant readings leave place and slope open."""
    with pytest.raises(DataError) as refused:
        hormetic_curve(DOSES, np.full(len(DOSES), 2.0), plateau=0.0)
    assert str(refused.value) == "the doses do not tell stimulation and inhibition apart; test doses around the peak"
