"""What the operators of formulas do to numbers. It knows arithmetic and its limits (1/0 is infinite, ln(-1) is no number)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

RELATIONS = ("lt", "leq", "gt", "geq", "eq", "neq")
STEPS = ("floor", "ceil", "quotient", "rem")  # jump although their arguments are smooth


def divide(numerator: float, denominator: float) -> float:
    """One number by another; by zero it is infinite or no number, never an exception.

    >>> divide(1.0, 0.0)
    inf
    """
    try:
        return numerator / denominator
    except ZeroDivisionError:
        with np.errstate(all="ignore"):
            return float(np.float64(numerator) / denominator)


def power(base: float, exponent: float) -> float:
    """One number to the power of another; a root of a negative number is no number.

    >>> power(-8.0, 2.0)
    64.0
    """
    try:
        result = base**exponent
    except (ZeroDivisionError, OverflowError):
        with np.errstate(all="ignore"):
            return float(np.power(np.float64(base), exponent))
    return math.nan if isinstance(result, complex) else result


def piecewise(*arguments: float) -> float:
    """The first value whose condition holds, else the last; no number if there is none.

    >>> piecewise(1.0, 0.0, 2.0, 1.0, 3.0)
    2.0
    """
    for value, condition in zip(arguments[::2], arguments[1::2], strict=False):
        if condition:
            return value
    return arguments[-1] if len(arguments) % 2 else math.nan


def _total(ordinary: Callable[[float], float], limits: Callable[..., object]) -> Callable[[float], float]:
    """A function of one number that has a value everywhere: NumPy's where Python's raises."""

    def value(argument: float) -> float:
        try:
            return ordinary(argument)
        except (ValueError, OverflowError):
            with np.errstate(all="ignore"):
                return float(limits(argument))  # type: ignore[arg-type]

    return value


def _inverse(function: Callable[[float], float]) -> Callable[[float], float]:
    """One over a function: sec from cos."""
    return lambda argument: divide(1.0, function(argument))


def _of_inverse(function: Callable[[float], float]) -> Callable[[float], float]:
    """A function of one over its argument: arcsec from arccos."""
    return lambda argument: function(divide(1.0, argument))


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda argument: float(function(argument)) if math.isfinite(argument) else argument


def _factorial(argument: float) -> float:
    if not argument >= 0.0:
        return math.nan
    if argument > 170.0:
        return math.inf
    return float(math.factorial(int(argument))) if argument.is_integer() else math.gamma(argument + 1.0)


def _quotient(numerator: float, denominator: float) -> float:
    ratio = divide(numerator, denominator)
    return float(math.trunc(ratio)) if math.isfinite(ratio) else ratio


def _rem(numerator: float, denominator: float) -> float:
    return numerator - denominator * _quotient(numerator, denominator)


def _related(holds: Callable[[float, float], bool]) -> Callable[..., float]:
    """A relation between each argument and the next, as 1 or 0."""
    return lambda *arguments: float(all(map(holds, arguments, arguments[1:])))


_ln = _total(math.log, np.log)
_sqrt = _total(math.sqrt, np.sqrt)
_SMOOTH = {
    "exp": _total(math.exp, np.exp),
    "ln": _ln,
    "log10": _total(math.log10, np.log10),
    "sqrt": _sqrt,
    "sin": _total(math.sin, np.sin),
    "cos": _total(math.cos, np.cos),
    "tan": _total(math.tan, np.tan),
    "sinh": _total(math.sinh, np.sinh),
    "cosh": _total(math.cosh, np.cosh),
    "tanh": math.tanh,
    "arcsin": _total(math.asin, np.arcsin),
    "arccos": _total(math.acos, np.arccos),
    "arctan": math.atan,
    "arcsinh": math.asinh,
    "arccosh": _total(math.acosh, np.arccosh),
    "arctanh": _total(math.atanh, np.arctanh),
}
_RECIPROCAL = {"sec": "cos", "csc": "sin", "cot": "tan"}
_FURTHER = {
    **{inverse: _inverse(_SMOOTH[of]) for inverse, of in _RECIPROCAL.items()},
    **{f"{inverse}h": _inverse(_SMOOTH[f"{of}h"]) for inverse, of in _RECIPROCAL.items()},
    **{f"arc{inverse}": _of_inverse(_SMOOTH[f"arc{of}"]) for inverse, of in _RECIPROCAL.items()},
    **{f"arc{inverse}h": _of_inverse(_SMOOTH[f"arc{of}h"]) for inverse, of in _RECIPROCAL.items()},
}
OPERATORS: Mapping[str, Callable[..., float]] = {
    "plus": lambda *arguments: sum(arguments, 0.0),
    "minus": lambda first, *rest: first - rest[0] if rest else -first,
    "times": lambda *arguments: math.prod(arguments, start=1.0),
    "divide": divide,
    "power": power,
    **_SMOOTH,
    **_FURTHER,
    "log": lambda base, argument: divide(_ln(argument), _ln(base)),
    "root": lambda degree, argument: _sqrt(argument) if degree == 2.0 else power(argument, divide(1.0, degree)),
    "abs": abs,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "factorial": _factorial,
    "min": lambda *arguments: min(arguments),
    "max": lambda *arguments: max(arguments),
    "quotient": _quotient,
    "rem": _rem,
    "lt": _related(lambda one, other: one < other),
    "leq": _related(lambda one, other: one <= other),
    "gt": _related(lambda one, other: one > other),
    "geq": _related(lambda one, other: one >= other),
    "eq": _related(lambda one, other: one == other),
    "neq": _related(lambda one, other: one != other),
    "and": lambda *arguments: float(all(arguments)),
    "or": lambda *arguments: float(any(arguments)),
    "not": lambda argument: float(not argument),
    "xor": lambda *arguments: float(sum(map(bool, arguments)) % 2),
    "implies": lambda condition, consequence: float(not condition or bool(consequence)),
    "piecewise": piecewise,
}
