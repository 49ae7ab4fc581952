"""Dose-response from whatever files hold it: counts, responses, or the samples of an expression matrix. It only finds the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.assay_tables import Matrix, log_counts_per_million, read_matrix
from tamarisk.measurement.choice_table import choices_of
from tamarisk.measurement.columns import LongTable, Said, read_long
from tamarisk.measurement.curve_table import Fitted, curves_of
from tamarisk.measurement.growth_table import CONTROL, Layout, arranged, growth_by_experiment
from tamarisk.measurement.measured import Measured, Source, with_warnings
from tamarisk.measurement.metrics_table import holds_metrics, metrics_of, read_metrics
from tamarisk.measurement.plate import gathered, is_export, is_grid, read_counts
from tamarisk.measurement.responses import gene_responses, holds_counts, read_responses
from tamarisk.tables import Column

_SHEET = (
    Column("sample", aliases=("run", "array", "library", "sample_id", "sample_name")),
    Column("dose", number=True, minimum=0.0),
    Column("unit", required=False, optional=True),
    Column("batch", required=False, optional=True, aliases=("plate",)),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the call says beside the files.

    Attributes:
        direction: what responses are; "" if the header says it.
        scale: percent or fraction; "" if the header says it.
        plate_map: what each well held, for grids and exports by well.
        samples: what each sample of a matrix of read counts got.
        genes: genes of that matrix.
        layout: control and experiments.
        said: units and columns.
        level: coverage of the intervals.
        plateau: the supposed response at a saturating dose, from which F-tests choose the simplest curve; None fits one.
    """

    direction: str = ""
    scale: str = ""
    plate_map: Path | None = None
    samples: Path | None = None
    genes: tuple[str, ...] = ()
    layout: Layout = field(default_factory=Layout)
    said: Said = field(default_factory=Said)
    level: float = 0.95
    plateau: float | None = None


def dose_files(files: Sequence[Path], asked: Asked) -> tuple[Measured, tuple[Fitted, ...], tuple[Source, ...]]:
    """The curves of all conditions in some files.

    Args:
        files: long tables, grids or exports of counts; tables of responses or of fitted curves; or one matrix of read counts.
        asked: what the call says beside them.

    Returns:
        The estimates, the curves, and what was taken from the files.

    Raises:
        TableError: everything that is wrong with a file, at once.
        DataError: unit, direction or control is missing, or no condition could be fitted.

    References: [@HAFNER2016; @RITZ2015].
    """
    if asked.samples is not None:
        readings, sources, warnings = _genes(files, asked.samples, asked)
        measured, fitted = _curves(readings, "other", asked)
        return with_warnings(measured, warnings), fitted, sources
    if asked.genes:
        raise DataError("the doses of the samples are missing", where="gene", hint="say --samples FILE")
    if holds_metrics(files[0]):
        fits = [read_metrics(path, said=asked.said) for path in files]
        notes = [words for table in fits for words in table.warnings]
        found = metrics_of(gathered(fits), layout=asked.layout, level=asked.level)
        return with_warnings(found, notes), (), tuple(table.source for table in fits)
    counted = [_is_counts(path, asked) for path in files]
    if any(counted) and not all(counted):
        raise DataError("some files hold counts and others responses", where="files", hint="measure them one after the other")
    part = _counts(files, asked) if all(counted) else _responses(files, asked)
    if part.readings["dose"].isna().all() or (part.readings["drug"] == CONTROL).all():
        raise DataError(
            "there is no dose above zero", where=files[0].name, hint="name the column of doses with --column dose=HEADER"
        )
    measured, fitted = _curves(part.readings, part.direction, asked)
    warnings = (*part.warnings, *(words for table in part.tables for words in table.warnings), *measured.warnings)
    sources = tuple(table.source for table in part.tables)
    return Measured(measured.results, (*part.refusals, *measured.refusals), warnings), fitted, sources


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    readings: pd.DataFrame
    direction: str
    tables: Sequence[LongTable]
    refusals: tuple[Issue, ...]
    warnings: tuple[str, ...]


def _curves(readings: pd.DataFrame, direction: str, asked: Asked) -> tuple[Measured, tuple[Fitted, ...]]:
    if asked.plateau is None:
        return curves_of(readings, direction=direction, level=asked.level)
    return choices_of(readings, direction=direction, plateau=asked.plateau, level=asked.level)


def _is_counts(path: Path, asked: Asked) -> bool:
    if is_export(path) or is_grid(path):
        return True
    return not asked.direction and holds_counts(path, asked.said)


def _counts(files: Sequence[Path], asked: Asked) -> _Part:
    tables = [read_counts(path, plate_map=asked.plate_map, said=asked.said) for path in files]
    growth = growth_by_experiment(gathered(tables), layout=asked.layout)
    treated = growth.frame[(growth.frame["drug"] != CONTROL) & growth.frame["GR"].notna() & growth.frame["dose"].notna()]
    if treated.empty:
        said = "; ".join(map(str, growth.refusals)) or "no dose stands beside a drug"
        raise DataError(said, where=files[0].name, hint="measure growth instead")
    return _Part(treated.rename(columns={"GR": "response"}), "GR", tables, growth.refusals, growth.warnings)


def _responses(files: Sequence[Path], asked: Asked) -> _Part:
    read = [read_responses(path, direction=asked.direction, scale=asked.scale, said=asked.said) for path in files]
    if len({one.direction for one in read}) > 1:
        raise DataError("the files hold different responses", where="files", hint="measure them one after the other")
    tables = [one.table for one in read]
    readings, warnings = arranged(gathered(tables), asked.layout)
    return _Part(readings, read[0].direction, tables, (), tuple(warnings))


def _genes(files: Sequence[Path], sheet_file: Path, asked: Asked) -> tuple[pd.DataFrame, tuple[Source, ...], tuple[str, ...]]:
    if len(files) > 1 or not asked.genes:
        what = "several matrices are named" if len(files) > 1 else "no gene is named"
        raise DataError(what, where="files", hint="name one matrix of read counts, and genes with --gene")
    sheet = read_long(sheet_file, _SHEET, value="dose", said=asked.said)
    matrix, source = read_matrix(files[0], samples=sheet.frame["sample"].tolist(), counts=True)
    logs = Matrix(matrix.genes, matrix.samples, log_counts_per_million(matrix.values))
    notes = [
        "responses are log2 counts per million; all samples of a gene make one curve, so intervals are from its scatter alone"
    ]
    if "batch" in sheet.frame:
        vehicle, treated = (set(sheet.frame.loc[held, "batch"]) for held in (sheet.frame["dose"] == 0, sheet.frame["dose"] > 0))
        if vehicle and not vehicle & treated:
            notes.append("dose 0 stands in a batch of its own, so the step from it to the doses may be the batch's")
    return gene_responses(logs, sheet, asked.genes), (source, sheet.source), tuple(notes)
