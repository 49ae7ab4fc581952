"""Slopes of what is solved: closed forms, differences of runs, and promises of sameness."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import read_context
from tamarisk.model.model import Model
from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System, system_of
from tamarisk.simulation.batch import Member, Period, Solver
from tamarisk.simulation.gradient import Gradient, GradientSolver
from tamarisk.simulation.lanes import Control, Lanes, Plan
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, as_member

ReadTiny = Callable[[str], Model]
ReadPetab = Callable[[str], System]
Array = np.ndarray

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
PETAB = {"Bachmann_MSB2011": 240.0, "Lucarelli_CellSystems2018": 600.0, "Boehm_JProteomeRes2014": 240.0}
SUITE = ("00001", "00010", "00014", "00020", "00076", "00600", "00100")
TURNOVER = "  substanceOnly species A in cell; A = 0; s = 2; k = 4; synthesis: -> A; s; decay: A -> ; k * A;"
PAIR = "  substanceOnly species A in cell, B in cell; A = 3; B = 1; k = 2; l = 0.5; there: A -> B; k * A; back: B -> A; l * B;"
HILL = "  substanceOnly species A in cell, B in cell; A = 0; B = 0; s = 1; n = 2.5; up: -> A; s; made: -> B; A^n / (1 + A^n);"
GROWTH = "  substanceOnly species A in cell; A = 1; k = 0.3; x := A^2; growth: -> A; k * A;"


def solved(model: Model, member: Member, times: list[float], quantities: list[str], parameters: list[str]) -> Gradient:
    """One member with its slopes."""
    return GradientSolver(model).solve([member], times_h=times, quantities=quantities, parameters=parameters)


# closed forms


def test_growth_and_a_rule_of_it(tiny: ReadTiny) -> None:
    """Reference: A = e^kt has the slope t e^kt by k, and the rule A^2 the slope 2 t e^2kt."""
    model, times = tiny(GROWTH), [0.0, 1.0, 4.0]
    found = solved(model, Member(restart={"A": 1.0}), times, ["A", "x", "k"], ["k"])
    t = np.array(times)
    assert found.slopes[0, :, 0, 0] == pytest.approx(t * np.exp(0.3 * t), rel=1e-6)
    assert found.slopes[0, :, 1, 0] == pytest.approx(2 * t * np.exp(0.6 * t), rel=1e-6)
    assert found.slopes[0, :, 2, 0] == pytest.approx(np.ones(3))


def test_a_steady_state(tiny: ReadTiny) -> None:
    """Reference: synthesis against decay rests at s / k, so its slopes are 1 / k and -s / k^2, before and after time 0."""
    found = solved(tiny(TURNOVER), Member(), [0.0, 3.0], ["A"], ["s", "k"])
    assert found.slopes[0, :, 0] == pytest.approx(np.tile([0.25, -0.125], (2, 1)), rel=1e-8)


def test_a_steady_state_with_a_conserved_sum(tiny: ReadTiny) -> None:
    """Reference: A and B rest at shares l and k of their sum of 4, whose matrix has no inverse."""
    found = solved(tiny(PAIR), Member(), [0.0], ["A", "B"], ["k", "l"])
    k, back, total = 2.0, 0.5, 4.0
    slopes = np.array([[-back, k], [back, -k]]) * total / (k + back) ** 2
    assert found.slopes[0, 0] == pytest.approx(slopes, rel=1e-8)


def test_a_phase_that_sets_the_constant_takes_its_slope(tiny: ReadTiny) -> None:
    """Reference: settled at s / k and then run with another k, only what was settled still depends on the constant k."""
    changed = Member(periods=(Period(0.0, {"k": 1.0}),))
    found = solved(tiny(TURNOVER), changed, [0.0, 2.0], ["A", "k"], ["k"])
    assert found.slopes[0, :, 0, 0] == pytest.approx(-0.125 * np.exp([0.0, -2.0]), rel=1e-6)
    assert found.slopes[0, :, 1, 0].tolist() == [0.0, 0.0]


def test_a_restarted_state_forgets(tiny: ReadTiny) -> None:
    """Reference: a state set to a value has no slope at that moment, and afterwards that of a fresh run."""
    found = solved(tiny(TURNOVER), Member(restart={"A": 0.0}), [0.0, 0.5], ["A"], ["s"])
    assert found.slopes[0, :, 0, 0] == pytest.approx([0.0, (1 - np.exp(-2.0)) / 4], rel=1e-6)


def test_a_power_of_nothing(tiny: ReadTiny) -> None:
    """Reference: A^n by n where A starts at 0 is a number: the slope of B against differences of an integral in closed form."""
    model = tiny(HILL)
    found = solved(model, Member(restart={"A": 0.0, "B": 0.0}), [0.0, 2.0], ["B"], ["n", "s"])
    assert np.isfinite(found.slopes).all()
    t = np.linspace(0.0, 2.0, 200_001)
    wanted = [np.trapezoid((t**n) / (1 + t**n), t) for n in (2.5 + 1e-5, 2.5 - 1e-5)]
    assert found.slopes[0, 1, 0, 0] == pytest.approx((wanted[0] - wanted[1]) / 2e-5, rel=1e-5)


# differences of runs


def along(system: System, drawn: list[int], end: float, relative: float, directions: int = 3) -> tuple[Array, Array]:
    """States and their slopes by the logarithm of some constants at 11 times, shapes `(time, state)` and with a parameter."""
    base, start = (np.array(list(one.values())) for one in (system.constants, system.initial))
    groups = -(-len(drawn) // directions)
    constants, states = (np.zeros((groups, 1 + directions, len(one))) for one in (base, start))
    constants[:, 0], states[:, 0] = base, start
    for number, place in enumerate(drawn):
        constants[number // directions, 1 + number % directions, place] = base[place]
    rows = [one.reshape(groups, -1) for one in (constants, states)]
    plan = Plan(*rows, np.zeros(groups), np.full(groups, end), [np.linspace(0.0, end, 11)] * groups)
    control = Control(relative=relative, absolute=relative * 1e-6 * float(np.max(start)))
    seen = Lanes(system, directions=directions).run(plan, control).seen.reshape(groups, 11, 1 + directions, len(start))
    slopes = np.moveaxis(seen[:, :, 1:], (0, 2), (2, 3)).reshape(11, len(start), -1)
    return seen[0, :, 0], slopes[..., : len(drawn)]


def by_differences(system: System, drawn: list[int], end: float, step: float = 1e-4) -> Array:
    """The same slopes from central differences of tight runs."""
    base, start = (np.array(list(one.values())) for one in (system.constants, system.initial))
    constants = np.tile(base, (2 * len(drawn), 1))
    for number, place in enumerate(drawn):
        constants[2 * number : 2 * number + 2, place] *= np.exp([step, -step])
    many = len(constants)
    plan = Plan(constants, np.tile(start, (many, 1)), np.zeros(many), np.full(many, end), [np.linspace(0.0, end, 11)] * many)
    seen = Lanes(system).run(plan, Control(relative=1e-12, absolute=1e-18 * float(np.max(start)))).seen.reshape(many, 11, -1)
    return np.moveaxis((seen[0::2] - seen[1::2]) / (2 * step), 0, 2)


def suite_system(case: str) -> System:
    """A model of the semantic test suite."""
    archive = SHARED / "sbml_test_suite" / "semantic_even.zip"
    if not archive.exists():
        pytest.skip("the shared folder with the test suite is not there")
    with zipfile.ZipFile(archive) as whole:
        name = next(one for one in whole.namelist() if one.endswith((f"{case}-sbml-l3v2.xml", f"{case}-sbml-l3v1.xml")))
        return read_system(whole.read(name).decode(), where=case)


def compared(system: System, end: float) -> float:
    """The largest difference between slopes and differences of runs, against the largest slope."""
    drawn = [place for place, value in enumerate(system.constants.values()) if value][:40]
    _, slopes = along(system, drawn, end, 1e-8)
    differences = by_differences(system, drawn, end)
    return float(np.abs(slopes - differences).max() / np.abs(differences).max())


@pytest.mark.parametrize("name", PETAB)
def test_models_of_the_benchmark_collection(name: str, petab: ReadPetab) -> None:
    """Reference: central differences of tight runs, to 1e-5 of the largest slope."""
    assert compared(petab(name), PETAB[name]) < 1e-5


@pytest.mark.parametrize("case", [case for case in SUITE if int(case) % 2 == 0])
def test_models_of_the_semantic_suite(case: str) -> None:
    """Reference: central differences of tight runs, to 1e-5 of the largest slope."""
    assert compared(suite_system(case), 5.0) < 1e-5


@pytest.mark.parametrize(("context", "drugs"), [("MCF-7", {"OHT": 100.0}), ("MCF7-TamR", {"rapamycin": 20.0}), ("BT-474", {})])
def test_the_shipped_model_settled_and_dosed(context: str, drugs: Mapping[str, float]) -> None:
    """Reference: differences of runs that each settle anew, to 1e-5 of the largest slope of each quantity.

    Both settle until nothing drifts faster than 1e-10 per hour, which in a difference over 2e-3 leaves about 1e-6.
    """
    model, quantities, times, step = read_model(), ["pRB", "AKT_pS473", "S6_p", "cells", "PR"], [0.0, 24.0, 72.0], 1e-3
    quantities = [one for one in quantities if one in {*model.states, *system_of(model).assigned}]
    one = as_member(Experiment(read_context(context)))
    member = replace(one, periods=(*one.periods, Period(24.0, drugs)))
    parameters = ["k_deg_HER2", "PTEN_dose", "w_HER2_PI3K", "k_AKT", "K_PIP3_AKT", "k_on_SERM", "RB1_dose", "n_PIP3_AKT"]
    found = solved(model, member, times, quantities, parameters)
    values = {name: {**model.constants, **member.constants}[name] for name in parameters}
    moved = [
        replace(member, constants={**member.constants, name: value * np.exp(sign * step)})
        for name, value in values.items()
        for sign in (1, -1)
    ]
    seen = Solver(model).solve(moved, times_h=times, quantities=quantities).values
    differences = np.moveaxis((seen[0::2] - seen[1::2]) / (2 * step), 0, 2)
    slopes = found.slopes[0] * np.array(list(values.values()))
    largest = np.abs(differences).max(axis=(0, 2), keepdims=True)
    assert (np.abs(slopes - differences) < 1e-5 * largest + 3e-6 * np.abs(differences).max()).all()


# promises


def test_values_are_those_without_slopes() -> None:
    """Law: whoever is differentiated is solved to the same last bit as who is not."""
    model, member = read_model(), as_member(Experiment(read_context("T47D")))
    quantities = list(model.states)[:30]
    plain = Solver(model).solve([member], times_h=[0.0, 48.0], quantities=quantities)
    found = solved(model, member, [0.0, 48.0], quantities, ["k_AKT"])
    assert np.array_equal(plain.values, found.values)


def test_slopes_do_not_depend_on_their_company() -> None:
    """Law: the same slope to the last bit with other parameters, in another order, and beside other members."""
    model = read_model()
    members = [as_member(Experiment(read_context(name))) for name in ("MCF-7", "T47D", "BT-474")]
    names, solver = ["k_AKT", "k_S6K", "PTEN_dose", "k_RB", "k_deg_HER2", "w_HER2_PI3K"], GradientSolver(model)
    together = solver.solve(members, times_h=[24.0], quantities=["AKT_pS473", "cells"], parameters=names)
    alone = solver.solve(members[1:2], times_h=[24.0], quantities=["AKT_pS473", "cells"], parameters=names[::-1])
    assert np.array_equal(together.slopes[1], alone.slopes[0, ..., ::-1])


def test_a_failed_member_has_no_slopes(tiny: ReadTiny) -> None:
    """Law: who does not settle is data: an outcome, and no number; its neighbour is as it would be alone."""
    model = tiny(GROWTH)
    found = GradientSolver(model).solve(
        [Member(constants={"k": 0.03}), Member(restart={"A": 1.0})], times_h=[0.0, 1.0], quantities=["A"], parameters=["k"]
    )
    assert found.outcomes == (Outcome.NO_STEADY_STATE, Outcome.FINISHED)
    assert np.isnan(found.slopes[0]).all()
    assert found.slopes[1, 1, 0, 0] == pytest.approx(np.exp(0.3), rel=1e-6)


def test_no_parameters(tiny: ReadTiny) -> None:
    """Law: with nothing to differentiate by there are values and an empty axis."""
    found = solved(tiny(TURNOVER), Member(), [0.0], ["A"], [])
    assert found.slopes.shape == (1, 1, 1, 0)
    assert found.values[0, 0, 0] == pytest.approx(0.5)


def test_a_constant_that_is_not_there(tiny: ReadTiny) -> None:
    """Refusal: the parameter is named."""
    with pytest.raises(ModelError, match="this model has no constant 'q'"):
        solved(tiny(TURNOVER), Member(), [0.0], ["A"], ["k", "q"])
