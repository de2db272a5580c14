"""Late parts: things that are loaded and made when they are first asked for, once, whichever thread asks.

Most of the recorder is needed when the first trace is written, and not by a process that writes none. Its thread loads
that then. Each seam is one `Late`, made where the recording is composed.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Late(Generic[T]):
    """Something that is made by the first call."""

    __slots__ = ("_lock", "_made", "_make")

    def __init__(self, make: Callable[[], T]) -> None:
        """`make` imports what it needs; what it raises comes out of the call, and the next call tries again."""
        self._make = make
        self._made: T | None = None
        self._lock = allocate_lock()

    def __call__(self) -> T:
        """What was made."""
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make()
        return self._made

    @property
    def is_made(self) -> bool:
        """Whether it was asked for."""
        return self._made is not None

    def forked(self) -> None:
        """In a forked child: a thread of the parent that was making it is not there."""
        self._lock = allocate_lock()
