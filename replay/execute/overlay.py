"""Files that a replay changes: they lie in a folder of its own, seen in the place of those that are there.

Nothing of the project, or of the machine, is changed by a replay: what is written goes below the folder of the overlay,
under its whole name, and is found there again by whoever reads it. What is removed is only noted. The functions of `os`
that are given a name, and `open`, go through here; what gets round them meets the wall.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

# As they are before they go through an overlay.
_lstat, _stat, _listdir, _rmdir, _utime = os.lstat, os.stat, os.listdir, os.rmdir, os.utime

_DEVICES: Final = ("/dev/", "/proc/", "/sys/")
"""Folders of what is no file: writing to nowhere changes nothing, and all else there meets the wall."""

UNKNOWN: Final = 1_000_000
"""Bytes that stand for a content that nobody knows, at most."""

COPIED: Final = 64_000_000
"""Bytes of a file that is copied to be changed; one that is larger is refused, as every change of it was."""


class Overlay:
    """Where one process keeps the files that its replays change."""

    def __init__(self, folder: str, own: str) -> None:
        """`folder` is that of the overlay; below `own`, which holds it, everything is as it is."""
        self._folder = folder
        self._own = (os.path.abspath(own) + os.sep, os.path.realpath(own) + os.sep)
        self._is_on = False
        self._is_over = False
        """Whether nothing may be changed any more."""
        self._is_used = False
        """Whether anything was changed; before that, all is as it is."""
        self._made: set[str] = set()
        """Folders that were made."""
        self._removed: set[str] = set()
        """What was there before, and is no more."""
        self._given: dict[str, bytes | None] = {}
        """Files that are there because the recording says so; `None` where it does not say what they hold."""
        self.working_directory = ""
        """Where the program is, when it is in a folder that is not there; empty where it is where this process is."""

    @property
    def is_used(self) -> bool:
        """Whether anything is not as it is outside."""
        return self._is_used

    def end(self) -> None:
        """From here on files are read as they are, and changed no more."""
        self._is_over = True

    def give(self, name: str, content: bytes | None, size: int = 0, changed: int | None = None) -> None:
        """Let a file be there as it was recorded, `changed` last (nanoseconds since the epoch); `None` where nobody
        knows what it holds, but how much that is."""
        place = self._above(name)
        if (name + os.sep).startswith(self._own) or os.path.lexists(place) or (content is None and self.is_there(name)):
            return
        self._begin(os.path.dirname(place))
        self._given[name] = content
        _write(place, content if content is not None else bytes(min(size, UNKNOWN)), changed)

    def give_folder(self, name: str) -> None:
        """Let a folder be there."""
        if not (name + os.sep).startswith(self._own):
            self._begin(self._above(name))

    def is_unknown(self, name: str) -> bool:
        """Whether a file is there of which the recording does not say what it holds."""
        return self._given.get(name, b"") is None

    @contextmanager
    def on(self) -> Iterator[None]:
        """Around a replay; afterwards everything is as it was."""
        self._is_on, self._is_over = True, False
        try:
            yield
        finally:
            self._is_on = False
            self.working_directory = ""
            if self._is_used:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._is_used = False
                self._made.clear()
                self._removed.clear()
                self._given.clear()

    # --- what was changed ---

    def changes(self) -> dict[str, bytes | None]:
        """Name → content of every file that is another one than before, a folder that was made with a `/` at the end of
        its name; `None` for what was removed."""
        if not self._is_used:
            return {}
        gone = (name for name in (*self._removed, *self._given) if not self.is_there(name))
        found: dict[str, bytes | None] = dict.fromkeys(gone)
        found.update((os.path.join(name, ""), b"") for name in self._made)
        for name, content in _files_below(self._folder):
            if name not in self._given or not _is_still(self._given[name], content):
                found[name] = content
        return found

    # --- names ---

    def whole(self, path: Any, *, writes: bool = False) -> str | None:
        """The whole name of what a program names; `None` where the overlay has nothing to do with it: it is off, or
        something is to be changed when the run is over."""
        if not self._is_on or (writes and self._is_over) or not isinstance(path, (str, bytes, os.PathLike)):
            return None
        name = os.path.abspath(os.fsdecode(path))
        return None if (name + os.sep).startswith((*self._own, *_DEVICES)) else name

    def _above(self, name: str) -> str:
        return self._folder + name

    def is_there(self, name: str) -> bool:
        """Whether the program finds something of this name."""
        return _exists(self.seen(name))

    def _is_folder(self, name: str) -> bool:
        try:
            return stat.S_ISDIR(_stat(self.seen(name)).st_mode)
        except OSError:
            return False

    def _is_removed(self, name: str) -> bool:
        return any(name == one or name.startswith(one + os.sep) for one in self._removed)

    def seen(self, name: str) -> str:
        """Where what is read under a whole name lies."""
        place = self._above(name)
        try:
            mode = _lstat(place).st_mode
        except OSError:
            return place if self._is_removed(name) else name
        return name if name not in self._made and stat.S_ISDIR(mode) and _exists(name) else place

    def changed(self, name: str, *, keeps: bool) -> str:
        """Where what is written under a whole name goes; with `keeps`, what is there already is there, too. Raises
        `OSError` as the operating system would."""
        place = self._above(name)
        if self._is_folder(name):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not self._is_folder(os.path.dirname(name)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        before = self.seen(name)
        self._begin(os.path.dirname(place))
        if keeps and before == name and self.is_there(name):
            if _stat(name).st_size > COPIED:
                raise OSError(errno.EFBIG, "a replay changes no file of this size", name)
            shutil.copyfile(name, place)
        self._removed.discard(name)
        if self.is_unknown(name):
            self._given[name] = b""
        return place

    def _begin(self, folder: str) -> None:
        self._is_used = True
        os.makedirs(folder, exist_ok=True)

    # --- what programs do ---

    def make_folder(self, name: str) -> str:
        """Where a folder that is made lies; raises `OSError`."""
        if self.is_there(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        if not self._is_folder(os.path.dirname(name)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        place = self._above(name)
        self._begin(os.path.dirname(place))
        self._made.add(name)
        self._removed.discard(name)
        return place

    def remove(self, name: str, remove: Callable[[str], Any]) -> None:
        """Remove what has a name, with the function of the operating system for it; raises `OSError`."""
        place = self.seen(name)
        if place != name:
            remove(place)
            self._made.discard(name)
            self._note_removed(name)
            return
        mode = _lstat(name).st_mode
        if stat.S_ISDIR(mode) and (remove is not _rmdir or self.names(name)):
            code = errno.ENOTEMPTY if remove is _rmdir else errno.EISDIR
            raise OSError(code, os.strerror(code), name)
        self._begin(self._folder)
        self._removed.add(name)

    def _note_removed(self, name: str) -> None:
        if _exists(name):
            self._removed.add(name)

    def names(self, name: str) -> list[str]:
        """The names in a folder; raises `OSError`."""
        place, found = self.seen(name), dict[str, None]()
        if place == name:
            found.update((one, None) for one in _listdir(name) if not self._is_removed(os.path.join(name, one)))
        above = self._above(name)
        if os.path.isdir(above):
            found.update((one, None) for one in _listdir(above) if self.is_there(os.path.join(name, one)))
        return list(found)

    def rename(self, before: str | None, after: str | None, given: tuple[Any, Any], rename: Callable[..., Any]) -> None:
        """Rename a file, where at least one of its whole names is the overlay's; raises `OSError`."""
        target = given[1] if after is None else self.changed(after, keeps=False)
        if before is None:
            rename(given[0], target)
            return
        if self._is_folder(before) and self.seen(before) == before:
            raise OSError(errno.EXDEV, "a replay renames no folder that was there before it", before)
        source = self.seen(before)
        if source == before:
            shutil.copyfile(source, target)
        else:
            rename(source, target)
        if before in self._made and after is not None:
            self._made.add(after)
        self._made.discard(before)
        self._note_removed(before)


def _write(place: str, content: bytes, changed: int | None) -> None:
    with io.FileIO(place, "w") as file:
        file.write(content)
    if changed is not None:
        _utime(place, ns=(changed, changed))


def _is_still(given: bytes | None, content: bytes) -> bool:
    """Whether a file holds what it was given; for what nobody knows, zeros stand."""
    return content == given if given is not None else not content.strip(b"\0")


def _exists(place: str) -> bool:
    try:
        _lstat(place)
    except OSError:
        return False
    return True


def _files_below(folder: str) -> Iterator[tuple[str, bytes]]:
    """The files in a folder, each with its name from there and its content."""
    for place, _folders, files in os.walk(folder):
        for name in files:
            whole = os.path.join(place, name)
            if stat.S_ISREG(_lstat(whole).st_mode):
                with io.FileIO(whole) as file:
                    yield os.sep + os.path.relpath(whole, folder), file.readall()
