"""A model as machine code: its rates and computed quantities, compiled in memory. It knows formulas, not time steps."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from tamarisk.model.expression import Expression, Name, Number
from tamarisk.model.model import Model

_DOUBLE = ir.DoubleType()
_INDEX = ir.IntType(32)
_SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


@dataclass(frozen=True)
class Machine:
    """Compiled rates and rules of one model; the numbers come with every call.

    Attributes:
        states: names of the states, in the order of every state vector.
        constants: names of the constants, in the order of every constant vector.
        rules: names of the computed quantities, in the order in which they are returned.
        rates: fills the third vector with the rate of change of every state (per hour).
        observe: fills the third vector with every computed quantity.
        engine: keeps the machine code alive.
    """

    states: tuple[str, ...]
    constants: tuple[str, ...]
    rules: tuple[str, ...]
    rates: Callable[[int, int, int], None]
    observe: Callable[[int, int, int], None]
    engine: Any


def compile_model(model: Model) -> Machine:
    """Machine code for a model's structure; values stay arguments.

    Args:
        model: any model; only its structure matters.

    Returns:
        Its rates and rules as native functions of (state, constants, result) addresses.

    >>> from tamarisk.model.antimony import read_model
    >>> machine = compile_model(read_model())
    >>> "ER_activity" in machine.rules
    True
    """
    module = ir.Module(name=model.name)
    states, constants = model.states, tuple(model.constants)
    _emit(module, "rates", model, states, constants)
    _emit(module, "observe", model, states, constants)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=2)
    compiled = llvm.parse_assembly(str(module))
    compiled.verify()
    engine = llvm.create_mcjit_compiler(compiled, machine)
    engine.finalize_object()
    rates, observe = (_SIGNATURE(engine.get_function_address(name)) for name in ("rates", "observe"))
    return Machine(states, constants, tuple(rule.id for rule in model.rules), rates, observe, engine)


def _emit(module: ir.Module, name: str, model: Model, states: Sequence[str], constants: Sequence[str]) -> None:
    """One function: load all names, compute the rules in order, store rates of change or rules."""
    pointer = ir.PointerType()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer] * 3), name)
    for argument in function.args:
        argument.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block())
    state, constant, result = function.args
    values = {one: _load(builder, state, position) for position, one in enumerate(states)}
    values |= {one: _load(builder, constant, position) for position, one in enumerate(constants)}
    emitter = _Emitter(module, builder, values)
    for rule in model.rules:
        values[rule.id] = emitter.value(rule.formula)
    results = [values[rule.id] for rule in model.rules]
    if name == "rates":
        results = _rates(emitter, model, states)
    for position, one in enumerate(results):
        builder.store(one, _address(builder, result, position))
    builder.ret_void()


def _rates(emitter: _Emitter, model: Model, states: Sequence[str]) -> list[ir.Value]:
    totals: dict[str, ir.Value] = dict.fromkeys(states, ir.Constant(_DOUBLE, 0.0))
    for reaction in model.reactions:
        rate = emitter.value(reaction.rate)
        for species, amount in reaction.changes:
            if species in totals:
                change = emitter.builder.fmul(rate, ir.Constant(_DOUBLE, amount))
                totals[species] = emitter.builder.fadd(totals[species], change)
    return list(totals.values())


class _Emitter:
    """Turns formulas into instructions, each distinct formula once."""

    def __init__(self, module: ir.Module, builder: ir.IRBuilder, values: dict[str, ir.Value]) -> None:
        self.builder = builder
        self.values = values
        self.done: dict[Expression, ir.Value] = {}
        self.power = module.globals.get("llvm.pow.f64") or module.declare_intrinsic("llvm.pow", [_DOUBLE])

    def value(self, formula: Expression) -> ir.Value:
        if isinstance(formula, Number):
            return ir.Constant(_DOUBLE, formula.value)
        if isinstance(formula, Name):
            return self.values[formula.id]
        if formula not in self.done:
            arguments = [self.value(argument) for argument in formula.arguments]
            self.done[formula] = self._apply(formula.operator, arguments, formula.arguments)
        return self.done[formula]

    def _apply(self, operator: str, arguments: list[ir.Value], formulas: Sequence[Expression]) -> ir.Value:
        if operator == "power":
            return self._power(arguments, formulas[1])
        if operator == "minus" and len(arguments) == 1:
            return self.builder.fneg(arguments[0])
        instruction = {
            "plus": self.builder.fadd,
            "minus": self.builder.fsub,
            "times": self.builder.fmul,
            "divide": self.builder.fdiv,
        }[operator]
        result = arguments[0]
        for argument in arguments[1:]:
            result = instruction(result, argument)
        return result

    def _power(self, arguments: list[ir.Value], exponent: Expression) -> ir.Value:
        base = arguments[0]
        if isinstance(exponent, Number) and exponent.value in {2.0, 3.0, 4.0}:
            result = base
            for _ in range(int(exponent.value) - 1):
                result = self.builder.fmul(result, base)
            return result
        return self.builder.call(self.power, arguments)


def _address(builder: ir.IRBuilder, base: ir.Value, position: int) -> ir.Value:
    return builder.gep(base, [ir.Constant(_INDEX, position)], source_etype=_DOUBLE)


def _load(builder: ir.IRBuilder, base: ir.Value, position: int) -> ir.Value:
    return builder.load(_address(builder, base, position), typ=_DOUBLE)
