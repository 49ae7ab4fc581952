"""Published effects in a table: pooled as the ruler pools them, and never by a guessed measure or scale."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tamarisk.errors import DataError, TableError
from tamarisk.measurement.columns import Said
from tamarisk.measurement.pool_table import pool_of, read_effects
from tamarisk.measurement.pooling import log_ratio, random_effects

TRIALS = "study,HR,low,high\nA,0.46,0.33,0.64\nB,0.58,0.44,0.76\nC,0.72,0.55,0.94\n"


def file(folder: Path, text: str, name: str = "trials.csv") -> Path:
    """A file with that text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_ratios_are_pooled_as_logs(tmp_path: Path) -> None:
    """Reference: the ruler on logs made by `log_ratio`, its ends raised to powers of e."""
    pairs = [log_ratio(*one) for one in ((0.46, 0.33, 0.64), (0.58, 0.44, 0.76), (0.72, 0.55, 0.94))]
    alone = random_effects(*zip(*pairs, strict=True))
    found = {(one.of, one.name): one.estimate for one in pool_of(read_effects(file(tmp_path, TRIALS))).results}
    mean = found["HR of 3 studies", "random effects"]
    assert (mean.value, mean.low, mean.high) == pytest.approx(
        tuple(np.exp([alone.mean.value, alone.mean.low, alone.mean.high])), rel=1e-12
    )
    assert (mean.unit, mean.n) == ("fold", 3)
    careful = found["HR of 3 studies", "random effects, tau squared uncertain"]
    assert (careful.low, careful.high) == pytest.approx((math.exp(alone.marginal.low), math.exp(alone.marginal.high)), rel=1e-12)
    assert found["HR of 3 studies", "I squared"].value == pytest.approx(100.0 * alone.I2, rel=1e-12)
    assert found["HR of 3 studies", "Q"].value == pytest.approx(alone.Q, rel=1e-12)


def test_an_end_beyond_every_number_is_infinite(tmp_path: Path) -> None:
    """Law: two studies asked at a level of .99999 tell nothing of the ratio but that it is above 0."""
    effects = read_effects(file(tmp_path, "study,HR,low,high\nA,0.5,0.05,5\nB,0.9,0.3,2.7\n"))
    for found in pool_of(effects, level=0.99999).results[:3]:
        assert (found.estimate.low, found.estimate.high) == (0.0, math.inf)


def test_without_each_study(tmp_path: Path) -> None:
    """Golden: by hand. Equal weights: without B the mean is that of A and C, 1.5; fixed effect of all is 2."""
    text = "study,difference,se\nA,1,0.5\nB,3,0.5\nC,2,0.5\n"
    found = {(one.of, one.name): one.estimate for one in pool_of(read_effects(file(tmp_path, text))).results}
    assert found["without B", "random effects"].value == pytest.approx(1.5, rel=1e-9)
    assert found["difference of 3 studies", "fixed effect"].value == pytest.approx(2.0, rel=1e-9)
    assert found["difference of 3 studies", "fixed effect"].high == pytest.approx(2.0 + 1.959964 * 0.5 / 3**0.5, abs=1e-6)


def test_intervals_and_standard_errors_say_the_same(tmp_path: Path) -> None:
    """Law: low and high, or the standard error that they stand for, give one variance; of ratios on the log scale."""
    half = 1.959963984540054 * 0.2
    ends = f"{math.exp(-0.5 - half)!r},{math.exp(-0.5 + half)!r}"
    by_ends = read_effects(file(tmp_path, f"trial,odds ratio,lower,upper\nA,{math.exp(-0.5)!r},{ends}\n"))
    by_error = read_effects(file(tmp_path, f"trial,OR,log_se\nA,{math.exp(-0.5)!r},0.2\n"))
    assert (by_ends.measure, by_error.measure) == ("OR", "OR")
    assert by_ends.variance == pytest.approx(by_error.variance, rel=1e-9)
    assert by_ends.effect == pytest.approx([-0.5], rel=1e-12)


def test_the_call_may_name_measure_and_columns(tmp_path: Path) -> None:
    """Law: a file with names of its own is read once the call says what they mean; rows without an effect are counted."""
    path = file(tmp_path, "paper;effect;L95;U95\nA;0.5;0.4;0.625\nB;NA;;\n")
    said = Said(columns={"study": "paper", "low": "L95", "high": "U95"})
    effects = read_effects(path, measure="RR", said=said)
    assert effects.study == ("A",)
    assert effects.source.dropped == ("no effect: 1 row (3)",)


def test_asymmetry_is_asked_of_ten(tmp_path: Path) -> None:
    """Law: from ten studies of unlike size the slope on the standard error is told, below that it is not."""
    rows = [f"S{number},{-0.1 * number},{0.1 + 0.02 * number}" for number in range(10)]
    for k, told in ((10, True), (9, False)):
        text = "study,difference,se\n" + "\n".join(rows[:k]) + "\n"
        names = {one.name for one in pool_of(read_effects(file(tmp_path, text))).results}
        assert ("slope on the standard error (Egger)" in names) is told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            TRIALS.replace("HR", "effect"),
            "trials.csv: it is not said what the effects are; say --measure HR, OR, RR, difference, or name the column so",
        ),
        (TRIALS.replace("low", "OR"), "trials.csv: the file holds HR and OR; keep the column of one measure"),
        (
            "study,HR,se\nA,0.5,0.1\n",
            "trials.csv: the standard error of a HR may be that of the ratio or of its logarithm; "
            "name it log_se if it is of the logarithm, or give low and high",
        ),
        ("study,HR\nA,0.5\n", "trials.csv: no column says how sure the effects are; add low and high, or log_se"),
        (TRIALS.replace("\nB", "\nA"), "trials.csv, rows 2, 3: study 'A' stands 2 times (average it first)"),
        (TRIALS.replace("0.58", "0.5o"), "trials.csv, row 3, column estimate: '0.5o' is not a number"),
        (TRIALS.replace("0.58", "-0.58"), "trials.csv, row 3, column estimate: -0.58 is below 0"),
        (TRIALS.replace("0.44", ""), "trials.csv, row 3, column low: the cell is empty"),
        (
            TRIALS.replace("0.76", "0.96"),
            "trials.csv, row 3, column estimate: 0.58 does not lie mid-way between 0.44 and 0.96 on the log scale",
        ),
        (
            "study,difference,low,high\nA,2,1,9\n",
            "trials.csv, row 2, column estimate: 2 does not lie mid-way between 1 and 9 (look for a misprint)",
        ),
        ("study,difference,se\nA,2,0\n", "trials.csv, row 2, column se: 0 is no standard error (give one above 0)"),
        ("study,HR,log_se\nA,0,0.1\n", "trials.csv, row 2, column estimate: 0 is no ratio (give ratios, not logs)"),
        ("study,HR,low,high\nA,NA,,\n", "trials.csv: no row holds an effect; fill in the estimates"),
        (
            "HR,low,high\n0.5,0.4,0.6\n",
            "trials.csv, header: column 'study' is missing (say which it is with --column study=HEADER; known: HR, low, high)",
        ),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """Refusal: what is not said is asked for, and a number that does not fit is named with its row."""
    with pytest.raises((DataError, TableError)) as refused:
        read_effects(file(tmp_path, text))
    assert str(refused.value) == sentence


def test_words_of_the_call_are_checked(tmp_path: Path) -> None:
    """Refusal: a measure against the header, or unknown, and columns that are not there."""
    path = file(tmp_path, TRIALS)
    for asked, sentence in (
        ({"measure": "OR"}, "trials.csv: the effects are HR by the header but OR by the call"),
        ({"said": Said(columns={"dose": "low"})}, "column: no column is called 'dose' here"),
        ({"said": Said(columns={"low": "L95"})}, "trials.csv: no column 'L95'; known: study, HR, low, high"),
    ):
        with pytest.raises(DataError) as refused:
            read_effects(path, **asked)  # type: ignore[arg-type]
        assert str(refused.value).startswith(sentence)
    with pytest.raises(DataError, match="no measure 'IRR'"):
        read_effects(file(tmp_path, TRIALS.replace("HR", "effect")), measure="IRR")
