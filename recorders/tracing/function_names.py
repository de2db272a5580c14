"""Names of code: how a function is called the same on every machine and in every version."""

from __future__ import annotations

from collections.abc import Mapping
from types import CodeType

from ..model.branches import FunctionName


def function_name(code: CodeType, modules: Mapping[str, str]) -> FunctionName:
    """`module:qualname` for included files (`modules` maps file to module), else the last two parts of the path."""
    module = modules.get(code.co_filename)
    if module is None:
        module = "/".join(code.co_filename.removesuffix(".py").split("/")[-2:])
    return f"{module}:{code.co_qualname}"
