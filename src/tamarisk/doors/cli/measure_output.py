"""What a ruler prints and writes: JSON, a table, figures, CSV and a report. It knows paper, not science."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.output import own_folder, print_json, print_table, write_csv, write_panels
from tamarisk.units import rounded

if TYPE_CHECKING:
    from tamarisk.measurement.estimate import Estimate
    from tamarisk.measurement.measured import Measured, Result, Source
    from tamarisk.study.figure import Bars, Panel

_COLUMNS = ("of", "number", "estimate", "low", "high", "level", "unit", "n", "p", "adjusted_p", "method")
MOST_FIGURES = 24
MOST_ROWS = 500  # of a report's table; more belong into the CSV file


@dataclass(frozen=True, slots=True)
class Paper:
    """Where the answer goes."""

    out: Path | None
    report: Path | None
    as_json: bool
    top: int
    command: str


def deliver(kind: str, measured: Measured, sources: Sequence[Source], panels: Sequence[Panel], paper: Paper) -> None:
    """Writes what was asked for, then prints.

    Args:
        kind: name of the ruler.
        measured: what it says.
        sources: the files it read.
        panels: what is drawn.
        paper: where the answer goes.
    """
    record = _record(measured, sources)
    shown = list(panels[:MOST_FIGURES])
    if len(panels) > MOST_FIGURES:
        record["warnings"].append(f"figures show the first {MOST_FIGURES} of {len(panels)} conditions")
    pictures: Sequence[Panel | Path] = shown
    if paper.out is not None:
        folder = own_folder(paper.out)
        write_csv(folder / f"{kind}.csv", _COLUMNS, (_row(one) for one in measured.results))
        pictures = [path for path in write_panels(shown, folder, kind) if path.suffix == ".svg"]  # drawn once
    if paper.report is not None:
        page = _report(kind, measured, record, pictures, paper.command)
        paper.report.parent.mkdir(parents=True, exist_ok=True)
        paper.report.write_text(page, encoding="utf-8")
    if paper.as_json:
        print_json(record)
    else:
        _print(kind, measured, record, paper)


def _record(measured: Measured, sources: Sequence[Source]) -> dict[str, Any]:
    return {
        "results": [_result(one) for one in measured.results],
        "refusals": [{"what": one.where, "why": one.what} for one in measured.refusals],
        "warnings": [*dict.fromkeys(measured.warnings), *_copies(sources)],
        "inputs": [
            {"file": one.file, "sha256": one.sha256, "rows_used": one.used, "rows_dropped": list(one.dropped)} for one in sources
        ],
    }


def _copies(sources: Sequence[Source]) -> Iterator[str]:
    """Files that are one another's copies add nothing, though each may have been counted."""
    for one in sources:
        first = next(other for other in sources if other.sha256 == one.sha256)
        if first is not one:
            yield f"{one.file} is a copy of {first.file}, which is no further experiment but may count as one"


def _result(one: Result) -> dict[str, Any]:
    found = one.estimate
    p_values = {name: value for name, value in (("p", one.p), ("adjusted_p", one.q)) if not math.isnan(value)}
    return {
        "name": f"{one.of}: {one.name}",
        "of": one.of,
        "number": one.name,
        "estimate": found.value,
        "interval": None if math.isnan(found.low) else [found.low, found.high],
        "level": found.level,
        "unit": found.unit,
        "n": found.n,
        **p_values,
        "method": found.method,
    }


def _row(one: Result) -> tuple[Any, ...]:
    found = one.estimate
    numbers = (found.value, found.low, found.high, found.level)
    return (one.of, one.name, *numbers, found.unit, found.n, one.p, one.q, found.method)


def _print(kind: str, measured: Measured, record: dict[str, Any], paper: Paper) -> None:
    rows = list(_rows(measured.results[: paper.top]))
    if rows:
        header = table_header(measured.results)
        print_table(f"measure {kind}", header, rows, numbers=(2, *range(4, len(header))))
    if len(measured.results) > paper.top:
        click.echo(f"{len(measured.results) - paper.top} more results: --top {len(measured.results)}, --out or --json show them")
    for one in record["refusals"]:
        click.echo(f"refused: {one['what']}: {one['why']}")
    for words in record["warnings"]:
        click.echo(f"note: {words}")
    for one in record["inputs"]:
        dropped = "; ".join(one["rows_dropped"])
        click.echo(f"read: {one['file']}, {one['rows_used']} rows used" + (f", left out {dropped}" if dropped else ""))
    for place in (paper.out, paper.report):
        if place is not None:
            click.echo(f"written: {place}")


def table_header(results: Sequence[Result]) -> list[str]:
    """The columns that people read; p-values only where the ruler has them."""
    adjusted = any(not math.isnan(one.q) for one in results)
    raw = any(not math.isnan(one.p) for one in results)
    return ["of", "number", "estimate", "unit", "interval", "n", *(["adjusted p"] if adjusted else ["p"] if raw else [])]


def _rows(results: Sequence[Result]) -> Iterator[list[str]]:
    last = table_header(results)[-1]
    for one in results:
        found = one.estimate
        number = found.headline.removesuffix(found.unit).strip() if found.unit else found.headline
        p_value = [rounded(one.q)] if last == "adjusted p" else [rounded(one.p)] if last == "p" else []
        yield [one.of, one.name, number, found.unit, _interval(one), str(found.n), *p_value]


def _interval(one: Result) -> str:
    found = one.estimate
    if found.is_bound or math.isnan(found.low):
        return "–"
    ends = (rounded(end) if math.isfinite(end) else f"{end:g}" for end in (found.low, found.high))
    return " to ".join(ends)


def bars(title: str, unit: str, groups: Sequence[str], series: Mapping[str, Sequence[Estimate]], level: float | None) -> Bars:
    """Estimates as bars with their intervals.

    Args:
        title: what is shown.
        unit: label of the axis.
        groups: a name for each group.
        series: for each colour one estimate per group.
        level: a line to compare with, if any.

    Returns:
        The panel.
    """
    from tamarisk.study.figure import Axis, Bars

    values = tuple((name, tuple(one.value for one in held)) for name, held in series.items())
    ends = tuple(tuple((one.low, one.high) for one in held) for held in series.values())
    levels = [one.level for held in series.values() for one in held if math.isfinite(one.low) and math.isfinite(one.high)]
    title += f", with {100 * levels[0]:g} % intervals" if levels else ""
    return Bars(title, Axis(unit), tuple(groups), values, level=level, intervals=ends)


def _report(kind: str, measured: Measured, record: dict[str, Any], pictures: Sequence[Panel | Path], command: str) -> str:
    from tamarisk.doors.measure_report import measure_page
    from tamarisk.doors.plot import inline

    drawn = [inline(picture) for picture in pictures]
    rows = list(_rows(measured.results[:MOST_ROWS]))
    methods = list(dict.fromkeys(one.estimate.method for one in measured.results))
    return measure_page(kind, table_header(measured.results), rows, record, drawn, methods=methods, command=command)
