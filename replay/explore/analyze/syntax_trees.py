"""Sources as syntax trees, each parsed once and never changed."""

from __future__ import annotations

import ast
from functools import lru_cache

from ...change.source_diff import compare_sources


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


def definitions(tree: ast.Module) -> dict[str, ast.AST]:
    """Qualified name → function or class; module-level name → what it is set to."""
    found: dict[str, ast.AST] = {}

    def walk(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    found[prefix + name] = node
                case ast.ClassDef(name=name, body=inner):
                    walk(inner, f"{prefix}{name}.")
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found.setdefault(prefix + name, value)
                case ast.Assign(targets=[ast.Tuple(elts=parts)], value=value):
                    found.update({prefix + part.id: value for part in parts if isinstance(part, ast.Name)} | found)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    found.setdefault(prefix + name, value)
                case _:
                    pass

    walk(tree.body, "")
    return found
