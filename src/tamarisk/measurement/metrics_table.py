"""Tables of fitted GR curves, one row per replicate, as people publish them. It knows the numbers, not the readings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from tamarisk.errors import Issue
from tamarisk.measurement.columns import LongTable, Said, read_long
from tamarisk.measurement.estimate import experiment_mean, geometric_mean
from tamarisk.measurement.growth_table import Layout, arranged, condition_name
from tamarisk.measurement.measured import Measured, Result
from tamarisk.names import plain
from tamarisk.tables import Column, table_header

_OUTSIDE = ("inf", "Inf", "-inf", "-Inf", "NA", "NaN")
_MEANS = ("GRinf", "GRmax", "GR_AOC")
_COLUMNS = (
    *(Column(name, required=False, optional=True) for name in ("experiment", "replicate", "cell_line", "drug", "unit")),
    Column("dose", number=True, required=False, minimum=0.0, aliases=("GR50",), gaps=_OUTSIDE),
    *(Column(name, number=True, required=False, optional=name != "GR_AOC", gaps=("NA", "NaN")) for name in _MEANS),
)


def holds_metrics(path: Path) -> bool:
    """Whether a table holds fitted curves: a column GR50 beside a column GR_AOC.

    >>> holds_metrics(Path(__file__))
    False
    """
    return {"gr50", "graoc"} <= {plain(cell) for cell in table_header(path)}


def read_metrics(path: Path, *, said: Said | None = None) -> LongTable:
    """The fitted curves of a table; `dose` is the GR50 in nM, NaN where it lies outside the tested doses.

    Args:
        path: a table with columns GR50 and GR_AOC.
        said: units and columns that the table does not say.

    Returns:
        One row per curve.

    Raises:
        TableError: everything that is wrong with the table, at once.
    """
    return replace(read_long(path, _COLUMNS, value="GR_AOC", said=said), warnings=())  # further columns describe the curves


def metrics_of(curves: pd.DataFrame, *, layout: Layout | None = None, level: float = 0.95) -> Measured:
    """What the replicates of each condition say together.

    Args:
        curves: as `read_metrics` gives them.
        layout: what counts as an experiment.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The geometric mean GR50 where every experiment has one, and the means of plateau, last response and area.

    Raises:
        DataError: it is not said what replicates are.

    References: [@HAFNER2016; @LAZIC2018].

    >>> curves = pd.DataFrame({"drug": "4OHT", "experiment": ["1", "2"], "dose": [10.0, 1000.0], "GR_AOC": [0.2, 0.4]})
    >>> for one in metrics_of(curves).results: print(one.name, one.estimate)
    GR50 100 nM (no interval, n = 2)
    GR_AOC 0.3 (no interval, n = 2)
    """
    frame, warnings = arranged(curves, layout or Layout())
    results: list[Result] = []
    refusals: list[Issue] = []
    for (cells, drug), held in frame.groupby(["cells", "drug"], sort=False):
        of = condition_name(cells, drug, float("nan")) or "all curves"
        reached = held.groupby("experiment", sort=False)["dose"].agg(lambda doses: doses.mean(skipna=False))
        missed = int(reached.isna().sum())
        if missed:
            refusals.append(Issue(of, f"the GR50 lies outside the tested doses in {missed} of {len(reached)} experiments"))
        else:
            results.append(Result(of, "GR50", geometric_mean(reached, unit="nM", level=level)))
        results += _means(of, held, level)
    return Measured(tuple(results), tuple(refusals), tuple(warnings))


def _means(of: str, held: pd.DataFrame, level: float) -> Iterator[Result]:
    for name in _MEANS:
        if name in held:
            values = held.groupby("experiment", sort=False)[name].mean().dropna()
            if len(values):
                yield Result(of, name, experiment_mean(values, unit="", level=level))
