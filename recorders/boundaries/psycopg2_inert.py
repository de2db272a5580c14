"""What a connection of `psycopg2` says of itself behind a recorded world, where it was never connected.

It is a connection of the driver's own class that C never set up, so that whatever asks for its type is content. Each
attribute that C would read of a server is answered by what was recorded of the session, or set by the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..context import current_world
from ..model.world import Operation
from .dbapi import gap

IDLE: Final = 0
IN_TRANSACTION: Final = 2
IN_ERROR: Final = 3
"""States of a transaction (`psycopg2.extensions.TRANSACTION_STATUS_*`)."""

_READY: Final = 1
_BEGUN: Final = 2
"""`psycopg2.extensions.STATUS_READY`, `STATUS_BEGIN`"""

PARAMETERS: Final = ("client_encoding", "TimeZone", "DateStyle", "IntervalStyle", "standard_conforming_strings")
"""What is recorded of a session, beside the server's version."""

_USUAL: Final = {
    "client_encoding": "UTF8",
    "server_encoding": "UTF8",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
}
"""What a server says of a session, where the recording does not."""

_VERSION: Final = 150000


class Session:
    """The state of a connection that is connected to nothing."""

    def __init__(self, place: Mapping[str, str]) -> None:
        """`place` is what was asked for: host, port, dbname."""
        self.place = dict(place)
        self.version = _VERSION
        self.parameters = dict(_USUAL)
        self.state = IDLE
        self.settings: dict[str, Any] = {"autocommit": False}
        self.notices: list[str] = []
        self.notifies: list[Any] = []

    def said(self, facts: Any) -> None:
        """Take over what the server said when the recorded program connected: version and parameters."""
        if facts is not None:
            self.version, parameters = facts
            self.parameters.update({name: value for name, value in parameters if value is not None})

    def failed(self) -> None:
        """A statement failed."""
        if self.state == IN_TRANSACTION or not self.settings["autocommit"]:
            self.state = IN_ERROR

    def began(self, state: int | None) -> None:
        """A statement ran; `state` is what the recording says of the transaction afterwards."""
        self.state = state if state is not None else IDLE if self.settings["autocommit"] else IN_TRANSACTION


class Info:
    """In place of a `psycopg2.extensions.ConnectionInfo`."""

    backend_pid = 0
    error_message = None
    needs_password = used_password = ssl_in_use = False
    options = ""
    protocol_version = 3
    socket = -1
    ssl_attribute_names: tuple[str, ...] = ()
    status = 0

    def __init__(self, session: Session) -> None:
        self._session = session
        self.host = session.place.get("host", "")
        self.port = int(session.place.get("port") or 5432)
        self.dbname = session.place.get("dbname", "")
        self.user = session.place.get("user", "")
        self.password = ""
        self.dsn_parameters = dict(session.place)
        self.server_version = session.version

    @property
    def transaction_status(self) -> int:
        """As of `get_transaction_status`."""
        return self._session.state

    def parameter_status(self, name: str) -> str | None:
        """What the server said of a parameter."""
        return self._session.parameters.get(name)

    def ssl_attribute(self, name: str) -> None:
        """Nothing: it is not connected."""


def attributes(driver: type) -> dict[str, Any]:
    """What a class below `psycopg2.extensions.connection` needs so that its instances can be connected to nothing:
    `_session` is their `Session`, and `None` where they are connected."""
    own = vars(driver)
    found: dict[str, Any] = {
        name: property(_reading(own[name], read), _setting(own[name], name)) for name, read in _READ.items()
    }
    found.update({name: _asking(own[name], answer) for name, answer in _ANSWERS.items() if name in own})
    found.update({name: _asking(own[name], _refusing(name), name) for name in _REACHING if name in own})
    return found


def _reading(own: Any, read: Callable[[Session], Any]) -> Callable[[Any], Any]:
    return lambda self: own.__get__(self) if self._session is None else read(self._session)


def _setting(own: Any, name: str) -> Callable[[Any, Any], None]:
    def assign(self: Any, value: Any) -> None:
        if self._session is None:
            own.__set__(self, value)
        elif name == "notices":
            self._session.notices = value
        else:
            self._session.settings[name] = value

    return assign


def _asking(own: Any, answer: Callable[..., Any], unrecorded: str = "") -> Callable[..., Any]:
    def ask(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._session is None:
            if unrecorded:
                gap(current_world(), f"`{unrecorded}` of psycopg2")
            return own(self, *args, **kwargs)
        return answer(self._session, *args, **kwargs)

    ask.__name__, ask.__doc__ = own.__name__, own.__doc__
    return ask


_READ: dict[str, Callable[[Session], Any]] = {
    "encoding": lambda session: session.parameters["client_encoding"],
    "server_version": lambda session: session.version,
    "protocol_version": lambda session: 3,
    "status": lambda session: _READY if session.state == IDLE else _BEGUN,
    "info": Info,
    "notices": lambda session: session.notices,
    "notifies": lambda session: session.notifies,
    "autocommit": lambda session: session.settings["autocommit"],
    "isolation_level": lambda session: session.settings.get("isolation_level"),
    "readonly": lambda session: session.settings.get("readonly"),
    "deferrable": lambda session: session.settings.get("deferrable"),
}


def _set_session(session: Session, *args: Any, **kwargs: Any) -> None:
    names = ("isolation_level", "readonly", "deferrable", "autocommit")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    session.settings.update({name: value for name, value in given.items() if value is not None})


def _set_isolation_level(session: Session, level: Any) -> None:
    session.settings["autocommit"] = level == 0
    session.settings["isolation_level"] = level or None


def _reset(session: Session) -> None:
    session.state = IDLE


_ANSWERS: dict[str, Callable[..., Any]] = {
    "get_transaction_status": lambda session: session.state,
    "get_parameter_status": lambda session, name: session.parameters.get(name),
    "get_dsn_parameters": lambda session: dict(session.place),
    "get_backend_pid": lambda session: 0,
    "isexecuting": lambda session: False,
    "set_session": _set_session,
    "set_isolation_level": _set_isolation_level,
    "set_client_encoding": lambda session, name: None,
    "cancel": lambda session: None,
    "reset": _reset,
}

_REACHING = (
    *("fileno", "lobject", "poll", "tpc_begin", "tpc_prepare", "tpc_commit", "tpc_rollback", "tpc_recover"),
    "get_native_connection",
)


def _refusing(name: str) -> Callable[..., Any]:
    """What would reach out and is not recorded: the trace stops."""

    def call(session: Session, *args: Any, **kwargs: Any) -> Any:
        world = current_world()
        if world is not None and world.recorded:
            return world.call(Operation("psycopg2", name, "postgresql", "read"), None, lambda: None)
        raise RuntimeError(f"{name}: a replay is not connected to the database")

    return call
