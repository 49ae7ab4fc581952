"""The questions that several studies put a number to, and how their numbers are pooled. It holds no number itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tamarisk.errors import Issue
from tamarisk.evidence.reference import references
from tamarisk.evidence.study import listed_cell, symbol_faults
from tamarisk.tables import CONTENT, Column, Row, read_table

KINDS = {
    "prognostic": "tumours with the marker against those without, under the therapy or none: above 1 is worse with the marker",
    "predictive": "the effect of the therapy with the marker over that without: above 1, the therapy does less with the marker",
    "treatment": "endocrine therapy with the inhibitor against without: below 1, the inhibitor helps",
}
POOLINGS = {
    "random effects": "the main rows, parts of one study first joined by fixed effect",
    "one study": "one study alone has a number that may be used; it is shown as it is",
    "published pool": "a published pooled estimate is shown; nothing is pooled again",
    "none": "the rows are listed, for none has a number that may be used",
}

_COLUMNS = (
    Column("key"),
    Column("text"),
    Column("component"),
    Column("kind", choices=tuple(KINDS)),
    Column("pooling", choices=tuple(POOLINGS)),
    Column("why"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the pooled numbers.

    Attributes:
        key: short name, as `PIK3CA`.
        text: the question in words.
        component: HGNC symbols of what it is about.
        kind: one of `KINDS`.
        pooling: one of `POOLINGS`.
        why: why its main rows are the main ones.
    """

    key: str
    text: str
    component: tuple[str, ...]
    kind: str
    pooling: str
    why: str


@cache
def questions() -> Mapping[str, Question]:
    """Every question, by key.

    >>> questions()["PIK3CA"].kind
    'prognostic'
    """
    rows = read_table(CONTENT / "evidence" / "questions.tsv", _COLUMNS, check=_Rules().faults)
    return {row["key"]: _question(row) for row in rows}


def _question(row: Row) -> Question:
    return Question(row["key"], row["text"], listed_cell(row["component"]), row["kind"], row["pooling"], row["why"])


def answer_faults(row: Row) -> Iterator[Issue]:
    """What is wrong with the words of a row that answers a question.

    Args:
        row: cells `reference`, `question` and `says`; one that is empty was refused or may be.

    Yields:
        One issue for each fault, at its column.

    >>> [str(one) for one in answer_faults(Row(2, {"reference": "", "question": "PIK3", "says": ""}))]
    ["column question: 'PIK3' is no key of questions.tsv"]
    """
    if row["reference"] and row["reference"] not in references():
        yield Issue("column reference", f"'{row['reference']}' is no key of references.tsv")
    if row["question"] and row["question"] not in questions():
        yield Issue("column question", f"'{row['question']}' is no key of questions.tsv")
    if row["says"] and not row["says"].endswith("."):
        yield Issue("column says", "it is no sentence: the full stop is missing")


class _Rules:
    """A key stands once, and a question ends with a question mark."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}

    def faults(self, row: Row) -> Iterator[Issue]:
        if row["key"] in self.lines:
            yield Issue("column key", f"'{row['key']}' stands already in row {self.lines[row['key']]}")
        self.lines.setdefault(row["key"], row.line)
        if row["text"] and not row["text"].endswith("?"):
            yield Issue("column text", "it is no question: the question mark is missing")
        yield from symbol_faults(row["component"])
