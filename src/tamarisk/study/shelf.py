"""Readings kept on disk by the hash of everything they depend on. It knows files, not findings."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tamarisk.study.figure import Axis, Bars, Line, Lines, Panel, Surface
from tamarisk.study.finding import Figure, Reading
from tamarisk.tables import CONTENT

_PANELS = {"Lines": Lines, "Surface": Surface, "Bars": Bars}
_LIBRARIES = ("numpy", "scipy", "antimony", "python-libsbml", "llvmlite")


class Shelf:
    """A folder of readings that were computed with one state of model, code and libraries.

    Args:
        folder: where readings are kept.
        also: further files that readings depend on (a user's model).
    """

    def __init__(self, folder: Path, *, also: Iterable[Path] = ()) -> None:
        self.folder = folder / fingerprint(tuple(sorted(also)))

    def find(self, name: str) -> Reading | None:
        """The reading kept under a name, if there is a sound one."""
        file = self.folder / f"{name}.json"
        try:
            return reading_from(json.loads(file.read_text(encoding="utf-8")))
        except (FileNotFoundError, KeyError, TypeError, ValueError, AttributeError):
            return None

    def keep(self, name: str, reading: Reading) -> None:
        """Keep a reading."""
        self._write(f"{name}.json", json.dumps(reading_record(reading)))

    def find_numbers(self, name: str) -> list[float] | None:
        """The list of numbers kept under a name, if there is a sound one."""
        try:
            kept = json.loads((self.folder / f"{name}.numbers").read_text(encoding="utf-8"))
            return [float(one) for one in kept] if isinstance(kept, list) else None
        except (FileNotFoundError, TypeError, ValueError):
            return None

    def keep_numbers(self, name: str, numbers: Sequence[float]) -> None:
        """Keep a list of numbers; infinite ones stay infinite."""
        self._write(f"{name}.numbers", json.dumps([repr(float(one)) for one in numbers]))

    def find_page(self, name: str) -> Path | None:
        """The page kept under a name, if there is one."""
        file = self.folder / f"{name}.html"
        return file if file.exists() else None

    def keep_page(self, name: str, text: str) -> Path:
        """Keep a page.

        Returns:
            Where it is kept.
        """
        return self._write(f"{name}.html", text)

    def _write(self, name: str, text: str) -> Path:
        """A half-written file never appears under its name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"{name}.part"
        draft.write_text(text, encoding="utf-8")
        return draft.replace(self.folder / name)


def fingerprint(also: tuple[Path, ...] = ()) -> str:
    """A hash of the package's code and content, its numerical libraries, and further files.

    >>> len(fingerprint())
    32
    """
    digest = hashlib.sha256(_package_state().encode())
    _digest(digest, also)
    return digest.hexdigest()[:32]


@cache
def _package_state() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in _LIBRARIES:
        digest.update(f"{name}={metadata.version(name)};".encode())
    _digest(digest, [file for file in sorted(CONTENT.parent.rglob("*")) if file.suffix in {".py", ".ant", ".tsv", ".j2"}])
    return digest.hexdigest()


def _digest(digest: hashlib._Hash, files: Iterable[Path]) -> None:
    for file in files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())


def reading_record(reading: Reading) -> dict[str, Any]:
    """A reading as plain JSON values; NaN becomes null, what is infinite a record of its own.

    >>> reading_record(Reading(1.0, "fold", True, "so it is"))["value"]
    1.0
    """
    record: dict[str, Any] = {field.name: getattr(reading, field.name) for field in dataclasses.fields(reading)}
    record["numbers"] = [dataclasses.asdict(one) for one in reading.numbers]
    record["panels"] = [{"kind": type(one).__name__, **dataclasses.asdict(one)} for one in reading.panels]
    return {name: _encoded(value) for name, value in record.items()}


def reading_from(record: dict[str, Any]) -> Reading:
    """The reading that a record was made from.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: the record is none of ours.
    """
    interval = record["interval"]
    low, high = (_number(end) for end in interval) if interval else (math.nan, math.nan)
    return Reading(
        value=_number(record["value"]),
        unit=record["unit"],
        holds=record["holds"],
        reason=record["reason"],
        interval=(low, high) if interval else None,
        covers=record["covers"],
        numbers=tuple(Figure(**{**one, "value": _number(one["value"])}) for one in record["numbers"]),
        panels=tuple(_panel(one) for one in record["panels"]),
    )


def _panel(record: dict[str, Any]) -> Panel:
    fields = {name: _decoded(value) for name, value in record.items() if name != "kind"}
    fields |= {name: Axis(**record[name]) for name in ("x", "y") if name in record}
    if "lines" in record:
        fields["lines"] = tuple(Line(**{name: _decoded(value) for name, value in one.items()}) for one in record["lines"])
    panel: Panel = _PANELS[record["kind"]](**fields)
    return panel


def _decoded(value: Any) -> Any:
    """Lists as tuples, in which a gap is a number that is missing; a field that is null stays so."""
    if not isinstance(value, list):
        return _number(value) if _is_endless(value) else value
    return tuple(math.nan if one is None else _decoded(one) for one in value)


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if _is_endless(value):
        return math.copysign(math.inf, value["infinite"])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _is_endless(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"infinite"}


def _encoded(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else {"infinite": math.copysign(1.0, value)}
    if isinstance(value, dict):
        return {name: _encoded(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(one) for one in value]
    return value
