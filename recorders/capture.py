"""This file is about capture: taking a live value without running any of its code.

`freeze` is the hot path. It drives the C pickler with a `reducer_override` that reads raw state (`__dict__`, slots,
the built-in part of a subclass), so no `__reduce__`, `__getstate__`, property or `__getattr__` of the service runs.
The pickle names only the marker classes of this module and lives in memory only. `thaw` turns it into a value tree
in the collector, without importing a class of the service.

A value that cannot be captured becomes an opaque mark with its type and the reason.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import io
import logging
import pathlib
import pickle
import re
import sys
import threading
import types
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any, TypeAlias

from .value_tree import (
    AnchorNode,
    BytesNode,
    ClassName,
    DictNode,
    EnumNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    encode,
)

VALUE_LIMIT = 1_000_000
"""Bytes of one frozen value; a larger one becomes an opaque mark that keeps its type and size."""

OBJECT_LIMIT = 20_000
"""Instances in one frozen value; an object graph that drags a whole application along stops here."""

DEPTH_LIMIT = 150
"""Levels of a value tree."""


class FrozenBytes:
    """A frozen value: a pickle of markers, never written anywhere."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


Frozen: TypeAlias = Any
"""What `freeze` returns: an exact immutable scalar as it is, anything else as `FrozenBytes`."""


class _Limit(Exception):
    """A value went over a limit; the message is the reason of its opaque mark."""


class _Standard:
    """An immutable standard value on its way from the pickle to its `StandardNode`."""

    __slots__ = ("kind", "parts")

    def __init__(self, kind: str, *parts: Any) -> None:
        self.kind = kind
        self.parts = parts


class _Instance:
    """An instance on its way to its `ObjectNode`; filled after it is made, so that cycles work."""

    __slots__ = ("cls", "content", "names", "values")

    def __init__(self, cls: ClassName) -> None:
        self.cls = cls
        self.content: Any = None
        self.names: tuple[str, ...] = ()
        self.values: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, tuple[str, ...], tuple[Any, ...]]) -> None:
        self.content, self.names, self.values = state


class _Member:
    __slots__ = ("cls", "name", "value")

    def __init__(self, cls: ClassName, name: str | None, value: Any) -> None:
        self.cls, self.name, self.value = cls, name, value


class _Global:
    __slots__ = ("name",)

    def __init__(self, name: ClassName) -> None:
        self.name = name


class _Opaque:
    __slots__ = ("cls", "reason")

    def __init__(self, cls: ClassName, reason: str) -> None:
        self.cls, self.reason = cls, reason


class _Items:
    """The content of a subclass of `dict`, `set` or `frozenset`, as it lies: no key is hashed or compared."""

    __slots__ = ("keys", "kind", "values")

    def __init__(self, kind: str, keys: list[Any], values: list[Any]) -> None:
        self.kind, self.keys, self.values = kind, keys, values


_MARKERS = {marker.__name__: marker for marker in (_Standard, _Instance, _Member, _Global, _Opaque, _Items)}
_MARKER_IDS = frozenset(map(id, _MARKERS.values()))
_Reduced: TypeAlias = Any
_Reader: TypeAlias = Callable[[Any], _Reduced]

# Raw descriptors, taken once: attribute access on a class or an instance could run code of the service. For the same
# reason classes are compared by identity alone: a metaclass may define `__hash__` and `__eq__`.
_type_module = type.__dict__["__module__"].__get__
_type_qualname = type.__dict__["__qualname__"].__get__
_type_mro = type.__dict__["__mro__"].__get__
_type_dict = type.__dict__["__dict__"].__get__
_type_flags = type.__dict__["__flags__"].__get__
_type_size = type.__dict__["__basicsize__"].__get__
_type_dictoffset = type.__dict__["__dictoffset__"].__get__
_type_weakrefoffset = type.__dict__["__weakrefoffset__"].__get__
_exception_args = BaseException.__dict__["args"].__get__
_WHOLE = slice(None)


def module_name(name: str) -> str:
    """The importable name of a module: `__main__` under `python -m` is the module that was named there."""
    if name == "__main__":
        spec = getattr(sys.modules.get("__main__"), "__spec__", None)
        if spec is not None:
            return str(spec.name)
    return name


def class_name(cls: type) -> ClassName:
    """`module:qualname` of a class, read without running code of its metaclass."""
    module = _type_module(cls)
    return f"{module_name(module) if isinstance(module, str) else '?'}:{_type_qualname(cls)}"


# --- readers: one per class, made at first sight ---------------------------------------------------------------


def _read_datetime(value: datetime.datetime) -> _Reduced:
    date = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return _Standard, ("datetime", *date, value.fold, value.tzinfo)


def _read_time(value: datetime.time) -> _Reduced:
    parts = (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)
    return _Standard, ("time", *parts)


def _read_timezone(value: datetime.timezone) -> _Reduced:
    return _Standard, ("timezone", *value.__getinitargs__())  # type: ignore[attr-defined]  # not in typeshed


_datetime = datetime.datetime
_DATETIME_FIELDS = tuple(
    vars(owner)[name].__get__
    for owner, names in (
        (datetime.date, ("year", "month", "day")),
        (datetime.datetime, ("hour", "minute", "second", "microsecond", "tzinfo")),
    )
    for name in names
)
_datetime_fold = datetime.datetime.fold.__get__


def _plain_datetime(value: Any) -> datetime.datetime:
    """The `datetime` in an instance of a subclass; `replace` would make another instance of the subclass."""
    return _datetime(*[get(value) for get in _DATETIME_FIELDS], fold=_datetime_fold(value))


def _dict_items(value: dict[Any, Any]) -> _Items:
    return _Items("dict", list(dict.keys(value)), list(dict.values(value)))


def _ordered_items(value: collections.OrderedDict[Any, Any]) -> _Items:
    """In the order of the dict below where a key's hash is its own: the iterators of `OrderedDict` hash every key.

    The two orders differ only after `move_to_end`.
    """
    items = _dict_items(value)
    if all(_is_quiet(key) for key in items.keys):
        items.keys = list(collections.OrderedDict.keys(value))
        items.values = list(collections.OrderedDict.values(value))
    return items


def _is_quiet(key: Any) -> bool:
    """Whether hashing and comparing a key runs nothing but the interpreter's own code."""
    return all(map(_is_quiet, key)) if type(key) is tuple else id(type(key)) in _QUIET


_QUIET = frozenset(map(id, (type(None), bool, int, float, str, bytes)))


def _read_path(value: pathlib.PurePath) -> _Reduced:
    return _Standard, ("path", type(value).__name__, str(value))


STANDARD: dict[type, _Reader] = {
    decimal.Decimal: lambda v: (_Standard, ("decimal", str(v))),
    fractions.Fraction: lambda v: (_Standard, ("fraction", v.numerator, v.denominator)),
    complex: lambda v: (_Standard, ("complex", v.real, v.imag)),
    datetime.datetime: _read_datetime,
    datetime.date: lambda v: (_Standard, ("date", v.year, v.month, v.day)),
    datetime.time: _read_time,
    datetime.timedelta: lambda v: (_Standard, ("timedelta", v.days, v.seconds, v.microseconds)),
    datetime.timezone: _read_timezone,
    zoneinfo.ZoneInfo: lambda v: (
        (_Standard, ("zoneinfo", v.key)) if v.key else (_Opaque, ("zoneinfo:ZoneInfo", "it has no key"))
    ),
    uuid.UUID: lambda v: (_Standard, ("uuid", f"{v.int:032x}")),
    range: lambda v: (_Standard, ("range", v.start, v.stop, v.step)),
    slice: lambda v: (_Standard, ("slice", v.start, v.stop, v.step)),
    type(...): lambda v: (_Standard, ("ellipsis",)),
    type(NotImplemented): lambda v: (_Standard, ("notimplemented",)),
    logging.Logger: lambda v: (_Standard, ("logger", v.name)),
    type(threading.Lock()): lambda v: (_Standard, ("lock",)),
    type(threading.RLock()): lambda v: (_Standard, ("rlock",)),
    re.Pattern: lambda v: (_Standard, ("pattern", v.pattern, int(v.flags))),
    **dict.fromkeys(
        (pathlib.PurePosixPath, pathlib.PosixPath, pathlib.PureWindowsPath, pathlib.WindowsPath), _read_path
    ),
}
"""Standard immutable types by the reader that takes them apart; `replay.rebuild` puts them together again."""

_deque: Any = collections.deque
_defaultdict: Any = collections.defaultdict
_complex: Any = complex
_uuid: Any = uuid.UUID

# The types of the standard library as plain namespaces of raw descriptors.
_CONTENT: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (_deque, lambda v: (list(_deque.__iter__(v)), _deque.maxlen.__get__(v))),
    (_defaultdict, lambda v: (_dict_items(v), _defaultdict.default_factory.__get__(v))),
    (collections.OrderedDict, _ordered_items),
    (dict, _dict_items),
    (list, lambda v: list.__getitem__(v, _WHOLE)),
    (tuple, lambda v: tuple.__getitem__(v, _WHOLE)),
    (set, lambda v: _Items("set", list(set.__iter__(v)), [])),
    (frozenset, lambda v: _Items("frozenset", list(frozenset.__iter__(v)), [])),
    (str, str.__str__),
    (bytes, lambda v: bytes.__getitem__(v, _WHOLE)),
    (bytearray, lambda v: bytes(bytearray.__getitem__(v, _WHOLE))),
    (int, int.__int__),
    (float, float.__float__),
    (_complex, lambda v: complex(_complex.real.__get__(v), _complex.imag.__get__(v))),
    (BaseException, _exception_args),
    (datetime.datetime, _plain_datetime),
    (decimal.Decimal, lambda v: decimal.Decimal(decimal.Decimal.__str__(v))),
    (_uuid, lambda v: uuid.UUID(int=_uuid.int.__get__(v))),
)
_STATIC_CLASSES = frozenset(
    map(id, (object, types.SimpleNamespace, collections.OrderedDict, collections.deque, collections.defaultdict))
)
"""Classes written in C whose instances the reader below takes apart like any other."""
_UUID_SLOTS = frozenset({"int", "is_safe"})


def _read_class(value: Any) -> _Reduced:
    if id(value) in _MARKER_IDS:
        return NotImplemented
    return _Global, (class_name(value),)


def _read_function(value: Any) -> _Reduced:
    module = value.__module__
    return _Global, (f"{module_name(module) if isinstance(module, str) else '?'}:{value.__qualname__}",)


def _inherits(mro: tuple[type, ...], base: type) -> bool:
    return any(one is base for one in mro)


def _content_of(mro: tuple[type, ...]) -> tuple[type, Callable[[Any], Any]] | None:
    for base, extract in _CONTENT:
        if _inherits(mro, base):
            return base, extract
    return None


def _slots_of(mro: tuple[type, ...], skip: frozenset[str]) -> list[tuple[str, Callable[[Any], Any]]]:
    """(name, raw getter) of every slot, base classes first; a private name is kept as it is mangled."""
    found: list[tuple[str, Callable[[Any], Any]]] = []
    for cls in reversed(mro):
        namespace = _type_dict(cls)
        if "__slots__" not in namespace:
            continue
        for name, descriptor in namespace.items():
            if type(descriptor) is types.MemberDescriptorType and name not in skip:
                found.append((name, descriptor.__get__))
    return found


def _dict_getter(mro: tuple[type, ...]) -> Callable[[Any], Any] | None:
    for cls in mro:
        descriptor = _type_dict(cls).get("__dict__")
        if type(descriptor) in (types.GetSetDescriptorType, types.MemberDescriptorType):
            getter: Callable[[Any], Any] = descriptor.__get__
            return getter
    return None


def _hidden_state(cls: type, base: type, slot_count: int) -> bool:
    """Whether instances carry C state that attributes do not show (the test of `object.__reduce_ex__`)."""
    expected = base.__basicsize__ + slot_count * 8
    own_dict = _type_dictoffset(cls) != 0 and not _type_flags(cls) & _MANAGED_DICT
    expected += 8 * (own_dict and base.__dictoffset__ == 0)
    expected += 8 * (_type_weakrefoffset(cls) > 0 and base.__weakrefoffset__ <= 0)
    return bool(_type_size(cls) > expected)


def _opaque_reader(cls: type, reason: str) -> _Reader:
    mark = (class_name(cls), reason)
    return lambda value: (_Opaque, mark)


def _raw(state: Any) -> Any:
    """A `__dict__` that is read as a plain dict, even where the service put one of a class of its own there."""
    return state if type(state) is dict else dict(zip(list(dict.keys(state)), list(dict.values(state)), strict=True))


def _member_reader(cls: type, get_dict: Callable[[Any], Any]) -> _Reader:
    name = class_name(cls)

    def read(value: Any) -> _Reduced:
        state = _raw(get_dict(value))
        return _Member, (name, state.get("_name_"), state.get("_value_"))

    return read


def _filename(error: OSError) -> Any:
    """Of an error that has one: giving it `None` would change its text."""
    found = _error_filename(error)
    if found is None:
        raise AttributeError
    return found


_error_filename = vars(OSError)["filename"].__get__


def _instance_reader(cls: type, mro: tuple[type, ...]) -> _Reader:
    found = _content_of(mro)
    base, extract = found if found is not None else (object, None)
    get_dict = _dict_getter(mro)
    slots = _slots_of(mro, _UUID_SLOTS if base is uuid.UUID else frozenset())
    if id(cls) in _STATIC_CLASSES:
        base = cls
    elif base is BaseException:
        base = next(one for one in mro if not _type_flags(one) & _HEAP_TYPE)
    if _hidden_state(cls, base, len(slots)):
        return _opaque_reader(cls, "its state is held in C, where attributes do not show it")
    if _inherits(mro, OSError):
        slots.append(("filename", _filename))
    if not slots and get_dict is None and extract is None and cls is not object:
        return _opaque_reader(cls, "it has no attributes to read")
    return _state_reader(class_name(cls), extract, get_dict, slots)


def _state_reader(
    name: ClassName,
    extract: Callable[[Any], Any] | None,
    get_dict: Callable[[Any], Any] | None,
    slots: list[tuple[str, Callable[[Any], Any]]],
) -> _Reader:
    arguments = (name,)

    def read(value: Any) -> _Reduced:
        names: tuple[Any, ...] = ()
        values: tuple[Any, ...] = ()
        if get_dict is not None:
            state = _raw(get_dict(value))
            if state:
                names, values = tuple(state), tuple(state.values())
        for slot, get in slots:
            try:
                filled = get(value)
            except AttributeError:
                continue  # an empty slot: nothing to record
            names, values = (*names, slot), (*values, filled)
        return _Instance, arguments, (extract(value) if extract is not None else None, names, values)

    return read


_HEAP_TYPE = 1 << 9
_MANAGED_DICT = 1 << 4
"""Flags of a type (CPython, `Include/object.h`); a managed dict lies before the object and is no part of its size."""


def _make_reader(cls: type) -> _Reader:
    mro = _type_mro(cls)
    if _inherits(mro, type):
        return _read_class
    if _inherits(mro, enum.Enum):
        get_dict = _dict_getter(mro)
        if get_dict is not None:
            return _member_reader(cls, get_dict)
    if cls is types.FunctionType or cls is types.BuiltinFunctionType:
        return _read_function
    if not _type_flags(cls) & _HEAP_TYPE and id(cls) not in _STATIC_CLASSES and not _inherits(mro, BaseException):
        return _opaque_reader(cls, "a value of this type cannot be captured")
    return _instance_reader(cls, mro)


_readers: dict[int, _Reader] = {id(cls): reader for cls, reader in STANDARD.items()}
_read_classes: list[type] = []
"""Kept alive, so that their ids stay theirs."""


class _Freezer(pickle.Pickler):
    """The C pickler, reading raw state."""

    def __init__(self, sink: _Sink) -> None:
        super().__init__(sink, 5)
        self._objects = 0

    def reducer_override(self, value: Any) -> _Reduced:
        cls = type(value)
        reader = _readers.get(id(cls))
        if reader is None:
            _read_classes.append(cls)
            reader = _readers[id(cls)] = _make_reader(cls)
        self._objects += 1
        if self._objects > OBJECT_LIMIT:
            raise _Limit(f"more than {OBJECT_LIMIT} objects")
        try:
            return reader(value)
        except Exception as fault:  # noqa: BLE001 - it costs this part, not the whole value
            return _Opaque, (class_name(cls), f"it could not be read: {type(fault).__name__}")


class _Sink:
    """Where the pickler writes; it stops at the limit."""

    __slots__ = ("limit", "parts", "size")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.parts: list[bytes] = []

    def write(self, data: Any) -> None:
        self.size += len(data)
        if self.size > self.limit:
            raise _Limit(f"larger than {self.limit} bytes")
        self.parts.append(bytes(data))


_ATOMS = frozenset(map(id, (type(None), bool, int, float)))
_TEXTS = frozenset({str, bytes})


def freeze(value: Any, *, limit: int = VALUE_LIMIT) -> Frozen:
    """A copy of the value that later changes cannot reach; runs no code of the value's classes, never raises.

    `limit` is in bytes. What cannot be frozen comes back as an opaque mark.
    """
    cls = type(value)
    if id(cls) in _ATOMS or ((cls is str or cls is bytes) and len(value) <= limit):
        return value
    sink = _Sink(limit)
    try:
        _Freezer(sink).dump(value)
    except _Limit as over:
        return _opaque(value, f"{over}{_extent(value)}")
    except RecursionError:
        return _opaque(value, "nested too deeply")
    except Exception as fault:  # noqa: BLE001 - the service must never see a fault of its recorder
        return _opaque(value, f"it could not be read: {type(fault).__name__}")
    return FrozenBytes(b"".join(sink.parts))


def same_frozen(left: Frozen, right: Frozen) -> bool:
    """Whether two frozen values are certainly equal; `False` may also mean that only a closer look can tell."""
    if type(left) is FrozenBytes and type(right) is FrozenBytes:
        return left.data == right.data
    return left is right


def frozen_size(value: Frozen) -> int:
    """An estimate of the memory that a frozen value holds, in bytes."""
    if type(value) is FrozenBytes:
        return len(value.data) + 64
    return len(value) + 64 if type(value) in _TEXTS else 32


def _opaque(value: Any, reason: str) -> Frozen:
    sink = _Sink(VALUE_LIMIT)
    _Freezer(sink).dump(_Opaque(class_name(type(value)), reason))
    return FrozenBytes(b"".join(sink.parts))


_readers[id(_Opaque)] = lambda mark: (_Opaque, (mark.cls, mark.reason))
_readers[id(_Items)] = lambda items: (_Items, (items.kind, items.keys, items.values))


def _extent(value: Any) -> str:
    """Length and, for a dict, the first keys' types: the part of an oversized value's shape that costs nothing."""
    cls = type(value)
    if cls in (str, bytes, bytearray, list, tuple, set, frozenset, dict):
        return f"; {cls.__name__} of length {len(value)}"
    return ""


# --- thawing: in the collector -----------------------------------------------------------------------------------


class _Thawer(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _MARKERS[name]


def thaw(frozen: Frozen) -> Tree:
    """The value tree of a frozen value. Imports nothing and calls nothing but this module's markers."""
    if type(frozen) is not FrozenBytes:
        return _leaf(frozen)
    graph = _Thawer(io.BytesIO(frozen.data)).load()
    return _Grower(graph).tree


def capture(value: Any, *, limit: int = VALUE_LIMIT) -> Tree:
    """The value tree of a live value: `thaw(freeze(value))`."""
    return thaw(freeze(value, limit=limit))


_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_IMMUTABLE = frozenset({tuple, frozenset})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset, _Instance, _Items})


def _leaf(value: Any) -> Tree:
    cls = type(value)
    if cls is int and not _INT_MIN <= value <= _INT_MAX:
        return StandardNode("int", [hex(value)])
    if cls is bytes:
        return BytesNode(value)
    if cls is bytearray:
        return StandardNode("bytearray", [BytesNode(bytes(value))])
    if cls is str:
        return _text(value)
    leaf: Tree = value
    return leaf


def _text(value: str) -> Tree:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        return StandardNode("str", [BytesNode(value.encode("utf-8", "surrogatepass"))])
    return value


class _Grower:
    """Turns a thawed graph into a tree, with anchors where a value occurs more than once."""

    def __init__(self, graph: Any) -> None:
        self._shared: set[int] = set()
        self._numbers: dict[int, int] = {}
        self._find_shared(graph)
        self.tree: Tree = self._grow(graph, 0)

    def _find_shared(self, graph: Any) -> None:
        seen: set[int] = set()
        stack = [graph]
        while stack:
            value = stack.pop()
            cls = type(value)
            if cls is _Standard:
                stack.extend(value.parts)
                continue
            if cls not in _CONTAINERS:
                continue
            if id(value) in seen:
                self._shared.add(id(value))
                continue
            seen.add(id(value))
            if cls is dict:
                stack.extend(value)
                stack.extend(value.values())
            elif cls is _Instance:
                stack.append(value.content)
                stack.extend(value.values)
            elif cls is _Items:
                stack.extend(value.keys)
                stack.extend(value.values)
            elif value:
                stack.extend(value)

    def _grow(self, value: Any, depth: int) -> Tree:
        cls = type(value)
        if cls not in _CONTAINERS:
            return self._small(value, depth)
        if depth > DEPTH_LIMIT:
            return OpaqueNode(f"builtins:{cls.__name__}", f"deeper than {DEPTH_LIMIT} levels")
        key = id(value)
        if key not in self._shared or (cls in _IMMUTABLE and not value):
            return self._container(value, depth + 1)
        number = self._numbers.get(key)
        if number is not None:
            return RefNode(number)
        number = self._numbers[key] = len(self._numbers)
        return AnchorNode(number, self._container(value, depth + 1))

    def _small(self, value: Any, depth: int) -> Tree:
        cls = type(value)
        if cls is _Standard:
            return StandardNode(value.kind, [self._grow(part, depth + 1) for part in value.parts])
        if cls is _Member:
            return EnumNode(value.cls, value.name, self._grow(value.value, depth + 1))
        if cls is _Global:
            return GlobalNode(value.name)
        if cls is _Opaque:
            return OpaqueNode(value.cls, value.reason)
        return _leaf(value)

    def _container(self, value: Any, depth: int) -> Tree:
        grow = self._grow
        cls = type(value)
        if cls is dict:
            keys = [grow(key, depth) for key in value]
            return DictNode(keys, [grow(item, depth) for item in value.values()])
        if cls is list:
            return ListNode([grow(item, depth) for item in value])
        if cls is tuple:
            return TupleNode([grow(item, depth) for item in value])
        if cls is _Instance:
            content = grow(value.content, depth)
            names = [name if type(name) is str else repr(type(name)) for name in value.names]
            return ObjectNode(value.cls, content, names, [grow(item, depth) for item in value.values])
        if cls is _Items and value.kind == "dict":
            return DictNode([grow(key, depth) for key in value.keys], [grow(item, depth) for item in value.values])
        # An order of its own: what a set iterates in depends on the hash seed.
        items = sorted((grow(item, depth) for item in (value.keys if cls is _Items else value)), key=encode)
        return SetNode(items) if cls is set or (cls is _Items and value.kind == "set") else FrozenSetNode(items)
