"""A service with pages, commands and a queue: record the library in all its processes, replay that on every change.

    python examples/django_library/library_demo.py

Recorded into one baseline: a Celery worker, two management commands that are run some times, and the pages under
gunicorn with two workers. Everything is written to a temporary directory; the queue is a folder in it. Exits with 0
when each breaking change was found at the function that causes it, and each harmless change, and the unchanged code,
was found to be the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.append(str(FOLDER.parent))  # for what the examples share

from demonstration import (  # noqa: E402
    DemoFailed,
    Example,
    Scratch,
    forget_data,
    free_port,
    helper_service,
    main,
    recorded,
    recorded_service,
    run_script,
    say,
    stop,
)

WORKERS = 2
QUEUE_SECONDS = 60
COMMANDS = {
    "send_reminders --dry-run": 0,
    "send_reminders": 0,
    "send_reminders --days 20": 0,
    "send_reminders --days=-1": 1,
    "loan_report 2020-01-01": 0,
    "loan_report 2020-01-01 --top 1": 0,
    "loan_report someday": 2,
}
"""Command line → exit status."""
LETTERS = 6
"""Reminders that these commands leave to the worker."""


@contextmanager
def worker(scratch: Scratch, environ: Mapping[str, str]) -> Iterator[Path]:
    """A Celery worker under the recorder, by its log; it is stopped in order."""
    log = scratch.root / "worker.log"
    command = recorded(("-m", "celery", "-A", "library_site", "worker", "--pool", "solo", "--loglevel", "info"))
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=scratch.service, env=environ, stdout=stream, stderr=stream)
    try:
        wait_for(log, " ready.", 1)
        yield log
    finally:
        stop(process)


def wait_for(log: Path, text: str, count: int) -> None:
    deadline = time.monotonic() + QUEUE_SECONDS
    while log.read_text(errors="replace").count(text) < count:
        if time.monotonic() > deadline:
            raise DemoFailed(f"the worker did not say {text!r} {count} times within {QUEUE_SECONDS} s")
        time.sleep(0.1)


def run_commands(scratch: Scratch, environ: Mapping[str, str]) -> None:
    for line, status in COMMANDS.items():
        with scratch.log.open("ab") as log:
            command = recorded(("manage.py", *line.split()))
            done = subprocess.run(command, cwd=scratch.service, env=environ, stdout=log, stderr=log, check=False)
        if done.returncode != status:
            raise DemoFailed(f"manage.py {line} ended with {done.returncode}")


def record(scratch: Scratch) -> None:
    for folder in ("queue", "control"):
        (scratch.data / folder).mkdir()
    with helper_service("mail_gateway.py", scratch) as gateway:
        environ = {**os.environ, "LIBRARY_DATA": str(scratch.data), "LIBRARY_MAIL_GATEWAY": gateway}
        say("filling the database")
        run_script(scratch, environ, "manage.py", "migrate", "--verbosity", "0")
        run_script(scratch, environ, "manage.py", "fill_library")
        say(f"recording a worker and {len(COMMANDS)} commands as baseline staging")
        with worker(scratch, environ) as log:
            run_commands(scratch, environ)
            wait_for(log, "succeeded in", LETTERS)
        say(f"recording the pages, under gunicorn with {WORKERS} workers")
        port = free_port()
        bind = f"127.0.0.1:{port}"
        command = ("-m", "gunicorn", "--workers", str(WORKERS), "--bind", bind, "library_site.wsgi")
        with recorded_service(scratch, environ, command, port, "/") as url:
            say("sending the traffic")
            run_script(scratch, environ, "library_traffic.py", url)
            say("stopping the service")
    forget_data(scratch)


LIBRARY = Example(
    folder=FOLDER,
    copied=("manage.py", "library", "library_site", "mail_gateway.py", "library_traffic.py", "pyproject.toml"),
    record=record,
    goals="Record the library, then replay every change.",
)


if __name__ == "__main__":
    raise SystemExit(main(LIBRARY))
