"""Instructions of lanes: what they compute once compiled, against NumPy, and the text they are."""

from __future__ import annotations

import ctypes
import math
import operator
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from llvmlite import binding

from tamarisk.simulation.emitter import Emitter

LAW = settings(deadline=None, max_examples=200, derandomize=True)
WIDTHS = (1, 2, 4, 8)
SPECIAL = [0.0, -0.0, 1.5, -2.5, 3.0, 5e-324, -1e308, math.inf, -math.inf, math.nan, 2.0**52 + 1, -0.5]

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def run(emitter: Emitter, *vectors: Numbers, count: int = 0) -> Numbers:
    """Compile a body that reads from %in and writes to %out, and run it on vectors laid one after the other."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    body = "\n".join([*emitter.lines, "  ret void"])
    module = binding.parse_assembly(f"define void @body(ptr %in, ptr %out, i64 %count) {{\n{body}\n}}\n")
    machine = binding.Target.from_default_triple().create_target_machine(cpu=binding.get_host_cpu_name(), jit=True)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(engine.get_function_address("body"))
    given_numbers, found = np.concatenate(vectors), np.zeros(emitter.lanes)
    function(given_numbers.ctypes.data, found.ctypes.data, count)
    return found


def applied(step: Callable[..., str], *vectors: Numbers) -> Numbers:
    """What one step of an emitter makes of vectors, one lane after the other or all at once."""
    emitter = Emitter(len(vectors[0]))
    emitter.store(step(emitter, *(emitter.load(emitter.element("%in", place)) for place in range(len(vectors)))), "%out")
    return run(emitter, *vectors)


def same(found: Numbers, expected: Numbers) -> bool:
    """Whether numbers agree to the sign of zero, any not-a-number being as good as another."""
    return bool(
        np.array_equal(found, expected, equal_nan=True) and (np.isnan(found) | (np.signbit(found) == np.signbit(expected))).all()
    )


@pytest.mark.parametrize("lanes", WIDTHS)
@pytest.mark.parametrize(
    ("step", "numpy"),
    [
        (Emitter.add, np.add),
        (Emitter.sub, np.subtract),
        (Emitter.mul, np.multiply),
        (Emitter.div, np.divide),
        (Emitter.minimum, np.minimum),
        (Emitter.maximum, np.maximum),
    ],
    ids=lambda one: one.__name__,
)
def test_two_numbers(lanes: int, step: Callable[..., str], numpy: Callable[..., Numbers]) -> None:
    """Reference: steps of two numbers give NumPy's number, infinities and not-a-number included."""
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL if not (numpy in (np.minimum, np.maximum) and a == b == 0.0)])
    with np.errstate(all="ignore"):
        expected = numpy(pairs[:, 0], pairs[:, 1])
    for start in range(0, len(pairs) - lanes + 1, max(lanes, 9)):
        here = slice(start, start + lanes)
        assert same(applied(step, pairs[here, 0], pairs[here, 1]), expected[here])


@pytest.mark.parametrize(
    ("step", "numpy"),
    [
        (Emitter.neg, np.negative),
        (Emitter.absolute, np.abs),
        (Emitter.sqrt, np.sqrt),
        (Emitter.floor, np.floor),
        (Emitter.ceiling, np.ceil),
        (lambda e, a: e.number(e.bits(a)), np.positive),
    ],
)
def test_one_number(step: Callable[..., str], numpy: Callable[..., Numbers]) -> None:
    """Reference: steps of one number give NumPy's number."""
    for vector in np.array(SPECIAL).reshape(-1, 4):
        with np.errstate(all="ignore"):
            assert same(applied(step, vector), numpy(vector))


def test_a_fused_product_is_rounded_once() -> None:
    """Reference: (1 + e)(1 - e) - 1 is -e^2 exactly with e = 2^-30; a product rounded first would give 0."""
    above, below = np.array([1 + 2.0**-30]), np.array([1 - 2.0**-30])
    assert applied(Emitter.fma, above, below, np.array([-1.0])).item() == -(2.0**-60)
    assert applied(lambda e, a, b, c: e.add(e.mul(a, b), c), above, below, np.array([-1.0])).item() == 0.0


def test_minimum_orders_zeros() -> None:
    """Reference: IEEE 754-2019 holds -0 for smaller than 0, in either order."""
    zeros, turned = np.array([0.0, -0.0]), np.array([-0.0, 0.0])
    assert np.signbit(applied(Emitter.minimum, zeros, turned)).all()
    assert not np.signbit(applied(Emitter.maximum, zeros, turned)).any()


@pytest.mark.parametrize(
    ("predicate", "relation"),
    [("olt", operator.lt), ("ole", operator.le), ("ogt", operator.gt), ("oeq", operator.eq), ("une", operator.ne)],
)
def test_select_follows_comparison(predicate: str, relation: Callable[[Numbers, Numbers], Numbers]) -> None:
    """Reference: one number where the comparison holds, the other where not; not-a-number compares as in NumPy."""
    a, b = np.array([1.0, 2.0, math.nan, -0.0]), np.array([2.0, 2.0, 2.0, 0.0])
    found = applied(lambda e, a, b: e.select(e.compare(predicate, a, b), e.constant(1.0), e.constant(0.0)), a, b)
    assert found.tolist() == relation(a, b).astype(float).tolist()


def test_masks_combine() -> None:
    """Reference: and, or, not of two masks, over all four cases."""
    a, b = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])

    def shown(combine: Callable[[Emitter, str, str], str]) -> list[float]:
        def step(e: Emitter, a: str, b: str) -> str:
            masks = (e.compare("oeq", one, e.constant(1.0)) for one in (a, b))
            return e.select(combine(e, *masks), e.constant(1.0), e.constant(0.0))

        return applied(step, a, b).tolist()

    assert shown(Emitter.both) == [0, 0, 0, 1]
    assert shown(Emitter.either) == [0, 1, 1, 1]
    assert shown(lambda e, a, b: e.opposite(e.either(a, b))) == [1, 0, 0, 0]


def test_integers_are_bits() -> None:
    """Reference: adding to the exponent's bits doubles a number, and the last bit tells odd from even."""
    vector = np.array([1.0, -3.0])
    assert applied(lambda e, a: e.number(e.integer("add", e.bits(a), 1 << 52)), vector).tolist() == [2.0, -6.0]
    whole = np.array([2.0**52 + 7, 2.0**52 + 8])
    assert applied(lambda e, a: e.select(e.odd(e.bits(a)), e.constant(1.0), e.constant(0.0)), whole).tolist() == [1.0, 0.0]


@LAW
@given(value=some.floats())
def test_constants_keep_every_bit(value: float) -> None:
    """Law: a constant's text holds the very bits of the number."""
    text = Emitter(4).constant(value)
    assert struct.pack(">Q", int(text.removeprefix("splat (double ").removesuffix(")"), 16)) == struct.pack(">d", value)


def test_constants_arrive_in_every_lane() -> None:
    """Law: what is compiled from a constant is that number, infinities and subnormals too."""
    for value in SPECIAL:
        for lanes in WIDTHS:
            emitter = Emitter(lanes)
            emitter.store(emitter.constant(value), "%out")
            assert same(run(emitter, np.zeros(lanes)), np.full(lanes, value))


def test_elements_are_counted_in_vectors() -> None:
    """Law: element k begins k vectors on, whether k stands in the text or comes with the call."""
    for lanes in WIDTHS:
        vectors = [np.arange(lanes) + 100.0 * place for place in range(3)]
        for index in (2, "%count"):
            emitter = Emitter(lanes)
            emitter.store(emitter.load(emitter.element("%in", index)), "%out")
            assert run(emitter, *vectors, count=2).tolist() == vectors[2].tolist()


def test_memory_need_not_be_aligned() -> None:
    """Law: a vector may begin at any number of an array, which 64-byte alignment would forbid."""
    emitter = Emitter(8)
    one_on = emitter.emit("getelementptr double, ptr %in, i64 1")
    emitter.store(emitter.load(one_on), "%out")
    assert run(emitter, np.arange(9.0)).tolist() == list(range(1, 9))


def test_names_are_new_and_types_follow_the_lanes() -> None:
    """Law: no name is given twice, and no instruction carries a fast-math flag."""
    emitter = Emitter(2)
    names = [
        emitter.add("%x", "%y"),
        emitter.fma("%x", "%y", "%x"),
        emitter.call("lane_exp", "%x"),
        emitter.compare("olt", "%x", "%y"),
    ]
    assert len(set(names)) == len(names)
    assert (emitter.vector, emitter.whole, emitter.mask) == ("<2 x double>", "<2 x i64>", "<2 x i1>")
    assert emitter.lines[0] == f"  {names[0]} = fadd <2 x double> %x, %y"
    assert emitter.lines[2] == f"  {names[2]} = call <2 x double> @lane_exp(<2 x double> %x)"
