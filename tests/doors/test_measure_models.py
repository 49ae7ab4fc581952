"""`tamarisk measure` beyond the usual numbers: rates, chosen curves, MuSyC and pooled studies, from the command line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., str]
Tell = Callable[..., dict[str, Any]]
POOL = "study,HR,low,high\nA,0.46,0.33,0.64\nB,0.58,0.44,0.76\n"
COURSE = "drug,time (h),cell_count\n" + "".join(f"-,{12 * place},{100 * 2**place}\n" for place in range(6))
CURVE = "dose (nM),viability (%)\n1,97\n3,85\n10,64\n30,31\n100,8\n300,4\n"


def numbers(record: dict[str, Any]) -> dict[str, float]:
    """Every estimate by its name."""
    return {one["name"]: one["estimate"] for one in record["results"]}


def test_studies_are_pooled_and_kept(said: Say, told: Tell, place: Path) -> None:
    """Law: `pool` prints, writes CSV and report, and its intervals follow method and spread."""
    said("measure", "template", "pool")
    shown = said("measure", "pool", "pool.csv", "--out", "new", "--report", "page.html")
    assert "HR of 5 studies  prediction" in shown
    rows = list(csv.DictReader((place / "new" / "pool.csv").open(encoding="utf-8")))
    assert {"random effects", "fixed effect", "tau squared", "I squared", "Q"} <= {row["number"] for row in rows}
    assert "Hartung-Knapp" in (place / "page.html").read_text(encoding="utf-8")
    careful, plain = (
        next(
            one["interval"] for one in told("measure", "pool", "pool.csv", *words)["results"] if one["number"] == "random effects"
        )
        for words in ((), ("--spread", "normal"))
    )
    assert careful[0] < plain[0] < plain[1] < careful[1]


def test_rates_from_the_door(told: Tell, place: Path) -> None:
    """Golden: by hand. Cells that double every 12 h make 1/12 doublings an hour."""
    (place / "a.csv").write_text(COURSE, encoding="utf-8")
    for rate in ("growth", "DIP"):
        assert numbers(told("measure", "growth", "a.csv", "--rate", rate)) == {f"control: {rate} rate": pytest.approx(1 / 12)}
    full = told("measure", "growth", "a.csv", "--rate", "growth", "--confluent-at", "3000")["results"][0]
    assert full["estimate"] == pytest.approx(1 / 12)


def test_a_peak_is_told_and_drawn(said: Say, told: Tell, place: Path) -> None:
    """Law: with --plateau the template's curve rises first, and without it its peak is not looked for; figures are drawn."""
    said("measure", "template", "hormesis")
    chosen = told("measure", "dose-response", "hormesis.csv", "--plateau", "0")
    assert {"4OHT: dose of the peak", "4OHT: response at the peak", "4OHT: IC50 beyond the peak"} == set(numbers(chosen))
    assert all("stimulation p = " in words for words in chosen["warnings"])
    said("measure", "dose-response", "hormesis.csv", "--plateau", "0", "--out", "new")
    assert {path.suffix for path in (place / "new").iterdir()} >= {".csv", ".png", ".svg"}


def test_a_falling_curve_is_left_as_it_is(told: Tell, place: Path) -> None:
    """Law: where the simplest curve falls to the supposed plateau, that plateau is reported."""
    (place / "v.csv").write_text(CURVE, encoding="utf-8")
    assert numbers(told("measure", "dose-response", "v.csv", "--plateau", "0"))["all wells: plateau"] == 0.0


def test_figures_of_a_report_are_those_of_the_folder(said: Say, place: Path) -> None:
    """Law: with --out and --report a picture is drawn once, and stands in both; alone the report draws its own."""
    (place / "v.csv").write_text(CURVE, encoding="utf-8")
    said("measure", "dose-response", "v.csv", "--out", "new", "--report", "both.html")
    said("measure", "dose-response", "v.csv", "--report", "alone.html")
    texts = [(place / name).read_text(encoding="utf-8") for name in ("both.html", "alone.html")]
    assert [text.count("<svg") for text in texts] == [1, 1]
    assert "<path" in texts[0]
    assert "dose (nM)" in (place / "new" / "dose-response.svg").read_text(encoding="utf-8")


BAD: list[tuple[str, str, str, Mapping[str, str]]] = [
    (
        "no measure",
        "measure pool a.csv --out new --report new.html",
        "a.csv: it is not said what the effects are; say --measure HR, OR, RR, difference, or name the column so",
        {"a.csv": POOL.replace("HR", "effect")},
    ),
    (
        "two measures",
        "measure pool a.csv --measure OR",
        "a.csv: the effects are HR by the header but OR by the call",
        {"a.csv": POOL},
    ),
    (
        "one study",
        "measure pool a.csv --json",
        "effects: 1 studies are too few for 1 number(s); find more studies, or ask for less",
        {"a.csv": POOL.split("B,", maxsplit=1)[0]},
    ),
    (
        "misprint",
        "measure pool a.csv",
        "a.csv, row 2, column estimate: 0.46 does not lie mid-way between 0.33 and 0.94 on the log scale",
        {"a.csv": POOL.replace("0.64", "0.94")},
    ),
    (
        "error of which scale",
        "measure pool a.csv",
        "a.csv: the standard error of a HR may be that of the ratio or of its logarithm; "
        "name it log_se if it is of the logarithm, or give low and high",
        {"a.csv": "study,HR,se\nA,0.5,0.1\nB,0.6,0.1\n"},
    ),
    (
        "rate of an end point",
        "measure growth a.csv --rate growth",
        "control, experiment 1: cells: 2 counts before the well was full make no rate; count at least 5 times; "
        "there is no rate to find",
        {"a.csv": "".join(COURSE.splitlines(keepends=True)[:3])},
    ),
    (
        "rate without times",
        "measure growth a.csv --rate DIP",
        "column time: no column says when cells were counted; add it, as 'time (h)'",
        {"a.csv": "drug,cell_count,cell_count__ctrl,cell_count__time0\n4OHT,200,400,100\n"},
    ),
    (
        "settled without rate",
        "measure growth a.csv --settled-after 24h",
        "settled after: only a DIP rate settles; add --rate DIP",
        {"a.csv": COURSE},
    ),
    (
        "full without rate",
        "measure growth a.csv --confluent-at 5000",
        "confluent at: only rates leave out full wells; add --rate growth or --rate DIP",
        {"a.csv": COURSE},
    ),
    (
        "settled when",
        "measure growth a.csv --rate DIP --settled-after 24",
        "settled after: the time '24' has no unit; write it as 24h",
        {"a.csv": COURSE},
    ),
    (
        "few doses for a peak",
        "measure dose-response a.csv --plateau 0",
        "all wells, experiment 1: dose: 3 readings do not tell one plateau from another; test more doses; "
        "there is no curve to fit",
        {"a.csv": "".join(CURVE.splitlines(keepends=True)[:4])},
    ),
    (
        "few doses for a surface",
        "measure synergy a.csv --model musyc",
        "a + b: MuSyC: effect: 4 readings with 1 and 1 doses of a drug alone do not settle 10 numbers; "
        "test three doses of each drug alone, and their combinations; there is nothing to compare",
        {"a.csv": "drug1,drug2,conc1 (nM),conc2 (nM),counts\na,b,0,0,9\na,b,1,0,5\na,b,0,1,5\na,b,1,1,2\n"},
    ),
]


@pytest.mark.parametrize(("words", "sentence", "files"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_bad_input(refused: Callable[..., None], words: str, sentence: str, files: Mapping[str, str]) -> None:
    """Refusal: one sentence, or one line per fault of a table; exit code 2; nothing is written."""
    refused(words, sentence, files)
