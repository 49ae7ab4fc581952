"""Claims: the rule that turns rows into words, row by row and over the store."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tamarisk.evidence.question import questions
from tamarisk.evidence.reference import references
from tamarisk.evidence.study import DIRECTIONS, Study, studies
from tamarisk.evidence.trial import trials
from tamarisk.study.claim import PLACES, SENSES, Judgement, Tally, claims, judge, side
from tamarisk.study.finding import findings
from tamarisk.study.perturbation import manner

PLAIN = next(iter(studies().values()))


@pytest.fixture(scope="module")
def found() -> dict[str, Judgement]:
    """Every claim, judged."""
    return {name: judge(claim) for name, claim in claims().items()}


def study(direction: str, perturbation: str) -> Study:
    """A row of a direction and a perturbation."""
    return replace(PLAIN, direction=direction, perturbation=perturbation)


def votes(supports: int, contradicts: int, neutral: int) -> Tally:
    """A tally of so many publications."""
    ids = [
        tuple((f"{word}{number}",) for number in range(count))
        for word, count in zip("abc", (supports, contradicts, neutral), strict=True)
    ]
    return Tally("clinical", *ids, ())


# the rule


@pytest.mark.parametrize(
    ("claim", "direction", "perturbation", "expected"),
    [
        ("R6", "resistance", "much p-mTOR S2448", "supports"),
        ("R6", "sensitivity", "p-mTOR S2448", "contradicts"),
        ("R6", "sensitivity", "everolimus", "supports"),
        ("R6", "reversal", "rapamycin or temsirolimus", "supports"),
        ("R6", "none", "phosphorylated S6K1", "neutral"),
        ("R6", "mixed", "phosphorylated S6K1", "neutral"),
        ("R6", "not stated", "phosphorylated S6K1", "silent"),
        ("R9", "resistance", "no PTEN", "supports"),
        ("R9", "sensitivity", "no PTEN", "contradicts"),
        ("R9", "sensitivity", "much PTEN", "supports"),
        ("R9", "sensitivity", "inhibitors of p110alpha and p110beta", "neutral"),
        ("R10", "none", "PIK3CA mutation", "supports"),
        ("R10", "resistance", "PIK3CA mutation", "contradicts"),
        ("R10", "sensitivity", "PIK3CA mutation", "contradicts"),
        ("G3", "sensitivity", "everolimus", "supports"),
        ("G3", "resistance", "everolimus", "contradicts"),
        ("R3", "agonism", "much HER2", "supports"),
        ("R3", "resistance", "much HER2", "neutral"),
    ],
)
def test_a_row_takes_a_side(claim: str, direction: str, perturbation: str, expected: str) -> None:
    """Reference: by hand from what each direction means: what the perturbation, or more of the marker, does to the response."""
    assert side(claims()[claim], study(direction, perturbation)) == expected


@pytest.mark.parametrize(
    ("perturbation", "expected"),
    [
        ("knock-down of SMO or GLI1", "lost"),
        ("deletion of p21", "lost"),
        ("little PTEN", "lost"),
        ("mTOR kinase inhibitor MLN0128", "inhibited"),
        ("trastuzumab", "inhibited"),
        ("GNE-2861 against much PAK4", "inhibited"),
        ("active SRC against dominant-negative SRC", "raised"),
        ("CCND1 amplification", "raised"),
        ("HER2", "raised"),
    ],
)
def test_words_say_how_a_component_was_changed(perturbation: str, expected: str) -> None:
    """Reference: perturbations of the store, read by hand; what is named first decides."""
    assert manner(perturbation) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0, 0), "missing"),
        ((2, 0, 0), "weak"),
        ((1, 1, 0), "weak"),
        ((3, 0, 0), "clear"),
        ((3, 1, 0), "clear"),
        ((3, 0, 2), "contested"),
        ((2, 2, 0), "contested"),
        ((1, 3, 0), "denied"),
        ((0, 0, 5), "contested"),
    ],
)
def test_counts_become_a_word(counts: tuple[int, int, int], expected: str) -> None:
    """Reference: three quarters of at least three, by hand at its edges."""
    assert votes(*counts).strength == expected


@given(counts=some.tuples(*[some.integers(0, 30)] * 3))
def test_another_study_for_a_claim_never_weakens_it(counts: tuple[int, int, int]) -> None:
    """Law: with one more for it a clear claim stays clear and a denied one grows no worse; mirrored counts mirror the word."""
    supports, contradicts, neutral = counts
    before, after = votes(*counts).strength, votes(supports + 1, contradicts, neutral).strength
    assert after == "clear" if before == "clear" else after != "denied" or before in {"denied", "weak"}
    mirrored = {"clear": "denied", "denied": "clear"}
    assert votes(contradicts, supports, neutral).strength == mirrored.get(before, before)


def test_a_judgement_speaks_in_words() -> None:
    """Reference: by hand: clear in cells, weak in animals, contested in patients is contested as a whole."""
    tallies = (votes(4, 0, 0), votes(1, 0, 0), votes(2, 2, 0))
    named = tuple(replace(one, category=place) for one, place in zip(tallies, PLACES, strict=True))
    one = Judgement(claims()["R6"], named, {})
    assert (one.strength, one.verdict) == ("clear in cells, weak in animals, contested in patients", "contested")
    assert Judgement(claims()["R6"], named[:2], {}).verdict == "one kind only"
    assert Judgement(claims()["R6"], (named[0], replace(named[0], category="animal")), {}).verdict == "solid"
    assert Judgement(claims()["R6"], named[1:2], {}).verdict == "missing"
    assert Judgement(claims()["R12"], named, {}).verdict == "not asked"


# the store


def test_every_conclusion_of_the_founding_studies_is_a_claim() -> None:
    """Law: R1 to R13 and G1 to G9, each once, with its words at one home; what it refers to exists."""
    assert list(claims()) == list(findings())
    for name, claim in claims().items():
        assert claim.finding is findings()[name]
        assert claim.asks.endswith(("?", ".")), name
        assert set(claim.question) <= questions().keys(), name
        assert not claim.own or claim.own in references(), name
        for pattern in (claim.perturbation, claim.model_system, claim.therapy, claim.readout):
            re.compile(pattern)


def test_components_are_those_of_the_store() -> None:
    """Law: every claim that names components has at least one that some study names too."""
    known = {symbol for one in studies().values() for symbol in one.component}
    assert [name for name, claim in claims().items() if claim.component and not set(claim.component) & known] == []


def test_a_publication_counts_once_in_a_category(found: dict[str, Judgement]) -> None:
    """Law: no publication stands twice in a tally, and every id is of the category and of one publication."""
    rows = {**studies(), **trials()}
    for one in found.values():
        for tally in one.tallies:
            groups = (*tally.supports, *tally.contradicts, *tally.neutral, *tally.silent)
            sources = [{rows[name].reference for name in group} for group in groups]
            assert all(len(keys) == 1 for keys in sources)
            assert len(set.union(set(), *sources)) == len(sources)
            for name in (name for group in groups for name in group):
                assert name in trials() or studies()[name].category == tally.category


def test_the_founding_study_is_no_witness_to_itself(found: dict[str, Judgement]) -> None:
    """Law: no row of Ghayad 2008 speaks for a claim of Ghayad 2008, though the store holds rows of it."""
    own = {name for name, one in studies().items() if one.reference == "GHAYAD2008"}
    assert own
    assert found["G5"].own == ("S243",)
    assert found["R6"].own == ()
    for name in (name for name in claims() if name.startswith("G")):
        assert not own & {row for tally in found[name].tallies for group in tally.supports for row in group}


def test_recalled_rows_and_unseen_outcomes_decide_nothing(found: dict[str, Judgement]) -> None:
    """Law: whatever decides was seen and says a direction."""
    for one in found.values():
        for tally in one.tallies:
            for name in (name for group in (*tally.supports, *tally.contradicts) for name in group if name in studies()):
                assert studies()[name].seen != "recalled"
        silent = [name for tally in one.tallies for group in tally.silent for name in group]
        assert all(studies()[name].direction == "not stated" for name in silent)


def test_directions_of_a_sense_are_directions() -> None:
    """Law: a sense speaks of directions that studies have, and never counts one both ways."""
    for supports, contradicts in SENSES.values():
        assert {word.partition(",")[0] for word in (*supports, *contradicts)} <= DIRECTIONS.keys()
        assert not set(supports) & set(contradicts)


def test_what_the_literature_disagrees_on_is_shown_as_contested(found: dict[str, Judgement]) -> None:
    """Golden: DESIGN.md section 2: the clinical evidence on PIK3CA (R10) is not uniform; a word has no tolerance."""
    patients = found["R10"].tallies[2]
    assert found["R10"].verdict == "contested"
    assert len(patients.supports) >= 3
    assert len(patients.contradicts) >= 3
    assert found["R5"].tallies[0].strength == "clear"
    assert found["G8"].verdict == "missing"
