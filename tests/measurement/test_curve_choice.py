"""The simplest curve that does: F-tests by hand, and each kind of reading sent to its curve."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.curve_choice import plateau_p, simplest_curve
from tamarisk.measurement.dose_response import dose_response_curve
from tamarisk.measurement.log_logistic import responses
from tamarisk.seeds import generator

DOSES = np.concatenate([[0.0], np.geomspace(0.3, 1000.0, 10)])


def noisy(centre: np.ndarray, run: int = 1) -> np.ndarray:
    """Readings about a curve."""
    return centre + generator(run, "tests", "choice").normal(0.0, 0.03, len(centre))


def test_plateau_by_two_fits() -> None:
    """Reference: the F-test from the residuals of the three- and the four-number curve."""
    readings = noisy(responses([1.0, 0.1, math.log(20.0), 1.2], DOSES))
    three, four = dose_response_curve(DOSES, readings, plateau=0.0), dose_response_curve(DOSES, readings)
    expected = stats.f.sf((three.rss - four.rss) / (four.rss / four.df), 1, four.df)
    assert plateau_p(DOSES, readings, plateau=0.0).item() == pytest.approx(expected, rel=1e-9)


def test_ryegrass_ends_above_zero() -> None:
    """Golden: drc 3.0-1 LL.4 on ryegrass has a plateau of .4814 +- .2122, so p is near that of t = 2.27."""
    dose = [0.0] * 6 + [one for one in (0.94, 1.88, 3.75, 7.5, 15.0, 30.0) for _ in range(3)]
    root = [
        *(7.58, 8.0, 8.328571429, 7.25, 7.375, 7.9625, 8.355555556, 6.914285714, 7.75, 6.871428571, 6.45, 5.922222222),
        *(1.925, 2.885714286, 4.233333333, 1.1875, 0.857142857, 1.057142857, 0.6875, 0.525, 0.825, 0.25, 0.22, 0.44),
    ]
    found = plateau_p(dose, root, plateau=0.0).item()
    assert found < 0.05
    assert found == pytest.approx(
        2 * stats.t.sf(0.48141318845 / 0.21219243833, 20), abs=0.02
    )  # a Wald p is only near an F-test's


def test_many_series_have_their_own_p() -> None:
    """Law: a table of series gives each its p, in its place."""
    table = np.stack([noisy(responses([1.0, end, math.log(20.0), 1.2], DOSES)) for end in (0.0, 0.4)])
    found = plateau_p(DOSES, table, plateau=0.0, untreated=1.0)
    assert found.shape == (2,)
    assert found[0] > 0.05 > found[1]
    assert found[1] == pytest.approx(plateau_p(DOSES, table[1], plateau=0.0, untreated=1.0).item(), rel=1e-9)


def test_exact_readings_have_no_doubt() -> None:
    """Law: readings that lie on the simpler curve never ask for the other."""
    assert plateau_p(DOSES, responses([1.0, 0.0, math.log(20.0), 1.2], DOSES), plateau=0.0).item() == pytest.approx(1.0)


def test_a_plain_fall_keeps_its_plateau() -> None:
    """Law: readings that fall to the supposed plateau get the curve with the fewest numbers."""
    choice = simplest_curve(DOSES, noisy(responses([1.0, 0.0, math.log(20.0), 1.5], DOSES)), plateau=0.0)
    assert choice.curve.plateau == 0.0
    assert choice.hormetic is None
    assert choice.plateau_p > 0.05


def test_a_high_end_gets_its_own_plateau() -> None:
    """Law: readings that stop half-way get a plateau of their own, within its error."""
    choice = simplest_curve(DOSES, noisy(responses([1.0, 0.5, math.log(20.0), 1.5], DOSES)), plateau=0.0, untreated=1.0)
    assert choice.curve.plateau == pytest.approx(0.5, abs=0.06)  # three standard errors of noise .03 on four readings
    assert choice.plateau_p < 0.05


def test_a_rise_before_the_fall_is_kept() -> None:
    """Law: readings that rise first get the curve that can."""
    centre = (1.0 + 0.1 * DOSES) / (1.0 + (DOSES / 20.0) ** 2)
    choice = simplest_curve(DOSES, noisy(centre), plateau=0.0)
    assert choice.hormetic is not None
    assert choice.hormetic.stimulation == pytest.approx(0.1, rel=0.25)  # noise .03 on a rise of .6
    assert "stimulation p = " in choice.reason


def test_no_effect_stays_flat() -> None:
    """Law: noise about one response is a flat curve."""
    assert simplest_curve(DOSES, noisy(np.ones(len(DOSES))), plateau=0.0, untreated=1.0).curve.is_flat


def test_readings_without_any_scatter_stay_flat() -> None:
    """Law: a virtual drug that does nothing at all is flat, not an error of the curves that were tried."""
    choice = simplest_curve(DOSES, np.ones(len(DOSES)), plateau=0.0, untreated=1.0)
    assert choice.curve.is_flat
    assert choice.hormetic is None


def test_missing_readings_are_refused() -> None:
    """Refusal: a gap is named."""
    readings = noisy(np.ones(len(DOSES)))
    readings[3] = math.nan
    with pytest.raises(DataError) as refused:
        plateau_p(DOSES, readings, plateau=0.0)
    assert str(refused.value) == "response: reading(s) [3] lack a dose or a response; leave them out"
