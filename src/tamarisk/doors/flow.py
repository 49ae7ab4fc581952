"""The way from records to numbers as boxes and arrows, in the manner of PRISMA. It knows ink, not how studies were judged."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from tamarisk.evidence.screening import Stage

_INK, _BAND, _BOX = "#26323a", "#e7edf1", "#ffffff"
_WIDE, _GAP, _BETWEEN = 1.30, 0.14, 0.34  # inches: a box, the space beside it, the space below a row
_LETTERS, _LINE, _PAD = 22, 0.135, 0.11  # letters in a line of a box, inches of a line, inches above and below the text
_SIDE, _TOP = 0.42, 0.42  # inches: the band at the left, the title
_PHASES = ("Identification", "Screening", "Eligibility", "Included")


def flow_diagram(stages: Sequence[Stage]) -> Figure:
    """Every stage as a box below the one it is a part of; a stage without a number that was seen says so.

    Args:
        stages: the stages, each after the one it is a part of.

    Returns:
        Boxes in rows, with the four phases of the PRISMA statement at the side.

    References: [@PAGE2021].

    >>> from tamarisk.evidence.screening import stages
    >>> len(flow_diagram(stages()).axes[0].patches) > len(stages())
    True
    """
    depth = _depths(stages)
    places = _places(stages)
    heights = _heights(stages, depth)
    width = _SIDE + (max(places.values()) + 1) * (_WIDE + _GAP) + _GAP
    tall = _TOP + sum(heights) + _BETWEEN * len(heights)
    figure = Figure(figsize=(width, tall))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width)
    axes.set_ylim(tall, 0)
    axes.axis("off")
    axes.text(0.1, 0.12, "How the studies came together", fontsize=9.5, fontweight="bold", color=_INK, va="top")
    tops = [_TOP + sum(heights[:row]) + _BETWEEN * row for row in range(len(heights))]
    _draw_phases(axes, tops, heights)
    boxes = {
        one.name: (_SIDE + _GAP + places[one.name] * (_WIDE + _GAP), tops[depth[one.name]], heights[depth[one.name]])
        for one in stages
    }
    for one in stages:
        _draw_box(axes, one, *boxes[one.name])
        if one.after:
            _draw_arrow(axes, boxes[one.after], boxes[one.name])
    return figure


def _depths(stages: Sequence[Stage]) -> Mapping[str, int]:
    """The row of each stage: one below the stage it is a part of."""
    depth: dict[str, int] = {}
    for one in stages:
        depth[one.name] = depth[one.after] + 1 if one.after else 0
    return depth


def _places(stages: Sequence[Stage]) -> Mapping[str, float]:
    """The column of each stage: its own where nothing comes after it, else the middle of what does."""
    below: dict[str, list[str]] = {one.name: [] for one in stages}
    for one in stages:
        if one.after:
            below[one.after].append(one.name)
    places: dict[str, float] = {}
    free = 0

    def settle(name: str) -> float:
        nonlocal free
        if below[name]:
            columns = [settle(part) for part in below[name]]
            places[name] = (columns[0] + columns[-1]) / 2
        else:
            places[name] = float(free)
            free += 1
        return places[name]

    for one in stages:
        if not one.after:
            settle(one.name)
    return places


def _words(stage: Stage) -> list[str]:
    return textwrap.wrap(stage.text, _LETTERS, break_on_hyphens=False)


def _heights(stages: Sequence[Stage], depth: Mapping[str, int]) -> list[float]:
    """Inches of each row: its longest text and the line with the count."""
    rows = [[one for one in stages if depth[one.name] == row] for row in range(max(depth.values()) + 1)]
    return [_LINE * (1.3 + max(len(_words(one)) for one in row)) + 2 * _PAD for row in rows]


def _draw_phases(axes: Axes, tops: Sequence[float], heights: Sequence[float]) -> None:
    """A band with its name at the left of each phase; the last holds all further rows."""
    for number, phase in enumerate(_PHASES[: len(tops)]):
        last = len(tops) - 1 if number == len(_PHASES) - 1 else number
        top, bottom = tops[number] - 0.06, tops[last] + heights[last] + 0.06
        axes.add_patch(Rectangle((0.1, top), _SIDE - 0.14, bottom - top, facecolor=_BAND, edgecolor="none"))
        axes.text(
            0.1 + (_SIDE - 0.14) / 2,
            (top + bottom) / 2,
            phase,
            rotation=90,
            ha="center",
            va="center",
            fontsize=7.2,
            fontweight="bold",
            color=_INK,
        )


def _draw_box(axes: Axes, stage: Stage, left: float, top: float, height: float) -> None:
    """A stage: its count in bold, what is counted below."""
    stated = stage.count is not None
    frame = FancyBboxPatch(
        (left, top),
        _WIDE,
        height,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor=_BOX,
        edgecolor=_INK if stated else "0.6",
        linestyle="-" if stated else "--",
        linewidth=0.9,
    )
    axes.add_patch(frame)
    middle = left + _WIDE / 2
    count = f"n = {stage.shown}" if stated else stage.shown
    colour = _INK if stated else "0.45"
    axes.text(middle, top + _PAD, count, ha="center", va="top", fontsize=7.8, fontweight="bold", color=colour)
    text = "\n".join(_words(stage))
    axes.text(middle, top + _PAD + 1.3 * _LINE, text, ha="center", va="top", fontsize=6.6, color=_INK, linespacing=1.25)


def _draw_arrow(axes: Axes, above: tuple[float, float, float], below: tuple[float, float, float]) -> None:
    """From the foot of one box, down, across and down to the head of another."""
    start, end = above[0] + _WIDE / 2, below[0] + _WIDE / 2
    foot, head = above[1] + above[2], below[1]
    middle = head - _BETWEEN / 2
    axes.plot([start, start, end], [foot, middle, middle], color="0.4", linewidth=0.8, zorder=0)
    arrow = {"arrowstyle": "-|>", "color": "0.4", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
    axes.annotate("", (end, head), (end, middle), arrowprops=arrow)
