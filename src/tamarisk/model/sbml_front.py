"""Any SBML model of the core as a system of equations with events. It knows the exchange format, not biology or integration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tamarisk.errors import ModelError
from tamarisk.model.closure import closure
from tamarisk.model.expression import Apply, Expression, Name, Number
from tamarisk.model.sbml_document import sound_document
from tamarisk.model.sbml_draft import ZERO, Draft, Rules, read_rules, with_local, without_rates_of
from tamarisk.model.sbml_math import RATE_OF, Formulas
from tamarisk.model.system import TIME, Assignment, Event, System, in_order, require_known


def read_system(text: str, *, where: str = "model") -> System:
    """The equations and events of any model in SBML.

    Args:
        text: SBML, Level 2 Version 3 to Level 3 Version 2 core; hierarchical models (`comp`) are flattened.
        where: the file it came from, for errors.

    Returns:
        The system with every function written out and its values at time 0.

    Raises:
        ModelError: the text is no valid SBML, or uses a package, delay(), fast reactions or algebraic rules not solved here.

    >>> from tamarisk.model.antimony import read_model
    >>> read_system(read_model().document).initial["cells"]
    1.0
    """
    document = sound_document(text, where=where)
    try:
        return require_known(_system(document.getModel(), document.getLevel()), where=where)
    except ModelError as refused:
        raise ModelError(refused.what, where=refused.where or where, hint=refused.hint) from None
    except RecursionError:
        raise ModelError("a formula is nested too deeply to be read", where=where) from None


def _system(source: Any, level: int) -> System:
    formulas = Formulas(source)
    rules = read_rules(source, formulas)
    draft = Draft()
    for one in source.getListOfCompartments():
        draft.add(one.getId(), one.getSize() if one.isSetSize() else math.nan, rules)
    for one in source.getListOfParameters():
        draft.add(one.getId(), one.getValue() if one.isSetValue() else math.nan, rules)
    changes: dict[str, list[Expression]] = {}
    for one in source.getListOfReactions():
        _add_reaction(one, source, level, formulas=formulas, rules=rules, draft=draft, changes=changes)
    for one in source.getListOfSpecies():
        _add_species(one, source, rules=rules, draft=draft, change=changes.get(one.getId(), []))
    draft.units |= _units(source)
    events = tuple(
        _event(one, number, formulas, draft)
        for number, one in enumerate(source.getListOfEvents())
        if one.getTrigger() is not None
    )
    return _assembled(source.getId(), draft, tuple(one for one in events if one is not None))


def _assembled(name: str, draft: Draft, events: tuple[Event, ...]) -> System:
    rates = without_rates_of(draft, draft.rates)
    values = without_rates_of(draft, draft.values)
    assigned = without_rates_of(draft, dict(draft.assigned))
    assigned |= {one: formula for one, formula in draft.assigned.items() if one not in assigned}  # rates found on the way
    begun = in_order({**values, **assigned, TIME: ZERO})
    try:
        numbers = dict(zip(values, closure((), begun, map(Name, values))(()), strict=True))
    except KeyError as stranger:
        raise ModelError(f"{stranger} in a formula is no quantity of the model") from None
    return System(
        name=name,
        rates=rates,
        assigned=in_order(assigned),
        constants={one: value for one, value in numbers.items() if one not in rates},
        initial={one: numbers[one] for one in rates},
        events=events,
        units=draft.units,
    )


def _add_reaction(
    one: Any, source: Any, level: int, *, formulas: Formulas, rules: Rules, draft: Draft, changes: dict[str, list[Expression]]
) -> None:
    """The rate of a reaction, its local parameters and stoichiometries, and what it does to its species."""
    law, name = one.getKineticLaw(), one.getId()
    rate = formulas.of(law)
    if rate is not None:
        listed = law.getListOfLocalParameters() if level > 2 else law.getListOfParameters()
        local = {parameter.getId(): parameter.getValue() if parameter.isSetValue() else math.nan for parameter in listed}
        draft.values |= {f"{name}.{parameter}": Number(value) for parameter, value in local.items()}
        draft.assigned[name] = with_local(rate, name, local)
    sides = ((one.getListOfReactants(), -1.0), (one.getListOfProducts(), 1.0))
    for reference, sign in [(reference, sign) for side, sign in sides for reference in side]:
        count = _count(reference, level, formulas, rules, draft)
        species = source.getSpecies(reference.getSpecies())
        factor = species.getConversionFactor() or source.getConversionFactor() if level > 2 else ""
        if rate is not None:
            terms = [Number(sign), count, Name(name), *([Name(factor)] if factor else [])]
            changes.setdefault(species.getId(), []).append(Apply("times", tuple(terms)))


def _count(reference: Any, level: int, formulas: Formulas, rules: Rules, draft: Draft) -> Expression:
    """How many of a species a reaction takes or makes, as a number or as a quantity of its own."""
    if level < 3:
        formula = formulas.of(reference.getStoichiometryMath()) if reference.isSetStoichiometryMath() else None
        return formula if formula is not None else Number(reference.getStoichiometry())
    number = reference.getStoichiometry() if reference.isSetStoichiometry() else math.nan
    if not reference.isSetId():
        return Number(number)
    draft.add(reference.getId(), number, rules)
    return Name(reference.getId())


def _add_species(one: Any, source: Any, *, rules: Rules, draft: Draft, change: list[Expression]) -> None:
    """A species: what it is at the start, how it changes, and its amount and concentration."""
    name, volume = one.getId(), one.getCompartment()
    place = source.getCompartment(volume)
    whole = one.getHasOnlySubstanceUnits() or place.getSpatialDimensionsAsDouble() == 0.0  # left out, it is no number
    in_volume = Apply("times", (Name(name), Name(volume)))
    per_volume = Apply("divide", (Name(name), Name(volume)))
    own = whole or name in rules.assigned or (name in rules.rates and volume in rules.assigned)
    if own:
        draft.assigned[f"{name}.amount"] = Name(name) if whole else in_volume
        draft.assigned[f"{name}.concentration"] = per_volume if whole else Name(name)
    else:
        draft.within[name] = volume
        draft.assigned[name] = Apply("divide", (Name(f"{name}.amount"), Name(volume)))
        draft.assigned[f"{name}.concentration"] = Name(name)
    if name in rules.assigned:
        draft.assigned[name] = rules.assigned[name]
        return
    state = name if own else f"{name}.amount"
    draft.values[state] = _start(one, rules, amount=whole or not own, whole=whole)
    if name in rules.rates:
        draft.rates[state] = rules.rates[name] if own else _amount_rate(name, volume, rules)
    elif change and not one.getBoundaryCondition() and not one.getConstant():
        draft.rates[state] = Apply("plus", tuple(change))
    elif name in rules.set_by_events:
        draft.rates[state] = ZERO


def _start(one: Any, rules: Rules, *, amount: bool, whole: bool) -> Expression:
    """What a species is at time 0, as an amount or as a concentration."""
    volume = Name(one.getCompartment())
    if one.getId() in rules.initial:
        given, is_amount = rules.initial[one.getId()], whole
    elif one.isSetInitialConcentration():
        given, is_amount = Number(one.getInitialConcentration()), False
    else:
        given, is_amount = Number(one.getInitialAmount() if one.isSetInitialAmount() else math.nan), True
    if amount == is_amount:
        return given
    return Apply("times" if amount else "divide", (given, volume))


def _amount_rate(name: str, volume: str, rules: Rules) -> Expression:
    """How an amount changes whose concentration has a rate rule."""
    growth = Apply("times", (rules.rates[name], Name(volume)))
    if volume not in rules.rates:
        return growth
    return Apply("plus", (growth, Apply("times", (Name(name), Apply(RATE_OF, (Name(volume),))))))


def _event(one: Any, number: int, formulas: Formulas, draft: Draft) -> Event | None:
    """An event; none where its trigger has no formula, so that it never happens."""
    parts = {"trigger": one.getTrigger(), "delay": one.getDelay(), "priority": one.getPriority()}
    read = without_rates_of(draft, formulas.of_all(parts))
    if "trigger" not in read:
        return None
    changes = {change.getVariable(): change for change in one.getListOfEventAssignments()}
    assignments = without_rates_of(draft, formulas.of_all(changes))
    return Event(
        id=one.getId() or f"event {number + 1}",
        trigger=read["trigger"],
        assignments=tuple(_assignment(name, formula, draft.within) for name, formula in assignments.items()),
        initially=one.getTrigger().getInitialValue(),
        persistent=one.getTrigger().getPersistent(),
        delay=read.get("delay"),
        priority=read.get("priority"),
        early=one.getUseValuesFromTriggerTime(),
    )


def _assignment(name: str, formula: Expression, within: Mapping[str, str]) -> Assignment:
    if name in within:
        return Assignment(f"{name}.amount", formula, per=within[name])
    return Assignment(name, formula)


def _units(source: Any) -> dict[str, str]:
    """The declared units of parameters, compartments and species."""
    units = {one.getId(): one.getUnits() for one in (*source.getListOfParameters(), *source.getListOfCompartments())}
    units |= {f"{one.getId()}.amount": one.getSubstanceUnits() for one in source.getListOfSpecies()}
    return {name: unit for name, unit in units.items() if unit}
