"""`tamarisk simulate --cohort`: parse, one library call, print. It knows tables and folders, not how members are run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamarisk.doors.cli.output import COHORT, own_folder, print_json, print_table, progress_shown, write_csv
from tamarisk.errors import DataError, ProtocolError

if TYPE_CHECKING:
    import xarray as xr

    from tamarisk.model.model import Model
    from tamarisk.model.protocol import Protocol

_SHARES = {"5 %": 0.05, "median": 0.5, "95 %": 0.95}
_WAIT_S = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What all members share, as the options say it."""

    context: str
    plan: Protocol
    until: str
    readouts: tuple[str, ...]
    points: int
    model: Model


def run_cohort(table: Path, asked: Asked, *, out: Path | None, cluster: str | None, as_json: bool) -> None:
    """Run the members of a table, keep them in a folder if one is named, and say what came of them.

    Raises:
        ProtocolError: options that exclude each other.
        DataError: the folder holds another run, a library is missing, or no cluster answers.
        TableError: the table is faulty.
    """
    from tamarisk.model.cohort_table import read_cohort
    from tamarisk.simulation.run import simulate
    from tamarisk.simulation.stream import OnDisk
    from tamarisk.tables import table_header

    source = click.get_current_context().get_parameter_source("context")
    if source is click.core.ParameterSource.COMMANDLINE and "context" in table_header(table):
        raise ProtocolError("--context names the cells of all, but the table has a column context", hint="leave one of them out")
    if cluster is not None and out is None:
        raise ProtocolError("a cluster needs a folder to write to", hint="add --out DIR")
    members = read_cohort(table, context=asked.context, protocol=asked.plan, model=asked.model)
    with progress_shown("simulate") as show, _client(cluster) as client:
        into = None
        if out is not None:
            into = OnDisk(out / COHORT, client=client, progress=lambda done, total: show("members", done, total))
        try:
            run = simulate(
                members, asked.plan, until=asked.until, readouts=asked.readouts, model=asked.model, points=asked.points, into=into
            )
        except KeyboardInterrupt as stopped:
            raise click.Abort(str(stopped)) from None
    _tell(run, out, as_json=as_json)


@contextmanager
def _client(address: str | None) -> Iterator[Any]:
    """A client of the cluster whose scheduler has an address; none without one."""
    if address is None:
        yield None
        return
    try:
        client = import_module("distributed").Client(address, timeout=_WAIT_S)
    except ImportError:
        raise DataError("a cluster needs distributed, which is not installed", hint="install tamarisk[cluster]") from None
    except (OSError, ValueError):
        raise DataError("no scheduler answers", where=address, hint="start one with 'dask scheduler'") from None
    with client:
        yield client


def _tell(run: xr.Dataset, out: Path | None, *, as_json: bool) -> None:
    from tamarisk.simulation.store import fingerprint
    from tamarisk.units import rounded

    counts = dict(Counter(run["outcome"].to_numpy().tolist()).most_common())
    ends = {str(name): _end(run, str(name)) for name in run if name != "outcome"}
    files, digest = fingerprint(out / COHORT) if out is not None else (0, None)
    if out is not None:
        header = ["readout", "unit", *_SHARES]
        write_csv(
            own_folder(out) / "end.csv", header, ([name, run[name].attrs["unit"], *end.values()] for name, end in ends.items())
        )
    if as_json:
        readouts = {name: {"end": end, "unit": run[name].attrs["unit"]} for name, end in ends.items()}
        record = {"members": run.sizes["member"], "outcomes": counts, "time": run["time"].to_numpy().tolist(), "time_unit": "h"}
        kept = {"folder": None if out is None else str(out / COHORT), "files": files, "hash": digest}
        print_json({**record, "readouts": readouts, **kept})
        return
    print_table(
        f"{run.sizes['member']} members", ["outcome", "members"], [[said, str(n)] for said, n in counts.items()], numbers=(1,)
    )
    rows = [[name, *map(rounded, end.values()), run[name].attrs["unit"]] for name, end in ends.items()]
    print_table(f"at {float(run['time'][-1]):g} h", ["readout", *_SHARES, "unit"], rows, numbers=(1, 2, 3))
    if out is not None:
        click.echo(f"every member (xarray.open_zarr): {out / COHORT}")


def _end(run: xr.Dataset, name: str) -> dict[str, float]:
    """How a readout is spread over the members that finished, at the last time."""
    import numpy as np

    last = run[name].to_numpy().reshape(run.sizes["member"], -1)[:, -1]
    finished = last[run["outcome"].to_numpy() == "finished"]
    values = np.quantile(finished, list(_SHARES.values())) if finished.size else np.full(len(_SHARES), np.nan)
    return dict(zip(_SHARES, values.tolist(), strict=True))
