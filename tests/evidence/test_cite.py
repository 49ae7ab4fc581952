"""BibTeX and RIS: only what was seen, read back by parsers that know the formats and nothing of ours."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamarisk.evidence.cite import FORMS, Parts, bibtex, parts_of, ris
from tamarisk.evidence.reference import Reference, references

ALL = list(references().values())
PLAIN = Reference("KEY2001", "Key 2001 Nature 410:1", "", "", "", "review", "So.", "cited", "a book")
TEX = {
    r"\textbackslash{}": "\\",
    r"\textbraceleft{}": "{",
    r"\textbraceright{}": "}",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    **{f"\\{sign}": sign for sign in "&%$#_"},
}
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


def entry(text: str) -> tuple[str, str, dict[str, str]]:
    """Kind, key and fields of one BibTeX entry; a field is what stands between its balanced braces, as BibTeX counts them."""
    head = re.match(r"@(\w+)\{([^,\s]+),\n", text)
    assert head is not None
    fields, at = {}, head.end()
    while text[at] != "}":
        name = re.compile(r"\s*(\w+) = \{").match(text, at)
        assert name is not None, text[at : at + 40]
        end, depth = name.end(), 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        assert name[1] not in fields
        fields[name[1]] = text[name.end() : end - 1]
        assert text[end : end + 2] == ",\n"
        at = end + 2
    assert text[at:] == "}\n"
    return head[1], head[2], fields


def untex(value: str) -> str:
    """What TeX prints."""
    return re.sub("|".join(map(re.escape, TEX)), lambda found: TEX[found[0]], value)


def record(text: str) -> dict[str, list[str]]:
    """The tags of one RIS record, by the rules of the format: two signs, two blanks, dash, blank, value, CR LF."""
    fields = defaultdict(list)
    assert text.endswith("\r\n")
    for line in text.removesuffix("\r\n").split("\r\n"):
        found = re.fullmatch(r"([A-Z][A-Z0-9])  - ([^\r\n]*)", line)
        assert found is not None, line
        fields[found[1]].append(found[2])
    assert (next(iter(fields)), [*fields][-1]) == ("TY", "ER")
    return fields


# what a citation says


@pytest.mark.parametrize(
    ("citation", "parts"),
    [
        ("Adams 2007 J Biol Chem 282:6192", Parts(("Adams",), "2007", "J Biol Chem", "282", "6192")),
        ("Lee AV 1999 Mol Endocrinol 13:787", Parts(("Lee, A. V.",), "1999", "Mol Endocrinol", "13", "787")),
        ("Venzon and Moolgavkar 1988 Appl Stat 37:87", Parts(("Venzon", "Moolgavkar"), "1988", "Appl Stat", "37", "87")),
        ("Martin 2012 Breast Cancer Res 14:R132", Parts(("Martin",), "2012", "Breast Cancer Res", "14", "R132")),
        ("EMBO J 2004;23:4813", Parts((), "2004", "EMBO J", "23", "4813")),
        ("Mol Cell 2005;18:13, PHLPP", Parts((), "2005", "Mol Cell", "18", "13", rest="PHLPP")),
        ("Diao 2016, GLI1", Parts(year="2016", rest="Diao 2016, GLI1")),
        ("INAVO120 2024 (year recalled), release", Parts(rest="INAVO120 2024 (year recalled), release")),
        ("SoFEA 2013 Lancet Oncol 14:989", Parts((), "2013", "Lancet Oncol", "14", "989", rest="SoFEA")),
        ("Um SH 2004 Nature 431:200", Parts(("Um, S. H.",), "2004", "Nature", "431", "200")),
        ("Brunet 1999 Cell", Parts(("Brunet",), "1999", "Cell")),
        ("npj Breast Cancer 2019", Parts(year="2019", rest="npj Breast Cancer 2019")),
        ("Fisher 1935 The Design of Experiments (book)", Parts(year="1935", rest="Fisher 1935 The Design of Experiments (book)")),
        ("[not captured] 2011 J Test", Parts(year="2011", rest="[not captured] 2011 J Test")),
        ("HMS LINCS growth tables", Parts(rest="HMS LINCS growth tables")),
    ],
)
def test_a_citation_is_told_apart(citation: str, parts: Parts) -> None:
    """Reference: by hand; where author and journal cannot be told apart, the citation stays whole."""
    assert parts_of(replace(PLAIN, citation=citation)) == parts


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.key)
def test_nothing_is_added_to_a_citation(one: Reference) -> None:
    """Law: every author, year, journal, volume and page stands in the citation."""
    said = parts_of(one)
    families = [name.partition(",")[0] for name in said.authors]
    assert [word for word in (*families, said.year, said.journal, said.volume, said.page) if word not in one.citation] == []
    assert said.journal or said.rest == one.citation


def test_no_journal_is_taken_for_an_author() -> None:
    """Law: what is a journal in one citation is the author of none."""
    said = [parts_of(one) for one in ALL]
    assert {name for one in said for name in one.authors} & {one.journal for one in said} == set()
    assert sum(bool(one.journal) for one in said) >= 0.8 * len(said)  # else the forms above are not the usual ones


# BibTeX


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.key)
def test_bibtex_is_read_back(one: Reference) -> None:
    """Reference: a parser of BibTeX finds the same identifiers, year and sentence, and no field that is empty."""
    kind, key, fields = entry(bibtex(one))
    said = parts_of(one)
    assert (kind, key) == ("article" if said.journal else "misc", one.key)
    assert all(fields.values())
    seen = {"doi": one.doi, "pmid": one.pmid, "year": said.year, "volume": said.volume, "pages": said.page}
    assert {name: fields.get(name, "") for name in seen} == seen
    assert untex(fields.get("annote", "")) == " ".join(one.says.split())
    assert untex(fields.get("journal", "")) == said.journal
    assert set(fields) <= {*seen, "author", "journal", "pmcid", "note", "annote"}


def test_bibtex_by_hand() -> None:
    """Golden: one entry as a person would write it; braces keep a family name of two words together."""
    says = "50 % & more {of} eIF4E_1 at 5~$ ^ \\."
    one = replace(PLAIN, citation="De Benedetti 2004 Oncogene 23:3189", doi="10.1038/x_1", says=says)
    assert bibtex(one) == (
        "@article{KEY2001,\n"
        "  author = {{De Benedetti}},\n"
        "  year = {2004},\n"
        "  journal = {Oncogene},\n"
        "  volume = {23},\n"
        "  pages = {3189},\n"
        "  doi = {10.1038/x_1},\n"
        r"  annote = {50 \% \& more \textbraceleft{}of\textbraceright{} eIF4E\_1 "
        r"at 5\textasciitilde{}\$ \textasciicircum{} \textbackslash{}.},"
        "\n}\n"
    )


def test_initials_are_no_family_name() -> None:
    """Reference: by hand; BibTeX takes what follows the comma for first names."""
    fields = entry(bibtex(replace(PLAIN, citation="Ruiz i Altaba A 2007 Trends Cell Biol")))[2]
    assert fields["author"] == "{Ruiz i Altaba}, A."
    assert (
        entry(bibtex(replace(PLAIN, citation="Venzon and Moolgavkar 1988 Appl Stat 37:87")))[2]["author"]
        == "Venzon and Moolgavkar"
    )


@given(says=texts, citation=texts, other=texts, doi=texts)
def test_any_text_is_bibtex(says: str, citation: str, other: str, doi: str) -> None:
    """Law: whatever signs stand in a text, braces stay balanced and TeX prints the text."""
    one = replace(PLAIN, says=says, citation=citation, other=other, doi=doi)
    fields = entry(bibtex(one))[2]
    assert untex(fields.get("annote", "")) == " ".join(says.split())
    assert not re.search(r"(?<!\\)[&%$#_~^]", fields.get("annote", "") + fields.get("note", ""))


# RIS


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.key)
def test_ris_is_read_back(one: Reference) -> None:
    """Reference: a parser of RIS finds the same identifiers, and no value that is empty but the last."""
    said, fields = parts_of(one), record(ris(one))
    assert fields["TY"] == ["JOUR" if said.journal else "GEN"]
    assert fields.get("AU", []) == list(said.authors)
    seen = {"ID": one.key, "DO": one.doi, "AN": one.pmid, "PY": said.year, "JO": said.journal, "VL": said.volume, "SP": said.page}
    assert {tag: "".join(fields.get(tag, [])) for tag in seen} == seen
    assert all(value for tag, values in fields.items() for value in values if tag != "ER")
    assert fields["ER"] == [""]
    assert all(address.startswith("https://identifiers.org/") for address in fields.get("UR", []))


@given(says=texts, citation=texts, other=st.text(max_size=40))
def test_any_text_is_ris(says: str, citation: str, other: str) -> None:
    """Law: a text with line breaks or dashes stays one value."""
    fields = record(ris(replace(PLAIN, says=f"{says}\r\nER  - \nTY  - BOOK", citation=citation, other=other)))
    assert len(fields["TY"]) == len(fields["ER"]) == 1
    assert fields["N1"][-1].endswith("ER - TY - BOOK")


def test_what_was_not_seen_is_not_there() -> None:
    """Law: a reference that is a sentence alone has neither author nor journal, and keeps its words as a note."""
    one = replace(PLAIN, citation="a talk", says="")
    assert entry(bibtex(one)) == ("misc", "KEY2001", {"note": "a talk"})
    assert dict(record(ris(one))) == {"TY": ["GEN"], "ID": ["KEY2001"], "N1": ["a talk"], "ER": [""]}


def test_other_identifiers_are_kept() -> None:
    """Reference: by hand; a PMC number has a field of its own, any other identifier is a note."""
    one, other = replace(PLAIN, other="PMC1831535"), replace(PLAIN, other="someone/data@1a2b")
    assert entry(bibtex(one))[2]["pmcid"] == "PMC1831535"
    assert record(ris(one))["C2"] == ["PMC1831535"]
    assert entry(bibtex(other))[2]["note"] == "someone/data@1a2b"
    assert "someone/data@1a2b" in record(ris(other))["N1"]


def test_both_forms_are_offered() -> None:
    """Law: the forms are called as the commands call them."""
    assert {"bibtex": bibtex, "ris": ris} == FORMS
