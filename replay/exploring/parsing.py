"""This file is about parsing: sources as syntax trees, each parsed once; nobody changes them."""

from __future__ import annotations

import ast
from functools import lru_cache

from ..change import compare_sources


@lru_cache(maxsize=256)
def parsed(source: str) -> ast.Module | None:
    """The tree of a module; `None` for what does not parse."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


@lru_cache(maxsize=256)
def changed_lines(new: str, old: str) -> frozenset[int]:
    """Lines of the new version that the old one does not have."""
    return compare_sources("", old, new).lines
