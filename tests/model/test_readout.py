"""Readouts: each is a quantity of the model, found by any spelling."""

from __future__ import annotations

import pytest

from tamarisk.errors import UnknownNameError
from tamarisk.model.model import Model
from tamarisk.model.readout import DEFAULT, chosen, readouts


def test_every_readout_is_a_quantity_of_the_model(model: Model) -> None:
    """Law: nothing can be read that the model does not compute, and what is read moves."""
    moving = model.quantities - set(model.constants)
    assert [one.name for one in readouts().values() if one.quantity not in moving] == []


def test_units_are_those_of_the_model(model: Model) -> None:
    """Law: a readout that shows a quantity as it is has that quantity's unit; cells are counted against the start."""
    units = {one.id: one.unit for one in model.species} | {rule.id: rule.unit for rule in model.rules}
    written = {"1/h": "per_h", "fold of the start": "relative"}
    shown = [one for one in readouts().values() if not one.transform]
    assert [one.name for one in shown if written.get(one.unit, one.unit) != units[one.quantity]] == []


def test_every_readout_is_found_by_any_spelling() -> None:
    """Law: without dashes, in capitals or in lower case each name leads to its own readout."""
    for name, one in readouts().items():
        assert chosen([name.upper().replace("_", "-")]) == chosen([name.lower().replace("_", " ")]) == (one,)
        assert one.meaning and one.group


def test_the_usual_readouts_are_known() -> None:
    """Law: what is shown when nothing is asked for can be read."""
    assert [one.name for one in chosen(DEFAULT)] == list(DEFAULT)


@pytest.mark.parametrize("word", ["all", "All", "ALL"])
def test_all_stands_for_every_one(word: str) -> None:
    """Law: one word asks for everything, whatever its case."""
    assert chosen([word]) == tuple(readouts().values())


def test_order_is_kept_and_nothing_is_read_twice() -> None:
    """Law: readouts come in the order asked for, each once."""
    assert [one.name for one in chosen(["pERK", "HER2", "p-erk"])] == ["pERK", "HER2"]


def test_an_unknown_readout_is_refused() -> None:
    """Refusal: the nearest readouts are offered, or all of them."""
    with pytest.raises(UnknownNameError) as refused:
        chosen(["pERK", "pAKT_S437"])
    assert str(refused.value) == "no readout 'pAKT_S437'; did you mean 'pAKT_S473' or 'pAKT_T308'?"
    with pytest.raises(UnknownNameError) as refused:
        chosen(["qqqq"])
    assert str(refused.value) == f"no readout 'qqqq'; known: {', '.join(readouts())}"
