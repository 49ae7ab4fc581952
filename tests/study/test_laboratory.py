"""The bench: the same numbers as the front door, nothing run twice, arrows taken out as in an edited model."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
import pytest

from tamarisk.errors import SimulationError, UnknownNameError
from tamarisk.model.antimony import read_model
from tamarisk.model.arrow import arrows, without_arrow
from tamarisk.model.context import constants, contexts, perturbed, read_context
from tamarisk.model.protocol import protocol
from tamarisk.model.readout import readouts
from tamarisk.model.regulon import read_regulon
from tamarisk.simulation.batch import Member, Progress, Solution, Solver
from tamarisk.simulation.run import simulate
from tamarisk.simulation.transcriptome import express
from tamarisk.study.laboratory import SIX_DAYS_H, Laboratory

CLOSE = 1e-5  # two runs on different time grids agree to what the integrator adds up over days


class CountingSolver(Solver):
    """The real solver, which also counts the members it has run."""

    runs = 0

    def solve(
        self,
        members: Sequence[Member],
        *,
        times_h: Sequence[float],
        quantities: Sequence[str],
        progress: Progress | None = None,
    ) -> Solution:
        """Count, then solve."""
        self.runs += len(members)
        return super().solve(members, times_h=times_h, quantities=quantities, progress=progress)


# against the front door


@pytest.mark.parametrize(
    ("cells", "doses", "medium", "span_h"),
    [
        ("MCF-7", (), None, 144.0),
        ("MCF7-TamR", ("4OHT=1uM", "rapamycin=20nM@24h"), None, 144.0),
        ("LTED", ("fulvestrant=100nM",), None, 72.0),
        ("T47D + PTEN-knockdown", ("E2=1nM",), "stripped", 48.0),
    ],
)
def test_the_bench_is_the_front_door(
    laboratory: Laboratory, cells: str, doses: tuple[str, ...], medium: str | None, span_h: float
) -> None:
    """Reference: every readout at the end of a culture is what `simulate` gives."""
    run = simulate(
        cells, protocol(*doses, medium_name=medium), until=f"{span_h}h", readouts=["all"], model=laboratory.solver.model
    )
    known = {name: float(values[-1]) for name, values in run.data_vars.items()}
    found = {name: laboratory.read(cells, *doses, readout=name, medium=medium, span_h=span_h) for name in readouts()}
    assert found == pytest.approx(known, rel=CLOSE, abs=1e-8)


def test_growth_is_a_ratio_of_cells(laboratory: Laboratory) -> None:
    """Reference: growth is the cell number after six days against the same culture without the doses, beside what both get."""
    model = laboratory.solver.model
    numbers = {
        doses: float(simulate("MCF7-TamR", protocol(*doses), readouts=["cell_number"], model=model)["cell_number"][-1])
        for doses in ((), ("4OHT=1uM",), ("rapamycin=20nM",), ("rapamycin=20nM", "4OHT=1uM"))
    }
    assert SIX_DAYS_H == 144.0
    assert laboratory.growth("MCF7-TamR", "4OHT=1uM") == pytest.approx(numbers[("4OHT=1uM",)] / numbers[()], rel=CLOSE)
    beside = numbers[("rapamycin=20nM", "4OHT=1uM")] / numbers[("rapamycin=20nM",)]
    assert laboratory.growth("MCF7-TamR", "4OHT=1uM", beside=["rapamycin=20nM"]) == pytest.approx(beside, rel=CLOSE)
    assert laboratory.growth("MCF7-TamR") == 1.0


def test_doublings_are_logged_cells(laboratory: Laboratory) -> None:
    """Law: doublings are log2 of the cell number, by every way of asking."""
    cells = laboratory.read("T47D", "4OHT=1uM", readout="cell_number")
    assert laboratory.doublings("T47D", "4OHT=1uM") == pytest.approx(np.log2(cells), rel=1e-12)
    assert laboratory.doublings("T47D", "4OHT=1uM") == laboratory.read("T47D", "4OHT=1uM", readout="doublings")


def test_the_start_is_the_settled_state(laboratory: Laboratory) -> None:
    """Law: read at no time at all, cells are as they settled, before any drug: one cell, no doubling."""
    treated = {name: laboratory.read("BT-474", "lapatinib=1uM", readout=name, span_h=0) for name in ("pERK", "HER2", "doublings")}
    untreated = {name: laboratory.read("BT-474", readout=name, span_h=0) for name in treated}
    assert treated == untreated
    assert treated["doublings"] == 0.0


def test_a_course_is_read_on_its_times(laboratory: Laboratory) -> None:
    """Law: a course holds one value per time, and its last is what is read there alone."""
    course = laboratory.course("MCF-7", protocol("fulvestrant=100nM"), times_h=(0.0, 24.0, 144.0), readout="ERa_total")
    assert course.shape == (3,)
    assert course[-1] == pytest.approx(laboratory.read("MCF-7", "fulvestrant=100nM", readout="ERa_total"), rel=CLOSE)


def test_genes_are_those_of_express(laboratory: Laboratory) -> None:
    """Reference: gene folds at the end of a culture are those of `express`."""
    known = express("MCF7-TamR", protocol("fulvestrant=100nM"), until="24h")["log2_fold"].to_numpy()[-1]
    found = laboratory.genes("MCF7-TamR", "fulvestrant=100nM", span_h=24.0, regulon=read_regulon())
    assert found == pytest.approx(known, rel=1e-4, abs=1e-6)  # two time grids


# memory


def test_nothing_is_run_twice() -> None:
    """Law: a culture is run once, by whatever name its cells go and in whatever order its doses stand, and read often."""
    solver = CountingSolver(read_model())
    bench = Laboratory(solver)
    first = bench.doublings("MCF7-TamR", "4OHT=1uM", "rapamycin=20nM")
    assert solver.runs == 1
    assert bench.doublings("OH-TamR", "rapamycin=20nM", "4OHT=1000nM") == first
    bench.read(read_context("MCF7-TamR"), "4OHT=1uM", "rapamycin=20nM", readout="pS6K")
    assert solver.runs == 1
    for other in ({"medium": "stripped"}, {"span_h": 24.0}):
        bench.doublings("MCF7-TamR", "4OHT=1uM", "rapamycin=20nM", **other)
    bench.doublings("MCF7-TamR", "4OHT=1uM")
    bench.doublings("MCF7-TamR", "4OHT=1uM", "rapamycin=20nM@24h")
    bench.doublings("MCF-7", "4OHT=1uM", "rapamycin=20nM")
    assert solver.runs == 6


def test_what_is_remembered_cannot_be_spoiled() -> None:
    """Law: a caller who changes the array of a course does not change what the next one reads."""
    bench = Laboratory()
    course = bench.course("MCF-7", protocol(), times_h=(0.0, 144.0), readout="cell_number")
    known = course.copy()
    with contextlib.suppress(ValueError):  # an array that cannot be written is safe
        course *= 0.0
    assert np.array_equal(bench.course("MCF-7", protocol(), times_h=(0.0, 144.0), readout="cell_number"), known)


def test_benches_share_a_solver_and_nothing_else(laboratory: Laboratory) -> None:
    """Law: a bench without an arrow does not change what the bench beside it says, before or after."""
    before = laboratory.read("MCF-7", "rapamycin=20nM", readout="pS6K")
    deaf = Laboratory(laboratory.solver, without=["rapalog ⊣ mTORC1"])
    assert deaf.read("MCF-7", "rapamycin=20nM", readout="pS6K") > 5 * before
    assert Laboratory(laboratory.solver).read("MCF-7", "rapamycin=20nM", readout="pS6K") == before


# arrows


@pytest.mark.parametrize("arrow", ["mTORC1 → S6K1", "PTEN ⊣ PIP3", "fulvestrant → ER degradation", "mutant PIK3CA → PI3K"])
@pytest.mark.parametrize("cells", ["MCF-7", "MCF7-TamR"])
def test_a_bench_without_an_arrow_is_the_edited_model(laboratory: Laboratory, arrow: str, cells: str) -> None:
    """Reference: taking an arrow out of the bench is taking it out of the model."""
    bench = Laboratory(laboratory.solver, without=[arrow])
    edited = Laboratory(Solver(without_arrow(laboratory.solver.model, arrow)))
    for readout in ("doublings", "pAKT_S473", "ERa_total"):
        doses = ("fulvestrant=100nM",)
        assert bench.read(cells, *doses, readout=readout) == pytest.approx(edited.read(cells, *doses, readout=readout), rel=CLOSE)


def test_every_arrow_can_be_taken_out(laboratory: Laboratory) -> None:
    """Law: without any one arrow MCF-7 still settles and grows or dies in numbers, with and without tamoxifen."""
    for arrow in arrows():
        bench = Laboratory(laboratory.solver, without=[arrow])
        assert np.isfinite([bench.doublings("MCF-7"), bench.doublings("MCF-7", "4OHT=1uM")]).all(), arrow


def test_arrows_are_no_matter_of_the_cells(laboratory: Laboratory) -> None:
    """Law: no context sets a constant by which an arrow is taken out, so an arrow that is out stays out in every line."""
    switches = {name for arrow in arrows().values() for name in arrow.off}
    for name, one in contexts().items():
        assert not switches & constants(one).keys(), name
    assert set(Laboratory(laboratory.solver, without=list(arrows())).changes) == switches


def test_several_arrows_go_together(laboratory: Laboratory) -> None:
    """Law: two arrows taken out are both out, in either order and written either way."""
    names = ["mTORC1 → S6K1", "RSK → S167-ER"]
    both = Laboratory(laboratory.solver, without=names)
    turned = Laboratory(laboratory.solver, without=["RSK -> S167-ER", "mTORC1 -> S6K1"])
    assert both.changes == turned.changes == {"w_mTORC1_S6K": 0.0, "k_RSK_S167": 0.0}
    assert both.doublings("MCF-7") == turned.doublings("MCF-7")
    assert both.read("MCF-7", readout="pS6K") == pytest.approx(0.0, abs=1e-9)


def test_an_unknown_arrow_is_refused(laboratory: Laboratory) -> None:
    """Refusal: an arrow that is not drawn is named, and the nearest are offered."""
    with pytest.raises(UnknownNameError) as refused:
        Laboratory(laboratory.solver, without=["ER -> MYCC"])
    assert str(refused.value) == "no arrow 'ER -> MYCC'; did you mean 'ER → MYC', 'ERK → MYC' or 'ER → CCND1'?"


def test_a_failed_run_is_an_error(laboratory: Laboratory) -> None:
    """Refusal: a culture that cannot be run is an error with its name, in doublings and in genes."""
    broken = perturbed(read_context("MCF-7"), "growth_dose", value=1e6, source="test")
    message = (
        "MCF-7 (growth_dose 1e+06), 4OHT 1000 nM: a quantity became infinite or undefined; a smaller change of the cells may run"
    )
    for ask in (
        lambda: laboratory.doublings(broken, "4OHT=1uM"),
        lambda: laboratory.genes(broken, "4OHT=1uM", span_h=24.0, regulon=read_regulon()),
    ):
        with pytest.raises(SimulationError) as refused:
            ask()
        assert str(refused.value) == message
