"""Studies, effects and trials as entries of one store: what each is about, its words, and it as a record. It seeks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tamarisk.evidence.effect import Effect
from tamarisk.evidence.question import questions
from tamarisk.evidence.reference import Reference
from tamarisk.evidence.study import Study
from tamarisk.evidence.trial import Trial

Entry = Study | Effect | Trial
# The kinds of entries by name; the first is what a user's own file may add.
KINDS: Mapping[str, type[Entry]] = {"study": Study, "effect": Effect, "trial": Trial}
CLINICAL = "clinical"  # the category of every effect and every trial
_LISTS = ("component", "therapy", "recalled")
_REFERENCE = tuple(field.name for field in fields(Reference))
_FIELDS = {name: tuple(field.name for field in fields(one)) for name, one in KINDS.items()}
_COMPUTED = {"study": ("year", "period"), "effect": ("year", "poolable"), "trial": ("year", "poolable")}


def kind_of(one: Entry) -> str:
    """Study, effect or trial.

    >>> from tamarisk.evidence.trial import trials
    >>> kind_of(trials()["T001"])
    'trial'
    """
    return next(name for name, kind in KINDS.items() if isinstance(one, kind))


def components_of(one: Entry) -> tuple[str, ...]:
    """The HGNC symbols that an entry is about; an effect those of its question.

    >>> from tamarisk.evidence.effect import effects
    >>> components_of(effects()["M001"])
    ('PIK3CA',)
    """
    return questions()[one.question].component if isinstance(one, Effect) else one.component


def therapies_of(one: Entry) -> tuple[str, ...]:
    """The treatments of an entry: those that a study is judged under, the setting of an effect, both arms of a trial.

    >>> from tamarisk.evidence.trial import trials
    >>> therapies_of(trials()["T001"])
    ('everolimus + exemestane', 'exemestane')
    """
    if isinstance(one, Study):
        return one.therapy
    arms = (one.setting,) if isinstance(one, Effect) else (one.experimental, one.control)
    return tuple(arm for arm in arms if arm)


def words_of_entry(one: Entry) -> dict[str, str]:
    """The words of an entry, by what they tell; the names are those of a study's columns.

    >>> from tamarisk.evidence.effect import effects
    >>> words_of_entry(effects()["M001"])["perturbation"]
    'PIK3CA mutant against wild type, adjusted'
    """
    shared = {"component": " ".join(components_of(one)), "therapy": "; ".join(therapies_of(one)), "says": one.says}
    shared["citation"] = one.source.citation
    if isinstance(one, Study):
        return shared | {
            name: getattr(one, name) for name in ("perturbation", "model_system", "readout", "category", "direction")
        }
    own = {"readout": one.endpoint, "category": f"{CLINICAL} {kind_of(one)}", "direction": ""}
    if isinstance(one, Effect):
        return shared | own | {"perturbation": one.contrast, "model_system": one.label}
    return shared | own | {"perturbation": one.experimental, "model_system": f"{one.trial}, {one.population}, {one.subgroup}"}


def record(one: Entry) -> dict[str, Any]:
    """An entry with its publication as plain words, lists and numbers.

    Args:
        one: the entry.

    Returns:
        Its kind, every field, those of its publication under `source`, and its year; for a study the period, else whether it is
        poolable.

    >>> from tamarisk.evidence.study import studies
    >>> entry_from(record(studies()["S017"])) == studies()["S017"]
    True
    """
    kind = kind_of(one)
    said = {name: getattr(one, name) for name in (*_FIELDS[kind], *_COMPUTED[kind])}
    lists = {name: list(said[name]) for name in _LISTS if name in said}
    return {"kind": kind, **said, **lists, "source": {name: getattr(one.source, name) for name in _REFERENCE}}


def entry_from(kept: Mapping[str, Any]) -> Entry:
    """The entry of a record.

    Args:
        kept: what `record` gave.
    """
    said = {name: kept[name] for name in _FIELDS[kept["kind"]]}
    lists = {name: tuple(said[name]) for name in _LISTS if name in said}
    return KINDS[kept["kind"]](**said | lists | {"source": Reference(**kept["source"])})
