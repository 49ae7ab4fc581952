"""Questions to the store: words, and what an entry must be. It ranks by words and judges nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tamarisk.errors import DataError, UnknownNameError
from tamarisk.evidence.entry import Entry
from tamarisk.evidence.reference import CATEGORIES, Reference, references
from tamarisk.evidence.store import Progress, ask, entries_of, words_of
from tamarisk.evidence.study import DIRECTIONS
from tamarisk.evidence.synonyms import also_called, symbols_of
from tamarisk.names import nearest, plain, resolve

_YEARS = re.compile(r"(\d{4})(?:\s*[-–]\s*(\d{4}))?", re.ASCII)
_BETWEEN_WORDS = re.compile(r"[\s/,;:+()\[\]\"]+")
_TOKEN = re.compile(r"[^\W_]+")
_MOST_RANKED = 20_000  # entries; words that more hold tell them apart no more, and ranking these would take longest
_LONG = 4  # letters: a compound of parts as long as this is sought as separate words


@dataclass(frozen=True, slots=True)
class Only:
    """What a study, effect or trial must be to be found; what is left empty does not matter.

    Attributes:
        component: a gene, by symbol or usual name.
        category: cell line, animal, clinical or another of the studies' categories; effects and trials are clinical.
        direction: what came out, one of `DIRECTIONS`; only studies have one.
        therapy: a treatment, or words of one.
        year: of publication, as 2001 or 2001-2010.
    """

    component: str = ""
    category: str = ""
    direction: str = ""
    therapy: str = ""
    year: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        entries: the first studies, effects and trials, best match first.
        total: how many there are.
        ranked: whether the best match comes first; where words stand in too many entries, or there are none, these come in the
            order of the tables.
    """

    entries: tuple[Entry, ...]
    total: int
    ranked: bool


@dataclass(frozen=True, slots=True)
class _Demand:
    """A condition in SQL and its values."""

    sql: str
    values: tuple[object, ...]


def search_evidence(
    text: str = "",
    *,
    only: Only | None = None,
    add: Sequence[Path] = (),
    limit: int | None = 20,
    progress: Progress | None = None,
) -> Found:
    """The studies, effects and trials that hold all words, best match first; genes and drugs are found by all their names.

    Args:
        text: words, as `PTEN tamoxifen`; no sign in it is a command. Everything in the order of the tables if it is empty.
        only: what they must be besides.
        add: tables of the user's own, with the columns of `content/evidence/studies.tsv`.
        limit: how many to give, all if none.
        progress: told how far a database is that must be built first.

    Returns:
        What was found, and how much there is in all.

    Raises:
        UnknownNameError: a component, category, direction or therapy that no study has.
        DataError: the year is none, or the limit is negative.
        TableError: a table of the user's own is unsound.

    >>> [one.id for one in search_evidence("temsirolimus AKT", only=Only(category="cell line")).entries]
    ['S017']
    """
    wanted = only or Only()
    if limit is not None and limit < 0:
        raise DataError(f"{limit} is no number of entries", where="limit", hint="give 0 or more")
    demands = [*_kind(wanted), *_years(wanted.year)]
    return ask(partial(_found, text=text, only=wanted, demands=demands, limit=limit), add=add, progress=progress)


def find_entry(name: str, *, add: Sequence[Path] = (), progress: Progress | None = None) -> Entry:
    """The study, effect or trial of an id.

    Args:
        name: an id, as S017, M012 or T005.
        add: tables of the user's own, with the columns of `content/evidence/studies.tsv`.
        progress: told how far a database is that must be built first.

    Returns:
        The entry.

    Raises:
        UnknownNameError: nothing has that id.
        TableError: a table of the user's own is unsound.

    >>> find_entry("s017").component
    ('AKT1', 'MTOR')
    """

    def question(store: sqlite3.Connection) -> Entry:
        found = _first(store, "id", name)
        if found is None:
            raise _stranger(name, (one for (one,) in store.execute("SELECT id FROM entry")), kind="study, effect or trial")
        return found

    return ask(question, add=add, progress=progress)


def find_reference(name: str, *, add: Sequence[Path] = (), progress: Progress | None = None) -> Reference:
    """The publication of a key, or of a study, an effect or a trial.

    Args:
        name: a reference's key, as GHAYAD2008, or an id, as S017, M012 or T005.
        add: tables of the user's own, with the columns of `content/evidence/studies.tsv`.
        progress: told how far a database is that must be built first.

    Returns:
        The publication.

    Raises:
        UnknownNameError: no reference has that key, and nothing that id.
        TableError: a table of the user's own is unsound.

    >>> find_reference("GHAYAD2008").pmid
    '19016759'
    """
    ours = {key.casefold(): one for key, one in references().items()}

    def question(store: sqlite3.Connection) -> Reference:
        found = _first(store, "id", name) or _first(store, "reference", name)
        if found is None and name.casefold() not in ours:
            known = [*references(), *(one for row in store.execute("SELECT id, reference FROM entry") for one in row)]
            raise _stranger(name, known, kind="study, effect, trial or reference")
        return found.source if found else ours[name.casefold()]

    return ask(question, add=add, progress=progress)


def _first(store: sqlite3.Connection, column: str, name: str) -> Entry | None:
    """The first entry with a name in a column; the same spelling goes before one in another case."""
    order = f"WHERE {column} = ? COLLATE NOCASE ORDER BY {column} = ? DESC, number LIMIT 1"
    typed = name.encode(errors="replace").decode()  # half a sign, as a terminal may pass it, is none that a database takes
    rows = store.execute(f"SELECT number FROM entry {order}", (typed, typed))  # noqa: S608
    return next(iter(entries_of(store, (number for (number,) in rows))), None)


def _stranger(name: str, known: Iterable[str], *, kind: str) -> UnknownNameError:
    offers = nearest(name, known, count=1)
    hint = f"did you mean '{offers[0]}'?" if offers else "tamarisk evidence search finds them"
    return UnknownNameError(f"no {kind} '{name}'", hint=hint)


def _found(store: sqlite3.Connection, *, text: str, only: Only, demands: Sequence[_Demand], limit: int | None) -> Found:
    of_gene = [_component(only.component, store)] if only.component else []
    words = [f"({one})" for one in _alternatives(text)]
    if text.strip() and not words:
        return Found((), 0, ranked=False)
    words += [_therapy(only.therapy, store)] if only.therapy else []
    asked = " AND ".join(words)
    source, number, values = _source(asked, [*demands, *of_gene])
    (total,) = store.execute(f"SELECT count(*) {source}", values).fetchone()
    ranked = bool(asked) and total <= _MOST_RANKED
    order = f"ORDER BY {'bm25(words), ' if ranked else ''}{number} LIMIT ?"
    rows = store.execute(f"SELECT {number} {source} {order}", (*values, -1 if limit is None else limit))
    return Found(entries_of(store, (found for (found,) in rows.fetchall())), total, ranked)


def _source(words: str, demands: Sequence[_Demand]) -> tuple[str, str, tuple[object, ...]]:
    """Which entries hold the words and are as demanded, in SQL; the column with their numbers; the values."""
    values = tuple(value for one in demands for value in one.values)
    conditions = [one.sql for one in demands]
    if not words:
        return f"FROM entry {_where(conditions)}", "number", values
    joined = "CROSS JOIN entry ON number = words.rowid" if demands else ""  # words first: they leave fewer rows
    return f"FROM words {joined} {_where(['words MATCH ?', *conditions])}", "words.rowid", (words, *values)


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _kind(only: Only) -> Iterator[_Demand]:
    if only.category:
        yield _Demand("entry.category = ?", (resolve(only.category, CATEGORIES, kind="category"),))
    if only.direction:
        yield _Demand("entry.direction = ?", (resolve(only.direction, list(DIRECTIONS), kind="direction"),))


def _years(year: str) -> Iterator[_Demand]:
    if not year:
        return
    found = _YEARS.fullmatch(year.strip())
    if found is None:
        raise DataError(f"'{year}' is no year", where="year", hint="write 2001 or 2001-2010")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise DataError(f"'{year}' runs backwards", where="year", hint=f"write {last}-{first}")
    yield _Demand("year BETWEEN ? AND ?", (first, last))


def _component(name: str, store: sqlite3.Connection) -> _Demand:
    """Entries of a gene, or of every gene that a name stands for."""
    known = {plain(symbol): symbol for (symbol,) in store.execute("SELECT DISTINCT symbol FROM component ORDER BY symbol")}
    usual = [symbol for symbol in symbols_of(name) if plain(symbol) in known]
    symbols = usual if usual and plain(name) not in known else [resolve(name, known.values(), kind="component")]
    marks = ", ".join("?" * len(symbols))
    return _Demand(f"number IN (SELECT entry FROM component WHERE symbol IN ({marks}))", tuple(symbols))  # noqa: S608


def _therapy(name: str, store: sqlite3.Connection) -> str:
    """Words that must stand in the therapy."""
    words = " AND ".join(f"therapy : ({one})" for one in _alternatives(name))
    if words and store.execute("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", (words,)).fetchone():
        return words
    cells = store.execute("SELECT DISTINCT therapy FROM entry")
    known = {part for (cell,) in cells for part in re.split(r"[;,]? ", cell) if _TOKEN.search(part)}
    offers = nearest(name, sorted(known), count=1)
    hint = f"did you mean '{offers[0]}'?" if offers else "leave it out, or write a drug's name"
    raise UnknownNameError(f"no study under therapy '{name}'", hint=hint)


def _alternatives(text: str) -> Iterator[str]:
    """For each word of a text, the ways in which it may be written, as the index is asked for them."""
    compounds = [word for word in _BETWEEN_WORDS.split(words_of(text)) if _TOKEN.search(word)]
    for word in dict.fromkeys(_named(compounds)):
        ways = [way for name in also_called(word) for way in (words_of(name), plain(name))]
        yield " OR ".join(dict.fromkeys(f'"{" ".join(_TOKEN.findall(way))}"' for way in ways))


def _named(compounds: Sequence[str]) -> Iterator[str]:
    """The words to seek; two that are one name together, as `cyclin D1`, are one."""
    after = iter((*compounds[1:], ""))
    for word in (words := iter(compounds)):
        pair = f"{word} {next(after)}"
        if len(also_called(pair)) > 1 and pair.strip() != word:
            yield pair
            next(words), next(after)
        else:
            yield from _parts(word)


def _parts(compound: str) -> list[str]:
    """`tamoxifen-resistant` is two words; `MCF-7`, `4-OHT` and names of genes and drugs stay one."""
    parts = _TOKEN.findall(compound)
    apart = all(len(part) >= _LONG for part in parts) and len(also_called(compound)) == 1
    return parts if apart else [compound]
