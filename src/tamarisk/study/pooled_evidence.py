"""What the studies of one question say together. It knows the question, not which disease it is about."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tamarisk.evidence.question import Question, questions
from tamarisk.measurement.pooling import leave_one_out
from tamarisk.names import resolve
from tamarisk.study.pool_note import pool_notes
from tamarisk.study.pool_row import PoolRow, pool_rows
from tamarisk.study.pool_specification import Specification, specifications

# What a ratio below and above 1 means, for each kind of question.
SIDES = {
    "prognostic": ("better with the marker", "worse with the marker"),
    "predictive": ("therapy does more with the marker", "therapy does less with the marker"),
    "treatment": ("inhibitor helps", "inhibitor harms"),
}


@dataclass(frozen=True, slots=True, eq=False)
class PooledEvidence:
    """The answer to one question.

    Attributes:
        question: the question.
        specifications: every one that was run, the main one first; empty where no study has a number.
        beside: rows with a number that stand in no pool.
        without_one: what the main estimate becomes without each study: its label, the ratio, low and high.
        notes: what else must be known, in sentences.
    """

    question: Question
    specifications: tuple[Specification, ...]
    beside: tuple[PoolRow, ...]
    without_one: tuple[tuple[str, float, float, float], ...]
    notes: tuple[str, ...]

    @property
    def main(self) -> Specification | None:
        """The answer; none where no study has a number that was seen."""
        return next((one for one in self.specifications if one.main), None)

    @property
    def says(self) -> str:
        """The main estimate in words.

        >>> pool_evidence("SRC").says
        'no number that may be pooled'
        """
        if self.main is None:
            return "no number that may be pooled"
        below, above = SIDES[self.question.kind]
        if self.main.low > 1 or self.main.high < 1:
            shown = above if self.main.low > 1 else below
            return f"{shown}, by one study alone" if self.main.k == 1 else shown
        counts = {words: sum(side(row) for row in self.main.choice.rows) for words, side in ((below, _below), (above, _above))}
        alone = (f"{count} of {self.main.k} studies alone: {words}" for words, count in counts.items() if count)
        return "; ".join(("no difference shown, for the interval includes 1", *alone))


def pool_evidence(question: str, *, with_recalled: bool = False) -> PooledEvidence:
    """What the studies of a question say together, under every choice of rows and methods.

    No pool holds the same patients twice. Choices of rows: main ones; with the sensitivity rows of other patients; sensitivity or
    overlapping rows in the place of main ones; one endpoint, one stage of disease, or one side of endocrine resistance alone.

    Args:
        question: key of the question, as PIK3CA.
        with_recalled: whether numbers that were recalled and not seen make one further choice; they never enter the main one.

    Returns:
        Every specification, exactly one of them the main one, and what must be known beside them.

    Raises:
        UnknownNameError: there is no such question; the known ones are offered.

    References: [@DERSIMONIAN1986; @PAULE1982; @VIECHTBAUER2005; @KNAPP2003; @HIGGINS2009; @EGGER1997; @STERNE2011].

    >>> found = pool_evidence("CCND1").main
    >>> round(found.estimate, 2), found.k, found.method
    (1.66, 2, 'REML, Hartung-Knapp')
    """
    asked = questions()[resolve(question, tuple(questions()), kind="question")]
    rows = pool_rows(asked.key)
    found = specifications(rows, why=asked.why, with_recalled=with_recalled)
    main = next((one for one in found if one.main), None)
    pooled = {name for one in found for row in one.choice.rows for name in row.ids}
    beside = tuple(row for row in rows if not pooled & set(row.ids))
    return PooledEvidence(asked, found, beside, _without_one(main), pool_notes(asked.key, found))


def _below(row: PoolRow) -> bool:
    return row.ratio[2] < 1


def _above(row: PoolRow) -> bool:
    return row.ratio[1] > 1


def _without_one(main: Specification | None) -> tuple[tuple[str, float, float, float], ...]:
    if main is None or main.k < 3:
        return ()
    rows = main.choice.rows
    rest = leave_one_out([row.log_estimate for row in rows], [row.standard_error**2 for row in rows])
    ends = ((one.mean.value, one.mean.low, one.mean.high) for one in rest)
    return tuple(
        (row.label, math.exp(value), math.exp(low), math.exp(high)) for row, (value, low, high) in zip(rows, ends, strict=True)
    )
