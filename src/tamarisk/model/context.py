"""A cell's molecular state as a table of differences from MCF-7; tables compose. It knows no equations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tamarisk.errors import Issue, ModelError, TableError, UnknownNameError
from tamarisk.model.parameters import MODEL_FOLDER, Parameter, read_parameters
from tamarisk.names import nearest, plain, resolve
from tamarisk.tables import CONTENT, Column, Row, read_table

REFERENCE = "MCF-7"
_OTHER_TABLES = (".xlsx", ".xls", ".ods", ".txt", ".tab")


@dataclass(frozen=True, slots=True)
class Difference:
    """One molecular difference.

    Attributes:
        parameter: what differs.
        operation: `is` sets it, `times` multiplies it.
        value: in the parameter's unit, or a fold.
        status: seen, derived or prior.
        source: who says so.
    """

    parameter: str
    operation: str
    value: float
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class Context:
    """A line, a resistant derivative, an edit, or several of them one upon the other.

    Attributes:
        name: how it is called.
        differences: what distinguishes it from MCF-7, in order of application.
        kind: line or edit.
        medium: the medium its cells are kept in.
        meaning: what it stands for, in a sentence.
    """

    name: str
    differences: tuple[Difference, ...] = ()
    kind: str = "line"
    medium: str = "E2"
    meaning: str = ""


_NAMES = (
    Column("context"),
    Column("kind", choices=("line", "edit")),
    Column("base", required=False),
    Column("aliases", required=False),
    Column("medium"),
    Column("meaning"),
)
_DIFFERENCES = (
    Column("parameter"),
    Column("operation", choices=("is", "times")),
    Column("value", number=True, minimum=0.0),
    Column("unit"),
    Column("status", choices=("seen", "derived", "prior")),
    Column("source"),
)


def read_context(text: str) -> Context:
    """A context by name, by `name + edit + edit`, or from a table file.

    Args:
        text: `MCF-7`, `MCF-7 + PTEN-knockdown`, `cells.tsv`, `cells.tsv + PTEN-knockdown`.

    Returns:
        The context with all differences in order.

    Raises:
        UnknownNameError: no context is called so; the nearest names are offered.
        TableError: the file is faulty; every fault is listed with row and column.
        ModelError: contexts stand on each other in a circle, or an edit stands first.

    >>> [one.parameter for one in read_context("MCF-7 + PTEN-knockdown").differences]
    ['PTEN_dose']
    """
    return _compose(text, base=Path(), path=())


def contexts() -> Mapping[str, Context]:
    """Every built-in line and edit, by name.

    >>> contexts()["PTEN-knockdown"].kind
    'edit'
    """
    return {name: _builtin(name) for name in _named()}


def constants(context: Context) -> dict[str, float]:
    """The model's constants as this context sets them.

    >>> constants(read_context("MCF-7 + PTEN-knockdown"))
    {'PTEN_dose': 0.15}
    """
    values: dict[str, float] = {}
    for one in context.differences:
        before = values.get(one.parameter, _parameters()[one.parameter].value)
        if one.operation == "times" and before == 0:
            what = f"'{one.parameter}' is 0 in the base, so 'times' changes nothing"
            raise ModelError(what, where=context.name, hint="set it with 'is'")
        values[one.parameter] = one.value if one.operation == "is" else before * one.value
    return values


def composed(parts: Sequence[Context]) -> Context:
    """A line with edits upon it, as one context.

    Args:
        parts: the line, then the edits in order.

    Raises:
        ModelError: an edit stands first, or a line comes after it.

    >>> composed([read_context("T47D"), contexts()["PTEN-knockdown"]]).name
    'T47D + PTEN-knockdown'
    """
    first, *edits = parts
    if first.kind == "edit":
        raise ModelError(f"'{first.name}' is an edit, not a line", hint=f"write a line first, as '{REFERENCE} + {first.name}'")
    for edit in edits:
        if edit.kind == "line":
            raise ModelError(f"'{edit.name}' is a line and cannot be added to '{first.name}'", hint="only edits come after +")
    differences = tuple(one for part in parts for one in part.differences)
    return replace(first, name=" + ".join(part.name for part in parts), differences=differences)


def perturbed(context: Context, parameter: str, *, value: float, source: str) -> Context:
    """The same context with one more difference, for dose curves of a perturbation.

    Args:
        context: the context to edit; it stays as it is.
        parameter: a parameter that contexts may change.
        value: its new value in its own unit.
        source: why.

    Raises:
        ModelError: contexts may not change that parameter.

    >>> perturbed(read_context("MCF-7"), "SRC_dose", value=4.0, source="dose curve").name
    'MCF-7 (SRC_dose 4)'
    """
    if parameter not in changeable():
        raise ModelError(f"'{parameter}' is nothing that a context may change", hint=_offer(parameter))
    if not 0 <= value < math.inf:
        raise ModelError(f"{value:g} is no amount", where=parameter, hint="give a finite number of at least 0")
    more = Difference(parameter, "is", value, "prior", source)
    return replace(context, name=f"{context.name} ({parameter} {value:g})", differences=(*context.differences, more))


@cache
def changeable() -> Mapping[str, Parameter]:
    """The parameters in which one context may differ from another.

    >>> changeable()["PTEN_dose"].unit
    'relative'
    """
    return {name: one for name, one in _parameters().items() if one.kind == "context"}


def _compose(text: str, *, base: Path, path: tuple[str, ...]) -> Context:
    parts = [part.strip() for part in f" {text} ".split(" + ")]
    if len(parts) > 1 and not parts[-1]:
        raise ModelError(f"'{text.strip()}' ends in a +", hint=f"write an edit after it, as '{REFERENCE} + PTEN-knockdown'")
    return composed([_single(part, base=base, path=path) for part in parts])


def _single(text: str, *, base: Path, path: tuple[str, ...]) -> Context:
    if text.lower().endswith((".tsv", ".csv")):
        return _from_file(base / text, path)
    if text.lower().endswith(_OTHER_TABLES):
        raise TableError("a table of cells ends in .tsv or .csv", where=text, hint="save it as tab-separated text")
    try:
        return _builtin(resolve(text, _aliases(), kind="context"))
    except UnknownNameError:
        parts = [part.strip() for part in text.split("+")]
        if len(parts) > 1 and all(plain(part) in {plain(alias) for alias in _aliases()} for part in parts):
            raise UnknownNameError(f"no context '{text}'", hint=f"did you mean '{' + '.join(parts)}'?") from None
        raise


def _from_file(file: Path, path: tuple[str, ...]) -> Context:
    """A user's own table; its `base` column names what it stands on."""
    name = str(file.resolve())
    if name in path:
        circle = [Path(step).name for step in (*path[path.index(name) :], name)]
        raise ModelError(f"contexts stand on each other in a circle: {' > '.join(circle)}")
    columns = (*_DIFFERENCES, Column("base", required=False, optional=True))
    rows = read_table(file, columns, check=_faults)
    bases = {row["base"] for row in rows if row["base"]}
    if len(bases) > 1:
        raise ModelError(f"the column base names {' and '.join(sorted(bases))}", where=file.name, hint="one table has one base")
    try:
        below = _compose(bases.pop() if bases else REFERENCE, base=file.parent, path=(*path, name))
    except UnknownNameError as stranger:
        raise UnknownNameError(stranger.what, where=stranger.where or f"{file.name}, column base", hint=stranger.hint) from None
    differences = (*below.differences, *(_difference(row) for row in rows))
    return Context(file.stem, differences, "line", below.medium, f"from {file.name}, on {below.name}")


def _builtin(name: str) -> Context:
    row = _named()[name]
    below = _builtin(row["base"]).differences if row["base"] else ()
    own = tuple(_difference(one) for one in _table() if one["context"] == name)
    return Context(name, (*below, *own), row["kind"], row["medium"], row["meaning"])


def _difference(row: Row) -> Difference:
    return Difference(row["parameter"], row["operation"], row.number("value"), row["status"], row["source"])


def _faults(row: Row) -> Iterator[Issue]:
    """What no column can say alone: the parameter is one that contexts change, and the unit is its own."""
    parameter = changeable().get(row["parameter"])
    if parameter is None:
        yield Issue("column parameter", f"no context parameter '{row['parameter']}'; {_offer(row['parameter'])}")
        return
    unit = parameter.unit if row["operation"] == "is" else "fold"
    if row["operation"] in {"is", "times"} and row["unit"] != unit:
        yield Issue("column unit", f"'{row['unit']}' should be '{unit}' for {row['parameter']} with '{row['operation']}'")


def _offer(name: str) -> str:
    close = nearest(name, changeable())
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(changeable())}"


@cache
def _parameters() -> Mapping[str, Parameter]:
    return {one.id: one for one in read_parameters(MODEL_FOLDER / "parameters.tsv")}


@cache
def _named() -> Mapping[str, Row]:
    return {row["context"]: row for row in read_table(CONTENT / "contexts" / "names.tsv", _NAMES)}


@cache
def _table() -> tuple[Row, ...]:
    columns = (Column("context"), *_DIFFERENCES)
    return read_table(CONTENT / "contexts" / "differences.tsv", columns, check=_faults)


@cache
def _aliases() -> Mapping[str, str]:
    names = {name: name for name in _named()}
    given = {alias.strip(): name for name, row in _named().items() for alias in row["aliases"].split(";") if alias.strip()}
    clash = {plain(alias) for alias in given} & {plain(name) for name in names}
    return names | {alias: name for alias, name in given.items() if plain(alias) not in clash}
