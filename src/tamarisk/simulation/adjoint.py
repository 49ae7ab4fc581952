"""How one number that is made from a run changes with every constant and every start: the steps of the run gone back over.

It knows states and what they are worth at the output times, not what is fitted. Its cost does not depend on how many constants
there are. What a run of members needs of memory is one row of states per step; who runs many runs them in parts.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamarisk.errors import ModelError
from tamarisk.model.system import System
from tamarisk.simulation.lane_builder import ARGUMENTS, TRACE
from tamarisk.simulation.lanes import Array, Batch, Control, Lanes, Plan, Watcher, Whole, address_of
from tamarisk.simulation.machine_code import Machine, machine_code
from tamarisk.simulation.pulling import PULL, pull_vectors
from tamarisk.simulation.rosenbrock import FINISHED

_ROOM = 1024  # steps of a member that there is room for at first

_SOLVED = 3  # times that a steady state's equations are solved, each with a share of inertia


@dataclass(frozen=True)
class Trace:
    """What a run gave, and what it takes to go back over it.

    Attributes:
        batch: what the run gave.
        plan: who was run.
        room: the first row of each member, shape `(member + 1,)`.
        kept: how many rows each member has, one for each accepted step, shape `(member,)`.
        rows: the begin of a step, its length, and the states at its begin in pivot order, shape `(row, 2 + state)`.
    """

    batch: Batch
    plan: Plan
    room: Whole
    kept: Whole
    rows: Array


@dataclass(frozen=True)
class Pull:
    """How the objective changes; NaN for a member that failed.

    Attributes:
        constants: with each constant, in the objective's unit per the constant's, shape `(member, constant)`.
        start: with each state at the begin, shape `(member, state)`.
    """

    constants: Array
    start: Array


class Adjoint(Lanes):
    """One model, compiled so that its steps are recorded and gone back over.

    The derivatives are those of the very steps that were taken, as those of `GradientSolver` are: the two agree but for rounding.

    Args:
        source: its equations.
        lanes: members computed side by side; what the processor's vectors hold if left out.
        kept: whether the machine code is kept on the disk.

    Raises:
        ModelError: the model has events, or its rates jump where a condition changes.

    References:
        Steps: [@STEINEBACH2023].

    >>> from tamarisk.model.expression import Apply, Name
    >>> decay = Apply("minus", (Apply("times", (Name("k"), Name("x"))),))
    >>> adjoint = Adjoint(System("decay", {"x": decay}, {}, {"k": 1.0}, {"x": 2.0}), 1)
    >>> trace = adjoint.record(Plan(np.ones((1, 1)), np.full((1, 1), 2.0), np.zeros(1), np.ones(1), [np.ones(1)]))
    >>> pull = adjoint.pull(trace, np.ones((1, 1)))  # of the state at time 1 itself, 2 e^-k
    >>> pull.constants.round(4), pull.start.round(4)
    (array([[-0.7358]]), array([[0.3679]]))
    """

    _given = (*ARGUMENTS, *TRACE)
    _back = True

    def __init__(self, source: System, lanes: int | None = None, *, kept: bool = True) -> None:
        if source.events:
            raise _closed(source, f"has the event '{source.events[0].id}'")
        super().__init__(source, lanes, kept=kept)
        if self.machine.sizes.switches:
            raise _closed(source, "has rates that jump where a condition changes")
        self._pull = self._function("pull", PULL)
        self._room = sum(pull_vectors(self.machine.sizes).values()) * self.lanes

    def record(self, plan: Plan, control: Control | None = None) -> Trace:
        """Every member from its begin to its end, its steps kept.

        Args:
            plan: who is run.
            control: how; nobody ends because nothing moves any more.

        Returns:
            The same numbers as those of `run`, and the steps.
        """
        held = control or Control()
        rooms = np.full(len(plan.constants), _ROOM)
        while True:
            arrays = self._arrays(plan, held, self.source.states[: self._shown])
            arrays |= self._places(rooms)
            batch = self._run(arrays, held)
            if (arrays["kept"] <= rooms).all():
                return Trace(batch, plan, *(arrays[name] for name in TRACE))
            rooms = arrays["kept"]

    def pull(self, trace: Trace, slopes: Array, *, threads: int = 1) -> Pull:
        """Back over the steps of every member.

        Args:
            trace: a run.
            slopes: how the objective changes with each state at each output time, shape `(output, state)` as `batch.seen`; what
                it changes by with constants directly is not in it.
            threads: pieces of the batch that are computed at the same time.

        Returns:
            How it changes with every constant and every state at the begin.
        """
        good = np.flatnonzero(trace.batch.outcomes == FINISHED)
        arrays = self._arrays_back(trace, slopes, good)

        def piece(low: int, high: int) -> None:
            self._call(self._pull, PULL, arrays, {"members": high - low}, low, self._room)

        self._all(arrays["stop"], piece, len(good), threads)
        pull = Pull(np.full_like(trace.plan.constants, np.nan, dtype=float), np.full_like(trace.batch.end, np.nan))
        pull.constants[good], pull.start[good] = arrays["by_constants"], arrays["by_start"][:, self._place]
        return pull

    def _arrays(self, plan: Plan, control: Control, asked: Sequence[str]) -> dict[str, Any]:
        return super()._arrays(plan, control, asked) | self._places(np.zeros(len(plan.constants), dtype=np.int64))

    def _places(self, rooms: Whole) -> dict[str, Any]:
        """Where the steps of every member go."""
        room = np.array([0, *itertools.accumulate(rooms.tolist())], dtype=np.int64)
        rows = _unwritten(int(room[-1]), 2 + len(self._order))
        return {"room": room, "kept": np.zeros(len(rooms), dtype=np.int64), "trace": rows}

    def _arrays_back(self, trace: Trace, slopes: Array, good: Whole) -> dict[str, Any]:
        """Everything that the compiled way back reads and writes, of the members that came to their end."""
        times = trace.plan.times
        first = np.array([0, *itertools.accumulate(len(one) for one in times)])
        read = [_within(trace, member) for member in good.tolist()]
        shares = np.concatenate([np.zeros(0), *(share for _, share in read)])
        rows = np.concatenate([np.zeros(0, dtype=np.int64), *(some for some, _ in read)])
        wanted = [number for member in good for number in range(first[member], first[member + 1])]
        asked = np.zeros((len(wanted), len(self._order)))
        asked[:, self._place] = slopes[wanted]
        given = {"P": trace.plan.constants[good], "share": shares, "slopes": asked, "trace": trace.rows}
        given |= {
            "by_constants": np.zeros((len(good), trace.plan.constants.shape[1])),
            "by_start": np.zeros((len(good), len(self._order))),
        }
        whole = {"room": trace.room[good], "kept": trace.kept[good], "row": rows, "stop": np.zeros(1)}
        whole["first"] = np.array([0, *itertools.accumulate(len(times[member]) for member in good)])
        arrays: dict[str, Any] = {name: np.array(one, dtype=float, order="C", copy=None) for name, one in given.items()}
        return arrays | {name: np.array(one, dtype=np.int64) for name, one in whole.items()}


class AdjointWatcher(Watcher):
    """What a model computes from its states, and how what is made of that changes with the states and constants.

    Args:
        source: its equations.
        machine: these compiled for one lane for the way back, where that is done.

    >>> from tamarisk.model.expression import Apply, Name, Number
    >>> system = System("square", {"x": Number(1.0)}, {"a": Apply("times", (Name("k"), Name("x"), Name("x")))}, {"k": 2.0}, {})
    >>> watcher = AdjointWatcher(system)
    >>> watcher.pull(np.full((1, 1), 2.0), np.full((1, 1), 3.0), [1], np.ones((1, 1)))
    (array([[12.]]), array([[9.]]))
    """

    def __init__(self, source: System, *, machine: Machine | None = None) -> None:
        super().__init__(source, machine=machine or machine_code(source, 1, back=True))
        kinds: list[Any] = [ctypes.c_int64, *[ctypes.c_void_p] * 8]
        self._watch_back = ctypes.CFUNCTYPE(None, *kinds)(self._machine.address("watch_back"))

    def pull(self, constants: Array, states: Array, counts: Sequence[int], slopes: Array) -> tuple[Array, Array]:
        """How an objective changes with states and constants, where that is known for every computed quantity.

        Args:
            constants: shape `(group, constant)`.
            states: shape `(row, state)`, the rows of each group one after the other.
            counts: rows of each group.
            slopes: of the objective by every computed quantity, shape `(row, quantity)`.

        Returns:
            Its derivatives by the states, shape `(row, state)`, and by the constants, shape `(group, constant)`.
        """
        sizes, order = self._machine.sizes, list(self._machine.order)
        first = np.array([0, *itertools.accumulate(counts)], dtype=np.int64)
        given = [np.array(one, dtype=float, order="C") for one in (constants, states[:, order], slopes)]
        by_state, by_constant = np.zeros_like(given[1]), np.zeros_like(given[0])
        room = np.empty(sizes.hoisted + 1), np.empty(sizes.states + sizes.pulled)
        self._watch_back(len(given[0]), *(address_of(one) for one in (first, *given, by_state, by_constant, *room)))
        return by_state[:, np.argsort(order)], by_constant

    def pull_rest(self, constants: Array, state: Array, slopes: Array, *, free: Whole, slowest: float) -> tuple[Array, float]:
        """How an objective changes with constants on which a steady state depends.

        The transposed system is solved with a rest of inertia, three times, each taking up what the one before left: sums of
        states that are conserved, for which there is no inverse, keep what they have.

        Args:
            constants: shape `(constant,)`.
            state: what is at rest, shape `(state,)`.
            slopes: of the objective by these, shape `(state,)`.
            free: the states that are not asked to rest.
            slowest: the rate below which nothing is taken to move.

        Returns:
            The derivatives by the constants, shape `(constant,)`, and the share of them that the last solution brought.
        """
        size, order = self._machine.sizes.states, list(self._machine.order)
        place, q = np.argsort(order), np.empty(self._machine.sizes.hoisted + 1)
        y, p = np.where(np.isfinite(state), state, 0.0)[order], np.array(constants, dtype=float)
        self._called("hoist", p, q)
        matrix = np.array([self._rates_back(y, q, weight)[:size] for weight in np.eye(size)])
        held = np.setdiff1d(np.arange(size), place[free])
        while len(more := np.union1d(held, np.flatnonzero(np.any(matrix[held] != 0, axis=0)))) > len(held):
            held = more
        inert = slowest * np.eye(len(held)) - matrix[np.ix_(held, held)].T
        asked = np.zeros(size)
        asked[place] = slopes
        asked[place[free]] = 0.0
        left, found = asked[held], []
        for _ in range(_SOLVED):
            weights = np.zeros(size)
            weights[held] = np.linalg.solve(inert, left)
            left, by_constant = slowest * weights[held], np.zeros_like(p)
            self._called("hoist_back", q, self._rates_back(y, q, weights)[size:], by_constant)
            found.append(by_constant)
        total, last = np.sum(found, axis=0), np.abs(found[-1] * p)
        return total, float(np.max(last, initial=0.0) / max(np.max(np.abs(total * p), initial=0.0), 1e-300))

    def _rates_back(self, y: Array, q: Array, weights: Array) -> Array:
        """Weighted rates differentiated by states, and behind these by what stays for a member."""
        found = np.zeros(self._machine.sizes.states + self._machine.sizes.pulled)
        self._called("rates_back", y, q, np.ascontiguousarray(weights), found)
        return found

    def _called(self, name: str, *vectors: Array) -> None:
        """One of the model's functions."""
        function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(vectors))(self._machine.address(name))
        function(*(address_of(one) for one in vectors))


def _unwritten(rows: int, columns: int) -> Array:
    """An array that takes memory only where it is written to, in small pages."""
    memory = mmap.mmap(-1, max(1, 8 * rows * columns), access=mmap.ACCESS_COPY)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without large pages
            memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype=float, count=rows * columns).reshape(rows, columns)


def _within(trace: Trace, member: int) -> tuple[Whole, Array]:
    """The row of the step that each output of a member was read in, and its place there as a share of the step."""
    low = trace.room[member]
    steps, times = trace.rows[low : low + trace.kept[member], :2], trace.plan.times[member]
    number = np.maximum(np.searchsorted(steps[:, 0], times) - 1, 0)
    return low + number, (times - steps[number, 0]) / steps[number, 1]


def _closed(source: System, what: str) -> ModelError:
    return ModelError(f"'{source.name}' {what}, through which there is no way back", hint="take the slopes along directions")
