"""Search: every filter finds what it names and nothing else, names have many spellings, and no text is a command."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamarisk as lab
from tamarisk.errors import DataError, TamariskError, UnknownNameError
from tamarisk.evidence import search as room
from tamarisk.evidence.effect import effects
from tamarisk.evidence.entry import CLINICAL, Entry, components_of, therapies_of, words_of_entry
from tamarisk.evidence.reference import references
from tamarisk.evidence.search import Found, Only, find_entry, find_reference, search_evidence
from tamarisk.evidence.study import DIRECTIONS, Study, studies
from tamarisk.evidence.synonyms import also_called
from tamarisk.evidence.trial import trials

Write = Callable[..., Path]
EVERY: list[Entry] = [*studies().values(), *effects().values(), *trials().values()]
STUDIES = list(studies().values())
SOME = [STUDIES[0], *list(effects().values())[:2], *list(trials().values())[-2:]]
WORDS = ("knot", "warp", "weft", "selvedge")  # of no sentence of ours
pytestmark = pytest.mark.usefixtures("cache")


def ids(found: Found) -> list[str]:
    """What was found."""
    return [one.id for one in found.entries]


def category_of(one: Entry) -> str:
    """The category that an entry is filtered by."""
    return one.category if isinstance(one, Study) else CLINICAL


def every(**only: str) -> set[str]:
    """Everything that is as asked."""
    return set(ids(search_evidence(only=Only(**only), limit=None)))


# filters


@pytest.mark.parametrize("symbol", sorted({symbol for one in EVERY for symbol in components_of(one)}))
def test_component(symbol: str) -> None:
    """Law: a symbol finds the studies of that component, all of them and no other."""
    assert every(component=symbol) == {one.id for one in EVERY if symbol in components_of(one)}


@pytest.mark.parametrize("category", sorted({one.category for one in STUDIES}))
def test_category(category: str) -> None:
    """Law: a category finds its studies, however it is spelled; every effect and every trial is clinical."""
    assert every(category=category.upper().replace(" ", "_")) == {one.id for one in EVERY if category_of(one) == category}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_direction(direction: str) -> None:
    """Law: a direction finds its studies; effects and trials have none."""
    assert every(direction=direction) == {one.id for one in STUDIES if one.direction == direction}


@pytest.mark.parametrize("therapy", ["tamoxifen", "fulvestrant", "letrozole", "everolimus"])
def test_therapy(therapy: str) -> None:
    """Law: a drug finds everything whose therapy names it, and nothing whose sentence alone does."""
    names = "|".join(map(re.escape, also_called(therapy)))
    named = {one.id for one in EVERY if re.search(rf"\b({names})\b", "; ".join(therapies_of(one)), re.IGNORECASE)}
    assert every(therapy=therapy) == named != set()


@pytest.mark.parametrize("years", ["2005", "1994-2015", "2016-2026", "1800-1900"])
def test_year(years: str) -> None:
    """Law: one year, or a range with both its ends."""
    first, _, last = years.partition("-")
    assert every(year=years) == {one.id for one in EVERY if int(first) <= one.year <= int(last or first)}


def test_filters_and_words_go_together() -> None:
    """Law: what fits several demands is what fits each of them."""
    found = set(
        ids(search_evidence("tamoxifen", only=Only(component="ERBB2", category="clinical", year="1994-2015"), limit=None))
    )
    assert found
    alone = (every(component="ERBB2"), every(category="clinical"), every(year="1994-2015"))
    assert found == set(ids(search_evidence("tamoxifen", limit=None))).intersection(*alone)


@pytest.mark.parametrize(
    ("only", "sentence"),
    [
        (Only(component="PTNE"), "no component 'PTNE'; did you mean 'PTEN'?"),
        (Only(category="cel line"), "no category 'cel line'; did you mean 'cell line'?"),
        (Only(direction="resistence"), "no direction 'resistence'; did you mean 'resistance'?"),
        (Only(therapy="tamoxifn"), "no study under therapy 'tamoxifn'; did you mean 'tamoxifen'?"),
        (Only(therapy="'"), "no study under therapy '''; leave it out, or write a drug's name"),
        (Only(year="200"), "year: '200' is no year; write 2001 or 2001-2010"),
        (Only(year="2010-2001"), "year: '2010-2001' runs backwards; write 2001-2010"),
        (Only(year="٢٠٠١"), "year: '٢٠٠١' is no year; write 2001 or 2001-2010"),
    ],
)
def test_what_no_study_has_is_refused(only: Only, sentence: str) -> None:
    """Refusal: a name that nobody has heard of is met with the nearest one."""
    with pytest.raises(TamariskError) as refused:
        search_evidence(only=only)
    assert str(refused.value) == sentence


# words


@pytest.mark.parametrize("one", STUDIES, ids=lambda one: one.id)
def test_a_study_is_found_by_its_sentence(one: Study) -> None:
    """Law: our sentence, asked as it stands, finds its study, and ranks it first or next to those that say the same."""
    assert one.id in ids(search_evidence(one.says, limit=3))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HER2", "ERBB2"),
        ("her-2", "HER2"),
        ("PR", "pgr"),
        ("oestrogen", "estrogen"),
        ("TUMOURS", "tumor"),
        ("everolimus", "RAD001"),
        ("rapamycin", "Sirolimus"),
        ("cyclin D1", "CCND1"),
        ("MCF-7", "MCF7"),
        ("letrozole-resistant", "letrozole resistant"),
        ("PTEN,tamoxifen", "PTEN/tamoxifen"),
    ],
)
def test_names_have_many_spellings(one: str, other: str) -> None:
    """Law: two spellings of one question find the same studies, and some."""
    found = set(ids(search_evidence(one, limit=None)))
    assert found == set(ids(search_evidence(other, limit=None)))
    assert found or one == "letrozole-resistant"


def test_a_usual_name_stands_for_all_its_genes() -> None:
    """Law: AKT names three genes, AKT1 one of them."""
    genes = {"AKT1", "AKT2", "AKT3"}
    assert every(component="akt") == {one.id for one in EVERY if genes & set(components_of(one))}
    assert every(component="AKT1") == {one.id for one in EVERY if "AKT1" in components_of(one)}


def test_best_match_first(mine: Write) -> None:
    """Reference: by hand; bm25 puts the short sentence with the word twice before the long one with the word once."""
    long = f"Among many other words that stand here for their length there is one {WORDS[0]}."
    rows = [{"id": "A1", "says": long, "readout": "a"}, {"id": "A2", "says": f"{WORDS[0]} and {WORDS[0]}.", "readout": "b"}]
    assert ids(search_evidence(WORDS[0], add=[mine(*rows)])) == ["A2", "A1"]


def test_all_words_must_stand(mine: Write) -> None:
    """Law: more words find fewer studies, and their order does not matter."""
    rows = [{"id": f"A{n}", "says": " ".join(WORDS[:n]) + ".", "readout": str(n)} for n in range(1, len(WORDS) + 1)]
    table = mine(*rows)
    for n in range(1, len(WORDS) + 1):
        found = search_evidence(" ".join(WORDS[n - 1 :: -1]), add=[table])
        assert set(ids(found)) == {f"A{m}" for m in range(n, len(WORDS) + 1)}


@pytest.mark.parametrize("word", ["resistance", "reversal", "animal", "clinical"])
def test_direction_and_category_are_words_too(word: str) -> None:
    """Law: who types a direction or a category among the words finds all studies of that kind."""
    kind = {one.id for one in STUDIES if word in (one.direction, one.category)}
    assert kind <= set(ids(search_evidence(word, limit=None)))


def test_limit_and_total() -> None:
    """Law: the first n of a longer answer are the answer of length n; the total stays; no words are all studies in order."""
    whole = search_evidence("tamoxifen", limit=None)
    for limit in (0, 1, 7, 10_000):
        found = search_evidence("tamoxifen", limit=limit)
        assert (found.entries, found.total) == (whole.entries[:limit], whole.total)
    assert ids(search_evidence(limit=None)) == [one.id for one in EVERY]
    with pytest.raises(DataError, match=r"^limit: -1 is no number of entries; give 0 or more$"):
        search_evidence(limit=-1)


def test_words_that_stand_nearly_everywhere_are_not_ranked(mine: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: beyond a number of entries they come in the order of the tables, and it is said; the same ones are found."""
    rows = [{"id": f"A{n}", "says": f"{' '.join([WORDS[0]] * (n + 1))}.", "readout": str(n)} for n in range(5)]
    table = mine(*rows)
    ranked = search_evidence(WORDS[0], add=[table])
    assert (ids(ranked)[0], ranked.total, ranked.ranked) == ("A4", 5, True)
    monkeypatch.setattr(room, "_MOST_RANKED", 4)
    plain = search_evidence(WORDS[0], add=[table], limit=3)
    assert (ids(plain), plain.total, plain.ranked) == (["A0", "A1", "A2"], 5, False)
    assert search_evidence("", limit=1).ranked is False


def test_effects_and_trials_stand_in_the_same_list() -> None:
    """Reference: by hand; a trial is found by its name and what it added, an effect by what it compares."""
    assert {"T001", "T007"} <= every(component="MTOR", therapy="everolimus", category="clinical")
    assert "T001" in ids(search_evidence("BOLERO-2 everolimus exemestane"))
    assert "M001" in ids(search_evidence("PIK3CA mutant against wild type TEAM"))
    assert {one.id[0] for one in search_evidence("PIK3CA", limit=None).entries} == {"S", "M", "T"}


def test_the_front_door_leads_here() -> None:
    """Law: the verb of the library is this one."""
    assert (lab.search_evidence, lab.Only) == (search_evidence, Only)


# hostile text

SIGNS = st.lists(st.sampled_from([*"\"'*():^-+{}[]\\,;%_~$#@!<>=/.|&`\t\n\0 ", "AND ", " OR", "NOT ", "NEAR(", "says:", "pten"]))


@given(text=st.text() | SIGNS.map("".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_words(text: str) -> None:
    """Law: no text is a syntax error, whatever stands in it, in the words or in the therapy."""
    found = search_evidence(text, limit=2)
    assert len(found.entries) == min(2, found.total)
    try:
        search_evidence(text, only=Only(therapy=text or "x", component=text))
    except UnknownNameError as stranger:
        assert str(stranger).startswith("no ")


@pytest.mark.parametrize(
    "text",
    [
        'PTEN" OR "x',
        "PTEN*",
        "says:PTEN",
        "NOT PTEN",
        "-PTEN",
        "^PTEN",
        "(PTEN",
        "PTEN) OR (tamoxifen",
        "{says} : PTEN",
        "PTEN; DROP TABLE study; --",
    ],
)
def test_operators_are_data(text: str) -> None:
    """Law: what would be an operator is sought as words or left out, so that PTEN stands in every answer."""
    for one in search_evidence(text, limit=None).entries:
        assert "PTEN" in " ".join(words_of_entry(one).values())
    assert search_evidence("PTEN").total > 0


@pytest.mark.parametrize("text", ["x" * 10_000, "x " * 5_000, " ".join(map(str, range(2_500))), '"' * 10_000, "é́" * 5_000])
def test_ten_thousand_signs(text: str) -> None:
    """Law: a very long text is answered, and finds nothing."""
    start = time.process_time()
    assert search_evidence(text).entries == ()
    assert time.process_time() - start < 2  # seconds of the processor; a few hundredths as a rule


@pytest.mark.parametrize("text", ["*", '""', "  --  ", "\udcff", "☃"])
def test_signs_without_words_find_nothing(text: str) -> None:
    """Law: a text that holds no word is not taken for an empty one."""
    assert search_evidence(text) == Found((), 0, ranked=False)


# one study, one publication


def test_find_entry() -> None:
    """Law: each id finds its study, effect or trial, whatever its case."""
    assert [find_entry(one.id.lower()) for one in SOME] == SOME


def test_find_reference(mine: Write) -> None:
    """Law: an id, a key of ours, and a key that the user brings each find the publication."""
    for one in SOME:
        assert find_reference(one.id) == find_reference(one.reference) == one.source
    assert find_reference("cox1972") == references()["COX1972"]  # a method: no study has it
    assert find_reference("smith2026", add=[mine({})]).citation == "Smith 2026 J Test 1:1"


def test_added_studies_are_found(mine: Write) -> None:
    """Law: a user's study is found by words, filters and id; without the table nobody has heard of it."""
    table = mine({"says": f"A {WORDS[0]} in PTEN."})
    assert ids(search_evidence(WORDS[0], only=Only(component="PTEN", year="2026"), add=[table])) == ["X1"]
    assert find_entry("X1", add=[table]).source.key == "SMITH2026"
    assert search_evidence(WORDS[0]).total == 0
    with pytest.raises(UnknownNameError, match=r"^no study, effect or trial 'X1'; "):
        find_entry("X1")


@pytest.mark.parametrize("name", ["S0017", "qwertz", "", "\udcff", "S'017", "a\0b"])
def test_strangers_are_refused(name: str) -> None:
    """Refusal: the nearest id is offered, or where ids are found; no sign in a name is a fault of the program."""
    with pytest.raises(UnknownNameError) as refused:
        find_entry(name)
    assert refused.value.what == f"no study, effect or trial '{name}'"
    with pytest.raises(UnknownNameError, match=r"^no study, effect, trial or reference "):
        find_reference(name)
