"""Calls as the source of a test: what leads to the last one, and what that shows on base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...recorders.model.full_names import split_name
from ...recorders.model.value_tree import DictNode, GlobalNode, ListNode, ObjectNode, SetNode, Tree, TupleNode
from ..model.invocation import Invocation
from ..model.observation import Observation
from .assertions import assert_value
from .body import Body, NoTest, dotted, identifier


class _Call(NamedTuple):
    """A call as source."""

    text: str
    receiver: str
    """The variable that holds its receiver."""
    given: dict[str, str]
    """Place of an argument → the variable that holds it."""


def write_calls(body: Body, steps: Sequence[Invocation], last: Observation) -> None:
    """Make calls, and assert what the last one shows; raises `NoTest`."""
    receiver = ""
    for step in steps[:-1]:
        before = _call(body, step, receiver, is_kept=True)
        body.add(before.text)
        receiver = before.receiver
    call = _call(body, steps[-1], receiver)
    if last.kind == "exception":
        _raises(body, call.text, last.value)
    elif last.kind == "return":
        body.add(f"result = {call.text}")
        assert_value(body, "result", last.value)
    else:
        raise NoTest("its outcome is none that a test can assert")
    if steps[-1].kind != "constructor":
        _assert_given(body, steps[-1], last, call)


def _call(body: Body, step: Invocation, receiver: str, *, is_kept: bool = False) -> _Call:
    """A call on the receiver of the one before it; what a constructor makes is a receiver where it `is_kept`."""
    module, qualname = split_name(step.target)
    path = [identifier(part) for part in qualname.split(".")]
    if not (isinstance(step.arguments, TupleNode) and len(step.arguments.items) == 3):
        raise NoTest("its arguments are not known")
    first, args, kwargs = step.arguments.items
    if step.kind == "constructor" and isinstance(first, GlobalNode):  # a class that inherits it
        module, qualname = split_name(f"{first.name}.__init__")
        path = [identifier(part) for part in qualname.split(".")]
    if step.kind not in ("method", "property"):
        body.import_from(module, path[0])
    elif not receiver:
        receiver = "instance"
        body.add(f"{receiver} = {body.value(first)}")
    names, given = _arguments(body, args, kwargs)
    if step.kind == "constructor":
        made = f"{'.'.join(path[:-1])}({names})"
        return _Call(f"instance = {made}", "instance", given) if is_kept else _Call(made, receiver, given)
    if step.kind == "property":
        return _Call(f"{receiver}.{path[-1]}", receiver, given)
    owner = receiver if step.kind == "method" else ".".join(path[:-1])
    return _Call(f"{owner + '.' if owner else ''}{path[-1]}({names})", receiver, given)


def _arguments(body: Body, args: Tree, kwargs: Tree) -> tuple[str, dict[str, str]]:
    """Mutable ones get variables, so that it can be asserted what becomes of them."""
    texts: list[str] = []
    given: dict[str, str] = {}
    for position, value in enumerate(args.items if isinstance(args, TupleNode) else []):
        texts.append(_named(body, f"argument_{position + 1}", str(position), value, given))
    if isinstance(kwargs, DictNode):
        for key, value in zip(kwargs.keys, kwargs.values, strict=True):
            name = identifier(str(key))
            texts.append(f"{name}={_named(body, f'argument_{name}', name, value, given)}")
    return ", ".join(texts), given


def _named(body: Body, variable: str, place: str, value: Tree, given: dict[str, str]) -> str:
    text = body.value(value)
    if not isinstance(value, (ListNode, DictNode, SetNode, ObjectNode)):
        return text
    if text != variable:
        body.add(f"{variable} = {text}")
    given[place] = variable
    return variable


def _assert_given(body: Body, step: Invocation, last: Observation, call: _Call) -> None:
    """What base leaves the arguments as, and the receiver where base changes it."""
    before, after = step.arguments, last.arguments
    if not (isinstance(before, TupleNode) and isinstance(after, TupleNode) and len(after.items) == 3):
        return
    first, args, kwargs = after.items
    rows: list[tuple[str, Tree]] = []
    if isinstance(args, TupleNode):
        rows += [(str(position), value) for position, value in enumerate(args.items)]
    if isinstance(kwargs, DictNode):
        rows += [(str(key), value) for key, value in zip(kwargs.keys, kwargs.values, strict=True)]
    for place, value in rows:
        if place in call.given:
            assert_value(body, call.given[place], value)
    if step.kind in ("method", "property") and isinstance(first, ObjectNode) and first != before.items[0]:
        assert_value(body, call.receiver, first)


def _raises(body: Body, call: str, raised: Tree) -> None:
    if not isinstance(raised, ObjectNode):
        raise NoTest("it raises what a test cannot name")
    module, name = split_name(raised.cls)
    body.add_import("import pytest")
    if module != "builtins":
        body.import_from(module, name.split(".")[0])
    arguments = raised.content.items if isinstance(raised.content, TupleNode) else []
    body.add(f"with pytest.raises({dotted(name)}) as caught:")
    body.add(f"    {call}")
    body.add(f"assert type(caught.value) is {dotted(name)}")
    assert_value(body, "caught.value.args", TupleNode(list(arguments)))
