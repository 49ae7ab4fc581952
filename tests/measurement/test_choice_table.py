"""Curves chosen by F-test for every condition of a table: each of the four is found where it is the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tamarisk.errors import DataError
from tamarisk.measurement.choice_table import choices_of
from tamarisk.measurement.curve_table import curves_of
from tamarisk.measurement.dose_response import ec50
from tamarisk.measurement.profile_interval import Profile
from tamarisk.seeds import generator

DOSES = np.array([0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0])


def readings(response: np.ndarray, *, experiment: str = "1", noise: float = 0.02) -> pd.DataFrame:
    """Wells of one condition with a little noise."""
    rng = generator(1, "tests", "choices", experiment)
    frame = {"cells": "", "drug": "4OHT", "experiment": experiment, "dose": DOSES}
    return pd.DataFrame({**frame, "response": response + noise * rng.normal(size=len(DOSES))})


RISING = (1.0 + 0.1 * DOSES) / (1.0 + (DOSES / 20.0) ** 2.2)
FALLING = 1.0 / (1.0 + (DOSES / 20.0) ** 1.3)
HELD = 0.4 + 0.6 / (1.0 + (DOSES / 20.0) ** 1.3)


def test_a_peak_is_found_where_there_is_one() -> None:
    """Reference: dose and height of the peak on a fine grid of the true curve; to 15 %, as the readings have noise."""
    fine = np.geomspace(0.3, 1000.0, 100_000)
    truth = (1.0 + 0.1 * fine) / (1.0 + (fine / 20.0) ** 2.2)
    measured, fitted = choices_of(readings(RISING), direction="viability", plateau=0.0)
    found = {one.name: one.estimate.value for one in measured.results}
    assert found["dose of the peak"] == pytest.approx(fine[truth.argmax()], rel=0.15)
    assert found["response at the peak"] == pytest.approx(truth.max(), rel=0.05)
    assert found["IC50 beyond the peak"] == pytest.approx(fine[(truth > 0.5).nonzero()[0][-1]], rel=0.15)
    assert fitted[0].hormetic is not None
    assert "stimulation p = " in measured.warnings[0]


@pytest.mark.parametrize(("truth", "plateau"), [(FALLING, 0.0), (HELD, 0.4)])
def test_no_peak_where_there_is_none(truth: np.ndarray, plateau: float) -> None:
    """Law: a falling curve keeps its usual numbers, and ends at the supposed plateau only where the readings do."""
    measured, fitted = choices_of(readings(truth), direction="viability", plateau=0.0)
    assert fitted[0].hormetic is None
    assert {one.name for one in measured.results} == {
        one.name for one in curves_of(readings(truth), direction="viability")[0].results
    }
    end = next(one.estimate.value for one in measured.results if one.name == "plateau")
    assert end == pytest.approx(plateau, abs=0.05)  # readings have noise of 0.02, and two doses lie near the end
    assert (end == 0.0) == (plateau == 0.0)


def test_a_dose_over_experiments_is_the_mean_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: the geometric mean of each experiment's own dose; how well a curve knows it is sought only of a lone curve."""
    parts = [readings(FALLING, experiment=name) for name in "123"]
    own = [ec50(fitted.curve).value for fitted in curves_of(pd.concat(parts), direction="viability")[1]]
    monkeypatch.setattr(Profile, "ends", lambda *_: pytest.fail("a profile was sought"))
    found = {one.name: one.estimate for one in curves_of(pd.concat(parts), direction="viability")[0].results}
    assert (found["EC50"].value, found["EC50"].n) == (pytest.approx(np.exp(np.log(own).mean()), rel=1e-12), 3)
    with pytest.raises(pytest.fail.Exception):
        curves_of(parts[0], direction="viability")


def test_experiments_that_disagree_share_no_peak() -> None:
    """Refusal: one experiment that rises and two that do not are not averaged."""
    parts = [readings(RISING), readings(FALLING, experiment="2"), readings(FALLING, experiment="3")]
    measured, _ = choices_of(pd.concat(parts), direction="viability", plateau=0.0)
    assert [str(one) for one in measured.refusals] == [
        "4OHT: low doses stimulate in 1 of 3 experiments, so that they share no peak"
    ]
    assert "dose of the peak" not in {one.name for one in measured.results}


def test_three_experiments_have_an_interval() -> None:
    """Law: peaks of three experiments are averaged, doses on the log scale."""
    parts = [readings(RISING, experiment=run) for run in "123"]
    measured, _ = choices_of(pd.concat(parts), direction="viability", plateau=0.0)
    assert [(one.name, one.estimate.n) for one in measured.results] == [
        ("dose of the peak", 3),
        ("response at the peak", 3),
        ("IC50 beyond the peak", 3),
    ]
    assert all(one.estimate.low < one.estimate.value < one.estimate.high for one in measured.results)


def test_too_few_doses_are_refused() -> None:
    """Refusal: a curve that rises has more numbers than three doses settle."""
    with pytest.raises(DataError, match="there is no curve to fit"):
        choices_of(readings(FALLING).head(3), direction="viability", plateau=0.0)
