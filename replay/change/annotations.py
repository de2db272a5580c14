"""Annotations that code reads: those of functions that a decorator gets, and those in bodies of classes that are made.

Most type hints mean nothing to a running program. But a web framework converts parameters by them, a model's base class
or decorator makes fields of them (PEP 557, PEP 681), and `functools.singledispatch` dispatches on them. Who reads hints
of a function that no decorator gets (`typing.get_type_hints`) is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from .decorators import is_inert_decorator


class Annotation(NamedTuple):
    """An annotation that may be read."""

    line: int
    text: str
    """The parameter, the field or `return`, with its annotation, as written."""
    owner: str
    """The class that it stands in, empty in a module."""


def changed_annotations(before: str, after: str) -> Iterator[Annotation]:
    """Annotations that code may read and that differ, as they are in the later version, of places that both have: what
    is new or gone as a whole is another change. Raises `SyntaxError`."""
    old, new = _read(before), _read(after)
    yield from (new[place] for place in new if place in old and new[place].text != old[place].text)


@lru_cache(maxsize=512)
def _read(source: str) -> dict[str, Annotation]:
    finder = _Finder()
    finder.visit(ast.parse(source))
    return finder.found


_Definition: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class _Finder(ast.NodeVisitor):
    """Finds the annotations of a module that may be read, by the name of what they belong to."""

    def __init__(self) -> None:
        self.found: dict[str, Annotation] = {}
        self._prefix = ""
        self._owner = ""
        self._is_read = False
        """Whether the body that is being visited is that of a class whose maker may read its annotations."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class that has a base, a decorator or a metaclass is made by somebody."""
        is_made = bool(node.bases or node.keywords or node.decorator_list)
        self._inside(node, f"{self._prefix}{node.name}", is_read=is_made)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A function that a decorator gets."""
        name = f"{self._prefix}{node.name}"
        if not all(is_inert_decorator(decorator) for decorator in node.decorator_list):
            given = node.args
            several = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
            for argument in several:
                if argument is not None:
                    self._add(f"{name}({argument.arg})", argument.arg, argument.annotation, argument.lineno)
            self._add(f"{name}()", "return", node.returns, node.lineno)
        self._inside(node, self._owner, is_read=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """The same of a coroutine."""
        self.visit_FunctionDef(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """A field, or a variable that nobody reads the annotation of."""
        if self._is_read and isinstance(node.target, ast.Name):
            self._add(f"{self._prefix}{node.target.id}", node.target.id, node.annotation, node.lineno)

    def _inside(self, node: _Definition, owner: str, *, is_read: bool) -> None:
        before = self._prefix, self._owner, self._is_read
        self._prefix, self._owner, self._is_read = f"{self._prefix}{node.name}.", owner, is_read
        for child in node.body:
            self.visit(child)
        self._prefix, self._owner, self._is_read = before

    def _add(self, place: str, name: str, annotation: ast.expr | None, line: int) -> None:
        text = f"{name}: {ast.unparse(annotation)}" if annotation is not None else name
        self.found[place] = Annotation(line, text, self._owner)
