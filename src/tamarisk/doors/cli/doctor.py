"""`tamarisk doctor`: parse, one library call, print."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from tamarisk.doors.cli.options import chosen_model, model_option
from tamarisk.doors.cli.output import print_json, print_table


@click.command()
@model_option
@click.option("--engine", is_flag=True, help="Examine the engine on this processor instead.")
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
@click.pass_context
def command(ctx: click.Context, model_folder: Path | None, engine: bool, as_json: bool) -> None:
    """Whether this machine and this copy of Tamarisk are all right; exit code 1 if not.

    \b
    Example:
        tamarisk doctor
    """
    if engine:
        from tamarisk.study.examine_engine import engine_doctor

        found = engine_doctor()
    else:
        from tamarisk.study.examine import doctor

        found = doctor(chosen_model(model_folder))
    if as_json:
        print_json({"examinations": [dataclasses.asdict(one) for one in found]})
    else:
        rows = [[one.name, "all right" if one.passed else "not right", one.found] for one in found]
        print_table("Examination", ["part", "", "found"], rows)
    ctx.exit(0 if all(one.passed for one in found) else 1)
