"""What a process accepted, told to whoever comes after it: a process that is killed cannot say what it had not written.

A small file beside the baseline holds one number, in memory that the operating system keeps when the process is gone.
It is made with the first trace and removed at the end of the process. One that is left belongs to a process that was
killed: what is in it and not in the baseline is lost, and counted by the next process that begins or ends a recording.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import platform
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ..store.processes import Process, is_running

# Taken before anyone could patch them.
_open, _close, _unlink, _truncate, _getpid = os.open, os.close, os.unlink, os.ftruncate, os.getpid

_node = platform.node

_NUMBER: Final = struct.Struct("=q")
_SUFFIX: Final = ".pending"

LOST: Final = "dropped: the process ended without a word"


class Left(NamedTuple):
    """A file whose process is gone."""

    path: Path
    run: str
    pid: int
    accepted: int


class Pending:
    """The number of traces that this process accepted."""

    def __init__(self, location: str, run: str) -> None:
        """`location` is the file of the baseline. Nothing is made yet."""
        self._path = f"{location}.{run or 'none'}.{machine()}.{_getpid()}{_SUFFIX}"
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
            _NUMBER.pack_into(self._memory, 0, accepted)

    def _make(self) -> None:
        try:
            descriptor = _open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _truncate(descriptor, _NUMBER.size)
                self._memory = mmap.mmap(descriptor, _NUMBER.size)
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


def machine() -> str:
    """Tells this machine, or container, from others that record into the same file: they have other process ids."""
    return hashlib.blake2b(_node().encode(), digest_size=4).hexdigest()


def left_behind(location: str) -> Iterator[Left]:
    """The files of processes of this machine that are gone."""
    path = Path(location)
    for found in sorted(path.parent.glob(f"{path.name}.*{_SUFFIX}")):
        run, *place = found.name.removeprefix(f"{path.name}.").removesuffix(_SUFFIX).split(".")
        if len(place) != 2 or place[0] != machine() or not place[1].isdecimal() or is_running(int(place[1])):
            continue
        try:
            data = found.read_bytes()
        except OSError:
            continue  # another one was quicker
        if len(data) == _NUMBER.size:
            yield Left(found, run, int(place[1]), _NUMBER.unpack(data)[0])


def count_lost(location: str, processes: Iterable[Process]) -> int:
    """How many traces were accepted by processes that are gone, and are not in the baseline; each is counted once."""
    known = {(process.run, process.pid): process for process in processes if not process.ended}
    lost = 0
    for left in left_behind(location):
        try:
            _unlink(left.path)  # whoever does this counts
        except OSError:
            continue
        process = known.get((left.run, left.pid))
        lost += max(left.accepted - (process.accounted if process is not None else 0), 0)
    return lost
