"""All findings of the founding studies, computed and judged. It knows which test belongs to which row, not how any works."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tamarisk.model.antimony import read_model
from tamarisk.model.model import Model
from tamarisk.simulation.batch import Solver
from tamarisk.study import (
    cohort_rows,
    evidence_rows,
    growth_rows,
    mechanism_rows,
    patient_rows,
    resistance_rows,
    reversal_rows,
    transcript_rows,
)
from tamarisk.study.finding import Answer, Finding, Reading, finding, findings
from tamarisk.study.laboratory import Laboratory
from tamarisk.study.shelf import Shelf

Test = Callable[[Laboratory, Finding], Reading]

TESTS: Mapping[str, Test] = {
    "R1": growth_rows.oestrogen,
    "R2": growth_rows.tamoxifen,
    "R3": growth_rows.agonism,
    **{name: mechanism_rows.mechanism(name) for name in mechanism_rows.LADDERS},
    "R10": cohort_rows.isogenic_pairs,
    "R11": transcript_rows.altered_transcription,
    "R12": evidence_rows.publications,
    "R13": cohort_rows.environment_host_mechanism,
    "G1": resistance_rows.association,
    "G2": resistance_rows.cross_resistance,
    "G3": reversal_rows.sensitisation,
    "G4": reversal_rows.rapamycin_alone,
    "G5": reversal_rows.agonism_blocked,
    "G6": reversal_rows.bypass,
    "G7": reversal_rows.receptor_balance,
    "G8": transcript_rows.restored_signature,
    "G9": patient_rows.everolimus_at_trough,
}


def reproduce(
    only: Sequence[str] = (),
    *,
    model: Model | None = None,
    shelf: Shelf | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Answer, ...]:
    """What the founding studies say, computed from one model, each row with its verdict.

    Args:
        only: ids of rows; all rows if empty.
        model: another model than the shipped one.
        shelf: keeps readings between calls, so that an interrupted call goes on where it stopped.
        progress: called with (row, rows done, rows in all) before each row.

    Returns:
        One answer per row, in the order of the studies.

    Raises:
        UnknownNameError: there is no such row.
        SimulationError: a run of a row failed.

    References: Mansuri et al. 2015; [@GHAYAD2008].

    >>> answer, = reproduce(["G4"])
    >>> answer.reading.verdict
    'holds'
    """
    asked = {finding(name).id for name in only} or set(findings())
    rows = [one for one in findings().values() if one.id in asked]
    kept = {row.id: reading for row in rows if shelf is not None and (reading := shelf.find(row.id)) is not None}
    lab = Laboratory(Solver(model or read_model())) if len(kept) < len(rows) else None
    for number, row in enumerate(rows):
        if progress is not None:
            progress(row.id, number, len(rows))
        if lab is not None and row.id not in kept:
            kept[row.id] = TESTS[row.id](lab, row)
            if shelf is not None:
                shelf.keep(row.id, kept[row.id])
    return tuple(Answer(row, kept[row.id]) for row in rows)
