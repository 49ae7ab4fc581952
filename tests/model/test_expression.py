"""Formulas: Python's own arithmetic as the reference, and the laws of names and replacement."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.model.expression import Apply, Expression, Name, Number, evaluate, names, substitute

LAW = settings(deadline=None, max_examples=80, derandomize=True)
SIGNS = {"plus": "+", "minus": "-", "times": "*", "divide": "/"}
LEAVES = some.one_of(some.floats(0.5, 8.0).map(Number), some.sampled_from("abc").map(Name))


def grown(parts: some.SearchStrategy[Expression]) -> some.SearchStrategy[Expression]:
    """Formulas one step larger; sums and products of any number of terms, whole powers, divisors above zero."""
    above_zero = parts.map(lambda part: Apply("plus", (Number(1.0), Apply("power", (part, Number(2.0))))))
    return some.one_of(
        some.tuples(some.sampled_from(["plus", "times"]), some.lists(parts, min_size=1, max_size=3).map(tuple)).map(
            lambda one: Apply(*one)
        ),
        some.lists(parts, min_size=1, max_size=2).map(lambda terms: Apply("minus", tuple(terms))),
        some.tuples(parts, above_zero).map(lambda terms: Apply("divide", terms)),
        some.tuples(parts, some.sampled_from([1.0, 2.0]).map(Number)).map(lambda terms: Apply("power", terms)),
    )


FORMULAS = some.recursive(LEAVES, grown, max_leaves=8)
VALUES = some.fixed_dictionaries({name: some.floats(-4.0, 4.0) for name in "abc"})


def written(formula: Expression) -> str:
    """The formula as Python writes it."""
    if isinstance(formula, Number):
        return repr(formula.value)
    if isinstance(formula, Name):
        return formula.id
    terms = [f"({written(term)})" for term in formula.arguments]
    if formula.operator == "minus" and len(terms) == 1:
        return f"-{terms[0]}"
    return SIGNS.get(formula.operator, "**").join(terms)


@LAW
@given(formula=FORMULAS, values=VALUES)
def test_formulas_have_the_value_python_gives(formula: Expression, values: dict[str, float]) -> None:
    """Reference: Python's own reading of the same formula, but for the last digits of long sums."""
    theirs = eval(written(formula), {}, values)  # noqa: S307 - text that this test wrote itself
    assert evaluate(formula, values) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@LAW
@given(formula=FORMULAS, inner=FORMULAS, values=VALUES)
def test_a_replaced_name_has_the_value_of_its_formula(formula: Expression, inner: Expression, values: dict[str, float]) -> None:
    """Law: putting a formula in the place of a name is the same as giving the name that formula's value."""
    replaced = evaluate(substitute(formula, {"a": inner}), values)
    assert replaced == pytest.approx(evaluate(formula, {**values, "a": evaluate(inner, values)}), rel=1e-9, abs=1e-12)


@LAW
@given(formula=FORMULAS)
def test_names_are_what_a_formula_reads(formula: Expression) -> None:
    """Law: a formula needs every name it lists and no other."""
    read = set(names(formula))
    evaluate(formula, dict.fromkeys(read, 1.0))
    for name in read:
        with pytest.raises(KeyError):
            evaluate(formula, dict.fromkeys(read - {name}, 1.0))


@LAW
@given(formula=FORMULAS)
def test_replacing_moves_only_what_is_named(formula: Expression) -> None:
    """Law: nothing replaced leaves the formula as it was; a replaced name is gone and the others keep their order."""
    assert substitute(formula, {}) == formula
    assert substitute(formula, {"z": Number(1.0)}) == formula
    assert list(names(substitute(formula, {"a": Number(1.0)}))) == [name for name in names(formula) if name != "a"]


def test_replacements_do_not_replace_each_other() -> None:
    """Law: names swap places in one step."""
    swapped = substitute(Apply("minus", (Name("a"), Name("b"))), {"a": Name("b"), "b": Name("a")})
    assert swapped == Apply("minus", (Name("b"), Name("a")))
