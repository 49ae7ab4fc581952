"""The observations: the rule that holds some out, how a miss is counted, and that no number was copied wrongly."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.calibration.target import MEASURES, SCALES, Target, agrees, deviation, read_targets
from tamarisk.errors import TableError
from tamarisk.model.context import read_context
from tamarisk.model.protocol import protocol
from tamarisk.model.readout import readouts
from tamarisk.simulation.run import Experiment, as_member
from tamarisk.tables import CONTENT

LAW = settings(deadline=None, max_examples=60, derandomize=True)
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
SHIPPED = CONTENT / "calibration" / "targets.tsv"
TO_OURS = {"h": 1.0, "fold": 1.0, "ratio": 1.0, "fraction": 1.0, "nM": 1.0, "uM": 1000.0, "d": 24.0, "min": 1 / 60}

numbers = some.floats(1e-3, 1e3)
tolerances = some.floats(0.01, 2.0)


def target(measure: str, scale: str, value: float, sigma: float = 0.1) -> Target:
    """An observation of which only the comparison matters."""
    return replace(read_targets()[0], measure=measure, scale=scale, value=value, sigma=sigma)


def edited(folder: Path, name: str, column: str, cell: str) -> Path:
    """The shipped table with one cell changed."""
    header, *rows = SHIPPED.read_text(encoding="utf-8").splitlines()
    at = header.split("\t").index(column)
    changed = []
    for row in rows:
        cells = row.split("\t")
        if cells[0] == name:
            cells[at] = cell
        changed.append("\t".join(cells))
    path = folder / "targets.tsv"
    path.write_text("\n".join([header, *changed]), encoding="utf-8")
    return path


def observed(row: dict[str, str]) -> Iterator[tuple[str, float]]:
    """The numbers of one row of the collected observations, by the id they have here and in our unit."""
    name, value, unit = row["id"], row["value"], row["unit"]
    course = re.search(r"([\d/]+) min", row["observable"])
    parts = [float(part) for part in value.split("/")] if re.fullmatch(r"-?[\d.]+(/-?[\d.]+)+", value) else []
    if course and unit == "log10 fold":
        yield from ((f"{name}_{time}", 10**part) for time, part in zip(course[1].split("/"), parts, strict=True))
    elif course and unit.startswith("a.u."):
        times = course[1].split("/")
        yield from ((f"{name}_{time}", part / parts[0]) for time, part in zip(times[1:], parts[1:], strict=True))
    elif both := re.fullmatch(r"([\d.]+) vs ([\d.]+)", value):
        yield name, float(both[1]) / float(both[2])
    elif both := re.fullmatch(r"([\d.]+) nM; ([\d.]+)", value):
        yield from ((f"{name}a", float(both[1])), (f"{name}b", float(both[2])))
    elif one := re.fullmatch(r"(?:[<>~]|>=|<=)?(-?[\d.]+)", value):
        yield name, 1 - abs(float(one[1])) / 100 if unit == "%" else float(one[1]) * TO_OURS.get(unit, math.nan)


# the table


def test_every_fifth_row_is_held_out() -> None:
    """Law: of the collected observations (T) every fifth row is held out and no other; what was added later (R, X) is not."""
    for one in read_targets():
        assert one.held_out == (one.row[0] == "T" and int(one.row[1:]) % 5 == 0), one.id
    assert {one.row[0] for one in read_targets()} == {"T", "R", "X"}


@pytest.mark.parametrize(
    ("name", "role", "row"), [("T005", "train", "T005"), ("T002", "held-out", "T002"), ("X05", "held-out", "X05")]
)
def test_the_rule_is_kept_by_the_reader(tmp_path: Path, name: str, role: str, row: str) -> None:
    """Refusal: nobody can move an observation between training and held-out, or hold out one that was added later."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith(f"{name}\t"))
    with pytest.raises(TableError) as refused:
        read_targets(edited(tmp_path, name, "role", role))
    assert str(refused.value) == (
        f"targets.tsv, row {line}, column role: '{role}' for row {row}: every fifth row, and no other, is held out"
    )


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("id", "T002", "column id: 'T002' stands twice"),
        ("value", "four", "column value: 'four' is not a number"),
        ("sigma", "-0.1", "column sigma: -0.1 is below 0"),
        ("measure", "colour", f"column measure: 'colour' is none of {', '.join(MEASURES)}"),
        ("scale", "log2", f"column scale: 'log2' is none of {', '.join(SCALES)}"),
        ("source", "", "column source: the cell is empty"),
    ],
)
def test_a_faulty_row_is_refused(tmp_path: Path, column: str, cell: str, message: str) -> None:
    """Refusal: a faulty cell is named with its row and column."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("T009\t"))
    with pytest.raises(TableError) as refused:
        read_targets(edited(tmp_path, "T009", column, cell))
    assert str(refused.value) == f"targets.tsv, row {line}, {message}"


def test_every_row_can_be_asked() -> None:
    """Law: cells, medium, doses and readout of every observation are known by name, and it has a tolerance and a source."""
    other = {"half_life_ER_E2", "half_life_ER_SERD", "half_life_CCND1", "RBA_fulvestrant", "doublings", "doubling_time"}
    other |= {"GR", "growth_rate_ratio", "cells"} | {one.quantity for one in readouts().values()}
    for one in read_targets():
        for cells in {one.context, one.reference_context or one.context}:
            read_context(cells)
        treat = [] if one.measure in {"GI50", "IC50"} else [dose for dose in one.treat.split(";") if dose]
        protocol(*treat, medium_name=one.medium, rest=[one.before] if one.before else [])
        assert one.readout in readouts() or one.readout in other, one.id
        assert one.sigma > 0
        assert one.source


def test_numbers_are_those_collected() -> None:
    """Golden: every number marked as seen equals the one in shared/biology/targets.tsv, to the four decimals kept here."""
    table = SHARED / "biology" / "targets.tsv"
    if not table.exists():
        pytest.skip("the collected observations are not beside the repository")
    with table.open(encoding="utf-8") as lines:
        known = dict(pair for row in csv.DictReader(lines, delimiter="\t") for pair in observed(row))
    seen = {one.id: one for one in read_targets() if one.row.startswith("T") and one.basis.startswith("seen number")}
    shared = {name: known[name] if name in known else known[one.row] for name, one in seen.items()}
    assert {name: one.value for name, one in seen.items()} == pytest.approx(shared, rel=2e-4, abs=5e-5)
    assert len(seen) > 130


def test_starved_cells_get_nothing_but_the_stimulus() -> None:
    """Law: cells starved before time 0 and given one ligand (PMID 24655548) have no other hormone or ligand in the medium."""
    stimulated = [one for one in read_targets() if one.before == "starved=24h" and one.source.startswith("PMID 24655548")]
    given = {"E2": "E2", "EGF": "EGF", "HRG": "HRG", "IGF1": "IGF1", "insulin": "insulin"}
    extra = {}
    for one in stimulated:
        treat = [dose for dose in one.treat.split(";") if dose]
        plan = protocol(*treat, medium_name=one.medium, rest=[one.before])
        medium = as_member(Experiment(read_context(one.context), plan)).periods[0].constants
        added = {dose.split("=")[0] for dose in treat}
        extra[one.id] = {name: medium[name] for name in given if name not in added and medium.get(name, 0.0) > 0}
    assert len(stimulated) > 50
    assert {name: found for name, found in extra.items() if found} == {}


# how a miss is counted


@LAW
@given(value=numbers, sigma=tolerances, times=some.floats(-3.0, 3.0))
def test_deviation_counts_tolerances(value: float, sigma: float, times: float) -> None:
    """Law: a prediction so many tolerances away deviates by that many, in decades or in the value's unit, with its sign."""
    assert deviation(target("ratio", "log10", value, sigma), value * 10 ** (times * sigma)) == pytest.approx(times, abs=1e-9)
    plain = target("doublings", "linear", value, sigma)
    assert deviation(plain, value + times * sigma) == pytest.approx(times, abs=1e-6)  # a thousand minus a thousandth rounds


@LAW
@given(value=numbers, predicted=numbers, sigma=tolerances)
def test_a_bound_is_one_sided(value: float, predicted: float, sigma: float) -> None:
    """Law: a met bound costs nothing, a missed one what it is missed by; above and below are mirror images."""
    least, most = (deviation(target("ratio", scale, value, sigma), predicted) for scale in ("at_least", "at_most"))
    both = deviation(target("ratio", "log10", value, sigma), predicted)
    assert (least, most) == ((both, 0.0) if predicted < value else (0.0, both))


@LAW
@given(value=some.floats(-1.0, 1.0), miss=some.floats(0.0, 2.0), measure=some.sampled_from(["net_gain", "interaction"]))
def test_differences_are_not_logged(value: float, miss: float, measure: str) -> None:
    """Law: bounds on gains and interactions, which may be negative, are missed in their own unit."""
    assert deviation(target(measure, "at_least", value), value - miss) == pytest.approx(-miss / 0.1, abs=1e-9)
    assert deviation(target(measure, "at_most", value), value + miss) == pytest.approx(miss / 0.1, abs=1e-9)


@LAW
@given(value=numbers, off=some.floats(1.0, 1.999) | some.floats(2.001, 10.0))
def test_agreement_is_within_two_fold(value: float, off: float) -> None:
    """Law: a number agrees within a factor of two either way, and where it says more or less, on the same side of one."""
    for predicted in (value * off, value / off):
        sided = abs(math.log10(value)) <= 0.1 or (predicted - 1) * (value - 1) > 0
        assert agrees(target("GI50", "log10", value), predicted) == (off < 2)
        assert agrees(target("ratio", "log10", value), predicted) == (off < 2 and sided)


@pytest.mark.parametrize(
    ("scale", "predicted", "expected"),
    [
        ("at_least", 1.5, True),
        ("at_least", 1.499, False),
        ("at_least", math.inf, True),
        ("at_most", 1.5, True),
        ("at_most", 1.501, False),
        ("rises", 1.5, False),
        ("rises", 1.501, True),
        ("falls", 1.5, False),
        ("falls", 1.499, True),
    ],
)
def test_a_bound_is_met_or_not(scale: str, predicted: float, expected: bool) -> None:
    """Law: a bound includes its value, a direction does not, and an endless half-effect dose is above any bound."""
    assert agrees(target("ratio", scale, 1.5), predicted) is expected
    assert (deviation(target("ratio", scale, 1.5), predicted) == 0.0) is (expected or predicted == 1.5)


def test_no_number_never_agrees() -> None:
    """Law: a prediction that failed agrees with nothing, and its deviation is no number either, least of all zero."""
    kinds = [target(measure, scale, 1.0) for scale in SCALES for measure in ("ratio", "net_gain", "doublings")]
    assert not any(agrees(one, math.nan) for one in kinds)
    assert [(one.scale, one.measure) for one in kinds if not math.isnan(deviation(one, math.nan))] == []


@pytest.mark.parametrize(("measure", "margin"), [("doublings", 1.0), ("GR", 0.3), ("growth_rate_ratio", 0.3), ("value", 0.3)])
def test_linear_numbers_have_a_margin(measure: str, margin: float) -> None:
    """Law: on a linear scale one doubling, or 0.3 of a ratio, stands for two-fold."""
    one = target(measure, "linear", 1.2)
    assert agrees(one, 1.2 + margin - 1e-9)
    assert agrees(one, 1.2 - margin + 1e-9)
    assert not agrees(one, 1.2 + margin + 1e-6)
    assert not agrees(one, 1.2 - margin - 1e-6)
