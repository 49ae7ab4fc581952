"""Numbers with units as people write and read them. Time becomes hours, concentration nM; nothing is guessed."""

from __future__ import annotations

import math
import re

from tamarisk.errors import UnitError

CONCENTRATIONS = {"fM": 1e-6, "pM": 1e-3, "nM": 1.0, "uM": 1e3, "µM": 1e3, "μM": 1e3, "mM": 1e6, "M": 1e9}
TIMES = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5}
FOLDS = {"x": 1.0}
_QUANTITY = re.compile(r"\s*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|nan))\s*([^\W\d_].*)?\s*", re.IGNORECASE)


def concentration_nM(text: str, *, where: str = "") -> float:
    """A concentration in nM.

    Args:
        text: a number and one of fM, pM, nM, uM, mM, M.
        where: the place that carries it, for the error.

    Returns:
        The concentration in nM, zero or above.

    Raises:
        UnitError: no number, no unit, an unknown unit, or a negative value.

    >>> concentration_nM("1 uM")
    1000.0
    """
    return _quantity(text, CONCENTRATIONS, kind="dose", example="100nM", where=where)


def hours(text: str, *, where: str = "") -> float:
    """A span of time in hours.

    Args:
        text: a number and one of s, min, h, d, wk, mo (a month is 30.44 days).
        where: the place that carries it, for the error.

    Returns:
        The time in hours, zero or above.

    Raises:
        UnitError: no number, no unit, an unknown unit, or a negative value.

    >>> hours("6d")
    144.0
    """
    return _quantity(text, TIMES, kind="time", example="24h", where=where)


def fold(text: str, *, where: str = "") -> float:
    """A multiple of the standard amount, written with an x.

    Raises:
        UnitError: no number, no x, or a negative value.

    >>> fold("0.2x")
    0.2
    """
    return _quantity(text, FOLDS, kind="amount", example="0.5x", where=where)


def percent(share: float) -> str:
    """A share as people write it.

    >>> percent(0.173)
    '17 %'
    """
    return f"{100 * share:.0f} %"


def rounded(value: float) -> str:
    """A number as a reader wants it: three significant digits, no exponent where it can be helped.

    >>> rounded(0.123456), rounded(1234.5), rounded(float("nan"))
    ('0.123', '1234', '–')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "not reached"
    return f"{value:.0f}" if 999.5 <= abs(value) < 1e6 else f"{value + 0.0:.3g}"  # + 0.0 takes the sign off nothing


def _quantity(text: str, units: dict[str, float], *, kind: str, example: str, where: str) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None or not text.strip():
        raise UnitError(f"'{text}' is no {kind}", where=where, hint=f"write a number with its unit, as {example}")
    number, unit = float(match[1]), (match[2] or "").strip()
    if not unit:
        raise UnitError(f"the {kind} '{text.strip()}' has no unit", where=where, hint=f"write it as {example}")
    if unit not in units:
        offered = ", ".join(dict.fromkeys(name for name in units if name.isascii()))
        raise UnitError(f"unknown unit '{unit}' in '{text.strip()}'", where=where, hint=f"use one of {offered}")
    if not math.isfinite(number * units[unit]):
        raise UnitError(f"the {kind} '{text.strip()}' is not a finite number", where=where)
    if number < 0:
        raise UnitError(f"the {kind} '{text.strip()}' is negative", where=where, hint="nothing can be less than none")
    return number * units[unit]
