"""One mechanism at a time, from its normal dose up: R4 to R9. It knows the questions, not how cells are computed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

from tamarisk.model.context import perturbed, read_context
from tamarisk.study.bench import dose_axis, usual
from tamarisk.study.figure import Axis, Line, Lines
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Laboratory
from tamarisk.units import percent


@dataclass(frozen=True, slots=True)
class Ladder:
    """One perturbation from none to full.

    Attributes:
        name: what is perturbed, as drawn.
        parameter: the context parameter.
        levels: its values, from MCF-7's own to the extreme.
        label: what the axis says.
        log: whether the axis is logarithmic.
    """

    name: str
    parameter: str
    levels: tuple[float, ...]
    label: str
    log: bool = True


_UP = dose_axis(1.0, 8.0, 7)
_HER2 = dose_axis(1.0, 45.0, 8)
_DOWN = tuple(reversed(dose_axis(0.05, 1.0, 7)))
LADDERS = {
    "R4": (
        Ladder("over-expression", "ERBB2_dose", _HER2, "HER2 against MCF-7"),
        Ladder("over-activation", "HER2_activation", _HER2, "activity of each HER2 against MCF-7"),
    ),
    "R5": (
        Ladder(
            "membrane-bound AKT", "AKT_myristoylation", (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0), "AKT bound without PIP3", log=False
        ),
    ),
    "R6": (
        Ladder("less TSC2", "TSC2_dose", _DOWN, "TSC2 against MCF-7"),
        Ladder("more active mTORC1", "MTOR_activation", _UP, "activity of each mTORC1 against MCF-7"),
    ),
    "R7": (Ladder("more SRC", "SRC_dose", _UP, "SRC against MCF-7"),),
    "R8": (
        Ladder("more SMO", "SMO_dose", _UP, "SMO against MCF-7"),
        Ladder("more GLI1", "GLI1_dose", _UP, "GLI1 transcription against MCF-7"),
    ),
    "R9": (Ladder("less PTEN", "PTEN_dose", _DOWN, "PTEN against MCF-7"),),
}


def mechanism(name: str) -> Callable[[Laboratory, Finding], Reading]:
    """The test of one mechanism row: growth under 4OHT along its ladders.

    >>> mechanism("R9").__name__
    'climb'
    """

    def climb(lab: Laboratory, test: Finding) -> Reading:
        return _reading(lab, test, LADDERS[name])

    return climb


def _reading(lab: Laboratory, test: Finding, ladders: tuple[Ladder, ...]) -> Reading:
    parental = _share(lab, "", math.nan)
    climbs = {ladder.name: tuple(_share(lab, ladder.parameter, level) for level in ladder.levels) for ladder in ladders}
    tops = {name: shares[-1] for name, shares in climbs.items()}
    limits = test.limits
    low = [
        name for name, top in tops.items() if top < limits["fold_at_least"] * parental or top < limits.get("share_at_least", 0.0)
    ]
    dips = [name for name, shares in climbs.items() if _deepest_fall(shares) > limits["falls_at_most"]]
    said = "; ".join(
        f"{name}: {percent(parental)} to {percent(top)} of the untreated number ({top / parental:.2f}-fold)"
        for name, top in tops.items()
    )
    faults = [*(f"{name} stays too low" for name in low), *(f"{name} falls on the way" for name in dips)]
    return Reading(
        tops[ladders[0].name] / parental,
        "fold",
        not faults,
        f"growth under 4OHT, {said}" + (f"; {' and '.join(faults)}" if faults else ""),
        numbers=(
            Figure("growth of MCF-7 under 1 µM 4OHT against untreated", parental, "fold"),
            *(Figure(f"the same at the top of {name}", top, "fold") for name, top in tops.items()),
        ),
        panels=tuple(
            Lines(
                f"Dose of the perturbation against resistance: {ladder.name}",
                Axis(ladder.label, log=ladder.log),
                Axis("cell number under 4OHT against untreated"),
                (Line(ladder.name, ladder.levels, climbs[ladder.name]),),
                level=parental,
            )
            for ladder in ladders
        ),
    )


def _share(lab: Laboratory, parameter: str, level: float) -> float:
    """Cell number under 4OHT against the same cells untreated."""
    cells = read_context("MCF-7")
    if parameter:
        cells = perturbed(cells, parameter, value=level, source="dose curve of a perturbation")
    return lab.growth(cells, usual("4OHT"))


def _deepest_fall(shares: tuple[float, ...]) -> float:
    return max(1 - later / earlier for earlier, later in itertools.pairwise(shares))
