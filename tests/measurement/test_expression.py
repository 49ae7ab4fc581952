"""Moderated t against R limma 3.54.1, digit by digit; Benjamini-Hochberg against scipy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement.expression import adjusted_p, linear_fit, log_odds, moderated_t, variance_prior
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=40, derandomize=True)
LIMMA = 1e-10  # relative, as MEASUREMENT.md 11 asks

# limma's own unit test (bioc/limma tests/limma-Tests.R, set.seed(0) stream), genes A to J in 3 + 3 arrays
LIMMA_TESTS = [
    [1.73997994116472, 1.37349789034735, 2.21458278413136, 0.0108436529509785, 0.28017501005358, -0.110265229666215],
    [0.0799056576584295, -0.157845740823786, -0.281544911758155, 0.583060893675857, 0.103172999873395, -0.280355273746574],
    [0.0667111484566091, -0.462420770072178, 0.0286062029034313, 0.221164120136962, 0.244206082939066, -0.0124917660214849],
    [-0.0830725529676986, 0.0582963209703808, -0.138845825986903, 0.696400179906611, 0.274602300684181, 0.202833601666992],
    [0.418275912305411, 0.0793267648322953, -0.44066464682837, 0.104672803888191, -0.0515556391266769, 0.259930844041662],
    [-0.197673599933402, -0.335620550612924, 0.0458059516564585, -0.340174998382775, -0.720669334082719, 0.0705525074439938],
    [0.198159384153987, 0.195285886844122, 0.532128783395155, 0.126400580371297, -0.0524133865031466, -0.280191039982929],
    [-0.00397671004298953, -0.309870071574601, -0.194421280054514, -0.277366877044256, 0.650734760807937, 0.243975650184481],
    [-0.279444089619253, 0.197760449825395, -0.0599452427004611, -0.302118709835801, 0.0175150498379062, 0.404495566539015],
    [0.364406743039915, 0.0713488199178079, 0.206773119893155, -0.0568422990310832, -0.406474334858305, 0.675564832779321],
]
LIMMA_T = [
    *(-6.88942220229365, 1.02440225410464, 1.09750613330737, 1.79012316142656, 0.342790843750313),
    *(-0.672978383177387, -1.51483008875596, 1.50657678731205, 0.35003295247968, -0.575909658083912),
]
LIMMA_P = [
    *(2.67419873234854e-08, 0.311800872384961, 0.278983253395341, 0.0810058665905591, 0.733550765489123),
    *(0.50483076008692, 0.137678348221737, 0.139776561169947, 0.728150429196922, 0.567902569443157),
]
LIMMA_ADJUSTED_P = [
    *(2.67419873234854e-07, 0.519668120641602, 0.519668120641602, 0.349441402924867, 0.733550765489123),
    *(0.709878211803946, 0.349441402924867, 0.349441402924867, 0.733550765489123, 0.709878211803946),
]
LIMMA_B = [
    *(16.590631018639, -6.3902019976028, -6.31339922234572, -5.32315010372906, -6.85160091393481),
    *(-6.68554070025787, -5.77362486594374, -5.785971448985, -6.84911665021142, -6.74556300860552),
]
DESIGN = [[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 3
LAST_LESS_FIRST = [[-1.0], [1.0]]

FACTORIAL_GROUPS = ("S_veh", "S_fulv", "R_veh", "R_fulv", "R_rapa", "R_fulv_rapa")
FACTORIAL_CONTRASTS = {
    "dS": (-1, 1, 0, 0, 0, 0),
    "dR": (0, 0, -1, 1, 0, 0),
    "dRR": (0, 0, -1, 0, 1, 0),
    "dRFR": (0, 0, -1, 0, 0, 1),
    "int": (1, -1, -1, 1, 0, 0),
}

Reference = Callable[[str], pd.DataFrame]


def factorial(reference: Reference) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The synthetic 600 x 18 set with 2 missing values, its design and its five contrasts."""
    table = reference("factorial_expr.csv").set_index("Unnamed: 0")
    held = [column.rsplit("_", 1)[0] for column in table.columns]
    design = np.array([[group == other for other in FACTORIAL_GROUPS] for group in held], dtype=float)
    return table.to_numpy(), design, np.array(list(FACTORIAL_CONTRASTS.values()), dtype=float).T


def normal_values(run: int, genes: int = 40, *, arrays: int = 6) -> np.ndarray:
    """Genes of unequal variance without effect."""
    rng = generator(run, "tests", "expression")
    return rng.normal(size=(genes, arrays)) * np.exp(rng.normal(0.0, 0.7, (genes, 1)))


# against limma


def test_limma_unit_test() -> None:
    """Golden: topTable of limma-Tests, coefficient Last3 - First3, all ten genes typed from R limma 3.54.1 to 1e-10."""
    found = moderated_t(LIMMA_TESTS, design=DESIGN, contrasts=LAST_LESS_FIRST)
    assert found.t[:, 0] == pytest.approx(LIMMA_T, rel=LIMMA)
    assert found.p[:, 0] == pytest.approx(LIMMA_P, rel=LIMMA)
    assert adjusted_p(found.p)[:, 0] == pytest.approx(LIMMA_ADJUSTED_P, rel=LIMMA)


def test_limma_unit_test_log_odds() -> None:
    """Golden: topTable's B, 16.590631 of gene A, all ten genes typed from R limma 3.54.1 to 1e-10."""
    found = log_odds(moderated_t(LIMMA_TESTS, design=DESIGN, contrasts=LAST_LESS_FIRST))[:, 0]
    assert found == pytest.approx(LIMMA_B, rel=LIMMA)


def test_limma_unit_test_prior() -> None:
    """Golden: df.prior Inf and s2.prior .0930343489783757 of the same test; the case on which inmoose 0.9.1 crashes."""
    found = moderated_t(LIMMA_TESTS, design=DESIGN, contrasts=LAST_LESS_FIRST)
    assert found.prior_df == math.inf
    assert found.prior_variance == pytest.approx([0.0930343489783757] * 10, rel=LIMMA)
    assert found.df.tolist() == [40.0] * 10


def test_factorial_set(reference: Reference) -> None:
    """Reference: 600 genes, five contrasts, two missing values, R limma 3.54.1 lmFit + contrasts.fit + eBayes."""
    values, design, contrasts = factorial(reference)
    expected = reference("factorial_limma_expected.csv")
    found = moderated_t(values, design=design, contrasts=contrasts)
    for column, name in enumerate(FACTORIAL_CONTRASTS):
        assert found.effect[:, column] == pytest.approx(expected[f"coef.{name}"].to_numpy(), abs=1e-12)
        assert found.t[:, column] == pytest.approx(expected[f"t.{name}"].to_numpy(), rel=LIMMA, abs=1e-12)
        assert found.p[:, column] == pytest.approx(expected[f"p.{name}"].to_numpy(), rel=LIMMA)
    assert found.variance == pytest.approx(expected.s2post.to_numpy(), rel=LIMMA)
    assert found.df == pytest.approx(expected.df_total.to_numpy(), rel=LIMMA)


def test_factorial_prior(reference: Reference) -> None:
    """Golden: MEASUREMENT.md 11, d0 8.288932, s0^2 .03676713, 118 genes with adjusted p below .05."""
    values, design, contrasts = factorial(reference)
    found = moderated_t(values, design=design, contrasts=contrasts)
    assert found.prior_df == pytest.approx(8.28893190971597, rel=LIMMA)
    assert found.prior_variance[0] == pytest.approx(0.0367671298537921, rel=LIMMA)
    assert (adjusted_p(found.p)[:, 0] < 0.05).sum() == 118


def test_factorial_trend(reference: Reference) -> None:
    """Reference: R limma 3.54.1 eBayes(trend=TRUE) on the same set, natural spline of mean expression."""
    values, design, contrasts = factorial(reference)
    expected = reference("factorial_limma_trend_expected.csv")
    found = moderated_t(values, design=design, contrasts=contrasts[:, :1], trend=np.nanmean(values, axis=1))
    assert found.t[:, 0] == pytest.approx(expected.t.to_numpy(), rel=LIMMA)
    assert found.p[:, 0] == pytest.approx(expected.p.to_numpy(), rel=LIMMA)
    assert found.prior_variance == pytest.approx(expected.s2_prior.to_numpy(), rel=LIMMA)
    assert found.prior_df == pytest.approx(8.27757168619663, rel=LIMMA)


def test_factorial_treat(reference: Reference) -> None:
    """Reference: R limma 3.54.1 treat(lfc=log2(1.2)) on the same set."""
    values, design, contrasts = factorial(reference)
    expected = reference("factorial_limma_treat_expected.csv")
    found = moderated_t(values, design=design, contrasts=contrasts[:, :1], least_change=math.log2(1.2))
    assert found.t[:, 0] == pytest.approx(expected.t.to_numpy(), rel=LIMMA, abs=1e-12)
    assert found.p[:, 0] == pytest.approx(expected.p.to_numpy(), rel=LIMMA)


# laws


def test_many_arrays_make_the_plain_t() -> None:
    """Reference: with 60 arrays a group the moderated t is scipy's two-sample t; 5 % is what the prior still adds."""
    values = normal_values(1, 30, arrays=120)
    design = np.kron(np.eye(2), np.ones((60, 1)))
    found = moderated_t(values, design=design, contrasts=LAST_LESS_FIRST)
    theirs = stats.ttest_ind(values[:, 60:], values[:, :60], axis=1)
    assert found.t[:, 0] == pytest.approx(theirs.statistic, rel=0.05)  # the prior is worth a few of 118 degrees of freedom


def test_linear_fit_is_the_two_sample_t() -> None:
    """Reference: before moderation the t is scipy's pooled two-sample t."""
    values = normal_values(2)
    fit = linear_fit(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    t = fit.effect[:, 0] / (fit.unscaled_se[:, 0] * np.sqrt(fit.variance))
    assert t == pytest.approx(stats.ttest_ind(values[:, 3:], values[:, :3], axis=1).statistic, rel=1e-9)
    assert fit.df.tolist() == [4.0] * 40


@LAW
@given(run=some.integers(0, 1000), scale=some.floats(0.01, 100.0))
def test_t_does_not_know_the_scale(run: int, scale: float) -> None:
    """Law: t and p stay where all values are multiplied, and where a constant is added to each gene."""
    values = normal_values(run)
    before = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    after = moderated_t(scale * values + np.arange(40)[:, None], design=DESIGN, contrasts=LAST_LESS_FIRST)
    assert after.t == pytest.approx(before.t, rel=1e-6, abs=1e-9)
    assert after.effect == pytest.approx(scale * before.effect, rel=1e-6, abs=1e-9)


@LAW
@given(run=some.integers(0, 1000))
def test_variances_are_drawn_together(run: int) -> None:
    """Law: a posterior variance lies between the gene's own and the prior."""
    values = normal_values(run)
    fit = linear_fit(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    found = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    low, high = np.minimum(fit.variance, found.prior_variance), np.maximum(fit.variance, found.prior_variance)
    if math.isfinite(found.prior_df):
        assert ((low <= found.variance * (1 + 1e-12)) & (found.variance <= high * (1 + 1e-12))).all()
    else:
        assert found.variance.tolist() == found.prior_variance.tolist()


@LAW
@given(run=some.integers(0, 1000), threshold=some.floats(0.05, 2.0))
def test_a_threshold_only_raises_p(run: int, threshold: float) -> None:
    """Law: to exceed a threshold is harder than to differ from zero."""
    values = normal_values(run)
    plain = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    asked = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST, least_change=threshold)
    assert (asked.p >= plain.p).all()
    assert (np.abs(asked.t) <= np.abs(plain.t)).all()


def test_p_is_uniform_without_effect() -> None:
    """Reference: of 4000 genes without effect 5 % have p below .05; .011 is three standard errors."""
    rng = generator(3, "tests", "uniform")
    values = rng.normal(size=(4000, 6)) * np.sqrt(8.0 / rng.chisquare(8, (4000, 1)))
    found = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    assert (found.p < 0.05).mean() == pytest.approx(0.05, abs=0.011)


def test_log_odds_rise_with_t_and_fall_with_rarity() -> None:
    """Law: with one prior for all the odds follow |t|; if fewer genes change, each is less likely to; NaN stays NaN."""
    values = normal_values(11)
    values[0, 3:] += 6.0
    found = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    odds = log_odds(found)[:, 0]
    assert np.isfinite(found.prior_df)
    assert np.argsort(odds).tolist() == np.argsort(np.abs(found.t[:, 0])).tolist()
    assert (log_odds(found, share=0.001)[:, 0] < odds).all()
    values[5] = math.nan
    assert np.flatnonzero(np.isnan(log_odds(moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)))).tolist() == [5]


def test_a_known_prior_is_found() -> None:
    """Reference: variances drawn from a prior of 8 degrees of freedom around .04 give it back.

    15 % for the degrees of freedom and 2 % for the variance are about three standard errors with 20 000 genes.
    """
    rng = generator(4, "tests", "prior")
    truth = 0.04 * 8.0 / rng.chisquare(8, 20_000)
    seen = truth * rng.chisquare(4, 20_000) / 4.0
    variance, df = variance_prior(seen, np.full(20_000, 4.0))
    assert df == pytest.approx(8.0, rel=0.15)
    assert variance[0] == pytest.approx(0.04, rel=0.02)


def test_a_trend_is_followed() -> None:
    """Law: where the log variance follows expression, the trended prior does too, beyond the last known gene as well."""
    rng = generator(5, "tests", "trend")
    level = np.linspace(4.0, 12.0, 3000)
    seen = np.exp(-0.5 * level) * rng.chisquare(6, 3000) / 6.0
    seen[-1] = math.nan
    variance, _ = variance_prior(seen, np.full(3000, 6.0), trend=level)
    assert np.log(variance) == pytest.approx(-0.5 * level, abs=0.15)  # sampling error of the spline at its ends


@pytest.mark.parametrize("genes", [2, 3, 5, 12])
def test_few_genes_get_a_simple_trend(genes: int) -> None:
    """Law: with few genes the spline shrinks to a line or a constant, and stays defined."""
    variance, _ = variance_prior(np.linspace(0.5, 1.5, genes), np.full(genes, 4.0), trend=np.arange(genes))
    assert variance.shape == (genes,)
    assert (variance > 0).all()


def test_a_constant_trend_is_no_trend() -> None:
    """Law: a covariate that never changes gives the prior without one."""
    seen = np.linspace(0.1, 5.0, 30)
    plain, trended = variance_prior(seen, np.full(30, 4.0)), variance_prior(seen, np.full(30, 4.0), trend=np.ones(30))
    assert trended[0] == pytest.approx(plain[0], rel=1e-9)
    assert trended[1] == pytest.approx(plain[1], rel=1e-9)


# missing values


def test_missing_values_leave_other_genes_alone() -> None:
    """Law: a gap changes its own gene's fit and no other's."""
    values = normal_values(6)
    gap = values.copy()
    gap[7, 2] = math.nan
    before, after = (linear_fit(table, design=DESIGN, contrasts=LAST_LESS_FIRST) for table in (values, gap))
    others = np.arange(40) != 7
    assert after.effect[others].tolist() == before.effect[others].tolist()
    assert after.df[7] == 3.0
    assert after.effect[7, 0] == pytest.approx(values[7, 3:].mean() - values[7, :2].mean(), rel=1e-9)


def test_a_lost_group_leaves_its_contrasts_open() -> None:
    """Law: a gene without any array of one group has no contrast with it, and keeps the others."""
    values = normal_values(7, arrays=9)
    values[3, :3] = math.nan
    design = np.kron(np.eye(3), np.ones((3, 1)))
    found = moderated_t(values, design=design, contrasts=[[-1, 0], [1, -1], [0, 1]])
    assert math.isnan(found.p[3, 0])
    assert math.isfinite(found.p[3, 1])
    assert np.isfinite(np.delete(found.p, 3, axis=0)).all()


def test_a_gene_with_one_array_per_group_lives_on_the_prior() -> None:
    """Law: without residual degrees of freedom a gene's variance is the prior's."""
    values = normal_values(8)
    values[0, [1, 2, 4, 5]] = math.nan
    found = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    assert found.variance[0] == pytest.approx(found.prior_variance[0])
    assert math.isfinite(found.p[0, 0])


def test_an_empty_gene_stays_in_its_row() -> None:
    """Law: a gene without any value is NaN in its place, not dropped."""
    values = normal_values(9)
    values[5] = math.nan
    found = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    assert found.p.shape == (40, 1)
    assert np.flatnonzero(np.isnan(found.p[:, 0])).tolist() == [5]


def test_constant_genes_do_not_break_the_prior() -> None:
    """Law: a gene that never varies has a variance of 0, which has no logarithm; it is lifted to a small one."""
    values = normal_values(10)
    values[0] = 3.0
    found = moderated_t(values, design=DESIGN, contrasts=LAST_LESS_FIRST)
    assert np.isfinite(found.variance).all()
    assert found.p[0, 0] == pytest.approx(1.0)


# adjusted p


@LAW
@given(p=some.lists(some.floats(0.0, 1.0), min_size=1, max_size=40))
def test_adjusted_p_of_scipy(p: list[float]) -> None:
    """Reference: scipy.stats.false_discovery_control."""
    assert adjusted_p(p) == pytest.approx(stats.false_discovery_control(p), rel=1e-12, abs=1e-300)


def test_adjusted_p_by_hand() -> None:
    """Golden: by hand; .03 * 4/2, then the smaller of later ones, .04 * 4/3, and .5 * 4/4."""
    assert adjusted_p([0.03, 0.01, 0.5, 0.04]) == pytest.approx([0.16 / 3, 0.04, 0.5, 0.16 / 3])


def test_adjusted_p_leaves_gaps_out() -> None:
    """Law: NaN stays NaN, does not count as a test, and each column is adjusted by itself."""
    p = np.array([[0.01, 0.5], [math.nan, 0.01], [0.02, math.nan], [0.03, 0.02]])
    found = adjusted_p(p)
    assert found[[0, 2, 3], 0] == pytest.approx(stats.false_discovery_control([0.01, 0.02, 0.03]))
    assert found[[0, 1, 3], 1] == pytest.approx(stats.false_discovery_control([0.5, 0.01, 0.02]))
    assert np.isnan(found[1, 0])
    assert np.isnan(found[2, 1])


# refusals


def test_shapes_that_do_not_fit_are_refused() -> None:
    """Refusal: the message carries all three shapes."""
    with pytest.raises(DataError) as refused:
        linear_fit(np.ones((4, 5)), design=DESIGN, contrasts=LAST_LESS_FIRST)
    assert str(refused.value) == (
        "values (4, 5), design (6, 2) and contrasts (2, 1) do not fit; "
        "give (gene, array), (array, coefficient) and (coefficient, contrast)"
    )


def test_arrays_without_replicates_are_refused() -> None:
    """Refusal: one array a group leaves nothing to judge noise by."""
    with pytest.raises(DataError) as refused:
        moderated_t(np.ones((5, 2)), design=np.eye(2), contrasts=LAST_LESS_FIRST)
    assert str(refused.value) == "values: fewer than two genes have residual degrees of freedom; add replicate arrays"


def test_a_trend_with_gaps_is_refused() -> None:
    """Refusal: a gene without a trend value has no prior."""
    with pytest.raises(DataError) as refused:
        variance_prior([0.1, 0.2, 0.3], [4, 4, 4], trend=[1.0, math.nan, 2.0])
    assert str(refused.value) == "trend: a gene lacks its trend value; give one number per gene, such as its mean"
