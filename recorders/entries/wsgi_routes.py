"""What a WSGI request is known by: its route, as frameworks name it, and what distinguishes requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..boundaries.routes import route_guess

if TYPE_CHECKING:
    from .wsgi_streams import Environ

DJANGO_MATCH = "pytest_runtime.django_match"
"""Where Django's match is left in an environ, or in the scope of a request over ASGI."""

QUERY_NAMES = 8
"""Names of a query that distinguish requests; a query without end makes no keys without end of each its own size."""

_KEPT = frozenset(
    {
        *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH"),
        *("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR", "REMOTE_HOST", "REMOTE_PORT"),
        *("REMOTE_USER", "AUTH_TYPE", "REQUEST_URI", "RAW_URI", "wsgi.url_scheme"),
    }
)


def request_of(environ: Environ) -> dict[str, str]:
    """The part of an environ that belongs to the request; a server may mix its own environment in."""
    return {
        key: value for key, value in environ.items() if type(value) is str and (key in _KEPT or key.startswith("HTTP_"))
    }


def is_served(environ: Environ) -> bool:
    """Whether a server made the environ, for a client at the other end of a connection.

    Servers say what they are or where the client's end is (`SERVER_SOFTWARE`, RFC 3875 section 4.1.17; `REMOTE_PORT`);
    the test clients of frameworks, which call the application in their own process, say neither.
    """
    return "SERVER_SOFTWARE" in environ or "REMOTE_PORT" in environ


def sampling_key(environ: Environ) -> tuple[Any, ...]:
    """What distinguishes requests before they are answered: method, route, kind of body, names in the query."""
    query, kind = environ.get("QUERY_STRING"), environ.get("CONTENT_TYPE")
    names = sorted({part.partition("=")[0] for part in str(query).split("&")})[:QUERY_NAMES] if query else ()
    kind = str(kind).partition(";")[0] if kind else ""
    return "wsgi", environ.get("REQUEST_METHOD"), route_guess(str(environ.get("PATH_INFO", ""))), kind, *names


def label_of(environ: Environ, request: dict[str, str]) -> tuple[str, str]:
    """(entry name, module of its handler), as the framework knows them; read raw, without running its code."""
    method = request.get("REQUEST_METHOD", "GET")
    for find in (_flask_route, django_route):
        found = find(environ)
        if found is not None:
            route, module = found
            return f"{method} {route}", module
    path = request.get("SCRIPT_NAME", "") + request.get("PATH_INFO", "")
    return f"{method} {route_guess(path) or '/'}", ""


def _flask_route(environ: Environ) -> tuple[str, str] | None:
    handled = environ.get("werkzeug.request")
    state = getattr(handled, "__dict__", {})
    rule = state.get("url_rule")
    if rule is None:
        return ("<no route>", "") if "routing_exception" in state and state.get("url_rule") is None else None
    route = getattr(rule, "rule", None)
    return (str(route), "") if route is not None else None


def django_route(environ: Environ) -> tuple[str, str] | None:
    """(route, module of its handler) of a request that Django answers."""
    match = environ.get(DJANGO_MATCH)
    if match is None:
        return None
    module = getattr(match.func, "__module__", "") or ""
    return "/" + str(match.route), str(module)


def wrap_resolve(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """A wrapper of Django's `BaseHandler.resolve_request`: it leaves the match where `label_of` finds it."""
    match = wrapped(*args, **kwargs)
    request = args[0] if args else None
    environ = getattr(request, "environ", None) or getattr(request, "scope", None)  # of a request over ASGI
    if isinstance(environ, dict):
        environ[DJANGO_MATCH] = match
    return match
