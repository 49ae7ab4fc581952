"""Computed quantities of many states, one after the other. It knows where they lie, not what they mean."""

from __future__ import annotations

from tamarisk.simulation.kernel import Sizes

_LOOP = """
define void @watch(i64 %groups, ptr %first, ptr %P, ptr %Y, ptr %seen, ptr %q) nounwind {{
entry:
  %some = icmp sgt i64 %groups, 0
  br i1 %some, label %group, label %done
group:
  %g = phi i64 [ 0, %entry ], [ %g.next, %group.end ]
  %p.start = mul i64 %g, {constants}
  %p = getelementptr double, ptr %P, i64 %p.start
  call void @hoist(ptr %p, ptr %q)
  %first.at = getelementptr i64, ptr %first, i64 %g
  %low = load i64, ptr %first.at
  %g.next = add i64 %g, 1
  %after.at = getelementptr i64, ptr %first, i64 %g.next
  %high = load i64, ptr %after.at
  br label %row
row:
  %r = phi i64 [ %low, %group ], [ %r.next, %body ]
  %more = icmp slt i64 %r, %high
  br i1 %more, label %body, label %group.end
body:
  %y.start = mul i64 %r, {states}
  %y = getelementptr double, ptr %Y, i64 %y.start
  %s.start = mul i64 %r, {observed}
  %s = getelementptr double, ptr %seen, i64 %s.start
  call void @observe(ptr %y, ptr %q, ptr %s)
  %r.next = add i64 %r, 1
  br label %row
group.end:
  %again = icmp slt i64 %g.next, %groups
  br i1 %again, label %group, label %done
done:
  ret void
}}
"""

_LOOP_BACK = """
define void @watch_back(i64 %groups, ptr %first, ptr %P, ptr %Y, ptr %slopes, ptr %by_state, ptr %by_constant,
                        ptr %q, ptr %a) nounwind {{
entry:
  %rest = getelementptr double, ptr %a, i64 {states}
  %some = icmp sgt i64 %groups, 0
  br i1 %some, label %group, label %done
group:
  %g = phi i64 [ 0, %entry ], [ %g.next, %group.end ]
  %p.start = mul i64 %g, {constants}
  %p = getelementptr double, ptr %P, i64 %p.start
  call void @hoist(ptr %p, ptr %q)
  call void @llvm.memset.p0.i64(ptr %rest, i8 0, i64 {pulled_bytes}, i1 false)
  %first.at = getelementptr i64, ptr %first, i64 %g
  %low = load i64, ptr %first.at
  %g.next = add i64 %g, 1
  %after.at = getelementptr i64, ptr %first, i64 %g.next
  %high = load i64, ptr %after.at
  br label %row
row:
  %r = phi i64 [ %low, %group ], [ %r.next, %body ]
  %more = icmp slt i64 %r, %high
  br i1 %more, label %body, label %group.end
body:
  %y.start = mul i64 %r, {states}
  %y = getelementptr double, ptr %Y, i64 %y.start
  %by = getelementptr double, ptr %by_state, i64 %y.start
  %s.start = mul i64 %r, {observed}
  %s = getelementptr double, ptr %slopes, i64 %s.start
  call void @observe_back(ptr %y, ptr %q, ptr %s, ptr %a)
  call void @llvm.memcpy.p0.p0.i64(ptr %by, ptr %a, i64 {state_bytes}, i1 false)
  %r.next = add i64 %r, 1
  br label %row
group.end:
  %d = getelementptr double, ptr %by_constant, i64 %p.start
  call void @hoist_back(ptr %q, ptr %rest, ptr %d)
  %again = icmp slt i64 %g.next, %groups
  br i1 %again, label %group, label %done
done:
  ret void
}}
"""


def watcher(sizes: Sizes) -> str:
    """LLVM text of `watch(groups, first, P, Y, seen, q)`, for one lane.

    Group g has constants `P[g]` and states `Y[first[g]:first[g + 1]]` in pivot order; what is computed from them goes into
    the same rows of `seen`. `q` is room for what stays within a group.

    Args:
        sizes: of the model's vectors.

    >>> "@watch" in watcher(Sizes(3, 4, 5, 9, 2))
    True
    """
    return _LOOP.format(constants=sizes.constants, states=sizes.states, observed=sizes.observed)


def watcher_back(sizes: Sizes) -> str:
    """LLVM text of `watch_back(groups, first, P, Y, slopes, by_state, by_constant, q, a)`, for one lane.

    Of an objective that changes with what is computed from the states `Y[first[g]:first[g + 1]]` by the same rows of `slopes`,
    the same rows of `by_state` become the derivatives by these states, in pivot order, and `by_constant[g]` those by the
    constants of the group. `q` and `a` are room.

    Args:
        sizes: of the model's vectors.

    >>> "@watch_back" in watcher_back(Sizes(3, 4, 5, 9, 2))
    True
    """
    sized = {"constants": sizes.constants, "states": sizes.states, "observed": sizes.observed}
    return _LOOP_BACK.format(**sized, pulled_bytes=8 * sizes.pulled, state_bytes=8 * sizes.states)
