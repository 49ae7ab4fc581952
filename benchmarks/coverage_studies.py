"""More draws of known truth for `coverage.py`: patients, dose matrices and studies that are pooled. It knows simulation only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from coverage_draws import Draws, holds
from scipy import integrate

from tamarisk.errors import DataError
from tamarisk.measurement.estimate import Array
from tamarisk.measurement.hazard import cox
from tamarisk.measurement.log_rank import log_rank
from tamarisk.measurement.meta_regression import egger, meta_regression
from tamarisk.measurement.pooling import fixed_effect, random_effects
from tamarisk.measurement.surface import beyond_best, interaction_surface
from tamarisk.measurement.survival import kaplan_meier, restricted_mean, restricted_mean_difference
from tamarisk.seeds import generator

Arm = tuple[Array, Array]  # time and event of each patient
MEAN_MONTHS = 20.0  # of the control arm, whose hazard is constant
RATIO = 0.6
FOLLOWED = (12.0, 36.0)  # months at which patients without an event leave, evenly
LEFT_EARLY, AGEING = (4.0, 30.0), 1.5  # the same where many are lost, and the shape of a Weibull hazard that rises
UNTIL = 18.0


def patients(n: int, runs: int) -> Draws:
    """Two arms of 10 n patients each; patients leave evenly between 12 and 36 months."""
    yield from _trials(10 * n, runs, "")


def hazards(n: int, runs: int) -> Draws:
    """Hazard ratios of two arms of 5 n patients each, and of arms that are alike."""
    arm = np.repeat([1.0, 0.0], 5 * n)
    for alike in (False, True):
        for treated, control in _arms(5 * n, runs, "hazard ratio", alike=alike):
            both = (np.concatenate(pair) for pair in zip(treated, control, strict=True))
            try:
                found = cox(*both, covariates={"arm": arm})
            except DataError:
                yield {"hazard ratio": None}
                continue
            doubtful = found.proportional_p["arm"] < 0.05
            if alike:
                yield {"test: hazard ratio is 1": float(found.p[0]) < 0.05, "test: hazards are proportional": doubtful}
            else:
                yield {"hazard ratio": holds(found.ratios["arm"], RATIO), "test: hazards are proportional": doubtful}


def mice(n: int, runs: int) -> Draws:
    """The same curves of 4 n in each arm, as an animal study has."""
    yield from _trials(4 * n, runs, ", few in each arm")


def lost_mice(n: int, runs: int) -> Draws:
    """As few, with a hazard that rises and many lost early."""
    yield from _trials(4 * n, runs, ", few and lost early", shape=AGEING, followed=LEFT_EARLY)


def _arms(
    size: int, runs: int, name: str, *, alike: bool, shape: float = 1.0, followed: tuple[float, float] = FOLLOWED
) -> Iterator[tuple[Arm, Arm]]:
    """Times and events of a treated and a control arm, whose hazard is lower by a ratio or the same."""
    rng = generator(size, "coverage", "patients", name, str(alike))
    used = rng.exponential(1.0, (runs, 2, size)) / np.array([1.0 if alike else RATIO, 1.0])[:, None]
    months = MEAN_MONTHS * used ** (1.0 / shape)
    leaving = rng.uniform(*followed, (runs, 2, size))
    for time, event in zip(np.minimum(months, leaving), (months <= leaving).astype(float), strict=True):
        yield (time[0], event[0]), (time[1], event[1])


def _trials(size: int, runs: int, suffix: str, *, shape: float = 1.0, followed: tuple[float, float] = FOLLOWED) -> Draws:
    def survival(months: float, ratio: float = 1.0) -> float:
        return math.exp(-ratio * (months / MEAN_MONTHS) ** shape)

    treated_mean, mean = (integrate.quad(survival, 0.0, UNTIL, args=(ratio,))[0] for ratio in (RATIO, 1.0))
    median = MEAN_MONTHS * math.log(2.0) ** (1.0 / shape)
    labels = np.repeat(["treated", "control"], size).tolist()
    both = (_arms(size, runs, "curves", alike=alike, shape=shape, followed=followed) for alike in (False, True))
    for (treated, control), (one, other) in zip(*both, strict=True):
        curve = kaplan_meier(*control, unit="months")
        at = int(np.searchsorted(curve.time, 12.0, side="right")) - 1
        known = at >= 0 and curve.survival[at] > 0
        share = bool(curve.low[at] <= survival(12.0) <= curve.high[at]) if known else None
        null = log_rank(*(np.concatenate(pair) for pair in zip(one, other, strict=True)), group=labels)
        yield {
            f"Kaplan-Meier at 12 months{suffix}": share,
            f"median survival{suffix}": holds(curve.median, median),
            f"test: log-rank{suffix}": null.p < 0.05,
            **_areas(suffix, control, mean),
            **_areas(suffix, control, treated_mean - mean, beside=treated),
            **_areas(suffix, other, 0.0, beside=one, test=True),
        }


def _areas(suffix: str, control: Arm, truth: float, *, beside: Arm | None = None, test: bool = False) -> dict[str, bool | None]:
    """What restricted means say; nothing where the follow-up ends before the period, or nobody has the event in it."""
    name = "test: restricted means differ" if test else "restricted mean" if beside is None else "restricted mean, difference"
    try:
        found = (
            restricted_mean(*control, until=UNTIL, unit="months")
            if beside is None
            else restricted_mean_difference(beside, control, until=UNTIL, unit="months")
        )
    except DataError:
        return {name + suffix: None}
    held = holds(found, truth)
    return {name + suffix: not held if test and held is not None else held}


def surfaces(n: int, runs: int) -> Draws:
    """Four doses of a drug beside three of another in n experiments; some cells interact, or none does."""
    rng = generator(n, "coverage", "surfaces")
    alone = 5.0 - np.array([0.0, 0.2, 0.8, 1.5, 2.5])[:, None] - np.array([0.0, 0.4, 1.0, 1.6])
    truth = np.zeros((4, 3))
    truth[1:, 1:] = [[-0.3, -0.5], [-0.8, -0.9], [-0.4, -0.6]]
    shift, noise = rng.normal(0.0, 0.4, (runs, n, 1, 1)), rng.normal(0.0, 0.2, (runs, n, 5, 4))
    for plates in alone + shift + noise:
        null = interaction_surface(plates)
        plates[:, 1:, 1:] += truth
        found = interaction_surface(plates)
        best = beyond_best(plates[:, 4, 3] - truth[3, 2] + 1.6, plates[:, 4, 0], plates[:, 0, 3])  # as good as the first drug
        yield {
            "interaction surface, 12 bounds together": bool(((found.low <= truth) & (truth <= found.high)).all()),
            "interaction at one pair of doses, named before": holds(found.at(2, 2), float(truth[2, 2])),
            "test: no cell of 12 interacts (largest t)": bool(null.p.min() < 0.05),
            "test: no better than the better drug (one-sided)": best.p < 0.05,
        }


def studies(n: int, runs: int) -> Draws:
    """Some n studies whose true effects differ as much as chance blurs them, then 5 n for what needs many."""
    rng = generator(n, "coverage", "studies")
    for _ in range(runs):
        few, many = (rng.uniform(0.1, 0.4, k) for k in (n, 5 * n))
        own = -0.4 + rng.normal(0.0, 0.2, n)
        effects = own + few * rng.normal(size=n)
        crowd = -0.4 + rng.normal(0.0, 0.2, 5 * n) + many * rng.normal(size=5 * n)
        alike = -0.4 + many * rng.normal(size=5 * n)
        careful = random_effects(effects, few**2)
        pooled = random_effects(crowd, many**2)
        slope = meta_regression(crowd, many**2, moderators={"dose": np.linspace(-1.0, 1.0, 5 * n)})
        further = -0.4 + 0.2 * float(rng.normal())
        yield {
            "floor: pooled effect of n studies (REML, Hartung-Knapp, never narrower than normal)": holds(careful.mean, -0.4),
            "pooled effect of n studies (tau squared uncertain)": holds(careful.marginal, -0.4),
            "floor: effect in a further study, after n": holds(careful.prediction, further),
            "pooled effect of 5 n studies (REML, Hartung-Knapp)": holds(pooled.mean, -0.4),
            "pooled effect of 5 n studies (tau squared uncertain)": holds(pooled.marginal, -0.4),
            "for comparison: pooled effect of 5 n studies (DL, normal)": holds(
                random_effects(crowd, many**2, method="DL", spread="normal").mean, -0.4
            ),
            "effect shared by 5 n studies": holds(fixed_effect(alike, many**2).mean, -0.4),
            "effect in a further study, after 5 n": holds(pooled.prediction, further),
            "effect per unit of a moderator, 5 n studies": holds(slope.coefficients["dose"], 0.0),
            "test: 5 n studies agree (Q)": fixed_effect(alike, many**2).Q_p < 0.05,
            "test: small studies are like large ones (Egger), 5 n": egger(alike, many**2).p < 0.05,
        }


def unlike(n: int, runs: int) -> Draws:
    """Some n studies, then 5 n, whose standard errors lie between .05 and .8, evenly on the log scale."""
    rng = generator(n, "coverage", "unlike studies")
    for _ in range(runs):
        few, many = (
            random_effects(-0.4 + rng.normal(0.0, np.hypot(0.2, errors)), errors**2)
            for errors in (np.geomspace(0.05, 0.8, k) for k in (n, 5 * n))
        )
        yield {
            "floor: pooled effect of n studies of unlike errors (REML, Hartung-Knapp, never narrower)": holds(few.mean, -0.4),
            "pooled effect of n studies of unlike errors (tau squared uncertain)": holds(few.marginal, -0.4),
            "pooled effect of 5 n studies of unlike errors (tau squared uncertain)": holds(many.marginal, -0.4),
            "effect in a further study, after 5 n of unlike errors": holds(many.prediction, -0.4 + 0.2 * float(rng.normal())),
        }


SETTINGS: dict[str, Callable[[int, int], Draws]] = {
    "patients": patients,
    "hazards": hazards,
    "surfaces": surfaces,
    "studies": studies,
    "unlike": unlike,
    "mice": mice,
    "lost mice": lost_mice,
}
FACTOR = {"surfaces": 3, "patients": 2, "mice": 2, "lost mice": 2}
