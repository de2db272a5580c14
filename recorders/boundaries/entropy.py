"""The entropy boundary: `random`, `uuid`, `secrets` and `os.urandom`.

Everything random in the standard library comes down to four draws: `os.urandom`, the copy of it that `random` holds
(and so `secrets` and `SystemRandom`), and `random()` and `getrandbits()` of a generator. Those are recorded. A
generator that the program seeds itself within a trace is left alone: it repeats by itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType, ModuleType
from typing import Any

from ..context import current_world
from ..patching import PatchedFunction, Undo, Undos, replace, wrap

_RANDOM_FILE = os.path.join(os.path.dirname(os.__file__), "random.py")
_UUID_FILE = os.path.join(os.path.dirname(os.__file__), "uuid.py")


def reader_of(frame: FrameType, included: FrameType | None) -> FrameType:
    """The frame that a reading is known by, of the one that read and the innermost included one. A library that draws
    an identifier does so under its own name: one that draws another once in the life of a process, as the number of a
    node, would else take what a call draws."""
    while frame.f_code.co_filename == _UUID_FILE and frame.f_back is not None and frame.f_back is not included:
        frame = frame.f_back
    return frame


def install(module: Any = None) -> Undo:
    """Put the boundary of `os.urandom` in place; returns its undo."""
    return wrap(os, "urandom", _drawn("os.urandom"))


def install_uuid(uuid: ModuleType) -> Undo:
    """What reads a clock and the hardware address through C."""
    undos = Undos()
    for name in ("uuid1", "getnode"):
        undos.add(wrap(uuid, name, _drawn(f"uuid.{name}")))
    return undos.run


def install_random(random: ModuleType) -> Undo:
    """Generators, and the one that the module's own functions are methods of."""
    undos, cls, hidden = Undos(), random.Random, random.choice.__self__
    if type(random._urandom) is PatchedFunction:  # it took that of `os` just now
        undos.add(partial(setattr, random, "_urandom", random._urandom.__wrapped__))
    else:
        undos.add(wrap(random, "_urandom", _drawn("os.urandom")))
    replaced = {
        **{name: _draw(f"random.{name}", getattr(cls, name)) for name in ("random", "getrandbits")},
        # It keeps every second value for the next call, which may come from before the trace.
        "gauss": _gauss(cls.gauss),
        **{name: _claiming(getattr(cls, name)) for name in ("seed", "setstate")},
    }
    for name, value in replaced.items():
        undos.add(replace(cls, name, value))
        # The module's own functions were bound before the class was patched.
        undos.add(replace(random, name, getattr(hidden, name)))
    return undos.run


def _gauss(original: Callable[..., Any]) -> Callable[..., Any]:
    def gauss(self: Any, mu: float = 0.0, sigma: float = 1.0) -> Any:
        """Like `random.Random.gauss`; recorded is the standard normal value, so that other parameters still count."""
        world = current_world()
        if world is None or world.owns(self):
            return original(self, mu, sigma)
        value = world.ambient("random.gauss", lambda: original(self, 0.0, 1.0), _caller(sys._getframe(1)))
        return mu + value * sigma

    return gauss


def _drawn(source: str) -> Callable[..., Any]:
    def read(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        world = current_world()
        if world is None:
            return wrapped(*args, **kwargs)
        return world.ambient(_source(source, args), lambda: wrapped(*args, **kwargs), _caller(sys._getframe(1)))

    return read


def _draw(source: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def draw(self: Any, *args: Any) -> Any:
        world = current_world()
        if world is None or world.owns(self):
            return original(self, *args)
        return world.ambient(_source(source, args), lambda: original(self, *args), _caller(sys._getframe(1)))

    draw.__name__ = original.__name__
    draw.__doc__ = original.__doc__
    return draw


def _source(source: str, args: tuple[Any, ...]) -> str:
    """A draw of another width is another source: its values would not fit."""
    return f"{source}/{args[0]}" if args and type(args[0]) is int else source


def _claiming(original: Callable[..., Any]) -> Callable[..., Any]:
    def seed(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        world = current_world()
        if world is not None and (args or kwargs) and (args[:1] != (None,) and kwargs.get("a", 0) is not None):
            world.owns(self, claim=True)
        return result

    seed.__name__ = original.__name__
    seed.__doc__ = original.__doc__
    return seed


def _caller(frame: FrameType) -> FrameType:
    """The frame outside `random` that wanted the draw."""
    while frame.f_code.co_filename == _RANDOM_FILE and frame.f_back is not None:
        frame = frame.f_back
    return frame
