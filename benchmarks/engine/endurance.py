"""Long and wild runs: `uv run python benchmarks/engine/endurance.py`.

Ninety daily doses for 256 members of the 118-state model, against libroadrunner, and given as events of SBML; 10,000 members
with constants drawn over a log-normal of 1.0, and how they ended; what one pathological member costs a batch.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import numpy as np
import roadrunner
from models import MODELS, Problem, problems

from tamarisk.model.expression import Apply, Name, Number
from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import TIME, Assignment, Event
from tamarisk.seeds import generator
from tamarisk.simulation.happenings import Happenings
from tamarisk.simulation.lanes import Control, Lanes, Plan

DAYS, DAY_S, DOSE = 90, 86_400.0, 10.0
ENDS = ("finished", "settled", "too many steps", "not finite", "stopped")


def main() -> None:
    """All three, one after the other."""
    (erbb,) = problems("Birtwistle")
    doses(erbb)
    for problem in problems(*MODELS):
        wild(problem)
    pathological(erbb)


def doses(problem: Problem) -> None:
    """A dose of the ligand every day, members drawn at 0.2; ours at the loosest tolerance whose error is not larger."""
    system, members = read_system(problem.sbml, where=problem.name), 256
    lanes = Lanes(system)
    constants, start = drawn(problem, members, 0.2)
    plain = np.array([list(system.constants.values())])
    truth, _ = peer_doses(problem, 1e-11, 1e-15)
    theirs, spent = peer_doses(problem, 1e-6, 1e-9)
    far = error(theirs, truth)
    for relative in (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6):
        control = Control(relative, 1e-3 * relative)
        own = error(daily(lanes, plain, start[:1], control)[0], truth)
        if own <= far:
            break
    begin = time.process_time()
    ends = daily(lanes, constants, start, control)
    ours = (time.process_time() - begin) / members
    print(f"{DAYS} daily doses: {spent / ours:.0f} times as many members per second as libroadrunner at 1e-6 (error {far:.0e});")
    print(f"  ours at {relative:.0e} (error {own:.0e}), processor time")
    dosed = Happenings(replace(system, events=tuple(dose(day) for day in range(DAYS))))
    whole = Plan(constants, start, np.zeros(members), np.full(members, DAYS * DAY_S), [np.zeros(0)] * members)
    begin = time.process_time()
    course = dosed.run(whole, control)
    events = (time.process_time() - begin) / members
    apart = np.abs(course.end - ends).max() / np.abs(ends).max()
    print(f"the same as events of SBML: {events / ours:.1f} times the time, ends apart by {apart:.0e} of the largest state")


def daily(lanes: Lanes, constants: np.ndarray, state: np.ndarray, control: Control) -> np.ndarray:
    """States after ninety doses, each run in a piece of its own."""
    members, ligand = len(constants), list(lanes.source.states).index("E.amount")
    for day in range(DAYS):
        state = state.copy()
        state[:, ligand] += DOSE
        ends = np.full(members, (day + 1) * DAY_S)
        state = lanes.run(Plan(constants, state, ends - DAY_S, ends, [np.zeros(0)] * members), control).end
    return state


def peer_doses(problem: Problem, relative: float, absolute: float) -> tuple[np.ndarray, float]:
    """The same by libroadrunner for the member as it is: its states, and seconds of processor time."""
    system = read_system(problem.sbml, where=problem.name)
    runner = roadrunner.RoadRunner(problem.sbml)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = relative, absolute
    runner.integrator.maximum_num_steps = 200_000
    begin = time.process_time()
    for day in range(DAYS):
        runner["[E]"] += DOSE
        runner.simulate(day * DAY_S, (day + 1) * DAY_S, 2)
    spent = time.process_time() - begin
    return np.array([runner[name.removesuffix(".amount")] for name in system.states]), spent


def error(seen: np.ndarray, truth: np.ndarray) -> float:
    """The largest error of a state against its own size."""
    return float(np.max(np.abs(seen - truth) / (np.abs(truth) + 1e-6 * np.max(np.abs(truth)))))


def dose(day: int) -> Event:
    """The ligand is raised when its day comes."""
    due = Apply("geq", (Name(TIME), Number(day * DAY_S)))
    more = Assignment("E.amount", Apply("plus", (Name("E.amount"), Number(DOSE))))
    return Event(f"day{day}", due, (more,), initially=False)


def wild(problem: Problem) -> None:
    """Members drawn at 1.0, counted by how they ended."""
    members = 10_000
    constants, state = drawn(problem, members, 1.0)
    plan = Plan(constants, state, np.zeros(members), np.full(members, problem.end), [np.zeros(0)] * members)
    begin = time.perf_counter()
    run = Lanes(read_system(problem.sbml, where=problem.name)).run(plan, Control(1e-6, 1e-9, threads=2))
    counts = {ENDS[code]: count for code, count in Counter(run.outcomes.tolist()).items()}
    print(f"{problem.name}, 10,000 members drawn at 1.0: {counts} in {time.perf_counter() - begin:.0f} s")


def pathological(problem: Problem) -> None:
    """A batch with and without one member whose constants are a hundred thousand times too large."""
    members = 512
    constants, state = drawn(problem, members, 0.2)
    lanes, spans = Lanes(read_system(problem.sbml, where=problem.name)), []
    for factor in (1.0, 1e5):
        odd = constants.copy()
        odd[100] *= factor
        plan = Plan(odd, state, np.zeros(members), np.full(members, problem.end), [np.zeros(0)] * members)
        lanes.run(plan)
        begin = time.process_time()
        lanes.run(plan)
        spans.append(time.process_time() - begin)
    print(f"one pathological member of {members} costs {100 * (spans[1] / spans[0] - 1):.0f} % of the time")


def drawn(problem: Problem, members: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Constants with the drawn ones multiplied, and the start of each member."""
    system = read_system(problem.sbml, where=problem.name)
    names = list(system.constants)
    constants = np.tile(list(system.constants.values()), (members, 1))
    place = [names.index(name) for name in problem.drawn if name in system.constants]
    constants[:, place] *= np.exp(spread * generator(2, "benchmark", problem.name).standard_normal((members, len(place))))
    return constants, np.tile(list(system.initial.values()), (members, 1))


if __name__ == "__main__":
    main()
