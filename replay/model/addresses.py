"""Addresses of objects in values: `id()` as a number or a key, `0x7f…` in a text. Two runs never share them.

CPython aligns objects to 16 bytes (`Objects/obmalloc.c`), and 64-bit systems place them above the first four gigabytes
and below 2**48.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...recorders.model.value_tree import DictNode, FrozenSetNode, SetNode, Tree, encode

ALIGNMENT = 16
LOWEST, HIGHEST = 2**32, 2**48

_IN_TEXT = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")


def differ_in_addresses(_path: str, base: Tree, candidate: Tree) -> bool:
    """Whether two parts that differ do so in nothing but addresses; to be used as `compare.TreeSettles`."""
    if isinstance(base, (int, str)) and isinstance(candidate, (int, str)):
        return type(base) is type(candidate) and _without(base) == _without(candidate)
    if isinstance(base, DictNode) and isinstance(candidate, DictNode):
        return _keyed_alike(base, candidate)
    if isinstance(base, (SetNode, FrozenSetNode)) and isinstance(candidate, type(base)):
        return sorted(map(_encoded, base.items)) == sorted(map(_encoded, candidate.items))
    return False


def _keyed_alike(base: DictNode, candidate: DictNode) -> bool:
    """Whether the keys, in their order, differ in addresses alone, and some do; what is under them is the same."""
    keys, others = list(map(_encoded, base.keys)), list(map(_encoded, candidate.keys))
    return keys == others and all(map(_alike, base.values, candidate.values))


def _alike(base: Tree, candidate: Tree) -> bool:
    return (
        encode(base) == encode(candidate) or differ_in_addresses("", base, candidate) or _parts_alike(base, candidate)
    )


def _parts_alike(base: Tree, candidate: Tree) -> bool:
    """Of sequences: whether their items are alike."""
    left, right = getattr(base, "items", None), getattr(candidate, "items", None)
    if type(base) is not type(candidate) or not isinstance(left, Sequence) or not isinstance(right, Sequence):
        return False
    return len(left) == len(right) and all(map(_alike, left, right))


def _encoded(tree: Tree) -> bytes:
    return encode(_without(tree)) if isinstance(tree, (int, str)) else encode(tree)


def _without(tree: int | str) -> int | str:
    """A number or text without the address that it is, or has in it."""
    if isinstance(tree, str):
        return _IN_TEXT.sub("0x…", tree)
    is_address = LOWEST < tree < HIGHEST and tree % ALIGNMENT == 0
    return "an address" if is_address and not isinstance(tree, bool) else tree
