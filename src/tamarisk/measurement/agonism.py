"""Growth that an anti-oestrogen brings instead of stopping it. It knows doublings per experiment, not which drug made them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import (
    FEWEST_EXPERIMENTS,
    Array,
    Estimate,
    Mask,
    experiment_mean,
    experiment_ratio,
    fieller_limits_at,
    per_experiment,
    side_by_side,
)

BLOCKED_BELOW = 0.1  # agonism counts as blocked where its whole interval lies below this share of oestradiol's growth


@dataclass(frozen=True, slots=True, eq=False)
class DoseContrasts:
    """Growth above vehicle at every dose, with lower bounds that hold for all doses at once.

    Attributes:
        contrast: doublings above vehicle, shape `(dose,)`.
        low: one-sided simultaneous lower bounds, shape `(dose,)`; NaN where `n` is too small to say.
        level: probability that all bounds hold together.
        critical: standard errors between contrast and bound; NaN where there is none.
        df: degrees of freedom of the residual variance.
        n: independent experiments.
    """

    contrast: Array
    low: Array
    level: float
    critical: float
    df: int
    n: int

    @property
    def raised(self) -> Mask:
        """The doses at which the drug makes cells grow, shape `(dose,)`."""
        return self.low > 0

    @property
    def is_agonist(self) -> bool:
        """Whether the drug makes cells grow at some dose."""
        return bool(self.raised.any())


def agonism(antioestrogen: npt.ArrayLike, *, vehicle: npt.ArrayLike, oestradiol: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """How much of oestradiol's growth an anti-oestrogen brings by itself, in medium without oestrogen.

    0 is none, 1 a full agonist, below 0 an inverse agonist.

    Args:
        antioestrogen: doublings under the drug, shape `(experiment,)`.
        vehicle: doublings without drug or hormone, shape `(experiment,)`.
        oestradiol: doublings with oestradiol, shape `(experiment,)`; without it use `agonist_contrast`.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The agonism index A, dimensionless, with Fieller's interval.

    Raises:
        DataError: an experiment lacks a number or a partner.

    References: [@FIELLER1954; @GHAYAD2008].

    >>> print(agonism([3.2, 3.3, 3.1], vehicle=[2.0, 2.1, 1.9], oestradiol=[5.0, 5.2, 4.8]))
    0.4 (95 % 0.369 to 0.436, n = 3)
    """
    drug, base, hormone = side_by_side({"antioestrogen": antioestrogen, "vehicle": vehicle, "oestradiol": oestradiol})
    return experiment_ratio(drug - base, hormone - base, level=level)


def agonism_under_codrug(
    combined: npt.ArrayLike, *, codrug: npt.ArrayLike, vehicle: npt.ArrayLike, oestradiol: npt.ArrayLike, level: float = 0.95
) -> Estimate:
    """How much of oestradiol's growth an anti-oestrogen still brings where a co-drug is present.

    The agonism is blocked where `agonism_under_codrug(...).below(BLOCKED_BELOW)`; that it is not significant proves nothing.

    Args:
        combined: doublings under drug and co-drug, shape `(experiment,)`.
        codrug: doublings under the co-drug alone, shape `(experiment,)`.
        vehicle: doublings without any, shape `(experiment,)`.
        oestradiol: doublings with oestradiol, shape `(experiment,)`.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The agonism index on the scale of `agonism`, with Fieller's interval.

    Raises:
        DataError: an experiment lacks a number or a partner.

    References: [@FIELLER1954; @GHAYAD2008].

    >>> print(agonism_under_codrug([1.5, 1.6, 1.4], codrug=[1.4] * 3, vehicle=[2.0] * 3, oestradiol=[5.0] * 3))
    0.0333 (95 % -0.0495 to 0.116, n = 3)
    """
    both, alone, base, hormone = side_by_side(
        {"combined": combined, "codrug": codrug, "vehicle": vehicle, "oestradiol": oestradiol}
    )
    return experiment_ratio(both - alone, hormone - base, level=level)


def agonist_contrast(antioestrogen: npt.ArrayLike, *, vehicle: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """How many doublings an anti-oestrogen adds, where no oestradiol control says what full growth would be.

    Args:
        antioestrogen: doublings under the drug, shape `(experiment,)`.
        vehicle: doublings without, shape `(experiment,)`.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The difference in doublings with the paired t interval.

    Raises:
        DataError: an experiment lacks a number or a partner.

    References: [@STUDENT1908; @GHAYAD2008].

    >>> print(agonist_contrast([3.2, 3.3, 3.2], vehicle=[2.0, 2.1, 1.9]))
    1.23 doublings (95 % 1.09 to 1.38, n = 3)
    """
    drug, base = side_by_side({"antioestrogen": antioestrogen, "vehicle": vehicle})
    return experiment_mean(drug - base, unit="doublings", level=level)


def blocked_share(
    antioestrogen: npt.ArrayLike, *, vehicle: npt.ArrayLike, combined: npt.ArrayLike, codrug: npt.ArrayLike, level: float = 0.95
) -> Estimate:
    """The share of an anti-oestrogen's own growth effect that a co-drug takes away.

    Args:
        antioestrogen: doublings under the drug, shape `(experiment,)`.
        vehicle: doublings without, shape `(experiment,)`.
        combined: doublings under drug and co-drug, shape `(experiment,)`.
        codrug: doublings under the co-drug alone, shape `(experiment,)`.
        level: coverage of the interval, between 0 and 1.

    Returns:
        1 minus the ratio of both growth effects, with Fieller's interval: 1 all blocked, 0 nothing.

    Raises:
        DataError: an experiment lacks a number or a partner.

    References: [@FIELLER1954; @GHAYAD2008].

    >>> print(blocked_share([3.2, 3.3, 3.1], vehicle=[2.0] * 3, combined=[1.5, 1.6, 1.5], codrug=[1.4] * 3))
    0.889 (95 % 0.802 to 1.01, n = 3)
    """
    drug, base, both, alone = side_by_side(
        {"antioestrogen": antioestrogen, "vehicle": vehicle, "combined": combined, "codrug": codrug}
    )
    left = experiment_ratio(both - alone, drug - base, level=level)
    return Estimate(1.0 - left.value, 1.0 - left.high, 1.0 - left.low, level, left.n, "", left.method)


def agonism_over_doses(antioestrogen: npt.ArrayLike, *, vehicle: npt.ArrayLike, level: float = 0.95) -> DoseContrasts:
    """At which doses an anti-oestrogen makes cells grow, without being fooled by having tried many doses.

    Experiments are blocks: what shifts a whole experiment does not count as noise. The bounds are Dunnett's. Whether a whole
    curve rises before it falls, ask `hormetic_curve`.

    Args:
        antioestrogen: doublings under the drug, shape `(experiment, dose)`.
        vehicle: doublings without, shape `(experiment,)`.
        level: probability that all lower bounds hold together, between 0 and 1.

    Returns:
        Contrasts with vehicle and their simultaneous lower bounds; no bounds below three experiments.

    Raises:
        DataError: an experiment is missing or the shapes do not fit.

    References: [@DUNNETT1955].

    >>> screen = agonism_over_doses([[2.1, 2.9], [2.3, 3.1], [1.9, 3.0]], vehicle=[2.0, 2.2, 2.0])
    >>> screen.raised.tolist()
    [False, True]
    """
    base = per_experiment(vehicle, where="vehicle")
    drug = _full_plate(antioestrogen, len(base))
    (n, doses), contrast = drug.shape, (drug - base[:, None]).mean(axis=0)
    if n < FEWEST_EXPERIMENTS:
        return DoseContrasts(contrast, np.full(doses, np.nan), level, math.nan, 0, n)
    variance, df = _block_variance(np.column_stack([base, drug]))
    error = math.sqrt(2.0 * variance / n)
    critical = dunnett_quantile(level, doses=doses, df=df)
    return DoseContrasts(contrast, contrast - critical * error, level, critical, df, n)


def agonism_index_over_doses(
    antioestrogen: npt.ArrayLike, *, vehicle: npt.ArrayLike, oestradiol: npt.ArrayLike, level: float = 0.95
) -> DoseContrasts:
    """How much of oestradiol's growth each dose of an anti-oestrogen brings, with lower bounds that hold for all doses at once.

    Args:
        antioestrogen: doublings under the drug, shape `(experiment, dose)`.
        vehicle: doublings without drug or hormone, shape `(experiment,)`.
        oestradiol: doublings with oestradiol, shape `(experiment,)`.
        level: probability that all lower bounds hold together, between 0 and 1.

    Returns:
        The agonism index A of each dose in `contrast`, dimensionless, and its Fieller bound in `low`; experiments are blocks.
        The bounds are a little wide: doses correlate by at least 1/3 through their two controls, and 1/3 is what is assumed.

    Raises:
        DataError: an experiment is missing or the shapes do not fit.

    References: [@DUNNETT1955; @FIELLER1954].

    >>> screen = agonism_index_over_doses([[2.1, 2.9], [2.3, 3.1], [1.9, 3.0]], vehicle=[2.0, 2.2, 2.0], oestradiol=[5, 5.3, 4.9])
    >>> screen.contrast.round(2).tolist(), screen.raised.tolist()
    ([0.01, 0.31], [False, True])
    """
    base, hormone = side_by_side({"vehicle": vehicle, "oestradiol": oestradiol})
    drug = _full_plate(antioestrogen, len(base))
    (n, doses), full = drug.shape, float((hormone - base).mean())
    index = (drug - base[:, None]).mean(axis=0) / full if full else np.full(doses, np.nan)
    if n < FEWEST_EXPERIMENTS:
        return DoseContrasts(index, np.full(doses, np.nan), level, math.nan, 0, n)
    variance, df = _block_variance(np.column_stack([base, hormone, drug]))
    critical = dunnett_quantile(level, doses=doses, df=df, correlation=1.0 / 3.0)
    covariance = variance / n * np.array([[2.0, 1.0], [1.0, 2.0]])
    low = [fieller_limits_at(float(a * full), full, covariance=covariance, critical=critical)[0] for a in index]
    return DoseContrasts(index, np.array(low), level, critical, df, n)


@lru_cache(maxsize=1024)
def dunnett_quantile(level: float, *, doses: int, df: int, correlation: float = 0.5) -> float:
    """How many standard errors below its contrast each of several doses must be bounded for all bounds to hold.

    Args:
        level: probability that all hold together, between 0 and 1.
        doses: doses compared with one control of equal size, 1 or more.
        df: degrees of freedom of the residual variance, 1 or more.
        correlation: of the contrasts through their common control, above 0 and below 1; 1/2 where all arms are equally large.

    Returns:
        The one-sided quantile of the largest of several equally correlated t.

    Raises:
        DataError: the level is not between 0 and 1.

    References: [@DUNNETT1955].

    >>> round(dunnett_quantile(0.95, doses=3, df=10), 2)
    2.34
    """
    if not 0 < level < 1:
        raise DataError(f"{level} is no coverage", where="level", hint="give a number between 0 and 1, such as 0.95")
    edge = float(stats.t.ppf(1.0 - (1.0 - level) / doses, df))  # Bonferroni: never less than Dunnett
    lowest = float(stats.t.ppf(level, df))  # one dose: never more
    if doses == 1:
        return lowest
    return float(optimize.brentq(lambda q: _all_below(q, doses, df, correlation) - level, lowest - 1e-6, edge + 1e-6))


def _full_plate(antioestrogen: npt.ArrayLike, experiments: int) -> Array:
    drug = np.asarray(antioestrogen, dtype=np.float64)
    if drug.ndim != 2 or len(drug) != experiments or not np.isfinite(drug).all():
        raise DataError(f"shape {drug.shape} is not a full ({experiments}, dose)", where="antioestrogen", hint="leave gaps out")
    return drug


def _block_variance(plate: Array) -> tuple[float, int]:
    """The residual variance of arms within experiments, and its degrees of freedom."""
    residual = plate - plate.mean(axis=0) - plate.mean(axis=1, keepdims=True) + plate.mean()
    df = (len(plate) - 1) * (plate.shape[1] - 1)
    return float((residual**2).sum()) / df, df


def _all_below(quantile: float, doses: int, df: int, correlation: float) -> float:
    """The probability that several t with a common control all stay below a number, by quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(48)
    longest = math.sqrt(float(stats.chi2.ppf(1.0 - 1e-12, df)) / df)
    spread, spread_weight = longest * (nodes + 1.0) / 2.0, longest * weights / 2.0
    spread_weight = spread_weight * 2.0 * df * spread * stats.chi2.pdf(df * spread**2, df)
    control, control_weight = 9.0 * nodes, 9.0 * weights * stats.norm.pdf(9.0 * nodes)
    shared, own = math.sqrt(correlation), math.sqrt(1.0 - correlation)
    below = special.ndtr((quantile * spread[:, None] + shared * control[None, :]) / own) ** doses
    return float(spread_weight @ below @ control_weight)
