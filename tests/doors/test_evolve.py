"""`tamarisk evolve`: the library's months of exposure, and cells that every other command takes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tamarisk as lab

Said = Callable[..., str]
Told = Callable[..., dict[str, Any]]

WEEKS = ("evolve", "--drug", "4OHT=1uM", "--until", "8wk")


def test_the_course_is_the_library_s(told: Told) -> None:
    """Reference: days, readouts, units and cells are the library's for the same arguments, bit for bit."""
    record = told(*WEEKS, "--medium", "full serum")
    found = lab.evolve("MCF-7", lab.protocol("4OHT=1uM", medium_name="full serum"), until="8wk")
    assert (record["context"], record["time_unit"]) == (found.context.name, "d")
    assert record["time"] == list(found.days)
    assert {name: one["values"] for name, one in record["readouts"].items()} == {
        name: list(values) for name, values in found.values.items()
    }
    assert {name: one["unit"] for name, one in record["readouts"].items()} == found.units
    assert [(one["parameter"], one["value"]) for one in record["cells"]] == [
        (one.parameter, one.value) for one in found.context.differences
    ]


def test_the_course_is_looked_at_twice_a_week(told: Told) -> None:
    """Law: from day zero to the last, two looks a week, as many values for every readout."""
    record = told(*WEEKS)
    assert record["time"] == pytest.approx([3.5 * look for look in range(17)], abs=1e-9)
    assert {len(one["values"]) for one in record["readouts"].values()} == {17}


@pytest.mark.parametrize("base", ["MCF-7", "T47D + PTEN-knockdown"])
def test_evolved_cells_are_cells(told: Told, base: str) -> None:
    """Law: the written table, taken as context, gives the cells that the library evolved (the table keeps six digits)."""
    told(*WEEKS, "--context", base, "--out", "evolved")
    record = told("simulate", "--context", "evolved/cells.tsv", "--drug", "fulvestrant=100nM", "--until", "24h")
    found = lab.evolve(base, lab.protocol("4OHT=1uM"), until="8wk").context
    course = lab.simulate(found, lab.protocol("fulvestrant=100nM"), until="24h")
    for name, one in record["readouts"].items():
        assert one["values"] == pytest.approx(course[name].values.tolist(), rel=1e-5, abs=1e-9)


def test_cells_of_a_table_evolve_into_a_table(told: Told, place: Path) -> None:
    """Law: cells that began as a user's table in another folder can be taken up again after they evolved."""
    (place / "lines").mkdir()
    table = "parameter\toperation\tvalue\tunit\tstatus\tsource\nPTEN_dose\tis\t0.2\trelative\tprior\tmine\n"
    (place / "lines" / "mine.tsv").write_text(table, encoding="utf-8")
    record = told(*WEEKS, "--context", "lines/mine.tsv", "--out", "evolved")
    again = told("simulate", "--context", "evolved/cells.tsv", "--readout", "PTEN", "--until", "24h")
    assert (
        again["readouts"]["PTEN"]["values"][0]
        < 0.5 * told("simulate", "--readout", "PTEN", "--until", "24h")["readouts"]["PTEN"]["values"][0]
    )
    assert again["context"] == "cells"
    assert record["context"].startswith("mine after 56 d in 4OHT 1000 nM")


def test_files_hold_what_is_told(told: Told, place: Path) -> None:
    """Law: the course in the folder has the numbers of the JSON, and the figure is there twice."""
    record = told(*WEEKS, "--out", "evolved")
    rows = list(csv.reader((place / "evolved" / "course.csv").open(encoding="utf-8")))
    assert rows[0] == ["day", *record["readouts"]]
    columns = [[float(cell) for cell in column] for column in zip(*rows[1:], strict=True)]
    assert columns == [record["time"], *(one["values"] for one in record["readouts"].values())]
    assert {file.name for file in (place / "evolved").iterdir()} == {
        ".tamarisk",
        "cells.tsv",
        "course.csv",
        "course.png",
        "course.svg",
    }


def test_the_table_goes_from_the_first_day_to_the_last(said: Said) -> None:
    """Law: the title names cells, span and drug; days rise from zero to the end; the written table is pointed to."""
    lines = said(*WEEKS, "--out", "evolved").splitlines()
    days = [int(line.split()[0]) for line in lines if line.split() and line.split()[0].isdigit() and len(line.split()) > 5]
    assert lines[0].strip() == "MCF-7 after 56 d in 4OHT 1000 nM"
    assert days == sorted(set(days))
    assert (days[0], days[-1]) == (0, 56)
    assert lines[-1] == "the cells as a context: evolved/cells.tsv"
