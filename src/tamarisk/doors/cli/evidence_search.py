"""`tamarisk evidence search`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamarisk.doors.cli.evidence_options import add_option, json_option
from tamarisk.doors.cli.output import print_json, print_table, progress_shown

if TYPE_CHECKING:
    from tamarisk.evidence.search import Found
    from tamarisk.evidence.study import Study


@click.command()
@click.argument("text", nargs=-1, metavar="[WORDS ...]")
@click.option("--component", default="", metavar="GENE", help="Only studies of this gene, as PTEN or HER2.")
@click.option("--category", default="", metavar="NAME", help="Only cell line, animal, clinical or another category.")
@click.option("--direction", default="", metavar="NAME", help="Only resistance, agonism, sensitivity, reversal, none or mixed.")
@click.option("--therapy", default="", metavar="NAME", help="Only studies under this treatment, as fulvestrant.")
@click.option("--year", default="", metavar="YEAR[-YEAR]", help="Only publications of these years, as 2001-2010.")
@add_option
@click.option("--limit", default=20, show_default=True, metavar="N", type=click.IntRange(min=0), help="How many studies to give.")
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
    """Studies in which all words stand, best match first; genes and drugs are found under their other names too.

    \b
    Example:
        tamarisk evidence search "PTEN tamoxifen"
        tamarisk evidence search everolimus --category clinical --year 2009-2020
    """
    from tamarisk.evidence.exchange import record
    from tamarisk.evidence.search import Only, search_evidence

    only = Only(component=component, category=category, direction=direction, therapy=therapy, year=year)
    with progress_shown("evidence") as progress:
        found = search_evidence(" ".join(text), only=only, add=add, limit=limit, progress=progress)
    if as_json:
        print_json({"total": found.total, "studies": [record(one) for one in found.studies]})
    else:
        _print(found)


def _print(found: Found) -> None:
    if not found.total:
        click.echo("no study holds all of that; leave out a word or an option")
        return
    if found.studies:
        print_table("studies", ("id", "who", "category", "direction", "what came out"), [_row(one) for one in found.studies])
    more = f"; --limit {found.total} gives all" if len(found.studies) < found.total else ""
    first = f"; read one with: tamarisk evidence show {found.studies[0].id}" if found.studies else ""
    click.echo(f"{len(found.studies)} of {found.total} studies{more}{first}")


def _row(one: Study) -> list[str]:
    author, year, _ = one.source.citation.partition(str(one.year))
    who = f"{author.rstrip(' (')} {year}".rstrip()
    flag = " (recalled, not seen)" if one.seen == "recalled" else ""
    return [one.id, who, one.category, one.direction, one.says + flag]
