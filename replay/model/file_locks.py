"""Locks between processes, each a byte of a file: the system frees those of a process that ends, however it ends.

They are record locks (fcntl(2), `F_SETLK`), which belong to one process: what it forks does not hold them, so that
nobody waits for what a crashed process left behind. For the same reason one process does not lock itself out.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class LockFile:
    """A file whose bytes are locks. To be opened once in a process: closing it frees all of them."""

    def __init__(self, path: Path) -> None:
        """Makes the file where it is missing; raises `OSError`."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o600)

    def take(self, byte: int) -> bool:
        """Lock a byte, unless another process holds it; whether it is this process's now. Raises `OSError`."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):  # either, by POSIX
            return False
        return True

    def wait(self, byte: int) -> None:
        """Lock a byte as soon as no other process holds it; raises `OSError`."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, byte)

    def free(self, byte: int) -> None:
        """Let others have a byte."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, byte)

    def close(self) -> None:
        """Free all of them."""
        os.close(self._descriptor)
