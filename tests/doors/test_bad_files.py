"""Whatever is wrong with a file that is named: the faults on the error stream, exit code 2, and nothing written.

A faulty table lists all its faults, one line each; everything else is one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tamarisk.model.parameters import MODEL_FOLDER
from tamarisk.model.regulon import factors

Files = Mapping[str, str | bytes]
Bad = tuple[str, str, str] | tuple[str, str, str, Files]  # a name, the command line, the faults, and files that lie there before

NONE: Files = {}
EMPTY: Files = {"empty/": ""}
MODULES = "no Antimony file (*.ant) in this folder; name a folder with modules"
TEXT = "save it as tab-separated text"
HEADER = "parameter\toperation\tvalue\tunit\tstatus\tsource"
PTEN = "PTEN_dose\tis\t0.2\trelative\tprior\tmine"
PUBLIC = "source\tinteraction\ttarget"


def _cells(*rows: str, header: str = HEADER) -> Files:
    return {"cells.tsv": "\n".join((header, *rows)) + "\n"}


def _on(*pairs: tuple[str, str]) -> Files:
    """Tables of one row that stand on another context."""
    return {name: f"{HEADER}\tbase\n{PTEN}\t{base}\n" for name, base in pairs}


def _regulon(*rows: str, header: str = PUBLIC) -> Files:
    return {"mine.tsv": "\n".join((header, *rows)) + "\n"}


def _model(name: str = "", old: str = "", new: str = "", *, without: str = "", more: Files = NONE) -> Files:
    """The shipped modules and table in a folder `model`, with one edit of one file, without one, or with more beside them."""
    files: dict[str, str | bytes] = {f"model/{file.name}": _shipped(file.name) for file in (*MODEL_FOLDER.glob("*.ant"), SHIPPED)}
    if name:
        assert old in _shipped(name), f"{name} has no '{old}' to edit"
        files[f"model/{name}"] = _shipped(name).replace(old, new, 1)
    return {path: text for path, text in files.items() if path != f"model/{without}"} | more


def _without(constant: str) -> Files:
    """The shipped model with a constant under another name."""
    return {path: str(text).replace(constant, f"{constant}_other") for path, text in _model().items()}


def _shipped(name: str) -> str:
    return (MODEL_FOLDER / name).read_text(encoding="utf-8")


def _line(name: str, start: str) -> int:
    """The line of a shipped file that starts so."""
    return next(number for number, line in enumerate(_shipped(name).splitlines(), 1) if line.strip().startswith(start))


def _cell(parameter: str, column: int) -> str:
    """A cell of the shipped parameter table."""
    return _shipped(SHIPPED.name).splitlines()[_line(SHIPPED.name, f"{parameter}\t") - 1].split("\t")[column]


SHIPPED = MODEL_FOLDER / "parameters.tsv"
DECAY, GAIN = "k_deg_mRNA_ESR1", "gain_FOXO3_ESR1"
DECAY_ROW, GAIN_ROW, ROWS = (
    _line(SHIPPED.name, f"{DECAY}\t"),
    _line(SHIPPED.name, f"{GAIN}\t"),
    len(_shipped(SHIPPED.name).splitlines()),
)
END = _line("mapk.ant", "end")

TABLES: list[Bad] = [
    ("missing table", "simulate --context none.tsv --out new", "none.tsv: no such file; check the path"),
    (
        "empty table",
        "simulate --context cells.tsv",
        "cells.tsv: the file is empty; it needs a header and rows",
        {"cells.tsv": ""},
    ),
    (
        "header only",
        "simulate --context cells.tsv",
        "cells.tsv: the table has a header but no rows; add at least one row",
        _cells(),
    ),
    (
        "picture for a table",
        "simulate --context cells.tsv",
        f"cells.tsv: the file is not UTF-8 text; {TEXT}",
        {"cells.tsv": b"\x89PNG\r\n\x1a\n\x00\xff"},
    ),
    (
        "workbook",
        "simulate --context cells.xlsx",
        "cells.xlsx: a table of cells ends in .tsv or .csv; save it as tab-separated text",
        {"cells.xlsx": b"PK\x03\x04\x00"},
    ),
    (
        "misspelt column",
        "simulate --context cells.tsv --out new",
        "cells.tsv, header: unknown column 'valeu'; did you mean 'value'?\ncells.tsv, header: column 'value' is missing",
        _cells(PTEN, header=HEADER.replace("value", "valeu")),
    ),
    (
        "column twice",
        "simulate --context cells.tsv",
        "cells.tsv, header: column 'value' stands twice",
        _cells(PTEN.replace("0.2", "0.2\t0.2"), header=HEADER.replace("value", "value\tvalue")),
    ),
    (
        "unknown parameter",
        "simulate --context cells.tsv --json",
        "cells.tsv, row 2, column parameter: no context parameter 'PTEN_dos'; did you mean 'PTEN_dose'?",
        _cells(PTEN.replace("dose", "dos")),
    ),
    (
        "wrong unit",
        "simulate --context cells.tsv",
        "cells.tsv, row 2, column unit: 'nM' should be 'relative' for PTEN_dose with 'is'",
        _cells(PTEN.replace("relative", "nM")),
    ),
    (
        "value in words",
        "simulate --context cells.tsv",
        "cells.tsv, row 2, column value: 'half' is not a number",
        _cells(PTEN.replace("0.2", "half")),
    ),
    (
        "many faults",
        "evolve --context cells.tsv --drug 4OHT=1uM --until 2wk --out new",
        "cells.tsv, row 2, column operation: 'set' is none of is, times\n"
        "cells.tsv, rows 3-4, column value: -1 is below 0\n"
        "cells.tsv, row 4, column status: 'guess' is none of seen, derived, prior",
        _cells(PTEN.replace("is", "set"), PTEN.replace("0.2", "-1"), PTEN.replace("0.2", "-1").replace("prior", "guess")),
    ),
    (
        "circle of two",
        "screen --context a.tsv --drug fulvestrant --out new",
        "contexts stand on each other in a circle: a.tsv > b.tsv > a.tsv",
        _on(("a.tsv", "b.tsv"), ("b.tsv", "a.tsv + PTEN-knockdown")),
    ),
    (
        "unknown base",
        "simulate --context a.tsv",
        "a.tsv, column base: no context 'ZR-75-2'; did you mean 'ZR-75-1'?",
        _on(("a.tsv", "ZR-75-2")),
    ),
    (
        "regulon for nothing",
        "simulate --regulon mine.tsv",
        "--regulon says how genes are read, but none is asked for; add --genes all or --genes NAME,NAME",
        _regulon("ESR1\t+1\tGREB1"),
    ),
    (
        "interaction without sign",
        "simulate --regulon mine.tsv --genes all --out new",
        "mine.tsv, row 2, column interaction: 'binds' is neither activating nor repressing; write +1 or -1",
        _regulon("ESR1\tbinds\tGREB1"),
    ),
    (
        "regulon of strangers",
        "simulate --regulon mine.tsv --genes all",
        "mine.tsv: no edge belongs to a factor that the model computes; it computes "
        + ", ".join(gene for factor in factors() for gene in factor.genes),
        _regulon("GATA3\t+1\tGREB1"),
    ),
    (
        "regulon without signs",
        "simulate --regulon mine.tsv --genes all",
        "mine.tsv, header: column 'interaction' is missing",
        _regulon("ESR1\tGREB1", header="source\ttarget"),
    ),
]

MODELS: list[Bad] = [
    ("missing model", "simulate --model none", "Invalid value for '--model': Directory 'none' does not exist"),
    (
        "model that is a file",
        "simulate --model a.ant",
        "Invalid value for '--model': Directory 'a.ant' is a file",
        {"a.ant": "model a() end"},
    ),
    ("folder without modules", "simulate --model empty --out new", f"empty: {MODULES}", EMPTY),
    ("screen without modules", "screen --model empty --drug 4OHT --out new", f"empty: {MODULES}", EMPTY),
    ("evolution without modules", "evolve --model empty --drug 4OHT=1uM --out new", f"empty: {MODULES}", EMPTY),
    ("reversal without modules", "reverse --model empty --therapy 4OHT --out new", f"empty: {MODULES}", EMPTY),
    ("studies without modules", "reproduce --model empty --only G4 --out new", f"empty: {MODULES}", EMPTY),
    ("examination without modules", "doctor --model empty --json", f"empty: {MODULES}", EMPTY),
    ("SBML without modules", "export --model empty --sbml new.xml", f"empty: {MODULES}", EMPTY),
    ("modules without modules", "export --model empty --antimony new", f"empty: {MODULES}", EMPTY),
    (
        "no parameter table",
        "simulate --model model",
        "model/parameters.tsv: no such file; check the path",
        _model(without="parameters.tsv"),
    ),
    (
        "misspelt species",
        "simulate --model model --out new",
        f"mapk.ant, line {_line('mapk.ant', 'substanceOnly')}: 'ERKK_p' has no value in parameters.tsv",
        _model("mapk.ant", "ERK_p", "ERKK_p"),
    ),
    (
        "unclosed bracket",
        "simulate --model model",
        f"mapk.ant, line {END}: syntax error, unexpected ';', expecting ')' or ',', in 'stray: ERK_p -> ; (ERK_p;'",
        _model("mapk.ant", "\nend", "\n  stray: ERK_p -> ; (ERK_p;\nend"),
    ),
    (
        "colon left out",
        "simulate --model model",
        f"receptor.ant, line {_line('receptor.ant', 'E2_binding:')}: 'E2_binding' stands before a species as a count; "
        "write a number there, or a colon after the name of a process",
        _model("receptor.ant", "E2_binding:", "E2_binding"),
    ),
    (
        "module that is a folder",
        "simulate --model model",
        "model/more.ant: this is a folder, not a module",
        _model(more={"model/more.ant/": ""}),
    ),
    (
        "bad cell",
        "simulate --model model",
        f"parameters.tsv, row {DECAY_ROW}, column nominalValue: 'o.17' is not a number",
        _model(SHIPPED.name, f"per_h\t{_cell(DECAY, 4)}\t", "per_h\to.17\t"),
    ),
    (
        "parameter twice",
        "simulate --model model",
        f"parameters.tsv, row {ROWS + 1}, column parameterId: '{DECAY}' stands already in row {DECAY_ROW}",
        _model(more={"model/parameters.tsv": _shipped(SHIPPED.name) + _shipped(SHIPPED.name).splitlines()[DECAY_ROW - 1] + "\n"}),
    ),
    (
        "prior without width",
        "simulate --model model",
        f"parameters.tsv, row {GAIN_ROW}, column priorParameters: '0.4' is not 'mean;sd' of the logarithm",
        _model(SHIPPED.name, f"log-normal\t{_cell(GAIN, 9)}\t", "log-normal\t0.4\t"),
    ),
    (
        "unknown unit",
        "simulate --model model",
        f"parameters.tsv, row {DECAY_ROW}, column unit: no unit 'per_hour'; did you mean 'per_h'?",
        _model(SHIPPED.name, "\trate\tper_h\t", "\trate\tper_hour\t"),
    ),
    (
        "parameter without use",
        "simulate --model model",
        "parameters.tsv: 'k_more' is used by no module",
        _model(more={"model/parameters.tsv": f"{_shipped(SHIPPED.name)}k_more\tmore\trate\tper_h\t1\t\t\t0\t\t\tprior\tmine\n"}),
    ),
    (
        "drug that the model lacks",
        "simulate --model model --drug vismodegib=1uM",
        "this model has no 'vismodegib'; add it to the modules and to parameters.tsv",
        _without("vismodegib"),
    ),
    (
        "readout that the model lacks",
        "simulate --model model --readout pERK",
        "this model has no 'ERK_p'; add it to the modules and to parameters.tsv",
        _without("ERK_p"),
    ),
]

TABLE = [*TABLES, *MODELS]


@pytest.mark.parametrize("bad", TABLE, ids=[bad[0].replace(" ", "-") for bad in TABLE])
def test_bad_files_are_told_by_their_faults(refused: Callable[..., None], bad: Bad) -> None:
    """Refusal: exit code 2, standard output empty, the error stream holds the faults alone, and no file appears or changes."""
    _, words, faults, *files = bad
    refused(words, faults, *files)
