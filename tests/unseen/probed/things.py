"""What the probes call from outside."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import copy
import dataclasses
import enum
import functools
import gc
import inspect
import logging
import pickle
import sys
import threading
import traceback
import typing
import warnings
import weakref
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)
HANDLERS: list[Callable[..., object]] = []
WEAK: weakref.WeakSet[object] = weakref.WeakSet()


def plain(x, y=2, *rest, z=3, **others):
    """A documented function.

    >>> plain(1)
    (1, 2, (), 3, {})
    """
    return x, y, rest, z, others


TABLE = {"plain": plain}


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


def register(function):
    HANDLERS.append(function)
    WEAK.add(function)
    return function


def unregister(function):
    HANDLERS.remove(function)


def call_all(*args):
    return [handler(*args) for handler in HANDLERS], len(WEAK)


def same(value):
    return value


def kinds_of(value):
    import collections.abc as kinds

    return [name for name in kinds.__all__ if isinstance(value, getattr(kinds, name))]


def sized(rows):
    return isinstance(rows, typing.Sized), hasattr(rows, "__len__"), hasattr(rows, "__getitem__")


def first(rows, count):
    return [item for item, _ in zip(rows, range(count))]


def caller_name():
    return sys._getframe(1).f_code.co_name, inspect.stack()[1].function, inspect.currentframe().f_back.f_code.co_name


def stack_names():
    return [frame.name for frame in traceback.extract_stack()[-4:]]


def warn_caller():
    warnings.warn("look out", DeprecationWarning, stacklevel=2)


def log_caller():
    log.warning("look out", stacklevel=2)


def log_here():
    log.warning("here")


def fail(text="no"):
    raise ValueError(text)


def fail_chained():
    try:
        fail("first")
    except ValueError as error:
        raise KeyError("second") from error


def fail_noted():
    error = ValueError("noted")
    error.add_note("a note")
    raise error


def fail_group():
    raise ExceptionGroup("several", [ValueError(1), TypeError(2)])


def leave(code):
    sys.exit(code)


def interrupt():
    raise KeyboardInterrupt


def handled_inside():
    try:
        fail()
    except ValueError:
        return type(sys.exc_info()[1]).__name__
    return None


def exc_info_now():
    return sys.exc_info()[0]


def retry(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for left in range(times, 0, -1):
                try:
                    return function(*args, **kwargs)
                except ValueError:
                    if left == 1:
                        raise
            return None

        return wrapper

    return decorate


TRIED = []


@retry(3)
def tried():
    TRIED.append(1)
    raise ValueError("never")


@functools.lru_cache(maxsize=8)
def cached(n):
    return object()


@functools.singledispatch
def shown(value):
    return f"some {value}"


@shown.register
def _(value: int):
    return f"number {value}"


@contextlib.contextmanager
def opened(log_to):
    log_to.append("in")
    try:
        yield len(log_to)
    finally:
        log_to.append("out")


def numbers(stop):
    got = []
    for number in range(stop):
        sent = yield number
        got.append(sent)
    return got


def chain(stop):
    found = yield from numbers(stop)
    return found


def endless():
    number = 0
    while True:
        yield number
        number += 1


def closing(log_to):
    try:
        yield 1
        yield 2
    finally:
        log_to.append("closed")


async def later(value):
    await asyncio.sleep(0)
    return value


async def failing_later():
    await asyncio.sleep(0)
    raise ValueError("later")


async def several(stop):
    for number in range(stop):
        await asyncio.sleep(0)
        yield number


async def gathered():
    return await asyncio.gather(later(1), later(2))


def locals_twice(a):
    one = locals()
    b = 2
    two = locals()
    return one is two, sorted(two), a, b


def counting():
    count = 0

    def add():
        nonlocal count
        count += 1
        return count

    return add


def uses_exec(a):
    space = {"a": a}
    exec("b = a + 1", space)
    return space["b"]


def dies_inside(thing):
    seen = weakref.ref(thing)
    del thing
    gc.collect()
    return seen() is None


class Thing:
    """A thing that tells when it goes."""

    gone = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        Thing.gone.append(self.name)

    def method(self, n):
        return 0 if n == 0 else 1 + self.method(n - 1)

    def itself(self):
        return self

    @property
    def size(self):
        return len(self.name)

    @size.setter
    def size(self, value):
        self.name = "x" * value

    @functools.cached_property
    def kept(self):
        return object()

    @classmethod
    def made(cls, name):
        return cls(name)

    @staticmethod
    def fixed(x):
        return x

    def __eq__(self, other):
        return isinstance(other, Thing) and self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f"Thing({self.name!r})"

    def __len__(self):
        return len(self.name)

    def __iter__(self):
        return iter(self.name)

    def __enter__(self):
        return self

    def __exit__(self, *given):
        return given[0] is ValueError

    def __getattr__(self, name):
        if name.startswith("any_"):
            return name
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class Slotted:
    __slots__ = ("__weakref__", "a")

    def __init__(self, a):
        self.a = a


class Child(Thing):
    def __init__(self, name, extra):
        super().__init__(name)
        self.extra = extra

    def method(self, n):
        return super().method(n) + 1


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...


class Square(Shape):
    def area(self):
        return 4


@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = 0
    tags: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        self.total = self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True)
class Fixed:
    x: int


@functools.total_ordering
class Ordered:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        return self.n == other.n

    def __lt__(self, other):
        return self.n < other.n


class Pair(typing.NamedTuple):
    a: int
    b: int = 2

    def total(self):
        return self.a + self.b


class Side(enum.Enum):
    BUY = 1
    SELL = 2

    @property
    def other(self):
        return Side.SELL if self is Side.BUY else Side.BUY


@typing.runtime_checkable
class Sizable(typing.Protocol):
    def size_of(self) -> int: ...


class Sizer:
    def size_of(self):
        return 1


class Meta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.by_meta = True
        return made


class Made(metaclass=Meta):
    def __init__(self, n):
        self.n = n


class Base:
    kinds = []

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Base.kinds.append(cls.__name__)


class Celsius:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        return self if instance is None else instance.__dict__.get(self.name, 0)

    def __set__(self, instance, value):
        instance.__dict__[self.name] = value * 2


class Room:
    heat = Celsius()


class Refused(Exception):
    def __init__(self, code, *, why):
        super().__init__(code, why)
        self.code = code


def refuse():
    raise Refused(3, why="full")


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found


def copied(value):
    return copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))


def iterate(source: Iterator[int]):
    return list(source)


def apply(function, *args, **kwargs):
    return function(*args, **kwargs)


def kept(function, *, store=[]):
    store.append(function)
    return store[-1] is function


def wait(seconds):
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        deep(20)
