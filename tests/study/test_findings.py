"""The rows of the founding studies: which hold, and that each number is the one its criterion speaks of."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tamarisk.errors import UnknownNameError
from tamarisk.evidence.reference import references
from tamarisk.study.finding import Reading, finding, findings
from tamarisk.study.laboratory import Laboratory
from tamarisk.study.reproduce import TESTS, reproduce
from tamarisk.tables import CONTENT

HOLD = [f"R{number}" for number in range(1, 12)] + [f"G{number}" for number in range(1, 9)]
LATER = ["R13", "G9"]
MISSED = {"R12": "R1, R2, G5, G7 and G8 have none"}

MAYBE_EMPTY = {"missing"}


@pytest.mark.parametrize("name", HOLD)
def test_a_row_of_the_studies_holds(readings: dict[str, Reading], name: str) -> None:
    """Golden: what the studies report (Ghayad 2008, PMID 19016759; Mansuri 2015), judged by the criterion in findings.tsv."""
    assert readings[name].verdict == "holds", readings[name].reason


@pytest.mark.parametrize("name", LATER)
def test_a_row_that_needs_later_work_says_what_is_missing(readings: dict[str, Reading], name: str) -> None:
    """Law: a row without a verdict shows a number all the same and names what is missing."""
    assert readings[name].verdict == "not computed"
    assert findings()[name].missing
    assert math.isfinite(readings[name].value)


@pytest.mark.parametrize("name", MISSED)
def test_a_row_that_is_missed_is_shown_as_missed(readings: dict[str, Reading], name: str) -> None:
    """Golden: what the criterion in findings.tsv asks for and is not there (DESIGN.md, section 2: shown as wrong)."""
    assert readings[name].verdict == "does not hold"
    assert readings[name].reason.endswith(MISSED[name])
    assert not findings()[name].missing


def test_who_says_so_is_counted_from_the_store(readings: dict[str, Reading]) -> None:
    """Reference: counted from the columns of studies.tsv alone."""
    lines = (CONTENT / "evidence" / "studies.tsv").read_text(encoding="utf-8").splitlines()
    header, *rows = (line.split("\t") for line in lines if not line.startswith("#"))
    years = {key: one.year or 0 for key, one in references().items()}
    cells = [dict(zip(header, row, strict=True)) for row in rows]
    found = {row["reference"] for row in cells if 1994 <= years[row["reference"]] <= 2015 and row["seen"] != "recalled"}
    reading = readings["R12"]
    assert (reading.value, reading.unit) == (len(found), "publications")
    assert reading.value >= findings()["R12"].limits["articles_at_least"]


@pytest.mark.parametrize("name", list(TESTS))
def test_a_reading_is_complete(readings: dict[str, Reading], name: str) -> None:
    """Law: every row has a finite number with a unit, a reason, a word on its interval, numbers and a figure."""
    reading = readings[name]
    assert math.isfinite(reading.value)
    assert reading.unit
    assert reading.reason
    assert reading.covers
    assert reading.numbers
    assert reading.panels
    assert reading.interval is None or reading.interval[0] <= reading.value <= reading.interval[1]


def test_every_finding_has_a_test_and_a_text() -> None:
    """Law: the 22 rows of the table are the 22 tests, and no field of a row is empty but what is missing."""
    assert list(TESTS) == list(findings())
    assert [f"R{number}" for number in range(1, 14)] + [f"G{number}" for number in range(1, 10)] == list(findings())
    for one in findings().values():
        assert one.limits
        assert all(getattr(one, name) for name in one.__dataclass_fields__ if name not in MAYBE_EMPTY)


def test_limits_stand_in_the_words_of_the_criterion() -> None:
    """Law: the numbers that judge the rows on growth are the numbers that their criterion shows."""
    shown = {
        "R1": ("half", "1 to 100 pM"),
        "R2": ("60 %", "20 %"),
        "R4": ("60 %", "1.2 times", "2 %"),
        "R10": ("1.2-fold",),
        "R11": ("20 named genes", "1.5-fold", "four of the six"),
        "G1": ("0.4",),
        "G2": ("80 %", "60 %", "1.2 times", "twice"),
        "G3": ("0.05 GR",),
        "G6": ("0.5",),
        "G7": ("1.2-fold", "1.25-fold"),
        "G8": ("20 and 80 %",),
    }
    limits = {
        "R1": {"withdrawal_at_most": 0.5, "half_dose_from_nM": 0.001, "half_dose_to_nM": 0.1},
        "R4": {"share_at_least": 0.6, "fold_at_least": 1.2, "falls_at_most": 0.02},
        "G2": {"share_4OHT": 0.8, "share_fulvestrant": 0.6, "fold_active": 1.2, "fold_fulvestrant": 2.0, "months": 6},
        "G7": {"total_fold": 1.2, "ratio_fold": 1.25},
    }
    for name, words in shown.items():
        assert all(word in finding(name).criterion for word in words), name
    for name, numbers in limits.items():
        assert dict(finding(name).limits) == numbers


def test_headlines_are_what_the_laboratory_measures(laboratory: Laboratory, readings: dict[str, Reading]) -> None:
    """Reference: headline numbers computed again from doublings, by the definitions of the rulers."""
    doublings = laboratory.doublings
    tamoxifen, fulvestrant, rapamycin = "4OHT=1uM", "fulvestrant=100nM", "rapamycin=20nM"
    assert readings["R2"].value == pytest.approx(2 ** (doublings("MCF-7", tamoxifen) - doublings("MCF-7")), rel=1e-9)
    assert readings["G4"].value == pytest.approx(2 ** (doublings("MCF7-TamR", rapamycin) - doublings("MCF7-TamR")), rel=1e-9)
    growth = {
        (cells, drugs): doublings(cells, *drugs)
        for cells in ("MCF-7", "MCF7-TamR")
        for drugs in ((), (fulvestrant,), (rapamycin,), (fulvestrant, rapamycin))
    }

    def effect(cells: str, drugs: tuple[str, ...], against: tuple[str, ...] = ()) -> float:
        return 1 - (2 ** (growth[cells, drugs] / growth[cells, against]) - 1)

    lost = effect("MCF-7", (fulvestrant,)) - effect("MCF7-TamR", (fulvestrant,))
    both = effect("MCF7-TamR", (fulvestrant, rapamycin))
    assert readings["G6"].value == pytest.approx((both - effect("MCF7-TamR", (fulvestrant,))) / lost, rel=1e-9)


def test_ladders_start_at_the_parental_line(laboratory: Laboratory, readings: dict[str, Reading]) -> None:
    """Law: every dose curve of a perturbation passes through MCF-7 where nothing is perturbed."""
    parental = laboratory.growth("MCF-7", "4OHT=1uM")
    for name in ("R4", "R5", "R6", "R7", "R8", "R9"):
        for panel in readings[name].panels:
            ends = (panel.lines[0].y[0], panel.lines[0].y[-1])  # type: ignore[union-attr]
            assert min(abs(end - parental) for end in ends) < 1e-9


def test_the_map_of_agonism_agrees_with_single_cultures(laboratory: Laboratory, readings: dict[str, Reading]) -> None:
    """Reference: a corner of the map of R3 computed again as two cultures."""
    panel = readings["R3"].panels[0]
    row = laboratory.doublings("MCF-7", f"E2={panel.rows[-1]}nM", "4OHT=1uM", medium="stripped")  # type: ignore[union-attr]
    bare = laboratory.doublings("MCF-7", f"E2={panel.rows[-1]}nM", medium="stripped")  # type: ignore[union-attr]
    assert panel.values[-1][0] == pytest.approx(row - bare, rel=1e-9)  # type: ignore[union-attr]


def test_virtual_cohorts_and_arrays_do_not_change_from_run_to_run(laboratory: Laboratory, readings: dict[str, Reading]) -> None:
    """Law: rows that draw random numbers give the same numbers twice."""
    for name in ("R10", "G8"):
        again = TESTS[name](laboratory, findings()[name])
        assert again.value == readings[name].value
        assert again.interval == readings[name].interval


def test_shares_of_variance_add_up(readings: dict[str, Reading]) -> None:
    """Law: environment, host, mechanism and their interactions explain all of the variance of R13, none less than nothing."""
    shares = [one.value for one in readings["R13"].numbers]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    assert min(shares) > -1e-12


def test_the_parts_of_restoration_add_up(readings: dict[str, Reading]) -> None:
    """Law: RI_total is RI_net plus phenocopy, on virtual arrays and in truth, and four readings of 40 % are labelled."""
    values = {one.label: one.value for one in readings["G8"].numbers}
    for where in ("virtual arrays", "noise-free truth, 1.5-fold"):
        parts = values[f"RI_net ({where})"] + values[f"phenocopy ({where})"]
        assert values[f"RI_total ({where})"] == pytest.approx(parts, abs=1e-9)
    assert all(any(label.startswith(name) for label in values) for name in ("F_lost", "F_sig", "F_rapa", "F_net"))


def test_cohort_leaves_PIK3CA_alone(readings: dict[str, Reading]) -> None:
    """Law: the pairs of R10 vary enough to matter, and their middle lies where the headline says."""
    ratios = np.array(readings["R10"].panels[0].lines[0].y)  # type: ignore[union-attr]
    assert len(ratios) == findings()["R10"].limits["pairs"]
    assert ratios.std() > 0.05
    assert float(2 ** np.median(np.log2(ratios))) == pytest.approx(readings["R10"].value, rel=1e-9)


def test_an_unknown_row_is_refused() -> None:
    """Refusal: a row that no study has, with the nearest ids."""
    with pytest.raises(UnknownNameError) as fault:
        reproduce(["G12"])
    assert str(fault.value) == "no finding 'G12'; did you mean 'G2', 'G1' or 'R12'?"
