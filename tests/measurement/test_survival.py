"""Survival against R survival 3.5-3, closed forms without censoring, scipy, and published trials."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import optimize, special, stats

from tamarisk.errors import DataError
from tamarisk.measurement.hazard import cox
from tamarisk.measurement.survival import (
    kaplan_meier,
    number_at_risk,
    restricted_mean,
    restricted_mean_difference,
)
from tamarisk.seeds import generator

ReadReference = Callable[[str], pd.DataFrame]
LAW = settings(deadline=None, max_examples=40, derandomize=True)
TRIALS = Path(__file__).parents[3] / "shared" / "data" / "km_trials"
patients = some.lists(some.tuples(some.integers(1, 12), some.booleans()), min_size=2, max_size=20).filter(
    lambda rows: any(event for _, event in rows)
)

# Expected numbers: R 4.2.2, survival 3.5-3, reference/assay/expected_survival_meta.json beside the project (scripts/r_ref.R):
# 228 patients with lung cancer (Debian r-cran-survival), 432 released prisoners (rossi, CamDavidsonPilon/lifelines@ad023a01).


@pytest.fixture
def lung(reference: ReadReference) -> pd.DataFrame:
    """The lung cancer patients with their deaths as 0 and 1."""
    return reference("survival_lung.csv").assign(died=lambda rows: (rows.status == 2).astype(int))


# R survival


@pytest.mark.parametrize(("sex", "median", "low", "high"), [(1, 270, 210, 306), (2, 426, 345, 524)])
def test_medians_of_lung(lung: pd.DataFrame, sex: int, median: float, low: float, high: float) -> None:
    """Golden: medians 270 and 426 days with log-minus-log limits, exact because they are event times."""
    rows = lung[lung.sex == sex]
    found = kaplan_meier(rows.time, rows.died, unit="days").median
    assert (found.value, found.low, found.high) == (median, low, high)


@pytest.mark.parametrize(("sex", "mean", "se"), [(1, 241.4950851921, 10.3582264911), (2, 297.465409532, 10.7913239788)])
def test_restricted_means_of_lung(lung: pd.DataFrame, sex: int, mean: float, se: float) -> None:
    """Golden: 241.495 (10.358) and 297.465 (10.791) days of 365; the error is that of the area, read off the logit scale.

    R's variance has the divisor n, ours n - 1.
    """
    rows = lung[lung.sex == sex]
    found = restricted_mean(rows.time, rows.died, until=365, unit="days")
    assert found.value == pytest.approx(mean, rel=1e-6)
    share = mean / 365
    reach = np.ptp(special.logit(np.array([found.low, found.high]) / 365)) / 2 / stats.norm.ppf(0.975)
    assert reach * 365 * share * (1 - share) == pytest.approx(se * math.sqrt(found.n / (found.n - 1)), rel=1e-6)


def test_difference_of_restricted_means_of_lung(lung: pd.DataFrame) -> None:
    """Golden: 55.970 days, with R's two errors (divisor n) put into Satterthwaite's formula for 138 and 90 patients."""
    arms = [(lung[lung.sex == sex].time, lung[lung.sex == sex].died) for sex in (2, 1)]
    found = restricted_mean_difference(*arms, until=365, unit="days")
    assert found.value == pytest.approx(297.465409532 - 241.4950851921, rel=1e-6)
    first, second = 10.7913239788**2 * 90 / 89, 10.3582264911**2 * 138 / 137
    df = (first + second) ** 2 / (first**2 / 89 + second**2 / 137)
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, df) * math.sqrt(first + second), rel=1e-6)
    assert found.method == f"areas to 365, t, df {df:.1f}"


def test_cox_of_lung(lung: pd.DataFrame) -> None:
    """Golden: hazard ratio .5880 [.4237, .8160], se .16718, p .00149; cox.zph 2.8632, p .0906 (exact score test of R)."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    found = cox(lung.time, lung.died, covariates={"sex": lung.sex})
    ratio = found.ratios["sex"]
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((0.58800281856, 0.42371783035, 0.81598481317), rel=1e-6)
    assert (found.se[0], found.p[0]) == pytest.approx((0.16717858323, 0.0014912292049), rel=1e-6)
    assert (found.proportional["sex"], found.proportional_p["sex"]) == pytest.approx((2.8632351493, 0.090625064253), rel=1e-6)
    assert (ratio.n, found.events) == (228, 165)


def test_cox_with_covariates(lung: pd.DataFrame, reference: ReadReference) -> None:
    """Golden: lung by age, sex and ECOG (n 227), rossi by seven covariates with many ties."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    known = lung.dropna(subset=["ph.ecog"])
    found = cox(known.time, known.died, covariates={name: known[name] for name in ("age", "sex", "ph.ecog")})
    assert found.log_ratio == pytest.approx([0.01106676456, -0.5526123957, 0.46372847537], rel=1e-6)
    rossi = reference("rossi.csv")
    names = ("fin", "age", "race", "wexp", "mar", "paro", "prio")
    found = cox(rossi.week, rossi.arrest, covariates={name: rossi[name] for name in names})
    published = [-0.379422, -0.057438, 0.313900, -0.149796, -0.433704, -0.084871, 0.091497]
    assert found.log_ratio == pytest.approx(published, abs=1e-6)  # six printed decimals
    assert (found.se[4], found.se[6]) == pytest.approx((0.38186805767, 0.02864854996), rel=1e-6)


def test_proportionality_with_covariates(reference: ReadReference) -> None:
    """Golden: veteran lung cancer, cox.zph of a model with eight columns: karno 12.935 is not proportional, trt .264 is."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    rows = reference("survival_veteran.csv")
    cells = {name: (rows.celltype == name).astype(int) for name in ("smallcell", "adeno", "large")}
    others = {name: rows[name] for name in ("karno", "diagtime", "age", "prior")}
    found = cox(rows.time, rows.status, covariates={"trt": rows.trt, **cells, **others})
    expected = {
        "trt": 0.26438883575,
        "karno": 12.9351978287,
        "diagtime": 0.012889370707,
        "age": 1.8288266094,
        "prior": 2.1655663304,
    }
    assert {name: found.proportional[name] for name in expected} == pytest.approx(expected, rel=1e-6)
    assert found.proportional_p["karno"] == pytest.approx(0.0003224611574, rel=1e-6)


# published trials


@pytest.mark.parametrize(
    ("trial", "treated", "published"),
    [
        ("BOLERO2_1", "eve_exe", 0.89),
        ("LEA_2A", "et_b", 0.83),
        ("MA31_2", "ltax_l", 1.37),
        ("MONALEESA2_1", "ribociclib_letrozole", 0.56),
    ],
)
def test_hazard_ratios_of_trials(trial: str, treated: str, published: float) -> None:
    """Golden: each trial's hazard ratio from patients read off its curves (raredd/kmdata@8972d41b), against its publication.

    3 %: the curves were digitised by hand and patients rebuilt from them. Found .902, .831, 1.406 and .559.
    """
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    if not TRIALS.exists():
        pytest.skip("the reconstructed trials are not beside the repository")
    rows = pd.read_csv(TRIALS / "km_trials_ipd.tsv", sep="\t").query("trial_fig == @trial")
    key = pd.read_csv(TRIALS / "km_trials_key.tsv", sep="\t").set_index("name")
    found = cox(rows.time, rows.event, covariates={"arm": rows.arm == treated}).ratios["arm"]
    assert key.HazardRatio[trial] == published
    assert found.value == pytest.approx(published, rel=0.03)  # digitised curves, see above
    assert found.low < published < found.high
    assert found.n == pytest.approx(key.ReportedSampleSize[trial], rel=0.006)  # 724 of BOLERO-2 are rebuilt, the key says 720


# closed forms and laws


@LAW
@given(rows=patients)
def test_kaplan_meier_is_that_of_scipy(rows: list[tuple[int, bool]]) -> None:
    """Reference: scipy's empirical survival function of right-censored data."""
    time, event = np.array(rows, dtype=np.float64).T
    found = kaplan_meier(time, event, unit="months")
    other = stats.ecdf(stats.CensoredData(uncensored=time[event == 1], right=time[event == 0])).sf
    assert found.survival == pytest.approx(other.evaluate(found.time), abs=1e-12)


@LAW
@given(rows=patients)
def test_bounds_hold_the_curve(rows: list[tuple[int, bool]]) -> None:
    """Law: bounds stay between 0 and 1 around the curve, which falls; they are blank once nobody is left."""
    found = kaplan_meier(*np.array(rows, dtype=np.float64).T, unit="months")
    left = found.survival > 0
    assert (found.low[left] <= found.survival[left]).all()
    assert (found.survival[left] <= found.high[left]).all()
    assert np.isnan(found.low[~left]).all()
    assert (np.diff(found.survival) < 0).all()


@LAW
@given(times=some.lists(some.integers(1, 30), min_size=2, max_size=30), until=some.floats(0.5, 1.0))
def test_without_censoring_the_restricted_mean_is_a_mean(times: list[int], until: float) -> None:
    """Reference: the mean of the times cut at the end of the period and its standard error, taken to the logit scale."""
    end = until * max(times)
    found = restricted_mean(times, np.ones(len(times)), until=end, unit="months")
    cut = np.minimum(times, end)
    assert found.value == pytest.approx(cut.mean())
    if cut.std() > 1e-6:
        share = cut.mean() / end
        half = stats.norm.ppf(0.975) * stats.sem(cut) / (end * share * (1 - share))
        assert found.low == pytest.approx(end * special.expit(special.logit(share) - half))
        assert found.high == pytest.approx(end * special.expit(special.logit(share) + half))


@LAW
@given(first=some.lists(some.integers(1, 30), min_size=2, max_size=30), second=some.lists(some.integers(1, 30), min_size=2))
def test_without_censoring_the_difference_is_that_of_welch(first: list[int], second: list[int]) -> None:
    """Reference: scipy's t interval of two means with unlike variances, of the times cut at the end of the period."""
    end = 0.9 * min(max(first), max(second))
    found = restricted_mean_difference((first, np.ones(len(first))), (second, np.ones(len(second))), until=end, unit="months")
    cut = [np.minimum(times, end) for times in (first, second)]
    if min(part.std() for part in cut) > 1e-6:
        other = stats.ttest_ind(*cut, equal_var=False).confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((other.low, other.high))


@LAW
@given(rows=patients, until=some.floats(0.1, 1.0))
def test_the_interval_stays_within_the_period(rows: list[tuple[int, bool]], until: float) -> None:
    """Law: nobody lives less than no time or longer than the period; without an event before its end there is no interval."""
    time, event = np.array(rows, dtype=np.float64).T
    end = until * time.max()
    found = restricted_mean(time, event, until=end, unit="months")
    if (event[time < end] == 1).any():
        assert 0 <= found.low <= found.value <= found.high <= end
    else:
        assert (found.value, found.method) == (end, f"area to {end:g}, no event before")
        assert math.isnan(found.low)


def test_no_event_in_the_period_leaves_no_interval() -> None:
    """Law: a difference of two level curves has no interval; one arm with an event is enough for one."""
    level, falling = ([8, 9], [1, 0]), ([2, 3, 9], [1, 1, 0])
    found = restricted_mean_difference(level, level, until=7, unit="months")
    assert (found.value, found.method) == (0.0, "areas to 7, no event before")
    assert math.isnan(found.low)
    assert restricted_mean_difference(level, falling, until=7, unit="months").method == "areas to 7, t, df 2.0"


@pytest.mark.parametrize("n", [16, 60])
def test_restricted_means_cover_the_truth(n: int) -> None:
    """Reference: 95 % of the intervals hold the true area of an exponential under censoring; 1,000 runs."""
    truth, held = 20.0 * (1 - math.exp(-0.6)), 0
    for run in range(1000):
        rng = generator(run, "tests", "restricted mean")
        death, leaving = rng.exponential(20.0, n), rng.uniform(5.0, 40.0, n)
        seen = restricted_mean(np.minimum(death, leaving), death <= leaving, until=12.0, unit="months")
        held += seen.low < truth < seen.high
    assert held / 1000 == pytest.approx(0.95, abs=0.021)  # three standard errors of a share of 1,000


def test_number_at_risk_counts_who_reaches_a_time() -> None:
    """Law: who leaves at a time is still at risk then, and the curve's own counts are these."""
    time = [2.0, 3.0, 3.0, 5.0, 8.0]
    assert number_at_risk(time, at=[0, 2, 2.5, 3, 8, 9]).tolist() == [5, 5, 4, 4, 1, 0]
    curve = kaplan_meier(time, [1, 1, 0, 1, 0], unit="months")
    assert curve.at_risk.tolist() == number_at_risk(time, at=curve.time).tolist()


def test_a_median_that_is_not_reached_is_a_bound() -> None:
    """Law: where fewer than half had the event the median is told as above its lower limit or the last follow-up."""
    found = kaplan_meier([1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 0], unit="months").median
    assert str(found) == "above 1 months (n = 6)"  # one event among six: all but nothing is known
    assert found.method == "fewer than half had the event"
    many = kaplan_meier([*range(1, 41)], [1] * 5 + [0] * 35, unit="months").median
    assert str(many) == "above 40 months (n = 40)"  # not even the lower bound of the curve falls to a half


def test_restricted_mean_differences_change_sign() -> None:
    """Law: treated less control is the negative of control less treated, and the difference of both means."""
    one, two = ([4, 6, 8, 9], [1, 0, 1, 0]), ([2, 3, 8, 9], [1, 1, 0, 1])
    found = restricted_mean_difference(one, two, until=7, unit="months")
    back = restricted_mean_difference(two, one, until=7, unit="months")
    assert (found.value, found.low) == pytest.approx((-back.value, -back.high))
    means = [restricted_mean(*arm, until=7, unit="months").value for arm in (one, two)]
    assert found.value == pytest.approx(means[0] - means[1])


def drawn(run: int, *, ratio: float, crossing: bool = False, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times read at monthly visits, events and arm: hazards in a constant ratio, or one that turns over at month 8."""
    rng = generator(run, "tests", "arms")
    arm = np.arange(n) % 2
    work = rng.exponential(1.0, n)  # hazard used up until the event
    first, then = np.where(arm, ratio, 1.0) * 0.08, np.where(arm, 1 / ratio if crossing else ratio, 1.0) * 0.08
    death = np.where(work < 8 * first, work / first, 8 + (work - 8 * first) / then)
    return np.ceil(np.minimum(death, 30.0)), (death <= 30.0).astype(int), arm


def test_cox_finds_a_ratio_and_that_it_is_constant() -> None:
    """Law: a true ratio of .6 lies in the interval, proportional hazards pass, crossing ones do not."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    time, event, arm = drawn(1, ratio=0.6)
    found = cox(time, event, covariates={"arm": arm})
    assert found.ratios["arm"].low < 0.6 < found.ratios["arm"].high
    assert found.proportional_p["arm"] > 0.05
    time, event, arm = drawn(1, ratio=0.4, crossing=True)
    assert cox(time, event, covariates={"arm": arm}).proportional_p["arm"] < 1e-3


def test_proportional_hazards_are_rarely_refused() -> None:
    """Reference: under proportional hazards 5 % of 200 runs fail the test; three standard errors."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    failed = 0
    for run in range(200):
        time, event, arm = drawn(run, ratio=0.7, n=80)
        failed += cox(time, event, covariates={"arm": arm}).proportional_p["arm"] < 0.05
    assert failed / 200 == pytest.approx(0.05, abs=0.047)  # three standard errors of a share of 200


def test_the_other_arm_has_the_inverse_ratio() -> None:
    """Law: which arm is called treated inverts the ratio and its limits, and leaves both tests alone."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    time, event, arm = drawn(2, ratio=0.6)
    one, other = cox(time, event, covariates={"arm": arm}), cox(time, event, covariates={"arm": 1 - arm})
    assert one.ratios["arm"].low == pytest.approx(1 / other.ratios["arm"].high, rel=1e-6)
    assert one.proportional["arm"] == pytest.approx(other.proportional["arm"], rel=1e-6)


def test_efron_likelihood_written_out() -> None:
    """Reference: the coefficient tops Efron's likelihood, written out tie by tie and climbed by scipy."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    time, event, arm = drawn(3, ratio=0.5, n=60)
    age = generator(3, "tests", "age").normal(0.0, 1.0, 60)
    covariates = np.column_stack([arm, age])

    def negative(beta: np.ndarray) -> float:
        risk, total = np.exp(covariates @ beta), 0.0
        for moment in np.unique(time[event == 1]):
            tied = (time == moment) & (event == 1)
            ties = tied.sum()
            total += (covariates[tied] @ beta).sum()
            total -= sum(math.log(risk[time >= moment].sum() - one / ties * risk[tied].sum()) for one in range(ties))
        return -total

    top = optimize.minimize(negative, np.zeros(2), method="BFGS", options={"gtol": 1e-9})
    found = cox(time, event, covariates={"arm": arm, "age": age})
    assert found.log_ratio == pytest.approx(top.x, abs=1e-5)  # as far as differences of the likelihood tell
    assert list(found.ratios) == ["arm", "age"]


def test_hazard_ratios_cover_the_truth() -> None:
    """Reference: 95 % of 200 intervals hold the true ratio; three standard errors of the share."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    held = 0
    for run in range(200):
        time, event, arm = drawn(1000 + run, ratio=0.7, n=100)
        ratio = cox(time, event, covariates={"arm": arm}).ratios["arm"]
        held += ratio.low < 0.7 < ratio.high
    assert held / 200 == pytest.approx(0.95, abs=0.047)


@LAW
@given(rows=patients, scale=some.floats(0.1, 40.0))
def test_order_and_unit_of_time_do_not_matter(rows: list[tuple[int, bool]], scale: float) -> None:
    """Law: patients in another order give the same curve, and times in days the same curve in days."""
    time, event = np.array(rows, dtype=np.float64).T
    before = kaplan_meier(time, event, unit="months")
    mixed = np.array(sorted(rows, key=lambda row: (row[1], -row[0])), dtype=np.float64)
    after = kaplan_meier(scale * mixed[:, 0], mixed[:, 1], unit="days")
    assert after.survival == pytest.approx(before.survival)
    assert after.time == pytest.approx(scale * before.time)
    assert after.median.value == pytest.approx(scale * before.median.value, nan_ok=True)


def test_a_curve_by_hand() -> None:
    """Reference: 5 patients, events at 2, 3 and 5: 4/5, 4/5 x 3/4, that x 1/2; Greenwood and log-minus-log bounds at 3."""
    found = kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False], unit="months")
    assert found.survival == pytest.approx([0.8, 0.6, 0.3])
    spread = math.sqrt(1 / (5 * 4) + 1 / (4 * 3))
    half = 1.959964 * spread / abs(math.log(0.6))
    assert (found.low[1], found.high[1]) == pytest.approx((0.6 ** math.exp(half), 0.6 ** math.exp(-half)), rel=1e-6)
    assert (found.n, found.last, found.events.tolist()) == (5, 8.0, [1, 1, 1])


def test_bounds_and_medians_cover_the_truth() -> None:
    """Reference: of 1,000 runs of 50 patients 95 % of the bounds at the true median, and of its intervals, hold; 3 errors.

    Intervals of the median may hold a little more than they say, because they end at events.
    """
    truth, bounds, medians = 10.0 * math.log(2.0), 0, 0
    for run in range(1000):
        rng = generator(run, "tests", "median")
        death, leaving = rng.exponential(10.0, 50), rng.uniform(5.0, 40.0, 50)
        curve = kaplan_meier(np.minimum(death, leaving), death <= leaving, unit="months")
        at = np.searchsorted(curve.time, truth, side="right") - 1
        bounds += curve.low[at] < 0.5 < curve.high[at]
        medians += curve.median.low <= truth < curve.median.high
    assert bounds / 1000 == pytest.approx(0.95, abs=0.021)  # three standard errors of a share of 1,000
    assert 0.929 < medians / 1000 < 0.98  # see above


@pytest.mark.parametrize("n", [12, 60])
def test_equal_arms_are_rarely_told_apart(n: int) -> None:
    """Reference: under equal survival 5 % of 1,000 differences of restricted means exclude 0; three standard errors."""
    called = 0
    for run in range(1000):
        rng = generator(run, "tests", "equal arms")
        death, leaving = rng.exponential(10.0, (2, n)), rng.uniform(12.0, 40.0, (2, n))
        time, event = np.minimum(death, leaving), death <= leaving
        until = min(12.0, *time.max(axis=1))
        found = restricted_mean_difference((time[0], event[0]), (time[1], event[1]), until=until, unit="months")
        called += found.above(0) or found.below(0)
    assert called / 1000 == pytest.approx(0.05, abs=0.021)


# refusals


def test_without_statsmodels_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusal: one sentence says what to install."""
    for name in ("statsmodels", "statsmodels.duration", "statsmodels.duration.hazard_regression"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError) as refused:
        cox([1, 2, 3], [1, 0, 1], covariates={"arm": [0, 1, 1]})
    assert str(refused.value) == "Cox regression needs statsmodels, which is not installed; install tamarisk[survival]"


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([1, 2], [1], "time: (2,) times but (1,) events; give one of each per patient"),
        ([1, 0, math.nan], [1, 1, 1], "time: patient(s) [1, 2] have no time above 0; leave out who was never followed"),
        ([1, 2], [1, 2], "event: an event is neither 0 nor 1; code 1 for the event, 0 for last seen without it"),
        ([1, 2], [0, 0], "event: nobody had the event; follow for longer, or look at the coding"),
    ],
)
def test_follow_up_that_cannot_be_read_is_refused(time: list[float], event: list[int], message: str) -> None:
    """Refusal: each in one sentence; status 1 and 2 as R has it is not guessed."""
    with pytest.raises(DataError) as refused:
        kaplan_meier(time, event, unit="months")
    assert str(refused.value) == message


def test_a_period_beyond_the_follow_up_is_refused() -> None:
    """Refusal: no area without data, in either arm."""
    with pytest.raises(DataError) as refused:
        restricted_mean_difference(([4, 9], [1, 0]), ([2, 6], [1, 1]), until=7, unit="months")
    assert str(refused.value) == (
        "until: the period to 7 does not end within the follow-up to 6; "
        "choose the period before seeing the curves, within the shortest arm"
    )
    with pytest.raises(DataError, match=r"^level: 95 is no coverage"):
        restricted_mean([4, 9], [1, 0], until=7, unit="months", level=95)


def test_covariates_that_settle_nothing_are_refused() -> None:
    """Refusal: none, a gap, a repetition, a constant, and one that separates those with the event."""
    pytest.importorskip("statsmodels", reason="tamarisk[survival] is not installed")
    time, event = [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0]
    with pytest.raises(DataError, match=r"^covariates: there is no covariate; use kaplan_meier"):
        cox(time, event, covariates={})
    with pytest.raises(DataError, match=r"^covariates: 'age' is not one number per patient"):
        cox(time, event, covariates={"age": [50, 60, math.nan, 40, 50, 70]})
    with pytest.raises(DataError, match=r"^covariates: covariates repeat one another or do not vary"):
        cox(time, event, covariates={"arm": [1] * 6})
    with pytest.raises(DataError) as refused:
        cox(time, event, covariates={"arm": event})
    assert str(refused.value) == "covariates: a covariate separates those with the event from those without; leave it out"
