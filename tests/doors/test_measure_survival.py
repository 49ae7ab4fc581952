"""`tamarisk measure survival`: trials and mice as people keep them, and bad files in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Tell = Callable[..., dict[str, Any]]
TRIALS = Path(__file__).resolve().parents[3] / "shared/data/km_trials/km_trials_ipd.tsv"
LUNG = Path(__file__).resolve().parents[3] / "shared/reference/assay/survival_lung.csv"
VEHICLE, TREATED = [(2, 1), (3, 1), (3, 0), (5, 1), (8, 0)], [(4, 1), (6, 0), (7, 1), (9, 0)]
MICE = "mouse,time (days),event,group\n" + "".join(
    f"{mouse},{time},{event},{'vehicle' if mouse <= len(VEHICLE) else 'ICI'}\n"
    for mouse, (time, event) in enumerate([*VEHICLE, *TREATED], 1)
)
CALL = "measure survival s.csv --control vehicle --out new --report new.html"


def by_name(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every result by its name."""
    return {one["name"]: one for one in record["results"]}


def test_mice_by_hand(told: Tell, place: Path) -> None:
    """Golden: by hand. Vehicle: 4/5, then 3/4, then 1/2 survive, so half are gone at 5 days; the area to 6 days is 4.3."""
    (place / "s.csv").write_text(MICE, encoding="utf-8")
    found = by_name(told("measure", "survival", "s.csv", "--control", "vehicle", "--until", "6"))
    assert (found["vehicle: median"]["estimate"], found["vehicle: median"]["unit"]) == (5.0, "days")
    assert found["vehicle: mean to 6 days"]["estimate"] == pytest.approx(2 + 0.8 + 2 * 0.6 + 0.3, rel=1e-12)
    assert found["ICI: mean to 6 days"]["estimate"] == pytest.approx(4 + 2 * 0.75, rel=1e-12)
    assert found["ICI against vehicle: mean to 6 days, difference"]["estimate"] == pytest.approx(1.2, rel=1e-12)
    assert found["vehicle and ICI: log-rank chi-squared"]["method"] == "log-rank, df 1, all 126 relabellings"
    assert [found[f"vehicle: at risk at {day} days"]["estimate"] for day in (0, 2, 4, 6, 8)] == [5.0, 5.0, 2.0, 1.0, 1.0]


@pytest.mark.skipif(not LUNG.exists(), reason="the lung data of R survival are not beside the project")
def test_lung_is_that_of_r(told: Tell) -> None:
    """Golden: R survival on lung by sex: medians 270 and 426, chi-squared 10.32674, ratio .5880 (.4237 to .8160)."""
    words = ["--event-is", "2", "--time-unit", "days", "--column", "group=sex", "--control", "1"]
    found = by_name(told("measure", "survival", str(LUNG), *words))
    assert (found["1: median"]["estimate"], found["2: median"]["estimate"]) == (270.0, 426.0)
    assert found["1 and 2: log-rank chi-squared"]["estimate"] == pytest.approx(10.32674, abs=5e-6)
    ratio = found["2 against 1: hazard ratio"]
    assert (ratio["estimate"], *ratio["interval"]) == pytest.approx((0.5880, 0.4237, 0.8160), abs=5e-5)


@pytest.mark.skipif(not TRIALS.exists(), reason="reconstructed trials are not beside the project")
@pytest.mark.parametrize(
    ("trial", "control", "published"),
    [("BOLERO2_1", "pbo_exe", 0.89), ("LEA_2A", "et", 0.83), ("MA31_2", "ttax_t", 1.37), ("MONALEESA2_1", "placebo", 0.56)],
)
def test_published_hazard_ratios(told: Tell, place: Path, trial: str, control: str, published: float) -> None:
    """Golden: the published ratio (km_trials_key.tsv) within 3 %, because patients were reconstructed from printed curves."""
    trials = pd.read_csv(TRIALS, sep="\t")
    trials[trials["trial_fig"] == trial].to_csv(place / "s.csv", index=False)
    record = told("measure", "survival", "s.csv", "--time-unit", "months", "--control", control)
    ratio = next(one for one in record["results"] if one["number"] == "hazard ratio")
    assert ratio["estimate"] == pytest.approx(published, rel=0.03)  # see above
    assert any("hazards are not proportional" in words for words in record["warnings"]) == (trial == "LEA_2A")


@pytest.mark.skipif(not TRIALS.exists(), reason="reconstructed trials are not beside the project")
def test_all_trials_of_one_file(told: Tell) -> None:
    """Golden: the four published ratios (km_trials_key.tsv) from one call, each trial by itself; 3 % as above."""
    controls = [word for control in ("pbo_exe", "et", "ttax_t", "placebo") for word in ("--control", control)]
    record = told("measure", "survival", str(TRIALS), "--time-unit", "months", "--by", "trial_fig", *controls)
    found = {one["of"]: one["estimate"] for one in record["results"] if one["number"] == "hazard ratio"}
    assert found == {
        "BOLERO2_1: eve_exe against pbo_exe": pytest.approx(0.89, rel=0.03),
        "LEA_2A: et_b against et": pytest.approx(0.83, rel=0.03),
        "MA31_2: ltax_l against ttax_t": pytest.approx(1.37, rel=0.03),
        "MONALEESA2_1: ribociclib_letrozole against placebo": pytest.approx(0.56, rel=0.03),
    }
    assert [words.split(":")[0] for words in record["warnings"]] == ["LEA_2A"]


def test_trials_are_never_compared(told: Tell, said: Callable[..., str], place: Path) -> None:
    """Law: each trial of a file has the numbers that it has alone; one that cannot be told is refused by name."""
    rows = MICE.splitlines()
    one, other = [f"{row},a" for row in rows[1:]], [f"{row},b" for row in rows[1:]]
    short = [f"{row},c" for row in rows[1:] if "vehicle" in row]
    (place / "s.csv").write_text("\n".join([f"{rows[0]},trial", *one, *other, *short]) + "\n", encoding="utf-8")
    (place / "alone.csv").write_text(MICE, encoding="utf-8")
    call = ["measure", "survival", "s.csv", "--control", "vehicle", "--by", "trial", "--until", "7"]
    record, alone = told(*call), by_name(told("measure", "survival", "alone.csv", "--control", "vehicle", "--until", "7"))
    for name, result in by_name(record).items():
        trial, _, rest = name.partition(": ")
        if trial in {"a", "b"}:
            assert {**result, "name": "", "of": ""} == {**alone[rest], "name": "", "of": ""}
    assert "c: vehicle: median" in by_name(record)
    assert sum("hazard ratio" in name for name in by_name(record)) == 2
    said(*call, "--out", "new")
    assert len(list((place / "new").glob("*.png"))) == 3


def test_the_curve_is_drawn_in_steps(said: Callable[..., str], place: Path) -> None:
    """Law: one group has medians and a figure, but nothing to compare; names keep their signs."""
    (place / "s.csv").write_text(MICE.replace("ICI", "vehicle").replace("vehicle", "[red]$x$"), encoding="utf-8")
    shown = said("measure", "survival", "s.csv", "--out", "new")
    assert "[red]$x$" in shown
    assert "hazard" not in shown
    assert "[red]$x$ (n = 9)" in (place / "new" / "survival.svg").read_text(encoding="utf-8")


BAD: list[tuple[str, str, str, Mapping[str, str]]] = [
    (
        "no unit",
        CALL,
        "s.csv: the time has no unit; say --time-unit months, or name the column 'time (months)'",
        {"s.csv": MICE.replace(" (days)", "")},
    ),
    (
        "unknown unit",
        f"{CALL} --time-unit moons",
        "time unit: unknown unit 'moons'; use s, min, h, d, wk, mo, hr, hrs, hour, hours, minute, minutes, day, days, week, "
        "weeks, month, months, year, years",
        {"s.csv": MICE.replace(" (days)", "")},
    ),
    (
        "two units",
        f"{CALL} --time-unit months",
        "s.csv: the times are in days by the header but in months by the call",
        {"s.csv": MICE},
    ),
    (
        "status without meaning",
        CALL,
        "s.csv: a status may be coded either way; say --event-is VALUE, as 1 or dead",
        {"s.csv": MICE.replace("event", "status")},
    ),
    (
        "coded 1 and 2",
        CALL,
        "s.csv, row 3, column event: '2' is neither 0 nor 1 (say --event-is VALUE)",
        {"s.csv": MICE.replace("2,3,1,", "2,3,2,")},
    ),
    (
        "three codes",
        f"{CALL} --event-is 1",
        "s.csv: beside '1' the event is '2', '0'; leave one word for those last seen without it",
        {"s.csv": MICE.replace("2,3,1,", "2,3,2,")},
    ),
    (
        "no such event",
        f"{CALL} --event-is dead",
        "s.csv: nobody has the event 'dead'; say --event-is VALUE, or follow for longer",
        {"s.csv": MICE.replace(",1,", ",0,")},
    ),
    (
        "a group without events",
        CALL,
        "ICI: nobody had the event; leave the group out, or follow for longer",
        {"s.csv": MICE.replace(",1,ICI", ",0,ICI")},
    ),
    (
        "never followed",
        CALL,
        "s.csv, row 2, column time: 0 is no follow-up (leave out who was never followed)",
        {"s.csv": MICE.replace("1,2,1,", "1,0,1,")},
    ),
    (
        "negative time",
        CALL,
        "s.csv, row 2, column time: -2 is no follow-up (leave out who was never followed)",
        {"s.csv": MICE.replace("1,2,1,", "1,-2,1,")},
    ),
    ("word", CALL, "s.csv, row 2, column time: 'long' is not a number", {"s.csv": MICE.replace("1,2,1,", "1,long,1,")}),
    ("empty event", CALL, "s.csv, row 2, column event: the cell is empty", {"s.csv": MICE.replace("1,2,1,", "1,2,NA,")}),
    ("empty group", CALL, "s.csv, row 2, column group: the cell is empty", {"s.csv": MICE.replace("2,1,vehicle", "2,1,", 1)}),
    (
        "a mouse twice",
        CALL,
        "s.csv, rows 2, 3: patient 1 stands 2 times",
        {"s.csv": MICE.replace("\n2,3,1", "\n1,3,1")},
    ),
    (
        "no control said",
        CALL.replace("--control vehicle", ""),
        "control: it is not said which group is the control; known: vehicle, ICI",
        {"s.csv": MICE},
    ),
    ("no such control", CALL.replace("vehicle", "EtOH"), "control: no group 'EtOH'; known: vehicle, ICI", {"s.csv": MICE}),
    (
        "no such control in any trial",
        f"{CALL.replace('vehicle', 'EtOH')} --by mouse",
        "control: no group 'EtOH'; known: vehicle, ICI",
        {"s.csv": MICE},
    ),
    (
        "no such trial",
        f"{CALL} --by trial",
        "s.csv, header: no column 'trial' (known: mouse, time (days), event, group)",
        {"s.csv": MICE},
    ),
    (
        "beyond the follow-up",
        f"{CALL} --until 9",
        "until: the period to 9 does not end within the follow-up to 8; "
        "choose the period before seeing the curves, within the shortest arm",
        {"s.csv": MICE},
    ),
    (
        "no event",
        CALL,
        "s.csv, header: column 'event' is missing (say which it is with --column event=HEADER; "
        "known: mouse, time (days), alive, group)",
        {"s.csv": MICE.replace("event", "alive")},
    ),
    (
        "unknown name of a column",
        f"{CALL} --column dose=mouse",
        "column: no column is called 'dose' here; known: time, event, group, patient",
        {"s.csv": MICE},
    ),
    (
        "absent column",
        f"{CALL} --column group=arm",
        "s.csv: no column 'arm'; known: mouse, time (days), event, group",
        {"s.csv": MICE},
    ),
    ("no time", CALL, "s.csv: no row holds a time; fill in the follow-up", {"s.csv": "time (h),event\nNA,1\n"}),
    ("ragged", CALL, "s.csv, row 11: 2 cells under 4 columns", {"s.csv": MICE + "1,2\n"}),
]


@pytest.mark.parametrize(("words", "sentence", "files"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_bad_input(refused: Callable[..., None], words: str, sentence: str, files: Mapping[str, str]) -> None:
    """Refusal: one sentence, or one line per fault of a table; exit code 2; nothing is written."""
    refused(words, sentence, files)
