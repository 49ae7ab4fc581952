"""The publications behind the model: what each shows, and where its identifier was seen. It knows no equations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tamarisk.errors import Issue
from tamarisk.tables import CONTENT, Column, Row, read_table

CATEGORIES = ("cell line", "animal", "clinical", "review", "model", "data", "biochemical", "method")
SEEN = ("full text", "abstract", "cited", "data file", "record")
_PMID = re.compile(r"[1-9]\d{3,7}")
_DOI = re.compile(r"10\.\d{4,9}/[^\s,;]*[^\s,;.:]")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")

_COLUMNS = (
    Column("key"),
    Column("citation"),
    Column("pmid", required=False),
    Column("doi", required=False),
    Column("other", required=False),
    Column("category", choices=CATEGORIES),
    Column("says", required=False),
    Column("seen", choices=SEEN),
    Column("where"),
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One publication, data file or model.

    Attributes:
        key: short name.
        citation: authors, year and journal, as far as seen.
        pmid: PubMed identifier, empty if not seen.
        doi: DOI, empty if not seen.
        other: another identifier (PMC, repository@commit).
        category: cell line, animal, clinical, review, model, data, biochemical or method.
        says: what it shows, in a sentence of ours; empty where its studies, effects or trials say it.
        seen: how much of it was seen.
        where: where it was seen.
    """

    key: str
    citation: str
    pmid: str
    doi: str
    other: str
    category: str
    says: str
    seen: str
    where: str

    @property
    def year(self) -> int | None:
        """The year in its citation, none where it names none."""
        found = _YEAR.search(self.citation)
        return int(found[0]) if found else None

    def addresses(self) -> tuple[str, ...]:
        """Resolvable addresses, as the model's annotations write them."""
        found = [f"https://identifiers.org/pubmed/{self.pmid}"] if self.pmid else []
        found += [f"https://identifiers.org/doi/{self.doi}"] if self.doi else []
        pmc = re.search(r"PMC\d+", self.other)
        found += [f"https://identifiers.org/pmc/{pmc[0]}"] if pmc else []
        return (*found, f"urn:tamarisk:reference:{self.key}")


@cache
def references() -> Mapping[str, Reference]:
    """Every reference, by key.

    >>> references()["GHAYAD2008"].pmid
    '19016759'
    """
    rows = read_table(CONTENT / "evidence" / "references.tsv", _COLUMNS, check=_Rules().faults)
    return {row["key"]: Reference(*(row[column.name] for column in _COLUMNS)) for row in rows}


@cache
def by_address() -> Mapping[str, Reference]:
    """Every reference, by each of its resolvable addresses."""
    return {address: one for one in references().values() for address in one.addresses()}


def identifier_faults(row: Row) -> Iterator[Issue]:
    """What is wrong with the form of a PMID or a DOI.

    Args:
        row: cells `pmid` and `doi`.

    Yields:
        One issue for each bad cell, at its column.

    >>> [str(one) for one in identifier_faults(Row(2, {"pmid": "PMC123"}))]
    ["column pmid: 'PMC123' is no PubMed identifier"]
    """
    if row["pmid"] and not _PMID.fullmatch(row["pmid"]):
        yield Issue("column pmid", f"'{row['pmid']}' is no PubMed identifier")
    if row["doi"] and not _DOI.fullmatch(row["doi"]):
        yield Issue("column doi", f"'{row['doi']}' is no DOI")


class _Rules:
    """What must hold within a row, and between rows: a key, a PMID and a DOI stand once."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], int] = {}

    def faults(self, row: Row) -> Iterator[Issue]:
        for column in ("key", "pmid", "doi"):
            value = row[column].lower()
            if value and (column, value) in self.seen:
                yield Issue(f"column {column}", f"'{row[column]}' stands already in row {self.seen[column, value]}")
            self.seen.setdefault((column, value), row.line)
        yield from identifier_faults(row)
