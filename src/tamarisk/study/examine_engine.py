"""Is the engine all right on this processor: vectors, kept machine code, sameness, speed, and the counts of the SBML suite.

It knows what should hold; it does not run the suite.
"""

from __future__ import annotations

import platform
import time
from dataclasses import replace

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from tamarisk.errors import SimulationError
from tamarisk.model.antimony import read_model
from tamarisk.model.system import system_of
from tamarisk.simulation.lanes import Batch, Control, Lanes, Plan
from tamarisk.simulation.machine_code import kept_code, native_lanes
from tamarisk.study.examine import Examination
from tamarisk.study.suite import Verdict, kept_counts

_HOURS = 144.0
_MEMBERS = 256
_FEATURES = ("sse2", "avx", "avx2", "fma", "avx512f", "neon")


def engine_doctor() -> tuple[Examination, ...]:
    """Whether the engine keeps its promises on this machine, and how fast it is.

    Returns:
        The processor, the machine code kept on disk, whether the number of lanes and threads and the company change a
        member's numbers, members per second of the shipped model, and how many cases of the SBML test suite ended how in the
        last whole run.

    Raises:
        ModelError: the shipped model cannot be read.

    >>> all(one.passed for one in engine_doctor())
    True
    """
    return (_processor(), _kept(), *_sameness_and_speed(), _suite())


def _processor() -> Examination:
    features = llvm.get_host_cpu_features()
    shown = ", ".join(name for name in _FEATURES if features.get(name)) or "no vectors that are known here"
    words = f"{llvm.get_host_cpu_name()} ({platform.machine()}): {shown}; {native_lanes()} lanes; llvmlite {llvmlite.__version__}"
    return Examination("processor", True, words)


def _kept() -> Examination:
    place, files, size = kept_code()
    return Examination("kept code", True, f"{files} files, {size / 1e6:.1f} MB in {place}")


def _suite() -> Examination:
    """How many cases ended how, why some were refused, and what run and file that is."""
    counts = kept_counts()
    ended = {verdict: sum(one.cases for one in counts if one.verdict is verdict) for verdict in Verdict}
    said = ", ".join(f"{cases} {verdict.value}" for verdict, cases in ended.items())
    refused = "; ".join(f"{one.cases} {one.why}" for one in counts if one.why)
    source = f"last whole run of tamarisk suite {counts[0].archive}, SHA-256 {counts[0].sha256}"
    wrong = ended[Verdict.FAILED] + ended[Verdict.WRONG]
    return Examination("suite", wrong == 0, f"{sum(ended.values())} semantic cases: {said} ({refused}); {source}")


def _sameness_and_speed() -> tuple[Examination, Examination]:
    """One batch in every width, with two threads, and turned round: the same to the last bit."""
    plan, system = _cohort(), system_of(read_model())
    lanes = Lanes(system)
    begin = time.perf_counter()
    whole = lanes.run(plan)
    span = time.perf_counter() - begin
    others = {f"{width} lanes": Lanes(system, width).run(plan) for width in (1, 2, 4)}
    others["two threads"] = lanes.run(plan, Control(threads=2))
    others["another order"] = _turned(lanes.run(_turned_plan(plan)))
    apart = [name for name, batch in others.items() if not np.array_equal(batch.end, whole.end)]
    said = f"differs with {', '.join(apart)}" if apart else f"the same to the last bit with {', '.join(others)}"
    if whole.outcomes.any():
        raise SimulationError("a member of the self-test did not finish")
    return (
        Examination("sameness", not apart, said),
        Examination("speed", True, f"{_MEMBERS / span:.0f} members per second on one core, six days of cells each"),
    )


def _cohort() -> Plan:
    """The shipped model under 4OHT in doses that rise from member to member."""
    model = read_model()
    constants = np.tile(list(model.constants.values()), (_MEMBERS, 1))
    constants[:, list(model.constants).index("OHT")] = np.geomspace(0.01, 10_000.0, _MEMBERS)
    start = np.tile(list(model.initial().values()), (_MEMBERS, 1))
    return Plan(constants, start, np.zeros(_MEMBERS), np.full(_MEMBERS, _HOURS), [np.zeros(0)] * _MEMBERS)


def _turned_plan(plan: Plan) -> Plan:
    return Plan(plan.constants[::-1], plan.start[::-1], plan.begin[::-1], plan.end[::-1], plan.times[::-1])


def _turned(batch: Batch) -> Batch:
    return replace(batch, end=batch.end[::-1], outcomes=batch.outcomes[::-1], steps=batch.steps[::-1])
