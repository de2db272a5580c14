"""The presence of a baseline's file: whether what is written still lands where it will be looked for.

SQLite goes on without an error when its file is deleted, replaced or cut off under it: to the operating system an open
file is not the name that it was opened by ("How To Corrupt An SQLite Database File", section 4).
"""

from __future__ import annotations

from .. import taken
from ..errors import StoreLost

_stat = taken.stat


class Presence:
    """Watches one file, from when it is made."""

    def __init__(self, path: str) -> None:
        """Raises `OSError` when there is none."""
        found = _stat(path)
        self._path = path
        self._identity = found.st_dev, found.st_ino
        self._size = found.st_size

    def check(self) -> None:
        """Raises `StoreLost` when the file is not there any more, is another one, or is smaller than it was: a baseline
        never gets smaller."""
        try:
            found = _stat(self._path)
        except FileNotFoundError as error:
            raise StoreLost(self._path, "was deleted or moved") from error
        if (found.st_dev, found.st_ino) != self._identity:
            raise StoreLost(self._path, "was replaced by another file")
        if found.st_size < self._size:
            raise StoreLost(self._path, f"was cut off, from {self._size} to {found.st_size} bytes,")
        self._size = found.st_size
