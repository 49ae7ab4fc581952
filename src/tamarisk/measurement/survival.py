"""Time to an event that some were never seen to have. It knows times and groups, not what the event is nor who was randomised."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Estimate, Mask, t_quantile


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeier:
    """The share of patients still without the event, as it falls over time.

    Attributes:
        time: when events happened, rising, shape `(event time,)`.
        at_risk: patients still followed just before, same shape.
        events: events at that time, same shape.
        survival: share without the event from then on, same shape.
        low: lower pointwise bounds on the log-minus-log scale, same shape; NaN once nobody is left.
        high: upper bounds likewise.
        last: the last follow-up of all.
        n: patients.
        level: coverage of each bound.
        unit: unit of time.
    """

    time: Array
    at_risk: Array
    events: Array
    survival: Array
    low: Array
    high: Array
    last: float
    n: int
    level: float
    unit: str

    @property
    def median(self) -> Estimate:
        """The first time by which half of the patients had the event; a bound where fewer had it."""
        reach = [_first(self.time, edge <= 0.5 + 1e-12) for edge in (self.survival, self.low, self.high)]
        value, low, high = (math.inf if place is None else place for place in reach)
        if math.isinf(value):
            low = self.last if math.isinf(low) else low
            return Estimate(math.nan, low, math.inf, self.level, self.n, self.unit, "fewer than half had the event")
        return Estimate(value, low, high, self.level, self.n, self.unit, "Kaplan-Meier, log-minus-log bounds")


def kaplan_meier(time: npt.ArrayLike, event: npt.ArrayLike, *, unit: str, level: float = 0.95) -> KaplanMeier:
    """The survival curve of one group, with the number still at risk at each event.

    Args:
        time: follow-up of each patient, above 0, shape `(patient,)`.
        event: 1 where it ended in the event, 0 where the patient was last seen without it, same shape.
        unit: unit of the times, such as "months".
        level: coverage of each pointwise bound, between 0 and 1.

    Returns:
        The curve with its bounds.

    Raises:
        DataError: a time is missing or not positive, an event is neither 0 nor 1, or there is no event.

    References: [@KAPLAN1958].

    >>> curve = kaplan_meier([2, 3, 3, 5, 8], [1, 1, 0, 1, 0], unit="months")
    >>> curve.survival.round(2).tolist(), curve.at_risk.tolist()
    ([0.8, 0.6, 0.3], [5.0, 4.0, 2.0])
    >>> print(curve.median)
    5 months (95 % 2 to inf, n = 5)
    """
    z = normal_quantile(level)
    moments, at_risk, events = _table(*follow_up(time, event))
    survival = np.asarray(np.cumprod(1.0 - events / at_risk), dtype=np.float64)
    alive = survival > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))  # of log survival (Greenwood)
        half = z * spread / np.abs(np.log(survival))
        low, high = (np.where(alive, survival ** np.exp(sign * half), np.nan) for sign in (1.0, -1.0))
    last = float(np.asarray(time, dtype=np.float64).max())
    return KaplanMeier(moments, at_risk, events, survival, low, high, last, np.size(time), level, unit)


def number_at_risk(time: npt.ArrayLike, *, at: npt.ArrayLike) -> Array:
    """How many patients are still followed at given times, as printed below a survival curve.

    Args:
        time: follow-up of each patient, shape `(patient,)`.
        at: the times to count at, shape `(tick,)`.

    Returns:
        Patients whose follow-up reaches each time, shape `(tick,)`.

    References: [@KAPLAN1958].

    >>> number_at_risk([2, 3, 3, 5, 8], at=[0, 3, 6])
    array([5., 4., 1.])
    """
    times, ticks = np.sort(np.asarray(time, dtype=np.float64)), np.asarray(at, dtype=np.float64)
    return len(times) - np.searchsorted(times, ticks, side="left").astype(np.float64)


def restricted_mean(time: npt.ArrayLike, event: npt.ArrayLike, *, until: float, unit: str, level: float = 0.95) -> Estimate:
    """The mean time without the event within a period fixed beforehand: the area under the survival curve (RMST).

    The interval is normal on the logit scale of the share of the period, so that it stays inside the period; its variance is
    that of the area, not of the times, with the divisor n - 1 of a mean.

    Args:
        time: follow-up of each patient, above 0, shape `(patient,)`.
        event: 1 where it ended in the event, else 0, same shape.
        until: end of the period, not beyond the last follow-up.
        unit: unit of the times.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The area with its interval; none where nobody had the event before the end of the period.

    Raises:
        DataError: as `kaplan_meier`, or the period ends after the last follow-up.

    References: [@ROYSTON2013].

    >>> print(restricted_mean([2, 3, 3, 5, 8], [1, 1, 0, 1, 0], until=6, unit="months"))
    4.3 months (95 % 2.49 to 5.4, n = 5)
    """
    area, variance = _area(time, event, until)
    n, z, share = np.size(time), normal_quantile(level), area / until
    if not variance or share >= 1.0:
        return Estimate(area, math.nan, math.nan, level, n, unit, f"area to {until:g}, no event before")
    half = z * math.sqrt(variance) / (until * share * (1.0 - share))
    low, high = (until * float(special.expit(special.logit(share) + side)) for side in (-half, half))
    return Estimate(area, low, high, level, n, unit, f"area to {until:g}, normal on the logit scale")


def restricted_mean_difference(
    treated: tuple[npt.ArrayLike, npt.ArrayLike],
    control: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    until: float,
    unit: str,
    level: float = 0.95,
) -> Estimate:
    """How much time without the event a treatment brings within a fixed period, whether hazards are proportional or not.

    The interval is Student's with variances of the areas that need not be equal and Satterthwaite's degrees of freedom; where
    nobody is censored it is that of two means. The normal one rejects too often in small trials.

    Args:
        treated: times and events of the treated patients.
        control: times and events of the control patients, who are others.
        until: end of the period, not beyond the last follow-up of either arm.
        unit: unit of the times.
        level: coverage of the interval, between 0 and 1.

    Returns:
        Treated less control; `n` counts all patients. No interval where nobody had the event before the end of the period.

    Raises:
        DataError: as `restricted_mean`, of either arm.

    References: [@ROYSTON2013; @SATTERTHWAITE1946; @DITZHAUS2023].

    >>> print(restricted_mean_difference(([4, 6, 8], [1, 0, 0]), ([2, 3, 8], [1, 1, 0]), until=6, unit="months"))
    1.67 months (95 % -2.61 to 5.94, n = 6)
    """
    (gained, first), (lost, second) = _area(*treated, until), _area(*control, until)
    counts, longer = (np.size(treated[0]), np.size(control[0])), gained - lost
    spread = sum(variance**2 / (n - 1) for variance, n in zip((first, second), counts, strict=True) if variance)
    half, how = math.nan, "no event before"
    if spread:
        df = (first + second) ** 2 / spread
        half, how = t_quantile(level, df=df) * math.sqrt(first + second), f"t, df {df:.1f}"
    return Estimate(longer, longer - half, longer + half, level, sum(counts), unit, f"areas to {until:g}, {how}")


def follow_up(time: npt.ArrayLike, event: npt.ArrayLike) -> tuple[Array, Mask]:
    """Times and events as arrays, after seeing that they can be read only one way.

    Args:
        time: follow-up of each patient, above 0, shape `(patient,)`.
        event: 1 where it ended in the event, else 0, same shape.

    Returns:
        Times, and whether each ended in the event.

    Raises:
        DataError: a time is missing or not positive, an event is neither 0 nor 1, or there is no event.

    References: [@KAPLAN1958].

    >>> follow_up([2, 3], [1, 0])
    (array([2., 3.]), array([ True, False]))
    """
    times, events = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.float64)
    if times.ndim != 1 or times.shape != events.shape or not len(times):
        raise DataError(f"{times.shape} times but {events.shape} events", where="time", hint="give one of each per patient")
    bad = np.flatnonzero(~np.isfinite(times) | (times <= 0)).tolist()
    if bad:
        raise DataError(f"patient(s) {bad} have no time above 0", where="time", hint="leave out who was never followed")
    if not np.isin(events, (0, 1)).all():
        raise DataError("an event is neither 0 nor 1", where="event", hint="code 1 for the event, 0 for last seen without it")
    if not events.any():
        raise DataError("nobody had the event", where="event", hint="follow for longer, or look at the coding")
    return times, events == 1


def normal_quantile(level: float) -> float:
    """How many standard errors a two-sided normal interval reaches to each side.

    Args:
        level: coverage of the interval, between 0 and 1.

    Returns:
        The quantile.

    Raises:
        DataError: the level is not between 0 and 1.

    References: [@KAPLAN1958].

    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    if not 0 < level < 1:
        raise DataError(f"{level} is no coverage", where="level", hint="give a number between 0 and 1, such as 0.95")
    return float(special.ndtri(0.5 + level / 2))


def _table(times: Array, events: Mask) -> tuple[Array, Array, Array]:
    """Event times, patients at risk just before, and events at each."""
    moments, count = np.unique(times[events], return_counts=True)
    return moments, number_at_risk(times, at=moments), count.astype(np.float64)


def _area(time: npt.ArrayLike, event: npt.ArrayLike, until: float) -> tuple[float, float]:
    """The area under the survival curve and its variance, as of a mean where nobody is censored; 0 where it has no step."""
    times, happened = follow_up(time, event)
    if not 0 < until <= times.max():
        what = f"the period to {until:g} does not end within the follow-up to {times.max():g}"
        raise DataError(what, where="until", hint="choose the period before seeing the curves, within the shortest arm")
    table = _table(times, happened)
    moments, at_risk, events = (column[table[0] <= until] for column in table)
    survival = np.cumprod(1.0 - events / at_risk)
    steps = np.concatenate([[1.0], survival]) * np.diff(np.concatenate([[0.0], moments, [until]]))
    after = np.cumsum(steps[::-1])[::-1][1:]  # area still to come after each event
    left = at_risk - events
    share = np.divide(events, at_risk * left, out=np.zeros_like(events), where=left > 0)
    n = len(times)
    return float(steps.sum()), float((after**2 * share).sum()) * n / max(n - 1, 1)


def _first(times: Array, reached: Mask) -> float | None:
    return float(times[reached][0]) if reached.any() else None
