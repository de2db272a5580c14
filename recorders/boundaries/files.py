"""The file boundary: what a trace reads of files that are no part of the project, so that a replay has them too.

Before a file is opened in a trace for the first time, its content is kept, and of a folder that is listed the names; of
what is only asked about, that it is there, its size and its time. So is the working directory, where it is not the one
in which the recording began. Files of the project and of the installation need no recording. What is written is no
exchange: replays write it into a folder of their own, and compare it.
"""

from __future__ import annotations

import builtins
import io
import os
import stat
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from ..context import UNSAMPLED, current_world, enter, leave
from ..faults import own
from ..model.world import Operation
from ..patching import Undo, Undos, replace, wrap
from .live_world import LiveWorld

if TYPE_CHECKING:
    pass

SIZE: Final = 1_000_000
"""Bytes of a file that is kept."""

FILES: Final = 200
"""Files and folders that are looked after in one trace."""

NAMES: Final = 1_000
"""Names that are kept of a folder."""

_WRITES: Final = os.O_WRONLY | os.O_TRUNC

_SYSTEM: Final = ("/proc/", "/sys/", "/dev/", "/usr/", "/lib", "/etc/ssl/", "/etc/pki/", "/run/")
"""Folders of the machine, which a replay has itself."""

_BY_FOLDER: Final = frozenset({"dir_fd", "src_dir_fd", "dst_dir_fd"})
"""Options that give names from open folders."""

_SECRET: Final = (".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", "_rsa", "_ed25519")
"""Ends of names of files that hold keys: none of them is kept, nor one whose name begins with a dot."""


def writing(name: str) -> Operation:
    """The operation of writing a file."""
    return Operation("file", "write", name, "write")


def removing(name: str) -> Operation:
    """The operation of removing a file."""
    return Operation("file", "remove", name, "write")


def content_of(name: str) -> Operation:
    """What a file holds when the trace first looks; nothing that is compared."""
    return Operation("file", "content", name, "session")


def working_directory() -> Operation:
    """Where a trace began, when it is not where the recording did; nothing that is compared."""
    return Operation("file", "working directory", "", "session")


_ASKED: Final = "\0"
"""Stands behind the name of what was only asked about, among the files of a trace: no name holds it."""

_WORKING: Final = "."
"""Stands among the files of a trace where its working directory was looked at."""


class FileReads:
    """Notes what sampled traces read."""

    def __init__(self, skipped: Sequence[str], start: str) -> None:
        """`skipped` are folders whose files a replay has itself, `start` is the working directory of a replay."""
        self._start = start
        self._skipped = tuple({*skipped, *(os.path.realpath(one) for one in skipped)})

    def install(self) -> Undo:
        """Put it in place; returns the undo."""
        undos = Undos()
        before = io.open
        undos.add(wrap(io, "open", self._opened))
        if builtins.open is before:
            undos.add(replace(builtins, "open", io.open))
        undos.add(wrap(os, "open", self._os_opened))
        for name in ("listdir", "scandir"):
            undos.add(wrap(os, name, self._listed))
        for name in ("stat", "lstat", "access"):
            undos.add(wrap(os, name, self._asked))
        for name in ("getcwd", "getcwdb", "chdir"):
            undos.add(wrap(os, name, self._working))
        for name in ("remove", "unlink", "rename", "replace", "mkdir"):
            undos.add(wrap(os, name, self._changed))
        return undos.run

    def _opened(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        if type(world) is LiveWorld and len(world.files) < FILES and args:
            mode = args[1] if len(args) > 1 else kwargs.get("mode", "r")
            keeps = type(mode) is str and ("r" in mode or "a" in mode)
            self._noted(world, lambda: self._see(world, args[0], keeps))
        return wrapped(*args, **kwargs)

    def _os_opened(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        if type(world) is LiveWorld and len(world.files) < FILES and len(args) > 1 and kwargs.get("dir_fd") is None:
            keeps = type(args[1]) is int and not args[1] & _WRITES
            self._noted(world, lambda: self._see(world, args[0], keeps))
        return wrapped(*args, **kwargs)

    def _listed(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        if type(world) is LiveWorld and len(world.files) < FILES:
            self._noted(world, lambda: self._see_folder(world, args[0] if args else kwargs.get("path", ".")))
        return wrapped(*args, **kwargs)

    def _asked(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        if type(world) is LiveWorld and len(world.files) < FILES and args and kwargs.get("dir_fd") is None:
            self._noted(world, lambda: self._see_entry(world, args[0]))
        return wrapped(*args, **kwargs)

    def _working(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        if type(world) is LiveWorld and _WORKING not in world.files:
            self._noted(world, lambda: self._see_working_directory(world))
        return wrapped(*args, **kwargs)

    def _changed(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What is removed or renamed was there; what is made, or renamed to, was made by the trace."""
        world = current_world()
        if type(world) is LiveWorld and len(world.files) < FILES and args and not kwargs.keys() & _BY_FOLDER:
            if wrapped.__name__ == "mkdir":
                self._noted(world, lambda: self._made(world, args[0]))
            else:
                self._noted(world, lambda: self._see(world, args[0], True))
                self._noted(world, lambda: self._made(world, args[1]) if len(args) > 1 else None)
        return wrapped(*args, **kwargs)

    def _made(self, world: LiveWorld, path: Any) -> None:
        """Something is made under this name, where there may be something already."""
        name = self._name(world, path)
        if name is not None and name not in world.files:
            self._see_parent(world, name)
            world.files[name] = os.path.lexists(name)

    def _see_parent(self, world: LiveWorld, name: str) -> None:
        """The folder that holds it was there before, where the trace did not make it."""
        folder = os.path.dirname(name)
        if folder not in world.files and os.path.isdir(folder):
            world.files[folder] = True
            self._keep(world, folder, [])

    def _see_entry(self, world: LiveWorld, path: Any) -> None:
        """What is known of a name without a look into what has it."""
        if type(path) is str and (path in world.files or path + _ASKED in world.files):
            return  # before links are followed, which asks the system for each folder
        name = self._name(world, path)
        if name is None or name in world.files or name + _ASKED in world.files:
            return
        world.files[name + _ASKED] = True
        try:
            found = os.stat(name)
        except OSError:
            return
        folder, base = os.path.split(name)
        is_folder = stat.S_ISDIR(found.st_mode)
        if base and (is_folder or stat.S_ISREG(found.st_mode)):
            self._keep(world, folder, [[base, is_folder, found.st_size, found.st_mtime_ns]])

    def _see_working_directory(self, world: LiveWorld) -> None:
        world.files[_WORKING] = True
        here = os.getcwd()
        if here != self._start:
            world.begin(working_directory(), None).answered(here)

    def _noted(self, world: LiveWorld, note: Callable[[], None]) -> None:
        """Run what looks at files for the recording, and for nobody else; a fault of it costs the trace alone."""
        token = enter(UNSAMPLED)
        try:
            note()
        except Exception as fault:
            if not own(fault):
                raise
            trace: Any = world.trace
            trace.gap(f"a file could not be looked at: {type(fault).__name__}")
        finally:
            leave(token)

    def _name(self, world: LiveWorld, path: Any) -> str | None:
        """The whole name of a file that a replay lacks."""
        if type(path) is not str and type(path) is not bytes:
            if not isinstance(path, os.PathLike) or not type(path).__module__.startswith("pathlib"):
                return None
            path = os.fspath(path)
        given = os.fsdecode(path)
        if _WORKING not in world.files and not os.path.isabs(given):
            self._see_working_directory(world)
        name = os.path.abspath(given)
        secret = os.path.basename(name).startswith(".") or name.endswith(_SECRET)
        skipped = secret or name.startswith(self._skipped) or os.path.realpath(name).startswith(self._skipped)
        return None if skipped else name

    def _see(self, world: LiveWorld, path: Any, keeps: bool) -> None:
        name = self._name(world, path)
        if name is None or name in world.files:
            return
        self._see_parent(world, name)
        found = self._content(name) if keeps else None
        world.files[name] = os.path.lexists(name)
        if found is not None:
            self._keep(world, name, found)

    def _content(self, name: str) -> str | bytes | None:
        try:
            found = os.stat(name)
            if not stat.S_ISREG(found.st_mode) or found.st_size > SIZE:
                return None
            with io.FileIO(name) as file:
                data = file.read(SIZE + 1)
        except OSError:
            return None
        if len(data) > SIZE:
            return None
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data

    def _see_folder(self, world: LiveWorld, path: Any) -> None:
        name = self._name(world, path if path is not None else os.curdir)
        if name is None or f"{name}{os.sep}" in world.files or world.files.get(name) is False:
            return
        world.files[f"{name}{os.sep}"] = world.files[name] = True
        try:
            with os.scandir(name) as entries:
                listed = {one.name: one.is_dir() for one, _number in zip(entries, range(NAMES), strict=False)}
        except OSError:
            return
        # As it was before the trace did anything there.
        for known, was_there in list(world.files.items()):
            if os.path.dirname(known) == name:
                base = os.path.basename(known)
                if not was_there:
                    listed.pop(base, None)
                elif base:
                    listed.setdefault(base, False)
        self._keep(world, name, [[one, listed[one]] for one in sorted(listed)])

    def _keep(self, world: LiveWorld, name: str, content: Any) -> None:
        if len(world.files) <= 2 * FILES:
            world.begin(content_of(name), {"path": name}).answered(content)


def _of_installation() -> list[str]:
    """Folders of the interpreter and of what is installed with it."""
    library = os.path.dirname(os.__file__)
    installed = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    paths = [sys.prefix, sys.base_prefix, library, *installed]
    return [os.path.join(one, "") for one in dict.fromkeys(paths) if one and one != os.sep]


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    here = os.getcwd()
    project = os.path.join(os.path.realpath(here), "")
    return FileReads([*_SYSTEM, *_of_installation(), project], here).install()
