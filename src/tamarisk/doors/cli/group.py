"""A command with commands below it, each loaded when it is asked for. It knows their names, not what they do."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from tamarisk.errors import TamariskError
from tamarisk.names import resolve


class Group(click.Group):
    """Commands below a command; a stranger is met with the nearest names.

    Args:
        below: their names, and what each does in a sentence.
        stem: what their files' names begin with: `measure` finds `dose-response` in measure_dose_response.py.
        kind: what one of them is called, as ruler.
        extra: what click wants to know.
    """

    def __init__(self, *, below: Mapping[str, str], stem: str, kind: str, **extra: Any) -> None:
        super().__init__(**extra)
        self.below, self.stem, self.kind = below, stem, kind

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order in which people meet them."""
        return list(self.below)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, loaded now."""
        if cmd_name not in self.below:
            return None
        file = f"{self.stem}_{cmd_name.replace('-', '_')}"
        found = getattr(import_module(f"tamarisk.doors.cli.{file}"), "command")  # noqa: B009
        return found if isinstance(found, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names."""
        if args[0] not in self.below and not args[0].startswith("-"):
            raise click.UsageError(self._stranger(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without loading any."""
        with formatter.section(f"{self.kind.capitalize()}s"):
            formatter.write_dl(list(self.below.items()))

    def _stranger(self, name: str) -> str:
        try:
            return f"no {self.kind} '{name}'; did you mean '{resolve(name, list(self.below), kind=self.kind)}'?"
        except TamariskError as stranger:
            return str(stranger)
