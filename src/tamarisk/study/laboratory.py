"""A bench for questions: cells and doses in, doublings and readouts out, nothing run twice. It knows no question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tamarisk.model.antimony import read_model
from tamarisk.model.arrow import removal
from tamarisk.model.context import Context, read_context
from tamarisk.model.protocol import Protocol, protocol
from tamarisk.model.readout import Readout, readouts
from tamarisk.model.regulon import Regulon
from tamarisk.simulation.batch import Member, Solver
from tamarisk.simulation.run import Experiment, as_member, require_finished
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

    def growth(self, cells: str | Context, *doses: str, beside: Sequence[str] = ()) -> float:
        """Cell number after six days against the same cells without the doses.

        Args:
            cells: whose cells.
            doses: what is added, as NAME=DOSEunit.
            beside: what both cultures get.

        Raises:
            SimulationError: a run failed.
        """
        return float(2 ** (self.doublings(cells, *beside, *doses) - self.doublings(cells, *beside)))

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
        table = self._run(Experiment(context, plan, self.changes), tuple(times_h))
        return _transformed(table[:, self._quantities.index(readouts()[readout].quantity)], readouts()[readout])

    def genes(self, cells: str | Context, *doses: str, span_h: float, regulon: Regulon) -> Array:
        """log2 fold of every gene against untreated MCF-7 at the end of one culture, shape `(gene,)`.

        Raises:
            SimulationError: the run failed.
        """
        context = read_context(cells) if isinstance(cells, str) else cells
        experiment = Experiment(context, protocol(*doses), self.changes)
        folds, outcomes = transcriptomes(self.solver, [experiment], times_h=[0.0, span_h], regulon=regulon)
        require_finished(outcomes[0], experiment)
        return np.asarray(folds[0, -1])

    def _run(self, culture: Experiment, times_h: tuple[float, ...]) -> Array:
        member = as_member(culture)
        key = (*_flat(member), times_h)
        if key not in self._known:
            solution = self.solver.solve([member], times_h=times_h, quantities=self._quantities)
            require_finished(solution.outcomes[0], culture)
            self._known[key] = solution.values[0]
            self._known[key].flags.writeable = False  # what is remembered stays as it was read
        return self._known[key]


def _flat(member: Member) -> tuple[object, ...]:
    periods = tuple((period.start_h, _items(period.constants)) for period in member.periods)
    rest = tuple((span_h, _items(changes)) for span_h, changes in member.rest)
    return (_items(member.constants), _items(member.settle), _items(member.restart), rest, periods)


def _items(values: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(values.items()))


def _transformed(values: Array, readout: Readout) -> Array:
    return np.log2(values) if readout.transform == "log2" else values
