"""Dose-response curves that rise before they fall (Brain-Cousens). It knows doses and responses, not why low doses stimulate.

4OHT without oestrogen makes cells grow at low doses and stops them at high ones. The log-logistic curve is the special case
without stimulation, so an F-test says whether the readings ask for more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Estimate, t_quantile
from tamarisk.measurement.log_logistic import REACH, sound_readings
from tamarisk.measurement.many_series import least_squares_of_many

HORMESIS_P = 0.05  # below this the readings ask for stimulation
SCAN = 400  # places between lowest and highest dose at which peak and crossing are first looked for
_NAMES = ("untreated", "plateau", "stimulation", "log_scale", "hill")


@dataclass(frozen=True, slots=True, eq=False)
class HormeticCurve:
    """A curve `plateau + (untreated - plateau + stimulation * dose) / (1 + (dose / scale)^hill)`.

    Attributes:
        untreated: response without drug.
        plateau: response at a saturating dose.
        stimulation: rise of the response per nM at low doses; 0 leaves the log-logistic curve, below 0 none stimulates.
        log_scale: natural log of the dose (nM) from which inhibition takes over; it is no EC50.
        hill: steepness of the inhibition, positive.
        spread: covariance of these five for a unit residual variance, shape `(5, 5)`; 0 for a limit that was given.
        rss: residual sum of squares.
        df: residual degrees of freedom.
        hormesis_p: p-value of the F-test against the log-logistic curve with the same limits given.
        dose: the tested doses, nM, shape `(reading,)`.
    """

    untreated: float
    plateau: float
    stimulation: float
    log_scale: float
    hill: float
    spread: Array
    rss: float
    df: int
    hormesis_p: float
    dose: Array

    @property
    def is_hormetic(self) -> bool:
        """Whether low doses stimulate: the F-test asks for it, the response first rises, and it peaks within the doses."""
        lowest, highest = _tested(self)
        return (
            self.hormesis_p < HORMESIS_P
            and self.stimulation > 0
            and lowest < math.exp(_log_peak(_numbers(self), self.dose)) < highest
        )


def hormetic_curve(
    dose: npt.ArrayLike, response: npt.ArrayLike, *, untreated: float | None = None, plateau: float | None = None
) -> HormeticCurve:
    """The Brain-Cousens curve through one dose series, and whether it is needed.

    Args:
        dose: doses in nM, zero (vehicle) or above, shape `(reading,)`.
        response: responses, shape `(reading,)`; doublings rather than GR in medium without oestrogen.
        untreated: response without drug, where it is known.
        plateau: response at a saturating dose, where it is known.

    Returns:
        The curve with its F-test. A Wald test of the stimulation would miss much: its interval is far from symmetric.

    Raises:
        DataError: a reading is missing, doses are too few, or they do not tell the numbers apart.

    References: [@BRAINCOUSENS1989; @RITZ2015].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    >>> rise = (2.0 + 0.2 * doses) / (1.0 + (doses / 20.0) ** 2) + 0.01 * np.array([1, -1, 1, -1, 1, -1, 1])
    >>> hormetic_curve(doses, rise, plateau=0.0).is_hormetic
    True
    """
    doses, readings = sound_readings(dose, response)
    (found,) = hormetic_curves(doses, readings[None, :], untreated=untreated, plateau=plateau)
    if isinstance(found, DataError):
        raise found
    return found


def hormetic_curves(
    dose: npt.ArrayLike, responses: npt.ArrayLike, *, untreated: float | None = None, plateau: float | None = None
) -> tuple[HormeticCurve | DataError, ...]:
    """The Brain-Cousens curves of many series of readings at the same doses, fitted together.

    Args:
        dose: doses in nM, zero (vehicle) or above, shape `(reading,)`.
        responses: responses, shape `(series, reading)`.
        untreated: response without drug, where it is known.
        plateau: response at a saturating dose, where it is known.

    Returns:
        Each series' curve as `hormetic_curve` finds it; the error where its doses do not tell the numbers apart.

    Raises:
        DataError: a reading is missing, a dose is negative, or doses are too few.

    References: [@BRAINCOUSENS1989; @RITZ2015].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    >>> rise = (2.0 + 0.2 * doses) / (1.0 + (doses / 20.0) ** 2) + 0.01 * np.array([1, -1, 1, -1, 1, -1, 1])
    >>> [curve.is_hormetic for curve in hormetic_curves(doses, [rise, 2.0 * rise], plateau=0.0)]
    [True, True]
    """
    table = np.atleast_2d(np.asarray(responses, dtype=np.float64))
    doses = sound_readings(dose, table[0])[0]
    for series in table[1:]:
        sound_readings(doses, series)
    limits = np.array([np.nan if limit is None else limit for limit in (untreated, plateau)])
    fitted = 3 + int(np.isnan(limits).sum())
    distinct = len(np.unique(doses if untreated is None else doses[doses > 0]))
    if distinct < fitted or len(doses) <= fitted:
        raise DataError(f"{fitted} numbers need {fitted} doses and {fitted + 1} readings", where="dose", hint="test more doses")
    _, plain = least_squares_of_many(doses, table, limits)
    numbers, bent = least_squares_of_many(doses, table, np.append(limits, np.nan))
    return tuple(_curve(doses, limits, *fit) for fit in zip(numbers, plain.tolist(), bent.tolist(), strict=True))


def hormetic_responses(curve: HormeticCurve, dose: npt.ArrayLike) -> Array:
    """The response that a fitted curve expects.

    Args:
        curve: the fitted curve.
        dose: doses in nM, zero or above, any shape.

    Returns:
        Responses in the shape of `dose`.

    References: [@BRAINCOUSENS1989].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    >>> rise = (2.0 + 0.2 * doses) / (1.0 + (doses / 20.0) ** 2) + 0.01 * np.array([1, -1, 1, -1, 1, -1, 1])
    >>> hormetic_responses(hormetic_curve(doses, rise, plateau=0.0), 0.0).round(2).item()
    2.01
    """
    return _responses(_numbers(curve), np.asarray(dose, dtype=np.float64))


def peak_dose(curve: HormeticCurve, *, level: float = 0.95) -> Estimate:
    """The dose that stimulates most.

    Args:
        curve: the fitted curve.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The dose in nM, interval on the log scale from the scatter about this one curve (`n` is 1).

    Raises:
        DataError: the response does not peak within the tested doses.

    References: [@BRAINCOUSENS1989].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    >>> rise = (2.0 + 0.2 * doses) / (1.0 + (doses / 20.0) ** 2) + 0.01 * np.array([1, -1, 1, -1, 1, -1, 1])
    >>> print(peak_dose(hormetic_curve(doses, rise, plateau=0.0)).headline)
    12.4 nM
    """
    _refuse_no_peak(curve)
    return _log_dose(curve, lambda numbers: _log_peak(numbers, curve.dose), level)


def peak_response(curve: HormeticCurve, *, level: float = 0.95) -> Estimate:
    """The highest response that the drug stimulates.

    Args:
        curve: the fitted curve.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The response in its own unit, with the t interval from the scatter about this one curve (`n` is 1).

    Raises:
        DataError: the response does not peak within the tested doses.

    References: [@BRAINCOUSENS1989].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    >>> rise = (2.0 + 0.2 * doses) / (1.0 + (doses / 20.0) ** 2) + 0.01 * np.array([1, -1, 1, -1, 1, -1, 1])
    >>> print(peak_response(hormetic_curve(doses, rise, plateau=0.0)).headline)
    3.23
    """
    _refuse_no_peak(curve)
    value, half = _wald(curve, lambda numbers: float(_responses(numbers, np.exp([_log_peak(numbers, curve.dose)]))[0]), level)
    return Estimate(value, value - half, value + half, level, 1, "", f"height of one curve, {curve.df} residual df")


def falling_dose(curve: HormeticCurve, target: float, *, level: float = 0.95) -> Estimate:
    """The dose beyond the peak at which the response falls to a level.

    Args:
        curve: the fitted curve.
        target: the response to reach.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The dose in nM, interval on the log scale (`n` is 1); a bound where the level is not reached within the doses.

    References: [@BRAINCOUSENS1989].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    >>> rise = (2.0 + 0.2 * doses) / (1.0 + (doses / 20.0) ** 2) + 0.01 * np.array([1, -1, 1, -1, 1, -1, 1])
    >>> print(falling_dose(hormetic_curve(doses, rise, plateau=0.0), 1.0).headline)
    84.7 nM
    """
    if math.isinf(_log_fall(_numbers(curve), curve.dose, target)):
        reason = "not reached at the highest dose"
        return Estimate(math.nan, float(curve.dose.max()), math.inf, level, 1, "nM", reason)
    return _log_dose(curve, lambda numbers: _log_fall(numbers, curve.dose, target), level)


def _curve(dose: Array, limits: Array, numbers: Array, plain: float, rss: float) -> HormeticCurve | DataError:
    df = len(dose) - 3 - int(np.isnan(limits).sum())
    p = float(special.fdtrc(1, df, max(plain - rss, 0.0) / (rss / df))) if rss > 0 else 0.0
    start, end, stimulation, log_scale, hill = numbers.tolist()
    try:
        spread = _spread(numbers, dose, limits)
    except DataError as alike:
        return alike
    return HormeticCurve(start, end, stimulation, log_scale, hill, spread, rss, df, p, dose)


def _responses(numbers: Array, dose: Array) -> Array:
    untreated, plateau, stimulation, log_scale, hill = numbers
    return np.asarray(plateau + (untreated - plateau + stimulation * dose) * _left(dose, log_scale, hill))


def _left(dose: Array, log_scale: float, hill: float) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(special.expit(hill * (log_scale - np.log(dose))), dtype=np.float64)


def _spread(numbers: Array, dose: Array, limits: Array) -> Array:
    untreated, plateau, stimulation, log_scale, hill = numbers
    left = _left(dose, log_scale, hill)
    steep = (untreated - plateau + stimulation * dose) * left * (1.0 - left)
    distance = np.where(dose > 0, np.log(np.where(dose > 0, dose, 1.0)) - log_scale, 0.0)
    free = np.append(np.isnan(limits), [True] * 3)
    jacobian = np.stack([left, 1.0 - left, left * dose, steep * hill, -steep * distance], axis=1)[:, free]
    size = np.linalg.norm(jacobian, axis=0)
    if not size.all() or np.linalg.cond(jacobian / size) > 1e8:
        raise DataError("the doses do not tell stimulation and inhibition apart", hint="test doses around the peak")
    covariance = np.zeros((5, 5))
    covariance[np.ix_(free, free)] = np.linalg.inv(jacobian.T @ jacobian / np.outer(size, size)) / np.outer(size, size)
    return covariance


def _numbers(curve: HormeticCurve) -> Array:
    return np.array([getattr(curve, name) for name in _NAMES])


def _tested(curve: HormeticCurve) -> tuple[float, float]:
    return float(curve.dose[curve.dose > 0].min()), float(curve.dose.max())


def _scan(dose: Array) -> Array:
    return np.linspace(math.log(dose[dose > 0].min()), math.log(dose.max()), SCAN)


def _log_peak(numbers: Array, dose: Array) -> float:
    """The log dose of the highest response within the tested doses, an end where it has no peak."""
    places = _scan(dose)
    top = int(_responses(numbers, np.exp(places)).argmax())
    if top in {0, SCAN - 1}:
        return float(places[top])
    return float(optimize.brentq(lambda place: _slope(numbers, place), places[top - 1], places[top + 1], xtol=1e-13))


def _slope(numbers: Array, place: float) -> float:
    """What the response gains per log dose, up to a positive factor."""
    untreated, plateau, stimulation, log_scale, hill = numbers
    rise = stimulation * math.exp(place)
    return float(rise - hill * (untreated - plateau + rise) * special.expit(hill * (place - log_scale)))


def _log_fall(numbers: Array, dose: Array, target: float) -> float:
    """The first log dose beyond the peak at which the response falls to a level; infinite where it does not."""
    places = _scan(dose)
    places = places[places >= _log_peak(numbers, dose)]
    above = _responses(numbers, np.exp(places)) - target
    falls = np.flatnonzero((above[:-1] > 0) & (above[1:] <= 0))
    if not len(falls):
        return math.inf
    ends = places[falls[0]], places[falls[0] + 1]
    return float(optimize.brentq(lambda place: float(_responses(numbers, np.exp([place]))[0]) - target, *ends, xtol=1e-12))


def _refuse_no_peak(curve: HormeticCurve) -> None:
    lowest, highest = _tested(curve)
    if not lowest < math.exp(_log_peak(_numbers(curve), curve.dose)) < highest:
        raise DataError("the response does not peak within the tested doses", hint="fit dose_response_curve instead")


def _wald(curve: HormeticCurve, quantity: Callable[[Array], float], level: float) -> tuple[float, float]:
    """A quantity of the five numbers and half its interval, by central differences."""
    numbers = _numbers(curve)
    steps = 1e-5 * np.maximum(np.sqrt(np.diag(curve.spread) * curve.rss / curve.df), 1e-9 * np.abs(numbers))
    moved = [step * unit for step, unit in zip(steps, np.eye(5), strict=True)]
    gradient = [
        (quantity(numbers + move) - quantity(numbers - move)) / (2.0 * step) if step else 0.0
        for move, step in zip(moved, steps, strict=True)
    ]
    variance = float(np.array(gradient) @ curve.spread @ np.array(gradient)) * curve.rss / curve.df
    return quantity(numbers), t_quantile(level, df=curve.df) * math.sqrt(variance)


def _log_dose(curve: HormeticCurve, place: Callable[[Array], float], level: float) -> Estimate:
    value, half = _wald(curve, place, level)
    low, high = math.exp(value - min(half, 2 * REACH)), math.exp(value + min(half, 2 * REACH))
    return Estimate(math.exp(value), low, high, level, 1, "nM", f"log dose of one curve, {curve.df} residual df")
