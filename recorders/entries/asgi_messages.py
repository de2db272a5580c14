"""Messages of an ASGI request (ASGI specification, "HTTP"), and its scope in the form of an environ (PEP 3333)."""

from __future__ import annotations

from types import FunctionType
from typing import Any, TypeAlias

from ..boundaries.routes import route_guess
from ..code_flags import CO_COROUTINE
from .wsgi_routes import QUERY_NAMES, django_route

AsgiScope: TypeAlias = dict[str, Any]

PARTS = "asgi.parts"
"""Sizes in bytes of the parts in which the body of a request came, where it came in several: the application can see
them."""

_SERVERS = frozenset({"uvicorn", "hypercorn", "granian", "daphne"})
_PLAIN = frozenset({"content-type", "content-length"})


def is_application(value: Any) -> bool:
    """Whether a value is called as ASGI 3 has it, rather than a factory, a WSGI application, or one of ASGI 2."""
    if isinstance(value, FunctionType):
        return _awaits(value, 3)
    holders = (vars(base) for base in type(value).__mro__)
    called = next((holder["__call__"] for holder in holders if "__call__" in holder), None)
    return isinstance(called, FunctionType) and _awaits(called, 4)


def _awaits(function: FunctionType, arguments: int) -> bool:
    """Whether a function is a coroutine function of so many arguments."""
    code = function.__code__
    return bool(code.co_flags & CO_COROUTINE) and code.co_argcount == arguments


def environ_of(scope: AsgiScope) -> dict[str, str]:
    """A request as an environ has it. Headers of one name are joined (RFC 9110, section 5.3; RFC 6265, section 5.4)."""
    root = _text(scope.get("root_path"))
    path = _text(scope.get("path"))
    environ = {
        "REQUEST_METHOD": _text(scope.get("method")) or "GET",
        "SCRIPT_NAME": _as_bytes_are(root),
        "PATH_INFO": _as_bytes_are(path.removeprefix(root) if root and path.startswith(root) else path),
        "QUERY_STRING": _text(scope.get("query_string")),
        "SERVER_PROTOCOL": f"HTTP/{_text(scope.get('http_version')) or '1.1'}",
        "wsgi.url_scheme": _text(scope.get("scheme")) or "http",
    }
    raw = scope.get("raw_path")
    if type(raw) is bytes:
        environ["RAW_URI"] = raw.decode("latin-1")
    for names, pair in ((("SERVER_NAME", "SERVER_PORT"), "server"), (("REMOTE_ADDR", "REMOTE_PORT"), "client")):
        given = scope.get(pair)
        if isinstance(given, (tuple, list)):
            environ.update((name, str(part)) for name, part in zip(names, given, strict=False) if part is not None)
    for raw_name, raw_value in scope.get("headers") or ():
        name, value = _text(raw_name).lower(), _text(raw_value)
        key = name.upper().replace("-", "_")
        key = key if name in _PLAIN else f"HTTP_{key}"
        joint = "; " if name == "cookie" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    return environ


def sampling_key(scope: AsgiScope) -> tuple[Any, ...]:
    """What distinguishes requests before they are answered: method, route, kind of body, names in the query."""
    query = _text(scope.get("query_string"))
    names = sorted({part.partition("=")[0] for part in query.split("&")})[:QUERY_NAMES] if query else ()
    kind = next((_text(value) for name, value in scope.get("headers") or () if name == b"content-type"), "")
    return "asgi", scope.get("method"), route_guess(_text(scope.get("path"))), kind.partition(";")[0], *names


def is_served(receive: Any) -> bool:
    """Whether a server reads the request, from a client at the other end of a connection; `receive` is its function."""
    module = getattr(receive, "__module__", "")
    return isinstance(module, str) and module.partition(".")[0] in _SERVERS


def label_of(scope: AsgiScope, environ: dict[str, str]) -> tuple[str, str]:
    """(entry name, module of its handler), as the framework knows them."""
    method = environ["REQUEST_METHOD"]
    found = django_route(scope) or _starlette_route(scope, environ)
    if found is not None:
        return f"{method} {found[0]}", found[1]
    return f"{method} {route_guess(environ['SCRIPT_NAME'] + environ['PATH_INFO']) or '/'}", ""


def _starlette_route(scope: AsgiScope, environ: dict[str, str]) -> tuple[str, str] | None:
    """The route that a router of Starlette left in the scope, below the applications that are mounted around it."""
    if "router" not in scope and "endpoint" not in scope:
        return None
    endpoint, route = scope.get("endpoint"), scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    if endpoint is None:
        return "<no route>", ""
    module = getattr(endpoint, "__module__", "")
    if not isinstance(path, str):
        return None
    mounted = _text(scope.get("root_path")).removeprefix(environ["SCRIPT_NAME"])
    return f"{mounted}{path}", module if isinstance(module, str) else ""


def status_of(message: dict[str, Any]) -> str:
    """The status of the message that starts a response: a number, whose words each server chooses."""
    return str(message.get("status"))


def headers_of(message: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers of the message that starts a response."""
    return tuple((_text(name), _text(value)) for name, value in message.get("headers") or ())


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    return value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else ""


def _as_bytes_are(text: str) -> str:
    """As PEP 3333 has it: the bytes of a path, each as a character."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
