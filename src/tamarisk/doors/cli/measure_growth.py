"""`tamarisk measure growth`: parse, library calls, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import files_argument, layout, layout_options, paper, paper_options, said, unit_options
from tamarisk.doors.cli.measure_output import deliver
from tamarisk.doors.cli.options import Place

if TYPE_CHECKING:
    from tamarisk.measurement.measured import Measured
    from tamarisk.study.figure import Panel

MAP_HELP = "A grid that says what each well held, as 4OHT=100nM or vehicle."


@click.command()
@files_argument
@click.option("--map", "plate_map", type=Place(path_type=Path), default=None, metavar="FILE", help=MAP_HELP)
@layout_options
@unit_options
@paper_options
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], plate_map: Path | None, **options: Any) -> None:
    """Doublings of every condition, how many fewer than untreated, and GR where the untreated cells grow.

    A FILE is a long table of counts (GR case A or C), stacked plate grids each under its time, or an Incucyte text export;
    several files are several experiments. Wells are averaged: n counts experiments.

    \b
    Example:
        tamarisk measure growth growth.csv
        tamarisk measure growth plate.csv --map map.csv --report growth.html
    """
    place = paper(ctx, options)
    from tamarisk.measurement.growth_table import growth_of
    from tamarisk.measurement.measured import with_warnings
    from tamarisk.measurement.plate import gathered, read_counts

    tables = [read_counts(path, plate_map=plate_map, said=said(options)) for path in files]
    notes = [words for table in tables for words in table.warnings]
    measured = with_warnings(growth_of(gathered(tables), layout=layout(options), level=options["level"]), notes)
    deliver("growth", measured, [table.source for table in tables], _panels(measured), place)


def _panels(measured: Measured) -> list[Panel]:
    from tamarisk.study.figure import Axis, Bars

    panels: list[Panel] = []
    for number, level, unit in (("doublings", None, "doublings"), ("GR", 1.0, "GR (1 is no effect, 0 full arrest)")):
        found = [one for one in measured.results if one.name == number]
        if found:
            names, values = tuple(one.of for one in found), tuple(one.estimate.value for one in found)
            panels.append(Bars(f"{number} of each condition", Axis(unit), names, ((number, values),), level=level))
    return panels
