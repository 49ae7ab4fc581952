"""`tamarisk list`: the names that other commands take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from tamarisk.doors.cli.output import print_json, print_table
from tamarisk.errors import ProtocolError
from tamarisk.names import resolve

Rows = tuple[Sequence[str], list[list[str]]]


def _contexts() -> Rows:
    from tamarisk.model.context import contexts

    return ("name", "kind", "kept in", "meaning"), [[one.name, one.kind, one.medium, one.meaning] for one in contexts().values()]


def _drugs() -> Rows:
    from tamarisk.model.substance import substances

    return ("name", "kind", "binds", "usual dose", "what that does"), [
        [one.name, one.kind, one.target, one.dose, one.action] for one in substances().values()
    ]


def _media() -> Rows:
    from tamarisk.model.substance import media

    return ("name", "meaning"), [[one.name, one.meaning] for one in media().values()]


def _readouts() -> Rows:
    from tamarisk.model.readout import readouts

    return ("name", "unit", "meaning"), [[one.name, one.unit, one.meaning] for one in readouts().values()]


def _genes() -> Rows:
    from tamarisk.model.regulon import read_regulon

    edges = read_regulon().edges
    return ("gene", "factor", "sign", "source"), [
        [one.gene, one.factor, "+" if one.sign > 0 else "-", one.source] for one in edges
    ]


def _arrows() -> Rows:
    from tamarisk.model.arrow import arrows

    return ("arrow", "from", "to", "sign"), [[one.name, one.source, one.target, one.sign] for one in arrows().values()]


def _findings() -> Rows:
    from tamarisk.study.finding import findings

    return ("id", "claim", "criterion"), [[one.id, one.claim, one.criterion] for one in findings().values()]


def _parameters() -> Rows:
    from tamarisk.model.context import changeable

    return ("parameter", "MCF-7", "unit", "meaning"), [
        [one.id, f"{one.value:g}", one.unit, one.meaning] for one in changeable().values()
    ]


LISTS: dict[str, Callable[[], Rows]] = {
    "contexts": _contexts,
    "drugs": _drugs,
    "media": _media,
    "readouts": _readouts,
    "genes": _genes,
    "arrows": _arrows,
    "findings": _findings,
    "parameters": _parameters,
}


@click.command()
@click.argument("what", required=False, metavar=f"{{{'|'.join(LISTS)}}}")
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
def command(what: str | None, as_json: bool) -> None:
    """The names that other commands take; `parameters` are those in which contexts may differ.

    \b
    Example:
        tamarisk list contexts
    """
    if not what:
        *names, last = LISTS
        raise ProtocolError("nothing to list is named", hint=f"choose {', '.join(names)} or {last}")
    what = resolve(what, list(LISTS), kind="list")
    header, rows = LISTS[what]()
    if as_json:
        print_json({what: [dict(zip(header, row, strict=True)) for row in rows]})
    else:
        print_table(what, header, rows)
