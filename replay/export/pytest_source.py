"""Plain tests: what base does on an input, as a readable pytest test that needs neither this plugin nor a baseline."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from ...recorders.model.full_names import split_name
from ..model.invocation import Invocation
from ..model.observation import Observation
from .body import Body, NoTest
from .call_source import write_calls


class Plain(NamedTuple):
    """The body of a test, or why there is none."""

    text: str
    reason: str


def is_factory(sources: Mapping[str, str], app: str) -> bool:
    """Whether `module:attribute` names a function that makes an application, as far as its source shows."""
    module, attribute = split_name(app)
    try:
        body = ast.parse(sources.get(module, "")).body
    except SyntaxError:
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == attribute and _needs_nothing(node) for node in body)


def _needs_nothing(node: ast.FunctionDef) -> bool:
    given = node.args
    return len(given.posonlyargs) + len(given.args) == len(given.defaults) and None not in given.kw_defaults


WriteEntry: TypeAlias = Callable[[Body, Invocation, Observation], None]
"""Writes down an entry that is no call of a function, and what base shows of it; raises `NoTest`."""


def plain_test(steps: Sequence[Invocation], observations: Sequence[Observation], write_entry: WriteEntry) -> Plain:
    """The body of a test that makes these calls and asserts what the last one showed on base."""
    body = Body()
    try:
        if any(call.operation.effect != "session" for seen in observations for call in seen.outbound):
            raise NoTest("it talks to a system that only the recording represents")
        if steps[-1].is_call:
            write_calls(body, steps, observations[-1])
        else:
            write_entry(body, steps[-1], observations[-1])
    except NoTest as reason:
        return Plain("", str(reason))
    return Plain(body.text(), "")
