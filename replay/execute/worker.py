"""This file is about the worker: it replays one trace on the code under test, in this process."""

from __future__ import annotations

import functools
import gc
import importlib
import inspect
import io
import itertools
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import FunctionType, MappingProxyType, ModuleType, TracebackType
from typing import Any, Literal, NamedTuple

from ...recorders import context
from ...recorders.capture.thaw import capture
from ...recorders.context import PathRecord, Scope
from ...recorders.model.trace import Entry, Outcome, Trace, TraceId
from ...recorders.model.value_tree import (
    BytesNode,
    ClassName,
    DictNode,
    ListNode,
    ObjectNode,
    Tree,
    TupleNode,
    field,
    record,
)
from ...recorders.session.call_watch import consuming
from ...recorders.tracing.choose import Tracer
from ..model.observation import ENTRY_GONE, Observation, replayed_observation
from ..model.perturbation import UNPERTURBED, Perturbation
from .call_frame import called_from, caller_of
from .called_names import CalledNames
from .printed import printing, with_printed
from .producers import Producers
from .public_values import Classes, Reader, reading_trace
from .rebuild import Resolver, Stand, Unbuildable, build, is_program
from .recorded_arguments import RecordedIterator, recorded_callable
from .recorded_world import NO_SETTINGS, RecordedWorld, Settings, Stop, TraceStopped
from .response_fallback import Lender

MOST_ITEMS = 10_000
"""Items that are taken of a generator that came to its end when it was recorded."""

MOST_ARGUMENTS = 1000
"""Positional arguments that a message may number."""

NO_PRODUCERS: Mapping[TraceId, bytes] = MappingProxyType({})
"""Says that objects are to be filled with recorded state, whoever made them."""


UNCALLED = {
    "local": "no name leads to the function, so a replay cannot call it",
    "deferred": "coroutines and asynchronous generators are not called by a replay yet",
}
"""Kinds of functions whose traces tell that they ran, and no more, with the reason."""


class EntryUnavailable(Exception):
    """The entry cannot be called here at all; the message says what to do."""


class Replay(NamedTuple):
    """What came of replaying one trace."""

    observation: Observation | None
    """`None` when the replay ended before the entry did."""
    stopped: Stop | None
    world: RecordedWorld | None
    path: PathRecord
    traceback: TracebackType | None
    """Of the exception that left the entry."""


class Worker:
    """Replays traces on the code under test."""

    def __init__(
        self,
        resolver: Resolver,
        modules: dict[str, str],
        applications: Applications,
        called: CalledNames,
        settings: Settings = NO_SETTINGS,
    ) -> None:
        """`modules` maps the files of included modules to their names."""
        self._settings = settings
        self._resolver = resolver
        self._modules = modules
        self._called = called
        self._classes = Classes(resolver.covers)
        self.applications = applications
        self.relaid: frozenset[ClassName] = frozenset()
        """Classes that hold their state in another way than when it was recorded."""
        self.unlike: list[str] = []
        """Of the last replay: objects that were made again and are not as they were recorded."""
        self.lender: Lender | None = None
        """Answers what a trace lacks, where there is one."""
        self.replaying: Callable[[RecordedWorld], AbstractContextManager[None]] = lambda world: nullcontext()
        """Around everything that runs for a trace: what is refused meanwhile belongs to it."""

    def replay(
        self,
        entry: Entry,
        trace: Trace,
        *,
        tracer: Tracer | None = None,
        perturbation: Perturbation = UNPERTURBED,
        producers: Mapping[TraceId, bytes] = NO_PRODUCERS,
    ) -> Replay:
        """Replay a trace once; with a tracer, its path is recorded too. Raises `EntryUnavailable`.

        `producers` are the traces that made what it was given; without them it is filled with recorded state.
        """
        world = self.world(trace, perturbation)
        path = PathRecord()
        self.unlike = []
        run = self._prepared(entry, trace, world, perturbation, producers)
        if isinstance(run, Replay):
            return run
        scope = Scope(world, path if tracer is not None else None)
        token = context.enter(scope)
        if tracer is not None:
            tracer.begin(path)
        try:
            with self.replaying(world), warnings.catch_warnings(), printing() as printed:
                # A run that is stopped leaves things open; that is no fault of the session around it.
                warnings.simplefilter("ignore", ResourceWarning)
                left, trail = _until_stopped(run)
                if world.stopped is not None:
                    gc.collect(1)  # an SQLite connection and its statements hold each other
        finally:
            if tracer is not None:
                tracer.end(path)
            context.leave(token)
        observation = None
        if left is not None and world.stopped is None:
            outcome = left if isinstance(left, Outcome) else self._seen(left, trace, perturbation, tracer, path)
            observation = with_printed(replayed_observation(outcome, world.asked), printed.getvalue())
        return Replay(observation, world.stopped, world, path, trail)

    def _seen(
        self, left: Left, trace: Trace, perturbation: Perturbation, tracer: Tracer | None, path: PathRecord
    ) -> Outcome:
        """What a caller can read of what a function left. The functions that reading runs are functions of the trace;
        the arms that it takes are none of its path."""
        reading = PathRecord()
        if tracer is not None:
            tracer.begin(reading)
        try:
            return left.outcome(self.reader(trace, perturbation, reading if tracer is not None else None))
        finally:
            if tracer is not None:
                tracer.end(reading)
            path.codes.update(reading.codes)

    def reader(self, trace: Trace, perturbation: Perturbation, path: PathRecord | None = None) -> Reader:
        """Reads an outcome of a trace; `path` notes the functions that run."""

        @functools.cache
        def apart() -> Trace:
            return reading_trace(trace)

        return Reader(self._classes, lambda: self._apart(apart(), perturbation), path)

    def _apart(self, trace: Trace, perturbation: Perturbation) -> RecordedWorld:
        """A world beside that of a trace, which answers nothing; see `reading_trace`."""
        return RecordedWorld(
            trace,
            self._resolver,
            self._modules,
            self._called,
            perturbation=perturbation,
            settings=self._settings,
        )

    def world(self, trace: Trace, perturbation: Perturbation, *, exact: bool = False) -> RecordedWorld:
        """The recorded world of a trace; see `RecordedWorld`."""
        return RecordedWorld(
            trace,
            self._resolver,
            self._modules,
            self._called,
            perturbation=perturbation,
            lender=self.lender,
            exact=exact,
            settings=self._settings,
        )

    def _prepared(
        self,
        entry: Entry,
        trace: Trace,
        world: RecordedWorld,
        perturbation: Perturbation,
        producers: Mapping[TraceId, bytes],
    ) -> Callable[[], tuple[Outcome | Left, TracebackType | None]] | Replay:
        if trace.kind == "wsgi":
            application = self.applications.find(entry)
            return lambda: run_wsgi(application, trace, world)
        kind = str(field(trace.input, "kind"))
        if kind in UNCALLED:
            return Replay(None, Stop("input", UNCALLED[kind], None), world, PathRecord(), None)
        try:
            # Hashing a key, or finding a member, may run code of an included class: nothing leaves the process there.
            with context.within(Scope(self._apart(reading_trace(trace), perturbation))):
                arguments = self.arguments(trace, world, producers)
                caller = caller_of(field(trace.input, "caller"), self._resolver, standing_in(world))
            if field(trace.input, "generates") is True:
                return self._generating(entry, trace, kind, arguments)
            function = callable_of(entry.target, kind, arguments[0], self._resolver)
            if caller is not None:
                function = called_from(caller, function)
        except (Unbuildable, TraceStopped) as reason:
            which = f"{part}: " if (part := self._unbuildable_part(trace)) else ""
            stop = Stop("input", f"the recorded input cannot be rebuilt: {which}{reason}", None)
            return Replay(None, stop, world, PathRecord(), None)
        except EntryGone as gone:
            raised = ObjectNode(ENTRY_GONE, TupleNode([str(gone)]), [], [])
            outcome = Outcome("exception", raised, field(trace.input, "arguments"))
            return Replay(replayed_observation(outcome, []), None, world, PathRecord(), None)
        return lambda: run_function(function, arguments)

    def _generating(
        self, entry: Entry, trace: Trace, kind: str, arguments: Any
    ) -> Callable[[], tuple[Outcome | Left, TracebackType | None]]:
        """A run of a generator function, as far as its items were taken."""
        items = field(trace.outcome.value, "items")
        taken = len(items.items) if isinstance(items, ListNode) else MOST_ITEMS
        whole = field(trace.outcome.value, "ended") is not False
        function = callable_of(entry.target, kind, arguments[0], self._resolver, generates=True)
        return lambda: run_generator(function, arguments, MOST_ITEMS if whole else taken)

    def _unbuildable_part(self, trace: Trace) -> str:
        """The first part of a function's input that cannot be built by itself, in words; empty where each can."""
        parts = field(trace.input, "arguments")
        if not (isinstance(parts, TupleNode) and len(parts.items) == 3):
            return ""
        receiver, positional, named = parts.items
        parameters = field(trace.input, "parameters")
        names = [str(name) for name in parameters.items] if isinstance(parameters, ListNode) else []
        labelled: list[tuple[str, Tree]] = [("its object", receiver)]
        if isinstance(positional, TupleNode):
            labels = [*(f"argument `{name}`" for name in names), *(f"argument {number}" for number in _after(names))]
            labelled += zip(labels, positional.items, strict=False)
        if isinstance(named, DictNode):
            labelled += ((f"argument `{key}`", value) for key, value in zip(named.keys, named.values, strict=True))
        return next((label for label, tree in labelled if not self._is_buildable(tree)), "")

    def _is_buildable(self, tree: Tree) -> bool:
        try:
            build(tree, self._resolver, None, lambda kind, parts: None)
        except Unbuildable:
            return False
        return True

    def arguments(
        self, trace: Trace, world: RecordedWorld, producers: Mapping[TraceId, bytes], *, look: bool = True
    ) -> Any:
        """(receiver, args, kwargs), live; raises `Unbuildable`. See `Producers` for `look`."""
        stand = standing_in(world)
        if producers is NO_PRODUCERS:
            return build(field(trace.input, "arguments"), self._resolver, None, stand)
        behind = Producers(
            self._resolver,
            producers,
            lambda one, given: self._produce(one, given, world),
            self.relaid,
            look=look,
        )
        arguments = behind.arguments(trace, stand)
        self.unlike = behind.unlike
        return arguments

    def _produce(self, trace: Trace, given: Callable[[Stand], Any], behind: RecordedWorld) -> tuple[Any, Any]:
        """The arguments of a trace that made something, and what it returns; raises `Unbuildable`."""
        world = self.world(trace, behind.perturbation)
        arguments = given(standing_in(world))
        kind = str(field(trace.input, "kind"))
        if kind in UNCALLED:
            raise Unbuildable(f"what made an object that it was given cannot be called: {UNCALLED[kind]}")
        generates = field(trace.input, "generates") is True
        try:
            function = callable_of(trace.entry, kind, arguments[0], self._resolver, generates=generates)
        except EntryGone as gone:
            raise Unbuildable(f"what made an object that it was given is gone: {gone}") from gone
        _receiver, args, kwargs = arguments
        with self.replaying(world), context.within(Scope(world)):
            try:
                made = function(*args, **kwargs)
                return arguments, list(itertools.islice(made, MOST_ITEMS)) if generates else made
            except TraceStopped:
                behind.wants_lender = behind.wants_lender or world.wants_lender
                raise Unbuildable(f"what made an object that it was given, {trace.entry}, stopped") from None
            except BaseException:  # noqa: BLE001 - its outcome is judged by itself; what it changed counts here
                return arguments, None
            finally:
                behind.lent += world.lent


def standing_in(world: RecordedWorld) -> Stand:
    """What stands for the callables and iterators that the trace of a world was given."""

    def stand(kind: str, parts: list[Any]) -> Any:
        if kind == "callable":
            return recorded_callable(parts)
        number = parts[0] if parts and isinstance(parts[0], int) else 0
        return RecordedIterator(number, world.begin(consuming(number), number))

    return stand


def _after(names: list[str]) -> range:
    """Numbers of positional arguments beyond those that have names, counted from one."""
    return range(len(names) + 1, len(names) + MOST_ARGUMENTS)


def _until_stopped(
    run: Callable[[], tuple[Outcome | Left, TracebackType | None]],
) -> tuple[Outcome | Left | None, TracebackType | None]:
    """What a run comes to; when it is stopped, its frames and what they hold are gone on return."""
    try:
        left, trail = run()
    except TraceStopped:
        return None, None
    return left, trail


class EntryGone(Exception):
    """The code under test does not define the entry any more."""


def callable_of(
    target: str, kind: str, receiver: Any, resolver: Resolver, *, generates: bool = False
) -> Callable[..., Any]:
    """The function of an entry in the code under test; raises `EntryGone`, or `EntryUnavailable` when a baseline
    names something outside the included packages. `generates`: the generator function that it comes down to."""
    module_name, _, qualname = target.partition(":")
    if not resolver.covers(module_name):
        raise EntryUnavailable(f"refused to call {target}: it lies outside the included packages")
    owner: Any = sys.modules.get(module_name)
    if owner is None:
        raise _missing(target, module_name, resolver)
    *path, name = qualname.split(".")
    for part in path:
        owner = vars(owner).get(part)
        if owner is None:
            raise EntryGone(f"{target} is gone: {module_name} has no {'.'.join(path)}")
        if not (isinstance(owner, type) and resolver.covers(owner.__module__)):
            raise EntryUnavailable(f"refused to call {target}: it leads outside the included packages")
    if kind == "constructor":
        # The receiver of a constructor is a class that inherits it, where one was asked for an instance.
        inherits = isinstance(receiver, type) and owner in receiver.__mro__
        constructed: Callable[..., Any] = receiver if inherits else owner
        return constructed
    found = _kept_function(owner, name) if kind == "registered" else _member(owner, name)
    if found is None:
        raise EntryGone(f"{target} is gone: {module_name} has no {qualname}")
    if _is_foreign(found, resolver):
        raise EntryUnavailable(f"refused to call {target}: it leads outside the included packages")
    if generates:
        found = inspect.unwrap(_getter(found) if kind == "property" else getattr(found, "__func__", found))
        if not inspect.isgeneratorfunction(found):
            raise EntryGone(f"{target} is no generator function any more")
        return partial(found, owner if receiver is None else receiver) if kind in _RECEIVING else found
    if kind == "property":
        return partial(_getter(found), receiver)
    if kind == "method" or (kind == "classmethod" and isinstance(receiver, type)):
        bound: Callable[..., Any] = (
            found.__get__(None, receiver) if kind == "classmethod" else found.__get__(receiver, type(receiver))
        )
        return bound
    called: Callable[..., Any] = found if kind == "registered" else getattr(owner, name)
    return called


_RECEIVING = ("method", "classmethod", "property")


def _kept_function(module: Any, name: str) -> Any:
    """The function of a module that is defined under a name and stands there no more, whoever keeps it; `None` where
    there is none, or more than one."""
    frozen = gc.get_freeze_count() > 0
    if frozen:
        gc.unfreeze()  # what is frozen is not among the objects that the collector tells of
    kept = [
        one
        for one in gc.get_objects()
        if type(one) is FunctionType and one.__qualname__ == name and one.__globals__ is vars(module)
    ]
    if frozen:
        gc.freeze()
    return kept[0] if len(kept) == 1 else None


def _missing(target: str, module: str, resolver: Resolver) -> Exception:
    """What is to be said of an entry whose module is not there: it is gone, or the module cannot be imported."""
    fault = resolver.faults.get(module, "")
    if is_program(module):
        return EntryUnavailable(f"refused to call {target}: a program's own module is not imported for a baseline")
    if fault and not fault.startswith(("ModuleNotFoundError", "ImportError")):
        return EntryUnavailable(f"{target} cannot be called: its module cannot be imported: {fault}")
    return EntryGone(f"{target} is gone: {resolver.why_missing(module)}")


def _getter(found: Any) -> Callable[..., Any]:
    """What computes a property; raises `EntryGone` where it is none any more."""
    getter = found.fget if isinstance(found, property) else getattr(found, "func", None)
    if not callable(getter):
        raise EntryGone("it is no property any more")
    return getter


def _is_foreign(value: Any, resolver: Resolver) -> bool:
    """Whether a value is what a module outside the included packages defines; a wrapper that one made is not."""
    home, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if isinstance(value, ModuleType):
        return True
    if not isinstance(home, str) or resolver.covers(home):
        return False
    found: Any = sys.modules.get(home)
    for part in str(name).split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found is value


def _member(owner: Any, name: str) -> Any:
    """An attribute of a module, or of a class or what it inherits from, as it is held there."""
    holders = owner.__mro__ if isinstance(owner, type) else (owner,)
    return next((vars(holder)[name] for holder in holders if name in vars(holder)), None)


class Left(NamedTuple):
    """What a function left: live, not looked at yet."""

    kind: Literal["return", "exception"]
    value: Any
    arguments: Any
    """(receiver, args, kwargs)"""

    def outcome(self, reader: Reader) -> Outcome:
        """What a caller can read of it; of an exception its type, arguments and attributes, as in a recording."""
        value = capture(self.value) if self.kind == "exception" else reader.capture(self.value)
        return Outcome(self.kind, value, reader.capture(self.arguments))


def run_function(function: Callable[..., Any], arguments: Any) -> tuple[Left, TracebackType | None]:
    """Call a function with (receiver, args, kwargs); what it left, and where that came from if it raised."""
    _receiver, args, kwargs = arguments
    try:
        result = function(*args, **kwargs)
    except TraceStopped:
        raise
    except BaseException as error:  # noqa: BLE001 - what leaves an entry is its outcome
        return Left("exception", error, arguments), error.__traceback__
    return Left("return", result, arguments), None


def run_generator(function: Callable[..., Any], arguments: Any, most: int) -> tuple[Left, TracebackType | None]:
    """Take the items of a generator, up to `most`, and close it; what it left, and where that came from."""
    _receiver, args, kwargs = arguments
    items: list[Any] = []
    returned, ended = None, False
    try:
        generator = function(*args, **kwargs)
        while len(items) < most:
            try:
                items.append(next(generator))
            except StopIteration as end:
                returned, ended = end.value, True
                break
        if not ended:
            generator.close()
    except TraceStopped:
        raise
    except BaseException as error:  # noqa: BLE001 - what leaves an entry is its outcome
        return Left("exception", error, arguments), error.__traceback__
    return Left("return", {"items": items, "returned": returned, "ended": ended}, arguments), None


def run_wsgi(application: Any, trace: Trace, world: RecordedWorld) -> tuple[Outcome, TracebackType | None]:
    """Send the request of a trace to an application; what it answers, and where it came from if it raised."""
    environ = _environ(trace, world)
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


def _environ(trace: Trace, world: RecordedWorld) -> dict[str, Any]:
    recorded = field(trace.input, "environ")
    body = field(trace.input, "body")
    assert isinstance(recorded, DictNode)
    assert isinstance(body, BytesNode)
    environ: dict[str, Any] = dict(zip(map(str, recorded.keys), recorded.values, strict=True))
    environ.setdefault("wsgi.url_scheme", "http")
    environ["wsgi.version"] = (1, 0)
    environ["wsgi.errors"] = sys.stderr
    environ["wsgi.multithread"] = True
    environ["wsgi.multiprocess"] = False
    environ["wsgi.run_once"] = False
    whole = field(trace.input, "read_all") is True
    expected = str(environ.get("CONTENT_LENGTH") or "")
    if expected.isdigit() and len(body.data) >= int(expected):
        whole = True
    environ["wsgi.input"] = io.BufferedReader(_RecordedInput(body.data, whole, world))
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
            self._world.stop("gap", "reads more of the request body than was read when it was recorded")
        return count


class Applications:
    """The WSGI applications of the code under test, made once each."""

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

    def find(self, entry: Entry) -> Any:
        """The application that answers an entry; raises `EntryUnavailable`."""
        target = self._configured or entry.target
        if not target:
            raise EntryUnavailable(
                "the application is unknown: no included module holds it; "
                'set app = "module:attribute" under [tool.pytest-runtime] in pyproject.toml'
            )
        return self._found(target)

    def make_configured(self) -> None:
        """Make the application that the project configured, if it did; raises `EntryUnavailable`."""
        if self._configured:
            self._found(self._configured)

    def _found(self, target: str) -> Any:
        if target not in self._made:
            self._made[target] = self._make(target)
        made = self._made[target]
        if isinstance(made, EntryUnavailable):
            raise made
        return made

    def _make(self, target: str) -> Any:
        module_name, _, attribute = target.partition(":")
        try:
            with self._building():
                if not (self._configured or self._resolver.covers(module_name)):
                    raise Unbuildable("a baseline may only name an application of an included package")
                found: Any = importlib.import_module(module_name) if self._configured else self._held(module_name)
                for part in attribute.removesuffix("()").split("."):
                    found = getattr(found, part)
                    if not self._configured and _is_foreign(found, self._resolver):
                        raise Unbuildable("it leads outside the included packages")
                return found() if attribute.endswith("()") or _is_factory(found) else found
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - told as the reason of every trace of this application
            where = traceback.format_exception_only(error)[-1].strip()
            place = self._place(error)
            return EntryUnavailable(
                f"the application {target} cannot be built here: {where}{f' (at {place})' if place else ''}"
            )

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
