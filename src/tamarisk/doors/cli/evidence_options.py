"""Options that the questions to the literature share. It knows flags, not science."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tamarisk.doors.cli.options import Place

Command = TypeVar("Command", bound=Callable[..., Any])


def add_option(command: Command) -> Command:
    """`--add`."""
    kind = Place(path_type=Path, dir_okay=False)
    text = "A table of your own, with the columns of ours; may repeat."
    return click.option("--add", multiple=True, type=kind, metavar="FILE", help=text)(command)


def json_option(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")(command)
