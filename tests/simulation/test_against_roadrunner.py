"""The shipped model in two hands: its SBML run by libroadrunner (CVODE) against this package, every readout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamarisk.model.context import read_context
from tamarisk.model.model import with_constants
from tamarisk.model.protocol import Protocol, protocol
from tamarisk.model.readout import readouts
from tamarisk.model.sbml import write_sbml
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.run import Experiment, as_member, simulate
from tamarisk.study.export import export

roadrunner = pytest.importorskip("roadrunner")

AGREEMENT = 1e-4  # asked for; the largest difference met when this was written was 9e-7, in the cell number after six days
TIMES_H = (0.0, 0.5, 2.0, 8.0, 24.0, 30.0, 72.0, 144.0)
QUANTITIES = [one.quantity for one in readouts().values()]
CULTURES = {
    "MCF7-TamR under 4OHT": ("MCF7-TamR", protocol("4OHT=1uM")),
    "MCF7-HER2-18 without E2": ("MCF7-HER2-18", protocol(medium_name="stripped")),
    "PTEN-knockdown, fulvestrant, then rapamycin": (
        "MCF-7 + PTEN-knockdown",
        protocol("fulvestrant=100nM", "rapamycin=20nM@24h"),
    ),
    "T47D under everolimus": ("T47D", protocol("everolimus=20nM")),
    "MCF-7, starved, then EGF for a day": ("MCF-7", protocol("EGF=16nM@0h-24h", medium_name="stripped", rest=["starved=24h"])),
}


def loaded(sbml: str) -> Any:
    """A roadrunner with tolerances far below the agreement asked for."""
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
    runner = roadrunner.RoadRunner(sbml)
    runner.integrator.relative_tolerance = 1e-10
    runner.integrator.absolute_tolerance = 1e-14
    runner.integrator.maximum_num_steps = 100_000
    return runner


def run_by_roadrunner(solver: Solver, cells: str, plan: Protocol) -> np.ndarray:
    """Every readout's quantity over time, shape `(time, quantity)`; the medium is changed in roadrunner as the plan says."""
    member = as_member(Experiment(read_context(cells), plan))
    start = solver.settled(member)
    runner = loaded(write_sbml(with_constants(solver.model, dict(member.constants)), initial=start))
    medium = set(runner.model.getBoundarySpeciesIds())
    starts = [one.start_h for one in member.periods]
    rows = []
    for period, end in zip(member.periods, [*starts[1:], TIMES_H[-1] + 1], strict=True):
        for name, value in period.constants.items():
            runner[f"[{name}]" if name in medium else name] = value
        inside = [time for time in TIMES_H if period.start_h <= time < end]
        found = np.array(runner.simulate(times=sorted({*inside, end}), selections=QUANTITIES))
        rows.append(found[: len(inside)])
    return np.vstack(rows)


def largest_difference(found: np.ndarray, known: np.ndarray) -> float:
    """The largest relative difference of two tables of positive numbers."""
    return float((np.abs(found - known) / np.abs(known)).max())


@pytest.mark.parametrize("name", CULTURES)
def test_every_readout_agrees(solver: Solver, name: str) -> None:
    """Reference: libroadrunner runs the SBML of each culture to the same numbers, whatever the line and the plan."""
    cells, plan = CULTURES[name]
    known = run_by_roadrunner(solver, cells, plan)
    member = as_member(Experiment(read_context(cells), plan))
    found = solver.solve([member], times_h=TIMES_H, quantities=QUANTITIES).values[0]
    assert found.shape == (len(TIMES_H), len(readouts()))
    assert known.min() > 0
    assert largest_difference(found, known) < AGREEMENT


@pytest.mark.parametrize("cells", ["MCF-7", "LTED"])
def test_the_exported_file_is_the_experiment(tmp_path: Path, cells: str) -> None:
    """Reference: the file that `export` writes, run as it stands by libroadrunner, is the untreated culture of `simulate`."""
    runner = loaded(export(tmp_path / "cells.xml", context=cells).read_text(encoding="utf-8"))
    found = simulate(cells, until="144h", readouts=["all"])
    known = np.array(runner.simulate(times=found["time"].to_numpy().tolist(), selections=QUANTITIES))
    plain = [one.name for one in readouts().values() if not one.transform]
    columns = [number for number, one in enumerate(readouts().values()) if not one.transform]
    mine = np.array([found[name].to_numpy() for name in plain]).T
    assert largest_difference(mine, known[:, columns]) < AGREEMENT
    doublings = np.log2(known[:, QUANTITIES.index("cells")])
    assert found["doublings"].to_numpy() == pytest.approx(doublings, rel=AGREEMENT, abs=1e-12)
