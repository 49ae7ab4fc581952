"""Rates from counts over time: scipy's regression, joined lines of known slope, and cautions in words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import t_quantile
from tamarisk.measurement.growth_rate import METABOLIC, cautions, dip_rate, growth_rate
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=40, derandomize=True)
HOURS = np.linspace(0.0, 96.0, 13)


def joined(early: float, late: float, joint: float = 30.0) -> np.ndarray:
    """Log2 counts that grow at one rate up to a joint and at another after it."""
    return 7.0 + early * np.minimum(HOURS, joint) + late * np.maximum(HOURS - joint, 0.0)


# growth rate


def test_the_slope_of_scipy() -> None:
    """Reference: scipy.stats.linregress on log2 counts, value and interval."""
    logs = 7.0 + HOURS / 30.0 + generator(1, "tests", "rate").normal(0.0, 0.1, len(HOURS))
    theirs, found = stats.linregress(HOURS, logs), growth_rate(HOURS, 2.0**logs)
    assert found.value == pytest.approx(theirs.slope, rel=1e-9)
    assert found.high - found.value == pytest.approx(theirs.stderr * t_quantile(0.95, df=11), rel=1e-9)
    assert (found.n, found.unit, found.method) == (1, "doublings/h", "slope of log2 counts, t, df 11")


@LAW
@given(rate=some.floats(-0.05, 0.08), scale=some.floats(1.0, 1e6))
def test_exact_growth_is_read(rate: float, scale: float) -> None:
    """Law: cells that double at a rate have it, however many there are."""
    assert growth_rate(HOURS, scale * 2.0 ** (rate * HOURS)).value == pytest.approx(rate, abs=1e-12)


def test_a_full_well_does_not_slow_growth() -> None:
    """Law: counts from the first full well on are left out, even if a later one reads lower."""
    cells = 100.0 * 2.0 ** (HOURS / 24.0)
    full = np.minimum(cells, 700.0)
    full[-1] = 650.0
    assert growth_rate(HOURS, full, confluent_at=700.0).value == pytest.approx(1.0 / 24.0, rel=1e-9)
    assert growth_rate(HOURS, full).value < 1.0 / 24.0


# DIP rate


@pytest.mark.parametrize("late", [-0.02, 0.0, 0.01])
def test_exact_joined_lines_are_read(late: float) -> None:
    """Reference: the later of two exact lines, found or given; the joint is sought on a grid, so 1e-3 is left."""
    cells = 2.0 ** joined(0.05, late)
    assert dip_rate(HOURS, cells).value == pytest.approx(late, abs=1e-3)
    assert dip_rate(HOURS, cells, settled_after=30.0).value == pytest.approx(late, abs=1e-12)


def test_given_time_is_the_slope_of_what_follows() -> None:
    """Law: with the time given, the rate is the growth rate of the later counts."""
    cells = 2.0 ** (joined(0.05, 0.01) + generator(1, "tests", "dip").normal(0.0, 0.1, len(HOURS)))
    later = HOURS >= 32.0
    assert dip_rate(HOURS, cells, settled_after=32.0) == growth_rate(HOURS[later], cells[later])


def test_a_joint_that_was_sought_is_paid_for() -> None:
    """Law: not knowing when the drug took hold makes the interval wider than knowing it."""
    cells = 2.0 ** (joined(0.05, 0.01) + generator(1, "tests", "dip").normal(0.0, 0.1, len(HOURS)))
    sought, known = dip_rate(HOURS, cells), dip_rate(HOURS, cells, settled_after=30.0)
    assert sought.high - sought.low > known.high - known.low
    assert "profile over the joint" in sought.method


def test_sought_rates_hold_the_truth() -> None:
    """Reference: at least 92 % of 300 intervals hold the later rate; .95 less two standard errors, more is no fault."""
    rng, held = generator(2, "tests", "dip"), []
    for _ in range(300):
        found = dip_rate(HOURS, 2.0 ** (joined(0.05, 0.01) + rng.normal(0.0, 0.1, len(HOURS))))
        held.append(found.low <= 0.01 <= found.high)
    assert np.mean(held) >= 0.92


def test_the_interval_is_the_profile() -> None:
    """Reference: at an end of the interval the best joint leaves exactly the residuals that the F-test allows."""
    logs = joined(0.05, 0.01) + generator(3, "tests", "dip").normal(0.0, 0.05, len(HOURS))
    found = dip_rate(HOURS, 2.0**logs)

    def rss(slope: float | None, joint: float) -> float:
        basis = [np.minimum(HOURS - joint, 0.0), np.ones(len(HOURS))]
        late = np.maximum(HOURS - joint, 0.0)
        held = np.zeros(len(HOURS)) if slope is None else slope * late
        columns = np.stack(basis if slope is not None else [*basis, late], axis=1)
        return float(((logs - held - columns @ np.linalg.lstsq(columns, logs - held)[0]) ** 2).sum())

    joints = np.linspace(HOURS[0], HOURS[-3], 61)
    least, at_end = min(rss(None, one) for one in joints), min(rss(found.low, one) for one in joints)
    df = len(HOURS) - 4
    assert at_end == pytest.approx(least * (1 + t_quantile(0.95, df=df) ** 2 / df), rel=1e-6)


# cautions


@pytest.mark.parametrize("readout", METABOLIC)
def test_metabolic_readouts_are_named(readout: str) -> None:
    """Law: every read-out of metabolism gets its caution, a sharper one where the drug lowers metabolism."""
    assert cautions(readout=readout.lower())[0].startswith(f"{readout.lower()} reads metabolism, not cell number")
    assert "fewer cells" in cautions(readout=readout, lowers_metabolism=True)[0]


def test_counting_needs_no_caution() -> None:
    """Law: cells that were counted in wells with room have nothing to confess, whatever the drug does to metabolism."""
    assert cautions(readout="count", filled=[0.2, 0.89], lowers_metabolism=True) == ()


def test_full_wells_are_counted() -> None:
    """Golden: by hand, two of four wells are 90 % full or more; area has a caution of its own."""
    found = cautions(readout="confluence", filled=[[0.5, 0.9], [0.95, 0.1]])
    assert found[0] == "2 of 4 wells are at least 90% full: room limits growth there, not the drug"
    assert found[1].startswith("confluence reads area")


# refusals


@pytest.mark.parametrize(
    ("hours", "cells", "message"),
    [
        (
            [0, 1, 2, 3, 4],
            [1, 2, 0, 4, 5],
            "cells: a count is missing or not positive; leave that time out, or add the detection limit",
        ),
        (
            [0, 1, 2, 3, 4],
            [1, 2, math.nan, 4, 5],
            "cells: a count is missing or not positive; leave that time out, or add the detection limit",
        ),
        ([0, 2, 1, 3, 4], [1, 2, 3, 4, 5], "hours: times do not rise; sort the counts by time, one per time"),
        ([0, 1, 2, 3], [1, 2, 3, 4, 5], "hours: (4,) hours but (5,) counts; give one time per count"),
        ([0, 1, 2, 3], [1, 2, 3, 4], "cells: 4 counts before the well was full make no rate; count at least 5 times"),
    ],
)
def test_unsound_courses_are_refused(hours: list[float], cells: list[float], message: str) -> None:
    """Refusal: each fault has its sentence, in both rates."""
    for rate in (growth_rate, dip_rate):
        with pytest.raises(DataError) as refused:
            rate(hours, cells)
        assert str(refused.value) == message


def test_a_late_start_leaves_too_little() -> None:
    """Refusal: a rate that settled at the end cannot be read."""
    with pytest.raises(DataError) as refused:
        dip_rate(HOURS, 2.0**HOURS, settled_after=90.0)
    assert str(refused.value) == "cells: 1 counts after the rate settled make no rate; count at least 5 times"


def test_a_full_well_from_the_start_is_refused() -> None:
    """Refusal: a well that was full early has no rate."""
    with pytest.raises(DataError, match=r"^cells: 2 counts before the well was full make no rate"):
        growth_rate(HOURS, 100.0 + HOURS, confluent_at=110.0)


def test_per_cent_for_shares_are_refused() -> None:
    """Refusal: 85 for 85 % would call every well full."""
    with pytest.raises(DataError) as refused:
        cautions(readout="count", filled=[85.0])
    assert str(refused.value) == "filled: a covered share is not between 0 and 1; give 0.85 for 85 %"
