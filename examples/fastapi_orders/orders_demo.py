"""An asynchronous service with two workers: record the orders service under traffic, replay that on every change.

    python examples/fastapi_orders/orders_demo.py

Everything is written to a temporary directory. PostgreSQL is used where ORDERS_DATABASE_URL names one
(`postgresql+psycopg://…`, its tables are made again), else SQLite; Redis where `redis-server` is installed, else no
cache. Exits with 0 when each breaking change was found at the function that causes it, and each harmless change, and
the unchanged code, was found to be the same.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
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
    recorded_service,
    run_script,
    say,
    stop,
)

WORKERS = 2
REDIS_SECONDS = 10
BUSY_SECONDS = 60
"""How long a worker may take to start: on a busy machine longer than the five seconds of uvicorn."""


@contextmanager
def redis_server(scratch: Scratch) -> Iterator[str]:
    """The URL of a Redis of the demo's own; empty where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        say("redis-server is not installed: the service runs without its cache")
        yield ""
        return
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(scratch.data)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until_open(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop(process)


def wait_until_open(port: int) -> None:
    deadline = time.monotonic() + REDIS_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise DemoFailed(f"redis-server did not start within {REDIS_SECONDS} s")


def record(scratch: Scratch) -> None:
    with helper_service("payment_service.py", scratch) as payment_url, redis_server(scratch) as redis_url:
        sqlite = f"sqlite+aiosqlite:///{scratch.data / 'orders.db'}?timeout=60"
        environ = {
            **os.environ,
            "ORDERS_DATABASE_URL": os.environ.get("ORDERS_DATABASE_URL", sqlite),
            "ORDERS_PAYMENT_URL": payment_url,
            "ORDERS_REDIS_URL": redis_url,
        }
        say("seeding the database")
        run_script(scratch, environ, "-m", "orders.seed")
        say(f"recording the service as baseline staging, under uvicorn with {WORKERS} workers")
        port = free_port()
        patience = ("--timeout-worker-healthcheck", str(BUSY_SECONDS))
        command = ("-m", "uvicorn", "--workers", str(WORKERS), *patience, "--port", str(port), "orders.web:app")
        with recorded_service(scratch, environ, command, port) as url:
            say("sending the traffic")
            run_script(scratch, environ, "orders_traffic.py", url)
            say("stopping the service")
    forget_data(scratch)


ORDERS = Example(
    folder=FOLDER,
    copied=("orders", "payment_service.py", "orders_traffic.py", "pyproject.toml"),
    record=record,
    goals="Record the orders service, then replay every change.",
)


if __name__ == "__main__":
    raise SystemExit(main(ORDERS))
