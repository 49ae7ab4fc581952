"""Numbers as readers want them."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from tamarisk.doors.words import headline, ratio, span
from tamarisk.study.finding import Reading
from tamarisk.units import rounded

LAW = settings(deadline=None, max_examples=200, derandomize=True)


@LAW
@given(value=some.floats(1e-4, 999_999.0), sign=some.sampled_from([1, -1]))
@example(value=999.6, sign=1)
@example(value=1000.0, sign=-1)
def test_rounding_stays_near_and_plain(value: float, sign: int) -> None:
    """Law: between a ten-thousandth and a million a number is written without exponent, within half of its third digit."""
    text = rounded(sign * value)
    assert "e" not in text
    assert float(text) == pytest.approx(sign * value, rel=0.005)  # half a unit of the third significant digit of 1.00


@LAW
@given(value=some.floats(1e-12, 1e12))
def test_sign_is_kept(value: float) -> None:
    """Law: a loss is the gain of the same size with a minus before it."""
    assert rounded(-value) == f"-{rounded(value)}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (0.5, "0.5"), (0.123456, "0.123"), (17.26, "17.3"), (1234.4, "1234"), (99999.6, "100000")],
)
def test_rounded_by_hand(value: float, text: str) -> None:
    """Reference: numbers rounded by hand; nothing is nothing, with no minus before it."""
    assert rounded(value) == text


def test_what_is_no_number_is_said_in_signs() -> None:
    """Law: a missing number is a dash, and a dose that was never reached says so."""
    assert rounded(math.nan) == "–"
    assert rounded(math.inf) == "not reached"


def test_a_headline_is_the_value_with_its_unit() -> None:
    """Law: the unit follows a number, and only a number."""
    assert headline(Reading(0.4321, "fold", True, "")) == "0.432 fold"
    assert headline(Reading(math.inf, "nM", False, "")) == "not reached"
    assert headline(Reading(math.nan, "fold", None, "")) == "–"


def test_ratios_are_written_with_two_digits() -> None:
    """Reference: written by hand; from ten on three digits are enough, and what has no interval has a dash."""
    assert ratio(0.6546, 0.2608, 1.6442) == "0.65 (0.26 to 1.64)"
    assert ratio(3.641, 0.0293, 452.7) == "3.64 (0.03 to 453)"
    assert span(0.2608, 9.999) == "0.26–10"
    assert span(math.nan, math.nan) == "–"
    assert span(0.0049, 1001) == "<0.01–>1000"
