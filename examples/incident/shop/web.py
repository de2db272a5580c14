"""The service: `POST /trades` with a trade as JSON, `GET /customers`."""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

from shop.customers import database, listing
from shop.trading import place

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


DATABASE = database()


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    if environ["PATH_INFO"] == "/customers":
        start_response(f"{HTTPStatus.OK.value} OK", [("Content-Type", "application/json")])
        return [json.dumps(listing(DATABASE)).encode()]
    size = int(environ.get("CONTENT_LENGTH") or 0)
    asked = json.loads(environ["wsgi.input"].read(size) or "{}")
    answer = json.dumps(place(asked["customer"], asked["amount"], asked["currency"])).encode()
    start_response(f"{HTTPStatus.OK.value} OK", [("Content-Type", "application/json")])
    return [answer]


if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), app, handler_class=Quiet) as server:
        server.serve_forever()
