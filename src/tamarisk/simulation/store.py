"""A run on disk as a Zarr group, chunk after chunk, whole at every moment. It knows files, not how numbers are made."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tamarisk.errors import DataError
from tamarisk.model.readout import Readout
from tamarisk.places import require_own
from tamarisk.simulation.hold import Hold
from tamarisk.simulation.members import of_run, slices

if TYPE_CHECKING:
    from types import ModuleType

    import xarray as xr

Array = np.ndarray[Any, np.dtype[np.float64]]

ENDING = "outcome"  # the array that is put in its place last: a chunk that has it is whole
_DESK = ".part"  # where chunks are written before they are put in their place
_HOLD = ".held"  # says which program writes here
_ROOT = "zarr.json"
_ELSE = "name another, or take this one away"


@dataclass(frozen=True)
class Layout:
    """What a run will hold, and whose it is.

    Attributes:
        members: how many.
        chunk: members that are kept together.
        times_h: output times.
        readouts: what is read.
        labels: names of the texts that every member has.
        identity: hashes of all that the numbers depend on, by what it is.
    """

    members: int
    chunk: int
    times_h: Array
    readouts: Sequence[Readout]
    labels: Sequence[str]
    identity: Mapping[str, str]


class Store:
    """A folder that holds one run, or the part of it that is finished.

    A chunk is written beside the run, brought safely to the disk, and then renamed into its place. As a context it is the only
    one that writes there.

    Args:
        folder: new, empty, or with the same run in it.
        layout: what it will hold.

    Raises:
        DataError: zarr is not installed, the folder holds something else, or another program writes there.

    >>> import tempfile
    >>> from tamarisk.model.readout import chosen
    >>> layout = Layout(3, 2, np.array([0.0]), chosen(["HER2"]), (), {"model": "1"})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Store(Path(folder), layout) as store:
    ...         store.write(slice(0, 2), np.ones((2, 1, 1)), {ENDING: ["finished", "finished"]})
    ...     missing(Path(folder), layout)
    [slice(2, 3, None)]
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        zarr = _zarr()
        self.folder, self.layout, self._desk = folder, layout, folder / _DESK
        self._begun(zarr)
        self._desk.mkdir(parents=True, exist_ok=True)
        self._hold = Hold(folder / _HOLD)
        with contextlib.ExitStack() as failing:
            failing.callback(self._hold.release)
            begun = self._begun(zarr)  # another program may have been there in between
            shutil.rmtree(self._desk, ignore_errors=True)
            self._desk.mkdir(exist_ok=True)
            group = zarr.create_group(self._desk, overwrite=True, attributes={"tamarisk": dict(layout.identity)})
            self._arrays = self._laid(group)
            if not begun:
                self._publish()
            failing.pop_all()  # all is well: it is held until the end

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._hold.release()

    def write(self, some: slice, values: Array, words: Mapping[str, Sequence[str]]) -> None:
        """Put one chunk in its place.

        Args:
            some: its members.
            values: shape `(member, time, readout)`.
            words: the texts of each member, by label, and how its run ended.
        """
        for number, readout in enumerate(self.layout.readouts):
            self._arrays[readout.name][some] = of_run(readout, values[:, :, number])[1]
        for name, texts in words.items():
            self._arrays[name][some] = np.array(texts, dtype=np.dtypes.StringDType())
        place = str(some.start // self.layout.chunk)
        made = [self._desk / one.name / "c" / place / ("" if one.single else "0") for one in self.layout.readouts]
        made += [self._desk / name / "c" / place for name in words if name != ENDING]
        self._move([file for file in made if file.exists()])  # of a chunk in which nobody finished no numbers are kept
        self._move([self._desk / ENDING / "c" / place])

    def finished(self) -> xr.Dataset:
        """Let go of the run and open it as it lies there: numbers are read when they are asked for, texts at once."""
        import xarray as xr

        shutil.rmtree(self._desk, ignore_errors=True)
        self._hold.release()
        found: xr.Dataset = xr.open_zarr(self.folder, chunks=None, consolidated=False)
        names = (*self.layout.labels, ENDING)
        texts = found.assign({name: ("member", _shared(found[name].to_numpy())) for name in names})
        return texts[[*(one.name for one in self.layout.readouts), *names]].set_coords(self.layout.labels)

    def _begun(self, zarr: ModuleType) -> bool:
        """Whether this run lies there already; the folder of another, or of other people, is refused."""
        if not (self.folder / _ROOT).exists():
            require_own(self.folder, _DESK)
            return False
        try:
            held = zarr.open_group(self.folder, mode="r").attrs.asdict().get("tamarisk")
        except (OSError, ValueError, KeyError, TypeError):
            held = None
        if not isinstance(held, dict):
            raise DataError("the folder holds no run of ours", where=str(self.folder), hint=_ELSE)
        other = [name for name, digest in self.layout.identity.items() if held.get(name) != digest]
        if other:
            what = f"the folder holds another run: it differs in {', '.join(other)}"
            raise DataError(what, where=str(self.folder), hint=_ELSE)
        return True

    def _laid(self, group: Any) -> dict[str, Any]:
        """Every array of the run, empty but for the times."""
        layout = self.layout
        time = group.create_array("time", data=layout.times_h, dimension_names=["time"], attributes={"unit": "h"})
        arrays = {"time": time}
        for one in layout.readouts:
            dimensions = ["member"] if one.single else ["member", "time"]
            arrays[one.name] = group.create_array(
                one.name,
                shape=(layout.members, len(layout.times_h))[: len(dimensions)],
                chunks=(layout.chunk, len(layout.times_h))[: len(dimensions)],
                dtype="float64",
                fill_value=np.nan,
                dimension_names=dimensions,
                attributes={"unit": one.unit, "meaning": one.meaning},
            )
        for name in (*layout.labels, ENDING):
            arrays[name] = group.create_array(
                name, shape=(layout.members,), chunks=(layout.chunk,), dtype=str, dimension_names=["member"]
            )
        return arrays

    def _publish(self) -> None:
        """The empty run in its place; the file that makes it one goes last."""
        files = [file for file in sorted(self._desk.rglob("*")) if file.is_file()]
        self._move([file for file in files if file.parent != self._desk])
        self._move([self._desk / _ROOT])

    def _move(self, files: Iterable[Path]) -> None:
        """Files from the desk to their places, on the disk before anything that follows."""
        places = {file: self.folder / file.relative_to(self._desk) for file in files}
        for file, place in places.items():
            _synced(file)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)
        for folder in {place.parent for place in places.values()}:
            with contextlib.suppress(PermissionError):  # where folders cannot be opened, their names are safe without
                _synced(folder)


def missing(folder: Path, layout: Layout) -> list[slice]:
    """The members of every chunk that is not there yet, in order.

    >>> from tamarisk.model.readout import chosen
    >>> missing(Path("a new folder"), Layout(3, 2, np.array([0.0]), chosen(["HER2"]), (), {}))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    chunks = enumerate(slices(layout.members, layout.chunk))
    return [some for number, some in chunks if not (folder / ENDING / "c" / str(number)).exists()]


def fingerprint(folder: Path) -> tuple[int, str]:
    """How many files a folder holds, and a hash of their names and bytes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fingerprint(Path(folder))[0]
    0
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            inner = hashlib.file_digest(content, "sha256").hexdigest()
        whole.update(f"{file.relative_to(folder).as_posix()} {inner}\n".encode())
    return len(files), whole.hexdigest()


def _shared(texts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Texts as objects, each distinct one kept once."""
    words, places = np.unique(texts, return_inverse=True)
    return words.astype(object)[places]


def _synced(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _zarr() -> ModuleType:
    try:
        return import_module("zarr")
    except ImportError:
        raise DataError("a run on disk needs zarr, which is not installed", hint="install tamarisk[cohort]") from None
