"""Slopes of an objective by all constants at once: closed forms, the slopes that go forwards, and promises of sameness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tamarisk.errors import DataError, ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import read_context
from tamarisk.model.model import Model
from tamarisk.seeds import generator
from tamarisk.simulation import adjoint_gradient as module
from tamarisk.simulation.adjoint_gradient import AdjointSolver, ObjectiveGradient
from tamarisk.simulation.batch import Member, Period, Solver
from tamarisk.simulation.gradient import GradientSolver
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, as_member

ReadTiny = Callable[[str], Model]
Array = np.ndarray

TURNOVER = "  substanceOnly species A in cell; A = 0; s = 2; k = 4; synthesis: -> A; s; decay: A -> ; k * A;"
PAIR = "  substanceOnly species A in cell, B in cell; A = 3; B = 1; k = 2; l = 0.5; there: A -> B; k * A; back: B -> A; l * B;"
GROWTH = "  substanceOnly species A in cell; A = 1; k = 0.3; x := A^2 / k; growth: -> A; k * A;"
COUNTED = """
  substanceOnly species A in cell, N in cell; A = 0; N = 1; s = 2; k = 4; r = 30; e = 0.5;
  synthesis: -> A; s; decay: A -> ; k * A; growth: -> N; r * A * N; eaten: A -> ; e * A;
"""


def slopes_of(
    model: Model, member: Member, times: list[float], quantities: list[str], worth: Callable[[Array], Array] = np.ones_like
) -> dict[str, float]:
    """The slopes of one member's objective by the names of the constants, a plain sum of the values if nothing else is said."""
    found = AdjointSolver(model).solve([member], times_h=times, quantities=quantities, worth=worth)
    assert found.outcomes == (Outcome.FINISHED,)
    return dict(zip(model.constants, found.slopes[0].tolist(), strict=True))


# closed forms


def test_growth_and_a_rule_of_it(tiny: ReadTiny) -> None:
    """Reference: of A^2 / k with A = e^kt the slope by k is (2 t - 1 / k) e^2kt / k, at time 0 that of the rule alone."""
    model, k = tiny(GROWTH), 0.3
    for t in (0.0, 1.5, 4.0):
        found = slopes_of(model, Member(restart={"A": 1.0}), [0.0, 1.5, 4.0], ["x"], lambda values, t=t: _only(values, t))
        assert found["k"] == pytest.approx((2 * t - 1 / k) * np.exp(2 * k * t) / k, rel=1e-5)


def _only(values: Array, time: float) -> Array:
    """One for the first quantity at one time of three."""
    worth = np.zeros_like(values)
    worth[:, [0.0, 1.5, 4.0].index(time), 0] = 1.0
    return worth


def test_a_steady_state(tiny: ReadTiny) -> None:
    """Reference: synthesis against decay rests at s / k, so the slopes are 1 / k and -s / k^2, seen once at 0 and once later."""
    found = slopes_of(tiny(TURNOVER), Member(), [0.0, 3.0], ["A"])
    assert found["s"] == pytest.approx(2 * 0.25, rel=1e-8)
    assert found["k"] == pytest.approx(-2 * 0.125, rel=1e-8)


def test_a_steady_state_with_a_conserved_sum(tiny: ReadTiny) -> None:
    """Reference: A and B rest at shares l and k of their sum of 4, whose matrix has no inverse; A minus twice B is asked for."""
    found = slopes_of(tiny(PAIR), Member(), [0.0], ["A", "B"], lambda values: np.array([1.0, -2.0]) + 0 * values)
    k, back, total = 2.0, 0.5, 4.0
    assert found["k"] == pytest.approx(3 * -back * total / (k + back) ** 2, rel=1e-8)
    assert found["l"] == pytest.approx(3 * k * total / (k + back) ** 2, rel=1e-8)


def test_the_squares_of_deviations(tiny: ReadTiny) -> None:
    """Reference: of (A(t) - 1)^2 in closed form, where A starts at 0 and goes to s / k."""
    s, k, t = 2.0, 4.0, 0.3
    value, decay = s / k * (1 - np.exp(-k * t)), np.exp(-k * t)
    found = slopes_of(tiny(TURNOVER), Member(restart={"A": 0.0}), [t], ["A"], lambda values: 2 * (values - 1.0))
    assert found["s"] == pytest.approx(2 * (value - 1) * (1 - decay) / k, rel=1e-6)
    assert found["k"] == pytest.approx(2 * (value - 1) * (s * t * decay / k - s * (1 - decay) / k**2), rel=1e-6)


def test_a_phase_that_sets_the_constant_takes_its_slope(tiny: ReadTiny) -> None:
    """Reference: settled at s / k, then run with another k, which is also asked for itself: only what was settled has a slope."""
    changed = Member(periods=(Period(0.0, {"k": 1.0}),))
    found = slopes_of(tiny(TURNOVER), changed, [2.0], ["A", "k"])
    assert found["k"] == pytest.approx(-0.125 * np.exp(-2.0), rel=1e-6)


def test_rest_and_restart(tiny: ReadTiny) -> None:
    """Reference: rested for an hour at another s, N grows behind at r A from 1; its logarithm has slopes in closed form.

    N, which is set back at time 0, has no end while A settles; nothing is asked of it before.
    """
    model, total = tiny(COUNTED), 4.5
    member = Member(settle={"s": 1.0}, rest=((1.0, {"s": 3.0}),), restart={"N": 1.0})
    found = slopes_of(model, member, [0.1], ["N"], lambda values: 1 / values)
    settled, faded, late = 1.0 / total, np.exp(-total), np.exp(-total * 0.1)
    begun = 3.0 / total * (1 - faded) + settled * faded
    area = 2.0 / total * 0.1 + (begun - 2.0 / total) * (1 - late) / total
    assert found["r"] == pytest.approx(area, rel=1e-6)
    assert found["s"] == pytest.approx(30 * (0.1 - (1 - late) / total) / total, rel=1e-6)


# the slopes that go forwards


def three() -> list[Member]:
    """Cells of three contexts, settled, then dosed after a day; one of them rests for two days before."""
    members = []
    for context, drugs in (("MCF-7", {"OHT": 100.0}), ("MCF7-TamR", {"rapamycin": 20.0}), ("BT-474", {})):
        one = as_member(Experiment(read_context(context)))
        members.append(replace(one, periods=(*one.periods, Period(24.0, drugs))))
    return [*members[:2], replace(members[2], rest=((48.0, {"OHT": 10.0}),))]


def answered(model: Model, members: list[Member], quantities: list[str]) -> tuple[ObjectiveGradient, Array]:
    """Slopes of an objective drawn for every member, quantity and time by the value's own size."""
    drawn = generator(5, "tests", "objective").standard_normal((3, 3, len(quantities)))[: len(members)]
    solver = AdjointSolver(model)
    worth = drawn / np.abs(solver.solve(members, times_h=TIMES, quantities=quantities, worth=np.zeros_like).values)
    return solver.solve(members, times_h=TIMES, quantities=quantities, worth=lambda _: worth), worth


TIMES, ASKED = [0.0, 24.0, 72.0], ["pRB", "AKT_pS473", "cells", "PTEN", "ER_total"]


def test_the_shipped_model_settled_rested_and_dosed() -> None:
    """Reference: slopes that go forwards by every ninth constant, to 1e-9 of the largest of each member.

    Forwards settles the slopes by long runs and backwards by the equations of the steady state, hence not to rounding alone.
    """
    model, members = read_model(), three()
    quantities = [one for one in ASKED if one in {*model.states, *(rule.id for rule in model.rules)}]
    assert len(quantities) >= 3
    found, worth = answered(model, members, quantities)
    places = [place for place, value in enumerate(model.constants.values()) if value][::9]
    names = [list(model.constants)[place] for place in places]
    ahead = GradientSolver(model).solve(members, times_h=TIMES, quantities=quantities, parameters=names)
    known = np.einsum("mtqp,mtq->mp", ahead.slopes, worth)
    for number, member in enumerate(members):
        sizes = np.abs([{**model.constants, **member.constants}[name] for name in names])
        gap = np.abs(found.slopes[number, places] - known[number]) * sizes
        assert gap.max() < 1e-9 * np.max(np.abs(known[number]) * sizes)


# promises


def test_values_are_those_without_slopes() -> None:
    """Law: whoever is gone back over is solved to the same last bit as who is not."""
    model, members = read_model(), three()
    found = AdjointSolver(model).solve(members, times_h=TIMES, quantities=["cells", "PTEN"], worth=np.ones_like)
    plain = Solver(model).solve(members, times_h=TIMES, quantities=["cells", "PTEN"])
    assert np.array_equal(plain.values, found.values)


def test_slopes_do_not_depend_on_their_company() -> None:
    """Law: the same slope to the last bit alone, in another order, and beside members with other phases."""
    solver, members = AdjointSolver(read_model()), three()
    given = {"times_h": TIMES, "quantities": ["cells", "PTEN"], "worth": np.ones_like}
    together = solver.solve(members, **given)
    assert np.array_equal(solver.solve(members[::-1], **given).slopes, together.slopes[::-1])
    for number, member in enumerate(members):
        assert np.array_equal(solver.solve([member], **given).slopes[0], together.slopes[number])


def test_a_quantity_asked_for_twice_counts_twice(tiny: ReadTiny) -> None:
    """Law: as one that is worth twice as much."""
    once = slopes_of(tiny(TURNOVER), Member(restart={"A": 0.0}), [0.2], ["A"], lambda values: 2 + 0 * values)
    twice = slopes_of(tiny(TURNOVER), Member(restart={"A": 0.0}), [0.2], ["A", "A"])
    assert once == twice


def test_a_failed_member_has_no_slopes(tiny: ReadTiny) -> None:
    """Law: who does not settle is data: an outcome, and no number; its neighbour is as it would be alone."""
    found = AdjointSolver(tiny(GROWTH)).solve(
        [Member(constants={"k": 0.03}), Member(restart={"A": 1.0})], times_h=[0.0, 1.0], quantities=["A"], worth=np.ones_like
    )
    assert found.outcomes == (Outcome.NO_STEADY_STATE, Outcome.FINISHED)
    assert np.isnan(found.slopes[0]).all()
    assert np.isnan(found.values[0]).all()
    assert found.slopes[1, 0] == pytest.approx(np.exp(0.3), rel=1e-6)


def test_slopes_that_do_not_settle(tiny: ReadTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where the steady state's equations leave more than may be left, the member has not settled."""
    monkeypatch.setattr(module, "_SLOWEST_PER_H", 100.0)
    found = AdjointSolver(tiny(TURNOVER)).solve([Member()], times_h=[0.0], quantities=["A"], worth=np.ones_like)
    assert found.outcomes == (Outcome.NO_STEADY_STATE,)
    assert np.isnan(found.slopes).all()


def test_nobody(tiny: ReadTiny) -> None:
    """Law: without members there are no values and no slopes."""
    found = AdjointSolver(tiny(TURNOVER)).solve([], times_h=[0.0, 1.0], quantities=["A"], worth=np.ones_like)
    assert (found.values.shape, found.slopes.shape, found.outcomes) == ((0, 2, 1), (0, 2), ())


def test_what_is_worth_no_number(tiny: ReadTiny) -> None:
    """Law: an objective without a slope at a member that came to its end has none there, and is not taken for nothing."""
    found = AdjointSolver(tiny(TURNOVER)).solve(
        [Member(), Member(constants={"s": 1.0})],
        times_h=[1.0],
        quantities=["A"],
        worth=lambda values: np.where(values > 0.3, np.nan, 1.0),
    )
    assert found.outcomes == (Outcome.FINISHED, Outcome.FINISHED)
    assert np.isnan(found.slopes[0]).all()
    assert found.slopes[1, 0] == pytest.approx(0.25, rel=1e-8)


def test_slopes_of_another_shape(tiny: ReadTiny) -> None:
    """Refusal: both shapes are named."""
    with pytest.raises(DataError) as refusal:
        slopes_of(tiny(TURNOVER), Member(), [0.0, 1.0], ["A"], lambda values: values[0])
    assert str(refusal.value) == "worth has shape (2, 1), the values (1, 2, 1); give one slope for each value"


def test_a_quantity_that_is_not_there(tiny: ReadTiny) -> None:
    """Refusal: by its name."""
    with pytest.raises(ModelError, match="this model has no 'Q'"):
        slopes_of(tiny(TURNOVER), Member(), [0.0], ["Q"])
