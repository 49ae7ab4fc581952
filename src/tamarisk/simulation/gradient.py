"""How readouts change with constants: members differentiated exactly as they are solved. It knows slopes, not what is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tamarisk.errors import ModelError
from tamarisk.model.model import Model
from tamarisk.simulation.batch import Member, Past, Progress, Solver, unseen
from tamarisk.simulation.directions import DIRECTIONS
from tamarisk.simulation.lanes import Array, Lanes, Watcher
from tamarisk.simulation.outcome import Outcome

_SLOPES_SETTLE_H = 1e6  # longer, and rounding would show where a sum of states is conserved
_RUNS = 3
_SAME = 1e-6  # change of a slope against the largest of its direction that still counts as steady


@dataclass(frozen=True)
class Gradient:
    """What a batch gave, with its slopes.

    Attributes:
        values: shape `(member, time, quantity)`; NaN for a member that failed.
        slopes: derivative of each value by each parameter, in the quantity's unit per the parameter's, shape
            `(member, time, quantity, parameter)`; NaN for a member that failed.
        outcomes: how each member's run ended.
    """

    values: Array
    slopes: Array
    outcomes: tuple[Outcome, ...]


class GradientSolver:
    """One model, compiled with its derivatives.

    The derivatives are those of the very steps that the member takes: each stage of the method is differentiated with its own
    factors, through settling, rest and every period of the protocol. A constant that a phase sets to another value has no
    effect there.

    Args:
        model: its constants hold where a member does not change them.

    References:
        Steps: [@STEINEBACH2023].

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.context import read_context
    >>> from tamarisk.simulation.run import Experiment, as_member
    >>> cells = as_member(Experiment(read_context("MCF-7")))
    >>> found = GradientSolver(read_model()).solve([cells], times_h=[24.0], quantities=["PTEN"], parameters=["PTEN_dose"])
    >>> found.values.round(4), found.slopes.round(4)
    (array([[[0.9993]]]), array([[[[0.9993]]]]))
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._solver = _Directed(model)

    def solve(
        self,
        members: Sequence[Member],
        *,
        times_h: Sequence[float],
        quantities: Sequence[str],
        parameters: Sequence[str],
        progress: Progress | None = None,
    ) -> Gradient:
        """Run every member, and differentiate it by every parameter.

        Args:
            members: who is run and what is done to them.
            times_h: increasing output times in hours, from 0.
            quantities: states, rules or constants of the model to return.
            parameters: constants of the model by whose values is differentiated.
            progress: called with (done, all) after each piece of work.

        Raises:
            ModelError: a quantity, a constant or a parameter is not in the model.
        """
        unknown = sorted(set(parameters) - self.model.constants.keys())
        if unknown:
            raise ModelError(f"this model has no constant '{unknown[0]}'", hint="parameters.tsv lists the constants")
        groups = [tuple(parameters[start : start + DIRECTIONS]) for start in range(0, len(parameters), DIRECTIONS)] or [()]
        rows = [_Row(one.constants, one.settle, one.rest, one.periods, one.restart, group) for one in members for group in groups]
        solution = self._solver.solve(rows, times_h=times_h, quantities=quantities, progress=progress)
        shape = (len(members), len(groups), len(times_h), 1 + DIRECTIONS, len(quantities))
        seen = solution.values.reshape(shape)
        slopes = np.moveaxis(seen[:, :, :, 1:], (1, 3), (3, 4)).reshape(*shape[::2], -1)
        slopes = slopes[..., : len(parameters)] / self._sizes(members, parameters)
        ends = [solution.outcomes[start : start + len(groups)] for start in range(0, len(rows), len(groups))]
        outcomes = [next((one for one in some if one is not Outcome.FINISHED), Outcome.FINISHED) for some in ends]
        failed = [one is not Outcome.FINISHED for one in outcomes]
        slopes[failed] = np.nan
        return Gradient(seen[:, 0, :, 0], slopes, tuple(outcomes))

    def _sizes(self, members: Sequence[Member], parameters: Sequence[str]) -> Array:
        """What each direction changed its parameter by, shape `(member, 1, 1, parameter)`."""
        values = {name: self.model.constants[name] for name in parameters}
        sizes = [[_size({**values, **member.constants}[name]) for name in parameters] for member in members]
        return np.array(sizes).reshape(len(members), 1, 1, len(parameters))


@dataclass(frozen=True, slots=True)
class _Row(Member):
    """A member and the constants along which it is differentiated."""

    along: tuple[str, ...] = ()


class _Directed(Solver):
    """A solver of rows; each quantity is followed by its slopes."""

    _blocks = 1 + DIRECTIONS

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._plain = Solver(model)

    def _constants(self, rows: Sequence[tuple[Member, Mapping[str, float]]]) -> Array:
        values = np.zeros((len(rows), self._blocks, len(self._base)))
        values[:, 0] = super()._constants(rows)
        for number, (member, changes) in enumerate(rows):
            for block, name in enumerate(_along(member), 1):
                place = self._constant[name]
                if name not in changes:
                    values[number, block, place] = _size(values[number, 0, place])
        return values.reshape(len(rows), self._blocks * len(self._base))

    def _settle(self, new: Mapping[Past, Member]) -> dict[Past, tuple[Array, Outcome]]:
        """Steady states as without directions; at them the slopes go on until they are steady too."""
        found: dict[Past, tuple[Array, Outcome]] = {}
        steady = dict(zip(new, self._plain.steady(list(new.values())), strict=True))
        for kind in {frozenset(one.restart) for one in new.values()}:
            some = {past: one for past, one in new.items() if frozenset(one.restart) == kind}
            weight = np.array([0.0 if name in kind else 1.0 for name in self._state])
            constants = self._constants([(one, one.settle) for one in some.values()])
            states = np.array([steady[past][0] for past in some])
            before, slopes = self._steady_slopes(states, constants, weight)
            largest = np.maximum(np.abs(slopes), np.abs(states * (weight > 0))[:, None]).max(axis=2)
            changed = np.abs(slopes - before).max(axis=2) > _SAME * largest
            for number, past in enumerate(some):
                state, outcome = steady[past]
                if outcome is Outcome.FINISHED and changed[number].any():
                    outcome = Outcome.NO_STEADY_STATE
                found[past] = np.concatenate([state, slopes[number].ravel()]), outcome
        return found

    def _steady_slopes(self, states: Array, constants: Array, weight: Array) -> Array:
        """Slopes at steady states after the last two of some long runs, shape `(run, member, direction, state)`.

        Where a member is at rest a run is a few steps, of which the last are so long that each is one of Newton's. It does not
        end when the slopes are steady: its length would then depend on which directions are computed together.
        """
        rows = np.concatenate([states, np.zeros((len(states), DIRECTIONS * states.shape[1]))], axis=1)
        seen = []
        for _ in range(_RUNS):
            rows[:, : states.shape[1]] = states
            _, rows, *_ = self._run(rows, constants, [unseen(_SLOPES_SETTLE_H)] * len(rows), weight=weight, calm=0.0)
            seen.append(rows.reshape(len(rows), self._blocks, -1)[:, 1:])
        return np.where(weight > 0, np.array(seen[-2:]), 0.0)

    def _past(self, member: Member) -> Past:
        return (*super()._past(member), _along(member))

    def _restarted(self, member: Member, state: Array) -> Array:
        blocks = state.reshape(self._blocks, -1).copy()
        for name, value in member.restart.items():
            blocks[:, self._state[name]] = 0.0
            blocks[0, self._state[name]] = value
        return blocks.ravel()

    @cached_property
    def _narrow(self) -> Lanes:
        return Lanes(self._system, 1, DIRECTIONS)

    @cached_property
    def _wide(self) -> Lanes:
        return Lanes(self._system, directions=DIRECTIONS)

    @cached_property
    def _watcher(self) -> Watcher:
        return Watcher(self._system, DIRECTIONS)


def _along(member: Member) -> tuple[str, ...]:
    return member.along if isinstance(member, _Row) else ()


def _size(value: float) -> float:
    """How far a direction moves a constant: as far as it is large, so that slopes are as large as what they are slopes of."""
    return abs(value) or 1.0
