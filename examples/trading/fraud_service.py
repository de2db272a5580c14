"""A small fraud service: `POST /validate` with a trade, and it answers approved, declined or review.

It stands in for a system of another team, so it shares nothing with the package `trading`. Its rules are fixed: what it
decides depends on nothing but the request.

    python fraud_service.py --port 8600
"""

from __future__ import annotations

import argparse
import json
from decimal import Decimal, InvalidOperation
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

AMOUNT_LIMIT = Decimal(500_000)
BLOCKED_USERS = frozenset({"trudy"})
WATCHED_USERS = frozenset({"wendy"})
# Two accounts on which the service itself fails, as its real counterpart does now and then.
CRASHING_USERS = frozenset({"mallory"})
GARBLED_USERS = frozenset({"gary"})

Answer = tuple[int, str, bytes]


def decide(user: str, amount: Decimal, high_value: bool) -> tuple[str, str]:
    """The decision and its reason."""
    if user in BLOCKED_USERS:
        return "declined", "blocked user"
    if amount > AMOUNT_LIMIT:
        return "declined", "amount over the limit"
    if high_value and user in WATCHED_USERS:
        return "review", "high value of a watched user"
    return "approved", "no rule applies"


def answer(body: bytes) -> Answer:
    """Status, content type and body that answer one request."""
    try:
        trade: dict[str, Any] = json.loads(body)
        user, amount, high_value = str(trade["user"]), Decimal(trade["amount"]), trade.get("high_value", False)
    except (ValueError, KeyError, TypeError, InvalidOperation):
        return _json(400, {"error": "a trade is expected"})
    if user in CRASHING_USERS:
        return _json(500, {"error": "internal"})
    if user in GARBLED_USERS:
        return 200, "text/html", b"<html><body>Please log in</body></html>"
    decision, reason = decide(user, amount, high_value is True)
    return _json(200, {"decision": decision, "reason": reason})


def _json(status: int, body: dict[str, str]) -> Answer:
    return status, "application/json", json.dumps(body).encode()


class FraudHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffered, so that head and body leave in one packet and never wait for a delayed acknowledgement.
    wbufsize = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/validate":
            self._send(*answer(body))
        else:
            self._send(*_json(404, {"error": "not found"}))

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class FraudServer(ThreadingHTTPServer):
    """Serves until `shutdown`; with port 0 the system chooses one, see `url`."""

    daemon_threads = True

    def __init__(self, port: int = 0, handler: type[FraudHandler] = FraudHandler) -> None:
        super().__init__(("127.0.0.1", port), handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The fraud service of the trading example.")
    parser.add_argument("--port", type=int, default=8600)
    server = FraudServer(parser.parse_args(argv).port)
    print(f"fraud service listens on {server.url}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
