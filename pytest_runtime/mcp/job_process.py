"""The process of one job: started in a group of its own, talked to in lines of JSON, and waited for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any


class JobProcess:
    """A process that works for the server. Its standard input stays open as long as it is wanted."""

    def __init__(self, python: str) -> None:
        """Start it; `python` is its interpreter, this one where it is empty."""
        self._process = subprocess.Popen(
            [python or sys.executable, "-m", f"{__package__}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self._reaping = threading.Lock()
        self._is_reaped = False

    @property
    def pid(self) -> int:
        """Its id, and that of its group."""
        return self._process.pid

    def ask(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Its answers to a request, until it ends; raises `OSError`, `ValueError`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            yield json.loads(line)

    def terminate(self) -> None:
        """Let it end its own children, and remove its scratch copies."""
        self._signal(os.kill, signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it started."""
        self._signal(os.killpg, signal.SIGKILL)

    def _signal(self, send: Callable[[int, int], None], number: signal.Signals) -> None:
        """To nobody once it was waited for, because its id may be another's then."""
        with self._reaping, suppress(ProcessLookupError):
            if not self._is_reaped:
                send(self._process.pid, number)

    def reap(self) -> int:
        """Wait for its end, and end what it left behind; gives its status."""
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self.kill()
        with self._reaping:
            status, self._is_reaped = self._process.wait(), True
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was not written any more
                    stream.close()
        return status
