"""Dose-response of one drug, or the surface of two. It knows the question, not how cells are computed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tamarisk.errors import DataError, ProtocolError, SimulationError
from tamarisk.measurement.dose_response import Curve, dose_reaching, dose_response_curve
from tamarisk.measurement.estimate import Estimate
from tamarisk.measurement.growth import area_over_curve, growth_inhibition_of_doublings
from tamarisk.model.antimony import read_model
from tamarisk.model.context import Context, read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import Protocol, protocol
from tamarisk.model.readout import chosen
from tamarisk.model.substance import Substance, substance
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, duration_h, observe
from tamarisk.study.bench import dose_axis, nM
from tamarisk.study.figure import Axis, Line, Lines, Panel, Surface
from tamarisk.units import concentration_nM

Array = np.ndarray[Any, np.dtype[np.float64]]

_BELOW, _ABOVE = 1000.0, 10.0
_HALF = 0.5
_MOST_POINTS = 100
_END = r"\s*([+-]?[\d.]+(?:e[+-]?\d+)?\s*[^\W\d_]*)\s*"
_SPAN = re.compile(f"{_END}-{_END}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Range:
    """A substance over a range of doses (nM, rising, zero left out)."""

    entry: Substance
    doses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a screen gave.

    Attributes:
        context: whose cells.
        medium: what they were in.
        span_h: how long.
        drugs: one or two drug names.
        doses: doses of each drug in nM, zero first.
        doublings: shape `(dose,)` or `(dose of the first, dose of the second)`.
        relative: cell number against untreated, same shape.
        GR: growth inhibition, same shape.
        interaction: doublings beyond the sum of both drugs, same shape; empty for one drug.
        numbers: IC50, GR50, area over the curve and plateau, by name.
        panels: what can be drawn.
    """

    context: str
    medium: str
    span_h: float
    drugs: tuple[str, ...]
    doses: tuple[tuple[float, ...], ...]
    doublings: Array
    relative: Array
    GR: Array
    interaction: Array
    numbers: dict[str, Estimate]
    panels: tuple[Panel, ...]


def screen(
    context: str | Context,
    drugs: Sequence[str],
    *,
    until: str = "144h",
    points: int = 9,
    around: Protocol | None = None,
    model: Model | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Screen:
    """Growth over the doses of one drug, or over the grid of two.

    Args:
        context: whose cells: a name, `name + edit`, a table file, or a context.
        drugs: one or two, as NAME (a range around its usual dose) or NAME=LOW-HIGH with units.
        until: how long, with unit.
        points: doses per drug, zero not counted.
        around: medium and further doses that all cultures get.
        model: another model than the shipped one.
        progress: called with (cultures done, cultures in all).

    Returns:
        Doublings, cell number, GR and interaction over the doses, with the curve's numbers.

    Raises:
        UnknownNameError: a context or drug that nobody has heard of.
        UnitError: a dose or time has no unit or a wrong one.
        ProtocolError: not one or two drugs, a range that does not rise, fewer than five points or more than a hundred.
        SimulationError: a culture failed.

    References: [@HAFNER2016].

    >>> screen("MCF-7", ["fulvestrant=0.01nM-100nM"], points=7).relative.shape
    (8,)
    """
    cells = read_context(context) if isinstance(context, str) else context
    design = _Design(cells, around or Protocol(), _ranges(drugs, points), duration_h(until))
    return _screen(design, _grown(Solver(model or read_model()), design, progress))


@dataclass(frozen=True, slots=True)
class _Design:
    """Whose cells, what all cultures get, which doses, how long."""

    cells: Context
    around: Protocol
    ranges: tuple[Range, ...]
    span_h: float

    @property
    def axes(self) -> tuple[tuple[float, ...], ...]:
        """Doses of each drug in nM, zero first."""
        return tuple((0.0, *one.doses) for one in self.ranges)


def _ranges(drugs: Sequence[str], points: int) -> tuple[Range, ...]:
    if len(drugs) not in {1, 2}:
        raise ProtocolError(f"{len(drugs)} drugs were given", where="drugs", hint="screen one drug, or two for a surface")
    if points < 5:
        raise ProtocolError(f"{points} doses make no curve", where="points", hint="ask for at least five")
    if points > _MOST_POINTS:
        raise ProtocolError(f"{points} doses are more than a curve needs", where="points", hint=f"ask for at most {_MOST_POINTS}")
    ranges = tuple(dose_range(text, points=points) for text in drugs)
    if len({one.entry.constant for one in ranges}) < len(ranges):
        raise ProtocolError(f"{ranges[0].entry.name} was given twice", where="drugs", hint="name two different drugs")
    return ranges


def dose_range(text: str, *, points: int) -> Range:
    """A drug and its doses from NAME or NAME=LOW-HIGH.

    Raises:
        UnknownNameError: nobody has heard of the drug.
        UnitError: an end has no unit or a wrong one.
        ProtocolError: the range has another form or does not rise, or the substance has no concentration.

    >>> dose_range("rapamycin=1nM-100nM", points=3).doses
    (1.0, 10.0, 100.0)
    """
    name, equals, span = text.partition("=")
    entry = substance(name.strip())
    if entry.kind == "nutrient":
        raise ProtocolError(f"{entry.name} is a nutrient and has no concentration", hint="screen a drug, hormone or ligand")
    if not equals:
        usual = concentration_nM(entry.dose, where=entry.name)
        return Range(entry, dose_axis(usual / _BELOW, usual * _ABOVE, points))
    ends = _SPAN.fullmatch(span)
    if ends is None:
        raise ProtocolError(f"'{span}' is no range", where=entry.name, hint="write LOW-HIGH, as 1nM-10uM")
    lowest, highest = (concentration_nM(end, where=f"range of {entry.name}") for end in ends.groups())
    if not 0 < lowest < highest:
        raise ProtocolError(
            f"the range {span} does not rise from above zero", where=entry.name, hint="write the lower dose first"
        )
    return Range(entry, dose_axis(lowest, highest, points))


def _grown(solver: Solver, design: _Design, progress: Callable[[int, int], None] | None) -> Array:
    """Doublings over every combination of doses, zero included."""
    plans = [_plan(design, combination) for combination in _combinations(design.axes)]
    cultures = [Experiment(design.cells, plan) for plan in plans]
    wanted = chosen(["doublings"])
    values, outcomes = observe(solver, cultures, times_h=[0.0, design.span_h], readouts=wanted, progress=progress)
    failed = [outcome for outcome in outcomes if outcome is not Outcome.FINISHED]
    if failed:
        raise SimulationError(f"{len(failed)} of {len(cultures)} cultures failed: {failed[0].value}", where=design.cells.name)
    return np.asarray(values[:, -1, 0].reshape([len(axis) for axis in design.axes]))


def _combinations(axes: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    return [
        tuple(float(dose) for dose in row) for row in np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    ]


def _plan(design: _Design, doses: Sequence[float]) -> Protocol:
    named = [nM(one.entry.name, dose) for one, dose in zip(design.ranges, doses, strict=True)]
    added = protocol(*design.around.doses, *named)
    return replace(design.around, doses=added.doses)


def _screen(design: _Design, doublings: Array) -> Screen:
    untreated = float(doublings.flat[0])
    relative = 2.0 ** (doublings - untreated)
    rates = growth_inhibition_of_doublings(doublings, np.full(doublings.shape, untreated))
    numbers: dict[str, Estimate] = {}
    for axis, one in enumerate(design.ranges):
        alone = (slice(1, None), 0) if axis == 0 else (0, slice(1, None))
        own = alone if doublings.ndim == 2 else (slice(1, None),)
        numbers |= _curve_numbers(one, relative[own], rates[own])
    beyond = _beyond_sum(doublings) if doublings.ndim == 2 else np.zeros(0)
    names = tuple(one.entry.name for one in design.ranges)
    cells, medium = design.cells.name, design.around.medium.name if design.around.medium else design.cells.medium
    panels = _panels(cells, names, design.axes, relative, beyond)
    return Screen(cells, medium, design.span_h, names, design.axes, doublings, relative, rates, beyond, numbers, panels)


def _curve_numbers(one: Range, relative: Array, rates: Array) -> dict[str, Estimate]:
    name = one.entry.name
    found = {
        f"GR at the highest dose of {name}": _plain(float(rates[-1])),
        f"GR area over the curve of {name}": _plain(float(area_over_curve(rates, one.doses))),
    }
    for label, values in (("IC50", relative), ("GR50", rates)):
        try:
            curve: Curve = dose_response_curve(one.doses, values, untreated=1.0)
        except DataError:
            continue
        found[f"{label} of {name}"] = dose_reaching(curve, _HALF)
    return found


def _plain(value: float) -> Estimate:
    return Estimate(value, float("nan"), float("nan"), 0.95, 1, "", "one noise-free virtual culture")


def _beyond_sum(doublings: Array) -> Array:
    return np.asarray(doublings - doublings[:, :1] - doublings[:1, :] + doublings[0, 0])


def _panels(
    cells: str, names: tuple[str, ...], grid: Sequence[tuple[float, ...]], relative: Array, beyond: Array
) -> tuple[Panel, ...]:
    if len(names) == 1:
        axis = Axis(f"{names[0]} (nM)", log=True)
        line = Line(names[0], grid[0][1:], tuple(relative[1:].tolist()))
        return (Lines(f"{cells}: {names[0]}", axis, Axis("cell number against untreated"), (line,), level=1.0),)
    x, y = (Axis(f"{name} (nM)", log=True) for name in names)
    surfaces = (("cell number against untreated", relative, None), ("doublings beyond the sum (below 0: synergy)", beyond, 0.0))
    return tuple(
        Surface(f"{cells}: {' and '.join(names)}", x, y, label, grid[0][1:], grid[1][1:], _rows(values[1:, 1:].T), centre=centre)
        for label, values, centre in surfaces
    )


def _rows(values: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.tolist())
