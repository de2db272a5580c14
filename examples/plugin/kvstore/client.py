"""The client: a connection, and a method for each command."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit


class KeyValueError(Exception):
    """The server refused a command."""


class Client:
    """A connection to a server, made at the first command."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Any = None

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        self.execute("set", key, value)

    def get(self, key: str) -> Any:
        """The value of a key, or `None`."""
        return self.execute("get", key)

    def add(self, key: str, number: int) -> int:
        """Add to a number, which is 0 at first; the sum."""
        total: int = self.execute("add", key, number)
        return total

    def execute(self, command: str, key: str, *rest: Any) -> Any:
        """Send a command; what the server answers. Raises `KeyValueError` and `OSError`."""
        if self._connection is None:
            place = urlsplit(self.url)
            self._connection = socket.create_connection((place.hostname, place.port)).makefile("rwb")
        self._connection.write(json.dumps([command, key, *rest]).encode() + b"\n")
        self._connection.flush()
        answer = json.loads(self._connection.readline())
        if "error" in answer:
            raise KeyValueError(answer["error"])
        return answer["value"]
