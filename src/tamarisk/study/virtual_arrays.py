"""Expression arrays as a laboratory would get them: true levels with the noise of replicates. It knows noise, not genes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamarisk.seeds import generator


@dataclass(frozen=True, slots=True)
class Noise:
    """How replicate arrays differ.

    Attributes:
        gene_sd: typical standard deviation of a gene between replicates, log2.
        sd_df: degrees of freedom with which that differs from gene to gene (scaled inverse chi-squared).
        common_sd: standard deviation of a shift that all genes of an array share, each by its own loading, log2.
    """

    gene_sd: float
    sd_df: float
    common_sd: float


def virtual_arrays(
    truth: Mapping[str, npt.NDArray[np.float64]], *, arrays: int, noise: Noise, seed: int
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Noisy arrays around true log2 levels.

    Args:
        truth: true log2 level of every gene by group, shape `(gene,)` each.
        arrays: arrays per group.
        noise: how replicates differ.
        seed: the same seed gives the same arrays.

    Returns:
        Values of shape `(gene, array)` and the group of each array.

    >>> values, groups = virtual_arrays({"SV": np.zeros(5)}, arrays=3, noise=Noise(0.2, 8, 0.05), seed=1)
    >>> values.shape, groups
    ((5, 3), ['SV', 'SV', 'SV'])
    """
    chance = generator(seed, "virtual arrays")
    genes = len(next(iter(truth.values())))
    variance = noise.gene_sd**2 * noise.sd_df / chance.chisquare(noise.sd_df, size=genes)
    loading = chance.normal(size=genes)
    groups = [group for group in truth for _ in range(arrays)]
    levels = np.stack([truth[group] for group in groups], axis=1)
    own = chance.normal(size=levels.shape) * np.sqrt(variance)[:, None]
    shared = loading[:, None] * chance.normal(size=len(groups)) * noise.common_sd
    return levels + own + shared, groups
