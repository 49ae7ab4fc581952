"""Studies, effects or trials as a file that other programs read: CSV, Parquet, JSON-LD. It knows forms, not what was found."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from tamarisk.errors import DataError
from tamarisk.evidence.cite import parts_of
from tamarisk.evidence.entry import KINDS, Entry, kind_of
from tamarisk.evidence.reference import Reference
from tamarisk.places import require_new

_OWN_TERMS = "urn:tamarisk:term:"

# The columns of a table, and what each holds.
_PUBLICATION = {"id": "string", "reference": "string", "citation": "string", "year": "int64", "pmid": "string", "doi": "string"}
_HOLDS = {"float | None": "float64", "int | None": "int64"}
_OWN = {
    kind: {field.name: _HOLDS.get(str(field.type), "string") for field in fields(one) if field.name not in ("id", "source")}
    for kind, one in KINDS.items()
}

# Terms of schema.org where it has them, else our own.
_CONTEXT = {
    "@vocab": _OWN_TERMS,
    "schema": "https://schema.org/",
    **{name: f"schema:{name}" for name in ("author", "name", "datePublished", "isPartOf", "volumeNumber", "pageStart")},
    **{name: f"schema:{name}" for name in ("identifier", "propertyID", "value", "description", "isBasedOn")},
    "sameAs": {"@id": "schema:sameAs", "@type": "@id"},
}


def flat(one: Entry) -> dict[str, str | int | float | None]:
    """An entry as one row of a table: lists are joined by semicolons, the publication is named by its own columns.

    Args:
        one: the study, effect or trial.

    Returns:
        A cell per column, none where nothing was seen.
    """
    publication = {name: getattr(one.source, name) or None for name in ("citation", "year", "pmid", "doi")}
    own = {name: getattr(one, name) for name in _OWN[kind_of(one)]}
    joined = {name: "; ".join(cell) for name, cell in own.items() if isinstance(cell, tuple)}
    cells = {"id": one.id, "reference": one.reference, **publication, **own, **joined}
    return {name: None if cell == "" else cell for name, cell in cells.items()}


def write_entries(found: Sequence[Entry], path: Path, *, form: str, kind: str = "study") -> Path:
    """Entries of one kind as a new file.

    Args:
        found: the studies, effects or trials, one row or node each.
        path: the file; it may not exist yet.
        form: one of `FORMS`.
        kind: one of `entry.KINDS`; it names the columns.

    Returns:
        The path.

    Raises:
        ModelError: the file exists.
        DataError: it cannot be made, or Parquet is asked for and pyarrow is not installed.

    >>> from tempfile import TemporaryDirectory
    >>> from tamarisk.evidence.study import studies
    >>> with TemporaryDirectory() as folder:
    ...     file = write_entries([studies()["S017"]], Path(folder) / "studies.csv", form="csv")
    ...     file.read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    'S017'
    """
    require_new(path)
    content = FORMS[form](found, _PUBLICATION | _OWN[kind])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
    return path


def _csv(found: Sequence[Entry], columns: Mapping[str, str]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(columns))
    writer.writeheader()
    writer.writerows(flat(one) for one in found)
    return file.getvalue().encode()


def _parquet(found: Sequence[Entry], columns: Mapping[str, str]) -> bytes:
    arrow, parquet = _pyarrow("pyarrow"), _pyarrow("pyarrow.parquet")
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in columns.items()])
    file = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist([flat(one) for one in found], schema=schema), file)
    return file.getvalue()


def _pyarrow(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise DataError("Parquet needs pyarrow, which is not installed", hint="install tamarisk[parquet]") from None


def _jsonld(found: Sequence[Entry], columns: Mapping[str, str]) -> bytes:
    del columns  # a node has the terms that say something
    sources = {one.reference: one.source for one in found}
    graph = [*(_article(one) for one in sources.values()), *(_node(one) for one in found)]
    return (json.dumps({"@context": _CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n").encode()


def _article(one: Reference) -> dict[str, Any]:
    """A publication as schema.org describes one."""
    said = parts_of(one)
    journal = {"@type": "schema:Periodical", "name": said.journal} if said.journal else None
    volume = {"@type": "schema:PublicationVolume", "volumeNumber": said.volume, "isPartOf": journal} if said.volume else journal
    numbers = (("PMID", one.pmid), ("DOI", one.doi))
    *others, own = one.addresses()
    return _filled(
        {
            "@id": own,
            "@type": "schema:ScholarlyArticle",
            "author": [{"@type": "schema:Person", "name": name} for name in said.authors],
            "datePublished": said.year,
            "isPartOf": volume,
            "pageStart": said.page,
            "identifier": [
                {"@type": "schema:PropertyValue", "propertyID": kind, "value": value} for kind, value in numbers if value
            ],
            "sameAs": others,
            "schema:creditText": one.citation,
            "description": one.says,
        }
    )


def _node(one: Entry) -> dict[str, Any]:
    """An entry in our own terms, tied to its publication."""
    kind = kind_of(one)
    rest = {name: getattr(one, name) for name in _OWN[kind] if name != "says"}
    lists = {name: list(cell) for name, cell in rest.items() if isinstance(cell, tuple)}
    own = {"@id": f"urn:tamarisk:{kind}:{one.id}", "@type": kind.title(), "isBasedOn": {"@id": one.source.addresses()[-1]}}
    return _filled({**own, "description": one.says, **rest, **lists})


def _filled(node: dict[str, Any]) -> dict[str, Any]:
    """A node without the terms that say nothing."""
    return {name: value for name, value in node.items() if value not in ("", None, [])}


FORMS: dict[str, Callable[[Sequence[Entry], Mapping[str, str]], bytes]] = {"csv": _csv, "parquet": _parquet, "jsonld": _jsonld}
