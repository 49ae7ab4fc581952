"""What the tests of the store share: a cache of their own, and tables as a user writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Write = Callable[..., Path]

ROW = {
    "id": "X1",
    "reference": "SMITH2026",
    "citation": "Smith 2026 J Test 1:1",
    "category": "cell line",
    "model_system": "MCF-7",
    "component": "PTEN",
    "perturbation": "knock-down",
    "therapy": "tamoxifen",
    "readout": "growth",
    "direction": "resistance",
    "says": "Cells without PTEN outgrow tamoxifen.",
    "seen": "full text",
    "where": "our own bench",
}
COLUMNS = (*ROW, "pmid", "doi", "n", "contrast", "measure", "estimate", "low", "high", "level")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which the databases of one test file are kept."""
    root = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(root))
        from platformdirs import user_cache_path

        yield user_cache_path("tamarisk") / "evidence"


@pytest.fixture
def new_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same for one test alone, still empty."""
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    from platformdirs import user_cache_path

    return user_cache_path("tamarisk") / "evidence"


@pytest.fixture
def mine(tmp_path: Path) -> Write:
    """Writes a table of the user's own: a sound row, changed as each of the given ones asks."""

    def write(*rows: dict[str, str], name: str = "mine.tsv") -> Path:
        lines = ["\t".join(COLUMNS), *("\t".join({**ROW, **row}.get(column, "") for column in COLUMNS) for row in rows)]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
