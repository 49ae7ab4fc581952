"""The content as a whole: every file agrees with the model and with the literature behind it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tamarisk.evidence.reference import by_address, references
from tamarisk.model.context import changeable, constants, contexts, read_context
from tamarisk.model.expression import Apply, Expression, Number, evaluate
from tamarisk.model.model import Model, readers, with_constants
from tamarisk.model.parameters import MODEL_FOLDER, read_parameters
from tamarisk.model.substance import media, substances
from tamarisk.tables import CONTENT

SOURCES = sorted(path for path in CONTENT.rglob("*.tsv") if path.name != "references.tsv")
IDENTIFIERS = {
    "PMID": re.compile(r"PMID:?\s*(\d+)"),
    "DOI": re.compile(r"\b(10\.\d{4,9}/[^\s,;]*[^\s,;.:)])"),
    "PMC": re.compile(r"\b(PMC\d+)"),
    "repository": re.compile(r"\b([\w-]+/[\w-]+@[0-9a-f]{7})"),
}


def numbers(formula: Expression) -> Iterator[float]:
    """Every number that stands in a formula."""
    if isinstance(formula, Number):
        yield formula.value
    elif isinstance(formula, Apply):
        for part in formula.arguments:
            yield from numbers(part)


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a table, read by Python's own reader."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def cited(path: Path, kind: str) -> dict[str, list[int]]:
    """Identifiers in the source column of a table, lower case, with the rows that carry them."""
    found: dict[str, list[int]] = {}
    for line, row in enumerate(table(path), 2):
        for name in IDENTIFIERS[kind].findall(row.get("source") or ""):
            found.setdefault(name.lower(), []).append(line)
    return found


# who says so; tests/evidence/test_cited.py looks after PMIDs and DOIs


@pytest.mark.parametrize("kind", ["PMC", "repository"])
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_source_is_in_the_reference_table(path: Path, kind: str) -> None:
    """Law: whatever PMC number or repository a table names as its source can be looked up."""
    known = {name.lower() for one in references().values() for name in IDENTIFIERS[kind].findall(one.other)}
    assert {name: rows for name, rows in cited(path, kind).items() if name not in known} == {}


@pytest.mark.parametrize(("kind", "least"), [("PMID", 50), ("DOI", 20), ("PMC", 5), ("repository", 5)])
def test_tables_do_name_sources(kind: str, least: int) -> None:
    """Law: the search for identifiers finds them, so that finding none unknown means something."""
    assert sum(len(rows) for path in SOURCES for rows in cited(path, kind).values()) >= least


def test_every_annotation_can_be_looked_up(model: Model) -> None:
    """Law: each publication that a reaction or rule carries is in the reference table, under that very address."""
    carried = {one.id: address for one in (*model.rules, *model.reactions) for address in one.references}
    assert {id_: address for id_, address in carried.items() if address not in by_address()} == {}


def test_most_of_the_model_rests_on_publications(model: Model) -> None:
    """Law: at least three processes in four are cited."""
    assert sum(bool(one.references) for one in model.reactions) >= 0.75 * len(model.reactions)


@pytest.mark.parametrize("name", ["model/parameters.tsv", "contexts/differences.tsv"])
def test_what_was_seen_says_where(name: str) -> None:
    """Law: a number with the status seen names a publication or a file that can be looked up."""
    seen = [row["source"] for row in table(CONTENT / name) if row["status"] == "seen"]
    elsewhere = [one.other for one in references().values() if one.other]
    assert seen
    unsaid = [source for source in seen if not any(pattern.search(source) for pattern in IDENTIFIERS.values())]
    assert [source for source in unsaid if not any(other in source for other in elsewhere)] == []


# what is in the model


def test_species_are_identified_in_known_registries(model: Model) -> None:
    """Law: what a species is called elsewhere is an entry of UniProt, ChEBI or another registry, in that registry's form."""
    kinds = r"uniprot/[A-Z0-9]{6,10}|CHEBI:\d+|pubchem\.compound:\d+|mesh:C\d+|drugbank:DB\d{5}|GO:\d{7}|cellosaurus:CVCL_\w{4}"
    form = re.compile(rf"https://identifiers\.org/({kinds})")
    assert all(one.identities for one in model.species)
    assert [address for one in model.species for address in one.identities if not form.fullmatch(address)] == []


def test_no_measured_number_hides_in_a_formula(model: Model) -> None:
    """Law: formulas hold small whole numbers only; every other number lives in the parameter table."""
    formulas = [*(one.formula for one in model.rules), *(one.rate for one in model.reactions)]
    written = {value for formula in formulas for value in numbers(formula)}
    assert written <= {1.0, 2.0, 3.0, 4.0}


def test_every_parameter_is_read(model: Model) -> None:
    """Law: each constant is read by some formula, and each row of the table is a constant or a start of the model."""
    assert [name for name in model.constants if not list(readers(model, name))] == []
    table = {one.id: one for one in read_parameters(MODEL_FOLDER / "parameters.tsv")}
    assert set(table) == set(model.constants) | set(model.states)
    assert {name: table[name].value for name in model.constants} == {**model.constants}
    assert {name: table[name].unit for name in model.constants} == {**model.units}


@pytest.fixture(scope="module")
def start(model: Model) -> dict[str, float]:
    """Every amount, rule and rate of the model at its start."""
    known = {**model.initial(), **model.constants}
    for rule in model.rules:
        known[rule.id] = evaluate(rule.formula, known)
    return known | {one.id: evaluate(one.rate, known) for one in model.reactions}


def test_the_start_is_a_steady_state(model: Model, start: dict[str, float]) -> None:
    """Law: in the reference medium nothing moves at the start but cells and their adaptation; 1e-5 is six digits in the table."""
    gain, turnover = dict.fromkeys(model.states, 0.0), dict.fromkeys(model.states, 0.0)
    for one in model.reactions:
        for state, count in one.changes:
            gain[state] += count * start[one.id]
            turnover[state] += abs(count * start[one.id])
    slow = {"cells", "dead_cells", "RTK_adapted", "AKT_adapted", "ESR1_silenced"}
    assert [state for state in model.states if state not in slow and abs(gain[state]) > 1e-5 * turnover[state]] == []


@pytest.mark.parametrize(
    ("quantity", "normaliser"),
    [
        *(("ER_E2", "ER_E2_ref"), ("pS167_fraction", "pS167_ref"), ("S6K_active", "S6K_ref"), ("FOXO3", "FOXO3_ref")),
        *(("eIF4E", "eIF4E_ref"), ("ER_drive", "ER_drive_ref"), ("MYC", "MYC_ref"), ("S6_p", "S6_ref")),
        ("ER_activity", "ER_activity_MCF7"),
    ],
)
def test_normalisers_are_what_they_normalise(start: dict[str, float], quantity: str, normaliser: str) -> None:
    """Law: each reference value is the quantity itself at the start, to the six digits of the table."""
    assert start[quantity] == pytest.approx(start[normaliser], rel=5e-6)


@pytest.mark.parametrize(
    "quantity", ["ER_total", "ER_activity", "GLI_activity", "GSK3_active", "translation", "HER2", "HER3", "PR"]
)
def test_the_reference_cell_has_one_of_each(start: dict[str, float], quantity: str) -> None:
    """Law: what is counted against MCF-7 is 1 in MCF-7, to the six digits of the table."""
    assert start[quantity] == pytest.approx(1.0, rel=5e-6)


# what speaks of the model


def test_drugs_media_and_contexts_name_what_is_there(model: Model) -> None:
    """Law: every input of the model is a substance, every substance an input, and media and contexts set what there is."""
    inputs = {one.id for one in model.species if one.fixed} | {"amino_acids"}
    assert {one.constant for one in substances().values()} == inputs
    assert {name for one in media().values() for name in one.constants} <= inputs
    assert set(changeable()) <= set(model.constants) | set(model.states)


@pytest.mark.parametrize("name", [name for name in contexts() if name not in ("MCF-7", "aromatase")])
def test_every_context_is_another_cell(model: Model, snapshot: Callable[[Model], dict[str, float]], name: str) -> None:
    """Law: each line and edit changes the rate of some process against MCF-7; PIK3CA-mutant is MCF-7 by definition."""
    cells = contexts()[name] if contexts()[name].kind == "line" else read_context(f"MCF-7 + {name}")
    there, here = snapshot(model), snapshot(with_constants(model, constants(cells)))
    moved = [one.id for one in model.reactions if there[one.id] != here[one.id]]
    assert bool(moved) != (name == "PIK3CA-mutant")


def test_names_do_not_clash_between_drugs_and_media() -> None:
    """Law: only oestradiol is both a drug and a medium, for the medium is called after it."""
    assert set(substances()) & set(media()) == {"E2"}


def test_fitted_differences_lie_within_their_priors() -> None:
    """Law: a prior of a context belongs to a difference of it, lower < median < upper, and the shipped value lies between."""
    rows = table(CONTENT / "calibration" / "context_priors.tsv")
    assert rows
    for row in rows:
        lower, median, upper = (float(row[name]) for name in ("lowerBound", "median", "upperBound"))
        assert 0 < lower < median < upper, row
        (value,) = [one.value for one in contexts()[row["context"]].differences if one.parameter == row["parameter"]]
        assert lower <= value <= upper, row
