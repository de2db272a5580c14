"""The change: in which lines and functions the code under test differs from what was recorded.

Compared are syntax trees: comments, docstrings, formatting and type hints do not count.
"""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from ...recorders.model.branches import FunctionName
from .definitions import take_definitions
from .qualified_names import first_line, inside
from .sequence_diff import opcodes


class FunctionText(NamedTuple):
    """One function of a module: where it stands, and what it says."""

    name: str
    first: int
    last: int
    text: str
    """Its syntax tree, without what means nothing; nested functions are part of it."""
    names: frozenset[str]
    """Global names and attributes that it uses."""


class ModuleChange(NamedTuple):
    """How one module differs."""

    module: str
    lines: frozenset[int]
    """Lines of the new version that are new, changed, or follow a removed one, inside functions that changed and in
    module-level statements that changed."""
    functions: Mapping[FunctionName, int]
    """Functions that changed, or that use a module-level name that did → their first such line."""
    statements: bool
    """Whether statements outside functions differ: what they set up may reach any code."""
    removed: frozenset[FunctionName] = frozenset()
    """Functions that are gone."""


def compare_sources(module: str, old: str, new: str) -> ModuleChange:
    """The change between two versions of a module; one that does not parse counts as changed in every line."""
    if old == new:
        return ModuleChange(module, frozenset(), {}, False)
    try:
        before, after = _read(old), _read(new)
    except SyntaxError:
        return ModuleChange(module, frozenset(range(1, new.count("\n") + 2)), {}, True)
    lines = _changed_lines(old, new)
    ordered = sorted(lines)
    changed: dict[str, int] = {}
    kept: set[int] = set()
    for function in _changed_functions(before, after):
        inside = ordered[bisect_left(ordered, function.first) : bisect_right(ordered, function.last)]
        meaning = [line for line in inside if line in after.statement_lines]
        changed.setdefault(f"{module}:{function.name}", (meaning or inside or [function.first])[0])
        kept.update(meaning or inside)
    for name, line in _dependents(before, after):
        changed.setdefault(f"{module}:{name}", line)
    outside = after.changed_statements(before) | after.moved_statements(before)
    kept.update(lines & outside)
    statements = bool(outside or before.changed_statements(after))
    removed = frozenset(f"{module}:{name}" for name in before.functions if name not in after.functions)
    return ModuleChange(module, frozenset(kept), changed, statements, removed)


def _changed_functions(before: _Module, after: _Module) -> Iterator[FunctionText]:
    """Definitions that the other version does not have; where it has one more of the name, those that are left."""
    for name, definitions in after.functions.items():
        known = before.functions.get(name, [])
        texts = Counter(one.text for one in known)
        fresh = []
        for one in definitions:
            texts[one.text] -= 1
            if texts[one.text] < 0:
                fresh.append(one)
        if fresh or [one.text for one in known] != [one.text for one in definitions]:
            yield from fresh or definitions


def function_names(source: str) -> set[str]:
    """Qualified names of the functions of a module; empty for one that does not parse."""
    try:
        return set(_read(source).functions)
    except SyntaxError:
        return set()


def innermost_function(source: str, line: int) -> str:
    """The qualified name of the innermost function around a line; empty where there is none."""
    try:
        functions = _read(source).functions.values()
    except SyntaxError:
        return ""
    around = [one for several in functions for one in several if one.first <= line <= one.last]
    return max(around, key=lambda one: one.first).name if around else ""


def _changed_lines(old: str, new: str) -> set[int]:
    before, after = old.splitlines(), new.splitlines()
    found: set[int] = set()
    for tag, _i, _k, first, last in opcodes(before, after):
        if tag in ("replace", "insert"):
            found.update(range(first + 1, last + 1))
        elif tag == "delete":
            found.add(min(first + 1, len(after)))
    return found


class _Module:
    """A parsed module, in parts."""

    def __init__(self, source: str) -> None:
        tree = bare_tree(source)
        self.functions: dict[str, list[FunctionText]] = {}
        """All definitions of a name, in their order: the getter and the setter of a property have one name."""
        self.assigned: dict[str, str] = {}
        """Module-level name → syntax tree of the statement that sets it."""
        self._statements: dict[tuple[str, str, int], range] = {}
        """(owner, syntax tree, how many of the same stand before it) → its lines."""
        self._same: Counter[tuple[str, str]] = Counter()
        self.statement_lines: frozenset[int] = frozenset(
            line for node in ast.walk(tree) if isinstance(node, (ast.stmt, ast.expr)) for line in _lines(node)
        )
        self.uses: dict[str, list[int]] = {}
        """Name → lines that mention it."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                self.uses.setdefault(node.id, []).append(node.lineno)
            elif isinstance(node, ast.Attribute):
                self.uses.setdefault(node.attr, []).append(node.lineno)
        self._walk(tree.body, "")

    def _walk(self, body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._function(node, prefix)
            elif isinstance(node, ast.ClassDef):
                head = [*node.decorator_list, *node.bases, *node.keywords]
                text = f"class {node.name} {[ast.dump(part) for part in head]}"
                self._statement(prefix, text, range(node.lineno, node.lineno + 1))
                self._walk(node.body, inside(node, prefix))
            else:
                self._walk(list(take_definitions(node)), prefix)
                text = ast.dump(node)
                self._statement(prefix, text, range(node.lineno, (node.end_lineno or node.lineno) + 1))
                for name in _targets(node):
                    self.assigned[prefix + name] = text

    def _statement(self, owner: str, text: str, lines: range) -> None:
        self._statements[owner, text, self._same[owner, text]] = lines
        self._same[owner, text] += 1

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str) -> None:
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        names |= {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
        first = first_line(node)
        name = f"{prefix}{node.name}"
        function = FunctionText(name, first, node.end_lineno or first, ast.dump(node), frozenset(names))
        self.functions.setdefault(name, []).append(function)
        for one in ast.walk(node):
            if one is not node and isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = f"{name}.<locals>.{one.name}"
                function = FunctionText(inner, one.lineno, one.end_lineno or one.lineno, ast.dump(one), frozenset())
                self.functions.setdefault(inner, []).append(function)

    def changed_statements(self, before: _Module) -> set[int]:
        """Lines of module-level and class-level statements that the other version does not have."""
        return {line for key, lines in self._statements.items() if key not in before._statements for line in lines}

    def moved_statements(self, before: _Module) -> set[int]:
        """Lines of those that stand in another order than in the other version; of imports the order means nothing."""
        here = [key for key in self._statements if key in before._statements and not key[1].startswith("Import")]
        there = [key for key in before._statements if key in self._statements and not key[1].startswith("Import")]
        moved = [key for key, other in zip(here, there, strict=True) if key != other]
        return {line for key in moved for line in self._statements[key]}


def _lines(node: ast.stmt | ast.expr) -> range:
    """The line of a node; of a text, which may be written in several, all of them."""
    is_text = isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
    )
    return range(node.lineno, ((is_text and node.end_lineno) or node.lineno) + 1)


def _dependents(before: _Module, after: _Module) -> Iterator[tuple[str, int]]:
    """Functions that use a module-level or class-level name whose statement changed."""
    changed = {
        name.rpartition(".")[2]
        for name in {*before.assigned, *after.assigned}
        if before.assigned.get(name) != after.assigned.get(name)
    }
    if changed:
        for function in (one for several in after.functions.values() for one in several):
            used = function.names & changed
            if used:
                lines = (line for name in used for line in after.uses.get(name, []))
                inside = [line for line in lines if function.first <= line <= function.last]
                yield function.name, min(inside, default=function.first)


def _targets(node: ast.stmt) -> list[str]:
    match node:
        case ast.Assign(targets=targets):
            return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


class _Bare(ast.NodeTransformer):
    """Takes away what means nothing: docstrings, annotations."""

    def _body(self, node: ast.AST) -> ast.AST:
        body = getattr(node, "body", [])
        match body:
            case [ast.Expr(value=ast.Constant(value=str())) as docstring, *rest]:
                node.body = rest or [ast.copy_location(ast.Pass(), docstring)]  # type: ignore[attr-defined]  # it has one
            case _:
                pass
        return self.generic_visit(node)

    visit_Module = _body
    visit_ClassDef = _body

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._body(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self._body(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        # In a class body the annotation is a field of a dataclass; elsewhere it is a hint. The name alone stays.
        node.annotation = ast.copy_location(ast.Constant(value=None), node.annotation)
        return self.generic_visit(node)


def bare_tree(source: str) -> ast.Module:
    """The syntax tree of a module without what means nothing; raises `SyntaxError`."""
    tree: ast.Module = _Bare().visit(ast.parse(source))
    return tree


@lru_cache(maxsize=512)
def _read(source: str) -> _Module:
    """A module, of which nobody changes anything; it is compared several times. Raises `SyntaxError`."""
    return _Module(source)
