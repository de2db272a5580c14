"""Which events each code object has: those of included code while the window is open, those that a trace watches.

The window opens with a trace, or with the recording where functions are entries, and is closed by a round of the
collector that finds it idle. Code that turns out to be hot is evicted: it has fewer events, or none, until the next
round. Code of which a frame is watched keeps the events of the frame's end in any case.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..context import PathRecord
    from .monitoring_tool import MonitoringTool


class CodeEvents:
    """The local events of code objects, under one tool id. Its methods may be called from any thread."""

    def __init__(self, tool: MonitoringTool) -> None:
        self._tool = tool
        self._codes: list[CodeType] = []
        self.registered: set[int] = set()
        """Ids of the code objects of included modules; always this same set."""
        self._watched: dict[int, tuple[CodeType, int]] = {}
        """Outside code that traces watch, and for how many arguments, by id: equal code objects are not the same."""
        self._evicted: dict[int, CodeType] = {}
        self._held: dict[int, int] = {}
        """Frames that are watched, by id of their code."""
        self.active = 0
        """Traces that run."""
        self._armed = False
        """Whether the window is open."""
        self._lock = threading.RLock()  # a signal handler may run included code while it is held

    def register(self, codes: list[CodeType]) -> None:
        """Add code objects of included modules."""
        with self._lock:
            self._codes.extend(codes)
            self.registered.update(map(id, codes))
            if self._armed:
                self._set(codes)

    # --- the window ---

    def open(self) -> None:
        """Open the window."""
        with self._lock:
            self._arm()

    def begin(self, path: PathRecord) -> None:
        """A trace starts here."""
        with self._lock:
            self.active += 1
            if not self._armed:
                self._arm()
            elif self._evicted and not path.calls:
                self._restore()  # what is nothing new for others may be new for this one

    def end(self, path: PathRecord) -> None:
        """The trace is over, or pauses."""
        with self._lock:
            if self.active:  # one that was open when the process forked is not counted here
                self.active -= 1

    def next_round(self, *, stays_open: bool) -> None:
        """Close the window when no trace runs, unless it `stays_open`; give back what was taken away as hot."""
        with self._lock:
            if self.active or stays_open:
                if self._armed:
                    self._restore()
                else:
                    self._arm()
            elif self._armed:
                self._set(self._codes, 0)
                self._armed = False
                self._evicted.clear()

    def forked(self, *, opens: bool) -> None:
        """No trace runs in this process, which was forked, and nobody holds the lock; the window opens if it is to."""
        self._lock = threading.RLock()
        self.active = 0
        self._held.clear()
        if self._armed:
            self._restore()
        elif opens:
            self._arm()

    # --- single code objects ---

    def watch(self, codes: Iterable[CodeType]) -> None:
        """Give outside code the events of calls. Included code has its events already."""
        with self._lock:
            for code in codes:
                if id(code) not in self.registered:
                    _code, times = self._watched.get(id(code), (code, 0))
                    self._watched[id(code)] = code, times + 1
                    if not times:
                        sys.monitoring.set_local_events(
                            self._tool.number, code, self._tool.calls | self._tool.rests_of(code)
                        )

    def unwatch(self, codes: Iterable[CodeType]) -> None:
        """The trace that watched is over."""
        with self._lock:
            for code in codes:
                _code, times = self._watched.pop(id(code), (code, 0))
                if times > 1:
                    self._watched[id(code)] = code, times - 1
                elif times:
                    sys.monitoring.set_local_events(self._tool.number, code, 0)

    def hold(self, code: CodeType) -> None:
        """A frame of this code is watched: whatever happens, its end is reported."""
        with self._lock:
            self._held[id(code)] = self._held.get(id(code), 0) + 1
            if not self._armed or id(code) in self._evicted:  # since the frame started
                self._apply(code, sys.monitoring.get_local_events(self._tool.number, code))

    def release(self, code: CodeType, *, again: bool) -> None:
        """The frame ended; `again`: the next one of this code is to be seen, hot or not."""
        with self._lock:
            left = self._held.get(id(code), 0) - 1
            if left > 0:
                self._held[id(code)] = left
                return
            self._held.pop(id(code), None)
            if not self._armed:
                self._apply(code, 0)
            elif id(code) in self._evicted:
                self._apply(code, self._tool.calls | self._tool.rests_of(code) if again else 0)

    def evict(self, code: CodeType, *, branches_alone: bool = False) -> None:
        """Take events away from code that is hot until the next round: all, or those of its branches."""
        with self._lock:
            self._evicted[id(code)] = code
            self._apply(code, self._tool.calls | self._tool.rests_of(code) if branches_alone else 0)

    def stop(self) -> None:
        """Take all events away, and give the tool id back."""
        with self._lock:
            self._held.clear()
            self._set([*self._codes, *(code for code, _times in self._watched.values())], 0)
            self._codes = []
            self._watched.clear()
            self._armed = False
            self.registered.clear()
            self._tool.free()

    def _arm(self) -> None:
        self._armed = True
        self._set(self._codes)

    def _restore(self) -> None:
        evicted, self._evicted = self._evicted, {}
        self._set(list(evicted.values()))

    def _set(self, codes: Iterable[CodeType], events: int | None = None) -> None:
        tool = self._tool
        for code in codes:
            self._apply(code, tool.calls | tool.branches | tool.rests_of(code) if events is None else events)

    def _apply(self, code: CodeType, events: int) -> None:
        """Set the events of included code; those of the end of watched frames stay in any case."""
        if id(code) in self._held:
            events |= self._tool.returns | self._tool.rests_of(code)
        sys.monitoring.set_local_events(self._tool.number, code, events)
