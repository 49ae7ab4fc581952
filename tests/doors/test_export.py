"""`tamarisk export`: the model in the field's formats, written once and never over another file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import libsbml

import tamarisk as lab
from tamarisk.model.parameters import MODEL_FOLDER

Said = Callable[..., str]
Told = Callable[..., dict[str, Any]]


def test_the_file_is_sound_sbml(told: Told, place: Path) -> None:
    """Reference: libsbml reads level 3 version 2 from the file and finds no error in it."""
    assert told("export", "--sbml", "deep/mcf7.xml") == {"written": ["deep/mcf7.xml"]}
    document = libsbml.readSBMLFromFile(str(place / "deep" / "mcf7.xml"))
    assert (document.getLevel(), document.getVersion()) == (3, 2)
    assert document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) == 0
    assert {one.getId() for one in document.getModel().getListOfReactions()} == {one.id for one in lab.read_model().reactions}


def test_the_file_is_the_library_s(said: Said, place: Path) -> None:
    """Law: the command writes what the library writes for the same context, and prints where."""
    assert said("export", "--context", "MCF7-TamR", "--sbml", "tamr.xml").split() == ["tamr.xml"]
    other = lab.export(place / "library.xml", context="MCF7-TamR")
    assert (place / "tamr.xml").read_text(encoding="utf-8") == other.read_text(encoding="utf-8")


def test_cells_begin_settled_and_as_themselves(said: Said, place: Path) -> None:
    """Reference: PTEN in the file is what the library reads at time 0 in these cells, and the knock-down is in its constants."""
    said("export", "--context", "MCF-7 + PTEN-knockdown", "--sbml", "cells.xml")
    model = libsbml.readSBMLFromFile(str(place / "cells.xml")).getModel()
    start = lab.simulate("MCF-7 + PTEN-knockdown", until="1h", readouts=["PTEN"])["PTEN"].values[0]
    assert abs(model.getSpecies("PTEN").getInitialAmount() - start) <= 1e-9 * start
    assert model.getParameter("PTEN_dose").getValue() == 0.15


def test_modules_are_the_shipped_ones(told: Told, place: Path) -> None:
    """Law: every module and the parameter table are written as they are, and all of them are named."""
    written = told("export", "--antimony", "mine")["written"]
    shipped = [*sorted(MODEL_FOLDER.glob("*.ant")), MODEL_FOLDER / "parameters.tsv"]
    assert written == [f"mine/{file.name}" for file in shipped]
    assert [(place / name).read_bytes() for name in written] == [file.read_bytes() for file in shipped]


def test_exported_modules_run_as_the_shipped_ones(told: Told) -> None:
    """Law: --model with exported modules changes no number."""
    told("export", "--antimony", "mine")
    assert told("simulate", "--model", "mine", "--until", "24h") == told("simulate", "--until", "24h")


def test_edited_modules_change_numbers(told: Told, place: Path) -> None:
    """Law: --model runs the user's own table: cells that translate the receptor faster have more of it."""
    told("export", "--antimony", "mine")
    table = place / "mine" / "parameters.tsv"
    lines = table.read_text(encoding="utf-8").splitlines()
    faster = [_doubled(line) if line.startswith("k_tl_ER\t") else line for line in lines]
    assert faster != lines
    table.write_text("\n".join(faster) + "\n", encoding="utf-8")
    own, shipped = (
        told("simulate", *words, "--readout", "ERa_total", "--until", "1h")["readouts"]["ERa_total"]["values"][0]
        for words in (("--model", "mine"), ())
    )
    assert own > 1.2 * shipped


def test_modules_of_a_model_of_ones_own_are_exported(told: Told, place: Path) -> None:
    """Law: with --model the modules written are that model's, as with SBML."""
    told("export", "--antimony", "mine")
    (place / "mine" / "src.ant").write_text(
        "// my own remark\n" + (place / "mine" / "src.ant").read_text(encoding="utf-8"), encoding="utf-8"
    )
    told("export", "--model", "mine", "--antimony", "copy")
    assert (place / "copy" / "src.ant").read_text(encoding="utf-8").startswith("// my own remark")


def test_both_formats_can_be_written_at_once(told: Told, place: Path) -> None:
    """Law: both targets are written and named, the SBML file first."""
    written = told("export", "--sbml", "model.xml", "--antimony", "modules")["written"]
    assert written[0] == "model.xml"
    assert len(written) == 1 + len(list((place / "modules").iterdir()))


def _doubled(line: str) -> str:
    cells = line.split("\t")
    cells[4] = str(2 * float(cells[4]))
    cells[5] = cells[6] = ""
    return "\t".join(cells)
