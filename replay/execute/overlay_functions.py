"""The functions of `os`, and `open`, that go through an overlay: each asks it for where a name lies."""

from __future__ import annotations

import builtins
import errno
import io
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any, Final

from ...recorders.patching import Undo, Undos, replace
from .overlay import Overlay

_CAPABILITIES: Final = ("supports_dir_fd", "supports_fd", "supports_follow_symlinks", "supports_effective_ids")


class Entry:
    """What `os.scandir` says of a name in a folder that a replay changed."""

    def __init__(self, folder: Any, name: str, place: str) -> None:
        self.name = name
        self.path = os.path.join(folder, name)
        self._place = place

    def __fspath__(self) -> str:
        return self.path

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """As `os.stat`."""
        return (os.stat if follow_symlinks else os.lstat)(self._place)

    def _mode(self, follow: bool) -> int:
        try:
            return self.stat(follow_symlinks=follow).st_mode
        except FileNotFoundError:
            return 0

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self._mode(follow_symlinks))

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a file."""
        return stat.S_ISREG(self._mode(follow_symlinks))

    def is_symlink(self) -> bool:
        """Whether it is a link."""
        return stat.S_ISLNK(self._mode(False))

    def is_junction(self) -> bool:
        """Never, here."""
        return False

    def inode(self) -> int:
        """Its number."""
        return self.stat(follow_symlinks=False).st_ino


class Entries:
    """What `os.scandir` gives."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Entry]:
        return self._entries  # written in C, like the one that it stands for

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> Entries:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give no more."""
        self._entries = iter(())


class OverlayFunctions:
    """The functions that go through an overlay."""

    def __init__(self, overlay: Overlay, lacks: Callable[[str], None]) -> None:
        """`lacks` ends a replay that reads a file of which the recording does not say what it held; raises."""
        self._overlay = overlay
        self._lacks = lacks

    def install(self) -> Undo:
        """Put them in place; returns the undo."""
        undos = Undos()
        for name in ("stat", "lstat", "access", "readlink", "statvfs", "getxattr", "listxattr"):
            self._put(undos, name, self._reading)
        for name in ("chmod", "chown", "utime", "truncate", "lchown"):
            self._put(undos, name, self._changing)
        for name, made in (
            *(("open", self._os_open), ("mkdir", self._mkdir), ("listdir", self._listdir)),
            *(("scandir", self._scandir), ("remove", self._removing), ("unlink", self._removing)),
            *(("rmdir", self._removing), ("rename", self._renaming), ("replace", self._renaming)),
            *(("getcwd", self._getcwd), ("getcwdb", self._getcwdb), ("chdir", self._chdir)),
        ):
            self._put(undos, name, made)
        opened = self._open(io.open)
        undos.add(replace(io, "open", opened))
        undos.add(replace(builtins, "open", opened))
        return undos.run

    def _put(self, undos: Undos, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        original = getattr(os, name, None)
        if original is None:
            return
        function = _Standing(original, make(original))
        for known in (getattr(os, one) for one in _CAPABILITIES):
            if original in known:
                known.add(function)
        undos.add(replace(os, name, function))

    def _reading(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(path: Any, *args: Any, **options: Any) -> Any:
            name = overlay.whole(path) if options.get("dir_fd") is None else None
            return original(path, *args, **options) if name is None else original(overlay.seen(name), *args, **options)

        return call

    def _changing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(path: Any, *args: Any, **options: Any) -> Any:
            name = overlay.whole(path, writes=True) if options.get("dir_fd") is None else None
            if name is None:
                return original(path, *args, **options)
            try:
                place = overlay.changed(name, keeps=True)
            except IsADirectoryError:
                return None  # what a folder may be used for is no content
            return original(place, *args, **options)

        return call

    def _os_open(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND))
            name = overlay.whole(path, writes=writes) if dir_fd is None else None
            if name is None:
                return int(original(path, flags, mode, dir_fd=dir_fd))
            if overlay.is_unknown(name) and not flags & os.O_TRUNC:
                self._lacks(name)
            if not writes or (overlay.is_there(name) and flags & os.O_CREAT and flags & os.O_EXCL):
                return int(original(overlay.seen(name), flags, mode))
            return int(original(overlay.changed(name, keeps=not flags & os.O_TRUNC), flags, mode))

        return call

    def _open(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def open(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
            name = overlay.whole(file, writes=writes)
            if name is None or options.get("opener") is not None:
                return original(file, mode, *args, **options)
            if overlay.is_unknown(name) and "w" not in mode:
                self._lacks(name)
            if not writes or ("x" in mode and overlay.is_there(name)):
                place = overlay.seen(name)
            else:
                place = overlay.changed(name, keeps="a" in mode or "r" in mode)
            if place == name and not overlay.working_directory:
                return original(file, mode, *args, **options)
            try:
                return _named(original(place, mode, *args, **options), file)
            except OSError as error:
                error.filename = file
                raise

        return open

    def _getcwd(self, original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda: self._overlay.working_directory or original()

    def _getcwdb(self, original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda: os.fsencode(self._overlay.working_directory) or original()

    def _chdir(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(path: Any) -> None:
            name = overlay.whole(path)
            place = overlay.seen(name) if name is not None else path
            if place == name or name is None:
                original(place)
                overlay.working_directory = ""
            elif not os.path.isdir(place):
                code = errno.ENOTDIR if overlay.is_there(name) else errno.ENOENT
                raise OSError(code, os.strerror(code), path)
            else:
                overlay.working_directory = name

        return call

    def _mkdir(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
            name = overlay.whole(path, writes=True) if dir_fd is None else None
            if name is None:
                original(path, mode, dir_fd=dir_fd)
            else:
                place = overlay.make_folder(name)
                if not os.path.isdir(place):
                    original(place, mode)

        return call

    def _listdir(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(path: Any = ".") -> list[Any]:
            name = overlay.whole(path if path is not None else ".")
            if name is None or not overlay.is_used:
                return list(original(path))
            found = overlay.names(name)
            return [os.fsencode(one) for one in found] if isinstance(path, bytes) else found

        return call

    def _scandir(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(path: Any = ".") -> Any:
            shown = path if path is not None else "."
            name = overlay.whole(shown)
            if name is None or not overlay.is_used or isinstance(shown, bytes):
                return original(path)
            places = [(one, overlay.seen(os.path.join(name, one))) for one in overlay.names(name)]
            return Entries([Entry(os.fspath(shown), one, place) for one, place in places])

        return call

    def _removing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(path: Any, *, dir_fd: int | None = None) -> None:
            name = overlay.whole(path, writes=True) if dir_fd is None else None
            if name is None:
                original(path, dir_fd=dir_fd)
            else:
                overlay.remove(name, original)

        return call

    def _renaming(self, original: Callable[..., Any]) -> Callable[..., Any]:
        overlay = self._overlay

        def call(src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
            before, after = overlay.whole(src, writes=True), overlay.whole(dst, writes=True)
            if src_dir_fd is not None or dst_dir_fd is not None or (before is None and after is None):
                original(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
            else:
                overlay.rename(before, after, (src, dst), original)

        return call


class _Standing:
    """Stands in the place of a function of `os`. No function: a class that holds it does not bind it."""

    def __init__(self, original: Callable[..., Any], function: Callable[..., Any]) -> None:
        self._function = function
        self.__wrapped__ = original
        self.__name__ = self.__qualname__ = getattr(original, "__name__", "function")
        self.__doc__ = original.__doc__

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._function(*args, **options)


def _named(stream: Any, name: Any) -> Any:
    """A file that says the name under which the program opened it."""
    raw = getattr(stream, "buffer", stream)
    raw = getattr(raw, "raw", raw)
    raw.name = name
    return stream
