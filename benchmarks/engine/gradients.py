"""Gradients of every species by every drawn constant: ours and AMICI's forward sensitivities, judged by differences.

throughput.py calls this. The differences are of libroadrunner's runs at 1e-11; times and values are kept. It knows no solver.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
from models import Problem
from peers import Setting, Silent, Worker, write_case

RUN, JUDGE = ("tamarisk", "amici"), "libroadrunner"
TOLERANCES, WANTED = (1e-3, 1e-4, 1e-5, 1e-6), 1e-5  # each runs at the loosest tolerance whose error is as wanted
TIGHT, NUDGE = 1e-11, 3e-3
STENCIL = ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0))  # five points, error of order NUDGE**4


def compare_gradients(problem: Problem, cache: Path, setting: Setting) -> list[str]:
    """Time each engine that has gradients, keep its values beside the case, and say times and errors."""
    case = setting.out / "cases" / f"{problem.name}-gradients"
    written = write_case(problem, case)
    truth, base = differences(problem, case, cache, setting), np.array(written["base"])
    workers: dict[str, tuple[Worker, dict[str, float]]] = {}
    notes: list[str] = []
    for engine in RUN:
        try:
            worker = Worker(engine, case, cache / engine, setting)
            relative, far = _loosest(worker, case / f"gradients-{engine}.npy", written["absolute"], truth, base)
        except Silent as reason:
            notes.append(f"{problem.name}, gradients, {engine}: {reason}")
            continue
        workers[engine] = worker, {"relative": relative, "absolute": written["absolute"] * relative}
        notes.append(f"{problem.name}, gradients by {len(truth)} constants, {engine} at {relative:.0e}: error {far:.1e}")
    turns = [{one: worker.ask("gradients", **at) for one, (worker, at) in workers.items()} for _ in range(setting.rounds)]
    spans = {engine: [turn[engine]["processor"] for turn in turns] for engine in workers}
    for engine, (worker, _) in workers.items():
        worker.close()
        notes.append(f"{problem.name}, gradients, {engine}: {1e3 * statistics.median(spans[engine]):.3g} ms")
    if len(workers) == len(RUN):
        ratio = statistics.median(theirs / own for own, theirs in zip(*spans.values(), strict=True))
        notes.append(f"{problem.name}, gradients: {RUN[1]} takes {ratio:.1f} times as long, median of {setting.rounds} rounds")
    print("\n".join(f"  {note}" for note in notes), flush=True)
    return notes


def _loosest(worker: Worker, keep: Path, floor: float, truth: np.ndarray, base: np.ndarray) -> tuple[float, float]:
    """The loosest tolerance whose error is as wanted, or else the tightest, and the error."""
    far = np.inf
    for relative in TOLERANCES:
        worker.ask("gradients", keep=str(keep), relative=relative, absolute=floor * relative)
        far = error(np.load(keep), truth, base)
        if far <= WANTED:
            break
    return relative, far


def differences(problem: Problem, case: Path, cache: Path, setting: Setting) -> np.ndarray:
    """The same by differences of tight runs of the judge, shape `(constant, time, species)`."""
    nudged = case.with_name(f"{problem.name}-nudged")
    base = np.array(write_case(problem, nudged)["base"])
    moves = [1.0 + NUDGE * step * np.eye(len(base)) for step, _ in STENCIL]
    np.save(nudged / "draws.npy", np.concatenate(moves))
    keep = nudged / "runs.npy"
    worker = Worker(JUDGE, nudged, cache / JUDGE, setting)
    worker.ask("run", members=len(STENCIL) * len(base), relative=TIGHT, absolute=1e-16, keep=str(keep))
    worker.close()
    runs = np.load(keep).reshape(len(STENCIL), len(base), *np.load(keep).shape[1:])
    weighed = sum(weight * run for (_, weight), run in zip(STENCIL, runs, strict=True))
    slopes: np.ndarray = weighed / (12 * NUDGE * base)[:, None, None]
    np.save(case / "gradients-differences.npy", slopes)
    return slopes


def error(found: np.ndarray, truth: np.ndarray, base: np.ndarray) -> float:
    """The largest error of a slope by the logarithm of a constant, against the largest of these slopes."""
    scale = base[:, None, None]
    return float(np.abs((found - truth) * scale).max() / np.abs(truth * scale).max())
