"""How a server is started, waited for and ended; and where its program is."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

START_LIMIT = 60.0
"""Seconds until a server must answer, on a busy machine of two cores."""

FOLDERS = ("/usr/sbin", "/usr/local/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin")
"""Where Debian puts programs of servers that are not on everybody's path."""

FIRST_PORT, PORTS = 10_000, 20_000
"""Where free ports are looked for."""

_ports = itertools.count()


def program(name: str, package: str) -> str:
    """The path of a server's program. Where it is missing, the test is skipped, and says how to get it."""
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(FOLDERS))
    if found is None:
        pytest.skip(f"{name} is not installed: `apt-get install --no-install-recommends {package}`, or `.ci/servers`")
    return found


def free_port() -> int:
    """A TCP port of the loopback interface that is free now, and that the system gives to no connection meanwhile: it
    draws those from 32,768 on. Each process begins somewhere else."""
    while True:
        number = FIRST_PORT + (os.getpid() * 101 + next(_ports)) % PORTS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", number))
            return number


def unprivileged(user: str) -> list[str]:
    """What a command starts with where this process is the superuser, as whom databases refuse to run."""
    if os.getuid() != 0:
        return []
    try:
        pwd.getpwnam(user)
    except KeyError:
        user = "nobody"
    return ["setpriv", f"--reuid={user}", "--clear-groups", "--"]


@contextlib.contextmanager
def folder_for(user: str) -> Iterator[Path]:
    """A folder that a user can come to and owns, where this process may say so; it is gone afterwards.

    Below pytest's own folder nobody else comes: pytest closes it for others each time it starts.
    """
    with tempfile.TemporaryDirectory(prefix="server-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        if os.getuid() == 0:
            try:
                entry = pwd.getpwnam(user)
            except KeyError:
                entry = pwd.getpwnam("nobody")
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        yield folder


@contextlib.contextmanager
def running(
    command: Sequence[str], answers: Callable[[], bool], log: Path, *, ending: int = signal.SIGTERM
) -> Iterator[None]:
    """A server that runs meanwhile, from when it answers; raises `RuntimeError` with its last words if it does not."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd="/")
    try:
        limit = time.monotonic() + START_LIMIT
        while not answers():
            if process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(ending)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
