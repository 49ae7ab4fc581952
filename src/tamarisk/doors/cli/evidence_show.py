"""`tamarisk evidence show`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamarisk.doors.cli.evidence_options import add_option, json_option
from tamarisk.doors.cli.output import print_json, print_table, progress_shown
from tamarisk.errors import UnknownNameError

if TYPE_CHECKING:
    from tamarisk.evidence.effect import Effect
    from tamarisk.evidence.entry import Entry
    from tamarisk.evidence.study import Study
    from tamarisk.evidence.trial import Trial

Card = list[tuple[str, str]]
_COMPARED = {
    "marker": "more of the marker with less",
    "therapy": "the therapy with none, or with another",
    "interaction": "the effect of the therapy with the marker and without",
    "level": "nothing: what one group showed",
}


@click.command()
@click.argument("name", metavar="ID")
@add_option
@json_option
def command(name: str, add: tuple[Path, ...], as_json: bool) -> None:
    """One study, effect, trial or claim as a card: what was done, what came out, and where that was seen.

    \b
    Example:
        tamarisk evidence show S017
        tamarisk evidence show R10
    """
    from tamarisk.evidence.entry import kind_of, record
    from tamarisk.evidence.search import find_entry

    try:
        with progress_shown("evidence") as progress:
            one = find_entry(name, add=add, progress=progress)
    except UnknownNameError:
        if not _shown_as_claim(name, as_json=as_json):
            raise
        return
    if as_json:
        print_json({kind_of(one): record(one)})
    else:
        rows = [[label, said] for label, said in _card(one) if said]
        print_table(f"{one.id}: {one.source.citation}", ("", ""), rows)


def _shown_as_claim(name: str, *, as_json: bool) -> bool:
    """Show the claim of that name, if there is one."""
    from tamarisk.doors.cli.evidence_claims import claim_record, print_claim
    from tamarisk.study.claim import claims, judge

    claim = claims().get(name.upper())
    if claim is not None and as_json:
        print_json({"claim": claim_record(judge(claim))})
    elif claim is not None:
        print_claim(judge(claim))
    return claim is not None


def _card(one: Entry) -> Card:
    from tamarisk.evidence.effect import Effect
    from tamarisk.evidence.study import Study

    own = _of_study(one) if isinstance(one, Study) else _of_effect(one) if isinstance(one, Effect) else _of_trial(one)
    return [
        *own,
        ("seen", f"{one.seen}: {one.where}"),
        *(("address", address) for address in one.source.addresses() if address.startswith("https:")),
        ("reference", one.reference),
    ]


def _of_study(one: Study) -> Card:
    from tamarisk.evidence.study import DIRECTIONS

    return [
        ("what came out", one.says),
        ("direction", f"{one.direction}: {DIRECTIONS[one.direction]}"),
        ("number", _number(one)),
        ("compares", _compared(one)),
        ("category", one.category),
        ("in", ", ".join(filter(None, (one.model_system, one.n and f"n = {one.n}")))),
        ("component", ", ".join(one.component)),
        ("perturbation", one.perturbation),
        ("therapy", ", ".join(one.therapy)),
        ("readout", one.readout),
    ]


def _of_effect(one: Effect) -> Card:
    from tamarisk.evidence.effect import ROLES

    return [
        ("effect", f"{one.label}: {one.contrast}"),
        ("number", _number(one)),
        ("follows from", _origin(one)),
        ("what to know", one.says),
        *_asked(one),
        ("role there", f"{one.role}: {ROLES[one.role]}"),
        ("in", ", ".join(filter(None, (one.setting, one.n and f"n = {one.n}")))),
        ("endpoint", one.endpoint),
    ]


def _of_trial(one: Trial) -> Card:
    from tamarisk.evidence.trial import PRIOR, ROLES

    counts = " and ".join(str(count) for count in (one.n_experimental, one.n_control) if count)
    medians = " and ".join(f"{median:g}" for median in (one.median_experimental, one.median_control) if median is not None)
    return [
        ("trial", f"{one.trial}, phase {one.phase}" if one.phase.isdecimal() else f"{one.trial}, {one.phase}"),
        ("what came out", one.says),
        ("number", _number(one)),
        ("error from", f"two-sided p = {one.p}" if one.p is not None else ""),
        ("compares", f"{one.experimental} with {one.control}" if one.control else f"nothing: {one.experimental} alone"),
        ("in", ", ".join(filter(None, (one.population, one.subgroup, counts and f"n = {counts}")))),
        ("escaped before", f"{one.prior_resistance}: {PRIOR[one.prior_resistance]}"),
        ("endpoint", one.endpoint + (f", medians {medians} months" if medians else "")),
        ("component", ", ".join(one.component)),
        *_asked(one),
        ("role there", f"{one.role}: {ROLES[one.role]}"),
        ("recalled", ", ".join(one.recalled)),
    ]


def _asked(one: Effect | Trial) -> Card:
    """The question that it is pooled for, if there is one."""
    from tamarisk.evidence.question import questions

    return [("question", f"{one.question}: {questions()[one.question].text}")] if one.question else []


def _origin(one: Effect) -> str:
    """What the number and its error follow from, where they were not printed as they stand."""
    sources = {"p": f"two-sided p = {one.p}", "strata": f"both effects, {one.strata}", "counts": f"counts, {one.counts}"}
    return sources.get(one.standard_error_source, "")


def _number(one: Entry) -> str:
    """The estimate with its interval and in words what it is, empty where none was seen."""
    from tamarisk.evidence.interval import MEASURES, RATIOS

    if one.estimate is None:
        return ""
    value = f"{one.measure} {one.estimate:.4g}" if one.measure in RATIOS else f"{one.estimate:g} {one.measure}"
    level = f"{100 * one.level:g} % interval " if one.level is not None else ""
    interval = f" ({level}{one.low:g} to {one.high:g})" if one.low is not None and one.high is not None else ""
    return f"{value}{interval}, {MEASURES[one.measure][0]}"


def _compared(one: Study) -> str:
    """What the estimate compares, in words; empty where there is none."""
    counted, _, what = one.contrast.rpartition(" by ")
    return ", by ".join(filter(None, (_COMPARED.get(what, ""), counted)))
