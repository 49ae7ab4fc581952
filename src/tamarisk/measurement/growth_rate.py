"""How fast a culture grows, from counts over time, and what may falsify that. It knows counts and hours, not the drug.

A slope over time needs no control and no start: it stays defined where controls hardly grow, which GR does not.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Estimate, Mask, t_quantile

CONFLUENT = 0.9  # share of the well from which growth is limited by room, not by the drug
FEWEST_TIMES = 5  # two joined lines have four numbers, and one count is to spare
AFTER_JOINT = 3  # counts that lie after the latest joint that is tried
JOINTS = 61  # joints that are tried
METABOLIC = ("MTT", "MTS", "XTT", "WST-1", "WST-8", "CCK-8", "RESAZURIN", "ALAMARBLUE", "PRESTOBLUE", "ATP", "CELLTITER-GLO")


def growth_rate(
    hours: npt.ArrayLike, cells: npt.ArrayLike, *, confluent_at: float | None = None, level: float = 0.95
) -> Estimate:
    """How many doublings an hour a culture makes, from its counts over time.

    Args:
        hours: time of each count, rising, shape `(time,)`.
        cells: counts, positive, shape `(time,)`.
        confluent_at: count from which the well is full; it and all later counts are left out. None where none was full.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The slope of log2 counts with the t interval from the scatter about this one line (`n` is 1). Fit each experiment and
        take the `experiment_mean` for the spread over experiments.

    Raises:
        DataError: a count is not positive, times do not rise, or fewer than five counts were made before the well was full.

    References: [@HARRIS2016; @STUDENT1908].

    >>> print(growth_rate([0, 24, 48, 72, 96], [100, 205, 390, 810, 1590]))
    0.0415 doublings/h (95 % 0.0402 to 0.0428, n = 1)
    """
    times, logs = _course(hours, cells, confluent_at)
    return _slope(times, logs, level)


def dip_rate(
    hours: npt.ArrayLike,
    cells: npt.ArrayLike,
    *,
    settled_after: float | None = None,
    confluent_at: float | None = None,
    level: float = 0.95,
) -> Estimate:
    """The rate of growth once a drug has taken hold (DIP rate): below 0 the population shrinks.

    Args:
        hours: hours since the drug was added, rising, shape `(time,)`.
        cells: counts, positive, shape `(time,)`.
        settled_after: hours after which the rate is taken to be steady; None fits two joined lines and reads the later one,
            with an interval that counts in how unsure the joint is.
        confluent_at: count from which the well is full; it and all later counts are left out.
        level: coverage of the interval, between 0 and 1.

    Returns:
        Doublings per hour with the t interval from the scatter about this one line (`n` is 1).

    Raises:
        DataError: a count is not positive, times do not rise, or fewer than five counts are left.

    References: [@HARRIS2016; @STUDENT1908].

    >>> hours = [0, 12, 24, 36, 48, 60, 72]
    >>> print(dip_rate(hours, [100, 150, 190, 201, 195, 203, 198], settled_after=24))
    0.00111 doublings/h (95 % -0.00191 to 0.00413, n = 1)
    """
    times, logs = _course(hours, cells, confluent_at)
    if settled_after is not None:
        times, logs = times[times >= settled_after], logs[times >= settled_after]
        _refuse_few(len(times), "after the rate settled")
        return _slope(times, logs, level)
    return _broken_line(times, logs, level)


def cautions(*, readout: str, filled: npt.ArrayLike | None = None, lowers_metabolism: bool = False) -> tuple[str, ...]:
    """What a reader must know before believing a growth assay.

    Args:
        readout: how cells were read: `count`, `DNA`, `confluence`, `MTT`, `ATP`, ...
        filled: share of each well that is covered, between 0 and 1, any shape; None where it was not seen.
        lowers_metabolism: whether a drug of the assay lowers metabolism per cell, as mTOR inhibitors do.

    Returns:
        One sentence per caution; none where there is nothing to say.

    Raises:
        DataError: a covered share is not between 0 and 1.

    References: [@MTT2021].

    >>> cautions(readout="MTT", lowers_metabolism=True)[0]
    'MTT reads metabolism, which this drug lowers per cell: part of the effect may not be fewer cells; count cells beside it'
    """
    said = []
    if readout.upper().replace(" ", "") in METABOLIC:
        what = (
            "which this drug lowers per cell: part of the effect may not be fewer cells; count cells beside it"
            if lowers_metabolism
            else "not cell number: compare it with counts for these drugs once"
        )
        said.append(f"{readout} reads metabolism, {what}")
    if filled is not None:
        said += _full_wells(np.asarray(filled, dtype=np.float64))
    if readout.lower() == "confluence":
        said.append("confluence reads area: cells that spread or shrink change it without dividing")
    return tuple(said)


def _full_wells(filled: Array) -> list[str]:
    if ((filled < 0) | (filled > 1)).any():
        raise DataError("a covered share is not between 0 and 1", where="filled", hint="give 0.85 for 85 %")
    full: Mask = filled >= CONFLUENT
    if not full.any():
        return []
    return [f"{int(full.sum())} of {full.size} wells are at least {CONFLUENT:.0%} full: room limits growth there, not the drug"]


def _course(hours: npt.ArrayLike, cells: npt.ArrayLike, confluent_at: float | None) -> tuple[Array, Array]:
    times, counts = np.asarray(hours, dtype=np.float64), np.asarray(cells, dtype=np.float64)
    if times.ndim != 1 or times.shape != counts.shape:
        raise DataError(f"{times.shape} hours but {counts.shape} counts", where="hours", hint="give one time per count")
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise DataError("times do not rise", where="hours", hint="sort the counts by time, one per time")
    if not (np.isfinite(counts) & (counts > 0)).all():
        raise DataError(
            "a count is missing or not positive", where="cells", hint="leave that time out, or add the detection limit"
        )
    full = np.flatnonzero(counts >= (math.inf if confluent_at is None else confluent_at))
    last = int(full[0]) if len(full) else len(counts)
    _refuse_few(last, "before the well was full")
    return times[:last], np.log2(counts[:last])


def _refuse_few(counts: int, when: str) -> None:
    if counts < FEWEST_TIMES:
        raise DataError(f"{counts} counts {when} make no rate", where="cells", hint=f"count at least {FEWEST_TIMES} times")


def _slope(times: Array, logs: Array, level: float) -> Estimate:
    away = times - times.mean()
    slope, df = float(away @ logs / (away @ away)), len(times) - 2
    rss = float(((logs - logs.mean() - slope * away) ** 2).sum())
    half = t_quantile(level, df=df) * math.sqrt(rss / df / float(away @ away))
    return Estimate(slope, slope - half, slope + half, level, 1, "doublings/h", f"slope of log2 counts, t, df {df}")


def _broken_line(times: Array, logs: Array, level: float) -> Estimate:
    """The later slope of two joined lines, its interval taken over every place of the joint that the scatter allows."""
    df = len(times) - 4
    joints = np.linspace(times[0], times[-AFTER_JOINT], JOINTS)
    slope, variance, rss = np.array([_later_slope(times, logs, joint) for joint in joints]).T
    best = int(rss.argmin())
    cut = rss[best] * (1.0 + t_quantile(level, df=df) ** 2 / df)
    half = np.sqrt(variance * np.maximum(cut - rss, 0.0))
    allowed = rss <= cut
    low, high = float((slope - half)[allowed].min()), float((slope + half)[allowed].max())
    method = f"later slope of log2 counts, profile over the joint (best at {joints[best]:.3g} h), df {df}"
    return Estimate(float(slope[best]), low, high, level, 1, "doublings/h", method)


def _later_slope(times: Array, logs: Array, joint: float) -> tuple[float, float, float]:
    """Slope after a joint, its variance for a unit residual variance, and the residual sum of squares."""
    basis = np.stack([np.maximum(times - joint, 0.0), np.minimum(times - joint, 0.0), np.ones(len(times))], axis=1)
    inverse = np.linalg.pinv(basis)
    found = inverse @ logs
    return float(found[0]), float((inverse[0] ** 2).sum()), float(((logs - basis @ found) ** 2).sum())
