"""`tamarisk measure blot`: parse, library calls, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import paper, paper_options
from tamarisk.doors.cli.measure_output import deliver
from tamarisk.doors.cli.options import Place
from tamarisk.errors import DataError

if TYPE_CHECKING:
    from tamarisk.measurement.measured import Measured
    from tamarisk.study.figure import Panel

_RANGE_HELP = "Lowest and highest density that a dilution series showed to be linear."


@click.command()
@click.argument("file", metavar="FILE", type=Place(path_type=Path))
@click.option("--control", required=True, metavar="NAME", help="The condition to compare with.")
@click.option("--linear-range", required=True, metavar="LOW:HIGH", help=_RANGE_HELP)
@click.option("--phospho", default="", metavar="NAME", help="Column or band of the phospho-protein, if not called so.")
@click.option("--total", default="", metavar="NAME", help="Column or band of the total protein, if not called so.")
@click.option("--load", default="", metavar="NAME", help="Column or band of the loading control, if not called so.")
@paper_options
@click.pass_context
def command(ctx: click.Context, /, file: Path, control: str, linear_range: str, **options: Any) -> None:
    """Phospho per total, phospho per load and total per load of every condition, compared with the control on each blot.

    FILE has columns blot, condition, phospho, total and load, or blot, condition, band and density. A blot is one biological
    replicate; bands outside the linear range are refused. Without a phospho band total per load is told alone.

    \b
    Example:
        tamarisk measure blot blot.csv --control vehicle --linear-range 0.5:60
    """
    place = paper(ctx, options)
    from tamarisk.measurement.assay_tables import read_blots
    from tamarisk.measurement.blot_table import folds_of

    bands = {band: options[band] for band in ("phospho", "total", "load")}
    blots, source = read_blots(file, linear_range=_range(linear_range), bands=bands)
    measured = folds_of(blots, control=control, level=options["level"])
    deliver("blot", measured, [source], _panels(measured), place)


def _range(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise DataError(f"'{text}' is no range", where="linear range", hint="write it as 0.5:60") from None
    return low, high


def _panels(measured: Measured) -> list[Panel]:
    from tamarisk.study.figure import Axis, Bars

    groups = tuple(dict.fromkeys(one.of for one in measured.results))
    names = tuple(dict.fromkeys(one.name for one in measured.results))
    series = tuple((name, tuple(one.estimate.value for one in measured.results if one.name == name)) for name in names)
    return [Bars("Bands against control", Axis("fold of control"), groups, series, level=1.0)]
