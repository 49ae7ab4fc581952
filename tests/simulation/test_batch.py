"""Many members through one model: closed forms, independence, failures, and what the shipped model keeps along a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import ModelError, SimulationError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import contexts, read_context
from tamarisk.model.expression import evaluate
from tamarisk.model.model import Model
from tamarisk.model.protocol import protocol
from tamarisk.simulation.batch import Member, Period, Solver
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import HELD, SEEDED, Experiment, as_member

LAW = settings(deadline=None, max_examples=30, derandomize=True)
CLOSE = 3e-6  # the integrator aims at 1e-7 per step; over a run that adds up to some 1e-6
LINES = tuple(one if kind.kind == "line" else f"MCF-7 + {one}" for one, kind in contexts().items())
TREATED = ("4OHT=1uM", "fulvestrant=100nM", "everolimus=20nM", "lapatinib=1uM", "E2=0nM", "EGF=16nM", "omipalisib=10uM")

# what is phosphorylated, loaded, bound or active, and what there is of it in all
FORMS = {
    **{f"{one}_p": f"{one}_dose" for one in ("RAF", "ERK", "TSC2", "SRC", "AIB1")},
    **{f"{one}_p": f"{one}_total" for one in ("MEK", "RSK", "S6", "PRAS40", "EBP1")},
    **{f"{one}_active": f"{one}_total" for one in ("PI3K", "mTORC1", "mTORC2", "CDK2")},
    **{f"{one}_GTP": f"{one}_total" for one in ("RAS", "RHEB")},
    **dict.fromkeys(("RTK_adapted", "AKT_adapted", "ESR1_silenced"), "adapted_total"),
    **dict.fromkeys(("ER_pS118", "ER_pS167"), "ER_total"),
    **dict.fromkeys(("AKT_pT308", "AKT_pS473"), "AKT_dose"),
    "mTORC1_rapalog": "mTORC1_total",
    "mTORC2_assembled": "mTORC2_total",
    "S6K_pT389": "S6K_dose",
    "PIP3": "PIP2_total",
    "FOXO3": "FOXO3_total",
    "RB_p": "RB1_dose",
    "IRS1_pY": "IRS1",
}

ReadTiny = Callable[[str], Model]


def culture(cells: str, *doses: str) -> Member:
    """One line under some doses, as the integrator sees it."""
    return as_member(Experiment(read_context(cells), protocol(*doses)))


def with_constant(member: Member, **changes: float) -> Member:
    """The same member with other constants from time 0 on."""
    first, *later = member.periods
    return replace(member, periods=(replace(first, constants={**first.constants, **changes}), *later))


# closed forms


@LAW
@given(k=some.floats(0.01, 5.0), d=some.floats(0.0, 4.0), switch_h=some.floats(0.5, 5.0))
def test_decay_in_two_periods(tiny: ReadTiny, k: float, d: float, switch_h: float) -> None:
    """Reference: a decay whose rate changes once is two exponentials one upon the other, its rules and drugs included."""
    model = tiny(
        "  species $D in cell; substanceOnly species A in cell; A = 1; D = 0; k = 1;\n"
        "  rate := k * (1 + D); rate has dimensionless; decay: A -> ; rate * A;"
    )
    times = [0.0, switch_h / 2, switch_h, switch_h + 1.0]
    plan = (Period(0.0, {"D": 0.0}), Period(switch_h, {"D": d}))
    member = Member(constants={"k": k}, periods=plan, restart={"A": 7.0})
    values = Solver(model).solve([member], times_h=times, quantities=["A", "rate", "D"]).values[0]
    exponents = [0.0, k * switch_h / 2, k * switch_h, k * switch_h + k * (1 + d)]
    assert values[:, 0] == pytest.approx(7.0 * np.exp(-np.array(exponents)), rel=CLOSE, abs=1e-9)
    assert values[:, 1] == pytest.approx([k, k, k * (1 + d), k * (1 + d)])
    assert values[:, 2].tolist() == [0.0, 0.0, d, d]


@LAW
@given(s=some.floats(0.1, 10.0), k=some.floats(0.05, 2.0), span_h=some.floats(0.5, 40.0))
def test_settling_and_rest(tiny: ReadTiny, s: float, k: float, span_h: float) -> None:
    """Reference: cells settle with one synthesis, rest without it and then regain it: three closed forms in a row."""
    model = tiny("  substanceOnly species A in cell; A = 1; s = 1; k = 1; synthesis: -> A; s; decay: A -> ; k * A;")
    member = Member(constants={"k": k}, settle={"s": s}, rest=((span_h, {"s": 0.0}),), periods=(Period(0.0, {"s": s}),))
    values = Solver(model).solve([member], times_h=[0.0, 2.0], quantities=["A"]).values[0, :, 0]
    rested = s / k * np.exp(-k * span_h)
    assert values == pytest.approx([rested, s / k + (rested - s / k) * np.exp(-2 * k)], rel=CLOSE, abs=CLOSE * s / k)


def test_growth_of_untreated_cells_is_exponential(solver: Solver) -> None:
    """Reference: at the steady state cells grow exponentially and the dead pile up as their integral, in closed form."""
    member = replace(culture("MCF-7"), constants=HELD)
    wanted = ["cells", "dead_cells", "division_rate", "death_rate"]
    times = np.array([0.0, 24.0, 72.0, 144.0])
    cells, dead, division, death = solver.solve([member], times_h=times, quantities=wanted).values[0].T
    net = division[0] - death[0]
    assert cells == pytest.approx(np.exp(net * times), rel=1e-5)
    assert dead == pytest.approx(death[0] / net * (np.exp(net * times) - 1), rel=1e-5)


# settling


@pytest.mark.parametrize("cells", LINES)
def test_the_settled_state_is_steady(solver: Solver, cells: str) -> None:
    """Law: of the settled cells nothing changes but their number, as plain evaluation of every reaction says."""
    member = culture(cells)
    known = {**solver.model.constants, **member.constants, **member.settle, **solver.settled(member)}
    for rule in solver.model.rules:
        known[rule.id] = evaluate(rule.formula, known)
    drift = dict.fromkeys(solver.model.states, 0.0)
    for reaction in solver.model.reactions:
        for name, amount in reaction.changes:
            if name in drift:
                drift[name] += amount * evaluate(reaction.rate, known)
    settled = drift.keys() - SEEDED.keys()
    assert {name: known[name] for name in SEEDED} == SEEDED
    assert all(abs(drift[name]) < 2e-7 * (known[name] + 1e-3) for name in settled)  # the search stops at 1e-7 per hour
    assert drift["cells"] > 0


def test_no_steady_state_is_an_error_for_one(tiny: ReadTiny) -> None:
    """Refusal: the settled state of cells that never settle is asked for in vain."""
    model = tiny("  substanceOnly species A in cell; A = 1; s = 1; synthesis: -> A; s;")
    with pytest.raises(SimulationError) as refused:
        Solver(model).settled(Member())
    assert str(refused.value) == "the cells did not settle to a steady state before the experiment"


# independence


def test_members_do_not_know_each_other(solver: Solver) -> None:
    """Law: a member's numbers are the same to the last bit alone, in company, in another order and in another laboratory."""
    members = [culture("MCF-7"), culture("T47D", "4OHT=1uM"), culture("MCF-7", "rapamycin=20nM@24h-48h"), culture("LTED")]
    quantities, times = [*solver.model.states, "ER_activity"], [0.0, 6.0, 24.0, 30.0, 96.0]
    together = solver.solve(members, times_h=times, quantities=quantities).values
    backwards = Solver(read_model()).solve(members[::-1], times_h=times, quantities=quantities).values[::-1]
    alone = [Solver(solver.model).solve([one], times_h=times, quantities=quantities).values[0] for one in members]
    assert np.array_equal(together, backwards)
    assert np.array_equal(together, np.array(alone))
    assert np.array_equal(together, solver.solve(members, times_h=times, quantities=quantities).values)


def test_quantities_come_in_the_order_asked(solver: Solver) -> None:
    """Law: states, rules and constants stand where they were asked for, and one may be asked for twice."""
    wanted = ["ER_total", "cells", "PTEN_dose", "ER_total"]
    values = solver.solve([culture("MCF-7 + PTEN-knockdown")], times_h=[0.0, 24.0], quantities=wanted).values[0]
    backwards = solver.solve([culture("MCF-7 + PTEN-knockdown")], times_h=[0.0, 24.0], quantities=wanted[::-1]).values[0]
    assert np.array_equal(values, backwards[:, ::-1])
    assert values[:, 2].tolist() == [0.15, 0.15]


def test_the_grid_does_not_matter(solver: Solver) -> None:
    """Law: what a run gives at a time does not depend on when else it was looked at."""
    members = [culture("MCF-7", "fulvestrant=100nM"), culture("T47D", "everolimus=20nM@10h-50h")]
    coarse = solver.solve(members, times_h=[0.0, 33.0, 100.0], quantities=solver.model.states).values
    fine_h = [0.0, 0.01, 1.0, 7.7, 10.0, 33.0, 49.9, 50.0, 77.0, 100.0]
    fine = solver.solve(members, times_h=fine_h, quantities=solver.model.states).values
    at = [fine_h.index(time) for time in (0.0, 33.0, 100.0)]
    longer = solver.solve(members, times_h=[*fine_h, 143.0], quantities=solver.model.states).values
    assert np.array_equal(fine[:, at], coarse)
    assert np.array_equal(longer[:, :-1], fine)


@pytest.mark.parametrize("cells", ["MCF-7", "MCF7-TamR", "T47D"])
def test_a_period_may_be_split(solver: Solver, cells: str) -> None:
    """Law: two periods with the same constants are one."""
    whole = culture(cells, "4OHT=1uM")
    halves = replace(whole, periods=(*whole.periods, Period(31.0, whole.periods[0].constants)))
    times = [0.0, 12.0, 31.0, 60.0, 144.0]
    values = solver.solve([whole, halves], times_h=times, quantities=solver.model.states).values
    assert np.array_equal(values[1], values[0])


# failures


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"max_division_rate": 1e4}, Outcome.NOT_FINITE),  # cells overflow within a day
        ({"K_E2F_division": 0.0}, Outcome.NOT_FINITE),  # a division by zero
        ({"k_on_E2": np.inf}, Outcome.NOT_FINITE),  # binding faster than numbers go
    ],
)
def test_a_failing_member_is_counted(solver: Solver, changes: dict[str, float], outcome: Outcome) -> None:
    """Law: a member that cannot be run says why and gives no number, and its neighbours keep theirs to the last bit."""
    sound = [culture("MCF-7"), culture("T47D")]
    failing = with_constant(culture("MCF-7"), **changes)
    mixed = solver.solve([sound[0], failing, sound[1]], times_h=[0.0, 24.0, 144.0], quantities=["cells", "E2F"])
    alone = solver.solve(sound, times_h=[0.0, 24.0, 144.0], quantities=["cells", "E2F"])
    assert mixed.outcomes == (Outcome.FINISHED, outcome, Outcome.FINISHED)
    assert np.isnan(mixed.values[1]).all()
    assert np.array_equal(mixed.values[[0, 2]], alone.values)


def test_binding_as_fast_as_numbers_go(solver: Solver) -> None:
    """Law: the faster hormone binds, the nearer a member comes to one whose receptor is never free; 1e300 per h is sound."""
    members = [with_constant(culture("MCF-7"), k_on_E2=rate) for rate in (1e12, 1e300)]
    fast, fastest = solver.solve(members, times_h=[0.0, 144.0], quantities=["cells", "E2F", "ER_E2"]).values
    assert fast == pytest.approx(fastest, rel=1e-8)


def test_a_member_that_fails_late_gives_nothing(solver: Solver) -> None:
    """Law: a run that fails in its second period does not pass off its first one as a result."""
    healthy = culture("MCF-7")
    late = replace(healthy, periods=(*healthy.periods, Period(48.0, {**healthy.periods[0].constants, "max_division_rate": 1e4})))
    solution = solver.solve([late], times_h=[0.0, 24.0, 144.0], quantities=["cells"])
    assert solution.outcomes == (Outcome.NOT_FINITE,)
    assert np.isnan(solution.values).all()
    before = solver.solve([late], times_h=[0.0, 24.0], quantities=["cells"])
    assert before.outcomes == (Outcome.FINISHED,)


def test_cells_that_do_not_settle_fail(tiny: ReadTiny) -> None:
    """Law: members without a steady state are counted as such, beside one that has it."""
    model = tiny("  substanceOnly species A in cell; A = 1; s = 1; k = 0; synthesis: -> A; s; decay: A -> ; k * A;")
    solution = Solver(model).solve([Member(), Member(constants={"k": 1.0})], times_h=[0.0], quantities=["A"])
    assert solution.outcomes == (Outcome.NO_STEADY_STATE, Outcome.FINISHED)
    assert np.isnan(solution.values[0]).all()
    assert solution.values[1, 0, 0] == pytest.approx(1.0, rel=CLOSE)


def test_more_pasts_than_are_remembered(solver: Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a member whose settled state is forgotten while its batch settles has its numbers all the same."""
    monkeypatch.setattr("tamarisk.simulation.batch._MOST_SETTLED", 3)
    members = [replace(culture("MCF-7"), constants={"PTEN_dose": 0.1 * number}) for number in range(1, 7)]
    once = solver.solve(members, times_h=[0.0], quantities=["AKT_pS473"])
    for chosen in ([2, 0, 5, 4], [0, 1, 2, 3, 4, 5], [5]):
        again = solver.solve([members[number] for number in chosen], times_h=[0.0], quantities=["AKT_pS473"])
        assert np.array_equal(again.values, once.values[chosen])
        assert set(again.outcomes) == {Outcome.FINISHED}


def test_progress_counts_every_member(solver: Solver) -> None:
    """Law: progress is told once per member, in order, whether it failed or not."""
    told: list[tuple[int, int]] = []
    members = [culture("MCF-7"), with_constant(culture("MCF-7"), K_E2F_division=0.0), culture("T47D")]
    solver.solve(members, times_h=[0.0, 1.0], quantities=["cells"], progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    "member",
    [culture("MCF-7"), replace(culture("MCF-7"), constants={"K_E2F_division": 0.0})],
    ids=["sound", "never settled"],
)
def test_an_unknown_quantity_is_refused(solver: Solver, member: Member) -> None:
    """Refusal: a quantity that the model lacks is an error, not a column of blanks, also where the member fails."""
    with pytest.raises(ModelError, match=r"^this model has no 'nonsense'; add it to the modules and to parameters.tsv$"):
        solver.solve([member], times_h=[0.0, 24.0], quantities=["cells", "nonsense"])


@pytest.mark.parametrize(
    "member",
    [
        Member(constants={"nonsense": 1.0}),
        Member(settle={"nonsense": 1.0}),
        Member(rest=((1.0, {"nonsense": 1.0}),)),
        Member(periods=(Period(0.0, {"nonsense": 1.0}),)),
        Member(periods=(Period(0.0, {}), Period(200.0, {"nonsense": 1.0}))),
    ],
    ids=["constants", "settle", "rest", "period", "period after the last look"],
)
def test_an_unknown_constant_is_refused(solver: Solver, member: Member) -> None:
    """Refusal: a constant that the model lacks is named, wherever in the plan it stands."""
    settled = replace(member, restart=SEEDED, settle={**HELD, **member.settle})
    with pytest.raises(ModelError, match=r"^this model has no 'nonsense'; add it to the modules and to parameters.tsv$"):
        solver.solve([settled], times_h=[0.0, 24.0], quantities=["cells"])


# what the shipped model keeps


def test_receptor_is_only_bound(solver: Solver) -> None:
    """Law: with synthesis and decay stopped, E2, 4OHT and fulvestrant move receptor between its forms and lose none."""
    closed = dict.fromkeys(("k_tl_ER", "k_deg_ER", "k_deg_ER_E2", "k_deg_ER_SERM", "k_deg_ER_SERD"), 0.0)
    plan = culture("MCF-7", "4OHT=1uM@0h-24h", "fulvestrant=100nM@24h-72h", "E2=10nM@72h")
    held = replace(plan, periods=tuple(replace(one, constants={**one.constants, **closed}) for one in plan.periods))
    forms = ["ER", "ER_E2", "ER_SERM", "ER_SERD"]
    values = solver.solve([held], times_h=[0.0, 20.0, 24.0, 48.0, 72.0, 100.0], quantities=forms).values[0]
    assert values.sum(axis=1) == pytest.approx(np.full(6, values[0].sum()), rel=CLOSE)
    assert values.argmax(axis=1).tolist() == [1, 2, 2, 3, 3, 1]  # each ligand in its turn


def test_surface_receptor_is_only_taken_inside(solver: Solver) -> None:
    """Law: with synthesis and decay stopped, EGF moves EGFR inside and its washout brings it back, none lost."""
    plan = culture("T47D", "EGF=16nM@0h-2h")
    held = replace(plan, periods=tuple(replace(one, constants={**one.constants, "k_deg_EGFR": 0.0}) for one in plan.periods))
    values = solver.solve([held], times_h=[0.0, 0.5, 2.0, 48.0], quantities=["EGFR", "EGFR_internal"]).values[0]
    assert values.sum(axis=1) == pytest.approx(np.full(4, values[0].sum()), rel=CLOSE)
    assert values[1, 1] > 5 * values[0, 1]
    assert values[3, 1] < 0.5 * values[2, 1]


@pytest.mark.parametrize("cells", LINES)
def test_amounts_are_amounts(solver: Solver, cells: str) -> None:
    """Law: under drugs, ligands and starvation nothing falls below nothing, and no form exceeds what there is of it."""
    members = [culture(cells, dose) for dose in TREATED]
    names = [*FORMS, *FORMS.values()]
    solution = solver.solve(members, times_h=[0.0, 0.2, 1.0, 24.0, 144.0], quantities=[*solver.model.states, *names])
    states, forms, totals = np.split(solution.values, [len(solver.model.states), len(solver.model.states) + len(FORMS)], axis=2)
    assert set(solution.outcomes) == {Outcome.FINISHED}
    assert states.min() > -1e-9  # the integrator's absolute tolerance is 1e-10
    beyond = {name: float(over) for name, over in zip(FORMS, (forms - totals).max(axis=(0, 1)), strict=True) if over > 1e-9}
    assert beyond == {}


def test_active_mTORC2_is_assembled(solver: Solver) -> None:
    """Law: months of rapalog take mTORC2 apart, and what is apart is not active."""
    members = [culture(cells, "rapamycin=1uM") for cells in ("MCF-7", "T47D", "MCF-7 + PTEN-knockdown")]
    values = solver.solve(members, times_h=[0.0, 24.0, 168.0, 1000.0], quantities=["mTORC2_active", "mTORC2_assembled"]).values
    assert (np.diff(values[:, :, 1], axis=1) < 0).all()
    assert (values[:, :, 0] <= values[:, :, 1]).all()
