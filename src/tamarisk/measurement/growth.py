"""Growth of treated against untreated cells. It knows counts, not where they were counted or what the drug was."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array

LEAST_DOUBLINGS = 0.25  # a reference that grows less (19 % more cells) makes GR a ratio of counting errors


def doublings(end: npt.ArrayLike, start: npt.ArrayLike) -> Array:
    """How often a population doubled.

    Below 0 cells were lost. It stays defined where controls hardly grow, which GR does not.

    Args:
        end: cells at the end, any shape, positive; NaN where a member failed.
        start: cells when treatment began; its shape is the leading part of the shape of `end`.

    Returns:
        log2 of the fold growth, in the shape of `end`.

    Raises:
        DataError: a count is not positive, or the shapes do not fit.

    References: [@HAFNER2016].

    >>> doublings([[200.0, 50.0]], [100.0])
    array([[ 1., -1.]])
    """
    last, first = _counts(end, where="end"), _counts(start, where="start")
    return np.log2(last / _alongside(first, last, where="start"))


def growth_inhibition(treated: npt.ArrayLike, control: npt.ArrayLike, *, start: npt.ArrayLike) -> Array:
    """How much a treatment slows growth, freed from how fast the cells divide (GR).

    1 is no effect, 0 full arrest, below 0 the population shrinks, above 1 the treatment speeds growth.

    Args:
        treated: cells at the end under treatment, shape `(member, dose)`, positive.
        control: cells at the end without treatment, shape `(member,)`, positive.
        start: cells when treatment began, shape `(member,)`, positive.

    Returns:
        GR, dimensionless, shape `(member, dose)`.

    Raises:
        DataError: a count is not positive, or a control made fewer than 0.25 doublings.

    References: [@HAFNER2016].

    >>> growth_inhibition([[200.0, 100.0]], [400.0], start=[100.0])
    array([[0.41421356, 0.        ]])
    """
    return growth_inhibition_of_doublings(doublings(treated, start), doublings(control, start))


def growth_inhibition_of_doublings(treated: npt.ArrayLike, reference: npt.ArrayLike) -> Array:
    """GR where doublings are at hand: treated cells against a reference of one's choice, such as the co-drug alone.

    Args:
        treated: doublings under treatment, shape `(member, ...)`.
        reference: doublings of the reference; its shape is the leading part of the shape of `treated`.

    Returns:
        GR, dimensionless, in the shape of `treated`.

    Raises:
        DataError: a reference made fewer than 0.25 doublings, or the shapes do not fit.

    References: [@HAFNER2016].

    >>> growth_inhibition_of_doublings([1.5], [5.0]).round(4)
    array([0.2311])
    """
    grown, base = np.asarray(treated, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    slow = np.flatnonzero(np.atleast_1d(base < LEAST_DOUBLINGS)).tolist()
    if slow:
        raise DataError(
            f"the control of member(s) {slow} made fewer than {LEAST_DOUBLINGS} doublings, so GR has no denominator",
            hint="compare doublings instead",
        )
    return np.exp2(grown / _alongside(base, grown, where="reference")) - 1.0


def relative_count(treated: npt.ArrayLike, control: npt.ArrayLike) -> Array:
    """Treated cells as a share of control cells: simple, but it depends on how fast the cells divide.

    Args:
        treated: cells at the end under treatment, shape `(member, ...)`, positive.
        control: cells at the end without treatment; its shape is the leading part of the shape of `treated`.

    Returns:
        The share, dimensionless, in the shape of `treated`.

    Raises:
        DataError: a count is not positive, or the shapes do not fit.

    References: [@HAFNER2016].

    >>> relative_count([[200.0, 100.0]], [400.0])
    array([[0.5 , 0.25]])
    """
    cells, reference = _counts(treated, where="treated"), _counts(control, where="control")
    return cells / _alongside(reference, cells, where="control")


def effect(growth: npt.ArrayLike) -> Array:
    """How much of the growth a treatment takes away: 0 nothing, 1 all of it, above 1 cells are lost.

    Args:
        growth: GR, dimensionless, any shape, above -1.

    Returns:
        1 - GR, in the same shape.

    References: [@HAFNER2016].

    >>> effect([1.0, 0.25])
    array([0.  , 0.75])
    """
    return 1.0 - np.asarray(growth, dtype=np.float64)


def area_over_curve(growth: npt.ArrayLike, dose: npt.ArrayLike) -> Array:
    """The mean effect over the tested doses (GR_AOC): defined for flat curves, where no GR50 exists.

    Args:
        growth: GR, dimensionless, shape `(..., dose)`.
        dose: doses, positive and rising, shape `(dose,)`; compare areas over the same doses only.

    Returns:
        The area between 1 and the curve over log dose, divided by the log range, shape `(...)`.

    Raises:
        DataError: fewer than two doses, or doses that are not positive and rising.

    References: [@HAFNER2016].

    >>> area_over_curve([1.0, 0.5, 0.0], [1.0, 10.0, 100.0]).item()
    0.5
    """
    values, doses = _dose_series(growth, dose)
    place = np.log10(doses)
    return np.asarray(np.trapezoid(effect(values), place, axis=-1) / (place[-1] - place[0]))


def GR_max(growth: npt.ArrayLike, dose: npt.ArrayLike) -> Array:
    """The strongest effect seen at the top of the dose range (GRmax): the lower GR of the two highest doses.

    Args:
        growth: GR, dimensionless, shape `(..., dose)`.
        dose: doses, positive and rising, shape `(dose,)`.

    Returns:
        GR, dimensionless, shape `(...)`.

    Raises:
        DataError: fewer than two doses, or doses that are not positive and rising.

    References: [@HAFNER2016].

    >>> GR_max([1.0, 0.4, 0.5], [1.0, 10.0, 100.0]).item()
    0.4
    """
    values, _ = _dose_series(growth, dose)
    return np.asarray(values[..., -2:].min(axis=-1))


def _dose_series(growth: npt.ArrayLike, dose: npt.ArrayLike) -> tuple[Array, Array]:
    values, doses = np.asarray(growth, dtype=np.float64), np.asarray(dose, dtype=np.float64)
    if doses.ndim != 1 or values.shape[-1:] != doses.shape:
        raise DataError(f"shape {doses.shape} does not fit GR of shape {values.shape}", where="dose", hint="put doses last")
    if len(doses) < 2 or (doses <= 0).any() or (np.diff(doses) <= 0).any():
        raise DataError("at least two doses, positive and rising, make an area", where="dose", hint="leave the vehicle out")
    return values, doses


def _counts(cells: npt.ArrayLike, *, where: str) -> Array:
    counts = np.asarray(cells, dtype=np.float64)
    if (counts <= 0).any():
        raise DataError("a count is not positive", where=where, hint="add the assay's detection limit")
    return counts


def _alongside(reference: Array, values: Array, *, where: str) -> Array:
    if reference.shape != values.shape[: reference.ndim]:
        raise DataError(f"shape {reference.shape} does not lead shape {values.shape}", where=where, hint="give one per member")
    return reference.reshape(reference.shape + (1,) * (values.ndim - reference.ndim))
