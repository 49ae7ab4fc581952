"""`tamarisk evidence coverage`: parse, library calls, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.options import Place, chosen_model, model_option
from tamarisk.doors.cli.output import print_json, print_table
from tamarisk.units import percent

if TYPE_CHECKING:
    from tamarisk.evidence.screening import Stage
    from tamarisk.study.support import Coverage, Support


@click.command()
@click.option(
    "--plot", type=Place(path_type=Path, dir_okay=False), default=None, metavar="FILE", help="Flow of studies, .svg or .png."
)
@model_option
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
def command(plot: Path | None, model_folder: Path | None, as_json: bool) -> None:
    """How the studies were found and sorted, and which publications stand behind each reaction of the model.

    \b
    Example:
        tamarisk evidence coverage --plot flow.svg
    """
    from tamarisk.evidence.screening import stages
    from tamarisk.study.support import coverage

    found, flow = coverage(chosen_model(model_folder)), stages()
    if plot is not None:
        from tamarisk.doors.flow import flow_diagram
        from tamarisk.doors.plot import write

        write(lambda: flow_diagram(flow), plot)
    if as_json:
        print_json(_record(found, flow, plot))
    else:
        _print(found, flow, plot)


def _record(found: Coverage, flow: tuple[Stage, ...], plot: Path | None) -> dict[str, Any]:
    return {
        "reactions": len(found.reactions),
        "with_evidence": found.count("evidence"),
        "assumed": found.count("assumed"),
        "neither": found.count("neither"),
        "share": found.share,
        "support": [_support(one) for one in found.reactions],
        "cited": list(found.cited),
        "cited_but_not_in_store": list(found.lost),
        "studies_no_reaction_cites": list(found.uncited),
        "flow": [_stage(one) for one in flow],
        "written": str(plot) if plot else None,
    }


def _support(one: Support) -> dict[str, Any]:
    return {
        "reaction": one.reaction,
        "standing": one.standing,
        "publications": [source.key for source in one.sources],
        "categories": dict(one.categories),
        "seen": dict(one.seen),
        "studies": [study.id for study in one.studies],
    }


def _print(found: Coverage, flow: tuple[Stage, ...], plot: Path | None) -> None:
    print_table("how the studies were sorted", ("stage", "count", "what it is"), [_line(one) for one in flow], numbers=(1,))
    click.echo()
    total = len(found.reactions)
    click.echo(
        f"{total} reactions: {found.count('evidence')} rest on publications, {found.count('assumed')} are marked assumed, ",
        nl=False,
    )
    click.echo(f"{found.count('neither')} neither ({percent(found.share)} accounted for).")
    click.echo(f"{len(found.cited)} publications are cited, {len(found.lost)} of their addresses are not in the store.")
    click.echo(f"{len(found.uncited)} studies of the store stand behind no reaction.\n")
    rows = [
        [one.reaction, str(len(one.sources)) if one.sources else "assumed", _kinds(one), _seen(one)] for one in found.reactions
    ]
    print_table("reactions by support", ("reaction", "publications", "of which", "seen as"), rows, numbers=(1,))
    if plot:
        click.echo(f"written: {plot}")


def _line(one: Stage) -> list[str]:
    return [f"{one.name}" + (f" (of {one.after})" if one.after else ""), one.shown, one.text]


def _stage(one: Stage) -> dict[str, Any]:
    return {"stage": one.name, "of": one.after, "count": one.count, "text": one.text, "where": one.where}


def _kinds(one: Support) -> str:
    return ", ".join(f"{count} {name}" for name, count in one.categories.items())


def _seen(one: Support) -> str:
    return ", ".join(f"{count} {name}" for name, count in one.seen.items())
