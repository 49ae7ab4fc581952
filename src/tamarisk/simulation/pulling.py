"""The way back over recorded steps: the transpose of each, for members in lanes. It knows an integrator, not the model."""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import ir

from tamarisk.simulation.kernel import Sizes
from tamarisk.simulation.lane_builder import KERNEL, LONG, LaneBuilder, desk_vectors, real, whole
from tamarisk.simulation.rosenbrock import COUPLINGS, DENSE, GAMMA, STAGES, stages

PULL = (
    *("members", "P", "room", "kept", "trace", "first", "row", "share", "slopes"),
    *("by_constants", "by_start", "stop", "desk"),
)
_AT_END = (*STAGES[-1], 1.0)  # what each stage adds to the state at the end of a step


def pull_vectors(sizes: Sizes) -> dict[str, int]:
    """What lies on the desk of one thread, in vectors of lanes.

    >>> pull_vectors(Sizes(3, 4, 5, 9, 2, sloped=7, pulled=2))["a"]
    5
    """
    states = sizes.states
    more = {"later": states, "back": states, "C": 8 * states, "a": states + sizes.pulled, "M": sizes.sloped, "d": sizes.constants}
    return desk_vectors(sizes) | more | {"rest": 1}


@cache
def puller(lanes: int, sizes: Sizes) -> str:
    """LLVM text of `pull`, for a model with these sizes.

    `pull(members, P, room, kept, trace, first, row, share, slopes, by_constants, by_start, stop, desk)` goes back over the steps
    of each member, recorded in the `kept[member]` rows of `trace` from `room[member]` on: its outputs are those from
    `first[member]` to before `first[member + 1]`, each at a share of the step of a row, with the derivatives of the objective by
    the states there. Its derivatives by constants and by the states at the begin become `by_constants[member]` and
    `by_start[member]`; states in pivot order.

    Args:
        lanes: members side by side.
        sizes: of the model's vectors.

    >>> '"pull"' in puller(2, Sizes(3, 4, 5, 9, 2))
    True
    """
    module = ir.Module(name="puller")
    _Back(module, lanes, sizes).write()
    own = str(module).splitlines()
    return "\n".join(line for line in own if not line.startswith(("declare", "target", ";", "source_filename")))


class _Back(LaneBuilder):
    """Writes the loop over recorded steps, the last first.

    What the objective changes by with the states at the end of a step is `later`; with those at its begin, `back`; with its
    stages, `C`, which becomes what it changes by with the right sides of their equations.
    """

    name = "pull"
    arguments = PULL
    calls = KERNEL | {"solve_back": 2, "weigh": 3, "rates_back": 4, "jacobian_back": 4, "hoist_back": 3}

    def __init__(self, module: ir.Module, lanes: int, sizes: Sizes) -> None:
        super().__init__(module, lanes, sizes)
        self.pulled, self.sloped = sizes.pulled, sizes.sloped

    @staticmethod
    def vectors(sizes: Sizes) -> dict[str, int]:
        """What lies on the desk, in vectors of lanes."""
        return pull_vectors(sizes)

    def write(self) -> None:
        """The whole function."""
        b = self.b
        for counter in (self.queue, self.active, self.changed):
            b.store(whole(0), counter)
        with self.each(self.lanes) as lane:
            self.set_own("member", lane, whole(-1))
        self.rounds(self.refill, self.again, self.outputs, self.back, self.move_on)

    def refill(self) -> None:
        """Give every empty lane the next member; what one that stays empty computes nobody looks at."""
        b = self.b
        with self.each(self.lanes) as lane:
            waiting = b.icmp_signed("<", b.load(self.queue, typ=LONG), self.given["members"])
            with b.if_then(b.and_(self.is_empty(lane), waiting)):
                self.take(lane)
        with b.if_then(b.icmp_unsigned("!=", b.load(self.changed, typ=LONG), whole(0))):
            self.call("hoist", "p", "q")
            b.store(whole(0), self.changed)

    def take(self, lane: Any) -> None:
        """Put the next member of the queue into a lane."""
        b = self.b
        member = self.next_member(lane)
        self.set_own("rows", lane, self.whole("kept", member))
        self.set_own("next", lane, b.sub(self.whole("first", b.add(member, whole(1))), whole(1)))
        if self.constants:
            start = b.mul(member, whole(self.constants))
            with self.each(self.constants) as place:
                self.set_at("p", place, lane, self.real("P", b.add(start, place)))
        for name, size in (("later", self.states), ("a", self.states + self.pulled)):
            with self.each(size) as place:
                self.set_at(name, place, lane, real(0.0))

    # one step of all lanes

    def again(self) -> None:
        """The step of every lane as it was taken, with its stages."""
        b = self.b
        with self.each(self.lanes) as lane, b.if_then(b.not_(self.is_empty(lane))):
            start = b.mul(self.this_row(lane), whole(self.states + 2))
            self.set_lane("hv", lane, self.real("trace", b.add(start, whole(1))))
            with self.each(self.states) as place:
                self.set_at("y", place, lane, self.real("trace", b.add(start, b.add(place, whole(2)))))
        self.put(b.fdiv(self.splat(1 / GAMMA), self.vec("hv")), self.desk["g"])
        self.call("jacobian", "y", "q", "W")
        self.call("factor", "g", "W")
        self.call("rates", "y", "q", "K")
        stages(self)

    def this_row(self, lane: Any) -> Any:
        """The row of the trace that a lane is at."""
        b = self.b
        return b.sub(b.add(self.whole("room", self.own("member", lane)), self.own("rows", lane)), whole(1))

    def outputs(self) -> None:
        """What the outputs within the step and the states after it ask of the stages and of the states before it."""
        b = self.b
        for name, size in (("C", 8 * self.states), ("back", self.states), ("M", self.sloped)):
            if size:
                with self.each(size) as place:
                    self.put(self.splat(0.0), self.address(name, place))
        with self.each(self.lanes) as lane, b.if_then(b.not_(self.is_empty(lane))):
            self.look_back(lane)
        with self.each(self.states) as place:
            after = self.vec("later", place)
            for stage, weight in enumerate(_AT_END):
                self.put(self.fma(after, self.splat(weight), self.vec("C", place, stage)), self.address("C", place, stage))
            self.put(b.fadd(after, self.vec("back", place)), self.address("back", place))

    def look_back(self, lane: Any) -> None:
        """Outputs of one lane's step: the transpose of the method's interpolation."""
        b = self.b
        row = self.this_row(lane)
        start = self.whole("first", self.own("member", lane))
        with self.repeated() as leave:
            output = self.own("next", lane)
            leave(b.icmp_signed("<", output, start))
            leave(b.icmp_signed("!=", self.whole("row", output), row))
            share = self.real("share", output)
            rest = b.fsub(real(1.0), share)
            weights = [self.bend(stage, share, rest) for stage in range(8)]
            with self.each(self.states) as place:
                slope = self.real("slopes", b.add(b.mul(output, whole(self.states)), place))
                for name, weight in (("back", rest), ("later", share)):
                    self.set_at(name, place, lane, b.fadd(self.at(name, place, lane), b.fmul(weight, slope)))
                for stage, weight in enumerate(weights):
                    at = b.add(place, whole(stage * self.states))
                    self.set_at("C", at, lane, b.fadd(self.at("C", at, lane), b.fmul(weight, slope)))
            self.set_own("next", lane, b.sub(output, whole(1)))

    def bend(self, stage: int, share: Any, rest: Any) -> Any:
        """What a stage adds to the interpolation at a share of the step."""
        b = self.b
        first, second, third = (real(row[stage]) for row in DENSE)
        inner = b.fadd(first, b.fmul(share, b.fadd(second, b.fmul(share, third))))
        return b.fmul(b.fmul(share, rest), inner)

    def back(self) -> None:
        """The stages from the last to the first, then what the matrix of the step has to say."""
        inverse = self.b.fdiv(self.splat(1.0), self.vec("hv"))
        for stage in reversed(range(8)):
            wanted = self.address("C", whole(stage * self.states))
            self.call("solve_back", "W", wanted)
            self.call("weigh", wanted, self.stage(stage), "M")
            if stage:
                self.begin_of(stage)
            self.call("rates_back", "new" if stage else "y", "q", wanted, "a")
            with self.each(self.states) as place:
                self.hand_on(stage, place, inverse)
        self.call("jacobian_back", "y", "q", "M", "a")
        with self.each(self.states) as place:
            self.put(self.b.fadd(self.vec("back", place), self.vec("a", place)), self.address("later", place))

    def begin_of(self, stage: int) -> None:
        """The states at which a stage has its rates."""
        with self.each(self.states) as place:
            state = self.vec("y", place)
            for before, weight in enumerate(STAGES[stage - 1]):
                state = self.fma(self.vec("K", place, before), self.splat(weight), state)
            self.put(state, self.address("new", place))

    def hand_on(self, stage: int, place: Any, inverse: Any) -> None:
        """What a stage asks of the states before the step, and of the stages before it."""
        by_state = self.vec("a", place)
        self.put(self.b.fadd(self.vec("back", place), by_state), self.address("back", place))
        if stage:
            coupled = self.b.fmul(self.vec("C", place, stage), inverse)
            for before, (weight, coupling) in enumerate(zip(STAGES[stage - 1], COUPLINGS[stage - 1], strict=True)):
                asked = self.fma(by_state, self.splat(weight), self.vec("C", place, before))
                self.put(self.fma(coupled, self.splat(coupling), asked), self.address("C", place, before))

    def move_on(self) -> None:
        """To the step before; members that are at their begin leave."""
        b = self.b
        b.store(whole(0), self.working)
        with self.each(self.lanes) as lane, b.if_then(b.not_(self.is_empty(lane))):
            left = b.sub(self.own("rows", lane), whole(1))
            self.set_own("rows", lane, left)
            with b.if_then(b.icmp_signed("==", left, whole(0))):
                b.store(whole(1), self.working)
        with b.if_then(b.icmp_unsigned("!=", b.load(self.working, typ=LONG), whole(0))):
            self.call("hoist_back", "q", self.address("a", whole(self.states)), "d")
            with self.each(self.lanes) as lane:
                over = b.icmp_signed("==", self.own("rows", lane), whole(0))
                with b.if_then(b.and_(b.not_(self.is_empty(lane)), over)):
                    self.leave(lane)

    def leave(self, lane: Any) -> None:
        """Write a member's derivatives, and empty its lane."""
        b = self.b
        member = self.own("member", lane)
        written = [("later", "by_start", self.states), *([("d", "by_constants", self.constants)] if self.constants else [])]
        for source, target, size in written:
            start = b.mul(member, whole(size))
            with self.each(size) as place:
                b.store(self.at(source, place, lane), self.argument(target, b.add(start, place)))
        self.set_own("member", lane, whole(-1))
        b.store(b.sub(b.load(self.active, typ=LONG), whole(1)), self.active)
