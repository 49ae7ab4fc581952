"""Whether two drugs interact, tested in doublings. It knows experiments as blocks, and that the best cell is no test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import FEWEST_EXPERIMENTS, Array, Estimate, Mask, experiment_mean, side_by_side
from tamarisk.seeds import generator

_DRAWS = 100_000  # the largest t of a surface has no closed form; 100,000 draws put its 5 % tail within 0.15 % points

_ROUNDING = 1e-9  # scatter this small, relative to the doublings, is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The interaction at every combination of doses, with bounds that hold for all of them at once.

    Attributes:
        interaction: doublings beyond the sum of both drugs (I), below 0 where they help each other, shape
            `(first dose, second dose)` without the zero doses.
        low: lower simultaneous bounds, same shape; NaN where `n` is too small to say.
        high: upper simultaneous bounds, same shape.
        p: p-values adjusted for the largest of all cells, same shape; NaN likewise.
        level: probability that all bounds hold together.
        critical: standard errors between interaction and bound.
        df: degrees of freedom of the residual variance.
        per_experiment: the interaction in each experiment, shape `(experiment, first dose, second dose)`.
    """

    interaction: Array
    low: Array
    high: Array
    p: Array
    level: float
    critical: float
    df: int
    per_experiment: Array

    @property
    def helping(self) -> Mask:
        """The combinations that are shown to do more than their sum."""
        return self.high < 0

    @property
    def hindering(self) -> Mask:
        """The combinations that are shown to do less than their sum."""
        return self.low > 0

    def at(self, first: int, second: int) -> Estimate:
        """The interaction at a pair of doses that was named before the data were seen, with its own paired t interval.

        Args:
            first: place of the first drug's dose, 0 the lowest above zero.
            second: place of the second drug's dose likewise.

        Returns:
            The interaction in doublings; this cell's own scatter, so n - 1 degrees of freedom.
        """
        return experiment_mean(self.per_experiment[:, first, second], unit="doublings", level=self.level)


@dataclass(frozen=True, slots=True)
class BeyondBest:
    """Whether two drugs together stop cells more than either alone.

    Attributes:
        over_first: doublings of the combination less those of the first drug; below 0 where it does more.
        over_second: doublings of the combination less those of the second drug.
        p: one-sided p-value that it does more than both; the larger of two paired t tests.
    """

    over_first: Estimate
    over_second: Estimate
    p: float


def interaction_surface(doublings: npt.ArrayLike, *, level: float = 0.95) -> Surface:
    """Where on a dose matrix two drugs do more, or less, than the sum of what each does to doublings.

    Bliss independence on counts is a sum in doublings. Experiments are blocks, one residual variance serves all cells, and
    bounds and p-values allow for the number of cells and for the vehicle and single drugs that they share (max-t).

    Args:
        doublings: shape `(experiment, first dose, second dose)`, zero doses first; wells averaged beforehand.
        level: probability that all bounds hold together, between 0 and 1.

    Returns:
        The surface; no bounds below three experiments.

    Raises:
        DataError: there is no combination, an experiment lacks a cell, or experiments do not scatter.

    References: [@BLISS1939; @HOTHORN2008; @LAZIC2018].

    >>> plates = [[[5, 4, 3], [4, 3, 1.2]], [[5.2, 4.3, 3], [4.1, 3, 1]], [[4.9, 3.8, 2.9], [4, 3, 1]]]
    >>> interaction_surface(plates).helping.tolist()
    [[False, True]]
    """
    if not 0 < level < 1:
        raise DataError(f"{level} is no coverage", where="level", hint="give a number between 0 and 1, such as 0.95")
    plates = _full(doublings)
    own = plates[:, 1:, 1:] - plates[:, 1:, :1] - plates[:, :1, 1:] + plates[:, :1, :1]
    n, mean = len(plates), own.mean(axis=0)
    if n < FEWEST_EXPERIMENTS:
        unknown = np.full(mean.shape, np.nan)
        return Surface(mean, unknown, unknown, unknown, level, math.nan, 0, own)
    error, df = _scatter(plates)
    largest = _largest_t(mean.shape[0], mean.shape[1], df)
    critical = float(np.quantile(largest, level))
    p = (1 + len(largest) - np.searchsorted(largest, np.abs(mean) / error)) / (len(largest) + 1)
    return Surface(mean, mean - critical * error, mean + critical * error, p, level, critical, df, own)


def _scatter(plates: Array) -> tuple[float, int]:
    """The standard error of a cell's interaction, and its degrees of freedom; experiments are blocks."""
    n = len(plates)
    residual = plates - plates.mean(axis=0) - plates.mean(axis=(1, 2), keepdims=True) + plates.mean()
    df = (n - 1) * (plates[0].size - 1)
    error = math.sqrt(4.0 * float((residual**2).sum()) / df / n)
    if error <= _ROUNDING * float(np.abs(plates).max()):
        hint = "a virtual experiment without noise counts once"
        raise DataError("the experiments do not scatter", where="doublings", hint=hint)
    return error, df


def beyond_best(both: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95) -> BeyondBest:
    """Whether a combination stops cells more than its better drug alone, in doublings (HSA as a test).

    The combination must beat each drug by itself; two such tests hold their level together without correction.

    Args:
        both: doublings under both drugs, shape `(experiment,)`.
        first: doublings under the first drug, shape `(experiment,)`.
        second: doublings under the second drug, shape `(experiment,)`.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Both contrasts and the p-value; NaN below three experiments.

    Raises:
        DataError: an experiment lacks a number or an arm.

    References: [@BERENBAUM1989; @SCHUIRMANN1987].

    >>> round(beyond_best([1.0, 1.2, 1.1], [3.0, 3.3, 3.1], [2.0, 2.1, 2.2]).p, 4)
    0.0017
    """
    C, F, P = side_by_side({"both": both, "first": first, "second": second})
    contrasts = [C - F, C - P]
    over_first, over_second = (experiment_mean(one, unit="doublings", level=level) for one in contrasts)
    if len(C) < FEWEST_EXPERIMENTS:
        return BeyondBest(over_first, over_second, math.nan)
    p = max(_one_sided_p(one) for one in contrasts)
    return BeyondBest(over_first, over_second, p)


def _full(doublings: npt.ArrayLike) -> Array:
    plates = np.asarray(doublings, dtype=np.float64)
    if plates.ndim != 3 or min(plates.shape[1:]) < 2 or not len(plates) or not np.isfinite(plates).all():
        hint = "give each experiment every dose pair, zero doses first"
        raise DataError(f"shape {plates.shape} is not a full (experiment, first dose, second dose)", where="doublings", hint=hint)
    return plates


def _one_sided_p(values: Array) -> float:
    """p-value that the mean lies below 0, by Student's t."""
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    if not error:
        return 0.0 if values.mean() < 0 else 1.0
    return float(special.stdtr(len(values) - 1, values.mean() / error))


@lru_cache(maxsize=8)
def _largest_t(first: int, second: int, df: int) -> Array:
    """Draws of the largest absolute t of a surface without interaction, sorted; the same for the same surface."""
    rng = generator(0, "measurement", "largest t", f"{first} {second} {df}")
    found = []
    for _ in range(10):
        draws = _DRAWS // 10
        cells = rng.standard_normal((draws, first, second)) + rng.standard_normal((draws, 1, 1))
        cells += rng.standard_normal((draws, first, 1)) + rng.standard_normal((draws, 1, second))
        spread = np.sqrt(rng.chisquare(df, draws) / df)
        found.append(np.abs(cells).max(axis=(1, 2)) / 2.0 / spread)
    return np.sort(np.concatenate(found))
