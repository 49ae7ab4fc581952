"""`tamarisk simulate --cohort`: the library's numbers, on disk and in words, and how it is stopped and goes on."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from click.testing import Result

import tamarisk as lab
from tamarisk.simulation.hold import Hold
from tamarisk.simulation.store import fingerprint

Run = Callable[..., Result]
Said = Callable[..., str]
Told = Callable[..., dict[str, Any]]
Refused = Callable[..., None]

ROWS = "member\tcontext\ttherapy\tPTEN_dose (fold)\nanna\tT47D\t4OHT=1uM\t0.5\nbea\tMCF-7\t\t1\n"
SHORT = ("--cohort", "members.tsv", "--until", "24h", "--points", "3", "--readout", "pERK", "--readout", "doublings")
PROGRAM = """
import signal
from tamarisk.doors.cli.main import cli
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may have been told to ignore it
cli()
"""


def _table(place: Path, text: str = ROWS) -> None:
    (place / "members.tsv").write_text(text, encoding="utf-8")


def test_numbers_are_those_of_the_library(told: Told, place: Path) -> None:
    """Reference: the folder holds the library's run of the same table and plan, and the record its ends, counts and hash."""
    _table(place)
    record = told("simulate", *SHORT, "--drug", "EGF=1nM@6h", "--medium", "stripped", "--out", "new")
    plan = lab.protocol("EGF=1nM@6h", medium_name="stripped")
    run = lab.simulate(lab.read_cohort("members.tsv"), plan, until="24h", readouts=["pERK", "doublings"], points=3)
    kept = xr.open_zarr(place / "new" / "cohort.zarr", chunks=None, consolidated=False)
    assert np.array_equal(kept["pERK"], run["pERK"])
    assert kept["protocol"].to_numpy().tolist() == run["protocol"].to_numpy().tolist()
    assert (record["members"], record["outcomes"], record["time"]) == (2, {"finished": 2}, [0.0, 12.0, 24.0])
    assert record["readouts"]["doublings"]["unit"] == "doublings"
    for name in ("pERK", "doublings"):
        assert list(record["readouts"][name]["end"].values()) == np.quantile(run[name][:, -1], [0.05, 0.5, 0.95]).tolist()
    assert record["folder"] == str(Path("new") / "cohort.zarr")
    assert (record["files"], record["hash"]) == fingerprint(place / "new" / "cohort.zarr")


def test_memory_and_disk_say_the_same(told: Told, said: Said, place: Path) -> None:
    """Law: without a folder the same is computed and nothing is written; a finished folder is read again."""
    _table(place)
    record = told("simulate", *SHORT)
    assert [one.name for one in place.iterdir()] == ["members.tsv"]
    assert (record["folder"], record["files"], record["hash"]) == (None, 0, None)
    once, again = (told("simulate", *SHORT, "--out", "new") for _ in range(2))
    assert once == again
    assert {**once, "folder": None, "files": 0, "hash": None} == record
    header, *rows = list(csv.reader((place / "new" / "end.csv").open(encoding="utf-8")))
    assert header == ["readout", "unit", "5 %", "median", "95 %"]
    assert [[float(cell) for cell in row[2:]] for row in rows] == [
        list(one["end"].values()) for one in record["readouts"].values()
    ]
    lines = said("simulate", *SHORT, "--out", "new").splitlines()
    assert lines[0].strip() == "2 members"
    assert ["finished", "2"] in [line.split() for line in lines]
    assert lines[-1] == f"every member (xarray.open_zarr): {Path('new') / 'cohort.zarr'}"


def test_what_the_table_does_not_say_the_options_do(told: Told, place: Path) -> None:
    """Law: `--context` is everybody's where the table has no column of that name."""
    _table(place, "therapy\n4OHT=1uM\n")
    record = told("simulate", *SHORT, "--context", "LTED")
    alone = lab.simulate("LTED", lab.protocol("4OHT=1uM"), until="24h", readouts=["doublings"], points=3)
    assert record["readouts"]["doublings"]["end"]["median"] == float(alone["doublings"][-1])


def test_failures_are_counted_in_words(told: Told, place: Path) -> None:
    """Law: members that cannot be run are counted by what happened; the ends are those of the others, or nothing."""
    _table(place, "growth_dose (dimensionless)\n1\n1000000\n")
    record = told("simulate", *SHORT)
    assert record["outcomes"] == {"finished": 1, "a quantity became infinite or undefined": 1}
    assert record["readouts"]["doublings"]["end"]["median"] is not None
    _table(place, "growth_dose (dimensionless)\n1000000\n")
    record = told("simulate", *SHORT)
    assert record["outcomes"] == {"a quantity became infinite or undefined": 1}
    assert set(record["readouts"]["doublings"]["end"].values()) == {None}


def test_stopped_and_on_again(place: Path) -> None:
    """Refusal: Control-C ends with 130 and says what is kept and how to go on; the same command then ends the run."""
    rows = "\n".join(f"{0.2 + number / 1000:.4f}" for number in range(1000))
    _table(place, f"PTEN_dose (relative)\n{rows}\n")
    words = [sys.executable, "-c", PROGRAM, "simulate", *SHORT[:6], "--readout", "PTEN", "--out", "new", "--json"]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 -- our own command
    while child.poll() is None and not (place / "new" / "cohort.zarr" / "zarr.json").exists():
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    said = child.communicate()[1].splitlines()[-1]
    kept = len(list((place / "new" / "cohort.zarr" / "outcome").glob("c/*"))) * 4096
    folder = Path("new") / "cohort.zarr"
    assert (said, child.returncode) == (
        f"tamarisk: stopped; {kept} of 1000 members are kept in {folder}; run the same again to go on from there", 130,
    )  # fmt: skip
    again = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 -- our own command
    assert json.loads(again.stdout)["outcomes"] == {"finished": 1000}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--genes all", "the genes of a cohort are not followed; leave out --genes, or run one culture"),
        ("--context T47D", "--context names the cells of all, but the table has a column context; leave one of them out"),
        ("--cluster tcp://127.0.0.1:1", "a cluster needs a folder to write to; add --out DIR"),
        ("--cluster nowhere --out new", "nowhere: no scheduler answers; start one with 'dask scheduler'"),
        (
            "--drug 4OHT=1nM --out new",
            "members.tsv, row 2, column therapy: two doses of 4OHT overlap from 0 h; give one dose at a time",
        ),
        ("--until 6 --out new", "until: the time '6' has no unit; write it as 24h"),
        ("--points 1 --out new", "points: 1 output times show no course; give at least 2"),
        ("--readout pERKK --out new", "no readout 'pERKK'; did you mean 'pERK', 'pRSK' or 'pHER2'?"),
        ("--out old", "old: the folder holds files that are not ours; name an empty or a new one"),
    ],
)
def test_what_cannot_be_run_is_refused(refused: Refused, words: str, sentence: str) -> None:
    """Refusal: options that exclude each other, faults of the table and strange folders: one sentence, and nothing written."""
    refused(f"simulate --cohort members.tsv {words}", sentence, {"members.tsv": ROWS, "old/letter.txt": "dear"})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--cluster tcp://127.0.0.1:1", "a cluster runs cohorts, but none is named; add --cohort FILE"),
        ("--cohort none.tsv --out new", "none.tsv: no such file; check the path"),
        ("--cohort members.tsv --model empty", "empty: no Antimony file (*.ant) in this folder; name a folder with modules"),
    ],
)
def test_without_a_table_there_is_no_cohort(refused: Refused, words: str, sentence: str) -> None:
    """Refusal: a table that is not there, or none at all."""
    refused(f"simulate {words}", sentence, {"empty/": ""})


def test_the_folder_of_another_run_is_refused(said: Said, refused: Refused, place: Path) -> None:
    """Refusal: the same folder with other times is another run; the first one stays as it is."""
    _table(place)
    said("simulate", *SHORT, "--out", "new")
    words = " ".join(["simulate", *SHORT, "--out", "new"]).replace("--points 3", "--points 4")
    what = f"{Path('new') / 'cohort.zarr'}: the folder holds another run: it differs in times"
    refused(words, f"{what}; name another, or take this one away")


def test_a_second_program_is_refused(tamarisk: Run, said: Said, place: Path) -> None:
    """Refusal: while another program writes into the folder the command ends with 2 and says which; afterwards it does not."""
    _table(place)
    said("simulate", *SHORT, "--out", "new")
    held = Hold(place / "new" / "cohort.zarr" / ".held")
    result = tamarisk("simulate", *SHORT, "--out", "new")
    held.release()
    where = Path("new") / "cohort.zarr"
    assert (result.exit_code, result.stdout) == (2, "")
    sentence = result.stderr.splitlines()[-1]
    assert sentence.startswith(f"tamarisk: {where}: another program writes here: process {os.getpid()} on ")
    assert sentence.endswith(" UTC; wait for its end, or name another folder")
    said("simulate", *SHORT, "--out", "new")


def test_areas_and_peaks_of_a_cohort(told: Told, said: Said, place: Path) -> None:
    """Reference: their spread over members is that of the library's numbers; the folder has one number per member."""
    _table(place)
    asked = ["integral of pERK", "peaks of pERK"]
    words = (*SHORT[:6], "--readout", asked[0], "--readout", asked[1])
    run = lab.simulate(lab.read_cohort("members.tsv"), until="24h", readouts=asked, points=3)
    record = told("simulate", *words, "--out", "new")["readouts"]
    assert {name: one["unit"] for name, one in record.items()} == {
        "integral of pERK": "relative h", "largest pERK": "relative", "time of the largest pERK": "h",
        "smallest pERK": "relative", "time of the smallest pERK": "h",
    }  # fmt: skip
    ends = {name: run[name].to_numpy().reshape(2, -1)[:, -1] for name in record}
    for name, end in ends.items():
        assert list(record[name]["end"].values()) == np.quantile(end, [0.05, 0.5, 0.95]).tolist()
    kept = xr.open_zarr(place / "new" / "cohort.zarr", chunks=None, consolidated=False)
    assert np.array_equal(kept["largest pERK"], run["largest pERK"])
    printed = said("simulate", *words, "--out", "new").splitlines()
    assert any(line.startswith("time of the largest pERK ") for line in printed)
