"""Many cultures as columns: whose cells, which therapy, which numbers differ. It knows the table, not how it is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from tamarisk.errors import DataError
from tamarisk.model.context import Context, read_context
from tamarisk.model.protocol import Dose, dose
from tamarisk.model.substance import substances

Array = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

One = TypeVar("One")

_UNTREATED = ("", "untreated")


@dataclass(frozen=True)
class Cohort:
    """Virtual cultures, or patients, one per row; what many share is kept once.

    Attributes:
        contexts: the cells that occur.
        cells: which of them each member is, shape `(member,)`.
        therapies: the therapies that occur, as `therapy` reads them.
        given: which of them each member gets, shape `(member,)`.
        constants: constants of the model in which members differ, in its units, each of shape `(member,)`.
        names: what the members are called; their places count if left out.
    """

    contexts: tuple[Context, ...]
    cells: Whole
    therapies: tuple[str, ...]
    given: Whole
    constants: Mapping[str, Array]
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.cells)


def cohort(
    context: str | Context | Sequence[str | Context] = "MCF-7",
    *,
    therapy: str | Sequence[str] = "",
    constants: Mapping[str, ArrayLike] | None = None,
    names: Sequence[str] = (),
) -> Cohort:
    """Many cultures from columns of equal length; what is no column holds for all.

    Args:
        context: whose cells, for all or for each member.
        therapy: doses joined by ` + `, as `4OHT=1uM + rapamycin=20nM@24h`, for all or for each member.
        constants: constants of the model in its own units, a number or one per member, each 0 or above.
        names: what the members are called.

    Returns:
        The cohort; one member if nothing is a column.

    Raises:
        DataError: columns differ in length, are empty, or hold something that is no amount; two members have one name.
        UnknownNameError: a context or drug that nobody has heard of.
        ProtocolError: a therapy has another form, or a column sets what a medium sets.
        UnitError: a dose has no unit or a wrong one.

    >>> len(cohort(["MCF-7", "T47D"], therapy="4OHT=1uM", constants={"PTEN_dose": [0.5, 1.0]}))
    2
    """
    told = {name: np.asarray(values, dtype=float) for name, values in (constants or {}).items()}
    _refuse(told, names)
    lengths = {name: len(values) for name, values in told.items() if values.ndim} | ({"names": len(names)} if names else {})
    lengths |= {} if isinstance(context, (str, Context)) else {"context": len(context)}
    lengths |= {} if isinstance(therapy, str) else {"therapy": len(therapy)}
    members = _agreed(lengths)
    lines, cells = coded([context] if isinstance(context, (str, Context)) else context, members)
    therapies, given = coded([therapy] if isinstance(therapy, str) else therapy, members)
    for text in therapies:
        read_therapy(text)
    contexts = tuple(one if isinstance(one, Context) else read_context(one) for one in lines)
    columns = {name: np.broadcast_to(values, members) for name, values in told.items()}
    return Cohort(contexts, cells, tuple(therapies), given, columns, tuple(names))


def read_therapy(text: str) -> tuple[Dose, ...]:
    """Doses joined by ` + `; none where the text is empty or `untreated`.

    Raises:
        ProtocolError: a dose has another form.
        UnknownNameError: nobody has heard of a drug.
        UnitError: a dose or a time has no unit or a wrong one.

    >>> [one.name for one in read_therapy("4OHT=1uM + rapamycin=20nM@24h")]
    ['4OHT', 'rapamycin']
    """
    if text.strip() in _UNTREATED:
        return ()
    return tuple(dose(part.strip()) for part in f" {text} ".split(" + "))


def coded(values: Iterable[One], members: int) -> tuple[list[One], Whole]:
    """The distinct values in order of appearance, and which of them each member has; a single one is everybody's.

    >>> coded(["a", "b", "a"], 3)
    (['a', 'b'], array([0, 1, 0]))
    """
    places: dict[One, int] = {}
    codes = np.fromiter((places.setdefault(one, len(places)) for one in values), dtype=np.int64)
    return list(places), np.broadcast_to(codes, members) if len(codes) == 1 else codes


def set_by_media() -> frozenset[str]:
    """Constants of the model that media and doses set, and no column may.

    >>> "E2" in set_by_media()
    True
    """
    return frozenset(one.constant for one in substances().values())


def _refuse(constants: Mapping[str, Array], names: Sequence[str]) -> None:
    """Numbers that are no columns or no amounts, and names that are not one member's."""
    if len(set(names)) < len(names):
        raise DataError("two members have one name", where="names", hint="give each its own")
    for name, values in constants.items():
        if name in set_by_media():
            what = f"'{name}' is set by the medium and by doses"
            raise DataError(what, where="constants", hint=f"write it as a therapy, {name}=1nM")
        if values.ndim > 1:
            raise DataError("a column of constants has one number per member", where=name, hint="give a flat array")
        wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0.0)))
        if wrong.size:
            what = f"{float(values.reshape(-1)[wrong[0]]):g} is no amount"
            raise DataError(what, where=f"{name}, member {wrong[0]}", hint="give finite numbers of at least 0")


def _agreed(lengths: Mapping[str, int]) -> int:
    """The one length of all columns."""
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise DataError(f"columns differ in length: {said}", hint="give one value per member, or one for all")
    members = next(iter(lengths.values()), 1)
    if members == 0:
        raise DataError("the cohort has no member", hint="give at least one")
    return members
