"""A world that keeps nothing: everything goes through. The base of worlds that keep a little."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ..model.world import Operation

T = TypeVar("T")


class PassThroughTicket:
    """An exchange that nobody records."""

    def first(self, perform: Callable[[], T]) -> T:
        return perform()

    def next(self, perform: Callable[[], Any]) -> Any:
        return perform()

    def take(self, perform: Callable[[], list[Any]], most: int | None) -> list[Any]:
        return perform()

    def item(self, item: Any) -> None:
        """Nobody keeps it."""

    async def first_awaited(self, perform: Callable[[], Awaitable[T]]) -> T:
        return await perform()

    async def next_awaited(self, perform: Callable[[], Awaitable[Any]]) -> Any:
        return await perform()

    async def take_awaited(self, perform: Callable[[], Awaitable[list[Any]]], most: int | None) -> list[Any]:
        return await perform()


class PassThrough:
    """A world outside every trace."""

    recorded = False
    sandboxed = False
    _ticket = PassThroughTicket()

    def ambient(self, source: str, read: Callable[[], T], frame: FrameType) -> T:
        return read()

    def advance(self, seconds: float) -> bool:
        return False

    def owns(self, generator: object, *, claim: bool = False) -> bool:
        return False

    def environ(self, key: str, read: Callable[[], str]) -> str:
        return read()

    def environ_names(self, read: Callable[[], list[str]]) -> list[str]:
        return read()

    def environ_set(self, key: str, value: str | None) -> None:
        """Nobody keeps it."""

    def call(self, operation: Operation, request: Any, perform: Callable[[], T]) -> T:
        return perform()

    async def call_awaited(self, operation: Operation, request: Any, perform: Callable[[], Awaitable[T]]) -> T:
        return await perform()

    def begin(self, operation: Operation, request: Any) -> PassThroughTicket:
        return self._ticket
