"""Experiments on virtual cells: context and protocol in, readouts over time out. It knows cells and drugs, not integrators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tamarisk.errors import ProtocolError, SimulationError
from tamarisk.model.antimony import read_model
from tamarisk.model.cohort import Cohort, cohort, read_therapy
from tamarisk.model.context import Context, constants, read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import Protocol, change_times, conditions, with_doses
from tamarisk.model.readout import DEFAULT, Readout, chosen
from tamarisk.model.substance import medium
from tamarisk.simulation.batch import Member, Period, Progress, Solver
from tamarisk.simulation.members import Kind, Members, at_once, observed, of_run, solver_of
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.stream import OnDisk, stream
from tamarisk.units import hours

if TYPE_CHECKING:
    import xarray as xr

Array = np.ndarray[Any, np.dtype[np.float64]]

_LONGEST = "24mo"
SEEDED = {"cells": 1.0, "dead_cells": 0.0}
HELD = {"adaptation": 0.0}
ADAPTED = ("RTK_adapted", "AKT_adapted", "ESR1_silenced")


@dataclass(frozen=True, slots=True)
class Experiment:
    """One culture: whose cells, and what is done to them.

    Attributes:
        context: the cells.
        protocol: the plan.
        changes: changes against the model's constants (a knocked-out arrow, another parameter vector).
    """

    context: Context
    protocol: Protocol = field(default_factory=Protocol)
    changes: Mapping[str, float] = field(default_factory=dict)


def simulate(
    context: str | Context | Sequence[str | Context] | Cohort,
    protocol: Protocol | None = None,
    *,
    until: str = "144h",
    readouts: Sequence[str] = DEFAULT,
    model: Model | None = None,
    points: int = 61,
    into: OnDisk | None = None,
) -> xr.Dataset:
    """What the cells do over time.

    Args:
        context: whose cells: a name, `name + edit`, a table file, a context; several of these, or a cohort.
        protocol: what is done to them; nothing if left out. A cohort's own therapies come on top.
        until: how long, with unit.
        readouts: what is read, by name; `all` reads everything, `integral of NAME` is the area under its curve, `peaks of NAME`
            are its largest and smallest value and when, one number per run.
        model: another model than the shipped one.
        points: output times, evenly spaced from 0.
        into: where on disk a cohort goes, chunk by chunk; one that stopped there goes on.

    Returns:
        One variable per readout over `time` (h), its unit in `attrs`; of a cohort over `member` and `time`, with `outcome`.

    Raises:
        UnknownNameError: a context or readout that nobody has heard of.
        UnitError: `until` has no unit or a wrong one.
        ProtocolError: `until` is zero, or longer than any culture is kept; doses overlap; an area has no meaning.
        ModelError: the model lacks something that is needed.
        SimulationError: a single culture failed.
        DataError: `into` holds something else, or needs zarr.

    References: the model's reactions carry theirs; see `tamarisk export --sbml`.

    >>> simulate("MCF-7", until="24h", readouts=["pERK"])["pERK"].attrs["unit"]
    'relative'
    """
    wanted, times_h, used, plan = chosen(readouts), _times(until, points), model or read_model(), protocol or Protocol()
    return _course(used, context, plan, times_h, wanted, into)


def duration_h(text: str) -> float:
    """How long an experiment lasts, in hours.

    Raises:
        UnitError: no unit or a wrong one.
        ProtocolError: it lasts no time at all, or longer than any culture is kept.

    >>> duration_h("6d")
    144.0
    """
    span_h = hours(text, where="until")
    if span_h <= 0:
        raise ProtocolError("the experiment has no duration", where="until", hint="give a time such as 144h")
    if span_h > hours(_LONGEST):
        raise ProtocolError(f"{text} is longer than any culture is kept", where="until", hint=f"give at most {_LONGEST}")
    return span_h


def require_finished(outcome: Outcome, culture: Experiment) -> None:
    """Nothing if a culture's run finished.

    Raises:
        SimulationError: it did not; the sentence says how it ended and whose run it was.
    """
    if outcome is not Outcome.FINISHED:
        label = f"{culture.context.name}, {culture.protocol.label()}"
        raise SimulationError(outcome.value, where=label, hint="a smaller change of the cells may run")


def observe(
    solver: Solver,
    experiments: Sequence[Experiment],
    *,
    times_h: Sequence[float] | Array,
    readouts: Sequence[Readout],
    progress: Progress | None = None,
) -> tuple[Array, tuple[Outcome, ...]]:
    """Many experiments at once, as plain arrays.

    Args:
        solver: the model, compiled for these readouts.
        experiments: what is run.
        times_h: increasing times in hours, from 0.
        readouts: what is read.
        progress: called with (done, all) after each experiment.

    Returns:
        Values of shape `(experiment, time, readout)`, NaN where a run failed, and how each run ended.

    >>> from tamarisk.model.readout import chosen
    >>> observe(Solver(read_model()), [Experiment(read_context("T47D"))], times_h=[0.0], readouts=chosen(["HER2"]))[0].shape
    (1, 1, 1)
    """
    members = [as_member(one) for one in experiments]
    return observed(solver, members, times_h=times_h, readouts=readouts, progress=progress)


def as_member(experiment: Experiment) -> Member:
    """An experiment as the integrator sees it: constants, settling, rests and periods.

    Cells settle to a steady state in the medium they grew in while the slow module is held; counting starts at time 0.

    >>> as_member(Experiment(read_context("MCF-7"))).restart["cells"]
    1.0
    """
    plan, own = experiment.protocol, medium(experiment.context.medium)
    grown_in = plan.grown_in or plan.medium or own
    values = constants(experiment.context)
    adapted = {name: values.pop(name) for name in ADAPTED if name in values}
    return Member(
        constants={**values, **experiment.changes},
        settle={**grown_in.constants, **HELD},
        rest=tuple((span_h, {**rested_in.constants, **HELD}) for span_h, rested_in in plan.rest),
        periods=tuple(Period(time, conditions(plan, time, kept_in=own)) for time in change_times(plan)),
        restart={**SEEDED, **adapted},
    )


def cohort_members(table: Cohort, protocol: Protocol) -> Members:
    """A cohort as the integrator sees it; what is done to all of them comes before what each gets besides.

    Raises:
        ProtocolError: a member's own dose overlaps with one that all get.

    >>> len(cohort_members(cohort(["MCF-7", "T47D"]), Protocol()))
    2
    """
    if protocol.doses:
        for text in table.therapies:
            with_doses(protocol, *read_therapy(text))
    pairs, kind = np.unique(table.cells * len(table.therapies) + table.given, return_inverse=True)
    return Members(_Kinds(table, protocol, pairs), kind, table.constants, table.names)


@dataclass(frozen=True)
class _Kinds(Sequence[Kind]):
    """The pairs of cells and therapy that occur in a cohort, each made when it is asked for."""

    table: Cohort
    protocol: Protocol
    pairs: np.ndarray[Any, np.dtype[np.int64]]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, number: Any) -> Any:
        cells, given = divmod(int(self.pairs[number]), len(self.table.therapies))
        plan = with_doses(self.protocol, *read_therapy(self.table.therapies[given]))
        culture = Experiment(self.table.contexts[cells], plan)
        return Kind(as_member(culture), _said(culture))


def _times(until: str, points: int) -> Array:
    if points < 2:
        raise ProtocolError(f"{points} output times show no course", where="points", hint="give at least 2")
    return np.linspace(0.0, duration_h(until), points)


def _said(culture: Experiment) -> dict[str, str]:
    """Whose cells got what in which medium."""
    return {
        "context": culture.context.name,
        "medium": (culture.protocol.medium or medium(culture.context.medium)).name,
        "protocol": culture.protocol.label(),
    }


def _course(
    model: Model,
    context: str | Context | Sequence[str | Context] | Cohort,
    plan: Protocol,
    times_h: Array,
    readouts: Sequence[Readout],
    into: OnDisk | None,
) -> xr.Dataset:
    """One culture, or many of which each may fail; one that goes to disk is a cohort of one."""
    if into is None and isinstance(context, (str, Context)):
        return _alone(model, context, plan, times_h, readouts)
    members = cohort_members(context if isinstance(context, Cohort) else cohort(context), plan)
    if into is None:
        return at_once(model, members, times_h=times_h, readouts=readouts)
    return stream(model, members, into, times_h=times_h, readouts=readouts)


def _alone(model: Model, context: str | Context, plan: Protocol, times_h: Array, readouts: Sequence[Readout]) -> xr.Dataset:
    """A single culture, which is an error if it fails."""
    import xarray as xr

    culture = Experiment(read_context(context) if isinstance(context, str) else context, plan)
    values, outcomes = observe(solver_of(model, readouts), [culture], times_h=times_h, readouts=readouts)
    require_finished(outcomes[0], culture)
    tables = (of_run(readout, values[:, :, number]) for number, readout in enumerate(readouts))
    variables = {
        readout.name: (dimensions[1:], numbers[0], {"unit": readout.unit, "meaning": readout.meaning})
        for readout, (dimensions, numbers) in zip(readouts, tables, strict=True)
    }
    return xr.Dataset(variables, coords={"time": ("time", times_h, {"unit": "h"})}, attrs=_said(culture))
