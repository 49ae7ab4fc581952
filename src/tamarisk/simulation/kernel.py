"""The arithmetic of one model on lanes, as LLVM text: what stays for a member, rates, Jacobian, factors, solution.

It knows formulas and sparse matrices, not time steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from tamarisk.model.system import TIME, System
from tamarisk.simulation.emitter import Emitter
from tamarisk.simulation.equations import conditions
from tamarisk.simulation.graph import MEMBER, MOVING, Graph, Node
from tamarisk.simulation.ordering import Elimination, elimination
from tamarisk.simulation.vector_math import FUNCTIONS, vector_functions

STEP_FUNCTIONS = ("exp", "log")  # what the choice of step sizes calls
RELATIONS = {"lt": "olt", "leq": "ole", "eq": "oeq", "neq": "une"}
_INSTRUCTIONS: Mapping[str, Callable[..., str]] = {
    **{"add": Emitter.add, "sub": Emitter.sub, "mul": Emitter.mul, "neg": Emitter.neg},
    **{"abs": Emitter.absolute, "sqrt": Emitter.sqrt, "floor": Emitter.floor, "ceil": Emitter.ceiling},
}
_LONGEST = 400  # instructions per function: longer ones take the compiler more than their share


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


@dataclass(frozen=True)
class Kernel:
    """The text of a model's functions, and the sizes of the vectors that they read and write.

    Functions: `hoist(p, q)`, `rates(y, q, f)`, `jacobian(y, q, W)` (negative), `factor(g, W)`, `solve(W, b)` on vectors of
    lanes, states in pivot order; where there are conditions `switch(y, q, s)` gives these, then the gaps of the bent ones, and
    their paces; for one lane `observe(y, q, out)` gives every computed quantity.

    Attributes:
        text: LLVM text.
        sizes: of its vectors.
        order: the state that stands at each position.
    """

    text: str
    sizes: Sizes
    order: tuple[int, ...]


def kernel(source: System, lanes: int) -> Kernel:
    """The functions of a model for a number of lanes.

    Args:
        source: its equations; the time, if they read it, is one of its states.
        lanes: members computed side by side.

    Raises:
        ModelError: a formula uses an operator that is not compiled yet.

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.system import system_of
    >>> kernel(system_of(read_model()), 2).sizes.states > 60
    True
    """
    graph = Graph()
    names = {name: graph.state(place) for place, name in enumerate(source.states)}
    names |= {name: graph.constant(place) for place, name in enumerate(source.constants)}
    for name, formula in source.assigned.items():
        names[name] = graph.read(formula, names)
    rates = [graph.read(formula, names) for formula in source.rates.values()]
    slopes = _slopes(graph, rates)
    pivots = elimination(len(rates), slopes)
    writer = _Writer(graph, pivots, lanes)
    place = {state: position for position, state in enumerate(pivots.order)}
    writer.define("rates", "f", {place[state]: rate for state, rate in enumerate(rates)})
    negative = {pivots.slots[place[row], place[column]]: graph.neg(slope) for (row, column), slope in slopes.items()}
    writer.define("jacobian", "W", negative, also=set(pivots.slots.values()) - negative.keys())
    watched = _define_switch(writer, source, names, rates)
    if lanes == 1:
        writer.define("observe", "out", {position: names[name] for position, name in enumerate(source.assigned)})
    writer.define_hoist()
    writer.define_factor()
    writer.define_solve()
    sizes = (len(source.states), len(source.constants), len(writer.hoisted), len(pivots.places), len(source.assigned))
    return Kernel(writer.text(), Sizes(*sizes, *watched), pivots.order)


def _slopes(graph: Graph, rates: Sequence[Node]) -> dict[tuple[int, int], Node]:
    """The derivatives of rates by states, those that are not nothing, by row and column."""
    return {
        (row, column): slope
        for row, rate in enumerate(rates)
        for column in _read(graph, rate)
        if graph.value(slope := graph.derivative(rate, column)) != 0
    }


def _define_switch(
    writer: _Writer, source: System, names: Mapping[str, Node], rates: Sequence[Node]
) -> tuple[int, int, int, int, tuple[int, ...]]:
    """The function that tells conditions, and what `Sizes` says of it: those of triggers come first."""
    graph, place = writer.graph, writer.place
    triggers, jumps = ([graph.read(one, names) for one in some] for some in conditions(source))
    watched = [node for node in dict.fromkeys([*triggers, *jumps]) if graph.change[node] == MOVING]
    gaps = [graph.sub(*graph.arguments(node)) for node in watched if graph.nodes[node][0] in RELATIONS]
    paces = {gap: _pace(graph, gap, rates) for gap in gaps}
    bent = [gap for gap in paces if graph.change[paces[gap]] == MOVING]
    told = [*watched, *bent, *(paces[gap] for gap in bent)]
    if watched:
        writer.define("switch", "s", dict(enumerate(told)))
    looked = tuple(sorted({place[state] for node in told for state in _read(graph, node)}))
    clock = place[source.states.index(TIME)] if TIME in source.states else -1
    return len(watched), len(set(triggers) & set(watched)), len(bent), clock, looked


def _pace(graph: Graph, node: Node, rates: Sequence[Node]) -> Node:
    """How fast a node moves along the run."""
    parts = (graph.mul(graph.derivative(node, state), rates[state]) for state in _read(graph, node))
    return reduce(graph.add, parts, graph.number(0.0))


def _read(graph: Graph, node: Node) -> list[int]:
    """The states that a node reads."""
    mask = graph.reads[node]
    return [place for place in range(mask.bit_length()) if mask >> place & 1]


class _Writer:
    """Writes functions of one graph; what stays for a member is read from `q`, wherever it is used."""

    def __init__(self, graph: Graph, pivots: Elimination, lanes: int) -> None:
        self.graph, self.pivots, self.lanes = graph, pivots, lanes
        self.hoisted: dict[Node, int] = {}
        self.place = {state: position for position, state in enumerate(pivots.order)}
        self.used: set[str] = set()
        self._functions: list[str] = []

    def text(self) -> str:
        """All functions, with the elementary functions that they call."""
        return "\n".join([*self._functions, vector_functions({*self.used, *STEP_FUNCTIONS}, self.lanes)])

    def define(self, name: str, target: str, results: Mapping[int, Node], *, also: Iterable[int] = ()) -> None:
        """A function of states and hoisted values that stores nodes at positions, and zero at others."""
        order = self._ordered(results.values(), MOVING)
        self._in_parts(name, ("y", "q", target), target, order, results, also)

    def define_hoist(self) -> None:
        """The function that computes what stays for a member; called last, when all of it is known."""
        results = {position: node for node, position in self.hoisted.items()}
        hoisted, self.hoisted = self.hoisted, {}
        order = self._ordered(results.values(), MEMBER)
        self._in_parts("hoist", ("p", "q"), "q", order, results, ())
        self.hoisted = hoisted

    def _ordered(self, wanted: Iterable[Node], change: int) -> list[Node]:
        """The nodes to compute, each after those it reads; nodes that change less become hoisted."""
        order: list[Node] = []
        done: set[Node] = set()
        stack = [(node, False) for node in reversed(list(wanted))]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif node not in done:
                done.add(node)
                if self.graph.change[node] == MEMBER and change == MOVING:
                    self.hoisted.setdefault(node, len(self.hoisted))
                elif parts := self.graph.arguments(node):
                    stack += [(node, True), *((part, False) for part in reversed(parts))]
        return order

    def _in_parts(
        self,
        name: str,
        arguments: Sequence[str],
        target: str,
        order: Sequence[Node],
        results: Mapping[int, Node],
        zeros: Iterable[int],
    ) -> None:
        """A function as several of bearable length, with what passes between them in scratch memory."""
        part = {node: number // _LONGEST for number, node in enumerate(order)}
        shared = {one for node in order for one in self.graph.arguments(node) if one in part and part[one] != part[node]}
        shared |= {node for node in results.values() if node in part and part[node] != len(order) // _LONGEST}
        scratch = {node: number for number, node in enumerate(sorted(shared))}
        last = len(order) // _LONGEST
        for number in range(last + 1):
            body = _Body(self, scratch)
            for node in order[number * _LONGEST : (number + 1) * _LONGEST]:
                body.compute(node)
            if number == last:
                for position, node in results.items():
                    body.out.store(body.value(node), body.at(target, position))
                for position in zeros:
                    body.out.store(body.out.constant(0.0), body.at(target, position))
            self._close(f"{name}_{number}", (*arguments, "scratch"), body.out)
        whole = Emitter(self.lanes)
        whole.lines.append(f"  %scratch = alloca [{len(scratch) + 1} x {whole.vector}], align 64")
        for number in range(last + 1):
            given = ", ".join(f"ptr %{one}" for one in (*arguments, "scratch"))
            whole.lines.append(f"  call void @{name}_{number}({given})")
        self._close(name, arguments, whole)

    def define_factor(self) -> None:
        """The factors of `g I - J` in place: lower entries with their sign turned, the diagonal as its inverse."""
        rows, slots = self.pivots.rows(), self.pivots.slots
        pieces: list[list[int]] = [[]]
        for row in range(len(rows)):
            if sum(len(rows[one]) ** 2 for one in pieces[-1]) > 4 * _LONGEST:
                pieces.append([])
            pieces[-1].append(row)
        for number, piece in enumerate(pieces):
            out = Emitter(self.lanes)
            for row in piece:
                self._factor_row(out, row, rows, slots)
            self._close(f"factor_{number}", ("g", "W"), out)
        self._chain("factor", ("g", "W"), len(pieces))

    def _factor_row(self, out: Emitter, row: int, rows: list[list[int]], slots: dict[tuple[int, int], int]) -> None:
        """One row, entry by entry, so that few values wait at a time."""
        lower: dict[int, str] = {}
        for column in rows[row]:
            value = out.load(out.element("%W", slots[row, column]))
            value = out.add(value, out.load("%g")) if column == row else value
            for pivot, factor in lower.items():
                if pivot < column and (pivot, column) in slots:
                    value = out.fma(factor, out.load(out.element("%W", slots[pivot, column])), value)
            if column < row:
                value = lower[column] = out.neg(out.mul(value, out.load(out.element("%W", slots[column, column]))))
            elif column == row:
                value = out.div(out.constant(1.0), value)
            out.store(value, out.element("%W", slots[row, column]))

    def define_solve(self) -> None:
        """The solution of `W x = b` in place of b, from the factors."""
        rows, slots = self.pivots.rows(), self.pivots.slots
        size = len(rows)
        steps = [(row, [one for one in rows[row] if one < row], False) for row in range(size)]
        steps += [(row, [one for one in rows[row] if one > row], True) for row in reversed(range(size))]
        pieces = [steps[start : start + _LONGEST // 2] for start in range(0, len(steps), _LONGEST // 2)]
        for number, piece in enumerate(pieces):
            out = Emitter(self.lanes)
            for row, columns, upper in piece:
                if columns or upper:
                    self._solve_row(out, row, columns, slots, upper=upper)
            self._close(f"solve_{number}", ("W", "b"), out)
        self._chain("solve", ("W", "b"), len(pieces))

    def _solve_row(
        self, out: Emitter, row: int, columns: Sequence[int], slots: dict[tuple[int, int], int], *, upper: bool
    ) -> None:
        total = out.load(out.element("%b", row))
        for column in columns:
            entry = out.load(out.element("%W", slots[row, column]))
            entry = out.neg(entry) if upper else entry
            total = out.fma(entry, out.load(out.element("%b", column)), total)
        if upper:
            total = out.mul(total, out.load(out.element("%W", slots[row, row])))
        out.store(total, out.element("%b", row))

    def _chain(self, name: str, arguments: Sequence[str], pieces: int) -> None:
        whole = Emitter(self.lanes)
        given = ", ".join(f"ptr %{one}" for one in arguments)
        whole.lines += [f"  call void @{name}_{number}({given})" for number in range(pieces)]
        self._close(name, arguments, whole)

    def _close(self, name: str, arguments: Sequence[str], out: Emitter) -> None:
        """End a function and keep its text."""
        parameters = ", ".join(f"ptr noalias %{one}" for one in arguments)
        head = f"define void @{name}({parameters}) noinline nounwind {{"
        self._functions.append("\n".join([head, *out.lines, "  ret void", "}"]))


class _Body:
    """The inside of one part of a function: nodes become values."""

    def __init__(self, writer: _Writer, scratch: Mapping[Node, int]) -> None:
        self.writer, self.scratch = writer, scratch
        self.out = Emitter(writer.lanes)
        self._values: dict[Node, str] = {}

    def at(self, base: str, position: int) -> str:
        """The address of a vector."""
        return self.out.element(f"%{base}", position)

    def compute(self, node: Node) -> None:
        """Compute a node, and keep it in scratch memory where another part reads it."""
        operator = str(self.writer.graph.nodes[node][0])
        parts = [self.value(one) for one in self.writer.graph.arguments(node)]
        self._values[node] = self._applied(operator, parts)
        if node in self.scratch:
            self.out.store(self._values[node], self.at("scratch", self.scratch[node]))

    def value(self, node: Node) -> str:
        """The value of a node: computed here, a number, or loaded from where it lies."""
        graph = self.writer.graph
        number = graph.value(node)
        if number is not None:
            return self.out.constant(number)
        if node not in self._values:
            self._values[node] = self.out.load(self._address(node))
        return self._values[node]

    def _address(self, node: Node) -> str:
        operator, *rest = self.writer.graph.nodes[node]
        if node in self.writer.hoisted:
            return self.at("q", self.writer.hoisted[node])
        if operator == "state":
            return self.at("y", self.writer.place[int(rest[0])])
        if operator == "constant":
            return self.at("p", int(rest[0]))
        return self.at("scratch", self.scratch[node])

    def _applied(self, operator: str, parts: list[str]) -> str:
        if operator == "inverse":
            return self.out.div(self.out.constant(1.0), parts[0])
        if operator in FUNCTIONS:
            self.writer.used.add(operator)
            return self.out.call(f"lane_{operator}", *parts)
        if operator in RELATIONS:
            return self.out.select(self.out.compare(RELATIONS[operator], *parts), self.out.constant(1.0), self.out.constant(0.0))
        if operator == "select":
            return self.out.select(self.out.compare("une", parts[0], self.out.constant(0.0)), *parts[1:])
        return _INSTRUCTIONS[operator](self.out, *parts)
