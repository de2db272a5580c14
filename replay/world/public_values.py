"""Reading what a caller can read of objects: their attributes, and the properties of included classes.

The recorder runs no code of the service, so a recording holds attributes alone. In a replay code may run: of each
object in an outcome the public properties are read too, cached ones as well, on base and candidate alike. What a
property raises is its value. One that crosses a boundary, or takes too long, cannot be read outside its trace, and is
marked so. Nothing that is asked while reading belongs to the trace: it has a world of its own.
"""

from __future__ import annotations

import collections
import functools
import signal
import threading
import time
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from ...recorders import context
from ...recorders.capture.freeze import OBJECT_LIMIT, VALUE_LIMIT, freeze
from ...recorders.capture.local_functions import local_function
from ...recorders.capture.pickle_stubs import Frozen, FrozenBytes, Instance, Opaque, Standard
from ...recorders.capture.readers import Reduced, class_name
from ...recorders.capture.thaw import thaw
from ...recorders.context import PathRecord, Scope
from ...recorders.model.trace import Trace
from ...recorders.model.value_tree import OpaqueNode, Tree
from .library_readings import Reading, library_readings, with_digest
from .recorded_clock import frozen_start
from .recorded_world import RecordedWorld
from .stopping import TraceStopped

READ_LIMIT = 2_000
"""Properties that are read for one outcome; those of later objects are marked as not read."""

DEPTH_LIMIT = 2
"""Objects behind properties of objects: a vector's `normalized` gives a vector, which has one too."""

TIME_LIMIT = 1.0
"""Seconds in which the properties of one outcome are read."""

SIZE_LIMIT = 100_000
"""Bytes of what one property gives."""

PARTS_LIMIT = 2_000
"""Objects in what one property gives."""

MARK_LIMIT = 1_000
"""Bytes of the mark that stands for a value which could not be frozen, at most."""

_CONSTANTS = frozenset({type(None), bool, int, float, str, bytes})
_DATA_MARKS = frozenset({"__dataclass_fields__", "__attrs_attrs__", "__pydantic_fields__", "__struct_fields__"})
"""What dataclasses (PEP 557), attrs, pydantic and msgspec leave in the classes that they make."""

# Raw descriptors, as in `readers`: a metaclass may answer in their place.
_type_mro = type.__dict__["__mro__"].__get__
_type_dict = type.__dict__["__dict__"].__get__

_clock = time.perf_counter
"""Taken before the boundaries stand in front of it."""

Form: TypeAlias = Literal["", "data", "ordered"]


class Reads(NamedTuple):
    """What there is to read of the instances of a class."""

    is_included: bool
    properties: tuple[str, ...]
    constants: tuple[tuple[str, Any], ...]
    form: Form
    readings: Mapping[str, Reading]
    """How those of its properties are read that a library's class has under no one name."""


class Classes:
    """What there is to read of each class, found once."""

    def __init__(self, covers: Callable[[str], bool]) -> None:
        """`covers` says of a module whether it belongs to an included package."""
        self.covers = covers
        self._known: dict[int, tuple[type, Reads]] = {}
        """By the id of the class: hashing one could run code of its metaclass. The class is kept alive by it."""

    def reads(self, cls: type) -> Reads:
        """What there is to read of a class."""
        known = self._known.get(id(cls))
        if known is None:
            known = self._known[id(cls)] = (cls, self._find(cls))
        return known[1]

    def _find(self, cls: type) -> Reads:
        mro = _type_mro(cls)
        properties: list[str] = []
        constants: list[tuple[str, Any]] = []
        seen: set[str] = set()
        for holder in mro:
            is_own = self._is_included(holder)
            for name, value in list(_type_dict(holder).items()):
                if name.startswith("_") or name in seen:
                    continue
                seen.add(name)
                if is_own and _is_property(value):
                    properties.append(name)
                elif is_own and type(value) in _CONSTANTS:
                    constants.append((name, value))
        readings = library_readings(mro)
        names = tuple(sorted({*properties, *readings}))
        return Reads(self._is_included(cls), names, tuple(sorted(constants)), _form_of(mro), readings)

    def _is_included(self, cls: type) -> bool:
        module = _type_dict(cls).get("__module__")
        return isinstance(module, str) and self.covers(module)


def _form_of(mro: tuple[type, ...]) -> Form:
    held = [_type_dict(holder) for holder in mro]
    if _inherits(mro, collections.OrderedDict):
        return "ordered"
    is_named_tuple = _inherits(mro, tuple) and any("_fields" in names for names in held)
    is_data = is_named_tuple or _inherits(mro, types.SimpleNamespace)
    return "data" if is_data or any(not _DATA_MARKS.isdisjoint(names) for names in held) else ""


def _inherits(mro: tuple[type, ...], base: type) -> bool:
    """By identity: a metaclass may define `__eq__`."""
    return any(one is base for one in mro)


_NO_PROPERTIES = (types.FunctionType, functools.partial, functools.partialmethod, functools.singledispatchmethod)


class _Named(NamedTuple):
    field: int


_FIELD = type(vars(_Named)["field"])
"""What reads a field of a named tuple."""


def _is_property(value: Any) -> bool:
    """Whether what a class holds computes an attribute: a property, or one of the cached ones that libraries have."""
    # By its type and what it holds, without asking it: it may be a proxy that answers to every name.
    kind = type(value)
    if kind is _FIELD or issubclass(kind, (property, functools.cached_property)):
        return True
    if issubclass(kind, (type, *_NO_PROPERTIES)) or not hasattr(kind, "__get__"):
        return False
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return False
    return type(held) is dict and any(callable(held.get(name)) for name in ("fget", "func", "wrapped"))


def reading_trace(trace: Trace) -> Trace:
    """What stands behind the boundaries while the outcome of a trace is read: its settings, a second after its end."""
    return msgspec.structs.replace(trace, started=frozen_start(trace), exchanges=[], readings=[])


class _TimeUp(BaseException):
    """A property takes too long. A base exception, so that `except Exception` in the service does not hide it."""


_Read: TypeAlias = tuple[str, str, Any]
"""(name, how it was read, value); see `ObjectNode.read`."""


class Reader:
    """Reads the objects of one outcome."""

    def __init__(
        self, classes: Classes, world: Callable[[], RecordedWorld] | None, path: PathRecord | None = None
    ) -> None:
        """`world` makes what stands behind the boundaries while one property is read; without it none is read. `path`
        notes the functions that run."""
        self._classes = classes
        self._make_world = world
        self._path = path
        self._known: dict[int, tuple[Any, list[_Read]]] = {}
        """By the id of the object, which is kept alive by it."""
        self._waiting: list[Any] = []
        self._left = READ_LIMIT
        self._until: float | None = None

    def capture(self, value: Any) -> Tree:
        """The value tree of a live value, with what a caller can read of it."""
        return thaw(self.freeze(value))

    def freeze(self, value: Any) -> Frozen:
        """A copy of a value that later changes cannot reach, with what a caller can read of it."""
        self._waiting = []
        frozen = freeze(value, look=self._look, stand=self._stand)
        if not self._waiting or _is_mark(frozen):
            return frozen
        for _level in range(DEPTH_LIMIT):
            waiting, self._waiting = self._waiting, []
            for instance in waiting:
                if id(instance) not in self._known:
                    self._known[id(instance)] = (instance, self._read(instance))
        # What properties give comes on top of what a recording may hold of the value itself.
        return freeze(value, look=self._look, stand=self._stand, limit=4 * VALUE_LIMIT, most=4 * OBJECT_LIMIT)

    def _stand(self, value: Any) -> Reduced | None:
        """What a function of the included packages is captured as, where no name leads to it."""
        if type(value) is not types.FunctionType or not self._classes.covers(_module_of(value)):
            return None
        return local_function(value)

    def _look(self, value: Any, reduced: Reduced) -> Reduced:
        if reduced[0] is not Instance:
            return with_digest(value, reduced)
        reads = self._classes.reads(type(value))
        if not (reads.is_included or reads.properties or reads.form):
            return reduced
        marker, given, (content, names, values) = reduced
        known = self._known.get(id(value))
        if known is None and reads.properties and self._make_world is not None:
            self._waiting.append(value)
            return marker, (*given, "", "", reads.form), (content, names, values)
        more = [*(known[1] if known is not None else ())]
        by_property = {name for name, _how, _value in more}
        held = [(name, "a", part) for name, part in zip(names, values, strict=True) if name not in by_property]
        shown = {name for name, _how, _part in (*held, *more)}
        more += [(name, "c", part) for name, part in reads.constants if name not in shown]
        rows = [*held, *more]
        if not reads.is_included:
            rows = [row for row in rows if row[1] == "a" or row[0] in reads.readings]
        has_more = reads.is_included or any(how != "a" for _name, how, _part in rows)
        read = "".join(how for _name, how, _part in rows) if has_more else ""
        state = content, tuple(name for name, _how, _part in rows), tuple(part for _name, _how, part in rows)
        return marker, (*given, "", read, reads.form), state

    def _read(self, instance: Any) -> list[_Read]:
        """The public properties of an object; `_waiting` gets the objects that they give."""
        return [self._read_one(instance, name) for name in self._classes.reads(type(instance)).properties]

    def _read_one(self, instance: Any, name: str) -> _Read:
        if self._until is None:
            self._until = _clock() + TIME_LIMIT
        self._left -= 1
        left = self._until - _clock()
        if self._left < 0 or left <= 0:
            return _unread(instance, name, f"more than {READ_LIMIT} properties, or {TIME_LIMIT:g} s to read them")
        assert self._make_world is not None
        world = self._make_world()
        try:
            with context.within(Scope(world, self._path)), _time_limit(left):
                value = _value(instance, name, self._classes.reads(type(instance)).readings.get(name))
        except (TraceStopped, _TimeUp):
            return _unread(instance, name, _why(world))
        if world.stopped is not None or world.asked:
            return _unread(instance, name, _why(world))
        waiting = len(self._waiting)
        if _is_mark(freeze(value, look=self._look, limit=SIZE_LIMIT, most=PARTS_LIMIT)):
            del self._waiting[waiting:]
            return _unread(instance, name, "what it gives cannot be captured")
        return name, "p", value


def _module_of(function: types.FunctionType) -> str:
    name = function.__globals__.get("__name__")
    return name if type(name) is str else ""


def _value(instance: Any, name: str, reading: Reading | None) -> Any:
    """What a property gives, or a mark with the class and text of what it raises."""
    try:
        return getattr(instance, name) if reading is None else reading(instance)
    except (TraceStopped, _TimeUp):
        raise
    except BaseException as error:  # noqa: BLE001 - what a property raises is what its reader sees
        return Standard("raised", class_name(type(error)), _text(error))


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - its text is what its reader sees, if it has one
        return f"no text: {type(fault).__name__}"


def _why(world: RecordedWorld) -> str:
    if world.stopped is not None:
        return world.stopped.reason
    return "it crosses a boundary" if world.asked else f"it takes longer than {TIME_LIMIT:g} s"


def _unread(instance: Any, name: str, reason: str) -> _Read:
    return name, "u", Opaque(class_name(type(instance)), f"the property cannot be read outside its trace: {reason}")


def _is_mark(frozen: Frozen) -> bool:
    """Whether nothing but a mark is left of a value."""
    short = type(frozen) is FrozenBytes and len(frozen.data) < MARK_LIMIT
    return short and isinstance(thaw(frozen), OpaqueNode)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `_TimeUp` in what runs longer, where this thread can be interrupted and nobody else uses the alarm."""
    own = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    if not own or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGALRM, _raise_time_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _raise_time_up(number: int, frame: FrameType | None) -> None:
    raise _TimeUp
