"""Tables of bands: what is read, by hand, from one file or several, and every fault with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tamarisk.errors import TamariskError
from tamarisk.measurement.blot_lanes import read_blots
from tamarisk.measurement.blot_table import folds_of

LAW = settings(deadline=None, max_examples=200, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
Written = Callable[..., Path]
WIDE = "blot,condition,pS167,ERa,actin\n1,vehicle,8,4,5\n1,rapamycin,2,8,5\n2,vehicle,10,5,6\n2,rapamycin,3,9,6\n"
BANDS = {"phospho": "pS167", "total": "ERa", "load": "actin"}


def sentence(reader: Callable[[], object]) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(TamariskError) as refused:
        reader()
    return str(refused.value)


def test_wide_and_long_blots_are_the_same(written: Written) -> None:
    """Law: a column per band and a row per band hold the same densities; the call may name the bands."""
    rows = [line.split(",") for line in WIDE.splitlines()[1:]]
    long = [
        "gel,lane,antibody,volume",
        *(
            f"{blot},{lane},{band},{row[k]}"
            for row in rows
            for blot, lane in [row[:2]]
            for k, band in enumerate(BANDS.values(), 2)
        ),
    ]
    wide, (source,) = read_blots([written(WIDE)], linear_range=(1, 50), bands=BANDS)
    tall, _ = read_blots([written("\n".join(long) + "\n", "long.csv")], linear_range=(1, 50), bands=BANDS)
    assert np.array_equal(np.array([wide.phospho, wide.total, wide.load]), np.array([tall.phospho, tall.total, tall.load]))
    assert (list(wide.conditions), source.used) == (["vehicle", "rapamycin"], 4)


def test_folds_by_hand(written: Written) -> None:
    """Golden: by hand. Phospho falls 4-fold and 10/3-fold, geometric mean 0.2739; total doubles and rises 1.8-fold, 1.897."""
    measured = folds_of(read_blots([written(WIDE)], linear_range=(1, 50), bands=BANDS)[0], control="vehicle")
    values = {one.name: one.estimate.value for one in measured.results}
    assert values["phospho per load"] == pytest.approx((2 / 8 * 3 / 10) ** 0.5, rel=1e-9)
    assert values["total per load"] == pytest.approx((2.0 * 1.8) ** 0.5, rel=1e-9)
    assert values["phospho per total"] == pytest.approx(values["phospho per load"] / values["total per load"], rel=1e-9)


def test_blots_without_a_phospho_band(written: Written) -> None:
    """Law: total per load is what it is beside a phospho band, in wide and in long tables, and nothing else is told."""
    whole = folds_of(read_blots([written(WIDE)], linear_range=(1, 50), bands=BANDS)[0], control="vehicle")
    rows = [line.split(",") for line in WIDE.splitlines()]
    wide = "\n".join(",".join((row[0], row[1], row[3], row[4])) for row in rows) + "\n"
    cells = [f"{row[0]},{row[1]},{band},{cell}" for row in rows[1:] for band, cell in zip(("ERa", "actin"), row[3:], strict=True)]
    long = "\n".join(["blot,condition,band,density", *cells]) + "\n"
    for text in (wide, long):
        named = {"total": "ERa", "load": "actin"}
        found = folds_of(read_blots([written(text)], linear_range=(1, 50), bands=named)[0], control="vehicle")
        told = [(one.of, one.name, one.estimate.value, one.estimate.n) for one in whole.results if one.name == "total per load"]
        assert [(one.of, one.name, one.estimate.value, one.estimate.n) for one in found.results] == told
        assert found.warnings == ("there is no phospho band, so only total per load is told (--phospho names one)",)
    words = "table.csv, column band: no band 'pS167' for phospho (--phospho names it; known: ERa, actin)"
    assert sentence(lambda: read_blots([written(long)], linear_range=(1, 50), bands=BANDS)) == words


def test_a_lane_without_control_is_refused_by_name(written: Written) -> None:
    """Law: a condition that shares no blot with the control is refused, the others are told."""
    blots, _ = read_blots([written(WIDE + "3,both,4,4,4\n")], linear_range=(1, 50), bands=BANDS)
    measured = folds_of(blots, control="vehicle")
    assert {one.of for one in measured.results} == {"rapamycin"}
    assert str(measured.refusals[0]).startswith("both: blots: no blot holds both lanes with all three bands")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            WIDE.replace("10,5,6", "90,5,0"),
            "table.csv, row 4, column pS167: 90 is saturated (linear from 1 to 50: expose again)\n"
            "table.csv, row 4, column actin: 0 is too weak (nothing is left above background)",
        ),
        (WIDE.replace("8,4,5", "0.5,4,5"), "table.csv, row 2, column pS167: 0.5 is too weak (linear from 1 to 50: expose again)"),
        (
            WIDE.replace("8,4,5", "-1,4,x"),
            "table.csv, row 2, column phospho: -1 is below 0\ntable.csv, row 2, column load: 'x' is not a number",
        ),
        (
            WIDE.replace("ERa", "ESR1"),
            "table.csv, header: no column 'ERa' for total (--total names it; known: blot, condition, pS167, ESR1, actin)",
        ),
        (
            WIDE.replace("blot,", "plate,"),
            "table.csv, header: column 'blot' is missing "
            "(say which it is with --column blot=HEADER; known: plate, condition, pS167, ERa, actin)",
        ),
        (
            WIDE + "2,rapamycin,3,9,6\n",
            "table.csv, row 6, column pS167: 'rapamycin' stands twice on blot 2 (average repeated lanes first)\n"
            "table.csv, row 6, column ERa: 'rapamycin' stands twice on blot 2 (average repeated lanes first)\n"
            "table.csv, row 6, column actin: 'rapamycin' stands twice on blot 2 (average repeated lanes first)",
        ),
        (
            "blot,condition,band,density\n1,vehicle,pS167,5\n1,vehicle,ERa,5\n",
            "table.csv, column band: no band 'actin' for load (--load names it; known: pS167, ERa)",
        ),
    ],
    ids=["saturated", "weak", "cells", "no total", "no blot", "twice", "no load"],
)
def test_faults_of_blots(written: Written, text: str, words: str) -> None:
    """Refusal: every band outside the linear range is named with its place."""
    assert sentence(lambda: read_blots([written(text)], linear_range=(1, 50), bands=BANDS)) == words


def test_a_range_that_is_none(written: Written) -> None:
    """Refusal: the range goes from a positive density to a higher one."""
    expected = "linear range: 50 to 1 is no linear range; give two densities, the lower above 0, as a dilution series showed them"
    assert sentence(lambda: read_blots([written(WIDE)], linear_range=(50, 1), bands=BANDS)) == expected


# several files


def test_files_are_blots(written: Written) -> None:
    """Law: blots in one file or each in its own, named there or by their files, are the same blots."""
    rows = WIDE.splitlines()
    numbered = ["\n".join([rows[0], *rows[start : start + 2]]) + "\n" for start in (1, 3)]
    unnamed = ["\n".join(row.split(",", 1)[1] for row in text.splitlines()) + "\n" for text in numbered]
    whole, _ = read_blots([written(WIDE)], linear_range=(1, 50), bands=BANDS)
    for texts in (numbered, unnamed):
        files = [written(text, f"{number}.csv") for number, text in enumerate(texts)]
        parts, sources = read_blots(files, linear_range=(1, 50), bands=BANDS)
        for band in ("phospho", "total", "load"):
            assert np.array_equal(getattr(parts, band), getattr(whole, band))
        assert [source.used for source in sources] == [2, 2]


def test_a_blot_that_two_files_name(written: Written) -> None:
    """Refusal: two files that number their blots from 1 hold different blots under one name."""
    files = [written(WIDE.replace("\n2,", "\n3,"), "a.csv"), written("\n".join(WIDE.splitlines()[:2]) + "\n", "b.csv")]
    told = sentence(lambda: read_blots(files, linear_range=(1, 50), bands=BANDS)).splitlines()
    assert told[0] == ("b.csv, row 2, column pS167: 'vehicle' stands twice on blot 1 (also in a.csv: number blots throughout)")
    assert len(told) == 3


def test_one_file_needs_its_blots(written: Written) -> None:
    """Refusal: without a column of blots one file may hold one or many, and nothing says which."""
    text = "condition,phospho,total,load\nvehicle,8,4,5\n"
    words = "table.csv, header: column 'blot' is missing (say which it is with --column blot=HEADER; known: condition, phospho,"
    assert sentence(lambda: read_blots([written(text)], linear_range=(1, 50))).startswith(words)


def test_headers_that_the_call_names(written: Written) -> None:
    """Law: the header that a call names wins over others that may mean the same, in wide tables and in long ones."""
    wide = WIDE.replace("blot,condition,", "experiment,treatment,").replace("actin\n", "actin,lane\n")
    wide = "\n".join(f"{row},{number}" if number else row for number, row in enumerate(wide.splitlines())) + "\n"
    both = "table.csv, header: columns 'treatment' and 'lane' both mean 'condition'"
    assert sentence(lambda: read_blots([written(wide)], linear_range=(1, 50), bands=BANDS)).startswith(both)
    named = {"condition": "treatment"}
    found, _ = read_blots([written(wide)], linear_range=(1, 50), bands=BANDS, columns=named)
    assert list(found.conditions) == ["vehicle", "rapamycin"]
    long = "blot,condition,target,band,od\n1,vehicle,total,x,5\n1,vehicle,load,x,6\n"
    found, _ = read_blots([written(long)], linear_range=(1, 50), columns={"band": "target", "density": "od"})
    assert (np.asarray(found.total).tolist(), np.asarray(found.load).tolist()) == ([[5.0]], [[6.0]])
    words = "column: no column is called 'lane' here; known: blot, condition, band, density"
    assert sentence(lambda: read_blots([written(WIDE)], linear_range=(1, 50), columns={"lane": "x"})) == words


def test_a_band_that_the_call_names_must_be_there(written: Written) -> None:
    """Refusal: a phospho band may lack, but not one that the call names."""
    words = "table.csv, header: no column 'pS118' for phospho (--phospho names it; known: blot, condition, pS167, ERa, actin)"
    named = {**BANDS, "phospho": "pS118"}
    assert sentence(lambda: read_blots([written(WIDE)], linear_range=(1, 50), bands=named)) == words
    twice = {**BANDS, "phospho": "ERa"}
    words = "bands: phospho and total are both 'ERa'; name a column or band for each"
    assert sentence(lambda: read_blots([written(WIDE)], linear_range=(1, 50), bands=twice)) == words


@LAW
@given(
    text=some.lists(
        some.sampled_from((*'a1,;\t\n0.-"é', "NA", "blot,condition,band,density", "condition,phospho,total,load")), max_size=40
    ).map("".join)
)
def test_no_text_ends_in_a_traceback(written: Written, text: str) -> None:
    """Law: whatever stands in one file or beside a sound one, it is read or refused in words."""
    path, sound = written(text), written(WIDE, "sound.csv")
    for files in ([path], [sound, path]):
        try:
            folds_of(read_blots(files, linear_range=(0.1, 50))[0], control="a")
        except TamariskError as refused:
            assert str(refused)
