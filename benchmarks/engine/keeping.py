"""What areas and peaks cost: `uv run python benchmarks/engine/keeping.py`.

Processor time of a batch that keeps them against the same batch without, medians of interleaved rounds, one core. Against
them the price of the other way: a path of 1000 output times, from which the largest value would be taken afterwards.
"""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median

import numpy as np
from models import problems

from tamarisk.model.antimony import read_model
from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System, system_of
from tamarisk.seeds import generator
from tamarisk.simulation.areas import with_areas
from tamarisk.simulation.lanes import Control, Lanes, Plan

ROUNDS, MEMBERS, KEPT, LOOKS = 7, 256, 5, 1000


def main() -> None:
    """Two benchmark models and the shipped one."""
    for problem in problems("Bachmann", "Birtwistle"):
        report(problem.name, read_system(problem.sbml, where=problem.name), problem.end)
    report("shipped", system_of(read_model()), 144.0)


def report(name: str, system: System, end: float) -> None:
    """One line of ratios."""
    states = [one for one in system.states if one.endswith(".amount") or "." not in one]
    some = states[:: len(states) // KEPT][:KEPT]
    rules = list(system.assigned)
    rules = rules[:: max(1, len(rules) // KEPT)][:KEPT]
    plan = drawn(system, end)
    wider = replace(plan, start=np.hstack([plan.start, np.zeros((MEMBERS, KEPT))]))
    looked = replace(plan, times=[np.linspace(0.0, end, LOOKS)] * MEMBERS)
    plain = Lanes(system)
    runs = {
        "nothing": (plain, plan),
        "peaks of 5 states": (Lanes(system, peaks=some), plan),
        "peaks of 5 rules": (Lanes(system, peaks=rules), plan),
        "peaks of all states": (Lanes(system, peaks=system.states), plan),
        "areas of 5 states": (Lanes(with_areas(system, some)), wider),
        f"{LOOKS} output times": (plain, looked),
    }
    spans: dict[str, list[float]] = {one: [] for one in runs}
    for _ in range(ROUNDS):
        for one, (lanes, members) in runs.items():
            begin = time.process_time()
            lanes.run(members, Control(1e-6, 1e-9))
            spans[one].append(time.process_time() - begin)
    ratios = {one: median(a / b for a, b in zip(span, spans["nothing"], strict=True)) for one, span in spans.items()}
    said = ", ".join(f"{one} {ratio:.2f}" for one, ratio in ratios.items() if one != "nothing")
    print(f"{name} ({len(system.states)} states): {said} times the processor time of keeping nothing")


def drawn(system: System, end: float) -> Plan:
    """Members whose constants are drawn at 0.1, no output times."""
    base, start = (np.array(list(one.values())) for one in (system.constants, system.initial))
    constants = base * np.exp(0.1 * generator(1, "benchmark", "keeping").standard_normal((MEMBERS, len(base))))
    return Plan(constants, np.tile(start, (MEMBERS, 1)), np.zeros(MEMBERS), np.full(MEMBERS, end), [np.zeros(0)] * MEMBERS)


if __name__ == "__main__":
    main()
