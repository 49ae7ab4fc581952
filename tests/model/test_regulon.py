"""The regulon: zero at the reference, up with its drivers and down with its brakes, and public files as they come."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import TableError
from tamarisk.model.model import Model
from tamarisk.model.regulon import FOLDER, Regulon, factors, read_regulon
from tamarisk.names import plain

LAW = settings(deadline=None, max_examples=40, derandomize=True)
OURS = read_regulon()
NAMES = [factor.name for factor in factors()]
ACTIVITIES = some.lists(some.floats(0.0, 5.0), min_size=len(NAMES), max_size=len(NAMES)).map(np.array)


def written(folder: Path, *rows: str, header: str = "source interaction target") -> Path:
    """A regulon file with these rows, blanks between the cells and _ for an empty one."""
    path = folder / "regulon.tsv"
    lines = ["\t".join("" if cell == "_" else cell for cell in row.split(" ")) for row in (header, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def fold(regulon: Regulon, gene: str, **activities: float) -> float:
    """log2 fold of one gene with some factors away from 1."""
    given_ = np.array([activities.get(name, 1.0) for name in NAMES])
    return float(regulon.log2_fold(given_)[regulon.genes.index(gene)])


# the shipped regulon


@LAW
@given(activities=some.lists(ACTIVITIES, min_size=1, max_size=4).map(np.array))
def test_each_row_of_activities_is_its_own(activities: np.ndarray) -> None:
    """Law: many cells at once are the same as one by one, and at reference activity nothing moves."""
    together = OURS.log2_fold(activities)
    assert together.shape == (len(activities), len(OURS.genes))
    assert together == pytest.approx(np.array([OURS.log2_fold(one) for one in activities]), abs=1e-12)
    assert np.abs(OURS.log2_fold(np.ones_like(activities))).max() == pytest.approx(0.0, abs=1e-12)


@LAW
@given(activities=ACTIVITIES, factor=some.integers(0, len(NAMES) - 1), more=some.floats(0.01, 5.0))
def test_genes_follow_the_sign_of_their_edges(activities: np.ndarray, factor: int, more: float) -> None:
    """Law: more of a factor raises every gene it drives, lowers every gene it holds down, and leaves all others."""
    higher = activities.copy()
    higher[factor] += more
    moved = OURS.log2_fold(higher) - OURS.log2_fold(activities)
    signs = {edge.gene: edge.sign for edge in OURS.edges if edge.factor == NAMES[factor]}
    for gene, step in zip(OURS.genes, moved, strict=True):
        assert step * signs[gene] > 0 if gene in signs else step == pytest.approx(0.0, abs=1e-12), gene


def test_there_are_two_hundred_genes_each_with_a_source() -> None:
    """Law: at least 200 genes, each with an edge, and each edge with a positive weight, a status and who says so."""
    assert len(OURS.genes) >= 200
    assert {edge.gene for edge in OURS.edges} == set(OURS.genes)
    pairs = [(edge.gene, edge.factor) for edge in OURS.edges]
    assert len(pairs) == len(set(pairs))
    for edge in OURS.edges:
        assert edge.weight > 0 and edge.sign in (-1, 1), edge
        assert re.search(r"doi:10\.\d{4,}|PMID \d+", edge.source), edge


def test_shares_of_each_gene_add_up() -> None:
    """Law: constitutive share and drives make one at the reference, but for weights rounded to four digits."""
    assert OURS.basal + OURS.drive.sum(axis=1) == pytest.approx(np.ones(len(OURS.genes)), abs=5e-4)
    listed = pd.read_csv(FOLDER / "genes.tsv", sep="\t")["gene"]
    assert sorted(listed) == sorted(OURS.genes)


def test_the_oestradiol_series_is_given_back() -> None:
    """Golden: without ER each gene falls by the fold that the E2 dose series of MCF-7 showed, two decimals given, hence 0.01."""
    derived = [edge for edge in OURS.edges if edge.status == "derived"]
    assert len(derived) > 100
    for edge in derived:
        (seen,) = re.findall(r"log2 fold (-?\d+\.\d+)", edge.source)
        assert -fold(OURS, edge.gene, ER=0.0) == pytest.approx(float(seen), abs=0.01), edge.gene


def test_the_description_counts_what_there_is() -> None:
    """Law: the numbers of genes and edges in the README are those of the tables."""
    text = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").split())
    assert f"{len(OURS.genes)} genes, {len(OURS.edges)} edges" in text
    for name in NAMES:
        up, down = (sum(edge.factor == name and edge.sign == sign for edge in OURS.edges) for sign in (1, -1))
        assert f"{name} {up}/{down}" in text


def test_factors_are_quantities_of_the_model(model: Model) -> None:
    """Law: each factor's activity is computed, and no gene symbol stands for two factors."""
    assert all(factor.quantity in model.quantities for factor in factors())
    symbols = [gene for factor in factors() for gene in factor.genes]
    assert len(symbols) == len({plain(symbol) for symbol in symbols})


# a user's own


def test_public_edges_have_a_closed_form(tmp_path: Path) -> None:
    """Reference: by hand; two drivers share the 0.9 that basal transcription leaves, a brake weighs one."""
    found = read_regulon(written(tmp_path, "ESR1 1 GREB1", "MYC + GREB1", "FOXO3 repression GREB1", "FOXO3 -1 CCND2"))
    expected = np.log2((0.1 + 0.45 * 3 + 0.45) / (1 + 0.5)) - np.log2(1 / (1 + 1))
    assert fold(found, "GREB1", ER=3.0, FOXO=0.5) == pytest.approx(expected, rel=1e-12)
    assert fold(found, "GREB1", ER=0.0, MYC=0.0) == pytest.approx(np.log2(0.1), rel=1e-12)
    assert fold(found, "CCND2", FOXO=3.0) == pytest.approx(-1.0, rel=1e-12)
    assert found.left_out == "0 factors have no activity in the model; 0 edges with both signs left out"


def test_edges_of_both_signs_are_left_out(tmp_path: Path) -> None:
    """Law: an edge that the file calls both, be it through two genes of one factor, is counted and not used."""
    rows = ["ESR1 1 GREB1", "ESR1 1 TFF1", "ESR1 -1 TFF1", "FOS + PGR", "JUN - PGR", "SPI1 1 CD4", "GATA3 1 CD4"]
    found = read_regulon(written(tmp_path, *rows))
    assert found.genes == ("GREB1",)
    assert found.left_out == "2 factors have no activity in the model; 2 edges with both signs left out"


@pytest.mark.parametrize("name", ["collectri", "dorothea"])
def test_public_regulons_are_read(shared: Path, name: str) -> None:
    """Reference: pandas counts the same genes, the same strangers and the same disputed edges in the public file."""
    path = shared / "data" / "regulons" / f"{name}.tsv"
    found = read_regulon(path)
    table = pd.read_csv(path, sep="\t")
    ours = {gene: factor.name for factor in factors() for gene in factor.genes}
    known = table[table["source"].isin(ours)].assign(factor=lambda rows: rows["source"].map(ours))
    signs = known.groupby(["factor", "target"])["interaction"].nunique()
    strangers = table.loc[~table["source"].isin(ours), "source"].nunique()
    assert len(found.genes) > 1000
    assert set(found.genes) == {gene for (_, gene), count in signs.items() if count == 1}
    assert found.left_out == (
        f"{strangers} factors have no activity in the model; {(signs > 1).sum()} edges with both signs left out"
    )
    assert np.abs(found.log2_fold(np.ones(len(NAMES)))).max() == pytest.approx(0.0, abs=1e-12)


def test_the_shipped_columns_may_be_a_users_own(tmp_path: Path) -> None:
    """Law: a table with the shipped table's columns is read too; a copy of it has the same edges."""
    copy = tmp_path / "mine.tsv"
    copy.write_bytes((FOLDER / "regulon.tsv").read_bytes())
    found = {(edge.gene, edge.factor, edge.sign, edge.weight) for edge in read_regulon(copy).edges}
    assert found == {(edge.gene, edge.factor, edge.sign, edge.weight) for edge in OURS.edges}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["SPI1 1 CD4"],
            "regulon.tsv: no edge belongs to a factor that the model computes; it computes "
            + ", ".join(gene for factor in factors() for gene in factor.genes),
        ),
        (
            ["ESR1 binds TFF1"],
            "regulon.tsv, row 2, column interaction: 'binds' is neither activating nor repressing; write +1 or -1",
        ),
        (["ESR1 _ TFF1", "ESR1 _ PGR"], "regulon.tsv, rows 2-3, column interaction: the cell is empty"),
        (["ESR1 1 _"], "regulon.tsv, row 2, column target: the cell is empty"),
        (["ESR1 1"], "regulon.tsv, row 2: 2 cells under 3 columns"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    """Refusal: row and column are named, a cell has one fault at most, and a file of strangers is told who is known."""
    with pytest.raises(TableError) as refused:
        read_regulon(written(tmp_path, *rows))
    assert str(refused.value) == message


def test_other_columns_are_refused(tmp_path: Path) -> None:
    """Refusal: a file without the columns of a regulon is not searched further."""
    with pytest.raises(TableError) as refused:
        read_regulon(written(tmp_path, "ESR1 TFF1", header="source gene"))
    assert str(refused.value) == (
        "regulon.tsv, header: column 'interaction' is missing\nregulon.tsv, header: column 'target' is missing"
    )
