"""Months of exposure: what selection does, what it leaves alone, and what is refused."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tamarisk.errors import ProtocolError, SimulationError, TamariskError, UnitError, UnknownNameError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import constants, perturbed, read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import protocol
from tamarisk.model.readout import readouts
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.evolution import Evolution, evolve, exposed
from tamarisk.simulation.run import ADAPTED, simulate

CLOSE = 1e-5  # runs of different length differ by what the integrator adds up over months


@cache
def model() -> Model:
    """The shipped model, read once."""
    return read_model()


@cache
def evolved(cells: str, *doses: str, until: str = "24wk") -> Evolution:
    """One long exposure, computed once."""
    return evolve(cells, protocol(*doses), until=until, model=model())


def shares(course: Evolution) -> np.ndarray:
    """Shares of adapted cells over time, shape `(kind, time)`."""
    return np.array([course.values[name] for name in ADAPTED])


@pytest.mark.parametrize(("cells", "doses"), [("MCF-7", ("4OHT=1uM",)), ("T47D", ("fulvestrant=100nM",)), ("LTED", ())])
def test_a_shorter_look_is_the_beginning(cells: str, doses: tuple[str, ...]) -> None:
    """Law: ten weeks are the first ten of twenty-four, looked at on the same days."""
    short, long = evolved(cells, *doses, until="10wk"), evolved(cells, *doses)
    assert short.days == long.days[: len(short.days)]
    assert np.diff(long.days) == pytest.approx(3.5)
    for name, values in short.values.items():
        assert values == pytest.approx(long.values[name][: len(values)], rel=CLOSE, abs=1e-8), name


@pytest.mark.parametrize("cells", ["MCF-7", "T47D", "ZR-75-1", "LTED", "MCF7-HER2-18"])
def test_without_drug_nothing_is_selected(cells: str) -> None:
    """Law: half a year in the medium a line lives in breeds no adapted cells: who needs nothing new gains nothing by it."""
    course = shares(evolved(cells))
    grown = {name: values[-1] / values[0] for name, values in zip(ADAPTED, course, strict=True) if values[-1] > values[0]}
    assert grown == {}


@pytest.mark.parametrize("drug", ["4OHT=1uM", "fulvestrant=100nM", "E2=0nM"])
def test_blockade_selects(drug: str) -> None:
    """Law: months of ER blockade breed adapted cells, ever more of them, and the culture grows again."""
    course = evolved("MCF-7", drug)
    receptor, kinase, _ = shares(course)
    assert receptor[-1] > 100 * receptor[0]
    assert kinase[-1] > 100 * kinase[0]
    week_2, month_6 = (course.values["division_rate"][at] - course.values["apoptosis"][at] for at in (4, -1))
    assert month_6 > 1.5 * week_2


def test_only_lost_receptor_selects_silenced_cells() -> None:
    """Law: cells with silenced ESR1 outgrow under fulvestrant, which takes the receptor away, and not under tamoxifen."""
    silenced = {drug: evolved("MCF-7", drug).values["ESR1_silenced"] for drug in ("fulvestrant=100nM", "4OHT=1uM")}
    assert silenced["fulvestrant=100nM"][-1] > 10 * silenced["fulvestrant=100nM"][0]
    assert silenced["4OHT=1uM"][-1] <= silenced["4OHT=1uM"][0]


@pytest.mark.parametrize("cells", ["MCF-7", "MCF7-TamR", "FulvR", "BT-474"])
@pytest.mark.parametrize("doses", [(), ("fulvestrant=100nM",), ("4OHT=1uM", "everolimus=20nM")])
def test_shares_are_shares(cells: str, doses: tuple[str, ...]) -> None:
    """Law: a share of the population lies between none and all, after however long an exposure."""
    course = shares(evolved(cells, *doses, until="52wk"))
    assert course.min() >= -1e-9  # the integrator's absolute tolerance is 1e-10
    assert course.max() <= 1 + 1e-6


@pytest.mark.parametrize("cells", ["T47D", "MCF-7 + PTEN-knockdown", "BT-474 + PTEN-knockdown + AIB1-high"])
def test_cells_stay_what_they_are(cells: str) -> None:
    """Law: the evolved context keeps every difference of the cells it came from, in order, and its medium; it adds its shares."""
    before, after = read_context(cells), evolved(cells, "4OHT=1uM", until="4wk").context
    assert after.differences[: len(before.differences)] == before.differences
    added = after.differences[len(before.differences) :]
    assert [(one.parameter, one.operation, one.status) for one in added] == [(name, "is", "derived") for name in ADAPTED]
    assert (after.medium, after.kind) == (before.medium, "line")
    assert after.name == f"{cells} after 28 d in 4OHT 1000 nM"
    assert {name: constants(after)[name] for name in constants(before)} == constants(before)


def test_evolved_cells_begin_where_they_ended() -> None:
    """Law: evolved cells start the next experiment with the shares they ended with, and a second exposure replaces them."""
    first = evolved("MCF-7", "4OHT=1uM", until="10wk")
    run = simulate(first.context, until="24h", readouts=list(ADAPTED))
    assert [float(run[name][0]) for name in ADAPTED] == [first.values[name][-1] for name in ADAPTED]
    second = evolve(first.context, protocol("4OHT=1uM"), until="10wk")
    assert shares(second)[:, 0].tolist() == shares(first)[:, -1].tolist()
    assert [one.parameter for one in second.context.differences] == list(ADAPTED)
    assert second.values["RTK_adapted"][-1] > first.values["RTK_adapted"][-1]


def test_evolved_cells_resist() -> None:
    """Law: MCF-7 that lived half a year in tamoxifen grow better in it than those that never met it."""
    doublings = [
        float(simulate(cells, protocol("4OHT=1uM"), readouts=["doublings"])["doublings"][-1])
        for cells in ("MCF-7", evolved("MCF-7", "4OHT=1uM").context)
    ]
    assert doublings[1] > 1.5 * doublings[0]


def test_without_selection_nothing_adapts(solver: Solver) -> None:
    """Law: with selection and switching off, half a year of fulvestrant breeds no adapted cell."""
    off = {"k_selection_RTK": 0.0, "k_selection_AKT": 0.0, "k_selection_ESR1": 0.0, "k_switching": 0.0}
    course = exposed(solver, read_context("MCF-7"), "fulvestrant=100nM", span_h=4000.0, changes=off)
    assert (shares(course)[:, -1] <= shares(course)[:, 0]).all()


def test_selection_is_logistic(solver: Solver) -> None:
    """Reference: under full blockade without switching or reversion the adapted share is the logistic curve of its rate."""
    changes = {"k_switching": 0.0, "k_reversion": 0.0, "K_blockade": 1e-6, "K_ER_missing": 1e-6}
    changes |= {"k_selection_AKT": 0.0, "k_selection_RTK": 0.004, "k_on_E2": 0.0}  # no hormone on the receptor
    blocked = {**changes, "K_blockade": 1e6}
    course = exposed(solver, read_context("MCF-7"), span_h=3000.0, changes=blocked)
    odds = 0.001 / 0.999 * np.exp(0.004 * 24 * np.array(course.days))
    assert course.values["RTK_adapted"] == pytest.approx(odds / (1 + odds), rel=1e-4)  # the error grows as the share does
    assert course.values["AKT_adapted"] == pytest.approx(np.full(len(odds), 0.001), rel=CLOSE)
    free = exposed(solver, read_context("MCF-7"), span_h=3000.0, changes=changes)
    assert free.values["RTK_adapted"] == pytest.approx(np.full(len(odds), 0.001), rel=CLOSE)


def test_every_course_has_its_unit() -> None:
    """Law: each followed readout carries the unit it has everywhere else, and one value for each day."""
    course = evolved("MCF-7", "4OHT=1uM")
    assert course.units == {name: readouts()[name].unit for name in course.values}
    assert {len(values) for values in course.values.values()} == {len(course.days)}


@pytest.mark.parametrize(
    ("cells", "until", "kind", "message"),
    [
        ("MCF-7", "3d", ProtocolError, "until: 3d is less than a week; cells evolve over weeks; simulate does days"),
        ("MCF-7", "0mo", ProtocolError, "until: 0mo is less than a week; cells evolve over weeks; simulate does days"),
        ("MCF-7", "6", UnitError, "until: the time '6' has no unit; write it as 24h"),
        ("MCF-7", "6 years", UnitError, "until: unknown unit 'years' in '6 years'; use one of s, min, h, d, wk, mo"),
        ("MCF-7", "-6mo", UnitError, "until: the time '-6mo' is negative; nothing can be less than none"),
        ("MCF-9", "6mo", UnknownNameError, "no context 'MCF-9'; did you mean 'MCF-7' or 'FulvR'?"),
    ],
)
def test_what_cannot_evolve_is_refused(cells: str, until: str, kind: type[TamariskError], message: str) -> None:
    """Refusal: less than a week, a time without unit and unknown cells are each said in a sentence that helps."""
    with pytest.raises(kind) as refused:
        evolve(cells, protocol("4OHT=1uM"), until=until)
    assert str(refused.value) == message


def test_a_failed_exposure_is_an_error() -> None:
    """Refusal: cells whose run fails do not become a context of blanks."""
    broken = perturbed(read_context("MCF-7"), "growth_dose", value=1e6, source="test")
    with pytest.raises(
        SimulationError, match=r"^MCF-7 \(growth_dose 1e\+06\), untreated: a quantity became infinite or undefined"
    ):
        evolve(broken, protocol(), until="4wk")
