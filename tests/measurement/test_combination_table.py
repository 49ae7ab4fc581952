"""Long tables of drug pairs: what is read, who counts as an experiment, and scores and interactions by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import DataError, TamariskError
from tamarisk.measurement.columns import LongTable, Said
from tamarisk.measurement.combination_table import combinations_of
from tamarisk.measurement.measured import Measured, Source
from tamarisk.measurement.pair_table import Pairs, read_pairs
from tamarisk.measurement.surface import interaction_surface

LAW = settings(deadline=None, max_examples=40, derandomize=True)
FIRST, SECOND = (0.0, 10.0, 30.0), (0.0, 5.0)
DOUBLINGS = np.array(
    [
        [[5.0, 4.0], [4.0, 3.0], [3.0, 1.2]],
        [[5.2, 4.1], [4.3, 3.0], [3.0, 1.0]],
        [[4.9, 4.0], [3.8, 3.0], [2.9, 1.0]],
    ]
)


def pairs(values: np.ndarray, *, kind: str = "doublings", block: bool = False) -> Pairs:
    """Wells of matrices, one for each experiment (or block), both drugs down and across."""
    rows = [
        {"cells": "MCF-7", "block": str(run), "drug1": "4OHT", "drug2": "ICI", "conc1": first, "conc2": second, "value": value}
        | ({} if block else {"experiment": f"run {run}"})
        for run, matrix in enumerate(values)
        for first, row in zip(FIRST, matrix, strict=True)
        for second, value in zip(SECOND, row, strict=True)
        if not math.isnan(value)
    ]
    return Pairs(LongTable(pd.DataFrame(rows), Source("", "", len(rows))), kind)


def numbers(measured: Measured) -> dict[str, float]:
    """Every estimate by what it is of."""
    return {f"{one.of}: {one.name}": one.estimate.value for one in measured.results}


def read(tmp_path: Path, text: str, **said: str) -> pd.DataFrame:
    """The wells of a file."""
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    return read_pairs(tmp_path / "s.csv", **said).table.frame  # type: ignore[arg-type]


# reading


def test_both_tables_of_synergyfinder_are_the_same(tmp_path: Path) -> None:
    """Law: old and new headers, a unit for each drug or for both, percent or shares, and either direction say the same."""
    old = "block_id,drug_row,drug_col,conc_r,conc_c,response,conc_r_unit,conc_c_unit\n1,a,b,0.1,20,40,uM,nM\n"
    new = "PairIndex,Drug1,Drug2,Conc1,Conc2,Response,ConcUnit\n1,a,b,100,20,0.6,nM\n"
    first = read(tmp_path, old, direction="inhibition", scale="percent")
    second = read(tmp_path, new, direction="viability", scale="fraction")
    pd.testing.assert_frame_equal(first, second)
    assert first[["conc1", "conc2", "value"]].to_numpy().tolist() == [[100.0, 20.0, 0.6]]


@pytest.mark.parametrize(
    "header",
    [
        "block_id,drug_row,drug_col,conc_r,conc_c,conc_r_unit,conc_c_unit,cell_line_name",
        "PairIndex,DrugRow,DrugCol,ConcRow,ConcCol,ConcRUnit,ConcCUnit,CellLine",
        "BlockId,Drug1,Drug2,Conc1,Conc2,Conc1Unit,Conc2Unit,cell.line",
        "block,drug1,drug2,drug1.conc,drug2.conc,drug1.units,drug2.units,sample_type",
    ],
)
def test_every_alias_of_the_specification(tmp_path: Path, header: str) -> None:
    """Golden: MEASUREMENT.md sections 3.1 and 10, the headers of SynergyFinder, of its older tables and of screens."""
    frame = read(tmp_path, f"{header},inhibition (%)\n1,a,b,0.5,2,uM,nM,MCF7,40\n")
    assert frame[["block", "drug1", "drug2", "conc1", "conc2", "cells"]].to_numpy().tolist() == [["1", "a", "b", 500, 2, "MCF7"]]
    assert frame["value"].tolist() == [pytest.approx(0.6, rel=1e-12)]


def test_lone_wells_stand_beside_their_pairs(tmp_path: Path) -> None:
    """Law: a well of one drug is a control of every pair of that drug in its own cells, one without drug of all of them."""
    header = "cell.line,drug1,conc1 (nM),drug2,conc2 (nM),inhibition (%)\n"
    pairs = "A,x,1,y,2,50\nA,x,1,z,3,60\nB,x,1,y,2,70\n"
    lone = "A,x,1,,,10\nA,y,2,,,20\nA,,,z,3,30\nA,DMSO,0,,,0\nB,x,0,,,5\n"
    frame = read(tmp_path, header + pairs + lone).drop(columns=["block", "row"])
    found = {
        (row["cells"], row["drug2"], row["conc1"], row["conc2"]): round(100 * (1 - row["value"]))
        for row in frame.to_dict("records")
    }
    assert found == {
        **{("A", "y", 1.0, 2.0): 50, ("A", "z", 1.0, 3.0): 60, ("B", "y", 1.0, 2.0): 70},
        **{("A", "y", 1.0, 0.0): 10, ("A", "z", 1.0, 0.0): 10, ("A", "y", 0.0, 2.0): 20, ("A", "z", 0.0, 3.0): 30},
        **{("A", "y", 0.0, 0.0): 0, ("A", "z", 0.0, 0.0): 0, ("B", "y", 0.0, 0.0): 5},
    }
    assert len(frame) == len(found)


def test_doses_in_the_header_and_cells_that_are_empty(tmp_path: Path) -> None:
    """Golden: by hand. Each drug may have its own unit in its header; NA is no reading, and is counted."""
    text = "drug1,drug2,conc1 (uM),conc2_nM,counts\na,b,0.1,0,5\na,b,0.1,3,NA\n"
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    found = read_pairs(tmp_path / "s.csv")
    assert found.table.frame[["conc1", "conc2", "value"]].to_numpy().tolist() == [[100.0, 0.0, 5.0]]
    assert found.table.source.dropped == ("no reading: 1 row (3)",)
    assert found.kind == "counts"


def test_the_call_names_columns(tmp_path: Path) -> None:
    """Law: a header that the call names means that alone, though it is an alias of something else."""
    text = "block_id,drug1,drug2,conc1,conc2,absorbance,line\n7,a,b,1,0,5,x\n8,a,b,1,0,6,y\n"
    said = Said(dose_unit="nM", columns={"experiment": "block_id"}, keys=("line",))
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    table = read_pairs(tmp_path / "s.csv", said=said).table
    assert table.frame[["experiment", "block", "cells"]].to_numpy().tolist() == [["7", "", "x"], ["8", "", "y"]]
    assert [words.split(",")[0] for words in table.warnings] == ["absorbance reads what cells metabolise"]
    table = read_pairs(tmp_path / "s.csv", said=Said(dose_unit="nM")).table
    assert table.warnings[0] == "s.csv: wells that differ only in column 'line' count together (--by keeps them apart)"


@LAW
@given(text=some.text(alphabet="ab01,;\n\t.-µ ", max_size=60))
def test_no_text_ends_in_a_traceback(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Law: whatever stands below a sound header, it is read or refused in a sentence."""
    file = tmp_path_factory.mktemp("fuzz") / "s.csv"
    file.write_text("drug1,drug2,conc1 (nM),conc2 (nM),counts\n" + text, encoding="utf-8")
    try:
        combinations_of(read_pairs(file))
    except TamariskError as refused:
        assert str(refused)


# measuring


def test_the_surface_is_that_of_the_ruler() -> None:
    """Reference: interaction, bounds and adjusted p are those of interaction_surface, cell by cell."""
    surface = interaction_surface(DOUBLINGS)
    found = {one.of: one for one in combinations_of(pairs(DOUBLINGS))[0].results if one.name == "interaction"}
    for place, dose in enumerate((10, 30)):
        one = found[f"MCF-7, 4OHT {dose} nM + ICI 5 nM"]
        told = (one.estimate.value, one.estimate.low, one.estimate.high, one.q)
        assert told == (surface.interaction[place, 0], surface.low[place, 0], surface.high[place, 0], surface.p[place, 0])
        assert one.estimate.n == 3


def test_counts_and_doublings_say_the_same() -> None:
    """Law: counts are doublings, whatever was sown in an experiment."""
    sown = np.array([1000.0, 3000.0, 500.0])[:, None, None]
    counted, drawn = combinations_of(pairs(sown * 2**DOUBLINGS, kind="counts"))
    doubled, also = combinations_of(pairs(DOUBLINGS))
    assert numbers(counted) == pytest.approx(numbers(doubled), abs=1e-9)
    assert drawn[0].value == pytest.approx(also[0].value, abs=1e-9)


def test_scores_by_hand() -> None:
    """Golden: by hand. The first plate is additive at 10 nM; at 30 nM it makes 1.2 doublings where 3 + 4 - 5 = 2 are expected."""
    found = numbers(combinations_of(pairs(DOUBLINGS[:1]))[0])
    bliss = (0.5 * 0.5 - 2**-2.0, 0.25 * 0.5 - 2**-3.8)  # left by both if independent, less what is left
    hsa = (0.5 - 2**-2.0, 0.25 - 2**-3.8)
    assert found["MCF-7, 4OHT + ICI: Bliss excess"] == pytest.approx(100 * sum(bliss) / 2, rel=1e-12)
    assert found["MCF-7, 4OHT + ICI: HSA excess"] == pytest.approx(100 * sum(hsa) / 2, rel=1e-12)
    assert found["MCF-7, 4OHT 30 nM + ICI 5 nM: interaction"] == pytest.approx(-0.8, abs=1e-12)


def test_viability_is_scored_but_not_tested() -> None:
    """Law: shares have scores with an interval over experiments, drawn as Bliss excess, and no interaction."""
    shares = 2 ** (DOUBLINGS - DOUBLINGS[:, :1, :1])
    measured, drawn = combinations_of(pairs(shares, kind="viability"))
    assert {one.name for one in measured.results} == {"HSA excess", "Bliss excess"}
    assert all(math.isfinite(one.estimate.low) for one in measured.results)
    found = numbers(measured)["MCF-7, 4OHT + ICI: Bliss excess"]
    assert (drawn[0].value.mean(), drawn[0].doublings) == (pytest.approx(found, rel=1e-12), False)


def test_blocks_are_not_experiments_unless_it_is_said() -> None:
    """Law: without a column of experiments each block is a matrix of its own, with a warning and no interval."""
    measured = combinations_of(pairs(DOUBLINGS, block=True))[0]
    assert {one.of.split(",")[0] for one in measured.results} == {"block 0", "block 1", "block 2"}
    assert {one.estimate.n for one in measured.results} == {1}
    assert measured.warnings[0].startswith("no column says which experiment a well belongs to")


def test_a_model_is_refused_in_all_experiments() -> None:
    """Law: two doses make no curve, so Loewe and ZIP are refused by name; nothing is filled in."""
    measured = combinations_of(pairs(DOUBLINGS))[0]
    assert [one.where for one in measured.refusals] == ["MCF-7, 4OHT + ICI: Loewe", "MCF-7, 4OHT + ICI: ZIP"]
    assert all(one.what.startswith("experiment run 0: the first drug alone: ") for one in measured.refusals)


def test_a_combination_that_an_experiment_lacks() -> None:
    """Law: scores are over the combinations that all experiments have; a surface with a hole is not tested."""
    holed = DOUBLINGS.copy()
    holed[1, 2, 1] = math.nan
    measured, drawn = combinations_of(pairs(holed))
    bliss = np.exp2(DOUBLINGS - DOUBLINGS[:, :1, :1])
    kept = 100 * (bliss[:, 1, 0] * bliss[:, 0, 1] - bliss[:, 1, 1]).mean()
    assert numbers(measured)["MCF-7, 4OHT + ICI: Bliss excess"] == pytest.approx(kept, rel=1e-9)
    assert "MCF-7, 4OHT + ICI: Bliss excess is the mean of 1 of 2 combinations" in measured.warnings
    assert measured.refusals[-1].what.startswith("experiment(s) run 1 lack a pair of doses")
    assert drawn[0].value[1, 0] == pytest.approx(np.mean([-0.8, -1.0]), abs=1e-12)


def test_wells_are_averaged_before_all_else() -> None:
    """Law: a well that stands twice changes nothing, and one lost well of four moves nothing."""
    once = pairs(2**DOUBLINGS, kind="counts")
    lost = once.table.frame.assign(value=0.0)
    frame = pd.concat([once.table.frame] * 3 + [lost], ignore_index=True)
    again = combinations_of(Pairs(LongTable(frame, once.table.source), "counts"))[0]
    assert numbers(again) == pytest.approx(numbers(combinations_of(once)[0]), abs=1e-9)


def test_shares_are_averaged_as_synergyfinder_does() -> None:
    """Golden: by hand. Of wells that leave .5, .5, .5 and .1 the mean is .4; .5 x .8 leave .4 as well, so nothing is gained.

    Counts of the same wells have the middle half, .5, and are ten points less than Bliss expects.
    """
    once = [(0.0, 0.0, 1.0), (10.0, 0.0, 0.5), (0.0, 5.0, 0.8)] + [(10.0, 5.0, left) for left in (0.5, 0.5, 0.5, 0.1)]
    frame = pd.DataFrame(once, columns=["conc1", "conc2", "value"]).assign(cells="", block="", drug1="4OHT", drug2="ICI")
    for kind, factor, excess in (("viability", 1.0, 0.0), ("counts", 1000.0, -10.0)):
        table = LongTable(frame.assign(value=factor * frame["value"]), Source("", "", len(frame)))
        found = numbers(combinations_of(Pairs(table, kind))[0])
        assert found["4OHT + ICI: Bliss excess"] == pytest.approx(excess, abs=1e-9)


def test_experiments_without_vehicle_are_refused() -> None:
    """Refusal: an experiment without untreated wells; and cells that vanish have no doublings, but a score."""
    without = DOUBLINGS.copy()
    without[2, 0, 0] = math.nan
    sentence = "MCF-7, 4OHT + ICI: experiment(s) run 2 have no well without drug; leave them out; there is nothing to compare"
    with pytest.raises(DataError) as caught:
        combinations_of(pairs(without))
    assert str(caught.value) == sentence
    gone = 2**DOUBLINGS
    gone[0, 2, 1] = 0.0
    measured = combinations_of(pairs(gone, kind="counts"))[0]
    assert measured.refusals[-1].what == (
        "no cells were counted somewhere in experiment(s) run 0, so doublings are not defined; add the detection limit"
    )
