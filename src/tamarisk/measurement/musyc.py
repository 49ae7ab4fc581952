"""Synergy of potency apart from synergy of efficacy (MuSyC). It knows one plate's scatter, so its intervals are of that plate."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from tamarisk.errors import DataError
from tamarisk.measurement.combination import LARGEST_EFFECT
from tamarisk.measurement.estimate import Array, Estimate, without_interval
from tamarisk.measurement.log_logistic import HILL_RANGE, REACH

FITTED = 10  # four effects, two EC50s, two slopes, two shifts of potency; each slope is the same beside the other drug
_FARTHEST = math.log(1e4)  # shifts of potency are sought up to 10,000-fold either way
_TINY = 1e-300
_BETA, _FIRST, _SECOND = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class MuSyC:
    """What two drugs do to each other's strength and potency.

    Attributes:
        efficacy: effect of both drugs at saturation beyond that of the stronger one, as a share of the stronger one's
            effect (beta); above 0 synergistic.
        second_potency: how many times more potent the second drug becomes beside a saturating first (alpha12).
        first_potency: how many times more potent the first drug becomes beside a saturating second (alpha21).
        effects: effect of neither, the first, the second and both drugs at saturation, shape `(4,)`.
        ec50: EC50 of the first and the second drug alone, nM, shape `(2,)`.
        hill: slope of the first and the second drug, shape `(2,)`.
        r2: share of the variance that the surface explains.
    """

    efficacy: Estimate
    second_potency: Estimate
    first_potency: Estimate
    effects: Array
    ec50: Array
    hill: Array
    r2: float


def musyc(
    first: npt.ArrayLike, second: npt.ArrayLike, effect: npt.ArrayLike, *, level: float = 0.95, intervals: bool = True
) -> MuSyC:
    """A four-state surface through a dose matrix: cells bind neither drug, either, or both, as mass action has it.

    Both drugs are taken to leave at the same rate. No interaction here (efficacy 0, both shifts 1) is not Loewe additivity:
    a drug combined with itself may show synergy.

    Args:
        first: dose of the first drug in nM, zero or above, shape `(reading,)`.
        second: dose of the second drug likewise.
        effect: share of growth or signal taken away, shape `(reading,)`.
        level: coverage of the profile intervals, between 0 and 1.
        intervals: whether they are sought; where surfaces of several experiments are compared these give others.

    Returns:
        Efficacy and potency synergies with intervals from the scatter about this one surface (`n` is 1), and the surface.

    Raises:
        DataError: readings do not fit together or are too few, effects are percent, a drug was not tested alone, or the fit
            is not well behaved.

    References: [@MEYER2019; @WOOTEN2021].

    >>> first, second = (axis.ravel() for axis in np.meshgrid([0, 1, 3, 10, 30, 100.0], [0, 1, 3, 10, 30, 100.0]))
    >>> truth = np.array([0, 0.5, 0.8, 0.9, np.log(5), np.log(8), 0, 0, np.log(1.0), np.log(3.0)])
    >>> found = musyc(first, second, surface_effects(truth, first, second))
    >>> round(found.second_potency.value, 3), round(found.first_potency.value, 3), round(found.efficacy.value, 3)
    (3.0, 1.0, 0.125)
    """
    if not 0 < level < 1:
        raise DataError(f"{level} is no coverage", where="level", hint="give a number between 0 and 1, such as 0.95")
    plate = _plate(first, second, effect)
    numbers, rss = min((_fit(plate, start) for start in _starts(plate)), key=lambda fit: fit[1])
    _refuse_degenerate(numbers, plate)
    total = float(((plate.effect - plate.effect.mean()) ** 2).sum())
    told = functools.partial(_profiled, plate, rss) if intervals else _alone
    efficacy, first_shift, second_shift = (told(numbers, which, level) for which in (_BETA, _FIRST, _SECOND))
    ec50, hill = np.exp(numbers[4:6]), np.exp(numbers[6:8])
    return MuSyC(efficacy, second_shift, first_shift, numbers[:4], ec50, hill, 1.0 - rss / total)


def surface_effects(numbers: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Array:
    """The effect that the four-state surface expects.

    Args:
        numbers: effects of neither, first, second and both; then natural logs of both EC50s, both slopes, and the shifts of
            the first and of the second drug's potency; shape `(10,)`.
        first: doses of the first drug in nM, any shape.
        second: doses of the second drug, same shape.

    Returns:
        Effects in the shape of the doses.

    References: [@MEYER2019].

    >>> surface_effects([0, 1, 0.5, 1, 0, 0, 0, 0, 0, 0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])
    array([0.  , 0.5 , 0.25])
    """
    return np.asarray(np.tensordot(np.asarray(numbers, dtype=np.float64)[:4], _shares(numbers, first, second)[1], axes=1))


def surface_slopes(numbers: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Array:
    """How the effects move with each of the ten numbers of the surface.

    Args:
        numbers: as for `surface_effects`.
        first: doses of the first drug in nM, shape `(reading,)`.
        second: doses of the second drug, same shape.

    Returns:
        The derivatives, shape `(reading, 10)`.

    References: [@MEYER2019].

    >>> surface_slopes([0, 1, 0.5, 1, 0, 0, 0, 0, 0, 0], [0.0, 1.0], [0.0, 0.0]).round(2)[:, :5] + 0.0
    array([[ 1.  ,  0.  ,  0.  ,  0.  ,  0.  ],
           [ 0.5 ,  0.5 ,  0.  ,  0.  , -0.25]])
    """
    values = np.asarray(numbers, dtype=np.float64)
    logs, shares, total = _shares(numbers, first, second)
    u, v, p, q = np.exp(logs)
    none = np.zeros_like(u)
    turns = np.stack(  # how the states before they are shares move with the log of each of the four
        [
            [none, 2.0 * u + u * p, u * q, u * q + p * q * u],
            [none, v * p, 2.0 * v + v * q, v * p + p * q * v],
            [p, u * p + v * p, none, v * p + p * q * (u + v)],
            [q, none, v * q + u * q, u * q + p * q * (u + v)],
        ]
    )
    effect = np.tensordot(values[:4], shares, axes=1)
    by = (np.tensordot(turns, values[:4], axes=(1, 0)) - effect * turns.sum(axis=1)) / total
    hill, steep = np.exp(values[6:8, None]), by * np.where(np.isfinite(logs), logs, 0.0)
    return np.concatenate([shares, -hill * (by[:2] + by[2:]), steep[:2] + steep[2:], hill * by[2:]]).T


def _shares(numbers: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """The logs of how strongly either drug binds, alone and beside the other; the share of cells in each state; their scale."""
    values = np.asarray(numbers, dtype=np.float64)
    slopes, shifts = np.exp(values[6:8]), values[8:10]
    with np.errstate(divide="ignore"):
        places = [np.log(np.asarray(dose, dtype=np.float64)) for dose in (first, second)]
    alone = np.stack([slopes[drug] * (places[drug] - values[4 + drug]) for drug in (0, 1)])
    logs = np.concatenate([alone, [alone[drug] + slopes[drug] * shifts[drug] for drug in (0, 1)]])
    u, v, u_beside, v_beside = np.exp(logs)
    states = np.stack(  # each the sum over the ways into it round the square of four states
        [
            2.0 + u_beside + v_beside,
            2.0 * u + u * u_beside + v * u_beside,
            2.0 * v + v * v_beside + u * v_beside,
            v * u_beside + u * v_beside + u_beside * v_beside * (u + v),
        ]
    )
    total = states.sum(axis=0)
    return logs, states / total, total


@dataclass(frozen=True, slots=True, eq=False)
class _Plate:
    first: Array
    second: Array
    effect: Array

    def residuals(self, numbers: Array) -> Array:
        return surface_effects(numbers, self.first, self.second) - self.effect

    def slopes(self, numbers: Array) -> Array:
        return surface_slopes(numbers, self.first, self.second)

    def limits(self) -> tuple[Array, Array]:
        """Lowest and highest numbers that the search may reach."""
        places = [np.log(dose[dose > 0]) for dose in (self.first, self.second)]
        hill = math.log(HILL_RANGE[0]), math.log(HILL_RANGE[1])
        low = [-LARGEST_EFFECT] * 4 + [place.min() - REACH for place in places] + [hill[0]] * 2 + [-_FARTHEST] * 2
        high = [LARGEST_EFFECT] * 4 + [place.max() + REACH for place in places] + [hill[1]] * 2 + [_FARTHEST] * 2
        return np.array(low), np.array(high)


def _plate(first: npt.ArrayLike, second: npt.ArrayLike, effect: npt.ArrayLike) -> _Plate:
    columns = [np.asarray(one, dtype=np.float64) for one in (first, second, effect)]
    if columns[0].ndim != 1 or len({one.shape for one in columns}) > 1 or not np.isfinite(columns).all():
        raise DataError("readings lack a dose or an effect", where="effect", hint="give two doses and an effect per reading")
    plate = _Plate(*columns)
    if (plate.first < 0).any() or (plate.second < 0).any():
        raise DataError("a dose is negative", where="first, second", hint="give doses in nM, not their logarithms")
    if np.abs(plate.effect).max() > LARGEST_EFFECT:
        raise DataError(f"effects reach {np.abs(plate.effect).max():.3g}", where="effect", hint="give shares, not percent")
    alone = [len(np.unique(dose[(other == 0) & (dose > 0)])) for dose, other in _both_ways(plate)]
    if min(alone) < 3 or len(plate.effect) <= FITTED + 2:
        raise DataError(
            f"{len(plate.effect)} readings with {alone[0]} and {alone[1]} doses of a drug alone do not settle {FITTED} numbers",
            where="effect",
            hint="test three doses of each drug alone, and their combinations",
        )
    return plate


def _both_ways(plate: _Plate) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    return (plate.first, plate.second), (plate.second, plate.first)


def _starts(plate: _Plate) -> list[Array]:
    alone = [float(plate.effect[(other == 0) & (dose == dose.max())].mean()) for dose, other in _both_ways(plate)]
    together = float(plate.effect[plate.first + plate.second > 0].max())
    middle = [float(np.median(np.log(dose[dose > 0]))) for dose, _ in _both_ways(plate)]
    shifts = ((0.0, 0.0), (1.5, 0.0), (0.0, 1.5), (-1.5, -1.5))
    return [np.array([0.0, *alone, together, *middle, 0.0, 0.0, *shift]) for shift in shifts]


def _fit(plate: _Plate, start: Array) -> tuple[Array, float]:
    low, high = plate.limits()
    begin = np.clip(start, low + 1e-6, high - 1e-6)
    fit = optimize.least_squares(plate.residuals, begin, jac=plate.slopes, bounds=(low, high), x_scale="jac", max_nfev=200)
    return np.asarray(fit.x, dtype=np.float64), 2.0 * float(fit.cost)


def _refuse_degenerate(numbers: Array, plate: _Plate) -> None:
    low, high = plate.limits()
    effects = ("vehicle", "first effect", "second effect", "joint effect")
    names = (*effects, "first EC50", "second EC50", "first slope", "second slope")
    stuck = [name for name, value, a, b in zip(names, numbers, low, high, strict=False) if min(value - a, b - value) < 1e-3]
    if stuck:
        what = f"the fit is not well behaved: {', '.join(stuck)} ran to the edge of what can be sought"
        raise DataError(what, where="effect", hint="test doses that span both slopes, or use hsa or bliss")
    if max(numbers[1], numbers[2]) - numbers[0] < 0.05:
        raise DataError("neither drug alone has an effect to exceed", where="effect", hint="use hsa")


def _asked(numbers: Array, which: int) -> float:
    """Efficacy synergy, or the log of a shift of potency."""
    if which == _BETA:
        stronger = max(numbers[1], numbers[2])
        return float((numbers[3] - stronger) / (stronger - numbers[0]))
    return float(numbers[7 + which])


def _alone(numbers: Array, which: int, level: float) -> Estimate:
    """One number without an interval."""
    value, unit = (_asked(numbers, which), "") if which == _BETA else (math.exp(_asked(numbers, which)), "fold")
    return without_interval(value, n=1, unit=unit, level=level)


def _profiled(plate: _Plate, rss: float, numbers: Array, which: int, level: float) -> Estimate:
    """One number with its profile interval: as far as the best of all other fits stays within an F-test of the best."""
    df = len(plate.effect) - FITTED
    best, reach = _asked(numbers, which), 8.0 if which == _BETA else 6.0
    allowed = rss * float(special.fdtri(1, df, level)) / df
    low, high = (_edge(_constrained(plate, numbers, which), best, rss, math.sqrt(allowed), way * reach) for way in (-1, 1))
    method = f"profile of one surface, {df} residual df"
    if which == _BETA:
        return Estimate(best, low, high, level, 1, "", method)
    return Estimate(math.exp(best), math.exp(low), math.exp(high), level, 1, "fold", method)


def _constrained(plate: _Plate, numbers: Array, which: int) -> Callable[[float], float]:
    """The least residual sum of squares with one number held; a search begins where the last one ended.

    Efficacy is told against the stronger drug; where both are alike the surface has an edge, so that a second search begins at
    the best surface of all.
    """
    low, high = plate.limits()
    free = np.arange(FITTED) != _held(which)
    last = numbers[free]

    def searched(value: float, begin: Array) -> optimize.OptimizeResult:
        def residuals(rest: Array) -> Array:
            return plate.residuals(_full(value, rest, which))

        def slopes(rest: Array) -> Array:
            return _free_slopes(plate.slopes(_full(value, rest, which)), value, rest, which)

        return optimize.least_squares(residuals, begin, jac=slopes, bounds=(low[free], high[free]), x_scale="jac")

    def least(value: float) -> float:
        nonlocal last
        starts = (last, numbers[free]) if which == _BETA else (last,)
        best = min((searched(value, begin) for begin in starts), key=lambda fit: float(fit.cost))
        last = np.asarray(best.x, dtype=np.float64)
        return 2.0 * float(best.cost)

    return least


def _held(which: int) -> int:
    return 3 if which == _BETA else 7 + which


def _full(value: float, rest: Array, which: int) -> Array:
    """All ten numbers from the one that is held and the rest."""
    if which != _BETA:
        return np.insert(rest, _held(which), value)
    stronger = max(rest[1], rest[2])
    return np.insert(rest, _held(which), stronger + value * (stronger - rest[0]))


def _free_slopes(slopes: Array, value: float, rest: Array, which: int) -> Array:
    """How the effects move with the rest, while the joint effect follows where efficacy is held."""
    found = np.delete(slopes, _held(which), axis=1)
    if which == _BETA:
        found[:, 0] -= value * slopes[:, _held(which)]
        found[:, 1 + int(rest[2] > rest[1])] += (1.0 + value) * slopes[:, _held(which)]
    return found


def _edge(least: Callable[[float], float], best: float, rss: float, allowed: float, reach: float) -> float:
    """Where the root of the profile's rise is what is allowed; infinite where it never is within reach.

    That root is nearly a straight line, so that the first look says about how far to walk, and few looks find the place.
    """

    @functools.cache
    def beyond(distance: float) -> float:
        if distance == 0.0:
            return -allowed
        return math.sqrt(max(least(best + math.copysign(distance, reach)) - rss, 0.0)) - allowed

    inside, outside = 0.0, 0.1
    while beyond(outside) <= 0:
        if outside > abs(reach):
            return math.copysign(math.inf, reach)
        lacking = 1.1 * allowed / max(beyond(outside) + allowed, 0.1 * allowed, _TINY)
        inside, outside = outside, outside * min(max(lacking, 1.5), 4.0)
    return best + math.copysign(float(optimize.brentq(beyond, inside, outside, xtol=1e-3)), reach)
