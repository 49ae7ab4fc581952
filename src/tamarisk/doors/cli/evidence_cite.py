"""`tamarisk evidence cite`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path

import click

from tamarisk.doors.cli.evidence_options import add_option, json_option
from tamarisk.doors.cli.output import print_json, progress_shown


@click.command()
@click.argument("name", metavar="ID")
@click.option("--bibtex", "form", flag_value="bibtex", default="bibtex", help="As BibTeX, which is the default.")
@click.option("--ris", "form", flag_value="ris", help="As RIS, for EndNote, Zotero and others.")
@add_option
@json_option
def command(name: str, form: str, add: tuple[Path, ...], as_json: bool) -> None:
    """The publication of a study, effect, trial or reference's key as BibTeX or RIS; only what was seen of it stands there.

    \b
    Example:
        tamarisk evidence cite S017 --ris
        tamarisk evidence cite GHAYAD2008 --bibtex
    """
    from tamarisk.evidence.cite import FORMS
    from tamarisk.evidence.search import find_reference

    with progress_shown("evidence") as progress:
        one = find_reference(name, add=add, progress=progress)
    said = FORMS[form](one)
    if as_json:
        print_json({"reference": one.key, form: said})
    else:
        click.echo(said, nl=False)
