"""Building the application under test: imports and factories, outside every trace.

Settings that the recorded service read when it started come from the recording; databases are private ones in
memory; nothing leaves the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from ...recorders import context
from ...recorders.boundaries.pass_through import PassThrough
from .sandbox import Closed

T = TypeVar("T")


class BuildingWorld(PassThrough):
    """The world while the code under test is imported and its application is made."""

    sandboxed = True

    def __init__(self, variables: Mapping[str, str | None]) -> None:
        """`variables` are those that the recorded service read outside its traces."""
        self._variables = dict(variables)

    def advance(self, seconds: float) -> bool:
        return True

    def environ(self, key: str, read: Callable[[], str]) -> str:
        if key not in self._variables:
            return read()
        value = self._variables[key]
        if value is None:
            raise KeyError(key)
        return value

    def environ_names(self, read: Callable[[], list[str]]) -> list[str]:
        unset = {key for key, value in self._variables.items() if value is None}
        names = [*read(), *(key for key, value in self._variables.items() if value is not None)]
        return [name for name in dict.fromkeys(names) if name not in unset]

    def environ_set(self, key: str, value: str | None) -> None:
        self._variables[key] = value

    def owns(self, generator: object, *, claim: bool = False) -> bool:
        return True


class Building:
    """The context in which code under test is imported and built."""

    def __init__(self, variables: Mapping[str, str | None], closed: Closed) -> None:
        self._world = BuildingWorld(variables)
        self._closed = closed

    @contextmanager
    def __call__(self) -> Iterator[None]:
        undo = context.set_outside(self._world)
        before, self._closed.importing = self._closed.importing, True
        try:
            with context.within(None):
                yield
        finally:
            self._closed.importing = before
            undo()
