"""Two mocks, part by part: what they answer, and how they were called, under the names by which a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

from ...recorders.model.value_tree import DictNode, Tree
from ..model.difference import ABSENT
from ..model.field_path import key_path

_NAMES = ("__class__", "name", "_spec_class", "_mock_methods", "return_value", "side_effect")
_CALLS = ("call_args_list", "mock_calls")


def mock_parts(base: list[Tree], candidate: list[Tree]) -> list[tuple[str, Tree, Tree]] | None:
    """(path, base's part, candidate's) of each part; see `recorders.capture.adapters.mocks`. `None` of what is none."""
    if len(base) != 10 or len(candidate) != 10:
        return None
    pairs = _listed(_NAMES, base[:6], candidate[:6])
    for left, right in zip(base[6:8], candidate[6:8], strict=True):
        if not isinstance(left, DictNode) or not isinstance(right, DictNode):
            return None
        pairs += _named(left, right)
    return pairs + _listed(_CALLS, base[8:], candidate[8:])


def _listed(names: tuple[str, ...], left: list[Tree], right: list[Tree]) -> list[tuple[str, Tree, Tree]]:
    return [(f".{name}", before, after) for name, before, after in zip(names, left, right, strict=True)]


def _named(left: DictNode, right: DictNode) -> Iterator[tuple[str, Tree, Tree]]:
    before = dict(zip(map(str, left.keys), left.values, strict=True))
    after = dict(zip(map(str, right.keys), right.values, strict=True))
    for name in {**before, **after}:
        path = f".{name}" if name.isidentifier() else key_path(name)
        yield path, before.get(name, ABSENT), after.get(name, ABSENT)
