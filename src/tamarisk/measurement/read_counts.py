"""Which genes differ between two groups of samples by their read counts, as DESeq2 has it, through PyDESeq2.

It knows counts, groups and batches; what a count is worth, and how much of a change to believe, is PyDESeq2's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module, metadata
from typing import Any

import numpy as np
import pandas as pd

from tamarisk.errors import DataError
from tamarisk.measurement.assay_tables import Matrix
from tamarisk.measurement.estimate import Array, t_quantile
from tamarisk.measurement.expression_table import Changes, group_design

_ALONE = 2000  # genes below which further processes cost more than they save


def count_changes(
    matrix: Matrix,
    groups: Sequence[str],
    *,
    treated: str,
    control: str,
    batches: Sequence[str] = (),
    shrink: bool = False,
    level: float = 0.95,
) -> tuple[Changes, tuple[str, ...]]:
    """How the read counts of every gene differ between two groups, by negative binomial regression and Wald's test.

    Args:
        matrix: read counts, never logarithms.
        groups: group of each sample; groups beside the two compared help to know the dispersion.
        treated: the group to compare with `control`.
        control: the other group.
        batches: batch, experiment or pair of each sample, held constant; none if empty.
        shrink: whether weakly supported changes are drawn towards none (apeglm); p-values stay.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The changes, and what a reader must know: genes without p-value or adjusted p-value, and why.

    Raises:
        DataError: pydeseq2 is absent, numbers are no counts, or the design says nothing: no group, replicate or common gene.

    References: [@LOVE2014; @MUZELLEC2023; @ZHU2019].

    >>> matrix = Matrix(("GREB1", "PGR"), tuple("abcd"), np.array([[5.0, 6, 50, 60], [7, 9, 8, 9]]))
    >>> count_changes(matrix, list("vvrr"), treated="r", control="v", batches=list("1122"))
    Traceback (most recent call last):
    tamarisk.errors.DataError: batch: batch and comparison are confounded; run both groups in each batch
    """
    design = group_design(groups, treated=treated, control=control, batches=batches)
    _refuse(matrix.values, design)
    fitted = _fitted(matrix.values, design, shrink=shrink)
    n = min(list(groups).count(name) for name in (treated, control))
    changes = _changes(matrix.genes, fitted.results_df, n, level, shrink=shrink)
    return changes, tuple(_notes(fitted, changes))


def _changes(genes: tuple[str, ...], table: pd.DataFrame, n: int, level: float, *, shrink: bool) -> Changes:
    names = ("log2FoldChange", "lfcSE", "pvalue", "padj", "stat", "baseMean")
    effect, se, p, q, wald, mean = (np.array(table[name], dtype=np.float64) for name in names)
    effect[effect * wald < 0] = np.nan  # shrinking that turned the sign failed
    reach = t_quantile(level, df=1e9) * se
    how = "shrunk (apeglm)" if shrink else "not shrunk"
    method = f"negative binomial, Wald, PyDESeq2 {metadata.version('pydeseq2')}, {how}"
    level_of = np.log2(np.where(mean > 0, mean, np.nan))
    return Changes(genes, effect, effect - reach, effect + reach, level_of, p, q, n, level, method)


def _refuse(counts: Array, design: Array) -> None:
    """Everything that PyDESeq2 would not see, or would say in its own words."""
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.round(counts)).any():
        raise DataError("some numbers are no read counts", where="values", hint="log2 values are compared by moderated t")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise DataError("batch and comparison are confounded", where="batch", hint="run both groups in each batch")
    if len(design) <= design.shape[1]:
        raise DataError("no sample is left to judge noise by", where="groups", hint="add replicates")
    if not (counts > 0).all(axis=1).any():
        hint = "leave out samples with few reads"
        raise DataError("no gene has reads in all samples, so their depths cannot be compared", where="values", hint=hint)


def _fitted(counts: Array, design: Array, *, shrink: bool) -> Any:
    """PyDESeq2's answer; small matrices stay in this process, and no process starts threads of its own."""
    dds, ds, inference, threads = _pydeseq2()
    samples = [f"s{number}" for number in range(len(design))]
    names = ["control", "treated", *(f"other{number}" for number in range(design.shape[1] - 2))]
    model = pd.DataFrame(design, index=samples, columns=names)
    reads = pd.DataFrame(counts.T.astype(np.int64), index=samples, columns=[f"g{number}" for number in range(len(counts))])
    work = inference.DefaultInference(n_cpus=1 if len(counts) < _ALONE else None)
    with warnings.catch_warnings(), threads.threadpool_limits(1):
        warnings.simplefilter("ignore")  # what a reader must know of them is said in our own words
        data = dds.DeseqDataSet(counts=reads, metadata=model, design=model, inference=work, quiet=True)
        data.deseq2()
        asked = np.eye(len(names))[1]
        found = ds.DeseqStats(data, contrast=asked, inference=work, quiet=True)
        found.summary()
        if shrink:
            found.lfc_shrink(coeff="treated")
    return found


def _pydeseq2() -> tuple[Any, ...]:
    try:
        parts = ("pydeseq2.dds", "pydeseq2.ds", "pydeseq2.default_inference", "threadpoolctl")
        return tuple(import_module(part) for part in parts)
    except ImportError:
        what = "read counts need pydeseq2, which is not installed"
        raise DataError(what, hint="install tamarisk[counts]") from None


def _notes(fitted: Any, changes: Changes) -> Iterator[str]:
    """Genes that lack a number, and why; and whether genes were too few to learn from."""
    turned = int(np.isnan(changes.effect).sum())
    if turned:
        yield f"{turned} genes have no fold change, because shrinking it turned its sign"
    outlying = int(np.isnan(changes.p).sum())
    if outlying:
        yield f"{outlying} genes have a sample far from all others and get no p-value (Cook's distance)"
    weak = int((np.isnan(changes.q) & ~np.isnan(changes.p)).sum())
    if weak:
        yield f"{weak} genes have too few reads to be found and get no adjusted p-value (independent filtering)"
    if fitted.dds.uns["disp_function_type"] == "mean":
        yield "dispersion does not follow mean expression here, so all genes share one expectation of it"
