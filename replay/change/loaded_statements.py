"""Statements outside functions that a change is about: constants, class bodies and decorators, run once, at loading.

They are compared as syntax trees without what means nothing. A new statement stands for an old one that binds the same
names, or calls the same, in the same class.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import split_name
from .definitions import take_definitions
from .impact import read_module
from .source_diff import bare_tree

_WORD = re.compile(r"[A-Za-z_]\w*")


class LoadedStatement(NamedTuple):
    """One statement, without what stands in the body of a class."""

    owner: str
    """The class that it stands in; empty in a module."""
    names: frozenset[str]
    """Names that it binds; of a decorator the function that it is put on."""
    mentions: frozenset[str]
    first: int
    last: int
    text: str
    """As it is written, in one line."""
    meaning: str


class LoadedChange(NamedTuple):
    """A statement of one version that the other does not have, with its counterpart."""

    module: str
    old: LoadedStatement | None
    """`None` for a new one."""
    new: LoadedStatement | None
    """`None` for a deleted one."""
    line: int
    """Of the candidate; of a deleted one, of what stood behind it, or of the last line."""

    @property
    def either(self) -> LoadedStatement:
        """The new one, or the one that is gone."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def names(self) -> frozenset[str]:
        """Names that it binds, in either version."""
        return frozenset(name for side in (self.old, self.new) if side is not None for name in side.names)

    def is_about(self, fields: Iterable[str]) -> bool:
        """Whether one of some names stands in one version of it alone."""
        words = [set(_WORD.findall(side.text)) if side is not None else set() for side in (self.old, self.new)]
        return not (words[0] ^ words[1]).isdisjoint(fields)

    def is_linked(self, names: frozenset[str]) -> bool:
        """Whether code that mentions some names can see it."""
        owner = self.either.owner.rpartition(".")[2]
        return bool(self.names & names) or owner in names


def loaded_changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[LoadedChange, ...]:
    """Of the modules that both versions have (module → text), by module and line; none of one that does not parse."""
    found: list[LoadedChange] = []
    for module in sorted(old.keys() & new.keys()):
        if old[module] != new[module]:
            before, after = statements_of(old[module]), statements_of(new[module])
            found += _changes(module, before, after, new[module].count("\n") + 1)
    return tuple(found)


def _changes(
    module: str, before: Sequence[LoadedStatement], after: Sequence[LoadedStatement], lines: int
) -> list[LoadedChange]:
    fresh, gone = _without(after, before), _without(before, after)
    partners: dict[_Key, list[LoadedStatement]] = {}
    for one in reversed(gone):
        partners.setdefault(_key(one), []).append(one)
    found: list[LoadedChange] = []
    for statement in fresh:
        partner = partners[_key(statement)].pop() if partners.get(_key(statement)) else None
        found.append(LoadedChange(module, partner, statement, statement.first))
    left = {id(one) for rest in partners.values() for one in rest}
    found += [LoadedChange(module, one, None, line) for one, line in _places(before, after, lines) if id(one) in left]
    return sorted(found, key=lambda change: change.line)


def _without(some: Sequence[LoadedStatement], others: Sequence[LoadedStatement]) -> list[LoadedStatement]:
    """Those that the others do not have, or not as often."""
    left = Counter((one.owner, one.meaning) for one in others)
    found = []
    for one in some:
        left[one.owner, one.meaning] -= 1
        if left[one.owner, one.meaning] < 0:
            found.append(one)
    return found


_Key: TypeAlias = tuple[str, frozenset[str], str]


def _key(statement: LoadedStatement) -> _Key:
    return statement.owner, statement.names, "" if statement.names else statement.meaning.partition("args=")[0]


def _places(
    before: Sequence[LoadedStatement], after: Sequence[LoadedStatement], end: int
) -> Iterator[tuple[LoadedStatement, int]]:
    """Each statement of the old version with the line of the first one behind it that the new version has too."""
    lines = {(one.owner, one.meaning): one.first for one in reversed(after)}
    line = end
    for one in reversed(before):
        yield one, line
        line = lines.get((one.owner, one.meaning), line)


@lru_cache(maxsize=512)
def statements_of(source: str) -> tuple[LoadedStatement, ...]:
    """All of a module in source order; none when it does not parse."""
    try:
        tree = bare_tree(source)
    except SyntaxError:
        return ()
    return tuple(_body(tree.body, "", source.splitlines()))


def _body(body: Sequence[ast.stmt], owner: str, lines: list[str]) -> Iterator[LoadedStatement]:
    prefix = f"{owner}." if owner else ""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                for decorator in node.decorator_list:
                    yield _made(decorator, [decorator], owner, {name}, lines, f"@{prefix}{name} ")
            case ast.ClassDef(name=name):
                head: list[ast.AST] = [*node.decorator_list, *node.bases, *node.keywords]
                yield _made(node, head, owner, {name}, lines, f"class {name} ", last=node.lineno)
                yield from _body(node.body, f"{prefix}{name}", lines)
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case _:
                names = list(_bound(node))
                yield from _body(take_definitions(node), owner, lines)
                yield _made(node, [node], owner, names, lines, "")


def _made(
    node: ast.stmt | ast.expr,
    parts: Sequence[ast.AST],
    owner: str,
    names: Iterable[str],
    lines: list[str],
    words: str,
    last: int = 0,
) -> LoadedStatement:
    last = last or node.end_lineno or node.lineno
    text = " ".join(" ".join(lines[node.lineno - 1 : last]).split())
    mentions = frozenset(name for part in parts for name in _mentions(part))
    return LoadedStatement(
        owner, frozenset(names), mentions, node.lineno, last, text, words + " ".join(map(ast.dump, parts))
    )


def _bound(node: ast.stmt) -> Iterator[str]:
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=other):
                yield (other or name).partition(".")[0]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def _mentions(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def names_reached(
    functions: Iterable[FunctionName], sources: Mapping[str, str], modules: Iterable[str]
) -> frozenset[str]:
    """Names that functions mention, the classes that they stand in, and what those classes and the classes that they
    name mention in their turn, as far as some modules say it."""
    found: set[str] = set()
    for function in functions:
        module, qualified = split_name(function)
        found.update(qualified.split(".")[:-1])
        found |= _mentioned(sources.get(module, ""), qualified)
    statements = [one for module in set(modules) for one in statements_of(sources.get(module, ""))]
    before = -1
    while before < len(found):
        before = len(found)
        for one in statements:
            if one.owner.rpartition(".")[2] in found or (one.meaning.startswith("class ") and one.names & found):
                found |= one.mentions
    return frozenset(found)


def _mentioned(source: str, function: str) -> frozenset[str]:
    try:
        return read_module(source).functions.get(function.partition(".<locals>")[0], frozenset())
    except SyntaxError:
        return frozenset()
