"""Loops, lanes and addresses for code that is written instruction by instruction. It knows memory, no method and no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from llvmlite import ir

from tamarisk.simulation.kernel import Sizes

ARGUMENTS = (
    *(
        "members",
        "limit",
        "P",
        "Y",
        "begin",
        "end",
        "horizon",
        "first",
        "times",
        "width",
        "shown",
        "computed",
        "seen",
        "relative",
        "absolute",
    ),
    *("weight", "calm", "longest", "trial", "outcome", "steps", "reached", "record", "stop", "desk"),
)
TRACE = ("room", "kept", "trace")  # where a recording loop writes its steps
RECORD = 4  # numbers of a peak: the largest, when, the smallest, when
KERNEL = {
    "hoist": 2,
    "rates": 3,
    "jacobian": 3,
    "factor": 2,
    "solve": 2,
    "switch": 3,
    "heed": 4,
    "observe": 3,
}  # functions of a model, and how many vectors each is given
DOUBLE, LONG, POINTER = ir.DoubleType(), ir.IntType(64), ir.PointerType()

_WHOLE, _REAL = {"members", "limit", "width", "computed"}, {"relative", "calm"}
_POINT_TO_WHOLE = {"first", "shown", "outcome", "steps", "stop", "room", "kept", "row"}
_COUNTERS = ("queue", "active", "changed", "working")
_STAGES = 8
_SPARE = 64


def whole(value: int) -> ir.Constant:
    """A whole number."""
    return ir.Constant(LONG, value)


def real(value: float) -> ir.Constant:
    """A real number."""
    return ir.Constant(DOUBLE, value)


def position(number: int) -> ir.Constant:
    """A lane's position in a vector."""
    return ir.Constant(ir.IntType(32), number)


def desk_vectors(sizes: Sizes) -> dict[str, int]:
    """What lies on the desk of one thread, in vectors of lanes.

    >>> desk_vectors(Sizes(3, 4, 5, 9, 2))["K"]
    24
    """
    single = (
        *("g", "time", "step", "last", "error", "drift", "hv", "total", "member", "next", "count", "accepted", *_COUNTERS),
        *("rows", "longest", "close", "until", "low", "middle", "high", "crossed", "fired"),
        *("left", "base", "tip", "base_slope", "tip_slope", "open"),
    )
    vectors = dict.fromkeys(("y", "new", "coupled", "look", "tilt"), sizes.states) | dict.fromkeys(single, 1)
    vectors |= dict.fromkeys(("held", "now", "probe"), sizes.switches + 2 * sizes.bent) | {"before": 2 * sizes.bent}
    vectors |= dict.fromkeys(("here", "there", "turn"), 2 * sizes.peaks)
    vectors |= {"record": RECORD * sizes.peaks, "bends": 3 * len(sizes.heeded)}
    plain = layout(sizes)
    vectors |= {"p": sizes.constants, "q": plain.hoisted, "W": plain.entries, "out": plain.observed}
    return vectors | {"K": _STAGES * sizes.states}


def layout(sizes: Sizes) -> Sizes:
    """Sizes as far as the loop depends on them: some have room to spare, so that models share one text.

    >>> layout(Sizes(3, 4, 5, 9, 2)) == layout(Sizes(3, 4, 6, 7, 1))
    True
    """
    roomy = {name: -(-getattr(sizes, name) // _SPARE) * _SPARE for name in ("hoisted", "entries", "observed")}
    return replace(sizes, **roomy, sloped=0, pulled=0)


class LaneBuilder:
    """Opens a function, `integrate` unless said otherwise, and gives words for what its loop is written in.

    Args:
        module: where the function goes.
        lanes: members side by side.
        sizes: of the model's vectors.
    """

    name: ClassVar[str] = "integrate"
    arguments: ClassVar[tuple[str, ...]] = ARGUMENTS
    calls: ClassVar[Mapping[str, int]] = KERNEL

    def __init__(self, module: ir.Module, lanes: int, sizes: Sizes) -> None:
        self.lanes, self.states, self.constants = lanes, sizes.states, sizes.constants
        self.vector = ir.VectorType(DOUBLE, lanes)
        types = [LONG if name in _WHOLE else DOUBLE if name in _REAL else POINTER for name in self.arguments]
        self.function = ir.Function(module, ir.FunctionType(LONG, types), self.name)
        self.given = dict(zip(self.arguments, self.function.args, strict=True))
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.desk: dict[str, Any] = {}
        start = 0
        for name, size in self.vectors(sizes).items():
            self.desk[name] = self.b.gep(self.given["desk"], [whole(start * lanes)], source_etype=DOUBLE)
            start += size
        self.queue, self.active, self.changed, self.working = (self.desk[name] for name in _COUNTERS)
        self.total = self.desk["total"]
        void = ir.VoidType()
        self._kernel = {
            name: ir.Function(module, ir.FunctionType(void, [POINTER] * count), name) for name, count in self.calls.items()
        }
        self._elementary = {
            name: ir.Function(module, ir.FunctionType(self.vector, [self.vector]), f"lane_{name}") for name in ("exp", "log")
        }

    @staticmethod
    def vectors(sizes: Sizes) -> dict[str, int]:
        """What lies on the desk, in vectors of lanes."""
        return desk_vectors(sizes)

    # flow

    @contextmanager
    def each(self, count: Any) -> Iterator[Any]:
        """A loop over whole numbers below a count of at least 1."""
        b = self.b
        before = b.block
        head, after = self.function.append_basic_block(), self.function.append_basic_block()
        b.branch(head)
        b.position_at_end(head)
        number = b.phi(LONG)
        number.add_incoming(whole(0), before)
        yield number
        following = b.add(number, whole(1))
        number.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, whole(count) if isinstance(count, int) else count), head, after)
        b.position_at_end(after)

    @contextmanager
    def repeated(self) -> Iterator[Callable[[Any], None]]:
        """A loop that goes on until the yielded function is given a condition that holds."""
        b = self.b
        head, after = self.function.append_basic_block(), self.function.append_basic_block()
        b.branch(head)
        b.position_at_end(head)

        def leave(condition: Any) -> None:
            inside = self.function.append_basic_block()
            b.cbranch(condition, after, inside)
            b.position_at_end(inside)

        yield leave
        b.branch(head)
        b.position_at_end(after)

    def rounds(self, refill: Callable[[], None], *parts: Callable[[], None]) -> None:
        """The loop over vector steps, until no lane has a member or the call is stopped; the end of the function."""
        b = self.b
        head, body, done = (self.function.append_basic_block(name) for name in ("head", "body", "done"))
        b.branch(head)
        b.position_at_end(head)
        refill()
        stopped = b.icmp_unsigned("!=", b.load(self.given["stop"], typ=LONG), whole(0))
        idle = b.icmp_unsigned("==", b.load(self.active, typ=LONG), whole(0))
        b.cbranch(b.or_(idle, stopped), done, body)
        b.position_at_end(body)
        for part in parts:
            part()
        b.branch(head)
        b.position_at_end(done)
        b.ret(b.load(self.queue, typ=LONG))

    def next_member(self, lane: Any) -> Any:
        """The next member of the queue, which a lane now has."""
        b = self.b
        member = b.load(self.queue, typ=LONG)
        b.store(b.add(member, whole(1)), self.queue)
        b.store(b.add(b.load(self.active, typ=LONG), whole(1)), self.active)
        b.store(whole(1), self.changed)
        self.set_own("member", lane, member)
        return member

    def call(self, name: str, *vectors: str | Any) -> None:
        """One of the model's functions, on vectors of the desk by name or on addresses."""
        self.b.call(self._kernel[name], [self.desk[one] if isinstance(one, str) else one for one in vectors])

    # vectors

    def address(self, name: str, place: Any, stage: int = 0) -> Any:
        """The address of a vector of the desk."""
        row = self.b.add(place, whole(stage * self.states)) if stage else place
        return self.b.gep(self.desk[name], [row], source_etype=self.vector)

    def stage(self, number: int) -> Any:
        """The address of a stage's vectors."""
        return self.address("K", whole(number * self.states))

    def vec(self, name: str, place: Any = None, stage: int = 0) -> Any:
        """A vector of the desk."""
        at = self.desk[name] if place is None else self.address(name, place, stage)
        return self.b.load(at, typ=self.vector, align=8)

    def put(self, value: Any, at: Any) -> None:
        """Store a vector, which need not be aligned to more than one number."""
        self.b.store(value, at, align=8)

    def splat(self, value: float) -> Any:
        """The same number in every lane."""
        return ir.Constant(self.vector, [value] * self.lanes)

    def spread(self, value: Any) -> Any:
        """A number that is computed, in every lane."""
        result: Any = ir.Constant(self.vector, ir.Undefined)
        for lane in range(self.lanes):
            result = self.b.insert_element(result, value, position(lane))
        return result

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """A b + c, rounded once."""
        return self._intrinsic("fma", a, b, c)

    def _intrinsic(self, name: str, *arguments: Any) -> Any:
        kind = ir.FunctionType(self.vector, [self.vector] * len(arguments))
        full = f"llvm.{name}.v{self.lanes}f64"
        function = self.b.module.globals.get(full) or ir.Function(self.b.module, kind, full)
        return self.b.call(function, arguments)

    def absolute(self, value: Any) -> Any:
        """A vector without its signs."""
        return self.b.select(self.b.fcmp_ordered("<", value, self.splat(0.0)), self.b.fneg(value), value)

    def elementary(self, name: str, value: Any) -> Any:
        """Exp or log of every lane."""
        return self.b.call(self._elementary[name], [value])

    def clamped(self, value: Any, factor: float, least: float, most: float) -> Any:
        """A vector times a factor, held between two numbers."""
        b = self.b
        scaled = b.fmul(value, self.splat(factor))
        scaled = b.select(b.fcmp_ordered("<", scaled, self.splat(least)), self.splat(least), scaled)
        return b.select(b.fcmp_ordered(">", scaled, self.splat(most)), self.splat(most), scaled)

    def allowed(self, amount: Any, place: Any) -> Any:
        """The error that is allowed for a state of this amount."""
        floor = self.spread(self.real("absolute", place))
        return self.fma(amount, self.spread(self.given["relative"]), floor)

    def is_weighted(self, place: Any, *, drift: bool = False) -> Any:
        """Whether a state counts when errors are judged; a weight below 0 counts when drifts are."""
        return self.b.fcmp_ordered("!=" if drift else ">", self.spread(self.real("weight", place)), self.splat(0.0))

    def largest(self, part: Callable[[Any], Any]) -> Any:
        """The largest over states of what a function gives for each; not a number where one of them is not."""
        self.put(self.splat(0.0), self.total)
        with self.each(self.states) as place:
            before = self.b.load(self.total, typ=self.vector, align=8)
            self.put(self._intrinsic("maximum", part(place), before), self.total)
        return self.b.load(self.total, typ=self.vector, align=8)

    # single lanes and arguments

    def at(self, name: str, place: Any, lane: Any, stage: int = 0) -> Any:
        """One lane of one vector of the desk."""
        return self.b.load(self._single(name, place, lane, stage), typ=DOUBLE)

    def set_at(self, name: str, place: Any, lane: Any, value: Any) -> None:
        """Put a number into one lane of one vector of the desk."""
        self.b.store(value, self._single(name, place, lane, 0))

    def _single(self, name: str, place: Any, lane: Any, stage: int) -> Any:
        row = self.b.add(place, whole(stage * self.states)) if stage else place
        return self.b.gep(self.desk[name], [self.b.add(self.b.mul(row, whole(self.lanes)), lane)], source_etype=DOUBLE)

    def lane(self, name: str, lane: Any) -> Any:
        """One lane of a single vector."""
        return self.at(name, whole(0), lane)

    def set_lane(self, name: str, lane: Any, value: Any) -> None:
        """Put a number into one lane of a single vector."""
        self.set_at(name, whole(0), lane, value)

    def own(self, name: str, lane: Any) -> Any:
        """A whole number that belongs to a lane."""
        return self.b.load(self.b.gep(self.desk[name], [lane], source_etype=LONG), typ=LONG)

    def set_own(self, name: str, lane: Any, value: Any) -> None:
        """Set a whole number that belongs to a lane."""
        self.b.store(value, self.b.gep(self.desk[name], [lane], source_etype=LONG))

    def is_empty(self, lane: Any) -> Any:
        """Whether a lane has no member."""
        return self.b.icmp_signed("<", self.own("member", lane), whole(0))

    def argument(self, name: str, place: Any) -> Any:
        """The address of an element of an argument."""
        return self.b.gep(self.given[name], [place], source_etype=LONG if name in _POINT_TO_WHOLE else DOUBLE)

    def real(self, name: str, place: Any) -> Any:
        """A real number of an argument."""
        return self.b.load(self.argument(name, place), typ=DOUBLE)

    def whole(self, name: str, place: Any) -> Any:
        """A whole number of an argument."""
        return self.b.load(self.argument(name, place), typ=LONG)
