"""Tables: every separator and spelling that people use, and all faults of a file at once."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import Issue, TableError
from tamarisk.tables import Column, Row, read_columns, read_table, table_cells, table_header

LAW = settings(deadline=None, max_examples=60, derandomize=True)
COLUMNS = (
    Column("drug"),
    Column("dose_nM", number=True, minimum=0.0),
    Column("kind", required=False, choices=("drug", "ligand")),
    Column("note", required=False, optional=True),
)
GOOD = "drug\tdose_nM\tkind\n"
LETTERS = some.characters(categories=["L", "N", "P", "S"], exclude_characters='"')
CELL = some.text(alphabet=some.one_of(LETTERS, some.just(" ")), max_size=6)


def file(folder: Path, text: str, *, name: str = "plate.tsv") -> Path:
    """A file with that text."""
    path = folder / name
    path.write_bytes(text.encode())
    return path


def cells(rows: tuple[Row, ...]) -> list[tuple[int, str, str, str]]:
    """Line, drug, dose and kind of each row."""
    return [(row.line, row["drug"], row["dose_nM"], row["kind"]) for row in rows]


def refusal(path: Path, **given: object) -> str:
    """What a table is refused with."""
    with pytest.raises(TableError) as refused:
        read_table(path, COLUMNS, **given)  # type: ignore[arg-type]
    return str(refused.value)


# what is read


@pytest.mark.parametrize("separator", ["\t", ",", ";"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_separator_gives_the_same_rows(tmp_path: Path, separator: str, ending: str) -> None:
    """Law: tabs, commas and semicolons, with the line ends of any machine, hold one and the same table."""
    lines = [("drug", "dose_nM", "kind"), ("4OHT", " 1000 ", "drug"), ("EGF", "16", "")]
    path = file(tmp_path, ending.join(separator.join(line) for line in lines), name="plate.csv")
    assert cells(read_table(path, COLUMNS)) == [(2, "4OHT", "1000", "drug"), (3, "EGF", "16", "")]


@LAW
@given(words=some.lists(some.tuples(CELL, CELL), min_size=1, max_size=5))
def test_every_cell_comes_back(words: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Law: what stands in a cell is read, less the blanks around it."""
    lines = [f"row{number}\t{left}\t{right}" for number, (left, right) in enumerate(words)]
    path = file(tmp_path_factory.mktemp("table"), "\n".join(["id\tleft\tright", *lines]))
    rows = read_table(path, [Column("id"), Column("left", required=False), Column("right", required=False)])
    assert [(row["left"], row["right"]) for row in rows] == [(left.strip(), right.strip()) for left, right in words]


def test_marks_of_spreadsheets_do_not_matter(tmp_path: Path) -> None:
    """Law: a byte-order mark, comments and blank lines are passed over, and the rows keep the numbers of their lines."""
    path = file(tmp_path, "\ufeff# plate 3\nDrug\tDose nM\tKIND\n\n4OHT\t1000\tdrug\n# late\n\t\t\nEGF\t16\tligand\n")
    assert cells(read_table(path, COLUMNS)) == [(4, "4OHT", "1000", "drug"), (7, "EGF", "16", "ligand")]


def test_quotes_hold_the_separator(tmp_path: Path) -> None:
    """Law: a quoted cell may hold the separator."""
    path = file(tmp_path, 'drug,dose_nM,kind\n"ICI 182,780",100,drug\n', name="plate.csv")
    assert cells(read_table(path, COLUMNS)) == [(2, "ICI 182,780", "100", "drug")]


def test_a_number_may_be_left_out(tmp_path: Path) -> None:
    """Law: an empty cell is no number, and a column that may be missing reads as empty."""
    (row,) = read_table(
        file(tmp_path, "drug\tdose_nM\n4OHT\t\n"), [Column("drug"), Column("dose_nM", number=True, required=False)]
    )
    assert math.isnan(row.number("dose_nM"))
    assert row["note"] == ""


def test_further_columns_may_be_dropped(tmp_path: Path) -> None:
    """Law: where further columns are allowed they change nothing."""
    wide = file(tmp_path, "well\tdrug\tdose_nM\tkind\nA1\t4OHT\t1000\tdrug\n", name="wide.tsv")
    narrow = file(tmp_path, GOOD + "4OHT\t1000\tdrug\n")
    assert read_table(wide, COLUMNS, extra=True) == read_table(narrow, COLUMNS)


# what is refused


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    """Refusal: header first, then each row, with its number, its column and what is wrong."""
    text = "drug\tdose\tkind\tnote\tnote\n\t-1\thormone\t\t\n4OHT\t1\tdrug\n"
    columns = (*COLUMNS, Column("time_h"), Column("dose", number=True, minimum=0.0))
    with pytest.raises(TableError) as refused:
        read_table(file(tmp_path, text), columns)
    assert str(refused.value) == (
        "plate.tsv, header: column 'note' stands twice\n"
        "plate.tsv, header: column 'dose_nM' is missing\n"
        "plate.tsv, header: column 'time_h' is missing\n"
        "plate.tsv, row 2, column drug: the cell is empty\n"
        "plate.tsv, row 2, column kind: 'hormone' is none of drug, ligand\n"
        "plate.tsv, row 2, column dose: -1 is below 0\n"
        "plate.tsv, row 3: 3 cells under 5 columns"
    )


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("\t1\t", "row 2, column drug: the cell is empty"),
        ("4OHT\t\t", "row 2, column dose_nM: the cell is empty"),
        ("4OHT\tmuch\t", "row 2, column dose_nM: 'much' is not a number"),
        ("4OHT\t1,5\t", "row 2, column dose_nM: '1,5' is not a number (use a decimal point)"),
        ("4OHT\tnan\t", "row 2, column dose_nM: 'nan' is not finite"),
        ("4OHT\t1e999\t", "row 2, column dose_nM: '1e999' is not finite"),
        ("4OHT\t-0.1\t", "row 2, column dose_nM: -0.1 is below 0"),
        ("4OHT\t1\tDrug", "row 2, column kind: 'Drug' is none of drug, ligand"),
        ("4OHT\t1", "row 2: 2 cells under 3 columns"),
        ("4OHT\t1\tdrug\tx", "row 2: 4 cells under 3 columns"),
        ('4OHT\t"1\tdrug', "row 2: 2 cells under 3 columns"),
    ],
)
def test_a_bad_cell_is_refused(tmp_path: Path, row: str, fault: str) -> None:
    """Refusal: one fault gives one line with file, row and column."""
    assert refusal(file(tmp_path, GOOD + row + "\n")) == f"plate.tsv, {fault}"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "drug\tdose_mM\tkind",
            "plate.tsv, header: unknown column 'dose_mM'; did you mean 'dose_nM'?\n"
            "plate.tsv, header: column 'dose_nM' is missing",
        ),
        ("drug\tdose_nM\tkind\twell", "plate.tsv, header: unknown column 'well'"),
        ("drug\tdose_nM\tkind\tDrug", "plate.tsv, header: column 'drug' stands twice"),
        ("drug\tdose_nM", "plate.tsv, header: column 'kind' is missing"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, header: str, message: str) -> None:
    """Refusal: a column that is unknown, doubled or missing is named, and the nearest known one offered."""
    row = "\t".join(["4OHT", "1", "drug", "drug"][: header.count("\t") + 1])
    assert refusal(file(tmp_path, f"{header}\n{row}\n")) == message


def test_the_same_fault_is_said_once(tmp_path: Path) -> None:
    """Refusal: rows with one fault in common stand on one line, runs joined."""
    rows = ["4OHT\tx\tdrug"] * 3 + ["4OHT\t1\tdrug", "4OHT\tx\tdrug", "\t1\tdrug"]
    assert refusal(file(tmp_path, GOOD + "\n".join(rows))) == (
        "plate.tsv, rows 2-4, 6, column dose_nM: 'x' is not a number\nplate.tsv, row 7, column drug: the cell is empty"
    )


def test_a_rule_over_a_row_is_heard_beside_the_cells(tmp_path: Path) -> None:
    """Refusal: what a caller's own rule finds is listed with the rest."""

    def no_oestradiol(row: Row) -> Iterator[Issue]:
        if row["drug"] == "E2":
            yield Issue("column drug", "oestradiol is in the medium already")

    assert refusal(file(tmp_path, GOOD + "E2\t-1\t\n"), check=no_oestradiol) == (
        "plate.tsv, row 2, column dose_nM: -1 is below 0\nplate.tsv, row 2, column drug: oestradiol is in the medium already"
    )


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    """Refusal: a header alone is no table."""
    assert refusal(file(tmp_path, GOOD)) == "plate.tsv: the table has a header but no rows; add at least one row"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """Refusal: a missing file, a folder, and a path that leads through a file are told apart in words."""
    inside = file(tmp_path, GOOD) / "plate.tsv"
    for missing in (tmp_path / "other.tsv", inside):
        assert refusal(missing) == f"{missing}: no such file; check the path"
    assert refusal(tmp_path) == f"{tmp_path}: this is a folder, not a table; name a file in it"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the file is empty; it needs a header and rows"),
        (b"\n# only a comment\n", "the file is empty; it needs a header and rows"),
        ("drug\tdose_nM\n4OHT\t1 µM\n".encode("latin-1"), "the file is not UTF-8 text; save it as tab-separated text"),
        ("drug\tdose_nM\n".encode("utf-16"), "the file is not UTF-8 text; save it as tab-separated text"),
        (b"drug\0dose", "the file is not text; save it as tab-separated text"),
        (b"PK\x03\x04\x14\x00", "this is an Excel workbook, not text; save it as tab-separated text"),
        (b"\xd0\xcf\x11\xe0\xa1", "this is an Excel workbook, not text; save it as tab-separated text"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    """Refusal: an empty file, another encoding and a workbook are refused with what to do."""
    path = tmp_path / "plate.xlsx"
    path.write_bytes(content)
    assert refusal(path) == f"{path}: {fault}"


# packed files, aliases and gaps


def test_a_packed_table_is_the_same_table(tmp_path: Path) -> None:
    """Law: a name that ends in .gz is unpacked; a damaged file is refused."""
    plainly = file(tmp_path, GOOD + "4OHT\t5\tdrug\n")
    packed = tmp_path / "plate.tsv.gz"
    packed.write_bytes(gzip.compress(plainly.read_bytes()))
    assert read_table(packed, COLUMNS) == read_table(plainly, COLUMNS)
    packed.write_bytes(packed.read_bytes()[:20])
    assert refusal(packed) == f"{packed}: the file is no sound gzip file; pack it again"


def test_aliases_and_gaps(tmp_path: Path) -> None:
    """Law: a column may have several names and words for an empty cell; two names for one column are a fault."""
    dose = Column("dose", number=True, required=False, aliases=("conc", "Conc.1"), gaps=("NA",))
    row = read_table(file(tmp_path, "CONC_1\n5\nNA\n"), (dose,))
    assert [one["dose"] for one in row] == ["5", ""]
    assert [one.holds("dose") for one in row] == [True, False]
    assert math.isnan(row[1].number("dose"))
    with pytest.raises(TableError) as refused:
        read_table(file(tmp_path, "conc\tdose\n5\t5\n"), (dose,))
    both = "plate.tsv, header: columns 'conc' and 'dose' both mean 'dose'"
    assert str(refused.value) == f"{both} (keep one, or say which with --column dose=HEADER)"


def test_a_header_that_is_named_stands_alone(tmp_path: Path) -> None:
    """Law: the header that a call names wins over the official name, over aliases, and over what else it might have meant."""
    group, drug = Column("group", aliases=("arm",), header="Treatment"), Column("drug", aliases=("treatment", "agent"))
    table = read_columns(file(tmp_path, "group\tarm\ttreatment\tagent\n1\t2\t3\t4\n"), (group, drug), extra=True)
    assert table.cells == {"group": ["3"], "drug": ["4"]}


def test_a_million_faults_are_not_all_told(tmp_path: Path) -> None:
    """Refusal: the first fifty faults, and how many more there are."""
    path = file(tmp_path, GOOD + "".join(f"4OHT\tx{number}\tdrug\n" for number in range(70)))
    told = refusal(path).splitlines()
    assert (len(told), told[49]) == (51, "plate.tsv, row 51, column dose_nM: 'x49' is not a number")
    assert told[-1] == "and 20 more such faults"


def test_a_header_that_is_named_must_be_there(tmp_path: Path) -> None:
    """Refusal: also of a column that may lack; the nearest header is offered, else all are."""
    for named, offer in (("pasage", "; did you mean 'Passage'?"), ("x", " (known: Passage, dose)")):
        with pytest.raises(TableError) as refused:
            read_table(file(tmp_path, "Passage\tdose\n1\t2\n"), [Column("run", optional=True, header=named)], extra=True)
        assert str(refused.value) == f"plate.tsv, header: no column '{named}'{offer}"


def test_a_cell_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """Refusal: a quote that is never closed over a very long line is said, not thrown."""
    path = file(tmp_path, "drug\tdose_nM\tkind\n" + "a" * 140_000 + "\t5\tdrug\n")
    assert refusal(path).startswith(f"{path}: a cell cannot be read (field larger than field limit")


# column by column

ODD = some.sampled_from(["", "1", " 2 ", "-1", "x", "1,5", "nan", "drug", "hormone", "4OHT", '"a\tb"', '"open', 'a"b'])


def answered(reader: object, path: Path, **given: object) -> object:
    """What a reader gives or is refused with."""
    try:
        return reader(path, COLUMNS, extra=True, **given)  # type: ignore[operator]
    except TableError as refused:
        return str(refused)


def no_hormone(row: Row) -> Iterator[Issue]:
    """A rule that looks at dose and kind alone."""
    if row["kind"] == "drug" and row.holds("dose_nM") and row.number("dose_nM") > 1:
        yield Issue("column dose_nM", f"{row['dose_nM']} is much")
    if row["kind"] == "hormone":
        yield Issue("column kind", "no hormones")


@LAW
@given(rows=some.lists(some.lists(ODD, min_size=2, max_size=4), max_size=8))
def test_columns_have_the_rules_of_rows(rows: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Law: a table read column by column holds the same cells, and is refused with the same words in the same order."""
    path = file(tmp_path_factory.mktemp("table"), GOOD + "\n".join("\t".join(row) for row in rows))
    by_row = answered(read_table, path, check=no_hormone)
    by_column = answered(read_columns, path, check=no_hormone, asks=("dose_nM", "kind"))
    if isinstance(by_row, str):
        assert by_column == by_row
        return
    assert isinstance(by_row, tuple)
    for name in ("drug", "dose_nM", "kind", "note"):
        assert by_column[name] == [row[name] for row in by_row]  # type: ignore[index]
    assert list(by_column.lines) == [row.line for row in by_row]  # type: ignore[attr-defined]
    numbers = by_column.numbers("dose_nM")  # type: ignore[attr-defined]
    assert numbers == pytest.approx([row.number("dose_nM") for row in by_row], nan_ok=True)


def test_a_rule_is_asked_once_of_equal_cells(tmp_path: Path) -> None:
    """Law: what a rule says of a pair of cells holds for every row that has them, and it is not asked again."""
    asked = []

    def rule(row: Row) -> Iterator[Issue]:
        asked.append(row["dose_nM"])
        if row.number("dose_nM") > 5:
            yield Issue("column dose_nM", "too much")

    path = file(tmp_path, GOOD + "a\t9\tdrug\n" * 3 + "b\t1\tdrug\n" * 3)
    with pytest.raises(TableError) as refused:
        read_columns(path, COLUMNS, check=rule, asks=("dose_nM",))
    assert str(refused.value) == "plate.tsv, rows 2-4, column dose_nM: too much"
    assert asked == ["9", "1"]


def test_an_open_quote_ends_with_its_line(tmp_path: Path) -> None:
    """Law: a quote that is never closed swallows no further line."""
    path = file(tmp_path, GOOD + '4OHT\t1\t"drug\nEGF\t2\tligand\n')
    assert cells(read_table(path, COLUMNS)) == [(2, "4OHT", "1", "drug"), (3, "EGF", "2", "ligand")]


def test_the_header_alone(tmp_path: Path) -> None:
    """Law: the header is read without the rows, and is the one that the rows are read by."""
    path = file(tmp_path, "# plate\n\n drug ;dose_nM;kind\n4OHT;1\n", name="plate.csv")
    assert table_header(path) == table_cells(path)[0] == ["drug", "dose_nM", "kind"]


def test_a_hundred_thousand_rows(tmp_path: Path) -> None:
    """Law: a long table keeps every row and its line, whatever its size."""
    path = file(tmp_path, GOOD + "".join(f"4OHT\t{row}\tdrug\n" for row in range(100_000)))
    table = read_columns(path, COLUMNS)
    assert table.numbers("dose_nM") == [float(row) for row in range(100_000)]
    assert (table.lines[0], table.lines[-1]) == (2, 100_001)
