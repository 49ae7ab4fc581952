"""Many members through one model: the interface that every integrator fills. It knows numbers, not cells or drugs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np

from tamarisk.errors import ModelError, SimulationError
from tamarisk.model.model import Model
from tamarisk.model.system import system_of
from tamarisk.simulation.areas import area_of, with_areas
from tamarisk.simulation.lane_builder import RECORD
from tamarisk.simulation.lanes import Array, Batch, Control, Lanes, Plan, Watcher, of_both
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.rosenbrock import FINISHED, NOT_FINITE, SETTLED, TOO_MANY_STEPS

Progress = Callable[[int, int], None]
Past = tuple[object, ...]

RELATIVE_TOLERANCE = 1e-7
ABSOLUTE_TOLERANCE = 1e-10
_MOST_SETTLED = 4096  # settled states that are remembered; the oldest goes first
_SETTLE_H = 10_000.0
_SETTLED_PER_H = 1e-10  # drift of the fastest state, relative to its amount
_TOGETHER = 1024  # members whose states are held at a time
_PER_THREAD = 64  # members that are worth a thread
ALONE = 2  # members up to which one lane does; wider code takes longer to make
_ENDS = {
    FINISHED: Outcome.FINISHED,
    SETTLED: Outcome.FINISHED,
    TOO_MANY_STEPS: Outcome.TOO_STIFF,
    NOT_FINITE: Outcome.NOT_FINITE,
}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time with fixed constants.

    Attributes:
        start_h: when it begins; it lasts until the next one.
        constants: changes against the member's constants.
    """

    start_h: float
    constants: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Member:
    """One virtual cell population and what is done to it.

    Attributes:
        constants: changes against the model's constants, for the whole run.
        settle: further changes while it settles to a steady state before the experiment.
        rest: stretches between settling and time 0: hours and further changes.
        periods: what holds from time 0 on; the first starts at 0. One that changes nothing is part of the one before.
        restart: states set to a given value while settling and at time 0 (cell counts, shares of adapted cells).
    """

    constants: Mapping[str, float] = field(default_factory=dict)
    settle: Mapping[str, float] = field(default_factory=dict)
    rest: tuple[tuple[float, Mapping[str, float]], ...] = ()
    periods: tuple[Period, ...] = (Period(0.0, {}),)
    restart: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Periods of which each changes something."""
        new = [one for before, one in pairwise(self.periods) if one.constants != before.constants]
        object.__setattr__(self, "periods", (*self.periods[:1], *new))


@dataclass(frozen=True)
class Solution:
    """What a batch gave.

    Attributes:
        values: shape `(member, time, quantity)`; NaN for a member that failed.
        outcomes: how each member's run ended.
        peaks: of each quantity whose peaks are kept the largest value, when (h), the smallest, and when, from time 0 to the last
            output time, shape `(member, quantity, 4)`; NaN for a member that failed, or if no time passes.
    """

    values: np.ndarray[Any, np.dtype[np.float64]]
    outcomes: tuple[Outcome, ...]
    peaks: Array


class Solver:
    """One model, compiled, with the settled states met so far; ask it as often as you like.

    Args:
        model: its constants hold where a member does not change them.
        areas: quantities whose area under the curve from time 0 on, `integral of NAME`, can be asked for like any other.
        peaks: quantities whose largest and smallest values are kept.

    Raises:
        ModelError: a quantity is not in the model.

    >>> from tamarisk.model.antimony import read_model
    >>> solution = Solver(read_model()).solve([Member()], times_h=[0.0, 1.0], quantities=["ER_total"])
    >>> solution.values.shape
    (1, 2, 1)
    """

    _blocks = 1  # how many numbers are returned for a quantity

    def __init__(self, model: Model, *, areas: Sequence[str] = (), peaks: Sequence[str] = ()) -> None:
        self.model, self._areas, self._peaks = model, tuple(areas), tuple(peaks)
        self._system = with_areas(system_of(model), areas)
        self._zero = dict.fromkeys((area_of(one) for one in areas), 0.0)
        self._start = np.array(list(self._system.initial.values()))
        self._base = np.array(list(model.constants.values()))
        self._state = {name: number for number, name in enumerate(self._system.states)}
        self._constant = {name: number for number, name in enumerate(model.constants)}
        self._columns = {name: number for number, name in enumerate(self._system.quantities)}
        self._settled: dict[Past, tuple[Array, Outcome]] = {}

    def __reduce__(self) -> tuple[Callable[..., Solver], tuple[Model]]:
        """To another process a solver travels as its model and what is kept, and is compiled there."""
        return partial(Solver, areas=self._areas, peaks=self._peaks), (self.model,)

    @property
    def peaks(self) -> tuple[str, ...]:
        """The quantities whose largest and smallest values are kept, in the order in which a solution has them."""
        return self._peaks

    def solve(
        self,
        members: Sequence[Member],
        *,
        times_h: Sequence[float],
        quantities: Sequence[str],
        progress: Progress | None = None,
    ) -> Solution:
        """Run every member through the model.

        Args:
            members: who is run and what is done to them.
            times_h: increasing output times in hours, from 0.
            quantities: states, rules or constants of the model to return.
            progress: called with (done, all) after each member.

        Returns:
            Values and outcomes. A member's numbers do not depend on its company.

        Raises:
            ModelError: a quantity or a constant is not in the model.
        """
        self.require_known(members, quantities)
        times = np.asarray(times_h, dtype=float)
        values = np.full((len(members), len(times), len(quantities) * self._blocks), np.nan)
        peaks = np.full((len(members), len(self._peaks), RECORD), np.nan)
        outcomes: list[Outcome] = []
        for first in range(0, len(members), _TOGETHER):
            some = members[first : first + _TOGETHER]
            inside = slice(first, first + _TOGETHER)
            values[inside], peaks[inside], ended = self._solved(some, times, quantities)
            outcomes += ended
            for number in range(len(some)):
                if progress is not None:
                    progress(first + number + 1, len(members))
        return Solution(values, tuple(outcomes), peaks)

    def settled(self, member: Member) -> dict[str, float]:
        """The amount of every state at time 0 of a member's experiment.

        Raises:
            ModelError: a constant is not in the model.
            SimulationError: the cells do not settle.
        """
        self.require_known([member], ())
        states, outcomes = self._before([member])
        if outcomes[0] is not Outcome.FINISHED:
            raise SimulationError(outcomes[0].value)
        return {name: float(states[0, self._state[name]]) for name in self.model.states}

    def require_known(self, members: Sequence[Member], quantities: Sequence[str]) -> None:
        """Nothing if every constant that a member changes, every state it restarts and every quantity asked for is the model's.

        Raises:
            ModelError: one is not.
        """
        wanted = set(quantities) - self._columns.keys()
        for one in members:
            changes = (one.constants, one.settle, *(rest for _, rest in one.rest), *(period.constants for period in one.periods))
            wanted |= {name for change in changes for name in change if name not in self.model.constants}
            wanted |= one.restart.keys() - self._state.keys()
        if wanted:
            names = ", ".join(f"'{name}'" for name in sorted(wanted))
            raise ModelError(f"this model has no {names}", hint="add it to the modules and to parameters.tsv")

    # phases

    def _solved(self, members: Sequence[Member], times: Array, quantities: Sequence[str]) -> tuple[Array, Array, list[Outcome]]:
        """Some members, all phases of their plans: before time 0, then period by period."""
        states, outcomes = self._before(members)
        values = np.full((len(members), len(times), len(quantities) * self._blocks), np.nan)
        peaks = np.full((len(members), len(self._peaks), RECORD), np.nan)
        for turn in range(max(len(one.periods) for one in members)):
            going = [
                number
                for number, one in enumerate(members)
                if turn < len(one.periods) and one.periods[turn].start_h <= times[-1] and outcomes[number] is Outcome.FINISHED
            ]
            stretches = [stretch(members[number], turn, times) for number in going]
            constants = self._constants([(members[number], members[number].periods[turn].constants) for number in going])
            seen, states[going], found, ended = self._run(states[going], constants, stretches, quantities)
            peaks[going] = of_both(peaks[going], found)
            rows = np.cumsum([0, *(len(one.times) for one in stretches)])
            for place, (number, one) in enumerate(zip(going, stretches, strict=True)):
                values[number, one.inside] = seen[rows[place] : rows[place + 1]]
                outcomes[number] = ended[place]
        failed = [one is not Outcome.FINISHED for one in outcomes]
        values[failed], peaks[failed] = np.nan, np.nan
        return values, peaks, outcomes

    def _before(self, members: Sequence[Member]) -> tuple[Array, list[Outcome]]:
        """The states at time 0: settled, rested, counts set back."""
        found = self.steady(members)
        states, outcomes = np.array([state for state, _ in found]), [outcome for _, outcome in found]
        for turn in range(max(len(one.rest) for one in members)):
            going = [
                number for number, one in enumerate(members) if turn < len(one.rest) and outcomes[number] is Outcome.FINISHED
            ]
            stretches = [unseen(members[number].rest[turn][0]) for number in going]
            constants = self._constants([(members[number], members[number].rest[turn][1]) for number in going])
            _, states[going], _, ended = self._run(states[going], constants, stretches)
            for number, outcome in zip(going, ended, strict=True):
                outcomes[number] = outcome
        return np.array([self._restarted(one, state) for one, state in zip(members, states, strict=True)]), outcomes

    def steady(self, members: Sequence[Member]) -> list[tuple[Array, Outcome]]:
        """The steady state of each member, as far as it was met before from memory."""
        pasts = [self._past(one) for one in members]
        known = {past: self._settled[past] for past in pasts if past in self._settled}
        known |= self._settle({past: one for past, one in zip(pasts, members, strict=True) if past not in known})
        self._settled |= known
        for past in list(self._settled)[:-_MOST_SETTLED]:
            del self._settled[past]
        return [known[past] for past in pasts]

    def _settle(self, new: Mapping[Past, Member]) -> dict[Past, tuple[Array, Outcome]]:
        """The steady states of members whose past is new, by past; what a member restarts is not asked to settle."""
        found: dict[Past, tuple[Array, Outcome]] = {}
        for kind in {frozenset(one.restart) for one in new.values()}:
            some = {past: one for past, one in new.items() if frozenset(one.restart) == kind}
            start = np.array([self._restarted(one, self._start) for one in some.values()])
            constants = self._constants([(one, one.settle) for one in some.values()])
            weight = np.array([0.0 if name in kind or name in self._zero else 1.0 for name in self._state])
            stretches = [unseen(_SETTLE_H) for _ in some]
            _, states, _, ended = self._run(start, constants, stretches, weight=weight, calm=_SETTLED_PER_H)
            found |= {past: (state.copy(), outcome) for past, state, outcome in zip(some, states, ended, strict=True)}
        return found

    def _run(
        self,
        start: Array,
        constants: Array,
        stretches: Sequence[Stretch],
        quantities: Sequence[str] = (),
        *,
        weight: Array | None = None,
        calm: float = 0.0,
    ) -> tuple[Array, Array, Array, list[Outcome]]:
        """Quantities at the times of each stretch, states at its end, peaks, how it ended; calm asks for a steady state."""
        moving = [number for number, one in enumerate(stretches) if one.end > one.begin]
        counts = [len(one.times) for one in stretches]
        still = np.repeat([one.end <= one.begin for one in stretches], counts)
        seen = np.empty((len(still), len(quantities) * self._blocks))
        if still.any():
            looks = [0 if number in moving else count for number, count in enumerate(counts)]
            seen[still] = self._read(np.repeat(start, looks, axis=0), constants, looks, quantities)
        end, outcomes = start.copy(), [Outcome.FINISHED] * len(stretches)
        peaks = np.full((len(stretches), len(self._peaks), RECORD), np.nan)
        if moving:
            some = [stretches[number] for number in moving]
            plan = planned(some, constants[moving], start[moving], [one.times for one in some])
            batch = self._lanes(len(some)).run(plan, self._control(len(some), weight, calm), quantities)
            seen[~still], end[moving], peaks[moving] = batch.seen, batch.end, batch.peaks
            for place, number in enumerate(moving):
                outcomes[number] = outcome_of(batch, place, settling=calm > 0)
        return seen, end, peaks, outcomes

    # numbers

    def _past(self, member: Member) -> Past:
        """What the settled state of a member depends on."""
        return tuple(sorted({**member.constants, **member.settle}.items())), tuple(sorted(member.restart.items()))

    def _restarted(self, member: Member, state: Array) -> Array:
        state = state.copy()
        for name, value in {**member.restart, **self._zero}.items():
            state[self._state[name]] = value
        return state

    def _constants(self, rows: Sequence[tuple[Member, Mapping[str, float]]]) -> Array:
        """The constants of members, each with what a phase changes."""
        values = np.tile(self._base, (len(rows), 1))
        for row, (member, changes) in zip(values, rows, strict=True):
            for change in (member.constants, changes):
                row[[self._constant[name] for name in change]] = list(change.values())
        return values

    def _read(self, states: Array, constants: Array, counts: Sequence[int], quantities: Sequence[str]) -> Array:
        """The quantities at states that stand one group after the other; slopes follow where there are directions."""
        seen = self._watcher.watch(constants, states, counts)
        rows = (states, seen, np.repeat(constants, counts, axis=0))
        parts = [one.reshape(len(states), self._blocks, one.shape[1] // self._blocks) for one in rows]
        chosen = np.concatenate(parts, axis=2)[:, :, [self._columns[name] for name in quantities]]
        return chosen.reshape(len(states), self._blocks * len(quantities))

    def _control(self, members: int, weight: Array | None = None, calm: float = 0.0) -> Control:
        """How exactly, and in how many threads."""
        threads = max(1, min(_processors(), members // _PER_THREAD))
        return Control(RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE, weight, calm, threads=threads)

    def _lanes(self, members: int) -> Lanes:
        return self._narrow if members <= ALONE else self._wide

    @cached_property
    def _narrow(self) -> Lanes:
        return Lanes(self._system, 1, peaks=self._peaks)

    @cached_property
    def _wide(self) -> Lanes:
        return Lanes(self._system, peaks=self._peaks)

    @cached_property
    def _watcher(self) -> Watcher:
        return Watcher(self._system)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when, until when nothing changes, when it is looked at, and which of all output times these are."""

    begin: float
    end: float
    horizon: float
    times: Array
    inside: np.ndarray[Any, np.dtype[np.bool_]]


def unseen(span: float) -> Stretch:
    """So many hours at which nobody looks."""
    return Stretch(0.0, span, span, np.zeros(0), np.zeros(0, dtype=bool))


def stretch(member: Member, turn: int, times: Array) -> Stretch:
    """A period of a member up to the next one or the last look."""
    starts = [period.start_h for period in member.periods]
    begin, following = starts[turn], starts[turn + 1] if turn + 1 < len(starts) else np.inf
    inside = (times >= begin) & (times < following)
    return Stretch(begin, min(following, float(times[-1])), following, times[inside], inside)


def planned(some: Sequence[Stretch], constants: Array, start: Array, times: Sequence[Array]) -> Plan:
    """Stretches as the lanes take them; their steps do not depend on when the last look is."""
    begins, ends, horizons = (np.array([getattr(one, name) for one in some]) for name in ("begin", "end", "horizon"))
    return Plan(constants, start, begins, ends, times, horizon=horizons)


def _processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def outcome_of(batch: Batch, member: int, *, settling: bool) -> Outcome:
    """How a member's stretch ended; who settles must not come to its end."""
    code = int(batch.outcomes[member])
    if settling and code == FINISHED:
        return Outcome.NO_STEADY_STATE
    return _ENDS[code]
