"""The model in the field's formats. It knows files, not biology."""

from __future__ import annotations

from pathlib import Path

from tamarisk.errors import ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import Context, constants, read_context
from tamarisk.model.model import Model, with_constants
from tamarisk.model.parameters import MODEL_FOLDER
from tamarisk.model.sbml import require_sound_sbml, write_sbml
from tamarisk.places import require_new, require_own, require_writable
from tamarisk.simulation.batch import Solver
from tamarisk.simulation.run import ADAPTED, Experiment, as_member


def export(path: Path, *, context: str | Context = "MCF-7", model: Model | None = None) -> Path:
    """The model of one context as an SBML L3V2 file, settled and with its annotations.

    Args:
        path: the file to write; an existing file is not overwritten.
        context: whose cells: a name, `name + edit`, a table file, or a context.
        model: another model than the shipped one.

    Returns:
        The path.

    Raises:
        ModelError: the file exists, or libsbml finds a fault in the model.
        DataError: the file cannot be written.
        UnknownNameError: a context that nobody has heard of.
        SimulationError: the cells do not settle.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export(Path(folder) / "mcf7.xml").read_text()[:5]
    '<?xml'
    """
    require_new(path)
    cells = read_context(context) if isinstance(context, str) else context
    solver = Solver(model or read_model())
    start = solver.settled(as_member(Experiment(cells)))
    own = {name: value for name, value in constants(cells).items() if name not in ADAPTED}
    medium = as_member(Experiment(cells)).periods[0].constants
    text = write_sbml(with_constants(solver.model, {**own, **medium}), initial=start)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(require_sound_sbml(text, where=str(path)), encoding="utf-8")
    return path


def export_modules(folder: Path, *, source: Path | None = None) -> tuple[Path, ...]:
    """The Antimony modules and the parameter table, to read, edit and run with `--model`.

    Args:
        folder: where to write them; existing files are not overwritten.
        source: the folder of another model than the shipped one.

    Returns:
        The files written.

    Raises:
        ModelError: a file of that name exists, or the source holds no modules.
        DataError: the folder holds other files, or cannot be written to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     len(export_modules(Path(place) / "model")) > 10
    True
    """
    planned = planned_modules(folder, source=source)
    folder.mkdir(parents=True, exist_ok=True)
    for origin, target in planned:
        target.write_bytes(origin.read_bytes())
    return tuple(target for _, target in planned)


def planned_modules(folder: Path, *, source: Path | None = None) -> tuple[tuple[Path, Path], ...]:
    """The files that `export_modules` would copy, each with its target; nothing is written.

    Raises:
        ModelError: a file of that name exists, or the source holds no modules.
        DataError: the folder holds other files, or cannot be written to.

    >>> planned_modules(Path("new"))[-1][1].as_posix()
    'new/parameters.tsv'
    """
    origin = source or MODEL_FOLDER
    files = [*sorted(origin.glob("*.ant")), origin / "parameters.tsv"]
    if len(files) < 2:
        raise ModelError("no Antimony file (*.ant) in this folder", where=str(origin), hint="name a folder with modules")
    require_writable(folder)
    for file in files:
        require_new(folder / file.name)
    require_own(folder, "")
    return tuple((file, folder / file.name) for file in files)
