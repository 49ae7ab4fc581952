"""Algebraic rules (0 = formula) solved for what they determine, where they are linear in it. It knows formulas, not models."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tamarisk.errors import ModelError
from tamarisk.model.expression import Apply, Expression, Name, Number, names, substitute

_ZERO, _ONE = Number(0.0), Number(1.0)


def solved(rules: Sequence[Expression], free: Collection[str]) -> dict[str, Expression]:
    """The quantities that algebraic rules determine, each as a formula of the others.

    Args:
        rules: formulas that are zero at all times.
        free: quantities that nothing else determines.

    Returns:
        One formula for each rule.

    Raises:
        ModelError: a rule is not linear in what it determines, or does not say which quantity that is.

    >>> solved([Apply("minus", (Name("x"), Name("k")))], {"x"})["x"]
    Apply(operator='divide', arguments=(Apply(operator='minus', ...
    """
    unknown = sorted({name for rule in rules for name in names(rule)} & set(free))
    if len(unknown) != len(rules):
        raise ModelError(f"{len(rules)} algebraic rules do not determine {len(unknown)} free quantities")
    found: dict[str, Expression] = {}
    for rule in rules:
        reduced = rule
        for name, formula in found.items():
            reduced = substitute(reduced, {name: formula})
        name = _determined(reduced, [one for one in unknown if one not in found])
        slope, rest = _line(reduced, name) or (_ZERO, _ZERO)
        found[name] = Apply("divide", (Apply("minus", (rest,)), slope))
    return found


def _determined(rule: Expression, unknown: Sequence[str]) -> str:
    """The first unknown in which a rule is linear."""
    for name in unknown:
        line = _line(rule, name)
        if line is not None and line[0] != _ZERO:
            return name
    raise ModelError("an algebraic rule cannot be solved for what it determines")


def _line(formula: Expression, name: str) -> tuple[Expression, Expression] | None:
    """Slope and rest of a formula that is linear in a name; none where it is not."""
    if name not in set(names(formula)):
        return _ZERO, formula
    if isinstance(formula, Name):
        return _ONE, _ZERO
    if not isinstance(formula, Apply) or formula.operator not in {"plus", "minus", "times", "divide"}:
        return None
    lines = [_line(argument, name) for argument in formula.arguments]
    parts = [line for line in lines if line is not None]
    if len(parts) < len(lines):
        return None
    if formula.operator in {"plus", "minus"}:
        return _joined(formula.operator, [one[0] for one in parts]), _joined(formula.operator, [one[1] for one in parts])
    return _line_of_product(formula, parts)


def _line_of_product(formula: Apply, parts: Sequence[tuple[Expression, Expression]]) -> tuple[Expression, Expression] | None:
    """Slope and rest of a product or quotient from those of its terms; none where two terms, or the divisor, hold the name."""
    holders = [number for number, part in enumerate(parts) if part[0] != _ZERO]
    if len(holders) != 1 or (formula.operator == "divide" and holders != [0]):
        return None
    terms = list(formula.arguments)
    slope, rest = parts[holders[0]]
    return _product(formula.operator, terms, holders[0], slope), _product(formula.operator, terms, holders[0], rest)


def _joined(operator: str, terms: Sequence[Expression]) -> Expression:
    return _ZERO if all(term == _ZERO for term in terms) else Apply(operator, tuple(terms))


def _product(operator: str, terms: list[Expression], place: int, factor: Expression) -> Expression:
    if factor == _ZERO:
        return _ZERO
    return Apply(operator, (*terms[:place], factor, *terms[place + 1 :]))
