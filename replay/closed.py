"""This file is about closing the process off: during a replay nothing leaves it but through the recorded world.

An audit hook (PEP 578) refuses sockets, processes and file changes outside the scratch folder, in the thread that
replays and in every thread that the replay started. Reading files is allowed.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import sysconfig
from collections.abc import Callable
from threading import get_ident
from typing import Any

from ..recorders import context
from ..recorders.patching import Undo
from .recorded_world import RecordedWorld

_REFUSED = frozenset(
    {
        *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
        *("socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"),
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.kill"),
        *("os.startfile", "pty.spawn", "webbrowser.open", "smtplib.connect", "ftplib.connect", "imaplib.open"),
    }
)
_CHANGING = frozenset(
    {
        *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "os.chmod"),
        *("os.chown", "os.utime", "shutil.rmtree", "shutil.move", "os.mkfifo", "os.mknod"),
    }
)
_WATCHED = _REFUSED | _CHANGING | {"open", "sqlite3.connect"}
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


_OF_BYTECODE = frozenset({"open", "os.mkdir", "os.rename", "os.remove"})
_BYTECODE = re.compile(r"(?s:.*[/\\])?__pycache__(?:[/\\][^/\\]+\.pyc(?:\.[0-9]+)?)?")
_INSTALLED = tuple(
    {os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
"""Folders of what is installed."""


class LeavesProcess(Exception):
    """Code under test reached out while it was imported or built."""


_guards: list[Closed] = []
"""Those that are on. An audit hook cannot be removed, so one is installed once a process and asks these."""
_installed = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event in _WATCHED:
        for guard in _guards:
            guard.check(event, args)


class Closed:
    """Closes the process off during replays and while code under test is built."""

    def __init__(self, scratch: str, root: str = "") -> None:
        """`scratch` is the folder in which a replay may write; what it reads of the project at `root` is noted."""
        self._scratch = os.path.realpath(scratch) + os.sep
        self._roots = {os.path.realpath(root) + os.sep, os.path.abspath(root) + os.sep} if root else set()
        self.files: set[str] = set()
        """Files of the project, other than modules, that were read; relative to its root, with `/`."""
        self.importing = False
        """Whether the application is being built: then too nothing may leave."""
        self.home: int | None = None
        """The thread of a process that does nothing but replay: every other one runs code under test."""
        self.escaped: list[str] = []

    def install(self) -> Undo:
        """Start watching; returns its undo."""
        global _installed
        if not _installed:
            _installed = True
            sys.addaudithook(_hook)
        _guards.append(self)
        return lambda: _guards.remove(self)

    def check(self, event: str, args: tuple[Any, ...]) -> None:
        """Refuse what would leave the process."""
        scope = context.current()
        world = scope.world if scope is not None else None
        if not (isinstance(world, RecordedWorld) or self.importing or self._is_stray()):
            return
        if not self._leaves(event, args):
            if event == "open" and not self._is_stray():
                self._note(args[0])
            return
        if self.home is not None and event in _OF_BYTECODE and _is_bytecode(args[0]):
            if os.path.realpath(args[0]).startswith(_INSTALLED):
                return  # Python's own cache of what is installed, as any run makes it
            raise PermissionError(errno.EACCES, "a replay keeps no bytecode of the project", args[0])
        if event == "socket.bind" and not isinstance(world, RecordedWorld):
            return  # libraries ask so, at import, whether the machine knows IPv6; nothing leaves by it
        what = _described(event, args)
        if isinstance(world, RecordedWorld):
            world.refused.append(what)
            reason = f"refused {what}: it would have left the process, and no recorded boundary stands there"
            world.stop("refused", reason)
        self.escaped.append(what)
        raise LeavesProcess(f"refused {what} while the code under test was imported or built, or by a thread of it")

    def _is_stray(self) -> bool:
        """Whether this is a thread that code under test started while it was imported, or left behind."""
        return self.home is not None and get_ident() != self.home

    def _leaves(self, event: str, args: tuple[Any, ...]) -> bool:
        if event == "open":
            path, _mode, flags = args
            return isinstance(flags, int) and bool(flags & _WRITE_FLAGS) and self._outside(path)
        if event == "sqlite3.connect":
            target = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes)) else ""
            return not (target == ":memory:" or "mode=memory" in target) and self._outside(target)
        if event in _CHANGING:
            return any(self._outside(path) for path in args[:2] if isinstance(path, (str, bytes, os.PathLike)))
        return True

    def _note(self, path: Any) -> None:
        if not isinstance(path, (str, bytes)):
            return
        named = os.path.abspath(os.fsdecode(path))
        for place in (named, os.path.realpath(named)):  # of a link both may change: where it leads, and what is there
            root = next((root for root in self._roots if place.startswith(root)), "")
            if root and not place.endswith((".py", ".pyc")):
                self.files.add(place.removeprefix(root).replace(os.sep, "/"))

    def _outside(self, path: Any) -> bool:
        if isinstance(path, int):  # an open descriptor
            return False
        real = os.path.realpath(os.fsdecode(path))
        if self.home is None and "__pycache__" in real:
            return False  # what this process imports, it imports for others too
        if sys.pycache_prefix and real.startswith(os.path.realpath(sys.pycache_prefix)):
            return False  # where the user has Python keep its bytecode
        return not (real + os.sep).startswith(self._scratch) and real != os.devnull


def _is_bytecode(path: Any) -> bool:
    """Whether the import system wants to keep what it compiled."""
    return isinstance(path, str) and _BYTECODE.fullmatch(path) is not None


def _described(event: str, args: tuple[Any, ...]) -> str:
    shown: Callable[[Any], str] = lambda value: ascii(value)[:80]  # noqa: E731 - local and typed
    if event.startswith("socket.") and len(args) > 1:
        return f"{event}({shown(args[1])})" if event != "socket.getaddrinfo" else f"{event}({shown(args[0])})"
    return f"{event}({shown(args[0]) if args else ''})"
