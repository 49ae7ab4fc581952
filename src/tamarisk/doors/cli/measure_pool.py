"""`tamarisk measure pool`: parse, library calls, print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tamarisk.doors.cli.measure_options import paper, paper_options, said
from tamarisk.doors.cli.measure_output import deliver
from tamarisk.doors.cli.options import Place

_MEASURES = click.Choice(["HR", "OR", "RR", "difference"])


@click.command()
@click.argument("file", metavar="FILE", type=Place(path_type=Path))
@click.option("--measure", type=_MEASURES, default=None, help="What the effects are, if the header lacks it.")
@click.option("--method", type=click.Choice(["REML", "DL", "PM"]), default="REML", show_default=True, help="For tau squared.")
@click.option(
    "--spread",
    type=click.Choice(["Hartung-Knapp", "normal"]),
    default="Hartung-Knapp",
    show_default=True,
    help="How intervals of the pooled effect are made.",
)
@click.option("--column", "columns", multiple=True, metavar="NAME=HEADER", help="As low=L95; may repeat.")
@paper_options
@click.pass_context
def command(ctx: click.Context, /, file: Path, measure: str | None, **options: Any) -> None:
    """One answer from several studies: random and fixed effect, prediction, heterogeneity, and the mean without each study.

    FILE has a study in each row: study, its effect in a column HR, OR, RR or difference, and low and high of its 95 % interval;
    instead of these a difference may have se, and a ratio log_se. Pool studies of one kind only.

    \b
    Example:
        tamarisk measure pool pool.csv
    """
    place = paper(ctx, options)
    from tamarisk.measurement.pool_table import pool_of, read_effects

    effects = read_effects(file, measure=measure or "", said=said(options))
    measured = pool_of(effects, method=options["method"], spread=options["spread"], level=options["level"])
    deliver("pool", measured, [effects.source], (), place)
