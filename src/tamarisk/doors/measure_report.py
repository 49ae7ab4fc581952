"""What a ruler says, as one self-contained page. It knows layout, not science."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import jinja2
from markupsafe import Markup

from tamarisk.tables import CONTENT, Column, read_table

_LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib")


def measure_page(
    kind: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    record: dict[str, Any],
    pictures: Sequence[str],
    *,
    methods: Sequence[str],
    command: str,
) -> str:
    """The page: figures, table, refusals, files, methods in words, versions and the command.

    Args:
        kind: name of the ruler.
        header: columns of the table.
        rows: its cells.
        record: what `--json` prints.
        pictures: SVG text of the figures.
        methods: how the intervals were made.
        command: the command that made it.

    Returns:
        HTML that needs no other file.

    >>> record = {"results": [], "refusals": [], "warnings": [], "inputs": []}
    >>> "measure growth" in measure_page("growth", [], [], record, [], methods=[], command="tamarisk measure growth growth.csv")
    True
    """
    return _template().render(
        kind=kind,
        header=header,
        rows=rows,
        more=len(record["results"]) - len(rows),
        record=record,
        pictures=_inline(pictures),
        words=_methods_in_words(kind),
        methods=methods,
        command=command,
        **_versions(),
    )


def _inline(pictures: Sequence[str]) -> list[Markup]:
    return [Markup(_own_names(text, f"figure-{number}")) for number, text in enumerate(pictures, 1)]  # noqa: S704


def _versions() -> dict[str, str]:
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES)
    return {"version": metadata.version("tamarisk"), "libraries": libraries}


def _template() -> jinja2.Template:
    folder = jinja2.FileSystemLoader(CONTENT / "report")
    return jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "measure.html.j2"
    )


def _methods_in_words(kind: str) -> str:
    rows = read_table(CONTENT / "report" / "methods.tsv", (Column("kind"), Column("words")))
    return next(row["words"] for row in rows if row["kind"] == kind)


def _own_names(svg: str, prefix: str) -> str:
    """The same picture with identifiers of its own, so that pictures on one page do not borrow each other's shapes."""
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    return re.sub(r"url\(#", f"url(#{prefix}-", svg)
