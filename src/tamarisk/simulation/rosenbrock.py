"""The time steps: Rodas5P on lanes, each member with its own step size, finished members replaced from the queue.

It knows an integrator, not the model whose functions it calls.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from llvmlite import ir

from tamarisk.simulation.kernel import Sizes
from tamarisk.simulation.lane_builder import ARGUMENTS, LONG, TRACE, LaneBuilder, layout, position, real, whole
from tamarisk.simulation.outputs import Outputs

# Coefficients of Rodas5P in the form that needs no product with the Jacobian [@STEINEBACH2023].
GAMMA = 0.21193756319429014
_FIFTH = (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946)
STAGES = (
    (3.0,),
    (2.849394379747939, 0.45842242204463923),
    (-6.954028509809101, 2.489845061869568, -10.358996098473584),
    (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
    _FIFTH,
    (*_FIFTH, 1.0),
    (*_FIFTH, 1.0, 1.0),
)
COUPLINGS = (
    (-14.155112264123755,),
    (-17.97296035885952, -2.859693295451294),
    (147.12150275711716, -1.41221402718213, 71.68940251302358),
    (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
    (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471),
    (30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623, -28.087943162872662),
    (
        *(37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047),
        *(-40.06618937091002, -54.66780262877968, -9.48861652309627),
    ),
)
_PUBLISHED = (
    (
        *(25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204),
        *(0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493),
    ),
    (
        *(-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796),
        *(20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372),
    ),
    (
        *(11.419903575922262, 2.8879646145136994, 72.92137995996029, 80.12511834622643),
        *(-52.072871366152654, -59.78993625266729, -0.15582684282751913, 4.883087185713722),
    ),
)


def _straight(row: tuple[float, ...]) -> tuple[float, ...]:
    """A row of the interpolation, nearest to that published, under which a straight line stays one: the last misses by 4e-8."""
    moves: list[float] = []  # of each stage, where rates are the same everywhere, in units of the step
    for couplings in ((), *COUPLINGS):
        moves.append(GAMMA * (1.0 + sum(a * b for a, b in zip(couplings, moves, strict=True))))
    off = sum(a * b for a, b in zip(row, moves, strict=True)) / sum(one * one for one in moves)
    return tuple(one - off * move for one, move in zip(row, moves, strict=True))


DENSE = tuple(_straight(row) for row in _PUBLISHED)

_CHOSEN = real(0.0)  # the length of a first step that the loop is to choose
_CALM_FLOOR = 1e-3  # amounts below this count as this when the drift of a state is judged
FINISHED, SETTLED, TOO_MANY_STEPS, NOT_FINITE, STOPPED, TRIGGERED = range(6)


def integrator(lanes: int, sizes: Sizes, *, recording: bool = False) -> str:
    """LLVM text of `integrate`, for a model with these sizes.

    `integrate(members, limit, P, Y, begin, end, horizon, first, times, width, shown, computed, seen, relative, absolute, weight,
    calm, longest, trial, outcome, steps, reached, record, stop, desk)` runs each member from its begin to its end: constants
    `P[member]`, states `Y[member]` (start, then end; in pivot order), output times `times[first[member]:first[member + 1]]` with
    what stands at the `width` positions `shown` into `seen` (states, then computed quantities, these only if `computed` is not
    0), an outcome, a count of steps and the time reached. The first step tried is `trial[member]` long, if that is not 0; no step
    is longer than `longest[member]` or ends beyond `horizon[member]`. Where the horizon lies behind the end, a member ends with
    what held before the step that reached the end: states, time, and in `trial` its length; else at the end, with a `trial` of 0.
    A member whose trigger changes ends at that very time. `record[member]` gets, of each quantity whose peaks are kept, the
    largest, when, the smallest and when. With `calm` above 0 a member ends when no state drifts faster than that; states of
    weight 0 are not controlled, those of weight below 0 only watched for their drift. A number other than 0 at `stop` ends the
    call.

    Args:
        lanes: members side by side.
        sizes: of the model's vectors.
        recording: the function has three more arguments: of each accepted step of a member its begin, its length and the states
            at its begin go into a row of `trace`, from row `room[member]` to before `room[member + 1]`; what has no place there
            is not written; `kept[member]` becomes how many steps there were.

    >>> 'integrate' in integrator(2, Sizes(3, 4, 5, 9, 2))
    True
    """
    return _written(lanes, layout(sizes), recording=recording)


@cache
def _written(lanes: int, sizes: Sizes, *, recording: bool) -> str:
    module = ir.Module(name="integrator")
    (_Recording if recording else _Loop)(module, lanes, sizes).write()
    own = str(module).splitlines()
    return "\n".join(line for line in own if not line.startswith(("declare", "target", ";", "source_filename")))


def stages(loop: LaneBuilder) -> None:
    """The eight stages of a step of length `hv` from `y`, once the matrix is factored and the rates at `y` are in the first.

    Afterwards `new` is where the last of them begins.

    Args:
        loop: what is written.
    """
    b = loop.b
    loop.call("solve", "W", "K")
    inverse = b.fdiv(loop.splat(1.0), loop.vec("hv"))
    for stage, (weights, couplings) in enumerate(zip(STAGES, COUPLINGS, strict=True), 1):
        with loop.each(loop.states) as place:
            state, coupled = loop.vec("y", place), None
            for before, (weight, coupling) in enumerate(zip(weights, couplings, strict=True)):
                slope = loop.vec("K", place, before)
                state = loop.fma(slope, loop.splat(weight), state)
                part = loop.splat(coupling)
                coupled = b.fmul(slope, part) if coupled is None else loop.fma(slope, part, coupled)
            loop.put(state, loop.address("new", place))
            loop.put(b.fmul(coupled, inverse), loop.address("coupled", place))
        loop.call("rates", "new", "q", loop.stage(stage))
        with loop.each(loop.states) as place:
            slope = b.fadd(loop.vec("K", place, stage), loop.vec("coupled", place))
            loop.put(slope, loop.address("K", place, stage))
        loop.call("solve", "W", loop.stage(stage))


class _Loop(Outputs):
    """Writes the loop over vector steps."""

    dense = DENSE

    def write(self) -> None:
        """The whole function."""
        b = self.b
        b.store(whole(0), self.queue)
        b.store(whole(0), self.active)
        b.store(whole(0), self.changed)
        with self.each(self.lanes) as lane:
            self.set_own("member", lane, whole(-1))
            self.set_lane("step", lane, real(1.0))
            self.set_lane("time", lane, real(0.0))
            for name in ("last", "close", "longest"):
                self.set_lane(name, lane, real(1.0))
        self.rounds(self.refill, self.prepare, self.step, self.judge)

    # members into lanes

    def refill(self) -> None:
        """Give every empty lane the next member; without one, a copy of a working lane keeps its numbers sound."""
        b = self.b
        with self.each(self.lanes) as lane, b.if_then(self.is_empty(lane)):
            waiting = b.icmp_signed("<", b.load(self.queue, typ=LONG), self.given["members"])
            with b.if_then(waiting):
                self.take(lane)
        with b.if_then(b.icmp_unsigned("!=", b.load(self.changed, typ=LONG), whole(0))):
            self.fill_idle()
            self.call("hoist", "p", "q")
            self.call("rates", "y", "q", "K")
            self.first_steps()
            b.store(whole(0), self.changed)

    def take(self, lane: Any) -> None:
        """Put the next member of the queue into a lane."""
        b = self.b
        member = self.next_member(lane)
        self.set_own("count", lane, whole(0))
        self.set_own("next", lane, self.whole("first", member))
        self.set_lane("time", lane, self.real("begin", member))
        for name, source in (("last", "horizon"), ("close", "end"), ("longest", "longest"), ("step", "trial")):
            self.set_lane(name, lane, self.real(source, member))
        for source, target, size in (("P", "p", self.constants), ("Y", "y", self.states)):
            start = b.mul(member, whole(size))
            with self.each(size) as place:
                self.set_at(target, place, lane, self.real(source, b.add(start, place)))
        self.begin_record(lane)

    def fill_idle(self) -> None:
        """Lanes without a member work on what the first working lane works on; nobody looks at them."""
        b = self.b
        with self.each(self.lanes) as lane, b.if_then(b.not_(self.is_empty(lane))):
            b.store(lane, self.working)
        model = b.load(self.working, typ=LONG)
        with self.each(self.lanes) as lane, b.if_then(self.is_empty(lane)):
            for name in ("time", "last", "close", "step", "longest"):
                self.set_lane(name, lane, self.lane(name, model))
            for name, size in (("p", self.constants), ("y", self.states)):
                with self.each(size) as place:
                    self.set_at(name, place, lane, self.at(name, place, model))

    def first_steps(self) -> None:
        """A first step for lanes that have none: small against how fast the states move."""
        b = self.b
        size, pace = (self.largest(partial(self.scaled, name)) for name in ("y", "K"))
        for number in range(self.lanes):
            lane = whole(number)
            with b.if_then(b.fcmp_ordered("==", self.lane("step", lane), real(0.0))):
                one, other = (b.extract_element(value, position(number)) for value in (size, pace))
                calm = b.or_(b.fcmp_unordered("<", one, real(1e-5)), b.fcmp_unordered("<", other, real(1e-5)))
                begun = b.select(calm, real(1e-6), b.fmul(real(0.01), b.fdiv(one, other)))
                self.set_lane("step", lane, begun)

    # one step of all lanes

    def prepare(self) -> None:
        """Step sizes no longer than what is left; the matrix of this step, factored."""
        b = self.b
        left = b.fsub(self.vec("last"), self.vec("time"))
        step, longest = self.vec("step"), self.vec("longest")
        step = b.select(b.fcmp_ordered(">", step, longest), longest, step)
        step = b.select(b.fcmp_ordered(">=", step, b.fmul(left, self.splat(1 - 1e-12))), left, step)
        self.put(step, self.desk["hv"])
        self.put(b.fdiv(self.splat(1 / GAMMA), step), self.desk["g"])
        self.call("jacobian", "y", "q", "W")
        self.call("factor", "g", "W")

    def step(self) -> None:
        """The eight stages; `new` becomes the state after the step and the last stage its error."""
        b = self.b
        self.call("rates", "y", "q", "K")
        self.drift()
        stages(self)
        with self.each(self.states) as place:
            self.put(b.fadd(self.vec("new", place), self.vec("K", place, 7)), self.address("new", place))
        self.put(self.largest(self.relative_error), self.desk["error"])

    def drift(self) -> None:
        """How fast the fastest weighted state moves, relative to its amount, per unit of time."""
        b = self.b
        self.put(self.splat(0.0), self.total)
        with self.each(self.states) as place:
            amount = b.fadd(self.absolute(self.vec("y", place)), self.splat(_CALM_FLOOR))
            pace = b.fdiv(self.absolute(self.vec("K", place)), amount)
            pace = b.select(self.is_weighted(place, drift=True), pace, self.splat(0.0))
            before = b.load(self.total, typ=self.vector, align=8)
            self.put(b.select(b.fcmp_unordered(">", pace, before), pace, before), self.total)
        self.put(b.load(self.total, typ=self.vector, align=8), self.desk["drift"])

    def scaled(self, name: str, place: Any) -> Any:
        """A state, or how fast it moves, against the error that is allowed for it; 0 where it has no weight."""
        amount = self.absolute(self.vec("y", place))
        ratio = self.b.fdiv(self.absolute(self.vec(name, place)), self.allowed(amount, place))
        return self.b.select(self.is_weighted(place), ratio, self.splat(0.0))

    def relative_error(self, place: Any) -> Any:
        """The error of a state against what is allowed; 0 where the state has no weight."""
        b = self.b
        before, after = self.absolute(self.vec("y", place)), self.absolute(self.vec("new", place))
        larger = b.select(b.fcmp_ordered(">", before, after), before, after)
        error = b.fdiv(self.absolute(self.vec("K", place, 7)), self.allowed(larger, place))
        return b.select(self.is_weighted(place), error, self.splat(0.0))

    def judge(self) -> None:
        """Accept or refuse each lane's step, write what was asked for, end members, choose the next step sizes."""
        b = self.b
        error = self.vec("error")
        shrink = self.elementary("exp", b.fmul(self.splat(-0.2), self.elementary("log", b.fadd(error, self.splat(1e-12)))))
        sound = b.fcmp_ordered("<", error, self.splat(1e100))
        good = b.fcmp_ordered("<=", error, self.splat(1.0))
        factor = b.select(good, self.clamped(shrink, 0.85, 0.2, 6.0), self.clamped(shrink, 0.9, 0.1, 1.0))
        factor = b.select(sound, factor, self.splat(0.1))
        self.put(b.fmul(self.vec("hv"), factor), self.desk["step"])
        for number in range(self.lanes):
            self.set_own("accepted", whole(number), b.sext(b.extract_element(good, position(number)), LONG))
        self.end_step()
        if self.peaks:
            self.heed()
        with self.each(self.lanes) as lane, b.if_then(b.not_(self.is_empty(lane))):
            self.set_own("count", lane, b.add(self.own("count", lane), whole(1)))
            with b.if_else(b.icmp_signed("!=", self.own("accepted", lane), whole(0))) as (accepted, refused):
                with accepted:
                    self.advance(lane)
                with refused:
                    self.give_up(lane)
        keep = b.load(self.desk["accepted"], typ=ir.VectorType(LONG, self.lanes))
        mask = b.icmp_signed("!=", keep, ir.Constant(ir.VectorType(LONG, self.lanes), [0] * self.lanes))
        with self.each(self.states) as place:
            self.put(b.select(mask, self.vec("new", place), self.vec("y", place)), self.address("y", place))

    def end_step(self) -> None:
        """When each lane's step ends, which is where a condition first changes; the state that is the time is then that time."""
        b = self.b
        step, last, begun = self.vec("hv"), self.vec("last"), self.vec("time")
        ends = b.fcmp_ordered(">=", step, b.fsub(last, begun))
        self.put(b.select(ends, last, b.fadd(begun, step)), self.desk["until"])
        if self.switches:
            self.cross()
        if self.clock >= 0:
            for name in ("new", "coupled"):
                self.put(self.vec("until"), self.address(name, whole(self.clock)))

    def advance(self, lane: Any) -> None:
        """An accepted step: outputs within it, the new time, and whether the member is at its end."""
        b = self.b
        now, member, close = self.lane("until", lane), self.own("member", lane), self.lane("close", lane)
        begun, crossed = self.lane("time", lane), self.is_set("crossed", lane)
        self.write_out(lane, member, begun, now)
        with b.if_then(crossed), self.each(self.states) as place:
            self.set_at("new", place, lane, self.at("coupled", place, lane))
        self.set_lane("time", lane, now)
        calm = b.and_(
            b.fcmp_ordered(">", self.given["calm"], real(0.0)), b.fcmp_ordered("<", self.lane("drift", lane), self.given["calm"])
        )
        fired = b.and_(self.is_set("fired", lane), b.fcmp_ordered("<=", now, close))
        ends = b.fcmp_ordered(">=", now, close)
        over = b.or_(b.or_(ends, b.and_(calm, b.not_(crossed))), fired)
        goes_on = b.and_(b.and_(ends, b.not_(fired)), b.fcmp_ordered(">", self.lane("last", lane), close))
        code = b.select(fired, whole(TRIGGERED), b.select(calm, whole(SETTLED), whole(FINISHED)))
        with b.if_else(over) as (ended, on):
            with ended, b.if_else(goes_on) as (cut, whole_step):
                with cut:
                    self.set_lane("time", lane, begun)
                    self.finish(lane, member, whole(FINISHED), "y", self.lane("hv", lane))
                with whole_step:
                    self.finish(lane, member, code, "new")
            with on:
                with b.if_then(crossed):
                    self.set_lane("step", lane, real(0.0))
                    b.store(whole(1), self.changed)
                spent = b.icmp_signed(">=", self.own("count", lane), self.given["limit"])
                with b.if_then(spent):
                    self.finish(lane, member, whole(TOO_MANY_STEPS), "new")

    def is_set(self, name: str, lane: Any) -> Any:
        """Whether a whole number of a lane is not zero; those of crossings are only set where there are conditions."""
        return self.b.icmp_signed("!=", self.own(name, lane), whole(0)) if self.switches else ir.Constant(ir.IntType(1), 0)

    def give_up(self, lane: Any) -> None:
        """A refused step: the member ends if it has used its steps or its step has become nothing."""
        b = self.b
        member = self.own("member", lane)
        nothing = b.fcmp_ordered("<=", self.lane("hv", lane), b.fmul(real(1e-15), self.lane("close", lane)))
        vanished = b.or_(nothing, b.fcmp_ordered("<", self.lane("hv", lane), real(1e-18)))
        spent = b.icmp_signed(">=", self.own("count", lane), self.given["limit"])
        with b.if_then(b.or_(vanished, spent)):
            self.finish(lane, member, b.select(vanished, whole(NOT_FINITE), whole(TOO_MANY_STEPS)), "y")

    def finish(self, lane: Any, member: Any, outcome: Any, source: str, trial: Any = _CHOSEN) -> None:
        """Write how a member ended and where, how long the next step would be, and empty its lane."""
        b = self.b
        b.store(outcome, self.argument("outcome", member))
        b.store(self.own("count", lane), self.argument("steps", member))
        b.store(self.lane("time", lane), self.argument("reached", member))
        b.store(trial, self.argument("trial", member))
        start = b.mul(member, whole(self.states))
        with self.each(self.states) as place:
            b.store(self.at(source, place, lane), self.argument("Y", b.add(start, place)))
        self.end_record(lane, member)
        self.set_own("member", lane, whole(-1))
        b.store(b.sub(b.load(self.active, typ=LONG), whole(1)), self.active)


class _Recording(_Loop):
    """The same loop, which keeps what a reverse pass needs of every accepted step."""

    arguments = (*ARGUMENTS, *TRACE)

    def take(self, lane: Any) -> None:
        """Put the next member of the queue into a lane."""
        super().take(lane)
        self.set_own("rows", lane, whole(0))

    def advance(self, lane: Any) -> None:
        """An accepted step: its begin is written down before it is forgotten."""
        b = self.b
        member, number = self.own("member", lane), self.own("rows", lane)
        row = b.add(self.whole("room", member), number)
        with b.if_then(b.icmp_signed("<", row, self.whole("room", b.add(member, whole(1))))):
            start = b.mul(row, whole(self.states + 2))
            for offset, name in enumerate(("time", "hv")):
                b.store(self.lane(name, lane), self.argument("trace", b.add(start, whole(offset))))
            with self.each(self.states) as place:
                b.store(self.at("y", place, lane), self.argument("trace", b.add(start, b.add(place, whole(2)))))
        self.set_own("rows", lane, b.add(number, whole(1)))
        super().advance(lane)

    def finish(self, lane: Any, member: Any, outcome: Any, source: str, trial: Any = _CHOSEN) -> None:
        """Write how a member ended, and in how many steps."""
        self.b.store(self.own("rows", lane), self.argument("kept", member))
        super().finish(lane, member, outcome, source, trial)
