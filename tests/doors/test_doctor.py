"""`tamarisk doctor`: whether this machine and this model are all right."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import tamarisk as lab
from tamarisk.model.parameters import MODEL_FOLDER
from tamarisk.study import examine_engine
from tamarisk.study.suite import Verdict, kept_counts

Run = Callable[..., Result]
PARTS = ["machine", "content", "model", "evidence", "machine code", "integrator"]


def test_json_has_one_record_per_part(told: Callable[..., dict[str, Any]]) -> None:
    """Law: name, verdict and finding of every part, as the library gives them, times aside."""
    record = told("doctor")
    assert list(record) == ["examinations"]
    assert [one["name"] for one in record["examinations"]] == PARTS
    assert all(one["passed"] is True for one in record["examinations"])
    timeless = {one["name"]: one["found"] for one in record["examinations"] if one["name"] != "integrator"}
    assert timeless == {one.name: one.found for one in lab.doctor() if one.name != "integrator"}


def test_the_table_names_every_part(said: Callable[..., str]) -> None:
    """Law: a part per row, each with its verdict in words."""
    lines = said("doctor").splitlines()
    assert [part for part in PARTS if not any(line.startswith(part) and "all right" in line for line in lines)] == []


def test_a_wrong_unit_is_found(tamarisk: Run, place: Path) -> None:
    """Law: a model that runs but has a wrong unit fails one part, the others are still looked at, and the exit code is 1."""
    _model(place, ("per_h\t0.173287", "relative\t0.173287"))
    result = tamarisk("doctor", "--model", "model")
    assert result.exit_code == 1
    verdicts = {part: next(line for line in result.stdout.splitlines() if line.startswith(part)) for part in PARTS}
    assert [part for part, line in verdicts.items() if "not right" in line] == ["model"]


def test_a_small_model_is_examined(tamarisk: Run, place: Path) -> None:
    """Law: a model without the cells of ours makes parts fail; it never ends in a traceback."""
    header = (MODEL_FOLDER / "parameters.tsv").read_text(encoding="utf-8").splitlines()[0]
    rows = ("X\tx\tinitial\trelative\t1\t\t\t0\t\t\tprior\tme", "k\tk\trate\tper_h\t1\t\t\t0\t\t\tprior\tme")
    (place / "small").mkdir()
    (place / "small" / "parameters.tsv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    (place / "small" / "a.ant").write_text("model a()\n  species X;\n  loss: X -> ; k * X;\nend\n", encoding="utf-8")
    result = tamarisk("doctor", "--model", "small")
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1
    assert "not right" in result.stdout


def test_the_engine_is_examined(told: Callable[..., dict[str, Any]], said: Callable[..., str]) -> None:
    """Law: the engine's parts are named and pass, and sameness says with what it was tried."""
    record = told("doctor", "--engine")["examinations"]
    assert [one["name"] for one in record] == ["processor", "kept code", "sameness", "speed", "suite"]
    assert all(one["passed"] is True for one in record)
    assert "the same to the last bit with 1 lanes, 2 lanes, 4 lanes, two threads, another order" in record[2]["found"]
    assert record[4]["found"].startswith(
        "910 semantic cases: 843 passed, 67 refused, 0 failed, 0 wrong (28 the model uses delay(),"
    )
    printed = " ".join(said("doctor", "--engine").split())
    assert "members per second" in printed
    assert "843 passed, 67 refused" in printed


def test_a_wrong_case_is_not_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where the last whole run had a failed or wrong case the engine is not all right."""
    kept = kept_counts()
    for verdict in (Verdict.FAILED, Verdict.WRONG):
        some = tuple(replace(one, cases=1) if one.verdict is verdict else one for one in kept)
        monkeypatch.setattr(examine_engine, "kept_counts", lambda some=some: some)
        assert examine_engine._suite().passed is False


def test_undefined_rules_are_found() -> None:
    """Law: a model whose rules have no value does not pass for one whose compiled rules agree with their formulas."""
    blank = lab.with_constants(lab.read_model(), {"ER_E2_ref": math.nan})
    assert not {one.name: one.passed for one in lab.doctor(blank)}["machine code"]


def _model(place: Path, *edits: tuple[str, str]) -> None:
    (place / "model").mkdir()
    for file in [*MODEL_FOLDER.glob("*.ant"), MODEL_FOLDER / "parameters.tsv"]:
        text = file.read_text(encoding="utf-8")
        for old, new in edits:
            text = text.replace(old, new, 1)
        (place / "model" / file.name).write_text(text, encoding="utf-8")
