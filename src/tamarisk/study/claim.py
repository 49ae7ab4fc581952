"""The conclusions of the founding studies, judged by the rows of the store. It knows rules for counting, not biology."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tamarisk.evidence.study import Study, listed_cell, studies
from tamarisk.evidence.trial import Trial, trials
from tamarisk.study.finding import Finding, findings
from tamarisk.study.perturbation import manner
from tamarisk.study.pool_specification import Specification
from tamarisk.study.pooled_evidence import pool_evidence
from tamarisk.tables import CONTENT, Column, Row, read_table

# What a row must say to speak for a claim, and what to speak against it; any other direction that was stated is neutral.
# A sensitivity stands with the manner of its perturbation: what raises, inhibits or removes the component.
SENSES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "more brings resistance": (
        ("resistance", "agonism", "reversal", "sensitivity, inhibited", "sensitivity, lost"),
        ("sensitivity, raised",),
    ),
    "loss brings resistance": (("resistance", "agonism", "reversal", "sensitivity, raised"), ("sensitivity, lost",)),
    "restores response": (("sensitivity", "reversal"), ("resistance", "agonism")),
    "makes no difference": (("none",), ("resistance", "agonism", "reversal", "sensitivity")),
    "is seen": (("resistance", "agonism", "reversal"), ()),
    "makes grow": (("agonism",), ()),
    "not asked": ((), ()),
}
WHERE_SEEN = ("makes grow",)  # that it can happen: a study that did not see it was not asked
PLACES = {"cell line": "cells", "animal": "animals", "clinical": "patients"}
SHARE = 0.75  # of the studies that decide must agree
FEWEST = 3  # studies in a category; fewer are weak
_COLUMNS = (
    Column("finding"),
    Column("sense", choices=tuple(SENSES)),
    Column("component", required=False),
    Column("perturbation", required=False),
    Column("model_system", required=False),
    Column("therapy", required=False),
    Column("readout", required=False),
    Column("question", required=False),
    Column("own", required=False),
    Column("asks"),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One conclusion of a founding study, and which rows are asked about it.

    Attributes:
        finding: the conclusion, in our words, with its id and source.
        sense: one of `SENSES`.
        component: HGNC symbols, one of which a row must be about; empty for any.
        perturbation: what its perturbation must match; empty for anything.
        model_system: what its cells, animals or patients must match.
        therapy: what one of its therapies must match.
        readout: what its readout must match.
        question: keys of the pooled questions that belong to it; their trials are asked too.
        own: key of the founding study itself, which is no witness to its own claim; empty where it is a review.
        asks: what is asked of the rows, in words.
    """

    finding: Finding
    sense: str
    component: tuple[str, ...]
    perturbation: str
    model_system: str
    therapy: str
    readout: str
    question: tuple[str, ...]
    own: str
    asks: str


@dataclass(frozen=True, slots=True)
class Tally:
    """The studies of one category, each publication once.

    Attributes:
        category: cell line, animal or clinical.
        supports: ids of the rows that speak for the claim, by publication.
        contradicts: of those against it.
        neutral: of those that say neither, or both.
        silent: of those whose outcome was not seen; they decide nothing.
    """

    category: str
    supports: tuple[tuple[str, ...], ...]
    contradicts: tuple[tuple[str, ...], ...]
    neutral: tuple[tuple[str, ...], ...]
    silent: tuple[tuple[str, ...], ...]

    @property
    def decided(self) -> int:
        """How many studies decide."""
        return len(self.supports) + len(self.contradicts) + len(self.neutral)

    @property
    def strength(self) -> str:
        """Missing (no study), weak (one or two), clear (three quarters for it), denied (three quarters against it) or contested.

        >>> Tally("clinical", (("a",), ("b", "c"), ("d",)), (("e",),), (), ()).strength
        'clear'
        """
        if not self.decided:
            return "missing"
        if self.decided < FEWEST:
            return "weak"
        if len(self.supports) >= SHARE * self.decided:
            return "clear"
        return "denied" if len(self.contradicts) >= SHARE * self.decided else "contested"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A claim with what the rows say.

    Attributes:
        claim: the claim.
        tallies: by category, cells first.
        pooled: main specifications of its questions, by key; none where nothing could be pooled.
        own: ids of the rows of the founding study itself, which were not counted.
    """

    claim: Claim
    tallies: tuple[Tally, ...]
    pooled: Mapping[str, Specification | None]
    own: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Solid (clear in two kinds of study or more), one kind only, contested (or denied) in one, missing (or weak), not asked.

        >>> judge(claims()["R12"]).verdict
        'not asked'
        """
        words = [one.strength for one in self.tallies]
        if not any(SENSES[self.claim.sense]):
            return "not asked"
        if {"contested", "denied"} & set(words):
            return "contested"
        return ("missing", "one kind only", "solid", "solid")[words.count("clear")]

    @property
    def strength(self) -> str:
        """The strength by category in words, as `clear in cells, weak in animals, contested in patients`."""
        groups: dict[str, list[str]] = {}
        for one in self.tallies:
            groups.setdefault(one.strength, []).append(PLACES[one.category])
        return ", ".join(f"{word} in {and_joined(places)}" for word, places in groups.items())


@cache
def claims() -> Mapping[str, Claim]:
    """Every claim, by id of its finding.

    >>> claims()["R9"].component
    ('PTEN',)
    """
    rows = read_table(CONTENT / "evidence" / "claims.tsv", _COLUMNS)
    return {row["finding"]: _claim(row) for row in rows}


def _claim(row: Row) -> Claim:
    return Claim(
        finding=findings()[row["finding"]],
        sense=row["sense"],
        component=listed_cell(row["component"]) if row["component"] else (),
        perturbation=row["perturbation"],
        model_system=row["model_system"],
        therapy=row["therapy"],
        readout=row["readout"],
        question=listed_cell(row["question"]) if row["question"] else (),
        own=row["own"],
        asks=row["asks"],
    )


def judge(claim: Claim) -> Judgement:
    """What the rows of the store say about a claim, computed by rule.

    A publication counts once in a category; one whose rows disagree is neutral. A trial speaks for or against a therapy where its
    interval excludes 1. Rows that were recalled do not count, nor does the study that made the claim.

    Args:
        claim: the claim.

    Returns:
        The studies for, against and neutral in each category, and the pooled estimates that belong to it.

    >>> judge(claims()["R9"]).tallies[2].category
    'clinical'
    """
    voices: dict[tuple[str, str], dict[str, list[str]]] = {}
    for category, reference, side, name in _voices(claim):
        voices.setdefault((category, reference), {}).setdefault(side, []).append(name)
    tallies = tuple(_tally(category, [sides for (place, _), sides in voices.items() if place == category]) for category in PLACES)
    own = tuple(one.id for one in studies().values() if one.reference == claim.own and _asked(claim, one))
    return Judgement(claim, tallies, {name: pool_evidence(name).main for name in claim.question}, own)


def side(claim: Claim, study: Study) -> str:
    """What a study says about a claim: supports, contradicts, neutral or silent.

    >>> side(claims()["R5"], studies()["S029"])
    'supports'
    """
    supports, contradicts = SENSES[claim.sense]
    words = {study.direction, f"{study.direction}, {manner(study.perturbation)}"}
    if study.direction == "not stated":
        return "silent"
    return "supports" if words & set(supports) else "contradicts" if words & set(contradicts) else "neutral"


def _voices(claim: Claim) -> Iterable[tuple[str, str, str, str]]:
    """Category, publication, side and id of every row that is asked."""
    if not any(SENSES[claim.sense]):
        return
    for one in studies().values():
        if one.category in PLACES and one.seen != "recalled" and one.reference != claim.own and _asked(claim, one):
            word = side(claim, one)
            if word == "supports" or claim.sense not in WHERE_SEEN:
                yield one.category, one.reference, word, one.id
    for trial in trials().values():
        if trial.question in claim.question and trial.role == "main" and trial.poolable:
            yield "clinical", trial.reference, _side_of(trial), trial.id


def and_joined(names: Sequence[str]) -> str:
    """Names as a sentence lists them.

    >>> and_joined(["cells", "animals", "patients"])
    'cells, animals and patients'
    """
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _asked(claim: Claim, study: Study) -> bool:
    """Whether a row is about the components, perturbation, system and therapy of a claim; one without any asks trials alone."""
    about = not claim.component or bool(set(claim.component) & set(study.component))
    pairs = (
        (claim.perturbation, study.perturbation),
        (claim.model_system, study.model_system),
        (claim.therapy, "; ".join(study.therapy)),
        (claim.readout, study.readout),
    )
    given = bool(claim.component) or any(pattern for pattern, _ in pairs)
    return given and about and all(re.search(pattern, text, re.IGNORECASE) for pattern, text in pairs)


def _side_of(trial: Trial) -> str:
    """What a trial says about what it added."""
    if trial.low is None or trial.high is None:
        return "neutral"
    return "supports" if trial.high < 1 else "contradicts" if trial.low > 1 else "neutral"


def _tally(category: str, publications: Iterable[Mapping[str, list[str]]]) -> Tally:
    found: dict[str, list[tuple[str, ...]]] = {"supports": [], "contradicts": [], "neutral": [], "silent": []}
    for sides in publications:
        spoken = [name for name in ("supports", "contradicts", "neutral") if name in sides]
        word = "silent" if not spoken else "neutral" if {"supports", "contradicts"} <= set(spoken) else spoken[0]
        found[word].append(tuple(name for ids in sides.values() for name in ids))
    return Tally(category, **{name: tuple(ids) for name, ids in found.items()})
