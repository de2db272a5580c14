"""ASGI entries: an HTTP request, from its scope to the last message of the application that answers it.

The application is called as it was, and driven step by step, each step within the trace: what the server or another
task does while it rests is no part of it. What it reads and sends is kept on the side. The trace ends when the
application returns, so that what it does in the background after a response belongs to it. A lifespan and WebSockets
pass.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Awaitable, Callable, Generator
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .. import context
from ..capture.awaiting import was_cancelled
from ..model.full_names import split_name
from ..patching import Undo, Undos, nothing, replace, wrap
from .asgi_messages import (
    PARTS,
    AsgiScope,
    environ_of,
    headers_of,
    is_application,
    is_served,
    label_of,
    sampling_key,
    status_of,
)
from .http import HttpRecorder
from .wsgi import watch_routes
from .wsgi_streams import BODY_LIMIT

if TYPE_CHECKING:
    from ..boundaries.import_hooks import ImportHooks
    from ..options import RecordOptions
    from ..session.live_trace import LiveTrace
    from ..session.session import Session

T = TypeVar("T")
Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Call: TypeAlias = Callable[[AsgiScope, Receive, Send], Awaitable[None]]

_KNOWN = ("starlette.applications", "django.core.handlers.asgi")
"""Modules of the classes whose instances are found by themselves."""


class AsgiRecorder(HttpRecorder):
    """Begins a trace where an ASGI application is asked."""

    kind = "asgi"

    def __init__(self, session: Session, options: RecordOptions) -> None:
        super().__init__(session, options)
        self._found = Undos()
        """Of classes whose instances turned out to be applications."""

    def install(self, hooks: ImportHooks) -> Undo:
        """Find applications as the libraries that make or serve them are imported."""
        if self._is_wanted:
            hooks.when_imported("starlette.applications", lambda module: self.watch_class(module.Starlette))
            hooks.when_imported("django.core.handlers.asgi", lambda module: self.watch_class(module.ASGIHandler))
            hooks.when_imported("django.core.handlers.base", watch_routes)
            hooks.when_imported("uvicorn.config", self._watch_server)
            name, attribute = split_name(self._app)
            if attribute and not attribute.endswith("()"):
                hooks.when_imported(name, lambda module: self._wrap_named(module, attribute))
        return self._found.run

    # --- where applications are found ---

    def watch_class(self, cls: type) -> Undo:
        """Record what `cls.__call__(scope, receive, send)` answers: of `Starlette`, of Django's `ASGIHandler`."""
        original = vars(cls)["__call__"]

        @functools.wraps(original)
        async def call(application: Any, scope: AsgiScope, receive: Receive, send: Send) -> None:
            await self.recorded_call(application, original.__get__(application), scope, receive, send)

        return replace(cls, "__call__", call)

    def _watch_server(self, module: ModuleType) -> Undo:
        """What uvicorn loads, where no framework that is known answers for it."""
        config: Any = vars(module)["Config"]
        if "load_app" not in vars(config):  # before 0.30
            return nothing
        return wrap(config, "load_app", self._loaded)

    def _loaded(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        application = wrapped(*args, **kwargs)
        if _is_known(application) or not is_application(application):
            return application
        return self._recorded(application) or application

    def _wrap_named(self, module: ModuleType, attribute: str) -> Undo:
        """The application that the configuration names, where no framework that is known answers for it."""
        application = vars(module).get(attribute)
        if application is None or _is_known(application) or not is_application(application):
            return nothing
        recorded = self._recorded(application)
        return replace(module, attribute, recorded) if recorded is not None else nothing

    def _recorded(self, application: Any) -> Call | None:
        """A function in the place of one that is an application. An instance keeps its place, and is recorded by its
        class."""
        if not isinstance(application, types.FunctionType):
            holder = next(base for base in type(application).__mro__ if "__call__" in vars(base))
            self._found.add(self.watch_class(holder))
            return None

        @functools.wraps(application, updated=())
        async def call(scope: AsgiScope, receive: Receive, send: Send) -> None:
            await self.recorded_call(application, application, scope, receive, send)

        return call

    # --- requests ---

    async def recorded_call(
        self, application: object, call: Call, scope: AsgiScope, receive: Receive, send: Send
    ) -> None:
        """Call an ASGI application as an entry."""
        session = self._session
        around = context.current()
        if (around is not None and not session.hosts(around)) or scope.get("type") == "websocket":
            await call(scope, receive, send)  # inside another entry: a middleware, a mounted application
            return
        if scope.get("type") != "http":
            await _within(context.STARTING, call(scope, receive, send))
            return
        self._seen = application
        trace = session.begin(self, sampling_key(scope), served=is_served(receive))
        if trace is None:
            await _within(context.UNSAMPLED, call(scope, receive, send))
            return
        await _Request(session, trace, scope).run(call, receive, send)


async def _within(scope: context.Scope, awaitable: Awaitable[None]) -> None:
    """Await in a scope; the task that awaits has it meanwhile."""
    token = context.enter(scope)
    try:
        await awaitable
    finally:
        context.leave_anyhow(token)


def _is_known(application: Any) -> bool:
    return any(base.__module__ in _KNOWN for base in type(application).__mro__)


class _Request:
    """One sampled request."""

    def __init__(self, session: Session, trace: LiveTrace, scope: AsgiScope) -> None:
        self._session = session
        self._trace = trace
        self._scope = scope
        self._environ = environ_of(scope)
        self._body = _Kept()
        self._has_read_all = False
        self._status: tuple[str, tuple[tuple[str, str], ...]] | None = None
        self._chunks = _Kept()
        self._is_complete = False

    async def run(self, call: Call, receive: Receive, send: Send) -> None:
        """Drive the application to its end."""
        trace = self._trace

        async def receive_kept() -> Message:
            message = await _beside(trace, receive)
            self._received(message)
            return message

        async def send_kept(message: Message) -> None:
            self._sent(message)
            await _beside(trace, lambda: send(message))

        try:
            await _stepped(trace, call(self._scope, receive_kept, send_kept).__await__())
        except BaseException as error:
            self._failed(error)
            raise
        self._finish()

    def _received(self, message: Message) -> None:
        kind = message.get("type")
        if kind == "http.request":
            self._body.add(message.get("body", b""))
            self._has_read_all = not message.get("more_body", False)
        elif kind == "http.disconnect" and not self._is_complete:
            self._trace.gap("the client went away before the response was complete")

    def _sent(self, message: Message) -> None:
        kind = message.get("type")
        if kind == "http.response.start":
            self._trace.label = label_of(self._scope, self._environ)
            self._status = status_of(message), headers_of(message)
        elif kind == "http.response.body":
            self._chunks.add(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)

    def _failed(self, error: BaseException) -> None:
        """It raised. Where it had answered before, as frameworks do with what is not handled, the client saw that."""
        if was_cancelled(error):
            self._trace.gap("its task was cancelled from outside")
        if self._is_complete:
            self._finish()
            return
        self._trace.outcome_error(error)
        self._done()

    def _finish(self) -> None:
        trace = self._trace
        if self._chunks.size > BODY_LIMIT:
            trace.gap(f"the response body is larger than {BODY_LIMIT} bytes")
        status, headers = self._status or ("", ())
        trace.outcome("response", (status, headers, b"".join(self._chunks.parts)))
        self._done()

    def _done(self) -> None:
        trace = self._trace
        if self._body.size > BODY_LIMIT:
            trace.gap(f"the request body is larger than {BODY_LIMIT} bytes")
        if len(self._body.parts) > 1:
            self._environ[PARTS] = " ".join(str(len(part)) for part in self._body.parts)
        trace.input = (tuple(self._environ.items()), b"".join(self._body.parts), self._has_read_all)
        if not trace.label[0]:
            trace.label = label_of(self._scope, self._environ)
        self._session.finish(trace)


class _Kept:
    """A body, as far as bodies are kept."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, data: Any) -> None:
        """The next part."""
        if isinstance(data, (bytes, bytearray, memoryview)):
            self.size += len(data)
            if self.size <= BODY_LIMIT:
                self.parts.append(bytes(data))


async def _beside(trace: LiveTrace, ask: Callable[[], Awaitable[T]]) -> T:
    """What the server does for the application is no part of the trace."""
    token = context.enter(context.beside(trace.scope))
    try:
        return await ask()
    finally:
        context.leave_anyhow(token)


@types.coroutine
def _stepped(trace: LiveTrace, steps: Generator[Any, Any, None]) -> Generator[Any, Any, None]:
    """Drive a coroutine, each of its steps within a trace."""
    value: Any = None
    error: BaseException | None = None
    while True:
        trace.resume()
        try:
            rest = steps.send(value) if error is None else steps.throw(error)
        except StopIteration:
            return
        finally:
            trace.pause()
        try:
            value, error = (yield rest), None
        except BaseException as thrown:  # noqa: BLE001 - it is thrown where the application rests
            value, error = None, thrown
