"""The restoration index: identities, the scenarios of MEASUREMENT.md 6.3 in small, and everything it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.restoration import Restoration, relabelling_p, restoration_index
from tamarisk.measurement.signature import GROUPS

LAW = settings(deadline=None, max_examples=25, derandomize=True)
DrawArrays = Callable[..., tuple[np.ndarray, list[str]]]
RUNS = 120
SHARE = 0.06  # three standard errors of a coverage of .95 in 120 runs
PARTS = ("RI_total", "RI_net", "phenocopy")


@pytest.fixture(scope="module")
def scenario(arrays: DrawArrays) -> Callable[..., list[Restoration]]:
    """The index of many draws of one truth; now and then a draw is refused, and few may be."""

    @cache
    def drawn(**truth: float) -> list[Restoration]:
        found, refused = [], 0
        for run in range(RUNS):
            try:
                found.append(_index(arrays(run, **truth)))
            except DataError:
                refused += 1
        assert refused <= 0.05 * RUNS
        return found

    return drawn


def _index(drawn: tuple[np.ndarray, list[str]], level: float = 0.95) -> Restoration:
    return restoration_index(drawn[0], groups=drawn[1], level=level)


def _mean(found: list[Restoration], part: str) -> float:
    return float(np.mean([getattr(one, part).value for one in found]))


def _coverage(found: list[Restoration], part: str, truth: float) -> float:
    return float(np.mean([getattr(one, part).low <= truth <= getattr(one, part).high for one in found]))


# scenarios of 6.3


def test_true_resensitisation(scenario: Callable[..., list[Restoration]]) -> None:
    """Reference: MEASUREMENT.md 6.3, true .40 with three arrays: means .397 and .400, coverage .943 and .960, power 1.

    The means of 120 draws lie within .02, three standard errors at an sd of .06.
    """
    found = scenario(regained=0.4)
    assert _mean(found, "RI_total") == pytest.approx(0.40, abs=0.02)
    assert _mean(found, "RI_net") == pytest.approx(0.40, abs=0.02)
    assert _mean(found, "phenocopy") == pytest.approx(0.0, abs=0.02)
    for part, truth in zip(PARTS, (0.4, 0.4, 0.0), strict=True):
        assert _coverage(found, part, truth) == pytest.approx(0.95, abs=SHARE), part
    assert np.mean([one.p_net < 0.05 for one in found]) > 0.9


def test_a_silent_codrug(scenario: Callable[..., list[Restoration]]) -> None:
    """Reference: MEASUREMENT.md 6.3, null with half retained: means -.001 and .004, coverage .957 and .950, false calls .03.

    The count of the same truth restores 8 % (test_signature); the index none. Means within .03, three standard errors.
    """
    found = scenario(retained=0.5)
    for part in PARTS:
        assert _mean(found, part) == pytest.approx(0.0, abs=0.03), part
        assert _coverage(found, part, 0.0) == pytest.approx(0.95, abs=SHARE), part
    assert np.mean([one.retained.value for one in found]) == pytest.approx(0.5, abs=0.02)
    assert np.mean([one.p_total < 0.05 for one in found]) <= 0.05 + SHARE
    assert np.mean([one.p_net < 0.05 for one in found]) <= 0.05 + SHARE


def test_mimicry(scenario: Callable[..., list[Restoration]]) -> None:
    """Reference: MEASUREMENT.md 6.3, phenocopy only: RI_total .397, RI_net .003, phenocopy .395; P(p < .05) 1 and .027.

    Means within .02, three standard errors of 120 draws at an sd of .06.
    """
    found = scenario(mimicked=0.36)
    assert _mean(found, "RI_total") == pytest.approx(0.40, abs=0.02)
    assert _mean(found, "RI_net") == pytest.approx(0.0, abs=0.02)
    assert _mean(found, "phenocopy") == pytest.approx(0.40, abs=0.02)
    assert _coverage(found, "phenocopy", 0.4) == pytest.approx(0.95, abs=SHARE)
    assert np.mean([one.p_total < 0.05 for one in found]) > 0.9
    assert np.mean([one.p_net < 0.05 for one in found]) <= 0.05 + SHARE


def test_calibration_undoes_the_winners_curse(scenario: Callable[..., list[Restoration]]) -> None:
    """Reference: MEASUREMENT.md 6.3, the full response scores .925 at n = 3, not the 1 it was scaled to; within .03."""
    found = scenario(regained=0.4)
    assert np.mean([one.calibration.value for one in found]) == pytest.approx(0.925, abs=0.03)


# identities


def test_parts_add_up(arrays: DrawArrays) -> None:
    """Law: RI_total is exactly RI_net plus phenocopy."""
    for run in range(5):
        found = _index(arrays(run, regained=0.3, mimicked=0.2))
        assert found.RI_total.value == pytest.approx(found.RI_net.value + found.phenocopy.value, abs=1e-12)


def test_without_noise_the_truth_is_read() -> None:
    """Law: arrays with a thousandth of the usual noise give the shares that made them, to a thousandth.

    20 % kept, half of the rest regained (so .6 beside the co-drug), 8 % mimicked, that is .1 of the lost .8.
    """
    rng = np.random.default_rng(1)
    drug = np.concatenate([np.linspace(0.5, 3.0, 40), -np.linspace(0.5, 3.0, 40), np.zeros(400)])
    level = np.repeat(drug[:, None] * np.array([0.0, 1.0, 0.0, 0.2, 0.08, 0.68]), 3, axis=1)
    found = restoration_index(level + 0.0002 * rng.normal(size=level.shape), groups=np.repeat(GROUPS, 3).tolist())
    values = (found.retained.value, found.RI_total.value, found.RI_net.value, found.phenocopy.value)
    assert values == pytest.approx((0.2, 0.6, 0.5, 0.1), abs=1e-3)
    assert found.calibration.value == pytest.approx(1.0, abs=1e-3)


@LAW
@given(shift=some.floats(-5.0, 5.0), scale=some.floats(0.2, 5.0))
def test_index_does_not_know_level_or_scale(arrays: DrawArrays, shift: float, scale: float) -> None:
    """Law: another unit of log expression, another background: the same index."""
    values, groups = arrays(2, regained=0.4)
    before, after = _index((values, groups)), _index((values * scale + shift, groups))
    for part in PARTS:
        ours, theirs = getattr(after, part), getattr(before, part)
        assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high), rel=1e-6)


def test_lines_may_differ_in_level(arrays: DrawArrays) -> None:
    """Law: genes that are higher in one line for whatever reason change nothing, as each line is compared with itself."""
    values, groups = arrays(3, regained=0.4)
    resistant = np.array([label.startswith("R") for label in groups])
    moved = values + np.linspace(-3.0, 3.0, len(values))[:, None] * resistant
    assert _index((moved, groups)).RI_net.value == pytest.approx(_index((values, groups)).RI_net.value, rel=1e-9)


def test_order_of_arrays_across_groups_does_not_matter(arrays: DrawArrays) -> None:
    """Law: groups may be given in any order; only the order within the sensitive groups pairs arrays."""
    values, groups = arrays(4, regained=0.4)
    order = np.argsort([GROUPS[::-1].index(label) for label in groups], kind="stable")
    shuffled = _index((values[:, order], [groups[place] for place in order]))
    assert shuffled.RI_net.value == pytest.approx(_index((values, groups)).RI_net.value, rel=1e-9)


def test_wider_level_wider_interval(arrays: DrawArrays) -> None:
    """Law: 99 % intervals hold 80 % intervals."""
    drawn = arrays(5, regained=0.4)
    narrow, wide = _index(drawn, 0.8), _index(drawn, 0.99)
    for part in (*PARTS, "retained", "calibration"):
        assert getattr(wide, part).low < getattr(narrow, part).low < getattr(narrow, part).high < getattr(wide, part).high


def test_what_is_reported(arrays: DrawArrays) -> None:
    """Law: the minimum output of MEASUREMENT.md 6.6 is there."""
    found = _index(arrays(6, n=4, regained=0.4))
    assert found.arrays == dict.fromkeys(GROUPS, 4)
    assert found.genes >= 10
    assert found.RI_net.n == 4
    assert found.RI_net.method.startswith("Fieller, Satterthwaite df ")
    assert found.calibration.method == "leave one pair out, t, df 3"
    assert found.notes == ("70 relabellings: p_relabelled cannot fall below 0.014",)


def test_unequal_groups(arrays: DrawArrays) -> None:
    """Law: a group may lose an array as long as three are left."""
    values, groups = arrays(7, n=4, regained=0.4)
    kept = [place for place in range(len(groups)) if place not in (3, 4, 19)]
    found = restoration_index(values[:, kept], groups=[groups[place] for place in kept])
    assert found.arrays == {"SV": 3, "SF": 3, "RV": 4, "RF": 4, "RP": 3, "RC": 4}
    assert found.RI_net.low < 0.4 < found.RI_net.high


def test_genes_with_gaps_are_counted(arrays: DrawArrays) -> None:
    """Law: a gene with a missing value is left out, and the notes say how many."""
    values, groups = arrays(8, regained=0.4)
    values[[3, 1100], 5] = math.nan
    assert _index((values, groups)).notes[0] == "2 genes with a missing value were left out"


def test_an_unsure_calibration_is_said(arrays: DrawArrays) -> None:
    """Law: sensitive arrays that disagree about the size of the response raise a note."""
    values, groups = arrays(9, regained=0.4)
    drug = np.array([label == "SF" for label in groups])
    response = (values[:, drug].mean(axis=1) - values[:, :3].mean(axis=1))[:, None]
    values[:, drug] += response * np.array([-0.25, 0.0, 0.25])
    assert any(note.startswith("the calibration is unsure (relative error 0.1") for note in _index((values, groups)).notes)


# relabelling


def test_relabelling_by_hand() -> None:
    """Golden: by hand, 3 against 3 fully apart is 1 of 20; a tie counts as reached."""
    assert relabelling_p([4.0, 5.0, 6.0], [1.0, 2.0, 3.0]) == (0.05, 20)
    assert relabelling_p([1.0, 1.0], [1.0, 1.0]) == (1.0, 6)


@LAW
@given(seed=some.integers(0, 1000))
def test_relabelling_of_scipy(seed: int) -> None:
    """Reference: scipy.stats.permutation_test over all relabellings."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0.5, 1.0, 4), rng.normal(0.0, 1.0, 3)
    theirs = stats.permutation_test((first, second), lambda a, b: a.mean() - b.mean(), alternative="greater", n_resamples=np.inf)
    assert relabelling_p(first, second)[0] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_too_many_relabellings_are_not_listed() -> None:
    """Law: 11 against 11 are 705 432 relabellings: no p, but their number."""
    p, count = relabelling_p(np.arange(11), np.arange(11))
    assert math.isnan(p)
    assert count == 705_432


def test_the_index_relabels_both_against_drug(arrays: DrawArrays) -> None:
    """Law: with three arrays a clear restoration reaches the least p there is, .05, and the notes say so."""
    found = _index(arrays(10, regained=0.6))
    assert found.p_relabelled == 0.05
    assert found.notes[-1] == "20 relabellings: p_relabelled cannot fall below 0.05"
    assert found.p_total < 0.001


# refusals


def test_two_arrays_are_refused(arrays: DrawArrays) -> None:
    """Refusal: every group that is too small is named."""
    values, groups = arrays(1)
    kept = [place for place in range(18) if place not in (0, 17)]
    with pytest.raises(DataError) as refused:
        restoration_index(values[:, kept], groups=[groups[place] for place in kept])
    assert str(refused.value) == "groups: too few arrays (SV 2, RC 2); make 3 in each group"


def test_a_small_signature_is_refused(arrays: DrawArrays) -> None:
    """Refusal: without response in the sensitive line there is no signature."""
    with pytest.raises(DataError, match=r"^the signature has \d genes, fewer than 10; add arrays of the sensitive line$"):
        _index(arrays(1, signature=0))


def test_a_response_that_was_not_lost_is_refused(arrays: DrawArrays) -> None:
    """Refusal: where the resistant line answers in full the denominator may be zero."""
    with pytest.raises(DataError, match=r"^the lost response \(.+ to .+\) may be none; there is nothing to restore; add arrays"):
        _index(arrays(1, retained=1.0))


def test_a_missing_group_is_refused(arrays: DrawArrays) -> None:
    """Refusal: without the co-drug alone no index is given."""
    values, groups = arrays(1)
    with pytest.raises(DataError, match=r"^groups: no array of RP; without RP mimicry cannot be told"):
        restoration_index(np.delete(values, [12, 13, 14], axis=1), groups=groups[:12] + groups[15:])


def test_line_and_batch_confounded_are_refused(arrays: DrawArrays) -> None:
    """Refusal: lines run on different days are not compared."""
    values, groups = arrays(1)
    with pytest.raises(DataError) as refused:
        restoration_index(values, groups=groups, batch=[label[0] for label in groups])
    assert str(refused.value) == "batch: line and batch are confounded; run arrays of both lines in one batch"


def test_treatment_and_batch_confounded_are_refused(arrays: DrawArrays) -> None:
    """Refusal: a treatment run apart from its vehicle is the batch."""
    values, groups = arrays(1)
    batch = ["day 2" if label == "RC" else "day 1" for label in groups]
    with pytest.raises(DataError) as refused:
        restoration_index(values, groups=groups, batch=batch)
    assert str(refused.value) == "batch: treatment and batch are confounded in RC; run each treatment beside its vehicle"


def test_balanced_batches_are_accepted(arrays: DrawArrays) -> None:
    """Law: one experiment per batch, every group in each, is the design to have."""
    values, groups = arrays(1, regained=0.4)
    batch = ["day 1", "day 2", "day 3"] * 6
    assert restoration_index(values, groups=groups, batch=batch) == restoration_index(values, groups=groups)
