"""The way back against a plain run and against slopes that go forwards: `uv run python benchmarks/engine/adjoint.py`.

Processor time per member, medians of interleaved rounds in one process; 21 output times, log-normal constants (0.2), tolerance
1e-6. One member alone takes one lane. Forwards a member is differentiated along every constant that is drawn, which fills the
lanes; backwards by all constants and starts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from models import Problem, problems

from tamarisk.model.sbml_front import read_system
from tamarisk.seeds import generator
from tamarisk.simulation.adjoint import Adjoint
from tamarisk.simulation.lanes import Control, Lanes, Plan

NAMES, ROUNDS, MEMBERS, DIRECTIONS, OUTPUTS = ("Bachmann", "Birtwistle"), 7, (1, 32), 4, 21


def main() -> None:
    """A line for each model and number of members."""
    print("| model | constants | members | plain ms | there and back, of plain | forwards, of there and back |")
    print("|---|---|---|---|---|---|")
    for problem in problems(*NAMES):
        for members in MEMBERS:
            plain, recorded, pulled, forwards = measured(problem, members)
            both = recorded + pulled
            cells = f"{plain * 1e3:.3g} | {both / plain:.2g} | {forwards / both:.3g}"
            print(f"| {problem.name} | {len(problem.drawn)} | {members} | {cells} |", flush=True)


def measured(problem: Problem, members: int) -> list[float]:
    """Seconds per member: a plain run, a recorded one, the way back, slopes along every drawn constant."""
    system = read_system(problem.sbml, where=problem.name)
    base, start = (np.array(list(one.values()), dtype=float) for one in (system.constants, system.initial))
    drawn = [list(system.constants).index(name) for name in problem.drawn if name in system.constants]
    constants = np.tile(base, (members, 1))
    constants[:, drawn] *= np.exp(0.2 * generator(1, "benchmark", "adjoint").standard_normal((members, len(drawn))))
    plan, control = _plan(problem, constants, np.tile(start, (members, 1))), Control(absolute=1e-12 * float(start.max()))
    rows = -(-len(drawn) // DIRECTIONS)
    along, states = (np.zeros((rows, 1 + DIRECTIONS, len(one))) for one in (base, start))
    along[:, 0], states[:, 0] = constants[0], start
    for number, place in enumerate(drawn):
        along[number // DIRECTIONS, 1 + number % DIRECTIONS, place] = 1.0
    many = _plan(problem, along.reshape(rows, -1), states.reshape(rows, -1))
    lanes = 1 if members == 1 else None
    plain, directed, adjoint = Lanes(system, lanes), Lanes(system, directions=DIRECTIONS), Adjoint(system, lanes)
    trace = adjoint.record(plan, control)
    slopes = np.ones_like(trace.batch.seen)
    work: list[tuple[Callable[[], object], int]] = [
        (lambda: plain.run(plan, control), members),
        (lambda: adjoint.record(plan, control), members),
        (lambda: adjoint.pull(trace, slopes), members),
        (lambda: directed.run(many, control), 1),
    ]
    rounds = [[_timed(one) / share for one, share in work] for _ in range(ROUNDS + 1)][1:]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def _plan(problem: Problem, constants: np.ndarray, start: np.ndarray) -> Plan:
    """Everyone from 0 to the problem's end."""
    times = np.linspace(0.0, problem.end, OUTPUTS)
    members = len(constants)
    return Plan(constants, start, np.zeros(members), np.full(members, problem.end), [times] * members)


def _timed(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
