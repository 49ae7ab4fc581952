"""`tamarisk measure` on files that nobody meant: each reader ends in an answer or in a sentence, never in a traceback."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

FUZZ = settings(
    deadline=None,
    max_examples=20,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NUMBERS = ["0", "1", "3", "10", "100", "0.5", "-1", "1e300", "1e-300", "nan", "inf", "1,5", "", "NA", "many"]
WORDS = ["4OHT", "-", "vehicle", "a", "b", "1", "", "\u00e9\u00df\u4e2d", "[red]", '"', "A1", "SV", "RC"]
READERS = {  # the command line, and columns that make its reader look at the cells
    "growth": ("measure growth f.csv", ["experiment", "well", "drug", "dose (nM)", "time (h)", "cell_count"]),
    "beside": ("measure growth f.csv", ["drug", "dose (nM)", "cell_count", "cell_count__ctrl", "cell_count__time0"]),
    "rate": ("measure growth f.csv --rate DIP", ["experiment", "drug", "time (h)", "cell_count"]),
    "dose-response": ("measure dose-response f.csv", ["experiment", "drug", "dose (nM)", "viability (%)"]),
    "hormesis": ("measure dose-response f.csv --plateau 0", ["drug", "dose (nM)", "viability (%)"]),
    "fitted": ("measure dose-response f.csv", ["drug", "GR50 (nM)", "GR_AOC", "GRmax"]),
    "synergy": ("measure synergy f.csv", ["experiment", "drug1", "drug2", "conc1 (nM)", "conc2 (nM)", "counts"]),
    "musyc": ("measure synergy f.csv --model musyc", ["drug1", "drug2", "conc1 (nM)", "conc2 (nM)", "viability (%)"]),
    "blot": (
        "measure blot f.csv --control vehicle --linear-range 0.5:60",
        ["blot", "condition", "phospho", "total", "load"],
    ),
    "long blot": ("measure blot f.csv --control vehicle --linear-range 0.5:60", ["blot", "condition", "band", "density"]),
    "genes": ("measure expression f.csv", ["gene", "logFC", "P.Value", "adj.P.Val"]),
    "matrix": ("measure expression f.csv --samples s.csv --scale log2 --treated r --control v", ["gene", "a", "b", "c", "d"]),
    "sheet": ("measure expression m.csv --samples f.csv --scale log2 --treated r --control v", ["sample", "group", "batch"]),
    "signature": ("measure signature f.csv --samples s.csv --scale log2", ["gene", "a", "b", "c", "d"]),
    "survival": ("measure survival f.csv --control a", ["time (months)", "event", "group", "patient"]),
    "pool": ("measure pool f.csv", ["study", "HR", "low", "high"]),
    "map": ("measure growth g.csv --map f.csv", ["", "1", "2", "3"]),
    "grid": ("measure growth f.csv --map g.csv", ["", "1", "2", "3"]),
}
BESIDE = {
    "s.csv": "sample,group\na,v\nb,v\nc,r\nd,r\n",
    "m.csv": "gene,a,b,c,d\nX,1,2,3,4\nY,2,2,3,3\n",
    "g.csv": "0h\n,1,2,3\nA,1,2,3\n",
}
NAMES = {
    "experiment",
    "well",
    "drug",
    "drug1",
    "drug2",
    "blot",
    "band",
    "gene",
    "sample",
    "batch",
    "group",
    "patient",
    "study",
    "",
}
FITTING = {
    "": "A",
    "group": "vrab",
    "event": "01",
    "band": ["phospho", "total", "load"],
    "condition": ["vehicle", "P"],
    "sample": "abcd",
}
ODD = some.sampled_from(NUMBERS) | some.sampled_from(WORDS)


def cell(column: str) -> some.SearchStrategy[str]:
    """Mostly what a column may hold, so that files come through to the rulers; now and then anything."""
    fitting = FITTING.get(column, ["a", "b", "-"] if column in NAMES else ["0", "1", "3", "10", "0.4", "0.6", "25"])
    return some.integers(0, 25).flatmap(lambda die: some.sampled_from(list(fitting)) if die else ODD)


def ended(result: Result, text: str) -> None:
    """A run that gave an answer, or a sentence on the error stream with exit code 2."""
    assert result.exception is None or isinstance(result.exception, SystemExit), (text, result.exc_info)
    assert result.exit_code in (0, 2), text
    assert (result.exit_code == 2) == result.stderr.startswith("tamarisk: "), (text, result.stderr)
    assert "Traceback" not in result.stderr


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reader", list(READERS))
@FUZZ
@given(data=some.data())
def test_readers_end_in_words(tamarisk: Callable[..., Result], place: Path, reader: str, data: some.DataObject) -> None:
    """Law: whatever cells stand under the right names, in rows of any length, a run ends in an answer or a sentence."""
    line, header = READERS[reader]
    rows = data.draw(some.lists(some.tuples(*map(cell, header)), max_size=12))
    ragged = data.draw(some.integers(0, 9)) == 0
    sign = data.draw(some.sampled_from([",", ";", "\t"]))
    text = "\n".join(sign.join(row) for row in [header, *rows]) + (f"{sign}1" if ragged else "")
    for name, content in {**BESIDE, "f.csv": text}.items():
        (place / name).write_text(content, encoding="utf-8")
    ended(tamarisk(*shlex.split(line)), text)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reader", ["growth", "dose-response", "synergy", "blot", "genes", "survival", "pool", "map"])
@FUZZ
@given(content=some.binary(max_size=60) | some.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore")))
def test_any_bytes_end_in_words(tamarisk: Callable[..., Result], place: Path, reader: str, content: bytes) -> None:
    """Law: whatever bytes a file holds, a run ends in an answer or a sentence."""
    for name, text in BESIDE.items():
        (place / name).write_text(text, encoding="utf-8")
    (place / "f.csv").write_bytes(content)
    ended(tamarisk(*shlex.split(READERS[reader][0])), repr(content))
