"""Which dose-response curve the readings ask for. It knows F-tests of nested curves, not what a curve would mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.dose_response import EXACT, Curve, dose_response_curve
from tamarisk.measurement.estimate import Array
from tamarisk.measurement.hormesis import HormeticCurve, hormetic_curves
from tamarisk.measurement.log_logistic import sound_readings
from tamarisk.measurement.many_series import least_squares_of_many

CHOICE_P = 0.05  # below this the simpler of two curves does not do


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The simplest curve that the readings do not contradict.

    Attributes:
        curve: the log-logistic curve, with the supposed plateau or one of its own; flat where dose has no effect.
        hormetic: the curve that rises first, where the readings ask for it; None elsewhere.
        plateau_p: p-value of the F-test of the supposed plateau against one of the curve's own.
        reason: the F-tests in a sentence.
    """

    curve: Curve
    hormetic: HormeticCurve | None
    plateau_p: float
    reason: str


def simplest_curve(dose: npt.ArrayLike, response: npt.ArrayLike, *, plateau: float, untreated: float | None = None) -> Choice:
    """The simplest of four curves: flat, falling to a supposed plateau, falling to its own plateau, or rising first.

    Args:
        dose: doses in nM, zero (vehicle) or above, shape `(reading,)`.
        response: responses, shape `(reading,)`.
        plateau: the supposed response at a saturating dose, such as 0 for relative counts.
        untreated: response without drug, where it is known.

    Returns:
        The curve with the F-tests that led to it, each at 5 %.

    Raises:
        DataError: a reading is missing, a dose is negative, there are too few doses for a stimulated curve, or none lies on
            the slope.

    References: [@RITZ2015; @BRAINCOUSENS1989].

    >>> doses = [0.3, 1, 3, 10, 30, 100, 300]
    >>> choice = simplest_curve(doses, [1.0, 0.98, 0.9, 0.68, 0.5, 0.44, 0.41], plateau=0.0, untreated=1.0)
    >>> round(choice.curve.plateau, 2), choice.hormetic
    (0.41, None)
    """
    own = plateau_p(dose, response, plateau=plateau, untreated=untreated).item()
    supposed = plateau if own >= CHOICE_P else None
    (rising,) = hormetic_curves(dose, np.atleast_2d(response), untreated=untreated, plateau=supposed)
    stimulated = rising.hormesis_p if isinstance(rising, HormeticCurve) else 1.0
    curve = dose_response_curve(dose, response, untreated=untreated, plateau=supposed)
    reason = f"its own plateau p = {own:.2g}, stimulation p = {stimulated:.2g}, no effect p = {curve.flat_p:.2g}"
    return Choice(curve, rising if isinstance(rising, HormeticCurve) and rising.is_hormetic else None, own, reason)


def plateau_p(dose: npt.ArrayLike, response: npt.ArrayLike, *, plateau: float, untreated: float | None = None) -> Array:
    """Whether the readings end elsewhere than supposed: three against four numbers, or two against three.

    Args:
        dose: doses in nM, zero (vehicle) or above, shape `(reading,)`.
        response: responses, shape `(..., reading)`.
        plateau: the supposed response at a saturating dose.
        untreated: response without drug, where it is known.

    Returns:
        p-values of the F-test of the supposed plateau against each series' own, shape `(...)`.

    Raises:
        DataError: a reading is missing, a dose is negative, or readings are too few.

    References: [@RITZ2015].

    >>> plateau_p([1, 3, 10, 30, 100], [1.1, 0.9, 0.6, 0.25, 0.1], plateau=0.0, untreated=1.0).round(2).item()
    0.53
    """
    table = np.asarray(response, dtype=np.float64)
    series = np.atleast_2d(table)
    for one in series:
        doses, _ = sound_readings(dose, one)
    start = np.nan if untreated is None else untreated
    supposed, own = (least_squares_of_many(doses, series, np.array([start, end]))[1] for end in (plateau, np.nan))
    df = len(doses) - 3 - int(np.isnan(start))
    if df < 1:
        raise DataError(f"{len(doses)} readings do not tell one plateau from another", where="dose", hint="test more doses")
    gain = np.maximum(supposed - own, 0.0)
    p = special.fdtrc(1, df, gain / np.maximum(own / df, np.finfo(float).tiny))
    return np.asarray(np.where(supposed <= EXACT * (series**2).sum(axis=1), 1.0, p)).reshape(table.shape[:-1])
