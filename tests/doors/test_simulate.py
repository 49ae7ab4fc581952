"""`tamarisk simulate`: the library's numbers, as a table, as JSON and as files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import Result

import tamarisk as lab
from tamarisk.model.context import changeable
from tamarisk.model.readout import DEFAULT
from tamarisk.tables import CONTENT

Run = Callable[..., Result]
Said = Callable[..., str]
Told = Callable[..., dict[str, Any]]

HEADER = "parameter\toperation\tvalue\tunit\tstatus\tsource\n"
SHORT = ("--until", "24h")


def _cells(place: Path, name: str, row: str = "PTEN_dose\tis\t0.2\trelative\tprior\tmine") -> None:
    (place / name).write_text(f"{HEADER}{row}\n", encoding="utf-8")


def _values(record: dict[str, Any]) -> dict[str, list[float]]:
    return {name: one["values"] for name, one in record["readouts"].items()}


def test_json_has_times_values_and_units(told: Told) -> None:
    """Law: 61 times in hours from zero to the end, and for every usual readout as many values with the unit that is listed."""
    record = told("simulate", *SHORT)
    assert (record["context"], record["medium"], record["protocol"]) == ("MCF-7", "E2", "untreated")
    assert record["time_unit"] == "h"
    assert record["time"] == np.linspace(0.0, 24.0, 61).tolist()
    assert list(record["readouts"]) == list(DEFAULT)
    assert {name: one["unit"] for name, one in record["readouts"].items()} == {
        name: lab.readouts()[name].unit for name in DEFAULT
    }
    assert {len(one["values"]) for one in record["readouts"].values()} == {61}
    assert "expression" not in record


def test_numbers_are_those_of_the_library(told: Told) -> None:
    """Reference: every option at once gives the library's numbers for the same arguments, bit for bit."""
    words = ["--context", "MCF-7 + PTEN-knockdown", "--drug", "4OHT=1uM", "--drug", "rapamycin=20nM@12h-18h", "--from", "6h"]
    words += ["--medium", "stripped", "--grown-in", "E2", "--rest", "starved=3h", "--readout", "pS6K", "--readout", "pERK"]
    record = told("simulate", *words, *SHORT)
    plan = lab.protocol(
        "4OHT=1uM", "rapamycin=20nM@12h-18h", start="6h", medium_name="stripped", grown_in="E2", rest=["starved=3h"]
    )
    course = lab.simulate("MCF-7 + PTEN-knockdown", plan, until="24h", readouts=["pS6K", "pERK"])
    assert _values(record) == {str(name): one.values.tolist() for name, one in course.items()}
    assert record["protocol"] == course.attrs["protocol"]


def test_times_are_as_many_as_asked_for(told: Told) -> None:
    """Law: --points says at how many times is looked, and moves no number."""
    few, many = told("simulate", "--points", "3", *SHORT), told("simulate", *SHORT)
    assert few["time"] == [0.0, 12.0, 24.0]
    assert _values(few) == {name: values[::30] for name, values in _values(many).items()}


def test_a_start_for_all_is_a_start_for_each(told: Told) -> None:
    """Law: drugs that do not say when they begin do so when --from says."""
    together = told("simulate", "--drug", "4OHT=1uM", "--from", "12h", *SHORT)
    alone = told("simulate", "--drug", "4OHT=1uM@12h", *SHORT)
    assert together == alone


def test_all_readouts_can_be_read(told: Told) -> None:
    """Law: 'all' reads every readout that is listed, and the usual ones have the same numbers as without it."""
    everything = told("simulate", "--readout", "all", *SHORT)
    assert list(everything["readouts"]) == list(lab.readouts())
    usual = _values(told("simulate", *SHORT))
    assert {name: values for name, values in _values(everything).items() if name in usual} == usual


def test_areas_and_peaks_are_read_by_name(told: Told, said: Said, place: Path) -> None:
    """Reference: an integral is what many trapezoids give of its curve, peaks are those of the curve; all have units."""
    words = ("--drug", "rapamycin=20nM@6h", "--readout", "pS6K", "--readout", "integral of pS6K", "--readout", "peaks of pS6K")
    record = told("simulate", *words, "--points", "2001", *SHORT)
    found = record["readouts"]
    curve, times = np.array(found["pS6K"]["values"]), np.array(record["time"])
    area = np.array(found["integral of pS6K"]["values"])
    assert area[-1] == pytest.approx(np.trapezoid(curve, times), rel=1e-5)
    assert area[0] == 0.0
    assert {name: one["unit"] for name, one in found.items()} == {
        "pS6K": "relative", "integral of pS6K": "relative h", "largest pS6K": "relative", "time of the largest pS6K": "h",
        "smallest pS6K": "relative", "time of the smallest pS6K": "h",
    }  # fmt: skip
    assert found["largest pS6K"]["value"] == pytest.approx(curve.max(), rel=1e-6)
    assert found["smallest pS6K"]["value"] == pytest.approx(curve.min(), rel=1e-6)
    assert found["time of the smallest pS6K"]["value"] == pytest.approx(times[curve.argmin()], abs=times[1])
    lines = said("simulate", *words, *SHORT, "--out", "new").splitlines()
    assert [line.rstrip() for line in lines if line.startswith("MCF-7 in E2: ")] == [
        lines[0].rstrip(),
        f"{lines[0].rstrip()}, 0 to 24 h",
    ]
    rows = list(csv.reader((place / "new" / "peaks.csv").open(encoding="utf-8")))
    assert rows[0] == ["readout", "value", "unit"]
    assert [row[0] for row in rows[1:]] == [name for name, one in found.items() if "value" in one]
    assert [float(row[1]) for row in rows[1:]] == [one["value"] for one in found.values() if "value" in one]
    header = (place / "new" / "course.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "time (h),pS6K (relative),integral of pS6K (relative h)"


def test_peaks_alone_need_no_curve(said: Said, place: Path) -> None:
    """Law: where nothing is read over time there is one table, and no figure."""
    printed = said("simulate", "--readout", "peaks of pERK", *SHORT, "--out", "new")
    assert printed.splitlines()[0].strip() == "MCF-7 in E2: untreated, 0 to 24 h"
    assert {file.name for file in (place / "new").iterdir()} == {".tamarisk", "course.csv", "peaks.csv"}


def test_genes_are_those_of_the_library(told: Told) -> None:
    """Reference: genes follow in the order asked for, with the library's log2 folds, bit for bit."""
    record = told("simulate", "--drug", "fulvestrant=100nM", "--genes", "GREB1, tff1", *SHORT)["expression"]
    course = lab.express("MCF-7", lab.protocol("fulvestrant=100nM"), until="24h", genes=["GREB1", "TFF1"])
    assert record["genes"] == {gene: course["log2_fold"].sel(gene=gene).values.tolist() for gene in ("GREB1", "TFF1")}
    assert record["time"] == course["time"].values.tolist()
    assert record["unit"] == "log2 fold"


def test_a_regulon_of_ones_own_is_used(told: Told, place: Path) -> None:
    """Law: genes and what was left out come from the user's regulon."""
    rows = "source\tinteraction\ttarget\nESR1\t+1\tMYGENE\nGATA3\t+1\tOTHER\n"
    (place / "mine.tsv").write_text(rows, encoding="utf-8")
    record = told("simulate", "--regulon", "mine.tsv", "--genes", "all", *SHORT)["expression"]
    assert list(record["genes"]) == ["MYGENE"]
    assert record["left_out"].startswith("1 factors have no activity")


def test_the_shipped_regulon_can_be_given_back(told: Told) -> None:
    """Law: a file with the shipped regulon's columns is read, as the library promises."""
    shipped = str(CONTENT / "regulon" / "regulon.tsv")
    record = told("simulate", "--regulon", shipped, "--genes", "all", *SHORT)["expression"]
    assert list(record["genes"]) == list(lab.read_regulon().genes)


def test_the_table_says_what_was_done(said: Said) -> None:
    """Law: cells, medium and plan stand in the title, each readout on a line with its unit, each gene with its sign."""
    printed = said("simulate", "--context", "mcf7 tamr", "--drug", "4-hydroxytamoxifen=1uM", "--genes", "GREB1", *SHORT)
    lines = printed.splitlines()
    assert lines[0].strip() == "MCF7-TamR in E2: 4OHT 1000 nM"
    assert [name for name in DEFAULT if not any(line.startswith(f"{name} ") for line in lines)] == []
    assert any(line.split()[0] == "GREB1" and line.split()[1][0] in "+-" for line in lines if line.strip())


def test_files_hold_what_is_told(told: Told, place: Path) -> None:
    """Law: the tables in the folder have the numbers of the JSON, with units in their headers, and each figure is there twice."""
    record = told("simulate", "--genes", "GREB1,TFF1", *SHORT, "--out", "new/deep")
    folder = place / "new" / "deep"
    course, genes = (list(csv.reader((folder / name).open(encoding="utf-8"))) for name in ("course.csv", "genes.csv"))
    assert course[0] == ["time (h)", *(f"{name} ({one['unit']})" for name, one in record["readouts"].items())]
    columns = [[float(cell) for cell in column] for column in zip(*course[1:], strict=True)]
    assert columns == [record["time"], *_values(record).values()]
    assert genes[0] == ["time (h)", "GREB1", "TFF1"]
    assert [float(row[1]) for row in genes[1:]] == record["expression"]["genes"]["GREB1"]
    assert {file.name for file in folder.glob("course-*")} == {f"course-{n}.{kind}" for n in (1, 2) for kind in ("png", "svg")}


def test_a_folder_of_ours_is_used_again(said: Said, told: Told, place: Path) -> None:
    """Law: the same folder may be written twice, and then holds the second answer."""
    said("simulate", *SHORT, "--out", "new")
    record = told("simulate", "--drug", "4OHT=1uM", *SHORT, "--out", "new")
    last = (place / "new" / "course.csv").read_text(encoding="utf-8").splitlines()[-1].split(",")
    assert [float(cell) for cell in last] == [record["time"][-1], *(values[-1] for values in _values(record).values())]


@pytest.mark.parametrize("name", ["<b>&.tsv", "a[red]b.tsv", "a$_$b.tsv"])
def test_names_of_users_are_only_names(said: Said, place: Path, name: str) -> None:
    """Law: whatever a table of cells is called, its name is printed and drawn as it is and nothing in it is an order."""
    _cells(place, name)
    stem = name.removesuffix(".tsv")
    assert said("simulate", "--context", name, *SHORT, "--out", "new").splitlines()[0].strip() == f"{stem} in E2: untreated"
    drawn = ElementTree.parse(place / "new" / "course-2.svg")  # noqa: S314 -- our own file
    assert f"{stem}: untreated" in {"".join(one.itertext()) for one in drawn.iter("{http://www.w3.org/2000/svg}text")}


def test_a_failed_run_is_no_bad_input(tamarisk: Run, place: Path) -> None:
    """Refusal: cells that cannot be run end with exit code 1, one sentence, and nothing written."""
    _cells(place, "wild.tsv", f"growth_dose\tis\t1000000\t{changeable()['growth_dose'].unit}\tprior\tmine")
    result = tamarisk("simulate", "--context", "wild.tsv", "--out", "new", "--json")
    sentence = "wild, untreated: a quantity became infinite or undefined; a smaller change of the cells may run"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"tamarisk: {sentence}\n")
    assert not (place / "new").exists()
