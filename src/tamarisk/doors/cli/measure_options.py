"""Options that the rulers share, and how their values are read. It knows flags and paper, not science."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tamarisk.doors.cli.measure import WORDS
from tamarisk.doors.cli.measure_output import Paper
from tamarisk.doors.cli.options import Place, output_options
from tamarisk.doors.cli.output import check_folder
from tamarisk.errors import DataError
from tamarisk.places import require_new

if TYPE_CHECKING:
    from tamarisk.measurement.columns import Said
    from tamarisk.measurement.expression_files import Held
    from tamarisk.measurement.growth_table import Layout

Command = TypeVar("Command", bound=Callable[..., Any])

_DOSE_UNIT = click.option(
    "--unit", "dose_unit", default="", metavar="UNIT", help="Unit of the doses, as nM, if the file lacks it."
)
_TIME_UNIT = click.option("--time-unit", default="", metavar="UNIT", help="Unit of the times, as h or d, if the file lacks it.")
_BY = click.option("--by", "keys", multiple=True, metavar="HEADER", help="A column whose values keep wells apart; may repeat.")


def column_option(example: str) -> Callable[[Command], Command]:
    """`--column`."""
    return click.option("--column", "columns", multiple=True, metavar="NAME=HEADER", help=f"As {example}; may repeat.")


def files_argument(command: Command) -> Command:
    """`FILE ...`."""
    return click.argument("files", nargs=-1, required=True, metavar="FILE ...", type=Place(path_type=Path))(command)


def paper_options(command: Command) -> Command:
    """`--level`, `--top`, `--report`, `--out` and `--json`."""
    command = output_options(command)
    kind = Place(path_type=Path, dir_okay=False)
    text = "One HTML file with figure, table, methods and this command."
    command = click.option("--report", type=kind, default=None, metavar="FILE", help=text)(command)
    text = "How many results to print; files and JSON hold all."
    command = click.option("--top", default=30, show_default=True, metavar="N", type=click.IntRange(min=0), help=text)(command)
    kind_of_level, text = click.FloatRange(0.0, 1.0, min_open=True, max_open=True), "Coverage of the intervals."
    return click.option("--level", type=kind_of_level, default=0.95, show_default=True, metavar="SHARE", help=text)(command)


def unit_options(command: Command) -> Command:
    """`--unit`, `--time-unit`, `--column` and `--by`."""
    return _with(command, _DOSE_UNIT, _TIME_UNIT, column_option("dose=E2_nM"), _BY)


def dose_options(command: Command) -> Command:
    """`--unit`, `--column` and `--by`."""
    return _with(command, _DOSE_UNIT, column_option("experiment=block_id"), _BY)


def survival_options(command: Command) -> Command:
    """`--time-unit`, `--column` and `--by`."""
    text = "A column whose values keep trials apart; may repeat."
    by = click.option("--by", "keys", multiple=True, metavar="HEADER", help=text)
    return _with(command, _TIME_UNIT, column_option("group=arm"), by)


def matrix_options(command: Command) -> Command:
    """`--samples`, `--scale`, `--gene-column`, `--layer` and `--column`."""
    place, kinds = Place(path_type=Path), click.Choice(["counts", "log2"])
    text = "Table of sample, group and batch; an AnnData file has its own."
    options = (
        click.option("--samples", type=place, default=None, metavar="FILE", help=text),
        click.option("--scale", type=kinds, default=None, help="Whether a matrix holds reads or log2 values."),
        click.option("--gene-column", default="", metavar="HEADER", help="Column with names of genes; the first if left out."),
        click.option("--layer", default="", metavar="NAME", help="Layer of an AnnData file; X if left out."),
        column_option("group=treatment"),
    )
    return _with(command, *options)


def layout_options(command: Command) -> Command:
    """`--control`, `--replicates` and `--at`."""
    options = (
        click.option(
            "--control", default="", metavar="NAME", help="The untreated condition; dose 0 or the usual words if left out."
        ),
        click.option(
            "--replicates", type=click.Choice(["wells", "experiments"]), default=None, help="What a column 'replicate' numbers."
        ),
        click.option("--at", default=None, metavar="TIME", help="The time to read, as 72h; the last if left out."),
    )
    return _with(command, *options)


def said(options: Mapping[str, Any]) -> Said:
    """What `--unit`, `--time-unit`, `--column` and `--by` say about a file.

    Raises:
        DataError: a column is not written as NAME=HEADER.
    """
    from tamarisk.measurement.columns import Said

    columns = options["columns"]
    pairs = [column.partition("=") for column in columns]
    wrong = [column for column, (name, _, header) in zip(columns, pairs, strict=True) if not name or not header]
    if wrong:
        raise DataError(f"'{wrong[0]}' names no column", where="column", hint="write it as dose=E2_nM")
    named = {name: header for name, _, header in pairs}
    return Said(options.get("dose_unit", ""), options.get("time_unit", ""), named, tuple(options.get("keys", ())))


def held(options: Mapping[str, Any]) -> Held:
    """What `--samples`, `--scale`, `--gene-column`, `--layer` and `--column` say about a matrix.

    Raises:
        DataError: the scale is not said, or a column is not written as NAME=HEADER.
    """
    from tamarisk.measurement.expression_files import Held

    if options["scale"] is None:
        raise DataError("the scale is not said", where="scale", hint="say --scale counts or log2")
    columns = said(options).columns
    return Held(options["scale"] == "counts", options["samples"], options["gene_column"], columns, options["layer"])


def layout(options: Mapping[str, Any]) -> Layout:
    """What `--control`, `--by`, `--replicates` and `--at` say about the wells.

    Raises:
        UnitError: the time has no unit.
    """
    from tamarisk.measurement.growth_table import Layout
    from tamarisk.units import hours

    at = None if options["at"] is None else hours(options["at"], where="at")
    return Layout(options["control"], options["keys"], options["replicates"] or "", at)


def paper(ctx: click.Context, options: Mapping[str, Any]) -> Paper:
    """Where the answer goes, after seeing that it can be written there; asked before the work, not after it.

    Raises:
        ModelError: the report exists.
        DataError: a place holds other people's files, or cannot be written to.
    """
    out, report = options["out"], options["report"]
    check_folder(out)
    if report is not None:
        require_new(report)
    command_line = shlex.join(["tamarisk", "measure", *ctx.meta.get(WORDS, ())])
    return Paper(out, report, options["as_json"], options["top"], command_line)


def _with(command: Command, *options: Callable[[Command], Command]) -> Command:
    """A command with options, shown in the order given."""
    for option in reversed(options):
        command = option(command)
    return command
