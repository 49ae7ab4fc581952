"""One engine in a process of its own: `python engines.py ENGINE CASE CACHE`, started by the harness with the engine's own Python.

It reads what `throughput.py` wrote into CASE, says how long the first result took, and answers one line of JSON with another.
Every engine gets the same SBML text, constants, tolerances and output times and gives concentrations of shape
`(member, time, species)`. It knows no reference and judges nothing.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

STEPS = 1_000_000  # more than any run needs
ALONE = 1  # members that ours runs in one lane
DIRECTIONS = 4  # along which ours differentiates each member


class Case:
    """A model with its members, as the harness wrote it.

    Args:
        folder: what is read.
        cache: where an engine may keep what it makes.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder, self.cache = folder, cache
        self.said: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        self.sbml = (folder / "model.xml").read_text(encoding="utf-8")
        self.drawn, self.species = self.said["drawn"], self.said["species"]
        self.values = np.load(folder / "draws.npy") * np.array(self.said["base"])  # what the drawn constants are, per member
        self.times = np.linspace(0.0, self.said["end"], self.said["points"])
        self.start, self.volumes = np.array(self.said["start"]), np.array(self.said["volumes"])

    def constants(self, members: int) -> np.ndarray:
        """Every constant of our own reading of the model, shape `(member, constant)`."""
        constants = np.tile(np.array(self.said["constants"]), (members, 1))
        constants[:, self.said["place"]] = self.values[:members]
        return constants

    def concentrations(self, amounts: np.ndarray) -> np.ndarray:
        """The species among the states of our own reading, as concentrations."""
        chosen: np.ndarray = amounts[..., self.said["columns"]] / self.volumes
        return chosen


class Engine(Protocol):
    """What an engine can do."""

    def run(self, members: int, relative: float, absolute: float) -> np.ndarray:
        """The first members, one after the other or at once."""


class Tamarisk:
    """The compiled lanes; a single member in a single lane."""

    needs = ("tamarisk.model.sbml_front", "tamarisk.simulation.lanes")

    def __init__(self, case: Case) -> None:
        from tamarisk.model.sbml_front import read_system
        from tamarisk.simulation.lanes import Control, Lanes, Plan

        self.case, self.plan, self.control, self.lanes = case, Plan, Control, Lanes
        self.system, self.made = read_system(case.sbml), {}

    def run(self, members: int, relative: float, absolute: float, threads: int = 1) -> np.ndarray:
        """The first members."""
        wide = members > ALONE
        if wide not in self.made:
            self.made[wide] = self.lanes(self.system, None if wide else 1)
        case, ends = self.case, np.full(members, self.case.times[-1])
        start, times = np.tile(case.start, (members, 1)), [case.times] * members
        plan = self.plan(case.constants(members), start, np.zeros(members), ends, times)
        batch = self.made[wide].run(plan, self.control(relative=relative, absolute=absolute, threads=threads))
        return case.concentrations(batch.seen.reshape(members, len(case.times), -1))

    def gradients(self, relative: float, absolute: float) -> np.ndarray:
        """Of every species by every drawn constant, of the model as it is, shape `(constant, time, species)`."""
        case, place = self.case, self.case.said["place"]
        rows = -(-len(place) // DIRECTIONS)
        if "gradients" not in self.made:
            self.made["gradients"] = self.lanes(self.system, directions=DIRECTIONS)
        constants, start = (np.zeros((rows * DIRECTIONS, len(one))) for one in (case.said["constants"], case.start))
        constants[np.arange(len(place)), place] = case.said["base"]  # along the logarithm of each
        given = [
            np.concatenate([np.broadcast_to(own, (rows, 1, len(own))), slopes.reshape(rows, DIRECTIONS, -1)], axis=1)
            for own, slopes in ((case.said["constants"], constants), (case.start, start))
        ]
        ends, times = np.full(rows, case.times[-1]), [case.times] * rows
        plan = self.plan(*(one.reshape(rows, -1) for one in given), np.zeros(rows), ends, times)
        seen = self.made["gradients"].run(plan, self.control(relative=relative, absolute=absolute)).seen
        slopes = seen.reshape(rows, len(case.times), 1 + DIRECTIONS, -1)[:, :, 1:].swapaxes(1, 2)
        slopes = case.concentrations(slopes.reshape(rows * DIRECTIONS, len(case.times), -1))[: len(place)]
        return slopes / np.array(case.said["base"])[:, None, None]


class Roadrunner:
    """libroadrunner (CVODE), one member after the other, from a state that was set back."""

    needs = ("roadrunner",)

    def __init__(self, case: Case) -> None:
        import roadrunner

        self.case, self.runner = case, roadrunner.RoadRunner(case.sbml)
        self.runner.integrator.maximum_num_steps = STEPS
        self.runner.timeCourseSelections = [f"[{name}]" for name in case.species]

    def run(self, members: int, relative: float, absolute: float) -> np.ndarray:
        """The first members."""
        runner, seen = self.runner, []
        runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = relative, absolute
        for values in self.case.values[:members]:
            runner.resetAll()
            for name, value in zip(self.case.drawn, values, strict=True):
                runner[name] = value
            seen.append(np.array(runner.simulate(0.0, self.case.times[-1], len(self.case.times))))
        return np.array(seen)


class Basico:
    """COPASI (LSODA) through its Python front; constants are set by reference, results come as a table."""

    needs = ("basico",)

    def __init__(self, case: Case) -> None:
        import basico

        self.case, self.basico = case, basico
        self.model = basico.load_model_from_string(case.sbml)
        known = {one.getSBMLId(): one for one in self.model.getModel().getModelValues()}
        self.places = [known[name] for name in case.drawn]
        named = {one.getSBMLId(): one.getObjectDisplayName() for one in self.model.getModel().getMetabolites()}
        self.columns = [named[name] for name in case.species]

    def run(self, members: int, relative: float, absolute: float) -> np.ndarray:
        """The first members."""
        seen = []
        for values in self.case.values[:members]:
            for place, value in zip(self.places, values, strict=True):
                place.setInitialValue(value)
            self.model.getModel().applyInitialValues()
            table = self.basico.run_time_course(
                *(0.0, self.case.times[-1], len(self.case.times) - 1),
                **{"model": self.model, "r_tol": relative, "a_tol": absolute, "max_steps": STEPS, "method": "lsoda"},
                **{"use_initial_values": True, "use_sbml_id": True, "automatic": False},
            )
            seen.append(table[self.case.species].to_numpy())
        return np.array(seen)


class Amici:
    """AMICI (CVODES, KLU) through Python; the compiled model is kept in the cache."""

    needs = ("amici", "amici.sim.sundials", "amici.importers.sbml")

    def __init__(self, case: Case) -> None:
        self.case, self.made = case, {}

    def run(self, members: int, relative: float, absolute: float) -> np.ndarray:
        """The first members."""
        model, solver, run = self._made(relative, absolute, gradients=False)
        ids, names = list(model.get_free_parameter_ids()), list(model.get_state_ids())
        places, columns = [ids.index(name) for name in self.case.drawn], [names.index(name) for name in self.case.species]
        seen, free = [], np.array(model.get_free_parameters())
        for values in self.case.values[:members]:
            free[places] = values
            model.set_free_parameters(free)
            seen.append(run(model, solver).x[:, columns])
        return np.array(seen)

    def gradients(self, relative: float, absolute: float) -> np.ndarray:
        """Of every species by every drawn constant, of the model as it is, shape `(constant, time, species)`."""
        model, solver, run = self._made(relative, absolute, gradients=True)
        ids, names = list(model.get_free_parameter_ids()), list(model.get_state_ids())
        found = run(model, solver).sx[:, [ids.index(name) for name in self.case.drawn], :]
        slopes: np.ndarray = found[:, :, [names.index(name) for name in self.case.species]].transpose(1, 0, 2)
        return slopes

    def _made(self, relative: float, absolute: float, *, gradients: bool) -> tuple[Any, Any, Any]:
        """The model, a solver and what runs them."""
        import amici
        import amici.sim.sundials as front
        from amici.importers.sbml import SbmlImporter

        name = f"{self.case.said['name'].lower()}_{'slopes' if gradients else 'plain'}"
        if name not in self.made:
            folder = self.case.cache / name
            if not folder.exists():
                source = SbmlImporter(self.case.sbml, from_file=False)
                source.sbml2amici(name, folder, generate_sensitivity_code=gradients, compute_conservation_laws=False)
            self.made[name] = amici.import_model_module(name, folder).get_model()
        model = self.made[name]
        solver = model.create_solver()
        model.set_timepoints(self.case.times)
        solver.set_relative_tolerance(relative)
        solver.set_absolute_tolerance(absolute)
        solver.set_max_steps(STEPS)
        if gradients:
            solver.set_sensitivity_order(front.SensitivityOrder.first)
            solver.set_sensitivity_method(front.SensitivityMethod.forward)
        return model, solver, front.run_simulation


class Pydiffsol:
    """pydiffsol (BDF, sparse LU of faer), from the model written out in DiffSL."""

    needs = ("pydiffsol",)

    def __init__(self, case: Case) -> None:
        import pydiffsol

        code = (case.folder / "model.ds").read_text(encoding="utf-8")
        self.case = case
        self.solver = pydiffsol.Ode(code, matrix_type=pydiffsol.faer_sparse, ode_solver=pydiffsol.bdf, linear_solver=pydiffsol.lu)

    def run(self, members: int, relative: float, absolute: float) -> np.ndarray:
        """The first members."""
        self.solver.rtol, self.solver.atol = relative, absolute
        seen = [self.solver.solve_dense(values, self.case.times).ys.T for values in self.case.constants(members)]
        return self.case.concentrations(np.array(seen))


class Numba:
    """What the engines with rates and dense slopes compiled by numba share."""

    def __init__(self, case: Case) -> None:
        sys.path.insert(0, str(case.folder))
        written = import_module("rates")
        self.case, self.room, self.rates, self.slopes = case, np.zeros(written.ROOM), written.rates, written.slopes


class Sundae(Numba):
    """scikit-sundae (CVODE) with callbacks compiled by numba."""

    needs = ("sksundae", "numba")

    def run(self, members: int, relative: float, absolute: float) -> np.ndarray:
        """The first members."""
        import sksundae

        room, seen = self.room, []

        def rates(t: float, y: Any, out: Any, given: Any) -> None:  # noqa: ARG001 - called with the time
            self.rates(y, given[0], room, out)

        def slopes(t: float, y: Any, before: Any, out: Any, given: Any) -> None:  # noqa: ARG001 - called with time and rates
            out[:] = 0.0
            self.slopes(y, given[0], room, out)

        for values in self.case.constants(members):
            how = {"rtol": relative, "atol": absolute, "max_num_steps": STEPS, "jacfn": slopes, "userdata": (values,)}
            seen.append(sksundae.cvode.CVODE(rates, **how).solve(self.case.times, self.case.start).y)
        return self.case.concentrations(np.array(seen))


class Scipy(Numba):
    """A solver of scipy with callbacks compiled by numba."""

    needs, method = ("scipy.integrate", "numba"), ""

    def run(self, members: int, relative: float, absolute: float) -> np.ndarray:
        """The first members."""
        from scipy.integrate import solve_ivp

        room, seen, size = self.room, [], len(self.case.start)
        for values in self.case.constants(members):

            def rates(t: float, y: Any, p: np.ndarray = values) -> np.ndarray:  # noqa: ARG001 - called with the time
                out = np.empty(size)
                self.rates(y, p, room, out)
                return out

            def slopes(t: float, y: Any, p: np.ndarray = values) -> np.ndarray:  # noqa: ARG001 - called with the time
                out = np.zeros((size, size))
                self.slopes(y, p, room, out)
                return out

            how = {"method": self.method, "t_eval": self.case.times, "jac": slopes, "rtol": relative, "atol": absolute}
            seen.append(solve_ivp(rates, (0.0, self.case.times[-1]), self.case.start, **how).y.T)
        return self.case.concentrations(np.array(seen))


class Lsoda(Scipy):
    """scipy's LSODA."""

    method = "LSODA"


class Bdf(Scipy):
    """scipy's BDF."""

    method = "BDF"


ENGINES: dict[str, tuple[Any, str]] = {
    "tamarisk": (Tamarisk, "tamarisk"),
    "libroadrunner": (Roadrunner, "libroadrunner"),
    "basico": (Basico, "copasi-basico"),
    "amici": (Amici, "amici"),
    "pydiffsol": (Pydiffsol, "pydiffsol"),
    "scikit-sundae": (Sundae, "scikit-sundae"),
    "scipy LSODA": (Lsoda, "scipy"),
    "scipy BDF": (Bdf, "scipy"),
}


def main(name: str, case: str, cache: str) -> None:
    """Import, make ready, then answer until the input ends; what libraries print goes to the log."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    kind, package = ENGINES[name]
    for module in kind.needs:
        import_module(module)
    given, begin = Case(Path(case), Path(cache)), time.perf_counter()
    engine = kind(given)
    engine.run(1, 1e-6, given.said["absolute"] * 1e-6)
    print(json.dumps({"first": time.perf_counter() - begin, "version": version(package)}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = answered(engine, json.loads(line))
        except Exception as fault:  # noqa: BLE001 - whatever a peer raises is its answer
            answer = {"fault": f"{type(fault).__name__}: {str(fault)[:200]}"}
        print(json.dumps(answer), file=answers, flush=True)


def answered(engine: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """One question, answered: seconds of processor time and of the clock; arrays go to the file that was named."""
    keep, do = asked.pop("keep", ""), asked.pop("do")
    repeats, spans, clocks = asked.pop("repeats", 1), [], []
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        result = getattr(engine, do)(**asked)
        spans.append(time.process_time() - processor)
        clocks.append(time.perf_counter() - clock)
    if keep:
        np.save(keep, result)
    if not np.isfinite(result).all():
        return {"fault": "gave numbers that are not finite"}
    return {"processor": statistics.median(spans), "clock": statistics.median(clocks)}


if __name__ == "__main__":
    main(*sys.argv[1:])
