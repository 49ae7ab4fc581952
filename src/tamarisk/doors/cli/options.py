"""Options that several commands share, and how their values are read. It knows flags, not science."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tamarisk.model.model import Model
    from tamarisk.model.protocol import Protocol

Command = TypeVar("Command", bound=Callable[..., Any])

MODEL_HELP = "Folder with Antimony modules and parameters.tsv; the shipped model if left out."


class Place(click.Path):
    """A path that is named; an empty name is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, once it is known to have a name."""
        if not str(value):
            self.fail("the name is empty", param, ctx)
        return super().convert(value, param, ctx)


def context_option(command: Command) -> Command:
    """`--context`."""
    text = "Cells: a name, 'name + edit', or a table file (tamarisk list contexts)."
    return click.option("--context", default="MCF-7", show_default=True, metavar="CELLS", help=text)(command)


def plan_options(command: Command) -> Command:
    """`--drug`, `--from`, `--medium`, `--grown-in` and `--rest`."""
    options = (
        click.option(
            "--drug", "drugs", multiple=True, metavar="NAME=DOSE[@FROM[-TO]]", help="As fulvestrant=100nM@24h-72h; may repeat."
        ),
        click.option(
            "--from", "start", default="0h", show_default=True, metavar="TIME", help="When drugs begin that do not say so."
        ),
        click.option(
            "--medium", default=None, metavar="NAME", help="Culture medium; the cells' own if left out (tamarisk list media)."
        ),
        click.option("--grown-in", default=None, metavar="NAME", help="Medium the cells settle in before; the same if left out."),
        click.option(
            "--rest", multiple=True, metavar="MEDIUM=TIME", help="Between settling and time 0, as starved=24h; may repeat."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """`--out` and `--json`."""
    command = click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")(command)
    text = "Folder for tables and figures (PNG and SVG)."
    return click.option("--out", type=Place(path_type=Path, file_okay=False), default=None, metavar="DIR", help=text)(command)


def model_option(command: Command) -> Command:
    """`--model`."""
    kind = Place(path_type=Path, file_okay=False, exists=True)
    return click.option("--model", "model_folder", type=kind, default=None, metavar="DIR", help=MODEL_HELP)(command)


def plan(drugs: tuple[str, ...], start: str, medium: str | None, grown_in: str | None, rest: tuple[str, ...]) -> Protocol:
    """The protocol that the options describe.

    Raises:
        ProtocolError: doses overlap or have another form.
        UnknownNameError: a drug or medium that nobody has heard of.
        UnitError: a number has no unit, a wrong one, or is negative.
    """
    from tamarisk.model.protocol import protocol

    return protocol(*drugs, medium_name=medium, grown_in=grown_in, rest=rest, start=start)


def chosen_model(folder: Path | None) -> Model:
    """The model of a folder; the shipped one if none is named.

    Raises:
        ModelError: the folder holds no sound model.
        TableError: its parameter table is faulty.
    """
    from tamarisk.model.antimony import read_model

    return read_model(folder) if folder else read_model()
