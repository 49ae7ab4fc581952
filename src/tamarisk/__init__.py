"""Tamarisk: why endocrine therapy fails in these breast-cancer cells, what restores it, how sure that is, and who says so.

>>> import tamarisk as lab
>>> runs = lab.simulate("MCF-7 + PTEN-knockdown", lab.protocol("4OHT=1uM"), until="6d")
>>> runs["doublings"].attrs["unit"]
'doublings'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tamarisk.errors import TamariskError as TamariskError
    from tamarisk.evidence.reference import Reference as Reference
    from tamarisk.evidence.reference import references as references
    from tamarisk.evidence.search import Only as Only
    from tamarisk.evidence.search import search_evidence as search_evidence
    from tamarisk.model.antimony import read_model as read_model
    from tamarisk.model.arrow import arrows as arrows
    from tamarisk.model.arrow import without_arrow as without_arrow
    from tamarisk.model.cohort import Cohort as Cohort
    from tamarisk.model.cohort import cohort as cohort
    from tamarisk.model.cohort_table import read_cohort as read_cohort
    from tamarisk.model.context import Context as Context
    from tamarisk.model.context import contexts as contexts
    from tamarisk.model.context import perturbed as perturbed
    from tamarisk.model.context import read_context as read_context
    from tamarisk.model.model import Model as Model
    from tamarisk.model.model import with_constants as with_constants
    from tamarisk.model.protocol import Protocol as Protocol
    from tamarisk.model.protocol import dose as dose
    from tamarisk.model.protocol import protocol as protocol
    from tamarisk.model.readout import readouts as readouts
    from tamarisk.model.regulon import Regulon as Regulon
    from tamarisk.model.regulon import read_regulon as read_regulon
    from tamarisk.model.sbml import write_sbml as write_sbml
    from tamarisk.model.substance import media as media
    from tamarisk.model.substance import substances as substances
    from tamarisk.simulation.evolution import evolve as evolve
    from tamarisk.simulation.run import simulate as simulate
    from tamarisk.simulation.stream import OnDisk as OnDisk
    from tamarisk.simulation.transcriptome import express as express
    from tamarisk.study.examine import doctor as doctor
    from tamarisk.study.export import export as export
    from tamarisk.study.finding import findings as findings
    from tamarisk.study.pooled_evidence import pool_evidence as pool_evidence
    from tamarisk.study.reproduce import reproduce as reproduce
    from tamarisk.study.reverse import reverse as reverse
    from tamarisk.study.screen import screen as screen

_ROOMS = {
    "TamariskError": "errors",
    "Reference": "evidence.reference",
    "references": "evidence.reference",
    "Only": "evidence.search",
    "search_evidence": "evidence.search",
    "read_model": "model.antimony",
    "arrows": "model.arrow",
    "without_arrow": "model.arrow",
    "Cohort": "model.cohort",
    "cohort": "model.cohort",
    "read_cohort": "model.cohort_table",
    "Context": "model.context",
    "contexts": "model.context",
    "perturbed": "model.context",
    "read_context": "model.context",
    "Model": "model.model",
    "with_constants": "model.model",
    "Protocol": "model.protocol",
    "dose": "model.protocol",
    "protocol": "model.protocol",
    "readouts": "model.readout",
    "Regulon": "model.regulon",
    "read_regulon": "model.regulon",
    "write_sbml": "model.sbml",
    "media": "model.substance",
    "substances": "model.substance",
    "evolve": "simulation.evolution",
    "simulate": "simulation.run",
    "OnDisk": "simulation.stream",
    "express": "simulation.transcriptome",
    "doctor": "study.examine",
    "export": "study.export",
    "findings": "study.finding",
    "pool_evidence": "study.pooled_evidence",
    "reproduce": "study.reproduce",
    "reverse": "study.reverse",
    "screen": "study.screen",
}

__all__ = list(_ROOMS)


def __getattr__(name: str) -> object:
    """Each room is loaded when one of its names is first touched."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'tamarisk' has no attribute '{name}'")
    return getattr(import_module(f"tamarisk.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_ROOMS)
