"""Many members of a system with events through the lanes, in rounds. It knows what is due when, not how steps are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tamarisk.model.expression import Expression, Number
from tamarisk.model.system import TIME, System, require_quantities
from tamarisk.seeds import generator
from tamarisk.simulation.agenda import Agenda, EventError, Pace, rounding
from tamarisk.simulation.clocks import Alarm, alarms
from tamarisk.simulation.equations import Moment, conditions, parted, questions
from tamarisk.simulation.lane_builder import RECORD
from tamarisk.simulation.lanes import Array, Batch, Control, Lanes, Plan, Watcher, Whole, of_both
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.rosenbrock import FINISHED, NOT_FINITE, SETTLED, TOO_MANY_STEPS, TRIGGERED

_LEAST_STEPS = 20  # in which a run with conditions is made
_ENDS = {SETTLED: Outcome.FINISHED, TOO_MANY_STEPS: Outcome.TOO_STIFF, NOT_FINITE: Outcome.NOT_FINITE}


@dataclass(frozen=True)
class Course:
    """What became of members with events.

    Attributes:
        seen: all quantities at the output times, shape `(output, quantity)`, members one after the other; at the time of an event
            they are what they were after it, and NaN from where a member failed.
        end: states at each member's end, shape `(member, state)`.
        outcomes: how each member ended.
        steps: steps tried for each member, shape `(member,)`.
        stops: how often each member stopped because a trigger changed or an event was due, shape `(member,)`.
        peaks: of each quantity whose peaks are kept the largest value, when, the smallest, and when, as far as the member came,
            shape `(member, quantity, 4)`.
    """

    seen: Array
    end: Array
    outcomes: tuple[Outcome, ...]
    steps: Whole
    stops: Whole
    peaks: Array


class Happenings:
    """A system with events, compiled for a number of lanes.

    States that only events change are constants of the lanes; when a trigger changes that only compares the time with such, is
    known beforehand, and no lane looks at it. All that events need is computed by compiled code too, so that it is what the lanes
    see, to the last bit.

    Args:
        system: the model.
        lanes: members computed side by side; what the processor's vectors hold if left out.
        peaks: quantities whose largest and smallest values are kept, those that events set included.
        kept: whether the machine code is kept on the disk.

    Raises:
        ModelError: a formula uses an operator that is not compiled; a quantity is not the model's.

    >>> from tamarisk.model.expression import Apply, Name
    >>> from tamarisk.model.system import Assignment, Event
    >>> dose = Event("dose", Apply("geq", (Name(TIME), Number(1.0))), (Assignment("x", Number(5.0)),))
    >>> system = System("dosed", {"x": Number(0.0)}, {}, {}, {"x": 0.0}, (dose,))
    >>> plan = Plan(np.zeros((1, 0)), np.zeros((1, 1)), np.zeros(1), np.full(1, 2.0), [np.array([0.5, 1.0])])
    >>> Happenings(system, 1).run(plan).seen[:, 0].tolist()
    [0.0, 5.0]
    """

    def __init__(self, system: System, lanes: int | None = None, *, peaks: Sequence[str] = (), kept: bool = True) -> None:
        self.system = system
        moving, still = parted(system)
        self.states, self.moving = (*moving, *still), len(moving)
        self.places = {name: place for place, name in enumerate(self.states, 1)}
        known = alarms(system)
        searched = tuple(event for event, times in zip(system.events, known, strict=True) if times is None)
        self.switches = any(conditions(replace(system, events=searched)))
        self.alarms = list(dict.fromkeys(one for times in known for one in times or ()))
        self._asked = _Asked(system, self.alarms)
        self.core = replace(
            system,
            events=searched,
            rates={**{name: system.rates[name] for name in moving}, TIME: Number(1.0)},
            assigned={**system.assigned, **self._asked.formulas},
            constants={**dict.fromkeys(still, 0.0), **system.constants},
        )
        self.peaks = [system.quantities.index(name) for name in require_quantities(system, peaks)]
        self._width, self._peaked, self._kept = lanes, tuple(peaks), kept
        self.order = [system.states.index(name) for name in self.states]
        self._columns = [self._column(name) for name in system.quantities]

    @cached_property
    def _lanes(self) -> Lanes:
        """Compiled when first run: who adds slopes has lanes of another kind."""
        return Lanes(self.core, self._width, peaks=self._peaked, kept=self._kept)

    @cached_property
    def _watcher(self) -> Watcher:
        return Watcher(self.core, machine=self._lanes.machine if self._width == 1 else None)

    def _column(self, name: str) -> int:
        """Where a quantity stands behind vector and computed quantities."""
        width = 1 + len(self.states) + len(self.system.constants)
        vector = (*self.states, *self.system.constants)
        return 1 + vector.index(name) if name in vector else width + list(self.system.assigned).index(name)

    def begin(self) -> tuple[list[float], list[float]]:
        """The constants and the states at the begin, as the system has them."""
        return list(self.system.constants.values()), [self.system.initial[name] for name in self.system.states]

    def run(self, plan: Plan, control: Control | None = None, *, seed: int = 0) -> Course:
        """Every member from its begin to its end, event by event.

        At its begin a trigger is taken to have had the value that its event says.

        Args:
            plan: who is run, states and constants as the system has them.
            control: how; a weight for each state, as the system has them.
            seed: decides between events of the same priority that are due at the same time.

        Returns:
            Quantities, outcomes and counts; a member's numbers do not depend on its company, the lanes or the threads.
        """
        return Rounds(self, plan, control or Control(), seed).run()

    def look(self, vectors: Array) -> Array:
        """All computed quantities at some vectors and then what events ask, shape `(vector, quantity)`."""
        states = np.column_stack([vectors[:, 1 : 1 + self.moving], vectors[:, 0]])
        return self._watcher.watch(vectors[:, 1 + self.moving :], states, [1] * len(vectors))

    def quantities(self, vectors: Array, computed: Array) -> Array:
        """The quantities of the system, in its order, from some vectors and what was computed there."""
        return np.concatenate([vectors, computed], axis=-1)[..., self._columns]

    def moment(self, computed: Array) -> Moment:
        """What events need to know, from what was computed at a vector."""
        return self._asked.moment(computed[len(self.system.assigned) :])

    def alarm(self, times: Array, computed: Array) -> Array:
        """When the time next changes a trigger, after some times, from what was computed then; infinite if it does not."""
        return self._asked.alarm(times, computed[:, len(self.system.assigned) :])

    def asked(self, event: int, part: str) -> slice:
        """Where the answers to an event's question stand among the computed quantities."""
        places, begin = self._asked.places[event][part], len(self.system.assigned)
        return slice(begin + places.start, begin + places.stop)

    def advance(self, vectors: Array, plan: Plan, control: Control) -> Batch:
        """The lanes from some vectors to the ends and times of a plan."""
        start = np.column_stack([vectors[:, 1 : 1 + self.moving], vectors[:, 0]])
        return self._lanes.run(replace(plan, constants=vectors[:, 1 + self.moving :], start=start, begin=vectors[:, 0]), control)


class _Asked:
    """All questions of all events as computed quantities, and the times that are known beforehand."""

    def __init__(self, system: System, times: Sequence[Alarm]) -> None:
        triggers = conditions(system)[0]
        self.formulas: dict[str, Expression] = {f"@{number}.trigger": one for number, one in enumerate(triggers)}
        self._triggers = len(triggers)
        self.places: list[dict[str, slice]] = []
        for number, event in enumerate(system.events):
            places = {}
            for part, formulas in questions(event).items():
                begin = len(self.formulas)
                self.formulas |= {f"@{number}.{part}.{place}": one for place, one in enumerate(formulas)}
                places[part] = slice(begin, len(self.formulas))
            self.places.append(places)
        self._times = slice(len(self.formulas), len(self.formulas) + len(times))
        self._after = np.array([after for _, after in times], dtype=bool)
        self.formulas |= {f"@time.{place}": one for place, (one, _) in enumerate(times)}

    def moment(self, answers: Array) -> Moment:
        """The answers in the form of an agenda's."""
        triggers = (answers[: self._triggers] != 0.0).tobytes()
        return Moment(triggers, lambda number, part: answers[self.places[number][part]].tolist())

    def alarm(self, times: Array, answers: Array) -> Array:
        """The first known time after each of some, infinite if there is none."""
        known = answers[:, self._times]
        known = np.where(self._after, np.nextafter(known, np.inf), known)
        first: Array = np.where(known > times[:, None], known, np.inf).min(axis=1, initial=np.inf)
        return first


class Rounds:
    """One batch: in a round every member goes on to its next stop."""

    def __init__(self, model: Happenings, plan: Plan, control: Control, seed: int) -> None:
        weight = np.ones(len(model.states)) if control.weight is None else np.asarray(control.weight)[model.order]
        weight = np.append(weight[: model.moving], 0.0)  # the time is exact, and never settles
        self.model, self.plan, self.control = model, plan, replace(control, weight=weight)
        members = len(plan.constants)
        self.vectors = np.column_stack([plan.begin, np.asarray(plan.start, dtype=float)[:, model.order], plan.constants])
        self.agendas = [self.agenda(number, generator(seed, "events")) for number in range(members)]
        self.paces = [Pace(float(length)) for length in np.subtract(plan.end, plan.begin)]
        self.first = np.concatenate([[0], np.cumsum([len(one) for one in plan.times], dtype=int)])
        self.next = self.first[:-1].copy()
        self.times = np.concatenate([np.zeros(0), *plan.times])
        self.seen = np.full((len(self.times), len(model.system.quantities)), np.nan)
        self.peaks = np.full((members, len(model.peaks), RECORD), np.nan)
        self.outcomes: list[Outcome | None] = [None] * members
        self.alarms = np.full(members, np.inf)
        self.steps, self.stops = np.zeros(members, dtype=np.int64), np.zeros(members, dtype=np.int64)
        share = np.subtract(plan.end, plan.begin) / _LEAST_STEPS
        self.longest = np.minimum(plan.longest, share if model.switches else np.full(members, np.inf))

    def agenda(self, number: int, chance: np.random.Generator) -> Agenda:  # noqa: ARG002 (who has slopes asks which member it is)
        """An empty agenda for a member."""
        return Agenda(self.model.system.events, self.model.places, chance)

    def run(self) -> Course:
        """Rounds until nobody goes on."""
        self.happen(range(len(self.agendas)))
        while going := [number for number, one in enumerate(self.outcomes) if one is None]:
            self.advance(going)
            self.happen([number for number in going if self.outcomes[number] is None])
        outcomes = tuple(one for one in self.outcomes if one is not None)
        back = np.argsort(self.model.order)
        return Course(self.seen, self.vectors[:, 1 : 1 + len(back)][:, back], outcomes, self.steps, self.stops, self.peaks)

    def happen(self, members: Iterable[int]) -> None:
        """Carry out what is due, keep what is then true, and end those who are at their end."""
        asking = {number: self.agendas[number].happen(self.vectors[number]) for number in members}
        for one in asking.values():
            next(one)
        while asking:
            numbers = list(asking)
            computed = self.model.look(self.vectors[numbers])
            if self.model.alarms:
                self.alarms[numbers] = self.model.alarm(self.vectors[numbers, 0], computed)
            for number, row in zip(numbers, computed, strict=True):
                try:
                    asking[number].send(self.moment(number, row))
                except StopIteration:
                    del asking[number]
                    self.keep(number, row)
                except EventError as fault:
                    del asking[number]
                    self.outcomes[number] = fault.outcome

    def moment(self, number: int, computed: Array) -> Moment:  # noqa: ARG002 (who has slopes asks which member it is)
        """What the events of a member need to know, from what was computed at its vector."""
        return self.model.moment(computed)

    def keep(self, number: int, computed: Array) -> None:
        """What is asked for at the present time of a member, what it is as a peak, and whether the member is at its end."""
        time = self.vectors[number, 0]
        if self.model.peaks:
            now = self.model.quantities(self.vectors[number], computed)[self.model.peaks]
            when = np.full_like(now, time)
            self.peaks[number] = of_both(self.peaks[number], np.column_stack([now, when, now, when]))
        while self.next[number] < self.first[number + 1] and self.times[self.next[number]] <= time:
            self.seen[self.next[number]] = self.model.quantities(self.vectors[number], computed)
            self.next[number] += 1
        if time >= self.plan.end[number]:
            self.outcomes[number] = Outcome.FINISHED

    def advance(self, going: Sequence[int]) -> None:
        """Every member to its next stop: an event that is due, a trigger that changes, or its end."""
        due = [self.agendas[number].next_time() for number in going]
        bounds = np.minimum(np.minimum(self.plan.end[going], self.alarms[going]), due)
        near = bounds - self.vectors[going, 0] <= [rounding(one) for one in bounds]
        for number, bound in zip(np.array(going)[near], bounds[near], strict=True):
            self.vectors[number, 0] = max(bound, self.vectors[number, 0])
        some, ends = np.array(going)[~near], bounds[~near]
        if len(some):
            exact = ends == self.alarms[some]  # and no sum of times
            last = [end if sure else end - rounding(end) for end, sure in zip(ends, exact, strict=True)]
            times = [self.between(number, end) for number, end in zip(some, last, strict=True)]
            plan = replace(self.plan, end=ends, times=times, longest=self.longest[some])
            self.settle(some, times, self.go(some, plan))
        for number in going:
            self.stop(number)

    def go(self, some: Whole, plan: Plan) -> Batch:
        """The lanes from where some members are to the ends of a plan."""
        return self.model.advance(self.vectors[some], plan, self.control)

    def between(self, number: int, end: float) -> Array:
        """The output times of a member from now to before a time."""
        ahead = self.times[self.next[number] : self.first[number + 1]]
        return ahead[ahead < end]

    def settle(self, some: Whole, times: Sequence[Array], batch: Batch) -> None:
        """Take over from the lanes where members are, how they fare, and what was seen on the way."""
        rows: list[Array] = []
        places: list[int] = []
        within: list[int] = []
        owners: list[int] = []
        low = 0
        for number, asked, reached in zip(some.tolist(), times, batch.reached.tolist(), strict=True):
            if passed := int((asked < reached).sum()):
                vectors = np.tile(self.vectors[number], (passed, 1))
                vectors[:, 0] = asked[:passed]
                vectors[:, 1 : 1 + self.model.moving] = batch.seen[low : low + passed, : self.model.moving]
                rows.append(vectors)
                places += range(self.next[number], self.next[number] + passed)
                within += range(low, low + passed)
                owners += [number] * passed
                self.next[number] += passed
            low += len(asked)
        if places:
            self.see(places, owners, np.concatenate(rows), batch.seen[within])
        self.peaks[some] = of_both(self.peaks[some], batch.peaks)
        self.vectors[some, 0] = batch.reached
        self.vectors[some, 1 : 1 + self.model.moving] = batch.end[:, : self.model.moving]
        self.steps[some] += batch.steps
        for number, code in zip(some.tolist(), batch.outcomes.tolist(), strict=True):
            if code not in {FINISHED, TRIGGERED}:
                self.outcomes[number] = _ENDS[code]
            elif self.steps[number] >= self.control.limit:
                self.outcomes[number] = Outcome.TOO_STIFF

    def see(self, places: Sequence[int], members: Sequence[int], vectors: Array, states: Array) -> None:  # noqa: ARG002
        """Put down what is seen of members at output times, from the vectors there; who has slopes reads them in the states."""
        self.seen[places] = self.model.quantities(vectors, self.model.look(vectors))

    def stop(self, number: int) -> None:
        """Count a stop, and end a member whose stops crowd."""
        self.stops[number] += 1
        try:
            self.paces[number].stop(float(self.vectors[number, 0]))
        except EventError as fault:
            self.outcomes[number] = fault.outcome
