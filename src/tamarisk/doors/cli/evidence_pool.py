"""`tamarisk evidence pool`: parse, one library call, print."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.options import Place
from tamarisk.doors.cli.output import print_json, print_table, print_text
from tamarisk.doors.words import ratio, span, two_digits
from tamarisk.errors import ProtocolError
from tamarisk.units import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tamarisk.study.pool_row import PoolRow
    from tamarisk.study.pool_specification import Specification
    from tamarisk.study.pooled_evidence import PooledEvidence

LEGEND = """k: studies. HR, OR, RR: ratio of two hazards, odds or risks. RHR: such a ratio with the marker over that without it.
In brackets the 95 % interval; 1 is no difference; above 1 the disease does worse, or the therapy less, with the marker; below 1
an inhibitor helps."""


@click.command()
@click.argument("question", required=False)
@click.option("--list", "listed", is_flag=True, help="Every question with its main estimate.")
@click.option(
    "--plot", type=Place(path_type=Path, dir_okay=False), default=None, metavar="FILE", help="Forest plot, .svg or .png."
)
@click.option(
    "--with-recalled", is_flag=True, help="Let in numbers that were recalled and not seen, as a further choice of rows."
)
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
def command(question: str | None, listed: bool, plot: Path | None, with_recalled: bool, as_json: bool) -> None:
    """What the studies of one question say together, under every choice of rows and methods.

    \b
    Example:
        tamarisk evidence pool PIK3CA --plot pik3ca.svg
    """
    from tamarisk.study.pooled_evidence import pool_evidence

    if listed:
        _print_list(as_json=as_json)
        return
    if not question:
        raise ProtocolError("no question is named", hint="see 'tamarisk evidence pool --list'")
    found = pool_evidence(question, with_recalled=with_recalled)
    if plot is not None:
        from tamarisk.doors.forest import forest
        from tamarisk.doors.plot import write

        write(lambda: forest(found, _drawn(found, with_recalled=with_recalled)), plot)
    if as_json:
        print_json(_record(found, plot))
    else:
        _print(found, plot)


def _drawn(found: PooledEvidence, *, with_recalled: bool) -> Specification | None:
    """What is drawn: the main answer, or the one with recalled numbers where these were asked for."""
    from tamarisk.study.pool_specification import RECALLED_ROWS

    let_in = [one for one in found.specifications if one.choice.name == RECALLED_ROWS]
    return let_in[0] if with_recalled and let_in else found.main


def _print_list(*, as_json: bool) -> None:
    from tamarisk.evidence.question import questions
    from tamarisk.study.pooled_evidence import pool_evidence

    answers = [pool_evidence(key) for key in questions()]
    if as_json:
        print_json({"questions": [_headline(one) for one in answers]})
        return
    rows = [
        [one.question.key, str(one.main.k if one.main else 0), _ratio(one.main), one.says, one.question.text] for one in answers
    ]
    print_table("questions", ("question", "k", "main estimate", "says", "asks"), rows, numbers=(1,))
    click.echo()
    print_text(LEGEND)
    click.echo("One question in full: tamarisk evidence pool PIK3CA")


def _headline(found: PooledEvidence) -> dict[str, Any]:
    main = found.main
    return {
        "question": found.question.key,
        "text": found.question.text,
        "kind": found.question.kind,
        "says": found.says,
        "k": main.k if main else 0,
        "estimate": main.estimate if main else None,
        "interval": [main.low, main.high] if main else None,
    }


def _record(found: PooledEvidence, plot: Path | None) -> dict[str, Any]:
    return {
        **_headline(found),
        "specifications": [_specification(one) for one in found.specifications],
        "leave_one_out": [
            {"without": label, "estimate": value, "interval": [low, high]} for label, value, low, high in found.without_one
        ],
        "beside": [_row(one) for one in found.beside],
        "notes": list(found.notes),
        "written": str(plot) if plot else None,
    }


def _specification(one: Specification) -> dict[str, Any]:
    return {
        "rows": one.choice.name,
        "method": one.method,
        "k": one.k,
        "estimate": one.estimate,
        "interval": [one.low, one.high],
        "tau2": one.tau2,
        "I2": one.I2,
        "Q_p": one.Q_p,
        "prediction_interval": None if math.isnan(one.prediction[0]) else list(one.prediction),
        "main": one.main,
        "why": one.why,
        "studies": [{**_row(row), "weight": weight} for row, weight in zip(one.choice.rows, one.weights, strict=True)],
        "left_out": [str(out) for out in one.choice.left_out],
    }


def _row(row: PoolRow) -> dict[str, Any]:
    return {
        "ids": list(row.ids),
        "study": row.label,
        "n": row.n,
        "cohort": list(row.cohort),
        "measure": row.measure,
        "log_estimate": row.log_estimate,
        "standard_error": row.standard_error,
        "endpoint": row.endpoint,
        "group": row.group,
        "role": row.role,
        "recalled": row.recalled,
    }


def _print(found: PooledEvidence, plot: Path | None) -> None:
    main = found.main
    click.echo(found.question.text)
    print_text(f"{_ratio(main)}: {found.says}" if main else found.says, first="  ", further="    ")
    if main:
        print_text(f"Why this one: {main.why}.", first="  ", further="    ")
        click.echo()
        weighted = zip(main.choice.rows, main.weights, strict=True)
        rows = [[*_named(row), *_numbers(row.ratio), percent(weight), row.endpoint] for row, weight in weighted]
        print_table("main rows", (*_NAMED, "weight", "endpoint"), rows, numbers=(2, 3, 5))
        click.echo()
        print_table("every specification that was run, the main one first", _HEADER, list(_lines(found)), numbers=(2, 3, 5))
    if found.without_one:
        click.echo()
        rest = [[label, ratio(value, low, high)] for label, value, low, high in found.without_one]
        print_table("without one study", ("left out", "main estimate"), rest)
    if found.beside:
        click.echo()
        apart = [[*_named(row), *_numbers(row.ratio), row.role + _RECALLED * row.recalled] for row in found.beside]
        print_table("numbers that stand in no pool", (*_NAMED, "what it is"), apart, numbers=(2, 3))
    click.echo()
    for note in found.notes:
        print_text(note, first="- ", further="  ")
    print_text(LEGEND)
    if plot:
        click.echo(f"written: {plot}")


_NAMED = ("row", "study", "n", "ratio", "95 %")
_RECALLED = ", recalled and not seen"
_HEADER = ("method", "rows", "k", "ratio", "95 %", "I2", "prediction")


def _lines(found: PooledEvidence) -> Iterator[list[str]]:
    """A line for each specification; the choice of rows is said where it begins."""
    before = ""
    for one in found.specifications:
        name = one.choice.name if one.choice.name != before else ""
        numbers = _numbers((one.estimate, one.low, one.high))
        yield [one.method, name, str(one.k), *numbers, _share(one.I2), span(*one.prediction)]
        before = one.choice.name


def _named(row: PoolRow) -> tuple[str, str, str]:
    """By which `show` finds a row, what it is, and of how many."""
    return ", ".join(row.ids), row.label, row.n


def _numbers(ends: tuple[float, float, float]) -> tuple[str, str]:
    return two_digits(ends[0]), span(ends[1], ends[2])


def _share(value: float) -> str:
    return "–" if math.isnan(value) else percent(value)


def _ratio(main: Specification | None) -> str:
    if main is None:
        return "–"
    measures = "/".join(sorted({row.measure for row in main.choice.rows}))
    return f"{measures} {ratio(main.estimate, main.low, main.high)}"
