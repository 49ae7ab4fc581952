"""Formulas differentiated backwards, and the functions that a reverse pass calls, as LLVM text.

It knows a graph and a sparse matrix, not the steps that are gone back over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tamarisk.simulation.emitter import Emitter
from tamarisk.simulation.graph import MEMBER, Graph, Node
from tamarisk.simulation.slopes import RULES
from tamarisk.simulation.writer import LONGEST, Writer

IsLeaf = Callable[[Node], bool]
Place = tuple[int, int]


def pulled(graph: Graph, weighted: Sequence[tuple[Node, Node]], is_leaf: IsLeaf, *, guarded: bool = False) -> dict[Node, Node]:
    """The derivative of a weighted sum of nodes by each leaf below them, all in one sweep from the nodes down.

    Where a condition chooses, the branch that is not taken gets nothing, even where its slope is no number.

    Args:
        graph: where the nodes stand.
        weighted: nodes with their weights.
        is_leaf: whether a node is one to differentiate by; nothing below it is looked at.
        guarded: weights may be nothing where slopes are no number; what such a node hands on is then nothing too.

    >>> graph = Graph()
    >>> x, k = graph.state(0), graph.constant(0)
    >>> found = pulled(graph, [(graph.mul(k, x), graph.weight(0))], lambda node: node in {x, k})
    >>> found[x] == graph.mul(k, graph.weight(0)), found[k] == graph.mul(x, graph.weight(0))
    (True, True)
    """
    zero = graph.number(0.0)
    totals: dict[Node, Node] = {}
    for node, weight in weighted:
        totals[node] = graph.add(totals.get(node, zero), weight)
    chosen: set[Node] = set()
    found: dict[Node, Node] = {}
    for node in sorted(_below(graph, totals, is_leaf), reverse=True):  # a node is made after those it reads
        total = totals.get(node, zero)
        if total == zero:
            continue
        if is_leaf(node):
            found[node] = total
            continue
        if node in chosen or graph.nodes[node][0] == "select":
            chosen.update(graph.arguments(node))
        for part, share in _shares(graph, node, total, guarded=guarded or node in chosen):
            totals[part] = graph.add(totals.get(part, zero), share)
    return found


def _shares(graph: Graph, node: Node, total: Node, *, guarded: bool) -> Iterator[tuple[Node, Node]]:
    """What each argument of a node gets of what the node got."""
    operator, zero = str(graph.nodes[node][0]), graph.number(0.0)
    parts = graph.arguments(node)
    if operator == "select":
        yield parts[1], graph.select(parts[0], total, zero)
        yield parts[2], graph.select(parts[0], zero, total)
    elif parts:
        for part, slope in zip(parts, RULES[operator](graph, *parts), strict=True):
            share = graph.mul(total, slope)
            if guarded and graph.value(slope) is None:
                share = graph.select(graph.compare("neq", total, zero), share, zero)
            yield part, share


def _below(graph: Graph, nodes: Mapping[Node, Node], is_leaf: IsLeaf) -> set[Node]:
    """All nodes that some nodes are made of, themselves among them, down to the leaves."""
    seen, waiting = set(nodes), list(nodes)
    while waiting:
        node = waiting.pop()
        parts = set() if is_leaf(node) else set(graph.arguments(node)) - seen
        seen |= parts
        waiting += parts
    return seen


def define_back(writer: Writer, rates: Mapping[int, Node], slopes: Mapping[Place, Node], watched: Mapping[int, Node]) -> int:
    """The functions of the reverse pass.

    `rates_back(y, q, m, a)`, `jacobian_back(y, q, m, a)` and `observe_back(y, q, m, a)` differentiate rates, entries of the
    Jacobian, and computed quantities, weighed with `m`: by the states, in pivot order, into the first of `a`; by what stays for
    a member, added to the rest of `a`. `hoist_back(q, m, d)` turns that rest into derivatives by the constants that have any.
    `weigh(m, x, M)` adds the products of the entries of m and x to the weights of the Jacobian's entries; `solve_back(W, b)`
    solves with the transposed factors.

    Args:
        writer: of the model's functions, before what stays for a member is defined.
        rates: the rate at each position.
        slopes: the entries of the Jacobian, by the states of row and column.
        watched: the computed quantity at each position; written for one lane only.

    Returns:
        How many values that stay for a member are differentiated by.
    """
    leaves: dict[Node, int] = {}
    _define_sweep(writer, "rates_back", rates, len(rates), leaves)
    _define_sweep(writer, "jacobian_back", dict(enumerate(slopes.values())), len(rates), leaves)
    if writer.lanes == 1:
        _define_sweep(writer, "observe_back", watched, len(rates), leaves)
    _define_hoist_back(writer, leaves)
    _define_weigh(writer, [(writer.place[row], writer.place[column]) for row, column in slopes])
    writer.define_solve_back()
    return len(leaves)


def _define_sweep(writer: Writer, name: str, nodes: Mapping[int, Node], states: int, leaves: dict[Node, int]) -> None:
    """One function that differentiates nodes backwards; what stays for a member and is met for the first time gets a place."""
    graph = writer.graph

    def stays(node: Node) -> bool:
        return graph.change[node] == MEMBER or graph.nodes[node][0] == "state"

    weighted = [(node, graph.weight(at)) for at, node in nodes.items()]
    results: dict[int, Node] = {}
    for leaf, node in sorted(pulled(graph, weighted, stays, guarded=name == "observe_back").items()):
        kind, *rest = graph.nodes[leaf]
        if kind == "state":
            results[writer.place[int(rest[0])]] = node
        else:
            at = states + leaves.setdefault(leaf, len(leaves))
            results[at] = graph.add(graph.sum(at), node)
    writer.define(name, "a", results, also=set(range(states)) - results.keys(), given=("y", "q", "m"))


def _define_hoist_back(writer: Writer, leaves: Mapping[Node, int]) -> None:
    graph = writer.graph
    weighted = [(leaf, graph.weight(at)) for leaf, at in leaves.items()]
    found = pulled(graph, weighted, lambda node: graph.nodes[node][0] == "constant", guarded=True)
    writer.define("hoist_back", "d", {int(graph.nodes[leaf][1]): node for leaf, node in found.items()}, given=("q", "m"))


def _define_weigh(writer: Writer, places: Sequence[Place]) -> None:
    pieces = [places[start : start + LONGEST] for start in range(0, len(places), LONGEST)]
    for number, piece in enumerate(pieces):
        out = Emitter(writer.lanes)
        for slot, (row, column) in enumerate(piece, number * LONGEST):
            weight, state = (out.load(out.element(*at)) for at in (("%m", row), ("%x", column)))
            out.store(out.fma(weight, state, out.load(out.element("%M", slot))), out.element("%M", slot))
        writer.close(f"weigh_{number}", ("m", "x", "M"), out)
    writer.chain("weigh", ("m", "x", "M"), len(pieces))
