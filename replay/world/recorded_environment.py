"""The recorded environment: variables that a trace read, that were read before it, and that the program set."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from types import FrameType, MappingProxyType
from typing import NamedTuple

from ...recorders.model.trace import Trace
from ..model.reason import StopCode
from .stopping import TraceRun


class Settings(NamedTuple):
    """What is known of the environment of the recorded service beside what a trace read."""

    variables: Mapping[str, str | None] = MappingProxyType({})
    """Variables that included code read outside every trace."""
    names: frozenset[str] | None = None
    """Names of those that were set; `None` where nobody kept them."""


NO_SETTINGS = Settings()


class RecordedEnvironment:
    """Environment variables of one replay."""

    def __init__(self, trace: Trace, run: TraceRun, settings: Settings) -> None:
        self._trace = trace
        self._run = run
        self._settings = settings
        self._own_variables: dict[str, str | None] = {}

    def environ(self, key: str, read: Callable[[], str]) -> str:
        for known in (self._own_variables, self._trace.variables, self._settings.variables):
            if key in known:
                value = known[key]
                if value is None:
                    raise KeyError(key)
                return value
        names = self._names()
        if names is not None and key not in names:
            raise KeyError(key)
        return self._unread_variable(key, is_set=names is not None)

    def _names(self) -> Collection[str] | None:
        """The names of the variables that were set; `None` where nobody knows."""
        within = self._trace.variable_names
        return within if within is not None else self._settings.names

    def _unread_variable(self, key: str, *, is_set: bool) -> str:
        """A variable whose value nobody kept: asked by the code under test it stops the trace, by a library it counts
        as not set. `is_set` says whether it is known to have been set."""
        if self._is_asked_by_code(sys._getframe(3)):
            self._run.stop(StopCode.GAP, _no_value(key, is_set=is_set))
        raise KeyError(key)

    def _is_asked_by_code(self, frame: FrameType | None) -> bool:
        """Whether the code under test asks, and not a library on its own account."""
        for _step in range(6):
            if frame is None:
                break
            if frame.f_code.co_filename in self._run.modules:
                return True
            frame = frame.f_back
        return False

    def environ_names(self, read: Callable[[], list[str]]) -> list[str]:
        recorded = self._names()
        names = dict.fromkeys(sorted(recorded) if isinstance(recorded, frozenset) else recorded or ())
        names.update(dict.fromkeys(self._trace.variables))
        own = self._own_variables
        if not self._is_asked_by_code(sys._getframe(2)):
            # What a library is not told the value of is not set for it: no name leads it there.
            names = {name: None for name in names if name in self._trace.variables or name in self._settings.variables}
        known = {**self._settings.variables, **self._trace.variables, **own}
        kept = [name for name in names if known.get(name, "") is not None]
        return [*kept, *(name for name, value in own.items() if value is not None and name not in names)]

    def environ_set(self, key: str, value: str | None) -> None:
        self._own_variables[key] = value


def _no_value(key: str, *, is_set: bool) -> str:
    why = "it was set, but" if is_set else "this baseline does not say whether it was set, and"
    return (
        f"the environment variable {key} was not read when this trace was recorded: {why} only values that are read "
        "are kept; record again with code that reads it"
    )
