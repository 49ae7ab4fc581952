"""`tamarisk measure`: it finds the ruler that is asked for. It knows their names, not what they do."""

from __future__ import annotations

from importlib import import_module

import click

from tamarisk.errors import TamariskError
from tamarisk.names import resolve

RULERS = {
    "growth": "Doublings and GR of every condition.",
    "dose-response": "GR50 or EC50, plateau and area of every dose series.",
    "synergy": "Two drugs together against each alone.",
    "blot": "Phospho, total and load bands, compared on each blot.",
    "expression": "Genes that differ between two groups of samples.",
    "signature": "How much of a drug's lost expression response a co-drug restores.",
    "survival": "Time to an event, compared between groups.",
    "template": "An example file for a ruler, which runs as it is.",
}
WORDS = "tamarisk.words"  # where the context keeps the command line as it was typed


class Rulers(click.Group):
    """Loads a ruler when it is asked for, and remembers the words that were typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The words, kept for reports."""
        ctx.meta[WORDS] = tuple(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The rulers in the order in which people meet them."""
        return list(RULERS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The ruler of that name, loaded now."""
        if cmd_name not in RULERS:
            return None
        found = getattr(import_module(f"tamarisk.doors.cli.measure_{cmd_name.replace('-', '_')}"), "command")  # noqa: B009
        return found if isinstance(found, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The ruler that the first word names; a stranger is met with the nearest names."""
        if args[0] not in RULERS and not args[0].startswith("-"):
            raise click.UsageError(_stranger(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of rulers, without loading any."""
        with formatter.section("Rulers"):
            formatter.write_dl(list(RULERS.items()))


def _stranger(name: str) -> str:
    try:
        return f"no ruler '{name}'; did you mean '{resolve(name, list(RULERS), kind='ruler')}'?"
    except TamariskError as stranger:
        return str(stranger)


@click.command(cls=Rulers)
def command() -> None:
    """What a lab's own files say, with intervals: growth, dose-response, synergy, blots, expression, signatures, survival.

    \b
    Example:
        tamarisk measure template growth
        tamarisk measure growth growth.csv
    """
