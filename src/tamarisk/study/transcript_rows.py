"""Gene expression in resistance and its restoration: R11 and G8. It knows the questions, not how genes are computed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tamarisk.measurement.restoration import Restoration, restoration_index
from tamarisk.measurement.signature import (
    Fractions,
    NoiseFreeRestoration,
    expected_null_fraction,
    gene_contrasts,
    noise_free_restoration,
    restored_fractions,
    threshold_curve,
)
from tamarisk.model.regulon import Regulon, read_regulon
from tamarisk.study.bench import usual
from tamarisk.study.figure import Axis, Bars, Line, Lines
from tamarisk.study.finding import Figure, Finding, Reading
from tamarisk.study.laboratory import Array, Laboratory
from tamarisk.study.virtual_arrays import Noise, virtual_arrays
from tamarisk.units import percent

_ONE_DAY_H = 24.0
_SEED = 2008
_LEAST_FOLD = float(np.log2(1.5))
_UP = ("E2F", "MYC", "ERK", "GLI", "mTORC1")
_DOWN = ("FOXO",)
_ARMS = {
    "SV": ("MCF-7", ()),
    "SF": ("MCF-7", ("fulvestrant",)),
    "RV": ("MCF7-TamR", ()),
    "RF": ("MCF7-TamR", ("fulvestrant",)),
    "RP": ("MCF7-TamR", ("rapamycin",)),
    "RC": ("MCF7-TamR", ("fulvestrant", "rapamycin")),
}


def altered_transcription(lab: Laboratory, test: Finding) -> Reading:
    """R11: named genes of resistant against sensitive cells under tamoxifen."""
    regulon = read_regulon()
    resistant, sensitive = (
        lab.genes(cells, usual("4OHT"), span_h=_ONE_DAY_H, regulon=regulon) for cells in ("MCF7-TamR", "MCF-7")
    )
    difference = resistant - sensitive
    changed = np.abs(difference) >= np.log2(test.limits["fold_at_least"])
    programmes = {factor.name: _programme(regulon, difference, factor.name) for factor in regulon.factors}
    moved = [name for name in _UP if programmes[name] > 0] + [name for name in _DOWN if programmes[name] < 0]
    holds = changed.sum() >= test.limits["genes_at_least"] and len(moved) >= test.limits["programmes_at_least"]
    order = np.argsort(difference)
    named = {regulon.genes[row]: float(difference[row]) for row in (*order[-12:][::-1], *order[:12][::-1])}
    return Reading(
        float(changed.sum()),
        "genes",
        bool(holds),
        f"{changed.sum()} of {len(difference)} genes differ 1.5-fold; {', '.join(moved) or 'no programme'} move as stated",
        numbers=(
            *(
                Figure(f"{name} programme, median of the genes it alone drives", value, "log2 fold")
                for name, value in programmes.items()
            ),
            *(Figure(gene, value, "log2 fold") for gene, value in named.items()),
        ),
        panels=(
            _bars("MCF7-TamR against MCF-7 under 4OHT: programmes", "median log2 fold", programmes),
            _bars("The genes that differ most, MCF7-TamR against MCF-7", "log2 fold", named),
        ),
    )


def _bars(title: str, label: str, values: Mapping[str, float]) -> Bars:
    return Bars(title, Axis(label), tuple(values), ((label, tuple(values.values())),), level=0.0)


def restored_signature(lab: Laboratory, test: Finding) -> Reading:
    """G8: the four readings of "40 % of the signature", on virtual arrays and in truth."""
    limits = test.limits
    regulon = read_regulon()
    truth = {
        arm: lab.genes(cells, *(usual(drug) for drug in drugs), span_h=_ONE_DAY_H, regulon=regulon)
        for arm, (cells, drugs) in _ARMS.items()
    }
    noise = Noise(limits["gene_sd"], limits["sd_df"], limits["common_sd"])
    arrays, repeats = int(limits["arrays"]), int(limits["repeats"])
    values, groups = virtual_arrays(truth, arrays=arrays, noise=noise, seed=_SEED)
    contrasts = gene_contrasts(values, groups=groups)
    curve = threshold_curve(contrasts)
    main, null = curve[0], expected_null_fraction(contrasts, seed=_SEED)
    index = restoration_index(values, groups=groups)
    real = _truth(truth)
    again = [_repeated(truth, arrays=arrays, noise=noise, seed=_SEED + number) for number in range(1, repeats + 1)]
    middle, low, high = (float(edge) for edge in np.quantile(again, [0.5, 0.025, 0.975]))
    inside = limits["share_from"] <= middle <= limits["share_to"]
    return Reading(
        middle,
        "share",
        bool(inside and index.RI_total.above(0.0)),
        f"F_sig {percent(middle)} in the median of {repeats} virtual experiments; in one of them F_sig {percent(main.F_sig)}, "
        f"F_lost {percent(main.F_lost)} of {main.lost} lost genes ({percent(null.mean)} if rapamycin did nothing), "
        f"F_rapa {percent(main.F_rapa)}, F_net {percent(main.F_net)}; "
        f"RI_total {index.RI_total.value:.2f} = RI_net {index.RI_net.value:.2f} + phenocopy {index.phenocopy.value:.2f}",
        interval=(low, high),
        covers=f"95 % of {repeats} virtual experiments (noise of the arrays, not uncertainty of the model)",
        numbers=(*_readings(main, null.mean), *_indices(index), *_true_readings(real), *_noise_words(noise, index)),
        panels=(_four_readings(main, real), _curve(curve), _parts(index, real)),
    )


def _repeated(truth: dict[str, Array], *, arrays: int, noise: Noise, seed: int) -> float:
    """F_sig of another virtual experiment."""
    values, groups = virtual_arrays(truth, arrays=arrays, noise=noise, seed=seed)
    return restored_fractions(gene_contrasts(values, groups=groups)).F_sig


def _truth(truth: dict[str, Array]) -> NoiseFreeRestoration:
    dS, dR = truth["SF"] - truth["SV"], truth["RF"] - truth["RV"]
    rho, gam = truth["RP"] - truth["RV"], truth["RC"] - truth["RV"]
    return noise_free_restoration(dS, dR=dR, rho=rho, gam=gam, least_change=_LEAST_FOLD)


def _programme(regulon: Regulon, difference: Array, factor: str) -> float:
    """Median change of the genes that one factor drives and no other factor touches."""
    column = [one.name for one in regulon.factors].index(factor)
    touched = (regulon.drive + regulon.brake) > 0
    alone = (touched.sum(axis=1) == 1) & (regulon.drive[:, column] > 0)
    return float(np.median(difference[alone]))


def _readings(main: Fractions, null: float) -> list[Figure]:
    return [
        Figure("F_lost: restored share of the lost genes", main.F_lost, "share", f"{main.restored} of {main.lost}"),
        Figure("F_sig: restored share of the whole signature", main.F_sig, "share", f"{main.restored} of {main.signature}"),
        Figure("F_rapa: lost genes that rapamycin alone moves alike", main.F_rapa, "share"),
        Figure("F_net: lost genes that fulvestrant moves again beside rapamycin", main.F_net, "share"),
        Figure("E0: F_lost expected if rapamycin did nothing", null, "share"),
    ]


def _indices(index: Restoration) -> list[Figure]:
    named = {"RI_total": index.RI_total, "RI_net": index.RI_net, "phenocopy": index.phenocopy, "retained": index.retained}
    return [
        Figure(f"{name} (virtual arrays)", one.value, "share", f"95 % {one.low:.2f} to {one.high:.2f}, n = {one.n}")
        for name, one in named.items()
    ]


def _true_readings(real: NoiseFreeRestoration) -> list[Figure]:
    counts, slopes = real.fractions, real.slopes
    of_truth = {"F_lost": counts.F_lost, "F_sig": counts.F_sig, "F_rapa": counts.F_rapa, "F_net": counts.F_net}
    of_truth |= {"RI_total": slopes.RI_total, "RI_net": slopes.RI_net, "phenocopy": slopes.phenocopy, "retained": slopes.retained}
    return [Figure(f"{name} (noise-free truth, 1.5-fold)", value, "share") for name, value in of_truth.items()]


def _noise_words(noise: Noise, index: Restoration) -> list[Figure]:
    return [
        Figure("replicate noise of a gene", noise.gene_sd, "log2", f"differs between genes, df {noise.sd_df:g}"),
        Figure("noise shared within an array", noise.common_sd, "log2"),
        *(Figure(note, float("nan"), "note") for note in index.notes),
    ]


def _four_readings(main: Fractions, real: NoiseFreeRestoration) -> Bars:
    meanings = {
        "F_lost": "of lost genes",
        "F_sig": "of all genes",
        "F_rapa": "mimicked",
        "F_net": "re-sensitised",
    }
    seen = tuple(getattr(main, name) for name in meanings)
    true = tuple(getattr(real.fractions, name) for name in meanings)
    labels = tuple(f"{name}\n{meaning}" for name, meaning in meanings.items())
    title = "Four readings of “40 % restored”"
    return Bars(title, Axis("share"), labels, (("virtual arrays", seen), ("noise-free truth", true)), level=0.4)


def _curve(curve: tuple[Fractions, ...]) -> Lines:
    x = tuple(one.least_change for one in curve)
    lines = tuple(Line(name, x, tuple(getattr(one, name) for one in curve)) for name in ("F_lost", "F_sig", "F_rapa", "F_net"))
    return Lines("How the readings move with the threshold", Axis("least log2 fold of a hit"), Axis("share"), lines, level=0.4)


def _parts(index: Restoration, real: NoiseFreeRestoration) -> Bars:
    names = ("RI_total", "RI_net", "phenocopy")
    seen = tuple(getattr(index, name).value for name in names)
    true = tuple(getattr(real.slopes, name) for name in names)
    title = "Restored share of the response, and how"
    return Bars(title, Axis("share"), names, (("virtual arrays", seen), ("noise-free truth", true)))
