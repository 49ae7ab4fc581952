"""Areas under curves as further states: closed forms, conditions, events, slopes, and pieces that add up."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.expression import Apply, Name, Number
from tamarisk.model.system import TIME, Assignment, Event, System, system_of
from tamarisk.simulation.areas import area_of, with_areas
from tamarisk.simulation.happenings import Happenings
from tamarisk.simulation.lanes import Control, Lanes, Plan

RATES = (0.5, 1.0, 3.0)
FALL = Apply("times", (Number(-1.0), Name("k"), Name("x")))
DECAY = System("decay", {"x": FALL}, {"square": Apply("times", (Name("x"), Name("x")))}, {"k": 1.0}, {"x": 1.0})


def plan_of(system: System, constants: tuple[float, ...], end: float) -> Plan:
    """Members of a small system, one for each value of its only constant."""
    many, start = len(constants), list(system.initial.values())
    return Plan(
        np.array(constants)[:, None], np.tile(start, (many, 1)), np.zeros(many), np.full(many, end), [np.array([end])] * many
    )


def test_the_area_under_a_decay() -> None:
    """Reference: of e^(-kt) it is (1 - e^(-kt)) / k, of its square half of that at 2 k; 1e-5 is ten tolerances."""
    system = with_areas(DECAY, ["x", "square", "k"])
    assert system.states == ("x", "integral of x", "integral of square", "integral of k")
    end = Lanes(system, 2).run(plan_of(system, RATES, 2.0)).end
    assert end[:, 1] == pytest.approx([(1 - math.exp(-2 * k)) / k for k in RATES], rel=1e-5)
    assert end[:, 2] == pytest.approx([(1 - math.exp(-4 * k)) / (2 * k) for k in RATES], rel=1e-5)
    assert end[:, 3] == pytest.approx([2 * k for k in RATES], rel=1e-9)


def test_an_area_is_controlled_like_a_state() -> None:
    """Law: its error stays below ten tolerances at each of them; steps that suit the decay alone would miss the smallest."""
    system = with_areas(DECAY, ["square"])
    for relative in (1e-4, 1e-6, 1e-9):
        end = Lanes(system, 1).run(plan_of(system, RATES, 5.0), Control(relative, 1e-3 * relative)).end[:, 1]
        assert end == pytest.approx([(1 - math.exp(-10 * k)) / (2 * k) for k in RATES], rel=10 * relative)


def test_pieces_add_up() -> None:
    """Law: the areas of a run's two pieces add up to that of the run, on the shipped model to ten tolerances."""
    system = with_areas(system_of(read_model()), ["ER_total", "CDK46_active"])
    constants, start = (np.array([list(one.values())]) for one in (system.constants, system.initial))
    plan = Plan(constants, start, np.zeros(1), np.full(1, 48.0), [np.zeros(0)])
    lanes = Lanes(system, 1)
    first = lanes.run(replace(plan, end=plan.end / 3)).end
    again = np.where(np.arange(first.shape[1]) < first.shape[1] - 2, first, 0.0)
    second = lanes.run(replace(plan, start=again, begin=plan.end / 3)).end
    whole = lanes.run(plan).end[0, -2:]
    assert np.all(whole > 0)
    assert first[0, -2:] + second[0, -2:] == pytest.approx(whole, rel=1e-5)


def test_a_rule_that_jumps() -> None:
    """Reference: what is 2 until the time k and 0 from then on has the area 2 k: the jump is a place where steps end."""
    pulse = Apply("piecewise", (Number(2.0), Apply("lt", (Name(TIME), Name("k"))), Number(0.0)))
    system = with_areas(System("pulse", {"x": Number(0.0)}, {"given": pulse}, {"k": 1.0}, {"x": 0.0}), ["given"])
    end = Lanes(system, 2).run(plan_of(system, (0.2, 0.7), 3.0), Control(1e-9, 1e-12)).end[:, 1]
    assert end == pytest.approx([0.4, 1.4], rel=1e-8)


def test_through_events() -> None:
    """Reference: a decay from 1, set to 3 at time 1, has by 2 the area 4 (1 - 1/e); of what events alone set, 5, it is 5."""
    at_one = Apply("geq", (Name(TIME), Number(1.0)))
    dose = Event("dose", at_one, (Assignment("x", Number(3.0)), Assignment("given", Number(5.0))))
    rates = {"x": FALL, "given": Number(0.0)}
    system = with_areas(System("dosed", rates, {}, {"k": 1.0}, {"x": 1.0, "given": 0.0}, (dose,)), ["x", "given"])
    found = Happenings(system, 1).run(plan_of(system, (1.0,), 2.0))
    assert found.end[0, 2:] == pytest.approx([4 * (1 - math.exp(-1)), 5.0], rel=1e-5)
    assert found.seen[0, list(system.quantities).index(area_of("x"))] == found.end[0, 2]


def test_the_slope_of_an_area() -> None:
    """Reference: the area of e^(-kt) changes with k by (e^(-kt) (1 + kt) - 1) / k^2."""
    system = with_areas(DECAY, ["x"])
    plan = plan_of(system, RATES, 2.0)
    constants, start = np.hstack([plan.constants, np.ones((3, 1))]), np.hstack([plan.start, np.zeros((3, 2))])
    end = Lanes(system, 2, 1).run(replace(plan, constants=constants, start=start)).end
    assert end[:, 3] == pytest.approx([(math.exp(-2 * k) * (1 + 2 * k) - 1) / k**2 for k in RATES], rel=1e-5)


def test_what_is_not_there_has_no_area() -> None:
    """Refusal: an area under the curve of what the model has not."""
    with pytest.raises(ModelError, match=r"^decay: 'y' is no quantity of the model; ask for a state, a rule or a constant$"):
        with_areas(DECAY, ["x", "y"])
