"""Places on disk that can be written to. It knows files and folders, not what is put there."""

from __future__ import annotations

import os
from pathlib import Path

from tamarisk.errors import DataError, ModelError


def require_writable(path: Path) -> None:
    """Nothing if a file or folder can be made, or written to, at a path; nothing is made.

    Args:
        path: a place, whether there already or not.

    Raises:
        DataError: something that is no folder stands in the way, or the user may not write there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     require_writable(Path(folder) / "new" / "report.html")
    """
    above = next(one for one in (path, *path.absolute().parents) if one.exists())
    if (above != path and not above.is_dir()) or not os.access(above, os.W_OK):
        raise DataError("nothing can be written here", where=str(path), hint="name another place")


def require_new(path: Path) -> None:
    """Nothing if no file of that name exists and one can be made.

    Raises:
        ModelError: the file exists.
        DataError: it cannot be made.

    >>> require_new(Path("a new file"))
    """
    if path.exists():
        raise ModelError("the file exists already", where=str(path), hint="name another; nothing was overwritten")
    require_writable(path)


def require_own(path: Path, mark: str) -> None:
    """Nothing if a folder is new, empty, or bears a mark, and can be written to.

    Args:
        path: the folder.
        mark: name of the file that marks it as ours; an empty name allows none.

    Raises:
        DataError: the folder holds other people's files, or cannot be written to.

    >>> require_own(Path("a new folder"), ".tamarisk")
    """
    require_writable(path)
    if path.exists() and any(path.iterdir()) and not (mark and (path / mark).exists()):
        raise DataError("the folder holds files that are not ours", where=str(path), hint="name an empty or a new one")
