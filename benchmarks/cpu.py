"""CPU time of a process, read when it is at rest, so that the recorder's own thread counts as much as the requests."""

from __future__ import annotations

import time
from collections.abc import Callable

REST_SECONDS = 0.15
"""Longer than a round of the recorder's thread."""
REST_CPU = 0.003
"""CPU seconds within `REST_SECONDS` below which a process does nothing more."""


def of_process(pid: int) -> float:
    """CPU seconds of another process, all its threads, user and system.

    The clock's number is what clock_getcpuclockid(3) makes of a process id on Linux.
    """
    return time.clock_gettime((~pid << 3) | 2)


def at_rest(read: Callable[[], float]) -> float:
    """CPU seconds once the process does nothing more."""
    before = read()
    while True:
        time.sleep(REST_SECONDS)
        now = read()
        if now - before < REST_CPU:
            return now
        before = now
