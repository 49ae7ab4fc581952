"""`tamarisk reproduce`: rows with verdicts, a report, and a shelf from which an interrupted call goes on."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import tamarisk as lab
from tamarisk.model.parameters import MODEL_FOLDER
from tamarisk.study.finding import Answer, Figure, Reading
from tamarisk.study.shelf import Shelf, fingerprint, reading_from, reading_record

Run = Callable[..., Result]
Read = Callable[[str], Any]

FIELDS = {"id", "claim", "source", "verdict", "value", "unit", "interval", "criterion", "reason"}
CHEAP = ("G4", "R12")
WORDS = ("reproduce", "--only", "G4", "--only", "r12")


@pytest.fixture(scope="module")
def first(shared_place: Path, command: Run) -> Result:
    """A first call with two cheap rows; its report is in `first`, its readings are on the shelf."""
    result = command(*WORDS, "--out", "first", "--json")
    assert result.exit_code == 0, result.stderr or repr(result.exception)
    return result


@pytest.fixture(scope="module")
def answers() -> tuple[Answer, ...]:
    """What the library says of the same rows."""
    return lab.reproduce(CHEAP)


# what is told


def test_json_has_rows_and_report(first: Result, shared_place: Path) -> None:
    """Law: standard output is one record: the report, and each row with its claim, verdict, value, criterion and reason."""
    record = json.loads(first.stdout)
    assert list(record) == ["rows", "report"]
    assert [row["id"] for row in record["rows"]] == ["R12", "G4"]
    for row in record["rows"]:
        assert set(row) >= FIELDS
        assert row["verdict"] in {"holds", "does not hold", "not computed"}
        assert row["interval"] is None or len(row["interval"]) == 2
        assert all(row[name] for name in ("claim", "source", "criterion", "reason", "unit"))
    assert (shared_place / record["report"]).is_file()


def test_rows_are_the_library_s(first: Result, answers: tuple[Answer, ...]) -> None:
    """Reference: verdict, value, unit, interval and reason of each row are the library's, bit for bit."""
    told = [
        (row["id"], row["verdict"], row["value"], row["unit"], row["interval"], row["reason"])
        for row in json.loads(first.stdout)["rows"]
    ]
    assert told == [
        (
            one.finding.id,
            one.reading.verdict,
            one.reading.value,
            one.reading.unit,
            list(one.reading.interval or ()) or None,
            one.reading.reason,
        )
        for one in answers
    ]


def test_the_table_counts_verdicts(first: Result, command: Run, answers: tuple[Answer, ...]) -> None:
    """Law: each row stands in the table, and the last lines say how many hold and where the report is."""
    lines = command(*WORDS, "--out", "table").stdout.splitlines()
    assert [row for row in CHEAP if not any(line.startswith(f"{row} ") for line in lines)] == []
    counts = [
        f"{sum(one.reading.verdict == word for one in answers)} {word}" for word in ("holds", "does not hold", "not computed")
    ]
    assert lines[-2] == ", ".join(count for count in counts if not count.startswith("0 "))
    assert lines[-1] == "report: table/report.html"


# the report


def test_the_report_has_the_rows_asked_for(first: Result, shared_place: Path, page: Read, answers: tuple[Answer, ...]) -> None:
    """Law: the page is whole, names nothing twice, fetches nothing, and has the rows asked for and no other."""
    read = page((shared_place / "first" / "report.html").read_text(encoding="utf-8"))
    assert list(read.articles) == ["R12", "G4"]
    for one in answers:
        told = " ".join(read.articles[one.finding.id]).replace("\u00a0", " ")
        assert [word for word in (one.finding.claim, one.reading.verdict, one.reading.reason) if word not in told] == []
    assert len(set(read.ids)) == len(read.ids)
    assert {"script", "link", "img", "iframe"} & set(read.tags) == set()
    assert "tamarisk reproduce --only G4 --only r12" in " ".join(read.words)


def test_figures_lie_beside_the_report(first: Result, shared_place: Path, answers: tuple[Answer, ...]) -> None:
    """Law: each panel of each row is there as PNG and SVG, named by row, and nothing else is in the folder."""
    names = {
        f"{one.finding.id}-{n}.{kind}"
        for one in answers
        for n in range(1, len(one.reading.panels) + 1)
        for kind in ("png", "svg")
    }
    assert {file.name for file in (shared_place / "first" / "figures").iterdir()} == names
    assert {file.name for file in (shared_place / "first").iterdir()} == {".tamarisk", "figures", "report.html"}


def test_a_model_of_ones_own_is_said_to_be_one(first: Result, shared_place: Path, command: Run, page: Read) -> None:
    """Law: the report of another model names it in its command and counts that model's parameters, not the shipped ones."""
    folder = shared_place / "own"
    (folder / "figures").mkdir(parents=True)
    for file in (*MODEL_FOLDER.glob("*.ant"), MODEL_FOLDER / "parameters.tsv"):
        (folder / file.name).write_bytes(file.read_bytes())
    table = (folder / "parameters.tsv").read_text(encoding="utf-8")
    (folder / "parameters.tsv").write_text(
        table.replace("\tprior\tmRNA half-life about 4 h", "\tseen\tmy own measurement", 1), encoding="utf-8"
    )
    result = command("reproduce", "--only", "R12", "--model", "own", "--out", "ours")
    assert result.exit_code == 0, result.stderr or repr(result.exception)
    shipped, ours = (
        " ".join(page((shared_place / name / "report.html").read_text(encoding="utf-8")).words) for name in ("first", "ours")
    )
    assert "--model own" in ours
    assert _seen(ours) == _seen(shipped) + 1


# the shelf


def test_a_second_call_computes_nothing(first: Result, shared_place: Path, command: Run) -> None:
    """Law: what is on the shelf is told again without a step of computing, the report byte for byte."""
    again = command(*WORDS, "--out", "again", "--json")
    assert "computing" in first.stderr
    assert again.stderr == ""
    assert json.loads(again.stdout)["rows"] == json.loads(first.stdout)["rows"]
    assert (shared_place / "again" / "report.html").read_bytes() == (shared_place / "first" / "report.html").read_bytes()


def test_the_shelf_is_where_the_system_keeps_caches(first: Result, shared_place: Path) -> None:
    """Law: readings lie in this user's cache and nothing else is written, neither beside the report nor in the package."""
    kept = sorted(shared_place.parent.rglob("G4.json"))
    assert len(kept) == 1
    assert shared_place.parent / "cache" in kept[0].parents
    assert fingerprint() in kept[0].parts
    assert [one.name for one in shared_place.parent.rglob("*.part")] == []


NO_PANEL = json.dumps({**reading_record(Reading(1.0, "fold", True, "so it is")), "panels": [1]}).encode()
DAMAGE = {
    "empty": b"",
    "cut off": b'{"value": 1.0, "un',
    "null": b"null",
    "number": b"5",
    "record": b'{"value": 1}',
    "binary": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("text", [*DAMAGE.values(), NO_PANEL], ids=[*DAMAGE, "panel that is none"])
def test_a_damaged_reading_is_no_reading(tmp_path: Path, text: bytes) -> None:
    """Law: whatever happened to a kept reading, it is computed again rather than trusted or tripped over."""
    shelf = Shelf(tmp_path)
    shelf.keep("G4", Reading(1.0, "fold", True, "so it is"))
    (shelf.folder / "G4.json").write_bytes(text)
    assert shelf.find("G4") is None


@pytest.mark.parametrize("text", DAMAGE.values(), ids=DAMAGE)
def test_damaged_numbers_are_no_numbers(tmp_path: Path, text: bytes) -> None:
    """Law: whatever happened to kept observations, they are computed again rather than trusted or tripped over."""
    shelf = Shelf(tmp_path)
    shelf.keep_numbers("observations", [1.0, math.inf])
    (shelf.folder / "observations.numbers").write_bytes(text)
    assert shelf.find_numbers("observations") is None


def test_readings_survive_the_shelf(tmp_path: Path, answers: tuple[Answer, ...]) -> None:
    """Law: a reading comes back as it went, figures and missing numbers included; infinite observations stay infinite."""
    shelf = Shelf(tmp_path)
    for one in answers:
        shelf.keep(one.finding.id, one.reading)
        assert shelf.find(one.finding.id) == one.reading
    blank = Reading(math.nan, "fold", None, "later", numbers=(Figure("a", math.nan, "nM"),))
    back = reading_from(json.loads(json.dumps(reading_record(blank))))
    assert (math.isnan(back.value), math.isnan(back.numbers[0].value), back.verdict) == (True, True, "not computed")
    shelf.keep_numbers("observations", [0.1, math.inf, -math.inf])
    assert shelf.find_numbers("observations") == [0.1, math.inf, -math.inf]


def test_an_infinite_value_stays_infinite(tmp_path: Path) -> None:
    """Law: a dose that was not reached is still not reached when it comes from the shelf."""
    shelf = Shelf(tmp_path)
    shelf.keep("R2", Reading(math.inf, "nM", False, "not reached"))
    kept = shelf.find("R2")
    assert kept is not None
    assert kept.value == math.inf


def test_another_model_has_another_shelf(tmp_path: Path) -> None:
    """Law: readings of one state of a user's model are not given out for another state of the same files."""
    file = tmp_path / "own.ant"
    folders = set()
    for text in ("model a() end", "model b() end"):
        file.write_text(text, encoding="utf-8")
        folders.add(Shelf(tmp_path / "shelf", also=[file]).folder)
    assert len({*folders, Shelf(tmp_path / "shelf").folder}) == 3


def test_a_stopped_call_goes_on_where_it_stopped(tmp_path: Path, answers: tuple[Answer, ...]) -> None:
    """Law: rows finished before a stop are taken from the shelf as they are, the others computed, in the order of the studies."""
    shelf = Shelf(tmp_path)

    def stop(row: str, done: int, _: int) -> None:
        if done == 1:
            raise KeyboardInterrupt(row)

    with pytest.raises(KeyboardInterrupt, match="G4"):
        lab.reproduce(CHEAP, shelf=shelf, progress=stop)
    kept = shelf.find("R12")
    assert kept == answers[0].reading
    assert shelf.find("G4") is None
    marked = replace(kept, reason="taken from the shelf")
    shelf.keep("R12", marked)
    assert [one.reading for one in lab.reproduce(CHEAP, shelf=shelf)] == [marked, answers[1].reading]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process alone")
def test_control_c_keeps_what_is_finished(tmp_path: Path) -> None:
    """Law: a call stopped by the user ends with 130 and one sentence; its finished row is kept and the same command goes on."""
    place = {**os.environ, **{name: str(tmp_path / "cache") for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA")}}
    console = [str(Path(sys.executable).with_name("tamarisk")), "reproduce", "--only", "R12", "--only", "R1", "--out", "new"]
    with subprocess.Popen(console, cwd=tmp_path, env=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:  # noqa: S603
        assert running.stderr is not None
        said = [next(running.stderr), next(running.stderr)]
        running.send_signal(signal.SIGINT)
        told, rest = running.communicate(timeout=60)
    assert said == ["computing: R1 (0 of 2)\n", "computing: R12 (1 of 2)\n"]
    assert (running.returncode, told) == (130, "")
    assert rest.splitlines()[-1] == "tamarisk: stopped; what was finished is kept, and the same command goes on from there"
    assert "Traceback" not in rest
    assert [file.name for file in tmp_path.rglob("R1.json")] == ["R1.json"]
    assert not (tmp_path / "new" / "report.html").exists()


def test_a_cache_that_cannot_be_written_is_said(shared_place: Path, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusal: where no cache can be kept there is one sentence, not a traceback."""
    (shared_place / "file").write_text("no folder", encoding="utf-8")
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(shared_place / "file"))
    result = command("reproduce", "--only", "R12", "--out", "uncached")
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("tamarisk: ")
    assert "nothing can be written here" in result.stderr.splitlines()[-1]


def _seen(words: str) -> int:
    """How many parameters a report says are seen."""
    return int(words.split(" parameters (")[1].split(" seen", maxsplit=1)[0])
