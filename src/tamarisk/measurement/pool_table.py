"""Published effects in a table, one study in each row, and what they say together. It guesses no measure and no scale.

It cannot know whether the studies belong together: in vitro fold changes and clinical ratios never do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import special

from tamarisk.errors import DataError, Issue, TableError, listed
from tamarisk.measurement.columns import Said
from tamarisk.measurement.estimate import Array, Estimate
from tamarisk.measurement.heterogeneity import Heterogeneity, Spread
from tamarisk.measurement.measured import Measured, Result, Source, source_of
from tamarisk.measurement.meta_regression import FEWEST_FOR_EGGER, egger
from tamarisk.measurement.pooling import OFF_CENTRE, Pooled, fixed_effect, leave_one_out, log_ratio, random_effects
from tamarisk.names import plain
from tamarisk.tables import Column, Row, meanings, read_table, table_header

MEASURES: Mapping[str, tuple[str, ...]] = {
    "HR": ("hazard_ratio",),
    "OR": ("odds_ratio",),
    "RR": ("risk_ratio", "relative_risk"),
    "difference": ("mean_difference", "MD"),
}
PUBLISHED = 0.95  # coverage of the intervals in a file
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "study": ("trial", "author", "experiment"),
    "estimate": ("effect", "ratio"),
    "low": ("lower", "ci_low", "ci_lower", "lower_95"),
    "high": ("upper", "ci_high", "ci_upper", "upper_95"),
    "se": ("standard_error", "stderr"),
    "log_se": ("se_log", "se_of_log", "se_log_hr", "se_log_or", "se_log_rr"),
}
_GAPS = ("NA", "NaN", "nan")


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Effects of independent studies, on the log scale where they are ratios.

    Attributes:
        study: name of each.
        effect: shape `(study,)`.
        variance: squared standard errors, same shape.
        measure: `HR`, `OR`, `RR` or `difference`.
        source: the file and what was taken from it.
    """

    study: tuple[str, ...]
    effect: Array
    variance: Array
    measure: str
    source: Source


def read_effects(path: Path, *, measure: str = "", said: Said | None = None) -> Effects:
    r"""One study in each row: its effect, and a 95 % interval or a standard error.

    Args:
        path: a CSV or TSV file with columns study, the effect under the name of its measure, and low and high; a difference
            may have se instead, a ratio log_se.
        measure: `HR`, `OR`, `RR` or `difference`; "" if the header says it.
        said: names of columns, if the file has its own.

    Returns:
        The effects; rows without one are left out and counted.

    Raises:
        TableError: everything that is wrong with header and cells, at once; an interval that does not fit its effect among it.
        DataError: the measure is missing, unknown, or said twice and differently; intervals and standard errors are missing.

    References: [@PARMAR1998].

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "trials.csv"
    ...     _ = file.write_text("study,HR,low,high\nA,0.56,0.43,0.72\nB,0.8,0.6,1.07\n", encoding="utf-8")
    ...     read_effects(file).effect.round(3).tolist()
    [-0.58, -0.223]
    """
    told = said or Said()
    header = table_header(path)
    _refuse_strange_names(path, header, told)
    in_header = _measure(path, header)
    meant = _agreed(path, in_header, measure)
    columns = tuple(_columns(meant, told))
    known = meanings(columns)
    held = {known.get(cell, "") for cell in _plain(header)}
    blur = _blur(path, held, meant)
    rows = read_table(path, columns, extra=True, check=lambda row: _faults(row, meant, blur))
    _refuse_twice(path, rows)
    return _effects(path, rows, meant, blur)


def pool_of(
    effects: Effects, *, method: Heterogeneity = "REML", spread: Spread = "Hartung-Knapp", level: float = 0.95
) -> Measured:
    """The mean of effects that differ between studies, where a further study's would lie, and what hangs on single studies.

    Args:
        effects: as `read_effects` gives them, two studies or more.
        method: how the variance between studies is found: DL, PM or REML.
        spread: "Hartung-Knapp" or "normal".
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Random effects, the same with tau squared uncertain, the prediction, the fixed effect, tau squared, I squared and Q;
        from three studies the mean without each; from ten the asymmetry.

    Raises:
        DataError: there are fewer than two studies.

    References: [@DERSIMONIAN1986; @VIECHTBAUER2005; @KNAPP2003; @HIGGINS2009; @NAGASHIMA2019; @HIGGINS2002; @EGGER1997].

    >>> trials = Effects(("A", "B"), np.log([0.5, 0.6]), np.array([0.02, 0.03]), "HR", Source("", "", 2))
    >>> print(pool_of(trials, spread="normal").results[0].estimate)
    0.538 fold (95 % 0.434 to 0.667, n = 2)
    """
    numbers, of = (effects.effect, effects.variance), f"{effects.measure} of {len(effects.study)} studies"
    pooled, shown = random_effects(*numbers, method=method, spread=spread, level=level), _shown(effects.measure)
    results = [
        Result(of, "random effects", shown(pooled.mean)),
        Result(of, "random effects, tau squared uncertain", shown(pooled.marginal)),
        Result(of, "prediction", shown(pooled.prediction)),
        Result(of, "fixed effect", shown(fixed_effect(*numbers, level=level).mean)),
        *_heterogeneity(of, pooled, method, level),
    ]
    if len(effects.study) > 2:
        rest = zip(effects.study, leave_one_out(*numbers, method=method, spread=spread, level=level), strict=True)
        results += [Result(f"without {name}", "random effects", shown(one.mean)) for name, one in rest]
    if len(effects.study) >= FEWEST_FOR_EGGER and np.ptp(effects.variance) > 0:
        found = egger(*numbers, level=level)
        results.append(Result(of, "slope on the standard error (Egger)", found.slope, p=found.p))
    return Measured(tuple(results), (), tuple(_notes(effects)))


def _effects(path: Path, rows: Sequence[Row], measure: str, blur: Sequence[str]) -> Effects:
    """The studies that have an effect; the others are counted."""
    known = [row for row in rows if row["estimate"]]
    if not known:
        raise TableError("no row holds an effect", where=path.name, hint="fill in the estimates")
    effect, variance = np.array([_effect(row, measure, blur) for row in known], dtype=np.float64).T
    source = source_of(path, used=len(known), dropped={"no effect": [row.line for row in rows if not row["estimate"]]})
    return Effects(tuple(row["study"] for row in known), effect, variance, measure, source)


def _heterogeneity(of: str, pooled: Pooled, method: str, level: float) -> Iterator[Result]:
    """How much the studies differ, as numbers without an interval."""
    k = pooled.mean.n
    for name, value, unit, how in (
        ("tau squared", pooled.tau2, "", method),
        ("I squared", 100.0 * pooled.I2, "%", method),
        ("Q", pooled.Q, "", f"chi-squared, df {k - 1}"),
    ):
        found = Estimate(value, math.nan, math.nan, level, k, unit, how)
        yield Result(of, name, found, p=pooled.Q_p if name == "Q" else math.nan)


def _notes(effects: Effects) -> Iterator[str]:
    yield f"intervals in the file are taken to be of {100 * PUBLISHED:g} %"
    if effects.measure != "difference":
        yield f"{effects.measure} is pooled on the log scale; tau squared and the slope are of natural logs"


def _shown(measure: str) -> Callable[[Estimate], Estimate]:
    """An effect as people read it: a ratio, or the difference itself."""

    def ratio(log: Estimate) -> Estimate:
        with np.errstate(over="ignore"):  # an end beyond every number is infinite
            value, low, high = np.exp([log.value, log.low, log.high]).tolist()
        return Estimate(value, low, high, log.level, log.n, "fold", log.method)

    return (lambda found: found) if measure == "difference" else ratio


def _plain(header: Sequence[str]) -> set[str]:
    return {plain(cell) for cell in header}


def _measure(path: Path, header: Sequence[str]) -> str:
    """The measure whose name heads a column; "" if none does."""
    words = _plain(header)
    found = [name for name, aliases in MEASURES.items() if words & {plain(word) for word in (name, *aliases)}]
    if len(found) > 1:
        raise DataError(f"the file holds {' and '.join(found)}", where=path.name, hint="keep the column of one measure")
    return found[0] if found else ""


def _agreed(path: Path, in_header: str, in_call: str) -> str:
    if in_header and in_call and in_header != in_call:
        raise DataError(f"the effects are {in_header} by the header but {in_call} by the call", where=path.name)
    meant = in_header or in_call
    if not meant:
        hint = f"say --measure {', '.join(MEASURES)}, or name the column so"
        raise DataError("it is not said what the effects are", where=path.name, hint=hint)
    if meant not in MEASURES:
        raise DataError(f"no measure '{meant}'", where="measure", hint=f"known: {', '.join(MEASURES)}")
    return meant


def _refuse_strange_names(path: Path, header: Sequence[str], said: Said) -> None:
    strange = [name for name in said.columns if name not in _ALIASES]
    if strange:
        raise DataError(f"no column is called '{strange[0]}' here", where="column", hint=f"known: {', '.join(_ALIASES)}")
    absent = [cell for cell in said.columns.values() if plain(cell) not in _plain(header)]
    if absent:
        raise DataError(f"no column '{absent[0]}'", where=path.name, hint=f"known: {', '.join(header)}")


def _columns(measure: str, said: Said) -> Iterator[Column]:
    for name, aliases in _ALIASES.items():
        more = (measure, *MEASURES[measure]) if name == "estimate" else ()
        positive = name in {"se", "log_se"} or (name in {"estimate", "low", "high"} and measure != "difference")
        yield Column(
            name,
            number=name != "study",
            required=name == "study",
            minimum=0.0 if positive else -math.inf,
            optional=name not in {"study", "estimate"},
            aliases=(*aliases, *more),
            gaps=_GAPS if name != "study" else (),
            header=said.columns.get(name, ""),
        )


def _blur(path: Path, held: set[str], measure: str) -> tuple[str, ...]:
    """The columns that say how sure each effect is."""
    if {"low", "high"} <= held:
        return ("low", "high")
    own = "se" if measure == "difference" else "log_se"
    if own in held:
        return (own,)
    if "se" in held:
        what = f"the standard error of a {measure} may be that of the ratio or of its logarithm"
        raise DataError(what, where=path.name, hint="name it log_se if it is of the logarithm, or give low and high")
    raise DataError("no column says how sure the effects are", where=path.name, hint=f"add low and high, or {own}")


def _faults(row: Row, measure: str, blur: Sequence[str]) -> Iterator[Issue]:
    """What is wrong with the numbers of a study beside each other."""
    if not row.holds("estimate"):
        return
    lacking = [name for name in blur if not row[name]]
    if lacking:
        yield Issue(f"column {lacking[0]}", "the cell is empty")
    elif all(row.holds(name) for name in blur):
        try:
            _effect(row, measure, blur)
        except DataError as fault:
            yield Issue(f"column {fault.where if fault.where in blur else 'estimate'}", fault.what)


def _effect(row: Row, measure: str, blur: Sequence[str]) -> tuple[float, float]:
    """The effect to pool and its variance."""
    value, *ends = (row.number(name) for name in ("estimate", *blur))
    if len(ends) == 1:
        if not ends[0] > 0:
            raise DataError(f"{row[blur[0]]} is no standard error (give one above 0)", where=blur[0])
        if measure != "difference" and not value > 0:
            raise DataError(f"{row['estimate']} is no ratio (give ratios, not logs)")
        return (value if measure == "difference" else math.log(value)), ends[0] ** 2
    low, high = ends
    if measure != "difference":
        return log_ratio(value, low, high, level=PUBLISHED)
    half = (high - low) / 2.0
    if not low < value < high or abs(value - (low + high) / 2.0) > OFF_CENTRE * half:
        raise DataError(f"{value:g} does not lie mid-way between {low:g} and {high:g} (look for a misprint)")
    return value, (half / float(special.ndtri(0.5 + PUBLISHED / 2))) ** 2


def _refuse_twice(path: Path, rows: Sequence[Row]) -> None:
    """One row per independent study; several of one are averaged first."""
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(row["study"], []).append(row.line)
    issues = [
        Issue(f"{path.name}, rows {', '.join(map(str, places))}", f"study '{name}' stands {len(places)} times (average it first)")
        for name, places in lines.items()
        if len(places) > 1
    ]
    if issues:
        raise TableError(listed(issues))
