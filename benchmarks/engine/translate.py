"""A model written out for engines that read no SBML: Python for numba, DiffSL for pydiffsol. It knows formulas, not solvers.

Both are written from the graph of ours, with every formula once and exact derivatives; that they are the model is judged by
libroadrunner, which reads the SBML itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tamarisk.model.system import System
from tamarisk.simulation.graph import Graph, Node

_NUMBA = '@njit(error_model="numpy")'
_PART = 100  # formulas in one function: numba's time to compile grows faster than what it compiles
_SIGNS = {"add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "neg": "(-{})", "inverse": "(1.0 / {})"}
_PYTHON = {
    **{"pow": "({} ** {})", "exp": "math.exp({})", "log": "math.log({})", "select": "({1} if {0} != 0.0 else {2})"},
    **{name: f"(1.0 if {{}} {sign} {{}} else 0.0)" for name, sign in (("lt", "<"), ("leq", "<="), ("eq", "=="), ("neq", "!="))},
}
_DIFFSL = {"pow": "pow({}, {})", "exp": "exp({})", "log": "log({})"}


def as_python(system: System) -> str:
    """Source of `rates(y, p, w, out)`, `slopes(y, p, w, out)` (the matrix out[row, column]) and `ROOM`, the length of w."""
    graph, rates = _graph(system)
    slopes = {
        (row, column): slope
        for row, rate in enumerate(rates)
        for column in range(len(rates))
        if graph.reads[rate] >> column & 1 and graph.value(slope := graph.derivative(rate, column)) != 0
    }
    text = ["import math", "", "from numba import njit", "", f"ROOM = {len(graph.nodes)}", ""]
    text += _function(graph, "rates", {f"out[{row}]": rate for row, rate in enumerate(rates)})
    text += _function(graph, "slopes", {f"out[{row}, {column}]": slope for (row, column), slope in slopes.items()})
    return "\n".join(text)


def as_diffsl(system: System) -> str:
    """The model for pydiffsol; its inputs are the constants in their order."""
    graph, rates = _graph(system)
    script = _Script(graph, rates, {"constant": "k{}", "state": "y{}"}, _SIGNS | _DIFFSL)
    lines = ["in_i {", *(f"  k{place} = {value!r}," for place, value in enumerate(system.constants.values())), "}"]
    lines += ["u_i {", *(f"  y{place} = {system.initial[name]!r}," for place, name in enumerate(system.states)), "}"]
    lines += [f"v{node} {{ {script.formula(node)} }}" for node in script.named]
    return "\n".join([*lines, "F_i {", *(f"  {script.text(rate)}," for rate in rates), "}", ""])


def _graph(system: System) -> tuple[Graph, list[Node]]:
    """The rates of a system as nodes of a graph."""
    graph = Graph()
    names = {name: graph.state(place) for place, name in enumerate(system.states)}
    names |= {name: graph.constant(place) for place, name in enumerate(system.constants)}
    for name, formula in system.assigned.items():
        names[name] = graph.read(formula, names)
    return graph, [graph.read(formula, names) for formula in system.rates.values()]


class _Script:
    """The formulas that some nodes need, those used more than once under a name of their own.

    Args:
        graph: where the nodes stand.
        wanted: nodes that are asked for.
        leaves: how constants and states are written.
        shapes: how operators are written.
    """

    def __init__(self, graph: Graph, wanted: Sequence[Node], leaves: Mapping[str, str], shapes: Mapping[str, str]) -> None:
        self.graph, self.shapes, self.leaves = graph, shapes, {"number": "({!r})", **leaves}
        found: set[Node] = set()
        used = Counter(wanted)
        waiting = list(wanted)
        while waiting:
            if (node := waiting.pop()) not in found:
                found.add(node)
                waiting += graph.arguments(node)
                used.update(graph.arguments(node))
        asked = set(wanted)
        self.named = [one for one in sorted(found) if graph.arguments(one) and (used[one] > 1 or one in asked)]
        self._names = {node: f"v{node}" for node in self.named}

    def formula(self, node: Node, names: Mapping[Node, str] | None = None) -> str:
        """What a node is computed from; named nodes may have other names here."""
        parts = [self.text(one, names) for one in self.graph.arguments(node)]
        return self.shapes[str(self.graph.nodes[node][0])].format(*parts)

    def text(self, node: Node, names: Mapping[Node, str] | None = None) -> str:
        """How a node is read."""
        kind, *rest = self.graph.nodes[node]
        if kind in self.leaves:
            return self.leaves[str(kind)].format(*rest)
        known = self._names if names is None else names
        return known[node] if node in known else self.formula(node, names)

    def reads(self, node: Node) -> set[Node]:
        """The named nodes in a node's formula."""
        found: set[Node] = set()
        for one in self.graph.arguments(node):
            found |= {one} if one in self._names else self.reads(one)
        return found


def _function(graph: Graph, name: str, results: Mapping[str, Node]) -> list[str]:
    """A function of numba in parts; within a part formulas have names, between parts they lie in w."""
    script = _Script(graph, list(results.values()), {"constant": "p[{}]", "state": "y[{}]"}, _SIGNS | _PYTHON)
    parts = [script.named[start : start + _PART] for start in range(0, len(script.named), _PART)]
    home = {node: number for number, part in enumerate(parts) for node in part}
    lasting = {one for node in script.named for one in script.reads(node) if home[one] != home[node]}
    lasting |= {node for node in results.values() if node in home}
    far = {node: f"w[{node}]" for node in script.named}
    text: list[str] = []
    for number, part in enumerate(parts):
        names = far | {node: f"v{node}" for node in part}
        text += ["", _NUMBA, f"def {name}_{number}(y, p, w):"]
        for node in part:
            text.append(f"    v{node} = {script.formula(node, names)}")
            text += [f"    w[{node}] = v{node}"] if node in lasting else []
    text += ["", _NUMBA, f"def {name}(y, p, w, out):", *(f"    {name}_{number}(y, p, w)" for number in range(len(parts)))]
    return [*text, *(f"    {at} = {script.text(node, far)}" for at, node in results.items()), ""]
