"""Serving: on standard input and output, or as HTTP on this machine with a token."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..recorders.errors import ConfigurationError
from .server import make_server
from .workspace import Workspace

HOST = "127.0.0.1"

TOKEN_VARIABLE = "PYTEST_RUNTIME_MCP_TOKEN"

SHORTEST_TOKEN = 16
"""Characters of a token that somebody chose: less can be guessed."""


def serve_stdio(root: Path, python: str) -> None:
    """Serve one client on standard input and output, until it closes them."""
    make_server(Workspace(root, python=python)).run("stdio")


def serve_http(root: Path, python: str, port: int) -> None:
    """Serve clients on this machine that have the token, until interrupted; 0 takes a free port."""
    token = token_of(os.environ.get(TOKEN_VARIABLE, ""))
    with socket.create_server((HOST, port)) as listening:
        url = f"http://{HOST}:{listening.getsockname()[1]}/mcp"
        shown = "" if os.environ.get(TOKEN_VARIABLE) else f"\nAuthorization: Bearer {token}"
        print(f"serving {url}{shown}", file=sys.stderr, flush=True)
        config = uvicorn.Config(http_app(Workspace(root, python=python), token), log_level="warning")
        uvicorn.Server(config).run([listening])


def token_of(chosen: str) -> str:
    """The token that clients must send: the chosen or a random one; raises `ConfigurationError` for a short one."""
    if chosen and len(chosen) < SHORTEST_TOKEN:
        raise ConfigurationError(f"{TOKEN_VARIABLE} is too short: it needs {SHORTEST_TOKEN} characters")
    return chosen or secrets.token_urlsafe(24)


def http_app(workspace: Workspace, token: str) -> ASGIApp:
    """The server as an ASGI application: requests without the token, or from a page of another site, are refused."""
    app = make_server(workspace).streamable_http_app(host=HOST, stateless_http=False)
    app.user_middleware.insert(0, Middleware(_Guard, token=token))
    return app


class _Guard:
    """Lets pass what carries the token (RFC 6750, 2.1); compared in constant time."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_known(scope):
            refused = PlainTextResponse(
                "a token is needed: Authorization: Bearer TOKEN\n",
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and secrets.compare_digest(given[0], self._expected)
