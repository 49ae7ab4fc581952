"""The elementary functions of SBML for lanes, as LLVM text to put beside kernels. It knows names of functions, no model."""

from __future__ import annotations

import re
from collections.abc import Collection

from tamarisk.errors import UnknownNameError
from tamarisk.simulation.circular import CIRCULAR
from tamarisk.simulation.emitter import Emitter
from tamarisk.simulation.exponential import EXPONENTIAL

FUNCTIONS = {**EXPONENTIAL, **CIRCULAR}


def vector_functions(names: Collection[str], lanes: int) -> str:
    """LLVM text that defines elementary functions of vectors with one member per lane.

    A lane's number is bitwise the same for every number of lanes and whatever stands in the others. Special values are those
    of C99. Errors stay below one unit of the last place for `exp`, `log`, `log10`, `pow`, `sin`, `cos`, `asin`, `acos` and
    `atan`, below two for `tan`, `sinh`, `cosh`, `tanh`, `asinh`, `acosh` and `atanh`, and below 3.3 for the rest,
    which is made from these. `sin`, `cos`, `tan` and what is made from them call the C library's function for each lane where
    an angle is 2^40 or more; nothing else does.

    Args:
        names: of `exp`, `log`, `log10`, `pow`; `sin`, `cos`, `tan`, `sec`, `csc`, `cot`, their hyperbolic ones (`sinh`) and the
            inverses of all of these (`asin`, `asinh`).
        lanes: numbers per vector, a power of two.

    Returns:
        Definitions of `@lane_exp` and so on, of signature `<L x double> (<L x double>)` (`pow` has two arguments), of whatever
        these call, and declarations of the C library's functions; LLVM's intrinsics need none.

    Raises:
        UnknownNameError: a name that is not among them.

    >>> print(vector_functions(["acoth", "sec"], 4).count("define internal <4 x double> @lane_"))
    3
    """
    texts: dict[str, str] = {}
    wanted = set(names)
    while missing := wanted - texts.keys():
        texts |= {name: _defined(name, lanes) for name in sorted(missing)}
        wanted.update(re.findall(r"@lane_(\w+)\(", "".join(texts.values())))
    text = "\n".join(texts[name] for name in sorted(texts))
    scalars = sorted(set(re.findall(r"call double @(\w+)\(", text)))
    return "".join(f"declare double @{name}(double)\n" for name in scalars) + text


def _defined(name: str, lanes: int) -> str:
    if name not in FUNCTIONS:
        raise UnknownNameError(f"no function '{name}' of lanes", hint=f"there are {', '.join(sorted(FUNCTIONS))}")
    e = Emitter(lanes)
    arguments = ("%x", "%y") if name == "pow" else ("%x",)
    result = FUNCTIONS[name](e, *arguments)
    signature = ", ".join(f"{e.vector} {one}" for one in arguments)
    body = "\n".join([*e.lines, f"  ret {e.vector} {result}"])
    return f"define internal {e.vector} @lane_{name}({signature}) nounwind {{\n{body}\n}}\n"
