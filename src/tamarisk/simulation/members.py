"""Members as a table: few kinds, and a column for every constant in which they differ. It knows no cells and no files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tamarisk.errors import DataError
from tamarisk.model.model import Model
from tamarisk.model.readout import INTEGRAL, PEAKS, Readout
from tamarisk.simulation.areas import area_of
from tamarisk.simulation.batch import Member, Progress, Solver
from tamarisk.simulation.outcome import Outcome

if TYPE_CHECKING:
    import xarray as xr

Array = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What members of one kind share.

    Attributes:
        member: the member without its own numbers.
        labels: what it is called: context, medium, protocol.
    """

    member: Member
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Members:
    """Any number of members; one becomes an object only when it is asked for.

    Attributes:
        kinds: the kinds that occur, perhaps made when asked for.
        kind: which of them each member is, shape `(member,)`.
        constants: constants in which members differ, each of shape `(member,)`.
        names: what the members are called, or nothing.

    >>> some = Members([Kind(Member())], np.zeros(3, dtype=int), {"k": np.array([1.0, 2.0, 3.0])})
    >>> [one.constants["k"] for one in some[1:]]
    [2.0, 3.0]
    """

    kinds: Sequence[Kind]
    kind: Whole
    constants: Mapping[str, Array] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, some: slice) -> list[Member]:
        kinds, chosen = self._kinds(some), self.kind[some].tolist()
        columns = [one[some].tolist() for one in self.constants.values()]
        rows = zip(*columns, strict=True) if columns else [()] * len(chosen)
        own = (dict(zip(self.constants, row, strict=True)) for row in rows)
        members = (kinds[kind].member for kind in chosen)
        return [replace(one, constants={**one.constants, **numbers}) for one, numbers in zip(members, own, strict=True)]

    def labels(self, some: slice) -> dict[str, list[str]]:
        """What some members are called, label by label."""
        kinds = self._kinds(some)
        words = {name: [kinds[kind].labels[name] for kind in self.kind[some].tolist()] for name in self.kinds[0].labels}
        return words | ({"member": list(self.names[some])} if self.names else {})

    def digest(self) -> str:
        """A hash of everything in which another table of members may differ."""
        digest = hashlib.sha256(f"{len(self)} {list(self.constants)} {len(self.kinds)}".encode())
        for kind in self.kinds:
            digest.update(repr(kind).encode())
        for column in (self.kind, *self.constants.values()):
            digest.update(np.ascontiguousarray(column).data)
        for name in self.names:
            digest.update(f"{len(name)} {name}".encode())
        return digest.hexdigest()

    def _kinds(self, some: slice) -> dict[int, Kind]:
        return {int(number): self.kinds[number] for number in np.unique(self.kind[some]).tolist()}


def solver_of(model: Model, readouts: Sequence[Readout]) -> Solver:
    """A model compiled for what will be read of it: integrals and peaks are kept only where they are asked for.

    Raises:
        ModelError: the model lacks a quantity.

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.readout import chosen
    >>> solver_of(read_model(), chosen(["peaks of pERK"])).peaks
    ('ERK_p',)
    """
    areas = dict.fromkeys(one.quantity for one in readouts if one.over == INTEGRAL)
    return Solver(model, areas=tuple(areas), peaks=tuple(dict.fromkeys(one.quantity for one in readouts if one.single)))


def quantities_of(readouts: Sequence[Readout]) -> list[str]:
    """The quantity behind each readout, as a solver knows it.

    >>> from tamarisk.model.readout import chosen
    >>> quantities_of(chosen(["pERK", "integral of pERK"]))
    ['ERK_p', 'integral of ERK_p']
    """
    return [area_of(one.quantity) if one.over == INTEGRAL else one.quantity for one in readouts]


def observed(
    solver: Solver,
    members: Sequence[Member],
    *,
    times_h: Sequence[float] | Array,
    readouts: Sequence[Readout],
    progress: Progress | None = None,
) -> tuple[Array, tuple[Outcome, ...]]:
    """What is read of members, as plain arrays.

    Args:
        solver: the model, compiled for these readouts.
        members: who is run.
        times_h: increasing times in hours, from 0.
        readouts: what is read.
        progress: called with (done, all) after each member.

    Returns:
        Values of shape `(member, time, readout)`, NaN where a run failed, and how each run ended. What is one number of the
        whole run stands at every time.

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.readout import chosen
    >>> observed(Solver(read_model()), [Member()], times_h=[0.0], readouts=chosen(["HER2"]))[0].shape
    (1, 1, 1)
    """
    solution = solver.solve(members, times_h=list(times_h), quantities=quantities_of(readouts), progress=progress)
    values = solution.values
    for number, one in enumerate(readouts):
        if one.single:
            values[:, :, number] = solution.peaks[:, [solver.peaks.index(one.quantity)], PEAKS.index(one.over)]
    logged = [number for number, readout in enumerate(readouts) if readout.transform == "log2"]
    values[:, :, logged] = np.log2(values[:, :, logged])
    return values, solution.outcomes


def of_run(one: Readout, values: Array) -> tuple[tuple[str, ...], Array]:
    """The dimensions and numbers that a table of runs has for a readout.

    Args:
        one: the readout.
        values: shape `(member, time)`.

    >>> from tamarisk.model.readout import chosen
    >>> of_run(chosen(["peaks of pERK"])[0], np.ones((2, 3)))
    (('member',), array([1., 1.]))
    """
    return (("member",), values[:, -1]) if one.single else (("member", "time"), values)


def at_once(model: Model, members: Members, *, times_h: Array, readouts: Sequence[Readout]) -> xr.Dataset:
    """Run members and keep what is read in memory.

    Args:
        model: the model.
        members: who is run.
        times_h: increasing times in hours, from 0.
        readouts: what is read.

    Returns:
        Per readout `(member, time)`, or `(member,)` for one number of the whole run, NaN where a run failed; `outcome` says how
        each ended; labels are coordinates.

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.readout import chosen
    >>> some = Members([Kind(Member())], np.zeros(2, dtype=int), {"PTEN_dose": np.array([0.5, 1.0])})
    >>> at_once(read_model(), some, times_h=np.zeros(1), readouts=chosen(["PTEN"]))["PTEN"].shape
    (2, 1)
    """
    import xarray as xr

    values, outcomes = observed(solver_of(model, readouts), members[:], times_h=times_h, readouts=readouts)
    variables: dict[str, Any] = {
        one.name: (*of_run(one, values[:, :, number]), {"unit": one.unit, "meaning": one.meaning})
        for number, one in enumerate(readouts)
    }
    variables["outcome"] = ("member", np.array([one.value for one in outcomes], dtype=object))
    labels = {name: ("member", np.array(texts, dtype=object)) for name, texts in members.labels(slice(None)).items()}
    return xr.Dataset(variables, coords={"time": ("time", times_h, {"unit": "h"}), **labels})


def slices(members: int, length: int) -> Iterator[slice]:
    """A number of members cut into pieces of a length, in order.

    Raises:
        DataError: a piece holds nobody.

    >>> list(slices(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    if length < 1:
        raise DataError(f"a chunk of {length} members holds nobody", hint="give 1 or more")
    return (slice(first, min(first + length, members)) for first in range(0, members, length))
