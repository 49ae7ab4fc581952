"""What rapamycin gives back: G3 to G7. It knows the questions, not how cells are computed."""

from __future__ import annotations

from collections.abc import Sequence

from tamarisk.measurement.agonism import agonism, agonist_contrast, blocked_share
from tamarisk.measurement.blot import Blots, band_contrasts
from tamarisk.measurement.dose_response import dose_reaching, dose_response_curve
from tamarisk.measurement.estimate import Estimate, fold
from tamarisk.measurement.growth import effect, growth_inhibition_of_doublings
from tamarisk.measurement.resistance import dose_modification
from tamarisk.measurement.reversal import SixArms, noise_free_reversal
from tamarisk.model.protocol import protocol
from tamarisk.study.bench import dose_axis, nM, usual
from tamarisk.study.figure import Axis, Bars, Line, Lines, Surface
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Laboratory
from tamarisk.units import percent

_RAPAMYCIN = usual("rapamycin")
_RAPALOG_DOSES = dose_axis(0.01, 100.0, 7)
_ENDOCRINE = {"4OHT": dose_axis(0.1, 1000.0, 7), "fulvestrant": dose_axis(0.01, 100.0, 7)}
_TWO_DAYS_H = 48.0


def sensitisation(lab: Laboratory, test: Finding) -> Reading:
    """G3: rapamycin makes control cells more sensitive."""
    vehicle, codrug = lab.doublings("MCF-7"), lab.doublings("MCF-7", _RAPAMYCIN)
    gains, factors, interactions, numbers = {}, {}, {}, []
    for drug, doses in _ENDOCRINE.items():
        alone = [lab.doublings("MCF-7", nM(drug, dose)) for dose in doses]
        beside = [lab.doublings("MCF-7", nM(drug, dose), _RAPAMYCIN) for dose in doses]
        at_dose, both = lab.doublings("MCF-7", usual(drug)), lab.doublings("MCF-7", usual(drug), _RAPAMYCIN)
        gains[drug] = _effect(both, codrug) - _effect(at_dose, vehicle)
        factors[drug] = dose_modification(doses, alone=alone, combined=beside, vehicle=vehicle, codrug=codrug)
        interactions[drug] = both - at_dose - codrug + vehicle
        numbers += [
            Figure(f"additional effect of {drug} beside rapamycin", gains[drug], "GR"),
            Figure(f"DMF_net of {drug}", _number(factors[drug].net), "fold", _bound(factors[drug].net)),
            Figure(f"DMF_total of {drug}", _number(factors[drug].total), "fold", _bound(factors[drug].total)),
            Figure(f"interaction of {drug} and rapamycin", interactions[drug], "doublings", "below 0: more than the sum"),
        ]
    weak = [drug for drug, gain in gains.items() if gain < test.limits["gain_at_least"]]
    costly = [
        drug for drug, factor in factors.items() if not factor.net.is_bound and factor.net.value < test.limits["DMF_at_least"]
    ]
    said = "; ".join(
        f"{drug} takes {gains[drug]:+.2f} GR beside rapamycin, DMF_net {factors[drug].net.headline}, "
        f"interaction {interactions[drug]:+.2f} doublings (together they take {_sum_words(interactions[drug])})"
        for drug in gains
    )
    return Reading(
        gains["4OHT"],
        "GR",
        not weak and not costly,
        said + (f"; not met for {', '.join(dict.fromkeys([*weak, *costly]))}" if weak or costly else ""),
        numbers=tuple(numbers),
        panels=tuple(_surface(lab, "MCF-7", drug) for drug in _ENDOCRINE),
    )


def rapamycin_alone(lab: Laboratory, test: Finding) -> Reading:
    """G4: rapamycin alone in the resistant cells."""
    left = {cells: tuple(lab.growth(cells, nM("rapamycin", dose)) for dose in _RAPALOG_DOSES) for cells in ("MCF-7", "MCF7-TamR")}
    at_dose = {cells: lab.growth(cells, _RAPAMYCIN) for cells in left}
    half = dose_reaching(dose_response_curve(_RAPALOG_DOSES, left["MCF7-TamR"], untreated=1.0), 0.5)
    return Reading(
        at_dose["MCF7-TamR"],
        "fold",
        at_dose["MCF7-TamR"] <= test.limits["growth_at_most"],
        f"20 nM rapamycin leaves {percent(at_dose['MCF7-TamR'])} of MCF7-TamR and {percent(at_dose['MCF-7'])} of MCF-7",
        numbers=(
            *(Figure(f"cell number of {cells} under 20 nM rapamycin", value, "fold") for cells, value in at_dose.items()),
            Figure("rapamycin that halves MCF7-TamR", _number(half), "nM", _bound(half)),
        ),
        panels=(
            Lines(
                "Rapamycin alone",
                Axis("rapamycin (nM)", log=True),
                Axis("cell number against untreated"),
                tuple(Line(cells, _RAPALOG_DOSES, values) for cells, values in left.items()),
                level=1.0,
            ),
        ),
    )


def agonism_blocked(lab: Laboratory, test: Finding) -> Reading:
    """G5: rapamycin against the agonist-like activity of tamoxifen."""
    cells, bare = "MCF7-TamR", "stripped"
    vehicle, estradiol = lab.doublings(cells, medium=bare), lab.doublings(cells, "E2=1nM", medium=bare)
    codrug, tamoxifen = lab.doublings(cells, _RAPAMYCIN, medium=bare), lab.doublings(cells, usual("4OHT"), medium=bare)
    both = lab.doublings(cells, usual("4OHT"), _RAPAMYCIN, medium=bare)
    contrast = agonist_contrast([tamoxifen], vehicle=[vehicle]).value
    beside = agonist_contrast([both], vehicle=[codrug]).value
    blocked = blocked_share([tamoxifen], vehicle=[vehicle], combined=[both], codrug=[codrug]).value
    index = agonism([tamoxifen], vehicle=[vehicle], oestradiol=[estradiol]).value
    doses = _ENDOCRINE["4OHT"]
    rise = tuple(lab.doublings(cells, nM("4OHT", dose), medium=bare) - vehicle for dose in doses)
    rise_beside = tuple(lab.doublings(cells, nM("4OHT", dose), _RAPAMYCIN, medium=bare) - codrug for dose in doses)
    holds = contrast >= test.limits["agonism_at_least"] and blocked >= test.limits["blocked_at_least"]
    return Reading(
        blocked,
        "share",
        holds,
        f"without E2 4OHT brings {contrast:.2f} doublings, beside rapamycin {beside:.2f}: "
        f"{percent(blocked)} of the agonism is blocked",
        numbers=(
            Figure("doublings that 4OHT brings without E2", contrast, "doublings"),
            Figure("doublings that 4OHT brings beside rapamycin", beside, "doublings"),
            Figure("blocked share", blocked, "share"),
            Figure("agonism index A, against 1 nM E2", index, "share", "of the growth that E2 brings to these cells"),
            Figure("4OHT in 1 nM E2", _change(lab, cells, usual("4OHT")), "doublings", "agonist-like above 0"),
            Figure("4OHT in 1 nM E2 beside rapamycin", _change(lab, cells, usual("4OHT"), beside=_RAPAMYCIN), "doublings"),
        ),
        panels=(
            Lines(
                "4OHT in MCF7-TamR without E2",
                Axis("4OHT (nM)", log=True),
                Axis("doublings that 4OHT brings in 6 days"),
                (Line("alone", doses, rise), Line("beside 20 nM rapamycin", doses, rise_beside)),
                level=0.0,
            ),
        ),
    )


def bypass(lab: Laboratory, test: Finding) -> Reading:
    """G6: fulvestrant resistance and rapamycin: bypass or reversal."""
    drug = usual("fulvestrant")
    arms = {
        "SV": lab.doublings("MCF-7"),
        "SF": lab.doublings("MCF-7", drug),
        "RV": lab.doublings("MCF7-TamR"),
        "RF": lab.doublings("MCF7-TamR", drug),
        "RP": lab.doublings("MCF7-TamR", _RAPAMYCIN),
        "RC": lab.doublings("MCF7-TamR", drug, _RAPAMYCIN),
    }
    found = noise_free_reversal(SixArms(**arms))
    meaning = ("MCF-7", "MCF-7, fulvestrant", "MCF7-TamR", "MCF7-TamR, fulvestrant", "MCF7-TamR, rapamycin", "MCF7-TamR, both")
    return Reading(
        found.V_total.value,
        "share",
        found.V_total.value >= test.limits["V_total_at_least"],
        f"V_total {found.V_total.value:.2f}, V_net {found.V_net.value:.2f} against {found.V_add.value:.2f} if the drugs "
        f"were independent, interaction {found.interaction.value:+.2f} doublings: {found.call}",
        numbers=(
            Figure("V_total", found.V_total.value, "share", "lost effect recovered by both drugs, against vehicle"),
            Figure("V_net", found.V_net.value, "share", "lost effect that fulvestrant itself recovers beside rapamycin"),
            Figure("V_add", found.V_add.value, "share", "V_net if the drugs acted independently"),
            Figure("interaction", found.interaction.value, "doublings", "below 0: more than the sum"),
            *(Figure(words, value, "doublings") for words, value in zip(meaning, arms.values(), strict=True)),
        ),
        panels=(
            Bars("Doublings in six days", Axis("doublings"), meaning, (("6 days", tuple(arms.values())),)),
            *(_surface(lab, cells, "fulvestrant") for cells in ("MCF-7", "MCF7-TamR")),
        ),
    )


def receptor_balance(lab: Laboratory, test: Finding) -> Reading:
    """G7: ERα and its phosphorylation under rapamycin, as three contrasts."""
    bands = {
        name: [lab.read("MCF7-TamR", *doses, readout=name, span_h=_TWO_DAYS_H) for doses in ((), (_RAPAMYCIN,))]
        for name in ("pS167_ERa", "ERa_total", "pS118_ERa_ratio")
    }
    blots = Blots(["vehicle", "rapamycin"], [bands["pS167_ERa"]], [bands["ERa_total"]], [[1.0, 1.0]], linear_range=(1e-6, 1e6))
    contrasts = band_contrasts(blots, treated="rapamycin", control="vehicle")
    total, ratio = fold(contrasts.total_per_load).value, fold(contrasts.phospho_per_total).value
    phospho = fold(contrasts.phospho_per_load).value
    changed = max(ratio, 1 / ratio)
    return Reading(
        total,
        "fold",
        total >= test.limits["total_fold"] and changed >= test.limits["ratio_fold"],
        f"total ERα {total:.2f}-fold, pS167-ERα {phospho:.2f}-fold, their ratio {ratio:.2f}-fold",
        numbers=(
            Figure("total ERα (t/load)", total, "fold"),
            Figure("pS167-ERα (p/load)", phospho, "fold"),
            Figure("pS167-ERα per total ERα (p/t)", ratio, "fold"),
            Figure("pS118-ERα per total ERα", bands["pS118_ERa_ratio"][1] / bands["pS118_ERa_ratio"][0], "fold"),
        ),
        panels=(
            Bars(
                "MCF7-TamR, 48 h: 20 nM rapamycin against vehicle",
                Axis("fold"),
                ("total ERα", "pS167-ERα", "pS167 per total"),
                (("rapamycin", (total, phospho, ratio)),),
                level=1.0,
            ),
            _course(lab),
        ),
    )


def _course(lab: Laboratory) -> Lines:
    times_h = (0.0, 2.0, 4.0, 8.0, 12.0, 24.0, 36.0, 48.0)
    plan = protocol(_RAPAMYCIN)
    lines = []
    for name, words in (("ERa_total", "total ERα"), ("pS167_ERa_ratio", "pS167 per total"), ("pS6K", "pS6K")):
        values = lab.course("MCF7-TamR", plan, times_h=times_h, readout=name)
        lines.append(Line(words, times_h, tuple((values / values[0]).tolist())))
    return Lines("MCF7-TamR after 20 nM rapamycin", Axis("hours"), Axis("fold of the start"), tuple(lines), level=1.0)


def _surface(lab: Laboratory, cells: str, drug: str) -> Surface:
    """Cell number over a grid of two drugs, against untreated."""
    vehicle = lab.doublings(cells)
    doses = _ENDOCRINE[drug]
    values = [
        [2 ** (lab.doublings(cells, nM(drug, first), nM("rapamycin", second)) - vehicle) for first in doses]
        for second in _RAPALOG_DOSES
    ]
    return Surface(
        f"{cells}: {drug} and rapamycin",
        Axis(f"{drug} (nM)", log=True),
        Axis("rapamycin (nM)", log=True),
        "cell number against untreated",
        doses,
        _RAPALOG_DOSES,
        tuple(tuple(row) for row in values),
    )


def _effect(treated: float, reference: float) -> float:
    return float(effect(growth_inhibition_of_doublings(treated, reference)))


def _change(lab: Laboratory, cells: str, drug: str, beside: str = "") -> float:
    with_it: Sequence[str] = (beside,) if beside else ()
    return lab.doublings(cells, drug, *with_it) - lab.doublings(cells, *with_it)


def _bound(estimate: Estimate) -> str:
    """A note where only a bound is known."""
    return f"only a bound: {estimate.headline}" if estimate.is_bound else ""


def _sum_words(interaction: float) -> str:
    return "more than the sum of both" if interaction < 0 else "less than the sum of both"


def _number(estimate: Estimate) -> float:
    """The value of an estimate; the bound where only a bound is known."""
    if not estimate.is_bound:
        return estimate.value
    return estimate.low if estimate.low > 0 else estimate.high
