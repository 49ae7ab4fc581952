"""Whether a co-drug makes a resistant line answer its drug again. It knows doublings of six arms, not which drugs they got."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import (
    FEWEST_EXPERIMENTS,
    Array,
    Estimate,
    experiment_mean,
    experiment_ratio,
    side_by_side,
)
from tamarisk.measurement.growth import LEAST_DOUBLINGS, effect, growth_inhibition_of_doublings

HIGH = 0.5  # a V_total that recovers at least half of the lost effect is high
_REPEAT = "repeat it, or use noise_free_reversal for a virtual experiment"
SAME_GROWTH = 0.1  # two GR values this close count as the same
SAME_DOUBLINGS = 0.1  # an interaction this small counts as none where no noise can say so

Call: TypeAlias = Literal["reversal", "partial reversal", "bypass", "additive", "antagonism", "refused"]


@dataclass(frozen=True, slots=True, eq=False)
class SixArms:
    """Doublings of a sensitive and a resistant line under vehicle, drug, co-drug and both.

    Attributes:
        SV: sensitive line, vehicle; shape `(experiment,)` as are all.
        SF: sensitive line, drug.
        RV: resistant line, vehicle.
        RF: resistant line, drug.
        RP: resistant line, co-drug.
        RC: resistant line, drug and co-drug.
    """

    SV: npt.ArrayLike
    SF: npt.ArrayLike
    RV: npt.ArrayLike
    RF: npt.ArrayLike
    RP: npt.ArrayLike
    RC: npt.ArrayLike


@dataclass(frozen=True, slots=True)
class Reversal:
    """What a co-drug gives back of a lost effect, and what that is called.

    Attributes:
        V_total: recovered share of the effect, both drugs against vehicle; a bypass counts in full.
        V_net: recovered share of the effect, the drug against the co-drug alone: does the drug work again?
        V_add: the V_net that two drugs acting independently would show.
        interaction: doublings that both drugs together take beyond their sum (I); below 0 they help each other.
        call: reversal, partial reversal, bypass, additive, antagonism or refused.
        reason: the numbers behind the call, in a sentence.
    """

    V_total: Estimate
    V_net: Estimate
    V_add: Estimate
    interaction: Estimate
    call: Call
    reason: str


def interaction(arms: SixArms, *, level: float = 0.95) -> Estimate:
    """How many doublings both drugs take beyond the sum of what each takes: Bliss independence on counts is 0.

    Args:
        arms: doublings per experiment; only the resistant line is read.
        level: coverage of the interval, between 0 and 1.

    Returns:
        The interaction in doublings with the paired t interval; `fold` tells it as a fold of the Bliss expectation.

    Raises:
        DataError: an experiment lacks a number or an arm.

    References: [@BLISS1939; @STUDENT1908].

    >>> print(interaction(SixArms(SV=5, SF=1.5, RV=5.2, RF=4.7, RP=3.0, RC=1.2)))
    -1.3 doublings (no interval, n = 1)
    """
    _, _, RV, RF, RP, RC = _doublings(arms)
    return experiment_mean(RC - RF - RP + RV, unit="doublings", level=level)


def reversal(arms: SixArms, *, level: float = 0.95) -> Reversal:
    """Whether a co-drug restores the drug's own effect, or only stops the cells by another way.

    Drugs reverse resistance where V_net lies above V_add and the interaction below 0 with their intervals; in full where
    the resistant line beside the co-drug falls less than 0.1 GR short of the sensitive line (one-sided test), else in part.

    Args:
        arms: doublings per experiment, at least three experiments.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Three recovered shares with Fieller's intervals, the interaction, and the call; refused with its reason where
        the effect was not lost, the co-drug alone stops growth, or experiments are too few.

    Raises:
        DataError: an experiment lacks a number or an arm, or vehicle cells hardly grow.

    References: [@FIELLER1954; @BLISS1939; @SCHUIRMANN1987].

    >>> arms = SixArms(SV=[5, 5.1, 4.9], SF=[1.5, 1.6, 1.3], RV=[5.2, 5.1, 5.3], RF=[4.7, 4.8, 4.7], RP=[3, 3.1, 2.9],
    ...     RC=[1.1, 1.2, 1.0])
    >>> reversal(arms).call
    'reversal'
    """
    effects = _effects(arms)
    V_total, V_net, V_add = _shares(effects, level)
    beyond_sum = interaction(arms, level=level)
    lost = experiment_mean(effects.lost, unit="", level=level)
    if lost.n < FEWEST_EXPERIMENTS:
        return Reversal(V_total, V_net, V_add, beyond_sum, "refused", f"{lost.method}; {_REPEAT}")
    left = experiment_mean(effects.left, unit="", level=2 * level - 1) if effects.has_reference else V_net
    signs = _Signs(
        lost=lost.above(0),
        helping=beyond_sum.below(0),
        hindering=beyond_sum.above(0),
        works_again=V_net.above(V_add.value),
        as_sensitive=left.below(SAME_GROWTH),
        high=V_total.above(HIGH),
    )
    return Reversal(V_total, V_net, V_add, beyond_sum, *_call(signs, lost, V_net))


def noise_free_reversal(arms: SixArms, *, same_growth: float = SAME_GROWTH, same_doublings: float = SAME_DOUBLINGS) -> Reversal:
    """The same readings of one virtual experiment without noise, called by margins where no interval exists.

    Args:
        arms: doublings of one experiment, one number per arm.
        same_growth: GR values this close count as the same: for full reversal, and for an effect that was never lost.
        same_doublings: an interaction smaller than this counts as none.

    Returns:
        The readings without intervals, and the call.

    Raises:
        DataError: there is more than one experiment, an arm lacks its number, or vehicle cells hardly grow.

    References: [@BLISS1939].

    >>> found = noise_free_reversal(SixArms(SV=5, SF=1.5, RV=5.2, RF=4.7, RP=3.0, RC=2.5))
    >>> found.call, round(found.V_total.value, 2), round(found.V_net.value, 2)
    ('bypass', 0.74, 0.14)
    """
    effects = _effects(arms)
    if len(effects.lost) > 1:
        raise DataError(f"{len(effects.lost)} experiments have noise", where="arms", hint="use reversal, or give one at a time")
    V_total, V_net, V_add = _shares(effects, 0.95)
    beyond_sum = interaction(arms)
    lost = experiment_mean(effects.lost, unit="")
    signs = _Signs(
        lost=lost.value > same_growth,
        helping=beyond_sum.value < -same_doublings,
        hindering=beyond_sum.value > same_doublings,
        works_again=V_net.value > V_add.value,
        as_sensitive=effects.left.item() < same_growth,
        high=V_total.value > HIGH,
    )
    call, reason = _call(signs, lost, V_net)
    return Reversal(V_total, V_net, V_add, beyond_sum, call, reason)


@dataclass(frozen=True, slots=True, eq=False)
class _Effects:
    """Per experiment, in GR."""

    lost: Array  # effect of the drug in the sensitive less that in the resistant line
    total: Array  # what the resistant line regains, both drugs against vehicle
    net: Array  # what it regains against the co-drug alone; NaN where the co-drug alone stops growth
    added: Array  # what it would regain against the co-drug alone if both drugs acted independently

    @property
    def has_reference(self) -> bool:
        return bool(np.isfinite(self.net).all())

    @property
    def left(self) -> Array:
        """How far the resistant line with co-drug still falls short of the sensitive line."""
        return self.lost - self.net


@dataclass(frozen=True, slots=True)
class _Signs:
    lost: bool  # the drug does less in the resistant line
    helping: bool  # both drugs do more than their sum
    hindering: bool  # both drugs do less than their sum
    works_again: bool  # V_net lies above V_add
    as_sensitive: bool  # beside the co-drug the drug does as much as in the sensitive line, or more
    high: bool  # both drugs together recover most of the lost effect


def _doublings(arms: SixArms) -> tuple[Array, ...]:
    return side_by_side({field.name: getattr(arms, field.name) for field in fields(arms)})


def _effects(arms: SixArms) -> _Effects:
    SV, SF, RV, RF, RP, RC = _doublings(arms)
    resistant = effect(growth_inhibition_of_doublings(RF, RV))
    lost = effect(growth_inhibition_of_doublings(SF, SV)) - resistant
    total = effect(growth_inhibition_of_doublings(RC, RV)) - resistant
    if (RP < LEAST_DOUBLINGS).any():
        nothing = np.full(len(RP), np.nan)
        return _Effects(lost, total, nothing, nothing)
    net = effect(growth_inhibition_of_doublings(RC, RP)) - resistant
    added = effect(growth_inhibition_of_doublings(RF + RP - RV, RP)) - resistant
    return _Effects(lost, total, net, added)


def _shares(effects: _Effects, level: float) -> tuple[Estimate, Estimate, Estimate]:
    total = experiment_ratio(effects.total, effects.lost, level=level)
    if effects.has_reference:
        net = experiment_ratio(effects.net, effects.lost, level=level)
        return total, net, experiment_ratio(effects.added, effects.lost, level=level)
    reason = f"the co-drug alone leaves fewer than {LEAST_DOUBLINGS} doublings, so the drug has nothing left to stop"
    nothing = Estimate(math.nan, math.nan, math.nan, level, len(effects.lost), "", reason)
    return total, nothing, nothing


def _call(signs: _Signs, lost: Estimate, V_net: Estimate) -> tuple[Call, str]:
    """The first line of the table that holds."""
    again = "beside the co-drug the drug works"
    table: tuple[tuple[bool, Call, str], ...] = (
        (not signs.lost, "refused", f"the resistant line has not lost the drug's effect (lost: {lost} GR)"),
        (signs.helping and math.isnan(V_net.value), "refused", V_net.method),
        (signs.helping and not signs.works_again, "refused", f"V_net {V_net} is not shown to exceed V_add; do more experiments"),
        (signs.helping and signs.as_sensitive, "reversal", f"{again} as in the sensitive line (V_net {V_net})"),
        (signs.helping, "partial reversal", f"{again}, but less than in the sensitive line (V_net {V_net})"),
        (signs.high, "bypass", f"both drugs together stop the cells, but not shown beyond their sum (V_net {V_net})"),
        (signs.hindering, "antagonism", "both drugs together do less than their sum"),
        (True, "additive", "both drugs together are not shown to exceed their sum, nor to recover half of the lost effect"),
    )
    return next((call, reason) for holds, call, reason in table if holds)
