"""Background work: each job in a process of its own, which can be watched and cancelled, and ends with the server.

Code under test never runs in the server. The process gets the request on its standard input, which stays open as long
as the server lives, and answers in lines of JSON (see `worker`).
"""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any, Literal, TypeAlias

from .failures import Refused, listed
from .job_process import JobProcess

State: TypeAlias = Literal["running", "done", "failed", "cancelled"]

AT_ONCE = 2
"""Jobs that run at the same time: a replay keeps two cores busy."""

KEPT = 20
"""Jobs whose results stay: an assistant goes back to the last few."""

GRACE = 5.0
"""Seconds that a cancelled process has to end its children and remove its scratch copies."""

NOTES = 20
"""Lines that a job said and that are kept, the last ones."""


class Job:
    """One piece of work in a process of its own."""

    def __init__(self, name: str, kind: str, request: dict[str, Any], python: str) -> None:
        """Start it."""
        self.name = name
        self.kind = kind
        self._request = request
        self.progress = "starting"
        self.notes: list[str] = []
        self.failure = ""
        self.result: Any = None
        self._state: State = "running"
        self._began = time.monotonic()
        self._ended: float | None = None
        self._done = threading.Event()
        self.process = JobProcess(python)
        threading.Thread(target=self._follow, name=f"job {name}", daemon=True).start()

    @property
    def state(self) -> State:
        """Where it is."""
        return self._state

    @property
    def seconds(self) -> float:
        """How long it runs, or ran."""
        return (self._ended or time.monotonic()) - self._began

    def wait(self, seconds: float) -> bool:
        """Wait for its end, at most that many seconds; says whether it has ended."""
        return self._done.wait(seconds)

    def cancel(self) -> None:
        """End it, with everything that it started; returns when it has ended."""
        if self._state == "running":
            self._state = "cancelled"
            self.process.terminate()
            if not self._done.wait(GRACE):
                self.process.kill()
                self._done.wait(GRACE)

    def _follow(self) -> None:
        try:
            for message in self.process.ask({"kind": self.kind, **self._request}):
                self._take(message)
        except (OSError, ValueError) as error:
            self.failure = self.failure or f"the process that judges cannot be talked to: {error}"
            self.process.terminate()
        self._end(self.process.reap())

    def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"progress": str(line)}:
                self.progress = line
            case {"say": str(line)}:
                self.notes = [*self.notes, line][-NOTES:]
            case {"failed": str(why)}:
                self.failure = why
            case {"result": result}:
                self.result = result

    def _end(self, status: int) -> None:
        self._ended = time.monotonic()
        if self._state == "running":
            if self.result is None and not self.failure:
                self.failure = f"the process that judges ended with status {status} and said nothing"
            self._state = "failed" if self.failure else "done"
        self._done.set()


class Jobs:
    """The jobs of one server."""

    def __init__(self, python: str = "") -> None:
        """`python` is the interpreter that has the service's dependencies; empty for this one."""
        self._python = python
        self._numbers = itertools.count(1)
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, kind: str, request: dict[str, Any]) -> Job:
        """Begin a job; raises `Refused` where too many run."""
        with self._lock:
            running = [job.name for job in self._jobs.values() if job.state == "running"]
            if len(running) >= AT_ONCE:
                raise Refused(
                    f"{listed(running)} still run; wait with validation_status, or end one with cancel_validation"
                )
            name = f"{kind}-{next(self._numbers)}"
            job = self._jobs[name] = Job(name, kind, request, self._python)
            for old in [known for known in self._jobs if self._jobs[known].state != "running"][:-KEPT]:
                del self._jobs[old]
        return job

    def job(self, name: str, kind: str = "") -> Job:
        """The job of a name; the last one of its kind where none is named. Raises `Refused`."""
        with self._lock:
            known = [job for job in self._jobs.values() if not kind or job.kind == kind]
        found = next((job for job in known if job.name == name), None) if name else (known[-1] if known else None)
        if found is None:
            there = f"there are: {listed(job.name for job in known)}" if known else "none was begun here"
            raise Refused(f"no such run; {there}. Begin one with validate_change")
        return found

    def close(self) -> None:
        """End all that run."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
