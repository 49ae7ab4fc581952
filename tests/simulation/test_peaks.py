"""Peaks that are kept while the lanes run: closed forms, sameness, and that no look ever sees more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.expression import Apply, Expression, Name, Number
from tamarisk.model.system import TIME, Assignment, Event, System, system_of
from tamarisk.seeds import generator
from tamarisk.simulation.happenings import Happenings
from tamarisk.simulation.lanes import Array, Control, Lanes, Plan
from tamarisk.simulation.machine_code import native_lanes
from tamarisk.simulation.rosenbrock import NOT_FINITE, TRIGGERED

RULES = ("ER_total", "CDK46_active", "ESR1_by_ER")
TIGHT = Control(relative=1e-10, absolute=1e-13)


def times(*parts: str | float | Expression) -> Expression:
    """A product."""
    return Apply(
        "times", tuple(Name(one) if isinstance(one, str) else Number(one) if isinstance(one, float) else one for one in parts)
    )


# x' = k (a - x) from 0 with a' = -k a from 1: x is k t e^(-k t), a pulse that is 1/e at 1/k
PULSE = System(
    "pulse",
    {"a": times(-1.0, "k", "a"), "x": times("k", Apply("minus", (Name("a"), Name("x"))))},
    {"square": times("x", "x"), "late": Apply("minus", (Name("x"), times(0.125, Name(TIME))))},
    {"k": 1.0},
    {"a": 1.0, "x": 0.0},
)
SWING = System("swing", {"x": Name("v"), "v": times(-1.0, "x")}, {"size": Apply("abs", (Name("x"),))}, {}, {"x": 1.0, "v": 0.0})


def plan_of(system: System, constants: Sequence[float], end: float, looks: Array | None = None) -> Plan:
    """Members of a small system, one for each value of its only constant."""
    many, own = len(constants), np.array(constants)[:, None] if system.constants else np.zeros((len(constants), 0))
    start = np.tile(list(system.initial.values()), (many, 1))
    return Plan(own, start, np.zeros(many), np.full(many, end), [np.zeros(0) if looks is None else looks] * many)


@cache
def shipped() -> System:
    """The shipped model's equations, read once."""
    return system_of(read_model())


@cache
def watched(lanes: int) -> Lanes:
    """The shipped model for a number of lanes, with the peaks of three rules and of three states."""
    return Lanes(shipped(), lanes, peaks=(*RULES, *shipped().states[:3]))


@cache
def cohort(looks: int = 0) -> Plan:
    """Cells whose rates are drawn, under 4OHT, for six days."""
    model, chance, members = read_model(), generator(1, "tests", "peaks"), 11
    names = list(model.constants)
    constants = np.tile(list(model.constants.values()), (members, 1))
    rates = [place for place, name in enumerate(names) if model.units[name].endswith("per_h")]
    constants[:, rates] *= np.exp(0.2 * chance.standard_normal((members, len(rates))))
    constants[:, names.index("OHT")] = 1000.0
    start = np.tile(list(model.initial().values()), (members, 1))
    seen = [np.linspace(0.0, 144.0, looks) if looks else np.zeros(0)] * members
    return Plan(constants, start, np.zeros(members), np.full(members, 144.0), seen)


def same(one: Any, other: Any) -> bool:
    """Whether two arrays are equal to the last bit."""
    return np.array_equal(one, other, equal_nan=True)


# closed forms


@pytest.mark.parametrize("lanes", [1, 4])
def test_a_pulse(lanes: int) -> None:
    """Reference: k t e^(-k t) is largest at 1/k, where it is 1/e; a tight run finds value and time to 1e-8 and 1e-6."""
    rates = [0.3, 1.0, 4.0]
    found = Lanes(PULSE, lanes, peaks=["x", "square", "a", "k"]).run(plan_of(PULSE, rates, 10.0), TIGHT).peaks
    assert found[:, 0, 0] == pytest.approx(1 / math.e, rel=1e-8)
    assert found[:, 0, 1] == pytest.approx([1 / one for one in rates], rel=1e-6)
    assert found[:, 1, 0] == pytest.approx(math.exp(-2), rel=1e-8)
    assert found[:, 1, 1] == pytest.approx(found[:, 0, 1], rel=1e-6)
    assert found[:, 0, 2:].tolist() == [[0.0, 0.0]] * 3
    assert found[:, 2, :2].tolist() == [[1.0, 0.0]] * 3
    assert found[:, 2, 3].tolist() == [10.0] * 3
    assert found[:, 3].tolist() == [[one, 0.0, one, 0.0] for one in rates]


def test_a_peak_is_right_to_the_tolerance() -> None:
    """Law: at every tolerance the peak is off by less than ten of it, though the steps are few and none ends there."""
    for relative in (1e-3, 1e-5, 1e-7):
        found = Lanes(PULSE, 1, peaks=["x"]).run(plan_of(PULSE, [1.0], 10.0), Control(relative, 1e-3 * relative)).peaks
        assert found[0, 0, 0] == pytest.approx(1 / math.e, rel=10 * relative)


def test_what_reads_the_time() -> None:
    """Reference: t e^(-t) - t/8 is largest where (1 - t) e^(-t) is 1/8, at 0.7197 by bisection on that equation."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 - middle) * math.exp(-middle) > 0.125 else (low, middle)
    found = Lanes(PULSE, 2, peaks=["late"]).run(plan_of(PULSE, [1.0], 10.0), TIGHT).peaks[0, 0]
    assert found[:2] == pytest.approx([low * math.exp(-low) - low / 8, low], rel=1e-6)
    assert found[2:] == pytest.approx([10 * math.exp(-10) - 10 / 8, 10.0], rel=1e-8)


def test_many_turns() -> None:
    """Reference: of a swing between -1 and 1 both are found, and of its size the corner at 0; 1e-7 where tolerance is 1e-10."""
    found = Lanes(SWING, 1, peaks=["x", "v", "size"]).run(plan_of(SWING, [0.0], 20.0), TIGHT).peaks[0]
    assert found[:2, 0] == pytest.approx(1.0, rel=1e-7)
    assert found[:2, 2] == pytest.approx(-1.0, rel=1e-7)
    assert found[2, 2] == pytest.approx(0.0, abs=1e-7)
    assert math.cos(found[2, 3]) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("shift", np.linspace(0.0, 6.0, 7).tolist())
def test_a_rule_that_turns_twice_in_a_step(shift: float) -> None:
    """Reference: the sine of what grows by 1, in steps of up to 6 h in which it turns twice, comes to 1 and to -1."""
    system = System("wave", {"x": Number(1.0)}, {"sine": Apply("sin", (Name("x"),))}, {"k": 0.0}, {"x": shift})
    plan = replace(plan_of(system, [0.0], 9.0), longest=6.0)
    run = Lanes(system, 1, peaks=["sine"]).run(plan)
    assert run.steps[0] < 20
    assert run.peaks[0, 0, [0, 2]] == pytest.approx([1.0, -1.0], rel=1e-9)
    assert np.sin(run.peaks[0, 0, [1, 3]] + shift) == pytest.approx([1.0, -1.0], rel=1e-9)


def test_where_a_trigger_ends_the_run() -> None:
    """Reference: what grows as e^t to a trigger at 2 is largest there, at ln 2, as its last state is."""
    above = Event("full", Apply("gt", (Name("x"), Number(2.0))), ())
    system = System("growth", {"x": Name("x")}, {}, {}, {"x": 1.0}, (above,))
    run = Lanes(system, 2, peaks=["x"]).run(plan_of(system, [0.0], 5.0))
    assert run.outcomes.tolist() == [TRIGGERED]
    assert run.peaks[0, 0] == pytest.approx([2.0, math.log(2.0), 1.0, 0.0], rel=1e-6)
    assert run.peaks[0, 0, :2].tolist() == [run.end[0, 0], run.reached[0]]


def test_where_a_rate_turns() -> None:
    """Reference: what rises by 1 until the time k and falls by 2 from then on is largest at k, where it is k."""
    falls = Apply("piecewise", (Number(-2.0), Apply("geq", (Name(TIME), Name("k"))), Number(1.0)))
    system = System("roof", {"x": falls}, {}, {"k": 1.0}, {"x": 0.0})
    moments = [0.3, 1.7, 2.9]
    found = Lanes(system, 4, peaks=["x"]).run(plan_of(system, moments, 4.0), TIGHT).peaks[:, 0]
    assert found[:, 0] == pytest.approx(moments, rel=1e-8)
    assert found[:, 1] == pytest.approx(moments, rel=1e-8)


def test_through_events() -> None:
    """Reference: a decay from 1, set to 3 at time 1 and to 5 at time 2: each dose is the largest as it comes, 1/e the least."""
    at = {moment: Apply("geq", (Name(TIME), Number(moment))) for moment in (1.0, 2.0)}
    doses = tuple(
        Event(f"at {moment}", at[moment], (Assignment("x", Number(size)), Assignment("given", Number(size))))
        for moment, size in ((1.0, 3.0), (2.0, 5.0))
    )
    rates = {"x": times(-1.0, "x"), "given": Number(0.0)}
    twice = {"double": times(2.0, "given")}
    system = System("dosed", rates, twice, {}, {"x": 1.0, "given": 0.0}, doses)
    for end, largest, when in ((1.5, 3.0, 1.0), (2.0, 5.0, 2.0)):
        found = Happenings(system, 1, peaks=["x", "given", "double"]).run(plan_of(system, [0.0], end)).peaks[0]
        assert found[:, :2] == pytest.approx(np.array([[largest, when], [largest, when], [2 * largest, when]]), rel=1e-9)
        assert found[0, 2:] == pytest.approx([math.exp(-1), 1.0], rel=1e-5)
        assert found[1:, 2:].tolist() == [[0.0, 0.0]] * 2
    with pytest.raises(ModelError, match=r"^dosed: '@0.trigger' is no quantity of the model"):
        Happenings(system, 1, peaks=["@0.trigger"])


# laws


def test_nobody_ever_sees_more() -> None:
    """Law: no value on a fine grid of output times lies beyond the peaks; 1e-12 is rounding."""
    lanes, plan = watched(native_lanes()), cohort(2001)
    run = lanes.run(plan)
    states = run.seen.reshape(len(plan.begin), 2001, -1)[:, :, :3]
    assert np.all(states.max(axis=1) <= run.peaks[:, 3:, 0] * (1 + 1e-12))
    assert np.all(states.min(axis=1) >= run.peaks[:, 3:, 2] * (1 - 1e-12))
    assert states.max(axis=1) == pytest.approx(run.peaks[:, 3:, 0], rel=1e-3)


def test_looking_and_keeping_change_nothing() -> None:
    """Law: output times do not change peaks, and keeping peaks does not change a number of the run."""
    kept, seen = watched(native_lanes()).run(cohort()), watched(native_lanes()).run(cohort(9))
    plain = Lanes(shipped()).run(cohort(9))
    assert same(kept.peaks, seen.peaks)
    assert same(seen.seen, plain.seen)
    assert same(seen.steps, plain.steps)
    assert plain.peaks.shape == (11, 0, 4)


@pytest.mark.parametrize("lanes", sorted({1, 2, 4} - {native_lanes()}))
def test_width_company_and_threads_change_nothing(lanes: int) -> None:
    """Law: peaks and their times are the same to the last bit in any width, order and number of threads."""
    whole, plan = watched(native_lanes()).run(cohort()).peaks, cohort()
    assert same(watched(lanes).run(plan, Control(threads=2)).peaks, whole)
    some = [7, 2, 2, 10]
    arrays = (one[some] for one in (plan.constants, plan.start, plan.begin, plan.end))
    assert same(watched(lanes).run(Plan(*arrays, [np.zeros(0)] * len(some))).peaks, whole[some])


def test_the_peak_of_two_halves_is_the_peak() -> None:
    """Law: the larger peak of a run's two pieces is that of the run, to ten tolerances."""
    lanes, plan = watched(native_lanes()), cohort()
    first = lanes.run(replace(plan, end=plan.end / 2))
    second = lanes.run(replace(plan, start=first.end, begin=plan.end / 2))
    whole = lanes.run(plan).peaks
    assert np.maximum(first.peaks, second.peaks)[..., 0] == pytest.approx(whole[..., 0], rel=1e-5)
    assert np.minimum(first.peaks, second.peaks)[..., 2] == pytest.approx(whole[..., 2], rel=1e-5)


def test_directions_change_no_peak() -> None:
    """Law: a member that carries derivatives has the peaks that it has without them, to the last bit."""
    plan = plan_of(PULSE, [0.3, 1.0], 10.0)
    blocks = [np.hstack([one, np.zeros_like(one)]) for one in (plan.constants, plan.start)]
    directed = Lanes(PULSE, 2, 1, peaks=["x", "late"]).run(replace(plan, constants=blocks[0], start=blocks[1]))
    assert same(directed.peaks, Lanes(PULSE, 2, peaks=["x", "late"]).run(plan).peaks)


def test_a_member_that_fails_keeps_what_it_had() -> None:
    """Law: peaks of a member that becomes infinite are those of the way it came; those beside it are as without it."""
    system = System("burst", {"x": times("k", "x", "x")}, {}, {"k": 1.0}, {"x": 1.0})
    lanes = Lanes(system, 2, peaks=["x"])
    run = lanes.run(plan_of(system, [1.0, 0.1], 3.0))
    assert run.outcomes.tolist() == [NOT_FINITE, 0]
    assert run.peaks[0, 0, 1] == run.reached[0] < 1.001
    assert run.peaks[0, 0, 0] == run.end[0, 0]
    assert same(run.peaks[1:], lanes.run(plan_of(system, [0.1], 3.0)).peaks)


def test_a_quantity_that_is_not_there_is_refused() -> None:
    """Refusal: a peak of what the model has not."""
    message = r"^pulse: 'y' is no quantity of the model; ask for a state, a rule or a constant$"
    with pytest.raises(ModelError, match=message):
        Lanes(PULSE, 1, peaks=["x", "y"])
