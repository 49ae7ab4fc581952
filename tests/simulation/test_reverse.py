"""Formulas differentiated backwards: the same slopes as forwards, whatever the operator, and nothing from what is not taken."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.model.expression import Apply, Expression, Name, Number
from tamarisk.model.operators import OPERATORS
from tamarisk.model.system import System
from tamarisk.simulation.graph import Graph, Node
from tamarisk.simulation.machine_code import Machine, machine_code
from tamarisk.simulation.reverse import pulled

X, Y, K = Name("x"), Name("y"), Name("k")
POINT = {"state": (0.7, 1.9), "constant": (0.4,), "weight": (1.3, -0.6), "sum": (0.0,)}
ARC = [f"arc{name}{end}" for name in ("sin", "cos", "tan", "sec", "csc", "cot") for end in ("", "h")]
PLAIN = [f"{name}{end}" for name in ("sin", "cos", "tan", "sec", "csc", "cot") for end in ("", "h")]
ONE = ("exp", "ln", "log10", "sqrt", "abs", "floor", "ceil", *ARC, *PLAIN)
TWO = ("plus", "minus", "times", "divide", "power", "log", "root", "rem", "min", "max")
LONGER = {"add": "plus", "sub": "minus", "mul": "times", "neg": "minus", "pow": "power", "log": "ln"}
LAW = settings(deadline=None, max_examples=150, derandomize=True)

leaves = some.sampled_from([X, Y, K, Number(2.0), Number(-0.5)])
formulas = some.recursive(
    leaves,
    lambda parts: some.one_of(
        some.tuples(some.sampled_from(["plus", "times", "minus"]), some.tuples(parts, parts)).map(lambda one: Apply(*one)),
        parts.map(lambda one: Apply("exp", (Apply("sin", (one,)),))),
        parts.map(lambda one: Apply("piecewise", (one, Apply("lt", (X, one)), Apply("times", (one, one))))),
    ),
    max_leaves=12,
)


def number(graph: Graph, node: Node) -> float:
    """A node computed one operator at a time, by the plain operators."""
    operator, *rest = graph.nodes[node]
    if operator == "number":
        return float(rest[0])
    if operator in POINT:
        return POINT[str(operator)][int(rest[0])]
    if operator == "select":
        chosen = graph.arguments(node)
        return number(graph, chosen[1] if number(graph, chosen[0]) else chosen[2])
    parts = [number(graph, one) for one in graph.arguments(node)]
    if operator == "inverse":
        return OPERATORS["divide"](1.0, *parts)
    name = LONGER.get(str(operator), str(operator))
    name = f"arc{name[1:]}" if name not in OPERATORS and name[0] == "a" else name
    return OPERATORS[name](*parts)


def both_ways(*formulas: Expression) -> tuple[list[float], list[float]]:
    """The slopes of a weighted sum of formulas by x and y: forwards, and backwards."""
    graph = Graph()
    names = {"x": graph.state(0), "y": graph.state(1), "k": graph.constant(0)}
    nodes = [graph.read(one, names) for one in formulas]
    weighted = [(node, graph.weight(at)) for at, node in enumerate(nodes)]
    found = pulled(graph, weighted, lambda node: node in names.values())
    states = [names["x"], names["y"]]
    back = [number(graph, found[one]) if one in found else 0.0 for one in states]
    weights = POINT["weight"]
    ahead = [
        sum(weights[at] * number(graph, graph.derivative(node, place)) for at, node in enumerate(nodes)) for place in range(2)
    ]
    return ahead, back


@pytest.mark.parametrize("name", ONE)
def test_operators_of_one_argument(name: str) -> None:
    """Reference: the slope forwards, where the operator has a value; elsewhere neither way has one."""
    ahead, back = both_ways(Apply(name, (Apply("times", (X, Y)),)), Apply(name, (X,)))
    assert back == pytest.approx(ahead, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize("name", TWO)
def test_operators_of_two_arguments(name: str) -> None:
    """Reference: the slope forwards, to rounding, where both arguments move and where one part stands twice."""
    ahead, back = both_ways(Apply(name, (X, Y)), Apply(name, (Apply("times", (X, Y)), X)))
    assert back == pytest.approx(ahead, rel=1e-14)
    assert any(back)


@LAW
@given(one=formulas, other=formulas)
def test_formulas_of_formulas(one: Expression, other: Expression) -> None:
    """Reference: the slope forwards, of two weighted formulas at once; sums in another order differ in their last places."""
    ahead, back = both_ways(one, other)
    assert back == pytest.approx(ahead, rel=1e-9, abs=1e-9)


def test_a_branch_that_is_not_taken_gives_nothing() -> None:
    """Law: where x is below 1 the root of x - 1 has no slope, and what is not taken of it no share; forwards neither."""
    root = Apply("sqrt", (Apply("minus", (X, Number(1.0))),))
    chosen = Apply("piecewise", (Apply("times", (root, Y)), Apply("gt", (X, Number(1.0))), Apply("times", (X, Y))))
    ahead, back = both_ways(chosen)
    assert back == ahead == pytest.approx([1.3 * 1.9, 1.3 * 0.7])


def test_what_has_no_weight_gives_nothing() -> None:
    """Law: guarded, a root whose slope is no number hands on nothing of nothing; unguarded no number."""
    graph = Graph()
    x = graph.state(0)
    root = graph.function("sqrt", graph.sub(x, graph.number(1.0)))
    weighted = [(root, graph.sub(graph.weight(0), graph.number(1.3))), (graph.mul(x, x), graph.weight(1))]
    free, guarded = (pulled(graph, weighted, lambda node: node == x, guarded=one)[x] for one in (False, True))
    assert math.isnan(number(graph, free))
    assert number(graph, guarded) == pytest.approx(-0.6 * 2 * 0.7)


def test_one_sweep_serves_all_leaves() -> None:
    """Law: the product of ten states and one constant is differentiated by all of them with fewer than five nodes for each."""
    graph = Graph()
    names = [graph.state(place) for place in range(10)] + [graph.constant(0)]
    node = graph.product(names)
    before = len(graph.nodes)
    found = pulled(graph, [(node, graph.weight(0))], lambda one: one in names)
    assert found.keys() == set(names)
    assert len(graph.nodes) - before < 5 * len(names)


def test_leaves_and_numbers_themselves() -> None:
    """Law: a leaf that is weighted gets its weight, twice if it is weighted twice; a number has nothing below it."""
    graph = Graph()
    x, one, two = graph.state(0), graph.weight(0), graph.weight(1)
    found = pulled(graph, [(x, one), (graph.number(3.0), one), (x, two)], lambda node: node == x)
    assert found == {x: graph.add(one, two)}


# functions


def called(machine: Machine, name: str, *vectors: np.ndarray) -> None:
    """One of a machine's functions."""
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(vectors))(machine.address(name))
    function(*(one.ctypes.data for one in vectors))


def circle(size: int) -> System:
    """States that each drive the next, and every third the one before, by the square."""
    rates: dict[str, Expression] = {}
    for place in range(size):
        before, after = Name(f"x{(place - 1) % size}"), Name(f"x{(place + 1) % size}")
        rate = Apply("minus", (Apply("times", (K, before)), Apply("times", (Number(2.0 + place), Name(f"x{place}")))))
        rates[f"x{place}"] = Apply("plus", (rate, Apply("times", (after, after)))) if place % 3 == 0 else rate
    return System("circle", rates, {}, {"k": 0.4}, dict.fromkeys(rates, 1.0))


def test_solving_with_the_transposed_factors() -> None:
    """Reference: numpy's solution with the transposed matrix, put together from the derivatives of the rates."""
    size, h, k = 9, 0.3, 0.4
    machine = machine_code(circle(size), 1, back=True, kept=False)
    state = np.linspace(0.5, 1.5, size)
    matrix = np.eye(size) / h
    for place in range(size):
        matrix[place, (place - 1) % size] -= k
        matrix[place, place] += 2.0 + place
        if place % 3 == 0:
            matrix[place, (place + 1) % size] -= 2 * state[(place + 1) % size]
    order, sizes = list(machine.order), machine.sizes
    q, entries, sought = np.zeros(sizes.hoisted + 1), np.zeros(sizes.entries), np.arange(1.0, size + 1)
    called(machine, "hoist", np.array([k]), q)
    called(machine, "jacobian", state[order], q, entries)
    called(machine, "factor", np.array([1 / h]), entries)
    found = sought[order]
    called(machine, "solve_back", entries, found)
    assert found[np.argsort(order)] == pytest.approx(np.linalg.solve(matrix.T, sought), rel=1e-12)


def test_what_was_added_up_stays() -> None:
    """Law: derivatives by what stays for a member are added to what is there, those by states replace it."""
    machine = machine_code(circle(4), 1, back=True, kept=False)
    sizes, q = machine.sizes, np.zeros(machine.sizes.hoisted + 1)
    called(machine, "hoist", np.array([0.4]), q)
    state, weights, added = np.linspace(1.0, 2.0, 4), np.ones(4), np.zeros(4 + sizes.pulled)
    called(machine, "rates_back", state, q, weights, added)
    twice = added.copy()
    called(machine, "rates_back", state, q, weights, twice)
    assert twice[:4].tolist() == added[:4].tolist()
    assert twice[4:] == pytest.approx(2 * added[4:], rel=1e-15)
    assert math.isclose(abs(added[4:].sum()), state.sum())  # of k times the sum of all states, by k
