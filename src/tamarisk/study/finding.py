"""A claim with its test, and what the test gave. It knows what was claimed and asked, not how it is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from tamarisk.names import resolve
from tamarisk.study.figure import Panel
from tamarisk.tables import CONTENT, Column, read_table

_TEXT = ("id", "room", "source", "claim", "did", "criterion", "limits", "value_is")
_COLUMNS = (*(Column(name) for name in _TEXT), Column("missing", required=False))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a founding study says, and the test of it.

    Attributes:
        id: R1 to R13 of the review, G1 to G9 of the study on rapamycin.
        room: which part of the laboratory tests it.
        source: who says so.
        claim: what is said.
        did: what is done here to test it.
        criterion: what must hold, fixed before looking.
        limits: the numbers in the criterion, by name.
        value_is: what the headline number is.
        missing: what later work must add; empty if nothing.
    """

    id: str
    room: str
    source: str
    claim: str
    did: str
    criterion: str
    limits: Mapping[str, float]
    value_is: str
    missing: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a reading, with its name and unit."""

    label: str
    value: float
    unit: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the test of a finding gave.

    Attributes:
        value: the headline number.
        unit: its unit.
        holds: whether the criterion holds; None where it needs later work.
        reason: why, with the numbers, in a sentence.
        interval: its ends, if it has one.
        covers: what the interval covers, or why there is none.
        numbers: everything else that was computed.
        panels: what can be drawn.
    """

    value: float
    unit: str
    holds: bool | None
    reason: str
    interval: tuple[float, float] | None = None
    covers: str = "one parameter vector, no noise: no interval"
    numbers: tuple[Figure, ...] = ()
    panels: tuple[Panel, ...] = field(default_factory=tuple)

    @property
    def verdict(self) -> str:
        """holds, does not hold, or not computed.

        >>> Reading(1.0, "fold", None, "later").verdict
        'not computed'
        """
        return {True: "holds", False: "does not hold", None: "not computed"}[self.holds]


@dataclass(frozen=True, slots=True)
class Answer:
    """One finding with what its test gave."""

    finding: Finding
    reading: Reading


@cache
def findings() -> Mapping[str, Finding]:
    """Every finding of the founding studies, by id.

    >>> len(findings())
    22
    """
    rows = read_table(CONTENT / "findings" / "findings.tsv", _COLUMNS)
    return {
        row["id"]: Finding(**{name: row[name] for name in (*_TEXT, "missing") if name != "limits"}, limits=_limits(row["limits"]))
        for row in rows
    }


def finding(name: str) -> Finding:
    """A finding by its id.

    Raises:
        UnknownNameError: there is no such row; the ids are offered.

    >>> finding("g6").claim
    'Rapamycin bypasses resistance to fulvestrant.'
    """
    return findings()[resolve(name, tuple(findings()), kind="finding")]


def _limits(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in (part.split("=") for part in text.split(";"))}
