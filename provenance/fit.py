"""How the shipped parameters were fitted: `python provenance/fit.py NEW_FOLDER [ROUNDS [MODEL_FOLDER]]`.

Begins at the values of a model folder (the shipped one if none is named), fits every number that has a prior to the
observations that are not held out, and writes the folder anew with the new values, `differences.tsv` of the contexts beside.
Nothing in the package changes: run `tamarisk reproduce --model NEW_FOLDER` on it, compare, then copy. One round evaluates all
observations about 200 times.
"""

from __future__ import annotations

import csv
import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tamarisk.calibration.fit import Fit, Unknown, fit, unknowns
from tamarisk.calibration.normaliser import normalised
from tamarisk.calibration.target import read_targets
from tamarisk.model.antimony import read_model
from tamarisk.model.context import read_context
from tamarisk.model.model import Model, with_constants
from tamarisk.model.parameters import MODEL_FOLDER
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.run import Experiment, as_member
from tamarisk.tables import CONTENT

Key = tuple[str, str]
NOTHING = 1e-15  # of a settled amount: what is below is the integrator's dust


def main(folder: Path, rounds: int, source: Path) -> None:
    """Fit from the values of a model folder and write them to another."""
    model, free = read_model(source), unknowns(source)
    targets = [one for one in read_targets() if not one.held_out]
    differences = next(one for one in (source / "differences.tsv", CONTENT / "contexts" / "differences.tsv") if one.exists())
    begin = stated(model, free, differences)
    with multiprocessing.Pool() as pool:
        found = fit(Solver(model), targets, free, start=begin, rounds=rounds, spread=pool.map)
    sys.stdout.write(f"half sum of squares {found.cost_before:.3f} before, {found.cost:.3f} after {rounds} rounds\n")
    write(source, folder, differences, model, found)


def stated(model: Model, free: Sequence[Unknown], differences: Path) -> dict[Key, float]:
    """The present value of every unknown, as the tables state it."""
    with differences.open(encoding="utf-8", newline="") as file:
        own = {(row["context"], row["parameter"]): float(row["value"]) for row in csv.DictReader(file, delimiter="\t")}
    return {
        (one.context, one.parameter): own[one.context, one.parameter] if one.context else model.constants[one.parameter]
        for one in free
    }


def write(source: Path, folder: Path, differences: Path, model: Model, found: Fit) -> None:
    """The model folder with the fitted values and the settled amounts that follow from them, and the contexts' table."""
    values = settled(model, found.values)
    folder.mkdir(parents=True)
    for module in source.glob("*.ant"):
        (folder / module.name).write_bytes(module.read_bytes())
    rewrite(
        source / "parameters.tsv",
        folder / "parameters.tsv",
        "nominalValue",
        lambda row: None if row["kind"] == "context" else values.get(row["parameterId"]),
    )
    rewrite(
        differences,
        folder / "differences.tsv",
        "value",
        lambda row: found.context_values.get((row["context"], row["parameter"])),
    )


def settled(model: Model, values: Mapping[str, float]) -> dict[str, float]:
    """The values as the table will state them, the normalisers exact for these, and the amounts untreated MCF-7 settles at."""
    stated = {name: float(f"{value:.6g}") for name, value in values.items()}
    exact = {name: float(f"{value:.6g}") for name, value in normalised(Solver(model), stated, tolerance=1e-6).items()}
    amounts = Solver(with_constants(model, exact)).settled(as_member(Experiment(read_context("MCF-7"))))
    return {**{name: amount if amount > NOTHING else 0.0 for name, amount in amounts.items()}, **exact}


def rewrite(source: Path, target: Path, column: str, value: Callable[[Mapping[str, str]], float | None]) -> None:
    """The same table with new numbers in one column, six digits each; rows without one stay as they are."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        found = value(row)
        row[column] = row[column] if found is None else f"{found:.6g}"
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0]), int(given[1]) if len(given) > 1 else 10, Path(given[2]) if len(given) > 2 else MODEL_FOLDER)
