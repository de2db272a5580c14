"""This file is about targets: the functions of a class that count as entries, shared by recorder and replay."""

from __future__ import annotations

_OPERATORS = frozenset(
    {
        *("__init__", "__call__", "__enter__", "__exit__", "__getitem__", "__setitem__", "__delitem__"),
        *("__contains__", "__len__", "__add__", "__sub__", "__mul__", "__truediv__", "__floordiv__", "__mod__"),
        *("__pow__", "__neg__", "__and__", "__or__", "__xor__", "__lt__", "__le__", "__gt__", "__ge__"),
    }
)


def is_public_operator(name: str) -> bool:
    """Whether a double-underscored method is called for its own sake, not by the interpreter's machinery."""
    return name in _OPERATORS
