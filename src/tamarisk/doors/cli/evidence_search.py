"""`tamarisk evidence search`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamarisk.doors.cli.evidence_options import add_option, json_option
from tamarisk.doors.cli.output import print_json, print_table, progress_shown

if TYPE_CHECKING:
    from tamarisk.evidence.entry import Entry
    from tamarisk.evidence.search import Found


@click.command()
@click.argument("text", nargs=-1, metavar="[WORDS ...]")
@click.option("--component", default="", metavar="GENE", help="Only what is about this gene, as PTEN or HER2.")
@click.option("--category", default="", metavar="NAME", help="Only cell line, animal, clinical or another category.")
@click.option(
    "--direction", default="", metavar="NAME", help="Only studies with resistance, agonism, sensitivity, reversal, none or mixed."
)
@click.option("--therapy", default="", metavar="NAME", help="Only what was seen under this treatment, as fulvestrant.")
@click.option("--year", default="", metavar="YEAR[-YEAR]", help="Only publications of these years, as 2001-2010.")
@add_option
@click.option("--limit", default=20, show_default=True, metavar="N", type=click.IntRange(min=0), help="How many to give.")
@json_option
def command(
    text: tuple[str, ...],
    component: str,
    category: str,
    direction: str,
    therapy: str,
    year: str,
    add: tuple[Path, ...],
    limit: int,
    as_json: bool,
) -> None:
    """Studies, effects and trials that hold all words, best match first; genes and drugs are found by all their names.

    \b
    Example:
        tamarisk evidence search "PTEN tamoxifen"
        tamarisk evidence search everolimus --category clinical --year 2009-2020
    """
    from tamarisk.evidence.entry import record
    from tamarisk.evidence.search import Only, search_evidence

    only = Only(component=component, category=category, direction=direction, therapy=therapy, year=year)
    with progress_shown("evidence") as progress:
        found = search_evidence(" ".join(text), only=only, add=add, limit=limit, progress=progress)
    if as_json:
        print_json({"total": found.total, "ranked": found.ranked, "found": [record(one) for one in found.entries]})
    else:
        _print(found)


def _print(found: Found) -> None:
    if not found.total:
        click.echo("nothing holds all of that; leave out a word or an option")
        return
    if found.entries:
        print_table(
            "found", ("id", "kind", "who", "category", "direction, ratio", "what came out"), [_row(one) for one in found.entries]
        )
    more = f"; --limit {found.total} gives all" if len(found.entries) < found.total else ""
    first = f"; read one with: tamarisk evidence show {found.entries[0].id}" if found.entries else ""
    click.echo(f"{len(found.entries)} of {found.total}{more}{first}")
    if found.total > len(found.entries) and not found.ranked:
        click.echo("in the order of the tables, for so many have no best match; add a word or an option")


def _row(one: Entry) -> list[str]:
    from tamarisk.evidence.effect import Effect
    from tamarisk.evidence.entry import CLINICAL, kind_of
    from tamarisk.evidence.study import Study

    author, year, _ = one.source.citation.partition(str(one.year))
    who = f"{author.rstrip(' (')} {year}".rstrip()
    flag = " (recalled, not seen)" if one.seen == "recalled" else ""
    if isinstance(one, Study):
        return [one.id, kind_of(one), who, one.category, one.direction, one.says + flag]
    about = one.contrast if isinstance(one, Effect) else ", ".join(filter(None, (one.trial, one.subgroup)))
    number = f"{one.measure} {one.estimate:.2f}" if one.estimate is not None else ""
    return [one.id, kind_of(one), who, CLINICAL, number, f"{about}: {one.says}{flag}"]
