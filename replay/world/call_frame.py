"""Calling a function from where it was called: for one that looks at the frame of its caller.

The frame is that of code which is compiled for it, with the caller's name, in a namespace with its module's name, and
with those of its local variables that can be built again.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

from ...recorders.model.value_tree import DictNode, Tree, field
from .rebuild import Stand, build
from .resolver import Resolver, Unbuildable

_NAMES = ("@pytest_runtime_call", "@pytest_runtime_args", "@pytest_runtime_kwargs", "@pytest_runtime_result")
"""What the calling code uses; no source can spell it."""

_CALL = "result = call(*args, **kwargs)"
_SPELT = {"call": _NAMES[0], "args": _NAMES[1], "kwargs": _NAMES[2], "result": _NAMES[3]}


class Caller(NamedTuple):
    """What a function may see of who calls it."""

    code: CodeType
    """That calls what it finds under the names above."""
    module: str
    variables: dict[str, Any]


def caller_of(tree: Tree, resolver: Resolver, stand: Stand) -> Caller | None:
    """A recorded caller; `None` where none was recorded. Raises `Unbuildable` for names that no code can have."""
    if tree is None:
        return None
    name = str(field(tree, "name"))
    try:
        code = compile(_CALL, str(field(tree, "file")), "exec")
        code = code.replace(co_name=name, co_qualname=name, co_names=tuple(_SPELT[one] for one in code.co_names))
    except (ValueError, UnicodeError) as error:
        raise Unbuildable(f"no code can be called {name!r}: {error}") from error
    return Caller(code, str(field(tree, "module")), _built(field(tree, "locals"), resolver, stand))


def called_from(caller: Caller, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls another from a frame like that of a recorded caller."""
    module = {"__name__": caller.module, "__builtins__": builtins, _NAMES[0]: function}

    def run(*args: Any, **kwargs: Any) -> Any:
        names = dict(caller.variables)
        exec(caller.code, {**module, _NAMES[1]: args, _NAMES[2]: kwargs}, names)
        return names[_NAMES[3]]

    return run


def _built(tree: Tree, resolver: Resolver, stand: Stand) -> dict[str, Any]:
    """The local variables that can be built; the function does without the others, or is not as it was recorded."""
    found: dict[str, Any] = {}
    if isinstance(tree, DictNode):
        for name, value in zip(tree.keys, tree.values, strict=True):
            try:
                found[str(name)] = build(value, resolver, None, stand)
            except Unbuildable:
                continue
    return found
