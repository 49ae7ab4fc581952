"""Benchmark models with one condition written into them, so that every engine gets the same SBML text."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import libsbml

from tamarisk.study.export import export

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Problem:
    """A model to run: SBML text, the end of the run, and the constants that are drawn for each member."""

    name: str
    sbml: str
    end: float
    drawn: tuple[str, ...]


def problems(*names: str) -> list[Problem]:
    """The problems of these names, in this order."""
    return [MODELS[name]() for name in names]


def bachmann() -> Problem:
    """JAK2-STAT5 with feedback, 25 states, 240 minutes under Epo."""
    sbml, values = _petab("Bachmann_MSB2011")
    values |= {"ActD": 1.0, "CISoe": 0.0, "SOCS3oe": 0.0, "Epo": 1.25e-7}
    values |= dict.fromkeys(("init_CIS_multiplier", "init_EpoRJAK2_CIS", "init_SHP1_multiplier", "init_SOCS3_multiplier"), 0.0)
    return _frozen("Bachmann", sbml, 240.0, values)


def lucarelli() -> Problem:
    """SMAD complexes under TGF-beta, 33 states, 600 minutes."""
    sbml, values = _petab("Lucarelli_CellSystems2018")
    values |= {f"init_S{number}": values[f"S{number}tot"] for number in (2, 3, 4)} | {"init_TGFb": 1.0}
    return _frozen("Lucarelli", sbml, 600.0, values)


def birtwistle() -> Problem:
    """ErbB signalling under EGF, 118 states, half an hour."""
    text = (SHARED / "sbml_models" / "birtwistle2007_EGF10nM.xml").read_text(encoding="utf-8")
    return _frozen("Birtwistle", text, 1800.0, {})


def chen() -> Problem:
    """ErbB signalling, 500 states, two hours; its step functions stand at their value after the step."""
    sbml, values = _petab("Chen_MSB2009")
    steps = {"Step10Mio": 1e7, "Step33": 0.0033, "Step1": 1.0, "StepMini": 1.8704e-8, "Step5": 5e-5, "StepLate": 0.0150356}
    return _frozen("Chen", sbml, 7200.0, values | {"c1": 5e-9, "c515": 0.0}, instead=steps)


def own() -> Problem:
    """Tamarisk's own model, 71 states, six days from the settled cells."""
    with tempfile.TemporaryDirectory() as place:
        text = export(Path(place) / "mcf7.xml").read_text(encoding="utf-8")
    return _frozen("Tamarisk", text, 144.0, {})


MODELS = {"Bachmann": bachmann, "Lucarelli": lucarelli, "Birtwistle": birtwistle, "Chen": chen, "Tamarisk": own}


def _petab(name: str) -> tuple[str, dict[str, float]]:
    """The SBML text and the nominal parameters of a PEtab problem."""
    with zipfile.ZipFile(SHARED / "petab_benchmarks" / f"{name}.zip") as archive:
        files = {Path(one).name: one for one in archive.namelist()}
        table = archive.read(files[f"parameters_{name}.tsv"]).decode()
        rows = csv.DictReader(io.StringIO(table), delimiter="\t")
        return archive.read(files[f"model_{name}.xml"]).decode(), {one["parameterId"]: float(one["nominalValue"]) for one in rows}


def _frozen(
    name: str, sbml: str, end: float, values: Mapping[str, float], *, instead: Mapping[str, float] | None = None
) -> Problem:
    """A problem with values set, some rules replaced by constants, and initial assignments carried out."""
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    for rule, value in (instead or {}).items():
        model.removeRuleByVariable(rule)
        model.getParameter(rule).setConstant(True)
        model.getParameter(rule).setValue(value)
    for parameter, value in values.items():
        if model.getParameter(parameter) is not None:
            model.getParameter(parameter).setValue(value)
    converter = libsbml.ConversionProperties()
    converter.addOption("expandInitialAssignments", True)
    document.convert(converter)
    ruled = {model.getRule(number).getVariable() for number in range(model.getNumRules())}
    drawn = tuple(one.getId() for one in model.getListOfParameters() if one.getId() not in ruled and one.getValue() != 0)
    return Problem(name, libsbml.writeSBMLToString(document), end, drawn)
