"""Exponential, logarithm, power and the hyperbolic functions of lanes, as LLVM text. It knows no model and no integrator.

A number is split into a power of two and a rest near one; the rest goes through a polynomial (Chebyshev interpolation of the
remainder of the series, worked out with 300 bits), and sums that matter are kept in two parts. Nothing is looked up in a table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from tamarisk.simulation.emitter import Emitter
from tamarisk.simulation.extended import Pair, exact_product, exact_sum, ordered_sum, pair_product, pair_quotient, polynomial

# Added to a number below 2^51 it leaves the nearest whole number in the last bits of the sum
ROUNDER = 1.5 * 2.0**52

_LN_2 = (0.6931471805599453, 2.3190468138462996e-17)
_LOG10_E = (0.4342944819032518, 1.098319650216765e-17)
_TWELFTH = (0.08333333333333333, 4.625929269271485e-18)
_EIGHTIETH = (0.0125, -6.938893903907229e-19)
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_ONE_BITS = 0x3FF0000000000000
_TWO_52_BITS = 0x4330000000000000

# (exp(r) - 1 - r) / r^2 for |r| < ln(2) / 2: error of exp 2^-61
_EXP = (
    0.5,
    0.1666666666666667,
    0.04166666666666667,
    0.008333333333326136,
    0.0013888888888883748,
    0.00019841269874820627,
    2.4801587325547743e-05,
    2.7557255400206422e-06,
    2.75572736431103e-07,
    2.5105217004720745e-08,
    2.0914686968086876e-09,
)
# ((2 artanh(s / 2) / s - 1) / s^2 - 1/12) / s^2 - 1/80, over s^2, in s^2 for |s| < 0.344: error of log 2^-72
_LOG = (
    0.002232142857142857,
    0.00043402777777779196,
    8.877840908838372e-05,
    1.8780048248140532e-05,
    4.0690047241913e-06,
    8.976783652125445e-07,
    1.9975484019670125e-07,
    5.0625933294750056e-08,
)
# (sinh(x) / x - 1) / x^2 in x^2 for |x| < 1: error 2^-56
_SINH = (
    0.16666666666666666,
    0.008333333333333299,
    0.00019841269841324198,
    2.7557319191381816e-06,
    2.5052117695907823e-08,
    1.6057679623801638e-10,
    7.746178593018827e-13,
)
# (tanh(x) / x - 1) / x^2 in x^2 for |x| < 0.55: error 2^-57
_TANH = (
    -0.3333333333333333,
    0.13333333333332714,
    -0.053968253967434016,
    0.021869488493666944,
    -0.008863234397814355,
    0.003592110378689024,
    -0.001455661830100716,
    0.0005889360520074057,
    -0.0002346347410887237,
    8.511313685577672e-05,
    -2.060276537636634e-05,
)


def copy_sign(e: Emitter, magnitude: str, sign: str) -> str:
    """A number of no sign given the sign of another."""
    return e.number(e.integer("or", e.bits(magnitude), e.integer("and", e.bits(sign), -(2**63))))


def _power_of_e(e: Emitter, x: str, low: str | None = None, *, halved: bool = False) -> str:
    """exp(x + low), or half of it; where x is out of range, low is left out."""
    if low is not None:
        low = e.select(e.compare("olt", e.absolute(x), e.constant(800.0)), low, e.constant(0.0))
    x = e.select(e.compare("ogt", x, e.constant(712.0)), e.constant(712.0), x)
    x = e.select(e.compare("olt", x, e.constant(-747.0)), e.constant(-747.0), x)
    rounded = e.fma(x, e.constant(1 / math.log(2)), e.constant(ROUNDER))
    down = e.sub(e.constant(ROUNDER), rounded)  # minus the exponent of two
    rest, minor = e.fma(down, e.constant(_LN_2[0]), x), e.constant(_LN_2[1])
    rest, tail = ordered_sum(e, rest, e.mul(down, minor) if low is None else e.fma(down, minor, low))
    curve = e.fma(e.mul(rest, rest), polynomial(e, rest, _EXP), tail)
    total, error = ordered_sum(e, e.constant(1.0), rest)
    mantissa = e.add(total, e.add(error, curve))
    half = e.bits(e.fma(down, e.constant(-0.5), e.constant(ROUNDER)))  # in two steps, as 2^1024 is no number
    other = e.integer("sub", e.bits(rounded), half)
    for exponent, bias in ((half, 1023), (other, 1022 if halved else 1023)):
        mantissa = e.mul(mantissa, e.number(e.integer("shl", e.integer("add", exponent, bias), 52)))
    return mantissa


def _split(e: Emitter, x: str) -> Pair:
    """The power of two in a positive number, as a number, and the rest between sqrt(1/2) and sqrt(2)."""
    small = e.compare("olt", x, e.constant(2.0**-1022))
    bits = e.bits(e.select(small, e.mul(x, e.constant(2.0**54)), x))
    biased = e.integer("lshr", e.integer("add", bits, _ONE_BITS - _SQRT_HALF_BITS), 52)
    rest = e.integer("sub", bits, e.integer("shl", e.integer("add", biased, -1023), 52))
    shift = e.select(small, e.constant(2.0**52 + 1023 + 54), e.constant(2.0**52 + 1023))
    return e.sub(e.number(e.integer("or", biased, _TWO_52_BITS)), shift), e.number(rest)


def logarithm(e: Emitter, x: str, low: str | None = None) -> Pair:
    """log(x + low) for x >= 0 and a low far smaller, to 2^-68; not a number stays one, and the ends are infinite."""
    exponent, rest = _split(e, x)
    excess = e.sub(rest, e.constant(1.0))
    s = pair_quotient(e, (e.add(excess, excess), None), ordered_sum(e, e.constant(2.0), excess))  # log(rest) = 2 artanh(s / 2)
    square = pair_product(e, s, s)
    series = ordered_sum(e, e.constant(_EIGHTIETH[0]), e.mul(square[0], polynomial(e, square[0], _LOG)))
    series = pair_product(e, square, (series[0], e.add(series[1], e.constant(_EIGHTIETH[1]))))
    top, tail = ordered_sum(e, e.constant(_TWELFTH[0]), series[0])
    tail = e.add(tail, e.add(series[1], e.constant(_TWELFTH[1])))
    cubic = pair_product(e, s, pair_product(e, square, (top, tail)))
    octaves, fine = exact_product(e, exponent, e.constant(_LN_2[0]))
    fine = e.fma(exponent, e.constant(_LN_2[1]), fine)
    high, first = ordered_sum(e, octaves, s[0])
    high, second = ordered_sum(e, high, cubic[0])
    tail = e.add(e.add(first, second), e.add(e.add(cubic[1], s[1]), fine))
    if low is not None:
        tail = e.add(tail, e.div(low, x))
    high, tail = ordered_sum(e, high, tail)
    return _with_infinite_ends(e, x, high), tail


def _with_infinite_ends(e: Emitter, x: str, result: str) -> str:
    result = e.select(e.compare("olt", x, e.constant(math.inf)), result, x)
    return e.select(e.compare("oeq", x, e.constant(0.0)), e.constant(-math.inf), result)


def _refuse_negative(e: Emitter, x: str, result: str) -> str:
    return e.select(e.compare("olt", x, e.constant(0.0)), e.constant(math.nan), result)


def _exp(e: Emitter, x: str) -> str:
    return _power_of_e(e, x)


def _log(e: Emitter, x: str) -> str:
    exponent, rest = _split(e, x)
    excess = e.sub(rest, e.constant(1.0))
    half = e.div(excess, e.add(e.constant(2.0), excess))  # log(rest) = 2 artanh(half)
    double = e.add(half, half)
    square = e.mul(double, double)
    series = e.mul(e.add(square, square), polynomial(e, square, (_TWELFTH[0], _EIGHTIETH[0], *_LOG)))
    octaves, fine = exact_product(e, exponent, e.constant(_LN_2[0]))
    high, low = ordered_sum(e, octaves, excess)
    low = e.add(low, e.fma(exponent, e.constant(_LN_2[1]), fine))
    result = e.add(high, e.sub(low, e.mul(half, e.sub(excess, series))))
    return _refuse_negative(e, x, _with_infinite_ends(e, x, result))


def _log10(e: Emitter, x: str) -> str:
    high, low = logarithm(e, x)
    inside = e.compare("olt", e.absolute(high), e.constant(math.inf))
    low = e.fma(low, e.constant(_LOG10_E[0]), e.mul(high, e.constant(_LOG10_E[1])))
    product, error = exact_product(e, high, e.constant(_LOG10_E[0]))
    return _refuse_negative(e, x, e.select(inside, e.add(product, e.add(error, low)), high))


def _pow(e: Emitter, x: str, y: str) -> str:
    one, zero = e.constant(1.0), e.constant(0.0)
    size = e.absolute(x)
    high, low = logarithm(e, size)
    product, error = exact_product(e, y, high)
    power = _power_of_e(e, product, e.fma(y, low, error))
    power = e.select(e.either(e.compare("oeq", y, zero), e.compare("oeq", size, one)), one, power)
    half = e.mul(y, e.constant(0.5))
    whole = e.compare("oeq", e.floor(y), y)
    odd = e.both(whole, e.compare("one", e.floor(half), half))
    signed = e.select(odd, copy_sign(e, power, x), power)
    defined = e.either(whole, e.compare("oeq", size, e.constant(math.inf)))
    defined = e.either(defined, e.opposite(e.compare("olt", x, zero)))
    return e.select(defined, signed, e.constant(math.nan))


def _sinh(e: Emitter, x: str) -> str:
    size = e.absolute(x)
    half = _power_of_e(e, size, halved=True)
    large = e.sub(half, e.div(e.constant(0.25), half))
    square = e.mul(x, x)
    small = e.fma(e.mul(size, square), polynomial(e, square, _SINH), size)
    return copy_sign(e, e.select(e.compare("olt", size, e.constant(1.0)), small, large), x)


def _cosh(e: Emitter, x: str) -> str:
    half = _power_of_e(e, e.absolute(x), halved=True)
    return e.add(half, e.div(e.constant(0.25), half))


def _tanh(e: Emitter, x: str) -> str:
    size, two = e.absolute(x), e.constant(2.0)
    large = e.sub(e.constant(1.0), e.div(two, e.add(_power_of_e(e, e.add(size, size)), e.constant(1.0))))
    square = e.mul(x, x)
    small = e.fma(e.mul(size, square), polynomial(e, square, _TANH), size)
    return copy_sign(e, e.select(e.compare("olt", size, e.constant(0.55)), small, large), x)


def _log_of_one_more(e: Emitter, u: str, behind: str | None = None) -> Pair:
    """log(1 + u) for u > -1, and for what rounding took from u."""
    total, low = exact_sum(e, e.constant(1.0), u)
    low = low if behind is None else e.add(low, behind)
    return logarithm(e, total, e.select(e.compare("olt", total, e.constant(math.inf)), low, e.constant(0.0)))


def _log_of_sum(e: Emitter, over: str, excess: str, behind: str | None = None) -> str:
    """log(1 + excess), or log(2 (1 + over)) where that is so large that its square could overflow."""
    large, zero = e.compare("oge", over, e.constant(1e9)), e.constant(0.0)
    behind = behind if behind is None else e.select(large, zero, behind)
    high, low = _log_of_one_more(e, e.select(large, over, excess), behind)
    return e.add(high, e.add(low, e.select(large, e.constant(_LN_2[0]), e.constant(0.0))))


def _asinh(e: Emitter, x: str) -> str:
    size, square, one = e.absolute(x), e.mul(x, x), e.constant(1.0)
    excess = e.add(size, e.div(square, e.add(one, e.sqrt(e.add(one, square)))))
    return copy_sign(e, _log_of_sum(e, e.sub(size, one), excess), x)


def _acosh_above_one(e: Emitter, over: str) -> str:
    """The number whose hyperbolic cosine is 1 + over."""
    square, left = exact_product(e, over, over)
    total, rest = exact_sum(e, e.add(over, over), square)
    root = e.sqrt(total)
    left = e.add(e.fma(e.neg(root), root, total), e.add(rest, left))
    left = e.select(e.compare("ogt", root, e.constant(0.0)), e.div(left, e.add(root, root)), e.constant(0.0))
    excess, behind = exact_sum(e, over, root)
    return _refuse_negative(e, over, _log_of_sum(e, over, excess, e.add(behind, left)))


def _acosh(e: Emitter, x: str) -> str:
    return _acosh_above_one(e, e.sub(x, e.constant(1.0)))


def _asech(e: Emitter, x: str) -> str:
    return _acosh_above_one(e, e.div(e.sub(e.constant(1.0), x), x))


def _half_log_of_one_more(e: Emitter, u: str, sign: str) -> str:
    half = e.mul(e.add(*_log_of_one_more(e, u)), e.constant(0.5))
    return copy_sign(e, _refuse_negative(e, u, half), sign)


def _atanh(e: Emitter, x: str) -> str:
    size = e.absolute(x)
    return _half_log_of_one_more(e, e.div(e.add(size, size), e.sub(e.constant(1.0), size)), x)


def _acoth(e: Emitter, x: str) -> str:
    return _half_log_of_one_more(e, e.div(e.constant(2.0), e.sub(e.absolute(x), e.constant(1.0))), x)


def inverse_of(name: str) -> Callable[[Emitter, str], str]:
    """The function that is one over another."""
    return lambda e, x: e.div(e.constant(1.0), e.call(f"lane_{name}", x))


def _inverse_of_hyperbolic(name: str) -> Callable[[Emitter, str], str]:
    """One over sinh or cosh, also where these are too large for a number."""

    def function(e: Emitter, x: str) -> str:
        far = _power_of_e(e, e.neg(e.absolute(x)))
        far = e.add(far, far)
        near = inverse_of(name)(e, x)
        return e.select(e.compare("ogt", e.absolute(x), e.constant(700.0)), copy_sign(e, far, near), near)

    return function


EXPONENTIAL: Mapping[str, Callable[..., str]] = {
    "exp": _exp,
    "log": _log,
    "log10": _log10,
    "pow": _pow,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "sech": _inverse_of_hyperbolic("cosh"),
    "csch": _inverse_of_hyperbolic("sinh"),
    "coth": inverse_of("tanh"),
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
    "asech": _asech,
    "acsch": lambda e, x: e.call("lane_asinh", e.div(e.constant(1.0), x)),
    "acoth": _acoth,
}
