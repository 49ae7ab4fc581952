"""How the studies came together: found, screened, eligible, per category, with numbers. It judges no study."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tamarisk.errors import Issue
from tamarisk.evidence.effect import effects
from tamarisk.evidence.reference import CATEGORIES
from tamarisk.evidence.study import Study, studies
from tamarisk.evidence.trial import trials
from tamarisk.tables import CONTENT, Column, Row, read_table

NOT_STATED = "not stated"
# What can be counted in the tables; the first group is counted per category too.
_OF_STUDIES: dict[str, Callable[[list[Study]], int]] = {
    "studies": len,
    "publications": lambda chosen: len({one.reference for one in chosen}),
    "identified": lambda chosen: sum(bool(one.source.pmid or one.source.doi) for one in chosen),
    "numbers": lambda chosen: sum(one.estimate is not None for one in chosen),
    "intervals": lambda chosen: sum(one.low is not None and one.high is not None for one in chosen),
}
_OF_OTHERS: dict[str, Callable[[], int]] = {
    "effects": lambda: len(effects()),
    "poolable effects": lambda: sum(one.poolable for one in effects().values()),
    "trials": lambda: len({one.trial for one in trials().values()}),
    "poolable trials": lambda: len({one.trial for one in trials().values() if one.poolable}),
}
COUNTED = (*_OF_STUDIES, *_OF_OTHERS)

_COLUMNS = (
    Column("name"),
    Column("after", required=False),
    Column("text"),
    Column("number", number=True, required=False, minimum=0),
    Column("counted", required=False, choices=COUNTED),
    Column("category", required=False, choices=CATEGORIES),
    Column("where", required=False),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the way from records to numbers.

    Attributes:
        name: short name, as `eligible`.
        after: name of the stage that it is a part of, empty for the first.
        text: what is counted, in words.
        count: how many, none where no number was seen.
        where: where the number was seen, `counted here` for one that follows from the tables, empty for none.
    """

    name: str
    after: str
    text: str
    count: int | None
    where: str

    @property
    def shown(self) -> str:
        """The count as text; `not stated` where no number was seen."""
        return NOT_STATED if self.count is None else str(self.count)


@cache
def stages() -> tuple[Stage, ...]:
    """Every stage, each after the one it is a part of.

    References: [@PAGE2021].

    >>> [one.shown for one in stages()][:2]
    ['not stated', 'not stated']
    """
    return read_stages(CONTENT / "evidence" / "screening.tsv")


def read_stages(path: Path) -> tuple[Stage, ...]:
    """The stages of a file, counted where they are to be counted, or one error that lists everything wrong with the file.

    Args:
        path: a table with the columns of `content/evidence/screening.tsv`. A stage gives a number and where it was seen, or what
            to count in our tables, or neither: then it is not stated.

    Returns:
        The stages in file order.

    Raises:
        TableError: the file cannot be read, lacks a column, or holds an unsound row.

    >>> {one.name for one in read_stages(CONTENT / "evidence" / "screening.tsv")} >= {"found", "eligible", "animal"}
    True
    """
    rows = read_table(path, _COLUMNS, check=_Rules().faults)
    return tuple(Stage(row["name"], row["after"], row["text"], _count(row), _where(row)) for row in rows)


def _count(row: Row) -> int | None:
    """The number of a sound row."""
    if row["counted"] in _OF_OTHERS:
        return _OF_OTHERS[row["counted"]]()
    if row["counted"]:
        chosen = [one for one in studies().values() if row["category"] in ("", one.category)]
        return _OF_STUDIES[row["counted"]](chosen)
    return int(row.number("number")) if row["number"] else None


def _where(row: Row) -> str:
    return "counted here" if row["counted"] else row["where"]


class _Rules:
    """What must hold within a row, and between rows: a name stands once, and after a stage that was named before."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}

    def faults(self, row: Row) -> Iterator[Issue]:
        name, after = row["name"], row["after"]
        if name in self.lines:
            yield Issue("column name", f"'{name}' stands already in row {self.lines[name]}")
        if after and after not in self.lines:
            yield Issue("column after", f"'{after}' is no stage above this one")
        self.lines.setdefault(name, row.line)
        if row["number"] and row["counted"]:
            yield Issue("column number", f"leave it empty: {row['counted']} are counted in the tables")
        if row["number"] and not row["where"]:
            yield Issue("column where", "the cell is empty, but there is a number; say where it was seen")
        if row["where"] and not row["number"]:
            yield Issue("column where", f"'{row['where']}' stands without a number")
        if row.holds("number") and not row.number("number").is_integer():
            yield Issue("column number", f"{row['number']} is no whole number")
        if row["category"] and row["counted"] not in _OF_STUDIES:
            yield Issue("column category", f"'{row['category']}' says something only where {', '.join(_OF_STUDIES)} are counted")
