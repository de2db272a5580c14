"""Landlock: files that this process may change, TCP and signals, restricted for good and without privileges.

The calls and their structures are those of landlock(7) and `include/uapi/linux/landlock.h`. What an older kernel does
not restrict is named in the answer (`LIMITS`). Reading stays allowed everywhere, running programs nowhere.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

from .seccomp import Unavailable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _REMOVE_DIR, _REMOVE_FILE = 1 << 0, 1 << 1, 1 << 4, 1 << 5
_MAKE_CHAR, _MAKE_DIR, _MAKE_REG, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM = (1 << bit for bit in range(6, 13))
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FIRST = (
    _EXECUTE | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_CHAR | _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _MAKE_FIFO
    | _MAKE_BLOCK | _MAKE_SYM
)  # fmt: skip
_SINCE = ((1, _FIRST), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV))
"""(ABI, rights over files that are handled since)"""
_BENEATH = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER | _TRUNCATE
"""What may be done below a folder that may be written."""
_TO_FILE = _WRITE_FILE | _TRUNCATE
_NET_ALL, _SCOPE_ALL = 0b11, 0b11  # bind and connect TCP; abstract Unix sockets and signals

LIMITS = (
    (3, "truncating files through a descriptor that only reads", "6.2"),
    (6, "signals to other processes", "6.12"),
)
"""(ABI, what is not restricted before it, the Linux that has it)"""

_libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None


def abi() -> int:
    """The version of the kernel's Landlock, 0 where there is none."""
    return max(_call(_CREATE_RULESET, None, 0, _VERSION_FLAG), 0)


def restrict(folders: Iterable[str], files: Iterable[str], version: int) -> None:
    """From here on this thread, and whatever it starts, may change files below `folders` and write to `files` only.

    `version` is that of the kernel (`abi`). Privileges are given up before. Raises `Unavailable`.
    """
    handled = sum(rights for since, rights in _SINCE if since <= version)
    net, scope = _NET_ALL if version >= 4 else 0, _SCOPE_ALL if version >= 6 else 0
    attributes = struct.pack("=QQQ", handled, net, scope)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _call(_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        raise Unavailable(f"the kernel makes no Landlock ruleset ({os.strerror(ctypes.get_errno())})")
    try:
        for path in folders:
            _allow(ruleset, path, _BENEATH & handled)
        for path in files:
            _allow(ruleset, path, _TO_FILE & handled)
        if _call(_RESTRICT_SELF, ruleset, 0) != 0:
            raise Unavailable(f"the kernel does not apply Landlock ({os.strerror(ctypes.get_errno())})")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0) != 0:
            raise Unavailable(f"Landlock takes no rule for {path} ({os.strerror(ctypes.get_errno())})")
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    if _libc is None or not hasattr(_libc, "syscall"):
        return -1
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    answer: int = _libc.syscall(ctypes.c_long(number), *given)
    return answer
