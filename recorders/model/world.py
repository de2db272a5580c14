"""The world behind the boundaries of a trace: what a boundary may ask of it, whether it records or answers.

A boundary is described once. It never asks which world it has: it names the operation, hands over the request and a
way to perform it, and the world answers. The live world performs and records; the world of a replay answers from the
recording and performs nothing. What may wait has two forms, one of them to be awaited.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Effect: TypeAlias = Literal["read", "write", "session"]
"""`write` changes the other side and keeps its order per resource; `session` (connecting) is never compared."""


class Operation(NamedTuple):
    """What is asked of the world: which boundary, which call of it, of which resource, with which effect."""

    boundary: str
    name: str
    resource: str
    effect: Effect


class Ticket(Protocol):
    """One exchange under way: a first answer, then a stream of items (rows, chunks) where there is one."""

    def first(self, perform: Callable[[], T]) -> T:
        """The answer to the request, or the exception it raised."""

    def next(self, perform: Callable[[], Any]) -> Any:
        """The next item of the stream; `None` at its end."""

    def take(self, perform: Callable[[], list[Any]], most: int | None) -> list[Any]:
        """Up to `most` further items, or all that are left."""

    def item(self, item: Any) -> None:
        """The next item of the stream came about elsewhere; a recorded world, which performs nothing, is never told."""

    async def first_awaited(self, perform: Callable[[], Awaitable[T]]) -> T:
        """`first`, where the answer is awaited."""

    async def next_awaited(self, perform: Callable[[], Awaitable[Any]]) -> Any:
        """`next`, where the item is awaited."""

    async def take_awaited(self, perform: Callable[[], Awaitable[list[Any]]], most: int | None) -> list[Any]:
        """`take`, where the items are awaited."""


class Clock(Protocol):
    """Time and chance: readings that nobody compares, and that are the same again on replay."""

    def ambient(self, source: str, read: Callable[[], T], frame: FrameType) -> T:
        """A reading of clock or entropy, made by the code of a frame."""

    def advance(self, seconds: float) -> bool:
        """The program sleeps; `True` when the world moved its clock instead."""

    def owns(self, generator: object, *, claim: bool = False) -> bool:
        """Whether a random generator was seeded by the program within this trace; `claim` says that it was."""


class Environment(Protocol):
    """Environment variables."""

    def environ(self, key: str, read: Callable[[], str]) -> str:
        """The environment variable `key`; raises `KeyError` when it is not set."""

    def environ_names(self, read: Callable[[], list[str]]) -> list[str]:
        """The names of all environment variables."""

    def environ_set(self, key: str, value: str | None) -> None:
        """The program itself sets (or with `None` removes) a variable: later readings of it are its own."""


class Exchanges(Protocol):
    """Requests to systems outside the process, and their answers."""

    recorded: bool
    """Whether answers come from a recording: then a boundary must not touch the world at all."""

    sandboxed: bool
    """Whether databases that are opened must be private ones in memory."""

    def call(self, operation: Operation, request: Any, perform: Callable[[], T]) -> T:
        """One exchange with one answer."""

    async def call_awaited(self, operation: Operation, request: Any, perform: Callable[[], Awaitable[T]]) -> T:
        """`call`, where the answer is awaited."""

    def begin(self, operation: Operation, request: Any) -> Ticket:
        """One exchange with an answer that comes in parts."""


class World(Clock, Environment, Exchanges, Protocol):
    """What stands behind the boundaries of one trace."""
