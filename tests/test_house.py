"""The rules of the house, held by machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import tamarisk

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "tamarisk"
FILES = sorted(SOURCE.rglob("*.py"))
FLOORS = ("doors", "study", "calibration", ("simulation", "measurement"), "model", "evidence")
KERNEL = ("errors", "names", "units", "seeds", "tables")
KINDS = ("Law:", "Reference:", "Golden:", "Refusal:")


def floor(room: str) -> int:
    """How high a room lies; the kernel lies at the bottom."""
    for height, rooms in enumerate(reversed(FLOORS), 1):
        if room in (rooms if isinstance(rooms, tuple) else (rooms,)):
            return height
    return 0


def room(path: Path) -> str:
    """The room that a file stands in."""
    parts = path.relative_to(SOURCE).parts
    return parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tamarisk"):
            yield node.module
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("tamarisk"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Every function and method of a file."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Public functions, public classes and their public methods."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (one for one in node.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"))


@pytest.mark.parametrize("path", [one for one in FILES if one.parent != SOURCE], ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path: Path) -> None:
    """Law: a file imports its own room or a lower one, and measurement never sees simulation."""
    own = room(path)
    for module in imported(path):
        other = module.split(".")[1] if "." in module else ""
        assert other == own or floor(other) < floor(own), f"{path.name} imports {module}"


def test_the_kernel_imports_nothing_but_itself() -> None:
    """Law: the five files of the kernel need no room."""
    for name in KERNEL:
        assert {module.split(".")[1] for module in imported(SOURCE / f"{name}.py")} <= set(KERNEL)


def test_files_and_functions_fit_a_screen() -> None:
    """Law: no file is longer than 400 lines and no function longer than 40, docstring included."""
    long = [str(path) for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > 400]
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        long += [f"{path.name}: {one.name}" for one in functions(tree) if (one.end_lineno or 0) - one.lineno + 1 > 40]
    assert long == []


def test_every_file_says_what_it_is() -> None:
    """Law: a file starts with a docstring of one sentence or two."""
    silent = [str(path) for path in FILES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_public_names_are_typed_and_documented() -> None:
    """Law: every public function, class and method has a docstring, and every argument and result a type."""
    bare = []
    for path in FILES:
        for one in public(ast.parse(path.read_text(encoding="utf-8"))):
            if not ast.get_docstring(one):
                bare.append(f"{path.name}: {one.name} has no docstring")
            if isinstance(one, ast.FunctionDef):
                arguments = [*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs]
                untyped = [
                    argument.arg for argument in arguments if argument.annotation is None and argument.arg not in {"self", "cls"}
                ]
                if untyped or one.returns is None:
                    bare.append(f"{path.name}: {one.name} lacks types")
    assert bare == []


def test_the_front_door_is_small_and_leads_somewhere() -> None:
    """Law: at most forty names, each of which can be touched and says what it is."""
    assert len(tamarisk.__all__) <= 40
    for name in tamarisk.__all__:
        assert getattr(tamarisk, name).__doc__
    with pytest.raises(AttributeError, match="module 'tamarisk' has no attribute 'nothing'"):
        _ = tamarisk.nothing


def test_verbs_of_the_library_show_an_example() -> None:
    """Law: every function of the front door has a doctest and says what it returns."""
    verbs = [getattr(tamarisk, name) for name in tamarisk.__all__ if name[0].islower()]
    lacking = [
        verb.__name__ for verb in verbs if ">>> " not in (import_module(verb.__module__).__dict__[verb.__name__].__doc__ or "")
    ]
    assert lacking == []


def test_tests_name_their_kind() -> None:
    """Law: the docstring of every test begins with law, reference, golden or refusal."""
    unkind = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for one in functions(ast.parse(path.read_text(encoding="utf-8"))):
            if one.name.startswith("test_") and not (ast.get_docstring(one) or "").startswith(KINDS):
                unkind.append(f"{path.name}: {one.name}")
    assert unkind == []


def test_tests_are_as_long_as_the_source() -> None:
    """Law: at least 0.8 test lines for every source line."""
    lines = {
        name: sum(len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / name).rglob("*.py"))
        for name in ("src", "tests")
    }
    assert lines["tests"] >= 0.8 * lines["src"]


def test_no_file_names_a_package_registry_or_this_machine() -> None:
    """Law: no committed text holds the address of a registry or of a mirror; no lock file is kept."""
    address = re.compile(r"https?://[^\s\"']*(?:pypi|simple/|conda|anaconda|artifactory|nexus)", re.IGNORECASE)
    kept = [path for path in ROOT.rglob("*") if path.is_file() and not set(path.parts) & {".git", ".venv", "__pycache__"}]
    texts = [
        path
        for path in kept
        if path.suffix in {".py", ".toml", ".md", ".cff", ".tsv", ".ant", ".j2", ""} and path.parent.name != ".hypothesis"
    ]
    assert [str(path) for path in texts if address.search(path.read_text(encoding="utf-8", errors="ignore"))] == []
    assert "uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8")
