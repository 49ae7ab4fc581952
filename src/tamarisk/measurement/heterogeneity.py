"""How much studies differ beyond chance: weighted least squares and the variance between studies. It knows numbers only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, side_by_side, t_quantile

Heterogeneity: TypeAlias = Literal["DL", "PM", "REML"]
Spread: TypeAlias = Literal["Hartung-Knapp", "normal"]


@dataclass(frozen=True, slots=True, eq=False)
class Studies:
    """Effects of independent studies and what each is explained by, made by `read_studies`.

    Attributes:
        effect: one per study, shape `(study,)`.
        variance: squared standard errors, shape `(study,)`.
        design: 1 and the moderators of each study, shape `(study, coefficient)`.
    """

    effect: Array
    variance: Array
    design: Array

    @property
    def df(self) -> int:
        """Studies less coefficients."""
        studies, coefficients = self.design.shape
        return int(studies - coefficients)

    def coefficients(self, tau2: float) -> tuple[Array, Array]:
        """Coefficients by weighted least squares, and their covariance, where studies differ by a variance `tau2`."""
        weighted = self.design / (self.variance + tau2)[:, None]
        covariance = np.asarray(np.linalg.inv(weighted.T @ self.design), dtype=np.float64)
        return covariance @ weighted.T @ self.effect, covariance

    def squares(self, tau2: float) -> float:
        """Weighted squares of what the coefficients leave (Q where `tau2` is 0)."""
        residual = self.effect - self.design @ self.coefficients(tau2)[0]
        return float((residual**2 / (self.variance + tau2)).sum())

    def projection(self, tau2: float) -> Array:
        """The matrix that takes effects to their weighted residuals, shape `(study, study)`."""
        weight = 1.0 / (self.variance + tau2)
        weighted = self.design * weight[:, None]
        return np.diag(weight) - weighted @ self.coefficients(tau2)[1] @ weighted.T


def read_studies(effects: npt.ArrayLike, variances: npt.ArrayLike, moderators: Mapping[str, npt.ArrayLike]) -> Studies:
    """Studies after seeing that they can be put together.

    Args:
        effects: one per independent study, on a log scale where they are ratios, shape `(study,)`.
        variances: squared standard errors, shape `(study,)`.
        moderators: name of each moderator and its value in every study, shape `(study,)`.

    Returns:
        The studies.

    Raises:
        DataError: a number is missing, a variance is not positive, studies are too few, or moderators repeat one another.

    References: [@HIGGINS2002].

    >>> read_studies([0.1, 0.3], [0.01, 0.02], {}).df
    1
    """
    effect, variance, *columns = side_by_side({"effects": effects, "variances": variances, **moderators})
    if (variance <= 0).any():
        raise DataError("a variance is not positive", where="variances", hint="give squared standard errors")
    design = np.column_stack([np.ones(len(effect)), *columns])
    if len(effect) <= design.shape[1]:
        what = f"{len(effect)} studies are too few for {design.shape[1]} number(s)"
        raise DataError(what, where="effects", hint="find more studies, or ask for less")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise DataError("moderators repeat one another or do not vary", where="moderators", hint="leave one out")
    return Studies(effect, variance, design)


def variance_between(studies: Studies, method: Heterogeneity) -> float:
    """The variance of true effects between studies, beyond what moderators explain.

    Args:
        studies: the studies.
        method: DL (DerSimonian-Laird), PM (Paule-Mandel) or REML (restricted maximum likelihood).

    Returns:
        tau squared, 0 or above.

    Raises:
        DataError: the method is unknown.

    References: [@DERSIMONIAN1986; @PAULE1982; @VIECHTBAUER2005].

    >>> studies = read_studies([0.1, 0.3, 0.8], [0.01, 0.01, 0.01], {})
    >>> [round(variance_between(studies, method), 4) for method in ("DL", "PM", "REML")]
    [0.12, 0.12, 0.12]
    """
    if method not in get_args(Heterogeneity):
        raise DataError(f"there is no method '{method}'", where="method", hint="give DL, PM or REML")
    if method == "DL":
        return max(0.0, (studies.squares(0.0) - studies.df) / float(np.trace(studies.projection(0.0))))
    largest = 10.0 * float(np.ptp(studies.effect) ** 2) + float(studies.variance.max())
    if method == "PM":
        return _root(lambda tau2: studies.squares(tau2) - studies.df, 0.0, largest)
    grid = np.concatenate([[0.0], largest * np.geomspace(1e-6, 1.0, 60)])  # the likelihood may have more than one top
    best = int(np.argmax([_restricted_likelihood(studies, tau2) for tau2 in grid]))
    return _root(lambda tau2: _score(studies, tau2), float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 60)]))


def inconsistency(studies: Studies, tau2: float) -> float:
    """The share of the variance between results that differing true effects make (I squared).

    Args:
        studies: the studies.
        tau2: variance between studies.

    Returns:
        The share, 0 to 1: tau squared over itself and the variance of a typical study.

    References: [@HIGGINS2002].

    >>> inconsistency(read_studies([0.1, 0.3, 0.8], [0.01, 0.01, 0.01], {}), 0.03)
    0.75
    """
    typical = studies.df / float(np.trace(studies.projection(0.0)))
    return tau2 / (tau2 + typical)


def knapp_factor(studies: Studies, tau2: float) -> float:
    """By how much the Hartung-Knapp variance exceeds the normal one; never below 1, so that it never claims more.

    Args:
        studies: the studies.
        tau2: variance between studies.

    Returns:
        The factor on the covariance of the coefficients.

    References: [@KNAPP2003].

    >>> knapp_factor(read_studies([0.1, 0.3, 0.8], [0.01, 0.01, 0.01], {}), 0.0)
    13.0
    """
    return max(1.0, studies.squares(tau2) / studies.df)


def quantile(level: float, spread: Spread, *, df: int) -> float:
    """How many standard errors an interval reaches to each side.

    Args:
        level: coverage of the interval, between 0 and 1.
        spread: "Hartung-Knapp" takes Student's t, "normal" the normal quantile.
        df: studies less coefficients.

    Returns:
        The quantile.

    Raises:
        DataError: the level is no coverage, or the spread is unknown.

    References: [@KNAPP2003].

    >>> round(quantile(0.95, "normal", df=3), 3), round(quantile(0.95, "Hartung-Knapp", df=3), 3)
    (1.96, 3.182)
    """
    if spread not in get_args(Spread):
        raise DataError(f"there is no interval '{spread}'", where="spread", hint="give Hartung-Knapp or normal")
    t = t_quantile(level, df=df)
    return t if spread == "Hartung-Knapp" else float(special.ndtri(0.5 + level / 2))


def interval_in_words(method: str, spread: Spread, *, df: int) -> str:
    """How an interval of pooled effects was made.

    Args:
        method: how the variance between studies was found.
        spread: "Hartung-Knapp" or "normal".
        df: studies less coefficients.

    Returns:
        The words for `Estimate.method`.

    References: [@KNAPP2003].

    >>> interval_in_words("REML", "Hartung-Knapp", df=12)
    'REML, t df 12 (Hartung-Knapp)'
    """
    return f"{method}, t df {df} (Hartung-Knapp)" if spread == "Hartung-Knapp" else f"{method}, normal"


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero; its lower end where it starts below."""
    return low if function(low) <= 0 else float(optimize.brentq(function, low, high, xtol=1e-15, rtol=1e-12))


def _restricted_likelihood(studies: Studies, tau2: float) -> float:
    _, covariance = studies.coefficients(tau2)
    spread = float(np.log(studies.variance + tau2).sum()) - math.log(float(np.linalg.det(covariance)))
    return -0.5 * (spread + studies.squares(tau2))


def _score(studies: Studies, tau2: float) -> float:
    """Slope of the restricted likelihood."""
    projection = studies.projection(tau2)
    fitted = projection @ studies.effect
    return 0.5 * (float(fitted @ fitted) - float(np.trace(projection)))
