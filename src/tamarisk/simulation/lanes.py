"""Many members through one model at once: compiled lanes, fed from arrays. It knows vectors and time, not cells or drugs."""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from tamarisk.model.expression import Number, names
from tamarisk.model.system import TIME, System, require_quantities
from tamarisk.simulation.lane_builder import ARGUMENTS, RECORD, desk_vectors
from tamarisk.simulation.machine_code import Machine, machine_code, native_lanes
from tamarisk.simulation.rosenbrock import STOPPED

Array = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

_NUMBERS: dict[str, Any] = dict.fromkeys(("relative", "calm"), ctypes.c_double)
_NUMBERS |= dict.fromkeys(("members", "limit", "width", "computed"), ctypes.c_int64)
_PER_MEMBER = {
    *("P", "Y", "begin", "end", "horizon", "outcome", "steps", "reached", "record", "longest", "trial", "first"),
    *("room", "kept", "by_constants", "by_start"),
}
_FEW = 32  # members that are done before anybody can interrupt them
_LINE = 64  # bytes to whose multiples vectors are laid


@dataclass(frozen=True)
class Plan:
    """Who is run from where to where.

    Attributes:
        constants: shape `(member, constant)`.
        start: states at the begin, shape `(member, state)`.
        begin: shape `(member,)`.
        end: shape `(member,)`, after the begin.
        times: per member, rising output times from its begin to its end.
        longest: the longest step of each member, shape `(member,)`; conditions are looked at in six places of every step.
        horizon: the time beyond which no step of a member may end, shape `(member,)`; its end if left out. Where it lies behind
            the end, the steps are those of a run that goes on, and what is seen at the end is read within the last of them.
        trial: length of each member's first step, shape `(member,)`; 0 leaves the choice to the lanes.
    """

    constants: Array
    start: Array
    begin: Array
    end: Array
    times: Sequence[Array]
    longest: Array | float = math.inf
    horizon: Array | float | None = None
    trial: Array | float = 0.0

    def further(self, batch: Batch, end: Array, times: Sequence[Array]) -> Plan:
        """The same members from where a batch left them.

        Where the horizon of the run before lay behind its end, and lies behind or at that of this one, both runs together are
        one, to the last bit.

        Args:
            batch: what a run of this plan gave.
            end: the new ends, shape `(member,)`.
            times: per member, rising output times from the old end to the new one.

        >>> from tamarisk.model.expression import Apply, Name
        >>> rise = System("rise", {"x": Apply("times", (Name("k"), Name("x")))}, {}, {"k": 1.0}, {"x": 1.0})
        >>> one = np.ones(1)
        >>> plan = Plan(np.ones((1, 1)), np.ones((1, 1)), 0 * one, one, [one], horizon=np.inf)
        >>> lanes = Lanes(rise, 1)
        >>> later = lanes.run(plan.further(lanes.run(plan), 2 * one, [2 * one]))
        >>> whole = lanes.run(Plan(plan.constants, plan.start, plan.begin, 2 * one, [2 * one], horizon=np.inf))
        >>> (later.seen == whole.seen).tolist()
        [[True]]
        """
        return replace(self, start=batch.end, begin=batch.reached, end=end, times=times, trial=batch.trial)


@dataclass(frozen=True)
class Control:
    """How exactly, how long, and by how many.

    Attributes:
        relative: tolerated error per step, relative.
        absolute: the same in a state's own unit.
        weight: 0 for states whose error and drift do not count, shape `(state,)`; all count if left out.
        calm: a member ends when no counted state drifts faster than this relative to its amount; 0 never ends it.
        limit: steps after which a member is given up.
        threads: pieces of the batch that are computed at the same time.
    """

    relative: float = 1e-6
    absolute: float = 1e-9
    weight: Array | None = None
    calm: float = 0.0
    limit: int = 100_000
    threads: int = 1


@dataclass(frozen=True)
class Batch:
    """What a batch gave.

    Attributes:
        seen: what was asked for at the output times, shape `(output, quantity)`, members one after the other; with directions
            their slopes along each follow, shape `(output, block * quantity)`.
        end: states at each member's end, or where its horizon lies behind that at the begin of the step that reached it, shape
            `(member, state)`.
        outcomes: how each member ended, a code of `rosenbrock`, shape `(member,)`.
        steps: steps tried for each member, shape `(member,)`.
        reached: the time of these states, shape `(member,)`; before the end asked for where a trigger changed.
        trial: the length of the step that reached the end from there; 0 where that is at the end, shape `(member,)`.
        peaks: of each quantity whose peaks are kept the largest value, when, the smallest, and when, as far as the member came,
            shape `(member, quantity, 4)`.
    """

    seen: Array
    end: Array
    outcomes: Whole
    steps: Whole
    reached: Array
    trial: Array
    peaks: Array


def of_both(first: Array, second: Array) -> Array:
    """Peaks of a run from those of its two pieces, each of shape `(..., 4)` as in a `Batch`; of equal ones the first counts.

    >>> of_both(np.array([2.0, 0.0, 1.0, 3.0]), np.array([5.0, 4.0, 1.0, 6.0])).tolist()
    [5.0, 4.0, 1.0, 3.0]
    """
    new = np.isnan(first[..., :1])
    larger, smaller = second[..., :1] > first[..., :1], second[..., 2:3] < first[..., 2:3]
    pairs = ((larger, slice(0, 2)), (smaller, slice(2, 4)))
    return np.concatenate([np.where(new | which, second[..., two], first[..., two]) for which, two in pairs], axis=-1)


class Lanes:
    """One model, compiled for a number of lanes.

    Args:
        source: its equations.
        lanes: members computed side by side; what the processor's vectors hold if left out.
        directions: along how many directions each member is differentiated; its constants and states are then followed by
            what they change by along each. The error of these does not count, their drift does.
        peaks: quantities whose largest and smallest values over the run are kept; the path is not.
        kept: whether the machine code is kept on the disk.

    Raises:
        ModelError: a formula uses an operator that is not compiled; a quantity is not the model's.

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.system import system_of
    >>> model = read_model()
    >>> constants, start = (np.array([list(one.values())]) for one in (model.constants, model.initial()))
    >>> plan = Plan(constants, start, np.zeros(1), np.ones(1), [np.array([0.5, 1.0])])
    >>> Lanes(system_of(model), lanes=1).run(plan).seen.shape
    (2, 71)
    """

    _given: ClassVar[tuple[str, ...]] = ARGUMENTS
    _back: ClassVar[bool] = False

    def __init__(
        self, source: System, lanes: int | None = None, directions: int = 0, peaks: Sequence[str] = (), *, kept: bool = True
    ) -> None:
        self.source, self.lanes, self.blocks = timed(source), lanes or native_lanes(), 1 + directions
        self.machine: Machine = machine_code(self.source, self.lanes, directions, peaks, back=self._back, kept=kept)
        self._integrate = self._function("integrate", self._given)
        self._order = np.array(self.machine.order)
        self._position = np.argsort(self._order).reshape(self.blocks, -1)
        self._place = self._position[:, : len(source.rates)].ravel()
        self._shown = len(source.rates)
        self._desk = sum(desk_vectors(self.machine.sizes).values()) * self.lanes

    def run(self, plan: Plan, control: Control | None = None, shown: Sequence[str] | None = None) -> Batch:
        """Every member from its begin to its end.

        Args:
            plan: who is run.
            control: how.
            shown: quantities that are seen at the output times, computed there; all states if left out.

        Returns:
            What was seen, states, outcomes and steps; a member's numbers do not depend on its company, the lanes or the threads.

        Raises:
            ModelError: a quantity is not the model's.
        """
        held = control or Control()
        asked = self.source.states[: self._shown] if shown is None else require_quantities(self.source, shown)
        batch = self._run(self._arrays(plan, held, asked), held)
        return replace(batch, seen=self._with_constants(batch.seen, plan, asked))

    def _run(self, arrays: dict[str, Any], control: Control) -> Batch:
        """The members of some arrays."""
        self._all(arrays["stop"], partial(self._piece, arrays, control), len(arrays["P"]), control.threads)
        names = ("outcome", "steps", "reached", "trial", "record")
        return Batch(arrays["seen"], arrays["Y"][:, self._place], *(arrays[name] for name in names))

    def _positions(self, asked: Sequence[str]) -> Whole:
        """Where the loop finds quantities, block by block: states first, then what is computed; constants it does not know."""
        states = {name: place for place, name in enumerate(self.source.states)}
        rules = {name: place for place, name in enumerate(self.source.assigned)}
        found = []
        for block in range(self.blocks):
            for name in asked:
                if name in states:
                    found.append(self._position[block, states[name]])
                elif name in rules:
                    found.append(len(self._order) + block * len(rules) + rules[name])
        return np.array(found, dtype=np.int64)

    def _with_constants(self, seen: Array, plan: Plan, asked: Sequence[str]) -> Array:
        """What was seen, with the constants that were asked for where they belong."""
        held = {name: place for place, name in enumerate(self.source.constants)}
        of_loop = [name not in held for name in asked]
        if all(of_loop):
            return seen
        whole = np.empty((len(seen), self.blocks, len(asked)))
        whole[:, :, of_loop] = seen.reshape(len(seen), self.blocks, sum(of_loop))
        constants = np.reshape(plan.constants, (len(plan.constants), self.blocks, len(held)))
        chosen = constants[:, :, [held[one] for one in asked if one in held]]
        whole[:, :, np.logical_not(of_loop)] = np.repeat(chosen, [len(one) for one in plan.times], axis=0)
        return whole.reshape(len(seen), -1)

    def _all(self, stop: Whole, piece: Callable[[int, int], None], members: int, threads: int) -> None:
        """Every piece, in threads of their own where that is worth it; an interrupt ends them within a step."""
        threads = max(1, min(threads, members))
        pieces = list(itertools.pairwise(round(members * turn / threads) for turn in range(threads + 1)))
        if len(pieces) == 1 and pieces[0][1] <= _FEW:
            piece(*pieces[0])
            return
        with ThreadPoolExecutor(len(pieces)) as pool:
            waiting = [pool.submit(piece, *ends) for ends in pieces]
            try:
                for one in waiting:
                    one.result()
            except KeyboardInterrupt:
                stop[0] = 1
                raise

    def _arrays(self, plan: Plan, control: Control, asked: Sequence[str]) -> dict[str, Any]:
        """Everything that the compiled loop reads and writes, states in pivot order."""
        members, size = len(plan.constants), len(self._order)
        weight = np.ones((self.blocks, size // self.blocks))
        weight[1:] = -1.0
        if control.weight is not None:
            weight[:, : len(control.weight)] *= control.weight
        start = np.zeros((members, self.blocks, len(self.source.rates) + 1))  # the last is the time, where formulas read it
        start[:, :, : self._shown] = np.reshape(plan.start, (members, self.blocks, -1))
        start[:, 0, self._shown] = plan.begin
        states = start[:, :, : size // self.blocks].reshape(members, size)
        shown = self._positions(asked)
        outputs = [0, *itertools.accumulate(len(one) for one in plan.times)]
        given = {"P": plan.constants, "Y": states[:, self._order], "begin": plan.begin, "end": plan.end}
        given |= {"times": np.concatenate(plan.times) if len(plan.times) else np.zeros(0), "weight": weight.ravel()[self._order]}
        horizon = plan.end if plan.horizon is None else np.maximum(plan.horizon, plan.end)
        each = {"reached": plan.begin, "longest": plan.longest, "horizon": horizon, "trial": plan.trial}
        given |= {name: np.full(members, one) for name, one in each.items()}
        given |= {"absolute": np.full(size, control.absolute), "seen": np.full((outputs[-1], len(shown)), np.nan)}
        given |= {"record": np.full((members, self.machine.sizes.peaks, RECORD), np.nan)}
        arrays: dict[str, Any] = {name: np.array(one, dtype=float, order="C") for name, one in given.items()}
        whole = {
            "first": outputs,
            "outcome": np.full(members, STOPPED),
            "steps": np.zeros(members),
            "stop": np.zeros(1),
            "shown": shown,
        }
        return arrays | {name: np.array(one, dtype=np.int64) for name, one in whole.items()}

    def _piece(self, arrays: dict[str, Any], control: Control, low: int, high: int) -> None:
        """The members from `low` to before `high`; the interpreter is free meanwhile."""
        numbers = {"members": high - low, "limit": control.limit, "relative": control.relative, "calm": control.calm}
        numbers |= {"width": len(arrays["shown"]), "computed": int((arrays["shown"] >= len(self._order)).any())}
        self._call(self._integrate, self._given, arrays, numbers, low, self._desk)

    def _function(self, name: str, given: Sequence[str]) -> Callable[..., int]:
        """A compiled function with these arguments."""
        kinds: list[Any] = [_NUMBERS.get(one, ctypes.c_void_p) for one in given]
        function: Callable[..., int] = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(self.machine.address(name))
        return function

    def _call(
        self,
        function: Callable[..., int],
        names: Sequence[str],
        arrays: dict[str, Any],
        numbers: dict[str, float],
        low: int,
        room: int,
    ) -> None:
        """A compiled function on the members from `low` on, with room for what lies on its desk."""
        desk = np.zeros(room + _LINE)
        given: dict[str, Any] = {name: address_of(one[low:] if name in _PER_MEMBER else one) for name, one in arrays.items()}
        given |= {**numbers, "desk": -(-address_of(desk) // _LINE) * _LINE}
        function(*(given[name] for name in names))


def address_of(array: np.ndarray[Any, Any]) -> int:
    """Where an array begins."""
    return int(array.__array_interface__["data"][0])


def timed(source: System) -> System:
    """The same system with its time as one more state, if a formula reads it.

    >>> from tamarisk.model.expression import Name
    >>> timed(System("ramp", {"x": Name(TIME)}, {}, {}, {"x": 0.0})).states
    ('x', '@time')
    """
    if TIME in source.rates or not any(name == TIME for formula in source.formulas() for name in names(formula)):
        return source
    return replace(source, rates={**source.rates, TIME: Number(1.0)}, initial={**source.initial, TIME: 0.0})


class Watcher:
    """What a model computes from its states, at many states.

    Args:
        source: its equations.
        machine: these compiled for one lane, where that is done.

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.system import system_of
    >>> model = read_model()
    >>> constants, start = (np.array([list(one.values())]) for one in (model.constants, model.initial()))
    >>> Watcher(system_of(model)).watch(constants, start, [1]).shape
    (1, 200)
    """

    def __init__(self, source: System, directions: int = 0, *, machine: Machine | None = None) -> None:
        self._machine = machine or machine_code(source, 1, directions)
        kinds: list[Any] = [ctypes.c_int64, *[ctypes.c_void_p] * 5]
        self._watch = ctypes.CFUNCTYPE(None, *kinds)(self._machine.address("watch"))

    def watch(self, constants: Array, states: Array, counts: Sequence[int]) -> Array:
        """Every computed quantity at every state.

        Args:
            constants: shape `(group, constant)`.
            states: shape `(row, state)`, the rows of each group one after the other.
            counts: rows of each group.

        Returns:
            Shape `(row, quantity)`.
        """
        sizes = self._machine.sizes
        first = np.array([0, *itertools.accumulate(counts)], dtype=np.int64)
        given = np.array(constants, dtype=float, order="C"), np.array(states[:, self._machine.order], order="C")
        seen, room = np.empty((len(states), sizes.observed)), np.empty(sizes.hoisted + 1)
        self._watch(len(given[0]), *(address_of(one) for one in (first, *given, seen, room)))
        return seen
