"""What is done to cells over time: medium, doses and washouts. It knows the plan, not the cells."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tamarisk.errors import ProtocolError
from tamarisk.model.substance import Medium, medium, substance
from tamarisk.units import hours


@dataclass(frozen=True, slots=True)
class Dose:
    """One substance at one concentration over one stretch of time.

    Attributes:
        name: the substance.
        constant: the model's constant it sets.
        amount: nM, or a multiple of the standard amount for nutrients.
        start_h: when it is added.
        stop_h: when it is washed out; infinite if it stays.
    """

    name: str
    constant: str
    amount: float
    start_h: float = 0.0
    stop_h: float = math.inf


@dataclass(frozen=True, slots=True)
class Protocol:
    """One experiment's plan.

    Attributes:
        medium: what the cells are in from time 0; the one their context is kept in if None.
        doses: what is added to it.
        grown_in: what the cells settled in before; the same medium if None.
        rest: stretches between settling and time 0: hours and medium (starvation).
    """

    medium: Medium | None = None
    doses: tuple[Dose, ...] = ()
    grown_in: Medium | None = None
    rest: tuple[tuple[float, Medium], ...] = ()

    def label(self) -> str:
        """The plan in a few words.

        >>> protocol("4OHT=1uM", "rapamycin=20nM").label()
        '4OHT 1000 nM + rapamycin 20 nM'
        """
        return " + ".join(_words(dose) for dose in self.doses) or "untreated"


def dose(text: str, *, start: str = "0h") -> Dose:
    """A dose as people write it: NAME=DOSEunit[@FROM[-TO]].

    Args:
        text: for example `fulvestrant=100nM` or `rapamycin=20nM@24h-72h`.
        start: when it is added if the text does not say.

    Raises:
        ProtocolError: the text has another form, or the dose ends before it begins.
        UnknownNameError: nobody has heard of the drug.
        UnitError: the dose or a time has no unit, a wrong one, or is negative.

    >>> dose("rapamycin=20nM@24h-3d")
    Dose(name='rapamycin', constant='rapamycin', amount=20.0, start_h=24.0, stop_h=72.0)
    """
    name, equals, rest = text.partition("=")
    if not equals or not name.strip() or not rest.strip():
        raise ProtocolError(f"'{text}' is no dose", hint="write NAME=DOSEunit[@FROM[-TO]], as fulvestrant=100nM@24h-72h")
    entry = substance(name.strip())
    amount, at, window = rest.partition("@")
    begin, dash, end = window.partition("-")
    if at and not begin.strip():
        raise ProtocolError(f"'{text}' is no dose", hint="write NAME=DOSEunit[@FROM[-TO]], as fulvestrant=100nM@24h-72h")
    start_h = hours(begin or start, where=f"dose of {entry.name}")
    stop_h = hours(end, where=f"dose of {entry.name}") if dash else math.inf
    if stop_h <= start_h:
        raise ProtocolError(f"the dose '{text}' ends at {stop_h:g} h, not after its start at {start_h:g} h")
    return Dose(entry.name, entry.constant, entry.amount(amount, where=f"dose of {entry.name}"), start_h, stop_h)


def protocol(
    *doses: str | Dose,
    medium_name: str | None = None,
    grown_in: str | None = None,
    rest: Sequence[str] = (),
    start: str = "0h",
) -> Protocol:
    """A plan from a few words.

    Args:
        doses: as `dose` reads them.
        medium_name: what the cells are in from time 0; the one their context is kept in if left out.
        grown_in: what they settled in before; the same medium if left out.
        rest: stretches before time 0 as MEDIUM=TIME, for example `starved=24h`.
        start: when doses begin that do not say so themselves.

    Raises:
        ProtocolError: two doses of one substance overlap, or a rest has another form.
        UnknownNameError: nobody has heard of a drug or medium.
        UnitError: a number has no unit, a wrong one, or is negative.

    >>> protocol("E2=0nM", "4OHT=1uM").doses[1].amount
    1000.0
    """
    hours(start, where="from")
    planned = tuple(one if isinstance(one, Dose) else dose(one, start=start) for one in doses)
    _refuse_overlap(planned)
    chosen, before = (None if name is None else medium(name) for name in (medium_name, grown_in))
    return Protocol(chosen, planned, before, tuple(_rest(text) for text in rest))


def with_doses(plan: Protocol, *doses: Dose) -> Protocol:
    """The same plan with further doses.

    Raises:
        ProtocolError: two doses of one substance overlap.

    >>> len(with_doses(protocol("4OHT=1uM"), dose("rapamycin=20nM")).doses)
    2
    """
    together = (*plan.doses, *doses)
    _refuse_overlap(together)
    return replace(plan, doses=together)


def change_times(plan: Protocol) -> list[float]:
    """The times (h) at which the medium changes, from 0.

    >>> change_times(protocol("rapamycin=20nM@24h-72h"))
    [0.0, 24.0, 72.0]
    """
    times = {0.0, *(one.start_h for one in plan.doses), *(one.stop_h for one in plan.doses)}
    return sorted(time for time in times if math.isfinite(time))


def conditions(plan: Protocol, time_h: float, *, kept_in: Medium) -> dict[str, float]:
    """The medium at one time: every constant the plan sets, as the model counts it.

    Args:
        plan: the plan.
        time_h: the time, in hours.
        kept_in: the medium of the context, for a plan that names none.

    >>> conditions(protocol("rapamycin=20nM@24h-72h"), 24.0, kept_in=medium("E2"))["rapamycin"]
    20.0
    """
    base = (plan.medium or kept_in).constants
    given = {one.constant: one.amount for one in plan.doses if one.start_h <= time_h < one.stop_h}
    absent = {one.constant: base.get(one.constant, 0.0) for one in plan.doses}
    return {**base, **absent, **given}


def _refuse_overlap(doses: Sequence[Dose]) -> None:
    for first, second in itertools.combinations(doses, 2):
        if first.constant == second.constant and first.start_h < second.stop_h and second.start_h < first.stop_h:
            start = max(first.start_h, second.start_h)
            raise ProtocolError(f"two doses of {first.name} overlap from {start:g} h", hint="give one dose at a time")


def _rest(text: str) -> tuple[float, Medium]:
    name, equals, span = text.partition("=")
    if not equals:
        raise ProtocolError(f"'{text}' is no rest", hint="write MEDIUM=TIME, as starved=24h")
    return hours(span, where=f"rest in {name}"), medium(name.strip())


def _words(one: Dose) -> str:
    entry = substance(one.name)
    words = f"{one.name} {one.amount:g} {'x' if entry.kind == 'nutrient' else 'nM'}"
    if one.start_h or math.isfinite(one.stop_h):
        words += f" from {one.start_h:g} h" + (f" to {one.stop_h:g} h" if math.isfinite(one.stop_h) else "")
    return words
