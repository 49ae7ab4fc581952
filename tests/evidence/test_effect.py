"""Numbers on the way to a pool: what the shipped rows must hold, how errors follow, and which files are refused."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamarisk.errors import TableError
from tamarisk.evidence.effect import ROLES, effects, odds_ratio, ratio_of_strata, read_effects
from tamarisk.evidence.interval import RATIOS
from tamarisk.evidence.question import questions
from tamarisk.evidence.reference import references

ALL = list(effects().values())
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "evidence" / "meta_inputs.tsv"
COUNTED = ("main", "part", "sensitivity", "overlap", "published pool")
ROW = {
    "id": "X1",
    "question": "PIK3CA",
    "reference": "GHAYAD2008",
    "label": "Smith 2026",
    "contrast": "mutant against wild type",
    "measure": "HR",
    "estimate": "2.0",
    "low": "1.5",
    "high": "2.7",
    "level": "0.95",
    "setting": "adjuvant tamoxifen",
    "endpoint": "recurrence",
    "role": "main",
    "says": "A test.",
    "seen": "abstract",
    "where": "our own bench",
}
BARE = dict.fromkeys(("estimate", "low", "high", "level"), "")
COLUMNS = (*ROW, "n", "p", "strata", "counts")
ENDS = st.floats(0.05, 20.0)


def written(folder: Path, *rows: dict[str, str]) -> Path:
    """A file of rows, each the sound one with some cells changed."""
    path = folder / "mine.tsv"
    lines = ["\t".join(COLUMNS), *("\t".join({**ROW, **row}.get(name, "") for name in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def said(path: Path) -> list[str]:
    """What is said about a file, fault by fault."""
    with pytest.raises(TableError) as caught:
        read_effects(path)
    return [line.partition("mine.tsv, ")[2] for line in str(caught.value).splitlines()]


def test_every_effect_has_a_source_and_a_question() -> None:
    """Law: references and questions exist, roles are defined, each row says something and where it was seen."""
    assert [one.id for one in ALL if references()[one.reference] is not one.source or one.question not in questions()] == []
    assert [one.id for one in ALL if one.role not in ROLES or not one.where or not one.says.endswith(".")] == []
    assert [one.id for one in ALL if one.year < 1990] == []
    assert [one for one, count in Counter((one.question, one.label) for one in ALL).items() if count > 1] == []


def test_roles_have_the_numbers_they_need() -> None:
    """Law: what may enter a pool has a logarithm and an error; what has no number has none; nothing recalled is poolable."""
    assert [one.id for one in ALL if one.role in COUNTED and (one.log_estimate is None or not one.standard_error)] == []
    assert [one.id for one in ALL if one.role == "no number" and one.estimate is not None] == []
    assert [one.id for one in ALL if one.poolable and one.seen == "recalled"] == []
    assert {one.standard_error_source for one in ALL} == {"interval", "p", "strata", "counts", ""}


def test_estimates_lie_inside_their_intervals() -> None:
    """Law: low <= estimate <= high; a ratio is above 0; an error comes with its source."""
    for one in ALL:
        if one.low is not None and one.high is not None and one.estimate is not None:
            assert one.low <= one.estimate <= one.high, one.id
        assert one.measure not in RATIOS or (one.estimate is not None and one.estimate > 0), one.id
        assert (one.standard_error is None) == (one.standard_error_source == ""), one.id


def test_effects_agree_with_the_source_data() -> None:
    """Reference: logarithms and errors of the table collected beside the repository.

    Its logarithms have four digits, and its errors follow from rounded ends; 1 % of an error is more than either explains. Three
    rows are turned round here, or their interval is corrected, as their sentences say.
    """
    if not SHARED.exists():
        pytest.skip("the folder shared/ is not beside the repository")
    with SHARED.open(encoding="utf-8") as file:
        theirs = {row["meta_id"]: row for row in csv.DictReader(file, delimiter="\t")}
    assert set(theirs) <= set(effects())
    for name, row in theirs.items():
        ours = effects()[name]
        if row["SE"]:
            sign = -1 if name in ("M013", "M014") else 1
            assert ours.log_estimate == pytest.approx(sign * float(row["logest"]), abs=2e-3), name
            assert ours.standard_error == pytest.approx(float(row["SE"]), rel=0.01), name


def test_effects_by_hand() -> None:
    """Reference: one of each source of an error, worked out by hand.

    An interval, log(2.76 / 1.59) / 3.919928 = 0.14070; a P of .002 at 3.22, log(3.22) / 3.09023 = 0.37843; two strata,
    log(1.33 / 0.73) = 0.59989; a table with half a patient added, 24.5 * 39.5 / (1.5 * 14.5) = 44.494.
    """
    assert effects()["M029"].standard_error == pytest.approx(0.14070, rel=1e-3)
    assert effects()["M049"].standard_error == pytest.approx(0.37843, rel=1e-3)
    assert effects()["M033"].log_estimate == pytest.approx(0.59989, rel=1e-3)
    assert effects()["M025"].estimate == pytest.approx(44.494, rel=1e-3)


@given(ENDS, ENDS, st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_a_ratio_of_strata_turns_with_its_strata(first: float, second: float, one: float, two: float) -> None:
    """Law: exchanging the strata inverts the ratio and leaves its error, which is no smaller than that of either stratum."""
    texts = [
        f"{value:.6f} ({value / math.exp(1.96 * e):.6f}-{value * math.exp(1.96 * e):.6f})"
        for value, e in ((first, one), (second, two))
    ]
    ratio, error = ratio_of_strata(" / ".join(texts))
    turned, same = ratio_of_strata(" / ".join(reversed(texts)))
    assert ratio * turned == pytest.approx(1.0, rel=1e-3)
    assert error == pytest.approx(same, rel=1e-9)
    assert error == pytest.approx(math.hypot(one, two), rel=0.01)


@given(st.lists(st.integers(0, 200), min_size=4, max_size=4))
def test_an_odds_ratio_turns_with_its_table(counts: list[int]) -> None:
    """Law: exchanging the rows of a table inverts the odds ratio and leaves its error; zeros give finite numbers."""
    ratio, error = odds_ratio(*counts)
    turned, same = odds_ratio(*counts[2:], *counts[:2])
    assert ratio * turned == pytest.approx(1.0)
    assert error == pytest.approx(same)
    assert math.isfinite(ratio) and 0 < error < 3


def test_a_lower_end_that_is_left_out() -> None:
    """Reference: Love 2003, 0.37 with upper end 0.89 alone: log(0.89 / 0.37) / 1.96 = 0.4478, with 0.48 (0.31-0.71) 0.4952."""
    ratio, error = ratio_of_strata("0.37 (-0.89) / 0.48 (0.31-0.71)")
    assert ratio == pytest.approx(0.7708, rel=1e-3)
    assert error == pytest.approx(0.4952, rel=1e-3)


@pytest.mark.parametrize(
    "strata", ["1.3 / 0.7", "1.33 (0.70-2.51)", "3 (1-2) / 0.7 (0.5-0.9)", "1..2 (1-2) / 1 (0.5-2)", "0 (0-1) / 1 (0.5-2)"]
)
def test_strata_that_cannot_be(strata: str) -> None:
    """Refusal: no pair, half a pair, an estimate outside its interval, no number, a ratio of 0."""
    with pytest.raises(TableError, match="is no pair of ratios inside their intervals"):
        ratio_of_strata(strata)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """Reference: by hand; an effect of each form is read."""
    second = {"id": "X2", "label": "b", **BARE, "measure": "RHR", "strata": "2 (1-4) / 1 (0.5-2)"}
    third = {"id": "X3", "label": "c", **BARE, "measure": "OR", "counts": "10/10; 10/10"}
    fourth = {"id": "X4", "label": "d", "low": "", "high": "", "level": "", "p": "0.01"}
    last = {"id": "X5", "label": "e", **BARE, "measure": "", "role": "no number"}
    found = read_effects(written(tmp_path, {}, second, third, fourth, last))
    assert [one.standard_error_source for one in found.values()] == ["interval", "strata", "counts", "p", ""]
    assert [one.poolable for one in found.values()] == [True, True, True, True, False]
    assert found["X3"].estimate == 1.0


def test_what_was_recalled_is_not_poolable(tmp_path: Path) -> None:
    """Law: the same number, recalled, has its error and is kept out of a pool."""
    found = read_effects(written(tmp_path, {"seen": "recalled"}))["X1"]
    assert found.standard_error is not None
    assert not found.poolable


BAD = {
    "column question: 'BRAF' is no key of questions.tsv": {"question": "BRAF"},
    "column question: the cell is empty": {"question": ""},
    "column reference: 'SMITH2026' is no key of references.tsv": {"reference": "SMITH2026"},
    "column label: the cell is empty": {"label": ""},
    "column contrast: the cell is empty": {"contrast": ""},
    "column setting: the cell is empty": {"setting": ""},
    "column endpoint: the cell is empty": {"endpoint": ""},
    f"column role: 'first' is none of {', '.join(ROLES)}": {"role": "first"},
    "column role: 'no number', but there is one": {"role": "no number"},
    "column role: 'main' needs an estimate with an interval, a p-value, strata or counts": {"low": "", "high": "", "level": ""},
    "column estimate: 3 lies outside its interval 1.5 to 2.7": {"estimate": "3"},
    "column low: the interval runs down, from 3 to 2.7": {"low": "3"},
    "column estimate: leave it empty: it follows from strata": {
        **BARE,
        "estimate": "2",
        "strata": "2 (1-4) / 1 (0.5-2)",
    },
    "column strata: '2 / 1' is not written as 1.33 (0.70-2.51) / 0.73 (0.47-1.14), or cannot be": {**BARE, "strata": "2 / 1"},
    "column strata: '5 (1-4) / 1 (0.5-2)' is not written as 1.33 (0.70-2.51) / 0.73 (0.47-1.14), or cannot be": {
        **BARE,
        "strata": "5 (1-4) / 1 (0.5-2)",
    },
    "column counts: '24 of 25' is not written as 24/1; 14/39, or cannot be": {**BARE, "counts": "24 of 25"},
    "column measure: 'months' is none of HR, RR, OR, RHR, fold": {**BARE, "measure": "months", "counts": "1/2; 3/4"},
    "column p: 2 is no p-value between 0 and 1": {"low": "", "high": "", "level": "", "p": "2"},
    "column p: leave it empty: the error follows from the interval": {"p": "0.01"},
    "column p: 'small' is not a number": {"low": "", "high": "", "level": "", "p": "small"},
    "column says: it is no sentence: the full stop is missing": {"says": "A test"},
    "column where: the cell is empty": {"where": ""},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_rows_are_refused(tmp_path: Path, message: str) -> None:
    """Refusal: one fault, one sentence, with its row and column."""
    assert said(written(tmp_path, BAD[message])) == [f"row 2, {message}"]


def test_rows_that_stand_twice(tmp_path: Path) -> None:
    """Refusal: an id, and a study with the same contrast and endpoint of one question."""
    assert said(written(tmp_path, {}, {"label": "Smith 2027"})) == ["row 3, column id: 'X1' stands already in row 2"]
    assert said(written(tmp_path, {}, {"id": "X2"})) == ["row 3, column label: 'Smith 2026' stands already in row 2"]
    assert len(read_effects(written(tmp_path, {}, {"id": "X2", "endpoint": "death"}))) == 2
