"""Slopes through events with delays, and of events at one time: closed forms, and differences of runs."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import antimony
import numpy as np
import pytest

from tamarisk.model.sbml_front import read_system
from tamarisk.model.system import System
from tamarisk.simulation.event_slopes import HappeningSlopes
from tamarisk.simulation.lanes import Control, Plan

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TIGHT = Control(1e-10, 1e-13)
SlopeError = Callable[..., float]
BODIES = {
    "later by a constant": "x = 1; y = 0; k = 0.8; d = 0.5; q = 0.6; x' = -k * x; y' = x; at d after (x < q): y = y + k * x;",
    "later by what states then are": "x = 1; y = 0; z = 0; k = 0.8; d = 0.5; q = 0.6; x' = -k * x; y' = x; z' = 1 + z;"
    "at (d * x + 0.3 * z) after (x < q): y = y + k * x + z;",
    "later by a share of the time": "x = 1; k = 0.8; d = 0.5; q = 0.6; x' = -k * x; at (d * time) after (x < q): x = x + time;",
    "several wait, values of the trigger": "x = 0; v = 1; n = 0; w = 2.3; d = 2.7; a = 0.3; x' = w * v; v' = -w * x;"
    "n' = -0.5 * n; at d after (x > a): n = n + x + w * time;",
    "several wait, values of then": "x = 0; v = 1; n = 0; w = 2.3; d = 2.7; a = 0.3; x' = w * v; v' = -w * x;"
    "n' = -0.5 * n; at d after (x > a), fromTrigger = false: n = n + v + w * time;",
    "one is called off": "x = 0; v = 1; n = 0; w = 2.3; d = 1.1; a = 0.3; x' = w * v; v' = -w * x;"
    "n' = -0.5 * n; at d after (x > a), persistent = false: n = n + 1;"
    "at (d - 0.2) after (x > a), persistent = false: n = n + 2 * w;",
    "one sets off another": "x = 0; y = 0; z = 0; k = 1.1; d = 0.4; e = 0.3; x' = k; z' = x;"
    "at d after (x > 0.5): y = y + x; at (e * y) after (y > 0.3), fromTrigger = false: x = 0.5 * x, y = 0;",
    "priorities": "x = 1; k = 0.3; d = 0.5; when = 1.1; x' = -k * x; at d after (time >= when), priority = 1,"
    "fromTrigger = false: x = 2 * x + d; at d after (time >= when), priority = 2, fromTrigger = false: x = x + 1;",
    "a rate jumps at the same time": "x = 0; k = 1; d = 0.5; on = 1; x' = piecewise(k, time < on + d, 2 * k - x);"
    "at d after (time >= on), fromTrigger = false: x = 0.5 * x;",
    "a volume": "compartment c = 0.5; species S in c; S = 2; k = 0.3; d = 0.7; when = 0.5; J: S -> ; k * S;"
    "at d after (time >= when): c = 0.2 * k, S = 0.2 * k;",
    "at the start": "x = 1; k = 0.4; d = 0.9; x' = -k * x; at d after (x > 0), t0 = false: x = x + 2 * d;",
    "two clocks that agree": "x = 0; y = 0; s = 1.2; t = 1.2; k = 0.7; l = 0.4; x' = -k * x; y' = -l * y;"
    "at (time > s): x = x + 3; at (time > t): y = y + 2;",
    "two delays that agree": "x = 0; when = 1.2; d = 0.6; e = 0.6; k = 0.7; x' = 1 - k * x;"
    "at d after (time > when), fromTrigger = false: x = x + 3; at e after (time > when), fromTrigger = false: x = x + 2;",
}
SUITE = {"00414": 5.0, "00458": 5.0, "00758": 3.0, "01000": 5.0, "01692": 10.0, "01710": 5.0}


def made(body: str) -> System:
    """The system of an Antimony module."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(f"model tiny()\n{body}\nend") >= 0, antimony.getLastError()
    return read_system(antimony.getSBMLString("tiny"))


def slopes_of(body: str, until: float) -> tuple[System, np.ndarray]:
    """The system of a module, and slopes of all its quantities at a time by its constants, in their order."""
    system, times = made(body), np.array([until])
    constants, start = (np.array([list(one.values())]) for one in (system.constants, system.initial))
    plan = Plan(constants, start, np.zeros(1), times, [times])
    return system, HappeningSlopes(system, 1).run(plan, np.eye(len(system.constants)), TIGHT).slopes[0]


@pytest.mark.parametrize("what", BODIES)
def test_slopes_are_those_of_runs(what: str, slope_error: SlopeError) -> None:
    """Reference: central differences, good to some 1e-6 here; between events, so that no output time lies on one."""
    assert slope_error(made(BODIES[what]), np.array([0.0, 0.31, 0.77, 1.43, 2.17, 2.9, 5.03])) < 1e-5


@pytest.mark.parametrize("case", SUITE)
def test_cases_of_the_semantic_suite(case: str, slope_error: SlopeError) -> None:
    """Reference: central differences; over 4e-5, because thresholds that states barely reach bend strongly with constants."""
    archive = SHARED / "sbml_test_suite" / "semantic_even.zip"
    if not archive.exists():
        pytest.skip("the shared folder with the test suite is not there")
    with zipfile.ZipFile(archive) as whole:
        name = next(one for one in whole.namelist() if one.endswith((f"{case}-sbml-l3v2.xml", f"{case}-sbml-l3v1.xml")))
        system = read_system(whole.read(name).decode(), where=case)
    assert any(event.delay is not None for event in system.events)
    assert slope_error(system, SUITE[case] * np.array([0.113, 0.231, 0.417, 0.683, 0.979]), step=2e-5) < 1e-5


@pytest.mark.parametrize("early", [True, False])
def test_what_is_kept_from_a_fall(early: bool) -> None:
    """Reference: x = e^(-k t) falls to q at ln(1/q) / k; d q later y becomes the x of then, q e^(-k d q), or the trigger's, q."""
    k, d, q = 0.8, 1.5, 0.6
    body = f"x = 1; y = 0; k = {k}; d = {d}; q = {q}; x' = -k * x; at (d * x) after (x < q), fromTrigger = "
    system, slopes = slopes_of(f"{body}{'true' if early else 'false'}: y = x;", 3.0)
    then = q * math.exp(-k * d * q)
    closed = {"k": 0.0, "d": 0.0, "q": 1.0} if early else {"k": -d * q * then, "d": -k * q * then, "q": then * (1 / q - k * d)}
    found = dict(zip(system.constants, slopes[system.quantities.index("y")], strict=True))
    assert found == pytest.approx(closed, rel=1e-7, abs=1e-9)


def test_doses_that_wait_together() -> None:
    """Reference: whenever a clock of period p starts anew a dose m follows d later, d > 2 p; each decays from its own time.

    Of x = sum of m e^(-k (t - n p - d)) the slope by d is k x, by p the sum of k n m e^(...).
    """
    p, d, m, k, until = 0.5, 1.2, 3.0, 0.7, 3.05
    body = f"x = 0; last = 0; p = {p}; d = {d}; m = {m}; k = {k}; x' = -k * x; at (time - last >= p): last = last + p;"
    system, slopes = slopes_of(f"{body} at d after (time - last >= p), fromTrigger = false: x = x + m;", until)
    turns = np.arange(1, int((until - d) / p) + 1)
    each = m * np.exp(-k * (until - turns * p - d))
    closed = {
        "p": k * (turns * each).sum(),
        "d": k * each.sum(),
        "m": each.sum() / m,
        "k": -((until - turns * p - d) * each).sum(),
    }
    found = dict(zip(system.constants, slopes[system.quantities.index("x")], strict=True))
    assert found == pytest.approx(closed, rel=1e-7)
    assert len(turns) == 3
