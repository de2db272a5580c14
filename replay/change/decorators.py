"""Decorators that hand their function to nobody, known by the names that everybody gives them."""

from __future__ import annotations

import ast

INERT = frozenset(
    {"staticmethod", "classmethod", "property", "abstractmethod", "abc.abstractmethod", "override", "final", "overload"}
    | {"cached_property", "functools.cached_property", "lru_cache", "functools.lru_cache", "cache", "functools.cache"}
    | {"wraps", "functools.wraps", "contextmanager", "contextlib.contextmanager", "total_ordering"}
    | {"functools.total_ordering", "dataclass", "dataclasses.dataclass", "singledispatch", "functools.singledispatch"}
)
"""Decorators that hand their function to nobody: what they change of it, its callers see."""


def is_inert_decorator(node: ast.expr) -> bool:
    """Whether a decorator hands what it decorates to nobody."""
    called = node.func if isinstance(node, ast.Call) else node
    text = ast.unparse(called)
    return text in INERT or text.endswith((".setter", ".deleter", ".getter"))
