"""`tamarisk export`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path

import click

from tamarisk.doors.cli.options import Place, chosen_model, context_option, model_option
from tamarisk.doors.cli.output import print_json
from tamarisk.errors import ProtocolError


@click.command()
@context_option
@click.option(
    "--sbml",
    type=Place(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Write SBML L3V2, settled and annotated.",
)
@click.option(
    "--antimony",
    type=Place(path_type=Path, file_okay=False),
    default=None,
    metavar="DIR",
    help="Write the modules and the parameter table.",
)
@model_option
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
def command(context: str, sbml: Path | None, antimony: Path | None, model_folder: Path | None, as_json: bool) -> None:
    """The model as SBML of one context, or as Antimony modules to edit and run with --model.

    \b
    Example:
        tamarisk export --context MCF7-TamR --sbml tamr.xml
    """
    from tamarisk.model.context import read_context
    from tamarisk.study.export import export, export_modules, planned_modules

    if sbml is None and antimony is None:
        raise ProtocolError("nothing to write", hint="give --sbml FILE or --antimony DIR")
    model, cells = chosen_model(model_folder), read_context(context)
    if antimony:
        planned_modules(antimony, source=model_folder)  # refused, if it must be, before the other file is written
    written = [export(sbml, context=cells, model=model)] if sbml else []
    written += export_modules(antimony, source=model_folder) if antimony else []
    if as_json:
        print_json({"written": [str(path) for path in written]})
    else:
        for path in written:
            click.echo(path)
