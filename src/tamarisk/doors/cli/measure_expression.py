"""`tamarisk measure expression`: parse, library calls, print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import files_argument, held, matrix_options, paper, paper_options
from tamarisk.doors.cli.measure_output import deliver
from tamarisk.errors import DataError

if TYPE_CHECKING:
    from tamarisk.measurement.expression_table import Changes
    from tamarisk.measurement.measured import Measured, Source
    from tamarisk.study.figure import Panel

_MOST_POINTS = 3000


@click.command()
@files_argument
@click.option("--treated", default="", metavar="GROUP", help="The group to compare.")
@click.option("--control", default="", metavar="GROUP", help="The group to compare it with.")
@click.option("--shrink", is_flag=True, help="Draw weakly supported changes of read counts towards none (apeglm).")
@matrix_options
@paper_options
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], treated: str, control: str, shrink: bool, **options: Any) -> None:
    """The genes that differ between two groups of samples, smallest p-value first.

    With --samples a FILE is a matrix, a row per gene and a column per sample, and samples may stand in several files; an AnnData
    file (.h5ad) says itself what its samples are. Read counts are compared as DESeq2 has it (install tamarisk[counts]), log2
    values by moderated t. Any other FILE is a table that limma, DESeq2 or edgeR wrote.

    \b
    Example:
        tamarisk measure expression arrays.tsv --samples samples.tsv --scale log2 --treated resistant --control parent
        tamarisk measure expression reads.h5ad --scale counts --column group=line --treated resistant --control parent
    """
    place = paper(ctx, options)
    measured, changes, sources = _measured(files, (treated, control), shrink, options)
    deliver("expression", measured, sources, _panels(changes), place)


def _measured(
    files: tuple[Path, ...], groups: tuple[str, str], shrink: bool, options: Mapping[str, Any]
) -> tuple[Measured, Changes, tuple[Source, ...]]:
    from tamarisk.measurement.annotated import is_annotated
    from tamarisk.measurement.expression_files import matrix_changes
    from tamarisk.measurement.expression_table import read_changes, said_of

    level, scale = options["level"], options["scale"]
    if options["samples"] is None and not any(map(is_annotated, files)):
        if any((scale, *groups, shrink, options["gene_column"], options["layer"], options["columns"])):
            raise DataError("a matrix needs a table of its samples", where="samples", hint="say --samples FILE")
        if len(files) > 1:
            raise DataError("several tables of changed genes are named", where="files", hint="measure them one after the other")
        changes, source = read_changes(files[0], level=level)
        return said_of(changes), changes, (source,)
    if scale is None or not all(groups):
        hint = "say --scale counts or log2, --treated GROUP and --control GROUP"
        raise DataError("scale or groups are not said", where=files[0].name, hint=hint)
    treated, control = groups
    found = matrix_changes(files, held(options), treated=treated, control=control, shrink=shrink, level=level)
    changes, sources, notes = found
    return said_of(changes, notes), changes, sources


def _panels(changes: Changes) -> list[Panel]:
    """How sure each change is over how large (volcano), and how large over how strongly the gene is expressed (MA)."""
    import numpy as np

    from tamarisk.study.figure import Axis, Line, Lines

    known = np.isfinite(changes.p) & np.isfinite(changes.effect)
    hit = known & (changes.q < 0.05)
    height = -np.log10(np.maximum(changes.p, 1e-300))
    axes = (Axis("log2 fold change"), Axis("-log10 p")), (Axis("mean expression (log2)"), Axis("log2 fold change"))
    panels: list[Panel] = []
    for (across, up), (x, y) in zip(axes, ((changes.effect, height), (changes.mean, changes.effect)), strict=True):
        drawn = known & np.isfinite(x)
        places = {"adjusted p below 0.05": np.flatnonzero(drawn & hit), "others": np.flatnonzero(drawn & ~hit)}
        places["others"] = places["others"][:: max(1, -(-len(places["others"]) // _MOST_POINTS))]
        lines = [
            Line(name, tuple(x[genes].tolist()), tuple(y[genes].tolist()), points=True)
            for name, genes in places.items()
            if len(genes)
        ]
        title = f"{int(hit.sum())} of {int(known.sum())} genes differ" + (
            " (not all others are drawn)" if int((drawn & ~hit).sum()) > _MOST_POINTS else ""
        )
        if lines:
            panels.append(Lines(title, across, up, tuple(lines), level=0.0))
    return panels
