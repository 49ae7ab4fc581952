"""Doses and ratios of doses over independent experiments, and of curves that share their limits. It knows curves, not drugs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tamarisk.errors import DataError
from tamarisk.measurement.dose_response import Curve, log_dose
from tamarisk.measurement.estimate import FEWEST_EXPERIMENTS, Array, Estimate, t_quantile, without_interval
from tamarisk.measurement.log_logistic import REACH, Series, least_squares, response_slopes


def dose_over_experiments(curves: Sequence[Curve], *, target: float | None = None, level: float = 0.95) -> Estimate:
    """The dose that reaches a level, from one curve per independent experiment: GR50 at a target of 0.5.

    Args:
        curves: one fitted curve per experiment.
        target: the response to reach; None takes each curve's EC50.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The geometric mean with the t interval of its logarithm; only a bound where some experiment did not reach the level.

    Raises:
        DataError: there is no curve, or an EC50 is asked of a flat one.

    References: [@HAFNER2016; @STUDENT1908].

    >>> from tamarisk.measurement.dose_response import dose_response_curves
    >>> days = [[1.0, 0.9, 0.6, 0.25, 0.1], [1.1, 0.95, 0.7, 0.3, 0.1], [1.0, 0.85, 0.55, 0.2, 0.1]]
    >>> curves = dose_response_curves([1, 3, 10, 30, 100], days, untreated=1.0, plateau=0.0)
    >>> print(dose_over_experiments(curves, target=0.5))
    14.2 nM (95 % 8.26 to 24.3, n = 3)
    """
    return _over_experiments(_log_ends(curves, target), "nM", level)


def ratio_over_experiments(
    first: Sequence[Curve], second: Sequence[Curve], *, target: float | None = None, level: float = 0.95
) -> Estimate:
    """How many times more drug the first condition needs than the second, both measured side by side in each experiment.

    With GR curves and a target of 0.5: RI50 of resistant over sensitive lines, or DMF of drug alone over drug with co-drug.

    Args:
        first: one fitted curve per experiment.
        second: its partner from the same experiment.
        target: the response to reach; None compares the EC50s.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The geometric mean of the ratios with the paired t interval of its logarithm; only a bound where some experiment did
        not reach the level.

    Raises:
        DataError: an experiment lacks a partner, or an EC50 is asked of a flat curve.

    References: [@RITZ2015; @STUDENT1908].

    >>> from tamarisk.measurement.dose_response import dose_response_curves
    >>> days = [[1.0, 0.9, 0.6, 0.25, 0.1], [1.1, 0.95, 0.7, 0.3, 0.1], [1.0, 0.85, 0.55, 0.2, 0.1]]
    >>> weak = dose_response_curves([10, 30, 100, 300, 1000], days, untreated=1.0, plateau=0.0)
    >>> strong = dose_response_curves([1, 3, 10, 30, 100], days[::-1], untreated=1.0, plateau=0.0)
    >>> print(ratio_over_experiments(weak, strong))
    10 fold (95 % 6.36 to 15.7, n = 3)
    """
    if len(first) != len(second):
        raise DataError(f"{len(first)} curves but {len(second)} partners", hint="keep the experiments that have both")
    above, below = (_log_ends(curves, target) for curves in (first, second))
    return _over_experiments([(a[0] - b[1], a[1] - b[0]) for a, b in zip(above, below, strict=True)], "fold", level)


def ratio_at_common_limits(first: Curve, second: Curve, *, level: float = 0.95) -> Estimate:
    """The ratio of two EC50s from one joint fit in which both curves share what limits were not given.

    Sharper than `potency_ratio` where the limits do agree; ask `limits_differ_p` first.

    Args:
        first: the curve above the line, not flat.
        second: the curve below the line, fitted with the same limits given.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The ratio with its interval on the log scale from the scatter about both curves (`n` is 1).

    Raises:
        DataError: a curve is flat, the curves were given different limits, or the joint curve has no slope to see.

    References: [@RITZ2015].

    >>> from tamarisk.measurement.dose_response import dose_response_curve
    >>> weak = dose_response_curve([10, 30, 100, 300, 1000], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0)
    >>> strong = dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0)
    >>> print(ratio_at_common_limits(weak, strong).headline)
    10 fold
    """
    if first.is_flat or second.is_flat:
        raise DataError("a flat curve has no EC50 to compare", hint="compare areas over the curve")
    limits = first.given_limits
    if not np.array_equal(limits, second.given_limits, equal_nan=True):
        raise DataError("the curves were given different limits", hint="fit both with the same untreated and plateau")
    both = [Series(curve.dose, curve.response) for curve in (first, second)]
    start = np.array([first.log_ec50, first.hill, second.log_ec50, second.hill])
    numbers, rss = least_squares(both, limits, start)
    df = len(first.dose) + len(second.dose) - 4 - int(np.isnan(limits).sum())
    difference = float(numbers[2] - numbers[4])
    half = t_quantile(level, df=df) * math.sqrt(_variance_of_shift(both, numbers, limits) * rss / df)
    ends = math.exp(difference - min(half, 2 * REACH)), math.exp(difference + min(half, 2 * REACH))
    return Estimate(math.exp(difference), *ends, level, 1, "fold", f"log doses of one joint fit, {df} residual df")


def _log_ends(curves: Sequence[Curve], target: float | None) -> list[tuple[float, float]]:
    """For each curve the log of the dose twice, or where it lies outside the tested doses the log bounds on it."""
    if not curves:
        raise DataError("there is no curve", where="curves", hint="fit one per experiment")
    ends = []
    for curve, place in ((curve, log_dose(curve, target)) for curve in curves):
        lowest, highest = (math.log(dose) for dose in curve.tested)
        beyond = (highest, math.inf) if place > highest else (-math.inf, lowest) if place < lowest else (place, place)
        ends.append(beyond)
    return ends


def _over_experiments(ends: Sequence[tuple[float, float]], unit: str, level: float) -> Estimate:
    low, high = np.array(ends).T
    n, missed = len(low), int((low != high).sum())
    if missed:
        reason = f"bounds only: {missed} of {n} experiments did not reach the level within the tested doses"
        return Estimate(math.nan, math.exp(low.mean()), math.exp(high.mean()), level, n, unit, reason)
    if n < FEWEST_EXPERIMENTS:
        return without_interval(math.exp(low.mean()), n=n, unit=unit, level=level)
    half = t_quantile(level, df=n - 1) * float(low.std(ddof=1)) / math.sqrt(n)
    ends_of = math.exp(low.mean() - half), math.exp(low.mean() + half)
    return Estimate(math.exp(low.mean()), *ends_of, level, n, unit, f"t of log doses over experiments, df {n - 1}")


def _variance_of_shift(both: Sequence[Series], numbers: Array, limits: Array) -> float:
    """The variance of the difference of both log EC50s for readings of unit variance."""
    first, second = (
        response_slopes(np.append(numbers[:2], shape), one.dose)
        for one, shape in zip(both, (numbers[2:4], numbers[4:]), strict=True)
    )
    free = np.isnan(limits)
    gap = [np.zeros((len(part), 2)) for part in (first, second)]
    jacobian = np.vstack(
        [np.hstack([first[:, :2][:, free], first[:, 2:], gap[0]]), np.hstack([second[:, :2][:, free], gap[1], second[:, 2:]])]
    )
    size = np.linalg.norm(jacobian, axis=0)
    if not size.all() or np.linalg.cond(jacobian / size) > 1e8:
        raise DataError("no dose lies on the slope of a curve, so its EC50 is anywhere between two", hint="test doses there")
    shift = np.zeros(jacobian.shape[1])
    shift[[-4, -2]] = 1.0, -1.0
    scaled = shift / size
    return float(scaled @ np.linalg.inv(jacobian.T @ jacobian / np.outer(size, size)) @ scaled)
