"""What a measurement says: named estimates, what was refused, and which rows of which files were used. It knows no assay."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.estimate import Estimate, geometric_mean, without_interval


@dataclass(frozen=True, slots=True)
class Source:
    """One file and what was taken from it.

    Attributes:
        file: its path as it was named.
        sha256: its fingerprint.
        used: how many rows were used.
        dropped: a reason and its rows, in words, for all others.
    """

    file: str
    sha256: str
    used: int
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One named estimate.

    Attributes:
        of: of what: cells, drug and dose, or a gene.
        name: which number.
        estimate: the number.
        p: two-sided p-value, where the ruler has one; NaN elsewhere.
        q: the same adjusted for the number of genes.
    """

    of: str
    name: str
    estimate: Estimate
    p: float = math.nan
    q: float = math.nan


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that a ruler says about some files.

    Attributes:
        results: the estimates.
        refusals: what was asked and cannot be said, and why.
        warnings: what a reader must know beside the numbers.
    """

    results: tuple[Result, ...]
    refusals: tuple[Issue, ...] = ()
    warnings: tuple[str, ...] = ()


def with_warnings(measured: Measured, words: Iterable[str]) -> Measured:
    """The same with further things that a reader must know.

    >>> with_warnings(Measured(()), ["one file is short"]).warnings
    ('one file is short',)
    """
    return Measured(measured.results, measured.refusals, (*measured.warnings, *words))


def source_of(path: Path, *, used: int, dropped: Mapping[str, Sequence[int]] | None = None) -> Source:
    """The record of one file.

    Args:
        path: the file.
        used: how many of its rows were used.
        dropped: for each reason the rows that were left out.

    Returns:
        Name, SHA-256 and rows of the file.

    >>> source_of(Path(__file__), used=0, dropped={"no count": [3, 4]}).dropped
    ('no count: 2 rows (3, 4)',)
    """
    said = [f"{why}: {_rows(rows)}" for why, rows in (dropped or {}).items() if rows]
    return Source(str(path), hashlib.sha256(path.read_bytes()).hexdigest(), used, tuple(said))


def mean_dose(doses: Sequence[Estimate], *, level: float = 0.95) -> Estimate:
    """The mean over experiments of doses that each experiment estimates from its own curve.

    Args:
        doses: one estimate per experiment, some of them perhaps only bounds.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The geometric mean; the one estimate there is; or, where an experiment gave a bound, the range that all allow.

    Raises:
        DataError: there is no experiment.

    References: [@STUDENT1908].

    >>> def one(value): return Estimate(value, 1.0, 100.0, level=0.95, n=1, unit="nM", method="one curve")
    >>> print(mean_dose([one(1.0), one(10.0), one(100.0)]))
    10 nM (95 % 0.0328 to 3049, n = 3)
    >>> print(mean_dose([one(1.0), one(float("nan"))]))
    between 1 and 100 nM (n = 2)
    """
    if not doses:
        raise DataError("there is no experiment", where="doses", hint="give one estimate per experiment")
    if len(doses) == 1:
        return doses[0]
    bounds = [one for one in doses if one.is_bound]
    if bounds:
        low = min(one.low if one.is_bound else one.value for one in doses)
        high = max(one.high if one.is_bound else one.value for one in doses)
        method = f"bounds only: {bounds[0].method} in {len(bounds)} of {len(doses)} experiments"
        return Estimate(math.nan, low, high, level, len(doses), doses[0].unit, method)
    return geometric_mean([one.value for one in doses], unit=doses[0].unit, level=level)


def unrepeated(value: float, *, unit: str, level: float) -> Estimate:
    """A number of one experiment, without an interval.

    >>> print(unrepeated(0.5, unit="", level=0.95))
    0.5 (no interval, n = 1)
    """
    return without_interval(value, n=1, unit=unit, level=level)


def _rows(rows: Sequence[int]) -> str:
    shown = ", ".join(str(row) for row in rows[:10]) + (", ..." if len(rows) > 10 else "")
    return f"{len(rows)} {'row' if len(rows) == 1 else 'rows'} ({shown})"
