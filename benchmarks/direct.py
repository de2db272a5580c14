"""Calls the WSGI application without a server: a line `ROUTE COUNT` on stdin, a line of CPU seconds on stdout.

`overhead.py` starts this as the process to measure, with and without the recorder. With `ROUTE COUNT rest` the seconds
go on until the process is at rest again.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from typing import Any

import cpu
import inputs
from benchservice.web import app

EXPECTED = ("200", "201", "409")


def environ_of(request: inputs.Request) -> dict[str, Any]:
    """What a server makes of the request; the body still as bytes."""
    path, _, query = request.target.partition("?")
    body = request.body or b""
    headers = {name.upper().replace("-", "_"): value for name, value in request.headers.items()}
    content_type = headers.pop("CONTENT_TYPE", None)
    return {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        **{f"HTTP_{name}": value for name, value in headers.items()},
        **({"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body))} if content_type else {}),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def start_response(status: str, headers: object, exc_info: object = None) -> Callable[[bytes], object]:
    if not status.startswith(EXPECTED):
        raise RuntimeError(f"the service answered {status}")
    return lambda data: None


def send(environs: Iterable[dict[str, Any]]) -> None:
    for template in environs:
        environ = {**template, "wsgi.input": io.BytesIO(template["wsgi.input"])}
        body = app(environ, start_response)
        for _chunk in body:
            pass
        if hasattr(body, "close"):
            body.close()


def main() -> int:
    environs = {route: cycle([environ_of(one) for one in requests]) for route, requests in inputs.ROUTES.items()}
    print("ready", flush=True)
    for line in sys.stdin:
        route, count, *rest = line.split()
        before = time.process_time()
        send(islice(environs[route], int(count)))
        after = cpu.at_rest(time.process_time) if rest else time.process_time()
        print(after - before, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
