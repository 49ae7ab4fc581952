"""Which gene answers to which transcription factor, and who says so. It knows edges, not activities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tamarisk.errors import Issue, TableError
from tamarisk.tables import CONTENT, Column, Row, read_table

FOLDER = CONTENT / "regulon"
USER_BASAL = 0.1
_ACTIVATING = {"upregulates-expression", "stimulation", "activation", "+1", "1", "1.0", "+"}
_REPRESSING = {"downregulates-expression", "inhibition", "repression", "-1", "-1.0", "-"}

_EDGES = (
    Column("gene"),
    Column("factor"),
    Column("sign", choices=("+1", "-1")),
    Column("weight", number=True, minimum=0.0),
    Column("status", choices=("seen", "derived", "prior")),
    Column("source"),
)
_GENES = (
    Column("gene"),
    Column("ensembl", required=False),
    Column("basal", number=True, minimum=0.0),
    Column("status", choices=("seen", "derived", "prior")),
    Column("source"),
)
_FACTORS = (Column("factor"), Column("quantity"), Column("genes"), Column("meaning"))
_PUBLIC = (Column("source"), Column("interaction"), Column("target"))

Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Factor:
    """A transcription factor whose activity the model computes.

    Attributes:
        name: its short name.
        quantity: the model's quantity behind it.
        genes: HGNC symbols that public regulons use for it.
        meaning: what it is, in words.
    """

    name: str
    quantity: str
    genes: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Edge:
    """One factor on one gene.

    Attributes:
        gene: HGNC symbol.
        factor: the factor's short name.
        sign: +1 drives, -1 represses.
        weight: strength, dimensionless.
        status: whether the weight is seen, derived or prior.
        source: where the edge was seen.
    """

    gene: str
    factor: str
    sign: int
    weight: float
    status: str
    source: str


@dataclass(frozen=True)
class Regulon:
    """Genes, factors and the edges between them.

    Attributes:
        genes: HGNC symbols, in order.
        factors: the factors, in order.
        basal: constitutive share of each gene, shape `(gene,)`.
        drive: strength of each activating edge, shape `(gene, factor)`.
        brake: strength of each repressing edge, shape `(gene, factor)`.
        edges: the edges with their sources.
        left_out: what of a user's file could not be used, in words.
    """

    genes: tuple[str, ...]
    factors: tuple[Factor, ...]
    basal: Matrix
    drive: Matrix
    brake: Matrix
    edges: tuple[Edge, ...]
    left_out: str = ""

    def log2_fold(self, activities: Matrix) -> Matrix:
        """How far each gene lies from its level at reference activity.

        Args:
            activities: each factor against its activity in untreated MCF-7, shape `(..., factor)`.

        Returns:
            log2 fold, shape `(..., gene)`; zero where every activity is one.

        >>> float(read_regulon().log2_fold(np.ones(7)).max())
        0.0
        """
        here, reference = (self._level(one) for one in (activities, np.ones(len(self.factors))))
        return np.asarray(np.log2(here) - np.log2(reference))

    def _level(self, activities: Matrix) -> Matrix:
        floor = np.maximum(activities, 0.0)
        return np.asarray((self.basal + floor @ self.drive.T) / (1.0 + floor @ self.brake.T))


@cache
def factors() -> tuple[Factor, ...]:
    """The transcription factors whose activity the model computes.

    >>> [factor.name for factor in factors()][0]
    'ER'
    """
    rows = read_table(FOLDER / "factors.tsv", _FACTORS)
    return tuple(Factor(row["factor"], row["quantity"], tuple(row["genes"].split(";")), row["meaning"]) for row in rows)


def read_regulon(path: Path | None = None) -> Regulon:
    """The shipped regulon, or a user's own.

    Args:
        path: a table with columns source, interaction and target (as CollecTRI and DoRothEA are distributed), or one
            with the shipped table's columns; the shipped one if left out.

    Returns:
        The regulon; edges of factors that the model does not compute are counted in `left_out`.

    Raises:
        TableError: the file is faulty, or no edge of it can be used.

    >>> len(read_regulon().genes) >= 200
    True
    """
    if path is None:
        edges = tuple(_edge(row) for row in read_table(FOLDER / "regulon.tsv", _EDGES, check=_edge_faults))
        basal = {row["gene"]: row.number("basal") for row in read_table(FOLDER / "genes.tsv", _GENES)}
        return _assemble(edges, basal)
    header = path.read_text(encoding="utf-8-sig").partition("\n")[0].lower() if path.is_file() else ""
    if "weight" in header and "factor" in header:
        edges = tuple(_edge(row) for row in read_table(path, _EDGES, check=_edge_faults))
        drive = {edge.gene: 0.0 for edge in edges}
        for edge in edges:
            drive[edge.gene] += edge.weight * (edge.sign > 0)
        return _assemble(edges, {gene: max(1.0 - total, 0.0) for gene, total in drive.items()})
    edges, left_out = _public_edges(path)
    if not edges:
        known = ", ".join(gene for factor in factors() for gene in factor.genes)
        raise TableError("no edge belongs to a factor that the model computes", where=path.name, hint=f"it computes {known}")
    return _assemble(edges, dict.fromkeys((edge.gene for edge in edges if edge.sign > 0), USER_BASAL), left_out)


def _assemble(edges: Sequence[Edge], basal: dict[str, float], left_out: str = "") -> Regulon:
    genes = tuple(dict.fromkeys(edge.gene for edge in edges))
    row = {gene: number for number, gene in enumerate(genes)}
    column = {factor.name: number for number, factor in enumerate(factors())}
    drive, brake = np.zeros((2, len(genes), len(column)))
    for edge in edges:
        (drive if edge.sign > 0 else brake)[row[edge.gene], column[edge.factor]] += edge.weight
    own = np.array([basal.get(gene, 0.0) for gene in genes])
    silent = (own + drive.sum(axis=1)) == 0
    return Regulon(genes, factors(), np.where(silent, 1.0, own), drive, brake, tuple(edges), left_out)


def _public_edges(path: Path) -> tuple[tuple[Edge, ...], str]:
    """Edges of a public regulon: the drivers of a gene share what its basal transcription leaves, repressors weigh one."""
    rows = read_table(path, _PUBLIC, extra=True, check=_interaction_faults)
    ours = {gene: factor.name for factor in factors() for gene in factor.genes}
    signs: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        if row["source"] in ours:
            sign = 1 if row["interaction"] in _ACTIVATING else -1
            signs.setdefault((row["target"], ours[row["source"]]), set()).add(sign)
    clear = {edge: found.pop() for edge, found in signs.items() if len(found) == 1}
    drivers = {gene: sum(sign > 0 for (one, _), sign in clear.items() if one == gene) for gene in {gene for gene, _ in clear}}
    edges = tuple(
        Edge(gene, factor, sign, (1 - USER_BASAL) / drivers[gene] if sign > 0 else 1.0, "prior", path.name)
        for (gene, factor), sign in clear.items()
    )
    strangers = len({row["source"] for row in rows} - set(ours))
    disputed = len(signs) - len(clear)
    return edges, f"{strangers} factors have no activity in the model; {disputed} edges with both signs left out"


def _edge(row: Row) -> Edge:
    return Edge(row["gene"], row["factor"], int(row["sign"]), row.number("weight"), row["status"], row["source"])


def _edge_faults(row: Row) -> Iterator[Issue]:
    known = [factor.name for factor in factors()]
    if row["factor"] not in known:
        yield Issue("column factor", f"'{row['factor']}' is none of {', '.join(known)}")


def _interaction_faults(row: Row) -> Iterator[Issue]:
    if row["interaction"] not in _ACTIVATING | _REPRESSING:
        yield Issue("column interaction", f"'{row['interaction']}' is neither activating nor repressing; write +1 or -1")
