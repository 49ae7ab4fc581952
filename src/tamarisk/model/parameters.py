"""The parameter table: one row per number, with unit, range, status and source. It knows no equations."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from tamarisk.errors import Issue
from tamarisk.names import nearest
from tamarisk.tables import CONTENT, Column, Row, read_table

MODEL_FOLDER = CONTENT / "model"

KINDS = ("rate", "reference", "context", "drug", "medium", "initial", "switch")
STATUSES = ("seen", "derived", "prior")

_COLUMNS = (
    Column("parameterId"),
    Column("parameterName"),
    Column("kind", choices=KINDS),
    Column("unit"),
    Column("nominalValue", number=True),
    Column("lowerBound", number=True, required=False),
    Column("upperBound", number=True, required=False),
    Column("estimate", choices=("0", "1")),
    Column("priorDistribution", required=False, choices=("log-normal",)),
    Column("priorParameters", required=False),
    Column("status", choices=STATUSES),
    Column("source"),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of the model.

    Attributes:
        id: its identifier in formulas.
        meaning: what it is, in words.
        kind: what it is for: a rate, a reference (normaliser), a context's dose, a drug's potency, the medium, a start, a switch.
        unit: its unit.
        value: its nominal value.
        lower: least plausible value (NaN if not given).
        upper: greatest plausible value (NaN if not given).
        prior: mean and standard deviation of its natural logarithm if it may be fitted, else None.
        status: seen, derived or prior.
        source: who says so.
    """

    id: str
    meaning: str
    kind: str
    unit: str
    value: float
    lower: float
    upper: float
    prior: tuple[float, float] | None
    status: str
    source: str


def read_parameters(path: Path, *, units: Collection[str] = ()) -> tuple[Parameter, ...]:
    """The parameters of a table (PEtab v2 columns plus kind, unit, status and source).

    Args:
        path: the table.
        units: the units there are; any if none is given.

    Returns:
        Its parameters in file order.

    Raises:
        TableError: anything in the table is wrong; all faults are listed with row and column.
    """
    rows = read_table(path, _COLUMNS, check=_Rules(units).faults)
    return tuple(_parameter(row) for row in rows)


class _Rules:
    """What must hold between the cells of a row and between rows."""

    def __init__(self, units: Collection[str]) -> None:
        self.seen: dict[str, int] = {}
        self.units = units

    def faults(self, row: Row) -> Iterator[Issue]:
        name = row["parameterId"]
        if name and not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            yield Issue("column parameterId", f"'{name}' is no name; use letters, digits and _")
        if name in self.seen:
            yield Issue("column parameterId", f"'{name}' stands already in row {self.seen[name]}")
        self.seen.setdefault(name, row.line)
        if self.units and row["unit"] not in self.units:
            offer = nearest(row["unit"], self.units, count=1)
            yield Issue("column unit", f"no unit '{row['unit']}'" + (f"; did you mean '{offer[0]}'?" if offer else ""))
        if row["estimate"] == "1" and not _is_prior(row["priorParameters"]):
            yield Issue("column priorParameters", f"'{row['priorParameters']}' is not 'mean;sd' of the logarithm")
        if row["estimate"] == "1" and not row["priorDistribution"]:
            yield Issue("column priorDistribution", "the cell is empty")
        try:
            value, lower, upper = (row.number(name) for name in ("nominalValue", "lowerBound", "upperBound"))
        except ValueError:  # the cell itself is refused
            return
        if lower >= upper:
            yield Issue("column lowerBound", f"{row['lowerBound']} is not below {row['upperBound']}")
        elif value < lower or value > upper:
            yield Issue(
                "column nominalValue", f"{row['nominalValue']} is not between {row['lowerBound']} and {row['upperBound']}"
            )


def _is_prior(text: str) -> bool:
    try:
        mean, deviation = (float(part) for part in text.split(";"))
    except ValueError:
        return False
    return math.isfinite(mean) and 0 < deviation < math.inf


def _parameter(row: Row) -> Parameter:
    prior = None
    if row["estimate"] == "1":
        mean, deviation = (float(part) for part in row["priorParameters"].split(";"))
        prior = (mean, deviation)
    return Parameter(
        id=row["parameterId"],
        meaning=row["parameterName"],
        kind=row["kind"],
        unit=row["unit"],
        value=row.number("nominalValue"),
        lower=row.number("lowerBound"),
        upper=row.number("upperBound"),
        prior=prior,
        status=row["status"],
        source=row["source"],
    )
