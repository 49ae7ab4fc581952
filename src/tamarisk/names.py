"""Names as people type them. It knows how names resemble each other, not what they mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from tamarisk.errors import UnknownNameError

_GREEK = str.maketrans({"α": "a", "β": "b", "κ": "k", "µ": "u", "μ": "u"})


def plain(name: str) -> str:
    """A name without case, blanks, dashes and Greek letters: what two spellings of one thing share.

    >>> plain("MCF-7 / HER2-18") == plain("mcf7her2_18")
    True
    """
    return "".join(letter for letter in name.translate(_GREEK).casefold() if letter.isalnum())


def nearest(name: str, known: Iterable[str], *, count: int = 3) -> list[str]:
    """The known names that look most like a given one, best first; none if nothing comes near.

    >>> nearest("fulvestrnat", ["fulvestrant", "rapamycin"])
    ['fulvestrant']
    """
    spelled = {plain(candidate): candidate for candidate in known}
    return [spelled[match] for match in difflib.get_close_matches(plain(name), list(spelled), n=count, cutoff=0.6)]


def resolve(name: str, known: Mapping[str, str] | Iterable[str], *, kind: str, where: str = "") -> str:
    """The official spelling of a name, whatever its case, dashes and blanks.

    Args:
        name: what the user typed.
        known: official names, or aliases mapped to official names.
        kind: what is being named, for the error ("drug", "context", ...).
        where: the place that carries the name, for the error.

    Returns:
        The official name.

    Raises:
        UnknownNameError: nothing is spelled like that; the nearest names are offered.

    >>> resolve("mcf7", ["MCF-7", "T47D"], kind="context")
    'MCF-7'
    """
    aliases = dict(known) if isinstance(known, Mapping) else {official: official for official in known}
    if name in aliases:
        return aliases[name]
    spelled = {plain(alias): official for alias, official in aliases.items()}
    if plain(name) in spelled:
        return spelled[plain(name)]
    offers = list(dict.fromkeys(aliases[alias] for alias in nearest(name, aliases)))
    hint = f"did you mean {_either(offers)}?" if offers else f"known: {', '.join(dict.fromkeys(aliases.values()))}"
    raise UnknownNameError(f"no {kind} '{name}'", where=where, hint=hint)


def _either(offers: list[str]) -> str:
    quoted = [f"'{offer}'" for offer in offers]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
