"""A system as fast functions of one vector: the time, then every state. It knows formulas, not time steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tamarisk.model.closure import Closure, closure, needed
from tamarisk.model.expression import Apply, Expression, Name, Number
from tamarisk.model.operators import RELATIONS, STEPS
from tamarisk.model.system import TIME, Event, System


class Equations:
    """The functions of a system.

    Attributes:
        states: names of the states as they stand in the vector behind the time, those that change between events first; the
            constants follow them.
        moving: how many of them change between events.
        start: the vector at time 0.
        rates: vector to the rates of the moving states.
        triggers: vector to the triggers, 0 or 1.
        switches: vector to every condition and step in rates and triggers; the equations are smooth while these stay the same.
        observe: vector to all quantities of the system, in its order.

    Args:
        system: the model.
    """

    def __init__(self, system: System) -> None:
        moving, still = parted(system)
        self.system = system
        self.states, self.moving = (*moving, *still), len(moving)
        self._inputs = (TIME, *self.states, *system.constants)
        self.start = [0.0, *(system.initial[name] for name in self.states), *system.constants.values()]
        triggers, jumps = conditions(system)
        self.rates = self._function(system.rates[name] for name in moving)
        self.switches = self._function(dict.fromkeys(jumps))
        self.observe = self._function(Name(name) for name in system.quantities)
        self._triggers = self._function(triggers)
        self._answers = [{part: self._function(asked) for part, asked in one.items()} for one in map(questions, system.events)]

    def at(self, vector: Sequence[float]) -> Moment:
        """What events need to know at a vector."""
        return Moment(self._triggers(vector), lambda number, part: self._answers[number][part](vector))

    def _function(self, results: Iterable[Expression]) -> Closure:
        return closure(self._inputs, self.system.assigned, results)


@dataclass(frozen=True, slots=True)
class Moment:
    """What events need to know of one moment.

    Attributes:
        triggers: which are true, 0 or 1.
        answers: the values of an event's questions, by its number and the name of these.
    """

    triggers: Sequence[float]
    answers: Callable[[int, str], Sequence[float]]


def parted(system: System) -> tuple[list[str], list[str]]:
    """The states that change between events, and those that do not.

    >>> parted(System("two", {"x": Number(1.0), "y": Number(0.0)}, {}, {}, {}))
    (['x'], ['y'])
    """
    still = [name for name in system.states if system.rates[name] == Number(0.0)]
    return [name for name in system.states if name not in set(still)], still


def questions(event: Event) -> dict[str, list[Expression]]:
    """What is asked of the moment of an event: its delay, its priority, the new values and their factors.

    >>> questions(Event("e", Number(1.0), ()))["delay"]
    [Number(value=0.0)]
    """
    factors: list[Expression] = [Name(one.per) if one.per else Number(1.0) for one in event.assignments]
    priority = event.priority or Number(-math.inf)
    values = [one.formula for one in event.assignments]
    return {"delay": [event.delay or Number(0.0)], "priority": [priority], "values": values, "factors": factors}


def conditions(system: System) -> tuple[list[Expression], list[Expression]]:
    """The triggers of a system as 0 or 1, and every condition and step at which its rates or triggers jump.

    >>> conditions(System("one", {"x": Apply("floor", (Name("x"),))}, {}, {}, {}))
    ([], [Apply(operator='floor', arguments=(Name(id='x'),))])
    """
    triggers = [_holds(event.trigger) for event in system.events]
    watched = [*system.rates.values(), *triggers]
    watched += needed(system.assigned, watched).values()
    return triggers, list(_jumps(watched))


def _jumps(formulas: Iterable[Expression]) -> Iterator[Expression]:
    """Every part of some formulas whose value jumps."""
    for formula in formulas:
        if isinstance(formula, Apply):
            yield from _jumps(formula.arguments)
            if formula.operator in RELATIONS:
                yield formula
            if formula.operator in {"eq", "neq"}:  # true for one moment only: found where one side overtakes the other
                yield from (Apply("lt", pair) for pair in pairwise(formula.arguments))
            if formula.operator in STEPS:
                yield Apply("quotient", formula.arguments) if formula.operator == "rem" else formula
            if formula.operator == "piecewise":
                yield from map(_holds, formula.arguments[1::2])


def _holds(condition: Expression) -> Expression:
    """Whether a condition, be it any number, is not zero."""
    return Apply("neq", (condition, Number(0.0)))
