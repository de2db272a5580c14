"""Which probes stand where: by code object, and in it by line, at its start, or as durations of its calls.

What callbacks read is replaced as a whole, and never changed in place.
"""

from __future__ import annotations

from typing import TypeAlias

from .armed import Armed
from .places import Target

Lines: TypeAlias = dict[int, tuple[tuple[Armed, frozenset[int]], ...]]
"""Line → probes, each with the offsets at which a statement only comes back to the line."""


class PlaceTable:
    """Probes by the ids of code objects; whoever holds the table keeps these alive."""

    def __init__(self) -> None:
        self.lines: dict[int, Lines] = {}
        self.starts: dict[int, tuple[Armed, ...]] = {}
        self.durations: dict[int, tuple[Armed, ...]] = {}

    def add(self, armed: Armed, target: Target) -> None:
        """A probe stands there from now on."""
        key = id(target.code)
        if armed.probe.kind == "duration":
            self.durations[key] = (*self.durations.get(key, ()), armed)
        elif target.at_start:
            self.starts[key] = (*self.starts.get(key, ()), armed)
        else:
            lines = dict(self.lines.get(key, {}))
            lines[target.line] = (*lines.get(target.line, ()), (armed, target.again))
            self.lines[key] = lines

    def holds(self, key: int, armed: Armed) -> bool:
        """Whether a probe stands in a code object."""
        lines = self.lines.get(key, {}).values()
        return (
            any(one is armed for entries in lines for one, _again in entries)
            or any(one is armed for one in self.starts.get(key, ()))
            or any(one is armed for one in self.durations.get(key, ()))
        )

    def remove(self, key: int, armed: Armed) -> bool:
        """Take a probe out of a code object; whether it was there."""
        if not self.holds(key, armed):
            return False
        lines = {
            line: left
            for line, entries in self.lines.pop(key, {}).items()
            if (left := tuple(entry for entry in entries if entry[0] is not armed))
        }
        if lines:
            self.lines[key] = lines
        for table in (self.starts, self.durations):
            left_here = tuple(one for one in table.pop(key, ()) if one is not armed)
            if left_here:
                table[key] = left_here
        return True

    def clear(self) -> None:
        """No probe stands anywhere."""
        for table in (self.lines, self.starts, self.durations):
            table.clear()
