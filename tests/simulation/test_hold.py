"""One program at a time: whoever is second is told who is first, and the dead hold nothing."""

from __future__ import annotations

import errno
import os
import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tamarisk.errors import DataError
from tamarisk.simulation import hold
from tamarisk.simulation.hold import Hold

HOLDER = """
import sys
from pathlib import Path
from tamarisk.simulation.hold import Hold
held = Hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
SINCE = r"since 20\d\d-\d\d-\d\d \d\d:\d\d UTC"


def holder(path: Path) -> subprocess.Popen[str]:
    """Another program that holds a file until its input ends or it is killed."""
    words = [sys.executable, "-c", HOLDER, str(path)]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- the program above
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_another_program_is_named_and_its_death_lets_go(tmp_path: Path) -> None:
    """Refusal: who is second learns process, computer and time; killed, the first holds nothing, though its file is there."""
    path = tmp_path / "held"
    child = holder(path)
    with pytest.raises(DataError) as refused:
        Hold(path)
    who = f"process {child.pid} on {re.escape(socket.gethostname())} {SINCE}"
    hint = "wait for its end, or name another folder"
    assert re.fullmatch(rf"{re.escape(str(tmp_path))}: another program writes here: {who}; {hint}", str(refused.value))
    child.kill()
    child.communicate()
    assert f"process {child.pid} " in path.read_text(encoding="utf-8")
    mine = Hold(path)
    assert path.read_text(encoding="utf-8").startswith(f"process {os.getpid()} on ")
    mine.release()
    assert not path.exists()


def test_one_program_holds_once(tmp_path: Path) -> None:
    """Law: the same program is refused as well; after a release the next may, and a second release takes nothing from it."""
    path = tmp_path / "held"
    first = Hold(path)
    with pytest.raises(DataError, match=f"another program writes here: process {os.getpid()} on "):
        Hold(path)
    assert path.exists()
    first.release()
    second = Hold(path)
    first.release()
    with pytest.raises(DataError, match="another program writes here"):
        Hold(path)
    second.release()


def test_a_file_that_was_taken_away_holds_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where the last holder takes the file away between opening and locking, the new one is locked, not the lost one."""
    path, lock, locked = tmp_path / "held", hold._lock, []

    def late(file: int) -> None:
        if not locked:
            path.unlink()
        locked.append(file)
        lock(file)

    monkeypatch.setattr(hold, "_lock", late)
    mine = Hold(path)
    assert len(locked) == 2
    with pytest.raises(DataError):
        Hold(path)
    mine.release()


def test_without_locks_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a file system that has no locks stops nobody."""

    def none(_: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(hold, "_lock", none)
    held = [Hold(tmp_path / "held") for _ in range(2)]
    for one in held:
        one.release()


def test_the_other_operating_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where locks are msvcrt's, one byte beyond the text is locked at once or not at all; a closed file is taken away."""
    asked: list[tuple[int, int]] = []

    def locking(file: int, mode: int, size: int) -> None:
        asked.append((os.lseek(file, 0, os.SEEK_CUR), size))
        if len(asked) > 1:
            raise OSError(errno.EACCES, "permission denied")

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setitem(sys.modules, "fcntl", None)
    other = runpy.run_path(hold.__file__)["Hold"]
    first = other(tmp_path / "held")
    with pytest.raises(DataError, match=f"process {os.getpid()} on .* {SINCE}; wait for its end"):
        other(tmp_path / "held")
    assert asked == [(2**30, 1)] * 2
    first.release()
    assert not (tmp_path / "held").exists()
