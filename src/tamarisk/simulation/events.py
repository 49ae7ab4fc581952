"""The careful integrator: any system with its events, one run at a time. It knows vectors and time, not what they mean."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from scipy.integrate import LSODA, OdeSolver, Radau

from tamarisk.errors import SimulationError
from tamarisk.model.system import System
from tamarisk.seeds import generator
from tamarisk.simulation.agenda import Agenda, Pace, rounding
from tamarisk.simulation.equations import Equations

Vector = np.ndarray[Any, np.dtype[np.float64]]

_LEAST_STEPS = 20  # over a whole run
_MOST_TINY = 50  # steps in a row that bring a run on by no more than rounding


def solve_system(
    system: System,
    times: Sequence[float] | Vector,
    *,
    relative: float = 1e-9,
    absolute: float = 1e-12,
    looks: int = 6,
    seed: int = 0,
) -> dict[str, Vector]:
    """Every quantity of a system over time; at the time of an event it is what it was after the event.

    Args:
        system: the model; its run begins at time 0.
        times: increasing, none negative, in the model's unit of time.
        relative: error allowed in one step, of a state's size.
        absolute: error allowed in one step where a state is small, in the unit of the state.
        looks: how often in every step triggers and conditions are looked at, a step being no longer than the usual distance
            between two times; what a state makes true for less long may be missed.
        seed: decides between events of the same priority that are due at the same time.

    Returns:
        Each quantity's values, shape `(time,)`.

    Raises:
        SimulationError: times do not increase, a state has no value, the integrator gives up, or events crowd ever closer, as
            the bounces of a ball.

    >>> from tamarisk.model.expression import Apply, Name
    >>> decay = System("decay", {"x": Apply("minus", (Name("x"),))}, {}, {}, {"x": 1.0})
    >>> solve_system(decay, [0.0, 1.0])["x"].round(6).tolist()
    [1.0, 0.367879]
    """
    run = _Run(_compiled(system), _checked(times, system.name), relative, absolute, looks=looks, chance=generator(seed, "events"))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        rows = np.array(run.rows())
    return dict(zip(system.quantities, rows.T, strict=True))


def _checked(times: Sequence[float] | Vector, where: str) -> Vector:
    wanted = np.asarray(times, dtype=float)
    if wanted.size == 0 or not (np.isfinite(wanted).all() and wanted[0] >= 0.0 and (np.diff(wanted) > 0.0).all()):
        raise SimulationError("times must be finite, increase, and not lie before 0", where=where)
    return wanted


def _compiled(system: System) -> Equations:
    try:
        return Equations(system)
    except RecursionError:
        raise SimulationError("a formula is nested too deeply to be computed", where=system.name) from None


class _Run:
    """One run from time 0 to the last time asked for."""

    def __init__(
        self, equations: Equations, times: Vector, relative: float, absolute: float, *, looks: int, chance: np.random.Generator
    ) -> None:
        self.equations, self.times = equations, times
        self.relative, self.absolute, self.looks = relative, absolute, looks
        self.vector = list(equations.start)
        places = {name: place for place, name in enumerate(equations.states, 1)}
        self.agenda = Agenda(equations.system.events, places, chance)
        self.found: list[tuple[float, ...]] = []
        end = float(times[-1])
        spacing = float(np.median(np.diff(times))) if len(times) > 1 and equations.switches(self.vector) else math.inf
        self.longest = max(min(end / _LEAST_STEPS, spacing), rounding(0.0))

    def rows(self) -> list[tuple[float, ...]]:
        """All quantities at every time."""
        end = float(self.times[-1])
        self._happen()
        pace = Pace(end)
        while self.vector[0] < end:
            self._advance(min(end, self.agenda.next_time()))
            self._happen()
            pace.stop(self.vector[0])
        return self.found

    def _happen(self) -> None:
        """Carry out what is due now, and keep what is then true."""
        asking = self.agenda.happen(self.vector)
        next(asking)
        with suppress(StopIteration):
            while True:
                asking.send(self.equations.at(self.vector))
        self._keep(lambda time: time <= self.vector[0], lambda _: self.vector)

    def _keep(self, wanted: Callable[[float], bool], vector_at: Callable[[float], list[float]]) -> None:
        """Keep all quantities at the next times, as long as these are wanted."""
        while len(self.found) < len(self.times) and wanted(time := float(self.times[len(self.found)])):
            self.found.append(self.equations.observe(vector_at(time)))

    def _advance(self, bound: float) -> None:
        """Move on to a time, or to the first moment before it at which a condition changes."""
        if bound - self.vector[0] <= rounding(bound):  # no integrator can start on less
            self.vector[0] = max(bound, self.vector[0])
            return
        truth = self.equations.switches(self.vector)
        for step in self._steps(bound):
            changed = self._first_change(step, truth) if truth else None
            until = step.end if changed is None else changed
            before = until - rounding(until) if until == bound else until  # times that are one with that of an event follow it
            self._keep(before.__gt__, step.vector)
            self.vector = step.vector(until)
            if changed is not None:
                return

    def _steps(self, bound: float) -> Iterator[_Step]:
        """The integrator's steps up to a time."""
        still = self.vector[1 + self.equations.moving :]
        if not self.equations.moving:
            end = self.vector[0]
            while end < bound:
                begin, end = end, min(end + self.longest, bound)
                yield _Step(begin, end, lambda _: (), still)
            return
        solver, tiny = self._solver(LSODA, bound), 0
        while solver.status == "running":
            begin = solver.t
            failed = _fails(solver)
            if failed and isinstance(solver, LSODA):
                solver = self._solver(Radau, bound)
                continue
            tiny = tiny + 1 if solver.t - begin <= rounding(begin) else 0
            if failed or tiny > _MOST_TINY or not np.isfinite(solver.y).all():
                raise SimulationError(f"the integrator gives up at time {begin:g}", where=self.equations.system.name)
            yield _Step(float(begin), float(solver.t), solver.dense_output(), still)

    def _solver(self, method: Callable[..., OdeSolver], bound: float) -> Any:
        """An integrator that starts at the present vector."""
        moving = self.vector[1 : 1 + self.equations.moving]
        first = self._rates(self.vector[0], np.array(moving))
        for name, value, rate in zip(self.equations.states, moving, first, strict=False):
            if not (math.isfinite(value) and math.isfinite(rate)):
                what = f"'{name}' or its rate has no finite value at time {self.vector[0]:g}"
                raise SimulationError(what, where=self.equations.system.name)
        return method(self._rates, self.vector[0], moving, bound, rtol=self.relative, atol=self.absolute, max_step=self.longest)

    def _rates(self, time: float, moving: Vector) -> tuple[float, ...]:
        return self.equations.rates([float(time), *moving.tolist(), *self.vector[1 + self.equations.moving :]])

    def _first_change(self, step: _Step, truth: tuple[float, ...]) -> float | None:
        """The first moment in a step, to the last digit, at which a condition is no longer what it was."""
        before = step.begin
        for after in np.linspace(step.begin, step.end, self.looks + 1)[1:].tolist():
            if self._differs(step, after, truth):
                return self._moment(step, truth, before, after)
            before = after
        return None

    def _moment(self, step: _Step, truth: tuple[float, ...], before: float, after: float) -> float:
        """The first number after which, between two times, a condition is no longer what it was."""
        while before < (middle := 0.5 * (before + after)) < after:
            before, after = (before, middle) if self._differs(step, middle, truth) else (middle, after)
        return after

    def _differs(self, step: _Step, time: float, truth: tuple[float, ...]) -> bool:
        now = self.equations.switches(step.vector(time))
        pairs = zip(now, truth, strict=True)
        return now != truth and any(one != other and not (math.isnan(one) and math.isnan(other)) for one, other in pairs)


def _fails(solver: Any) -> bool:
    """Take one step; whether the integrator could not."""
    try:
        solver.step()
    except (ValueError, RuntimeError):  # what SciPy's linear algebra says of numbers that are not finite
        return True
    return bool(solver.status == "failed")


class _Step:
    """The states within one step of the integrator."""

    def __init__(self, begin: float, end: float, dense: Callable[[float], Any], still: list[float]) -> None:
        self.begin, self.end = begin, end
        self._dense, self._still = dense, still

    def vector(self, time: float) -> list[float]:
        """The time, then every state."""
        return [time, *map(float, self._dense(time)), *self._still]
