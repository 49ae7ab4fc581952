"""Take out the arrow that a row rests on, and the row falls."""

from __future__ import annotations

import pytest

from tamarisk.errors import DataError
from tamarisk.simulation.batch import Solver
from tamarisk.study.finding import findings
from tamarisk.study.laboratory import Laboratory
from tamarisk.study.reproduce import TESTS

RESTS_ON = [
    ("R1", "E2 → ER"),
    ("R2", "tamoxifen → ER"),
    ("R3", "coactivator → tamoxifen-bound ER"),
    ("R4", "HER2 → PI3K"),
    ("R4", "HER2 clusters with HER3"),
    ("R6", "mTORC1 → S6K1"),
    ("R6", "TSC2 ⊣ RHEB"),
    ("R8", "GLI1 → CCND1"),
    ("R8", "SMO → GLI1"),
    ("R9", "PTEN ⊣ PIP3"),
    ("R9", "PIP3 → AKT"),
    ("G1", "mTORC1 → S6K1"),
    ("G2", "blockade → AKT adaptation"),
    ("G2", "blockade → RTK adaptation"),
    ("G3", "rapalog ⊣ mTORC1"),
    ("G4", "mTORC1 → S6K1"),
    ("G5", "S6K1 → S167-ER"),
    ("G5", "pS167 → coactivator"),
    ("G6", "mTORC1 → S6K1"),
    ("G6", "fulvestrant → ER"),
    ("G7", "mTORC1 → S6K1"),
    ("G7", "S6K1 → S167-ER"),
    ("G7", "pS167 → ER turnover"),
    ("G8", "mTORC1 → S6K1"),
]
ALL_OF_AKT = (
    "AKT → AIB1",
    "AKT → S167-ER",
    "AKT ⊣ TSC2",
    "PRAS40 → mTORC1",
    "AKT ⊣ FOXO3",
    "AKT ⊣ GSK3",
    "AKT ⊣ p27",
    "AKT → GLI1",
)
ALL_OF_SRC = ("SRC → AIB1", "SRC → PI3K", "SRC → RAS", "SRC → CCND1", "SRC ⊣ p27")


def holds(solver: Solver, row: str, *without: str) -> bool:
    """Whether a row holds without some arrows; a ruler that refuses what is left counts as no."""
    try:
        return TESTS[row](Laboratory(solver, without=without), findings()[row]).holds is True
    except DataError:
        return False


@pytest.mark.parametrize(("row", "arrow"), RESTS_ON, ids=str)
def test_a_row_falls_without_the_arrow_it_rests_on(solver: Solver, row: str, arrow: str) -> None:
    """Law: no row holds by a switch of its own; each needs the arrow that its study names or that carries it here."""
    assert not holds(solver, row, arrow)


@pytest.mark.parametrize(("row", "arms"), [("R5", ALL_OF_AKT), ("R7", ALL_OF_SRC)])
def test_a_kinase_with_many_arms_needs_them_together(solver: Solver, row: str, arms: tuple[str, ...]) -> None:
    """Law: AKT and SRC act through several arms, so one arm less leaves the row and all arms less do not."""
    assert all(holds(solver, row, arm) for arm in arms)
    assert not holds(solver, row, *arms)


def test_fulvestrant_takes_the_receptor_away_only_by_degradation(solver: Solver) -> None:
    """Law: without the degradation by SERDs ER stays, and growth still stops: antagonism does not need it (PMID 21501600)."""
    intact, stable = Laboratory(solver), Laboratory(solver, without=["fulvestrant → ER degradation"])
    left = {lab: lab.read("MCF-7", "fulvestrant=100nM", readout="ERa_total", span_h=24.0) for lab in (intact, stable)}
    assert left[intact] < 0.5
    assert left[stable] > 0.8
    assert stable.growth("MCF-7", "fulvestrant=100nM") < 0.3


def test_an_arrow_that_a_row_does_not_rest_on_leaves_it(solver: Solver) -> None:
    """Law: the test can fail: taking out an arrow elsewhere leaves the row standing."""
    assert holds(solver, "G7", "SMO → GLI1")
    assert holds(solver, "R9", "GLI1 → MYC")
