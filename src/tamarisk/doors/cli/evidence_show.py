"""`tamarisk evidence show`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamarisk.doors.cli.evidence_options import add_option, json_option
from tamarisk.doors.cli.output import print_json, print_table, progress_shown

if TYPE_CHECKING:
    from tamarisk.evidence.study import Study

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
    """One study as a card: what was done to what, what came out, and where that was seen.

    \b
    Example:
        tamarisk evidence show S017
    """
    from tamarisk.evidence.exchange import record
    from tamarisk.evidence.search import find_study

    with progress_shown("evidence") as progress:
        one = find_study(name, add=add, progress=progress)
    if as_json:
        print_json({"study": record(one)})
    else:
        rows = [[label, said] for label, said in _card(one) if said]
        print_table(f"{one.id}: {one.source.citation}", ("", ""), rows)


def _card(one: Study) -> list[tuple[str, str]]:
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
        ("seen", f"{one.seen}: {one.where}"),
        *(("address", address) for address in one.source.addresses() if address.startswith("https:")),
        ("reference", one.reference),
    ]


def _number(one: Study) -> str:
    """The estimate with its interval and in words what it is, empty where none was seen."""
    from tamarisk.evidence.interval import MEASURES, RATIOS

    if one.estimate is None:
        return ""
    value = f"{one.measure} {one.estimate:g}" if one.measure in RATIOS else f"{one.estimate:g} {one.measure}"
    level = f"{100 * one.level:g} % interval " if one.level is not None else ""
    interval = f" ({level}{one.low:g} to {one.high:g})" if one.low is not None and one.high is not None else ""
    return f"{value}{interval}, {MEASURES[one.measure][0]}"


def _compared(one: Study) -> str:
    """What the estimate compares, in words; empty where there is none."""
    what, _, counted = one.contrast.partition(", ")
    return ", by ".join(filter(None, (_COMPARED.get(what, ""), counted)))
