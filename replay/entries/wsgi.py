"""WSGI entries (PEP 3333): a recorded request, sent to the application of the code under test."""

from __future__ import annotations

import importlib
import inspect
import io
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ...recorders.capture.thaw import capture
from ...recorders.entries.asgi_messages import is_application
from ...recorders.model.full_names import split_name
from ...recorders.model.inputs import HttpInput, Input
from ...recorders.model.trace import Entry, Outcome, Trace
from ...recorders.model.value_tree import BytesNode, record
from ..export.body import Body
from ..export.request_source import write_request
from ..model.observation import Observation
from ..model.reason import StopCode
from ..world.recorded_world import RecordedWorld
from ..world.resolver import Resolver, Unbuildable, is_program
from ..world.stopping import TraceStopped
from .asgi_service import AsgiService, NotStarted
from .function import is_foreign
from .protocol import BoundEntry, CodeUnderTest, EntryUnavailable
from .request import RequestReplayer


class WsgiReplayer(RequestReplayer):
    """Sends requests."""

    kind = "wsgi"

    def bind(self, entry: Entry, trace: Trace, world: RecordedWorld, code: CodeUnderTest) -> BoundEntry:
        """The application that answers the entry, with the request."""
        given = trace.input
        if not isinstance(given, HttpInput):
            raise Unbuildable("it is no request")
        application = code.applications.find(entry)
        return lambda: run_wsgi(application, given, world)

    def write(self, body: Body, given: Input, last: Observation, app: str, *, is_factory: bool) -> None:
        """It is sent to the application, as plain WSGI."""
        write_request(body, given.tree(), last, app, is_factory=is_factory)


def run_wsgi(application: Any, given: HttpInput, world: RecordedWorld) -> tuple[Outcome, TracebackType | None]:
    """Send the request of a trace to an application; what it answers, and where it came from if it raised."""
    environ = _environ(given, world)
    head: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        head[:] = [status, tuple((str(name), str(value)) for name, value in headers)]
        return written.append

    try:
        body = application(environ, start_response)
        try:
            chunks = list(body)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
    except TraceStopped:
        raise
    except BaseException as error:  # noqa: BLE001 - what leaves an entry is its outcome
        return Outcome("exception", capture(error), None), error.__traceback__
    data = b"".join([*written, *chunks])
    status, headers = head or ("", ())
    return Outcome("response", record(status=status, headers=capture(headers), body=BytesNode(data)), None), None


def _environ(given: HttpInput, world: RecordedWorld) -> dict[str, Any]:
    environ: dict[str, Any] = dict(zip(map(str, given.environ.keys), given.environ.values, strict=True))
    environ.setdefault("wsgi.url_scheme", "http")
    environ["wsgi.version"] = (1, 0)
    environ["wsgi.errors"] = sys.stderr
    environ["wsgi.multithread"] = True
    environ["wsgi.multiprocess"] = False
    environ["wsgi.run_once"] = False
    whole = given.read_all
    expected = str(environ.get("CONTENT_LENGTH") or "")
    if expected.isdigit() and len(given.body) >= int(expected):
        whole = True
    environ["wsgi.input"] = io.BufferedReader(_RecordedInput(given.body, whole, world))
    return environ


class _RecordedInput(io.RawIOBase):
    """The request body as far as the recorded run read it."""

    def __init__(self, data: bytes, whole: bool, world: RecordedWorld) -> None:
        self._stream = io.BytesIO(data)
        self._whole = whole
        self._world = world

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(buffer)
        if count == 0 and len(buffer) and not self._whole and self._stream.getbuffer().nbytes:
            self._world.stop(StopCode.GAP, "reads more of the request body than was read when it was recorded")
        return count


class WebApplications:
    """The WSGI and ASGI applications of the code under test, made once each."""

    def __init__(
        self,
        configured: str,
        building: Callable[[], Any],
        resolver: Resolver,
        place: Callable[[BaseException], str] = lambda error: "",
    ) -> None:
        """`configured` is `module:attribute`; `building` gives the context in which an application is built; `place`
        says which line of the user's code an exception came from.

        What the project configured may lie anywhere; what a baseline names must lie in an included package.
        """
        self._resolver = resolver
        self._configured = configured
        self._building = building
        self._place = place
        self._made: dict[str, Any] = {}
        self._services: dict[int, AsgiService] = {}
        """Of ASGI applications, by id."""

    def find(self, entry: Entry) -> Any:
        """The application that answers an entry; raises `EntryUnavailable`."""
        return self._found(self._target(entry))

    def service(self, entry: Entry) -> AsgiService:
        """The ASGI application that answers an entry, started; raises `EntryUnavailable`."""
        application = self.find(entry)
        if id(application) not in self._services:
            raise EntryUnavailable(f"{self._target(entry)} is no ASGI application")
        return self._services[id(application)]

    def _target(self, entry: Entry) -> str:
        target = self._configured or entry.target
        if not target:
            raise EntryUnavailable(
                "the application is unknown: no included module holds it; "
                'set app = "module:attribute" under [tool.pytest-runtime] in pyproject.toml'
            )
        return target

    def make_configured(self) -> None:
        """Make the application that the project configured, if it did; raises `EntryUnavailable`."""
        if self._configured:
            self._found(self._configured)

    def _found(self, target: str) -> Any:
        return self.prepare(f"the application {target}", lambda: self._make(target))

    def prepare(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` makes as an application is built, once for a name; raises `EntryUnavailable`."""
        if name not in self._made:
            self._made[name] = self._built(name, make)
        made = self._made[name]
        if isinstance(made, EntryUnavailable):
            raise made
        return made

    def _make(self, target: str) -> Any:
        module_name, attribute = split_name(target)
        if not (self._configured or self._resolver.covers(module_name)):
            raise Unbuildable("a baseline may only name an application of an included package")
        found: Any = importlib.import_module(module_name) if self._configured else self._held(module_name)
        for part in attribute.removesuffix("()").split("."):
            found = getattr(found, part)
            if not self._configured and is_foreign(found, self._resolver):
                raise Unbuildable("it leads outside the included packages")
        made = found() if attribute.endswith("()") or _is_factory(found) else found
        if is_application(made) and id(made) not in self._services:
            self._services[id(made)] = AsgiService(made)
        return made

    def _built(self, name: str, make: Callable[[], Any]) -> Any:
        try:
            with self._building():
                return make()
        except KeyboardInterrupt:
            raise
        except NotStarted as error:
            return EntryUnavailable(f"{name} does not start here: {error}")
        except BaseException as error:  # noqa: BLE001 - reported as the reason of every trace of this application
            where = traceback.format_exception_only(error)[-1].strip()
            place = self._place(error)
            return EntryUnavailable(f"{name} cannot be built here: {where}{f' (at {place})' if place else ''}")

    def _held(self, module_name: str) -> Any:
        """A module that the code under test has loaded: nothing is imported for a baseline."""
        found = sys.modules.get(module_name)
        if found is None or is_program(module_name):
            raise Unbuildable(self._resolver.why_missing(module_name))
        return found


def _is_factory(value: Any) -> bool:
    """Whether calling it without arguments makes an application, rather than answering a request."""
    if not inspect.isfunction(value):
        return False
    parameters = inspect.signature(value).parameters.values()
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return all(one.default is not one.empty for one in positional)
