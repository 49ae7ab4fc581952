"""Least squares for many dose series at once, with stimulation or without. It knows shared doses, not what a curve is used for.

A curve is `plateau + (untreated - plateau + stimulation * dose) * left`, where `left` falls from 1 to 0 along the log dose. All
but place and slope of that fall enter linearly and are solved for at every step; all series step together, each with a damping
of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special

from tamarisk.measurement.estimate import Array, Mask
from tamarisk.measurement.log_logistic import HILL_RANGE, MOST_STEPS, REACH

STARTS = 3  # best cells of the grid from which the search begins
_HILLS = (0.5, 1.0, 2.0, 5.0)
_TINY = 1e-300
_STILL = 1e-11  # relative fall of the residuals, and step, below which a search stands still
_ALIKE = 1e-10  # a column that other columns leave less than this of says nothing of its own


def least_squares_of_many(dose: Array, responses: Array, given: Array) -> tuple[Array, Array]:
    """The curve nearest to each of many series of readings at the same doses.

    Args:
        dose: doses in nM, zero or above, shape `(reading,)`.
        responses: readings, shape `(series, reading)`.
        given: untreated response and plateau, NaN where they are to be found, shape `(2,)`; a third number, NaN, asks for
            stimulation too, shape `(3,)`.

    Returns:
        Untreated response, plateau, stimulation if asked for, log place and Hill slope of each series, shape
        `(series, 4)` or `(series, 5)`; and the residual sums of squares, shape `(series,)`.

    References: [@RITZ2015].

    >>> doses = np.array([1.0, 3.0, 10.0, 30.0])
    >>> readings = 1.0 / (1.0 + (doses / np.array([[5.0], [9.0]])) ** 1.5)
    >>> np.exp(least_squares_of_many(doses, readings, np.array([1.0, np.nan]))[0][:, 2]).round(6)
    array([5., 9.])
    """
    problem = _Problem(dose, given)
    starts = problem.promising(responses)
    shapes, rss = searched(problem, np.vstack(list(starts)), np.tile(responses, (len(starts), 1)))
    best = rss.reshape(len(starts), -1).argmin(axis=0) * len(responses) + np.arange(len(responses))
    return np.hstack([problem.fit(shapes[best], responses).numbers, shapes[best]]), rss[best]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The best linear numbers of each curve at a given shape, and the directions that they span."""

    left: Array
    numbers: Array
    spanned: Sequence[Array]
    residual: Array

    @property
    def rss(self) -> Array:
        """The residual sums of squares, shape `(row,)`."""
        return np.asarray((self.residual**2).sum(axis=1))


class Problem(Protocol):
    """Curves of two numbers that do not enter linearly, their shape; the others follow."""

    @property
    def low(self) -> Array:
        """Least numbers of a shape, shape `(2,)`."""

    @property
    def high(self) -> Array:
        """Greatest numbers of a shape."""

    def fit(self, shapes: Array, rows: Array) -> Fit:
        """The best curve of each shape, with what each row brings: its readings, or a place that is held."""

    def slopes(self, fit: Fit, shapes: Array) -> Array:
        """How residuals move with both numbers while the linear ones follow, shape `(2, row, reading)`."""


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Doses, and the linear numbers, NaN where free."""

    dose: Array
    given: Array

    @property
    def place(self) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.dose))

    @property
    def low(self) -> Array:
        return np.array([np.log(self.dose[self.dose > 0]).min() - REACH, HILL_RANGE[0]])

    @property
    def high(self) -> Array:
        return np.array([self.place.max() + REACH, HILL_RANGE[1]])

    def fit(self, shapes: Array, responses: Array) -> Fit:
        left = np.asarray(special.expit(shapes[:, 1:] * (shapes[:, :1] - self.place)))
        columns = [left, 1.0 - left, left * self.dose][: len(self.given)]
        free = np.isnan(self.given)
        known = [number * column for number, column in zip(self.given, columns, strict=True) if not np.isnan(number)]
        rest = np.asarray(responses - sum(known))
        found, spanned = solved([column for column, open_ in zip(columns, free, strict=True) if open_], rest)
        numbers = np.tile(self.given, (len(responses), 1))
        numbers[:, free] = found
        return Fit(left, numbers, spanned, -outside(spanned, rest))

    def slopes(self, fit: Fit, shapes: Array) -> Array:
        """How residuals move with place and slope while the linear numbers follow, shape `(2, series, reading)`."""
        drop = fit.numbers[:, :1] - fit.numbers[:, 1:2]
        if len(self.given) > 2:
            drop = drop + fit.numbers[:, 2:] * self.dose
        steep = drop * fit.left * (1.0 - fit.left)
        distance = np.where(self.dose > 0, shapes[:, :1] - np.where(self.dose > 0, self.place, 0.0), 0.0)
        return np.stack([outside(fit.spanned, shapes[:, 1:] * steep), outside(fit.spanned, distance * steep)])

    def promising(self, responses: Array) -> Array:
        """The best cells of a grid of places and slopes, shape `(start, series, 2)`."""
        places = np.log(self.dose[self.dose > 0])
        grid = np.array([(place, hill) for place in np.linspace(places.min(), places.max(), 9) for hill in _HILLS])
        rss = np.array([self.fit(shape[None, :], responses).rss for shape in grid])
        return np.asarray(grid[np.argsort(rss, axis=0)[:STARTS]])


def solved(columns: Sequence[Array], readings: Array) -> tuple[Array, list[Array]]:
    """Linear numbers, shape `(series, column)`, and orthonormal directions, by Gram and Schmidt for all series at once.

    >>> solved([np.array([[1.0, 1.0]])], np.array([[2.0, 4.0]]))[0]
    array([[3.]])
    """
    spanned: list[Array] = []
    shares: list[list[Array]] = []
    for column in columns:
        rest, own = column, []
        for direction in spanned:
            own.append((direction * rest).sum(axis=1, keepdims=True))
            rest = rest - own[-1] * direction
        size = np.linalg.norm(rest, axis=1, keepdims=True)
        telling = size > _ALIKE * np.linalg.norm(column, axis=1, keepdims=True)
        spanned.append(np.where(telling, rest / (size + _TINY), 0.0))
        shares.append([*own, np.where(telling, size, 1.0)])
    found = np.empty((len(readings), len(columns)))
    for place in reversed(range(len(columns))):
        above = sum((shares[later][place][:, 0] * found[:, later] for later in range(place + 1, len(columns))), 0.0)
        found[:, place] = ((spanned[place] * readings).sum(axis=1) - above) / shares[place][place][:, 0]
    return found, spanned


def outside(spanned: Sequence[Array], columns: Array) -> Array:
    """What some directions leave of a column.

    >>> outside([np.array([[1.0, 0.0]])], np.array([[2.0, 4.0]]))
    array([[0., 4.]])
    """
    for direction in spanned:
        columns = columns - direction * (direction * columns).sum(axis=1, keepdims=True)
    return columns


def searched(problem: Problem, begin: Array, rows: Array) -> tuple[Array, Array]:
    """Damped Gauss-Newton steps of all rows at once until each stands still.

    Args:
        problem: the curves.
        begin: the shape at which each row begins, shape `(row, 2)`.
        rows: what the problem's fit wants of each row, shape `(row, ...)`.

    Returns:
        The best shapes, and their residual sums of squares, shape `(row,)`.

    References: [@RITZ2015].

    >>> doses = np.array([1.0, 3.0, 10.0, 30.0])
    >>> curves = _Problem(doses, np.array([1.0, np.nan]))
    >>> searched(curves, np.array([[1.0, 1.5]]), 1.0 / (1.0 + doses[None] / 5.0))[0].round(3)  # ln 5 and slope 1
    array([[1.609, 1.   ]])
    """
    shapes, damping = np.clip(begin, problem.low, problem.high), np.full(len(begin), 1e-3)
    rss = problem.fit(shapes, rows).rss
    moving = np.arange(len(begin))
    for _ in range(MOST_STEPS):
        here, own = shapes[moving], rows[moving]
        there = np.clip(here + _step(problem, here, own, damping[moving]), problem.low, problem.high)
        found = problem.fit(there, own).rss
        better = found < rss[moving]
        still = _still(here, there, rss[moving] - found, rss[moving], better) | (damping[moving] > 1e10)
        shapes[moving[better]], rss[moving[better]] = there[better], found[better]
        damping[moving] *= np.where(better, 0.1, 10.0)
        moving = moving[~still]
        if not len(moving):
            break
    return shapes, rss


def _still(here: Array, there: Array, fall: Array, rss: Array, better: Mask) -> Mask:
    """Whether a series has arrived: its step is too small to matter, or gained too little."""
    small = np.abs(there - here).max(axis=1) < _STILL * (1.0 + np.abs(here).max(axis=1))
    return np.asarray(small | (better & (fall <= _STILL * rss)))


def _step(problem: Problem, shapes: Array, rows: Array, damping: Array) -> Array:
    """One damped step; a number at its edge that would leave it stays there."""
    fit = problem.fit(shapes, rows)
    slopes = problem.slopes(fit, shapes)
    downhill = -(slopes * fit.residual).sum(axis=2).T
    held = ((shapes <= problem.low) & (downhill < 0)) | ((shapes >= problem.high) & (downhill > 0))
    downhill = np.where(held, 0.0, downhill)
    size = np.where(held.T, 1.0, (slopes**2).sum(axis=2) * (1.0 + damping) + _TINY)
    cross = np.where(held.any(axis=1), 0.0, (slopes[0] * slopes[1]).sum(axis=1))
    determinant = size[0] * size[1] - cross**2 + _TINY
    return np.stack(
        [
            (size[1] * downhill[:, 0] - cross * downhill[:, 1]) / determinant,
            (size[0] * downhill[:, 1] - cross * downhill[:, 0]) / determinant,
        ],
        axis=1,
    )
