"""Calling a function from where it was called: for one that looks at the frame of its caller.

The frame is that of code which is compiled for it, with the caller's name, in a namespace with its module's name, and
with those of its local variables that can be built again.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from ..recorders.value_tree import DictNode, Tree, field
from .rebuild import Resolver, Stand, Unbuildable, build

_NAMES = ("@pytest_runtime_call", "@pytest_runtime_args", "@pytest_runtime_kwargs", "@pytest_runtime_result")
"""What the calling code uses; no source can spell it."""

_CALL = "result = call(*args, **kwargs)"
_SPELT = {"call": _NAMES[0], "args": _NAMES[1], "kwargs": _NAMES[2], "result": _NAMES[3]}


def called_from(caller: Tree, function: Callable[..., Any], resolver: Resolver, stand: Stand) -> Callable[..., Any]:
    """A function that calls another from a frame like that of a recorded caller."""
    variables = _built(field(caller, "locals"), resolver, stand)
    code = compile(_CALL, str(field(caller, "file")), "exec")
    name = str(field(caller, "name"))
    code = code.replace(co_name=name, co_qualname=name, co_names=tuple(_SPELT[one] for one in code.co_names))
    module = {"__name__": str(field(caller, "module")), "__builtins__": builtins, _NAMES[0]: function}

    def run(*args: Any, **kwargs: Any) -> Any:
        names = dict(variables)
        exec(code, {**module, _NAMES[1]: args, _NAMES[2]: kwargs}, names)
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
