"""What a command takes: its CPU with that of all processes below it, and its wall time."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    status: int | None
    """`None` when it had to be ended."""
    output: str
    cpu: float
    """Seconds, user and system, of the process and of those below it that were waited for."""
    wall: float


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str], seconds: float) -> Ran:
    """Run a command; when its time is over, all of its processes are ended.

    The CPU is what is charged to this process for its children meanwhile: only one command may run at a time.
    """
    cpu, wall = cpu_of_children(), time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
        status: int | None = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        status = None
    except BaseException:
        # In a session of its own, it would not hear of the interruption.
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Ran(status, output, cpu_of_children() - cpu, time.monotonic() - wall)


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
