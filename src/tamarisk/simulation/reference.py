"""The plain integrator: LSODA, one member at a time. It knows vectors and time, not what they mean."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.integrate import ODEintWarning, odeint

from tamarisk.simulation.native import Machine
from tamarisk.simulation.outcome import Outcome

Vector = np.ndarray[Any, np.dtype[np.float64]]

RELATIVE_TOLERANCE = 1e-7
ABSOLUTE_TOLERANCE = 1e-10
_MOST_STEPS = 20_000
_SETTLE_SPAN_H = 1000.0
_SETTLE_SPANS = 10
_SETTLED_PER_H = 1e-7


class Integrator:
    """Runs one compiled model with given constants.

    Args:
        machine: the compiled model.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._state = np.zeros(len(machine.states))
        self._change = np.zeros(len(machine.states))
        self._rules = np.zeros(len(machine.rules))
        self._constants = np.zeros(len(machine.constants))
        self._call = tuple(vector.ctypes.data for vector in (self._state, self._constants, self._change))
        self._observe = (self._call[0], self._call[1], self._rules.ctypes.data)

    def rates(self, state: Vector, _time: float = 0.0) -> Vector:
        """The rate of change of every state, per hour; the vector is reused by the next call."""
        self._state[:] = state
        self.machine.rates(*self._call)
        return self._change

    def rules(self, state: Vector, constants: Vector) -> Vector:
        """Every computed quantity at one state."""
        self._state[:], self._constants[:] = state, constants
        self.machine.observe(*self._observe)
        return self._rules.copy()

    def run(self, state: Vector, constants: Vector, times_h: Sequence[float] | Vector) -> tuple[Vector, Outcome]:
        """States at the given times.

        Args:
            state: the state at the first time, shape `(state,)`.
            constants: values of all constants, shape `(constant,)`.
            times_h: increasing times in hours; the first is the start.

        Returns:
            States of shape `(time, state)` and how the run ended; NaN where it failed.
        """
        self._constants[:] = constants
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", ODEintWarning)
            states, info = odeint(
                self.rates,
                state,
                np.asarray(times_h, dtype=float),
                rtol=RELATIVE_TOLERANCE,
                atol=ABSOLUTE_TOLERANCE,
                mxstep=_MOST_STEPS,
                full_output=True,
            )
        if info["message"] != "Integration successful.":
            return np.full_like(states, np.nan), Outcome.TOO_STIFF
        if not np.isfinite(states).all():
            return np.full_like(states, np.nan), Outcome.NOT_FINITE
        return states, Outcome.FINISHED

    def settle(self, state: Vector, constants: Vector, restart: Callable[[Vector], Vector]) -> tuple[Vector, Outcome]:
        """The steady state that the cells reach when left alone.

        Args:
            state: where to start, shape `(state,)`.
            constants: values of all constants, shape `(constant,)`.
            restart: sets states that grow without end (cell counts) back; they are not asked to settle.

        Returns:
            The steady state and how the search ended.
        """
        growing = restart(np.full_like(state, np.nan))
        settling = np.isnan(growing)
        for _ in range(_SETTLE_SPANS):
            states, outcome = self.run(restart(state), constants, (0.0, _SETTLE_SPAN_H))
            if outcome is not Outcome.FINISHED:
                return states[-1], outcome
            state = restart(states[-1])
            drift = np.abs(self.rates(state))[settling] / (np.abs(state[settling]) + 1e-3)
            if drift.max(initial=0.0) < _SETTLED_PER_H:
                return state, Outcome.FINISHED
        return np.full_like(state, np.nan), Outcome.NO_STEADY_STATE
