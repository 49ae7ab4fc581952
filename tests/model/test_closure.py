"""Compiled formulas: the same value as operator by operator, and nothing of the model's words in the code."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.model.closure import closure, needed
from tamarisk.model.expression import Apply, Expression, Name, Number, evaluate

LAW = settings(deadline=None, max_examples=100, derandomize=True)
LEAVES = some.one_of(some.floats(0.5, 4.0).map(Number), some.sampled_from("abc").map(Name))
ONE = some.sampled_from(["sin", "arctan", "abs", "floor", "not", "minus", "ceil"])
MANY = some.sampled_from(["plus", "times", "min", "max", "lt", "geq", "eq", "neq", "and", "or", "xor", "piecewise"])


def grown(parts: some.SearchStrategy[Expression]) -> some.SearchStrategy[Expression]:
    """Formulas one step larger."""
    few = some.lists(parts, min_size=2, max_size=3).map(tuple)
    return some.one_of(
        some.tuples(ONE, parts).map(lambda one: Apply(one[0], (one[1],))), some.tuples(MANY, few).map(lambda one: Apply(*one))
    )


FORMULAS = some.recursive(LEAVES, grown, max_leaves=12)
VALUES = some.lists(some.floats(-4.0, 4.0), min_size=3, max_size=3)


@LAW
@given(formula=FORMULAS, values=VALUES)
def test_compiled_is_evaluated(formula: Expression, values: list[float]) -> None:
    """Reference: the value computed one operator at a time."""
    slow = evaluate(formula, dict(zip("abc", values, strict=True)))
    assert closure("abc", {}, [formula])(values)[0] == pytest.approx(slow, rel=1e-14, nan_ok=True)


@LAW
@given(inner=FORMULAS, outer=FORMULAS, values=VALUES)
def test_definitions_are_computed_first(inner: Expression, outer: Expression, values: list[float]) -> None:
    """Law: a definition stands for its formula, for those that read it and in the results."""
    known = dict(zip("abc", values, strict=True))
    reading = Apply("plus", (Name("d"), outer))
    found = closure("abc", {"d": inner}, [reading, Name("d")])(values)
    d = evaluate(inner, known)
    assert found == pytest.approx((evaluate(reading, {**known, "d": d}), d), rel=1e-14, nan_ok=True)


def test_only_what_is_needed_is_kept() -> None:
    """Law: definitions that no result needs are left out, the others keep their order."""
    definitions = {"a": Number(1.0), "b": Name("a"), "c": Name("x"), "d": Name("b")}
    assert list(needed(definitions, [Name("d")])) == ["a", "b", "d"]
    assert needed(definitions, [Number(1.0)]) == {}
    assert closure([], definitions, [Name("d")])([]) == (1.0,)  # "c" reads a stranger and is not asked for


def test_strangers_are_refused() -> None:
    """Refusal: a name without a value, and an operator without a meaning, by name."""
    with pytest.raises(KeyError, match=r"^'x'$"):
        closure([], {}, [Name("x")])
    with pytest.raises(KeyError, match=r"^'delay'$"):
        closure(["x"], {}, [Apply("delay", (Name("x"),))])


def test_names_never_become_code() -> None:
    """Law: a name may be any text; only numbers and positions are compiled."""
    wild = '__import__("os").abort()'
    assert closure([wild], {"def": Name(wild)}, [Apply("times", (Name("def"), Number(2.0)))])([3.0]) == (6.0,)


def test_numbers_that_are_none_can_be_written() -> None:
    """Law: infinite numbers and no numbers stand in formulas like any other."""
    found = closure([], {}, [Number(math.inf), Number(-math.inf), Number(math.nan), Number(-0.5)])([])
    assert found == pytest.approx((math.inf, -math.inf, math.nan, -0.5), nan_ok=True)


def test_long_formulas_are_no_fault() -> None:
    """Law: hundreds of brackets within each other, which Python's own grammar refuses, are compiled."""
    formula: Expression = Name("x")
    for _ in range(120):
        formula = Apply("sin", (Apply("plus", (formula, Number(1.0))),))
    value = 0.3
    for _ in range(120):
        value = math.sin(value + 1.0)
    assert closure(["x"], {}, [formula])([0.3])[0] == pytest.approx(value, rel=1e-12)
