"""What the tests of the doors share: commands run in this process, each test in a folder and with a cache of its own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tamarisk.doors.cli.main import cli

Run = Callable[..., Result]
VOID = {"meta", "br", "img", "link", "hr", "input", "base", "source"}


def invoked(*words: str) -> Result:
    """A command line, run in this process."""
    return CliRunner().invoke(cli, list(words), prog_name="tamarisk")


def _moved(patch: pytest.MonkeyPatch, root: Path) -> Path:
    """A new working folder under a root; caches go beside it."""
    work = root / "work"
    work.mkdir()
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        patch.setenv(name, str(root / "cache"))
    patch.chdir(work)
    return work


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder in which the commands of one test run; their cache lies beside it."""
    return _moved(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def shared_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same for all tests of one file."""
    with pytest.MonkeyPatch.context() as patch:
        yield _moved(patch, tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def command() -> Run:
    """Runs a command line wherever the test stands."""
    return invoked


@pytest.fixture
def tamarisk(place: Path) -> Run:
    """Runs a command line and gives what it printed, whatever came of it."""
    return invoked


@pytest.fixture
def said(place: Path) -> Callable[..., str]:
    """Runs a command line that must succeed and gives its standard output."""

    def run(*words: str) -> str:
        result = invoked(*words)
        assert result.exit_code == 0, result.stderr or repr(result.exception)
        return result.stdout

    return run


@pytest.fixture
def told(said: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """Runs a command line with --json that must succeed and gives the record: nothing else may stand on standard output."""

    def run(*words: str) -> dict[str, Any]:
        record = json.loads(said(*words, "--json"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
        assert isinstance(record, dict)
        return record

    return run


@pytest.fixture
def refused(place: Path) -> Callable[..., None]:
    """Checks that a command line, beside some files, is refused with a sentence and leaves everything as it was."""

    def check(words: str, sentence: str, files: Mapping[str, str | bytes] | None = None) -> None:
        for name, content in (files or {}).items():
            _put(place / name, content, folder=name.endswith("/"))
        before = _tree(place.parent)
        result = invoked(*shlex.split(words))
        after = _tree(place.parent)
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.stderr == f"tamarisk: {sentence}\n"
        assert (result.exit_code, result.stdout) == (2, "")
        assert [name for name in before | after if before.get(name, "absent") != after.get(name, "absent")] == []

    return check


def _put(path: Path, content: str | bytes, *, folder: bool) -> None:
    (path if folder else path.parent).mkdir(parents=True, exist_ok=True)
    if not folder:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _tree(root: Path) -> dict[str, bytes | str]:
    """Every file below a folder with its content, every folder by name."""
    return {str(one.relative_to(root)): one.read_bytes() if one.is_file() else "folder" for one in sorted(root.rglob("*"))}


class Page(HTMLParser):
    """A page read tag by tag: its identifiers, attributes and words, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.articles: dict[str, list[str]] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag with its attributes."""
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in given.items()]
        if "id" in given:
            self.ids.append(given["id"])
        if tag not in VOID:
            self._open.append((tag, given.get("id", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """A tag closes the one that was opened last."""
        if tag not in VOID:
            opened = self._open.pop()[0]
            assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        """Words belong to the page and to the article they stand in."""
        text = " ".join(data.split())
        if text:
            self.words.append(text)
            for tag, name in self._open:
                if tag == "article":
                    self.articles.setdefault(name, []).append(text)


@pytest.fixture(scope="session")
def page() -> Callable[[str], Page]:
    """Reads HTML as a browser would, strictly."""
    return Page
