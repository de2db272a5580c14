"""Qualified names from the source are those that Python gives."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator

import pytest

from pytest_runtime.replay.change.qualified_names import definitions_in, definitions_of, first_line

SOURCE = """
import functools

class Outer:
    @functools.cache
    def method(self):
        def inner():
            class Local:
                async def deep(self): ...
            return Local
        return inner

    class Inner:
        def method(self): ...

if Outer:
    def guarded():
        return lambda: [x for x in ()]

async def last(): ...
"""


def names_of(code: types.CodeType) -> Iterator[str]:
    """Qualified names of the functions and classes of a module, as the compiler gives them."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if not constant.co_name.startswith("<"):
                yield constant.co_qualname
            yield from names_of(constant)


def test_names_are_those_of_the_compiler() -> None:
    """At any depth, in source order, outer ones first."""
    found = [name for name, _node in definitions_in(SOURCE)]
    assert found == list(names_of(compile(SOURCE, "shop.py", "exec")))
    assert found[:5] == [
        "Outer",
        "Outer.method",
        "Outer.method.<locals>.inner",
        "Outer.method.<locals>.inner.<locals>.Local",
        "Outer.method.<locals>.inner.<locals>.Local.deep",
    ]


def test_a_definition_begins_with_its_decorators() -> None:
    """As `co_firstlineno` has it."""
    lines = {name: first_line(node) for name, node in definitions_in(SOURCE)}
    assert SOURCE.splitlines()[lines["Outer.method"] - 1].strip() == "@functools.cache"


@pytest.mark.parametrize("text", ["def (", "\0"])
def test_what_is_no_python_defines_nothing(text: str) -> None:
    """A text of a recording may be anything."""
    assert list(definitions_in(text)) == []


def test_depth_is_no_limit() -> None:
    """A tree may be deeper than Python's stack."""
    inner: ast.stmt = ast.Pass()
    for _ in range(5_000):
        inner = ast.If(ast.Constant(True), [inner], [])
    assert list(definitions_of(ast.Module([inner], []))) == []
