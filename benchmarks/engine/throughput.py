"""Ours against its peers, on the same SBML, tolerances and outputs: `uv run python benchmarks/engine/throughput.py --help`.

Each engine runs in a process of its own; everything is timed in processor time, in turn, round by round, and medians are kept.
Errors are against libroadrunner at 1e-11 (Chen: 1e-10). A peer is compared with ours at the tolerance at which ours is fastest
among those whose error is not larger than the peer's. How peers are installed: peers.md; one that is absent is skipped and said.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
from engines import ENGINES
from gradients import compare_gradients
from models import MODELS, Problem, problems
from peers import MOST, Setting, Silent, Worker, write_case
from results import MATCHED, OURS, Row, write_results

JUDGE, CHECKED, SINGLES = "libroadrunner", 8, 9
LEAST = {OURS: 64}  # members that fill the lanes for long enough
BETWEEN = (1e-3, 5e-4, 2e-4, 5e-5, 2e-5, 5e-6, 2e-6)  # at which ours runs too, so that an error can be matched
AGAIN = {OURS: 5}  # how often a new process is timed
TRUTH = {"Chen": 1e-10}
GRADIENTS = ("Bachmann", "Birtwistle")
Key = tuple[str, float]


def main() -> None:
    """Everything that was asked for, and the tables."""
    names, engines, setting = _asked()
    rows: list[Row] = []
    notes: list[str] = []
    for problem in problems(*names):
        print(f"\n{problem.name}", flush=True)
        try:
            with tempfile.TemporaryDirectory() as cache:
                measurement = Measurement(problem, engines, Path(cache), setting)
                rows += measurement.run()
                notes += measurement.notes
            with tempfile.TemporaryDirectory() as cache:
                notes += compare_gradients(problem, Path(cache), setting) if problem.name in GRADIENTS else []
        except Silent as reason:
            notes.append(f"{problem.name}: given up, {reason}")
        write_results(rows, notes, setting.out)
    print("\n" + (setting.out / "throughput.md").read_text(encoding="utf-8"))


class Measurement:
    """One model, timed with every engine that is there.

    Args:
        problem: the model.
        engines: names.
        cache: an empty folder, so that the first use is one.
        setting: what holds for the measurement.
    """

    def __init__(self, problem: Problem, engines: list[str], cache: Path, setting: Setting) -> None:
        self.problem, self.setting, self.cache = problem, setting, cache
        self.case = setting.out / "cases" / problem.name
        self.floor = write_case(problem, self.case)["absolute"]
        self.truth = self._truth()
        self.notes: list[str] = []
        self.workers = {name: worker for name in engines if (worker := self._started(name))}
        self.rows: dict[Key, Row] = {}

    def run(self) -> list[Row]:
        """Errors, then rounds, then the first use again with what was kept."""
        for name, worker in self.workers.items():
            for relative in sorted({*self.setting.tolerances, *(BETWEEN if name == OURS else ())}, reverse=True):
                self._check(name, worker, relative)
        for turn in range(self.setting.rounds):
            print(f"  round {turn + 1} of {self.setting.rounds}", flush=True)
            for key, row in list(self.rows.items()):
                self._time(key, row)
            self._thread()
        for name, worker in self.workers.items():
            worker.close()
            self._start_again(name)
        return list(self.rows.values())

    def _truth(self) -> np.ndarray:
        """The first members by libroadrunner, as exactly as it can."""
        judge, keep = Worker(JUDGE, self.case, self.cache / "judge", self.setting), self.case / "truth.npy"
        judge.ask("run", members=CHECKED, relative=TRUTH.get(self.problem.name, 1e-11), absolute=1e-16, keep=str(keep))
        judge.close()
        truth: np.ndarray = np.load(keep)
        return truth

    def _started(self, name: str) -> Worker | None:
        """An engine after its first result, if it is there."""
        try:
            worker = Worker(name, self.case, self._kept(name), self.setting)
        except Silent as reason:
            self._note(f"{name}: skipped, {reason}")
            return None
        print(f"  {name}: first result after {worker.ready['first']:.2f} s", flush=True)
        return worker

    def _check(self, name: str, worker: Worker, relative: float) -> None:
        """The error of an engine at one tolerance, and how many members one timing takes."""
        keep, question = self.case / "seen.npy", self._at(relative)
        try:
            worker.ask("run", members=CHECKED, keep=str(keep), **question)
            spent = worker.ask("run", members=CHECKED, **question)["processor"]
        except Silent as reason:
            self._note(f"{name} at {relative:.0e}: {reason}")
            return
        median, worst = error(np.load(keep), self.truth)
        members = int(np.clip(round(self.setting.seconds * CHECKED / spent), LEAST.get(name, 1), MOST))
        print(f"  {name} {relative:.0e}: error {median:.1e}, {members} members a round", flush=True)
        row = Row(self.problem.name, self.truth.shape[2], name, worker.ready["version"], relative, question["absolute"])
        row.members, row.error, row.worst, row.first = members, median, worst, worker.ready["first"]
        self.rows[name, relative] = row

    def _time(self, key: Key, row: Row) -> None:
        """One turn of one engine at one tolerance: many members, then a single one, warm."""
        worker, question = self.workers[key[0]], self._at(key[1])
        try:
            spent = worker.ask("run", members=row.members, **question)["processor"]
            worker.ask("run", members=1, **question)
            repeats = int(np.clip(row.members, 1, SINGLES))
            row.singles.append(worker.ask("run", members=1, repeats=repeats, **question)["processor"])
            row.rates.append(row.members / spent)
        except Silent as reason:
            self._note(f"{key[0]} at {key[1]:.0e}: {reason}")
            del self.rows[key]

    def _thread(self) -> None:
        """Ours with one thread and with two, one after the other, by the clock."""
        row = self.rows.get((OURS, MATCHED))
        if row is not None:
            members = min(MOST, 4 * row.members)
            ask = self.workers[OURS].ask
            one, two = (ask("run", members=members, threads=count, **self._at(MATCHED))["clock"] for count in (1, 2))
            row.threads.append(one / two)

    def _start_again(self, name: str) -> None:
        """The first result in a new process that finds what the last one kept."""
        spans = []
        for _ in range(AGAIN.get(name, 1)):
            try:
                worker = Worker(name, self.case, self._kept(name), self.setting)
            except Silent as reason:
                self._note(f"{name}, started again: {reason}")
                return
            spans.append(worker.ready["first"])
            worker.close()
        for row in (row for (engine, _), row in self.rows.items() if engine == name):
            row.kept = statistics.median(spans)

    def _at(self, relative: float) -> dict[str, float]:
        return {"relative": relative, "absolute": self.floor * relative}

    def _kept(self, name: str) -> Path:
        return self.cache / name.replace(" ", "-")

    def _note(self, text: str) -> None:
        self.notes.append(f"{self.problem.name}, {text}")
        print(f"  {self.notes[-1]}", flush=True)


def error(seen: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The largest error of a member's states against their own size: the median over members, and the worst."""
    size = np.abs(truth) + 1e-3 * np.abs(truth).max(axis=1, keepdims=True) + 1e-6 * np.median(np.abs(truth).max(axis=1))
    largest = np.max(np.abs(seen - truth) / size, axis=(1, 2))
    return float(np.median(largest)), float(np.max(largest))


def _asked() -> tuple[list[str], list[str], Setting]:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS), help=f"some of {', '.join(MODELS)}")
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"some of {', '.join(ENGINES)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tolerances", default="1e-4,1e-5,1e-6,1e-7,1e-8")
    parser.add_argument("--seconds", type=float, default=0.5, help="processor time of one timing")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds until an engine that does not answer is given up")
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="folder of virtual environments, see peers.md")
    parser.add_argument("--out", type=Path, default=Path("engine-results"))
    given = parser.parse_args()
    tolerances = tuple(float(one) for one in given.tolerances.split(","))
    out = given.out.resolve()
    setting = Setting(out, given.peers.resolve(), given.rounds, tolerances, given.seconds, given.patience)
    return given.models.split(","), given.engines.split(","), setting


if __name__ == "__main__":
    main()
