"""Follow-up of patients in several files. It guesses neither which trial a file is, nor whether it is an arm of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tamarisk.errors import DataError
from tamarisk.measurement.columns import Said
from tamarisk.measurement.measured import Source
from tamarisk.measurement.survival_table import Patients, read_follow_up


def read_trials(files: Sequence[Path], *, event_is: str = "", said: Said | None = None) -> tuple[Patients, tuple[Source, ...]]:
    r"""The patients of several files: each file is a trial of its own, unless columns of it say which trial a patient was in.

    Args:
        files: as `read_follow_up` takes them; where several name no trial, each must hold the groups that it compares.
        event_is: the word or number that stands for the event; "" where a column `event` holds 1 for it and 0 for others.
        said: unit of the times, names of columns, and columns whose values keep trials apart.

    Returns:
        All patients, and what was taken from each file.

    Raises:
        TableError: everything that is wrong with a file, at once.
        DataError: a file may be a trial or an arm, files go by different units, or one is named twice.

    References: [@KAPLAN1958].

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [Path(folder) / name for name in ("may.csv", "june.csv")]
    ...     for path in paths: _ = path.write_text("time (months),event,group\n3,0,a\n5,1,b\n", encoding="utf-8")
    ...     read_trials(paths)[0].trial
    ('may.csv', 'may.csv', 'june.csv', 'june.csv')
    """
    parts = [read_follow_up(path, event_is=event_is, said=said) for path in files]
    sources = tuple(one.source for one in parts)
    if len(parts) == 1:
        return parts[0], sources
    _refuse_guesses(files, parts)
    named = [
        one if one.trial else replace(one, trial=(path.name,) * len(one.group)) for path, one in zip(files, parts, strict=True)
    ]
    time, event = (np.concatenate([getattr(one, name) for one in named]) for name in ("time", "event"))
    group, trial = (tuple(word for one in named for word in getattr(one, name)) for name in ("group", "trial"))
    return Patients(time, event, group, parts[0].unit, sources[0], trial), sources


def _refuse_guesses(files: Sequence[Path], parts: Sequence[Patients]) -> None:
    names = [path.name for path in files]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice and not parts[0].trial:
        raise DataError(f"two files are called {twice}", where="files", hint="name the files of different trials differently")
    units = list(dict.fromkeys(one.unit for one in parts))
    if len(units) > 1:
        hint = "measure them one after the other"
        raise DataError(f"the files count time in {' and '.join(units)}", where="files", hint=hint)
    lone = [path.name for path, one in zip(files, parts, strict=True) if not one.trial and len(set(one.group)) == 1]
    if lone:
        what = f"{lone[0]} holds one group, so it may be a trial or an arm of one"
        raise DataError(what, where="files", hint="add a column that names the trial of each patient, and say --by HEADER")
