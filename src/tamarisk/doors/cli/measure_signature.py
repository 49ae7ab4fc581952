"""`tamarisk measure signature`: parse, library calls, print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import files_argument, held, matrix_options, paper, paper_options
from tamarisk.doors.cli.measure_output import bars, deliver

if TYPE_CHECKING:
    from tamarisk.measurement.measured import Measured
    from tamarisk.measurement.signature import Fractions
    from tamarisk.study.figure import Panel


@click.command()
@files_argument
@click.option("--alpha", default=0.05, show_default=True, metavar="P", help="Adjusted p-value that makes a signature gene.")
@click.option("--seed", default=0, show_default=True, metavar="N", help="Same seed, same draws for E0.")
@matrix_options
@paper_options
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], alpha: float, seed: int, **options: Any) -> None:
    """How much of a drug's lost expression response a co-drug restores, and whether by re-sensitisation or by mimicry.

    Six groups are needed: SV and SF (sensitive line: vehicle, drug), RV, RF, RP and RC (resistant line: vehicle, drug, co-drug,
    both), with three arrays or more in each. FILE is a matrix with --samples, whose samples may stand in several files, or an
    AnnData file (.h5ad). Read counts become log2 counts per million.

    \b
    Example:
        tamarisk measure signature signature.tsv --samples samples.tsv --scale log2
    """
    place = paper(ctx, options)
    from tamarisk.measurement.expression_files import log2_matrix
    from tamarisk.measurement.signature_table import restored

    matrix, sheet, sources = log2_matrix(files, held(options))
    measured, curve = restored(matrix, sheet.groups, batches=sheet.batches, alpha=alpha, seed=seed, level=options["level"])
    deliver("signature", measured, sources, _panels(measured, curve), place)


def _panels(measured: Measured, curve: Sequence[Fractions]) -> list[Panel]:
    import math

    from tamarisk.study.figure import Axis, Bars

    panels: list[Panel] = []
    index = [one for one in measured.results if one.name in {"RI_total", "RI_net", "phenocopy"}]
    if index:
        shares = {"share": [one.estimate for one in index]}
        panels.append(bars("Share of the lost response", "share", [one.name for one in index], shares, None))
    counted = [one for one in curve if not math.isnan(one.F_lost)]
    if counted:
        groups = tuple(f"{2**one.least_change:.2g}-fold" for one in counted)
        series = tuple((name, tuple(getattr(one, name) for one in counted)) for name in ("F_lost", "F_sig", "F_rapa", "F_net"))
        panels.append(Bars("Counts move with the fold change that is asked", Axis("share of genes"), groups, series))
    return panels
