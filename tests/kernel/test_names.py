"""Names: spellings that mean the same, and what is offered for those that mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import UnknownNameError
from tamarisk.names import nearest, plain, resolve

LAW = settings(deadline=None, max_examples=60, derandomize=True)
LINES = ("MCF-7", "MCF7-HER2-18", "T47D", "ZR-75-1", "BT-474")
BETWEEN = some.sampled_from(["", " ", "-", "_", "–", "/", ".", "  "])


@some.composite
def respelled(draw: some.DrawFn) -> tuple[str, str]:
    """A line's name, and the same with other case and other marks between its letters."""
    name = draw(some.sampled_from(LINES))
    letters = [letter for letter in name if letter.isalnum()]
    turned = [letter.upper() if draw(some.booleans()) else letter.lower() for letter in letters]
    return name, "".join(letter + draw(BETWEEN) for letter in turned)


@LAW
@given(pair=respelled())
def test_case_and_marks_do_not_matter(pair: tuple[str, str]) -> None:
    """Law: a name is found whatever its case, dashes and blanks."""
    official, typed = pair
    assert resolve(typed, LINES, kind="context") == official


@pytest.mark.parametrize(
    ("typed", "official"),
    [
        ("ERα", "ERa"),
        ("era", "ERα"),
        ("17β-oestradiol", "17b-oestradiol"),
        ("IKKκB", "IKKkB"),
        ("5 µM", "5 uM"),
        ("5 μM", "5 µM"),
    ],
)
def test_greek_letters_do_not_matter(typed: str, official: str) -> None:
    """Law: a Greek letter and the Latin one typed for it are the same, and so are the two micro signs."""
    assert resolve(typed, [official, "other"], kind="name") == official


@LAW
@given(name=some.text(max_size=20))
def test_what_two_spellings_share_is_stable(name: str) -> None:
    """Law: a plain name is its own plain name, and it holds nothing but letters and digits."""
    assert plain(plain(name)) == plain(name)
    assert all(letter.isalnum() for letter in plain(name))


def test_an_alias_leads_to_the_official_name() -> None:
    """Law: aliases answer with the name they stand for, spelled officially."""
    assert resolve("ici-182 780", {"fulvestrant": "fulvestrant", "ICI 182,780": "fulvestrant"}, kind="drug") == "fulvestrant"


@LAW
@given(swap=some.integers(0, 9))
def test_two_swapped_letters_are_recognised(swap: int) -> None:
    """Law: whichever two neighbours are swapped, the nearest name is the one that was meant."""
    meant = "fulvestrant"
    typed = meant[:swap] + meant[swap + 1] + meant[swap] + meant[swap + 2 :]
    assert nearest(typed, ["rapamycin", meant, "letrozole", "trastuzumab"])[0] == meant


def test_offers_are_counted_and_may_be_none() -> None:
    """Law: no more names are offered than asked for, and none where nothing comes near."""
    assert len(nearest("pAKT", ["pAKT_S473", "pAKT_T308", "pAKT1", "pAKT2"], count=2)) == 2
    assert nearest("pAKT", ["zzz"]) == []


@pytest.mark.parametrize(
    ("typed", "known", "where", "message"),
    [
        ("fulvestrnat", ["fulvestrant", "E2"], "", "no drug 'fulvestrnat'; did you mean 'fulvestrant'?"),
        ("pAKT1", ["pAKT2", "pAKT3", "E2"], "", "no drug 'pAKT1'; did you mean 'pAKT3' or 'pAKT2'?"),
        ("xyz", ["E2", "4OHT"], "", "no drug 'xyz'; known: E2, 4OHT"),
        ("xyz", ["E2"], "drugs.tsv, row 3", "drugs.tsv, row 3: no drug 'xyz'; known: E2"),
        (
            "faslodx",
            {"Faslodex": "fulvestrant", "Faslodex 250": "fulvestrant"},
            "",
            "no drug 'faslodx'; did you mean 'fulvestrant'?",
        ),
        ("xyz", {"ICI": "fulvestrant", "Faslodex": "fulvestrant"}, "", "no drug 'xyz'; known: fulvestrant"),
    ],
)
def test_an_unknown_name_is_refused(typed: str, known: list[str] | dict[str, str], where: str, message: str) -> None:
    """Refusal: the nearest official names are offered, each once; where nothing comes near, all of them."""
    with pytest.raises(UnknownNameError) as refused:
        resolve(typed, known, kind="drug", where=where)
    assert str(refused.value) == message
