"""Agonism of anti-oestrogens: the toy of MEASUREMENT.md 7.1, Dunnett's table, scipy's dunnett, and simulated error rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.agonism import (
    BLOCKED_BELOW,
    agonism,
    agonism_index_over_doses,
    agonism_over_doses,
    agonism_under_codrug,
    agonist_contrast,
    blocked_share,
    dunnett_quantile,
)
from tamarisk.measurement.estimate import experiment_mean
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=50, derandomize=True)
TOY = {"vehicle": 2.0, "oestradiol": 5.0, "antioestrogen": 3.2, "codrug": 1.4, "combined": 1.5}  # MEASUREMENT.md 7.1
grown = some.floats(0.5, 6.0)


# the toy


def test_toy_agonism() -> None:
    """Golden: MEASUREMENT.md 7.1, A = .40; exact, (3.2 - 2) / (5 - 2)."""
    found = agonism(TOY["antioestrogen"], vehicle=TOY["vehicle"], oestradiol=TOY["oestradiol"])
    assert found.value == pytest.approx(0.4, rel=1e-12)
    assert found.n == 1


def test_toy_agonism_under_codrug() -> None:
    """Golden: MEASUREMENT.md 7.1, with the co-drug .033; exact, (1.5 - 1.4) / (5 - 2)."""
    found = agonism_under_codrug(TOY["combined"], codrug=TOY["codrug"], vehicle=TOY["vehicle"], oestradiol=TOY["oestradiol"])
    assert found.value == pytest.approx(0.1 / 3, rel=1e-12)


def test_toy_blocked_share() -> None:
    """Golden: MEASUREMENT.md 7.1, Bk = .92; exact, 1 - (1.5 - 1.4) / (3.2 - 2)."""
    found = blocked_share(TOY["antioestrogen"], vehicle=TOY["vehicle"], combined=TOY["combined"], codrug=TOY["codrug"])
    assert found.value == pytest.approx(11 / 12, rel=1e-12)


# laws


@LAW
@given(base=grown, gain=some.floats(0.5, 4.0), share=some.floats(-0.5, 1.5))
def test_agonism_is_a_share_of_the_hormone(base: float, gain: float, share: float) -> None:
    """Law: a drug that brings a share of oestradiol's doublings has that agonism, at any basal growth."""
    found = agonism(base + share * gain, vehicle=base, oestradiol=base + gain)
    assert found.value == pytest.approx(share, abs=1e-9)


@LAW
@given(shift=some.lists(some.floats(-1.0, 1.0), min_size=4, max_size=4))
def test_whole_experiments_may_shift(shift: list[float]) -> None:
    """Law: a passage in which all cells grow faster by a constant changes no contrast within it."""
    drug, base, hormone = np.array([3.2, 3.1, 3.4, 3.3]), np.array([2.0, 2.1, 2.2, 1.9]), np.array([5.0, 5.2, 4.9, 5.1])
    still = agonism(drug, vehicle=base, oestradiol=hormone)
    moved = agonism(drug + shift, vehicle=base + shift, oestradiol=hormone + shift)
    assert (moved.value, moved.low, moved.high) == pytest.approx((still.value, still.low, still.high), rel=1e-9)


def test_contrast_is_the_paired_mean() -> None:
    """Reference: scipy.stats.ttest_rel gives the same interval."""
    drug, base = [3.2, 3.1, 3.5, 3.3], [2.0, 2.1, 2.2, 1.9]
    theirs = stats.ttest_rel(drug, base).confidence_interval(0.95)
    ours = agonist_contrast(drug, vehicle=base)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    assert ours.unit == "doublings"


def test_nothing_left_is_all_blocked() -> None:
    """Law: a drug that does nothing beside the co-drug is blocked in full; one that does as much, not at all."""
    drug, base, alone = np.array([3.2, 3.3, 3.1]), np.array([2.0, 2.1, 2.0]), np.array([1.4, 1.5, 1.2])
    assert blocked_share(drug, vehicle=base, combined=alone, codrug=alone).value == pytest.approx(1.0)
    assert blocked_share(drug, vehicle=base, combined=alone + drug - base, codrug=alone).value == pytest.approx(0.0)


def test_blocked_interval_is_the_turned_ratio() -> None:
    """Law: low and high stay in order when the share left is turned into the share blocked."""
    found = blocked_share([3.2, 3.4, 3.1], vehicle=[2.0] * 3, combined=[1.5, 1.7, 1.5], codrug=[1.4] * 3)
    assert found.low < found.value < found.high


def test_blocked_needs_the_whole_interval() -> None:
    """Law: a small agonism with a wide interval is not blocked; the same with a narrow one is."""
    arms = {"codrug": [1.4] * 3, "vehicle": [2.0] * 3, "oestradiol": [5.0] * 3}
    assert agonism_under_codrug([1.5, 1.51, 1.49], **arms).below(BLOCKED_BELOW)
    assert not agonism_under_codrug([1.2, 1.9, 1.4], **arms).below(BLOCKED_BELOW)


# many doses


def test_dunnett_table() -> None:
    """Golden: Dunnett 1955 table 1a, one-sided 5 %, df 5, 10 and 20 against 1 to 4 treatments; printed to two decimals."""
    table = {5: (2.02, 2.44, 2.68, 2.85), 10: (1.81, 2.15, 2.34, 2.47), 20: (1.72, 2.03, 2.19, 2.30)}
    for df, printed in table.items():
        found = [dunnett_quantile(0.95, doses=doses, df=df) for doses in (1, 2, 3, 4)]
        assert found == pytest.approx(printed, abs=0.0051)  # half of the last printed digit


@LAW
@given(df=some.integers(2, 60), doses=some.integers(1, 10))
def test_dunnett_lies_between_one_dose_and_bonferroni(df: int, doses: int) -> None:
    """Law: more doses ask for more, but never for as much as Bonferroni."""
    found = dunnett_quantile(0.95, doses=doses, df=df)
    assert stats.t.ppf(0.95, df) - 1e-9 <= found <= stats.t.ppf(1 - 0.05 / doses, df) + 1e-9


def test_dunnett_of_scipy() -> None:
    """Reference: where no experiment effect exists, scipy.stats.dunnett bounds alike with its own df of a one-way layout.

    scipy integrates by random points and solves to 1e-3 or so; hence the tolerance of 5e-3 in standard errors.
    """
    rng = generator(1, "tests", "dunnett")
    control, doses = rng.normal(2.0, 0.2, 5), rng.normal(2.3, 0.2, (3, 5))
    theirs = stats.dunnett(*doses, control=control, alternative="greater", rng=rng).confidence_interval(0.95)
    groups = np.vstack([control, doses])
    error = math.sqrt(2.0 * groups.var(axis=1, ddof=1).mean() / 5)
    ours = doses.mean(axis=1) - control.mean() - dunnett_quantile(0.95, doses=3, df=16) * error
    assert ours == pytest.approx(np.asarray(theirs.low), abs=5e-3 * error)


def test_one_dose_is_the_paired_t() -> None:
    """Reference: with a single dose the block model is the paired one-sided t."""
    drug, base = np.array([3.2, 3.1, 3.5, 3.3]), np.array([2.0, 2.1, 2.2, 1.9])
    found = agonism_over_doses(drug[:, None], vehicle=base, level=0.95)
    assert found.low.item() == pytest.approx(experiment_mean(drug - base, unit="", level=0.9).low, rel=1e-9)
    assert found.df == 3


def test_blocks_carry_no_noise() -> None:
    """Law: shifting whole experiments leaves contrasts and bounds alone."""
    rng = generator(2, "tests", "blocks")
    drug, base, shift = rng.normal(2.5, 0.1, (4, 5)), rng.normal(2.0, 0.1, 4), np.array([0.0, 1.0, -1.0, 3.0])
    still = agonism_over_doses(drug, vehicle=base)
    moved = agonism_over_doses(drug + shift[:, None], vehicle=base + shift)
    assert moved.low == pytest.approx(still.low, rel=1e-9)
    assert still.df == 15


def test_false_agonists_are_rare() -> None:
    """Reference: of drugs without effect 5 % are called agonists over six doses together, not 5 % at each dose.

    The tolerance of .035 is three standard errors of a share of .05 in 350 runs.
    """
    rng = generator(1, "tests", "false agonists")
    plates = 2.0 + rng.normal(0.0, 0.3, (350, 4, 1)) + rng.normal(0.0, 0.15, (350, 4, 7))
    called = [agonism_over_doses(plate[:, 1:], vehicle=plate[:, 0]).is_agonist for plate in plates]
    assert np.mean(called) == pytest.approx(0.05, abs=0.035)


def test_an_agonist_at_one_dose_is_seen() -> None:
    """Law: a clear bump at one dose is called at that dose."""
    plate = np.array([[2.0, 2.1, 3.0, 2.0], [2.2, 2.1, 3.2, 2.1], [1.9, 2.0, 3.0, 2.0]])
    found = agonism_over_doses(plate[:, 1:], vehicle=plate[:, 0])
    assert found.raised.tolist() == [False, True, False]
    assert found.is_agonist
    assert found.contrast == pytest.approx(plate[:, 1:].mean(axis=0) - plate[:, 0].mean())


def test_two_experiments_give_points() -> None:
    """Law: below three experiments there are contrasts and no bounds, and nothing is called."""
    found = agonism_over_doses([[2.5, 3.0], [2.6, 3.1]], vehicle=[2.0, 2.0])
    assert found.contrast == pytest.approx([0.55, 1.05])
    assert np.isnan(found.low).all()
    assert not found.is_agonist
    assert math.isnan(found.critical)


# refusals


def test_unpaired_experiments_are_refused() -> None:
    """Refusal: the message counts each arm."""
    with pytest.raises(DataError) as refused:
        agonism([3.2, 3.3], vehicle=[2.0, 2.1], oestradiol=[5.0])
    assert str(refused.value) == (
        "the arms differ in experiments (antioestrogen 2, vehicle 2, oestradiol 1); keep the experiments that have every arm"
    )


@pytest.mark.parametrize(("drug", "shape"), [([[3.0, 3.1]], "(1, 2)"), ([3.0, 3.1], "(2,)"), ([[3.0], [math.nan]], "(2, 1)")])
def test_gaps_in_the_doses_are_refused(drug: list[object], shape: str) -> None:
    """Refusal: every experiment needs every dose, and its vehicle."""
    with pytest.raises(DataError) as refused:
        agonism_over_doses(drug, vehicle=[2.0, 2.1])  # type: ignore[arg-type]
    assert str(refused.value) == f"antioestrogen: shape {shape} is not a full (2, dose); leave gaps out"


def test_a_level_that_is_no_coverage_is_refused() -> None:
    """Refusal: a level of 95 is a slip for 0.95."""
    with pytest.raises(DataError) as refused:
        dunnett_quantile(95, doses=2, df=5)
    assert str(refused.value) == "level: 95 is no coverage; give a number between 0 and 1, such as 0.95"


# the index over doses


def test_index_over_one_dose_is_the_index() -> None:
    """Law: with one dose the index is A, and its bound is Fieller's one-sided bound with the variance of all three arms."""
    noise = generator(1, "tests", "index").normal(0.0, 0.1, (3, 4))
    drug, base, hormone = np.array([[3.2], [2.0], [5.0]]) + noise
    found = agonism_index_over_doses(drug[:, None], vehicle=base, oestradiol=hormone)
    assert found.contrast[0] == pytest.approx(agonism(drug, vehicle=base, oestradiol=hormone).value, rel=1e-12)
    assert found.critical == pytest.approx(stats.t.ppf(0.95, 6), rel=1e-6)
    edge, plate = found.low[0], np.column_stack([base, hormone, drug])
    residual = plate - plate.mean(axis=0) - plate.mean(axis=1, keepdims=True) + plate.mean()
    short = (drug - (1 - edge) * base - edge * hormone).mean()
    error = np.sqrt((residual**2).sum() / 6 / 4 * (1 + (1 - edge) ** 2 + edge**2))
    assert short / error == pytest.approx(stats.t.ppf(0.95, 6), rel=1e-6)


def test_index_bounds_hold_together() -> None:
    """Reference: all five bounds hold in 95 % of 600 draws or more, as 1/3 is the least correlation; .027 is 3 errors."""
    rng, held, gain = generator(2, "tests", "index"), [], np.array([0.0, 0.6, 1.5, 2.4, 0.9])
    for _ in range(600):
        base, hormone = 2.0 + rng.normal(0.0, 0.2, 4), 5.0 + rng.normal(0.0, 0.2, 4)
        found = agonism_index_over_doses(2.0 + gain + rng.normal(0.0, 0.2, (4, 5)), vehicle=base, oestradiol=hormone)
        held.append((found.low <= gain / 3.0).all())
    assert 0.95 - 0.027 <= np.mean(held) <= 0.99


def test_less_correlation_asks_for_more() -> None:
    """Law: contrasts that share less are further from one contrast, so their bound is wider, up to Sidak's."""
    critical = [dunnett_quantile(0.95, doses=5, df=12, correlation=one) for one in (0.9, 0.5, 1 / 3, 0.01)]
    assert critical == sorted(critical)
    assert critical[-1] <= stats.t.ppf(1 - 0.05 / 5, 12)


def test_two_experiments_give_an_index_without_bounds() -> None:
    """Law: below three experiments there are points only."""
    found = agonism_index_over_doses([[2.6, 3.2]] * 2, vehicle=[2.0] * 2, oestradiol=[5.0] * 2)
    assert found.contrast == pytest.approx([0.2, 0.4])
    assert not found.is_agonist


def test_gaps_in_the_index_are_refused() -> None:
    """Refusal: the index needs every dose in every experiment."""
    with pytest.raises(DataError) as refused:
        agonism_index_over_doses([[2.6, 3.2]] * 2, vehicle=[2.0] * 3, oestradiol=[5.0] * 3)
    assert str(refused.value) == "antioestrogen: shape (2, 2) is not a full (3, dose); leave gaps out"
