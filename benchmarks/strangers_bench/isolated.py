"""Runs a command without a network: `python -I isolated.py COMMAND …`; `--check` asks whether that works here.

The process moves into a network namespace of its own (`unshare(2)`), where only the loopback device is up
(`netdevice(7)`). Without the right to do so it first takes a user namespace (`user_namespaces(7)`). Needs CPython 3.12
for `os.unshare`, and nothing but the standard library: it is run by the interpreter of the package that is measured.
"""

from __future__ import annotations

import fcntl
import os
import resource
import socket
import struct
import sys
from pathlib import Path

SET_INTERFACE_FLAGS = 0x8914
"""`SIOCSIFFLAGS`."""
INTERFACE_UP = 0x1
MEMORY = 6_000_000_000
"""Bytes of address space: a mutant that fills the memory ends by itself, and nothing else does."""


def cut_network() -> bool:
    """Leave the network; whether that worked."""
    unshare = getattr(os, "unshare", None)
    if unshare is None:
        return False
    user, group = os.getuid(), os.getgid()
    try:
        unshare(os.CLONE_NEWNET)  # type: ignore[attr-defined, unused-ignore]  # Linux, CPython 3.12
    except OSError:
        try:
            unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)  # type: ignore[attr-defined, unused-ignore]  # likewise
        except OSError:
            return False
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        fcntl.ioctl(device, SET_INTERFACE_FLAGS, struct.pack("16sh14x", b"lo", INTERFACE_UP))
    return True


def main(command: list[str]) -> int:
    cut = cut_network()
    if command == ["--check"]:
        return 0 if cut else 1
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.execvp(command[0], command)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
