"""What a process accepted, told to whoever comes after it: a process that is killed cannot say what it had not written.

A small file beside the baseline holds one number, in memory that the operating system keeps when the process is gone.
It is made with the first trace and removed at the end of the process. One that is left belongs to a process that was
killed: what is in it and not in the baseline is lost, and counted by the next process that begins or ends a recording.
"""

from __future__ import annotations

import mmap
import os
import struct
from _blake2 import blake2b
from typing import Final

# Taken before anyone could patch them.
_open, _close, _unlink, _truncate, _getpid = os.open, os.close, os.unlink, os.ftruncate, os.getpid

NUMBER: Final = struct.Struct("=q")
SUFFIX: Final = ".pending"

LOST: Final = "dropped: the process ended without a word"


class Pending:
    """The number of traces that this process accepted."""

    def __init__(self, location: str, run: str) -> None:
        """`location` is the file of the baseline. Nothing is made yet."""
        self._path = f"{location}.{run or 'none'}.{machine()}.{_getpid()}{SUFFIX}"
        self._memory: mmap.mmap | None = None
        self._is_tried = False

    def tell(self, accepted: int) -> None:
        """So many traces were accepted; raises nothing, and does without where there is no place for it."""
        if self._memory is None:
            if self._is_tried:
                return
            self._is_tried = True
            self._make()
        if self._memory is not None:
            NUMBER.pack_into(self._memory, 0, accepted)

    def _make(self) -> None:
        try:
            descriptor = _open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _truncate(descriptor, NUMBER.size)
                self._memory = mmap.mmap(descriptor, NUMBER.size)
            finally:
                _close(descriptor)
        except OSError:
            return  # the store will say so

    def forget(self) -> None:
        """In a forked child: the file is the parent's."""
        memory, self._memory = self._memory, None
        self._is_tried = True
        if memory is not None:
            memory.close()

    def end(self) -> None:
        """Everything was written, or counted."""
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()
            try:
                _unlink(self._path)
            except OSError:
                return  # somebody cleans up


def _node() -> str:
    """The name of this machine in its network, as `platform.node` says it."""
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def machine() -> str:
    """Tells this machine, or container, from others that record into the same file: they have other process ids."""
    return blake2b(_node().encode(), digest_size=4).hexdigest()
