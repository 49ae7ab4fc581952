"""What can be drawn, as plain numbers with names and units. It knows data, not ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it shows, and whether it is logarithmic."""

    label: str
    log: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a name, positions and values; `dashed` marks a reference, `points` draws no line between values."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    dashed: bool = False
    points: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Series over one axis.

    Attributes:
        title: what is shown, in a sentence.
        x: the horizontal axis.
        y: the vertical axis.
        lines: the series.
        level: a horizontal line to compare with, if any.
        names: a name for each point of the first series, if points are named.
    """

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    level: float | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surface:
    """A value over two axes.

    Attributes:
        title: what is shown, in a sentence.
        x: the horizontal axis.
        y: the vertical axis.
        value: what the colour shows.
        columns: positions along x.
        rows: positions along y.
        values: one tuple per row.
        centre: the value that is neither; None for a one-sided scale.
    """

    title: str
    x: Axis
    y: Axis
    value: str
    columns: tuple[float, ...]
    rows: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    centre: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """Groups of bars.

    Attributes:
        title: what is shown, in a sentence.
        y: the vertical axis.
        groups: a name for each group.
        series: a name and one value per group, for each colour.
        level: a horizontal line to compare with, if any.
        intervals: for each of `series` the ends of each value's interval, NaN where it has none; or nothing.
    """

    title: str
    y: Axis
    groups: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    level: float | None = None
    intervals: tuple[tuple[tuple[float, float], ...], ...] = ()


Panel: TypeAlias = Lines | Surface | Bars
