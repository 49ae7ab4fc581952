"""SBML text to a model and back. It knows the exchange format, not biology."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import libsbml

from tamarisk.errors import Issue, ModelError, listed
from tamarisk.model.expression import Apply, Expression, Name, Number, names, substitute
from tamarisk.model.model import Model, Reaction, Rule, Species

ASSUMED = "ECO:0000305"  # curator inference used in manual assertion: how a reaction without a publication is marked

_IDENTIFYING = (libsbml.BQB_IS, libsbml.BQB_HAS_PART, libsbml.BQB_ENCODES, libsbml.BQB_HAS_PROPERTY)
_OPERATORS = {
    libsbml.AST_PLUS: "plus",
    libsbml.AST_MINUS: "minus",
    libsbml.AST_TIMES: "times",
    libsbml.AST_DIVIDE: "divide",
    libsbml.AST_POWER: "power",
    libsbml.AST_FUNCTION_POWER: "power",
}


def read_sbml(text: str, *, where: str = "model") -> Model:
    """A model from SBML text.

    Args:
        text: SBML, Level 3 core.
        where: the file it came from, for errors.

    Returns:
        The model with every function written out.

    Raises:
        ModelError: the text is no SBML, or uses something outside species, parameters, assignment rules and reactions.
    """
    document = libsbml.readSBMLFromString(text)
    if document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) or document.getModel() is None:
        raise ModelError(document.getError(0).getMessage().strip(), where=where)
    source = document.getModel()
    _refuse_unsupported(source, where)
    try:
        return _assembled(source, text, where)
    except ModelError as refused:
        raise ModelError(refused.what, where=refused.where or where, hint=refused.hint) from None


def _assembled(source: Any, text: str, where: str) -> Model:
    functions = _functions(source)
    species = tuple(_species(one) for one in source.getListOfSpecies())
    fixed = {one.getId(): one for one in source.getListOfSpecies() if one.getBoundaryCondition()}
    constants = {one.getId(): one for one in source.getListOfParameters() if one.getConstant()}
    model = Model(
        name=source.getId(),
        species=species,
        rules=_ordered([_rule(one, source, functions) for one in source.getListOfRules()], where),
        reactions=tuple(_reaction(one, functions) for one in source.getListOfReactions()),
        constants={
            **{name: one.getValue() for name, one in constants.items()},
            **{name: one.getInitialConcentration() for name, one in fixed.items()},
        },
        units={**{name: one.getUnits() for name, one in constants.items()}, **dict.fromkeys(fixed, "nM")},
        document=text,
    )
    _refuse_strangers(model, where)
    return model


def _refuse_strangers(model: Model, where: str) -> None:
    """Every name in a formula is a species, a parameter or a rule."""
    formulas = {f"the rule '{one.id}'": one.formula for one in model.rules}
    formulas |= {f"the rate of '{one.id}'": one.rate for one in model.reactions}
    for holder, formula in formulas.items():
        for name in names(formula):
            if name not in model.quantities:
                raise ModelError(f"'{name}' in {holder} is no species, parameter or rule", where=where)


def write_sbml(model: Model, *, initial: Mapping[str, float] | None = None) -> str:
    """The model as SBML L3V2 with its present numbers, annotations included.

    Args:
        model: the model to write.
        initial: amounts of the states at the start; the model's own if left out.

    Returns:
        SBML text on which libsbml finds neither error nor warning, units included.

    Raises:
        ModelError: an amount is given for something that is no state of the model.

    >>> from tamarisk.model.antimony import read_model
    >>> sbml_faults(write_sbml(read_model()))
    []
    """
    document = libsbml.readSBMLFromString(model.document)
    target = document.getModel()
    for name, value in model.constants.items():
        parameter = target.getParameter(name)
        if parameter is not None:
            parameter.setValue(value)
        else:
            target.getSpecies(name).setInitialConcentration(value)
    strangers = sorted((initial or {}).keys() - set(model.states))
    if strangers:
        raise ModelError(f"'{strangers[0]}' is no state of the model", hint="name a species that reactions change")
    for name, value in (initial or {}).items():
        target.getSpecies(name).setInitialAmount(value)
    return str(libsbml.writeSBMLToString(document))


def sbml_faults(text: str) -> list[Issue]:
    """Every error and warning that libsbml finds, units and modelling practice included.

    >>> sbml_faults("<sbml/>")[0].where
    'line 2'
    """
    document = libsbml.readSBMLFromString(text)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, True)
    document.checkConsistency()
    errors = [document.getError(number) for number in range(document.getNumErrors())]
    return [Issue(f"line {one.getLine()}", one.getMessage().strip()) for one in errors]


def declare_pure_numbers(text: str) -> str:
    """The same SBML with every number in a formula declared dimensionless: amounts with a unit are parameters here."""
    document = libsbml.readSBMLFromString(text)
    source = document.getModel()
    laws = [reaction.getKineticLaw() for reaction in source.getListOfReactions()]
    for holder in (*source.getListOfFunctionDefinitions(), *source.getListOfRules(), *(law for law in laws if law)):
        formula = holder.getMath().deepCopy()
        _mark_numbers(formula)
        holder.setMath(formula)
    return str(libsbml.writeSBMLToString(document))


def _mark_numbers(node: Any) -> None:
    if node.isNumber():
        node.setUnits("dimensionless")
    for position in range(node.getNumChildren()):
        _mark_numbers(node.getChild(position))


def _refuse_unsupported(source: Any, where: str) -> None:
    counts = {
        "events": source.getNumEvents(),
        "initial assignments": source.getNumInitialAssignments(),
        "constraints": source.getNumConstraints(),
        "rate or algebraic rules": sum(not rule.isAssignment() for rule in source.getListOfRules()),
    }
    found = [what for what, count in counts.items() if count]
    if found:
        raise ModelError(f"{' and '.join(found)} are not read here", where=where, hint="write them as reactions and rules")
    for one in source.getListOfReactions():
        if one.getKineticLaw() is None or one.getKineticLaw().getMath() is None:
            raise ModelError(f"the reaction '{one.getId()}' has no rate", where=where)
        for count in (*one.getListOfReactants(), *one.getListOfProducts()):
            if count.isSetId():
                hint = "write a number there, or a colon after the name of a process"
                raise ModelError(f"'{count.getId()}' stands before a species as a count", where=where, hint=hint)


def _functions(source: Any) -> dict[str, tuple[tuple[str, ...], Expression]]:
    functions: dict[str, tuple[tuple[str, ...], Expression]] = {}
    for one in source.getListOfFunctionDefinitions():
        arguments = tuple(one.getArgument(position).getName() for position in range(one.getNumArguments()))
        functions[one.getId()] = (arguments, _formula(one.getBody(), functions))
    return functions


def _formula(node: Any, functions: Mapping[str, tuple[tuple[str, ...], Expression]]) -> Expression:
    if node.isNumber():
        return Number(float(node.getValue()))
    arguments = tuple(_formula(node.getChild(position), functions) for position in range(node.getNumChildren()))
    if node.getType() == libsbml.AST_FUNCTION:
        parameters, body = functions[node.getName()]
        return substitute(body, dict(zip(parameters, arguments, strict=True)))
    if node.isName():
        return Name(node.getName())
    if node.getType() not in _OPERATORS:
        raise ModelError(f"the formula '{libsbml.formulaToL3String(node)}' uses an operator outside + - * / ^")
    return Apply(_OPERATORS[node.getType()], arguments)


def _species(one: Any) -> Species:
    fixed = bool(one.getBoundaryCondition())
    initial = one.getInitialConcentration() if fixed else one.getInitialAmount()
    unit = "nM" if fixed else one.getSubstanceUnits()
    return Species(one.getId(), one.getName() or one.getId(), unit, initial, fixed, _resources(one, _IDENTIFYING))


def _rule(one: Any, source: Any, functions: Mapping[str, tuple[tuple[str, ...], Expression]]) -> Rule:
    variable = source.getParameter(one.getVariable())
    references, _ = _cited(variable)
    return Rule(variable.getId(), variable.getUnits(), _formula(one.getMath(), functions), references)


def _reaction(one: Any, functions: Mapping[str, tuple[tuple[str, ...], Expression]]) -> Reaction:
    changes: dict[str, float] = {}
    for reference in one.getListOfReactants():
        changes[reference.getSpecies()] = changes.get(reference.getSpecies(), 0.0) - reference.getStoichiometry()
    for reference in one.getListOfProducts():
        changes[reference.getSpecies()] = changes.get(reference.getSpecies(), 0.0) + reference.getStoichiometry()
    references, assumed = _cited(one)
    return Reaction(one.getId(), tuple(changes.items()), _formula(one.getKineticLaw().getMath(), functions), references, assumed)


def _cited(one: Any) -> tuple[tuple[str, ...], bool]:
    """The publications that describe an element, and whether it is marked as an assumption."""
    cited = _resources(one, (libsbml.BQB_IS_DESCRIBED_BY,))
    references = tuple(resource for resource in cited if not resource.endswith(ASSUMED))
    return references, references != cited


def _resources(one: Any, qualifiers: Iterable[int]) -> tuple[str, ...]:
    found = []
    for number in range(one.getNumCVTerms()):
        term = one.getCVTerm(number)
        if term.getQualifierType() == libsbml.BIOLOGICAL_QUALIFIER and term.getBiologicalQualifierType() in tuple(qualifiers):
            found += [term.getResourceURI(position) for position in range(term.getNumResources())]
    return tuple(found)


def _ordered(rules: list[Rule], where: str) -> tuple[Rule, ...]:
    """Rules so that each stands after those it reads; a circle is refused and printed."""
    waiting = {rule.id: rule for rule in rules}
    done: dict[str, Rule] = {}

    def place(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ModelError(f"rules form a circle: {' > '.join((*path[path.index(name) :], name))}", where=where)
        if name in done:
            return
        for needed in names(waiting[name].formula):
            if needed in waiting:
                place(needed, (*path, name))
        done[name] = waiting[name]

    for name in waiting:
        place(name, ())
    return tuple(done.values())


def require_sound_sbml(text: str, *, where: str) -> str:
    """The same text, or one error with everything libsbml holds against it.

    Raises:
        ModelError: libsbml reports an error or a warning, units included.
    """
    faults = sbml_faults(text)
    if faults:
        raise ModelError(listed(Issue(f"{where}, {fault.where}", fault.what) for fault in faults))
    return text
