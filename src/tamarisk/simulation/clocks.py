"""Triggers that only the time changes between events, and when it does. It knows formulas, not runs."""

from __future__ import annotations

from collections.abc import Mapping

from tamarisk.model.expression import Apply, Expression, Name, names
from tamarisk.model.system import TIME, System
from tamarisk.simulation.equations import parted

Alarm = tuple[Expression, bool]  # a time, and whether the change comes at the first number after it instead

_TIME_FIRST = {"geq": False, "lt": False, "gt": True, "leq": True}  # whether the time must have passed the other side
_TIME_LAST = {"leq": False, "gt": False, "lt": True, "geq": True}


def alarms(system: System) -> list[list[Alarm] | None]:
    """When each trigger may change between events, if only by comparisons of the time with what only events change.

    Args:
        system: the model.

    Returns:
        For every event the times at which the comparisons in its trigger change, each with whether it is the first number after
        it; nothing where the trigger may change at others, and has to be watched.

    >>> from tamarisk.model.expression import Number
    >>> from tamarisk.model.system import Event
    >>> between = Apply("and", (Apply("gt", (Name(TIME), Name("k"))), Apply("leq", (Number(5.0), Name(TIME)))))
    >>> events = Event("e", between, ()), Event("f", Apply("gt", (Name("x"), Name("k"))), ())
    >>> alarms(System("two", {"x": Number(1.0)}, {}, {"k": 2.0}, {"x": 0.0}, events))
    [[(Name(id='k'), True), (Number(value=5.0), False)], None]
    """
    unsteady = {TIME, *parted(system)[0]}
    for name, formula in system.assigned.items():
        if not unsteady.isdisjoint(names(formula)):
            unsteady.add(name)
    return [_of_formula(event.trigger, system.assigned, unsteady) for event in system.events]


def _of_formula(formula: Expression, assigned: Mapping[str, Expression], unsteady: set[str]) -> list[Alarm] | None:
    """The times at which a formula may change; nothing if there may be others."""
    if unsteady.isdisjoint(names(formula)):
        return []
    if isinstance(formula, Name) and formula.id in assigned:
        return _of_formula(assigned[formula.id], assigned, unsteady)
    if not isinstance(formula, Apply):
        return None
    if len(formula.arguments) == 2:
        for (time, other), kinds in ((formula.arguments, _TIME_FIRST), (formula.arguments[::-1], _TIME_LAST)):
            if time == Name(TIME) and formula.operator in kinds and unsteady.isdisjoint(names(other)):
                return [(other, kinds[formula.operator])]
    found: list[Alarm] = []
    for argument in formula.arguments:
        times = _of_formula(argument, assigned, unsteady)
        if times is None:
            return None
        found += times
    return found
