"""Scratch copy of a project: what a replay runs in, so that files which it makes or changes are no one else's.

Contents are copied and never hard-linked: a write in place would reach the original. Left out is what `files` leaves
out everywhere (version control, caches, virtual environments, this package's own files). A large file becomes a
reflink where the file system has them (ioctl_ficlone(2)), else a link to the original, as does everything once the
copy has grown to its budget: links can be read, and what is written through them is refused by the wall.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from ..change.files import OWN_FOLDER, SKIPPED_FOLDERS

LARGE = 16_000_000
"""Bytes from which on a file is reflinked or linked: copying it would take longer than a hundred small ones."""

BUDGET = 256_000_000
"""Bytes that a copy may take."""

PREFIX = "pytest-runtime-"
"""What the names of folders begin with that hold copies, in the folder for temporary files."""

MOST = 50_000
"""Files and folders that are copied."""

_CHUNK = 1 << 30
_FICLONE = 0x40049409
_copy_range = getattr(os, "copy_file_range", None)


class Copied(NamedTuple):
    """The result of copying."""

    files: int
    size: int
    """Bytes that were copied."""
    linked: tuple[str, ...]
    """Files and folders that are links to the originals, relative to the root."""


def copy_tree(source: str, target: str, *, twin: str = "") -> Copied:
    """Copy the project at `source` into the folder `target`, which is made.

    `twin` is where the user has the project, when `source` is another version of it: links that lead there are copied
    as what they lead to, and files are as old as those of the same name there. Raises `OSError`.
    """
    copy = _Copy(os.path.realpath(source), os.path.realpath(target), os.path.realpath(twin) if twin else "")
    copy.run()
    return Copied(copy.files, copy.size, tuple(copy.linked))


class _Copy:
    """One copy while it is made, breadth first: what lies deep in a large tree is linked first."""

    def __init__(self, source: str, target: str, twin: str) -> None:
        self._source = source
        self._target = target
        self._twin = twin if twin != source else ""
        self._temporary = os.path.realpath(tempfile.gettempdir())
        self.files = 0
        self.size = 0
        self.linked: list[str] = []

    def run(self) -> None:
        os.makedirs(self._target)
        pending = deque([(self._source, "")])
        while pending:
            folder, path = pending.popleft()
            for entry in _entries(folder):
                below = f"{path}/{entry.name}" if path else entry.name
                if self._place(entry, below):
                    pending.append((entry.path, below))

    def _place(self, entry: os.DirEntry[str], path: str) -> bool:
        """Put one entry at its place in the copy; whether it is a folder that is to be filled."""
        here = f"{self._target}/{path}"
        if entry.is_symlink() and not self._is_followed(entry.path):
            self._link(self._moved(os.readlink(entry.path), entry.path), here)
            return False
        if entry.is_dir():
            if _is_skipped(entry.name, entry.path) or self._is_scratch(entry):
                return False
            if self.files >= MOST:
                return self._link_original(entry.path, here, path)
            os.mkdir(here)
            self.files += 1
            return True
        try:
            found = entry.stat()
        except FileNotFoundError:  # it went meanwhile
            return False
        if stat.S_ISREG(found.st_mode):
            self._copy(entry.path, here, path, found)
        return False

    def _is_scratch(self, folder: os.DirEntry[str]) -> bool:
        """Whether it is a copy itself: a project may hold the folder for temporary files."""
        return folder.name.startswith(PREFIX) and os.path.dirname(folder.path) == self._temporary

    def _is_followed(self, link: str) -> bool:
        real = os.path.realpath(link)
        return bool(self._twin) and (real + os.sep).startswith(self._twin + os.sep) and os.path.exists(real)

    def _moved(self, aim: str, link: str) -> str:
        """Where a link of the copy leads: one into the project leads into the copy, another where it did."""
        whole = os.path.normpath(os.path.join(os.path.dirname(link), aim))
        if whole == self._source or whole.startswith(self._source + os.sep):
            return aim if aim != whole else self._target + aim.removeprefix(self._source)
        return whole

    def _copy(self, original: str, here: str, path: str, found: os.stat_result) -> None:
        is_large = found.st_size > LARGE or self.size + found.st_size > BUDGET
        try:
            if self.files >= MOST or (is_large and not _reflink(original, here)):
                self._link_original(original, here, path)
                return
            if not is_large:
                _copy_content(original, here, found)
                self.size += found.st_size
        except PermissionError:  # what the user may not read, a replay may not either; it is there, as it was
            self._link_original(original, here, path)
            return
        except FileNotFoundError:  # it went meanwhile, as journals of databases do
            return
        self.files += 1
        self._age(here, path, found)

    def _age(self, here: str, path: str, found: os.stat_result) -> None:
        if self._twin:
            with suppress(OSError):  # the user has no file of this name
                found = os.stat(f"{self._twin}/{path}")
        os.utime(here, ns=(found.st_atime_ns, found.st_mtime_ns))

    def _link_original(self, original: str, here: str, path: str) -> bool:
        self._link(os.path.realpath(original), here)
        self.linked.append(path)
        return False

    def _link(self, aim: str, here: str) -> None:
        with suppress(FileExistsError):  # of a reflink that failed
            os.symlink(aim, here)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (PermissionError, FileNotFoundError):
        return  # it went, or nobody can read what is in it, a replay neither


def is_left_out(root: str, below: str) -> bool:
    """Whether a path below a project's root lies in what a copy leaves out."""
    parts = below.split(os.sep)
    return any(_is_skipped(part, os.path.join(root, *parts[:position])) for position, part in enumerate(parts, start=1))


def _is_skipped(name: str, folder: str) -> bool:
    return name in SKIPPED_FOLDERS or name == OWN_FOLDER or os.path.exists(f"{folder}/pyvenv.cfg")


def _copy_content(original: str, here: str, found: os.stat_result) -> None:
    given = os.open(original, os.O_RDONLY | os.O_CLOEXEC)
    try:
        made = os.open(here, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, stat.S_IMODE(found.st_mode) | 0o200)
        try:
            _fill(given, made)
        finally:
            os.close(made)
    finally:
        os.close(given)


def _fill(given: int, made: int) -> None:
    if _copy_range is not None:
        with suppress(OSError):  # between two file systems that cannot: by hand
            while _copy_range(given, made, _CHUNK):
                pass
            return
    while data := os.read(given, 1 << 20):
        os.write(made, data)


def _reflink(original: str, here: str) -> bool:
    """Whether the file system made a copy that shares its blocks until one side writes."""
    if sys.platform != "linux":
        return False
    import fcntl

    with open(original, "rb") as given, open(here, "xb") as made:
        try:
            fcntl.ioctl(made.fileno(), _FICLONE, given.fileno())
        except OSError:
            os.unlink(here)
            return False
    return True
