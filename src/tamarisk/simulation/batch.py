"""Many members through one model: the interface that every integrator fills. It knows numbers, not cells or drugs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from tamarisk.errors import ModelError, SimulationError
from tamarisk.model.model import Model
from tamarisk.simulation.native import compile_model
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.reference import Integrator, Vector

Progress = Callable[[int, int], None]

_MOST_SETTLED = 4096  # settled states that are remembered; the oldest goes first


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
        periods: what holds from time 0 on; the first starts at 0.
        restart: states set to a given value while settling and at time 0 (cell counts, shares of adapted cells).
    """

    constants: Mapping[str, float] = field(default_factory=dict)
    settle: Mapping[str, float] = field(default_factory=dict)
    rest: tuple[tuple[float, Mapping[str, float]], ...] = ()
    periods: tuple[Period, ...] = (Period(0.0, {}),)
    restart: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Solution:
    """What a batch gave.

    Attributes:
        values: shape `(member, time, quantity)`; NaN for a member that failed.
        outcomes: how each member's run ended.
    """

    values: np.ndarray[Any, np.dtype[np.float64]]
    outcomes: tuple[Outcome, ...]


class Solver:
    """One model, compiled, with the settled states met so far; ask it as often as you like.

    Args:
        model: its constants hold where a member does not change them.

    >>> from tamarisk.model.antimony import read_model
    >>> solution = Solver(read_model()).solve([Member()], times_h=[0.0, 1.0], quantities=["ER_total"])
    >>> solution.values.shape
    (1, 2, 1)
    """

    def __init__(self, model: Model) -> None:
        machine = compile_model(model)
        self.model = model
        self._integrator = Integrator(machine)
        self._start = np.array(list(model.initial().values()))
        self._position = {name: number for number, name in enumerate(machine.states)}
        self._columns = {name: number for number, name in enumerate((*machine.states, *machine.rules, *machine.constants))}
        self._settled: dict[tuple[object, ...], tuple[Vector, Outcome]] = {}

    def __reduce__(self) -> tuple[type[Solver], tuple[Model]]:
        """To another process a solver travels as its model, and is compiled there."""
        return Solver, (self.model,)

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
        self._refuse_strangers(members, quantities)
        values = np.full((len(members), len(times_h), len(quantities)), np.nan)
        outcomes = []
        for number, member in enumerate(members):
            values[number], outcome = self._run(member, np.asarray(times_h, dtype=float), quantities)
            outcomes.append(outcome)
            if progress is not None:
                progress(number + 1, len(members))
        return Solution(values, tuple(outcomes))

    def settled(self, member: Member) -> dict[str, float]:
        """The amount of every state at time 0 of a member's experiment.

        Raises:
            ModelError: a constant is not in the model.
            SimulationError: the cells do not settle.
        """
        self._refuse_strangers([member], ())
        state, outcome = self._before(member)
        if outcome is not Outcome.FINISHED:
            raise SimulationError(outcome.value)
        return {name: float(state[number]) for name, number in self._position.items()}

    def _refuse_strangers(self, members: Sequence[Member], quantities: Sequence[str]) -> None:
        """Every constant that a member changes, every state it restarts and every quantity asked for is the model's."""
        wanted = set(quantities) - self._columns.keys()
        for one in members:
            changes = (one.constants, one.settle, *(rest for _, rest in one.rest), *(period.constants for period in one.periods))
            wanted |= {name for change in changes for name in change if name not in self.model.constants}
            wanted |= one.restart.keys() - self._position.keys()
        if wanted:
            names = ", ".join(f"'{name}'" for name in sorted(wanted))
            raise ModelError(f"this model has no {names}", hint="add it to the modules and to parameters.tsv")

    def _run(self, member: Member, times_h: Vector, quantities: Sequence[str]) -> tuple[Vector, Outcome]:
        state, outcome = self._before(member)
        result = np.full((len(times_h), len(quantities)), np.nan)
        starts = [period.start_h for period in member.periods]
        for period, end in zip(member.periods, [*starts[1:], np.inf], strict=True):
            inside = (times_h >= period.start_h) & (times_h < end)
            last = min(end, float(times_h[-1]))
            if outcome is not Outcome.FINISHED or period.start_h > times_h[-1]:
                break
            constants = self._constants(member.constants, period.constants)
            grid = np.unique(np.concatenate(([period.start_h], times_h[inside], [last])))
            states, outcome = self._integrator.run(state, constants, grid) if len(grid) > 1 else (state[None], outcome)
            result[inside] = self._read(states[np.searchsorted(grid, times_h[inside])], constants, quantities)
            state = states[-1]
        return (result if outcome is Outcome.FINISHED else np.full_like(result, np.nan)), outcome

    def _before(self, member: Member) -> tuple[Vector, Outcome]:
        """The state at time 0: settled, rested, counts set back."""
        past = {**member.constants, **member.settle}
        restart = partial(self._restart, member.restart)
        key = (tuple(sorted(past.items())), tuple(sorted(member.restart.items())))
        if key not in self._settled:
            if len(self._settled) >= _MOST_SETTLED:
                self._settled.pop(next(iter(self._settled)))
            self._settled[key] = self._integrator.settle(self._start, self._constants(past), restart)
        state, outcome = self._settled[key]
        for span_h, changes in member.rest:
            if outcome is Outcome.FINISHED:
                states, outcome = self._integrator.run(state, self._constants(member.constants, changes), (0.0, span_h))
                state = states[-1]
        return restart(state), outcome

    def _restart(self, values: Mapping[str, float], state: Vector) -> Vector:
        state = state.copy()
        for name, value in values.items():
            state[self._position[name]] = value
        return state

    def _constants(self, *changes: Mapping[str, float]) -> Vector:
        values = dict(self.model.constants)
        for change in changes:
            values.update(change)
        return np.fromiter(values.values(), dtype=float, count=len(values))

    def _read(self, states: Vector, constants: Vector, quantities: Sequence[str]) -> Vector:
        wanted = [self._columns[name] for name in quantities]
        rows = [np.concatenate((state, self._integrator.rules(state, constants), constants)) for state in states]
        return np.array(rows).reshape(len(states), len(self._columns))[:, wanted]
