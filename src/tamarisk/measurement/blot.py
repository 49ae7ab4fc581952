"""Phospho, total and load bands of Western blots, compared on the log scale. It knows bands, not proteins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import FEWEST_EXPERIMENTS, Array, Estimate, Mask, t_quantile, without_interval


@dataclass(frozen=True, slots=True, eq=False)
class Blots:
    """Band densities of replicate blots, background subtracted, one lane per condition.

    Attributes:
        conditions: name of each lane's condition, the same on every blot.
        phospho: phospho-protein, shape `(blot, condition)`; NaN where a lane is missing, as in all three, and throughout where
            nothing phosphorylated was blotted.
        total: total protein, shape `(blot, condition)`.
        load: loading control or stained lane, shape `(blot, condition)`.
        linear_range: lowest and highest density that a dilution series showed to be proportional to protein.
    """

    conditions: Sequence[str]
    phospho: npt.ArrayLike
    total: npt.ArrayLike
    load: npt.ArrayLike
    linear_range: tuple[float, float]


@dataclass(frozen=True, slots=True)
class BandContrasts:
    """How a treatment changes a band against control, on the log2 scale; `fold` tells each as a fold change.

    Attributes:
        phospho_per_total: phosphorylated share; it is exactly the difference of the other two.
        phospho_per_load: amount of phospho-protein.
        total_per_load: amount of protein.
    """

    phospho_per_total: Estimate
    phospho_per_load: Estimate
    total_per_load: Estimate


def band_contrasts(blots: Blots, *, treated: str, control: str, level: float = 0.95) -> BandContrasts:
    """What a treatment does to a protein and to its phosphorylation, each blot compared within itself.

    Phospho over total can fall because the protein rises: read all three contrasts, never one alone.

    Args:
        blots: the bands; the independent unit is the blot of one biological replicate.
        treated: the condition to compare.
        control: the condition to compare it with.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Three log2 contrasts from log ratio on condition and blot, with t intervals; points only below three blots.

    Raises:
        DataError: a band is saturated or too weak, a condition is unknown, shapes differ, or no blot holds both lanes.

    References: [@DEGASPERI2014].

    >>> blots = Blots(["vehicle", "rapamycin"], [[8, 2], [10, 3], [6, 1.5]], [[4, 8], [5, 9], [4, 7]], [[5, 5], [6, 6], [5, 4.5]],
    ...     linear_range=(0.5, 60.0))
    >>> print(band_contrasts(blots, treated="rapamycin", control="vehicle").phospho_per_total)
    -2.8 log2 (95 % -3.31 to -2.28, n = 3)
    """
    phospho, total, load = _log_bands(blots)
    lanes = [_lane(blots, name) for name in (treated, control)]
    contrasts = [_contrast(ratio, lanes, level) for ratio in (phospho - total, phospho - load, total - load)]
    return BandContrasts(*contrasts)


def total_contrast(blots: Blots, *, treated: str, control: str, level: float = 0.95) -> Estimate:
    """What a treatment does to the amount of a protein, each blot compared within itself; no phospho band is needed.

    Args:
        blots: the bands; those of the phospho-protein may be missing throughout.
        treated: the condition to compare.
        control: the condition to compare it with.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The log2 contrast of total per load.

    Raises:
        DataError: as `band_contrasts`.

    References: [@DEGASPERI2014].

    >>> blots = Blots(["vehicle", "ICI"], [[np.nan, np.nan]] * 3, [[8, 2], [10, 2], [6, 2]], [[5, 5], [6, 6], [5, 4.5]],
    ...     linear_range=(0.5, 60.0))
    >>> print(total_contrast(blots, treated="ICI", control="vehicle"))
    -1.92 log2 (95 % -3.04 to -0.8, n = 3)
    """
    _, total, load = _log_bands(blots)
    return _contrast(total - load, [_lane(blots, name) for name in (treated, control)], level)


def _log_bands(blots: Blots) -> tuple[Array, Array, Array]:
    """The log2 densities of the lanes that have all bands that were blotted; NaN in all three elsewhere."""
    bands = np.stack([np.asarray(band, dtype=np.float64) for band in _same_shape(blots)])
    low, high = blots.linear_range
    faults = [f"{name} saturated in {_places(blots, band >= high)}" for name, band in _named(bands) if (band >= high).any()]
    faults += [f"{name} too weak in {_places(blots, band < low)}" for name, band in _named(bands) if (band < low).any()]
    if low <= 0 or faults:
        what = "; ".join(faults) or "the lowest density of the linear range is not positive"
        raise DataError(what, where="blots", hint=f"expose again so that all bands lie within {low:g} to {high:g}")
    log_bands = np.log2(bands)
    blotted = log_bands if np.isfinite(log_bands[0]).any() else log_bands[1:]
    log_bands[:, np.isnan(blotted).any(axis=0)] = np.nan
    return log_bands[0], log_bands[1], log_bands[2]


def _same_shape(blots: Blots) -> tuple[npt.ArrayLike, ...]:
    bands = (blots.phospho, blots.total, blots.load)
    shapes = {np.shape(band) for band in bands}
    if len(shapes) > 1 or len(next(iter(shapes))) != 2 or next(iter(shapes))[1] != len(blots.conditions):
        found = " and ".join(str(shape) for shape in sorted(shapes))
        raise DataError(f"bands of shape {found}", where="blots", hint=f"give all three as (blot, {len(blots.conditions)})")
    return bands


def _named(bands: Array) -> list[tuple[str, Array]]:
    return list(zip(("phospho", "total", "load"), bands, strict=True))


def _places(blots: Blots, where: Mask) -> str:
    return ", ".join(f"blot {blot} {blots.conditions[lane]}" for blot, lane in np.argwhere(where).tolist())


def _lane(blots: Blots, name: str) -> int:
    if name not in blots.conditions:
        raise DataError(f"no lane '{name}'", where="blots", hint=f"known: {', '.join(blots.conditions)}")
    return list(blots.conditions).index(name)


def _contrast(ratio: Array, lanes: Sequence[int], level: float) -> Estimate:
    """Treated less control in the additive model of condition and blot, fitted to all lanes there are."""
    treated, control = lanes
    n = int(np.isfinite(ratio[:, lanes]).all(axis=1).sum())
    if not n:
        raise DataError("no blot holds both lanes with all three bands", where="blots", hint="compare lanes of the same blot")
    blot, lane = np.nonzero(np.isfinite(ratio))
    design = np.hstack([np.eye(ratio.shape[1])[lane], np.eye(ratio.shape[0])[blot]])
    readings, inverse = ratio[blot, lane], np.linalg.pinv(design)
    direction = np.zeros(design.shape[1])
    direction[treated], direction[control] = 1.0, -1.0
    value = float(direction @ inverse @ readings)
    df = len(readings) - int(np.linalg.matrix_rank(design))
    if n < FEWEST_EXPERIMENTS:
        return without_interval(value, n=n, unit="log2", level=level)
    residual = readings - design @ (inverse @ readings)
    error = math.sqrt(float(residual @ residual) / df * float(((direction @ inverse) ** 2).sum()))
    half = t_quantile(level, df=df) * error
    return Estimate(value, value - half, value + half, level, n, "log2", f"log ratio on condition and blot, t, df {df}")
