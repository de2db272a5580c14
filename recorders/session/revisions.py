"""The revision of a recording, on its way into the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ..errors import StoreError
from ..included import Included
from ..store.processes import ProcessName
from ..store.protocol import BaselineWriter, Revision, StoredClass

MakeRevision: TypeAlias = Callable[[bool], Revision]
"""Of whether the session is at its end: its revision, as far as it is known."""


class Revisions:
    """The revision of a recording, in the store: written again when modules were loaded since."""

    def __init__(self, included: Included, revision: MakeRevision, process: ProcessName) -> None:
        self._included = included
        self._revision = revision
        self._process = process
        self._writer: BaselineWriter | None = None
        self._modules = 0

    @property
    def has_begun(self) -> bool:
        """Whether there is a session in the store."""
        return self._writer is not None

    def begin(self, writer: BaselineWriter) -> list[StoredClass]:
        """Begin a session; what the store holds already. Raises `StoreError`."""
        writer.start(self._revision(False), self._process)
        self._writer = writer
        self._modules = len(self._included.modules)
        return writer.classes()

    def update(self) -> None:
        """Write what was loaded since."""
        if len(self._included.modules) != self._modules:
            self._write(at_end=False)

    def finish(self) -> None:
        """Write what is known at the end alone."""
        self._write(at_end=True)

    def _write(self, *, at_end: bool) -> None:
        if self._writer is None:
            return
        try:
            self._writer.update_revision(self._revision(at_end))
        except StoreError:
            return  # the batch that follows is refused for the same reason, and reported
        self._modules = len(self._included.modules)
