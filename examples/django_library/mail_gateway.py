"""A small mail gateway: `POST /letters`. It stands in for a system of the town.

python mail_gateway.py --port 8800
"""

from __future__ import annotations

import argparse
import itertools
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

BUSY_FOR = "bob@"
"""Letters to whom it takes at the second attempt."""


class Letters:
    """What was taken; numbers are given in the order of arrival."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._refused: set[tuple[str, str]] = set()
        self._lock = Lock()

    def take(self, to: str, text: str) -> int | None:
        """The number of a letter; `None` where the gateway is busy."""
        with self._lock:
            if to.startswith(BUSY_FOR) and (to, text) not in self._refused:
                self._refused.add((to, text))
                return None
            return next(self._numbers)


class GatewayHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffered, so that head and body leave in one packet and never wait for a delayed acknowledgement.
    wbufsize = -1
    letters = Letters()

    def do_POST(self) -> None:
        letter: dict[str, Any] = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        number = self.letters.take(str(letter["to"]), str(letter["text"]))
        if number is None:
            self._send(503, {"error": "busy"})
        else:
            self._send(202, {"number": f"L{number:05}"})

    def _send(self, status: int, body: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The mail gateway of the library example.")
    parser.add_argument("--port", type=int, default=8800)
    server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args(argv).port), GatewayHandler)
    print(f"mail gateway listens on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
