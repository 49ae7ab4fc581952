"""How much of a drug's effect a resistant line has lost, and what a co-drug gives back in dose. It knows curves, not causes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamarisk.errors import DataError
from tamarisk.measurement.dose_response import (
    Curve,
    dose_reaching,
    dose_response_curve,
    limits_differ_p,
    potency_ratio,
    ratio_bounds,
)
from tamarisk.measurement.estimate import Array, Estimate, experiment_mean
from tamarisk.measurement.growth import area_over_curve, growth_inhibition_of_doublings

HALF = 0.5  # the GR at which GR50 is read
LIMITS_DIFFER_P = 0.05  # below this two curves end at different responses and no single shift of dose links them


@dataclass(frozen=True, slots=True)
class DoseModification:
    """How many times less drug is needed beside a co-drug.

    Attributes:
        total: against vehicle; it rises whenever the co-drug alone slows growth.
        net: against the co-drug alone; only this is sensitisation.
    """

    total: Estimate
    net: Estimate


def lost_area(sensitive: npt.ArrayLike, resistant: npt.ArrayLike, *, dose: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """How much mean effect over the tested doses a resistant line has lost (dAOC): bounded, and defined for flat curves.

    Args:
        sensitive: GR of the sensitive line, shape `(experiment, dose)`.
        resistant: GR of the resistant line in the same experiments, shape `(experiment, dose)`.
        dose: doses in nM, positive and rising, shape `(dose,)`.
        level: coverage of the interval, between 0 and 1.

    Returns:
        GR_AOC of the sensitive less that of the resistant line, dimensionless, with the paired t interval.

    Raises:
        DataError: shapes do not fit, doses do not rise, or an experiment is missing.

    References: [@HAFNER2016].

    >>> print(lost_area([[0.8, 0.4], [0.7, 0.3], [0.9, 0.3]], [[1.0, 0.9], [0.9, 0.9], [1.0, 0.8]], dose=[1, 100]))
    0.35 (95 % 0.226 to 0.474, n = 3)
    """
    before, after = _lines(sensitive, resistant)
    return experiment_mean(area_over_curve(before, dose) - area_over_curve(after, dose), unit="", level=level)


def lost_maximum(sensitive: npt.ArrayLike, resistant: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """How much of the effect at the highest dose a resistant line has lost (dGRmax).

    Args:
        sensitive: GR of the sensitive line, shape `(experiment, dose)`, highest dose last.
        resistant: GR of the resistant line in the same experiments and doses, shape `(experiment, dose)`.
        level: coverage of the interval, between 0 and 1.

    Returns:
        GR of the resistant less that of the sensitive line at the highest dose, with the paired t interval.

    Raises:
        DataError: shapes do not fit, or an experiment is missing.

    References: [@HAFNER2016].

    >>> print(lost_maximum([[0.8, 0.4], [0.7, 0.3], [0.9, 0.3]], [[1.0, 0.9], [0.9, 0.9], [1.0, 0.8]]))
    0.533 (95 % 0.39 to 0.677, n = 3)
    """
    before, after = _lines(sensitive, resistant)
    return experiment_mean(after[:, -1] - before[:, -1], unit="", level=level)


def resistance_index(sensitive: Curve, resistant: Curve, *, level: float = 0.95) -> Estimate:
    """How many times more drug a resistant line needs for half of the growth effect (RI50); read it beside `lost_area`.

    Args:
        sensitive: GR curve of the sensitive line.
        resistant: GR curve of the resistant line.
        level: coverage of the interval, between 0 and 1.

    Returns:
        GR50 of the resistant over that of the sensitive line, interval on the log scale; only bounds where a line
        does not reach GR 0.5 within the tested doses or where the curves end at different responses.

    Raises:
        DataError: the curves were given different limits.

    References: [@HAFNER2016; @RITZ2015].

    >>> strong = dose_response_curve([1, 3, 10, 30, 100], [0.9, 0.7, 0.4, 0.2, 0.1], untreated=1.0)
    >>> weak = dose_response_curve([1, 3, 10, 30, 100], [1.0, 0.99, 0.95, 0.9, 0.85], untreated=1.0)
    >>> print(resistance_index(strong, weak))
    above 13.2 fold (n = 1)
    """
    needed = [dose_reaching(curve, HALF, level=level) for curve in (resistant, sensitive)]
    if not any(dose.is_bound for dose in needed):
        p = limits_differ_p(sensitive, resistant)
        if p < LIMITS_DIFFER_P:
            return ratio_bounds(*needed, reason=f"the curves end at different responses (F-test p = {p:.2g})")
    return potency_ratio(resistant, sensitive, target=HALF, level=level)


def dose_modification(
    dose: npt.ArrayLike, *, alone: npt.ArrayLike, combined: npt.ArrayLike, vehicle: float, codrug: float
) -> DoseModification:
    """How many times less of a drug is needed in the presence of a co-drug, in total and beyond the co-drug's own effect.

    Args:
        dose: doses of the drug in nM, positive, shape `(reading,)`.
        alone: doublings under the drug, shape `(reading,)`.
        combined: doublings under drug and co-drug, shape `(reading,)`.
        vehicle: doublings without either.
        codrug: doublings under the co-drug alone.

    Returns:
        The dose-modification factors GR50 alone over GR50 combined with 95 % intervals; bounds where a GR50 is not reached.

    Raises:
        DataError: vehicle or co-drug cells hardly grow, or there are too few doses for a curve.

    References: [@HAFNER2016].

    >>> hill = 1 / (1 + np.array([1.0, 3.0, 10.0, 30.0, 100.0]) / 10)
    >>> factor = dose_modification([1, 3, 10, 30, 100], alone=4 * hill, combined=3 * hill, vehicle=4.0, codrug=3.0)
    >>> round(factor.net.value, 3), round(factor.total.value, 1)
    (1.0, 2.5)
    """
    doses = np.asarray(dose, dtype=np.float64)
    after_codrug = float(growth_inhibition_of_doublings(codrug, vehicle))
    lone = dose_response_curve(doses, _gr(alone, vehicle), untreated=1.0)
    beside = dose_response_curve(doses, _gr(combined, codrug), untreated=1.0)
    net = potency_ratio(lone, beside, target=HALF)
    if after_codrug <= HALF:
        none_needed = Estimate(math.nan, 0.0, float(doses.min()), 0.95, 1, "nM", "the co-drug alone passes GR 0.5")
        return DoseModification(ratio_bounds(dose_reaching(lone, HALF), none_needed, reason=none_needed.method), net)
    against_vehicle = dose_response_curve(doses, _gr(combined, vehicle), untreated=after_codrug)
    return DoseModification(potency_ratio(lone, against_vehicle, target=HALF), net)


def _gr(doublings: npt.ArrayLike, reference: float) -> Array:
    grown = np.asarray(doublings, dtype=np.float64)
    return growth_inhibition_of_doublings(grown, np.full(grown.shape, reference))


def _lines(sensitive: npt.ArrayLike, resistant: npt.ArrayLike) -> tuple[Array, Array]:
    before, after = np.asarray(sensitive, dtype=np.float64), np.asarray(resistant, dtype=np.float64)
    if before.ndim != 2 or before.shape != after.shape:
        raise DataError(f"GR of shape {before.shape} and {after.shape}", hint="give both as (experiment, dose) with equal doses")
    return before, after
