"""`tamarisk simulate`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.options import Place, chosen_model, context_option, model_option, output_options, plan, plan_options
from tamarisk.doors.cli.output import check_folder, own_folder, print_json, print_table, write_csv, write_panels
from tamarisk.doors.cli.simulate_cohort import Asked, run_cohort
from tamarisk.errors import ProtocolError

if TYPE_CHECKING:
    import xarray as xr

    from tamarisk.study.figure import Lines

_MOST_GENES = 30
_READ = "What is read; may repeat; 'all' reads everything, 'integral of NAME' and 'peaks of NAME' what came of a curve."


@click.command()
@context_option
@plan_options
@click.option("--until", default="144h", show_default=True, metavar="TIME", help="How long, with unit.")
@click.option("--readout", "readouts", multiple=True, metavar="NAME", help=_READ)
@click.option("--points", default=61, show_default=True, help="Output times, evenly spaced from 0.")
@click.option(
    "--cohort",
    type=Place(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Many cultures, one per row: columns member, context, therapy, 'CONSTANT (UNIT)' or 'CONSTANT (fold)'.",
)
@click.option("--cluster", default=None, metavar="ADDRESS", help="Dask scheduler whose workers run the cohort.")
@click.option("--genes", default=None, metavar="NAMES", help="Genes to follow, separated by commas; 'all' follows every one.")
@click.option(
    "--regulon",
    type=Place(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Another regulon, as CollecTRI.",
)
@model_option
@output_options
def command(
    context: str,
    drugs: tuple[str, ...],
    start: str,
    medium: str | None,
    grown_in: str | None,
    rest: tuple[str, ...],
    until: str,
    readouts: tuple[str, ...],
    points: int,
    cohort: Path | None,
    cluster: str | None,
    genes: str | None,
    regulon: Path | None,
    model_folder: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """What the cells do over time.

    \b
    Example:
        tamarisk simulate --context "MCF-7 + PTEN-knockdown" --drug 4OHT=1uM --drug rapamycin=20nM@24h --until 6d
        tamarisk simulate --cohort members.tsv --until 6d --points 7 --out patients
    """
    from tamarisk.model.readout import DEFAULT
    from tamarisk.simulation.run import simulate

    _refuse_idle(genes, regulon, cohort, cluster)
    check_folder(out)
    given, model = plan(drugs, start, medium, grown_in, rest), chosen_model(model_folder)
    if cohort is not None:
        asked = Asked(context, given, until, readouts or DEFAULT, points, model)
        return run_cohort(cohort, asked, out=out, cluster=cluster, as_json=as_json)
    expression = _expression(context, given, until, genes, regulon, model) if genes is not None else None
    course = simulate(context, given, until=until, readouts=readouts or DEFAULT, model=model, points=points)
    if out is not None:
        _write(own_folder(out), course, expression)
    return print_json(_record(course, expression)) if as_json else _print(course, expression, out)


def _refuse_idle(genes: str | None, regulon: Path | None, cohort: Path | None, cluster: str | None) -> None:
    """Options that would do nothing beside the others."""
    if regulon is not None and genes is None:
        raise ProtocolError(
            "--regulon says how genes are read, but none is asked for", hint="add --genes all or --genes NAME,NAME"
        )
    if cohort is not None and genes is not None:
        raise ProtocolError("the genes of a cohort are not followed", hint="leave out --genes, or run one culture")
    if cluster is not None and cohort is None:
        raise ProtocolError("a cluster runs cohorts, but none is named", hint="add --cohort FILE")


def _expression(context: str, given: Any, until: str, genes: str, regulon: Path | None, model: Any) -> xr.Dataset:
    from tamarisk.model.regulon import read_regulon
    from tamarisk.simulation.transcriptome import express

    wanted = None if genes.strip() == "all" else [gene.strip() for gene in genes.split(",") if gene.strip()]
    if wanted == []:
        raise ProtocolError("no gene is named", hint="write --genes all or --genes NAME,NAME")
    return express(context, given, until=until, genes=wanted, regulon=read_regulon(regulon), model=model)


def _record(course: xr.Dataset, expression: xr.Dataset | None) -> dict[str, Any]:
    record: dict[str, Any] = {
        **course.attrs,
        "time": course["time"].values.tolist(),
        "time_unit": "h",
        "readouts": {
            name: {"values" if one.ndim else "value": one.values.tolist(), "unit": one.attrs["unit"]}
            for name, one in course.items()
        },
    }
    if expression is not None:
        fold = expression["log2_fold"]
        record["expression"] = {
            "time": expression["time"].values.tolist(),
            "unit": fold.attrs["unit"],
            "meaning": fold.attrs["meaning"],
            "left_out": expression.attrs["left_out"],
            "genes": {str(gene): fold.sel(gene=gene).values.tolist() for gene in expression["gene"].values},
        }
    return record


def _print(course: xr.Dataset, expression: xr.Dataset | None, out: Path | None) -> None:
    from tamarisk.units import rounded

    title = f"{course.attrs['context']} in {course.attrs['medium']}: {course.attrs['protocol']}"
    end = f"{float(course['time'][-1]):g} h"
    rows = [
        [str(name), rounded(float(one[0])), rounded(float(one[-1])), one.attrs["unit"], one.attrs["meaning"]]
        for name, one in _split(course)[0].items()
    ]
    peaks = [[str(name), rounded(float(one)), one.attrs["unit"], one.attrs["meaning"]] for name, one in _split(course)[1].items()]
    if rows:
        print_table(title, ["readout", "0 h", end, "unit", "meaning"], rows, numbers=(1, 2))
    if peaks:
        print_table(f"{title}, 0 to {end}", ["readout", "value", "unit", "meaning"], peaks, numbers=(1,))
    if expression is not None:
        _print_genes(expression)
    if out is not None:
        click.echo(f"tables and figures: {out}")


def _print_genes(expression: xr.Dataset) -> None:
    last = expression["log2_fold"].isel(time=-1).to_series()
    shown = last.reindex(last.abs().sort_values(ascending=False).index)[:_MOST_GENES]
    more = f" (the {_MOST_GENES} that moved most of {len(last)})" if len(last) > _MOST_GENES else ""
    rows = [[str(gene), f"{value:+.2f}"] for gene, value in shown.items()]
    print_table(f"Genes, log2 fold against untreated MCF-7{more}", ["gene", "log2 fold"], rows, numbers=(1,))
    if expression.attrs["left_out"]:
        click.echo(expression.attrs["left_out"])


def _split(course: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """What is read at every time, and what is one number of the whole run."""
    single = [name for name, one in course.items() if not one.ndim]
    return course.drop_vars(single), course[single]


def _write(folder: Path, course: xr.Dataset, expression: xr.Dataset | None) -> None:
    course, peaks = _split(course)
    if peaks:
        lines = ([name, float(one), one.attrs["unit"]] for name, one in peaks.items())
        write_csv(folder / "peaks.csv", ["readout", "value", "unit"], lines)
    names = [str(name) for name in course]
    header = ["time (h)", *(f"{name} ({course[name].attrs['unit']})" for name in names)]
    rows = zip(course["time"].values.tolist(), *(course[name].values.tolist() for name in names), strict=True)
    write_csv(folder / "course.csv", header, rows)
    if names:
        write_panels([_growth(course), _others(course)], folder, "course")
    if expression is not None:
        genes = [str(gene) for gene in expression["gene"].values]
        values = expression["log2_fold"].values.tolist()
        folds = ([time, *row] for time, row in zip(expression["time"].values.tolist(), values, strict=True))
        write_csv(folder / "genes.csv", ["time (h)", *genes], folds)


def _growth(course: xr.Dataset) -> Lines:
    names = [str(name) for name in course if name in {"doublings", "cell_number"}] or [str(next(iter(course)))]
    return _lines(course, names[-1:], "Growth" if names[-1] in {"doublings", "cell_number"} else names[-1], divide=False)


def _others(course: xr.Dataset) -> Lines:
    names = [str(name) for name, one in course.items() if name not in {"doublings", "cell_number"} and float(one[0]) > 0]
    return _lines(
        course, names or [str(next(iter(course)))], f"{course.attrs['context']}: {course.attrs['protocol']}", divide=bool(names)
    )


def _lines(course: xr.Dataset, names: list[str], title: str, *, divide: bool) -> Lines:
    from tamarisk.study.figure import Axis, Line, Lines

    times = tuple(course["time"].values.tolist())
    label = "fold of the start" if divide else course[names[0]].attrs["unit"]
    lines = tuple(
        Line(name, times, tuple((course[name].values / (float(course[name][0]) if divide else 1.0)).tolist())) for name in names
    )
    return Lines(title, Axis("hours"), Axis(label), lines, level=1.0 if divide else None)
