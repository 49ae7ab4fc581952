"""MuSyC of a table: the shifts that made the readings come back, over experiments and by name."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tamarisk.errors import DataError
from tamarisk.measurement.musyc import musyc, surface_effects
from tamarisk.measurement.musyc_table import potencies_of
from tamarisk.measurement.pair_table import Pairs, read_pairs
from tamarisk.seeds import generator

DOSES = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0)
TRUTH = np.array([0.0, 0.6, 0.5, 0.75, math.log(20.0), math.log(10.0), 0.2, 0.1, 0.0, math.log(4.0)])


def screen(folder: Path, *, experiments: int, leave_out: tuple[float, float] | None = None) -> Pairs:
    """A file of viabilities of two drugs, `ab` beside `cd`, with noise of 2 %."""
    lines = ["experiment,drug1,drug2,conc1 (nM),conc2 (nM),viability"]
    for run in range(experiments):
        rng = generator(run, "tests", "musyc table")
        for first in DOSES:
            for second in DOSES:
                if (first, second) != leave_out:
                    value = 1.0 - surface_effects(TRUTH, first, second).item() + 0.02 * rng.normal()
                    lines.append(f"{run},ab,cd,{first:g},{second:g},{value!r}")
    path = folder / "screen.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_pairs(path, scale="fraction")


def test_one_experiment_is_one_surface(tmp_path: Path) -> None:
    """Reference: the numbers are those of `musyc` on the same wells, with its profile intervals; a missing well is left out."""
    pairs = screen(tmp_path, experiments=1, leave_out=(3.0, 10.0))
    frame = pairs.table.frame
    alone = musyc(frame["conc1"], frame["conc2"], 1.0 - frame["value"])
    efficacy, second, first = (one.estimate for one in potencies_of(pairs)[0].results)
    assert (efficacy.value, second.value, first.value) == pytest.approx(
        (alone.efficacy.value, alone.second_potency.value, alone.first_potency.value), rel=1e-3
    )
    assert second.low == pytest.approx(alone.second_potency.low, rel=1e-2)  # each end is sought to .001 of its log or so
    assert len(frame) == 35
    bare = musyc(frame["conc1"], frame["conc2"], 1.0 - frame["value"], intervals=False)
    assert (bare.efficacy.value, bare.second_potency.value) == (alone.efficacy.value, alone.second_potency.value)
    assert math.isnan(bare.first_potency.low)


def test_three_experiments_find_the_truth(tmp_path: Path) -> None:
    """Law: the second drug is four times as potent beside the first, the first is not beside the second; n is experiments."""
    measured, drawn = potencies_of(screen(tmp_path, experiments=3))
    found = {one.name: one.estimate for one in measured.results}
    assert list(found) == ["efficacy beyond the stronger drug (beta)", "potency of cd beside ab", "potency of ab beside cd"]
    assert found["potency of cd beside ab"].low > 1.0
    assert found["potency of cd beside ab"].value == pytest.approx(4.0, rel=0.35)  # three plates with noise
    assert found["potency of ab beside cd"].low < 1.0 < found["potency of ab beside cd"].high
    assert {one.n for one in found.values()} == {3}
    assert drawn[0].value.shape == (5, 5)


def test_a_pair_without_curves_is_refused(tmp_path: Path) -> None:
    """Refusal: two doses of a drug settle no surface, and one sentence says so."""
    path = tmp_path / "small.csv"
    path.write_text(
        "drug1,drug2,conc1 (nM),conc2 (nM),viability (%)\n"
        + "".join(f"ab,cd,{one},{two},{90 - one - two}\n" for one in (0, 1, 2) for two in (0, 1, 2)),
        encoding="utf-8",
    )
    with pytest.raises(DataError, match="do not settle 10 numbers; test three doses of each drug alone"):
        potencies_of(read_pairs(path))
