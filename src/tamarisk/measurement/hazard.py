"""Hazard ratios by Cox regression, with a check that they hold at all times. It knows covariates, not what was randomised."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Estimate, Mask
from tamarisk.measurement.survival import follow_up, kaplan_meier, normal_quantile

_LONGEST_LOG = (
    10.0  # a hazard ratio beyond e to the 10 over a covariate's range means that a covariate separates those with the event
)


@dataclass(frozen=True, slots=True, eq=False)
class Cox:
    """How covariates multiply the hazard of the event.

    Attributes:
        ratios: hazard ratio per unit of each covariate, by name; `n` counts patients.
        log_ratio: natural logs of these, in the same order, shape `(covariate,)`.
        se: their standard errors, same shape.
        p: their two-sided p-values, same shape.
        events: events seen.
        proportional: of each covariate, chi-squared against a ratio that changes with time, by name.
        proportional_p: p-values of these; where one is small no single hazard ratio tells the story: read the restricted mean.
    """

    ratios: Mapping[str, Estimate]
    log_ratio: Array
    se: Array
    p: Array
    events: int
    proportional: Mapping[str, float]
    proportional_p: Mapping[str, float]


def cox(time: npt.ArrayLike, event: npt.ArrayLike, *, covariates: Mapping[str, npt.ArrayLike], level: float = 0.95) -> Cox:
    """Hazard ratios with events at the same visit tied as Efron has it, and the test that hazards are proportional.

    A ratio changes when covariates are left out (it is non-collapsible), and virtual patients in both arms are pairs: tell
    their contrasts too. The test takes the covariate times one less the survival curve as a further covariate.

    Args:
        time: follow-up of each patient, above 0, shape `(patient,)`.
        event: 1 where it ended in the event, else 0, same shape.
        covariates: name and values of each, 0 and 1 for an arm, shape `(patient,)`.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The ratios with normal intervals on the log scale.

    Raises:
        DataError: statsmodels is not installed, times or covariates cannot be read, or a covariate separates the events.

    References: [@COX1972; @EFRON1977; @GRAMBSCH1994].

    >>> found = cox([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], covariates={"arm": [0, 1, 0, 0, 1, 1]})
    >>> print(found.ratios["arm"])
    0.248 fold (95 % 0.0253 to 2.43, n = 6)
    """
    models = _statsmodels()
    times, events = follow_up(time, event)
    design = _design(covariates, len(times))
    beta, se = _fitted(models, times, events, design)
    reach = normal_quantile(level)
    ends = np.exp([beta, beta - reach * se, beta + reach * se]).T.tolist()
    ratios = {
        name: Estimate(value, low, high, level, len(times), "fold", "Cox, Efron ties, normal on the log scale")
        for name, (value, low, high) in zip(covariates, ends, strict=True)
    }
    chi2 = dict(zip(covariates, _against_change(times, events, design, beta), strict=True))
    ph_p = {name: float(special.chdtrc(1, value)) for name, value in chi2.items()}
    return Cox(ratios, beta, se, 2.0 * special.ndtr(-np.abs(beta / se)), int(events.sum()), chi2, ph_p)


def _statsmodels() -> ModuleType:
    try:
        return import_module("statsmodels.duration.hazard_regression")
    except ImportError:
        what = "Cox regression needs statsmodels, which is not installed"
        raise DataError(what, hint="install tamarisk[survival]") from None


def _fitted(models: ModuleType, times: Array, events: Mask, design: Array) -> tuple[Array, Array]:
    """Log hazard ratios and their standard errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that does not converge is refused below in our own words
        fit = models.PHReg(times, design, status=events.astype(int), ties="efron").fit(disp=0)
    beta, se = np.asarray(fit.params, dtype=np.float64), np.asarray(fit.bse, dtype=np.float64)
    if not (np.isfinite(se).all() and np.abs(beta * np.ptp(design, axis=0)).max() < _LONGEST_LOG):
        raise DataError("a covariate separates those with the event from those without", where="covariates", hint="leave it out")
    return beta, se


def _design(covariates: Mapping[str, npt.ArrayLike], patients: int) -> Array:
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in covariates.items()}
    if not columns:
        raise DataError("there is no covariate", where="covariates", hint="use kaplan_meier")
    for name, column in columns.items():
        if column.shape != (patients,) or not np.isfinite(column).all():
            raise DataError(f"'{name}' is not one number per patient", where="covariates", hint="leave out who lacks one")
    design = np.column_stack(list(columns.values()))
    if np.linalg.matrix_rank(design - design.mean(axis=0)) < len(columns):
        raise DataError("covariates repeat one another or do not vary", where="covariates", hint="leave one out")
    return design


def _against_change(times: Array, events: Mask, design: Array, beta: Array) -> list[float]:
    """Score tests that the coefficient of each covariate does not change with one less the survival curve."""
    count = design.shape[1]
    curve = kaplan_meier(times, events, unit="")
    passed = 1.0 - np.concatenate([[1.0], curve.survival[:-1]])
    hazard = np.exp((design - design.mean(axis=0)) @ beta)
    score, information = np.zeros(count), np.zeros((3, count, count))
    for moment, clock in zip(curve.time, passed, strict=True):
        at_risk = times >= moment
        tied = ((times == moment) & events)[at_risk]
        residual, spread = _at_event(design[at_risk], hazard[at_risk], tied)
        score += clock * residual
        information += np.multiply.outer([1.0, clock, clock**2], spread)
    plain, crossed, squared = information
    found = []
    for one in range(count):
        whole = np.block([[plain, crossed[:, [one]]], [crossed[[one]], squared[one, one]]])
        found.append(float(score[one] ** 2 * np.linalg.inv(whole)[-1, -1]))
    return found


def _at_event(design: Array, hazard: Array, tied: Mask) -> tuple[Array, Array]:
    """What those with the event exceed those at risk by, summed over ties, and its covariance (Efron)."""
    ties = int(tied.sum())
    weight = hazard - np.outer(np.arange(ties) / ties, np.where(tied, hazard, 0.0))
    weight /= weight.sum(axis=1, keepdims=True)
    mean = weight @ design
    spread = (design * weight.sum(axis=0)[:, None]).T @ design - mean.T @ mean
    return design[tied].sum(axis=0) - mean.sum(axis=0), spread
