"""The table and the figure of a measurement. It knows how numbers are compared and shown, not how they came."""

from __future__ import annotations

import csv
import statistics
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

OURS, MATCHED = "tamarisk", 1e-6  # the tolerance at which peers are compared
SHADES = ("#000000", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#999999")
MARKS = "o^sDvP*X"
HEAD = "model states engine version rtol atol members error worst_error per_second low high single_ms first_s kept_s threads"


@dataclass
class Row:
    """An engine on a model at one tolerance.

    Attributes:
        model: its name.
        states: how many it has.
        engine: its name.
        version: of the engine.
        relative: tolerance.
        absolute: tolerance.
        members: in one timing.
        error: achieved, the median over members.
        worst: the worst member's.
        first: seconds from SBML text to the first result, nothing kept.
        kept: the same in a new process, with what was kept.
        rates: members per second of processor time, by round.
        singles: seconds of processor time for one member, warm, by round.
        threads: how many times as fast two threads are, by round.
    """

    model: str
    states: int
    engine: str
    version: str
    relative: float
    absolute: float
    members: int = 0
    error: float = float("nan")
    worst: float = float("nan")
    first: float = float("nan")
    kept: float = float("nan")
    rates: list[float] = field(default_factory=list)
    singles: list[float] = field(default_factory=list)
    threads: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rates) if self.rates else float("nan")

    @property
    def single(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.singles) if self.singles else float("nan")


def write_results(rows: list[Row], notes: list[str], out: Path) -> None:
    """`throughput.tsv` with everything, `throughput.md` with what is compared, and the figure as PNG and SVG."""
    with (out / "throughput.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(HEAD.split())
        writer.writerows(_cells(row) for row in rows)
    lines = [*_table(rows), "", *(f"- {note}" for note in notes)]
    (out / "throughput.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if rows:
        _draw(rows, out)


def fair(row: Row, rows: list[Row]) -> Row | None:
    """Ours at the tolerance at which it is fastest, among those whose error is not larger than a peer's."""
    able = [one for one in rows if one.engine == OURS and one.model == row.model and one.error <= row.error]
    return max(able, key=lambda one: one.rate, default=None)


def _cells(row: Row) -> list[str]:
    """A line of the table of everything."""
    low, high = (min(row.rates), max(row.rates)) if row.rates else (float("nan"),) * 2
    words = [row.model, str(row.states), row.engine, row.version, f"{row.relative:.0e}", f"{row.absolute:.2e}", str(row.members)]
    words += [f"{one:.2e}" for one in (row.error, row.worst)] + [f"{one:.4g}" for one in (row.rate, low, high, 1e3 * row.single)]
    threads = f"{statistics.median(row.threads):.2f}" if row.threads else ""
    return [*words, f"{row.first:.3f}", f"{row.kept:.3f}", threads]


def _table(rows: list[Row]) -> list[str]:
    """Every peer at 1e-6 beside ours at an error not larger; ours at every tolerance."""
    head = "model (states) | engine | error | members/s | ours at | times ours | single ms | ours / peer | first s | kept s"
    lines = [f"| {head} |", "|" + "---|" * 10]
    for row in (one for one in rows if one.relative == MATCHED or one.engine == OURS):
        engine = f"{row.engine} {row.version}" + (f" at {row.relative:.0e}" if row.engine == OURS else "")
        match = fair(row, rows) if row.engine != OURS else None
        compared = ("", "", "")
        if match is not None:
            compared = (f"{match.relative:.0e}", f"{match.rate / row.rate:.1f}", f"{match.single / row.single:.2f}")
        elif row.engine != OURS:
            compared = ("not reached", "", "")
        cells = [f"{row.model} ({row.states})", engine, f"{row.error:.1e}", f"{row.rate:.4g}", *compared[:2]]
        cells += [f"{1e3 * row.single:.3g}", compared[2], f"{row.first:.2f}", f"{row.kept:.3f}"]
        lines.append("| " + " | ".join(cells) + " |")
    threads = [f"{one.model} {statistics.median(one.threads):.2f}" for one in rows if one.threads]
    return [*lines, "", f"Two threads against one, times as fast: {', '.join(threads) or 'not measured'}."]


def _draw(rows: list[Row], out: Path) -> None:
    """Work against precision, a panel for each model; down and to the left is better."""
    models = list(dict.fromkeys(row.model for row in rows))
    engines = list(dict.fromkeys(row.engine for row in rows))
    with mpl.rc_context({"svg.hashsalt": "tamarisk", "axes.spines.top": False, "axes.spines.right": False}):
        figure, panels = plt.subplots(1, len(models), figsize=(3.4 * len(models), 3.8), squeeze=False, layout="constrained")
        for panel, model in zip(panels[0], models, strict=True):
            for number, engine in enumerate(engines):
                some = [row for row in rows if (row.model, row.engine) == (model, engine)]
                style = {"color": SHADES[number], "marker": MARKS[number], "linewidth": 2.5 if engine == OURS else 1.2}
                panel.loglog([row.error for row in some], [1e3 / row.rate for row in some], label=engine, markersize=5, **style)
            panel.set_title(f"{model}, {next(row.states for row in rows if row.model == model)} states", fontsize=10)
            panel.set_xlabel("achieved error")
            panel.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
        panels[0][0].set_ylabel("processor time per member, ms")
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(8, len(labels)), frameon=False, fontsize=9)
        for kind in ("png", "svg"):
            figure.savefig(out / f"work_precision.{kind}", dpi=150, metadata={"Date": None} if kind == "svg" else None)
        plt.close(figure)
