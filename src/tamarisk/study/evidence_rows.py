"""Who says so: R12. It knows the question, not the studies."""

from __future__ import annotations

from collections import Counter

from tamarisk.evidence.reference import by_address, references
from tamarisk.study.figure import Axis, Bars
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Laboratory


def publications(lab: Laboratory, test: Finding) -> Reading:
    """R12: what stands behind the model now, by category and by reaction."""
    del test
    reactions = lab.solver.model.reactions
    supported = [one for one in reactions if one.references]
    cited = {by_address()[address].key for one in supported for address in one.references if address in by_address()}
    counts = Counter(references()[key].category for key in sorted(cited))
    categories = tuple(sorted(counts, key=lambda name: (-counts[name], name)))
    share = len(supported) / len(reactions)
    said = ", ".join(f"{counts[name]} {name}" for name in categories)
    return Reading(
        share,
        "share",
        None,
        f"{len(supported)} of {len(reactions)} reactions rest on {len(cited)} references ({said}); the rest are marked assumed",
        covers="a count: no interval",
        numbers=(
            Figure("reactions with a publication", float(len(supported)), "reactions"),
            Figure("reactions marked assumed", float(len(reactions) - len(supported)), "reactions"),
            *(Figure(f"references of category {name}", float(counts[name]), "references") for name in categories),
        ),
        panels=(
            Bars(
                "References behind the model",
                Axis("references"),
                categories,
                (("cited", tuple(float(counts[name]) for name in categories)),),
            ),
        ),
    )
