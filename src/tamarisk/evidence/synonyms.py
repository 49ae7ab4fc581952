"""What else a gene or a drug is called, so that a question in one name finds an answer in another. It knows words only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from tamarisk.names import plain
from tamarisk.tables import CONTENT, Column, read_table

_SYMBOLS = (Column("symbol"), Column("also"))
_DRUGS = (Column("name"), Column("aliases", required=False))


def also_called(name: str) -> tuple[str, ...]:
    """The name as it was typed, then every other name of what it may stand for.

    Args:
        name: a gene or a drug, whatever its case, dashes and blanks.

    >>> also_called("Her-2")[:2]
    ('Her-2', 'ERBB2')
    >>> also_called("weather")
    ('weather',)
    """
    return name, *(other for other in _names().get(plain(name), ()) if plain(other) != plain(name))


def symbols_of(name: str) -> tuple[str, ...]:
    """The HGNC symbols that a gene's name stands for, none if it is no usual name.

    >>> symbols_of("AKT")
    ('AKT1', 'AKT2', 'AKT3')
    """
    return _symbols().get(plain(name), ())


@cache
def _symbols() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in read_table(CONTENT / "evidence" / "symbols.tsv", _SYMBOLS):
        for name in row["also"].split(";"):
            found[plain(name)].append(row["symbol"])
    return {name: tuple(symbols) for name, symbols in found.items()}


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    """All names of one thing, by each of them; a name of several things brings the names of all."""
    groups = [(row["symbol"], *row["also"].split(";")) for row in read_table(CONTENT / "evidence" / "symbols.tsv", _SYMBOLS)]
    drugs = read_table(CONTENT / "drugs.tsv", _DRUGS, extra=True)
    groups += [(row["name"], *row["aliases"].split(";")) for row in drugs if row["aliases"]]
    found: dict[str, list[str]] = defaultdict(list)
    for group in groups:
        for name in group:
            found[plain(name)] += group
    return {name: tuple(dict.fromkeys(names)) for name, names in found.items()}
