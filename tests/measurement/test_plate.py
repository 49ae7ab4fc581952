"""Readers of plates: the same wells from every kind of file, whatever they are called, and every fault at once."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tamarisk.errors import TamariskError
from tamarisk.measurement.columns import ALIASES, Said, is_control
from tamarisk.measurement.plate import gathered, is_grid, read_counts, read_plate_map

LAW = settings(deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
Written = Callable[..., Path]
MAP = ",1,2,3\nA,vehicle,4OHT=100nM,\nB,vehicle,4OHT=1uM,\n"
STACKED = "0h\n,1,2,3\nA,100,100,\nB,110,90,\n72h\n,1,2,3\nA,400,200,50\nB,440,150,\n"
INCUCYTE = "Vessel Name: MCF-7\nMetric: Count\n\nDate Time\tElapsed\tA1\tA2\n01/01/2026\t0\t100\t90\n04/01/2026\t72\t400\t\n"
LONG = "drug,dose,unit,time (h),cell_count\n-,0,,0,100\n-,0,,72,400\n4OHT,1,uM,72,200\n"


SCREEN = (
    "expt.id,upid,cell.line,well,drug1,drug1.conc,drug1.units,drug2,drug2.conc,drug2.units,cell.count,time\n"
    "1,p1,MCF7,A01,control,0,M,,,,100,0\n1,p1,MCF7,A01,control,0,M,,,,400,72\n"
    "1,p1,MCF7,A02,4OHT,1e-7,M,,,,200,72\n1,p1,MCF7,A03,4OHT,1e-7,M,rapamycin,5e-9,M,50,72\n"
)
SECTION_10 = {  # the aliases of MEASUREMENT.md section 10, typed from it; case, dots, blanks and underscores do not matter
    "plate": ("upid", "plate_id", "barcode"),
    "well": ("well_id",),
    "cell_line": ("cell.line", "cell_line_name", "CellLine", "sample_type"),
    "drug": ("drug_row", "DrugRow", "agent", "treatment", "Compound", "drug", "drug1"),
    "dose": ("conc_r", "Conc1", "concentration", "drug1.conc", "Dose"),
    "unit": ("conc_r_unit", "ConcUnit", "drug1.units"),
    "time": ("time", "Elapsed", "treatment_duration", "timepoint"),
    "counts": ("counts", "cell_count", "cell.count", "confluence"),
    "control_counts": ("cell_count__ctrl",),
    "start_counts": ("cell_count__time0",),
}


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Puts text, or bytes, into a file."""

    def put(content: str | bytes, name: str = "counts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


def refusal(path: Path, said: Said | None = None, plate_map: Path | None = None) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(TamariskError) as refused:
        read_counts(path, plate_map=plate_map, said=said)
    return str(refused.value)


# what is read


def test_a_long_table(written: Written) -> None:
    """Golden: by hand. Doses become nM, times hours, and each row keeps its line."""
    frame = read_counts(written(LONG)).frame
    assert frame["dose"].tolist() == [0.0, 0.0, 1000.0]
    assert frame["time"].tolist() == [0.0, 72.0, 72.0]
    assert frame["row"].tolist() == [2, 3, 4]


@pytest.mark.parametrize("alias", ["cell_count", "Cell.Count", "cell count", "COUNT", "cell_number", "counts"])
def test_counts_by_any_name(written: Written, alias: str) -> None:
    """Law: case, dots, underscores and blanks of a header do not matter, and each alias is the same column."""
    assert read_counts(written(LONG.replace("cell_count", alias))).frame["counts"].tolist() == [100.0, 400.0, 200.0]


@pytest.mark.parametrize("name", ["cell_line", "drug", "experiment"])
def test_every_alias_is_read(written: Written, name: str) -> None:
    """Law: a table may use any alias of the list."""
    for alias in (name, *ALIASES[name]):
        assert read_counts(written(f"{alias},counts\nthis,5\n")).frame[name].tolist() == ["this"]


def test_every_alias_of_the_specification(written: Written) -> None:
    """Golden: MEASUREMENT.md section 10, each alias by itself and in capitals."""
    cells = {"dose": "5", "unit": "uM", "time": "72", "counts": "9", "control_counts": "20", "start_counts": "3"}
    for name, aliases in SECTION_10.items():
        for alias in (*aliases, *(word.upper() for word in aliases)):
            others = [other for other in SECTION_10 if other not in {name, "counts"}]
            rest = [] if name == "counts" else ["counts"]
            header = ",".join([alias, *others, *rest])
            row = ",".join(cells.get(one, "x") for one in (name, *others, *rest))
            frame = read_counts(written(f"{header}\n{row}\n"), said=Said(time_unit="h")).frame
            expected = (
                5000.0 if name == "dose" else float(cells[name]) if name in cells and name != "unit" else cells.get(name, "x")
            )
            assert frame[name].tolist() == [expected], alias


def test_a_screen_of_one_drug_and_of_two(written: Written) -> None:
    """Law: a table of high-throughput screens is read as it is; wells that hold a second drug are left out and counted."""
    table = read_counts(written(SCREEN), said=Said(time_unit="h"))
    assert table.frame[["drug", "dose", "time", "counts"]].to_numpy().tolist() == [
        ["control", 0.0, 0.0, 100.0],
        ["control", 0.0, 72.0, 400.0],
        ["4OHT", 100.0, 72.0, 200.0],
    ]
    assert (table.source.used, table.source.dropped) == (3, ("a second drug (measure synergy reads them): 1 rows",))
    lines = SCREEN.splitlines()
    words = "counts.csv: every well holds a second drug; measure synergy instead"
    assert refusal(written(f"{lines[0]}\n{lines[-1]}\n"), said=Said(time_unit="h")) == words


@pytest.mark.parametrize(
    ("header", "factor"), [("dose (nM)", 1.0), ("Conc_uM", 1e3), ("concentration [pM]", 1e-3), ("conc1 µM", 1e3), ("dose_M", 1e9)]
)
def test_the_header_says_the_unit(written: Written, header: str, factor: float) -> None:
    """Law: a unit may stand in the header of the doses."""
    assert read_counts(written(f"{header},counts\n2,5\n")).frame["dose"].tolist() == [pytest.approx(2 * factor, rel=1e-12)]


@pytest.mark.parametrize(
    ("header", "hours"), [("time (h)", 3), ("time_d", 72), ("day", 72), ("Elapsed (min)", 0.05), ("weeks", 504)]
)
def test_the_header_says_the_unit_of_time(written: Written, header: str, hours: float) -> None:
    """Law: a unit of time may stand in the header, or be it."""
    assert read_counts(written(f"{header},counts\n3,5\n")).frame["time"].tolist() == [pytest.approx(hours, rel=1e-12)]


def test_the_call_says_what_the_file_does_not(written: Written) -> None:
    """Law: unit and column of the call are used, and a unit at the end of that column is read."""
    said = Said(time_unit="d", columns={"dose": "E2_nM", "counts": "n"})
    frame = read_counts(written("E2_nM,time,n\n3,2,5\n"), said=said).frame
    assert frame[["dose", "time", "counts"]].to_numpy().tolist() == [[3.0, 48.0, 5.0]]


def test_mixed_units_are_each_their_own(written: Written) -> None:
    """Law: a column of units holds for its row alone."""
    assert read_counts(written("dose,unit,counts\n1,nM,5\n1,uM,5\n")).frame["dose"].tolist() == [1.0, 1000.0]


def test_the_same_wells_from_three_kinds_of_file(written: Written) -> None:
    """Law: stacked grids, an Incucyte export and a long table of the same plate give the same counts."""
    plate_map = written(MAP, "map.csv")
    grid = read_counts(written("0h\n,1,2\nA,100,90\n72h\n,1,2\nA,400,210\n", "grid.csv"), plate_map=plate_map).frame
    export = read_counts(written(INCUCYTE.replace("400\t\n", "400\t210\n"), "export.txt"), plate_map=plate_map).frame
    long = "well,drug,dose (nM),time (h),counts\nA1,vehicle,0,0,100\nA2,4OHT,100,0,90\nA1,vehicle,0,72,400\nA2,4OHT,100,72,210\n"
    table = read_counts(written(long)).frame
    columns = ["well", "drug", "dose", "time", "counts"]
    assert grid[columns].to_numpy().tolist() == export[columns].to_numpy().tolist() == table[columns].to_numpy().tolist()


def test_wells_off_the_map_and_empty_ones_are_counted(written: Written) -> None:
    """Law: nothing is left out in silence, and nothing is filled in."""
    table = read_counts(written(STACKED), plate_map=written(MAP, "map.csv"))
    assert len(table.frame) == table.source.used == 8
    assert table.source.dropped == ("not on the map: 1 row (7)",)
    export = read_counts(written(INCUCYTE), plate_map=written(MAP, "map.csv"))
    assert (len(export.frame), export.source.dropped) == (3, ("no counts: 1 row (6)",))


def test_a_row_without_a_count_is_left_out(written: Written) -> None:
    """Law: an empty reading is no zero; its line and comments are told."""
    table = read_counts(written("# made by hand\ndrug,counts\na,5\nb,\n"))
    assert (table.source.used, table.source.dropped) == (1, ("no counts: 1 row (4)", "comment: 1 row (1)"))


@LAW
@given(name=some.text(some.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12))
def test_names_are_data(written: Written, name: str) -> None:
    """Law: a drug may have any name; quotes are doubled, as every spreadsheet does."""
    quoted = '"' + name.replace('"', '""') + '"'
    assert read_counts(written(f"counts,drug\n5,{quoted}\n")).frame["drug"].tolist() == [name]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_any_separator_and_mark(written: Written, separator: str) -> None:
    """Law: commas, tabs and semicolons, with or without a byte-order mark, give the same table; so does a packed file."""
    text = LONG.replace(",", separator).encode()
    expected = read_counts(written(LONG)).frame
    for content, name in ((text, "a.csv"), (b"\xef\xbb\xbf" + text, "b.csv"), (gzip.compress(text), "c.csv.gz")):
        assert read_counts(written(content, name)).frame.equals(expected)


def test_several_files_are_several_experiments(written: Written) -> None:
    """Law: a file that names no experiment is one by its own name; one that does keeps its names."""
    first, second = read_counts(written(LONG, "one.csv")), read_counts(written("run,counts\n7,5\n", "two.csv"))
    assert gathered([first, second])["experiment"].tolist() == ["one.csv"] * 3 + ["7"]
    assert "experiment" not in gathered([first])


def test_readings_that_stand_for_counts_are_told(written: Written) -> None:
    """Law: confluence and metabolic readings are read, with a word on what they miss; columns that were not read are named."""
    assert read_counts(written("confluence\n5\n")).warnings == (
        "confluence rises no more once the dish is full: leave out readings above about 80 %",
    )
    assert read_counts(written("MTT\n5\n")).warnings[0].startswith("MTT reads what cells metabolise")
    assert read_counts(written("counts,dish\n5,a\n6,b\n")).warnings == (
        "counts.csv: wells that differ only in column 'dish' count together (--by keeps them apart)",
    )


def test_the_map_reads_drugs_and_doses(written: Written) -> None:
    """Golden: by hand. The last = parts drug and dose, whatever the drug is called."""
    held = read_plate_map(written(",1,2,3\nA,vehicle,a=b=1uM,\nH,17β-oestradiol (E2)=1pM,,DMSO\n"))
    assert held == {"A1": ("vehicle", 0.0), "A2": ("a=b", 1000.0), "H1": ("17β-oestradiol (E2)", 0.001), "H3": ("DMSO", 0.0)}


def test_grids_are_told_from_tables(written: Written) -> None:
    """Law: a long table is no grid, though its header may hold numbers."""
    assert is_grid(written(MAP))
    assert is_grid(written(STACKED))
    assert not is_grid(written(LONG))
    assert not is_grid(written("drug,7,8\na,1,2\n"))


@pytest.mark.parametrize(("name", "untreated"), [("DMSO", True), ("-", True), ("Vehicle", True), ("4OHT", False)])
def test_usual_words_for_untreated(name: str, untreated: bool) -> None:
    """Law: the usual words stand for untreated cells, unless another name was said to."""
    assert is_control(name) is untreated
    assert is_control(name, control="4OHT") is (name == "4OHT")


@pytest.mark.parametrize("header", ["expt.id", "Expt_ID", "exp.id", "experiment id", "Bio Rep"])
def test_experiments_by_their_aliases(written: Written, header: str) -> None:
    """Law: however a bench calls it, it is the experiment."""
    assert read_counts(written(f"{header},counts\n7,5\n")).frame["experiment"].tolist() == ["7"]


@pytest.mark.parametrize(
    ("header", "said"),
    [("day", "d"), ("Days", "day"), ("time (h)", "hours"), ("hours", "hr"), ("week", "wk")],
)
def test_call_and_header_may_spell_a_unit_differently(written: Written, header: str, said: str) -> None:
    """Law: a unit that the call repeats in other letters changes nothing; so it is with doses, and in cells."""
    text = f"{header},dose (uM),unit,counts\n0,1,µM,5\n2,1,,9\n"
    alone = read_counts(written(text)).frame
    pd.testing.assert_frame_equal(read_counts(written(text), said=Said(time_unit=said, dose_unit="µM")).frame, alone)


def test_a_header_that_is_named_wins(written: Written) -> None:
    """Law: the other header is not used, which is said where its cells differ."""
    text = "drug,treatment,counts\nA1,4OHT,5\nA2,4OHT,7\n"
    table = read_counts(written(text), said=Said(columns={"drug": "treatment"}))
    assert table.frame["drug"].tolist() == ["4OHT", "4OHT"]
    assert table.warnings == ("counts.csv: wells that differ only in column 'drug' count together (--by keeps them apart)",)


# what is refused


@pytest.mark.parametrize(
    ("text", "said", "sentence"),
    [
        ("day,counts\n0,5\n", Said(time_unit="h"), "counts.csv: the times are in day by the header but in h by the call"),
        (
            "dose,unit,counts\n1,nM,5\n",
            Said(dose_unit="uM"),
            "counts.csv, row 2, column unit: the cell says nM but header or call say uM",
        ),
        (
            "counts\n5\n",
            Said(columns={"doze": "counts"}),
            "column: no column is called 'doze' here; known: plate, well, experiment, cell_line, drug, unit, replicate, dose, "
            "time, counts, control_counts, start_counts, drug2, conc2, unit2",
        ),
        (
            "passage,counts\n1,5\n",
            Said(columns={"experiment": "pasage"}),
            "counts.csv, header: no column 'pasage'; did you mean 'passage'?",
        ),
        (
            "agent,counts\na,5\n",
            Said(keys=("Agent",)),
            "by: 'Agent' is the drug, by which wells are kept apart in any case; leave it out",
        ),
        ("line,counts\n1,5\n", Said(keys=("lines",)), "counts.csv, header: no column 'lines'; did you mean 'line'?"),
    ],
    ids=["time", "dose", "name", "header", "drug", "key"],
)
def test_what_the_call_says_must_fit(written: Written, text: str, said: Said, sentence: str) -> None:
    """Refusal: units that contradict the file, names that mean nothing, headers that are absent, even of optional columns."""
    with pytest.raises(TamariskError) as refused:
        read_counts(written(text), said=said)
    assert str(refused.value) == sentence


PIECES = (*"A1,;\t\n0.h-=x#\"'µ", "dose", "counts", "Date Time\tElapsed\t", "nM", "time (h)", "\n,1,2\nA,")


@settings(LAW, max_examples=300)
@given(text=some.lists(some.sampled_from(PIECES), max_size=40).map("".join))
def test_no_text_ends_in_a_traceback(written: Written, text: str) -> None:
    """Law: whatever stands in a file, it is read or refused in words."""
    for reader in (read_counts, read_plate_map, is_grid):
        try:
            reader(written(text))
        except TamariskError as refused:
            assert str(refused)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "dose,counts\n1,5\n2,x\n-3,7\nlow,NA\n",
            "counts.csv, rows 2-3, column dose: the dose has no unit (say --unit nM, add a column 'unit', or name the column "
            "'dose (nM)')\ncounts.csv, row 3, column counts: 'x' is not a number\ncounts.csv, row 4, column dose: -3 is below 0\n"
            "counts.csv, row 5, column dose: 'low' is not a number",
        ),
        (
            "dose,unit,counts\n1,mg,5\n",
            "counts.csv, row 2, column unit: unknown unit 'mg' (use fM, pM, nM, uM, mM, M)",
        ),
        ("dose (nM),unit,counts\n1,uM,5\n", "counts.csv, row 2, column unit: the cell says uM but header or call say nM"),
        (
            "time,counts\n0,5\n72,9\n",
            "counts.csv, rows 2-3, column time: the time has no unit (say --time-unit h, or name the column 'time (h)')",
        ),
        (
            "conc,concentration,counts\n1,1,5\n",
            "counts.csv, header: columns 'conc' and 'concentration' both mean 'dose' "
            "(keep one, or say which with --column dose=HEADER)",
        ),
        ("well,time (h),counts\nA1,0,5\nA1,0,6\nA2,0,6\n", "counts.csv, rows 2, 3: well A1 stands 2 times"),
        ("drug,counts\na,\nb,\n", "counts.csv: no row holds a number under 'counts'; fill in the readings"),
        ("drug;counts\na;1,5\n", "counts.csv, row 2, column counts: '1,5' is not a number (use a decimal point)"),
        (
            "drug,viability\na,5\n",
            "counts.csv, header: column 'counts' is missing "
            "(say which it is with --column counts=HEADER; known: drug, viability)",
        ),
        (MAP, "counts.csv: the wells have no names; say --map FILE, a grid that says what each well held"),
    ],
    ids=[
        "all at once",
        "unit",
        "two units",
        "no unit of time",
        "aliases collide",
        "wells twice",
        "no counts",
        "comma",
        "none",
        "no map",
    ],
)
def test_faults_of_a_table(written: Written, text: str, sentence: str) -> None:
    """Refusal: every fault with row and column, at once; a plate map alone is no table of counts."""
    if text == MAP:
        text = "0h\n,1\nA,5\n"
    assert refusal(written(text)) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (",1,2\nA,5,6\n", "counts.csv, row 1: the grid has no time (write its time above each grid, as 72h)"),
        ("0h\n,1,2\nA,5,x\nQ,5,6\n", "counts.csv, row 4, grid '0h': 'Q' is no row of a plate (A to P)"),
        ("0h\n,1,2\nA,5,6,7\n", "counts.csv, row 3, grid '0h': more cells than the 2 columns"),
        ("0h\n,1,2\nA,5,6\nA,5,6\n", "counts.csv, row 4, grid '0h': row A of the plate stands twice"),
        ("0h\n,1,2\nA,5,-6\n", "counts.csv, row 3, well A2: -6 is below 0"),
        ("0h\n,1,2\nC,5,6\n", "counts.csv: none of its wells is on the map map.csv; check the map"),
    ],
)
def test_faults_of_a_grid(written: Written, text: str, sentence: str) -> None:
    """Refusal: faults of a grid name the line and the well."""
    assert refusal(written(text), plate_map=written(MAP, "map.csv")) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (INCUCYTE.replace("A2", "Z9"), "counts.csv, row 4: 'Z9' is no well"),
        (INCUCYTE.replace("\t100\t", "\t1OO\t"), "counts.csv, row 5, well A1: '1OO' is not a number"),
        (INCUCYTE.replace("\t0\t100\t90", "\t0\t100"), "counts.csv, row 5: 3 cells under 4 columns"),
        (INCUCYTE.split("01/01", maxsplit=1)[0], "counts.csv: the export holds no reading; export the wells' values as text"),
    ],
)
def test_faults_of_an_export(written: Written, text: str, sentence: str) -> None:
    """Refusal: faults of an Incucyte export name the line and the well."""
    assert refusal(written(text), plate_map=written(MAP, "map.csv")) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("drug,dose\n4OHT,1\n", "map.csv: this is no plate grid; columns 1 to 12 over rows A to H"),
        (",1,2\nA,,\n", "map.csv: the map names no well; write drug=dose or vehicle into its cells"),
        (
            ",1,2\nA,4OHT=5,x=1mg\n",
            "map.csv, row 2, well A1: the dose '5' has no unit; write it as 100nM\n"
            "map.csv, row 2, well A2: unknown unit 'mg' in '1mg'; use one of fM, pM, nM, uM, mM, M",
        ),
    ],
)
def test_faults_of_a_map(written: Written, text: str, sentence: str) -> None:
    """Refusal: every cell that is no drug and dose is named."""
    with pytest.raises(TamariskError) as refused:
        read_plate_map(written(text, "map.csv"))
    assert str(refused.value) == sentence
