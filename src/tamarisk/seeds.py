"""Chance that can be repeated: one seed, split by name, so that adding a draw here moves none there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tamarisk.errors import DataError

if TYPE_CHECKING:
    import numpy as np


def generator(seed: int, *name: str) -> np.random.Generator:
    """A random generator that belongs to one use.

    Args:
        seed: the user's seed; the same seed gives the same numbers.
        name: what the numbers are for; another name gives independent numbers.

    Returns:
        A NumPy generator.

    >>> bool(generator(1, "arrays").integers(100) == generator(1, "arrays").integers(100))
    True
    """
    import numpy as np

    if seed < 0:
        raise DataError(f"the seed {seed} is negative", hint="use 0 or more")
    digest = hashlib.sha256("/".join(word.replace("~", "~~").replace("/", "~") for word in name).encode()).digest()
    words = [int.from_bytes(digest[start : start + 4], "big") for start in range(0, 16, 4)]
    return np.random.default_rng([seed, *words])
