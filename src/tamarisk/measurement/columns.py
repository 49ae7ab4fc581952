"""Long tables of an assay, whatever their columns are called. It knows the aliases, and guesses no unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from tamarisk.errors import DataError, Issue, TableError, listed
from tamarisk.measurement.measured import Source, source_of
from tamarisk.names import plain
from tamarisk.tables import Column, Row, Table, meanings, read_columns, table_cells, table_header, table_text
from tamarisk.units import CONCENTRATIONS, TIMES

_METABOLIC = "{} reads what cells metabolise, which a drug such as rapamycin lowers without killing any: count cells to be sure"
READOUTS: Mapping[str, str] = {  # columns that stand for counts, and what their reader must know
    "confluence": "confluence rises no more once the dish is full: leave out readings above about 80 %",
    **{word: _METABOLIC.format(word) for word in ("absorbance", "luminescence", "fluorescence", "MTT")},
}
ALIASES: Mapping[str, tuple[str, ...]] = {
    "plate": ("upid", "plate_id", "barcode"),
    "well": ("well_id",),
    "experiment": ("passage", "biological_replicate", "run", "experiment_id", "expt", "expt_id", "exp", "exp_id", "bio_rep"),
    "replicate": ("replicate_id", "rep"),
    "cell_line": ("cell.line", "cell_line_name", "sample_type", "cells", "cell_name"),
    "drug": ("drug1", "drug_row", "agent", "treatment", "compound", "condition"),
    "dose": ("conc1", "conc_r", "conc", "concentration", "drug1.conc"),
    "unit": ("conc_r_unit", "conc_unit", "drug1.units", "dose_unit"),
    "time": ("elapsed", "treatment_duration", "timepoint"),
    "counts": ("cell_count", "cell.count", "count", "cell_number", *READOUTS),
    "control_counts": ("cell_count__ctrl",),
    "start_counts": ("cell_count__time0",),
}
TIME_WORDS = {
    **TIMES,
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), TIMES["h"]),
    **dict.fromkeys(("minute", "minutes"), TIMES["min"]),
    **dict.fromkeys(("day", "days"), TIMES["d"]),
    **dict.fromkeys(("week", "weeks"), TIMES["wk"]),
}
CONTROLS = ("-", "", "vehicle", "control", "ctrl", "dmso", "etoh", "ethanol", "none", "untreated")


@dataclass(frozen=True, slots=True)
class Said:
    """What the call says about a file because the file does not.

    Attributes:
        dose_unit: unit of the doses; "" if the file says it.
        time_unit: unit of the times; "" if the file says it.
        columns: for an official name, the header that means it.
        keys: further columns whose values keep wells apart.
    """

    dose_unit: str = ""
    time_unit: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LongTable:
    """The rows of one file under official names.

    Attributes:
        frame: one row per reading; doses in nM, times in hours, names as text; `row` is its line in the file.
        source: the file and what was taken from it.
        warnings: what a reader must know about it.
    """

    frame: pd.DataFrame
    source: Source
    warnings: tuple[str, ...] = ()


def read_long(path: Path, columns: Sequence[Column], *, value: str, said: Said | None = None) -> LongTable:
    r"""The rows of a long table; a row whose reading is empty is left out and counted.

    Args:
        path: a CSV or TSV file, perhaps gzipped.
        columns: official columns; their aliases are added here.
        value: the column that holds the reading.
        said: what the call says about the file.

    Returns:
        The table.

    Raises:
        TableError: everything that is wrong with header and cells, at once.
        DataError: a unit is missing, unknown, or said twice and differently; or a name that the call gives is no column.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "counts.csv"
    ...     _ = path.write_text("Agent,Conc (uM),Cell.Count\n4OHT,1,200\n", encoding="utf-8")
    ...     table = read_long(path, [Column("drug"), Column("dose", number=True), Column("counts", number=True)], value="counts")
    >>> table.frame[["drug", "dose", "counts"]].to_dict("records")
    [{'drug': '4OHT', 'dose': 1000.0, 'counts': 200.0}]
    """
    told = said or Said()
    refuse_strange_names(told.columns, [column.name for column in columns])
    header = table_header(path)
    units = {name: _unit_in_header(header, name, words, told) for name, words in _UNITS.items()}
    wanted = _wanted(columns, told, units)
    given = {name: _agreed(path, name, units[name][1], told) for name in _UNITS}
    table = read_columns(path, wanted, extra=True, check=lambda row: _unit_faults(row, given), asks=_UNITED)
    frame = _in_standard_units(table, wanted, given)
    _refuse_repeated_wells(path, frame)
    empty = frame[value].isna() if value in frame else pd.Series(data=False, index=frame.index)
    dropped = {f"no {value}": frame.loc[empty, "row"].tolist(), "comment": _comments(path)}
    kept = frame[~empty].reset_index(drop=True)
    if kept.empty:
        raise TableError(f"no row holds a number under '{value}'", where=path.name, hint="fill in the readings")
    return LongTable(kept, source_of(path, used=len(kept), dropped=dropped), _warnings(path, header, wanted))


def refuse_strange_names(named: Iterable[str], known: Sequence[str]) -> None:
    """The names that a call gives to headers must mean something to the reader.

    Args:
        named: official names, as the call spells them.
        known: those that the reader knows.

    Raises:
        DataError: a name is none of them.

    >>> refuse_strange_names(["doze"], ["dose", "time"])
    Traceback (most recent call last):
    tamarisk.errors.DataError: column: no column is called 'doze' here; known: dose, time
    """
    strange = next((name for name in named if name not in known), None)
    if strange is not None:
        raise DataError(f"no column is called '{strange}' here", where="column", hint=f"known: {', '.join(known)}")


def is_control(drug: str, control: str = "") -> bool:
    """Whether a name stands for untreated cells: the one that was said, or one of the usual words.

    >>> is_control("DMSO"), is_control("Ctrl", control="Ctrl"), is_control("DMSO", control="Ctrl")
    (True, True, False)
    """
    return drug == control if control else drug.casefold() in CONTROLS


def _wanted(columns: Sequence[Column], said: Said, units: Mapping[str, tuple[str, str]]) -> list[Column]:
    """The columns with every header that may mean them, and those that keep wells apart."""
    own = [_aliased(column, said, units) for column in columns]
    meant = meanings(own)
    for key in said.keys:
        if meant.get(plain(key)) in _APART:
            what = f"'{key}' is the {meant[plain(key)]}, by which wells are kept apart in any case"
            raise DataError(what, where="by", hint="leave it out")
    known = {column.name for column in columns}
    return [*own, *(Column(key, required=False, header=key) for key in said.keys if key not in known)]


def _aliased(column: Column, said: Said, units: Mapping[str, tuple[str, str]]) -> Column:
    """The column with all headers that may mean it; the one that the call names stands for it alone."""
    if column.name in said.columns:
        return replace(column, header=said.columns[column.name])
    in_header = (units[column.name][0],) if column.name in units and units[column.name][0] else ()
    return replace(column, aliases=(*column.aliases, *ALIASES.get(column.name, ()), *in_header))


def _unit_in_header(header: Iterable[str], name: str, words: Mapping[str, float], said: Said) -> tuple[str, str]:
    """The header that names a quantity together with its unit, as `dose (nM)` or `time_h`, and that unit; or nothing."""
    quantities = [said.columns[name]] if name in said.columns else [name, *ALIASES[name]]
    spelled = {plain(f"{quantity}{unit}"): unit for quantity in quantities for unit in words if unit.isascii()}
    if name == "time":
        spelled |= {plain(unit): unit for unit in ("hours", "hour", "days", "day", "weeks", "week")}
    for cell in header:
        unit = spelled.get(plain(cell))
        if unit is not None:
            return cell, unit
        ending = _ending(cell, words) if cell == said.columns.get(name) else ""
        if ending:
            return cell, ending
    return "", ""


def _ending(cell: str, words: Mapping[str, float]) -> str:
    """The unit in which a header ends, as in `E2_nM`."""
    last = cell.replace("(", " ").replace(")", " ").replace("_", " ").replace("[", " ").replace("]", " ").split()
    return last[-1] if last and last[-1] in words else ""


def _in_standard_units(table: Table, columns: Sequence[Column], given: Mapping[str, str]) -> pd.DataFrame:
    """The columns that the file holds, doses in nM and times in hours."""
    held = [column for column in columns if column.name in table.cells]
    frame = pd.DataFrame({one.name: table.numbers(one.name) if one.number else table[one.name] for one in held})
    frame["row"] = table.lines
    if "dose" in frame:
        factors = {unit: CONCENTRATIONS.get(unit or given["dose"], 1.0) for unit in set(table["unit"])}
        frame["dose"] = frame["dose"] * [factors[unit] for unit in table["unit"]]
    if "time" in frame:
        frame["time"] = frame["time"] * TIME_WORDS.get(given["time"], 1.0)
    return frame


def _unit_faults(row: Row, given: Mapping[str, str]) -> Iterator[Issue]:
    """What is wrong with the units of a row; a dose of zero needs none."""
    unit = row["unit"] or given["dose"]
    if row.holds("dose") and row.number("dose") and not unit:
        yield Issue("column dose", "the dose has no unit (say --unit nM, add a column 'unit', or name the column 'dose (nM)')")
    if unit and unit not in CONCENTRATIONS:
        yield Issue("column unit", f"unknown unit '{unit}' (use {_offered(CONCENTRATIONS)})")
    elif unit and CONCENTRATIONS[unit] != CONCENTRATIONS.get(given["dose"] or unit):
        yield Issue("column unit", f"the cell says {unit} but header or call say {given['dose']}")
    if row["time"] and given["time"] not in TIME_WORDS:
        said = f"unknown unit '{given['time']}'" if given["time"] else "the time has no unit"
        yield Issue("column time", f"{said} (say --time-unit h, or name the column 'time (h)')")


def _offered(words: Iterable[str]) -> str:
    return ", ".join(word for word in words if word.isascii())


def _refuse_repeated_wells(path: Path, frame: pd.DataFrame) -> None:
    """One well is read once at a time; a well that stands twice was copied or mislabelled."""
    if "well" not in frame:
        return
    keys = [name for name in ("plate", "experiment", "well", "time") if name in frame]
    twice = frame[frame.duplicated(keys, keep=False) & (frame["well"] != "")]
    issues = [
        Issue(f"{path.name}, rows {', '.join(map(str, group['row']))}", f"well {group['well'].iloc[0]} stands {len(group)} times")
        for _, group in twice.groupby(keys, sort=False)
    ]
    if issues:
        raise TableError(listed(issues))


def _agreed(path: Path, name: str, in_header: str, said: Said) -> str:
    """The unit that header and call give; they may spell it differently, as `day` and `d`."""
    in_call = said.dose_unit if name == "dose" else said.time_unit
    if in_header and in_call and _UNITS[name][in_header] != _UNITS[name].get(in_call):
        raise DataError(f"the {name}s are in {in_header} by the header but in {in_call} by the call", where=path.name)
    return in_header or in_call


def _warnings(path: Path, header: Sequence[str], columns: Sequence[Column]) -> tuple[str, ...]:
    """Columns that were left out although their cells differ, and readings that stand for counts."""
    known = meanings(columns)
    strange = [place for place, cell in enumerate(header) if plain(cell) not in known]
    body = table_cells(path)[1] if strange else []
    unread = [header[place] for place in strange if len({cells[place] for _, cells in body}) > 1]
    said = [f"{path.name}: wells that differ only in column '{name}' count together (--by keeps them apart)" for name in unread]
    standing = {plain(word): words for word, words in READOUTS.items()}
    return (*said, *(standing[plain(cell)] for cell in header if plain(cell) in standing))


def _comments(path: Path) -> list[int]:
    text = table_text(path)
    return [number for number, line in enumerate(text.splitlines(), 1) if line.startswith("#")] if "#" in text else []


_APART = ("drug", "dose")
_UNITED = ("dose", "unit", "time")
_UNITS: Mapping[str, Mapping[str, float]] = {"dose": CONCENTRATIONS, "time": TIME_WORDS}
