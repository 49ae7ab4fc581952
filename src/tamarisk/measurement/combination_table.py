"""Every drug pair of a long table: its scores, and whether the drugs interact. It knows doses and experiments, not files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.combination import DoseMatrix, Scores, bliss, dose_matrix, hsa, loewe
from tamarisk.measurement.estimate import FEWEST_EXPERIMENTS, Array, Estimate, experiment_mean, middle_mean, without_interval
from tamarisk.measurement.measured import Measured, Result
from tamarisk.measurement.pair_table import Pairs
from tamarisk.measurement.surface import Surface, beyond_best, interaction_surface
from tamarisk.measurement.zero_interaction import zero_interaction_potency
from tamarisk.units import rounded

MODELS: dict[str, Callable[[DoseMatrix], Scores]] = {
    "HSA": hsa,
    "Bliss": bliss,
    "Loewe": loewe,
    "ZIP": zero_interaction_potency,
}
POINTS = "% points"  # of the share that is taken away
_FARTHEST_VEHICLE = 0.5  # wells without drug that lack half of themselves were read the wrong way round
_ONE = "no column says which experiment a well belongs to, so each matrix is one experiment and there is no interval"


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """What a dose matrix shows, for a figure.

    Attributes:
        of: cells and drugs.
        drugs: names of both drugs.
        first: doses of the first drug in nM, without zero, shape `(first dose,)`.
        second: doses of the second drug likewise.
        value: interaction in doublings, or Bliss excess in % points, shape `(first dose, second dose)`; NaN where unknown.
        doublings: whether the value is an interaction in doublings, below 0 where the drugs help each other.
    """

    of: str
    drugs: tuple[str, str]
    first: Array
    second: Array
    value: Array
    doublings: bool


@dataclass(frozen=True, slots=True, eq=False)
class Matrices:
    """One drug pair: readings of shape `(experiment, first dose, second dose)`, NaN where there was no well.

    Attributes:
        cells: the line, with its block where there are several.
        drugs: names of both drugs.
        first: doses of the first drug in nM, rising, shape `(first dose,)`.
        second: doses of the second drug likewise.
        experiments: name of each experiment.
        values: the readings.
    """

    cells: str
    drugs: tuple[str, str]
    first: Array
    second: Array
    experiments: tuple[str, ...]
    values: Array

    @property
    def of(self) -> str:
        """Cells and drugs in words."""
        return ", ".join(word for word in (self.cells, " + ".join(self.drugs)) if word)

    def cell(self, first: int, second: int) -> str:
        """A pair of doses in words."""
        doses = (self.first[first], self.second[second])
        words = " + ".join(f"{drug} {rounded(float(dose))} nM" for drug, dose in zip(self.drugs, doses, strict=True))
        return ", ".join(word for word in (self.cells, words) if word)


def combinations_of(pairs: Pairs, *, level: float = 0.95) -> tuple[Measured, tuple[Combined, ...]]:
    """How far every pair of drugs goes beyond HSA, Bliss, Loewe and ZIP, and whether the two interact in doublings.

    Without a column of experiments each block is a matrix of its own; with one, blocks are plates of its experiments.

    Args:
        pairs: the wells.
        level: coverage of the intervals, between 0 and 1; the bounds of a surface hold together.

    Returns:
        Mean excess over the combinations by each model, in percent points of what is taken away; for counts and doublings
        also the interaction at every pair of doses; and what can be drawn.

    Raises:
        DataError: no pair can be scored.

    References: [@BLISS1939; @BERENBAUM1989; @LOEWE1953; @YADAV2015; @HOTHORN2008; @LAZIC2018].

    >>> from tamarisk.measurement.columns import LongTable
    >>> from tamarisk.measurement.measured import Source
    >>> wells = pd.DataFrame({"cells": "", "block": "", "drug1": "4OHT", "drug2": "ICI", "conc1": [0.0, 0.0, 10.0, 10.0],
    ...     "conc2": [0.0, 5.0, 0.0, 5.0], "value": [800.0, 400.0, 400.0, 100.0]})
    >>> found = combinations_of(Pairs(LongTable(wells, Source("", "", 4)), "counts"))[0]
    >>> for one in found.results[1:3]: print(one.of, "|", one.name, "|", one.estimate)
    4OHT + ICI | Bliss excess | 12.5 % points (no interval, n = 1)
    4OHT 10 nM + ICI 5 nM | interaction | -1 doublings (no interval, n = 1)
    """
    parts = [_part(matrices, pairs.kind, level) for matrices in dose_matrices(pairs)]
    results = tuple(one for part, _ in parts for one in part.results)
    refusals = tuple(one for part, _ in parts for one in part.refusals)
    if not results:
        raise DataError("; ".join(map(str, refusals)), hint="there is nothing to compare")
    notes = [] if "experiment" in pairs.table.frame else [_ONE]
    notes += [words for part, _ in parts for words in part.warnings]
    return Measured(results, refusals, tuple(notes)), tuple(drawn for _, drawn in parts if drawn is not None)


def _part(matrices: Matrices, kind: str, level: float) -> tuple[Measured, Combined | None]:
    """What one pair of drugs says."""
    try:
        effects = taken_away(matrices, kind)
    except DataError as fault:
        return Measured((), (Issue(matrices.of, str(fault)),)), None
    scored, tested = _scored(matrices, effects, level), _interactions(matrices, kind, level)
    warnings = tuple(dict.fromkeys(scored.warnings))
    said = Measured((*scored.results, *tested.results), (*scored.refusals, *tested.refusals), warnings)
    return said, drawing(matrices, effects, kind)


def dose_matrices(pairs: Pairs) -> Iterator[Matrices]:
    """The dose matrices of each pair of drugs in each line; wells of one experiment are averaged.

    Of counts and doublings the middle half is, as for growth, so that one lost well moves nothing. Of shares all wells are,
    because SynergyFinder does so: a share is read beside its published scores, and two means of one table make two scores.

    Args:
        pairs: the wells.

    Yields:
        One set of matrices for each pair of drugs and line.

    References: [@ZHENG2022; @HAFNER2016].
    """
    frame, mean_of = pairs.table.frame, "mean" if pairs.kind == "viability" else middle_mean
    named = frame if "experiment" in frame else frame.assign(experiment="1", cells=_with_blocks(frame))
    for (cells, *drugs), held in named.groupby(["cells", "drug1", "drug2"], sort=False):
        first, second = (np.array(sorted(set(held[name])), dtype=np.float64) for name in ("conc1", "conc2"))
        experiments = tuple(held["experiment"].unique().tolist())
        places = pd.MultiIndex.from_product([experiments, first, second])
        mean = held.groupby(["experiment", "conc1", "conc2"])["value"].agg(mean_of).reindex(places)
        values: Array = np.reshape(mean.to_numpy(dtype=np.float64), (len(experiments), len(first), len(second)))
        yield Matrices(str(cells), (str(drugs[0]), str(drugs[1])), first, second, experiments, values)


def _with_blocks(frame: pd.DataFrame) -> list[str]:
    """The cells of each well, with its block where the same drugs and cells stand in several."""
    blocks = frame.groupby(["cells", "drug1", "drug2"])["block"].transform("nunique")
    return [
        ", ".join(word for word in (f"block {block}" if many > 1 else "", cells) if word)
        for block, many, cells in zip(frame["block"], blocks, frame["cells"], strict=True)
    ]


def taken_away(matrices: Matrices, kind: str) -> Array:
    """The share that is taken away in each experiment, after seeing that each has wells without drug that are untouched."""
    for drug, doses in zip(matrices.drugs, (matrices.first, matrices.second), strict=True):
        if doses[0] != 0 or len(doses) < 2:
            what = f"no well {'without' if doses[0] else 'with'} {drug}"
            raise DataError(what, hint="both drugs are needed alone and together, and wells without any")
    if not np.isfinite(matrices.values[:, 1:, 1:]).any():
        raise DataError("no well with both drugs", hint="both drugs are needed alone and together, and wells without any")
    vehicle = matrices.values[:, :1, :1]
    lacking = [name for name, one in zip(matrices.experiments, vehicle.ravel(), strict=True) if not np.isfinite(one)]
    if lacking:
        raise DataError(f"experiment(s) {', '.join(lacking)} have no well without drug", hint="leave them out")
    if kind == "counts" and (vehicle <= 0).any():
        raise DataError("no cells were counted without drug", hint="look at the counts")
    if kind == "counts":
        return 1.0 - matrices.values / vehicle
    if kind == "doublings":
        return 1.0 - np.exp2(matrices.values - vehicle)
    farthest = float(1.0 - vehicle.min())
    if farthest > _FARTHEST_VEHICLE:
        hint = "say the right --response and --scale"
        raise DataError(f"wells without drug already lack a share of {rounded(farthest)}", hint=hint)
    return 1.0 - matrices.values


def _scored(matrices: Matrices, effects: Array, level: float) -> Measured:
    """Mean excess by each model; a model that fails in one experiment is refused in all, so that none is picked."""
    results, refusals, warnings = [], [], []
    for name, model in MODELS.items():
        try:
            excess, caveats = _excess(matrices, effects, model)
        except DataError as fault:
            refusals.append(Issue(f"{matrices.of}: {name}", str(fault)))
            continue
        warnings += [f"{matrices.of}: {caveat}" for caveat in caveats]
        common = np.isfinite(excess).all(axis=0)
        if not common.any():
            refusals.append(Issue(f"{matrices.of}: {name}", "no combination has an expectation in every experiment"))
            continue
        if not common.all():
            warnings.append(f"{matrices.of}: {name} excess is the mean of {common.sum()} of {common.size} combinations")
        means = 100.0 * excess[:, common].mean(axis=1)
        results.append(Result(matrices.of, f"{name} excess", experiment_mean(means, unit=POINTS, level=level)))
    return Measured(tuple(results), tuple(refusals), tuple(warnings))


def _excess(matrices: Matrices, effects: Array, model: Callable[[DoseMatrix], Scores]) -> tuple[Array, list[str]]:
    """The excess at each combination, shape `(experiment, first dose, second dose)` without zero doses, and caveats."""
    excess, caveats = np.full(effects.shape, np.nan), []
    for number, (experiment, effect) in enumerate(zip(matrices.experiments, effects, strict=True)):
        place = f"experiment {experiment}: " if len(effects) > 1 else ""
        known = np.isfinite(effect)
        rows, columns = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
        part = effect[np.ix_(rows, columns)]
        try:
            found = model(dose_matrix(part, first=matrices.first[rows], second=matrices.second[columns]))
        except DataError as fault:
            raise DataError(f"{place}{fault}") from None
        excess[number][np.ix_(rows, columns)] = np.where(np.isfinite(part), found.excess, np.nan)
        caveats += [f"{place}{caveat}" for caveat in found.caveats]
    return excess[:, 1:, 1:], caveats


def _interactions(matrices: Matrices, kind: str, level: float) -> Measured:
    """The interaction at every pair of doses with bounds that hold together; a lone pair has its own paired t interval."""
    if kind == "viability":
        return Measured(())
    try:
        doublings = _log2(matrices) if kind == "counts" else matrices.values
        lacking = [name for name, one in zip(matrices.experiments, doublings, strict=True) if not np.isfinite(one).all()]
        if lacking:
            what = f"experiment(s) {', '.join(lacking)} lack a pair of doses that others have, or that the matrix needs"
            raise DataError(what, hint="leave out these doses or these experiments")
        surface = interaction_surface(doublings, level=level)
    except DataError as fault:
        return Measured((), (Issue(f"{matrices.of}: interaction", str(fault)),))
    if surface.interaction.size == 1:
        return Measured(tuple(_lone(matrices, doublings, surface, level)))
    results = [
        Result(
            matrices.cell(first + 1, second + 1),
            "interaction",
            _bounded(surface, first, second),
            q=float(surface.p[first, second]),
        )
        for first, second in np.ndindex(*surface.interaction.shape)
    ]
    return Measured(tuple(results))


def _log2(matrices: Matrices) -> Array:
    empty = [name for name, one in zip(matrices.experiments, matrices.values, strict=True) if (one <= 0).any()]
    if empty:
        what = f"no cells were counted somewhere in experiment(s) {', '.join(empty)}, so doublings are not defined"
        raise DataError(what, hint="add the detection limit")
    return np.asarray(np.log2(matrices.values), dtype=np.float64)


def _lone(matrices: Matrices, doublings: Array, surface: Surface, level: float) -> list[Result]:
    """One combination, which no one could pick: its own interval, and how far it goes beyond each drug."""
    beyond = beyond_best(doublings[:, 1, 1], doublings[:, 1, 0], doublings[:, 0, 1], level=level)
    of = matrices.cell(1, 1)
    return [
        Result(of, "interaction", surface.at(0, 0)),
        Result(of, f"doublings less {matrices.drugs[0]} alone", beyond.over_first),
        Result(of, f"doublings less {matrices.drugs[1]} alone", beyond.over_second),
    ]


def _bounded(surface: Surface, first: int, second: int) -> Estimate:
    value, n = float(surface.interaction[first, second]), len(surface.per_experiment)
    if n < FEWEST_EXPERIMENTS:
        return without_interval(value, n=n, unit="doublings", level=surface.level)
    low, high = float(surface.low[first, second]), float(surface.high[first, second])
    method = f"largest t of {surface.interaction.size} combinations, df {surface.df}"
    return Estimate(value, low, high, surface.level, n, "doublings", method)


def drawing(matrices: Matrices, effects: Array, kind: str) -> Combined:
    """The mean over experiments of what is drawn."""
    if kind == "viability":
        alone = (1.0 - effects[:, 1:, :1]) * (1.0 - effects[:, :1, 1:])
        own, doublings = 100.0 * (effects[:, 1:, 1:] - 1.0 + alone), False
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log2(matrices.values) if kind == "counts" else matrices.values
            own, doublings = logs[:, 1:, 1:] - logs[:, 1:, :1] - logs[:, :1, 1:] + logs[:, :1, :1], True
    known = np.isfinite(own)
    total = np.where(known, own, 0.0).sum(axis=0)
    value = np.divide(total, known.sum(axis=0), out=np.full(total.shape, math.nan), where=known.any(axis=0))
    return Combined(matrices.of, matrices.drugs, matrices.first[1:], matrices.second[1:], value, doublings)
