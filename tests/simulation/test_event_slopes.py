"""Slopes through events and conditions: closed forms, and differences of runs."""

from __future__ import annotations

import math
from collections.abc import Callable

import antimony
import numpy as np
import pytest

from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System
from tamarisk.simulation.event_slopes import HappeningSlopes
from tamarisk.simulation.happenings import Happenings
from tamarisk.simulation.lanes import Control, Plan

TIGHT = Control(1e-10, 1e-13)
SlopeError = Callable[..., float]
BODIES = {
    "a ball that bounces": "h = 1; v = 0; g = 9.81; r = 0.8; h' = v; v' = -g; at (h < 0): v = -r * v;",
    "doses given when too little is left": "x = 10; k = 0.3; low = 4; dose = 10; x' = -k * x; at (x < low): x = x + dose;",
    "a thermostat": "x = 0.4; on = 1; k = 1; top = 0.6; x' = k * (on - x); up: at (x > top): on = 0; down: at (x < 0.4): on = 1;",
    "a rate that jumps with the state": "x = 0; a = 1; b = 0.7; c = 3; x' = piecewise(a, x < b, c);",
    "a rate that jumps with time": "x = 2; on = 1.3; k = 0.5; l = 2; x' = piecewise(-k * x, time < on, -l * x);",
    "a rule that jumps": "x = 1; k = 0.8; q = 0.4; w := piecewise(2, x > q, 5); x' = -k * x * w;",
    "two conditions at once": "x = 0; y = 1; k = 1; p = 0.5; q = 2; x' = k; y' = -p; at (x > 0.4 && y < 0.5): y = y + q * x;",
    "one event sets off another": "x = 0; y = 0; k = 1; m = 3; x' = k; y' = x; at (x > 1): y = m * y; at (y > 1.2): x = x / m;",
    "two events at one time": "x = 1; k = 2; l = 5; x' = -x; a: at (time > 1), priority = 2: x = k * x; "
    "b: at (time > 1), priority = 1: x = x + l;",
    "a dose at a time": "x = 0; when = 1.2; much = 3; k = 0.7; x' = -k * x; at (time > when): x = x + much;",
    "the smaller of two": "x = 0; k = 1; c = 0.6; x' = min(k, c + x - 0.5 * x);",
    "steps of whole numbers": "x = 0; k = 1.3; a = 0.2; x' = k + a * floor(2 * x);",
}


def made(body: str) -> System:
    """The system of an Antimony module."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(f"model tiny()\n{body}\nend") >= 0, antimony.getLastError()
    return read_system(antimony.getSBMLString("tiny"))


def plan(system: System, constants: np.ndarray, times: np.ndarray) -> Plan:
    """One member for every row of constants."""
    many = len(constants)
    start = np.tile(list(system.initial.values()), (many, 1))
    return Plan(constants, start, np.zeros(many), np.full(many, times[-1]), [times] * many)


@pytest.mark.parametrize("what", BODIES)
def test_slopes_are_those_of_runs(what: str, slope_error: SlopeError) -> None:
    """Reference: central differences, good to some 1e-6 here; between events, so that no output time lies on one."""
    times = np.array([0.0, 0.31, 0.77, 1.43, 2.9])
    assert slope_error(made(BODIES[what]), times) < 1e-5


def test_a_fall_and_a_rebound() -> None:
    """Reference: a ball falls until sqrt(2 h / g) and rises again at r times its speed; slopes of its height by g and r."""
    g, r, time = 9.81, 0.8, 0.7
    fall = math.sqrt(2 / g)
    gone, speed = time - fall, r * math.sqrt(2 * g)
    by_g = (0.5 * r * math.sqrt(2 / g)) * gone + speed * 0.5 * fall / g - 0.5 * gone**2 - g * gone * 0.5 * fall / g
    by_r = math.sqrt(2 * g) * gone
    system = made(BODIES["a ball that bounces"])
    found = HappeningSlopes(system, 1).run(plan(system, np.array([[g, r]]), np.array([time])), np.eye(2), TIGHT)
    height = system.quantities.index("h")
    assert found.slopes[0, height] == pytest.approx([by_g, by_r], rel=1e-7)


def test_the_members_are_those_without_slopes() -> None:
    """Law: members with slopes see what members without see, to the tolerance; they stop more often, at every condition."""
    system, times = made(BODIES["one event sets off another"]), np.array([0.5, 1.5, 2.5])
    constants = np.array([[1.0, 3.0], [1.1, 2.5], [0.7, 4.0]])
    plain = Happenings(system).run(plan(system, constants, times), TIGHT)
    sloped = HappeningSlopes(system).run(plan(system, constants, times), np.eye(2), TIGHT).course
    assert sloped.seen == pytest.approx(plain.seen, rel=1e-7)
    assert (sloped.stops >= plain.stops).all()


def test_slopes_do_not_depend_on_their_company() -> None:
    """Law: the same to the last bit alone, beside others, in wider lanes and with other directions."""
    system, times = made(BODIES["doses given when too little is left"]), np.array([1.0, 5.0, 9.0])
    constants = np.array([[0.3, 4.0, 10.0], [0.5, 3.0, 8.0], [0.2, 5.0, 6.0]])
    wide = HappeningSlopes(system).run(plan(system, constants, times), np.eye(3), TIGHT).slopes
    alone = HappeningSlopes(system, 1).run(plan(system, constants[1:2], times), np.eye(3)[[2, 0]], TIGHT).slopes
    assert np.array_equal(wide[3:6][:, :, [2, 0]], alone)


def test_no_directions() -> None:
    """Law: along nothing there are the members, and an empty axis."""
    system = made(BODIES["a dose at a time"])
    constants = np.array([list(system.constants.values())])
    found = HappeningSlopes(system, 1).run(plan(system, constants, np.array([2.0])), np.zeros((0, 3)), TIGHT)
    assert found.slopes.shape == (1, len(system.quantities), 0)
    assert found.course.seen[0, 0] == pytest.approx(3.0 * math.exp(-0.7 * 0.8), rel=1e-7)
