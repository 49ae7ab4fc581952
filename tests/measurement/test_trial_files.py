"""Follow-up in several files: what is one trial, what is several, and what nothing says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tamarisk.errors import TamariskError
from tamarisk.measurement.columns import Said
from tamarisk.measurement.survival_table import read_follow_up, trials_of
from tamarisk.measurement.trial_files import read_trials

Write = Callable[[str, str], Path]
FIRST = "time (months),event,group\n2,1,a\n3,1,a\n5,0,a\n4,1,b\n6,1,b\n9,0,b\n"
SECOND = "time (months),event,group\n1,1,a\n7,1,a\n3,1,b\n8,1,b\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts text into a file."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


def named(text: str, trial: str) -> list[str]:
    """The rows of a file with their trial."""
    return [f"{row},{trial}" for row in text.splitlines()[1:]]


def sentence(files: list[Path], **said: str) -> str:
    """What is said of files that cannot be read together."""
    with pytest.raises(TamariskError) as refused:
        read_trials(files, **said)  # type: ignore[arg-type]
    return str(refused.value)


def test_files_are_trials(write: Write) -> None:
    """Law: trials in files of their own say what they say in one file with a column that names them."""
    header = f"{FIRST.splitlines()[0]},trial"
    whole = write("all.csv", "\n".join([header, *named(FIRST, "a.csv"), *named(SECOND, "b.csv")]) + "\n")
    apart, sources = read_trials([write("a.csv", FIRST), write("b.csv", SECOND)])
    together = read_follow_up(whole, said=Said(keys=("trial",)))
    for found in (apart, read_trials([whole], said=Said(keys=("trial",)))[0]):
        assert np.array_equal(found.time, together.time)
        assert np.array_equal(found.event, together.event)
        assert (found.group, found.trial, found.unit) == (together.group, together.trial, together.unit)
    assert trials_of(apart, controls=["a"])[0] == trials_of(together, controls=["a"])[0]
    assert [source.used for source in sources] == [6, 4]


def test_arms_in_files(write: Write) -> None:
    """Law: arms of one trial may stand in several files where a column says so."""
    rows = named(FIRST, "T1")
    header = f"{FIRST.splitlines()[0]},trial\n"
    arms = [write(f"{arm}.csv", header + "\n".join(row for row in rows if f",{arm}," in row) + "\n") for arm in "ab"]
    found, _ = read_trials(arms, said=Said(keys=("trial",)))
    assert trials_of(found, controls=["a"])[0] == trials_of(read_follow_up(write("one.csv", FIRST)), controls=["a"])[0]


def test_what_nothing_says(write: Write) -> None:
    """Refusal: a file of one group may be a trial or an arm; files of different units are not joined; nor are namesakes."""
    a, b = write("a.csv", FIRST), write("b.csv", SECOND.replace(",b", ",a"))
    hint = "add a column that names the trial of each patient, and say --by HEADER"
    assert sentence([a, b]) == f"files: b.csv holds one group, so it may be a trial or an arm of one; {hint}"
    arm = write("arm.csv", "time (months),event\n2,1\n")
    assert sentence([a, arm]) == f"files: arm.csv holds one group, so it may be a trial or an arm of one; {hint}"
    days = write("days.csv", SECOND.replace("months", "days"))
    assert sentence([a, days]) == "files: the files count time in months and days; measure them one after the other"
    twin = write("new/a.csv", SECOND)
    assert sentence([a, twin]) == "files: two files are called a.csv; name the files of different trials differently"
