"""Trials: what the shipped rows must hold, what is kept out of a pool, and which files are refused."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path

import pytest

from tamarisk.errors import TableError
from tamarisk.evidence.question import questions
from tamarisk.evidence.reference import references
from tamarisk.evidence.trial import PRIOR, ROLES, read_trials, trials

ALL = list(trials().values())
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "evidence" / "trials.tsv"
TURNED = ("T048",)
ROW = {
    "id": "X1",
    "trial": "SMITH-1",
    "phase": "3",
    "component": "MTOR",
    "question": "mTOR-trials",
    "role": "main",
    "reference": "GHAYAD2008",
    "population": "first line",
    "prior_resistance": "no",
    "experimental": "everolimus + letrozole",
    "control": "letrozole",
    "n_experimental": "100",
    "n_control": "100",
    "endpoint": "progression-free survival",
    "measure": "HR",
    "estimate": "0.5",
    "low": "0.4",
    "high": "0.625",
    "level": "0.95",
    "says": "A test.",
    "seen": "abstract",
    "where": "our own bench",
}
COLUMNS = (*ROW, "subgroup", "median_experimental", "median_control", "p", "recalled")
BARE = dict.fromkeys(("estimate", "low", "high", "level", "measure"), "")


def written(folder: Path, *rows: dict[str, str]) -> Path:
    """A file of rows, each the sound one with some cells changed."""
    path = folder / "mine.tsv"
    lines = ["\t".join(COLUMNS), *("\t".join({**ROW, **row}.get(name, "") for name in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def said(path: Path) -> list[str]:
    """What is said about a file, fault by fault."""
    with pytest.raises(TableError) as caught:
        read_trials(path)
    return [line.partition("mine.tsv, ")[2] for line in str(caught.value).splitlines()]


def test_every_trial_has_a_source() -> None:
    """Law: references and questions exist, words are defined ones, each row says something and where it was seen."""
    assert [one.id for one in ALL if references()[one.reference] is not one.source or one.year < 1998] == []
    assert [one.id for one in ALL if one.question and one.question not in questions()] == []
    assert [one.id for one in ALL if one.role not in ROLES or one.prior_resistance not in PRIOR or not one.where] == []
    assert [one.id for one in ALL if not one.says.endswith(".") or not all(one.component)] == []


def test_numbers_can_be() -> None:
    """Law: low < estimate < high around a ratio above 0, whole patients, medians above 0."""
    for one in ALL:
        if one.estimate is not None and one.low is not None and one.high is not None:
            assert 0 < one.low < one.estimate < one.high, one.id
        assert all(count is None or count >= 1 for count in (one.n_experimental, one.n_control)), one.id
        assert all(median is None or 0 < median < 120 for median in (one.median_experimental, one.median_control)), one.id


def test_one_main_row_of_a_trial_and_question() -> None:
    """Law: a pool cannot count the patients of a trial twice."""
    mains = Counter((one.question, one.trial) for one in ALL if one.role == "main" and one.question)
    assert [key for key, count in mains.items() if count > 1] == []


def test_what_was_recalled_stays_out() -> None:
    """Law: a ratio or an end of its interval that was recalled keeps the row out of a pool; recalled counts do not."""
    assert {one.id for one in ALL if one.role == "main" and not one.poolable} == {"T007", "T028", "T033", "T037", "T056"}
    assert all(set(one.recalled) & {"estimate", "low", "high"} for one in ALL if one.role == "main" and not one.poolable)
    assert trials()["T019"].recalled == ("n_experimental", "n_control") and trials()["T019"].poolable


def test_trials_agree_with_the_source_data() -> None:
    """Reference: ratios, intervals, medians and patients of the table collected beside the repository, as printed there.

    Kinetics of drugs are no trials and are left out; one ratio is turned round here, as its sentence says.
    """
    if not SHARED.exists():
        pytest.skip("the folder shared/ is not beside the repository")
    with SHARED.open(encoding="utf-8") as file:
        theirs = {row["row_id"]: row for row in csv.DictReader(file, delimiter="\t") if row["pathway"] != "PK"}
    assert set(theirs) == set(trials())
    pairs = {"estimate": "HR", "low": "CI_low", "high": "CI_high", "n_control": "n_ctl", "median_control": "median_ctl_mo"}
    for name, row in theirs.items():
        for ours, column in pairs.items():
            value = getattr(trials()[name], ours)
            if row[column] and "wk" not in row[column] and value is not None and name not in TURNED:
                assert value == float(row[column]), (name, ours)
        assert row["PMID"] in ("", trials()[name].source.pmid), name


def test_a_ratio_that_was_printed_the_other_way_round() -> None:
    """Reference: CALGB 40302 prints placebo to lapatinib 1.04 (0.82-1.33); inverted 0.962 (0.752-1.220)."""
    one = trials()["T048"]
    assert [one.estimate, one.low, one.high] == pytest.approx([1 / 1.04, 1 / 1.33, 1 / 0.82], rel=1e-3)


def test_errors_by_hand() -> None:
    """Reference: BOLERO-2, log(0.54 / 0.38) / 3.919928 = 0.08964; CA180-261, two-sided P .296, log(0.86) / 1.0450 = 0.1443."""
    assert trials()["T001"].standard_error == pytest.approx(0.08964, rel=1e-3)
    assert trials()["T058"].standard_error == pytest.approx(0.1443, rel=2e-3)
    assert trials()["T058"].standard_error_source == "p"
    assert trials()["T001"].log_estimate == pytest.approx(math.log(0.45))


def test_both_sides_of_endocrine_resistance_are_there() -> None:
    """Law: trials of CDK4/6 inhibitors are known before and after endocrine resistance, and mTOR inhibitors after it."""
    sides = {(one.question, one.prior_resistance) for one in ALL if one.role == "main" and one.poolable}
    assert {("CDK4/6-trials", "yes"), ("CDK4/6-trials", "no"), ("mTOR-trials", "yes"), ("PI3K-trials", "yes")} <= sides


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """Reference: by hand; a whole trial, a subgroup of it with recalled ends, and an arm without a number."""
    part = {"id": "X2", "role": "subgroup", "subgroup": "mutant", "recalled": "low; high"}
    arm = {"id": "X3", "trial": "SMITH-2", "role": "descriptive", "control": "", "n_control": "", **BARE}
    found = read_trials(written(tmp_path, {}, part, arm))
    assert [one.poolable for one in found.values()] == [True, False, False]
    assert (found["X1"].n_experimental, found["X3"].n_control, found["X2"].recalled) == (100, None, ("low", "high"))
    assert found["X1"].standard_error == pytest.approx(math.log(0.625 / 0.4) / 3.919928)


BAD = {
    "column id: the cell is empty": {"id": ""},
    "column trial: the cell is empty": {"trial": ""},
    "column component: 'mtor' is no HGNC symbol; separate several with ';'": {"component": "mtor"},
    "column question: 'mTOR' is no key of questions.tsv": {"question": "mTOR"},
    f"column role: 'first' is none of {', '.join(ROLES)}": {"role": "first"},
    "column role: 'main' needs an estimate with an interval or a p-value": {"low": "", "high": "", "level": ""},
    "column reference: 'SMITH2026' is no key of references.tsv": {"reference": "SMITH2026"},
    "column prior_resistance: 'maybe' is none of yes, no, some, not stated": {"prior_resistance": "maybe"},
    "column experimental: the cell is empty": {"experimental": ""},
    "column n_experimental: 99.5 is no whole number of patients": {"n_experimental": "99.5"},
    "column n_control: 'many' is not a number": {"n_control": "many"},
    "column median_control: 'ten' is not a number": {"median_control": "ten"},
    "column measure: 'days' is none of HR, RR, OR, RHR, fold": {"measure": "days"},
    "column estimate: 0.7 lies outside its interval 0.4 to 0.625": {"estimate": "0.7"},
    "column low: 0.49 to 0.625 lies uneven around 0.500 on the log scale (middle 0.553)": {"low": "0.49", "estimate": "0.500"},
    "column p: leave it empty: the error follows from the interval": {"p": "0.01"},
    "column recalled: 'HR' is no column of numbers": {"recalled": "HR"},
    "column recalled: 'p' is empty in this row": {"recalled": "p"},
    "column says: it is no sentence: the full stop is missing": {"says": "A test"},
    "column seen: 'heard' is none of full text, abstract, cited, data file, record, recalled": {"seen": "heard"},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_rows_are_refused(tmp_path: Path, message: str) -> None:
    """Refusal: one fault, one sentence, with its row and column."""
    assert said(written(tmp_path, BAD[message])) == [f"row 2, {message}"]


def test_rows_that_stand_twice(tmp_path: Path) -> None:
    """Refusal: an id, the same comparison, and a second main row of a trial for one question."""
    assert said(written(tmp_path, {}, {"trial": "SMITH-2"})) == ["row 3, column id: 'X1' of SMITH-2 stands already in row 2"]
    twice = {"id": "X2", "role": "sensitivity"}
    assert said(written(tmp_path, {}, twice)) == ["row 3, column subgroup: '' of SMITH-1 stands already in row 2"]
    second = {"id": "X2", "endpoint": "overall survival"}
    assert said(written(tmp_path, {}, second)) == ["row 3, column role: 'main' of SMITH-1 stands already in row 2"]
