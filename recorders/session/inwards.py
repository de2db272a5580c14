"""Entries that move inwards: where no replay can build what a call was given, the included calls that it makes are
entries of their own, down to what can be built, bounded in depth and number.

The outer trace is kept, for its path, its counts, and because a replay may come to an end without what was not
captured. So it is whole: what an inner trace saw, the outer one is given as soon as the inner call has ended. Nothing
of the outer call runs meanwhile, so the order stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from ..boundaries.live_world import LiveWorld
from ..context import Opening, PathRecord, Scope
from ..tracing.path_limits import RETURN_LIMIT, keep_return

if TYPE_CHECKING:
    from .live_trace import LiveTrace

DEPTH: Final = 8
"""Traces that no replay can call, inside each other; what lies deeper is part of the innermost."""

CALLS: Final = 50
"""Calls inside of one such trace that may become entries: a loop over a million items may not become a million."""

NO_RESULT: Final = object()
"""Of a call that failed, or whose end nobody saw."""

SERVING: Final = Opening("", 0, 1 << 62)
"""Of a call that serves and never ends: what it calls are entries as if nobody had called it."""


def opening_of(trace: LiveTrace, around: Opening | None, *, is_joined: bool) -> Opening | None:
    """What lets calls inside a trace be entries; `None` where it lies too deep. `around` is the one that it lies
    inside of itself; `is_joined`: what they see is to belong to it as well."""
    depth = 1 if around is None else around.depth + 1
    return Opening(trace.label[0], depth, CALLS, trace.scope if is_joined else None) if depth <= DEPTH else None


def begin_inside(trace: LiveTrace, around: Opening, caller: CodeType | None) -> None:
    """A trace begins inside of one that is open: what it comes to, that one comes to as well. `caller` is the included
    code that called, where it is known."""
    if around.entry:
        trace.scope.inside = around, caller
    outer, own = around.outer, trace.scope
    if outer is None or outer.path is None:
        return
    own.path.ran = _both(outer.path, own.path.ran)
    own.called = outer.called
    if isinstance(outer.world, LiveWorld):
        own.world.begin_inside(outer.world)


def is_part(trace: LiveTrace) -> bool:
    """Whether another trace waits for what it saw."""
    return trace.scope.inside is not None and trace.scope.inside[0].outer is not None


def end_inside(trace: LiveTrace, code: CodeType, result: Any = NO_RESULT) -> None:
    """Its call ended, with this result, or one that nothing is known of; give the outer trace, where there is one, what
    it saw."""
    own = trace.scope
    outer = own.inside[0].outer if own.inside is not None else None
    if outer is None or outer.path is None or not isinstance(outer.world, LiveWorld):
        return
    _join_paths(outer.path, own.path)
    keep_return(outer.path, code, result)
    outer.world.take(own.world, _lanes(outer))


def _both(outer: PathRecord, own: Callable[[CodeType], None] | None) -> Callable[[CodeType], None]:
    def ran(code: CodeType) -> None:
        if id(code) not in outer.codes:
            outer.codes[id(code)] = code
            if outer.ran is not None:
                outer.ran(code)
        if own is not None:
            own(code)

    return ran


def _join_paths(outer: PathRecord, own: PathRecord) -> None:
    for arm, code in own.arms.items():
        outer.arms.setdefault(arm, code)
    for key, code in own.codes.items():
        outer.codes.setdefault(key, code)
    outer.returns.extend(own.returns[: max(RETURN_LIMIT - len(outer.returns), 0)])
    outer.hits += own.hits
    outer.calls += own.calls
    outer.evicted = outer.evicted or own.evicted


def _lanes(outer: Scope) -> Callable[[int], int]:
    """From the lanes of an inner trace to those of the outer one: its first is where the outer one is."""
    known = {0: outer.task_lane()}

    def lane(inner: int) -> int:
        if inner not in known:
            known[inner] = outer.new_lane()
        return known[inner]

    return lane
