"""Western blots: the identity of the three contrasts, scipy's paired t, hand-made numbers, and bands that are refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.blot import BandContrasts, Blots, band_contrasts, total_contrast
from tamarisk.measurement.estimate import fold
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=40, derandomize=True)
RANGE = (1e-6, 1e12)
LANES = ("vehicle", "rapamycin", "both")


def drawn(blots: int, *, run: int = 1, noise: float = 0.2) -> Blots:
    """Blots with their own exposure: phospho falls fourfold and total doubles under rapamycin, alone and in both."""
    rng = generator(run, "tests", "blots")
    exposure = rng.normal(0.0, 1.0, (3, blots, 1))
    truth = np.array([[10.0, 8.0, 8.0], [9.0, 10.0, 10.0], [11.0, 11.0, 11.0]])[:, None, :]
    phospho, total, load = np.exp2(truth + exposure + rng.normal(0.0, noise, (3, blots, 3)))
    return Blots(LANES, phospho, total, load, linear_range=RANGE)


def contrast(blots: Blots, treated: str = "rapamycin") -> BandContrasts:
    """Against vehicle."""
    return band_contrasts(blots, treated=treated, control="vehicle")


# by hand


def test_ghayad_shape() -> None:
    """Golden: by hand. Total doubles, phospho stays: p/t -1, p/load 0, t/load +1, though no phosphate was lost."""
    blots = Blots(["vehicle", "rapamycin"], [[8.0, 8.0]] * 3, [[4.0, 8.0]] * 3, [[2.0, 2.0]] * 3, linear_range=RANGE)
    found = contrast(blots)
    values = (found.phospho_per_total.value, found.phospho_per_load.value, found.total_per_load.value)
    assert values == pytest.approx((-1.0, 0.0, 1.0), abs=1e-12)
    assert fold(found.phospho_per_total).value == pytest.approx(0.5)


def test_two_lanes_are_the_paired_t() -> None:
    """Reference: with two lanes the block model is scipy's paired t of the log ratios."""
    rng = generator(2, "tests", "two lanes")
    phospho, total, load = np.exp2(rng.normal(5.0, 0.5, (3, 5, 2)))
    found = contrast(Blots(["vehicle", "rapamycin"], phospho, total, load, linear_range=RANGE)).phospho_per_total
    ratio = np.log2(phospho / total)
    theirs = stats.ttest_rel(ratio[:, 1], ratio[:, 0]).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
    assert (found.n, found.unit, found.method) == (5, "log2", "log ratio on condition and blot, t, df 4")


def test_three_lanes_pool_their_noise() -> None:
    """Reference: a complete design has the difference of means and the residual variance of two-way analysis of variance."""
    blots = drawn(4)
    ratio = np.log2(np.asarray(blots.phospho) / np.asarray(blots.total))
    residual = ratio - ratio.mean(axis=0) - ratio.mean(axis=1, keepdims=True) + ratio.mean()
    half = stats.t.ppf(0.975, 6) * math.sqrt(2 * (residual**2).sum() / 6 / 4)
    found = contrast(blots).phospho_per_total
    assert found.value == pytest.approx(ratio[:, 1].mean() - ratio[:, 0].mean(), rel=1e-9)
    assert found.high - found.value == pytest.approx(half, rel=1e-9)


def test_a_lost_lane_is_filled_by_no_guess() -> None:
    """Reference: with a lane missing, the contrast is that of least squares on condition and blot, solved here by hand.

    Two lanes on three blots with one lane missing leave two whole blots: the third can say nothing about the contrast.
    """
    phospho = np.array([[8.0, 2.0], [16.0, 4.0], [8.0, math.nan]])
    total, load = np.full((3, 2), 4.0), np.full((3, 2), 4.0)
    found = contrast(Blots(["vehicle", "rapamycin"], phospho, total, load, linear_range=RANGE))
    assert found.phospho_per_total.value == pytest.approx(-2.0)
    assert found.phospho_per_total.n == 2
    assert math.isnan(found.phospho_per_total.low)


# laws


@LAW
@given(run=some.integers(0, 10_000), blots=some.integers(1, 6))
def test_three_contrasts_close(run: int, blots: int) -> None:
    """Law: phospho per total is exactly phospho per load less total per load."""
    found = contrast(drawn(blots, run=run))
    difference = found.phospho_per_load.value - found.total_per_load.value
    assert found.phospho_per_total.value == pytest.approx(difference, abs=1e-9)


@LAW
@given(gap=some.integers(0, 11))
def test_three_contrasts_close_with_gaps(gap: int) -> None:
    """Law: a band missing in one of the three is missing in all, so that the contrasts still close."""
    blots = drawn(4)
    total = np.array(blots.total)
    total.flat[gap] = math.nan
    found = contrast(Blots(LANES, blots.phospho, total, blots.load, linear_range=RANGE))
    difference = found.phospho_per_load.value - found.total_per_load.value
    assert found.phospho_per_total.value == pytest.approx(difference, abs=1e-9)


@LAW
@given(exposure=some.lists(some.floats(0.01, 100.0), min_size=4, max_size=4))
def test_exposure_does_not_matter(exposure: list[float]) -> None:
    """Law: a blot exposed longer is brighter in all its lanes, and says the same."""
    blots = drawn(4)
    longer = np.array(blots.phospho) * np.array(exposure)[:, None]
    before, after = contrast(blots), contrast(Blots(LANES, longer, blots.total, blots.load, linear_range=RANGE))
    assert after.phospho_per_load.value == pytest.approx(before.phospho_per_load.value, rel=1e-9)
    assert after.phospho_per_load.low == pytest.approx(before.phospho_per_load.low, rel=1e-6)


def test_turned_contrast_is_turned() -> None:
    """Law: control against treated is the same with the sign turned."""
    blots = drawn(4)
    forth = contrast(blots).phospho_per_total
    back = band_contrasts(blots, treated="vehicle", control="rapamycin").phospho_per_total
    assert (back.value, back.low, back.high) == pytest.approx((-forth.value, -forth.high, -forth.low), rel=1e-9)


def test_contrasts_of_conditions_add_up() -> None:
    """Law: both over vehicle is both over rapamycin plus rapamycin over vehicle."""
    blots = drawn(5)
    step = band_contrasts(blots, treated="both", control="rapamycin").total_per_load.value
    assert contrast(blots, "both").total_per_load.value == pytest.approx(step + contrast(blots).total_per_load.value, rel=1e-9)


def test_intervals_cover_the_truth() -> None:
    """Reference: 95 % of intervals hold the fourfold fall in 300 draws of four blots; .04 is three standard errors."""
    found = [contrast(drawn(4, run=run)).phospho_per_load for run in range(300)]
    assert np.mean([one.low <= -2.0 <= one.high for one in found]) == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("blots", [1, 2])
def test_few_blots_give_points(blots: int) -> None:
    """Law: below three biological replicates there are points only, and the method says so."""
    found = contrast(drawn(blots)).phospho_per_total
    assert math.isfinite(found.value)
    assert math.isnan(found.low)
    assert found.method == f"no interval: {blots} of at least 3 experiments"


# refusals


def test_saturated_bands_are_refused_all_at_once() -> None:
    """Refusal: every saturated or weak band is named, with what to do."""
    blots = Blots(["vehicle", "rapamycin"], [[90.0, 5.0], [70.0, 95.0]], [[5.0, 5.0]] * 2, [[5.0, 0.5]] * 2, linear_range=(1, 80))
    with pytest.raises(DataError) as refused:
        contrast(blots)
    assert str(refused.value) == (
        "blots: phospho saturated in blot 0 vehicle, blot 1 rapamycin; load too weak in blot 0 rapamycin, blot 1 rapamycin; "
        "expose again so that all bands lie within 1 to 80"
    )


def test_a_band_of_zero_is_too_weak() -> None:
    """Refusal: background subtraction that leaves nothing leaves no ratio."""
    blots = Blots(["vehicle", "rapamycin"], [[5.0, 0.0]] * 3, [[5.0, 5.0]] * 3, [[5.0, 5.0]] * 3, linear_range=RANGE)
    with pytest.raises(DataError, match=r"^blots: phospho too weak in blot 0 rapamycin, blot 1 rapamycin, blot 2 rapamycin;"):
        contrast(blots)


def test_a_linear_range_from_zero_is_refused() -> None:
    """Refusal: a range that begins at zero was not verified by dilution."""
    blots = Blots(["vehicle", "rapamycin"], [[5.0, 5.0]], [[5.0, 5.0]], [[5.0, 5.0]], linear_range=(0, 80))
    with pytest.raises(DataError, match=r"^blots: the lowest density of the linear range is not positive; expose again"):
        contrast(blots)


def test_an_unknown_lane_is_refused() -> None:
    """Refusal: the known lanes are offered."""
    with pytest.raises(DataError) as refused:
        contrast(drawn(3), "rapamicin")
    assert str(refused.value) == "blots: no lane 'rapamicin'; known: vehicle, rapamycin, both"


def test_bands_of_different_shape_are_refused() -> None:
    """Refusal: three bands per lane, in the same places."""
    blots = Blots(["vehicle", "rapamycin"], [[5.0, 5.0]], [[5.0, 5.0]], [[5.0, 5.0], [4.0, 4.0]], linear_range=RANGE)
    with pytest.raises(DataError) as refused:
        contrast(blots)
    assert str(refused.value) == "blots: bands of shape (1, 2) and (2, 2); give all three as (blot, 2)"


def test_lanes_of_different_blots_are_refused() -> None:
    """Refusal: exposures of two blots cannot be compared."""
    phospho = [[5.0, math.nan], [math.nan, 5.0]]
    blots = Blots(["vehicle", "rapamycin"], phospho, [[5.0, 5.0]] * 2, [[5.0, 5.0]] * 2, linear_range=RANGE)
    with pytest.raises(DataError) as refused:
        contrast(blots)
    assert str(refused.value) == "blots: no blot holds both lanes with all three bands; compare lanes of the same blot"


def test_total_per_load_needs_no_phospho_band() -> None:
    """Reference: of two lanes without a phospho band it is scipy's paired t on log2 of total over load; with one, the same."""
    whole = drawn(5)
    bare = replace(whole, phospho=np.full(np.shape(whole.phospho), np.nan))
    same = band_contrasts(whole, treated="rapamycin", control="vehicle").total_per_load
    assert total_contrast(bare, treated="rapamycin", control="vehicle") == same
    total, load = (np.asarray(band)[:, :2] for band in (whole.total, whole.load))
    two = Blots(LANES[:2], np.full((5, 2), np.nan), total, load, linear_range=RANGE)
    found, ratio = total_contrast(two, treated="rapamycin", control="vehicle"), np.log2(total / load)
    theirs = stats.ttest_rel(ratio[:, 1], ratio[:, 0]).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
