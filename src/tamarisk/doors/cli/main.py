"""The command `tamarisk`: it finds the command asked for and turns faults into one sentence. It knows no science."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Never

import click

from tamarisk.errors import SimulationError, TamariskError
from tamarisk.names import resolve

COMMANDS = {
    "reproduce": "The founding studies, every row, as a table and a report.",
    "simulate": "What the cells do over time.",
    "screen": "Growth over the doses of one drug, or of two.",
    "evolve": "What months of exposure make of the cells.",
    "reverse": "What makes resistant cells answer a therapy again.",
    "measure": "What a lab's own files say: growth, doses, drug pairs, blots, expression, survival.",
    "evidence": "What is known, and who says so: studies, effects, claims.",
    "export": "The model as SBML, or as Antimony modules to edit.",
    "list": "The names of contexts, drugs, media, readouts, genes, arrows or findings.",
    "suite": "Whether models in SBML are solved as the standard asks.",
    "doctor": "Whether this machine is all right.",
}
FAILED, BAD_INPUT, STOPPED = 1, 2, 130


class Door(click.Group):
    """Loads a command when it is asked for; every fault of the input is one line and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, its room loaded now."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"tamarisk.doors.cli.{cmd_name}"), "command")  # noqa: B009
        return command if isinstance(command, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; a stranger is met with the nearest names."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_stranger(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> Never:  # type: ignore[override]
        """Run a command; say faults in one line."""
        extra["standalone_mode"] = False
        _print_what_can_be_printed()
        try:
            code = super().main(args, prog_name, **extra)
        except click.exceptions.Exit as ended:
            code = ended.exit_code
        except click.exceptions.NoArgsIsHelpError as asked:
            click.echo(asked.format_message())
            code = 0
        except click.Abort as stopped:
            _say(f"stopped; {str(stopped) or 'nothing was written'}")
            code = STOPPED
        except click.ClickException as fault:
            _say(_one_line(fault))
            code = BAD_INPUT
        except SimulationError as fault:
            _say(str(fault))
            code = FAILED
        except TamariskError as fault:
            _say(str(fault))
            code = BAD_INPUT
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = BAD_INPUT
        sys.exit(code if isinstance(code, int) else 0)


def _stranger(name: str) -> str:
    try:
        return resolve(name, list(COMMANDS), kind="command")
    except TamariskError as stranger:
        return str(stranger)


def _print_what_can_be_printed() -> None:
    """Signs that the terminal's encoding lacks are printed as question marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _one_line(fault: click.ClickException) -> str:
    if isinstance(fault, click.NoSuchOption) and fault.possibilities:
        return f"no option '{fault.option_name}'; did you mean {' or '.join(sorted(fault.possibilities))}?"
    return " ".join(fault.format_message().split()).rstrip(".")


def _say(sentence: str) -> None:
    click.echo(f"tamarisk: {sentence}", err=True)


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tamarisk", message="tamarisk %(version)s")
def cli() -> None:
    """Why endocrine therapy fails in these breast-cancer cells, what restores it, how sure that is, and who says so.

    \b
    Start with:
        tamarisk reproduce
        tamarisk simulate --context MCF7-TamR --drug rapamycin=20nM
    """
