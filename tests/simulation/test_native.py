"""Compiled rates and rules: against the plain evaluator, one operator at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.model.expression import Apply, Expression, Name, Number, evaluate
from tamarisk.model.model import Model, Rule, Species
from tamarisk.seeds import generator
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.native import Machine, compile_model
from tamarisk.simulation.reference import Integrator

LAW = settings(deadline=None, max_examples=40, derandomize=True)
ROUNDING = 1e-12  # the compiler may use another power function; a sum is known to the rounding of its largest term
DRAWS = 8

ReadTiny = Callable[[str], Model]


@pytest.fixture(scope="module")
def machine(solver: Solver) -> Machine:
    """The shipped model as machine code."""
    return compile_model(solver.model)


def drawn(model: Model, run: int) -> tuple[dict[str, float], dict[str, float]]:
    """A random state and random constants: amounts over three decades, every constant within three-fold, drugs present."""
    chance = generator(run, "tests", "native")
    state = {name: float(value) for name, value in zip(model.states, 10 ** chance.uniform(-2, 1, len(model.states)), strict=True)}
    constants = {name: float(value * 3 ** chance.uniform(-1, 1)) for name, value in model.constants.items()}
    constants |= {one.id: float(10 ** chance.uniform(-1, 3)) for one in model.species if one.fixed}
    return state, constants


def computed(model: Model, values: dict[str, float]) -> dict[str, float]:
    """All values with those of the rules, evaluated one after the other."""
    known = dict(values)
    for rule in model.rules:
        known[rule.id] = evaluate(rule.formula, known)
    return known


def vector(values: Mapping[str, float]) -> np.ndarray:
    """Values in their order, without their names."""
    return np.array(list(values.values()))


def observed(formula: Expression, **values: float) -> float:
    """One formula compiled as the only rule of a model whose only states are its arguments."""
    species = tuple(Species(name, name, "relative", value, fixed=False) for name, value in values.items())
    model = Model("formula", species, (Rule("result", "relative", formula),), (), {"none": 0.0}, {}, "")
    return float(Integrator(compile_model(model)).rules(vector(values), np.zeros(1))[0])


# the shipped model


@pytest.mark.parametrize("run", range(DRAWS))
def test_every_rule_is_its_formula(solver: Solver, machine: Machine, run: int) -> None:
    """Reference: each of the compiled rules equals its formula evaluated in plain Python, at random states and constants."""
    model = solver.model
    state, constants = drawn(model, run)
    found = dict(zip(machine.rules, Integrator(machine).rules(vector(state), vector(constants)), strict=True))
    known = computed(model, state | constants)
    assert found == pytest.approx({rule.id: known[rule.id] for rule in model.rules}, rel=ROUNDING)


@pytest.mark.parametrize("run", range(DRAWS))
def test_every_state_changes_by_its_reactions(solver: Solver, machine: Machine, run: int) -> None:
    """Reference: the rate of each of the 71 states is the sum of its reactions' rates, evaluated in plain Python."""
    model = solver.model
    state, constants = drawn(model, run)
    known = computed(model, state | constants)
    rates, scale = dict.fromkeys(model.states, 0.0), dict.fromkeys(model.states, 0.0)
    for reaction in model.reactions:
        for name, amount in reaction.changes:
            if name in rates:
                rates[name] += amount * evaluate(reaction.rate, known)
                scale[name] += abs(amount * evaluate(reaction.rate, known))
    integrator = Integrator(machine)
    integrator.rules(vector(state), vector(constants))  # hands the constants over
    found = dict(zip(model.states, integrator.rates(vector(state)), strict=True))
    assert len(found) == 71
    assert all(scale.values()), "every state takes part in a reaction"
    assert {name: abs(found[name] - rates[name]) <= ROUNDING * scale[name] for name in found} == dict.fromkeys(found, True)


def test_two_machines_do_not_mix(solver: Solver, machine: Machine) -> None:
    """Law: compiling another model in between leaves the first one's numbers as they were."""
    state, constants = drawn(solver.model, 0)
    first = Integrator(machine)
    before = first.rules(vector(state), vector(constants))
    assert observed(Apply("times", (Name("x"), Number(2.0))), x=3.0) == 6.0
    assert np.array_equal(first.rules(vector(state), vector(constants)), before)


def test_the_experimenter_holds_what_he_sets(tiny: ReadTiny) -> None:
    """Law: a reaction that uses up a fixed species changes only the others, and a species without a reaction rests."""
    model = tiny("  species $D in cell; substanceOnly species A in cell, B in cell; A = 2; B = 5; D = 3; J: D + A -> ; D * A;")
    machine = compile_model(model)
    integrator = Integrator(machine)
    integrator.rules(np.array([2.0, 5.0]), np.array([3.0]))
    assert machine.states == ("A", "B")
    assert integrator.rates(np.array([2.0, 5.0])).tolist() == [-6.0, 0.0]


def test_stoichiometry_counts(tiny: ReadTiny) -> None:
    """Law: a reaction that makes two of three takes three and gives two per turn."""
    model = tiny("  substanceOnly species A in cell, B in cell; A = 2; B = 0; k = 0.5; J: 3 A -> 2 B; k * A;")
    integrator = Integrator(compile_model(model))
    integrator.rules(np.array([2.0, 0.0]), np.array([0.5]))
    assert integrator.rates(np.array([2.0, 0.0])).tolist() == [-3.0, 2.0]


# operators


@pytest.mark.parametrize("exponent", [-2.5, 0.0, 0.5, 1.7, 2.0, 3.0, 4.0, 5.0])
@LAW
@given(base=some.floats(1e-6, 1e4))
def test_power_with_a_written_exponent(exponent: float, base: float) -> None:
    """Reference: whole and broken exponents, written as numbers, agree with Python's power."""
    found = observed(Apply("power", (Name("x"), Number(exponent))), x=base)
    assert found == pytest.approx(math.pow(base, exponent), rel=ROUNDING)


@LAW
@given(base=some.floats(1e-6, 1e4), exponent=some.floats(-4.0, 8.0))
def test_power_with_a_named_exponent(base: float, exponent: float) -> None:
    """Reference: an exponent that is a parameter, as the model's Hill numbers are, agrees with Python's power."""
    found = observed(Apply("power", (Name("x"), Name("n"))), x=base, n=exponent)
    assert found == pytest.approx(math.pow(base, exponent), rel=ROUNDING)


formulas = some.recursive(
    some.sampled_from([Name("x"), Name("y"), Number(0.5), Number(2.0), Number(7.0)]),
    lambda inner: some.one_of(
        some.builds(lambda *parts: Apply("plus", parts), inner, inner, inner),
        some.builds(lambda *parts: Apply("times", parts), inner, inner, inner),
        some.builds(lambda *parts: Apply("divide", parts), inner, inner),
        some.builds(lambda *parts: Apply("minus", parts), inner, inner),
        some.builds(lambda part: Apply("minus", (part,)), inner),
    ),
    max_leaves=12,
)


@LAW
@given(formula=formulas, x=some.floats(0.1, 10.0), y=some.floats(0.1, 10.0))
def test_arithmetic_is_exact(formula: Expression, x: float, y: float) -> None:
    """Reference: sums, products, quotients and signs come out to the last bit as Python has them, in whatever nesting."""
    try:
        plain = evaluate(formula, {"x": x, "y": y})
    except (ZeroDivisionError, OverflowError):
        return
    assert observed(formula, x=x, y=y) == plain
