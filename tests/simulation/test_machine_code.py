"""Machine code and its shelf: the arithmetic of a model against the plain evaluator and numpy, and what is kept on disk."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tamarisk.model.expression import evaluate
from tamarisk.model.model import Model
from tamarisk.model.system import System, system_of
from tamarisk.seeds import generator
from tamarisk.simulation import machine_code as shelf
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.machine_code import Machine, machine_code

ReadTiny = Callable[[str], Model]

DECAY = "  substanceOnly species A in cell; A = 1; k = 1; decay: A -> ; k * A;"
TINY = "  substanceOnly species A in cell, B in cell; A = 1; B = 2; k = 3; n = 2.5; turn: A -> B; k * A^n / (1 + B);"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own."""
    monkeypatch.setattr(shelf, "user_cache_path", lambda _: tmp_path)
    yield tmp_path / "kernels"


def called(machine: Machine, name: str, *vectors: np.ndarray) -> None:
    """One of a machine's functions for one lane."""
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(vectors))(machine.address(name))
    function(*(one.ctypes.data for one in vectors))


def by_hand(model: Model, state: np.ndarray, constants: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rules and rates of change, evaluated one operator at a time."""
    values = dict(zip(model.states, map(float, state), strict=True)) | dict(
        zip(model.constants, map(float, constants), strict=True)
    )
    for rule in model.rules:
        values[rule.id] = evaluate(rule.formula, values)
    change = dict.fromkeys(model.states, 0.0)
    for reaction in model.reactions:
        rate = evaluate(reaction.rate, values)
        for species, count in reaction.changes:
            if species in change:
                change[species] += count * rate
    rules = [values[rule.id] for rule in model.rules] + [evaluate(one.rate, values) for one in model.reactions]
    return np.array(rules), np.array(list(change.values()))


class _Bench:
    """The functions of a model on one lane, in the order of its states."""

    def __init__(self, model: Model, run: int) -> None:
        chance = generator(run, "tests", "machine")
        self.model, self.machine = model, machine_code(system_of(model), 1)
        self.order = list(self.machine.order)
        self.state = chance.uniform(0.2, 2.0, len(model.states))
        self.constants = np.array([value * 2 ** chance.uniform(-1, 1) or 1.0 for value in model.constants.values()])
        self.q = np.zeros(self.machine.sizes.hoisted + 1)
        called(self.machine, "hoist", self.constants, self.q)

    def rates(self, state: np.ndarray) -> np.ndarray:
        found = np.zeros(len(state))
        called(self.machine, "rates", np.ascontiguousarray(state[self.order]), self.q, found)
        change = np.empty(len(state))
        change[self.order] = found
        return change

    def rules(self) -> np.ndarray:
        found = np.zeros(self.machine.sizes.observed)
        called(self.machine, "observe", np.ascontiguousarray(self.state[self.order]), self.q, found)
        return found

    def solved(self, shift: float, right: np.ndarray) -> np.ndarray:
        """The solution of (shift - Jacobian) x = right."""
        factors, b = np.zeros(self.machine.sizes.entries), np.ascontiguousarray(right[self.order])
        called(self.machine, "jacobian", np.ascontiguousarray(self.state[self.order]), self.q, factors)
        called(self.machine, "factor", np.array([shift]), factors)
        called(self.machine, "solve", factors, b)
        x = np.empty(len(b))
        x[self.order] = b
        return x


@pytest.mark.parametrize("run", range(4))
def test_rules_and_rates_are_their_formulas(solver: Solver, run: int) -> None:
    """Reference: compiled rules and rates equal the plain evaluator's at drawn states and constants, to rounding."""
    bench = _Bench(solver.model, run)
    rules, rates = by_hand(solver.model, bench.state, bench.constants)
    assert bench.rules() == pytest.approx(rules, rel=1e-11)
    assert bench.rates(bench.state) == pytest.approx(rates, rel=1e-9, abs=1e-9 * np.abs(rates).max())


@pytest.mark.parametrize("run", range(4))
def test_the_solution_solves(solver: Solver, run: int) -> None:
    """Reference: with the Jacobian by central differences of the compiled rates, numpy finds the same solution.

    Differences are good to some 1e-7 of a slope; with a shift of ten times the largest rate constant the solution is as good.
    """
    bench = _Bench(solver.model, run)
    size = len(bench.state)
    jacobian = np.empty((size, size))
    for column in range(size):
        step = np.zeros(size)
        step[column] = 1e-5 * bench.state[column]
        jacobian[:, column] = (bench.rates(bench.state + step) - bench.rates(bench.state - step)) / (2 * step[column])
    right = generator(run, "tests", "right").uniform(-1, 1, size)
    shift = 10 * np.abs(np.diag(jacobian)).max()
    assert bench.solved(shift, right) == pytest.approx(
        np.linalg.solve(shift * np.eye(size) - jacobian, right), rel=1e-5, abs=1e-12
    )


def test_code_is_kept_and_found(place: Path, tiny: ReadTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: the second time nothing is compiled, and the code from the disk computes the same."""
    source = system_of(tiny(TINY))
    first = _rates(machine_code(source, 1))
    assert {file.suffix for file in place.iterdir()} == {".o", ".json"}
    monkeypatch.setattr(shelf, "kernel", lambda *_: pytest.fail("compiled again"))
    assert np.array_equal(_rates(machine_code(source, 1)), first)


@pytest.mark.parametrize("suffix", [".o", ".json"])
@pytest.mark.parametrize("damage", [b"", b"{}", b"\x7fELF and no more"])
def test_damaged_code_is_made_anew(place: Path, tiny: ReadTiny, suffix: str, damage: bytes) -> None:
    """Law: whatever happened to a kept file, it is not run: the code is compiled again and kept again."""
    source = system_of(tiny(TINY))
    first = _rates(machine_code(source, 1))
    file = next(one for one in place.iterdir() if one.suffix == suffix)
    whole = file.read_bytes()
    file.write_bytes(damage)
    assert np.array_equal(_rates(machine_code(source, 1)), first)
    assert file.read_bytes() == whole


def test_other_equations_are_other_code(place: Path, tiny: ReadTiny) -> None:
    """Law: another model, or another number of lanes, does not get the code of the first."""
    for source, lanes in ((system_of(tiny(TINY)), 1), (system_of(tiny(TINY)), 2), (system_of(tiny(DECAY)), 1)):
        machine_code(source, lanes)
    assert len(list(place.glob("*.o"))) == 3


def test_old_code_makes_room(place: Path, tiny: ReadTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: no more than the allowed number of codes is kept, and the newest is among them."""
    monkeypatch.setattr(shelf, "_MOST_KEPT", 2)
    for power in (2.5, 3.5, 4.5):
        machine_code(system_of(tiny(TINY.replace("A^n", f"A^{power}"))), 1)
    assert len(list(place.glob("*.o"))) == len(list(place.glob("*.json"))) == 2
    monkeypatch.setattr(shelf, "kernel", lambda *_: pytest.fail("compiled again"))
    machine_code(system_of(tiny(TINY.replace("A^n", "A^4.5"))), 1)


def test_where_nothing_can_be_kept_code_still_runs(tmp_path: Path, tiny: ReadTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a cache that cannot be written costs time, not numbers."""
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setattr(shelf, "user_cache_path", lambda _: tmp_path / "file")
    assert _rates(machine_code(system_of(tiny(TINY)), 1)) == pytest.approx([-1.0, 1.0])


def _rates(machine: Machine) -> np.ndarray:
    """The rates of the tiny model at A = 1, B = 2, in the order of its states."""
    q, found = np.zeros(machine.sizes.hoisted + 1), np.zeros(2)
    called(machine, "hoist", np.array([3.0, 2.5]), q)
    state = np.array([1.0, 2.0])[list(machine.order)]
    called(machine, "rates", state, q, found)
    change = np.empty(2)
    change[list(machine.order)] = found
    return change


def test_equations_are_a_value(tiny: ReadTiny) -> None:
    """Law: the same model read twice has the same equations."""
    first, second = (system_of(tiny(TINY)) for _ in range(2))
    assert isinstance(first, System)
    assert first == second
