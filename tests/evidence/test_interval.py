"""Estimates and their intervals: what is impossible is refused, what is sound is not, and errors follow from either form."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamarisk.evidence.interval import MEASURES, RATIOS, interval_faults, interval_reach, log_error, p_faults
from tamarisk.tables import Row

RATIO = {"measure": "HR", "estimate": "2.0", "low": "1.5", "high": "2.7", "level": "0.95"}
LOGS = st.floats(-2.0, 2.0)
ERRORS = st.floats(0.05, 1.0)


def faults(cells: dict[str, str]) -> list[str]:
    """What is said about one row, in words."""
    return [str(one) for one in interval_faults(Row(2, cells))]


def printed(log: float, error: float, digits: int) -> dict[str, str]:
    """A ratio as a paper prints it: an even interval on the log scale, every number rounded."""
    reach = interval_reach(0.95) * error
    numbers = {"estimate": math.exp(log), "low": math.exp(log - reach), "high": math.exp(log + reach)}
    return {"measure": "HR", "level": "0.95"} | {name: f"{value:.{digits}f}" for name, value in numbers.items()}


@given(LOGS, ERRORS, st.integers(2, 4))
def test_a_rounded_normal_interval_is_sound(log: float, error: float, digits: int) -> None:
    """Law: whatever ratio and error, its interval printed to two digits or more is not called impossible."""
    cells = printed(log, error, digits)
    if float(cells["low"]) > 0:
        assert faults(cells) == []


@given(LOGS, st.floats(0.1, 1.0), st.floats(0.5, 0.95), st.booleans())
def test_an_uneven_interval_is_not(log: float, error: float, share: float, up: bool) -> None:
    """Law: an estimate moved by half its half-width or more, but not out of the interval, is called uneven."""
    reach = interval_reach(0.95) * error
    moved = log + share * reach * (1 if up else -1)
    cells = printed(log, error, 6) | {"estimate": f"{math.exp(moved):.6f}"}
    assert [one.partition(" lies")[2].partition(" around")[0] for one in faults(cells)] == [" uneven"]


@given(LOGS, ERRORS)
def test_the_error_comes_back_from_an_interval(log: float, error: float) -> None:
    """Law: the error of a log ratio that was printed to six digits is found again."""
    cells = printed(log, error, 6)
    found, source = log_error(Row(2, cells))
    assert source == "interval"
    assert found == pytest.approx(error, rel=1e-3)


@given(st.floats(0.1, 2.0), ERRORS, st.booleans())
def test_the_error_comes_back_from_a_p_value(log: float, error: float, below: bool) -> None:
    """Law: the two-sided p-value of a log ratio gives its error back, on either side of 1."""
    p = math.erfc(log / error / math.sqrt(2))
    if 1e-12 < p < 0.999:
        cells = {"measure": "HR", "estimate": repr(math.exp(-log if below else log)), "p": repr(p)}
        found, source = log_error(Row(2, cells))
        assert source == "p"
        assert found == pytest.approx(error, rel=1e-4)


def test_errors_by_hand() -> None:
    """Reference: Rasmussen 2008, HR 2.09 (1.59-2.76): log(2.76 / 1.59) / (2 * 1.959964) = 0.14070; and a P of .05 at ratio e."""
    cells = {"measure": "HR", "estimate": "2.09", "low": "1.59", "high": "2.76", "level": "0.95"}
    assert log_error(Row(2, cells))[0] == pytest.approx(0.14070, rel=1e-4)
    assert log_error(Row(2, {"measure": "HR", "estimate": repr(math.e), "p": "0.05"}))[0] == pytest.approx(1 / 1.959964, rel=1e-6)


def test_nothing_follows_from_other_measures_or_from_nothing() -> None:
    """Reference: by hand; a difference has no logarithm, and a bare ratio has no error."""
    assert log_error(Row(2, {"measure": "months", "estimate": "-2", "low": "-3", "high": "-1", "level": "0.95"})) == (None, "")
    assert log_error(Row(2, {"measure": "HR", "estimate": "2"})) == (None, "")


def test_reach_of_the_usual_levels() -> None:
    """Reference: quantiles of the normal distribution, 1.6449, 1.9600 and 2.5758 for 90, 95 and 99 % (any table)."""
    assert [round(interval_reach(level), 4) for level in (0.90, 0.95, 0.99)] == [1.6449, 1.96, 2.5758]


def test_every_measure_is_defined() -> None:
    """Law: each measure says what it is, and is a ratio, a difference, or stands alone."""
    assert all(text.endswith(tuple("abcdefghijklmnopqrstuvwxyz")) and text for text, _ in MEASURES.values())
    assert all(null in (0.0, 1.0) or math.isnan(null) for _, null in MEASURES.values())
    assert RATIOS == ("HR", "RR", "OR", "RHR", "fold")


def test_sound_numbers_are_let_through() -> None:
    """Reference: by hand, one of each kind, and a row without a number."""
    assert faults(RATIO) == []
    assert faults({}) == []
    assert faults({"measure": "months", "estimate": "-1.9"}) == []
    assert faults({"measure": "percent", "estimate": "38", "low": "18", "high": "62", "level": "0.95"}) == []
    assert faults({"measure": "percentage points", "estimate": "-22"}) == []
    assert faults(RATIO | {"level": "0.9"}) == []


def test_intervals_of_differences_may_be_uneven() -> None:
    """Reference: by hand; only a ratio has a reason to be even on a log scale."""
    assert faults({"measure": "months", "estimate": "2", "low": "1", "high": "9", "level": "0.95"}) == []


BAD_P = {
    "0 is no p-value between 0 and 1": {"estimate": "2", "p": "0"},
    "1.2 is no p-value between 0 and 1": {"estimate": "2", "p": "1.2"},
    "a p-value stands without an estimate; write it in says": {"p": "0.03"},
    "leave it empty: the error follows from the interval": {"estimate": "2", "low": "1.5", "p": "0.03"},
    "no error follows from a p-value where the estimate is 1": {"estimate": "1.00", "p": "0.9"},
}


@pytest.mark.parametrize("message", BAD_P)
def test_p_values_that_give_no_error(message: str) -> None:
    """Refusal: a p-value outside its range, alone, beside an interval, or at a ratio of 1."""
    assert [str(one) for one in p_faults(Row(2, BAD_P[message]))] == [f"column p: {message}"]


@pytest.mark.parametrize("cell", ["two", "nan", "1,5"])
def test_what_is_no_number_is_left_to_the_table(cell: str) -> None:
    """Law: a cell that is no number is refused once, by the table's own check, and not again here."""
    assert faults(RATIO | {"estimate": cell}) == []
