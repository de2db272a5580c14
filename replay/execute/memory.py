"""Memory that a process may take: what asks for more gets `MemoryError`, and no other process pays for it.

Counted is what only this process can write to (`RLIMIT_DATA`, setrlimit(2)): address space that is reserved and not
used, as allocators and interpreters do, costs nothing.
"""

from __future__ import annotations

import os
import sys

REPLAY = 4 << 30
"""Bytes that a replay may take beyond what is loaded, on a machine that has twice as many."""


def physical() -> int:
    """Bytes that the machine has; 0 where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


def for_replay() -> int:
    """Bytes that a replay may take beyond what is loaded; 0 for no limit."""
    return min(REPLAY, physical() // 2)


def limit_memory(beyond: int) -> None:
    """From here on this process may take no more than it has and `beyond` bytes; 0 changes nothing. Where the system
    cannot say what it has, there is no limit."""
    if sys.platform != "linux" or not beyond:
        return
    import resource

    limit = _now() + beyond
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def keep_no_core() -> None:
    """Let a crash write no image of this process: it would be as large, and lie where nobody looks."""
    if sys.platform == "win32":
        return
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _now() -> int:
    """Bytes of data that this process has (`VmData`, proc_pid_status(5))."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        line = next((line for line in status if line.startswith("VmData:")), "VmData: 0 kB")
    return int(line.split()[1]) * 1024


def is_out_of_memory(raised: str) -> bool:
    """Whether the class of an exception, as value trees name it, says that there was no memory left."""
    return raised == "builtins:MemoryError"


def shown(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / (1 << 30):.1f} GiB" if size >= 1 << 30 else f"{size >> 20} MiB"
