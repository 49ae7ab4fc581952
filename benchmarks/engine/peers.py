"""Where the peers are, the case they are given, and the process in which one runs. It knows no numbers."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libsbml
import numpy as np
from engines import ENGINES
from models import Problem
from translate import as_diffsl, as_python

from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System
from tamarisk.seeds import generator

POINTS, MOST, SPREAD = 21, 2048, 0.2
NARROW = {"Tamarisk": 0.1}  # at 0.2 a few members of this model run away to infinity, in every engine
FLOOR = 1e-9  # absolute tolerance, against the relative one and the median of what there is at the start
ENGINE = Path(__file__).with_name("engines.py")


@dataclass(frozen=True)
class Setting:
    """What holds for a whole measurement.

    Attributes:
        out: where tables, figures, logs and cases go.
        homes: folder of virtual environments in which peers are looked for.
        rounds: how often everything is timed, in turn.
        tolerances: relative ones.
        seconds: processor time that one timing should take.
        patience: seconds after which an engine that does not answer is given up.
    """

    out: Path
    homes: Path
    rounds: int
    tolerances: tuple[float, ...]
    seconds: float
    patience: float


class Silent(Exception):  # noqa: N818 - no fault of ours
    """An engine that is not there, or gave no answer; says why."""


class Worker:
    """An engine in a process of its own.

    Args:
        engine: its name.
        case: the folder of its case.
        cache: where it keeps what it makes; new for a first use.
        setting: what holds for the measurement.

    Raises:
        Silent: the engine is not installed, or not ready in time.
    """

    def __init__(self, engine: str, case: Path, cache: Path, setting: Setting) -> None:
        self.engine, self.patience = engine, setting.patience
        python = _python(engine, setting.homes)
        cache.mkdir(parents=True, exist_ok=True)
        calm = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with (case / f"{engine}.log").open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own file and a Python that was found
                [python, str(ENGINE), engine, str(case), str(cache)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={
                    **os.environ,
                    **calm,
                    "XDG_CACHE_HOME": str(cache),
                    "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
                },
            )
        self.ready = self._answer()

    def ask(self, do: str, **question: Any) -> dict[str, Any]:
        """An answer in seconds of processor time and of the clock.

        Raises:
            Silent: there is none in time, or the engine failed.
        """
        if self.process.poll() is not None or self.process.stdin is None:
            raise Silent("has ended")
        self.process.stdin.write(json.dumps({"do": do, **question}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()

    def _answer(self) -> dict[str, Any]:
        pipe = self.process.stdout
        if pipe is None or not select.select([pipe], [], [], self.patience)[0]:
            self.close()
            raise Silent(f"no answer in {self.patience:.0f} s")
        line = pipe.readline()
        if not line:
            raise Silent(f"ended with {self.process.wait()}; see its log")
        answer: dict[str, Any] = json.loads(line)
        if "fault" in answer:
            raise Silent(answer["fault"])
        return answer


def _python(engine: str, homes: Path) -> str:
    """The first Python that can import an engine: this one, then those of the virtual environments."""
    needs = ENGINES[engine][0].needs
    for python in (sys.executable, *sorted(map(str, homes.glob("*/bin/python")))):
        tried = subprocess.run([python, "-c", f"import {', '.join(needs)}"], capture_output=True, check=False)  # noqa: S603
        if tried.returncode == 0:
            return python
    raise Silent("not installed; see benchmarks/engine/peers.md")


def write_case(problem: Problem, folder: Path) -> dict[str, Any]:
    """Write what every engine reads; the constants of members are log-normal around the model's own."""
    folder.mkdir(parents=True, exist_ok=True)
    system = read_system(problem.sbml, where=problem.name)
    drawn = [name for name in problem.drawn if name in system.constants]
    start, volumes = list(system.initial.values()), _volumes(problem)
    columns = {name.removesuffix(".amount"): place for place, name in enumerate(system.states)}
    shown = [name for name in columns if name in volumes]
    said = {
        **{"name": problem.name, "end": problem.end, "points": POINTS, "drawn": drawn, "species": shown},
        **{"base": [system.constants[name] for name in drawn], "constants": list(system.constants.values())},
        **{"place": [list(system.constants).index(name) for name in drawn], "start": start},
        **{"columns": [columns[name] for name in shown], "volumes": [volumes[name] for name in shown]},
        "absolute": FLOOR * float(np.median([one for one in start if one > 0])),
    }
    draws = generator(1, "benchmark", problem.name).standard_normal((MOST, len(drawn)))
    np.save(folder / "draws.npy", np.exp(NARROW.get(problem.name, SPREAD) * draws))
    (folder / "case.json").write_text(json.dumps(said), encoding="utf-8")
    _write_texts(problem, system, folder)
    return said


def _write_texts(problem: Problem, system: System, folder: Path) -> None:
    """The model as SBML and as the peers that read none want it."""
    for name, text in {"model.xml": problem.sbml, "rates.py": as_python(system), "model.ds": as_diffsl(system)}.items():
        (folder / name).write_text(text, encoding="utf-8")


def _volumes(problem: Problem) -> dict[str, float]:
    """The volume that each species is in."""
    document = libsbml.readSBMLFromString(problem.sbml)
    model = document.getModel()
    return {one.getId(): model.getCompartment(one.getCompartment()).getSize() for one in model.getListOfSpecies()}
