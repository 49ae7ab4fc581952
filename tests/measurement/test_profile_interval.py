"""Profile intervals: their definition, their limit of many readings, open ends, and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from tamarisk.measurement.dose_response import (
    Curve,
    dose_reaching,
    dose_response_curve,
    dose_response_curves,
    ec50,
    log_dose,
    potency_ratio,
)
from tamarisk.measurement.estimate import t_quantile
from tamarisk.measurement.log_logistic import responses
from tamarisk.measurement.profile_interval import Profile
from tamarisk.seeds import generator

DOSES = np.geomspace(1.0, 1000.0, 8)
NUMBERS = [1.0, 0.1, math.log(30.0), 1.2]
LIMITS = [{}, {"untreated": 1.0}, {"plateau": 0.1}, {"untreated": 1.0, "plateau": 0.1}]


def drawn(run: int, replicates: int = 2, sd: float = 0.05, **given: float) -> Curve:
    """A curve through noisy readings, three of them without drug."""
    dose = np.append(np.zeros(3), np.repeat(DOSES, replicates))
    noise = generator(run, "tests", "profile").normal(0.0, sd, len(dose))
    return dose_response_curve(dose, responses(NUMBERS, dose) + noise, **given)


def profile(curve: Curve, target: float | None = None) -> Profile:
    """The profile of a curve."""
    return Profile(curve.dose, curve.response, curve.given_limits, np.array([curve.log_ec50, curve.hill]), target)


def tied(curve: Curve, place: float, target: float | None) -> float:
    """The least residual sum of squares by scipy where a heavy penalty ties the curve to the held dose."""
    known = np.append(curve.given_limits, [math.nan, math.nan])
    free = np.isnan(known)

    def residuals(numbers: np.ndarray) -> np.ndarray:
        known[free] = numbers
        there = responses(known, math.exp(place)).item()
        tie = 1e4 * (known[2] - place if target is None else there - target)
        return np.append(responses(known, curve.dose) - curve.response, tie)

    shift = place - log_dose(curve, target)
    begin = np.array([curve.untreated, curve.plateau, curve.log_ec50 + shift, curve.hill])
    return 2.0 * float(optimize.least_squares(residuals, begin[free], xtol=1e-13, ftol=1e-13, max_nfev=2000).cost)


@pytest.mark.parametrize("given", LIMITS)
def test_the_least_profile_is_the_curve(given: dict[str, float]) -> None:
    """Law: held where the curve has them, EC50 and crossing cost nothing, whatever limits were given."""
    curve = drawn(1, **given)
    for target in (None, 0.5):
        assert profile(curve, target).rss(np.array([log_dose(curve, target)])) == pytest.approx([curve.rss], rel=1e-6)


@pytest.mark.parametrize("given", LIMITS)
@pytest.mark.parametrize("target", [None, 0.5])
def test_the_profile_is_the_constrained_minimum(given: dict[str, float], target: float | None) -> None:
    """Reference: a penalty ties the curve to the held dose, all other numbers left to scipy; 1e-4 is the penalty's slack."""
    curve = drawn(2, **given)
    places = log_dose(curve, target) + np.array([-0.5, -0.1, 0.2, 0.6])
    theirs = [tied(curve, place, target) for place in places]
    assert profile(curve, target).rss(places) == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize("given", LIMITS)
@pytest.mark.parametrize("target", [None, 0.5])
def test_slopes_are_derivatives(given: dict[str, float], target: float | None) -> None:
    """Reference: how residuals move with share and slope, by central differences of 1e-6, which leave 1e-5 or so.

    Where the share is known its slope is not asked. With limits that are solved for, what they can follow is left out of both.
    """
    held = profile(drawn(3, **given), target)
    shapes, places = np.array([[0.0 if target is None else held.high[0] / 5.0, 0.3]]), np.array([[3.2]])
    fit = held.fit(shapes, places)
    for which, slope in enumerate(held.slopes(fit, shapes)):
        if held.low[which] < held.high[which]:
            step = 1e-6 * np.eye(2)[which]
            moved = (held.fit(shapes + step, places).residual - held.fit(shapes - step, places).residual) / 2e-6
            for direction in fit.spanned:
                moved = moved - direction * (direction * moved).sum()
            seen = slope if not fit.spanned else slope - sum(one * (one * slope).sum() for one in fit.spanned)
            assert (seen * fit.residual).sum() == pytest.approx((moved * fit.residual).sum(), abs=1e-5)


@pytest.mark.parametrize("given", LIMITS)
@pytest.mark.parametrize("target", [None, 0.5])
def test_ends_lie_on_the_cut(given: dict[str, float], target: float | None) -> None:
    """Law: at both ends the residuals are what the F-test just allows; 1e-3 is how closely ends are sought."""
    curve = drawn(3, **given)
    cut = curve.rss * (1.0 + t_quantile(0.95, df=curve.df) ** 2 / curve.df)
    found = ec50(curve) if target is None else dose_reaching(curve, target)
    assert profile(curve, target).rss(np.log([found.low, found.high])) == pytest.approx([cut, cut], rel=1e-3)
    assert found.low < found.value < found.high
    assert found.method == f"profile of one curve, {curve.df} residual df"


@pytest.mark.parametrize("target", [None, 0.5])
def test_many_readings_make_the_log_scale_interval(target: float | None) -> None:
    """Reference: with 40 readings a dose the residuals are a parabola, and ends those of the delta method to 2 % of its width.

    The ratio of a curve to itself shows that interval, wider by the root of 2; t of so many readings is normal.
    """
    curve = drawn(4, replicates=40, untreated=1.0)
    half = math.log(potency_ratio(curve, curve, target=target).high) / math.sqrt(2.0)
    found = ec50(curve) if target is None else dose_reaching(curve, target)
    ends = math.log(found.value / found.low), math.log(found.high / found.value)
    assert ends == pytest.approx((half, half), abs=0.04 * half)


def test_a_plateau_not_seen_leaves_an_open_end() -> None:
    """Law: where the doses end on the slope, the EC50 of a free plateau has no upper end, and a bound no farther than allowed."""
    dose = np.geomspace(0.3, 40.0, 7)
    for run in range(5):
        noise = generator(run, "tests", "open").normal(0.0, 0.04, 7)
        curve = dose_response_curve(dose, responses([1.0, 0.0, math.log(40.0), 1.0], dose) + noise, untreated=1.0)
        found = ec50(curve)
        assert math.isinf(found.high)
        assert 0.0 < found.low <= 40.0


def test_exact_readings_leave_no_width() -> None:
    """Law: without scatter nothing but the truth is allowed; 1e-3 is the finest step that is looked at."""
    for target, truth in ((None, 30.0), (0.5, 30.0 * (0.9 / 0.4 - 1.0) ** (1.0 / 1.2))):
        curve = dose_response_curve(DOSES, responses(NUMBERS, DOSES))
        found = ec50(curve) if target is None else dose_reaching(curve, target)
        assert (found.low, found.high) == pytest.approx((truth, truth), rel=1e-3)


@pytest.mark.parametrize("target", [None, 0.5])
def test_profiles_hold_the_truth(target: float | None) -> None:
    """Reference: 95 % of 120 drawn curves whose plateau is hardly reached allow the truth; .06 is three standard errors."""
    truth = 300.0 if target is None else 300.0 * (0.9 / 0.4 - 1.0) ** (1.0 / 1.2)
    dose = np.repeat(DOSES, 3)
    table = responses([1.0, 0.1, math.log(300.0), 1.2], dose) + generator(5, "tests", "profile").normal(
        0.0, 0.1, (150, len(dose))
    )
    held = []
    for curve in dose_response_curves(dose, table, untreated=1.0):
        if isinstance(curve, Curve) and not curve.is_flat:
            found = ec50(curve) if target is None else dose_reaching(curve, target)
            held.append(found.low <= truth <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.06)
