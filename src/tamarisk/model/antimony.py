"""Antimony modules to a model: the files of a folder are read as one. It knows the language, not what the modules say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
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

    @property
    def code(self) -> str:
        """The line without its comment."""
        return self.text.split("//")[0]

    @property
    def place(self) -> str:
        """Where it stands, for an error."""
        return f"{self.file}, line {self.number}"


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
    _refuse_doubles(parameters, lines)
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString("\n".join(line.text for line in lines)) < 0:
        raise ModelError(_located(antimony.getLastError(), lines))
    try:
        model = read_sbml(declare_pure_numbers(antimony.getSBMLString(_NAME)), where=str(folder))
    except ModelError as refused:
        named = re.match(r"'(\w+)' ", refused.what)
        where = _first_use(named[1], lines) if named else refused.where
        raise ModelError(refused.what, where=where, hint=refused.hint) from None
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
        for number, text in enumerate(_text(file).splitlines(), 1):
            line = _Line(text, file.name, number)
            if opened := re.match(r"\s*model\s+\*?(\w+)\s*(\(\s*\))?", text):
                if not opened[2]:
                    raise ModelError(f"the module {opened[1]} is not opened", where=line.place, hint=f"write model {opened[1]}()")
                inside = True
            elif inside and text.strip() == "end":
                inside = False
            else:
                (body if inside else functions).append(line)
        if inside:
            raise ModelError("the module has no 'end'", where=file.name)
    parameters = read_parameters(folder / "parameters.tsv", units={*_units(functions + body), *_shipped_units()})
    values = [_Line(f"  {one.id} = {one.value!r}; {one.id} has {one.unit};", "parameters.tsv", 0) for one in parameters]
    return [*functions, _Line(f"model *{_NAME}()", "", 0), *body, *values, _Line("end", "", 0)], parameters


def _units(lines: Sequence[_Line]) -> list[str]:
    """The units that modules define."""
    return [unit for line in lines for unit in re.findall(r"^\s*unit\s+(\w+)\s*=", line.code)]


@cache
def _shipped_units() -> tuple[str, ...]:
    """Units known without a definition in the user's own modules: SBML's pure number, litre and second, and the shipped ones."""
    lines = [_Line(text, "units.ant", 0) for text in (MODEL_FOLDER / "units.ant").read_text(encoding="utf-8").splitlines()]
    return ("dimensionless", "item", "litre", "second", *_units(lines))


def _located(message: str, lines: Sequence[_Line]) -> str:
    """Antimony's message with the file and line of ours instead of the composed text's."""
    match = _ERROR_LINE.search(message)
    line = lines[min(int(match[1]), len(lines)) - 1] if match else _Line("", "", 0)
    fault = " ".join(message.split(":", 1)[-1].split())
    if not line.file:
        stranger = re.search(r"'(\w+)' was used as a function", message)
        line = _using(stranger[1], lines) if stranger else _miscalled(lines) or line
        fault = f"'{stranger[1]}' is no function" if stranger else "a function has too few or too many arguments"
    return f"{line.place}: {fault}, in '{line.text.strip()}'"


def _using(name: str, lines: Sequence[_Line]) -> _Line:
    return next(line for line in lines if re.search(rf"\b{re.escape(name)}\b", line.code))


def _miscalled(lines: Sequence[_Line]) -> _Line | None:
    """The first line that calls one of our functions with another number of arguments."""
    heads = [re.match(r"\s*function\s+(\w+)\s*\(([^)]*)\)", line.code) for line in lines]
    counts = {head[1]: head[2].count(",") + 1 for head in heads if head}
    for line in lines:
        for name, count in counts.items():
            for call in re.finditer(rf"\b{name}\s*\(", line.code):
                if "function" not in line.code and _arguments(line.code[call.end() :]) != count:
                    return line
    return None


def _arguments(rest: str) -> int:
    depth, count = 1, 1
    for letter in rest:
        depth += (letter == "(") - (letter == ")")
        count += letter == "," and depth == 1
        if depth == 0:
            break
    return count


def _refuse_doubles(parameters: Sequence[Parameter], lines: Sequence[_Line]) -> None:
    """No process or rule is defined twice, and no computed name has a value."""
    first: dict[str, _Line] = {}
    issues = []
    values = {one.id for one in parameters}
    for line in lines:
        for statement in line.code.split(";"):
            found = re.match(r"\s*(\w+)\s*(:=|:)", statement)
            if found is None:
                continue
            if found[1] in first:
                issues.append(Issue(line.place, f"'{found[1]}' is defined already in {first[found[1]].place}"))
            elif found[2] == ":=" and found[1] in values:
                issues.append(Issue("parameters.tsv", f"'{found[1]}' is computed by a rule and cannot have a value"))
            first.setdefault(found[1], line)
    if issues:
        raise ModelError(listed(issues))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except IsADirectoryError:
        raise ModelError("this is a folder, not a module", where=str(file)) from None
    except UnicodeDecodeError:
        raise ModelError("the file is not UTF-8 text", where=str(file), hint="save it as UTF-8") from None


def _refuse_strays(model: Model, parameters: Sequence[Parameter], lines: Sequence[_Line]) -> None:
    """Every name has a value in the table, and every row of the table is used."""
    known = {one.id for one in parameters}
    used = {one.id for one in model.species} | set(model.constants)
    computed = {rule.id for rule in model.rules}
    issues = [Issue(_first_use(name, lines), f"'{name}' has no value in parameters.tsv") for name in sorted(used - known)]
    read = {word for line in lines if line.file != "parameters.tsv" for word in re.findall(r"\w+", line.code)}
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
