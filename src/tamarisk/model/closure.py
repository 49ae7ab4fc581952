"""Formulas as one Python function, each distinct part computed once. It knows formulas, not what they are for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from tamarisk.model.expression import Expression, Name, Number, names
from tamarisk.model.operators import OPERATORS

Closure = Callable[[Sequence[float]], tuple[float, ...]]
_RELATIONS = {"lt": "<", "leq": "<=", "gt": ">", "geq": ">=", "eq": "==", "neq": "!="}
_SIGNS = {"plus": " + ", "times": " * ", "minus": " - "}


def closure(inputs: Sequence[str], definitions: Mapping[str, Expression], results: Iterable[Expression]) -> Closure:
    """A function that computes formulas from the values of some names.

    Nothing in it raises: what has no value is NaN, and a division by zero is infinite.

    Args:
        inputs: the names whose values come with every call, in that order.
        definitions: further names with their formulas, each after those it reads.
        results: the formulas to compute.

    Returns:
        A function from the values of the inputs to those of the results.

    Raises:
        KeyError: a formula reads a name that is neither input nor defined before.

    >>> from tamarisk.model.expression import Apply
    >>> double = Apply("times", (Number(2.0), Name("x")))
    >>> closure(["x"], {"y": double}, [Apply("divide", (Name("y"), Name("x"))), Name("y")])([4.0])
    (2.0, 8.0)
    """
    writer = _Writer({name: f"x[{position}]" for position, name in enumerate(inputs)})
    wanted = list(results)
    for name, formula in needed(definitions, wanted).items():
        writer.known[name] = writer.term(formula)
    terms = [writer.term(formula) for formula in wanted]
    body = "\n    ".join([*writer.lines, f"return ({''.join(f'{term}, ' for term in terms)})"])
    scope: dict[str, object] = {
        **{f"do_{name}": function for name, function in OPERATORS.items()},
        "inf": math.inf,
        "nan": math.nan,
    }
    exec(f"def computed(x):\n    {body}", scope)  # noqa: S102 - written here from numbers and positions, no word of the model
    return scope["computed"]  # type: ignore[return-value]


def needed(definitions: Mapping[str, Expression], results: Iterable[Expression]) -> dict[str, Expression]:
    """The definitions that some formulas need, directly or through others, in the same order.

    >>> list(needed({"a": Number(1.0), "b": Name("a"), "c": Number(2.0)}, [Name("b")]))
    ['a', 'b']
    """
    read = {name for formula in results for name in names(formula)}
    for name in reversed(list(definitions)):
        if name in read:
            read.update(names(definitions[name]))
    return {name: formula for name, formula in definitions.items() if name in read}


class _Writer:
    """Writes formulas as assignments of one operation each."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known
        self.lines: list[str] = []
        self.done: dict[tuple[str, tuple[str, ...]], str] = {}

    def term(self, formula: Expression) -> str:
        """The Python name, or number, that stands for a formula."""
        if isinstance(formula, Number):
            return f"({formula.value!r})"
        if isinstance(formula, Name):
            return self.known[formula.id]
        part = (formula.operator, tuple(self.term(argument) for argument in formula.arguments))
        if part not in self.done:
            self.done[part] = f"v{len(self.lines)}"
            self.lines.append(f"{self.done[part]} = {_operation(*part)}")
        return self.done[part]


def _operation(operator: str, terms: tuple[str, ...]) -> str:
    if operator in _SIGNS and len(terms) > 1:
        return _SIGNS[operator].join(terms)
    if operator in _RELATIONS and len(terms) == 2:
        return f"1.0 if {terms[0]} {_RELATIONS[operator]} {terms[1]} else 0.0"
    if operator in {"and", "or"} and terms:
        return f"1.0 if {f' {operator} '.join(terms)} else 0.0"
    if operator not in OPERATORS:
        raise KeyError(operator)
    return f"do_{operator}({', '.join(terms)})"
