"""`tamarisk evidence claims`: parse, library calls, print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.output import print_json, print_table, print_text
from tamarisk.doors.words import ratio

if TYPE_CHECKING:
    from tamarisk.evidence.study import Study
    from tamarisk.evidence.trial import Trial
    from tamarisk.study.claim import Judgement, Tally

HEADINGS = {
    "solid": "SOLID: clear in two kinds of study or more, contested in none; what is solid is the direction, not the size",
    "one kind only": "ONE KIND ONLY: clear in one kind of study, weak or missing in the others",
    "contested": "CONTESTED: studies of one kind disagree, or most speak against it",
    "missing": "MISSING OR WEAK: no kind of study has three that were asked this",
    "not asked": "NOT ASKED: settled before the review, or a count of articles",
}
RULE = """How to read it: a publication counts once in cells, animals or patients; the study that made a claim is no witness.
Clear: three quarters or more of at least three publications are for the claim; denied: that many are against it; contested: in
between; weak: one or two publications; missing: none. "Neither" found no difference, or spoke both ways. Counts take every study
alike; a pooled ratio takes them by their precision, 1 is no difference, and it shows one only where its interval in brackets
leaves out 1."""

WORDS = {"supports": "for", "contradicts": "against", "neutral": "neither", "silent": "outcome not seen, not counted"}


@click.command()
@click.argument("claim", required=False, metavar="[CLAIM]")
@click.option("--json", "as_json", is_flag=True, help="For programs; text is for people.")
def command(claim: str | None, as_json: bool) -> None:
    """What is solid, contested and missing among the conclusions of the founding studies; CLAIM shows one in full.

    \b
    Example:
        tamarisk evidence claims
        tamarisk evidence claims R10
    """
    from tamarisk.names import resolve
    from tamarisk.study.claim import claims, judge

    known = claims()
    asked = [known[resolve(claim, tuple(known), kind="claim")]] if claim else list(known.values())
    found = [judge(one) for one in asked]
    if as_json:
        print_json({"claims": [claim_record(one) for one in found]})
    elif claim:
        print_claim(found[0])
    else:
        _print(found)


def claim_record(one: Judgement) -> dict[str, Any]:
    """A claim as judged, for programs."""
    return {
        "claim": one.claim.finding.id,
        "says": one.claim.finding.claim,
        "source": one.claim.finding.source,
        "asks": one.claim.asks,
        "verdict": one.verdict,
        "strength": one.strength,
        "categories": [
            {
                "category": tally.category,
                "strength": tally.strength,
                "supports": tally.supports,
                "contradicts": tally.contradicts,
                "neutral": tally.neutral,
                "silent": tally.silent,
            }
            for tally in one.tallies
        ],
        "founding_study": one.own,
        "pooled": {
            name: {"estimate": spec.estimate, "interval": [spec.low, spec.high], "k": spec.k} if spec else None
            for name, spec in one.pooled.items()
        },
    }


def _print(found: list[Judgement]) -> None:
    counts = ", ".join(f"{sum(one.verdict == word for one in found)} {word}" for word in HEADINGS)
    print_text(f"The {len(found)} conclusions of the founding studies, judged by the store: {counts}.")
    click.echo()
    for word, heading in HEADINGS.items():
        some = [one for one in found if one.verdict == word]
        if not some:
            continue
        header = ("claim", "says", "cells", "animals", "patients") if word != "not asked" else ("claim", "says", "why")
        rows = [[one.claim.finding.id, one.claim.finding.claim, *_cells(one)] for one in some]
        print_table(heading, header, rows)
        click.echo()
    print_text(RULE)
    click.echo("One claim in full, with its studies and pooled numbers: tamarisk evidence claims R10")


def _cells(one: Judgement) -> list[str]:
    if one.verdict == "not asked":
        return [one.claim.asks]
    *others, patients = (f"{tally.strength}: {_counts(tally)}" if tally.decided else tally.strength for tally in one.tallies)
    pooled = (
        f"{name} pooled {ratio(spec.estimate, spec.low, spec.high)}" for name, spec in one.pooled.items() if spec and spec.k > 1
    )
    return [*others, "; ".join((patients, *pooled))]


def _counts(tally: Tally) -> str:
    sides = ("supports", "contradicts", "neutral")
    return ", ".join(f"{len(getattr(tally, side))} {WORDS[side]}" for side in sides if getattr(tally, side))


def print_claim(one: Judgement) -> None:
    """A claim as judged, with its studies and pooled numbers, for people."""
    from tamarisk.evidence.study import studies
    from tamarisk.evidence.trial import trials

    finding = one.claim.finding
    print_text(f"{finding.id}: {finding.claim}", further="  ")
    for line in (
        f"Source: {finding.source}",
        f"Asked of the rows: {one.claim.asks}",
        f"{one.verdict[0].upper()}{one.verdict[1:]}" + (f": {one.strength}." if one.verdict != "not asked" else "."),
    ):
        print_text(line, first="  ", further="    ")
    for name, spec in one.pooled.items():
        said = ratio(spec.estimate, spec.low, spec.high) if spec else "no number that may be pooled"
        more = f", k = {spec.k} ('tamarisk evidence pool {name}')" if spec else ""
        print_text(f"Pooled, {name}: {said}{more}", first="  ", further="    ")
    rows: dict[str, Study | Trial] = {**studies(), **trials()}
    for tally in one.tallies:
        for side, word in WORDS.items():
            ids = getattr(tally, side)
            if ids:
                click.echo()
                lines = [[name, str(rows[name].year), rows[name].says] for group in ids for name in group]
                print_table(f"{tally.category}, {word}: {len(ids)}", ("id", "year", "says"), lines)
    if one.own:
        click.echo()
        lines = [[name, str(rows[name].year), rows[name].says] for name in one.own]
        print_table("the founding study itself, not counted", ("id", "year", "says"), lines)
    click.echo()
    print_text(RULE)
