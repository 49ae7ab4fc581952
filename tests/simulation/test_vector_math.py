"""Elementary functions of lanes: against wider arithmetic, C99's special values, and themselves at other widths."""

from __future__ import annotations

import ctypes
import functools
import itertools
import math
import platform
import re
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from llvmlite import binding

from tamarisk.errors import UnknownNameError
from tamarisk.simulation.emitter import Emitter
from tamarisk.simulation.exponential import logarithm
from tamarisk.simulation.vector_math import FUNCTIONS, vector_functions

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Function = Callable[..., Numbers]

POINTS = 50_000  # per stretch of the line; every function has two or three
WIDTHS = (1, 2, 4, 8)
WIDE = np.longdouble
HALF_TURN = WIDE("3.14159265358979323846264338327950288")
# fmt: off
SPECIAL = np.array([
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 27.0, 1 - 2.0**-53, 1 + 2.0**-52, 1e9, 1e22, 2.0**31 + 1, 2.0**40, 709.782712893384, 709.79,
    710.4, 745.13, 745.14, 5e-324, 1e-310, 2.0**-1022, 1.7976931348623157e308, 2.0**52 + 0.5, 2.0**53 - 1, 2.0**53, 2.0**53 + 2,
    math.inf,
])
# fmt: on
SPECIAL = np.concatenate([SPECIAL, -SPECIAL, [math.nan]])


def engine_of(text: str, processor: str = "") -> binding.ExecutionEngine:
    """Compiled text, for this machine or for the processor named."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = "" if processor else binding.get_host_cpu_features().flatten()
    target = binding.Target.from_default_triple()
    machine = target.create_target_machine(cpu=processor or binding.get_host_cpu_name(), features=features, opt=1, jit=True)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(text), machine)
    engine.finalize_object()
    return engine


@functools.cache
def compiled(lanes: int, processor: str = "") -> dict[str, Function]:
    """Every function at one width, as a function of arrays; the last vector is filled up with ones."""
    loops = "".join(_loop(name, lanes) for name in FUNCTIONS)
    engine = engine_of(vector_functions(FUNCTIONS, lanes) + loops, processor)
    return {name: functools.partial(_applied, engine, f"loop_{name}", lanes) for name in FUNCTIONS}


def _loop(name: str, lanes: int) -> str:
    e = Emitter(lanes)
    vectors = [e.load(e.element(pointer, "%i")) for pointer in (("%x", "%y") if name == "pow" else ("%x",))]
    e.store(e.call(f"lane_{name}", *vectors), e.element("%out", "%i"))
    return (
        f"define void @loop_{name}(i64 %count, ptr %x, ptr %y, ptr %out) {{\nentry:\n  br label %loop\nloop:\n"
        "  %i = phi i64 [0, %entry], [%next, %loop]\n" + "\n".join(e.lines) + "\n  %next = add i64 %i, 1\n"
        "  %more = icmp slt i64 %next, %count\n  br i1 %more, label %loop, label %done\ndone:\n  ret void\n}\n"
    )


def _applied(engine: binding.ExecutionEngine, name: str, lanes: int, x: Numbers, y: Numbers | None = None) -> Numbers:
    count = -(-len(x) // lanes)
    vectors = np.ones((2, count * lanes))
    vectors[0, : len(x)] = x
    vectors[1, : len(x)] = 1.0 if y is None else y
    found = np.empty(count * lanes)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    kind(engine.get_function_address(name))(count, vectors[0].ctypes.data, vectors[1].ctypes.data, found.ctypes.data)
    return found[: len(x)]


def off(found: Numbers, exact: np.ndarray[Any, np.dtype[np.longdouble]]) -> float:
    """The largest error in units of the last place of the exact result; infinite where only one of the two is finite."""
    with np.errstate(all="ignore"):
        nearest = exact.astype(float)
        error = np.abs(found.astype(WIDE) - exact) / np.spacing(np.abs(nearest)).astype(WIDE)
    agree = (found == nearest) | (np.isnan(found) & np.isnan(nearest))
    return float(np.where(np.isfinite(nearest) & np.isfinite(found), error, np.where(agree, 0.0, np.inf)).max())


def same(found: Numbers, expected: Numbers) -> Numbers:
    """Where numbers agree to the sign of zero, any not-a-number being as good as another."""
    return (np.isnan(found) & np.isnan(expected)) | ((found == expected) & (np.signbit(found) == np.signbit(expected)))


def between(low: float, high: float) -> Numbers:
    """Numbers spread evenly, the same at every call."""
    return np.random.default_rng(11).uniform(low, high, POINTS)


def magnitudes(low: float, high: float) -> Numbers:
    """Numbers of both signs whose size is spread evenly over powers of two."""
    dice = np.random.default_rng(12)
    return 2.0 ** dice.uniform(low, high, POINTS) * dice.choice([-1.0, 1.0], POINTS)


def near_one(low: float = -52.0) -> Numbers:
    """Numbers on both sides of one, as near to it as numbers are."""
    return 1.0 + magnitudes(low, -1.0)


def _leg(x: Any) -> Any:
    return np.sqrt(np.abs(x) - 1) * np.sqrt(np.abs(x) + 1)


def _acosh_of_one_and(over: Any) -> Any:
    return np.log1p(over + np.sqrt(over * (over + 2)))


# Numerators of the best fractions for pi: whole numbers that lie next to a half turn's multiple
HALF_TURNS = np.array(
    [22.0, 355.0, 103993.0, 104348.0, 208341.0, 312689.0, 833719.0, 1146408.0, 4272943.0, 80143857.0, 411557987.0]
)
ANGLES = (
    between(-7, 7),
    between(-1e6, 1e6),
    magnitudes(-300, 40),
    np.round(between(0, 1e6)) * np.pi / 2,
    HALF_TURNS,
    HALF_TURNS / 2,
)
HYPERBOLIC = (between(-2, 2), between(-711, 711), magnitudes(-100, 3))
POSITIVE = (np.abs(magnitudes(-1074, 1024)), between(0.4, 2.2), near_one())
SINES = (between(-1, 1), magnitudes(-60, 0), 1 - np.abs(magnitudes(-53, -1)))
SECANTS = (magnitudes(0, 1000), 1 + np.abs(magnitudes(-52, 1)), -1 - np.abs(magnitudes(-52, 1)))
WHOLE_LINE = (magnitudes(-1000, 1000), between(-5, 5))

# Name: largest error in units of the last place, where, and the function in wider arithmetic
BARS: dict[str, tuple[float, tuple[Numbers, ...], Callable[[Any], Any]]] = {
    "exp": (0.8, (between(-746, 711), between(-1, 1), magnitudes(-60, 3)), np.exp),
    "log": (0.9, POSITIVE, np.log),
    "log10": (0.6, POSITIVE, np.log10),
    "sin": (0.8, ANGLES, np.sin),
    "cos": (0.8, ANGLES, np.cos),
    "tan": (1.1, ANGLES, np.tan),
    "asin": (0.8, SINES, np.arcsin),
    "acos": (0.8, SINES, np.arccos),
    "atan": (0.8, WHOLE_LINE, np.arctan),
    "sinh": (1.8, HYPERBOLIC, np.sinh),
    "cosh": (1.3, HYPERBOLIC, np.cosh),
    "tanh": (1.6, HYPERBOLIC, np.tanh),
    "asinh": (1.6, WHOLE_LINE, np.arcsinh),
    "atanh": (2.0, SINES, np.arctanh),
    "acosh": (1.2, (np.abs(magnitudes(0, 1023)), 1 + np.abs(magnitudes(-52, 1))), lambda x: _acosh_of_one_and(x - 1)),
    "sec": (2.0, ANGLES, lambda x: 1 / np.cos(x)),
    "csc": (2.0, ANGLES, lambda x: 1 / np.sin(x)),
    "cot": (2.0, ANGLES, lambda x: 1 / np.tan(x)),
    "sech": (2.6, (*HYPERBOLIC, between(700, 746)), lambda x: 1 / np.cosh(x)),
    "csch": (2.6, (*HYPERBOLIC, between(700, 746)), lambda x: 1 / np.sinh(x)),
    "coth": (3.3, HYPERBOLIC, lambda x: 1 / np.tanh(x)),
    "asec": (3.3, SECANTS, lambda x: np.where(x > 0, np.arctan(_leg(x)), HALF_TURN - np.arctan(_leg(x)))),
    "acsc": (3.3, SECANTS, lambda x: np.copysign(np.arctan(1 / _leg(x)), x)),
    "acot": (1.6, WHOLE_LINE, lambda x: np.arctan(1 / x)),
    "asech": (2.0, (np.abs(magnitudes(-1000, 0)), 1 - np.abs(magnitudes(-53, -1))), lambda x: _acosh_of_one_and((1 - x) / x)),
    "acsch": (2.4, WHOLE_LINE, lambda x: np.arcsinh(1 / x)),
    "acoth": (2.0, SECANTS, lambda x: np.copysign(np.log1p(2 / (np.abs(x) - 1)) / 2, x)),
}

wide = pytest.mark.skipif(np.finfo(WIDE).nmant < 63, reason="no arithmetic wider than a double on this machine")


# accuracy


@wide
@pytest.mark.parametrize("name", BARS)
def test_errors_stay_below_two_units(name: str) -> None:
    """Reference: with 64 bits of mantissa; at most 2 units of the last place, those made from others aside."""
    bar, stretches, exact = BARS[name]
    for x in stretches:
        with np.errstate(all="ignore"):
            assert off(compiled(8)[name](x), exact(x.astype(WIDE))) < bar


def test_every_function_has_a_bar() -> None:
    """Law: no function is without a bar on its error, and those that the C library has are held to 2 units."""
    assert BARS.keys() | {"pow"} == FUNCTIONS.keys()
    held = {"exp", "log", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"}
    assert max(BARS[name][0] for name in held) <= 2.0


@wide
def test_power_is_accurate_up_to_the_last_exponent() -> None:
    """Reference: with 64 bits of mantissa; results from the smallest subnormal to overflow, bases next to one."""
    for x in (*POSITIVE, np.abs(between(0, 100))):
        with np.errstate(all="ignore"):
            y = np.random.default_rng(3).uniform(-746, 711, len(x)) / np.log(x)
            y = np.where(np.isfinite(y), y, 1.0)
            assert off(compiled(8)["pow"](x, y), x.astype(WIDE) ** y.astype(WIDE)) < 0.9
        small = between(-8, 8)
        assert off(compiled(8)["pow"](x, small), x.astype(WIDE) ** small.astype(WIDE)) < 0.9


def _decimal_error(found: float, exact: Decimal) -> float:
    return float(abs(Decimal(found) - exact) / Decimal(math.ulp(float(exact))))


@pytest.mark.parametrize(("name", "bar"), [("exp", 0.8), ("log", 0.9), ("log10", 0.6), ("pow", 0.9)])
def test_decimals_agree(name: str, bar: float) -> None:
    """Reference: forty decimal digits, which owe nothing to any C library."""
    dice = np.random.default_rng(5)
    x = dice.uniform(-700, 700, 400) if name == "exp" else 2.0 ** dice.uniform(-1070, 1020, 400)
    y = dice.uniform(-700, 700, 400) / np.log(x) if name == "pow" else np.ones(400)
    found = compiled(4)[name](x, y)
    exact = {"exp": lambda a, _: a.exp(), "log": lambda a, _: a.ln(), "log10": lambda a, _: a.log10(), "pow": lambda a, b: a**b}[
        name
    ]
    with localcontext(Context(prec=40)):
        errors = [
            _decimal_error(f, exact(Decimal(a), Decimal(b)))
            for f, a, b in zip(found.tolist(), x.tolist(), y.tolist(), strict=True)
        ]
    assert max(errors) < bar


def test_logarithm_of_powers_has_68_bits() -> None:
    """Reference: sixty decimal digits; the two parts that a power is made from miss the logarithm by less than 2^-68 of it."""
    dice = np.random.default_rng(6)
    x = np.concatenate([dice.uniform(0.7, 1.42, 512), near_one()[:256], np.abs(magnitudes(-1074, 1023))[:256]])
    e = Emitter(len(x))
    for place, part in enumerate(logarithm(e, e.load("%x"))):
        e.store(part, e.element("%out", place))
    engine = engine_of("define void @parts(ptr %x, ptr %out) {\n" + "\n".join(e.lines) + "\n  ret void\n}\n")
    found = np.empty((2, len(x)))
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
    kind(engine.get_function_address("parts"))(x.ctypes.data, found.ctypes.data)
    with localcontext(Context(prec=60)):
        exact = [Decimal(one).ln() for one in x.tolist()]
        errors = [abs((Decimal(a) + Decimal(b) - c) / c) for a, b, c in zip(*found.tolist(), exact, strict=True) if c]
    assert max(errors) < Decimal(2) ** -68


def test_results_that_are_numbers_are_hit() -> None:
    """Reference: whole powers that a double holds come out exactly."""
    f = compiled(8)
    exponents = np.arange(-1074.0, 1024.0)
    assert f["pow"](np.full_like(exponents, 2.0), exponents).tolist() == [math.ldexp(1.0, int(k)) for k in exponents]
    cases = [(base, k) for base in (3, 5, 7, 10, 11) for k in range(40) if base**k < 2**53]
    found = f["pow"](np.array([a for a, _ in cases], dtype=float), np.array([k for _, k in cases], dtype=float))
    assert found.tolist() == [float(a**k) for a, k in cases]
    tens = [10.0**k for k in range(23)]
    assert f["log10"](np.array(tens)).tolist() == list(range(23))
    x = magnitudes(-1074, 1023)
    assert np.array_equal(f["pow"](x, np.ones_like(x)), x)


# special values


def test_special_powers_are_those_of_c99() -> None:
    """Reference: NumPy's power at every pair of zeros, infinities, whole and huge numbers, signs included."""
    x, y = np.array(list(itertools.product(SPECIAL, SPECIAL))).T
    with np.errstate(all="ignore"):
        expected = np.power(x, y)
        near = np.abs(compiled(8)["pow"](x, y) - expected) <= np.spacing(np.abs(expected))
    found = compiled(8)["pow"](x, y)
    wrong = ~(same(found, expected) | near)
    assert [(a, b) for a, b in zip(x[wrong], y[wrong], strict=True)] == []


@pytest.mark.parametrize(
    ("base", "exponent", "power"),
    [
        (-2.0, 3.0, -8.0),
        (-2.0, 2.0, 4.0),
        (-2.0, 0.5, math.nan),
        (-1.0, 2.0**53 - 1, -1.0),
        (-1.0, 2.0**53, 1.0),
        (-1.0, math.inf, 1.0),
        (-1.0, math.nan, math.nan),
        (1.0, math.nan, 1.0),
        (math.nan, 0.0, 1.0),
        (0.0, 0.0, 1.0),
        (-0.0, -3.0, -math.inf),
        (-0.0, -2.0, math.inf),
        (-0.0, 3.0, -0.0),
        (0.0, -0.5, math.inf),
        (-math.inf, 0.5, math.inf),
        (-math.inf, 3.0, -math.inf),
        (-math.inf, -3.0, -0.0),
        (0.5, math.inf, 0.0),
        (0.5, -math.inf, math.inf),
        (10.0, -400.0, 0.0),
        (10.0, 400.0, math.inf),
        (-10.0, 401.0, -math.inf),
    ],
)
def test_named_powers(base: float, exponent: float, power: float) -> None:
    """Reference: C99, annex F, pow: zero, one, infinity, not-a-number, and negative bases with odd, even and broken exponents."""
    assert same(compiled(1)["pow"](np.array([base]), np.array([exponent])), np.array([power])).all()


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("exp", 0.0, 1.0),
        ("exp", -math.inf, 0.0),
        ("exp", math.inf, math.inf),
        ("exp", 709.782712893384, 1.7976931348622732e308),
        ("exp", 709.7827128933841, math.inf),
        ("exp", -745.1332191019411, 5e-324),
        ("exp", -745.1332191019412, 0.0),
        ("log", 0.0, -math.inf),
        ("log", -0.0, -math.inf),
        ("log", -5e-324, math.nan),
        ("log", -math.inf, math.nan),
        ("log", math.inf, math.inf),
        ("log", 1.0, 0.0),
        ("log", 5e-324, -744.4400719213812),
        ("log10", 0.0, -math.inf),
        ("log10", -1.0, math.nan),
        ("sin", -0.0, -0.0),
        ("sin", math.inf, math.nan),
        ("cos", 0.0, 1.0),
        ("cos", -math.inf, math.nan),
        ("tan", -0.0, -0.0),
        ("asin", 1.0, math.pi / 2),
        ("asin", 1.0000000000000002, math.nan),
        ("acos", 1.0, 0.0),
        ("acos", -1.0, math.pi),
        ("acos", -1.0000000000000002, math.nan),
        ("atan", math.inf, math.pi / 2),
        ("atan", -0.0, -0.0),
        ("sinh", -math.inf, -math.inf),
        ("sinh", -0.0, -0.0),
        ("cosh", -math.inf, math.inf),
        ("tanh", -math.inf, -1.0),
        ("tanh", 5e-324, 5e-324),
        ("asinh", -math.inf, -math.inf),
        ("acosh", 1.0, 0.0),
        ("acosh", -3.0, math.nan),
        ("acosh", math.inf, math.inf),
        ("atanh", -1.0, -math.inf),
        ("atanh", 1.5, math.nan),
        ("sec", 0.0, 1.0),
        ("csc", -0.0, -math.inf),
        ("cot", 0.0, math.inf),
        ("sech", math.inf, 0.0),
        ("csch", -math.inf, -0.0),
        ("coth", -math.inf, -1.0),
        ("asec", -math.inf, math.pi / 2),
        ("asec", 0.5, math.nan),
        ("acsc", -1.0, -math.pi / 2),
        ("acot", -math.inf, -0.0),
        ("asech", 0.0, math.inf),
        ("asech", 1.5, math.nan),
        ("acsch", 0.0, math.inf),
        ("acoth", 1.0, math.inf),
        ("acoth", 0.5, math.nan),
    ],
)
def test_named_values(name: str, x: float, value: float) -> None:
    """Reference: C99, annex F, at the ends of each function's range and just beyond; the rest by definition."""
    assert same(compiled(2)[name](np.array([x])), np.array([value])).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_not_a_number_stays_one(name: str) -> None:
    """Law: what is not a number has no function value."""
    assert np.isnan(compiled(8)[name](np.array([math.nan]), np.array([2.0]))).all()


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"exp", "log", "log10", "pow", "acos", "asec", "acosh", "asech"}))
def test_signs_mirror(name: str) -> None:
    """Law: even functions are even and odd ones odd, to the bit."""
    x = np.concatenate([magnitudes(-20, 8)[:2000], magnitudes(-1074, 1023)[:2000]])
    found, mirrored = compiled(8)[name](x), compiled(8)[name](-x)
    assert same(mirrored, found if name in {"cos", "sec", "cosh", "sech"} else -found).all()


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_huge_angles_go_to_the_c_library(name: str) -> None:
    """Reference: from 2^40 on each lane has the C library's number, and a neighbour below keeps its own."""
    x = np.array([2.0**40, 1.0, -3e15, 6381956970095103 * 2.0**797, 2.0, 1e300, -0.5, 5.0])
    found, near = compiled(8)[name](x), np.abs(x) < 2.0**40
    assert found[~near].tolist() == [getattr(math, name)(one) for one in x[~near]]
    assert found[near].tolist() == compiled(8)[name](x[near]).tolist()


# lanes


@functools.cache
def mixed() -> tuple[Numbers, Numbers]:
    """Special and ordinary arguments in an order of no meaning."""
    dice = np.random.default_rng(7)
    x = dice.permutation(np.concatenate([SPECIAL, dice.normal(0, 3, 3000), magnitudes(-1074, 1023)[:1500]]))
    return x, dice.permutation(np.concatenate([SPECIAL, dice.normal(0, 20, len(x) - len(SPECIAL))]))


@pytest.mark.parametrize("lanes", WIDTHS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_lanes_are_alike(name: str, lanes: int) -> None:
    """Law: bitwise the same number at every width, in every position and beside any neighbour."""
    x, y = mixed()
    alone = compiled(1)[name](x, y).view(np.int64)
    order = np.random.default_rng(lanes).permutation(len(x))
    assert np.array_equal(compiled(lanes)[name](x, y).view(np.int64), alone)
    assert np.array_equal(compiled(lanes)[name](x[order], y[order]).view(np.int64), alone[order])


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="these are processors of one family")
@pytest.mark.parametrize("processor", ["x86-64", "x86-64-v3"])
def test_older_processors_agree(processor: str) -> None:
    """Law: machines with shorter vectors, and without fused products, give the same bits."""
    x, y = mixed()
    for name in FUNCTIONS:
        assert np.array_equal(compiled(4, processor)[name](x, y).view(np.int64), compiled(1)[name](x, y).view(np.int64)), name


def test_text_keeps_to_the_rules_of_arithmetic() -> None:
    """Law: no fast-math flag anywhere, and the C library is called by the circular functions alone."""
    text = vector_functions(FUNCTIONS, 4)
    assert re.findall(r"\b(fast|contract|reassoc|nnan|ninf|nsz|arcp|afn|fmuladd)\b", text) == []
    assert re.findall(r"declare double @(\w+)", text) == ["cos", "sin", "tan"]
    others = set(FUNCTIONS) - {"sin", "cos", "tan", "sec", "csc", "cot"}
    assert "declare" not in vector_functions(others, 4)


def test_only_what_is_asked_is_written() -> None:
    """Law: the text holds the asked functions and those they call, once each, in an order of its own."""
    assert re.findall(r"@lane_(\w+)\(<2", vector_functions(["exp"], 2)) == ["exp"]
    assert re.findall(r"define internal <2 x double> @lane_(\w+)", vector_functions(["coth", "sech"], 2)) == [
        "cosh",
        "coth",
        "sech",
        "tanh",
    ]
    assert vector_functions(["log", "exp", "log"], 8) == vector_functions(("exp", "log"), 8)
    assert vector_functions([], 8) == ""


def test_unknown_functions_are_refused() -> None:
    """Refusal: the message names the function and those there are."""
    with pytest.raises(UnknownNameError, match=r"^no function 'gamma' of lanes; there are acos, acosh, .*, tanh$"):
        vector_functions(["exp", "gamma"], 8)
