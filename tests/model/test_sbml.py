"""SBML: sound by libsbml's own checks, annotated, read back without loss, and run alike by another simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libsbml
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.model import Model, with_constants
from tamarisk.model.sbml import ASSUMED, read_sbml, require_sound_sbml, sbml_faults, write_sbml

EDITS = [{}, {"PTEN_dose": 0.15}, {"E2": 0.0, "rapamycin": 20.0, "k_SRC": 17 / 3}]
IDENTITY = {libsbml.BQB_IS, libsbml.BQB_HAS_PART, libsbml.BQB_ENCODES, libsbml.BQB_HAS_PROPERTY}


def small(
    *, rules: Mapping[str, str] | None = None, rate: str = "k * S", edit: Callable[[libsbml.Model], object] | None = None
) -> str:
    """A model of one species S that is lost in one reaction, with rules for parameters."""
    document = libsbml.SBMLDocument(3, 2)
    model = document.createModel("small")
    _made(model.createCompartment(), "cell", constant=True)
    species = _made(model.createSpecies(), "S", constant=False)
    species.setCompartment("cell")
    species.setInitialAmount(1.0)
    species.setHasOnlySubstanceUnits(True)
    species.setBoundaryCondition(False)
    _made(model.createParameter(), "k", constant=True).setValue(0.5)
    for name, formula in (rules or {}).items():
        _made(model.createParameter(), name, constant=False)
        rule = model.createAssignmentRule()
        rule.setVariable(name)
        rule.setMath(libsbml.parseL3Formula(formula))
    reaction = model.createReaction()
    reaction.setId("loss")
    reaction.setReversible(False)
    reactant = reaction.createReactant()
    reactant.setSpecies("S")
    reactant.setStoichiometry(1.0)
    reactant.setConstant(True)
    if rate:
        reaction.createKineticLaw().setMath(libsbml.parseL3Formula(rate))
    if edit:
        edit(model)
    return str(libsbml.writeSBMLToString(document))


def _made(element: libsbml.SBase, name: str, *, constant: bool) -> libsbml.SBase:
    element.setId(name)
    element.setConstant(constant)
    return element


def terms(element: libsbml.SBase, kinds: set[int]) -> list[str]:
    """The addresses that an element carries under some qualifiers, read by libsbml alone."""
    found = [element.getCVTerm(number) for number in range(element.getNumCVTerms())]
    chosen = [one for one in found if one.getBiologicalQualifierType() in kinds]
    return [one.getResourceURI(number) for one in chosen for number in range(one.getNumResources())]


@pytest.fixture(scope="module")
def exported(model: Model) -> libsbml.SBMLDocument:
    """The shipped model as any other program reads it."""
    return libsbml.readSBMLFromString(write_sbml(model))


# what is written


def test_libsbml_finds_nothing(model: Model) -> None:
    """Reference: libsbml, with units and modelling practice on, has neither error nor warning."""
    document = libsbml.readSBMLFromString(write_sbml(model))
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, True)
    document.checkConsistency()
    assert [document.getError(number).getMessage() for number in range(document.getNumErrors())] == []
    assert (document.getLevel(), document.getVersion()) == (3, 2)


def test_every_reaction_says_who_says_so(exported: libsbml.SBMLDocument) -> None:
    """Law: each reaction carries publications, or the mark of an assumption and nothing beside it."""
    for reaction in exported.getModel().getListOfReactions():
        cited = terms(reaction, {libsbml.BQB_IS_DESCRIBED_BY})
        assert cited, reaction.getId()
        assert len(cited) == 1 or not any(address.endswith(ASSUMED) for address in cited), reaction.getId()


def test_every_species_says_what_it_is(exported: libsbml.SBMLDocument) -> None:
    """Law: each species carries a resolvable identifier of what it is."""
    for species in exported.getModel().getListOfSpecies():
        found = terms(species, IDENTITY)
        assert found, species.getId()
        assert all(address.startswith("https://identifiers.org/") for address in found), species.getId()


def test_every_species_has_a_name(model: Model) -> None:
    """Law: each species is called something in words, be it its own identifier."""
    assert [one.id for one in model.species if not one.name] == []


@pytest.mark.parametrize("changes", EDITS, ids=str)
def test_present_numbers_are_written(model: Model, changes: dict[str, float]) -> None:
    """Law: edited parameters and media stand in the file, to the fifteen digits that libsbml writes, and it stays sound."""
    text = write_sbml(with_constants(model, changes))
    written = libsbml.readSBMLFromString(text).getModel()
    drugs = {name: written.getSpecies(name).getInitialConcentration() for name in ("E2", "rapamycin")}
    values = {name: written.getParameter(name).getValue() for name in ("PTEN_dose", "k_SRC")}
    expected = {name: {**model.constants, **changes}[name] for name in drugs | values}
    assert drugs | values == pytest.approx(expected, rel=1e-14)
    assert sbml_faults(text) == []


def test_given_amounts_are_written(model: Model) -> None:
    """Law: the amounts at the start are those given; the others stay the model's own."""
    found = read_sbml(write_sbml(model, initial={"HER2": 45.0})).initial()
    assert found == {**model.initial(), "HER2": 45.0}


def test_an_amount_of_nothing_is_refused(model: Model) -> None:
    """Refusal: a start for what is no state is named, not written beside the model."""
    with pytest.raises(ModelError, match=r"^'HER5' is no state of the model; name a species that reactions change$"):
        write_sbml(model, initial={"HER2": 45.0, "HER5": 1.0})


@pytest.mark.parametrize("changes", EDITS, ids=str)
def test_what_is_written_is_read(model: Model, changes: dict[str, float]) -> None:
    """Law: writing and reading give the same names, rules, reactions, numbers and units."""
    edited = with_constants(model, changes)
    again = read_sbml(write_sbml(edited))
    parts = ("name", "rules", "reactions", "units", "states")
    assert [part for part in parts if getattr(again, part) != getattr(edited, part)] == []
    assert [one.identities for one in again.species] == [one.identities for one in edited.species]
    assert again.constants == pytest.approx(edited.constants, rel=1e-14)
    assert again.initial() == edited.initial()


def test_another_simulator_computes_the_same(model: Model, snapshot: Callable[[Model], dict[str, float]]) -> None:
    """Reference: libRoadRunner's rules and rates at a drawn state, but for rounding."""
    roadrunner = pytest.importorskip("roadrunner", reason="libRoadRunner is a test oracle and not installed")
    ours = snapshot(model)
    theirs = roadrunner.RoadRunner(write_sbml(model, initial={state: ours[state] for state in model.states}))
    for name in [rule.id for rule in model.rules]:
        assert ours[name] == pytest.approx(theirs.getValue(name), rel=1e-12)
    rates = dict(zip(theirs.model.getReactionIds(), theirs.model.getReactionRates(), strict=True))
    assert {one.id: ours[one.id] for one in model.reactions} == pytest.approx(rates, rel=1e-12)


# what is read


def test_functions_are_written_out() -> None:
    """Reference: a function of the file is the same as its body in its place."""

    def with_half(model: libsbml.Model) -> None:
        half = model.createFunctionDefinition()
        half.setId("half")
        half.setMath(libsbml.parseL3Formula("lambda(x, x / 2)"))

    called = read_sbml(small(rate="half(k * S)", edit=with_half))
    assert called.reactions == read_sbml(small(rate="k * S / 2")).reactions


def test_a_circle_of_rules_is_refused() -> None:
    """Refusal: the circle is printed, from where it begins to where it closes."""
    with pytest.raises(ModelError) as refused:
        read_sbml(small(rules={"entry": "a", "a": "b + k", "b": "2 * c", "c": "a / k"}), where="ring.xml")
    assert str(refused.value) == "ring.xml: rules form a circle: a > b > c > a"


def test_a_rule_on_itself_is_refused() -> None:
    """Refusal: the smallest circle is a rule that reads itself."""
    with pytest.raises(ModelError) as refused:
        read_sbml(small(rules={"a": "a + 1"}), where="ring.xml")
    assert str(refused.value) == "ring.xml: rules form a circle: a > a"


def event(model: libsbml.Model) -> None:
    """Something that happens when S is high."""
    made = model.createEvent()
    made.setUseValuesFromTriggerTime(True)
    trigger = made.createTrigger()
    trigger.setInitialValue(True)
    trigger.setPersistent(True)
    trigger.setMath(libsbml.parseL3Formula("S > 2"))


def rate_rule_and_start(model: libsbml.Model) -> None:
    """A parameter that starts from a formula and follows a rate."""
    _made(model.createParameter(), "drift", constant=False)
    for made, name in ((model.createInitialAssignment(), "setSymbol"), (model.createRateRule(), "setVariable")):
        getattr(made, name)("drift")
        made.setMath(libsbml.parseL3Formula("k"))


@pytest.mark.parametrize(
    ("edit", "what"), [(event, "events"), (rate_rule_and_start, "initial assignments and rate or algebraic rules")]
)
def test_what_is_beyond_rules_and_reactions_is_refused(edit: Callable[[libsbml.Model], object], what: str) -> None:
    """Refusal: what SBML has and we do not is named, all at once."""
    with pytest.raises(ModelError) as refused:
        read_sbml(small(edit=edit), where="cell.xml")
    assert str(refused.value) == f"cell.xml: {what} are not read here; write them as reactions and rules"


def test_a_formula_beyond_arithmetic_is_refused() -> None:
    """Refusal: the formula is shown, and where it stands."""
    with pytest.raises(ModelError) as refused:
        read_sbml(small(rate="k * exp(S)"), where="cell.xml")
    assert str(refused.value) == "cell.xml: the formula 'exp(S)' uses an operator outside + - * / ^"


def test_a_reaction_without_a_rate_is_refused() -> None:
    """Refusal: a reaction with no rate law is named."""
    with pytest.raises(ModelError) as refused:
        read_sbml(small(rate=""), where="cell.xml")
    assert str(refused.value) == "cell.xml: the reaction 'loss' has no rate"


@pytest.mark.parametrize("stray", ["time", "cell", "k_lost"])
def test_a_formula_of_strangers_is_refused(stray: str) -> None:
    """Refusal: time, a compartment or an unknown name in a formula is named when read, not when the model is run."""
    with pytest.raises(ModelError) as refused:
        read_sbml(small(rate=f"k * S * {stray}"), where="cell.xml")
    assert str(refused.value) == f"cell.xml: '{stray}' in the rate of 'loss' is no species, parameter or rule"


def test_what_is_no_sbml_is_refused() -> None:
    """Refusal: another text is refused in one sentence that begins with the file."""
    with pytest.raises(ModelError) as refused:
        read_sbml("S -> P; k * S", where="cell.ant")
    assert str(refused.value).startswith("cell.ant: ")
    assert "\n" not in str(refused.value)


def test_wrong_units_are_found(model: Model) -> None:
    """Refusal: a rate constant whose unit does not fit is a fault, and its file and line come first."""
    wrong = libsbml.readSBMLFromString(write_sbml(model))
    wrong.getModel().getParameter("k_SRC").setUnits("nM")
    with pytest.raises(ModelError) as refused:
        require_sound_sbml(libsbml.writeSBMLToString(wrong), where="cell.xml")
    assert str(refused.value).startswith("cell.xml, line ")
    assert "KineticLaw" in str(refused.value)


def test_a_sound_text_passes_unchanged(model: Model) -> None:
    """Law: the check hands on what it was given."""
    text = write_sbml(model)
    assert require_sound_sbml(text, where="cell.xml") is text
