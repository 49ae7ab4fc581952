"""How an objective changes with every constant: members run once and gone back over. It knows readouts, not what is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from tamarisk.errors import DataError
from tamarisk.model.model import Model
from tamarisk.simulation.adjoint import Adjoint, AdjointWatcher, Trace
from tamarisk.simulation.batch import ALONE, Member, Solver, Stretch, outcome_of, planned, stretch, unseen
from tamarisk.simulation.lanes import Array
from tamarisk.simulation.outcome import Outcome

Worth = Callable[[Array], Array]

_SLOWEST_PER_H = 1e-6  # slower, and rounding would show where a sum of states is conserved
_SAME = 1e-6  # share of the largest slope that may be left when a steady state is gone through


@dataclass(frozen=True)
class ObjectiveGradient:
    """What a batch gave, and how the objective changes with its constants.

    Attributes:
        values: shape `(member, time, quantity)`; NaN for a member that failed.
        slopes: derivative of the objective by each member's constants, in the order of the model's, in the objective's unit per
            the constant's, shape `(member, constant)`; NaN for a member that failed. Where members share a constant theirs add.
        outcomes: how each member's run ended.
    """

    values: Array
    slopes: Array
    outcomes: tuple[Outcome, ...]


class AdjointSolver:
    """One model, compiled with its way back: all constants at once, at the cost of a few runs.

    The derivatives are those of the steps that each member takes, as `GradientSolver` has them, and through the steady state
    before them those of its equations. A constant that a phase sets to another value has no effect there. All steps of all
    members are held until the way back is done; who has many members asks for them in parts.

    Args:
        model: its constants hold where a member does not change them.

    References:
        Steps: [@STEINEBACH2023].

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.context import read_context
    >>> from tamarisk.simulation.run import Experiment, as_member
    >>> model, cells = read_model(), as_member(Experiment(read_context("MCF-7")))
    >>> found = AdjointSolver(model).solve([cells], times_h=[24.0], quantities=["PTEN"], worth=np.ones_like)
    >>> dict(zip(model.constants, found.slopes[0].round(4)))["PTEN_dose"]
    np.float64(0.9993)
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._solver = _Back(model)

    def solve(
        self, members: Sequence[Member], *, times_h: Sequence[float], quantities: Sequence[str], worth: Worth
    ) -> ObjectiveGradient:
        """Run every member, ask what the values are worth, and go back.

        Args:
            members: who is run and what is done to them.
            times_h: increasing output times in hours, from 0.
            quantities: states, rules or constants of the model that the objective is made of.
            worth: from values of shape `(member, time, quantity)`, NaN for a member that failed, to the derivative of the
                objective by each; that of squares of deviations is twice the deviations.

        Raises:
            ModelError: a quantity or a constant is not in the model, or its rates jump where a condition changes.
            DataError: what the values are worth has another shape than they.
        """
        self._solver.require_known(members, quantities)
        there = self._solver.there(members, np.asarray(times_h, dtype=float), quantities)
        there.values[there.failed()] = np.nan
        asked = np.array(worth(there.values), dtype=float)
        if asked.shape != there.values.shape:
            raise DataError(
                f"worth has shape {asked.shape}, the values {there.values.shape}", hint="give one slope for each value"
            )
        asked[there.failed()] = 0.0
        slopes = self._solver.back(there, quantities, asked)
        slopes[there.failed()], there.values[there.failed()] = np.nan, np.nan
        return ObjectiveGradient(there.values, slopes, tuple(there.outcomes))


@dataclass(frozen=True)
class _Phase:
    """A stretch of some members' runs.

    Attributes:
        members: whose.
        changes: the constants that it sets.
        constants: those that hold, shape `(member, constant)`.
        stretches: from when to when.
        seen: states at each member's output times.
        moved: which of them it is longer than a moment for.
        trace: the steps of these, if there are any.
    """

    members: list[int]
    changes: list[Mapping[str, float]]
    constants: Array
    stretches: list[Stretch]
    seen: list[Array]
    moved: list[int]
    trace: Trace | None


@dataclass(frozen=True)
class _There:
    """All phases of members' runs, and what was seen."""

    members: Sequence[Member]
    settled: Array
    phases: list[_Phase]
    values: Array
    outcomes: list[Outcome]

    def failed(self) -> list[bool]:
        """Who did not come to the end, so far."""
        return [one is not Outcome.FINISHED for one in self.outcomes]


class _Back(Solver):
    """A solver that keeps the steps and goes back over them."""

    def there(self, members: Sequence[Member], times: Array, quantities: Sequence[str]) -> _There:
        """Every member through all its phases."""
        found = self.steady(members)
        states, outcomes = np.array([state for state, _ in found]), [outcome for _, outcome in found]
        there = _There(members, states.copy(), [], np.full((len(members), len(times), len(quantities)), np.nan), outcomes)
        plans = [_plan(one, times) for one in members]
        for turn in range(max(map(len, plans), default=0)):
            going = [number for number, plan in enumerate(plans) if turn < len(plan) and outcomes[number] is Outcome.FINISHED]
            for number in going:
                if turn == len(members[number].rest):
                    states[number] = self._restarted(members[number], states[number])
            if going:
                phase = self._phase(there, going, [plans[number][turn] for number in going], states)
                read = self._read(np.concatenate(phase.seen), phase.constants, [len(one) for one in phase.seen], quantities)
                for number, one, part in zip(going, phase.stretches, _split(read, phase.seen), strict=True):
                    there.values[number, one.inside] = part
                there.phases.append(phase)
        return there

    def _phase(
        self, there: _There, going: list[int], plans: Sequence[tuple[Stretch, Mapping[str, float]]], states: Array
    ) -> _Phase:
        """One phase of those who go on, recorded; the end is looked at too, for the phases behind it ask of the states there."""
        stretches, changes = [one for one, _ in plans], [one for _, one in plans]
        constants = self._constants([(there.members[number], change) for number, change in zip(going, changes, strict=True)])
        seen = [np.tile(states[number], (len(one.times), 1)) for number, one in zip(going, stretches, strict=True)]
        moved = [place for place, one in enumerate(stretches) if one.end > one.begin]
        if not moved:
            return _Phase(going, changes, constants, stretches, seen, moved, None)
        some, numbers = [stretches[place] for place in moved], [going[place] for place in moved]
        plan = planned(some, constants[moved], states[numbers], [np.append(one.times, one.end) for one in some])
        trace = self._lanes(len(some)).record(plan, self._control(len(some)))
        states[numbers] = trace.batch.end
        for order, part in enumerate(_split(trace.batch.seen, plan.times)):
            seen[moved[order]] = part[:-1]
            there.outcomes[numbers[order]] = outcome_of(trace.batch, order, settling=False)
        return _Phase(going, changes, constants, stretches, seen, moved, trace)

    def back(self, there: _There, quantities: Sequence[str], worth: Array) -> Array:
        """The objective's slopes by every constant of every member, shape `(member, constant)`."""
        later = np.zeros((len(there.members), len(self._state)))
        slopes = np.zeros((len(there.members), len(self._base)))
        for turn, phase in reversed(list(enumerate(there.phases))):
            found = self._back_over(phase, quantities, worth, later)
            for number, change, row in zip(phase.members, phase.changes, found, strict=True):
                slopes[number] += self._unset(change, row)
                if turn == len(there.members[number].rest):
                    later[number, [self._state[name] for name in there.members[number].restart]] = 0.0
        for number, outcome in enumerate(there.outcomes):
            if outcome is Outcome.FINISHED:
                slopes[number] += self._before_settling(there, number, later[number])
        return slopes

    def _back_over(self, phase: _Phase, quantities: Sequence[str], worth: Array, later: Array) -> Array:
        """Slopes by the constants that hold in a phase; what was asked of the states after it is then asked of those before."""
        asked = [worth[number, one.inside] for number, one in zip(phase.members, phase.stretches, strict=True)]
        by_seen, found = self._read_back(phase, quantities, np.concatenate(asked))
        parts = _split(by_seen, phase.seen)
        if phase.trace is not None:
            rows = [row for place in phase.moved for row in (*parts[place], later[phase.members[place]])]
            pull = self._lanes(len(phase.moved)).pull(
                phase.trace, np.array(rows), threads=self._control(len(phase.moved)).threads
            )
            found[phase.moved] += pull.constants
            later[[phase.members[place] for place in phase.moved]] = pull.start
        for place, part in enumerate(parts):
            if place not in phase.moved:
                later[phase.members[place]] += part.sum(axis=0)
        return found

    def _before_settling(self, there: _There, number: int, later: Array) -> Array:
        """What the steady state says of a member's constants; a member for which it says no end of it has not settled."""
        member = there.members[number]
        free = np.array([self._state[name] for name in member.restart], dtype=np.int64)
        constants = self._constants([(member, member.settle)])[0]
        found, left = self._backer.pull_rest(constants, there.settled[number], later, free=free, slowest=_SLOWEST_PER_H)
        if np.isfinite(later).all() and not left < _SAME:
            there.outcomes[number] = Outcome.NO_STEADY_STATE
        return self._unset(member.settle, found)

    def _unset(self, change: Mapping[str, float], row: Array) -> Array:
        """Slopes without those of constants that a phase sets."""
        row[[self._constant[name] for name in change]] = 0.0
        return row

    def _read_back(self, phase: _Phase, quantities: Sequence[str], asked: Array) -> tuple[Array, Array]:
        """What is asked of quantities, asked of the states at which they were read, and directly of the constants."""
        whole = np.zeros((len(asked), len(self._columns)))
        for place, name in enumerate(quantities):
            whole[:, self._columns[name]] += asked[:, place]
        by_self, by_rule, by_constant = np.split(whole, [len(self._state), len(self._state) + len(self._system.assigned)], axis=1)
        counts = [len(one) for one in phase.seen]
        by_state, found = self._backer.pull(phase.constants, np.concatenate(phase.seen), counts, by_rule)
        return by_state + by_self, found + [part.sum(axis=0) for part in _split(by_constant, phase.seen)]

    def _lanes(self, members: int) -> Adjoint:
        return self._narrow if members <= ALONE else self._wide

    @cached_property
    def _narrow(self) -> Adjoint:
        return Adjoint(self._system, 1)

    @cached_property
    def _wide(self) -> Adjoint:
        return Adjoint(self._system)

    @cached_property
    def _backer(self) -> AdjointWatcher:
        return AdjointWatcher(self._system, machine=self._narrow.machine)


def _plan(member: Member, times: Array) -> list[tuple[Stretch, Mapping[str, float]]]:
    """All phases of a member after settling, up to the last look."""
    rests = [(unseen(hours), changes) for hours, changes in member.rest]
    periods = [(stretch(member, turn, times), one.constants) for turn, one in enumerate(member.periods)]
    return rests + [(one, changes) for one, changes in periods if one.begin <= times[-1]]


def _split(rows: Array, parts: Sequence[Array]) -> list[Array]:
    """Rows that belong to parts, part by part."""
    return np.split(rows, list(accumulate(len(one) for one in parts))[:-1]) if len(parts) else []
