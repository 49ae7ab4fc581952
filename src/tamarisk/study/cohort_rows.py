"""Many virtual tumours at once: R10 and R13. It knows the questions, not how cells are computed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from tamarisk.model.context import Context, Difference, changeable, composed, contexts, read_context
from tamarisk.seeds import generator
from tamarisk.study.bench import nM, usual
from tamarisk.study.figure import Axis, Bars, Line, Lines
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Laboratory
from tamarisk.units import percent

_SEED = 2015
_MECHANISMS = (
    "MCF-7",
    "MCF-7 + PTEN-knockdown",
    "MCF-7 + AKT-activated",
    "MCF-7 + mTOR-activated",
    "MCF-7 + SRC-activated",
    "MCF-7 + GLI1-activated",
    "MCF7-HER2-18",
    "MCF7-TamR-EGFR",
    "MCF7-TamR",
)


def isogenic_pairs(lab: Laboratory, test: Finding) -> Reading:
    """R10: mutant against wild-type PIK3CA, in one line and in a virtual cohort of pairs."""
    limits = test.limits
    own = _log_ratio(lab, read_context("MCF-7"))
    cohort = np.array([_log_ratio(lab, cells) for cells in _cohort(int(limits["pairs"]), limits["spread"])])
    middle = float(np.median(cohort))
    low, high = (float(2**edge) for edge in np.quantile(cohort, [0.025, 0.975]))
    margin = float(np.log2(limits["fold_below"]))
    lines = {name: float(2 ** _log_ratio(lab, read_context(name))) for name in ("MCF-7", "T47D", "BT-474")}
    return Reading(
        float(2**middle),
        "fold",
        abs(own) < margin and abs(middle) < margin,
        f"growth under 4OHT, mutant against wild type: {2**own:.2f}-fold in MCF-7, {2**middle:.2f}-fold in the median pair",
        interval=(low, high),
        covers=f"95 % of {len(cohort)} virtual pairs (spread between tumours, not uncertainty of the model)",
        numbers=(
            *(Figure(f"mutant against wild type in {name}", value, "fold") for name, value in lines.items()),
            Figure("median of the cohort", float(2**middle), "fold"),
            Figure("pairs that differ more than 1.2-fold", float(np.mean(np.abs(cohort) >= margin)), "share"),
        ),
        panels=(
            Lines(
                "Virtual pairs, in order of their difference",
                Axis("pair"),
                Axis("growth under 4OHT, mutant against wild type"),
                (
                    Line(
                        "pairs",
                        tuple(float(rank) for rank in range(1, len(cohort) + 1)),
                        tuple(sorted((2**cohort).tolist())),
                        points=True,
                    ),
                ),
                level=1.0,
            ),
        ),
    )


def environment_host_mechanism(lab: Laboratory, test: Finding) -> Reading:
    """R13: what can be shown of it now: every combination of environment, host and mechanism."""
    media = [(E2, EGF) for E2 in (0.001, 0.02, 0.3) for EGF in (0.0, 1.0)]
    hosts = (0.05, 0.25, 0.5, 1.0, 1.5)
    table = np.array([_growth(lab, *cell, test) for cell in itertools.product(media, hosts, _MECHANISMS)])
    shares = _variance_shares(table.reshape(len(media), len(hosts), len(_MECHANISMS)))
    said = ", ".join(f"{name} {percent(value)}" for name, value in shares.items())
    typical = tuple(float(2 ** _growth(lab, (0.02, 0.0), 1.0, mechanism, test)) for mechanism in _MECHANISMS)
    return Reading(
        shares["mechanism"],
        "share",
        None,
        f"over every combination, share of the variance in growth under tamoxifen: {said}; patients' frequencies come later",
        covers="a grid without frequencies: no interval",
        numbers=tuple(Figure(f"variance explained by {name}", value, "share") for name, value in shares.items()),
        panels=(
            Bars(
                "Share of variance in log growth under tamoxifen",
                Axis("share"),
                tuple(shares),
                (("share", tuple(shares.values())),),
            ),
            Bars(
                "Postmenopausal E2 (0.02 nM), normal CYP2D6: growth under tamoxifen's metabolites",
                Axis("cell number against untreated"),
                _MECHANISMS,
                (("growth", typical),),
                level=1.0,
            ),
        ),
    )


def _cohort(count: int, spread: float) -> list[Context]:
    """MCF-7 whose molecular amounts vary from tumour to tumour; PIK3CA is left alone."""
    amounts = [
        name
        for name, one in changeable().items()
        if one.value == 1.0 and name not in {"PIK3CA_mutation", "growth_dose"} and one.unit in {"relative", "dimensionless"}
    ]
    draws = generator(_SEED, "R10", "cohort").lognormal(0.0, spread, size=(count, len(amounts)))
    line = read_context("MCF-7")
    return [
        replace(
            line,
            name=f"tumour {number}",
            differences=tuple(_varied(name, value) for name, value in zip(amounts, row, strict=True)),
        )
        for number, row in enumerate(draws.tolist(), 1)
    ]


def _varied(name: str, value: float) -> Difference:
    return Difference(name, "is", value, "prior", "virtual cohort")


def _log_ratio(lab: Laboratory, cells: Context) -> float:
    """log2 growth under 4OHT of the cells with mutant against the same with wild-type PIK3CA."""
    mutant, wild = (composed([cells, contexts()[edit]]) for edit in ("PIK3CA-mutant", "PIK3CA-wildtype"))
    under = [lab.doublings(one, usual("4OHT")) - lab.doublings(one) for one in (mutant, wild)]
    return under[0] - under[1]


def _growth(lab: Laboratory, medium: tuple[float, float], activity: float, mechanism: str, test: Finding) -> float:
    """log2 cell number under the metabolites of 20 mg tamoxifen a day, against the same cells without."""
    endoxifen = test.limits["endoxifen_nM"] * activity ** test.limits["CYP2D6_exponent"]
    around = (nM("E2", medium[0]), nM("EGF", medium[1]))
    drug = (nM("endoxifen", endoxifen), nM("4OHT", test.limits["OHT_nM"]))
    return lab.doublings(mechanism, *around, *drug) - lab.doublings(mechanism, *around)


def _variance_shares(table: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[str, float]:
    """Main effects of a full grid and what their interactions leave, as shares of the variance."""
    whole = table.mean()
    total = ((table - whole) ** 2).mean()
    names = ("environment", "host", "mechanism")
    mains = {}
    for axis, name in enumerate(names):
        others = tuple(one for one in range(3) if one != axis)
        mains[name] = float(((table.mean(axis=others) - whole) ** 2).mean() / total)
    return {**mains, "their interactions": 1.0 - sum(mains.values())}
