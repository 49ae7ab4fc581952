"""`tamarisk measure synergy`: parse, library calls, print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import dose_options, files_argument, paper, paper_options, said
from tamarisk.doors.cli.measure_output import deliver

if TYPE_CHECKING:
    from tamarisk.measurement.combination_table import Combined
    from tamarisk.study.figure import Panel

_DIRECTIONS = click.Choice(["viability", "inhibition"])


@click.command()
@files_argument
@click.option("--response", "direction", type=_DIRECTIONS, default=None, help="What the responses are, if the header lacks it.")
@click.option("--scale", type=click.Choice(["percent", "fraction"]), default=None, help="Scale of viability or inhibition.")
@click.option("--model", type=click.Choice(["musyc"]), default=None, help="Potency apart from efficacy, instead of excess.")
@dose_options
@paper_options
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], direction: str | None, scale: str | None, **options: Any) -> None:
    """How far two drugs together go beyond HSA, Bliss, Loewe and ZIP, and where counts show that they interact.

    A FILE has columns drug1, drug2, conc1, conc2 and counts, doublings, viability or inhibition, or those of SynergyFinder, and
    for intervals a column experiment; several files are several experiments. Each drug is needed alone (the other at dose 0, or
    not named), and wells without any. With --model musyc a surface says how far each drug makes the other more potent, apart
    from how strong both are; it needs three doses of each.

    \b
    Example:
        tamarisk measure synergy synergy.csv
        tamarisk measure synergy potency.csv --model musyc
        tamarisk measure synergy screen.csv --response inhibition --scale percent --column experiment=block_id
    """
    place = paper(ctx, options)
    from tamarisk.measurement.combination_table import combinations_of
    from tamarisk.measurement.measured import with_warnings
    from tamarisk.measurement.musyc_table import potencies_of
    from tamarisk.measurement.pair_table import joined, read_pairs

    parts = [read_pairs(file, direction=direction or "", scale=scale or "", said=said(options)) for file in files]
    pairs = joined(parts)
    measured, drawn = (potencies_of if options["model"] else combinations_of)(pairs, level=options["level"])
    sources = [one.table.source for one in parts]
    deliver("synergy", with_warnings(measured, pairs.table.warnings), sources, _panels(drawn), place)


def _panels(drawn: Sequence[Combined]) -> list[Panel]:
    import numpy as np

    from tamarisk.study.figure import Axis, Bars, Surface

    panels: list[Panel] = []
    for one in drawn:
        unit = "interaction (doublings; below 0 they help)" if one.doublings else "Bliss excess (% points)"
        if min(one.value.shape) > 1 and np.isfinite(one.value).all():
            columns, rows = tuple(one.second.tolist()), tuple(one.first.tolist())
            values = tuple(tuple(row) for row in one.value.tolist())
            axes = (Axis(f"{one.drugs[1]} (nM)", log=True), Axis(f"{one.drugs[0]} (nM)", log=True))
            panels.append(Surface(one.of, *axes, unit, columns, rows, values, centre=0.0))
            continue
        places = [place for place in np.ndindex(*one.value.shape) if np.isfinite(one.value[place])]
        names = tuple(f"{one.first[first]:g} + {one.second[second]:g} nM" for first, second in places)
        if names:
            panels.append(Bars(one.of, Axis(unit), names, (("excess", tuple(float(one.value[place]) for place in places)),)))
    return panels
