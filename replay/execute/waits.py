"""Waits that end because their time is over: they move the clock of the thread that waited, as a sleep does.

The clock of a replay stands still but for sleeping. Code that waits in rounds until a deadline (PEP 3156's event loops,
`multiprocessing.connection.wait`, `concurrent.futures.wait`) would never come to its end if waiting took no time.
"""

from __future__ import annotations

import selectors
import threading
from typing import Any

from ...recorders.boundaries.import_hooks import ImportHooks
from ...recorders.context import current_world
from ...recorders.patching import Undo, Undos, wrap
from ..world import event_loop, other_threads
from ..world.recorded_world import RecordedWorld

_SELECTORS = ("SelectSelector", "_PollLikeSelector", "EpollSelector", "KqueueSelector")
"""Classes of `selectors` that have a `select` of their own, where the system has them."""

MOMENT = 1e-5
"""Seconds that a wait of no time takes: who looks in rounds whether the time is over wants to see it go by."""


def install(hooks: ImportHooks) -> Undo:
    """Put it in place, in event loops as they are imported; returns its undo."""
    undos = Undos()
    undos.add(wrap(threading.Condition, "wait", _wait_for_notice))
    undos.add(other_threads.install())
    hooks.when_imported("asyncio.selector_events", event_loop.install)
    for name in _SELECTORS:
        owner = getattr(selectors, name, None)
        if owner is not None:
            undos.add(wrap(owner, "select", _wait))
    return undos.run


def _wait_for_notice(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    return _wait(lambda *args, **kwargs: other_threads.wait_noted(wrapped, instance, args, kwargs), None, args, kwargs)


def _wait(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """`wait(timeout)` answers `False`, `select(timeout)` an empty list, when nothing came in that time."""
    found = wrapped(*args, **kwargs)
    timeout = args[0] if args else kwargs.get("timeout")
    world = current_world()
    if not found and timeout is not None and isinstance(world, RecordedWorld):
        world.clock.waited(max(timeout, MOMENT))
    return found
