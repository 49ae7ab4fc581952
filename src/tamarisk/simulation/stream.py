"""Any number of members to disk, chunk by chunk, here or on a cluster, and on from where it stopped. It knows no cells."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from tamarisk.errors import DataError
from tamarisk.model.model import Model
from tamarisk.model.readout import Readout
from tamarisk.model.system import system_of
from tamarisk.simulation.batch import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE, Member, Progress, Solver
from tamarisk.simulation.members import Members, observed, quantities_of, slices, solver_of
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.store import ENDING, Layout, Store, missing

if TYPE_CHECKING:
    import xarray as xr

Array = np.ndarray[Any, np.dtype[np.float64]]
Found = tuple[Array, tuple[Outcome, ...]]

_GO_ON = "run the same again to go on from there"
_AHEAD = 2  # chunks per processor that a cluster is given at a time
_TURN_S = 0.1


@dataclass(frozen=True)
class OnDisk:
    """Where a run goes that is too large for memory, and who computes it.

    Attributes:
        folder: a Zarr group, new or with the unfinished part of the same run.
        chunk: members that are computed, written and, after an interruption, found again together.
        client: a `dask.distributed` client; the threads of this machine if left out.
        progress: called with (members done, all) as they are done.
    """

    folder: str | Path
    chunk: int = 4096
    client: Any = None
    progress: Progress | None = None


class Desk:
    """A model compiled where it stands, for one caller at a time; to another process it travels as the model.

    Args:
        solver: the model, compiled for what is read.
    """

    def __init__(self, solver: Solver) -> None:
        self._solver, self._one = solver, threading.Lock()

    def __reduce__(self) -> tuple[type[Desk], tuple[Solver]]:
        return Desk, (self._solver,)

    def work(
        self, members: Sequence[Member], times_h: Array, readouts: Sequence[Readout], progress: Progress | None = None
    ) -> Found:
        """What is read of some members, and how each run ended."""
        with self._one:
            return observed(self._solver, members, times_h=times_h, readouts=readouts, progress=progress)


def stream(model: Model, members: Members, into: OnDisk, *, times_h: Array, readouts: Sequence[Readout]) -> xr.Dataset:
    """Run members and keep what is read on disk; chunks that are there already are not computed again.

    Args:
        model: the model.
        members: who is run.
        into: where it goes.
        times_h: increasing times in hours, from 0.
        readouts: what is read.

    Returns:
        The run as it lies on disk, opened: what `at_once` gives.

    Raises:
        DataError: zarr is not installed, the folder holds something else, another program writes there, or the disk is full.
        ModelError: the model lacks a constant or a quantity.
        KeyboardInterrupt: it was stopped; says what is kept and how to go on.

    >>> import tempfile
    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.readout import chosen
    >>> from tamarisk.simulation.members import Kind
    >>> kind = Kind(Member(settle={"adaptation": 0.0}, restart={"cells": 1.0, "dead_cells": 0.0}))
    >>> some = Members([kind], np.zeros(2, dtype=int), {"PTEN_dose": np.array([0.5, 1.0])})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = stream(read_model(), some, OnDisk(folder), times_h=np.zeros(1), readouts=chosen(["PTEN"]))
    ...     run["outcome"].to_numpy().tolist()
    ['finished', 'finished']
    """
    solver_of(model, readouts).require_known(members[next(slices(len(members), into.chunk))], quantities_of(readouts))
    folder, labels = Path(into.folder), tuple(members.labels(slice(0, 1)))
    layout = Layout(len(members), into.chunk, times_h, readouts, labels, _identity(model, members, into, times_h, readouts))
    try:
        return _written(model, members, into, layout)
    except (KeyboardInterrupt, OSError) as stopped:
        kept = f"{len(members) - _count(missing(folder, layout))} of {len(members)} members are kept"
        if isinstance(stopped, OSError):
            raise DataError(f"the run stopped ({stopped})", where=str(folder), hint=f"{kept}; {_GO_ON}") from None
        raise KeyboardInterrupt(f"{kept} in {folder}; {_GO_ON}") from None


def _written(model: Model, members: Members, into: OnDisk, layout: Layout) -> xr.Dataset:
    """Every chunk that is missing, computed and put in its place."""
    with Store(Path(into.folder), layout) as store:
        done = len(members) - _count(missing(store.folder, layout))

        def told(more: int) -> None:
            if into.progress is not None:
                into.progress(done + more, len(members))

        for some, (values, outcomes) in _computed(model, members, into, layout, told):
            store.write(some, values, members.labels(some) | {ENDING: [one.value for one in outcomes]})
            done += _count([some])
            told(0)
        return store.finished()


def _count(some: Sequence[slice]) -> int:
    return sum(one.stop - one.start for one in some)


def _identity(model: Model, members: Members, into: OnDisk, times_h: Array, readouts: Sequence[Readout]) -> dict[str, str]:
    """Hashes of all that the numbers on disk depend on, by what it is."""
    parts = {
        "model": repr(system_of(model)),
        "members": members.digest(),
        "times": repr(times_h.tolist()),
        "readouts": repr(readouts),
        "tolerances": repr((RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE)),
        "chunk": str(into.chunk),
    }
    hashes = {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in parts.items()}
    return {"version": metadata.version("tamarisk"), **hashes}


def _computed(
    model: Model, members: Members, into: OnDisk, layout: Layout, told: Callable[[int], None]
) -> Iterator[tuple[slice, Found]]:
    """Every missing chunk with what was found, as soon as it is."""
    if into.client is not None:
        yield from _far(model, members, into, layout)
        return
    desk = Desk(solver_of(model, layout.readouts))
    for some in missing(Path(into.folder), layout):
        yield some, desk.work(members[some], layout.times_h, layout.readouts, lambda count, _: told(count))


def _far(model: Model, members: Members, into: OnDisk, layout: Layout) -> Iterator[tuple[slice, Found]]:
    """The same from a cluster, in the order in which chunks are done; only a few are on their way at a time."""
    try:
        import_module("distributed")
    except ImportError:
        raise DataError("a cluster needs distributed, which is not installed", hint="install tamarisk[cluster]") from None
    client, going, rest = into.client, {}, iter(missing(Path(into.folder), layout))
    desk = client.scatter(Desk(solver_of(model, layout.readouts)), broadcast=True, hash=False)
    done: SimpleQueue[tuple[Any, Found | BaseException]] = SimpleQueue()

    def fetch(future: Any) -> None:
        """Runs in a thread of the client: Control-C reaches the main thread only, and waiting there the client may lose it."""
        try:
            done.put((future, future.result()))
        except BaseException as fault:  # noqa: BLE001 -- raised where it is heard
            done.put((future, fault))

    def give() -> None:
        some = next(rest, None)
        if some is not None:
            future = client.submit(Desk.work, desk, members[some], layout.times_h, layout.readouts, pure=False)
            going[future] = some
            future.add_done_callback(fetch)

    try:
        for _ in range(_AHEAD * max(1, sum(client.nthreads().values()))):
            give()
        while going:
            future, found = _heard(done)
            if isinstance(found, BaseException):
                raise found
            yield going.pop(future), found
            give()
    finally:
        for future in going:
            future.release()  # the scheduler forgets what has not begun; nobody waits for its answer


def _heard(done: SimpleQueue[Any]) -> Any:
    """What comes first, waited for in short turns, since some systems let nobody interrupt a long one."""
    while True:
        with suppress(Empty):
            return done.get(timeout=_TURN_S)
