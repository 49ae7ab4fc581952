"""What commands print and write: tables, JSON, figures. It knows paper, not science."""

from __future__ import annotations

import csv
import json
import math
import sys
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from tamarisk.places import require_own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.text import Text

    from tamarisk.study.figure import Panel

COHORT = "cohort.zarr"  # where the members of a cohort go
_MARK = ".tamarisk"
_WIDEST_WORD = 16  # letters: longer words may be broken over lines


def print_json(record: dict[str, Any]) -> None:
    """A record as JSON; numbers that are not finite become null, signs the stream cannot print their number."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    click.echo(json.dumps(_finite(record), ensure_ascii=not encoding.startswith("utf"), indent=1))


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str | Text]], *, numbers: Sequence[int] = ()) -> None:
    """A table for people; what stands first in a row is never broken over lines.

    Args:
        title: what it shows.
        header: column names.
        rows: cells as text, or as text with a colour.
        numbers: columns to align on the right.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left", header_style="bold", box=None, pad_edge=False, title_style="bold")
    held = list(rows)
    for number, name in enumerate(header):
        texts = [name, *(str(row[number]) for row in held if number < len(row))]
        words = [word for text in texts for word in (text.split() if number else [text])]
        widest = max(map(len, words)) if number == 0 else min(max(map(len, words), default=1), _WIDEST_WORD)
        side: Literal["left", "right"] = "right" if number in numbers else "left"
        table.add_column(escape(name), justify=side, overflow="fold", no_wrap=number == 0, min_width=widest)
    for row in held:
        table.add_row(*(escape(cell) if isinstance(cell, str) else cell for cell in row))
    Console().print(table, crop=False)  # a narrow terminal may break lines, nothing is cut off


def print_text(text: str, *, first: str = "", further: str = "") -> None:
    """A paragraph for people, as wide as the tables.

    Args:
        text: the paragraph, in one line.
        first: what its first line begins with, as blanks or a dash.
        further: what its further lines begin with.
    """
    from rich.console import Console

    width = Console().width
    lines = textwrap.wrap(text, width, initial_indent=first, subsequent_indent=further, break_on_hyphens=False)
    click.echo("\n".join(lines))


def check_folder(path: Path | None) -> None:
    """Nothing if a folder, if one is named, may be written to; asked before a long run, not after it.

    Raises:
        DataError: the folder holds other people's files, or cannot be written to.
    """
    if path is not None:
        require_own(path, COHORT if (path / COHORT).exists() else _MARK)  # a cohort that was stopped lies there without the mark


def own_folder(path: Path) -> Path:
    """A folder that this program may write to: new, empty, or made by it.

    Raises:
        DataError: the folder holds other people's files, or cannot be written to.
    """
    check_folder(path)
    path.mkdir(parents=True, exist_ok=True)
    (path / _MARK).write_text("Tamarisk may write over the files in this folder.\n", encoding="utf-8")
    return path


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """A table for programs.

    Returns:
        The path.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_panels(panels: Sequence[Panel], folder: Path, name: str) -> list[Path]:
    """Figures as PNG and SVG files.

    Returns:
        The paths.
    """
    from tamarisk.doors.plot import save

    paths: list[Path] = []
    for number, panel in enumerate(panels, 1):
        paths += save(panel, folder, f"{name}-{number}" if len(panels) > 1 else name)
    return paths


@contextmanager
def progress_shown(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the error stream while something long runs; one line per step where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=1)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{title}: {what}", completed=done, total=total)
            if not console.is_terminal and done % max(1, total // 20) == 0:
                click.echo(f"{title}: {what} ({done} of {total})", err=True)

        yield show


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value
