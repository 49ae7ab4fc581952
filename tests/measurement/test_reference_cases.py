"""The reference cases of MEASUREMENT.md section 11: which test holds which, and those that no other file holds.

| case | held by |
|---|---|
| gr_metrics toy 1 | test_dose_response (GR50), test_growth (GR, GR_AOC, GRmax), test_growth_table (files); 17 here |
| drc ryegrass, S.alba, lettuce | test_dose_response, test_curve_choice; test_dose_response, test_potency; test_hormesis |
| SynergyFinder Mathews, ONEIL, well-behaved fixture | test_combination, doors/test_measure_synergy |
| analytic Bliss, HSA, Loewe, sham; MuSyC 2d | here and test_combination (sham_2d has no drug alone); test_combination |
| limma-Tests (t, P, B, d0, s0), factorial | test_expression |
| PyDESeq2 and DESeq2 | test_read_counts |
| dat.bcg | test_pooling |
| lung, rossi, veteran | test_survival, doors/test_measure_survival |
| toy of 6.5; null, 40 % and phenocopy of 6.3 | test_signature; test_restoration |
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from tamarisk.measurement.combination import DoseMatrix, bliss, dose_matrix, hsa, loewe
from tamarisk.measurement.dose_response import dose_reaching, dose_response_curve
from tamarisk.measurement.growth import growth_inhibition
from tamarisk.measurement.zero_interaction import zero_interaction_potency

Reference = Callable[[str], pd.DataFrame]
CURVE = ["cell_line", "agent", "perturbation", "replicate", "time"]


def test_seventeen_curves_have_no_gr50(reference: Reference) -> None:
    """Golden: 17 of the 112 curves of gr_metrics toy 1 reach no GR50 in R, MATLAB and Python alike; here each is a bound."""
    languages = ("R", "matlab", "python")
    tables = [reference(f"gr_toy1_expected_{one}_input1_GRmetrics.tsv").set_index(CURVE)["GR50"] for one in languages]
    without = [set(table[np.isinf(table)].index) for table in tables]
    assert len(without[0]) == 17
    assert without[0] == without[1] == without[2]
    bounds = 0
    for key, rows in reference("toy_example_input1.tsv").groupby(CURVE):
        growth = growth_inhibition(rows.cell_count, rows.cell_count__ctrl, start=rows.cell_count__time0)
        if key in without[0]:
            bounds += dose_reaching(dose_response_curve(rows.concentration, growth, untreated=1.0), 0.5).is_bound
    assert bounds == 17


def surface(table: pd.DataFrame, name: str) -> DoseMatrix:
    """One column of a table of wells as a dose matrix of shares."""
    grid = table.pivot(index="conc1", columns="conc2", values=name)
    return dose_matrix(grid.to_numpy() / 100.0, first=grid.index, second=grid.columns)


def test_each_model_is_zero_on_its_own_surface(reference: Reference) -> None:
    """Golden: surfaces that R made without interaction by Bliss, HSA and Loewe (uniroot) have no excess; ZIP none on Bliss's.

    4e-5 percent points is what SynergyFinder's ZIP leaves (MANIFEST.tsv); R's root stops at 1e-4 of the effect.
    """
    table = reference("synergy_analytic_refs.csv")
    assert 100 * np.abs(bliss(surface(table, "bliss_pct")).excess).max() < 1e-9
    assert 100 * np.abs(hsa(surface(table, "hsa_pct")).excess).max() < 1e-9
    assert 100 * np.abs(zero_interaction_potency(surface(table, "bliss_pct")).excess).max() < 4e-5
    for name in ("loewe_pct", "sham_pct"):
        excess = 100 * loewe(surface(table.dropna(subset=[name]), name)).excess
        assert np.nanmax(np.abs(excess)) < 1e-3, name
        assert np.isfinite(excess[1:, 1:]).sum() > 10
