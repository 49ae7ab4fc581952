"""What stands behind each reaction of the model: publications, studies, or the word assumed. It knows no equations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tamarisk.evidence.reference import Reference, by_address
from tamarisk.evidence.study import Study, studies
from tamarisk.model.model import Model

Standing = Literal["evidence", "assumed", "neither"]


@dataclass(frozen=True, slots=True)
class Support:
    """One reaction and who says so.

    Attributes:
        reaction: its name in the model.
        sources: the publications that its annotation names, in its order, each once.
        studies: the rows of the store that come from these publications.
        assumed: whether the model marks it as assumed.
        lost: addresses of its annotation that the store cannot answer for.
    """

    reaction: str
    sources: tuple[Reference, ...]
    studies: tuple[Study, ...]
    assumed: bool
    lost: tuple[str, ...]

    @property
    def standing(self) -> Standing:
        """Whether it rests on evidence, is assumed, or neither is said."""
        return "evidence" if self.sources else "assumed" if self.assumed else "neither"

    @property
    def categories(self) -> Mapping[str, int]:
        """How many of its publications are of each category, the most frequent first."""
        return dict(Counter(one.category for one in self.sources).most_common())

    @property
    def seen(self) -> Mapping[str, int]:
        """How many of its publications were seen in full, as abstract, and so on."""
        return dict(Counter(one.seen for one in self.sources).most_common())


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every reaction of a model with its support.

    Attributes:
        reactions: those on most publications first, those assumed last.
        cited: keys of the publications that reactions and rules cite, sorted.
        lost: addresses that the store cannot answer for, of reactions and rules.
        uncited: studies of the store that no reaction or rule cites, by id.
    """

    reactions: tuple[Support, ...]
    cited: tuple[str, ...]
    lost: tuple[str, ...]
    uncited: tuple[str, ...]

    def count(self, standing: Standing) -> int:
        """How many reactions stand so."""
        return sum(one.standing == standing for one in self.reactions)

    @property
    def share(self) -> float:
        """The share of reactions that carry evidence or the word assumed."""
        return 1.0 - self.count("neither") / len(self.reactions)


def coverage(model: Model) -> Coverage:
    """The support of every reaction, and how the model and the store agree.

    Args:
        model: the model; its annotations are read.

    Returns:
        The reactions by support, what is cited, and what only one of the two has.

    References: [@LENOVERE2005].

    >>> from tamarisk.model.antimony import read_model
    >>> found = coverage(read_model())
    >>> found.share, found.lost
    (1.0, ())
    """
    rows: dict[str, list[Study]] = {}
    for study in studies().values():
        rows.setdefault(study.reference, []).append(study)
    supports = [_support(one.id, one.references, one.assumed, rows) for one in model.reactions]
    behind = [*supports, *(_support(one.id, one.references, False, rows) for one in model.rules)]
    cited = {source.key for one in behind for source in one.sources}
    return Coverage(
        tuple(sorted(supports, key=lambda one: (-len(one.sources), one.standing, one.reaction))),
        tuple(sorted(cited)),
        tuple(sorted({address for one in behind for address in one.lost})),
        tuple(study.id for key, some in rows.items() if key not in cited for study in some),
    )


def _support(name: str, addresses: tuple[str, ...], assumed: bool, rows: Mapping[str, list[Study]]) -> Support:
    sources = dict.fromkeys(by_address()[address] for address in addresses if address in by_address())
    found = tuple(study for source in sources for study in rows.get(source.key, ()))
    return Support(name, tuple(sources), found, assumed, tuple(one for one in addresses if one not in by_address()))
