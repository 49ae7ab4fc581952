"""`tamarisk evolve`: parse, one library call, print."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.options import chosen_model, context_option, model_option, output_options, plan
from tamarisk.doors.cli.output import check_folder, own_folder, print_json, print_table, write_csv, write_panels

if TYPE_CHECKING:
    from tamarisk.simulation.evolution import Evolution

_SHOWN = ("ER_activity", "HER2", "PTEN", "pAKT_S473", "pS6K", "pERK", "RTK_adapted", "AKT_adapted", "ESR1_silenced")


@click.command()
@context_option
@click.option(
    "--drug", "drugs", multiple=True, required=True, metavar="NAME=DOSE", help="What the cells are kept in, as 4OHT=1uM."
)
@click.option("--medium", default=None, metavar="NAME", help="Culture medium; the cells' own if left out (tamarisk list media).")
@click.option("--until", default="6mo", show_default=True, metavar="TIME", help="How long: d, wk or mo.")
@model_option
@output_options
def command(
    context: str,
    drugs: tuple[str, ...],
    medium: str | None,
    until: str,
    model_folder: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """What months of exposure make of the cells; the result is a context that every other command takes.

    \b
    Example:
        tamarisk evolve --context MCF-7 --drug 4OHT=1uM --until 6mo --out evolved
        tamarisk simulate --context evolved/cells.tsv --drug fulvestrant=100nM
    """
    from tamarisk.simulation.evolution import evolve

    check_folder(out)
    found = evolve(context, plan(drugs, "0h", medium, None, ()), until=until, model=chosen_model(model_folder))
    if out is not None:
        _write(own_folder(out), found, context)
    if as_json:
        print_json(_record(found))
    else:
        _print(found, out)


def _record(found: Evolution) -> dict[str, Any]:
    return {
        "context": found.context.name,
        "time": list(found.days),
        "time_unit": "d",
        "readouts": {name: {"values": list(values), "unit": found.units[name]} for name, values in found.values.items()},
        "cells": [
            {"parameter": one.parameter, "operation": one.operation, "value": one.value, "source": one.source}
            for one in found.context.differences
        ],
    }


def _print(found: Evolution, out: Path | None) -> None:
    from tamarisk.units import rounded

    steps = sorted({round(share * (len(found.days) - 1)) for share in (0, 0.04, 0.08, 0.16, 0.25, 0.33, 0.5, 0.67, 0.83, 1)})
    growth = _daily(found)
    rows = [
        [f"{found.days[step]:.0f}", f"{growth[step]:.2f}", *(rounded(found.values[name][step]) for name in _SHOWN)]
        for step in steps
    ]
    print_table(found.context.name, ["day", "growth per day", *_SHOWN], rows, numbers=range(len(_SHOWN) + 2))
    if out is not None:
        click.echo(f"the cells as a context: {out / 'cells.tsv'}")


def _daily(found: Evolution) -> list[float]:
    pairs = zip(found.values["division_rate"], found.values["apoptosis"], strict=True)
    return [24 * (division - death) for division, death in pairs]


def _from(part: str, folder: Path) -> str:
    """What the cells stand on, as seen from the folder they are written to."""
    return Path(os.path.relpath(part.strip(), folder)).as_posix() if part.lower().strip().endswith((".tsv", ".csv")) else part


def _write(folder: Path, found: Evolution, base: str) -> None:
    from tamarisk.model.context import changeable
    from tamarisk.study.figure import Axis, Line, Lines

    header = ("parameter", "operation", "value", "unit", "status", "source", "base")
    lines = ["\t".join(header)]
    origin = " + ".join(_from(part, folder) for part in base.split(" + "))
    grown = [one for one in found.context.differences if one.source.startswith("computed")]
    for one in grown:
        cells = (
            one.parameter,
            one.operation,
            f"{one.value:.6g}",
            changeable()[one.parameter].unit,
            one.status,
            one.source,
            origin,
        )
        lines.append("\t".join(cells))
    (folder / "cells.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    names = list(found.values)
    write_csv(folder / "course.csv", ["day", *names], zip(found.days, *found.values.values(), strict=True))
    growth = Line("net growth per day", found.days, tuple(_daily(found)))
    shares = [
        Line(name.replace("_", " "), found.days, found.values[name]) for name in ("RTK_adapted", "AKT_adapted", "ESR1_silenced")
    ]
    write_panels(
        [Lines(found.context.name, Axis("days"), Axis("per day, or share of cells"), (growth, *shares))], folder, "course"
    )
