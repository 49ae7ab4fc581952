"""Operators: NumPy as the reference, and the values at the edges where Python would raise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.model.operators import OPERATORS, divide, piecewise, power

LAW = settings(deadline=None, max_examples=100, derandomize=True)
THEIRS: dict[str, Callable[[float], float]] = {
    **{name: getattr(np, name) for name in ("exp", "log10", "sqrt", "floor", "ceil", "abs")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"arc{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "ln": np.log,
    "sec": lambda x: 1 / np.cos(x),
    "csc": lambda x: 1 / np.sin(x),
    "cot": lambda x: 1 / np.tan(x),
    "sech": lambda x: 1 / np.cosh(x),
    "csch": lambda x: 1 / np.sinh(x),
    "coth": lambda x: 1 / np.tanh(x),
    "arcsec": lambda x: np.arccos(1 / x),
    "arccsc": lambda x: np.arcsin(1 / x),
    "arccot": lambda x: np.arctan(1 / x),
    "arcsech": lambda x: np.arccosh(1 / x),
    "arccsch": lambda x: np.arcsinh(1 / x),
    "arccoth": lambda x: np.arctanh(1 / x),
}
EDGES = {
    ("divide", (-1.0, 0.0)): -math.inf,
    ("divide", (0.0, 0.0)): math.nan,
    ("power", (-8.0, 1 / 3)): math.nan,
    ("power", (0.0, -1.0)): math.inf,
    ("power", (10.0, 400.0)): math.inf,
    ("ln", (0.0,)): -math.inf,
    ("ln", (-1.0,)): math.nan,
    ("exp", (800.0,)): math.inf,
    ("sinh", (-800.0,)): -math.inf,
    ("arctanh", (1.0,)): math.inf,
    ("arcsin", (2.0,)): math.nan,
    ("arccot", (0.0,)): math.pi / 2,
    ("sqrt", (-1.0,)): math.nan,
    ("root", (3.0, 27.0)): 3.0,
    ("log", (2.0, 8.0)): 3.0,
    ("floor", (-math.inf,)): -math.inf,
    ("factorial", (5.0,)): 120.0,
    ("factorial", (171.0,)): math.inf,
    ("factorial", (-1.0,)): math.nan,
    ("quotient", (-7.0, 2.0)): -3.0,
    ("rem", (-7.0, 2.0)): -1.0,
    ("quotient", (1.0, 0.0)): math.inf,
    ("min", (3.0, 1.0, 2.0)): 1.0,
    ("max", (3.0,)): 3.0,
    ("plus", ()): 0.0,
    ("times", ()): 1.0,
    ("minus", (2.0,)): -2.0,
    ("lt", (1.0, 2.0, 3.0)): 1.0,
    ("lt", (1.0, 3.0, 2.0)): 0.0,
    ("leq", (2.0, 2.0)): 1.0,
    ("gt", (2.0, 2.0)): 0.0,
    ("geq", (3.0, 2.0, 2.0)): 1.0,
    ("eq", (1.0, 1.0, 2.0)): 0.0,
    ("neq", (1.0, math.nan)): 1.0,
    ("and", ()): 1.0,
    ("and", (1.0, 0.0)): 0.0,
    ("or", (0.0, 2.0)): 1.0,
    ("not", (0.0,)): 1.0,
    ("xor", (1.0, 1.0, 1.0)): 1.0,
    ("xor", (1.0, 1.0)): 0.0,
    ("implies", (1.0, 0.0)): 0.0,
    ("implies", (0.0, 0.0)): 1.0,
    ("piecewise", (1.0, 0.0)): math.nan,
    ("piecewise", (5.0,)): 5.0,
}


@pytest.mark.parametrize("name", THEIRS)
@LAW
@given(argument=some.floats(-20.0, 20.0))
def test_functions_of_one_number_are_numpys(name: str, argument: float) -> None:
    """Reference: NumPy's function, or its quotient, wherever it has a value and where it has none."""
    with np.errstate(all="ignore"):
        theirs = float(THEIRS[name](np.float64(argument)))
    assert OPERATORS[name](argument) == pytest.approx(theirs, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(("asked", "value"), EDGES.items(), ids=str)
def test_edges(asked: tuple[str, tuple[float, ...]], value: float) -> None:
    """Reference: limits, conventions of MathML for many or no arguments, and values known in closed form."""
    operator, arguments = asked
    assert OPERATORS[operator](*arguments) == pytest.approx(value, rel=1e-14, nan_ok=True)


@LAW
@given(numerator=some.floats(-1e6, 1e6), denominator=some.floats(-1e3, 1e3).filter(lambda one: abs(one) > 1e-3))
def test_a_number_is_its_quotient_and_remainder(numerator: float, denominator: float) -> None:
    """Law: the quotient is whole and cut towards zero, and the remainder has the sign of the numerator."""
    quotient, rest = OPERATORS["quotient"](numerator, denominator), OPERATORS["rem"](numerator, denominator)
    assert quotient == int(quotient)
    assert quotient * denominator + rest == pytest.approx(numerator, rel=1e-12)
    assert rest == pytest.approx(math.fmod(numerator, denominator), abs=1e-9 * max(1.0, abs(numerator)))


@LAW
@given(conditions=some.lists(some.booleans(), min_size=1, max_size=4), otherwise=some.booleans())
def test_piecewise_takes_the_first_that_holds(conditions: list[bool], otherwise: bool) -> None:
    """Law: the value beside the first condition that holds, else the last one, else none."""
    arguments = [number for place, holds in enumerate(conditions) for number in (float(place), float(holds))]
    found = piecewise(*arguments, *([-1.0] if otherwise else []))
    if any(conditions):
        assert found == conditions.index(True)
    else:
        assert found == -1.0 if otherwise else math.isnan(found)


@LAW
@given(first=some.floats(allow_nan=False), second=some.floats(allow_nan=False))
def test_nothing_raises(first: float, second: float) -> None:
    """Law: every operator has a value for any two numbers, if only infinite or none."""
    for name, operator in OPERATORS.items():
        arguments = (first,) if name in THEIRS or name in {"factorial", "not"} else (first, second)
        assert isinstance(operator(*arguments), float), name
    assert isinstance(divide(first, second), float)
    assert isinstance(power(first, second), float)
