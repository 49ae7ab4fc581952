"""The way back over recorded steps: closed forms, the slopes that go forwards, and promises of sameness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.expression import Apply, Expression, Name, Number
from tamarisk.model.model import Model
from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import TIME, Assignment, Event, System, system_of
from tamarisk.seeds import generator
from tamarisk.simulation import adjoint as module
from tamarisk.simulation.adjoint import Adjoint, AdjointWatcher, Pull
from tamarisk.simulation.lanes import Control, Lanes, Plan, Watcher
from tamarisk.simulation.rosenbrock import FINISHED, TOO_MANY_STEPS

ReadTiny = Callable[[str], Model]
ReadPetab = Callable[[str], System]
Array = np.ndarray

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
K, X = Name("k"), Name("x")
DECAY = System("decay", {"x": Apply("minus", (Apply("times", (K, X)),))}, {}, {"k": 0.7}, {"x": 2.0})
DIRECTIONS = 4
PREY = """
  substanceOnly species prey in cell, hunter in cell; prey = 1; hunter = 2; k = 0.3; m = 0.2; n = 1.5;
  birth: -> prey; k * prey; eaten: prey -> ; m * prey^n * hunter; bred: -> hunter; m * prey^n * hunter;
  death: hunter -> ; k * hunter;
  both := prey * hunter / k; heads := prey + hunter;
"""


def plan_of(system: System, end: float, times: list[float], members: int = 1, spread: float = 0.0) -> Plan:
    """Members whose constants are drawn around the system's own."""
    base, start = (np.array(list(one.values()), dtype=float) for one in (system.constants, system.initial))
    drawn = np.exp(spread * generator(1, "tests", "adjoint").standard_normal((members, len(base))))
    return Plan(base * drawn, np.tile(start, (members, 1)), np.zeros(members), np.full(members, end), [np.array(times)] * members)


def forwards(system: System, plan: Plan, slopes: Array, control: Control, looked: list[int]) -> Array:
    """The same derivatives of one member by some constants, and then starts, from slopes that go forwards along each."""
    constants, states = plan.constants.shape[1], plan.start.shape[1]
    rows, along = -(-len(looked) // DIRECTIONS), np.zeros((-(-len(looked) // DIRECTIONS), DIRECTIONS, constants + states))
    for number, place in enumerate(looked):
        along[number // DIRECTIONS, number % DIRECTIONS, place] = 1.0
    own = np.tile(np.append(plan.constants[0], plan.start[0]), (rows, 1, 1))
    blocks = np.concatenate([own, along], axis=1)
    vectors = (part.reshape(rows, -1) for part in (blocks[..., :constants], blocks[..., constants:]))
    seen = Lanes(system, 1, DIRECTIONS).run(
        Plan(*vectors, np.repeat(plan.begin, rows), np.repeat(plan.end, rows), list(plan.times) * rows), control
    )
    found = seen.seen.reshape(rows, len(slopes), 1 + DIRECTIONS, states)[:, :, 1:]
    return np.einsum("rtds,ts->rd", found, slopes).ravel()[: len(looked)]


def compared(system: System, end: float, absolute: float, every: int = 1) -> float:
    """The largest difference from slopes that go forwards, against the largest slope, of constants and of starts.

    Constants count by their logarithms; each state counts for the objective by its size.
    """
    plan, control = plan_of(system, end, np.linspace(0.0, end, 8).tolist()), Control(absolute=absolute)
    adjoint = Adjoint(system, 1)
    trace = adjoint.record(plan, control)
    assert trace.batch.outcomes.tolist() == [FINISHED]
    sizes = np.abs(trace.batch.seen).max(axis=0) + absolute
    slopes = generator(1, "tests", "objective").standard_normal(trace.batch.seen.shape) / sizes
    found, count = adjoint.pull(trace, slopes), len(system.constants)
    whole = np.append(found.constants[0] * np.abs(plan.constants[0]), found.start[0])
    looked = list(range(0, len(whole), every))
    known = forwards(system, plan, slopes, control, looked) * np.append(np.abs(plan.constants[0]), np.ones(len(sizes)))[looked]
    parts = (np.array(looked) < count, np.array(looked) >= count)
    return max(float(np.max(np.abs(whole[looked] - known)[part]) / np.max(np.abs(known[part]))) for part in parts)


# closed forms


def test_decay() -> None:
    """Reference: x0 e^-kt has the slope -t x0 e^-kt by k and e^-kt by x0, between steps as well as at their ends."""
    times, x0, k = [0.0, 0.4, 1.7, 3.0], 2.0, 0.7
    adjoint, plan, t = Adjoint(DECAY, 1), plan_of(DECAY, 3.0, times), np.array(times)
    trace = adjoint.record(plan, Control(relative=1e-9))
    for number in range(len(times)):
        found = adjoint.pull(trace, np.eye(len(times))[:, [number]])
        assert found.constants[0, 0] == pytest.approx(-t[number] * x0 * np.exp(-k * t[number]), rel=1e-7)
        assert found.start[0, 0] == pytest.approx(np.exp(-k * t[number]), rel=1e-7)


def test_squares_of_deviations(tiny: ReadTiny) -> None:
    """Reference: central differences of tight runs, for a sum of squares of two states at three times; good to 1e-7 here."""
    system, times = system_of(tiny(PREY)), [2.0, 5.0, 9.0]
    wanted, control = np.array([[1.0, 2.0], [2.0, 1.0], [0.5, 3.0]]), Control(relative=1e-11, absolute=1e-13)
    adjoint, plan, step = Adjoint(system, 1), plan_of(system, 9.0, times), 1e-4
    trace = adjoint.record(plan, control)
    found = adjoint.pull(trace, 2 * (trace.batch.seen - wanted))

    def worth(constants: Array, start: Array) -> float:
        moved = replace(plan, constants=plan.constants + constants, start=plan.start + start)
        return float(np.sum((Lanes(system, 1).run(moved, control).seen - wanted) ** 2))

    for place in range(3):
        move = step * np.eye(plan.constants.shape[1])[place + list(system.constants).index("k")]
        difference = (worth(move, np.zeros(2)) - worth(-move, np.zeros(2))) / (2 * step)
        assert found.constants[0] @ move / step == pytest.approx(difference, rel=1e-6)
    for move in step * np.eye(2):
        difference = (worth(np.zeros(len(system.constants)), move) - worth(np.zeros(len(system.constants)), -move)) / (2 * step)
        assert found.start[0] @ move / step == pytest.approx(difference, rel=1e-6)


def test_time_may_be_read_and_a_run_may_begin_at_any() -> None:
    """Reference: what grows with k t from time 1 to 3 is 4 k more than at its begin."""
    system = System("ramp", {"x": Apply("times", (K, Name(TIME)))}, {}, {"k": 2.0}, {"x": 0.0})
    plan = Plan(np.array([[2.0]]), np.zeros((1, 1)), np.ones(1), np.full(1, 3.0), [np.array([1.0, 3.0])])
    adjoint = Adjoint(system, 1)
    found = adjoint.pull(adjoint.record(plan), np.array([[1.0], [1.0]]))
    assert found.constants[0, 0] == pytest.approx(4.0, rel=1e-12)
    assert found.start[0, 0] == pytest.approx(2.0, rel=1e-14)


def test_a_power_of_nothing() -> None:
    """Reference: where x starts at 0 the slope of its power by the exponent is a number, as it is forwards."""
    rates: dict[str, Expression] = {"x": Number(1.0), "z": Apply("power", (X, Name("n")))}
    assert compared(System("hill", rates, {}, {"n": 2.5}, {"x": 0.0, "z": 0.0}), 2.0, 1e-9) < 1e-13


# the slopes that go forwards


@pytest.mark.parametrize(("name", "end"), [("Bachmann_MSB2011", 240.0), ("Boehm_JProteomeRes2014", 240.0)])
def test_models_of_the_benchmark_collection(name: str, end: float, petab: ReadPetab) -> None:
    """Reference: slopes along every direction, to rounding: 1e-10 of the largest. The second model reads the time."""
    system = petab(name)
    assert compared(system, end, 1e-12 * max(system.initial.values())) < 1e-10


def test_a_hundred_states() -> None:
    """Reference: slopes along every twelfth direction, to rounding: 1e-10 of the largest."""
    file = SHARED / "sbml_models" / "birtwistle2007_EGF10nM.xml"
    if not file.exists():
        pytest.skip("the shared folder with models is not there")
    system = read_system(file.read_text(encoding="utf-8"), where="Birtwistle")
    assert compared(system, 300.0, 1e-9, every=12) < 1e-10


def test_the_shipped_model() -> None:
    """Reference: slopes along every direction, from the states that the model starts with, to 1e-10 of the largest."""
    assert compared(system_of(read_model()), 72.0, 1e-10) < 1e-10


# promises


@pytest.fixture(scope="module")
def prey(tiny: ReadTiny) -> System:
    """Who eats and who is eaten."""
    return system_of(tiny(PREY))


def many(prey: System) -> tuple[Plan, Array]:
    """Eleven of them, looked at five times, and slopes of an objective by what is seen."""
    plan = plan_of(prey, 12.0, [0.0, 3.0, 3.0, 7.7, 12.0], members=11, spread=0.3)
    return plan, generator(2, "tests", "objective").standard_normal((55, 2))


def same(one: Pull, other: Pull) -> bool:
    """Whether two answers are equal to the last bit."""
    return np.array_equal(one.constants, other.constants) and np.array_equal(one.start, other.start)


def test_who_is_recorded_is_who_is_run(prey: System) -> None:
    """Law: recording changes no number, and every accepted step has a row that begins where the one before ends."""
    plan, _ = many(prey)
    trace, run = Adjoint(prey, 4).record(plan), Lanes(prey, 4).run(plan)
    assert all(np.array_equal(getattr(trace.batch, name), getattr(run, name)) for name in ("seen", "end", "outcomes", "steps"))
    assert (trace.kept <= run.steps).all()
    for member, kept in enumerate(trace.kept):
        rows = trace.rows[trace.room[member] : trace.room[member] + kept]
        assert rows[:-1, 0] + rows[:-1, 1] == pytest.approx(rows[1:, 0], rel=1e-14)
        assert rows[-1, 0] + rows[-1, 1] == pytest.approx(12.0, rel=1e-14)


def test_slopes_do_not_depend_on_company_lanes_or_threads(prey: System) -> None:
    """Law: the same to the last bit alone, with others, with one lane or many, in one thread or three."""
    plan, slopes = many(prey)
    adjoint = Adjoint(prey, 4)
    trace = adjoint.record(plan)
    together = adjoint.pull(trace, slopes)
    narrow = Adjoint(prey, 1)
    assert same(together, narrow.pull(narrow.record(plan), slopes))
    assert same(together, adjoint.pull(trace, slopes, threads=3))
    arrays = (one[7:8] for one in (plan.constants, plan.start, plan.begin, plan.end))
    alone = adjoint.pull(adjoint.record(Plan(*arrays, plan.times[7:8])), slopes[35:40])
    assert np.array_equal(alone.constants[0], together.constants[7])
    assert np.array_equal(alone.start[0], together.start[7])


def test_steps_for_which_there_was_no_room_at_first(prey: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: members with more steps than were expected are recorded all the same."""
    plan, slopes = many(prey)
    adjoint = Adjoint(prey, 4)
    wanted = adjoint.pull(adjoint.record(plan), slopes)
    monkeypatch.setattr(module, "_ROOM", 3)
    trace = adjoint.record(plan)
    assert len(trace.rows) == trace.kept.sum()
    assert same(wanted, adjoint.pull(trace, slopes))


def test_objectives_add_up(prey: System) -> None:
    """Law: the slopes of a sum are the sum of slopes, and of nothing they are nothing; rounding alone differs."""
    plan, slopes = many(prey)
    adjoint = Adjoint(prey, 4)
    trace = adjoint.record(plan)
    one, other, both = (adjoint.pull(trace, part) for part in (slopes, np.cos(slopes), slopes + np.cos(slopes)))
    assert both.constants == pytest.approx(one.constants + other.constants, rel=1e-9, abs=1e-11)
    assert not adjoint.pull(trace, np.zeros_like(slopes)).constants.any()


def test_a_member_that_failed_has_no_slopes(prey: System) -> None:
    """Law: failure is data: who ran out of steps has no number, and the others have what they would have without it."""
    plan, slopes = many(prey)
    adjoint = Adjoint(prey, 4)
    wanted = adjoint.pull(adjoint.record(plan), slopes)
    limit = int(np.sort(adjoint.record(plan).batch.steps)[-2])
    trace = adjoint.record(plan, Control(limit=limit))
    failed = trace.batch.outcomes == TOO_MANY_STEPS
    found = adjoint.pull(trace, np.nan_to_num(slopes))
    assert 0 < failed.sum() < 4
    assert np.isnan(found.constants[failed]).all()
    assert np.isnan(found.start[failed]).all()
    assert np.array_equal(found.constants[~failed], wanted.constants[~failed])


def test_nobody_at_the_end_and_no_outputs(prey: System) -> None:
    """Law: where all members failed none has slopes, and without outputs nothing changes the objective."""
    plan, slopes = many(prey)
    adjoint = Adjoint(prey, 4)
    assert np.isnan(adjoint.pull(adjoint.record(plan, Control(limit=2)), slopes).start).all()
    unseen = adjoint.pull(adjoint.record(replace(plan, times=[np.zeros(0)] * 11)), np.zeros((0, 2)))
    assert not unseen.constants.any()


# computed quantities


def test_computed_quantities(prey: System) -> None:
    """Reference: what is computed, differentiated along every state and constant by the watcher that goes forwards."""
    plan, _ = many(prey)
    states, counts = np.abs(generator(3, "tests", "states").standard_normal((5, 2))) + 0.1, [2, 3]
    constants, size = plan.constants[:2], plan.constants.shape[1]
    slopes = generator(4, "tests", "slopes").standard_normal((5, len(prey.assigned)))
    by_state, by_constant = AdjointWatcher(prey).pull(constants, states, counts, slopes)
    forwards, group = Watcher(prey, 1), np.repeat([0, 1], counts)
    for place in range(size + 2):
        values, moved = np.zeros((2, 2, size)), np.zeros((5, 2, 2))
        values[:, 0], moved[:, 0] = constants, states
        if place < size:
            values[:, 1, place] = 1.0
        else:
            moved[:, 1, place - size] = 1.0
        seen = forwards.watch(values.reshape(2, -1), moved.reshape(5, -1), counts).reshape(5, 2, -1)[:, 1]
        found = np.sum(seen * slopes, axis=1)
        if place < size:
            assert by_constant[:, place] == pytest.approx(np.bincount(group, found), rel=1e-12, abs=1e-14)
        else:
            assert by_state[:, place - size] == pytest.approx(found, rel=1e-12, abs=1e-14)


def test_a_quantity_that_nobody_asks_for() -> None:
    """Law: what has an infinite slope by a constant that is 0, and is not asked for, takes no other slope with it."""
    told: dict[str, Expression] = {"root": Apply("power", (Name("z"), Number(0.5))), "log": Apply("ln", (Name("z"),))}
    system = replace(DECAY, assigned={**told, "x2": Apply("times", (X, X, Name("z")))}, constants={"k": 0.7, "z": 0.0})
    by_state, by_constant = AdjointWatcher(system).pull(
        np.array([[0.7, 0.0]]), np.full((1, 1), 3.0), [1], np.array([[0.0, 0.0, 1.0]])
    )
    assert by_state.tolist() == [[0.0]]
    assert by_constant.tolist() == [[0.0, 9.0]]
    adjoint, plan = Adjoint(system, 1), plan_of(system, 1.0, [1.0])
    assert adjoint.pull(adjoint.record(plan), np.ones((1, 1))).constants[0, 1] == 0.0


def test_rates_without_states_or_constants() -> None:
    """Reference: what changes by a constant k, or by 1 without any constant, is t later or as it was at its begin."""
    one, other = System("k", {"x": K}, {}, {"k": 2.0}, {"x": 1.0}), System("one", {"x": Number(1.0)}, {}, {}, {"x": 1.0})
    for system, known in ((one, [[3.0]]), (other, [[]])):
        adjoint = Adjoint(system, 1)
        found = adjoint.pull(adjoint.record(plan_of(system, 3.0, [3.0])), np.ones((1, 1)))
        assert found.constants == pytest.approx(np.array(known), rel=1e-12)
        assert found.start[0, 0] == 1.0


# what is refused


def test_events_are_refused() -> None:
    """Refusal: by name, before anything runs."""
    dose = Event("dose", Apply("geq", (Name(TIME), Number(1.0))), (Assignment("x", Number(1.0)),))
    with pytest.raises(ModelError) as refusal:
        Adjoint(replace(DECAY, events=(dose,)), 1)
    told = "'decay' has the event 'dose', through which there is no way back; take the slopes along directions"
    assert str(refusal.value) == told


def test_conditions_are_refused() -> None:
    """Refusal: where rates jump the moment of the jump depends on the constants, which is not followed."""
    jump = Apply("piecewise", (K, Apply("gt", (X, Number(1.0))), Number(0.0)))
    told = "'jump' has rates that jump where a condition changes, through which there is no way back; take .* directions"
    with pytest.raises(ModelError, match=told):
        Adjoint(System("jump", {"x": jump}, {}, {"k": 1.0}, {"x": 2.0}), 1)
