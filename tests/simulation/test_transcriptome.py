"""Gene expression: zero where nothing was done, closed forms of the regulon, and a user's own table."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tamarisk.errors import ProtocolError, SimulationError, UnknownNameError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import perturbed, read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import protocol
from tamarisk.model.readout import readouts
from tamarisk.model.regulon import Regulon, read_regulon
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, simulate
from tamarisk.simulation.transcriptome import express, transcriptomes

FACTORS = ("ER_activity", "E2F", "MYC", "FOXO3", "pERK", "GLI_activity", "mTORC1")


@cache
def model() -> Model:
    """The shipped model, read once."""
    return read_model()


def own_regulon(folder: Path, *edges: str) -> Regulon:
    """A regulon as CollecTRI is distributed: source, interaction, target."""
    file = folder / "mine.tsv"
    file.write_text("source\tinteraction\ttarget\n" + "".join(f"{edge}\n".replace(" ", "\t") for edge in edges), encoding="utf-8")
    return read_regulon(file)


def activities(cells: str, *doses: str, until: str) -> np.ndarray:
    """Each factor against untreated MCF-7 at the end of one culture, shape `(factor,)`."""
    here = simulate(cells, protocol(*doses), until=until, readouts=FACTORS, model=model())
    there = simulate("MCF-7", until="1h", readouts=FACTORS, model=model())
    return np.array([float(here[name][-1] / there[name][0]) for name in FACTORS])


def test_untreated_mcf7_is_the_zero() -> None:
    """Law: untreated MCF-7 differs from itself in no gene, over a day, but for a fading adapted minority."""
    fold = express("MCF-7")["log2_fold"]
    assert fold.shape == (25, len(read_regulon().genes))
    assert abs(fold.to_numpy()[0]).max() < 1e-9
    assert abs(fold.to_numpy()).max() < 1e-3  # the shares of adapted cells, 0.001 at the start, fall by 2 % in a day


def test_a_drug_starts_from_zero_and_ends_elsewhere() -> None:
    """Law: at the moment of treatment nothing has changed; a day later the receptor's own genes have fallen."""
    fold = express("MCF-7", protocol("fulvestrant=100nM"))["log2_fold"]
    assert abs(fold.to_numpy()[0]).max() < 1e-9
    assert (fold.sel(gene=["PGR", "GREB1", "TFF1"]).to_numpy()[-1] < -1).all()


def test_genes_are_named_and_chosen() -> None:
    """Law: genes come by their names, whatever the case, in the order asked, and are what they are among all."""
    some = express("T47D", protocol("4OHT=1uM"), genes=["greb1", "CCND1"], model=model())
    every = express("T47D", protocol("4OHT=1uM"), model=model())
    assert some["gene"].to_numpy().tolist() == ["GREB1", "CCND1"]
    assert every["gene"].to_numpy().tolist() == list(read_regulon().genes)
    assert np.array_equal(some["log2_fold"].to_numpy(), every["log2_fold"].sel(gene=["GREB1", "CCND1"]).to_numpy())
    assert some.attrs == {"context": "T47D", "protocol": "4OHT 1000 nM", "left_out": ""}
    assert some["log2_fold"].attrs["unit"] == "log2 fold"


@pytest.mark.parametrize(("cells", "dose"), [("MCF7-TamR", "rapamycin=20nM"), ("T47D", "fulvestrant=100nM")])
def test_every_gene_is_its_edges(cells: str, dose: str) -> None:
    """Reference: each shipped gene is log2 of basal plus drivers over one plus brakes, summed edge by edge from `simulate`."""
    regulon = read_regulon()
    here = dict(zip([factor.name for factor in regulon.factors], activities(cells, dose, until="24h"), strict=True))
    level = dict(zip(regulon.genes, regulon.basal.tolist(), strict=True))
    untreated = dict(level)
    brake, unbraked = (dict.fromkeys(level, 1.0) for _ in range(2))
    for edge in regulon.edges:
        if edge.sign > 0:
            level[edge.gene] += edge.weight * here[edge.factor]
            untreated[edge.gene] += edge.weight
        else:
            brake[edge.gene] += edge.weight * here[edge.factor]
            unbraked[edge.gene] += edge.weight
    known = [np.log2(level[gene] / brake[gene] / untreated[gene] * unbraked[gene]) for gene in regulon.genes]
    found = express(cells, protocol(dose), until="24h", model=model())["log2_fold"].to_numpy()[-1]
    assert found == pytest.approx(known, rel=1e-4, abs=1e-6)  # two runs on different time grids


def test_the_readouts_are_the_factors() -> None:
    """Law: the activities that this file reads are those of the regulon's factors, in order."""
    assert [readouts()[name].quantity for name in FACTORS] == [factor.quantity for factor in read_regulon().factors]


def test_a_regulon_of_ones_own(tmp_path: Path) -> None:
    """Reference: a user's gene keeps a tenth of its transcription without its drivers, who share the rest; brakes weigh one."""
    regulon = own_regulon(tmp_path, "ESR1 activation ALONE", "ESR1 + SHARED", "MYC 1 SHARED", "E2F1 -1 HELD", "MYC 1 HELD")
    here = dict(zip(("ER", "E2F", "MYC"), activities("MCF-7", "fulvestrant=100nM", until="24h")[:3], strict=True))
    found = express("MCF-7", protocol("fulvestrant=100nM"), regulon=regulon, model=model())["log2_fold"]
    known = {
        "ALONE": 0.1 + 0.9 * here["ER"],
        "SHARED": 0.1 + 0.45 * here["ER"] + 0.45 * here["MYC"],
        "HELD": (0.1 + 0.9 * here["MYC"]) / (1 + here["E2F"]) * 2,
    }
    assert found["gene"].to_numpy().tolist() == ["ALONE", "SHARED", "HELD"]
    assert dict(zip(known, 2 ** found.to_numpy()[-1], strict=True)) == pytest.approx(known, rel=1e-4)


def test_what_a_regulon_cannot_use_is_told(tmp_path: Path) -> None:
    """Law: edges of factors without an activity, and edges with both signs, are left out and counted with the result."""
    regulon = own_regulon(tmp_path, "ESR1 activation A", "TP53 activation B", "MYC 1 C", "MYC -1 C", "ESR1 1 C")
    run = express("MCF-7", until="1h", regulon=regulon, model=model())
    assert run["gene"].to_numpy().tolist() == ["A", "C"]
    assert run.attrs["left_out"] == "1 factors have no activity in the model; 1 edges with both signs left out"


def test_many_experiments_are_each_their_own(solver: Solver) -> None:
    """Law: experiments in one batch have the folds they have alone, and one that fails is blank and counted."""
    broken = perturbed(read_context("MCF-7"), "growth_dose", value=1e6, source="test")
    cultures = [Experiment(read_context("T47D")), Experiment(broken), Experiment(read_context("LTED"), protocol("4OHT=1uM"))]
    folds, outcomes = transcriptomes(solver, cultures, times_h=[0.0, 24.0], regulon=read_regulon())
    assert [one is Outcome.FINISHED for one in outcomes] == [True, False, True]
    assert np.isnan(folds[1]).all()
    for number in (0, 2):
        alone, _ = transcriptomes(solver, [cultures[number]], times_h=[0.0, 24.0], regulon=read_regulon())
        assert np.array_equal(folds[number], alone[0])


def test_an_unknown_gene_is_refused() -> None:
    """Refusal: a gene that the regulon lacks is named, and the nearest are offered."""
    with pytest.raises(UnknownNameError) as refused:
        express("MCF-7", genes=["GREB11"])
    assert str(refused.value) == "no gene 'GREB11'; did you mean 'GREB1', 'SREBF1' or 'RBL1'?"


def test_no_time_is_refused() -> None:
    """Refusal: expression after no time at all is no experiment."""
    with pytest.raises(ProtocolError) as refused:
        express("MCF-7", until="0h")
    assert str(refused.value) == "until: the experiment has no duration; give a time such as 144h"


def test_a_failed_run_is_an_error() -> None:
    """Refusal: cells whose run fails have no expression."""
    broken = perturbed(read_context("MCF-7"), "growth_dose", value=1e6, source="test")
    with pytest.raises(SimulationError, match="a quantity became infinite or undefined"):
        express(broken)
