"""`tamarisk measure dose-response`: parse, library calls, print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_growth import MAP_HELP
from tamarisk.doors.cli.measure_options import files_argument, layout, layout_options, paper, paper_options, said, unit_options
from tamarisk.doors.cli.measure_output import bars, deliver
from tamarisk.doors.cli.options import Place

if TYPE_CHECKING:
    from tamarisk.measurement.curve_table import Fitted
    from tamarisk.measurement.measured import Measured
    from tamarisk.study.figure import Panel

_MOST_BARS = 40
_DIRECTIONS = click.Choice(["viability", "inhibition", "GR", "other"])


@click.command()
@files_argument
@click.option("--response", "direction", type=_DIRECTIONS, default=None, help="What the responses are, if the header lacks it.")
@click.option("--scale", type=click.Choice(["percent", "fraction"]), default=None, help="Scale of viability or inhibition.")
@click.option("--map", "plate_map", type=Place(path_type=Path), default=None, metavar="FILE", help=MAP_HELP)
@click.option(
    "--samples", type=Place(path_type=Path), default=None, metavar="FILE", help="Doses of the samples of a count matrix."
)
@click.option("--gene", "genes", multiple=True, metavar="NAME", help="A gene of the matrix; may repeat.")
@click.option("--plateau", type=float, default=None, metavar="VALUE", help="Supposed response at a saturating dose, as 0.")
@layout_options
@unit_options
@paper_options
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], **options: Any) -> None:
    """GR50 or EC50, plateau and area over the curve of every dose series, one curve per experiment.

    A FILE holds counts, which become GR, or responses, or GR curves that others fitted; with --samples it is a matrix of read
    counts, and each --gene has a curve over the doses of its samples. A dose that is not reached is a bound. With --plateau the
    simplest curve is taken that F-tests allow: to that plateau, to its own, or rising at low doses before it falls.

    \b
    Example:
        tamarisk measure dose-response dose-response.csv
        tamarisk measure dose-response hormesis.csv --plateau 0
        tamarisk measure dose-response counts.tsv --samples samples.tsv --gene GREB1 --gene PGR
    """
    place = paper(ctx, options)
    from tamarisk.measurement.dose_files import Asked, dose_files

    words = (options["direction"] or "", options["scale"] or "", options["plate_map"], options["samples"], options["genes"])
    asked = Asked(*words, layout(options), said(options), options["level"], options["plateau"])
    measured, fitted, sources = dose_files(files, asked)
    deliver("dose-response", measured, sources, _panels(fitted) or _areas(measured), place)


def _areas(measured: Measured) -> list[Panel]:
    """Curves that others fitted have no readings to draw, only their areas; the first forty of them."""
    found = [one for one in measured.results if one.name == "GR_AOC"]
    areas = {"GR_AOC": [one.estimate for one in found[:_MOST_BARS]]}
    title = "Area over the curve" + (f" (the first {_MOST_BARS} of {len(found)})" if len(found) > _MOST_BARS else "")
    return [bars(title, "GR_AOC (0 is no effect)", [one.of for one in found[:_MOST_BARS]], areas, None)] if found else []


def _panels(fitted: Sequence[Fitted]) -> list[Panel]:
    import numpy as np

    from tamarisk.measurement.dose_response import predicted
    from tamarisk.measurement.hormesis import hormetic_responses
    from tamarisk.study.figure import Axis, Line, Lines

    panels: list[Panel] = []
    for of in dict.fromkeys(one.of for one in fitted):
        own = [one for one in fitted if one.of == of]
        lines = []
        for one in own:
            low, high = one.curve.tested
            doses = np.geomspace(low, high, 60)
            name = f"experiment {one.experiment}" if len(own) > 1 else "curve"
            height = predicted(one.curve, doses) if one.hormetic is None else hormetic_responses(one.hormetic, doses)
            lines.append(Line(name, tuple(doses.tolist()), tuple(height.tolist())))
        above = [one.curve.dose > 0 for one in own]
        x = np.concatenate([one.curve.dose[held] for one, held in zip(own, above, strict=True)])
        y = np.concatenate([one.curve.response[held] for one, held in zip(own, above, strict=True)])
        lines.append(Line("readings", tuple(x.tolist()), tuple(y.tolist()), points=True))
        panels.append(Lines(of, Axis("dose (nM)", log=True), Axis("response"), tuple(lines), level=own[0].curve.untreated))
    return panels
