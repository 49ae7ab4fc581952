"""Readings as readers want them. It knows numbers and units, not what they mean."""

from __future__ import annotations

import math

from tamarisk.study.finding import Reading
from tamarisk.units import rounded


def headline(reading: Reading) -> str:
    """A reading's value with its unit; a value that is missing or was not reached has none.

    >>> headline(Reading(0.5, "share", True, ""))
    '0.5 share'
    """
    return f"{rounded(reading.value)} {reading.unit}" if math.isfinite(reading.value) else rounded(reading.value)
