"""Values that are hard to capture, in the order that a seed gives, of classes that note when any of their code runs."""

from __future__ import annotations

import collections
import contextlib
import datetime
import decimal
import enum
import fractions
import functools
import io
import ipaddress
import itertools
import logging
import operator
import pathlib
import random
import re
import threading
import time
import types
import unittest.mock
import uuid
import weakref
from collections.abc import Callable, Iterator
from dataclasses import make_dataclass
from typing import Any
from xml.etree import ElementTree

from .classes import (
    SPECIAL,
    WATCH,
    Descriptor,
    Pair,
    Text,
    members,
    noting,
    noting_meta,
    noting_stream,
    plain_object,
    position,
    property_,
    with_method,
)


def _failed(thing: Any) -> Any:
    """A traceback over a frame that holds something."""
    try:
        raise ValueError(str(type(thing).__flags__))
    except ValueError as error:
        return error.__traceback__


class Maker:
    """Makes values, in the order that a seed gives."""

    def __init__(self, seed: int, folder: pathlib.Path) -> None:
        self.chance = random.Random(seed)
        self._kinds: list[Callable[[int], Any]] = [
            getattr(self, name) for name in sorted(vars(Maker)) if name.startswith("make_")
        ]
        self._alive: list[Any] = []
        self._opened = contextlib.ExitStack()
        self._files: dict[str, list[Any]] = {}
        self._file = folder / "file.txt"
        self._file.write_text("first line\nsecond line\nthird line\n" * 3, encoding="utf-8")

    def close(self) -> None:
        """Close what was opened."""
        self._opened.close()

    def value(self, depth: int = 0) -> Any:
        """The next value."""
        if depth > 3 or (depth and self.chance.random() < 0.3):
            return self.chance.choice([1, "a", None, 2.5, b"x", (1, 2)])
        return self.chance.choice(self._kinds)(depth + 1)

    def hostile(self, *bases: type, **more: Any) -> Any:
        """A class below some bases whose every method notes that it runs."""
        names = tuple(self.chance.sample(SPECIAL, self.chance.randrange(8, len(SPECIAL))))
        body = members(bases or (object,), names) | {"shown": property_("property"), "drawn": Descriptor()}
        if not bases and self.chance.random() < 0.3:
            body["__class__"] = property_("__class__")
        metaclass = noting_meta() if not bases or type(bases[0]) is type else type(bases[0])
        made = types.new_class(
            "Hostile", bases, {"metaclass": metaclass}, exec_body=lambda space: space.update({**body, **more})
        )
        if self.chance.random() < 0.2:
            type.__setattr__(made, "__module__", self.chance.choice([Text("shop"), 5, plain_object(), "shop"]))
        if self.chance.random() < 0.2:
            type.__setattr__(made, "__qualname__", Text("Hostile"))
        return made

    def _filled(self, made: Any, depth: int) -> Any:
        """An instance with attributes in its `__dict__`."""
        for name in ("a", "b"):
            with contextlib.suppress(AttributeError, TypeError):
                object.__setattr__(made, name, self.value(depth))
        return made

    # --- instances ---

    def make_instance(self, depth: int) -> Any:
        return self._filled(object.__new__(self.hostile()), depth)

    def make_slots(self, depth: int) -> Any:
        cls = self.hostile(__slots__=("a", "b", "__dict__") if self.chance.random() < 0.5 else ("a", "b"))
        return self._filled(object.__new__(cls), depth)

    def make_slots_of_another_class(self, depth: int) -> Any:
        other = self.hostile(__slots__=("x",))
        cls = self.hostile(__slots__=("a",), stolen=type.__dict__["__dict__"].__get__(other)["x"])
        return self._filled(object.__new__(cls), depth)

    def make_dict_property(self, depth: int) -> Any:
        return self._filled(object.__new__(self.hostile(__dict__=property_("__dict__"))), depth)

    def make_dict_of_its_own(self, depth: int) -> Any:
        class Holder:
            pass

        holder, space = Holder(), dict.__new__(self.hostile(dict))
        dict.__setitem__(space, "a", self.value(depth))
        holder.__dict__ = space
        return holder

    def make_names_of_its_own(self, depth: int) -> Any:
        made = object.__new__(self.hostile())
        object.__getattribute__(made, "__dict__")[Text("a")] = self.value(depth)
        return made

    def make_lazy(self, depth: int) -> Any:
        def evaluate(self: Any, name: str) -> Any:
            WATCH.note("lazy")
            return getattr("evaluated", name)

        return types.new_class("Lazy", (), exec_body=lambda body: body.update({"__getattribute__": evaluate}))()

    def make_mock(self, depth: int) -> Any:
        return self.chance.choice([unittest.mock.Mock(), unittest.mock.call.a(1), unittest.mock.MagicMock()])

    def make_dataclass(self, depth: int) -> Any:
        options: Any = {"slots": self.chance.random() < 0.5, "frozen": self.chance.random() < 0.5}
        return make_dataclass("Data", ["a", "b"], bases=(self.hostile(),), eq=False, **options)(1, self.value(depth))

    def make_namedtuple(self, depth: int) -> Any:
        return tuple.__new__(self.hostile(Pair), (self.value(depth), 2))

    def make_enum(self, depth: int) -> Any:
        body = members(
            (), ("__repr__", "__str__", "__format__", "__getstate__", "__reduce_ex__", "__reduce__", "__dir__")
        )
        base: Any = self.chance.choice([enum.Enum, enum.IntEnum, enum.Flag])
        colours = base("Colour", {"RED": 1})
        made = colours["RED"]
        for name, method in body.items():
            type.__setattr__(colours, name, method)
        return made

    def make_exception(self, depth: int) -> Any:
        base: Any = self.chance.choice([Exception, BaseException, KeyError, OSError, StopIteration, UnicodeError])
        cls = self.hostile(base)
        return self._filled(base.__new__(cls, self.value(depth)), depth)

    def make_class(self, depth: int) -> Any:
        return self.hostile()

    def make_metaclass(self, depth: int) -> Any:
        return noting_meta()

    def make_module(self, depth: int) -> Any:
        return types.ModuleType.__new__(self.hostile(types.ModuleType))

    # --- what extends a built-in class ---

    def make_list(self, depth: int) -> Any:
        made = list.__new__(self.hostile(list))
        list.extend(made, [self.value(depth), 1])
        return made

    def make_deque(self, depth: int) -> Any:
        made = collections.deque.__new__(self.hostile(collections.deque))
        collections.deque.extend(made, [self.value(depth), 1])
        return made

    def make_dict(self, depth: int) -> Any:
        base: Any = self.chance.choice([dict, collections.OrderedDict, collections.defaultdict, collections.Counter])
        made = base.__new__(self.hostile(base))
        setter: Any = dict.__setitem__ if base is not collections.OrderedDict else collections.OrderedDict.__setitem__
        for key in ("a", self._key()):
            setter(made, key, self.value(depth))
        return made

    def make_set(self, depth: int) -> Any:
        made = set.__new__(self.hostile(set))
        set.add(made, self._key())
        return made

    def make_scalar(self, depth: int) -> Any:
        base, given = self.chance.choice(
            [
                (str, "text"),
                (int, 5),
                (float, 1.5),
                (bytes, b"text"),
                (complex, 1j),
                (bytearray, b"x"),
                (tuple, (1,)),
                (frozenset, (1, 2)),
                (decimal.Decimal, "1.5"),
                (datetime.timedelta, 1),
            ]
        )
        return base.__new__(self.hostile(base), given)

    def make_moment(self, depth: int) -> Any:
        zone = datetime.tzinfo.__new__(self.hostile(datetime.tzinfo))
        cls = self.chance.choice([datetime.datetime, self.hostile(datetime.datetime)])
        return datetime.datetime.__new__(cls, 2024, 1, 2, 3, tzinfo=zone)

    def make_standard(self, depth: int) -> Any:
        number = int.__new__(self.hostile(int), 5)
        name = str.__new__(self.hostile(str), "name")
        pattern = re.compile("a+")
        identity = object.__new__(uuid.UUID)
        vars(uuid.UUID)["int"].__set__(identity, number)
        fraction = object.__new__(fractions.Fraction)
        fraction._numerator, fraction._denominator = number, number  # type: ignore[attr-defined]  # of the class
        return self.chance.choice(
            [
                identity,
                fraction,
                slice(number, name),
                logging.Logger(name),
                pattern,
                range(int.__int__(number)),
                pathlib.PurePosixPath(str.__new__(Text, "a/b")),
                types.SimpleNamespace(a=name, b=self.value(depth)),
            ]
        )

    # --- functions, iterators, streams ---

    def make_function(self, depth: int) -> Any:
        def function(*args: Any) -> None:
            WATCH.note("function")

        function.__module__ = self.chance.choice([Text("shop"), plain_object(), None, self.make_instance(depth)])
        function.__qualname__ = Text("function")
        function.__wrapped__ = self.make_lazy(depth)  # type: ignore[attr-defined]  # on purpose
        lists = self.make_list(depth)
        return self.chance.choice(
            [
                function,
                functools.partial(function, self.value(depth)),
                functools.lru_cache(function),
                types.MethodType(function, self.make_instance(depth)),
                list.append.__get__(lists),
                object.__new__(self.hostile()),
            ]
        )

    def make_iterator(self, depth: int) -> Any:
        items, text = self.make_list(depth), str.__new__(self.hostile(str), "text")
        row, table = tuple.__new__(self.hostile(tuple), (1, 2)), {self._key(): 1, "b": 2}
        made = self.chance.choice(
            [
                list.__iter__(items),
                str.__iter__(text),
                tuple.__iter__(row),
                iter(table),
                iter(table.items()),
                iter({1, 2}),
                reversed([1, 2]),
                map(self._noting_function(), items),
                zip([1], [2], strict=False),
                iter(range(3)),
                self._generator(),
                itertools.count(),
                enumerate([1]),
                list.__reversed__(items),
            ]
        )
        return made

    def _generator(self) -> Iterator[int]:
        def generator() -> Iterator[int]:
            WATCH.note("generator")
            yield 1

        return generator()

    def _noting_function(self) -> Callable[..., Any]:
        def function(*args: Any) -> None:
            WATCH.note("callback")

        return function

    def make_stream(self, depth: int) -> Any:
        raw = noting_stream()
        choices: list[Callable[[], Any]] = [
            lambda: io.BufferedReader(raw),
            lambda: io.TextIOWrapper(io.BufferedReader(raw)),
            lambda: raw,
            lambda: self._opened_file("r"),
            lambda: self._opened_file("rb"),
            lambda: position(io.StringIO("some text"), 3),
            lambda: position(io.BytesIO(b"some text"), 3),
            lambda: with_method(io.StringIO("some text"), "getvalue"),
            lambda: with_method(self._opened_file("r").buffer, "tell"),
            lambda: self.hostile(io.StringIO)(),
        ]
        return self.chance.choice(choices)()

    def _opened_file(self, mode: str) -> Any:
        """One of some files, which stands behind its first line."""
        known = self._files.setdefault(mode, [])
        if len(known) < 20:
            file = self._opened.enter_context(self._file.open(mode))
            file.readline()
            known.append(file)
        return self.chance.choice(known)

    def make_reference(self, depth: int) -> Any:
        target = object.__new__(self.hostile(__slots__=("__weakref__", "a")))
        self._alive.append(target)
        callback = self._noting_function()
        makers: list[Callable[[], Any]] = [lambda: weakref.ref(target, callback), lambda: weakref.proxy(target)]
        return self.chance.choice(makers)()

    def make_adapted(self, depth: int) -> Any:
        """Values of types that an adapter takes apart, which hold hostile ones."""
        thing, call, table = self.value(depth), self._noting_function(), self.make_dict(depth)
        alive = object.__new__(self.hostile(__slots__=("__weakref__",)))
        self._alive.append(alive)
        event, store, element = threading.Event(), threading.local(), ElementTree.Element("a")
        vars(event)["_flag"] = thing
        threading.local.__getattribute__(store, "__dict__")["a"] = thing
        element.text = thing
        address = ipaddress.IPv4Address(1)
        type(address)._ip.__set__(address, int.__new__(self.hostile(int), 5))  # type: ignore[attr-defined]  # a slot
        return self.chance.choice(
            [
                *(event, store, element, address, weakref.WeakValueDictionary(a=alive), weakref.WeakSet([element])),
                *(filter(call, [thing]), enumerate([thing]), itertools.repeat(thing), itertools.starmap(call, [thing])),
                *(itertools.chain([thing]), itertools.chain.from_iterable(self.make_iterator(depth) for _ in "a")),
                *(operator.itemgetter(thing), operator.methodcaller("a", thing, b=thing), time.localtime(0)),
                *(types.GenericAlias(list, (thing,)), functools.lru_cache(call), functools.partial(call, thing)),
                *(dict.values(table), random.Random.__new__(self.hostile(random.Random)), _failed(thing)),
                *(self.hostile(threading.local)(), map(call, [thing], [thing]), zip([thing], strict=True)),
            ]
        )

    def make_local_function(self, depth: int) -> Any:
        thing, text = self.value(depth), str.__new__(self.hostile(str), "text")

        def inner(number: Any = thing, *, more: Any = text) -> Any:
            WATCH.note("local function")
            return thing, number, more

        inner.shown = thing  # type: ignore[attr-defined]  # on purpose
        inner.__qualname__ = self.chance.choice([inner.__qualname__, text])
        return self.chance.choice([inner, functools.partial(inner, thing)])

    # --- containers ---

    def _key(self) -> Any:
        plain = self.hostile(__hash__=noting("__hash__", object.__hash__), __eq__=noting("__eq__", object.__eq__))
        return object.__new__(plain)

    def make_container(self, depth: int) -> Any:
        parts = [self.value(depth) for _ in range(self.chance.randrange(4))]
        makers: list[Callable[[list[Any]], Any]] = [list, tuple, lambda given: dict(enumerate(given))]
        return self.chance.choice(makers)(parts)

    def make_keys(self, depth: int) -> Any:
        keys = [self._key() for _ in range(3)]
        makers: list[Callable[[list[Any]], Any]] = [*(set, frozenset, dict.fromkeys, collections.OrderedDict.fromkeys)]
        return self.chance.choice(makers)(keys)

    def make_view(self, depth: int) -> Any:
        table = self.make_dict(depth)
        return self.chance.choice([types.MappingProxyType(table), dict.keys(table), memoryview(b"abc")])

    def make_cycle(self, depth: int) -> Any:
        row: list[Any] = [self.value(depth)]
        row.append({"row": row, "again": (row,)})
        return row

    def make_deep(self, depth: int) -> Any:
        made = self.value(depth)
        for _ in range(self.chance.choice([10, 100, 2000])):
            made = [made]
        return made

    def make_large(self, depth: int) -> Any:
        item = self.value(depth)
        made: list[Any] = [
            *([item] * 30_000, dict.fromkeys(range(30_000), item), "x" * 3_000_000, bytearray(3_000_000)),
            *({n: [n] for n in range(5_000)}, collections.Counter(range(30_000))),
        ]
        return self.chance.choice(made)
