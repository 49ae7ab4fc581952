"""`tamarisk measure`: it finds the ruler that is asked for. It knows their names, not what they do."""

from __future__ import annotations

import click

from tamarisk.doors.cli.group import Group

RULERS = {
    "growth": "Doublings and GR of every condition.",
    "dose-response": "GR50 or EC50, plateau and area of every dose series.",
    "synergy": "Two drugs together against each alone.",
    "blot": "Phospho, total and load bands, compared on each blot.",
    "expression": "Genes that differ between two groups of samples.",
    "signature": "How much of a drug's lost expression response a co-drug restores.",
    "survival": "Time to an event, compared between groups.",
    "pool": "One answer from several studies.",
    "template": "An example file for a ruler, which runs as it is.",
}
WORDS = "tamarisk.words"  # where the context keeps the command line as it was typed


class Rulers(Group):
    """The rulers; it remembers the words that were typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The words, kept for reports."""
        ctx.meta[WORDS] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=Rulers, below=RULERS, stem="measure", kind="ruler")
def command() -> None:
    """What a lab's own files say, with intervals, from growth and dose-response to expression, survival and published studies.

    \b
    Example:
        tamarisk measure template growth
        tamarisk measure growth growth.csv
    """
