"""Follow-up of patients, or of mice, in a long table, and what survival says of each group. It guesses no unit and no coding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tamarisk.errors import DataError, Issue, TableError, listed
from tamarisk.measurement.columns import ALIASES, TIME_WORDS, Said
from tamarisk.measurement.estimate import Array, Estimate, Mask
from tamarisk.measurement.hazard import cox
from tamarisk.measurement.log_rank import log_rank
from tamarisk.measurement.measured import Measured, Result, Source, source_of
from tamarisk.measurement.survival import (
    KaplanMeier,
    kaplan_meier,
    number_at_risk,
    restricted_mean,
    restricted_mean_difference,
)
from tamarisk.names import plain
from tamarisk.tables import Column, Row, read_table, table_header
from tamarisk.units import rounded

_UNITS = (*(word for word in TIME_WORDS if word.isascii()), "month", "months", "year", "years")
_ALIASES = {
    "time": (*ALIASES["time"], "follow_up", "survival_time"),
    "event": ("status",),
    "group": ("arm", "treatment", "drug"),
    "patient": ("patient_id", "subject", "subject_id", "mouse", "id"),
}
_GAPS = ("NA", "NaN", "nan")
_TICKS = 4
_DOUBTFUL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Patients:
    """Follow-up of each patient.

    Attributes:
        time: follow-up, above 0, shape `(patient,)`.
        event: whether it ended in the event, same shape.
        group: the group of each.
        unit: unit of the times.
        source: the file and what was taken from it.
        trial: the trial of each, or whatever keeps patients apart; empty where all are of one.
    """

    time: Array
    event: Mask
    group: tuple[str, ...]
    unit: str
    source: Source
    trial: tuple[str, ...] = ()


def read_follow_up(path: Path, *, event_is: str = "", said: Said | None = None) -> Patients:
    r"""One patient in each row: time, whether it ended in the event, and group.

    Args:
        path: a CSV or TSV file, perhaps gzipped.
        event_is: the word or number that stands for the event; "" where a column `event` holds 1 for it and 0 for others.
        said: unit of the times and names of columns, if the file lacks them, and columns whose values keep trials apart.

    Returns:
        The patients; those without a time are left out and counted.

    Raises:
        TableError: everything that is wrong with header and cells, at once.
        DataError: the unit or the coding of the event is missing, or is said twice and differently.

    References: [@KAPLAN1958].

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "trial.csv"
    ...     _ = file.write_text("time (months),status,arm\n3,alive,a\n5,dead,b\n", encoding="utf-8")
    ...     read_follow_up(file, event_is="dead").event.tolist()
    [False, True]
    """
    told = said or Said()
    header = table_header(path)
    unit, in_header = _unit(path, header, told)
    columns = [_column(name, told, (in_header,) if name == "time" and in_header else ()) for name in _ALIASES]
    columns += [Column(key, header=key) for key in told.keys]
    _refuse_coding(path, header, event_is, told)
    rows = read_table(path, columns, extra=True, check=lambda row: _faults(row, event_is))
    _refuse_codes(path, rows, event_is)
    _refuse_twice(path, rows, told.keys)
    return _patients(path, rows, event_is or "1", unit, told.keys)


def trials_of(
    patients: Patients, *, controls: Sequence[str] = (), until: float | None = None, level: float = 0.95
) -> tuple[Measured, dict[str, dict[str, KaplanMeier]]]:
    """What survival says of each trial by itself: patients of different trials are never compared.

    Args:
        patients: their follow-up.
        controls: the group to compare the others with; one for each trial where they are called differently.
        until: end of the period of the restricted mean, fixed beforehand; there is none if None.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The estimates, each with its trial where there are several, and the curves of each trial.

    Raises:
        DataError: no trial can be told of; of a lone one as `survival_of` has it.

    References: [@KAPLAN1958].

    >>> people = Patients(np.array([2.0, 3, 5, 8]), np.array([True, True, True, False]), ("a",) * 4, "months",
    ...     Source("", "", 4), ("one", "two", "one", "two"))
    >>> [result.of for result in trials_of(people)[0].results if result.name == "median"]
    ['one: a', 'two: a']
    """
    parts = {name: _of_trial(patients, name) for name in patients.trial or ("",)}
    strange = [control for control in controls if control not in patients.group]
    if len(parts) == 1 or strange:
        measured, curves = survival_of(patients, control=(*strange, *controls, "")[0], until=until, level=level)
        return measured, {"": curves}
    found: dict[str, tuple[Measured, dict[str, KaplanMeier]]] = {}
    refusals: list[Issue] = []
    for name, part in parts.items():
        own = next((control for control in controls if control in part.group), "")
        try:
            found[name] = survival_of(part, control=own, until=until, level=level)
        except DataError as fault:
            refusals.append(Issue(name, str(fault)))
    told = _told_apart({name: said for name, (said, _) in found.items()}, refusals)
    return told, {name: drawn for name, (_, drawn) in found.items()}


def survival_of(
    patients: Patients, *, control: str = "", until: float | None = None, level: float = 0.95
) -> tuple[Measured, dict[str, KaplanMeier]]:
    """Median and numbers at risk of every group, and how groups differ: log-rank, hazard ratio and restricted mean.

    Args:
        patients: their follow-up.
        control: the group to compare the others with; needed where there are several.
        until: end of the period of the restricted mean, fixed beforehand; there is none if None.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The estimates, and the curve of each group.

    Raises:
        DataError: the control is not said or not there, the period ends too late, or a group never has the event.

    References: [@KAPLAN1958; @MANTEL1966; @WANG2010; @COX1972; @GRAMBSCH1994; @ROYSTON2013; @DITZHAUS2023].

    >>> people = Patients(np.array([2.0, 3, 3, 5, 8]), np.array([True, True, False, True, False]), ("a",) * 5, "months",
    ...     Source("", "", 5))
    >>> print(survival_of(people)[0].results[0].estimate)
    5 months (95 % 2 to inf, n = 5)
    """
    groups = _groups(patients, control)
    curves = {group: _curve(patients, group, level) for group in groups}
    results = [Result(group, "median", curve.median) for group, curve in curves.items()]
    if until is not None:
        results += _means(patients, groups, control, until, level)
    results += [one for group in groups for one in _at_risk(patients, group, level)]
    if len(groups) == 1:
        return Measured(tuple(results)), curves
    results.append(_log_rank(patients, groups, level))
    try:
        hazards, warnings = _hazards(patients, [group for group in groups if group != control], control, level)
    except DataError as fault:
        return Measured(tuple(results), (Issue("hazard ratio", str(fault)),)), curves
    return Measured((*results, *hazards), (), tuple(warnings)), curves


def _told_apart(parts: Mapping[str, Measured], refusals: Sequence[Issue]) -> Measured:
    """What is said of several trials, each thing under the name of its trial."""
    if not parts:
        raise DataError("; ".join(map(str, refusals)), hint="there is nothing to compare")
    results = [replace(one, of=f"{name}: {one.of}") for name, part in parts.items() for one in part.results]
    inside = [Issue(f"{name}: {one.where}", one.what) for name, part in parts.items() for one in part.refusals]
    warnings = [f"{name}: {words}" for name, part in parts.items() for words in part.warnings]
    return Measured(tuple(results), (*refusals, *inside), tuple(warnings))


def _of_trial(patients: Patients, name: str) -> Patients:
    if not patients.trial:
        return patients
    own = np.array([trial == name for trial in patients.trial])
    groups = tuple(group for group, held in zip(patients.group, own.tolist(), strict=True) if held)
    return replace(patients, time=patients.time[own], event=patients.event[own], group=groups, trial=())


def _groups(patients: Patients, control: str) -> list[str]:
    """The groups in the order of the file, after seeing that the control is one of them."""
    groups = list(dict.fromkeys(patients.group))
    if control not in groups and (control or len(groups) > 1):
        what = f"no group '{control}'" if control else "it is not said which group is the control"
        raise DataError(what, where="control", hint=f"known: {', '.join(groups)}")
    return groups


def _patients(path: Path, rows: Sequence[Row], event_is: str, unit: str, keys: Sequence[str]) -> Patients:
    """Those with a time; the others are counted."""
    kept = [row for row in rows if row["time"]]
    if not kept:
        raise TableError("no row holds a time", where=path.name, hint="fill in the follow-up")
    event = np.array([_same(row["event"], event_is) for row in kept])
    if not event.any():
        hint = "say --event-is VALUE, or follow for longer"
        raise DataError(f"nobody has the event '{event_is}'", where=path.name, hint=hint)
    source = source_of(path, used=len(kept), dropped={"no time": [row.line for row in rows if not row["time"]]})
    groups = tuple(row["group"] or "all" for row in kept)
    trials = tuple(", ".join(row[key] for key in keys) for row in kept) if keys else ()
    return Patients(np.array([row.number("time") for row in kept]), event, groups, unit, source, trials)


def _unit(path: Path, header: Sequence[str], said: Said) -> tuple[str, str]:
    """The unit of the times, and the header that says it."""
    named = said.columns.get("time")
    spelled = {plain(f"{word}{unit}"): unit for word in ([named] if named else ["time", *_ALIASES["time"]]) for unit in _UNITS}
    found = next((cell for cell in header if plain(cell) in spelled), "")
    in_header = spelled.get(plain(found), "")
    if in_header and said.time_unit and _length(in_header) != _length(said.time_unit):
        raise DataError(f"the times are in {in_header} by the header but in {said.time_unit} by the call", where=path.name)
    unit = in_header or said.time_unit
    if not unit:
        raise DataError(
            "the time has no unit", where=path.name, hint="say --time-unit months, or name the column 'time (months)'"
        )
    if unit not in _UNITS:
        raise DataError(f"unknown unit '{unit}'", where="time unit", hint=f"use {', '.join(_UNITS)}")
    return unit, found


def _length(unit: str) -> float | str:
    """What spellings of one unit share."""
    return TIME_WORDS.get(unit, unit.removesuffix("s"))


def _column(name: str, said: Said, further: Sequence[str]) -> Column:
    aliases = (*_ALIASES[name], *further)
    gaps = _GAPS if name in {"time", "event"} else ()
    must, may = name in {"event", "group"}, name in {"group", "patient"}
    header = said.columns.get(name, "")
    return Column(name, number=name == "time", required=must, optional=may, aliases=aliases, gaps=gaps, header=header)


def _refuse_coding(path: Path, header: Sequence[str], event_is: str, said: Said) -> None:
    """A column of another name than `event` may hold 1 for either; named headers must be there."""
    strange = [name for name in said.columns if name not in _ALIASES]
    if strange:
        raise DataError(f"no column is called '{strange[0]}' here", where="column", hint=f"known: {', '.join(_ALIASES)}")
    words = {plain(cell) for cell in header}
    absent = [cell for cell in said.columns.values() if plain(cell) not in words]
    if absent:
        raise DataError(f"no column '{absent[0]}'", where=path.name, hint=f"known: {', '.join(header)}")
    if not event_is and "event" not in said.columns and "event" not in words and "status" in words:
        raise DataError("a status may be coded either way", where=path.name, hint="say --event-is VALUE, as 1 or dead")


def _refuse_codes(path: Path, rows: Sequence[Row], event_is: str) -> None:
    """Beside the word for the event there may be one other."""
    others = list(dict.fromkeys(row["event"] for row in rows if event_is and not _same(row["event"], event_is)))
    if len(others) > 1:
        words = ", ".join(f"'{word}'" for word in others[:4])
        hint = "leave one word for those last seen without it"
        raise DataError(f"beside '{event_is}' the event is {words}", where=path.name, hint=hint)


def _refuse_twice(path: Path, rows: Sequence[Row], keys: Sequence[str]) -> None:
    """A patient of a trial is followed once."""
    lines: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        if row["patient"]:
            lines.setdefault((*(row[key] for key in keys), row["group"], row["patient"]), []).append(row.line)
    issues = [
        Issue(f"{path.name}, rows {', '.join(map(str, places))}", f"patient {name} stands {len(places)} times")
        for (*_, name), places in lines.items()
        if len(places) > 1
    ]
    if issues:
        raise TableError(listed(issues))


def _faults(row: Row, event_is: str) -> Iterator[Issue]:
    if row.holds("time") and row.number("time") <= 0:
        yield Issue("column time", f"{row['time']} is no follow-up (leave out who was never followed)")
    if not event_is and not any(_same(row["event"], code) for code in ("0", "1")):
        yield Issue("column event", f"'{row['event']}' is neither 0 nor 1 (say --event-is VALUE)")


def _same(cell: str, word: str) -> bool:
    """Whether a cell holds a word, or a number of the same value."""
    try:
        return float(cell) == float(word)
    except ValueError:
        return cell == word


def _arm(patients: Patients, group: str) -> tuple[Array, Mask]:
    own = np.array([one == group for one in patients.group])
    return patients.time[own], patients.event[own]


def _curve(patients: Patients, group: str, level: float) -> KaplanMeier:
    time, event = _arm(patients, group)
    if not event.any():
        raise DataError("nobody had the event", where=group, hint="leave the group out, or follow for longer")
    return kaplan_meier(time, event, unit=patients.unit, level=level)


def _at_risk(patients: Patients, group: str, level: float) -> Iterator[Result]:
    """Patients still followed at round times, as printed below a curve."""
    time, _ = _arm(patients, group)
    rough = float(patients.time.max()) / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = max(one * size for one in (1.0, 2.0, 5.0) if one * size <= rough)
    ticks = np.arange(0.0, float(patients.time.max()), step)
    for tick, count in zip(ticks, number_at_risk(time, at=ticks), strict=True):
        found = Estimate(float(count), math.nan, math.nan, level, len(time), "patients", "count")
        yield Result(group, f"at risk at {tick:g} {patients.unit}", found)


def _log_rank(patients: Patients, groups: Sequence[str], level: float) -> Result:
    found = log_rank(patients.time, patients.event, group=patients.group)
    chi2 = Estimate(found.chi2, math.nan, math.nan, level, len(patients.time), "", found.method)
    return Result(" and ".join(groups), "log-rank chi-squared", chi2, p=found.p)


def _hazards(patients: Patients, others: Sequence[str], control: str, level: float) -> tuple[list[Result], list[str]]:
    """The hazard ratio of each group, and the test that it holds at all times."""
    arms = {group: np.array([float(one == group) for one in patients.group]) for group in others}
    fit = cox(patients.time, patients.event, covariates=arms, level=level)
    results, warnings = [], []
    for group, p in zip(others, fit.p.tolist(), strict=True):
        of, doubt = f"{group} against {control}", fit.proportional_p[group]
        results.append(Result(of, "hazard ratio", fit.ratios[group], p=p))
        chi2 = Estimate(fit.proportional[group], math.nan, math.nan, level, len(patients.time), "", "score test, df 1")
        results.append(Result(of, "change of the ratio, chi-squared", chi2, p=doubt))
        if doubt < _DOUBTFUL:
            warnings.append(f"{of}: hazards are not proportional (p = {rounded(doubt)}), so compare restricted means (--until)")
    return results, warnings


def _means(patients: Patients, groups: Sequence[str], control: str, until: float, level: float) -> Iterator[Result]:
    """The restricted mean of each group, and how much longer it is than that of the control."""
    arms = {group: _arm(patients, group) for group in groups}
    name, unit = f"mean to {until:g} {patients.unit}", patients.unit
    for group, arm in arms.items():
        yield Result(group, name, restricted_mean(*arm, until=until, unit=unit, level=level))
    for group in groups:
        if group != control and len(groups) > 1:
            longer = restricted_mean_difference(arms[group], arms[control], until=until, unit=unit, level=level)
            yield Result(f"{group} against {control}", f"{name}, difference", longer)
