"""Experiments on virtual cells: what a plan means, what comes back, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tamarisk.errors import ModelError, ProtocolError, SimulationError, TamariskError, UnitError, UnknownNameError
from tamarisk.model.antimony import read_model
from tamarisk.model.arrow import without_arrow
from tamarisk.model.context import perturbed, read_context
from tamarisk.model.model import with_constants
from tamarisk.model.protocol import Protocol, protocol
from tamarisk.model.readout import readouts
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, as_member, duration_h, observe, simulate
from tamarisk.tables import CONTENT

CLOSE = 1e-5  # two runs on different time grids agree to what the integrator adds up over days

EVERY = tuple(readouts().values())


def seen(solver: Solver, cells: str, plan: Protocol, *times_h: float) -> np.ndarray:
    """Every readout over time, shape `(time, readout)`."""
    values, outcomes = observe(solver, [Experiment(read_context(cells), plan)], times_h=times_h, readouts=EVERY)
    assert outcomes == (Outcome.FINISHED,)
    return values[0]


# what comes back


def test_a_run_is_labelled() -> None:
    """Law: a run holds 61 points from 0 to the end with their units, and says whose cells got what in which medium."""
    run = simulate("mcf7", protocol("4OHT=1uM", "rapamycin=20nM@24h"), until="6d", readouts=["perk", "doublings"])
    assert run["time"].to_numpy() == pytest.approx(np.linspace(0, 144, 61))
    assert run["time"].attrs["unit"] == "h"
    assert list(run.data_vars) == ["pERK", "doublings"]
    assert {name: run[name].attrs for name in run.data_vars} == {
        name: {"unit": readouts()[name].unit, "meaning": readouts()[name].meaning} for name in run.data_vars
    }
    assert run.attrs == {"context": "MCF-7", "medium": "E2", "protocol": "4OHT 1000 nM + rapamycin 20 nM from 24 h"}


@pytest.mark.parametrize(
    ("cells", "plan", "medium"),
    [("LTED", None, "stripped"), ("LTED", protocol(medium_name="full serum"), "full serum"), ("T47D", None, "E2")],
)
def test_cells_are_in_their_medium(cells: str, plan: Protocol | None, medium: str) -> None:
    """Law: a run names the medium of the plan, and without one that in which its cells are kept."""
    assert simulate(cells, plan, until="1h", readouts=["pERK"]).attrs["medium"] == medium


def test_all_readouts_are_all() -> None:
    """Law: `all` reads every readout; each is what it is when read alone, and cells start at one and double from there."""
    run = simulate("T47D", protocol("fulvestrant=100nM"), until="48h", readouts=["all"])
    assert list(run.data_vars) == list(readouts())
    alone = simulate("T47D", protocol("fulvestrant=100nM"), until="48h", readouts=["PR"])
    assert np.array_equal(alone["PR"].to_numpy(), run["PR"].to_numpy())
    assert run["cell_number"].to_numpy()[0] == 1.0
    assert run["doublings"].to_numpy() == pytest.approx(np.log2(run["cell_number"].to_numpy()), abs=1e-12)


def test_a_run_is_what_the_solver_gives(solver: Solver) -> None:
    """Reference: `simulate` is the batch interface with one member, number for number."""
    run = simulate("MCF7-TamR", protocol("4OHT=1uM"), until="144h", readouts=["pAKT_S473", "ER_activity"])
    member = as_member(Experiment(read_context("MCF7-TamR"), protocol("4OHT=1uM")))
    known = solver.solve([member], times_h=np.linspace(0, 144, 61).tolist(), quantities=["AKT_pS473", "ER_activity"]).values[0]
    assert np.array_equal(run["pAKT_S473"].to_numpy(), known[:, 0])
    assert np.array_equal(run["ER_activity"].to_numpy(), known[:, 1])


def test_a_context_may_be_named_or_given() -> None:
    """Law: a context by name, by alias and as an object are the same cells."""
    runs = [simulate(cells, until="24h", readouts=["HER2"])["HER2"] for cells in ("HER2-18", read_context("MCF7-HER2-18"))]
    assert runs[0].equals(runs[1])


def test_every_alias_means_its_line() -> None:
    """Law: each name in the column of aliases leads to the line it stands beside, so that no two lines answer to one name."""
    lines = (CONTENT / "contexts" / "names.tsv").read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    meant = {alias: row["context"] for row in rows if row["kind"] == "line" for alias in row["aliases"].split(";") if alias}
    assert {alias: read_context(alias).name for alias in meant} == meant


def test_normalised_to_mcf7() -> None:
    """Golden: untreated MCF-7 in 1 nM E2 is the unit of the model, so its levels are 1; 5 %, the margin of targets X20, X21."""
    run = simulate("MCF-7", until="1h", readouts=["ER_activity", "GLI_activity", "MYC", "cyclinD1", "ERa_total", "HER2"])
    start = {name: float(values[0]) for name, values in run.data_vars.items()}
    assert start == pytest.approx(dict.fromkeys(start, 1.0), rel=0.05)


# what a plan means


@pytest.mark.parametrize("cells", ["MCF-7", "MCF7-TamR", "LTED"])
def test_nothing_happens_before_the_drug(solver: Solver, cells: str) -> None:
    """Law: until a drug is added its cells are untreated ones, and an hour later they are not."""
    times = (0.0, 12.0, 23.9, 25.0)
    treated = seen(solver, cells, protocol("fulvestrant=100nM@24h"), *times)
    untreated = seen(solver, cells, protocol(), *times)
    assert treated[:3] == pytest.approx(untreated[:3], rel=CLOSE, abs=1e-9)
    fallen = treated[3] / untreated[3]
    assert fallen[list(readouts()).index("ERa_total")] < 0.98


def test_no_dose_is_no_drug(solver: Solver) -> None:
    """Law: a drug at 0 nM changes nothing, to the last bit."""
    times = (0.0, 24.0, 144.0)
    assert np.array_equal(seen(solver, "MCF-7", protocol("4OHT=0nM"), *times), seen(solver, "MCF-7", protocol(), *times))


def test_the_order_of_names_does_not_matter(solver: Solver) -> None:
    """Law: two drugs added together are the same experiment whichever is named first, to the last bit."""
    plans = (protocol("fulvestrant=100nM", "everolimus=20nM"), protocol("everolimus=20nM", "fulvestrant=100nM"))
    first, second = (seen(solver, "MCF7-TamR", plan, 0.0, 24.0, 144.0) for plan in plans)
    assert np.array_equal(first, second)


def test_a_medium_is_what_is_in_it(solver: Solver) -> None:
    """Law: stripped medium with 1 nM E2 put back is the E2 medium, once the cells have settled in the same one."""
    put_back = seen(solver, "MCF-7", protocol("E2=1nM", medium_name="stripped", grown_in="E2"), 0.0, 24.0, 144.0)
    assert np.array_equal(put_back, seen(solver, "MCF-7", protocol(), 0.0, 24.0, 144.0))


def test_cells_remember_what_they_grew_in(solver: Solver) -> None:
    """Law: cells grown in E2 and stripped at time 0 start as E2-grown ones and end as those that never had any."""
    late = 2000.0
    moved = seen(solver, "MCF-7", protocol(medium_name="stripped", grown_in="E2"), 0.0, late)
    kept = seen(solver, "MCF-7", protocol(), 0.0)
    grown = list(readouts()).index("PR")
    assert moved[0, grown] == pytest.approx(kept[0, grown], rel=1e-12)
    starved = seen(solver, "MCF-7", protocol(medium_name="stripped"), 0.0, late)
    assert starved[0, grown] < 0.5 * kept[0, grown]
    assert moved[1, grown] == pytest.approx(starved[1, grown], rel=5e-3)  # months later a trace of adaptation differs


def test_a_rest_in_the_same_medium_is_no_rest(solver: Solver) -> None:
    """Law: settled cells that rest a day in their own medium have not changed, and counting starts after the rest."""
    rested = seen(solver, "T47D", protocol(medium_name="E2", rest=["E2=24h"]), 0.0, 24.0)
    assert rested == pytest.approx(seen(solver, "T47D", protocol(), 0.0, 24.0), rel=CLOSE, abs=1e-9)


def test_starvation_comes_before_time_0(solver: Solver) -> None:
    """Law: a day without insulin quiets AKT before the experiment begins, two days not less, and no cell is counted."""
    plans = [protocol(medium_name="stripped", rest=rest) for rest in ([], ["starved=24h"], ["starved=24h", "starved=24h"])]
    at = [list(readouts()).index(name) for name in ("pAKT_S473", "cell_number")]
    fed, day, days = (seen(solver, "MCF-7", plan, 0.0)[0, at] for plan in plans)
    assert fed[0] > 1.2 * day[0] > 1.19 * days[0]
    assert fed[1] == day[1] == days[1] == 1.0


def test_another_model_gives_other_numbers() -> None:
    """Law: a model without the arrow from rapalog to mTORC1 does not feel rapamycin; one that divides faster grows more."""
    model = read_model()
    deaf = without_arrow(model, "rapalog ⊣ mTORC1")
    runs = [simulate("MCF-7", protocol(*dose), readouts=["pS6K"], model=deaf)["pS6K"] for dose in ([], ["rapamycin=20nM"])]
    assert runs[0].to_numpy() == pytest.approx(runs[1].to_numpy(), rel=CLOSE)
    faster = with_constants(model, {"max_division_rate": 2 * model.constants["max_division_rate"]})
    assert simulate("MCF-7", model=faster)["doublings"][-1] > 1.8 * simulate("MCF-7")["doublings"][-1]


def test_changes_are_those_of_the_experiment(solver: Solver) -> None:
    """Law: changed constants hold from settling on, for their experiment and for no other."""
    cells = read_context("MCF-7")
    cultures = [Experiment(cells), Experiment(cells, changes={"PTEN_dose": 0.15}), Experiment(cells)]
    pair = (readouts()["pAKT_S473"], readouts()["PTEN"])
    values, _ = observe(solver, cultures, times_h=[0.0, 24.0], readouts=pair)
    knocked, _ = observe(solver, [Experiment(read_context("MCF-7 + PTEN-knockdown"))], times_h=[0.0, 24.0], readouts=pair)
    assert np.array_equal(values[0], values[2])
    assert np.array_equal(values[1], knocked[0])


# failures and refusals


def test_a_failing_experiment_is_counted(solver: Solver) -> None:
    """Law: of three experiments the one that cannot be run is blank and said to be, in logarithms as well, and all are told."""
    broken = perturbed(read_context("MCF-7"), "growth_dose", value=1e6, source="test")
    told: list[tuple[int, int]] = []
    values, outcomes = observe(
        solver,
        [Experiment(read_context("MCF-7")), Experiment(broken), Experiment(read_context("T47D"))],
        times_h=[0.0, 24.0],
        readouts=(readouts()["doublings"], readouts()["pERK"]),
        progress=lambda done, total: told.append((done, total)),
    )
    assert [outcome is Outcome.FINISHED for outcome in outcomes] == [True, False, True]
    assert np.isnan(values).all(axis=(1, 2)).tolist() == [False, True, False]
    assert np.isfinite(values[[0, 2]]).all()
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_failed_run_is_an_error() -> None:
    """Refusal: a single run that failed is an error that says whose it was and why, not a table of blanks."""
    broken = perturbed(read_context("MCF-7"), "growth_dose", value=1e6, source="test")
    with pytest.raises(SimulationError) as refused:
        simulate(broken, protocol("4OHT=1uM"), until="24h")
    assert str(refused.value) == (
        "MCF-7 (growth_dose 1e+06), 4OHT 1000 nM: a quantity became infinite or undefined; a smaller change of the cells may run"
    )


@pytest.mark.parametrize(
    ("cells", "arguments", "kind", "message"),
    [
        ("MCF-8", {}, UnknownNameError, "no context 'MCF-8'; did you mean 'MCF-7' or 'FulvR'?"),
        ("AIB1-high", {}, ModelError, "'AIB1-high' is an edit, not a line; write a line first, as 'MCF-7 + AIB1-high'"),
        ("MCF-7", {"readouts": ["pERKK"]}, UnknownNameError, "no readout 'pERKK'; did you mean 'pERK', 'pRSK' or 'pHER2'?"),
        ("MCF-7", {"until": "6"}, UnitError, "until: the time '6' has no unit; write it as 24h"),
        ("MCF-7", {"until": "-6h"}, UnitError, "until: the time '-6h' is negative; nothing can be less than none"),
        ("MCF-7", {"until": "6nM"}, UnitError, "until: unknown unit 'nM' in '6nM'; use one of s, min, h, d, wk, mo"),
        ("MCF-7", {"until": "0h"}, ProtocolError, "until: the experiment has no duration; give a time such as 144h"),
    ],
)
def test_what_cannot_be_run_is_refused(cells: str, arguments: dict, kind: type[TamariskError], message: str) -> None:
    """Refusal: an unknown name, a missing unit and no time at all are each said in a sentence that helps."""
    with pytest.raises(kind) as refused:
        simulate(cells, **arguments)
    assert str(refused.value) == message


@pytest.mark.parametrize(("text", "time_h"), [("90min", 1.5), ("6d", 144.0), ("2wk", 336.0), ("1mo", 730.5), ("36s", 0.01)])
def test_durations(text: str, time_h: float) -> None:
    """Reference: spans of time in hours; a month is a twelfth of 365.25 days."""
    assert duration_h(text) == pytest.approx(time_h, rel=1e-12)
