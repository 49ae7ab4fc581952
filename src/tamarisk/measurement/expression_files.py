"""Expression from whatever files hold it: a matrix and a sheet of its samples, or an AnnData file. It only finds the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tamarisk.errors import DataError
from tamarisk.measurement.annotated import is_annotated, read_annotated
from tamarisk.measurement.assay_tables import Matrix, Sheet, log_counts_per_million, read_matrices, read_sheet, well_read
from tamarisk.measurement.estimate import Mask
from tamarisk.measurement.expression_table import Changes, changed_genes
from tamarisk.measurement.measured import Source
from tamarisk.measurement.read_counts import count_changes


@dataclass(frozen=True, slots=True)
class Held:
    """What the call says about a matrix.

    Attributes:
        counts: whether it holds read counts, or log2 values.
        samples: the table of its samples; None if an AnnData file says what they are.
        gene_column: where the names of genes stand; the first column, or the index of `var`, if "".
        columns: for `sample`, `group` and `batch` the header that means it.
        layer: the layer of an AnnData file; X if "".
    """

    counts: bool
    samples: Path | None = None
    gene_column: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    layer: str = ""


def matrix_changes(
    files: Sequence[Path], held: Held, *, treated: str, control: str, shrink: bool = False, level: float = 0.95
) -> tuple[Changes, tuple[Source, ...], tuple[str, ...]]:
    """The changes between two groups of a matrix: read counts as DESeq2 has it, log2 values by moderated t.

    Args:
        files: the matrix, or several of the same genes in other samples.
        held: what it holds.
        treated: the group to compare.
        control: the group to compare it with.
        shrink: whether weakly supported changes of read counts are drawn towards none.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The changes, what was taken from the files, and what a reader must know.

    Raises:
        TableError: everything that is wrong with a file, at once.
        DataError: a group is not there, there is no replicate, batch and comparison are confounded, or a library is absent.

    References: [@SMYTH2004; @LOVE2014].
    """
    matrix, sheet, sources = _read(files, held)
    groups = {"treated": treated, "control": control, "batches": sheet.batches}
    if held.counts:
        matrix, sources = _well_read(files, matrix, sheet, sources)
        changes, notes = count_changes(matrix, sheet.groups, **groups, shrink=shrink, level=level)  # type: ignore[arg-type]
    elif shrink:
        raise DataError("log2 values are not shrunk", where="shrink", hint="moderated t steadies their variances instead")
    else:
        changes, notes = changed_genes(matrix, sheet.groups, **groups, level=level), ()  # type: ignore[arg-type]
    repeated = len(matrix.genes) - len(set(matrix.genes))
    twice = (f"{repeated} names of genes stand more than once and are kept apart",) if repeated else ()
    return changes, sources, (*notes, *twice)


def log2_matrix(files: Sequence[Path], held: Held) -> tuple[Matrix, Sheet, tuple[Source, ...]]:
    """A matrix on the log2 scale with what its samples are; of read counts, the genes with enough reads, per million.

    Args:
        files: the matrix, or several of the same genes in other samples.
        held: what it holds.

    Returns:
        Matrix, sheet, and what was taken from the files.

    Raises:
        TableError: everything that is wrong with a file, at once.
        DataError: no gene has enough reads, a sample has none, or a library is absent.

    References: [@LAW2014].
    """
    matrix, sheet, sources = _read(files, held)
    if not held.counts:
        return matrix, sheet, sources
    logs = Matrix(matrix.genes, matrix.samples, log_counts_per_million(matrix.values))
    _, sources = _well_read(files, matrix, sheet, sources)
    kept = well_read(matrix.values, sheet.groups)
    return _of(logs, kept), sheet, sources


def _read(files: Sequence[Path], held: Held) -> tuple[Matrix, Sheet, tuple[Source, ...]]:
    """Values and samples, from an AnnData file, or from tables."""
    file = next((path for path in files if is_annotated(path)), None)
    if file is not None:
        if len(files) > 1:
            raise DataError("an AnnData file stands alone", where=file.name, hint="measure it by itself, or join the files first")
        if held.samples is not None:
            hint = "leave --samples out, and name columns of obs with --column"
            raise DataError("an AnnData file says what its samples are", where=file.name, hint=hint)
        matrix, sheet, source = read_annotated(
            file, counts=held.counts, layer=held.layer, gene_column=held.gene_column, columns=held.columns
        )
        return matrix, sheet, (source,)
    if held.layer:
        raise DataError("only an AnnData file (.h5ad) has layers", where="layer", hint="leave --layer out")
    if held.samples is None:
        raise DataError("a matrix needs a table of its samples", where="samples", hint="say --samples FILE")
    sheet, sheet_source = read_sheet(held.samples, columns=held.columns)
    matrix, sources = read_matrices(files, samples=sheet.samples, counts=held.counts, gene_column=held.gene_column)
    return matrix, sheet, (*sources, sheet_source)


def _well_read(
    files: Sequence[Path], matrix: Matrix, sheet: Sheet, sources: tuple[Source, ...]
) -> tuple[Matrix, tuple[Source, ...]]:
    """The genes with enough reads; the others are counted."""
    kept = well_read(matrix.values, sheet.groups)
    if not kept.any():
        raise DataError("no gene has enough reads", where=files[0].name, hint="10 in each sample of a group at least")
    few = f"fewer than 10 reads in as many samples as the smallest group has: {int((~kept).sum())} genes"
    dropped = () if kept.all() else (few,)
    told = tuple(replace(one, used=int(kept.sum()), dropped=dropped) for one in sources[: len(files)])
    return _of(matrix, kept), (*told, *sources[len(files) :])


def _of(matrix: Matrix, kept: Mask) -> Matrix:
    genes = tuple(gene for gene, stays in zip(matrix.genes, kept.tolist(), strict=True) if stays)
    return Matrix(genes, matrix.samples, matrix.values[kept])
