"""Antimony modules to a model: the files of a folder are read as one. It knows the language, not what the modules say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import antimony

from tamarisk.errors import Issue, ModelError, listed
from tamarisk.model.model import Model
from tamarisk.model.parameters import MODEL_FOLDER, Parameter, read_parameters
from tamarisk.model.sbml import declare_pure_numbers, read_sbml

_NAME = "tamarisk"
_ERROR_LINE = re.compile(r"line (\d+)")


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the composed text and where it stands in the files."""

    text: str
    file: str
    number: int


def read_model(folder: Path = MODEL_FOLDER) -> Model:
    """The model that the modules and the parameter table of a folder make together.

    Args:
        folder: it holds the modules (`*.ant`, each one `model name() ... end`, or functions) and `parameters.tsv`.

    Returns:
        The model with the table's values.

    Raises:
        ModelError: a module cannot be read (file, line and symbol are named), a name has no value, or a value has no use.
        TableError: the parameter table is faulty.

    >>> len(read_model().states) > 60
    True
    """
    lines, parameters = _compose(folder)
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString("\n".join(line.text for line in lines)) < 0:
        raise ModelError(_located(antimony.getLastError(), lines))
    model = read_sbml(declare_pure_numbers(antimony.getSBMLString(_NAME)), where=str(folder))
    _refuse_strays(model, parameters, lines)
    return model


def _compose(folder: Path) -> tuple[list[_Line], tuple[Parameter, ...]]:
    """All modules of a folder as the lines of one, functions first, values last."""
    files = sorted(folder.glob("*.ant"))
    if not files:
        raise ModelError("no Antimony file (*.ant) in this folder", where=str(folder), hint="name a folder with modules")
    functions: list[_Line] = []
    body: list[_Line] = []
    for file in sorted(files, key=lambda one: one.name != "units.ant"):
        inside = False
        for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            line = _Line(text, file.name, number)
            if re.match(r"\s*model\s+\*?\w+\s*\(\s*\)", text):
                inside = True
            elif inside and text.strip() == "end":
                inside = False
            else:
                (body if inside else functions).append(line)
        if inside:
            raise ModelError("the module has no 'end'", where=file.name)
    parameters = read_parameters(folder / "parameters.tsv")
    values = [_Line(f"  {one.id} = {one.value!r}; {one.id} has {one.unit};", "parameters.tsv", 0) for one in parameters]
    return [*functions, _Line(f"model *{_NAME}()", "", 0), *body, *values, _Line("end", "", 0)], parameters


def _located(message: str, lines: Sequence[_Line]) -> str:
    """Antimony's message with the file and line of ours instead of the composed text's."""
    match = _ERROR_LINE.search(message)
    if match is None:
        return message.strip()
    line = lines[min(int(match[1]), len(lines)) - 1]
    return f"{line.file}, line {line.number}: {message.split(':', 1)[-1].strip()} In '{line.text.strip()}'"


def _refuse_strays(model: Model, parameters: Sequence[Parameter], lines: Sequence[_Line]) -> None:
    """Every name has a value in the table, and every row of the table is used."""
    known = {one.id for one in parameters}
    used = {one.id for one in model.species} | set(model.constants)
    computed = {rule.id for rule in model.rules}
    issues = [Issue(_first_use(name, lines), f"'{name}' has no value in parameters.tsv") for name in sorted(used - known)]
    read = {word for line in lines if line.file != "parameters.tsv" for word in re.findall(r"\w+", line.text)}
    issues += [Issue("parameters.tsv", f"'{name}' is used by no module") for name in sorted(known - read)]
    issues += [
        Issue("parameters.tsv", f"'{name}' is computed by a rule and cannot have a value") for name in sorted(known & computed)
    ]
    if issues:
        raise ModelError(listed(issues))


def _first_use(name: str, lines: Sequence[_Line]) -> str:
    pattern = re.compile(rf"\b{re.escape(name)}\b")
    found = next((line for line in lines if pattern.search(line.text.split("//")[0])), None)
    return f"{found.file}, line {found.number}" if found else "model"
