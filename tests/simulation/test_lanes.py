"""The compiled lanes: closed forms, promises of sameness, and members that fail alone."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, reduce

import numpy as np
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.expression import Apply, Name, Number
from tamarisk.model.model import Model
from tamarisk.model.system import TIME, Event, System, system_of
from tamarisk.seeds import generator
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.events import solve_system
from tamarisk.simulation.lanes import Array, Batch, Control, Lanes, Plan, Watcher, of_both
from tamarisk.simulation.machine_code import native_lanes
from tamarisk.simulation.rosenbrock import FINISHED, NOT_FINITE, SETTLED, TOO_MANY_STEPS, TRIGGERED

ReadTiny = Callable[[str], Model]

DECAY = "  substanceOnly species A in cell; A = 1; k = 1; decay: A -> ; k * A;"
TURNOVER = "  substanceOnly species A in cell; A = 0; s = 2; k = 4; synthesis: -> A; s; decay: A -> ; k * A;"
EXPLOSION = "  substanceOnly species A in cell; A = 1; k = 1; growth: -> A; k * A^2;"
PREY = """
  substanceOnly species prey in cell, hunter in cell; prey = 1; hunter = 2; k = 0.3;
  birth: -> prey; k * prey; eaten: prey -> ; k * prey * hunter; bred: -> hunter; k * prey * hunter; death: hunter -> ; k * hunter;
"""
ROBERTSON = """
  substanceOnly species a in cell, b in cell, c in cell; a = 1; b = 0; c = 0; slow = 0.04; middle = 1e4; fast = 3e7;
  first: a -> b; slow * a; second: b -> c; fast * b^2; third: b -> a; middle * b * c;
"""
# y at t = 0.4 and 40 as printed in the documentation of SUNDIALS' cvRoberts_dns, six digits at rtol 1e-4
ROBERTSON_KNOWN = {0.4: (9.8517e-01, 3.3864e-05, 1.4794e-02), 40.0: (7.1582e-01, 9.1850e-06, 2.8417e-01)}
LONG = 144.0


@cache
def shipped() -> Model:
    """The shipped model, read once."""
    return read_model()


@cache
def wide(lanes: int) -> Lanes:
    """The shipped model for a number of lanes."""
    return Lanes(system_of(shipped()), lanes)


@cache
def cohort(members: int = 21) -> Plan:
    """Cells of the shipped model whose rates are drawn, under 4OHT, looked at every day."""
    model, chance = shipped(), generator(1, "tests", "lanes")
    names = list(model.constants)
    constants = np.tile(list(model.constants.values()), (members, 1))
    rates = [place for place, name in enumerate(names) if model.units[name].endswith("per_h")]
    constants[:, rates] *= np.exp(0.2 * chance.standard_normal((members, len(rates))))
    constants[:, names.index("OHT")] = 1000.0
    start = np.tile(list(model.initial().values()), (members, 1))
    return Plan(constants, start, np.zeros(members), np.full(members, LONG), [np.arange(0.0, LONG + 1, 24.0)] * members)


def part(plan: Plan, members: list[int]) -> Plan:
    """Some members of a plan, in another order."""
    arrays = (one[members] for one in (plan.constants, plan.start, plan.begin, plan.end))
    return Plan(*arrays, [plan.times[number] for number in members])


def one_run(model: Model, end: float, times: list[float], control: Control | None = None) -> Batch:
    """One member of a tiny model on one lane."""
    constants, start = (np.array([list(one.values())]).reshape(1, -1) for one in (model.constants, model.initial()))
    plan = Plan(constants, start, np.zeros(1), np.array([end]), [np.array(times)])
    return Lanes(system_of(model), 1).run(plan, control)


def same(one: Batch, other: Batch) -> bool:
    """Whether two batches are equal to the last bit."""
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("seen", "end", "outcomes", "steps"))


# closed forms


def test_decay(tiny: ReadTiny) -> None:
    """Reference: exponential decay, between steps as well as at their ends; 1e-5 is ten times the tolerance of a step."""
    times = [0.0, 0.3, 1.0, 2.7, 5.0]
    run = one_run(tiny(DECAY), 5.0, times)
    assert run.seen[:, 0] == pytest.approx(np.exp(-np.array(times)), rel=1e-5)
    assert run.end[0, 0] == run.seen[-1, 0]


def test_a_straight_line_stays_one(tiny: ReadTiny) -> None:
    """Reference: what rises at a constant rate is told between steps to rounding; as published the interpolation is 6e-9 off."""
    times = np.linspace(0.0, 7.0, 50)
    run = one_run(tiny("  substanceOnly species A in cell; A = 1; s = 2; synthesis: -> A; s;"), 7.0, times.tolist())
    assert run.seen[:, 0] == pytest.approx(1.0 + 2.0 * times, rel=1e-13)


def test_turnover_settles(tiny: ReadTiny) -> None:
    """Reference: synthesis against decay ends at their ratio, found long before the end that was allowed."""
    run = one_run(tiny(TURNOVER), 1e6, [], Control(calm=1e-9))
    assert run.outcomes.tolist() == [SETTLED]
    assert run.end[0, 0] == pytest.approx(0.5, rel=1e-8)


def test_a_stiff_classic(tiny: ReadTiny) -> None:
    """Golden: Robertson's reactions at two times; the printed values carry four to five digits, hence 2e-4."""
    times = list(ROBERTSON_KNOWN)
    run = one_run(tiny(ROBERTSON), times[-1], times, Control(relative=1e-7, absolute=1e-12))
    for row, known in zip(run.seen, ROBERTSON_KNOWN.values(), strict=True):
        assert row == pytest.approx(known, rel=2e-4)
    assert run.seen.sum(axis=1) == pytest.approx(1.0, abs=1e-9)


def test_time_may_be_read() -> None:
    """Reference: what grows with the time grows with its square, from whatever time a member begins."""
    rates = {"x": Apply("times", (Name("k"), Name(TIME)))}
    system = System("ramp", rates, {}, {"k": 2.0}, {"x": 0.0})
    plan = Plan(np.array([[2.0], [4.0]]), np.zeros((2, 1)), np.array([0.0, 1.0]), np.full(2, 3.0), [np.array([2.0, 3.0])] * 2)
    assert Lanes(system, 2).run(plan).seen[:, 0] == pytest.approx([4.0, 9.0, 6.0, 16.0], rel=1e-6)


def test_a_trigger_ends_the_step() -> None:
    """Reference: a decay falls below one half at ln 2; the member is left there, to the error of a step, with its time."""
    below = Event("half", Apply("lt", (Name("x"), Number(0.5))), ())
    system = System("decay", {"x": Apply("minus", (Name("x"),))}, {}, {"k": 1.0}, {"x": 1.0}, (below,))
    times = [np.array([0.5, 0.9])] * 2
    run = Lanes(system, 2).run(Plan(np.ones((2, 1)), np.array([[1.0], [0.4]]), np.zeros(2), np.ones(2), times))
    assert run.outcomes.tolist() == [TRIGGERED, FINISHED]
    assert run.reached == pytest.approx([math.log(2.0), 1.0], rel=1e-6)
    assert run.end[:, 0] == pytest.approx([0.5, 0.4 * math.exp(-1.0)], rel=1e-6)
    assert run.end[0, 0] < 0.5
    assert np.isnan(run.seen[:, 0]).tolist() == [False, True, False, False]


@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_jumps_of_rates_are_alike_at_every_width(lanes: int) -> None:
    """Law: members whose rates jump at moments of their own are the same to the last bit whatever the number of lanes."""
    inside = Apply("and", (Apply("geq", (Name(TIME), Name("k"))), Apply("lt", (Name("x"), Number(1.5)))))
    rate = Apply("times", (Apply("piecewise", (Number(2.0), inside, Number(0.5))), Name("k"), Name("x")))
    system = System("jumps", {"x": rate}, {}, {"k": 1.0}, {"x": 1.0})
    constants = np.linspace(0.1, 2.9, 11)[:, None]
    plan = Plan(constants, np.ones((11, 1)), np.zeros(11), np.full(11, 4.0), [np.linspace(0.0, 4.0, 9)] * 11)
    assert same(Lanes(system, lanes).run(plan), Lanes(system, 1).run(plan))
    assert not Lanes(system, lanes).run(plan).outcomes.any()


def test_an_operator_that_is_not_compiled_is_refused() -> None:
    """Refusal: what the lanes cannot compute is named, not computed as something else."""
    system = System("wave", {"x": Apply("bessel", (Name("x"),))}, {}, {"k": 1.0}, {"x": 1.0})
    with pytest.raises(ModelError, match=r"^the operator 'bessel' is not compiled$"):
        Lanes(system, 1)


def test_tolerance_means_something(tiny: ReadTiny) -> None:
    """Law: on the shipped model the error stays below ten tolerances, and falls with them."""
    plan = part(cohort(), [0])
    truth = wide(1).run(plan, Control(relative=1e-11, absolute=1e-14)).seen
    for relative in (1e-4, 1e-6, 1e-8):
        seen = wide(1).run(plan, Control(relative=relative, absolute=1e-3 * relative)).seen
        assert np.max(np.abs(seen - truth) / (np.abs(truth) + 1e-3)) < 10 * relative


def test_against_another_method() -> None:
    """Reference: LSODA, another method and another code for the rates, gives the same course to ten tolerances of 1e-6."""
    plan, system = part(cohort(), [3]), system_of(shipped())
    own = dict(zip(system.constants, plan.constants[0].tolist(), strict=True))
    known = solve_system(replace(system, constants=own), plan.times[0])
    states = np.column_stack([known[name] for name in system.states])
    assert wide(1).run(plan).seen == pytest.approx(states, rel=1e-5, abs=1e-8)


# sameness


@pytest.mark.parametrize("lanes", sorted({1, 2, 4, native_lanes()}))
def test_width_changes_nothing(lanes: int) -> None:
    """Law: every number of every member is the same to the last bit whatever the number of lanes."""
    assert same(wide(lanes).run(cohort()), wide(8 if native_lanes() == 8 else 4).run(cohort()))


def test_company_changes_nothing() -> None:
    """Law: a member alone, or anywhere in a batch in any order, has the same numbers to the last bit."""
    whole = wide(native_lanes()).run(cohort())
    order = [20, 3, 3, 11, 0]
    some_of_them = wide(native_lanes()).run(part(cohort(), order))
    assert np.array_equal(some_of_them.end, whole.end[order])
    assert np.array_equal(some_of_them.steps, whole.steps[order])


@pytest.mark.parametrize("threads", [2, 3, 50])
def test_threads_change_nothing(threads: int) -> None:
    """Law: any number of threads, also more than members, gives the same numbers to the last bit."""
    lanes = wide(native_lanes())
    assert same(lanes.run(cohort(), Control(threads=threads)), lanes.run(cohort()))


def test_looking_changes_nothing() -> None:
    """Law: other output times, or none, change neither steps nor ends, and common times have common values."""
    lanes, plan = wide(native_lanes()), cohort()
    often = Plan(plan.constants, plan.start, plan.begin, plan.end, [np.arange(0.0, LONG + 1, 6.0)] * len(plan.begin))
    never = Plan(plan.constants, plan.start, plan.begin, plan.end, [np.zeros(0)] * len(plan.begin))
    first, second, third = (lanes.run(one) for one in (plan, often, never))
    assert np.array_equal(first.end, second.end)
    assert np.array_equal(first.end, third.end)
    assert np.array_equal(second.seen.reshape(len(plan.begin), 25, -1)[:, ::4], first.seen.reshape(len(plan.begin), 7, -1))


def test_a_run_in_two_pieces_is_the_run() -> None:
    """Law: stopping half-way and going on changes no more than the tolerance lets one step be off."""
    lanes, plan = wide(native_lanes()), cohort()
    half = Plan(plan.constants, plan.start, plan.begin, plan.end / 2, [np.zeros(0)] * len(plan.begin))
    rest = Plan(plan.constants, lanes.run(half).end, plan.end / 2, plan.end, [np.zeros(0)] * len(plan.begin))
    assert lanes.run(rest).end == pytest.approx(lanes.run(plan).end, rel=1e-5, abs=1e-8)


def in_pieces(lanes: Lanes, plan: Plan, parts: int) -> tuple[list[list[float]], Array]:
    """What each member shows, and its peaks, when it is stopped a few times and goes on."""
    going, batches, counts = plan, [], []
    for number in range(parts):
        low, high = plan.end * number / parts - (number == 0), plan.end * (number + 1) / parts
        times = [one[(one > begin) & (one <= end)] for one, begin, end in zip(plan.times, low, high, strict=True)]
        batches.append(lanes.run(replace(going, end=high, times=times)))
        counts.append(np.cumsum([len(one) for one in times])[:-1])
        going = going.further(batches[-1], high, times)
    rows = [np.split(batch.seen, count) for batch, count in zip(batches, counts, strict=True)]
    seen = [np.concatenate(some).ravel().tolist() for some in zip(*rows, strict=True)]
    return seen, reduce(of_both, [one.peaks for one in batches])


@pytest.mark.parametrize("parts", [2, 7, 50])
@pytest.mark.parametrize("width", [1, native_lanes()])
def test_a_run_that_goes_on_is_the_run(parts: int, width: int) -> None:
    """Law: who is stopped where nothing changes and goes on gives what the whole run gives, to the last bit."""
    lanes, plan = wide(width), replace(part(cohort(), [0, 1, 2, 3, 4]), horizon=np.inf)
    whole = lanes.run(plan)
    seen, _ = in_pieces(lanes, plan, parts)
    assert seen == whole.seen.reshape(len(plan.begin), -1).tolist()
    other = lanes.run(replace(plan, end=plan.end - 24.0, times=[one[:-1] for one in plan.times])).seen
    assert other.reshape(len(plan.begin), -1).tolist() == [row[: other.size // len(seen)] for row in seen]


@pytest.mark.parametrize("parts", [3, 8])
def test_a_run_with_conditions_slopes_and_peaks_goes_on(parts: int) -> None:
    """Law: so does one whose rates jump and bend, with its slopes; its peaks are those of the whole but for rounding."""
    wave = Apply("sin", (Apply("times", (Name("k"), Name(TIME))),))
    jump = Apply("piecewise", (Number(1.0), Apply("gt", (Name("x"), Number(0.5))), Number(-1.0)))
    rates = {"x": wave, "y": Apply("minus", (jump, Name("y")))}
    lanes = Lanes(System("waves", rates, {}, {"k": 1.0}, {"x": 0.0, "y": 0.0}), 2, 1, ["x", "y"])
    times = [np.linspace(0.0, 12.0, 37)] * 3
    constants, start = np.array([[0.7, 1.0], [1.0, 1.0], [1.9, 1.0]]), np.zeros((3, 4))
    plan = Plan(constants, start, np.zeros(3), np.full(3, 12.0), times, horizon=np.inf)
    whole = lanes.run(plan)
    seen, peaks = in_pieces(lanes, plan, parts)
    assert seen == whole.seen.reshape(3, -1).tolist()
    assert peaks[..., ::2] == pytest.approx(whole.peaks[..., ::2], rel=1e-12)


def test_no_step_ends_beyond_the_horizon() -> None:
    """Law: a horizon at the end is none; one behind it is where a step may end; who comes to both stands there."""
    lanes, plan = wide(1), part(cohort(), [0])
    assert same(lanes.run(replace(plan, horizon=plan.end)), lanes.run(plan))
    cut = lanes.run(replace(plan, horizon=plan.end + 1e-3))
    assert cut.reached[0] < LONG < cut.reached[0] + cut.trial[0] <= LONG + 1e-3
    assert (lanes.run(plan).reached[0], lanes.run(plan).trial[0]) == (LONG, 0.0)


# members that fail


def test_who_explodes_is_told_and_leaves(tiny: ReadTiny) -> None:
    """Law: a member that becomes infinite ends with a code; those beside it are as they are without it."""
    model = tiny(EXPLOSION)
    lanes = Lanes(system_of(model), 4)
    rates = np.array([[0.1], [1.0], [0.2], [0.3], [0.05]])
    plan = Plan(rates, np.ones((5, 1)), np.zeros(5), np.full(5, 3.0), [np.array([3.0])] * 5)
    run = lanes.run(plan)
    assert run.outcomes.tolist() == [FINISHED, NOT_FINITE, FINISHED, FINISHED, FINISHED]
    sound = [0, 2, 3, 4]
    assert run.end[sound, 0] == pytest.approx(1 / (1 - 3 * rates[sound, 0]), rel=1e-5)
    assert np.array_equal(run.end[sound], lanes.run(part(plan, sound)).end)


def test_steps_are_limited() -> None:
    """Law: a member that has used its steps is given up, with as many steps as were allowed."""
    run = wide(1).run(part(cohort(), [0]), Control(limit=5))
    assert (run.outcomes.tolist(), run.steps.tolist()) == ([TOO_MANY_STEPS], [5])


def test_what_has_no_weight_is_let_go(tiny: ReadTiny) -> None:
    """Law: a state that grows without end keeps no member from settling once it has no weight."""
    growing = f"{TURNOVER}\n  substanceOnly species cells in cell; cells = 1; growth: -> cells; 0.02 * cells;"
    model = tiny(growing)
    place = list(model.states).index("cells")
    weight = np.ones(2)
    assert one_run(model, 1e3, [], Control(calm=1e-9)).outcomes.tolist() == [FINISHED]
    weight[place] = 0.0
    run = one_run(model, 1e3, [], Control(calm=1e-9, weight=weight))
    assert run.outcomes.tolist() == [SETTLED]
    assert run.end[0, 1 - place] == pytest.approx(0.5, rel=1e-8)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process alone")
def test_an_interrupt_is_heard(tiny: ReadTiny) -> None:
    """Law: Control-C ends a batch that would take hours within a moment, and the interrupt is passed on."""
    model = tiny(PREY)
    constants, start = (np.tile(list(one.values()), (64, 1)) for one in (model.constants, model.initial()))
    plan = Plan(constants, start, np.zeros(64), np.full(64, 1e9), [np.zeros(0)] * 64)
    lanes = Lanes(system_of(model))
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        lanes.run(plan, Control(limit=10**12))
    assert time.monotonic() - begin < 5  # 0.3 s of it are the timer's; the rest is room for a busy machine


# what is computed from states


def test_watching_many_groups_is_watching_each() -> None:
    """Law: quantities belong to the constants of their own group, also where a group has no rows."""
    model, plan = shipped(), cohort()
    watcher = Watcher(system_of(model))
    states = np.abs(generator(2, "tests", "lanes").normal(1.0, 0.3, (5, len(model.states))))
    together = watcher.watch(plan.constants[:3], states, [2, 0, 3])
    apart = [watcher.watch(plan.constants[one : one + 1], rows, [len(rows)]) for one, rows in ((0, states[:2]), (2, states[2:]))]
    assert np.array_equal(together, np.vstack(apart))


@pytest.mark.parametrize("lanes", sorted({1, native_lanes()}))
def test_what_is_asked_for_is_what_is_seen_of_all(lanes: int) -> None:
    """Law: chosen states, rules and constants, in any order, are to the last bit those computed afterwards from all states."""
    system, plan = system_of(shipped()), cohort()
    every, rows = wide(lanes).run(plan).seen, [len(one) for one in plan.times]
    computed = Watcher(system).watch(plan.constants, every, rows)
    full = np.hstack([every, computed, np.repeat(plan.constants, rows, axis=0)])
    some = ["OHT", "CDK46_active", "cells", "ER_total", "OHT", "PTEN_dose", system.states[0]]
    batch = wide(lanes).run(plan, None, some)
    assert np.array_equal(batch.seen, full[:, [system.quantities.index(name) for name in some]])
    assert same(replace(batch, seen=every), wide(lanes).run(plan))
    assert np.array_equal(wide(lanes).run(plan, Control(threads=2), ["cells"]).seen[:, 0], every[:, system.states.index("cells")])
    assert wide(lanes).run(plan, None, []).seen.shape == (len(every), 0)


def test_what_is_computed_may_read_the_time() -> None:
    """Reference: a rule of the time alone is exact at every output time, within steps as at their ends."""
    rules = {"twice": Apply("times", (Number(2.0), Name(TIME))), "both": Apply("plus", (Name("twice"), Name("x")))}
    system = System("clock", {"x": Apply("minus", (Name("x"),))}, rules, {}, {"x": 1.0})
    moments = np.linspace(1.0, 3.0, 7)
    plan = Plan(np.zeros((3, 0)), np.ones((3, 1)), np.ones(3), np.full(3, 3.0), [moments] * 3)
    seen = Lanes(system, 2).run(plan, None, ["twice", "both", "x"]).seen.reshape(3, 7, 3)
    assert np.array_equal(seen[:, :, 0], np.tile(2 * moments, (3, 1)))
    assert np.array_equal(seen[:, :, 1], seen[:, :, 0] + seen[:, :, 2])


def test_slopes_of_what_is_asked_for() -> None:
    """Reference: along k, x = e^(-kt) changes by -t e^(-kt), its square by twice x times that, and k itself by 1."""
    decay = Apply("times", (Number(-1.0), Name("k"), Name("x")))
    system = System("decay", {"x": decay}, {"square": Apply("times", (Name("x"), Name("x")))}, {"k": 1.0}, {"x": 1.0})
    moments = np.array([0.5, 1.0, 2.0])
    plan = Plan(np.array([[0.7, 1.0]] * 3), np.array([[1.0, 0.0]] * 3), np.zeros(3), np.full(3, 2.0), [moments] * 3)
    seen = Lanes(system, 2, 1).run(plan, Control(1e-9, 1e-12), ["square", "k"]).seen.reshape(3, 3, 4)
    x = np.exp(-0.7 * moments)
    assert seen[0] == pytest.approx(np.column_stack([x**2, np.full(3, 0.7), -2 * moments * x**2, np.ones(3)]), rel=1e-7)


def test_what_is_not_there_is_not_seen() -> None:
    """Refusal: a quantity that the model has not."""
    with pytest.raises(ModelError, match=r"'nothing' is no quantity of the model; ask for a state, a rule or a constant$"):
        wide(1).run(part(cohort(), [0]), None, ["cells", "nothing"])


def test_the_solver_reads_what_it_runs(solver: Solver) -> None:
    """Law: the batch interface gives the lanes' own numbers: untreated MCF-7 double as often as their course says."""
    from tamarisk.model.context import read_context
    from tamarisk.simulation.run import Experiment, as_member

    solution = solver.solve([as_member(Experiment(read_context("MCF-7")))], times_h=[0.0, LONG], quantities=["cells"])
    assert math.log2(solution.values[0, -1, 0]) == pytest.approx(4.13, abs=0.05)  # a margin for a later fit, 1 %
