"""Matrices from tables and AnnData files: one way for each kind of number, and the faults that only files have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamarisk.errors import TamariskError
from tamarisk.measurement import read_counts
from tamarisk.measurement.assay_tables import Matrix, log_counts_per_million
from tamarisk.measurement.expression_files import Held, log2_matrix, matrix_changes
from tamarisk.measurement.expression_table import changed_genes

SHEET = "sample,group,batch\n" + "".join(
    f"{name},{'v' if name in 'abc' else 'r'},{'abcdef'.index(name) % 3}\n" for name in "abcdef"
)
ROWS = [f"g{number},{90 + number},110,100,{200 + number},190,210" for number in range(20)]
READS = "gene,a,b,c,d,e,f\n" + "\n".join([*ROWS, "g3,100,100,100,100,100,100", "weak,1,0,2,1,0,3"]) + "\n"
LOGS = "gene,a,b,c,d,e,f\n" + "".join(f"g{number},7.{number},7.2,7.1,{8 + number / 9:.3f},8.4,8.5\n" for number in range(9))


def sentence(reader: Callable[[], object]) -> str:
    """What is said of files that cannot be compared."""
    with pytest.raises(TamariskError) as refused:
        reader()
    return str(refused.value)


def values_of(text: str) -> np.ndarray:
    """The numbers of a matrix as text."""
    return np.array([[float(cell) for cell in line.split(",")[1:]] for line in text.splitlines()[1:]])


def test_reads_go_to_deseq2(written: Callable[..., Path]) -> None:
    """Law: read counts are compared as counts; genes with few reads are left out and counted, repeated names are told."""
    pytest.importorskip("pydeseq2", reason="tamarisk[counts] is not installed")
    held = Held(counts=True, samples=written(SHEET, "s.csv"))
    found, sources, notes = matrix_changes([written(READS)], held, treated="r", control="v")
    assert found.method.startswith("negative binomial")
    assert (len(found.genes), sources[0].used, sources[1].used) == (21, 21, 6)
    assert sources[0].dropped == ("fewer than 10 reads in as many samples as the smallest group has: 1 genes",)
    assert notes[-1] == "1 names of genes stand more than once and are kept apart"
    assert float(np.median(found.effect[:20])) == pytest.approx(0.0, abs=0.1)  # most genes double, which is depth
    assert found.effect[20] < -0.8


def test_log_values_go_to_moderated_t(written: Callable[..., Path]) -> None:
    """Reference: log2 values are those that changed_genes takes, batches of the sheet held constant."""
    held = Held(counts=False, samples=written(SHEET, "s.csv"))
    found, _, notes = matrix_changes([written(LOGS)], held, treated="r", control="v")
    matrix = Matrix(tuple(f"g{number}" for number in range(9)), tuple("abcdef"), values_of(LOGS))
    expected = changed_genes(matrix, list("vvvrrr"), treated="r", control="v", batches=list("012012"))
    assert found.p.tolist() == expected.p.tolist()
    assert (found.method.split(",")[0], notes) == ("moderated t", ())


def columns_of(text: str, names: str) -> str:
    """The genes and some of the samples of a matrix as text."""
    header, *rows = [line.split(",") for line in text.splitlines()]
    places = [0, *(header.index(name) for name in names)]
    return "\n".join(",".join(row[place] for place in places) for row in (header, *rows)) + "\n"


def test_samples_may_stand_in_several_files(written: Callable[..., Path]) -> None:
    """Law: whichever file holds a sample, and in whichever order its genes stand, the changes are the same."""
    held = Held(counts=False, samples=written(SHEET, "s.csv"))
    whole, _, _ = matrix_changes([written(LOGS)], held, treated="r", control="v")
    header, *rows = columns_of(LOGS, "fb").splitlines()
    turned = written("\n".join([header, *rows[::-1]]) + "\n", "2.csv")
    parts, sources, _ = matrix_changes([written(columns_of(LOGS, "cdea"), "1.csv"), turned], held, treated="r", control="v")
    assert (parts.genes, parts.p.tolist(), parts.effect.tolist()) == (whole.genes, whole.p.tolist(), whole.effect.tolist())
    assert [Path(source.file).name for source in sources] == ["1.csv", "2.csv", "s.csv"]


def test_files_that_do_not_belong_together(written: Callable[..., Path]) -> None:
    """Refusal: a sample in no file or in two, a file without samples, other genes, or genes that cannot be matched."""
    held = Held(counts=False, samples=written(SHEET, "s.csv"))

    def told(first: str, second: str) -> str:
        return sentence(lambda: log2_matrix([written(first, "1.csv"), written(second, "2.csv")], held))

    half = columns_of(LOGS, "abc")
    assert told(half, columns_of(LOGS, "cde")) == (
        "sample 'c': it stands in 1.csv and 2.csv\nsample 'f': no file has such a column"
    )
    assert told(LOGS, "gene,x\ng1,5\n") == "2.csv: no column is a sample of the sheet"
    fewer = "2.csv: 1 genes stand in 1.csv or 2.csv alone; give the same genes in each file"
    assert told(half, columns_of(LOGS, "def").rsplit("\n", 2)[0] + "\n") == fewer
    twice = columns_of(LOGS, "def").replace("g1,", "g0,")
    header, first, *rest = twice.splitlines()
    turned = "\n".join([header, *rest, first]) + "\n"
    assert told(half.replace("g1,", "g0,"), turned) == ("2.csv: its genes are not named once; give the same genes in each file")


def test_reads_per_million_keep_their_depth(written: Callable[..., Path]) -> None:
    """Reference: log2 counts per million are of all reads, those of genes that are left out among them."""
    matrix, sheet, _ = log2_matrix([written(READS)], Held(counts=True, samples=written(SHEET, "s.csv")))
    expected = log_counts_per_million(values_of(READS))[:21]
    assert matrix.values.tolist() == expected.tolist()
    assert sheet.batches == tuple("012012")


def test_an_annotated_file_is_its_tables(written: Callable[..., Path], tmp_path: Path) -> None:
    """Law: the same numbers in an AnnData file give the same changes."""
    anndata = pytest.importorskip("anndata", reason="tamarisk[h5ad] is not installed")
    import pandas as pd

    with pd.option_context("mode.string_storage", "python"), anndata.settings.override(allow_write_nullable_strings=True):
        obs = pd.DataFrame({"line": list("vvvrrr"), "batch": list("012012")}, index=list("abcdef"))
        var = pd.DataFrame(index=[f"g{number}" for number in range(9)])
        data = anndata.AnnData(np.zeros((6, 9)), obs=obs, var=var, layers={"log2": values_of(LOGS).T})
        data.write_h5ad(tmp_path / "a.h5ad")  # how pandas 3 keeps words, whether or not pyarrow is there
    table, _, _ = matrix_changes([written(LOGS)], Held(counts=False, samples=written(SHEET, "s.csv")), treated="r", control="v")
    held = Held(counts=False, columns={"group": "line"}, layer="log2")
    found, sources, _ = matrix_changes([tmp_path / "a.h5ad"], held, treated="r", control="v")
    assert (found.effect.tolist(), found.p.tolist()) == (table.effect.tolist(), table.p.tolist())
    assert len(sources) == 1
    sheet = Held(counts=False, samples=written(SHEET, "s.csv"))
    words = "a.h5ad: an AnnData file says what its samples are; leave --samples out, and name columns of obs with --column"
    assert sentence(lambda: log2_matrix([tmp_path / "a.h5ad"], sheet)) == words


@pytest.mark.parametrize(
    ("text", "held", "asked", "words"),
    [
        (READS, {"counts": False}, {}, "table.csv: 126 of 132 numbers are no log2 values; say --scale counts if these are reads"),
        (
            LOGS,
            {"counts": True},
            {},
            "table.csv: 52 of 54 numbers are no read counts; say --scale log2, or round estimated reads",
        ),
        (READS.replace("g3,93", "g3,-93"), {"counts": True}, {}, "table.csv, row 5, column a: -93 is below 0, so it is no count"),
        (LOGS, {"counts": False}, {"shrink": True}, "shrink: log2 values are not shrunk; moderated t steadies their variances"),
        (LOGS, {"counts": False, "layer": "raw"}, {}, "layer: only an AnnData file (.h5ad) has layers; leave --layer out"),
        (
            "gene,a,b,c,d,e,f\nweak,1,0,2,1,0,3\n",
            {"counts": True},
            {},
            "table.csv: no gene has enough reads; 10 in each sample of a group at least",
        ),
    ],
    ids=["reads as log2", "log2 as reads", "one cell", "shrink", "layer", "weak"],
)
def test_faults_that_only_files_have(
    written: Callable[..., Path], text: str, held: dict[str, Any], asked: dict[str, Any], words: str
) -> None:
    """Refusal: counts are never taken for log2 values, nor the reverse; what a kind of file lacks is not asked of it."""
    said = Held(samples=written(SHEET, "s.csv"), **held)
    path = written(text)
    assert sentence(lambda: matrix_changes([path], said, treated="r", control="v", **asked)).startswith(words)


def test_without_the_extra_log_values_still_go(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusal: only read counts need the extra."""

    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(read_counts, "import_module", absent)
    sheet = written(SHEET, "s.csv")
    words = "read counts need pydeseq2, which is not installed; install tamarisk[counts]"
    reads = written(READS)
    assert sentence(lambda: matrix_changes([reads], Held(counts=True, samples=sheet), treated="r", control="v")) == words
    assert len(matrix_changes([written(LOGS)], Held(counts=False, samples=sheet), treated="r", control="v")[0].genes) == 9
    assert sentence(lambda: log2_matrix([reads], Held(counts=True))).startswith("samples: a matrix needs a table of its samples")
