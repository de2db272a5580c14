"""What a cursor of `psycopg2` says of a statement: as C has it, or as it was recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from .dbapi import APART, StatementCursor
from .psycopg2_errors import restore

if TYPE_CHECKING:
    from ..model.world import Effect, World


class Facts(NamedTuple):
    """What a cursor says of a statement that ran."""

    columns: tuple[str, ...] | None
    details: tuple[tuple[Any, ...], ...]
    """Of each column what its description says beside the name: type, sizes, precision, scale, whether it is null."""
    rowcount: int
    lastrowid: int
    status: str | None
    transaction: int | None
    """The state of the connection's transaction afterwards."""


UNKNOWN = Facts(None, (), -1, 0, None, None)


class DescribedCursor(StatementCursor):
    """The attributes of a cursor."""

    connection: Any
    _boundary = "psycopg2"
    _driver: Any
    """The driver's class, which is mixed below."""
    _facts: Facts | None
    _makes_rows: Any = None
    _server_name: Any = None
    """Of a cursor of the server behind a recorded world."""
    _was_read = False
    _read = 0
    """Behind a recorded world: whether rows were asked for, and how many came."""
    _asked: tuple[Any, Any] = ("", None)

    def _own(self, name: str) -> Any:
        """An attribute as C has it."""
        return vars(self._driver)[name].__get__(self)

    @property
    def name(self) -> Any:
        """Of a cursor of the server."""
        return self._server_name if self._server_name is not None else self._own("name")

    @property
    def row_factory(self) -> Any:
        """The program's row factory: C has it only while rows are not recorded, so that those are plain ones."""
        return self._makes_rows

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._makes_rows = factory
        self._set_row_factory(factory if self._ticket is None else None)

    def _set_row_factory(self, factory: Any) -> None:
        vars(self._driver)["row_factory"].__set__(self, factory)

    @property
    def description(self) -> Any:
        """Column descriptions of the last statement."""
        facts = self._facts
        if facts is None:
            return self._own("description")
        if facts.columns is None or (self._server_name is not None and not self._was_read):
            return None
        from psycopg2.extensions import Column  # loaded: a cursor of it asks

        described = zip(facts.columns, facts.details, strict=False)
        return tuple(Column(name, *details) for name, details in described)

    @property
    def rowcount(self) -> Any:
        """Rows that the last statement gave or changed."""
        return self._own("rowcount") if self._facts is None else self._facts.rowcount

    @property
    def lastrowid(self) -> Any:
        """The OID of the last insertion."""
        return self._own("lastrowid") if self._facts is None else self._facts.lastrowid

    @property
    def statusmessage(self) -> Any:
        """What the server said of the last statement."""
        return self._own("statusmessage") if self._facts is None else self._facts.status

    @property
    def rownumber(self) -> Any:
        """How many rows were read."""
        return self._own("rownumber") if self._facts is None else self._read

    @property
    def query(self) -> Any:
        """The last statement with its values, as the driver sends it."""
        if self._facts is None:
            return self._own("query")
        query, values = self._asked
        return self._driver.mogrify(self, query, values)

    def _answered(self, world: World, perform: Callable[[], Any], effect: Effect) -> None:
        """A statement that the recording answers, or nobody: then what changes the database changes none."""
        from psycopg2 import Error, OperationalError  # loaded: a cursor of it asks

        if not world.recorded:
            self._started(None)
            if effect == "read":
                raise OperationalError(APART)
            self._facts = UNKNOWN
            return
        try:
            perform()
        except Error as error:
            restore(error)
            self._session.failed()
            raise

    @property
    def _session(self) -> Any:
        return self.connection._session

    def _resource_name(self) -> str:
        return str(self.connection._resource)

    def _look(self) -> Facts:
        described = self._own("description")
        columns = tuple([column[0] for column in described]) if described is not None else None
        details = tuple([tuple(column)[1:] for column in described]) if described is not None else ()
        state = self.connection._driver.get_transaction_status(self.connection)
        rowcount, oid, status = map(self._own, ("rowcount", "lastrowid", "statusmessage"))
        return Facts(columns, details, rowcount, oid, status, state)

    def _hold(self, world: World, facts: Any, perform: Any) -> None:
        self._facts = Facts(*facts) if facts is not None else UNKNOWN
        self._session.began(self._facts.transaction)
