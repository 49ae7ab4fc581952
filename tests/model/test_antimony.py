"""Modules to a model: a folder in, one model out, and every fault with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tamarisk.errors import ModelError, TableError
from tamarisk.model.antimony import read_model
from tamarisk.model.model import Model
from tamarisk.model.parameters import MODEL_FOLDER
from tamarisk.model.sbml import sbml_faults, write_sbml
from tamarisk.study.export import export_modules

UNITS = """// Units of the toy.
model units()
  unit relative = item;
  unit per_h = 1 / 3600 second;
  unit relative_per_h = item / 3600 second;
  unit time_unit = 3600 second;
  unit substance = item;
  unit extent = item;
  unit volume = litre;
  compartment cell = 1;
  cell has litre;
end
"""
SHAPES = """// Shapes.
function half(x)
  x / 2
end
"""
DECAY = """// A receptor is made and lost.
model decay()
  substanceOnly species ER in cell;
  loss := k_deg * ER;  loss has relative_per_h;
  synthesis: => ER; k_syn * half(ER_dose);
  degradation: ER => ; loss;
end
"""
HEADER = (
    "parameterId\tparameterName\tkind\tunit\tnominalValue\tlowerBound\tupperBound\t"
    "estimate\tpriorDistribution\tpriorParameters\tstatus\tsource\n"
)
Toy = Callable[..., Path]


def row(name: str, unit: str, value: float) -> str:
    """One row of a parameter table."""
    return f"{name}\tof the toy\trate\t{unit}\t{value}\t\t\t0\t\t\tprior\tassumed\n"


PARAMETERS = (
    HEADER + row("k_syn", "per_h", 0.2) + row("k_deg", "per_h", 0.1) + row("ER_dose", "relative", 1) + row("ER", "relative", 2)
)


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    """Writes a folder of two modules and a table, with some of their text replaced and further files beside them."""

    def write(*edits: tuple[str, str], **more: str) -> Path:
        files = {"units.ant": UNITS, "shapes.ant": SHAPES, "decay.ant": DECAY, "parameters.tsv": PARAMETERS}
        for old, new in edits:
            (name,) = [name for name, text in files.items() if old in text]
            files[name] = files[name].replace(old, new)
        for name, text in {**files, **{f"{name}.ant": text for name, text in more.items()}}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def refusal(folder: Path) -> str:
    """What a folder is refused with."""
    with pytest.raises(ModelError) as refused:
        read_model(folder)
    return str(refused.value)


# what is read


def test_exported_modules_are_the_model(tmp_path: Path, model: Model) -> None:
    """Law: the modules written for a user to edit make the shipped model again."""
    export_modules(tmp_path / "mine")
    assert read_model(tmp_path / "mine") == model


def test_a_folder_makes_one_model(toy: Toy) -> None:
    """Reference: the toy by hand; functions are written out and the table's numbers are in."""
    found = read_model(toy())
    assert found.states == ("ER",)
    assert found.initial() == {"ER": 2.0}
    assert dict(found.constants) == {"k_syn": 0.2, "k_deg": 0.1, "ER_dose": 1.0}
    assert [rule.id for rule in found.rules] == ["loss"]
    assert {one.id: one.changes for one in found.reactions} == {"synthesis": (("ER", 1.0),), "degradation": (("ER", -1.0),)}


def test_a_module_may_stand_in_two_files(toy: Toy) -> None:
    """Law: how a model is cut into files does not matter."""
    whole = read_model(toy())
    cut = "  degradation: ER => ; loss;\n"
    parted = read_model(toy((cut, ""), removal=f"// Loss.\nmodel removal()\n{cut}end\n"))
    assert set(parted.reactions) == set(whole.reactions)
    assert (parted.constants, parted.rules, parted.species) == (whole.constants, whole.rules, whole.species)


def test_one_reading_leaves_no_trace_in_the_next(toy: Toy, model: Model) -> None:
    """Law: no room keeps state: after a faulty folder the shipped model reads as before."""
    refusal(toy(("k_deg * ER;", "k_deg * * ER;")))
    assert read_model() == model


# what is refused


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("k_syn * half(ER_dose)", "k_syn * * half(ER_dose)", 5),
        ("k_syn * half(ER_dose)", "k_syn half(ER_dose)", 5),
        ("loss := k_deg * ER;", "loss := k_deg * (ER;", 4),
        ("loss := k_deg * ER;", "loss := k_deg * loss;", 4),
        ("half(ER_dose)", "hafl(ER_dose)", 5),
        ("half(ER_dose)", "half(ER_dose, 2)", 5),
    ],
)
def test_a_slip_in_a_module_is_located(toy: Toy, old: str, new: str, line: int) -> None:
    """Refusal: one sentence that names the file and the line and repeats what stands there."""
    message = refusal(toy((old, new)))
    assert message.startswith(f"decay.ant, line {line}: ")
    assert new in message
    assert "\n" not in message


def test_a_name_without_a_value_and_a_value_without_a_use_are_refused(toy: Toy) -> None:
    """Refusal: a misspelt name is found at its first use, and the row it left idle as well."""
    assert refusal(toy(("k_syn * half", "k_sin * half"))) == (
        "decay.ant, line 5: 'k_sin' has no value in parameters.tsv\nparameters.tsv: 'k_syn' is used by no module"
    )


def test_a_missing_row_is_refused(toy: Toy) -> None:
    """Refusal: parameter and start value alike are looked for in the table."""
    folder = toy((row("k_deg", "per_h", 0.1), ""), (row("ER", "relative", 2), ""))
    assert (
        refusal(folder)
        == "decay.ant, line 3: 'ER' has no value in parameters.tsv\ndecay.ant, line 4: 'k_deg' has no value in parameters.tsv"
    )


def test_a_row_that_no_formula_reads_is_refused(toy: Toy) -> None:
    """Refusal: to be mentioned in a comment is no use."""
    idle = PARAMETERS + row("k_idle", "per_h", 1)
    assert refusal(toy((PARAMETERS, idle))) == "parameters.tsv: 'k_idle' is used by no module"
    assert (
        refusal(toy((PARAMETERS, idle), ("made and lost", "made (k_idle) and lost")))
        == "parameters.tsv: 'k_idle' is used by no module"
    )


def test_a_value_for_what_a_rule_computes_is_refused(toy: Toy) -> None:
    """Refusal: a number cannot have two homes."""
    folder = toy((PARAMETERS, PARAMETERS + row("loss", "relative_per_h", 1)))
    assert refusal(folder) == "parameters.tsv: 'loss' is computed by a rule and cannot have a value"


def test_a_name_that_is_none_is_refused(toy: Toy) -> None:
    """Refusal: a parameter's name with a blank in it is found in its own row."""
    with pytest.raises(TableError) as refused:
        read_model(toy((row("k_syn", "per_h", 0.2), row("k syn", "per_h", 0.2))))
    assert str(refused.value) == "parameters.tsv, row 2, column parameterId: 'k syn' is no name; use letters, digits and _"


def test_a_unit_that_does_not_fit_is_found(toy: Toy) -> None:
    """Law: a model may be read with a wrong unit, but no check of its SBML lets it pass."""
    found = read_model(toy((row("k_syn", "per_h", 0.2), row("k_syn", "relative", 0.2))))
    assert any("'synthesis'" in fault.what for fault in sbml_faults(write_sbml(found)))
    assert sbml_faults(write_sbml(read_model(toy()))) == []


def test_a_unit_that_nobody_defined_is_refused(toy: Toy) -> None:
    """Refusal: a unit is one that the modules define, or one of the shipped model's."""
    with pytest.raises(TableError, match=r"^parameters.tsv, row 2, column unit: no unit 'furlong'$"):
        read_model(toy((row("k_syn", "per_h", 0.2), row("k_syn", "furlong", 0.2))))


@pytest.mark.parametrize("again", ["  synthesis: => ER; k_syn * ER_dose;", "  loss := 2 * k_deg * ER;"])
def test_a_second_definition_is_refused(toy: Toy, again: str) -> None:
    """Refusal: a process or rule that two modules define is not silently replaced by the later one."""
    message = refusal(toy(more=f"// More.\nmodel more()\n{again}\nend\n"))
    assert "more.ant, line 3" in message
    assert "decay.ant, line" in message


def test_a_module_that_is_not_opened_is_refused(toy: Toy) -> None:
    """Refusal: a module without its brackets is not silently left out."""
    assert refusal(toy(("model decay()", "model decay"))).startswith("decay.ant, line 2: ")


def test_a_module_that_is_not_closed_is_refused(toy: Toy) -> None:
    """Refusal: the file without its end is named."""
    assert refusal(toy(("loss;\nend", "loss;"))) == "decay.ant: the module has no 'end'"


def test_a_reaction_without_a_rate_is_refused(toy: Toy) -> None:
    """Refusal: the reaction is named."""
    assert "'degradation'" in refusal(toy(("degradation: ER => ; loss;", "degradation: ER => ;")))


def test_events_are_refused(toy: Toy) -> None:
    """Refusal: an event cannot be read as reaction or rule, and the folder is named."""
    folder = toy(("  degradation", "  at (ER > 1): ER = 0;\n  degradation"))
    assert refusal(folder) == f"{folder}: events are not read here; write them as reactions and rules"


def test_another_encoding_is_refused(toy: Toy) -> None:
    """Refusal: a module that is not UTF-8 is named."""
    folder = toy()
    (folder / "decay.ant").write_bytes(DECAY.replace("made", "m\u00e4de").encode("latin-1"))
    assert refusal(folder) == f"{folder / 'decay.ant'}: the file is not UTF-8 text; save it as UTF-8"


def test_a_folder_without_modules_is_refused(tmp_path: Path) -> None:
    """Refusal: an empty folder and a missing one alike."""
    for folder in (tmp_path, tmp_path / "none"):
        assert refusal(folder) == f"{folder}: no Antimony file (*.ant) in this folder; name a folder with modules"


def test_a_missing_table_is_refused(toy: Toy) -> None:
    """Refusal: the table's own path is shown."""
    table = toy() / "parameters.tsv"
    table.unlink()
    with pytest.raises(TableError) as refused:
        read_model(table.parent)
    assert str(refused.value) == f"{table}: no such file; check the path"


def test_a_slip_in_an_exported_module_is_located(tmp_path: Path) -> None:
    """Refusal: in the shipped modules too, the line is the file's own."""
    export_modules(tmp_path / "mine")
    file = tmp_path / "mine" / "src.ant"
    lines = file.read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "SRC_inactivation:" in line)
    lines[number - 1] = lines[number - 1].replace("k_SRC *", "k_SCR *")
    file.write_text("\n".join(lines), encoding="utf-8")
    assert refusal(file.parent) == f"src.ant, line {number}: 'k_SCR' has no value in parameters.tsv"


@pytest.mark.parametrize("file", sorted(MODEL_FOLDER.glob("*.ant")), ids=lambda file: file.stem)
def test_a_module_says_in_words_what_it_claims(file: Path) -> None:
    """Law: each file begins with a comment and holds one module of its own name, or functions (STYLE.md section 4)."""
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("// ")
    opened = [line for line in lines if line.startswith("model ")]
    assert opened == ([] if file.stem == "functions" else [f"model {file.stem}()"])
