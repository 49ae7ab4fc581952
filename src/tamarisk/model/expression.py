"""Formulas as plain values. It knows arithmetic, not biology, and not where a formula came from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tamarisk.model.operators import OPERATORS

ARITHMETIC = ("plus", "minus", "times", "divide", "power")


@dataclass(frozen=True, slots=True)
class Number:
    """A pure number in a formula."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A species, a parameter or a rule, by its identifier."""

    id: str


@dataclass(frozen=True, slots=True)
class Apply:
    """One operator applied to its arguments.

    Booleans are the numbers 0 and 1; `piecewise` takes value, condition, value, condition, ..., otherwise.
    """

    operator: str
    arguments: tuple[Expression, ...]


Expression = Number | Name | Apply


def names(expression: Expression) -> Iterator[str]:
    """Every identifier that a formula reads, in reading order, repeats included.

    >>> list(names(Apply("times", (Name("k"), Name("ER")))))
    ['k', 'ER']
    """
    if isinstance(expression, Name):
        yield expression.id
    elif isinstance(expression, Apply):
        for argument in expression.arguments:
            yield from names(argument)


def substitute(expression: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """The same formula with some names replaced by formulas.

    >>> substitute(Name("x"), {"x": Number(2.0)})
    Number(value=2.0)
    """
    if isinstance(expression, Name):
        return replacements.get(expression.id, expression)
    if isinstance(expression, Apply):
        arguments = tuple(substitute(argument, replacements) for argument in expression.arguments)
        return Apply(expression.operator, arguments)
    return expression


def evaluate(expression: Expression, values: Mapping[str, float]) -> float:
    """The value of a formula, computed one operator at a time: slow and easy to trust.

    Args:
        expression: the formula.
        values: a number for every name in it.

    Returns:
        The number, in whatever unit the formula has.

    Raises:
        KeyError: a name has no value, or an operator is unknown.
        ArithmeticError: a division by zero, or a power too large to write.

    >>> evaluate(Apply("divide", (Name("a"), Number(4.0))), {"a": 2.0})
    0.5
    >>> evaluate(Apply("piecewise", (Number(1.0), Apply("gt", (Name("a"), Number(2.0))), Number(0.0))), {"a": 2.0})
    0.0
    """
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return values[expression.id]
    if expression.operator == "piecewise":
        return _chosen(expression.arguments, values)
    numbers = [evaluate(argument, values) for argument in expression.arguments]
    if expression.operator not in ARITHMETIC or not numbers:
        return OPERATORS[expression.operator](*numbers)
    return _combine(expression.operator, numbers)


def _chosen(arguments: tuple[Expression, ...], values: Mapping[str, float]) -> float:
    """The value of the first branch whose condition holds; the other branches are not computed."""
    for value, condition in zip(arguments[::2], arguments[1::2], strict=False):
        if evaluate(condition, values):
            return evaluate(value, values)
    return evaluate(arguments[-1], values) if len(arguments) % 2 else math.nan


def _combine(operator: str, numbers: list[float]) -> float:
    first, *rest = numbers
    if operator == "plus":
        return sum(rest, first)
    if operator == "minus":
        return -first if not rest else first - rest[0]
    if operator == "times":
        for number in rest:
            first *= number
        return first
    if operator == "divide":
        return first / rest[0]
    return float(first ** rest[0])
