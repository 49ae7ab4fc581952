"""Intervals of doses from the residuals themselves, not from their curvature. It knows one curve, not experiments.

A dose is held, all else is fitted anew, and the interval is where the residuals stay within what the F-test allows. It need not
be symmetric even on the log scale, and may have no end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import optimize, special

from tamarisk.measurement.dose_response import Curve, dose_reaching, ec50
from tamarisk.measurement.estimate import Array, Estimate, t_quantile
from tamarisk.measurement.log_logistic import HILL_RANGE, REACH, Series, best_limits, responses

_FARTHEST = 7.0  # logit of the share left at the held dose: beyond it the curve is at its end


def profiled_ec50(curve: Curve, *, level: float = 0.95) -> Estimate:
    """The dose half-way down a curve with its profile interval.

    Args:
        curve: the fitted curve, not flat.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The dose in nM; 0 or infinity where the readings set no end within 100-fold of the tested doses; a bound as `ec50`.

    Raises:
        DataError: the curve is flat.

    References: [@VENZON1988].

    >>> from tamarisk.measurement.dose_response import dose_response_curve
    >>> print(profiled_ec50(dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0, plateau=0.0)))
    14 nM (95 % 8.29 to 24.4, n = 1)
    """
    return _profiled(curve, ec50(curve, level=level), None)


def profiled_dose(curve: Curve, target: float, *, level: float = 0.95) -> Estimate:
    """The dose at which a curve crosses a level, such as GR50 at 0.5, with its profile interval.

    Args:
        curve: the fitted curve.
        target: the response to reach.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The dose in nM; 0 or infinity where the readings set no end; a bound as `dose_reaching`.

    References: [@VENZON1988; @HAFNER2016].

    >>> from tamarisk.measurement.dose_response import dose_response_curve
    >>> print(profiled_dose(dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0), 0.5).headline)
    13.1 nM
    """
    return _profiled(curve, dose_reaching(curve, target, level=level), target)


def profile_rss(curve: Curve, log_dose: float, target: float | None = None) -> float:
    """The residual sum of squares where a dose is held and all other numbers are fitted anew.

    Args:
        curve: the fitted curve, not flat.
        log_dose: natural log of the dose (nM) that is held.
        target: the response that is crossed there; None holds the EC50.

    Returns:
        The residual sum of squares, never below that of the curve but for rounding.

    References: [@VENZON1988].

    >>> from tamarisk.measurement.dose_response import dose_response_curve
    >>> curve = dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0)
    >>> bool(np.isclose(profile_rss(curve, curve.log_ec50), curve.rss))
    True
    """

    def residuals(shape: Array) -> Array:
        return responses(_held(curve, log_dose, target, shape), curve.dose) - curve.response

    hills = np.log(np.clip([curve.hill / 2.0, curve.hill, 2.0 * curve.hill], *HILL_RANGE))
    low, high = [math.log(HILL_RANGE[0])], [math.log(HILL_RANGE[1])]
    starts = [[hill] for hill in hills]
    if target is not None and np.isnan(curve.given_limits).any():
        low, high = [*low, -_FARTHEST], [*high, _FARTHEST]
        here = float(np.clip(curve.hill * (curve.log_ec50 - log_dose), -3.0, 3.0))
        starts = [[hill, here] for hill in hills]
    fits = [optimize.least_squares(residuals, start, bounds=(low, high), xtol=1e-10, ftol=1e-10) for start in starts]
    return 2.0 * min(float(fit.cost) for fit in fits)


def _held(curve: Curve, log_dose: float, target: float | None, shape: Array) -> Array:
    """The four numbers of the nearest curve with a given slope that keeps the held dose."""
    hill, limits = math.exp(shape[0]), curve.given_limits
    if target is None:
        series = Series(curve.dose, curve.response)
        return np.concatenate([best_limits([series], limits, np.array([log_dose, hill])), [log_dose, hill]])
    untreated, plateau = limits
    share = (target - plateau) / (untreated - plateau)  # of the untreated response that is left at the held dose
    if np.isnan(share):
        share = float(special.expit(shape[1]))
    log_ec50 = log_dose + math.log(share / (1.0 - share)) / hill
    if np.isnan(limits).all():
        left = responses([1.0, 0.0, log_ec50, hill], curve.dose)
        turn = 1.0 - left - left * (1.0 - share) / share
        plateau = float(turn @ (curve.response - target * left / share) / (turn @ turn))
    if np.isnan(plateau):
        plateau = (target - untreated * share) / (1.0 - share)
    if np.isnan(untreated):
        untreated = (target - plateau * (1.0 - share)) / share
    return np.array([untreated, plateau, log_ec50, hill])


def _profiled(curve: Curve, found: Estimate, target: float | None) -> Estimate:
    if found.is_bound:
        return found
    level = found.level
    cut = curve.rss * (1.0 + t_quantile(level, df=curve.df) ** 2 / curve.df)
    centre = math.log(found.value)
    lowest, highest = (math.log(dose) for dose in curve.tested)
    step = max((highest - lowest) / 50.0, math.log(min(found.high, 1e300) / found.value) / 4.0)

    def beyond(log_dose: float) -> float:
        return profile_rss(curve, log_dose, target) - cut

    low, high = _end(beyond, centre, -step, lowest - REACH), _end(beyond, centre, step, highest + REACH)
    return replace(found, low=math.exp(low), high=math.exp(high), method=f"profile of one curve, {curve.df} residual df")


def _end(beyond: Callable[[float], float], centre: float, step: float, farthest: float) -> float:
    """Where the residuals pass the cut on one side; infinite where they do not before the farthest place."""
    inner = centre
    while (farthest - inner) * step > 0:
        outer = inner + step
        if beyond(outer) > 0:
            return float(optimize.brentq(beyond, inner, outer, xtol=1e-5)) if beyond(inner) < 0 else inner
        inner, step = outer, 1.5 * step
    return math.copysign(math.inf, step)
