"""Pooled effects that carry how little is known of the variance between studies. It knows no moderators and draws nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

from tamarisk.measurement.estimate import Array
from tamarisk.measurement.heterogeneity import Studies

_AT, _WEIGHT = np.polynomial.legendre.leggauss(64)  # twice as many nodes move no end by more than 1e-12 of the width
_RARE = 1e-12  # chance on either side that is left out


def likely_variances(studies: Studies) -> tuple[Array, Array]:
    """The variances between studies that the data allow, and the chance of each.

    At the true variance the weighted squares are chi-squared on one less than the studies. So the chance that the variance is
    below a number is the chance of a chi-squared above the squares at that number; what would need less than none is none.

    Args:
        studies: the studies, without moderators.

    Returns:
        tau squared, the first of them 0, and chances that sum to 1, each of shape `(node,)`.

    References: [@NAGASHIMA2019; @KRONTHALER2025].

    >>> from tamarisk.measurement.heterogeneity import read_studies
    >>> tau2, chance = likely_variances(read_studies([0.1, 0.3, 0.8], [0.04, 0.04, 0.04], {}))
    >>> float(tau2[0]), round(float(chance[0]), 3)  # Q is 6.5
    (0.0, 0.039)
    """
    Q, df = studies.squares(0.0), studies.df
    low, high = math.sqrt(2.0 * special.gammaincinv(df / 2.0, _RARE)), math.sqrt(min(Q, special.chdtri(df, _RARE)))
    if high <= low:
        return np.zeros(1), np.ones(1)
    root = low + (high - low) * (_AT + 1.0) / 2.0  # of the squares: their density has no cusp, even for two studies
    level = (1.0 - df / 2.0) * math.log(2.0) - special.gammaln(df / 2.0)
    chance = _WEIGHT * (high - low) / 2.0 * np.exp(special.xlogy(df - 1, root) - root**2 / 2.0 + level)
    chance = np.append(special.chdtrc(df, Q), chance)
    return np.append(0.0, _variances_at(studies, root**2)), chance / chance.sum()


def effect_quantiles(studies: Studies, shares: Sequence[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Below which numbers effects lie with given chances, over all variances between studies that the data allow.

    Args:
        studies: the studies, without moderators.
        shares: the chances, between 0 and 1.

    Returns:
        A number for each chance, of the mean of the true effects; then the same of the true effect of a further study.

    References: [@NAGASHIMA2019].

    >>> from tamarisk.measurement.heterogeneity import read_studies
    >>> mean, further = effect_quantiles(read_studies([0.1, 0.3, 0.8], [1e-9, 1e-9, 1e-9], {}), (0.025, 0.975))
    >>> [round(end, 3) for end in mean]  # where errors are of no account: Student's interval
    [-0.496, 1.296]
    """
    tau2, chance = likely_variances(studies)
    weight = 1.0 / (studies.variance + tau2[:, None])
    mean, variance = weight @ studies.effect / weight.sum(axis=1), 1.0 / weight.sum(axis=1)
    own, further = np.sqrt(variance), np.sqrt(variance + tau2)
    return (
        tuple(_quantile(share, mean, own, chance) for share in shares),
        tuple(_quantile(share, mean, further, chance) for share in shares),
    )


def _variances_at(studies: Studies, squares: Array) -> Array:
    """The variance at which the weighted squares are each of these, all below Q.

    As the variance grows the squares fall ever more slowly, so that Newton's steps from too small a variance never overshoot.
    """
    plain = float(((studies.effect - studies.effect.mean()) ** 2).sum())
    tau2: Array = np.maximum(0.0, plain / squares - studies.variance.max())
    for _ in range(200):
        weight = 1.0 / (studies.variance + tau2[:, None])
        residual = studies.effect - (weight @ studies.effect / weight.sum(axis=1))[:, None]
        step = ((weight * residual**2).sum(axis=1) - squares) / ((weight * residual) ** 2).sum(axis=1)
        tau2 = np.maximum(tau2, tau2 + step)
        if (step <= 1e-13 * (tau2 + studies.variance.min())).all():
            break
    return tau2


def _quantile(share: float, mean: Array, error: Array, chance: Array) -> float:
    """Where a mixture of normal distributions reaches a share."""
    if not _RARE < share < 1.0 - _RARE:
        return math.copysign(math.inf, share - 0.5)

    def beyond(value: float) -> float:
        return float(chance @ special.ndtr((value - mean) / error)) - share

    middle, reach = float(mean[0]), float(error[0])
    while beyond(middle - reach) > 0 or beyond(middle + reach) < 0:
        reach *= 2.0
    return float(optimize.brentq(beyond, middle - reach, middle + reach, xtol=1e-13 * reach, rtol=1e-13))
