"""Growth measures: against closed forms, the toy of MEASUREMENT.md 7.5 and the published GR toy example 1."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import DataError
from tamarisk.measurement.growth import (
    GR_max,
    area_over_curve,
    doublings,
    effect,
    growth_inhibition,
    growth_inhibition_of_doublings,
    relative_count,
)

LAW = settings(deadline=None, max_examples=60, derandomize=True)
grown = some.floats(150.0, 5000.0)

# BT20, drugA, replicate 1, 48 h of datarail/gr_metrics@9c181322 INPUT/toy_example_input1.tsv
TOY_DOSE = [0.001, 0.003162, 0.01, 0.03162, 0.1, 0.3162, 1.0, 3.162, 10.0]
TOY_CELLS = [1079, 1033, 1006, 1009, 768, 569, 522, 489, 508]
TOY_CONTROL, TOY_START = 1135.75, 492.8


# doublings


@LAW
@given(start=some.floats(10.0, 1000.0), times=some.floats(-3.0, 6.0))
def test_doublings_count_doublings(start: float, times: float) -> None:
    """Law: cells that doubled k times are k doublings on, losses included."""
    assert doublings([start * 2.0**times], [start]).item() == pytest.approx(times, abs=1e-9)


def test_doublings_add_up() -> None:
    """Law: the doublings of two stretches of time are those of the whole."""
    cells = np.array([100.0, 250.0, 700.0])
    assert doublings(cells[1:], cells[:-1]).sum() == pytest.approx(doublings(cells[2], cells[0]).item(), rel=1e-12)


def test_one_start_serves_all_doses_of_its_member() -> None:
    """Law: start has one number per member and is spread over that member's doses, never across members."""
    found = doublings([[200.0, 400.0], [200.0, 400.0]], [100.0, 200.0])
    assert found.tolist() == [[1.0, 2.0], [0.0, 1.0]]


def test_failed_members_stay_visible() -> None:
    """Law: NaN in, NaN out, and the other members are untouched."""
    found = doublings([400.0, math.nan], [100.0, 100.0])
    assert found[0] == 2.0
    assert math.isnan(found[1])


# growth inhibition


def test_half_a_doubling() -> None:
    """Reference: half a doubling where the control makes one has the closed form sqrt(2) - 1."""
    found = growth_inhibition([[100 * 2**0.5]], [200.0], start=[100.0])
    assert found.item() == pytest.approx(2**0.5 - 1, rel=1e-12)


@LAW
@given(control=grown, treated=grown)
def test_order_of_effect_is_kept(control: float, treated: float) -> None:
    """Law: fewer cells left never means less inhibition."""
    found = growth_inhibition([[treated, treated * 0.9]], [control], start=[100.0])
    assert found[0, 1] <= found[0, 0]


@LAW
@given(control=grown, factor=some.floats(0.1, 10.0))
def test_three_landmarks(control: float, factor: float) -> None:
    """Law: as many cells as the control is GR 1, as many as at the start 0, whatever the scale of counting."""
    cells = np.array([[control, 100.0]]) * factor
    found = growth_inhibition(cells, [control * factor], start=[100.0 * factor])
    assert found[0] == pytest.approx([1.0, 0.0], abs=1e-9)


@LAW
@given(rate=some.floats(0.3, 3.0), kept=some.floats(-0.5, 1.5))
def test_division_rate_does_not_matter(rate: float, kept: float) -> None:
    """Law: a drug that keeps a share of the growth rate has one GR in slow and in fast cells; relative counts differ."""
    times = np.array([rate, 2.0 * rate])
    control, treated = 100.0 * 2.0**times, 100.0 * 2.0 ** (kept * times)
    found = growth_inhibition(treated, control, start=[100.0, 100.0])
    assert found == pytest.approx([2.0**kept - 1.0] * 2, abs=1e-9)


@LAW
@given(treated=some.floats(-3.0, 8.0), reference=some.floats(0.3, 6.0))
def test_counts_and_doublings_agree(treated: float, reference: float) -> None:
    """Law: GR from counts is GR from their doublings."""
    counts = growth_inhibition([100.0 * 2.0**treated], [100.0 * 2.0**reference], start=[100.0])
    assert counts == pytest.approx(growth_inhibition_of_doublings([treated], [reference]), rel=1e-9, abs=1e-12)


def test_toy_of_the_specification() -> None:
    """Golden: MEASUREMENT.md 7.5 toy, prototypes/assay/toy_prolif.py prints .231 .871 .492 .173 .320; typed to 3 decimals."""
    treated, reference = [1.5, 4.7, 3.0, 1.2, 1.2], [5.0, 5.2, 5.2, 5.2, 3.0]
    found = growth_inhibition_of_doublings(treated, reference)
    assert found == pytest.approx([0.231, 0.871, 0.492, 0.173, 0.320], abs=5e-4)  # printed to three decimals


def test_growth_inhibition_keeps_agonists() -> None:
    """Law: a drug that speeds growth has GR above 1; nothing caps it."""
    assert growth_inhibition([800.0], [400.0], start=[100.0]).item() == pytest.approx(2**1.5 - 1)


def test_published_growth_inhibition(reference: Callable[[str], pd.DataFrame]) -> None:
    """Golden: GRvalue of datarail/gr_metrics OUTPUT/toy_example_output.tsv; it is printed to four significant digits."""
    table = reference("toy_example_input1.tsv")
    keys = ["cell_line", "agent", "perturbation", "replicate", "time", "concentration", "cell_count"]
    table = table.merge(reference("toy_example_output.tsv")[[*keys, "GRvalue"]], on=keys)
    found = growth_inhibition(table.cell_count, table.cell_count__ctrl, start=table.cell_count__time0)
    assert len(table) == 1008
    assert found == pytest.approx(table.GRvalue.to_numpy(), rel=6e-4, abs=6e-5)  # half of the last printed digit


# relative count and effect


@LAW
@given(control=grown, treated=grown)
def test_relative_count_is_the_difference_of_doublings(control: float, treated: float) -> None:
    """Law: log2 of the relative count is the difference in doublings, whatever the start."""
    share = relative_count([treated], [control])
    assert np.log2(share) == pytest.approx(doublings([treated], [50.0]) - doublings([control], [50.0]), abs=1e-9)


def test_effect_landmarks() -> None:
    """Golden: no effect 0, arrest 1, full loss 2, by definition."""
    assert effect([1.0, 0.0, -1.0]).tolist() == [0.0, 1.0, 2.0]


# area over the curve


@LAW
@given(growth=some.floats(-1.0, 1.5), doses=some.integers(2, 9))
def test_area_over_a_flat_curve_is_its_effect(growth: float, doses: int) -> None:
    """Law: a flat curve has the same effect everywhere, so that is its area."""
    dose = np.geomspace(0.1, 1000.0, doses)
    assert area_over_curve(np.full(doses, growth), dose).item() == pytest.approx(1.0 - growth, abs=1e-12)


def test_area_of_a_straight_line() -> None:
    """Reference: a line from 1 to 0 over log dose has area one half, however its doses are spaced."""
    dose = np.array([1.0, 2.0, 50.0, 1000.0])
    line = 1.0 - np.log10(dose) / 3.0
    assert area_over_curve(line, dose).item() == pytest.approx(0.5, rel=1e-12)


def test_area_does_not_know_the_unit_of_dose() -> None:
    """Law: nM or uM, the area is the same."""
    growth = np.array([[1.0, 0.7, 0.2], [0.9, 0.8, 0.7]])
    dose = np.array([1.0, 30.0, 200.0])
    assert area_over_curve(growth, dose) == pytest.approx(area_over_curve(growth, dose / 1000.0), rel=1e-12)


def test_published_area_of_one_curve() -> None:
    """Golden: GR_AOC .555553252786 of BT20 drugA, published alike from R, MATLAB and Python; agreement to the last digit."""
    growth = growth_inhibition([TOY_CELLS], [TOY_CONTROL], start=[TOY_START])
    assert area_over_curve(growth, TOY_DOSE).item() == pytest.approx(0.555553252786, abs=1e-12)


def test_published_areas(reference: Callable[[str], pd.DataFrame]) -> None:
    """Golden: GR_AOC of the 112 curves of gr_metrics toy example 1 as published from R; agreement to rounding."""
    table = reference("toy_example_input1.tsv")
    keys = ["cell_line", "agent", "perturbation", "replicate", "time"]
    published = reference("gr_toy1_expected_R_input1_GRmetrics.tsv").set_index(keys).GR_AOC
    found = {}
    for key, rows in table.sort_values("concentration").groupby(keys):
        growth = growth_inhibition(rows.cell_count, rows.cell_count__ctrl, start=rows.cell_count__time0)
        found[key] = area_over_curve(growth, rows.concentration).item()
    assert len(found) == 112
    assert [found[key] for key in published.index] == pytest.approx(published.to_list(), rel=1e-10)


# GRmax


@LAW
@given(growth=some.lists(some.floats(-1.0, 1.5), min_size=3, max_size=3))
def test_the_strongest_effect_is_at_the_top(growth: list[float]) -> None:
    """Law: GRmax is the lower of the two highest doses, and the lowest dose has no say."""
    assert GR_max(growth, [1.0, 10.0, 100.0]).item() == min(growth[1:])


@pytest.mark.parametrize("language", ["R", "matlab", "python"])
def test_published_maxima(reference: Callable[[str], pd.DataFrame], language: str) -> None:
    """Golden: GRmax of the 112 curves of gr_metrics toy example 1, published alike from R, MATLAB and Python to 1e-11."""
    keys = ["cell_line", "agent", "perturbation", "replicate", "time"]
    published = reference(f"gr_toy1_expected_{language}_input1_GRmetrics.tsv").set_index(keys).GRmax
    for key, rows in reference("toy_example_input1.tsv").sort_values("concentration").groupby(keys):
        growth = growth_inhibition(rows.cell_count, rows.cell_count__ctrl, start=rows.cell_count__time0)
        assert GR_max(growth, rows.concentration).item() == pytest.approx(published.loc[key], abs=1e-10)


# refusals


def test_flat_control_is_refused() -> None:
    """Refusal: the message names the member and points to doublings."""
    with pytest.raises(DataError) as refused:
        growth_inhibition(np.ones((2, 1)), np.array([200.0, 100.0]), start=np.full(2, 100.0))
    assert str(refused.value) == (
        "the control of member(s) [1] made fewer than 0.25 doublings, so GR has no denominator; compare doublings instead"
    )


def test_hardly_growing_control_is_refused() -> None:
    """Refusal: 15 % more cells are 0.2 doublings, about the error of counting."""
    with pytest.raises(DataError, match=r"member\(s\) \[0\] made fewer than 0.25"):
        growth_inhibition([100.0], [115.0], start=[100.0])


@pytest.mark.parametrize(("end", "start", "where"), [([0.0], [100.0], "end"), ([10.0], [-1.0], "start")])
def test_no_cells_are_refused(end: list[float], start: list[float], where: str) -> None:
    """Refusal: no cells counted is below the detection limit, not zero."""
    with pytest.raises(DataError) as refused:
        doublings(end, start)
    assert str(refused.value) == f"{where}: a count is not positive; add the assay's detection limit"


def test_shapes_that_do_not_lead_are_refused() -> None:
    """Refusal: two starts for three members would be spread over the wrong axis."""
    with pytest.raises(DataError) as refused:
        doublings(np.ones((3, 2)), np.ones(2))
    assert str(refused.value) == "start: shape (2,) does not lead shape (3, 2); give one per member"


@pytest.mark.parametrize("dose", [[0.0, 1.0, 10.0], [1.0, 10.0, 10.0], [10.0, 1.0, 100.0]])
def test_doses_that_do_not_rise_are_refused(dose: list[float]) -> None:
    """Refusal: the vehicle has no logarithm, and a dose series has an order."""
    with pytest.raises(DataError) as refused:
        area_over_curve([1.0, 0.5, 0.1], dose)
    assert str(refused.value) == "dose: at least two doses, positive and rising, make an area; leave the vehicle out"


def test_doses_that_do_not_fit_are_refused() -> None:
    """Refusal: doses are the last axis."""
    with pytest.raises(DataError) as refused:
        area_over_curve(np.ones((4, 2)), [1.0, 10.0, 100.0, 1000.0])
    assert str(refused.value) == "dose: shape (4,) does not fit GR of shape (4, 2); put doses last"
