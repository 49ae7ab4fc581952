"""Moderated t of gene expression, as limma has it. It knows genes, arrays and contrasts, not what the arrays got."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Mask


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """Contrasts of each gene before genes learn from each other.

    Attributes:
        effect: log2 fold change, shape `(gene, contrast)`; NaN where a gene lacks the arrays for it.
        unscaled_se: standard error of the effect for a unit variance, shape `(gene, contrast)`.
        variance: residual variance, shape `(gene,)`; NaN without residual degrees of freedom.
        df: residual degrees of freedom, shape `(gene,)`.
    """

    effect: Array
    unscaled_se: Array
    variance: Array
    df: Array


@dataclass(frozen=True, slots=True, eq=False)
class ModeratedT:
    """Contrasts of each gene with a variance that borrows from all genes.

    Attributes:
        effect: log2 fold change, shape `(gene, contrast)`.
        se: standard error of the effect, shape `(gene, contrast)`.
        t: moderated t, shape `(gene, contrast)`.
        p: two-sided p-value, shape `(gene, contrast)`.
        df: degrees of freedom of t, shape `(gene,)`.
        variance: posterior variance, shape `(gene,)`.
        prior_variance: variance expected before seeing the gene, shape `(gene,)`.
        prior_df: how many degrees of freedom that expectation is worth; infinite where genes do not differ.
    """

    effect: Array
    se: Array
    t: Array
    p: Array
    df: Array
    variance: Array
    prior_variance: Array
    prior_df: float


def moderated_t(
    values: npt.ArrayLike,
    *,
    design: npt.ArrayLike,
    contrasts: npt.ArrayLike,
    trend: npt.ArrayLike | None = None,
    least_change: float = 0.0,
) -> ModeratedT:
    """Which genes change between groups of a few arrays, each gene's variance steadied by all others.

    Args:
        values: log2 expression, shape `(gene, array)`; NaN where a value is missing.
        design: what each array is made of, shape `(array, coefficient)`.
        contrasts: what to compare, shape `(coefficient, contrast)`.
        trend: a number per gene that its variance may follow, such as mean expression, shape `(gene,)`; None for no trend.
        least_change: log2 fold change that a gene must exceed for its p-value to be small (treat), 0 or above.

    Returns:
        Effects, standard errors, t and p of all genes and contrasts.

    Raises:
        DataError: shapes do not fit, a trend value is missing, or no gene has residual degrees of freedom.

    References: [@SMYTH2004; @MCCARTHY2009].

    >>> values = [[1.0, 1.2, 3.0, 3.1], [2.0, 2.1, 2.0, 2.2], [0.5, 0.4, 0.6, 0.4]]
    >>> design = [[1, 0], [1, 0], [0, 1], [0, 1]]
    >>> moderated_t(values, design=design, contrasts=[[-1], [1]]).t.ravel().round(2)
    array([17.44,  0.45,  0.45])
    """
    fit = linear_fit(values, design=design, contrasts=contrasts)
    prior_variance, prior_df = variance_prior(fit.variance, fit.df, trend=trend)
    variance = _posterior_variance(fit, prior_variance, prior_df)
    df = np.minimum(fit.df + prior_df, fit.df.sum())
    se = fit.unscaled_se * np.sqrt(variance)[:, None]
    beyond = np.abs(fit.effect) - least_change
    p = special.stdtr(df[:, None], -beyond / se) + special.stdtr(df[:, None], -(np.abs(fit.effect) + least_change) / se)
    t = np.sign(fit.effect) * np.maximum(beyond, 0.0) / se
    return ModeratedT(fit.effect, se, t, p, df, variance, prior_variance, prior_df)


def linear_fit(values: npt.ArrayLike, *, design: npt.ArrayLike, contrasts: npt.ArrayLike) -> LinearFit:
    """The contrasts of each gene by ordinary least squares, from the arrays that the gene has.

    Args:
        values: log2 expression, shape `(gene, array)`; NaN where a value is missing.
        design: what each array is made of, shape `(array, coefficient)`.
        contrasts: what to compare, shape `(coefficient, contrast)`.

    Returns:
        Effects and residual variances; genes with the same missing arrays are solved together.

    Raises:
        DataError: shapes do not fit.

    References: [@SMYTH2004].

    >>> linear_fit([[1.0, 3.0, 6.0]], design=[[1, 0], [1, 0], [0, 1]], contrasts=[[-1], [1]]).effect
    array([[4.]])
    """
    readings, model, questions = (np.asarray(table, dtype=np.float64) for table in (values, design, contrasts))
    if readings.ndim != 2 or model.ndim != 2 or questions.ndim != 2 or model.shape != (readings.shape[1], len(questions)):
        raise DataError(
            f"values {readings.shape}, design {model.shape} and contrasts {questions.shape} do not fit",
            hint="give (gene, array), (array, coefficient) and (coefficient, contrast)",
        )
    genes, asked = len(readings), questions.shape[1]
    fit = LinearFit(np.empty((genes, asked)), np.empty((genes, asked)), np.empty(genes), np.empty(genes))
    present, pattern_of = np.unique(np.isfinite(readings), axis=0, return_inverse=True)
    for pattern, arrays in enumerate(present):
        rows = pattern_of == pattern
        part = _solved(readings[np.ix_(rows, arrays)], model[arrays], questions)
        fit.effect[rows], fit.unscaled_se[rows], fit.variance[rows], fit.df[rows] = part
    return fit


def variance_prior(variance: npt.ArrayLike, df: npt.ArrayLike, *, trend: npt.ArrayLike | None = None) -> tuple[Array, float]:
    """What variance to expect of a gene before seeing it, and how many degrees of freedom that is worth.

    Args:
        variance: residual variance of each gene, shape `(gene,)`; NaN where a gene has none.
        df: residual degrees of freedom, shape `(gene,)`.
        trend: a number per gene that its variance may follow, shape `(gene,)`; None for one prior for all.

    Returns:
        Prior variance, shape `(gene,)`, and prior degrees of freedom, infinite where genes differ no more than chance.

    Raises:
        DataError: fewer than two genes have residual degrees of freedom, or a trend value is missing.

    References: [@SMYTH2004].

    >>> variance_prior([0.1, 0.1, 0.1], [4, 4, 4])
    (array([0.1, 0.1, 0.1]), inf)
    """
    spread, freedom = np.asarray(variance, dtype=np.float64), np.asarray(df, dtype=np.float64)
    known = np.isfinite(spread) & (freedom > 0)
    if known.sum() < 2:
        raise DataError("fewer than two genes have residual degrees of freedom", where="values", hint="add replicate arrays")
    found, half = spread[known], freedom[known] / 2.0
    floor = 1e-5 * (float(np.median(found)) or 1.0)  # a variance of exactly 0 has no logarithm
    found = np.maximum(found, floor)
    log_found = np.log(found) - special.digamma(half) + np.log(half)
    expected, scatter = _expected(log_found, known, trend)
    excess = scatter - float(special.polygamma(1, half).mean())
    if excess > 0:
        half_prior = _inverse_trigamma(excess)
        return np.exp(expected + special.digamma(half_prior) - np.log(half_prior)), 2.0 * half_prior
    return (np.full(len(spread), found.mean()) if trend is None else np.exp(expected)), np.inf


def adjusted_p(p: npt.ArrayLike) -> Array:
    """The expected share of false hits among genes at least this significant (Benjamini-Hochberg).

    Args:
        p: p-values, shape `(gene, ...)`; each column is adjusted by itself; NaN stays NaN and does not count.

    Returns:
        Adjusted p-values in the same shape.

    References: [@BENJAMINI1995].

    >>> adjusted_p([0.01, 0.02, 0.6, 0.04])
    array([0.04      , 0.04      , 0.6       , 0.05333333])
    """
    raw = np.asarray(p, dtype=np.float64)
    order = np.argsort(raw, axis=0)  # NaN last
    tests = np.isfinite(raw).sum(axis=0)
    rank = np.arange(1, len(raw) + 1).reshape((-1,) + (1,) * (raw.ndim - 1))
    scaled = np.minimum(np.take_along_axis(raw, order, axis=0) * tests / rank, 1.0)
    falling = np.fmin.accumulate(scaled[::-1], axis=0)[::-1]
    adjusted = np.empty_like(raw)
    np.put_along_axis(adjusted, order, falling, axis=0)
    return np.where(np.isfinite(raw), adjusted, np.nan)


def log_odds(found: ModeratedT, *, share: float = 0.01) -> Array:
    """The log odds that each gene changes rather than not (limma's B), if a share of all genes does.

    Args:
        found: contrasts of all genes, tested against no change.
        share: the share of genes that is supposed to change, between 0 and 1.

    Returns:
        Natural log odds, shape `(gene, contrast)`.

    References: [@SMYTH2004].

    >>> values = [[1.0, 1.2, 3.0, 3.1], [2.0, 2.1, 2.0, 2.2], [0.5, 0.4, 0.6, 0.4]]
    >>> design = [[1, 0], [1, 0], [0, 1], [0, 1]]
    >>> found = moderated_t(values, design=design, contrasts=[[-1], [1]])
    >>> (log_odds(found) > 0).ravel().tolist()
    [True, False, False]
    """
    unscaled = found.se / np.sqrt(found.variance)[:, None]
    odds = np.empty_like(found.t)
    for column in range(found.t.shape[1]):
        t, error = found.t[:, column], unscaled[:, column] ** 2
        ratio = 1.0 + _changed_variance(t, error, found, share) / error
        if found.prior_df > 1e6:
            kernel = t**2 * (1.0 - 1.0 / ratio) / 2.0
        else:
            kernel = (1.0 + found.df) / 2.0 * np.log((t**2 + found.df) / (t**2 / ratio + found.df))
        odds[:, column] = np.log(share / (1.0 - share)) - np.log(ratio) / 2.0 + kernel
    return odds


def _changed_variance(t: Array, error: Array, found: ModeratedT, share: float) -> float:
    """The variance of true changes, in units of the residual one, from how far the largest t lie beyond those of no change."""
    known = np.isfinite(t)
    count = int(known.sum())
    most = float(found.df[known].max())
    size: Array = np.asarray(-special.stdtrit(most, special.stdtr(found.df[known], -np.abs(t[known]))))
    top = np.argsort(-size)[: int(np.ceil(share / 2.0 * count))]
    part = max(len(top) / count, share)
    none = 2.0 * special.stdtr(most, -size[top])
    wanted = ((np.arange(len(top)) + 0.5) / count - (1.0 - part) * none) / part
    beyond = np.zeros(len(top))
    clear = wanted > none
    beyond[clear] = error[known][top][clear] * ((size[top][clear] / special.stdtrit(most, wanted[clear] / 2.0)) ** 2 - 1.0)
    lowest, highest = (edge**2 / float(np.median(found.prior_variance)) for edge in (0.1, 4.0))
    return float(np.clip(beyond, lowest, highest).mean())


def _solved(readings: Array, model: Array, questions: Array) -> tuple[Array, Array, Array, float]:
    """Effects, unscaled errors, variance and df of genes that have the same arrays; NaN where a question has no answer."""
    inverse = np.linalg.pinv(model)
    coefficients = readings @ inverse.T
    estimable = np.isclose(inverse @ model @ questions, questions, atol=1e-8).all(axis=0)
    df = len(model) - int(np.linalg.matrix_rank(model)) if len(model) else 0
    effect = np.where(estimable, coefficients @ questions, np.nan)
    error = np.where(estimable, np.sqrt(((inverse.T @ questions) ** 2).sum(axis=0)), np.nan)
    squares = ((readings - coefficients @ model.T) ** 2).sum(axis=1)
    variance = squares / df if df else np.full(len(readings), np.nan)
    return effect, np.broadcast_to(error, effect.shape), variance, float(df)


def _posterior_variance(fit: LinearFit, prior_variance: Array, prior_df: float) -> Array:
    if np.isinf(prior_df):
        return prior_variance.copy()
    own = np.where(fit.df > 0, fit.df * np.nan_to_num(fit.variance), 0.0)
    return (prior_df * prior_variance + own) / (prior_df + fit.df)


def _expected(log_found: Array, known: Mask, trend: npt.ArrayLike | None) -> tuple[Array, float]:
    """The expected log variance of every gene, and the scatter of the known ones around it."""
    if trend is None:
        return np.full(len(known), log_found.mean()), float(log_found.var(ddof=1))
    covariate = np.asarray(trend, dtype=np.float64)
    if covariate.shape != known.shape or not np.isfinite(covariate).all():
        raise DataError("a gene lacks its trend value", where="trend", hint="give one number per gene, such as its mean")
    basis = _natural_spline(covariate, known)
    coefficients, _, rank, _ = np.linalg.lstsq(basis[known], log_found)
    residual = log_found - basis[known] @ coefficients
    return basis @ coefficients, float((residual**2).sum() / (len(log_found) - rank))


def _natural_spline(covariate: Array, known: Mask) -> Array:
    """A natural cubic spline basis with limma's knots, linear beyond the outermost; shape `(gene, coefficient)`."""
    points = covariate[known]
    size = min(1 + (len(points) >= 3) + (len(points) >= 6) + (len(points) >= 30), len(np.unique(points)))
    if size < 3:
        return np.vander(covariate, size, increasing=True)
    knots = np.quantile(points, np.linspace(0.0, 1.0, size))
    place = (covariate - knots[0]) / (knots[-1] - knots[0])
    knots = (knots - knots[0]) / (knots[-1] - knots[0])
    cubes = np.maximum(place[:, None] - knots, 0.0) ** 3
    bends = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    return np.column_stack([np.ones_like(place), place, bends[:, :-1] - bends[:, -1:]])


def _inverse_trigamma(value: float) -> float:
    """The number whose trigamma is given, by Newton's method from below, where it converges from one side."""
    if value > 1e7:
        return 1.0 / float(np.sqrt(value))
    if value < 1e-6:
        return 1.0 / value
    guess = 0.5 + 1.0 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, guess))
        step = trigamma * (1.0 - trigamma / value) / float(special.polygamma(2, guess))
        guess += step
        if -step / guess < 1e-8:
            break
    return guess
