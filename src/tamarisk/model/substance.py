"""Drugs, hormones and ligands by their usual names, and culture media. It knows what is added to cells, not when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tamarisk.names import resolve
from tamarisk.tables import CONTENT, Column, read_table
from tamarisk.units import concentration_nM, fold


@dataclass(frozen=True, slots=True)
class Substance:
    """Something that can be added to the medium.

    Attributes:
        name: its usual name.
        constant: the model's constant it sets.
        kind: drug, hormone, ligand or nutrient.
        target: what it binds.
        action: what that does, in a sentence.
        dose: a usual dose in culture, as text with unit.
        status: whether the potency in the model is seen, derived or prior.
        source: who says so.
    """

    name: str
    constant: str
    kind: str
    target: str
    action: str
    dose: str
    status: str
    source: str

    def amount(self, text: str, *, where: str = "") -> float:
        """A dose as the model counts it: nM, or a multiple of the standard amount for nutrients.

        Raises:
            UnitError: no number, no unit, a wrong unit or a negative value.
        """
        return fold(text, where=where) if self.kind == "nutrient" else concentration_nM(text, where=where)


@dataclass(frozen=True, slots=True)
class Medium:
    """What cells are kept in.

    Attributes:
        name: its name.
        constants: hormones, ligands and nutrients it holds, as the model counts them.
        meaning: what it stands for in the laboratory.
    """

    name: str
    constants: Mapping[str, float]
    meaning: str


_SUBSTANCES = tuple(
    Column(name) for name in ("name", "aliases", "constant", "kind", "target", "action", "dose", "status", "source")
)
_MEDIA = tuple(Column(name) for name in ("medium", "substance", "amount", "status", "source", "meaning"))


@cache
def substances() -> Mapping[str, Substance]:
    """Every drug, hormone, ligand and nutrient the model knows, by name.

    >>> substances()["4OHT"].target
    'ERα (ESR1)'
    """
    rows = read_table(CONTENT / "drugs.tsv", [Column(one.name, required=one.name != "aliases") for one in _SUBSTANCES])
    fields = ("name", "constant", "kind", "target", "action", "dose", "status", "source")
    return {row["name"]: Substance(*(row[field] for field in fields)) for row in rows}


def substance(name: str, *, where: str = "") -> Substance:
    """A substance by any of its names.

    Args:
        name: a usual name, whatever its case and dashes.
        where: the place that carries it, for the error.

    Raises:
        UnknownNameError: nobody has heard of it; the nearest names are offered.

    >>> substance("4-hydroxytamoxifen").name
    '4OHT'
    """
    return substances()[resolve(name, _aliases(), kind="drug", where=where)]


@cache
def media() -> Mapping[str, Medium]:
    """Every culture medium, by name.

    >>> media()["E2"].constants["E2"]
    1.0
    """
    rows = read_table(CONTENT / "media.tsv", _MEDIA)
    found: dict[str, Medium] = {}
    for row in rows:
        entry = substance(row["substance"], where="media.tsv")
        earlier = found.get(row["medium"], Medium(row["medium"], {}, row["meaning"]))
        amounts = {**earlier.constants, entry.constant: entry.amount(row["amount"], where="media.tsv")}
        found[row["medium"]] = Medium(row["medium"], amounts, row["meaning"])
    return found


def medium(name: str, *, where: str = "") -> Medium:
    """A culture medium by name.

    Raises:
        UnknownNameError: no medium is called so; the nearest names are offered.

    >>> medium("full serum").name
    'full serum'
    """
    return media()[resolve(name, tuple(media()), kind="medium", where=where)]


@cache
def _aliases() -> Mapping[str, str]:
    rows = read_table(CONTENT / "drugs.tsv", [Column(one.name, required=one.name != "aliases") for one in _SUBSTANCES])
    names = {row["name"]: row["name"] for row in rows}
    return names | {alias.strip(): row["name"] for row in rows for alias in row["aliases"].split(";") if alias.strip()}
