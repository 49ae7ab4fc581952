"""Numbers as readers want them. It knows digits, not what they mean."""

from __future__ import annotations

import math

from tamarisk.study.finding import Reading


def rounded(value: float) -> str:
    """A number as a reader wants it: three significant digits, no exponent where it can be helped.

    >>> rounded(0.123456), rounded(1234.5), rounded(float("nan"))
    ('0.123', '1234', '–')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "not reached"
    return f"{value:.0f}" if abs(value) >= 1000 and abs(value) < 1e6 else f"{value:.3g}"


def headline(reading: Reading) -> str:
    """A reading's value with its unit.

    >>> headline(Reading(0.5, "share", True, ""))
    '0.5 share'
    """
    return f"{rounded(reading.value)} {reading.unit}"
