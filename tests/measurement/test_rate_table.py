"""Rates of growth from a long table: by hand, against the line of numpy, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tamarisk.errors import DataError
from tamarisk.measurement.growth_table import Layout
from tamarisk.measurement.rate_table import rates_of
from tamarisk.seeds import generator

HOURS = np.arange(0.0, 97.0, 12.0)


def wells(drug: str, rate: float, *, experiment: str = "1", bend: float = 0.0, noise: float = 0.0) -> pd.DataFrame:
    """Counts of one condition that doubles `rate` times an hour once `bend` hours have passed, and every 24 h before."""
    rng = generator(1, "tests", "rates", drug, experiment)
    grown = np.where(bend > HOURS, HOURS / 24.0, bend / 24.0 + rate * (HOURS - bend))
    counts = 1000.0 * 2.0 ** (grown + noise * rng.normal(size=len(HOURS)))
    return pd.DataFrame({"drug": drug, "experiment": experiment, "time": HOURS, "counts": counts})


def found(frame: pd.DataFrame, **asked: object) -> dict[str, tuple[float, int]]:
    """Value and n of each number by its name."""
    given = {"rate": "growth"} | asked
    measured = rates_of(frame, **given)  # type: ignore[arg-type]
    return {f"{one.of}: {one.name}": (one.estimate.value, one.estimate.n) for one in measured.results}


def test_doubling_times_come_back() -> None:
    """Golden: by hand. Doubling every 24 h is 1/24 an hour, every 48 h 1/48; the difference is -1/48."""
    numbers = found(pd.concat([wells("-", 1 / 24), wells("4OHT", 1 / 48)]))
    assert numbers["control: growth rate"] == (pytest.approx(1 / 24, rel=1e-9), 1)
    assert numbers["4OHT: growth rate"] == (pytest.approx(1 / 48, rel=1e-9), 1)
    assert numbers["4OHT: growth rate less control"] == (pytest.approx(-1 / 48, rel=1e-9), 1)


def test_one_experiment_has_the_interval_of_its_line() -> None:
    """Reference: slope of numpy's polynomial through the logs of the same noisy counts."""
    frame = wells("4OHT", 1 / 30, noise=0.1)
    one = rates_of(frame, rate="growth").results[0].estimate
    assert one.value == pytest.approx(np.polyfit(frame["time"], np.log2(frame["counts"]), 1)[0], rel=1e-9)
    assert one.low < one.value < one.high


def test_the_rate_after_the_drug_has_taken_hold() -> None:
    """Law: the DIP rate is that of the later line, whether its start is said or found; the rate of all times is another."""
    frame = wells("4OHT", -0.01, bend=36.0)
    assert found(frame, rate="DIP")["4OHT: DIP rate"][0] == pytest.approx(-0.01, rel=1e-6)
    assert found(frame, rate="DIP", settled_after=36.0)["4OHT: DIP rate"][0] == pytest.approx(-0.01, rel=1e-6)
    assert found(frame)["4OHT: growth rate"][0] > 0


def test_experiments_are_counted_not_wells() -> None:
    """Law: doubled wells change no n; three experiments give an interval, paired with their own controls."""
    parts = [wells(drug, rate, experiment=run, noise=0.02) for run in "123" for drug, rate in (("-", 1 / 24), ("4OHT", 1 / 48))]
    frame = pd.concat(parts)
    once, twice = found(frame), found(pd.concat([frame, frame]))
    assert once == {name: (pytest.approx(value, rel=1e-12), n) for name, (value, n) in twice.items()}
    assert {n for _, n in once.values()} == {3}
    less = next(one for one in rates_of(frame, rate="growth").results if one.name == "growth rate less control")
    assert less.estimate.low < -1 / 48 < less.estimate.high


def test_full_wells_are_left_out() -> None:
    """Law: counts from confluence on do not bend the rate."""
    frame = wells("-", 1 / 24).assign(counts=lambda table: table["counts"].clip(upper=8000.0))
    assert found(frame, confluent_at=8000.0)["control: growth rate"][0] == pytest.approx(1 / 24, rel=1e-9)
    assert found(frame)["control: growth rate"][0] < 1 / 24


def test_what_has_no_rate_is_refused() -> None:
    """Refusal: a condition with few times is named, and if none is left, or there are no times at all, it ends there."""
    short = wells("4OHT", 1 / 48).head(3)
    measured = rates_of(pd.concat([wells("-", 1 / 24), short]), rate="growth", layout=Layout())
    assert [str(one) for one in measured.refusals] == [
        "4OHT, experiment 1: cells: 3 counts before the well was full make no rate; count at least 5 times"
    ]
    with pytest.raises(DataError, match="there is no rate to find"):
        rates_of(short, rate="growth")
    with pytest.raises(DataError, match=r"column time: no column says when cells were counted; add it, as 'time \(h\)'"):
        rates_of(short.drop(columns="time"), rate="DIP")
