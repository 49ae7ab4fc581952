"""`tamarisk suite`: parse, one library call, print and write tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamarisk.doors.cli.options import Place
from tamarisk.doors.cli.output import check_folder, own_folder, print_json, print_table, progress_shown, write_csv

if TYPE_CHECKING:
    from tamarisk.study.suite import Result

_WRONG = 1  # the exit code if any table differs from what is expected


@click.command()
@click.argument("archive", type=Place(path_type=Path), metavar="ZIP")
@click.option(
    "--out",
    type=Place(path_type=Path, file_okay=False),
    default=None,
    metavar="DIR",
    help="Folder for one table per case, named and laid out as in the suite, verdicts.csv and counts.tsv.",
)
@click.option(
    "--processes", type=click.IntRange(1, 64), default=2, show_default=True, help="How many cases are run at the same time."
)
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
def command(archive: Path, out: Path | None, processes: int, as_json: bool) -> None:
    """Whether models in SBML are solved as the standard asks: the semantic cases of the SBML test suite.

    A case passes within its own tolerances; a model that is not solved here is refused with its reason. The command
    ends with 1 if any table is wrong.

    \b
    Example:
        tamarisk suite semantic.zip --out suite-results --json
    """
    from tamarisk.study.suite import by_reason, by_tag, run_suite

    check_folder(out)
    with progress_shown("suite") as show:
        results = run_suite(archive, processes=processes, progress=show)
    if out is not None:
        _write(results, archive, own_folder(out))
    counts = by_tag(results)
    others = [one for one in results if one.why]
    if as_json:
        stories = [{"case": one.id, "verdict": one.verdict.value, "why": one.why} for one in others]
        print_json({"counts": counts["all"], "by_tag": counts, "by_reason": by_reason(results), "not_passed": stories})
    else:
        columns = list(counts["all"])
        rows = [[tag, *(str(count[column]) for column in columns)] for tag, count in counts.items()]
        print_table("Semantic cases by tag", ["tag", *columns], rows, numbers=range(1, len(columns) + 1))
        reasons = [[why, str(cases)] for why, cases in by_reason(results).items()]
        print_table("Refused, by reason", ["why", "cases"], reasons, numbers=(1,))
        print_table("Not passed", ["case", "verdict", "why"], [[one.id, one.verdict.value, one.why] for one in others])
    if counts["all"]["wrong"]:
        raise click.exceptions.Exit(_WRONG)


def _write(results: Sequence[Result], archive: Path, folder: Path) -> None:
    """The table of every case that ran, what came of all of them, and how many ended how."""
    from tamarisk.study.suite import counts, counts_table

    for one in results:
        if one.table:
            (folder / f"{one.id}-results.csv").write_text(one.table, encoding="utf-8")
    rows = [[one.id, one.verdict.value, one.why, " ".join(one.tags)] for one in results]
    (folder / "counts.tsv").write_text(counts_table(counts(results, archive)), encoding="utf-8")
    write_csv(folder / "verdicts.csv", ["case", "verdict", "why", "tags"], rows)
