"""`tamarisk measure template`: example files that the rulers can read. It copies, and knows no science."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from tamarisk.doors.cli.options import Place
from tamarisk.doors.cli.output import print_json
from tamarisk.errors import DataError
from tamarisk.names import resolve
from tamarisk.places import require_new
from tamarisk.tables import CONTENT, Column, read_table

_TEMPLATES = CONTENT / "templates"


@click.command()
@click.argument("kind", required=False, metavar="KIND")
@click.option(
    "--out",
    type=Place(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="Folder for the files; the working folder if left out.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
def command(kind: str | None, out: Path, as_json: bool) -> None:
    """An example file for a ruler, made of invented numbers, and the command that measures it.

    KIND is growth, dose-response, synergy, blot, expression, signature, survival, pool, growth-rate,
    hormesis or potency.

    \b
    Example:
        tamarisk measure template growth
    """
    rows = read_table(_TEMPLATES / "templates.tsv", (Column("kind"), Column("files"), Column("command")))
    known = {row["kind"]: row for row in rows}
    if not kind:
        raise DataError("no ruler is named", where="template", hint=f"choose {', '.join(known)}")
    row = known[resolve(kind, list(known), kind="template")]
    places = [out / name for name in row["files"].split()]
    for place in places:
        require_new(place)
    out.mkdir(parents=True, exist_ok=True)
    for place in places:
        shutil.copyfile(_TEMPLATES / place.name, place)
    if as_json:
        print_json({"files": [str(place) for place in places], "command": row["command"]})
        return
    for place in places:
        click.echo(f"written: {place}")
    click.echo(f"now: {row['command']}")
