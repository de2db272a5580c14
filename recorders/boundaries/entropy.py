"""The entropy boundary: `random`, `uuid`, `secrets` and `os.urandom`.

Everything random in the standard library comes down to four draws: `os.urandom`, the copy of it that `random` holds
(and so `secrets` and `SystemRandom`), and `random()` and `getrandbits()` of a generator. Those are recorded. A
generator that the program seeds itself within a trace is left alone: it repeats by itself.
"""

from __future__ import annotations

import os
import random
import sys
import uuid
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..context import current_world
from ..patching import Undo, Undos, replace, wrap
from .protocol import PLAIN

_RANDOM_FILE = random.__file__
_UUID_FILE = uuid.__file__


def reader_of(frame: FrameType, included: FrameType | None) -> FrameType:
    """The frame that a reading is known by, of the one that read and the innermost included one. A library that draws
    an identifier does so under its own name: one that draws another once in the life of a process, as the number of a
    node, would else take what a call draws."""
    while frame.f_code.co_filename == _UUID_FILE and frame.f_back is not None and frame.f_back is not included:
        frame = frame.f_back
    return frame


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    undos = Undos()
    undos.add(wrap(os, "urandom", _drawn("os.urandom")))
    undos.add(wrap(random, "_urandom", _drawn("os.urandom")))
    for name in ("uuid1", "getnode"):  # they read a clock and the hardware address through C
        undos.add(wrap(uuid, name, _drawn(f"uuid.{name}")))
    for name in ("random", "getrandbits"):
        original = getattr(random.Random, name)
        undos.add(replace(random.Random, name, _draw(f"random.{name}", original)))
        # The module's own functions are methods of a hidden instance, bound before the class was patched.
        undos.add(replace(random, name, getattr(_hidden_instance(), name)))
    # It keeps every second value for the next call, which may come from before the trace.
    undos.add(replace(random.Random, "gauss", _gauss))
    undos.add(replace(random, "gauss", _hidden_instance().gauss))
    for name in ("seed", "setstate"):
        undos.add(replace(random.Random, name, _claiming(getattr(random.Random, name))))
        undos.add(replace(random, name, getattr(_hidden_instance(), name)))
    return undos.run


_real_gauss = random.Random.gauss


def _gauss(self: random.Random, mu: float = 0.0, sigma: float = 1.0) -> float:
    """Like `random.Random.gauss`; recorded is the standard normal value, so that other parameters still count."""
    world = current_world()
    if world is None or world.owns(self):
        return _real_gauss(self, mu, sigma)
    value = world.ambient("random.gauss", lambda: _real_gauss(self, 0.0, 1.0), _caller(sys._getframe(1)))
    return mu + value * sigma


def _hidden_instance() -> random.Random:
    instance: random.Random = random.choice.__self__  # type: ignore[attr-defined]  # a bound method
    return instance


def _drawn(source: str) -> Callable[..., Any]:
    def read(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        world = current_world()
        if world is None:
            return wrapped(*args, **kwargs)
        return world.ambient(_source(source, args), lambda: wrapped(*args, **kwargs), _caller(sys._getframe(1)))

    return read


def _draw(source: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def draw(self: random.Random, *args: Any) -> Any:
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
    def seed(self: random.Random, *args: Any, **kwargs: Any) -> Any:
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


CODEC = PLAIN
