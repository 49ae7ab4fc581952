"""Every way in which the rows of a question are pooled, one of them the main one. It knows numbers, not what they mean."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tamarisk.measurement.heterogeneity import Heterogeneity, Spread
from tamarisk.measurement.pooling import Pooled, fixed_effect, random_effects
from tamarisk.study.pool_row import Overlap, PoolRow, joined, one_row_a_cohort

MAIN_ROWS = "main rows"
RECALLED_ROWS = "main rows, recalled numbers among them"
MAIN_METHOD = "REML, Hartung-Knapp"
_METHODS: dict[str, tuple[Heterogeneity, Spread]] = {
    MAIN_METHOD: ("REML", "Hartung-Knapp"),
    "DL, Hartung-Knapp": ("DL", "Hartung-Knapp"),
    "PM, Hartung-Knapp": ("PM", "Hartung-Knapp"),
    "REML, normal": ("REML", "normal"),
    "DL, normal": ("DL", "normal"),
}
_FIXED = "fixed effect"
_SINGLE = "one study alone"
_WHY_METHOD = {
    MAIN_METHOD: "effects are random, for studies differ in assay, patients and endpoint, and a normal interval is too narrow "
    "for few; chosen for every question alike before looking",
    "DL, Hartung-Knapp": "another estimate of the variance between studies",
    "PM, Hartung-Knapp": "another estimate of the variance between studies",
    "REML, normal": "as older meta-analyses do; too narrow for few studies",
    "DL, normal": "as most published meta-analyses do; too narrow for few studies",
    _FIXED: "as if all studies had one and the same effect",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows stand in a pool, why, and what was left out."""

    name: str
    why: str
    rows: tuple[PoolRow, ...]
    left_out: tuple[Overlap, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Specification:
    """One way to pool, and what it gave; ratios, not logarithms.

    Attributes:
        choice: the rows.
        method: how they were pooled; one study alone is shown as itself.
        estimate: the ratio.
        low: lower end of its 95 % interval.
        high: upper end.
        tau2: variance of the true logarithms between studies, NaN for one study.
        I2: share of the variance that chance does not explain, 0 to 1; NaN for one study.
        Q_p: p-value that all studies have one effect; NaN for one study.
        prediction: where the true effect of a further study lies, from and to; NaN for one study or a fixed effect.
        weights: share of each row, summing to 1.
        main: whether this is the answer; the others show how much it hangs on choices.
        why: why the answer is this one, or what this one is for.
    """

    choice: Choice
    method: str
    estimate: float
    low: float
    high: float
    tau2: float
    I2: float
    Q_p: float
    prediction: tuple[float, float]
    weights: tuple[float, ...]
    main: bool
    why: str

    @property
    def k(self) -> int:
        """How many studies."""
        return len(self.choice.rows)


def specifications(rows: Sequence[PoolRow], *, why: str, with_recalled: bool = False) -> tuple[Specification, ...]:
    """Every choice of rows by every method; no pool holds the same patients twice.

    Args:
        rows: rows of one question, of any role.
        why: why its main rows are the main ones.
        with_recalled: whether numbers that were recalled and not seen make a further choice; they never enter another.

    Returns:
        The specifications, exactly one of them the main one, which comes first; none where no row was seen.

    References: [@DERSIMONIAN1986; @PAULE1982; @VIECHTBAUER2005; @KNAPP2003; @HIGGINS2009].

    >>> from tamarisk.study.pool_row import pool_rows
    >>> found = specifications(pool_rows("CCND1"), why="both are adjusted")
    >>> [one.method for one in found if one.main], found[0].k
    (['REML, Hartung-Knapp'], 2)
    """
    choices = _choices(rows, with_recalled=with_recalled)
    return tuple(one for choice in choices for one in _of_choice(choice, why))


def _choices(rows: Sequence[PoolRow], *, with_recalled: bool) -> Iterator[Choice]:
    """Every set of rows that is pooled, each once, the main one first."""
    seen = [row for row in rows if not row.recalled]
    main = _main_rows(seen)
    offers = [
        (MAIN_ROWS, "", main),
        ("with sensitivity rows", "adds doubtful rows and other patients", [*main, *_of(seen, "sensitivity")]),
        ("sensitivity rows first", "other readings in the place of main ones", [*_of(seen, "sensitivity"), *main]),
        ("overlapping rows first", "larger sets that hold main rows in the place of these", [*_of(seen, "overlap"), *main]),
        ("subgroups first", "a part of the patients in the place of all", [*_of(seen, "subgroup"), *main]),
        ("most precise rows", "of each set of patients the row with the smallest error, parts not joined", _most_precise(seen)),
        *((f"endpoint {name}", "one endpoint alone", _with(main, "endpoint", name)) for name in _kinds(main, "endpoint")),
        *((name, "these patients alone", _with(main, "group", name)) for name in _kinds(main, "group")),
        *([(RECALLED_ROWS, "numbers that nobody saw are let in, as was asked for", _main_rows(rows))] if with_recalled else []),
    ]
    known: set[frozenset[str]] = set()
    for name, why, offered in offers:
        kept, out = one_row_a_cohort(offered)
        ids = frozenset(one for row in kept for one in row.ids)
        if kept and (ids not in known or name == RECALLED_ROWS):
            known.add(ids)
            yield Choice(name, why, kept, out)


def _main_rows(rows: Sequence[PoolRow]) -> list[PoolRow]:
    return list(joined([row for row in rows if row.role in {"main", "part"}]))


def _of(rows: Sequence[PoolRow], role: str) -> list[PoolRow]:
    """Rows of a role, those that say that they are adjusted first."""
    return sorted((row for row in rows if row.role == role), key=lambda row: "adjusted" not in row.label)


def _most_precise(rows: Sequence[PoolRow]) -> list[PoolRow]:
    """Main rows and parts, the smallest error first."""
    return sorted((row for row in rows if row.role in {"main", "part"}), key=lambda row: row.standard_error)


def _kinds(rows: Sequence[PoolRow], field: str) -> list[str]:
    return list(dict.fromkeys(getattr(row, field) for row in rows))


def _with(rows: Sequence[PoolRow], field: str, value: str) -> list[PoolRow]:
    return [row for row in rows if getattr(row, field) == value]


def _of_choice(choice: Choice, why: str) -> Iterator[Specification]:
    """A choice of rows by every method."""
    main = choice.name == MAIN_ROWS
    if len(choice.rows) == 1:
        yield _alone(choice, main=main)
        return
    effects = [row.log_estimate for row in choice.rows]
    variances = [row.standard_error**2 for row in choice.rows]
    for method, (between, spread) in _METHODS.items():
        found = random_effects(effects, variances, method=between, spread=spread)
        answer = main and method == MAIN_METHOD
        said = f"{why.rstrip('.')}; {_WHY_METHOD[method]}" if answer else ""
        yield _pooled(choice, method, found, main=answer, why=said)
    yield _pooled(choice, _FIXED, fixed_effect(effects, variances), main=False, why="")


def _pooled(choice: Choice, method: str, found: Pooled, *, main: bool, why: str) -> Specification:
    ends = (math.nan, math.nan) if method == _FIXED else (math.exp(found.prediction.low), math.exp(found.prediction.high))
    return Specification(
        choice=choice,
        method=method,
        estimate=math.exp(found.mean.value),
        low=math.exp(found.mean.low),
        high=math.exp(found.mean.high),
        tau2=found.tau2,
        I2=found.I2,
        Q_p=found.Q_p,
        prediction=ends,
        weights=tuple(found.weights.tolist()),
        main=main,
        why=why or "; ".join(filter(None, (choice.why, "" if choice.why and method == MAIN_METHOD else _WHY_METHOD[method]))),
    )


def _alone(choice: Choice, *, main: bool) -> Specification:
    gap = math.nan
    why = "only one study has a number that may be pooled" if main else choice.why
    return Specification(choice, _SINGLE, *choice.rows[0].ratio, gap, gap, gap, (gap, gap), (1.0,), main, why)
