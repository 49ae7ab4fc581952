"""Growth and dose-response of long tables: the published GR toy, numbers by hand, and who counts as an experiment."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import DataError
from tamarisk.measurement.columns import Said
from tamarisk.measurement.curve_table import curves_of, mean_readings
from tamarisk.measurement.dose_files import Asked, dose_files
from tamarisk.measurement.growth_table import Layout, condition_name, growth_by_experiment, growth_of
from tamarisk.measurement.measured import Measured, mean_dose
from tamarisk.measurement.plate import read_counts
from tamarisk.measurement.responses import read_responses

TOY = Path(__file__).resolve().parents[3] / "shared/reference/assay"
LAW = settings(deadline=None, max_examples=40, derandomize=True)
needs_toy = pytest.mark.skipif(not TOY.exists(), reason="the published toy of GR metrics is not beside the project")


def wells(*rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    """Experiment, drug, dose, time and count of each well."""
    return pd.DataFrame(rows, columns=["experiment", "drug", "dose", "time", "counts"])


def said(measured: Measured) -> dict[str, str]:
    """Every estimate in words, by what it is of."""
    return {f"{one.of} {one.name}": str(one.estimate) for one in measured.results}


def plate(
    experiment: str, *, start: float = 100.0, control: float = 400.0, treated: float = 200.0
) -> tuple[tuple[str, str, float, float, float], ...]:
    """One experiment: two control wells that differ, and one treated well."""
    return (
        (experiment, "-", 0.0, 0.0, start),
        (experiment, "-", 0.0, 72.0, control * 0.9),
        (experiment, "-", 0.0, 72.0, control * 1.1),
        (experiment, "4OHT", 100.0, 72.0, treated),
    )


# growth


def test_growth_by_hand() -> None:
    """Golden: by hand. 100 to 400 is 2 doublings, to 200 is 1; GR is 2^(1/2) - 1."""
    found = said(growth_of(wells(*plate("a"), *plate("b"), *plate("c", treated=220.0))))
    assert found["control doublings"] == "2 doublings (95 % 2 to 2, n = 3)"
    assert found["4OHT 100 nM doublings"].startswith(
        "1.05 doublings (95 % 0.849 to 1.24, n = 3)"
    )  # t 4.303 x 0.0794 / 3^0.5 = .197
    assert found["4OHT 100 nM GR"].startswith("0.437 (95 % ")  # mean of .41421, .41421 and 2^(1.13750/2) - 1 = .48324
    assert growth_by_experiment(wells(*plate("a"))).frame["GR"].tolist() == [1.0, pytest.approx(2**0.5 - 1, rel=1e-12)]


@needs_toy
@pytest.mark.parametrize("file", ["toy_example_input1.tsv", "toy_example_input4.tsv"])
def test_the_published_toy(file: str) -> None:
    """Golden: GR of the GR-metrics toy (gr_metrics toy 1, 504 wells at 48 h), as case A and as case C; printed to 6 decimals."""
    table = read_counts(TOY / file, said=Said(dose_unit="uM", time_unit="h", keys=("perturbation",)))
    ours = growth_by_experiment(table.frame, layout=Layout(keys=("perturbation",), replicates="experiments", at=48.0)).frame
    theirs = pd.read_csv(TOY / "toy_example_output.tsv", sep="\t").query("time == 48")
    keys = theirs["cell_line"] + ", " + theirs["perturbation"].astype(str)
    expected = dict(
        zip(
            zip(keys, theirs["agent"], theirs["concentration"].round(6), theirs["replicate"].astype(str), strict=True),
            theirs["GRvalue"],
            strict=True,
        )
    )
    found = {
        (row.cells, row.drug, round(row.dose / 1000, 6), row.experiment): row.GR
        for row in ours.itertuples()
        if row.drug != "control"
    }
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in expected) < 1e-5  # 5e-6 found: the toy's doses and counts are rounded


@needs_toy
def test_the_published_curve() -> None:
    """Golden: BT20 drugA replicate 1 at 48 h has GR50 0.0774608 uM and GR_AOC 0.5555533 (R, MATLAB and Python agree)."""
    asked = Asked(
        layout=Layout(keys=("perturbation",), replicates="experiments", at=48.0),
        said=Said(dose_unit="uM", time_unit="h", keys=("perturbation",)),
    )
    measured, fitted, sources = dose_files([TOY / "toy_example_input1.tsv"], asked)
    curve = next(one.curve for one in fitted if (one.of, one.experiment) == ("BT20, 0, drugA", "1"))
    alone = pd.DataFrame({"cells": "", "drug": "a", "experiment": "1", "dose": curve.dose, "response": curve.response})
    numbers = {one.name: one.estimate.value for one in curves_of(alone, direction="GR")[0].results}
    assert numbers["GR50"] == pytest.approx(77.4608, rel=1e-4)
    assert numbers["GR_AOC"] == pytest.approx(0.5555533, rel=1e-6)
    assert sources[0].used == 1008
    assert [one.where for one in measured.refusals] == ["BT20, 0, drugB", "BT20, 1, drugB"]


@LAW
@given(factor=some.floats(0.01, 100.0))
def test_growth_does_not_know_how_many_cells_were_sown(factor: float) -> None:
    """Law: twice the cells in every well of an experiment change nothing."""
    more = plate("a", start=100 * factor, control=400 * factor, treated=200 * factor)
    once, again = (growth_by_experiment(wells(*rows)).frame for rows in (plate("a"), more))
    assert again["doublings"].tolist() == pytest.approx(once["doublings"].tolist(), abs=1e-9)


def test_wells_are_not_experiments() -> None:
    """Law: ten wells of one experiment are one experiment."""
    estimate = growth_of(wells(*plate("a"), *[("a", "4OHT", 100.0, 72.0, 200.0 + well) for well in range(9)])).results[1].estimate
    assert (estimate.n, math.isnan(estimate.low)) == (1, True)


def test_one_lost_well_moves_nothing() -> None:
    """Law: the middle half of the wells is averaged."""
    rows = [*plate("a"), *[("a", "4OHT", 100.0, 72.0, 200.0)] * 3, ("a", "4OHT", 100.0, 72.0, 1.0)]
    assert growth_by_experiment(wells(*rows)).frame["GR"].iloc[-1] == pytest.approx(2**0.5 - 1, rel=1e-12)


def test_no_gr_where_the_control_does_not_grow() -> None:
    """Law: doublings are told, GR is refused with the reason."""
    found = growth_of(wells(*plate("a", control=110.0, treated=90.0)))
    assert "4OHT 100 nM doublings" in said(found)
    assert [one.name for one in found.results if one.name == "GR"] == []
    assert [str(one) for one in found.refusals] == [
        "all cells: the control made 0.138 doublings, fewer than 0.25, so GR has no denominator: compare doublings"
    ]


def test_experiments_without_control_are_named() -> None:
    """Law: GR comes from the experiments that hold both, and the others are named."""
    found = growth_of(wells(*plate("a"), ("b", "4OHT", 100.0, 0.0, 100.0), ("b", "4OHT", 100.0, 72.0, 300.0)))
    estimates = {one.name: one.estimate.n for one in found.results if one.of == "4OHT 100 nM"}
    assert estimates == {"doublings": 2, "doublings less control": 1, "GR": 1}
    assert (
        str(found.refusals[0]) == "all cells: no untreated cells in experiment(s) b, which are left out of GR and of differences"
    )


def test_wells_without_cells_are_told() -> None:
    """Law: a count of zero has no logarithm and is not dropped in silence."""
    found = growth_of(wells(*plate("a", treated=0.0)))
    assert [str(one) for one in found.refusals] == [
        "4OHT 100 nM, experiment a: no cells were counted, so doublings are not defined (add the detection limit)"
    ]


def test_the_last_time_of_control_and_treated_together_is_read() -> None:
    """Law: a control that was followed for longer than any treatment is compared at the last time that they share."""
    rows = [("-", 0, 100), ("-", 72, 400), ("-", 168, 3000), ("4OHT", 72, 200), ("4OHT", 240, 900)]
    frame = pd.DataFrame(rows, columns=["drug", "time", "counts"])
    measured = growth_of(frame)
    assert said(measured)["4OHT doublings"].startswith("1 doublings")
    assert "growth is read at 72 h (--at reads another time)" in measured.warnings
    alone = growth_of(frame[(frame["drug"] == "-") | (frame["time"] == 240)])
    assert said(alone)["control doublings"].startswith("4.91 doublings")


def test_the_time_that_is_read_is_told() -> None:
    """Law: with several times the last of the control is read, conditions not counted then are named, another may be asked."""
    rows = [*plate("a"), ("a", "-", 0.0, 24.0, 200.0), ("a", "4OHT", 100.0, 24.0, 150.0), ("a", "late", 5.0, 96.0, 900.0)]
    assert growth_of(wells(*rows)).warnings == (
        "growth is read at 72 h (--at reads another time)",
        "late 5 nM was not counted at 72 h (but at 96 h)",
    )
    early = growth_of(wells(*rows), layout=Layout(at=24.0))
    assert said(early)["control doublings"].startswith("1 doublings")
    with pytest.raises(DataError, match=r"^at: nothing was counted at 5 h; known: 24 h, 72 h, 96 h$"):
        growth_of(wells(*rows), layout=Layout(at=5.0))


@pytest.mark.parametrize(
    ("frame", "layout", "sentence"),
    [
        (
            wells(*plate("a")).rename(columns={"experiment": "replicate"}),
            Layout(),
            "column replicate: replicates may be wells or experiments; say --replicates experiments, or --replicates wells",
        ),
        (wells(*plate("a")), Layout(control="EtOH"), "control: no condition 'EtOH'; known: -, 4OHT"),
        (
            wells(*plate("a")).query("time == 72"),
            Layout(),
            "column time: all counts are from 72 h, so growth is not known; add the counts of time 0, or a column start_counts",
        ),
        (
            wells(*plate("a", start=0.0, control=0.0, treated=0.0)).query("drug == '-'"),
            Layout(),
            "control, experiment a: no cells were counted, so doublings are not defined (add the detection limit); "
            "there is nothing to compare",
        ),
        (
            pd.DataFrame({"counts": [5.0]}),
            Layout(),
            "column time: no count says where growth began; add a column 'time' with rows of time 0, "
            "or columns cell_count__ctrl and cell_count__time0",
        ),
    ],
    ids=["replicates", "control", "one time", "zeros", "no time"],
)
def test_layouts_that_are_refused(frame: pd.DataFrame, layout: Layout, sentence: str) -> None:
    """Refusal: what is not said is asked for."""
    with pytest.raises(DataError) as refused:
        growth_of(frame, layout=layout)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("parts", "words"),
    [(("MCF-7", "4OHT", 100.0), "MCF-7, 4OHT 100 nM"), (("", "control", math.nan), "control"), (("T47D", "", 1.0), "T47D, 1 nM")],
)
def test_conditions_in_words(parts: tuple[str, str, float], words: str) -> None:
    """Law: what is empty is left out."""
    assert condition_name(*parts) == words


# dose-response


def responses(tmp_path: Path, text: str, **said_too: str) -> list[float]:
    """The responses that a text holds."""
    path = tmp_path / "readings.csv"
    path.write_text(text, encoding="utf-8")
    return read_responses(path, **said_too).table.frame["response"].tolist()


@pytest.mark.parametrize(
    ("header", "call", "values"),
    [
        ("viability (%)", {}, [0.9, 0.2]),
        ("inhibition_percent", {}, [0.1, 0.8]),
        ("viability", {"scale": "percent"}, [0.9, 0.2]),
        ("value", {"direction": "inhibition", "scale": "percent"}, [0.1, 0.8]),
        ("Response", {"direction": "other"}, [90.0, 20.0]),
        ("GRvalue", {}, [90.0, 20.0]),
    ],
)
def test_direction_and_scale(tmp_path: Path, header: str, call: dict[str, str], values: list[float]) -> None:
    """Law: viability and inhibition of the same wells are each other's complement; others are left as they are."""
    found = responses(tmp_path, f"dose (nM),{header}\n1,90\n10,20\n", **call)
    assert found == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize(
    ("header", "call", "sentence"),
    [
        ("value", {}, "readings.csv: the responses have no direction; say --response viability, inhibition, GR or other"),
        (
            "effect",
            {},
            "readings.csv: the scale is not said; say --scale percent or --scale fraction, or name the column 'inhibition (%)'",
        ),
        (
            "viability (%)",
            {"direction": "inhibition"},
            "readings.csv: the responses are viability by the header but inhibition by the call",
        ),
        ("viability (%)", {"scale": "fraction"}, "readings.csv: the scale is percent by the header but fraction by the call"),
    ],
)
def test_direction_is_never_guessed(tmp_path: Path, header: str, call: dict[str, str], sentence: str) -> None:
    """Refusal: direction and scale are said once, or twice alike."""
    with pytest.raises(DataError) as refused:
        responses(tmp_path, f"dose (nM),{header}\n1,90\n10,20\n", **call)
    assert str(refused.value) == sentence


def series(low: float = 0.0, *, experiments: str = "abc", ec50: float = 20.0) -> pd.DataFrame:
    """Noise-free curves of Hill slope 1 in several experiments, each with its own EC50."""
    rows = [
        ("", "4OHT", experiment, dose, low + (1 - low) / (1 + dose / (ec50 * 2**place)))
        for place, experiment in enumerate(experiments)
        for dose in (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
    ]
    return pd.DataFrame(rows, columns=["cells", "drug", "experiment", "dose", "response"])


def test_exact_curves() -> None:
    """Reference: EC50s of 20, 40 and 80 nM have the geometric mean 40, and with a plateau of 0 the GR50 is the EC50."""
    found = {one.name: one.estimate for one in curves_of(series(), direction="GR")[0].results}
    assert found["GEC50"].value == pytest.approx(40.0, rel=1e-5)
    assert found["GR50"].value == pytest.approx(40.0, rel=1e-5)
    assert found["GRinf"].value == pytest.approx(0.0, abs=1e-6)
    assert found["GR50"].n == 3


def test_a_level_that_is_not_reached_is_a_bound() -> None:
    """Law: no dose is extrapolated; areas are told all the same."""
    found = {one.name: one.estimate for one in curves_of(series(0.6), direction="viability")[0].results}
    assert found["IC50"].headline == "above 1000 nM"
    assert found["EC50"].value == pytest.approx(40.0, rel=1e-5)
    assert 0 < found["area over the curve"].value < 0.4


def test_flat_curves_have_no_half_way_dose() -> None:
    """Law: a flat curve is refused its EC50 in a sentence, and keeps plateau and area."""
    flat = series(experiments="a").assign(response=[1.0, 1.02, 0.98, 1.01, 0.99, 1.02, 0.98])
    found, _ = curves_of(flat, direction="GR")
    assert [one.name for one in found.results] == ["GR50", "GRinf", "GRmax", "GR_AOC"]
    assert found.refusals[0].what.startswith("flat in 1 of 1 experiments (F-test p from ")


def test_a_dose_that_the_readings_do_not_settle_is_refused() -> None:
    """Law: where the interval of the EC50 reaches beyond all tested doses on both sides there is none; the rest stays."""
    vague = series(experiments="a").assign(response=[0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35])
    vague = pd.concat([vague, vague.assign(response=vague["response"] + 0.15)])
    found, fitted = curves_of(vague, direction="other")
    assert not fitted[0].curve.is_flat
    assert "EC50" not in {one.name for one in found.results}
    why = "the interval of the EC50 holds all tested doses, so the readings do not settle it"
    assert [(one.where, one.what) for one in found.refusals] == [("4OHT", why)]
    assert {"untreated", "plateau"} <= {one.name for one in found.results}


def test_few_doses_are_refused() -> None:
    """Refusal: too few doses name their condition."""
    with pytest.raises(
        DataError, match=r"^4OHT, experiment a: dose: 3 numbers need 3 doses and 4 readings, but there are 2 and 2"
    ):
        curves_of(series(experiments="a").head(2), direction="GR")


def test_means_over_wells_are_rising_in_dose() -> None:
    """Law: the readings of a curve are averaged by dose."""
    doses, means = mean_readings(curves_of(pd.concat([series(experiments="a")] * 2), direction="GR")[1][0].curve)
    assert doses.tolist() == [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]
    assert means.tolist() == pytest.approx(series(experiments="a")["response"].tolist(), rel=1e-12)


def test_no_experiment_has_no_mean() -> None:
    """Refusal: nothing has no mean."""
    with pytest.raises(DataError, match=r"^doses: there is no experiment; give one estimate per experiment$"):
        mean_dose([])
