"""The order of elimination: every factor fits into its pattern, and well-known patterns do not fill."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.seeds import generator
from tamarisk.simulation.ordering import Elimination, elimination

LAW = settings(deadline=None, max_examples=60, derandomize=True)


def solved(pivots: Elimination, matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution by elimination that touches the entries of the pattern only."""
    order = list(pivots.order)
    work = {place: float(matrix[order[place[0]], order[place[1]]]) for place in pivots.places}
    rows, b = pivots.rows(), right[order].astype(float)
    for row, columns in enumerate(rows):
        for pivot in [one for one in columns if one < row]:
            factor = work[row, pivot] / work[pivot, pivot]
            for column in [one for one in rows[pivot] if one > pivot]:
                work[row, column] -= factor * work[pivot, column]
            b[row] -= factor * b[pivot]
    for row in reversed(range(len(order))):
        above = sum(work[row, column] * b[column] for column in rows[row] if column > row)
        b[row] = (b[row] - above) / work[row, row]
    found = np.empty(len(order))
    found[order] = b
    return found


@LAW
@given(size=some.integers(1, 14), share=some.floats(0.0, 1.0), run=some.integers(0, 10_000))
def test_elimination_in_the_pattern_solves(size: int, share: float, run: int) -> None:
    """Reference: with a strong diagonal the pattern's elimination gives numpy's solution, so no entry is missing from it."""
    chance = generator(run, "tests", "ordering")
    matrix = np.where(chance.random((size, size)) < share, chance.uniform(-1, 1, (size, size)), 0.0)
    np.fill_diagonal(matrix, size + 1.0)
    right = chance.uniform(-1, 1, size)
    pivots = elimination(size, [(int(row), int(column)) for row, column in np.argwhere(matrix)])
    assert sorted(pivots.order) == list(range(size))
    assert solved(pivots, matrix, right) == pytest.approx(np.linalg.solve(matrix, right), rel=1e-9, abs=1e-12)


def test_an_arrow_does_not_fill() -> None:
    """Law: a hub that reads all and is read by all is eliminated last, and nothing fills."""
    entries = [(0, one) for one in range(1, 9)] + [(one, 0) for one in range(1, 9)]
    pivots = elimination(9, entries)
    assert 0 in pivots.order[-2:]
    assert len(pivots.places) == len(entries) + 9


def test_a_chain_does_not_fill() -> None:
    """Law: a chain of neighbours, in whatever order it is numbered, needs its own entries only."""
    name = [3, 0, 4, 1, 5, 2]
    pairs = [(name[one], name[one + 1]) for one in range(5)]
    pivots = elimination(6, [*pairs, *((b, a) for a, b in pairs)])
    assert len(pivots.places) == 6 + 10


def test_every_place_has_a_slot() -> None:
    """Law: places are counted from nought without a gap, the diagonal among them."""
    pivots = elimination(4, [(0, 3), (2, 1)])
    assert sorted(pivots.slots.values()) == list(range(len(pivots.places)))
    assert all((one, one) in pivots.slots for one in range(4))
