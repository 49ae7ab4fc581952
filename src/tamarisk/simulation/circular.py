"""Sine, cosine, tangent and their inverses of lanes, as LLVM text. It knows no model and no integrator.

An angle is freed from quarter turns by a product in three parts, so that up to 2^40 nothing of it is lost; beyond, the scalar
function of the C library is called for each lane.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from tamarisk.simulation.emitter import Emitter
from tamarisk.simulation.exponential import ROUNDER, copy_sign, inverse_of
from tamarisk.simulation.extended import Pair, exact_product, exact_sum, ordered_sum, pair_quotient, polynomial

_QUARTER_TURN = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
_LARGEST_ANGLE = 2.0**40

# (sin(r) / r - 1) / r^2 in r^2 for |r| < 0.8: error 2^-57
_SIN = (
    -0.16666666666666666,
    0.008333333333333331,
    -0.000198412698412641,
    2.7557319218602575e-06,
    -2.5052105981350752e-08,
    1.6058492556729892e-10,
    -7.584436884170301e-13,
)
# (cos(r) - 1 + r^2 / 2) / r^4 in r^2 for |r| < 0.8: error 2^-59
_COS = (
    0.041666666666666664,
    -0.0013888888888887096,
    2.4801587298318395e-05,
    -2.755731704403567e-07,
    2.0876099692314926e-09,
    -1.1379338585298136e-11,
)
# (atan(t) / t - 1) / t^2 in t^2 for |t| < 0.5: error 2^-57
_ATAN = (
    -0.3333333333333333,
    0.19999999999999488,
    -0.14285714285599188,
    0.11111111100917376,
    -0.09090908620322523,
    0.07692294712540285,
    -0.06666435677235948,
    0.05879578429582425,
    -0.05240099507994713,
    0.04628024868570153,
    -0.03806653672057366,
    0.025006503566489507,
    -0.009215792047089858,
)
# (asin(s) / s - 1) / s^2 in s^2 for |s| < 0.5: error 2^-57
_ASIN = (
    0.16666666666666669,
    0.07499999999998433,
    0.04464285714635543,
    0.030381944138531247,
    0.02237217294214989,
    0.017352392720869973,
    0.013971212973552933,
    0.011479177415184906,
    0.01032281435018578,
    0.005457506718640358,
    0.01740087944269402,
    -0.014851887071247204,
    0.028757851367421566,
)


def _without_quarter_turns(e: Emitter, size: str) -> tuple[str, str, str]:
    """What an angle without sign is beyond the nearest quarter turn, in two parts, and an integer whose last bits count these."""
    rounded = e.fma(size, e.constant(2 / math.pi), e.constant(ROUNDER))
    down = e.sub(e.constant(ROUNDER), rounded)
    rest = e.fma(down, e.constant(_QUARTER_TURN[0]), size)  # exact
    product, error = exact_product(e, down, e.constant(_QUARTER_TURN[1]))
    rest, low = exact_sum(e, rest, product)
    return rest, e.add(low, e.fma(down, e.constant(_QUARTER_TURN[2]), error)), e.bits(rounded)


def _sine_and_cosine(e: Emitter, rest: str, low: str) -> tuple[Pair, Pair]:
    """Sine and cosine of rest + low within an eighth of a turn."""
    square = e.mul(rest, rest)
    half = e.mul(square, e.constant(0.5))
    sine = e.fma(e.mul(rest, square), polynomial(e, square, _SIN), e.fma(e.neg(half), low, low))
    top, error = ordered_sum(e, e.constant(1.0), e.neg(half))
    cosine = e.fma(e.mul(square, square), polynomial(e, square, _COS), e.fma(e.neg(rest), low, error))
    return (rest, sine), (top, cosine)


def _turn_sign(e: Emitter, value: str, whole: str, place: int) -> str:
    """The number with its sign turned where a bit of an integer is set."""
    return e.number(e.integer("xor", e.bits(value), e.integer("shl", e.integer("lshr", whole, place), 63)))


def _libm_where_large(e: Emitter, x: str, near: str, name: str) -> str:
    """The value found, or that of the C library's function where an angle is too large for it."""
    large = e.compare("oge", e.absolute(x), e.constant(_LARGEST_ANGLE))
    some = e.emit(f"call i1 @llvm.vector.reduce.or.v{e.lanes}i1({e.mask} {large})")
    e.lines += [f"  br i1 {some}, label %large, label %near", "near:", f"  ret {e.vector} {near}", "large:"]
    far = near
    for lane in range(e.lanes):
        angle = e.emit(f"extractelement {e.vector} {x}, i64 {lane}")
        value = e.emit(f"call double @{name}(double {angle})")
        far = e.emit(f"insertelement {e.vector} {far}, double {value}, i64 {lane}")
    return e.select(large, far, near)


def _sin(e: Emitter, x: str) -> str:
    rest, low, turns = _without_quarter_turns(e, e.absolute(x))
    sine, cosine = _sine_and_cosine(e, rest, low)
    value = _turn_sign(e, e.select(e.odd(turns), e.add(*cosine), e.add(*sine)), turns, 1)
    return _libm_where_large(e, x, _turn_sign(e, value, e.bits(x), 63), "sin")


def _cos(e: Emitter, x: str) -> str:
    rest, low, turns = _without_quarter_turns(e, e.absolute(x))
    sine, cosine = _sine_and_cosine(e, rest, low)
    value = e.select(e.odd(turns), e.add(*sine), e.add(*cosine))
    return _libm_where_large(e, x, _turn_sign(e, value, e.integer("add", turns, 1), 1), "cos")


def _tan(e: Emitter, x: str) -> str:
    rest, low, turns = _without_quarter_turns(e, e.absolute(x))
    sine, cosine = _sine_and_cosine(e, rest, low)
    sine, cosine = ordered_sum(e, *sine), ordered_sum(e, *cosine)
    odd = e.odd(turns)
    above = (e.select(odd, cosine[0], sine[0]), e.select(odd, cosine[1], sine[1]))
    below = (e.select(odd, sine[0], cosine[0]), e.select(odd, sine[1], cosine[1]))
    value = _turn_sign(e, e.add(*pair_quotient(e, above, below)), turns, 0)
    return _libm_where_large(e, x, _turn_sign(e, value, e.bits(x), 63), "tan")


def _angle(e: Emitter, quarters: str, high: str, low: str) -> str:
    """A number of quarter turns and an angle in two parts together."""
    top, error = ordered_sum(e, e.mul(quarters, e.constant(_QUARTER_TURN[0])), high)
    return e.add(top, e.add(error, e.fma(quarters, e.constant(_QUARTER_TURN[1]), low)))


def _atan(e: Emitter, x: str) -> str:
    one, zero = e.constant(1.0), e.constant(0.0)
    size = e.absolute(x)
    size = e.select(e.compare("ogt", size, e.constant(1e300)), e.constant(1e300), size)
    steep, middling = e.compare("ogt", size, e.constant(2.4)), e.compare("ogt", size, e.constant(0.5))
    total, lost = exact_sum(e, size, one)  # an eighth of a turn is taken off by (t - 1) / (t + 1), a quarter by -1 / t
    above = e.select(steep, e.constant(-1.0), e.select(middling, e.sub(size, one), size))
    below = e.select(steep, size, e.select(middling, total, one))
    lost = e.select(steep, zero, e.select(middling, lost, zero))
    t, low = pair_quotient(e, (above, None), (below, lost))
    square = e.mul(t, t)
    low = e.fma(e.mul(t, square), polynomial(e, square, _ATAN), low)
    quarters = e.select(steep, one, e.select(middling, e.constant(0.5), zero))
    return copy_sign(e, _angle(e, quarters, t, low), x)


def _arc(e: Emitter, size: str) -> tuple[str, str, str]:
    """Where a sine is above one half; the angle of that sine in two parts, there half of what is missing to a quarter turn."""
    near = e.compare("ogt", size, e.constant(0.5))
    square = e.select(near, e.fma(size, e.constant(-0.5), e.constant(0.5)), e.mul(size, size))
    root = e.sqrt(square)
    error = e.div(e.fma(e.neg(root), root, square), e.fma(root, e.constant(2.0), e.constant(1e-300)))
    s = e.select(near, root, size)
    low = e.fma(e.mul(s, square), polynomial(e, square, _ASIN), e.select(near, error, e.constant(0.0)))
    return near, s, low


def _asin(e: Emitter, x: str) -> str:
    near, high, low = _arc(e, e.absolute(x))
    quarters = e.select(near, e.constant(1.0), e.constant(0.0))
    factor = e.select(near, e.constant(-2.0), e.constant(1.0))
    return copy_sign(e, _angle(e, quarters, e.mul(factor, high), e.mul(factor, low)), x)


def _acos(e: Emitter, x: str) -> str:
    near, high, low = _arc(e, e.absolute(x))
    negative = e.compare("olt", x, e.constant(0.0))
    quarters = e.select(near, e.select(negative, e.constant(2.0), e.constant(0.0)), e.constant(1.0))
    factor = e.select(near, copy_sign(e, e.constant(2.0), x), e.neg(copy_sign(e, e.constant(1.0), x)))
    return _angle(e, quarters, e.mul(factor, high), e.mul(factor, low))


def _leg(e: Emitter, x: str) -> str:
    """The root of x^2 - 1, which is not a number within -1 and 1."""
    size, one = e.absolute(x), e.constant(1.0)
    return e.mul(e.sqrt(e.sub(size, one)), e.sqrt(e.add(size, one)))


def _asec(e: Emitter, x: str) -> str:
    angle = e.call("lane_atan", _leg(e, x))
    half_turn = e.constant(2 * _QUARTER_TURN[0])
    return e.select(e.compare("olt", x, e.constant(0.0)), e.sub(half_turn, angle), angle)


def _acsc(e: Emitter, x: str) -> str:
    return copy_sign(e, e.call("lane_atan", e.div(e.constant(1.0), _leg(e, x))), x)


CIRCULAR: Mapping[str, Callable[..., str]] = {
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "sec": inverse_of("cos"),
    "csc": inverse_of("sin"),
    "cot": inverse_of("tan"),
    "asin": _asin,
    "acos": _acos,
    "atan": _atan,
    "asec": _asec,
    "acsc": _acsc,
    "acot": lambda e, x: e.call("lane_atan", e.div(e.constant(1.0), x)),
}
