"""What can stand in one pool: one row per set of patients, for each question. It knows who was counted, not what to conclude."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from tamarisk.evidence.effect import Effect, effects
from tamarisk.evidence.trial import Trial, trials
from tamarisk.measurement.heterogeneity import quantile
from tamarisk.measurement.pooling import fixed_effect
from tamarisk.tables import CONTENT, Column, read_table

_COLUMNS = (Column("row"), Column("cohort"), Column("why"))
# Groups of rows that a question is also asked of alone: the stage of the disease in cohorts, what came before in trials.
_STAGES = (("neoadjuvant", "before surgery"), ("metastatic|advanced|first-line", "advanced disease"), ("", "early disease"))
_PRIOR = {
    "yes": "after endocrine resistance",
    "no": "before endocrine resistance",
    "some": "with and without endocrine resistance",
}


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One number of one set of patients.

    Attributes:
        ids: the effects or the trial that it is made of; several where parts of a study were joined.
        label: the study as a forest plot names it.
        year: of the publication.
        n: how many patients, in words.
        cohort: names of the sets of patients; two rows that share one may not stand in one pool.
        measure: HR, RR, OR or RHR.
        log_estimate: natural logarithm of the ratio.
        standard_error: of that logarithm.
        endpoint: what was counted.
        group: stage of the disease, or whether endocrine therapy had failed before.
        role: as the evidence has it: main, part, sensitivity and so on.
        recalled: whether a number of it was recalled and not seen.
    """

    ids: tuple[str, ...]
    label: str
    year: int
    n: str
    cohort: tuple[str, ...]
    measure: str
    log_estimate: float
    standard_error: float
    endpoint: str
    group: str
    role: str
    recalled: bool

    @property
    def ratio(self) -> tuple[float, float, float]:
        """The ratio and the ends of its 95 % interval."""
        reach = quantile(0.95, "normal", df=1) * self.standard_error
        return math.exp(self.log_estimate), math.exp(self.log_estimate - reach), math.exp(self.log_estimate + reach)


@dataclass(frozen=True, slots=True)
class Overlap:
    """A row that was left out because another holds the same patients, and the name of these patients."""

    label: str
    rival: str
    cohort: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.label}: same patients as {self.rival} ({', '.join(self.cohort)})"


def pool_rows(question: str) -> tuple[PoolRow, ...]:
    """Every row of a question with a ratio and an error, recalled ones among them.

    Args:
        question: key of the question.

    Returns:
        The rows, main ones and parts first, then in file order.

    >>> [row.ids for row in pool_rows("CCND1") if row.role == "main"]
    [('M081',), ('M082',)]
    """
    known: dict[str, Effect | Trial] = {**effects(), **trials()}
    found = [
        _row(one) for one in known.values() if one.question == question and None not in (one.log_estimate, one.standard_error)
    ]
    return tuple(sorted(found, key=lambda row: row.role not in {"main", "part"}))


def joined(rows: Sequence[PoolRow]) -> tuple[PoolRow, ...]:
    """The same rows, parts of one study joined by fixed effect.

    Parts that share their comparison group are not independent, so that the joined error is somewhat too small.

    Args:
        rows: rows of one question.

    Returns:
        One row where there were several parts of a study, in the place of the first.

    >>> [row.ids for row in joined(pool_rows("PIK3CA")) if len(row.ids) > 1]
    [('M005', 'M006')]
    """
    groups: dict[tuple[str, ...], list[PoolRow]] = {}
    for row in rows:
        groups.setdefault(row.cohort if row.role == "part" else row.ids, []).append(row)
    return tuple(_join(some) if len(some) > 1 else some[0] for some in groups.values())


def one_row_a_cohort(rows: Sequence[PoolRow]) -> tuple[tuple[PoolRow, ...], tuple[Overlap, ...]]:
    """Rows that share no patients, the first of each set, and each that was left out for it.

    Args:
        rows: rows in order of precedence.

    Returns:
        The rows that may stand in one pool, and why each other one may not.

    >>> kept, out = one_row_a_cohort(joined(pool_rows("PIK3CA")))
    >>> out[0].cohort
    ('TEAM',)
    """
    kept: list[PoolRow] = []
    out = []
    for row in rows:
        rival = next((one for one in kept if set(one.cohort) & set(row.cohort)), None)
        if rival is None:
            kept.append(row)
        else:
            out.append(Overlap(row.label, rival.label, tuple(sorted(set(rival.cohort) & set(row.cohort)))))
    return tuple(kept), tuple(out)


@cache
def cohorts() -> Mapping[str, tuple[str, ...]]:
    """The sets of patients of rows whose publication does not tell them apart, by id of the row.

    Rows that are not listed are taken to be of the patients of their publication, and of no others.

    >>> cohorts()["M082"]
    ('BIG 1-98',)
    """
    rows = read_table(CONTENT / "evidence" / "cohorts.tsv", _COLUMNS)
    return {row["row"]: tuple(part.strip() for part in row["cohort"].split(";")) for row in rows}


def _row(one: Effect | Trial) -> PoolRow:
    """An effect or a trial as a row; it has a ratio and an error."""
    return PoolRow(
        ids=(one.id,),
        label=_label(one),
        year=one.year,
        n=one.n if isinstance(one, Effect) else str((one.n_experimental or 0) + (one.n_control or 0) or ""),
        cohort=cohorts().get(one.id, (one.reference if isinstance(one, Effect) else one.trial,)),
        measure=one.measure,
        log_estimate=one.log_estimate or 0.0,
        standard_error=one.standard_error or math.nan,
        endpoint=one.endpoint,
        group=_group(one),
        role=one.role,
        recalled=not one.poolable,
    )


def _label(one: Effect | Trial) -> str:
    if isinstance(one, Effect):
        return one.label
    return ", ".join(filter(None, (one.trial, one.subgroup, one.endpoint if one.role == "sensitivity" else "")))


def _group(one: Effect | Trial) -> str:
    if isinstance(one, Effect):
        return next(words for pattern, words in _STAGES if re.search(pattern, one.setting))
    return _PRIOR.get(one.prior_resistance, "prior therapy not stated")


def _join(parts: Sequence[PoolRow]) -> PoolRow:
    found = fixed_effect([one.log_estimate for one in parts], [one.standard_error**2 for one in parts])
    contrasts = [one.label for one in parts]
    return replace(
        parts[0],
        ids=tuple(name for one in parts for name in one.ids),
        label=_common(contrasts),
        log_estimate=found.mean.value,
        standard_error=found.se,
        role="main",
        recalled=any(one.recalled for one in parts),
    )


def _common(labels: Sequence[str]) -> str:
    """What labels of parts begin with, up to the comma where they part."""
    parts = [label.split(", ") for label in labels]
    same = [group[0] for group in zip(*parts, strict=False) if len(set(group)) == 1]
    return f"{', '.join(same) or labels[0]}, {len(labels)} parts joined"
