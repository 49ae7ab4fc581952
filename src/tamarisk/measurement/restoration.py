"""The restored share of a drug's lost expression response, with an interval. It knows six groups of arrays, not drugs.

Project first, test later: the sensitive line teaches a signature; every array of the resistant line becomes one score, so that
correlated genes cannot pass for many witnesses; the scores are compared. Groups are labelled as in `signature`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import FEWEST_EXPERIMENTS, Array, Estimate, fieller_limits, t_quantile
from tamarisk.measurement.expression import adjusted_p, moderated_t
from tamarisk.measurement.signature import FEWEST_GENES, arrays_of

UNSURE = 0.1  # relative error of the calibration from which its reader is warned
MOST_RELABELLINGS = 200_000
_RI_TOTAL = np.array([0.0, -1.0, 0.0, 1.0])  # of RV, RF, RP and RC
_RI_NET = np.array([1.0, -1.0, -1.0, 1.0])
_PHENOCOPY = np.array([-1.0, 0.0, 1.0, 0.0])
_LOST = np.array([1.0, -1.0, 0.0, 0.0])  # the resistant line's part of the denominator: minus its retained response


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a co-drug gives back of a lost expression response. RI_total is exactly RI_net plus phenocopy.

    Attributes:
        RI_total: share of the lost response that both drugs together show.
        RI_net: share that the drug regains in the presence of the co-drug: re-sensitisation.
        phenocopy: share that the co-drug mimics by itself.
        retained: share of the response that the resistant line kept.
        calibration: score difference that the full response would make, after winner's curse; 1 without it.
        p_total: one-sided p-value of the t-test that RI_total is above 0.
        p_net: likewise of RI_net.
        p_relabelled: one-sided p-value of RI_total over all relabellings of RF and RC arrays; NaN where they are too many.
        genes: genes of the signature.
        arrays: number of arrays in each group.
        notes: what a reader must know beside the numbers.
    """

    RI_total: Estimate
    RI_net: Estimate
    phenocopy: Estimate
    retained: Estimate
    calibration: Estimate
    p_total: float
    p_net: float
    p_relabelled: float
    genes: int
    arrays: Mapping[str, int]
    notes: tuple[str, ...]


def restoration_index(
    values: npt.ArrayLike,
    *,
    groups: Sequence[str],
    batch: Sequence[str] | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
) -> Restoration:
    """How much of a drug's lost expression response comes back with a co-drug, and whether by re-sensitisation or mimicry.

    Args:
        values: log2 expression, shape `(gene, array)`; genes with a missing value are left out and counted in the notes.
        groups: the group label of each array; within a group in the order of experiments.
        batch: the batch of each array, where there were several.
        alpha: adjusted p-value below which a gene belongs to the signature, between 0 and 1.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The index in three parts with Fieller's intervals and Satterthwaite's degrees of freedom.

    Raises:
        DataError: a group has fewer than three arrays, batch and comparison are confounded, the signature has fewer than
            ten genes, or the resistant line has not lost the response.

    References: [@GHAYAD2008; @FIELLER1954; @SATTERTHWAITE1946].

    >>> rng = np.random.default_rng(1)
    >>> response = np.repeat([2.0, -2.0, 0.0], [20, 20, 160])[:, None] * np.array([0, 1, 0, 0.1, 0, 0.46])
    >>> values = np.repeat(response, 3, axis=1) + 0.2 * rng.normal(size=(200, 18))
    >>> print(restoration_index(values, groups=np.repeat(["SV", "SF", "RV", "RF", "RP", "RC"], 3).tolist()).RI_net)
    0.392 (95 % 0.351 to 0.433, n = 3)
    """
    places = _sound_arrays(groups, batch)
    readings = np.asarray(values, dtype=np.float64)
    complete = np.isfinite(readings).all(axis=1)
    scale = _calibrated(readings[complete], places["SV"], places["SF"], alpha)
    scores = [scale.weight @ readings[complete][:, places[group]] for group in ("RV", "RF", "RP", "RC")]
    line = _Line.of(scores, scale)
    _refuse_no_loss(line, level)
    return _read(line, scores, {group: len(held) for group, held in places.items()}, int((~complete).sum()), level)


def _read(line: _Line, scores: Sequence[Array], arrays: Mapping[str, int], incomplete: int, level: float) -> Restoration:
    p_relabelled, relabellings = relabelling_p(scores[3], scores[1])
    return Restoration(
        RI_total=line.ratio(_RI_TOTAL, level),
        RI_net=line.ratio(_RI_NET, level),
        phenocopy=line.ratio(_PHENOCOPY, level),
        retained=line.retained(level),
        calibration=line.scale.estimate(level),
        p_total=line.p(_RI_TOTAL),
        p_net=line.p(_RI_NET),
        p_relabelled=p_relabelled,
        genes=int((line.scale.weight != 0).sum()),
        arrays=arrays,
        notes=tuple(_notes(incomplete, line.scale, relabellings)),
    )


def relabelling_p(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[float, int]:
    """How rarely chance labels would set two groups of arrays as far apart as they are, over every relabelling.

    Args:
        first: scores of the group expected to be higher, shape `(array,)`.
        second: scores of the other group, shape `(array,)`.

    Returns:
        One-sided p-value, NaN above 200 000 relabellings; and their number. With three arrays each there are 20, so p
        cannot fall below 0.05.

    References: [@FISHER1935].

    >>> relabelling_p([3.0, 4.0, 5.0], [0.0, 1.0, 2.0])
    (0.05, 20)
    """
    high, low = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    pooled = np.concatenate([high, low])
    relabellings = math.comb(len(pooled), len(high))
    if relabellings > MOST_RELABELLINGS:
        return math.nan, relabellings
    chosen = np.array(list(itertools.combinations(range(len(pooled)), len(high))))
    sums = pooled[chosen].sum(axis=1)
    rounding = 1e-9 * float(np.abs(pooled).sum())
    return float((sums >= high.sum() - rounding).mean()), relabellings


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """The signature as weights, and the score difference that the full response would make on it."""

    weight: Array
    full: float
    variance: float
    pairs: int

    def estimate(self, level: float) -> Estimate:
        half = t_quantile(level, df=self.pairs - 1) * math.sqrt(self.variance)
        method = f"leave one pair out, t, df {self.pairs - 1}"
        return Estimate(self.full, self.full - half, self.full + half, level, self.pairs, "", method)


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Scores of the resistant line's arrays, told as four means with one pooled variance."""

    means: Array
    counts: Array
    variance: float
    df: int
    scale: _Scale

    @classmethod
    def of(cls, scores: Sequence[Array], scale: _Scale) -> _Line:
        counts = np.array([len(group) for group in scores])
        df = int(counts.sum()) - len(scores)
        variance = sum(float(((group - group.mean()) ** 2).sum()) for group in scores) / df
        return cls(np.array([group.mean() for group in scores]), counts, variance, df, scale)

    @property
    def lost(self) -> float:
        return self.scale.full + float(_LOST @ self.means)

    def covariance(self, first: Array, second: Array) -> float:
        return self.variance * float((first * second / self.counts).sum())

    def satterthwaite(self, own: float, of_scale: float) -> float:
        """Degrees of freedom of a variance whose parts come from this line's arrays and from the calibration."""
        total = own + of_scale
        return total**2 / (own**2 / self.df + of_scale**2 / (self.scale.pairs - 1)) if total else float(self.df)

    def ratio(self, above: Array, level: float) -> Estimate:
        part, lost = float(above @ self.means), self.lost
        value = part / lost
        covariance = np.array(
            [
                [self.covariance(above, above), self.covariance(above, _LOST)],
                [self.covariance(above, _LOST), self.covariance(_LOST, _LOST) + self.scale.variance],
            ]
        )
        difference = above - value * _LOST
        df = self.satterthwaite(self.covariance(difference, difference), value**2 * self.scale.variance)
        return self._fieller(part, lost, covariance, df, level)

    def retained(self, level: float) -> Estimate:
        kept, full = -float(_LOST @ self.means), self.scale.full
        own = self.covariance(_LOST, _LOST)
        df = self.satterthwaite(own, (kept / full) ** 2 * self.scale.variance)
        return self._fieller(kept, full, np.diag([own, self.scale.variance]), df, level)

    def p(self, above: Array) -> float:
        error = math.sqrt(self.covariance(above, above))
        return float(special.stdtr(self.df, -float(above @ self.means) / error)) if error else math.nan

    def _fieller(self, part: float, whole: float, covariance: Array, df: float, level: float) -> Estimate:
        low, high = fieller_limits(part, whole, covariance=covariance, df=df, level=level)
        n = min(int(self.counts.min()), self.scale.pairs)
        return Estimate(part / whole, low, high, level, n, "", f"Fieller, Satterthwaite df {df:.1f}")


def _sound_arrays(groups: Sequence[str], batch: Sequence[str] | None) -> dict[str, list[int]]:
    places = arrays_of(groups)
    few = [f"{group} {len(held)}" for group, held in places.items() if len(held) < FEWEST_EXPERIMENTS]
    if few:
        raise DataError(f"too few arrays ({', '.join(few)})", where="groups", hint=f"make {FEWEST_EXPERIMENTS} in each group")
    if batch is not None:
        held = {group: {batch[place] for place in where} for group, where in places.items()}
        if not (held["SV"] | held["SF"]) & (held["RV"] | held["RF"] | held["RP"] | held["RC"]):
            raise DataError("line and batch are confounded", where="batch", hint="run arrays of both lines in one batch")
        alone = [group for group in places if not held[group] & held[f"{group[0]}V"]]
        if alone:
            what = f"treatment and batch are confounded in {', '.join(alone)}"
            raise DataError(what, where="batch", hint="run each treatment beside its vehicle")
    return places


def _calibrated(values: Array, vehicle: Sequence[int], drug: Sequence[int], alpha: float) -> _Scale:
    """The signature of all sensitive arrays, and what it would score on arrays it has not seen.

    Genes picked for their response look better than they are. A signature learnt without one pair of arrays shows by how
    much; as that optimism scales with 1/n, the full signature has (n-1)/n of it.
    """
    weight, genes = _learnt(values, vehicle, drug, alpha)
    if genes < FEWEST_GENES:
        raise DataError(f"the signature has {genes} genes, fewer than {FEWEST_GENES}", hint="add arrays of the sensitive line")
    pairs = min(len(vehicle), len(drug))
    unseen = np.empty(pairs)
    for pair in range(pairs):
        others = [held[place] for held in (vehicle, drug) for place in range(len(held)) if place != pair]
        kept = len(vehicle) - 1
        partial, _ = _learnt(values, others[:kept], others[kept:], alpha)
        unseen[pair] = partial @ (values[:, drug[pair]] - values[:, vehicle[pair]])
    shrink = (pairs - 1) / pairs
    full = 1.0 - (1.0 - float(unseen.mean())) * shrink
    return _Scale(weight, full, float(unseen.var(ddof=1)) / pairs * shrink**2, pairs)


def _learnt(values: Array, vehicle: Sequence[int], drug: Sequence[int], alpha: float) -> tuple[Array, int]:
    """Weights of the significant genes, scaled so that the response they were learnt from scores 1; and their number.

    The ten best genes stand in where fewer are significant.
    """
    design = np.zeros((len(vehicle) + len(drug), 2))
    design[: len(vehicle), 0], design[len(vehicle) :, 1] = 1.0, 1.0
    found = moderated_t(values[:, [*vehicle, *drug]], design=design, contrasts=[[-1.0], [1.0]])
    effect, p = found.effect[:, 0], found.p[:, 0]
    hit = adjusted_p(p) < alpha
    genes = int(hit.sum())
    if genes < FEWEST_GENES:
        hit = np.argsort(np.argsort(p)) < FEWEST_GENES
    weight = np.where(hit, effect / found.se[:, 0] ** 2, 0.0)
    return weight / float(weight @ effect), genes


def _refuse_no_loss(line: _Line, level: float) -> None:
    own, of_scale = line.covariance(_LOST, _LOST), line.scale.variance
    half = t_quantile(level, df=line.satterthwaite(own, of_scale)) * math.sqrt(own + of_scale)
    if line.lost - half <= 0:
        raise DataError(
            f"the lost response ({line.lost:.2f}, {line.lost - half:.2f} to {line.lost + half:.2f}) may be none",
            hint="there is nothing to restore; add arrays, or look at dR",
        )


def _notes(left_out: int, scale: _Scale, relabellings: int) -> list[str]:
    notes = [f"{left_out} genes with a missing value were left out"] if left_out else []
    unsure = math.sqrt(scale.variance) / scale.full
    if unsure > UNSURE:
        notes.append(f"the calibration is unsure (relative error {unsure:.2f}): add arrays of the sensitive line")
    if relabellings > MOST_RELABELLINGS:
        notes.append(f"{relabellings} relabellings are too many to list: read p_total")
    else:
        notes.append(f"{relabellings} relabellings: p_relabelled cannot fall below {1 / relabellings:.2g}")
    return notes
