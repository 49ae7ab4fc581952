"""How a study changed its component, read from the words for it. It knows words, not what came out."""

from __future__ import annotations

import re

# How a perturbation acts on its component; the word that comes first decides, and a marker that is only named counts as raised.
_MANNERS = {
    "lost": re.compile(r"\bloss\b|\blost\b|delet|\blittle\b|\bno\b|knock-?(?:down|out)|reduced|without"),
    "inhibited": re.compile(
        r"inhibit|blockade|antibody|dominant-negative|\w{3,}(?:ib|imus|mab)\b|\w+rapamycin|rapamycin|\b[A-Z]{2,4}-?\d{3,}"
    ),
    "raised": re.compile(r"\bactive\b|activation|\bmuch\b|amplif|\bhigh\b|transgen|mutation"),
}


def manner(perturbation: str) -> str:
    """Whether a perturbation raises, inhibits or removes its component, read from its words.

    >>> [manner(words) for words in ("everolimus", "no PTEN", "active SRC against dominant-negative SRC", "p-mTOR S2448")]
    ['inhibited', 'lost', 'raised', 'raised']
    """
    places = {name: found.start() for name, pattern in _MANNERS.items() if (found := pattern.search(perturbation))}
    return min(places, key=lambda name: places[name]) if places else "raised"
