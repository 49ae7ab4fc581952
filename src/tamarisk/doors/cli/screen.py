"""`tamarisk screen`: parse, one library call, print."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.options import chosen_model, context_option, model_option, output_options
from tamarisk.doors.cli.output import check_folder, own_folder, print_json, print_table, progress_shown, write_csv, write_panels

if TYPE_CHECKING:
    from tamarisk.study.screen import Screen


@click.command()
@context_option
@click.option(
    "--drug", "drugs", multiple=True, required=True, metavar="NAME[=LOW-HIGH]", help="As 4OHT=1nM-10uM; give two for a surface."
)
@click.option("--with", "others", multiple=True, metavar="NAME=DOSE", help="What all cultures get besides; may repeat.")
@click.option("--medium", default=None, metavar="NAME", help="Culture medium; the cells' own if left out (tamarisk list media).")
@click.option("--until", default="144h", show_default=True, metavar="TIME", help="How long, with unit.")
@click.option("--points", default=9, show_default=True, help="Doses per drug, zero not counted.")
@model_option
@output_options
def command(
    context: str,
    drugs: tuple[str, ...],
    others: tuple[str, ...],
    medium: str | None,
    until: str,
    points: int,
    model_folder: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Growth over the doses of one drug, or over the grid of two.

    \b
    Example:
        tamarisk screen --context MCF7-TamR --drug fulvestrant --drug rapamycin=0.1nM-100nM --points 7
    """
    from tamarisk.model.protocol import protocol
    from tamarisk.study.screen import screen

    check_folder(out)
    around = protocol(*others, medium_name=medium)
    with progress_shown("screen") as show:
        found = screen(
            context,
            drugs,
            until=until,
            points=points,
            around=around,
            model=chosen_model(model_folder),
            progress=lambda done, total: show("cultures", done, total),
        )
    if out is not None:
        _write(own_folder(out), found)
    if as_json:
        print_json(_record(found))
    else:
        _print(found, out)


def _write(folder: Path, found: Screen) -> None:
    header = [*(f"{name} (nM)" for name in found.drugs), "cell number", "GR", "doublings"]
    write_csv(folder / "screen.csv", header, _rows(found))
    write_panels(found.panels, folder, "screen")


def _rows(found: Screen) -> list[tuple[float, ...]]:
    doses = itertools.product(*found.doses)
    columns = (found.relative.ravel().tolist(), found.GR.ravel().tolist(), found.doublings.ravel().tolist())
    return [(*dose, *values) for dose, *values in zip(doses, *columns, strict=True)]


def _record(found: Screen) -> dict[str, Any]:
    return {
        "context": found.context,
        "medium": found.medium,
        "hours": found.span_h,
        "drugs": [
            {"name": name, "doses": list(doses), "unit": "nM"} for name, doses in zip(found.drugs, found.doses, strict=True)
        ],
        "cell_number": {"values": found.relative.tolist(), "unit": "fold of untreated"},
        "GR": {"values": found.GR.tolist(), "unit": "dimensionless"},
        "doublings": {"values": found.doublings.tolist(), "unit": "doublings"},
        "interaction": {"values": found.interaction.tolist(), "unit": "doublings beyond the sum"}
        if found.interaction.size
        else None,
        "numbers": {name: {"value": one.value, "unit": one.unit, "said": one.headline} for name, one in found.numbers.items()},
    }


def _print(found: Screen, out: Path | None) -> None:
    from tamarisk.units import rounded

    title = f"{found.context} in {found.medium}, {found.span_h:g} h: {' and '.join(found.drugs)}"
    if len(found.drugs) == 1:
        rows = [[rounded(dose), rounded(cells), rounded(rate)] for dose, cells, rate, _ in _rows(found)]
        print_table(title, [f"{found.drugs[0]} (nM)", "cell number against untreated", "GR"], rows, numbers=(0, 1, 2))
    else:
        header = ["nM", *(rounded(dose) for dose in found.doses[1])]
        rows = [
            [rounded(dose), *(f"{cell:.2f}" for cell in row)]
            for dose, row in zip(found.doses[0], found.relative.tolist(), strict=True)
        ]
        title = f"{title} ({found.drugs[0]} down, {found.drugs[1]} across): cell number against untreated"
        print_table(title, header, rows, numbers=range(1, len(header)))
        strongest = float(found.interaction.min())
        click.echo(f"strongest interaction: {strongest:+.2f} doublings beyond the sum (below 0: synergy)")
    for name, one in found.numbers.items():
        click.echo(f"{name}: {one.headline}")
    if out is not None:
        click.echo(f"tables and figures: {out}")
