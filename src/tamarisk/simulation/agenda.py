"""Which events are due, and which of them goes first. It knows SBML's order of events, not integration."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass

import numpy as np

from tamarisk.errors import SimulationError
from tamarisk.model.system import Event
from tamarisk.simulation.equations import Moment
from tamarisk.simulation.outcome import Outcome

_MOST_AT_ONCE = 10_000
_MANY, _LEAST_TOGETHER = 64, 1e-9  # so many stops must bring a run on by so much of its length


class EventError(SimulationError):
    """Events that have no answer.

    Args:
        outcome: how the run of a member ends by it.
        what: the fault in one sentence.
    """

    def __init__(self, outcome: Outcome, what: str) -> None:
        super().__init__(what)
        self.outcome = outcome


def rounding(time: float) -> float:
    """How far apart two times may be and still be one: what is left of sums such as 0.1 + 0.2.

    >>> 0.1 + 0.2 == 0.3, 0.1 + 0.2 <= 0.3 + rounding(0.3)
    (False, True)
    """
    return 1e-13 * max(1.0, abs(time))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Due:
    """An event that was triggered and waits for its time.

    Attributes:
        number: which event.
        time: when it is due.
        values: the new values, if they were fixed when it was triggered.
    """

    number: int
    time: float
    values: Sequence[float] | None


class Pace:
    """Notices when the stops of a run crowd ever closer, as the bounces of a ball, so that it would never come to its end.

    Args:
        length: of the run.

    >>> pace = Pace(1.0)
    >>> for stop in range(100):
    ...     pace.stop(1.0 - 0.5**stop)
    Traceback (most recent call last):
    tamarisk.simulation.agenda.EventError: events or conditions change without end at time 1
    """

    def __init__(self, length: float) -> None:
        self._least = _LEAST_TOGETHER * length
        self._stops: deque[float] = deque(maxlen=_MANY)

    def stop(self, time: float) -> None:
        """Put down a stop.

        Raises:
            EventError: the last ones lie closer together than can be.
        """
        self._stops.append(time)
        if len(self._stops) == _MANY and time - self._stops[0] < self._least:
            raise EventError(Outcome.CROWDED, f"events or conditions change without end at time {time:g}")


class Agenda:
    """Events that were triggered and are not yet carried out.

    Args:
        events: the system's.
        places: where each state stands in the vector.
        chance: decides between events of the same priority that are due at the same time, as the standard asks.

    Attributes:
        true: which triggers held when it was last asked, 0 or 1.
        places: where the states that each event sets stand in the vector.
    """

    def __init__(self, events: Sequence[Event], places: Mapping[str, int], chance: np.random.Generator) -> None:
        self._events, self._chance = events, chance
        self.places = [[places[one.state] for one in event.assignments] for event in events]
        self.true: Sequence[float] = [float(event.initially) for event in events]
        self._waiting: list[Due] = []

    def next_time(self) -> float:
        """When the next event is due; infinite if none waits."""
        return min((one.time for one in self._waiting), default=math.inf)

    def happen(self, vector: MutableSequence[float]) -> Generator[None, Moment, None]:
        """Carry out, one after the other, all events that are due at the time of the vector, and what they set off in turn.

        It asks for the moment whenever the vector is new, and is to be sent it.

        Raises:
            EventError: events set each other off without end, or a delay is negative.
        """
        moment = yield
        self._notice(vector[0], moment)
        count = 0
        while due := [one for one in self._waiting if one.time <= vector[0] + rounding(vector[0])]:
            chosen = self._first(due, moment)
            self._waiting.remove(chosen)
            self.carry_out(chosen, vector, moment)
            count += 1
            if count > _MOST_AT_ONCE:
                raise EventError(Outcome.CROWDED, f"events set each other off without end at time {vector[0]:g}")
            moment = yield
            self._notice(vector[0], moment)

    def carry_out(self, one: Due, vector: MutableSequence[float], moment: Moment) -> None:
        """Set the states that an event sets."""
        for value, factor, place in zip(*self.numbers(one, moment), self.places[one.number], strict=True):
            vector[place] = value * factor

    def numbers(self, one: Due, moment: Moment) -> tuple[Sequence[float], Sequence[float]]:
        """The new values of an event, and the factors that turn concentrations into amounts in the volumes that were."""
        values = moment.answers(one.number, "values") if one.values is None else one.values
        return values, moment.answers(one.number, "factors")

    def wait(self, one: Due) -> None:
        """Put down an event that has just been triggered."""
        self._waiting.append(one)

    def _notice(self, time: float, moment: Moment) -> None:
        """Put down the events whose trigger has become true; strike out those that do not outlast theirs."""
        before, self.true = self.true, moment.triggers
        if before == self.true:
            return
        self._waiting = [one for one in self._waiting if self._events[one.number].persistent or self.true[one.number]]
        for number in [place for place, (now, was) in enumerate(zip(self.true, before, strict=True)) if now > was]:
            values = moment.answers(number, "values") if self._events[number].early else None
            self.wait(Due(number, time + self._delay(number, time, moment), values))

    def _first(self, due: list[Due], moment: Moment) -> Due:
        """The event with the largest priority; between equals chance decides, and those without any come last, in their order."""
        ranked = [(_rank(moment.answers(one.number, "priority")[0]), one) for one in due]
        largest = max(rank for rank, _ in ranked)
        equals = [one for rank, one in ranked if rank == largest]
        return equals[0] if largest == -math.inf or len(equals) == 1 else equals[int(self._chance.integers(len(equals)))]

    def _delay(self, number: int, time: float, moment: Moment) -> float:
        delay = float(moment.answers(number, "delay")[0])
        if not delay >= 0.0:
            what = f"the delay of the event '{self._events[number].id}' is {delay:g} at time {time:g}"
            raise EventError(Outcome.NOT_DUE, what)
        return delay


def _rank(priority: float) -> float:
    return -math.inf if math.isnan(priority) else priority
