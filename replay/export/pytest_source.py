"""Plain tests: what base does on an input, as a readable pytest test that needs neither this plugin
nor a baseline.

Names come from a baseline, which may be hostile: nothing becomes part of a test but identifiers, and literals that
Python itself wrote.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ...recorders.model.value_tree import (
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
from ..model.invocation import Invocation
from ..model.observation import Observation, comparable

TYPES = 40
"""Assertions of what `==` leaves open."""

_HEXADECIMAL = re.compile(r"-?0x[0-9a-f]{1,3000}")


class Plain(NamedTuple):
    """The body of a test, or why there is none."""

    text: str
    reason: str


def is_factory(sources: Mapping[str, str], app: str) -> bool:
    """Whether `module:attribute` names a function that makes an application, as far as its source tells."""
    module, _, attribute = app.partition(":")
    try:
        body = ast.parse(sources.get(module, "")).body
    except SyntaxError:
        return False
    return any(isinstance(one, ast.FunctionDef) and one.name == attribute and _needs_nothing(one) for one in body)


def _needs_nothing(node: ast.FunctionDef) -> bool:
    given = node.args
    return len(given.posonlyargs) + len(given.args) == len(given.defaults) and None not in given.kw_defaults


class _NoTest(Exception):
    """There can be no plain test; the message says why."""


def plain_test(
    steps: Sequence[Invocation], observations: Sequence[Observation], app: str = "", *, is_factory: bool = False
) -> Plain:
    """The body of a test that makes these calls and asserts what the last one showed on base.

    `app` is the application that the project configured, `module:attribute`; `is_factory` says that it makes one.
    """
    try:
        return Plain(_Test(app, is_factory).body(steps, observations), "")
    except _NoTest as reason:
        return Plain("", str(reason))


class _Test:
    def __init__(self, app: str, is_factory: bool) -> None:
        self._app = app
        self._is_factory = is_factory
        self._imports: dict[str, None] = {}
        self._lines: list[str] = []
        self._made = 0
        self._expecting = False
        """Whether what is written down is compared, not given: an object of the service is equal to itself alone."""

    def body(self, steps: Sequence[Invocation], observations: Sequence[Observation]) -> str:
        last = observations[-1]
        if any(call.operation.effect != "session" for one in observations for call in one.outbound):
            raise _NoTest("it talks to a system that only the recording stands for")
        if steps[-1].kind == "wsgi":
            self._request(steps[-1], last)
        else:
            self._calls(steps, last)
        plain = sorted(line for line in self._imports if line.startswith("import "))
        other = sorted(line for line in self._imports if not line.startswith("import "))
        return "\n".join([*plain, *other, "", *self._lines]).strip("\n")

    # --- calls ---

    def _calls(self, steps: Sequence[Invocation], last: Observation) -> None:
        receiver = ""
        for step in steps[:-1]:
            call, receiver, _given = self._call(step, receiver, keep=True)
            self._lines.append(call)
        call, receiver, given = self._call(steps[-1], receiver)
        self._expecting = True
        if last.kind == "exception":
            self._raises(call, last.value)
        elif last.kind == "return":
            self._lines.append(f"result = {call}")
            self._assert("result", last.value)
        else:
            raise _NoTest("its outcome is none that a test can assert")
        if steps[-1].kind != "constructor":
            self._assert_given(steps[-1], last, receiver, given)

    def _call(self, step: Invocation, receiver: str, *, keep: bool = False) -> tuple[str, str, dict[str, str]]:
        """(the call, the variable that holds its receiver, place of an argument → the variable that holds it)"""
        module, _, qualname = step.target.partition(":")
        path = [_identifier(part) for part in qualname.split(".")]
        if not (isinstance(step.arguments, TupleNode) and len(step.arguments.items) == 3):
            raise _NoTest("its arguments are not known")
        first, args, kwargs = step.arguments.items
        if step.kind == "constructor" and isinstance(first, GlobalNode):  # a class that inherits it
            module, _, qualname = f"{first.name}.__init__".partition(":")
            path = [_identifier(part) for part in qualname.split(".")]
        if step.kind in ("method", "property"):
            if not receiver:
                receiver = "instance"
                self._lines.append(f"{receiver} = {self._value(first)}")
        else:
            self._import(module, path[0])
        names, given = self._arguments(args, kwargs)
        if step.kind == "constructor":
            made = f"{'.'.join(path[:-1])}({names})"
            return (f"instance = {made}", "instance", given) if keep else (made, receiver, given)
        if step.kind == "property":
            return f"{receiver}.{path[-1]}", receiver, given
        owner = receiver if step.kind == "method" else ".".join(path[:-1])
        return f"{owner + '.' if owner else ''}{path[-1]}({names})", receiver, given

    def _arguments(self, args: Tree, kwargs: Tree) -> tuple[str, dict[str, str]]:
        """Mutable ones get variables, so that it can be asserted what becomes of them."""
        texts: list[str] = []
        given: dict[str, str] = {}
        for at, value in enumerate(args.items if isinstance(args, TupleNode) else []):
            texts.append(self._named(f"argument_{at + 1}", str(at), value, given))
        if isinstance(kwargs, DictNode):
            for key, value in zip(kwargs.keys, kwargs.values, strict=True):
                name = _identifier(str(key))
                texts.append(f"{name}={self._named(f'argument_{name}', name, value, given)}")
        return ", ".join(texts), given

    def _named(self, variable: str, place: str, value: Tree, given: dict[str, str]) -> str:
        text = self._value(value)
        if not isinstance(value, (ListNode, DictNode, SetNode, ObjectNode)):
            return text
        if text != variable:
            self._lines.append(f"{variable} = {text}")
        given[place] = variable
        return variable

    def _assert_given(self, step: Invocation, last: Observation, receiver: str, given: dict[str, str]) -> None:
        """What base leaves the arguments as, and the receiver where base changes it."""
        before, after = step.arguments, last.arguments
        if not (isinstance(before, TupleNode) and isinstance(after, TupleNode) and len(after.items) == 3):
            return
        first, args, kwargs = after.items
        if isinstance(args, TupleNode):
            for at, value in enumerate(args.items):
                if str(at) in given:
                    self._assert(given[str(at)], value)
        if isinstance(kwargs, DictNode):
            for key, value in zip(kwargs.keys, kwargs.values, strict=True):
                if str(key) in given:
                    self._assert(given[str(key)], value)
        if step.kind in ("method", "property") and isinstance(first, ObjectNode) and first != before.items[0]:
            self._assert(receiver, first)

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
        self._assert("caught.value.args", TupleNode(list(said)))

    def _assert(self, name: str, value: Tree) -> None:
        match value:
            case None | bool():
                self._lines.append(f"assert {name} is {value}")
            case float() if math.isnan(value):
                self._lines.append(f"assert {name} != {name}  # it is not a number")
            case ObjectNode(cls=cls, names=names, values=values):
                if value.content is not None:
                    raise _NoTest(f"it comes to a {cls.partition(':')[2]} that a test cannot write down")
                self._lines.append(f"assert type({name}) is {self._class(cls)}")
                for attribute, part in zip(names, values, strict=True):
                    if not attribute.startswith("_"):
                        self._assert(f"{name}.{_identifier(attribute)}", part)
            case _:
                self._lines.append(f"assert {name} == {self._value(value)}")
                self._lines += list(islice(self._types(name, value), TYPES))

    def _types(self, name: str, value: Tree) -> Iterator[str]:
        """What `==` leaves open: `1`, `1.0` and `True` are equal to it, and so are `10.0` and `10.00`."""
        match value:
            case bool() | int():
                yield f"assert type({name}) is {type(value).__name__}"
            case float():
                yield f"assert repr({name}) == {repr(value)!r}"
            case StandardNode(kind="decimal"):
                yield f"assert repr({name}) == {f'Decimal({value.parts[0]!r})'!r}"
            case StandardNode(kind="int" | "fraction" | "bytearray"):
                kind = {"fraction": "Fraction"}.get(value.kind, value.kind)
                yield f"assert type({name}) is {kind}"
            case ListNode(items=items) | TupleNode(items=items):
                yield f"assert type({name}) is {'list' if isinstance(value, ListNode) else 'tuple'}"
                for at, item in enumerate(items):
                    yield from self._types(f"{name}[{at}]", item)
            case SetNode() | FrozenSetNode():
                yield f"assert type({name}) is {'set' if isinstance(value, SetNode) else 'frozenset'}"
            case DictNode(keys=keys, values=values):
                yield f"assert type({name}) is dict"
                for key, item in zip(keys, values, strict=True):
                    yield from self._types(f"{name}[{self._value(key)}]", item)
            case _:
                return

    # --- requests ---

    def _request(self, step: Invocation, last: Observation) -> None:
        if not self._app:
            raise _NoTest('a test of a request needs app = "module:attribute" in the configuration')
        if last.kind != "response":
            raise _NoTest("it does not come to a response")
        module, _, attribute = self._app.partition(":")
        self._import(module, attribute.split(".")[0])
        served = f"{_dotted(attribute)}()" if self._is_factory else _dotted(attribute)
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
            f'body = b"".join({served}(environ, lambda status, headers, *_: answered.append(status)))',
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
                if self._expecting and math.isnan(tree):
                    raise _NoTest("it comes to a number that is equal to none, not even to itself")
                return f"float({str(tree)!r})"
            case int() if abs(tree) >= 10**4000:
                raise _NoTest("it needs a number of thousands of digits")
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
        if self._expecting:
            raise _NoTest(f"it comes to objects inside others, and nobody knows when two {tree.cls} are equal")
        if tree.content is not None:
            raise _NoTest(f"it needs a {tree.cls.partition(':')[2]} that a test cannot write down")
        cls = self._class(tree.cls)
        self._made += 1
        variable = f"made_{self._made}"
        parts = [(_identifier(name), self._value(value)) for name, value in zip(tree.names, tree.values, strict=True)]
        self._lines.append(f"{variable} = object.__new__({cls})")
        self._lines += [f"object.__setattr__({variable}, {name!r}, {text})" for name, text in parts]
        return variable

    def _standard(self, tree: StandardNode) -> str:
        parts = [self._value(part) for part in tree.parts]
        match tree.kind:
            case "int":
                if not _HEXADECIMAL.fullmatch(str(tree.parts[0])):
                    raise _NoTest("it needs a number that is none, or one of thousands of digits")
                return str(int(str(tree.parts[0]), 16))
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
