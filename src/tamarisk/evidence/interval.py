"""Estimates with their intervals: what each measure is, and which numbers cannot be. It knows no study and no disease."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

from tamarisk.errors import Issue
from tamarisk.tables import Column, Row

# What each measure is, and the value at which nothing differs (NaN: the number stands alone and is compared with nothing).
MEASURES = {
    "HR": ("ratio of two hazards", 1.0),
    "RR": ("ratio of two risks or rates", 1.0),
    "OR": ("ratio of two odds", 1.0),
    "RHR": ("ratio of two such ratios: the effect of a therapy with the marker over that without", 1.0),
    "fold": ("ratio of two levels", 1.0),
    "percentage points": ("difference of two shares", 0.0),
    "days": ("difference of two medians, in days", 0.0),
    "months": ("difference of two medians, in months", 0.0),
    "percent": ("share of one group", math.nan),
}
RATIOS = tuple(name for name, (_, null) in MEASURES.items() if null == 1.0)
NUMBERS = ("estimate", "low", "high")

# An interval of a ratio is symmetric on the log scale if it came from a normal approximation; exact and profile intervals are
# a little off, so the estimate may stand up to this share of half the width away from the middle.
SLACK = 0.2

COLUMNS = (
    Column("measure", required=False, optional=True, choices=tuple(MEASURES)),
    Column("estimate", number=True, required=False, optional=True),
    Column("low", number=True, required=False, optional=True),
    Column("high", number=True, required=False, optional=True),
    Column("level", number=True, required=False, optional=True),
)


def interval_faults(row: Row) -> Iterator[Issue]:
    """What is impossible about the number of a row and its interval.

    Args:
        row: cells `measure`, `estimate`, `low`, `high` and `level`.

    Yields:
        One issue for each fault, at its column.

    >>> cells = {"measure": "HR", "estimate": "2.09", "low": "2.76", "high": "1.59", "level": "0.95"}
    >>> [str(one) for one in interval_faults(Row(2, cells))]
    ['column low: the interval runs down, from 2.76 to 1.59']
    """
    if not any(row[column.name] for column in COLUMNS):
        return
    given = [name for name in NUMBERS if row[name]]
    if not all(row.holds(name) for name in given):
        return
    if given and not row["measure"]:
        yield Issue("column measure", f"the cell is empty, but {given[0]} says {row[given[0]]}")
    if "estimate" not in given and row["measure"]:
        yield Issue("column estimate", f"the cell is empty, but the measure is {row['measure']}")
    if "estimate" not in given and len(given) > 0:
        yield Issue("column estimate", "an interval stands without an estimate")
    yield from _level_faults(row)
    yield from _range_faults(row, given)
    if len(given) == len(NUMBERS):
        yield from _order_faults(row)


def _level_faults(row: Row) -> Iterator[Issue]:
    """A level and the two ends of an interval come together."""
    for name, other in (("low", "high"), ("high", "low")):
        if row[other] and not row[name]:
            yield Issue(f"column {name}", f"the cell is empty, but {other} says {row[other]}")
    if row["low"] and row["high"] and not row["level"]:
        yield Issue("column level", "an interval stands without its level; write 0.95 for 95 %")
    if row["level"] and not (row["low"] or row["high"]):
        yield Issue("column level", f"level {row['level']} stands without an interval")
    if row.holds("level") and not 0.5 <= row.number("level") < 1.0:
        yield Issue("column level", f"{row['level']} is no level between 0.5 and 1; write 0.95 for 95 %")


def _range_faults(row: Row, given: list[str]) -> Iterator[Issue]:
    """A ratio is positive, a share lies between 0 and 100, and a difference of shares between -100 and 100."""
    for name in given:
        value = row.number(name)
        if row["measure"] in RATIOS and value <= 0:
            yield Issue(f"column {name}", f"{row[name]} cannot be a ratio; {row['measure']} is above 0")
        if row["measure"] == "percent" and not 0 <= value <= 100:
            yield Issue(f"column {name}", f"{row[name]} is no share between 0 and 100 %")
        if row["measure"] == "percentage points" and not -100 <= value <= 100:
            yield Issue(f"column {name}", f"{row[name]} is no difference of two shares")


def _order_faults(row: Row) -> Iterator[Issue]:
    """The interval runs upwards, holds its estimate, and lies even around it on the scale of its measure."""
    estimate, low, high = (row.number(name) for name in NUMBERS)
    if low > high:
        yield Issue("column low", f"the interval runs down, from {row['low']} to {row['high']}")
    elif low == high:
        yield Issue("column low", f"the interval from {row['low']} to {row['high']} has no width")
    elif not low <= estimate <= high:
        yield Issue("column estimate", f"{row['estimate']} lies outside its interval {row['low']} to {row['high']}")
    elif row["measure"] in RATIOS and low > 0 and _uneven(row):
        middle = math.sqrt(low * high)
        yield Issue(
            "column low",
            f"{row['low']} to {row['high']} lies uneven around {row['estimate']} on the log scale (middle {middle:.3g})",
        )


def _uneven(row: Row) -> bool:
    """Whether the estimate is off the middle of its interval on the log scale by more than rounding and the slack explain."""
    ends = {name: (row.number(name), _rounding(row[name])) for name in NUMBERS}
    logs = {name: [math.log(max(value + sign * half, 1e-12)) for sign in (-1, 1)] for name, (value, half) in ends.items()}
    width = math.log(row.number("high") / row.number("low"))
    off = [logs["estimate"][one] - (logs["low"][1 - one] + logs["high"][1 - one]) / 2 for one in (0, 1)]
    return off[0] > SLACK * width / 2 or off[1] < -SLACK * width / 2


def _rounding(printed: str) -> float:
    """Half a unit of the last printed digit."""
    digits = printed.lower().partition("e")[0].partition(".")[2]
    return 0.5 * 10.0 ** -len(digits)


def log_ratio(estimate: float | None, measure: str) -> float | None:
    """The natural logarithm of an estimate; none where there is none, or where its measure is no ratio.

    >>> log_ratio(1.0, "HR"), log_ratio(5.0, "days")
    (0.0, None)
    """
    return math.log(estimate) if estimate is not None and measure in RATIOS else None


def log_error(row: Row) -> tuple[float | None, str]:
    """The standard error of the logarithm of a ratio, and what it follows from.

    Args:
        row: cells `measure`, `estimate`, `low`, `high`, `level` and `p` (two-sided).

    Returns:
        The error with `interval` or `p`, whichever is given, the interval first; none and an empty word where neither is, or
        where the measure is no ratio.

    References: [@PARMAR1998].

    >>> log_error(Row(2, {"measure": "HR", "estimate": "2.09", "low": "1.59", "high": "2.76", "level": "0.95"}))
    (0.140..., 'interval')
    """
    if row["measure"] not in RATIOS:
        return None, ""
    if row.holds("low") and row.holds("high"):
        return math.log(row.number("high") / row.number("low")) / (2 * interval_reach(row.number("level"))), "interval"
    if row.holds("p") and row.holds("estimate"):
        return abs(math.log(row.number("estimate"))) / interval_reach(1 - row.number("p")), "p"
    return None, ""


def p_faults(row: Row) -> Iterator[Issue]:
    """What is wrong with a p-value from which an error is to follow.

    Args:
        row: cells `estimate`, `low` and `p` (two-sided).

    Yields:
        One issue for each fault, at its column.

    >>> [str(one) for one in p_faults(Row(2, {"estimate": "1.61", "p": "0"}))]
    ['column p: 0 is no p-value between 0 and 1']
    """
    if row.holds("p") and not 0 < row.number("p") < 1:
        yield Issue("column p", f"{row['p']} is no p-value between 0 and 1")
    if row["p"] and not row["estimate"]:
        yield Issue("column p", "a p-value stands without an estimate; write it in says")
    if row["p"] and row["low"]:
        yield Issue("column p", "leave it empty: the error follows from the interval")
    if row["p"] and row.holds("estimate") and row.number("estimate") == 1:
        yield Issue("column p", "no error follows from a p-value where the estimate is 1")


def interval_reach(level: float) -> float:
    """How many standard errors an interval of a level reaches to each side.

    >>> round(interval_reach(0.95), 3)
    1.96
    """
    return NormalDist().inv_cdf((1 + level) / 2)
