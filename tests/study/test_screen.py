"""Dose-response and surfaces: against the laboratory, against each other, and against the growth they are made of."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from tamarisk.errors import ProtocolError, SimulationError, TamariskError, UnitError, UnknownNameError
from tamarisk.model.antimony import read_model
from tamarisk.model.arrow import without_arrow
from tamarisk.model.context import perturbed, read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import protocol
from tamarisk.study.figure import Lines, Surface
from tamarisk.study.laboratory import Laboratory
from tamarisk.study.screen import Screen, dose_range, screen

CLOSE = 1e-9  # the same cultures, run by the same integrator


@cache
def model() -> Model:
    """The shipped model, read once."""
    return read_model()


@cache
def screened(cells: str, *drugs: str, points: int = 7, until: str = "144h") -> Screen:
    """One screen, run once."""
    return screen(cells, list(drugs), points=points, until=until, model=model())


# one drug


@pytest.mark.parametrize(("cells", "drug"), [("MCF-7", "fulvestrant"), ("MCF7-HER2-18", "lapatinib"), ("LTED", "everolimus")])
def test_a_screen_is_its_cultures(laboratory: Laboratory, cells: str, drug: str) -> None:
    """Reference: doublings, cell number and GR over the doses are those of the laboratory, culture by culture, zero first."""
    found = screened(cells, drug)
    untreated = laboratory.doublings(cells)
    known = np.array([untreated, *(laboratory.doublings(cells, f"{drug}={dose}nM") for dose in found.doses[0][1:])])
    assert found.doses[0][0] == 0.0
    assert found.doublings == pytest.approx(known, rel=CLOSE)
    assert found.relative == pytest.approx(2 ** (known - untreated), rel=1e-8)
    assert found.GR.tolist() == pytest.approx((2 ** (known / untreated) - 1).tolist(), rel=1e-8)
    assert found.interaction.size == 0
    assert (found.context, found.span_h, found.drugs) == (cells, 144.0, (drug,))


@pytest.mark.parametrize(("cells", "drug"), [("MCF-7", "4OHT"), ("MCF-7", "palbociclib"), ("T47D", "rapamycin")])
def test_IC50_does_not_know_the_grid(laboratory: Laboratory, cells: str, drug: str) -> None:
    """Law: seven and seventeen doses give the same IC50 within a tenth, and at it half of the cells are left."""
    values = [screened(cells, drug, points=points).numbers[f"IC50 of {drug}"].value for points in (7, 17)]
    assert values[0] == pytest.approx(values[1], rel=0.1)  # doses of the coarse grid lie five-fold apart
    left = laboratory.growth(cells, f"{drug}={values[1]:.9g}nM")
    assert left == pytest.approx(0.5, abs=0.02)  # the curve is a four-parameter fit to a response that is not quite one


def test_the_numbers_of_a_curve(laboratory: Laboratory) -> None:
    """Reference: the plateau is GR at the highest dose, the area is one less the mean GR over log dose by trapezoids."""
    found = screened("MCF-7", "fulvestrant")
    rates, steps = found.GR[1:], np.log10(found.doses[0][1:])
    area = float(np.trapezoid(1 - rates, steps) / (steps[-1] - steps[0]))
    assert found.numbers["GR at the highest dose of fulvestrant"].value == rates[-1]
    assert found.numbers["GR area over the curve of fulvestrant"].value == pytest.approx(area, rel=1e-9)
    left = laboratory.doublings("MCF-7", f"fulvestrant={found.numbers['GR50 of fulvestrant'].value:.9g}nM")
    assert 2 ** (left / laboratory.doublings("MCF-7")) - 1 == pytest.approx(0.5, abs=0.02)  # as for IC50


def test_a_drug_that_does_nothing() -> None:
    """Law: without androgen to convert, letrozole leaves growth as it is at every dose, and has no IC50, only a bound."""
    found = screened("MCF-7", "letrozole", points=5)
    assert np.array_equal(found.doublings, np.full(6, found.doublings[0]))
    estimate = found.numbers["IC50 of letrozole"]
    assert math.isnan(estimate.value)
    assert estimate.low == found.doses[0][-1]


def test_a_shorter_screen_is_shorter(laboratory: Laboratory) -> None:
    """Law: doublings are counted at the end that was asked for."""
    found = screened("MCF-7", "fulvestrant", points=5, until="3d")
    assert found.span_h == 72.0
    assert found.doublings[0] == pytest.approx(laboratory.doublings("MCF-7", span_h=72.0), rel=CLOSE)


# two drugs


@pytest.mark.parametrize(("cells", "pair"), [("MCF-7", ("letrozole", "fulvestrant")), ("MCF7-TamR", ("4OHT", "rapamycin"))])
def test_a_surface_has_single_drugs_at_its_edges(cells: str, pair: tuple[str, str]) -> None:
    """Law: the first column and row of a surface are the screens of its two drugs, to the last bit, and so are their numbers."""
    surface = screened(cells, *pair, points=5)
    first, second = (screened(cells, drug, points=5) for drug in pair)
    assert surface.doses == (*first.doses, *second.doses)
    for table in ("doublings", "relative", "GR"):
        assert np.array_equal(getattr(surface, table)[:, 0], getattr(first, table))
        assert np.array_equal(getattr(surface, table)[0], getattr(second, table))
    assert repr(surface.numbers) == repr(first.numbers | second.numbers)


def test_interaction_is_what_lies_beyond_the_sum() -> None:
    """Law: it is zero along both edges, and everywhere with a drug that does nothing; swapping the drugs turns the surface."""
    nothing = screened("MCF-7", "letrozole", "fulvestrant", points=5)
    assert nothing.interaction == pytest.approx(np.zeros((6, 6)), abs=1e-12)
    pair = screened("MCF7-TamR", "4OHT", "rapamycin", points=5)
    assert pair.interaction[0] == pytest.approx(np.zeros(6), abs=1e-12)
    assert pair.interaction[:, 0] == pytest.approx(np.zeros(6), abs=1e-12)
    assert abs(pair.interaction).max() > 0.05
    swapped = screened("MCF7-TamR", "rapamycin", "4OHT", points=5)
    assert np.array_equal(swapped.doublings, pair.doublings.T)
    assert swapped.interaction == pytest.approx(pair.interaction.T, abs=1e-12)


def test_two_drugs_of_one_kind_are_one(laboratory: Laboratory) -> None:
    """Reference: endoxifen is 4OHT in this model, so their surface depends on the sum of both doses only."""
    surface = screen("MCF-7", ["4OHT=1nM-10000nM", "endoxifen=1nM-10000nM"], points=5, model=model())
    assert surface.doublings == pytest.approx(surface.doublings.T, abs=1e-5)
    both = laboratory.doublings("MCF-7", "4OHT=20nM")
    assert surface.doublings[2, 2] == pytest.approx(both, abs=1e-5)


# what surrounds


def test_everything_gets_what_is_around(laboratory: Laboratory) -> None:
    """Reference: medium and further doses are given to every culture, the untreated one included."""
    around = protocol("rapamycin=20nM", medium_name="full serum")
    found = screen("MCF-7", ["fulvestrant=0.1nM-100nM"], points=5, around=around, model=model())
    known = [laboratory.doublings("MCF-7", "rapamycin=20nM", *dose, medium="full serum") for dose in ((), ("fulvestrant=100nM",))]
    assert found.doublings[[0, -1]] == pytest.approx(known, rel=CLOSE)
    assert found.medium == "full serum"
    assert screened("LTED", "everolimus").medium == "stripped"


def test_another_model_is_another_screen() -> None:
    """Law: in a model that tamoxifen does not bind, it does nothing."""
    deaf = without_arrow(model(), "tamoxifen → ER")
    found = screen("MCF-7", ["4OHT"], points=5, model=deaf)
    assert found.relative == pytest.approx(np.ones(6), rel=1e-5)


def test_progress_counts_cultures() -> None:
    """Law: progress is told once per culture, all combinations of doses and zero counted."""
    told: list[tuple[int, int]] = []
    screen(
        "MCF-7",
        ["4OHT", "rapamycin"],
        points=5,
        until="1d",
        model=model(),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(done, 36) for done in range(1, 37)]


def test_what_can_be_drawn() -> None:
    """Law: one drug is a line of its doses, two are surfaces of cell number and interaction, turned as labelled."""
    (line,) = screened("MCF-7", "fulvestrant").panels
    assert isinstance(line, Lines)
    assert line.lines[0].y == tuple(screened("MCF-7", "fulvestrant").relative[1:].tolist())
    pair = screened("MCF7-TamR", "4OHT", "rapamycin", points=5)
    cells, beyond = pair.panels
    assert isinstance(cells, Surface)
    assert isinstance(beyond, Surface)
    assert (cells.x.label, cells.y.label) == ("4OHT (nM)", "rapamycin (nM)")
    assert (cells.columns, cells.rows) == (pair.doses[0][1:], pair.doses[1][1:])
    assert np.array_equal(np.array(cells.values), pair.relative[1:, 1:].T)
    assert np.array_equal(np.array(beyond.values), pair.interaction[1:, 1:].T)


# ranges and refusals


@pytest.mark.parametrize(
    ("text", "doses"),
    [
        ("4OHT=1nM-10uM", (1.0, 10.0, 100.0, 1000.0, 10000.0)),
        ("fulvestrant", (0.1, 1.0, 10.0, 100.0, 1000.0)),
        ("ICI 182780 = 10pM - 100nM", (0.01, 0.1, 1.0, 10.0, 100.0)),
        ("4OHT=1e-3nM-10nM", (0.001, 0.01, 0.1, 1.0, 10.0)),
    ],
)
def test_ranges_are_read(text: str, doses: tuple[float, ...]) -> None:
    """Reference: a range runs over its decades, by any name, unit and way of writing a number; alone, around its usual dose."""
    found = dose_range(text, points=5).doses
    assert found == pytest.approx(doses if "=" in text else (0.1, 1.0, 10.0, 100.0, 1000.0), rel=1e-5)


@pytest.mark.parametrize(
    ("drugs", "more", "kind", "message"),
    [
        ([], {}, ProtocolError, "drugs: 0 drugs were given; screen one drug, or two for a surface"),
        (["4OHT"] * 3, {}, ProtocolError, "drugs: 3 drugs were given; screen one drug, or two for a surface"),
        (["ICI", "fulvestrant"], {}, ProtocolError, "drugs: fulvestrant was given twice; name two different drugs"),
        (["4OHT"], {"points": 4}, ProtocolError, "points: 4 doses make no curve; ask for at least five"),
        (["4OHT=5nM"], {}, ProtocolError, "4OHT: '5nM' is no range; write LOW-HIGH, as 1nM-10uM"),
        (
            ["4OHT=5nM-1nM"],
            {},
            ProtocolError,
            "4OHT: the range 5nM-1nM does not rise from above zero; write the lower dose first",
        ),
        (
            ["4OHT=0nM-1nM"],
            {},
            ProtocolError,
            "4OHT: the range 0nM-1nM does not rise from above zero; write the lower dose first",
        ),
        (["4OHT=1-10nM"], {}, UnitError, "range of 4OHT: the dose '1' has no unit; write it as 100nM"),
        (["4OHTT"], {}, UnknownNameError, "no drug '4OHTT'; did you mean '4OHT'?"),
        (["4OHT"], {"until": "0h"}, ProtocolError, "until: the experiment has no duration; give a time such as 144h"),
        (
            ["4OHT"],
            {"around": protocol("4OHT=1nM")},
            ProtocolError,
            "two doses of 4OHT overlap from 0 h; give one dose at a time",
        ),
    ],
)
def test_what_cannot_be_screened_is_refused(drugs: list[str], more: dict, kind: type[TamariskError], message: str) -> None:
    """Refusal: too many drugs, too few doses, a range that does not rise and a dose given twice are each said in a sentence."""
    with pytest.raises(kind) as refused:
        screen("MCF-7", drugs, model=model(), **more)
    assert str(refused.value) == message


def test_a_failed_culture_is_an_error() -> None:
    """Refusal: a screen with a culture that cannot be run says how many failed and why."""
    broken = perturbed(read_context("MCF-7"), "growth_dose", value=1e6, source="test")
    with pytest.raises(SimulationError) as refused:
        screen(broken, ["4OHT"], points=5, model=model())
    assert str(refused.value) == ("MCF-7 (growth_dose 1e+06): 6 of 6 cultures failed: a quantity became infinite or undefined")
