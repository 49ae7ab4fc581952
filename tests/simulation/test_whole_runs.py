"""Areas and peaks of whole experiments: through settling, rests, and every period of a protocol."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import protocol
from tamarisk.simulation.batch import Member, Period, Solver
from tamarisk.simulation.lanes import of_both
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, as_member
from tamarisk.study.laboratory import Laboratory

ReadTiny = Callable[[str], Model]

TURNOVER = "  substanceOnly species A in cell; A = 0; s = 2; k = 4; synthesis: -> A; s; decay: A -> ; k * A;"
KEPT = ("AKT_pS473", "CDK46_active")
AREAS = tuple(f"integral of {one}" for one in KEPT)


@pytest.fixture(scope="module")
def keeping() -> Solver:
    """The shipped model with areas and peaks of a form of AKT and of a rule."""
    return Solver(read_model(), areas=KEPT, peaks=KEPT)


def dosed() -> list[Member]:
    """Three cultures, one of which gets a drug, and washes it away."""
    plan = protocol("omipalisib=100nM@6h-30h")
    return [
        as_member(one)
        for one in (Experiment(read_context("MCF-7")), Experiment(read_context("MCF-7"), plan), Experiment(read_context("T47D")))
    ]


def test_a_dose_and_its_end(tiny: ReadTiny) -> None:
    """Reference: settled at 1/2, at 1 h synthesis falls to nothing, at 2 h it is back.

    The area up to 3 h is that of 1/2, of e^(-4t)/2, and of what comes back to 1/2 from there; largest at 0, least at 2 h.
    """
    solver = Solver(tiny(TURNOVER), areas=["A"], peaks=["A", "s"])
    member = Member(periods=(Period(0.0, {}), Period(1.0, {"s": 0.0}), Period(2.0, {})))
    found = solver.solve([member], times_h=[0.0, 1.0, 3.0], quantities=["integral of A", "A"])
    least = math.exp(-4) / 2
    back = 0.5 - (0.5 - least) * (1 - math.exp(-4)) / 4
    assert found.values[0, :2] == pytest.approx(np.array([[0.0, 0.5], [0.5, 0.5]]), abs=1e-6)
    assert found.values[0, 2, 0] == pytest.approx(0.5 + (0.5 - least) / 4 + back, rel=1e-6)
    assert found.peaks[0, 0, [0, 2, 3]] == pytest.approx([0.5, least, 2.0], rel=1e-6)
    assert found.peaks[0, 1].tolist() == [2.0, 0.0, 0.0, 1.0]


def test_keeping_changes_no_more_than_the_tolerance(keeping: Solver, solver: Solver) -> None:
    """Law: what is read beside areas and peaks is what is read without them, to ten tolerances of a step."""
    times = np.linspace(0.0, 48.0, 9)
    one, other = (some.solve(dosed(), times_h=times, quantities=KEPT) for some in (keeping, solver))
    assert one.values == pytest.approx(other.values, rel=1e-5)
    assert other.peaks.shape == (3, 0, 4)


def test_areas_and_peaks_are_those_of_a_fine_path(keeping: Solver, solver: Solver) -> None:
    """Reference: Simpson's rule and the largest of 24,001 values; Simpson's own error at the dose is allowed 1e-5."""
    from scipy.integrate import simpson

    times = np.linspace(0.0, 48.0, 24_001)
    path = solver.solve(dosed()[1:2], times_h=times, quantities=KEPT).values[0]
    found = keeping.solve(dosed()[1:2], times_h=[0.0, 48.0], quantities=AREAS)
    assert found.values[0, 0].tolist() == [0.0, 0.0]
    assert found.values[0, 1] == pytest.approx(simpson(path, x=times, axis=0), rel=1e-5)
    assert found.peaks[0, :, 0] == pytest.approx(path.max(axis=0), rel=1e-5)
    assert found.peaks[0, :, 2] == pytest.approx(path.min(axis=0), rel=1e-5)
    assert found.peaks[0, 0, 3] > 6.0


def test_company_changes_nothing(keeping: Solver) -> None:
    """Law: areas and peaks of a culture are the same to the last bit alone and among others, and in another process."""
    ask = {"times_h": [0.0, 48.0], "quantities": AREAS}
    together, members = keeping.solve(dosed(), **ask), dosed()
    for number in (0, 1, 2):
        alone = keeping.solve(members[number : number + 1], **ask)
        assert np.array_equal(alone.values[0], together.values[number])
        assert np.array_equal(alone.peaks[0], together.peaks[number])
    again = pickle.loads(pickle.dumps(keeping)).solve(members[:1], **ask)  # noqa: S301 (our own bytes)
    assert np.array_equal(again.peaks[0], together.peaks[0])


def test_settling_is_not_counted(keeping: Solver, laboratory: Laboratory) -> None:
    """Law: areas neither keep cells from settling nor are among what is settled."""
    own, plain = keeping.settled(dosed()[0]), laboratory.solver.settled(dosed()[0])
    assert own.keys() == plain.keys()
    assert list(own.values()) == pytest.approx(list(plain.values()), rel=1e-6, abs=1e-9)


def test_a_member_that_fails_has_no_peaks(tiny: ReadTiny) -> None:
    """Law: where a run failed nothing is told of it."""
    solver = Solver(tiny("  substanceOnly species A in cell; A = 1; k = 0; growth: -> A; k * A^2;"), peaks=["A"])
    member = Member(periods=(Period(0.0, {"k": 1.0}),))
    found = solver.solve([member], times_h=[0.0, 2.0], quantities=["A"])
    assert found.outcomes == (Outcome.NOT_FINITE,)
    assert np.isnan(found.peaks).all()


def test_peaks_of_pieces_come_together_in_any_way() -> None:
    """Law: joining is the same whichever two of three pieces are joined first, and a piece without peaks adds nothing."""
    a, b, c = np.array([[1.0, 0.0, -1.0, 0.5], [3.0, 1.2, 0.0, 1.0], [2.0, 2.0, -1.0, 2.5]])
    assert np.array_equal(of_both(of_both(a, b), c), of_both(a, of_both(b, c)))
    assert of_both(of_both(a, b), c).tolist() == [3.0, 1.2, -1.0, 0.5]
    nothing = np.full(4, np.nan)
    assert np.array_equal(of_both(nothing, a), a)
    assert np.array_equal(of_both(a, nothing), a)


@pytest.mark.parametrize("kept", ["areas", "peaks"])
def test_what_is_not_there_cannot_be_kept(tiny: ReadTiny, kept: str) -> None:
    """Refusal: an area or a peak of what the model has not."""
    with pytest.raises(ModelError, match=r"'B' is no quantity of the model; ask for a state, a rule or a constant$"):
        Solver(tiny(TURNOVER), **{kept: ["B"]}).solve([Member()], times_h=[0.0, 1.0], quantities=["A"])
