"""Wall around a process that runs code under test: what it may do to the world, enforced by the operating system.

Behind it a process reads any file and computes. It changes files in the folders that it was given, and nowhere else; it
connects to nobody, runs no program, and sends signals to nobody but itself and what it forked. The wall holds for code
in C as for Python, for root as for anyone, for threads and for what is forked; it cannot be taken down.

Linux has it by seccomp and Landlock, without privileges. Elsewhere, and where a container forbids them, `raise_wall`
says what is missing, and every report repeats it.
"""

from __future__ import annotations

import contextlib
import ctypes
import grp
import os
import pwd
import signal
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from types import FrameType
from typing import NamedTuple

from . import landlock, seccomp, trap
from .seccomp import Unavailable
from .syscalls import Machine, rules

DEVICES = ("/dev/null", "/dev/full", "/dev/zero")
"""What anyone may write to."""

_KEPT_CAPABILITIES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root reads what root could read; what it writes, Landlock decides."""
_CAPABILITY_VERSION = 0x20080522
_PR_SET_PDEATHSIG = 1
_OWN = 0x7E57ED01
"""Stands for the number of the process in a program that was made for several; no process has it (PID_MAX_LIMIT)."""

Refused = Callable[[str, FrameType | None], None]


class Wall(NamedTuple):
    """What stands around a process."""

    missing: tuple[str, ...] = ()
    """What is not closed off here, each as the end of `… is not closed off`; empty for a whole wall."""
    why: str = ""
    """Why that is so."""
    machine: Machine | None = None
    """`None` where there is no filter of system calls."""
    version: int = 0
    """Of Landlock; 0 where there is none."""
    reporting: bool = False
    """Whether refused system calls are reported."""

    @property
    def described(self) -> str:
        """What is missing, in a line for reports; empty for a whole wall."""
        return f"{', '.join(self.missing)} ({self.why})" if self.missing else ""

    @property
    def stands(self) -> bool:
        """Whether neither code in C nor anyone else reaches the network, other processes or foreign files."""
        return self.machine is not None and self.version > 0


NO_WALL = Wall(("the network", "other processes", "files"), f"there is no wall on {sys.platform}")


def raise_wall(writable: Sequence[str], refused: Refused) -> Wall:
    """Put up the wall around this process, which may still fork; what stands now.

    `writable` are the folders in which it may change files. `refused` is called, behind the inner wall, after a system
    call was refused, with its name. To be called in the main thread, before any other is started.
    """
    if sys.platform != "linux":
        return NO_WALL
    _look_up_names()
    try:
        seccomp.give_up_privileges()
    except Unavailable as error:
        return NO_WALL._replace(why=str(error))
    _drop_capabilities()
    version, no_landlock = _with_landlock(writable)
    machine, reporting, no_seccomp = _with_seccomp(refused, truncating=version >= 3)
    missing = [what for since, what, _linux in landlock.LIMITS if 0 < version < since]
    needed = [f"Linux {linux} has it" for since, _what, linux in landlock.LIMITS if 0 < version < since][-1:]
    missing += ["the network", "other processes"] if machine is None else []
    missing += ["files"] if not version else []
    missing += [] if reporting or machine is None else ["the line of what code in C is refused"]
    why = "; ".join(filter(None, (no_landlock, no_seccomp, *needed)))
    return Wall(tuple(missing), why, machine, version, reporting)


def _look_up_names() -> None:
    """Look up the names of this user and group once, while it may still be asked for them.

    The C library asks a daemon over a socket before it reads the files, and does not try again for 100 look-ups where
    none answers (glibc, `nscd/nscd-client.h`). Libraries look up the user's name when they are imported.
    """
    for look_up, number in ((pwd.getpwuid, os.getuid()), (grp.getgrgid, os.getgid())):
        with contextlib.suppress(KeyError, OSError):
            look_up(number)


def raise_inner_wall(wall: Wall, writable: Iterable[str]) -> None:
    """Let this process, forked behind a wall, fork no more, signal nobody, and change files in these folders only.

    It ends with the process that forked it. Raises `Unavailable`, which cannot be where the first wall stands.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if wall.version:
        landlock.restrict(writable, _devices(), wall.version)
    if wall.machine is not None:
        _filter(wall.machine, forking=False, reporting=wall.reporting, truncating=wall.version >= 3)


def _with_landlock(writable: Sequence[str]) -> tuple[int, str]:
    """(version, why there is none)"""
    version = landlock.abi()
    if not version:
        return 0, "this kernel, or the container, has no Landlock"
    try:
        landlock.restrict(writable, _devices(), version)
    except Unavailable as error:
        return 0, str(error)
    return version, ""


def _with_seccomp(refused: Refused, *, truncating: bool) -> tuple[Machine | None, bool, str]:
    """(machine, whether refusals are reported, why there is no filter, or why nothing is reported)"""
    found = os.uname().machine
    if found not in seccomp.ARCHITECTURES or sys.maxsize < 2**32:
        return None, False, f"system calls are not known on {found}"
    machine: Machine = "x86_64" if found == "x86_64" else "aarch64"
    reporting, why = True, ""
    try:
        trap.install(machine, refused)
    except (Unavailable, OSError) as error:
        reporting, why = False, str(error)
    try:
        # Not reported while code is loaded: threads of libraries in C block every signal, and would end the process.
        _filter(machine, forking=True, reporting=False, truncating=truncating)
    except Unavailable as error:
        return None, False, str(error)
    _program(machine, forking=False, reporting=reporting, truncating=truncating)  # ready for what is forked
    return machine, reporting, why


def _filter(machine: Machine, *, forking: bool, reporting: bool, truncating: bool) -> None:
    general = _program(machine, forking=forking, reporting=reporting, truncating=truncating)
    own = struct.pack("=I", os.getpid())
    seccomp.install(general.replace(struct.pack("=I", _OWN), own), machine)


@lru_cache  # each forked process has one, which differs by its number alone
def _program(machine: Machine, *, forking: bool, reporting: bool, truncating: bool) -> bytes:
    wanted = rules(own_process=_OWN, forking=forking, truncating=truncating)
    return seccomp.packed(seccomp.program(wanted, machine, reporting=reporting))


def _devices() -> list[str]:
    return [path for path in DEVICES if os.path.exists(path)]


def _drop_capabilities() -> None:
    """Without them root is bound by limits of memory, and by what the kernel asks of anyone. Not root: nothing."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    data = (ctypes.c_uint32 * 6)()
    if libc.capget(header, data) != 0:
        return
    kept = [word & _KEPT_CAPABILITIES if position < 2 else 0 for position, word in enumerate(data)]
    libc.capset(header, (ctypes.c_uint32 * 6)(*kept))
