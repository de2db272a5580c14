"""The process around a replayer: the folder that it may write to, the doors that are closed, and the wall."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import AbstractContextManager
from threading import get_ident

from ...recorders.included import Included
from ...recorders.patching import Undos
from .folder_names import letters, make_folder
from .known_drivers import refuse_known_drivers
from .overlay import Overlay
from .overlay_functions import OverlayFunctions
from .plan import LoadPlan
from .sandbox import Closed, audit_quiet_doors
from .scratch_copy import PREFIX
from .semaphores import use_own_semaphores
from .surroundings import emptied, use_temporary
from .wall import NO_WALL, raise_inner_wall, raise_wall
from .written import ReplayFiles


class Enclosure:
    """What keeps the replays of one process away from everything else; `remove` takes its files away."""

    def __init__(self, plan: LoadPlan, included: Included) -> None:
        """A temporary folder that the plan names is removed by who made it."""
        self.temporary = plan.temporary or make_folder(PREFIX)
        """Where a replay may write."""
        self.closed = Closed(self.temporary, plan.root, copied=bool(plan.temporary), included=included)
        self._root = plan.root
        self._is_own = not plan.temporary
        self._owner = os.getpid()
        self._wall = NO_WALL
        self._own_folder = ""
        """Temporary folder of this very process, empty before each replay; none in a process that loads."""
        self.files: ReplayFiles | None = None
        """The files that replays of this very process change."""

    @property
    def wall(self) -> str:
        """What the wall lacks, in a line for reports; empty for a whole one."""
        return self._wall.described

    @property
    def is_child(self) -> bool:
        """Whether this process was forked from the one that loaded the code."""
        return bool(self._own_folder)

    def own_process(self, undos: Undos) -> None:
        """From here on this process does nothing but replay, in this thread, behind a wall."""
        self.closed.home = get_ident()
        sys.dont_write_bytecode = True  # nobody could use it again, and nothing is written outside the scratch copy
        audit_quiet_doors()
        self._wall = raise_wall([self._root, self.temporary], self.closed.refused_call)
        use_own_semaphores()
        if not self._wall.stands:
            undos.add(refuse_known_drivers(self.closed.refuse))

    def own_child(self) -> None:
        """From here on this process, forked from the one that loaded the code, replays: it changes temporary files
        only, and forks and signals nobody."""
        folder = self._folder_of(os.getpid())
        with self.ours():
            os.mkdir(folder)
        use_temporary(folder)
        self._own_folder = folder
        overlay = Overlay(os.path.join(self.temporary, f"changed-{letters(os.getpid())}"), self.temporary)
        OverlayFunctions(overlay, self.closed.lacks).install()
        self.files = ReplayFiles(overlay, self._root, self.ours)
        raise_inner_wall(self._wall, [self.temporary])

    def forget_child(self, pid: int) -> None:
        """Remove the temporary files of a process that ended."""
        with self.ours():
            shutil.rmtree(self._folder_of(pid), ignore_errors=True)  # all of them go at the end
            shutil.rmtree(os.path.join(self.temporary, f"changed-{letters(pid)}"), ignore_errors=True)

    def _folder_of(self, pid: int) -> str:
        return os.path.join(self.temporary, f"replay-{letters(pid)}")

    def ours(self) -> AbstractContextManager[None]:
        """Around what the process does for itself."""
        return self.closed.ours()

    def emptied(self) -> AbstractContextManager[None]:
        """Around a replay: afterwards the temporary folder of this process is empty again."""
        return emptied(self._own_folder, self.closed.ours)

    def remove(self) -> None:
        """Take its files away, where it made them."""
        if os.getpid() == self._owner and self._is_own:
            shutil.rmtree(self.temporary, ignore_errors=True)
