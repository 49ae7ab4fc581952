"""The studies: what each did to which component under which therapy, and what came out. It pools nothing and judges no claim."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from tamarisk.errors import Issue
from tamarisk.evidence.interval import COLUMNS as NUMBER_COLUMNS
from tamarisk.evidence.interval import MEASURES, interval_faults
from tamarisk.evidence.reference import CATEGORIES, Reference, identifier_faults, references
from tamarisk.evidence.reference import SEEN as SEEN_REFERENCE
from tamarisk.names import nearest
from tamarisk.tables import CONTENT, Column, Row, read_table

# What the perturbation, or more of the marker, does to the response to the therapy.
DIRECTIONS = {
    "resistance": "the therapy works less, or, where none was given, the disease does worse",
    "agonism": "the therapy itself makes cells or tumours grow",
    "sensitivity": "the therapy works better where it worked before, or, where none was given, the disease does better",
    "reversal": "the therapy, or its aim, works again in cells, tumours or patients that had escaped it",
    "none": "it makes no difference that was seen",
    "mixed": "it works both ways within the study",
    "not stated": "what came out was not seen",
}
# What an estimate compares; +1 where a number above the null means that the therapy fails, -1 where it means that it works.
CONTRASTS = {
    "events by marker": 1,
    "response by marker": -1,
    "events by therapy": 1,
    "response by therapy": -1,
    "events by interaction": 1,
    "level": 0,
}
SEEN = (*SEEN_REFERENCE, "recalled")
_FAILS, _WORKS = ("resistance", "agonism"), ("sensitivity", "reversal")
_ID = re.compile(r"[A-Za-z]\w*")
_SYMBOL = re.compile(r"[A-Z][A-Z0-9-]+|C\d+orf\d+")

_COLUMNS = (
    Column("id"),
    Column("reference"),
    Column("citation", required=False, optional=True),
    Column("pmid", required=False, optional=True),
    Column("doi", required=False, optional=True),
    Column("category", choices=CATEGORIES),
    Column("model_system"),
    Column("n", required=False, optional=True),
    Column("component"),
    Column("perturbation"),
    Column("therapy"),
    Column("readout"),
    Column("direction", choices=tuple(DIRECTIONS)),
    Column("contrast", required=False, optional=True, choices=tuple(CONTRASTS)),
    *NUMBER_COLUMNS,
    Column("says"),
    Column("seen", choices=SEEN),
    Column("where"),
)

_TEXTS = (
    *("id", "category", "model_system", "n", "perturbation", "readout", "direction", "contrast", "measure"),
    *("says", "seen", "where"),
)


@dataclass(frozen=True, slots=True)
class Study:
    """One experiment or cohort of a publication.

    Attributes:
        id: short name, as `S017`.
        source: the publication.
        category: cell line, animal, clinical or another of the publications' categories; of this experiment, not of the paper.
        model_system: cells, animals or patients.
        n: how many, in words.
        component: HGNC symbols.
        perturbation: what was done, or which marker was looked at.
        therapy: the treatments that it is judged under.
        readout: what was measured.
        direction: one of `DIRECTIONS`.
        contrast: what the estimate compares, one of `CONTRASTS`; empty without an estimate.
        measure: what the estimate is, one of `interval.MEASURES`; empty without an estimate.
        estimate: the number.
        low: lower end of its interval.
        high: upper end of its interval.
        level: level of the interval, as 0.95.
        says: what came out, in a sentence of ours.
        seen: how much of it was seen; `recalled` where it was not.
        where: where it was seen.
    """

    id: str
    source: Reference
    category: str
    model_system: str
    n: str
    component: tuple[str, ...]
    perturbation: str
    therapy: tuple[str, ...]
    readout: str
    direction: str
    contrast: str
    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    level: float | None
    says: str
    seen: str
    where: str

    @property
    def reference(self) -> str:
        """The key of the publication."""
        return self.source.key

    @property
    def year(self) -> int:
        """The year of the publication."""
        return self.source.year or 0

    @property
    def period(self) -> str:
        """Whether the founding review could have read it: `1994-2015`, or `2016+`, or `before 1994`."""
        return "2016+" if self.year >= 2016 else "1994-2015" if self.year >= 1994 else "before 1994"


@cache
def studies() -> Mapping[str, Study]:
    """Every study of ours, by id.

    >>> studies()["S017"].component
    ('AKT1', 'MTOR')
    """
    return read_studies(CONTENT / "evidence" / "studies.tsv")


def read_studies(path: Path, *, known: Mapping[str, Study] | None = None, taken: Iterable[str] = ()) -> Mapping[str, Study]:
    r"""The studies of a file, or one error that lists everything wrong with it, each fault with its row and column.

    Args:
        path: a table with the columns of `content/evidence/studies.tsv`. A user's own file may leave out `n`, `contrast` and the
            columns of the number, and may add `citation`, `pmid` and `doi`: a row whose `reference` is a key of `references.tsv`
            leaves these empty, a row with a new key says at least the citation, with its year; further rows of that key may
            leave them empty.
        known: studies that the file may not repeat, `studies()` for a user's own file.
        taken: further ids that it may not use, those of effects and trials.

    Returns:
        The studies in file order, by id.

    Raises:
        TableError: the file cannot be read, lacks a column, or holds an unsound row.

    >>> from tempfile import TemporaryDirectory
    >>> ours = (CONTENT / "evidence" / "studies.tsv").read_text(encoding="utf-8").splitlines()
    >>> with TemporaryDirectory() as folder:
    ...     mine = Path(folder) / "mine.tsv"
    ...     _ = mine.write_text(ours[0] + "\n" + ours[1].replace("S002", "X1"), encoding="utf-8")
    ...     read_studies(mine)["X1"].reference
    'HUTCHESON2007'
    """
    rules = _Rules(known or {}, taken)
    rows = read_table(path, _COLUMNS, check=rules.faults)
    return {row["id"]: _study(row, rules.sources) for row in rows}


def _study(row: Row, sources: Mapping[str, Reference]) -> Study:
    """A sound row as a study."""
    fields: dict[str, Any] = {name: row[name] for name in _TEXTS}
    fields |= {name: row.number(name) if row[name] else None for name in ("estimate", "low", "high", "level")}
    return Study(
        **fields,
        source=sources[row["reference"]],
        component=listed_cell(row["component"]),
        therapy=listed_cell(row["therapy"]),
    )


@lru_cache(maxsize=4096)
def listed_cell(cell: str) -> tuple[str, ...]:
    """The parts of a cell that lists several things.

    >>> listed_cell("AKT1; MTOR")
    ('AKT1', 'MTOR')
    """
    return tuple(part.strip() for part in cell.split(";"))


def direction_faults(direction: str, contrast: str, measure: str, low: float, high: float) -> Iterator[Issue]:
    """Whether an interval that excludes the null denies the direction of its row.

    `none` is denied by a difference between marker and none, not by a therapy that works.

    Args:
        direction: one of `DIRECTIONS`.
        contrast: one of `CONTRASTS`; nothing is decided for `level`.
        measure: one of `interval.MEASURES`; nothing is decided for a number that stands alone.
        low: lower end of the interval, or the estimate if no interval was seen.
        high: upper end of the interval, or the estimate.

    Yields:
        One issue, if they disagree.

    >>> [str(one) for one in direction_faults("sensitivity", "events by marker", "HR", 1.59, 2.76)]
    ["column direction: 'sensitivity', but HR 1.59 to 2.76 (events by marker) says that the therapy fails"]
    """
    null = MEASURES[measure][1]
    side = 1 if low > null else -1 if high < null else 0
    sign = side * CONTRASTS[contrast]
    shown = low < high and not contrast.endswith("therapy")
    if (sign > 0 and direction in _WORKS) or (sign < 0 and direction in _FAILS) or (sign and shown and direction == "none"):
        said = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        outcome = "fails" if sign > 0 else "works"
        yield Issue("column direction", f"'{direction}', but {measure} {said} ({contrast}) says that the therapy {outcome}")


class _Rules:
    """What must hold within a row, and between rows: an id stands once, and so does an experiment."""

    def __init__(self, known: Mapping[str, Study], taken: Iterable[str]) -> None:
        self.sources = {**references(), **{one.reference: one.source for one in known.values()}}
        self.owners = {(name, getattr(one, name).lower()): one.key for one in self.sources.values() for name in ("pmid", "doi")}
        self.places = dict.fromkeys(taken, "the effects and trials") | dict.fromkeys(known, "the studies already there")
        self.keys: dict[tuple[str, ...], tuple[str, str]] = {}
        for one in known.values():
            key = (one.reference, one.category, *sorted(one.component), one.perturbation, *one.therapy, one.readout)
            self.keys[key] = one.direction, one.id

    def faults(self, row: Row) -> Iterator[Issue]:
        if row["id"] and not _ID.fullmatch(row["id"]):
            yield Issue("column id", f"'{row['id']}' is no id; use letters, digits and underscores, as S017")
        if row["id"] in self.places:
            yield Issue("column id", f"'{row['id']}' stands already in {self.places[row['id']]}")
        self.places.setdefault(row["id"], f"row {row.line}")
        yield from self._source_faults(row)
        yield from _form_faults(row)
        yield from interval_faults(row)
        yield from _number_faults(row)
        yield from self._repeats(row)

    def _source_faults(self, row: Row) -> Iterator[Issue]:
        """A reference is a key of ours, or new with a citation of its own."""
        key, own = row["reference"], {name: row[name] for name in ("citation", "pmid", "doi") if row[name]}
        yield from identifier_faults(row)
        if key in references():
            if references()[key].year is None:
                yield Issue("column reference", f"{key} is '{references()[key].citation}', which names no year")
            for name in own:
                yield Issue(f"column {name}", f"leave it empty: {key} is a reference of ours, which has its own")
        elif key in self.sources:
            for name, value in own.items():
                if getattr(self.sources[key], name) != value:
                    yield Issue(f"column {name}", f"'{value}' differs from an earlier row of {key}")
        elif key and "citation" not in own:
            offers = nearest(key, references(), count=1)
            meant = f"did you mean '{offers[0]}'? If it is new, " if offers else ""
            hint = f"{meant}write its citation, and pmid or doi if there is one"
            yield Issue("column reference", f"'{key}' is no reference and comes without a citation; {hint}")
        elif key:
            yield from self._new_source(row)

    def _new_source(self, row: Row) -> Iterator[Issue]:
        """A reference that the file brings; its identifiers may not belong to another."""
        key, fields = (
            row["reference"],
            {name: row[name] for name in ("citation", "pmid", "doi", "category", "says", "seen", "where")},
        )
        if not re.fullmatch(r"\w+", key):
            yield Issue("column reference", f"'{key}' is no key; use letters, digits and underscores, as SMITH2026")
        one = Reference(key=key, other="", **fields)
        if one.year is None:
            yield Issue("column citation", f"'{row['citation']}' names no year")
        for name in ("pmid", "doi"):
            owner = self.owners.setdefault((name, row[name].lower()), key)
            if row[name] and owner != key:
                yield Issue(f"column {name}", f"'{row[name]}' is reference {owner} already; write that key")
        self.sources[key] = one

    def _repeats(self, row: Row) -> Iterator[Issue]:
        """One experiment has one row and one direction."""
        component, therapy = sorted(listed_cell(row["component"])), listed_cell(row["therapy"])
        key = (row["reference"], row["category"], *component, row["perturbation"], *therapy, row["readout"])
        if key in self.keys:
            direction, place = self.keys[key]
            if direction == row["direction"]:
                yield Issue("column readout", f"this experiment stands already in {place}")
            else:
                yield Issue("column direction", f"'{row['direction']}', but {place} says '{direction}' of the same experiment")
        self.keys.setdefault(key, (row["direction"], f"row {row.line}"))


def symbol_faults(cell: str) -> Iterator[Issue]:
    """What does not look like an HGNC symbol in a list of components; whether the symbol exists is not known here.

    Args:
        cell: symbols separated by semicolons.

    Yields:
        One issue for each bad symbol.

    >>> [str(one) for one in symbol_faults("AKT1; Mtor")]
    ["column component: 'Mtor' is no HGNC symbol; separate several with ';'"]
    """
    for symbol in listed_cell(cell) if cell else ():
        if not _SYMBOL.fullmatch(symbol):
            yield Issue("column component", f"'{symbol}' is no HGNC symbol; separate several with ';'")


def _form_faults(row: Row) -> Iterator[Issue]:
    """Symbols look like symbols, a list has no empty part, and a sentence is one."""
    yield from symbol_faults(row["component"])
    if row["therapy"] and not all(listed_cell(row["therapy"])):
        yield Issue("column therapy", "a part of the list is empty")
    if row["says"] and not row["says"].endswith("."):
        yield Issue("column says", "it is no sentence: the full stop is missing")


def _number_faults(row: Row) -> Iterator[Issue]:
    """A number says what it compares, and it agrees with the direction."""
    if not (row["estimate"] or row["contrast"]):
        return
    if row["estimate"] and not row["contrast"]:
        yield Issue("column contrast", "the cell is empty, but there is an estimate")
    if row["contrast"] and not row["estimate"]:
        yield Issue("column contrast", f"'{row['contrast']}' stands without an estimate")
    if not row.holds("estimate") or row["measure"] not in MEASURES or row["contrast"] not in CONTRASTS:
        return
    low, high = (row.number(name if row.holds(name) else "estimate") for name in ("low", "high"))
    if not math.isnan(MEASURES[row["measure"]][1]) and row["direction"]:
        yield from direction_faults(row["direction"], row["contrast"], row["measure"], low, high)
