"""What the tests of questions share: one laboratory, and every row computed once."""

from __future__ import annotations

import pytest

from tamarisk.model.antimony import read_model
from tamarisk.simulation.batch import Solver
from tamarisk.study.finding import Reading, findings
from tamarisk.study.laboratory import Laboratory
from tamarisk.study.reproduce import TESTS


@pytest.fixture(scope="session")
def solver() -> Solver:
    """The shipped model, compiled once."""
    return Solver(read_model())


@pytest.fixture(scope="session")
def laboratory(solver: Solver) -> Laboratory:
    """A laboratory with every arrow in place."""
    return Laboratory(solver)


@pytest.fixture(scope="session")
def readings(laboratory: Laboratory) -> dict[str, Reading]:
    """Every row of the founding studies, computed."""
    return {name: test(laboratory, findings()[name]) for name, test in TESTS.items()}
