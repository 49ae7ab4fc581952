"""Answers as one self-contained page. It knows layout, not science."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import jinja2
from markupsafe import Markup

from tamarisk.doors.words import headline
from tamarisk.evidence.reference import Reference, by_address
from tamarisk.model.model import Model
from tamarisk.model.parameters import Parameter
from tamarisk.study.finding import Answer
from tamarisk.study.trust import Check, tally
from tamarisk.tables import CONTENT
from tamarisk.units import percent, rounded

_STUDIES = (
    ("R", "The review: HER2-dependent resistance to tamoxifen"),
    ("G", "The study: rapamycin against acquired resistance"),
)
_LIBRARIES = ("numpy", "scipy", "antimony", "python-libsbml", "llvmlite")
_VERDICTS = ("holds", "does not hold", "not computed")


def report_page(
    answers: Sequence[Answer],
    pictures: Mapping[str, Sequence[str]],
    *,
    model: Model,
    parameters: Sequence[Parameter],
    checks: Sequence[Check],
    command: str,
) -> str:
    """The page: verdicts, every row with its figures and numbers, how far to trust it, the model and its sources.

    Args:
        answers: the rows, computed.
        pictures: SVG text of each row's figures, by row.
        model: the model that was used.
        parameters: its parameter table.
        checks: every observation beside the model's number.
        command: the command that made it.

    Returns:
        HTML that needs no other file.
    """
    folder = jinja2.FileSystemLoader(CONTENT / "report")
    template = jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "report.html.j2"
    )
    rows = [_row(answer, pictures.get(answer.finding.id, ())) for answer in answers]
    counts = Counter(row["verdict"] for row in rows)
    return template.render(
        rows=rows,
        counts=[(word, counts[word]) for word in _VERDICTS],
        studies=[_study(letter, title, rows) for letter, title in _STUDIES if any(row["id"][0] == letter for row in rows)],
        trust=_trust(checks),
        model=_model(model, parameters),
        references=_references(model),
        version=metadata.version("tamarisk"),
        command=command,
        libraries=", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES),
    )


def _row(answer: Answer, pictures: Sequence[str]) -> dict[str, Any]:
    test, reading = answer.finding, answer.reading
    interval = f"{rounded(reading.interval[0])} to {rounded(reading.interval[1])}: " if reading.interval else ""
    return {
        "id": test.id,
        "source": test.source,
        "claim": test.claim,
        "did": _unbroken(test.did),
        "criterion": _unbroken(test.criterion),
        "missing": test.missing,
        "value_is": test.value_is,
        "verdict": reading.verdict,
        "value": headline(reading),
        "reason": _unbroken(reading.reason),
        "interval": interval,
        "covers": reading.covers,
        "numbers": [
            {"label": one.label, "value": rounded(one.value), "unit": one.unit, "note": one.note} for one in reading.numbers
        ],
        "pictures": [Markup(_own_names(text, f"{test.id}-{number}")) for number, text in enumerate(pictures, 1)],  # noqa: S704
    }


def _unbroken(text: str) -> str:
    """The same words with numbers and their percent signs kept on one line."""
    return text.replace(" %", "\u00a0%")


def _own_names(svg: str, prefix: str) -> str:
    """The same picture with identifiers of its own, so that pictures on one page do not borrow each other's shapes."""
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    return re.sub(r"url\(#", f"url(#{prefix}-", svg)


def _study(letter: str, title: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    own = [row for row in rows if row["id"][0] == letter]
    return {"title": title, "source": own[0]["source"], "rows": own}


def _trust(checks: Sequence[Check]) -> dict[str, Any]:
    groups = {
        "fitted": [one for one in checks if not one.target.held_out],
        "held out": [one for one in checks if one.target.held_out],
    }
    lines = []
    for name, some in groups.items():
        count = tally(some)
        agree, rows_agree = (
            f"{part} ({percent(part / whole)})" for part, whole in ((count.agree, count.count), (count.rows_agree, count.rows))
        )
        lines.append({"name": name, "count": count.count, "agree": agree, "rows": count.rows, "rows_agree": rows_agree})
    return {
        "lines": lines,
        "trained": len(groups["fitted"]),
        "held": len(groups["held out"]),
        "held_out": [_check(one) for one in groups["held out"]],
        "missed": [_check(one) for one in groups["fitted"] if not one.agrees],
    }


def _check(one: Check) -> dict[str, str]:
    target = one.target
    bound = {"at_least": "at least ", "at_most": "at most ", "rises": "above ", "falls": "below "}.get(target.scale, "")
    when = f", {target.time_h:g} h" if target.time_h else ""
    return {
        "id": target.id,
        "context": target.context,
        "treat": (target.treat.replace(";", " + ") or "none") + when,
        "readout": f"{target.readout.replace('_', ' ')} ({target.measure.replace('_', ' ')})",
        "observed": bound + rounded(target.value),
        "predicted": rounded(one.predicted),
        "agrees": "yes" if one.agrees else "no",
        "source": target.source,
    }


def _model(model: Model, parameters: Sequence[Parameter]) -> dict[str, int]:
    fittable = [one for one in parameters if one.kind in {"rate", "reference", "drug", "context"}]
    status = Counter(one.status for one in fittable)
    return {
        "states": len(model.states),
        "reactions": len(model.reactions),
        "parameters": len(fittable),
        **{word: status[word] for word in ("seen", "derived", "prior")},
        "supported": sum(bool(one.references) for one in model.reactions),
        "assumed": sum(one.assumed for one in model.reactions),
    }


def _references(model: Model) -> list[Reference]:
    addresses = {address for one in model.reactions for address in one.references}
    cited = {by_address()[address].key: by_address()[address] for address in addresses if address in by_address()}
    return sorted(cited.values(), key=lambda one: one.citation)
