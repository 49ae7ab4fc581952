"""Is this machine all right: versions, content, model, integrator. It knows what should hold, not why it might not."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata

import numpy as np

from tamarisk.errors import TamariskError
from tamarisk.evidence.reference import by_address
from tamarisk.model.antimony import read_model
from tamarisk.model.arrow import arrows, removal
from tamarisk.model.context import contexts
from tamarisk.model.expression import evaluate
from tamarisk.model.model import Model
from tamarisk.model.regulon import read_regulon
from tamarisk.model.sbml import sbml_faults, write_sbml
from tamarisk.model.substance import media, substances
from tamarisk.model.system import system_of
from tamarisk.simulation.batch import Member, Solver
from tamarisk.simulation.events import solve_system
from tamarisk.simulation.machine_code import native_lanes
from tamarisk.simulation.run import HELD, SEEDED
from tamarisk.study.finding import findings

_MOST_APART = 1e-4  # relative; the lanes aim at 1e-7 per step, LSODA at 1e-9
_LIBRARIES = ("numpy", "scipy", "pandas", "xarray", "antimony", "python-libsbml", "llvmlite", "matplotlib")


@dataclass(frozen=True, slots=True)
class Examination:
    """One check: what was looked at, whether it is all right, and what was found."""

    name: str
    passed: bool
    found: str


def doctor(model: Model | None = None) -> tuple[Examination, ...]:
    """Whether this machine and this copy of Tamarisk are all right.

    Args:
        model: another model than the shipped one.

    Returns:
        One examination per part; a part that fails says why and the rest goes on.

    Raises:
        ModelError: the shipped model cannot be read at all.

    >>> all(one.passed for one in doctor())
    True
    """
    shown = model or read_model()
    subject: dict[str, Callable[[], str]] = {
        "machine": _machine,
        "content": _content,
        "model": partial(_model, shown),
        "evidence": partial(_evidence, shown),
        "machine code": partial(_machine_code, shown),
        "integrator": partial(_integrator, shown),
    }
    return tuple(_examined(name, look) for name, look in subject.items())


def _examined(name: str, look: Callable[[], str]) -> Examination:
    try:
        return Examination(name, True, look())
    except (TamariskError, ArithmeticError, OSError, ImportError) as fault:
        return Examination(name, False, str(fault))


def _machine() -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES)
    return f"Python {platform.python_version()} on {platform.machine()}; {versions}"


def _content() -> str:
    counts = {
        "contexts": len(contexts()),
        "drugs, hormones and ligands": len(substances()),
        "media": len(media()),
        "genes": len(read_regulon().genes),
        "arrows": len(arrows()),
        "findings": len(findings()),
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _model(model: Model) -> str:
    faults = sbml_faults(write_sbml(model))
    if faults:
        raise ArithmeticError(f"libsbml reports {len(faults)} faults, the first: {faults[0]}")
    for arrow in arrows():
        removal(model, arrow)
    return f"{len(model.states)} states, {len(model.reactions)} reactions; libsbml finds no error or warning, units included"


def _evidence(model: Model) -> str:
    stray = {address for one in model.reactions for address in one.references if address not in by_address()}
    silent = [one.id for one in model.reactions if not one.references and not one.assumed]
    if stray or silent:
        raise ArithmeticError(f"{len(stray)} cited addresses are not in the evidence base; {len(silent)} reactions cite nothing")
    supported = sum(bool(one.references) for one in model.reactions)
    return f"{supported} reactions rest on publications, {len(model.reactions) - supported} are marked assumed"


def _machine_code(model: Model) -> str:
    """Compiled rules against the same rules computed one operator at a time."""
    solver = Solver(model)
    values = {**model.constants, **model.initial()}
    for rule in model.rules:
        values[rule.id] = evaluate(rule.formula, values)
    names = [rule.id for rule in model.rules]
    start = Member(settle=HELD, restart=model.initial())
    compiled = solver.solve([start], times_h=[0.0], quantities=names).values[0, 0]
    slow = np.array([values[name] for name in names])
    apart = float(np.max(np.abs(compiled - slow) / np.maximum(np.abs(slow), 1e-12)))
    if not apart <= 1e-12:  # a rule without a value differs
        raise ArithmeticError(f"compiled rules differ from their formulas by {apart:.1e}")
    return f"{len(names)} compiled rules agree with their formulas to {apart:.0e}"


def _integrator(model: Model) -> str:
    """Six days of untreated cells by the lanes, against LSODA from the same settled state."""
    begin = time.perf_counter()
    solver, member = Solver(model), Member(settle=HELD, restart=SEEDED)
    solution = solver.solve([member], times_h=[0.0, 144.0], quantities=["cells"])
    span, cells = time.perf_counter() - begin, float(solution.values[0, -1, 0])
    if not math.isfinite(cells):
        raise ArithmeticError(f"MCF-7 could not be run: {solution.outcomes[0].value}")
    careful = solve_system(replace(system_of(model), initial=solver.settled(member)), [0.0, 144.0])
    apart = abs(cells / float(careful["cells"][-1]) - 1)
    if not apart < _MOST_APART:
        raise ArithmeticError(f"the lanes and LSODA differ by {apart:.1e} in the number of cells")
    doubled = f"MCF-7 doubles {math.log2(cells):.2f} times in six days; found in {span:.2f} s"
    return f"{doubled} on {native_lanes()} lanes; LSODA agrees to {apart:.0e}"
