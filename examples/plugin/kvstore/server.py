"""The server: one line a command, one line an answer, every line a JSON document."""

from __future__ import annotations

import json
import socketserver
import threading
from typing import Any


class Server(socketserver.ThreadingTCPServer):
    """Keeps values by key, in memory."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        super().__init__(address, _Handler)
        self.values: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """Where clients connect."""
        host, port = self.server_address[:2]
        return f"kv://{host!s}:{port}"

    def start(self) -> Server:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """Serve no more."""
        self.shutdown()
        self.server_close()

    def answer(self, command: str, key: str, *rest: Any) -> dict[str, Any]:
        """What a command gives."""
        if command == "set":
            self.values[key] = rest[0]
            return {"value": True}
        if command == "get":
            return {"value": self.values.get(key)}
        if command == "add":
            if not isinstance(self.values.get(key, 0), int):
                return {"error": f"{key} is no number"}
            self.values[key] = self.values.get(key, 0) + rest[0]
            return {"value": self.values[key]}
        return {"error": f"unknown command {command}"}


class _Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        for line in self.rfile:
            answer = self.server.answer(*json.loads(line))
            self.wfile.write(json.dumps(answer).encode() + b"\n")
