"""Semaphores of `multiprocessing` in a process that starts no other: real ones lie in `/dev/shm`, where files of others
lie too, and the wall lets nobody write there. A module that makes a lock at import works as it does elsewhere."""

from __future__ import annotations

import importlib
import itertools
from threading import Condition, get_ident
from typing import Any

_RECURSIVE = 0
_numbers = itertools.count(1)


class SemLock:
    """Stands for `_multiprocessing.SemLock`, between the threads of this process."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool = True) -> None:
        self.kind = kind
        self.maxvalue = maxvalue
        self.name = None if unlink else name
        self.handle = next(_numbers)
        self._value = value
        self._changed = Condition()
        self._holder = 0
        self._times = 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it; whether that was possible in time."""
        with self._changed:
            if self.kind == _RECURSIVE and self._is_mine():
                self._times += 1
                return True
            if not block:
                timeout = 0.0
            if not self._changed.wait_for(lambda: self._value > 0, timeout):
                return False
            self._value -= 1
            self._holder, self._times = get_ident(), self._times + 1
            return True

    def release(self) -> None:
        """Give it back; raises as the real one does."""
        with self._changed:
            if self.kind == _RECURSIVE:
                if not self._is_mine():
                    raise AssertionError("attempt to release recursive lock not owned by thread")
                if self._times > 1:
                    self._times -= 1
                    return
            elif self._value >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._value += 1
            self._times -= 1
            self._changed.notify()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_error: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._times

    def _is_mine(self) -> bool:
        return self._times > 0 and self._holder == get_ident()

    def _get_value(self) -> int:
        return self._value

    def _is_zero(self) -> bool:
        return self._value == 0

    def _after_fork(self) -> None:
        self._times = 0

    @classmethod
    def _rebuild(cls, *state: Any) -> SemLock:
        raise RuntimeError("a replay starts no process that could share a semaphore")


def use_own_semaphores() -> None:
    """From here on `multiprocessing` makes these. Nothing where Python has none."""
    try:
        module: Any = importlib.import_module("_multiprocessing")
    except ImportError:
        return
    if hasattr(module, "SemLock"):
        module.SemLock = SemLock
        module.sem_unlink = lambda name: None
