"""The least squares behind curves: exact curves are found again, and derivatives are the ones of the curve."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import DataError
from tamarisk.measurement.dose_response import dose_response_curve
from tamarisk.measurement.log_logistic import (
    HILL_RANGE,
    Series,
    best_limits,
    least_squares,
    response_slopes,
    responses,
    sound_readings,
    unit_covariances,
)
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=30, derandomize=True)
DOSES = np.geomspace(0.1, 1000.0, 9)
FREE = np.array([np.nan, np.nan])
hill = some.floats(0.5, 4.0)
place = some.floats(math.log(1.0), math.log(100.0))
plateau = some.floats(-0.5, 0.6)


def test_half_way_at_the_ec50() -> None:
    """Law: at its EC50 a curve is half-way between both ends, whatever its slope."""
    for slope in (0.5, 1.0, 4.0):
        assert responses([1.0, 0.2, math.log(30.0), slope], 30.0).item() == pytest.approx(0.6, rel=1e-12)


def test_no_drug_no_effect() -> None:
    """Law: at dose zero the response is exactly the untreated one, and at an endless dose the plateau."""
    assert responses([1.5, 0.2, 1.0, 2.0], [0.0, np.inf]).tolist() == [1.5, 0.2]


def test_hill_by_hand() -> None:
    """Golden: slope 2 at three times the EC50 leaves 1 / (1 + 3^2) = 0.1, by hand."""
    assert responses([1.0, 0.0, math.log(10.0), 2.0], 30.0).item() == pytest.approx(0.1, rel=1e-12)


@LAW
@given(end=plateau, log_ec50=place, slope=hill)
def test_an_exact_curve_is_found_again(end: float, log_ec50: float, slope: float) -> None:
    """Law: readings without noise give back the numbers that made them, from one of three slopes at the middle dose."""
    truth = np.array([1.0, end, log_ec50, slope])
    series = Series(DOSES, responses(truth, DOSES))
    starts = [np.array([math.log(10.0), begin]) for begin in (0.5, 1.0, 3.0)]
    found, rss = min((least_squares([series], FREE, start) for start in starts), key=lambda fit: fit[1])
    assert found == pytest.approx(truth, rel=1e-4, abs=1e-4)
    assert rss < 1e-10


@LAW
@given(end=plateau, log_ec50=place, slope=hill)
def test_given_limits_stay_given(end: float, log_ec50: float, slope: float) -> None:
    """Law: a limit that was given comes back untouched, even where the readings disagree."""
    series = Series(DOSES, responses([1.1, end, log_ec50, slope], DOSES))
    limits = np.array([1.0, np.nan])
    found, _ = least_squares([series], limits, np.array([log_ec50, slope]))
    assert found[0] == 1.0


def test_slopes_stay_within_their_range() -> None:
    """Law: a step between two doses does not push the slope to infinity."""
    step = Series(DOSES, np.where(DOSES < 10.0, 1.0, 0.0))
    found, _ = least_squares([step], FREE, np.array([math.log(10.0), 5.0]))
    assert HILL_RANGE[0] <= found[3] <= HILL_RANGE[1]


def test_two_series_share_their_limits() -> None:
    """Law: two exact curves of one drug at two potencies are found together, with one pair of limits."""
    first = Series(DOSES, responses([4.0, 0.5, math.log(5.0), 1.0], DOSES))
    second = Series(DOSES, responses([4.0, 0.5, math.log(80.0), 2.0], DOSES))
    found, rss = least_squares([first, second], FREE, np.array([math.log(10.0), 1.5, math.log(10.0), 1.5]))
    assert found == pytest.approx([4.0, 0.5, math.log(5.0), 1.0, math.log(80.0), 2.0], abs=1e-5)
    assert rss < 1e-10


def test_the_search_reaches_the_bottom() -> None:
    """Reference: no number near the found ones fits noisy readings better."""
    noise = generator(1, "tests", "bottom").normal(0.0, 0.05, len(DOSES))
    series = Series(DOSES, responses([1.0, 0.1, math.log(20.0), 1.3], DOSES) + noise)
    found, rss = least_squares([series], FREE, np.array([math.log(20.0), 1.0]))
    for step in np.vstack([np.eye(4), -np.eye(4)]) * 1e-3:
        assert ((responses(found + step, DOSES) - series.response) ** 2).sum() > rss


def test_covariance_is_that_of_numeric_derivatives() -> None:
    """Reference: the covariance from central differences of the curve itself; 1e-5 is their truncation error."""
    numbers, step = np.array([1.0, 0.2, math.log(20.0), 1.4]), 1e-5
    dose = np.concatenate([[0.0], DOSES])
    slopes = [
        (responses(numbers + step * unit, dose) - responses(numbers - step * unit, dose)) / (2 * step) for unit in np.eye(4)
    ]
    jacobian = np.stack(slopes, axis=1)
    assert unit_covariances(numbers[None], dose, FREE)[0] == pytest.approx(np.linalg.inv(jacobian.T @ jacobian), rel=1e-5)


def test_given_limits_have_no_variance() -> None:
    """Law: what was given is not uncertain, and giving it makes the rest more certain."""
    numbers = np.array([1.0, 0.2, math.log(20.0), 1.4])
    free, given_limits = (unit_covariances(numbers[None], DOSES, limits)[0] for limits in (FREE, np.array([1.0, 0.2])))
    assert not given_limits[:2].any()
    assert not given_limits[:, :2].any()
    assert given_limits[2, 2] < free[2, 2]


def test_a_step_between_two_doses_is_refused() -> None:
    """Refusal: no dose saw the slope, so no number can say where it is; curves beside it keep their covariance."""
    doses = np.array([0.1, 1.0, 1000.0, 10000.0])
    step, seen = np.array([1.0, 0.0, math.log(30.0), 10.0]), np.array([1.0, 0.0, math.log(30.0), 0.5])
    unknown, known = unit_covariances(np.stack([step, seen]), doses, FREE)
    assert np.isnan(unknown).all()
    assert known == pytest.approx(unit_covariances(seen[None], doses, FREE)[0], rel=1e-9)
    with pytest.raises(DataError) as refused:
        dose_response_curve(doses, responses(step, doses), untreated=1.0)
    assert str(refused.value) == "no dose lies on the slope of the curve, so its EC50 is anywhere between two; test doses there"


def test_slopes_are_numeric_derivatives() -> None:
    """Reference: central differences of the curve; the vehicle moves with the untreated response alone."""
    numbers, step, dose = np.array([1.0, 0.2, math.log(20.0), 1.4]), 1e-5, np.append(0.0, DOSES)
    moved = [(responses(numbers + step * one, dose) - responses(numbers - step * one, dose)) / (2 * step) for one in np.eye(4)]
    found = response_slopes(numbers, dose)
    assert found == pytest.approx(np.stack(moved, axis=1), abs=1e-8)
    assert found[0].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_best_limits_leave_nothing_along_themselves() -> None:
    """Law: residuals about the best limits hold no part of either limit's share, so no other limits are nearer."""
    noise = generator(2, "tests", "limits").normal(0.0, 0.1, len(DOSES))
    series, shape = Series(DOSES, responses([1.0, 0.1, 3.0, 1.2], DOSES) + noise), np.array([2.5, 1.0])
    found = best_limits([series], FREE, shape)
    left = responses([1.0, 0.0, *shape], DOSES)
    residual = responses([*found, *shape], DOSES) - series.response
    assert [left @ residual, (1.0 - left) @ residual] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_sound_readings_pass_as_they_are() -> None:
    """Law: what has a dose and a reading everywhere comes back as it was."""
    doses, readings = sound_readings([0, 1, 10], [1, 2, 3])
    assert (doses.tolist(), readings.tolist()) == ([0.0, 1.0, 10.0], [1.0, 2.0, 3.0])


def test_unpaired_readings_are_refused() -> None:
    """Refusal: one dose per reading."""
    with pytest.raises(DataError) as refused:
        sound_readings([1.0, 2.0], [1.0])
    assert str(refused.value) == "dose: (2,) doses but (1,) readings; give one dose per reading"
