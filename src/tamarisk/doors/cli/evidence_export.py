"""`tamarisk evidence export`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path

import click

from tamarisk.doors.cli.evidence_options import add_option, json_option
from tamarisk.doors.cli.options import Place
from tamarisk.doors.cli.output import print_json, progress_shown
from tamarisk.errors import DataError

TABLES = {"studies": "study", "effects": "effect", "trials": "trial"}  # their kinds by name


@click.command()
@click.option("--csv", "forms", flag_value="csv", multiple=True, help="A table as comma-separated text.")
@click.option("--parquet", "forms", flag_value="parquet", multiple=True, help="A typed table; needs tamarisk[parquet].")
@click.option("--jsonld", "forms", flag_value="jsonld", multiple=True, help="Linked data in the terms of schema.org and ours.")
@click.option("--out", type=Place(path_type=Path, dir_okay=False), required=True, metavar="FILE", help="The new file.")
@click.option(
    "--table",
    type=click.Choice(list(TABLES)),
    default="studies",
    show_default=True,
    help="Which: what came out, the numbers that can be pooled, or the trials.",
)
@add_option
@json_option
def command(forms: tuple[str, ...], out: Path, table: str, add: tuple[Path, ...], as_json: bool) -> None:
    """Every study, effect or trial with its publication, as one new file.

    \b
    Example:
        tamarisk evidence export --csv --out studies.csv
        tamarisk evidence export --table trials --csv --out trials.csv
    """
    from tamarisk.evidence.entry import kind_of
    from tamarisk.evidence.exchange import write_entries
    from tamarisk.evidence.search import search_evidence

    if len(forms) != 1:
        raise DataError("one form is needed", where="export", hint="give --csv, --parquet or --jsonld")
    with progress_shown("evidence") as progress:
        every = search_evidence(add=add, limit=None, progress=progress).entries
    found = [one for one in every if kind_of(one) == TABLES[table]]
    written = write_entries(found, out, form=forms[0], kind=TABLES[table])
    if as_json:
        print_json({"written": str(written), table: len(found)})
    else:
        click.echo(f"written: {written} ({len(found)} {table})")
