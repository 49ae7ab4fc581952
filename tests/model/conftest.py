"""What the tests of the model share: the shipped model, the folder beside the repository, and values at any state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tamarisk.model.antimony import read_model
from tamarisk.model.expression import evaluate
from tamarisk.model.model import Model, with_constants
from tamarisk.seeds import generator

Values = dict[str, float]
Snapshot = Callable[[Model], Values]


@pytest.fixture(scope="session")
def model() -> Model:
    """The shipped model."""
    return read_model()


@pytest.fixture(scope="session")
def shipped(model: Model) -> Callable[[], Model]:
    """Gives the shipped model to laws over many inputs, whose reports would print a whole fixture."""
    return lambda: model


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of source data beside the repository; the test is skipped where it is not at hand."""
    folder = Path(__file__).resolve().parents[2].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder shared/ is not beside the repository")
    return folder


@pytest.fixture(scope="session")
def busy(model: Model) -> Model:
    """The shipped model with a little of everything in the medium, so that no arrow lies idle."""
    media = {one.id: model.constants[one.id] or 10.0 for one in model.species if one.fixed}
    return with_constants(model, {**media, "E2_aromatase": 1.0, "AKT_myristoylation": 0.1})


@pytest.fixture(scope="session")
def snapshot(model: Model) -> Snapshot:
    """Reads every amount, rule and rate of a model at one drawn state, the same each time."""
    chance = generator(1, "tests", "state")
    amounts = {state: float(chance.uniform(0.1, 0.9)) for state in model.states}

    def values(of: Model) -> Values:
        known = {**amounts, **of.constants}
        for rule in of.rules:
            known[rule.id] = evaluate(rule.formula, known)
        return {**known, **{one.id: evaluate(one.rate, known) for one in of.reactions}}

    return values
