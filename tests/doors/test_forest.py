"""Forest plots: squares by weight, a diamond, honest arrows, and every word that a reader needs."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from tamarisk.doors.forest import forest
from tamarisk.doors.plot import write
from tamarisk.errors import DataError, ModelError
from tamarisk.evidence.question import Question
from tamarisk.study.pool_row import PoolRow
from tamarisk.study.pool_specification import specifications
from tamarisk.study.pooled_evidence import PooledEvidence

SVG = "{http://www.w3.org/2000/svg}"
ASKED = Question("X", "Does X change outcome under tamoxifen?", ("PTEN",), "prognostic", "random effects", "adjusted rows.")
ROWS = tuple(
    PoolRow((name,), f"{name} {year}", year, n, (name,), "HR", math.log(ratio), error, "DFS", group, "main", recalled=False)
    for name, year, n, ratio, error, group in (
        ("Large", 2010, "4000", 0.9, 0.05, "early disease"),
        ("Small", 2005, "80", 0.5, 0.40, "early disease"),
        ("Middle", 2001, "600 of 700", 0.7, 0.15, "advanced disease"),
    )
)


def answer(rows: tuple[PoolRow, ...], beside: tuple[PoolRow, ...] = ()) -> PooledEvidence:
    """The answer that some rows give."""
    return PooledEvidence(ASKED, specifications(rows, why="adjusted rows."), beside, (), ())


def drawn(found: PooledEvidence) -> Figure:
    """Its main specification as a figure."""
    return forest(found, found.main)


def words(figure: Figure) -> list[str]:
    """Every word on it."""
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [text.get_text() for text in figure.texts]


def test_every_number_of_the_pool_stands_on_it() -> None:
    """Law: each study with its n, weight, endpoint and ratio; the pooled ratio, the prediction, counts, heterogeneity."""
    found = answer(ROWS)
    assert found.main is not None
    said = words(drawn(found))
    for row, weight in zip(found.main.choice.rows, found.main.weights, strict=True):
        assert {row.label, row.n.split()[0], row.endpoint, f"{100 * weight:.0f} %"} <= set(said)
        assert any(text.startswith(f"{row.ratio[0]:.2f} (") for text in said)
    assert any(text.startswith(f"{found.main.estimate:.2f} (") for text in said)
    assert {"Early disease", "Advanced disease", "All, REML, Hartung-Knapp", "HR (95 % interval)"} <= set(said)
    foot = next(text for text in said if text.startswith("3 studies"))
    assert "4680 patients where stated" in foot
    assert f"I² = {100 * found.main.I2:.0f} %" in foot


def test_squares_grow_with_weight_and_stand_on_their_ratio() -> None:
    """Law: square sizes are ordered as the weights; each stands on its own ratio on a logarithmic axis that holds 1."""
    found = answer(ROWS)
    assert found.main is not None
    axes = drawn(found).axes[0]
    squares = {float(line.get_xdata()[0]): line.get_markersize() for line in axes.lines if line.get_marker() == "s"}  # type: ignore[index]
    ratios = {row.ratio[0]: weight for row, weight in zip(found.main.choice.rows, found.main.weights, strict=True)}
    assert sorted(squares) == pytest.approx(sorted(ratios))
    order = sorted(ratios, key=lambda ratio: ratios[ratio])
    sizes = [squares[min(squares, key=lambda place: abs(place - ratio))] for ratio in order]
    assert sizes == sorted(sizes)
    assert axes.get_xscale() == "log"
    assert axes.get_xlim()[0] < 1 < axes.get_xlim()[1]


def test_intervals_beyond_the_axis_end_in_an_arrow() -> None:
    """Law: the axis reaches at most 25-fold to each side; what goes on is marked, not cut off in silence."""
    wide = replace(ROWS[1], standard_error=3.0)
    axes = drawn(answer((ROWS[0], wide))).axes[0]
    assert axes.get_xlim()[0] >= 1 / 25.0
    assert axes.get_xlim()[1] <= 25.0
    assert {line.get_marker() for line in axes.lines} >= {"<", ">"}


def test_one_study_is_no_diamond() -> None:
    """Law: a study alone is drawn as itself and the foot says that nothing was pooled."""
    figure = drawn(answer(ROWS[:1]))
    assert len(figure.axes[0].patches) == 0
    assert "One study alone: nothing was pooled." in words(figure)


def test_what_others_pooled_stands_apart() -> None:
    """Law: published pools come below under a heading of their own, without a weight, also where nothing else can be drawn."""
    published = replace(ROWS[0], label="Their meta-analysis", role="published pool")
    said = words(drawn(answer((), (published,))))
    assert {"Pooled by others, not here", "Their meta-analysis"} <= set(said)
    assert not any(text.endswith(" %") for text in said)


def test_recalled_numbers_are_marked() -> None:
    """Law: a dagger at the study and what it means below."""
    found = PooledEvidence(
        ASKED, specifications([ROWS[0], replace(ROWS[1], recalled=True)], why=".", with_recalled=True), (), (), ()
    )
    let_in = next(one for one in found.specifications if one.k == 2)
    said = words(forest(found, let_in))
    assert "Small 2005 †" in said
    assert any("† recalled, not seen" in text for text in said)


def test_nothing_to_draw_is_refused() -> None:
    """Refusal: the sentence names the question and where to look."""
    with pytest.raises(DataError) as refused:
        drawn(answer(()))
    assert str(refused.value) == "X: no study has a number to draw; see --list for questions that have one"


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_files_are_sound_and_the_same_each_time(tmp_path: Path, ending: str) -> None:
    """Law: both kinds can be read, and twice drawn is the same bytes."""
    paths = [write(lambda: drawn(answer(ROWS)), tmp_path / f"{name}.{ending}") for name in ("one", "two")]
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    if ending == "png":
        assert first[:8] == b"\x89PNG\r\n\x1a\n"
    else:
        root = ElementTree.fromstring(first)  # noqa: S314 -- our own file
        assert ASKED.text in ["".join(one.itertext()).strip() for one in root.iter(f"{SVG}text")]


def test_figures_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    """Refusal: another ending, and a file that is there already; it stays as it was."""
    with pytest.raises(DataError, match=r"'\.pdf' is no kind of figure; end the name in \.svg or \.png"):
        write(lambda: drawn(answer(ROWS)), tmp_path / "plot.pdf")
    old = tmp_path / "plot.svg"
    old.write_text("mine", encoding="utf-8")
    with pytest.raises(ModelError, match="the file exists already; name another; nothing was overwritten"):
        write(lambda: drawn(answer(ROWS)), old)
    assert old.read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [old]
