"""What is written at the output times within a step. It knows an interpolation, no method and no model."""

from __future__ import annotations

from functools import partial
from typing import Any

from tamarisk.simulation.lane_builder import real, whole
from tamarisk.simulation.peaks import Peaks


class Outputs(Peaks):
    """Words for a loop that writes chosen quantities of a member at its output times."""

    def write_out(self, lane: Any, member: Any, begun: Any, now: Any) -> None:
        """What is asked for at the output times within a step, by the method's own interpolation."""
        b = self.b
        after = self.whole("first", b.add(member, whole(1)))
        with self.repeated() as leave:
            place = self.own("next", lane)
            leave(b.icmp_signed(">=", place, after))
            time = self.real("times", place)
            leave(b.fcmp_ordered(">", time, now))
            share = b.fdiv(b.fsub(time, begun), self.lane("hv", lane))
            with b.if_then(b.icmp_signed("!=", self.given["computed"], whole(0))):
                with self.each(self.states) as state:
                    self.set_at("look", state, lane, self.seen_at(state, lane, share))
                if self.clock >= 0:
                    self.set_at("look", whole(self.clock), lane, time)
                self.call("observe", "look", "q", "out")
            with b.if_then(b.icmp_signed(">", self.given["width"], whole(0))):
                self.write_row(lane, share, b.mul(place, self.given["width"]))
            self.set_own("next", lane, b.add(place, whole(1)))

    def write_row(self, lane: Any, share: Any, start: Any) -> None:
        """One output time: at each position a state, or a computed quantity, whose positions come after those of states."""
        b = self.b
        with self.each(self.given["width"]) as column:
            chosen, target = self.whole("shown", column), self.argument("seen", b.add(start, column))
            with b.if_else(b.icmp_signed("<", chosen, whole(self.states))) as (state, computed):
                with state:
                    b.store(self.seen_at(chosen, lane, share), target)
                with computed:
                    b.store(self.at("out", b.sub(chosen, whole(self.states)), lane), target)

    def seen_at(self, state: Any, lane: Any, share: Any) -> Any:
        """A state of one lane at a share of its step."""
        return self.between(partial(self.one_lane, state, lane), real, share, self.b.fsub(real(1.0), share))
