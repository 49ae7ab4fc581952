"""A member together with its derivatives along directions, as LLVM text. It knows how they are laid and joined, not the formulas.

The vectors of such a member hold the member's own, and after it one for each direction. The derivatives obey equations whose
matrix is the member's own, so its factors serve them all: only what the state does to that matrix along the direction is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tamarisk.simulation.emitter import Emitter
from tamarisk.simulation.graph import Node
from tamarisk.simulation.writer import ALONE, LONGEST, Writer

if TYPE_CHECKING:
    from tamarisk.simulation.kernel import Sizes

DIRECTIONS = 4  # that one lane carries beside its member: more share the member's work, and fill the processor's cache
_IN_STEP = ("y", "q", "s", "e")  # states, what stays for a member; their slopes, what stays of those


def define_along(writer: Writer, rates: Mapping[int, Node], watched: Mapping[int, Node]) -> int:
    """The functions of one direction: rates, what it adds to the matrix, computed quantities, and what stays for a member.

    Args:
        writer: of the model's functions.
        rates: the rate at each position.
        watched: the computed quantity at each position.

    Returns:
        How many entries the direction adds to the matrix.
    """
    graph, place = writer.graph, writer.place
    slopes = {position: graph.along(node) for position, node in rates.items()}
    writer.define("rates_along", "f", slopes, given=_IN_STEP)
    bends = {
        (position, place[state]): bend
        for position, slope in sorted(slopes.items())
        for state in writer.states_of(slope)
        if graph.value(bend := graph.derivative(slope, state)) != 0
    }
    writer.define("jacobian_along", "H", dict(enumerate(bends.values())), given=_IN_STEP)
    writer.define("observe_along", "out", {at: graph.along(node) for at, node in watched.items()}, given=_IN_STEP)
    writer.define_hoist_along()
    _define_bend(writer, list(bends))
    return len(bends)


def _define_bend(writer: Writer, places: Sequence[tuple[int, int]]) -> None:
    """`bend(H, x, b)` adds H x to b."""
    pieces = [places[start : start + LONGEST] for start in range(0, len(places), LONGEST)]
    for number, piece in enumerate(pieces):
        out = Emitter(writer.lanes)
        for slot, (row, column) in enumerate(piece, number * LONGEST):
            entry, state = (out.load(out.element(*at)) for at in (("%H", slot), ("%x", column)))
            out.store(out.fma(entry, state, out.load(out.element("%b", row))), out.element("%b", row))
        writer.close(f"bend_{number}", ("H", "x", "b"), out)
    writer.chain("bend", ("H", "x", "b"), len(pieces))


def join(writer: Writer, own: Sizes, directions: int, bends: int) -> Sizes:
    """The functions that the time steps call, each for a member and then for every direction.

    Args:
        writer: of the model's functions.
        own: sizes of the member's own vectors.
        directions: how many.
        bends: entries that one direction adds to the matrix.

    Returns:
        Sizes of the whole vectors.
    """
    staying = len(writer.hoisted_along)
    states, constants, held, entries, observed = own.states, own.constants, own.hoisted, own.entries, own.observed
    blocks = range(directions)
    y, q, x = ("y", 0), ("q", 0), ("b", 0)
    s = [("y", states * (1 + one)) for one in blocks]
    e = [("q", held + staying * one) for one in blocks]
    d = [("p", constants * (1 + one)) for one in blocks]
    h = [("W", entries + bends * one) for one in blocks]
    f, b, out = ([(name, size * (1 + one)) for one in blocks] for name, size in (("f", states), ("b", states), ("out", observed)))
    _joined(writer, ("p", "q"), "hoist", [("hoist_along", (q, d[one], e[one])) for one in blocks])
    _joined(writer, ("y", "q", "f"), "rates", [("rates_along", (y, q, s[one], e[one], f[one])) for one in blocks])
    _joined(writer, ("y", "q", "W"), "jacobian", [("jacobian_along", (y, q, s[one], e[one], h[one])) for one in blocks])
    solved = [call for one in blocks for call in (("bend", (h[one], x, b[one])), (f"solve{ALONE}", (("W", 0), b[one])))]
    _joined(writer, ("W", "b"), "solve", solved)
    _joined(writer, ("y", "q", "out"), "observe", [("observe_along", (y, q, s[one], e[one], out[one])) for one in blocks])
    more = 1 + directions
    return replace(
        own,
        states=states * more,
        constants=constants * more,
        hoisted=held + staying * directions,
        entries=entries + bends * directions,
        observed=observed * more,
    )


def _joined(writer: Writer, arguments: Sequence[str], name: str, calls: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> None:
    """A function that calls the member's own of this name and then others, each on parts of its vectors."""
    out = Emitter(writer.lanes)
    own = [(f"{name}{ALONE}", [(one, 0) for one in arguments])]
    for function, parts in (*own, *calls):
        given = ", ".join(f"ptr {out.element(f'%{vector}', start)}" for vector, start in parts)
        out.lines.append(f"  call void @{function}({given})")
    writer.close(name, arguments, out, shared=True)
