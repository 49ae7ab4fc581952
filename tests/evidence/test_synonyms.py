"""Synonyms: each name leads to its gene or drug, and the table of symbols repeats nothing."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tamarisk.evidence.synonyms import also_called, symbols_of
from tamarisk.names import plain
from tamarisk.tables import CONTENT, Column, read_table

ROWS = read_table(CONTENT / "evidence" / "symbols.tsv", (Column("symbol"), Column("also")))
DRUGS = read_table(CONTENT / "drugs.tsv", (Column("name"), Column("aliases", required=False)), extra=True)


def test_the_table_repeats_nothing() -> None:
    """Law: a symbol stands once and looks like one, and none of its names is the symbol again or stands twice in its row."""
    assert [symbol for symbol, count in Counter(row["symbol"] for row in ROWS).items() if count > 1] == []
    for row in ROWS:
        assert re.fullmatch(r"[A-Z][A-Z0-9]+", row["symbol"])
        names = [plain(name) for name in (row["symbol"], *row["also"].split(";"))]
        assert len(set(names)) == len(names), row["symbol"]
        assert all(names), row["symbol"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["symbol"])
def test_every_name_leads_to_its_symbol(row: object) -> None:
    """Law: each usual name stands for the symbol, and the symbol brings each usual name."""
    symbol, names = row["symbol"], row["also"].split(";")  # type: ignore[index]
    for name in names:
        assert symbol in symbols_of(name)
        assert symbol in also_called(name.lower())
    assert set(names) <= set(also_called(symbol))


@pytest.mark.parametrize("row", [row for row in DRUGS if row["aliases"]], ids=lambda row: row["name"])
def test_drugs_are_called_as_the_model_calls_them(row: object) -> None:
    """Law: the other names of a drug are those of the table of drugs."""
    for name in row["aliases"].split(";"):  # type: ignore[index]
        assert row["name"] in also_called(name)  # type: ignore[index]


def test_a_stranger_is_called_as_it_is() -> None:
    """Law: a word that is no name stays alone, and stands for no gene; what was typed comes first."""
    assert also_called("weather") == ("weather",)
    assert symbols_of("weather") == ()
    assert also_called("her-2")[0] == "her-2"


def test_no_name_is_another_gene_s_symbol() -> None:
    """Law: a usual name that is itself the symbol of another gene of the table would mislead."""
    symbols = {plain(row["symbol"]) for row in ROWS}
    assert [name for row in ROWS for name in row["also"].split(";") if plain(name) in symbols - {plain(row["symbol"])}] == []
