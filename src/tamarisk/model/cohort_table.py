"""A table with one member per row, as people keep it. It knows columns and units, not how members are run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tamarisk.errors import Issue, TableError, TamariskError, listed
from tamarisk.model.antimony import read_model
from tamarisk.model.cohort import Cohort, cohort, read_therapy, set_by_media
from tamarisk.model.context import REFERENCE, Context, constants, read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import Protocol, with_doses
from tamarisk.names import nearest, plain
from tamarisk.tables import Column, Row, Table, read_columns, table_header

FOLD = "fold"
_WORDS = (
    Column("member", optional=True),
    Column("context", optional=True),
    Column("therapy", optional=True, required=False),
)
_WITH_UNIT = re.compile(r"(.+?)\s*\(\s*(.+?)\s*\)")


@dataclass(frozen=True, slots=True)
class _Number:
    """A column of numbers: its header, the constant it sets, and whether it multiplies what the cells have."""

    header: str
    constant: str
    multiplies: bool


def read_cohort(
    path: Path | str, *, context: str = REFERENCE, protocol: Protocol | None = None, model: Model | None = None
) -> Cohort:
    r"""The members of a table.

    Args:
        path: a `.tsv` or `.csv` file with any of the columns `member` (its name), `context` (whose cells), `therapy` (doses
            joined by ` + `), and constants of the model: `NAME (UNIT)` in their own unit, or `NAME (fold)` of what cells have.
        context: whose cells, if the table does not say.
        protocol: what is done to all of them; a therapy that overlaps with it is refused.
        model: another model than the shipped one.

    Returns:
        The cohort in file order.

    Raises:
        TableError: the file cannot be read or is faulty; every fault is listed with row and column.
        UnknownNameError: nobody has heard of the context.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "members.tsv"
    ...     written = path.write_text("context\ttherapy\tPTEN_dose (fold)\nT47D\t4OHT=1uM\t0.5\nMCF-7\t\t1\n")
    ...     read_cohort(path).therapies
    ('4OHT=1uM', '')
    """
    path, used = Path(path), model or read_model()
    numbers, issues = _header(path, used)
    rules = _Rules(used, protocol or Protocol(), read_context(context), numbers)
    table = _checked(path, numbers, issues, rules)
    return cohort(
        [rules.contexts[text] for text in table["context"]] if "context" in table.cells else rules.default,
        therapy=table["therapy"],
        constants={one.constant: rules.values(table, one) for one in numbers},
        names=table.cells.get("member", ()),
    )


def _checked(path: Path, numbers: Sequence[_Number], issues: Sequence[Issue], rules: _Rules) -> Table:
    """The table, if neither its header nor its rows are faulty; what has no constant is read as text."""
    known = {one.header: one.constant in rules.model.constants for one in numbers}
    columns = [*_WORDS, *(Column(header, number=sure, required=sure, minimum=0.0) for header, sure in known.items())]
    try:
        table = read_columns(path, columns, check=rules.faults)
    except TableError as faulty:
        raise TableError("\n".join([*map(str, issues), str(faulty)])) from None
    if issues:
        raise TableError(listed(issues))
    return table


@dataclass
class _Rules:
    """What must hold beyond single cells; each distinct word is read once."""

    model: Model
    protocol: Protocol
    default: Context
    numbers: Sequence[_Number]
    contexts: dict[str, Context] = field(default_factory=dict)
    _own: dict[str, Mapping[str, float]] = field(default_factory=dict)
    _said: dict[tuple[str, str], str] = field(default_factory=dict)
    _lines: dict[str, int] = field(default_factory=dict)

    def faults(self, row: Row) -> Iterator[Issue]:
        readers: Mapping[str, Callable[[str], Any]] = {"context": self._cells, "therapy": self._plan}
        for column, read in readers.items():
            if what := self._fault(column, row[column], read):
                yield Issue(f"column {column}", what)
        name = row["member"]
        if name and self._lines.setdefault(name, row.line) != row.line:
            yield Issue("column member", f"'{name}' stands already in row {self._lines[name]}")
        for one in self.numbers:
            if one.multiplies and not self._base(row["context"], one):
                yield Issue(
                    f"column {one.header}", f"the cells have none of it, so a fold changes nothing; write '{self._unit(one)}'"
                )

    def values(self, table: Table, one: _Number) -> list[float]:
        """What the constant is for each member."""
        numbers = table.numbers(one.header)
        if not one.multiplies:
            return numbers
        base = {text: self._base(text, one) for text in set(table["context"])}
        return [number * base[text] for number, text in zip(numbers, table["context"], strict=True)]

    def _fault(self, column: str, text: str, read: Callable[[str], Any]) -> str:
        """What is wrong with a word, if anything."""
        if text and (column, text) not in self._said:
            try:
                read(text)
                self._said[column, text] = ""
            except TamariskError as fault:
                self._said[column, text] = str(fault).splitlines()[0]
        return self._said.get((column, text), "")

    def _cells(self, text: str) -> None:
        self.contexts[text] = read_context(text)
        self._own[text] = constants(self.contexts[text])

    def _plan(self, text: str) -> None:
        with_doses(self.protocol, *read_therapy(text))

    def _base(self, context: str, one: _Number) -> float:
        """What cells have without the column."""
        own = self._own.get(context, {}) if context else constants(self.default)
        return own.get(one.constant, self.model.constants[one.constant])

    def _unit(self, one: _Number) -> str:
        return f"{one.constant} ({self.model.units[one.constant]})"


def _header(path: Path, model: Model) -> tuple[list[_Number], list[Issue]]:
    """The columns of numbers, and what is wrong with their headers; a faulty one stands for itself."""
    words = {plain(one.name) for one in _WORDS}
    cells = [cell for cell in table_header(path) if plain(cell) not in words]
    numbers: list[_Number] = []
    issues: list[Issue] = []
    for cell in dict.fromkeys(cells):
        match = _WITH_UNIT.fullmatch(cell)
        name, unit = (match[1], match[2]) if match else (cell, "")
        what = _wrong(name, unit, model)
        if not what and name in {one.constant for one in numbers}:
            what = f"two columns set '{name}'"
        if what:
            issues.append(Issue(f"{path.name}, header", what))
        numbers.append(_Number(cell, name, unit == FOLD and not what))
    return numbers, issues


def _wrong(name: str, unit: str, model: Model) -> str:
    """What is wrong with the header of a column of numbers, if anything."""
    if name in set_by_media():
        return f"'{name}' is set by the medium and by doses; write it in the column therapy"
    if name not in model.constants:
        offer = nearest(name, [*(one.name for one in _WORDS), *model.constants], count=1)
        return f"no constant '{name}'" + (f"; did you mean '{offer[0]}'?" if offer else "")
    if unit not in {model.units[name], FOLD}:
        said = f"'{unit}' is not the unit of '{name}'" if unit else f"the column '{name}' has no unit"
        return f"{said}; write '{name} ({model.units[name]})' or '{name} ({FOLD})'"
    return ""
