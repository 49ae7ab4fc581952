"""Algebraic rules: what is solved makes them zero, and what cannot be solved is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import ModelError
from tamarisk.model.algebra import solved
from tamarisk.model.expression import Apply, Expression, Name, Number, evaluate
from tamarisk.model.system import in_order

LAW = settings(deadline=None, max_examples=80, derandomize=True)
NUMBERS = some.floats(0.5, 4.0)


def plus(*terms: Expression) -> Expression:
    """A sum."""
    return Apply("plus", terms)


def times(*terms: Expression) -> Expression:
    """A product."""
    return Apply("times", terms)


def values(found: dict[str, Expression], known: dict[str, float]) -> dict[str, float]:
    """The solved quantities, computed in their order."""
    known = dict(known)
    for name, formula in in_order(found).items():
        known[name] = evaluate(formula, known)
    return known


@LAW
@given(a=NUMBERS, b=NUMBERS, c=NUMBERS)
def test_one_rule_is_zero_once_solved(a: float, b: float, c: float) -> None:
    """Law: a rule in which the unknown stands in sums, products and above a fraction bar is zero at the solution."""
    x, k = Name("x"), Name("k")
    rule = plus(times(Number(a), x, k), Apply("divide", (Apply("minus", (x, Number(b))), k)), Apply("minus", (Number(c),)))
    known = values(solved([rule], {"x"}), {"k": 2.0})
    assert evaluate(rule, known) == pytest.approx(0.0, abs=1e-12)


@LAW
@given(a=NUMBERS, b=NUMBERS, total=NUMBERS)
def test_two_rules_are_solved_together(a: float, b: float, total: float) -> None:
    """Reference: x + y = total and a x = b y have the solution x = b total / (a + b)."""
    x, y = Name("x"), Name("y")
    rules = [Apply("minus", (plus(x, y), Number(total))), Apply("minus", (times(Number(a), x), times(Number(b), y)))]
    known = values(solved(rules, {"x", "y", "z"}), {})
    assert (known["x"], known["y"]) == pytest.approx((b * total / (a + b), a * total / (a + b)), rel=1e-9)


@pytest.mark.parametrize(
    "rule",
    [
        Apply("minus", (times(Name("x"), Name("x")), Number(4.0))),
        Apply("divide", (Number(1.0), Name("x"))),
        Apply("exp", (Name("x"),)),
        Apply("piecewise", (Name("x"), Apply("lt", (Name("k"), Number(1.0))), Number(0.0))),
    ],
    ids=["square", "divisor", "exponential", "piecewise"],
)
def test_what_is_not_linear_is_refused(rule: Expression) -> None:
    """Refusal: nothing is guessed where a rule is no line in its unknown."""
    with pytest.raises(ModelError, match=r"^an algebraic rule cannot be solved for what it determines$"):
        solved([rule], {"x"})


@pytest.mark.parametrize(("free", "count"), [(set(), 0), ({"x", "y"}, 2)])
def test_rules_and_unknowns_must_match(free: set[str], count: int) -> None:
    """Refusal: a rule that determines nothing, or might determine one of two."""
    with pytest.raises(ModelError, match=rf"^1 algebraic rules do not determine {count} free quantities$"):
        solved([plus(Name("x"), Name("y"))], free)
