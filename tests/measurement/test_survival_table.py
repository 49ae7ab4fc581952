"""Follow-up in long tables: what is read, and that groups are compared as the rulers of survival do."""

from __future__ import annotations

import builtins
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk.errors import TamariskError
from tamarisk.measurement import hazard
from tamarisk.measurement.columns import Said
from tamarisk.measurement.log_rank import log_rank
from tamarisk.measurement.measured import Result, Source
from tamarisk.measurement.survival import restricted_mean_difference
from tamarisk.measurement.survival_table import Patients, read_follow_up, survival_of
from tamarisk.seeds import generator

LAW = settings(deadline=None, max_examples=40, derandomize=True)


def drawn(run: int, *scales: float, crossing: bool = False) -> Patients:
    """Groups of forty patients of known hazards; in a crossing trial the second group dies early or not at all."""
    rng = generator(run, "tests", "survival table")
    time = np.concatenate([scale * rng.exponential(size=40) for scale in scales])
    if crossing:
        time[40:60], time[60:] = rng.uniform(0.01, 0.5, 20), 9.9
    event = time < 9.0
    group = tuple(f"arm {number}" for number in range(len(scales)) for _ in range(40))
    return Patients(np.minimum(time, 9.0), event, group, "months", Source("", "", len(time)))


def by_name(results: tuple[Result, ...]) -> dict[str, Result]:
    """Every result by what it is of."""
    return {f"{one.of}: {one.name}": one for one in results}


# reading


def test_words_for_the_event_and_empty_times(tmp_path: Path) -> None:
    """Golden: by hand. The call says what stands for the event; 1.0 is 1; a patient without a time is counted and left out."""
    (tmp_path / "s.csv").write_text("weeks;vital;arm\n3;dead;a\nNA;dead;a\n5;alive;b\n", encoding="utf-8")
    said = Said(time_unit="weeks", columns={"time": "weeks", "event": "vital"})
    found = read_follow_up(tmp_path / "s.csv", event_is="dead", said=said)
    assert (found.time.tolist(), found.event.tolist(), found.group, found.unit) == ([3, 5], [True, False], ("a", "b"), "weeks")
    assert found.source.dropped == ("no time: 1 row (3)",)
    (tmp_path / "s.csv").write_text("time_days,event\n3,1.0\n5,0\n", encoding="utf-8")
    found = read_follow_up(tmp_path / "s.csv")
    assert (found.event.tolist(), found.group, found.unit) == ([True, False], ("all", "all"), "days")
    assert read_follow_up(tmp_path / "s.csv", said=Said(time_unit="d")).unit == "days"


@LAW
@given(text=some.text(alphabet="01ab,;\n\t.- ", max_size=60))
def test_no_text_ends_in_a_traceback(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Law: whatever stands below a sound header, it is read or refused in a sentence."""
    file = tmp_path_factory.mktemp("fuzz") / "s.csv"
    file.write_text("time (d),event,group\n" + text, encoding="utf-8")
    try:
        survival_of(read_follow_up(file), until=1.0)
    except TamariskError as refused:
        assert str(refused)


# measuring


def test_groups_are_compared_as_the_rulers_do() -> None:
    """Reference: log-rank, hazard ratio and restricted mean are those of the library's rulers."""
    people = drawn(1, 4.0, 8.0)
    found = by_name(survival_of(people, control="arm 0", until=6.0)[0].results)
    whole = log_rank(people.time, people.event, group=people.group)
    rank = found["arm 0 and arm 1: log-rank chi-squared"]
    assert (rank.estimate.value, rank.p) == (whole.chi2, whole.p)
    arms = [(people.time[part], people.event[part]) for part in (slice(40, 80), slice(40))]
    longer = restricted_mean_difference(*arms, until=6.0, unit="months")
    assert found["arm 1 against arm 0: mean to 6 months, difference"].estimate == longer
    own = hazard.cox(people.time, people.event, covariates={"x": np.repeat([0, 1], 40)})
    ratio = found["arm 1 against arm 0: hazard ratio"]
    assert ratio.estimate.value == pytest.approx(own.ratios["x"].value, rel=1e-9)
    assert ratio.p == pytest.approx(own.p[0], rel=1e-9)


def test_the_control_is_the_one_that_is_named() -> None:
    """Law: with the other group as control the hazard ratio is turned over, and the difference changes its sign."""
    there, back = (by_name(survival_of(drawn(2, 4.0, 8.0), control=f"arm {one}", until=6.0)[0].results) for one in (0, 1))
    ratio = there["arm 1 against arm 0: hazard ratio"].estimate.value
    assert ratio == pytest.approx(1.0 / back["arm 0 against arm 1: hazard ratio"].estimate.value, rel=1e-6)
    name = "mean to 6 months, difference"
    gained = there[f"arm 1 against arm 0: {name}"].estimate.value
    assert gained == pytest.approx(-back[f"arm 0 against arm 1: {name}"].estimate.value, rel=1e-12)


def test_three_groups_have_two_ratios_and_one_test() -> None:
    """Law: every group is compared with the control, and one log-rank test has two degrees of freedom."""
    measured, curves = survival_of(drawn(3, 3.0, 5.0, 8.0), control="arm 2")
    assert [one.of for one in measured.results if one.name == "hazard ratio"] == ["arm 0 against arm 2", "arm 1 against arm 2"]
    tests = [one.estimate.method for one in measured.results if one.name == "log-rank chi-squared"]
    assert tests == ["log-rank, df 2"]
    assert list(curves) == ["arm 0", "arm 1", "arm 2"]


def test_curves_that_cross_are_told() -> None:
    """Law: where one group dies early or not at all, the reader is sent to the restricted mean."""
    measured, _ = survival_of(drawn(4, 4.0, 4.0, crossing=True), control="arm 0")
    assert [words.split(" (")[0] for words in measured.warnings] == ["arm 1 against arm 0: hazards are not proportional"]
    assert survival_of(drawn(1, 4.0, 8.0), control="arm 0")[0].warnings == ()


def test_numbers_at_risk_start_with_all_and_fall() -> None:
    """Law: all are at risk at the start, counts never rise, and at most eleven times are printed."""
    for run, scale in enumerate((0.01, 1.0, 30.0, 1000.0)):
        people = drawn(run, scale)
        counts = [one.estimate.value for one in survival_of(people)[0].results if one.name.startswith("at risk")]
        assert counts[0] == 40
        assert counts == sorted(counts, reverse=True)
        assert 4 <= len(counts) <= 11


def test_without_statsmodels_the_rest_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusal: where statsmodels is absent only the hazard ratio is refused."""

    def absent(name: str) -> object:
        raise builtins.ImportError(name)

    monkeypatch.setattr(hazard, "import_module", absent)
    measured, _ = survival_of(drawn(5, 4.0, 8.0), control="arm 0")
    what = "Cox regression needs statsmodels, which is not installed; install tamarisk[survival]"
    assert [(one.where, one.what) for one in measured.refusals] == [("hazard ratio", what)]
    assert not math.isnan(measured.results[0].estimate.low)
