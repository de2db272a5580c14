"""A small payment service: `POST /charges` and `POST /refunds`. It stands in for a system of another team.

python payment_service.py --port 8700
"""

from __future__ import annotations

import argparse
import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

DECLINED = {"mallory": "card_stolen", "broke": "insufficient_funds"}
FAILING = frozenset({"unlucky"})
FAILING_ONCE = frozenset({"wobbly"})
LIMIT = 5_000_00

Answer = tuple[int, dict[str, str]]


class Payments:
    """What was charged; a key that comes again gets the same answer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: set[str] = set()

    def charge(self, key: str, body: dict[str, Any]) -> Answer:
        customer, amount = str(body["customer"]), int(body["amount"])
        with self._lock:
            is_first = key not in self._seen
            self._seen.add(key)
        if customer in FAILING or (customer in FAILING_ONCE and is_first):
            return 503, {"error": "busy"}
        if amount > LIMIT:
            return 402, {"reason": "over_limit"}
        if customer in DECLINED:
            return 402, {"reason": DECLINED[customer]}
        return 201, {"id": f"pay-{hashlib.sha256(key.encode()).hexdigest()[:12]}"}


class PaymentHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffered, so that head and body leave in one packet and never wait for a delayed acknowledgement.
    wbufsize = -1
    payments = Payments()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if self.path == "/charges":
            self._send(*self.payments.charge(self.headers["Idempotency-Key"], body))
        elif self.path == "/refunds":
            self._send(202, {"payment": str(body["payment"])})
        else:
            self._send(404, {"error": "not found"})

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
    parser = argparse.ArgumentParser(description="The payment service of the orders example.")
    parser.add_argument("--port", type=int, default=8700)
    server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args(argv).port), PaymentHandler)
    print(f"payment service listens on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
