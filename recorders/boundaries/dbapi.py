"""What drivers of DB-API 2 (PEP 249) share: statements, their rows, and ends of transactions go through the world.

A driver in C gets cursors of a class that is mixed below the program's own, see `StatementCursor`: rows are recorded as
they are fetched, never ahead, and before a row factory makes something of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..context import current_world
from ..model.world import Operation, Ticket, World
from .sql import effect_of

APART = "statements outside of traces are not recorded, and nothing answers them in a replay"
"""The message of the error for a program that reads a database while the code under test is imported or built."""


def nothing() -> Any:
    """What a recorded world never performs."""
    return None


def given(args: tuple[Any, ...], kwargs: dict[str, Any], *names: str) -> tuple[Any, ...]:
    """Arguments by their names, however they were passed; `None` for those that were not."""
    return tuple([args[at] if at < len(args) else kwargs.get(name) for at, name in enumerate(names)])


def mixed(factory: Any, base: type, ours: type, known: dict[tuple[type, type], type]) -> Any:
    """A class with the program's own first and ours below it, so that its `super()` calls arrive at ours.

    What is no class makes connections or cursors by itself: it stays as it is. `known` are those that were mixed.
    """
    if factory is base or factory is ours:
        return ours
    if not isinstance(factory, type) or issubclass(factory, ours):
        return factory
    key = (factory, ours)
    if key not in known:
        known[key] = type(factory.__name__, (factory, ours), {"__module__": factory.__module__})
    return known[key]


def end_transaction(
    world: World, boundary: str, name: str, resource: str, in_transaction: bool, perform: Callable[[], Any]
) -> None:
    """Commit or roll back; where there is no transaction, the other side sees nothing of it, and none is recorded."""
    if in_transaction:
        world.begin(Operation(boundary, name, resource, "write"), None).first(perform)
    elif not world.recorded:
        perform()


def gap(world: World | None, what: str) -> None:
    """Something is not recorded: the trace says so, and is not judged."""
    trace: Any = getattr(world, "trace", None)
    if trace is not None:
        trace.gap(f"{what} is not recorded")


def record_error(ticket: Ticket, error: BaseException) -> None:
    """Record an error that is on its way already."""

    def fail() -> None:
        raise error

    try:
        ticket.first(fail)
    except BaseException:  # noqa: BLE001 - it is raised where it came from
        return


if TYPE_CHECKING:

    class _Cursor:
        """The driver's own cursor, below."""

        arraysize: Any

        def fetchone(self) -> Any: ...
        def fetchmany(self, size: int, /) -> list[Any]: ...
        def fetchall(self) -> list[Any]: ...
        def __iter__(self) -> Iterator[Any]: ...
        def __next__(self) -> Any: ...

else:
    _Cursor = object


class StatementCursor(_Cursor):
    """A cursor whose statements and rows go through the world of the running trace.

    A driver mixes it between the program's class and its own, and says what belongs to it alone: `_resource_name`, what
    there is to know of a statement that ran (`_look`), and how a recorded one is held (`_hold`).
    """

    _boundary = ""
    _ticket: Ticket | None = None
    """Of the statement whose rows are read; `None` when it ran outside of traces."""
    _facts: Any = None
    """Of the recorded statement; `None` when the last one ran here."""

    def _resource_name(self) -> str:
        raise NotImplementedError

    def _look(self) -> tuple[Any, ...]:
        """What is recorded of a statement that ran."""
        raise NotImplementedError

    def _hold(self, world: World, facts: Any, perform: Callable[[], Any]) -> None:
        """Say of the statement from now on what was recorded of it."""
        raise NotImplementedError

    def _maker(self) -> Callable[[Any], Any] | None:
        """What makes of a row that was read, or recorded, one for the program; `None` where it is one already."""
        return None

    def _row(self, ticket: Ticket, fetch: Callable[[], Any]) -> Any:
        """The next row of a recorded statement, `None` at the end."""
        return ticket.next(fetch)

    def _rows(self, ticket: Ticket, fetch: Callable[[], list[Any]], most: int | None) -> list[Any]:
        """Up to `most` rows of a recorded statement, or all that are left."""
        return ticket.take(fetch, most)

    def _started(self, ticket: Ticket | None) -> None:
        """Another statement starts, recorded or not."""
        self._ticket = ticket
        self._facts = None

    def _run(self, name: str, perform: Callable[[], Any], request: Callable[[], tuple[Any, ...]]) -> None:
        world = current_world()
        if world is None:
            self._started(None)
            perform()
            return
        asked = request()
        effect = effect_of(asked[0]) if name != "executescript" else "write"
        ticket = world.begin(Operation(self._boundary, name, self._resource_name(), effect), asked)
        self._started(ticket)
        if world.recorded:
            self._hold(world, ticket.first(nothing), perform)
            return

        def run() -> tuple[Any, ...]:
            perform()
            return tuple(self._look())

        ticket.first(run)

    def fetchone(self) -> Any:
        """The next row, or `None`."""
        fetch = super().fetchone
        row = fetch() if self._ticket is None else self._row(self._ticket, fetch)
        make = self._maker()
        return row if make is None or row is None else make(row)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Up to `size` rows."""
        most = self.arraysize if size is None else size
        fetch = super().fetchmany
        rows = fetch(most) if self._ticket is None else self._rows(self._ticket, lambda: fetch(most), most)
        make = self._maker()
        return rows if make is None else [make(row) for row in rows]

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        fetch = super().fetchall
        rows = fetch() if self._ticket is None else self._rows(self._ticket, fetch, None)
        make = self._maker()
        return rows if make is None else [make(row) for row in rows]

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        step = super().__next__
        row = step() if self._ticket is None else self._row(self._ticket, lambda: _stepped(step))
        if row is None:
            raise StopIteration
        make = self._maker()
        return row if make is None else make(row)


def _stepped(step: Callable[[], Any]) -> Any:
    """The next row, `None` at the end."""
    try:
        return step()
    except StopIteration:
        return None
