"""Panels as pictures. It knows ink, not biology."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from tamarisk.errors import DataError
from tamarisk.places import require_new
from tamarisk.study.figure import Axis, Bars, Line, Lines, Panel, Surface

COLOURS = ("#b03a5b", "#2f6f8f", "#6a8d3a", "#c98a1b", "#6b5b95", "#7f7f7f")
STYLE: dict[Any, Any] = {  # keys are matplotlib's own
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "figure.titlesize": 9.5,
    "figure.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.parse_math": False,  # names are names, whatever signs they hold
    "svg.fonttype": "none",
    "svg.hashsalt": "tamarisk",
    "figure.dpi": 160,
}
_SIZE_INCHES = (4.6, 3.3)
_NAMED_INCHES = (5.6, 4.6)
_TITLE_LETTERS = 54
_FEW_DECADES = 2.2
_WIDTHS = (2.2, 1.2)
_LONG_NAMES = 16
_MANY_GROUPS = 7
_CLOUD = 200


def figure(panel: Panel) -> Figure:
    """A panel as a matplotlib figure.

    >>> figure(Bars("Two bars", Axis("share"), ("a", "b"), (("one", (0.1, 0.9)),))).get_suptitle()
    'Two bars'
    """
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = drawn.add_subplot()
        if isinstance(panel, Lines):
            _draw_lines(drawn, axes, panel)
        elif isinstance(panel, Surface):
            _draw_surface(drawn, axes, panel)
        else:
            _draw_bars(drawn, axes, panel)
        drawn.suptitle(textwrap.fill(panel.title, _TITLE_LETTERS, break_on_hyphens=False), x=0.01, ha="left")
    return drawn


def save(panel: Panel, folder: Path, name: str) -> tuple[Path, Path]:
    """A panel as an SVG and a PNG file of one name.

    Returns:
        Both paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vector, raster = folder / f"{name}.svg", folder / f"{name}.png"
    with mpl.rc_context(STYLE):
        drawn = figure(panel)
        FigureCanvasAgg(drawn).print_png(str(raster))  # type: ignore[no-untyped-call]
        drawn.set_layout_engine("none")  # the places found for the one picture do for the other
        vector.write_text(_svg(drawn), encoding="utf-8")
    return vector, raster


def write(draw: Callable[[], Figure], path: Path) -> Path:
    """A figure as one new file, SVG or PNG as its name ends.

    Args:
        draw: makes the figure; called in our style.
        path: the file.

    Returns:
        The path.

    Raises:
        DataError: the name ends otherwise, or the file cannot be made.
        ModelError: the file exists.
    """
    if path.suffix.lower() not in {".svg", ".png"}:
        raise DataError(f"'{path.suffix}' is no kind of figure", where=str(path), hint="end the name in .svg or .png")
    require_new(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        drawn = draw()
        if path.suffix.lower() == ".png":
            FigureCanvasAgg(drawn).print_png(str(path))  # type: ignore[no-untyped-call]
        else:
            path.write_text(_svg(drawn), encoding="utf-8")
    return path


def inline(panel: Panel | Path) -> str:
    """A panel, or a saved SVG file of one, as text that can stand inside a page.

    >>> inline(Bars("Two bars", Axis("share"), ("a", "b"), (("one", (0.1, 0.9)),)))[:4]
    '<svg'
    """
    if isinstance(panel, Path):
        text = panel.read_text(encoding="utf-8")
    else:
        with mpl.rc_context(STYLE):
            text = _svg(figure(panel))
    return text[text.index("<svg") :]


def _svg(drawn: Figure) -> str:
    page = io.StringIO()
    FigureCanvasSVG(drawn).print_svg(page, metadata={"Date": None, "Creator": "tamarisk"})  # type: ignore[no-untyped-call]
    return page.getvalue()


def _draw_lines(drawn: Figure, axes: Axes, panel: Lines) -> None:
    if panel.level is not None:
        axes.axhline(panel.level, color="0.75", linewidth=1, zorder=0)
    for number, line in enumerate(panel.lines):
        colour, width = COLOURS[number % len(COLOURS)], _WIDTHS[min(number, len(_WIDTHS) - 1)]
        if line.points and len(line.x) > _CLOUD:
            _draw_cloud(axes, line, colour, above=1.0 - 0.1 * number)
        else:
            _draw_line(axes, line, colour, width=width)
    _label(axes, panel.x, panel.y)
    if panel.names:
        _name_points(drawn, axes, panel)
    elif len(panel.lines) > 1:
        axes.legend(frameon=False, loc="best")
    if min(min(line.y) for line in panel.lines) >= 0 and not panel.y.log:
        axes.set_ylim(bottom=0)


def _draw_line(axes: Axes, line: Line, colour: str, *, width: float) -> None:
    """One series; later ones are thinner, so that a line that lies on another hides nothing."""
    style = "--" if line.dashed else "none" if line.points else "-"
    crowded = len(line.x) > 30
    axes.plot(
        line.x,
        line.y,
        linestyle=style,
        marker="o" if line.points or not crowded else None,
        markersize=2.4 * width,
        linewidth=width,
        color=colour,
        label=line.name,
    )


def _draw_cloud(axes: Axes, line: Line, colour: str, *, above: float) -> None:
    """Points too many to be told apart: small and clear, earlier series above later ones."""
    axes.scatter(line.x, line.y, s=7.0, linewidths=0.0, alpha=0.55, color=colour, label=line.name, zorder=1.0 + above)


def _name_points(drawn: Figure, axes: Axes, panel: Lines) -> None:
    """Names beside points in the order of their heights, evenly spread so that none covers another."""
    points = sorted(zip(panel.lines[0].x, panel.lines[0].y, panel.names, strict=True), key=lambda point: point[1])
    left, right = min(point[0] for point in points), max(point[0] for point in points)
    top = max(point[1] for point in points)
    drawn.set_size_inches(_NAMED_INCHES)
    axes.set_xlim(left - 0.05 * (right - left), right + 0.6 * (right - left))
    axes.set_ylim(0, 1.03 * top)
    for (x, y, name), place in zip(points, np.linspace(0.02 * top, top, len(points)), strict=True):
        axes.annotate(
            name,
            (x, y),
            xytext=(right + 0.1 * (right - left), float(place)),
            fontsize=7,
            color="0.2",
            va="center",
            arrowprops={"arrowstyle": "-", "color": "0.7", "linewidth": 0.5, "shrinkB": 2},
        )


def _draw_surface(drawn: Figure, axes: Axes, panel: Surface) -> None:
    values = np.array(panel.values)
    scale: dict[str, Any] = {"cmap": "viridis", "vmin": 0.0, "vmax": max(1.0, float(values.max()))}
    if panel.centre is not None:
        reach = max(float(np.abs(values - panel.centre).max()), 1e-9)
        scale = {"cmap": "RdBu_r", "norm": TwoSlopeNorm(panel.centre, panel.centre - reach, panel.centre + reach)}
    mesh = axes.pcolormesh(_edges(panel.columns, panel.x), _edges(panel.rows, panel.y), values, **scale)
    _label(axes, panel.x, panel.y)
    drawn.colorbar(mesh, ax=axes, label=panel.value)
    if panel.centre is not None and values.min() < panel.centre < values.max():
        axes.contour(panel.columns, panel.rows, values, levels=[panel.centre], colors="0.1", linewidths=1)


def _draw_bars(drawn: Figure, axes: Axes, panel: Bars) -> None:
    crowded = len(panel.groups) > _MANY_GROUPS
    place = np.arange(len(panel.groups), dtype=float)
    width = 0.8 / len(panel.series)
    for number, (name, values) in enumerate(panel.series):
        offset = place + (number - (len(panel.series) - 1) / 2) * width
        colour = COLOURS[number % len(COLOURS)]
        (axes.barh if crowded else axes.bar)(offset, values, width, color=colour, label=name)
        if panel.intervals:
            reach = np.abs(np.array(panel.intervals[number]).T - values)
            reach[:, ~np.isfinite(reach).all(axis=0)] = np.nan  # one that is open at an end is told in the table
            ink: dict[str, Any] = {"fmt": "none", "ecolor": "0.1", "elinewidth": 1, "capsize": 2}
            _ = axes.errorbar(values, offset, xerr=reach, **ink) if crowded else axes.errorbar(offset, values, yerr=reach, **ink)
    if crowded:
        drawn.set_size_inches(_SIZE_INCHES[0], max(_SIZE_INCHES[1], 0.21 * len(panel.groups) + 0.8))
        axes.set_yticks(place, panel.groups)
        axes.invert_yaxis()
        axes.set_xlabel(panel.y.label)
    else:
        long = max(len(line) for name in panel.groups for line in name.split("\n")) > _LONG_NAMES or len(panel.groups) > 4
        axes.set_xticks(place, panel.groups, rotation=20 if long else 0, ha="right" if long else "center")
        axes.set_ylabel(panel.y.label)
    if panel.level is not None:
        (axes.axvline if crowded else axes.axhline)(panel.level, color="0.4", linewidth=1, linestyle=":")
    if len(panel.series) > 1:
        axes.legend(frameon=False, loc="best")


def _label(axes: Axes, x: Axis, y: Axis) -> None:
    axes.set_xlabel(x.label)
    axes.set_ylabel(y.label)
    for axis, scale, ruler in ((x, axes.set_xscale, axes.xaxis), (y, axes.set_yscale, axes.yaxis)):
        if axis.log:
            scale("log")
            low, high = ruler.get_view_interval()
            few = np.log10(high / low) < _FEW_DECADES
            ruler.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=12))
            ruler.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ruler.set_minor_locator(NullLocator())  # each would be laid out three times, unlabelled


def _edges(centres: Sequence[float], axis: Axis) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Cell borders half-way between neighbouring positions, on the axis's own scale."""
    place = np.log(centres) if axis.log else np.array(centres, dtype=float)
    middle = (place[1:] + place[:-1]) / 2
    borders = np.concatenate(([2 * place[0] - middle[0]], middle, [2 * place[-1] - middle[-1]]))
    return np.exp(borders) if axis.log else borders
