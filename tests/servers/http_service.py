"""A service over HTTP for tests: it answers as its paths say."""

from __future__ import annotations

import gzip
import http.server
import json
import socket
import struct
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), status, Content_Type="application/json", X_Served_By="test")

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(5):
            piece = b"piece %d;" % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            time.sleep(0.01)
        self.wfile.write(b"0\r\n\r\n")

    def _half(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half of it")
        self.wfile.flush()

    def _cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.flush()
        time.sleep(0.02)
        self.close_connection = True

    def _nonsense(self) -> None:
        self.wfile.write(b"HTTP/1.1 what is this\r\n\r\n")
        self.wfile.flush()
        self.close_connection = True

    def _reset(self) -> None:
        self._half()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def do_GET(self) -> None:
        """By path."""
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        match url.path:
            case "/price":
                self._json({"sku": query["sku"][0], "cents": 100 * int(query["sku"][0]), "token": "tok_live_9a8b7c6d"})
            case "/echo":
                time.sleep(int(query["n"][0]) % 7 / 500)
                self._json({"n": int(query["n"][0])})
            case "/gzip":
                self._send(gzip.compress(b"pressed " * 100, mtime=0), Content_Encoding="gzip")
            case "/moved":
                self._send(b"", 302, Location="/price?sku=3")
            case "/chunked":
                self._chunked()
            case "/reset":
                self._reset()
            case "/cut":
                self._cut()
            case "/nonsense":
                self._nonsense()
            case "/stuck":
                self._half()
                time.sleep(1)
                self.close_connection = True
            case "/slow":
                time.sleep(1)
                self._json({})
            case _:
                self._json({"error": "no such thing"}, 404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Say what came."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        given = self.headers.get("Authorization", "")
        self._json({"size": len(body), "body": body.decode("latin-1"), "authorized": given.startswith("Bearer ")}, 201)


class HttpService(http.server.ThreadingHTTPServer):
    """The service, on a free port of the loopback interface."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that were cut on purpose."""
