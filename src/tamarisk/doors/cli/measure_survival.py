"""`tamarisk measure survival`: parse, library calls, print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.measure_options import files_argument, paper, paper_options, said, survival_options
from tamarisk.doors.cli.measure_output import deliver

if TYPE_CHECKING:
    from tamarisk.measurement.survival import KaplanMeier
    from tamarisk.study.figure import Panel


@click.command()
@files_argument
@click.option(
    "--control", "controls", multiple=True, metavar="GROUP", help="The group to compare the others with; with --by one per trial."
)
@click.option(
    "--until", type=float, default=None, metavar="TIME", help="End of the period of the restricted mean, in the unit of the file."
)
@click.option("--event-is", default="", metavar="VALUE", help="What stands for the event, if not 1 in a column 'event'.")
@survival_options
@paper_options
@click.pass_context
def command(
    ctx: click.Context, /, files: tuple[Path, ...], controls: tuple[str, ...], until: float | None, event_is: str, **options: Any
) -> None:
    """Median and numbers at risk of every group; log-rank test, hazard ratio and restricted mean against a control.

    A FILE has columns time, event (1, or 0 for last seen without it) and group, a patient in each row. Several files are several
    trials; trials that stand in one file, or arms of one trial in several, are told by a column that --by names.

    \b
    Example:
        tamarisk measure survival survival.csv --control vehicle --until 60
        tamarisk measure survival trials.tsv --by trial --control placebo --control letrozole
        tamarisk measure survival first.csv second.csv --control vehicle
    """
    place = paper(ctx, options)
    from tamarisk.measurement.survival_table import trials_of
    from tamarisk.measurement.trial_files import read_trials

    patients, sources = read_trials(files, event_is=event_is, said=said(options))
    measured, trials = trials_of(patients, controls=controls, until=until, level=options["level"])
    panels = [_panel(trial, curves) for trial, curves in trials.items()]
    deliver("survival", measured, sources, panels, place)


def _panel(trial: str, curves: Mapping[str, KaplanMeier]) -> Panel:
    import numpy as np

    from tamarisk.study.figure import Axis, Line, Lines

    lines = []
    for group, curve in curves.items():
        share = np.concatenate([[1.0], curve.survival])
        edges = np.concatenate([[0.0], curve.time, [max(curve.last, curve.time[-1])]])
        fine = np.union1d(edges, np.linspace(0.0, edges[-1], 60))  # a step is level between events
        level = share[np.searchsorted(curve.time, fine[:-1], side="right")]
        x, y = np.stack([fine[:-1], fine[1:]], axis=1).ravel(), np.repeat(level, 2)
        lines.append(Line(f"{group} (n = {curve.n})", tuple(x.tolist()), tuple(y.tolist())))
    unit = next(iter(curves.values())).unit
    title = ", ".join(word for word in ("Share without the event", trial, lines[0].name if len(lines) == 1 else "") if word)
    return Lines(title, Axis(f"time ({unit})"), Axis("share"), tuple(lines))
