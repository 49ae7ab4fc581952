"""Zero interaction potency (ZIP): neither drug shifts the other's curve. It knows fitted curves and refuses bad ones."""

from __future__ import annotations

import numpy as np

from tamarisk.measurement.combination import DoseMatrix, Scores, scores, single_agent, well_behaved_curve
from tamarisk.measurement.dose_response import predicted
from tamarisk.measurement.estimate import Array


def zero_interaction_potency(matrix: DoseMatrix) -> Scores:
    """How far two drugs shift each other's dose-response curves, beyond independence of their fitted curves (ZIP).

    Each row and each column of the matrix gets its own curve that starts where the other drug alone leaves it; the excess
    is the mean of both fitted surfaces less Bliss independence of the fitted drugs alone. Unlike Bliss it is smoothed. Beside
    the other drug effects may be the same at all doses: then they have no EC50, but their level is all that is asked for.

    Args:
        matrix: effects alone and together, complete, at least four doses above zero of each drug.

    Returns:
        Expected and excess effect of every combination.

    Raises:
        DataError: a curve is not well behaved; the message names the drug and the dose of the other.

    References: [@YADAV2015; @BLISS1939].

    >>> doses = np.array([0.0, 1.0, 3.0, 10.0, 30.0])
    >>> alone = doses / (doses + 5.0)
    >>> independent = 1.0 - np.outer(1.0 - alone, 1.0 - alone)
    >>> from tamarisk.measurement.combination import dose_matrix
    >>> found = zero_interaction_potency(dose_matrix(independent, first=doses, second=doses))
    >>> bool(np.abs(found.excess).max() < 1e-6)
    True
    """
    first, second = (predicted(single_agent(matrix, drug), dose) for drug, dose in ((0, matrix.first), (1, matrix.second)))
    expected = 1.0 - (1.0 - first[:, None]) * (1.0 - second[None, :])
    beside_second = _shifted(matrix.first, matrix.second, matrix.effect, "first", "second")
    beside_first = _shifted(matrix.second, matrix.first, matrix.effect.T, "second", "first").T
    smoothed = (beside_second + beside_first) / 2.0
    smoothed[0], smoothed[:, 0] = second, first
    return scores("ZIP", DoseMatrix(matrix.first, matrix.second, smoothed), expected)


def _shifted(dose: Array, other: Array, effect: Array, name: str, other_name: str) -> Array:
    """The fitted effect of a drug beside each dose of the other, shape `(dose, other dose)`."""
    columns = [effect[:, 0]]
    for level, column in zip(other[1:], effect[:, 1:].T, strict=True):
        where = f"the {name} drug beside {level:g} nM of the {other_name}"
        curve = well_behaved_curve(dose, column, untreated=float(column[0]), where=where, level=True)
        columns.append(predicted(curve, dose))
    return np.stack(columns, axis=1)
