"""Arrows: each can be taken away, and something changes when it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tamarisk.errors import UnknownNameError
from tamarisk.model.arrow import arrows, removal, without_arrow
from tamarisk.model.model import Model, readers

ARROWS = list(arrows())


@pytest.mark.parametrize("name", ARROWS)
def test_taking_an_arrow_away_changes_the_cell(busy: Model, snapshot: Callable[[Model], dict[str, float]], name: str) -> None:
    """Law: the constants of an arrow are read by formulas, and without it the rate of some process is another."""
    changes = removal(busy, name)
    assert all(list(readers(busy, constant)) for constant in changes)
    assert all(busy.constants[constant] != value for constant, value in changes.items())
    there, gone = snapshot(busy), snapshot(without_arrow(busy, name))
    moved = {one.id for one in busy.reactions if there[one.id] != gone[one.id]}
    assert moved


@pytest.mark.parametrize("name", ARROWS)
def test_only_what_reads_the_arrow_moves(busy: Model, snapshot: Callable[[Model], dict[str, float]], name: str) -> None:
    """Law: without an arrow a formula moves only if it reads one of the arrow's constants or a rule that moved."""
    there, gone = snapshot(busy), snapshot(without_arrow(busy, name))
    moved = {one.id for one in (*busy.rules, *busy.reactions) if there[one.id] != gone[one.id]}
    causes = set(removal(busy, name)) | {rule.id for rule in busy.rules if rule.id in moved}
    assert moved <= {reader for cause in causes for reader in readers(busy, cause)}


@pytest.mark.parametrize("name", ARROWS)
def test_an_arrow_is_found_as_it_is_typed(model: Model, name: str) -> None:
    """Law: keyboards have no arrows; -> and -| stand for them, and no two arrows are mistaken for each other."""
    typed = name.replace("→", "->").replace("⊣", "-|").replace("–", "-").lower()
    assert removal(model, typed) == removal(model, name)


@pytest.mark.parametrize("name", ARROWS)
def test_a_drawn_brake_holds_down(name: str) -> None:
    """Law: an arrow drawn with a bar has a minus sign; what is drawn to its own target says so."""
    one = arrows()[name]
    assert one.source and one.target
    assert one.sign == "-" or "⊣" not in name


def test_an_arrow_taken_away_leaves_the_model(model: Model) -> None:
    """Law: the model given stays as it is; the other differs in the arrow's constants alone."""
    before = dict(model.constants)
    after = without_arrow(model, "mutant PIK3CA → PI3K").constants
    assert model.constants == before
    assert {name for name in before if before[name] != after[name]} == {"gain_PIK3CA", "gain_PIK3CA_IRS1"}


def test_an_arrow_may_borrow_another_number(model: Model) -> None:
    """Reference: without its effect on stability, tamoxifen-bound receptor decays as oestradiol-bound receptor does."""
    assert removal(model, "tamoxifen → ER stability") == {"k_deg_ER_SERM": model.constants["k_deg_ER_E2"]}


def test_an_unknown_arrow_is_refused(model: Model) -> None:
    """Refusal: the nearest arrow is offered."""
    with pytest.raises(UnknownNameError) as refused:
        removal(model, "GLI1 -> MYK")
    assert str(refused.value) == "no arrow 'GLI1 -> MYK'; did you mean 'GLI1 → MYC'?"
