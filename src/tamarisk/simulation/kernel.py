"""The arithmetic of one model on lanes, as LLVM text: what stays for a member, rates, Jacobian, factors, solution.

It knows formulas and sparse matrices, not time steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from tamarisk.model.system import TIME, System, require_quantities
from tamarisk.simulation.directions import define_along, join
from tamarisk.simulation.equations import conditions
from tamarisk.simulation.graph import MOVING, Graph, Node
from tamarisk.simulation.ordering import elimination
from tamarisk.simulation.reverse import define_back
from tamarisk.simulation.writer import ALONE, RELATIONS, Writer


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long a model's vectors are.

    Attributes:
        states: number of states.
        constants: number of constants.
        hoisted: number of values that stay for a member.
        entries: number of entries of the factors.
        observed: number of computed quantities.
        switches: number of conditions at which the equations jump.
        triggers: how many of these, the first, are triggers of events.
        bent: how many relations between sides that approach each other at a pace that changes.
        clock: the position of the state that is the time, -1 if none is.
        looked: the positions of the states that conditions read.
        peaks: number of quantities whose peaks are kept.
        heeded: the positions of the states that these read.
        sloped: number of entries of the Jacobian.
        pulled: number of values that stay for a member and that the reverse pass differentiates by, if there is one.
    """

    states: int
    constants: int
    hoisted: int
    entries: int
    observed: int
    switches: int = 0
    triggers: int = 0
    bent: int = 0
    clock: int = -1
    looked: tuple[int, ...] = ()
    peaks: int = 0
    heeded: tuple[int, ...] = ()
    sloped: int = 0
    pulled: int = 0


@dataclass(frozen=True)
class Kernel:
    """The text of a model's functions, and the sizes of the vectors that they read and write.

    Functions: `hoist(p, q)`, `rates(y, q, f)`, `jacobian(y, q, W)` (negative), `factor(g, W)`, `solve(W, b)` on vectors of
    lanes, states in pivot order; `observe(y, q, out)` gives every computed quantity; where there are conditions `switch(y, q, s)`
    gives these, then the gaps of the bent ones, and their paces; where peaks are kept `heed(y, q, s, out)` gives the quantities
    and then their slopes, from states and theirs.

    Attributes:
        text: LLVM text.
        sizes: of its vectors.
        order: the state that stands at each position.
    """

    text: str
    sizes: Sizes
    order: tuple[int, ...]


def kernel(source: System, lanes: int, directions: int = 0, peaks: Sequence[str] = (), *, back: bool = False) -> Kernel:
    """The functions of a model for a number of lanes.

    Args:
        source: its equations; the time, if they read it, is one of its states.
        lanes: members computed side by side.
        directions: along how many directions each member is differentiated; its vectors then hold, after themselves, one
            such vector for each.
        peaks: quantities whose peaks are kept.
        back: whether there are the functions of the reverse pass too.

    Raises:
        ModelError: a formula uses an operator that is not compiled yet; a quantity is not the model's.

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.system import system_of
    >>> kernel(system_of(read_model()), 2).sizes.states > 60
    True
    """
    graph = Graph()
    names = _named(graph, source)
    rates = [graph.read(formula, names) for formula in source.rates.values()]
    slopes = _slopes(graph, rates)
    writer = Writer(graph, elimination(len(rates), slopes), lanes, ALONE if directions else "")
    moving = {writer.place[state]: rate for state, rate in enumerate(rates)}
    _define_step(writer, moving, slopes)
    switches = _define_switch(writer, _watched(graph, source, names), rates)
    heeded = _define_heed(writer, [names[name] for name in require_quantities(source, peaks)])
    observed = {position: names[name] for position, name in enumerate(source.assigned)}
    writer.define("observe", "out", observed)
    pulled = define_back(writer, moving, slopes, observed) if back else 0
    bends = define_along(writer, moving, observed) if directions else 0
    writer.define_hoist()
    own = Sizes(len(rates), len(source.constants), len(writer.hoisted), len(writer.pivots.places), len(observed), *switches)
    own = replace(own, peaks=len(peaks), heeded=heeded, sloped=len(slopes), pulled=pulled)
    if TIME in source.states:
        own = replace(own, clock=writer.place[source.states.index(TIME)])
    full = join(writer, own, directions, bends) if directions else own
    order = tuple(block * own.states + state for block in range(1 + directions) for state in writer.pivots.order)
    return Kernel(writer.text(), full, order)


def _named(graph: Graph, source: System) -> dict[str, Node]:
    """The node of every quantity."""
    names = {name: graph.state(place) for place, name in enumerate(source.states)}
    names |= {name: graph.constant(place) for place, name in enumerate(source.constants)}
    for name, formula in source.assigned.items():
        names[name] = graph.read(formula, names)
    return names


def _define_step(writer: Writer, moving: Mapping[int, Node], slopes: Mapping[tuple[int, int], Node]) -> None:
    """Rates, the negative of their Jacobian, its factors and the solution with them."""
    writer.define("rates", "f", moving)
    slots, place = writer.pivots.slots, writer.place
    negative = {slots[place[row], place[column]]: writer.graph.neg(slope) for (row, column), slope in slopes.items()}
    writer.define("jacobian", "W", negative, also=set(slots.values()) - negative.keys())
    writer.define_factor()
    writer.define_solve()


def _define_switch(
    writer: Writer, conditions: tuple[list[Node], int], rates: Sequence[Node]
) -> tuple[int, int, int, int, tuple[int, ...]]:
    """The conditions, the gaps of the bent ones and how fast these move; sizes of `Sizes` from `switches` on."""
    (watched, triggers), graph = conditions, writer.graph
    gaps = [graph.sub(*graph.arguments(node)) for node in watched if graph.nodes[node][0] in RELATIONS]
    paces = {gap: _pace(graph, gap, rates) for gap in gaps}
    bent = [gap for gap in paces if graph.change[paces[gap]] == MOVING]
    told = [*watched, *bent, *(paces[gap] for gap in bent)]
    if watched:
        writer.define("switch", "s", dict(enumerate(told)))
    looked = tuple(sorted({writer.place[state] for node in told for state in _read(graph, node)}))
    return len(watched), triggers, len(bent), -1, looked


def _define_heed(writer: Writer, watched: Sequence[Node]) -> tuple[int, ...]:
    """Quantities and their slopes, from states and the slopes of these; the positions of the states that they read."""
    graph = writer.graph
    slopes = [_pace(graph, node, {state: graph.along(graph.state(state)) for state in _read(graph, node)}) for node in watched]
    told = [*watched, *slopes]
    if told:
        writer.define("heed", "out", dict(enumerate(told)), given=("y", "q", "s"))
    return tuple(sorted({writer.place[state] for node in told for state in _read(graph, node)}))


def _slopes(graph: Graph, rates: Sequence[Node]) -> dict[tuple[int, int], Node]:
    """The derivatives of rates by states, those that are not nothing, by row and column."""
    return {
        (row, column): slope
        for row, rate in enumerate(rates)
        for column in _read(graph, rate)
        if graph.value(slope := graph.derivative(rate, column)) != 0
    }


def _watched(graph: Graph, source: System, names: Mapping[str, Node]) -> tuple[list[Node], int]:
    """The conditions that may change during a run, those of triggers first, and how many these are."""
    triggers, jumps = ([graph.read(one, names) for one in some] for some in conditions(source))
    moving = [node for node in dict.fromkeys([*triggers, *jumps]) if graph.change[node] == MOVING]
    return moving, len(set(triggers) & set(moving))


def _pace(graph: Graph, node: Node, rates: Sequence[Node] | Mapping[int, Node]) -> Node:
    """How fast a node moves along the run."""
    parts = (graph.mul(graph.derivative(node, state), rates[state]) for state in _read(graph, node))
    return reduce(graph.add, parts, graph.number(0.0))


def _read(graph: Graph, node: Node) -> list[int]:
    """The states that a node reads."""
    mask = graph.reads[node]
    return [place for place in range(mask.bit_length()) if mask >> place & 1]
