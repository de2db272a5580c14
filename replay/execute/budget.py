"""Budget of this machine for processes that replay: as many at work as it has CPUs, whoever asked for them.

Workers of pytest-xdist, and separate runs of one user, share it. Each CPU is a slot, a lock on a byte of a file
(`file_locks`). A process that asks for replays waits for one slot, and takes more only while some are free. The budget
makes runs quicker and smaller, it is no promise: who has one slot, or has waited for long, goes on without.
"""

from __future__ import annotations

import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ..model.file_locks import LockFile

PATIENCE = 3.0
"""Seconds to wait for a slot: most path classes take less, and somebody sits before a terminal. Who holds all slots for
longer may be stopped, so that nobody waits for them a second time."""

POLL = 0.02
"""Seconds between two looks at the slots: a fork and a replay take about as long."""

MOST_AT_ONCE = 4
"""Fresh processes of one loaded process at the same time: from there on, forking them is what takes the time."""


def cpus() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Share:
    """What somebody has of the budget."""

    def __init__(self, free: Callable[[], int | None], taken: list[int]) -> None:
        """`free` takes a slot that nobody holds; `taken` are those that are held."""
        self._free = free
        self._taken = taken

    def processes(self, most: int) -> int:
        """How many processes may work now: more than before where slots became free, at most `most`."""
        while self._taken and len(self._taken) < most and (slot := self._free()) is not None:
            self._taken.append(slot)
        return max(min(len(self._taken), most), 1)


class Budget:
    """The slots, as one process takes and frees them, in any of its threads."""

    def __init__(self, size: int, file: LockFile | None) -> None:
        """Without a file, the slots are this process's alone."""
        self._size = size
        self._file = file
        self._held: set[int] = set()
        self._guard = threading.Lock()
        self._owner = os.getpid()
        self._is_patient = True
        """Whether waiting is worth a try: whoever waited in vain looks, and goes on without."""

    @contextmanager
    def share(self, *, patience: float = PATIENCE) -> Iterator[Share]:
        """A share that lets at least one process work, which may be waited for, some seconds of patience at most."""
        taken = [slot for slot in [self._waited(patience)] if slot is not None]
        try:
            yield Share(self._free, taken)
        finally:
            self._give_back(taken)

    def _waited(self, patience: float) -> int | None:
        """A slot as soon as there is one; `None` where there is none in time, or this process has one already."""
        until = time.monotonic() + (patience if self._is_patient else 0.0)
        while (slot := self._free()) is None:
            if self._held:
                return None  # two who each wait for what the other holds would wait for ever
            if time.monotonic() >= until:
                self._is_patient = False
                return None
            time.sleep(POLL)
        self._is_patient = True
        return slot

    def _free(self) -> int | None:
        """A slot that nobody holds, which is this process's now."""
        with self._guard:
            if self._owner != os.getpid():  # a copy of the process that holds them
                self._owner = os.getpid()
                self._held.clear()
            for slot in range(self._size):
                if slot not in self._held and (self._file is None or self._file.take(slot)):
                    self._held.add(slot)
                    return slot
            return None

    def _give_back(self, slots: list[int]) -> None:
        with self._guard:
            for slot in slots:
                self._held.discard(slot)
                if self._file is not None:
                    self._file.free(slot)


@cache
def machine_budget() -> Budget:
    """The budget of this machine, for this user; of this process alone where there is no safe place for its file."""
    try:
        return Budget(cpus(), LockFile(_own_folder() / "slots"))
    except OSError:
        return Budget(cpus(), None)


def _own_folder() -> Path:
    """A folder for temporary files that only this user may enter; raises `OSError` where it is somebody else's."""
    folder = Path(tempfile.gettempdir(), f"pytest-runtime-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} belongs to somebody else, or is open to others")
    return folder
