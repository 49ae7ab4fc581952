"""Dose-response of every condition of a long table, one curve per experiment. It knows curves and doses, not files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.dose_response import Curve, dose_reaching, dose_response_curve, ec50, log_dose
from tamarisk.measurement.estimate import Array, Estimate, experiment_mean, geometric_mean
from tamarisk.measurement.growth import area_over_curve
from tamarisk.measurement.growth_table import CONTROL, condition_name
from tamarisk.measurement.hormesis import HormeticCurve
from tamarisk.measurement.measured import Measured, Result, mean_dose

HALF = 0.5


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers of a curve are called, by what the response is."""

    half: str
    ec50: str
    plateau: str
    last: str
    area: str


NAMES: Mapping[str, Names] = {
    "GR": Names("GR50", "GEC50", "GRinf", "GRmax", "GR_AOC"),
    "viability": Names("IC50", "EC50", "plateau", "viability at the highest dose", "area over the curve"),
    "other": Names("", "EC50", "plateau", "response at the highest dose", ""),
}


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """One curve with the name of its condition, and the one that rises first where readings ask for it."""

    of: str
    experiment: str
    curve: Curve
    hormetic: HormeticCurve | None = None


def curves_of(readings: pd.DataFrame, *, direction: str, level: float = 0.95) -> tuple[Measured, tuple[Fitted, ...]]:
    """A curve for each condition and experiment, and what the experiments say together.

    Args:
        readings: one row per well with `cells`, `drug` ("control" if untreated), `dose` (nM), `experiment` and `response`.
        direction: `GR` or `viability`, which are 1 without drug, or `other`, whose untreated response is fitted.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Potencies, plateaus and areas over experiments, and the curves.

    Raises:
        DataError: no condition could be fitted.

    References: [@HAFNER2016; @RITZ2015].

    >>> readings = {"cells": "", "drug": "4OHT", "experiment": "1", "dose": [1, 3, 10, 30, 100]}
    >>> frame = pd.DataFrame({**readings, "response": [1, 0.9, 0.6, 0.25, 0.1]})
    >>> for one in curves_of(frame, direction="GR")[0].results[:2]: print(one.name, one.estimate)
    GR50 13.2 nM (95 % 11.4 to 15.3, n = 1)
    GEC50 12 nM (95 % 9.88 to 15.2, n = 1)
    """
    fitted: list[Fitted] = []
    results: list[Result] = []
    refusals: list[Issue] = []
    for of, series in dose_series(readings, direction):
        curves: dict[str, Curve] = {}
        for experiment, (dose, response) in series.items():
            try:
                curves[experiment] = dose_response_curve(dose, response, untreated=None if direction == "other" else 1.0)
            except DataError as fault:
                refusals.append(Issue(f"{of}, experiment {experiment}", str(fault)))
        if curves:
            results += curve_numbers(of, list(curves.values()), direction, level, refusals)
            fitted += [Fitted(of, experiment, curve) for experiment, curve in curves.items()]
    if not fitted:
        what = "; ".join(map(str, refusals)) or "there is no dose above zero"
        raise DataError(what, hint="there is no curve to fit")
    return Measured(tuple(results), tuple(refusals)), tuple(fitted)


def mean_readings(curve: Curve) -> tuple[Array, Array]:
    """Each dose above zero of a curve, rising, and the mean response there.

    >>> curve = dose_response_curve([1, 1, 3, 10, 30], [0.9, 1.1, 0.7, 0.4, 0.1], untreated=1.0, plateau=0.0)
    >>> doses, means = mean_readings(curve)
    >>> doses.tolist(), means.tolist()
    ([1.0, 3.0, 10.0, 30.0], [1.0, 0.7, 0.4, 0.1])
    """
    doses = np.unique(curve.dose[curve.dose > 0])
    return doses, np.array([curve.response[curve.dose == dose].mean() for dose in doses])


def dose_series(readings: pd.DataFrame, direction: str) -> Iterator[tuple[str, dict[str, tuple[Array, Array]]]]:
    """For each condition the doses and responses of each experiment; vehicle joins where its level is to be fitted."""
    treated = readings[readings["drug"] != CONTROL]
    vehicle = readings[readings["drug"] == CONTROL]
    for (cells, drug), held in treated.groupby(["cells", "drug"], sort=False):
        series = {}
        for experiment, wells in held.groupby("experiment", sort=False):
            dose, response = wells["dose"].to_numpy(), wells["response"].to_numpy()
            if direction == "other":
                beside = vehicle[(vehicle["cells"] == cells) & vehicle["experiment"].isin([experiment, ""])][
                    "response"
                ].to_numpy()
                dose, response = np.concatenate([np.zeros(len(beside)), dose]), np.concatenate([beside, response])
            series[str(experiment)] = (dose.astype(np.float64), response.astype(np.float64))
        yield condition_name(cells, drug, np.nan) or "all wells", series


def _dose(curves: Sequence[Curve], target: float | None, level: float) -> Estimate:
    """A dose over experiments; how well each curve knows it is asked only where that is told: of a lone one, and of bounds."""
    places = [log_dose(curve, target) for curve in curves]
    inside = all(low <= place <= high for place, (low, high) in zip(places, (np.log(one.tested) for one in curves), strict=True))
    if len(curves) > 1 and inside:
        return geometric_mean(np.exp(places), unit="nM", level=level)
    each = [ec50(one, level=level) if target is None else dose_reaching(one, target, level=level) for one in curves]
    return mean_dose(each, level=level)


def curve_numbers(of: str, curves: Sequence[Curve], direction: str, level: float, refusals: list[Issue]) -> Iterator[Result]:
    """Potency, plateau and area of one condition over its experiments; what cannot be said is added to the refusals."""
    names = NAMES[direction]
    flat = [curve for curve in curves if curve.is_flat]
    if names.half:
        yield Result(of, names.half, _dose(curves, HALF, level))
    if flat:
        least = min(curve.flat_p for curve in flat)
        refusals.append(
            Issue(of, f"flat in {len(flat)} of {len(curves)} experiments (F-test p from {least:.2g}), so it has no {names.ec50}")
        )
    else:
        middle = _dose(curves, None, level)
        lowest, highest = min(curve.tested[0] for curve in curves), max(curve.tested[1] for curve in curves)
        if middle.low < lowest and middle.high > highest:
            refusals.append(
                Issue(of, f"the interval of the {names.ec50} holds all tested doses, so the readings do not settle it")
            )
        else:
            yield Result(of, names.ec50, middle)
    if direction == "other":
        yield Result(of, "untreated", _mean(curves, lambda curve: curve.untreated, level))
    yield Result(of, names.plateau, _mean(curves, lambda curve: curve.plateau, level))
    yield Result(of, names.last, _mean(curves, lambda curve: float(mean_readings(curve)[1][-1]), level))
    if names.area and all(len(mean_readings(curve)[0]) > 1 for curve in curves):
        yield Result(of, names.area, _mean(curves, lambda curve: float(area_over_curve(*mean_readings(curve)[::-1])), level))


def _mean(curves: Sequence[Curve], number: Callable[[Curve], float], level: float) -> Estimate:
    return experiment_mean([number(curve) for curve in curves], unit="", level=level)
