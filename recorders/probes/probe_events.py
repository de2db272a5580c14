"""Probes by interpreter events (Python 3.12 and newer): `sys.monitoring` (PEP 669), local to the code objects in which
probes stand, under a tool id of their own that is held only while there are any.

A line without a probe answers its first event with `DISABLE`, and costs nothing from then on; so does one whose probes
are off. They are enabled again by taking the events of the code object away and giving them back. Frames that run
already are seen. `PY_UNWIND`, which CPython reports of all code or of none, is listened to while a duration is
measured, and is never answered with `DISABLE`, which would arrive in the service.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from types import CodeType, FrameType
from typing import Any, Final

from ..faults import own
from ..patching import Undo, nothing
from ..tracing.stack_room import make_room
from .armed import Armed
from .place_table import PlaceTable
from .places import Target

ROOM: Final = 24
"""Frames that an execution of a place needs, conditions as deep as they may be excepted: these end as a fault."""

OPEN_CALLS: Final = 10_000
"""Calls under way whose durations are measured."""

_TOOLS: Final = (3, 5, 4, 2)
_getframe, _perf = sys._getframe, time.perf_counter


class ProbeEvents:
    """The events of code objects in which probes stand. Its methods are called by one thread, its callbacks by all."""

    def __init__(self, on_fault: Callable[[BaseException], None]) -> None:
        self._on_fault = on_fault
        self._tool = -1
        self._codes: dict[int, CodeType] = {}
        self._table = table = PlaceTable()
        self._lines, self._starts, self._durations = table.lines, table.starts, table.durations
        self._open: dict[int, tuple[FrameType, float]] = {}
        """Calls whose durations are measured, by id of their frames."""
        self._undo_room: Undo = nothing

    # --- placing ---

    def arm(self, armed: Armed, targets: Sequence[Target]) -> str:
        """Have executions of the targets seen; why that cannot be, or nothing."""
        if self._tool < 0 and not self._take_tool():
            return "every tool id of sys.monitoring is taken: a debugger, coverage and profilers hold them"
        for target in targets:
            self._codes[id(target.code)] = target.code
            self._table.add(armed, target)
        self._set_events([target.code for target in targets])
        return ""

    def disarm(self, armed: Armed) -> None:
        """Leave nothing of a probe."""
        self._set_events([code for key, code in list(self._codes.items()) if self._table.remove(key, armed)])
        if not self._codes:
            self._free()

    def resume(self, armed: Armed) -> None:
        """Enable the places of a probe again, which were disabled while it was off."""
        self._set_events([code for key, code in self._codes.items() if self._table.holds(key, armed)])

    def note(self, armed: Armed) -> str:
        """Frames that run already are seen, too."""
        return ""

    def forked(self) -> None:
        """This process was forked: the calls under way are those of its one thread."""
        self._open.clear()

    def stop(self) -> None:
        """Leave nothing at all."""
        self._table.clear()
        self._set_events(list(self._codes.values()))
        self._free()

    # --- events ---

    def _take_tool(self) -> bool:
        monitoring = sys.monitoring
        for tool in _TOOLS:
            if monitoring.get_tool(tool) is None:
                try:
                    monitoring.use_tool_id(tool, "pytest-runtime probes")
                except ValueError:
                    continue  # another thread was quicker
                self._tool = tool
                events = monitoring.events
                for event, callback in self._callbacks(events).items():
                    monitoring.register_callback(tool, event, callback)
                self._undo_room = make_room(ROOM)
                return True
        return False

    def _callbacks(self, events: Any) -> dict[int, Callable[..., Any]]:
        return {
            events.LINE: self._on_line,
            events.PY_START: self._on_start,
            events.PY_RETURN: self._on_return,
            events.PY_UNWIND: self._on_unwind,
        }

    def _set_events(self, codes: Sequence[CodeType]) -> None:
        """Give code objects the events that their probes need, disabled ones enabled again."""
        monitoring, tool = sys.monitoring, self._tool
        if tool < 0:
            return
        events = monitoring.events
        for code in codes:
            key, wanted = id(code), 0
            if key in self._lines:
                wanted |= events.LINE
            if key in self._starts or key in self._durations:
                wanted |= events.PY_START
            if key in self._durations:
                wanted |= events.PY_RETURN
            monitoring.set_local_events(tool, code, 0)
            if wanted:
                monitoring.set_local_events(tool, code, wanted)
            else:
                self._codes.pop(key, None)
        monitoring.set_events(tool, events.PY_UNWIND if self._durations else 0)

    def _free(self) -> None:
        """Give the tool id back; on 3.12 and 3.13 the next holder would inherit events and callbacks."""
        tool, self._tool = self._tool, -1
        if tool < 0:
            return
        sys.monitoring.set_events(tool, 0)
        for event in self._callbacks(sys.monitoring.events):
            sys.monitoring.register_callback(tool, event, None)
        sys.monitoring.free_tool_id(tool)
        self._open.clear()
        self._undo_room()
        self._undo_room = nothing

    # --- in threads of the service ---

    def _on_line(self, code: CodeType, line: int) -> Any:
        try:
            lines = self._lines.get(id(code))
            entries = lines.get(line) if lines is not None else None
            if entries is None:
                return sys.monitoring.DISABLE
            frame, off = _getframe(1), True
            for armed, again in entries:
                if again and frame.f_lasti in again:
                    continue
                if not armed.execute(frame):
                    off = False
            return sys.monitoring.DISABLE if off else None
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service
            return None

    def _on_start(self, code: CodeType, offset: int) -> Any:
        try:
            frame, off = _getframe(1), True
            for armed in self._starts.get(id(code), ()):
                if not armed.execute(frame):
                    off = False
            measured = self._durations.get(id(code), ())
            if any(not armed.off for armed in measured):
                off = False
                if len(self._open) < OPEN_CALLS:
                    self._open[id(frame)] = frame, _perf()
            return sys.monitoring.DISABLE if off else None
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)
            return None

    def _on_return(self, code: CodeType, offset: int, value: Any) -> None:
        try:
            self._ended(code, _getframe(1))
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)

    def _on_unwind(self, code: CodeType, offset: int, error: BaseException) -> None:
        try:
            if id(code) in self._durations:
                self._ended(code, _getframe(1))
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)

    def _ended(self, code: CodeType, frame: FrameType) -> None:
        begun = self._open.pop(id(frame), None)
        if begun is None:
            return  # it ran already when the probe was placed
        seconds = _perf() - begun[1]
        for armed in self._durations.get(id(code), ()):
            armed.took(seconds, frame)
