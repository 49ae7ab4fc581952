"""`tamarisk screen`: the library's dose-response, as a table, as JSON and as files."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

import tamarisk as lab

Run = Callable[..., Result]
Told = Callable[..., dict[str, Any]]

ONE = ("screen", "--context", "T47D", "--drug", "fulvestrant=0.01nM-100nM", "--points", "5")
TWO = ("screen", "--drug", "fulvestrant=0.1nM-10nM", "--drug", "rapamycin", "--points", "5")


def test_one_drug_is_the_library_s_curve(told: Told) -> None:
    """Reference: doses, cells, GR and the curve's numbers are the library's for the same arguments, bit for bit."""
    record = told(*ONE)
    found = lab.screen("T47D", ["fulvestrant=0.01nM-100nM"], points=5)
    assert (record["context"], record["medium"], record["hours"]) == (found.context, found.medium, found.span_h)
    assert record["drugs"] == [{"name": "fulvestrant", "doses": [0.0, 0.01, 0.1, 1.0, 10.0, 100.0], "unit": "nM"}]
    for key, values in (("cell_number", found.relative), ("GR", found.GR), ("doublings", found.doublings)):
        assert record[key]["values"] == values.tolist()
    assert {name: one["value"] for name, one in record["numbers"].items()} == {
        name: one.value for name, one in found.numbers.items()
    }
    assert record["interaction"] is None


def test_every_number_has_its_unit(told: Told) -> None:
    """Law: what is told has a unit, and what is said of a number begins with it."""
    record = told(*ONE)
    assert [record[key]["unit"] for key in ("cell_number", "GR", "doublings")] == [
        "fold of untreated",
        "dimensionless",
        "doublings",
    ]
    assert record["numbers"]["IC50 of fulvestrant"]["unit"] == "nM"
    assert record["numbers"]["IC50 of fulvestrant"]["said"].endswith(" nM")


def test_two_drugs_are_the_library_s_surface(told: Told) -> None:
    """Reference: rows are the first drug and columns the second, as in the library, bit for bit."""
    record = told(*TWO)
    found = lab.screen("MCF-7", ["fulvestrant=0.1nM-10nM", "rapamycin"], points=5)
    assert [one["doses"] for one in record["drugs"]] == [list(axis) for axis in found.doses]
    assert record["cell_number"]["values"] == found.relative.tolist()
    assert record["interaction"]["values"] == found.interaction.tolist()


def test_one_drug_alone_does_not_interact(told: Told) -> None:
    """Law: untreated cells are one and GR one, and beside no second drug there is nothing beyond the sum."""
    record = told(*TWO)
    cells, rates, beyond = (np.array(record[key]["values"]) for key in ("cell_number", "GR", "interaction"))
    assert cells.shape == rates.shape == beyond.shape == (6, 6)
    assert (cells[0, 0], rates[0, 0]) == (1.0, 1.0)
    assert beyond[0] == pytest.approx(0.0, abs=1e-12)
    assert beyond[:, 0] == pytest.approx(0.0, abs=1e-12)


def test_what_all_cultures_get_is_given(told: Told) -> None:
    """Reference: --with and --medium are the library's `around`, bit for bit."""
    record = told("screen", "--drug", "fulvestrant", "--points", "5", "--with", "rapamycin=20nM", "--medium", "full serum")
    around = lab.protocol("rapamycin=20nM", medium_name="full serum")
    found = lab.screen("MCF-7", ["fulvestrant"], points=5, around=around)
    assert record["doublings"]["values"] == found.doublings.tolist()
    assert record["medium"] == "full serum"


def test_a_dose_with_an_exponent_is_a_dose(told: Told) -> None:
    """Law: a range may be written with exponents, as every other dose."""
    written = told("screen", "--drug", "fulvestrant=1e-2nM-1e2nM", "--points", "5", "--until", "48h")
    plain = told("screen", "--drug", "fulvestrant=0.01nM-100nM", "--points", "5", "--until", "48h")
    assert written == plain


def test_progress_stays_off_standard_output(tamarisk: Run) -> None:
    """Law: steps go to the error stream; the table alone, with the curve's numbers below it, to standard output."""
    result = tamarisk(*ONE)
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == "screen: cultures (6 of 6)"
    assert "cultures" not in result.stdout
    lines = result.stdout.splitlines()
    assert lines[0].strip() == "T47D in E2, 144 h: fulvestrant"
    assert [float(line.split()[0]) for line in lines[2:8]] == [0.0, 0.01, 0.1, 1.0, 10.0, 100.0]
    assert any(line.startswith("IC50 of fulvestrant: ") and line.endswith(" nM") for line in lines)


def test_files_hold_what_is_told(told: Told, place: Path) -> None:
    """Law: the table has one row per culture, doses first, with the numbers of the JSON, and each figure is there twice."""
    record = told(*TWO, "--out", "new")
    rows = list(csv.reader((place / "new" / "screen.csv").open(encoding="utf-8")))
    assert rows[0] == ["fulvestrant (nM)", "rapamycin (nM)", "cell number", "GR", "doublings"]
    doses = list(itertools.product(*(one["doses"] for one in record["drugs"])))
    values = [np.ravel(record[key]["values"]).tolist() for key in ("cell_number", "GR", "doublings")]
    assert [[float(cell) for cell in row] for row in rows[1:]] == [
        [*dose, *some] for dose, *some in zip(doses, *values, strict=True)
    ]
    names = {f"screen-{number}.{kind}" for number in (1, 2) for kind in ("png", "svg")}
    assert {file.name for file in (place / "new").glob("screen-*")} == names
