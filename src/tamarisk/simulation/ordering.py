"""In which order a sparse matrix is eliminated, and what fills it. It knows where entries are, not what they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Elimination:
    """A fixed order of pivots on the diagonal, and where the factors then have entries.

    Attributes:
        order: the original rows in pivot order.
        places: entries of the factors in pivot order, row by row; the diagonal is among them.
        slots: the position of each entry in storage.
    """

    order: tuple[int, ...]
    places: tuple[Place, ...]
    slots: dict[Place, int]

    def rows(self) -> list[list[int]]:
        """The columns of each row's entries, in pivot order."""
        rows: list[list[int]] = [[] for _ in self.order]
        for row, column in self.places:
            rows[row].append(column)
        return rows


def elimination(size: int, entries: Iterable[Place]) -> Elimination:
    """The pivot order that fills least at each step (Markowitz, diagonal pivots), with the fill.

    Args:
        size: rows of the square matrix.
        entries: where it is not zero; the diagonal is taken as filled.

    >>> elimination(3, [(0, 1), (1, 0), (0, 2), (2, 0)]).order
    (1, 0, 2)
    """
    rows: list[set[int]] = [{one} for one in range(size)]
    columns: list[set[int]] = [{one} for one in range(size)]
    for row, column in entries:
        rows[row].add(column)
        columns[column].add(row)
    filled = {(row, column) for row in range(size) for column in rows[row]}
    order: list[int] = []
    waiting = set(range(size))
    while waiting:
        pivot = min(waiting, key=lambda one: ((len(rows[one]) - 1) * (len(columns[one]) - 1), one))
        waiting.discard(pivot)
        order.append(pivot)
        right, below = rows[pivot] - {pivot}, columns[pivot] - {pivot}
        for row in below:
            filled |= {(row, column) for column in right - rows[row]}
            rows[row] = (rows[row] | right) - {pivot}
        for column in right:
            columns[column] = (columns[column] | below) - {pivot}
    place = {original: position for position, original in enumerate(order)}
    places = tuple(sorted((place[row], place[column]) for row, column in filled))
    return Elimination(tuple(order), places, {one: slot for slot, one in enumerate(places)})
