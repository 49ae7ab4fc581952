"""The most probable parameters, given priors and observations. It knows logarithms and tolerances, not biology."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from tamarisk.calibration.normaliser import normalised
from tamarisk.calibration.prediction import ContextValues, Predictor
from tamarisk.calibration.target import Target, deviation
from tamarisk.errors import DataError, SimulationError
from tamarisk.model.parameters import MODEL_FOLDER, read_parameters
from tamarisk.simulation.batch import Solver
from tamarisk.tables import CONTENT, Column, read_table

Vector = np.ndarray[Any, np.dtype[np.float64]]
Map = Callable[[Callable[[Vector], Vector], Iterable[Vector]], Iterable[Vector]]

_STEP = 0.02  # of a natural logarithm, for difference quotients: far above the integrator's error
_MOST = 4.0  # tolerances: no observation pulls harder than about twice this
_PRIORS = (
    Column("context"),
    Column("parameter"),
    Column("median", number=True, minimum=0.0),
    Column("log_sd", number=True, minimum=0.0),
    Column("lowerBound", number=True, minimum=0.0),
    Column("upperBound", number=True, minimum=0.0),
)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A number to be fitted, with a log-normal prior between bounds.

    Attributes:
        context: the context whose difference it is; empty for a parameter of the model.
        parameter: its name.
        median: the prior's median, in the parameter's unit.
        log_sd: the prior's standard deviation on the natural logarithm.
        lower: least value allowed.
        upper: greatest value allowed.
    """

    context: str
    parameter: str
    median: float
    log_sd: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a fit ended.

    Attributes:
        values: the fitted parameters and the normalisers that follow from them.
        context_values: the fitted differences, by (context, parameter).
        cost_before: half the sum of squares at the start, observations and priors.
        cost: the same at the end.
    """

    values: Mapping[str, float]
    context_values: ContextValues
    cost_before: float
    cost: float


def unknowns(folder: Path = MODEL_FOLDER) -> tuple[Unknown, ...]:
    """Every number that may be fitted: parameters with a prior, and differences of contexts with one.

    Args:
        folder: the model's folder, for its parameter table.

    >>> any(one.parameter == "PTEN_dose" and one.context == "MCF7-TamR" for one in unknowns())
    True
    """
    found = [
        Unknown("", one.id, math.exp(one.prior[0]), one.prior[1], one.lower, one.upper)
        for one in read_parameters(folder / "parameters.tsv")
        if one.prior is not None
    ]
    rows = read_table(CONTENT / "calibration" / "context_priors.tsv", _PRIORS)
    numbers = ("median", "log_sd", "lowerBound", "upperBound")
    return (*found, *(Unknown(row["context"], row["parameter"], *(row.number(name) for name in numbers)) for row in rows))


def fit(
    solver: Solver,
    targets: Sequence[Target],
    free: Sequence[Unknown],
    *,
    start: Mapping[tuple[str, str], float],
    rounds: int = 10,
    spread: Map = map,
) -> Fit:
    """The parameters that agree best with observations and priors together (maximum a posteriori).

    Deviations are counted in tolerances and flattened beyond about four: one wrong observation cannot bend the rest.

    Args:
        solver: the compiled model.
        targets: observations, none of them held out.
        free: what may change.
        start: where to begin, by (context, parameter); the prior's median where it says nothing.
        rounds: how often the derivatives are taken anew.
        spread: maps a function over points; a process pool's `map` uses every core.

    Returns:
        The best parameters found.

    Raises:
        DataError: an observation is held out.
        SimulationError: the model cannot be run where the fit begins.
    """
    _refuse_held_out(targets)
    _, low, high = _bounds(free)
    first = np.clip([math.log(start.get((one.context, one.parameter), one.median)) for one in free], low, high)
    problem = partial(residuals, solver, targets, free)
    before = problem(first)
    if not np.isfinite(before).all():
        raise SimulationError("the model cannot be run where the fit begins", hint="begin nearer to the shipped parameters")
    slopes = partial(_slopes, problem, high, spread)
    best = least_squares(problem, first, jac=slopes, bounds=(low, high), x_scale=[one.log_sd for one in free], max_nfev=rounds)
    changes, context_values = _split(free, best.x)
    return Fit(normalised(solver, changes, tolerance=1e-6), context_values, float(before @ before) / 2, float(best.cost))


def residuals(solver: Solver, targets: Sequence[Target], free: Sequence[Unknown], point: Vector) -> Vector:
    """Deviations of observations and of priors at one point, in tolerances; infinite where the model cannot be run.

    Args:
        solver: the compiled model.
        targets: the observations.
        free: what each coordinate stands for.
        point: natural logarithms of the values, shape `(unknown,)`.

    Returns:
        Shape `(target + unknown,)`.
    """
    changes, context_values = _split(free, point)
    prior = (point - _bounds(free)[0]) / np.array([one.log_sd for one in free])
    try:
        predictor = Predictor(solver, changes=normalised(solver, changes), context_values=context_values)
        seen = np.array([deviation(one, predictor.predict(one, search=False)) for one in targets])
    except (SimulationError, ArithmeticError, ValueError):
        return np.full(len(targets) + len(free), np.inf)
    return np.concatenate([_MOST * np.arctan(seen / _MOST), prior])


def _refuse_held_out(targets: Sequence[Target]) -> None:
    held_out = [one.id for one in targets if one.held_out]
    if held_out:
        raise DataError(f"{', '.join(held_out)} held out from every fit", where="targets", hint="fit the others")


def _slopes(problem: Callable[[Vector], Vector], high: Vector, spread: Map, point: Vector) -> Vector:
    """Difference quotients along every coordinate; a step that cannot be run counts as flat."""
    steps = np.where(point + _STEP < high, _STEP, -_STEP)
    here = problem(point)
    moved = spread(problem, list(point + np.diag(steps)))
    pairs = zip(moved, steps, strict=True)
    return np.stack([(there - here) / step if np.isfinite(there).all() else np.zeros_like(here) for there, step in pairs], axis=1)


def _bounds(free: Sequence[Unknown]) -> tuple[Vector, Vector, Vector]:
    median, low, high = (np.log([getattr(one, name) for one in free]) for name in ("median", "lower", "upper"))
    return median, low, high


def _split(free: Sequence[Unknown], point: Vector) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """A point as changes of the model's constants and of contexts' differences."""
    values = np.exp(point).tolist()
    named = list(zip(free, values, strict=True))
    own = {one.parameter: value for one, value in named if not one.context}
    return own, {(one.context, one.parameter): value for one, value in named if one.context}
