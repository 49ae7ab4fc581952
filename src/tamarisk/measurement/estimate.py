"""A number with its spread over independent experiments. It knows means and ratios, not what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.units import rounded

Array: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

FEWEST_EXPERIMENTS = 3  # below this an interval would say more about Student's t than about the cells


@dataclass(frozen=True, slots=True)
class Estimate:
    """One measured quantity and how far it can be trusted.

    Attributes:
        value: the estimate; NaN where only a bound is known.
        low: lower end of the interval; NaN where `n` is too small to say, `-inf` where the data set no lower bound.
        high: upper end of the interval, likewise.
        level: coverage of the interval, between 0 and 1.
        n: independent experiments (passages), never wells, lanes or genes.
        unit: unit of the three numbers; "" where they are dimensionless.
        method: how the interval was made, or why there is none.

    >>> print(Estimate(0.4, 0.31, 0.49, level=0.95, n=4, unit="", method="t, df 3"))
    0.4 (95 % 0.31 to 0.49, n = 4)
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    unit: str
    method: str

    def __str__(self) -> str:
        if self.is_bound:
            return f"{self.headline} (n = {self.n})"
        if math.isnan(self.low):
            return f"{self.headline} (no interval, n = {self.n})"
        return f"{self.headline} ({100 * self.level:.3g} % {_end(self.low)} to {_end(self.high)}, n = {self.n})"

    @property
    def headline(self) -> str:
        """The number or its bound with its unit, without its spread."""
        number = _bound_in_words(self.low, self.high) if self.is_bound else rounded(self.value)
        return f"{number} {self.unit}" if self.unit else number

    @property
    def is_bound(self) -> bool:
        """Whether only bounds are known, as where half of the effect was never reached."""
        return math.isnan(self.value) and not math.isnan(self.low)

    def above(self, bound: float) -> bool:
        """Whether the whole interval lies above a number; False where there is no interval."""
        return self.low > bound

    def below(self, bound: float) -> bool:
        """Whether the whole interval lies below a number; False where there is no interval."""
        return self.high < bound


def experiment_mean(values: npt.ArrayLike, *, unit: str, level: float = 0.95) -> Estimate:
    """The mean over independent experiments, with Student's interval.

    Args:
        values: one number per experiment, shape `(experiment,)`, in `unit`.
        unit: unit of the values; "" where they are dimensionless.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The mean; no interval below three experiments.

    Raises:
        DataError: there is no experiment, one holds no number, or the level is no coverage.

    References: [@STUDENT1908].

    >>> print(experiment_mean([1.0, 2.0, 3.0], unit="doublings"))
    2 doublings (95 % -0.484 to 4.48, n = 3)
    """
    numbers = per_experiment(values, where="values")
    n = len(numbers)
    mean = float(numbers.mean())
    if n < FEWEST_EXPERIMENTS:
        return without_interval(mean, n=n, unit=unit, level=level)
    half = t_quantile(level, df=n - 1) * float(numbers.std(ddof=1)) / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, level, n, unit, f"t, df {n - 1}")


def geometric_mean(values: npt.ArrayLike, *, unit: str, level: float = 0.95) -> Estimate:
    """The mean of positive numbers such as doses or folds, taken and bounded on the log scale.

    Args:
        values: one positive number per experiment, shape `(experiment,)`, in `unit`.
        unit: unit of the values.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The geometric mean; no interval below three experiments.

    Raises:
        DataError: a value is missing, zero or negative.

    References: [@STUDENT1908].

    >>> print(geometric_mean([1.0, 10.0, 100.0], unit="nM"))
    10 nM (95 % 0.0328 to 3049, n = 3)
    """
    numbers = per_experiment(values, where="values")
    if (numbers <= 0).any():
        raise DataError("a value is not positive, so it has no logarithm", where="values", hint="use experiment_mean")
    return fold(experiment_mean(np.log2(numbers), unit="log2", level=level), unit=unit)


def fold(log2: Estimate, *, unit: str = "fold") -> Estimate:
    """A difference on the log2 scale, or in doublings, told as a fold change.

    Args:
        log2: the estimate on the log2 scale.
        unit: unit of the result.

    Returns:
        2 to the power of the value and of both ends of the interval.

    References: [@STUDENT1908].

    >>> print(fold(Estimate(1.0, 0.0, 2.0, level=0.95, n=3, unit="log2", method="t, df 2")))
    2 fold (95 % 1 to 4, n = 3)
    """
    value, low, high = (float(np.exp2(number)) for number in (log2.value, log2.low, log2.high))
    return Estimate(value, low, high, log2.level, log2.n, unit, f"{log2.method}, on the log2 scale")


def experiment_ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike, *, unit: str = "", level: float = 0.95) -> Estimate:
    """The ratio of two means measured side by side in each experiment, with Fieller's interval.

    Args:
        numerator: one number per experiment, shape `(experiment,)`.
        denominator: its partner from the same experiment, shape `(experiment,)`.
        unit: unit of the ratio; "" where it is dimensionless.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The ratio of the means; no interval below three experiments, the whole line where the denominator may be zero.

    Raises:
        DataError: an experiment lacks a number or a partner.

    References: [@FIELLER1954].

    >>> print(experiment_ratio([1.1, 1.2, 1.0], [3.1, 3.0, 2.9]))
    0.367 (95 % 0.293 to 0.439, n = 3)
    """
    top, bottom = side_by_side({"numerator": numerator, "denominator": denominator})
    n = len(top)
    ratio = float(top.mean() / bottom.mean()) if bottom.mean() else math.nan
    if n < FEWEST_EXPERIMENTS:
        return without_interval(ratio, n=n, unit=unit, level=level)
    covariance = np.cov(top, bottom) / n
    low, high = fieller_limits(float(top.mean()), float(bottom.mean()), covariance=covariance, df=n - 1, level=level)
    bounded = "" if math.isfinite(low) else "; the denominator's interval includes 0"
    return Estimate(ratio, low, high, level, n, unit, f"Fieller, df {n - 1}{bounded}")


def fieller_limits(numerator: float, denominator: float, *, covariance: Array, df: float, level: float) -> tuple[float, float]:
    """The interval of a ratio of two uncertain numbers, exact where a plus-minus around the ratio is not.

    Args:
        numerator: estimate above the line.
        denominator: estimate below the line.
        covariance: of both estimates, shape `(2, 2)`, numerator first.
        df: degrees of freedom of the covariance, above 0.
        level: coverage of the interval, between 0 and 1.

    Returns:
        Lower and upper limit; `(-inf, inf)` where the denominator cannot be told from zero.

    References: [@FIELLER1954].

    >>> low, high = fieller_limits(1.0, 2.0, covariance=np.diag([0.01, 0.01]), df=8, level=0.95)
    >>> round(low, 4), round(high, 4)
    (0.3768, 0.6367)
    """
    return fieller_limits_at(numerator, denominator, covariance=covariance, critical=t_quantile(level, df=df))


def fieller_limits_at(numerator: float, denominator: float, *, covariance: Array, critical: float) -> tuple[float, float]:
    """The interval of a ratio for a critical value of one's own, such as one that holds for many ratios at once.

    Args:
        numerator: estimate above the line.
        denominator: estimate below the line.
        covariance: of both estimates, shape `(2, 2)`, numerator first.
        critical: standard errors that the interval reaches to each side.

    Returns:
        Lower and upper limit; `(-inf, inf)` where the denominator cannot be told from zero.

    References: [@FIELLER1954].

    >>> low, high = fieller_limits_at(1.0, 2.0, covariance=np.diag([0.01, 0.0]), critical=2.0)
    >>> round(low, 4), round(high, 4)
    (0.4, 0.6)
    """
    squared = critical**2
    curvature = denominator**2 - squared * float(covariance[1, 1])
    middle = numerator * denominator - squared * float(covariance[0, 1])
    rest = numerator**2 - squared * float(covariance[0, 0])
    if curvature <= 0:
        return -math.inf, math.inf
    half = math.sqrt(max(middle**2 - curvature * rest, 0.0))
    return (middle - half) / curvature, (middle + half) / curvature


def t_quantile(level: float, *, df: float) -> float:
    """How many standard errors a two-sided interval reaches to each side.

    Args:
        level: coverage of the interval, between 0 and 1.
        df: degrees of freedom, above 0.

    Returns:
        The quantile of Student's t.

    Raises:
        DataError: the level is not between 0 and 1.

    References: [@STUDENT1908].

    >>> round(t_quantile(0.95, df=2), 4)
    4.3027
    """
    if not 0 < level < 1:
        raise DataError(f"{level} is no coverage", where="level", hint="give a number between 0 and 1, such as 0.95")
    return float(special.stdtrit(df, 0.5 + level / 2))


def middle_mean(values: npt.ArrayLike) -> float:
    """The mean of the middle half of the wells of one experiment, so that one lost well moves nothing.

    Args:
        values: one number per well, shape `(well,)`.

    Returns:
        The mean without the lowest and the highest quarter; of three wells or fewer the mean of all.

    References: [@LAZIC2018].

    >>> middle_mean([4.0, 5.0, 6.0, 900.0])
    5.5
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    quarter = len(ordered) // 4
    return float(ordered[quarter : len(ordered) - quarter].mean())


def without_interval(value: float, *, n: int, unit: str, level: float) -> Estimate:
    """A point that too few experiments stand behind to say how far it can be trusted.

    Args:
        value: the point.
        n: independent experiments, too few for an interval.
        unit: unit of the value.
        level: the coverage that was asked for.

    Returns:
        The estimate with NaN at both ends and the reason in `method`.

    References: [@STUDENT1908].

    >>> without_interval(1.5, n=2, unit="fold", level=0.95).method
    'no interval: 2 of at least 3 experiments'
    """
    reason = f"no interval: {n} of at least {FEWEST_EXPERIMENTS} experiments"
    return Estimate(value, math.nan, math.nan, level, n, unit, reason)


def per_experiment(values: npt.ArrayLike, *, where: str) -> Array:
    """One number per experiment as an array, or the sentence that says which is missing.

    Args:
        values: one number per experiment, shape `(experiment,)`.
        where: the argument that carries them, for the error.

    Returns:
        The numbers, shape `(experiment,)`.

    Raises:
        DataError: there is no experiment, more than one axis, or an experiment without a number.

    References: [@LAZIC2018].

    >>> per_experiment([2, 3], where="vehicle")
    array([2., 3.])
    """
    numbers = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if numbers.ndim != 1 or not len(numbers):
        raise DataError(f"shape {numbers.shape} is not (experiment,)", where=where, hint="average the wells of each first")
    missing = np.flatnonzero(~np.isfinite(numbers)).tolist()
    if missing:
        raise DataError(f"experiment(s) {missing} hold no number", where=where, hint="leave the whole experiment out")
    return numbers


def side_by_side(arms: Mapping[str, npt.ArrayLike]) -> tuple[Array, ...]:
    """Arms of one experiment as arrays, after seeing that each experiment has them all.

    Args:
        arms: name of each arm and its numbers, one per experiment, shape `(experiment,)`.

    Returns:
        The numbers of each arm in the order given, shape `(experiment,)`.

    Raises:
        DataError: an arm lacks an experiment that another has, or a number.

    References: [@LAZIC2018].

    >>> side_by_side({"vehicle": [2.0, 2.1], "drug": [3.0, 3.2]})
    (array([2. , 2.1]), array([3. , 3.2]))
    """
    numbers = {name: per_experiment(values, where=name) for name, values in arms.items()}
    if len({len(values) for values in numbers.values()}) > 1:
        counts = ", ".join(f"{name} {len(values)}" for name, values in numbers.items())
        raise DataError(f"the arms differ in experiments ({counts})", hint="keep the experiments that have every arm")
    return tuple(numbers.values())


def _end(value: float) -> str:
    return rounded(value) if math.isfinite(value) else f"{value:g}"


def _bound_in_words(low: float, high: float) -> str:
    if math.isinf(high):
        return f"above {rounded(low)}"
    return f"between {rounded(low)} and {rounded(high)}" if low > 0 else f"below {rounded(high)}"
