"""Every operator of formulas in the lanes: its value, its slopes, and the same bits at every number of lanes."""

from __future__ import annotations

import ctypes
import math
from functools import cache

import numpy as np
import pytest

from tamarisk.errors import ModelError
from tamarisk.model.closure import closure
from tamarisk.model.expression import Apply, Expression, Name, Number
from tamarisk.model.operators import OPERATORS
from tamarisk.model.system import System
from tamarisk.simulation.graph import Graph
from tamarisk.simulation.machine_code import Machine, machine_code
from tamarisk.simulation.slopes import RULES

X, Y, K = Name("x"), Name("y"), Name("k")
POINTS = [(0.7, 1.9), (1.9, 0.7), (-0.7, 1.9), (0.3, -2.6), (2.4, 2.4), (0.0, 1.0), (-1.5, -0.25)]
CIRCULAR = [
    f"{arc}{name}{end}" for arc in ("", "arc") for name in ("sin", "cos", "tan", "sec", "csc", "cot") for end in ("", "h")
]


def whole(formula: Expression) -> Expression:
    """A formula's largest whole number below, made positive: what factorials are asked of."""
    return Apply("abs", (Apply("floor", (Apply("times", (Number(3.0), formula)),)),))


TWO = ("divide", "power", "log", "root", "quotient", "rem", "lt", "leq", "gt", "geq", "eq", "neq", "implies")
MANY = ("plus", "times", "min", "max", "and", "or", "xor")
FORMULAS: dict[str, Expression] = {
    **{name: Apply(name, (X,)) for name in ("exp", "ln", "log10", "sqrt", "abs", "floor", "ceil", "not", *CIRCULAR)},
    **{name: Apply(name, (X, Y)) for name in TWO},
    **{name: Apply(name, (X, Y, K)) for name in MANY},
    "minus": Apply("minus", (X, Y)),
    "factorial": Apply("factorial", (whole(X),)),
    "piecewise": Apply("piecewise", (Apply("divide", (Y, X)), Apply("gt", (X, Y)), Apply("sin", (X,)), Apply("lt", (X, K)), Y)),
    "chain": Apply("lt", (X, Y, Number(2.0))),
    "compound": Apply("times", (Apply("piecewise", (X, Apply("geq", (Y, Number(1.0))))), Apply("max", (X, Y)))),
}


def plain(name: str, x: float, y: float) -> float:
    """A formula by Python's own functions, one operator at a time."""
    return closure(("x", "y", "k"), {}, [FORMULAS[name]])((x, y, 0.4))[0]


@cache
def bench(lanes: int) -> Machine:
    """All formulas as rates of one system, two states of which are x and y."""
    rates: dict[str, Expression] = {"x": Number(0.0), "y": Number(0.0), **{f"r.{name}": one for name, one in FORMULAS.items()}}
    return machine_code(System("all", rates, {}, {"k": 0.4}, dict.fromkeys(rates, 0.0)), lanes)


def called(machine: Machine, name: str, *vectors: np.ndarray) -> None:
    """One of a machine's functions."""
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(vectors))(machine.address(name))
    function(*(one.ctypes.data for one in vectors))


def computed(lanes: int, points: list[tuple[float, float]], name: str = "rates") -> np.ndarray:
    """Rates, or the entries of the Jacobian, at some points, shape `(point, value)`."""
    machine, rows = bench(lanes), []
    order, sizes = machine.order, machine.sizes
    for start in range(0, len(points), lanes):
        some = (points[start : start + lanes] * lanes)[:lanes]
        state = np.array([[one[number] if number < 2 else 0.0 for one in some] for number in order])
        q, found = np.zeros((sizes.hoisted + 1, lanes)), np.zeros((len(order) if name == "rates" else sizes.entries, lanes))
        called(machine, "hoist", np.full(lanes, 0.4), q)
        called(machine, name, state, q, found)
        back = found[np.argsort(order)] if name == "rates" else found
        rows.append(back.T[: len(points) - start])
    return np.concatenate(rows)


@pytest.mark.parametrize("name", FORMULAS)
def test_operators_have_their_values(name: str) -> None:
    """Reference: the plain evaluator's value at seven points, to 4 units of the last place, some of them Python's."""
    place = 2 + list(FORMULAS).index(name)
    for point, found in zip(POINTS, computed(8, POINTS)[:, place].tolist(), strict=True):
        assert found == pytest.approx(plain(name, *point), rel=4 * 2.0**-52, abs=0.0, nan_ok=True), point


@pytest.mark.parametrize("name", FORMULAS)
def test_slopes_are_slopes(name: str) -> None:
    """Reference: derivatives equal central differences, good to 1e-8 of the values here; what jumps has slope 0."""
    graph = Graph()
    names = {"x": graph.state(0), "y": graph.state(1), "k": graph.constant(0)}
    node, step = graph.read(FORMULAS[name], names), 1e-6
    for point in POINTS[:4]:
        for state, (right, up) in enumerate(((step, 0.0), (0.0, step))):
            ahead, behind = plain(name, point[0] + right, point[1] + up), plain(name, point[0] - right, point[1] - up)
            if math.isfinite(ahead - behind):
                found = number(graph, graph.derivative(node, state), point)
                assert found == pytest.approx((ahead - behind) / (2 * step), rel=1e-7, abs=1e-7), (point, state)


def number(graph: Graph, node: int, point: tuple[float, float]) -> float:
    """A node computed one operator at a time, by the plain operators."""
    operator, *rest = graph.nodes[node]
    if operator in {"number", "constant", "state"}:
        return float(rest[0]) if operator == "number" else 0.4 if operator == "constant" else point[int(rest[0])]
    parts = [number(graph, one, point) for one in graph.arguments(node)]
    longer = {"add": "plus", "sub": "minus", "mul": "times", "neg": "minus", "pow": "power", "log": "ln"}
    if operator == "select":
        return parts[1] if parts[0] else parts[2]
    if operator == "inverse":
        return OPERATORS["divide"](1.0, *parts)
    name = longer.get(str(operator), str(operator))
    name = f"arc{name[1:]}" if name not in OPERATORS and name[0] == "a" else name
    return OPERATORS[name](*parts)


@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_operators_are_alike_at_every_width(lanes: int) -> None:
    """Law: rates and Jacobians of all operators are bitwise the same for one lane and many, in any neighbourhood."""
    points = POINTS + POINTS[::-1]
    for name in ("rates", "jacobian"):
        alone, together = (computed(width, points, name).view(np.int64) for width in (1, lanes))
        numbers = computed(1, points, name)
        assert np.array_equal(alone[~np.isnan(numbers)], together[~np.isnan(numbers)])
        assert np.array_equal(np.isnan(numbers), np.isnan(computed(lanes, points, name)))


def test_every_operator_is_here() -> None:
    """Law: the lanes have every operator that formulas have, and every operator of the graph has a rule for its slope."""
    assert OPERATORS.keys() <= FORMULAS.keys()
    graph = Graph()
    names = {"x": graph.state(0), "y": graph.state(1), "k": graph.constant(0)}
    for formula in FORMULAS.values():
        graph.read(formula, names)
    assert {str(node[0]) for node in graph.nodes} <= RULES.keys() | {"number", "constant", "state", "select"}


def test_powers_and_roots_at_zero() -> None:
    """Reference: the slope of x^n at 0 is 0 for n = 2.5, 1 for n = 1, and taken as 0 where it is infinite; none is no number."""
    graph = Graph()
    x, k = graph.state(0), graph.constant(0)
    for formula, slope in (
        (Apply("power", (X, Number(2.5))), 0.0),
        (Apply("power", (X, Number(0.5))), 0.0),
        (Apply("sqrt", (X,)), 0.0),
        (Apply("power", (X, Apply("plus", (K, Number(0.6))))), 1.0),
    ):
        node = graph.derivative(graph.read(formula, {"x": x, "k": k}), 0)
        assert number(graph, node, (0.0, 0.0)) == slope


def test_numbers_are_folded() -> None:
    """Law: a formula of numbers alone is a number, whatever its operator."""
    graph = Graph()
    assert graph.value(graph.read(Apply("factorial", (Number(4.0),)), {})) == 24.0
    assert graph.value(graph.read(Apply("piecewise", (Number(1.0), Number(0.0), Number(2.0))), {})) == 2.0


def test_a_factorial_of_what_is_no_whole_number() -> None:
    """Law: it has no value, and beyond 170 it is infinite."""
    graph = Graph()
    node = graph.read(Apply("factorial", (X,)), {"x": graph.state(0)})
    assert math.isnan(number(graph, node, (2.5, 0.0)))
    assert number(graph, node, (171.0, 0.0)) == math.inf


def test_an_operator_nobody_knows_is_refused() -> None:
    """Refusal: by its name."""
    graph = Graph()
    with pytest.raises(ModelError, match=r"^the operator 'bessel' is not compiled$"):
        graph.read(Apply("bessel", (X,)), {"x": graph.state(0)})
