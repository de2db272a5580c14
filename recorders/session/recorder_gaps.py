"""Recorder gaps: traffic through what no boundary stands in front of is noticed, and named with what would record it.

Sockets of Python are seen as they connect; drivers in C are known by name. (An audit hook would see sockets too, and
make each `id()` and each look at a frame in the whole process cost eight times as much.) Inside a boundary nothing is
noticed. The trace says in which line of the service it happened, and is not judged; the recorder says it at its end.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Collection, Iterable
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ..boundaries.drivers_in_c import DRIVERS_IN_C
from ..boundaries.live_world import LiveWorld
from ..context import current_world
from ..faults import own
from ..patching import PatchedFunction, Undo, Undos, replace, wrap

if TYPE_CHECKING:
    from ..boundaries.import_hooks import ImportHooks
    from ..included import Included
    from ..model.absences import AbsenceKey

MOST = 50
"""Places that are named: each is a line of the service."""


class RecorderGaps:
    """Notices what goes past the boundaries."""

    def __init__(
        self, included: Included, covered: Collection[str], note: Callable[[Iterable[AbsenceKey]], None]
    ) -> None:
        """`covered` are the packages with a boundary, which connect on their own; `note` is given what is not recorded,
        and where."""
        self._included = included
        self._covered = covered
        self._note = note
        self._places: set[tuple[CodeType, int]] = set()

    def watch(self, hooks: ImportHooks) -> Undo:
        """Start noticing; returns its undo."""
        undos = Undos()

        def in_c(names: tuple[str, ...], module: ModuleType) -> Undo:
            for name in names:
                self._put(undos, module, name)
            return lambda: None

        def sockets(module: ModuleType) -> Undo:
            for name in ("connect", "connect_ex"):
                undos.add(replace(module.socket, name, PatchedFunction(getattr(module.socket, name), self._connected)))
            return lambda: None

        for module, names in DRIVERS_IN_C.items():
            hooks.when_imported(module, functools.partial(in_c, names))
        hooks.when_imported("socket", sockets)
        return undos.run

    def _connected(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        if current_world() is not None:
            self.connects(args)
        return wrapped(*args, **kwargs)

    def _put(self, undos: Undos, module: ModuleType, name: str) -> None:
        """Notice calls of a function; a class stays the class that it is."""
        owner: Any = module
        *path, last = name.split(".")
        for part in path:
            owner = vars(owner).get(part)
        found = vars(owner).get(last) if owner is not None else None
        if not isinstance(found, (FunctionType, BuiltinFunctionType)):
            return

        def call(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            self._notice(f"{module.__name__}.{name}", always=True)
            return wrapped(*args, **kwargs)

        undos.add(wrap(owner, last, call))

    def connects(self, args: tuple[Any, ...]) -> None:
        """A socket connects, with these arguments."""
        address = args[0] if args else None
        if type(address) is tuple and len(address) > 1 and type(address[0]) is str:
            self._notice(f"a socket to {address[0]}:{address[1]}")
        elif type(address) in (str, bytes):
            self._notice("a socket of this machine")

    def _notice(self, what: str, *, always: bool = False) -> None:
        """What connects is named where it belongs to a trace that is recorded, and with `always` outside too."""
        try:
            world = current_world()
            if type(world) is LiveWorld or (world is None and always):
                self._name(what, world)
        except Exception as fault:
            if not own(fault):
                raise

    def _name(self, what: str, world: Any) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and not self._included(frame.f_code.co_filename):
            if str(frame.f_globals.get("__name__")).partition(".")[0] in self._covered:
                return
            frame = frame.f_back
        if frame is None:
            if world is not None and not world.closed:
                world.trace.gap(f"{what} is not recorded; it connects in a task or thread of its own")
            return
        said = self._said(what, frame)
        trace = getattr(world, "trace", None)
        if trace is not None and said not in trace.gaps and not world.closed:
            trace.gap(said)
        place = frame.f_code, frame.f_lineno
        if place not in self._places and len(self._places) < MOST:
            self._places.add(place)
            self._note([("not recorded", said)])

    def _said(self, what: str, frame: FrameType) -> str:
        """What is not recorded, in which line of the service, and what would record it."""
        module = self._included.modules[frame.f_code.co_filename]
        path = frame.f_code.co_qualname.partition(".<locals>")[0]
        owner = path.rpartition(".")[0] or path
        line = f"{module}:{path}, line {frame.f_lineno}"
        setting = f'boundaries = ["{module}.{owner}"]'
        if path == "<module>":
            setting = "boundaries = [...] with a class or function of your own around it"
        return f"{what} is not recorded ({line}); {setting} would record it"
