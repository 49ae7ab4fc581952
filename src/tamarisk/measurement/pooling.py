"""One answer from several studies: fixed and random effects. It does not know whether they belong together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.confidence_distribution import effect_quantiles
from tamarisk.measurement.estimate import Array, Estimate
from tamarisk.measurement.heterogeneity import (
    Heterogeneity,
    Spread,
    Studies,
    inconsistency,
    interval_in_words,
    knapp_factor,
    quantile,
    read_studies,
    variance_between,
)

FEWEST_FOR_PREDICTION = 5  # with fewer studies the spread between them is hardly known
OFF_CENTRE = 0.15  # a published ratio may lie this far off the middle of its interval, in half-widths, by rounding


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What several studies say together.

    Attributes:
        mean: the pooled effect; `n` counts studies.
        se: its standard error, as its interval uses it.
        marginal: the same effect over all variances between studies that the data allow; `mean` itself for a fixed effect.
        prediction: where the true effect of a further study of this kind lies, likewise, and never narrower than `mean`.
        tau2: variance of the true effects between studies.
        I2: share of the variance between results that chance does not explain, 0 to 1.
        Q: weighted squares about the fixed effect, chi-squared on one less than the studies where they agree.
        Q_p: p-value of Q.
        weights: weight of each study, summing to 1, shape `(study,)`.
    """

    mean: Estimate
    se: float
    marginal: Estimate
    prediction: Estimate
    tau2: float
    I2: float
    Q: float
    Q_p: float
    weights: Array


def fixed_effect(effects: npt.ArrayLike, variances: npt.ArrayLike, *, level: float = 0.95) -> Pooled:
    """The one effect that all studies are taken to share.

    Args:
        effects: one per independent study, on a log scale where they are ratios, shape `(study,)`.
        variances: squared standard errors, shape `(study,)`.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The inverse-variance mean with a normal interval.

    Raises:
        DataError: there are fewer than two studies, or a variance is not positive.

    References: [@HIGGINS2002].

    >>> print(fixed_effect([0.1, 0.3], [0.01, 0.01]).mean)
    0.2 (95 % 0.0614 to 0.339, n = 2)
    """
    return _pooled(read_studies(effects, variances, {}), 0.0, "fixed effect", "normal", level)


def random_effects(
    effects: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    method: Heterogeneity = "REML",
    spread: Spread = "Hartung-Knapp",
    level: float = 0.95,
) -> Pooled:
    """The mean of true effects that differ between studies, and where the next study's would lie.

    In vitro fold changes and clinical hazard ratios are different questions: never pool them.

    Args:
        effects: one per independent study, on a log scale where they are ratios, shape `(study,)`.
        variances: squared standard errors, shape `(study,)`.
        method: how the variance between studies is found: DL (DerSimonian-Laird), PM (Paule-Mandel) or REML.
        spread: "Hartung-Knapp" takes t on one less degrees of freedom than studies and is never narrower than "normal", so that
            of few studies with like errors it covers more than it says; "normal" covers less where studies are few.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The mean; the same over the variances between studies that the data allow (`marginal`), which of few studies of unlike
        errors holds its level where the mean's interval does not; and the prediction over these variances, of which `method`
        and `spread` change no more than the floor.

    Raises:
        DataError: there are fewer than two studies, or a variance is not positive.

    References: [@DERSIMONIAN1986; @PAULE1982; @VIECHTBAUER2005; @KNAPP2003; @HIGGINS2009; @NAGASHIMA2019].

    >>> print(random_effects([0.1, 0.3, 0.35, 0.6], [0.01, 0.01, 0.01, 0.01]).mean)
    0.338 (95 % 0.0103 to 0.665, n = 4)
    """
    studies = read_studies(effects, variances, {})
    return _pooled(studies, variance_between(studies, method), method, spread, level)


def leave_one_out(
    effects: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    method: Heterogeneity = "REML",
    spread: Spread = "Hartung-Knapp",
    level: float = 0.95,
) -> tuple[Pooled, ...]:
    """What remains of a pooled effect without each of its studies in turn.

    Args:
        effects: as `random_effects`, at least three studies.
        variances: likewise.
        method: likewise.
        spread: likewise.
        level: likewise.

    Returns:
        The pooled effect without the first study, without the second, and so on.

    Raises:
        DataError: there are fewer than three studies, or a variance is not positive.

    References: [@VIECHTBAUER2005].

    >>> [round(one.mean.value, 2) for one in leave_one_out([0.1, 0.2, 0.9], [0.01, 0.01, 0.01])]
    [0.55, 0.5, 0.15]
    """
    studies = read_studies(effects, variances, {})
    rest = [np.arange(len(studies.effect)) != left_out for left_out in range(len(studies.effect))]
    return tuple(
        random_effects(studies.effect[kept], studies.variance[kept], method=method, spread=spread, level=level) for kept in rest
    )


def log_ratio(ratio: float, low: float, high: float, *, level: float = 0.95) -> tuple[float, float]:
    """A published hazard or risk ratio and its interval as an effect to pool.

    Args:
        ratio: the published ratio.
        low: lower end of its interval.
        high: upper end.
        level: coverage of the published interval.

    Returns:
        Natural log of the ratio, and its variance.

    Raises:
        DataError: the numbers do not rise above zero, or the ratio does not lie mid-way on the log scale.

    References: [@PARMAR1998].

    >>> effect, variance = log_ratio(0.56, 0.43, 0.72)
    >>> round(effect, 3), round(variance**0.5, 3)
    (-0.58, 0.131)
    """
    if not 0 < low < ratio < high:
        raise DataError(f"{low:g}, {ratio:g}, {high:g} do not rise from above 0", where="ratio", hint="give ratios, not logs")
    half = math.log(high / low) / 2.0
    if abs(math.log(ratio) - math.log(low * high) / 2.0) > OFF_CENTRE * half:
        what = f"{ratio:g} does not lie mid-way between {low:g} and {high:g} on the log scale"
        raise DataError(what, where="ratio", hint="look for a misprint, or use log_ratio_from_p")
    return math.log(ratio), (half / float(special.ndtri(0.5 + level / 2))) ** 2


def log_ratio_from_p(ratio: float, p: float) -> tuple[float, float]:
    """A published ratio and its p-value as an effect to pool, where the interval is missing or misprinted.

    Args:
        ratio: the published hazard or risk ratio, not 1.
        p: its two-sided p-value by a normal test, between 0 and 1.

    Returns:
        Natural log of the ratio, and its variance.

    Raises:
        DataError: the ratio is not above 0, or it and p leave the variance open.

    References: [@PARMAR1998].

    >>> effect, variance = log_ratio_from_p(0.5, 0.05)
    >>> round(effect, 3), round(variance**0.5, 3)
    (-0.693, 0.354)
    """
    if not ratio > 0:
        raise DataError(f"{ratio:g} is not above 0", where="ratio", hint="give the ratio, not its log")
    if ratio == 1 or not 0 < p < 1:
        raise DataError(f"a ratio of {ratio:g} with p = {p:g} has no variance to find", where="p", hint="look for an interval")
    effect = math.log(ratio)
    return effect, (effect / -float(special.ndtri(p / 2))) ** 2


def log_response_ratio(treated: tuple[float, float, int], control: tuple[float, float, int]) -> tuple[float, float]:
    """A fold change between two groups of independent experiments as an effect to pool.

    Args:
        treated: mean, standard deviation and number of experiments under treatment.
        control: the same without.

    Returns:
        Natural log of the ratio of means, and its variance by the delta method.

    Raises:
        DataError: a mean is not above 0, or there are fewer than two experiments.

    References: [@HEDGES1999].

    >>> tuple(round(one, 4) for one in log_response_ratio((6.0, 0.6, 4), (3.0, 0.6, 4)))
    (0.6931, 0.0125)
    """
    variance = 0.0
    for name, (mean, spread, n) in (("treated", treated), ("control", control)):
        if not mean > 0:
            raise DataError(f"a mean of {mean:g} has no logarithm", where=name, hint="pool differences instead")
        if n < 2 or not spread > 0:
            raise DataError(f"the spread of {n} experiments is unknown", where=name, hint="give the standard deviation")
        variance += spread**2 / (n * mean**2)
    return math.log(treated[0] / control[0]), variance


def _pooled(studies: Studies, tau2: float, method: str, spread: Spread, level: float) -> Pooled:
    k, df = len(studies.effect), studies.df
    beta, covariance = studies.coefficients(tau2)
    factor = knapp_factor(studies, tau2) if spread == "Hartung-Knapp" else 1.0
    value, se = float(beta[0]), math.sqrt(factor * float(covariance[0, 0]))
    reach = quantile(level, spread, df=df)
    how = interval_in_words(method, spread, df=df)
    mean = Estimate(value, value - reach * se, value + reach * se, level, k, "", how)
    marginal, prediction = (mean, mean) if method == "fixed effect" else _over_variances(studies, mean)
    Q = studies.squares(0.0)
    # a fixed effect has no variance between studies; what Q shows beyond chance is told all the same
    beyond = 1.0 - df / Q if df < Q else 0.0
    I2 = beyond if method == "fixed effect" else inconsistency(studies, tau2)
    weight = 1.0 / (studies.variance + tau2)
    return Pooled(mean, se, marginal, prediction, tau2, I2, Q, float(special.chdtrc(df, Q)), weight / weight.sum())


def _over_variances(studies: Studies, mean: Estimate) -> tuple[Estimate, Estimate]:
    """The mean and a further study's effect over all variances that the data allow."""
    k, tail, how = mean.n, (1.0 - mean.level) / 2.0, f"confidence distribution of tau squared, df {studies.df}"
    (low, middle, high), (least, _, most) = effect_quantiles(studies, (tail, 0.5, 1.0 - tail))
    descriptive = "" if k >= FEWEST_FOR_PREDICTION else f"; of {k} studies only descriptive"
    ends = min(least, mean.low), max(most, mean.high)  # a further effect is never better known than the mean of all
    prediction = Estimate(mean.value, *ends, mean.level, k, "", f"prediction, {how}{descriptive}")
    return Estimate(middle, low, high, mean.level, k, "", how), prediction
