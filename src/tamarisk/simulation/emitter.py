"""Arithmetic on lanes, written down as LLVM text: each method appends one instruction. It knows numbers and lanes, no model."""

from __future__ import annotations

import struct


class Emitter:
    r"""Writes the body of one function whose values are vectors with one member per lane.

    Every instruction acts on each lane alone and carries no fast-math flag, so that a lane's number depends neither on its
    neighbours nor on the number of lanes.

    Args:
        lanes: numbers per vector, a power of two.

    Attributes:
        lines: the instructions so far, in order; blocks and branches are appended here as text.
        vector: the type of a vector of numbers.
        whole: the type of a vector of 64-bit integers.
        mask: the type of a vector of truths.

    >>> emitter = Emitter(4)
    >>> emitter.fma("%x", emitter.constant(2.0), emitter.load("%start"))
    '%v1'
    >>> print("\n".join(emitter.lines))
      %v0 = load <4 x double>, ptr %start, align 8
      %v1 = call <4 x double> @llvm.fma.v4f64(<4 x double> %x, <4 x double> splat (double 0x4000000000000000), <4 x double> %v0)
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.lines: list[str] = []
        self.vector = f"<{lanes} x double>"
        self.whole = f"<{lanes} x i64>"
        self.mask = f"<{lanes} x i1>"
        self._named = 0

    def emit(self, instruction: str) -> str:
        """Append an instruction and name its value."""
        name = f"%v{self._named}"
        self._named += 1
        self.lines.append(f"  {name} = {instruction}")
        return name

    def constant(self, value: float) -> str:
        """The same number in every lane, exact to the bit.

        >>> Emitter(2).constant(-1.0)
        'splat (double 0xBFF0000000000000)'
        """
        return f"splat (double 0x{struct.pack('>d', value).hex().upper()})"

    def add(self, a: str, b: str) -> str:
        """The sum a + b."""
        return self.emit(f"fadd {self.vector} {a}, {b}")

    def sub(self, a: str, b: str) -> str:
        """The difference a - b."""
        return self.emit(f"fsub {self.vector} {a}, {b}")

    def mul(self, a: str, b: str) -> str:
        """The product a b."""
        return self.emit(f"fmul {self.vector} {a}, {b}")

    def div(self, a: str, b: str) -> str:
        """The quotient a / b."""
        return self.emit(f"fdiv {self.vector} {a}, {b}")

    def neg(self, a: str) -> str:
        """The number with its sign turned."""
        return self.emit(f"fneg {self.vector} {a}")

    def fma(self, a: str, b: str, c: str) -> str:
        """The sum a b + c, rounded once."""
        return self.call(self._intrinsic("fma"), a, b, c)

    def minimum(self, a: str, b: str) -> str:
        """The smaller of two; not a number where either is not."""
        return self.call(self._intrinsic("minimum"), a, b)

    def maximum(self, a: str, b: str) -> str:
        """The larger of two; not a number where either is not."""
        return self.call(self._intrinsic("maximum"), a, b)

    def absolute(self, a: str) -> str:
        """The number without its sign."""
        return self.call(self._intrinsic("fabs"), a)

    def sqrt(self, a: str) -> str:
        """The square root; not a number below zero."""
        return self.call(self._intrinsic("sqrt"), a)

    def floor(self, a: str) -> str:
        """The largest whole number that is not larger."""
        return self.call(self._intrinsic("floor"), a)

    def ceiling(self, a: str) -> str:
        """The smallest whole number that is not smaller."""
        return self.call(self._intrinsic("ceil"), a)

    def compare(self, predicate: str, a: str, b: str) -> str:
        """Where two numbers are ordered as LLVM's predicate says (`olt`, `oge`, `oeq`, `une`), as a mask."""
        return self.emit(f"fcmp {predicate} {self.vector} {a}, {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        """One number where the mask holds, the other where not."""
        return self.emit(f"select {self.mask} {mask}, {self.vector} {a}, {self.vector} {b}")

    def both(self, a: str, b: str) -> str:
        """Where two masks hold."""
        return self.emit(f"and {self.mask} {a}, {b}")

    def either(self, a: str, b: str) -> str:
        """Where at least one of two masks holds."""
        return self.emit(f"or {self.mask} {a}, {b}")

    def opposite(self, a: str) -> str:
        """Where a mask does not hold."""
        return self.emit(f"xor {self.mask} {a}, splat (i1 true)")

    def bits(self, a: str) -> str:
        """Numbers read as 64-bit integers."""
        return self.emit(f"bitcast {self.vector} {a} to {self.whole}")

    def number(self, a: str) -> str:
        """64-bit integers read as numbers."""
        return self.emit(f"bitcast {self.whole} {a} to {self.vector}")

    def integer(self, operation: str, a: str, b: str | int) -> str:
        """An operation of LLVM (`add`, `and`, `xor`, `shl`, `lshr`) on 64-bit integers, the second a vector or one for all lanes.

        >>> emitter = Emitter(2)
        >>> print(emitter.integer("shl", "%k", 52), emitter.lines)
        %v0 ['  %v0 = shl <2 x i64> %k, splat (i64 52)']
        """
        return self.emit(f"{operation} {self.whole} {a}, {f'splat (i64 {b})' if isinstance(b, int) else b}")

    def odd(self, a: str) -> str:
        """Where a 64-bit integer is odd, as a mask."""
        return self.emit(f"trunc {self.whole} {a} to {self.mask}")

    def call(self, name: str, *arguments: str) -> str:
        """The value of a function of vectors."""
        return self.emit(f"call {self.vector} @{name}({', '.join(f'{self.vector} {one}' for one in arguments)})")

    def load(self, pointer: str) -> str:
        """The vector at an address, which need not be aligned to more than one number."""
        return self.emit(f"load {self.vector}, ptr {pointer}, align 8")

    def store(self, value: str, pointer: str) -> None:
        """Put a vector at an address."""
        self.lines.append(f"  store {self.vector} {value}, ptr {pointer}, align 8")

    def element(self, pointer: str, index: int | str) -> str:
        """The address of a vector in an array of them, counted from 0; the index is a number or the name of an i64."""
        return self.emit(f"getelementptr inbounds {self.vector}, ptr {pointer}, i64 {index}")

    def _intrinsic(self, name: str) -> str:
        """LLVM's own function for this width; it needs no declaration from LLVM 19 on."""
        return f"llvm.{name}.v{self.lanes}f64"
