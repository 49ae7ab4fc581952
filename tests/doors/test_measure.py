"""`tamarisk measure`: every template runs as it is, what is written, what programs get, and bad files in a sentence."""

from __future__ import annotations

import csv
import hashlib
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tamarisk.doors.cli.measure import RULERS

Say = Callable[..., str]
Tell = Callable[..., dict[str, Any]]
Files = Mapping[str, str | bytes]
TEMPLATES = "growth, dose-response, synergy, blot, expression, signature, survival, pool, growth-rate, hormesis, potency"
KINDS = tuple(kind for kind in RULERS if kind != "template")
GROWTH = "experiment,drug,dose (nM),time (h),cell_count\n1,-,0,0,100\n1,-,0,72,400\n1,4OHT,100,72,200\n"
VIABILITY = "dose (nM),viability (%)\n" + "".join(
    f"{dose},{value}\n" for dose, value in zip((1, 3, 10, 30, 100), (99, 92, 60, 22, 8), strict=True)
)
BLOT = "blot,condition,phospho,total,load\n1,vehicle,8,4,5\n1,rapamycin,2,8,5\n"
SHEET = "sample,group\na,v\nb,v\nc,r\nd,r\n"
MATRIX = "gene,a,b,c,d\nGREB1,110,90,400,420\nPGR,50,55,52,49\nTFF1,800,790,810,805\n"


def template(say: Say, kind: str) -> list[str]:
    """Writes a template, and gives the words of the command that measures it."""
    return shlex.split(say("measure", "template", kind).splitlines()[-1].removeprefix("now: tamarisk "))


def numbers(record: dict[str, Any]) -> dict[str, float]:
    """Every estimate by its name."""
    return {one["name"]: one["estimate"] for one in record["results"]}


# what people get


@pytest.mark.parametrize("kind", TEMPLATES.split(", "))
def test_templates_run_as_they_are(said: Say, told: Tell, place: Path, kind: str) -> None:
    """Law: each template is measured by the command that it names, with results, no refusal, and its file's fingerprint."""
    words = template(said, kind)
    record = told(*words)
    assert set(record) == {"results", "refusals", "warnings", "inputs"}
    assert record["refusals"] == []
    assert record["results"]
    for one in record["results"]:
        assert {"name", "estimate", "interval", "level", "unit", "n", "method"} <= set(one)
        assert one["interval"] is None or len(one["interval"]) == 2
    for one in record["inputs"]:
        assert one["sha256"] == hashlib.sha256((place / one["file"]).read_bytes()).hexdigest()
        assert one["rows_used"] == len((place / one["file"]).read_text(encoding="utf-8").splitlines()) - 1
        assert one["rows_dropped"] == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pool"])  # its figure is that of `evidence`
def test_tables_figures_and_report(said: Say, page: Callable[[str], Any], place: Path, kind: str) -> None:
    """Law: --out holds CSV, PNG and SVG; the report is one file with figure, table, methods, versions and the command."""
    words = template(said, kind)
    shown = said(*words, "--out", "new", "--report", "here/page.html", "--top", "2")
    names = {path.suffix for path in (place / "new").iterdir()}
    assert {".csv", ".png", ".svg"} <= names
    rows = list(csv.DictReader((place / "new" / f"{kind}.csv").open(encoding="utf-8")))
    assert f"{len(rows) - 2} more results" in shown
    text = (place / "here" / "page.html").read_text(encoding="utf-8")
    read = page(text)
    assert len(read.ids) == len(set(read.ids))
    assert "svg" in read.tags
    assert " ".join(["tamarisk", *words, "--out", "new", "--report", "here/page.html", "--top", "2"]) in read.words
    assert [name for _, name, value in read.attributes if name in {"src", "href"} and value.startswith("http")] == []
    assert "numpy" in text
    assert {"Results", "Methods", "Files"} <= set(read.words)


def test_the_growth_table_says_what_it_read(said: Say, place: Path) -> None:
    """Golden: by hand. 100 to 400 is 2 doublings, to 200 is 1; GR is 2^(1/2) - 1, one experiment has no interval."""
    (place / "mine.csv").write_text(GROWTH + "1,4OHT,1000,72,\n", encoding="utf-8")
    shown = said("measure", "growth", "mine.csv")
    assert re.search(r"4OHT 100 nM +GR +0\.414 ", shown)
    assert "read: mine.csv, 3 rows used, left out no counts: 1 row (5)" in shown


def test_a_bound_is_no_number(said: Say, told: Tell, place: Path) -> None:
    """Law: for people a bound is words; for programs an interval that is open on one side, and no estimate."""
    (place / "weak.csv").write_text(
        VIABILITY.replace("60", "80").replace("22", "72").replace("100,8", "100,71"), encoding="utf-8"
    )
    assert "above 100" in said("measure", "dose-response", "weak.csv")
    half = next(one for one in told("measure", "dose-response", "weak.csv")["results"] if one["number"] == "IC50")
    assert (half["estimate"], half["interval"]) == (None, [100.0, None])


def test_a_report_is_not_written_over(said: Say, refused: Callable[..., None], place: Path) -> None:
    """Refusal: a report that exists is kept; so is a template."""
    words = template(said, "growth")
    said(*words, "--report", "page.html")
    kept = "page.html: the file exists already; name another; nothing was overwritten"
    refused(shlex.join([*words, "--report", "page.html"]), kept)
    refused("measure template growth", "growth.csv: the file exists already; name another; nothing was overwritten")


def test_names_are_printed_as_they_are(said: Say, place: Path) -> None:
    """Law: brackets, dollars and tags in a name are no mark-up, on the terminal, in figures and in the report."""
    (place / "odd.csv").write_text(GROWTH.replace("4OHT", "[red]$x_1$<b>"), encoding="utf-8")
    assert "[red]$x_1$<b> 100 nM" in said("measure", "growth", "odd.csv", "--out", "new", "--report", "page.html")
    assert "[red]$x_1$&lt;b&gt; 100 nM" in (place / "page.html").read_text(encoding="utf-8")


def test_plates_with_a_map(told: Tell, place: Path) -> None:
    """Golden: by hand. Stacked grids of one plate: the treated well makes 1 doubling where controls make 2."""
    (place / "map.csv").write_text(",1,2,3\nA,vehicle,vehicle,4OHT=0.1uM\n", encoding="utf-8")
    (place / "plate.csv").write_text("0h\n,1,2,3\nA,100,100,100\n3d\n,1,2,3\nA,400,400,200\n", encoding="utf-8")
    found = numbers(told("measure", "growth", "plate.csv", "--map", "map.csv"))
    assert found["4OHT 100 nM: doublings"] == pytest.approx(1.0, rel=1e-12)
    assert found["control: doublings"] == pytest.approx(2.0, rel=1e-12)


def test_several_files_are_several_experiments(told: Tell, place: Path) -> None:
    """Law: three files without a column of experiments are three experiments."""
    for number in range(3):
        text = GROWTH.replace("experiment,", "").replace("\n1,", "\n").replace("200", str(200 + number))
        (place / f"{number}.csv").write_text(text, encoding="utf-8")
    record = told("measure", "growth", "0.csv", "1.csv", "2.csv")
    assert {one["n"] for one in record["results"]} == {3}
    assert len(record["inputs"]) == 3


def test_a_copy_is_told(told: Tell, place: Path) -> None:
    """Law: a file that stands twice, whatever it is called, is said to be no further experiment; different files are not."""
    text = GROWTH.replace("experiment,", "").replace("\n1,", "\n")
    for name, content in (("a.csv", text), ("b.csv", text.replace("200", "210")), ("c.csv", text)):
        (place / name).write_text(content, encoding="utf-8")
    assert (
        "c.csv is a copy of a.csv, which is no further experiment but may count as one"
        in (told("measure", "growth", "a.csv", "b.csv", "c.csv")["warnings"])
    )
    assert told("measure", "growth", "a.csv", "b.csv")["warnings"] == []


def test_blots_in_several_files(told: Tell, place: Path) -> None:
    """Golden: by hand. Three files that number no blot are three: phospho falls 4-fold, 5-fold and 4-fold, 0.2321 on average."""
    for number, phospho in enumerate((8, 10, 8)):
        text = f"lane,sample,phospho,total,load\n{number},vehicle,{phospho},4,5\n{number},rapamycin,2,4,5\n"
        (place / f"{number}.csv").write_text(text, encoding="utf-8")
    words = ["--control", "vehicle", "--linear-range", "1:50", "--column", "condition=sample"]
    record = told("measure", "blot", "0.csv", "1.csv", "2.csv", *words)
    found = {one["name"]: one for one in record["results"]}["rapamycin: phospho per load"]
    assert (found["n"], found["estimate"]) == (3, pytest.approx((1 / 4 / 5 / 4) ** (1 / 3), rel=1e-9))
    assert [one["rows_used"] for one in record["inputs"]] == [2, 2, 2]


def test_bars_show_their_intervals(said: Say, page: Callable[[str], Any], place: Path) -> None:
    """Law: where estimates have intervals the figure says of what coverage, and where they have none it does not."""
    words = template(said, "blot")
    said(*words, "--level", "0.9", "--report", "page.html")
    assert "Bands against control, with 90 % intervals" in page((place / "page.html").read_text(encoding="utf-8")).words
    (place / "a.csv").write_text(GROWTH, encoding="utf-8")
    said("measure", "growth", "a.csv", "--report", "plain.html")
    assert "doublings of each condition" in page((place / "plain.html").read_text(encoding="utf-8")).words


def test_a_table_of_changed_genes(told: Tell, place: Path) -> None:
    """Law: a table that DESeq2 wrote is read without samples; genes without a p-value come last."""
    text = "gene,baseMean,log2FoldChange,lfcSE,stat,pvalue,padj\nPGR,3,-1,1,-1,NA,NA\nGREB1,100,2,0.5,4,1e-4,2e-4\n"
    (place / "de.csv").write_text(text, encoding="utf-8")
    record = told("measure", "expression", "de.csv")
    assert [one["of"] for one in record["results"]] == ["GREB1", "PGR"]
    assert "p" not in record["results"][1]


def test_volcano_and_ma_plots(said: Say, told: Tell, place: Path) -> None:
    """Law: matrices and tables have two figures, change against p and change against mean; limma's table as DESeq2's."""
    words = template(said, "expression")
    for call, count in ((words, 2), (["measure", "expression", "de.csv"], 2), (["measure", "expression", "bare.csv"], 1)):
        (place / "de.csv").write_text("gene,logFC,AveExpr,P.Value\nGREB1,2,8,1e-6\nPGR,-0.1,7,0.6\n", encoding="utf-8")
        (place / "bare.csv").write_text("gene,logFC,P.Value\nGREB1,2,1e-6\nPGR,-0.1,0.6\n", encoding="utf-8")
        folder = f"new{len(list(place.iterdir()))}"
        said(*call, "--out", folder)
        drawn = [path.read_text(encoding="utf-8") for path in sorted((place / folder).glob("*.svg"))]
        assert len(drawn) == count
        assert "-log10 p" in drawn[0]
        assert all("mean expression (log2)" in text for text in drawn[1:])


def test_an_annotated_file_at_the_door(told: Tell, said: Say, place: Path) -> None:
    """Law: an AnnData file is measured without a table of samples, and gives the numbers of the template's tables."""
    anndata = pytest.importorskip("anndata", reason="tamarisk[h5ad] is not installed")
    import pandas as pd

    words = template(said, "expression")
    with pd.option_context("mode.string_storage", "python"), anndata.settings.override(allow_write_nullable_strings=True):
        matrix = pd.read_csv(place / "expression.tsv", sep="\t", index_col=0)
        sheet = pd.read_csv(place / "samples.tsv", sep="\t", dtype=str).set_index("sample")
        obs = sheet.loc[matrix.columns].rename(columns={"group": "line"})
        anndata.AnnData(matrix.T, obs=obs).write_h5ad(place / "a.h5ad")
    call = ["measure", "expression", "a.h5ad", "--scale", "log2", "--treated", "resistant", "--control", "parent"]
    record, expected = told(*call, "--column", "group=line"), told(*words)
    assert [(one["of"], one["estimate"]) for one in record["results"]] == [
        (one["of"], one["estimate"]) for one in expected["results"]
    ]
    assert [one["file"] for one in record["inputs"]] == ["a.h5ad"]


def test_a_table_of_fitted_curves(told: Tell, place: Path) -> None:
    """Golden: by hand. GR50s of 1, 10 and 100 uM have the geometric mean 10 uM; an infinite one is no number."""
    rows = [f"{run},4OHT,{dose},{area}" for run, dose, area in ((1, 1, 0.2), (2, 10, 0.3), (3, 100, 0.4))]
    text = "run,drug,GR50,GR_AOC\n" + "\n".join([*rows, "1,ICI,inf,0.1"]) + "\n"
    (place / "fits.csv").write_text(text, encoding="utf-8")
    record = told("measure", "dose-response", "fits.csv", "--unit", "uM", "--out", "new")
    found = numbers(record)
    assert "Area over the curve" in (place / "new" / "dose-response.svg").read_text(encoding="utf-8")
    assert found["4OHT: GR50"] == pytest.approx(10_000.0, rel=1e-9)
    assert found["4OHT: GR_AOC"] == pytest.approx(0.3, rel=1e-9)
    assert record["refusals"] == [{"what": "ICI", "why": "the GR50 lies outside the tested doses in 1 of 1 experiments"}]


# bad input

FILE = {"a.csv": GROWTH}
BLOTS = {"b.csv": BLOT}
PAIR = {"m.csv": MATRIX, "s.csv": SHEET}
BLOT_CALL = "measure blot b.csv --control vehicle --linear-range 1:50 --out new --report new.html"
MATRIX_CALL = "measure expression m.csv --samples s.csv --scale counts --treated r --control v --out new --report new.html"
BAD: list[tuple[str, str, str, Files]] = [
    ("no file", "measure growth none.csv --out new", "none.csv: no such file; check the path", {}),
    ("folder", "measure growth here --out new", "here: this is a folder, not a table; name a file in it", {"here/": ""}),
    ("empty", "measure growth a.csv --out new", "a.csv: the file is empty; it needs a header and rows", {"a.csv": ""}),
    (
        "no rows",
        "measure growth a.csv",
        "a.csv: the table has a header but no rows; add at least one row",
        {"a.csv": "drug,counts\n"},
    ),
    (
        "no text",
        "measure growth a.csv",
        "a.csv: the file is not UTF-8 text; save it as tab-separated text",
        {"a.csv": b"\xff\xfe\x00"},
    ),
    (
        "no gzip",
        "measure growth a.csv.gz",
        "a.csv.gz: the file is no sound gzip file; pack it again",
        {"a.csv.gz": b"counts\n5\n"},
    ),
    ("ragged", "measure growth a.csv", "a.csv, row 3: 4 cells under 5 columns", {"a.csv": GROWTH.replace("72,400", "400")}),
    (
        "word",
        "measure growth a.csv --report new.html",
        "a.csv, row 4, column counts: 'many' is not a number",
        {"a.csv": GROWTH.replace("200", "many")},
    ),
    (
        "negative dose",
        "measure growth a.csv",
        "a.csv, row 4, column dose: -100 is below 0",
        {"a.csv": GROWTH.replace("OHT,100", "OHT,-100")},
    ),
    (
        "negative count",
        "measure growth a.csv",
        "a.csv, row 3, column counts: -400 is below 0",
        {"a.csv": GROWTH.replace("400", "-400")},
    ),
    (
        "no unit",
        "measure growth a.csv",
        "a.csv, row 4, column dose: the dose has no unit (say --unit nM, add a column 'unit', or name the column 'dose (nM)')",
        {"a.csv": GROWTH.replace("dose (nM)", "dose")},
    ),
    (
        "unknown unit",
        "measure growth a.csv --unit mg",
        "a.csv, rows 2-4, column unit: unknown unit 'mg' (use fM, pM, nM, uM, mM, M)",
        {"a.csv": GROWTH.replace("dose (nM)", "dose")},
    ),
    ("two units", "measure growth a.csv --unit uM", "a.csv: the doses are in nM by the header but in uM by the call", FILE),
    (
        "no unit of time",
        "measure growth a.csv",
        "a.csv, rows 2-4, column time: the time has no unit (say --time-unit h, or name the column 'time (h)')",
        {"a.csv": GROWTH.replace("time (h)", "time")},
    ),
    (
        "colliding aliases",
        "measure growth a.csv",
        "a.csv, header: columns 'treatment' and 'drug' both mean 'drug' (keep one, or say which with --column drug=HEADER)",
        {"a.csv": GROWTH.replace("experiment", "treatment")},
    ),
    (
        "no counts",
        "measure growth a.csv",
        "a.csv, header: column 'counts' is missing (say which it is with --column counts=HEADER; "
        "known: experiment, drug, dose (nM), time (h), cells2)",
        {"a.csv": GROWTH.replace("cell_count", "cells2")},
    ),
    (
        "decimal comma",
        "measure growth a.csv",
        "a.csv, row 2, column counts: '1,5' is not a number (use a decimal point)",
        {"a.csv": "drug;counts\na;1,5\n"},
    ),
    (
        "all zero",
        "measure growth a.csv",
        "control, experiment 1: no cells were counted, so doublings are not defined (add the detection limit); "
        "there is nothing to compare",
        {"a.csv": "experiment,drug,time (h),counts\n1,-,0,0\n1,-,72,0\n"},
    ),
    ("control", "measure growth a.csv --control EtOH", "control: no condition 'EtOH'; known: -, 4OHT", FILE),
    ("time", "measure growth a.csv --at 5h", "at: nothing was counted at 5 h; known: 72 h", FILE),
    ("time without unit", "measure growth a.csv --at 72", "at: the time '72' has no unit; write it as 24h", FILE),
    ("no column", "measure growth a.csv --column dose", "column: 'dose' names no column; write it as dose=E2_nM", FILE),
    (
        "level",
        "measure growth a.csv --level 2 --out new",
        "Invalid value for '--level': 2.0 is not in the range 0.0<x<1.0",
        FILE,
    ),
    (
        "no map",
        "measure growth a.csv",
        "a.csv: the wells have no names; say --map FILE, a grid that says what each well held",
        {"a.csv": "0h\n,1\nA,5\n"},
    ),
    (
        "foreign folder",
        "measure growth a.csv --out here",
        "here: the folder holds files that are not ours; name an empty or a new one",
        {**FILE, "here/x": ""},
    ),
    (
        "no direction",
        "measure dose-response a.csv",
        "a.csv: the responses have no direction; say --response viability, inhibition, GR or other",
        {"a.csv": VIABILITY.replace("viability (%)", "value")},
    ),
    (
        "no scale",
        "measure dose-response a.csv",
        "a.csv: the scale is not said; say --scale percent or --scale fraction, or name the column 'viability (%)'",
        {"a.csv": VIABILITY.replace(" (%)", "")},
    ),
    (
        "wrong direction",
        "measure dose-response a.csv --response inhibition",
        "a.csv: the responses are viability by the header but inhibition by the call",
        {"a.csv": VIABILITY},
    ),
    (
        "one dose",
        "measure dose-response a.csv",
        "all wells, experiment 1: dose: 3 numbers need 3 doses and 4 readings, but there are 1 and 1; "
        "test more doses, or give a limit that is known; there is no curve to fit",
        {"a.csv": "dose (nM),viability (%)\n1,50\n"},
    ),
    (
        "only vehicle",
        "measure dose-response a.csv",
        "a.csv: there is no dose above zero; name the column of doses with --column dose=HEADER",
        {"a.csv": "dose (nM),viability (%)\n0,50\n"},
    ),
    (
        "counts and responses",
        "measure dose-response a.csv v.csv",
        "files: some files hold counts and others responses; measure them one after the other",
        {**FILE, "v.csv": VIABILITY},
    ),
    (
        "gene without samples",
        "measure dose-response a.csv --gene GREB1",
        "gene: the doses of the samples are missing; say --samples FILE",
        FILE,
    ),
    (
        "saturated",
        BLOT_CALL,
        "b.csv, row 2, column phospho: 80 is saturated (linear from 1 to 50: expose again)",
        {"b.csv": BLOT.replace("vehicle,8", "vehicle,80")},
    ),
    ("range", BLOT_CALL.replace("1:50", "1-50"), "linear range: '1-50' is no range; write it as 0.5:60", BLOTS),
    ("lane", BLOT_CALL.replace("vehicle", "EtOH"), "control: no lane 'EtOH'; known: vehicle, rapamycin", BLOTS),
    (
        "one lane",
        BLOT_CALL,
        "blots: there is no other lane; there is nothing to compare",
        {"b.csv": BLOT.split("1,rapamycin", maxsplit=1)[0]},
    ),
    ("sample", MATRIX_CALL, "m.csv, header: no column 'd'; did you mean 'D2'?", {**PAIR, "m.csv": MATRIX.replace(",d", ",D2")}),
    ("group", MATRIX_CALL.replace("--treated r", "--treated x"), "groups: no group 'x'; known: v, r", PAIR),
    (
        "scale",
        MATRIX_CALL.replace("--scale counts", ""),
        "m.csv: scale or groups are not said; say --scale counts or log2, --treated GROUP and --control GROUP",
        PAIR,
    ),
    (
        "log2 as reads",
        MATRIX_CALL,
        "m.csv, row 2, column a: 7.5 is no whole number, so it is no count "
        "(say so if these are log2 values, or round estimated reads)",
        {**PAIR, "m.csv": "gene,a,b,c,d\nX,7.5,2,3,4\n"},
    ),
    (
        "no AnnData file",
        "measure expression m.h5ad",
        "m.h5ad: scale or groups are not said; say --scale counts or log2, --treated GROUP and --control GROUP",
        {"m.h5ad": "x"},
    ),
    (
        "no sound AnnData file",
        "measure signature m.h5ad --scale counts",
        "m.h5ad: the file is no sound AnnData file; write it again with anndata",
        {"m.h5ad": "x"},
    ),
    (
        "no scale of a signature",
        "measure signature m.csv --samples s.csv",
        "scale: the scale is not said; say --scale counts or log2",
        PAIR,
    ),
    (
        "no sheet",
        "measure signature m.csv --scale counts",
        "samples: a matrix needs a table of its samples; say --samples FILE",
        PAIR,
    ),
    (
        "shrunk log2 values",
        MATRIX_CALL.replace("counts", "log2") + " --shrink",
        "shrink: log2 values are not shrunk; moderated t steadies their variances instead",
        {**PAIR, "m.csv": "gene,a,b,c,d\nX,1,2,3,4\n"},
    ),
    (
        "layer of a table",
        MATRIX_CALL + " --layer raw",
        "layer: only an AnnData file (.h5ad) has layers; leave --layer out",
        PAIR,
    ),
    (
        "reads as log2",
        MATRIX_CALL.replace("--scale counts", "--scale log2"),
        "m.csv, row 2, column a: 110 is no log2 value (say --scale counts if these are reads)",
        {**PAIR, "m.csv": "gene,a,b,c,d\nX,110,2,3,4\n"},
    ),
    (
        "no samples",
        "measure expression m.csv --scale counts",
        "samples: a matrix needs a table of its samples; say --samples FILE",
        PAIR,
    ),
    (
        "no responses",
        "measure dose-response m.csv",
        "m.csv: no column holds viability, inhibition, GR or response; say which it is with --column response=HEADER",
        PAIR,
    ),
    (
        "several DE tables",
        "measure expression m.csv s.csv",
        "files: several tables of changed genes are named; measure them one after the other",
        PAIR,
    ),
    (
        "no DE table",
        "measure expression m.csv",
        "m.csv: no column holds log2 fold changes or p-values; for a matrix of samples say --samples FILE",
        PAIR,
    ),
    (
        "no groups",
        "measure signature m.csv --samples s.csv --scale counts --out new",
        "groups: unknown label(s) ['r', 'v']; known: SV, SF, RV, RF, RP, RC",
        PAIR,
    ),
    ("ruler", "measure growht a.csv", "no ruler 'growht'; did you mean 'growth'?", FILE),
    (
        "template",
        "measure template nothing",
        f"no template 'nothing'; known: {TEMPLATES}",
        {},
    ),
    (
        "no template",
        "measure template",
        f"template: no ruler is named; choose {TEMPLATES}",
        {},
    ),
]


@pytest.mark.parametrize(("words", "sentence", "files"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_bad_input(refused: Callable[..., None], words: str, sentence: str, files: Files) -> None:
    """Refusal: one sentence, or one line per fault of a table; exit code 2; nothing is written."""
    refused(words, sentence, files)
