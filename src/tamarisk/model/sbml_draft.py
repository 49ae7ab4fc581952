"""What a model says before its rates are put together: rules by variable, and the parts of a system as they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tamarisk.errors import ModelError
from tamarisk.model.algebra import solved
from tamarisk.model.expression import Apply, Expression, Name, Number, names, substitute
from tamarisk.model.sbml_math import RATE_OF, Formulas

ZERO = Number(0.0)


@dataclass(frozen=True)
class Rules:
    """What determines quantities beside reactions, by the identifier that each determines.

    Attributes:
        initial: initial assignments.
        assigned: assignment rules, and algebraic rules that could be solved.
        rates: rate rules.
        set_by_events: what events change.
    """

    initial: Mapping[str, Expression]
    assigned: Mapping[str, Expression]
    rates: Mapping[str, Expression]
    set_by_events: frozenset[str]

    def steady(self, name: str) -> bool:
        """Whether nothing here changes a quantity after the start."""
        return name not in self.assigned and name not in self.rates and name not in self.set_by_events


@dataclass
class Draft:
    """A system while it is put together.

    Attributes:
        values: what states and constants are at time 0.
        rates: the rate of change of every state.
        assigned: computed quantities, in any order.
        within: of species whose amount is the state, the compartment.
        units: declared units.
    """

    values: dict[str, Expression] = field(default_factory=dict)
    rates: dict[str, Expression] = field(default_factory=dict)
    assigned: dict[str, Expression] = field(default_factory=dict)
    within: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: float, rules: Rules) -> None:
        """A parameter, a compartment or a stoichiometry: computed, changing, or constant."""
        if name in rules.assigned:
            self.assigned[name] = rules.assigned[name]
            return
        self.values[name] = rules.initial.get(name, Number(value))
        if name in rules.rates:
            self.rates[name] = rules.rates[name]
        elif name in rules.set_by_events:
            self.rates[name] = ZERO


def read_rules(source: Any, formulas: Formulas) -> Rules:
    """The rules of a model, algebraic ones solved.

    Args:
        source: libsbml's model, without submodels.
        formulas: the reader of its formulas.

    Returns:
        The rules by what they determine; rules without a formula are left out.

    Raises:
        ModelError: a formula cannot be read, or an algebraic rule cannot be solved.
    """
    assigned: dict[str, Expression] = {}
    rates: dict[str, Expression] = {}
    algebraic: list[Expression] = []
    for one in source.getListOfRules():
        formula = formulas.of(one)
        if formula is None:
            continue
        if one.isAlgebraic():
            algebraic.append(formula)
        else:
            (assigned if one.isAssignment() else rates)[one.getVariable()] = formula
    initial = formulas.of_all({one.getSymbol(): one for one in source.getListOfInitialAssignments()})
    changes = [one for event in source.getListOfEvents() for one in event.getListOfEventAssignments() if one.isSetMath()]
    targets = frozenset(one.getVariable() for one in changes)
    free = _free(source) - assigned.keys() - rates.keys() - targets
    return Rules(
        initial,
        {**assigned, **(solved(algebraic, free) if algebraic else {})},
        rates,
        targets,
    )


def _free(source: Any) -> set[str]:
    """What an algebraic rule may determine: it may change, and no reaction changes it."""
    references = [
        one for reaction in source.getListOfReactions() for one in (*reaction.getListOfReactants(), *reaction.getListOfProducts())
    ]
    fixed = {one.getId() for one in source.getListOfSpecies() if one.getBoundaryCondition()}
    moved = {one.getSpecies() for one in references} - fixed
    things = (*source.getListOfParameters(), *source.getListOfCompartments(), *source.getListOfSpecies(), *references)
    return {one.getId() for one in things if one.getId() and not one.getConstant()} - moved


def without_rates_of(draft: Draft, formulas: Mapping[str, Expression]) -> dict[str, Expression]:
    """Formulas in which every `rateOf` is replaced by the rate; the rates read are added to the draft as `name.rate`.

    Raises:
        ModelError: the rate of something computed is asked for, which has no formula here.
    """
    return {name: _resolved(draft, formula) for name, formula in formulas.items()}


def _resolved(draft: Draft, formula: Expression) -> Expression:
    if not isinstance(formula, Apply):
        return formula
    if formula.operator == RATE_OF:
        target = formula.arguments[0]
        return _rate(draft, target.id) if isinstance(target, Name) else ZERO
    return Apply(formula.operator, tuple(_resolved(draft, argument) for argument in formula.arguments))


def _rate(draft: Draft, name: str) -> Expression:
    """The rate of change of a quantity as a formula of quantities."""
    if name in draft.within:
        volume = draft.within[name]
        dilution = Apply("times", (Name(name), _rate(draft, volume)))
        return Apply("divide", (Apply("minus", (_rate(draft, f"{name}.amount"), dilution)), Name(volume)))
    if draft.rates.get(name, ZERO) != ZERO:
        if f"{name}.rate" not in draft.assigned:
            draft.assigned[f"{name}.rate"] = ZERO  # a rate that reads itself ends here, and is found to be a circle later
            draft.assigned[f"{name}.rate"] = _resolved(draft, draft.rates[name])
        return Name(f"{name}.rate")
    if name in draft.assigned:
        raise ModelError(f"the rate of '{name}' is asked for, which is computed by a rule or is a reaction")
    return ZERO


def with_local(formula: Expression, reaction: str, local: Mapping[str, float]) -> Expression:
    """A rate whose local parameters `k` are called `reaction.k`.

    >>> with_local(Name("k"), "decay", {"k": 1.0})
    Name(id='decay.k')
    """
    return substitute(formula, {name: Name(f"{reaction}.{name}") for name in local if name in set(names(formula))})
