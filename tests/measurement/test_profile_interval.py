"""Profile intervals: their definition, their limit of many readings, open ends, and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from tamarisk.errors import DataError
from tamarisk.measurement.dose_response import Curve, dose_reaching, dose_response_curve, dose_response_curves, ec50
from tamarisk.measurement.estimate import t_quantile
from tamarisk.measurement.log_logistic import responses
from tamarisk.measurement.profile_interval import profile_rss, profiled_dose, profiled_ec50
from tamarisk.seeds import generator

DOSES = np.geomspace(1.0, 1000.0, 8)
NUMBERS = [1.0, 0.1, math.log(30.0), 1.2]


def drawn(run: int, replicates: int = 2, sd: float = 0.05, **given: float) -> Curve:
    """A curve through noisy readings."""
    dose = np.repeat(DOSES, replicates)
    noise = generator(run, "tests", "profile").normal(0.0, sd, len(dose))
    return dose_response_curve(dose, responses(NUMBERS, dose) + noise, **given)


@pytest.mark.parametrize("given", [{}, {"untreated": 1.0}, {"plateau": 0.1}, {"untreated": 1.0, "plateau": 0.1}])
def test_the_least_profile_is_the_curve(given: dict[str, float]) -> None:
    """Law: held where the curve has them, EC50 and crossing cost nothing, whatever limits were given."""
    curve = drawn(1, **given)
    assert profile_rss(curve, curve.log_ec50) == pytest.approx(curve.rss, rel=1e-6)
    assert profile_rss(curve, math.log(dose_reaching(curve, 0.5).value), 0.5) == pytest.approx(curve.rss, rel=1e-6)


@pytest.mark.parametrize("shift", [-0.5, -0.1, 0.2, 0.6])
def test_the_profile_is_the_constrained_minimum(shift: float) -> None:
    """Reference: a penalty that ties the curve to GR 0.5 at the held dose, all three numbers left to scipy; 1e-4 is its slack."""
    curve = drawn(2, untreated=1.0)
    held = math.log(dose_reaching(curve, 0.5).value) + shift

    def residuals(free: np.ndarray) -> np.ndarray:
        numbers = [1.0, *free]
        tie = 1e4 * (responses(numbers, math.exp(held)).item() - 0.5)
        return np.append(responses(numbers, curve.dose) - curve.response, tie)

    theirs = optimize.least_squares(residuals, [curve.plateau, curve.log_ec50 + shift, curve.hill], xtol=1e-12, ftol=1e-12)
    assert profile_rss(curve, held, 0.5) == pytest.approx(2.0 * theirs.cost, rel=1e-4)


@pytest.mark.parametrize("given", [{}, {"untreated": 1.0}])
def test_ends_lie_on_the_cut(given: dict[str, float]) -> None:
    """Law: at both ends the residuals are what the F-test just allows; 1e-3 is the width at which the search stops."""
    curve = drawn(3, **given)
    cut = curve.rss * (1.0 + t_quantile(0.95, df=curve.df) ** 2 / curve.df)
    found = profiled_dose(curve, 0.5)
    for end in (found.low, found.high):
        assert profile_rss(curve, math.log(end), 0.5) == pytest.approx(cut, rel=1e-3)
    assert found.method == f"profile of one curve, {curve.df} residual df"


def test_many_readings_make_the_log_scale_interval() -> None:
    """Reference: with 40 readings a dose the residuals are a parabola, and both intervals agree to 2 % of their width."""
    curve = drawn(4, replicates=40, untreated=1.0)
    for ours, theirs in ((profiled_ec50(curve), ec50(curve)), (profiled_dose(curve, 0.5), dose_reaching(curve, 0.5))):
        width = math.log(theirs.high / theirs.low)
        assert math.log(ours.low) == pytest.approx(math.log(theirs.low), abs=0.02 * width)
        assert math.log(ours.high) == pytest.approx(math.log(theirs.high), abs=0.02 * width)


def test_a_plateau_not_seen_leaves_an_open_end() -> None:
    """Law: where the doses end on the slope, the EC50 of a free plateau has no upper end; the log-scale interval pretends one."""
    dose = np.geomspace(0.3, 40.0, 7)
    noise = generator(1, "tests", "open").normal(0.0, 0.04, 7)
    curve = dose_response_curve(dose, responses([1.0, 0.0, math.log(40.0), 1.0], dose) + noise, untreated=1.0)
    found = profiled_ec50(curve)
    assert found.is_bound or math.isinf(found.high) or found.high > ec50(curve).high


def test_bounds_stay_bounds() -> None:
    """Law: a level that was not reached has no profile either."""
    curve = dose_response_curve(DOSES, responses([1.0, 0.7, math.log(30.0), 1.0], DOSES), untreated=1.0)
    assert str(profiled_dose(curve, 0.5)) == "above 1000 nM (n = 1)"


def test_profiles_hold_the_truth() -> None:
    """Reference: 95 % of 200 drawn curves allow the true GR50; .046 is three standard errors."""
    truth = math.log(30.0) + math.log(0.9 / 0.4 - 1.0) / 1.2
    table = responses(NUMBERS, DOSES) + generator(5, "tests", "profile").normal(0.0, 0.05, (200, len(DOSES)))
    held = []
    for curve in dose_response_curves(DOSES, table, untreated=1.0):
        if isinstance(curve, Curve) and not curve.is_flat:
            held.append(profile_rss(curve, truth, 0.5) <= curve.rss * (1.0 + t_quantile(0.95, df=curve.df) ** 2 / curve.df))
    assert np.mean(held) == pytest.approx(0.95, abs=0.046)


def test_a_flat_curve_is_refused() -> None:
    """Refusal: no effect, no dose."""
    with pytest.raises(DataError, match=r"^the curve is flat"):
        profiled_ec50(dose_response_curve(DOSES, np.ones(8), untreated=1.0))
