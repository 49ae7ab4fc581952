"""How well the shipped numbers meet what was observed, fitted and held out. It knows counts, not why a number misses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tamarisk.calibration.prediction import predictions
from tamarisk.calibration.target import Target, agrees, deviation, read_targets
from tamarisk.simulation.batch import Solver


@dataclass(frozen=True, slots=True)
class Check:
    """One observation, the model's number, whether they agree, and by how many tolerances they differ."""

    target: Target
    predicted: float
    agrees: bool
    deviation: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over some observations.

    Attributes:
        count: observations.
        agree: those with the right direction and within two-fold, or on the right side of a bound.
        rows: rows of the observation table they come from.
        rows_agree: rows all of whose observations agree.
    """

    count: int
    agree: int
    rows: int
    rows_agree: int


def checks(solver: Solver, *, known: Sequence[float] | None = None) -> tuple[Check, ...]:
    """Every observation beside the model's number.

    Args:
        solver: the compiled model.
        known: the model's numbers, where they were computed before.

    >>> from tamarisk.model.antimony import read_model
    >>> tally([one for one in checks(Solver(read_model())) if one.target.held_out]).count
    45
    """
    targets = read_targets()
    pairs = zip(targets, known if known is not None else predictions(solver, targets), strict=True)
    return tuple(Check(target, value, agrees(target, value), deviation(target, value)) for target, value in pairs)


def tally(some: Sequence[Check]) -> Tally:
    """How many observations, and how many rows in full, the model meets.

    >>> tally([])
    Tally(count=0, agree=0, rows=0, rows_agree=0)
    """
    rows = {one.target.row for one in some}
    missed = {one.target.row for one in some if not one.agrees}
    return Tally(len(some), sum(one.agrees for one in some), len(rows), len(rows - missed))
