"""Functions that a call made, put together again from the code under test's own code.

Of a recorded function the name is taken, what it takes, and what it closes over. Its code is looked for among the
constants of the functions of its module, as the code under test defines it now; no code is ever taken from a recording.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from ...recorders.capture.code_pool import pool_of
from ...recorders.capture.raw import is_instance, namespace_of_module
from ...recorders.model.full_names import split_name
from ...recorders.model.value_tree import DictNode, StandardNode, Tree, TupleNode
from .live_objects import live_functions
from .resolver import Resolver, is_program
from .unbuildable import Unbuildable

PARTS = 9


def is_function(tree: Tree) -> bool:
    """Whether a tree is that of a function that a call made."""
    return isinstance(tree, StandardNode) and tree.kind == "function" and len(tree.parts) == PARTS


class LocalFunction(NamedTuple):
    """What is recorded of a function that a call made."""

    name: str
    position: int
    takes: tuple[str, ...]
    cells: dict[str, Tree]
    defaults: Tree
    named_defaults: Tree
    attributes: Tree
    spelled: dict[str, Tree]

    @staticmethod
    def read(parts: list[Tree]) -> LocalFunction:
        """Of the parts of its node; raises `Unbuildable` where these are none."""
        match parts:
            case [str(name), int(position), str(), TupleNode(items=takes), cells, defaults, named, attributes, spelled]:
                names = tuple(str(one) for one in takes)
                return LocalFunction(
                    name, position, names, _by_name(cells), defaults, named, attributes, _by_name(spelled)
                )
            case _:
                raise Unbuildable("refused to build a function of parts that no recorder writes")

    def make(self, resolver: Resolver, cell: Callable[[Tree], CellType]) -> FunctionType:
        """The function with the cells that `cell` gives, nothing else; raises `Unbuildable`."""
        module_name, qualname = split_name(self.name)
        if not resolver.covers(module_name):
            raise Unbuildable(f"refused to build {self.name}: it lies outside the included packages")
        if is_program(module_name):
            raise Unbuildable(f"refused to build {self.name}: nothing is built from a program's own module")
        module = sys.modules.get(module_name)
        if not is_instance(module, ModuleType):
            raise Unbuildable(f"{self.name} is gone: {resolver.why_missing(module_name)}")
        code = self._code(module, qualname)  # type: ignore[arg-type]  # `is_instance` is not known to narrow
        lacking = [name for name in code.co_freevars if name not in self.cells]
        if lacking:
            raise Unbuildable(f"{self.name} closes over {lacking[0]!r} now, of which the recording holds nothing")
        cells = tuple([cell(self.cells[name]) for name in code.co_freevars])
        return FunctionType(code, namespace_of_module(module), code.co_name, None, cells)

    def finish(self, function: FunctionType, build: Callable[[Tree], Any]) -> None:
        """Give it its defaults, attributes and names; raises `Unbuildable`."""
        defaults, named = build(self.defaults), build(self.named_defaults)
        function.__defaults__ = defaults if type(defaults) is tuple else None
        function.__kwdefaults__ = named if type(named) is dict else None
        attributes = build(self.attributes)
        if type(attributes) is dict:
            vars(function).update({key: value for key, value in attributes.items() if type(key) is str})
        for name, text in self.spelled.items():
            if name in ("__name__", "__qualname__") and isinstance(text, str):
                setattr(function, name, text)

    def _code(self, module: ModuleType, qualname: str) -> CodeType:
        named = pool_of(module).get(qualname) or pool_of(module, live_functions(module)).get(qualname, [])
        if not named:
            raise Unbuildable(f"{self.name} is gone: the code under test does not define it")
        if len(named) == 1:
            return named[0]
        alike = [code for code in named if self._is_like(code)]
        if len(alike) == 1:
            return alike[0]
        if 0 <= self.position < len(named) and named[self.position] in alike:
            return named[self.position]
        raise Unbuildable(f"{self.name} is the name of {len(named)} functions, and which one it was is not known")

    def _is_like(self, code: CodeType) -> bool:
        takes = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        return takes == self.takes and set(code.co_freevars) == set(self.cells)


def _by_name(tree: Tree) -> dict[str, Tree]:
    if not isinstance(tree, DictNode):
        return {}
    return {key: value for key, value in zip(tree.keys, tree.values, strict=False) if isinstance(key, str)}
