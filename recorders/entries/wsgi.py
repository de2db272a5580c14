"""WSGI entries (PEP 3333): an HTTP request, from its environ to the last byte of its body.

Nothing about the answer changes: a list stays the same list, a stream is passed on chunk by chunk as it is asked
for, and what the application reads of the request is teed as it is read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, TypeAlias

from .. import context
from ..boundaries.http import route_guess
from ..boundaries.import_hooks import ImportHooks
from ..capture.thaw import thaw
from ..model.inputs import HttpInput, Input
from ..model.trace import Entry, Trace
from ..model.value_tree import BytesNode, DictNode, Tree
from ..options import RecordOptions
from ..patching import Undo, nothing, replace, wrap
from ..privacy.redact import Redactor
from ..session.session import LiveTrace, Session
from .application import locate_application

Environ: TypeAlias = dict[str, Any]
Application: TypeAlias = Callable[..., Any]

BODY_LIMIT = 4_000_000
"""Bytes of a request or response body that are kept."""

QUERY_NAMES = 8
"""Names of a query that tell requests apart; a query without end makes no keys without end of each its own size."""

_PATHS = frozenset({"PATH_INFO", "SCRIPT_NAME", "REQUEST_URI", "RAW_URI"})
_PART_LENGTH = 8
"""Characters of a part of a path that is looked for in the rest of a request."""

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


def _sampling_key(environ: Environ) -> tuple[Any, ...]:
    """What tells requests apart before they are answered: method, route, kind of body, names in the query."""
    query, kind = environ.get("QUERY_STRING"), environ.get("CONTENT_TYPE")
    names = sorted({part.partition("=")[0] for part in str(query).split("&")})[:QUERY_NAMES] if query else ()
    kind = str(kind).partition(";")[0] if kind else ""
    return "wsgi", environ.get("REQUEST_METHOD"), route_guess(str(environ.get("PATH_INFO", ""))), kind, *names


class WsgiRecorder:
    """Begins a trace where a WSGI application is asked."""

    kind = "wsgi"
    hosts = False

    def __init__(self, session: Session, options: RecordOptions) -> None:
        self._session = session
        self._is_wanted = self.kind in options.entries
        self._app = options.app
        self._seen: object = None
        """The application that answered last."""

    def install(self, hooks: ImportHooks) -> Undo:
        """Find applications as the libraries that make or serve them are imported."""
        if self._is_wanted:
            hooks.when_imported("flask.app", lambda module: self.watch_class(module.Flask))
            hooks.when_imported("wsgiref.handlers", lambda module: wrap(module.BaseHandler, "run", self._run))
            hooks.when_imported("django.core.handlers.wsgi", lambda module: self.watch_class(module.WSGIHandler))
            hooks.when_imported("django.core.handlers.base", _watch_routes)
            name, _, attribute = self._app.partition(":")
            if attribute and not attribute.endswith("()"):
                hooks.when_imported(name, lambda module: self._wrap_named(module, attribute))
        return nothing  # what the hooks put in place goes with them

    def saw_module(self, module: ModuleType) -> None:
        """Modules are of no interest."""

    # --- where applications are found ---

    def watch_class(self, cls: type) -> Undo:
        """Record what `cls.__call__(environ, start_response)` answers: of `Flask`, of Django's `WSGIHandler`.

        A plain function in the place of a plain function: this is on the path of every request, sampled or not.
        """
        original = vars(cls)["__call__"]

        @functools.wraps(original)
        def call(application: Any, environ: Environ, start_response: Any) -> Any:
            return self.recorded_call(application, original.__get__(application), environ, start_response)

        return replace(cls, "__call__", call)

    def _wrap_named(self, module: ModuleType, attribute: str) -> Undo:
        """The application that the configuration names, where no framework that is known answers for it."""
        application = vars(module).get(attribute)
        known = ("flask.app", "django.core.handlers.wsgi")
        if application is None or any(base.__module__ in known for base in type(application).__mro__):
            return nothing
        if _positional_arguments(application) != 2:
            return nothing  # a factory
        return wrap(module, attribute, self._call)

    def _call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """A wrapper of an application that a module holds."""
        if len(args) != 2 or kwargs:
            return wrapped(*args, **kwargs)
        return self.recorded_call(wrapped, wrapped, *args)

    def _run(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """A wrapper of `wsgiref.handlers.BaseHandler.run(application)`."""
        if len(args) != 1 or kwargs:
            return wrapped(*args, **kwargs)
        application = args[0]
        return wrapped(lambda environ, start: self.recorded_call(application, application, environ, start))

    # --- requests ---

    def recorded_call(self, application: object, call: Application, environ: Environ, start_response: Any) -> Any:
        """Call a WSGI application as an entry."""
        self._seen = application
        session = self._session
        scope = context.current()
        if scope is not None and not session.hosts(scope):
            return call(environ, start_response)  # inside another entry: a middleware, a mounted application
        trace = session.begin(self, _sampling_key(environ), served=is_served(environ))
        if trace is None:
            token = context.enter(context.UNSAMPLED)
            try:
                return call(environ, start_response)
            finally:
                context.leave(token)
        return _Request(session, trace, call).run(environ, start_response)

    # --- what the collector asks ---

    def encode(self, trace: LiveTrace) -> Input:
        """The request as far as the application read it."""
        environ, body, read_all = trace.input
        names: list[Tree] = [name for name, _value in environ]
        return HttpInput(DictNode(names, [thaw(value) for _name, value in environ]), body, read_all)

    def name(self, trace: LiveTrace, redactor: Redactor | None) -> str:
        """Method and route; of an application without routes, its path without secrets."""
        name = trace.label[0]
        if redactor is None:
            return name
        environ, body, _read_all = trace.input
        beside = [(key, value) for key, value in environ if key not in _PATHS and isinstance(value, str)]
        parts = [part for part in name.split("/") if len(part) >= _PART_LENGTH]
        # Only where a part of the path says what something else in the request says: it may be named there.
        is_said = any(part in value for part in parts for _key, value in beside)
        if is_said or any(part.encode() in body for part in parts):
            given: list[tuple[str, Tree]] = [*beside, ("", BytesNode(body))]
            return redactor.entry_name(name, given)
        return redactor.entry_name(name)

    def describe(self, trace: LiveTrace, name: str) -> Entry:
        """The application that answers it, and the module of its handler."""
        included = self._session.included
        target = self._app or locate_application(self._seen, included.covers)
        first = next(iter(trace.path.codes.values()), None)
        ran = included.modules.get(first.co_filename, "") if first is not None else ""
        return Entry(name, self.kind, trace.label[1] or ran or target.partition(":")[0] or "application", target)

    def stored(self, trace: LiveTrace, stored: Trace) -> None:
        """Nothing is learnt of requests."""


def _watch_routes(module: ModuleType) -> Undo:
    handler: Any = vars(module)["BaseHandler"]
    return wrap(handler, "resolve_request", wrap_resolve)


def _positional_arguments(value: Any) -> int:
    function = value if hasattr(value, "__code__") else vars(type(value)).get("__call__")
    code = getattr(function, "__code__", None)
    count: int = code.co_argcount - (0 if function is value else 1) if code is not None else 2
    return count


class _Request:
    """One sampled request."""

    def __init__(self, session: Session, trace: LiveTrace, application: Application) -> None:
        self._session = session
        self._trace = trace
        self._application = application
        self._status: tuple[str, tuple[tuple[str, str], ...]] | None = None
        self._input: _TeeInput | None = None
        self._request: dict[str, str] = {}
        self._environ: Environ = {}
        self._chunks: list[bytes] = []
        self._size = 0

    def run(self, environ: Environ, start_response: Any) -> Any:
        trace = self._trace
        self._environ = environ
        self._request = request_of(environ)
        if environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ:
            self._input = _TeeInput(environ.get("wsgi.input"))
            environ["wsgi.input"] = self._input

        def start(status: str, headers: Any, *args: Any) -> Any:
            # A framework forgets its route when the request is over; now it still knows.
            trace.label = _label(self._environ, self._request)
            self._status = (status, tuple((str(name), str(value)) for name, value in headers))
            write = start_response(status, headers, *args)
            return self._writing(write) if write is not None else None

        trace.resume()
        try:
            result = self._application(environ, start)
        except BaseException as error:
            trace.pause()
            self._raised(error)
            raise
        trace.pause()
        if type(result) is list or type(result) is tuple:
            for chunk in result:
                self.keep(chunk)
            self.finish()
            return result
        body = _SizedBody if hasattr(type(result), "__len__") else _Body
        return body(self, trace, result)

    def _writing(self, write: Any) -> Any:
        def keep_and_write(data: bytes) -> Any:
            self.keep(data)
            return write(data)

        return keep_and_write

    def keep(self, chunk: Any) -> None:
        """Keep a chunk of the response."""
        if type(chunk) is bytes:
            self._size += len(chunk)
            if self._size <= BODY_LIMIT:
                self._chunks.append(chunk)

    def finish(self) -> None:
        """The response is complete, or its reader went away."""
        trace = self._trace
        if self._size > BODY_LIMIT:
            trace.gap(f"the response body is larger than {BODY_LIMIT} bytes")
        status, headers = self._status or ("", ())
        trace.outcome("response", (status, headers, b"".join(self._chunks)))
        self._done()

    def failed(self, error: BaseException) -> None:
        """The stream of the body broke."""
        self._raised(error)

    def _raised(self, error: BaseException) -> None:
        self._trace.outcome_error(error)
        self._done()

    def _done(self) -> None:
        trace = self._trace
        body = b""
        read_all = True
        if self._input is not None:
            declared = self._request.get("CONTENT_LENGTH", "")
            body = self._input.seen()
            read_all = self._input.ended or (declared.isdecimal() and self._input.size >= int(declared))
            if self._input.size > BODY_LIMIT:
                trace.gap(f"the request body is larger than {BODY_LIMIT} bytes")
        trace.input = (tuple(self._request.items()), body, read_all)
        if not trace.label[0]:
            trace.label = _label(self._environ, self._request)
        self._session.finish(trace)


class _Body:
    """Passes a streamed body on, chunk by chunk, inside the scope of its trace."""

    def __init__(self, request: _Request, trace: LiveTrace, result: Any) -> None:
        self._request = request
        self._trace = trace
        self._result = result
        self._iterator: Iterator[bytes] | None = None
        self._finished = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._trace.resume()
        try:
            if self._iterator is None:
                self._iterator = iter(self._result)
            chunk = next(self._iterator)
        except StopIteration:
            raise
        except BaseException as error:
            self._trace.pause()
            if not self._finished:
                self._finished = True
                self._request.failed(error)
            raise
        finally:
            self._trace.pause()
        self._request.keep(chunk)
        return chunk

    def close(self) -> None:
        """Close the application's body, then end the trace."""
        self._trace.resume()
        try:
            close = getattr(self._result, "close", None)
            if close is not None:
                close()
        finally:
            self._trace.pause()
            if not self._finished:
                self._finished = True
                self._request.finish()

    def __del__(self) -> None:
        """A test client may read a response and never close it: then the trace ends with the body."""
        if not self._finished:
            self._finished = True
            self._request.finish()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)


class _SizedBody(_Body):
    """A body whose length a server may ask for."""

    def __len__(self) -> int:
        self._trace.resume()
        try:
            return len(self._result)
        finally:
            self._trace.pause()


class _TeeInput:
    """The request body as the application reads it, kept on the side."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._parts: list[bytes] = []
        self.size = 0
        self.ended = False

    def seen(self) -> bytes:
        """What the application read."""
        return b"".join(self._parts)

    def _keep(self, data: bytes, asked: int | None = None) -> bytes:
        self.size += len(data)
        if self.size <= BODY_LIMIT:
            self._parts.append(data)
        if asked is None or asked < 0 or len(data) < asked:
            self.ended = True
        return data

    def read(self, *args: Any) -> bytes:
        return self._keep(self._stream.read(*args), *args)

    def read1(self, *args: Any) -> bytes:
        return self._keep(self._stream.read1(*args), *(args or (1,)))

    def readline(self, *args: Any) -> bytes:
        return self._keep(self._stream.readline(*args), 1)

    def readlines(self, *args: Any) -> list[bytes]:
        lines: list[bytes] = self._stream.readlines(*args)
        self._keep(b"".join(lines), None if not args else 0)
        return lines

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _label(environ: Environ, request: dict[str, str]) -> tuple[str, str]:
    """(entry name, module of its handler), as the framework tells them; read raw, without running its code."""
    method = request.get("REQUEST_METHOD", "GET")
    for find in (_flask_route, _django_route):
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


def _django_route(environ: Environ) -> tuple[str, str] | None:
    match = environ.get("pytest_runtime.django_match")
    if match is None:
        return None
    module = getattr(match.func, "__module__", "") or ""
    return "/" + str(match.route), str(module)


def wrap_resolve(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """A wrapper of Django's `BaseHandler.resolve_request`: it leaves the match where `_label` finds it."""
    match = wrapped(*args, **kwargs)
    environ = getattr(args[0], "environ", None) if args else None
    if isinstance(environ, dict):
        environ["pytest_runtime.django_match"] = match
    return match
