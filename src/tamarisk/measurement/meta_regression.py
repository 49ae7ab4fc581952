"""Why studies differ: meta-regression, and Egger's test of small studies. It knows moderators, not causes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Estimate, per_experiment, t_quantile
from tamarisk.measurement.heterogeneity import (
    Heterogeneity,
    Spread,
    Studies,
    interval_in_words,
    knapp_factor,
    quantile,
    read_studies,
    variance_between,
)

FEWEST_FOR_EGGER = 10  # with fewer studies the test cannot tell small-study effects from chance


@dataclass(frozen=True, slots=True, eq=False)
class MetaRegression:
    """How the effect of a study goes with what the study is like.

    Attributes:
        coefficients: the effect where all moderators are 0 as "intercept", then its change per unit of each moderator.
        se: their standard errors, in the same order, shape `(coefficient,)`.
        tau2: variance between studies that the moderators leave.
        R2: share of the variance between studies that they explain, 0 to 1; NaN where there was none.
        p: p-value that they explain nothing.
    """

    coefficients: Mapping[str, Estimate]
    se: Array
    tau2: float
    R2: float
    p: float


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """Whether small studies show other effects than large ones (Egger).

    Attributes:
        slope: change of the effect per unit of its standard error; 0 where the funnel is symmetric.
        t: slope over its standard error.
        p: two-sided p-value on two less degrees of freedom than studies.
    """

    slope: Estimate
    t: float
    p: float


def meta_regression(
    effects: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    moderators: Mapping[str, npt.ArrayLike],
    method: Heterogeneity = "REML",
    spread: Spread = "Hartung-Knapp",
    level: float = 0.95,
) -> MetaRegression:
    """How the effect of a study goes with dose, line or latitude.

    Args:
        effects: one per independent study, as `random_effects` takes them, shape `(study,)`.
        variances: squared standard errors, shape `(study,)`.
        moderators: name of each moderator and its value in every study, shape `(study,)`.
        method: DL, PM or REML.
        spread: "Hartung-Knapp", on as many fewer degrees of freedom as there are coefficients, or "normal".
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The coefficients, what variance they leave, and the test of all moderators together.

    Raises:
        DataError: there are too few studies for the moderators, or moderators repeat one another.

    References: [@KNAPP2003; @VIECHTBAUER2005].

    >>> print(meta_regression([0.1, 0.2, 0.35, 0.4, 0.5], [0.01] * 5, moderators={"dose": [1, 2, 3, 4, 5]}).coefficients["dose"])
    0.1 (95 % -0.000638 to 0.201, n = 5)
    """
    studies, plain = read_studies(effects, variances, moderators), read_studies(effects, variances, {})
    tau2, before = variance_between(studies, method), variance_between(plain, method)
    beta, covariance = _with_spread(studies, tau2, spread)
    se, reach = np.sqrt(np.diag(covariance)), quantile(level, spread, df=studies.df)
    facts = (level, len(studies.effect), "", interval_in_words(method, spread, df=studies.df))
    named = zip(("intercept", *moderators), beta.tolist(), se.tolist(), strict=True)
    coefficients = {name: Estimate(b, b - reach * s, b + reach * s, *facts) for name, b, s in named}
    R2 = max(0.0, 1.0 - tau2 / before) if before else math.nan
    return MetaRegression(coefficients, se, tau2, R2, _explains_p(beta[1:], covariance[1:, 1:], spread, studies.df))


def egger(effects: npt.ArrayLike, variances: npt.ArrayLike, *, level: float = 0.95) -> Asymmetry:
    """Whether small studies show larger effects, as where those that found nothing were not published.

    Args:
        effects: as `random_effects`, at least ten studies.
        variances: likewise.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The slope of the effect on its standard error, weighted by precision, with its t test.

    Raises:
        DataError: there are fewer than ten studies, all equally precise, or a variance is not positive.

    References: [@EGGER1997; @STERNE2011].

    >>> round(egger([0.1, 0.2, 0.1, 0.3, 0.2, 0.4, 0.3, 0.5, 0.6, 0.7], np.linspace(0.1, 0.5, 10) ** 2).p, 4)
    0.0004
    """
    k = len(per_experiment(effects, where="effects"))
    if k < FEWEST_FOR_EGGER:
        raise DataError(f"{k} studies are too few to tell asymmetry from chance", where="effects", hint="ten are the least")
    errors = np.sqrt(read_studies(effects, variances, {}).variance)
    studies = read_studies(effects, variances, {"standard error": errors})
    beta, covariance = studies.coefficients(0.0)
    se = math.sqrt(studies.squares(0.0) / (k - 2) * float(covariance[1, 1]))
    slope, half = float(beta[1]), t_quantile(level, df=k - 2) * se
    found = Estimate(slope, slope - half, slope + half, level, k, "", f"weighted regression, df {k - 2}")
    return Asymmetry(found, slope / se, 2.0 * float(special.stdtr(k - 2, -abs(slope / se))))


def _with_spread(studies: Studies, tau2: float, spread: Spread) -> tuple[Array, Array]:
    """Coefficients, and their covariance as the interval takes it."""
    if studies.design.shape[1] == 1:
        raise DataError("there is no moderator", where="moderators", hint="use random_effects")
    beta, covariance = studies.coefficients(tau2)
    return beta, covariance * (knapp_factor(studies, tau2) if spread == "Hartung-Knapp" else 1.0)


def _explains_p(slopes: Array, covariance: Array, spread: Spread, df: int) -> float:
    """p-value that no moderator explains anything."""
    explained = float(slopes @ np.linalg.solve(covariance, slopes))
    if spread == "Hartung-Knapp":
        return float(special.fdtrc(len(slopes), df, explained / len(slopes)))
    return float(special.chdtrc(len(slopes), explained))
