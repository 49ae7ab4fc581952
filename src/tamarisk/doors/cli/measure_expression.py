"""`tamarisk measure expression`: parse, library calls, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import paper, paper_options
from tamarisk.doors.cli.measure_output import deliver
from tamarisk.doors.cli.options import Place
from tamarisk.errors import DataError

if TYPE_CHECKING:
    from tamarisk.measurement.expression_table import Changes
    from tamarisk.measurement.measured import Measured, Source
    from tamarisk.study.figure import Panel

_MOST_POINTS = 3000


@click.command()
@click.argument("file", metavar="FILE", type=Place(path_type=Path))
@click.option("--samples", type=Place(path_type=Path), default=None, metavar="FILE", help="Table of sample, group and batch.")
@click.option("--scale", type=click.Choice(["counts", "log2"]), default=None, help="Whether a matrix holds reads or log2 values.")
@click.option("--treated", default="", metavar="GROUP", help="The group to compare.")
@click.option("--control", default="", metavar="GROUP", help="The group to compare it with.")
@click.option("--gene-column", default="", metavar="HEADER", help="Column with names of genes; the first if left out.")
@paper_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    file: Path,
    samples: Path | None,
    scale: str | None,
    treated: str,
    control: str,
    gene_column: str,
    **options: Any,
) -> None:
    """The genes that differ between two groups of samples, smallest p-value first.

    With --samples FILE is a matrix, a row per gene and a column per sample, of read counts or log2 values; without it is a table
    that limma, DESeq2 or edgeR wrote.

    \b
    Example:
        tamarisk measure expression expression.tsv --samples samples.tsv --scale counts --treated resistant --control parent
    """
    place = paper(ctx, options)
    measured, changes, sources = _measured(file, samples, scale, (treated, control), gene_column, options["level"])
    deliver("expression", measured, sources, _panels(changes), place)


def _measured(
    file: Path, samples: Path | None, scale: str | None, groups: tuple[str, str], gene_column: str, level: float
) -> tuple[Measured, Changes, tuple[Source, ...]]:
    from tamarisk.measurement.expression_table import matrix_changes, read_changes, said_of

    if samples is None:
        if any((scale, *groups, gene_column)):
            raise DataError("a matrix needs a table of its samples", where="samples", hint="say --samples FILE")
        changes, source = read_changes(file, level=level)
        return said_of(changes), changes, (source,)
    if scale is None or not all(groups):
        hint = "say --scale counts or log2, --treated GROUP and --control GROUP"
        raise DataError("scale or groups are not said", where=file.name, hint=hint)
    treated, control = groups
    changes, sources, notes = matrix_changes(
        file, samples, counts=scale == "counts", treated=treated, control=control, gene_column=gene_column, level=level
    )
    return said_of(changes, notes), changes, sources


def _panels(changes: Changes) -> list[Panel]:
    import numpy as np

    from tamarisk.study.figure import Axis, Line, Lines

    known = np.isfinite(changes.p) & np.isfinite(changes.effect)
    hit = known & (changes.q < 0.05)
    places = {"adjusted p below 0.05": np.flatnonzero(hit), "others": np.flatnonzero(known & ~hit)}
    lines = []
    for name, genes in places.items():
        shown = genes if name != "others" else genes[:: max(1, -(-len(genes) // _MOST_POINTS))]
        height = -np.log10(np.maximum(changes.p[shown], 1e-300))
        if len(shown):
            lines.append(Line(name, tuple(changes.effect[shown].tolist()), tuple(height.tolist()), points=True))
    title = f"{int(hit.sum())} of {int(known.sum())} genes differ" + (
        "; of the others some are drawn" if len(places["others"]) > _MOST_POINTS else ""
    )
    return [Lines(title, Axis("log2 fold change"), Axis("-log10 p"), tuple(lines))] if lines else []
