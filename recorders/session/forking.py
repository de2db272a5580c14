"""What happens to recordings where the process forks.

Before a fork the recorder has no thread and holds no connection. In the child it is asleep: the first run of an entry
wakes it (`Recording.wake`), so a child that never runs included code costs nothing more than this, and a
thread that looks for probes.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forked(Protocol):
    """What is to know of forks."""

    def pause(self) -> None:
        """The process is about to fork."""

    def sleep(self) -> None:
        """This is the child."""


class Forking:
    """Tells of forks. Hooks of `os.register_at_fork` stay for good: one for all."""

    def __init__(self) -> None:
        self._told: weakref.WeakSet[Forked] = weakref.WeakSet()
        self._is_watching = False

    def watch(self, told: Forked) -> None:
        """From now on."""
        self._told.add(told)
        if not self._is_watching and hasattr(os, "register_at_fork"):
            self._is_watching = True
            os.register_at_fork(before=self._before, after_in_child=self._in_child)

    def _before(self) -> None:
        for told in list(self._told):
            told.pause()

    def _in_child(self) -> None:
        for told in list(self._told):
            told.sleep()


forking = Forking()
