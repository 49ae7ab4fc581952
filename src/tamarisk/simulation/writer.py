"""Functions of a model's formulas on lanes, as LLVM text. It knows formulas and a sparse matrix, not what they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tamarisk.simulation.emitter import Emitter
from tamarisk.simulation.graph import MEMBER, Graph, Node
from tamarisk.simulation.ordering import Elimination
from tamarisk.simulation.vector_math import FUNCTIONS, vector_functions

STEP_FUNCTIONS = ("exp", "log")  # what the choice of step sizes calls
RELATIONS = {"lt": "olt", "leq": "ole", "eq": "oeq", "neq": "une"}
ALONE = "_alone"  # how the member's own functions are called where there are directions
LONGEST = 400  # instructions per function: longer ones take the compiler more than their share
_JOINED = ("hoist", "rates", "jacobian", "solve", "observe")  # what is called for a member and then for each direction
_INSTRUCTIONS: Mapping[str, Callable[..., str]] = {
    **{"add": Emitter.add, "sub": Emitter.sub, "mul": Emitter.mul, "neg": Emitter.neg},
    **{"abs": Emitter.absolute, "sqrt": Emitter.sqrt, "floor": Emitter.floor, "ceil": Emitter.ceiling},
}


class Writer:
    """Writes functions of one graph; what stays for a member is read from `q`, wherever it is used."""

    def __init__(self, graph: Graph, pivots: Elimination, lanes: int, alone: str) -> None:
        self.graph, self.pivots, self.lanes, self.alone = graph, pivots, lanes, alone
        self.hoisted: dict[Node, int] = {}
        self.hoisted_along: dict[Node, int] = {}
        self.place = {state: position for position, state in enumerate(pivots.order)}
        self.used: set[str] = set()
        self._functions: list[str] = []

    def text(self) -> str:
        """All functions, with the elementary functions that they call."""
        return "\n".join([*self._functions, vector_functions({*self.used, *STEP_FUNCTIONS}, self.lanes)])

    def states_of(self, node: Node) -> list[int]:
        """The states that a node reads."""
        mask = self.graph.reads[node]
        return [place for place in range(mask.bit_length()) if mask >> place & 1]

    def define(
        self,
        name: str,
        target: str,
        results: Mapping[int, Node],
        *,
        also: Iterable[int] = (),
        given: Sequence[str] = ("y", "q"),
    ) -> None:
        """A function of states and hoisted values that stores nodes at positions, and zero at others."""
        order = self._ordered(results.values(), lambda node: self.graph.change[node] == MEMBER)
        self._in_parts(name + self.alone if name in _JOINED else name, (*given, target), target, order, results, also)

    def define_hoist(self) -> None:
        """The function that computes what stays for a member; called last, when all of it is known."""
        results = {position: node for node, position in self.hoisted.items()}
        hoisted, self.hoisted = self.hoisted, {}
        order = self._ordered(results.values(), lambda _: False)
        self._in_parts(f"hoist{self.alone}", ("p", "q"), "q", order, results, ())
        self.hoisted = hoisted

    def define_hoist_along(self) -> None:
        """The same for what stays of a direction; what does not change with it is read from where the member keeps it."""
        results = {position: node for node, position in self.hoisted_along.items()}
        hoisted, self.hoisted_along = self.hoisted_along, {}
        order = self._ordered(results.values(), lambda node: not self.graph.directed[node] and self.graph.change[node] == MEMBER)
        self._in_parts("hoist_along", ("q", "d", "e"), "e", order, results, ())
        self.hoisted_along = hoisted

    def _ordered(self, wanted: Iterable[Node], is_kept: Callable[[Node], bool]) -> list[Node]:
        """The nodes to compute, each after those it reads; nodes that are kept for a member become hoisted."""
        order: list[Node] = []
        done: set[Node] = set()
        stack = [(node, False) for node in reversed(list(wanted))]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif node not in done:
                done.add(node)
                if is_kept(node):
                    home = self.hoisted_along if self.graph.directed[node] else self.hoisted
                    home.setdefault(node, len(home))
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
        part = {node: number // LONGEST for number, node in enumerate(order)}
        shared = {one for node in order for one in self.graph.arguments(node) if one in part and part[one] != part[node]}
        shared |= {node for node in results.values() if node in part and part[node] != len(order) // LONGEST}
        scratch = {node: number for number, node in enumerate(sorted(shared))}
        last = len(order) // LONGEST
        for number in range(last + 1):
            body = _Body(self, scratch)
            for node in order[number * LONGEST : (number + 1) * LONGEST]:
                body.compute(node)
            if number == last:
                for position, node in results.items():
                    body.out.store(body.value(node), body.at(target, position))
                for position in zeros:
                    body.out.store(body.out.constant(0.0), body.at(target, position))
            self.close(f"{name}_{number}", (*arguments, "scratch"), body.out)
        whole = Emitter(self.lanes)
        whole.lines.append(f"  %scratch = alloca [{len(scratch) + 1} x {whole.vector}], align 64")
        for number in range(last + 1):
            given = ", ".join(f"ptr %{one}" for one in (*arguments, "scratch"))
            whole.lines.append(f"  call void @{name}_{number}({given})")
        self.close(name, arguments, whole)

    def define_factor(self) -> None:
        """The factors of `g I - J` in place: lower entries with their sign turned, the diagonal as its inverse."""
        rows, slots = self.pivots.rows(), self.pivots.slots
        pieces: list[list[int]] = [[]]
        for row in range(len(rows)):
            if sum(len(rows[one]) ** 2 for one in pieces[-1]) > 4 * LONGEST:
                pieces.append([])
            pieces[-1].append(row)
        for number, piece in enumerate(pieces):
            out = Emitter(self.lanes)
            for row in piece:
                self._factor_row(out, row, rows, slots)
            self.close(f"factor_{number}", ("g", "W"), out)
        self.chain("factor", ("g", "W"), len(pieces))

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
        pieces = [steps[start : start + LONGEST // 2] for start in range(0, len(steps), LONGEST // 2)]
        for number, piece in enumerate(pieces):
            out = Emitter(self.lanes)
            for row, columns, upper in piece:
                if columns or upper:
                    self._solve_row(out, row, columns, slots, upper=upper)
            self.close(f"solve_{number}", ("W", "b"), out)
        self.chain(f"solve{self.alone}", ("W", "b"), len(pieces))

    def define_solve_back(self) -> None:
        """The solution of `W^T x = b` in place of b, from the factors of W."""
        columns: list[list[int]] = [[] for _ in self.pivots.order]
        for row, column in self.pivots.places:
            columns[column].append(row)
        size = len(columns)
        steps = [(one, [row for row in columns[one] if row < one], True) for one in range(size)]
        steps += [(one, [row for row in columns[one] if row > one], False) for one in reversed(range(size))]
        pieces = [steps[start : start + LONGEST // 2] for start in range(0, len(steps), LONGEST // 2)]
        turned = {(column, row): slot for (row, column), slot in self.pivots.slots.items()}
        for number, piece in enumerate(pieces):
            out = Emitter(self.lanes)
            for one, rows, upper in piece:
                if rows or upper:
                    self._solve_row(out, one, rows, turned, upper=upper)
            self.close(f"solve_back_{number}", ("W", "b"), out)
        self.chain("solve_back", ("W", "b"), len(pieces))

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

    def chain(self, name: str, arguments: Sequence[str], pieces: int) -> None:
        """A function that calls the pieces it was written in."""
        whole = Emitter(self.lanes)
        given = ", ".join(f"ptr %{one}" for one in arguments)
        part = name.removesuffix(self.alone)
        whole.lines += [f"  call void @{part}_{number}({given})" for number in range(pieces)]
        self.close(name, arguments, whole)

    def close(self, name: str, arguments: Sequence[str], out: Emitter, *, shared: bool = False) -> None:
        """End a function and keep its text; its vectors do not overlap unless they are said to be shared."""
        parameters = ", ".join(f"ptr {'' if shared else 'noalias '}%{one}" for one in arguments)
        head = f"define void @{name}({parameters}) noinline nounwind {{"
        self._functions.append("\n".join([head, *out.lines, "  ret void", "}"]))


class _Body:
    """The inside of one part of a function: nodes become values."""

    def __init__(self, writer: Writer, scratch: Mapping[Node, int]) -> None:
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
        for base, home in (("q", self.writer.hoisted), ("e", self.writer.hoisted_along)):
            if node in home:
                return self.at(base, home[node])
        if operator in {"state", "slope"}:
            return self.at("y" if operator == "state" else "s", self.writer.place[int(rest[0])])
        if operator in {"constant", "direction"}:
            return self.at("p" if operator == "constant" else "d", int(rest[0]))
        if operator in {"weight", "sum"}:
            return self.at("m" if operator == "weight" else "a", int(rest[0]))
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
