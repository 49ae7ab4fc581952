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
RELATIVE, TIGHT, NUDGE = 1e-6, 1e-11, 3e-3
STENCIL = ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0))  # five points, error of order NUDGE**4


def compare_gradients(problem: Problem, cache: Path, setting: Setting) -> list[str]:
    """Time each engine that has gradients, keep its values beside the case, and say times and errors."""
    case = setting.out / "cases" / f"{problem.name}-gradients"
    floor = write_case(problem, case)["absolute"]
    truth = differences(problem, case, cache, setting)
    question = {"relative": RELATIVE, "absolute": floor * RELATIVE}
    workers: dict[str, Worker] = {}
    notes: list[str] = []
    spans: dict[str, list[float]] = {}
    for engine in RUN:
        try:
            workers[engine] = Worker(engine, case, cache / engine, setting)
            workers[engine].ask("gradients", keep=str(case / f"gradients-{engine}.npy"), **question)
        except Silent as reason:
            notes.append(f"{problem.name}, gradients, {engine}: {reason}")
            workers.pop(engine, None)
    turns = [{engine: worker.ask("gradients", **question) for engine, worker in workers.items()} for _ in range(setting.rounds)]
    for engine, worker in workers.items():
        worker.close()
        spans[engine] = [turn[engine]["processor"] for turn in turns]
        spent, far = statistics.median(spans[engine]), error(np.load(case / f"gradients-{engine}.npy"), truth)
        notes.append(f"{problem.name}, gradients by {len(truth)} constants, {engine}: {1e3 * spent:.3g} ms, error {far:.1e}")
    if len(workers) == len(RUN):
        ratio = statistics.median(theirs / own for own, theirs in zip(*spans.values(), strict=True))
        notes.append(f"{problem.name}, gradients: {RUN[1]} takes {ratio:.1f} times as long, median of {setting.rounds} rounds")
    print("\n".join(f"  {note}" for note in notes), flush=True)
    return notes


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


def error(found: np.ndarray, truth: np.ndarray) -> float:
    """The largest error of a gradient against the largest gradient by the same constant."""
    size = np.abs(truth).max(axis=(1, 2))
    moved = size > 1e-12 * size.max()
    return float(np.max(np.abs(found - truth)[moved].max(axis=(1, 2)) / size[moved]))
