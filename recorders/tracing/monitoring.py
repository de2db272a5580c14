"""Tracing on Python 3.12 and newer: `sys.monitoring` (PEP 669) with local events.

The events of the included code objects are armed while the window is open, not switched by a flag that every callback
checks. Where functions are entries the window opens with the recording; else it opens with a trace, stays open
between traces that follow each other, and is closed by the collector when it finds it idle, so neither a sampled nor
an unsampled request pays for opening and closing it. Code that turns out to be hot loses its events until the
collector's next round: nothing is seen there that would be new.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from .code_events import CodeEvents
from .monitoring_callbacks import Callbacks
from .monitoring_tool import MonitoringTool
from .stack_room import make_room

if TYPE_CHECKING:
    from ..context import Watch
    from ..patching import Undo
    from .protocol import Entered


class MonitoringTracer:
    """Traces through `sys.monitoring`, with a tool id of its own.

    What is called for each trace or each entry is that of its parts itself, so that it costs one call.
    """

    name = "sys.monitoring"
    head = compiler = None

    def __init__(self, on_fault: Callable[[BaseException], None], *, tool: int) -> None:
        self._tool = MonitoringTool(tool)
        self._codes = codes = CodeEvents(self._tool)
        self._callbacks = Callbacks(codes, on_fault)
        self._undo_room: Undo = lambda: None
        self.looks: Callable[[], bool] = lambda: True
        """Whether entries are looked for in the next round; asked once a round."""
        self.register = codes.register
        self.begin, self.end = codes.begin, codes.end
        self.hold, self.release = codes.hold, codes.release
        self.watch, self.unwatch = codes.watch, codes.unwatch
        self._tool.listen(self._callbacks.by_event(self._tool.branch_events))

    def find_entries(self, entered: Entered) -> None:
        """Report frames of included code that may be entries."""
        self._callbacks.entered = entered
        self._undo_room = make_room(1)
        self._tool.listen_everywhere()
        self._codes.open()

    def rest(self) -> None:
        """A round of the collector: close the window when no trace runs, give back what was taken away as hot."""
        self._callbacks.next_round()
        self._codes.next_round(stays_open=self._callbacks.entered is not None and self.looks())

    def rest_frame(self, watch: Watch, *, replacing: bool = True) -> bool:
        """The frame of a generator or coroutine goes on later: its watch is notified (`resumed`)."""
        resting = self._callbacks.resting
        if replacing:
            resting[id(watch.frame)] = watch
            return True
        return resting.setdefault(id(watch.frame), watch) is watch

    def waiting(self, frame: FrameType) -> Watch | None:
        """What waits for the frame of a generator or coroutine to go on."""
        return self._callbacks.resting.get(id(frame))

    def start_later(self, watch: Watch) -> bool:
        """The frame of a coroutine that was made begins later: its watch is notified (`resumed`)."""
        self._callbacks.starting[id(watch.frame)] = watch
        return True

    def forget(self, watch: Watch) -> None:
        """Its trace is over."""
        if self._callbacks.resting.get(id(watch.frame)) is watch:
            del self._callbacks.resting[id(watch.frame)]

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Events are not per thread: a new thread needs nothing."""
        return function

    def forked(self) -> None:
        """No trace runs here; the window opens, where functions are entries."""
        self._callbacks.resting.clear()
        self._callbacks.next_round()
        self._codes.forked(opens=self._callbacks.entered is not None)

    def stop(self) -> None:
        """Give everything back."""
        self._callbacks.entered = None
        self._undo_room()
        self._codes.stop()
        self._callbacks.resting.clear()
        self._callbacks.starting.clear()
