"""Readouts: each is a quantity of the model, found by any spelling."""

from __future__ import annotations

import pytest

from tamarisk.errors import ProtocolError, UnknownNameError
from tamarisk.model.model import Model
from tamarisk.model.readout import DEFAULT, PEAKS, chosen, readouts


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


def test_integrals_and_peaks_have_names() -> None:
    """Law: any spelling leads to one integral in units times hours, and to four peaks, two in the unit and two in hours."""
    integral, *peaks = chosen(["Integral of p-s6k", "PEAKS OF ps6k", "peaks of pS6K"])
    assert (integral.name, integral.unit, integral.quantity) == ("integral of pS6K", "relative h", "S6K_pT389")
    assert {(one.name, one.unit) for one in peaks} == {
        ("largest pS6K", "relative"),
        ("time of the largest pS6K", "h"),
        ("smallest pS6K", "relative"),
        ("time of the smallest pS6K", "h"),
    }
    assert [one.over for one in peaks] == list(PEAKS)
    assert [one.single for one in (integral, *peaks)] == [False, True, True, True, True]
    assert len({one.meaning for one in (integral, *peaks)}) == 5


def test_units_of_integrals() -> None:
    """Law: every readout but the logarithms has an integral, and none of their units says 'per hour times hours'."""
    for name, one in readouts().items():
        if not one.transform:
            assert chosen([f"integral of {name}"])[0].unit in {"relative h", "h", "dimensionless", "fold h"}
    assert chosen(["integral of division_rate"])[0].unit == "dimensionless"
    assert [one.transform for one in chosen(["peaks of doublings"])] == ["log2", "", "log2", ""]


def test_what_has_no_integral_is_refused() -> None:
    """Refusal: the area under a logarithm, and what no readout is called."""
    with pytest.raises(ProtocolError) as refused:
        chosen(["integral of doublings"])
    assert str(refused.value) == "the area under a logarithm, doublings, has no meaning; ask for another readout's"
    for words in ("integral of pAKT_S437", "peaks of pAKT_S437"):
        with pytest.raises(UnknownNameError, match=r"^no readout 'pAKT_S437'; did you mean 'pAKT_S473' or 'pAKT_T308'\?$"):
            chosen([words])


def test_an_unknown_readout_is_refused() -> None:
    """Refusal: the nearest readouts are offered, or all of them."""
    with pytest.raises(UnknownNameError) as refused:
        chosen(["pERK", "pAKT_S437"])
    assert str(refused.value) == "no readout 'pAKT_S437'; did you mean 'pAKT_S473' or 'pAKT_T308'?"
    with pytest.raises(UnknownNameError) as refused:
        chosen(["qqqq"])
    assert str(refused.value) == f"no readout 'qqqq'; known: {', '.join(readouts())}"
