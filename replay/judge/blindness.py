"""Agreed blindness: reviewed statements, in the repository, that something need not be judged for some time."""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from .gate import UnjudgedChange


class Blindness(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One reviewed statement about an entry or a function; the order of the fields is the order in the file."""

    entry: str = ""
    """Pattern of entries: a change that only traces of such entries ran need not be judged."""
    function: str = ""
    """Pattern of functions, `module:qualname`."""
    reason: str
    until: datetime.date | None = None
    """The last day on which it holds."""

    def covers(self, change: UnjudgedChange) -> bool:
        """Whether a change that nobody judged is one that it is about."""
        if self.function:
            return change.kind in ("function", "line") and fnmatch.fnmatchcase(change.name, self.function)
        return bool(change.entries) and all(fnmatch.fnmatchcase(entry, self.entry) for entry in change.entries)

    def holds(self, today: datetime.date) -> bool:
        """Whether it is not over yet."""
        return self.until is None or today <= self.until

    def describe(self) -> str:
        """In a line, for people."""
        until = f" until {self.until}" if self.until is not None else ""
        return f"{self.function or self.entry}{until} ({self.reason})"


class Agreed(NamedTuple):
    """What of the changes that nobody judged was agreed on."""

    left: tuple[UnjudgedChange, ...]
    """Those that nobody agreed on."""
    holding: tuple[Blindness, ...]
    """Statements that hold: to be shown in each run."""
    over: tuple[Blindness, ...]
    """Those whose time is over."""


def agree(changes: Sequence[UnjudgedChange], said: Iterable[Blindness], today: datetime.date) -> Agreed:
    """Which changes nobody agreed to leave unjudged."""
    known = tuple(said)
    holding = tuple(statement for statement in known if statement.holds(today))
    left = tuple(change for change in changes if not any(statement.covers(change) for statement in holding))
    return Agreed(left, holding, tuple(statement for statement in known if statement not in holding))
