"""The numbers that can be pooled: per question, what each study measured and how sure it was. It pools nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tamarisk.errors import Issue, TableError
from tamarisk.evidence.interval import COLUMNS as NUMBER_COLUMNS
from tamarisk.evidence.interval import NUMBERS, RATIOS, interval_faults, interval_reach, log_error, log_ratio, p_faults
from tamarisk.evidence.question import answer_faults
from tamarisk.evidence.reference import Reference, references
from tamarisk.evidence.study import SEEN
from tamarisk.tables import CONTENT, Column, Row, read_table

ROLES = {
    "main": "enters the main estimate",
    "part": "joined by fixed effect with the other parts of its study, then enters the main estimate",
    "sensitivity": "enters only where asked for: another adjustment, other patients, or doubtful",
    "overlap": "shares patients with a main row",
    "apart": "answers a neighbouring question",
    "published pool": "a pooled estimate that others published",
    "descriptive": "a number without what pooling needs",
    "no number": "the study answers in words or by a p-value",
}
_NUMBER = r"\d+(?:\.\d+)?"
_STRATUM = rf"({_NUMBER}) \(((?:{_NUMBER})?)-({_NUMBER})\)"
_STRATA = re.compile(f"{_STRATUM} / {_STRATUM}")
_COUNTS = re.compile(r"(\d+)/(\d+); (\d+)/(\d+)")
_EXAMPLES = {"strata": "1.33 (0.70-2.51) / 0.73 (0.47-1.14)", "counts": "24/1; 14/39"}

_COLUMNS = (
    Column("id"),
    Column("question"),
    Column("reference"),
    Column("label"),
    Column("n", required=False),
    Column("contrast"),
    *NUMBER_COLUMNS,
    Column("p", number=True, required=False, minimum=0),
    Column("strata", required=False),
    Column("counts", required=False),
    Column("setting"),
    Column("endpoint"),
    Column("role", choices=tuple(ROLES)),
    Column("says"),
    Column("seen", choices=SEEN),
    Column("where"),
)


@dataclass(frozen=True, slots=True)
class Effect:
    """One number of one study, on the way to a pooled estimate.

    Attributes:
        id: short name, as `M001`.
        question: key of the question.
        source: the publication.
        label: the study as a forest plot names it.
        n: how many patients, in words.
        contrast: what is compared with what.
        measure: one of `interval.MEASURES`, or empty where there is no number.
        estimate: the number; above 1 as the question's kind says.
        low: lower end of its interval as printed, none where it follows from a p-value.
        high: upper end as printed.
        level: level of the interval.
        p: two-sided p-value that the error follows from.
        strata: the two effects, with and without the marker, whose ratio the estimate is.
        counts: events and others with the marker; the same without.
        standard_error: of the logarithm of the estimate.
        standard_error_source: `interval`, `p`, `strata` or `counts`; empty without an error.
        setting: therapy and stage.
        endpoint: what was counted.
        role: one of `ROLES`.
        says: what to know before using it, in a sentence of ours.
        seen: how much of it was seen.
        where: where it was seen.
    """

    id: str
    question: str
    source: Reference
    label: str
    n: str
    contrast: str
    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    level: float | None
    p: float | None
    strata: str
    counts: str
    standard_error: float | None
    standard_error_source: str
    setting: str
    endpoint: str
    role: str
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
    def log_estimate(self) -> float | None:
        """The natural logarithm of the estimate of a ratio."""
        return log_ratio(self.estimate, self.measure)

    @property
    def poolable(self) -> bool:
        """Whether it has a logarithm and an error, neither of them recalled."""
        return self.log_estimate is not None and self.standard_error is not None and self.seen != "recalled"


@cache
def effects() -> Mapping[str, Effect]:
    """Every effect of ours, by id.

    >>> effects()["M029"].estimate
    2.09
    """
    return read_effects(CONTENT / "evidence" / "effects.tsv")


def read_effects(path: Path) -> Mapping[str, Effect]:
    """The effects of a file, or one error that lists everything wrong with it, each fault with its row and column.

    Args:
        path: a table with the columns of `content/evidence/effects.tsv`.

    Returns:
        The effects in file order, by id.

    Raises:
        TableError: the file cannot be read, lacks a column, or holds an unsound row.

    >>> round(read_effects(CONTENT / "evidence" / "effects.tsv")["M033"].standard_error, 3)
    0.397
    """
    rows = read_table(path, _COLUMNS, check=_Rules().faults)
    return {row["id"]: _effect(row) for row in rows}


def _effect(row: Row) -> Effect:
    """A sound row as an effect, its number worked out from strata or counts where these are given."""
    error, source = log_error(row)
    fields: dict[str, Any] = {column.name: row[column.name] for column in _COLUMNS if column.name != "reference"}
    fields |= {name: row.number(name) if row[name] else None for name in (*NUMBERS, "level", "p")}
    if row["strata"]:
        fields["estimate"], error = ratio_of_strata(row["strata"])
        source = "strata"
    if row["counts"]:
        fields["estimate"], error = odds_ratio(*(int(count) for count in re.findall(r"\d+", row["counts"])))
        source = "counts"
    return Effect(**fields, source=references()[row["reference"]], standard_error=error, standard_error_source=source)


def ratio_of_strata(strata: str, *, level: float = 0.95) -> tuple[float, float]:
    """The ratio of two independent effects, and the standard error of its logarithm.

    Args:
        strata: both effects with their intervals, as `1.33 (0.70-2.51) / 0.73 (0.47-1.14)`; a lower end that is left out, because
            what is printed cannot be right, is not used.
        level: level of both intervals.

    Returns:
        The first over the second, and the error: the root of the sum of both squared errors.

    >>> ratio_of_strata("1.33 (0.70-2.51) / 0.73 (0.47-1.14)")
    (1.82..., 0.39...)
    """
    parts = _parts(strata)
    if not parts:
        raise TableError(f"'{strata}' is no pair of ratios inside their intervals", hint=f"write them as {_EXAMPLES['strata']}")
    reaches = (math.log(high / low) / 2 if low else math.log(high / estimate) for estimate, low, high in parts)
    return parts[0][0] / parts[1][0], math.hypot(*reaches) / interval_reach(level)


def _parts(strata: str) -> list[tuple[float, float, float]]:
    """Estimate, low (0 where it is left out) and high of both effects; nothing where they are not written or not possible."""
    found = _STRATA.fullmatch(strata)
    if found is None:
        return []
    parts = [(float(estimate), float(low or 0), float(high)) for estimate, low, high in (found.groups()[:3], found.groups()[3:])]
    return parts if all(max(low, 0) < estimate < high for estimate, low, high in parts) else []


def odds_ratio(events_with: int, others_with: int, events_without: int, others_without: int) -> tuple[float, float]:
    """The odds ratio of a two-by-two table and the standard error of its logarithm; half a patient is added to each cell.

    Args:
        events_with: patients with the marker and the event.
        others_with: patients with the marker alone.
        events_without: patients with the event alone.
        others_without: patients with neither.

    Returns:
        The odds ratio, above 1 if the marker goes with the event, and the error.

    >>> odds_ratio(10, 10, 10, 10)
    (1.0, 0.617...)
    """
    one, two, three, four = (count + 0.5 for count in (events_with, others_with, events_without, others_without))
    return one * four / (two * three), math.sqrt(1 / one + 1 / two + 1 / three + 1 / four)


class _Rules:
    """What must hold within a row, and between rows: an id stands once, and a main row names its patients once per question."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, ...], int] = {}

    def faults(self, row: Row) -> Iterator[Issue]:
        for column, key in (("id", (row["id"],)), ("label", (row["question"], row["label"], row["contrast"], row["endpoint"]))):
            if key in self.lines:
                yield Issue(f"column {column}", f"'{row[column]}' stands already in row {self.lines[key]}")
            self.lines.setdefault(key, row.line)
        yield from answer_faults(row)
        yield from _number_faults(row)


def _number_faults(row: Row) -> Iterator[Issue]:
    """A number stands once: printed, or to be worked out from strata or counts; and a role fits it."""
    worked = [name for name in ("strata", "counts") if row[name]]
    for name, sound in (("strata", _parts(row["strata"])), ("counts", _COUNTS.fullmatch(row["counts"]))):
        if row[name] and not sound:
            yield Issue(f"column {name}", f"'{row[name]}' is not written as {_EXAMPLES[name]}, or cannot be")
    for name in ("estimate", "low", "high", "level", "p"):
        if worked and row[name]:
            yield Issue(f"column {name}", f"leave it empty: it follows from {worked[0]}")
    if worked and row["measure"] not in RATIOS:
        yield Issue("column measure", f"'{row['measure']}' is none of {', '.join(RATIOS)}")
    if not worked:
        yield from interval_faults(row)
        yield from p_faults(row)
    sure = worked or row["p"] or row["low"]
    if row["role"] in ("main", "part", "sensitivity", "overlap", "published pool") and not (sure and (worked or row["estimate"])):
        yield Issue("column role", f"'{row['role']}' needs an estimate with an interval, a p-value, strata or counts")
    if row["role"] == "no number" and (worked or row["estimate"]):
        yield Issue("column role", "'no number', but there is one")
