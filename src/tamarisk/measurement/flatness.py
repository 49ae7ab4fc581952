"""How often readings without any effect of dose look like a curve. It knows the doses and the shape fitted, not the readings.

A flat response has no EC50 and no slope to find, so the plain F-test of a curve against it rejects 0.4 to 4.6 % of flat series at
5 %, not 5. Its numerator degrees of freedom are therefore learnt from flat series drawn at the same doses.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import optimize, special

from tamarisk.measurement.estimate import Array
from tamarisk.measurement.many_series import least_squares_of_many
from tamarisk.seeds import generator

DRAWS = 2000  # flat series drawn per set of doses: the size of the test is then known to half a per cent
CLEAR = 1e-4  # a plain p below this needs no calibration, which would only lower it
AT = 0.05  # where the calibrated test has its nominal size
_NOISE = 0.05


def calibrated_p(gain: float, *, dose: Array, limits: Array, df: int) -> float:
    """How rarely readings that do not depend on dose are fitted so much better by a log-logistic curve.

    Args:
        gain: fall of the residual sum of squares from one mean to the curve, over that of the curve; 0 or above.
        dose: the tested doses in nM, shape `(reading,)`.
        limits: untreated response and plateau that were given, NaN where they were found, shape `(2,)`.
        df: residual degrees of freedom of the curve, 1 or more.

    Returns:
        p-value of an F-test whose numerator degrees of freedom were learnt from drawn flat series; the plain one below 1e-4.

    References: [@RITZ2015].

    >>> round(calibrated_p(8.0, dose=np.array([1.0, 3.0, 10.0, 30.0, 100.0, 300.0]), limits=np.array([1.0, np.nan]), df=3), 3)
    0.008
    """
    plain = _p(gain, 1.0 + float(np.isnan(limits).sum()), df)
    if plain < CLEAR:
        return plain
    return _p(gain, numerator_df(tuple(sorted(dose.tolist())), (not np.isnan(limits[0]), not np.isnan(limits[1]))), df)


@lru_cache(maxsize=256)
def numerator_df(dose: tuple[float, ...], given: tuple[bool, bool]) -> float:
    """How many numbers a log-logistic curve is worth against a flat response.

    Args:
        dose: the tested doses in nM.
        given: whether the untreated response and the plateau were given.

    Returns:
        Degrees of freedom, seldom whole, at which 5 % of flat series are called curves.

    References: [@RITZ2015].

    >>> 0.3 < numerator_df((1.0, 3.0, 10.0, 30.0, 100.0, 300.0), (True, False)) < 1.5
    True
    """
    limits = np.where(given, (1.0, 0.0), np.nan)
    df = len(dose) - 2 - int(np.isnan(limits).sum())
    flat = 1.0 + _NOISE * generator(1, "flatness").normal(size=(DRAWS, len(dose)))
    _, rss = least_squares_of_many(np.array(dose), flat, limits)
    total = ((flat - flat.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    edge = float(np.quantile((total - rss) / rss, 1.0 - AT))
    return float(optimize.brentq(lambda worth: _p(edge, worth, df) - AT, 0.01, 20.0))


def _p(gain: float, worth: float, df: int) -> float:
    return float(special.fdtrc(worth, df, gain * df / worth))
