"""Public data from the command line: what each set says, in numbers that stand here; skipped where the sets are absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

Tell = Callable[..., dict[str, Any]]
DATA = Path(__file__).resolve().parents[3] / "shared/data"
GENES = {"GREB1": "ENSG00000196208", "PGR": "ENSG00000082175", "TFF1": "ENSG00000160182"}
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="public data sets are not beside the project")


def numbers(record: dict[str, Any]) -> dict[str, float]:
    """Every estimate by its name."""
    return {one["name"]: one["estimate"] for one in record["results"]}


def oestradiol(told: Tell, sheet: Path) -> dict[str, Any]:
    """The curves of three targets of the receptor over the doses of a sheet."""
    words = [word for gene in GENES.values() for word in ("--gene", gene)]
    call = ["--samples", str(sheet), "--column", "dose=E2_nM", "--column", "sample=run"]
    return told("measure", "dose-response", str(DATA / "mcf7_e2_dose/mcf7_E2_dose_counts.tsv.gz"), *call, *words)


def test_targets_of_the_receptor_rise_with_oestradiol(told: Tell) -> None:
    """Golden: GREB1 and PGR rise at least 2-fold in mcf7_e2_dose; its vehicle has a batch of its own, which is said.

    Its lowest dose looks off (MANIFEST.tsv): with it the interval of GREB1's EC50 holds all doses, so there is no EC50.
    """
    record = oestradiol(told, DATA / "mcf7_e2_dose/mcf7_E2_dose_samples.tsv")
    found = numbers(record)
    for gene in ("GREB1", "PGR"):
        assert found[f"{GENES[gene]}: plateau"] > found[f"{GENES[gene]}: untreated"] + 1.0
    assert "dose 0 stands in a batch of its own, so the step from it to the doses may be the batch's" in record["warnings"]
    why = "the interval of the EC50 holds all tested doses, so the readings do not settle it"
    assert {"what": GENES["GREB1"], "why": why} in record["refusals"]


def test_picomolar_oestradiol_is_half_way(told: Tell, place: Path) -> None:
    """Golden: without the lowest dose GREB1, PGR and TFF1 are half-way at 1.9, 4.5 and 6.0 pM, each within 1 to 10 pM.

    The numbers are what this ruler found when it was written, to 5 %; that they are picomolar is what is checked.
    """
    sheet = pd.read_csv(DATA / "mcf7_e2_dose/mcf7_E2_dose_samples.tsv", sep="\t")
    sheet[sheet["E2_nM"] != 0.0001].to_csv(place / "s.csv", index=False)
    found = {one["name"]: one for one in oestradiol(told, place / "s.csv")["results"]}
    for gene, dose in (("GREB1", 0.00188), ("PGR", 0.00447), ("TFF1", 0.00597)):
        half = found[f"{GENES[gene]}: EC50"]
        assert half["estimate"] == pytest.approx(dose, rel=0.05)  # see above
        assert 0.001 < half["interval"][0] < half["interval"][1] < 0.01


def test_resistant_cells_lose_targets_of_the_receptor(told: Tell, place: Path) -> None:
    """Golden: in mcf7_tamr_counts GREB1, PDZK1 and TFF1 fall at least 4-fold in tamoxifen-resistant cells, beyond chance.

    Every twentieth gene and these three stand for all 23 458, which take minutes; no target's interval moves much by it.
    """
    pytest.importorskip("pydeseq2", reason="tamarisk[counts] is not installed")
    counts = pd.read_csv(DATA / "mcf7_tamr_counts/mcf7_vehicle_vs_tamr_counts.csv")
    kept = (counts.index % 20 == 0) | counts["Name"].isin(["GREB1", "PDZK1", "TFF1"])
    counts[kept].to_csv(place / "m.csv", index=False)
    samples = [f"MCF7_{group}_{number}" for group in ("OH", "TAMR") for number in (1, 2, 3)]
    text = "sample,group\n" + "".join(f"{name},{name.split('_')[1]}\n" for name in samples)
    (place / "s.csv").write_text(text, encoding="utf-8")
    asked = ["--scale", "counts", "--gene-column", "Name", "--treated", "TAMR", "--control", "OH"]
    record = told("measure", "expression", "m.csv", "--samples", "s.csv", *asked)
    found = {one["of"]: one for one in record["results"]}
    for gene, change in (("GREB1", -6.34), ("PDZK1", -4.43), ("TFF1", -3.46)):
        assert found[gene]["interval"][0] < change < found[gene]["interval"][1] < -2.0  # of all genes: see the docstring
        assert found[gene]["adjusted_p"] < 1e-10
        assert found[gene]["method"].startswith("negative binomial")


def test_published_curves_of_lines(told: Tell) -> None:
    """Golden: in gr_breast (Heiser) tamoxifen leaves MCF-7 growing: GR_AOC is 0.138, the mean of .0291, .1967 and .1875."""
    file = str(DATA / "gr_breast" / "heiser_gr.tsv")
    record = told("measure", "dose-response", file, "--column", "drug=Perturbagen_Name", "--replicates", "experiments")
    found = next(one for one in record["results"] if one["name"] == "MCF7, (Z)-4-Hydroxytamoxifen: GR_AOC")
    assert (found["n"], found["estimate"]) == (3, pytest.approx((0.0291 + 0.1967 + 0.1875) / 3, rel=1e-9))
    told_of = {one["what"]: one["why"] for one in record["refusals"]}
    assert told_of["MCF7, (Z)-4-Hydroxytamoxifen"] == "the GR50 lies outside the tested doses in 2 of 3 experiments"
    assert record["warnings"] == []  # columns that describe curves are no wells


def test_fitted_curves_without_replicates(told: Tell) -> None:
    """Golden: in gr_breast (LJP) Seliciclib has a GR50 of 4.6944 uM and A443654's lies below all doses (-Inf)."""
    file = str(DATA / "gr_breast" / "ljp_gr.tsv")
    record = told("measure", "dose-response", file, "--column", "drug=Small_Mol_Name", "--unit", "uM")
    found = numbers(record)
    assert found["MCF7, Seliciclib: GR50"] == pytest.approx(4694.4, rel=1e-9)
    assert "MCF7, A443654: GR50" not in found
    assert found["MCF7, A443654: GR_AOC"] == pytest.approx(1.2282, rel=1e-9)


def test_a_week_of_fulvestrant_or_palbociclib(told: Tell) -> None:
    """Golden: he2025 at day 7: oestradiol makes 5.18 doublings; with 500 nM ICI GR is .195, with 500 nM palbociclib .052.

    By hand from the table: log2 of the fold cell numbers, averaged; ratio of doublings of rows 1 to 3.
    """
    path = DATA / "he2025_mcf7/he2025_weekly_cellnumber.tsv"
    words = ["--column", "counts=fold_cell_number_vs_day0", "--column", "time=day", "--column", "experiment=row_in_mat"]
    record = told("measure", "growth", str(path), *words, "--control", "E2_10nM")
    found = numbers(record)
    table = pd.read_csv(path, sep="\t").query("day == 7").assign(made=lambda rows: np.log2(rows.fold_cell_number_vs_day0))
    made = table.set_index(["condition", "row_in_mat"])["made"]
    control = made["E2_10nM"].to_numpy()
    assert found["control: doublings"] == pytest.approx(5.18, abs=0.005)
    assert found["control: doublings"] == pytest.approx(control.mean(), rel=1e-9)
    for drug, inhibition in (("E2_10nM_ICI500nM", 0.195), ("E2_10nM_palbo500nM", 0.0515)):
        own = made[drug].loc[[1, 2, 3]].to_numpy()
        assert found[f"{drug}: GR"] == pytest.approx(float((2 ** (own / control) - 1).mean()), rel=1e-9)
        assert found[f"{drug}: GR"] == pytest.approx(inhibition, abs=5e-4)
    assert "growth is read at 168 h (--at reads another time)" in record["warnings"]


def test_cells_that_learn_to_live_with_tamoxifen(told: Tell, place: Path) -> None:
    """Golden: magi2021: weekly folds multiplied up to week 5 are 8.5 doublings without tamoxifen and 1.9 with it.

    Weekly folds are no counts, so they are multiplied first; the start of run 4 stands under run 3 in the table.
    """
    table = pd.read_csv(DATA / "magi2021_tamr/magi2021_growth_cellcycle.tsv", sep="\t")
    folds = table[table["quantity"] == "growth_fold_per_week"].replace({"run": {"run3": "run4"}}).sort_values("week")
    folds["counts"] = folds["value"].where(folds["week"] > 0, 1.0).groupby([folds["condition"], folds["run"]]).cumprod()
    folds[["condition", "run", "week", "counts"]].to_csv(place / "m.csv", index=False)
    record = told("measure", "growth", "m.csv", "--control", "Ctrl", "--column", "time=week")
    found = numbers(record)
    assert (found["control: doublings"], found["TAM: doublings"]) == pytest.approx((8.51, 1.89), abs=0.005)
    assert found["TAM: GR"] == pytest.approx(0.166, abs=5e-4)
    assert {one["n"] for one in record["results"]} == {3}


def test_fulvestrant_lowers_rb1(told: Tell, place: Path) -> None:
    """Golden: he2025 blots, fulvestrant alone: RB1 per actin falls to .144, .088 and .457 of MCF-7 at weeks 1, 2 and 5.

    By hand: the ratio of geometric means of three lanes, which is what the additive model gives where no lane is missing.
    """
    table = pd.read_csv(DATA / "he2025_mcf7/he2025_western_tidy.tsv", sep="\t")
    table = table[
        table["file"].str.startswith("06262023") & (table["section"] == "raw") & table["band"].isin(["RB1", "Actin_blot1"])
    ]
    parts = table["sample"].str.rsplit(" ", n=1, expand=True)
    blots = pd.DataFrame(
        {"blot": parts[1], "condition": parts[0], "band": table["band"], "density": table["value"].astype(float)}
    )
    blots.to_csv(place / "b.csv", index=False)
    words = ["--control", "MCF7", "--linear-range", "0.1:100", "--total", "RB1", "--load", "Actin_blot1"]
    found = {one["of"]: one for one in told("measure", "blot", "b.csv", *words)["results"]}
    logs = np.log2(blots.pivot(index=["condition", "blot"], columns="band", values="density"))
    mean = (logs["RB1"] - logs["Actin_blot1"]).groupby("condition").mean()
    for weeks, fold in ((1, 0.144), (2, 0.0876), (5, 0.457)):
        one = found[f"ICImono {weeks}w"]
        assert one["estimate"] == pytest.approx(fold, rel=5e-3)  # printed to three digits
        assert one["estimate"] == pytest.approx(2.0 ** (mean[f"ICImono {weeks}w"] - mean["MCF7"]), rel=1e-9)
        assert one["interval"][1] < 1.0
