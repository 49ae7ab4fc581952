"""Which events are due, and which of them goes first. It knows SBML's order of events, not integration."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tamarisk.errors import SimulationError
from tamarisk.simulation.equations import Equations, Happening

_MOST_AT_ONCE = 10_000


def rounding(time: float) -> float:
    """How far apart two times may be and still be one: what is left of sums such as 0.1 + 0.2.

    >>> 0.1 + 0.2 == 0.3, 0.1 + 0.2 <= 0.3 + rounding(0.3)
    (False, True)
    """
    return 1e-13 * max(1.0, abs(time))


@dataclass(frozen=True, slots=True, eq=False)
class _Due:
    """An event that was triggered and waits for its time; `values` are there if they were fixed when it was triggered."""

    number: int
    time: float
    values: tuple[float, ...] | None


class Agenda:
    """Events that were triggered and are not yet carried out.

    Args:
        equations: the system's functions.
        chance: decides between events of the same priority that are due at the same time, as the standard asks.
    """

    def __init__(self, equations: Equations, chance: np.random.Generator) -> None:
        self._equations, self._chance = equations, chance
        self._true = tuple(float(event.initially) for event in equations.system.events)
        self._waiting: list[_Due] = []

    def next_time(self) -> float:
        """When the next event is due; infinite if none waits."""
        return min((one.time for one in self._waiting), default=math.inf)

    def happen(self, vector: list[float]) -> None:
        """Carry out, one after the other, all events that are due at the time of the vector, and what they set off in turn.

        Raises:
            SimulationError: events set each other off without end, or a delay is negative.
        """
        self._notice(vector)
        count = 0
        while due := [one for one in self._waiting if one.time <= vector[0] + rounding(vector[0])]:
            chosen = self._first(due, vector)
            self._waiting.remove(chosen)
            happening = self._equations.events[chosen.number]
            values = happening.values(vector) if chosen.values is None else chosen.values
            happening.carry_out(vector, values)
            count += 1
            if count > _MOST_AT_ONCE:
                raise SimulationError(f"events set each other off without end at time {vector[0]:g}")
            self._notice(vector)

    def _notice(self, vector: list[float]) -> None:
        """Put down the events whose trigger has become true; strike out those that do not outlast theirs."""
        before, self._true = self._true, self._equations.triggers(vector)
        if before == self._true:
            return
        events = self._equations.events
        self._waiting = [one for one in self._waiting if events[one.number].event.persistent or self._true[one.number]]
        for number, happening in enumerate(events):
            if self._true[number] and not before[number]:
                self._waiting.append(_Due(number, vector[0] + _delay(happening, vector), _fixed(happening, vector)))

    def _first(self, due: list[_Due], vector: list[float]) -> _Due:
        """The event with the largest priority; between equals chance decides, and those without any come last, in their order."""
        ranked = [(_priority(self._equations.events[one.number], vector), one) for one in due]
        largest = max(rank for rank, _ in ranked)
        equals = [one for rank, one in ranked if rank == largest]
        return equals[0] if largest == -math.inf or len(equals) == 1 else equals[int(self._chance.integers(len(equals)))]


def _delay(happening: Happening, vector: list[float]) -> float:
    delay = happening.delay(vector)[0]
    if not delay >= 0.0:
        raise SimulationError(f"the delay of the event '{happening.event.id}' is {delay:g} at time {vector[0]:g}")
    return delay


def _fixed(happening: Happening, vector: list[float]) -> tuple[float, ...] | None:
    return happening.values(vector) if happening.event.early else None


def _priority(happening: Happening, vector: list[float]) -> float:
    if happening.priority is None:
        return -math.inf
    rank = happening.priority(vector)[0]
    return -math.inf if math.isnan(rank) else rank
