"""Errors of `psycopg2`: what the server said of them lies in C, and is kept beside the exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..faults import own
from ..patching import Undo, replace_static

_SAID = "_runtime_said"
"""The attribute of an exception that keeps it: an exchange records it with the exception's other state."""

_FIELDS = (
    *("severity", "severity_nonlocalized", "sqlstate", "message_primary", "message_detail", "message_hint"),
    *("statement_position", "internal_position", "internal_query", "context", "schema_name", "table_name"),
    *("column_name", "datatype_name", "constraint_name"),
)
"""Of `psycopg2.extensions.Diagnostics`; where in the server's source it was raised is nobody's concern."""


def remember(error: BaseException) -> None:
    """Keep what the server said of an error that is on its way to the program."""
    from psycopg2 import Error  # loaded: it raised this

    if not isinstance(error, Error):
        return
    try:
        state = vars(Error)
        diagnostics = state["diag"].__get__(error)
        fields = {name: getattr(diagnostics, name) for name in _FIELDS}
        code, message = state["pgcode"].__get__(error), state["pgerror"].__get__(error)
        vars(error)[_SAID] = code, message, {name: text for name, text in fields.items() if text is not None}
    except Exception as fault:
        if not own(fault):
            raise


def restore(error: BaseException) -> None:
    """Let an error of the recording say what the server said."""
    said = vars(error).get(_SAID)
    if type(said) is tuple and len(said) == 3:
        error.__setstate__({"pgcode": said[0], "pgerror": said[1]})


class _Diagnostics:
    """In place of a `psycopg2.extensions.Diagnostics`."""

    def __init__(self, fields: Any) -> None:
        self._fields = fields if type(fields) is dict else {}

    def __getattr__(self, name: str) -> Any:
        if name in _FIELDS or name.startswith("source_"):
            return self._fields.get(name)
        raise AttributeError(name)


def answer_diagnostics(module: Any) -> Undo:
    """Let errors of the recording have diagnostics; returns its undo."""
    own_diag = vars(module.Error)["diag"]

    def diagnostics(self: Any) -> Any:
        said = vars(self).get(_SAID)
        return _Diagnostics(said[2]) if type(said) is tuple and len(said) == 3 else own_diag.__get__(self)

    return replace_static(module.Error, "diag", property(diagnostics))


def remembering(perform: Callable[[], Any]) -> None:
    """Perform, and keep what the server says of an error."""
    try:
        perform()
    except BaseException as error:
        remember(error)
        raise
