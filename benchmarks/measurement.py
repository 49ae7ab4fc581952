"""How fast the rulers are: `uv run python benchmarks/measurement.py`. Processor seconds of this process, and one ratio.

It draws its own data with fixed seeds; processor time, unlike the clock, hardly depends on who else uses the machine.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit

from tamarisk.measurement.dose_response import Curve, dose_response_curves, ec50
from tamarisk.measurement.expression import moderated_t
from tamarisk.measurement.growth_table import growth_of
from tamarisk.measurement.plate import read_counts
from tamarisk.measurement.restoration import restoration_index
from tamarisk.measurement.signature import GROUPS
from tamarisk.seeds import generator

CURVES, LOOP, REPEATS = 10_000, 300, 5
DOSES = np.geomspace(1.0, 1000.0, 8)
ROWS = 1_000_000


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median of processor seconds."""
    spent = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return statistics.median(spent)


def falling(dose: np.ndarray, untreated: float, plateau: float, log_ec50: float, hill: float) -> np.ndarray:
    """The curve that both fit."""
    return plateau + (untreated - plateau) / (1.0 + np.exp(hill * (np.log(dose) - log_ec50)))


def readings(series: int) -> np.ndarray:
    """Curves whose EC50s, plateaus and slopes differ, read once at eight doses with noise of 5 %."""
    rng = generator(series, "benchmarks", "curves")
    log_ec50, plateau, hill = rng.uniform(np.log(5.0), np.log(200.0), (series, 1)), rng.uniform(0.0, 0.4, (series, 1)), 1.3
    return falling(DOSES, 1.0, plateau, log_ec50, hill) + rng.normal(0.0, 0.05, (series, len(DOSES)))


def one_at_a_time(table: np.ndarray) -> None:
    """The same four numbers by scipy's curve_fit in a loop, each from a sensible start within the same bounds."""
    bounds = ([-np.inf, -np.inf, np.log(0.01), 0.1], [np.inf, np.inf, np.log(1e5), 10.0])
    for response in table:
        start = [float(response[0]), float(response[-1]), np.log(30.0), 1.0]
        try:
            curve_fit(falling, DOSES, response, p0=start, bounds=bounds)
        except RuntimeError:
            continue  # it found no fit within its evaluations; its time counts


def arrays(genes: int, n: int) -> np.ndarray:
    """Six groups of n arrays; a tenth of the genes answers the drug, of which the resistant line keeps 10 %."""
    rng = generator(genes, "benchmarks", "arrays")
    drug = np.where(np.arange(genes) < genes // 10, rng.choice([-1.0, 1.0], genes), 0.0)
    level = drug[:, None] * np.array([0.0, 1.0, 0.0, 0.1, 0.0, 0.5]) + rng.normal(8.0, 1.5, (genes, 1))
    return np.repeat(level, n, axis=1) + rng.normal(0.0, 0.3, (genes, 6 * n))


def long_table(path: Path) -> None:
    """A million counts: ten experiments, twenty drugs, ten doses, two times and 250 wells of each."""
    counts = generator(1, "benchmarks", "rows").integers(400, 4000, ROWS).tolist()
    doses = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
    keys = [
        f"{run},MCF-7,drug {drug},{dose},{hour}" for run in range(10) for drug in range(20) for dose in doses for hour in (0, 72)
    ]
    lines = (f"{keys[place // 250]},{count}" for place, count in enumerate(counts))
    path.write_text("experiment,cell_line,drug,dose (nM),time (h),cell_count\n" + "\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Measure each and print a line for it."""
    table = readings(CURVES)
    dose_response_curves(DOSES, table[:10])  # what is learnt once of a set of doses is learnt now
    together = seconds(lambda: dose_response_curves(DOSES, table), 3)
    loop = seconds(lambda: one_at_a_time(table[:LOOP]), 3) * CURVES / LOOP
    print(f"{CURVES} curves: {together:.2f} s; curve_fit in a loop {loop:.1f} s ({LOOP} measured); ratio {loop / together:.0f}")
    curves = [one for one in dose_response_curves(DOSES, table[:LOOP]) if isinstance(one, Curve) and not one.is_flat]
    profiled = seconds(lambda: [ec50(curve) for curve in curves], 3) / len(curves)
    print(f"an EC50 with its profile interval: {1000 * profiled:.0f} ms")
    values = generator(1, "benchmarks", "genes").normal(8.0, 1.0, (20_000, 24))
    design = np.repeat(np.eye(2), 12, axis=0)
    moderated = seconds(lambda: moderated_t(values, design=design, contrasts=[[-1.0], [1.0]]))
    print(f"moderated t of 20000 genes in 24 arrays: {moderated:.2f} s")
    expression, groups = arrays(10_000, 8), np.repeat(GROUPS, 8).tolist()
    found = seconds(lambda: restoration_index(expression, groups=groups), 3)
    print(f"restoration of 10000 genes, 8 arrays in each group, all 12870 relabellings: {found:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.csv"
        long_table(path)
        read = seconds(lambda: read_counts(path), 3)
        frame = read_counts(path).frame
        grown = seconds(lambda: growth_of(frame), 1)
        print(f"a table of {ROWS} rows read: {read:.1f} s; growth of its 2000 conditions: {grown:.1f} s")


if __name__ == "__main__":
    main()
