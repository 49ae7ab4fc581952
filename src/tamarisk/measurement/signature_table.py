"""What a co-drug restores of a lost expression response, as named estimates. It knows six groups of arrays, not drugs."""

from __future__ import annotations

from collections.abc import Sequence

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.assay_tables import Matrix
from tamarisk.measurement.estimate import Estimate
from tamarisk.measurement.measured import Measured, Result
from tamarisk.measurement.restoration import restoration_index
from tamarisk.measurement.signature import (
    Fractions,
    NullFraction,
    expected_null_fraction,
    gene_contrasts,
    restored_fractions,
    threshold_curve,
)

_INDEX = ("RI_total", "RI_net", "phenocopy", "retained", "calibration")
_COUNTS = ("F_lost", "F_sig", "F_rapa", "F_net")


def restored(
    matrix: Matrix, groups: Sequence[str], *, batches: Sequence[str] = (), alpha: float = 0.05, seed: int = 0, level: float = 0.95
) -> tuple[Measured, tuple[Fractions, ...]]:
    """The restored share of a drug's lost response: the index with intervals, and the counts with what chance gives.

    Args:
        matrix: log2 expression.
        groups: SV, SF, RV, RF, RP or RC for each sample.
        batches: batch of each sample; none if empty.
        alpha: adjusted p-value below which a gene belongs to the signature, between 0 and 1.
        seed: of the draws that say what counts to expect by chance.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The estimates, and the counts over thresholds of fold change.

    Raises:
        DataError: a group is missing or unknown.

    References: [@GHAYAD2008; @FIELLER1954].
    """
    contrasts = gene_contrasts(matrix.values, groups=groups)
    fractions = restored_fractions(contrasts, alpha=alpha)
    fewest = min(contrasts.arrays.values())
    results = [Result("counts", name, _count(getattr(fractions, name), fractions, fewest, level)) for name in _COUNTS]
    refusals: list[Issue] = []
    warnings: list[str] = [f"{fractions.signature} genes in the signature, {fractions.lost} lost, {fractions.restored} restored"]
    try:
        results.append(Result("counts", "E0", _chance(expected_null_fraction(contrasts, seed=seed, alpha=alpha), fewest)))
    except DataError as fault:
        refusals.append(Issue("E0", str(fault)))
    try:
        index = restoration_index(matrix.values, groups=groups, batch=batches or None, alpha=alpha, level=level)
    except DataError as fault:
        refusals.append(Issue("restoration index", str(fault)))
    else:
        p_values = {"RI_total": index.p_total, "RI_net": index.p_net}
        results[:0] = [Result("index", name, getattr(index, name), p_values.get(name, float("nan"))) for name in _INDEX]
        warnings += index.notes
    return Measured(tuple(results), tuple(refusals), tuple(warnings)), threshold_curve(contrasts, alpha=alpha)


def _count(share: float, fractions: Fractions, n: int, level: float) -> Estimate:
    among = f"{fractions.signature} genes of the signature, {fractions.lost} of them lost"
    return Estimate(share, float("nan"), float("nan"), level, n, "", f"a count without interval: {among}")


def _chance(null: NullFraction, n: int) -> Estimate:
    return Estimate(null.mean, null.low, null.high, 0.95, n, "", f"middle 95 % of {null.draws} draws without any restoration")
