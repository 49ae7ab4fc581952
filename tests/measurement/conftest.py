"""What the tests of the rulers share: reference tables beside the repository, two herbicides, and arrays of known truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tamarisk.measurement.dose_response import Curve, dose_response_curve
from tamarisk.measurement.signature import GROUPS
from tamarisk.seeds import generator

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "assay"

# Dry matter of white mustard under two herbicides, 68 readings (Christensen et al. 2003; cran/drc@ad297418 data/S.alba.rda)
GLYPHOSATE = {
    0.0: (4.7, 4.6, 4.1, 4.4, 3.2, 3.0, 3.8, 3.9),
    10.0: (3.8, 3.8, 3.8, 3.3),
    20.0: (4.1, 3.5, 4.1, 3.2),
    40.0: (2.8, 3.0, 3.7, 3.4),
    80.0: (1.8, 1.6, 2.3, 1.7),
    160.0: (1.1, 1.3, 1.0, 1.2),
    320.0: (0.9, 0.9, 0.9, 0.9),
}
BENTAZONE = {
    0.0: (4.1, 3.4, 2.6, 3.5, 4.3, 4.2, 4.1, 4.5),
    10.0: (3.5, 3.8, 3.9, 3.7),
    20.0: (3.2, 3.5, 3.0, 4.0),
    40.0: (1.1, 1.4, 1.4, 0.9),
    80.0: (0.9, 0.6, 0.7, 0.8),
    160.0: (0.7, 0.7, 0.5, 0.6),
    320.0: (0.8, 0.5, 0.7, 0.8),
    640.0: (0.6, 0.7, 0.6, 0.8),
}

ReadReference = Callable[[str], pd.DataFrame]
DrawArrays = Callable[..., tuple[np.ndarray, list[str]]]


@pytest.fixture(scope="session")
def reference() -> ReadReference:
    """Reads a table of published or R-made numbers; the test is skipped where the folder is not at hand."""

    def read(name: str) -> pd.DataFrame:
        path = REFERENCE / name
        if not path.exists():
            pytest.skip(f"reference table {name} is not beside the repository")
        return pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")

    return read


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Puts text into a file."""

    def put(content: str, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return put


@pytest.fixture(scope="session")
def herbicides() -> tuple[Curve, Curve]:
    """The four-number curves of bentazone and glyphosate."""
    first, second = (
        dose_response_curve(*zip(*((dose, one) for dose, readings in table.items() for one in readings), strict=True))
        for table in (BENTAZONE, GLYPHOSATE)
    )
    return first, second


@pytest.fixture(scope="session")
def arrays() -> DrawArrays:
    """Draws the arrays of one experiment of known truth, shape `(gene, array)`, and their group labels.

    The drug changes `signature` genes in the sensitive line; the resistant line keeps `retained` of that; beside the
    co-drug it regains `regained` of the lost part; the co-drug alone mimics `mimicked` of the response. Genes are
    correlated through five common factors, as in MEASUREMENT.md section 6.2.
    """

    def draw(
        run: int,
        *,
        n: int = 3,
        genes: int = 1200,
        signature: int = 180,
        retained: float = 0.1,
        regained: float = 0.0,
        mimicked: float = 0.0,
    ) -> tuple[np.ndarray, list[str]]:
        rng = generator(run, "tests", "arrays")
        drug = np.zeros(genes)
        drug[:signature] = rng.choice([-1.0, 1.0], signature) * (0.3 + rng.exponential(0.6, signature))
        beside = retained + regained * (1.0 - retained)
        share = np.array([0.0, 1.0, 0.0, retained, mimicked, mimicked + beside])
        line = rng.normal(0.0, 0.5, genes)[:, None] * np.array([0, 0, 1, 1, 1, 1])
        level = rng.normal(8.0, 1.5, genes)[:, None] + line + drug[:, None] * share
        noise = np.sqrt(0.04 * 8.0 / rng.chisquare(8, genes))[:, None] * rng.normal(size=(genes, 6 * n))
        common = rng.normal(0.0, 0.1, (genes, 5)) @ rng.normal(size=(5, 6 * n))
        return np.repeat(level, n, axis=1) + noise + common, np.repeat(GROUPS, n).tolist()

    return draw
