"""Runs on disk: the numbers of a run in memory, one chunk after the other, whatever happens in between."""

from __future__ import annotations

import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tamarisk.errors import DataError, ModelError
from tamarisk.model.cohort import cohort
from tamarisk.model.model import Model, with_constants
from tamarisk.model.readout import PEAKS, Readout
from tamarisk.model.sbml import read_sbml
from tamarisk.simulation import store
from tamarisk.simulation import stream as module
from tamarisk.simulation.batch import Member
from tamarisk.simulation.hold import Hold
from tamarisk.simulation.members import Kind, Members, at_once, solver_of
from tamarisk.simulation.run import simulate
from tamarisk.simulation.store import fingerprint
from tamarisk.simulation.stream import Desk, OnDisk, stream

ReadTiny = Callable[[str], Model]

DECAY = "  substanceOnly species A in cell; A = 1; s = 1; k = 1; synthesis: -> A; s; decay: A -> ; k * A;"
TIMES = np.linspace(0.0, 2.0, 5)
READ = (Readout("A", "A", "", "", "relative", "how much there is"), Readout("log2 A", "A", "log2", "", "log2", "its logarithm"))
OVER = (*READ, *(replace(READ[0], name=f"{part} A", over=part) for part in ("integral", *PEAKS)))
CHILD = """
import sys
from pathlib import Path
import numpy as np
from tamarisk.model.readout import Readout
from tamarisk.model.sbml import read_sbml
from tamarisk.simulation.batch import Member
from tamarisk.simulation.members import Kind, Members
from tamarisk.simulation.stream import OnDisk, stream
read = (Readout("A", "A", "", "", "relative", "how much there is"), Readout("log2 A", "A", "log2", "", "log2", "its logarithm"))
kinds = [Kind(Member(settle={"s": 3.0}), {"what": "more"}), Kind(Member(), {"what": "same"})]
members = Members(kinds, np.arange(400) % 2, {"k": 0.5 + np.arange(400.0) % 50})
times = np.linspace(0.0, 2.0, 5)
stream(read_sbml(Path(sys.argv[1]).read_text()), members, OnDisk(sys.argv[2], chunk=8), times_h=times, readouts=read)
"""


def many(count: int = 400) -> Members:
    """The members of the program above; there is nobody who does not settle."""
    kinds = [Kind(Member(settle={"s": 3.0}), {"what": "more"}), Kind(Member(), {"what": "same"})]
    return Members(kinds, np.arange(count) % 2, {"k": 0.5 + np.arange(float(count)) % 50})


@pytest.fixture(scope="module")
def model(tiny: ReadTiny) -> Model:
    """dA/dt = s - k A."""
    return tiny(DECAY)


@pytest.fixture(scope="module")
def whole(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    stream(model, many(), OnDisk(folder, chunk=8), times_h=TIMES, readouts=READ)
    return folder


def written(folder: Path) -> int:
    """Chunks that are whole."""
    return len(list((folder / "outcome" / "c").glob("*")))


# what lies on disk


@pytest.mark.parametrize("chunk", [1, 3, 7, 10, 99])
def test_disk_is_memory(model: Model, tmp_path: Path, chunk: int) -> None:
    """Law: whatever the size of a chunk, the run on disk is the run in memory, to the last bit, failures and names included."""
    members = replace(many(10), names=tuple(f"ä {number}" for number in range(10)))
    members.constants["k"][4] = 0.0  # nothing is lost, so nothing settles
    run = stream(model, members, OnDisk(tmp_path / "run", chunk=chunk), times_h=TIMES, readouts=READ)
    xr.testing.assert_identical(run.drop_attrs(deep=False), at_once(model, members, times_h=TIMES, readouts=READ))
    assert run["outcome"].to_numpy()[4] == "the cells did not settle to a steady state before the experiment"
    assert sorted(one.name for one in (tmp_path / "run").iterdir()) == [
        "A", "log2 A", "member", "outcome", "time", "what", "zarr.json",
    ]  # fmt: skip


@pytest.mark.parametrize("chunk", [3, 99])
def test_areas_and_peaks_on_disk_are_those_in_memory(model: Model, tmp_path: Path, chunk: int) -> None:
    """Law: integrals and peaks too are the same to the last bit, also from a chunk that is computed again, and failures blank."""
    members = many(10)
    members.constants["k"][4] = 0.0  # nothing is lost, so nothing settles
    memory = at_once(model, members, times_h=TIMES, readouts=OVER)
    for _ in range(2):
        run = stream(model, members, OnDisk(tmp_path / "run", chunk=chunk), times_h=TIMES, readouts=OVER)
        xr.testing.assert_identical(run.drop_attrs(deep=False), memory)
        (tmp_path / "run" / "outcome" / "c" / "0").unlink()
    assert run["largest A"].dims == ("member",)
    assert np.isfinite(run["largest A"].to_numpy()).sum() == 9


def test_what_a_cluster_is_given_knows_its_areas_and_peaks(model: Model) -> None:
    """Law: sent to another process, a compiled model gives the same areas and peaks."""
    desk = Desk(solver_of(model, OVER))
    here, far = (one.work(many(3)[:], TIMES, OVER) for one in (desk, pickle.loads(pickle.dumps(desk))))  # noqa: S301 -- our own
    assert np.array_equal(here[0], far[0])
    assert here[0].shape == (3, len(TIMES), len(OVER))


def test_anybody_can_open_it(whole: Path) -> None:
    """Law: the folder is a Zarr group that xarray opens by itself, with units."""
    run = xr.open_zarr(whole, chunks=None, consolidated=False)
    assert (run["A"].attrs["unit"], run["time"].attrs["unit"]) == ("relative", "h")
    assert run["A"].dims == ("member", "time")
    assert set(run["outcome"].to_numpy().tolist()) == {"finished"}


def test_a_cohort_goes_to_disk_by_the_same_verb(tmp_path: Path) -> None:
    """Law: `simulate` gives the same from memory and from disk, for one culture as for several."""
    for number, cells in enumerate((cohort(["MCF-7", "T47D"], therapy=["4OHT=1uM", ""], names=["a", "b"]), cohort("LTED"))):
        asked = {"until": "24h", "readouts": ["doublings", "pERK"], "points": 3}
        run = simulate(cells, into=OnDisk(tmp_path / str(number)), **asked)
        xr.testing.assert_identical(run.drop_attrs(deep=False), simulate(cells, **asked))
    single = simulate("LTED", into=OnDisk(tmp_path / "1"), **asked)
    xr.testing.assert_identical(single, run)


# on from where it stopped


def test_what_is_there_is_not_computed_again(model: Model, whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a finished run is only opened; one with a chunk missing computes that chunk, and the files are as before."""
    known, asked = fingerprint(whole), []
    work = module.Desk.work
    monkeypatch.setattr(module.Desk, "work", lambda desk, some, *more: asked.append(len(some)) or work(desk, some, *more))
    stream(model, many(), OnDisk(whole, chunk=8), times_h=TIMES, readouts=READ)
    assert asked == []
    (whole / "outcome" / "c" / "3").unlink()
    stream(model, many(), OnDisk(whole, chunk=8), times_h=TIMES, readouts=READ)
    assert asked == [8]
    assert fingerprint(whole) == known


def test_killed_and_started_again(model: Model, whole: Path, tmp_path: Path) -> None:
    """Law: killed at a random moment, twice, and started again, a run ends in the same files, byte for byte."""
    (tmp_path / "model.xml").write_text(model.document, encoding="utf-8")
    folder, kept = tmp_path / "run", 0
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path / "model.xml"), str(folder)])  # noqa: S603 -- the program above
        while child.poll() is None and written(folder) <= kept:
            time.sleep(0.005)
        time.sleep(random.uniform(0.0, 0.1))  # noqa: S311 -- any moment will do
        child.kill()
        assert child.wait() in {-signal.SIGKILL, 0}
        kept = written(folder)
        assert kept > 0
    stream(model, many(), OnDisk(folder, chunk=8), times_h=TIMES, readouts=READ)
    assert fingerprint(folder) == fingerprint(whole)


def test_a_half_written_chunk_is_none(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: stopped between any two files, a run says what is kept; started again it ends in the same files."""
    stream(model, many(16), OnDisk(tmp_path / "whole", chunk=8), times_h=TIMES, readouts=READ)
    synced, kept = store._synced, []
    for moment in range(0, 27, 2):
        folder, left = tmp_path / str(moment), iter(range(moment))

        def stumble(path: Path, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise OSError("no space")
            synced(path)

        monkeypatch.setattr(store, "_synced", stumble)
        with pytest.raises(
            DataError, match=r": the run stopped \(no space\); \d+ of 16 members are kept; run the same again"
        ) as said:
            stream(model, many(16), OnDisk(folder, chunk=8), times_h=TIMES, readouts=READ)
        kept.append(int(str(said.value).split("; ")[1].split()[0]))
        monkeypatch.setattr(store, "_synced", synced)
        stream(model, many(16), OnDisk(folder, chunk=8), times_h=TIMES, readouts=READ)
        assert fingerprint(folder) == fingerprint(tmp_path / "whole")
    assert (kept[0], kept[-1], kept == sorted(kept)) == (0, 8, True)


def test_nobody_finished(tiny: ReadTiny, tmp_path: Path) -> None:
    """Law: a chunk in which nobody finished is there, says why, and is not computed again."""
    members = Members([Kind(Member())], np.zeros(4, dtype=int), {"k": np.zeros(4)})
    for _ in range(2):
        run = stream(tiny(DECAY), members, OnDisk(tmp_path / "run", chunk=2), times_h=TIMES, readouts=READ)
    assert np.isnan(run["A"].to_numpy()).all()
    assert set(run["outcome"].to_numpy().tolist()) == {"the cells did not settle to a steady state before the experiment"}
    assert written(tmp_path / "run") == 2


def test_stopped_by_hand(model: Model, whole: Path, tmp_path: Path) -> None:
    """Refusal: an interrupt keeps the chunks that are whole and says how to go on; going on, progress begins where it was."""
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        stream(model, many(), OnDisk(tmp_path / "run", chunk=8, progress=stop), times_h=TIMES, readouts=READ)
    assert str(stopped.value) == f"16 of 400 members are kept in {tmp_path / 'run'}; run the same again to go on from there"
    assert written(tmp_path / "run") == 2
    assert {total for _, total in told} == {400}
    again: list[int] = []
    stream(
        model,
        many(),
        OnDisk(tmp_path / "run", chunk=8, progress=lambda done, _: again.append(done)),
        times_h=TIMES,
        readouts=READ,
    )
    assert (again[0], again[-1], again == sorted(again)) == (17, 400, True)
    assert fingerprint(tmp_path / "run") == fingerprint(whole)


def test_one_program_at_a_time(model: Model, tmp_path: Path) -> None:
    """Refusal: while one program writes a second is told which, and changes nothing; the first then ends its run."""
    said: list[str] = []

    def meddle(done: int, total: int) -> None:
        if not said and done:
            known = fingerprint(tmp_path / "run")
            with pytest.raises(DataError) as refused:
                stream(model, many(), OnDisk(tmp_path / "run", chunk=8), times_h=TIMES, readouts=READ)
            said.append(str(refused.value))
            assert fingerprint(tmp_path / "run") == known

    stream(model, many(), OnDisk(tmp_path / "run", chunk=8, progress=meddle), times_h=TIMES, readouts=READ)
    assert said[0].startswith(f"{tmp_path / 'run'}: another program writes here: process {os.getpid()} on ")
    assert said[0].endswith("UTC; wait for its end, or name another folder")
    assert not list((tmp_path / "run").glob(".*"))


def test_whatever_ends_a_run_lets_go(model: Model, whole: Path, tmp_path: Path) -> None:
    """Law: a folder that was refused, or whose run was stopped, is held by nobody."""

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(DataError, match="differs in members"):
        stream(model, many(8), OnDisk(whole, chunk=8), times_h=TIMES, readouts=READ)
    with pytest.raises(KeyboardInterrupt):
        stream(model, many(8), OnDisk(tmp_path / "run", progress=stop), times_h=TIMES, readouts=READ)
    for folder in (whole, tmp_path / "run"):
        Hold(folder / ".held").release()


# a cluster


class Deaf:
    """A client whose answers take forever, and which loses every Control-C that comes while one waits for them."""

    def __init__(self) -> None:
        self.given: list[Deaf.Future] = []

    class Future:
        """Nothing comes of it."""

        released = False

        def add_done_callback(self, told: Callable[[Deaf.Future], None]) -> None:
            """Tell in a thread, as the true client does."""
            threading.Thread(target=told, args=(self,), daemon=True).start()

        def result(self) -> None:
            """Wait, and hear nothing, but not beyond the end of the test."""
            for _ in range(100):
                with suppress(KeyboardInterrupt):
                    time.sleep(0.05)

        def release(self) -> None:
            """Nobody waits for it."""
            self.released = True

    def scatter(self, desk: Desk, **_: bool) -> Desk:
        """Send to all workers."""
        return desk

    def nthreads(self) -> dict[str, int]:
        """Two workers."""
        return {"a": 1, "b": 1}

    def submit(self, *_: object, pure: bool) -> Deaf.Future:
        """Give work."""
        self.given.append(self.Future())
        return self.given[-1]


def test_a_cluster_is_stopped_by_hand(model: Model, tmp_path: Path) -> None:
    """Refusal: Control-C ends a run on a cluster at once, whatever the client does with it; what was given is taken back."""
    pytest.importorskip("distributed")
    client, before, begin = Deaf(), signal.signal(signal.SIGINT, signal.default_int_handler), time.monotonic()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt, match=r"0 of 400 members are kept in .*; run the same again to go on from there"):
            stream(model, many(), OnDisk(tmp_path / "run", chunk=8, client=client), times_h=TIMES, readouts=READ)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begin < 3.0
    assert [one.released for one in client.given] == [True] * 4


def test_what_fails_on_a_cluster_fails_here(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: an error of a worker ends the run as it is, and gives back what waits."""
    pytest.importorskip("distributed")

    def fail(_: Deaf.Future) -> None:
        raise ModelError("the worker has another version")

    client = Deaf()
    monkeypatch.setattr(Deaf.Future, "result", fail)
    with pytest.raises(ModelError, match=r"^the worker has another version$"):
        stream(model, many(), OnDisk(tmp_path / "run", chunk=8, client=client), times_h=TIMES, readouts=READ)
    assert [one.released for one in client.given] == [True] * 4


def test_a_cluster_writes_the_same_files(model: Model, whole: Path, tmp_path: Path) -> None:
    """Law: two processes of a dask cluster give the files of this one, byte for byte, also on from where it stopped."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        stream(model, many(), OnDisk(tmp_path / "run", chunk=8, client=client), times_h=TIMES, readouts=READ)
        assert fingerprint(tmp_path / "run") == fingerprint(whole)
        for number in (0, 30):
            (tmp_path / "run" / "outcome" / "c" / str(number)).unlink()
        stream(model, many(), OnDisk(tmp_path / "run", chunk=8, client=client), times_h=TIMES, readouts=READ)
    assert fingerprint(tmp_path / "run") == fingerprint(whole)


# refusals


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("model", lambda model: {"model": with_constants(model, {"s": 2.0})}),
        ("members", lambda _: {"members": many(399)}),
        ("times", lambda _: {"times_h": TIMES[:-1]}),
        ("readouts", lambda _: {"readouts": READ[:1]}),
        ("chunk", lambda _: {"into": 9}),
        ("members, readouts", lambda _: {"members": many(8), "readouts": READ[1:]}),
    ],
)
def test_the_folder_of_another_run_is_refused(model: Model, whole: Path, what: str, other: Callable[[Model], dict]) -> None:
    """Refusal: a folder goes on with its own run only; the sentence says in what the other differs, and nothing changes."""
    known, asked = (
        fingerprint(whole),
        {"model": model, "members": many(), "into": 8, "times_h": TIMES, "readouts": READ} | other(model),
    )
    with pytest.raises(DataError) as refused:
        stream(
            asked["model"],
            asked["members"],
            OnDisk(whole, chunk=asked["into"]),
            times_h=asked["times_h"],
            readouts=asked["readouts"],
        )
    said = f"{whole}: the folder holds another run: it differs in {what}; name another, or take this one away"
    assert (str(refused.value), fingerprint(whole)) == (said, known)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("letter.txt", "dear", "the folder holds files that are not ours; name an empty or a new one"),
        ("zarr.json", "{}", "the folder holds no run of ours; name another, or take this one away"),
        ("zarr.json", "no JSON", "the folder holds no run of ours; name another, or take this one away"),
        (
            "zarr.json",
            '{"zarr_format": 3, "node_type": "group", "attributes": {}}',
            "the folder holds no run of ours; name another, or take this one away",
        ),
    ],
)
def test_a_strange_folder_is_refused(model: Model, tmp_path: Path, file: str, content: str, message: str) -> None:
    """Refusal: other people's files are left alone."""
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        stream(model, many(3), OnDisk(tmp_path), times_h=TIMES, readouts=READ)
    assert str(refused.value) == f"{tmp_path}: {message}"
    assert os.listdir(tmp_path) == [file]  # noqa: PTH208 -- one word


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"readouts": [replace(READ[0], quantity="B")]}, "this model has no 'B'; add it to the modules and to parameters.tsv"),
        ({"members": Members([Kind(Member())], np.zeros(1, dtype=int), {"x": np.ones(1)})},
         "this model has no 'x'; add it to the modules and to parameters.tsv"),
    ],
)  # fmt: skip
def test_what_the_model_lacks_is_refused_before_anything_is_written(
    model: Model, tmp_path: Path, changes: dict, message: str
) -> None:
    """Refusal: an unknown quantity or constant leaves no folder behind."""
    asked = {"members": many(3), "readouts": READ} | changes
    with pytest.raises(ModelError) as refused:
        stream(model, asked["members"], OnDisk(tmp_path / "run"), times_h=TIMES, readouts=asked["readouts"])
    assert str(refused.value) == message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("library", "client", "message"),
    [
        ("zarr", None, "a run on disk needs zarr, which is not installed; install tamarisk[cohort]"),
        ("distributed", object(), "a cluster needs distributed, which is not installed; install tamarisk[cluster]"),
    ],
)
def test_without_its_library(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, client: object, message: str
) -> None:
    """Refusal: an extra that is not installed is named."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(DataError) as refused:
        stream(model, many(3), OnDisk(tmp_path / "run", client=client), times_h=TIMES, readouts=READ)
    assert str(refused.value) == message


def test_a_model_travels_as_text(model: Model) -> None:
    """Law: the SBML text that the killed program reads is the same model."""
    assert read_sbml(model.document).constants == model.constants
