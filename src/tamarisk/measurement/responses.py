"""Dose-response readings as people keep them: viability, inhibition, GR or others. It guesses no direction and no scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tamarisk.errors import DataError, Issue, listed
from tamarisk.measurement.assay_tables import Matrix
from tamarisk.measurement.columns import ALIASES, LongTable, Said, read_long
from tamarisk.measurement.growth_table import CONTROL
from tamarisk.names import plain
from tamarisk.tables import Column, table_header

DIRECTIONS = ("viability", "inhibition", "GR", "other")
SCALES: Mapping[str, float] = {"percent": 100.0, "fraction": 1.0}
_HEADERS: Mapping[str, str] = {
    "viability": "viability",
    "inhibition": "inhibition",
    "effect": "inhibition",
    "GR": "GR",
    "GRvalue": "GR",
}
_SAYING_PERCENT = {plain(f"{header}{ending}"): header for header in _HEADERS for ending in ("percent", "pct")}
_COLUMNS = (
    *(
        Column(name, required=False, optional=True)
        for name in ("plate", "well", "experiment", "replicate", "cell_line", "drug", "unit")
    ),
    Column("dose", number=True, minimum=0.0),
    Column("response", number=True, required=False, gaps=("NA", "NaN", "nan")),
)


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """A long table of responses and what they mean.

    Attributes:
        table: its rows; `response` is a share of untreated for viability and GR, and as in the file for others.
        direction: `viability`, `GR` or `other`; inhibition was turned into viability.
    """

    table: LongTable
    direction: str


def read_responses(path: Path, *, direction: str = "", scale: str = "", said: Said | None = None) -> Responses:
    r"""The responses of a long table to doses.

    Args:
        path: a CSV or TSV file with doses and one column of responses.
        direction: `viability`, `inhibition`, `GR` or `other`; "" if the header says it.
        scale: `percent` or `fraction`, for viability and inhibition; "" if the header says it, as `viability (%)`.
        said: what else the call says about the file.

    Returns:
        The readings, inhibition turned into viability, percent into shares.

    Raises:
        TableError: everything that is wrong with the file, at once.
        DataError: direction, scale or unit is missing, or is said twice and differently.

    References: [@HAFNER2016].

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "readings.csv"
    ...     _ = file.write_text("dose (nM),inhibition (%)\n1,10\n10,60\n", encoding="utf-8")
    ...     read_responses(file).table.frame["response"].tolist()
    [0.9, 0.4]
    """
    told = said or Said()
    header, meant, factor = response_meaning(path, direction=direction, scale=scale, said=told)
    named = replace(told, columns={**told.columns, **({"response": header} if header else {})})
    table = read_long(path, _COLUMNS, value="response", said=named)
    shares = table.frame["response"] / factor
    frame = table.frame.assign(response=1.0 - shares if meant == "inhibition" else shares)
    return Responses(replace(table, frame=frame), "viability" if meant == "inhibition" else meant)


def response_meaning(
    path: Path, *, direction: str = "", scale: str = "", said: Said | None = None, allowed: Sequence[str] = DIRECTIONS
) -> tuple[str, str, float]:
    r"""Which column holds the responses, what they are, and by what they are divided to become shares.

    Args:
        path: a long table.
        direction: one of `allowed`; "" if the header says it.
        scale: `percent` or `fraction`, for viability and inhibition; "" if the header says it.
        said: what else the call says about the file.
        allowed: the directions that the ruler can take.

    Returns:
        The header ("" if there is none), the direction and the divisor.

    Raises:
        DataError: direction or scale is missing, unknown, or said twice and differently.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "readings.csv"
    ...     _ = file.write_text("dose (nM),inhibition (%)\n1,10\n", encoding="utf-8")
    ...     response_meaning(file)
    ('inhibition (%)', 'inhibition', 100.0)
    """
    header, in_header, percent = _header(path, said or Said())
    if not header and not direction:
        known = ", ".join(one for one in allowed if one != "other")
        hint = "say which it is with --column response=HEADER"
        raise DataError(f"no column holds {known} or response", where=path.name, hint=hint)
    hint = f"say --response {', '.join(allowed[:-1])} or {allowed[-1]}"
    meant = _agreed(path, "responses are", in_header, direction, hint)
    if meant not in allowed:
        raise DataError(f"no direction '{meant}'", where="response", hint=f"known: {', '.join(allowed)}")
    if meant not in {"viability", "inhibition"}:
        return header, meant, 1.0
    hint = f"say --scale percent or --scale fraction, or name the column '{meant} (%)'"
    return header, meant, SCALES[_agreed(path, "scale is", "percent" if percent else "", scale, hint)]


def holds_counts(path: Path, said: Said | None = None) -> bool:
    """Whether a long table holds cell counts rather than responses.

    >>> holds_counts(Path(__file__))
    False
    """
    words = {plain(word) for word in ("counts", *ALIASES["counts"], *((said or Said()).columns.get("counts", "counts"),))}
    return any(plain(cell) in words for cell in table_header(path))


def gene_responses(matrix: Matrix, sheet: LongTable, genes: Sequence[str]) -> pd.DataFrame:
    """The expression of a few genes over the doses of a sample sheet, as a table of responses.

    Args:
        matrix: log2 expression; its samples are those of the sheet.
        sheet: what each sample got: `sample`, `dose` (nM) and, where there were several, `drug`.
        genes: names of genes.

    Returns:
        One row per gene and sample, the gene in the place of the drug; a dose of zero is the control.

    Raises:
        DataError: a gene is not in the matrix, or stands there twice.

    References: [@RITZ2015].
    """
    issues = [Issue("genes", f"no gene '{gene}' in the matrix") for gene in genes if gene not in matrix.genes]
    issues += [
        Issue("genes", f"'{gene}' stands {matrix.genes.count(gene)} times") for gene in genes if matrix.genes.count(gene) > 1
    ]
    if issues:
        raise DataError(listed(issues), hint="name genes as the first column of the matrix does")
    place = {sample: number for number, sample in enumerate(matrix.samples)}
    doses = sheet.frame["dose"].to_numpy()
    columns = [place[sample] for sample in sheet.frame["sample"]]
    parts = []
    for gene in genes:
        response = matrix.values[matrix.genes.index(gene), columns]
        parts.append(
            pd.DataFrame({"cells": gene, "drug": np.where(doses == 0, CONTROL, ""), "dose": doses, "response": response})
        )
    return pd.concat(parts, ignore_index=True).assign(experiment="1")


def _header(path: Path, said: Said) -> tuple[str, str, bool]:
    """The header of the responses, the direction that it says, and whether it says percent."""
    cells = table_header(path)
    named = said.columns.get("response", "")
    spelled = {plain(word): meaning for word, meaning in _HEADERS.items()}
    for cell in [named] if named else cells:
        whole = plain(cell.replace("%", ""))
        if whole in spelled:
            return cell, spelled[whole], "%" in cell
        if plain(cell) in _SAYING_PERCENT:
            return cell, _HEADERS[_SAYING_PERCENT[plain(cell)]], True
    found = named or next((cell for cell in cells if plain(cell) in {"response", "value"}), "")
    return found, "", False


def _agreed(path: Path, what: str, in_header: str, in_call: str, hint: str) -> str:
    if in_header and in_call and in_header != in_call:
        raise DataError(f"the {what} {in_header} by the header but {in_call} by the call", where=path.name)
    if not in_header and not in_call:
        word = what.split(maxsplit=1)[0]
        raise DataError(f"the {word} {'have no direction' if word == 'responses' else 'is not said'}", where=path.name, hint=hint)
    return in_call or in_header
