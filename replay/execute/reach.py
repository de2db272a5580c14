"""Reach: which changed lines of the code under test the replays ran.

Changed lines that no replay reaches are blind spots. On Python 3.12 and newer a line event is switched off once it
fired, so watching costs next to nothing; on 3.11 a trace function watches the changed functions alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from ...recorders import context
from ..world.recorded_world import RecordedWorld


class LineWatch:
    """Notes which lines run during replays."""

    def __init__(self, lines: Mapping[str, frozenset[int]] | None) -> None:
        """`lines` maps files to the lines of interest in them; `None` stands for all, reported anew for each replay."""
        self._lines = {file: numbers for file, numbers in lines.items() if numbers} if lines is not None else None
        self._reached: dict[str, set[int]] = {}
        self.unavailable = ""
        """Why nothing could be watched, where that is so."""
        self._watched: set[CodeType] = set()
        self._tool = 0
        self._old_style = sys.version_info < (3, 12)

    def watch(self, codes: list[CodeType]) -> None:
        """Watch the code objects that hold such lines."""
        wanted = [code for code in codes if self._holds(code)]
        self._watched.update(wanted)
        if not wanted or self._old_style:
            return
        monitoring = sys.monitoring
        if not self._tool:
            free = [tool for tool in (3, 4, 5, 2) if monitoring.get_tool(tool) is None]
            if not free:
                self.unavailable = "every tool id of sys.monitoring is taken"
                return
            self._tool = free[0]
            monitoring.use_tool_id(self._tool, "pytest-runtime reach")
            monitoring.register_callback(self._tool, monitoring.events.LINE, self._on_line)
        for code in wanted:
            monitoring.set_local_events(self._tool, code, monitoring.events.LINE)

    def _holds(self, code: CodeType) -> bool:
        if self._lines is None:
            return True
        lines = self._lines.get(code.co_filename)
        return lines is not None and any(line in lines for _start, _end, line in code.co_lines() if line is not None)

    def _on_line(self, code: CodeType, line: int) -> Any:
        scope = context.current()
        if scope is None or not isinstance(scope.world, RecordedWorld):
            return None
        self._reached.setdefault(code.co_filename, set()).add(line)
        return sys.monitoring.DISABLE

    @contextmanager
    def replaying(self) -> Iterator[dict[str, set[int]]]:
        """Around a replay; gives file → lines that it ran (of lines of interest: those that none before it ran)."""
        self._reached = {}
        if not self._old_style:
            if self._tool and self._lines is None:
                sys.monitoring.restart_events()
            yield self._reached
        elif self._lines == {}:
            yield self._reached
        elif sys.gettrace() is not None:
            self.unavailable = "a debugger or a coverage tool holds the trace function"
            yield self._reached
        else:
            sys.settrace(self._on_call)
            try:
                yield self._reached
            finally:
                sys.settrace(None)

    def _on_call(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event != "call" or not self._old_interest(frame.f_code):
            return None
        file = frame.f_code.co_filename

        def on_line(frame: FrameType, event: str, arg: Any) -> Any:
            if event == "line":
                self._reached.setdefault(file, set()).add(frame.f_lineno)
            return on_line

        return on_line

    def _old_interest(self, code: CodeType) -> bool:
        return code in self._watched if self._lines is None else self._holds(code)

    def stop(self) -> None:
        """Give the tool id back."""
        if self._tool:
            sys.monitoring.register_callback(self._tool, sys.monitoring.events.LINE, None)
            sys.monitoring.free_tool_id(self._tool)
            self._tool = 0


def executable_lines(codes: list[CodeType]) -> dict[str, set[int]]:
    """Lines that hold code, by file."""
    found: dict[str, set[int]] = {}
    for code in codes:
        lines = found.setdefault(code.co_filename, set())
        lines.update(line for _start, _end, line in code.co_lines() if line is not None and line != code.co_firstlineno)
    return found
