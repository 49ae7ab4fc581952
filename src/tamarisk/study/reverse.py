"""What makes resistant cells answer a therapy again, and by which arrows. It knows the question, not how cells are computed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tamarisk.errors import DataError, ProtocolError
from tamarisk.evidence.reference import by_address
from tamarisk.measurement.growth import effect, growth_inhibition_of_doublings
from tamarisk.measurement.reversal import Reversal, SixArms, noise_free_reversal
from tamarisk.model.antimony import read_model
from tamarisk.model.arrow import Arrow, arrows
from tamarisk.model.context import REFERENCE, Context, read_context
from tamarisk.model.model import Model, readers
from tamarisk.model.substance import Substance, substance, substances
from tamarisk.simulation.batch import Solver
from tamarisk.study.laboratory import Laboratory
from tamarisk.units import percent

_CARRIES = 0.15  # an arrow carries a result if at least this share of it goes with the arrow
_MOST_ARROWS = 5
_LEAST_LOST = 0.1  # GR: below this the cells have lost nothing worth giving back


@dataclass(frozen=True, slots=True)
class Carrier:
    """An arrow that a result rests on.

    Attributes:
        arrow: the arrow's name.
        share: the share of the result that is lost without it.
        references: publications behind the reactions it acts through.
    """

    arrow: str
    share: float
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One drug, or a pair, added to the therapy.

    Attributes:
        drugs: names with doses.
        reading: V_total, V_net, V_add, interaction and the call.
        alone: cell number under the drugs alone, against untreated.
        together: cell number under therapy and drugs, against untreated.
        mechanism: the arrows that carry its effect beside the therapy, strongest first; empty if not asked for.
    """

    drugs: tuple[str, ...]
    reading: Reversal
    alone: float
    together: float
    mechanism: tuple[Carrier, ...] = ()

    def sentence(self) -> str:
        """What it does and by which nodes, in a sentence."""
        what = f"{' + '.join(self.drugs)}: {self.reading.call} (V_total {self.reading.V_total.value:.2f})"
        if not self.mechanism:
            return what
        return f"{what}; it acts through " + ", ".join(f"{one.arrow} ({percent(one.share)})" for one in self.mechanism)


@dataclass(frozen=True, slots=True)
class Ranking:
    """What restores the response, best first.

    Attributes:
        context: the resistant cells.
        therapy: the therapy with its dose.
        lost: the effect the cells have lost against MCF-7, in GR.
        candidates: drugs and pairs, best first.
        resistance: the arrows that the resistance rests on, strongest first.
        verdict: the answer in a sentence.
    """

    context: str
    therapy: str
    lost: float
    candidates: tuple[Candidate, ...]
    resistance: tuple[Carrier, ...]
    verdict: str


def reverse(
    context: str | Context,
    therapy: str,
    *,
    pairs: bool = True,
    explain: int = 1,
    model: Model | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Ranking:
    """All single drugs and pairs, ranked by how much of the lost response to a therapy they give back.

    Args:
        context: the resistant cells: a name, `name + edit`, a table file, or a context.
        therapy: a drug at its usual dose, or NAME=DOSEunit.
        pairs: whether pairs are tried as well.
        explain: for how many of the best the carrying arrows are sought, by taking out each arrow in turn.
        model: another model than the shipped one.
        progress: called with (what is done now, steps done, steps in all).

    Returns:
        The ranking by V_total, the share of the lost effect that therapy and drugs together recover; V_net says whether the
        therapy itself works again. If the cells answer the therapy as MCF-7 do there are no candidates.

    Raises:
        UnknownNameError: a context or drug that nobody has heard of.
        UnitError: the dose has no unit or a wrong one.
        ProtocolError: the therapy is no drug, or has no dose or a schedule, or `explain` is negative.
        DataError, SimulationError: the cells, or MCF-7, do not grow without therapy; a culture failed.

    References: [@GHAYAD2008].

    >>> reverse("MCF-7", "4OHT", pairs=False).candidates
    ()
    """
    dose, entry = _asked(therapy, explain)
    bench = _Bench(Laboratory(Solver(model or read_model())), context, dose)
    ranked = _ranked(bench, _options(entry, pairs=pairs), progress=progress)
    resistance, explained = _explained(bench, ranked[:explain], progress=progress)
    candidates = (*explained, *ranked[explain:])
    return Ranking(bench.cells.name, dose, bench.lost, candidates, resistance, _verdict(bench, entry.name, candidates))


class _Bench:
    """The arms that all candidates share."""

    def __init__(self, lab: Laboratory, context: str | Context, therapy: str) -> None:
        cells = read_context(context) if isinstance(context, str) else context
        self.lab, self.cells, self.therapy = lab, cells, therapy
        self.SV, self.SF = lab.doublings(REFERENCE), lab.doublings(REFERENCE, therapy)
        self.RV, self.RF = lab.doublings(cells), lab.doublings(cells, therapy)

    @property
    def lost(self) -> float:
        """Effect (GR) that the therapy has in MCF-7 and not in these cells."""
        return _effect(self.SF, self.SV) - self.answer

    @property
    def answer(self) -> float:
        """Effect (GR) that the therapy has in these cells."""
        return _effect(self.RF, self.RV)

    def require_growth(self) -> None:
        """Cells that do not grow without therapy have no answer to lose."""
        if math.isnan(self.lost):
            what = f"without therapy the cells make {self.RV:.2f} doublings in six days, too few to lose an answer"
            raise DataError(what, where=self.cells.name, hint="name cells and a medium in which they grow")

    def gain(self, drugs: Sequence[str]) -> float:
        """Effect (GR) that drugs add to the therapy."""
        return _effect(self.lab.doublings(self.cells, self.therapy, *drugs), self.RV) - self.answer

    def candidate(self, drugs: Sequence[str]) -> Candidate:
        alone = self.lab.doublings(self.cells, *drugs)
        both = self.lab.doublings(self.cells, self.therapy, *drugs)
        arms = SixArms(SV=self.SV, SF=self.SF, RV=self.RV, RF=self.RF, RP=alone, RC=both)
        return Candidate(tuple(drugs), noise_free_reversal(arms), 2 ** (alone - self.RV), 2 ** (both - self.RV))


def _asked(text: str, explain: int) -> tuple[str, Substance]:
    """The therapy with its dose, once the question makes sense."""
    if explain < 0:
        raise ProtocolError(f"{explain} is negative", where="explain", hint="nothing can be less than none")
    name, equals, rest = text.partition("=")
    entry = substance(name.strip())
    if entry.kind != "drug":
        raise ProtocolError(f"{entry.name} is a {entry.kind}, not a therapy", hint="name a drug, as 4OHT or fulvestrant=100nM")
    amount = rest if equals else entry.dose
    if "@" in amount:
        what = f"'{amount}' is no dose of a therapy"
        raise ProtocolError(what, where=entry.name, hint="write NAME=DOSEunit, as fulvestrant=100nM")
    if entry.amount(amount, where=f"dose of {entry.name}") == 0:
        raise ProtocolError(f"a dose of {amount} is no therapy", where=entry.name, hint="give a dose above zero")
    return f"{entry.name}={amount}", entry


def _options(therapy: Substance, *, pairs: bool) -> list[tuple[Substance, ...]]:
    """Drugs other than the therapy; pairs with two different targets."""
    found = [one for one in substances().values() if one.kind == "drug" and one.target != therapy.target]
    found += [one for one in substances().values() if one.name == "fulvestrant" and therapy.name != "fulvestrant"]
    singles: list[tuple[Substance, ...]] = [(one,) for one in found]
    both = [pair for pair in itertools.combinations(found, 2) if pair[0].target != pair[1].target]
    return [*singles, *both] if pairs else singles


def _ranked(
    bench: _Bench, options: Sequence[tuple[Substance, ...]], *, progress: Callable[[str, int, int], None] | None
) -> list[Candidate]:
    """Candidates, best first; none where nothing is lost."""
    bench.require_growth()
    if bench.lost <= _LEAST_LOST:
        return []
    found = []
    for number, drugs in enumerate(options):
        if progress is not None:
            progress(f"{bench.therapy} + {' + '.join(one.name for one in drugs)}", number, len(options))
        found.append(bench.candidate([f"{one.name}={one.dose}" for one in drugs]))
    return sorted(found, key=lambda one: -one.reading.V_total.value)


def _explained(
    bench: _Bench, best: Sequence[Candidate], *, progress: Callable[[str, int, int], None] | None
) -> tuple[tuple[Carrier, ...], tuple[Candidate, ...]]:
    """What the resistance rests on, and how each of the best acts: every arrow taken out in turn.

    An arrow carries resistance if the resistant cells answer the therapy without it; it carries a candidate's effect if
    that effect is gone without it.
    """
    if not best:
        return (), ()
    gains = [bench.gain(one.drugs) for one in best]
    lost: dict[str, float] = {}
    shares: list[dict[str, float]] = [{} for _ in best]
    for number, arrow in enumerate(arrows().values()):
        if progress is not None:
            progress(f"without {arrow.name}", number, len(arrows()))
        other = _Bench(Laboratory(bench.lab.solver, without=[arrow.name]), bench.cells, bench.therapy)
        lost[arrow.name] = (other.answer - bench.answer) / bench.lost
        for share, one, gain in zip(shares, best, gains, strict=True):
            share[arrow.name] = 1 - other.gain(one.drugs) / gain if gain > 0 else math.nan
    resistance = _carriers(bench, lost)
    keepers = {one.arrow for one in resistance}
    chains = [_carriers(bench, {name: part for name, part in share.items() if name not in keepers}) for share in shares]
    return resistance, tuple(replace(one, mechanism=chain) for one, chain in zip(best, chains, strict=True))


def _carriers(bench: _Bench, shares: Mapping[str, float]) -> tuple[Carrier, ...]:
    strong = sorted((name for name, share in shares.items() if share >= _CARRIES), key=lambda name: -shares[name])
    return tuple(
        Carrier(name, min(shares[name], 1.0), _references(bench.lab.solver.model, arrows()[name]))
        for name in strong[:_MOST_ARROWS]
    )


def _references(model: Model, arrow: Arrow) -> tuple[str, ...]:
    """Citations behind the rules and reactions that read the arrow's constants, or what is made of these where they cite none."""
    cited = {one.id: one.references for one in model.rules} | {one.id: one.references for one in model.reactions}
    touched = {reader for constant in arrow.off for reader in readers(model, constant)}
    seen = set(touched)
    while touched and not any(cited[name] for name in touched):
        touched = {reader for name in touched for reader in readers(model, name)} - seen
        seen |= touched
    addresses = [address for name, found in cited.items() if name in touched for address in found]
    return tuple(dict.fromkeys(by_address()[address].citation for address in addresses if address in by_address()))


def _verdict(bench: _Bench, therapy: str, candidates: Sequence[Candidate]) -> str:
    cells = bench.cells.name
    if not candidates:
        return f"{cells} answers {therapy} as {REFERENCE} does (lost effect {bench.lost:.2f} GR): there is nothing to reverse"
    best = candidates[0]
    again = [one for one in candidates if one.reading.call in {"reversal", "partial reversal"}]
    words = f"most of the response of {cells} to {therapy} comes back with {best.sentence()}"
    if again:
        beside, share = " + ".join(again[0].drugs), again[0].reading.V_net.value
        return f"{words}; {therapy} itself works again beside {beside} (V_net {share:.2f})"
    return f"{words}; nothing tried makes {therapy} itself work again"


def _effect(treated: float, reference: float) -> float:
    """Effect in GR; NaN where the reference does not grow, as without an arrow that growth needs."""
    try:
        return float(effect(growth_inhibition_of_doublings(treated, reference)))
    except DataError:
        return math.nan
