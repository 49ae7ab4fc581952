"""Slopes through events and conditions. It knows how a path bends where something happens, not how steps are made.

Where a condition changes at a time that itself depends on the parameters, slopes jump: just before, the path runs on along the
old rates for as long as the moment is late; what events do is differentiated; just after, it has run that much less along the
new rates (the saltation of the slopes). A delayed event is as late as its trigger and its delay are together; values that are
fixed at the trigger have the slopes of that moment. Events at one time are differentiated in the order in which they are carried
out; of several conditions in the rates that change at one time the first says how late it is. A step across a condition is less
exact in its slopes than in its values: for slopes to 1e-5 where conditions change, ask for steps to 1e-10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from weakref import WeakKeyDictionary

import numpy as np

from tamarisk.model.expression import Apply, Expression, Number
from tamarisk.model.operators import RELATIONS, STEPS
from tamarisk.model.system import Event, System
from tamarisk.simulation.agenda import Agenda, Due
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
        self.system, (moving, _) = system, parted(system)
        jumps = list(dict.fromkeys([*conditions(system)[1], *_kinks(system.formulas())]))
        marks = tuple(Event(f"@{number}", _told(jump), (), initially=False) for number, jump in enumerate(jumps))
        rates = {f"@rate.{name}": system.rates[name] for name in moving}
        gaps = {f"@gap.{number}": gap for number, jump in enumerate(jumps) if (gap := _gap(jump)) is not None}
        told = {**system.assigned, **rates, **gaps}
        self.model = Happenings(replace(system, events=(*system.events, *marks), assigned=told), lanes)
        self.lanes, self.watcher = Lanes(self.model.core, lanes, DIRECTIONS), Watcher(self.model.core, DIRECTIONS)
        self.rates = slice(len(system.assigned), len(system.assigned) + len(rates))
        first = len(system.events)
        self.gaps = {first + int(name.removeprefix("@gap.")): list(told).index(name) for name in gaps}
        own = [conditions(replace(system, rates={}, events=(event,)))[1] for event in system.events]
        self.owners = {
            first + number: [*(event for event, some in enumerate(own) if jump in some), first + number]
            for number, jump in enumerate(jumps)
        }

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
        members, width = len(plan.constants), 1 + len(sloped.model.states) + directions.shape[1]
        self.sloped, self.bends = sloped, list[_Bend]()
        self.slopes = np.zeros((members, DIRECTIONS, width))
        self.slopes[:, :, width - directions.shape[1] :] = directions
        super().__init__(sloped.model, plan, control, seed)
        self.seen_slopes = np.full((len(self.seen), DIRECTIONS, self.seen.shape[1]), np.nan)

    def agenda(self, number: int, chance: np.random.Generator) -> Agenda:
        """An empty agenda for a member."""
        self.bends.append(_Bend(self.sloped, self.vectors[number], self.slopes[number]))
        return _SlopeAgenda(self.bends[number], chance)

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
        """What the member's events need to know, once its slopes are those of the moment."""
        plain = super().moment(number, computed)
        before = self.agendas[number].true if self.stops[number] else plain.triggers
        self.bends[number].see(computed[self.sloped.rates], before, plain.triggers)
        return plain

    def keep(self, number: int, computed: Array) -> None:
        """What is asked for at the present time of a member, whose path is now the new one."""
        self.bends[number].leave()
        begun = self.next[number]
        super().keep(number, computed)
        if seen := self.next[number] - begun:
            along = self.sloped.along(self.vectors[[number]], self.slopes[[number]])
            self.seen_slopes[begun : begun + seen] = self.model.quantities(self.slopes[[number]], along)[0]


class _Bend:
    """The slopes of one member where it stops: those at a moment that is itself late, by a time of its own along each direction.

    Args:
        sloped: the model.
        vector: the member's, in its place among the others.
        slopes: of the vector, in their place.
    """

    def __init__(self, sloped: HappeningSlopes, vector: Array, slopes: Array) -> None:
        self.sloped, self.vector, self.slopes = sloped, vector, slopes
        self._late, self._rates = np.zeros(DIRECTIONS), np.zeros(sloped.model.moving)
        self._lates: dict[int, Array] = {}  # of triggers that changed on the way here
        self._arrived = False

    def see(self, rates: Array, before: Sequence[float], now: Sequence[float]) -> None:
        """Take the rates as they now are, and where the member has just come here, go over to the moment of the first change."""
        self._rates, self._lates = rates, {}
        changed = [trigger for trigger in self.sloped.gaps if before[trigger] != now[trigger]]
        if changed and not self._arrived:
            old = self._old_rates(changed[0], before[changed[0]])
            moves = np.array([self.slopes, np.zeros_like(self.slopes)])
            moves[1, 0] = self._path(old)
            by_slopes, by_path = self.sloped.along(np.array([self.vector, self.vector]), moves)
            for trigger in changed:
                gap = self.sloped.gaps[trigger]
                for one in self.sloped.owners[trigger] if by_path[0, gap] else ():
                    self._lates.setdefault(one, -by_slopes[:, gap] / by_path[0, gap])
            self._go_over(next(iter(self._lates.values()), self._late), old)
        self._arrived = True

    def late(self, event: int) -> Array:
        """By how much the trigger of an event is late: by a condition of its own, or as late as what has just set it off."""
        return self._lates.get(event, self._late)

    def along(self, late: Array) -> Array:
        """What all computed quantities change by at the moment that is late by so much, shape `(direction, quantity)`."""
        slopes = self.slopes + np.outer(late - self._late, self._path(self._rates))
        along: Array = self.sloped.along(self.vector[None], slopes[None])[0]
        return along

    def become(self, late: Array) -> None:
        """Go over to the moment that is late by so much."""
        self._go_over(late, self._rates)

    def leave(self) -> None:
        """Go back to the time itself, along the rates that now hold."""
        self.become(np.zeros(DIRECTIONS))
        self._arrived = False

    def _go_over(self, late: Array, rates: Array) -> None:
        self.slopes += np.outer(late - self._late, self._path(rates))
        self._late = late

    def _old_rates(self, trigger: int, before: float) -> Array:
        """The rates just before a trigger changed: as little before as it takes to have its old value."""
        size, back = max(1.0, abs(float(self.vector[0]))), _LEAST_BACK
        while back < _MOST_BACK:
            earlier: Array = self.sloped.model.look((self.vector - back * size * self._path(self._rates))[None])[0]
            if self.sloped.model.moment(earlier).triggers[trigger] == before:
                return earlier[self.sloped.rates]
            back *= 4.0
        return self._rates

    def _path(self, rates: Array) -> Array:
        """How the vector moves with time."""
        path = np.zeros(len(self.vector))
        path[0], path[1 : 1 + len(rates)] = 1.0, rates
        return path


class _SlopeAgenda(Agenda):
    """The agenda of a member with slopes.

    The time of an event is late as its trigger and its delay are. When it is carried out, the member goes over to the moment that
    is late by so much: of events at one time each has its own.
    """

    def __init__(self, bend: _Bend, chance: np.random.Generator) -> None:
        model = bend.sloped.model
        super().__init__(model.system.events, model.places, chance)
        self._bend, self._asked, self._marks = bend, model.asked, len(bend.sloped.system.events)
        self._slopes: WeakKeyDictionary[Due, tuple[Array, Array]] = WeakKeyDictionary()

    def wait(self, one: Due) -> None:
        """Put down an event that has just been triggered, with how late its time is and the slopes of its present values."""
        super().wait(one)
        if one.number < self._marks:
            late = self._bend.late(one.number)
            along = self._bend.along(late)
            late = late + along[:, self._asked(one.number, "delay")][:, 0]
            self._slopes[one] = late, along[:, self._asked(one.number, "values")]

    def carry_out(self, one: Due, vector: MutableSequence[float], moment: Moment) -> None:
        """Set the states that an event sets, and their slopes."""
        if one in self._slopes:
            late, of_values = self._slopes[one]
            self._bend.become(late)
            along = self._bend.along(late)
            if one.values is None:
                of_values = along[:, self._asked(one.number, "values")]
            values, factors = map(np.asarray, self.numbers(one, moment))
            of_factors = along[:, self._asked(one.number, "factors")]
            self._bend.slopes[:, self.places[one.number]] = of_values * factors + values * of_factors
        super().carry_out(one, vector, moment)


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
