"""What the model says where something was observed. It knows how observations are made in the virtual laboratory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from tamarisk.calibration.target import Target
from tamarisk.model.context import Context, composed, read_context
from tamarisk.model.protocol import protocol
from tamarisk.model.readout import readouts
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.run import Experiment, as_member

ContextValues = Mapping[tuple[str, str], float]

_HALF_LIVES = {"half_life_ER_E2": "k_deg_ER_E2", "half_life_ER_SERD": "k_deg_ER_SERD", "half_life_CCND1": "k_deg_CCND1"}
_LEAST_nM, _MOST_nM = 1e-3, 1e6
_BISECTIONS = 20


class Predictor:
    """The model's answers at one parameter vector.

    Args:
        solver: the compiled model.
        changes: values against the model's constants.
        context_values: values against the contexts' tables, by (context, parameter).
    """

    def __init__(
        self, solver: Solver, *, changes: Mapping[str, float] | None = None, context_values: ContextValues | None = None
    ) -> None:
        self._solver = solver
        self._changes = dict(changes or {})
        self._context_values = dict(context_values or {})
        self._known: dict[tuple[str, str, str, str, float], Mapping[str, float]] = {}
        self._quantities = sorted({one.quantity for one in readouts().values()})

    def predict(self, target: Target, *, search: bool = True) -> float:
        """The model's number for one observation.

        Args:
            target: the observation.
            search: whether a half-effect dose is searched for; otherwise it is extrapolated from the effect at the
                observed dose with a slope of one, which is smooth and enough for fitting.

        Returns:
            The number in the target's unit; infinite where a half-effect dose is not reached.
        """
        rule: dict[str, Callable[[Target], float]] = {
            "ratio": self._ratio,
            "context_ratio": self._ratio,
            "response_ratio": self._response_ratio,
            "value": lambda one: self._read(one, one.treat),
            "doublings": lambda one: self._doublings(one, one.treat),
            "doubling_time": lambda one: one.time_h / self._doublings(one, ""),
            "GR": lambda one: self._inhibition(one, one.treat, ""),
            "growth_rate_ratio": lambda one: self._doublings(one, one.treat) / self._doublings(one, ""),
            "net_gain": self._net_gain,
            "interaction": self._interaction,
            "half_life": self._half_life,
            "binding_ratio": self._binding_ratio,
            "GI50": partial(self._half_dose, search=search),
            "IC50": partial(self._half_dose, search=search),
        }
        return rule[target.measure](target)

    def _ratio(self, one: Target) -> float:
        time_h = one.time_h if math.isnan(one.reference_time_h) else one.reference_time_h
        cells = one.reference_context or one.context
        treat = one.treat if one.measure == "context_ratio" else one.reference_treat
        return self._read(one, one.treat) / max(self._read(one, treat, cells=cells, time_h=time_h), 1e-9)

    def _response_ratio(self, one: Target) -> float:
        here, there = (
            self._read(one, one.treat, cells=cells) / self._read(one, one.reference_treat, cells=cells)
            for cells in (one.context, one.reference_context)
        )
        return here / there

    def _net_gain(self, one: Target) -> float:
        """How much better the first drug works in the presence of the second, in GR."""
        alone = one.treat.replace(";" + one.reference_treat, "")
        return self._inhibition(one, alone, "") - self._inhibition(one, one.treat, one.reference_treat)

    def _interaction(self, one: Target) -> float:
        first, second = one.treat.split(";")
        doublings = partial(self._doublings, one)
        return doublings(one.treat) - doublings(first) - doublings(second) + doublings("")

    def _half_life(self, one: Target) -> float:
        return math.log(2) / self._constant(_HALF_LIVES[one.readout])

    def _binding_ratio(self, one: Target) -> float:
        del one
        estradiol, fulvestrant = (
            self._constant(f"k_off_{ligand}") / self._constant(f"k_on_{ligand}") for ligand in ("E2", "fulvestrant")
        )
        return estradiol / fulvestrant

    def _half_dose(self, one: Target, *, search: bool) -> float:
        """The dose (nM) with half the effect: on growth (GI50), or between control and the largest effect (IC50)."""
        effect = self._growth_left if one.measure == "GI50" else self._effect_left
        if not search:
            left = min(max(effect(one, one.value), 0.01), 0.99)
            return one.value * left / (1 - left)
        low, high = _LEAST_nM, _MOST_nM
        if effect(one, high) > 0.5:
            return math.inf
        for _ in range(_BISECTIONS):
            middle = math.sqrt(low * high)
            low, high = (middle, high) if effect(one, middle) > 0.5 else (low, middle)
        return math.sqrt(low * high)

    def _growth_left(self, one: Target, dose_nM: float) -> float:
        treated, control = (self._read(one, treat) for treat in (f"{one.treat}={dose_nM:.9g}nM", ""))
        return (treated - 1) / (control - 1)

    def _effect_left(self, one: Target, dose_nM: float) -> float:
        treated, control, most = (self._read(one, treat) for treat in (f"{one.treat}={dose_nM:.9g}nM", "", f"{one.treat}=100uM"))
        return (treated - most) / (control - most)

    def _inhibition(self, one: Target, treat: str, against: str) -> float:
        return float(2 ** (self._doublings(one, treat) / self._doublings(one, against)) - 1)

    def _doublings(self, one: Target, treat: str) -> float:
        return math.log2(self._at(one.context, one.medium, one.before, treat, one.time_h)["cells"])

    def _constant(self, name: str) -> float:
        return self._changes.get(name, self._solver.model.constants[name])

    def _read(self, one: Target, treat: str, *, cells: str = "", time_h: float | None = None) -> float:
        quantity = readouts()[one.readout].quantity if one.readout in readouts() else one.readout
        when = one.time_h if time_h is None else time_h
        return self._at(cells or one.context, one.medium, one.before, treat, when)[quantity]

    def _at(self, cells: str, medium: str, before: str, treat: str, time_h: float) -> Mapping[str, float]:
        key = (cells, medium, before, treat, time_h)
        if key not in self._known:
            doses = [dose for dose in treat.split(";") if dose]
            plan = protocol(*doses, medium_name=medium, rest=[before] if before else [])
            member = as_member(Experiment(self._context(cells), plan, self._changes))
            times = [0.0] if time_h == 0 else [0.0, time_h]
            values = self._solver.solve([member], times_h=times, quantities=self._quantities).values[0, -1]
            self._known[key] = dict(zip(self._quantities, values.tolist(), strict=True))
        return self._known[key]

    def _context(self, text: str) -> Context:
        parts = [read_context(part) if number == 0 else _edit(part) for number, part in enumerate(text.split(" + "))]
        return composed([self._with_values(part) for part in parts])

    def _with_values(self, context: Context) -> Context:
        own = {parameter: value for (name, parameter), value in self._context_values.items() if name == context.name}
        differences = tuple(replace(one, value=own.get(one.parameter, one.value)) for one in context.differences)
        return replace(context, differences=differences)


def _edit(name: str) -> Context:
    """An edit on its own: the differences it adds to the reference line."""
    whole = read_context(f"MCF-7 + {name}")
    return replace(whole, name=whole.name.split(" + ")[1], kind="edit")


def predictions(solver: Solver, targets: Sequence[Target]) -> list[float]:
    """The shipped model's number for every observation, in their order.

    >>> from tamarisk.calibration.target import read_targets
    >>> from tamarisk.model.antimony import read_model
    >>> first = [one for one in read_targets() if one.id == "T009"]
    >>> round(predictions(Solver(read_model()), first)[0], 2)
    5.0
    """
    predictor = Predictor(solver)
    return [predictor.predict(target) for target in targets]
