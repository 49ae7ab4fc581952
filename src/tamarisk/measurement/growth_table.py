"""Growth of every condition of a long table, experiment by experiment. It knows wells and controls, not files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.columns import is_control
from tamarisk.measurement.estimate import experiment_mean, middle_mean
from tamarisk.measurement.growth import LEAST_DOUBLINGS, growth_inhibition_of_doublings
from tamarisk.measurement.measured import Measured, Result
from tamarisk.units import rounded

CONTROL = "control"
_CONDITION = ["cells", "drug", "dose"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the wells of a long table are to be taken.

    Attributes:
        control: name of the untreated condition; the usual words if "".
        keys: columns, beside the cell line, whose values keep wells apart.
        replicates: what the column `replicate` numbers, `wells` or `experiments`; "" if it is not said.
        at: the time to read, in hours; the last if None.
    """

    control: str = ""
    keys: Sequence[str] = ()
    replicates: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Doublings of each condition in each experiment.

    Attributes:
        frame: columns cells, drug, dose (nM), experiment, doublings, control (its doublings) and GR; NaN where undefined.
        refusals: conditions that could not be read, and why.
        warnings: what a reader must know.
    """

    frame: pd.DataFrame
    refusals: tuple[Issue, ...]
    warnings: tuple[str, ...]


def growth_of(wells: pd.DataFrame, *, layout: Layout | None = None, level: float = 0.95) -> Measured:
    """Doublings of every condition, how many fewer than untreated, and GR where the untreated cells grow.

    Args:
        wells: one row per well: `counts` with `time` (h), or with `control_counts` and `start_counts`; and what there is of
            `cell_line`, `drug`, `dose` (nM), `experiment`.
        layout: which condition is the control, and what counts as an experiment.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        The estimates over experiments, never over wells.

    Raises:
        DataError: there is no control, no start, or it is not said what replicates are.

    References: [@HAFNER2016; @LAZIC2018].

    >>> wells = pd.DataFrame({"drug": ["-", "-", "4OHT"], "time": [0, 72, 72], "counts": [100, 400, 200]})
    >>> for one in growth_of(wells).results: print(one.of, "|", one.name, "|", one.estimate)
    control | doublings | 2 doublings (no interval, n = 1)
    4OHT | doublings | 1 doublings (no interval, n = 1)
    4OHT | doublings less control | -1 doublings (no interval, n = 1)
    4OHT | GR | 0.414 (no interval, n = 1)
    """
    growth = growth_by_experiment(wells, layout=layout)
    results: list[Result] = []
    for (cells, drug, dose), held in growth.frame.groupby(_CONDITION, sort=False, dropna=False):
        of = condition_name(cells, drug, dose)
        results.append(Result(of, "doublings", experiment_mean(held["doublings"], unit="doublings", level=level)))
        if drug == CONTROL:
            continue
        paired = held[held["control"].notna()]
        if not paired.empty:
            less = experiment_mean(paired["doublings"] - paired["control"], unit="doublings", level=level)
            results.append(Result(of, "doublings less control", less))
        if held["GR"].notna().any():
            results.append(Result(of, "GR", experiment_mean(held["GR"].dropna(), unit="", level=level)))
    return Measured(tuple(results), growth.refusals, growth.warnings)


def growth_by_experiment(wells: pd.DataFrame, *, layout: Layout | None = None) -> Growth:
    """Doublings and GR of every condition in each experiment; wells of one experiment are averaged first.

    The mean of wells is the mean of the middle half of them, so that one lost well moves nothing.

    Args:
        wells: as `growth_of` takes them.
        layout: which condition is the control, and what counts as an experiment.

    Returns:
        One row per condition and experiment.

    Raises:
        DataError: there is no control, no start, or it is not said what replicates are.

    References: [@HAFNER2016].

    >>> wells = pd.DataFrame({"drug": ["-", "-", "4OHT"], "time": [0, 72, 72], "counts": [100, 400, 200]})
    >>> growth_by_experiment(wells).frame["GR"].round(3).tolist()
    [1.0, 0.414]
    """
    asked = layout or Layout()
    frame, warnings = arranged(wells, asked)
    if "start_counts" in frame and "control_counts" in frame:
        counted = _beside(frame, asked.at)
    elif "time" in frame:
        counted = _stacked(frame, asked.at, warnings)
    else:
        hint = "add a column 'time' with rows of time 0, or columns cell_count__ctrl and cell_count__time0"
        raise DataError("no count says where growth began", where="column time", hint=hint)
    found, refusals = _doublings(counted)
    if found.empty:
        raise DataError("; ".join(map(str, refusals)), hint="there is nothing to compare")
    return Growth(found, tuple(refusals), tuple(warnings))


def arranged(wells: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, list[str]]:
    """Wells under the names that the rulers use: `cells`, `drug` ("control" if untreated), `dose` and `experiment`.

    Args:
        wells: as `growth_of` takes them.
        layout: which condition is the control, and what counts as an experiment.

    Returns:
        A new table and what its reader must know.

    Raises:
        DataError: it is not said what replicates are, or the named control is not there.

    >>> arranged(pd.DataFrame({"drug": ["DMSO"], "counts": [5.0]}), Layout())[0][["drug", "experiment"]].to_dict("records")
    [{'drug': 'control', 'experiment': '1'}]
    """
    frame = wells.copy()
    names = [name for name in ("cell_line", *layout.keys) if name in frame]
    words = list(zip(*(frame[name].astype(str).tolist() for name in names), strict=True))
    named = {one: ", ".join(word for word in one if word) for one in set(words)}
    frame["cells"] = [named[one] for one in words] if names else ""
    drug = frame["drug"].astype(str) if "drug" in frame else pd.Series("", index=frame.index)
    frame["dose"] = frame.get("dose", math.nan)
    known = drug.unique().tolist()
    if layout.control and layout.control not in known:
        raise DataError(f"no condition '{layout.control}'", where="control", hint=f"known: {', '.join(known)}")
    controls = [word for word in known if word and is_control(word, layout.control)]
    untreated = (
        drug.isin(controls).to_numpy() | (frame["dose"] == 0).to_numpy() | ((drug == "") & frame["dose"].isna()).to_numpy()
    )
    frame["drug"] = np.where(untreated, CONTROL, drug)
    frame.loc[untreated, "dose"] = math.nan
    warnings = _with_experiments(frame, layout)
    return frame, warnings


def condition_name(cells: object, drug: object, dose: Any) -> str:
    """A condition in words.

    >>> condition_name("MCF-7", "4OHT", 100.0)
    'MCF-7, 4OHT 100 nM'
    """
    amount = f"{rounded(float(dose))} nM" if not math.isnan(float(dose)) else ""
    treated = " ".join(word for word in (str(drug), amount) if word)
    return ", ".join(word for word in (str(cells), treated) if word)


def _with_experiments(frame: pd.DataFrame, layout: Layout) -> list[str]:
    """Says in place which experiment each well belongs to; "" belongs to all."""
    if "experiment" in frame:
        frame["experiment"] = frame["experiment"].replace({"NaN": "", "nan": "", "NA": ""})
        return []
    if "replicate" in frame:
        if layout.replicates not in {"wells", "experiments"}:
            hint = "say --replicates experiments, or --replicates wells"
            raise DataError("replicates may be wells or experiments", where="column replicate", hint=hint)
        if layout.replicates == "experiments":
            frame["experiment"] = frame["replicate"].replace({"NaN": "", "nan": "", "NA": ""})
            return []
    frame["experiment"] = "1"
    return ["no column says which experiment a well belongs to, so all wells are one experiment and there is no interval"]


def _beside(frame: pd.DataFrame, at: float | None) -> pd.DataFrame:
    """Rows that carry their own control and start."""
    read = frame[frame["time"] == _chosen(frame["time"].unique().tolist(), at)] if "time" in frame else frame
    by = read.groupby([*_CONDITION, "experiment"], sort=False, dropna=False)
    found = by[["counts", "control_counts", "start_counts"]].agg(middle_mean).reset_index()
    return found.rename(columns={"counts": "end", "control_counts": "control_end", "start_counts": "start"}).assign(
        control_start=lambda table: table["start"]
    )


def _stacked(frame: pd.DataFrame, at: float | None, warnings: list[str]) -> pd.DataFrame:
    """Rows over time: the first time is the start, of the condition itself or else of its control.

    The end is the time asked for, or the last at which the control was counted, beside another condition if it ever was.
    """
    times = sorted(frame["time"].unique())
    if len(times) < 2:
        what = f"all counts are from {times[0]:g} h, so growth is not known"
        raise DataError(what, where="column time", hint="add the counts of time 0, or a column start_counts")
    untreated = frame["drug"] == CONTROL
    with_control, with_others = (set(frame.loc[held & (frame["time"] > times[0]), "time"]) for held in (untreated, ~untreated))
    best = with_control & with_others or with_control
    last = _chosen(times[1:], max(best) if at is None and best else at)
    by = [*_CONDITION, "experiment"]
    warnings += _timing(frame, times[0], last)
    means = {
        name: frame[frame["time"] == time].groupby(by, sort=False, dropna=False)["counts"].agg(middle_mean)
        for name, time in (("start", times[0]), ("end", last))
    }
    start, end = ({_key(place): float(count) for place, count in means[name].items()} for name in ("start", "end"))
    rows = []
    for cells, drug, dose, experiment in end:
        control = (cells, CONTROL, "", experiment)
        began = [(cells, drug, dose, experiment), control, (cells, drug, dose, ""), (*control[:3], "")]
        control_end = _first(end, [control, (*control[:3], "")])
        numbers = (end[cells, drug, dose, experiment], control_end, _first(start, began), _first(start, began[1::2]))
        rows.append((cells, drug, float(dose or "nan"), experiment, *numbers))
    return pd.DataFrame(rows, columns=[*by, "end", "control_end", "start", "control_start"])


def _timing(frame: pd.DataFrame, first: float, last: float) -> Iterator[str]:
    """What a reader must know about the times: what was read, and conditions that were not counted then."""
    if first > 0:
        yield f"growth is counted from {first:g} h, the first time"
    if frame["time"].nunique() > 2:
        yield f"growth is read at {last:g} h (--at reads another time)"
    for (cells, drug, dose), held in frame.groupby(_CONDITION, sort=False, dropna=False):
        counted = sorted(held["time"].unique())
        if last not in counted and counted[-1] > first:
            known = ", ".join(f"{time:g} h" for time in counted if time > first)
            yield f"{condition_name(cells, drug, dose)} was not counted at {last:g} h (but at {known})"


def _chosen(times: Sequence[float], at: float | None) -> float:
    if at is not None and at not in times:
        known = ", ".join(f"{time:g} h" for time in sorted(times))
        raise DataError(f"nothing was counted at {at:g} h", where="at", hint=f"known: {known}")
    return max(times) if at is None else at


def _key(place: Any) -> tuple[str, str, str, str]:
    cells, drug, dose, experiment = place
    return str(cells), str(drug), "" if math.isnan(dose) else repr(float(dose)), str(experiment)


def _first(table: dict[tuple[str, str, str, str], float], keys: Sequence[tuple[str, str, str, str]]) -> float:
    return next((table[key] for key in keys if key in table), math.nan)


def _doublings(counted: pd.DataFrame) -> tuple[pd.DataFrame, list[Issue]]:
    """Doublings and GR of each row, and the rows that have none."""
    refusals = []
    kept = []
    for row in counted.to_dict("records"):
        of = condition_name(row["cells"], row["drug"], row["dose"]) + (f", experiment {row['experiment']}")
        if math.isnan(row["start"]):
            refusals.append(Issue(of, "no count says where growth began"))
        elif row["end"] <= 0 or row["start"] <= 0:
            refusals.append(Issue(of, "no cells were counted, so doublings are not defined (add the detection limit)"))
        else:
            grown = math.log2(row["end"] / row["start"])
            whole = row["control_end"] > 0 and row["control_start"] > 0
            control = math.log2(row["control_end"] / row["control_start"]) if whole else math.nan
            kept.append({**{name: row[name] for name in (*_CONDITION, "experiment")}, "doublings": grown, "control": control})
    found = pd.DataFrame(kept, columns=[*_CONDITION, "experiment", "doublings", "control"])
    return found.assign(GR=_inhibition(found, refusals)), refusals


def _inhibition(found: pd.DataFrame, refusals: list[Issue]) -> list[float]:
    """GR of each row; none for cells whose control hardly grows in some experiment."""
    slow = found[(found["control"] < LEAST_DOUBLINGS) & (found["drug"] != CONTROL)]
    for cells, held in slow.groupby("cells", sort=False):
        least = rounded(float(held["control"].min()))
        what = f"the control made {least} doublings, fewer than {LEAST_DOUBLINGS}, so GR has no denominator: compare doublings"
        refusals.append(Issue(str(cells) or "all cells", what))
    for cells, held in found[found["control"].isna()].groupby("cells", sort=False):
        which = ", ".join(dict.fromkeys(held["experiment"]))
        what = f"no untreated cells in experiment(s) {which}, which are left out of GR and of differences"
        refusals.append(Issue(str(cells) or "all cells", what))
    barred = set(slow["cells"])
    return [
        float(growth_inhibition_of_doublings(grown, control)) if cells not in barred and control >= LEAST_DOUBLINGS else math.nan
        for cells, grown, control in zip(found["cells"], found["doublings"], found["control"], strict=True)
    ]
