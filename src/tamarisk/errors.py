"""What can go wrong, said in a sentence. It knows how to say it, not what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class TamariskError(Exception):
    """Every error that a user can mend; a bug is any other exception.

    Args:
        what: the fault in one sentence, without a full stop.
        where: the file, row, name or argument that carries it.
        hint: what to do next.

    >>> str(UnknownNameError("no drug 'tamoxifn'", hint="did you mean 'tamoxifen'?"))
    "no drug 'tamoxifn'; did you mean 'tamoxifen'?"
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__((f"{where}: " if where else "") + what + (f"; {hint}" if hint else ""))


class UnknownNameError(TamariskError, ValueError):
    """A drug, context, readout, gene or parameter that nobody has heard of."""


class UnitError(TamariskError, ValueError):
    """A number without a unit, or with one that does not fit."""


class TableError(TamariskError, ValueError):
    """A table that cannot be read as it stands."""


class ModelError(TamariskError, ValueError):
    """A model file, or an edit of a model, that makes no sound model."""


class ProtocolError(TamariskError, ValueError):
    """An experiment that cannot be done as described."""


class DataError(TamariskError, ValueError):
    """Measurements that do not allow what is asked of them."""


class SimulationError(TamariskError, RuntimeError):
    """A run that the integrator could not finish."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault found by a check: where it is and what it is."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def listed(issues: Iterable[Issue]) -> str:
    """All faults, one line each, in the order in which they were found.

    >>> print(listed([Issue("row 2, column dose", "-3 is negative"), Issue("row 5", "the drug is missing")]))
    row 2, column dose: -3 is negative
    row 5: the drug is missing
    """
    return "\n".join(str(issue) for issue in issues)
