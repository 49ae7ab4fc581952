"""Panels as pictures: sound files, the same ink for the same panel, and every word that the panel holds."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.collections import LineCollection

from tamarisk.doors.plot import figure, inline, save
from tamarisk.study.figure import Axis, Bars, Line, Lines, Panel, Surface

SVG = "{http://www.w3.org/2000/svg}"
DOSES = (0.1, 1.0, 10.0, 100.0)

PANELS: dict[str, Panel] = {
    "one line": Lines("One line", Axis("hours"), Axis("fold"), (Line("MCF-7", (0.0, 24.0, 48.0), (1.0, 2.0, 4.0)),), level=1.0),
    "two lines": Lines(
        "Two lines",
        Axis("dose (nM)", log=True),
        Axis("cells against untreated"),
        (Line("MCF-7", DOSES, (1.0, 0.8, 0.4, 0.1)), Line("MCF7-TamR", DOSES, (1.0, 1.0, 0.9, 0.8), dashed=True)),
    ),
    "clouds": Lines(
        "Clouds",
        Axis("log2 fold change"),
        Axis("-log10 p"),
        tuple(Line(name, tuple(range(300)), tuple(range(300)), points=True) for name in ("changed", "others")),
        level=0.0,
    ),
    "named points": Lines(
        "Named points",
        Axis("pAKT"),
        Axis("growth"),
        (Line("cells", (0.1, 0.5, 1.0), (0.2, 0.4, 0.9), points=True),),
        names=("a", "b", "c"),
    ),
    "negative values": Lines("Below zero", Axis("hours"), Axis("doublings"), (Line("cells", (0.0, 1.0), (0.0, -2.0)),)),
    "surface": Surface(
        "Surface", Axis("4OHT (nM)", log=True), Axis("rapamycin (nM)"), "cells", DOSES, (1.0, 2.0), ((1.0, 0.9, 0.5, 0.2),) * 2
    ),
    "two-sided surface": Surface(
        "Synergy",
        Axis("4OHT (nM)", log=True),
        Axis("rapamycin"),
        "beyond the sum",
        DOSES,
        (1.0, 2.0),
        ((-1.0, 0.5, 0.2, 0.1),) * 2,
        centre=0.0,
    ),
    "bars": Bars("Bars", Axis("share"), ("a", "b"), (("V_total", (0.5, 0.7)), ("V_net", (0.1, -0.2))), level=1.0),
    "bars with intervals": Bars(
        "Ends", Axis("share"), ("a", "b"), (("V_total", (0.5, 0.7)),), intervals=(((0.4, 0.8), (math.nan, math.nan)),)
    ),
    "many bars": Bars(
        "Many bars", Axis("share"), tuple(f"drug {n}" for n in range(15)), (("V_total", tuple(n / 15 for n in range(15))),)
    ),
}

every_panel = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)


@every_panel
def test_files_are_sound_and_hold_the_words(tmp_path: Path, panel: Panel) -> None:
    """Law: the PNG is one, between a postcard and a page in pixels; the SVG is XML with every name of the panel as text."""
    vector, raster = save(panel, tmp_path, "panel")
    data = raster.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert (data[:8], data[12:16]) == (b"\x89PNG\r\n\x1a\n", b"IHDR")
    assert 500 <= width <= 2000
    assert 350 <= height <= 2000
    assert len(data) > 5000  # blank paper of that size is under 3000 bytes
    assert _words(panel) - set(_texts(vector)) == set()


@every_panel
def test_the_same_panel_is_the_same_file(tmp_path: Path, panel: Panel) -> None:
    """Law: drawn twice, even under another name, a panel gives the same bytes."""
    first = save(panel, tmp_path, "first")
    second = save(panel, tmp_path, "second")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_files_are_named_as_asked(tmp_path: Path) -> None:
    """Law: both files lie in the folder under the name, and a folder that is not there is made."""
    made = save(PANELS["bars"], tmp_path / "a" / "b", "G4-1")
    assert made == (tmp_path / "a" / "b" / "G4-1.svg", tmp_path / "a" / "b" / "G4-1.png")
    assert all(file.exists() for file in made)


@pytest.mark.parametrize("name", ["<b>bold</b> & <script>", "cost $5$", "a$_$b", r"\alpha", "pS167_ERα ⊣ µ", "50 %"])
def test_names_are_drawn_as_they_are(tmp_path: Path, name: str) -> None:
    """Law: a title, an axis and a series are names and nothing in them is markup or mathematics."""
    lines = (Line(name, (0.0, 1.0), (1.0, 2.0)), Line("other", (0.0, 1.0), (1.0, 3.0)))
    vector, _ = save(Lines(name, Axis(name), Axis("fold"), lines), tmp_path, "panel")
    assert [one for one in _texts(vector) if one == name] == [name] * 3


def test_a_legend_is_drawn_where_there_is_something_to_tell_apart() -> None:
    """Law: two series have a legend with their names, one has none."""
    legend = figure(PANELS["two lines"]).axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["MCF-7", "MCF7-TamR"]
    assert figure(PANELS["one line"]).axes[0].get_legend() is None


def test_axes_are_as_the_panel_says() -> None:
    """Law: a logarithmic axis is logarithmic, amounts start at zero, and what falls below zero is not cut off."""
    axes = figure(PANELS["two lines"]).axes[0]
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_ylim()[0]) == ("log", "linear", 0.0)
    assert figure(PANELS["negative values"]).axes[0].get_ylim()[0] <= -2.0


def test_cells_of_a_surface_stand_on_their_doses() -> None:
    """Law: each column and row is centred on its own dose, and the colours are the panel's values."""
    panel = PANELS["surface"]
    assert isinstance(panel, Surface)
    mesh = figure(panel).axes[0].collections[0]
    corners = mesh.get_coordinates()  # type: ignore[attr-defined]
    middles = [math.sqrt(left * right) for left, right in zip(corners[0, :-1, 0], corners[0, 1:, 0], strict=True)]
    assert middles == pytest.approx(list(panel.columns), rel=1e-9)
    assert mesh.get_array().tolist() == [list(row) for row in panel.values]  # type: ignore[union-attr]


def test_both_signs_are_seen_alike() -> None:
    """Law: a two-sided scale reaches as far above its centre as below."""
    norm = figure(PANELS["two-sided surface"]).axes[0].collections[0].norm
    assert (norm.vmin, norm.vmax) == (-1.0, 1.0)


@pytest.mark.parametrize(
    "panel",
    [
        Lines("One look", Axis("hours"), Axis("fold"), (Line("cells", (0.0,), (1.0,)),)),
        Lines("Gap", Axis("hours"), Axis("fold"), (Line("cells", (0.0, 1.0, 2.0), (1.0, math.nan, 2.0)),)),
        Lines("All gone", Axis("hours"), Axis("fold"), (Line("cells", (0.0, 1.0), (math.nan, math.nan)),)),
        Lines("Flat", Axis("dose (nM)", log=True), Axis("fold"), (Line("cells", DOSES, (0.0, 0.0, 0.0, 0.0)),)),
        Surface("Flat", Axis("a (nM)", log=True), Axis("b"), "beyond the sum", DOSES, (1.0, 2.0), ((0.0,) * 4,) * 2, centre=0.0),
        Surface("Gap", Axis("a (nM)", log=True), Axis("b"), "cells", DOSES, (1.0, 2.0), ((1.0, math.nan, 0.5, 0.2),) * 2),
        Bars("One bar", Axis("share"), ("a",), (("V_total", (0.0,)),)),
    ],
    ids=lambda panel: f"{type(panel).__name__}: {panel.title}",
)
def test_thin_data_are_still_drawn(tmp_path: Path, panel: Panel) -> None:
    """Law: one point, gaps, and values that do not differ make a sound picture with its title."""
    vector, raster = save(panel, tmp_path, "panel")
    assert panel.title in _texts(vector)
    assert raster.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("number", [2, 20])
def test_bars_end_where_their_intervals_do(number: int) -> None:
    """Law: upright or lying, a whisker goes from end to end of its interval; one that is open or absent is not drawn."""
    names, values = tuple(f"drug {n}" for n in range(number)), tuple(0.5 + n for n in range(number))
    ends = ((0.25, 0.75), *((0.0, math.inf) if n % 2 else (math.nan, math.nan) for n in range(1, number)))
    axes = figure(Bars("Ends", Axis("share"), names, (("V_total", values),), intervals=(ends,))).axes[0]
    (whiskers,) = [one for one in axes.collections if isinstance(one, LineCollection)]
    across = 0 if number > 7 else 1
    drawn = [segment[:, across].tolist() for segment in whiskers.get_segments() if len(segment)]
    assert drawn == [pytest.approx([0.25, 0.75])]


def test_a_picture_can_stand_in_a_page(tmp_path: Path) -> None:
    """Law: inlined, a picture begins with its own tag, without the head that only a file may have."""
    text = inline(save(PANELS["bars"], tmp_path, "panel")[0])
    assert text.startswith("<svg")
    assert "<?xml" not in text
    assert "<!DOCTYPE" not in text
    assert ElementTree.fromstring(text).tag == f"{SVG}svg"  # noqa: S314 -- our own file


def _texts(vector: Path) -> list[str]:
    """The text of a picture, label by label; comments do not count."""
    root = ElementTree.parse(vector)  # noqa: S314 -- our own file
    return ["".join(one.itertext()).strip() for one in root.iter(f"{SVG}text")]


def _words(panel: Panel) -> set[str]:
    if isinstance(panel, Lines):
        series = {line.name for line in panel.lines} if len(panel.lines) > 1 else set()
        return {panel.title, panel.x.label, panel.y.label, *series, *panel.names}
    if isinstance(panel, Surface):
        return {panel.title, panel.x.label, panel.y.label, panel.value}
    return {panel.title, panel.y.label, *panel.groups, *({name for name, _ in panel.series} if len(panel.series) > 1 else ())}


def test_many_points_are_small_and_the_first_are_on_top() -> None:
    """Law: beyond 200 points a series is a cloud of small clear dots, earlier series above later ones; few stay as large."""
    axes = figure(PANELS["clouds"]).axes[0]
    first, second = axes.collections
    assert first.get_zorder() > second.get_zorder()
    assert first.get_alpha() < 1.0
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["changed", "others"]
    few = Lines("Few", Axis("x"), Axis("y"), (Line("a", (1.0, 2.0), (1.0, 2.0), points=True),))
    assert not figure(few).axes[0].collections
