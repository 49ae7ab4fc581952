"""Cohorts as columns and as tables: what they mean, and everything that is wrong with one at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import DataError, ModelError, ProtocolError, TableError, TamariskError, UnitError, UnknownNameError
from tamarisk.model.antimony import read_model
from tamarisk.model.cohort import coded, cohort, read_therapy, set_by_media
from tamarisk.model.cohort_table import read_cohort
from tamarisk.model.context import constants, read_context
from tamarisk.model.model import with_constants
from tamarisk.model.protocol import protocol
from tamarisk.model.substance import media

MODEL = read_model()
WORDS = some.text(max_size=12).filter(lambda text: text.isprintable())


def table(tmp_path: Path, *lines: str, name: str = "members.tsv") -> Path:
    """A table file of these lines."""
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# columns


@given(some.lists(some.sampled_from(["MCF-7", "T47D", "MCF7-TamR"]), min_size=1, max_size=9))
def test_codes_are_the_column(column: list[str]) -> None:
    """Law: distinct values in order of appearance and a place for each member are the column again."""
    distinct, places = coded(column, len(column))
    assert [distinct[place] for place in places] == column
    assert distinct == list(dict.fromkeys(column))


def test_what_is_no_column_holds_for_all() -> None:
    """Law: a single context, therapy or number is everybody's; cells are read once however many members have them."""
    some_cells = cohort("T47D", therapy=["4OHT=1uM", "", "4OHT=1uM"], constants={"PTEN_dose": 0.5, "SRC_dose": [1.0, 2.0, 3.0]})
    assert len(some_cells) == 3
    assert [one.name for one in some_cells.contexts] == ["T47D"]
    assert some_cells.cells.tolist() == [0, 0, 0]
    assert (some_cells.therapies, some_cells.given.tolist()) == (("4OHT=1uM", ""), [0, 1, 0])
    assert {name: column.tolist() for name, column in some_cells.constants.items()} == {
        "PTEN_dose": [0.5, 0.5, 0.5],
        "SRC_dose": [1.0, 2.0, 3.0],
    }


def test_nothing_but_words_is_one_member() -> None:
    """Law: without a column there is one member, and a context may be named or given."""
    assert len(cohort()) == len(cohort(read_context("LTED"))) == 1
    assert cohort(["MCF-7", read_context("T47D")]).contexts == (read_context("MCF-7"), read_context("T47D"))


@pytest.mark.parametrize("text", ["", "  ", "untreated"])
def test_no_therapy(text: str) -> None:
    """Law: nothing, blanks and `untreated` are no dose."""
    assert read_therapy(text) == ()


def test_a_therapy_is_its_doses() -> None:
    """Reference: doses joined by a plus are those of a protocol with the same words."""
    assert read_therapy("4OHT=1uM + rapamycin=20nM@24h-72h") == protocol("4OHT=1uM", "rapamycin=20nM@24h-72h").doses


def test_media_set_hormones_and_drugs() -> None:
    """Law: everything that a medium holds is set by media, and no constant that contexts change is."""
    assert set_by_media() >= {name for one in media().values() for name in one.constants}
    assert "PTEN_dose" not in set_by_media()


@pytest.mark.parametrize(
    ("columns", "kind", "message"),
    [
        (
            {"context": ["MCF-7"] * 2, "therapy": ["", "", ""]},
            DataError,
            "columns differ in length: context has 2, therapy has 3; give one value per member, or one for all",
        ),
        ({"context": []}, DataError, "the cohort has no member; give at least one"),
        ({"context": ["MCF-7", "MCF-8"]}, UnknownNameError, "no context 'MCF-8'; did you mean 'MCF-7' or 'FulvR'?"),
        ({"therapy": "4OHT=1"}, UnitError, "dose of 4OHT: the dose '1' has no unit; write it as 100nM"),
        (
            {"therapy": "4OHT=1uM +"},
            ProtocolError,
            "'' is no dose; write NAME=DOSEunit[@FROM[-TO]], as fulvestrant=100nM@24h-72h",
        ),
        (
            {"constants": {"E2": [1.0]}},
            DataError,
            "constants: 'E2' is set by the medium and by doses; write it as a therapy, E2=1nM",
        ),
        (
            {"constants": {"PTEN_dose": [1.0, -0.5]}},
            DataError,
            "PTEN_dose, member 1: -0.5 is no amount; give finite numbers of at least 0",
        ),
        (
            {"constants": {"PTEN_dose": np.nan}},
            DataError,
            "PTEN_dose, member 0: nan is no amount; give finite numbers of at least 0",
        ),
        (
            {"constants": {"PTEN_dose": [[1.0], [2.0]]}},
            DataError,
            "PTEN_dose: a column of constants has one number per member; give a flat array",
        ),
        ({"names": ["anna", "anna"]}, DataError, "names: two members have one name; give each its own"),
    ],
)
def test_columns_that_make_no_cohort_are_refused(columns: dict, kind: type[TamariskError], message: str) -> None:
    """Refusal: lengths, names, doses and amounts are each said in a sentence that helps."""
    with pytest.raises(kind) as refused:
        cohort(**columns)
    assert str(refused.value) == message


# tables


def test_a_table_is_its_columns(tmp_path: Path) -> None:
    """Reference: a table read is the cohort of the same columns; a fold is taken of what each member's cells have."""
    path = table(
        tmp_path,
        "# a comment",
        "Member\tcontext\ttherapy\tPTEN_dose (relative)\tEGFR_dose (fold)\tk_deg_ER (per_h)",
        "anna\tT47D\t4OHT=1uM + rapamycin=20nM\t0.5\t2\t0.1",
        "bea\tMCF-7\t\t1\t0.5\t0.2",
    )
    read = read_cohort(path, model=MODEL)
    own = constants(read_context("T47D"))["EGFR_dose"]
    base = MODEL.constants["EGFR_dose"]
    known = cohort(
        ["T47D", "MCF-7"],
        therapy=["4OHT=1uM + rapamycin=20nM", ""],
        constants={"PTEN_dose": [0.5, 1.0], "EGFR_dose": [2 * own, 0.5 * base], "k_deg_ER": [0.1, 0.2]},
        names=["anna", "bea"],
    )
    assert own != base
    assert (read.contexts, read.therapies, read.names) == (known.contexts, known.therapies, known.names)
    assert {name: one.tolist() for name, one in read.constants.items()} == {
        name: one.tolist() for name, one in known.constants.items()
    }


def test_what_a_table_does_not_say_the_call_does(tmp_path: Path) -> None:
    """Law: without a column of contexts all members have the call's, and folds are taken of theirs and of the call's model."""
    path = table(tmp_path, "EGFR_dose (fold);k_deg_ER (fold)", "2;3", name="members.csv")
    model = with_constants(MODEL, {"k_deg_ER": 0.25})
    read = read_cohort(path, context="T47D", model=model)
    assert [one.name for one in read.contexts] == ["T47D"]
    assert read.constants["EGFR_dose"].tolist() == [2 * constants(read_context("T47D"))["EGFR_dose"]]
    assert read.constants["k_deg_ER"].tolist() == [0.75]
    assert read.names == ()


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    """Refusal: faults of header, cells, names, therapies and rows come together, each with its place."""
    path = table(
        tmp_path,
        "member\tcontext\ttherapy\tPTEN_dose\tE2 (nM)\tk_degER (per_h)\tSRC_dose (nM)\tEGFR_dose (fold)\tEGFR_dose (relative)\tx",
        "anna\tT47\t4OHT=1\t0.5\t1\t1\t1\t1\tx\ta",
        "anna\tT47\trapamycin=1uM\t-0.5\t1\t1\t1\t1\t\tb",
        "\tMCF-7 + PTEN-knockdown\t4OHT=1uM@5h\t1\t1\t1\t1\t1\t1\t",
        "few",
    )
    with pytest.raises(TableError) as refused:
        read_cohort(path, model=MODEL, protocol=protocol("rapamycin=20nM"))
    assert str(refused.value).splitlines() == [
        "members.tsv, header: the column 'PTEN_dose' has no unit; write 'PTEN_dose (relative)' or 'PTEN_dose (fold)'",
        "members.tsv, header: 'E2' is set by the medium and by doses; write it in the column therapy",
        "members.tsv, header: no constant 'k_degER'; did you mean 'k_deg_ER'?",
        "members.tsv, header: 'nM' is not the unit of 'SRC_dose'; write 'SRC_dose (relative)' or 'SRC_dose (fold)'",
        "members.tsv, header: two columns set 'EGFR_dose'",
        "members.tsv, header: no constant 'x'",
        "members.tsv, row 2, column EGFR_dose (relative): 'x' is not a number",
        "members.tsv, rows 2-3, column context: no context 'T47'; did you mean 'T47D' or 'BT-474'?",
        "members.tsv, row 2, column therapy: dose of 4OHT: the dose '1' has no unit; write it as 100nM",
        "members.tsv, row 3, column PTEN_dose: -0.5 is below 0",
        "members.tsv, row 3, column EGFR_dose (relative): the cell is empty",
        "members.tsv, row 3, column therapy: two doses of rapamycin overlap from 0 h; give one dose at a time",
        "members.tsv, row 3, column member: 'anna' stands already in row 2",
        "members.tsv, row 4, column member: the cell is empty",
        "members.tsv, row 5: 1 cells under 10 columns",
    ]


def test_a_fold_of_nothing_is_refused(tmp_path: Path) -> None:
    """Refusal: a multiple of what the cells do not have would change nothing."""
    nothing = next(name for name, value in MODEL.constants.items() if value == 0 and name not in set_by_media())
    unit = MODEL.units[nothing]
    with pytest.raises(TableError) as refused:
        read_cohort(table(tmp_path, f"{nothing} (fold)", "2"), model=MODEL)
    said = f"the cells have none of it, so a fold changes nothing; write '{nothing} ({unit})'"
    assert str(refused.value) == f"members.tsv, row 2, column {nothing} (fold): {said}"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["context"], "members.tsv: the table has a header but no rows; add at least one row"),
        (["context\tcontext", "MCF-7\tMCF-7"], "members.tsv, header: column 'context' stands twice"),
        (["context", "none.tsv"], "members.tsv, row 2, column context: none.tsv: no such file; check the path"),
        (["context", "PTEN-knockdown"], "members.tsv, row 2, column context: 'PTEN-knockdown' is an edit, not a line; "
         "write a line first, as 'MCF-7 + PTEN-knockdown'"),
    ],
)  # fmt: skip
def test_a_faulty_table_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    """Refusal: a table without rows or with a column twice, and cells that are no cells."""
    with pytest.raises((TableError, ModelError)) as refused:
        read_cohort(table(tmp_path, *lines), model=MODEL)
    assert str(refused.value) == message


@settings(deadline=None, max_examples=60, derandomize=True)
@given(header=some.lists(WORDS, min_size=1, max_size=4), body=some.lists(some.lists(WORDS, min_size=1, max_size=4), max_size=4))
def test_no_table_ends_in_a_traceback(tmp_path_factory: pytest.TempPathFactory, header: list[str], body: list[list[str]]) -> None:
    """Law: whatever stands in a table, it is a cohort with a member per row or an error with a sentence."""
    path = tmp_path_factory.mktemp("fuzz") / "members.tsv"
    path.write_text("\n".join("\t".join(row) for row in [["context", *header], *body]), encoding="utf-8")
    try:
        read = read_cohort(path, model=MODEL)
    except TamariskError as refused:
        assert str(refused)
    else:
        assert len(read) == len(read.cells) <= len(body)
