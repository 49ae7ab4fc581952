"""Expression matrices and sheets of their samples as people keep them. It knows no biology."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tamarisk.errors import DataError, Issue, TableError, listed
from tamarisk.measurement.columns import refuse_strange_names
from tamarisk.measurement.estimate import Array, Mask
from tamarisk.measurement.measured import Source, source_of
from tamarisk.names import nearest
from tamarisk.tables import Column, read_table, table_cells, table_header

GAPS = ("", "na", "nan", "null")
HIGHEST_LOG2 = 40.0  # no instrument counts 2^40 of anything
FEWEST_READS = 10.0
_MOST_FAULTS = 20
_MOST_STRANGE = 0.1  # of the numbers of a matrix
_SAMPLE = Column("sample", aliases=("run", "array", "library", "sample_id", "sample_name"))
_GROUP = Column("group", aliases=("condition", "treatment"))
_BATCH = Column(
    "batch",
    required=False,
    optional=True,
    aliases=("plate", "experiment", "experiment_id", "expt_id", "exp_id", "pair", "passage"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Expression of genes in samples.

    Attributes:
        genes: name of each gene.
        samples: name of each sample.
        values: shape `(gene, sample)`; NaN where a value is missing.
    """

    genes: tuple[str, ...]
    samples: tuple[str, ...]
    values: Array


@dataclass(frozen=True, slots=True)
class Sheet:
    """What each sample is.

    Attributes:
        samples: names.
        groups: group of each.
        batches: batch, experiment or pair of each; empty if the sheet does not say.
    """

    samples: tuple[str, ...]
    groups: tuple[str, ...]
    batches: tuple[str, ...]


def read_matrix(path: Path, *, samples: Sequence[str], counts: bool, gene_column: str = "") -> tuple[Matrix, Source]:
    r"""Expression of every gene in the named samples.

    Args:
        path: a CSV or TSV file, perhaps gzipped: a row per gene, a column per sample.
        samples: the columns to read; others are left alone.
        counts: whether the numbers are read counts, which are never negative, or log2 values.
        gene_column: the column with names of genes; the first if "".

    Returns:
        The matrix, in the order of `samples`, and what was taken from the file.

    Raises:
        TableError: a sample has no column or two, rows are ragged, or cells hold no fitting numbers; all at once.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "counts.tsv"
    ...     _ = file.write_text("gene\ta\tb\nGREB1\t5\t50\n", encoding="utf-8")
    ...     read_matrix(file, samples=["b", "a"], counts=True)[0].values.tolist()
    [[50.0, 5.0]]
    """
    header, body = table_cells(path)
    if body and len(header) == len(body[0][1]) - 1:
        header = ["", *header]  # R leaves the corner out
    places, issues = _places(path, header, samples)
    named, strange = _places(path, header, [gene_column] if gene_column else [])
    issues += strange
    ragged = [line for line, cells in body if len(cells) != len(header)]
    issues += [
        Issue(f"{path.name}, row {line}", f"not as many cells as the header's {len(header)}") for line in ragged[:_MOST_FAULTS]
    ]
    if issues:
        raise TableError(listed(issues))
    if not body:
        raise TableError("the table has a header but no rows", where=path.name, hint="add at least one gene")
    rows = [[cells[place] for place in places] for _, cells in body]
    values = _numbers(path, rows, [line for line, _ in body], list(samples), counts=counts)
    genes = tuple(cells[named[0] if named else 0] for _, cells in body)
    return Matrix(genes, tuple(samples), values), source_of(path, used=len(rows))


def read_matrices(
    paths: Sequence[Path], *, samples: Sequence[str], counts: bool, gene_column: str = ""
) -> tuple[Matrix, tuple[Source, ...]]:
    """Expression of the same genes in samples that stand in several files, each sample in one of them.

    Args:
        paths: as `read_matrix` takes them.
        samples: the columns to read.
        counts: whether the numbers are read counts, or log2 values.
        gene_column: the column with names of genes; the first if "".

    Returns:
        The matrix, in the order of `samples` and of the first file's genes, and what was taken from each file.

    Raises:
        TableError: as `read_matrix`; or a sample stands in no file or in two, or the files hold other genes.
    """
    if len(paths) == 1:
        matrix, source = read_matrix(paths[0], samples=samples, counts=counts, gene_column=gene_column)
        return matrix, (source,)
    own = _own_samples(paths, samples)
    parts = [read_matrix(path, samples=held, counts=counts, gene_column=gene_column) for path, held in own.items()]
    genes = parts[0][0].genes
    for path, (part, _) in zip(paths, parts, strict=True):
        lacking = set(genes) ^ set(part.genes)
        if part.genes != genes and (lacking or len(set(genes)) < len(part.genes)):
            what = (
                f"{len(lacking)} genes stand in {paths[0].name} or {path.name} alone"
                if lacking
                else "its genes are not named once"
            )
            raise TableError(what, where=path.name, hint="give the same genes in each file")
    places = [{gene: place for place, gene in enumerate(part.genes)} for part, _ in parts]
    rows = [
        slice(None) if part.genes == genes else [at[gene] for gene in genes] for at, (part, _) in zip(places, parts, strict=True)
    ]
    values = np.hstack([part.values[row] for row, (part, _) in zip(rows, parts, strict=True)])
    order = [name for held in own.values() for name in held]
    found = Matrix(genes, tuple(samples), values[:, [order.index(name) for name in samples]])
    return found, tuple(source for _, source in parts)


def _own_samples(paths: Sequence[Path], samples: Sequence[str]) -> dict[Path, list[str]]:
    """The samples that each file holds, after seeing that each stands in one."""
    headers = {path: table_header(path) for path in paths}
    own = {path: [name for name in samples if name in header] for path, header in headers.items()}
    issues = [Issue(path.name, "no column is a sample of the sheet") for path, held in own.items() if not held]
    for name in samples:
        where = [path.name for path, held in own.items() if name in held]
        if len(where) != 1:
            issues.append(
                Issue(f"sample '{name}'", f"it stands in {' and '.join(where)}" if where else "no file has such a column")
            )
    if issues:
        raise TableError(listed(issues))
    return own


def read_sheet(path: Path, *, columns: Mapping[str, str] | None = None) -> tuple[Sheet, Source]:
    """What each sample of a matrix is.

    Args:
        path: a table with columns `sample` and `group`, and `batch` where samples were handled together.
        columns: for these names the header that means it, where the file calls it otherwise.

    Returns:
        The sheet, and what was taken from the file.

    Raises:
        TableError: everything that is wrong with it, at once.
        DataError: a name is none of these.
    """
    rows = read_table(path, sheet_columns(columns or {}), extra=True)
    names = [row["sample"] for row in rows]
    twice = [row for row in rows if names.count(row["sample"]) > 1]
    if twice:
        raise TableError(listed(Issue(f"{path.name}, row {row.line}", f"sample '{row['sample']}' stands twice") for row in twice))
    batches = tuple(row["batch"] for row in rows)
    held = batches if all(batches) else ()
    return Sheet(tuple(names), tuple(row["group"] for row in rows), held), source_of(path, used=len(rows))


def sheet_columns(named: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of a sample sheet: sample, group and batch, each with every header that may mean it.

    Args:
        named: headers that the call names, which then stand alone.

    Returns:
        The columns.

    Raises:
        DataError: a name is none of the three.

    >>> [column.header for column in sheet_columns({"group": "arm"})]
    ['', 'arm', '']
    """
    known = (_SAMPLE, _GROUP, _BATCH)
    refuse_strange_names(named, [column.name for column in known])
    return tuple(replace(one, header=named.get(one.name, "")) for one in known)


def unfit(values: Array, *, counts: bool) -> Mask:
    """Which numbers can be no read counts, or no log2 values.

    Args:
        values: any numbers.
        counts: whether they are said to be read counts, whole and not negative, or else log2 values.

    Returns:
        Where one cannot be; a gap (NaN) cannot be either.

    >>> unfit(np.array([7.0, 7.5, -1.0, 800.0]), counts=True).tolist()
    [False, True, True, False]
    >>> unfit(np.array([7.0, 7.5, -1.0, 800.0]), counts=False).tolist()
    [False, False, False, True]
    """
    strange = (values < 0) | (values != np.round(values)) if counts else values > HIGHEST_LOG2
    return np.asarray(strange | ~np.isfinite(values))


def log_counts_per_million(counts: Array) -> Array:
    """log2 of read counts per million reads of each sample, half a read added so that zero has a logarithm.

    Args:
        counts: read counts, shape `(gene, sample)`.

    Returns:
        log2 counts per million in the same shape.

    Raises:
        DataError: a sample has no reads.

    References: [@LAW2014].

    >>> log_counts_per_million(np.array([[0.0, 9.0], [99.0, 90.0]])).round(2).tolist()
    [[12.29, 16.54], [19.92, 19.79]]
    """
    depth = counts.sum(axis=0)
    if (depth <= 0).any():
        raise DataError(f"sample(s) {np.flatnonzero(depth <= 0).tolist()} have no reads", where="counts", hint="leave them out")
    return np.asarray(np.log2((counts + 0.5) / (depth + 1.0) * 1e6))


def well_read(counts: Array, groups: Sequence[str]) -> Mask:
    """Which genes have enough reads to be compared: 10 or more in as many samples as the smallest group has.

    Args:
        counts: read counts, shape `(gene, sample)`.
        groups: group of each sample.

    Returns:
        Whether each gene has, shape `(gene,)`.

    >>> well_read(np.array([[0.0, 3.0], [50.0, 90.0]]), ["a", "b"]).tolist()
    [False, True]
    """
    smallest = min(list(groups).count(group) for group in set(groups))
    return np.asarray((counts >= FEWEST_READS).sum(axis=1) >= smallest)


def _places(path: Path, header: Sequence[str], wanted: Sequence[str]) -> tuple[list[int], list[Issue]]:
    """Where columns stand, by their exact names."""
    issues = []
    for name in wanted:
        if name not in header:
            offer = nearest(name, [cell for cell in header if cell], count=1)
            issues.append(
                Issue(f"{path.name}, header", f"no column '{name}'" + (f"; did you mean '{offer[0]}'?" if offer else ""))
            )
        elif list(header).count(name) > 1:
            issues.append(Issue(f"{path.name}, header", f"column '{name}' stands twice"))
    return [list(header).index(name) for name in wanted if name in header], issues


def _numbers(path: Path, rows: Sequence[Sequence[str]], lines: Sequence[int], samples: Sequence[str], *, counts: bool) -> Array:
    """The cells as numbers; the first twenty cells that are none, and how many more."""
    values = np.empty((len(rows), len(samples)))
    issues: list[Issue] = []
    for number, cells in enumerate(rows):
        try:
            values[number] = [float(cell) for cell in cells]
        except ValueError:
            values[number] = [_number(cell) for cell in cells]
    bad = unfit(values, counts=counts)
    _refuse_scale(path, bad & np.isfinite(values), counts=counts)
    if not counts:
        bad &= ~np.array([[cell.casefold() in GAPS for cell in cells] for cells in rows])
    for row, column in np.argwhere(bad).tolist():
        issues.append(Issue(f"{path.name}, row {lines[row]}, column {samples[column]}", _fault(rows[row][column], counts=counts)))
    if issues:
        more = f"\nand {len(issues) - _MOST_FAULTS} more such cells" if len(issues) > _MOST_FAULTS else ""
        raise TableError(listed(issues[:_MOST_FAULTS]) + more)
    return values


def _refuse_scale(path: Path, strange: Mask, *, counts: bool) -> None:
    """One sentence where so many numbers are of the other scale that it must have been mistaken."""
    many = int(strange.sum())
    if many > max(_MOST_FAULTS, _MOST_STRANGE * strange.size):
        said, other = ("read counts", "log2") if counts else ("log2 values", "counts")
        hint = f"say --scale {other}" + (", or round estimated reads" if counts else " if these are reads")
        raise TableError(f"{many} of {strange.size} numbers are no {said}", where=path.name, hint=hint)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _fault(cell: str, *, counts: bool) -> str:
    value = _number(cell)
    if math.isfinite(value):
        return value_fault(value, cell, counts=counts)
    return "the cell is empty" if not cell else f"'{cell}' is not a number" + (" (use a decimal point)" if "," in cell else "")


def value_fault(value: float, cell: str, *, counts: bool) -> str:
    """Why a number is no read count, or no log2 value.

    Args:
        value: the number.
        cell: how it is written.
        counts: whether it is said to be a read count.

    Returns:
        The reason in words.

    >>> value_fault(7.5, "7.5", counts=True)
    '7.5 is no whole number, so it is no count (say so if these are log2 values, or round estimated reads)'
    """
    if not counts:
        return f"{cell} is no log2 value (say --scale counts if these are reads)"
    if value < 0:
        return f"{cell} is below 0, so it is no count"
    return f"{cell} is no whole number, so it is no count (say so if these are log2 values, or round estimated reads)"
