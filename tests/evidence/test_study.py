"""Studies: what the shipped rows must hold, and what is said about a user's file that does not hold it."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamarisk.errors import TableError
from tamarisk.evidence.interval import MEASURES, RATIOS
from tamarisk.evidence.reference import CATEGORIES, references
from tamarisk.evidence.study import (
    CONTRASTS,
    DIRECTIONS,
    SEEN,
    direction_faults,
    listed_cell,
    read_studies,
    studies,
    symbol_faults,
)

Write = Callable[..., Path]
ALL = list(studies().values())
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "evidence" / "studies.tsv"
NUMBER = {"contrast": "events by marker", "measure": "HR", "estimate": "2.0", "low": "1.5", "high": "2.7", "level": "0.95"}
ALONE = {"low": "", "high": "", "level": ""}


def said(path: Path) -> list[str]:
    """What is said about a file, fault by fault."""
    with pytest.raises(TableError) as caught:
        read_studies(path, known=studies())
    return [line.partition("mine.tsv, ")[2] for line in str(caught.value).splitlines()]


def test_every_study_has_a_source() -> None:
    """Law: each row names a reference of ours, with a year, says where it was seen and how much of it."""
    assert [one.id for one in ALL if references()[one.reference] is not one.source] == []
    assert [one.id for one in ALL if not 1980 <= one.year <= 2026] == []
    assert [one.id for one in ALL if not one.where or one.seen not in SEEN] == []


def test_every_study_uses_the_words_it_may() -> None:
    """Law: categories, directions, contrasts and measures are defined ones, and a contrast comes with a number."""
    assert {one.category for one in ALL} <= set(CATEGORIES)
    assert {one.direction for one in ALL} <= set(DIRECTIONS)
    assert {one.measure for one in ALL} <= {*MEASURES, ""}
    assert [one.id for one in ALL if len({one.estimate is None, not one.contrast, not one.measure}) != 1] == []


def test_sentences_are_sentences() -> None:
    """Law: what came out is one or two sentences that begin with a capital, not the name of a file or a table."""
    assert [one.id for one in ALL if not re.fullmatch(r"[A-Z0-9][^\t\n]{15,220}\.", one.says)] == []
    assert [one.id for one in ALL if "_" in one.says or "shared/" in one.says] == []
    assert [one for one, count in Counter(one.says for one in ALL).items() if count > 1] == []


def test_intervals_hold_their_estimates() -> None:
    """Law: low <= estimate <= high, both ends or none, ratios above 0, shares between 0 and 100 %."""
    for one in ALL:
        assert (one.low is None) == (one.high is None) == (one.level is None), one.id
        if one.estimate is not None and one.low is not None and one.high is not None:
            assert one.low <= one.estimate <= one.high, one.id
        assert one.measure not in RATIOS or (one.estimate or 0) > 0, one.id
        assert one.measure != "percent" or 0 <= (one.estimate or 0) <= 100, one.id


def test_numbers_agree_with_directions() -> None:
    """Law: no interval that excludes the null denies the direction of its row; none is decided where nothing is compared."""
    for one in ALL:
        if one.estimate is not None and one.measure != "percent":
            low, high = (one.estimate if end is None else end for end in (one.low, one.high))
            assert list(direction_faults(one.direction, one.contrast, one.measure, low, high)) == [], one.id


def test_no_experiment_stands_twice_or_contradicts_itself() -> None:
    """Law: publication, category, component, perturbation, therapy and readout together name one row."""
    keys = Counter((one.reference, one.category, one.component, one.perturbation, one.therapy, one.readout) for one in ALL)
    assert [key for key, count in keys.items() if count > 1] == []


def test_the_aims_are_met() -> None:
    """Golden: 80 % of the studies with PMID or DOI, 60 with a number, 25 in animals (issue 5); aims have no tolerance."""
    assert sum(bool(one.source.pmid or one.source.doi) for one in ALL) >= 0.8 * len(ALL)
    assert sum(one.estimate is not None for one in ALL) >= 60
    assert sum(one.category == "animal" for one in ALL) >= 25
    assert len({one.reference for one in ALL if one.category == "animal"}) >= 25


def test_nothing_recalled_carries_a_number() -> None:
    """Law: what was recalled, or known by its title alone, gives no estimate unless the citing page printed it."""
    assert [one.id for one in ALL if one.seen == "recalled"] == []
    assert [
        one.id for one in ALL if one.says.startswith("Title only") and (one.seen != "cited" or one.estimate is not None)
    ] == []


def test_every_source_row_is_there() -> None:
    """Reference: each study collected beside the repository has a row, with its PMID or DOI."""
    if not SHARED.exists():
        pytest.skip("the folder shared/ is not beside the repository")
    with SHARED.open(encoding="utf-8") as file:
        theirs = {row["study_id"]: row for row in csv.DictReader(file, delimiter="\t")}
    assert [one for one in theirs if one not in studies()] == []
    for name, row in theirs.items():
        source = studies()[name].source
        assert row["PMID"] in ("", source.pmid), name
        assert row["DOI"].lower() in ("", source.doi.lower()), name


def test_periods() -> None:
    """Reference: by hand; the founding review read 1994 to 2015."""
    assert studies()["S017"].period == "1994-2015"
    assert studies()["S175"].period == "2016+"
    assert studies()["S254"].period == "before 1994"
    assert {one.period for one in ALL} == {"before 1994", "1994-2015", "2016+"}


def test_one_study_by_hand() -> None:
    """Reference: Rasmussen 2008, HER2-positive against negative in BIG 1-98, HR 2.09 (1.59-2.76)."""
    one = studies()["S074"]
    assert (one.reference, one.component, one.direction) == ("RASMUSSEN2008", ("ERBB2",), "resistance")
    assert (one.measure, one.estimate, one.low, one.high, one.level) == ("HR", 2.09, 1.59, 2.76, 0.95)


@given(
    st.sampled_from([name for name in MEASURES if not math.isnan(MEASURES[name][1])]), st.floats(0.1, 3.0), st.floats(0.05, 1.0)
)
def test_the_sign_rule_is_even(measure: str, away: float, width: float) -> None:
    """Law: turning events into response, or the number over its null, turns what the rule says."""
    null = MEASURES[measure][1]
    ends = (null * math.exp(away), null * math.exp(away + width)) if null else (away, away + width)
    turned = tuple(sorted(null * null / end if null else -end for end in ends))
    for direction in ("resistance", "sensitivity", "none", "mixed", "not stated"):
        events = len(list(direction_faults(direction, "events by marker", measure, *ends)))
        assert events == (direction in ("sensitivity", "none"))
        assert events == len(list(direction_faults(direction, "response by marker", measure, *turned)))
        assert list(direction_faults(direction, "level", measure, *ends)) == []


@given(st.floats(0.05, 0.9), st.floats(1.1, 5.0), st.sampled_from(list(DIRECTIONS)), st.sampled_from(list(CONTRASTS)))
def test_an_interval_that_holds_the_null_decides_nothing(low: float, high: float, direction: str, contrast: str) -> None:
    """Law: whatever the direction, an interval around 1 does not deny it."""
    assert list(direction_faults(direction, contrast, "HR", low, high)) == []


def test_a_therapy_that_works_does_not_deny_none() -> None:
    """Reference: Dowsett 2006; tamoxifen helps without PgR (0.49-0.99) as with it, so lack of PgR makes no difference."""
    assert list(direction_faults("none", "events by therapy", "RR", 0.49, 0.99)) == []
    assert len(list(direction_faults("none", "events by marker", "RR", 0.49, 0.99))) == 1


def test_lists_and_symbols() -> None:
    """Reference: by hand; digits, dashes and open reading frames are symbols, lower case is none."""
    assert listed_cell("a; b;c") == ("a", "b", "c")
    assert list(symbol_faults("HLA-A;C1orf43;4EBP1")) != []
    assert list(symbol_faults("HLA-A;C1orf43;EIF4EBP1;TP53")) == []
    assert list(symbol_faults("")) == []


def test_a_file_of_ones_own(mine: Write) -> None:
    """Reference: by hand; a new publication needs its citation once, one of ours only its key."""
    later = {"id": "X2", "citation": "", "readout": "colonies"}
    ours = {"id": "X3", "reference": "GHAYAD2008", "citation": ""}
    found = read_studies(mine({"pmid": "41000001", "doi": "10.1234/abc"}, later, ours), known=studies())
    assert list(found) == ["X1", "X2", "X3"]
    assert found["X1"].source == found["X2"].source
    assert (found["X1"].source.pmid, found["X1"].year, found["X1"].period) == ("41000001", 2026, "2016+")
    assert found["X3"].source is references()["GHAYAD2008"]


def test_a_file_without_numbers_may_lack_their_columns(tmp_path: Path, mine: Write) -> None:
    """Law: what is empty in every row need not be a column; the study is the same."""
    whole = mine({})
    names, cells = (line.split("\t") for line in whole.read_text(encoding="utf-8").splitlines())
    filled = [(name, cell) for name, cell in zip(names, cells, strict=True) if cell]
    short = tmp_path / "short.tsv"
    short.write_text("\n".join("\t".join(row) for row in zip(*filled, strict=True)) + "\n", encoding="utf-8")
    assert len(filled) < len(names)
    assert read_studies(short) == read_studies(whole)


def test_ids_of_effects_and_trials_are_taken(mine: Write) -> None:
    """Refusal: an id means one thing in the whole store."""
    with pytest.raises(TableError) as refused:
        read_studies(mine({"id": "M001"}), taken=("M001",))
    assert str(refused.value) == "mine.tsv, row 2, column id: 'M001' stands already in the effects and trials"


def test_the_same_number_in_another_file_is_read_alike(mine: Write) -> None:
    """Law: a row of ours under another id is a repeat where our studies are known, and sound where they are not."""
    ours = studies()["S074"]
    row = {"reference": ours.reference, "citation": "", "category": ours.category, "component": ";".join(ours.component)}
    row |= {"perturbation": ours.perturbation, "therapy": "; ".join(ours.therapy), "readout": ours.readout, **NUMBER}
    assert said(mine(row)) == ["row 2, column readout: this experiment stands already in S074"]
    turned = row | {"direction": "none", "low": "0.8", "high": "5.0"}
    assert said(mine(turned)) == ["row 2, column direction: 'none', but S074 says 'resistance' of the same experiment"]
    assert read_studies(mine(row))["X1"].estimate == 2.0


def test_every_fault_of_a_file_is_said_at_once(mine: Write) -> None:
    """Refusal: faults of several rows come together, each with its row and column."""
    second, third = (
        {"id": "X2", "citation": "", "category": "cells", "readout": "a"},
        {"id": "X1", "citation": "", "readout": "b"},
    )
    assert said(mine({"says": "No stop"}, second, third)) == [
        "row 2, column says: it is no sentence: the full stop is missing",
        "row 3, column category: 'cells' is none of cell line, animal, clinical, review, model, data, biochemical, method",
        "row 4, column id: 'X1' stands already in row 2",
    ]


BETWEEN = {
    "row 3, column id: 'X1' stands already in row 2": {"readout": "colonies"},
    "row 3, column readout: this experiment stands already in row 2": {"id": "X2"},
    "row 3, column direction: 'sensitivity', but row 2 says 'resistance' of the same experiment": {
        "id": "X2",
        "direction": "sensitivity",
    },
    "row 3, column citation: 'Smith 2025 J Test' differs from an earlier row of SMITH2026": {
        "id": "X2",
        "readout": "colonies",
        "citation": "Smith 2025 J Test",
    },
    "row 3, column pmid: '41000001' is reference SMITH2026 already; write that key": {
        "id": "X2",
        "reference": "JONES2026",
        "pmid": "41000001",
    },
}


@pytest.mark.parametrize("message", BETWEEN)
def test_rows_that_do_not_go_together(mine: Write, message: str) -> None:
    """Refusal: an id, an experiment or an identifier that an earlier row of the file has, or another citation of its key."""
    assert said(mine({"pmid": "41000001"}, {"pmid": "41000001"} | BETWEEN[message])) == [message]


BAD = {
    "column id: 'S 1' is no id; use letters, digits and underscores, as S017": {"id": "S 1"},
    "column id: the cell is empty": {"id": ""},
    "column id: 'S017' stands already in the studies already there": {"id": "S017"},
    "column reference: the cell is empty": {"reference": ""},
    "column reference: 'SMITH 2026' is no key; use letters, digits and underscores, as SMITH2026": {"reference": "SMITH 2026"},
    "column reference: 'SABNIS201' is no reference and comes without a citation; did you mean 'SABNIS2010'? If it is new, "
    "write its citation, and pmid or doi if there is one": {"reference": "SABNIS201", "citation": ""},
    "column citation: 'Smith, J Test' names no year": {"citation": "Smith, J Test"},
    "column reference: SPARCED is 'SPARCED input files', which names no year": {"reference": "SPARCED", "citation": ""},
    "column citation: leave it empty: GHAYAD2008 is a reference of ours, which has its own": {"reference": "GHAYAD2008"},
    "column pmid: leave it empty: GHAYAD2008 is a reference of ours, which has its own": {
        "reference": "GHAYAD2008",
        "citation": "",
        "pmid": "19016759",
    },
    "column pmid: 'PMC1234' is no PubMed identifier": {"pmid": "PMC1234"},
    "column pmid: '0123456' is no PubMed identifier": {"pmid": "0123456"},
    "column pmid: '19016759' is reference GHAYAD2008 already; write that key": {"pmid": "19016759"},
    "column doi: 'doi.org/10.1/x' is no DOI": {"doi": "doi.org/10.1/x"},
    "column doi: '10.1234/abc.' is no DOI": {"doi": "10.1234/abc."},
    "column doi: '10.1186/BCR569' is reference STAL2003 already; write that key": {"doi": "10.1186/BCR569"},
    "column category: 'cells' is none of cell line, animal, clinical, review, model, data, biochemical, method": {
        "category": "cells"
    },
    "column model_system: the cell is empty": {"model_system": ""},
    "column component: 'Pten' is no HGNC symbol; separate several with ';'": {"component": "Pten"},
    "column component: '' is no HGNC symbol; separate several with ';'": {"component": "PTEN;;AKT1"},
    "column component: 'PTEN, AKT1' is no HGNC symbol; separate several with ';'": {"component": "PTEN, AKT1"},
    "column component: the cell is empty": {"component": ""},
    "column perturbation: the cell is empty": {"perturbation": ""},
    "column therapy: a part of the list is empty": {"therapy": "tamoxifen;"},
    "column therapy: the cell is empty": {"therapy": ""},
    "column readout: the cell is empty": {"readout": ""},
    "column direction: 'worse' is none of resistance, agonism, sensitivity, reversal, none, mixed, not stated": {
        "direction": "worse"
    },
    "column direction: 'sensitivity', but HR 1.5 to 2.7 (events by marker) says that the therapy fails": {
        **NUMBER,
        "direction": "sensitivity",
    },
    "column direction: 'resistance', but HR 1.5 to 2.7 (response by marker) says that the therapy works": {
        **NUMBER,
        "contrast": "response by marker",
    },
    "column direction: 'none', but HR 1.5 to 2.7 (events by marker) says that the therapy fails": {**NUMBER, "direction": "none"},
    "column direction: 'reversal', but percentage points -9 (response by marker) says that the therapy fails": {
        **NUMBER,
        **ALONE,
        "contrast": "response by marker",
        "measure": "percentage points",
        "estimate": "-9",
        "direction": "reversal",
    },
    "column contrast: the cell is empty, but there is an estimate": {**NUMBER, "contrast": ""},
    "column contrast: 'level' stands without an estimate": {"contrast": "level"},
    f"column contrast: 'mutant' is none of {', '.join(CONTRASTS)}": {
        **NUMBER,
        "contrast": "mutant",
    },
    "column measure: the cell is empty, but estimate says 2.0": {**NUMBER, "measure": ""},
    "column measure: 'hazard' is none of HR, RR, OR, RHR, fold, percentage points, days, months, percent": {
        **NUMBER,
        "measure": "hazard",
    },
    "column estimate: the cell is empty, but the measure is HR": {"measure": "HR"},
    "column estimate: 'two' is not a number": {**NUMBER, "estimate": "two"},
    "column estimate: 3.0 lies outside its interval 1.5 to 2.7": {**NUMBER, "estimate": "3.0"},
    "column estimate: 120 is no share between 0 and 100 %": {
        **NUMBER,
        **ALONE,
        "contrast": "level",
        "measure": "percent",
        "estimate": "120",
    },
    "column estimate: -180 is no difference of two shares": {
        **NUMBER,
        **ALONE,
        "contrast": "response by marker",
        "measure": "percentage points",
        "estimate": "-180",
    },
    "column low: the interval runs down, from 3 to 1.5": {**NUMBER, "low": "3", "high": "1.5"},
    "column low: 1.9 to 2.7 lies uneven around 2.0 on the log scale (middle 2.26)": {**NUMBER, "low": "1.9"},
    "column low: the interval from 2 to 2 has no width": {**NUMBER, "low": "2", "high": "2"},
    "column low: the cell is empty, but high says 2.7": {**NUMBER, "low": ""},
    "column low: 0 cannot be a ratio; HR is above 0": {**NUMBER, "low": "0"},
    "column high: the cell is empty, but low says 1.5": {**NUMBER, "high": ""},
    "column level: an interval stands without its level; write 0.95 for 95 %": {**NUMBER, "level": ""},
    "column level: 95 is no level between 0.5 and 1; write 0.95 for 95 %": {**NUMBER, "level": "95"},
    "column level: level 0.95 stands without an interval": {**NUMBER, "low": "", "high": ""},
    "column says: it is no sentence: the full stop is missing": {"says": "Cells without PTEN outgrow tamoxifen"},
    "column says: the cell is empty": {"says": ""},
    "column seen: 'guessed' is none of full text, abstract, cited, data file, record, recalled": {"seen": "guessed"},
    "column where: the cell is empty": {"where": ""},
}


def test_there_are_bad_files_enough() -> None:
    """Golden: thirty distinct bad user files (issue 5); a bar has no tolerance."""
    assert len(BAD) + len(BETWEEN) >= 30


@pytest.mark.parametrize("message", BAD)
def test_bad_rows_are_refused(mine: Write, message: str) -> None:
    """Refusal: one fault, one sentence, with its row and column."""
    assert said(mine(BAD[message])) == [f"row 2, {message}"]


def test_a_file_without_a_column(tmp_path: Path) -> None:
    """Refusal: a missing column is named, with those that the file may hold."""
    path = tmp_path / "mine.tsv"
    path.write_text("id\treference\nX1\tGHAYAD2008\n", encoding="utf-8")
    with pytest.raises(TableError, match="category") as caught:
        read_studies(path)
    assert "mine.tsv" in str(caught.value)
