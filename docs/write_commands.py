"""Write docs/commands.md from the commands themselves; tests/test_docs.py fails if it is not up to date."""

from __future__ import annotations

from pathlib import Path

import click

from tamarisk.doors.cli.main import cli


def page() -> str:
    """The help of every command as one Markdown page."""
    top = click.Context(cli, info_name="tamarisk", terminal_width=110, max_content_width=110, **cli.context_settings)
    parts = ["# Commands", "", "Written by `uv run python docs/write_commands.py`.", ""]
    for name in cli.list_commands(top):
        command = cli.get_command(top, name)
        assert command is not None
        parts += _help(command, name, top)
    return "\n".join(parts).rstrip() + "\n"


def _help(command: click.Command, name: str, parent: click.Context) -> list[str]:
    """The help of a command and of those below it."""
    inner = click.Context(command, info_name=name, parent=parent, terminal_width=110, max_content_width=110)
    parts = [f"## {inner.command_path}", "", "```text", command.get_help(inner).rstrip(), "```", ""]
    if isinstance(command, click.Group):
        for below in command.list_commands(inner):
            found = command.get_command(inner, below)
            assert found is not None
            parts += _help(found, below, inner)
    return parts


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(page(), encoding="utf-8")
