"""`tamarisk reproduce`: parse, one library call, print."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.options import chosen_model, model_option
from tamarisk.doors.cli.output import check_folder, own_folder, print_json, print_table, progress_shown
from tamarisk.doors.words import headline
from tamarisk.places import require_writable
from tamarisk.study.finding import Answer, finding, findings
from tamarisk.study.shelf import Shelf
from tamarisk.tables import CONTENT

if TYPE_CHECKING:
    from tamarisk.model.model import Model

_OBSERVATIONS = "observations"
_GOES_ON = "what was finished is kept, and the same command goes on from there"


@click.command()
@click.option("--only", multiple=True, metavar="ROW", help="One row, as G6; may repeat; every row if left out.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("tamarisk-report"),
    show_default=True,
    metavar="DIR",
    help="Folder for the report and its figures.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
@model_option
def command(only: tuple[str, ...], out: Path, as_json: bool, model_folder: Path | None) -> None:
    """What the founding studies say, computed from one model: every row with its verdict, and a report to read.

    \b
    Example:
        tamarisk reproduce
        tamarisk reproduce --only G6 --only G8 --out rapamycin
    """
    check_folder(out)
    asked = {finding(name).id for name in only}
    rows = [name for name in findings() if name in asked or not only]
    modules = model_folder or CONTENT / "model"
    shelf = Shelf(_cache(), also=[*modules.glob("*.ant"), *modules.glob("parameters.tsv")] if model_folder else ())
    command_line = " ".join(["tamarisk reproduce", *_typed("--only", *only), *_typed("--model", *filter(None, [model_folder]))])
    page = f"report-{hashlib.sha256(command_line.encode()).hexdigest()[:12]}"
    answers, kept = _kept(rows, shelf), shelf.find_page(page)
    if answers is None or kept is None:
        model = chosen_model(model_folder)
        try:
            answers = _answers(rows, model, shelf)
            kept = shelf.keep_page(page, _page(answers, model, modules, shelf, command_line))
        except KeyboardInterrupt:
            raise click.Abort(_GOES_ON) from None
    report = _deliver(answers, kept, shelf, own_folder(out))
    if as_json:
        print_json({"rows": [_record(one) for one in answers], "report": str(report)})
    else:
        _print(answers, report)


def _cache() -> Path:
    from platformdirs import user_cache_path

    folder = user_cache_path("tamarisk") / "readings"
    require_writable(folder)
    return folder


def _typed(option: str, *values: object) -> list[str]:
    """An option as it was typed, once per value."""
    return [f"{option} {shlex.quote(str(value))}" for value in values]


def _kept(rows: Sequence[str], shelf: Shelf) -> tuple[Answer, ...] | None:
    """The answers, if every one is on the shelf."""
    readings = {name: shelf.find(name) for name in rows}
    found = tuple(Answer(finding(name), reading) for name, reading in readings.items() if reading is not None)
    return found if len(found) == len(rows) else None


def _answers(rows: Sequence[str], model: Model, shelf: Shelf) -> tuple[Answer, ...]:
    from tamarisk.study.reproduce import reproduce

    with progress_shown("computing") as show:
        return reproduce(rows, model=model, shelf=shelf, progress=show)


def _page(answers: Sequence[Answer], model: Model, modules: Path, shelf: Shelf, command_line: str) -> str:
    from tamarisk.doors.plot import inline, save
    from tamarisk.doors.report import report_page
    from tamarisk.model.parameters import read_parameters
    from tamarisk.simulation.batch import Solver
    from tamarisk.study.trust import checks

    known = shelf.find_numbers(_OBSERVATIONS)
    with progress_shown("drawing") as show:
        show("observations", 0, len(answers) + 1)
        compared = checks(Solver(model), known=known)
        shelf.keep_numbers(_OBSERVATIONS, [one.predicted for one in compared])
        pictures: dict[str, list[str]] = {}
        for number, answer in enumerate(answers, 1):
            show(answer.finding.id, number, len(answers) + 1)
            names = [(panel, f"{answer.finding.id}-{place}") for place, panel in enumerate(answer.reading.panels, 1)]
            pictures[answer.finding.id] = [inline(save(panel, shelf.folder / "figures", name)[0]) for panel, name in names]
    parameters = read_parameters(modules / "parameters.tsv")
    return report_page(answers, pictures, model=model, parameters=parameters, checks=compared, command=command_line)


def _deliver(answers: Sequence[Answer], page: Path, shelf: Shelf, folder: Path) -> Path:
    """The report and its figures, copied where the user wants them.

    Returns:
        The report's path.
    """
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    for answer in answers:
        for picture in (shelf.folder / "figures").glob(f"{answer.finding.id}-*"):
            shutil.copyfile(picture, figures / picture.name)
    return Path(shutil.copyfile(page, folder / "report.html"))


def _record(one: Answer) -> dict[str, Any]:
    test, reading = one.finding, one.reading
    return {
        "id": test.id,
        "claim": test.claim,
        "source": test.source,
        "verdict": reading.verdict,
        "value": reading.value,
        "unit": reading.unit,
        "value_is": test.value_is,
        "interval": list(reading.interval) if reading.interval else None,
        "covers": reading.covers,
        "criterion": test.criterion,
        "reason": reading.reason,
        "missing": test.missing or None,
    }


def _print(answers: Sequence[Answer], report: Path) -> None:
    from rich.text import Text

    colours = {"holds": "green", "does not hold": "red", "not computed": "yellow"}
    rows: list[list[str | Text]] = []
    for one in answers:
        verdict = one.reading.verdict
        said = Text(verdict, style=colours[verdict])
        rows.append([one.finding.id, one.finding.claim, said, headline(one.reading), one.finding.value_is])
    print_table("The founding studies", ["row", "what the study says", "verdict", "value", "what the value is"], rows)
    counts = {word: sum(one.reading.verdict == word for one in answers) for word in colours}
    click.echo(", ".join(f"{count} {word}" for word, count in counts.items() if count))
    click.echo(f"report: {report}")
