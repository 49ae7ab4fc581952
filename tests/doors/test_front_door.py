"""The front doors: what a fresh process loads, what help says, and that commands are the library's voice."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path

import click
import pytest
from click.testing import Result

import tamarisk as lab
from tamarisk.doors.cli.evidence import BELOW
from tamarisk.doors.cli.main import COMMANDS, cli
from tamarisk.doors.cli.measure import RULERS
from tamarisk.measurement.blot_lanes import read_blots
from tamarisk.measurement.blot_table import folds_of
from tamarisk.measurement.columns import Said
from tamarisk.measurement.dose_files import Asked
from tamarisk.measurement.expression_files import Held, matrix_changes
from tamarisk.measurement.growth_table import Layout
from tamarisk.measurement.pair_table import read_pairs
from tamarisk.measurement.plate import read_counts
from tamarisk.measurement.pool_table import pool_of, read_effects
from tamarisk.measurement.rate_table import rates_of
from tamarisk.measurement.signature_table import restored
from tamarisk.measurement.survival_table import read_follow_up, trials_of

Run = Callable[..., Result]

HEAVY = ("numpy", "scipy", "pandas", "xarray", "matplotlib", "libsbml", "antimony", "llvmlite", "jinja2", "rich")
LOADED = "import sys; print(*sorted(sys.modules), file=sys.stderr)"
CONSOLE = Path(sys.executable).with_name("tamarisk")

# each option of a command, and the argument of a library verb that it is; `out`, `as_json` and `top` concern paper only
COUNTERPARTS: dict[str, dict[str, tuple[Callable[..., object], str]]] = {
    "simulate": {
        "points": (lab.simulate, "points"),
        "cohort": (lab.read_cohort, "path"),
        "cluster": (lab.OnDisk, "client"),
        "context": (lab.simulate, "context"),
        "drugs": (lab.protocol, "doses"),
        "start": (lab.protocol, "start"),
        "medium": (lab.protocol, "medium_name"),
        "grown_in": (lab.protocol, "grown_in"),
        "rest": (lab.protocol, "rest"),
        "until": (lab.simulate, "until"),
        "readouts": (lab.simulate, "readouts"),
        "genes": (lab.express, "genes"),
        "regulon": (lab.express, "regulon"),
        "model_folder": (lab.simulate, "model"),
    },
    "screen": {
        "context": (lab.screen, "context"),
        "drugs": (lab.screen, "drugs"),
        "others": (lab.screen, "around"),
        "medium": (lab.protocol, "medium_name"),
        "until": (lab.screen, "until"),
        "points": (lab.screen, "points"),
        "model_folder": (lab.screen, "model"),
    },
    "evolve": {
        "context": (lab.evolve, "context"),
        "drugs": (lab.evolve, "protocol"),
        "medium": (lab.protocol, "medium_name"),
        "until": (lab.evolve, "until"),
        "model_folder": (lab.evolve, "model"),
    },
    "reverse": {
        "context": (lab.reverse, "context"),
        "therapy": (lab.reverse, "therapy"),
        "pairs": (lab.reverse, "pairs"),
        "explain": (lab.reverse, "explain"),
        "model_folder": (lab.reverse, "model"),
    },
    "reproduce": {"only": (lab.reproduce, "only"), "model_folder": (lab.reproduce, "model")},
    "export": {"context": (lab.export, "context"), "sbml": (lab.export, "path"), "model_folder": (lab.export, "model")},
    "doctor": {"model_folder": (lab.doctor, "model")},
}
PAPER = {"out", "as_json", "top", "antimony", "engine"}
INSIDE = {"progress", "shelf", "protocol", "into"}  # arguments of verbs that a command fills by itself, or from several options

GROUPS = {"measure": RULERS, "evidence": BELOW}
EVERY = (
    *COMMANDS,
    *(f"{group} {name}" for group, below in GROUPS.items() for name in below),
)  # commands, and those below a group
every_command = pytest.mark.parametrize("name", EVERY)


# what is loaded


def test_importing_loads_the_standard_library_only() -> None:
    """Law: `import tamarisk` in a fresh process is quick and loads no library that was installed."""
    code = "import sys, time; t = time.perf_counter(); import tamarisk; print(time.perf_counter() - t, *sorted(sys.modules))"
    seconds, *loaded = _fresh("-c", code).stdout.split()
    assert set(HEAVY) & set(loaded) == set()
    assert {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"__main__"} <= _before() | {"tamarisk"}
    assert float(seconds) < 0.5  # 0.02 s on an idle machine; the rest is room for a busy one


def test_a_touched_name_loads_its_room() -> None:
    """Law: names at the front door are the same things as in their rooms, all are listed, and any other is refused."""
    assert set(dir(lab)) == set(lab.__all__)
    assert all(getattr(lab, name) is not None for name in lab.__all__)
    assert lab.simulate is import_module("tamarisk.simulation.run").simulate
    with pytest.raises(AttributeError, match=r"^module 'tamarisk' has no attribute 'simulat'$"):
        lab.simulat  # noqa: B018


def test_help_loads_no_command() -> None:
    """Law: the list of commands is shown without loading any of them, or any library they need."""
    code = f"import atexit; atexit.register(lambda: exec({LOADED!r}))\nfrom tamarisk.doors.cli.main import cli; cli(['--help'])"
    shown = _fresh("-c", code)
    loaded = shown.stderr.split()
    assert shown.returncode == 0
    assert {name for name in loaded if name.startswith("tamarisk.doors.cli.")} == {"tamarisk.doors.cli.main"}
    assert set(HEAVY) & set(loaded) == set()
    assert [name for name in COMMANDS if f"\n  {name} " not in shown.stdout] == []


def test_help_of_every_command_is_quick() -> None:
    """Law: asking a command for help loads no numerical library, whichever command is asked."""
    code = "\n".join(
        [
            "import sys",
            "from click.testing import CliRunner",
            "from tamarisk.doors.cli.main import cli",
            f"codes = {{CliRunner().invoke(cli, [*name.split(), '--help']).exit_code for name in {EVERY}}}",
            "print(*codes, *sorted(sys.modules))",
        ]
    )
    codes, *loaded = _fresh("-c", code).stdout.split()
    assert codes == "0"
    assert set(HEAVY) - {"rich"} & set(loaded) == set()


def test_the_rulers_load_no_distributions() -> None:
    """Law: a lab's file is read without `scipy.stats`, whose loading takes a third of the time to a first answer."""
    rulers = [
        f"tamarisk.measurement.{name}" for name in ("dose_files", "growth_table", "pair_table", "pool_table", "signature_table")
    ]
    shown = _fresh("-c", f"import sys, {', '.join(rulers)}; print(*sys.modules)").stdout.split()
    assert set(rulers) <= set(shown)
    assert "scipy.stats" not in shown


def test_the_console_command_runs() -> None:
    """Law: the installed command gives the version that is installed, and bad input ends it with 2 and one line."""
    version, wrong = (_run(str(CONSOLE), *words) for words in (("--version",), ("simulate", "--drug", "4OHT=1mg")))
    assert (version.returncode, version.stdout) == (0, f"tamarisk {metadata.version('tamarisk')}\n")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (2, "", 1)


# what is shown


def test_no_command_is_a_question_for_help(command: Run) -> None:
    """Law: `tamarisk` alone shows the help, laid out as with --help."""
    asked, alone = command("--help"), command()
    assert "Commands:\n" in asked.stdout
    assert alone.output == asked.output


@every_command
def test_help_ends_the_story_with_an_example(command: Run, name: str) -> None:
    """Law: help shows one example or more, each on a line of its own, before the options, and no stray sign."""
    shown = command(*name.split(), "--help").stdout
    story = shown.split("\nOptions:")[0]
    assert re.search(rf"\n  Example:\n(      tamarisk .+\n)*      tamarisk {name}\b", story)
    assert "\\b" not in shown
    assert "\b" not in shown


@every_command
def test_examples_are_commands(name: str) -> None:
    """Law: every example of help is read without complaint by the command that it calls."""
    context = click.Context(cli, info_name="tamarisk", help_option_names=["-h", "--help"])
    told = inspect.getdoc(_command(name).callback) or ""
    lines = [shlex.split(line)[1:] for line in told.splitlines() if line.strip().startswith("tamarisk ")]
    examples = [(" ".join(words[:2]), words[2:]) if words[0] in GROUPS else (words[0], words[1:]) for words in lines]
    assert [called for called, _ in examples if called.startswith(name)]
    for called, words in examples:
        assert _command(called).make_context(called, words, parent=context).params


@every_command
def test_every_option_is_explained(name: str) -> None:
    """Law: an option says in a sentence what it is for, and every command can speak to programs."""
    options = [one for one in _command(name).params if isinstance(one, click.Option)]
    assert [one.name for one in options if not (one.help or "").endswith((".", ")."))] == []
    assert isinstance(_command(name), click.Group) or "--json" in {flag for one in options for flag in one.opts}


def test_the_list_of_commands_is_the_list_of_files() -> None:
    """Law: each command has its file, and each is described in one sentence."""
    folder = Path(inspect.getfile(_command("list").callback or cli)).parent
    assert all((folder / _file(name)).exists() for name in EVERY)
    assert all(words.endswith(".") and words.count(".") == 1 for words in (*COMMANDS.values(), *RULERS.values(), *BELOW.values()))


# the library's voice


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_options_are_arguments_of_the_library(name: str) -> None:
    """Law: every option that concerns cells or models is an argument of a verb, and the verb has no further argument."""
    options = {one.name for one in _command(name).params} - PAPER
    assert options == set(COUNTERPARTS[name])
    for verb, argument in COUNTERPARTS[name].values():
        assert argument in inspect.signature(verb).parameters
    verb = getattr(lab, name)
    assert set(inspect.signature(verb).parameters) - INSIDE <= {
        argument for one, argument in COUNTERPARTS[name].values() if one is verb
    }


def test_options_of_rulers_are_arguments_of_the_library() -> None:
    """Law: what a ruler lets one say is said to the library under the same name."""
    verbs: dict[str, tuple[Callable[..., object], ...]] = {
        "growth": (Layout, Said, read_counts, rates_of),
        "dose-response": (Layout, Said, Asked),
        "synergy": (read_pairs, Said),
        "blot": (folds_of, read_blots),
        "expression": (matrix_changes, Held),
        "signature": (restored, Held),
        "survival": (trials_of, read_follow_up, Said),
        "pool": (read_effects, pool_of, Said),
    }
    bands = {"phospho", "total", "load"}
    words = {"file", "files", "samples", "scale", "report", "model"}  # scale says counts, or log2; model picks the function
    for name, library in verbs.items():
        arguments = {argument for verb in library for argument in inspect.signature(verb).parameters} | {"level"}
        options = {one.name for one in _command(f"measure {name}").params} - PAPER - words - (bands if name == "blot" else set())
        assert options <= arguments, name


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_defaults_are_those_of_the_library(name: str) -> None:
    """Law: what an option is when it is left out is what the library takes when the argument is left out."""
    context = click.Context(cli, info_name="tamarisk", help_option_names=["-h", "--help"])
    told = _command(name).make_context(name, [], parent=context, resilient_parsing=True).params
    for option, (verb, argument) in COUNTERPARTS[name].items():
        default = inspect.signature(verb).parameters[argument].default
        given = told[option]
        if default is not inspect.Parameter.empty and given not in (None, ()):
            assert given == default, option


# how it ends


@pytest.mark.skipif(sys.platform == "win32", reason="Windows closes pipes in another way")
def test_a_reader_that_leaves_is_no_fault() -> None:
    """Law: a pipe that is closed early, as by `head`, ends the command without a traceback."""
    words = [str(CONSOLE), "list", "genes", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:  # noqa: S603
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""


@pytest.mark.parametrize("words", [("list", "arrows"), ("list", "drugs", "--json")])
def test_another_encoding_is_no_fault(words: tuple[str, ...]) -> None:
    """Law: where the terminal or the file has no Greek and no arrows, names are still printed, without a traceback."""
    shown = _run(str(CONSOLE), *words, PYTHONIOENCODING="cp1252", PYTHONUTF8="0", encoding="cp1252")
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process alone")
def test_only_what_is_kept_is_said_to_be_kept(tmp_path: Path) -> None:
    """Law: a command that keeps nothing does not promise, when it is stopped, to go on where it was."""
    words = [str(CONSOLE), "reverse", "--context", "MCF7-TamR", "--therapy", "4OHT", "--out", "new"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:  # noqa: S603
        assert running.stderr is not None
        assert next(running.stderr).startswith("reverse: ")
        running.send_signal(signal.SIGINT)
        told, rest = running.communicate(timeout=60)
    assert (running.returncode, told) == (130, "")
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
    assert rest.splitlines()[-1] == "tamarisk: stopped; nothing was written"


def _file(name: str) -> str:
    return f"{name.replace(' ', '_').replace('-', '_')}.py"


def _command(name: str) -> click.Command:
    found = import_module(f"tamarisk.doors.cli.{_file(name).removesuffix('.py')}").command
    assert isinstance(found, click.Command)
    return found


def _fresh(*words: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own."""
    return _run(sys.executable, *words)


def _run(*words: str, encoding: str = "utf-8", **more: str) -> subprocess.CompletedProcess[str]:
    place = {**os.environ, **more}
    return subprocess.run(words, capture_output=True, encoding=encoding, env=place, check=False, timeout=60)  # noqa: S603


def _before() -> set[str]:
    """What a fresh Python of this installation loads before anything is asked of it."""
    return {name.split(".")[0] for name in _fresh("-c", "import sys; print(*sys.modules)").stdout.split()}
