"""Forest plots: each study as a square, the pooled estimate as a diamond. It knows ink, not which studies belong together."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import blended_transform_factory

from tamarisk.doors.words import ratio
from tamarisk.errors import DataError
from tamarisk.study.pool_row import PoolRow
from tamarisk.study.pool_specification import MAIN_METHOD, Specification
from tamarisk.study.pooled_evidence import SIDES, PooledEvidence
from tamarisk.units import percent, rounded

_INK, _POOL, _PALE = "#26323a", "#b03a5b", "0.55"
_WIDTH, _ROW, _HEAD, _FOOT = 9.4, 0.235, 0.72, 0.98  # inches
_AXIS, _SPAN = 0.622, 0.215  # where the axis begins and how wide it is, as shares of the width
_COLUMNS = {"study": 0.012, "endpoint": 0.31, "n": 0.545, "weight": 0.605, "ratio": 0.855}  # of the width
_WIDEST = 25.0  # fold to each side of 1; intervals beyond end in an arrow
_NARROW = 12.0  # fold from end to end; a shorter axis has finer ticks
_COARSE, _FINE = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0), (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)

_COUNT = re.compile(r"(\d+)\b(?! studies)")  # patients in the words for how many; "8 studies" are none


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the plot, from top to bottom."""

    kind: str  # heading, study, group, pool, prediction
    label: str
    endpoint: str = ""
    n: str = ""
    weight: float = math.nan
    ends: tuple[float, float, float] = (math.nan, math.nan, math.nan)  # estimate, low, high


def forest(found: PooledEvidence, drawn: Specification | None) -> Figure:
    """One specification as a forest plot.

    Args:
        found: the answer to a question.
        drawn: the specification to draw; its groups are pooled beside it where they were.

    Returns:
        Squares by weight, diamonds, the prediction interval, a logarithmic axis, counts and the heterogeneity.

    Raises:
        DataError: no row has a number to draw.

    >>> from tamarisk.study.pooled_evidence import pool_evidence
    >>> found = pool_evidence("CCND1")
    >>> forest(found, found.main).axes[0].get_xscale()
    'log'
    """
    lines = list(_lines(found, drawn))
    if not lines:
        raise DataError("no study has a number to draw", where=found.question.key, hint="see --list for questions that have one")
    height = _HEAD + _ROW * len(lines) + _FOOT
    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_axes((_AXIS, _FOOT / height, _SPAN, _ROW * len(lines) / height))
    _axis(axes, lines, found)
    for place, line in enumerate(lines):
        _draw(axes, line, float(place))
    title = textwrap.fill(found.question.text, 92, break_on_hyphens=False)
    figure.text(0.012, 1 - 0.18 / height, title, ha="left", va="top", fontsize=9.5, fontweight="bold", color=_INK)
    figure.text(0.012, 0.12 / height, _foot(drawn), ha="left", va="bottom", fontsize=7, color="0.3", linespacing=1.4)
    return figure


def _lines(found: PooledEvidence, drawn: Specification | None) -> Iterator[_Line]:
    """What is drawn, from top to bottom."""
    if drawn is not None:
        groups = list(dict.fromkeys(row.group for row in drawn.choice.rows))
        for group in groups:
            if len(groups) > 1:
                yield _Line("heading", group[0].upper() + group[1:])
            yield from (_study(row, weight) for row, weight in _weighted(drawn) if row.group == group)
            if len(groups) > 1:
                yield from _of_group(found, group)
        if drawn.k > 1:
            yield _Line("pool", f"All, {drawn.method}", ends=(drawn.estimate, drawn.low, drawn.high), weight=1.0)
            yield _Line("prediction", "Prediction interval: a further study", ends=(drawn.estimate, *drawn.prediction))
    published = [row for row in found.beside if row.role == "published pool"]
    if published:
        yield _Line("heading", "Pooled by others, not here")
        yield from (_study(row, math.nan) for row in published)


def _weighted(drawn: Specification) -> Sequence[tuple[PoolRow, float]]:
    return sorted(zip(drawn.choice.rows, drawn.weights, strict=True), key=lambda pair: pair[0].year)


def _study(row: PoolRow, weight: float) -> _Line:
    counted = _COUNT.match(row.n)
    label = row.label + (" †" if row.recalled else "")
    return _Line("study", label, row.endpoint, counted[1] if counted else "", weight, row.ratio)


def _of_group(found: PooledEvidence, group: str) -> Iterator[_Line]:
    """The pooled estimate of one group, where there were enough studies for one."""
    for one in found.specifications:
        if one.choice.name == group and one.method == MAIN_METHOD:
            yield _Line("group", f"{one.k} studies pooled", ends=(one.estimate, one.low, one.high))


def _axis(axes: Axes, lines: Sequence[_Line], found: PooledEvidence) -> None:
    """A logarithmic axis about 1, no frame but the lower edge, headers above the columns."""
    ends = [end for line in lines if line.kind != "group" for end in line.ends if math.isfinite(end)]
    low, high = max(1 / _WIDEST, min(*ends, 0.7) / 1.15), min(_WIDEST, max(*ends, 1.4) * 1.15)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(lines) - 0.35, -0.6)
    axes.axvline(1.0, color="0.6", linewidth=0.8, zorder=0)
    ticks = _FINE if high / low < _NARROW else _COARSE
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.tick_params(axis="x", labelsize=7.2, color="0.4", labelcolor=_INK)
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    _headers(axes, found)


def _headers(axes: Axes, found: PooledEvidence) -> None:
    """Names of the columns, and what lies to each side of 1."""
    rows = found.specifications[0].choice.rows if found.specifications else found.beside
    measures = sorted({row.measure for row in rows})
    for column, words in (("study", "Study"), ("endpoint", "Endpoint"), ("n", "n"), ("weight", "Weight")):
        _text(axes, column, -1.0, words, weight="bold")
    _text(axes, "ratio", -1.0, f"{'/'.join(measures)} (95 % interval)", weight="bold")
    left, right = SIDES[found.question.kind]
    at: dict[str, Any] = {
        "xycoords": axes.get_xaxis_transform(),
        "textcoords": "offset points",
        "fontsize": 7,
        "va": "top",
        "color": "0.3",
    }
    axes.annotate(f"← {left}", (1.0, 0.0), (-6, -19), ha="right", **at)
    axes.annotate(f"{right} →", (1.0, 0.0), (6, -19), ha="left", **at)


def _draw(axes: Axes, line: _Line, place: float) -> None:
    """One line: its words, and its square, diamond or bar."""
    bold = "bold" if line.kind in {"heading", "pool"} else "normal"
    colour = _INK if line.kind != "prediction" else _PALE
    _text(axes, "study", place, line.label, weight=bold, colour=colour)
    _text(axes, "endpoint", place, line.endpoint)
    _text(axes, "n", place, line.n)
    if line.kind == "study" and math.isfinite(line.weight):
        _text(axes, "weight", place, percent(line.weight))
    estimate, low, high = line.ends
    if not math.isfinite(estimate):
        return
    words = ratio(*line.ends)
    words = words.partition("(")[2].rstrip(")") if line.kind == "prediction" else words
    _text(axes, "ratio", place, words, weight=bold, colour=colour)
    if line.kind in {"pool", "group"}:
        _diamond(axes, line, place)
        return
    _bar(axes, low, high, place, colour=_PALE if line.kind == "prediction" else _INK, thick=line.kind == "prediction")
    if line.kind == "study":
        size = 5.0 if math.isnan(line.weight) else 3.0 + 9.0 * math.sqrt(line.weight)
        filled = _INK if math.isfinite(line.weight) else "white"
        axes.plot(
            [estimate], [place], marker="s", markersize=size, color=filled, markeredgecolor=_INK, linestyle="none", zorder=3
        )


def _bar(axes: Axes, low: float, high: float, place: float, *, colour: str, thick: bool) -> None:
    """An interval; an arrow where it goes on beyond the axis."""
    left, right = axes.get_xlim()
    axes.plot([max(low, left), min(high, right)], [place, place], color=colour, linewidth=2.2 if thick else 1.0, zorder=2)
    for beyond, edge, marker in ((low < left, left, "<"), (high > right, right, ">")):
        if beyond:
            axes.plot([edge], [place], marker=marker, markersize=4, color=colour, clip_on=False, zorder=2)


def _diamond(axes: Axes, line: _Line, place: float) -> None:
    left, right = axes.get_xlim()
    estimate, low, high = line.ends
    corners = ([max(low, left), estimate, min(high, right), estimate], [place, place - 0.3, place, place + 0.3])
    axes.fill(*corners, color=_POOL if line.kind == "pool" else "#d9a3b2", zorder=3, linewidth=0)
    for beyond, edge, marker in ((low < left, left, "<"), (high > right, right, ">")):
        if beyond:
            axes.plot([edge], [place], marker=marker, markersize=4, color=_POOL, clip_on=False, zorder=4)


def _text(axes: Axes, column: str, y: float, words: str, *, weight: str = "normal", colour: str = _INK) -> None:
    """Words in a column, at the height of a line."""
    where = blended_transform_factory(axes.figure.transFigure, axes.transData)
    align = "right" if column in {"n", "weight"} else "left"
    axes.text(_COLUMNS[column], y, words, transform=where, ha=align, va="center", fontsize=7.6, fontweight=weight, color=colour)


def _foot(drawn: Specification | None) -> str:
    """Counts and heterogeneity, and what the signs mean."""
    if drawn is None:
        return "No study of this question has a number that may be pooled."
    if drawn.k == 1:
        return "One study alone: nothing was pooled."
    spread = f"tau² = {rounded(drawn.tau2)}, I² = {percent(drawn.I2)}, Q: p = {drawn.Q_p:.2g}"
    patients = sum(int(found[1]) for row in drawn.choice.rows if (found := _COUNT.match(row.n)))
    said = f"{drawn.k} studies" + (f", {patients} patients where stated" if patients else "")
    recalled = "\n† recalled, not seen: this is not the main answer" if any(row.recalled for row in drawn.choice.rows) else ""
    return f"{said}. Differences between studies: {spread}.\nSquares grow with weight; an arrow: the interval goes on.{recalled}"
