"""Oestrogen, tamoxifen and growth: R1 to R3. It knows the questions, not how cells are computed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tamarisk.measurement.dose_response import dose_reaching, dose_response_curve, ec50
from tamarisk.measurement.growth import relative_count
from tamarisk.model.context import Context, perturbed, read_context
from tamarisk.study.bench import dose_axis, nM, usual
from tamarisk.study.figure import Axis, Line, Lines, Surface
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Laboratory
from tamarisk.units import percent

Map = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

_E2 = Axis("E2 (nM)", log=True)


def oestrogen(lab: Laboratory, test: Finding) -> Reading:
    """R1: growth relies on oestrogen and its receptor."""
    doses = dose_axis(1e-4, 10.0, 11)
    names = ("doublings", "ER_activity", "TFF1_mRNA", "cyclinD1")
    levels = {
        name: [lab.read("MCF-7", nM("E2", dose), medium="stripped", readout=name) for dose in (0.0, *doses)] for name in names
    }
    withdrawn = float(relative_count(2 ** levels["doublings"][0], 2 ** lab.doublings("MCF-7")))
    half = ec50(dose_response_curve(doses, levels["doublings"][1:], untreated=levels["doublings"][0])).value
    rises = {name: bool((np.diff(values) > 0).all()) for name, values in levels.items()}
    limits = test.limits
    holds = (
        withdrawn <= limits["withdrawal_at_most"]
        and limits["half_dose_from_nM"] <= half <= limits["half_dose_to_nM"]
        and all(rises.values())
    )
    still = [name for name, rising in rises.items() if not rising]
    reason = f"without E2 {percent(withdrawn)} of the cells; half of the growth needs {half * 1000:.2g} pM E2; " + (
        f"no rise at every step for {', '.join(still)}" if still else "growth, ER activity and both targets rise at every step"
    )
    return Reading(
        withdrawn,
        "fold",
        holds,
        reason,
        numbers=(
            Figure("cell number without E2 against 1 nM E2", withdrawn, "fold"),
            Figure("E2 for half of the growth it brings", half, "nM", "fitted log-logistic curve on doublings"),
            Figure("doublings in six days without E2", levels["doublings"][0], "doublings"),
            Figure("doublings in six days in 1 nM E2", lab.doublings("MCF-7"), "doublings"),
        ),
        panels=_oestrogen_panels(doses, levels),
    )


def _oestrogen_panels(doses: tuple[float, ...], levels: Mapping[str, Sequence[float]]) -> tuple[Lines, Lines]:
    lines = {name: Line(name.replace("_", " "), doses, tuple(values[1:])) for name, values in levels.items()}
    growth = lines.pop("doublings")
    return (
        Lines("Growth needs oestradiol", _E2, Axis("doublings in 6 days"), (replace(growth, name="MCF-7"),)),
        Lines("What the receptor makes of it", _E2, Axis("relative to 1 nM E2"), tuple(lines.values())),
    )


def tamoxifen(lab: Laboratory, test: Finding) -> Reading:
    """R2: tamoxifen inhibits the receptor and proliferation."""
    doses = dose_axis(0.01, 1e4, 13)
    left = {drug: tuple(lab.growth("MCF-7", nM(drug, dose)) for dose in doses) for drug in ("4OHT", "endoxifen")}
    at_dose = {drug: lab.growth("MCF-7", nM(drug, 1000.0)) for drug in left}
    reporter = lab.read("MCF-7", usual("4OHT"), readout="TFF1_mRNA") / lab.read("MCF-7", readout="TFF1_mRNA")
    half = dose_reaching(dose_response_curve(doses, left["4OHT"], untreated=1.0), 0.5)
    apart = abs(at_dose["endoxifen"] / at_dose["4OHT"] - 1)
    falls = bool((np.diff(left["4OHT"]) < 0).all())
    limits = test.limits
    holds = (
        at_dose["4OHT"] <= limits["growth_at_most"]
        and falls
        and apart <= limits["endoxifen_within"]
        and reporter <= limits["TFF1_at_most"]
    )
    falling = "" if falls else ", but the number does not fall at every dose"
    reason = f"1 µM 4OHT leaves {percent(at_dose['4OHT'])} of the cells and {percent(reporter)} of TFF1 mRNA{falling}"
    return Reading(
        at_dose["4OHT"],
        "fold",
        holds,
        f"{reason}; endoxifen leaves {percent(at_dose['endoxifen'])}",
        numbers=(
            Figure("cell number under 1 µM 4OHT", at_dose["4OHT"], "fold"),
            Figure("cell number under 1 µM endoxifen", at_dose["endoxifen"], "fold"),
            Figure("4OHT that halves the cell number", half.value, "nM", "in 1 nM E2"),
            Figure("TFF1 mRNA under 1 µM 4OHT", reporter, "fold"),
        ),
        panels=(_metabolites_panel(doses, left),),
    )


def _metabolites_panel(doses: tuple[float, ...], left: Mapping[str, tuple[float, ...]]) -> Lines:
    lines = tuple(Line(drug, doses, values) for drug, values in left.items())
    x, y = Axis("dose (nM)", log=True), Axis("cell number against untreated")
    return Lines("Tamoxifen's metabolites against 1 nM E2", x, y, lines, level=1.0)


def agonism(lab: Laboratory, test: Finding) -> Reading:
    """R3: where tamoxifen turns agonist."""
    oestradiol = dose_axis(1e-4, 1.0, 7)
    maps = {
        "HER2": ("ERBB2_dose", dose_axis(1.0, 45.0, 7), "HER2 against MCF-7"),
        "AIB1": ("AIB1_dose", dose_axis(0.5, 4.0, 7), "AIB1 against MCF-7"),
    }
    effects = {name: _effects(lab, parameter, levels, oestradiol) for name, (parameter, levels, _) in maps.items()}
    parental = _effect(lab, read_context("MCF-7"), 1.0)
    most = max(float(effect.max()) for effect in effects.values())
    sign = test.limits["sign_doublings"]
    upward = {**effects, "E2": effects["HER2"].T[::-1]}
    flips = {axis: _flips(effect, sign) for axis, effect in upward.items()}
    holds = parental <= -test.limits["inhibits_doublings"] and most >= test.limits["stimulates_doublings"] and all(flips.values())
    missing = [axis for axis, flipped in flips.items() if not flipped]
    turned = f"no flip along {', '.join(missing)}" if missing else "the sign flips along HER2, AIB1 and E2"
    return Reading(
        most,
        "doublings",
        holds,
        f"in MCF-7 with 1 nM E2 4OHT takes {-parental:.2f} doublings; where it stimulates most it brings {most:.2f}; {turned}",
        numbers=(
            Figure("effect of 4OHT in MCF-7 with 1 nM E2", parental, "doublings"),
            Figure("effect in MCF-7 without E2", _effect(lab, read_context("MCF-7"), 0.0), "doublings"),
            Figure("effect in MCF7-HER2-18 without E2", _effect(lab, read_context("MCF7-HER2-18"), 0.0), "doublings"),
            Figure("effect in MCF7-HER2-18 with 1 nM E2", _effect(lab, read_context("MCF7-HER2-18"), 1.0), "doublings"),
        ),
        panels=tuple(
            _map(name, Axis(label, log=True), levels, oestradiol, effects[name]) for name, (_, levels, label) in maps.items()
        ),
    )


def _map(name: str, x: Axis, levels: tuple[float, ...], oestradiol: tuple[float, ...], effects: Map) -> Surface:
    return Surface(
        f"Where 4OHT stimulates (red) or inhibits (blue): {name} against E2",
        x,
        _E2,
        "doublings from 1 µM 4OHT in 6 days",
        levels,
        oestradiol,
        tuple(tuple(row) for row in effects.T.tolist()),
        centre=0.0,
    )


def _effects(lab: Laboratory, parameter: str, levels: Sequence[float], oestradiol: Sequence[float]) -> Map:
    """Doublings that 4OHT brings, shape `(level, E2)`."""
    line = read_context("MCF-7")
    cells = [perturbed(line, parameter, value=level, source="map") for level in levels]
    pairs = itertools.product(cells, oestradiol)
    return np.array([_effect(lab, context, dose) for context, dose in pairs]).reshape(len(levels), len(oestradiol))


def _effect(lab: Laboratory, cells: Context, dose_nM: float) -> float:
    there = nM("E2", dose_nM)
    return lab.doublings(cells, there, usual("4OHT"), medium="stripped") - lab.doublings(cells, there, medium="stripped")


def _flips(effects: Map, margin: float) -> bool:
    """Whether inhibition turns into stimulation along the first axis, in some column."""
    inhibits_first = np.maximum.accumulate(effects <= -margin, axis=0)
    return bool((inhibits_first & (effects >= margin)).any())
