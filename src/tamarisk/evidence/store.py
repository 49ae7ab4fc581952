"""Every entry in an embedded database, built on first use and kept in the cache. It knows rows and words, not questions."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sqlite3
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from platformdirs import user_cache_path

from tamarisk.errors import DataError
from tamarisk.evidence.effect import effects
from tamarisk.evidence.entry import CLINICAL, Entry, components_of, entry_from, kind_of, record, therapies_of, words_of_entry
from tamarisk.evidence.study import Study, read_studies, studies
from tamarisk.evidence.trial import trials
from tamarisk.names import plain
from tamarisk.tables import CONTENT, table_text

Progress = Callable[[str, int, int], None]
Answer = TypeVar("Answer")

# In which words are sought.
COLUMNS = ("says", "component", "perturbation", "therapy", "model_system", "readout", "category", "direction", "citation")
_MOST_KEPT = 4  # sets of tables; the oldest goes first
_MOST_NOTED = 64  # sums of files
_LARGE = 1_000_000  # bytes of a table from which on it is said that it is being read
_STEP = 5000  # rows between two reports of progress
_SETTLED = 2_000_000_000  # nanoseconds after which a file that changes shows another time
_SUM = re.compile(r"[0-9a-f]{64}")
_COMPOUND = re.compile(r"\w+(?:[-.]\w+)+")
_SCHEMA = f"""
CREATE TABLE entry (
  number INTEGER PRIMARY KEY, kind TEXT, id TEXT UNIQUE, reference TEXT, category TEXT, direction TEXT, therapy TEXT, year INTEGER
);
CREATE TABLE component (symbol TEXT, entry INTEGER, PRIMARY KEY (symbol, entry)) WITHOUT ROWID;
CREATE TABLE record (number INTEGER PRIMARY KEY, text TEXT);
CREATE INDEX publication ON entry (reference);
CREATE VIRTUAL TABLE words USING fts5({", ".join(COLUMNS)}, glued, content='', tokenize='porter unicode61 remove_diacritics 2');
"""


def ask(
    question: Callable[[sqlite3.Connection], Answer], *, add: Sequence[Path] = (), progress: Progress | None = None
) -> Answer:
    """The answer of the database of what we hold and of a user's own tables, which is built if it was not built before.

    Tables and the code that reads them are one key: where any of them changes, another database is built beside the others. The
    name of its file says the sum of its content, so a damaged one is known and built again; where none can be kept, none is.

    Args:
        question: asks the database.
        add: tables of the user's own, with the columns of ours; ours stay as they are, in a file of their own.
        progress: told what is being done, how many rows are done, and of how many.

    Returns:
        What the question returns.

    Raises:
        TableError: a table of the user's own cannot be read, repeats an id or an experiment, or holds an unsound row.
        DataError: the SQLite of this Python cannot index words.

    >>> ask(lambda store: store.execute("SELECT direction FROM entry WHERE id = 'S017'").fetchone())
    ('reversal',)
    """
    folder = user_cache_path("tamarisk") / "evidence"
    key = _key(folder, add)
    kept = _kept(folder, key)
    if kept is not None:
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(_opened(kept)) as store:
            return question(store)
    with contextlib.closing(sqlite3.connect(":memory:")) as store:
        _fill(store, _every_entry(add, progress or _silent), progress or _silent)
        _keep(folder, key, store.serialize())
        return question(store)


def entries_of(store: sqlite3.Connection, numbers: Iterable[int]) -> tuple[Entry, ...]:
    """The entries of a database that have these numbers, in their order.

    Args:
        store: the database.
        numbers: as they stand in the table `entry`.
    """
    rows = (store.execute("SELECT text FROM record WHERE number = ?", (number,)).fetchone() for number in numbers)
    return tuple(entry_from(json.loads(text)) for (text,) in rows)


def words_of(text: str) -> str:
    """Text as it is indexed and sought: British and American spelling are one, signs of one letter are composed.

    >>> words_of("Oestrogen in tumours")
    'estrogen in tumors'
    """
    return unicodedata.normalize("NFC", text).casefold().replace("oestr", "estr").replace("tumour", "tumor")


def _silent(what: str, done: int, total: int) -> None:
    """Say nothing."""


def _every_entry(add: Iterable[Path], progress: Progress) -> list[Entry]:
    """Ours, then what the user adds."""
    known = dict(studies())
    every: list[Entry] = [*known.values(), *effects().values(), *trials().values()]
    for path in add:
        if path.stat().st_size > _LARGE:
            progress(f"reading {path.name}", 0, 1)
        found = read_studies(path, known=known, taken=(*effects(), *trials()))
        known |= found
        every += found.values()
    return every


def _key(folder: Path, add: Iterable[Path]) -> str:
    """What a database depends on: our tables, the code of this room and of the kernel, the library, and the user's tables."""
    digest = hashlib.sha256(sqlite3.sqlite_version.encode())
    room = Path(__file__).parent
    for files in ((CONTENT / "evidence").glob("*.tsv"), room.glob("*.py"), room.parent.glob("*.py")):
        for file in sorted(files):
            digest.update(file.read_bytes())
    for path in add:
        try:
            digest.update(_sum(path, folder).encode())
        except OSError:
            table_text(path)  # says what is wrong with it
            raise
    return digest.hexdigest()[:32]


def _sum(path: Path, folder: Path) -> str:
    """The sum of a file's content, noted for as long as place, size, times and node of the file stay the same."""
    about = path.stat()
    same = (str(path.resolve()), about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)
    note = folder / "sums" / hashlib.sha256(repr(same).encode()).hexdigest()[:32]
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if _SUM.fullmatch(noted := note.read_text(encoding="ascii")):
            return noted
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if time.time_ns() - max(about.st_mtime_ns, about.st_ctime_ns) > _SETTLED:
        with contextlib.suppress(OSError):
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(found, encoding="ascii")
            _keep_newest(note.parent, _MOST_NOTED)
    return found


def _kept(folder: Path, key: str) -> Path | None:
    """The file of a database that was kept, if it is whole."""
    for file in folder.glob(f"{key}-*.sqlite"):
        with contextlib.suppress(OSError):
            if file.stem == f"{key}-{_sum(file, folder)[:16]}":
                return file
            file.unlink()
    return None


def _opened(file: Path) -> sqlite3.Connection:
    """A database that nobody changes any more."""
    return sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)


def _keep(folder: Path, key: str, content: bytes) -> None:
    """Keep a database under a name that says its sum; two that build one at a time keep the same."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as draft:
            draft.write(content)
        Path(draft.name).replace(folder / f"{key}-{hashlib.sha256(content).hexdigest()[:16]}.sqlite")
        _keep_newest(folder, _MOST_KEPT)


def _keep_newest(folder: Path, count: int) -> None:
    by_age = sorted((file for file in folder.iterdir() if file.is_file()), key=lambda file: file.stat().st_mtime)
    for old in by_age[:-count]:
        old.unlink()


def _fill(store: sqlite3.Connection, every: Sequence[Entry], progress: Progress) -> None:
    """Write every entry, and where its words stand."""
    try:
        store.executescript(_SCHEMA)
    except sqlite3.OperationalError as fault:  # it is ours, so that only what SQLite lacks can be wrong
        hint = "use a Python whose SQLite has FTS5, as those of python.org and conda have"
        raise DataError(f"the SQLite of this Python cannot index words ({fault})", hint=hint) from None
    columns, places = ", ".join(COLUMNS), ", ".join("?" * (len(COLUMNS) + 2))
    for number, one in enumerate(every, 1):
        store.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (number, *_facts(one)))
        store.execute("INSERT INTO record VALUES (?, ?)", (number, json.dumps(record(one), ensure_ascii=False)))
        symbols = ((symbol, number) for symbol in components_of(one))
        store.executemany("INSERT OR IGNORE INTO component VALUES (?, ?)", symbols)
        said = words_of_entry(one)
        texts = [words_of(said[name]) for name in COLUMNS]
        glued = " ".join(plain(word) for text in texts if _may_be_compound(text) for word in _COMPOUND.findall(text))
        store.execute(f"INSERT INTO words (rowid, {columns}, glued) VALUES ({places})", (number, *texts, glued))  # noqa: S608
        if number % _STEP == 0:
            progress("indexing", number, len(every))
    store.commit()
    store.execute("INSERT INTO words (words) VALUES ('optimize')")
    store.commit()


def _may_be_compound(text: str) -> bool:
    """Whether a dash or a point stands within it, which is quicker to see than where."""
    return "-" in text or "." in text[:-1]


def _facts(one: Entry) -> tuple[str | int, ...]:
    """What an entry is filtered by; an effect and a trial have no direction of their own."""
    category, direction = (one.category, one.direction) if isinstance(one, Study) else (CLINICAL, "")
    return kind_of(one), one.id, one.reference, category, direction, "; ".join(therapies_of(one)), one.year
