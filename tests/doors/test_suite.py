"""`tamarisk suite`: a tiny archive made here, what is counted and written, and what is refused."""

from __future__ import annotations

import hashlib
import json
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import antimony
import pytest
from click.testing import Result

from tamarisk.errors import ModelError
from tamarisk.study.suite import Case, Verdict, by_reason, by_tag, cases, counts_table, kept_counts, read_case, run_case
from tamarisk.study.suite import Result as Ended
from tamarisk.tables import CONTENT

Run = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
SETTINGS = "start: 0\nduration: 2\nsteps: 2\nvariables: S, k\nabsolute: 1e-6\nrelative: 1e-6\namount: S\nconcentration:\n"
DECAY = "compartment c = 2; species S in c; S = 3; J: S -> ; k * S; k = 0.5;"


def sbml(body: str) -> str:
    """SBML of an Antimony module."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(f"model tiny()\n{body}\nend") >= 0, antimony.getLastError()
    return str(antimony.getSBMLString("tiny"))


def table(factor: float = 1.0) -> str:
    """What is expected of the decay: 6 exp(-t / 4) in a volume of 2."""
    return "time,S,k\n" + "".join(f"{time},{factor * 6.0 * math.exp(-0.25 * time)},0.5\n" for time in range(3))


def case(body: str = DECAY, *, expected: str = "", settings: str = SETTINGS, kind: str = "TimeCourse") -> dict[str, str]:
    """The four files of a case."""
    tags = f"componentTags: Species, Reaction\ntestTags:      Amount\ntestType: {kind}\n"
    return {"settings.txt": settings, "sbml-l3v1.xml": sbml(body), "model.m": tags, "results.csv": expected or table()}


def archive(place: Path, found: dict[str, dict[str, str]]) -> Path:
    """A ZIP file laid out like the suite's."""
    path = place / "cases.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, parts in found.items():
            for part, text in parts.items():
                file.writestr(f"semantic/{name}/{name}-{part}", text)
    return path


def only(place: Path, parts: dict[str, str]) -> Case:
    """The one case of an archive."""
    return cases(archive(place, {"00001": parts}))[0]


def test_cases_are_counted_and_written(tamarisk: Run, place: Path) -> None:
    """Law: every case is counted once in all and once for each of its tags, and what ran is written in the suite's layout."""
    slow = "compartment c = 2; species S in c; S = 3; k = 0.5; J: S -> ; k * delay(S, 1);"
    archive(place, {"00001": case(), "00002": case(kind="FluxBalanceSteadyState"), "00003": case(slow)})
    result = tamarisk("suite", "cases.zip", "--out", "out", "--processes", "1", "--json")
    record: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == 0
    assert record["counts"] == {"passed": 1, "refused": 2, "failed": 0, "wrong": 0}
    assert record["by_tag"]["Amount"] == record["counts"]
    assert [one["case"] for one in record["not_passed"]] == ["00002", "00003"]
    assert "delay()" in record["not_passed"][1]["why"]
    written = (place / "out" / "00001-results.csv").read_text(encoding="utf-8").splitlines()
    assert written[0] == "time,S,k"
    assert [float(cell) for cell in written[2].split(",")] == pytest.approx([1.0, 6.0 * math.exp(-0.25), 0.5], rel=1e-8)
    assert {path.name for path in (place / "out").glob("*.csv")} == {"00001-results.csv", "verdicts.csv"}
    assert set(record["by_reason"].values()) == {1}
    digest = hashlib.sha256((place / "cases.zip").read_bytes()).hexdigest()
    table = (place / "out" / "counts.tsv").read_text(encoding="utf-8").splitlines()
    assert table[:4] == ["verdict\twhy\tcases\tarchive\tsha256", *(f"{what}\tcases.zip\t{digest}" for what in (
        "passed\t\t1", "failed\t\t0", "wrong\t\t0"
    ))]  # fmt: skip
    assert table[4:] == [f"refused\t{why}\t1\tcases.zip\t{digest}" for why in record["by_reason"]]


def test_a_wrong_table_is_said_to_be_wrong(tamarisk: Run, place: Path) -> None:
    """Law: where a table differs from what is expected the command says where, and ends with 1."""
    archive(place, {"00001": case(), "00002": case(expected=table(1.01))})
    result = tamarisk("suite", "cases.zip", "--processes", "2")
    assert result.exit_code == 1
    assert "S at 0 is 6, not 6.06" in result.stdout


def test_reasons_are_counted_without_names() -> None:
    """Law: one reason is one row, whatever the case and the reaction are called, the most frequent first; passes have none."""
    fast = ("00870: the reaction 'slow' is fast, an equilibrium", "01568: the reaction 'J0' is fast, an equilibrium")
    whys = ("the case asks for nothing, not for a time course", *fast)
    found = [Ended(f"{number:05}", Verdict.REFUSED, why, ()) for number, why in enumerate(whys)]
    assert list(by_reason([*found, Ended("00009", Verdict.PASSED, "", ())]).items()) == [
        ("the reaction is fast, an equilibrium", 2),
        ("the case asks for nothing, not for a time course", 1),
    ]


def test_amounts_concentrations_and_values(tmp_path: Path) -> None:
    """Reference: the same species as an amount, as a concentration, and as its own value."""
    for listed, factor in (
        ("amount: S\nconcentration:", 1.0),
        ("amount:\nconcentration: S", 0.5),
        ("amount:\nconcentration:", 0.5),
    ):
        settings = SETTINGS.replace("amount: S\nconcentration:", listed)
        assert run_case(only(tmp_path, case(settings=settings, expected=table(factor)))).verdict is Verdict.PASSED


def test_infinite_and_missing_numbers_agree_with_themselves(tmp_path: Path) -> None:
    """Law: expected INF and NaN are met by the same and by nothing else."""
    body = "compartment c = 2; species S in c; S = 3; k = 1 / zero; zero = 0;"
    good = "time,S,k\n0,6,INF\n1,6,INF\n2,6,INF\n"
    assert run_case(only(tmp_path, case(body, expected=good))).verdict is Verdict.PASSED
    assert run_case(only(tmp_path, case(body, expected=good.replace("INF", "NaN")))).verdict is Verdict.WRONG
    assert run_case(only(tmp_path, case(body, expected=good.replace("INF", "1")))).verdict is Verdict.WRONG


def test_a_run_that_ends_in_an_error_has_failed(tmp_path: Path) -> None:
    """Law: what the integrator cannot do is no table but a sentence."""
    result = run_case(only(tmp_path, case("compartment c = 2; species S in c; S = 3; k = 0; J: S -> ; S / k;")))
    assert (result.verdict, result.table) == (Verdict.FAILED, "")
    assert result.why == "00001: a quantity became infinite or undefined"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"settings": SETTINGS.replace("steps: 2", "steps: many")}, "00001: the settings have no number for 'steps'"),
        ({"settings": SETTINGS.replace("variables: S, k", "variables: S, ghost")}, "00001: 'ghost' is asked for, .*"),
        ({"settings": SETTINGS.replace("variables: S, k", "variables:")}, "00001: the settings name no variable"),
        ({"settings": SETTINGS.replace("steps: 2", "steps: 0")}, "00001: the settings ask for 0 steps over 2 from 0; .*"),
        ({"settings": SETTINGS.replace("steps: 2", "steps: nan")}, "00001: the settings ask for nan steps .*"),
        (
            {"settings": SETTINGS.replace("steps: 2", "steps: 1e12")},
            r"00001: the settings ask for 1e\+12 steps .* 1 to 1,000,000 .*",
        ),
        ({"settings": SETTINGS.replace("duration: 2", "duration: -2")}, "00001: the settings ask for 2 steps over -2 from 0; .*"),
        ({"settings": SETTINGS.replace("start: 0", "start: -1")}, "00001: the settings ask for 2 steps over 2 from -1; .*"),
        ({"expected": "time,S\n0,6\n"}, "00001: the expected table lacks a column or a number"),
        ({"expected": "\n"}, "00001: the expected table lacks a column or a number"),
    ],
)
def test_bad_cases_fail_with_a_sentence(tmp_path: Path, change: dict[str, str], sentence: str) -> None:
    """Refusal: settings without a number, a variable or a course of time, an unknown variable, a table without a column."""
    result = run_case(only(tmp_path, case(**change)))  # type: ignore[arg-type]
    assert result.verdict is Verdict.FAILED
    assert re.fullmatch(sentence, result.why)


def test_a_run_may_be_asked_for_from_later_on(tmp_path: Path) -> None:
    """Reference: the decay from 1 on, its run begun at 0; a byte order mark and lines that end in CRLF do no harm."""
    rows = "time,S,k\n" + "".join(f"{time},{6.0 * math.exp(-0.25 * time)},0.5\n" for time in range(1, 4))
    settings = "\ufeff" + SETTINGS.replace("start: 0", "start: 1").replace("\n", "\r\n")
    assert run_case(only(tmp_path, case(settings=settings, expected="\ufeff" + rows))).verdict is Verdict.PASSED


def test_a_case_that_lacks_a_file_is_counted(tmp_path: Path) -> None:
    """Law: no case of an archive is left out without a word."""
    found = {f"{number:05}": case() for number in range(1, 6)}
    for parts, lacking in zip(list(found.values())[1:], ("settings.txt", "sbml-l3v1.xml", "model.m", "results.csv"), strict=True):
        del parts[lacking]
    ended = [run_case(one).verdict for one in cases(archive(tmp_path, found))]
    assert ended == [Verdict.PASSED, Verdict.FAILED, Verdict.REFUSED, Verdict.REFUSED, Verdict.FAILED]


def test_a_formula_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    """Refusal: what can still be read, but no longer be compiled, is no traceback."""
    inner, outer = "<ci> k </ci>", "<apply><sin/>{}</apply>"
    for _ in range(400):
        inner = outer.replace("{}", inner)
    parts = case("x = 1; x' = k; k = 1;")
    parts["sbml-l3v1.xml"] = re.sub("<ci> *k *</ci>", inner, parts["sbml-l3v1.xml"])
    result = run_case(only(tmp_path, parts))
    assert (result.verdict, result.why) == (Verdict.REFUSED, "tiny: a formula is nested too deeply to be compiled")


def test_bad_archives_are_refused(refused: Callable[..., None]) -> None:
    """Refusal: a file that is not there, is no archive, or a folder that holds other things; nothing is written."""
    refused("suite nowhere.zip", "nowhere.zip: no such file; check the path")
    refused("suite a.zip --out new", "a.zip: this is no ZIP file; name the archive of semantic cases", {"a.zip": "text"})


def test_an_archive_without_cases_is_refused(tamarisk: Run, place: Path) -> None:
    """Refusal: three files are no case."""
    parts = case()
    del parts["results.csv"]
    archive(place, {"00001": parts})
    result = tamarisk("suite", "cases.zip")
    assert (result.exit_code, result.stderr) == (
        2,
        "tamarisk: cases.zip: the archive holds no semantic case; a case has four files\n",
    )


def test_counts_by_tag(tmp_path: Path) -> None:
    """Law: the counts of all cases add up to the number of cases."""
    results = [run_case(only(tmp_path, case(expected=table(factor)))) for factor in (1.0, 1.0, 2.0)]
    counts = by_tag(results)
    assert list(counts) == ["all", "Amount", "Reaction", "Species"]
    assert counts["all"] == {"passed": 2, "refused": 0, "failed": 0, "wrong": 1}


def test_a_sample_of_the_suite() -> None:
    """Reference: every fifteenth of the suite's semantic cases passes within its tolerances or is refused; none is wrong.

    The counts that are kept are of this archive: of all cases as many are refused for each reason, and none but these.
    """
    path = SHARED / "data" / "sbml_test_suite" / "semantic_even.zip"
    if not path.is_file():
        pytest.skip("the folder shared/ is not beside the repository")
    found = cases(path)
    sample = [run_case(one) for one in found[7::15]]
    ended = by_tag(sample)["all"]
    refused = [one for one in map(refusal, found) if one is not None]
    assert ended["wrong"] == ended["failed"] == 0
    assert ended["refused"] == sum(one.id in {result.id for result in sample} for one in refused)
    kept = kept_counts()
    assert {(one.archive, one.sha256) for one in kept} == {(path.name, hashlib.sha256(path.read_bytes()).hexdigest())}
    assert by_reason(refused) == {one.why: one.cases for one in kept if one.verdict is Verdict.REFUSED}
    assert len(found) == sum(one.cases for one in kept)


def refusal(case: Case) -> Ended | None:
    """The result of a case whose model is refused."""
    try:
        read_case(case)
    except ModelError as why:
        return Ended(case.id, Verdict.REFUSED, str(why), case.tags)
    return None


def test_what_is_kept_is_what_is_said() -> None:
    """Law: the counts that are kept are as the command writes them, without a failed or wrong case, and stand in the pages."""
    kept = kept_counts()
    assert counts_table(kept) == (CONTENT / "suite.tsv").read_text(encoding="utf-8")
    count = {verdict: sum(one.cases for one in kept if one.verdict is verdict) for verdict in Verdict}
    assert count[Verdict.FAILED] == count[Verdict.WRONG] == 0
    page = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
    whole, passed, refused = sum(count.values()), count[Verdict.PASSED], count[Verdict.REFUSED]
    said = f"{whole} cases with even numbers: {passed} pass, {refused} are refused by name"
    assert said in " ".join(page.split())
