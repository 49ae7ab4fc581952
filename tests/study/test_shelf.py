"""Readings kept on disk: what is put there comes back, and what is not sound there is computed again."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.study.figure import Axis, Bars, Line, Lines, Panel, Surface
from tamarisk.study.finding import Figure, Reading
from tamarisk.study.shelf import Shelf, fingerprint, reading_from, reading_record

LAW = settings(deadline=None, max_examples=80, derandomize=True)

finite = some.floats(allow_nan=False, allow_infinity=False, width=64)
words = some.text(max_size=12)
series = some.lists(finite, max_size=4).map(tuple)
table = some.lists(series, max_size=3).map(tuple)
titles = some.lists(words, max_size=3).map(tuple)
axes = some.builds(Axis, words, some.booleans())
lines = some.lists(some.builds(Line, words, series, series, some.booleans(), some.booleans()), max_size=3).map(tuple)
bars = some.lists(some.tuples(words, series), max_size=3).map(tuple)
level = some.none() | finite
panels = some.one_of(
    some.builds(Lines, words, axes, axes, lines, level, titles),
    some.builds(Surface, words, axes, axes, words, series, series, table, level),
    some.builds(Bars, words, axes, titles, bars, level),
)
readings = some.builds(
    Reading,
    value=finite | some.just(math.nan),
    unit=words,
    holds=some.sampled_from([True, False, None]),
    reason=words,
    interval=some.none() | some.tuples(finite, finite),
    covers=words,
    numbers=some.lists(some.builds(Figure, words, finite | some.just(math.nan), words, words), max_size=3).map(tuple),
    panels=some.lists(panels, max_size=3).map(tuple),
)

PLAIN = Reading(0.4, "share", True, "so it is", (0.3, 0.5), "95 %", (Figure("fold", 2.0, "fold", "note"),), ())


def changed(**where: object) -> Reading:
    """A plain reading with one field changed."""
    return dataclasses.replace(PLAIN, **where)  # type: ignore[arg-type]


def same(one: Reading, other: Reading) -> bool:
    """Whether two readings are equal, NaN counted as equal to NaN."""
    return repr(one) == repr(other)


# round trips


@LAW
@given(reading=readings)
def test_a_reading_survives_the_disk(tmp_path_factory: pytest.TempPathFactory, reading: Reading) -> None:
    """Law: a reading with interval, numbers and panels comes back as it was put down, its numbers to the last bit."""
    shelf = Shelf(tmp_path_factory.getbasetemp() / "shelf")
    shelf.keep("G1", reading)
    found = shelf.find("G1")
    assert found is not None
    assert same(found, reading)


@pytest.mark.parametrize(
    "changes",
    [
        {"interval": (0.1, math.nan)},
        {"panels": (Lines("t", Axis("x"), Axis("y"), (Line("4OHT", (1.0, 2.0), (0.5, math.nan)),)),)},
        {"panels": (Surface("t", Axis("x"), Axis("y"), "v", (1.0, 2.0), (3.0,), ((0.5, math.nan),), centre=None),)},
        {"panels": (Bars("t", Axis("y"), ("MCF-7", "T47D"), (("4OHT", (0.5, math.nan)),)),)},
    ],
    ids=["interval", "line", "surface", "bars"],
)
def test_a_gap_stays_a_gap(tmp_path: Path, changes: dict[str, object]) -> None:
    """Law: NaN in an interval or in a panel, where a value is missing, comes back as NaN, not as None."""
    shelf = Shelf(tmp_path)
    shelf.keep("G1", changed(**changes))
    found = shelf.find("G1")
    assert found is not None
    assert same(found, changed(**changes))


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_endless_number_stays_endless(tmp_path: Path, value: float) -> None:
    """Law: a half-effect dose that was never reached is infinite, which is not the same as unknown."""
    shelf = Shelf(tmp_path)
    shelf.keep("G1", changed(value=value, numbers=(Figure("IC50", value, "nM"),)))
    found = shelf.find("G1")
    assert found is not None
    assert (found.value, found.numbers[0].value) == (value, value)


def test_a_plain_reading_is_plain_json() -> None:
    """Reference: what lies on disk is JSON that any program reads, NaN as null, names as they are."""
    record = json.loads(json.dumps(reading_record(changed(value=math.nan)), allow_nan=False))
    assert record == {
        "value": None,
        "unit": "share",
        "holds": True,
        "reason": "so it is",
        "interval": [0.3, 0.5],
        "covers": "95 %",
        "numbers": [{"label": "fold", "value": 2.0, "unit": "fold", "note": "note"}],
        "panels": [],
    }
    assert same(reading_from(record), changed(value=math.nan))


@LAW
@given(numbers=some.lists(some.floats(width=64), max_size=6))
def test_numbers_survive_the_disk(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    """Law: a list of numbers comes back to the last bit, infinite ones and NaN among them."""
    shelf = Shelf(tmp_path_factory.getbasetemp() / "shelf")
    shelf.keep_numbers("targets", numbers)
    assert repr(shelf.find_numbers("targets")) == repr(numbers)


def test_a_page_survives_the_disk(tmp_path: Path) -> None:
    """Law: a page comes back with its letters, from where it was said to be."""
    shelf = Shelf(tmp_path)
    assert shelf.find_page("report") is None
    kept = shelf.keep_page("report", "<p>ERα → µM</p>")
    assert shelf.find_page("report") == kept
    assert kept.read_text(encoding="utf-8") == "<p>ERα → µM</p>"


def test_the_last_one_kept_is_found(tmp_path: Path) -> None:
    """Law: names do not mix, a second reading replaces the first, and no half-written file is left beside it."""
    shelf = Shelf(tmp_path)
    shelf.keep("G1", PLAIN)
    shelf.keep("G2", changed(value=0.1))
    shelf.keep("G1", changed(value=0.9))
    first, second = shelf.find("G1"), shelf.find("G2")
    assert first is not None
    assert second is not None
    assert (first.value, second.value) == (0.9, 0.1)
    assert sorted(file.name for file in shelf.folder.iterdir()) == ["G1.json", "G2.json"]


# keys


def test_nothing_is_found_where_nothing_was_kept(tmp_path: Path) -> None:
    """Law: an empty shelf, and a folder that is not there, hold nothing and are not made by looking."""
    shelf = Shelf(tmp_path / "nowhere")
    assert (shelf.find("G1"), shelf.find_numbers("G1"), shelf.find_page("G1")) == (None, None, None)
    assert not (tmp_path / "nowhere").exists()


def test_another_model_is_another_shelf(tmp_path: Path) -> None:
    """Law: a reading computed with a user's model is not found for the shipped one, nor for another user's model."""
    files = [tmp_path / name for name in ("one.ant", "two.ant")]
    for file in files:
        file.write_text(f"model {file.stem}() end", encoding="utf-8")
    shelves = [Shelf(tmp_path, also=some_files) for some_files in ([], files[:1], files[1:], files)]
    shelves[1].keep("G1", PLAIN)
    assert [shelf.find("G1") is None for shelf in shelves] == [True, False, True, True]
    assert Shelf(tmp_path, also=files[::-1]).folder == shelves[3].folder


def test_an_edited_model_misses(tmp_path: Path) -> None:
    """Law: once a file that a reading depends on is edited, the reading is not found, in the same process as well."""
    file = tmp_path / "mine.ant"
    file.write_text("model mine() k = 1; end", encoding="utf-8")
    Shelf(tmp_path, also=[file]).keep("G1", PLAIN)
    assert Shelf(tmp_path, also=[file]).find("G1") is not None
    file.write_text("model mine() k = 2; end", encoding="utf-8")
    assert Shelf(tmp_path, also=[file]).find("G1") is None


def test_the_key_does_not_know_the_folder(tmp_path: Path) -> None:
    """Law: the same files under another path have the same key, so that a shelf may be carried elsewhere."""
    keys = set()
    for place in ("here", "there"):
        file = tmp_path / place / "mine.ant"
        file.parent.mkdir()
        file.write_text("model mine() k = 1; end", encoding="utf-8")
        keys.add(fingerprint((file,)))
    assert len(keys) == 1
    assert fingerprint() not in keys


# unsound files


BROKEN = {
    "empty": b"",
    "cut off": b'{"value": 0.4, "unit": "sh',
    "no text": b"\xff\xfe\x00\x81",
    "another thing": b"[1, 2, 3]",
    "nothing": b"null",
    "a word": b'"reading"',
    "no field": b"{}",
}


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_reading_is_not_found(tmp_path: Path, damage: str) -> None:
    """Law: a reading that cannot be read is computed again: not found, no error, and what is kept next is found."""
    shelf = Shelf(tmp_path)
    shelf.keep("G1", PLAIN)
    (shelf.folder / "G1.json").write_bytes(BROKEN[damage])
    assert shelf.find("G1") is None
    shelf.keep("G1", PLAIN)
    assert shelf.find("G1") == PLAIN


@pytest.mark.parametrize(
    "changes",
    [
        {"interval": [0.3]},
        {"interval": 5},
        {"numbers": [{"label": "fold"}]},
        {"numbers": ["fold"]},
        {"panels": ["picture"]},
        {"panels": [{"kind": "Cake"}]},
        {"panels": [{"kind": "Bars", "title": "t"}]},
        {"value": "much"},
    ],
    ids=str,
)
def test_a_reading_of_another_form_is_not_found(tmp_path: Path, changes: dict[str, object]) -> None:
    """Law: sound JSON that is no reading, as an older version may have left it, is not found and no error."""
    shelf = Shelf(tmp_path)
    shelf.keep("G1", PLAIN)
    (shelf.folder / "G1.json").write_text(json.dumps({**reading_record(PLAIN), **changes}), encoding="utf-8")
    assert shelf.find("G1") is None


@pytest.mark.parametrize("damage", [*BROKEN.values(), b'["much"]', b"[null]", b"5"], ids=repr)
def test_broken_numbers_are_not_found(tmp_path: Path, damage: bytes) -> None:
    """Law: a list of numbers that cannot be read is computed again; a list of sound numbers is what it says."""
    shelf = Shelf(tmp_path)
    shelf.keep_numbers("targets", [1.0])
    (shelf.folder / "targets.numbers").write_bytes(damage)
    assert shelf.find_numbers("targets") == ([1.0, 2.0, 3.0] if damage == b"[1, 2, 3]" else None)


def test_panels_keep_their_kind(tmp_path: Path) -> None:
    """Law: each kind of panel comes back as its own kind."""
    kinds: tuple[Panel, ...] = (
        Lines("growth", Axis("dose", log=True), Axis("cells"), (Line("4OHT", (1.0, 10.0), (1.0, 0.5)),), level=1.0),
        Surface("pair", Axis("a"), Axis("b"), "cells", (1.0,), (2.0, 3.0), ((0.1,), (0.2,)), centre=0.0),
        Bars("lines", Axis("cells"), ("MCF-7", "T47D"), (("4OHT", (0.2, 0.3)),)),
    )
    shelf = Shelf(tmp_path)
    shelf.keep("G1", changed(panels=kinds))
    found = shelf.find("G1")
    assert found is not None
    assert found.panels == kinds
