"""The largest and smallest values of quantities over a run, kept step by step. It knows no method and no model."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from llvmlite import ir

from tamarisk.simulation.crossing import Crossing
from tamarisk.simulation.kernel import Sizes
from tamarisk.simulation.lane_builder import DOUBLE, LONG, RECORD, real, whole

_PLACES = 4  # pieces of every step at whose ends quantities are looked at
_NEAR = 1e-9  # share of a step to which the place of a turn is found; its value is then off by the square of that
_MOST = 60  # times that a turn is drawn nearer; five or so where slopes are smooth


class Peaks(Crossing):
    """Words for a loop that keeps the largest and smallest value of some quantities, and when they had it.

    Between two places at which a quantity rises and falls it is followed to where it turns, along the step's own interpolation.
    """

    def __init__(self, module: ir.Module, lanes: int, sizes: Sizes) -> None:
        super().__init__(module, lanes, sizes)
        self.peaks, self._heeded = sizes.peaks, len(sizes.heeded)
        self._heed = self.constant_places(module, "heeded", sizes.heeded)

    def begin_record(self, lane: Any) -> None:
        """Forget what the lane's last member had."""
        if self.peaks:
            with self.each(RECORD * self.peaks) as place:
                self.set_at("record", place, lane, real(math.nan))

    def end_record(self, lane: Any, member: Any) -> None:
        """Write what a member's peaks were."""
        if self.peaks:
            start = self.b.mul(member, whole(RECORD * self.peaks))
            with self.each(RECORD * self.peaks) as place:
                self.b.store(self.at("record", place, lane), self.argument("record", self.b.add(start, place)))

    def heed(self) -> None:
        """Follow every quantity through each accepted step, from its begin to where it ends, at most to the member's end."""
        b = self.b
        until, close = self.vec("until"), self.vec("close")
        short = b.fcmp_ordered(">", until, close)
        until = b.select(short, close, until)
        end = b.fdiv(b.fsub(until, self.vec("time")), self.vec("hv"))
        end = b.select(b.or_(self._crossed(), short), end, self.splat(1.0))
        self._keep_bends()
        self.put(self.splat(0.0), self.desk["left"])
        self._sense(self.splat(0.0), "here")
        with self.each(self.peaks) as quantity:
            self._note(quantity, "here", self.vec("time"), self.truths("accepted"))
        with self.each(_PLACES) as number:
            part = b.fdiv(b.uitofp(b.add(number, whole(1)), DOUBLE), real(float(_PLACES)))
            share = b.fmul(end, self.spread(part))
            time = self.fma(share, self.vec("hv"), self.vec("time"))
            time = b.select(b.icmp_signed("==", number, whole(_PLACES - 1)), until, time)
            self._sense(share, "there")
            with self.each(self.peaks) as quantity:
                self._note(quantity, "there", time, self.truths("accepted"))
                self._turn(quantity, share)
            self.put(share, self.desk["left"])
            with self.each(2 * self.peaks) as place:
                self.put(self.vec("there", place), self.address("here", place))

    def _crossed(self) -> Any:
        """Where the step ends before the method's own end."""
        return self.truths("crossed") if self.switches else ir.Constant(self.truths("accepted").type, [0] * self.lanes)

    def _turn(self, quantity: Any, share: Any) -> None:
        """Where a quantity rises at one of two places and falls at the other, note it where it turns."""
        b, slope = self.b, self.b.add(quantity, whole(self.peaks))
        begun, ended = (self.vec(name, slope) for name in ("here", "there"))
        turns = b.fcmp_ordered("<", b.fmul(begun, ended), self.splat(0.0))
        turns = b.and_(b.and_(turns, self.truths("accepted")), self._may_gain(quantity, share))
        b.store(b.sext(turns, self.whole_vector), self.desk["open"], align=8)
        with b.if_then(b.icmp_signed("!=", self.any(b.sext(turns, self.whole_vector)), whole(0))):
            for name, value in (("base", self.vec("left")), ("base_slope", begun), ("tip", share), ("tip_slope", ended)):
                self.put(value, self.desk[name])
            with self.each(_MOST):
                still = b.sext(self.truths("open"), self.whole_vector)
                with b.if_then(b.icmp_signed("!=", self.any(still), whole(0))):
                    self._closer(slope)
            self._note(quantity, "turn", self.fma(self.vec("tip"), self.vec("hv"), self.vec("time")), turns)

    def _closer(self, slope: Any) -> None:
        """Move the tip to where a straight line between two slopes of opposite signs is zero, until it hardly moves.

        What stays opposite counts less each time (Pegasus), so that both ends come near.
        """
        b, still = self.b, self.truths("open")
        base, tip, far, near = (self.vec(name) for name in ("base", "tip", "base_slope", "tip_slope"))
        moved = b.fsub(tip, b.fmul(near, b.fdiv(b.fsub(tip, base), b.fsub(near, far))))
        moved = b.select(still, moved, tip)
        self._sense(moved, "turn")
        found = self.vec("turn", slope)
        passed = b.fcmp_ordered("<", b.fmul(found, near), self.splat(0.0))
        less = b.fmul(far, b.fdiv(near, b.fadd(near, found)))
        new = {"base": b.select(passed, tip, base), "base_slope": b.select(passed, near, less), "tip": moved, "tip_slope": found}
        for name, value in new.items():
            self.put(b.select(still, value, self.vec(name)), self.desk[name])
        still = b.and_(still, b.fcmp_ordered(">", self.absolute(b.fsub(moved, tip)), self.splat(_NEAR)))
        b.store(b.sext(still, self.whole_vector), self.desk["open"], align=8)

    def _may_gain(self, quantity: Any, share: Any) -> Any:
        """Where a quantity between two places, if nowhere steeper than at them, may come beyond what it has been so far."""
        b, slope = self.b, self.b.add(quantity, whole(self.peaks))
        begun, ended = (self.vec(name, slope) for name in ("here", "there"))
        one, other = self.absolute(begun), self.absolute(ended)
        reach = b.fmul(b.select(b.fcmp_ordered(">", one, other), one, other), b.fsub(share, self.vec("left")))
        total = b.fadd(self.vec("here", quantity), self.vec("there", quantity))
        largest, smallest = (self.vec("record", b.add(b.mul(quantity, whole(RECORD)), whole(place))) for place in (0, 2))
        above = b.fcmp_ordered(">", b.fadd(total, reach), b.fadd(largest, largest))
        below = b.fcmp_ordered("<", b.fsub(total, reach), b.fadd(smallest, smallest))
        return b.select(b.fcmp_ordered(">", begun, self.splat(0.0)), above, below)

    def _note(self, quantity: Any, source: str, time: Any, where: Any) -> None:
        """Keep a value, and the time, in those lanes in which it is the largest or the smallest so far."""
        b, value = self.b, self.vec(source, quantity)
        first = b.mul(quantity, whole(RECORD))
        for place, relation in ((0, ">"), (2, "<")):
            held, when = (self.address("record", b.add(first, whole(place + one))) for one in (0, 1))
            best = b.load(held, typ=self.vector, align=8)
            better = b.or_(b.fcmp_ordered(relation, value, best), b.fcmp_unordered("uno", best, best))
            better = b.and_(better, where)
            self.put(b.select(better, value, best), held)
            self.put(b.select(better, time, b.load(when, typ=self.vector, align=8)), when)

    def _sense(self, share: Any, target: str) -> None:
        """The quantities, then their slopes, at a share of each lane's step."""
        if self._heeded:
            with self.each(self._heeded) as number:
                place = self._heeded_place(number)
                value, slope = self._course(number, place, share)
                self.put(value, self.address("look", place))
                self.put(slope, self.address("tilt", place))
        if self.clock >= 0:
            self.put(self.fma(share, self.vec("hv"), self.vec("time")), self.address("look", whole(self.clock)))
            self.put(self.vec("hv"), self.address("tilt", whole(self.clock)))
        self.call("heed", "look", "q", "tilt", target)

    def _course(self, number: Any, place: Any, share: Any) -> tuple[Any, Any]:
        """A state at a share of the step, and how it changes with the share."""
        b, read = self.b, partial(self.all_lanes, place)
        rest = b.fsub(self.splat(1.0), share)
        first, second, third = bends = [self.vec("bends", row) for row in self._bend_rows(number)]
        bend = b.fadd(first, b.fmul(share, b.fadd(second, b.fmul(share, third))))
        change = b.fadd(second, b.fmul(share, b.fadd(third, third)))
        inner = b.fadd(b.fmul(b.fsub(rest, share), bend), b.fmul(b.fmul(share, rest), change))
        return self.curve(read, bends, share, rest), b.fadd(b.fsub(read("new", 0), read("y", 0)), inner)

    def _keep_bends(self) -> None:
        """The coefficients of the interpolation of every state that is read, once for this step."""
        if self._heeded:
            with self.each(self._heeded) as number:
                bends = self.bends(partial(self.all_lanes, self._heeded_place(number)), self.splat)
                for row, value in zip(self._bend_rows(number), bends, strict=True):
                    self.put(value, self.address("bends", row))

    def _bend_rows(self, number: Any) -> list[Any]:
        first = self.b.mul(number, whole(3))
        return [self.b.add(first, whole(one)) for one in range(3)]

    def _heeded_place(self, number: Any) -> Any:
        return self.b.load(self.b.gep(self._heed, [number], source_etype=LONG), typ=LONG)
