"""A model as a value: edits give another model, and every formula is accounted for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import ModelError
from tamarisk.model.expression import names
from tamarisk.model.model import Model, readers, with_constants

LAW = settings(deadline=None, max_examples=30, derandomize=True)
EDITS = some.dictionaries(some.sampled_from(["PTEN_dose", "k_SRC", "E2", "rapamycin"]), some.floats(0.0, 100.0))


@LAW
@given(changes=EDITS)
def test_an_edit_changes_what_it_names_and_nothing_else(shipped: Callable[[], Model], changes: dict[str, float]) -> None:
    """Law: the edited model has the new numbers, the old one keeps its own, and everything else is shared."""
    model = shipped()
    before = dict(model.constants)
    edited = with_constants(model, changes)
    assert model.constants == before
    assert {name: value for name, value in edited.constants.items() if name not in changes} == {
        name: value for name, value in before.items() if name not in changes
    }
    assert changes.items() <= edited.constants.items()
    assert dataclasses.replace(edited, constants=model.constants) == model


@LAW
@given(first=EDITS, second=EDITS)
def test_edits_follow_each_other(shipped: Callable[[], Model], first: dict[str, float], second: dict[str, float]) -> None:
    """Law: two edits in a row are one edit in which the later word counts."""
    twice = with_constants(with_constants(shipped(), first), second)
    assert twice.constants == with_constants(shipped(), {**first, **second}).constants


def test_a_model_cannot_be_changed_in_place(model: Model) -> None:
    """Law: a model is a value."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.name = "other"  # type: ignore[misc]


def test_every_quantity_is_of_one_kind(model: Model) -> None:
    """Law: states, rules and constants share no name, and together they are all that can be read."""
    kinds = [set(model.states), {rule.id for rule in model.rules}, set(model.constants)]
    assert sum(len(kind) for kind in kinds) == len(set.union(*kinds)) == len(model.quantities)
    assert set(model.initial()) == set(model.states)
    assert set(model.units) == set(model.constants)


def test_readers_are_the_formulas_that_name_a_quantity(model: Model) -> None:
    """Law: every name in every formula has that formula among its readers, and a name that nobody uses has none."""
    formulas = {one.id: one.formula for one in model.rules} | {one.id: one.rate for one in model.reactions}
    read_by = {quantity: set(readers(model, quantity)) for quantity in model.quantities}
    for id_, formula in formulas.items():
        assert {quantity for quantity, found in read_by.items() if id_ in found} == set(names(formula))
    assert list(readers(model, "nobody")) == []


def test_rules_stand_after_what_they_read(model: Model) -> None:
    """Law: computed in order, no rule waits for another."""
    order = {rule.id: position for position, rule in enumerate(model.rules)}
    for rule in model.rules:
        assert all(order.get(name, -1) < order[rule.id] for name in names(rule.formula))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("PTEN_dos", "did you mean 'PTEN_dose'?"),
        ("qqqq", "see the parameter table"),
        ("ER_activity_", "did you mean 'ER_activity_ref'?"),
    ],
)
def test_an_unknown_constant_is_refused(model: Model, name: str, hint: str) -> None:
    """Refusal: the nearest constant is offered, or the place to look."""
    with pytest.raises(ModelError) as refused:
        with_constants(model, {"PTEN_dose": 1.0, name: 1.0})
    assert str(refused.value) == f"tamarisk: no parameter '{name}'; {hint}"
