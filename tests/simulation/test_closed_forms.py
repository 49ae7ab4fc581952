"""Both integrators, the lanes and the careful one: against closed forms of small systems."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.linalg import expm
from scipy.special import lambertw

from tamarisk.model.model import Model
from tamarisk.model.system import system_of
from tamarisk.simulation.batch import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE
from tamarisk.simulation.events import solve_system
from tamarisk.simulation.lanes import Batch, Control, Lanes, Plan
from tamarisk.simulation.rosenbrock import FINISHED, NOT_FINITE, SETTLED

LAW = settings(deadline=None, max_examples=40, derandomize=True)
CLOSE = 3e-6  # the integrator aims at 1e-7 per step; over a run that adds up to some 1e-6

ReadTiny = Callable[[str], Model]
Solved = Callable[[Model, Sequence[float], Sequence[float], Sequence[float]], np.ndarray]

DECAY = "  substanceOnly species A in cell; A = 1; k = 1; decay: A -> ; k * A;"
BINDING = """
  substanceOnly species A in cell, B in cell, C in cell;
  A = 1; B = 1; C = 0; k_on = 1; k_off = 1;
  binding: A + B -> C; k_on * A * B - k_off * C;
"""
MICHAELIS = """
  substanceOnly species S in cell, P in cell;
  S = 1; P = 0; V = 1; K = 1;
  turnover: S -> P; V * S / (K + S);
"""
TURNOVER = "  substanceOnly species A in cell; A = 1; s = 1; k = 1; synthesis: -> A; s; decay: A -> ; k * A;"
GROWTH = f"{TURNOVER}\n  substanceOnly species cells in cell; cells = 1; growth: -> cells; 0.02 * cells;"
PREY = """
  substanceOnly species prey in cell, hunter in cell;
  prey = 1; hunter = 2; k = 0.3;
  birth: -> prey; k * prey; eaten: prey -> ; k * prey * hunter; bred: -> hunter; k * prey * hunter; death: hunter -> ; k * hunter;
"""
EXPLOSION = "  substanceOnly species A in cell; A = 1; k = 1; growth: -> A; k * A^2;"


def by_lanes(model: Model, state: Sequence[float], constants: Sequence[float], times: Sequence[float]) -> np.ndarray:
    """States at times, from the compiled lanes."""
    batch = run(model, state, constants, times)
    assert batch.outcomes.tolist() == [FINISHED]
    return batch.seen


def carefully(model: Model, state: Sequence[float], constants: Sequence[float], times: Sequence[float]) -> np.ndarray:
    """States at times, from the careful integrator."""
    system = system_of(model)
    given = dict(zip(system.constants, constants, strict=True)), dict(zip(system.states, map(float, state), strict=True))
    known = solve_system(replace(system, constants=given[0], initial=given[1]), times)
    return np.column_stack([known[name] for name in system.states])


def run(model: Model, state: Sequence[float], constants: Sequence[float], times: Sequence[float], *, calm: float = 0.0) -> Batch:
    """One member on one lane, at the tolerances that the house runs with."""
    arrays = (np.array(one, dtype=float).reshape(1, -1) for one in (constants, state))
    plan = Plan(*arrays, np.zeros(1), np.array([times[-1]]), [np.array(times)])
    return Lanes(system_of(model), 1).run(plan, Control(RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE, calm=calm))


both = pytest.mark.parametrize("solved", [by_lanes, carefully])


# closed forms


@both
@LAW
@given(k=some.floats(1e-3, 50.0), start=some.floats(1e-3, 1e3))
def test_decay(tiny: ReadTiny, solved: Solved, k: float, start: float) -> None:
    """Reference: first-order decay is an exponential."""
    times = np.array([0.0, 0.3, 1.0, 3.0]) / k
    states = solved(tiny(DECAY), [start], [k], times)
    assert states[:, 0] == pytest.approx(start * np.exp(-k * times), rel=CLOSE)


@both
@LAW
@given(a=some.floats(0.1, 10.0), b=some.floats(0.1, 10.0), k_on=some.floats(0.01, 10.0), k_off=some.floats(0.01, 10.0))
def test_reversible_binding(tiny: ReadTiny, solved: Solved, a: float, b: float, k_on: float, k_off: float) -> None:
    """Reference: two partners and their complex follow the closed form of the Riccati equation, and keep both totals."""
    sum_of_roots = a + b + k_off / k_on
    gap = math.sqrt(sum_of_roots**2 - 4 * a * b)
    low, high = (sum_of_roots - gap) / 2, (sum_of_roots + gap) / 2
    times = np.array([0.0, 0.1, 0.5, 2.0, 10.0])
    left = np.exp(-k_on * gap * times)
    states = solved(tiny(BINDING), [a, b, 0.0], [k_on, k_off], times)
    assert states[:, 2] == pytest.approx(low * high * (1 - left) / (high - low * left), rel=1e-5, abs=1e-8)
    assert states[:, 0] + states[:, 2] == pytest.approx(np.full(5, a), rel=1e-9)
    assert states[:, 1] + states[:, 2] == pytest.approx(np.full(5, b), rel=1e-9)


@both
@LAW
@given(start=some.floats(0.01, 100.0), V=some.floats(0.1, 10.0), K=some.floats(0.2, 20.0))
def test_michaelis_menten(tiny: ReadTiny, solved: Solved, start: float, V: float, K: float) -> None:
    """Reference: substrate follows Lambert's W (Schnell and Mendoza 1997), and substrate with product is conserved."""
    times = np.array([0.0, 0.2, 0.6, 1.0, 1.5]) * start / V
    left = K * lambertw(start / K * np.exp((start - V * times) / K)).real
    states = solved(tiny(MICHAELIS), [start, 0.0], [V, K], times)
    assert states[:, 0] == pytest.approx(left, rel=CLOSE, abs=CLOSE * start)  # errors made early, at much substrate, stay
    assert states.sum(axis=1) == pytest.approx(np.full(5, start), rel=1e-9)


@both
def test_a_linear_cascade(tiny: ReadTiny, solved: Solved) -> None:
    """Reference: a cascade of four steps with a way back is a matrix exponential."""
    model = tiny("""
      substanceOnly species A in cell, B in cell, C in cell, D in cell; A = 1; B = 0; C = 0; D = 0;
      J1: A -> B; 0.7 * A; J2: B -> C; 3 * B; J3: C -> D; 0.05 * C; J4: D -> A; 0.2 * D;
    """)
    flow = np.array([[-0.7, 0, 0, 0.2], [0.7, -3, 0, 0], [0, 3, -0.05, 0], [0, 0, 0.05, -0.2]])
    times = np.array([0.0, 0.1, 1.0, 10.0, 100.0])
    states = solved(model, [1.0, 0, 0, 0], [], times)
    assert states == pytest.approx(np.array([expm(flow * time)[:, 0] for time in times]), rel=CLOSE, abs=1e-9)


@both
def test_a_stiff_pair(tiny: ReadTiny, solved: Solved) -> None:
    """Reference: rates five decades apart, a microsecond beside an hour, do not spoil the slow one."""
    model = tiny("  substanceOnly species A in cell, B in cell; A = 1; B = 1; J1: A -> ; 1e5 * A; J2: B -> ; 0.5 * B;")
    states = solved(model, [1.0, 1.0], [], [0.0, 1.0, 5.0])
    assert states[:, 1] == pytest.approx(np.exp([0.0, -0.5, -2.5]), rel=CLOSE)
    assert abs(states[1:, 0]).max() < 1e-8


@both
@LAW
@given(times=some.lists(some.floats(0.01, 9.9), min_size=1, max_size=8, unique=True))
def test_the_grid_does_not_matter(tiny: ReadTiny, solved: Solved, times: list[float]) -> None:
    """Law: what is read at the end does not depend on when else one looked."""
    model, start, constants = tiny(BINDING), [3.0, 2.0, 0.5], [0.4, 0.7]
    plain = solved(model, start, constants, [0.0, 10.0])
    looked = solved(model, start, constants, [0.0, *sorted(times), 10.0])
    assert looked[-1] == pytest.approx(plain[-1], rel=CLOSE)


# settling


@LAW
@given(s=some.floats(1e-3, 100.0), k=some.floats(0.01, 10.0), start=some.floats(0.0, 100.0))
def test_settling_forgets_the_start(tiny: ReadTiny, s: float, k: float, start: float) -> None:
    """Reference: synthesis against decay settles at their ratio, from wherever it starts."""
    batch = run(tiny(TURNOVER), [start], [s, k], [1e4], calm=1e-10)
    assert batch.outcomes.tolist() == [SETTLED]
    assert batch.end[0, 0] == pytest.approx(s / k, rel=CLOSE)


def test_an_oscillation_does_not_settle(tiny: ReadTiny) -> None:
    """Law: hunters and prey that chase each other for ever reach the end of the time they are given, not a steady state."""
    assert run(tiny(PREY), [1.0, 2.0], [0.3], [2000.0], calm=1e-10).outcomes.tolist() == [FINISHED]


# failures


def test_an_explosion_is_reported(tiny: ReadTiny) -> None:
    """Law: x' = x² leaves every bound at t = 1; up to then it is 1/(1 - t), beyond it the run is told to have failed."""
    assert by_lanes(tiny(EXPLOSION), [1.0], [1.0], [0.0, 0.5, 0.75])[:, 0] == pytest.approx([1.0, 2.0, 4.0], rel=1e-5)
    assert run(tiny(EXPLOSION), [1.0], [1.0], [0.0, 2.0]).outcomes.tolist() == [NOT_FINITE]


def test_an_undefined_constant_is_reported(tiny: ReadTiny) -> None:
    """Law: a rate that is no number ends the run as such, and the next run of the same code is sound."""
    assert run(tiny(DECAY), [1.0], [math.nan], [0.0, 1.0]).outcomes.tolist() == [NOT_FINITE]
    assert by_lanes(tiny(DECAY), [1.0], [1.0], [0.0, 1.0])[-1, 0] == pytest.approx(math.exp(-1), rel=CLOSE)
