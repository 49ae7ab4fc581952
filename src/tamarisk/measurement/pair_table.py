"""Two drugs side by side in a long table, as SynergyFinder or a bench keeps them. It guesses no direction, scale or unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from tamarisk.errors import DataError, Issue, TableError
from tamarisk.measurement.columns import ALIASES, READOUTS, LongTable, Said, is_control, refuse_strange_names
from tamarisk.measurement.measured import source_of
from tamarisk.measurement.plate import gathered
from tamarisk.measurement.responses import response_meaning
from tamarisk.names import plain
from tamarisk.tables import Column, Row, Table, meanings, read_columns, table_cells, table_header
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
        scale: `percent` or `fraction`; "" if the header says it.
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
    told, header = said or Said(), table_header(path)
    _refuse_strange_names(path, header, told)
    kind, found, factor = _kind(path, header, direction, told), "", 1.0
    if kind == "response":
        found, kind, factor = response_meaning(path, direction=direction, scale=scale, said=told, allowed=DIRECTIONS)
        told = replace(told, columns={**told.columns, **({"response": found} if found else {})})
    units = {name: _agreed(path, name, _header_unit(header, name, told), told.dose_unit) for name in ("conc1", "conc2")}
    columns = tuple(_columns("response" if kind in DIRECTIONS else kind, units, told))
    rule = ("drug1", "drug2", "conc1", "conc2", "unit", "unit1", "unit2")
    table = read_columns(path, columns, extra=True, check=lambda row: _unit_faults(row, units), asks=rule)
    _refuse_times(path, table["time"])
    frame = _frame(table, units, told.keys).assign(value=_values(table, kind, factor))
    kept = _kept(path, frame, kind, _warnings(path, header, columns))
    return Pairs(_in_pairs(path, kept), "viability" if kind in DIRECTIONS else kind)


def joined(parts: Sequence[Pairs]) -> Pairs:
    """The wells of several files as one table; a file that names no experiment is one.

    Args:
        parts: what was read from each file.

    Returns:
        All wells; the source is that of the first file.

    Raises:
        DataError: the files hold different readings.

    >>> table = LongTable(pd.DataFrame({"value": [1.0]}), source_of(Path(__file__), used=1))
    >>> joined([Pairs(table, "counts"), Pairs(table, "counts")]).table.frame["experiment"].tolist()
    ['pair_table.py', 'pair_table.py']
    """
    if len({one.kind for one in parts}) > 1:
        raise DataError("the files hold different readings", where="files", hint="measure them one after the other")
    tables = [one.table for one in parts]
    notes = tuple(words for table in tables for words in table.warnings)
    return Pairs(LongTable(gathered(tables), tables[0].source, notes), parts[0].kind)


def _values(table: Table, kind: str, factor: float) -> list[float]:
    """The readings as they stand, or the shares of untreated that are left."""
    if kind not in DIRECTIONS:
        return table.numbers(kind)
    shares = [value / factor for value in table.numbers("response")]
    return [1.0 - share for share in shares] if kind == "inhibition" else shares


def _kept(path: Path, frame: pd.DataFrame, kind: str, warnings: Iterator[str]) -> LongTable:
    """The wells that have a reading; the others are counted."""
    empty = frame["value"].isna()
    if empty.all():
        raise TableError(f"no row holds a number under '{kind}'", where=path.name, hint="fill in the readings")
    source = source_of(path, used=int((~empty).sum()), dropped={"no reading": frame.loc[empty, "row"].tolist()})
    return LongTable(frame[~empty].reset_index(drop=True), source, tuple(warnings))


def _in_pairs(path: Path, table: LongTable) -> LongTable:
    """Every well under the pair that it names; a well of one drug or none under each pair that it is a control of."""
    frame = table.frame
    first, second = (_named(frame[f"drug{number}"], frame[f"conc{number}"]) for number in ("1", "2"))
    lone = (first == "") | (second == "")
    if not lone.any():
        return table
    if lone.all():
        raise DataError("no well names two drugs", where=path.name, hint="give the combinations as well")
    dose = (frame["conc1"] + frame["conc2"])[lone]
    drug = (first + second)[lone].where(dose > 0, "")
    parts = [frame[~lone]]
    for cells, one, other in parts[0][["cells", "drug1", "drug2"]].drop_duplicates().to_numpy():
        for held, doses in ((drug == one, (dose, 0.0)), (drug == other, (0.0, dose)), (drug == "", (0.0, 0.0))):
            own = frame[lone][held & (frame.loc[lone, "cells"] == cells)]
            given = [part if isinstance(part, float) else part[own.index] for part in doses]
            parts.append(own.assign(drug1=one, drug2=other, conc1=given[0], conc2=given[1]))
    paired = pd.concat(parts, ignore_index=True)
    lost = len(set(frame["row"]) - set(paired["row"]))
    said = (f"a drug of no pair: {lost} rows",) if lost else ()
    source = replace(table.source, used=table.source.used - lost, dropped=(*table.source.dropped, *said))
    return replace(table, frame=paired, source=source)


def _named(drug: pd.Series, dose: pd.Series) -> pd.Series:
    """The drug of each well, "" where a usual word for untreated stands beside dose zero."""
    return drug.mask((dose == 0) & drug.isin([word for word in drug.unique() if is_control(word)]), "")


def _refuse_strange_names(path: Path, header: Sequence[str], said: Said) -> None:
    """A header that the call names must be there, and must mean something to this reader."""
    refuse_strange_names(said.columns, (*_ALIASES, *_VALUES))
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
    if in_header and in_call and CONCENTRATIONS[in_header] != CONCENTRATIONS.get(in_call):
        raise DataError(f"{name} is in {in_header} by the header but in {in_call} by the call", where=path.name)
    unit = in_header or in_call
    if unit and unit not in CONCENTRATIONS:
        known = ", ".join(one for one in CONCENTRATIONS if one.isascii())
        raise DataError(f"unknown unit '{unit}'", where="unit", hint=f"use {known}")
    return unit


def _columns(kind: str, units: dict[str, str], said: Said) -> Iterator[Column]:
    """The columns with every header that may mean them; a header that the call names means one thing alone."""

    def column(name: str, aliases: Sequence[str], **rules: bool | float | tuple[str, ...]) -> Column:
        spelled = (*aliases, f"{name}{units[name]}") if units.get(name) else aliases
        return Column(name, aliases=tuple(spelled), header=said.columns.get(name, ""), **rules)  # type: ignore[arg-type]

    for name, aliases in _ALIASES.items():
        if name in {"conc1", "conc2"}:
            with_unit = tuple(f"{one}{units[name]}" for one in aliases) if units[name] else ()
            yield column(name, (*aliases, *with_unit), number=True, minimum=0.0, required=False)
        else:
            drug = name in {"drug1", "drug2"}
            yield column(name, aliases, optional=not drug, required=not drug and not name.startswith("unit"))
    least = 0.0 if kind == "counts" else float("-inf")
    yield column(kind, ALIASES.get(kind, ()), number=True, minimum=least, required=False, gaps=_GAPS)
    yield from (Column(key) for key in said.keys)


def _unit_faults(row: Row, units: dict[str, str]) -> Iterator[Issue]:
    """What is wrong with the doses of a row and their units; a dose of zero needs none, and a drug that is absent no dose."""
    for number in ("1", "2"):
        if row[f"drug{number}"] and not row[f"conc{number}"]:
            yield Issue(f"column conc{number}", "the drug has no dose")
        if row.holds(f"conc{number}") and row.number(f"conc{number}") and not row[f"drug{number}"]:
            yield Issue(f"column drug{number}", "the dose has no drug")
        own, given = row[f"unit{number}"] or row["unit"], units[f"conc{number}"]
        where = f"column conc{number}"
        if own and own not in CONCENTRATIONS:
            yield Issue(where, f"unknown unit '{own}' (use {', '.join(one for one in CONCENTRATIONS if one.isascii())})")
        elif own and given and CONCENTRATIONS[own] != CONCENTRATIONS[given]:
            yield Issue(where, f"the cell says {own} but header or call say {given}")
        elif not (own or given) and row.holds(f"conc{number}") and row.number(f"conc{number}"):
            hint = f"say --unit nM, add a column 'conc_unit', or name the column 'conc{number} (nM)'"
            yield Issue(where, f"the dose has no unit ({hint})")


def _refuse_times(path: Path, cells: Sequence[str]) -> None:
    times = [cell for cell in dict.fromkeys(cells) if cell]
    if len(times) > 1:
        hint = "keep the rows of one time"
        raise DataError(f"the readings are from {len(times)} times ({', '.join(times[:4])})", where=path.name, hint=hint)


def _frame(table: Table, units: dict[str, str], keys: Sequence[str]) -> pd.DataFrame:
    """The wells under official names, doses in nM."""
    words = list(zip(table["cell_line"], *(table[key] for key in keys), strict=True))
    named = {one: ", ".join(word for word in one if word) for one in set(words)}
    frame = pd.DataFrame(
        {
            "row": table.lines,
            "cells": [named[one] for one in words],
            **{name: table[name] for name in ("block", "drug1", "drug2", "experiment")},
            **{f"conc{number}": _doses(table, number, units[f"conc{number}"]) for number in ("1", "2")},
        }
    )
    return frame if "experiment" in table.cells else frame.drop(columns="experiment")


def _doses(table: Table, number: str, given: str) -> list[float]:
    """The doses of one drug in nM; equal cells are turned once."""
    cells = list(zip(table[f"conc{number}"], table[f"unit{number}"], table["unit"], strict=True))
    doses = {}
    for dose, own, unit in set(cells):
        nM = float(dose or 0.0) * CONCENTRATIONS.get(own or unit or given, 1.0)
        doses[dose, own, unit] = float(f"{nM:.12g}")  # 0.1 uM is 100 nM
    return [doses[one] for one in cells]


def _warnings(path: Path, header: Sequence[str], columns: Sequence[Column]) -> Iterator[str]:
    """Columns that were left out although their cells differ, and readings that stand for counts."""
    known = {*meanings(columns), "well", "wellid"}
    strange = [place for place, cell in enumerate(header) if plain(cell) not in known]
    body = table_cells(path)[1] if strange else []
    for place, cell in ((place, header[place]) for place in strange):
        if len({cells[place] for _, cells in body}) > 1:
            yield f"{path.name}: wells that differ only in column '{cell}' count together (--by keeps them apart)"
    standing = {plain(word): words for word, words in READOUTS.items()}
    if any(column.name == "counts" for column in columns):
        yield from (standing[plain(cell)] for cell in header if plain(cell) in standing)
