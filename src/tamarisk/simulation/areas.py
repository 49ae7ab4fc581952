"""Areas under curves: the integral of quantities over a run, as further states. It knows equations, not how they are solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tamarisk.model.expression import Name
from tamarisk.model.system import System, require_quantities


def area_of(quantity: str) -> str:
    """What the state is called that is the area under a quantity's curve.

    >>> area_of("AKT")
    'integral of AKT'
    """
    return f"integral of {quantity}"


def with_areas(system: System, quantities: Sequence[str]) -> System:
    """The same system, and for each of some quantities its integral over the run as one more state, `integral of NAME`.

    Nothing reads these states; their error is controlled like that of every other.

    Args:
        system: the model.
        quantities: states, rules or constants of it.

    Returns:
        A system whose last states, 0 at the begin, have the quantities as their rates, in the quantity's unit times that of time.

    Raises:
        ModelError: a quantity is not in the model.

    >>> from tamarisk.model.expression import Number
    >>> with_areas(System("still", {"x": Number(0.0)}, {}, {}, {"x": 1.0}), ["x"]).rates["integral of x"]
    Name(id='x')
    """
    added = {area_of(one): Name(one) for one in require_quantities(system, quantities)}
    return replace(system, rates={**system.rates, **added}, initial={**system.initial, **dict.fromkeys(added, 0.0)})
