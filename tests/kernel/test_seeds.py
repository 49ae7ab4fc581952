"""Chance: repeated by its seed and name, and different under any other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from tamarisk.errors import TamariskError
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=40, derandomize=True)
SEEDS = some.integers(0, 2**32)
NAMES = some.tuples(some.text(max_size=4), some.text(max_size=4))


def drawn(seed: int, *name: str) -> list[float]:
    """Four numbers of one generator."""
    return generator(seed, *name).normal(size=4).tolist()


@LAW
@given(seed=SEEDS, name=NAMES)
def test_the_same_seed_and_name_repeat(seed: int, name: tuple[str, str]) -> None:
    """Law: what was drawn once is drawn again, whatever was drawn in between."""
    before = drawn(seed, *name)
    drawn(seed, "in between")
    assert drawn(seed, *name) == before


@LAW
@given(seed=SEEDS, one=NAMES, other=NAMES)
@example(seed=1, one=("cells", "day/1"), other=("cells/day", "1"))
def test_another_name_moves_every_draw(seed: int, one: tuple[str, str], other: tuple[str, str]) -> None:
    """Law: two uses share their numbers only if they share every word of the name."""
    assert (drawn(seed, *one) == drawn(seed, *other)) == (one == other)


@LAW
@given(one=SEEDS, other=SEEDS)
def test_another_seed_moves_every_draw(one: int, other: int) -> None:
    """Law: two seeds share their numbers only if they are the same."""
    assert (drawn(one, "cells") == drawn(other, "cells")) == (one == other)


def test_names_give_unrelated_numbers() -> None:
    """Reference: for independent streams numpy's correlation of 2000 draws lies within five standard errors, 0.112, of zero."""
    streams = [generator(seed, name).normal(size=2000) for seed in range(5) for name in ("arrays", "cells", "noise", "patients")]
    between = np.corrcoef(streams) - np.eye(len(streams))
    assert np.abs(between).max() < 5 / np.sqrt(2000)


def test_a_negative_seed_is_refused() -> None:
    """Refusal: a seed below zero is ours to refuse, not numpy's."""
    with pytest.raises(TamariskError) as refused:
        generator(-1, "cells")
    assert str(refused.value) == "the seed -1 is negative; use 0 or more"
