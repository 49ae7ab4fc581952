"""One run of the model against libroadrunner on the same SBML: `uv run python benchmarks/single_run.py [REPEATS]`.

Both give 61 points over 144 h from the settled cells, at a relative tolerance of 1e-6; timed in turn, medians and their ratio.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import roadrunner

from tamarisk.model.antimony import read_model
from tamarisk.model.context import read_context
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.run import Experiment, as_member
from tamarisk.study.export import export

HOURS, POINTS = 144.0, 61


def main(repeats: int) -> None:
    """Time both in turn and print the ratio and how far apart the cell numbers are."""
    runs = {"tamarisk": ours(), "libroadrunner": theirs()}
    cells = {name: run() for name, run in runs.items()}
    spans = [{name: seconds(run) for name, run in runs.items()} for _ in range(repeats)]
    middle = {name: statistics.median(span[name] for span in spans) for name in runs}
    print(f"tamarisk {middle['tamarisk'] * 1000:.1f} ms, libroadrunner {middle['libroadrunner'] * 1000:.1f} ms")
    apart = abs(cells["tamarisk"] / cells["libroadrunner"] - 1)
    print(f"ratio {middle['libroadrunner'] / middle['tamarisk']:.2f}; cell number apart by {apart:.1e}")


def ours() -> Callable[[], float]:
    """A run by the package's own integrator; the settled state is known after the first."""
    solver, member = Solver(read_model()), as_member(Experiment(read_context("MCF-7")))
    times = np.linspace(0.0, HOURS, POINTS).tolist()
    return lambda: float(solver.solve([member], times_h=times, quantities=["cells"]).values[0, -1, 0])


def theirs() -> Callable[[], float]:
    """The same run by libroadrunner (CVODE)."""
    with tempfile.TemporaryDirectory() as place:
        runner = roadrunner.RoadRunner(str(export(Path(place) / "mcf7.xml")))
    runner.integrator.setValue("relative_tolerance", 1e-6)
    runner.integrator.setValue("absolute_tolerance", 1e-9)

    def run() -> float:
        runner.reset(roadrunner.SelectionRecord.ALL)
        return float(runner.simulate(0.0, HOURS, POINTS, ["time", "cells"])[-1, 1])

    return run


def seconds(run: Callable[[], float]) -> float:
    """Seconds that a run takes."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
