"""SBML's formulas as expressions. It knows MathML's operators and a model's function definitions, not what is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import libsbml

from tamarisk.errors import ModelError
from tamarisk.model.expression import Apply, Expression, Name, Number, substitute
from tamarisk.model.system import TIME

RATE_OF = "rateOf"  # stands for a rate of change until the rates are known

_FUNCTIONS = (
    *("exp", "ln", "abs", "floor", "factorial", "min", "max", "quotient", "rem", "piecewise"),
    *(f"{arc}{name}{end}" for arc in ("", "arc") for name in ("sin", "cos", "tan", "sec", "csc", "cot") for end in ("", "h")),
)
_RELATIONS = ("lt", "leq", "gt", "geq", "eq", "neq")
_OPERATORS = {
    libsbml.AST_PLUS: "plus",
    libsbml.AST_MINUS: "minus",
    libsbml.AST_TIMES: "times",
    libsbml.AST_DIVIDE: "divide",
    libsbml.AST_POWER: "power",
    libsbml.AST_FUNCTION_POWER: "power",
    libsbml.AST_FUNCTION_CEILING: "ceil",
    libsbml.AST_FUNCTION_ROOT: "root",
    libsbml.AST_FUNCTION_LOG: "log",
    libsbml.AST_FUNCTION_RATE_OF: RATE_OF,
    **{getattr(libsbml, f"AST_FUNCTION_{name.upper()}"): name for name in _FUNCTIONS},
    **{getattr(libsbml, f"AST_RELATIONAL_{name.upper()}"): name for name in _RELATIONS},
    **{getattr(libsbml, f"AST_LOGICAL_{name.upper()}"): name for name in ("and", "or", "not", "xor", "implies")},
}
_CONSTANTS = {
    libsbml.AST_CONSTANT_E: math.e,
    libsbml.AST_CONSTANT_PI: math.pi,
    libsbml.AST_CONSTANT_TRUE: 1.0,
    libsbml.AST_CONSTANT_FALSE: 0.0,
}
_EMPTY = {"plus": 0.0, "times": 1.0, "and": 1.0, "or": 0.0, "xor": 0.0}


class Formulas:
    """Reads the formulas of one model.

    Args:
        source: libsbml's model.
    """

    def __init__(self, source: Any) -> None:
        self._definitions = {one.getId(): one for one in source.getListOfFunctionDefinitions()}
        self._read: dict[str, tuple[tuple[str, ...], Expression]] = {}

    def of(self, element: Any) -> Expression | None:
        """The formula of a rule, a law, a delay or the like; none where it has none.

        Raises:
            ModelError: the formula uses something that is not solved here.
        """
        return self.read(element.getMath()) if element is not None and element.isSetMath() else None

    def of_all(self, elements: Mapping[str, Any]) -> dict[str, Expression]:
        """The formulas of those elements that have one.

        Raises:
            ModelError: a formula uses something that is not solved here.
        """
        found = {name: self.of(element) for name, element in elements.items()}
        return {name: formula for name, formula in found.items() if formula is not None}

    def read(self, node: Any) -> Expression:
        """A tree of libsbml's as an expression, function definitions written out.

        Raises:
            ModelError: the formula uses something that is not solved here.
        """
        kind = node.getType()
        if node.isNumber() or kind == libsbml.AST_NAME_AVOGADRO:
            return Number(float(node.getValue()))
        if kind in _CONSTANTS:
            return Number(_CONSTANTS[kind])
        if node.isName():
            return Name(TIME if kind == libsbml.AST_NAME_TIME else node.getName())
        if kind == libsbml.AST_FUNCTION_DELAY:
            raise ModelError("the model uses delay(), an equation with memory, which is not solved here")
        if kind != libsbml.AST_FUNCTION and kind not in _OPERATORS:
            raise ModelError(f"'{libsbml.formulaToL3String(node)}' uses an operator that is not solved here")
        arguments = tuple(self.read(node.getChild(position)) for position in range(node.getNumChildren()))
        if kind == libsbml.AST_FUNCTION:
            return self._called(node.getName(), arguments)
        return _applied(_OPERATORS[kind], arguments)

    def _called(self, name: str, arguments: tuple[Expression, ...]) -> Expression:
        parameters, body = self._definition(name)
        if len(parameters) != len(arguments):
            raise ModelError(f"the function '{name}' takes {len(parameters)} arguments, not {len(arguments)}")
        return substitute(body, dict(zip(parameters, arguments, strict=True)))

    def _definition(self, name: str) -> tuple[tuple[str, ...], Expression]:
        if name not in self._read:
            one = self._definitions.pop(name, None)
            if one is None:
                raise ModelError(f"the function '{name}' has no definition, or one that calls itself")
            body = one.getBody() if one.isSetMath() else None
            if body is None:
                raise ModelError(f"the function '{name}' is called, which has no formula")
            parameters = tuple(one.getArgument(position).getName() for position in range(one.getNumArguments()))
            self._read[name] = (parameters, self.read(body))
        return self._read[name]


def _applied(operator: str, arguments: tuple[Expression, ...]) -> Expression:
    """An operator as ours: MathML's optional arguments filled in, empty sums and products as numbers."""
    if not arguments:
        if operator not in _EMPTY:
            raise ModelError(f"the operator '{operator}' has no arguments")
        return Number(_EMPTY[operator])
    if operator == "root" and (len(arguments) == 1 or arguments[0] == Number(2.0)):
        return Apply("sqrt", arguments[-1:])
    if operator == "log" and (len(arguments) == 1 or arguments[0] == Number(10.0)):
        return Apply("log10", arguments[-1:])
    return Apply(operator, arguments)
