"""The layout of classes: which attributes their instances hold, read from the source.

Recorded state fits an instance only while its class lays it out as it did. Where recorded state must be put into an
object because nobody knows who made it, a difference in the layout of its class casts doubt on what is seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from ...recorders.model.value_tree import ClassName
from .qualified_names import definitions_in

_MAKERS = frozenset({"__init__", "__new__", "__post_init__", "__setstate__", "__setattr__", "__getattr__"})


def changed_layouts(old: Mapping[str, str], new: Mapping[str, str]) -> frozenset[ClassName]:
    """Classes (`module:qualname` of the old version) whose instances may hold something else in the new one.

    `old` and `new` map modules to their text. A class that is gone from its module counts, wherever it went.
    """
    found: set[ClassName] = set()
    for module, text in old.items():
        if text != new.get(module):
            before, after = dict(_layouts(text)), dict(_layouts(new.get(module, "")))
            found.update(f"{module}:{name}" for name, layout in before.items() if after.get(name) != layout)
    return frozenset(found)


def _layouts(source: str) -> Iterator[tuple[str, str]]:
    """(qualified name, everything that decides on the attributes of an instance) of each class."""
    return ((name, _layout(node)) for name, node in definitions_in(source) if isinstance(node, ast.ClassDef))


def _layout(node: ast.ClassDef) -> str:
    parts = [ast.dump(part) for part in (*node.bases, *node.keywords, *node.decorator_list)]
    names: set[str] = set()
    for statement in node.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.update(_assigned(statement))
            if statement.name in _MAKERS:
                parts.append(ast.dump(statement))
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            parts.append(ast.dump(statement))
    return "\n".join([*parts, *sorted(names)])


def _assigned(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Attributes of the receiver that a method sets."""
    first = [*function.args.posonlyargs, *function.args.args][:1]
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and first
        and node.value.id == first[0].arg
    }
