"""The graph of formulas: its values are those of the formulas, its derivatives those of calculus."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.model.expression import Apply, Expression, Name, Number, evaluate
from tamarisk.simulation.graph import FIXED, MEMBER, MOVING, Graph, Node

LAW = settings(deadline=None, max_examples=150, derandomize=True)
VALUES = {"x": 0.7, "y": 1.9, "k": 0.4}
DIRECTION = {"x": 0.3, "y": -1.1, "k": 0.8}

leaves = some.one_of(
    some.sampled_from([Name("x"), Name("y"), Name("k")]),
    some.sampled_from([Number(one) for one in (0.0, 1.0, -1.0, 2.0, 0.5)]),
)


def applied(parts: some.SearchStrategy[Expression]) -> some.SearchStrategy[Expression]:
    """Formulas of formulas; what is divided by or raised to a power stays away from zero."""
    safe = some.sampled_from([Name("x"), Name("y"), Apply("plus", (Name("x"), Name("k")))])
    exponent = some.sampled_from([Number(2.0), Number(3.0), Number(-1.0), Number(0.5), Name("k"), Name("y")])
    return some.one_of(
        some.tuples(some.sampled_from(["plus", "times", "minus"]), some.tuples(parts, parts)).map(lambda one: Apply(*one)),
        parts.map(lambda one: Apply("minus", (one,))),
        some.tuples(parts, safe).map(lambda two: Apply("divide", two)),
        some.tuples(safe, exponent).map(lambda two: Apply("power", two)),
    )


formulas = some.recursive(leaves, applied, max_leaves=12)


def read(graph: Graph, formula: Expression) -> Node:
    """A formula of two states and one constant."""
    return graph.read(formula, {"x": graph.state(0), "y": graph.state(1), "k": graph.constant(0)})


def value(graph: Graph, node: Node, values: dict[str, float]) -> float:
    """A node computed one operator at a time."""
    operator, *rest = graph.nodes[node]
    if operator == "number":
        return float(rest[0])
    if operator in {"state", "constant"}:
        return values["k"] if operator == "constant" else values["xy"[int(rest[0])]]
    if operator in {"slope", "direction"}:
        return DIRECTION["k"] if operator == "direction" else DIRECTION["xy"[int(rest[0])]]
    parts = [value(graph, one, values) for one in graph.arguments(node)]
    actions = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "neg": lambda a: -a,
        "inverse": lambda a: 1 / a,
        "pow": lambda a, b: a**b,
        "floored": lambda a: max(a, 1e-100),
        "log": math.log,
        "exp": math.exp,
        "eq": lambda a, b: float(a == b),
        "select": lambda condition, a, b: a if condition else b,
    }
    return float(actions[str(operator)](*parts))


@LAW
@given(formula=formulas)
def test_a_node_is_its_formula(formula: Expression) -> None:
    """Reference: however it was folded, a node has the value that the plain evaluator gives its formula."""
    graph = Graph()
    assert value(graph, read(graph, formula), VALUES) == pytest.approx(evaluate(formula, VALUES), rel=1e-12, abs=1e-12)


@LAW
@given(formula=formulas, state=some.sampled_from([0, 1]))
def test_a_derivative_is_a_slope(formula: Expression, state: int) -> None:
    """Reference: derivatives equal central differences, which are good to some 1e-9 of the largest value here."""
    graph = Graph()
    name, step = "xy"[state], 1e-5
    found = value(graph, graph.derivative(read(graph, formula), state), VALUES)
    ahead, behind = (evaluate(formula, {**VALUES, name: VALUES[name] + sign * step}) for sign in (1, -1))
    assert found == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-6 * max(1.0, abs(ahead)))


@LAW
@given(formula=formulas)
def test_a_derivative_along_a_direction_is_a_slope(formula: Expression) -> None:
    """Reference: states and constants moved together a little both ways; good to some 1e-9 of the largest value here."""
    graph, step = Graph(), 1e-5
    node = graph.along(read(graph, formula))
    moved = [{name: one + sign * step * DIRECTION[name] for name, one in VALUES.items()} for sign in (1, -1)]
    ahead, behind = (evaluate(formula, one) for one in moved)
    found = value(graph, node, VALUES)
    assert found == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-6 * max(1.0, abs(ahead)))


def test_what_a_direction_changes_is_known() -> None:
    """Law: only what reads a direction or a slope changes with it; slopes move, directions stay for a member."""
    graph = Graph()
    both = read(graph, Apply("times", (Name("k"), Name("x"))))
    assert not graph.directed[both]
    assert graph.directed[graph.along(both)]
    moved = graph.along(graph.constant(0)), graph.along(graph.state(0))
    assert [graph.change[one] for one in moved] == [MEMBER, MOVING]
    assert graph.value(graph.along(graph.number(3.0))) == 0.0


def test_each_formula_stands_once() -> None:
    """Law: the same product in two formulas, in any order, is one node."""
    graph = Graph()
    first = read(graph, Apply("times", (Name("x"), Name("k"), Name("y"))))
    count = len(graph.nodes)
    assert read(graph, Apply("times", (Name("y"), Name("x"), Name("k")))) == first
    assert len(graph.nodes) == count


def test_nothing_is_computed_that_is_known() -> None:
    """Law: zero, one and double signs vanish; a number times a number is a number."""
    graph = Graph()
    x, zero, one = graph.state(0), graph.number(0.0), graph.number(1.0)
    assert graph.add(x, zero) == graph.mul(x, one) == graph.neg(graph.neg(x)) == graph.sub(x, zero) == x
    assert graph.mul(x, zero) == zero
    assert graph.value(graph.mul(graph.number(3.0), graph.number(4.0))) == 12.0


def test_what_stays_is_known_to_stay() -> None:
    """Law: numbers never change, constants change with the member, everything that reads a state moves."""
    graph = Graph()
    both = read(graph, Apply("plus", (Name("k"), Number(2.0))))
    moving = read(graph, Apply("times", (Name("k"), Name("x"))))
    assert [graph.change[one] for one in (graph.number(2.0), both, moving)] == [FIXED, MEMBER, MOVING]
    assert graph.value(graph.derivative(moving, 1)) == 0.0
