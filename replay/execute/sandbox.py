"""Closed process: during a replay nothing leaves it but through the recorded world, and what would is named.

Audit hooks (PEP 578) refuse sockets, processes and file changes before they happen, and put the line of the user's code
to them. They see what Python does; what code in C does the wall of the operating system refuses (see `wall`), which
reports it through `refused_call`. In a process that does nothing but replay, every thread and every context is code
under test, unless this package says otherwise (`ours`). Reading files is allowed.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from types import FrameType
from typing import Any

from ...recorders import context
from ...recorders.patching import Undo
from ...recorders.privacy.keys import KEY_PLACE
from ..change.source_lines import UserFiles, place_of_error, place_of_frame
from ..model.reason import StopCode
from ..world.recorded_world import RecordedWorld
from ..world.stopping import TraceStopped
from .file_checks import watch_checks

_REFUSED = frozenset(
    {
        *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
        *("socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "syslog.openlog", "syslog.syslog"),
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"),
        *("os.kill", "os.killpg", "resource.prlimit", "_posixsubprocess.fork_exec"),
        *("os.startfile", "pty.spawn", "webbrowser.open", "smtplib.connect", "ftplib.connect", "imaplib.open"),
    }
)
_CHANGING = frozenset(
    {
        *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "os.chmod"),
        *("os.chown", "os.utime", "shutil.rmtree", "shutil.move", "os.mkfifo", "os.mknod"),
        *("os.setxattr", "os.removexattr", "os.chflags"),
    }
)
_LISTING = frozenset({"os.listdir", "os.scandir"})
_WATCHED = _REFUSED | _CHANGING | _LISTING | {"open", "sqlite3.connect"}
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_OF_BYTECODE = frozenset({"open", "os.mkdir", "os.rename", "os.remove"})
_BYTECODE = re.compile(r"(?s:.*[/\\])?__pycache__(?:[/\\][^/\\]+\.pyc(?:\.[0-9]+)?)?")


class LeavesProcess(PermissionError):
    """Code under test reached out while it was imported or built, which it may handle as any system that forbids it."""


def _watching() -> tuple[Callable[[Closed], None], Callable[[Closed], None]]:
    """(start asking a guard, stop asking it). An audit hook cannot be removed, so there is one, made when it is first
    wanted; its list of guards stands in no module."""
    guards: list[Closed] = []
    hooked = False

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _WATCHED:
            for guard in guards:
                guard.check(event, args)

    def start(guard: Closed) -> None:
        nonlocal hooked
        if not hooked:
            hooked = True
            sys.addaudithook(hook)
        guards.append(guard)

    return start, guards.remove


_start, _stop = _watching()


class Closed:
    """Closes the process off during replays and while code under test is built."""

    def __init__(
        self,
        temporary: str,
        root: str = "",
        *,
        copied: bool = False,
        included: Callable[[str], bool] = lambda file: False,
    ) -> None:
        """`temporary` is the folder in which a replay may write; what it reads of the project at `root` is noted.

        Where the project is a scratch copy (`copied`), code that is imported or built may write in it too. `included`
        says whether a file holds an included module.
        """
        self._temporary = os.path.realpath(temporary) + os.sep
        self._roots = {os.path.realpath(root) + os.sep, os.path.abspath(root) + os.sep} if root else set()
        self._own_tree = os.path.realpath(root) + os.sep if copied and root else ""
        self.users = UserFiles(root, included)
        self.files: set[str] = set()
        """Files of the project that were read or imported; relative to its root, with `/`. A folder whose names were
        read ends with one."""
        self.importing = False
        """Whether the application is being built: then too nothing may leave."""
        self.home: int | None = None
        """The thread of a process that does nothing but replay: there everything is code under test."""
        self.escaped: list[str] = []
        """What was refused outside every trace."""
        self._worlds: list[tuple[int, RecordedWorld]] = []
        """(thread, world) of the traces that are being replayed, the innermost last."""
        self._ours: int | None = None

    def place_of(self, error: BaseException) -> str:
        """The line of the user's code that an exception came from, or empty."""
        return place_of_error(error, self.users)

    def install(self) -> Undo:
        """Start watching; returns its undo."""
        _start(self)
        unwatch = watch_checks(self.looked_at)

        def undo() -> None:
            unwatch()
            _stop(self)

        return undo

    @contextmanager
    def replaying(self, world: RecordedWorld) -> Iterator[None]:
        """Around the replay of a trace: what is refused in this thread belongs to it, in whatever context."""
        self._worlds.append((get_ident(), world))
        try:
            yield
        finally:
            self._worlds.pop()

    @contextmanager
    def ours(self) -> Iterator[None]:
        """Around what this package itself does in a process that replays."""
        before, self._ours = self._ours, get_ident()
        try:
            yield
        finally:
            self._ours = before

    # --- what Python does ---

    def check(self, event: str, args: tuple[Any, ...]) -> None:
        """Refuse what would leave the process."""
        if self._ours == get_ident():
            return
        world = self._world()
        if not (world is not None or self.importing or self.home is not None):
            return
        if event in _LISTING:
            if not self._is_stray(world) and not _by_import_system(sys._getframe(1)):
                self._note_listing(args[0])
            return
        if not self._leaves(event, args, world):
            if event == "open" and not self._is_stray(world):
                self._note(args[0])
            return
        if self.home is not None and event in _OF_BYTECODE and _is_bytecode(args[0]):
            raise PermissionError(errno.EACCES, "a replay keeps no bytecode", args[0])
        if event == "socket.bind" and world is None:
            return  # libraries ask so, at import, whether the machine knows IPv6; nothing leaves by it
        self._refuse(_described(event, args), world, place_of_frame(sys._getframe(1), self.users))

    def _world(self) -> RecordedWorld | None:
        scope = context.current()
        world = scope.world if scope is not None else None
        if isinstance(world, RecordedWorld):
            return world
        if not self._worlds:
            return None
        thread, innermost = self._worlds[-1]
        return innermost if self.home is not None or thread == get_ident() else None

    def _is_stray(self, world: RecordedWorld | None) -> bool:
        """Whether this is a thread that code under test started while it was imported, or left behind."""
        return world is None and self.home is not None and get_ident() != self.home

    def refuse(self, what: str) -> None:
        """Refuse what code under test is about to do; raises."""
        self._refuse(what, self._world(), place_of_frame(sys._getframe(1), self.users))

    def lacks(self, file: str) -> None:
        """Stop a trace that reads a file of which the recording does not say what it held; raises."""
        reason = f"it reads {file}, of which the recording does not say what it held"
        world = self._world()
        if world is not None:
            world.stop(StopCode.GAP, reason)
        raise LeavesProcess(f"{reason}, while the code under test was imported or built, or by a thread of it")

    def _refuse(self, what: str, world: RecordedWorld | None, place: str) -> None:
        where = f" at {place}" if place else ""
        if world is not None:
            world.refused.append(what)
            world.stop(
                StopCode.REFUSED,
                f"refused {what}{where}: it would have left the process, and no recorded boundary stands there",
            )
        self.escaped.append(f"{what}{where}")
        raise LeavesProcess(
            f"refused {what}{where} while the code under test was imported or built, or by a thread of it"
        )

    # --- what the wall refused ---

    def refused_call(self, call: str, frame: FrameType | None) -> None:
        """Called where the wall refused a system call. Stops the trace where its own code runs, else only notes it."""
        inside = place_of_frame(frame, self.users)
        # Where the call raised, its exception may have left the user's code before a handler gets its turn.
        error = sys.exception()
        place = inside or (place_of_error(error, self.users) if error is not None else "")
        world = self._worlds[-1][1] if self._worlds else None
        try:
            self._refuse(f"{call}(2)", world, place)
        except (TraceStopped, LeavesProcess):
            if world is not None and inside:
                raise

    # --- files ---

    def looked_at(self, path: str | bytes) -> None:
        """Note a file that code under test asked about: whether it is there may decide on what the code does."""
        world = self._world()
        watching = world is not None or self.importing or self.home is not None
        if watching and self._ours != get_ident() and not self._is_stray(world):
            self._note(path)

    def _leaves(self, event: str, args: tuple[Any, ...], world: RecordedWorld | None) -> bool:
        if event == "open":
            path, _mode, flags = args
            if _holds_keys(path):
                return True
            return isinstance(flags, int) and bool(flags & _WRITE_FLAGS) and self._outside(path, world)
        if event == "sqlite3.connect":
            target = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes)) else ""
            return not (target in ("", ":memory:") or "mode=memory" in target) and self._outside(target, world)
        if event in _CHANGING:
            return any(self._outside(path, world) for path in args[:2] if isinstance(path, (str, bytes, os.PathLike)))
        return True

    def _note(self, path: Any) -> None:
        if not isinstance(path, (str, bytes)):
            return
        named = os.path.abspath(os.fsdecode(path))
        for place in (named, os.path.realpath(named)):  # of a link both may change: where it leads, and what is there
            root = next((root for root in self._roots if place.startswith(root)), "")
            if root:
                self.files.add(_source_of(place).removeprefix(root).replace(os.sep, "/"))

    def _note_listing(self, path: Any) -> None:
        """Of a folder whose names were read it is noted that they were, by its name with a `/` at the end."""
        if path is None or isinstance(path, (str, bytes)):
            place = os.path.join(os.path.realpath(os.fsdecode(path or ".")), "")
            root = next((root for root in self._roots if place.startswith(root)), "")
            if root:
                self.files.add(place.removeprefix(root).replace(os.sep, "/") or "/")

    def _outside(self, path: Any, world: RecordedWorld | None) -> bool:
        if isinstance(path, int):  # an open descriptor
            return False
        real = os.path.realpath(os.fsdecode(path))
        if self.home is None and "__pycache__" in real:
            return False  # what this process imports, it imports for others too
        if sys.pycache_prefix and real.startswith(os.path.realpath(sys.pycache_prefix)):
            return False  # where the user has Python keep its bytecode
        if world is None and self._own_tree and (real + os.sep).startswith(self._own_tree):
            return False  # the scratch copy: made at import or at start-up, gone afterwards
        return not (real + os.sep).startswith(self._temporary) and real != os.devnull


def audit_quiet_doors() -> None:
    """Let what starts processes in Python without an audit event raise one."""
    try:
        import _posixsubprocess
    except ImportError:  # not POSIX
        return
    original = _posixsubprocess.fork_exec

    def fork_exec(*args: Any) -> int:
        sys.audit("_posixsubprocess.fork_exec", *args[0][:1] if args and isinstance(args[0], (list, tuple)) else ())
        return original(*args)

    _posixsubprocess.fork_exec = fork_exec


def _source_of(place: str) -> str:
    """The module whose bytecode a file is; any other file is itself."""
    folder, name = os.path.split(place)
    home, cache = os.path.split(folder)
    return os.path.join(home, f"{name.partition('.')[0]}.py") if cache == "__pycache__" else place


def _by_import_system(frame: FrameType | None) -> bool:
    """Whether the innermost Python code is that which looks for modules, which reads the names of every folder."""
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith("<frozen importlib")


def _is_bytecode(path: Any) -> bool:
    """Whether the import system wants to keep what it compiled."""
    return isinstance(path, str) and _BYTECODE.fullmatch(path) is not None


_ENVIRONMENT = re.compile(r"/proc/[^/]+/(?:task/[^/]+/)?environ")
"""The environment of a process as it was started (`proc(5)`): a private key may be given in it."""


def _holds_keys(path: object) -> bool:
    """Whether a file may hold the user's private keys, which are no part of what code under test reads."""
    if not isinstance(path, (str, bytes)):
        return False
    name = os.fsdecode(path)
    if not name.endswith(("keys", "environ")):
        return False
    place = os.path.realpath(name)
    return place.endswith(KEY_PLACE) or _ENVIRONMENT.fullmatch(place) is not None


def _described(event: str, args: tuple[Any, ...]) -> str:
    shown: Callable[[Any], str] = lambda value: ascii(value)[:80]  # noqa: E731 - local and typed
    if event.startswith("socket.") and len(args) > 1:
        return f"{event}({shown(args[1])})" if event != "socket.getaddrinfo" else f"{event}({shown(args[0])})"
    return f"{event}({shown(args[0]) if args else ''})"
