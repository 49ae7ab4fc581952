"""What makes resistant cells answer again: the ranking against doublings, the arrows against the model without them."""

from __future__ import annotations

import math
from functools import cache

import pytest

from tamarisk.errors import ProtocolError, SimulationError, TamariskError, UnitError, UnknownNameError
from tamarisk.model.antimony import read_model
from tamarisk.model.arrow import arrows, without_arrow
from tamarisk.model.context import perturbed, read_context
from tamarisk.model.model import Model
from tamarisk.model.substance import substance, substances
from tamarisk.simulation.batch import Solver
from tamarisk.study.laboratory import Laboratory
from tamarisk.study.reverse import Ranking, reverse

CELLS, THERAPY = "MCF7-TamR", "fulvestrant=100nM"
CALLS = {"reversal", "partial reversal", "bypass", "additive", "antagonism", "refused"}


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    """All single drugs beside fulvestrant, the best of them explained."""
    return reverse(CELLS, THERAPY, pairs=False, explain=1)


@cache
def model() -> Model:
    """The shipped model, read once."""
    return read_model()


@cache
def singles(cells: str, therapy: str) -> Ranking:
    """All single drugs, none explained."""
    return reverse(cells, therapy, pairs=False, explain=0, model=model())


@cache
def without(*gone: str) -> Laboratory:
    """A laboratory on the shipped model with arrows taken out of the model itself."""
    edited = model()
    for arrow in gone:
        edited = without_arrow(edited, arrow)
    return Laboratory(Solver(edited))


def answer(bench: Laboratory, cells: str, *doses: str, therapy: str = THERAPY) -> float:
    """Effect in GR of the therapy and further doses on cells, as defined: one less GR."""
    return 2 - 2 ** (bench.doublings(cells, therapy, *doses) / bench.doublings(cells))


# nothing to reverse


@pytest.mark.parametrize("therapy", ["4OHT", "fulvestrant=10nM", "palbociclib"])
def test_there_is_nothing_to_reverse_in_MCF7(therapy: str) -> None:
    """Law: the cells that resistance is measured against have lost nothing: no candidate, no arrow, a sentence that says so."""
    found = reverse("MCF-7", therapy, pairs=False, model=model())
    assert (found.lost, found.candidates, found.resistance) == (0.0, (), ())
    name, _, _ = therapy.partition("=")
    assert found.verdict == f"MCF-7 answers {name} as MCF-7 does (lost effect 0.00 GR): there is nothing to reverse"


def test_cells_more_sensitive_than_MCF7_have_lost_nothing() -> None:
    """Law: T47D answers fulvestrant better than MCF-7: the lost effect is negative and there is nothing to reverse."""
    found = singles("T47D", "fulvestrant")
    assert found.lost < 0
    assert found.candidates == ()


def test_cells_that_hardly_grow_are_no_answer() -> None:
    """Law: of cells that do not grow without therapy nobody can say that they answer it as MCF-7 does."""
    still = perturbed(read_context("MCF-7"), "growth_dose", value=0.05, source="test")
    assert without().doublings(still) < 0.25
    try:
        verdict = reverse(still, "fulvestrant", pairs=False, explain=0, model=model()).verdict
    except TamariskError:
        return  # an error that says so is an answer
    assert "nan" not in verdict
    assert "answers fulvestrant as MCF-7 does" not in verdict


# the ranking


@pytest.mark.parametrize(("cells", "therapy"), [(CELLS, THERAPY), ("MCF7-HER2-18", "4OHT"), ("MCF-7 + PTEN-knockdown", "4OHT")])
def test_the_ranking_is_sorted_and_whole(cells: str, therapy: str) -> None:
    """Law: every drug with another target than the therapy is ranked once, best first, and the verdict names the best."""
    found = singles(cells, therapy)
    shares = [one.reading.V_total.value for one in found.candidates]
    assert shares == sorted(shares, reverse=True)
    treated = substance(therapy.partition("=")[0])
    drugs = [one.drugs[0].split("=")[0] for one in found.candidates]
    known = {name for name, one in substances().items() if one.kind == "drug" and one.target != treated.target}
    assert len(drugs) == len(set(drugs))
    assert set(drugs) == known | ({"fulvestrant"} - {treated.name})
    assert {one.reading.call for one in found.candidates} <= CALLS
    assert f"{found.candidates[0].drugs[0]}: {found.candidates[0].reading.call}" in found.verdict


@pytest.mark.parametrize("at", [0, 3, 9, -1])
def test_shares_are_those_of_the_doublings(laboratory: Laboratory, at: int) -> None:
    """Reference: V_total, V_net and interaction of a candidate, worked out from six doublings by their definitions."""
    one = singles(CELLS, THERAPY).candidates[at]
    SV, SF = laboratory.doublings("MCF-7"), laboratory.doublings("MCF-7", THERAPY)
    RV, RF = laboratory.doublings(CELLS), laboratory.doublings(CELLS, THERAPY)
    RP, RC = laboratory.doublings(CELLS, *one.drugs), laboratory.doublings(CELLS, THERAPY, *one.drugs)
    inhibition = {name: 2**share - 1 for name, share in (("S", SF / SV), ("R", RF / RV), ("RC", RC / RV), ("net", RC / RP))}
    lost = inhibition["R"] - inhibition["S"]
    assert singles(CELLS, THERAPY).lost == pytest.approx(lost, rel=1e-9)
    assert one.reading.V_total.value == pytest.approx((inhibition["R"] - inhibition["RC"]) / lost, rel=1e-6)
    assert one.reading.V_net.value == pytest.approx((inhibition["R"] - inhibition["net"]) / lost, rel=1e-6)
    assert one.reading.interaction.value == pytest.approx(RC - RF - RP + RV, abs=1e-9)
    assert (one.alone, one.together) == pytest.approx((2 ** (RP - RV), 2 ** (RC - RV)), rel=1e-9)


def test_pairs_hold_the_singles() -> None:
    """Law: with pairs the single drugs are ranked as without, among pairs of two targets, each of which is tried once."""
    both = reverse("MCF7-HER2-18", "4OHT", pairs=True, explain=0, model=model())
    alone = singles("MCF7-HER2-18", "4OHT").candidates
    assert [repr(one) for one in both.candidates if len(one.drugs) == 1] == [repr(one) for one in alone]
    shares = [one.reading.V_total.value for one in both.candidates]
    assert shares == sorted(shares, reverse=True)
    pairs = [one.drugs for one in both.candidates if len(one.drugs) == 2]
    names = [frozenset(dose.split("=")[0] for dose in pair) for pair in pairs]
    assert len(set(names)) == len(names) > 150
    assert all(len({substance(name).target for name in pair}) == 2 for pair in names)
    assert shares[0] >= max(one.reading.V_total.value for one in alone)


# the explanation


def test_only_the_asked_are_explained(ranking: Ranking) -> None:
    """Law: explaining does not change the ranking; one was asked for, so one has a mechanism."""
    plain = singles(CELLS, THERAPY)
    assert [one.drugs for one in ranking.candidates] == [one.drugs for one in plain.candidates]
    assert [bool(one.mechanism) for one in ranking.candidates] == [True] + [False] * (len(plain.candidates) - 1)
    assert plain.resistance == ()
    assert ranking.candidates[0].sentence().endswith("%)")


def test_resistance_falls_with_its_arrows(ranking: Ranking) -> None:
    """Reference: without each arrow that resistance rests on, an edited model's cells answer again by the share named."""
    resistant = answer(without(), CELLS)
    assert 0 < len(ranking.resistance) <= 5
    for one in ranking.resistance:
        edited = without(one.arrow)
        gained = (answer(edited, CELLS) - resistant) / ranking.lost
        assert one.share == pytest.approx(min(gained, 1.0), rel=1e-4), one.arrow
        assert gained >= 0.15
    shares = [one.share for one in ranking.resistance]
    assert shares == sorted(shares, reverse=True)


def test_the_effect_falls_with_its_arrows(ranking: Ranking) -> None:
    """Reference: without each arrow the best candidate acts through, what it adds to the therapy shrinks by the share named."""
    best = ranking.candidates[0]
    added = answer(without(), CELLS, *best.drugs) - answer(without(), CELLS)
    assert 0 < len(best.mechanism) <= 5
    for one in best.mechanism:
        edited = without(one.arrow)
        left = answer(edited, CELLS, *best.drugs) - answer(edited, CELLS)
        assert one.share == pytest.approx(min(1 - left / added, 1.0), rel=1e-4), one.arrow
        assert left < added


def test_the_chains_do_not_overlap(ranking: Ranking) -> None:
    """Law: arrows are drawn ones, and none that the resistance itself rests on is told again as the drug's mechanism."""
    keepers = {one.arrow for one in ranking.resistance}
    acting = {one.arrow for one in ranking.candidates[0].mechanism}
    assert keepers | acting <= set(arrows())
    assert not keepers & acting


def test_every_arrow_says_who_says_so(ranking: Ranking) -> None:
    """Law: each arrow of an explanation names the publications behind the reactions it acts through."""
    told = (*ranking.resistance, *ranking.candidates[0].mechanism)
    assert [one.arrow for one in told if not one.references] == []


def test_progress_names_every_step() -> None:
    """Law: progress counts drugs from nought, then arrows, and says what is done now."""
    told: list[tuple[str, int, int]] = []
    reverse(
        "MCF7-HER2-18",
        "4OHT",
        pairs=False,
        explain=0,
        model=model(),
        progress=lambda what, done, total: told.append((what, done, total)),
    )
    count = len(singles("MCF7-HER2-18", "4OHT").candidates)
    assert [(done, total) for _, done, total in told] == [(number, count) for number in range(count)]
    assert all(what.startswith("4OHT=1000nM + ") for what, _, _ in told)


# refusals


@pytest.mark.parametrize(
    ("cells", "therapy", "kind", "message"),
    [
        ("MCF7-TamR", "E2", ProtocolError, "E2 is a hormone, not a therapy; name a drug, as 4OHT or fulvestrant=100nM"),
        ("MCF7-TamR", "tamoxifn", UnknownNameError, "no drug 'tamoxifn'; did you mean 'tamoxifen' or '4OHT'?"),
        ("MCF7-TamR", "fulvestrant=100", UnitError, "dose of fulvestrant: the dose '100' has no unit; write it as 100nM"),
        ("MCF7-TamX", "4OHT", UnknownNameError, "no context 'MCF7-TamX'; did you mean 'MCF7-TamR' or 'MCF7-TamR-EGFR'?"),
    ],
)
def test_what_is_no_therapy_is_refused(cells: str, therapy: str, kind: type[TamariskError], message: str) -> None:
    """Refusal: a hormone, an unknown drug or line and a dose without unit are each said in a sentence that helps."""
    with pytest.raises(kind) as refused:
        reverse(cells, therapy, pairs=False, model=model())
    assert str(refused.value) == message


def test_a_failed_culture_is_an_error() -> None:
    """Refusal: cells whose run fails are named."""
    broken = perturbed(read_context("MCF-7"), "growth_dose", value=1e6, source="test")
    with pytest.raises(
        SimulationError, match=r"^MCF-7 \(growth_dose 1e\+06\), untreated: a quantity became infinite or undefined"
    ):
        reverse(broken, "4OHT", pairs=False)


def test_shares_are_numbers(ranking: Ranking) -> None:
    """Law: V_total of every candidate is a number; V_net is one unless the drug alone has left nothing to stop."""
    for one in ranking.candidates:
        assert math.isfinite(one.reading.V_total.value)
        assert math.isfinite(one.reading.V_net.value) or "nothing left to stop" in one.reading.V_net.method
