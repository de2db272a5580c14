"""Readers: per class, how the raw state of its instances is taken without running its code.

A reader gives what `reducer_override` of the pickler needs: a marker class, its arguments, and perhaps a state. It is
made at the first sight of a class, from raw descriptors; no method, property or metaclass of the service runs.
"""

from __future__ import annotations

import collections
import enum
import io
import types
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ..faults import own
from .adapters.iterators import is_quiet_iterator
from .adapters.registry import ADAPTERS
from .adapters.streams import standard_name
from .contents import content_of_class
from .local_functions import read_cell
from .pickle_stubs import MARKER_IDS, Global, Instance, Items, Member, Opaque, Standard
from .raw import (
    class_name,
    is_loaded_class,
    is_raw,
    type_dict,
    type_dictoffset,
    type_flags,
    type_mro,
    type_size,
    type_weakrefoffset,
)

if TYPE_CHECKING:
    from ..model.value_tree import ClassName

__all__ = ["Reader", "Reduced", "class_name", "is_quiet_iterator", "known_readers", "layout_of", "reader_of"]

Reduced: TypeAlias = Any
Reader: TypeAlias = Callable[[Any], Reduced]


class Layout(NamedTuple):
    """Where the instances of a class keep what they hold, as far as it is worth measuring."""

    base: type | None
    """The built-in container that it extends."""
    read_dict: Callable[[Any], Any] | None


_TEXT_STREAM: type = io.StringIO.__mro__[1]
"""What every text stream extends that is written in C, or below a class that is."""


# --- readers: one per class, made at first sight ---------------------------------------------------------------


_STATIC_CLASSES = frozenset(
    map(id, (object, types.SimpleNamespace, collections.OrderedDict, collections.deque, collections.defaultdict))
)
"""Classes written in C whose instances the reader below takes apart like any other."""
_UUID_SLOTS = frozenset({"int", "is_safe"})


def _read_class(value: Any) -> Reduced:
    if id(value) in MARKER_IDS:
        return NotImplemented
    return Global, (class_name(value),)


def _has(mro: tuple[type, ...], base: type) -> bool:
    return any(one is base for one in mro)


def _getter(position: int, name: str) -> Callable[[Any], Any]:
    """What reads a slot, or the `__dict__`, by the descriptor in the class at that position of the resolution order.

    The descriptor is looked up each time: it would keep its class alive.
    """

    def get(value: Any) -> Any:
        return type_dict(type_mro(type(value))[position])[name].__get__(value)

    def get_own(value: Any) -> Any:
        return type_dict(type(value))[name].__get__(value)

    return get if position else get_own


def _dict_reader(mro: tuple[type, ...]) -> Callable[[Any], Any] | None:
    for position, cls in enumerate(mro):
        if is_raw(type_dict(cls).get("__dict__")):
            return _getter(position, "__dict__")
    return None


def _slots_of(mro: tuple[type, ...], skip: frozenset[str]) -> list[tuple[str, Callable[[Any], Any]]]:
    """(name, raw getter) of every slot, base classes first; a private name is kept as it is mangled."""
    found: list[tuple[str, Callable[[Any], Any]]] = []
    for position, cls in reversed(list(enumerate(mro))):
        namespace = type_dict(cls)
        if "__slots__" not in namespace:
            continue
        for name, descriptor in namespace.items():
            if type(descriptor) is types.MemberDescriptorType and type(name) is str and name not in skip:
                found.append((name, _getter(position, name)))
    return found


def _hidden_state(cls: type, base: type, slot_count: int) -> bool:
    """Whether instances carry C state that attributes do not show (the test of `object.__reduce_ex__`)."""
    expected = base.__basicsize__ + slot_count * 8
    own_dict = type_dictoffset(cls) != 0 and not type_flags(cls) & _MANAGED_DICT
    expected += 8 * (own_dict and base.__dictoffset__ == 0)
    expected += 8 * (type_weakrefoffset(cls) > 0 and base.__weakrefoffset__ <= 0)
    return bool(type_size(cls) > expected)


def _opaque_reader(cls: type, reason: str) -> Reader:
    mark = (class_name(cls), reason)
    return lambda value: (Opaque, mark)


def _raw(state: Any) -> Any:
    """A `__dict__` that is read as a plain dict, even where the service put one of a class of its own there."""
    return state if type(state) is dict else dict(zip(list(dict.keys(state)), list(dict.values(state)), strict=True))


def _member_reader(cls: type, get_dict: Callable[[Any], Any]) -> Reader:
    name = class_name(cls)

    def read(value: Any) -> Reduced:
        held: dict[str, Any] = {}
        for key, part in _raw(get_dict(value)).items():
            if type(key) is str:  # looking one up could compare it with a key of another class
                held[key] = part
        return Member, (name, held.get("_name_"), held.get("_value_"))

    return read


def _filename(error: OSError) -> Any:
    """Of an error that has one: giving it `None` would change its text."""
    found = _error_filename(error)
    if found is None:
        raise AttributeError
    return found


_error_filename = vars(OSError)["filename"].__get__


class _Anatomy(NamedTuple):
    """Where an instance keeps what it holds."""

    extract: Callable[[Any], Any] | None
    get_dict: Callable[[Any], Any] | None
    slots: list[tuple[str, Callable[[Any], Any]]]


def _anatomy(cls: type, mro: tuple[type, ...]) -> _Anatomy | str:
    """Where the instances of a class keep what they hold, or why that cannot be read."""
    found = content_of_class(mro)
    base, extract = found if found is not None else (object, None)
    get_dict = _dict_reader(mro)
    slots = _slots_of(mro, _UUID_SLOTS if is_loaded_class(base, "uuid", "UUID") else frozenset())
    if id(cls) in _STATIC_CLASSES:
        base = cls
    elif base is BaseException:
        base = next(one for one in mro if not type_flags(one) & _HEAP_TYPE)
    if _hidden_state(cls, base, len(slots)):
        return "its state is held in C, where attributes do not show it"
    if _has(mro, OSError):
        slots.append(("filename", _filename))
    if not slots and get_dict is None and extract is None and cls is not object and not _is_stateless(mro):
        return "it has no attributes to read"
    return _Anatomy(extract, get_dict, slots)


def _is_stateless(mro: tuple[type, ...]) -> bool:
    """Whether a class was made by a `class` statement that gives its instances nothing to hold: `__slots__ = ()`."""
    return all("__slots__" in type_dict(cls) for cls in mro if cls is not object)


def layout_fault(cls: type) -> str:
    """Why the instances of a class cannot be read; empty where they are attributes, and a known built-in part."""
    if not type_flags(cls) & _HEAP_TYPE and id(cls) not in _STATIC_CLASSES:
        return "a value of this type cannot be captured"
    anatomy = _anatomy(cls, type_mro(cls))
    return anatomy if isinstance(anatomy, str) else ""


def _instance_reader(cls: type, mro: tuple[type, ...]) -> Reader:
    anatomy = _anatomy(cls, mro)
    if isinstance(anatomy, str):
        return _opaque_reader(cls, anatomy)
    return _state_reader(class_name(cls), _fields_of(mro), *anatomy)


def _fields_of(mro: tuple[type, ...]) -> tuple[str, ...]:
    """The names of the items of a named tuple (`typing.NamedTuple`, `namedtuple`); none of other classes."""
    if not _has(mro, tuple):
        return ()
    for cls in mro:
        fields = type_dict(cls).get("_fields")
        if type(fields) is tuple and all(type(name) is str for name in fields):
            return fields
    return ()


def _state_reader(
    name: ClassName,
    fields: tuple[str, ...],
    extract: Callable[[Any], Any] | None,
    get_dict: Callable[[Any], Any] | None,
    slots: list[tuple[str, Callable[[Any], Any]]],
) -> Reader:
    arguments = (name, fields)

    def read(value: Any) -> Reduced:
        names: tuple[Any, ...] = ()
        values: tuple[Any, ...] = ()
        if get_dict is not None:
            state = _raw(get_dict(value))
            if state:
                names, values = tuple(state), tuple(state.values())
        for slot, get in slots:
            try:
                filled = get(value)
            except AttributeError as empty:
                if not own(empty):
                    raise
                continue  # an empty slot: nothing to record
            names, values = (*names, slot), (*values, filled)
        return Instance, arguments, (extract(value) if extract is not None else None, names, values)

    return read


_HEAP_TYPE = 1 << 9
_MANAGED_DICT = 1 << 4
"""Flags of a type (CPython, `Include/object.h`); a managed dict lies before the object and is no part of its size."""


def _make_reader(cls: type) -> Reader:
    mro = type_mro(cls)
    if _has(mro, type):
        return _read_class
    if _has(mro, enum.Enum):
        get_dict = _dict_reader(mro)
        if get_dict is not None:
            return _member_reader(cls, get_dict)
    known = ADAPTERS.reader_of(cls)
    if known is not None:
        return known
    if not type_flags(cls) & _HEAP_TYPE and id(cls) not in _STATIC_CLASSES and not _has(mro, BaseException):
        return _opaque_reader(cls, "a value of this type cannot be captured")
    return _instance_reader(cls, mro)


def _or_standard(reader: Reader) -> Reader:
    """Of a stream that stands as `sys.stdout` now, that name."""

    def read(stream: Any) -> Reduced:
        name = standard_name(stream)
        return (Standard, ("standardstream", name)) if name else reader(stream)

    return read


known_readers: dict[int, Reader] = {
    **ADAPTERS.by_id,
    **{id(cls): _or_standard(ADAPTERS.by_id[id(cls)]) for cls in (io.TextIOWrapper, io.StringIO)},
    id(types.CellType): read_cell,
    id(Opaque): lambda mark: (Opaque, (mark.cls, mark.reason, mark.extent)),
    id(Standard): lambda mark: (Standard, (mark.kind,), mark.parts),
    id(Items): lambda items: (Items, (items.kind, items.keys, items.values)),
}
"""Readers by the id of their class: hashing a class could run code of its metaclass."""

_MEASURED: tuple[type, ...] = (dict, list, tuple, set, frozenset, str, bytes, bytearray, collections.deque)
_layouts: dict[int, Layout | None] = {}

_classes: dict[int, weakref.ref[type]] = {}
"""The classes of `known_readers` that may go away: then another class may get the id of one."""


def reader_of(cls: type) -> Reader:
    """The reader of a class that `known_readers` does not hold yet."""
    key = id(cls)

    def forget(_class: object) -> None:
        known_readers.pop(key, None)
        _layouts.pop(key, None)
        _classes.pop(key, None)

    mro = type_mro(cls)
    reader = _make_reader(cls)
    known_readers[key] = reader = _or_standard(reader) if _has(mro, _TEXT_STREAM) else reader
    base = next((one for one in _MEASURED if _has(mro, one)), None)
    _layouts[key] = Layout(base, _dict_reader(mro)) if type_flags(cls) & _HEAP_TYPE or base is not None else None
    _classes[key] = weakref.ref(cls, forget)
    return reader


def layout_of(cls: type) -> Layout | None:
    """The layout of a class; `None` where its instances hold nothing that is worth measuring."""
    key = id(cls)
    if key not in known_readers:
        reader_of(cls)
    return _layouts.get(key)
