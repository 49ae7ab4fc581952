"""The least squares behind log-logistic curves. It knows numbers and residuals, not what a curve is used for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array

HILL_RANGE = (0.1, 10.0)  # steeper than 10 no dose series can resolve
ON_SLOPE = 1e-3  # least product of the shares left and taken that some dose must show
MOST_STEPS = 60  # a real curve takes about ten; more is crawling along the valley of a step between two doses
REACH = math.log(100.0)  # an EC50 is sought up to 100-fold beyond the tested doses


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One dose series: doses in nM, zero or above, and their readings, both of shape `(reading,)`."""

    dose: Array
    response: Array


def sound_readings(dose: npt.ArrayLike, response: npt.ArrayLike) -> tuple[Array, Array]:
    """Doses and readings as arrays, after seeing that each reading has its dose.

    Args:
        dose: doses in nM, zero or above, shape `(reading,)`.
        response: readings, shape `(reading,)`.

    Returns:
        Both as arrays of shape `(reading,)`.

    Raises:
        DataError: a reading or a dose is missing, or a dose is negative.

    References: [@RITZ2015].

    >>> sound_readings([1, 10], [1.0, 0.5])[0]
    array([ 1., 10.])
    """
    doses, readings = np.asarray(dose, dtype=np.float64), np.asarray(response, dtype=np.float64)
    if doses.ndim != 1 or doses.shape != readings.shape:
        raise DataError(f"{doses.shape} doses but {readings.shape} readings", where="dose", hint="give one dose per reading")
    missing = np.flatnonzero(~np.isfinite(doses) | ~np.isfinite(readings)).tolist()
    if missing:
        raise DataError(f"reading(s) {missing} lack a dose or a response", where="response", hint="leave them out")
    if (doses < 0).any():
        raise DataError("a dose is negative", where="dose", hint="give doses in nM, not their logarithms")
    return doses, readings


def responses(numbers: npt.ArrayLike, dose: npt.ArrayLike) -> Array:
    """The responses that a log-logistic curve gives.

    Args:
        numbers: untreated response, plateau, natural log of the EC50 (nM), Hill slope; shape `(4,)`.
        dose: doses in nM, zero or above, any shape.

    Returns:
        Responses in the shape of `dose`.

    References: [@RITZ2015].

    >>> responses([1.0, 0.0, 0.0, 2.0], [0.0, 1.0, 3.0])
    array([1. , 0.5, 0.1])
    """
    untreated, plateau, log_ec50, hill = np.asarray(numbers, dtype=np.float64)
    return np.asarray(plateau + (untreated - plateau) * _left(np.asarray(dose, dtype=np.float64), log_ec50, hill))


def least_squares(series: Sequence[Series], limits: Array, start: Array) -> tuple[Array, float]:
    """The curves nearest to one or more dose series that share their limits.

    The limits enter linearly and are solved for exactly at every step; only EC50s and slopes are searched.

    Args:
        series: one or more dose series.
        limits: untreated response and plateau, NaN where they are to be found, shape `(2,)`.
        start: log EC50 and Hill slope of each series in turn, shape `(2 * series,)`.

    Returns:
        Untreated response, plateau, then log EC50 and Hill slope of each series; and the residual sum of squares.

    References: [@RITZ2015].

    >>> exact = Series(np.array([1.0, 3.0, 10.0, 30.0]), responses([1.0, 0.0, 2.0, 1.5], [1.0, 3.0, 10.0, 30.0]))
    >>> least_squares([exact], np.array([1.0, np.nan]), np.array([1.0, 1.0]))[0].round(4) + 0.0
    array([1. , 0. , 2. , 1.5])
    """
    places = [np.log(one.dose[one.dose > 0]) for one in series]
    low = [edge for place in places for edge in (place.min() - REACH, HILL_RANGE[0])]
    high = [edge for place in places for edge in (place.max() + REACH, HILL_RANGE[1])]

    def residuals(shapes: Array) -> Array:
        return _residuals(series, limits, shapes)

    begin = np.clip(start, low, high)
    fit = optimize.least_squares(
        residuals, begin, bounds=(low, high), jac="3-point", max_nfev=MOST_STEPS, xtol=1e-10, ftol=1e-10, gtol=1e-12
    )
    found = np.asarray(fit.x, dtype=np.float64)
    return np.concatenate([best_limits(series, limits, found), found]), 2.0 * float(fit.cost)


def best_limits(series: Sequence[Series], limits: Array, shapes: Array) -> Array:
    """The untreated response and plateau nearest to one or more dose series whose places and slopes are known.

    Args:
        series: one or more dose series.
        limits: untreated response and plateau, NaN where they are to be found, shape `(2,)`.
        shapes: log EC50 and Hill slope of each series in turn, shape `(2 * series,)`.

    Returns:
        Both limits, shape `(2,)`.

    References: [@RITZ2015].

    >>> best_limits([Series(np.array([0.0, 1.0]), np.array([2.0, 1.5]))], np.full(2, np.nan), np.array([0.0, 1.0])).round(6)
    array([2., 1.])
    """
    left = np.concatenate([_left(one.dose, *shape) for one, shape in zip(series, shapes.reshape(-1, 2), strict=True)])
    basis = np.stack([left, 1.0 - left], axis=1)
    free = np.isnan(limits)
    solved = limits.copy()
    if free.any():
        rest = np.concatenate([one.response for one in series]) - basis[:, ~free] @ limits[~free]
        solved[free] = np.linalg.lstsq(basis[:, free], rest)[0]
    return solved


def response_slopes(numbers: Array, dose: Array) -> Array:
    """How the responses move with each of the four numbers of a curve.

    Args:
        numbers: untreated response, plateau, log EC50, Hill slope; shape `(..., 4)`.
        dose: doses in nM, zero or above, shape `(reading,)`.

    Returns:
        The derivatives, shape `(..., reading, 4)`.

    References: [@RITZ2015].

    >>> response_slopes(np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.0, 1.0])).round(2) + 0.0
    array([[1.  , 0.  , 0.  , 0.  ],
           [0.5 , 0.5 , 0.25, 0.  ]])
    """
    untreated, plateau, log_ec50, hill = np.moveaxis(numbers, -1, 0)[..., None]
    left = _left(dose, log_ec50, hill)
    slope = (untreated - plateau) * left * (1.0 - left)
    distance = np.where(dose > 0, np.log(np.where(dose > 0, dose, 1.0)) - log_ec50, 0.0)
    return np.stack([left, 1.0 - left, slope * hill, -slope * distance], axis=-1)


def unit_covariances(numbers: Array, dose: Array, limits: Array) -> Array:
    """How uncertain the four numbers of each of many curves are, and together, for readings of unit variance.

    Args:
        numbers: untreated response, plateau, log EC50, Hill slope of each curve; shape `(series, 4)`.
        dose: the tested doses in nM, shape `(reading,)`.
        limits: untreated response and plateau that were given, NaN where they were found, shape `(2,)`.

    Returns:
        The covariances, shape `(series, 4, 4)`; 0 for a limit that was given, NaN where no dose lies on the slope, so that
        the numbers cannot be told apart.

    References: [@RITZ2015].

    >>> doses = np.array([1.0, 3.0, 10.0, 30.0, 100.0])
    >>> np.diag(unit_covariances(np.array([[1.0, 0.0, 2.0, 1.0]]), doses, np.array([1.0, 0.0]))[0]).round(2)
    array([0.  , 0.  , 7.04, 6.21])
    """
    left = _left(dose, numbers[:, 2:3], numbers[:, 3:4])
    free = np.concatenate([np.isnan(limits), [True, True]])
    jacobian = response_slopes(numbers, dose)[..., free]
    size = np.linalg.norm(jacobian, axis=1, keepdims=True)
    told = ((left * (1.0 - left)).max(axis=1) >= ON_SLOPE) & (size > 0).all(axis=(1, 2))
    scaled = jacobian[told] / size[told]
    spread = np.linalg.svd(scaled, compute_uv=False)
    told[told] = spread[:, -1] * 1e8 >= spread[:, 0]
    scaled, scale = jacobian[told] / size[told], size[told] * size[told].transpose(0, 2, 1)
    covariance = np.where(told[:, None, None], np.zeros((4, 4)), np.nan)
    held = np.flatnonzero(free)
    covariance[np.ix_(np.flatnonzero(told), held, held)] = np.linalg.inv(scaled.transpose(0, 2, 1) @ scaled) / scale
    return np.asarray(covariance)


def _left(dose: Array, log_ec50: float | Array, hill: float | Array) -> Array:
    """The share of the untreated response that is left at each dose; all of it at dose zero."""
    with np.errstate(divide="ignore"):
        return np.asarray(special.expit(hill * (log_ec50 - np.log(dose))), dtype=np.float64)


def _residuals(series: Sequence[Series], limits: Array, shapes: Array) -> Array:
    ends = best_limits(series, limits, shapes)
    pairs = zip(series, shapes.reshape(-1, 2), strict=True)
    return np.concatenate([responses(np.concatenate([ends, shape]), one.dose) - one.response for one, shape in pairs])
