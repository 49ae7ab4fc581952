"""Months of exposure: the slow module carries cells to another state. It knows weeks, not what is asked of the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tamarisk.errors import ProtocolError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import Context, Difference, read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import Protocol, protocol
from tamarisk.model.readout import chosen
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.run import ADAPTED, Experiment, duration_h, observe, require_finished
from tamarisk.units import hours

_FOLLOWED = (
    "division_rate",
    "apoptosis",
    "doublings",
    "ER_activity",
    "ERa_total",
    "HER2",
    "EGFR",
    "PTEN",
    "pAKT_S473",
    "pS6K",
    "pERK",
    *ADAPTED,
)
_STEPS_PER_WEEK = 2


@dataclass(frozen=True, slots=True)
class Evolution:
    """What months of exposure made of a line.

    Attributes:
        context: the cells at the end, as a context of their own.
        days: when they were looked at.
        values: what was read, by readout.
        units: the unit of each readout.
    """

    context: Context
    days: tuple[float, ...]
    values: dict[str, tuple[float, ...]]
    units: dict[str, str] = field(default_factory=dict)


def evolve(context: str | Context, protocol: Protocol, *, until: str = "6mo", model: Model | None = None) -> Evolution:
    """Keep cells under a drug for months and see what becomes of them.

    Args:
        context: whose cells: a name, `name + edit`, a table file, or a context.
        protocol: what they are exposed to.
        until: how long, with unit.
        model: another model than the shipped one.

    Returns:
        The course twice a week, and the cells at the end as a context that every other verb takes.

    Raises:
        UnknownNameError: a context that nobody has heard of.
        UnitError: `until` has no unit or a wrong one.
        ProtocolError: less than a week, or longer than any culture is kept.
        SimulationError: the run failed.

    >>> from tamarisk.model.protocol import protocol
    >>> evolve("MCF-7", protocol("4OHT=1uM"), until="2mo").context.name
    'MCF-7 after 61 d in 4OHT 1000 nM'
    """
    if hours(until, where="until") < 168:
        raise ProtocolError(f"{until} is less than a week", where="until", hint="cells evolve over weeks; simulate does days")
    span_h = duration_h(until)
    cells = read_context(context) if isinstance(context, str) else context
    return _exposed(Solver(model or read_model()), Experiment(cells, protocol), span_h)


def exposed(solver: Solver, cells: Context, *doses: str, span_h: float, changes: Mapping[str, float]) -> Evolution:
    """The same on a compiled model, with changed constants.

    Raises:
        SimulationError: the run failed.
    """
    return _exposed(solver, Experiment(cells, protocol(*doses), changes), span_h)


def _exposed(solver: Solver, experiment: Experiment, span_h: float) -> Evolution:
    times_h = np.linspace(0.0, span_h, max(2, round(span_h / 168 * _STEPS_PER_WEEK)) + 1)
    readouts = chosen(_FOLLOWED)
    values, outcomes = observe(solver, [experiment], times_h=times_h, readouts=readouts)
    require_finished(outcomes[0], experiment)
    course = {one.name: tuple(values[0, :, number].tolist()) for number, one in enumerate(readouts)}
    label = f"{experiment.context.name} after {span_h / 24:.0f} d in {experiment.protocol.label()}"
    more = tuple(Difference(name, "is", max(course[name][-1], 0.0), "derived", f"computed: {label}") for name in ADAPTED)
    kept = tuple(one for one in experiment.context.differences if one.parameter not in ADAPTED)
    evolved = replace(experiment.context, name=label, differences=(*kept, *more), meaning="evolved in the laboratory")
    return Evolution(evolved, _days(times_h), course, {one.name: one.unit for one in readouts})


def _days(times_h: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, ...]:
    return tuple((times_h / 24).tolist())
