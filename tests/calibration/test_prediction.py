"""What the model says where something was observed: against the same experiment done by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from tamarisk.calibration.prediction import Predictor, predictions
from tamarisk.calibration.target import read_targets
from tamarisk.model.antimony import read_model
from tamarisk.model.context import read_context
from tamarisk.model.protocol import protocol
from tamarisk.simulation.batch import Period, Solver
from tamarisk.simulation.run import Experiment, as_member, simulate
from tamarisk.study.laboratory import Laboratory

CLOSE = 1e-5  # two runs on different time grids agree to what the integrator adds up over days
TARGETS = {one.id: one for one in read_targets()}


@pytest.fixture(scope="module")
def solver() -> Solver:
    """The shipped model, compiled."""
    return Solver(read_model())


@pytest.fixture(scope="module")
def predictor(solver: Solver) -> Predictor:
    """The shipped model's answers."""
    return Predictor(solver)


@cache
def bench() -> Laboratory:
    """A laboratory of its own, so that nothing here rests on what a predictor has computed."""
    return Laboratory()


def read(readout: str, cells: str, *doses: str, medium: str, at_h: float) -> float:
    """One readout at the end of one culture."""
    return bench().read(cells, *doses, readout=readout, medium=medium, span_h=at_h)


def cells_left(cells: str, *doses: str, beside: tuple[str, ...] = (), medium: str = "E2", at_h: float = 144.0) -> float:
    """Cell number under doses against the same culture without them."""
    treated, control = (read("cell_number", cells, *beside, *some, medium=medium, at_h=at_h) for some in (doses, ()))
    return treated / control


def share(readout: str, cells: str, *doses: str, medium: str, at_h: float) -> float:
    """A readout under doses against the same cells without them."""
    treated, control = (read(readout, cells, *some, medium=medium, at_h=at_h) for some in (doses, ()))
    return treated / control


def time_course(name: str, cells: str, *doses: str, early: float, late: float, medium: str = "stripped", rest: str = "") -> float:
    """A readout late in an experiment against early in the same."""
    plan = protocol(*doses, medium_name=medium, rest=[rest] if rest else [])
    times_h = sorted({0.0, early, late})
    course = dict(zip(times_h, bench().course(cells, plan, times_h=times_h, readout=name).tolist(), strict=True))
    return course[late] / course[early]


def net_gain(first: str, second: str) -> float:
    """How much better the first drug works in MCF-7 beside the second, in GR."""
    plans = ((), (first,), (second,), (first, second))
    none, one, other, both = (read("doublings", "MCF-7", *some, medium="E2", at_h=144.0) for some in plans)
    return 2 ** (one / none) - 2 ** (both / other)


def interaction(cells: str, first: str, second: str) -> float:
    """Doublings under two drugs beyond the sum of what each takes."""
    plans = ((), (first,), (second,), (first, second))
    none, one, other, both = (read("doublings", cells, *some, medium="stripped", at_h=144.0) for some in plans)
    return both - one - other + none


OHT, RAPA, FULV = "4OHT=1000nM", "rapamycin=20nM", "fulvestrant=100nM"
BY_HAND: dict[str, Callable[[], float]] = {
    "T002": lambda: cells_left("MCF7-TamR", RAPA),
    "T003b": lambda: cells_left("MCF7-TamR", OHT, beside=(RAPA,), medium="stripped"),
    "T007b": lambda: net_gain(FULV, RAPA),
    "T008": lambda: cells_left("MCF-7 + PIK3CA-wildtype", OHT) / cells_left("MCF-7", OHT),
    "T014": lambda: read("ERa_total", "LTED", medium="stripped", at_h=0) / read("ERa_total", "MCF-7", medium="stripped", at_h=0),
    "T024b": lambda: share("cyclinD1", "MCF-7", FULV, medium="full serum", at_h=8.0),
    "T031b": lambda: time_course("pS118_ERa_ratio", "MCF-7", "E2=10nM", early=0.5, late=3.0),
    "T042_30": lambda: time_course("pERK", "MCF-7", "EGF=16nM", early=0.0, late=0.5, medium="starved", rest="starved=24h"),
    "T100": lambda: interaction("MCF-7 + aromatase", "letrozole=1000nM", "everolimus=20nM"),
    "T130c": lambda: cells_left("MCF-7", "fulvestrant=1000nM", beside=(OHT,), medium="stripped"),
    "T135": lambda: 72 / read("doublings", "MCF-7", medium="serum-free", at_h=72.0),
    "X01": lambda: read("doublings", "MCF-7", medium="E2 10 nM", at_h=168.0),
    "X05": lambda: share("doublings", "MCF-7", OHT, medium="full serum", at_h=504.0),
    "X07": lambda: 2 ** share("doublings", "MCF-7", "palbociclib=260nM", medium="full serum", at_h=72.0) - 1,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_prediction_is_the_experiment(predictor: Predictor, name: str) -> None:
    """Reference: predictions of every kind of comparison equal the same experiments done one by one in the laboratory."""
    assert predictor.predict(TARGETS[name]) == pytest.approx(BY_HAND[name](), rel=CLOSE, abs=1e-6)


@pytest.mark.parametrize("name", ["T076", "T080", "T084", "T088a"])
def test_growth_is_halved_at_the_GI50(predictor: Predictor, name: str) -> None:
    """Law: at the predicted GI50 a culture has gained half as many cells as the untreated one."""
    one = TARGETS[name]
    dose = f"{one.treat}={predictor.predict(one):.9g}nM"
    treated, control = (read("cell_number", one.context, *some, medium=one.medium, at_h=72.0) for some in ((dose,), ()))
    assert (treated - 1) / (control - 1) == pytest.approx(0.5, abs=1e-4)  # twenty halvings of nine decades of dose


@pytest.mark.parametrize("name", ["T019", "T022"])
def test_the_effect_is_halved_at_the_IC50(predictor: Predictor, name: str) -> None:
    """Law: at the predicted IC50 the cells are half-way between the untreated and those under a saturating dose."""
    one = TARGETS[name]
    doses = ((f"{one.treat}={predictor.predict(one):.9g}nM",), (), (f"{one.treat}=100uM",))
    middle, control, most = (read("cell_number", one.context, *some, medium=one.medium, at_h=144.0) for some in doses)
    assert middle == pytest.approx((control + most) / 2, rel=1e-4)  # twenty halvings of nine decades of dose


def test_a_half_effect_that_is_never_reached_is_endless(predictor: Predictor) -> None:
    """Law: a drug without effect has an infinite GI50, and so has one whose largest dose leaves most of growth."""
    assert predictor.predict(replace(TARGETS["T076"], treat="letrozole")) == math.inf
    least = cells_left("MCF-7", "trametinib=1mM", medium="full serum", at_h=72.0)
    assert least > 0.7
    assert predictor.predict(TARGETS["T090a"]) == math.inf


def test_without_search_the_dose_is_extrapolated(predictor: Predictor) -> None:
    """Reference: the quick half-effect dose takes a slope of one through the effect at the observed dose."""
    one = TARGETS["T076"]
    treated, control = (
        read("cell_number", one.context, *dose, medium=one.medium, at_h=72.0) for dose in ((f"{one.treat}={one.value}nM",), ())
    )
    left = (treated - 1) / (control - 1)
    assert predictor.predict(one, search=False) == pytest.approx(one.value * left / (1 - left), rel=CLOSE)


@pytest.mark.parametrize(("name", "ligand", "form"), [("T009", "E2=10nM", "ER_E2"), ("T010", "fulvestrant=1uM", "ER_SERD")])
def test_half_lives_are_seen_in_a_run(solver: Solver, predictor: Predictor, name: str, ligand: str, form: str) -> None:
    """Reference: with synthesis and unbinding stopped, half of the bound receptor is gone after the predicted half-life."""
    held = {"k_tl_ER": 0.0, "k_off_E2": 0.0, "k_off_fulvestrant": 0.0, "k_on_SERM": 0.0, "gain_pS167_ER_turnover": 0.0}
    bound = as_member(Experiment(read_context("MCF-7"), protocol(ligand)))
    free = {**bound.periods[0].constants, **held, "k_on_E2": 0.0, "k_on_fulvestrant": 0.0}
    chase = replace(bound, periods=(*bound.periods, Period(12.0, free)))
    half_life_h = predictor.predict(TARGETS[name])
    course = solver.solve([chase], times_h=[12.0, 12.0 + half_life_h, 12.0 + 2 * half_life_h], quantities=[form]).values[0, :, 0]
    assert course / course[0] == pytest.approx([1.0, 0.5, 0.25], rel=CLOSE)


def test_changes_and_context_values_are_felt(solver: Solver) -> None:
    """Reference: a predictor at another parameter vector is the model with those constants, contexts with those values."""
    one = TARGETS["T002"]
    changed = Predictor(solver, changes={"k_on_rapalog": 0.0}).predict(one)
    assert changed == pytest.approx(1.0, rel=CLOSE)  # a rapalog that does not bind does nothing
    milder = Predictor(solver, context_values={("MCF7-TamR", "ERBB2_dose"): 1.0, ("MCF-7", "ERBB2_dose"): 9.0})
    here = milder.predict(TARGETS["X15"])
    assert here != Predictor(solver).predict(TARGETS["X15"])
    assert here == Predictor(solver, context_values={("MCF7-TamR", "ERBB2_dose"): 1.0}).predict(TARGETS["X15"])


def test_the_value_of_an_edit_is_its_own(solver: Solver) -> None:
    """Law: a context value named for an edit reaches the edit upon a line and leaves the line itself as it is."""
    plain, weaker = Predictor(solver), Predictor(solver, context_values={("mTOR-activated", "TSC2_dose"): 1.0})
    assert plain.predict(TARGETS["R6"]) > 1.2
    assert weaker.predict(TARGETS["R6"]) == pytest.approx(1.0, rel=CLOSE)  # TSC2 times one is MCF-7
    assert weaker.predict(TARGETS["T002"]) == plain.predict(TARGETS["T002"])


def test_a_prediction_is_what_the_front_door_says(predictor: Predictor) -> None:
    """Reference: doublings of MCF-7 in 10 nM E2 over a week, as `simulate` gives them."""
    run = simulate("MCF-7", protocol(medium_name="E2 10 nM"), until="7d", readouts=["doublings"])
    assert predictor.predict(TARGETS["X01"]) == pytest.approx(float(run["doublings"][-1]), rel=CLOSE)


def test_predictions_do_not_know_each_other(solver: Solver) -> None:
    """Law: a prediction is the same asked first, last or alone, and the same as the laboratory's own reading."""
    some = [TARGETS[name] for name in ("T002", "T042_30", "T005", "X01")]
    together = predictions(solver, some)
    assert together == predictions(solver, some[::-1])[::-1]
    assert together == [Predictor(solver).predict(one) for one in some]
    bench = Laboratory(solver)
    levels = [bench.read("MCF7-TamR", *dose, readout="ERa_total", span_h=48.0) for dose in (("rapamycin=20nM",), ())]
    assert together[2] == levels[0] / levels[1]


def test_a_ratio_turned_round_is_its_inverse(predictor: Predictor) -> None:
    """Law: what was treated and what it is compared with may be exchanged, and the ratio turns over."""
    one = TARGETS["T003d"]
    turned = replace(one, treat=one.reference_treat, reference_treat=one.treat)
    assert predictor.predict(one) * predictor.predict(turned) == pytest.approx(1.0, rel=1e-12)
    both = TARGETS["T102a"]
    swapped = replace(both, context=both.reference_context, reference_context=both.context)
    assert predictor.predict(both) * predictor.predict(swapped) == pytest.approx(1.0, rel=1e-12)
