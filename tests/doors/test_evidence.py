"""`tamarisk evidence`: search, show, cite and export for people and for programs, and bad words in a sentence."""

from __future__ import annotations

import csv
import inspect
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tamarisk.doors.cli.evidence import BELOW
from tamarisk.doors.cli.evidence_search import command as search
from tamarisk.doors.cli.evidence_show import _COMPARED, _card
from tamarisk.evidence import search as room
from tamarisk.evidence.cite import bibtex, ris
from tamarisk.evidence.effect import effects
from tamarisk.evidence.entry import record as entry_record
from tamarisk.evidence.reference import references
from tamarisk.evidence.search import Only, search_evidence
from tamarisk.evidence.study import CONTRASTS, studies
from tamarisk.evidence.trial import trials
from tamarisk.study.claim import claims, judge

Say = Callable[..., str]
Tell = Callable[..., dict[str, Any]]
MINE = {
    "id": "X1",
    "reference": "SMITH2026",
    "citation": "Smith 2026 J Test 1:1",
    "category": "cell line",
    "model_system": "MCF-7 [red]",
    "n": "",
    "component": "PTEN",
    "perturbation": "knock-down",
    "therapy": "tamoxifen",
    "readout": "growth",
    "direction": "resistance",
    "contrast": "events by marker",
    "measure": "HR",
    "estimate": "2",
    "low": "1.25",
    "high": "3.2",
    "level": "0.95",
    "says": "Selvedge cells without PTEN outgrow tamoxifen.",
    "seen": "recalled",
    "where": "our own bench",
}
TABLE = "\n".join("\t".join(cells) for cells in (MINE, MINE.values())) + "\n"


@pytest.fixture
def mine(place: Path) -> str:
    """A table of the user's own in the working folder."""
    (place / "mine.tsv").write_text(TABLE, encoding="utf-8")
    return "mine.tsv"


# search


def test_json_is_what_the_library_finds(told: Tell) -> None:
    """Law: the records are what the library finds, in its order, whole; the total counts those that are not shown."""
    found = search_evidence("HER2 tamoxifen", only=Only(category="clinical", year="1994-2015"), limit=3)
    record = told("evidence", "search", "HER2 tamoxifen", "--category", "clinical", "--year", "1994-2015", "--limit", "3")
    assert (record["total"], record["ranked"]) == (found.total, True)
    assert found.total > 3
    assert [one["id"] for one in record["found"]] == [one.id for one in found.entries]
    assert record["found"] == json.loads(json.dumps([entry_record(one) for one in found.entries]))


def test_words_may_stand_apart(told: Tell) -> None:
    """Law: quotes around the words make no difference."""
    assert told("evidence", "search", "PTEN", "tamoxifen") == told("evidence", "search", "PTEN tamoxifen")


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_is_readable(said: Say, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Law: no line is wider than the terminal, each id stands whole at the start of its line, and the last line says how on."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = said("evidence", "search", "tamoxifen", "--limit", "5").splitlines()
    found = search_evidence("tamoxifen", limit=5)
    assert max(map(len, lines[:-1])) <= columns
    assert [line.split()[0] for line in lines[2:-1] if not line.startswith(" ")] == [one.id for one in found.entries]
    assert lines[-1].startswith(f"5 of {found.total}; --limit {found.total} gives all; ")
    assert lines[-1].endswith(f"tamarisk evidence show {found.entries[0].id}")


def test_a_recalled_number_is_marked(said: Say, mine: str) -> None:
    """Law: what nobody saw is said to be recalled; names keep their signs, a number says what it is and what it compares."""
    shown = " ".join(said("evidence", "search", "selvedge", "--add", mine).split())
    assert "X1 study Smith 2026" in shown
    assert "(recalled, not seen)" in shown
    card = " ".join(said("evidence", "show", "x1", "--add", mine).split())
    assert "recalled: our own bench" in card
    assert "MCF-7 [red]" in card
    assert (
        "number HR 2 (95 % interval 1.25 to 3.2), ratio of two hazards compares more of the marker with less, by events" in card
    )


def test_nothing_found_is_no_fault(said: Say, told: Tell) -> None:
    """Law: where no study fits, that is said, and programs get an empty list."""
    assert said("evidence", "search", "xyzzy") == "nothing holds all of that; leave out a word or an option\n"
    assert told("evidence", "search", "xyzzy") == {"total": 0, "ranked": True, "found": []}
    every = len(studies()) + len(effects()) + len(trials())
    assert said("evidence", "search", "--limit", "0") == (
        f"0 of {every}; --limit {every} gives all\n"
        "in the order of the tables, for so many have no best match; add a word or an option\n"
    )


def test_options_are_arguments_of_the_library() -> None:
    """Law: every filter is a field of `Only`, every other option an argument of the verb, with the same default."""
    verb = inspect.signature(search_evidence).parameters
    options = {one.name for one in search.params} - {"as_json"}
    assert options == {*inspect.signature(Only).parameters, *verb} - {"only", "progress"}
    told = search.make_context("search", [], resilient_parsing=True).params
    assert told["limit"] == verb["limit"].default
    assert {told[name] for name in inspect.signature(Only).parameters} == {""}


# show


@pytest.mark.parametrize("columns", [80, 120])
def test_a_card_says_everything(said: Say, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Law: sentence, cells, therapy, direction in words, how much was seen and where, and addresses stand on the card."""
    monkeypatch.setenv("COLUMNS", str(columns))
    one = studies()["S017"]
    lines = said("evidence", "show", "S017").splitlines()
    card = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= columns
    assert lines[0].strip() == f"S017: {one.source.citation}"
    for words in (one.says, one.model_system, one.perturbation, one.readout, *one.component, *one.therapy, one.seen):
        assert words in card
    assert all(address in card for address in one.source.addresses() if address.startswith("https:"))


def test_show_json(told: Tell) -> None:
    """Law: the record is the library's."""
    record = told("evidence", "show", "s017")["study"]
    assert (record["id"], record["direction"], record["period"]) == (
        "S017",
        studies()["S017"].direction,
        studies()["S017"].period,
    )


@pytest.mark.parametrize("name", ["M001", "M012", "M033", "M025", "T001", "T005", "T048", "T058"])
def test_effects_and_trials_have_cards(said: Say, told: Tell, name: str) -> None:
    """Law: what to know, what the number follows from, the role, the question and the source stand on the card."""
    one = {**effects(), **trials()}[name]
    card = " ".join(said("evidence", "show", name.lower()).split())
    assert card.startswith(f"{name}: {' '.join(one.source.citation.split())}")
    for words in (one.says, one.endpoint, f"{one.role}: ", one.reference, one.question, f"{one.seen}: "):
        assert words in card
    assert (one.standard_error_source == "p") == ("two-sided p = " in card)
    kind = "effect" if name.startswith("M") else "trial"
    assert told("evidence", "show", name)[kind] == json.loads(json.dumps(entry_record(one)))


def test_every_effect_and_trial_has_a_card() -> None:
    """Law: no row of the tables is without a card, and each says its sentence."""
    for one in (*effects().values(), *trials().values()):
        assert one.says in [said for _, said in _card(one)]


def test_a_claim_is_shown_too(said: Say, told: Tell) -> None:
    """Law: `show` of a claim is what `claims` shows of it."""
    assert said("evidence", "show", "r10") == said("evidence", "claims", "R10")
    assert told("evidence", "show", "R10")["claim"] == told("evidence", "claims", "R10")["claims"][0]
    assert told("evidence", "show", "R10")["claim"]["verdict"] == judge(claims()["R10"]).verdict


def test_every_contrast_has_words() -> None:
    """Law: whatever an estimate may compare, the card says it in words."""
    assert set(_COMPARED) == {contrast.rpartition(" by ")[2] for contrast in CONTRASTS}


# cite


def test_cite(said: Say, told: Tell, mine: str) -> None:
    """Law: BibTeX unless RIS is asked for; a study's id, a key of ours and a user's key all lead to a publication."""
    source = studies()["S017"].source
    assert said("evidence", "cite", "S017") == said("evidence", "cite", source.key, "--bibtex") == bibtex(source)
    assert said("evidence", "cite", "S017", "--ris").splitlines() == ris(source).splitlines()
    assert said("evidence", "cite", "COX1972") == bibtex(references()["COX1972"])
    assert said("evidence", "cite", "SMITH2026", "--add", mine).startswith("@article{SMITH2026,\n")
    assert told("evidence", "cite", "S017", "--ris") == {"reference": source.key, "ris": ris(source)}


# export


def test_export(said: Say, told: Tell, mine: str, place: Path) -> None:
    """Law: each form is written whole, a user's studies after ours, and the file is named."""
    assert said("evidence", "export", "--csv", "--out", "new/a.csv", "--add", mine) == (
        f"written: {Path('new/a.csv')} ({len(studies()) + 1} studies)\n"
    )
    with (place / "new" / "a.csv").open(encoding="utf-8", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == [*studies(), "X1"]
    assert told("evidence", "export", "--jsonld", "--out", "a.jsonld") == {"written": "a.jsonld", "studies": len(studies())}
    assert json.loads((place / "a.jsonld").read_text(encoding="utf-8"))["@graph"]


@pytest.mark.parametrize(("table", "every"), [("effects", effects()), ("trials", trials())])
def test_export_of_another_table(told: Tell, place: Path, table: str, every: dict[str, Any]) -> None:
    """Law: the table that was asked for is written, whole."""
    assert told("evidence", "export", "--table", table, "--csv", "--out", "a.csv") == {"written": "a.csv", table: len(every)}
    with (place / "a.csv").open(encoding="utf-8", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == list(every)


def test_export_parquet(said: Say, place: Path) -> None:
    """Reference: pyarrow reads as many rows as there are studies."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="tamarisk[parquet] is not installed")
    said("evidence", "export", "--parquet", "--out", "a.parquet")
    assert parquet.read_table(place / "a.parquet").num_rows == len(studies())


# what is refused

FORM = "export: one form is needed; give --csv, --parquet or --jsonld"
BAD = [
    ("serch PTEN", "no command 'serch'; did you mean 'search'?", {}),
    (
        "search PTEN --category mice",
        "no category 'mice'; known: cell line, animal, clinical, review, model, data, biochemical, method",
        {},
    ),
    ("search --direction resistence", "no direction 'resistence'; did you mean 'resistance'?", {}),
    ("search --year 20xx", "year: '20xx' is no year; write 2001 or 2001-2010", {}),
    ("search --year 2010-2001", "year: '2010-2001' runs backwards; write 2001-2010", {}),
    ("search --limit -1", "Invalid value for '--limit': -1 is not in the range x>=0", {}),
    ("search --limt 3", "no option '--limt'; did you mean --limit?", {}),
    ("search --add none.tsv", "none.tsv: no such file; check the path", {}),
    ("search --add ''", "Invalid value for '--add': the name is empty", {}),
    ("search --add a.tsv", "a.tsv: the file is empty; it needs a header and rows", {"a.tsv": ""}),
    ("show X1 --add a.tsv", "a.tsv, row 2, column id: 'S017' stands already in the studies already there", {"a.tsv": "S017"}),
    ("export --out new", FORM, {}),
    ("export --csv --jsonld --out new", FORM, {}),
    ("export --csv", "Missing option '--out'", {}),
    (
        "export --table cells --csv --out new",
        "Invalid value for '--table': 'cells' is not one of 'studies', 'effects', 'trials'",
        {},
    ),
    ("show", "Missing argument 'ID'", {}),
    ("cite S017 --endnote", "No such option '--endnote'", {}),
]


@pytest.mark.parametrize(("words", "sentence", "files"), BAD, ids=[bad[0].replace(" ", "-") for bad in BAD])
def test_bad_words_are_one_sentence(refused: Callable[..., None], words: str, sentence: str, files: dict[str, str]) -> None:
    """Refusal: exit code 2, one sentence, and neither a file nor a database is written."""
    tables = {name: TABLE.replace("X1", text) if text else "" for name, text in files.items()}
    refused(f"evidence {words}", sentence, tables)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("search --component PTNE", "no component 'PTNE'; did you mean 'PTEN'?"),
        ("search --therapy tamoxifn", "no study under therapy 'tamoxifn'; did you mean 'tamoxifen'?"),
        ("show S0017", "no study, effect or trial 'S0017'; did you mean 'S017'?"),
        ("show xyzzy", "no study, effect or trial 'xyzzy'; tamarisk evidence search finds them"),
        ("cite GHAYAD208", "no study, effect, trial or reference 'GHAYAD208'; did you mean 'GHAYAD2008'?"),
        ("export --csv --out a.csv", "a.csv: the file exists already; name another; nothing was overwritten"),
    ],
)
def test_strangers_are_refused(said: Say, refused: Callable[..., None], words: str, sentence: str) -> None:
    """Refusal: the same once the database is there, which knows the names."""
    said("evidence", "search", "PTEN")
    refused(f"evidence {words}", sentence, {"a.csv": "mine"})


# the group


def test_search_loads_nothing_heavy(place: Path) -> None:
    """Law: a search in a process of its own loads no library of numbers or figures."""
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom tamarisk.doors.cli.main import cli\n"
        "print(CliRunner().invoke(cli, ['evidence', 'search', 'PTEN']).exit_code, *sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    code, *loaded = ended.stdout.split()
    assert code == "0"
    assert {"numpy", "scipy", "pandas", "matplotlib", "xarray", "pyarrow", "libsbml", "llvmlite"} & set(loaded) == set()


def test_many_are_not_ranked_and_that_is_said(said: Say, mine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where words stand in too many entries to rank them, the last line says so."""
    monkeypatch.setattr(room, "_MOST_RANKED", 2)
    assert said("evidence", "search", "tamoxifen", "--limit", "1").splitlines()[-1].startswith("in the order of the tables")
    assert "in the order of the tables" not in said("evidence", "search", "selvedge", "--add", mine)


@pytest.mark.parametrize("name", BELOW)
def test_every_question_has_help_with_an_example(said: Say, name: str) -> None:
    """Law: help shows an example that begins with the command's own name, each option has a sentence, and JSON is offered."""
    shown = said("evidence", name, "--help")
    assert re.search(rf"\n  Example:\n(      tamarisk .+\n)*      tamarisk evidence {name}\b", shown)
    assert "--json" in shown
    assert BELOW[name].endswith(".")


def test_examples_are_commands(said: Say) -> None:
    """Law: every example of search, show and cite runs."""
    for name in ("search", "show", "cite"):
        for line in re.findall(r"^      tamarisk (.+)$", said("evidence", name, "--help"), re.MULTILINE):
            assert said(*shlex.split(line))
