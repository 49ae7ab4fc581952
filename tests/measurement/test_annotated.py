"""AnnData files: the same numbers as from tables, and every fault in a sentence."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tamarisk.errors import TamariskError
from tamarisk.measurement import annotated
from tamarisk.measurement.annotated import is_annotated, read_annotated

anndata = pytest.importorskip("anndata", reason="tamarisk[h5ad] is not installed")

READS = np.array([[5.0, 0.0, 7.0], [50.0, 9.0, 7.0], [6.0, 1.0, 8.0]])  # sample, gene
OBS = {"line": ["MCF7", "TamR", "MCF7"], "batch": pd.Categorical(["1", "1", "2"], pd.Index(["1", "2"], dtype=object))}
Stored = Callable[..., Path]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    """Writes an AnnData file of three samples and three genes."""

    def put(values: Any = READS, *, obs: dict[str, Any] | None = None, name: str = "a.h5ad", **parts: Any) -> Path:
        index = [f"s{number}" for number in range(3)]
        with pd.option_context("mode.string_storage", "python"), anndata.settings.override(allow_write_nullable_strings=True):
            genes = pd.DataFrame({"symbol": ["GREB1", "PGR", "TFF1"]}, index=["E1", "E2", "E3"])
            frame = pd.DataFrame(OBS if obs is None else obs, index=index)
            anndata.AnnData(values, obs=frame, var=genes, **parts).write_h5ad(tmp_path / name)
        return tmp_path / name

    return put


def sentence(path: Path, **asked: Any) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(TamariskError) as refused:
        read_annotated(path, **{"counts": True, "columns": {"group": "line"}, **asked})
    return str(refused.value)


def test_values_samples_and_genes(stored: Stored) -> None:
    """Law: genes are rows, samples columns; group and batch come from obs, names of genes from var."""
    matrix, sheet, source = read_annotated(stored(), counts=True, columns={"group": "line"})
    assert matrix.values.tolist() == READS.T.tolist()
    assert (matrix.genes, matrix.samples) == (("E1", "E2", "E3"), ("s0", "s1", "s2"))
    assert (sheet.groups, sheet.batches) == (("MCF7", "TamR", "MCF7"), ("1", "1", "2"))
    assert (source.used, Path(source.file).name, len(source.sha256)) == (3, "a.h5ad", 64)
    named = read_annotated(stored(), counts=True, gene_column="symbol", columns={"group": "line"})[0]
    assert named.genes == ("GREB1", "PGR", "TFF1")


def test_aliases_and_absent_batches(stored: Stored) -> None:
    """Law: a column of obs called condition is the group, plate the batch; without a batch there is none."""
    sheet = read_annotated(stored(obs={"Condition": ["a", "b", "a"], "plate": ["x", "x", "y"]}), counts=True)[1]
    assert (sheet.groups, sheet.batches) == (("a", "b", "a"), ("x", "x", "y"))
    assert read_annotated(stored(obs={"group": ["a", "b", "a"]}), counts=True)[1].batches == ()
    assert read_annotated(stored(obs={"group": [1, 2, 1]}), counts=True)[1].groups == ("1", "2", "1")


def test_sparse_and_dense_are_the_same(stored: Stored) -> None:
    """Law: a sparse matrix, a float32 one and a layer hold the same counts."""
    from scipy import sparse

    plain = read_annotated(stored(), counts=True, columns={"group": "line"})[0].values
    thin = stored(sparse.csr_matrix(READS), name="b.h5ad")
    small = stored(READS.astype(np.float32), name="c.h5ad")
    deep = stored(np.log2(READS + 1), layers={"reads": READS}, name="d.h5ad")
    assert read_annotated(thin, counts=True, columns={"group": "line"})[0].values.tolist() == plain.tolist()
    assert read_annotated(small, counts=True, columns={"group": "line"})[0].values.tolist() == plain.tolist()
    assert read_annotated(deep, counts=True, layer="reads", columns={"group": "line"})[0].values.tolist() == plain.tolist()


def test_gaps_of_log_values(stored: Stored) -> None:
    """Law: log2 values may have gaps, counts may not."""
    values = np.log2(READS + 1.5)
    values[0, 1] = np.nan
    found = read_annotated(stored(values), counts=False, columns={"group": "line"})[0].values
    assert np.argwhere(np.isnan(found)).tolist() == [[1, 0]]
    assert sentence(stored(values)).splitlines()[0].startswith("a.h5ad, sample s0, gene E1: 2.70044 is no whole number")
    assert "a.h5ad, sample s0, gene E2: nan is not finite" in sentence(stored(values))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"layer": "raw"}, "a.h5ad: no layer 'raw'; known: reads"),
        ({"columns": {}}, "a.h5ad: obs has no column 'group'; known: line, batch"),
        ({"columns": {"group": "lines"}}, "a.h5ad: obs has no column 'lines'; known: line, batch"),
        ({"columns": {"dose": "line"}}, "column: no column is called 'dose' here; known: sample, group, batch"),
        ({"gene_column": "name"}, "a.h5ad: var has no column 'name'; known: symbol"),
        (
            {"counts": False},
            "a.h5ad, sample s1, gene E1: 50 is no log2 value (say --scale counts if these are reads)",
        ),
    ],
)
def test_what_is_not_there(stored: Stored, asked: dict[str, Any], words: str) -> None:
    """Refusal: layers and columns that are not there are told with those that are; reads are no log2 values."""
    assert sentence(stored(layers={"reads": READS}), **asked) == words


def test_natural_logarithms_are_no_log2_values(stored: Stored) -> None:
    """Refusal: what scanpy's log1p made is on the natural scale unless its base was 2."""
    words = (
        "a.h5ad: X holds natural logarithms (scanpy's log1p), not log2 values; "
        "name a layer of reads with --layer and --scale counts, or one of log2 values"
    )
    assert sentence(stored(np.log1p(READS), uns={"log1p": {}}), counts=False) == words
    log2 = stored(np.log2(READS + 1), uns={"log1p": {"base": 2}})
    assert read_annotated(log2, counts=False, columns={"group": "line"})[0].values[0, 0] == pytest.approx(np.log2(6.0))


def test_obs_that_say_too_little_or_too_much(stored: Stored) -> None:
    """Refusal: two columns of one meaning, samples without a group."""
    twice = stored(obs={"group": ["a", "b", "a"], "treatment": ["x", "y", "x"]})
    words = "a.h5ad: columns 'group' and 'treatment' both mean 'group'; name the one to read, as --column group=group"
    assert sentence(twice, columns={}) == words
    assert read_annotated(twice, counts=True, columns={"group": "treatment"})[1].groups == ("x", "y", "x")
    gaps = stored(obs={"group": pd.Categorical(["a", None, "a"], pd.Index(["a"], dtype=object))})
    assert sentence(gaps, columns={}) == "a.h5ad: sample(s) s1 have no group; name a group or leave them out"


def test_cells_are_no_samples(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusal: thousands of samples are single cells, which are no replicates."""
    monkeypatch.setattr(annotated, "_MOST_SAMPLES", 2)
    words = (
        "a.h5ad: 3 samples look like single cells; "
        "sum the reads of each experiment first, for cells of one dish are no replicates"
    )
    assert sentence(stored()) == words


@pytest.mark.parametrize("content", [b"", b"gene,a\nX,5\n", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_files_that_are_none(tmp_path: Path, content: bytes) -> None:
    """Refusal: empty files, text and broken HDF5 are no AnnData files; neither is a missing one or a folder."""
    path = tmp_path / "bad.h5ad"
    path.write_bytes(content)
    assert sentence(path) == f"{path}: the file is no sound AnnData file; write it again with anndata"
    assert sentence(tmp_path / "none.h5ad") == f"{tmp_path / 'none.h5ad'}: no such file; check the path"
    (tmp_path / "folder.h5ad").mkdir()
    words = f"{tmp_path / 'folder.h5ad'}: this is a folder, not a table; name a file in it"
    assert sentence(tmp_path / "folder.h5ad") == words


def test_cut_files_end_in_a_sentence(stored: Stored, tmp_path: Path) -> None:
    """Law: a file cut or changed anywhere is read or refused in words."""
    whole = stored().read_bytes()
    for place in range(100, len(whole), max(1, len(whole) // 25)):
        for number, damaged in enumerate((whole[:place], whole[:place] + b"\xff" * 40 + whole[place + 40 :])):
            path = tmp_path / f"cut{number}.h5ad"
            path.write_bytes(damaged)
            try:
                read_annotated(path, counts=True, columns={"group": "line"})
            except TamariskError as refused:
                assert str(refused)


def test_without_anndata(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusal: the missing extra is named; other files need it not."""
    path = stored()

    def absent(name: str) -> None:
        raise builtins.ImportError(name)

    monkeypatch.setattr(annotated, "import_module", absent)
    assert sentence(path) == "AnnData files need anndata, which is not installed; install tamarisk[h5ad]"
    assert not is_annotated(Path("table.csv"))
