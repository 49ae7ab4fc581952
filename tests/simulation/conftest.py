"""What the tests of the simulation share: the shipped model compiled once, tiny models in Antimony, benchmark models."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import antimony
import libsbml
import numpy as np
import pytest

from tamarisk.model.antimony import read_model
from tamarisk.model.model import Model
from tamarisk.model.sbml import read_sbml
from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.event_slopes import HappeningSlopes
from tamarisk.simulation.happenings import Happenings
from tamarisk.simulation.lanes import Control, Plan
from tamarisk.simulation.outcome import Outcome
from tamarisk.study.laboratory import Laboratory

ReadTiny = Callable[[str], Model]
ReadPetab = Callable[[str], System]
SlopeError = Callable[..., float]
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def solver() -> Solver:
    """The shipped model, compiled."""
    return Solver(read_model())


@pytest.fixture(scope="session")
def laboratory(solver: Solver) -> Laboratory:
    """A bench on the shipped model."""
    return Laboratory(solver)


@pytest.fixture(scope="session")
def tiny() -> ReadTiny:
    """Reads a model of a few reactions from the body of an Antimony module with one compartment, `cell`."""

    def read(body: str) -> Model:
        antimony.clearPreviousLoads()
        done = antimony.loadAntimonyString(f"model tiny()\n  compartment cell = 1;\n{body}\nend")
        assert done >= 0, antimony.getLastError()
        return read_sbml(antimony.getSBMLString("tiny"))

    return read


@pytest.fixture(scope="session")
def petab() -> ReadPetab:
    """Reads the equations of a benchmark problem at its nominal parameters, initial assignments carried out."""

    def read(name: str) -> System:
        archive = SHARED / "petab_benchmarks" / f"{name}.zip"
        if not archive.exists():
            pytest.skip("the shared folder with benchmark models is not there")
        with zipfile.ZipFile(archive) as whole:
            files = {Path(one).name: one for one in whole.namelist()}
            rows = [line.split("\t") for line in whole.read(files[f"parameters_{name}.tsv"]).decode().splitlines()]
            text = whole.read(files[f"model_{name}.xml"]).decode()
        document = libsbml.readSBMLFromString(text)
        values = {row[rows[0].index("parameterId")]: float(row[rows[0].index("nominalValue")]) for row in rows[1:]}
        for parameter, value in (values | {"Epo": 1.25e-7, "init_TGFb": 1.0, "Epo_level": 1e-7}).items():
            if document.getModel().getParameter(parameter) is not None:
                document.getModel().getParameter(parameter).setValue(value)
        converter = libsbml.ConversionProperties()
        converter.addOption("expandInitialAssignments", True)
        document.convert(converter)
        return read_system(libsbml.writeSBMLToString(document), where=name)

    return read


@pytest.fixture(scope="session")
def slope_error() -> SlopeError:
    """The largest difference between slopes through events and central differences of tight runs, against the largest slope."""

    def compared(system: System, times: np.ndarray, step: float = 2e-4) -> float:
        base = np.array(list(system.constants.values()))
        moved = base + step * np.concatenate([np.eye(len(base)), -np.eye(len(base))])
        found = HappeningSlopes(system, 1).run(_started(system, base[None], times), np.eye(len(base)), Control(1e-10, 1e-13))
        assert found.course.outcomes == (Outcome.FINISHED,)
        seen = Happenings(system, 1).run(_started(system, moved, times), Control(1e-12, 1e-15)).seen
        more, less = seen.reshape(2, len(base), len(times), -1)
        differences = np.moveaxis((more - less) / (2 * step), 0, 2)
        return float(np.abs(found.slopes - differences).max() / np.abs(differences).max())

    return compared


def _started(system: System, constants: np.ndarray, times: np.ndarray) -> Plan:
    """One member from the system's start for every row of constants."""
    many = len(constants)
    start = np.tile(list(system.initial.values()), (many, 1))
    return Plan(constants, start, np.zeros(many), np.full(many, times[-1]), [times] * many)
