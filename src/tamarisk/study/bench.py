"""Small things every question needs: dose axes, doses in words, usual doses. It knows no biology."""

from __future__ import annotations

import numpy as np

from tamarisk.model.substance import substance


def dose_axis(low: float, high: float, count: int) -> tuple[float, ...]:
    """Doses evenly spaced on a logarithmic scale, both ends included.

    >>> dose_axis(1.0, 100.0, 3)
    (1.0, 10.0, 100.0)
    """
    return tuple(float(f"{dose:.6g}") for dose in np.geomspace(low, high, count))


def nM(name: str, dose: float) -> str:
    """A dose in words, as protocols read it.

    >>> nM("4OHT", 1000.0)
    '4OHT=1000nM'
    """
    return f"{name}={dose:.9g}nM"


def usual(name: str) -> str:
    """A substance at the dose that is usual in culture, as protocols read it.

    >>> usual("rapamycin")
    'rapamycin=20nM'
    """
    return f"{name}={substance(name).dose}"
