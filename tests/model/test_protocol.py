"""Protocols: doses as people write them, and what the medium holds at any time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import ProtocolError, TamariskError, UnitError, UnknownNameError
from tamarisk.model.protocol import Dose, Protocol, change_times, conditions, dose, protocol, with_doses
from tamarisk.model.substance import media, medium

LAW = settings(deadline=None, max_examples=80, derandomize=True)
HOURS = some.integers(0, 400)
E2 = medium("E2")
DRUGS = ("4OHT", "rapamycin", "fulvestrant")


@some.composite
def plans(draw: some.DrawFn) -> Protocol:
    """Plans of up to three drugs, each for a while."""
    planned = []
    for drug in draw(some.lists(some.sampled_from(DRUGS), unique=True)):
        start = draw(HOURS)
        stop = draw(some.none() | some.integers(start + 1, 500))
        planned.append(f"{drug}={draw(some.integers(0, 1000))}nM@{start}h" + (f"-{stop}h" if stop else ""))
    return protocol(*planned)


# doses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fulvestrant=100nM", Dose("fulvestrant", "fulvestrant", 100.0)),
        ("rapamycin=20nM@24h-3d", Dose("rapamycin", "rapamycin", 20.0, 24.0, 72.0)),
        ("OH-Tam = 1 uM @ 1 d", Dose("4OHT", "OHT", 1000.0, 24.0)),
        ("amino acids=0.2x@0h-1h", Dose("amino acids", "amino_acids", 0.2, 0.0, 1.0)),
        ("E2=0nM", Dose("E2", "E2", 0.0)),
        ("E2=1e-1nM@30min-90min", Dose("E2", "E2", 0.1, 0.5, 1.5)),
    ],
)
def test_a_dose_is_read(text: str, expected: Dose) -> None:
    """Reference: doses by hand, with other names, other units and blanks."""
    assert dose(text) == expected


def test_doses_begin_when_the_plan_says() -> None:
    """Law: a start for the whole plan counts where a dose does not say its own."""
    planned = protocol("4OHT=1uM", "rapamycin=20nM@0h", start="24h").doses
    assert [one.start_h for one in planned] == [24.0, 0.0]


FORM = "write NAME=DOSEunit[@FROM[-TO]], as fulvestrant=100nM@24h-72h"


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (ProtocolError, "rapamycin", f"'rapamycin' is no dose; {FORM}"),
        (ProtocolError, "rapamycin=", f"'rapamycin=' is no dose; {FORM}"),
        (ProtocolError, " =20nM", f"' =20nM' is no dose; {FORM}"),
        (ProtocolError, "rapamycin=20nM@", f"'rapamycin=20nM@' is no dose; {FORM}"),
        (ProtocolError, "rapamycin=20nM@-72h", f"'rapamycin=20nM@-72h' is no dose; {FORM}"),
        (ProtocolError, "rapamycin=20nM@24h-24h", "the dose 'rapamycin=20nM@24h-24h' ends at 24 h, not after its start at 24 h"),
        (ProtocolError, "rapamycin=20nM@3d-24h", "the dose 'rapamycin=20nM@3d-24h' ends at 24 h, not after its start at 72 h"),
        (UnknownNameError, "rapamicin=20nM", "no drug 'rapamicin'; did you mean 'rapamycin'?"),
        (UnitError, "rapamycin=20", "dose of rapamycin: the dose '20' has no unit; write it as 100nM"),
        (UnitError, "rapamycin=-20nM", "dose of rapamycin: the dose '-20nM' is negative; nothing can be less than none"),
        (UnitError, "rapamycin=20h", "dose of rapamycin: unknown unit 'h' in '20h'; use one of fM, pM, nM, uM, mM, M"),
        (UnitError, "rapamycin=20nM@24", "dose of rapamycin: the time '24' has no unit; write it as 24h"),
        (UnitError, "rapamycin=20nM@24h-", "dose of rapamycin: '' is no time; write a number with its unit, as 24h"),
        (UnitError, "rapamycin=20nM@0h-inf h", "dose of rapamycin: the time 'inf h' is not a finite number"),
    ],
)
def test_what_is_no_dose_is_refused(kind: type[TamariskError], text: str, message: str) -> None:
    """Refusal: one sentence with the fault and how a dose is written."""
    with pytest.raises(kind) as refused:
        dose(text)
    assert str(refused.value) == message


def test_overlapping_doses_are_refused() -> None:
    """Refusal: two doses of one substance at one time, under whatever names, and in a plan made longer."""
    message = "two doses of 4OHT overlap from 24 h; give one dose at a time"
    with pytest.raises(ProtocolError) as refused:
        protocol("4OHT=1uM", "OH-Tam=1nM@24h-48h")
    assert str(refused.value) == message
    with pytest.raises(ProtocolError) as refused:
        with_doses(protocol("4OHT=1uM"), dose("4OHT=1nM@24h-48h"))
    assert str(refused.value) == message


# plans


@LAW
@given(plan=plans(), time=some.floats(0.0, 600.0))
def test_the_medium_stays_until_it_is_changed(plan: Protocol, time: float) -> None:
    """Law: between two times of change the medium is what it was at the last one."""
    last = max(change for change in change_times(plan) if change <= time)
    assert conditions(plan, time, kept_in=E2) == conditions(plan, last, kept_in=E2)


@LAW
@given(plan=plans())
def test_times_of_change_are_sorted_and_complete(plan: Protocol) -> None:
    """Law: times rise from zero, each once, and each start and washout is among them."""
    times = change_times(plan)
    assert times == sorted(set(times))
    assert times[0] == 0.0
    assert {one.start_h for one in plan.doses} | {one.stop_h for one in plan.doses} <= {*times, math.inf}


@LAW
@given(plan=plans(), time=HOURS)
def test_each_drug_is_there_only_while_it_is(plan: Protocol, time: int) -> None:
    """Law: a drug is at its dose from start to washout, counted from the start and not from the washout, and else absent."""
    there = conditions(plan, time, kept_in=E2)
    for one in plan.doses:
        assert there[one.constant] == (one.amount if one.start_h <= time and not time >= one.stop_h else 0.0)
    assert {name: there[name] for name in E2.constants} == {**E2.constants}


@LAW
@given(plan=plans())
def test_a_plan_sets_the_same_constants_at_all_times(plan: Protocol) -> None:
    """Law: nothing that a plan ever sets is left over from before."""
    named = {frozenset(conditions(plan, time, kept_in=E2)) for time in change_times(plan)}
    assert len(named) == 1


def test_washing_out_a_hormone_gives_back_the_medium() -> None:
    """Reference: oestradiol by hand: none for a day, then 10 nM for a day, then that of the medium again."""
    plan = protocol("E2=0nM@0h-24h", "E2=10nM@24h-48h")
    found = [conditions(plan, time, kept_in=E2)["E2"] for time in (0.0, 23.9, 24.0, 47.9, 48.0, 1e6)]
    assert found == [0.0, 0.0, 10.0, 10.0, 1.0, 1.0]


def test_doses_one_after_the_other_do_not_overlap() -> None:
    """Law: a dose may begin at the very time at which the one before is washed out, in whichever order they are written."""
    for plan in (protocol("4OHT=1uM@0h-24h", "4OHT=1nM@24h"), protocol("4OHT=1nM@24h", "4OHT=1uM@0h-24h")):
        assert change_times(plan) == [0.0, 24.0]
        assert conditions(plan, 24.0, kept_in=E2)["OHT"] == 1.0


def test_a_plan_may_name_its_media() -> None:
    """Reference: medium, medium before and rest by hand; the plan's own medium goes before that of the context."""
    plan = protocol(medium_name="Stripped", grown_in="full serum", rest=["starved=24h", "serum-free = 30 min"])
    assert (plan.medium, plan.grown_in) == (media()["stripped"], media()["full serum"])
    assert plan.rest == ((24.0, media()["starved"]), (0.5, media()["serum-free"]))
    assert conditions(plan, 0.0, kept_in=E2)["E2"] == 0.0
    assert (protocol().medium, protocol().grown_in, protocol().rest) == (None, None, ())


def test_further_doses_leave_the_plan_as_it_was() -> None:
    """Law: a plan made longer is another plan."""
    plan = protocol("4OHT=1uM", medium_name="stripped")
    longer = with_doses(plan, dose("rapamycin=20nM"))
    assert [one.name for one in plan.doses] == ["4OHT"]
    assert longer == protocol("4OHT=1uM", "rapamycin=20nM", medium_name="stripped")


@pytest.mark.parametrize(
    ("doses", "label"),
    [
        ([], "untreated"),
        (["4OHT=1uM", "rapamycin=20nM"], "4OHT 1000 nM + rapamycin 20 nM"),
        (["rapamycin=20nM@24h-72h", "AA=0.2x@1h"], "rapamycin 20 nM from 24 h to 72 h + amino acids 0.2 x from 1 h"),
    ],
)
def test_a_plan_has_a_label(doses: list[str], label: str) -> None:
    """Reference: the words by hand, units and times included."""
    assert protocol(*doses).label() == label


@pytest.mark.parametrize(
    ("kind", "rest", "message"),
    [
        (ProtocolError, "starved", "'starved' is no rest; write MEDIUM=TIME, as starved=24h"),
        (UnitError, "starved=24", "rest in starved: the time '24' has no unit; write it as 24h"),
        (UnitError, "starved=-1h", "rest in starved: the time '-1h' is negative; nothing can be less than none"),
        (UnknownNameError, "starvd=24h", "no medium 'starvd'; did you mean 'starved'?"),
    ],
)
def test_what_is_no_rest_is_refused(kind: type[TamariskError], rest: str, message: str) -> None:
    """Refusal: one sentence with the fault and how a rest is written."""
    with pytest.raises(kind) as refused:
        protocol(rest=[rest])
    assert str(refused.value) == message


@pytest.mark.parametrize("argument", ["medium_name", "grown_in"])
def test_an_unknown_medium_is_refused(argument: str) -> None:
    """Refusal: the nearest medium is offered."""
    with pytest.raises(UnknownNameError) as refused:
        protocol(**{argument: "full serun"})  # type: ignore[arg-type]
    assert str(refused.value) == "no medium 'full serun'; did you mean 'full serum'?"
