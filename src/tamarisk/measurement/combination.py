"""Two drugs on a dose matrix against what each does alone: HSA, Bliss and Loewe. It knows effects, not whether a gap is noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from tamarisk.errors import DataError
from tamarisk.measurement.dose_response import Curve, dose_response_curve
from tamarisk.measurement.estimate import Array
from tamarisk.measurement.log_logistic import HILL_RANGE

LARGEST_EFFECT = 1.5  # noise may lift an effect above 1, but not this far: beyond it numbers are percent or a fit ran away
FARTHEST_EC50 = 10.0  # an EC50 more than ten-fold outside the tested doses is a guess
_FIT_NOTHING = "use hsa or bliss, which fit nothing, or test more doses"


@dataclass(frozen=True, slots=True, eq=False)
class DoseMatrix:
    """Effects of two drugs alone and together, made by `dose_matrix`.

    Attributes:
        first: doses of the first drug in nM, zero first, rising, shape `(first dose,)`.
        second: doses of the second drug likewise, shape `(second dose,)`.
        effect: share of growth or signal taken away, 0 as vehicle and 1 all of it, shape `(first dose, second dose)`;
            NaN where a combination was not measured.
    """

    first: Array
    second: Array
    effect: Array


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What one model of no interaction expects, and how far the drugs go beyond it.

    Attributes:
        model: HSA, Bliss, Loewe or ZIP.
        expected: effect without interaction, shape `(first dose, second dose)`; NaN where the model has none.
        excess: effect beyond the expected one, above 0 where the drugs help each other, same shape; 0 where one is absent.
        caveats: what the reader must know of these numbers, one sentence each.
    """

    model: str
    expected: Array
    excess: Array
    caveats: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Mean excess over the combinations that have one; it describes one matrix and tests nothing."""
        together = self.excess[1:, 1:]
        return float(np.nanmean(together)) if np.isfinite(together).any() else math.nan


def dose_matrix(effect: npt.ArrayLike, *, first: npt.ArrayLike, second: npt.ArrayLike) -> DoseMatrix:
    """A dose matrix, after seeing that it can be read only one way.

    Args:
        effect: share of growth or signal taken away, shape `(first dose, second dose)`, drugs alone in the first column
            and row; NaN for combinations that were not measured.
        first: doses of the first drug in nM, zero first, rising, shape `(first dose,)`.
        second: doses of the second drug likewise, shape `(second dose,)`.

    Returns:
        The matrix.

    Raises:
        DataError: shapes do not fit, doses do not rise from zero, a drug alone lacks a number, or effects are percent.

    References: [@BLISS1939].

    >>> dose_matrix([[0.0, 0.3], [0.4, 0.7]], first=[0, 10], second=[0, 5]).effect.shape
    (2, 2)
    """
    doses = [np.asarray(one, dtype=np.float64) for one in (first, second)]
    effects = np.asarray(effect, dtype=np.float64)
    for name, one in zip(("first", "second"), doses, strict=True):
        if one.ndim != 1 or len(one) < 2 or not np.isfinite(one).all() or one[0] != 0 or (np.diff(one) <= 0).any():
            raise DataError("the doses do not rise from zero", where=name, hint="give nM, the well without the drug first")
    if effects.shape != (len(doses[0]), len(doses[1])):
        shape = f"({len(doses[0])}, {len(doses[1])})"
        raise DataError(f"shape {effects.shape} is not {shape}", where="effect", hint="one row per dose of the first drug")
    if not (np.isfinite(effects[0]).all() and np.isfinite(effects[:, 0]).all()):
        raise DataError("a drug alone lacks a number", where="effect", hint="leave that dose out; wells are never guessed")
    if np.isinf(effects).any() or np.nanmax(effects) > LARGEST_EFFECT:
        raise DataError(f"effects reach {np.nanmax(effects):.3g}", where="effect", hint="give shares taken away, not percent")
    return DoseMatrix(doses[0], doses[1], effects)


def hsa(matrix: DoseMatrix) -> Scores:
    """How far two drugs together go beyond the better of both alone (highest single agent).

    Args:
        matrix: effects alone and together.

    Returns:
        Expected and excess effect of every combination.

    References: [@BERENBAUM1989].

    >>> round(hsa(dose_matrix([[0.0, 0.3], [0.4, 0.7]], first=[0, 10], second=[0, 5])).mean, 3)
    0.3
    """
    return scores("HSA", matrix, np.maximum(matrix.effect[:, :1], matrix.effect[:1, :]))


def bliss(matrix: DoseMatrix) -> Scores:
    """How far two drugs together go beyond independence: each leaves alive its share of what the other leaves.

    Where effects are shares of final counts this is additivity of doublings, which `surface` tests; shares hide it near 1.

    Args:
        matrix: effects alone and together.

    Returns:
        Expected and excess effect of every combination.

    References: [@BLISS1939].

    >>> round(bliss(dose_matrix([[0.0, 0.3], [0.4, 0.7]], first=[0, 10], second=[0, 5])).mean, 3)
    0.12
    """
    return scores("Bliss", matrix, 1.0 - (1.0 - matrix.effect[:, :1]) * (1.0 - matrix.effect[:1, :]))


def loewe(matrix: DoseMatrix) -> Scores:
    """How far two drugs together go beyond dose additivity: each replaces the other as a dilution of it would.

    Args:
        matrix: effects alone and together, at least four doses above zero of each drug.

    Returns:
        Expected and excess effect; NaN where one drug alone already exceeds the full effect of the other, because then no
        dose of the weaker equals it.

    Raises:
        DataError: the curve of a drug alone is not well behaved.

    References: [@LOEWE1953; @RITZ2015].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0])
    >>> total = doses[:, None] + doses  # a drug with itself
    >>> sham = loewe(dose_matrix(total / (total + 5.0), first=doses, second=doses))
    >>> bool(np.abs(sham.excess).max() < 1e-6)
    True
    """
    curves = [single_agent(matrix, drug) for drug in (0, 1)]
    expected = matrix.effect.copy()
    for row, column in np.ndindex(len(matrix.first) - 1, len(matrix.second) - 1):
        doses = (float(matrix.first[row + 1]), float(matrix.second[column + 1]))
        expected[row + 1, column + 1] = _additive_effect(doses, curves)
    return scores("Loewe", matrix, expected)


def single_agent(matrix: DoseMatrix, drug: int) -> Curve:
    """The curve of one drug alone, from no effect up to its plateau.

    Args:
        matrix: effects alone and together.
        drug: 0 for the first drug, 1 for the second.

    Returns:
        The curve.

    Raises:
        DataError: the curve is not well behaved, or the drug alone lowers the effect.

    References: [@RITZ2015].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0])
    >>> total = doses[:, None] + doses
    >>> round(float(np.exp(single_agent(dose_matrix(total / (total + 5.0), first=doses, second=doses), 0).log_ec50)), 6)
    5.0
    """
    dose, effect = (matrix.first, matrix.effect[:, 0]) if drug == 0 else (matrix.second, matrix.effect[0])
    name = f"the {'second' if drug else 'first'} drug alone"
    curve = well_behaved_curve(dose, effect, untreated=0.0, where=name)
    if curve.plateau <= 0:
        raise DataError("the drug stimulates, so no dose of it can replace an inhibitor", where=name, hint="use agonism")
    return curve


def well_behaved_curve(dose: Array, effect: Array, *, untreated: float, where: str, level: bool = False) -> Curve:
    """A dose-response curve of effects that the data pin down, or the sentence that says why there is none.

    Args:
        dose: doses in nM, zero first, shape `(dose,)`.
        effect: effects, shape `(dose,)`; the one at zero is not fitted, the curve starts from `untreated`.
        untreated: effect without the drug.
        where: which drug beside what, for the error.
        level: whether effects that do not change with dose will do, as where only the fitted effects are asked for.

    Returns:
        The curve.

    Raises:
        DataError: the curve is flat, a step between two doses, or has its EC50 or plateau far outside what was tested.

    References: [@RITZ2015].

    >>> dose = np.array([0.0, 1.0, 3.0, 10.0, 30.0])
    >>> round(well_behaved_curve(dose, dose / (dose + 5.0), untreated=0.0, where="the first drug alone").plateau, 6)
    1.0
    """
    try:
        curve = dose_response_curve(dose[1:], effect[1:], untreated=untreated)
    except DataError as error:
        raise DataError(error.what, where=where, hint=_FIT_NOTHING) from None
    fault = "" if level and curve.is_flat else _fault(curve)
    if fault:
        raise DataError(f"the curve is not well behaved: {fault}", where=where, hint=_FIT_NOTHING)
    return curve


def scores(model: str, matrix: DoseMatrix, expected: Array) -> Scores:
    """The excess over an expectation, with the caveats that the matrix itself raises.

    Args:
        model: name of the model.
        matrix: effects alone and together.
        expected: effect without interaction, shape `(first dose, second dose)`; NaN where the model has none.

    Returns:
        The scores; drugs alone have no excess.

    References: [@BERENBAUM1989].

    >>> stimulated = dose_matrix([[0.0, -0.4], [0.4, 0.2]], first=[0, 10], second=[0, 5])
    >>> scores("HSA", stimulated, stimulated.effect).caveats
    ('an effect reaches -0.4: a drug that stimulates has no share taken away to combine, so read doublings instead',)
    """
    excess = matrix.effect - expected
    excess[0], excess[:, 0] = 0.0, 0.0
    caveats = []
    lowest, vehicle = float(np.nanmin(matrix.effect)), float(matrix.effect[0, 0])
    if lowest < -0.1:
        share = "a drug that stimulates has no share taken away to combine"
        caveats.append(f"an effect reaches {lowest:.2g}: {share}, so read doublings instead")
    if abs(vehicle) > 0.05:
        caveats.append(f"the vehicle itself has effect {vehicle:.2g}: effects should be relative to it")
    undefined = int((np.isnan(expected) & np.isfinite(matrix.effect))[1:, 1:].sum())
    if undefined:
        reason = "one drug alone already exceeds the full effect of the other"
        caveats.append(f"{undefined} combination(s) have no {model} expectation: {reason}")
    return Scores(model, expected, excess, tuple(caveats))


def _fault(curve: Curve) -> str:
    """Why a curve cannot be trusted; empty where it can."""
    if curve.is_flat:
        return f"no effect of dose is shown (F-test p = {curve.flat_p:.2g})"
    lowest, highest = curve.tested
    middle = math.exp(curve.log_ec50)
    if not lowest / FARTHEST_EC50 <= middle <= highest * FARTHEST_EC50:
        return f"its EC50 of {middle:.2g} nM lies more than ten-fold outside the tested {lowest:g} to {highest:g} nM"
    if not HILL_RANGE[0] * 1.01 < curve.hill < HILL_RANGE[1] * 0.99:
        return f"its slope of {curve.hill:.2g} is a step between two doses"
    if abs(curve.plateau) > LARGEST_EFFECT:
        return f"its plateau of {curve.plateau:.2g} is no share"
    return ""


def _additive_effect(doses: tuple[float, float], curves: list[Curve]) -> float:
    """The effect at which both doses together make up one equally effective dose; NaN where the weaker drug has none."""
    weaker = min(curve.plateau for curve in curves)

    def log_sum(effect: float) -> float:
        first, second = (math.log(dose) - _log_dose(curve, effect) for dose, curve in zip(doses, curves, strict=True))
        return float(np.logaddexp(first, second))

    ends = (weaker * 1e-12, weaker * (1.0 - 1e-12))
    if log_sum(ends[0]) <= 0 or log_sum(ends[1]) >= 0:
        return math.nan
    return float(optimize.brentq(log_sum, *ends, xtol=1e-14))


def _log_dose(curve: Curve, effect: float) -> float:
    return curve.log_ec50 + (math.log(effect) - math.log(curve.plateau - effect)) / curve.hill
