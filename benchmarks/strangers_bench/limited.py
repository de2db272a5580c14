"""Processes with a limit of time, ended as a group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ISOLATED = Path(__file__).with_name("isolated.py")
KEPT_OUTPUT = 60_000
"""Characters of an output that are kept: the end of a long one says what happened."""


class Done(NamedTuple):
    """A process that ended, or was ended."""

    status: int | None
    """Exit status; `None` when it had to be ended."""
    output: str
    seconds: float
    """Wall time."""


def run(command: Sequence[str], *, folder: Path, environ: Mapping[str, str], seconds: float) -> Done:
    """Run a command with its output in one file; whatever is left of its process group is killed at the end."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as stream:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        seconds = time.monotonic() - started
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - KEPT_OUTPUT))
        return Done(status, stream.read().decode(errors="replace"), seconds)


def isolated(python: Path, command: Sequence[str]) -> list[str]:
    """The command without a network and with a limit of memory, where the system allows that."""
    return [str(python), "-I", str(ISOLATED), *command]


def can_isolate() -> bool:
    """Whether `isolated` keeps a process from the network on this machine."""
    command = [sys.executable, "-I", str(ISOLATED), "--check"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
