"""References as reference managers read them: BibTeX and RIS. It knows what stands in a citation, and adds nothing to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tamarisk.evidence.reference import Reference

_YEAR = r"(?P<year>(?:18|19|20)\d\d)"
_WORDS = r"[^\d;:,()\[\]]+?"
_PLACE = r"(?P<volume>\w+):(?P<page>\w+)"
_FORMS = (
    re.compile(rf"(?P<author>{_WORDS}) {_YEAR} (?P<journal>{_WORDS})(?: {_PLACE})?"),  # Adams 2007 J Biol Chem 282:6192
    re.compile(rf"(?P<journal>{_WORDS}) {_YEAR};{_PLACE}(?:, (?P<rest>.+))?"),  # EMBO J 2004;23:4813, PHLPP
)
_INITIALS = re.compile(r"(?P<family>.+) (?P<initials>[A-Z]{1,3})")
_UNSURE = re.compile(r"recalled|approximate")
_PMC = re.compile(r"PMC\d+")
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a citation says for certain.

    Attributes:
        authors: family names, with initials after a comma where they stand there.
        year: year of publication; empty where it is said to be recalled.
        journal: its short title.
        volume: of the journal.
        page: the first, or the number of the article.
        rest: what else it says; the whole citation where it could not be told apart.
    """

    authors: tuple[str, ...] = ()
    year: str = ""
    journal: str = ""
    volume: str = ""
    page: str = ""
    rest: str = ""


def parts_of(one: Reference) -> Parts:
    """Authors, year and journal of a reference, if its citation has one of the usual two forms.

    Args:
        one: the reference.

    >>> from tamarisk.evidence.reference import references
    >>> parts_of(references()["ADAMS2007"]).journal
    'J Biol Chem'
    """
    for form in _FORMS:
        found = form.fullmatch(one.citation)
        if found:
            said = defaultdict(str, {name: value or "" for name, value in found.groupdict().items()})
            names, rest = said["author"], said["rest"]
            if _is_acronym(names):
                names, rest = "", names
            authors = tuple(_author(name) for name in names.split(" and ") if name)
            return Parts(authors, said["year"], said["journal"], said["volume"], said["page"], rest)
    sure = one.year and not _UNSURE.search(one.citation)
    return Parts(year=str(one.year) if sure else "", rest=one.citation)


def bibtex(one: Reference) -> str:
    r"""A reference as a BibTeX entry; a field that was not seen is not there.

    Args:
        one: the reference.

    Returns:
        The entry with a final line break.

    >>> from tamarisk.evidence.reference import references
    >>> print(bibtex(references()["ADAMS2007"]))  # doctest: +ELLIPSIS
    @article{ADAMS2007,
      author = {Adams},
      year = {2007},
      journal = {J Biol Chem},
      volume = {282},
      pages = {6192},
      doi = {10.1074/jbc.M610643200},
      pmid = {17200126},
      pmcid = {PMC1831535},
      annote = {...},
    }
    """
    said, pmc = parts_of(one), _PMC.search(one.other)
    fields = {
        "author": " and ".join(_braced(name) for name in said.authors),
        "year": said.year,
        "journal": _escaped(said.journal),
        "volume": said.volume,
        "pages": said.page,
        "doi": one.doi.replace("{", "%7B").replace("}", "%7D"),
        "pmid": one.pmid,
        "pmcid": pmc[0] if pmc else "",
        "note": _escaped("; ".join(filter(None, (said.rest, "" if pmc else one.other)))),
        "annote": _escaped(one.says),
    }
    kind = "article" if said.journal else "misc"
    lines = (f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@{kind}{{{one.key},\n{''.join(lines)}}}\n"


def ris(one: Reference) -> str:
    r"""A reference as a RIS record; a field that was not seen is not there.

    Args:
        one: the reference.

    Returns:
        The record, lines ended as the format asks.

    >>> from tamarisk.evidence.reference import references
    >>> ris(references()["ADAMS2007"]).splitlines()[:3]
    ['TY  - JOUR', 'ID  - ADAMS2007', 'AU  - Adams']
    """
    return "".join(f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in _ris_lines(one))


def _ris_lines(one: Reference) -> Iterator[tuple[str, str]]:
    said, pmc = parts_of(one), _PMC.search(one.other)
    yield "TY", "JOUR" if said.journal else "GEN"
    yield "ID", one.key
    yield from (("AU", name) for name in said.authors)
    optional = (
        ("PY", said.year),
        ("JO", said.journal),
        ("VL", said.volume),
        ("SP", said.page),
        ("DO", one.doi),
        ("AN", one.pmid),
        ("C2", pmc[0] if pmc else ""),
        *(("UR", address) for address in one.addresses() if address.startswith("https:")),
        ("N1", said.rest),
        ("N1", "" if pmc else one.other),
        ("N1", one.says),
    )
    yield from ((tag, value) for tag, value in optional if value)
    yield "ER", ""


def _is_acronym(name: str) -> bool:
    """Whether a name is that of a trial or a group, as SANDPIPER or SoFEA, whose people were not seen."""
    first = name.partition(" ")[0]
    return sum(map(str.isupper, first)) > sum(map(str.islower, first))


def _author(name: str) -> str:
    """`Lee AV` as `Lee, A. V.`; any other name as it stands."""
    found = _INITIALS.fullmatch(name)
    return f"{found['family']}, {' '.join(f'{letter}.' for letter in found['initials'])}" if found else name


def _braced(name: str) -> str:
    """A family name of several words in braces of its own, so that none is taken for a first name."""
    family, comma, initials = _escaped(name).partition(", ")
    return (f"{{{family}}}" if " " in family else family) + comma + initials


def _escaped(text: str) -> str:
    """Text in which TeX finds no command."""
    return "".join(_SPECIAL.get(sign, sign) for sign in " ".join(text.split()))


FORMS: dict[str, Callable[[Reference], str]] = {"bibtex": bibtex, "ris": ris}
