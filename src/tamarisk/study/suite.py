"""The semantic cases of the SBML test suite, run and compared. It knows the suite's files, not how equations are solved."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tamarisk.errors import DataError, ModelError, SimulationError
from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System
from tamarisk.simulation.happenings import Happenings
from tamarisk.simulation.lanes import Control, Plan
from tamarisk.simulation.outcome import Outcome
from tamarisk.tables import CONTENT, Column, read_table

Vector = np.ndarray[Any, np.dtype[np.float64]]

_CASE = re.compile(r"(?:.*/)?(\d{5})-(settings\.txt|model\.m|results\.csv|sbml-l\dv\d\.xml)")
_FILES = {"settings.txt": "", "model.m": "", "results.csv": "", "sbml": ""}  # of a case; what lacks is empty
_FINE = (1e-10, 1.0)  # error allowed in a step, and the longest step where conditions are watched, in output intervals
_COARSE = (1e-8, 0.7)  # a second run, which must agree with the first to within what the case allows
_MOST_STEPS = 1_000_000  # one case has 100,000 events
_NAMES = re.compile(r"^\d{5}: | '[^']*'")  # what in a reason is one case's own
_COUNTED = ("verdict", "why", "cases", "archive", "sha256")
_BELOW = 1e-6  # how much smaller than the case's absolute tolerance that of the integrator is


class Verdict(Enum):
    """What came of a case."""

    PASSED = "passed"
    REFUSED = "refused"
    FAILED = "failed"
    WRONG = "wrong"


@dataclass(frozen=True)
class Case:
    """One case: what to run, what to report, and what is expected.

    Attributes:
        id: its five digits.
        sbml: the model.
        tags: what it tests.
        settings: time course and tolerances, as in the suite's own file.
        expected: the expected table.
    """

    id: str
    sbml: str
    tags: tuple[str, ...]
    settings: Mapping[str, str]
    expected: str


@dataclass(frozen=True)
class Result:
    """What came of a case, why, and the table that was computed, in the suite's own layout."""

    id: str
    verdict: Verdict
    why: str
    tags: tuple[str, ...]
    table: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many cases of an archive ended alike.

    Attributes:
        verdict: what came of them.
        why: why they were refused, without the names of one case.
        cases: how many.
        archive: the file's name.
        sha256: the file's hash.
    """

    verdict: Verdict
    why: str
    cases: int
    archive: str
    sha256: str


def run_suite(
    path: Path, *, processes: int = 2, progress: Callable[[str, int, int], None] = lambda *_: None
) -> tuple[Result, ...]:
    """Run every semantic case of a ZIP file of the SBML test suite.

    Args:
        path: the file; a case is a settings file, a model (`.xml`), its description (`.m`) and the expected results.
        processes: how many cases are run at the same time.
        progress: told the case, how many are done, and of how many.

    Returns:
        What came of every case, in their order.

    Raises:
        DataError: the file is missing, is no ZIP file, or holds no case.
    """
    found = cases(path)
    results: list[Result] = []
    with ProcessPoolExecutor(processes) as pool:
        try:
            for result in pool.map(run_case, found, chunksize=8) if processes > 1 else map(run_case, found):
                results.append(result)
                progress(result.id, len(results), len(found))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return tuple(results)


def cases(path: Path) -> tuple[Case, ...]:
    """The cases in a ZIP file, the newest level of each model; a file that one lacks is empty, and found so when it is run.

    Raises:
        DataError: the file is missing, is no ZIP file, or holds no complete case.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            files: dict[str, dict[str, str]] = {}
            for name in sorted(archive.namelist()):
                if match := _CASE.fullmatch(name):
                    kind = "sbml" if match[2].startswith("sbml") else match[2]
                    files.setdefault(match[1], {})[kind] = archive.read(name).decode("utf-8-sig", errors="replace")
    except FileNotFoundError:
        raise DataError("no such file", where=str(path), hint="check the path") from None
    except (zipfile.BadZipFile, IsADirectoryError):
        raise DataError("this is no ZIP file", where=str(path), hint="name the archive of semantic cases") from None
    if not any(len(parts) == len(_FILES) for parts in files.values()):
        raise DataError("the archive holds no semantic case", where=str(path), hint="a case has four files")
    return tuple(_case(name, {**_FILES, **parts}) for name, parts in sorted(files.items()))


def _case(name: str, parts: Mapping[str, str]) -> Case:
    lines = re.findall(r"^(?:componentTags|testTags):(.*)$", parts["model.m"], re.MULTILINE)
    tags = dict.fromkeys(tag.strip() for line in lines for tag in line.split(",") if tag.strip())
    settings = dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*\r?$", parts["settings.txt"], re.MULTILINE))
    settings["test"] = "".join(re.findall(r"^testType:\s*(\w+)", parts["model.m"], re.MULTILINE)[:1])
    return Case(name, parts["sbml"], tuple(tags), settings, parts["results.csv"])


def run_case(case: Case) -> Result:
    """Run one case and compare it with what is expected.

    It is run twice, once with a hundred times the error allowed; where the two tables differ by more than the case allows, the
    run counts as failed, whatever it says.

    Returns:
        What came of it; a model that is not solved here is refused with its reason.
    """
    end = partial(Result, case.id, tags=case.tags)
    try:
        model = Happenings(read_case(case), 1, kept=False)
        names, values = _table(case, model, _FINE)
        unsure = _apart(case, names, values, _table(case, model, _COARSE)[1])
        wrong = _apart(case, names, values, _expected(case, names))
    except ModelError as refused:
        return end(Verdict.REFUSED, str(refused))
    except (SimulationError, DataError) as failed:
        return end(Verdict.FAILED, str(failed))
    if unsure is not None:
        return end(Verdict.FAILED, f"{case.id}: the integrator does not reach the accuracy asked for ({unsure})")
    written = _written(names, values)
    return end(Verdict.PASSED, "", table=written) if wrong is None else end(Verdict.WRONG, wrong, table=written)


def read_case(case: Case) -> System:
    """The model of a case.

    Raises:
        ModelError: it is not solved here; says why.
    """
    if case.settings["test"] != "TimeCourse":
        raise ModelError(f"the case asks for {case.settings['test'] or 'nothing'}, not for a time course")
    return read_system(case.sbml, where=case.id)


def _list(case: Case, key: str) -> list[str]:
    return [word.strip() for word in case.settings.get(key, "").split(",") if word.strip()]


def _number(case: Case, key: str) -> float:
    try:
        return float(case.settings[key])
    except (KeyError, ValueError):
        raise DataError(f"the settings have no number for '{key}'", where=case.id) from None


def _times(case: Case) -> Vector:
    """The times of the rows, from the start to the end in equal steps."""
    start, duration, steps = (_number(case, key) for key in ("start", "duration", "steps"))
    if not (0.0 <= start < np.inf and 0.0 < duration < np.inf and 1.0 <= steps <= _MOST_STEPS and steps.is_integer()):
        what = f"the settings ask for {steps:g} steps over {duration:g} from {start:g}"
        raise DataError(what, where=case.id, hint=f"ask for 1 to {_MOST_STEPS:,} steps of positive length from 0 or later")
    return start + np.arange(steps + 1) * duration / steps


def _table(case: Case, model: Happenings, accuracy: tuple[float, float]) -> tuple[list[str], Vector]:
    """Times and the variables asked for, shape `(time, 1 + variable)`."""
    asked, times = _list(case, "variables"), _times(case)
    relative, share = accuracy
    longest = share * float(times[-1] - times[0]) / (len(times) - 1) if model.switches else np.inf
    constants, start = (np.array([list(one)], dtype=float).reshape(1, -1) for one in model.begin())
    plan = Plan(constants, start, np.zeros(1), times[-1:], [times], longest)
    course = model.run(plan, Control(relative, _BELOW * _number(case, "absolute"), limit=_MOST_STEPS))
    if course.outcomes[0] is not Outcome.FINISHED:
        raise SimulationError(course.outcomes[0].value, where=case.id)
    values = dict(zip(model.system.quantities, course.seen.T, strict=True))
    amounts, concentrations = _list(case, "amount"), _list(case, "concentration")
    columns = [times]
    for name in asked:
        key = f"{name}.amount" if name in amounts else f"{name}.concentration" if name in concentrations else name
        found = values.get(key, values.get(name))
        if found is None:
            raise DataError(f"'{name}' is asked for, which is no quantity of the model", where=case.id)
        columns.append(found)
    return ["time", *asked], np.column_stack(columns)


def _expected(case: Case, names: Sequence[str]) -> Vector:
    if not names[1:]:
        raise DataError("the settings name no variable", where=case.id)
    try:
        header, *rows = list(csv.reader(io.StringIO(case.expected.strip())))
        places = [0, *([word.strip() for word in header].index(name, 1) for name in names[1:])]
        return np.array([[float(row[place]) for place in places] for row in rows if row])
    except (ValueError, IndexError):
        raise DataError("the expected table lacks a column or a number", where=case.id) from None


def _apart(case: Case, names: Sequence[str], values: Vector, others: Vector) -> str | None:
    """Where two tables differ by more than the case allows, the largest difference first; none where they agree."""
    if values.shape != others.shape:
        return f"{len(values)} rows instead of {len(others)}"
    absolute, relative = _number(case, "absolute"), _number(case, "relative")
    with np.errstate(all="ignore"):
        excess = np.abs(values - others) - (absolute + relative * np.abs(others))
        same = (values == others) | (np.isnan(values) & np.isnan(others)) | (excess <= 0.0)
    if same.all():
        return None
    row, column = (int(place[0]) for place in np.nonzero(~same))
    return f"{names[column]} at {values[row, 0]:g} is {values[row, column]:g}, not {others[row, column]:g}"


def _written(names: Sequence[str], values: Vector) -> str:
    lines = [",".join(names), *(",".join(f"{value:.17g}" for value in row) for row in values.tolist())]
    return "\n".join(lines) + "\n"


def by_tag(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """How many cases passed, were refused, failed or are wrong, in all and by tag.

    >>> by_tag([Result("00001", Verdict.PASSED, "", ("Amount",))])["Amount"]
    {'passed': 1, 'refused': 0, 'failed': 0, 'wrong': 0}
    """
    tags = sorted({tag for one in results for tag in one.tags})
    counted = {"all": Counter(one.verdict for one in results)}
    counted |= {tag: Counter(one.verdict for one in results if tag in one.tags) for tag in tags}
    return {tag: {verdict.value: count[verdict] for verdict in Verdict} for tag, count in counted.items()}


def by_reason(results: Sequence[Result]) -> dict[str, int]:
    """How many cases were refused for each reason, the most frequent first; names of one case are left out.

    >>> by_reason([Result("00870", Verdict.REFUSED, "00870: the reaction 'J0' is fast", ())])
    {'the reaction is fast': 1}
    """
    refused = Counter(_NAMES.sub("", one.why) for one in results if one.verdict is Verdict.REFUSED)
    return dict(refused.most_common())


def counts(results: Sequence[Result], archive: Path) -> tuple[Count, ...]:
    """How many cases of an archive ended how, refusals by their reason.

    Args:
        results: what came of its cases.
        archive: the file that they are of.

    Returns:
        A count of each verdict, of the refused one for each reason.
    """
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    ended = Counter(one.verdict for one in results)
    rows: dict[tuple[Verdict, str], int] = {
        (verdict, ""): ended[verdict] for verdict in Verdict if verdict is not Verdict.REFUSED
    }
    rows |= {(Verdict.REFUSED, why): cases for why, cases in by_reason(results).items()}
    return tuple(Count(verdict, why, cases, archive.name, digest) for (verdict, why), cases in rows.items())


def counts_table(found: Sequence[Count]) -> str:
    """Counts as tab-separated text, as `content/suite.tsv` keeps those of the last whole run."""
    rows = [_COUNTED, *((one.verdict.value, one.why, str(one.cases), one.archive, one.sha256) for one in found)]
    return "".join("\t".join(row) + "\n" for row in rows)


def kept_counts() -> tuple[Count, ...]:
    """The counts of the last whole run that this copy of Tamarisk knows of, as `tamarisk suite` wrote them.

    >>> sum(one.cases for one in kept_counts())
    910
    """
    columns = [Column(name, number=name == "cases", required=name != "why") for name in _COUNTED]
    return tuple(
        Count(Verdict(row["verdict"]), row["why"], int(row.number("cases")), row["archive"], row["sha256"])
        for row in read_table(CONTENT / "suite.tsv", columns)
    )
