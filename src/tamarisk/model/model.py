"""A model as a value: species, parameters, rules and reactions. It knows structure, not how it is solved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from tamarisk.errors import ModelError
from tamarisk.model.expression import Expression, names
from tamarisk.names import nearest


@dataclass(frozen=True, slots=True)
class Species:
    """Something there is an amount of.

    Attributes:
        id: its identifier in formulas.
        name: what it is, in words.
        unit: `relative` in the cell (1 as in MCF-7 with 1 nM E2), nM in the medium.
        initial: its amount at the start.
        fixed: whether the experimenter sets it (drugs, hormones, ligands).
        identities: resolvable identifiers of what it is (UniProt, ChEBI, ...).
    """

    id: str
    name: str
    unit: str
    initial: float
    fixed: bool
    identities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A quantity computed from others at every moment, with the publications behind it."""

    id: str
    unit: str
    formula: Expression
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reaction:
    """One process: what it takes, what it makes, how fast, and who says so.

    Attributes:
        id: its name, a process.
        changes: species and by how many it changes them.
        rate: amount per hour.
        references: resolvable identifiers of the publications behind it; empty where it is assumed.
        assumed: whether it is marked as an assumption.
    """

    id: str
    changes: tuple[tuple[str, float], ...]
    rate: Expression
    references: tuple[str, ...] = ()
    assumed: bool = False


@dataclass(frozen=True)
class Model:
    """A whole model with its numbers.

    Attributes:
        name: what it is called.
        species: all species.
        rules: computed quantities, each after those it needs.
        reactions: all processes.
        constants: the value of every parameter and of every species the experimenter sets.
        units: the unit of every constant.
        document: the model in SBML with the values as first read.
    """

    name: str
    species: tuple[Species, ...]
    rules: tuple[Rule, ...]
    reactions: tuple[Reaction, ...]
    constants: Mapping[str, float]
    units: Mapping[str, str]
    document: str

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Species that the reactions change, in file order."""
        return tuple(one.id for one in self.species if not one.fixed)

    @cached_property
    def quantities(self) -> frozenset[str]:
        """Everything that can be read from a run: states, rules and constants."""
        return frozenset((*self.states, *(rule.id for rule in self.rules), *self.constants))

    def initial(self) -> dict[str, float]:
        """The amount of every state at the start."""
        return {one.id: one.initial for one in self.species if not one.fixed}


def with_constants(model: Model, changes: Mapping[str, float]) -> Model:
    """The same model with other numbers.

    Args:
        model: the model to start from; it stays as it is.
        changes: new values, each in the unit of its constant.

    Returns:
        The edited model.

    Raises:
        ModelError: a name is no constant of the model.

    >>> from tamarisk.model.antimony import read_model
    >>> with_constants(read_model(), {"PTEN_dose": 0.15}).constants["PTEN_dose"]
    0.15
    """
    for name in changes:
        if name not in model.constants:
            offer = nearest(name, model.constants, count=1)
            hint = f"did you mean '{offer[0]}'?" if offer else "see the parameter table"
            raise ModelError(f"no parameter '{name}'", where=model.name, hint=hint)
    return replace(model, constants={**model.constants, **changes})


def readers(model: Model, quantity: str) -> Iterator[str]:
    """The rules and reactions whose formula reads a quantity.

    >>> from tamarisk.model.antimony import read_model
    >>> "S167_phosphorylation" in set(readers(read_model(), "S6K_active"))
    True
    """
    for rule in model.rules:
        if quantity in set(names(rule.formula)):
            yield rule.id
    for reaction in model.reactions:
        if quantity in set(names(reaction.rate)):
            yield reaction.id
