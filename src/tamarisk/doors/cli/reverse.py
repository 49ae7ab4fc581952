"""`tamarisk reverse`: parse, one library call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.options import chosen_model, context_option, model_option, output_options
from tamarisk.doors.cli.output import check_folder, own_folder, print_json, print_table, progress_shown, write_csv, write_panels
from tamarisk.errors import ProtocolError
from tamarisk.units import percent

if TYPE_CHECKING:
    from tamarisk.study.reverse import Candidate, Carrier, Ranking

_COLUMNS = ("drugs", "call", "V_total", "V_net", "interaction (doublings)", "cells, drugs alone", "cells, with therapy")


@click.command()
@context_option
@click.option(
    "--therapy", required=True, metavar="NAME[=DOSE]", help="The therapy the cells resist, as 4OHT or fulvestrant=100nM."
)
@click.option("--pairs/--singles", default=True, show_default=True, help="Try pairs of drugs as well, or single drugs only.")
@click.option(
    "--explain", default=1, show_default=True, metavar="N", help="For how many of the best the carrying arrows are sought."
)
@click.option("--top", default=15, show_default=True, metavar="N", help="How many to print.")
@model_option
@output_options
def command(
    context: str, therapy: str, pairs: bool, explain: int, top: int, model_folder: Path | None, out: Path | None, as_json: bool
) -> None:
    """What makes resistant cells answer a therapy again: single drugs and pairs, ranked, with the mechanism.

    V_total is the share of the lost effect that therapy and drugs recover together; V_net the share that the therapy itself
    recovers.

    \b
    Example:
        tamarisk reverse --context MCF7-TamR --therapy 4OHT --singles
    """
    from tamarisk.study.reverse import reverse

    check_folder(out)
    if top < 0:
        raise ProtocolError(f"{top} is negative", where="top", hint="nothing can be less than none")
    with progress_shown("reverse") as show:
        found = reverse(context, therapy, pairs=pairs, explain=explain, model=chosen_model(model_folder), progress=show)
    if out is not None:
        folder = own_folder(out)
        write_csv(folder / "ranking.csv", _COLUMNS, (_cells(one) for one in found.candidates))
        write_panels([_bars(found, top)] if found.candidates[:top] else [], folder, "ranking")
    if as_json:
        print_json(_record(found))
    else:
        _print(found, top, out)


def _cells(one: Candidate) -> tuple[str, str, float, float, float, float, float]:
    reading = one.reading
    numbers = (reading.V_total.value, reading.V_net.value, reading.interaction.value, one.alone, one.together)
    return (" + ".join(one.drugs), reading.call, *numbers)


def _record(found: Ranking) -> dict[str, Any]:
    candidates = [
        {**dict(zip(_COLUMNS, _cells(one), strict=True)), "mechanism": _carried(one.mechanism), "sentence": one.sentence()}
        for one in found.candidates
    ]
    return {
        "context": found.context,
        "therapy": found.therapy,
        "lost_effect_GR": found.lost,
        "verdict": found.verdict,
        "resistance_rests_on": _carried(found.resistance),
        "candidates": candidates,
    }


def _carried(carriers: tuple[Carrier, ...]) -> list[dict[str, Any]]:
    return [{"arrow": one.arrow, "share": one.share, "references": list(one.references)} for one in carriers]


def _print(found: Ranking, top: int, out: Path | None) -> None:
    if found.candidates:
        rows = [
            [words, call, *(f"{number:.2f}" for number in numbers)]
            for words, call, *numbers in map(_cells, found.candidates[:top])
        ]
        print_table(
            f"{found.context} under {found.therapy}: lost effect {found.lost:.2f} GR", list(_COLUMNS), rows, numbers=range(2, 7)
        )
    for carriers, words in (
        (found.resistance, "the resistance rests on"),
        *((one.mechanism, f"{' + '.join(one.drugs)} acts through") for one in found.candidates if one.mechanism),
    ):
        for one in carriers:
            said = "; ".join(one.references[:3]) or "assumed"
            click.echo(f"{words} {one.arrow} ({percent(one.share)}): {said}")
    click.echo(found.verdict)
    if out is not None:
        click.echo(f"tables and figures: {out}")


def _bars(found: Ranking, top: int) -> Any:
    from tamarisk.study.figure import Axis, Bars

    shown = found.candidates[:top]
    values = {name: tuple(getattr(one.reading, name).value for one in shown) for name in ("V_total", "V_net")}
    names = tuple(" + ".join(one.drugs) for one in shown)
    return Bars(
        f"{found.context} under {found.therapy}", Axis("share of the lost effect"), names, tuple(values.items()), level=1.0
    )
