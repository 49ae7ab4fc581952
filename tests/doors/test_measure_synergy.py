"""`tamarisk measure synergy`: screens as SynergyFinder and as a bench keep them, and bad ones in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Tell = Callable[..., dict[str, Any]]
SCREENS = Path(__file__).resolve().parents[3] / "shared/reference/assay"
COUNTS = "experiment,drug1,drug2,conc1 (nM),conc2 (nM),counts\n" + "".join(
    f"{run},4OHT,rapamycin,{first},{second},{count}\n"
    for run, scale in ((1, 1.0), (2, 1.2), (3, 0.9))
    for first, second, count in ((0, 0, 800 * scale), (100, 0, 400), (0, 5, 400), (100, 5, 100))
)
SCREEN = "block_id,drug_row,drug_col,conc_r,conc_c,response,conc_r_unit,conc_c_unit\n" + "".join(
    f"1,4OHT,rapamycin,{first},{second},{taken},nM,nM\n"
    for first, second, taken in ((0, 0, 0), (9, 0, 40), (0, 5, 30), (9, 5, 70))
)
CALL = "measure synergy s.csv --out new --report new.html"
SAID = f"{CALL} --response inhibition --scale percent"


def numbers(record: dict[str, Any]) -> dict[str, float]:
    """Every estimate by its name."""
    return {one["name"]: one["estimate"] for one in record["results"]}


def test_a_screen_of_synergyfinder(told: Tell, place: Path) -> None:
    """Golden: by hand. 40 % and 30 % leave .6 x .7 = .42, so 70 % is 12 points beyond Bliss and 30 beyond the better drug."""
    (place / "s.csv").write_text(SCREEN, encoding="utf-8")
    record = told("measure", "synergy", "s.csv", "--response", "inhibition", "--scale", "percent")
    assert numbers(record) == {
        "4OHT + rapamycin: HSA excess": pytest.approx(30.0, rel=1e-12),
        "4OHT + rapamycin: Bliss excess": pytest.approx(12.0, rel=1e-12),
    }
    assert [one["what"] for one in record["refusals"]] == ["4OHT + rapamycin: Loewe", "4OHT + rapamycin: ZIP"]
    assert {(one["unit"], one["interval"], one["n"]) for one in record["results"]} == {("% points", None, 1)}


def plate(run: int) -> str:
    """A plate as high-throughput screens export it: wells of one drug leave the other out, controls name none."""
    wells: list[tuple[str, float, str, float | str, int]] = [
        ("control", 0, "", "", 800),
        ("4OHT", 1e-7, "", "", 400),
        ("rapamycin", 5e-9, "", "", 400),
    ]
    wells += [("4OHT", 1e-7, "rapamycin", 5e-9, 100), ("4OHT", 1e-7, "ICI", 1e-9, 200), ("ICI", 1e-9, "", "", 400)]
    wells += [("PP242", 1e-6, "", "", 300)]
    header = "upid,well,cell.line,drug1,drug1.conc,drug1.units,drug2,drug2.conc,drug2.units,cell.count,time"
    scale = 1 + run / 10
    rows = (
        f"p{run},A0{place},MCF7,{one},{dose},M,{other},{second},"
        + (f"M,{count * scale * 2 ** ((run - 2) / 10)},72" if other else f",{count * scale},72")
        for place, (one, dose, other, second, count) in enumerate(wells, 1)
    )
    return header + "\n" + "\n".join(rows) + "\n"


def test_plates_of_a_screen(told: Tell, place: Path) -> None:
    """Golden: by hand. Controls and wells of one drug stand beside both pairs: log2(100 x 800 / 400 / 400) = -1; ICI 0."""
    for run in (1, 2, 3):
        (place / f"{run}.csv").write_text(plate(run), encoding="utf-8")
    record = told("measure", "synergy", "1.csv", "2.csv", "3.csv")
    found = {one["name"]: one for one in record["results"]}
    one = found["MCF7, 4OHT 100 nM + rapamycin 5 nM: interaction"]
    assert (one["estimate"], one["n"]) == (pytest.approx(-1.0, rel=1e-9), 3)
    assert found["MCF7, 4OHT 100 nM + ICI 1 nM: interaction"]["estimate"] == pytest.approx(0.0, abs=1e-9)
    assert [one["rows_dropped"] for one in record["inputs"]] == [["a drug of no pair: 1 rows"]] * 3
    assert [one["rows_used"] for one in record["inputs"]] == [6, 6, 6]


@pytest.mark.skipif(not SCREENS.exists(), reason="screens of SynergyFinder are not beside the project")
def test_the_screen_of_mathews(told: Tell) -> None:
    """Golden: SynergyFinder 3.7.3 gives Bliss 10.8565 and -13.0727, HSA 20.1951 and -41.4176; the printed digits."""
    file = str(SCREENS / "mathews_screening_data.csv")
    record = told("measure", "synergy", file, "--response", "viability", "--scale", "percent")
    expected = {"ispinesib": (20.1951, 10.8565), "canertinib": (-41.4176, -13.0727)}
    for drug, (best, independent) in expected.items():
        found = numbers(record)
        assert found[f"{drug} + ibrutinib: HSA excess"] == pytest.approx(best, abs=5e-5)
        assert found[f"{drug} + ibrutinib: Bliss excess"] == pytest.approx(independent, abs=5e-5)
    assert all("the curve is not well behaved" in one["why"] for one in record["refusals"])


@pytest.mark.skipif(not SCREENS.exists(), reason="screens of SynergyFinder are not beside the project")
def test_a_screen_with_repeated_wells(told: Tell) -> None:
    """Golden: SynergyFinder 3.7.3 on the means of four wells each; the printed digits, and .3 for ZIP as MEASUREMENT.md 11 asks.

    It gives Loewe also where one drug alone exceeds the full effect of the other, so its mean of 37.28 is not of these cells.
    """
    file = str(SCREENS / "ONEIL_screening_data.csv")
    found = numbers(told("measure", "synergy", file, "--response", "inhibition", "--scale", "percent"))
    first, second = "OCUBM, MK-1775 + Niraparib", "NCIH2122, Paclitaxel + L-778123 free base"
    expected = {f"{first}: Bliss excess": 35.30697, f"{first}: HSA excess": 40.92016}
    expected |= {f"{second}: Bliss excess": -77.67912, f"{second}: HSA excess": -71.78848}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=6e-6)
    assert found[f"{first}: ZIP excess"] == pytest.approx(35.42245, abs=0.3)  # SynergyFinder's curves stop early


@pytest.mark.skipif(not SCREENS.exists(), reason="screens of SynergyFinder are not beside the project")
def test_a_well_behaved_matrix(told: Tell, place: Path) -> None:
    """Reference: means of SynergyFinder 3.7.3; Loewe of the 20 combinations that have one, by MEASUREMENT.md 11 to .5, ZIP to .3.

    SynergyFinder looks for Loewe's root on a grid of 100 steps, and its curves stop early.
    """
    wells = (SCREENS / "synergyfinder_wellbehaved_expected.csv").read_text(encoding="utf-8").splitlines()
    rows = [",".join((*line.split(",")[:3], "a", "b", "nM")) for line in wells[1:]]
    (place / "s.csv").write_text("\n".join(["conc1,conc2,response,drug1,drug2,conc_unit", *rows]) + "\n", encoding="utf-8")
    record = told("measure", "synergy", "s.csv", "--response", "inhibition", "--scale", "percent")
    found = numbers(record)
    assert found["a + b: Bliss excess"] == pytest.approx(1.437064, abs=5e-7)
    assert found["a + b: HSA excess"] == pytest.approx(10.1071, abs=5e-5)
    assert found["a + b: Loewe excess"] == pytest.approx(7.149250, abs=0.5)  # its grid, see above
    assert found["a + b: ZIP excess"] == pytest.approx(1.365732, abs=0.3)  # its curves, see above
    assert "a + b: Loewe excess is the mean of 20 of 25 combinations" in record["warnings"]


def test_counts_of_three_experiments_are_tested(told: Tell, place: Path) -> None:
    """Golden: by hand. 100 under both, 400 under each, 800 under none: log2(100 x 800 / 400 / 400) = -1; then 960 and 720."""
    (place / "s.csv").write_text(COUNTS, encoding="utf-8")
    found = {one["name"]: one for one in told("measure", "synergy", "s.csv")["results"]}
    lone = found["4OHT 100 nM + rapamycin 5 nM: interaction"]
    assert lone["estimate"] == pytest.approx((-1.0 - 0.736966 - 1.152003) / 3, abs=1e-6)
    assert lone["interval"] == pytest.approx([-1.484608, -0.441372], abs=2e-6)  # t 4.302653 x .209979 / 3 ** .5
    assert (lone["n"], lone["unit"]) == (3, "doublings")


def test_the_template_shows_its_interaction(said: Callable[..., str], told: Tell) -> None:
    """Law: the drugs of the template help each other at the highest doses, beyond chance, and not at the lowest."""
    said("measure", "template", "synergy")
    found = {one["name"]: one for one in told("measure", "synergy", "synergy.csv")["results"]}
    assert found["MCF-7 TamR, 4OHT 300 nM + rapamycin 30 nM: interaction"]["interval"][1] < 0
    assert found["MCF-7 TamR, 4OHT 300 nM + rapamycin 30 nM: interaction"]["adjusted_p"] < 0.05
    assert found["MCF-7 TamR, 4OHT 10 nM + rapamycin 1 nM: interaction"]["adjusted_p"] > 0.05


def test_a_small_design_is_drawn_as_bars(said: Callable[..., str], place: Path) -> None:
    """Law: one combination has a figure too, and names keep whatever signs they hold."""
    (place / "s.csv").write_text(COUNTS.replace("4OHT", "[red]$x$"), encoding="utf-8")
    assert "[red]$x$ 100 nM" in said("measure", "synergy", "s.csv", "--out", "new")
    assert {path.suffix for path in (place / "new").iterdir()} >= {".csv", ".png", ".svg"}


BAD: list[tuple[str, str, str, Mapping[str, str]]] = [
    (
        "no direction",
        CALL,
        "s.csv: the responses have no direction; say --response viability or inhibition",
        {"s.csv": SCREEN},
    ),
    (
        "no scale",
        f"{CALL} --response viability",
        "s.csv: the scale is not said; say --scale percent or --scale fraction, or name the column 'viability (%)'",
        {"s.csv": SCREEN},
    ),
    (
        "two directions",
        f"{CALL} --response viability",
        "s.csv: the responses are inhibition by the header but viability by the call",
        {"s.csv": SCREEN.replace("response", "inhibition (%)")},
    ),
    (
        "wrong direction",
        SAID.replace("inhibition", "viability"),
        "4OHT + rapamycin: wells without drug already lack a share of 1; say the right --response and --scale; "
        "there is nothing to compare",
        {"s.csv": SCREEN},
    ),
    (
        "wrong scale",
        SAID.replace("percent", "fraction"),
        "4OHT + rapamycin: HSA: effect: effects reach 70; give shares taken away, not percent; "
        "4OHT + rapamycin: Bliss: effect: effects reach 70; give shares taken away, not percent; "
        "4OHT + rapamycin: Loewe: effect: effects reach 70; give shares taken away, not percent; "
        "4OHT + rapamycin: ZIP: effect: effects reach 70; give shares taken away, not percent; there is nothing to compare",
        {"s.csv": SCREEN},
    ),
    (
        "no such direction",
        f"{CALL}",
        "response: no direction 'GR'; known: viability, inhibition",
        {"s.csv": SCREEN.replace("response", "GR")},
    ),
    (
        "no unit",
        CALL,
        "s.csv, rows 3, 5, 7, 9, 11, 13, column conc1: the dose has no unit "
        "(say --unit nM, add a column 'conc_unit', or name the column 'conc1 (nM)')",
        {"s.csv": COUNTS.replace("conc1 (nM)", "conc1")},
    ),
    (
        "unknown unit in a cell",
        SAID,
        "s.csv, rows 2-5, column conc2: unknown unit 'mg' (use fM, pM, nM, uM, mM, M)",
        {"s.csv": SCREEN.replace(",nM\n", ",mg\n")},
    ),
    (
        "unknown unit",
        f"{CALL} --unit mg",
        "unit: unknown unit 'mg'; use fM, pM, nM, uM, mM, M",
        {"s.csv": COUNTS.replace(" (nM)", "")},
    ),
    (
        "two units",
        f"{CALL} --unit uM",
        "s.csv: conc1 is in nM by the header but in uM by the call",
        {"s.csv": COUNTS},
    ),
    (
        "unit of the cell against the call",
        f"{SAID} --unit uM",
        "s.csv, rows 2-5, column conc1: the cell says nM but header or call say uM\n"
        "s.csv, rows 2-5, column conc2: the cell says nM but header or call say uM",
        {"s.csv": SCREEN},
    ),
    (
        "negative dose",
        SAID,
        "s.csv, row 3, column conc1: -9 is below 0",
        {"s.csv": SCREEN.replace("n,9,0", "n,-9,0")},
    ),
    (
        "word",
        CALL,
        "s.csv, rows 5, 9, 13, column counts: 'many' is not a number",
        {"s.csv": COUNTS.replace(",100\n", ",many\n")},
    ),
    (
        "negative count",
        CALL,
        "s.csv, rows 5, 9, 13, column counts: -100 is below 0",
        {"s.csv": COUNTS.replace(",100\n", ",-100\n")},
    ),
    (
        "no second drug",
        SAID,
        "s.csv, header: column 'drug2' is missing (say which it is with --column drug2=HEADER; "
        "known: block_id, drug_row, partner, conc_r, conc_c, response, conc_r_unit, conc_c_unit)",
        {"s.csv": SCREEN.replace("drug_col", "partner")},
    ),
    (
        "colliding aliases",
        SAID,
        "s.csv, header: columns 'drug1' and 'drug_row' both mean 'drug1' (keep one, or say which with --column drug1=HEADER)",
        {"s.csv": SCREEN.replace("block_id", "drug1")},
    ),
    (
        "empty drug",
        SAID,
        "s.csv, row 3, column drug1: the dose has no drug",
        {"s.csv": SCREEN.replace("1,4OHT,rapamycin,9,0", "1,,rapamycin,9,0")},
    ),
    (
        "no dose",
        SAID,
        "s.csv, row 3, column conc2: the drug has no dose",
        {"s.csv": SCREEN.replace("1,4OHT,rapamycin,9,0", "1,4OHT,rapamycin,9,")},
    ),
    (
        "no pair",
        SAID,
        "s.csv: no well names two drugs; give the combinations as well",
        {"s.csv": "".join(SCREEN.splitlines(keepends=True)[:3]).replace("rapamycin", "")},
    ),
    (
        "counts and inhibition",
        f"{CALL} c.csv",
        "files: the files hold different readings; measure them one after the other",
        {"s.csv": COUNTS, "c.csv": SCREEN.replace("response", "inhibition (%)")},
    ),
    (
        "several times",
        SAID,
        "s.csv: the readings are from 4 times (0, 40, 30, 70); keep the rows of one time",
        {"s.csv": SCREEN.replace("response", "time").replace("block_id", "response")},
    ),
    (
        "counts and inhibition",
        CALL,
        "s.csv: the file holds counts and response; name the one to read, as --column counts=HEADER",
        {"s.csv": SCREEN.replace("block_id", "counts")},
    ),
    (
        "unknown name of a column",
        f"{CALL} --column dose=conc_r",
        "column: no column is called 'dose' here; known: block, experiment, cell_line, drug1, drug2, conc1, conc2, unit, unit1, "
        "unit2, time, counts, doublings, response",
        {"s.csv": SCREEN},
    ),
    (
        "absent column",
        f"{CALL} --column experiment=passge",
        "s.csv: no column 'passge'; known: experiment, drug1, drug2, conc1 (nM), conc2 (nM), counts",
        {"s.csv": COUNTS},
    ),
    (
        "no reading",
        CALL,
        "s.csv: no row holds a number under 'counts'; fill in the readings",
        {"s.csv": "drug1,drug2,conc1,conc2,counts\na,b,0,0,NA\n"},
    ),
    (
        "no vehicle",
        CALL,
        "4OHT + rapamycin: no well without 4OHT; both drugs are needed alone and together, and wells without any; "
        "there is nothing to compare",
        {"s.csv": "".join(line for line in COUNTS.splitlines(keepends=True) if "rapamycin,0," not in line)},
    ),
    (
        "never together",
        CALL,
        "4OHT + rapamycin: no well with both drugs; both drugs are needed alone and together, and wells without any; "
        "there is nothing to compare",
        {"s.csv": "".join(line for line in COUNTS.splitlines(keepends=True) if ",100,5," not in line)},
    ),
    (
        "all zero",
        CALL,
        "a + b: no cells were counted without drug; look at the counts; there is nothing to compare",
        {"s.csv": "drug1,drug2,conc1,conc2,unit,counts\na,b,0,0,nM,0\na,b,1,0,nM,0\na,b,0,1,nM,0\na,b,1,1,nM,0\n"},
    ),
    (
        "ragged",
        CALL,
        "s.csv, row 14: 3 cells under 6 columns",
        {"s.csv": COUNTS + "1,2,3\n"},
    ),
]


@pytest.mark.parametrize(("words", "sentence", "files"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_bad_input(refused: Callable[..., None], words: str, sentence: str, files: Mapping[str, str]) -> None:
    """Refusal: one sentence, or one line per fault of a table; exit code 2; nothing is written."""
    refused(words, sentence, files)
