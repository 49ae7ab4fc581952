"""The log-rank test against R survival 3.5-3, scipy, statsmodels, and every relabelling written out."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from tamarisk.errors import DataError
from tamarisk.measurement import log_rank as ruler
from tamarisk.measurement.log_rank import log_rank
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=40, derandomize=True)
patients = some.lists(some.tuples(some.integers(1, 12), some.booleans()), min_size=2, max_size=8).filter(
    lambda rows: any(event for _, event in rows)
)


def chi2_of_scipy(time: np.ndarray, event: np.ndarray, treated: np.ndarray) -> float:
    """The square of scipy's z; NaN where it has none."""
    samples = [
        stats.CensoredData(uncensored=time[part & (event == 1)], right=time[part & (event == 0)]) for part in (treated, ~treated)
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(stats.logrank(*samples).statistic ** 2)


def few(run: int, *sizes: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Monthly visits of small groups, the later ones with the longer times, a third censored."""
    rng = generator(run, "tests", "small groups")
    group = np.repeat(np.arange(len(sizes)), sizes)
    time = np.ceil(rng.exponential(4.0 + 4.0 * group))
    return time, (rng.random(len(group)) < 0.67).astype(int), [f"group {number}" for number in group.tolist()]


# other packages


def test_log_rank_of_lung(reference: Callable[[str], pd.DataFrame]) -> None:
    """Golden: chi-squared 10.32674, p .00131, expected 91.58 and 73.42; the tolerance of MEASUREMENT.md 11.

    R 4.2.2, survival 3.5-3, expected_survival_meta.json beside the project.
    """
    rows = reference("survival_lung.csv")
    found = log_rank(rows.time, rows.status == 2, group=rows.sex.astype(str).tolist())
    assert (found.chi2, found.p) == pytest.approx((10.3267419549, 0.0013111645204), rel=1e-6)
    assert found.expected == pytest.approx([91.5817390296, 73.4182609704], rel=1e-6)
    assert (found.groups, found.observed.tolist(), found.df) == (("1", "2"), [112.0, 53.0], 1)
    assert found.method == "log-rank, df 1"


@LAW
@given(first=patients, second=patients)
def test_log_rank_of_two_groups_is_that_of_scipy(first: list[tuple[int, bool]], second: list[tuple[int, bool]]) -> None:
    """Reference: the square of scipy's log-rank z; observed and expected events are equal in sum."""
    time, event = np.array([*first, *second], dtype=np.float64).T
    treated = np.arange(len(time)) < len(first)
    found = log_rank(time, event, group=np.where(treated, "a", "b").tolist())
    assert found.observed.sum() == pytest.approx(found.expected.sum())
    other = chi2_of_scipy(time, event, treated)
    assert not math.isfinite(other) or found.chi2 == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize("run", range(5))
def test_log_rank_of_four_groups_is_that_of_statsmodels(run: int) -> None:
    """Reference: statsmodels' survdiff with tied times and four groups of unlike size."""
    duration = pytest.importorskip("statsmodels.duration.survfunc", reason="tamarisk[survival] is not installed")
    time, event, group = few(run, 20, 25, 30, 22)
    found = log_rank(time, event, group=group)
    assert (found.chi2, found.p) == pytest.approx(duration.survdiff(time, event, group), rel=1e-9)


# relabelling


@pytest.mark.parametrize("run", range(4))
def test_every_relabelling_written_out(run: int) -> None:
    """Reference: with 3 and 4 patients, the share of the 35 relabellings whose chi-squared by scipy is as large."""
    time, event, group = few(run, 3, 4)
    found = log_rank(time, event, group=group)
    chosen = (np.isin(np.arange(7), places) for places in combinations(range(7), 3))
    others = np.nan_to_num([chi2_of_scipy(time, event, treated) for treated in chosen])
    assert found.p == pytest.approx((others >= found.chi2 - 1e-9).mean(), rel=1e-12)
    assert found.method == "log-rank, df 1, all 35 relabellings"


def test_three_small_groups_are_dealt_in_every_way() -> None:
    """Law: labels of 2, 2 and 3 patients are dealt in 210 ways, each once; whole groups that fare unlike are the rarest."""
    dealt = ruler._every([2, 2, 3])
    assert len({tuple(row) for row in dealt.tolist()}) == len(dealt) == 210
    assert (np.sort(dealt, axis=1) == [0, 0, 1, 1, 2, 2, 2]).all()
    found = log_rank([1, 2, 3, 4, 5, 6, 7], [1] * 7, group=["a", "a", "b", "b", "c", "c", "c"])
    assert found.method == "log-rank, df 2, all 210 relabellings"
    assert found.p < 0.05 < log_rank([1, 2, 3, 4, 5, 6, 7], [1] * 7, group=["a", "c", "b", "c", "b", "c", "a"]).p


def test_drawn_relabellings_are_near_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reference: where not all 924 are listed, 899 drawn give the same p; four standard errors of its share."""
    for run in range(10):
        time, event, group = few(run, 6, 6)
        whole = log_rank(time, event, group=group).p
        with monkeypatch.context() as patch:
            patch.setattr(ruler, "MOST", 900)
            drawn = log_rank(time, event, group=group)
        assert drawn.method == "log-rank, df 1, 899 relabellings drawn"
        assert drawn.p == pytest.approx(whole, abs=4 * math.sqrt(whole * (1 - whole) / 899) + 1 / 900)  # see above


def test_order_of_patients_does_not_matter() -> None:
    """Law: drawn relabellings give the same p twice, and to the same patients in another order."""
    time, event, group = few(1, 11, 12)
    found, again = (log_rank(time, event, group=group) for _ in range(2))
    mixed = generator(1, "tests", "order").permutation(len(time))
    other = log_rank(time[mixed], event[mixed], group=[group[place] for place in mixed])
    assert found.p == again.p == other.p
    assert found.method == "log-rank, df 1, 9999 relabellings drawn"


def test_the_smallest_group_settles_how() -> None:
    """Law: with 20 patients in the smallest group p is that of chi-squared, with 19 it is not, yet close to it."""
    for sizes, how in (((20, 30), ""), ((19, 30), ", 9999 relabellings drawn")):
        found = log_rank(*few(2, *sizes)[:2], group=few(2, *sizes)[2])
        chi2_p = stats.chi2.sf(found.chi2, 1)
        assert found.method == f"log-rank, df 1{how}"
        assert (found.p == chi2_p) == (not how)
        assert found.p == pytest.approx(chi2_p, abs=0.02)  # what the discreteness of 49 patients leaves


def test_three_groups_have_two_degrees_of_freedom() -> None:
    """Reference: under the null the p-value of three groups is uniform: 5 % of 1,000 runs lie below .05."""
    called = 0
    for run in range(1000):
        time = generator(run, "tests", "three groups").exponential(10.0, 60)
        found = log_rank(np.ceil(time), time < 25, group=["a", "b", "c"] * 20)
        called += found.p < 0.05
    assert found.df == 2
    assert called / 1000 == pytest.approx(0.05, abs=0.021)  # three standard errors of a share of 1,000


def test_groups_that_are_none_are_refused() -> None:
    """Refusal: one group has nothing to differ from, and every patient needs one."""
    with pytest.raises(DataError, match=r"^group: 2 labels of 1 group\(s\); name one of two groups each"):
        log_rank([1, 2], [1, 1], group=["a", "a"])
    with pytest.raises(DataError, match=r"^group: 1 labels of 1 group\(s\)"):
        log_rank([1, 2], [1, 1], group=["a"])
