"""Which genes differ between two groups of samples, from a matrix or from a table of changed genes. It knows no genes by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tamarisk.errors import DataError, Issue, TableError
from tamarisk.measurement.assay_tables import Matrix
from tamarisk.measurement.estimate import Array, Estimate, t_quantile
from tamarisk.measurement.expression import adjusted_p, moderated_t
from tamarisk.measurement.measured import Measured, Result, Source, source_of
from tamarisk.names import plain
from tamarisk.tables import Column, Row, meanings, read_table, table_cells, table_header

ALPHA = 0.05  # adjusted p-value from which a gene counts as changed
NA = ("NA", "NaN", "nan")
_GENE = ("", "gene", "gene_id", "geneid", "symbol", "gene_name", "id", "genes", "probe")
_TABLE = (
    Column("effect", number=True, required=False, aliases=("logFC", "log2FoldChange"), gaps=NA),
    Column("se", number=True, required=False, optional=True, aliases=("lfcSE",), gaps=NA),
    Column("mean", number=True, required=False, optional=True, aliases=("AveExpr", "logCPM", "baseMean"), gaps=NA),
    Column("p", number=True, required=False, minimum=0.0, aliases=("P.Value", "pvalue", "PValue"), gaps=NA),
    Column("q", number=True, required=False, minimum=0.0, optional=True, aliases=("adj.P.Val", "padj", "FDR"), gaps=NA),
)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """The change of every gene between two groups.

    Attributes:
        genes: names, as many as the other arrays have numbers.
        effect: log2 fold change.
        low: lower end of its interval; NaN where there is none.
        high: upper end.
        mean: mean expression, log2; NaN where a table does not say.
        p: two-sided p-value.
        q: adjusted p-value (Benjamini-Hochberg).
        n: samples in the smaller group; 0 where a table does not say.
        level: coverage of the intervals.
        method: how they were made.
    """

    genes: tuple[str, ...]
    effect: Array
    low: Array
    high: Array
    mean: Array
    p: Array
    q: Array
    n: int
    level: float
    method: str

    def results(self) -> tuple[Result, ...]:
        """One result per gene, smallest p-value first."""
        order = np.argsort(np.where(np.isfinite(self.p), self.p, math.inf), kind="stable").tolist()
        return tuple(self._result(place) for place in order)

    def _result(self, place: int) -> Result:
        effect, low, high = (float(array[place]) for array in (self.effect, self.low, self.high))
        estimate = Estimate(effect, low, high, self.level, self.n, "log2", self.method)
        return Result(self.genes[place], "log2 fold change", estimate, float(self.p[place]), float(self.q[place]))


def changed_genes(
    matrix: Matrix,
    groups: Sequence[str],
    *,
    treated: str,
    control: str,
    batches: Sequence[str] = (),
    level: float = 0.95,
) -> Changes:
    """How every gene differs between two groups, by moderated t over all samples.

    Args:
        matrix: log2 expression.
        groups: group of each sample; groups beside the two compared help to know the variance.
        treated: the group to compare with `control`.
        control: the other group.
        batches: batch, experiment or pair of each sample, held constant; none if empty.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The changes.

    Raises:
        DataError: a group is not there, there is no replicate, or batch and comparison are confounded.

    References: [@SMYTH2004].

    >>> matrix = Matrix(("GREB1", "PGR"), tuple("abcd"), np.array([[1, 1.2, 3, 3.1], [2, 2.1, 2, 2.2]]))
    >>> changed_genes(matrix, ["v", "v", "r", "r"], treated="r", control="v").results()[0].of
    'GREB1'
    """
    design = group_design(groups, treated=treated, control=control, batches=batches)
    contrast = np.eye(design.shape[1])[:, [1]]
    found = moderated_t(matrix.values, design=design, contrasts=contrast)
    effect, p = _estimable(found.effect[:, 0]), found.p[:, 0]
    reach = _reach(found.df, level) * found.se[:, 0]
    n, mean = min(list(groups).count(name) for name in (treated, control)), _mean(matrix.values)
    method = f"moderated t, prior df {found.prior_df:.1f}"
    return Changes(matrix.genes, effect, effect - reach, effect + reach, mean, p, adjusted_p(p), n, level, method)


def _estimable(effect: Array) -> Array:
    """The effects, once it is seen that the design allows any."""
    if not np.isfinite(effect).any():
        raise DataError("batch and comparison are confounded", where="batch", hint="run both groups in each batch")
    return effect


def _mean(values: Array) -> Array:
    known = np.isfinite(values).sum(axis=1)
    return np.asarray(np.nansum(values, axis=1) / np.where(known > 0, known, np.nan))


def _reach(df: Array, level: float) -> Array:
    """How many standard errors each gene's interval reaches; few different degrees of freedom are asked for."""
    kinds, of_kind = np.unique(df, return_inverse=True)
    return np.array([t_quantile(level, df=kind) for kind in kinds])[of_kind]


def group_design(groups: Sequence[str], *, treated: str, control: str, batches: Sequence[str] = ()) -> Array:
    """What each sample is made of: the control, how each other group differs from it, and how each batch from the first.

    Args:
        groups: group of each sample.
        treated: the group to compare with `control`.
        control: the group that the others differ from.
        batches: batch, experiment or pair of each sample; none if empty.

    Returns:
        Shape `(sample, coefficient)`; the second coefficient is the difference of `treated` from `control`.

    Raises:
        DataError: a group is not there, or is compared with itself.

    References: [@SMYTH2004].

    >>> group_design(["v", "r", "v", "r"], treated="r", control="v", batches=["1", "1", "2", "2"]).tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    """
    names = list(dict.fromkeys(groups))
    strangers = [name for name in (treated, control) if name not in names]
    if strangers or treated == control:
        what = f"no group '{strangers[0]}'" if strangers else f"'{treated}' is compared with itself"
        raise DataError(what, where="groups", hint=f"known: {', '.join(names)}")
    others = [treated, *(name for name in names if name not in {treated, control})]
    columns = [[float(group == name) for group in groups] for name in others]
    columns += [[float(batch == block) for batch in batches] for block in list(dict.fromkeys(batches))[1:]]
    return np.array([[1.0] * len(groups), *columns]).T


def read_changes(path: Path, *, level: float = 0.95) -> tuple[Changes, Source]:
    """A table of changed genes that limma, DESeq2 or edgeR wrote.

    Args:
        path: the table; the first column, or one named gene, holds the names.
        level: coverage of the intervals, which only DESeq2's standard errors allow.

    Returns:
        The changes; genes without a p-value stay in with none, adjusted p-values are made where the table lacks them.

    Raises:
        TableError: everything that is wrong with the table, at once.

    References: [@BENJAMINI1995].
    """
    gene = Column("gene", required=False, aliases=_GENE)
    if not {"effect", "p"} & {meanings(_TABLE).get(plain(cell)) for cell in table_header(path)}:
        hint = "for a matrix of samples say --samples FILE"
        raise TableError("no column holds log2 fold changes or p-values", where=path.name, hint=hint)
    rows = read_table(path, (gene, *_TABLE), extra=True, check=_p_faults)
    effect, se, mean, p, q = (np.array([row.number(column.name) for row in rows]) for column in _TABLE)
    reach = t_quantile(level, df=1e9) * se
    if any(plain(cell) == "basemean" for cell in table_cells(path)[0]):
        mean = np.log2(np.where(mean > 0, mean, np.nan))  # DESeq2's is no logarithm
    adjusted = q if np.isfinite(q).any() else adjusted_p(p)
    method = "normal, from the table's standard errors" if np.isfinite(se).any() else "the table gives no standard errors"
    genes = tuple(row["gene"] for row in rows)
    return Changes(genes, effect, effect - reach, effect + reach, mean, p, adjusted, 0, level, method), source_of(
        path, used=len(rows)
    )


def _p_faults(row: Row) -> Iterator[Issue]:
    """A p-value above 1 is another column's number."""
    for name in ("p", "q"):
        if row.holds(name) and row.number(name) > 1:
            yield Issue(f"column {name}", f"{row[name]} is above 1, so it is no p-value")


def said_of(changes: Changes, notes: Sequence[str] = ()) -> Measured:
    """The changes as results, with how many there are.

    >>> none = np.array([])
    >>> said_of(Changes((), none, none, none, none, none, none, 3, 0.95, "")).warnings
    ('0 of 0 genes differ (adjusted p below 0.05): 0 up, 0 down',)
    """
    hit = changes.q < ALPHA
    up, down = int((hit & (changes.effect > 0)).sum()), int((hit & (changes.effect < 0)).sum())
    tested = int(np.isfinite(changes.p).sum())
    words = f"{up + down} of {tested} genes differ (adjusted p below {ALPHA:g}): {up} up, {down} down"
    return Measured(changes.results(), (), (words, *notes))
