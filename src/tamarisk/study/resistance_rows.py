"""Resistant lines and how they arise: G1 and G2. It knows the questions, not how cells are computed."""

from __future__ import annotations

from collections.abc import Mapping

from scipy import stats

from tamarisk.model.context import Context, composed, contexts, read_context
from tamarisk.simulation.evolution import exposed
from tamarisk.study.bench import usual
from tamarisk.study.figure import Axis, Bars, Line, Lines
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Laboratory
from tamarisk.units import percent

_LEFT_OUT = ("PIK3CA-mutant", "aromatase")  # no difference in MCF-7, and another source of E2
_DRUGS = ("4OHT", "fulvestrant", "rapamycin")
_ACTIVE = ("pAKT_S473", "pS6K")


def panel_of_cells() -> tuple[Context, ...]:
    """Every line, and MCF-7 with every edit that changes it.

    >>> len(panel_of_cells()) > 20
    True
    """
    lines = [one for one in contexts().values() if one.kind == "line"]
    edits = [one for one in contexts().values() if one.kind == "edit" and one.name not in _LEFT_OUT]
    return (*lines, *(composed([read_context("MCF-7"), edit]) for edit in edits))


def association(lab: Laboratory, test: Finding) -> Reading:
    """G1: AKT and mTOR activity of untreated cells against growth under tamoxifen."""
    cells = panel_of_cells()
    growth = tuple(lab.growth(one, usual("4OHT")) for one in cells)
    activity = {name: tuple(lab.read(one, readout=name, span_h=0.0) for one in cells) for name in _ACTIVE}
    correlation = {name: float(stats.spearmanr(values, growth).statistic) for name, values in activity.items()}
    holds = min(correlation.values()) >= test.limits["correlation_at_least"]
    said = " and ".join(f"{value:.2f} for {name}" for name, value in correlation.items())
    return Reading(
        correlation["pAKT_S473"],
        "Spearman rho",
        holds,
        f"rank correlation with growth under 4OHT {said}, over {len(cells)} lines and perturbations",
        covers="the cells are chosen, not sampled: no interval and no p-value",
        numbers=tuple(Figure(f"Spearman correlation of {name}", value, "rho") for name, value in correlation.items()),
        panels=tuple(
            Lines(
                f"{name} of untreated cells against growth under 4OHT",
                Axis(f"{name} (relative)"),
                Axis("cell number under 4OHT against untreated"),
                (Line(name, values, growth, points=True),),
                names=tuple(one.name for one in cells),
            )
            for name, values in activity.items()
        ),
    )


def cross_resistance(lab: Laboratory, test: Finding) -> Reading:
    """G2: the cross-resistant derivative, and how months of tamoxifen make one."""
    months = test.limits["months"]
    evolution = exposed(lab.solver, read_context("MCF-7"), usual("4OHT"), span_h=months * 730.5, changes=lab.changes)
    cells = {"MCF-7": read_context("MCF-7"), "MCF7-TamR": read_context("MCF7-TamR")}
    cells[f"MCF-7 after {months:g} months"] = evolution.context
    growth = {name: {drug: lab.growth(one, usual(drug)) for drug in _DRUGS} for name, one in cells.items()}
    active = {name: {one: lab.read(line, readout=one, span_h=0.0) for one in _ACTIVE} for name, line in cells.items()}
    failed = [what for what, passed in _cross_checks(growth, active, test.limits).items() if not passed]
    said = "; ".join(
        f"{name} keeps {percent(left['4OHT'])} under 4OHT and {percent(left['fulvestrant'])} under fulvestrant"
        for name, left in growth.items()
    )
    bars = tuple((drug, tuple(left[drug] for left in growth.values())) for drug in _DRUGS)
    title, label = "Growth against the same cells untreated", Axis("cell number against untreated")
    return Reading(
        growth["MCF7-TamR"]["4OHT"],
        "fold",
        not failed,
        said + (f"; not met: {', '.join(failed)}" if failed else ""),
        numbers=(
            *(Figure(f"growth of {name} under {drug}", left[drug], "fold") for name, left in growth.items() for drug in _DRUGS),
            *(Figure(f"{one} of {name}", level[one], "relative") for name, level in active.items() for one in _ACTIVE),
        ),
        panels=(Bars(title, label, tuple(cells), bars, level=1.0), _months(evolution.days, evolution.values)),
    )


def _cross_checks(
    growth: Mapping[str, Mapping[str, float]], active: Mapping[str, Mapping[str, float]], limits: Mapping[str, float]
) -> dict[str, bool]:
    """Each part of the criterion: the given derivative, then the evolved one, against the parental line."""
    parental, given, evolved = growth
    folds = {name: min(active[name][one] / active[parental][one] for one in _ACTIVE) for name in (given, evolved)}
    fold_fulvestrant = growth[evolved]["fulvestrant"] / growth[parental]["fulvestrant"]
    return {
        f"{given} under 4OHT": growth[given]["4OHT"] >= limits["share_4OHT"],
        f"{given} under fulvestrant": growth[given]["fulvestrant"] >= limits["share_fulvestrant"],
        f"AKT and mTOR in {given}": folds[given] >= limits["fold_active"],
        f"{evolved} under 4OHT": growth[evolved]["4OHT"] >= limits["share_4OHT"],
        f"{evolved} under fulvestrant": fold_fulvestrant >= limits["fold_fulvestrant"],
        f"AKT and mTOR in {evolved}": folds[evolved] >= limits["fold_active"],
    }


def _months(days: tuple[float, ...], values: dict[str, tuple[float, ...]]) -> Lines:
    daily = tuple(24 * (division - death) for division, death in zip(values["division_rate"], values["apoptosis"], strict=True))
    shares = tuple(Line(name.replace("_", " "), days, values[name]) for name in ("RTK_adapted", "AKT_adapted"))
    return Lines(
        "MCF-7 in 1 µM 4OHT for months",
        Axis("days"),
        Axis("per day, or share of cells"),
        (Line("net growth rate", days, daily), *shares),
    )
