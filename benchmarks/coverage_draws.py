"""Draws of known truth and what the rulers say of each: the settings of `coverage.py`. It knows simulation, not real data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from tamarisk.errors import DataError
from tamarisk.measurement.agonism import agonism, agonism_index_over_doses, agonism_over_doses, blocked_share
from tamarisk.measurement.blot import Blots, band_contrasts
from tamarisk.measurement.curve_choice import plateau_p
from tamarisk.measurement.dose_response import Curve, dose_reaching, dose_response_curves, ec50, limits_differ_p, potency_ratio
from tamarisk.measurement.estimate import Estimate, experiment_mean, experiment_ratio, t_quantile
from tamarisk.measurement.expression import moderated_t
from tamarisk.measurement.growth import area_over_curve
from tamarisk.measurement.growth_rate import dip_rate, growth_rate
from tamarisk.measurement.hormesis import falling_dose, hormetic_curves, peak_dose, peak_response
from tamarisk.measurement.log_logistic import responses
from tamarisk.measurement.potency import dose_over_experiments, ratio_at_common_limits, ratio_over_experiments
from tamarisk.measurement.restoration import Restoration, restoration_index
from tamarisk.measurement.reversal import SixArms, interaction, reversal
from tamarisk.measurement.signature import GROUPS
from tamarisk.seeds import generator

DOSES = np.geomspace(1.0, 1000.0, 8)
_HALF_GROWTH = (0.9 / 0.4 - 1.0) ** (1.0 / 1.2)  # GR50 over EC50 of a curve that ends at .1 with slope 1.2
GROWTH = np.array([5.0, 1.5, 5.2, 4.7, 3.0])  # doublings of SV, SF, RV, RF, RP: MEASUREMENT.md 7.5
Draws = Iterator[dict[str, bool | None]]


def holds(found: Estimate, truth: float) -> bool | None:
    """Whether an interval holds the truth; None where there is no interval to ask."""
    return None if found.is_bound or math.isnan(found.low) else found.low <= truth <= found.high


def allows(found: Estimate, truth: float) -> bool:
    """Whether an interval, or a bound where there is no point, allows the truth."""
    return found.low <= truth <= found.high


def experiments(n: int, runs: int) -> Draws:
    """Means and ratios of pairs measured side by side; the pairs correlate by one half."""
    noise = generator(n, "coverage", "experiments").normal(size=(runs, n, 4))
    for one in noise:
        top, bottom = 1.2 + 0.3 * one[:, 0], 3.0 + 0.3 * (0.5 * one[:, 0] + 0.866 * one[:, 1])
        yield {
            "mean over experiments": holds(experiment_mean(top, unit=""), 1.2),
            "ratio of two means (Fieller)": holds(experiment_ratio(top, bottom), 0.4),
            "agonism A": holds(agonism(2.0 + top, vehicle=2.0 + 0.2 * one[:, 2], oestradiol=2.0 + bottom), 0.4),
            "share of agonism blocked": holds(
                blocked_share(
                    5.0 + 0.2 * one[:, 0],
                    vehicle=2.0 + 0.2 * one[:, 1],
                    combined=1.8 + 0.2 * one[:, 2],
                    codrug=1.5 + 0.2 * one[:, 3],
                ),
                0.9,
            ),
            "test: mean is 0": not holds(experiment_mean(top - 1.2, unit=""), 0.0),
        }


def six_arms(n: int, runs: int) -> Draws:
    """Reversal and its parts, for a pair that helps (RC 1.2) and one that is exactly additive (RC 2.5)."""
    for RC, truth in ((1.2, {"V_total": 1.0902, "V_net": 0.8622}), (2.5, {"V_total": 0.7428, "V_net": 0.1388})):
        rng = generator(n, "coverage", "six arms", str(RC))
        centre = np.append(GROWTH, RC)
        pace = 1.0 + rng.normal(0.0, 0.05, (runs, n, 1))
        for arms in (SixArms(*one.T) for one in centre * pace + rng.normal(0.0, 0.1, (runs, n, 6))):
            found = reversal(arms)
            name = "helping pair" if RC == 1.2 else "additive pair"
            yield {f"{part}, {name}": holds(getattr(found, part), value) for part, value in truth.items()}
            if RC == 2.5:
                yield {
                    "V_add": holds(found.V_add, 0.1388),
                    "interaction": holds(found.interaction, 0.0),
                    "test: no interaction": not holds(interaction(arms), 0.0),
                    "false call of reversal": found.call in {"reversal", "partial reversal"},
                }


def series(n: int, runs: int, *, name: str, centre: np.ndarray, sd: float = 0.06) -> tuple[np.ndarray, np.ndarray]:
    """Doses and readings of many series, n readings at every dose."""
    noise = generator(n, "coverage", "series", name).normal(0.0, sd, (runs, n * len(centre)))
    return np.repeat(DOSES, n), np.repeat(centre, n) + noise


def fitted(n: int, runs: int, *, name: str, numbers: list[float]) -> tuple[Curve | DataError, ...]:
    """Curves of many drawn series with the untreated response given."""
    return dose_response_curves(*series(n, runs, name=name, centre=responses(numbers, DOSES)), untreated=1.0)


def curves(n: int, runs: int) -> Draws:
    """Doses of single curves with n readings at each of eight doses."""
    numbers = [1.0, 0.1, math.log(30.0), 1.2]
    for curve in fitted(n, runs, name="one", numbers=numbers):
        if isinstance(curve, DataError) or curve.is_flat:
            yield {"EC50 of one curve": None, "GR50 of one curve": None}
            continue
        yield {
            "EC50 of one curve": allows(ec50(curve), 30.0),
            "GR50 of one curve": allows(dose_reaching(curve, 0.5), 30.0 * _HALF_GROWTH),
        }


def unseen_plateaus(n: int, runs: int) -> Draws:
    """Curves whose plateau the doses hardly reach, with noise of 10 %: EC50 300, then 700, of at most 1000 nM."""
    middle, late, early = (
        dose_response_curves(
            *series(n, runs, name=name, centre=responses([1.0, 0.1, math.log(half), 1.2], DOSES), sd=0.1), untreated=1.0
        )
        for name, half in (("edge", 300.0), ("beyond", 700.0), ("before", 75.0))
    )
    truths = {
        "EC50, plateau hardly reached": 300.0,
        "GR50, plateau hardly reached": 300.0 * _HALF_GROWTH,
        "floor: EC50 at 700 of 1000 nM, interval or bound": 700.0,
        "floor: GR50 at 843 of 1000 nM, interval or bound": 700.0 * _HALF_GROWTH,
        "EC50 ratio, one plateau hardly reached": 4.0,
    }
    for curve, far, near in zip(middle, late, early, strict=True):
        if any(isinstance(one, DataError) or one.is_flat for one in (curve, far, near)):
            yield dict.fromkeys(truths)
            continue
        found = ec50(curve), dose_reaching(curve, 0.5), ec50(far), dose_reaching(far, 0.5), potency_ratio(curve, near)
        yield {name: allows(one, truth) for one, (name, truth) in zip(found, truths.items(), strict=True)}


def curve_pairs(n: int, runs: int) -> Draws:
    """Ratios of doses of two single curves with n readings at each of eight doses."""
    both = [
        fitted(n, runs, name=name, numbers=[1.0, 0.1, math.log(half), 1.2]) for name, half in (("weak", 80.0), ("strong", 20.0))
    ]
    for weak, strong in zip(*both, strict=True):
        if isinstance(weak, DataError) or isinstance(strong, DataError):
            yield {"EC50 ratio of two curves": None}
            continue
        yield {
            "EC50 ratio of two curves": holds(potency_ratio(weak, strong), 4.0),
            "GR50 ratio of two curves": holds(potency_ratio(weak, strong, target=0.5), 4.0),
            "EC50 ratio at common limits": holds(ratio_at_common_limits(weak, strong), 4.0),
            "test: limits agree": limits_differ_p(weak, strong) < 0.05,
        }


def curves_over_experiments(n: int, runs: int) -> Draws:
    """One curve per experiment and condition; EC50s differ between experiments by 20 %."""
    rng = generator(n, "coverage", "experiments of curves")
    shift = rng.normal(0.0, 0.2, (runs, n, 1, 1))
    own = rng.normal(0.0, 0.1, (runs, n, 2, 1))
    log_ec50 = np.log([80.0, 20.0])[:, None] + shift + own
    readings = 0.1 + 0.9 / (1.0 + np.exp(1.2 * (np.log(DOSES) - log_ec50))) + rng.normal(0.0, 0.04, (runs, n, 2, len(DOSES)))
    found = dose_response_curves(DOSES, readings.reshape(-1, len(DOSES)), untreated=1.0)
    half = 20.0 * (0.9 / 0.4 - 1.0) ** (1.0 / 1.2)
    for run in range(runs):
        weak, strong = found[run * 2 * n : (run + 1) * 2 * n : 2], found[run * 2 * n + 1 : (run + 1) * 2 * n : 2]
        area = experiment_mean(area_over_curve(readings[run, :, 1], DOSES) - area_over_curve(readings[run, :, 0], DOSES), unit="")
        answered = all(isinstance(one, Curve) and not one.is_flat for one in (*weak, *strong))
        yield {
            "GR50 over experiments": holds(dose_over_experiments(strong, target=0.5), half) if answered else None,  # type: ignore[arg-type]
            "GR50 ratio over experiments (RI50, DMF)": holds(ratio_over_experiments(weak, strong, target=0.5), 4.0)
            if answered
            else None,  # type: ignore[arg-type]
            "EC50 ratio over experiments": holds(ratio_over_experiments(weak, strong), 4.0) if answered else None,  # type: ignore[arg-type]
            "lost area (dGR_AOC)": holds(area, LOST_AREA),
        }


def _lost_area() -> float:
    """The mean lost area over the drawn shifts of both EC50s, by quadrature over their common and own shifts."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    wide = math.hypot(0.2, 0.1)
    areas = [
        sum(
            weight * area_over_curve(responses([1.0, 0.1, math.log(half) + wide * node, 1.2], DOSES), DOSES).item()
            for node, weight in zip(nodes, weights / weights.sum(), strict=True)
        )
        for half in (80.0, 20.0)
    ]
    return areas[1] - areas[0]


LOST_AREA = _lost_area()


def flat_curves(n: int, runs: int) -> Draws:
    """The test of no effect where there is none."""
    doses, flat = series(n, runs, name="flat", centre=np.ones(len(DOSES)))
    for found, free in zip(dose_response_curves(doses, flat, untreated=1.0), dose_response_curves(doses, flat), strict=True):
        yield {
            "test: no effect of dose, 3 numbers": isinstance(found, DataError) or found.flat_p < 0.05,
            "test: no effect of dose, 4 numbers": isinstance(free, DataError) or free.flat_p < 0.05,
        }


def nulls_of_choices(n: int, runs: int) -> Draws:
    """Tests between curves where the simpler one is true."""
    doses, falling = series(n, runs, name="falling", centre=responses([1.0, 0.0, math.log(30.0), 1.5], DOSES))
    for found in hormetic_curves(doses, falling, plateau=0.0):
        yield {"test: no hormesis": None if isinstance(found, DataError) else found.hormesis_p < 0.05}
    for p in plateau_p(doses, falling, plateau=0.0, untreated=1.0).tolist():
        yield {"test: plateau is as supposed": p < 0.05}


def hormesis(n: int, runs: int) -> Draws:
    """Curves that rise before they fall, with n readings at each of eight doses."""
    centre = (2.0 + 0.15 * DOSES) / (1.0 + (DOSES / 30.0) ** 1.8)
    doses, risen = series(n, runs, name="hormesis", centre=centre, sd=0.2)
    fine = np.geomspace(1.0, 1000.0, 200_001)
    bent = (2.0 + 0.15 * fine) / (1.0 + (fine / 30.0) ** 1.8)
    fallen = float(fine[(bent < 1.0).argmax()])
    for found in hormetic_curves(doses, risen, plateau=0.0):
        try:
            dose, height = peak_dose(found), peak_response(found)
        except (DataError, AttributeError):
            yield {"dose of the hormetic peak": None, "height of the hormetic peak": None, "dose of the fall beyond it": None}
            continue
        yield {
            "dose of the hormetic peak": holds(dose, float(fine[bent.argmax()])),
            "height of the hormetic peak": holds(height, float(bent.max())),
            "dose of the fall beyond it": holds(falling_dose(found, 1.0), fallen),
        }


def growth(n: int, runs: int) -> Draws:
    """Rates of single cultures counted 2n times; the drug takes hold after a third of the time."""
    rng = generator(n, "coverage", "growth")
    hours = np.linspace(0.0, 96.0, 2 * n)
    dense = np.linspace(0.0, 96.0, 4 * n)
    slowing = np.where(dense < 32.0, dense / 24.0, 32.0 / 24.0 + (dense - 32.0) / 96.0)
    for steady, bent in zip(rng.normal(0.0, 0.1, (runs, 2 * n)), rng.normal(0.0, 0.1, (runs, 4 * n)), strict=True):
        course = 100.0 * 2.0 ** (slowing + bent)
        yield {
            "growth rate of one culture": holds(growth_rate(hours, 100.0 * 2.0 ** (hours / 24.0 + steady)), 1.0 / 24.0),
            "DIP rate, settled time given": holds(dip_rate(dense, course, settled_after=32.0), 1.0 / 96.0),
            "DIP rate, settled time found": holds(dip_rate(dense, course), 1.0 / 96.0),
        }


def blots(n: int, runs: int) -> Draws:
    """Three lanes on n blots; phospho falls twofold, total rises by half."""
    rng = generator(n, "coverage", "blots")
    effect = np.array([[0.0, -1.0, -1.0], [0.0, 0.585, 0.0], [0.0, 0.0, 0.0]])
    for noise, exposure in zip(rng.normal(0.0, 0.25, (runs, 3, n, 3)), rng.normal(0.0, 0.5, (runs, 3, n, 1)), strict=True):
        bands = 100.0 * 2.0 ** (effect[:, None, :] + exposure + noise)
        lanes = Blots(["V", "P", "C"], *bands, linear_range=(1e-3, 1e6))
        found, null = (band_contrasts(lanes, treated=treated, control="V") for treated in ("P", "C"))
        yield {
            "blot p/t": holds(found.phospho_per_total, -1.585),
            "blot p/load": holds(found.phospho_per_load, -1.0),
            "blot t/load": holds(found.total_per_load, 0.585),
            "test: blot t/load unchanged": not holds(null.total_per_load, 0.0),
        }


def dose_screens(n: int, runs: int) -> Draws:
    """Five doses of an anti-oestrogen against one vehicle, all bounds together."""
    rng = generator(n, "coverage", "screens")
    gain = np.array([0.0, 0.3, 0.9, 1.2, 0.6])
    for noise, shift in zip(rng.normal(0.0, 0.2, (runs, n, 7)), rng.normal(0.0, 0.3, (runs, n, 1)), strict=True):
        base, hormone, null = 2.0 + shift[:, 0] + noise[:, 0], 5.0 + shift[:, 0] + noise[:, 1], 2.0 + shift + noise[:, 2:]
        yield {
            "growth above vehicle, 5 bounds together": bool((agonism_over_doses(null + gain, vehicle=base).low <= gain).all()),
            "agonism A, 5 bounds together": bool(
                (agonism_index_over_doses(null + gain, vehicle=base, oestradiol=hormone).low <= gain / 3.0).all()
            ),
            "test: no agonist among 5 doses": agonism_over_doses(null, vehicle=base).is_agonist,
            "test: no A above 0 among 5 doses": agonism_index_over_doses(null, vehicle=base, oestradiol=hormone).is_agonist,
        }


def expression(n: int, runs: int) -> Draws:
    """Moderated t of genes with their own variances; each gene is a draw."""
    rng = generator(n, "coverage", "expression")
    values = np.sqrt(0.04 * 8.0 / rng.chisquare(8, runs))[:, None] * rng.normal(size=(runs, 2 * n))
    design = np.repeat(np.eye(2), n, axis=0)
    found = moderated_t(values, design=design, contrasts=[[-1.0], [1.0]])
    for effect, se, df, p in zip(found.effect[:, 0], found.se[:, 0], found.df, found.p[:, 0], strict=True):
        yield {
            "fold change of one gene": bool(abs(effect) <= t_quantile(0.95, df=float(min(df, 1e6))) * se),
            "test: gene unchanged (moderated t)": bool(p < 0.05),
        }


def restored(n: int, runs: int) -> Draws:
    """Arrays of MEASUREMENT.md 6.3: the resistant line keeps 10 % of the response and regains 40 % of the rest."""
    for found in indices(n, runs, regained=0.4):
        yield {part: found and holds(getattr(found, part), truth) for part, truth in _RESTORED.items()}


def not_restored(n: int, runs: int) -> Draws:
    """The same with a co-drug that does nothing."""
    for found in indices(n, runs, regained=0.0):
        yield {
            "test: RI_total is 0 (one-sided)": found and found.p_total < 0.05,
            "test: RI_net is 0 (one-sided)": found and found.p_net < 0.05,
            "test: RI_total is 0 (relabelling, p at most 0.05)": found and found.p_relabelled <= 0.05 + 1e-9,
        }


def indices(n: int, runs: int, *, regained: float) -> Iterator[Restoration | None]:
    """The restoration index of many draws; None where it is refused."""
    for run in range(runs):
        try:
            yield restoration_index(arrays(run, n=n, regained=regained), groups=np.repeat(GROUPS, n).tolist())
        except DataError:
            yield None


_RESTORED = {"RI_total": 0.4, "RI_net": 0.4, "phenocopy": 0.0, "retained": 0.1}


def arrays(run: int, *, n: int, regained: float, genes: int = 600, signature: int = 150, kept: float = 0.1) -> np.ndarray:
    """Log2 expression of six groups of n arrays; genes are correlated through five common factors."""
    rng = generator(run, "coverage", "arrays", str(n), str(regained))
    drug = np.zeros(genes)
    drug[:signature] = rng.choice([-1.0, 1.0], signature) * (0.3 + rng.exponential(0.6, signature))
    share = np.array([0.0, 1.0, 0.0, kept, 0.0, kept + regained * (1.0 - kept)])
    level = rng.normal(8.0, 1.5, genes)[:, None] + drug[:, None] * share
    noise = np.sqrt(0.04 * 8.0 / rng.chisquare(8, genes))[:, None] * rng.normal(size=(genes, 6 * n))
    common = rng.normal(0.0, 0.1, (genes, 5)) @ rng.normal(size=(5, 6 * n))
    return np.repeat(level, n, axis=1) + noise + common


SETTINGS: dict[str, Callable[[int, int], Draws]] = {
    "experiments": experiments,
    "six arms": six_arms,
    "curves": curves,
    "pairs of curves": curve_pairs,
    "curves over experiments": curves_over_experiments,
    "flat curves": flat_curves,
    "nulls of choices": nulls_of_choices,
    "hormesis": hormesis,
    "growth": growth,
    "blots": blots,
    "screens of doses": dose_screens,
    "expression": expression,
    "restoration": restored,
    "no restoration": not_restored,
    "unseen plateaus": unseen_plateaus,
}
FACTOR = {
    "experiments": 3,
    "six arms": 2,
    "flat curves": 2,
    "nulls of choices": 4,
    "growth": 2,
    "blots": 3,
    "screens of doses": 3,
    "expression": 5,
    "no restoration": 2,
}  # more draws where they are cheap or a test's size is asked
