"""What the tests of the simulation share: the shipped model compiled once, and tiny models written in Antimony."""

from __future__ import annotations

from collections.abc import Callable

import antimony
import pytest

from tamarisk.model.antimony import read_model
from tamarisk.model.model import Model
from tamarisk.model.sbml import read_sbml
from tamarisk.simulation.batch import Solver
from tamarisk.study.laboratory import Laboratory

ReadTiny = Callable[[str], Model]


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
