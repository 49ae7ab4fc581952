"""Members as a table: what one row is, what the whole is called, and that nothing else has the same hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tamarisk.errors import DataError, ProtocolError
from tamarisk.model.cohort import cohort
from tamarisk.model.context import read_context
from tamarisk.model.model import Model
from tamarisk.model.protocol import Protocol, protocol
from tamarisk.model.readout import PEAKS, Readout
from tamarisk.simulation.batch import Member, Solver
from tamarisk.simulation.members import Kind, Members, at_once, observed, slices
from tamarisk.simulation.outcome import Outcome
from tamarisk.simulation.run import Experiment, as_member, cohort_members, simulate

ReadTiny = Callable[[str], Model]

DECAY = "  substanceOnly species A in cell; A = 1; s = 1; k = 1; synthesis: -> A; s; decay: A -> ; k * A;"
AMOUNT = Readout("A", "A", "", "", "relative", "how much there is")
LOGGED = replace(AMOUNT, name="log2 A", transform="log2")


def plain(count: int) -> Members:
    """Members that settle at s/k for k = 1, 2, ..., and lose their source at time 0."""
    kinds = [Kind(Member(settle={"s": 1.0}, constants={"s": 0.0}), {"what": "no source"}), Kind(Member(), {"what": "kept"})]
    return Members(kinds, np.arange(count) % 2, {"k": 1.0 + np.arange(count)}, tuple(f"p{number}" for number in range(count)))


def test_a_row_is_a_member() -> None:
    """Law: any stretch of the table is the same members as single rows, with the constants of their kind and their own."""
    table = plain(7)
    rows = [table[slice(number, number + 1)][0] for number in range(7)]
    assert table[2:6] == rows[2:6]
    assert table[:] == rows
    assert rows[4] == Member(settle={"s": 1.0}, constants={"s": 0.0, "k": 5.0})
    assert table.labels(slice(1, 3)) == {"what": ["kept", "no source"], "member": ["p1", "p2"]}


def test_members_without_numbers_are_their_kinds() -> None:
    """Law: without columns and names a member is its kind and has no name."""
    kinds = [Kind(Member(constants={"k": 2.0})), Kind(Member())]
    table = Members(kinds, np.array([1, 0, 1]))
    assert table[:] == [kinds[1].member, kinds[0].member, kinds[1].member]
    assert table.labels(slice(None)) == {}


@pytest.mark.parametrize(
    "other",
    [
        lambda one: replace(one, kind=one.kind[::-1]),
        lambda one: replace(one, constants={"k": np.nextafter(one.constants["k"], 9.0)}),
        lambda one: replace(one, constants={"s": one.constants["k"]}),
        lambda one: replace(one, names=()),
        lambda one: replace(one, names=(*one.names[1:], one.names[0])),
        lambda one: replace(one, kinds=[one.kinds[0], Kind(Member(settle={"s": 2.0}), {"what": "kept"})]),
        lambda one: replace(one, kinds=[one.kinds[0], Kind(Member(), {"what": "else"})]),
    ],
    ids=["order", "last bit", "constant", "no names", "other names", "kind", "label"],
)
def test_a_hash_is_of_everything(other: Callable[[Members], Members]) -> None:
    """Law: equal tables have one hash; one that differs in its order, a last bit, a name or a kind has another."""
    assert plain(4).digest() == plain(4).digest()
    assert plain(4).digest() != other(plain(4)).digest()


def test_the_table_is_what_the_solver_gives(tiny: ReadTiny) -> None:
    """Reference: dA/dt = s - k A; members settled at s/k keep it, or decay from it as exp(-k t); logarithms are of that."""
    run = at_once(tiny(DECAY), replace(plain(3), kinds=[Kind(Member(settle={"s": 3.0})), Kind(Member())]),
                  times_h=np.array([0.0, 1.0]), readouts=[AMOUNT, LOGGED])  # fmt: skip
    k = np.array([1.0, 2.0, 3.0])
    start = np.array([3.0, 1.0, 3.0]) / k
    assert run["A"].to_numpy()[:, 0] == pytest.approx(start, rel=1e-6)
    assert run["A"].to_numpy()[:, 1] == pytest.approx(1 / k + (start - 1 / k) * np.exp(-k), rel=1e-6)
    assert np.array_equal(run["log2 A"], np.log2(run["A"]))
    assert run["A"].dims == ("member", "time")
    assert run["A"].attrs == {"unit": "relative", "meaning": "how much there is"}
    assert run["member"].to_numpy().tolist() == ["p0", "p1", "p2"]


def test_areas_and_peaks_of_a_run(tiny: ReadTiny) -> None:
    """Reference: A = (1 - e^(-kt)) / k from 0, or e^(-kt) from 1: areas, largest, smallest, when; logarithms are of amounts."""
    read = [replace(AMOUNT, name="area", over="integral"), *(replace(AMOUNT, name=part, over=part) for part in PEAKS)]
    read += [replace(LOGGED, name="log2 largest", over="largest"), AMOUNT]
    k = np.array([0.5, 1.0, 2.0])
    rising = Members([Kind(Member(restart={"A": 0.0}))], np.zeros(3, dtype=int), {"k": k})
    run = at_once(tiny(DECAY), rising, times_h=np.array([0.0, 1.0, 3.0]), readouts=read)
    end = (1 - np.exp(-3 * k)) / k
    assert run["area"].dims == ("member", "time")
    assert run["area"].to_numpy()[:, 0].tolist() == [0.0] * 3
    assert run["area"].to_numpy()[:, 2] == pytest.approx((3 - end) / k, rel=1e-6)
    assert {run[name].dims for name in (*PEAKS, "log2 largest")} == {("member",)}
    assert run["largest"].to_numpy() == pytest.approx(end, rel=1e-6)
    assert np.array_equal(run["log2 largest"], np.log2(run["largest"]))
    for name, value in (("time of the largest", 3.0), ("smallest", 0.0), ("time of the smallest", 0.0)):
        assert run[name].to_numpy().tolist() == [value] * 3
    falling = Members([Kind(Member(constants={"s": 0.0}, restart={"A": 1.0}))], np.zeros(3, dtype=int), {"k": k})
    fall = at_once(tiny(DECAY), falling, times_h=np.array([0.0, 3.0]), readouts=read)
    assert fall["area"].to_numpy()[:, 1] == pytest.approx((1 - np.exp(-3 * k)) / k, rel=1e-6)
    assert fall["largest"].to_numpy().tolist() == [1.0] * 3
    assert fall["smallest"].to_numpy() == pytest.approx(np.exp(-3 * k), rel=1e-6)


def test_who_failed_has_no_peaks(tiny: ReadTiny) -> None:
    """Law: a member that does not settle has neither area nor peaks; the others have them."""
    table = Members([Kind(Member())], np.zeros(2, dtype=int), {"k": np.array([0.0, 1.0])})
    read = [replace(AMOUNT, name="area", over="integral"), replace(AMOUNT, name="largest", over="largest")]
    run = at_once(tiny(DECAY), table, times_h=np.array([0.0, 1.0]), readouts=read)
    assert np.isnan(run["largest"].to_numpy()).tolist() == [True, False]
    assert np.isnan(run["area"].to_numpy()).all(axis=1).tolist() == [True, False]


def test_a_failure_is_a_sentence_beside_the_others(tiny: ReadTiny) -> None:
    """Law: a member that does not settle is blank and says so; the others are as without it, to the last bit."""
    table = Members([Kind(Member())], np.zeros(3, dtype=int), {"k": np.array([1.0, 0.0, 2.0])})
    run = at_once(tiny(DECAY), table, times_h=np.array([0.0, 1.0]), readouts=[AMOUNT])
    assert run["outcome"].to_numpy().tolist() == ["finished", Outcome.NO_STEADY_STATE.value, "finished"]
    alone, _ = observed(Solver(tiny(DECAY)), [table[:][0], table[:][2]], times_h=[0.0, 1.0], readouts=[AMOUNT])
    assert np.isnan(run["A"].to_numpy()[1]).all()
    assert np.array_equal(run["A"].to_numpy()[[0, 2]], alone[:, :, 0])


def test_a_cohort_is_its_experiments() -> None:
    """Law: a member is the experiment of its cells, its therapy on top of what all get, and its constants."""
    table = cohort(
        ["MCF-7", "T47D", "MCF-7"], therapy=["4OHT=1uM", "", "fulvestrant=1nM@5h"], constants={"PTEN_dose": [0.2, 0.3, 0.4]}
    )
    plan = protocol("rapamycin=20nM@24h", medium_name="stripped", rest=["starved=3h"])
    doses = (("4OHT=1uM",), (), ("fulvestrant=1nM@5h",))
    plans = [protocol("rapamycin=20nM@24h", *own, medium_name="stripped", rest=["starved=3h"]) for own in doses]
    known = [
        as_member(Experiment(read_context(cells), own, {"PTEN_dose": value}))
        for cells, own, value in zip(("MCF-7", "T47D", "MCF-7"), plans, (0.2, 0.3, 0.4), strict=True)
    ]
    members = cohort_members(table, plan)
    assert members[:] == known
    assert members.labels(slice(None)) == {
        "context": ["MCF-7", "T47D", "MCF-7"],
        "medium": ["stripped"] * 3,
        "protocol": [own.label() for own in plans],
    }


def test_simulate_takes_many_as_it_takes_one() -> None:
    """Law: a cohort has the numbers of its members run alone, bit for bit, over `member` and `time`, with labels and outcomes."""
    table = cohort(["MCF-7", "LTED", "MCF-7"], therapy=["", "4OHT=1uM", ""], constants={"growth_dose": [1.0, 1.0, 1e6]})
    plan = protocol("rapamycin=20nM@5h")
    many = simulate(table, plan, until="24h", readouts=["pERK", "doublings"], points=5)
    assert dict(many.sizes) == {"member": 3, "time": 5}
    for number, (cells, own) in enumerate([("MCF-7", plan), ("LTED", protocol("rapamycin=20nM@5h", "4OHT=1uM"))]):
        alone = simulate(cells, own, until="24h", readouts=["pERK", "doublings"], points=5)
        for name in ("pERK", "doublings"):
            assert np.array_equal(many[name][number], alone[name])
            assert many[name].attrs == alone[name].attrs
        said = {name: str(many[name].to_numpy()[number]) for name in ("context", "medium", "protocol")}
        assert said == alone.attrs
    assert many["outcome"].to_numpy().tolist() == ["finished", "finished", Outcome.NOT_FINITE.value]
    assert np.isnan(many["doublings"][2]).all()


def test_several_contexts_are_a_cohort() -> None:
    """Law: contexts in a list are the cohort of these contexts."""
    asked = {"until": "6h", "readouts": ["PTEN"], "points": 2}
    assert simulate(["MCF-7", "T47D"], **asked).identical(simulate(cohort(["MCF-7", "T47D"]), **asked))


def test_output_times_are_as_many_as_asked_for() -> None:
    """Refusal: two points are the least that show a course."""
    assert simulate("MCF-7", until="6h", readouts=["PTEN"], points=2)["time"].to_numpy().tolist() == [0.0, 6.0]
    with pytest.raises(ProtocolError, match=r"^points: 1 output times show no course; give at least 2$"):
        simulate("MCF-7", until="6h", points=1)


def test_doses_that_overlap_are_refused_before_anything_runs() -> None:
    """Refusal: a member's own dose of what all get."""
    with pytest.raises(ProtocolError, match=r"^two doses of 4OHT overlap from 0 h; give one dose at a time$"):
        cohort_members(cohort(therapy=["", "4OHT=1uM"]), protocol("4OHT=1nM"))
    assert len(cohort_members(cohort(therapy=["", "4OHT=1uM"]), Protocol())) == 2


def test_slices() -> None:
    """Refusal: pieces cover everybody once and in order; a piece of nobody is refused."""
    assert [number for some in slices(10, 4) for number in range(some.start, some.stop)] == list(range(10))
    assert list(slices(4, 4)) == [slice(0, 4)]
    with pytest.raises(DataError, match=r"^a chunk of 0 members holds nobody; give 1 or more$"):
        slices(4, 0)
