"""The store: built once, rebuilt when content changes or a file is damaged, ours untouched by what a user adds."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tamarisk.errors import DataError, TableError
from tamarisk.evidence import store as room
from tamarisk.evidence.effect import effects
from tamarisk.evidence.entry import Entry, components_of, therapies_of
from tamarisk.evidence.store import ask, entries_of, words_of
from tamarisk.evidence.study import studies
from tamarisk.evidence.trial import trials

Write = Callable[..., Path]
OURS: tuple[Entry, ...] = (*studies().values(), *effects().values(), *trials().values())
OLD = 1_700_000_000  # a time long past, in seconds


def everything(store: sqlite3.Connection) -> tuple[Entry, ...]:
    """Every entry of a database."""
    return entries_of(store, [number for (number,) in store.execute("SELECT number FROM entry ORDER BY number")])


def kept(folder: Path) -> list[Path]:
    """The databases in a cache."""
    return sorted(folder.glob("*.sqlite"))


def unexpected(_: object) -> None:
    """What must not be called."""
    raise AssertionError("it was built again")


def settle(path: Path) -> None:
    """Let a file look as if it had not been changed for long."""
    os.utime(path, (OLD, OLD))


# what is built


def test_the_store_holds_every_entry(cache: Path) -> None:
    """Law: what is read from the database is what the tables say, study, effect and trial, field by field."""
    assert ask(everything) == OURS


def test_words_and_components_of_every_entry_are_indexed(cache: Path) -> None:
    """Law: each entry is in the index of words once, and each of its components in that of components."""
    assert ask(lambda store: store.execute("SELECT count(*) FROM words").fetchone()) == (len(OURS),)
    pairs = set(ask(lambda store: store.execute("SELECT symbol, id FROM component JOIN entry ON number = entry").fetchall()))
    assert pairs == {(symbol, one.id) for one in OURS for symbol in components_of(one)}
    named = {number for number, one in enumerate(OURS, 1) if "tamoxifen" in therapies_of(one)}
    sought = "SELECT rowid FROM words WHERE words MATCH 'therapy : tamoxifen'"
    assert named <= {number for (number,) in ask(lambda store: store.execute(sought).fetchall())}


def test_compounds_are_indexed_as_one_word(new_cache: Path, mine: Write) -> None:
    """Law: the word that a dash or a point divides is found without it; the full stop of a sentence is no point."""
    assert [room._may_be_compound(text) for text in ("mcf-7", "1.5 fold", "cells grow.", "")] == [True, True, False, False]
    glued = "SELECT count(*) FROM words WHERE words MATCH 'glued : zq7'"
    assert ask(lambda store: store.execute(glued).fetchone()[0]) == 0
    assert ask(lambda store: store.execute(glued).fetchone()[0], add=[mine({"model_system": "ZQ-7"})]) == 1


def test_spelling_is_one(cache: Path) -> None:
    """Reference: by hand; British and American words, composed and decomposed signs are the same."""
    assert words_of("Oestradiol, TUMOUR") == words_of("estradiol, tumor")
    assert words_of("cafe\u0301") == words_of("caf\u00e9")


def test_a_database_is_built_once(new_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: the second question builds nothing, and finds the same."""
    first = ask(everything)
    monkeypatch.setattr(room, "_every_entry", unexpected)
    assert ask(everything) == first
    assert len(kept(new_cache)) == 1


def test_changed_content_is_another_database(new_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Law: where one word of our tables changes, the old database is not asked any more."""
    ask(everything)
    content = tmp_path / "content"
    (content / "evidence").mkdir(parents=True)
    for table in (room.CONTENT / "evidence").glob("*.tsv"):
        (content / "evidence" / table.name).write_bytes(table.read_bytes())
    monkeypatch.setattr(room, "CONTENT", content)
    ask(everything)
    assert len(kept(new_cache)) == 1  # a copy is the same content
    with (content / "evidence" / "studies.tsv").open("a", encoding="utf-8") as file:
        file.write("# a word\n")
    ask(everything)
    assert len(kept(new_cache)) == 2


def test_old_databases_make_room(new_cache: Path, mine: Write) -> None:
    """Law: a handful of databases is kept, the newest ones, and never the oldest."""
    ask(everything)
    (first,) = kept(new_cache)
    settle(first)
    for number in range(4):
        ask(everything, add=[mine({"id": f"X{number}"})])
    assert len(kept(new_cache)) == 4
    assert first not in kept(new_cache)


# what is damaged


@pytest.mark.parametrize("damage", ["cut", "empty", "rubbish", "one byte"])
def test_a_damaged_database_is_built_again(new_cache: Path, damage: str) -> None:
    """Law: whatever happened to the file, the answer is the same, and the file is whole afterwards."""
    before = ask(everything)
    (file,) = kept(new_cache)
    sound = file.read_bytes()
    middle = sound.index(b"tamoxifen")
    content = {"cut": sound[: len(sound) // 2], "empty": b"", "rubbish": b"no database\n" * 9000}
    file.write_bytes(content.get(damage, sound[:middle] + b"T" + sound[middle + 1 :]))
    assert ask(everything) == before
    assert kept(new_cache)[0].read_bytes() == sound


def test_damage_that_no_time_shows_is_met(new_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where the sum is still believed, a database that cannot be read is built again and never a traceback."""
    before = ask(everything)
    (file,) = kept(new_cache)
    believed = file.stem.partition("-")[2] + "0" * 48
    file.write_bytes(file.read_bytes()[:5000])
    monkeypatch.setattr(room, "_sum", lambda path, folder: believed)
    assert ask(everything) == before


def test_sums_are_noted_for_settled_files(new_cache: Path, mine: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a file that has not changed for a while is summed once; one that changes is summed again."""
    path = mine({})
    monkeypatch.setattr(room, "_SETTLED", -1)
    first = room._sum(path, new_cache)
    monkeypatch.setattr(room.hashlib, "file_digest", unexpected)
    assert room._sum(path, new_cache) == first
    monkeypatch.undo()
    path.write_text("something else", encoding="utf-8")
    assert room._sum(path, new_cache) != first


def test_a_spoilt_note_is_not_believed(new_cache: Path, mine: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a note that is no sum is written again."""
    path = mine({})
    monkeypatch.setattr(room, "_SETTLED", -1)
    first = room._sum(path, new_cache)
    (note,) = (new_cache / "sums").iterdir()
    note.write_bytes(b"\xff" * 64)
    assert room._sum(path, new_cache) == first
    assert note.read_text(encoding="ascii") == first


def test_nothing_can_be_kept(new_cache: Path) -> None:
    """Law: where the cache cannot be made, as under a file, the question is answered all the same."""
    new_cache.parent.parent.mkdir(parents=True)
    new_cache.parent.write_text("in the way", encoding="utf-8")
    assert len(ask(everything)) == len(OURS)


def test_many_may_build_at_once(new_cache: Path) -> None:
    """Law: threads and processes that ask an empty cache at one time all get the answer, and leave one whole file."""
    count = "lambda store: store.execute('SELECT count(*) FROM entry').fetchone()[0]"
    code = f"from tamarisk.evidence.store import ask; print(ask({count}))"
    words = [sys.executable, "-c", code]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: S603
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: len(ask(everything)), range(4)))
    told = [one.communicate(timeout=60) for one in running]
    assert answers == [len(OURS)] * 4
    assert told == [(f"{len(OURS)}\n", "")] * 2
    assert len(kept(new_cache)) == 1
    assert list(new_cache.glob("*.part")) == []


# what a user adds


def test_ours_stays_as_it_is(new_cache: Path, mine: Write) -> None:
    """Law: a user's table gets a database of its own; our file does not change by a byte, nor do our studies."""
    ours = ask(everything)
    (file,) = kept(new_cache)
    before = file.read_bytes()
    both = ask(everything, add=[mine({}, {"id": "X2", "readout": "apoptosis"})])
    assert (both[:-2], [one.id for one in both[-2:]]) == (ours, ["X1", "X2"])
    assert file.read_bytes() == before
    assert ask(everything) == ours
    assert len(kept(new_cache)) == 2


def test_a_changed_table_is_read_again(new_cache: Path, mine: Write) -> None:
    """Law: the answer follows the user's file, even if the change keeps its size."""
    assert ask(everything, add=[mine({})])[-1].id == "X1"
    assert ask(everything, add=[mine({"id": "X9"})])[-1].id == "X9"


def test_several_tables_are_one_set(new_cache: Path, mine: Write) -> None:
    """Law: tables join in the order in which they are named."""
    tables = [mine({}, name="a.tsv"), mine({"id": "Y1", "readout": "apoptosis"}, name="b.tsv")]
    assert [one.id for one in ask(everything, add=tables)[-2:]] == ["X1", "Y1"]


def test_large_tables_show_how_far_they_are(new_cache: Path, mine: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: reading and indexing are told, up to the last full step; a small table is silent."""
    told: list[tuple[str, int, int]] = []
    rows = [{"id": f"X{number}", "perturbation": f"knock-down {number}"} for number in range(50)]
    ask(everything, add=[mine(*rows)], progress=lambda *said: told.append(said))
    assert told == []
    monkeypatch.setattr(room, "_STEP", 40)
    monkeypatch.setattr(room, "_LARGE", 1000)
    ask(everything, add=[mine(*rows[1:])], progress=lambda *said: told.append(said))
    total = len(OURS) + 49
    assert told == [("reading mine.tsv", 0, 1), *(("indexing", done, total) for done in range(40, total + 1, 40))]


def test_bad_tables_are_refused(new_cache: Path, mine: Write, tmp_path: Path) -> None:
    """Refusal: the fault is said with row and column, and nothing is kept."""
    bad = {
        "mine.tsv, row 2, column id: 'S017' stands already in the studies already there": {"id": "S017"},
        "mine.tsv, row 2, column id: 'T001' stands already in the effects and trials": {"id": "T001"},
        "mine.tsv, row 2, column component: 'pten' is no HGNC symbol; separate several with ';'": {"component": "pten"},
        "mine.tsv, row 2, column says: the cell is empty": {"says": ""},
    }
    for sentence, row in bad.items():
        with pytest.raises(TableError) as refused:
            ask(everything, add=[mine(row)])
        assert str(refused.value) == sentence
    with pytest.raises(TableError) as refused:
        ask(everything, add=[tmp_path / "none.tsv"])
    assert str(refused.value) == f"{tmp_path / 'none.tsv'}: no such file; check the path"
    with pytest.raises(TableError) as refused:
        ask(everything, add=[tmp_path])
    assert str(refused.value) == f"{tmp_path}: this is a folder, not a table; name a file in it"
    assert kept(new_cache) == []


def test_a_sqlite_that_cannot_index_is_refused(new_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusal: a Python whose SQLite lacks the index gets a sentence and not a traceback; nothing is kept."""
    monkeypatch.setattr(room, "_SCHEMA", room._SCHEMA.replace("fts5", "fts0"))
    with pytest.raises(DataError) as refused:
        ask(everything)
    assert str(refused.value) == (
        "the SQLite of this Python cannot index words (no such module: fts0); "
        "use a Python whose SQLite has FTS5, as those of python.org and conda have"
    )
    assert kept(new_cache) == []


def test_the_same_table_twice_is_refused(new_cache: Path, mine: Write) -> None:
    """Refusal: its ids stand already."""
    table = mine({})
    with pytest.raises(TableError, match="column id: 'X1' stands already in the studies already there"):
        ask(everything, add=[table, table])
