"""Calls the application as `direct.py` does, with the upstream answered in memory: what an entry takes by itself.

`verdict.py` starts this beside `replayed.py`: a line `ROUTE COUNT` on stdin, a line of CPU seconds on stdout. All of
the code between the service and the socket runs; the socket alone is none.
"""

from __future__ import annotations

import http.client
import io
import json

import direct


class Answering:
    """Stands for a connected socket: what was sent to the upstream is answered as it answers."""

    def __init__(self) -> None:
        self._sent = b""

    def sendall(self, data: bytes) -> None:
        self._sent += data

    def makefile(self, _mode: str) -> io.BytesIO:
        cents = int(json.loads(self._sent.partition(b"\r\n\r\n")[2])["cents"])
        self._sent = b""
        body = json.dumps({"percent": 19 if cents > 5_000 else 7, "review": cents > 60_000}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return io.BytesIO(head.encode() + body)

    def settimeout(self, _seconds: float) -> None:
        pass

    def close(self) -> None:
        pass


def connect(self: http.client.HTTPConnection) -> None:
    self.sock = Answering()  # as much of a socket as the client uses


if __name__ == "__main__":
    import urllib3.connection

    http.client.HTTPConnection.connect = connect  # type: ignore[method-assign]  # of this process alone
    urllib3.connection.HTTPConnection.connect = connect  # type: ignore[method-assign]
    urllib3.connection.HTTPConnection.is_connected = True  # type: ignore[assignment, method-assign]
    raise SystemExit(direct.main())
