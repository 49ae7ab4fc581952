"""Two drugs side by side in a long table, as SynergyFinder or a bench keeps them. It guesses no direction, scale or unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from tamarisk.errors import DataError, Issue, TableError
from tamarisk.measurement.columns import ALIASES, READOUTS, LongTable, Said
from tamarisk.measurement.measured import source_of
from tamarisk.measurement.responses import response_meaning
from tamarisk.names import plain
from tamarisk.tables import Column, Row, read_table, table_cells
from tamarisk.units import CONCENTRATIONS

DIRECTIONS = ("viability", "inhibition")
_ALIASES = {
    "block": ("block_id", "pair_index"),
    "experiment": ALIASES["experiment"],
    "cell_line": ALIASES["cell_line"],
    "drug1": ("drug_row", "drug_r"),
    "drug2": ("drug_col", "drug_c"),
    "conc1": ("conc_r", "conc_row", "dose1", "drug1.conc"),
    "conc2": ("conc_c", "conc_col", "dose2", "drug2.conc"),
    "unit": ("conc_unit", "dose_unit"),
    "unit1": ("conc_r_unit", "conc1_unit", "drug1.units"),
    "unit2": ("conc_c_unit", "conc2_unit", "drug2.units"),
    "time": ALIASES["time"],
}
_VALUES = {
    "counts": ("counts", *ALIASES["counts"]),
    "doublings": ("doublings",),
    "response": (*DIRECTIONS, "effect", "response"),
}
_GAPS = ("NA", "NaN", "nan")


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Wells with two drugs and what their readings are.

    Attributes:
        table: one row per well: `cells`, `block`, `drug1`, `drug2`, `conc1` and `conc2` (nM), `experiment` and `value`.
        kind: `counts`, `doublings` or `viability`, a share of untreated; inhibition was turned into viability.
    """

    table: LongTable
    kind: str


def read_pairs(path: Path, *, direction: str = "", scale: str = "", said: Said | None = None) -> Pairs:
    r"""The wells of a long table in which each row names two drugs and their doses, zero where one is absent.

    Args:
        path: a CSV or TSV file, perhaps gzipped, with counts, doublings or responses.
        direction: `viability` or `inhibition`; "" if the header says it.
        scale: `percent` or `fraction`; "" if the header says it, as `viability (%)`.
        said: what else the call says about the file.

    Returns:
        The wells; those without a reading are left out and counted.

    Raises:
        TableError: everything that is wrong with header and cells, at once.
        DataError: direction, scale or unit is missing, or is said twice and differently.

    References: [@LAZIC2018].

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "screen.csv"
    ...     text = "drug1,drug2,conc1,conc2,conc_unit,inhibition (%)\n4OHT,ICI,0.1,0,uM,40\n"
    ...     _ = file.write_text(text, encoding="utf-8")
    ...     read_pairs(file).table.frame[["conc1", "value"]].to_dict("records")
    [{'conc1': 100.0, 'value': 0.6}]
    """
    told = said or Said()
    header = table_cells(path)[0]
    _refuse_strange_names(path, header, told)
    kind, found, factor = _kind(path, header, direction, told), "", 1.0
    if kind == "response":
        found, kind, factor = response_meaning(path, direction=direction, scale=scale, said=told, allowed=DIRECTIONS)
        told = replace(told, columns={**told.columns, **({"response": found} if found else {})})
    units = {name: _agreed(path, name, _header_unit(header, name, told), told.dose_unit) for name in ("conc1", "conc2")}
    columns = tuple(_columns("response" if kind in DIRECTIONS else kind, units, told))
    rows = read_table(path, columns, extra=True, check=lambda row: _unit_faults(row, units))
    _refuse_times(path, rows)
    frame = _frame(rows, units, told.keys).assign(value=[_value(row, kind, factor) for row in rows])
    return Pairs(_kept(path, frame, kind, _warnings(path, header, columns)), "viability" if kind in DIRECTIONS else kind)


def _value(row: Row, kind: str, factor: float) -> float:
    """A reading as it stands, or the share of untreated that is left."""
    if kind not in DIRECTIONS:
        return row.number(kind)
    share = row.number("response") / factor
    return 1.0 - share if kind == "inhibition" else share


def _kept(path: Path, frame: pd.DataFrame, kind: str, warnings: Iterator[str]) -> LongTable:
    """The wells that have a reading; the others are counted."""
    empty = frame["value"].isna()
    if empty.all():
        raise TableError(f"no row holds a number under '{kind}'", where=path.name, hint="fill in the readings")
    source = source_of(path, used=int((~empty).sum()), dropped={"no reading": frame.loc[empty, "row"].tolist()})
    return LongTable(frame[~empty].reset_index(drop=True), source, tuple(warnings))


def _refuse_strange_names(path: Path, header: Sequence[str], said: Said) -> None:
    """A header that the call names must be there, and must mean something to this reader."""
    strange = [name for name in said.columns if name not in {*_ALIASES, *_VALUES}]
    if strange:
        known = ", ".join((*_ALIASES, *_VALUES))
        raise DataError(f"no column is called '{strange[0]}' here", where="column", hint=f"known: {known}")
    absent = [cell for cell in (*said.columns.values(), *said.keys) if plain(cell) not in {plain(one) for one in header}]
    if absent:
        raise DataError(f"no column '{absent[0]}'", where=path.name, hint=f"known: {', '.join(header)}")


def _kind(path: Path, header: Sequence[str], direction: str, said: Said) -> str:
    """Which kind of reading the file holds; the call decides where it holds several."""
    words = {plain(cell) for cell in header}
    named = [kind for kind in _VALUES if kind in said.columns] or (["response"] if direction else [])
    found = named or [kind for kind, spelled in _VALUES.items() if words & {plain(word) for word in spelled}]
    if len(found) > 1:
        hint = f"name the one to read, as --column {found[0]}=HEADER"
        raise DataError(f"the file holds {' and '.join(found)}", where=path.name, hint=hint)
    return found[0] if found else "response"


def _header_unit(header: Sequence[str], name: str, said: Said) -> str:
    """The unit that a header gives beside the dose, as `conc1 (nM)`; "" if it gives none."""
    quantities = [said.columns[name]] if name in said.columns else [name, *_ALIASES[name]]
    spelled = {plain(f"{quantity}{unit}"): unit for quantity in quantities for unit in CONCENTRATIONS if unit.isascii()}
    return next((spelled[plain(cell)] for cell in header if plain(cell) in spelled), "")


def _agreed(path: Path, name: str, in_header: str, in_call: str) -> str:
    if in_header and in_call and in_header != in_call:
        raise DataError(f"{name} is in {in_header} by the header but in {in_call} by the call", where=path.name)
    unit = in_header or in_call
    if unit and unit not in CONCENTRATIONS:
        known = ", ".join(one for one in CONCENTRATIONS if one.isascii())
        raise DataError(f"unknown unit '{unit}'", where="unit", hint=f"use {known}")
    return unit


def _columns(kind: str, units: dict[str, str], said: Said) -> Iterator[Column]:
    """The columns with every header that may mean them; a header that the call names means one thing alone."""
    taken = {plain(cell) for cell in said.columns.values()}

    def column(name: str, aliases: Sequence[str], **rules: bool | float | tuple[str, ...]) -> Column:
        spelled = (*aliases, f"{name}{units[name]}") if units.get(name) else aliases
        free = tuple(one for one in spelled if plain(one) not in taken)
        return Column(name, aliases=(said.columns[name],) if name in said.columns else free, **rules)  # type: ignore[arg-type]

    for name, aliases in _ALIASES.items():
        if name in {"conc1", "conc2"}:
            with_unit = tuple(f"{one}{units[name]}" for one in aliases) if units[name] else ()
            yield column(name, (*aliases, *with_unit), number=True, minimum=0.0)
        else:
            yield column(name, aliases, optional=name not in {"drug1", "drug2"}, required=not name.startswith("unit"))
    least = 0.0 if kind == "counts" else float("-inf")
    yield column(kind, ALIASES.get(kind, ()), number=True, minimum=least, required=False, gaps=_GAPS)
    yield from (Column(key) for key in said.keys)


def _unit_faults(row: Row, units: dict[str, str]) -> Iterator[Issue]:
    """What is wrong with the units of a row; a dose of zero needs none."""
    for number in ("1", "2"):
        own, given = row[f"unit{number}"] or row["unit"], units[f"conc{number}"]
        where = f"column conc{number}"
        if own and own not in CONCENTRATIONS:
            yield Issue(where, f"unknown unit '{own}' (use {', '.join(one for one in CONCENTRATIONS if one.isascii())})")
        elif own and given and own != given:
            yield Issue(where, f"the cell says {own} but header or call say {given}")
        elif not (own or given) and row.holds(f"conc{number}") and row.number(f"conc{number}"):
            hint = f"say --unit nM, add a column 'conc_unit', or name the column 'conc{number} (nM)'"
            yield Issue(where, f"the dose has no unit ({hint})")


def _refuse_times(path: Path, rows: Sequence[Row]) -> None:
    times = list(dict.fromkeys(row["time"] for row in rows if row["time"]))
    if len(times) > 1:
        hint = "keep the rows of one time"
        raise DataError(f"the readings are from {len(times)} times ({', '.join(times[:4])})", where=path.name, hint=hint)


def _frame(rows: Sequence[Row], units: dict[str, str], keys: Sequence[str]) -> pd.DataFrame:
    """The wells under official names, doses in nM."""

    def dose(row: Row, number: str) -> float:
        unit = row[f"unit{number}"] or row["unit"] or units[f"conc{number}"]
        return float(f"{row.number(f'conc{number}') * CONCENTRATIONS.get(unit, 1.0):.12g}")  # 0.1 uM is 100 nM

    frame = pd.DataFrame(
        {
            "row": [row.line for row in rows],
            "cells": [", ".join(word for word in (row["cell_line"], *(row[key] for key in keys)) if word) for row in rows],
            **{name: [row[name] for row in rows] for name in ("block", "drug1", "drug2", "experiment")},
            "conc1": [dose(row, "1") for row in rows],
            "conc2": [dose(row, "2") for row in rows],
        }
    )
    return frame if "experiment" in rows[0].cells else frame.drop(columns="experiment")


def _warnings(path: Path, header: Sequence[str], columns: Sequence[Column]) -> Iterator[str]:
    """Columns that were left out although their cells differ, and readings that stand for counts."""
    known = {plain(word) for column in columns for word in (column.name, *column.aliases)}
    body = table_cells(path)[1]
    for place, cell in enumerate(header):
        if plain(cell) not in known and plain(cell) not in {"well", "wellid"} and len({cells[place] for _, cells in body}) > 1:
            yield f"{path.name}: wells that differ only in column '{cell}' count together (--by keeps them apart)"
    standing = {plain(word): words for word, words in READOUTS.items()}
    if any(column.name == "counts" for column in columns):
        yield from (standing[plain(cell)] for cell in header if plain(cell) in standing)
