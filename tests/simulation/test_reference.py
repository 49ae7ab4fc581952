"""The plain integrator: against closed forms of small systems."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.linalg import expm
from scipy.special import lambertw

from tamarisk.model.model import Model
from tamarisk.simulation.native import compile_model
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.reference import Integrator

LAW = settings(deadline=None, max_examples=40, derandomize=True)
CLOSE = 3e-6  # the integrator aims at 1e-7 per step; over a run that adds up to some 1e-6

ReadTiny = Callable[[str], Model]

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


def integrator(model: Model) -> Integrator:
    """The integrator of a model."""
    return Integrator(compile_model(model))


def unchanged(state: np.ndarray) -> np.ndarray:
    """Nothing is set back while it settles."""
    return state.copy()


# closed forms


@LAW
@given(k=some.floats(1e-3, 50.0), start=some.floats(1e-3, 1e3))
def test_decay(tiny: ReadTiny, k: float, start: float) -> None:
    """Reference: first-order decay is an exponential."""
    times = np.array([0.0, 0.3, 1.0, 3.0]) / k
    states, outcome = integrator(tiny(DECAY)).run(np.array([start]), np.array([k]), times)
    assert outcome is Outcome.FINISHED
    assert states[:, 0] == pytest.approx(start * np.exp(-k * times), rel=CLOSE)


@LAW
@given(a=some.floats(0.1, 10.0), b=some.floats(0.1, 10.0), k_on=some.floats(0.01, 10.0), k_off=some.floats(0.01, 10.0))
def test_reversible_binding(tiny: ReadTiny, a: float, b: float, k_on: float, k_off: float) -> None:
    """Reference: two partners and their complex follow the closed form of the Riccati equation, and keep both totals."""
    sum_of_roots = a + b + k_off / k_on
    gap = math.sqrt(sum_of_roots**2 - 4 * a * b)
    low, high = (sum_of_roots - gap) / 2, (sum_of_roots + gap) / 2
    times = np.array([0.0, 0.1, 0.5, 2.0, 10.0])
    left = np.exp(-k_on * gap * times)
    states, _ = integrator(tiny(BINDING)).run(np.array([a, b, 0.0]), np.array([k_on, k_off]), times)
    assert states[:, 2] == pytest.approx(low * high * (1 - left) / (high - low * left), rel=1e-5, abs=1e-8)
    assert states[:, 0] + states[:, 2] == pytest.approx(np.full(5, a), rel=1e-9)
    assert states[:, 1] + states[:, 2] == pytest.approx(np.full(5, b), rel=1e-9)


@LAW
@given(start=some.floats(0.01, 100.0), V=some.floats(0.1, 10.0), K=some.floats(0.2, 20.0))
def test_michaelis_menten(tiny: ReadTiny, start: float, V: float, K: float) -> None:
    """Reference: substrate follows Lambert's W (Schnell and Mendoza 1997), and substrate with product is conserved."""
    times = np.array([0.0, 0.2, 0.6, 1.0, 1.5]) * start / V
    left = K * lambertw(start / K * np.exp((start - V * times) / K)).real
    states, _ = integrator(tiny(MICHAELIS)).run(np.array([start, 0.0]), np.array([V, K]), times)
    assert states[:, 0] == pytest.approx(left, rel=CLOSE, abs=CLOSE * start)  # errors made early, at much substrate, stay
    assert states.sum(axis=1) == pytest.approx(np.full(5, start), rel=1e-9)


def test_a_linear_cascade(tiny: ReadTiny) -> None:
    """Reference: a cascade of four steps with a way back is a matrix exponential."""
    model = tiny("""
      substanceOnly species A in cell, B in cell, C in cell, D in cell; A = 1; B = 0; C = 0; D = 0;
      J1: A -> B; 0.7 * A; J2: B -> C; 3 * B; J3: C -> D; 0.05 * C; J4: D -> A; 0.2 * D;
    """)
    flow = np.array([[-0.7, 0, 0, 0.2], [0.7, -3, 0, 0], [0, 3, -0.05, 0], [0, 0, 0.05, -0.2]])
    times = np.array([0.0, 0.1, 1.0, 10.0, 100.0])
    states, _ = integrator(model).run(np.array([1.0, 0, 0, 0]), np.zeros(0), times)
    assert states == pytest.approx(np.array([expm(flow * time)[:, 0] for time in times]), rel=CLOSE, abs=1e-9)


def test_a_stiff_pair(tiny: ReadTiny) -> None:
    """Reference: rates five decades apart, a microsecond beside an hour, do not spoil the slow one."""
    model = tiny("  substanceOnly species A in cell, B in cell; A = 1; B = 1; J1: A -> ; 1e5 * A; J2: B -> ; 0.5 * B;")
    states, _ = integrator(model).run(np.ones(2), np.zeros(0), [0.0, 1.0, 5.0])
    assert states[:, 1] == pytest.approx(np.exp([0.0, -0.5, -2.5]), rel=CLOSE)
    assert abs(states[1:, 0]).max() < 1e-8


@LAW
@given(times=some.lists(some.floats(0.01, 9.9), min_size=1, max_size=8, unique=True))
def test_the_grid_does_not_matter(tiny: ReadTiny, times: list[float]) -> None:
    """Law: what is read at the end does not depend on when else one looked."""
    one = integrator(tiny(BINDING))
    start, constants = np.array([3.0, 2.0, 0.5]), np.array([0.4, 0.7])
    plain, _ = one.run(start, constants, [0.0, 10.0])
    looked, _ = one.run(start, constants, [0.0, *sorted(times), 10.0])
    assert looked[-1] == pytest.approx(plain[-1], rel=CLOSE)


# settling


@LAW
@given(s=some.floats(1e-3, 100.0), k=some.floats(0.01, 10.0), start=some.floats(0.0, 100.0))
def test_settling_forgets_the_start(tiny: ReadTiny, s: float, k: float, start: float) -> None:
    """Reference: synthesis against decay settles at their ratio, from wherever it starts."""
    state, outcome = integrator(tiny(TURNOVER)).settle(np.array([start]), np.array([s, k]), unchanged)
    assert outcome is Outcome.FINISHED
    assert state[0] == pytest.approx(s / k, rel=CLOSE)


def test_what_grows_need_not_settle(tiny: ReadTiny) -> None:
    """Law: cells that are set back may grow for ever while the rest settles; left alone they never do."""
    one = integrator(tiny(GROWTH))

    def set_back(state: np.ndarray) -> np.ndarray:
        return np.array([state[0], 1.0])

    state, outcome = one.settle(np.array([9.0, 1.0]), np.array([2.0, 0.5]), set_back)
    assert outcome is Outcome.FINISHED
    assert state.tolist() == pytest.approx([4.0, 1.0], rel=CLOSE)
    _, left_alone = one.settle(np.array([9.0, 1.0]), np.array([2.0, 0.5]), unchanged)
    assert left_alone is not Outcome.FINISHED


def test_an_oscillation_does_not_settle(tiny: ReadTiny) -> None:
    """Law: hunters and prey that chase each other for ever have no steady state, and the state handed back is no number."""
    state, outcome = integrator(tiny(PREY)).settle(np.array([1.0, 2.0]), np.array([0.3]), unchanged)
    assert outcome is Outcome.NO_STEADY_STATE
    assert np.isnan(state).all()


# failures


def test_an_explosion_is_reported(tiny: ReadTiny) -> None:
    """Law: x' = x² leaves every bound at t = 1; up to then it is 1/(1 - t), beyond it the run has failed and says nothing."""
    one = integrator(tiny(EXPLOSION))
    before, outcome = one.run(np.array([1.0]), np.array([1.0]), [0.0, 0.5, 0.75])
    assert outcome is Outcome.FINISHED
    assert before[:, 0] == pytest.approx([1.0, 2.0, 4.0], rel=1e-5)
    beyond, outcome = one.run(np.array([1.0]), np.array([1.0]), [0.0, 0.5, 2.0])
    assert outcome in {Outcome.TOO_STIFF, Outcome.NOT_FINITE}
    assert np.isnan(beyond).all()


def test_an_undefined_constant_is_reported(tiny: ReadTiny) -> None:
    """Law: a rate that is no number ends the run as such, and the next run of the same machine is sound."""
    one = integrator(tiny(DECAY))
    states, outcome = one.run(np.array([1.0]), np.array([math.nan]), [0.0, 1.0])
    assert outcome is Outcome.NOT_FINITE
    assert np.isnan(states).all()
    again, outcome = one.run(np.array([1.0]), np.array([1.0]), [0.0, 1.0])
    assert outcome is Outcome.FINISHED
    assert again[-1, 0] == pytest.approx(math.exp(-1), rel=CLOSE)
