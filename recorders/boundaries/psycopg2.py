"""The boundary of `psycopg2`.

`psycopg2.connect` gives connections and cursors of classes that are mixed below those that the program asks for:
`isinstance`, `super()`, factories and the driver's own extras work as before. Behind a recorded world they are never
connected (see `psycopg2_inert`), and whatever stands above them is the library's own code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..context import current_world
from ..model.world import Operation, World
from ..patching import Undo, Undos, wrap
from .dbapi import end_transaction, gap, mixed, nothing
from .psycopg2_cursors import Cursor
from .psycopg2_errors import answer_diagnostics
from .psycopg2_inert import IDLE, PARAMETERS, Session, attributes
from .psycopg2_values import quoted_name
from .sql_copy import CopyCodec


def install(module: Any) -> Undo:
    """Put it in place in `psycopg2`."""
    undos = Undos()
    classes = Classes(module, undos)
    undos.add(wrap(module, "_connect", classes.connect))
    undos.add(wrap(module.extensions, "quote_ident", _quote_ident))
    return undos.run


class Classes:
    """The classes of connections and cursors that are mixed below those of the program."""

    def __init__(self, module: Any, undos: Undos) -> None:
        self._module, self._undos = module, undos
        self._driver = extensions = module.extensions
        self._errors_answer = False
        named = {"__module__": "psycopg2.extensions"}
        own = {**named, **attributes(extensions.connection), "_classes": self, "_driver": extensions.connection}
        self._connection = type("connection", (Connection, extensions.connection), own)
        self.of_cursors = type("cursor", (Cursor, extensions.cursor), {**named, "_driver": extensions.cursor})
        self._known: dict[tuple[type, type], type] = {}

    def connect(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """Stands for `psycopg2._connect`."""
        world = current_world()
        given = kwargs.get("connection_factory") or self._driver.connection
        factory = mixed(given, self._driver.connection, self._connection, self._known)
        dsn = args[0] if args else kwargs["dsn"]
        if kwargs.get("async") or kwargs.get("async_") or not isinstance(factory, type):
            gap(world, "an asynchronous connection of psycopg2, or one by a function")
            return wrapped(*args, **kwargs)
        place = self.place_of(dsn)
        resource = f"postgresql:{place['host']}:{place['port']}/{place['dbname']}"
        perform = _performing(wrapped, args, {**kwargs, "connection_factory": factory})
        made = perform() if world is None else self._connected(world, factory, dsn, place, resource, perform)
        made._resource = resource
        return made

    def _connected(
        self, world: World, factory: Any, dsn: str, place: Any, resource: str, perform: Callable[[], Any]
    ) -> Any:
        if world.sandboxed and not world.recorded:
            return factory(dsn)
        ticket = world.begin(Operation("psycopg2", "connect", resource, "session"), place)
        if world.recorded:
            facts = ticket.first(nothing)
            made = factory(dsn)
            made._session.said(facts)
            return made
        opened: list[Any] = []

        def run() -> tuple[Any, ...]:
            opened.append(perform())
            return _said(opened[0], self._driver.connection)

        ticket.first(run)
        return opened[0]

    def cursor(self, factory: Any) -> Any:
        """A class of cursors with ours below it."""
        return mixed(factory, self._driver.cursor, self.of_cursors, self._known)

    def unconnected(self, dsn: str) -> Session:
        """What a connection says of itself that is connected to nothing."""
        if not self._errors_answer:
            self._errors_answer = True
            self._undos.add(answer_diagnostics(self._module))
        return Session(self.place_of(dsn))

    def place_of(self, dsn: str) -> dict[str, str]:
        """Where a connection leads to."""
        try:
            asked: Mapping[str, str] = self._driver.parse_dsn(dsn)
        except Exception:  # noqa: BLE001 - connecting says so
            asked = {}
        return {name: str(asked.get(name) or "") for name in ("host", "port", "dbname")}


def _performing(connect: Any, args: Any, kwargs: Any) -> Callable[[], Any]:
    return lambda: connect(*args, **kwargs)


def _said(connection: Any, driver: Any) -> tuple[Any, ...]:
    """What the server said of the session."""
    ask = driver.get_parameter_status
    version = vars(driver)["server_version"].__get__(connection)
    return version, tuple([(name, ask(connection, name)) for name in PARAMETERS])


def _quote_ident(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """A name in quotes; the driver asks the connection, which an inert one cannot say."""
    scope = args[1] if len(args) > 1 else kwargs.get("scope")
    connection = getattr(scope, "connection", scope)
    if getattr(connection, "_session", None) is not None:
        return quoted_name(args[0] if args else kwargs["ident"])
    return wrapped(*args, **kwargs)


if TYPE_CHECKING:
    from psycopg2.extensions import connection as _Connection
else:
    _Connection = object


class Connection(_Connection):
    """A connection whose transactions go through the world of the running trace."""

    _classes: Classes
    _driver: Any
    _resource = "postgresql:"
    _session: Session | None = None
    """What it says of itself where it is connected to nothing."""

    def __init__(self, dsn: str, *args: Any, **kwargs: Any) -> None:
        world = current_world()
        if world is not None and world.sandboxed:
            self._session = self._classes.unconnected(dsn)
        else:
            super().__init__(dsn, *args, **kwargs)

    def cursor(self, name: Any = None, cursor_factory: Any = None, *args: Any, **kwargs: Any) -> Any:
        """A cursor of the program's class with ours below it."""
        wanted = cursor_factory or self.cursor_factory
        factory = self._classes.cursor(wanted) if wanted is not None else self._classes.of_cursors
        if self._session is None:
            return super().cursor(name, factory, *args, **kwargs)
        return factory(self, name)

    def commit(self) -> None:
        """End the transaction; without one, nothing happens and nothing is recorded."""
        self._end("commit", super().commit)

    def rollback(self) -> None:
        """Undo the transaction; without one, nothing happens and nothing is recorded."""
        self._end("rollback", super().rollback)

    def _end(self, name: str, perform: Callable[[], Any]) -> None:
        world, session = current_world(), self._session
        if session is None:
            if world is None:
                perform()
            else:
                end_transaction(world, "psycopg2", name, self._resource, self.status != 1, perform)
            return
        if world is not None and world.recorded:
            end_transaction(world, "psycopg2", name, self._resource, session.state != IDLE, nothing)
        session.state = IDLE


CODEC = CopyCodec()
