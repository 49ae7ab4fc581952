"""Bands of Western blots as people keep them: a column for each, or a row. It knows lanes and densities, not proteins."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tamarisk.errors import DataError, Issue, TableError, listed
from tamarisk.measurement.blot import Blots
from tamarisk.measurement.columns import ALIASES, refuse_strange_names
from tamarisk.measurement.measured import Source, source_of
from tamarisk.names import plain
from tamarisk.tables import Column, meanings, read_table, table_header

BANDS = ("phospho", "total", "load")
_COLUMNS = (
    Column("blot", aliases=("blot_id", "membrane", "gel", "experiment", *ALIASES["experiment"])),
    Column("condition", aliases=("lane", "sample", "treatment", "drug")),
    Column("band", aliases=("protein", "antibody")),
    Column("density", number=True, required=False, aliases=("value", "volume", "intensity", "area")),
)
_GAPS = ("NA", "NaN", "nan")
_Cell = tuple[int, str, str, str, float]  # line, blot, condition, band and density
_Names = Mapping[str, str] | None


def read_blots(
    files: Sequence[Path], *, linear_range: tuple[float, float], bands: _Names = None, columns: _Names = None
) -> tuple[Blots, tuple[Source, ...]]:
    r"""Band densities of replicate blots.

    Args:
        files: tables with `blot`, `condition` and a column for each band, or with `blot`, `condition`, `band` and `density`; of
            several files, one that names no blot is one.
        linear_range: lowest and highest density that a dilution series showed to be proportional to protein.
        bands: for phospho, total and load the column, or the name under `band`, that holds it; the same words if left out. A
            file without phospho bands has total and load alone.
        columns: for `blot`, `condition`, `band` and `density` the header that means it.

    Returns:
        The blots, and what was taken from each file.

    Raises:
        TableError: everything that is wrong with the files, at once; a band outside the linear range among it.
        DataError: the range is none, or a name of `columns` is none of these.

    References: [@DEGASPERI2014].

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "blots.csv"
    ...     _ = file.write_text("blot,condition,phospho,total,load\n1,vehicle,8,4,5\n1,rapamycin,2,8,5\n", encoding="utf-8")
    ...     read_blots([file], linear_range=(1, 50))[0].phospho.tolist()
    [[8.0, 2.0]]
    """
    _refuse_range(*linear_range)
    refuse_strange_names(columns or {}, [column.name for column in _COLUMNS])
    _refuse_one_for_two(bands or {})
    wanted = [replace(one, header=(columns or {}).get(one.name, "")) for one in _COLUMNS]
    wanted[0] = replace(wanted[0], optional=len(files) > 1)
    cells = {path: _cells(path, wanted, bands or {}) for path in files}
    lanes, issues = _lanes(cells, linear_range, bands or {})
    if issues:
        raise TableError(listed(issues))
    sources = tuple(source_of(path, used=len({line for line, *_ in held})) for path, held in cells.items())
    return _blots(lanes, linear_range), sources


def _cells(path: Path, wanted: Sequence[Column], bands: Mapping[str, str]) -> list[_Cell]:
    """The bands of one file; a lane that names no blot lies on that of its file."""
    header, named = {plain(cell) for cell in table_header(path)}, {band: bands.get(band) or band for band in BANDS}
    long = wanted[2].header or header & meanings(wanted[2:3]).keys()
    found = _long_bands(path, wanted, named) if long else _wide_bands(path, wanted[:2], named)
    return [(line, blot or path.name, condition, band, density) for line, blot, condition, band, density in found]


def _lanes(
    cells: Mapping[Path, Iterable[_Cell]], linear_range: tuple[float, float], bands: Mapping[str, str]
) -> tuple[dict[tuple[str, str, str], float], list[Issue]]:
    """The density of each band of each lane, and what is wrong with it."""
    lanes: dict[tuple[str, str, str], float] = {}
    seen: dict[tuple[str, str, str], Path] = {}
    issues = []
    for path, held in cells.items():
        for line, blot, condition, band, density in held:
            first, fault = seen.setdefault((blot, condition, band), path), _band_fault(density, linear_range)
            if (blot, condition, band) in lanes:
                hint = "average repeated lanes first" if first == path else f"also in {first.name}: number blots throughout"
                fault = f"'{condition}' stands twice on blot {blot} ({hint})"
            where = f"{path.name}, row {line}, column {bands.get(band) or band}"
            issues += [Issue(where, fault)] if fault else []
            lanes[blot, condition, band] = density
    return lanes, issues


def _refuse_range(low: float, high: float) -> None:
    if not 0 < low < high:
        what = f"{low:g} to {high:g} is no linear range"
        raise DataError(
            what, where="linear range", hint="give two densities, the lower above 0, as a dilution series showed them"
        )


def _refuse_one_for_two(bands: Mapping[str, str]) -> None:
    named = {role: bands.get(role) or role for role in BANDS}
    twice = [role for role, name in named.items() if list(named.values()).count(name) > 1]
    if twice:
        hint = "name a column or band for each"
        raise DataError(f"{' and '.join(twice)} are both '{named[twice[0]]}'", where="bands", hint=hint)


def _band_fault(density: float, linear_range: tuple[float, float]) -> str:
    """What is wrong with a density, if anything; a missing one is no fault."""
    low, high = linear_range
    if density == 0:
        return "0 is too weak (nothing is left above background)"
    if math.isnan(density) or low <= density <= high:
        return ""
    return f"{density:g} is {'saturated' if density > high else 'too weak'} (linear from {low:g} to {high:g}: expose again)"


def _long_bands(path: Path, wanted: Sequence[Column], named: Mapping[str, str]) -> list[_Cell]:
    """Each row that holds one of the three bands."""
    rows = read_table(path, wanted, extra=True)
    known = list(dict.fromkeys(row["band"] for row in rows))
    issues = [
        Issue(f"{path.name}, column band", f"no band '{name}' for {role} (--{role} names it; known: {', '.join(known)})")
        for role, name in named.items()
        if name not in known and name != "phospho"
    ]
    if issues:
        raise TableError(listed(issues))
    roles = {name: role for role, name in named.items()}
    return [
        (row.line, row["blot"], row["condition"], roles[row["band"]], row.number("density"))
        for row in rows
        if row["band"] in roles
    ]


def _wide_bands(path: Path, wanted: Sequence[Column], named: Mapping[str, str]) -> list[_Cell]:
    """Each row as three."""
    header = {plain(cell): cell for cell in table_header(path)}
    issues = [
        Issue(f"{path.name}, header", f"no column '{name}' for {role} (--{role} names it; known: {', '.join(header.values())})")
        for role, name in named.items()
        if plain(name) not in header and name != "phospho"
    ]
    if issues:
        raise TableError(listed(issues))
    bands = [
        Column(role, number=True, required=False, minimum=0.0, gaps=_GAPS, header=name)
        for role, name in named.items()
        if plain(name) in header
    ]
    rows = read_table(path, (*wanted, *bands), extra=True)
    return [(row.line, row["blot"], row["condition"], band, row.number(band)) for row in rows for band in BANDS]


def _blots(lanes: Mapping[tuple[str, str, str], float], linear_range: tuple[float, float]) -> Blots:
    blots, conditions = (list(dict.fromkeys(place[axis] for place in lanes)) for axis in (0, 1))
    phospho, total, load = (
        np.array([[lanes.get((blot, condition, band), math.nan) for condition in conditions] for blot in blots]) for band in BANDS
    )
    return Blots(conditions, phospho, total, load, linear_range=linear_range)
