"""The parameter table: what each row must hold, and numbers that others have published."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tamarisk.errors import TableError
from tamarisk.model.parameters import KINDS, MODEL_FOLDER, STATUSES, Parameter, read_parameters

HEADER = (
    "parameterId\tparameterName\tkind\tunit\tnominalValue\tlowerBound\tupperBound\t"
    "estimate\tpriorDistribution\tpriorParameters\tstatus\tsource"
)
TABLE = {one.id: one for one in read_parameters(MODEL_FOLDER / "parameters.tsv")}
FITTED = [one for one in TABLE.values() if one.prior]


def read(folder: Path, *rows: str) -> tuple[Parameter, ...]:
    """The parameters of a table with these rows, blanks between the cells and - for an empty one."""
    lines = ["\t".join("" if cell == "-" else cell for cell in row.split(" ")) for row in rows]
    path = folder / "parameters.tsv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return read_parameters(path)


# the shipped table


def test_every_row_says_what_it_is_and_who_says_so() -> None:
    """Law: each number has a meaning, a kind, a unit, a status and a source."""
    for one in TABLE.values():
        assert one.meaning and one.unit and one.source, one.id
        assert one.kind in KINDS and one.status in STATUSES, one.id
        assert math.isfinite(one.value) and one.value >= 0, one.id


def test_no_number_has_two_homes() -> None:
    """Law: each name stands in one row."""
    lines = (MODEL_FOLDER / "parameters.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) == len(TABLE)


def test_values_lie_within_their_bounds() -> None:
    """Law: wherever bounds are given, lower is below upper and the value lies between them."""
    bounded = [one for one in TABLE.values() if not math.isnan(one.lower)]
    assert bounded
    assert [one.id for one in bounded if not one.lower < one.upper] == []
    assert [one.id for one in bounded if not one.lower <= one.value <= one.upper] == []


def test_what_may_be_fitted_has_bounds_and_a_sensible_prior() -> None:
    """Law: a prior's middle lies within the bounds, the value within two deviations of it, and the spread is below ten-fold."""
    assert FITTED
    for one in FITTED:
        assert one.prior is not None
        mean, deviation = one.prior
        assert 0 < one.lower < math.exp(mean) < one.upper, one.id
        assert abs(math.log(one.value) - mean) <= 2 * deviation, one.id
        assert 0 < deviation < math.log(10), one.id


def test_only_rates_and_potencies_are_fitted() -> None:
    """Law: a normaliser, a context, a medium or a start is no free number, and what was measured directly is fitted rarely."""
    assert {one.kind for one in FITTED} <= {"rate", "drug"}
    assert sum(one.status == "seen" for one in FITTED) < len(FITTED) / 10


def test_a_dose_of_one_is_the_reference_line() -> None:
    """Law: MCF-7 has one of everything, nothing extra, and a first share of adapted cells below one in a hundred."""
    for one in TABLE.values():
        if one.kind == "context":
            assert one.value in (0.0, 1.0) or (one.id in ("RTK_adapted", "AKT_adapted", "ESR1_silenced") and one.value < 0.01), (
                one.id
            )


@pytest.mark.parametrize(
    ("name", "half_life_h", "tolerance"),
    [
        ("k_deg_ER_E2", 5.0, 0.001),  # PMID 1570330: about 5 h with oestradiol
        ("k_deg_DUSP6", 0.75, 0.001),  # SPARCED OmicsData.txt, as all below
        ("k_deg_mRNA_MYC", 0.8, 0.001),
        ("k_deg_MYC", 0.5, 0.001),
        ("k_deg_p21", 0.5, 0.001),
        ("k_deg_MCL1", 1.0, 0.001),
        ("k_deg_BIM", 3.0, 0.001),
        ("k_deg_CCND1", 0.4, 0.001),  # 10.1186/1476-4598-6-24: about 24 min
        (
            "k_deg_mRNA_RTK",
            8.85,
            0.08,
        ),  # ERBB3 9.4 h and EGFR 8.3 h share one rate: half their distance is 6 %, the rest is rounding
    ],
)
def test_decay_has_the_half_life_that_was_seen(name: str, half_life_h: float, tolerance: float) -> None:
    """Golden: ln 2 over the half-life of the row's own source; 0.1 % is rounding to six digits, more has its reason beside it."""
    assert math.log(2) / TABLE[name].value == pytest.approx(half_life_h, rel=tolerance)


def test_affinity_of_fulvestrant() -> None:
    """Golden: binding affinity 0.89 with oestradiol 1 (PMID 1855205); 2 % because the rate constants have two digits."""
    affinity = {drug: TABLE[f"k_on_{drug}"].value / TABLE[f"k_off_{drug}"].value for drug in ("E2", "fulvestrant")}
    assert affinity["fulvestrant"] / affinity["E2"] == pytest.approx(0.89, rel=0.02)


def test_dasatinib_lies_in_the_range_seen() -> None:
    """Golden: dasatinib stops cellular SRC at 17 to 37 nM (PMID 19513066); the range itself is the tolerance."""
    assert 17 <= TABLE["IC50_dasatinib"].value <= 37


# any table


def test_a_row_is_read() -> None:
    """Reference: one row of the shipped table by hand, with and without a prior."""
    one = TABLE["K_EGF"]
    assert (one.kind, one.unit, one.lower, one.upper, one.prior) == ("rate", "nM", 0.2, 8.0, (0.40547, 0.8))
    assert TABLE["k_off_E2"].prior is None
    assert math.isnan(TABLE["PTEN_dose"].lower)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("k m rate per_h 1 2 1 0 - - prior s", "lowerBound: 2 is not below 1"),
        ("k m rate per_h 1 1 1 0 - - prior s", "lowerBound: 1 is not below 1"),
        ("k m rate per_h 1 two 3 0 - - prior s", "lowerBound: 'two' is not a number"),
        ("k m rate per_h 5 0.1 1 0 - - prior s", "nominalValue: 5 is not between 0.1 and 1"),
        ("k m speed per_h 1 - - 0 - - prior s", f"kind: 'speed' is none of {', '.join(KINDS)}"),
        ("k m rate - 1 - - 0 - - prior s", "unit: the cell is empty"),
        ("k m rate per_h 1 - - 0 - - prior -", "source: the cell is empty"),
        ("k m rate per_h 1 - - 0 - - guess s", "status: 'guess' is none of seen, derived, prior"),
        ("k m rate per_h 1 - - yes - - prior s", "estimate: 'yes' is none of 0, 1"),
        ("k m rate per_h 1 0.1 9 1 normal 0;1 prior s", "priorDistribution: 'normal' is none of log-normal"),
        ("k m rate per_h 1 0.1 9 1 - 0;1 prior s", "priorDistribution: the cell is empty"),
        ("k m rate per_h 1 0.1 9 1 log-normal - prior s", "priorParameters: '' is not 'mean;sd' of the logarithm"),
        ("k m rate per_h 1 0.1 9 1 log-normal 0,1 prior s", "priorParameters: '0,1' is not 'mean;sd' of the logarithm"),
        ("k m rate per_h 1 0.1 9 1 log-normal 0;0 prior s", "priorParameters: '0;0' is not 'mean;sd' of the logarithm"),
        ("k m rate per_h 1 0.1 9 1 log-normal 0;inf prior s", "priorParameters: '0;inf' is not 'mean;sd' of the logarithm"),
        ("- m rate per_h 1 - - 0 - - prior s", "parameterId: the cell is empty"),
    ],
)
def test_a_bad_row_is_refused(tmp_path: Path, row: str, fault: str) -> None:
    """Refusal: the row and the column are named, and what should stand there."""
    with pytest.raises(TableError) as refused:
        read(tmp_path, row)
    assert str(refused.value) == f"parameters.tsv, row 2, column {fault}"


def test_a_second_row_of_one_name_is_refused(tmp_path: Path) -> None:
    """Refusal: the first row is pointed at, beside all other faults; two rows without a name are no pair."""
    row = "k m rate per_h 1 - - 0 - - prior s"
    with pytest.raises(TableError) as refused:
        read(tmp_path, row, row.replace("k", "q"), row.replace("rate", "speed"), row.replace("k", "-"), row.replace("k", "-"))
    assert str(refused.value) == (
        f"parameters.tsv, row 4, column kind: 'speed' is none of {', '.join(KINDS)}\n"
        "parameters.tsv, row 4, column parameterId: 'k' stands already in row 2\n"
        "parameters.tsv, rows 5-6, column parameterId: the cell is empty"
    )
