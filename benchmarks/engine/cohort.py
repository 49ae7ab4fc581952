"""Cohorts on disk: `uv run python benchmarks/engine/cohort.py [MEMBERS ...]`.

A model of 25 states, 10 output times, 5 quantities, 10 constants drawn for each member: members per second on disk and in
memory, the largest resident memory for each number of members (50,000 and 200,000 if none is given), a run of the first
number that is killed and goes on, and how long it takes to stop one.
"""

from __future__ import annotations

import hashlib
import json
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import antimony
import numpy as np

from tamarisk.model.model import Model
from tamarisk.model.readout import Readout
from tamarisk.model.sbml import read_sbml
from tamarisk.seeds import generator
from tamarisk.simulation.batch import Member
from tamarisk.simulation.members import Kind, Members, at_once
from tamarisk.simulation.stream import OnDisk, stream

CYCLES, DRAWN, ROUNDS, FEW = 12, 10, 5, 8192
TIMES = np.linspace(0.0, 24.0, 10)
READ = tuple(Readout(name, name, "", "", "relative", "active form") for name in ("A1", "A4", "A8", "A12", "R"))


def cascade() -> Model:
    """Twelve proteins that switch each other on in turn, and a repressor that the last one makes."""
    lines = ["model cascade()", "compartment cell = 1; signal = 1; k_R = 0.5; d_R = 0.3;"]
    lines += ["substanceOnly species R in cell; R = 0; make: -> R; k_R * A12; lose: R -> ; d_R * R;"]
    for number in range(1, CYCLES + 1):
        above = f"A{number - 1}" if number > 1 else "signal / (1 + R)"
        lines += [f"on{number} = {1 + number / 10}; off{number} = {1.5 + number / 20}; K{number} = 0.3;"]
        lines += [f"substanceOnly species I{number} in cell, A{number} in cell; I{number} = 1; A{number} = 0;"]
        lines += [f"up{number}: I{number} -> A{number}; on{number} * (0.05 + {above}) * I{number} / (K{number} + I{number});"]
        lines += [f"down{number}: A{number} -> I{number}; off{number} * A{number} / (K{number} + A{number});"]
    assert antimony.loadAntimonyString("\n".join([*lines, "end"])) >= 0, antimony.getLastError()
    return read_sbml(antimony.getSBMLString("cascade"))


def drawn(model: Model, members: int) -> Members:
    """Members that differ in ten constants, log-normal 0.2; they settle without the signal."""
    names = [f"{kind}{number}" for number in range(1, DRAWN // 2 + 1) for kind in ("on", "off")]
    folds = np.exp(0.2 * generator(1, "benchmark", "cohort").standard_normal((len(names), members)))
    columns = {name: model.constants[name] * row for name, row in zip(names, folds, strict=True)}
    return Members([Kind(Member(settle={"signal": 0.0}))], np.zeros(members, dtype=np.int64), columns)


def child(members: int, folder: str) -> None:
    """One run in a process of its own: seconds and the largest resident memory."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may have been told to ignore it
    model, begin = cascade(), time.perf_counter()
    try:
        stream(model, drawn(model, members), OnDisk(folder), times_h=TIMES, readouts=READ)
    except KeyboardInterrupt as stopped:
        print(json.dumps({"stopped": time.time(), "said": str(stopped)}))
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": time.perf_counter() - begin, "MiB": peak}))


def started(members: int, folder: Path) -> subprocess.Popen[str]:
    """The same as a process that goes on by itself."""
    words = [sys.executable, __file__, "--child", str(members), str(folder)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- this file


def main(sizes: list[int]) -> None:
    """All four, one after the other."""
    with tempfile.TemporaryDirectory() as place:
        rates(Path(place))
        for members in sizes:
            said = json.loads(started(members, Path(place) / f"whole {members}").communicate()[0])
            rate = members / said["seconds"]
            print(f"{members} members: {rate:.0f} per second, at most {said['MiB']:.0f} MiB resident", flush=True)
        killed(sizes[0], Path(place))
        stopped(sizes[0], Path(place))


def rates(place: Path) -> None:
    """Members per second on disk against in memory, interleaved."""
    model = cascade()
    spans: dict[str, list[float]] = {"memory": [], "disk": []}
    for turn in range(ROUNDS + 1):
        members = drawn(model, FEW)
        for kind in spans:
            begin = time.perf_counter()
            if kind == "disk":
                stream(model, members, OnDisk(place / f"rate {turn}"), times_h=TIMES, readouts=READ)
            else:
                at_once(model, members, times_h=TIMES, readouts=READ)
            spans[kind] += [time.perf_counter() - begin] if turn else []  # the first round compiles
    ratio = statistics.median(one / other for one, other in zip(spans["memory"], spans["disk"], strict=True))
    print(f"on disk {ratio:.2f} times as many members per second as in memory, medians of {ROUNDS}, {FEW} members", flush=True)


def killed(members: int, place: Path) -> None:
    """Kill a run in its middle, start it again, and compare the files with those of a run that was left alone."""
    run = started(members, place / "killed")
    ends = place / "killed" / "outcome" / "c"
    while len(list(ends.glob("*")) if ends.exists() else []) < members // 4096 // 2:
        time.sleep(0.01)
    run.kill()
    run.wait()
    kept = len(list(ends.glob("*")))
    started(members, place / "killed").communicate()
    same = digest(place / "killed") == digest(place / f"whole {members}")
    print(f"{members} members, killed after {kept} chunks and started again: the files are {'the same' if same else 'others'}")


def stopped(members: int, place: Path) -> None:
    """How long a run takes to stop after Control-C."""
    spans = []
    for turn in range(ROUNDS):
        run = started(members, place / f"stopped {turn}")
        while not (place / f"stopped {turn}" / "outcome" / "c" / "0").exists():
            time.sleep(0.01)
        time.sleep(0.1 * turn)
        begin = time.time()
        run.send_signal(signal.SIGINT)
        said = json.loads(run.communicate()[0])
        spans.append(said["stopped"] - begin)
    print(f"Control-C: {1000 * max(spans):.0f} ms at most; {said['said'].partition(' in ')[0]}")


def digest(folder: Path) -> str:
    """A hash of every file below a folder with its name."""
    whole = hashlib.sha256()
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        whole.update(str(file.relative_to(folder)).encode())
        whole.update(file.read_bytes())
    return whole.hexdigest()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(int(sys.argv[2]), sys.argv[3])
    else:
        main([int(word) for word in sys.argv[1:]] or [50_000, 200_000])
