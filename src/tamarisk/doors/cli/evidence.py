"""`tamarisk evidence`: it finds the command that is asked for. It knows their names, not the literature."""

from __future__ import annotations

import click

from tamarisk.doors.cli.group import Group

BELOW = {
    "search": "Studies that speak of something, best match first.",
    "show": "One study as a card.",
    "pool": "The pooled estimate of one question.",
    "claims": "What is solid, what is contested, what is missing.",
    "coverage": "Which reactions of the model have evidence.",
    "cite": "A reference as BibTeX or RIS.",
    "export": "All studies as CSV, Parquet or JSON-LD.",
}


@click.command(cls=Group, below=BELOW, stem="evidence", kind="command")
def command() -> None:
    """What is known about endocrine resistance, and who says so.

    \b
    Example:
        tamarisk evidence search "PTEN tamoxifen"
        tamarisk evidence show S017
    """
