"""What libraries for models keep at their instances, and values that they make: SQLAlchemy, Django, pydantic.

An instance of a model is read like any other; nothing is loaded, no query is made. What its library keeps at it leads
to mappers, sessions and connections, and stands for a few facts: which row it is, whether it was saved.
"""

from __future__ import annotations

import sys
from typing import Any

from ..pickle_stubs import Items
from ..raw import namespace_of, namespace_of_module, text, type_qualname
from .protocol import TypeAdapter, Unreadable
from .scalars import attribute_of

_PENDING_LIMIT = 1_000
"""Changed attributes of an instance that are captured."""


def _mapped_state(state: Any) -> tuple[Any, ...]:
    """Of `sqlalchemy.orm.state.InstanceState`: the primary key, where the instance is a row, and what is expired."""
    key = attribute_of(state, "key")
    expired = attribute_of(state, "expired_attributes")
    names = [name for name in set.__iter__(expired) if type(name) is str] if type(expired) is set else []
    committed = attribute_of(state, "committed_state")
    changed = [name for name in list(committed) if type(name) is str] if type(committed) is dict else []
    if len(changed) > _PENDING_LIMIT:
        raise Unreadable("more of its attributes were changed than are captured")
    identity = key[1] if type(key) is tuple and len(key) == 3 and type(key[1]) is tuple else None
    return identity, sorted(names), sorted(changed)


def _row(row: Any) -> tuple[Any, ...]:
    """Of `sqlalchemy.engine.Row`: names and values, as the program reads them."""
    values = row._data
    names = list(attribute_of(row._parent, "_keys") or ())
    if type(values) is not tuple or len(names) != len(values) or not all(map(_is_text, names)):
        raise Unreadable("its columns have no names")
    if len(set(map(str, names))) == len(names):
        return (Items("dict", list(map(str, names)), list(values)),)
    return ([(str(name), value) for name, value in zip(names, values, strict=True)],)


def _is_text(name: Any) -> bool:
    """Whether a name is a plain one, or one of the library's own class for names that are quoted."""
    quoted = namespace_of_module(sys.modules.get("sqlalchemy.sql.elements")).get("quoted_name")
    return type(name) is str or type(name) is quoted


def _model_state(state: Any) -> tuple[Any, ...]:
    """Of `django.db.models.base.ModelState`: database, whether it is new, and the related instances that are loaded."""
    held = namespace_of(state) or {}
    return held.get("db"), held.get("adding", True), held.get("fields_cache") or {}


def _url(url: Any) -> tuple[Any, ...]:
    return text(type_qualname(type(url))), str(url)


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("sqlalchemy.state", ("sqlalchemy.orm.state:InstanceState",), _mapped_state),
    TypeAdapter("sqlalchemy.collection", ("sqlalchemy.orm.collections:CollectionAdapter",), lambda adapter: ()),
    TypeAdapter("sqlalchemy.row", ("sqlalchemy.engine.row:Row",), _row),
    TypeAdapter("django.state", ("django.db.models.base:ModelState",), _model_state),
    TypeAdapter(
        "pydantic.url", ("pydantic_core._pydantic_core:Url", "pydantic_core._pydantic_core:MultiHostUrl"), _url
    ),
)
"""One a type."""
