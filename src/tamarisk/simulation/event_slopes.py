"""Slopes through events and conditions. It knows how a path bends where something happens, not how steps are made.

Where a condition changes at a time that itself depends on the parameters, slopes jump: just before, the path runs on along the
old rates for as long as the moment is late; what events do is differentiated; just after, it has run that much less along the
new rates (the saltation of the slopes). A step across a condition is less exact in its slopes than in its values: for slopes
to 1e-5 where conditions change, ask for steps to 1e-10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tamarisk.errors import ModelError
from tamarisk.model.expression import Apply, Expression, Number
from tamarisk.model.operators import RELATIONS, STEPS
from tamarisk.model.system import Event, System
from tamarisk.simulation.directions import DIRECTIONS
from tamarisk.simulation.equations import Moment, conditions, parted
from tamarisk.simulation.happenings import Course, Happenings, Rounds
from tamarisk.simulation.lanes import Array, Batch, Control, Lanes, Plan, Watcher, Whole

_LEAST_BACK, _MOST_BACK = 1e-13, 1e-5  # how far back, against the time, the old rates are looked for


@dataclass(frozen=True)
class SlopeCourse:
    """What became of members with events, with their slopes.

    Attributes:
        course: the members.
        slopes: of all quantities at the output times, along each direction, shape `(output, quantity, direction)`.
    """

    course: Course
    slopes: Array


class HappeningSlopes:
    """A system with events, compiled with its derivatives.

    Args:
        system: the model.
        lanes: rows computed side by side; what the processor's vectors hold if left out.

    Raises:
        ModelError: an event has a delay.

    >>> from tamarisk.model.expression import Name
    >>> from tamarisk.model.system import Assignment, TIME
    >>> dose = Event("dose", Apply("geq", (Name(TIME), Name("when"))), (Assignment("x", Name("much")),))
    >>> decay = Apply("minus", (Name("x"),))
    >>> system = System("dosed", {"x": decay}, {}, {"when": 1.0, "much": 5.0}, {"x": 0.0}, (dose,))
    >>> plan = Plan(np.array([[1.0, 5.0]]), np.zeros((1, 1)), np.zeros(1), np.full(1, 2.0), [np.array([2.0])])
    >>> HappeningSlopes(system, 1).run(plan, np.eye(2)).slopes[0, 0].round(4)  # of 5 e^(when - 2)
    array([1.8394, 0.3679])
    """

    def __init__(self, system: System, lanes: int | None = None) -> None:
        late = next((event.id for event in system.events if event.delay is not None), None)
        if late is not None:
            raise ModelError(f"the event '{late}' has a delay, through which there are no slopes", hint="write it without one")
        self.system, (moving, _) = system, parted(system)
        jumps = list(dict.fromkeys([*conditions(system)[1], *_kinks(system.formulas())]))
        marks = tuple(Event(f"@{number}", _told(jump), (), initially=False) for number, jump in enumerate(jumps))
        rates = {f"@rate.{name}": system.rates[name] for name in moving}
        gaps = {f"@gap.{number}": gap for number, jump in enumerate(jumps) if (gap := _gap(jump)) is not None}
        told = {**system.assigned, **rates, **gaps}
        self.model = Happenings(replace(system, events=(*system.events, *marks), assigned=told), lanes)
        self.lanes, self.watcher = Lanes(self.model.core, lanes, DIRECTIONS), Watcher(self.model.core, DIRECTIONS)
        self.rates = slice(len(system.assigned), len(system.assigned) + len(rates))
        self.gaps = {int(name.removeprefix("@gap.")): list(told).index(name) for name in gaps}

    def run(self, plan: Plan, directions: Array, control: Control | None = None, *, seed: int = 0) -> SlopeCourse:
        """Every member from its begin to its end, differentiated along every direction.

        Args:
            plan: who is run, states and constants as the system has them.
            directions: what each changes every constant by, shape `(direction, constant)`; states start without slopes.
            control: how exactly.
            seed: decides between events of the same priority that are due at the same time.

        Returns:
            The members, and slopes in their order.
        """
        columns = [self.model.system.quantities.index(name) for name in self.system.quantities]
        parts = []
        for start in range(0, max(1, len(directions)), DIRECTIONS):
            some = np.zeros((DIRECTIONS, directions.shape[1]))
            some[: len(directions) - start] = directions[start : start + DIRECTIONS]
            rounds = _SlopeRounds(self, plan, control or Control(), seed, some)
            course = rounds.run()
            parts.append(np.moveaxis(rounds.seen_slopes, 1, 2)[:, columns])
        return SlopeCourse(replace(course, seen=course.seen[:, columns]), np.concatenate(parts, axis=2)[:, :, : len(directions)])

    def blocks(self, vectors: Array, slopes: Array) -> tuple[Array, Array]:
        """Constants and states of the lanes, each followed by what it changes by along every direction."""
        whole = np.concatenate([vectors[:, None], slopes], axis=1)
        width, rows = 1 + self.model.moving, len(vectors)
        states = np.concatenate([whole[:, :, 1:width], whole[:, :, :1]], axis=2)
        return whole[:, :, width:].reshape(rows, -1), states.reshape(rows, -1)

    def along(self, vectors: Array, slopes: Array) -> Array:
        """What all computed quantities change by along slopes at vectors, shape `(vector, direction, quantity)`."""
        seen = self.watcher.watch(*self.blocks(vectors, slopes), [1] * len(vectors))
        return seen.reshape(len(vectors), 1 + DIRECTIONS, -1)[:, 1:]


class _SlopeRounds(Rounds):
    """Rounds in which every vector has slopes."""

    def __init__(self, sloped: HappeningSlopes, plan: Plan, control: Control, seed: int, directions: Array) -> None:
        super().__init__(sloped.model, plan, control, seed)
        self.sloped = sloped
        members, width = self.vectors.shape
        self.slopes = np.zeros((members, DIRECTIONS, width))
        self.slopes[:, :, width - directions.shape[1] :] = directions
        self.seen_slopes = np.full((len(self.seen), DIRECTIONS, self.seen.shape[1]), np.nan)
        self._late: dict[int, Array] = {}  # of members that have stopped: by how much the moment is late, per direction
        self._values: dict[tuple[int, int], tuple[Array, Array]] = {}

    def go(self, some: Whole, plan: Plan) -> Batch:
        """The lanes from where some members are, with their slopes."""
        constants, states = self.sloped.blocks(self.vectors[some], self.slopes[some])
        full = replace(plan, constants=constants, start=states, begin=self.vectors[some, 0])
        batch = self.sloped.lanes.run(full, self.control)
        self.slopes[some, :, 1 : 1 + self.model.moving] = self._of_states(batch.end)
        return batch

    def _of_states(self, states: Array) -> Array:
        """The slopes of the moving states, from states as the lanes give them."""
        slopes: Array = states.reshape(len(states), 1 + DIRECTIONS, -1)[:, 1:, : self.model.moving]
        return slopes

    def see(self, places: Sequence[int], members: Sequence[int], vectors: Array, states: Array) -> None:
        """Put down quantities and slopes."""
        super().see(places, members, vectors, states)
        slopes = self.slopes[list(members)]
        slopes[:, :, 1 : 1 + self.model.moving] = self._of_states(states)
        self.seen_slopes[places] = self.model.quantities(slopes, self.sloped.along(vectors, slopes))

    def moment(self, number: int, computed: Array) -> Moment:
        """What the member's events need to know; what they then do to its vector is done to its slopes."""
        plain = super().moment(number, computed)
        if number not in self._late:
            self._late[number] = self._arrive(number, computed, plain.triggers)

        def answers(event: int, part: str) -> Sequence[float]:
            found = plain.answers(event, part)
            if part in {"values", "factors"}:
                asked = self.model.asked(event, part)
                slopes = self.sloped.along(self.vectors[[number]], self.slopes[[number]])[0, :, asked]
                self._carry(number, event, part, np.array(found), slopes)
            return found

        return Moment(plain.triggers, answers)

    def _carry(self, number: int, event: int, part: str, found: Array, slopes: Array) -> None:
        """Keep the new values of an event; when it is carried out, which is when its factors are asked for, take their slopes."""
        if part == "values":
            self._values[number, event] = found, slopes
            return
        values, of_values = self._values.pop((number, event))
        places = [1 + self.model.states.index(one.state) for one in self.model.system.events[event].assignments]
        self.slopes[number][:, places] = of_values * found + values * slopes

    def _arrive(self, number: int, computed: Array, now: Sequence[float]) -> Array:
        """By how much the moment is late along each direction; until then the path runs on along the old rates."""
        late, before = np.zeros(DIRECTIONS), self.agendas[number].true
        first = len(self.sloped.system.events)
        changed = [mark for mark in self.sloped.gaps if before[first + mark] != now[first + mark]]
        if not self.stops[number] or not changed:
            return late
        path = self._path(self._old_rates(number, computed, first + changed[0]))
        gap = self.sloped.gaps[changed[0]]
        moves = np.array([self.slopes[number], np.zeros_like(self.slopes[number])])
        moves[1, 0] = path
        by_slopes, by_path = self.sloped.along(self.vectors[[number, number]], moves)[:, :, gap]
        if by_path[0]:
            late = -by_slopes / by_path[0]
        self.slopes[number] += np.outer(late, path)
        return late

    def _old_rates(self, number: int, computed: Array, trigger: int) -> Array:
        """The rates just before a trigger changed: as little before as it takes to have its old value."""
        vector, before = self.vectors[number], self.agendas[number].true[trigger]
        back = _LEAST_BACK * max(1.0, abs(float(vector[0])))
        while back < _MOST_BACK * max(1.0, abs(float(vector[0]))):
            earlier: Array = self.model.look((vector - back * self._path(computed[self.sloped.rates]))[None])[0]
            if self.model.moment(earlier).triggers[trigger] == before:
                return earlier[self.sloped.rates]
            back *= 4.0
        return computed[self.sloped.rates]

    def _path(self, rates: Array) -> Array:
        """How a vector moves with time."""
        path = np.zeros(self.vectors.shape[1])
        path[0], path[1 : 1 + self.model.moving] = 1.0, rates
        return path

    def keep(self, number: int, computed: Array) -> None:
        """What is asked for at the present time of a member, whose path is now the new one."""
        late, begun = self._late.pop(number), self.next[number]
        self.slopes[number] -= np.outer(late, self._path(computed[self.sloped.rates]))
        super().keep(number, computed)
        if seen := self.next[number] - begun:
            along = self.sloped.along(self.vectors[[number]], self.slopes[[number]])
            self.seen_slopes[begun : begun + seen] = self.model.quantities(self.slopes[[number]], along)[0]


def _kinks(formulas: Iterable[Expression]) -> Iterator[Expression]:
    """Conditions at which formulas go on without a jump, but with another slope."""
    for formula in formulas:
        if isinstance(formula, Apply):
            yield from _kinks(formula.arguments)
            if formula.operator in {"min", "max"}:
                yield from (Apply("lt", pair) for pair in combinations(formula.arguments, 2))
            if formula.operator == "abs":
                yield Apply("lt", (*formula.arguments, Number(0.0)))


def _told(jump: Expression) -> Expression:
    """A condition that changes whenever a condition or a step does."""
    if isinstance(jump, Apply) and jump.operator in STEPS:
        return Apply("eq", (Apply("rem", (jump, Number(2.0))), Number(0.0)))
    return jump


def _gap(jump: Expression) -> Expression | None:
    """What passes through zero, or through a whole number, where a condition or a step jumps; nothing for others."""
    if not isinstance(jump, Apply) or jump.operator not in {*RELATIONS, *STEPS}:
        return None
    if jump.operator in RELATIONS:
        return Apply("minus", jump.arguments[:2])
    return jump.arguments[0] if len(jump.arguments) == 1 else Apply("divide", jump.arguments)
