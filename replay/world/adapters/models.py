"""Builders of what libraries for models keep at their instances, and of values that they make.

A state of SQLAlchemy belongs to one instance, so it is made when that instance is: nothing is attached to a session,
and what was not loaded is not.
"""

from __future__ import annotations

from typing import Any

from ....recorders.capture.raw import type_dict
from .protocol import OfHolder, TypeBuilder, exactly, member


class _MappedState(OfHolder):
    """The state of an instance that is mapped by SQLAlchemy."""

    def __init__(self, identity: Any, expired: Any, changed: Any) -> None:
        self._identity = identity if identity is None else exactly(tuple, identity)
        self._expired = {exactly(str, name) for name in exactly(list, expired)}
        self._changed = [exactly(str, name) for name in exactly(list, changed)]

    def of(self, holder: Any) -> Any:
        """A new state, of an instance that is a row or is none, and in no session."""
        manager = type_dict(type(holder)).get("_sa_class_manager")
        if type(manager) is not member("sqlalchemy.orm.instrumentation", "ClassManager"):
            raise TypeError("its class is not mapped any more")
        mapper = manager.mapper
        mapper._check_configure()
        state = member("sqlalchemy.orm.state", "InstanceState")(holder, manager)
        if self._identity is not None:
            state.key = mapper.identity_key_from_primary_key(self._identity)
        state.expired_attributes.update(self._expired)
        if self._changed:
            unknown = member("sqlalchemy.orm.attributes", "NO_VALUE")
            state.committed_state = dict.fromkeys(self._changed, unknown)
            state.modified = True
        return state


def _row(held: Any) -> Any:
    pairs = held.items() if type(held) is dict else exactly(list, held)
    names = [exactly(str, name) for name, _value in pairs]
    values = tuple([value for _name, value in pairs])
    meta = member("sqlalchemy.engine.result", "SimpleResultMetaData")(names)
    return member("sqlalchemy.engine.row", "Row")(meta, None, meta._key_to_index, values)


def _model_state(database: Any, adding: Any, related: Any) -> Any:
    made = member("django.db.models.base", "ModelState")()
    made.db = database if database is None else exactly(str, database)
    made.adding = exactly(bool, adding)
    for name, instance in exactly(dict, related).items():
        made.fields_cache[exactly(str, name)] = instance
    return made


def _url(name: Any, text: Any) -> Any:
    if name not in ("Url", "MultiHostUrl"):
        raise ValueError(f"{name!r} is no address")
    return member("pydantic_core._pydantic_core", name)(exactly(str, text))


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("sqlalchemy.state", _MappedState),
    TypeBuilder("sqlalchemy.collection", lambda: None),  # nothing tells an owner of its changes: it is in no session
    TypeBuilder("sqlalchemy.row", _row),
    TypeBuilder("django.state", _model_state),
    TypeBuilder("pydantic.url", _url),
)
"""One a kind."""
