"""Dose axes and doses in words: closed forms, and that a protocol reads back what was written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import UnknownNameError
from tamarisk.model.protocol import dose
from tamarisk.model.substance import substances
from tamarisk.study.bench import dose_axis, nM, usual

LAW = settings(deadline=None, max_examples=60, derandomize=True)
PRINTED = 1e-5  # doses are kept to six digits


@LAW
@given(low=some.floats(1e-4, 10.0), span=some.floats(1.5, 1e6), count=some.integers(2, 40))
def test_doses_are_evenly_spaced(low: float, span: float, count: int) -> None:
    """Law: doses rise from one end to the other by the same factor each."""
    axis = np.array(dose_axis(low, low * span, count))
    assert axis.shape == (count,)
    assert axis[[0, -1]] == pytest.approx([low, low * span], rel=PRINTED)
    assert np.diff(np.log(axis)) == pytest.approx(np.full(count - 1, np.log(span) / (count - 1)), abs=3 * PRINTED)
    assert (np.diff(axis) > 0).all()


def test_round_doses_stay_round() -> None:
    """Reference: decades come out as decades, not as 9.999999."""
    assert dose_axis(0.01, 10000.0, 7) == (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)


@LAW
@given(amount=some.floats(1e-6, 1e6) | some.just(0.0))
def test_a_protocol_reads_what_was_written(amount: float) -> None:
    """Law: a dose in words is the dose it was, to nine digits, however small or large."""
    read = dose(nM("4OHT", amount))
    assert (read.name, read.start_h) == ("4OHT", 0.0)
    assert read.amount == pytest.approx(amount, rel=1e-8)


@pytest.mark.parametrize("name", sorted(substances()))
def test_usual_doses_are_doses(name: str) -> None:
    """Law: every substance in the table has a usual dose that a protocol reads, above zero."""
    read = dose(usual(name))
    assert read.name == name
    assert read.amount > 0


def test_an_alias_has_a_usual_dose() -> None:
    """Law: the usual dose is asked for by any name a substance has, and read as the same dose."""
    assert dose(usual("ICI 182780")) == dose(usual("fulvestrant"))


def test_an_unknown_substance_is_refused() -> None:
    """Refusal: nobody has heard of it; the nearest names are offered."""
    with pytest.raises(UnknownNameError) as refused:
        usual("fulvestrnt")
    assert str(refused.value) == "no drug 'fulvestrnt'; did you mean 'fulvestrant'?"
