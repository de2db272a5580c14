"""What the collector works with: redaction, the baseline as it is known, and the revision.

It is loaded and made in the collector's thread, with the first trace; a process that records nothing does without.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from ..privacy.protection import redaction_of
from ..store.open import open_writer
from ..store.processes import ProcessName
from .current_revision import CurrentRevision
from .gathering import Gathering
from .revisions import Revisions

if TYPE_CHECKING:
    from ..boundaries.outside_world import SessionVariables
    from ..included import Included
    from ..installed import Plugins
    from ..options import RecordOptions
    from ..store.protocol import BaselineWriter


class Workbench:
    """What one recording collects with, in this process and in those that are forked from it."""

    def __init__(
        self,
        options: RecordOptions,
        plugins: Plugins,
        included: Included,
        variables: SessionVariables,
        drawn: bytes,
    ) -> None:
        """`drawn` are the random bytes that the session's key is made of."""
        self._options = options
        self._included = included
        self.redactor, keys = redaction_of(options, drawn)
        self._revision = CurrentRevision(options, plugins, included, self.redactor, keys, variables)
        self._gathering: Gathering | None = None

    def gathering(self, found_path: Callable[[Hashable], None], name: Callable[[Hashable, str], None]) -> Gathering:
        """The baseline as this process knows it; one that was forked goes on from the branches that were known."""
        before = self._gathering
        self._gathering = Gathering(
            self._included,
            exemplars=self._options.exemplars,
            redactor=self.redactor,
            found_path=found_path,
            name=name,
            paths=before.paths if before is not None else None,
        )
        return self._gathering

    def revisions(self, process: int, program: str) -> Revisions:
        """The revision of a process, which writes it."""
        return Revisions(self._included, self._revision.read, ProcessName(self._options.run, process, program))

    def open_writer(self, patience: float) -> BaselineWriter:
        """Open the store; raises `StoreError`."""
        return open_writer(self._options.store, patience=patience)
