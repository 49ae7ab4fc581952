"""Log-logistic dose-response curves. It knows doses and responses, not drugs, lines or what a response means."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Estimate, t_quantile
from tamarisk.measurement.flatness import calibrated_p
from tamarisk.measurement.log_logistic import REACH, Series, least_squares, responses, sound_readings, unit_covariances
from tamarisk.measurement.many_series import least_squares_of_many
from tamarisk.measurement.profile_interval import Profile

EXACT = 1e-18  # residuals this small, relative to the readings, are rounding
FLAT_P = 0.05  # a curve that explains no more than this F-test allows is called flat


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A dose-response curve: from the untreated response to a plateau, half-way at the EC50.

    Attributes:
        untreated: response without drug.
        plateau: response at a saturating dose; the mean response where the curve is flat.
        log_ec50: natural log of the dose (nM) half-way between both; NaN where the curve is flat.
        hill: steepness, positive; NaN where the curve is flat.
        spread: covariance of these four for a unit residual variance, shape `(4, 4)`; 0 for a limit that was given.
        rss: residual sum of squares.
        df: residual degrees of freedom: readings, less the numbers fitted.
        flat_p: p-value of the F-test against one response at all doses.
        dose: the tested doses, nM, shape `(reading,)`.
        response: the readings, shape `(reading,)`.
    """

    untreated: float
    plateau: float
    log_ec50: float
    hill: float
    spread: Array
    rss: float
    df: int
    flat_p: float
    dose: Array
    response: Array

    @property
    def is_flat(self) -> bool:
        """Whether the readings show no effect of dose."""
        return math.isnan(self.log_ec50)

    @property
    def tested(self) -> tuple[float, float]:
        """Lowest and highest dose above zero, nM."""
        return float(self.dose[self.dose > 0].min()), float(self.dose.max())

    @property
    def given_limits(self) -> Array:
        """Untreated response and plateau where they were given, NaN where they were found, shape `(2,)`."""
        return np.where(np.diag(self.spread)[:2] == 0, (self.untreated, self.plateau), np.nan)

    @property
    def standard_errors(self) -> Array:
        """Standard errors of untreated, plateau, log EC50 and Hill slope, shape `(4,)`."""
        return np.sqrt(np.diag(self.spread) * self.rss / self.df)


def dose_response_curve(
    dose: npt.ArrayLike, response: npt.ArrayLike, *, untreated: float | None = None, plateau: float | None = None
) -> Curve:
    """The log-logistic curve through one dose series, by least squares from many starts.

    Four numbers are fitted; a limit that is known is given and not fitted. A GR curve has `untreated=1`.

    Args:
        dose: doses in nM, zero (vehicle) or above, shape `(reading,)`.
        response: responses, shape `(reading,)`.
        untreated: response without drug, where it is known.
        plateau: response at a saturating dose, where it is known.

    Returns:
        The curve; where an F-test finds no effect of dose it is flat and has no EC50.

    Raises:
        DataError: a reading is missing, a dose is negative, or there are too few doses for the numbers to fit.

    References: [@RITZ2015; @HAFNER2016].

    >>> curve = dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0, plateau=0.0)
    >>> round(curve.hill, 2)
    1.45
    """
    doses, readings = sound_readings(dose, response)
    (found,) = dose_response_curves(doses, readings[None, :], untreated=untreated, plateau=plateau)
    if isinstance(found, DataError):
        raise found
    return found


def dose_response_curves(
    dose: npt.ArrayLike, responses: npt.ArrayLike, *, untreated: float | None = None, plateau: float | None = None
) -> tuple[Curve | DataError, ...]:
    """The log-logistic curves of many series of readings at the same doses, fitted together; a plate takes milliseconds.

    Args:
        dose: doses in nM, zero (vehicle) or above, shape `(reading,)`.
        responses: responses, shape `(series, reading)`.
        untreated: response without drug, where it is known.
        plateau: response at a saturating dose, where it is known.

    Returns:
        Each series' curve as `dose_response_curve` finds it; the error where no dose lies on its slope.

    Raises:
        DataError: a reading is missing, a dose is negative, or there are too few doses for the numbers to fit.

    References: [@RITZ2015; @HAFNER2016].

    >>> plate = [[1.1, 0.9, 0.6, 0.25, 0.1], [1.0, 0.98, 0.9, 0.6, 0.3]]
    >>> [round(curve.hill, 2) for curve in dose_response_curves([1, 3, 10, 30, 100], plate, untreated=1.0, plateau=0.0)]
    [1.45, 1.24]
    """
    table = np.atleast_2d(np.asarray(responses, dtype=np.float64))
    doses = sound_readings(dose, table[0])[0]
    for series in table[~np.isfinite(table).all(axis=1)]:
        sound_readings(doses, series)
    limits = np.array([np.nan if limit is None else limit for limit in (untreated, plateau)])
    _refuse_too_few(doses, fitted=2 + int(np.isnan(limits).sum()), with_vehicle=untreated is None)
    numbers, rss = least_squares_of_many(doses, table, limits)
    spreads = unit_covariances(numbers, doses, limits)
    return tuple(_curve(doses, *fit, limits) for fit in zip(table, numbers, rss.tolist(), spreads, strict=True))


def predicted(curve: Curve, dose: npt.ArrayLike) -> Array:
    """The response that a fitted curve expects.

    Args:
        curve: the fitted curve.
        dose: doses in nM, zero or above, any shape.

    Returns:
        Responses in the shape of `dose`.

    References: [@RITZ2015].

    >>> curve = dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0, plateau=0.0)
    >>> predicted(curve, 0.0).item()
    1.0
    """
    doses = np.asarray(dose, dtype=np.float64)
    if curve.is_flat:
        return np.full(doses.shape, curve.plateau)
    return responses([curve.untreated, curve.plateau, curve.log_ec50, curve.hill], doses)


def log_dose(curve: Curve, target: float | None = None) -> float:
    """The natural log of the dose (nM) at which a fitted curve crosses a level, wherever it lies.

    Args:
        curve: the fitted curve.
        target: the response to reach; None asks for the EC50, half-way down.

    Returns:
        The log dose; infinite where none reaches the level, minus infinity where none is needed; a flat EC50 is refused.

    References: [@RITZ2015; @HAFNER2016].

    >>> curve = dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0, plateau=0.0)
    >>> round(log_dose(curve), 2), log_dose(curve, -0.1)
    (2.64, inf)
    """
    if target is None and curve.is_flat:
        what = f"the curve is flat (F-test p = {curve.flat_p:.2g}), so it has no EC50"
        raise DataError(what, hint="compare areas over the curve")
    if target is None:
        return curve.log_ec50
    share = _share_of_effect(curve, target)
    if not 0 < share < 1:
        return math.inf if share >= 1 else -math.inf
    return curve.log_ec50 + math.log(share / (1.0 - share)) / curve.hill


def ec50(curve: Curve, *, level: float = 0.95) -> Estimate:
    """The dose half-way between the untreated response and the plateau.

    Args:
        curve: the fitted curve, not flat.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The dose in nM with its profile interval from the scatter about this one curve (`n` is 1), without an end where the
        readings set none; where the dose lies outside the tested ones a bound that the readings allow. For the spread over
        experiments fit each and take the `geometric_mean`.

    Raises:
        DataError: the curve is flat.

    References: [@RITZ2015; @VENZON1988].

    >>> print(ec50(dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0, plateau=0.0)))
    14 nM (95 % 8.29 to 24.4, n = 1)
    """
    return _profiled(curve, None, level)


def dose_reaching(curve: Curve, target: float, *, level: float = 0.95) -> Estimate:
    """The dose at which the response crosses a level: the GR50 of a GR curve, the IC50 of relative counts at 0.5.

    Args:
        curve: the fitted curve; a flat one crosses nothing.
        target: the response to reach.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The dose in nM with its profile interval from the scatter about this one curve (`n` is 1), without an end where the
        readings set none; where the level is not reached within the tested doses a bound that the readings allow, never an
        extrapolated dose.

    References: [@HAFNER2016; @RITZ2015; @VENZON1988].

    >>> print(dose_reaching(dose_response_curve([1, 3, 10, 30, 100], [1, 0.96, 0.9, 0.8, 0.78], untreated=1.0), 0.5))
    above 100 nM (n = 1)
    """
    return _profiled(curve, target, level)


def potency_ratio(first: Curve, second: Curve, *, target: float | None = None, level: float = 0.95) -> Estimate:
    """How many times more drug the first curve needs than the second for the same response.

    Args:
        first: the curve above the line.
        second: the curve below the line.
        target: the response to reach; None compares the EC50s, each half-way down its own curve.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The ratio of doses, its interval made on the log scale from the scatter pooled over both curves (`n` is 1);
        only bounds where a dose lies outside the tested ones.

    Raises:
        DataError: EC50s are compared and a curve is flat.

    References: [@RITZ2015].

    >>> weak = dose_response_curve([10, 30, 100, 300, 1000], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0, plateau=0.0)
    >>> strong = dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0, plateau=0.0)
    >>> print(potency_ratio(weak, strong))
    10 fold (95 % 5.67 to 17.6, n = 1)
    """
    curves = first, second
    places = [log_dose(curve, target) for curve in curves]
    if any(not low <= math.exp(place) <= high for place, (low, high) in zip(places, (one.tested for one in curves), strict=True)):
        return ratio_bounds(*(_profiled(one, target, level) for one in curves), reason="a dose lies outside the tested ones")
    df = first.df + second.df
    pooled = (first.rss + second.rss) / df
    variance = pooled * sum(
        float(gradient @ curve.spread @ gradient) for curve, gradient in ((one, _gradient(one, target)) for one in curves)
    )
    reach = math.exp(min(t_quantile(level, df=df) * math.sqrt(variance), 2.0 * REACH))
    ratio = math.exp(places[0] - places[1])
    return Estimate(ratio, ratio / reach, ratio * reach, level, 1, "fold", f"log doses of two curves, {df} residual df")


def ratio_bounds(above: Estimate, below: Estimate, *, reason: str) -> Estimate:
    """What is still known of a ratio of two doses where a point would claim too much.

    Args:
        above: the dose above the line, or a bound on it.
        below: the dose below the line, or a bound on it.
        reason: why there is no point.

    Returns:
        An estimate without a value, from the smallest to the largest ratio that both allow.

    References: [@RITZ2015].

    >>> missed = Estimate(float("nan"), 1000.0, float("inf"), level=0.95, n=1, unit="nM", method="not reached")
    >>> reached = Estimate(10.0, 8.0, 12.5, level=0.95, n=1, unit="nM", method="log dose")
    >>> print(ratio_bounds(missed, reached, reason="not reached"))
    above 80 fold (n = 1)
    """
    high = above.high / below.low if below.low > 0 and math.isfinite(above.high) else math.inf
    return Estimate(math.nan, above.low / below.high, high, above.level, 1, "fold", f"bounds only: {reason}")


def limits_differ_p(first: Curve, second: Curve) -> float:
    """Whether two curves end at different responses, so that no single shift of dose explains both.

    Args:
        first: one fitted curve, not flat.
        second: another, fitted with the same limits given.

    Returns:
        p-value of the F-test of common limits against each curve's own; 1 where both limits were given.

    Raises:
        DataError: a curve is flat, or the curves were given different limits.

    References: [@RITZ2015].

    >>> weak = dose_response_curve([10, 30, 100, 300, 1000], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0)
    >>> strong = dose_response_curve([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], untreated=1.0)
    >>> round(limits_differ_p(weak, strong), 3)
    1.0
    """
    if first.is_flat or second.is_flat:
        raise DataError("a flat curve has no limits to compare", hint="compare areas over the curve")
    limits = first.given_limits
    if not np.array_equal(limits, second.given_limits, equal_nan=True):
        raise DataError("the curves were given different limits", hint="fit both with the same untreated and plateau")
    shared = int(np.isnan(limits).sum())
    if not shared:
        return 1.0
    start = np.array([first.log_ec50, first.hill, second.log_ec50, second.hill])
    both = [Series(curve.dose, curve.response) for curve in (first, second)]
    _, together = least_squares(both, limits, start)
    apart, df = first.rss + second.rss, first.df + second.df
    if together <= EXACT * sum(float((curve.response**2).sum()) for curve in (first, second)):
        return 1.0
    return float(special.fdtrc(shared, df, max(together - apart, 0.0) / shared / (apart / df))) if apart else 0.0


def _refuse_too_few(dose: Array, *, fitted: int, with_vehicle: bool) -> None:
    telling = dose if with_vehicle else dose[dose > 0]
    distinct = len(np.unique(telling))
    if distinct < fitted or len(telling) <= fitted:
        raise DataError(
            f"{fitted} numbers need {fitted} doses and {fitted + 1} readings, but there are {distinct} and {len(telling)}",
            where="dose",
            hint="test more doses, or give a limit that is known",
        )


def _curve(dose: Array, response: Array, numbers: Array, rss: float, spread: Array, limits: Array) -> Curve | DataError:
    df = len(dose) - 2 - int(np.isnan(limits).sum())
    flat_p = _flat_p(dose, response, rss, limits, df)
    if flat_p >= FLAT_P:
        return _flat_curve(dose, response, None if np.isnan(limits[0]) else float(limits[0]), flat_p)
    if np.isnan(spread).any():
        what = "no dose lies on the slope of the curve, so its EC50 is anywhere between two"
        return DataError(what, hint="test doses there")
    level_0, level_end, log_ec50, hill = numbers.tolist()
    return Curve(level_0, level_end, log_ec50, hill, spread, rss, df, flat_p, dose, response)


def _flat_p(dose: Array, response: Array, rss: float, limits: Array, df: int) -> float:
    total = float(((response - response.mean()) ** 2).sum())
    if total <= EXACT * float((response**2).sum()):
        return 1.0
    if rss <= EXACT * total:
        return 0.0
    return calibrated_p(max(total - rss, 0.0) / rss, dose=dose, limits=limits, df=df)


def _flat_curve(dose: Array, response: Array, untreated: float | None, flat_p: float) -> Curve:
    mean = float(response.mean())
    rss = float(((response - mean) ** 2).sum())
    start = mean if untreated is None else untreated
    df = len(response) - 1
    return Curve(start, mean, math.nan, math.nan, np.full((4, 4), np.nan), rss, df, flat_p, dose, response)


def _gradient(curve: Curve, target: float | None) -> Array:
    """How the log dose at which a curve crosses a level, or is half-way, moves with its four numbers."""
    if target is None:
        return np.array([0.0, 0.0, 1.0, 0.0])
    share = _share_of_effect(curve, target)
    steep = 1.0 / (share * (1.0 - share) * curve.hill * (curve.untreated - curve.plateau))
    return np.array([steep * (1.0 - share), steep * share, 1.0, -math.log(share / (1.0 - share)) / curve.hill**2])


def _share_of_effect(curve: Curve, target: float) -> float:
    """The share of the curve's full effect that a level asks for: at or below 0 no drug is needed, from 1 on none suffices."""
    if curve.is_flat:
        return 0.0 if (curve.untreated - target) * (curve.plateau - target) < 0 else 1.0
    return (curve.untreated - target) / (curve.untreated - curve.plateau)


def _profiled(curve: Curve, target: float | None, level: float) -> Estimate:
    """A dose with its profile interval; outside the tested doses only a bound: the inner end of what the readings allow."""
    place, tested = log_dose(curve, target), curve.tested
    lowest, highest = np.log(tested).tolist()
    method = f"{'a flat curve' if curve.is_flat else 'profile of one curve'}, {curve.df} residual df"
    begin = low = high = min(max(place, lowest), highest)
    if not curve.is_flat:
        profile = Profile(curve.dose, curve.response, curve.given_limits, np.array([curve.log_ec50, curve.hill]), target)
        low, high = profile.ends(begin, curve.rss * (1.0 + t_quantile(level, df=curve.df) ** 2 / curve.df))
    if place > highest:
        bound = tested[1] if low == begin else math.exp(low)
        return Estimate(math.nan, bound, math.inf, level, 1, "nM", f"not reached at the highest dose; {method}")
    if place < lowest:
        bound = tested[0] if high == begin else math.exp(high)
        return Estimate(math.nan, 0.0, bound, level, 1, "nM", f"passed below the lowest dose; {method}")
    return Estimate(math.exp(place), float(np.exp(low)), float(np.exp(high)), level, 1, "nM", method)
