"""A bench for questions: cells and doses in, doublings and readouts out, nothing run twice. It knows no question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tamarisk.errors import SimulationError
from tamarisk.model.antimony import read_model
from tamarisk.model.arrow import removal
from tamarisk.model.context import Context, read_context
from tamarisk.model.protocol import Protocol, protocol
from tamarisk.model.readout import Readout, readouts
from tamarisk.model.regulon import Regulon
from tamarisk.simulation.batch import Member, Solver
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, as_member
from tamarisk.simulation.transcriptome import transcriptomes

Array = np.ndarray[Any, np.dtype[np.float64]]

SIX_DAYS_H = 144.0


class Laboratory:
    """One model, perhaps with arrows taken out, and every result so far.

    Args:
        solver: the compiled model; the shipped one if left out.
        without: arrows to take out, by name.

    Raises:
        UnknownNameError: an arrow is unknown.

    >>> laboratory = Laboratory()
    >>> laboratory.doublings("MCF-7", "fulvestrant=100nM") < laboratory.doublings("MCF-7")
    True
    """

    def __init__(self, solver: Solver | None = None, *, without: Sequence[str] = ()) -> None:
        self.solver = solver or Solver(read_model())
        self.changes = {name: value for arrow in without for name, value in removal(self.solver.model, arrow).items()}
        self._quantities = tuple(dict.fromkeys(readout.quantity for readout in readouts().values()))
        self._known: dict[tuple[object, ...], Array] = {}

    def doublings(self, cells: str | Context, *doses: str, medium: str | None = None, span_h: float = SIX_DAYS_H) -> float:
        """How often a culture doubles.

        Args:
            cells: whose cells.
            doses: what is added, as NAME=DOSEunit.
            medium: what they are in; the one they are kept in if left out.
            span_h: how long, in hours.

        Raises:
            SimulationError: the run failed.
        """
        return float(self.read(cells, *doses, medium=medium, span_h=span_h, readout="doublings"))

    def read(
        self, cells: str | Context, *doses: str, readout: str, medium: str | None = None, span_h: float = SIX_DAYS_H
    ) -> float:
        """One readout at the end of one culture; at the start if `span_h` is 0.

        Raises:
            SimulationError: the run failed.
        """
        plan = protocol(*doses, medium_name=medium)
        times = (0.0,) if span_h == 0 else (0.0, span_h)
        return float(self.course(cells, plan, times_h=times, readout=readout)[-1])

    def course(self, cells: str | Context, plan: Protocol, *, times_h: Sequence[float], readout: str) -> Array:
        """One readout over time.

        Raises:
            SimulationError: the run failed.
        """
        context = read_context(cells) if isinstance(cells, str) else cells
        member = as_member(Experiment(context, plan, self.changes))
        table = self._run(member, tuple(times_h), f"{context.name}, {plan.label()}")
        return _transformed(table[:, self._quantities.index(readouts()[readout].quantity)], readouts()[readout])

    def genes(self, cells: str | Context, *doses: str, span_h: float, regulon: Regulon) -> Array:
        """log2 fold of every gene against untreated MCF-7 at the end of one culture, shape `(gene,)`.

        Raises:
            SimulationError: the run failed.
        """
        context = read_context(cells) if isinstance(cells, str) else cells
        experiment = Experiment(context, protocol(*doses), self.changes)
        folds, outcomes = transcriptomes(self.solver, [experiment], times_h=[0.0, span_h], regulon=regulon)
        _refuse_failure(outcomes[0], context.name)
        return np.asarray(folds[0, -1])

    def _run(self, member: Member, times_h: tuple[float, ...], label: str) -> Array:
        key = (*_flat(member), times_h)
        if key not in self._known:
            solution = self.solver.solve([member], times_h=times_h, quantities=self._quantities)
            _refuse_failure(solution.outcomes[0], label)
            self._known[key] = solution.values[0]
        return self._known[key]


def _flat(member: Member) -> tuple[object, ...]:
    periods = tuple((period.start_h, _items(period.constants)) for period in member.periods)
    rest = tuple((span_h, _items(changes)) for span_h, changes in member.rest)
    return (_items(member.constants), _items(member.settle), _items(member.restart), rest, periods)


def _items(values: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(values.items()))


def _transformed(values: Array, readout: Readout) -> Array:
    return np.log2(values) if readout.transform == "log2" else values


def _refuse_failure(outcome: Outcome, label: str) -> None:
    if outcome is not Outcome.FINISHED:
        raise SimulationError(outcome.value, where=label, hint="a smaller change of the cells may run")
