"""SBML read as a system: every construct of the core against its meaning worked out by hand, and what is refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import antimony
import libsbml
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.closure import closure
from tamarisk.model.expression import Apply, Name, Number
from tamarisk.model.model import Model
from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import TIME, Assignment, System
from tamarisk.study.suite import cases

Edit = Callable[[libsbml.Model], object]


def made(body: str) -> str:
    """SBML of an Antimony module, written by Antimony."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(f"model tiny()\n{body}\nend") >= 0, antimony.getLastError()
    return str(antimony.getSBMLString("tiny"))


def edited(text: str, edit: Edit) -> str:
    """The same SBML after an edit by libsbml."""
    document = libsbml.readSBMLFromString(text)
    edit(document.getModel())
    return str(libsbml.writeSBMLToString(document))


def values(system: System, states: Mapping[str, float] | None = None, time: float = 0.0) -> dict[str, float]:
    """Every quantity and, as `d name`, every rate of change at one moment."""
    now = {TIME: time, **system.initial, **(states or {})}
    definitions = {**{name: Number(value) for name, value in system.constants.items()}, **system.assigned}
    names = (*system.assigned, *system.constants)
    found = closure(tuple(now), definitions, [*map(Name, names), *system.rates.values()])(list(now.values()))
    return {**now, **dict(zip((*names, *(f"d {name}" for name in system.rates)), found, strict=True))}


# species


@pytest.mark.parametrize(
    ("start", "amount"), [("S = 6;", 12.0), ("amount S = 6;", 6.0)], ids=["a concentration", "an amount of substance only"]
)
def test_a_species_is_an_amount_or_a_concentration(start: str, amount: float) -> None:
    """Reference: in a compartment of 2, a first-order loss of 0.5 per concentration, written out by hand."""
    whole = "substanceOnly species S in cell;" if start.startswith("amount") else "species S in cell;"
    system = read_system(made(f"compartment cell = 2; {whole} S = 6; J: S -> ; k * S; k = 0.5;"))
    now = values(system)
    assert now["S"] == 6.0
    assert now["S.amount"] == amount
    assert now["S.concentration"] == amount / 2.0
    assert now["J"] == 3.0
    assert now[f"d {system.states[0]}"] == -3.0


@pytest.mark.parametrize(("dimensions", "value"), [(None, 1.5), (0.5, 1.5), (2.0, 1.5), (0.0, 3.0)])
def test_only_a_point_has_no_concentrations(dimensions: float | None, value: float) -> None:
    """Reference: an amount of 3 in a size of 2, dimensions left out or a fraction (SBML L3V2, sections 4.5 and 4.6)."""

    def edit(model: libsbml.Model) -> None:
        cell = model.getCompartment("cell")
        cell.unsetSpatialDimensions() if dimensions is None else cell.setSpatialDimensions(dimensions)
        model.getSpecies("S").unsetInitialConcentration()
        model.getSpecies("S").setInitialAmount(3.0)
        if dimensions == 0.0:
            cell.unsetSize()

    now = values(read_system(edited(made("compartment cell = 2; species S in cell; S = 1; J: S -> ; k * S; k = 0.5;"), edit)))
    assert (now["S"], now["S.amount"], now["J"]) == (value, 3.0, 0.5 * value)


def test_species_that_reactions_do_not_change_are_constants() -> None:
    """Law: a boundary species stands in rates but has none, whatever a reaction takes of it."""
    system = read_system(made("compartment cell = 1; species $B in cell, P in cell; B = 3; P = 0; J: 2 $B -> 3 P; k * B; k = 2;"))
    assert system.states == ("P.amount",)
    assert system.constants["B.amount"] == 3.0
    assert values(system)["d P.amount"] == 18.0


def test_conversion_factors_scale_what_reactions_do() -> None:
    """Reference: a species' own factor goes before the model's."""

    def edit(model: libsbml.Model) -> None:
        model.setConversionFactor("all")
        model.getSpecies("P").setConversionFactor("own")

    text = made(
        "compartment cell = 1; species A in cell, P in cell; A = 3; P = 0; J: A -> P; 1; const all, own; all = 5; own = 7;"
    )
    now = values(read_system(edited(text, edit)))
    assert (now["d A.amount"], now["d P.amount"]) == (-5.0, 7.0)


def test_a_concentration_follows_its_volume() -> None:
    """Reference: with an unchanged amount, d(n/V)/dt = -(n/V) (dV/dt)/V; with a rate rule, the amount makes up for the volume."""
    text = made("compartment cell = 2; cell' = 0.5; species S in cell; S = 3; species $R in cell; R = 4; R' = 0.25; J: S -> ; 0;")
    now = values(read_system(text), {"cell": 2.0})
    assert now["d cell"] == 0.5
    assert now["d S.amount"] == 0.0
    assert now["d R.amount"] == pytest.approx(0.25 * 2.0 + 4.0 * 0.5)


def test_rate_rule_in_a_computed_volume() -> None:
    """Law: where the volume is computed the state is the concentration itself, and the amount is computed."""
    text = made("compartment cell; cell := 2 + time; species $R in cell; R = 4; R' = 0.25;")
    now = values(read_system(text), time=1.0)
    assert (now["d R"], now["R.amount"]) == (0.25, 12.0)


# values at the start


def test_values_at_the_start_are_worked_out_in_their_order() -> None:
    """Reference: a chain of initial assignments and rules that is written backwards."""
    system = read_system(made("a = b + 1; b = c * 2; c := time + 5; d = a; d' = 1;"))
    assert (system.constants["b"], system.constants["a"], system.initial["d"]) == (10.0, 11.0, 11.0)


def test_an_initial_concentration_is_one_in_the_volume_at_the_start() -> None:
    """Reference: the amount is concentration times a volume that is itself assigned."""
    system = read_system(made("compartment cell; cell = 2 * size; size = 3; species S in cell; S = 4; J: S -> ; S;"))
    assert system.initial["S.amount"] == 24.0


def test_what_has_no_value_has_none() -> None:
    """Law: a number that is left out is not taken to be zero."""
    text = edited(made("k = 1; y = 0; y' = 1;"), lambda model: model.getParameter("k").unsetValue())
    assert math.isnan(read_system(text).constants["k"])


def test_a_circle_at_the_start_is_refused() -> None:
    """Refusal: two initial assignments that need each other are no values; libsbml finds it first."""

    def edit(model: libsbml.Model) -> None:
        again = model.createInitialAssignment()
        again.setSymbol("b")
        again.setMath(libsbml.parseL3Formula("a + 1"))

    with pytest.raises(ModelError, match=r"^two\.xml: line \d+: .*"):
        read_system(edited(made("a = b + 1; b = 1;"), edit), where="two.xml")


# reactions


def test_local_parameters_hide_global_ones() -> None:
    """Law: a local parameter is a quantity of its reaction, and the global one of the same name stays as it is."""

    def edit(model: libsbml.Model) -> None:
        local = model.getReaction("J").getKineticLaw().createLocalParameter()
        local.setId("k")
        local.setValue(7.0)

    text = edited(made("compartment cell = 1; species S in cell; S = 1; J: S -> ; k * S; L: S -> ; k * S; k = 2;"), edit)
    now = values(read_system(text))
    assert (now["J"], now["L"], now["J.k"], now["k"]) == (7.0, 2.0, 7.0, 2.0)


@pytest.mark.parametrize(("rule", "counts"), [("n = 3", 3.0), ("n := 2 * time", 8.0), ("n = 1; n' = 0.5", 1.0)])
def test_stoichiometries_are_quantities(rule: str, counts: float) -> None:
    """Law: a named stoichiometry is constant, computed or changing like any parameter, and counts in the rate."""
    system = read_system(made(f"compartment cell = 1; species P in cell; P = 0; J: -> n P; k; k = 2; {rule};"))
    assert values(system, time=4.0)["d P.amount"] == 2.0 * counts


def test_stoichiometry_maths_of_level_2() -> None:
    """Reference: a stoichiometry written as a formula in Level 2."""

    def edit(model: libsbml.Model) -> None:
        maths = model.getReaction("J").getProduct(0).createStoichiometryMath()
        maths.setMath(libsbml.parseL3Formula("a * time"))

    document = libsbml.readSBMLFromString(made("compartment cell = 1; species P in cell; P = 0; J: -> P; k; k = 2; a = 3;"))
    assert document.setLevelAndVersion(2, 4, False)
    now = values(read_system(edited(libsbml.writeSBMLToString(document), edit)), time=5.0)
    assert now["d P.amount"] == 30.0


def test_a_reaction_without_a_rate_does_nothing() -> None:
    """Law: what the file leaves out changes no species."""
    text = made("compartment cell = 1; species S in cell; S = 1; J: S -> ; S; L: S -> ; S;")
    now = values(read_system(edited(text, lambda model: model.getReaction("L").unsetKineticLaw())))
    assert now["d S.amount"] == -1.0
    assert "L" not in now


# formulas


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("piecewise(1, time < 2, 2, time < 4, 3)", 2.0),
        ("piecewise(1, time < 2)", math.nan),
        ("max(1, time, 2) + min(4, time)", 6.0),
        ("rem(7, time) + quotient(7, time)", 3.0),
        ("implies(time > 5, time > 6) && !(time == 2)", 1.0),
        ("xor(true, false, true)", 0.0),
        ("log10(100) + log(2, 8) + ln(exponentiale)", 6.0),
        ("root(3, 27) + sqrt(9) + 2^3", 14.0),
        ("ceil(2.1) + floor(2.9) + factorial(3) + abs(-1)", 12.0),
        ("1 < 2 < time", 1.0),
        ("sin(pi / 2) + arctan(0) + sec(0) + arccosh(1)", 2.0),
        ("avogadro / 6.02214179e23", 1.0),
        ("(time > 2) + 1", 2.0),
        ("notanumber", math.nan),
    ],
)
def test_formulas_have_their_meaning(formula: str, value: float) -> None:
    """Reference: values of MathML's operators worked out by hand at time 3."""

    def edit(model: libsbml.Model) -> None:
        rule = model.createAssignmentRule()
        rule.setVariable("y")
        reading = libsbml.L3ParserSettings()
        reading.setParseAvogadroCsymbol(True)
        rule.setMath(libsbml.parseL3FormulaWithSettings(formula, reading))

    text = edited(made("y = 1; z = 0; z' = y; y has dimensionless;"), lambda model: (_free(model), edit(model)))
    assert values(read_system(text), time=3.0)["y"] == pytest.approx(value, rel=1e-8, nan_ok=True)


def test_functions_are_written_out() -> None:
    """Law: functions that call functions, with arguments that share their names, are replaced by their bodies."""
    antimony.clearPreviousLoads()
    done = antimony.loadAntimonyString(
        "function g(x, y)\n x - y\nend\nfunction f(y, x)\n g(x, y) * y\nend\n"
        "model tiny()\n x = 2; z := f(3, x + 5); w' = z; w = 0;\nend"
    )
    assert done >= 0, antimony.getLastError()
    assert values(read_system(antimony.getSBMLString("tiny")))["z"] == (7.0 - 3.0) * 3.0


def test_rates_can_be_read() -> None:
    """Reference: rateOf of a state, of a concentration in a growing volume, of another rate, and of a constant."""
    text = made(
        "compartment cell = 2; cell' = 0.5; species S in cell; S = 3; J: S -> ; 4; x = 1; x' = 2 * x; k = 9;"
        "a := rateOf(x); b := rateOf(S); c := rateOf(k); y = 0; y' = rateOf(x) + 1; d := rateOf(y);"
    )
    now = values(read_system(text), {"x": 5.0})
    assert (now["a"], now["c"], now["d y"], now["d"]) == (10.0, 0.0, 11.0, 11.0)
    assert now["b"] == pytest.approx((-4.0 - 3.0 * 0.5) / 2.0)


def test_algebraic_rules_that_are_lines_are_solved() -> None:
    """Reference: a conserved total gives the free form."""

    def edit(model: libsbml.Model) -> None:
        _free(model)
        model.createAlgebraicRule().setMath(libsbml.parseL3Formula("total - x - 2 * y"))

    now = values(read_system(edited(made("total = 9; const total; y = 0; x = 3; x' = 1;"), edit)))
    assert now["y"] == 3.0


# events


def test_events_keep_everything_that_is_said_of_them() -> None:
    """Law: trigger, delay, priority, persistence, value at the start and time of the values, as in the file."""
    text = made(
        "x = 1; y = 0; y' = 1; E: at 2 after (y > 3), priority = x, persistent = false, t0 = false, fromTrigger = false:"
        "x = x + y;"
    )
    (event,) = read_system(text).events
    assert event.trigger == Apply("gt", (Name("y"), Number(3.0)))
    assert (event.delay, event.priority) == (Number(2.0), Name("x"))
    assert (event.persistent, event.initially, event.early) == (False, False, False)
    assert event.assignments == (Assignment("x", Apply("plus", (Name("x"), Name("y")))),)


def test_an_event_sets_a_concentration_through_its_volume() -> None:
    """Law: what an event gives to a concentration is multiplied by the volume; what it changes is a state with no rate."""
    system = read_system(made("compartment cell = 2; species S in cell; S = 3; k = 1; at (time > 1): S = k, k = 2;"))
    assert set(system.states) == {"S.amount", "k"}
    assert Assignment("S.amount", Name("k"), per="cell") in system.events[0].assignments
    assert set(system.rates.values()) == {Number(0.0)}


def test_an_event_without_a_trigger_never_happens() -> None:
    """Law: an event whose trigger has no formula is left out."""
    text = made("k = 1; at (time > 1): k = 2;")
    begin, end = text.index("<math", text.index("<trigger")), text.index("</trigger>")
    assert read_system(text[:begin] + text[end:]).events == ()


# whole models


def test_submodels_are_flattened() -> None:
    """Law: quantities of a submodel carry its name before their own, and are joined where the model says so."""
    antimony.clearPreviousLoads()
    done = antimony.loadAntimonyString(
        "model inner()\n x = 1; x' = k; k = 2;\nend\nmodel outer()\n A: inner(); B: inner(); k = 3; A.k is k; B.k is k;\nend"
    )
    assert done >= 0, antimony.getLastError()
    system = read_system(antimony.getCompSBMLString("outer"))
    assert set(system.states) == {"A__x", "B__x"}
    assert system.constants == {"k": 3.0}


@pytest.mark.parametrize("whose", ["inner", "outer", "both"])
def test_conversion_factors_stay_with_the_species_of_their_model(whose: str) -> None:
    """Reference: a model's factor is that of its own species (SBML L3V2, section 4.6.7), not of those in or around submodels."""
    factors = {"inner": (2.0, 1.0), "outer": (1.0, 3.0), "both": (2.0, 3.0)}[whose]
    antimony.clearPreviousLoads()
    body = "compartment c = 1; species S in c; S = 0; factor = {}; J: -> S; 1;"
    parts = f"model inner()\n{body.format(2)}\nend\nmodel outer()\nA: inner(); {body.format(3)}\nend"
    assert antimony.loadAntimonyString(parts) >= 0, antimony.getLastError()
    document = libsbml.readSBMLFromString(antimony.getCompSBMLString("outer"))
    for model in (document.getModel(), document.getPlugin("comp").getModelDefinition(0)):
        assert model.getParameter("factor").setConstant(True) == libsbml.LIBSBML_OPERATION_SUCCESS
        if whose in {"both", model.getId()}:
            model.setConversionFactor("factor")
    now = values(read_system(libsbml.writeSBMLToString(document)))
    assert (now["d A__S.amount"], now["d S.amount"]) == factors


def test_submodels_by_another_prefix_are_refused() -> None:
    """Refusal: libsbml 5.21 ends the whole process when it checks them, valid as they are."""
    document = libsbml.SBMLDocument(libsbml.SBMLNamespaces(3, 1, "comp", 1))
    document.setPackageRequired("comp", True)
    document.createModel("m")
    text = libsbml.writeSBMLToString(document).replace("xmlns:comp=", "xmlns:parts=").replace("comp:required", "parts:required")
    with pytest.raises(
        ModelError, match=r"^m\.xml: the package 'comp' is called 'parts' in the file, .*; write it with the prefix"
    ):
        read_system(text, where="m.xml")


def test_units_are_kept() -> None:
    """Law: declared units stay with the quantities."""
    system = read_system(made("unit nM = 1e-9 mole / litre; k = 1; k has nM; compartment c = 1; c has litre; y = 1; y' = k;"))
    assert system.units == {"k": "nM", "c": "litre"}


def test_the_shipped_model_is_a_system(model: Model) -> None:
    """Reference: the shipped model read the other way has the same states and the same values at the start."""
    system = read_system(model.document)
    now = values(system)
    assert {name.removesuffix(".amount") for name in system.states} == set(model.states)
    assert {name: now[name] for name in model.states} == pytest.approx(model.initial())


# refusals


def _free(model: libsbml.Model) -> None:
    """Lets rules determine the parameter y."""
    model.getParameter("y").setConstant(False)
    model.getParameter("y").unsetValue()
    assignment = model.getInitialAssignmentBySymbol("y")
    if assignment is not None:
        assignment.removeFromParentAndDelete()


def _delay(model: libsbml.Model) -> None:
    _free(model)
    rule = model.createAssignmentRule()
    rule.setVariable("y")
    rule.setMath(libsbml.parseL3Formula("delay(x, 1)"))


def _curve(model: libsbml.Model) -> None:
    _free(model)
    model.createAlgebraicRule().setMath(libsbml.parseL3Formula("y * y - x"))


def _hollow(model: libsbml.Model) -> None:
    model.createFunctionDefinition().setId("hollow")
    model.getRule(0).setMath(libsbml.parseL3Formula("hollow(x)"))


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (_delay, r"the model uses delay\(\), an equation with memory, which is not solved here"),
        (_curve, "an algebraic rule cannot be solved for what it determines"),
        (_hollow, "the function 'hollow' is called, which has no formula"),
    ],
)
def test_constructs_are_refused_by_name(edit: Edit, sentence: str) -> None:
    """Refusal: delays, rules without a line, functions without a formula (SBML L3V2, section 4.3), before anything runs."""
    with pytest.raises(ModelError, match=rf"^m\.xml: {sentence}$"):
        read_system(edited(made("x = 1; x' = 1; y = 2;"), edit), where="m.xml")


def test_fast_reactions_are_refused() -> None:
    """Refusal: the reaction that is fast, by name."""
    document = libsbml.readSBMLFromString(made("compartment c = 1; species S in c; S = 1; J: S -> ; S;"))
    assert document.setLevelAndVersion(3, 1, False)
    document.getModel().getReaction("J").setFast(True)
    with pytest.raises(ModelError, match=r"^m\.xml: the reaction 'J' is fast, an equilibrium that is not solved here$"):
        read_system(libsbml.writeSBMLToString(document), where="m.xml")


@pytest.mark.parametrize(("package", "required"), [("fbc", False), ("qual", True)])
def test_packages_are_refused_by_name(package: str, required: bool) -> None:
    """Refusal: a package that changes what the model means."""
    version = 2 if package == "fbc" else 1
    spaces = libsbml.SBMLNamespaces(3, 1, package, version)
    document = libsbml.SBMLDocument(spaces)
    document.setPackageRequired(package, required)
    model = document.createModel("m")
    if package == "fbc":
        model.getPlugin("fbc").setStrict(False)
    with pytest.raises(ModelError, match=rf"^m\.xml: the model needs the package '{package}', which is not solved here$"):
        read_system(libsbml.writeSBMLToString(document), where="m.xml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "m: line 2: XML content is not well-formed"),
        ("no SBML", "m: line 2: XML content is not well-formed"),
        (
            '<sbml xmlns="http://www.sbml.org/sbml/level2" level="2" version="1"><model id="m"/></sbml>',
            "m: SBML Level 2 Version 1 is not read here; save it as Level 3",
        ),
        ('<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"/>', "m: the text holds no model"),
    ],
)
def test_what_is_no_model_is_refused(text: str, sentence: str) -> None:
    """Refusal: text that libsbml cannot read, an old level, a file without a model."""
    with pytest.raises(ModelError, match=rf"^{sentence}$"):
        read_system(text, where="m")


def test_strangers_in_formulas_are_refused() -> None:
    """Refusal: a name that stands for nothing is found before anything runs."""
    text = made("x = 1; x' = k; k = 1;").replace("<ci> k </ci>", "<ci> ghost </ci>")
    with pytest.raises(ModelError, match="ghost"):
        read_system(text, where="m")


def test_the_suites_models_are_read_or_refused(shared: Path) -> None:
    """Law: every twentieth semantic case is read, or refused with a sentence that names it."""
    for case in cases(shared / "data" / "sbml_test_suite" / "semantic_even.zip")[::20]:
        try:
            assert read_system(case.sbml, where=case.id).quantities
        except ModelError as refused:
            assert str(refused).startswith(f"{case.id}: ")
