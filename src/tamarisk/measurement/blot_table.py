"""Every condition of replicate blots against one control, as named estimates. It knows bands, not proteins."""

from __future__ import annotations

import numpy as np

from tamarisk.errors import DataError, Issue
from tamarisk.measurement.blot import Blots, band_contrasts, total_contrast
from tamarisk.measurement.estimate import fold
from tamarisk.measurement.measured import Measured, Result

_NO_PHOSPHO = "there is no phospho band, so only total per load is told (--phospho names one)"
RATIOS = {"phospho_per_total": "phospho per total", "phospho_per_load": "phospho per load", "total_per_load": "total per load"}


def folds_of(blots: Blots, *, control: str, level: float = 0.95) -> Measured:
    """How many times each ratio of bands changes in every condition, against one control.

    Args:
        blots: the bands.
        control: the condition to compare with.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        Three folds for each condition, or total per load alone where nothing phosphorylated was blotted; conditions that share
        no blot with the control are refused.

    Raises:
        DataError: the control is no lane, or no condition can be compared.

    References: [@DEGASPERI2014].

    >>> blots = Blots(["vehicle", "rapamycin"], [[8, 2], [10, 3], [6, 1.5]], [[4, 8], [5, 9], [4, 7]], [[5, 5], [6, 6], [5, 4.5]],
    ...     linear_range=(0.5, 60.0))
    >>> for one in folds_of(blots, control="vehicle").results: print(one.of, "|", one.name, "|", one.estimate)
    rapamycin | phospho per total | 0.144 fold (95 % 0.101 to 0.206, n = 3)
    rapamycin | phospho per load | 0.275 fold (95 % 0.219 to 0.345, n = 3)
    rapamycin | total per load | 1.91 fold (95 % 1.67 to 2.19, n = 3)
    """
    if control not in blots.conditions:
        raise DataError(f"no lane '{control}'", where="control", hint=f"known: {', '.join(blots.conditions)}")
    whole = bool(np.isfinite(np.asarray(blots.phospho, dtype=np.float64)).any())
    results: list[Result] = []
    refusals: list[Issue] = []
    for treated in blots.conditions:
        if treated == control:
            continue
        try:
            results += _folds(blots, treated, control, level, whole=whole)
        except DataError as fault:
            refusals.append(Issue(treated, str(fault)))
    if not results:
        what = "; ".join(map(str, refusals)) or "there is no other lane"
        raise DataError(what, where="blots", hint="there is nothing to compare")
    return Measured(tuple(results), tuple(refusals), () if whole else (_NO_PHOSPHO,))


def _folds(blots: Blots, treated: str, control: str, level: float, *, whole: bool) -> list[Result]:
    """The ratios of one condition: all three, or total per load where there is no phospho band."""
    if not whole:
        alone = total_contrast(blots, treated=treated, control=control, level=level)
        return [Result(treated, RATIOS["total_per_load"], fold(alone))]
    found = band_contrasts(blots, treated=treated, control=control, level=level)
    return [Result(treated, words, fold(getattr(found, name))) for name, words in RATIOS.items()]
