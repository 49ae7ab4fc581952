"""What has been observed, as numbers the model can be held against. It knows the observations, not the model's answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tamarisk.errors import Issue
from tamarisk.tables import CONTENT, Column, Row, read_table

MEASURES = (
    "ratio",
    "context_ratio",
    "response_ratio",
    "value",
    "doublings",
    "doubling_time",
    "GR",
    "growth_rate_ratio",
    "net_gain",
    "interaction",
    "half_life",
    "binding_ratio",
    "GI50",
    "IC50",
)
SCALES = ("log10", "linear", "at_least", "at_most", "rises", "falls")
DIFFERENCES = ("net_gain", "interaction")

_COLUMNS = (
    Column("id"),
    Column("row"),
    Column("role", choices=("train", "held-out")),
    Column("context"),
    Column("medium"),
    Column("before", required=False),
    Column("treat", required=False),
    Column("time_h", number=True, minimum=0.0),
    Column("reference_context", required=False),
    Column("reference_treat", required=False),
    Column("reference_time_h", number=True, required=False, minimum=0.0),
    Column("measure", choices=MEASURES),
    Column("readout"),
    Column("scale", choices=SCALES),
    Column("value", number=True),
    Column("sigma", number=True, minimum=0.0),
    Column("basis"),
    Column("source"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One observed number, or one observed direction, and how far off a model may be.

    Attributes:
        id: its own name.
        row: the row of the observation table it comes from.
        held_out: whether no fit may look at it.
        context: the cells.
        medium: what they were in.
        before: a rest between settling and time 0, MEDIUM=TIME; may be empty.
        treat: doses, separated by semicolons; may be empty.
        time_h: when it was read.
        reference_context: the other cells of a comparison; may be empty.
        reference_treat: the doses of the comparison; may be empty.
        reference_time_h: the time of the comparison; NaN where it is the same.
        measure: what is compared with what.
        readout: what was read.
        scale: whether the value is met on a log or linear scale, or is a bound or a direction.
        value: the observed value, or the bound.
        sigma: one tolerance, in decades for `log10` and bounds on ratios, in the value's unit otherwise.
        basis: whether the number was seen or set by us for a statement in words.
        source: who says so.
    """

    id: str
    row: str
    held_out: bool
    context: str
    medium: str
    before: str
    treat: str
    time_h: float
    reference_context: str
    reference_treat: str
    reference_time_h: float
    measure: str
    readout: str
    scale: str
    value: float
    sigma: float
    basis: str
    source: str


def read_targets(path: Path = CONTENT / "calibration" / "targets.tsv") -> tuple[Target, ...]:
    """The observations of a table.

    Args:
        path: the table; the shipped one if left out.

    Raises:
        TableError: anything in the table is wrong; all faults are listed with row and column.

    >>> sum(target.held_out for target in read_targets()) > 30
    True
    """
    return tuple(_target(row) for row in read_table(path, _COLUMNS, check=_Rules().faults))


def deviation(target: Target, predicted: float) -> float:
    """How far a prediction misses, in tolerances; zero where a bound or a direction is met.

    Args:
        target: the observation.
        predicted: the model's number, in the same unit.

    >>> deviation(next(one for one in read_targets() if one.scale == "log10"), math.nan)
    nan
    """
    if target.scale == "log10":
        return (_decades(predicted) - _decades(target.value)) / target.sigma
    if target.scale == "linear":
        return (predicted - target.value) / target.sigma
    plain = target.measure in DIFFERENCES
    miss = predicted - target.value if plain else _decades(predicted) - _decades(target.value)
    met = miss >= 0 if target.scale in {"at_least", "rises"} else miss <= 0
    return 0.0 if met else miss / target.sigma


def agrees(target: Target, predicted: float) -> bool:
    """Whether a prediction has the right direction and lies within two-fold (a bound: on the right side of it).

    Doublings and ratios on a linear scale agree within one doubling and 0.3; these stand in for two-fold there.

    >>> agrees(next(one for one in read_targets() if one.id == "T005"), 1.3)
    True
    """
    if target.scale in {"at_least", "rises"}:
        return predicted >= target.value if target.scale == "at_least" else predicted > target.value
    if target.scale in {"at_most", "falls"}:
        return predicted <= target.value if target.scale == "at_most" else predicted < target.value
    if target.scale == "linear":
        return abs(predicted - target.value) <= (1.0 if target.measure == "doublings" else 0.3)
    near = abs(_decades(predicted) - _decades(target.value)) <= math.log10(2.0)
    moved = target.measure == "ratio" and abs(_decades(target.value)) > 0.1
    return near and (not moved or (predicted - 1) * (target.value - 1) > 0)


def _decades(number: float) -> float:
    return math.log10(max(number, 1e-6)) if not math.isnan(number) else math.nan


def _target(row: Row) -> Target:
    words = {column.name: row[column.name] for column in _COLUMNS if not column.number and column.name != "role"}
    numbers = {column.name: row.number(column.name) for column in _COLUMNS if column.number}
    return Target(held_out=row["role"] == "held-out", **words, **numbers)  # type: ignore[arg-type]


class _Rules:
    """Every fifth row of the observation table is held out, and an id stands once."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def faults(self, row: Row) -> Iterator[Issue]:
        if row["id"] in self.seen:
            yield Issue("column id", f"'{row['id']}' stands twice")
        self.seen.add(row["id"])
        number = row["row"][1:]
        fifth = row["row"].startswith("T") and number.isdigit() and int(number) % 5 == 0
        if fifth != (row["role"] == "held-out"):
            yield Issue("column role", f"'{row['role']}' for row {row['row']}: every fifth row, and no other, is held out")
