"""Reversal and bypass: the table of MEASUREMENT.md 7.5, the laws behind it, every call and every refusal."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import fold
from tamarisk.measurement.reversal import SixArms, interaction, noise_free_reversal, reversal
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=60, derandomize=True)
TOY = SixArms(SV=5.0, SF=1.5, RV=5.2, RF=4.7, RP=3.0, RC=1.2)  # MEASUREMENT.md 7.5, doublings
ADDITIVE = replace(TOY, RC=2.5)


def drawn(arms: SixArms, *, n: int = 4, noise: float = 0.03, run: int = 1) -> SixArms:
    """Experiments around given doublings: each a little faster or slower as a whole, each arm with its noise."""
    rng = generator(run, "tests", "six arms")
    centre = np.array([arms.SV, arms.SF, arms.RV, arms.RF, arms.RP, arms.RC], dtype=np.float64)
    pace = 1.0 + rng.normal(0.0, noise, (n, 1))
    return SixArms(*(centre * pace + rng.normal(0.0, noise, (n, 6))).T)


# the table of 7.5


def test_toy_reversal() -> None:
    """Golden: MEASUREMENT.md 7.5 first row, V_total 1.09, V_net .86, I -1.30, reversal; printed to two decimals."""
    found = noise_free_reversal(TOY)
    assert (found.V_total.value, found.V_net.value) == pytest.approx((1.09, 0.86), abs=5e-3)  # half of the last digit
    assert found.interaction.value == pytest.approx(-1.3, rel=1e-12)
    assert found.call == "reversal"


def test_toy_bypass() -> None:
    """Golden: MEASUREMENT.md 7.5 second row, exactly additive: V_total .74, V_net .14 = V_add, I 0, bypass, not reversal."""
    found = noise_free_reversal(ADDITIVE)
    assert (found.V_total.value, found.V_net.value) == pytest.approx((0.74, 0.14), abs=5e-3)  # half of the last digit
    assert found.V_net.value == pytest.approx(found.V_add.value, rel=1e-12)
    assert found.interaction.value == pytest.approx(0.0, abs=1e-12)
    assert found.call == "bypass"


def test_toy_in_full_precision() -> None:
    """Golden: prototypes/assay/toy_prolif.py prints V_total 1.090 and .743, V_net .862 and .139, fold .406; three decimals."""
    first, second = noise_free_reversal(TOY), noise_free_reversal(ADDITIVE)
    found = [first.V_total.value, second.V_total.value, first.V_net.value, second.V_net.value]
    assert found == pytest.approx([1.090, 0.743, 0.862, 0.139], abs=5e-4)  # half of the last digit
    assert fold(first.interaction).value == pytest.approx(0.406, abs=5e-4)


@pytest.mark.parametrize(("arms", "call"), [(TOY, "reversal"), (ADDITIVE, "bypass")])
def test_toy_with_noise(arms: SixArms, call: str) -> None:
    """Law: four experiments around either row of the table give its call, and intervals that hold its numbers."""
    truth, found = noise_free_reversal(arms), reversal(drawn(arms))
    assert found.call == call
    for name in ("V_total", "V_net", "V_add", "interaction"):
        estimate = getattr(found, name)
        assert estimate.low < getattr(truth, name).value < estimate.high, name
    assert found.V_net.n == 4


# laws


@LAW
@given(codrug=some.floats(0.5, 5.0), drug=some.floats(3.5, 5.0))
def test_additive_drugs_never_reverse(codrug: float, drug: float) -> None:
    """Law: where both drugs act independently V_net is V_add and no reversal is called, however strong the co-drug is."""
    arms = SixArms(SV=5.0, SF=1.0, RV=5.2, RF=drug, RP=codrug, RC=drug + codrug - 5.2)
    found = noise_free_reversal(arms)
    assert found.V_net.value == pytest.approx(found.V_add.value, abs=1e-9)
    assert found.call in {"bypass", "additive"}


@LAW
@given(both=some.floats(-1.0, 5.0))
def test_v_net_exceeds_v_add_where_drugs_help_each_other(both: float) -> None:
    """Law: V_net lies above V_add exactly where the interaction is negative."""
    found = noise_free_reversal(replace(TOY, RC=both))
    assert (found.V_net.value > found.V_add.value + 1e-9) == (found.interaction.value < -1e-9)


@LAW
@given(pace=some.floats(0.5, 2.0))
def test_shares_do_not_know_how_fast_cells_divide(pace: float) -> None:
    """Law: doublings of all arms times a factor leave the three shares alone; the interaction scales."""
    arms = [TOY.SV, TOY.SF, TOY.RV, TOY.RF, TOY.RP, TOY.RC]
    before, after = noise_free_reversal(TOY), noise_free_reversal(SixArms(*(np.array(arms) * pace).tolist()))
    assert (after.V_total.value, after.V_net.value, after.V_add.value) == pytest.approx(
        (before.V_total.value, before.V_net.value, before.V_add.value), rel=1e-9
    )
    assert after.interaction.value == pytest.approx(pace * before.interaction.value, rel=1e-9)


def test_landmarks_of_the_shares() -> None:
    """Law: a co-drug that changes nothing recovers nothing; one beside which the drug acts as in S recovers all of it."""
    silent = noise_free_reversal(replace(TOY, RP=5.2, RC=4.7))
    assert (silent.V_total.value, silent.V_net.value) == pytest.approx((0.0, 0.0), abs=1e-12)
    restored = noise_free_reversal(replace(TOY, RC=3.0 * 1.5 / 5.0))
    assert restored.V_net.value == pytest.approx(1.0, rel=1e-12)
    assert restored.call == "reversal"


def test_interaction_is_bliss_on_counts() -> None:
    """Reference: 2^I is the observed over the expected relative count of Bliss independence."""
    counts = {name: 2.0 ** getattr(TOY, name) for name in ("RV", "RF", "RP", "RC")}
    expected = counts["RF"] / counts["RV"] * counts["RP"] / counts["RV"]
    assert fold(interaction(TOY)).value == pytest.approx(counts["RC"] / counts["RV"] / expected, rel=1e-12)


def test_v_net_covers_the_truth() -> None:
    """Reference: 95 % of the intervals of V_net hold the truth (MEASUREMENT.md 7.6: .952 at n = 4).

    Noise of .05 doublings in 250 runs; the tolerance of .045 is three standard errors of the share, rounded up.
    """
    truth = noise_free_reversal(TOY).V_net.value
    found = [reversal(drawn(TOY, noise=0.05, run=run)).V_net for run in range(250)]
    assert np.mean([one.low <= truth <= one.high for one in found]) == pytest.approx(0.95, abs=0.045)


def test_additive_drugs_are_rarely_called_reversed() -> None:
    """Reference: an exactly additive pair is called reversed in at most 2.5 % of experiments, the level of I's lower tail."""
    calls = [reversal(drawn(ADDITIVE, noise=0.05, run=run)).call for run in range(250)]
    assert np.mean([call in {"reversal", "partial reversal"} for call in calls]) <= 0.05


# calls


@pytest.mark.parametrize(
    ("arms", "call"),
    [
        (replace(TOY, RC=1.9), "partial reversal"),  # V_net .48 above V_add .14, but far from the sensitive line
        (replace(TOY, RP=4.9, RC=4.4), "additive"),  # a weak co-drug beside a weak drug
        (replace(TOY, RP=4.5, RC=4.6), "antagonism"),  # less than their sum
        (replace(TOY, RP=0.6, RC=0.4), "bypass"),  # the co-drug stops the cells by itself, the drug adds nothing
        (replace(TOY, RC=-0.5), "reversal"),  # beside the co-drug the drug does more than in the sensitive line
    ],
)
def test_calls_without_noise(arms: SixArms, call: str) -> None:
    """Law: each word of the table is reached, and with noise the same word or a more careful one."""
    assert noise_free_reversal(arms).call == call


def test_partial_reversal_with_noise() -> None:
    """Law: V_net above V_add with its interval, interaction below zero with its own, and short of the sensitive line."""
    found = reversal(drawn(replace(TOY, RC=1.9), noise=0.02))
    assert found.call == "partial reversal"
    assert found.V_net.low > found.V_add.value
    assert found.interaction.high < 0


@pytest.mark.parametrize(("both", "call"), [(1.02, "reversal"), (1.12, "partial reversal")])
def test_full_reversal_is_a_one_sided_test(both: float, call: str) -> None:
    """Reference: a one-sided test at 5 % is the upper end of a 90 % interval, here .084 and .115 of .1 GR, by hand.

    The 95 % interval of the first would end at .107: MEASUREMENT.md 7.5 asks for one-sided tests (TOST).
    """
    arms = SixArms(SV=[5.0] * 3, SF=[1.5] * 3, RV=[5.2] * 3, RF=[4.7] * 3, RP=[3.0] * 3, RC=[both - 0.1, both, both + 0.1])
    assert reversal(arms).call == call


def test_margins_are_arguments() -> None:
    """Law: what counts as no interaction is the caller's to say."""
    slight = replace(TOY, RC=2.3)
    assert noise_free_reversal(slight).call == "partial reversal"
    assert noise_free_reversal(slight, same_doublings=0.3).call == "bypass"
    assert noise_free_reversal(TOY, same_growth=0.05).call == "partial reversal"


def test_the_reason_carries_the_number() -> None:
    """Golden: the sentence of the first row; the words are ours."""
    assert noise_free_reversal(TOY).reason == (
        "beside the co-drug the drug works as in the sensitive line (V_net 0.862 (no interval, n = 1))"
    )


# refused calls: the readings stay, the word does not


def test_no_loss_is_refused() -> None:
    """Refusal: where the resistant line answers as the sensitive one there is nothing to reverse."""
    arms = replace(TOY, RF=1.6)
    found = noise_free_reversal(arms)
    assert found.call == "refused"
    assert found.reason.startswith("the resistant line has not lost the drug's effect (lost: ")
    assert reversal(drawn(arms, noise=0.1)).call == "refused"


def test_unsure_loss_is_refused() -> None:
    """Refusal: a lost effect whose interval includes zero carries no share."""
    arms = SixArms(SV=[5, 5, 5], SF=[1.5, 4.9, 4.0], RV=[5, 5, 5], RF=[4.7, 4.0, 4.9], RP=[3, 3, 3], RC=[1, 1, 1])
    found = reversal(arms)
    assert found.call == "refused"
    assert found.V_net.low == -math.inf


def test_an_arresting_codrug_is_refused_as_reversal() -> None:
    """Refusal: where the co-drug alone leaves nothing to stop, the drug cannot be seen to work again; V_total remains."""
    found = noise_free_reversal(replace(TOY, RP=0.2, RC=-1.5))
    assert found.call == "refused"
    assert found.reason == "the co-drug alone leaves fewer than 0.25 doublings, so the drug has nothing left to stop"
    assert math.isnan(found.V_net.value)
    assert found.V_total.value > 1.0


def test_an_arresting_codrug_may_still_bypass() -> None:
    """Law: a bypass needs no reading against the co-drug."""
    found = noise_free_reversal(replace(TOY, RP=0.2, RC=-0.3))
    assert found.call == "bypass"


def test_two_experiments_are_refused() -> None:
    """Refusal: two experiments allow points, no call."""
    found = reversal(drawn(TOY, n=2))
    assert found.call == "refused"
    assert found.reason == (
        "no interval: 2 of at least 3 experiments; repeat it, or use noise_free_reversal for a virtual experiment"
    )
    assert found.V_net.value == pytest.approx(0.86, abs=0.2)  # two noisy experiments around .862


def test_unsure_reversal_is_refused() -> None:
    """Refusal: an interaction below zero beside a V_net that may be V_add asks for more experiments."""
    arms = SixArms(
        SV=[5.0, 5.0, 5.0], SF=[1.5, 1.5, 1.5], RV=[5.2, 5.2, 5.2], RF=[4.7, 4.0, 5.0], RP=[3.0, 3.4, 2.4], RC=[2.35, 2.03, 2.07]
    )
    found = reversal(arms)
    assert found.interaction.below(0)
    assert not found.V_net.above(found.V_add.value)
    assert found.call == "refused"
    assert found.reason.endswith("is not shown to exceed V_add; do more experiments")


# refusals


def test_replicates_are_refused_as_noise_free() -> None:
    """Refusal: margins are no substitute for an interval that exists."""
    with pytest.raises(DataError) as refused:
        noise_free_reversal(drawn(TOY, n=3))
    assert str(refused.value) == "arms: 3 experiments have noise; use reversal, or give one at a time"


def test_an_arm_with_a_gap_is_refused() -> None:
    """Refusal: the message names the arm and the experiment."""
    with pytest.raises(DataError) as refused:
        reversal(replace(drawn(TOY, n=3), RP=[3.0, math.nan, 3.0]))
    assert str(refused.value) == "RP: experiment(s) [1] hold no number; leave the whole experiment out"


def test_a_missing_experiment_is_refused() -> None:
    """Refusal: all six arms need every experiment."""
    with pytest.raises(DataError, match=r"^the arms differ in experiments \(SV 3, SF 3, RV 3, RF 3, RP 3, RC 2\)"):
        reversal(replace(drawn(TOY, n=3), RC=[1.2, 1.3]))


def test_vehicle_cells_that_do_not_grow_are_refused() -> None:
    """Refusal: without growth there is no effect to lose."""
    with pytest.raises(DataError, match=r"made fewer than 0.25 doublings, so GR has no denominator"):
        noise_free_reversal(replace(TOY, RV=0.1))
