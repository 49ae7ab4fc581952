"""The pages say what is true."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tamarisk.doors.cli.main import COMMANDS, cli
from tamarisk.model.antimony import read_model
from tamarisk.model.context import constants, contexts, read_context
from tamarisk.model.regulon import read_regulon
from tamarisk.model.substance import substances

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def examples() -> list[str]:
    """Every command line that README and pages show, without the words before `tamarisk`."""
    pages = [README, *(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))]
    found = re.findall(
        r"^\s*(?:python3 -m pip install uv && )?(?:uv run )?tamarisk (\w+ .*|\w+)$", "\n".join(pages), re.MULTILINE
    )
    return sorted({re.sub(r"\s+#.*$", "", line) for line in found})


def test_the_page_of_commands_is_up_to_date() -> None:
    """Law: docs/commands.md is what docs/write_commands.py writes now."""
    page = runpy.run_path(str(ROOT / "docs" / "write_commands.py"))["page"]
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("line", examples())
def test_examples_name_options_that_exist(line: str) -> None:
    """Law: every command line in the pages is one that the program accepts."""
    words = [word.replace("cells.tsv", "MCF-7") for word in shlex.split(line)]
    command = cli.get_command(None, words[0])  # type: ignore[arg-type]
    assert command is not None
    command.make_context(
        words[0], [word for word in words[1:] if not word.startswith("cells.tsv")] if "cells.tsv" in line else words[1:]
    )


def test_every_command_shows_an_example() -> None:
    """Law: the help of every command ends with a line that can be typed."""
    for name in COMMANDS:
        help_text = CliRunner().invoke(cli, [name, "--help"]).output
        assert f"tamarisk {name}" in help_text.split("Example:")[1]


def test_the_readme_counts_rightly() -> None:
    """Law: the numbers of states, reactions, contexts, substances and genes in the README are those of the content."""
    model = read_model()
    assert f"{len(model.states)} states,\n{len(model.reactions)} reactions" in README
    assert f"{len(contexts())} contexts" in README
    assert f"{len(substances())} drugs and ligands" in README
    assert f"{len(read_regulon().genes)} genes" in README


def test_the_table_of_own_cells_can_be_read(tmp_path: Path) -> None:
    """Law: the example of docs/contexts.md is a context."""
    page = (ROOT / "docs" / "contexts.md").read_text(encoding="utf-8")
    (tmp_path / "cells.tsv").write_text(page.split("```tsv\n")[1].split("```")[0], encoding="utf-8")
    values = constants(read_context(str(tmp_path / "cells.tsv")))
    assert values["PTEN_dose"] == pytest.approx(0.3 * constants(read_context("T47D")).get("PTEN_dose", 1.0))
    assert values["E2_aromatase"] == 1.0


def test_links_between_pages_lead_somewhere() -> None:
    """Law: every relative link of README, CONTRIBUTING and docs points to a file."""
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
