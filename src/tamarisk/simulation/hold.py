"""One program at a time in a folder, by a lock of the operating system that dies with its process. It knows no runs.

Where a file system has no locks, or keeps them from other computers, it does not know of a second program.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from tamarisk.errors import DataError

_BEYOND = 2**30
_TAKEN = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, _BEYOND, os.SEEK_SET)  # what is locked here others cannot read, so it is not the text
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Hold:
    """A file in a folder that one program holds until it lets go or dies; it says who that is.

    Args:
        path: the file, in a folder that is there. What a dead program left of it is taken over.

    Raises:
        DataError: another program holds it: which process, on which computer, since when.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     held = Hold(Path(folder) / "held")
    ...     words = (Path(folder) / "held").read_text(encoding="utf-8").split()
    ...     held.release()
    >>> words[:2] == ["process", str(os.getpid())]
    True
    """

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, _taken(path)
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {socket.gethostname()} since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        self._file.flush()

    def release(self) -> None:
        """Let go; the file is taken away. A second time does nothing."""
        if self._file.closed:
            return
        if sys.platform == "win32":  # an open file cannot be taken away there
            self._file.close()
        with suppress(OSError):
            self._path.unlink()
        self._file.close()


def _taken(path: Path) -> TextIO:
    """The file, open and locked; if its last holder took it away in between, a new one."""
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            _lock(file.fileno())
        except OSError as fault:
            if fault.errno in _TAKEN:
                with file:
                    raise _refusal(path, file) from None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()


def _refusal(path: Path, file: TextIO) -> DataError:
    file.seek(0)
    holder = file.read()
    what = f"another program writes here{': ' * bool(holder)}{holder}"
    return DataError(what, where=str(path.parent), hint="wait for its end, or name another folder")
