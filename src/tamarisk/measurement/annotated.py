"""AnnData files (.h5ad): a matrix with what its samples and genes are, in one file. It knows the format, not the biology."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tamarisk.errors import DataError, Issue, TableError, listed
from tamarisk.measurement.assay_tables import Matrix, Sheet, sheet_columns, unfit, value_fault
from tamarisk.measurement.estimate import Array
from tamarisk.measurement.measured import Source, source_of
from tamarisk.names import plain
from tamarisk.tables import Column

_MOST_SAMPLES = 5000  # beyond these they are cells, which are no replicates
_MOST_FAULTS = 20


def is_annotated(path: Path) -> bool:
    """Whether a file is an AnnData file, by its name.

    >>> is_annotated(Path("arrays.h5ad")), is_annotated(Path("arrays.csv"))
    (True, False)
    """
    return path.suffix.lower() == ".h5ad"


def read_annotated(
    path: Path, *, counts: bool, layer: str = "", gene_column: str = "", columns: Mapping[str, str] | None = None
) -> tuple[Matrix, Sheet, Source]:
    """Expression of every gene in every sample, and the group and batch of each sample.

    Args:
        path: the file; `obs` holds the samples, `var` the genes.
        counts: whether the numbers are said to be read counts, or log2 values.
        layer: the layer to read; X if "".
        gene_column: the column of `var` with names of genes; its index if "".
        columns: for `group` and `batch` the column of `obs` that means it, if not called so.

    Returns:
        The matrix, what its samples are, and what was taken from the file.

    Raises:
        DataError: anndata is not installed, a layer or column is not there, or X holds natural logarithms.
        TableError: the file cannot be read, or cells hold no fitting numbers; the first twenty at once.

    References: [@VIRSHUP2024].
    """
    data = _opened(path)
    genes, samples = tuple(map(str, data.var_names)), tuple(map(str, data.obs_names))
    if gene_column:
        genes = _words(data.var[_named(path, "var", data.var, [gene_column])])
    told = columns or {}
    group, batch = (_label(path, data.obs, one, told.get(one.name, "")) for one in sheet_columns(told)[1:])
    empty = [name for name, word in zip(samples, group, strict=True) if not word]
    if empty:
        raise DataError(
            f"sample(s) {', '.join(empty[:10])} have no group", where=path.name, hint="name a group or leave them out"
        )
    values = _values(path, data, layer, counts=counts)
    _refuse_unfit(path, values, genes, samples, counts=counts)
    return Matrix(genes, samples, values), Sheet(samples, group, batch if all(batch) else ()), source_of(path, used=len(genes))


def _anndata() -> ModuleType:
    try:
        return import_module("anndata")
    except ImportError:
        raise DataError("AnnData files need anndata, which is not installed", hint="install tamarisk[h5ad]") from None


def _opened(path: Path) -> Any:
    """The file, if it is one and small enough to hold samples rather than cells."""
    if path.is_dir():
        raise TableError("this is a folder, not a table", where=str(path), hint="name a file in it")
    if not path.exists():
        raise TableError("no such file", where=str(path), hint="check the path")
    library = _anndata()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats and repeated names, which are read as they are
            data = library.read_h5ad(path)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError):  # h5py and anndata say it in many ways
        raise TableError("the file is no sound AnnData file", where=str(path), hint="write it again with anndata") from None
    if data.n_obs > _MOST_SAMPLES:
        hint = "sum the reads of each experiment first, for cells of one dish are no replicates"
        raise DataError(f"{data.n_obs} samples look like single cells", where=path.name, hint=hint)
    if not data.n_obs or not data.n_vars:
        raise TableError("the file holds no samples or no genes", where=path.name, hint="write it again")
    return data


def _named(path: Path, part: str, table: Any, wanted: Sequence[str]) -> str:
    """The one column of obs or var that a name or its aliases mean."""
    found = [name for name in table if plain(str(name)) in {plain(word) for word in wanted}]
    if not found:
        hint = f"known: {', '.join(map(str, table))}" if len(table.columns) else f"{part} has no columns"
        raise DataError(f"{part} has no column '{wanted[0]}'", where=path.name, hint=hint)
    if len(found) > 1:
        hint = f"name the one to read, as --column {wanted[0]}={found[0]}"
        raise DataError(f"columns {' and '.join(map(repr, found))} both mean '{wanted[0]}'", where=path.name, hint=hint)
    return str(found[0])


def _label(path: Path, obs: Any, column: Column, named: str) -> tuple[str, ...]:
    """The word of each sample under a column of obs; "" throughout where it may lack."""
    words = (named,) if named else (column.name, *column.aliases)
    if column.optional and not named and not any(plain(str(header)) in {plain(word) for word in words} for header in obs):
        return ("",) * len(obs)
    return _words(obs[_named(path, "obs", obs, words)])


def _words(column: Any) -> tuple[str, ...]:
    return tuple("" if gap else str(word) for word, gap in zip(column, column.isna(), strict=True))


def _values(path: Path, data: Any, layer: str, *, counts: bool) -> Array:
    """The numbers of X or of a layer, shape `(gene, sample)`."""
    if layer and layer not in data.layers:
        hint = f"known: {', '.join(data.layers)}" if len(data.layers) else "it has only X"
        raise DataError(f"no layer '{layer}'", where=path.name, hint=hint)
    if not layer and not counts and "log1p" in data.uns and dict(data.uns["log1p"]).get("base") != 2:
        hint = "name a layer of reads with --layer and --scale counts, or one of log2 values"
        raise DataError("X holds natural logarithms (scanpy's log1p), not log2 values", where=path.name, hint=hint)
    held = data.layers[layer] if layer else data.X
    if held is None:
        hint = f"say --layer NAME; known: {', '.join(data.layers)}" if len(data.layers) else "write it again"
        raise DataError("the file has no X", where=path.name, hint=hint)
    dense = held.toarray() if hasattr(held, "toarray") else np.asarray(held)
    return np.ascontiguousarray(dense.T, dtype=np.float64)


def _refuse_unfit(path: Path, values: Array, genes: Sequence[str], samples: Sequence[str], *, counts: bool) -> None:
    """Numbers that are no counts, or no log2 values; a gap in log2 values is none."""
    bad = unfit(values, counts=counts) & (np.isfinite(values) | counts | np.isinf(values))
    places = np.argwhere(bad).tolist()
    issues = [
        Issue(f"{path.name}, sample {samples[sample]}, gene {genes[gene]}", _fault(float(values[gene, sample]), counts=counts))
        for gene, sample in places[:_MOST_FAULTS]
    ]
    if issues:
        more = f"\nand {len(places) - _MOST_FAULTS} more such cells" if len(places) > _MOST_FAULTS else ""
        raise TableError(listed(issues) + more)


def _fault(value: float, *, counts: bool) -> str:
    return value_fault(value, f"{value:g}", counts=counts) if np.isfinite(value) else f"{value:g} is not finite"
