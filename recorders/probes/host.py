"""Probes in a recorded process: its own thread takes notice of what is placed, and writes what was seen.

The thread sleeps, and asks a few times a second whether the folder changed. It is gone while the process forks, and
there again in parent and child; after a fork that is none of `os.fork`, with the next hit, or the next trace.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from ..patching import Undo, nothing, wrap
from ..session.background import BackgroundThread
from ..store.location import file_of

if TYPE_CHECKING:
    from ..included import Included
    from ..privacy.redact import Redactor
    from ..tracing.prologue import GiveHead
    from .rounds import Rounds

PERIOD: Final = 0.2
"""Seconds between two rounds: a probe is there within twice that."""

PAUSE_SECONDS: Final = 0.2
"""How long a fork waits for the thread to be gone."""

END_SECONDS: Final = 0.5
"""How long the end of the process waits for the last hits to be written."""

PLACED: Final = ".probes/placed"
"""What is added to the name of a baseline for the folder of what is placed, see `folder`."""

_stat = os.stat


class ProbeHost:
    """The probes of one process."""

    def __init__(
        self,
        store: str,
        included: Included,
        redactor: Callable[[], Redactor],
        *,
        root: str,
        program: str,
        head: GiveHead,
    ) -> None:
        """`root` is the folder of the project, whose policy holds; `head` is what functions of included modules read
        first, if anything. `redactor` is asked for once there is a probe."""
        self._placed = f"{file_of(store)}{PLACED}"
        self._codes: dict[str, list[CodeType]] = {}
        self._rounds: Rounds | None = None

        def make() -> Rounds:
            from .rounds import Rounds  # most processes never have a probe

            return Rounds(store, included, redactor().apart(), self._codes, root=root, program=program, head=head)

        self._make = make
        self._worker = BackgroundThread(self._round, period=PERIOD)
        self._undo: Undo = nothing
        self._stopped = True

    # --- the life of the process ---

    def saw_codes(self, codes: Iterable[CodeType]) -> None:
        """Code objects of an included module were loaded."""
        for code in codes:
            self._codes.setdefault(code.co_filename, []).append(code)

    def start(self) -> None:
        """Look for probes from now on."""
        if self._stopped:
            self._stopped = False
            self._undo = wrap(os, "fork", self._forking) if hasattr(os, "fork") else nothing
        self._worker.start()

    def wake(self) -> None:
        """Have a thread again, in a process that was forked, or that forked by other means than `os.fork`."""
        if not self._stopped:
            self._worker.start()

    def pause(self) -> None:
        """Have no thread for a moment, because the process forks."""
        self._worker.pause(PAUSE_SECONDS)

    def forked(self) -> None:
        """This is the child: what stands in the code stands here, too; what the parent saw is the parent's."""
        self._worker = BackgroundThread(self._round, period=PERIOD)
        if self._rounds is not None:
            self._rounds.forked(self.wake)

    def flush(self) -> None:
        """Write what was seen, because another program may take this one's place, or may not."""
        rounds = self._rounds
        if not self._stopped and rounds is not None and rounds.is_needed and self._worker.pause(PAUSE_SECONDS):
            rounds.round()
            self._worker.start()

    def stop(self) -> None:
        """Leave nothing in the process, and write what was seen."""
        if self._stopped:
            return
        self._stopped = True
        self._undo()
        self._worker.finish(self._end, END_SECONDS)
        if self._rounds is not None:
            self._rounds.stop()

    def _forking(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        try:
            return wrapped(*args, **kwargs)
        finally:
            # In parent and child. Not by a hook of `os.register_at_fork`: Python would count the thread of the parent,
            # and warn of a fork with more than one.
            self.wake()

    # --- in the thread ---

    def _round(self) -> None:
        if self._rounds is None and not self._begin():
            return
        if self._rounds is not None:
            self._rounds.round()

    def _begin(self) -> bool:
        """Load what looks after probes, where there may be one; that none was ever placed is one `stat` that fails."""
        try:
            _stat(self._placed)
        except OSError:
            return False
        try:
            self._rounds = self._make()
        except Exception as error:  # noqa: BLE001 - the service goes on without its probes
            self._placed = ""  # nothing has that name: it is not tried again
            sys.stderr.write(f"pytest-runtime: no probes: {type(error).__name__}: {error}\n")
        return True

    def _end(self) -> None:
        if self._rounds is not None:
            self._rounds.end()
