"""What an assay can see of the model, by name. It knows which quantity a readout is, not how it is solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """

    name: str
    quantity: str
    transform: str
    group: str
    unit: str
    meaning: str


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

    Raises:
        UnknownNameError: nothing is called so; the nearest names are offered.
        ProtocolError: `all` stands beside others.

    >>> [one.name for one in chosen(["perk", "HER2"])]
    ['pERK', 'HER2']
    """
    if "all" in {name.casefold() for name in names}:
        if len(names) > 1:
            raise ProtocolError("'all' reads everything", hint="leave out the other readouts")
        return tuple(readouts().values())
    official = dict.fromkeys(resolve(name, tuple(readouts()), kind="readout") for name in names)
    return tuple(readouts()[name] for name in official)
