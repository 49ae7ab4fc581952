"""A system as fast functions of one vector: the time, then every state. It knows formulas, not time steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from tamarisk.model.closure import Closure, closure, needed
from tamarisk.model.expression import Apply, Expression, Name, Number
from tamarisk.model.operators import RELATIONS, STEPS
from tamarisk.model.system import TIME, Event, System


class Equations:
    """The functions of a system.

    Attributes:
        states: names of the states as they stand in the vector behind the time, those that change between events first.
        moving: how many of them change between events.
        start: the vector at time 0.
        rates: vector to the rates of the moving states.
        triggers: vector to the triggers, 0 or 1.
        switches: vector to every condition and step in rates and triggers; the equations are smooth while these stay the same.
        observe: vector to all quantities of the system, in its order.
        events: vector to what each event needs.

    Args:
        system: the model.
    """

    def __init__(self, system: System) -> None:
        still = [name for name in system.states if system.rates[name] == Number(0.0)]
        moving = [name for name in system.states if name not in set(still)]
        self.system = system
        self.states, self.moving = (*moving, *still), len(moving)
        self.start = [0.0, *(system.initial[name] for name in self.states)]
        self._place = {name: position for position, name in enumerate((TIME, *self.states))}
        self._definitions: dict[str, Expression] = {name: Number(value) for name, value in system.constants.items()}
        self._definitions |= system.assigned
        rates = [system.rates[name] for name in moving]
        triggers = [_holds(event.trigger) for event in system.events]
        watched = [*rates, *triggers]
        watched += needed(self._definitions, watched).values()
        self.rates = self._function(rates)
        self.triggers = self._function(triggers)
        self.switches = self._function(dict.fromkeys(_jumps(watched)))
        self.observe = self._function(Name(name) for name in system.quantities)
        self.events = [Happening(event, self._function, self._place) for event in system.events]

    def _function(self, results: Iterable[Expression]) -> Closure:
        return closure((TIME, *self.states), self._definitions, results)


class Happening:
    """One event as functions of the vector.

    Args:
        event: the event.
        function: compiles formulas.
        place: where each state stands in the vector.
    """

    def __init__(self, event: Event, function: Callable[[Iterable[Expression]], Closure], place: dict[str, int]) -> None:
        self.event = event
        self.delay = function([event.delay or Number(0.0)])
        self.priority = function([event.priority]) if event.priority is not None else None
        self.values = function([one.formula for one in event.assignments])
        self._places = [place[one.state] for one in event.assignments]
        self._per = function([Name(one.per) if one.per else Number(1.0) for one in event.assignments])

    def carry_out(self, vector: list[float], values: Sequence[float]) -> None:
        """Write new values into the vector; concentrations are turned into amounts in the volumes that were."""
        factors = self._per(vector)
        for value, factor, place in zip(values, factors, self._places, strict=True):
            vector[place] = value * factor


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
