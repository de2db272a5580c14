"""WSGI entries (PEP 3333): an HTTP request, from its environ to the last byte of its body.

Nothing about the answer changes: a list stays the same list, a stream is passed on chunk by chunk as it is asked
for, and what the application reads of the request is teed as it is read.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import context
from ..model.full_names import split_name
from ..patching import Undo, nothing, replace, wrap
from .http import HttpRecorder
from .wsgi_routes import is_served, label_of, request_of, sampling_key, wrap_resolve
from .wsgi_streams import BODY_LIMIT, AnswerBody, Application, Environ, SizedAnswerBody, TeeInput

if TYPE_CHECKING:
    from ..boundaries.import_hooks import ImportHooks
    from ..session.live_trace import LiveTrace
    from ..session.session import Session


class WsgiRecorder(HttpRecorder):
    """Begins a trace where a WSGI application is asked."""

    kind = "wsgi"

    def install(self, hooks: ImportHooks) -> Undo:
        """Find applications as the libraries that make or serve them are imported."""
        if self._is_wanted:
            hooks.when_imported("flask.app", lambda module: self.watch_class(module.Flask))
            hooks.when_imported("wsgiref.handlers", lambda module: wrap(module.BaseHandler, "run", self._run))
            hooks.when_imported("django.core.handlers.wsgi", lambda module: self.watch_class(module.WSGIHandler))
            hooks.when_imported("django.core.handlers.base", watch_routes)
            name, attribute = split_name(self._app)
            if attribute and not attribute.endswith("()"):
                hooks.when_imported(name, lambda module: self._wrap_named(module, attribute))
        return nothing  # what the hooks put in place goes with them

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
        trace = session.begin(self, sampling_key(environ), served=is_served(environ))
        if trace is None:
            token = context.enter(context.UNSAMPLED)
            try:
                return call(environ, start_response)
            finally:
                context.leave(token)
        return _Request(session, trace, call).run(environ, start_response)


def watch_routes(module: ModuleType) -> Undo:
    """Have Django leave the route of a request where it is found, in `django.core.handlers.base`."""
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
        self._input: TeeInput | None = None
        self._request: dict[str, str] = {}
        self._environ: Environ = {}
        self._chunks: list[bytes] = []
        self._size = 0

    def run(self, environ: Environ, start_response: Any) -> Any:
        trace = self._trace
        self._environ = environ
        self._request = request_of(environ)
        if environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ:
            self._input = TeeInput(environ.get("wsgi.input"))
            environ["wsgi.input"] = self._input

        def start(status: str, headers: Any, *args: Any) -> Any:
            # A framework forgets its route when the request is over; now it still knows.
            trace.label = label_of(self._environ, self._request)
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
        body = SizedAnswerBody if hasattr(type(result), "__len__") else AnswerBody
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
            trace.label = label_of(self._environ, self._request)
        self._session.finish(trace)
