"""How much of a drug's expression signature a co-drug restores, counted gene by gene. It knows six groups of arrays, not drugs.

The groups are SV and SF (sensitive line: vehicle, drug) and RV, RF, RP and RC (resistant line: vehicle, drug, co-drug, both).
A count depends on thresholds and array numbers and is above zero where the co-drug does nothing: `restoration` has the index
with an interval, and `expected_null_fraction` here says what the count would be by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Mask
from tamarisk.measurement.expression import adjusted_p, moderated_t
from tamarisk.seeds import generator

GROUPS = ("SV", "SF", "RV", "RF", "RP", "RC")
CONTRASTS: Mapping[str, tuple[int, ...]] = {
    "dS": (-1, 1, 0, 0, 0, 0),  # the drug in the sensitive line
    "dR": (0, 0, -1, 1, 0, 0),  # the drug in the resistant line
    "rho": (0, 0, -1, 0, 1, 0),  # the co-drug alone
    "gam": (0, 0, -1, 0, 0, 1),  # both drugs
    "kap": (0, 0, 0, 0, -1, 1),  # the drug in the presence of the co-drug
    "loss": (-1, 1, 1, -1, 0, 0),  # what the resistant line lacks: dS - dR
}
THRESHOLDS = (0.0, math.log2(1.2), math.log2(1.5), 1.0)
FEWEST_GENES = 10  # a signature of fewer genes is an anecdote
LEAST_LOSS = 0.05  # of the response; where less is lost there is nothing to restore
_COLUMN = {name: column for column, name in enumerate(CONTRASTS)}


@dataclass(frozen=True, slots=True, eq=False)
class GeneContrasts:
    """The six contrasts of every gene from one moderated model of all arrays; columns are in the order of `CONTRASTS`.

    Attributes:
        change: log2 fold change, shape `(gene, 6)`.
        se: its standard error, shape `(gene, 6)`.
        t: moderated t, shape `(gene, 6)`.
        q: p-value adjusted within each contrast, shape `(gene, 6)`.
        df: degrees of freedom of t, shape `(gene,)`.
        arrays: number of arrays in each group.
    """

    change: Array
    se: Array
    t: Array
    q: Array
    df: Array
    arrays: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Fractions:
    """What "so many per cent of the signature restored" can mean: never quote one without its name.

    Attributes:
        least_change: log2 fold change that counted as a hit.
        signature: genes that the drug changes in the sensitive line.
        lost: those of them that it no longer changes alike in the resistant line.
        restored: those lost that both drugs change alike again.
        F_lost: restored share of the lost genes; NaN where none is lost, as are the other two shares of the lost.
        F_sig: restored share of the whole signature.
        F_rapa: share of the lost genes that the co-drug changes alike by itself.
        F_net: share of the lost genes that the drug changes alike again in the presence of the co-drug.
        lost_by_evidence: signature genes whose response differs between the lines, rather than only missing significance.
        F_evident: restored share of those.
    """

    least_change: float
    signature: int
    lost: int
    restored: int
    F_lost: float
    F_sig: float
    F_rapa: float
    F_net: float
    lost_by_evidence: int
    F_evident: float


@dataclass(frozen=True, slots=True)
class NullFraction:
    """The F_lost to expect where the co-drug does nothing: its mean and the middle 95 % of draws."""

    mean: float
    low: float
    high: float
    draws: int


@dataclass(frozen=True, slots=True)
class Slopes:
    """How strongly each contrast follows the drug's response in the sensitive line: 1 is all of it, 0 nothing.

    Attributes:
        retained: drug in the resistant line (dR).
        rho: co-drug alone.
        gam: both drugs.
        kap: drug in the presence of the co-drug.
    """

    retained: float
    rho: float
    gam: float
    kap: float

    @property
    def RI_total(self) -> float:
        """The share of the lost response that both drugs regain: re-sensitisation and mimicry together."""
        return (self.gam - self.retained) / (1.0 - self.retained)

    @property
    def RI_net(self) -> float:
        """The share of the lost response that the drug regains beside the co-drug: re-sensitisation."""
        return (self.kap - self.retained) / (1.0 - self.retained)

    @property
    def phenocopy(self) -> float:
        """The share of the lost response that the co-drug mimics by itself."""
        return self.rho / (1.0 - self.retained)


@dataclass(frozen=True, slots=True)
class NoiseFreeRestoration:
    """The readings of a virtual lab that knows the truth: counts beyond a threshold, and slopes over the signature."""

    fractions: Fractions
    slopes: Slopes


def arrays_of(groups: Sequence[str]) -> dict[str, list[int]]:
    """Which arrays belong to each of the six groups.

    Args:
        groups: the group label of each array.

    Returns:
        Positions of the arrays by group, in the order of `GROUPS`.

    Raises:
        DataError: a label is unknown, or a group has no array.

    References: [@GHAYAD2008].

    >>> arrays_of(["SV", "SF", "RV", "RF", "RP", "RC", "SV"])["SV"]
    [0, 6]
    """
    strange = sorted(set(groups) - set(GROUPS))
    if strange:
        raise DataError(f"unknown label(s) {strange}", where="groups", hint=f"known: {', '.join(GROUPS)}")
    places = {group: [place for place, label in enumerate(groups) if label == group] for group in GROUPS}
    empty = [group for group, held in places.items() if not held]
    if empty:
        why = "without RP mimicry cannot be told from re-sensitisation" if "RP" in empty else "all six are compared"
        raise DataError(f"no array of {', '.join(empty)}", where="groups", hint=why)
    return places


def gene_contrasts(values: npt.ArrayLike, *, groups: Sequence[str]) -> GeneContrasts:
    """How every gene answers drug, co-drug and both in both lines.

    Args:
        values: log2 expression, shape `(gene, array)`; NaN where a value is missing.
        groups: the group label of each array: SV, SF, RV, RF, RP or RC.

    Returns:
        The six contrasts of every gene.

    Raises:
        DataError: a group is missing or unknown, or the shapes do not fit.

    References: [@SMYTH2004; @GHAYAD2008].

    >>> values = np.random.default_rng(1).normal(size=(50, 12))
    >>> gene_contrasts(values, groups=["SV", "SF", "RV", "RF", "RP", "RC"] * 2).change.shape
    (50, 6)
    """
    places = arrays_of(groups)
    design = np.zeros((len(groups), len(GROUPS)))
    for column, held in enumerate(places.values()):
        design[held, column] = 1.0
    found = moderated_t(values, design=design, contrasts=np.array(list(CONTRASTS.values()), dtype=np.float64).T)
    counts = {group: len(held) for group, held in places.items()}
    return GeneContrasts(found.effect, found.se, found.t, adjusted_p(found.p), found.df, counts)


def restored_fractions(contrasts: GeneContrasts, *, alpha: float = 0.05, least_change: float = 0.0) -> Fractions:
    """The restored share of a signature in all four readings.

    A hit is significant, large enough, and changes the way the drug changes the gene in the sensitive line.

    Args:
        contrasts: the contrasts of all genes.
        alpha: adjusted p-value below which a change is significant, between 0 and 1.
        least_change: log2 fold change that a hit must reach, 0 or above.

    Returns:
        The counts and their shares.

    References: [@GHAYAD2008].

    >>> values = np.random.default_rng(1).normal(size=(50, 18))
    >>> restored_fractions(gene_contrasts(values, groups=["SV", "SF", "RV", "RF", "RP", "RC"] * 3)).signature
    0
    """
    return _fractions(_beyond(contrasts.change, least_change) & (contrasts.q < alpha), least_change)


def threshold_curve(
    contrasts: GeneContrasts, *, thresholds: Sequence[float] = THRESHOLDS, alpha: float = 0.05
) -> tuple[Fractions, ...]:
    """How the restored share moves with the fold change that counts as a hit: if it moves much, it says little.

    Args:
        contrasts: the contrasts of all genes.
        thresholds: log2 fold changes, 0 or above.
        alpha: adjusted p-value below which a change is significant, between 0 and 1.

    Returns:
        The counts at each threshold.

    References: [@GHAYAD2008].

    >>> values = np.random.default_rng(1).normal(size=(50, 18))
    >>> len(threshold_curve(gene_contrasts(values, groups=["SV", "SF", "RV", "RF", "RP", "RC"] * 3)))
    4
    """
    return tuple(restored_fractions(contrasts, alpha=alpha, least_change=least_change) for least_change in thresholds)


def expected_null_fraction(
    contrasts: GeneContrasts, *, seed: int, alpha: float = 0.05, least_change: float = 0.0, draws: int = 400
) -> NullFraction:
    """The F_lost to expect where the co-drug does nothing (E0): a gene that missed significance once may reach it next time.

    True responses are drawn around their shrunken estimates, then looked at twice through noise that shares the vehicle.

    Args:
        contrasts: the contrasts of all genes.
        seed: the same seed gives the same draws.
        alpha: adjusted p-value below which a change is significant, between 0 and 1.
        least_change: log2 fold change that a hit must reach, 0 or above.
        draws: how many experiments are drawn.

    Returns:
        The fraction by chance; read F_lost against it.

    Raises:
        DataError: the signature has fewer than 10 genes.

    References: [@GHAYAD2008].

    >>> rng = np.random.default_rng(1)
    >>> drug = np.repeat([2.0, 0.0], [20, 80])[:, None] * np.array([0, 1, 0, 0.5, 0, 0.5] * 3)
    >>> contrasts = gene_contrasts(rng.normal(size=(100, 18)) * 0.5 + drug, groups=["SV", "SF", "RV", "RF", "RP", "RC"] * 3)
    >>> 0 < expected_null_fraction(contrasts, seed=1).mean < 1
    True
    """
    genes = (_beyond(contrasts.change, least_change) & (contrasts.q < alpha))[:, _COLUMN["dS"]]
    _refuse_small(int(genes.sum()))
    dS, variance = contrasts.change[genes, _COLUMN["dS"]], contrasts.se[genes, _COLUMN["dR"]] ** 2
    expected, doubt = _shrunken(contrasts.change[genes, _COLUMN["dR"]], dS, variance)
    share = 1.0 / contrasts.arrays["RV"] / (1.0 / contrasts.arrays["RV"] + 1.0 / contrasts.arrays["RF"])
    noise = generator(seed, "signature", "null").normal(size=(4, draws, len(dS)))
    truth = expected + np.sqrt(doubt) * noise[0]
    looks = truth + np.sqrt(variance) * (math.sqrt(1.0 - share) * noise[1:3] - math.sqrt(share) * noise[3])
    hit = looks * np.sign(dS) > np.maximum(_critical_t(contrasts, alpha)[genes] * np.sqrt(variance), least_change)
    fraction = (~hit[0] & hit[1]).sum(axis=1) / np.maximum((~hit[0]).sum(axis=1), 1)
    low, high = np.quantile(fraction, [0.025, 0.975])
    return NullFraction(float(fraction.mean()), float(low), float(high), draws)


def corrected_slopes(change: npt.ArrayLike, *, variance: npt.ArrayLike) -> Slopes:
    """How strongly each contrast follows the sensitive line's response, freed from the noise in that response.

    Args:
        change: log2 fold changes, shape `(gene, 6)`, columns in the order of `CONTRASTS`; pass the signature's genes or all.
        variance: squared standard error of dS, shape `(gene,)`; 0 throughout where there is no noise.

    Returns:
        Slopes weighted by 1/variance, each gene's noise taken out of the sum of squares.

    Raises:
        DataError: the response is no larger than its noise.

    References: [@FULLER1987].

    >>> corrected_slopes([[2.0, 1.0, 0.0, 1.5, 1.5, 1.0], [-1.0, -0.5, 0.0, -0.75, -0.75, -0.5]], variance=0.0).RI_total
    0.5
    """
    genes = np.asarray(change, dtype=np.float64)
    noise = np.broadcast_to(np.asarray(variance, dtype=np.float64), genes.shape[:1])
    known = np.isfinite(genes).all(axis=1)
    weight = 1.0 / noise[known] if noise[known].all() else np.ones(int(known.sum()))
    dS = genes[known, _COLUMN["dS"]]
    size = float((weight * (dS**2 - noise[known])).sum())
    if size <= 0:
        raise DataError("the response of the sensitive line is no larger than its noise", where="change", hint="add arrays")
    slope = (weight * dS) @ genes[known] / size
    return Slopes(*(float(slope[_COLUMN[name]]) for name in ("dR", "rho", "gam", "kap")))


def noise_free_restoration(
    dS: npt.ArrayLike, *, dR: npt.ArrayLike, rho: npt.ArrayLike, gam: npt.ArrayLike, least_change: float
) -> NoiseFreeRestoration:
    """The same readings for a virtual lab that knows every true fold change; a hit is a change beyond a threshold.

    Args:
        dS: log2 fold change by the drug in the sensitive line, shape `(gene,)`.
        dR: by the drug in the resistant line, shape `(gene,)`.
        rho: by the co-drug alone in the resistant line, shape `(gene,)`.
        gam: by both drugs in the resistant line, shape `(gene,)`.
        least_change: log2 fold change that a hit must reach, 0 or above.

    Returns:
        The four fractions, and slopes over the signature with RI_total, RI_net and phenocopy.

    Raises:
        DataError: the signature has fewer than 10 genes, or the resistant line lost less than 5 % of the response.

    References: [@GHAYAD2008].

    >>> dS = np.linspace(1.0, 2.0, 12)
    >>> found = noise_free_restoration(dS, dR=0.1 * dS, rho=0.0 * dS, gam=0.46 * dS, least_change=0.8)
    >>> round(found.slopes.RI_net, 2), found.fractions.lost, found.fractions.restored
    (0.4, 12, 3)
    """
    true = [np.asarray(change, dtype=np.float64) for change in (dS, dR, rho, gam)]
    change = np.stack([*true, true[3] - true[2], true[0] - true[1]], axis=1)
    hit = _beyond(change, least_change)
    genes = hit[:, _COLUMN["dS"]]
    _refuse_small(int(genes.sum()))
    slopes = corrected_slopes(change[genes], variance=0.0)
    if slopes.retained > 1.0 - LEAST_LOSS:
        raise DataError(f"the resistant line retains {slopes.retained:.2f} of the response", hint="there is nothing to restore")
    return NoiseFreeRestoration(_fractions(hit, least_change), slopes)


def _beyond(change: Array, least_change: float) -> Mask:
    """Changes that are large enough and go the way of dS."""
    return np.asarray((np.abs(change) >= least_change) & (change * change[:, [_COLUMN["dS"]]] > 0))


def _fractions(hit: Mask, least_change: float) -> Fractions:
    drug, retained, codrug, both, beside, differs = hit.T
    lost, evident = drug & ~retained, drug & differs
    return Fractions(
        least_change=least_change,
        signature=int(drug.sum()),
        lost=int(lost.sum()),
        restored=int((lost & both).sum()),
        F_lost=_share(both, lost),
        F_sig=float((lost & both).sum() / drug.sum()) if drug.any() else math.nan,
        F_rapa=_share(codrug, lost),
        F_net=_share(beside, lost),
        lost_by_evidence=int(evident.sum()),
        F_evident=_share(both, evident),
    )


def _share(hit: Mask, among: Mask) -> float:
    return float(hit[among].mean()) if among.any() else math.nan


def _refuse_small(genes: int) -> None:
    if genes < FEWEST_GENES:
        raise DataError(f"the signature has {genes} genes, fewer than {FEWEST_GENES}", hint="add arrays or lower the threshold")


def _shrunken(dR: Array, dS: Array, variance: Array) -> tuple[Array, Array]:
    """True responses of the resistant line given the estimates: expected values and their variances."""
    weight = 1.0 / variance
    slope = float((weight * dS * dR).sum() / (weight * dS**2).sum())
    between = max(0.0, float((weight * ((dR - slope * dS) ** 2 - variance)).sum() / weight.sum()))
    trust = between / (between + variance)
    return slope * dS + trust * (dR - slope * dS), trust * variance


def _critical_t(contrasts: GeneContrasts, alpha: float) -> Array:
    """The |t| from which dR is called significant; Bonferroni's, the strictest that BH can ask, where none is."""
    t, called = np.abs(contrasts.t[:, _COLUMN["dR"]]), contrasts.q[:, _COLUMN["dR"]] < alpha
    if called.any():
        return np.full(len(t), t[called].min())
    return np.asarray(-special.stdtrit(contrasts.df, alpha / 2.0 / len(t)))
