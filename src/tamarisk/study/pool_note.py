"""What must be known beside a pooled number, in sentences computed from the rows. It knows counts, not causes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tamarisk.evidence.effect import Effect, effects
from tamarisk.evidence.question import questions
from tamarisk.evidence.study import Study, studies
from tamarisk.evidence.trial import Trial, trials
from tamarisk.measurement.heterogeneity import quantile
from tamarisk.measurement.meta_regression import FEWEST_FOR_EGGER, egger, meta_regression
from tamarisk.measurement.pooling import FEWEST_FOR_PREDICTION
from tamarisk.study.perturbation import manner
from tamarisk.study.pool_specification import Specification
from tamarisk.units import percent, rounded

_FEWEST_TO_COMPARE = 2  # studies in each of two groups
_WORSE, _BETTER = ("resistance", "agonism"), ("sensitivity", "reversal")


def pool_notes(question: str, found: Sequence[Specification]) -> tuple[str, ...]:
    """Everything that a reader of the pooled number must know, most important first.

    Args:
        question: key of the question.
        found: its specifications.

    Returns:
        Sentences: how far the choices move the number, how studies differ, who was left out, what has no number.

    >>> pool_notes("SRC", ())[0]
    'No study of this question has a number that may be pooled.'
    """
    main = next((one for one in found if one.main), None)
    return (*_size(main), *_range(found), *_groups(main), *_asymmetry(main), *_left_out(found), missing_numbers(question, main))


def missing_numbers(question: str, main: Specification | None) -> str:
    """How many clinical studies of the same components stand outside the main pool, and what they say.

    Args:
        question: key of the question.
        main: its main specification, if there is one.

    Returns:
        A sentence on the rows of the question, and one on the other studies of the store.

    >>> missing_numbers("SRC", None).partition(" of this")[0]
    'Missing numbers: 3 of 3 rows'
    """
    inside = {name for row in (main.choice.rows if main else ()) for name in row.ids}
    asked: dict[str, Effect | Trial] = {**effects(), **trials()}
    rows = [one for one in asked.values() if one.question == question]
    mute = [one for one in rows if one.log_estimate is None or one.standard_error is None]
    said = f"Missing numbers: {len(mute)} of {len(rows)} rows of this question have no ratio with an error."
    used = {one.reference for name, one in asked.items() if name in inside}
    others = [one for one in _clinical(question) if one.reference not in used]
    if not others:
        return f"{said} The store has no other clinical study of {_symbols(question)} that asks this."
    counts = Counter(one.direction for one in others)
    asked_of = f"{'blocking ' if questions()[question].kind == 'treatment' else ''}{_symbols(question)}"
    directions = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    apart = f"Clinical studies of {asked_of} outside the main pool: {len(others)} ({directions})."
    return f"{said} {apart}{_lean(counts, main)}"


def _symbols(question: str) -> str:
    return " or ".join(questions()[question].component)


def _clinical(question: str) -> list[Study]:
    """Clinical studies of the components: of blocking them where the question is about a treatment, else of the marker."""
    about, treatment = set(questions()[question].component), questions()[question].kind == "treatment"
    some = [one for one in studies().values() if one.category == "clinical" and about & set(one.component)]
    return [one for one in some if (manner(one.perturbation) == "inhibited") == treatment]


def _lean(counts: Mapping[str, int], main: Specification | None) -> str:
    """Which way the pooled number may be off because of what has no number."""
    if main is None:
        return ""
    worse, better = (sum(counts[name] for name in names) for names in (_WORSE, _BETTER))
    neither = counts["none"] + counts["mixed"]
    if neither > max(worse, better):
        return " Most of these found no difference, so the pooled number may lie too far from 1."
    if worse == better:
        return " They lean neither way."
    agree = (worse > better) == (main.estimate > 1)
    return f" They lean {'the same way as' if agree else 'against'} the pooled number."


def _size(main: Specification | None) -> Iterator[str]:
    if main is None:
        yield "No study of this question has a number that may be pooled."
    elif main.k == 1:
        yield "One study alone: nothing was pooled."
    elif main.k < FEWEST_FOR_PREDICTION:
        reach = quantile(0.95, "Hartung-Knapp", df=main.k - 1)
        yield (
            f"{main.k} studies say little about how studies differ: the interval reaches {reach:.3g} "
            "standard errors to each side; tau2, I2 and the prediction interval are only descriptive."
        )


def _range(found: Sequence[Specification]) -> Iterator[str]:
    """How far the estimate moves between specifications of two or more studies, and how many exclude 1."""
    pooled = [one for one in found if one.k > 1]
    if len(pooled) > 1:
        low, high = (rounded(pick(one.estimate for one in pooled)) for pick in (min, max))
        sure = sum(one.low > 1 or one.high < 1 for one in pooled)
        yield f"Over {len(pooled)} specifications the estimate runs from {low} to {high}; {sure} intervals exclude 1."


def _groups(main: Specification | None) -> Iterator[str]:
    """Whether two groups of rows differ, by meta-regression on which of the two they belong to."""
    if main is None:
        return
    counts = Counter(row.group for row in main.choice.rows)
    pair = [name for name, count in counts.items() if count >= _FEWEST_TO_COMPARE]
    if len(pair) != 2:
        return
    rows = [row for row in main.choice.rows if row.group in pair]
    second = [float(row.group == pair[1]) for row in rows]
    effect, variance = [row.log_estimate for row in rows], [row.standard_error**2 for row in rows]
    found = meta_regression(effect, variance, moderators={"second": second})
    ratio = found.coefficients["second"]
    value, low, high = (rounded(math.exp(end)) for end in (ratio.value, ratio.low, ratio.high))
    said = f"{pair[1]} against {pair[0]}: ratio of the ratios {value} (95 % {low} to {high})"
    yield f"{said[0].upper()}{said[1:]}, p = {found.p:.2g}, by meta-regression."


def _asymmetry(main: Specification | None) -> Iterator[str]:
    """Egger's test, or why there is none."""
    if main is None or main.k == 1:
        return
    if main.k < FEWEST_FOR_EGGER:
        yield f"Small-study effects cannot be tested with {main.k} studies; {FEWEST_FOR_EGGER} are the least."
        return
    rows = main.choice.rows
    found = egger([row.log_estimate for row in rows], np.square([row.standard_error for row in rows]))
    yield f"Small-study effects (Egger): t = {found.t:.2f}, p = {found.p:.2g}, {main.k} studies; I2 {percent(main.I2)}."


def _left_out(found: Sequence[Specification]) -> Iterator[str]:
    """Which rows of the same patients were kept apart, each pair once."""
    pairs = {frozenset((out.label, out.rival)): out for one in found for out in one.choice.left_out}
    if pairs:
        said = "; ".join(f"{out.label} and {out.rival} ({', '.join(out.cohort)})" for out in pairs.values())
        yield f"Never in one pool, being of the same patients: {said}."
