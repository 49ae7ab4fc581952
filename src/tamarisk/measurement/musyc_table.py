"""Synergy of potency apart from synergy of efficacy for every drug pair of a table. It knows doses and experiments, not files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.combination_table import Combined, Matrices, dose_matrices, drawing, taken_away
from tamarisk.measurement.estimate import Array, Estimate, experiment_mean, geometric_mean
from tamarisk.measurement.measured import Measured, Result
from tamarisk.measurement.musyc import MuSyC, musyc
from tamarisk.measurement.pair_table import Pairs

_WEAK = 0.9  # a surface that explains less of the variance than this is told of


def potencies_of(pairs: Pairs, *, level: float = 0.95) -> tuple[Measured, tuple[Combined, ...]]:
    """How far each drug makes the other more potent, and both together stronger than either, by one surface per experiment.

    Args:
        pairs: the wells.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Efficacy and potency synergies over experiments; of one experiment with profile intervals; and what can be drawn.

    Raises:
        DataError: no pair could be fitted.

    References: [@MEYER2019; @WOOTEN2021; @LAZIC2018].
    """
    results: list[Result] = []
    refusals: list[Issue] = []
    notes: list[str] = []
    drawn = []
    for matrices in dose_matrices(pairs):
        try:
            effects = taken_away(matrices, pairs.kind)
            surfaces = [_surface(matrices, effect, level, lone=len(effects) == 1) for effect in effects]
        except DataError as fault:
            refusals.append(Issue(f"{matrices.of}: MuSyC", str(fault)))
            continue
        results += _read(matrices, surfaces, level)
        weak = min(surface.r2 for surface in surfaces)
        notes += [f"{matrices.of}: a surface explains only {100 * weak:.0f} % of the variance"] if weak < _WEAK else []
        drawn.append(drawing(matrices, effects, pairs.kind))
    if not results:
        raise DataError("; ".join(map(str, refusals)), hint="there is nothing to compare")
    return Measured(tuple(results), tuple(refusals), tuple(notes)), tuple(drawn)


def _surface(matrices: Matrices, effect: Array, level: float, *, lone: bool) -> MuSyC:
    first, second = np.meshgrid(matrices.first, matrices.second, indexing="ij")
    known = np.isfinite(effect)
    return musyc(first[known], second[known], effect[known], level=level, intervals=lone)


def _read(matrices: Matrices, surfaces: Sequence[MuSyC], level: float) -> Iterator[Result]:
    """What the experiments say together; the one surface there is."""
    first, second = matrices.drugs
    efficacy = [surface.efficacy for surface in surfaces]
    together = experiment_mean([one.value for one in efficacy], unit="", level=level) if len(efficacy) > 1 else efficacy[0]
    yield Result(matrices.of, "efficacy beyond the stronger drug (beta)", together)
    yield Result(matrices.of, f"potency of {second} beside {first}", _fold([one.second_potency for one in surfaces], level))
    yield Result(matrices.of, f"potency of {first} beside {second}", _fold([one.first_potency for one in surfaces], level))


def _fold(shifts: Sequence[Estimate], level: float) -> Estimate:
    return geometric_mean([one.value for one in shifts], unit="fold", level=level) if len(shifts) > 1 else shifts[0]
