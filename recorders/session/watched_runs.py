"""Runs of what a trace was given and watches: calls of a callable, generators, coroutines.

Their frames are those of outside code: what they do themselves is part of their answer.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

from .. import context
from ..capture.awaiting import is_item, item_of
from ..code_flags import CO_ASYNC_GENERATOR
from ..context import Listener, Scope, Watch

if TYPE_CHECKING:
    from ..boundaries.live_world import LiveTicket

Rest: TypeAlias = Callable[[Watch], bool]
"""Waits for a frame to be resumed; see `Tracer.rest_frame`."""


class Shared:
    """The watch of a frame of which several traces want to know: it passes on what it is notified of."""

    listeners: tuple[Listener, ...] = ()

    def listen(self, listener: Listener) -> None:
        """Notify another trace too."""
        self.listeners += (listener,)

    def unlisten(self, listener: Listener) -> None:
        """Its trace is over."""
        self.listeners = tuple([one for one in self.listeners if one is not listener])

    def notify_yielded(self, value: Any) -> None:
        """The frame hands over a value, and rests."""
        for one in self.listeners:
            one.on_yielded(value)

    def notify_returned(self, value: Any) -> None:
        """The frame returns a value."""
        for one in self.listeners:
            one.on_returned(value)

    def notify_raised(self, error: BaseException) -> None:
        """An exception leaves the frame."""
        for one in self.listeners:
            one.on_raised(error)


class _Beside(Shared):
    """A frame of outside code that a trace watches: what it does itself is part of its answer."""

    def __init__(self, code: CodeType, frame: FrameType) -> None:
        self.code = code
        self.frame = frame
        self._scope = Scope(None)
        self._scope.watch = self
        self._token: Any = None

    def enter(self) -> None:
        """The frame runs from here."""
        self._token = context.enter(self._scope)

    def leave(self) -> None:
        """The trace goes on."""
        token, self._token = self._token, None
        if token is not None:
            context.leave_anyhow(token)

    def returned(self, value: Any) -> None:
        """The frame returns."""

    def raised(self, error: BaseException) -> None:
        """The frame fails."""

    def yielded(self, value: Any) -> None:
        """The frame hands over an item."""

    def resumed(self) -> None:
        """The frame goes on."""

    def lost(self) -> None:
        """Nothing will report how the frame ends."""
        self.leave()


class CallRun(_Beside):
    """One call of a callable argument, which may be a coroutine function."""

    def __init__(self, code: CodeType, frame: FrameType, ticket: LiveTicket, rest: Rest) -> None:
        super().__init__(code, frame)
        self._ticket = ticket
        self._rest = rest

    def yielded(self, value: Any) -> None:
        """It awaits something."""
        self.leave()
        self.notify_yielded(value)
        self._rest(self)

    def resumed(self) -> None:
        """It goes on."""
        self.enter()

    def returned(self, value: Any) -> None:
        """It answers."""
        self.leave()
        del self.frame
        self._ticket.answered(value)
        self.notify_returned(value)

    def raised(self, error: BaseException) -> None:
        """It fails."""
        self.leave()
        del self.frame
        self._ticket.failed(error)
        self.notify_raised(error)


class _Consumed(_Beside):
    """What a trace was given and takes bit by bit."""

    ticket: LiveTicket

    def __init__(self, code: CodeType, frame: FrameType, rest: Rest) -> None:
        super().__init__(code, frame)
        self._rest = rest
        self._source: Watch | None = None
        """What waits for the frame, where another trace is notified of it."""

    def hear(self, watch: Watch) -> None:
        """Be notified by the watch that waits for the frame."""
        self._source = watch
        watch.listen(self)

    def stop(self) -> None:
        """The trace is over."""
        source, self._source = self._source, None
        if source is not None:
            source.unlisten(self)

    def resumed(self) -> None:
        """It goes on."""
        if self._token is None:
            self.enter()

    def yielded(self, value: Any) -> None:
        """It hands over an item, or awaits something."""
        self.leave()
        self.on_yielded(value)
        self.notify_yielded(value)
        self._rest(self)

    def returned(self, value: Any) -> None:
        """It came to its end."""
        self.leave()
        self.on_returned(value)
        self.notify_returned(value)

    def raised(self, error: BaseException) -> None:
        """It failed, or was closed."""
        self.leave()
        self.on_raised(error)
        self.notify_raised(error)

    def on_yielded(self, value: Any) -> None:
        """It hands over an item, or awaits something."""

    def on_returned(self, value: Any) -> None:
        """It has a result, or no more items."""

    def on_raised(self, error: BaseException) -> None:
        """It failed, or was closed."""
        if type(error) is not GeneratorExit:
            self.ticket.failed(error)


class IteratorRun(_Consumed):
    """A generator that a trace was given, asynchronous or not, as its items are taken."""

    def __init__(self, code: CodeType, frame: FrameType, rest: Rest) -> None:
        super().__init__(code, frame, rest)
        self._is_asynchronous = bool(code.co_flags & CO_ASYNC_GENERATOR)

    def on_yielded(self, value: Any) -> None:
        """An item is there, or it awaits something."""
        if not self._is_asynchronous:
            self.ticket.item(value)
        elif is_item(value):
            self.ticket.item(item_of(value))

    def on_returned(self, value: Any) -> None:
        """There are no more."""
        self.ticket.end()


class CoroutineRun(_Consumed):
    """A coroutine that a trace was given, as it is awaited."""

    def on_returned(self, value: Any) -> None:
        """It has its result."""
        self.ticket.answered(value)
        self.ticket.end()
