"""How every operator of the graph changes with its arguments: one rule each. It knows calculus, not where a formula stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

Node = int
Rule = Callable[..., tuple[Node, ...]]  # from a graph and the arguments, the slope by each of these


class Arithmetic(Protocol):
    """What a rule needs of a graph: its operators."""

    def number(self, value: float) -> Node:
        """A pure number."""

    def add(self, a: Node, b: Node) -> Node:
        """A + b."""

    def sub(self, a: Node, b: Node) -> Node:
        """A - b."""

    def neg(self, a: Node) -> Node:
        """-a."""

    def mul(self, a: Node, b: Node) -> Node:
        """A * b."""

    def inverse(self, a: Node) -> Node:
        """1 / a."""

    def function(self, name: str, *parts: Node) -> Node:
        """A function by its name."""

    def compare(self, relation: str, a: Node, b: Node) -> Node:
        """1 where a relation holds, else 0."""

    def select(self, condition: Node, a: Node, b: Node) -> Node:
        """One where a condition is not zero, else the other."""


def chained(graph: Arithmetic, operator: str, parts: Sequence[Node], inner: Sequence[Node]) -> Node:
    """The derivative of a node by anything, from those of its arguments by the same.

    What jumps has slope 0 beside its jumps. Where a root or a power is infinitely steep, at 0, its slope is taken as 0.

    Args:
        graph: where the node stands.
        operator: the node's.
        parts: its arguments.
        inner: the derivative of each argument.

    Raises:
        KeyError: the operator has no rule.

    >>> from tamarisk.simulation.graph import Graph
    >>> graph = Graph()
    >>> x, k = graph.state(0), graph.constant(0)
    >>> chained(graph, "sin", (x,), [k]) == graph.mul(k, graph.function("cos", x))
    True
    """
    if operator == "select":  # a branch that is not taken may have no number, which times 0 would be none either
        return graph.select(parts[0], inner[1], inner[2])
    zero = total = graph.number(0.0)
    for slope, one in zip(RULES[operator](graph, *parts), inner, strict=True):
        total = graph.add(total, zero if one == zero else graph.mul(slope, one))
    return total


def _square(g: Arithmetic, x: Node) -> Node:
    return g.mul(x, x)


def _power(g: Arithmetic, base: Node, exponent: Node) -> tuple[Node, ...]:
    """By the base a b / x, at base 0 its limit, 1 for exponent 1, else 0; by the exponent a ln x, at base 0 zero."""
    a, zero = g.function("pow", base, exponent), g.number(0.0)
    empty = g.compare("eq", base, zero)
    ratio = g.select(empty, g.compare("eq", exponent, g.number(1.0)), g.mul(a, g.inverse(base)))
    return g.mul(exponent, ratio), g.select(empty, zero, g.mul(a, g.function("log", base)))


def _square_root(g: Arithmetic, x: Node) -> Node:
    a, zero = g.function("sqrt", x), g.number(0.0)
    return g.select(g.compare("eq", x, zero), zero, g.inverse(g.add(a, a)))


def _sign(g: Arithmetic, x: Node) -> Node:
    return g.select(g.compare("lt", x, g.number(0.0)), g.number(-1.0), g.number(1.0))


def _one_less_square(g: Arithmetic, x: Node) -> Node:
    """1 - x^2 without loss next to x = 1."""
    return g.mul(g.sub(g.number(1.0), x), g.add(g.number(1.0), x))


def _root_of_one_more(g: Arithmetic, x: Node) -> Node:
    """The root of 1 + x^2."""
    return g.function("sqrt", g.add(g.number(1.0), _square(g, x)))


def _less_one_root(g: Arithmetic, x: Node) -> Node:
    """The root of x^2 - 1."""
    return g.function("sqrt", g.neg(_one_less_square(g, x)))


_OF_ONE: Mapping[str, Callable[[Arithmetic, Node], Node]] = {
    "neg": lambda g, _: g.number(-1.0),
    "inverse": lambda g, x: g.neg(_square(g, g.inverse(x))),
    "abs": _sign,
    "floor": lambda g, _: g.number(0.0),
    "ceil": lambda g, _: g.number(0.0),
    "sqrt": _square_root,
    "exp": lambda g, x: g.function("exp", x),
    "log": lambda g, x: g.inverse(x),
    "log10": lambda g, x: g.inverse(g.mul(g.number(math.log(10)), x)),
    "sin": lambda g, x: g.function("cos", x),
    "cos": lambda g, x: g.neg(g.function("sin", x)),
    "tan": lambda g, x: g.add(g.number(1.0), _square(g, g.function("tan", x))),
    "sec": lambda g, x: g.mul(g.function("sec", x), g.function("tan", x)),
    "csc": lambda g, x: g.neg(g.mul(g.function("csc", x), g.function("cot", x))),
    "cot": lambda g, x: g.neg(_square(g, g.function("csc", x))),
    "sinh": lambda g, x: g.function("cosh", x),
    "cosh": lambda g, x: g.function("sinh", x),
    "tanh": lambda g, x: _square(g, g.function("sech", x)),
    "sech": lambda g, x: g.neg(g.mul(g.function("sech", x), g.function("tanh", x))),
    "csch": lambda g, x: g.neg(g.mul(g.function("csch", x), g.function("coth", x))),
    "coth": lambda g, x: g.neg(_square(g, g.function("csch", x))),
    "asin": lambda g, x: g.inverse(g.function("sqrt", _one_less_square(g, x))),
    "acos": lambda g, x: g.neg(g.inverse(g.function("sqrt", _one_less_square(g, x)))),
    "atan": lambda g, x: g.inverse(g.add(g.number(1.0), _square(g, x))),
    "asec": lambda g, x: g.inverse(g.mul(g.function("abs", x), _less_one_root(g, x))),
    "acsc": lambda g, x: g.neg(g.inverse(g.mul(g.function("abs", x), _less_one_root(g, x)))),
    "acot": lambda g, x: g.neg(g.inverse(g.add(g.number(1.0), _square(g, x)))),
    "asinh": lambda g, x: g.inverse(_root_of_one_more(g, x)),
    "acosh": lambda g, x: g.inverse(_less_one_root(g, x)),
    "atanh": lambda g, x: g.inverse(_one_less_square(g, x)),
    "asech": lambda g, x: g.neg(g.inverse(g.mul(x, g.function("sqrt", _one_less_square(g, x))))),
    "acsch": lambda g, x: g.neg(g.inverse(g.mul(g.function("abs", x), _root_of_one_more(g, x)))),
    "acoth": lambda g, x: g.inverse(_one_less_square(g, x)),
}

RULES: Mapping[str, Rule] = {
    "add": lambda g, *_: (g.number(1.0), g.number(1.0)),
    "sub": lambda g, *_: (g.number(1.0), g.number(-1.0)),
    "mul": lambda _, a, b: (b, a),
    "pow": _power,
    **dict.fromkeys(("lt", "leq", "eq", "neq"), lambda g, *_: (g.number(0.0), g.number(0.0))),
    **{name: lambda g, x, slope=slope: (slope(g, x),) for name, slope in _OF_ONE.items()},
}
