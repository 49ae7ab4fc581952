"""Members per second and core against libroadrunner, at matched error: `uv run python benchmarks/engine/throughput.py [MODEL]`.

Every engine gets the same SBML text, the same drawn constants (log-normal, 0.2) and the same 21 output times. Rounds are
interleaved and timed in processor time; the table gives medians and the error against libroadrunner at 1e-11. A peer is
compared with ours at the loosest tolerance whose error is not larger than the peer's.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import libsbml
import numpy as np
import roadrunner
from models import MODELS, Problem, problems

from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System
from tamarisk.seeds import generator
from tamarisk.simulation.lanes import Control, Lanes, Plan

TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7)
POINTS, ROUNDS, CHECKED = 21, 5, 8
MEMBERS = {"Bachmann": 2048, "Lucarelli": 2048, "Birtwistle": 256, "Chen": 16}
PEER_MEMBERS = {"Bachmann": 48, "Lucarelli": 48, "Birtwistle": 12, "Chen": 1}
Runner = Callable[[int], np.ndarray]


def main(names: list[str]) -> None:
    """One table per model."""
    for problem in problems(*(names or MODELS)):
        print(f"\n{problem.name}")
        compare(problem)


def compare(problem: Problem) -> None:
    """Time ours at four tolerances and the peers at 1e-6, in turn; print rates, errors and ratios."""
    draws = factors(problem)
    truth = peer(problem, draws, relative=1e-11, absolute=1e-16)(min(CHECKED, PEER_MEMBERS[problem.name]))
    runs: dict[str, tuple[Runner, int]] = {
        f"tamarisk {relative:.0e}": (ours(problem, draws, relative), MEMBERS[problem.name]) for relative in TOLERANCES
    }
    runs["libroadrunner 1e-06"] = (peer(problem, draws, relative=1e-6, absolute=1e-12), PEER_MEMBERS[problem.name])
    errors = {name: error(run(len(truth)), truth) for name, (run, _) in runs.items()}
    rates = {name: statistics.median(one) for name, one in timed(runs).items()}
    for name, rate in rates.items():
        print(f"  {name:22s} {rate:10.1f} /s   error {errors[name]:.1e}")
    for name in (one for one in rates if not one.startswith("tamarisk")):
        fair = [rates[one] for one in rates if one.startswith("tamarisk") and errors[one] <= errors[name]]
        print(f"  against {name}: {max(fair) / rates[name]:.1f} times" if fair else f"  against {name}: error not reached")


def timed(runs: dict[str, tuple[Runner, int]]) -> dict[str, list[float]]:
    """Members per second of processor time, round by round."""
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, (run, members) in runs.items():
            begin = time.process_time()
            run(members)
            rates[name].append(members / (time.process_time() - begin))
    return rates


def factors(problem: Problem) -> np.ndarray:
    """What each drawn constant is multiplied by, shape `(member, constant)`."""
    return np.exp(0.2 * generator(1, "benchmark", problem.name).standard_normal((MEMBERS[problem.name], len(problem.drawn))))


def ours(problem: Problem, draws: np.ndarray, relative: float) -> Runner:
    """The compiled lanes of this processor."""
    system = read_system(problem.sbml, where=problem.name)
    lanes = Lanes(system)
    place = [list(system.constants).index(name) for name in problem.drawn if name in system.constants]
    kept = [number for number, name in enumerate(problem.drawn) if name in system.constants]
    base, start = (np.array(list(one.values())) for one in (system.constants, system.initial))
    shown = moving(system)
    columns = [system.states.index(f"{name}.amount") for name in shown]
    volumes = np.array([species(problem)[name] for name in shown])

    def run(members: int) -> np.ndarray:
        constants = np.tile(base, (members, 1))
        constants[:, place] *= draws[:members][:, kept]
        times = [np.linspace(0.0, problem.end, POINTS)] * members
        plan = Plan(constants, np.tile(start, (members, 1)), np.zeros(members), np.full(members, problem.end), times)
        batch = lanes.run(plan, Control(relative=relative, absolute=1e-6 * relative * typical(start)))
        return batch.seen.reshape(members, POINTS, -1)[:, :, columns] / volumes

    return run


def peer(problem: Problem, draws: np.ndarray, *, relative: float, absolute: float) -> Runner:
    """libroadrunner, one member after the other, from a state that was set back."""
    runner = roadrunner.RoadRunner(problem.sbml)
    runner.integrator.relative_tolerance = relative
    runner.integrator.absolute_tolerance = absolute
    runner.integrator.maximum_num_steps = 200_000
    system = read_system(problem.sbml, where=problem.name)
    runner.timeCourseSelections = [f"[{name}]" for name in moving(system)]
    base = {name: runner[name] for name in problem.drawn}
    kept = [number for number, name in enumerate(problem.drawn) if name in system.constants]

    def run(members: int) -> np.ndarray:
        seen = []
        for factor in draws[:members]:
            runner.resetAll()
            for number in kept:
                runner[problem.drawn[number]] = base[problem.drawn[number]] * factor[number]
            seen.append(np.array(runner.simulate(0.0, problem.end, POINTS)))
        return np.array(seen)

    return run


def species(problem: Problem) -> dict[str, float]:
    """Every species with the volume it is in."""
    document = libsbml.readSBMLFromString(problem.sbml)
    model = document.getModel()
    return {one.getId(): model.getCompartment(one.getCompartment()).getSize() for one in model.getListOfSpecies()}


def moving(system: System) -> list[str]:
    """The species that reactions change."""
    return [name.removesuffix(".amount") for name in system.states if name.endswith(".amount")]


def typical(start: np.ndarray) -> float:
    """The size of what there is at the start."""
    return float(np.median(start[start > 0])) if (start > 0).any() else 1.0


def error(seen: np.ndarray, truth: np.ndarray) -> float:
    """The largest error of a member's states against their own size, the median over members."""
    size = np.abs(truth) + 1e-3 * np.abs(truth).max(axis=1, keepdims=True) + 1e-6 * np.median(np.abs(truth).max(axis=1))
    return float(np.median(np.max(np.abs(seen - truth) / size, axis=(1, 2))))


if __name__ == "__main__":
    main(sys.argv[1:])
