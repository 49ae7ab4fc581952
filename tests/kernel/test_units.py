"""Units: what people write, turned into hours, nM and folds, or refused with a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from tamarisk.errors import UnitError
from tamarisk.units import concentration_nM, fold, hours

LAW = settings(deadline=None, max_examples=60, derandomize=True)
AMOUNTS = some.floats(0.0, 1e12, allow_subnormal=False)
RULERS = {"nM": concentration_nM, "h": hours, "x": fold}


@LAW
@given(amount=AMOUNTS, unit=some.sampled_from(sorted(RULERS)), blanks=some.sampled_from(["", " ", "  "]))
def test_the_house_unit_comes_back_unchanged(amount: float, unit: str, blanks: str) -> None:
    """Law: a number written in the unit we count in is read back bit for bit, blanks or not."""
    assert RULERS[unit](f"{blanks}{amount!r}{blanks}{unit}{blanks}") == amount


@LAW
@given(amount=AMOUNTS)
@pytest.mark.parametrize(
    ("ruler", "large", "small", "many"),
    [
        *((concentration_nM, large, small, 1000.0) for large, small in pairwise(["M", "mM", "uM", "nM", "pM", "fM"])),
        (concentration_nM, "µM", "nM", 1000.0),
        (concentration_nM, "μM", "nM", 1000.0),
        (hours, "min", "s", 60.0),
        (hours, "h", "min", 60.0),
        (hours, "d", "h", 24.0),
        (hours, "wk", "d", 7.0),
    ],
)
def test_units_are_multiples_of_each_other(
    ruler: Callable[..., float], large: str, small: str, many: float, amount: float
) -> None:
    """Law: one of the larger unit is as many of the smaller as everybody knows."""
    assert ruler(f"{amount!r} {large}") == pytest.approx(ruler(f"{amount * many!r} {small}"), rel=1e-12)


def test_a_month_is_a_twelfth_of_a_julian_year() -> None:
    """Golden: 365.25 d / 12, exactly; the Julian year of the SI brochure, so no tolerance."""
    assert hours("1mo") == 365.25 / 12 * 24


@LAW
@given(smaller=AMOUNTS, larger=AMOUNTS, unit=some.sampled_from(["fM", "pM", "nM", "uM", "mM", "M"]))
def test_more_stays_more(smaller: float, larger: float, unit: str) -> None:
    """Law: order is kept by every unit."""
    few, many = sorted((smaller, larger))
    assert concentration_nM(f"{few!r}{unit}") <= concentration_nM(f"{many!r}{unit}")


@settings(LAW, max_examples=300)
@given(text=some.text(alphabet="0123456789.eE+-infa nMxu,_", max_size=12))
@example(text="reinforced")
@example(text="xinf nM")
@example(text="1e300 M")
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    """Law: whatever is typed gives a finite amount of at least zero or a sentence, never a traceback."""
    try:
        amount = concentration_nM(text)
    except UnitError as refused:
        assert "\n" not in str(refused)
    else:
        assert math.isfinite(amount)
        assert amount >= 0.0


CONCENTRATIONS = "use one of fM, pM, nM, uM, mM, M"


@pytest.mark.parametrize(
    ("ruler", "text", "message"),
    [
        (concentration_nM, "100", "the dose '100' has no unit; write it as 100nM"),
        (hours, " 24 ", "the time '24' has no unit; write it as 24h"),
        (fold, "0.5", "the amount '0.5' has no unit; write it as 0.5x"),
        (concentration_nM, "1 ug/mL", f"unknown unit 'ug/mL' in '1 ug/mL'; {CONCENTRATIONS}"),
        (concentration_nM, "1NM", f"unknown unit 'NM' in '1NM'; {CONCENTRATIONS}"),
        (concentration_nM, "24h", f"unknown unit 'h' in '24h'; {CONCENTRATIONS}"),
        (hours, "2 weeks", "unknown unit 'weeks' in '2 weeks'; use one of s, min, h, d, wk, mo"),
        (fold, "2nM", "unknown unit 'nM' in '2nM'; use one of x"),
        (concentration_nM, "-1nM", "the dose '-1nM' is negative; nothing can be less than none"),
        (hours, "-0.5h", "the time '-0.5h' is negative; nothing can be less than none"),
        (fold, "-2x", "the amount '-2x' is negative; nothing can be less than none"),
        (concentration_nM, "nan nM", "the dose 'nan nM' is not a finite number"),
        (concentration_nM, "inf nM", "the dose 'inf nM' is not a finite number"),
        (hours, "-inf h", "the time '-inf h' is not a finite number"),
        (concentration_nM, "1e999 nM", "the dose '1e999 nM' is not a finite number"),
        (concentration_nM, "1e300 M", "the dose '1e300 M' is not a finite number"),
        (concentration_nM, "", "'' is no dose; write a number with its unit, as 100nM"),
        (concentration_nM, "nM", "'nM' is no dose; write a number with its unit, as 100nM"),
        (concentration_nM, "reinforced", "'reinforced' is no dose; write a number with its unit, as 100nM"),
        (concentration_nM, "1,5 nM", "'1,5 nM' is no dose; write a number with its unit, as 100nM"),
        (hours, "soon", "'soon' is no time; write a number with its unit, as 24h"),
        (fold, "x", "'x' is no amount; write a number with its unit, as 0.5x"),
    ],
)
def test_what_is_no_amount_is_refused(ruler: Callable[..., float], text: str, message: str) -> None:
    """Refusal: the text is repeated with its fault, and an example or the known units follow."""
    with pytest.raises(UnitError) as refused:
        ruler(text)
    assert str(refused.value) == message


def test_the_place_is_named() -> None:
    """Refusal: an amount in a file says where it stands."""
    with pytest.raises(UnitError) as refused:
        hours("1", where="plan.tsv, row 4")
    assert str(refused.value) == "plan.tsv, row 4: the time '1' has no unit; write it as 24h"
