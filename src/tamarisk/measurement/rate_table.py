"""How fast every condition of a long table grows, from counts at many times. It knows wells and controls, not files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.estimate import Estimate, experiment_mean, middle_mean
from tamarisk.measurement.growth_rate import dip_rate, growth_rate
from tamarisk.measurement.growth_table import CONTROL, Layout, arranged, condition_name
from tamarisk.measurement.measured import Measured, Result

Rate = Literal["growth", "DIP"]
Rates: TypeAlias = dict[tuple[str, str, str], dict[str, Estimate]]  # of cells, drug and name: of each experiment
_UNIT = "doublings/h"
_CULTURE = ("cells", "drug", "dose", "experiment")


def rates_of(
    wells: pd.DataFrame,
    *,
    rate: Rate,
    layout: Layout | None = None,
    settled_after: float | None = None,
    confluent_at: float | None = None,
    level: float = 0.95,
) -> Measured:
    """Doublings per hour of every condition, and how many fewer than untreated; no growing control is needed.

    Args:
        wells: as `growth_of` takes them, with `time` (h); wells of one time are averaged first (the middle half).
        rate: "growth" takes one line through all times, "DIP" the later of two joined lines, once the drug has taken hold.
        layout: which condition is the control, and what counts as an experiment.
        settled_after: for DIP, hours after which the rate is taken to be steady; None finds the joint.
        confluent_at: count from which a well is full; it and all later counts are left out.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Rates over experiments; of one experiment with the interval from the scatter about its line.

    Raises:
        DataError: there are no times, or no condition was counted often enough.

    References: [@HARRIS2016].

    >>> wells = pd.DataFrame({"drug": "4OHT", "time": [0, 24, 48, 72, 96], "counts": [100.0, 205, 390, 810, 1590]})
    >>> print(rates_of(wells, rate="growth").results[0].estimate)
    0.0415 doublings/h (95 % 0.0402 to 0.0428, n = 1)
    """
    frame, warnings = arranged(wells, layout or Layout())
    found, refusals = _found(frame, rate, settled_after, confluent_at, level)
    if not found:
        raise DataError("; ".join(map(str, refusals)), hint="there is no rate to find")
    return Measured(tuple(_read(found, rate, level)), tuple(refusals), tuple(warnings))


def _found(
    frame: pd.DataFrame, rate: Rate, settled_after: float | None, confluent_at: float | None, level: float
) -> tuple[Rates, list[Issue]]:
    """The rates, and the conditions that have none."""
    refusals: list[Issue] = []
    found: Rates = {}
    for cells, drug, of, experiment, held in _cultures(frame):
        try:
            one = _rate(held, rate, settled_after, confluent_at, level)
            found.setdefault((cells, drug, of), {})[experiment] = one
        except DataError as fault:
            refusals.append(Issue(f"{of}, experiment {experiment}", str(fault)))
    return found, refusals


def _cultures(frame: pd.DataFrame) -> Iterator[tuple[str, str, str, str, pd.DataFrame]]:
    """Cells, drug, name and experiment of each condition in each experiment, and its wells."""
    if "time" not in frame:
        raise DataError("no column says when cells were counted", where="column time", hint="add it, as 'time (h)'")
    for (cells, drug, dose, experiment), held in frame.groupby(list(_CULTURE), sort=False, dropna=False):
        yield str(cells), str(drug), condition_name(cells, drug, dose), str(experiment), held


def _rate(wells: pd.DataFrame, rate: Rate, settled_after: float | None, confluent_at: float | None, level: float) -> Estimate:
    """The rate of one condition in one experiment."""
    means = wells.groupby("time")["counts"].agg(middle_mean)
    course = means.index.to_numpy(dtype=np.float64), means.to_numpy(dtype=np.float64)
    if rate == "growth":
        return growth_rate(*course, confluent_at=confluent_at, level=level)
    return dip_rate(*course, settled_after=settled_after, confluent_at=confluent_at, level=level)


def _read(found: Rates, rate: Rate, level: float) -> Iterator[Result]:
    """What the experiments say together; a condition is compared with the control of its own cells and experiments."""
    controls = {cells: own for (cells, drug, _), own in found.items() if drug == CONTROL}
    for (cells, drug, of), own in found.items():
        yield Result(of, f"{rate} rate", _together(list(own.values()), level))
        control = controls.get(cells, {})
        paired = [own[experiment].value - control[experiment].value for experiment in own if experiment in control]
        if drug != CONTROL and paired:
            yield Result(of, f"{rate} rate less control", experiment_mean(paired, unit=_UNIT, level=level))


def _together(rates: Sequence[Estimate], level: float) -> Estimate:
    """The mean over experiments; the one rate there is."""
    return rates[0] if len(rates) == 1 else experiment_mean([one.value for one in rates], unit=_UNIT, level=level)
