"""Formulas as a graph in which each distinct one stands once, and their exact derivatives. It knows calculus, not biology."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce
from itertools import pairwise

from tamarisk.errors import ModelError
from tamarisk.model.expression import Expression, Name, Number
from tamarisk.model.operators import OPERATORS
from tamarisk.simulation.slopes import RULES, chained

Node = int

FIXED, MEMBER, MOVING = 0, 1, 2  # the same always, the same for one member, different at every moment
_LEAVES = {"number", "constant", "state", "direction", "slope", "weight", "sum"}
_NAMES = {
    "ln": "log",
    **{
        f"arc{name}": f"a{name}"
        for name in (one + end for one in ("sin", "cos", "tan", "sec", "csc", "cot") for end in ("", "h"))
    },
}
_RELATIONS = {"lt": ("lt", 0), "gt": ("lt", 1), "leq": ("leq", 0), "geq": ("leq", 1), "eq": ("eq", 0), "neq": ("neq", 0)}
_TRUTHS = {"lt", "leq", "eq", "neq"}
_LARGEST_FACTORIAL = 170  # of the next one a double holds none
_MOST_MULTIPLIED = 16  # whole powers up to this are written as products


class Graph:
    """Nodes `(operator, argument, ...)`, made once each; numbers are folded, and zero and one vanish.

    Operators: `number` (its value), `constant` and `state` (their position), and those of `slopes.RULES`; relations are 1 or 0,
    and `select` gives its second argument where the first is not zero, else the third. `direction` and `slope` are what a
    constant and a state change by along a direction; `weight` and `sum` are what a function of the reverse pass is given to
    weigh its results with, and to add to.

    >>> graph = Graph()
    >>> x = graph.state(0)
    >>> graph.nodes[graph.derivative(graph.mul(x, x), 0)]
    ('add', 0, 0)
    """

    def __init__(self) -> None:
        self.nodes: list[tuple[str | int | float, ...]] = []
        self.change: list[int] = []
        self.reads: list[int] = []
        self.directed: list[bool] = []
        self._known: dict[tuple[str | int | float, ...], Node] = {}
        self._derived: dict[tuple[Node, int], Node] = {}
        self._along: dict[Node, Node] = {}

    def number(self, value: float) -> Node:
        """A pure number."""
        return self._node("number", FIXED, 0, float(value))

    def constant(self, position: int) -> Node:
        """A number that stays for a member."""
        return self._node("constant", MEMBER, 0, position)

    def state(self, position: int) -> Node:
        """A number that moves; it reads itself only."""
        return self._node("state", MOVING, 1 << position, position)

    def weight(self, position: int) -> Node:
        """What the reverse pass weighs a node with."""
        return self._node("weight", MOVING, 0, position)

    def sum(self, position: int) -> Node:
        """What the reverse pass has added up so far."""
        return self._node("sum", MOVING, 0, position)

    def add(self, a: Node, b: Node) -> Node:
        """A + b."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.number(x + y)
        if x == 0 or y == 0:
            return b if x == 0 else a
        if self.nodes[b][0] == "neg":
            return self.sub(a, self._arguments(b)[0])
        return self._made("add", *sorted((a, b)))

    def sub(self, a: Node, b: Node) -> Node:
        """A - b."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.number(x - y)
        if y == 0:
            return a
        if x == 0:
            return self.neg(b)
        if self.nodes[b][0] == "neg":
            return self.add(a, self._arguments(b)[0])
        return self._made("sub", a, b)

    def neg(self, a: Node) -> Node:
        """-a."""
        x = self.value(a)
        if x is not None:
            return self.number(-x)
        return self._arguments(a)[0] if self.nodes[a][0] == "neg" else self._made("neg", a)

    def mul(self, a: Node, b: Node) -> Node:
        """A * b."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.number(x * y)
        if x == 0 or y == 0:
            return self.number(0.0)
        if 1 in {x, y} or -1 in {x, y}:
            rest = b if x in {1, -1} else a
            return rest if 1 in {x, y} else self.neg(rest)
        for one, other in ((a, b), (b, a)):
            if self.nodes[one][0] == "neg":
                return self.neg(self.mul(self._arguments(one)[0], other))
        return self._made("mul", *sorted((a, b)))

    def inverse(self, a: Node) -> Node:
        """1 / a."""
        x = self.value(a)
        return self.number(1 / x) if x else self._made("inverse", a)

    def power(self, a: Node, b: Node) -> Node:
        """A to the power b; a small whole power is a product."""
        y = self.value(b)
        if y is not None and y == int(y) and abs(y) <= _MOST_MULTIPLIED:
            whole = self._whole_power(a, int(abs(y)))
            return self.inverse(whole) if y < 0 else whole
        return self._made("pow", a, b)

    def function(self, name: str, *parts: Node) -> Node:
        """A function by its name among the operators; of whole numbers of steps, `floor` and `ceil`, the slope is zero."""
        return self._made(name, *parts)

    def compare(self, relation: str, a: Node, b: Node) -> Node:
        """1 where `lt`, `leq`, `eq` or `neq` holds, else 0."""
        x, y = self.value(a), self.value(b)
        return self.number(OPERATORS[relation](x, y)) if x is not None and y is not None else self._made(relation, a, b)

    def select(self, condition: Node, a: Node, b: Node) -> Node:
        """A where a condition is not zero, else b."""
        known = self.value(condition)
        if known is not None:
            return a if known else b
        return a if a == b else self._made("select", condition, a, b)

    def truth(self, a: Node) -> Node:
        """1 where a node is not zero, else 0."""
        return a if self.nodes[a][0] in _TRUTHS else self.compare("neq", a, self.number(0.0))

    def both(self, a: Node, b: Node) -> Node:
        """1 where two nodes are not zero, else 0."""
        return self.select(a, self.truth(b), self.number(0.0))

    def product(self, factors: Iterable[Node]) -> Node:
        """Factors multiplied, those that change least first, so that what stays for a member is computed once for it."""
        ordered = sorted(factors, key=lambda one: (self.change[one], one))
        return reduce(self.mul, ordered, self.number(1.0))

    def factors(self, a: Node) -> list[Node]:
        """What a product is made of."""
        operator = self.nodes[a][0]
        if operator == "mul":
            return [part for one in self._arguments(a) for part in self.factors(one)]
        return [self.number(-1.0), *self.factors(self._arguments(a)[0])] if operator == "neg" else [a]

    def value(self, a: Node) -> float | None:
        """The number that a node is, if it is one."""
        node = self.nodes[a]
        return float(node[1]) if node[0] == "number" else None

    def arguments(self, a: Node) -> tuple[Node, ...]:
        """The nodes that a node is made of."""
        return () if self.nodes[a][0] in _LEAVES else self._arguments(a)

    def read(self, formula: Expression, names: Mapping[str, Node]) -> Node:
        """The node of a formula, given the nodes of the names it reads.

        Raises:
            ModelError: an operator is not compiled yet.
        """
        if isinstance(formula, Number):
            return self.number(formula.value)
        if isinstance(formula, Name):
            return names[formula.id]
        parts = [self.read(one, names) for one in formula.arguments]
        known = [value for one in parts if (value := self.value(one)) is not None]
        if formula.operator in OPERATORS and len(known) == len(parts):
            return self.number(OPERATORS[formula.operator](*known))
        return self._applied(formula.operator, parts)

    def derivative(self, a: Node, state: int) -> Node:
        """The derivative of a node by a state."""
        if not self.reads[a] >> state & 1:
            return self.number(0.0)
        if (a, state) not in self._derived:
            self._derived[a, state] = self._differentiated(a, state)
        return self._derived[a, state]

    def along(self, a: Node) -> Node:
        """The derivative of a node along a direction, in which every constant and every state moves.

        >>> graph = Graph()
        >>> moved = graph.along(graph.add(graph.state(0), graph.constant(2)))
        >>> sorted(graph.nodes[part] for part in graph.arguments(moved))
        [('direction', 2), ('slope', 0)]
        """
        if a not in self._along:
            operator, *rest = self.nodes[a]
            if operator == "number":
                self._along[a] = self.number(0.0)
            elif operator in {"state", "constant"}:
                kind, change = ("slope", MOVING) if operator == "state" else ("direction", MEMBER)
                self._along[a] = self._node(kind, change, 0, *rest)  # type: ignore[arg-type]
            else:
                self._along[a] = self._chained(a, [self.along(one) for one in self._arguments(a)])
        return self._along[a]

    def _differentiated(self, a: Node, state: int) -> Node:
        if self.nodes[a][0] == "state":
            return self.number(1.0)
        return self._chained(a, [self.derivative(one, state) for one in self._arguments(a)])

    def _chained(self, a: Node, slopes: Sequence[Node]) -> Node:
        """How a node changes when what it is made of changes with these slopes."""
        return chained(self, str(self.nodes[a][0]), self._arguments(a), slopes)

    def _applied(self, operator: str, parts: Sequence[Node]) -> Node:
        if operator in _RELATIONS:
            return self._related(operator, parts)
        if operator in _COMPOSED:
            return _COMPOSED[operator](self, *parts)
        name = _NAMES.get(operator, operator)
        if name in RULES:
            return self.function(name, *parts)
        raise ModelError(f"the operator '{operator}' is not compiled")

    def _related(self, operator: str, parts: Sequence[Node]) -> Node:
        """1 where a relation holds between each argument and the next, else 0."""
        relation, turned = _RELATIONS[operator]
        pairs = [pair[::-1] if turned else pair for pair in pairwise(parts)]
        return reduce(self.both, [self.compare(relation, *pair) for pair in pairs], self.number(1.0))

    def _whole_power(self, a: Node, exponent: int) -> Node:
        result, square = self.number(1.0), a
        while exponent:
            result = self.mul(result, square) if exponent & 1 else result
            exponent >>= 1
            square = self.mul(square, square) if exponent else square
        return result

    def _arguments(self, a: Node) -> tuple[Node, ...]:
        return self.nodes[a][1:]  # type: ignore[return-value]

    def _made(self, operator: str, *parts: Node) -> Node:
        reads = 0
        for one in parts:
            reads |= self.reads[one]
        return self._node(operator, max(self.change[one] for one in parts), reads, *parts)

    def _node(self, operator: str, change: int, reads: int, *rest: float) -> Node:
        key: tuple[str | int | float, ...] = (operator, *rest)
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(key)
            self.change.append(change)
            self.reads.append(reads)
            parts = self.arguments(self._known[key])
            self.directed.append(operator in {"direction", "slope"} or any(self.directed[one] for one in parts))
        return self._known[key]


def _opposite(graph: Graph, a: Node) -> Node:
    return graph.compare("eq", a, graph.number(0.0))


def _either(graph: Graph, a: Node, b: Node) -> Node:
    return graph.select(a, graph.number(1.0), graph.truth(b))


def _piecewise(graph: Graph, *parts: Node) -> Node:
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    last = parts[-1] if len(parts) % 2 else graph.number(math.nan)
    return reduce(lambda rest, pair: graph.select(pair[1], pair[0], rest), reversed(pairs), last)


def _truncated(graph: Graph, a: Node) -> Node:
    return graph.select(graph.compare("lt", a, graph.number(0.0)), graph.function("ceil", a), graph.function("floor", a))


def _quotient(graph: Graph, a: Node, b: Node) -> Node:
    return _truncated(graph, graph.mul(a, graph.inverse(b)))


def _factorial(graph: Graph, a: Node) -> Node:
    """From a table; of what is no whole number there is none."""
    found = graph.select(graph.compare("lt", graph.number(_LARGEST_FACTORIAL), a), graph.number(math.inf), graph.number(math.nan))
    for whole in reversed(range(_LARGEST_FACTORIAL + 1)):
        found = graph.select(graph.compare("eq", a, graph.number(whole)), graph.number(float(math.factorial(whole))), found)
    return found


_COMPOSED: Mapping[str, Callable[..., Node]] = {
    "plus": lambda graph, *parts: reduce(graph.add, parts, graph.number(0.0)),
    "times": lambda graph, *parts: graph.product(part for one in parts for part in graph.factors(one)),
    "minus": lambda graph, a, *rest: graph.sub(a, *rest) if rest else graph.neg(a),
    "divide": lambda graph, a, b: graph.product([*graph.factors(a), graph.inverse(b)]),
    "power": Graph.power,
    "and": lambda graph, *parts: reduce(graph.both, parts, graph.number(1.0)),
    "or": lambda graph, *parts: reduce(partial(_either, graph), parts, graph.number(0.0)),
    "not": _opposite,
    "xor": lambda graph, *parts: reduce(lambda a, b: graph.compare("neq", a, graph.truth(b)), parts, graph.number(0.0)),
    "implies": lambda graph, a, b: _either(graph, _opposite(graph, a), b),
    "piecewise": _piecewise,
    "min": lambda graph, *parts: reduce(lambda a, b: graph.select(graph.compare("lt", b, a), b, a), parts),
    "max": lambda graph, *parts: reduce(lambda a, b: graph.select(graph.compare("lt", a, b), b, a), parts),
    "factorial": _factorial,
    "quotient": _quotient,
    "rem": lambda graph, a, b: graph.sub(a, graph.mul(b, _quotient(graph, a, b))),
    "root": lambda graph, degree, a: graph.power(a, graph.inverse(degree)),
    "log": lambda graph, base, a: graph.mul(graph.function("log", a), graph.inverse(graph.function("log", base))),
}
