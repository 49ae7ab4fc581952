"""How the shipped parameters were fitted: `python provenance/fit.py NEW_FOLDER [ROUNDS]`.

Begins at the shipped values, fits every number that has a prior to the observations that are not held out, and writes the
model's folder and `differences.tsv` with the new values. Nothing in the package changes: run
`tamarisk reproduce --model NEW_FOLDER` on it, compare, then copy. One round evaluates all observations about 200 times.
"""

from __future__ import annotations

import csv
import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tamarisk.calibration.fit import Unknown, fit, unknowns
from tamarisk.calibration.target import read_targets
from tamarisk.model.antimony import read_model
from tamarisk.model.context import contexts
from tamarisk.simulation.batch import Solver
from tamarisk.study.export import export_modules
from tamarisk.tables import CONTENT

Key = tuple[str, str]


def main(folder: Path, rounds: int) -> None:
    """Fit from the shipped values and write the tables."""
    model, free = read_model(), unknowns()
    targets = [one for one in read_targets() if not one.held_out]
    with multiprocessing.Pool() as pool:
        found = fit(Solver(model), targets, free, start=shipped(model.constants, free), rounds=rounds, spread=pool.map)
    sys.stdout.write(f"half sum of squares {found.cost_before:.3f} before, {found.cost:.3f} after {rounds} rounds\n")
    export_modules(folder)
    rewrite(
        folder / "parameters.tsv", folder / "parameters.tsv", "nominalValue", lambda row: found.values.get(row["parameterId"])
    )
    source = CONTENT / "contexts" / "differences.tsv"
    rewrite(source, folder / "differences.tsv", "value", lambda row: found.context_values.get((row["context"], row["parameter"])))


def shipped(constants: Mapping[str, float], free: Sequence[Unknown]) -> dict[Key, float]:
    """The shipped value of every unknown, as tables state it."""
    own = {("", one.parameter): constants[one.parameter] for one in free if not one.context}
    stated = {(name, one.parameter): one.value for name, cells in contexts().items() for one in cells.differences}
    return own | {(one.context, one.parameter): stated[one.context, one.parameter] for one in free if one.context}


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
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
