"""The arrows of the model: who acts on whom, and the number that takes the arrow away. It knows no rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tamarisk.model.model import Model, with_constants
from tamarisk.names import resolve
from tamarisk.tables import CONTENT, Column, read_table

_COLUMNS = (Column("arrow"), Column("source"), Column("target"), Column("sign", choices=("+", "-")), Column("off"))


@dataclass(frozen=True, slots=True)
class Arrow:
    """One influence in the model.

    Attributes:
        name: as it is drawn, `mTORC1 → S6K1`.
        source: what acts.
        target: on what.
        sign: `+` drives, `-` holds down.
        off: constants and the value (or the other constant) that takes the arrow away.
    """

    name: str
    source: str
    target: str
    sign: str
    off: Mapping[str, str]


@cache
def arrows() -> Mapping[str, Arrow]:
    """Every arrow, by name.

    >>> arrows()["mTORC1 → S6K1"].target
    'S6K1'
    """
    rows = read_table(CONTENT / "model" / "arrows.tsv", _COLUMNS)
    off = {row["arrow"]: dict(part.split("=") for part in row["off"].split(";")) for row in rows}
    return {row["arrow"]: Arrow(row["arrow"], row["source"], row["target"], row["sign"], off[row["arrow"]]) for row in rows}


def removal(model: Model, arrow: str) -> dict[str, float]:
    """The changes of constants that take an arrow out of a model.

    Args:
        model: the model.
        arrow: the arrow's name; `->` and `-|` stand for → and ⊣.

    Raises:
        UnknownNameError: no arrow is called so; the nearest are offered.

    >>> from tamarisk.model.antimony import read_model
    >>> removal(read_model(), "mTORC1 -> S6K1")
    {'w_mTORC1_S6K': 0.0}
    """
    written = arrow.replace("->", "→").replace("-|", "⊣")
    found = arrows()[written] if written in arrows() else arrows()[resolve(arrow, tuple(arrows()), kind="arrow")]
    return {name: _value(model, off) for name, off in found.off.items()}


def without_arrow(model: Model, arrow: str) -> Model:
    """The same model with one arrow taken out.

    Args:
        model: the model; it stays as it is.
        arrow: the arrow's name.

    Raises:
        UnknownNameError: no arrow is called so; the nearest are offered.

    >>> from tamarisk.model.antimony import read_model
    >>> without_arrow(read_model(), "mTORC1 → S6K1").constants["w_mTORC1_S6K"]
    0.0
    """
    return with_constants(model, removal(model, arrow))


def _value(model: Model, off: str) -> float:
    return model.constants[off] if off in model.constants else float(off)
