"""`tamarisk evidence`: it finds the command that is asked for. It knows their names, not the literature."""

from __future__ import annotations

import click

from tamarisk.doors.cli.group import Group

BELOW = {
    "search": "Studies, effects and trials that speak of something.",
    "show": "One study, effect, trial or claim as a card.",
    "pool": "The pooled estimate of one question.",
    "claims": "What is solid, what is contested, what is missing.",
    "coverage": "How studies were sorted, and which reactions have evidence.",
    "cite": "A reference as BibTeX or RIS.",
    "export": "Studies, effects or trials as CSV, Parquet or JSON-LD.",
}


@click.command(cls=Group, below=BELOW, stem="evidence", kind="command")
def command() -> None:
    """What is known about endocrine resistance, and who says so.

    \b
    Example:
        tamarisk evidence claims
        tamarisk evidence search "PTEN tamoxifen"
        tamarisk evidence show S017
        tamarisk evidence pool --list
    """
