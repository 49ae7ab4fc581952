"""Intervals of doses from the residuals themselves, not from their curvature. It knows one dose series, not experiments.

A dose is held, all else is fitted anew, and the interval is where the residuals stay within what the F-test allows. It need not
be symmetric even on the log scale, and may have no end.

A curve that gives the response `target` at the held dose is `target + drop * (left - share)`: `left` falls from 1 to 0 along the
log dose and is `share` where it is held. Half-way down a curve the share is one half and the response is free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from tamarisk.measurement.estimate import Array
from tamarisk.measurement.log_logistic import HILL_RANGE, REACH
from tamarisk.measurement.many_series import Fit, outside, searched, solved

_FARTHEST = 7.0  # logit of the share left at the held dose: beyond it the curve is at its end
_PLACES = np.append(0.0, np.geomspace(1e-3, 1.0, 16))  # shares of the way to the farthest dose at which it is looked at
_CLOSER = 9  # places at which the stretch where the residuals pass what is allowed is looked at again
_TINY = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One dose series and its curve, of which a dose is to be held.

    Attributes:
        dose: the tested doses, nM, shape `(reading,)`.
        response: the readings, shape `(reading,)`.
        limits: untreated response and plateau that were given, NaN where they were found, shape `(2,)`.
        shape: log EC50 (nM) and Hill slope of the nearest curve, shape `(2,)`.
        target: the response at the held dose; None where it is held half-way down.

    >>> held = Profile(np.array([1.0, 3, 10, 30]), np.array([0.9, 0.7, 0.6, 0.2]), np.array([1.0, 0.0]), np.array([2.3, 1.0]))
    >>> held.rss(np.log([5.0, 10.0, 20.0])).round(3)
    array([0.079, 0.017, 0.061])
    """

    dose: Array
    response: Array
    limits: Array
    shape: Array
    target: float | None = None

    @property
    def low(self) -> Array:
        """Least logit of the share left at the held dose, and least log slope."""
        return np.array([-_FARTHEST if self._fixed is None else self._fixed, math.log(HILL_RANGE[0])])

    @property
    def high(self) -> Array:
        """Greatest of both."""
        return np.array([_FARTHEST if self._fixed is None else self._fixed, math.log(HILL_RANGE[1])])

    @property
    def _fixed(self) -> float | None:
        """The logit of the share left at the held dose where it is known."""
        if self.target is None:
            return 0.0
        if np.isnan(self.limits).any():
            return None
        return float(special.logit((self.target - self.limits[1]) / (self.limits[0] - self.limits[1])))

    def rss(self, places: Array) -> Array:
        """The residual sums of squares where the log dose is held at each of some places and all else is fitted anew."""
        hills = np.log(np.clip(self.shape[1] * np.array([0.5, 1.0, 2.0]), *HILL_RANGE))
        logits = np.clip(self.shape[1] * (self.shape[0] - places), -3.0, 3.0)
        begin = np.stack([np.tile(logits, len(hills)), np.repeat(hills, len(places))], axis=1)
        _, found = searched(self, begin, np.tile(places, len(hills))[:, None])
        return np.asarray(found.reshape(len(hills), -1).min(axis=0))

    def ends(self, begin: float, allowed: float) -> tuple[float, float]:
        """The log doses between which the residuals stay within what is allowed, seen from one of them.

        An end is infinite where the residuals set none within 100-fold of the tested doses, and the beginning itself where they
        pass what is allowed there already, or where limits that were given keep the response from its target.
        """
        if self._fixed is not None and not math.isfinite(self._fixed):
            return begin, begin
        tested = np.log(self.dose[self.dose > 0])
        reach = np.array([tested.min() - REACH, tested.max() + REACH]) - begin
        low, high = self._passing(begin + np.outer(reach, _PLACES), allowed).tolist()
        return low, high

    def _passing(self, ways: Array, allowed: float) -> Array:
        """Where along each way the residuals first pass what is allowed; infinite where they do not."""
        side = np.arange(2)
        rss, inner = self._stretches(ways, allowed)
        never, at_once = (rss <= allowed).all(axis=1), rss[:, 0] > allowed
        near, far = ways[side, inner][:, None], ways[side, inner + 1][:, None]
        ways = near + (far - near) * np.linspace(0.0, 1.0, _CLOSER)
        rss, inner = self._stretches(ways, allowed)
        (near, far), (low, high) = (np.stack([numbers[side, inner + step] for step in (0, 1)]) for numbers in (ways, rss))
        ends = near + (far - near) * np.clip((allowed - low) / np.maximum(high - low, _TINY), 0.0, 1.0)
        return np.asarray(np.where(at_once, ways[:, 0], np.where(never, [-math.inf, math.inf], ends)))

    def _stretches(self, ways: Array, allowed: float) -> tuple[Array, Array]:
        """The residuals along each way, and the last place before they pass what is allowed."""
        rss = self.rss(ways.ravel()).reshape(ways.shape)
        return rss, np.maximum((rss > allowed).argmax(axis=1), 1) - 1

    def fit(self, shapes: Array, places: Array) -> Fit:
        """The nearest curve of each share and slope that keeps the held place; its one number is how far it drops."""
        with np.errstate(divide="ignore"):
            left = special.expit(np.exp(shapes[:, 1:]) * (places - np.log(self.dose)) + shapes[:, :1])
        if self.target is None:
            return self._half_way(left)
        share, rest = special.expit(shapes[:, :1]), np.broadcast_to(self.response - self.target, left.shape)
        untreated, plateau = self.limits
        if np.isnan(self.limits).all():
            drop, spanned = solved([left - share], rest)
            return Fit(left, drop, spanned, -outside(spanned, rest))
        drop = (self.target - plateau) / share if np.isnan(untreated) else (untreated - self.target) / (1.0 - share)
        return Fit(left, drop, [], drop * (left - share) - rest)

    def slopes(self, fit: Fit, shapes: Array) -> Array:
        """How residuals move with share and slope while the drop follows, shape `(2, place, reading)`."""
        share, bend = special.expit(shapes[:, :1]), fit.left * (1.0 - fit.left)
        away = np.where(bend > 0, special.logit(np.where(bend > 0, fit.left, 0.5)) - shapes[:, :1], 0.0)
        follows = -(1.0 - share) if np.isnan(self.limits[0]) else share  # how the drop moves where one limit is given
        turn = fit.numbers * (bend - share * (1.0 - share) + follows * (fit.left - share))
        return np.stack([outside(fit.spanned, turn), outside(fit.spanned, fit.numbers * bend * away)])

    def _half_way(self, left: Array) -> Fit:
        """The nearest curve whose fall from 1 to 0 is known: limits that were not given are solved for."""
        free, columns = np.isnan(self.limits), np.stack([left, 1.0 - left])
        rest = self.response - np.tensordot(self.limits[~free], columns[~free], axes=1)
        found, spanned = solved(list(columns[free]), rest)
        limits = np.tile(self.limits, (len(left), 1))
        limits[:, free] = found
        return Fit(left, limits[:, :1] - limits[:, 1:], spanned, -outside(spanned, rest))
