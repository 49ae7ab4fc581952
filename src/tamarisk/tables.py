"""Tables as people keep them: tab- or comma-separated text with a header. It knows rows and columns, not biology."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tamarisk.errors import Issue, TableError, listed
from tamarisk.names import nearest, plain

CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True, slots=True)
class Column:
    """What one column may hold.

    Attributes:
        name: its official name.
        number: whether its cells are numbers.
        required: whether every row must fill it.
        choices: the only words allowed, if any.
        minimum: the least number allowed.
        optional: whether the file may lack the column.
        aliases: other names that mean the same.
        gaps: words that stand for an empty cell, as NA.
    """

    name: str
    number: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()
    minimum: float = -math.inf
    optional: bool = False
    aliases: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table with the line it stands on."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def number(self, column: str) -> float:
        """The cell as a number; NaN where it is empty."""
        return float(self[column]) if self[column] else math.nan

    def holds(self, column: str) -> bool:
        """Whether the cell is a number; a further rule for a row asks this before it reads one."""
        return bool(self[column]) and not any(_number_faults(Column(column), self[column]))


def read_table(
    path: Path,
    columns: Sequence[Column],
    *,
    extra: bool = False,
    check: Callable[[Row], Iterator[Issue]] | None = None,
) -> tuple[Row, ...]:
    """The rows of a table file, or one error that lists everything wrong with it.

    Args:
        path: a `.tsv` or `.csv` file with a header, or one of these as `.gz`; the separator is read from the header.
        columns: what the file may hold; a name is matched whatever its case, blanks and dashes.
        extra: whether columns beyond these are allowed (and dropped).
        check: further rules for one row.

    Returns:
        The rows in file order, cells stripped of blanks.

    Raises:
        TableError: the file is missing, empty, not text, lacks a column, has an unknown one, or holds bad cells.
    """
    header, body = table_cells(path)
    names, issues = _header(path, header, columns, extra=extra)
    gaps = {column.name: column.gaps for column in columns}
    rows, faults = [], _Faults()
    rule = None if issues else check
    for line, cells in body:
        if len(cells) != len(header):
            faults.add(line, "", f"{len(cells)} cells under {len(header)} columns")
            continue
        row = Row(line, {name: "" if cell in gaps[name] else cell for name, cell in zip(names, cells, strict=True) if name})
        for where, what in _row_faults(row, columns, rule):
            faults.add(line, f", {where}", what)
        rows.append(row)
    issues += faults.issues(path.name)
    if issues:
        raise TableError(listed(issues))
    if not rows:
        raise TableError("the table has a header but no rows", where=path.name, hint="add at least one row")
    return tuple(rows)


def _row_faults(row: Row, columns: Sequence[Column], rule: Callable[[Row], Iterator[Issue]] | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the cells of a row, then what else is wrong with cells that are sound by themselves."""
    bad = {f"column {where}": what for where, what in _cell_faults(row, columns)}
    yield from bad.items()
    if rule is not None:
        yield from ((issue.where, issue.what) for issue in rule(row) if issue.where not in bad)


class _Faults:
    """Faults of rows; the same fault in many rows is said once."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], list[int]] = {}

    def add(self, line: int, where: str, what: str) -> None:
        self._lines.setdefault((where, what), []).append(line)

    def issues(self, file: str) -> list[Issue]:
        return [Issue(f"{file}, {_rows(lines)}{where}", what) for (where, what), lines in self._lines.items()]


def _rows(lines: list[int]) -> str:
    """Row numbers in words, runs joined: `row 3`, `rows 3-5, 9`."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    words = ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in runs)
    return f"{'row' if len(lines) == 1 else 'rows'} {words}"


def table_text(path: Path) -> str:
    """The text of a file as it stands, unpacked if its name ends in `.gz`.

    Args:
        path: the file.

    Returns:
        The text without a byte-order mark.

    Raises:
        TableError: the file is missing, a folder, damaged, or not UTF-8 text.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise TableError("no such file", where=str(path), hint="check the path") from None
    except IsADirectoryError:
        raise TableError("this is a folder, not a table", where=str(path), hint="name a file in it") from None
    except UnicodeDecodeError:
        raise TableError("the file is not UTF-8 text", where=str(path), hint="save it as tab-separated text") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise TableError("the file is no sound gzip file", where=str(path), hint="pack it again") from None
    if "\0" in text:
        raise TableError("the file is not text", where=str(path), hint="save it as tab-separated text")
    return text


def table_cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header cells and the numbered rows below, cells stripped; comment lines and blank lines are left out.

    Args:
        path: the file; the separator is read from its first line.

    Returns:
        The cells of the first line, and for each further line its number and cells.

    Raises:
        TableError: the file cannot be read, or is empty.
    """
    text = table_text(path)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    if not lines:
        raise TableError("the file is empty", where=str(path), hint="it needs a header and rows")
    separator = "\t" if "\t" in lines[0][1] else "," if "," in lines[0][1] else ";" if ";" in lines[0][1] else "\t"
    try:
        parsed = [
            (number, [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=separator))])
            for number, line in lines
        ]
    except csv.Error as fault:
        raise TableError(f"a cell cannot be read ({fault})", where=str(path), hint="save it as tab-separated text") from None
    return parsed[0][1], parsed[1:]


def _header(path: Path, header: list[str], columns: Sequence[Column], *, extra: bool) -> tuple[list[str], list[Issue]]:
    """The official name of each column ('' for one that is dropped) and what is wrong with the header."""
    official = {plain(word): column.name for column in columns for word in (column.name, *column.aliases)}
    names = [official.get(plain(cell), "") for cell in header]
    issues = []
    for cell, name in zip(header, names, strict=True):
        if not name and not extra:
            offer = nearest(cell, [column.name for column in columns], count=1)
            issues.append(
                Issue(f"{path.name}, header", f"unknown column '{cell}'" + (f"; did you mean '{offer[0]}'?" if offer else ""))
            )
        if name and names.count(name) > 1:
            issues.append(Issue(f"{path.name}, header", _twice(name, header, names)))
    missing = [column.name for column in columns if not column.optional and column.name not in names]
    issues += [Issue(f"{path.name}, header", f"column '{name}' is missing") for name in missing]
    return names, list(dict.fromkeys(issues))


def _twice(name: str, header: list[str], names: list[str]) -> str:
    spelled = list(dict.fromkeys(cell for cell, official in zip(header, names, strict=True) if official == name))
    if len({plain(cell) for cell in spelled}) == 1:
        return f"column '{name}' stands twice"
    return f"columns {' and '.join(repr(cell) for cell in spelled)} both mean '{name}'"


def _cell_faults(row: Row, columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    for column in columns:
        cell = row[column.name]
        if not cell:
            if column.required and column.name in row.cells:
                yield column.name, "the cell is empty"
        elif column.choices and cell not in column.choices:
            yield column.name, f"'{cell}' is none of {', '.join(column.choices)}"
        elif column.number:
            yield from _number_faults(column, cell)


def _number_faults(column: Column, cell: str) -> Iterator[tuple[str, str]]:
    try:
        value = float(cell)
    except ValueError:
        yield column.name, f"'{cell}' is not a number" + (" (use a decimal point)" if "," in cell else "")
        return
    if not math.isfinite(value):
        yield column.name, f"'{cell}' is not finite"
    elif value < column.minimum:
        yield column.name, f"{cell} is below {column.minimum:g}"
