"""How long a person waits, as ratios to starting Python with NumPy: `uv run python benchmarks/first_contact.py [REPEATS]`.

All commands are timed in turn, again and again, so that a busy machine slows all alike; medians are reported.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

YARDSTICK = "python with numpy"


def main(repeats: int) -> None:
    """Time every command in turn and print medians with their ratios."""
    with tempfile.TemporaryDirectory() as place:
        commands = first_contacts(Path(place))
        for command in commands.values():
            once(command)
        spans = [{name: once(command) for name, command in commands.items()} for _ in range(repeats)]
    middle = {name: statistics.median(span[name] for span in spans) for name in commands}
    for name, span in middle.items():
        print(f"{name:34s} {span:7.3f} s   {span / middle[YARDSTICK]:6.2f} x")


def first_contacts(place: Path) -> dict[str, list[str]]:
    """What people type first; `reproduce` has been run once before, so it is timed as a rerun."""
    program = shutil.which("tamarisk", path=str(Path(sys.executable).parent)) or "tamarisk"
    python = sys.executable
    return {
        YARDSTICK: [python, "-c", "import numpy"],
        "import tamarisk": [python, "-c", "import tamarisk"],
        "tamarisk --help": [program, "--help"],
        "tamarisk simulate": [program, "simulate", "--drug", "4OHT=1uM"],
        "tamarisk simulate --genes all": [program, "simulate", "--drug", "fulvestrant=100nM", "--until", "24h", "--genes", "all"],
        "tamarisk screen, one drug": [program, "screen", "--drug", "fulvestrant"],
        "tamarisk evolve, 6 months": [program, "evolve", "--drug", "4OHT=1uM"],
        "tamarisk reproduce, rerun": [program, "reproduce", "--out", str(place / "report")],
    }


def once(command: list[str]) -> float:
    """Seconds that a command takes."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own commands
    return time.perf_counter() - begin


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
