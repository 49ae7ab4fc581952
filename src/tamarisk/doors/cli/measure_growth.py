"""`tamarisk measure growth`: parse, library calls, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import files_argument, layout, layout_options, paper, paper_options, said, unit_options
from tamarisk.doors.cli.measure_output import bars, deliver
from tamarisk.doors.cli.options import Place

if TYPE_CHECKING:
    import pandas as pd

    from tamarisk.measurement.measured import Measured
    from tamarisk.study.figure import Panel

MAP_HELP = "A grid that says what each well held, as 4OHT=100nM or vehicle."


@click.command()
@files_argument
@click.option("--map", "plate_map", type=Place(path_type=Path), default=None, metavar="FILE", help=MAP_HELP)
@click.option("--rate", type=click.Choice(["growth", "DIP"]), default=None, help="Doublings per hour from many times instead.")
@click.option("--settled-after", default=None, metavar="TIME", help="For DIP: when the drug has taken hold; found if left out.")
@click.option(
    "--confluent-at", type=float, default=None, metavar="COUNT", help="For rates: a full well; later counts are left out."
)
@layout_options
@unit_options
@paper_options
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], plate_map: Path | None, **options: Any) -> None:
    """Doublings of every condition, how many fewer than untreated, and GR where the untreated cells grow.

    With --rate: doublings per hour, over all times (growth) or once the drug has taken hold (DIP); at least five times.

    A FILE is a long table of counts (GR case A or C), stacked plate grids each under its time, or an Incucyte text export;
    several files are several experiments. Wells are averaged: n counts experiments.

    \b
    Example:
        tamarisk measure growth growth.csv
        tamarisk measure growth plate.csv --map map.csv --report growth.html
        tamarisk measure growth growth-rate.csv --rate DIP
    """
    place = paper(ctx, options)
    from tamarisk.measurement.measured import with_warnings
    from tamarisk.measurement.plate import gathered, read_counts

    tables = [read_counts(path, plate_map=plate_map, said=said(options)) for path in files]
    notes = [words for table in tables for words in table.warnings]
    measured = with_warnings(_measured(gathered(tables), options), notes)
    deliver("growth", measured, [table.source for table in tables], _panels(measured), place)


def _measured(wells: pd.DataFrame, options: dict[str, Any]) -> Measured:
    """Doublings and GR, or rates."""
    from tamarisk.errors import DataError
    from tamarisk.measurement.growth_table import growth_of
    from tamarisk.measurement.rate_table import rates_of
    from tamarisk.units import hours

    settled, full = options["settled_after"], options["confluent_at"]
    asked = {"layout": layout(options), "level": options["level"]}
    if options["rate"] != "DIP" and settled is not None:
        raise DataError("only a DIP rate settles", where="settled after", hint="add --rate DIP")
    if options["rate"] is None:
        if full is not None:
            raise DataError("only rates leave out full wells", where="confluent at", hint="add --rate growth or --rate DIP")
        return growth_of(wells, **asked)
    after = None if settled is None else hours(settled, where="settled after")
    return rates_of(wells, rate=options["rate"], settled_after=after, confluent_at=full, **asked)


def _panels(measured: Measured) -> list[Panel]:
    panels: list[Panel] = []
    rates = ((f"{rate} rate", 0.0, "doublings per hour") for rate in ("growth", "DIP"))
    for number, level, unit in (("doublings", None, "doublings"), ("GR", 1.0, "GR (1 is no effect, 0 full arrest)"), *rates):
        found = [one for one in measured.results if one.name == number]
        if found:
            estimates = {number: [one.estimate for one in found]}
            panels.append(bars(f"{number} of each condition", unit, [one.of for one in found], estimates, level))
    return panels
