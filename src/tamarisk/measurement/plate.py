"""Plates as people export them: grids of wells, long tables, and Incucyte text. It knows wells, not what was in them.

Every reader gives the same long table, so that the rulers need not know where a reading came from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from tamarisk.errors import Issue, TableError, UnitError, listed
from tamarisk.measurement.columns import LongTable, Said, read_long
from tamarisk.measurement.measured import source_of
from tamarisk.tables import Column, table_text
from tamarisk.units import concentration_nM, hours

WELL = re.compile(r"([A-Pa-p])0?([1-9]|1[0-9]|2[0-4])")
GAPS = ("NA", "NaN", "nan", "-")
NAMES = tuple(
    Column(name, required=False, optional=True) for name in ("plate", "well", "experiment", "cell_line", "drug", "unit")
)
COUNTS = (
    *NAMES,
    Column("replicate", required=False, optional=True),
    Column("dose", number=True, required=False, minimum=0.0, optional=True),
    Column("time", number=True, required=False, minimum=0.0, optional=True),
    Column("counts", number=True, required=False, minimum=0.0, gaps=GAPS),
    Column("control_counts", number=True, required=False, minimum=0.0, gaps=GAPS, optional=True),
    Column("start_counts", number=True, required=False, minimum=0.0, gaps=GAPS, optional=True),
)
_SECOND_DRUG = (  # wells that also hold one are those of a combination
    Column("drug2", required=False, optional=True, aliases=("drug_col", "drug_c")),
    Column("conc2", number=True, required=False, optional=True, aliases=("conc_c", "conc_col", "dose2", "drug2.conc"), gaps=GAPS),
    Column("unit2", required=False, optional=True, aliases=("conc_c_unit", "conc2_unit", "drug2.units")),
)
_INCUCYTE = "Date Time\tElapsed"
_BLANK = (0.0, "")


def read_counts(path: Path, *, plate_map: Path | None = None, said: Said | None = None) -> LongTable:
    r"""Cell counts over time from any of the files that hold them.

    Args:
        path: a long table (GR case A or C), stacked grids each under its time, or an Incucyte text export.
        plate_map: for grids and exports by well, the grid that says what each well held, as `4OHT=100nM`.
        said: what the call says about a long table.

    Returns:
        One row per well and time, with `drug`, `dose` (nM), `time` (h) and `counts`, and whatever else a long table has.

    Raises:
        TableError: everything that is wrong with the file, at once.
        DataError: a unit is missing.

    References: [@HAFNER2016].

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "counts.csv"
    ...     _ = file.write_text("drug,dose (nM),time (h),counts\n-,0,0,100\n-,0,72,400\n4OHT,10,72,200\n", encoding="utf-8")
    ...     read_counts(file).frame["counts"].tolist()
    [100.0, 400.0, 200.0]
    """
    if is_export(path):
        wells, dropped = _incucyte(path)
    elif is_grid(path):
        wells, dropped = _stacked(path), {}
    else:
        return _of_one_drug(read_long(path, (*COUNTS, *_SECOND_DRUG), value="counts", said=said))
    return _named(path, wells, dropped, plate_map)


def _of_one_drug(table: LongTable) -> LongTable:
    """The wells without a second drug; the others are counted."""
    if "conc2" not in table.frame:
        return table
    beside = table.frame["conc2"] > 0
    if beside.all():
        hint = "measure synergy instead"
        raise TableError("every well holds a second drug", where=Path(table.source.file).name, hint=hint)
    said = f"a second drug (measure synergy reads them): {int(beside.sum())} rows"
    kept = table.frame[~beside].reset_index(drop=True)
    dropped = (*table.source.dropped, *((said,) if beside.any() else ()))
    return replace(table, frame=kept, source=replace(table.source, used=len(kept), dropped=dropped))


def _named(path: Path, wells: pd.DataFrame, dropped: dict[str, list[int]], plate_map: Path | None) -> LongTable:
    """Wells with the drug and dose that the map says; wells that it does not name are left out."""
    if plate_map is None:
        raise TableError("the wells have no names", where=path.name, hint="say --map FILE, a grid that says what each well held")
    held = read_plate_map(plate_map)
    strangers = [well for well in dict.fromkeys(wells["well"]) if well not in held]
    dropped |= {"not on the map": wells.loc[wells["well"].isin(strangers), "row"].tolist()}
    known = wells[~wells["well"].isin(strangers)].reset_index(drop=True)
    if known.empty:
        raise TableError(f"none of its wells is on the map {plate_map.name}", where=path.name, hint="check the map")
    known["drug"] = [held[well][0] for well in known["well"]]
    known["dose"] = [held[well][1] for well in known["well"]]
    return LongTable(known, source_of(path, used=len(known), dropped=dropped))


def gathered(tables: Sequence[LongTable]) -> pd.DataFrame:
    """The rows of several files as one table; a file that names no experiment is one.

    Args:
        tables: one or more files.

    Returns:
        All rows; with several files, `experiment` is the file's name where the file has no such column.

    >>> one = LongTable(pd.DataFrame({"counts": [1.0]}), source_of(Path(__file__), used=1))
    >>> gathered([one, one])["experiment"].tolist()
    ['plate.py', 'plate.py']
    """
    if len(tables) == 1:
        return tables[0].frame
    named = (
        one.frame if {"experiment", "replicate"} & set(one.frame) else one.frame.assign(experiment=Path(one.source.file).name)
        for one in tables
    )
    return pd.concat(list(named), ignore_index=True)


def read_plate_map(path: Path) -> dict[str, tuple[str, float]]:
    r"""What each well of a plate held.

    Args:
        path: a grid with columns 1 to 12 (or 24) and rows A to H (or P); a cell says `drug=dose` or `vehicle`, or is empty.

    Returns:
        For each used well its drug and dose in nM.

    Raises:
        TableError: it is no grid, or a cell is no drug and dose; all such cells at once.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "map.csv"
    ...     _ = file.write_text(",1,2,3\nA,vehicle,4OHT=100nM,\n", encoding="utf-8")
    ...     read_plate_map(file)
    {'A1': ('vehicle', 0.0), 'A2': ('4OHT', 100.0)}
    """
    if not is_grid(path):
        raise TableError("this is no plate grid", where=path.name, hint="columns 1 to 12 over rows A to H")
    held, issues = {}, []
    for well, (line, cell) in _grid(path, *_header_and_rows(path)[0]).items():
        name, _, amount = cell.rpartition("=")
        try:
            held[well] = (name.strip(), concentration_nM(amount)) if name else (cell, 0.0)
        except UnitError as fault:
            issues.append(Issue(f"{path.name}, row {line}, well {well}", str(fault)))
    if issues:
        raise TableError(listed(issues))
    if not held:
        raise TableError("the map names no well", where=path.name, hint="write drug=dose or vehicle into its cells")
    return held


def is_export(path: Path) -> bool:
    """Whether a file is an Incucyte text export, which has a line of its own above the readings.

    >>> is_export(Path(__file__))
    False
    """
    text = table_text(path)
    return _INCUCYTE in text and any(line.startswith(_INCUCYTE) for line in text.splitlines())


def is_grid(path: Path) -> bool:
    """Whether a file is a grid of wells: a line of column numbers over rows that begin with letters.

    >>> is_grid(Path(__file__))
    False
    """
    return bool(_header_and_rows(path))


def _header_and_rows(path: Path) -> list[tuple[str, list[str], list[tuple[int, list[str]]]]]:
    """The grids of a file: title, column numbers and lettered rows of each."""
    found: list[tuple[str, list[str], list[tuple[int, list[str]]]]] = []
    title = ""
    for line, cells in _cells(path):
        named = [cell for cell in cells if cell]
        if len(cells) > 1 and cells[1] == "1" and all(cell == str(place) for place, cell in enumerate(cells[1:], 1) if cell):
            found.append((cells[0] or title, [cell for cell in cells[1:] if cell], []))
        elif len(named) == 1 and not re.fullmatch("[A-Pa-p]", named[0]):
            title = named[0]
        elif found:
            found[-1][2].append((line, cells))
        else:
            return []
    return found


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows of cells; the separator is the first that any line holds, for a title has none."""
    text = table_text(path)
    separator = next((sign for sign in "\t,;" if sign in text), "\t")
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip(f" {separator}") and not line.startswith("#"):
            yield number, [cell.strip().strip('"') for cell in line.split(separator)]


def _grid(path: Path, title: str, columns: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> dict[str, tuple[int, str]]:
    """Line and text of each well that is not empty."""
    wells: dict[str, tuple[int, str]] = {}
    issues = []
    for line, cells in rows:
        where = f"{path.name}, row {line}" + (f", grid '{title}'" if title else "")
        if not re.fullmatch("[A-Pa-p]", cells[0]):
            issues.append(Issue(where, f"'{cells[0]}' is no row of a plate (A to P)"))
        elif len([cell for cell in cells[1:] if cell]) > len(columns) or any(cells[len(columns) + 1 :]):
            issues.append(Issue(where, f"more cells than the {len(columns)} columns"))
        elif f"{cells[0].upper()}1" in wells or any(well[0] == cells[0].upper() for well in wells):
            issues.append(Issue(where, f"row {cells[0].upper()} of the plate stands twice"))
        else:
            wells |= {f"{cells[0].upper()}{place}": (line, cell) for place, cell in enumerate(cells[1:], 1) if cell}
    if issues:
        raise TableError(listed(issues))
    return wells


def _stacked(path: Path) -> pd.DataFrame:
    """Grids of counts, each under its time, as a long table."""
    records: list[tuple[int, str, float, float]] = []
    issues: list[Issue] = []
    for title, columns, rows in _header_and_rows(path):
        try:
            time = hours(title)
        except UnitError:
            hint = "write its time above each grid, as 72h"
            issues.append(Issue(f"{path.name}, row {rows[0][0] - 1 if rows else 1}", f"the grid has no time ({hint})"))
            time = math.nan
        for well, (line, cell) in _grid(path, title, columns, rows).items():
            value, fault = _count(cell)
            issues += [Issue(f"{path.name}, row {line}, well {well}", fault)] if fault else []
            records.append((line, well, time, value))
    if issues:
        raise TableError(listed(issues))
    return pd.DataFrame(records, columns=["row", "well", "time", "counts"])


def _incucyte(path: Path) -> tuple[pd.DataFrame, dict[str, list[int]]]:
    """An Incucyte text export as a long table: hours in its second column, a well in each further one."""
    lines = table_text(path).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(_INCUCYTE))
    wells = [cell.strip() for cell in lines[start].split("\t")[2:]]
    issues = [Issue(f"{path.name}, row {start + 1}", f"'{well}' is no well") for well in wells if not WELL.fullmatch(well)]
    records: list[tuple[int, str, float, float]] = []
    empty: list[int] = []
    for number, line in _lines_below(lines, start):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(wells) + 2:
            issues.append(Issue(f"{path.name}, row {number}", f"{len(cells)} cells under {len(wells) + 2} columns"))
            continue
        time, fault = _count(cells[1])
        issues += [Issue(f"{path.name}, row {number}, column Elapsed", fault)] if fault else []
        for well, cell in zip(wells, cells[2:], strict=True):
            value, fault = _count(cell) if cell else _BLANK
            issues += [Issue(f"{path.name}, row {number}, well {well}", fault)] if fault else []
            if cell:
                records.append((number, well.upper(), time, value))
            else:
                empty.append(number)
    if issues:
        raise TableError(listed(issues))
    if not records:
        raise TableError("the export holds no reading", where=path.name, hint="export the wells' values as text")
    return pd.DataFrame(records, columns=["row", "well", "time", "counts"]), {"no counts": empty}


def _lines_below(lines: Sequence[str], start: int) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(lines[start + 1 :], start + 2) if line.strip())


def _count(cell: str) -> tuple[float, str]:
    """A reading, or what is wrong with it."""
    try:
        value = float(cell)
    except ValueError:
        return 0.0, f"'{cell}' is not a number" + (" (use a decimal point)" if "," in cell else "")
    if not math.isfinite(value) or value < 0:
        return 0.0, f"{cell} is " + ("below 0" if value < 0 else "not finite")
    return value, ""
