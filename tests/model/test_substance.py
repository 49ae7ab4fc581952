"""Drugs, ligands and media: known by any name, counted in one unit, and each of use in the model."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import UnitError, UnknownNameError
from tamarisk.model.model import Model, readers, with_constants
from tamarisk.model.substance import Substance, media, medium, substance, substances
from tamarisk.tables import CONTENT

LAW = settings(deadline=None, max_examples=40, derandomize=True)
ALL = list(substances().values())


def by_name(one: Substance) -> str:
    """How a test is called."""
    return one.name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        *(("estradiol", "E2"), ("17β-estradiol", "E2"), ("4-OHT", "4OHT"), ("OH-Tam", "4OHT"), ("z-endoxifen", "endoxifen")),
        *(("ICI 182,780", "fulvestrant"), ("sirolimus", "rapamycin"), ("RAD001", "everolimus"), ("AZD-5363", "capivasertib")),
        *(("GSK2126458", "omipalisib"), ("OSI-906", "GSK1838705A"), ("azd0530", "saracatinib"), ("pd 0332991", "palbociclib")),
        *(("BYL719", "alpelisib"), ("GDC-0449", "vismodegib"), ("heregulin", "HRG"), ("PF4708671", "PF-4708671")),
    ],
)
def test_a_drug_is_known_by_its_other_names(typed: str, name: str) -> None:
    """Law: codes, generic names and brand names lead to one drug."""
    assert substance(typed).name == name


def test_the_drugs_of_the_source_data_are_known(shared: Path) -> None:
    """Law: of each of the twenty and more rows of drugs that the model was designed for, at least one name is known."""
    with (shared / "biology" / "drugs.tsv").open(encoding="utf-8") as file:
        rows = [row["drug"] for row in csv.DictReader(file, delimiter="\t")]
    unknown = [row for row in rows if not any(_known(word) for word in re.split(r"[\s/(),]+", row) if word)]
    assert len(rows) >= 20
    assert unknown == []


def _known(word: str) -> bool:
    try:
        return bool(substance(word))
    except UnknownNameError:
        return False


def test_no_two_drugs_share_a_name() -> None:
    """Law: every name and every alias of the table leads to its own row."""
    with (CONTENT / "drugs.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for name in (row["name"], *filter(None, row["aliases"].split(";"))):
                assert substance(name).name == row["name"], name


@pytest.mark.parametrize("one", ALL, ids=by_name)
def test_a_usual_dose_moves_the_model(busy: Model, snapshot: Callable[[Model], dict[str, float]], one: Substance) -> None:
    """Law: each substance sets a constant that some formula reads, and a usual dose instead of none changes a rate."""
    assert list(readers(busy, one.constant))
    without, given_ = (snapshot(with_constants(busy, {one.constant: dose})) for dose in (0.0, one.amount(one.dose)))
    assert any(without[reaction.id] != given_[reaction.id] for reaction in busy.reactions)


@pytest.mark.parametrize("one", ALL, ids=by_name)
def test_every_substance_says_who_says_so(one: Substance) -> None:
    """Law: each has a kind, a target, an action in words, a usual dose, a status and a source."""
    assert one.kind in ("drug", "hormone", "ligand", "nutrient")
    assert one.status in ("seen", "derived", "prior")
    assert all((one.target, one.action, one.source))
    assert one.amount(one.dose) > 0


@LAW
@given(amount=some.floats(0.0, 1e6), one=some.sampled_from(ALL))
def test_amounts_are_counted_in_one_unit(amount: float, one: Substance) -> None:
    """Law: nutrients are counted in folds of culture medium and all else in nM."""
    assert one.amount(f"{amount!r}{'x' if one.kind == 'nutrient' else 'nM'}") == amount


@pytest.mark.parametrize(
    ("name", "dose", "message"),
    [
        ("rapamycin", "20", "row 2: the dose '20' has no unit; write it as 100nM"),
        ("rapamycin", "0.2x", "row 2: unknown unit 'x' in '0.2x'; use one of fM, pM, nM, uM, mM, M"),
        ("amino acids", "5nM", "row 2: unknown unit 'nM' in '5nM'; use one of x"),
        ("rapamycin", "-1nM", "row 2: the dose '-1nM' is negative; nothing can be less than none"),
    ],
)
def test_an_amount_in_the_wrong_unit_is_refused(name: str, dose: str, message: str) -> None:
    """Refusal: the place is named, and the units that fit."""
    with pytest.raises(UnitError) as refused:
        substance(name).amount(dose, where="row 2")
    assert str(refused.value) == message


def test_an_unknown_drug_is_refused() -> None:
    """Refusal: the nearest drug is offered by its official name."""
    with pytest.raises(UnknownNameError) as refused:
        substance("faslodx", where="plan.tsv")
    assert str(refused.value) == "plan.tsv: no drug 'faslodx'; did you mean 'fulvestrant'?"


# media


def test_the_reference_medium_is_that_of_the_model(model: Model) -> None:
    """Law: the model's own medium is the medium E2, and holds nothing else."""
    own = {one.id: model.constants[one.id] for one in model.species if one.fixed and model.constants[one.id]}
    assert own == {**media()["E2"].constants}
    assert model.constants["amino_acids"] == 1.0


@pytest.mark.parametrize("name", media())
def test_a_medium_sets_what_the_model_knows(model: Model, name: str) -> None:
    """Law: each medium says how much oestradiol and insulin it holds, in constants of the model, and what it stands for."""
    one = media()[name]
    assert {"E2", "insulin"} <= set(one.constants) <= set(model.constants)
    assert all(value >= 0 for value in one.constants.values())
    assert one.meaning
    assert medium(name.upper().replace(" ", "-")) == one


def test_less_serum_is_less_hormone() -> None:
    """Law: oestradiol falls from the reference through low serum to none."""
    order = ["E2 10 nM", "E2", "full serum", "low serum", "serum-free", "stripped"]
    amounts = [medium(name).constants["E2"] for name in order]
    assert amounts == sorted(amounts, reverse=True)
    assert len(set(amounts)) == len(order)


def test_insulin_of_the_medium() -> None:
    """Golden: 10 ug/mL at 5.808 kDa (human insulin) is 1722 nM; 2 % because the medium is given to two digits."""
    assert medium("E2").constants["insulin"] == pytest.approx(1e-2 / 5808 * 1e9, rel=0.02)


def test_an_unknown_medium_is_refused() -> None:
    """Refusal: the nearest medium is offered."""
    with pytest.raises(UnknownNameError) as refused:
        medium("full serun", where="plan.tsv")
    assert str(refused.value) == "plan.tsv: no medium 'full serun'; did you mean 'full serum'?"
