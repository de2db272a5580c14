"""Sessions and prepared statements of `asyncpg`: what is known of them, and what stands for them in a replay."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_SETTINGS = {
    "server_version": "15.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
}
"""What a server says of a session, where the recording does not."""

_SAID = (*_SETTINGS, "in_hot_standby", "default_transaction_read_only", "search_path", "application_name")
_SAID_ELSEWHERE = ("padb_revision", "crdb_version", "crate_version")
"""By which the library knows databases that only speak like PostgreSQL."""


def said_of(connection: Any) -> dict[str, str]:
    """What the server said of a session."""
    settings = connection._protocol.get_settings()
    found = {name: getattr(settings, name, None) for name in (*_SAID, *_SAID_ELSEWHERE)}
    return {name: value for name, value in found.items() if value is not None}


class InertSettings:
    """The settings of a session; which codecs the program sets does not matter, for nothing is sent or received."""

    def __init__(self, said: Mapping[str, str]) -> None:
        vars(self).update(_SETTINGS, **said)

    def add_python_codec(self, *args: Any) -> None:
        """Nothing is encoded."""

    def remove_python_codec(self, *args: Any) -> None:
        """Nothing is encoded."""

    def set_builtin_type_codec(self, *args: Any) -> None:
        """Nothing is encoded."""

    def register_data_types(self, types: Any) -> None:
        """Nothing is decoded."""

    def clear_type_cache(self) -> None:
        """Nothing is kept."""


class InertStatement:
    """A statement that no server prepared."""

    def __init__(self, name: str, query: str, record_class: type, *, ignore_custom_codec: bool) -> None:
        self.name = name
        self.query = query
        self.record_class = record_class
        self.ignore_custom_codec = ignore_custom_codec
        self.closed = False
        self.refs = 0
        self.facts: Any = None
        """As `asyncpg_statements.facts_of` gave them; `None` where the program did not prepare it."""

    def attach(self) -> None:
        """One more holds it."""
        self.refs += 1

    def detach(self) -> None:
        """One less holds it."""
        self.refs -= 1

    def mark_closed(self) -> None:
        """It is used no more."""
        self.closed = True

    def mark_unprepared(self) -> None:
        """It would be sent again."""

    def _init_types(self) -> set[int]:
        return set()

    def _init_codecs(self) -> None:
        """Nothing is encoded."""

    def _get_attributes(self) -> tuple[Any, ...]:
        columns, types, _parameters = self.facts or ((), (), ())
        known = sys.modules["asyncpg.types"]
        pairs = zip(columns, types, strict=False)
        return tuple([known.Attribute(column, known.Type(*kind)) for column, kind in pairs])

    def _get_parameters(self) -> tuple[Any, ...]:
        known = sys.modules["asyncpg.types"]
        return tuple([known.Type(*kind) for kind in (self.facts or ((), (), ()))[2]])
