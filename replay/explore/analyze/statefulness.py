"""Statefulness: whether a function keeps something from one call to the next, in its module or object."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ....recorders.model.branches import FunctionName
from ....recorders.model.full_names import module_part, split_name
from ...change.versions import Versions
from .syntax_trees import definitions, parsed

_CACHES = frozenset({"cache", "lru_cache", "cached_property", "singledispatch"})
_CONTAINERS = frozenset({"dict", "list", "set", "defaultdict", "OrderedDict", "deque", "Counter"})


def keeps_state(versions: Versions, functions: Iterable[FunctionName]) -> bool:
    """Whether a module that defines one of these functions, in either version, holds something that can change: a
    container that functions use, a `global`, a cache."""
    modules = {module_part(function) for function in functions}
    return any(_can_change(text) for module in modules for text in (versions.old.get(module, ""), versions.new[module]))


_CHANGING = frozenset(
    {
        *("append", "appendleft", "extend", "insert", "add", "update", "setdefault"),
        *("pop", "popitem", "popleft", "remove", "discard", "clear", "sort"),
    }
)
"""Methods that change a container."""


def changes_its_object(versions: Versions, function: FunctionName) -> bool:
    """Whether a method of the class of this one, in either version, changes what its object holds."""
    module, name = split_name(function)
    home = name.rpartition(".")[0]
    if not home:
        return False
    return any(_changes_itself(text, f"{home}.") for text in (versions.old.get(module, ""), versions.new[module]))


def _changes_itself(source: str, home: str) -> bool:
    tree = parsed(source)
    if tree is None:
        return False
    return any(
        _changes_own(part)
        for name, method in definitions(tree).items()
        if name.startswith(home) and name != f"{home}__init__" and isinstance(method, ast.FunctionDef)
        for part in ast.walk(method)
    )


def _changes_own(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            return _is_own(node)
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in _CHANGING:
            return _is_own(owner)
        case _:
            return False


def _is_own(node: ast.expr) -> bool:
    """Whether it is reached through `self`."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id == "self"


def _can_change(source: str) -> bool:
    tree = parsed(source)
    if tree is None:
        return False
    containers = {name for node in tree.body for name in _containers(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Global():
                return True
            case ast.FunctionDef(decorator_list=decorators) if any(_name(part) in _CACHES for part in decorators):
                return True
            case ast.FunctionDef():
                if any(isinstance(part, ast.Name) and part.id in containers for part in ast.walk(node)):
                    return True
            case _:
                pass
    return False


def _containers(node: ast.stmt) -> list[str]:
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            is_display = isinstance(value, (ast.Dict, ast.List, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp))
            is_made = isinstance(value, ast.Call) and _name(value) in _CONTAINERS
            return [name] if is_display or is_made else []
        case _:
            return []


def _name(node: ast.expr) -> str:
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
