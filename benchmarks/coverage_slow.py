"""Draws for rulers whose fits are slow: read counts through PyDESeq2 and MuSyC surfaces. It knows simulation, not real data."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from coverage_draws import Draws, allows, holds

from tamarisk.errors import DataError
from tamarisk.measurement.assay_tables import Matrix
from tamarisk.measurement.estimate import experiment_mean, geometric_mean
from tamarisk.measurement.musyc import MuSyC, musyc, surface_effects
from tamarisk.measurement.read_counts import count_changes
from tamarisk.seeds import generator

STEPS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0)  # doses of each drug in a matrix
SURFACE = np.array([0.0, 0.6, 0.5, 0.75, math.log(20.0), math.log(10.0), 0.2, 0.1, 0.0, math.log(4.0)])
TRUTH = {"efficacy": 0.25, "second_potency": 4.0, "first_potency": 1.0}  # of that surface
GENES = 1000  # in one data set; they share depths and the trend of dispersion


def read_counts(n: int, runs: int) -> Draws:
    """Counts of n samples in each of two groups, each gene a draw: replicates of a cell line, then ones that are far less alike.

    A fifth of the genes changes, normally with sd 1 on the log2 scale; depths differ with a log-normal sd of .3.
    """
    for floor, noise, scatter, kind in ((0.02, 1.0, 0.5, "read counts"), (0.1, 3.0, 1.0, "read counts, unlike dispersions")):
        for run in range(max(runs // GENES, 1)):
            rng = generator(run, "coverage", kind, str(n))
            mean = np.exp(rng.normal(5.0, 1.5, (GENES, 1)))
            dispersion = (floor + noise / mean) * np.exp(rng.normal(0.0, scatter, (GENES, 1)))
            change = np.where(np.arange(GENES) < GENES // 5, rng.normal(0.0, 1.0, GENES), 0.0)
            expected = mean * 2.0 ** (change[:, None] * np.repeat([0.0, 1.0], n)) * np.exp(rng.normal(0.0, 0.3, 2 * n))
            yield from genes(rng.poisson(rng.gamma(1.0 / dispersion, expected * dispersion)), change, kind)


def genes(counts: np.ndarray, change: np.ndarray, kind: str) -> Draws:
    """What is said of each gene of one data set; None of one that gets no p-value."""
    names, samples = (tuple(f"{word}{place}" for place in range(size)) for word, size in zip("gs", counts.shape, strict=True))
    groups = np.repeat(["control", "treated"], len(samples) // 2).tolist()
    found, _ = count_changes(Matrix(names, samples, counts.astype(np.float64)), groups, treated="treated", control="control")
    for truth, low, high, p in zip(change, found.low, found.high, found.p, strict=True):
        if truth:
            yield {f"fold change of a gene, {kind}": bool(low <= truth <= high) if np.isfinite(p) else None}
        else:
            yield {f"test: gene unchanged (Wald), {kind}": bool(p < 0.05) if np.isfinite(p) else None}


def surfaces(n: int, runs: int) -> Draws:
    """MuSyC of one matrix of six by six doses with n wells at each pair, noise of 6 %."""
    for run in range(runs):
        found = surface(generator(run, "coverage", "surfaces", str(n)), wells=n, sd=0.06)
        yield {f"MuSyC {part}, one surface": found and allows(getattr(found, part), truth) for part, truth in TRUTH.items()}


def surfaces_over_experiments(n: int, runs: int) -> Draws:
    """MuSyC of n experiments with one matrix each; EC50s differ by 20 % between experiments."""
    for run in range(runs):
        rng = generator(run, "coverage", "surfaces over experiments", str(n))
        found = [surface(rng, wells=1, sd=0.03, shift=float(rng.normal(0.0, 0.2)), lone=False) for _ in range(n)]
        names = [f"MuSyC {part}, over experiments" for part in TRUTH]
        if None in found:
            yield dict.fromkeys(names)
            continue
        efficacy, *potencies = ([getattr(one, part).value for one in found] for part in TRUTH)
        told = [experiment_mean(efficacy, unit=""), *(geometric_mean(folds, unit="fold") for folds in potencies)]
        yield {name: holds(one, truth) for name, one, truth in zip(names, told, TRUTH.values(), strict=True)}


def surface(rng: np.random.Generator, *, wells: int, sd: float, shift: float = 0.0, lone: bool = True) -> MuSyC | None:
    """The surface through one drawn matrix; None where it is refused."""
    first, second = (np.repeat(axis.ravel(), wells) for axis in np.meshgrid(STEPS, STEPS, indexing="ij"))
    numbers = SURFACE + shift * np.isin(np.arange(10), (4, 5))
    try:
        return musyc(first, second, surface_effects(numbers, first, second) + rng.normal(0.0, sd, len(first)), intervals=lone)
    except DataError:
        return None


SETTINGS: dict[str, Callable[[int, int], Draws]] = {
    "read counts": read_counts,
    "surfaces": surfaces,
    "surfaces over experiments": surfaces_over_experiments,
}
FACTOR = {"read counts": 10}
