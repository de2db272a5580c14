"""Keys of caches: which values are of one kind, and what a value is called by its key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .routes import is_identifier

if TYPE_CHECKING:
    from ..model.value_tree import Tree

_SEPARATOR = re.compile(r"([:/.|])")


def plain(part: Tree) -> str:
    """A text or bytes as text; empty for what is neither."""
    data = getattr(part, "data", None)
    if isinstance(data, bytes):
        return data.decode("utf-8", "replace")
    return part if isinstance(part, str) else ""


def kind_of(key: str) -> str:
    """A key with the parts that look like identifiers left out."""
    return "".join("<id>" if is_identifier(part) else part for part in _SEPARATOR.split(key))


def name_of(key: Tree) -> str:
    """What the value under a key is called: the last part of the key that is a word."""
    words = [part for part in _SEPARATOR.split(plain(key))[::2] if part and not is_identifier(part)]
    return words[-1] if words else ""
