"""Rows of a pool: numbers as printed, sets of patients as named, parts joined as by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tamarisk.evidence.effect import effects
from tamarisk.evidence.question import questions
from tamarisk.evidence.trial import trials
from tamarisk.study.pool_row import Overlap, PoolRow, cohorts, joined, one_row_a_cohort, pool_rows

EVERY = {name: pool_rows(name) for name in questions()}


def row(name: str) -> PoolRow:
    """A row by its id."""
    return next(one for some in EVERY.values() for one in some if name in one.ids)


def test_a_row_gives_back_the_printed_interval() -> None:
    """Law: wherever an interval was printed, the ratio's own interval is the same up to its printed digits and its asymmetry."""
    checked = 0
    for one in effects().values():
        if one.standard_error_source == "interval" and one.low and one.high and one.log_estimate is not None:
            estimate, low, high = row(one.id).ratio
            assert estimate == pytest.approx(one.estimate, rel=1e-12)
            assert math.log(high / low) == pytest.approx(math.log(one.high / one.low), rel=1e-9)
            checked += 1
    assert checked > 15


def test_a_row_with_a_p_value_has_that_p_value() -> None:
    """Reference: z = ln ratio / error; TEAM prints p = .4012 for 0.92, the series on PgR p = .049 for 1.57."""
    for name, p in (("M001", 0.4012), ("M074", 0.049)):
        z = abs(row(name).log_estimate) / row(name).standard_error
        assert math.erfc(z / math.sqrt(2)) == pytest.approx(p, rel=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_rows_of_a_question_come_main_ones_first(name: str) -> None:
    """Law: main rows and parts stand before all others; each row has an id, patients, a ratio and a finite error above 0."""
    roles = [one.role in {"main", "part"} for one in EVERY[name]]
    assert roles == sorted(roles, reverse=True)
    for one in EVERY[name]:
        assert one.ids
        assert one.cohort
        assert all(math.isfinite(value) and value > 0 for value in (*one.ratio, one.standard_error))


def test_rows_are_sorted_by_the_disease() -> None:
    """Reference: settings read by hand: adjuvant is early, first-line metastatic is advanced; trials go by prior resistance."""
    assert row("M001").group == "early disease"
    assert row("M005").group == "advanced disease"
    assert row("M008").group == "before surgery"
    assert row("T014").group == "before endocrine resistance"
    assert row("T016").group == "after endocrine resistance"
    assert row("T020").group == "with and without endocrine resistance"


def test_labels_tell_rows_of_a_question_apart() -> None:
    """Law: no two rows of a question have the same label, or a reader could not say which was left out."""
    for name, some in EVERY.items():
        labels = [one.label for one in some]
        assert len(labels) == len(set(labels)), name
    assert row("T002").label == "BOLERO-2, progression-free survival, central reading"


def test_recalled_numbers_are_marked() -> None:
    """Law: a row is recalled exactly where the evidence says that it may not be pooled for that."""
    known = {**effects(), **trials()}
    for some in EVERY.values():
        for one in some:
            assert one.recalled == (not known[one.ids[0]].poolable)
    assert row("T007").recalled


def test_rows_without_a_named_cohort_are_of_their_publication_or_trial() -> None:
    """Law: two trials never share patients by default, two rows of one publication always do."""
    assert "M075" not in cohorts()
    assert row("M075").cohort == (effects()["M075"].reference,)
    assert row("T014").cohort == ("PALOMA-1",)
    assert row("T001").cohort == row("T002").cohort == ("BOLERO-2",)


def test_cohorts_cross_publications() -> None:
    """Reference: read by hand: the Stockholm trial is reported three times on three marks, BIG 1-98 twice on one."""
    assert row("M055").cohort == row("M057").cohort == row("M087").cohort == ("Stockholm tamoxifen trial",)
    assert row("M003").cohort == row("M004").cohort == ("BIG 1-98",)
    assert "TEAM" in row("M009").cohort


def test_only_parts_of_one_study_are_joined() -> None:
    """Law: joining leaves other rows and their order alone and never joins across studies."""
    rows = EVERY["PIK3CA"]
    found = joined(rows)
    assert len(found) == len(rows) - 1
    assert [one.ids for one in found if len(one.ids) > 1] == [("M005", "M006")]
    first, second = row("M005"), row("M006")
    one = next(one for one in found if len(one.ids) > 1)
    assert min(first.log_estimate, second.log_estimate) < one.log_estimate < max(first.log_estimate, second.log_estimate)
    assert one.standard_error < min(first.standard_error, second.standard_error)
    apart = replace(second, cohort=("another study",))
    assert len(joined([first, apart])) == 2


def test_a_row_of_two_cohorts_bars_both() -> None:
    """Law: a set that holds two others leaves both out, and says by which name."""
    large = replace(row("M009"), cohort=("TEAM", "BIG 1-98"))
    kept, out = one_row_a_cohort([large, row("M001"), row("M003")])
    assert kept == (large,)
    assert out == (
        Overlap(row("M001").label, large.label, ("TEAM",)),
        Overlap(row("M003").label, large.label, ("BIG 1-98",)),
    )
    assert str(out[0]) == f"{row('M001').label}: same patients as {large.label} (TEAM)"
