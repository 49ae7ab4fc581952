"""Text to machine code, kept on disk by the hash of what it was made from. It knows the processor, not the formulas."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import pickle
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from platformdirs import user_cache_path

from tamarisk.errors import ModelError
from tamarisk.model.system import System
from tamarisk.simulation.kernel import Kernel, Sizes, kernel
from tamarisk.simulation.pulling import puller
from tamarisk.simulation.rosenbrock import integrator
from tamarisk.simulation.watching import watcher, watcher_back

_MOST_KEPT = 64  # models times numbers of lanes; the oldest goes first
_LARGE = 200  # states from which on code that is compiled fast matters more than code that is a little faster


@dataclasses.dataclass(frozen=True)
class Machine:
    """Compiled functions of one model for one number of lanes.

    Attributes:
        sizes: of the vectors that they read and write.
        order: the state that stands at each position of a state vector.
        engine: gives the functions' addresses and keeps the code alive.
    """

    sizes: Sizes
    order: tuple[int, ...]
    engine: Any

    def address(self, name: str) -> int:
        """Where a function begins."""
        return int(self.engine.get_function_address(name))


def machine_code(
    source: System, lanes: int, directions: int = 0, peaks: Sequence[str] = (), *, back: bool = False, kept: bool = True
) -> Machine:
    """The functions `integrate` and, for one lane, `watch` of a model: from the disk if they were compiled before.

    Args:
        source: its equations.
        lanes: members computed side by side.
        directions: along how many directions each member is differentiated.
        peaks: quantities whose peaks are kept.
        back: whether `integrate` records its steps, and `pull` goes back over them.
        kept: whether the code is looked for and kept on the disk; what is used once would only push others out.

    Raises:
        ModelError: an operator is not compiled, or a formula is nested too deeply.

    >>> from tamarisk.model.antimony import read_model
    >>> from tamarisk.model.system import system_of
    >>> machine_code(system_of(read_model()), 1).address("integrate") > 0
    True
    """
    try:
        place = user_cache_path("tamarisk") / "kernels" / _key(source, lanes, directions, peaks, back=back)
        found = _read(place) if kept else None
        if found is None:
            made = kernel(source, lanes, directions, peaks, back=back)
            found = made.sizes, made.order, _compiled(made, lanes, back=back)
            if kept:
                _write(place, *found)
    except RecursionError:
        raise ModelError("a formula is nested too deeply to be compiled", where=source.name) from None
    sizes, order, code = found
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(lanes, level=0))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Machine(sizes, order, engine)


def native_lanes() -> int:
    """The numbers that one vector of this processor holds."""
    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


def kept_code() -> tuple[Path, int, int]:
    """Where machine code is kept, in how many files, and how many bytes they are.

    >>> kept_code()[0].name
    'kernels'
    """
    place = user_cache_path("tamarisk") / "kernels"
    files = list(place.glob("*.o"))
    return place, len(files), sum(file.stat().st_size for file in files)


def _compiled(source: Kernel, lanes: int, *, back: bool) -> bytes:
    parts = [source.text, integrator(lanes, source.sizes, recording=back)]
    parts += [puller(lanes, source.sizes)] if back else []
    parts += [watcher(source.sizes)] if lanes == 1 else []
    parts += [watcher_back(source.sizes)] if lanes == 1 and back else []
    module = llvm.parse_assembly("\n".join(parts))
    module.verify()
    level = 0 if lanes == 1 or source.sizes.states > _LARGE else 1
    code = _target(lanes, level=level).emit_object(module)
    return bytes(code)


def _target(lanes: int, *, level: int) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten() + (",-prefer-256-bit" if lanes == 8 else "")
    return llvm.Target.from_default_triple().create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=level)


def _key(source: System, lanes: int, directions: int, peaks: Sequence[str], *, back: bool) -> str:
    triggers = tuple(event.trigger for event in source.events)
    structure = tuple(source.rates.items()), tuple(source.assigned.items()), tuple(source.constants), triggers
    digest = hashlib.sha256(pickle.dumps((*structure, lanes, directions, tuple(peaks), back)))
    digest.update(_surroundings())
    return digest.hexdigest()[:32]


@cache
def _surroundings() -> bytes:
    """What machine code depends on beside the equations: the code that writes it, the compiler, the processor."""
    digest = hashlib.sha256(llvmlite.__version__.encode())
    digest.update(llvm.get_host_cpu_name().encode() + llvm.get_host_cpu_features().flatten().encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.digest()


def _read(place: Path) -> tuple[Sizes, tuple[int, ...], bytes] | None:
    """What was kept, if it is whole."""
    try:
        said = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        code = place.with_suffix(".o").read_bytes()
        whole = said["hash"] == hashlib.sha256(code).hexdigest()
        sizes = Sizes(**{**said["sizes"], **{name: tuple(said["sizes"][name]) for name in ("looked", "heeded")}})
        return (sizes, tuple(said["order"]), code) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(place: Path, sizes: Sizes, order: tuple[int, ...], code: bytes) -> None:
    """Keep machine code; where nothing can be kept it is compiled again next time."""
    said = {"sizes": dataclasses.asdict(sizes), "order": order, "hash": hashlib.sha256(code).hexdigest()}
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        for suffix, content in ((".o", code), (".json", json.dumps(said).encode())):
            draft = place.with_suffix(f"{suffix}.part")
            draft.write_bytes(content)
            draft.replace(place.with_suffix(suffix))
        by_age = sorted(place.parent.glob("*.o"), key=lambda file: file.stat().st_mtime)
        for old in by_age[:-_MOST_KEPT]:
            old.unlink()
            old.with_suffix(".json").unlink(missing_ok=True)
