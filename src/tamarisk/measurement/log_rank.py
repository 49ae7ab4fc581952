"""Whether groups meet an event alike, by chance of the labels where a group is small. It knows labels, not who was randomised."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array, Mask
from tamarisk.measurement.survival import follow_up
from tamarisk.seeds import generator

FEWEST = 20  # patients in the smallest group; with 5 chi-squared rejects a true null in 6 to 7 %, from 20 on in 5
MOST = 10_000  # labellings that are listed; of more than these, so many are drawn, the one that was seen among them
_AT_ONCE = 200_000  # labels that are compared in one go

Labels: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LogRank:
    """Whether groups lose patients at the same rate at all times.

    Attributes:
        groups: their names, sorted.
        observed: events in each group, shape `(group,)`.
        expected: events if all groups fared alike, same shape.
        chi2: how far both lie apart.
        df: groups less one.
        p: p-value, of chi-squared where every group has 20 patients, else over relabellings.
        method: which of both.
    """

    groups: tuple[str, ...]
    observed: Array
    expected: Array
    chi2: float
    df: int
    p: float
    method: str


def log_rank(time: npt.ArrayLike, event: npt.ArrayLike, *, group: Sequence[str]) -> LogRank:
    """Whether two or more groups differ in how fast they meet the event.

    Where a group has fewer than 20 patients, p is the share of relabellings of all patients that set the groups as far apart,
    each by its own variance, so that groups may be followed for unlike times: all if at most 10 000, else 9999 drawn.

    Args:
        time: follow-up of each patient, above 0, shape `(patient,)`.
        event: 1 where it ended in the event, else 0, same shape.
        group: name of each patient's group, one per patient.

    Returns:
        Observed and expected events and the test.

    Raises:
        DataError: as `kaplan_meier`, or there are not at least two groups.

    References: [@MANTEL1966; @WANG2010].

    >>> found = log_rank([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], group=["a", "a", "a", "b", "b", "b"])
    >>> found.observed.tolist(), round(found.chi2, 3), found.p, found.method
    ([3.0, 2.0], 5.052, 0.1, 'log-rank, df 1, all 20 relabellings')
    """
    times, events = follow_up(time, event)
    names, member = np.unique(np.asarray(group, dtype=np.str_), return_inverse=True)
    if len(member) != len(times) or len(names) < 2:
        raise DataError(f"{len(member)} labels of {len(names)} group(s)", where="group", hint="name one of two groups each")
    order = np.lexsort((events, times))
    times, events, member = times[order], events[order], member[order]
    observed, expected, (chi2,) = _apart(times, events, member[None], len(names))
    df, method = len(names) - 1, f"log-rank, df {len(names) - 1}"
    p = float(special.chdtrc(df, max(chi2, 0.0)))
    if np.bincount(member).min() < FEWEST:
        p, how = _relabelled(times, events, member, chi2)
        method = f"{method}, {how}"
    return LogRank(tuple(names.tolist()), observed[0], expected[0], float(chi2), df, p, method)


def _relabelled(times: Array, events: Mask, member: Labels, chi2: float) -> tuple[float, str]:
    """The share of labellings that set groups at least as far apart, and how many were looked at."""
    sizes = np.bincount(member)
    ways = math.factorial(len(member)) // math.prod(map(math.factorial, sizes.tolist()))
    if ways <= MOST:
        labels, seen, how = _every(sizes.tolist()), 0, f"all {ways} relabellings"
    else:
        row = np.broadcast_to(np.sort(member), (MOST - 1, len(member)))
        labels = generator(0, "measurement", "log-rank").permuted(row, axis=1)
        seen, how = 1, f"{MOST - 1} relabellings drawn"
    step = max(1, _AT_ONCE // (len(member) * len(sizes)))
    parts = (labels[start : start + step] for start in range(0, len(labels), step))
    found = np.concatenate([_apart(times, events, part, len(sizes))[2] for part in parts])
    reached = int((found >= chi2 * (1.0 - 1e-9)).sum())  # sums of equal terms in another order are equal
    return (reached + seen) / (len(labels) + seen), how


def _every(sizes: Sequence[int]) -> Labels:
    """Every way to deal labels to patients, each label as often as given, shape `(way, patient)`."""

    def dealt(row: Labels, label: int) -> Iterator[Labels]:
        if label == len(sizes):
            yield row
            return
        for places in combinations(np.flatnonzero(row == 0).tolist(), sizes[label]):
            taken = row.copy()
            taken[list(places)] = label
            yield from dealt(taken, label + 1)

    return np.stack(list(dealt(np.zeros(sum(sizes), dtype=np.int64), 1)))


def _apart(times: Array, events: Mask, labels: Labels, groups: int) -> tuple[Array, Array, Array]:
    """Events and expected events `(labelling, group)` and chi-squared of each labelling; times rise."""
    moments, died = np.unique(times[events], return_counts=True)
    first = np.searchsorted(times, moments)
    n = len(times) - first
    belongs = labels[:, None] == np.arange(groups)[:, None]
    share = np.cumsum(belongs[..., ::-1], axis=2)[..., len(times) - 1 - first] / n
    observed, expected = belongs[..., events].sum(axis=2).astype(np.float64), share @ died
    weight = died * (n - died) / np.maximum(n - 1, 1)
    part = share[:, :-1]  # the last group has what the others lack
    covariance = (part @ weight)[..., None] * np.eye(groups - 1) - (part * weight) @ part.transpose(0, 2, 1)
    excess = (observed - expected)[:, None, :-1]
    inverse = np.linalg.pinv(covariance, rcond=1e-9, hermitian=True)  # a group that nobody is left in tells nothing
    return observed, expected, (excess @ inverse @ excess.transpose(0, 2, 1))[:, 0, 0]
