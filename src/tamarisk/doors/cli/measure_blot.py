"""`tamarisk measure blot`: parse, library calls, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import column_option, files_argument, paper, paper_options, said
from tamarisk.doors.cli.measure_output import bars, deliver
from tamarisk.errors import DataError

if TYPE_CHECKING:
    from tamarisk.measurement.measured import Measured
    from tamarisk.study.figure import Panel

_RANGE_HELP = "Lowest and highest density that a dilution series showed to be linear."


@click.command()
@files_argument
@click.option("--control", required=True, metavar="NAME", help="The condition to compare with.")
@click.option("--linear-range", required=True, metavar="LOW:HIGH", help=_RANGE_HELP)
@click.option("--phospho", default="", metavar="NAME", help="Column or band of the phospho-protein, if not called so.")
@click.option("--total", default="", metavar="NAME", help="Column or band of the total protein, if not called so.")
@click.option("--load", default="", metavar="NAME", help="Column or band of the loading control, if not called so.")
@column_option("condition=lane")
@paper_options
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], control: str, linear_range: str, **options: Any) -> None:
    """Phospho per total, phospho per load and total per load of every condition, compared with the control on each blot.

    A FILE has columns blot, condition, phospho, total and load, or blot, condition, band and density. A blot is one biological
    replicate; of several files, one without a column blot is one. Bands outside the linear range are refused. Without a phospho
    band total per load is told alone.

    \b
    Example:
        tamarisk measure blot blot.csv --control vehicle --linear-range 0.5:60
        tamarisk measure blot may.csv june.csv july.csv --control vehicle --linear-range 0.5:60 --column condition=lane
    """
    place = paper(ctx, options)
    from tamarisk.measurement.blot_lanes import read_blots
    from tamarisk.measurement.blot_table import folds_of

    bands = {band: options[band] for band in ("phospho", "total", "load")}
    columns = said(options).columns
    blots, sources = read_blots(files, linear_range=_range(linear_range), bands=bands, columns=columns)
    measured = folds_of(blots, control=control, level=options["level"])
    deliver("blot", measured, sources, _panels(measured), place)


def _range(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise DataError(f"'{text}' is no range", where="linear range", hint="write it as 0.5:60") from None
    return low, high


def _panels(measured: Measured) -> list[Panel]:
    groups = list(dict.fromkeys(one.of for one in measured.results))
    names = dict.fromkeys(one.name for one in measured.results)
    series = {name: [one.estimate for one in measured.results if one.name == name] for name in names}
    return [bars("Bands against control", "fold of control", groups, series, 1.0)]
