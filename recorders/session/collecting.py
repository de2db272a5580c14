"""What one recording collects with: made when it starts, and made anew in a forked child."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from .. import taken
from ..boundaries.outside_world import SessionVariables
from ..late import Late
from ..options import DRAWN_SIZE
from ..store.location import file_of
from .child_processes import this_program
from .collector import Collector
from .governor import Governor
from .output import Output
from .pending import Pending
from .sampler import Sampler
from .tallies import Tallies

if TYPE_CHECKING:
    from ..included import Included
    from ..installed import Plugins
    from ..options import RecordOptions
    from ..privacy.redact import Redactor
    from .workbench import Workbench

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
        self._rest = rest
        self.variables = SessionVariables(included)
        drawn = taken.urandom(DRAWN_SIZE)

        def make_workbench() -> Workbench:
            from .workbench import Workbench  # with all that thaws, redacts and writes

            return Workbench(options, plugins, included, self.variables, drawn)

        self.workbench = Late(make_workbench)
        self.governor = Governor(options.cpu_share)
        self.sampler = Sampler(options.sample, self.governor)
        self.tallies = Tallies(lambda entry: self.redactor().entry_name(entry))
        self.collector = self._made()

    def load(self) -> None:
        """Load now what is else loaded with the first trace."""
        self.workbench()

    def redactor(self) -> Redactor:
        """What takes secrets out."""
        return self.workbench().redactor

    def _made(self) -> Collector:
        """A collector for this process."""
        options, workbench = self._options, self.workbench
        process, program = os.getpid(), this_program()
        patience = FIRST_PATIENCE if options.reporter in (0, process) else LATER_PATIENCE
        return Collector(
            Output(lambda: workbench().open_writer(patience), self.tallies.counters),
            Late(lambda: workbench().revisions(process, program)),
            Late(lambda: workbench().gathering(self.sampler.found_path, self.tallies.unsampled.name)),
            self.tallies,
            governor=self.governor,
            rest=self._rest,
            pending=Pending(file_of(options.store), options.run),
        )

    def sleep(self) -> None:
        """In a forked child: hold nothing of the parent's, and count from nothing."""
        self.workbench.forked()
        self.collector.forget()
        self.tallies.begin_anew()
        self.governor.begin_anew()

    def wake(self) -> Collector:
        """A collector for this process, which was forked: nothing is opened before its first round."""
        self.collector = self._made()
        return self.collector
