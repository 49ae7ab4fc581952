"""What can be said of patients before there are virtual ones: G9. It knows the question, not how cells are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tamarisk.model.context import Context
from tamarisk.study.bench import dose_axis, nM, usual
from tamarisk.study.figure import Axis, Bars, Line, Lines
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Laboratory
from tamarisk.study.resistance_rows import panel_of_cells

_QUARTER = 0.75
_SHOWN = ("MCF-7", "MCF7-TamR", "BT-474")


def everolimus_at_trough(lab: Laboratory, test: Finding) -> Reading:
    """G9: growth under everolimus at the concentrations that 10 mg a day leaves in blood."""
    cells = panel_of_cells()
    trough = test.limits["trough_nM"]
    left = {one.name: lab.growth(one, nM("everolimus", trough)) for one in cells}
    answering = [name for name, share in left.items() if share <= _QUARTER]
    refractory = [name for name, share in left.items() if share > _QUARTER]
    where = f"; it takes less from {', '.join(refractory)}" if refractory else ""
    return Reading(
        float(len(answering)),
        f"of {len(cells)} contexts",
        None,
        f"at the median trough everolimus takes at least a quarter of growth in {len(answering)} of {len(cells)} contexts"
        f"{where}; no trial was run",
        covers="contexts are chosen, not sampled: no interval",
        numbers=(
            Figure("median trough of 10 mg a day", trough, "nM", "whole blood, PMID 18332470; quartiles 9.4 and 23.8 nM"),
            *(Figure(f"growth of {name} under everolimus", share, "fold") for name, share in left.items()),
        ),
        panels=(_rapalog_alone(lab), _beside_fulvestrant(lab, cells, trough, left)),
    )


def _rapalog_alone(lab: Laboratory) -> Lines:
    doses = dose_axis(0.1, 100.0, 7)
    lines = tuple(Line(name, doses, tuple(lab.growth(name, nM("everolimus", dose)) for dose in doses)) for name in _SHOWN)
    return Lines("Everolimus alone", Axis("everolimus (nM)", log=True), Axis("cell number against untreated"), lines, level=1.0)


def _beside_fulvestrant(lab: Laboratory, cells: Sequence[Context], trough: float, alone: Mapping[str, float]) -> Bars:
    beside = tuple(lab.growth(one, nM("everolimus", trough), beside=[usual("fulvestrant")]) for one in cells)
    return Bars(
        f"Everolimus at {trough:g} nM: alone, and added to fulvestrant",
        Axis("against the same without everolimus"),
        tuple(alone),
        (("alone", tuple(alone.values())), ("beside fulvestrant", beside)),
        level=1.0,
    )
