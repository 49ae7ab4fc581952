"""Readings as readers want them. It knows numbers and units, not what they mean."""

from __future__ import annotations

import math

from tamarisk.study.finding import Reading
from tamarisk.units import rounded

_LEAST, _MOST = 0.005, 1000.0  # beyond these a ratio says only that nothing is known


def headline(reading: Reading) -> str:
    """A reading's value with its unit; a value that is missing or was not reached has none.

    >>> headline(Reading(0.5, "share", True, ""))
    '0.5 share'
    """
    return f"{rounded(reading.value)} {reading.unit}" if math.isfinite(reading.value) else rounded(reading.value)


def ratio(value: float, low: float, high: float) -> str:
    """A ratio with its interval, two digits after the point.

    >>> ratio(0.794, 0.4512, 13.8)
    '0.79 (0.45 to 13.8)'
    """
    return f"{two_digits(value)} ({two_digits(low)} to {two_digits(high)})"


def span(low: float, high: float) -> str:
    """An interval of a ratio as one word, as a narrow column needs it; a dash where there is none.

    >>> span(0.4512, 13.8), span(float("nan"), float("nan"))
    ('0.45–13.8', '–')
    """
    return "–" if math.isnan(low) else f"{two_digits(low)}–{two_digits(high)}"


def two_digits(value: float) -> str:
    """A ratio with two digits after the point, from ten on with three digits in all; what lies far out is not spelled out.

    >>> two_digits(0.794), two_digits(9.996), two_digits(453.2)
    ('0.79', '10', '453')
    >>> two_digits(0.001), two_digits(1.8e11)
    ('<0.01', '>1000')
    """
    if value < _LEAST or value > _MOST:
        return "<0.01" if value < _LEAST else ">1000"
    return f"{value:.2f}" if value < 9.995 else rounded(value)
