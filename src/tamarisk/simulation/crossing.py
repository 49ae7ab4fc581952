"""Where within a step a condition first changes: looks through the step's own interpolation. It knows no method and no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from llvmlite import ir

from tamarisk.simulation.kernel import Sizes
from tamarisk.simulation.lane_builder import DOUBLE, LONG, LaneBuilder, position, real, whole

_ROUNDING = 1e-13  # times that lie no further apart, against their size, are one
_LOOKS = 6  # places in every step at which conditions are looked at


class Crossing(LaneBuilder):
    """Words for a loop that ends steps where a condition changes; what integrates gives the coefficients of its interpolation."""

    dense: ClassVar[Sequence[Sequence[float]]]

    def __init__(self, module: ir.Module, lanes: int, sizes: Sizes) -> None:
        super().__init__(module, lanes, sizes)
        self.triggers, self.switches, self.bent, self.clock = sizes.triggers, sizes.switches, sizes.bent, sizes.clock
        self._read = self.constant_places(module, "looked", sizes.looked)
        self._looked = len(sizes.looked)
        self.whole_vector = ir.VectorType(LONG, lanes)

    def constant_places(self, module: ir.Module, name: str, places: Sequence[int]) -> Any:
        """Positions of states as an array beside the code."""
        kind = ir.ArrayType(LONG, max(1, len(places)))
        array = ir.GlobalVariable(module, kind, name)
        array.linkage, array.global_constant = "internal", True
        array.initializer = ir.Constant(kind, [whole(one) for one in places] or [whole(0)])
        return array

    def cross(self) -> None:
        """End each accepted step where a condition first changes: `until` becomes the time, `coupled` the states there.

        `crossed` says which lanes this happened to, `fired` in which of them a trigger changed.
        """
        b = self.b
        zero = ir.Constant(self.whole_vector, [0] * self.lanes)
        for name in ("crossed", "fired"):
            b.store(zero, self.desk[name], align=8)
        self.call("switch", "y", "q", "held")
        self._remember("held")
        self.put(self.vec("time"), self.desk["low"])
        self.put(self.vec("until"), self.desk["high"])
        with self.each(_LOOKS) as number:
            self._look(number)
        crossed = b.load(self.desk["crossed"], typ=self.whole_vector, align=8)
        with b.if_then(b.icmp_signed("!=", self.any(crossed), whole(0))):
            self._halve()
            self._move()

    def any(self, wholes: Any) -> Any:
        """Not zero where one of the lanes is not."""
        total = whole(0)
        for lane in range(self.lanes):
            total = self.b.or_(total, self.b.extract_element(wholes, position(lane)))
        return total

    def _look(self, number: Any) -> None:
        """Look at one place in the step; a first change is now known to lie between the place before and this one."""
        b = self.b
        share = b.fdiv(b.uitofp(b.add(number, whole(1)), DOUBLE), real(float(_LOOKS)))
        time = self.fma(self.vec("hv"), self.spread(share), self.vec("time"))
        time = b.select(b.icmp_signed("==", number, whole(_LOOKS - 1)), self.vec("until"), time)
        self.put(time, self.desk["middle"])
        self._see(time, "now")
        self._found(time, self._differs(self.switches))
        if self.bent:
            with self.each(self.bent) as switch:
                self._look_between(switch)
        self._remember("now")
        self.put(b.select(self.truths("crossed"), self.vec("low"), time), self.desk["low"])

    def _remember(self, name: str) -> None:
        """Keep gaps and their paces for the next place."""
        if self.bent:
            with self.each(2 * self.bent) as place:
                self.put(self.vec(name, self.b.add(place, whole(self.switches))), self.address("before", place))

    def _found(self, time: Any, changed: Any) -> None:
        """Put down in which lanes a change has first been seen, and by when."""
        b = self.b
        crossed = self.truths("crossed")
        found = b.and_(b.and_(changed, self.truths("accepted")), b.not_(crossed))
        self.put(b.select(found, time, self.vec("high")), self.desk["high"])
        b.store(b.sext(b.or_(crossed, found), self.whole_vector), self.desk["crossed"], align=8)

    def _look_between(self, switch: Any) -> None:
        """Where a gap first shrinks and then grows again between two places, look at where it is least."""
        b, zero = self.b, self.splat(0.0)
        gap, pace = switch, b.add(switch, whole(self.bent))
        old, falling = self.vec("before", gap), self.vec("before", pace)
        new, rising = (self.vec("now", b.add(row, whole(self.switches))) for row in (gap, pace))
        dips = b.and_(b.fcmp_ordered(">", b.fmul(old, new), zero), b.fcmp_ordered("<", b.fmul(old, falling), zero))
        dips = b.and_(dips, b.fcmp_ordered(">", b.fmul(new, rising), zero))
        dips = b.and_(dips, b.and_(self.truths("accepted"), b.not_(self.truths("crossed"))))
        with b.if_then(b.icmp_signed("!=", self.any(b.sext(dips, self.whole_vector)), whole(0))):
            low, high = self.vec("low"), self.vec("middle")
            share = b.fdiv(falling, b.fsub(falling, rising))
            time = b.select(dips, self.fma(share, b.fsub(high, low), low), high)
            self._see(time, "probe")
            self._found(time, b.and_(dips, self._differs(self.switches, "probe")))

    def _halve(self) -> None:
        """Bring the two places together until no number lies between them."""
        b = self.b
        with self.repeated() as leave:
            low, high = self.vec("low"), self.vec("high")
            middle = self.fma(b.fsub(high, low), self.splat(0.5), low)
            inside = b.and_(b.fcmp_ordered("<", low, middle), b.fcmp_ordered("<", middle, high))
            inside = b.and_(inside, self.truths("crossed"))
            leave(b.icmp_signed("==", self.any(b.sext(inside, self.whole_vector)), whole(0)))
            self._see(middle, "now")
            changed = self._differs(self.switches)
            self.put(b.select(b.and_(inside, changed), middle, high), self.desk["high"])
            self.put(b.select(b.and_(inside, b.not_(changed)), middle, low), self.desk["low"])

    def _move(self) -> None:
        """Put the end of the step, and the states, to the place of the change."""
        b = self.b
        crossed = self.truths("crossed")
        high = self._apart(self.vec("high"))
        self._see(high, "now")
        fired = b.and_(crossed, self._differs(self.triggers)) if self.triggers else ir.Constant(crossed.type, [0] * self.lanes)
        b.store(b.sext(fired, self.whole_vector), self.desk["fired"], align=8)
        share, rest = self._shares(high)
        with self.each(self.states) as place:
            moved = self.between(partial(self.all_lanes, place), self.splat, share, rest)
            self.put(moved, self.address("coupled", place))
        self.put(b.select(crossed, high, self.vec("until")), self.desk["until"])

    def _apart(self, time: Any) -> Any:
        """A moment that differs from the begin of the step by more than rounding, so that every stop brings a member on."""
        b, begun, until = self.b, self.vec("time"), self.vec("until")
        size = self.absolute(begun)
        size = b.select(b.fcmp_ordered(">", size, self.splat(1.0)), size, self.splat(1.0))
        least = self.fma(size, self.splat(_ROUNDING), begun)
        least = b.select(b.fcmp_ordered("<", least, until), least, until)
        return b.select(b.fcmp_ordered(">", time, least), time, least)

    def _see(self, time: Any, target: str) -> None:
        """The conditions at a time within each lane's step."""
        b = self.b
        share, rest = self._shares(time)
        if self._looked:
            with self.each(self._looked) as number:
                place = b.load(b.gep(self._read, [number], source_etype=LONG), typ=LONG)
                self.put(self.between(partial(self.all_lanes, place), self.splat, share, rest), self.address("look", place))
        if self.clock >= 0:
            self.put(time, self.address("look", whole(self.clock)))
        self.call("switch", "look", "q", target)

    def _shares(self, time: Any) -> tuple[Any, Any]:
        """Which share of each lane's step lies before a time, and which behind it; at the end all of it."""
        b = self.b
        share = b.fdiv(b.fsub(time, self.vec("time")), self.vec("hv"))
        share = b.select(b.fcmp_ordered(">=", time, self.vec("until")), self.splat(1.0), share)
        return share, b.fsub(self.splat(1.0), share)

    def between(self, read: Callable[[str, int], Any], number: Callable[[float], Any], share: Any, rest: Any) -> Any:
        """A state at a share of the step, of all lanes or one, as what reads it and makes numbers is for all or one."""
        return self.curve(read, self.bends(read, number), share, rest)

    def curve(self, read: Callable[[str, int], Any], bends: Sequence[Any], share: Any, rest: Any) -> Any:
        """The same from the coefficients of its interpolation."""
        b = self.b
        inner = b.fadd(bends[1], b.fmul(share, bends[2]))
        inner = b.fadd(bends[0], b.fmul(share, inner))
        inner = b.fadd(read("new", 0), b.fmul(rest, inner))
        return b.fadd(b.fmul(read("y", 0), rest), b.fmul(share, inner))

    def bends(self, read: Callable[[str, int], Any], number: Callable[[float], Any]) -> list[Any]:
        """The coefficients of a state's interpolation: what it bends by beside the straight line between its ends."""
        b, bends = self.b, []
        for row in self.dense:
            total = number(0.0)
            for stage, weight in enumerate(row):
                total = b.fadd(total, b.fmul(read("K", stage), number(weight)))
            bends.append(total)
        return bends

    def all_lanes(self, place: Any, name: str, stage: int) -> Any:
        """A state, or its slope at a stage, of all lanes."""
        return self.vec(name, place, stage)

    def one_lane(self, place: Any, lane: Any, name: str, stage: int) -> Any:
        """A state, or its slope at a stage, of one lane."""
        return self.at(name, place, lane, stage)

    def _differs(self, count: int, name: str = "now") -> Any:
        """In which lanes one of the first conditions is not what it was at the begin of the step."""
        b = self.b
        self.put(self.splat(0.0), self.total)
        with self.each(count) as place:
            other = b.fcmp_ordered("!=", self.vec(name, place), self.vec("held", place))
            self.put(b.select(other, self.splat(1.0), b.load(self.total, typ=self.vector, align=8)), self.total)
        return b.fcmp_ordered(">", b.load(self.total, typ=self.vector, align=8), self.splat(0.0))

    def truths(self, name: str) -> Any:
        """Where a whole number of the lanes is not zero."""
        zero = ir.Constant(self.whole_vector, [0] * self.lanes)
        return self.b.icmp_signed("!=", self.b.load(self.desk[name], typ=self.whole_vector, align=8), zero)
