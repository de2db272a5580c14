"""This file is about plain tests: what base does on an input, as a readable pytest test that needs neither this plugin
nor a baseline.

Names come from a baseline, which may be hostile: nothing becomes part of a test but identifiers, and literals that
Python itself wrote.
"""

from __future__ import annotations

import json
import keyword
import math
from collections.abc import Sequence
from typing import NamedTuple

from ...recorders.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    field,
)
from ..observation import Observation, comparable
from .trial import Step


class Plain(NamedTuple):
    """The body of a test, or why there is none."""

    text: str
    reason: str


class _NoTest(Exception):
    """There can be no plain test; the message says why."""


def plain_test(steps: Sequence[Step], observations: Sequence[Observation], app: str = "") -> Plain:
    """The body of a test that makes these calls and asserts what the last one showed on base.

    `app` is the application that the project configured, `module:attribute`.
    """
    try:
        return Plain(_Test(app).body(steps, observations), "")
    except _NoTest as reason:
        return Plain("", str(reason))


class _Test:
    def __init__(self, app: str) -> None:
        self._app = app
        self._imports: dict[str, None] = {}
        self._lines: list[str] = []

    def body(self, steps: Sequence[Step], observations: Sequence[Observation]) -> str:
        last = observations[-1]
        if any(one.operation.effect != "session" for one in last.outbound):
            raise _NoTest("it talks to a system that only the recording stands for")
        if steps[-1].kind == "wsgi":
            self._request(steps[-1], last)
        else:
            self._calls(steps, last)
        return "\n".join([*sorted(self._imports), "", *self._lines]).strip("\n")

    # --- calls ---

    def _calls(self, steps: Sequence[Step], last: Observation) -> None:
        receiver = ""
        for step in steps[:-1]:
            call, receiver = self._call(step, receiver, keep=True)
            self._lines.append(call)
        call, _receiver = self._call(steps[-1], receiver)
        if last.kind == "exception":
            self._raises(call, last.value)
            return
        if last.kind != "return":
            raise _NoTest("its outcome is none that a test can assert")
        self._lines.append(f"result = {call}")
        self._assert("result", last.value)
        if steps[-1].kind != "constructor":
            self._assert_arguments(steps[-1], last)

    def _call(self, step: Step, receiver: str, *, keep: bool = False) -> tuple[str, str]:
        """(the call, the variable that holds its receiver)"""
        module, _, qualname = step.target.partition(":")
        path = qualname.split(".")
        self._import(module, path[0])
        if not (isinstance(step.arguments, TupleNode) and len(step.arguments.items) == 3):
            raise _NoTest("its arguments are not known")
        first, args, kwargs = step.arguments.items
        if step.kind in ("method", "property") and not receiver:
            receiver = "instance"
            self._lines.append(f"{receiver} = {self._value(first)}")
        names = self._arguments(args, kwargs)
        if step.kind == "constructor":
            made = f"{'.'.join(path[:-1])}({names})"
            return (f"instance = {made}", "instance") if keep else (made, receiver)
        if step.kind == "property":
            return f"{receiver}.{path[-1]}", receiver
        owner = receiver if step.kind == "method" else ".".join(path[:-1])
        return f"{owner + '.' if owner else ''}{path[-1]}({names})", receiver

    def _arguments(self, args: Tree, kwargs: Tree) -> str:
        """Mutable ones get names, so that it can be asserted that they stay as they are."""
        given = []
        for at, value in enumerate(args.items if isinstance(args, TupleNode) else []):
            given.append(self._named(f"argument_{at + 1}", value))
        if isinstance(kwargs, DictNode):
            for key, value in zip(kwargs.keys, kwargs.values, strict=True):
                given.append(f"{_identifier(str(key))}={self._named(_identifier(str(key)), value)}")
        return ", ".join(given)

    def _named(self, name: str, value: Tree) -> str:
        text = self._value(value)
        if not isinstance(value, (ListNode, DictNode, SetNode, ObjectNode)):
            return text
        self._lines.append(f"{name} = {text}")
        return name

    def _assert_arguments(self, step: Step, last: Observation) -> None:
        """Only where base changes one of them, or where nothing else is asserted that could."""
        before, after = step.arguments, last.arguments
        if not (isinstance(before, TupleNode) and isinstance(after, TupleNode) and len(after.items) == 3):
            return
        args, now = before.items[1], after.items[1]
        if isinstance(args, TupleNode) and isinstance(now, TupleNode):
            for at, value in enumerate(now.items):
                if isinstance(value, (ListNode, DictNode, SetNode)):
                    self._lines.append(f"assert argument_{at + 1} == {self._value(value)}")

    def _raises(self, call: str, raised: Tree) -> None:
        if not isinstance(raised, ObjectNode):
            raise _NoTest("it raises what a test cannot name")
        module, _, name = raised.cls.partition(":")
        self._imports["import pytest"] = None
        if module != "builtins":
            self._import(module, name.split(".")[0])
        said = raised.content.items if isinstance(raised.content, TupleNode) else []
        self._lines.append(f"with pytest.raises({_dotted(name)}) as caught:")
        self._lines.append(f"    {call}")
        self._lines.append(f"assert type(caught.value) is {_dotted(name)}")
        self._lines.append(f"assert caught.value.args == {self._value(TupleNode(list(said)))}")

    def _assert(self, name: str, value: Tree) -> None:
        match value:
            case None | bool():
                self._lines.append(f"assert {name} is {value}")
            case float() if math.isnan(value):
                self._lines.append(f"assert {name} != {name}  # it is not a number")
            case int() | float() | str():
                self._lines += [f"assert {name} == {value!r}", f"assert type({name}) is {type(value).__name__}"]
            case ObjectNode(cls=cls, names=names, values=values):
                module, _, qualname = cls.partition(":")
                self._import(module, qualname.split(".")[0])
                self._lines.append(f"assert type({name}) is {_dotted(qualname)}")
                for attribute, part in zip(names, values, strict=True):
                    if not attribute.startswith("_"):
                        self._assert(f"{name}.{_identifier(attribute)}", part)
            case _:
                self._lines.append(f"assert {name} == {self._value(value)}")

    # --- requests ---

    def _request(self, step: Step, last: Observation) -> None:
        if not self._app:
            raise _NoTest('a test of a request needs app = "module:attribute" in the configuration')
        if last.kind != "response":
            raise _NoTest("it does not come to a response")
        module, _, attribute = self._app.partition(":")
        self._import(module, attribute.split(".")[0])
        environ, body = field(step.arguments, "environ"), field(step.arguments, "body")
        self._imports["import io"] = None
        shown = comparable(last)
        data = body.data if isinstance(body, BytesNode) else b""
        pairs = list(zip(environ.keys, environ.values, strict=True)) if isinstance(environ, DictNode) else []
        self._imports["from wsgiref.util import setup_testing_defaults"] = None
        self._lines.append("environ = {")
        self._lines += [
            f"    {str(key)!r}: {str(value)!r}," for key, value in pairs if _says_something(str(key), value)
        ]
        self._lines += [
            f'    "CONTENT_LENGTH": "{len(data)}",',
            f'    "wsgi.input": io.BytesIO({data!r}),',
            "}",
            "setup_testing_defaults(environ)",
            "answered = []",
            f'body = b"".join({_dotted(attribute)}(environ, lambda status, headers, *_: answered.append(status)))',
            f"assert answered[0].startswith({str(field(shown, 'status'))!r})",
        ]
        document = field(shown, "json")
        if document is not None:
            self._imports["import json"] = None
            self._lines.append(f"assert json.loads(body) == {self._value(document)}")
        elif isinstance(field(last.value, "body"), BytesNode):
            self._lines.append(f"assert body == {field(last.value, 'body').data!r}")  # type: ignore[union-attr]  # asked

    # --- values ---

    def _import(self, module: str, name: str) -> None:
        parts = module.split(".")
        if module == "builtins":
            return
        if not all(map(_is_name, parts)):
            raise _NoTest("it lies in a module that no test can import")
        self._imports[f"from {module} import {_identifier(name)}"] = None

    def _value(self, tree: Tree) -> str:
        match tree:
            case float() if not math.isfinite(tree):
                return f"float({str(tree)!r})"
            case None | bool() | int() | float() | str():
                return repr(tree)
            case BytesNode(data=data):
                return repr(data)
            case ListNode(items=items):
                return f"[{', '.join(map(self._value, items))}]"
            case TupleNode(items=items):
                return f"({', '.join(map(self._value, items))}{',' if len(items) == 1 else ''})"
            case SetNode(items=items):
                return f"{{{', '.join(map(self._value, items))}}}" if items else "set()"
            case FrozenSetNode(items=items):
                return f"frozenset([{', '.join(map(self._value, items))}])"
            case DictNode(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return f"{{{', '.join(f'{self._value(key)}: {self._value(value)}' for key, value in pairs)}}}"
            case StandardNode():
                return self._standard(tree)
            case EnumNode(cls=cls, name=str() as name):
                return f"{self._class(cls)}.{_identifier(name)}"
            case GlobalNode(name=name):
                return self._class(name)
            case ObjectNode():
                return self._object(tree)
            case _:
                raise _NoTest("it needs an object that a test cannot write down")

    def _class(self, name: str) -> str:
        module, _, qualname = name.partition(":")
        self._import(module, qualname.split(".")[0])
        return _dotted(qualname)

    def _object(self, tree: ObjectNode) -> str:
        """Filled with its attributes, as they were recorded: no constructor is asked."""
        if tree.content is not None:
            raise _NoTest(f"it needs a {tree.cls.partition(':')[2]} that a test cannot write down")
        cls = self._class(tree.cls)
        variable = f"made_{len(self._lines) + 1}"
        self._lines.append(f"{variable} = object.__new__({cls})")
        for name, value in zip(tree.names, tree.values, strict=True):
            self._lines.append(f"object.__setattr__({variable}, {_identifier(name)!r}, {self._value(value)})")
        return variable

    def _standard(self, tree: StandardNode) -> str:
        parts = [self._value(part) for part in tree.parts]
        match tree.kind:
            case "int":
                return str(int(json.loads(json.dumps(tree.parts[0])), 16))
            case "decimal":
                self._imports["from decimal import Decimal"] = None
                return f"Decimal({parts[0]})"
            case "fraction":
                self._imports["from fractions import Fraction"] = None
                return f"Fraction({', '.join(parts)})"
            case "datetime" if len(parts) == 9:
                self._imports["import datetime"] = None
                return f"datetime.datetime({', '.join(parts[:7])}, fold={parts[7]}, tzinfo={parts[8]})"
            case "date" | "timedelta":
                self._imports["import datetime"] = None
                return f"datetime.{tree.kind}({', '.join(parts)})"
            case "time" if len(parts) == 6:
                self._imports["import datetime"] = None
                return f"datetime.time({', '.join(parts[:4])}, fold={parts[4]}, tzinfo={parts[5]})"
            case "timezone":
                self._imports["import datetime"] = None
                return f"datetime.timezone({', '.join(parts)})"
            case "zoneinfo":
                self._imports["from zoneinfo import ZoneInfo"] = None
                return f"ZoneInfo({', '.join(parts)})"
            case "uuid":
                self._imports["from uuid import UUID"] = None
                return f"UUID({parts[0]})"
            case "bytearray" | "range" | "slice" | "complex":
                return f"{tree.kind}({', '.join(parts)})"
            case _:
                raise _NoTest(f"it needs a {tree.kind} that a test cannot write down")


_SAID = frozenset({"REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "REMOTE_USER"})
_UNSAID = frozenset({"HTTP_HOST", "HTTP_USER_AGENT", "HTTP_CONNECTION", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT"})


def _says_something(key: str, value: Tree) -> bool:
    """Whether a part of a request is one that its sender chose; the rest is filled in by the standard library."""
    return bool(value) and (key in _SAID or (key.startswith("HTTP_") and key not in _UNSAID))


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _identifier(text: str) -> str:
    if not _is_name(text):
        raise _NoTest("it has a name that is none in Python")
    return text


def _dotted(name: str) -> str:
    return ".".join(map(_identifier, name.split(".")))
