"""What an assay can see of the model, by name. It knows which quantity a readout is, not how it is solved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from tamarisk.errors import ProtocolError
from tamarisk.names import resolve
from tamarisk.tables import CONTENT, Column, read_table

DEFAULT = (
    "cell_number",
    "doublings",
    "ERa_total",
    "pS167_ERa_ratio",
    "HER2",
    "pAKT_S473",
    "pS6K",
    "pERK",
    "cyclinD1",
    "pRB",
    "apoptosis",
)

INTEGRAL = "integral"
PEAKS = ("largest", "time of the largest", "smallest", "time of the smallest")
_OVER = re.compile(r"(integral|peaks) of (.+)", re.IGNORECASE)
_TIMES_H = {"1/h": "dimensionless", "dimensionless": "h", "fold of the start": "fold h"}

_COLUMNS = (
    Column("readout"),
    Column("quantity"),
    Column("transform", required=False, choices=("log2",)),
    Column("group"),
    Column("unit"),
    Column("meaning"),
)


@dataclass(frozen=True, slots=True)
class Readout:
    """One thing an assay can see.

    Attributes:
        name: as the field writes it.
        quantity: the model's quantity behind it.
        transform: `log2` or nothing.
        group: where it stands in lists.
        unit: its unit.
        meaning: what it is, in words.
        over: nothing where it is read at every time, `integral` from time 0 on, or one of the peaks of a whole run.
    """

    name: str
    quantity: str
    transform: str
    group: str
    unit: str
    meaning: str
    over: str = ""

    @property
    def single(self) -> bool:
        """Whether it is one number of a whole run."""
        return self.over in PEAKS


@cache
def readouts() -> Mapping[str, Readout]:
    """Every readout, by name.

    >>> readouts()["pAKT_S473"].quantity
    'AKT_pS473'
    """
    rows = read_table(CONTENT / "readouts.tsv", _COLUMNS)
    return {row["readout"]: Readout(*(row[column.name] for column in _COLUMNS)) for row in rows}


def chosen(names: Sequence[str]) -> tuple[Readout, ...]:
    """Readouts by name, whatever their case and dashes; `all` stands for every one.

    `integral of NAME` is the area under its curve from time 0 on, `peaks of NAME` its largest and smallest value of the whole
    run and when it had them.

    Raises:
        UnknownNameError: nothing is called so; the nearest names are offered.
        ProtocolError: `all` stands beside others, or an area is asked for that has no meaning.

    >>> [one.name for one in chosen(["perk", "HER2", "integral of pERK"])]
    ['pERK', 'HER2', 'integral of pERK']
    """
    if "all" in {name.casefold() for name in names}:
        if len(names) > 1:
            raise ProtocolError("'all' reads everything", hint="leave out the other readouts")
        return tuple(readouts().values())
    return tuple(dict.fromkeys(one for name in names for one in _named(name)))


def _named(name: str) -> tuple[Readout, ...]:
    """What a name asks for: a readout, its integral, or its peaks."""
    asked = _OVER.fullmatch(name.strip())
    one = readouts()[resolve(asked[2] if asked else name, tuple(readouts()), kind="readout")]
    if asked is None:
        return (one,)
    return _peaks(one) if asked[1].casefold() == "peaks" else (_integral(one),)


def _integral(one: Readout) -> Readout:
    if one.transform:
        raise ProtocolError(f"the area under a logarithm, {one.name}, has no meaning", hint="ask for another readout's")
    unit, meaning = _TIMES_H.get(one.unit, f"{one.unit} h"), f"area under the curve from 0 h on: {one.meaning}"
    return replace(one, name=f"{INTEGRAL} of {one.name}", unit=unit, meaning=meaning, over=INTEGRAL)


def _peaks(one: Readout) -> tuple[Readout, ...]:
    found = [replace(one, name=f"{part} {one.name}", over=part) for part in PEAKS]
    value, when = f"of the whole run: {one.meaning}", f"when {one.name} was"
    return tuple(
        replace(peak, unit="h", transform="", meaning=f"{when} {peak.over.split()[-1]}")
        if peak.over.startswith("time")
        else replace(peak, meaning=f"{peak.over} {value}")
        for peak in found
    )
