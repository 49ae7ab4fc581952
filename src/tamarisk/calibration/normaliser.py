"""Parameters that make untreated MCF-7 the unit: each follows from the others. It knows the unit, not the observations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from tamarisk.errors import SimulationError
from tamarisk.model.context import REFERENCE, read_context
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.run import Experiment, as_member

Reader = Callable[[str], float]

# What each must be, given the other parameters (p) and what untreated MCF-7 then shows (q).
NORMALISERS: Mapping[str, Callable[[Reader, Reader], float]] = {
    "ER_E2_ref": lambda _, q: q("ER_E2"),
    "pS167_ref": lambda _, q: q("pS167_fraction"),
    "ER_activity_ref": lambda p, q: p("ER_activity_ref") * q("ER_activity"),
    "ERBB2_ref": lambda p, q: p("ERBB2_ref") * q("mRNA_ERBB2"),
    "S6K_ref": lambda _, q: q("S6K_active"),
    "FOXO3_ref": lambda _, q: q("FOXO3"),
    "GSK3_ref": lambda p, q: p("GSK3_ref") * q("GSK3_active"),
    "GLI_ref": lambda p, q: p("GLI_ref") * q("GLI_activity") / q("GLI1"),
    "eIF4E_ref": lambda _, q: q("eIF4E"),
    "ER_drive_ref": lambda _, q: q("ER_drive"),
    "kinase_ref_PGR": lambda _, q: q("AKT_active") + q("ERK_p"),
    "MYC_ref": lambda _, q: q("MYC"),
    "S6_ref": lambda _, q: q("S6_p"),
    "k_tl_ER": lambda p, q: p("k_tl_ER") / q("ER_total"),
    "PGR_max": lambda p, q: p("PGR_max") / q("mRNA_PGR"),
    "TFF1_max": lambda p, q: p("TFF1_max") * (1 - p("TFF1_basal")) / max(q("mRNA_TFF1") - p("TFF1_basal"), 1e-6),
}
_QUANTITIES = (
    *("ER_E2", "pS167_fraction", "ER_activity", "mRNA_ERBB2", "S6K_active", "FOXO3", "GSK3_active", "GLI_activity", "GLI1"),
    *("eIF4E", "ER_drive", "AKT_active", "ERK_p", "MYC", "S6_p", "ER_total", "mRNA_PGR", "mRNA_TFF1"),
)
_MOST_ROUNDS = 60


def normalised(solver: Solver, changes: Mapping[str, float], *, tolerance: float = 1e-4) -> dict[str, float]:
    """The same changes with every normaliser set so that untreated MCF-7 in 1 nM E2 is the unit.

    Args:
        solver: the compiled model.
        changes: values against the model's constants.
        tolerance: largest relative step at which the normalisers count as settled.

    Returns:
        The changes and the normalisers.

    Raises:
        SimulationError: MCF-7 does not settle, or the normalisers do not.

    >>> from tamarisk.model.antimony import read_model
    >>> model = read_model()
    >>> abs(normalised(Solver(model), {})["S6K_ref"] / model.constants["S6K_ref"] - 1) < 1e-3
    True
    """
    values = dict(changes)
    for _ in range(_MOST_ROUNDS):
        seen = _untreated(solver, values)
        wanted = {name: rule(_reader(solver, values), seen.__getitem__) for name, rule in NORMALISERS.items()}
        step = max(abs(math.log(value / _reader(solver, values)(name))) for name, value in wanted.items())
        values |= wanted
        if step < tolerance:
            return values
    raise SimulationError("the normalisers do not settle", where=REFERENCE, hint="the parameters lie too far from any fit")


def _reader(solver: Solver, values: Mapping[str, float]) -> Reader:
    return lambda name: values[name] if name in values else solver.model.constants[name]


def _untreated(solver: Solver, values: Mapping[str, float]) -> dict[str, float]:
    member = as_member(Experiment(read_context(REFERENCE), changes=values))
    solution = solver.solve([member], times_h=[0.0], quantities=_QUANTITIES)
    found = dict(zip(_QUANTITIES, solution.values[0, 0].tolist(), strict=True))
    if not all(math.isfinite(value) and value > 0 for value in found.values()):
        raise SimulationError("untreated cells do not settle", where=REFERENCE)
    return found
