"""Sums and products of lanes whose rounding error is kept, and polynomials. It knows arithmetic, no function by name."""

from __future__ import annotations

from collections.abc import Sequence

from tamarisk.simulation.emitter import Emitter

Pair = tuple[str, str]  # a number and what rounding took from it: their exact sum is meant


def ordered_sum(e: Emitter, larger: str, smaller: str) -> Pair:
    """The sum of two numbers and its rounding error, where the first is the larger one (or zero with the second)."""
    total = e.add(larger, smaller)
    return total, e.sub(smaller, e.sub(total, larger))


def exact_sum(e: Emitter, a: str, b: str) -> Pair:
    """The sum of any two numbers and its rounding error."""
    total = e.add(a, b)
    share = e.sub(total, a)
    return total, e.add(e.sub(a, e.sub(total, share)), e.sub(b, share))


def exact_product(e: Emitter, a: str, b: str) -> Pair:
    """The product of two numbers and its rounding error."""
    product = e.mul(a, b)
    return product, e.fma(a, b, e.neg(product))


def pair_product(e: Emitter, a: Pair, b: Pair) -> Pair:
    """The product of two pairs, the product of their small parts left out."""
    high, low = exact_product(e, a[0], b[0])
    return high, e.fma(a[1], b[0], e.fma(a[0], b[1], low))


def pair_quotient(e: Emitter, a: tuple[str, str | None], b: Pair) -> Pair:
    """The quotient of a pair, or of a number with nothing behind it, and a pair."""
    inverse = e.div(e.constant(1.0), b[0])
    quotient = e.mul(a[0], inverse)
    left = e.fma(e.neg(quotient), b[0], a[0])
    left = e.fma(e.neg(quotient), b[1], left if a[1] is None else e.add(left, a[1]))
    return quotient, e.mul(left, inverse)


def polynomial(e: Emitter, x: str, coefficients: Sequence[float]) -> str:
    """The polynomial whose coefficients are given from the constant upwards, in the fewest steps that wait for each other.

    >>> e = Emitter(2)
    >>> result = polynomial(e, "%x", (1.0, 2.0, 3.0))
    >>> [line.split(" = ")[1].split()[0] for line in e.lines]
    ['call', 'fmul', 'call']
    """
    terms, power = [e.constant(one) for one in coefficients], x
    while len(terms) > 1:
        pairs = [e.fma(power, odd, even) for even, odd in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[len(terms) - len(terms) % 2 :]
        power = e.mul(power, power) if len(terms) > 1 else power
    return terms[0]
