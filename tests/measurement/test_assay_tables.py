"""Matrices, sample sheets and tables of changed genes: what is read, by hand, and every fault with its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tamarisk.errors import TamariskError
from tamarisk.measurement.assay_tables import Matrix, log_counts_per_million, read_matrix, read_sheet, well_read
from tamarisk.measurement.columns import LongTable
from tamarisk.measurement.expression import moderated_t
from tamarisk.measurement.expression_table import changed_genes, group_design, read_changes, said_of
from tamarisk.measurement.measured import source_of
from tamarisk.measurement.responses import gene_responses
from tamarisk.measurement.signature_table import restored
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=200, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
Written = Callable[..., Path]
COUNTS = "id\tname\ts1\ts2\nE1\tGREB1\t5\t50\nE2\tPGR\t0\t9\n"
LIMMA = '"","logFC","AveExpr","t","P.Value","adj.P.Val","B"\n"GREB1",2.5,8,9.1,1e-6,1e-4,5\n"PGR",-1,7,-2,0.06,NA,-3\n'
DESEQ = "gene,baseMean,log2FoldChange,lfcSE,stat,pvalue,padj\nGREB1,100,2,0.5,4,1e-4,2e-4\nPGR,3,-1,1,-1,0.3,\n"
EDGER = "\tlogFC\tlogCPM\tLR\tPValue\tFDR\nGREB1\t2\t5\t30\t1e-7\t1e-6\n"


def sentence(reader: Callable[[], object]) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(TamariskError) as refused:
        reader()
    return str(refused.value)


# matrices and sheets


def test_a_matrix_in_the_order_of_the_sheet(written: Written) -> None:
    """Law: only named samples are read, in the order asked for; genes by the first column or a named one."""
    path = written(COUNTS, "counts.tsv")
    assert read_matrix(path, samples=["s2", "s1"], counts=True)[0].values.tolist() == [[50.0, 5.0], [9.0, 0.0]]
    assert read_matrix(path, samples=["s1"], counts=True, gene_column="name")[0].genes == ("GREB1", "PGR")
    without_corner = written("s1,s2\nGREB1,5,50\n", "r.csv")
    assert read_matrix(without_corner, samples=["s2"], counts=True)[0].values.tolist() == [[50.0]]


def test_gaps_of_log_values(written: Written) -> None:
    """Law: an array may lack a value; counts may not."""
    path = written("gene,a,b\nX,NA,7\nY,,3\n")
    assert np.isnan(read_matrix(path, samples=["a", "b"], counts=False)[0].values[:, 0]).all()
    assert sentence(lambda: read_matrix(path, samples=["a", "b"], counts=True)) == (
        "table.csv, row 2, column a: 'NA' is not a number\ntable.csv, row 3, column a: the cell is empty"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gene,a,B\nX,1,2\n", "table.csv, header: no column 'b'; did you mean 'B'?"),
        ("gene,a,b,a\nX,1,2,3\n", "table.csv, header: column 'a' stands twice"),
        ("gene,a,b\nX,1,2\nY,1\n", "table.csv, row 3: not as many cells as the header's 3"),
        (
            "gene,a,b\nX,1,2x\nY,-1,2\n",
            "table.csv, row 2, column b: '2x' is not a number\ntable.csv, row 3, column a: -1 is below 0, so it is no count",
        ),
        ("gene,a,b\n", "table.csv: the table has a header but no rows; add at least one gene"),
    ],
)
def test_faults_of_a_matrix(written: Written, text: str, words: str) -> None:
    """Refusal: faults of a matrix name line and sample."""
    assert sentence(lambda: read_matrix(written(text), samples=["a", "b"], counts=True)) == words


def test_many_faults_are_counted(written: Written) -> None:
    """Refusal: twenty faults are listed, the rest are counted."""
    told = sentence(lambda: read_matrix(written("gene,a\n" + "X,?\n" * 30), samples=["a"], counts=True)).splitlines()
    assert (len(told), told[-1]) == (21, "and 10 more such cells")


def test_reads_are_no_log_values(written: Written) -> None:
    """Refusal: a number that no log2 scale reaches is taken for a count that was called a log2 value."""
    words = "table.csv, row 2, column a: 5000 is no log2 value (say --scale counts if these are reads)"
    assert sentence(lambda: read_matrix(written("gene,a\nX,5000\n"), samples=["a"], counts=False)) == words


def test_fractions_are_no_reads(written: Written) -> None:
    """Refusal: a number that is not whole is no count, though it is a log2 value."""
    path = written("gene,a\nX,7.5\n")
    hint = "(say so if these are log2 values, or round estimated reads)"
    words = f"table.csv, row 2, column a: 7.5 is no whole number, so it is no count {hint}"
    assert sentence(lambda: read_matrix(path, samples=["a"], counts=True)) == words
    assert read_matrix(path, samples=["a"], counts=False)[0].values.tolist() == [[7.5]]


def test_named_columns_of_a_sheet(written: Written) -> None:
    """Law: a header that the call names stands alone; a name that is none is refused."""
    path = written("run,treatment,line\ns1,E2,MCF7\ns2,DMSO,T47D\n")
    assert read_sheet(path, columns={"group": "line"})[0].groups == ("MCF7", "T47D")
    both = written("sample,group,treatment,line\ns1,1,E2,MCF7\n", "both.csv")
    assert read_sheet(both, columns={"group": "treatment"})[0].groups == ("E2",)
    words = "column: no column is called 'dose' here; known: sample, group, batch"
    assert sentence(lambda: read_sheet(path, columns={"dose": "line"})) == words
    words = "table.csv, header: no column 'plate' (known: run, treatment, line)"
    assert sentence(lambda: read_sheet(path, columns={"batch": "plate"})) == words


def test_sheets(written: Written) -> None:
    """Law: samples, groups and batches by their aliases; a batch that is not said throughout is none."""
    sheet, _ = read_sheet(written("run,treatment,batch\ns1,E2,a\ns2,DMSO,b\n"))
    assert (sheet.samples, sheet.groups, sheet.batches) == (("s1", "s2"), ("E2", "DMSO"), ("a", "b"))
    assert read_sheet(written("sample,group,batch\ns1,E2,a\ns2,DMSO,\n"))[0].batches == ()
    twice = "table.csv, row 2: sample 's1' stands twice\ntable.csv, row 3: sample 's1' stands twice"
    assert sentence(lambda: read_sheet(written("sample,group\ns1,a\ns1,b\n"))) == twice


@LAW
@given(text=some.lists(some.sampled_from((*'a1,;\t\n0.-"é', "NA", "sample,group", "logFC,P.Value")), max_size=40).map("".join))
def test_no_text_ends_in_a_traceback(written: Written, text: str) -> None:
    """Law: whatever stands in a file, it is read or refused in words."""
    path = written(text)
    readers: tuple[Callable[[], object], ...] = (
        lambda: read_matrix(path, samples=["a"], counts=True),
        lambda: read_matrix(path, samples=["a"], counts=False),
        lambda: read_sheet(path),
        lambda: read_changes(path),
    )
    for reader in readers:
        try:
            reader()
        except TamariskError as refused:
            assert str(refused)


# expression


def test_counts_per_million() -> None:
    """Golden: by hand. Of 999 reads with half a read added, log2((5 + .5) / 1000 x 1e6) is log2(5500)."""
    assert log_counts_per_million(np.array([[5.0], [994.0]]))[0, 0] == pytest.approx(math.log2(5500.0), rel=1e-12)
    assert sentence(lambda: log_counts_per_million(np.zeros((3, 2)))) == "counts: sample(s) [0, 1] have no reads; leave them out"


def test_genes_with_enough_reads() -> None:
    """Law: ten reads in as many samples as the smallest group has."""
    counts = np.array([[10.0, 10.0, 0.0, 0.0, 0.0], [10.0, 9.0, 9.0, 9.0, 9.0], [99.0, 0.0, 0.0, 0.0, 50.0]])
    assert well_read(counts, ["a", "a", "b", "b", "b"]).tolist() == [True, False, True]


def expression(effect: float = 3.0) -> Matrix:
    """Sixty genes in six samples of three pairs; the eighth gene changes."""
    rng = generator(1, "tests", "expression table")
    values = rng.normal(8.0, 0.2, (60, 6)) + np.tile(rng.normal(0.0, 1.0, (60, 3)), 2)
    values[7, 3:] += effect
    return Matrix(tuple(f"g{number}" for number in range(60)), tuple("abcdef"), values)


def test_changes_are_moderated_t_of_the_design() -> None:
    """Reference: with pairs held constant the numbers are those of moderated_t with a design written by hand."""
    matrix, groups = expression(), ["v", "v", "v", "r", "r", "r"]
    found = changed_genes(matrix, groups, treated="r", control="v", batches=["1", "2", "3"] * 2)
    design = [[1, 0, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 1]]
    expected = moderated_t(matrix.values, design=design, contrasts=[[-1], [1], [0], [0]])
    assert found.effect == pytest.approx(expected.effect[:, 0], rel=1e-9)
    assert found.p == pytest.approx(expected.p[:, 0], rel=1e-9)
    assert (found.results()[0].of, found.n) == ("g7", 3)
    assert said_of(found).warnings == ("1 of 60 genes differ (adjusted p below 0.05): 1 up, 0 down",)
    outside = (found.low > 0) | (found.high < 0)
    assert outside.tolist() == (found.p < 0.05).tolist()  # interval and test are one


def test_confounded_batches_are_refused() -> None:
    """Refusal: where batch and group are one nothing can be told; unknown groups are named."""
    matrix, groups = expression(), ["v", "v", "v", "r", "r", "r"]
    words = "batch: batch and comparison are confounded; run both groups in each batch"
    assert sentence(lambda: changed_genes(matrix, groups, treated="r", control="v", batches=list("111222"))) == words
    assert sentence(lambda: changed_genes(matrix, groups, treated="x", control="v")) == "groups: no group 'x'; known: v, r"
    assert (
        sentence(lambda: changed_genes(matrix, groups, treated="v", control="v"))
        == "groups: 'v' is compared with itself; known: v, r"
    )


def test_a_design_is_control_differences_and_batches() -> None:
    """Golden: by hand. The second column is the group asked for; a batch more than the first has a column of its own."""
    found = group_design(list("xvrv"), treated="r", control="v", batches=list("abab"))
    assert found.tolist() == [[1, 0, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 1]]


@pytest.mark.parametrize(("text", "effects"), [(LIMMA, [2.5, -1.0]), (DESEQ, [2.0, -1.0]), (EDGER, [2.0])])
def test_tables_of_changed_genes(written: Written, text: str, effects: list[float]) -> None:
    """Law: limma's, DESeq2's and edgeR's columns are the same numbers."""
    found, _ = read_changes(written(text))
    assert (found.effect.tolist(), found.genes[0]) == (effects, "GREB1")


def test_intervals_only_from_standard_errors(written: Written) -> None:
    """Golden: by hand. DESeq2's 2 with a standard error of 0.5 reaches from 1.02 to 2.98; limma's table gives none."""
    found = read_changes(written(DESEQ))[0].results()[0].estimate
    assert (found.low, found.high) == pytest.approx((2 - 1.959964 * 0.5, 2 + 1.959964 * 0.5), abs=1e-5)
    assert math.isnan(read_changes(written(EDGER))[0].results()[0].estimate.low)


def test_mean_expression_is_log2_whoever_wrote_it(written: Written) -> None:
    """Golden: by hand. DESeq2's baseMean of 100 is log2 6.64; limma's AveExpr and edgeR's logCPM are logarithms already."""
    assert read_changes(written(DESEQ))[0].mean[0] == pytest.approx(math.log2(100.0), rel=1e-12)
    assert read_changes(written(LIMMA))[0].mean.tolist() == [8.0, 7.0]
    assert read_changes(written(EDGER))[0].mean.tolist() == [5.0]
    none = DESEQ.replace("PGR,3", "PGR,0")
    assert math.isnan(read_changes(written(none))[0].mean[1])


def test_a_p_value_above_one_is_none(written: Written) -> None:
    """Refusal: a p-value above 1 is another column's number; a word is no number, but NA is a gap."""
    words = "table.csv, row 2, column p: 4 is above 1, so it is no p-value"
    assert sentence(lambda: read_changes(written("gene,logFC,P.Value\nX,1,4\n"))) == words
    assert np.isnan(read_changes(written(LIMMA))[0].q).tolist() == [False, True]
    words = "table.csv, row 3, column q: 'none' is not a number"
    assert sentence(lambda: read_changes(written(LIMMA.replace("NA", "none")))) == words


def test_genes_over_doses(tmp_path: Path) -> None:
    """Law: each gene is a series over the doses of its samples, dose zero its control; unknown genes are named."""
    import pandas as pd

    matrix = Matrix(("GREB1", "PGR"), ("a", "b"), np.array([[1.0, 5.0], [2.0, 6.0]]))
    file = tmp_path / "sheet.csv"
    file.write_text("x", encoding="utf-8")
    sheet = LongTable(pd.DataFrame({"sample": ["b", "a"], "dose": [10.0, 0.0]}), source_of(file, used=2))
    frame = gene_responses(matrix, sheet, ["PGR"])
    assert frame[["cells", "drug", "dose", "response"]].to_numpy().tolist() == [
        ["PGR", "", 10.0, 6.0],
        ["PGR", "control", 0.0, 2.0],
    ]
    expected = "genes: no gene 'TFF1' in the matrix; name genes as the first column of the matrix does"
    assert sentence(lambda: gene_responses(matrix, sheet, ["TFF1"])) == expected


# signature


def test_restored_share_of_a_lost_response() -> None:
    """Reference: a resistant line with a tenth of the response, of which 40 % of the lost part comes back, has RI_net 0.4.

    Tolerance 0.05: the noise of three arrays a group leaves an interval of that half-width.
    """
    rng = generator(2, "tests", "signature table")
    response = np.repeat([2.0, -2.0, 0.0], [20, 20, 160])[:, None] * np.repeat([0, 1, 0, 0.1, 0, 0.46], 3)
    groups = np.repeat(["SV", "SF", "RV", "RF", "RP", "RC"], 3).tolist()
    matrix = Matrix(tuple(map(str, range(200))), tuple(map(str, range(18))), response + 0.2 * rng.normal(size=(200, 18)))
    measured, curve = restored(matrix, groups)
    values = {one.name: one.estimate.value for one in measured.results}
    assert values["RI_net"] == pytest.approx(0.4, abs=0.05)
    assert values["RI_total"] == pytest.approx(values["RI_net"] + values["phenocopy"], rel=1e-9)
    assert (len(curve), measured.refusals) == (4, ())
    flat = Matrix(matrix.genes, matrix.samples, 0.2 * rng.normal(size=(200, 18)))
    assert [one.where for one in restored(flat, groups)[0].refusals] == ["E0", "restoration index"]
