"""The trials: what each added to an endocrine therapy, in whom, and how long the disease was held. It pools nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tamarisk.errors import Issue
from tamarisk.evidence.interval import COLUMNS as NUMBER_COLUMNS
from tamarisk.evidence.interval import NUMBERS, RATIOS, interval_faults, log_error, log_ratio, p_faults
from tamarisk.evidence.question import answer_faults
from tamarisk.evidence.reference import Reference, references
from tamarisk.evidence.study import SEEN, listed_cell, symbol_faults
from tamarisk.tables import CONTENT, Column, Row, read_table

ROLES = {
    "main": "all patients who were randomised; one row of each trial and question",
    "subgroup": "a part of these patients",
    "sensitivity": "the same patients, read by others or followed longer",
    "descriptive": "no ratio that could be pooled",
}
# Whether the disease had escaped an endocrine therapy before the trial.
PRIOR = {
    "yes": "it had progressed or relapsed on one, or right after",
    "no": "first line for advanced disease, or adjuvant",
    "some": "patients of both kinds",
    "not stated": "not said where the trial was seen",
}
_COUNTS = ("n_experimental", "n_control")
_MEDIANS = ("median_experimental", "median_control")
_COLUMNS = (
    Column("id"),
    Column("trial"),
    Column("phase"),
    Column("component"),
    Column("question", required=False),
    Column("role", choices=tuple(ROLES)),
    Column("reference"),
    Column("population"),
    Column("prior_resistance", choices=tuple(PRIOR)),
    Column("subgroup", required=False),
    Column("experimental"),
    Column("control", required=False),
    *(Column(name, number=True, required=False, minimum=1) for name in _COUNTS),
    Column("endpoint"),
    *(Column(name, number=True, required=False, minimum=0) for name in _MEDIANS),
    *NUMBER_COLUMNS,
    Column("p", number=True, required=False, minimum=0),
    Column("recalled", required=False),
    Column("says"),
    Column("seen", choices=SEEN),
    Column("where"),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One comparison of one trial.

    Attributes:
        id: short name, as `T001`.
        trial: the name that the trial goes by.
        phase: 1, 2, 3, or a word.
        component: HGNC symbols of what the trial aims at or divides its patients by.
        question: key of the question that it is pooled for, empty for none.
        role: one of `ROLES`.
        source: the publication.
        population: who took part.
        prior_resistance: one of `PRIOR`.
        subgroup: which of them, empty for all.
        experimental: treatment of the one arm.
        control: treatment of the other, empty for a trial of one arm.
        n_experimental: patients in the one arm.
        n_control: patients in the other.
        endpoint: what was counted.
        median_experimental: median time to it in the one arm, months.
        median_control: in the other.
        measure: HR or another measure of `interval.MEASURES`, empty where there is no number.
        estimate: the number; below 1 if the one arm does better.
        low: lower end of its interval.
        high: upper end.
        level: level of the interval.
        p: two-sided p-value, where the error follows from it.
        standard_error: of the logarithm of the estimate.
        standard_error_source: `interval` or `p`; empty without an error.
        recalled: names of the numbers above that were recalled and not seen.
        says: what came out, in a sentence of ours.
        seen: how much of it was seen.
        where: where it was seen.
    """

    id: str
    trial: str
    phase: str
    component: tuple[str, ...]
    question: str
    role: str
    source: Reference
    population: str
    prior_resistance: str
    subgroup: str
    experimental: str
    control: str
    n_experimental: int | None
    n_control: int | None
    endpoint: str
    median_experimental: float | None
    median_control: float | None
    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    level: float | None
    p: float | None
    standard_error: float | None
    standard_error_source: str
    recalled: tuple[str, ...]
    says: str
    seen: str
    where: str

    @property
    def reference(self) -> str:
        """The key of the publication."""
        return self.source.key

    @property
    def year(self) -> int:
        """The year of the publication that the numbers were seen in."""
        return self.source.year or 0

    @property
    def log_estimate(self) -> float | None:
        """The natural logarithm of the estimate of a ratio."""
        return log_ratio(self.estimate, self.measure)

    @property
    def poolable(self) -> bool:
        """Whether it has a logarithm and an error, neither of them recalled."""
        recalled = self.seen == "recalled" or not {*NUMBERS, "p"}.isdisjoint(self.recalled)
        return self.log_estimate is not None and self.standard_error is not None and not recalled


@cache
def trials() -> Mapping[str, Trial]:
    """Every comparison of every trial of ours, by id.

    >>> trials()["T001"].trial
    'BOLERO-2'
    """
    return read_trials(CONTENT / "evidence" / "trials.tsv")


def read_trials(path: Path) -> Mapping[str, Trial]:
    """The trials of a file, or one error that lists everything wrong with it, each fault with its row and column.

    Args:
        path: a table with the columns of `content/evidence/trials.tsv`.

    Returns:
        The trials in file order, by id.

    Raises:
        TableError: the file cannot be read, lacks a column, or holds an unsound row.

    >>> read_trials(CONTENT / "evidence" / "trials.tsv")["T001"].poolable
    True
    """
    rows = read_table(path, _COLUMNS, check=_Rules().faults)
    return {row["id"]: _trial(row) for row in rows}


def _trial(row: Row) -> Trial:
    """A sound row as a trial."""
    error, source = log_error(row)
    fields: dict[str, Any] = {column.name: row[column.name] for column in _COLUMNS if column.name != "reference"}
    fields |= {name: row.number(name) if row[name] else None for name in (*_MEDIANS, *NUMBERS, "level", "p")}
    fields |= {name: int(row.number(name)) if row[name] else None for name in _COUNTS}
    fields |= {name: listed_cell(row[name]) if row[name] else () for name in ("component", "recalled")}
    return Trial(**fields, source=references()[row["reference"]], standard_error=error, standard_error_source=source)


class _Rules:
    """What must hold within a row, and between rows: an id stands once, and a trial has one main row for each question."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, ...], int] = {}

    def faults(self, row: Row) -> Iterator[Issue]:
        keys = {
            "id": (row["id"],),
            "subgroup": tuple(row[name] for name in ("trial", "experimental", "control", "subgroup", "endpoint")),
        }
        if row["role"] == "main" and row["question"]:
            keys["role"] = (row["trial"], row["experimental"], row["question"])
        for column, key in keys.items():
            if key in self.lines:
                yield Issue(f"column {column}", f"'{row[column]}' of {row['trial']} stands already in row {self.lines[key]}")
            self.lines.setdefault(key, row.line)
        yield from answer_faults(row)
        yield from symbol_faults(row["component"])
        yield from interval_faults(row)
        yield from p_faults(row)
        yield from _number_faults(row)


def _number_faults(row: Row) -> Iterator[Issue]:
    """Patients are counted whole, a main row has a ratio with an error, and what is recalled is a number of the row."""
    for name in _COUNTS:
        if row.holds(name) and not row.number(name).is_integer():
            yield Issue(f"column {name}", f"{row[name]} is no whole number of patients")
    for name in listed_cell(row["recalled"]) if row["recalled"] else ():
        if name not in (*_COUNTS, *_MEDIANS, *NUMBERS, "p"):
            yield Issue("column recalled", f"'{name}' is no column of numbers")
        elif not row[name]:
            yield Issue("column recalled", f"'{name}' is empty in this row")
    if row["role"] == "main" and not (row["estimate"] and (row["low"] or row["p"])):
        yield Issue("column role", "'main' needs an estimate with an interval or a p-value")
    if row["estimate"] and row["measure"] not in RATIOS:
        yield Issue("column measure", f"'{row['measure']}' is none of {', '.join(RATIOS)}")
