"""Triggers of the time alone: stops known beforehand are those that are searched for, and as good as pieces of a run."""

from __future__ import annotations

import math

import antimony
import numpy as np
import pytest

from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System
from tamarisk.simulation.clocks import alarms
from tamarisk.simulation.happenings import Course, Happenings
from tamarisk.simulation.lanes import Control, Lanes, Plan

TIGHT = Control(1e-9, 1e-12)
MOVES = "x = 10; k = 0.3; x' = -k * x; n = 0; when = -1; "
# each trigger twice: as it is known, and as a difference, exact near 0, which has to be searched for; and how often it fires
TRIGGERS = {
    "at a constant": ("at (time >= a)", "at (time - a >= 0)", 1),
    "after a constant": ("at (time > a)", "at (time - a > 0)", 1),
    "said the other way round": ("at (a <= time)", "at (0 <= time - a)", 1),
    "passed, said the other way round": ("at (a < time)", "at (0 < time - a)", 1),
    "a formula of constants": ("at (time >= 2 * a + b / 3)", "at (time - (2 * a + b / 3) >= 0)", 1),
    "between two": ("at (time >= a && time < b)", "at (time - a >= 0 && time - b < 0)", 1),
    "outside of two": ("at (time < a || time > b), t0 = true", "at (time - a < 0 || time - b > 0), t0 = true", 1),
    "not before": ("at (!(time < a))", "at (!(time - a < 0))", 1),
    "as the events before it say": ("b = a; at (time >= b)", "b = a; at (time - b >= 0)", 4),
    "with a delay": ("at k after (time >= a)", "at k after (time - a >= 0)", 1),
    "called off": (
        "at 1.8 after (time >= a && time <= b), persistent = false",
        "at 1.8 after (time - a >= 0 && time - b <= 0), persistent = false",
        0,
    ),
}


def made(body: str) -> System:
    """The system of an Antimony module."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(f"model tiny()\n{body}\nend") >= 0, antimony.getLastError()
    return read_system(antimony.getSBMLString("tiny"))


def run(system: System, times: list[float], members: int = 1) -> Course:
    """Members of a system, the constant a of each a tenth larger than that of the last."""
    names, many = list(system.constants), np.ones((members, 1))
    constants = many * list(system.constants.values())
    if "a" in names:
        constants[:, names.index("a")] *= 1.1 ** np.arange(members)
    begin = np.zeros(members)
    plan = Plan(constants, many * list(system.initial.values()), begin, begin + times[-1], [np.array(times)] * members)
    return Happenings(system, 1).run(plan, TIGHT)


@pytest.mark.parametrize("what", TRIGGERS)
def test_known_stops_are_those_that_are_searched_for(what: str) -> None:
    """Law: both carry out as many events, at the same moments to the last bit; what moves is the same to the tolerance."""
    known, searched, times = TRIGGERS[what]
    does = ": x = x + 1, n = n + 1, when = time" + (", b = b + 0.7;" if "b = a" in known else ";")
    numbers = MOVES + ("a = 1.3; " if "b = a" in known else "a = 1.3; b = 2.9; ")
    first, second = made(f"{numbers}{known}{does}"), made(f"{numbers}{searched}{does}")
    assert alarms(second) == [None]
    assert alarms(first) != [None]
    one, other = run(first, [0.0, 0.9, 4.1], 3), run(second, [0.0, 0.9, 4.1], 3)
    n, when, x = (first.states.index(name) for name in ("n", "when", "x"))
    assert one.end[0, n] == times
    assert np.array_equal(one.end[:, [n, when]], other.end[:, [n, when]])
    assert one.end[:, x] == pytest.approx(other.end[:, x], rel=1e-7)


def test_nothing_is_watched() -> None:
    """Law: doses at known times are a run in pieces, to the last bit: as many steps, and no condition in the lanes."""
    body, doses, end = "x = 0; y = 0; k = 1.2; l = 0.4; x' = -k * x; y' = k * x - l * y;", [1.0, 1.9, 3.3], 5.0
    dosed = made(body + "".join(f"at (time >= {time}): x = x + 2;" for time in doses))
    found = run(dosed, [end])
    assert Happenings(dosed, 1).core.events == ()
    pieces, state, steps = Lanes(made(body), 1), np.zeros((1, 2)), 0
    constants = np.array([list(dosed.constants.values())])
    for begin, until in zip([0.0, *doses], [*doses, end], strict=True):
        state[:, pieces.source.states.index("x")] += 2.0 if begin else 0.0
        piece = pieces.run(Plan(constants, state, np.array([begin]), np.array([until]), [np.zeros(0)]), TIGHT)
        state, steps = piece.end, steps + int(piece.steps[0])
    order = [dosed.states.index(name) for name in pieces.source.states]
    assert np.array_equal(found.end[:, order], state)
    assert found.steps[0] == steps


def test_a_clock_that_sets_itself() -> None:
    """Reference: the n-th interval is n p, so that it rings at p, 3 p, 6 p, ...; seen at the moment it has rung."""
    p, rings = 0.1, [1, 3, 6, 10, 15]
    system = made(f"n = 0; p = {p}; next = p; x = 0; x' = 1; at (time >= next): n = n + 1, next = next + (n + 2) * p;")
    times = [time for ring in rings for time in (ring * p - 1e-6, ring * p + 1e-6)]
    course = run(system, times)
    assert course.seen[:, system.quantities.index("n")].tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert course.stops[0] == len(rings) + 1


@pytest.mark.parametrize(
    "trigger", ["time == a", "floor(time) > a", "x < a", "time > a * x", "2 * time > a", "time > a && x < 1", "w > 0"]
)
def test_others_are_searched_for(trigger: str) -> None:
    """Law: whatever may change at other times than those of a comparison of the time is left to the lanes."""
    system = made(f"x = 10; k = 0.3; x' = -k * x; a = 1.3; w := time - a; n = 0; at ({trigger}): n = n + 1;")
    assert alarms(system) == [None]
    assert Happenings(system, 1).core.events == system.events


def test_a_rule_of_the_time_is_read() -> None:
    """Law: a rule that compares the time is known too; a state that has its own rate is no known time."""
    start = "x = 1; a = 2; x' = 1; n = 0;"
    assert alarms(made(f"{start} late := piecewise(1, time >= a, 0); at (late > 0.5): n = n + 1;")) != [None]
    assert alarms(made(f"{start} at (time >= x + a): n = n + 1;")) == [None]


def test_no_number_is_no_time() -> None:
    """Law: a time that is no number, or infinite, or over, never comes, as the comparison says."""
    for number in ("0 / 0", "1 / 0", "-1"):
        system = made(f"x = 1; k = 1; x' = -k * x; z = 0; a := z + {number}; at (time >= a): x = x + 5;")
        assert run(system, [0.0, 2.0]).seen[1, 0] == pytest.approx(math.exp(-2.0), rel=1e-7)
