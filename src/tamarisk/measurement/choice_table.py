"""Dose-response of every condition by the simplest curve that its readings allow. It knows F-tests, not why doses stimulate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.curve_choice import Choice, simplest_curve
from tamarisk.measurement.curve_table import HALF, NAMES, Fitted, curve_numbers, dose_series
from tamarisk.measurement.estimate import Array, Estimate, experiment_mean
from tamarisk.measurement.hormesis import HormeticCurve, falling_dose, peak_dose, peak_response
from tamarisk.measurement.measured import Measured, Result, mean_dose


def choices_of(
    readings: pd.DataFrame, *, direction: str, plateau: float, level: float = 0.95
) -> tuple[Measured, tuple[Fitted, ...]]:
    """As `curves_of`, but each curve is flat, falls to a supposed plateau or to its own, or rises first, as F-tests have it.

    Args:
        readings: one row per well with `cells`, `drug`, `dose` (nM), `experiment` and `response`.
        direction: `GR` or `viability`, which are 1 without drug, or `other`.
        plateau: the supposed response at a saturating dose.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Where low doses stimulate: dose and height of the peak, and where the response falls to a half; elsewhere what
        `curves_of` says. The F-tests stand among the warnings.

    Raises:
        DataError: no condition could be fitted.

    References: [@BRAINCOUSENS1989; @RITZ2015].

    >>> readings = {"cells": "", "drug": "4OHT", "experiment": "1", "dose": [0.3, 1, 3, 10, 30, 100, 300]}
    >>> frame = pd.DataFrame({**readings, "response": [1.16, 1.4, 1.9, 1.75, 0.62, 0.11, 0.02]})
    >>> print(choices_of(frame, direction="viability", plateau=0.0)[0].results[0].estimate.headline)
    5.29 nM
    """
    results: list[Result] = []
    refusals: list[Issue] = []
    reasons: list[str] = []
    fitted: list[Fitted] = []
    for of, series in dose_series(readings, direction):
        chosen = _chosen(of, series, plateau, None if direction == "other" else 1.0, refusals)
        if chosen:
            results += _numbers(of, chosen, direction, level, refusals)
        reasons += [f"{of}, experiment {experiment}: {choice.reason}" for experiment, choice in chosen.items()]
        fitted += [Fitted(of, experiment, choice.curve, choice.hormetic) for experiment, choice in chosen.items()]
    if not fitted:
        raise DataError("; ".join(map(str, refusals)) or "there is no dose above zero", hint="there is no curve to fit")
    return Measured(tuple(results), tuple(refusals), tuple(reasons)), tuple(fitted)


def _chosen(
    of: str, series: Mapping[str, tuple[Array, Array]], plateau: float, untreated: float | None, refusals: list[Issue]
) -> dict[str, Choice]:
    """The curve of each experiment that has one; the others are added to the refusals."""
    found: dict[str, Choice] = {}
    for experiment, (dose, response) in series.items():
        try:
            found[experiment] = simplest_curve(dose, response, plateau=plateau, untreated=untreated)
        except DataError as fault:
            refusals.append(Issue(f"{of}, experiment {experiment}", str(fault)))
    return found


def _numbers(of: str, chosen: Mapping[str, Choice], direction: str, level: float, refusals: list[Issue]) -> Iterator[Result]:
    """What one condition says; experiments that ask for different curves say nothing of the peak together."""
    rising = [choice.hormetic for choice in chosen.values() if choice.hormetic is not None]
    if len(rising) == len(chosen):
        yield from _peaks(of, rising, direction, level)
        return
    if rising:
        what = f"low doses stimulate in {len(rising)} of {len(chosen)} experiments, so that they share no peak"
        refusals.append(Issue(of, what))
    yield from curve_numbers(of, [choice.curve for choice in chosen.values()], direction, level, refusals)


def _peaks(of: str, curves: list[HormeticCurve], direction: str, level: float) -> Iterator[Result]:
    heights = [peak_response(curve, level=level) for curve in curves]
    yield Result(of, "dose of the peak", mean_dose([peak_dose(curve, level=level) for curve in curves], level=level))
    yield Result(of, "response at the peak", _height(heights, level))
    if NAMES[direction].half:
        fallen = [falling_dose(curve, HALF, level=level) for curve in curves]
        yield Result(of, f"{NAMES[direction].half} beyond the peak", mean_dose(fallen, level=level))


def _height(heights: list[Estimate], level: float) -> Estimate:
    if len(heights) == 1:
        return heights[0]
    return experiment_mean([one.value for one in heights], unit="", level=level)
