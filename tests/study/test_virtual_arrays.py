"""Noisy arrays: their truth, their noise, and that a seed repeats them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.study.virtual_arrays import Noise, virtual_arrays

LAW = settings(deadline=None, max_examples=30, derandomize=True)
QUIET = Noise(0.0, 8.0, 0.0)


def ramp(genes: int) -> dict[str, np.ndarray]:
    """Two groups with known levels."""
    return {"SV": np.linspace(4, 12, genes), "SF": np.linspace(12, 4, genes)}


def noise_of(noise: Noise, *, genes: int, arrays: int, seed: int = 1) -> np.ndarray:
    """What the noise adds to one group, shape `(gene, array)`."""
    values, _ = virtual_arrays({"SV": np.zeros(genes)}, arrays=arrays, noise=noise, seed=seed)
    return values


@LAW
@given(genes=some.integers(1, 50), arrays=some.integers(1, 6), seed=some.integers(0, 10_000))
def test_without_noise_there_is_the_truth(genes: int, arrays: int, seed: int) -> None:
    """Law: arrays come group by group in the order of the truth, and without noise they are the truth."""
    truth = ramp(genes)
    values, groups = virtual_arrays(truth, arrays=arrays, noise=QUIET, seed=seed)
    assert groups == ["SV"] * arrays + ["SF"] * arrays
    assert np.array_equal(values, np.stack([truth[group] for group in groups], axis=1))


@LAW
@given(seed=some.integers(0, 10_000))
def test_a_seed_repeats(seed: int) -> None:
    """Law: the same seed gives the same arrays, another seed others, and truth does not move the noise."""
    noise = Noise(0.2, 8.0, 0.05)
    first, _ = virtual_arrays(ramp(20), arrays=3, noise=noise, seed=seed)
    again, _ = virtual_arrays(ramp(20), arrays=3, noise=noise, seed=seed)
    other, _ = virtual_arrays(ramp(20), arrays=3, noise=noise, seed=seed + 1)
    shifted, _ = virtual_arrays({name: level + 1 for name, level in ramp(20).items()}, arrays=3, noise=noise, seed=seed)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert shifted - first == pytest.approx(np.ones(first.shape), abs=1e-12)


def test_noise_has_its_mean_and_variance() -> None:
    """Reference: gene variances are scaled inverse chi-squared, of mean s²·d/(d - 2); 5 %, five standard errors of 4000 genes."""
    found = noise_of(Noise(0.3, 12.0, 0.0), genes=4000, arrays=20)
    assert abs(found.mean()) < 5 * 0.3 / np.sqrt(found.size)
    assert found.var(axis=1, ddof=1).mean() == pytest.approx(0.3**2 * 12 / 10, rel=0.05)


def test_gene_variances_have_their_distribution() -> None:
    """Reference: gene variance over 2000 arrays is s²·d over chi-squared (Kolmogorov-Smirnov, 800 genes)."""
    found = noise_of(Noise(0.3, 8.0, 0.0), genes=800, arrays=2000)
    spread = 0.3**2 * 8 / found.var(axis=1, ddof=1)
    assert stats.kstest(spread, stats.chi2(8).cdf).pvalue > 0.01


def test_arrays_share_a_shift() -> None:
    """Reference: the shared shift is one number per array times a loading per gene: rank one, of the size asked for."""
    found = noise_of(Noise(0.0, 8.0, 0.5), genes=1000, arrays=200)
    assert np.linalg.matrix_rank(found, tol=1e-8) == 1
    assert found.std() == pytest.approx(0.5, rel=0.2)  # 200 arrays know their standard deviation to 5 %; four of these


def test_noise_of_groups_is_independent() -> None:
    """Law: replicates of two groups do not share their noise, but a gene is as noisy in one as in the other."""
    truth = {"SV": np.zeros(4000), "SF": np.zeros(4000)}
    values, _ = virtual_arrays(truth, arrays=6, noise=Noise(0.3, 4.0, 0.0), seed=5)
    first, second = values[:, :6], values[:, 6:]
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.04
    assert stats.spearmanr(first.var(axis=1), second.var(axis=1)).statistic > 0.3
