"""Contexts: who is known, how lines and edits compose, and tables of a user's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import ModelError, TableError, UnknownNameError
from tamarisk.model.context import changeable, composed, constants, contexts, perturbed, read_context
from tamarisk.model.substance import media

LAW = settings(deadline=None, max_examples=60, derandomize=True)
LINES = sorted(name for name, one in contexts().items() if one.kind == "line")
EDITS = sorted(name for name, one in contexts().items() if one.kind == "edit")
HEADER = "parameter\toperation\tvalue\tunit\tstatus\tsource\tbase\n"


def table(folder: Path, name: str, *rows: str, base: str = "") -> Path:
    """A user's table of differences: parameter, operation, value and unit of each row, all on one base."""
    path = folder / name
    path.write_text(
        HEADER + "".join("\t".join([*row.split(" "), "prior", "mine", base]) + "\n" for row in rows), encoding="utf-8"
    )
    return path


def refusal(kind: type[Exception], text: str | Path) -> str:
    """What a context is refused with."""
    with pytest.raises(kind) as refused:
        read_context(str(text))
    return str(refused.value)


# who is known


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "line") for name in ("MCF-7", "MCF7-HER2-18", "HER2-activated", "T47D", "ZR-75-1", "BT-474")),
        *((name, "line") for name in ("MCF7-TamR", "MCF7-FulvR", "LTED")),
        *((name, "edit") for name in ("PTEN-knockdown", "AKT-activated", "mTOR-activated", "SRC-activated", "GLI1-activated")),
        *((name, "edit") for name in ("PIK3CA-mutant", "PIK3CA-wildtype")),
    ],
)
def test_the_lines_and_edits_of_the_studies_are_known(name: str, kind: str) -> None:
    """Law: every context that the founding studies need is found by its usual name and is of its kind."""
    found = read_context(name if kind == "line" else f"MCF-7 + {name}")
    assert found.meaning
    assert (name in EDITS) == (kind == "edit")


def test_the_reference_differs_from_nothing() -> None:
    """Law: MCF-7 has no difference from MCF-7, and no built-in other line is the same as it."""
    assert constants(read_context("MCF-7")) == {}
    assert all(constants(one) for name, one in contexts().items() if name != "MCF-7")


@pytest.mark.parametrize("name", LINES + EDITS)
def test_every_difference_says_who_says_so(name: str) -> None:
    """Law: each difference is of a parameter that contexts may change, is not negative, and has status and source."""
    one = contexts()[name]
    assert one.medium in media()
    assert one.meaning
    for difference in one.differences:
        assert difference.parameter in changeable()
        assert difference.value >= 0
        assert difference.status in ("seen", "derived", "prior")
        assert difference.source


@pytest.mark.parametrize("name", LINES + EDITS)
def test_no_context_sets_a_number_twice(name: str) -> None:
    """Law: within one context each parameter differs once."""
    own = [difference.parameter for difference in contexts()[name].differences]
    assert len(own) == len(set(own))


def test_two_ways_to_the_same_drive() -> None:
    """Law: HER2-rich cells have more receptor, HER2-active cells a busier one, by the same factor and in nothing else."""
    rich, active = constants(read_context("MCF7-HER2-18")), constants(read_context("HER2-activated"))
    assert (set(rich), set(active)) == ({"ERBB2_dose"}, {"HER2_activation"})
    assert rich["ERBB2_dose"] == active["HER2_activation"] > 1


@pytest.mark.parametrize("line", ["T47D", "ZR-75-1", "BT-474"])
def test_amounts_seen_by_elisa(shared: Path, line: str) -> None:
    """Golden: amounts against MCF-7 by the basal ELISA of Niepel 2014 (PMID 24655548); a number called seen is that number."""
    rows = [row.split("\t") for row in (shared / "biology" / "contexts.tsv").read_text(encoding="utf-8").splitlines()]
    published = {row[2][1:] + "_dose": float(row[3]) for row in rows if row[0] == line and row[1].endswith("(ELISA)")}
    seen = [one for one in read_context(line).differences if one.status == "seen" and "ELISA" in one.source]
    assert {"ERBB2_dose", "ERBB3_dose", "EGFR_dose"} <= {one.parameter for one in seen}
    assert {one.parameter: one.value for one in seen} == {one.parameter: published[one.parameter] for one in seen}


# composition


@LAW
@given(line=some.sampled_from(LINES), edits=some.lists(some.sampled_from(EDITS), max_size=4))
def test_differences_follow_in_the_order_written(line: str, edits: list[str]) -> None:
    """Law: a composed context has the differences of its parts one after another, and the line's medium and kind."""
    parts = [contexts()[name] for name in (line, *edits)]
    whole = read_context(" + ".join((line, *edits)))
    assert whole.differences == tuple(one for part in parts for one in part.differences)
    assert (whole.medium, whole.kind, whole.name) == (parts[0].medium, "line", " + ".join((line, *edits)))
    assert composed(parts) == whole


@LAW
@given(
    line=some.sampled_from(LINES),
    order=some.permutations(["PTEN-knockdown", "AIB1-high", "GLI1-activated", "RB1-loss", "AKT-activated"]),
)
def test_edits_of_different_things_may_change_places(line: str, order: list[str]) -> None:
    """Law: edits that touch different parameters give the same cells in any order."""
    there = constants(read_context(" + ".join((line, *order))))
    back = constants(read_context(" + ".join((line, *reversed(order)))))
    assert there == pytest.approx(back, rel=1e-12)


def test_multiples_multiply_and_settings_settle() -> None:
    """Reference: by hand; two knock-downs are 0.15 squared, and of two settings the later one counts."""
    assert constants(read_context("MCF-7 + PTEN-knockdown + PTEN-knockdown"))["PTEN_dose"] == pytest.approx(0.15**2, rel=1e-12)
    assert constants(read_context("T47D + PIK3CA-wildtype"))["PIK3CA_mutation"] == 0.0
    assert constants(read_context("T47D + PIK3CA-wildtype + PIK3CA-mutant"))["PIK3CA_mutation"] == 1.0
    assert constants(read_context("MCF7-HER2-18 + HER2-overexpression"))["ERBB2_dose"] == 45.0 * 45.0


@pytest.mark.parametrize("text", ["mcf7 + pten knockdown", "MCF-7 + PTEN-KD", " MCF7  +  PTEN-loss ", "MCF-7 + PTEN-knockdown"])
def test_spelling_does_not_matter(text: str) -> None:
    """Law: any spelling of line and edit gives the official name and the same cells."""
    assert read_context(text) == read_context("MCF-7 + PTEN-knockdown")


@LAW
@given(value=some.floats(0.0, 100.0))
def test_a_perturbed_context_has_the_value_given(value: float) -> None:
    """Law: a perturbation sets its parameter, whatever was there before, and leaves the rest and the context itself."""
    before = read_context("MCF7-TamR")
    after = constants(perturbed(before, "PTEN_dose", value=value, source="curve"))
    assert after == {**constants(before), "PTEN_dose": value}
    assert before == read_context("MCF7-TamR")


def test_an_edit_first_is_refused() -> None:
    """Refusal: an edit edits something; the line to write is shown."""
    message = "'PTEN-knockdown' is an edit, not a line; write a line first, as 'MCF-7 + PTEN-knockdown'"
    assert refusal(ModelError, "PTEN-knockdown") == message
    assert refusal(ModelError, "pten-kd + MCF-7") == message


def test_a_line_after_the_first_is_refused() -> None:
    """Refusal: two lines are no cell."""
    assert refusal(ModelError, "MCF-7 + T47D") == "'T47D' is a line and cannot be added to 'MCF-7'; only edits come after +"


def test_an_unknown_context_is_refused() -> None:
    """Refusal: the nearest names are offered, or all of them."""
    assert refusal(UnknownNameError, "ZR-75-2") == "no context 'ZR-75-2'; did you mean 'ZR-75-1'?"
    assert refusal(UnknownNameError, "MCF-7 + PTEN") == "no context 'PTEN'; did you mean 'PTEN-knockdown'?"
    assert refusal(UnknownNameError, "MDA-MB-231") == f"no context 'MDA-MB-231'; known: {', '.join(contexts())}"


@pytest.mark.parametrize(
    ("parameter", "hint"),
    [("SRC_dos", "did you mean 'SRC_dose'?"), ("qqqq", "known: " + ", ".join(changeable()))],
)
def test_perturbing_what_no_context_changes_is_refused(parameter: str, hint: str) -> None:
    """Refusal: a rate constant is not a matter of context."""
    with pytest.raises(ModelError) as refused:
        perturbed(read_context("MCF-7"), parameter, value=1.0, source="curve")
    assert str(refused.value) == f"'{parameter}' is nothing that a context may change; {hint}"


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_perturbing_to_no_amount_is_refused(value: float) -> None:
    """Refusal: what a table may not hold a perturbation may not set."""
    with pytest.raises(ModelError) as refused:
        perturbed(read_context("MCF-7"), "SRC_dose", value=value, source="curve")
    assert str(refused.value) == f"SRC_dose: {value:g} is no amount; give a finite number of at least 0"


# tables of a user's own


@pytest.mark.parametrize("name", LINES + EDITS)
def test_a_table_of_the_same_differences_is_the_same_cell(tmp_path: Path, name: str) -> None:
    """Law: a built-in context written out as a user's table gives the very same constants."""
    rows = [
        f"{one.parameter} {one.operation} {one.value!r} {changeable()[one.parameter].unit if one.operation == 'is' else 'fold'}"
        for one in contexts()[name].differences
    ] or ["PTEN_dose times 1 fold"]
    assert constants(read_context(str(table(tmp_path, "mine.tsv", *rows)))) == (constants(contexts()[name]) or {"PTEN_dose": 1.0})


def test_tables_stand_on_tables(tmp_path: Path) -> None:
    """Law: a base is a line, a line with edits, or another table in the same folder, and takes edits like any line."""
    table(tmp_path, "below.tsv", "PTEN_dose times 0.5 fold", base="LTED")
    above = table(tmp_path, "above.csv", "PTEN_dose times 0.5 fold", base="below.tsv + SRC-activated")
    found = read_context(f"{above} + AKT-activated")
    steps = constants(read_context("LTED + SRC-activated + AKT-activated"))
    assert constants(found) == pytest.approx({**steps, "PTEN_dose": 0.25}, rel=1e-12)
    assert (found.name, found.kind, found.medium) == ("above + AKT-activated", "line", "stripped")


def test_a_circle_of_tables_is_refused(tmp_path: Path) -> None:
    """Refusal: the circle is printed, from where it begins to where it closes."""
    table(tmp_path, "a.tsv", "PTEN_dose times 2 fold", base="b.tsv + PTEN-knockdown")
    table(tmp_path, "b.tsv", "PTEN_dose times 2 fold", base="a.tsv")
    entry = table(tmp_path, "entry.tsv", "PTEN_dose times 2 fold", base="a.tsv")
    own = table(tmp_path, "own.tsv", "PTEN_dose times 2 fold", base="own.tsv")
    assert refusal(ModelError, entry) == "contexts stand on each other in a circle: a.tsv > b.tsv > a.tsv"
    assert refusal(ModelError, own) == "contexts stand on each other in a circle: own.tsv > own.tsv"


def test_an_unknown_base_is_refused(tmp_path: Path) -> None:
    """Refusal: the table that names it is named, and the nearest line offered."""
    file = table(tmp_path, "mine.tsv", "PTEN_dose times 2 fold", base="ZR-75-2")
    assert refusal(UnknownNameError, file) == "mine.tsv, column base: no context 'ZR-75-2'; did you mean 'ZR-75-1'?"


def test_a_missing_base_file_is_refused(tmp_path: Path) -> None:
    """Refusal: the path that was looked for is shown."""
    file = table(tmp_path, "mine.tsv", "PTEN_dose times 2 fold", base="none.tsv")
    assert refusal(TableError, file) == f"{tmp_path / 'none.tsv'}: no such file; check the path"


def test_two_bases_are_refused(tmp_path: Path) -> None:
    """Refusal: both are named."""
    file = table(tmp_path, "mine.tsv", "PTEN_dose times 2 fold", base="T47D")
    file.write_text(file.read_text(encoding="utf-8") + "SRC_dose\ttimes\t2\tfold\tprior\tmine\tLTED\n", encoding="utf-8")
    assert refusal(ModelError, file) == "mine.tsv: the column base names LTED and T47D; one table has one base"


def test_all_faults_of_a_table_are_listed(tmp_path: Path) -> None:
    """Refusal: every fault has its row and column; a cell has one fault at most."""
    rows = [
        "PTEN_dos times 2 fold",
        "PTEN_dose is 2 fold",
        "PTEN_dose times -2 relative",
        "SRC_dose sets 2 relative",
        " times 2 fold",
    ]
    assert refusal(TableError, table(tmp_path, "mine.tsv", *rows)) == (
        "mine.tsv, row 2, column parameter: no context parameter 'PTEN_dos'; did you mean 'PTEN_dose'?\n"
        "mine.tsv, row 3, column unit: 'fold' should be 'relative' for PTEN_dose with 'is'\n"
        "mine.tsv, row 4, column value: -2 is below 0\n"
        "mine.tsv, row 4, column unit: 'relative' should be 'fold' for PTEN_dose with 'times'\n"
        "mine.tsv, row 5, column operation: 'sets' is none of is, times\n"
        "mine.tsv, row 6, column parameter: the cell is empty"
    )


def test_a_multiple_of_nothing_is_refused(tmp_path: Path) -> None:
    """Refusal: MCF-7 makes no EGFR ligand, and four times nothing would silently be nothing."""
    file = table(tmp_path, "mine.tsv", "autocrine_EGFR_ligand times 4 fold")
    with pytest.raises(ModelError) as refused:
        constants(read_context(str(file)))
    assert str(refused.value) == "mine: 'autocrine_EGFR_ligand' is 0 in the base, so 'times' changes nothing; set it with 'is'"
