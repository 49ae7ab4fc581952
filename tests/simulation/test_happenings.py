"""Events through the lanes: closed forms, sameness in any company, agreement with the careful integrator, and ends."""

from __future__ import annotations

import math
from functools import cache

import antimony
import numpy as np
import pytest

from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System
from tamarisk.seeds import generator
from tamarisk.simulation.events import solve_system
from tamarisk.simulation.happenings import Course, Happenings
from tamarisk.simulation.lanes import Control, Plan
from tamarisk.simulation.outcome import Outcome

TIGHT = Control(1e-9, 1e-12)
CLOSE = {"rel": 1e-7, "abs": 1e-9}  # the error allowed in one step is 1e-9, and some hundred steps are made
BALL = "h = 1; v = 0; g = 9.81; r = 0.8; h' = v; v' = -g; at (h < 0): v = -r * v;"
DOSED = "x = 10; k = 0.3; dose = 10; n = 0; x' = -k * x; at (x < 4): x = x + dose, n = n + 1;"
THERMOSTAT = "x = 0.4; on = 1; k = 1; x' = k * (on - x); up: at (x > 0.6): on = 0; down: at (x < 0.4): on = 1;"


def made(body: str) -> System:
    """The system of an Antimony module."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(f"model tiny()\n{body}\nend") >= 0, antimony.getLastError()
    return read_system(antimony.getSBMLString("tiny"))


@cache
def model(body: str, lanes: int = 1) -> Happenings:
    """A compiled system."""
    return Happenings(made(body), lanes)


def one_run(body: str, times: list[float], control: Control = TIGHT, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Quantities of one member, which comes to its end."""
    happenings = model(body)
    run = happenings.run(plan_of(happenings, [times]), control, seed=seed)
    assert run.outcomes == (Outcome.FINISHED,)
    return dict(zip(happenings.system.quantities, run.seen.T, strict=True))


def plan_of(happenings: Happenings, times: list[list[float]], **drawn: list[float]) -> Plan:
    """One member for every list of times, with some constants of their own."""
    constants, start = (np.tile(np.array(one, dtype=float), (len(times), 1)) for one in happenings.begin())
    names = list(happenings.system.constants)
    for name, values in drawn.items():
        if name in names:
            constants[:, names.index(name)] = values
        else:
            start[:, happenings.system.states.index(name)] = values
    ends = np.array([one[-1] for one in times])
    return Plan(constants, start, np.zeros(len(times)), ends, [np.array(one) for one in times])


def same(one: Course, other: Course, members: list[int] | slice = slice(None)) -> bool:
    """Whether runs end alike to the last bit, some members of the first against all of the second."""
    numbers = all(np.array_equal(getattr(one, name)[members], getattr(other, name)) for name in ("end", "steps", "stops"))
    return numbers and tuple(np.array(one.outcomes)[members]) == other.outcomes


# closed forms


def test_a_ball_bounces() -> None:
    """Reference: falls of sqrt(2 h / g), each rebound r times as fast; the height halfway between two bounces is v^2 / 2 g."""
    g, r, h = 9.81, 0.8, 1.0
    speed, bounce, tops, heights = math.sqrt(2 * g * h), math.sqrt(2 * h / g), [0.0], [h]
    for _ in range(6):
        speed *= r
        tops.append(bounce + speed / g)
        heights.append(speed**2 / (2 * g))
        bounce += 2 * speed / g
    assert one_run(BALL, tops)["h"] == pytest.approx(heights, **CLOSE)


def test_a_dose_whenever_little_is_left() -> None:
    """Reference: from 10 to 4 it takes ln(10 / 4) / k, then from 14 to 4 ln(14 / 4) / k each time: a saw-tooth."""
    first, period = math.log(10 / 4) / 0.3, math.log(14 / 4) / 0.3
    begins = [0.0, *(first + turn * period for turn in range(5))]
    times = sorted([*(begin + 0.7 for begin in begins), *(begin + 2.5 for begin in begins)])
    last = [max(begin for begin in begins if begin <= time) for time in times]
    closed = [(14.0 if begin else 10.0) * math.exp(-0.3 * (time - begin)) for time, begin in zip(times, last, strict=True)]
    found = one_run(DOSED, times)
    assert found["x"] == pytest.approx(closed, rel=1e-7)
    assert found["n"][-1] == 5.0


def test_a_thermostat_keeps_its_period() -> None:
    """Reference: heating at rate 1 - x and cooling at -x between 0.4 and 0.6 has the period 2 ln(3/2)."""
    assert one_run(THERMOSTAT, (np.arange(11) * 2.0 * math.log(1.5)).tolist())["x"] == pytest.approx(0.4, rel=1e-6)


def test_what_holds_for_a_moment_only_is_found() -> None:
    """Reference: sin(t) exceeds 1 - 1e-9 for 9e-5 of every 2 pi; a long step sees it by where the gap is least."""
    body = "n = 0; x = 0; v = 1; x' = v; v' = -x; at (x > 1 - 1e-9): n = n + 1;"
    found = one_run(body, [0.0, 12.0], Control(1e-11, 1e-13))
    assert found["n"][-1] == 2.0


def test_a_pulse_is_counted_once_and_wholly() -> None:
    """Reference: the integral of a pulse in a rate is its length, however short; no event, and the member does not stop."""
    happenings = model("x = 0; w = 0.0013; x' = piecewise(1, time >= 2.3 && time < 2.3 + w, 0);")
    run = happenings.run(plan_of(happenings, [[0.0, 10.0]] * 2, w=[0.0013, 4.0]), TIGHT)
    assert run.seen[[1, 3], happenings.system.quantities.index("x")] == pytest.approx([0.0013, 4.0], **CLOSE)
    assert run.stops.tolist() == [1, 1]


def test_a_delayed_event_is_a_time_to_stop_at() -> None:
    """Reference: half-time ln 2, then a delay of 4 x = 2; at the output an instant before it nothing, at it all."""
    due = math.log(2.0) + 2.0
    found = one_run("x = 1; x' = -x; y = 0; at (4 * x) after (x < 0.5): y = 1;", [0.0, due - 1e-6, due + 1e-6])
    assert found["y"].tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("relative", [1e-6, 1e-8, 1e-10])
def test_a_run_goes_through_where_events_crowd_and_end(relative: float) -> None:
    """Reference: u = exp(-t); w grows as u falls and is set back to 1/4 whenever above u, ever sooner until u is 1/4 at ln 4."""
    body = "u = 1; w = 0; u' = -u; w' = u; at (w > u): w = 0.25;"
    found = one_run(body, [0.0, 1.3, 1.5, 2.0], Control(relative, 1e-3 * relative))
    assert found["w"][2:] == pytest.approx([0.5 - math.exp(-1.5), 0.5 - math.exp(-2.0)], rel=100 * relative)


def test_nothing_moves_but_events() -> None:
    """Reference: a clock that sets itself, every 0.1, in a system without a rate."""
    found = one_run("n = 0; last = 0; at (time - last >= 0.1): n = n + 1, last = time;", [0.0, 2.05, 4.05])
    assert found["n"].tolist() == [0.0, 20.0, 40.0]


# the careful integrator agrees

CASES = {
    "at the moment": ("x = 0; at (time >= 2): x = 1;", [0.0, 2.0, 3.0]),
    "after the moment": ("x = 0; at (time > 2): x = 1;", [0.0, 2.0, 3.0]),
    "equality": ("x = 0; at (time == 2): x = 1;", [0.0, 1.9, 3.0]),
    "at the start": ("x = 0; at (time >= 0), t0 = false: x = 1;", [0.0, 1.0]),
    "early values": ("x = 0; y := time; at 3 after (time >= 2), fromTrigger = true: x = y;", [0.0, 4.9, 5.0]),
    "late values": ("x = 0; y := time; at 3 after (time >= 2), fromTrigger = false: x = y;", [0.0, 4.9, 5.0]),
    "called off": ("x = 0; at 2 after (time > 1 && time < 2), persistent = false: x = 1;", [0.0, 5.0]),
    "sums of times": ("x = 0; at 0.2 after (time >= 0.1): x = 1;", [0.0, 0.3, 1.0]),
    "sines": ("n = 0; at 2.5 after (sin(2 * pi * time) > 0), fromTrigger = false: n = n + 1;", [0.0, 2.4, 2.6, 3.6, 4.6]),
    "priorities": (
        "x = 1; at (time >= 1), priority = 1, fromTrigger = false: x = 2 * x;"
        "at (time >= 1), priority = 2, fromTrigger = false: x = x + 1;",
        [0.0, 1.0],
    ),
    "dominoes": ("a = 0; b = 0; c = 0; at (b > 0): c = b + 1; at (a > 0): b = a + 1; at (time >= 1): a = 1;", [0.0, 1.0]),
    "volumes": (
        "compartment c = 0.5; species S in c; S = 2; J: S -> ; 0.1 * S; at (time >= 1): c = 0.2, S = 0.2;",
        [0.0, 1.0, 2.0],
    ),
    "steps of time": ("x = 0; x' = floor(time); y = 0; y' = rem(time, 2);", [0.0, 3.0, 6.0]),
    "crowding, then not": ("x = 0; y = 0; x' = 1; at (x > y && y < 0.9999): y = y + (1 - y) / 2;", [0.0, 0.6, 3.0]),
}


@pytest.mark.parametrize("name", CASES)
def test_both_integrators_agree(name: str) -> None:
    """Reference: another method, and other code for rates and triggers; the agenda is the same."""
    body, times = CASES[name]
    known, found = solve_system(made(body), times), one_run(body, times)
    assert known.keys() == found.keys()
    for quantity, values in known.items():
        assert found[quantity] == pytest.approx(values, rel=1e-6, abs=1e-8), quantity


def test_chance_is_that_of_the_seed() -> None:
    """Law: of two events with one priority either may be first; the same seed gives both integrators the same order."""
    tie = "at (time >= 1), priority = 1, fromTrigger = false: seen = 10 * seen + "
    body = f"seen = 0; {tie} 1; {tie} 2;"
    orders = [one_run(body, [0.0, 1.0], seed=seed)["seen"][-1] for seed in range(20)]
    assert orders == [solve_system(made(body), [0.0, 1.0], seed=seed)["seen"][-1] for seed in range(20)]
    assert set(orders) == {12.0, 21.0}


# sameness


@cache
def cohort(members: int = 13) -> tuple[list[list[float]], dict[str, list[float]]]:
    """Balls of their own weight and floor, and when they are looked at."""
    chance = generator(3, "tests", "happenings")
    drawn = {"g": chance.uniform(5.0, 15.0, members).tolist(), "r": chance.uniform(0.3, 0.9, members).tolist()}
    drawn["h"] = chance.uniform(0.2, 3.0, members).tolist()
    return [[0.0, 0.5, 1.0]] * members, drawn


def balls(lanes: int, members: list[int] | None = None, **control: int) -> Course:
    """Some of the cohort, in some order."""
    times, drawn = cohort()
    chosen = list(range(len(times))) if members is None else members
    happenings = model(BALL, lanes)
    plan = plan_of(happenings, [times[one] for one in chosen], **{k: [v[one] for one in chosen] for k, v in drawn.items()})
    return happenings.run(plan, Control(1e-7, 1e-10, **control))


@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_width_changes_nothing(lanes: int) -> None:
    """Law: members with events are the same to the last bit whatever the number of lanes."""
    assert same(balls(1), balls(lanes))
    assert np.array_equal(balls(1).seen, balls(lanes).seen, equal_nan=True)


def test_company_changes_nothing() -> None:
    """Law: a member alone, or anywhere in a batch in any order, has the same numbers to the last bit."""
    some_of_them = [12, 3, 3, 0]
    assert same(balls(4), balls(4, some_of_them), some_of_them)
    assert same(balls(4), balls(4, [7]), [7])


@pytest.mark.parametrize("threads", [2, 50])
def test_threads_change_nothing(threads: int) -> None:
    """Law: any number of threads gives the same numbers to the last bit."""
    assert same(balls(4), balls(4, threads=threads))


def test_looking_changes_nothing() -> None:
    """Law: other output times change neither steps nor stops nor ends."""
    happenings = model(THERMOSTAT)
    often, seldom = (happenings.run(plan_of(happenings, [np.linspace(0.0, 9.0, count).tolist()]), TIGHT) for count in (181, 4))
    assert same(often, seldom)
    assert np.array_equal(often.seen[::60], seldom.seen)


def test_a_run_in_two_pieces_is_the_run() -> None:
    """Law: stopping half-way and going on changes no more than the tolerance of a step, events on either side included."""
    happenings = model(DOSED)
    whole = happenings.run(plan_of(happenings, [[0.0, 8.0, 20.0]]), TIGHT)
    half = happenings.run(plan_of(happenings, [[0.0, 8.0]]), TIGHT)
    plan = plan_of(happenings, [[8.0, 20.0]])
    rest = happenings.run(Plan(plan.constants, half.end, np.full(1, 8.0), plan.end, plan.times), TIGHT)
    assert rest.end == pytest.approx(whole.end, **CLOSE)


# ends


def test_a_ball_that_comes_to_rest_ends() -> None:
    """Law: bounces crowd before 2 v / g (1 / (1 - r)) - v / g = 4.06; the member ends there with a word, none falls through."""
    happenings = model(BALL, 2)
    run = happenings.run(plan_of(happenings, [[0.0, 1.0, 9.0], [0.0, 1.0, 2.0]]), TIGHT)
    assert run.outcomes == (Outcome.CROWDED, Outcome.FINISHED)
    assert run.end[0, happenings.system.states.index("h")] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(run.seen[2]).all()
    assert not np.isnan(run.seen[[0, 1, 3, 4, 5]]).any()


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("x = 0; k = -1; at k after (time > 1): x = 1;", Outcome.NOT_DUE),
        ("x = 0; at (x < 1): x = 2; at (x > 1): x = 0; at (time > 1): x = 1.5;", Outcome.CROWDED),
        ("x = 1; x' = x * x; at (time > 0.5): x = x + 1;", Outcome.NOT_FINITE),
        ("x = 1; x' = piecewise(-1, x > 0, 1); at (time > 9): x = 1;", Outcome.TOO_STIFF),
    ],
)
def test_members_that_fail_are_told(body: str, outcome: Outcome) -> None:
    """Refusal: negative delays, events without end, explosions and states held on a threshold end a member with an outcome."""
    happenings = model(body)
    assert happenings.run(plan_of(happenings, [[0.0, 5.0]]), Control(1e-6, 1e-9, limit=20_000)).outcomes == (outcome,)


def test_steps_are_counted_over_all_rounds() -> None:
    """Law: a member that has used its steps is given up, however many events lie between them."""
    happenings = model(THERMOSTAT)
    whole = happenings.run(plan_of(happenings, [[0.0, 20.0]]), TIGHT)
    short = happenings.run(plan_of(happenings, [[0.0, 20.0]]), Control(1e-9, 1e-12, limit=int(whole.steps[0]) // 2))
    assert short.outcomes == (Outcome.TOO_STIFF,)
    assert 2 < short.stops[0] < whole.stops[0]


def test_what_has_no_weight_is_let_go() -> None:
    """Law: a member that settles ends, though a state without weight goes on; weights stand as the system has its states."""
    happenings = model("n = 0; y = 3; x = 1; x' = -x; y' = 1; at (x < 0.5): n = n + 1;")
    weight = np.array([float(name == "x") for name in happenings.system.states])
    run = happenings.run(plan_of(happenings, [[0.0, 1e4]]), Control(1e-6, 1e-9, weight, calm=1e-6))
    ends = dict(zip(happenings.system.states, run.end[0], strict=True))
    assert run.outcomes == (Outcome.FINISHED,)
    assert ends["n"] == 1.0
    assert ends["y"] < 100.0
