"""Formulas as a graph in which each distinct one stands once, and their exact derivatives. It knows calculus, not biology."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from tamarisk.errors import ModelError
from tamarisk.model.expression import Apply, Expression, Name, Number

Node = int

FIXED, MEMBER, MOVING = 0, 1, 2  # the same always, the same for one member, different at every moment
_FUNCTIONS = {"exp": ("exp", 1.0), "ln": ("log", 1.0), "log10": ("log", 1 / math.log(10))}
_LEAVES = {"number", "constant", "state", "direction", "slope"}
_MOST_MULTIPLIED = 16  # whole powers up to this are written as products


class Graph:
    """Nodes `(operator, argument, ...)`, made once each; numbers are folded, and zero and one vanish.

    Operators: `number` (its value), `constant` and `state` (their position), add, sub, mul, neg, inverse, pow, exp, log;
    `direction` and `slope` are what a constant and a state change by along a direction; `floored` is never below the smallest
    number, so that the slope of a power of nothing is a number.

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
        if x == 1 or y == 1:
            return b if x == 1 else a
        if self.nodes[a][0] == "neg":
            return self.neg(self.mul(self._arguments(a)[0], b))
        if self.nodes[b][0] == "neg":
            return self.neg(self.mul(a, self._arguments(b)[0]))
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

    def function(self, name: str, a: Node) -> Node:
        """Exp or log of a."""
        return self._made(name, a)

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
        return self._applied(formula, [self.read(one, names) for one in formula.arguments])

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
        >>> graph.nodes[graph.along(graph.add(graph.state(0), graph.constant(2)))]
        ('add', 2, 4)
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
        operator, parts = self.nodes[a][0], self._arguments(a)
        if operator in {"add", "sub"}:
            return self.add(*slopes) if operator == "add" else self.sub(*slopes)
        if operator == "mul":
            return self.add(self.mul(slopes[0], parts[1]), self.mul(parts[0], slopes[1]))
        if operator == "pow":
            base = self._made("floored", parts[0])
            by_base = self.mul(self.mul(parts[1], self.mul(a, self.inverse(base))), slopes[0])
            by_exponent = self.mul(slopes[1], self.mul(a, self.function("log", base)))
            return self.add(by_base, by_exponent)
        if operator == "floored":
            return slopes[0]
        outer = {"neg": lambda: self.number(-1.0), "inverse": lambda: self.neg(self.mul(a, a)), "exp": lambda: a}
        outer["log"] = lambda: self.inverse(parts[0])
        return self.mul(outer[str(operator)](), slopes[0])

    def _applied(self, formula: Apply, parts: Sequence[Node]) -> Node:
        if formula.operator == "plus":
            return reduce(self.add, parts, self.number(0.0))
        if formula.operator == "times":
            return self.product(part for one in parts for part in self.factors(one))
        if formula.operator == "minus":
            return self.neg(parts[0]) if len(parts) == 1 else self.sub(*parts)
        if formula.operator == "divide":
            return self.product([*self.factors(parts[0]), self.inverse(parts[1])])
        if formula.operator == "power":
            return self.power(*parts)
        if formula.operator in _FUNCTIONS:
            name, factor = _FUNCTIONS[formula.operator]
            return self.mul(self.number(factor), self.function(name, parts[0]))
        raise ModelError(f"the operator '{formula.operator}' is not compiled yet", hint="write it with + - * / ^ exp and ln")

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
