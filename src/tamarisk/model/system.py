"""Any model as a value: differential equations with computed quantities and events. It knows structure, not how it is solved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from tamarisk.errors import ModelError
from tamarisk.model.expression import Apply, Expression, Name, Number, names
from tamarisk.model.model import Model

TIME = "@time"  # how formulas name the time of the run; no identifier of a model can be spelled so


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an event does to one state.

    Attributes:
        state: the state it sets.
        formula: the new value, computed from what was before.
        per: a quantity by which the value is multiplied when the event is carried out, read before any of its assignments is
            made; a concentration is so turned into an amount in the volume that was.
    """

    state: str
    formula: Expression
    per: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens at once when a condition becomes true.

    Attributes:
        id: its name.
        trigger: the condition, 0 or 1.
        assignments: what it does.
        initially: the value the trigger is taken to have had before the run; if false, it may fire at the start.
        persistent: whether it is carried out although the trigger is false again when its delay has passed.
        delay: time from trigger to execution; none if left out.
        priority: of events due at the same time the one with the largest goes first.
        early: whether the new values are those of the time of the trigger, not of the execution.
    """

    id: str
    trigger: Expression
    assignments: tuple[Assignment, ...]
    initially: bool = True
    persistent: bool = True
    delay: Expression | None = None
    priority: Expression | None = None
    early: bool = True

    def formulas(self) -> Iterator[Expression]:
        """Every formula of the event."""
        yield self.trigger
        yield from (one.formula for one in self.assignments)
        yield from (formula for formula in (self.delay, self.priority) if formula is not None)


@dataclass(frozen=True)
class System:
    """A whole model as differential equations with its numbers.

    A species `S` has, beside its own value, the quantities `S.amount` and `S.concentration`; a reaction's quantity is its rate,
    and its local parameter `k` is `reaction.k`.

    Attributes:
        name: what it is called.
        rates: the rate of change of every state.
        assigned: quantities computed at every moment, each after those it reads.
        constants: what never changes.
        initial: every state at time 0.
        events: what happens at once.
        units: declared units, where there are any.
    """

    name: str
    rates: Mapping[str, Expression]
    assigned: Mapping[str, Expression]
    constants: Mapping[str, float]
    initial: Mapping[str, float]
    events: tuple[Event, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """What the run carries on from moment to moment."""
        return tuple(self.rates)

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Everything that can be read from a run."""
        return (*self.states, *self.assigned, *self.constants)

    def formulas(self) -> Iterator[Expression]:
        """Every formula: rates, computed quantities, events."""
        yield from self.rates.values()
        yield from self.assigned.values()
        for event in self.events:
            yield from event.formulas()


def in_order(definitions: Mapping[str, Expression]) -> dict[str, Expression]:
    """The same definitions, each after those it reads.

    Raises:
        ModelError: they read each other in a circle.

    >>> from tamarisk.model.expression import Name, Number
    >>> list(in_order({"a": Name("b"), "b": Number(1.0)}))
    ['b', 'a']
    """
    needs = {name: dict.fromkeys(read for read in names(formula) if read in definitions) for name, formula in definitions.items()}
    try:
        return {name: definitions[name] for name in TopologicalSorter(needs).static_order()}
    except CycleError as circle:
        path = list(reversed(circle.args[1]))
        raise ModelError(f"rules form a circle: {' > '.join(path)}") from None


def require_known(system: System, *, where: str) -> System:
    """The same system, once every name in its formulas is known to be a quantity and every event to set a state.

    Raises:
        ModelError: a formula reads, or an event sets, something that is not there.
    """
    known = {*system.quantities, TIME}
    strangers = dict.fromkeys(_unknown(system.formulas(), known))
    if strangers:
        raise ModelError(f"'{next(iter(strangers))}' in a formula is no quantity of the model", where=where)
    for event in system.events:
        for one in event.assignments:
            if one.state not in system.rates or one.per not in {*known, ""}:
                raise ModelError(f"the event '{event.id}' sets '{one.state}', which is no state", where=where)
    return system


def require_quantities(system: System, names: Iterable[str]) -> tuple[str, ...]:
    """The same names, once each is known to be a quantity of the system.

    Raises:
        ModelError: one is not.

    >>> require_quantities(System("still", {"x": Number(0.0)}, {}, {}, {"x": 1.0}), ["x"])
    ('x',)
    """
    asked = tuple(names)
    strangers = [name for name in asked if name not in system.quantities]
    if strangers:
        raise ModelError(
            f"'{strangers[0]}' is no quantity of the model", where=system.name, hint="ask for a state, a rule or a constant"
        )
    return asked


def _unknown(formulas: Iterable[Expression], known: set[str]) -> Iterator[str]:
    for formula in formulas:
        yield from (name for name in names(formula) if name not in known)


def system_of(model: Model) -> System:
    """The differential equations of a model; its reactions' rates are computed quantities too.

    >>> from tamarisk.model.antimony import read_model
    >>> len(system_of(read_model()).rates) == len(read_model().states)
    True
    """
    terms: dict[str, list[Expression]] = {state: [Number(0.0)] for state in model.states}
    for reaction in model.reactions:
        for species, count in reaction.changes:
            if species in terms:
                terms[species].append(Apply("times", (Number(count), Name(reaction.id))))
    flows = {one.id: one.rate for one in model.reactions}
    assigned = {one.id: one.formula for one in model.rules} | flows
    rates = {state: Apply("plus", tuple(some)) for state, some in terms.items()}
    return System(model.name, rates, assigned, model.constants, model.initial(), (), model.units)
