"""Build the gene-regulation table: which factor drives which gene, how strongly, and who says so.

Run `python provenance/regulon.py` at the repository root; it reads ../shared and symbols.tsv beside it, and writes
src/tamarisk/content/regulon. symbols.tsv: Ensembl 100 gene identifiers and symbols, those that some regulon edge names.
Edges come from CollecTRI, MSigDB Hallmark and DoRothEA; ER weights from an oestradiol dose series in MCF-7; others are priors.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

COUNTS = Path("data/mcf7_e2_dose/mcf7_E2_dose_counts.tsv.gz")
SAMPLES = Path("data/mcf7_e2_dose/mcf7_E2_dose_samples.tsv")
VEHICLE = Path("data/mcf7_tamr_counts/mcf7_vehicle_vs_tamr_counts.csv")
HALLMARK = Path("data/hallmark/h.all.v7.0.symbols.gmt")
TUMOURS = Path("data/scanb/scanb_expr_log2fpkm.tsv.gz")
PRIOR_TABLE = Path("biology/regulon.tsv")
OUTPUT = Path("src/tamarisk/content/regulon")
DOI = {"CollecTRI": "10.1093/nar/gkad841", "DoRothEA": "10.1101/gr.240663.118", "Hallmark": "10.1016/j.cels.2015.12.004"}
SERIES = "E2 dose series counts SRR210434xx-SRR210439xx"

# A factor's transcription factors in order of authority; the members of one group count as one witness.
MEMBERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ER": (("ESR1",),),
    "E2F": (("E2F1",), ("E2F3",), ("E2F2",)),
    "MYC": (("MYC",),),
    "FOXO": (("FOXO3",), ("FOXO1",), ("FOXO4",)),
    "ERK": (("ELK1",), ("ETS1", "ETS2"), ("FOS", "JUN", "AP1"), ("EGR1",)),
    "GLI": (("GLI1",), ("GLI2",)),
    "mTORC1": (("SREBF1", "SREBF2"), ("ATF4",), ("HIF1A",)),
}
SETS = {
    "ER": ("ESTROGEN_RESPONSE_EARLY", "ESTROGEN_RESPONSE_LATE"),
    "E2F": ("E2F_TARGETS", "G2M_CHECKPOINT"),
    "MYC": ("MYC_TARGETS_V1", "MYC_TARGETS_V2"),
    "GLI": ("HEDGEHOG_SIGNALING",),
    "mTORC1": ("MTORC1_SIGNALING",),
}
# Edges of model-internal genes on which the regulon files are silent or contradict shared/biology/evidence_keys.tsv.
MODEL_EVIDENCE = {
    ("ERBB3", "FOXO"): (1, "PI3K inhibition raises HER3 PMC3107390 (Serra 2011), PMID 17206155 (Sergina 2007)"),
    ("EGFR", "ER"): (-1, "EGFR inverse to E2 PMID 23991224 (Flageng 2013)"),
    ("ESR1", "ERK"): (-1, "MAPK lowers ER PMID 18056179 (Bayliss 2007)"),
}
ALIASES = {"AKT_ERK": "ERK", "S6K": "mTORC1"}
INTERNAL = {"ERBB2", "ERBB3", "EGFR", "IGF1R", "IRS1", "ESR1", "PGR", "MYC", "CCND1", "BCL2", "GLI1", "TFF1", "CDKN1B"}
INTERNAL |= {"BCL2L11", "DUSP6"}
QUOTA = {"E2F": 45, "MYC": 40, "FOXO": 32, "ERK": 35, "GLI": 12, "mTORC1": 40}
CURATED = {"E2F", "MYC", "mTORC1"}  # their quota takes members of their Hallmark sets only
MOST_EDGES = 5  # per gene, unless the prior table has more
LEAST_CPM = 5.0  # a gene chosen for the table must be seen in MCF-7
MEASURABLE_CPM = 2.0  # below this the dose series says nothing about a gene
LARGEST_FOLD = 16.0  # what one factor may do to one gene
BASAL_INPUT = 0.4  # prior: the constitutive input of a gene, on the scale of the prior table's weights
BASAL_INPUT_CYCLE = 0.1  # prior: the same for E2F's cell-cycle genes, nearly silent in arrested cells
EXTRA_INPUT = 0.4  # prior: an activator that the prior table lacks counts as much as the constitutive input
PRIOR_REPRESSION = 0.5  # prior: losing the repressor raises the gene 1.5-fold
PRIOR_FOLD = 2.0  # prior: ER fold of a gene that the dose series cannot see


@dataclass
class Edge:
    """One gene-factor edge with the witnesses for it."""

    gene: str
    factor: str
    sign: int
    score: int
    source: str
    weight: float = 0.0
    input: float = 0.0
    status: str = "prior"
    required: bool = False


@dataclass
class Votes:
    """What each source says of one gene-factor pair."""

    collectri: dict[str, int] = field(default_factory=dict)
    dorothea: dict[str, int] = field(default_factory=dict)
    hallmark: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Response:
    """How one gene answers oestradiol, on the log2 scale, ER activity 0 to 1."""

    fold: float
    shrunk: float
    error: float
    ten_nanomolar: float
    cpm: float
    consistent: bool

    @property
    def clear(self) -> bool:
        """Whether the response stands out of the noise, in one direction at all three doses and from both baselines."""
        return self.consistent and self.cpm >= LEAST_CPM and abs(self.fold) > 3 * self.error


def gather_edges(shared: Path) -> dict[tuple[str, str], Votes]:
    """Every gene-factor pair that a regulon file or a Hallmark set names."""
    factor_of = {tf: factor for factor, groups in MEMBERS.items() for group in groups for tf in group}
    votes: dict[tuple[str, str], Votes] = {}
    for name in ("collectri", "dorothea"):
        table = pd.read_csv(shared / f"data/regulons/{name}.tsv", sep="\t")
        table = table[table["source"].isin(factor_of)]
        for tf, interaction, gene in table.itertuples(index=False):
            pair = votes.setdefault((gene, factor_of[tf]), Votes())
            getattr(pair, name)[tf] = 1 if interaction == "upregulates-expression" else -1
    for factor, names in SETS.items():
        for name, genes in read_hallmark(shared).items():
            for gene in genes if name in names else ():
                votes.setdefault((gene, factor), Votes()).hallmark.append(name)
    return votes


def read_hallmark(shared: Path) -> dict[str, list[str]]:
    """The Hallmark gene sets by short name."""
    rows = [line.split("\t") for line in (shared / HALLMARK).read_text().splitlines()]
    return {row[0].removeprefix("HALLMARK_"): row[2:] for row in rows}


def judge(gene: str, factor: str, votes: Votes, *, needed: bool = False) -> Edge | None:
    """The edge that the votes support, or None: CollecTRI rules the sign, then Hallmark; DoRothEA alone only where needed."""
    if votes.collectri:
        first = next(tf for group in MEMBERS[factor] for tf in group if tf in votes.collectri)
        sign = net(votes.collectri) or votes.collectri[first]
    elif votes.hallmark:
        sign = 1
    elif needed and net(votes.dorothea):
        sign = net(votes.dorothea)
    else:
        return None
    groups = [{tf: votes.collectri.get(tf, 0) for tf in group} for group in MEMBERS[factor]]
    score = sum(net(rows) for rows in [*groups, votes.dorothea]) + bool(votes.hallmark)
    return Edge(gene, factor, sign, score * sign, cite(gene, factor, votes))


def net(rows: dict[str, int]) -> int:
    """The sign that most of the rows give: +1, -1, or 0 for a tie."""
    balance = sum(rows.values())
    return (balance > 0) - (balance < 0)


def cite(gene: str, factor: str, votes: Votes) -> str:
    """Who states the edge, in words that can be looked up again."""
    parts = []
    for name, rows in (("CollecTRI", votes.collectri), ("DoRothEA", votes.dorothea)):
        order = [tf for group in MEMBERS[factor] for tf in group if tf in rows]
        stated = ", ".join(f"{tf} -> {gene} ({'+' if rows[tf] > 0 else '-'})" for tf in order)
        if stated:
            parts.append(f"{name} doi:{DOI[name]}: {stated}")
    if votes.hallmark:
        parts.append(f"Hallmark {', '.join(votes.hallmark)} doi:{DOI['Hallmark']}")
    return "; ".join(parts)


def dose_levels(shared: Path) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Mean log2 CPM of every gene at each dose with plates removed, its moderated variance and its mean CPM."""
    counts = pd.read_csv(shared / COUNTS, sep="\t", index_col=0)
    samples = pd.read_csv(shared / SAMPLES, sep="\t").set_index("run").loc[counts.columns]
    log_cpm = pd.DataFrame(np.log2((counts + 0.5) / (counts.sum() + 1) * 1e6))
    cpm = (counts / counts.sum() * 1e6).mean(axis=1)
    series = samples[samples["E2_nM"] >= 0.001]  # three plates, five doses each; 0.0001 nM is left out
    doses = pd.get_dummies(series["E2_nM"])
    plates = pd.get_dummies(series["batch"], drop_first=True).to_numpy(dtype=float)
    design = np.hstack([doses.to_numpy(dtype=float), plates - plates.mean(axis=0)])
    observed = log_cpm[series.index].to_numpy().T
    fitted = np.linalg.lstsq(design, observed, rcond=None)[0]
    freedom = len(series) - design.shape[1]
    variance = pd.Series(((observed - design @ fitted) ** 2).sum(axis=0) / freedom, index=counts.index)
    by_size = variance[cpm.sort_values().index].rolling(401, center=True, min_periods=50).median()
    moderated = (freedom * variance + 4 * by_size.reindex(counts.index)) / (freedom + 4)
    levels = pd.DataFrame(fitted[: doses.shape[1]].T, index=counts.index, columns=[f"{dose:g}" for dose in doses.columns])
    levels["DMSO"] = log_cpm[samples.index[samples["E2_nM"] == 0]].mean(axis=1)
    return levels, moderated, cpm


def responses(shared: Path, symbols: pd.Series, named_by_er: set[str]) -> dict[str, Response]:
    """The oestradiol response of every gene: 0.1-10 nM over 0.001 nM on the same plates, helped by the DMSO plate.

    DMSO sits on a plate of its own, so it counts as baseline with a plate variance added: the spread of the
    DMSO contrast over genes that do not respond on the shared plates.
    """
    levels, variance, cpm = dose_levels(shared)
    top = levels[["0.1", "1", "10"]].mean(axis=1)
    within, across = top - levels["0.001"], top - levels["DMSO"]
    quiet = across[(within.abs() < 0.2) & (cpm > 10)]
    plate_variance = float((1.4826 * (quiet - quiet.median()).abs().median()) ** 2)
    weight_low, weight_dmso = 3 / variance, 1 / (variance / 4 + plate_variance)
    baseline = (weight_low * levels["0.001"] + weight_dmso * levels["DMSO"]) / (weight_low + weight_dmso)
    fold, error = top - baseline, np.sqrt(variance / 9 + 1 / (weight_low + weight_dmso))
    candidates = symbols.index[symbols.isin(named_by_er)].intersection(cpm.index[cpm > LEAST_CPM])
    spread = max(float((fold[candidates] ** 2 - error[candidates] ** 2).mean()), 0.01)
    shrunk = fold * spread / (spread + error**2)
    same_side = levels[["0.1", "1", "10"]].sub(baseline, axis=0).mul(np.sign(fold), axis=0).gt(0).all(axis=1)
    consistent = same_side & (np.sign(within) == np.sign(across))
    table = pd.concat([fold, shrunk, error, levels["10"] - baseline, cpm, consistent, symbols], axis=1).dropna()
    table = table.loc[cpm.sort_values().index.intersection(table.index)]  # of two identifiers the better seen one stays
    return {str(row[-1]): Response(*row[:-1]) for row in table.itertuples(index=False, name=None)}


def prior_edges(shared: Path) -> dict[tuple[str, str], float]:
    """The edges of the hand-made 66-gene table, with their signed weights."""
    table = pd.read_csv(shared / PRIOR_TABLE, sep="\t")
    edges: dict[tuple[str, str], float] = {}
    for gene, weights in zip(table["gene"], table["signed_TF_weights"], strict=True):
        for part in weights.split(";"):
            name, number = part.split(":")
            edges[gene, ALIASES.get(name, name)] = float(number)
    return edges


def proliferative(shared: Path) -> set[str]:
    """Genes that follow the G2M genes over tumours: their E2 response runs through the cell cycle."""
    tumours = pd.read_csv(shared / TUMOURS, sep="\t", index_col=0)
    cycle = tumours.reindex(read_hallmark(shared)["G2M_CHECKPOINT"]).dropna().mean()
    agreement = tumours.T.corrwith(cycle)
    return set(agreement.index[agreement > 0.5])


def other_edges(votes: dict[tuple[str, str], Votes], wanted: dict[tuple[str, str], float]) -> list[Edge]:
    """Edges of factors other than ER: two witnesses, three for model-internal genes, one for an edge of the prior table.

    An edge of the prior table must keep its sign, and mTORC1 needs more than HIF1A, which hypoxia drives.
    """
    edges = []
    for (gene, factor), vote in votes.items():
        if factor == "ER" or (gene, factor) in MODEL_EVIDENCE:
            continue
        required = (gene, factor) in wanted
        edge = judge(gene, factor, vote, needed=required)
        if edge is None or wanted.get((gene, factor), edge.sign) * edge.sign < 0:
            continue
        hypoxic = factor == "mTORC1" and not vote.hallmark and set(vote.collectri) <= {"HIF1A"}
        least = 1 if required else 3 if gene in INTERNAL else 2
        if edge.score >= least and not (hypoxic and not required):
            edge.required, edge.input = required, abs(wanted.get((gene, factor), EXTRA_INPUT))
            edges.append(edge)
    return edges


def evidence_edges(wanted: dict[tuple[str, str], float]) -> list[Edge]:
    """The few edges that rest on the model's own evidence table, with the input that the prior table gives them."""
    return [
        Edge(gene, factor, sign, 1, f"shared/biology/evidence_keys.tsv: {text}", input=abs(wanted[gene, factor]), required=True)
        for (gene, factor), (sign, text) in MODEL_EVIDENCE.items()
    ]


def er_sign(edge: Edge, response: Response, prior: float | None) -> int:
    """The sign to use for an ER edge: 0 where the dose series does not bear it out."""
    seen = 1 if response.fold > 0 else -1
    if prior is not None and response.cpm < MEASURABLE_CPM:
        return edge.sign if prior * edge.sign > 0 else 0
    if prior is not None:
        least = 0.05 if seen == edge.sign else 0.3
        return seen if prior * seen > 0 and abs(response.fold) >= least else 0
    if not response.clear or (seen != edge.sign and abs(response.fold) <= 0.5):
        return 0
    return seen if abs(response.shrunk) > (0.4 if seen > 0 else 0.3) else 0


def er_edges(
    votes: dict[tuple[str, str], Votes], seen: dict[str, Response], wanted: dict[tuple[str, str], float], cycling: set[str]
) -> list[Edge]:
    """ER edges that both a source and the dose series support. Genes of the cell cycle answer E2 through E2F: left to E2F."""
    edges = []
    for (gene, factor), vote in votes.items():
        prior = wanted.get((gene, "ER"))
        if factor != "ER" or gene not in seen or (gene, factor) in MODEL_EVIDENCE:
            continue
        if prior is None and gene in cycling:
            continue
        edge = judge(gene, factor, vote, needed=prior is not None)
        sign = er_sign(edge, seen[gene], prior) if edge else 0
        if edge and sign:
            overruled = sign != edge.sign
            edge.sign, edge.required = sign, True
            edge.source += "; the source's sign is overruled by the E2 data" if overruled else ""
            edges.append(edge)
    return edges


def choose(edges: list[Edge], visible: dict[str, float], wanted: dict[tuple[str, str], float]) -> list[Edge]:
    """Genes with an ER edge or of the prior table, then the best-witnessed targets of every other factor; all their edges."""
    by_gene: dict[str, list[Edge]] = {}
    for edge in edges:
        by_gene.setdefault(edge.gene, []).append(edge)
    chosen = {edge.gene for edge in edges if edge.factor == "ER" or (edge.gene, edge.factor) in wanted} | INTERNAL
    for factor, quota in QUOTA.items():
        able = [edge for edge in edges if edge.factor == factor and visible.get(edge.gene, 0.0) >= LEAST_CPM]
        able = [edge for edge in able if factor not in CURATED or "Hallmark" in edge.source]
        able.sort(key=lambda edge: (-edge.score, -len(by_gene[edge.gene]), -visible[edge.gene], edge.gene))
        chosen |= {edge.gene for edge in able[:quota]}
    kept = []
    for gene in sorted(chosen & set(by_gene)):
        ranked = sorted(by_gene[gene], key=lambda edge: (not edge.required, -edge.score, edge.factor))
        kept += [edge for place, edge in enumerate(ranked) if edge.required or place < MOST_EDGES]
    return kept


def weigh(edges: list[Edge], response: Response | None, *, cyclic: bool) -> tuple[float, str, str]:
    """Set the weights of one gene's edges; return its basal share, the status of that and where it is from.

    At the reference the activators and the basal share add up to 1, so losing ER lowers an activated gene to
    1 - a(ER) and raises a repressed one to (1 + sum r) / (1 + sum r - r(ER)).
    """
    others = [edge for edge in edges if edge.factor != "ER"]
    activators = [edge for edge in others if edge.sign > 0]
    for edge in others:
        if edge.sign < 0:
            edge.weight = edge.input if edge.required else PRIOR_REPRESSION
            edge.source += f"; weight: prior, losing it raises the gene {1 + edge.weight:g}-fold"
    er = next((edge for edge in edges if edge.factor == "ER"), None)
    if er:
        weigh_er(er, response, sum(edge.weight for edge in others if edge.sign < 0))
    cyclic |= len(activators) == 1 and "Hallmark" in activators[0].source
    by_e2f = any(edge.factor == "E2F" and (cyclic or edge.required) for edge in activators)
    basal_input = BASAL_INPUT_CYCLE if by_e2f and not er else BASAL_INPUT
    rest = 1 - er.weight if er and er.sign > 0 else 1.0
    total = basal_input + sum(edge.input for edge in activators)
    for edge in activators:
        edge.weight = round(rest * edge.input / total, 4)
        edge.source += f"; weight: prior, input {edge.input:g} of {total:g}" + (" (66-gene table)" if edge.required else "")
    basal = round(rest - sum(edge.weight for edge in activators), 4)
    if er and er.status == "derived" and er.sign > 0 and not activators:
        return basal, "derived", f"1 / fold; {SERIES}"
    return basal, "prior", f"prior: input {basal_input:g} of {total:g}" + (", of what ER leaves" if rest < 1 else "")


def weigh_er(er: Edge, response: Response | None, repression: float) -> None:
    """Set the weight of an ER edge from the dose series, or a prior one where that cannot see the gene."""
    measured = response is not None and response.cpm >= MEASURABLE_CPM and not er.source.startswith("shared/")
    fold = min(2 ** abs(response.shrunk), LARGEST_FOLD) if measured and response else PRIOR_FOLD if er.sign > 0 else 1 + er.input
    er.weight = round(1 - 1 / fold if er.sign > 0 else (fold - 1) * (1 + repression), 4)
    er.status = "derived" if measured else "prior"
    er.source += "; weight: " + (
        said(response) if measured and response else f"prior, {fold:g}-fold: not measurable in the {SERIES}"
    )


def said(response: Response) -> str:
    """The measured response in words."""
    return (
        f"{SERIES}: log2 fold {response.shrunk:.2f} (0.1-10 nM over 0.001 nM and DMSO, shrunk from {response.fold:.2f}, "
        f"s.e. {response.error:.2f}; {response.ten_nanomolar:.2f} at 10 nM)"
    )


def visibility(shared: Path, seen: dict[str, Response]) -> dict[str, float]:
    """Counts per million of every gene in MCF-7: the larger of the dose series and the vehicle arm of the TamR data."""
    table = pd.read_csv(shared / VEHICLE).groupby("Name").sum(numeric_only=True).filter(like="MCF7_OH")
    cpm = (table / table.sum() * 1e6).mean(axis=1)
    found = {str(gene): float(value) for gene, value in cpm.items()}
    return {gene: max(found.get(gene, 0.0), seen[gene].cpm if gene in seen else 0.0) for gene in found.keys() | seen.keys()}


def write(genes: list[tuple[str, str, str, str, str]], edges: list[Edge], folder: Path) -> None:
    """Write both tables."""
    order = list(MEMBERS)
    edges = sorted(edges, key=lambda edge: (edge.gene, order.index(edge.factor)))
    rows = [(edge.gene, edge.factor, f"{edge.sign:+d}", f"{edge.weight:g}", edge.status, edge.source) for edge in edges]
    columns = ["gene", "factor", "sign", "weight", "status", "source"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "regulon.tsv", sep="\t", index=False)
    columns = ["gene", "ensembl", "basal", "status", "source"]
    pd.DataFrame(genes, columns=columns).to_csv(folder / "genes.tsv", sep="\t", index=False)


def main(root: Path) -> None:
    """Build both tables and say how many edges each factor has."""
    shared = root.parent / "shared"
    symbols = pd.read_csv(Path(__file__).with_name("symbols.tsv"), sep="\t").set_index("ensembl")["gene_name"]
    votes, wanted = gather_edges(shared), prior_edges(shared)
    seen = responses(shared, symbols, {gene for gene, factor in votes if factor == "ER"})
    others, dividing = other_edges(votes, wanted), proliferative(shared)
    cycling = dividing | {gene for (gene, factor), vote in votes.items() if factor == "E2F" and vote.hallmark}
    cycling |= {edge.gene for edge in others if edge.factor == "E2F" and edge.sign > 0}
    edges = others + er_edges(votes, seen, wanted, cycling) + evidence_edges(wanted)
    edges = choose(edges, visibility(shared, seen), wanted)
    by_gene = {gene: [edge for edge in edges if edge.gene == gene] for gene in sorted({edge.gene for edge in edges})}
    ensembl = {gene: str(key) for key, gene in symbols.items()}
    genes = []
    for gene, own in by_gene.items():
        basal, status, source = weigh(own, seen.get(gene), cyclic=gene in dividing)
        genes.append((gene, ensembl.get(gene, ""), f"{basal:g}", status, source))
    write(genes, edges, root / OUTPUT)
    counts = Counter((edge.factor, edge.sign) for edge in edges)
    print(len(by_gene), "genes", len(edges), "edges", dict(sorted(counts.items())))


if __name__ == "__main__":
    main(Path.cwd())
