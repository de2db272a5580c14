"""The oracle's process: it runs a subject's traffic on one version after another, and writes what
was seen. The recorder has no part in it.

    python driver.py SERVICE|LIBRARY     reads one JSON object per line: folder, package, out, seconds, lines

Each version runs in a fork of this process, which has imported what the versions share, so that a version costs what
its traffic costs. What was seen is a list of texts; with `lines`, the lines that ran are written instead.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from judging import library_observer, service_observer

MEMORY = 2_000_000_000
HUNG = 99

Lines = dict[str, set[int]]
Observe = Callable[[Path, Callable[[], None]], list[str]]
"""Takes the folder and what is to be called between import and traffic."""


def main(kind: str) -> int:
    observe: Observe = service_observer.observe if kind == "SERVICE" else library_observer.observe
    if kind == "SERVICE":
        service_observer.warm()
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps({"status": in_fork(observe, order)}), flush=True)
    return 0


def in_fork(observe: Observe, order: dict[str, Any]) -> int:
    """Exit status of the run, `HUNG` when it did not end in time."""
    child = os.fork()
    if not child:
        try:
            os.setpgid(0, 0)
            silence()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            Path(order["out"]).write_text(json.dumps(run(observe, order)))
            os._exit(0)
        except BaseException as error:  # noqa: BLE001  # a fork must never return into its parent's code
            Path(order["out"]).write_text(json.dumps([f"the run ends with {type(error).__name__}: {error}"]))
            os._exit(1)
    return wait(child, float(order["seconds"]))


def wait(child: int, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return HUNG


def silence() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def run(observe: Observe, order: dict[str, Any]) -> object:
    sys.dont_write_bytecode = True
    folder = Path(order["folder"])
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    if not order["lines"]:
        return observe(folder, lambda: None)
    lines: Lines = {}
    observe(folder, lambda: sys.settrace(tracer(folder / order["package"], lines)))
    sys.settrace(None)
    return {os.path.relpath(file, folder): sorted(found) for file, found in lines.items()}


def tracer(package: Path, lines: Lines) -> Callable[[FrameType, str, object], Any]:
    """A trace function that collects the lines of the package's functions that run."""
    prefix = str(package) + os.sep

    def on_call(frame: FrameType, event: str, arg: object) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(prefix):
            return None
        found = lines.setdefault(file, set())

        def on_line(frame: FrameType, event: str, arg: object) -> Any:
            found.add(frame.f_lineno)
            return on_line

        found.add(frame.f_lineno)
        return on_line

    return on_call


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
