"""Systems: order of what is computed, and the laws that a sound system obeys."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import ModelError
from tamarisk.model.expression import Apply, Expression, Name, Number, names
from tamarisk.model.system import TIME, Assignment, Event, System, in_order, require_known

LAW = settings(deadline=None, max_examples=60, derandomize=True)
FIRE = Event("pulse", Apply("gt", (Name(TIME), Number(1.0))), (Assignment("x", Name("k"), per="v"),))
SOUND = System(
    name="sound",
    rates={"x": Apply("minus", (Name("flow"),))},
    assigned={"flow": Apply("times", (Name("k"), Name("x")))},
    constants={"k": 2.0, "v": 3.0},
    initial={"x": 1.0},
    events=(FIRE,),
)


@LAW
@given(order=some.permutations(range(8)))
def test_definitions_stand_after_what_they_read(order: list[int]) -> None:
    """Law: in whatever order rules are written, each stands after those it reads, and none is lost or changed."""
    chain: dict[str, Expression] = {f"q{one}": Apply("plus", (Name(f"q{one - 1}" if one else "k"), Name("k"))) for one in order}
    placed = list(in_order(chain))
    assert in_order(chain) == chain
    assert placed == [f"q{one}" for one in range(8)]


@pytest.mark.parametrize(
    ("rules", "path"),
    [({"a": "a"}, "a > a"), ({"a": "b", "b": "c", "c": "a"}, "(a > b > c > a|b > c > a > b|c > a > b > c)")],
)
def test_a_circle_is_refused_and_printed(rules: dict[str, str], path: str) -> None:
    """Refusal: rules that need each other, as the way from one to itself."""
    with pytest.raises(ModelError, match=rf"^rules form a circle: {path}$"):
        in_order({name: Apply("plus", (Name(read), Number(1.0))) for name, read in rules.items()})


def test_a_system_says_what_can_be_read() -> None:
    """Law: states, then computed quantities, then constants; formulas are those of rates, quantities and events."""
    assert SOUND.states == ("x",)
    assert SOUND.quantities == ("x", "flow", "k", "v")
    assert {name for formula in SOUND.formulas() for name in names(formula)} == {"flow", "k", "x", TIME}


def test_an_event_lists_its_formulas() -> None:
    """Law: trigger and assignments, and delay and priority where there are any."""
    assert list(FIRE.formulas()) == [FIRE.trigger, Name("k")]
    assert list(replace(FIRE, delay=Number(1.0), priority=Name("p")).formulas())[2:] == [Number(1.0), Name("p")]


def test_a_sound_system_passes() -> None:
    """Law: what is sound is given back as it is, and cannot be changed in place."""
    assert require_known(SOUND, where="here") is SOUND
    with pytest.raises(FrozenInstanceError):
        SOUND.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "system",
    [
        replace(SOUND, rates={"x": Name("ghost")}),
        replace(SOUND, assigned={"flow": Name("ghost")}),
        replace(SOUND, events=(replace(FIRE, trigger=Name("ghost")),)),
        replace(SOUND, events=(replace(FIRE, delay=Name("ghost")),)),
    ],
    ids=["rate", "quantity", "trigger", "delay"],
)
def test_strangers_are_refused(system: System) -> None:
    """Refusal: the name that nobody knows, wherever it stands."""
    with pytest.raises(ModelError, match=r"^here: 'ghost' in a formula is no quantity of the model$"):
        require_known(system, where="here")


def test_events_set_states_only() -> None:
    """Refusal: an event that sets a constant or something unknown."""
    event = replace(FIRE, assignments=(Assignment("k", Number(1.0)),))
    with pytest.raises(ModelError, match=r"^here: the event 'pulse' sets 'k', which is no state$"):
        require_known(replace(SOUND, events=(event,)), where="here")
