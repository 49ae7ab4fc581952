"""Tables as people keep them: tab- or comma-separated text with a header. It knows rows and columns, not biology."""

from __future__ import annotations

import csv
import gzip
import itertools
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tamarisk.errors import Issue, TableError, listed
from tamarisk.names import nearest, plain

CONTENT = Path(__file__).parent / "content"
_MOST_FAULTS = 50  # more say nothing new, and a million would scroll by


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
        header: the one header that means it, where a call names it; its name and aliases then mean nothing.
    """

    name: str
    number: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()
    minimum: float = -math.inf
    optional: bool = False
    aliases: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    header: str = ""


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
        return bool(self[column]) and not _fault(Column(column, number=True), self[column])


@dataclass(frozen=True, slots=True)
class Table:
    """A table column by column, for files of many rows.

    Attributes:
        lines: the line that each row stands on.
        cells: for each column that the file holds, its cells, stripped of blanks.
    """

    lines: list[int]
    cells: dict[str, list[str]]

    def __getitem__(self, column: str) -> list[str]:
        return self.cells[column] if column in self.cells else [""] * len(self.lines)

    def numbers(self, column: str) -> list[float]:
        """The cells of a column as numbers; NaN where one is empty."""
        return [float(cell) if cell else math.nan for cell in self[column]]


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
    table = read_columns(path, columns, extra=extra, check=check)
    names, cells = list(table.cells), zip(*table.cells.values(), strict=True)
    return tuple(Row(line, dict(zip(names, row, strict=True))) for line, row in zip(table.lines, cells, strict=True))


def read_columns(
    path: Path,
    columns: Sequence[Column],
    *,
    extra: bool = False,
    check: Callable[[Row], Iterator[Issue]] | None = None,
    asks: Sequence[str] = (),
) -> Table:
    """The same table column by column, with the same rules; a million rows take seconds.

    Args:
        path: as `read_table`.
        columns: likewise.
        extra: likewise.
        check: likewise.
        asks: the columns that `check` looks at, if its answer hangs on nothing else: equal rows are then asked once.

    Returns:
        The columns that the file holds, rows in file order.

    Raises:
        TableError: as `read_table`.
    """
    header, body = _parsed(path)
    names, issues = _header(path, header, columns, extra=extra)
    faults = [(line, "", f"{width} cells under {len(header)} columns") for line, width in body.other_widths(len(header))]
    table = _by_column(body, names, {column.name: column.gaps for column in columns})
    bad = {column.name: _bad_cells(column, set(table[column.name])) for column in columns if column.name in table.cells}
    for name in (name for name, wrong in bad.items() if wrong):
        found = ((line, bad[name].get(cell)) for line, cell in zip(table.lines, table[name], strict=True))
        faults += [(line, f", column {name}", what) for line, what in found if what]
    if check is not None and not issues:
        faults += _rule_faults(table, bad, check, asks)
    issues += _grouped(path.name, faults)
    if issues:
        more = f"\nand {len(issues) - _MOST_FAULTS} more such faults" if len(issues) > _MOST_FAULTS else ""
        raise TableError(listed(issues[:_MOST_FAULTS]) + more)
    if not table.lines:
        raise TableError("the table has a header but no rows", where=path.name, hint="add at least one row")
    return table


@dataclass(frozen=True, slots=True)
class _Body:
    """The rows below a header: the line of each, its number of cells, and all cells one after the other."""

    lines: list[int]
    widths: list[int]
    cells: list[str]

    def other_widths(self, width: int) -> Iterator[tuple[int, int]]:
        """Line and width of each row that has fewer or more cells."""
        return ((line, own) for line, own in zip(self.lines, self.widths, strict=True) if own != width)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line and cells of each row, cells stripped."""
        cells = iter(self.cells)
        for line, width in zip(self.lines, self.widths, strict=True):
            yield line, [cell.strip() for cell in itertools.islice(cells, width)]


def _by_column(body: _Body, names: Sequence[str], gaps: Mapping[str, Sequence[str]]) -> Table:
    """The columns of the rows that have a cell under every name."""
    width, lines, cells = len(names), body.lines, body.cells
    whole = [own == width for own in body.widths]
    if not all(whole):
        kept = itertools.chain.from_iterable(map(itertools.repeat, whole, body.widths))
        lines, cells = list(itertools.compress(lines, whole)), list(itertools.compress(cells, kept))
    return Table(lines, {name: _filled(cells[place::width], gaps[name]) for place, name in enumerate(names) if name})


def _filled(cells: Sequence[str], gaps: Sequence[str]) -> list[str]:
    """Cells stripped of blanks, empty where a word stands for that."""
    stripped = [cell.strip() for cell in cells]
    return ["" if cell in gaps else cell for cell in stripped] if gaps else stripped


def _rule_faults(
    table: Table, bad: dict[str, dict[str, str]], check: Callable[[Row], Iterator[Issue]], asks: Sequence[str]
) -> Iterator[tuple[int, str, str]]:
    """What else is wrong with rows whose cells are sound by themselves."""
    names = tuple(asks) or tuple(table.cells)
    columns = [table[name] for name in names]

    def answer(line: int, cells: tuple[str, ...]) -> list[tuple[str, str]]:
        wrong = {f"column {name}" for name, cell in zip(names, cells, strict=True) if cell in bad.get(name, ())}
        issues = check(Row(line, dict(zip(names, cells, strict=True))))
        return [(f", {issue.where}", issue.what) for issue in issues if issue.where not in wrong]

    known = {cells: answer(0, cells) for cells in dict.fromkeys(zip(*columns, strict=True))} if asks else {}
    if asks and not any(known.values()):
        return
    for line, cells in zip(table.lines, zip(*columns, strict=True), strict=True):
        yield from ((line, *fault) for fault in (known[cells] if asks else answer(line, cells)))


def _grouped(file: str, faults: Sequence[tuple[int, str, str]]) -> list[Issue]:
    """Faults as line, place and words, in the order of lines; the same fault in many rows is said once."""
    lines: dict[tuple[str, str], list[int]] = {}
    for line, where, what in sorted(faults, key=lambda fault: fault[0]):
        lines.setdefault((where, what), []).append(line)
    return [Issue(f"{file}, {_rows(held)}{where}", what) for (where, what), held in lines.items()]


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
        if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise TableError("this is an Excel workbook, not text", where=str(path), hint="save it as tab-separated text")
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


def table_header(path: Path) -> list[str]:
    """The cells of the first line that is neither empty nor a comment, stripped.

    Args:
        path: the file; the separator is read from that line.

    Returns:
        The names of the columns.

    Raises:
        TableError: the file cannot be read, or is empty.
    """
    return _parsed(path, header_only=True)[0]


def table_cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header cells and the numbered rows below, cells stripped; comment lines and blank lines are left out.

    Args:
        path: the file; the separator is read from its first line.

    Returns:
        The cells of the first line, and for each further line its number and cells.

    Raises:
        TableError: the file cannot be read, or is empty.
    """
    header, body = _parsed(path)
    return header, list(body.rows())


def _parsed(path: Path, *, header_only: bool = False) -> tuple[list[str], _Body]:
    """Header cells, stripped, and the rows below as they stand."""
    text = table_text(path).splitlines()
    found = (number for number, line in enumerate(text, 1) if line.strip() and not line.startswith("#"))
    numbers = list(itertools.islice(found, 1 if header_only else None))
    if not numbers:
        raise TableError("the file is empty", where=str(path), hint="it needs a header and rows")
    first = text[numbers[0] - 1]
    separator = "\t" if "\t" in first else "," if "," in first else ";" if ";" in first else "\t"
    try:
        cells, widths = _split([text[number - 1] for number in numbers], separator)
    except csv.Error as fault:
        raise TableError(f"a cell cannot be read ({fault})", where=str(path), hint="save it as tab-separated text") from None
    header = [cell.strip() for cell in cells[: widths[0]]]
    del cells[: widths[0]]
    return header, _Body(numbers[1:], widths[1:], cells)


def _split(lines: Sequence[str], separator: str) -> tuple[list[str], list[int]]:
    """The cells of all lines one after the other, and how many each has: a million short lists are slow to make and to keep.

    A quote that is never closed ends with its line.
    """
    joined = separator.join(lines)
    if '"' not in joined and max(map(len, lines)) <= csv.field_size_limit():
        return joined.split(separator), [line.count(separator) + 1 for line in lines]
    with suppress(csv.Error):
        rows = list(csv.reader(lines, delimiter=separator))
        if len(rows) == len(lines):
            return list(itertools.chain.from_iterable(rows)), [len(row) for row in rows]
    rows = [next(csv.reader([line], delimiter=separator)) for line in lines]
    return list(itertools.chain.from_iterable(rows)), [len(row) for row in rows]


def _header(path: Path, header: list[str], columns: Sequence[Column], *, extra: bool) -> tuple[list[str], list[Issue]]:
    """The official name of each column ('' for one that is dropped) and what is wrong with the header."""
    official = meanings(columns)
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
    issues += [Issue(f"{path.name}, header", words) for words in _missing(header, names, columns)]
    return names, list(dict.fromkeys(issues))


def meanings(columns: Sequence[Column]) -> dict[str, str]:
    """Which column each header means, both without case, blanks and dashes; a header that a call names means that one alone.

    Args:
        columns: what a file may hold.

    Returns:
        The official name of each header.

    >>> meanings([Column("group", aliases=("arm",), header="treatment"), Column("drug", aliases=("treatment", "agent"))])
    {'drug': 'drug', 'treatment': 'group', 'agent': 'drug'}
    """
    known = {plain(word): one.name for one in columns if not one.header for word in (one.name, *one.aliases)}
    return known | {plain(one.header): one.name for one in columns if one.header}


def _missing(header: Sequence[str], names: Sequence[str], columns: Sequence[Column]) -> Iterator[str]:
    """Columns that the file must hold, or that the call names, and does not."""
    known = ", ".join([*header[:12], *(["..."] if len(header) > 12 else [])])  # a matrix may have hundreds
    for column in columns:
        if column.name not in names and column.header:
            offer = nearest(column.header, [cell for cell in header if cell], count=1)
            yield f"no column '{column.header}'" + (f"; did you mean '{offer[0]}'?" if offer else f" (known: {known})")
        elif column.name not in names and not column.optional:
            more = known and f"; known: {known}"
            hint = f" (say which it is with --column {column.name}=HEADER{more})" if column.aliases else ""
            yield f"column '{column.name}' is missing{hint}"
            known = ""  # once is enough


def _twice(name: str, header: list[str], names: list[str]) -> str:
    spelled = list(dict.fromkeys(cell for cell, official in zip(header, names, strict=True) if official == name))
    if len({plain(cell) for cell in spelled}) == 1:
        return f"column '{name}' stands twice"
    both = f"columns {' and '.join(repr(cell) for cell in spelled)} both mean '{name}'"
    return f"{both} (keep one, or say which with --column {name}=HEADER)"


def _bad_cells(column: Column, cells: Iterable[str]) -> dict[str, str]:
    """What is wrong with each cell of a column that is not as it should be."""
    faults = ((cell, _fault(column, cell)) for cell in cells)
    return {cell: what for cell, what in faults if what}


def _fault(column: Column, cell: str) -> str:
    """What is wrong with a cell; "" if nothing is."""
    if not cell:
        return "the cell is empty" if column.required else ""
    if column.choices and cell not in column.choices:
        return f"'{cell}' is none of {', '.join(column.choices)}"
    if not column.number:
        return ""
    try:
        value = float(cell)
    except ValueError:
        return f"'{cell}' is not a number" + (" (use a decimal point)" if "," in cell else "")
    if not math.isfinite(value):
        return f"'{cell}' is not finite"
    return f"{cell} is below {column.minimum:g}" if value < column.minimum else ""
