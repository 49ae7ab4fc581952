"""The model in the field's formats. It knows files, not biology."""

from __future__ import annotations

from pathlib import Path

from tamarisk.errors import ModelError
from tamarisk.model.antimony import read_model
from tamarisk.model.context import Context, constants, read_context
from tamarisk.model.model import Model, with_constants
from tamarisk.model.parameters import MODEL_FOLDER
from tamarisk.model.sbml import require_sound_sbml, write_sbml
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
        UnknownNameError: a context that nobody has heard of.
        SimulationError: the cells do not settle.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export(Path(folder) / "mcf7.xml").read_text()[:5]
    '<?xml'
    """
    _refuse_existing(path)
    cells = read_context(context) if isinstance(context, str) else context
    solver = Solver(model or read_model())
    start = solver.settled(as_member(Experiment(cells)))
    own = {name: value for name, value in constants(cells).items() if name not in ADAPTED}
    medium = as_member(Experiment(cells)).periods[0].constants
    text = write_sbml(with_constants(solver.model, {**own, **medium}), initial=start)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(require_sound_sbml(text, where=str(path)), encoding="utf-8")
    return path


def export_modules(folder: Path) -> tuple[Path, ...]:
    """The Antimony modules and the parameter table, to read, edit and run with `--model`.

    Args:
        folder: where to write them; existing files are not overwritten.

    Returns:
        The files written.

    Raises:
        ModelError: a file of that name exists.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     len(export_modules(Path(place) / "model")) > 10
    True
    """
    sources = [*sorted(MODEL_FOLDER.glob("*.ant")), MODEL_FOLDER / "parameters.tsv"]
    for source in sources:
        _refuse_existing(folder / source.name)
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        (folder / source.name).write_bytes(source.read_bytes())
    return tuple(folder / source.name for source in sources)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise ModelError("the file exists already", where=str(path), hint="name another; nothing was overwritten")
