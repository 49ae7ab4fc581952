"""Who says so: R12. It knows the question, not the studies."""

from __future__ import annotations

from collections.abc import Iterable

from tamarisk.evidence.screening import stages
from tamarisk.evidence.study import Study, studies
from tamarisk.study.claim import PLACES, and_joined, claims, judge
from tamarisk.study.figure import Axis, Bars
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Laboratory
from tamarisk.study.support import coverage

_PERIODS = ("1994-2015", "2016+")


def publications(lab: Laboratory, test: Finding) -> Reading:
    """R12: who was read, by category; whether every other claim has its studies; what stands behind the model."""
    seen = [one for one in studies().values() if one.seen != "recalled"]
    counts = {period: [_publications(seen, period, category) for category in PLACES] for period in _PERIODS}
    articles = len({one.reference for one in seen if one.period == _PERIODS[0]})
    bare = [name for name, claim in claims().items() if name != test.id and not any(one.decided for one in judge(claim).tallies)]
    holds = articles >= test.limits["articles_at_least"] and all(counts[_PERIODS[0]]) and not bare
    said = ", ".join(f"{count} on {place}" for count, place in zip(counts[_PERIODS[0]], PLACES.values(), strict=True))
    asked = len(claims()) - 1
    behind = coverage(lab.solver.model)
    return Reading(
        float(articles),
        "publications",
        holds,
        f"{articles} publications of 1994 to 2015 have a study in the store ({said}; one may be in several); "
        f"{asked - len(bare)} of {asked} other claims have studies for or against by others"
        + (f", but {and_joined(bare)} have none" if bare else ""),
        covers="a count: no interval",
        numbers=(
            *(Figure(f"flow: {one.text}", float(one.count), "count") for one in stages() if one.count is not None),
            Figure("claims with studies", float(asked - len(bare)), "claims"),
            Figure("reactions with a publication", float(behind.count("evidence")), "reactions"),
            Figure("reactions marked assumed", float(behind.count("assumed")), "reactions"),
            Figure("publications that the model cites", float(len(behind.cited)), "publications"),
        ),
        panels=(_bars(counts),),
    )


def _publications(seen: Iterable[Study], period: str, category: str) -> int:
    return len({one.reference for one in seen if (one.period, one.category) == (period, category)})


def _bars(counts: dict[str, list[int]]) -> Bars:
    """Publications by category, those that the review could read and those after it."""
    series = tuple((period, tuple(map(float, some))) for period, some in counts.items())
    return Bars("Publications with a study in the store", Axis("publications"), tuple(PLACES), series)
