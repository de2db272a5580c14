"""Measuring: how large a value is, before it is frozen, at a cost that does not grow with it.

A bounded number of containers and instances is looked at, from the outside inwards; of a large container some items
stand for all. What is certainly too large to be kept is named, so that its shape is kept in its place and the rest as
it is. What is missed stops at the freezer's own limits. Nothing of the value's classes runs.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final, NamedTuple

from .raw import class_name, text, type_mro, type_qualname
from .readers import Layout, layout_of

LOOKS: Final = 16
"""Containers and instances that are looked into: some ten microseconds."""

WHOLE: Final = 32
"""Items up to which all of a container are looked at."""

SAMPLE: Final = 16
"""Items that stand for those of a larger one."""

SMALL: Final = 256
"""Items and containers up to which a value is small, if each of its texts is."""

SMALL_TEXT: Final = 1_000
SMALL_SIZE: Final = SMALL * SMALL_TEXT

OBJECT_SIZE: Final = 30
"""Bytes of a frozen instance without its attributes, at least."""

# By id: hashing a class could run code of its metaclass.
_ATOMS: Final = {id(type(None)): 1, id(bool): 1, id(int): 2, id(float): 9}
"""The least that one takes in a pickle of protocol 5."""
_STR, _BYTES, _BYTEARRAY = id(str), id(bytes), id(bytearray)
_LIST, _TUPLE, _DICT, _SET, _FROZENSET = id(list), id(tuple), id(dict), id(set), id(frozenset)
_TEXTS: Final = frozenset({_STR, _BYTES, _BYTEARRAY})
_SEQUENCES: Final = frozenset({_LIST, _TUPLE})
_CONTAINERS: Final = frozenset({_LIST, _TUPLE, _DICT, _SET, _FROZENSET})
_deque: Any = collections.deque
_BASES: Final[tuple[Any, ...]] = (dict, list, tuple, set, frozenset, str, bytes, bytearray, _deque)


class Measured(NamedTuple):
    """What was found of a value."""

    heavy: dict[int, Any]
    """The parts that are too large, by id."""
    size: float
    """Bytes of all else, about, as far as it was looked at."""
    objects: float
    """Instances in all else, about."""


_NOTHING: Final = Measured({}, 0.0, 0.0)


class Outside(NamedTuple):
    """The outside of a value, as an `Extent` keeps it."""

    kind: str
    length: int
    keys: tuple[str, ...]
    items: tuple[str, ...]


def extent_of(value: Any) -> Outside | None:
    """The extent of a value that has a length; `None` for others."""
    base: Any = _base_of(value)
    if base is None:
        return None
    length = base.__len__(value)
    if base is dict:
        keys = dict.fromkeys(map(_type_name, islice(dict.keys(value), SAMPLE)))
        return Outside("dict", length, tuple(keys), tuple(map(_type_name, islice(dict.values(value), SAMPLE))))
    if base is str or base is bytes or base is bytearray:
        return Outside(base.__name__, length, (), ())
    return Outside(base.__name__, length, (), tuple(map(_type_name, _sampled(base, value, length))))


def _base_of(value: Any) -> type | None:
    """The built-in type with a length that a value is, or extends."""
    mro = type_mro(type(value))
    return next((base for base in _BASES if any(cls is base for cls in mro)), None)


def _type_name(value: Any) -> str:
    """The name that shapes know a type by."""
    cls = type(value)
    if value is None:
        return "None"
    known = id(cls) in _ATOMS or id(cls) in _TEXTS or id(cls) in _CONTAINERS
    return text(type_qualname(cls)) or "?" if known else class_name(cls)


def _sampled(base: Any, value: Any, length: int) -> list[Any]:
    """All items of a small container, some of a large one: across a sequence, the first of what has no order."""
    if base is list or base is tuple:
        step = max(1, length // SAMPLE) if length > WHOLE else 1
        found: list[Any] = list(base.__getitem__(value, slice(None, None, step)))
        return found
    items: Iterable[Any] = dict.values(value) if base is dict else base.__iter__(value)
    return list(items) if length <= WHOLE else list(islice(items, SAMPLE))


def measure(value: Any, limit: int, most: int) -> Measured:
    """What a value holds; a part is too large that has more than `limit` bytes, or more than `most` instances."""
    if limit >= SMALL_SIZE and most >= SMALL and _is_small(value):
        return _NOTHING
    look = _Look(limit, most)
    look.into(value)
    return Measured(look.heavy, look.size, look.objects)


def _is_small(value: Any) -> bool:
    """Whether a value is so small that there is nothing to measure: the shortest way, because most values are."""
    left, stack = SMALL, [value]
    for part in stack:  # which grows meanwhile
        kind = id(type(part))
        items: Any
        if kind in _SEQUENCES:
            items = part
        elif kind == _DICT:
            items = part.values()
        else:
            layout = layout_of(type(part)) if kind not in _CONTAINERS else None
            if layout is None or layout.base is not None or layout.read_dict is None:
                return False
            state = layout.read_dict(part)
            if type(state) is not dict:
                return False
            items = state.values()
        left -= len(items) + 1
        if left < 0:
            return False
        for item in list(items):
            kind = id(type(item))
            if kind not in _ATOMS:
                if kind not in _TEXTS:
                    stack.append(item)
                elif len(item) > SMALL_TEXT:
                    return False
    return True


class _Look:
    """One look at a value."""

    __slots__ = ("_limit", "_most", "_queue", "_repeats", "_seen", "heavy", "objects", "size")

    def __init__(self, limit: int, most: int) -> None:
        self._limit = limit
        self._most = most
        self._seen: set[int] = set()
        self._repeats = 0
        self._queue: list[tuple[Any, float]] = []
        """(container or instance, how many like it it stands for)"""
        self.heavy: dict[int, Any] = {}
        self.size = 0.0
        self.objects = 0.0

    def into(self, value: Any) -> None:
        """From the outside inwards."""
        self._count(self._items((value,), 1.0), 1.0)
        left = LOOKS
        for part, weight in self._queue:  # which grows meanwhile
            left -= 1
            if left < 0:
                return
            cls = type(part)
            kind = id(cls)
            if kind == _DICT and len(part) <= WHOLE:  # the most frequent ones first, by the shortest way
                self._count(self._items(list(part.values()), weight), weight)
            elif kind in _SEQUENCES and len(part) <= WHOLE:
                self._count(self._items(part, weight), weight)
            elif kind in _CONTAINERS:
                self._container(cls, part, weight)
            else:
                self._instance(layout_of(cls), part, weight)

    def _count(self, found: tuple[int, int], weight: float) -> None:
        self.size += weight * found[0]
        self.objects += weight * found[1]

    def _items(self, items: Iterable[Any], weight: float) -> tuple[int, int]:
        """(bytes, instances) of some items, without what they hold; what holds something goes into the queue."""
        size, objects, seen = 0, 0, self._seen
        for item in items:
            kind = id(type(item))
            known = _ATOMS.get(kind)
            if known is not None:
                size += known
                continue
            key = id(item)
            if key in seen:
                self._repeats += 1
                size += 2
            elif kind in _CONTAINERS and not item:
                size += 1
            elif kind not in _TEXTS:
                seen.add(key)
                self._queue.append((item, weight))
                if kind not in _CONTAINERS:
                    objects += 1
                    size += OBJECT_SIZE
            elif len(item) <= self._limit:
                seen.add(key)
                size += len(item) + 2
            else:
                self.heavy[key] = item
        return size, objects

    def _instance(self, layout: Layout | None, part: Any, weight: float) -> None:
        if layout is None:
            return
        if layout.base is not None:
            self._container(layout.base, part, weight)
        state = layout.read_dict(part) if layout.read_dict is not None else None
        if type(state) is dict:
            self._count(self._items(list(state.values())[:WHOLE], weight), weight)

    def _container(self, base: Any, part: Any, weight: float) -> None:
        length = base.__len__(part)
        least = 2 * length if base is dict else length
        if least > self._limit:
            self.heavy[id(part)] = part
        elif id(base) in _TEXTS:
            self.size += weight * length
        elif length <= WHOLE:
            self._count(self._items(_sampled(base, part, length), weight), weight)
        else:
            self._large(part, _sampled(base, part, length), length, weight)

    def _large(self, part: Any, sample: list[Any], length: int, weight: float) -> None:
        """A container of which some items stand for all; what is near the limit is left to the freezer."""
        known, waiting, repeats = len(self.heavy), len(self._queue), self._repeats
        each = length / len(sample)
        size, objects = self._items(sample, weight * each)
        if 2 * (self._repeats - repeats) >= len(sample):  # the same few in many places
            self._queue[waiting:] = [(item, weight) for item, _weight in self._queue[waiting:]]
            self._count((size + 2 * length, objects), weight)
            return
        certain = 1 if objects == len(sample) else 2
        if len(self.heavy) > known or size * each > 2 * self._limit or objects * each > certain * self._most:
            del self._queue[waiting:]
            self.heavy[id(part)] = part
        else:
            self._count((size, objects), weight * each)


def without(heavy: dict[int, Any], mark: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that gives a part of a value as it is to be frozen: of the heavy ones their marks."""
    return _Substitution(heavy, mark).of


class _Substitution:
    """Puts marks in the places of heavy parts: in copies of the containers around them."""

    def __init__(self, heavy: dict[int, Any], mark: Callable[[Any], Any]) -> None:
        self._heavy = heavy
        self._mark = mark
        self._done: dict[int, Any] = {}
        self._kept: list[Any] = []
        """What `_done` knows by its id."""

    def of(self, value: Any, depth: int = 0) -> Any:
        """The value itself where nothing in it is heavy, as far as it was looked at."""
        key = id(value)
        if key in self._done:
            return self._done[key]
        if key in self._heavy:
            self._kept.append(value)
            self._done[key] = made = self._mark(value)
            return made
        cls = type(value)
        small = (cls is list or cls is tuple or cls is dict) and len(value) <= WHOLE
        return self._copied(value, depth + 1) if small and depth < LOOKS else value

    def _holds_heavy(self, value: dict[Any, Any]) -> bool:
        return any(id(item) in self._heavy for item in value.values())

    def _copied(self, value: Any, depth: int) -> Any:
        self._kept.append(value)
        if type(value) is dict and not all(map(_is_quiet_key, value)):  # a copy would hash its keys
            self._done[id(value)] = mark = self._mark(value) if self._holds_heavy(value) else value
            return mark
        if type(value) is tuple:
            items = tuple([self.of(item, depth) for item in value])
            self._done[id(value)] = made = value if _same(items, value) else items
            return made
        copy: Any = type(value)()
        self._done[id(value)] = copy  # so that a cycle is closed
        if type(value) is dict:
            copy.update(zip(value, [self.of(item, depth) for item in value.values()], strict=True))
            same = _same(copy.values(), value.values())
        else:
            copy.extend([self.of(item, depth) for item in value])
            same = _same(copy, value)
        if same:
            self._done[id(value)] = value
            return value
        return copy


def _is_quiet_key(key: Any) -> bool:
    """Whether hashing and comparing a key runs nothing but the interpreter's own code."""
    return id(type(key)) in _ATOMS or id(type(key)) in _TEXTS


def _same(left: Iterable[Any], right: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(left, right, strict=True))
