"""Gene expression from transcription-factor activities. It knows the regulon and the model's factors, not arrays or noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tamarisk.model.antimony import read_model
from tamarisk.model.context import REFERENCE, Context, read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import Protocol
from tamarisk.model.regulon import Regulon, read_regulon
from tamarisk.names import resolve
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, as_member, duration_h, require_finished

if TYPE_CHECKING:
    import xarray as xr

Array = np.ndarray[Any, np.dtype[np.float64]]


def express(
    context: str | Context,
    protocol: Protocol | None = None,
    *,
    until: str = "24h",
    genes: Sequence[str] | None = None,
    regulon: Regulon | None = None,
    model: Model | None = None,
) -> xr.Dataset:
    """What the genes do over time.

    Args:
        context: whose cells: a name, `name + edit`, a table file, or a context.
        protocol: what is done to them; nothing if left out.
        until: how long, with unit.
        genes: which genes; every gene of the regulon if left out.
        regulon: another regulon than the shipped one.
        model: another model than the shipped one.

    Returns:
        `log2_fold` over `time` (h, 25 points) and `gene`, against untreated MCF-7 in 1 nM E2.

    Raises:
        UnknownNameError: a context or gene that nobody has heard of.
        UnitError: `until` has no unit or a wrong one.
        ProtocolError: `until` is zero.
        SimulationError: the run failed.

    >>> from tamarisk.model.protocol import protocol
    >>> fold = express("MCF-7", protocol("fulvestrant=100nM"), genes=["GREB1"])["log2_fold"]
    >>> bool(fold.isel(time=-1) < -1)
    True
    """
    table = regulon or read_regulon()
    wanted = [resolve(gene, table.genes, kind="gene") for gene in genes] if genes else list(table.genes)
    culture = Experiment(read_context(context) if isinstance(context, str) else context, protocol or Protocol())
    times_h = np.linspace(0.0, duration_h(until), 25)
    folds, outcomes = transcriptomes(Solver(model or read_model()), [culture], times_h=times_h, regulon=table)
    require_finished(outcomes[0], culture)
    return _dataset(culture, times_h, folds[0], table, wanted)


def _dataset(culture: Experiment, times_h: Array, folds: Array, regulon: Regulon, genes: Sequence[str]) -> xr.Dataset:
    import xarray as xr

    columns = [regulon.genes.index(gene) for gene in genes]
    described = {"unit": "log2 fold", "meaning": "against untreated MCF-7 in 1 nM E2"}
    return xr.Dataset(
        {"log2_fold": (("time", "gene"), folds[:, columns], described)},
        coords={"time": ("time", times_h, {"unit": "h"}), "gene": list(genes)},
        attrs={"context": culture.context.name, "protocol": culture.protocol.label(), "left_out": regulon.left_out},
    )


def transcriptomes(
    solver: Solver, experiments: Sequence[Experiment], *, times_h: Sequence[float] | Array, regulon: Regulon
) -> tuple[Array, tuple[Outcome, ...]]:
    """Gene expression of many experiments, as plain arrays.

    Args:
        solver: the compiled model.
        experiments: what is run.
        times_h: increasing times in hours, from 0.
        regulon: which gene answers to which factor.

    Returns:
        log2 fold against untreated MCF-7, shape `(experiment, time, gene)`, and how each run ended.

    >>> solver = Solver(read_model())
    >>> folds, _ = transcriptomes(solver, [Experiment(read_context("MCF-7"))], times_h=[0.0], regulon=read_regulon())
    >>> bool(abs(folds).max() < 1e-6)
    True
    """
    quantities = [factor.quantity for factor in regulon.factors]
    untreated = as_member(Experiment(read_context(REFERENCE)))
    reference = solver.solve([untreated], times_h=[0.0], quantities=quantities).values[0, 0]
    solution = solver.solve([as_member(one) for one in experiments], times_h=list(times_h), quantities=quantities)
    return regulon.log2_fold(solution.values / reference), solution.outcomes
