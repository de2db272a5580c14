"""Comprehensions of expressions: over copies of containers, with variables of their own, one step for each item."""

from __future__ import annotations

import abc
import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..errors import ProbeRefused
from .comparing import truth
from .plain import Unreadable, is_plain_key, items_of, plain
from .view import Evaluate, View


class Comprehensions(abc.ABC):
    """The part of the compiler that knows comprehensions, and the variables that they bind."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, str]] = []
        self._slots = 0

    @abc.abstractmethod
    def of(self, node: ast.expr) -> Evaluate:
        """What evaluates a node."""

    @abc.abstractmethod
    def refused(self, node: ast.AST, why: str) -> ProbeRefused:
        """The error for a part that is not accepted."""

    @abc.abstractmethod
    def check_name(self, node: ast.AST, name: str) -> str:
        """A name that is not redacted; raises `ProbeRefused`."""

    def bound(self, name: str) -> Evaluate | None:
        """What reads a variable of a comprehension; `None` where none around has that name."""
        for scope in reversed(self._scopes):
            if name in scope:
                slot = scope[name]
                return lambda view: view.bound[slot]
        return None

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> Evaluate:
        walk = self.walk(node.generators, node.elt)
        return lambda view: list(walk(view))

    _generatorexp = _listcomp

    def _set(self, node: ast.Set) -> Evaluate:
        parts = [self.of(part) for part in node.elts]
        return lambda view: plain_set([part(view) for part in parts])

    def _setcomp(self, node: ast.SetComp) -> Evaluate:
        walk = self.walk(node.generators, node.elt)
        return lambda view: plain_set(list(walk(view)))

    def walk(self, generators: Sequence[ast.comprehension], element: ast.expr) -> Callable[[View], Iterator[Any]]:
        """What goes through the items, and gives the element for each."""
        if not generators:
            value = self.of(element)

            def one(view: View) -> Iterator[Any]:
                yield value(view)

            return one
        first = generators[0]
        if first.is_async:
            raise self.refused(element, "`async` would run code")
        source = self.of(first.iter)
        self._scopes.append({})
        assign = self._target(first.target)
        tests = [self.of(test) for test in first.ifs]
        inner = self.walk(generators[1:], element)
        self._scopes.pop()

        def run(view: View) -> Iterator[Any]:
            for item in items_of(source(view)):
                next(view)
                assign(view, item)
                if all(truth(test(view)) for test in tests):
                    yield from inner(view)

        return run

    def _target(self, node: ast.expr) -> Callable[[View, Any], None]:
        if isinstance(node, ast.Name):
            self._slots += 1
            slot = self._scopes[-1][self.check_name(node, node.id)] = f"{node.id} {self._slots}"

            def assign(view: View, value: Any) -> None:
                view.bound[slot] = value

            return assign
        if not isinstance(node, ast.Tuple | ast.List):
            raise self.refused(node, "a comprehension has names as its targets")
        targets = [self._target(part) for part in node.elts]

        def unpack(view: View, value: Any) -> None:
            parts = items_of(value)
            if len(parts) != len(targets):
                raise Unreadable(f"{len(parts)} items do not fit {len(targets)} names")
            for target, part in zip(targets, parts, strict=True):
                target(view, part)

        return unpack


def plain_set(items: Sequence[Any]) -> set[Any]:
    """A set of items whose hashes run no code."""
    found = [plain(item) for item in items]
    if not all(map(is_plain_key, found)):
        raise Unreadable("an item of a set would run code")
    return set(found)
