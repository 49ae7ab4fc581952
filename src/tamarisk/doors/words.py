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
    return f"{value:.0f}" if 999.5 <= abs(value) < 1e6 else f"{value + 0.0:.3g}"  # + 0.0 takes the sign off nothing


def headline(reading: Reading) -> str:
    """A reading's value with its unit; a value that is missing or was not reached has none.

    >>> headline(Reading(0.5, "share", True, ""))
    '0.5 share'
    """
    return f"{rounded(reading.value)} {reading.unit}" if math.isfinite(reading.value) else rounded(reading.value)
