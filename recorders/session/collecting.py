"""What one recording collects with: made when it starts, and made anew in a forked child."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from ..included import Included
from ..installed import Plugins
from ..options import RecordOptions
from ..privacy.protection import redaction_of
from ..store.open import open_writer, path_of
from ..store.processes import ProcessName
from .child_processes import this_program
from .collector import Collector, Revisions
from .current_revision import CurrentRevision
from .gathering import Gathering
from .governor import Governor
from .output import Output
from .pending import Pending
from .sampler import Sampler
from .tallies import Tallies

FIRST_PATIENCE: Final = 30.0
LATER_PATIENCE: Final = 1.5
"""Seconds that others which write are waited for when the store is opened: at the start of a command, and in processes
that open it while they serve, or at their end, which has to be quick."""


class Collecting:
    """The sampler, the budget, the counts and the collector of a recording.

    A forked child keeps what its parent knew: branches, what is sampled, the key of the session, which was drawn
    before, and what is left of the allowance to warm up. It counts, collects and writes by itself.
    """

    def __init__(self, options: RecordOptions, plugins: Plugins, included: Included, rest: Callable[[], None]) -> None:
        """`rest` is the tracer's, called once a round."""
        self._options = options
        self._included = included
        self._rest = rest
        self.redactor, keys = redaction_of(options)
        self.revision = CurrentRevision(options, plugins, included, self.redactor, keys)
        self.governor = Governor(options.cpu_share)
        self.sampler = Sampler(options.sample, self.governor)
        self.tallies = Tallies(self.redactor)
        self._gathering: Gathering | None = None
        self.collector = self._made()

    def _made(self) -> Collector:
        """A collector for this process."""
        options = self._options
        patience = FIRST_PATIENCE if options.reporter in (0, os.getpid()) else LATER_PATIENCE
        self._gathering = Gathering(
            self._included,
            exemplars=options.exemplars,
            redactor=self.redactor,
            found_path=self.sampler.found_path,
            name=self.tallies.unsampled.name,
            paths=self._gathering.paths if self._gathering is not None else None,
        )
        return Collector(
            Output(lambda: open_writer(options.store, patience=patience), self.tallies.counters),
            Revisions(self._included, self.revision.read, ProcessName(options.run, os.getpid(), this_program())),
            self._gathering,
            self.tallies,
            governor=self.governor,
            rest=self._rest,
            pending=Pending(str(path_of(options.store)), options.run),
        )

    def sleep(self) -> None:
        """In a forked child: hold nothing of the parent's, and count from nothing."""
        self.collector.forget()
        self.tallies.begin_anew()
        self.governor.begin_anew()

    def wake(self) -> Collector:
        """A collector for this process, which was forked: nothing is opened before its first round."""
        self.collector = self._made()
        return self.collector
