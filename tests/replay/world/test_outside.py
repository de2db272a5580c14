"""Objects of other libraries' classes: restored where they are data, refused where they act, whoever asks for them."""

from __future__ import annotations

import argparse
import collections
import configparser
import email.message
import email.policy
import http.client
import http.cookiejar
import http.cookies
import importlib
import itertools
import json
import logging
import optparse
import string
import subprocess
import sys
import tempfile
import threading
import types
import urllib.parse
from typing import Any

import pytest
from click.exceptions import UsageError

from pytest_runtime.recorders.capture.outside import restorable
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import GlobalNode, ObjectNode, contains_opaque, decode, encode
from pytest_runtime.recorders.session.learning import Learnt
from pytest_runtime.recorders.session.lessons import Lessons
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable

HERE = Resolver([__name__.partition(".")[0]])


def again(value: object) -> Any:
    """Captured, written, read and built."""
    tree = capture(value)
    assert contains_opaque(tree) is None
    made = build(decode(encode(tree)), HERE)
    assert encode(capture(made)) == encode(tree)
    return made


def _message() -> email.message.Message:
    message = email.message.Message()
    message["Subject"] = "order"
    message.set_payload("text")
    return message


def _config() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string("[shop]\nname = x\nrate = 5\n")
    return parser


def _record() -> logging.LogRecord:
    return logging.LogRecord("shop", logging.INFO, "shop.py", 5, "sold %s", ("x",), None)


def _cookie() -> http.cookies.SimpleCookie:
    cookie = http.cookies.SimpleCookie("a=1")
    cookie["a"]["path"] = "/"
    return cookie


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (argparse.Namespace(a=1, b=[2]), vars),
        (urllib.parse.urlsplit("https://x.test/a?b#c"), lambda value: (value.netloc, value)),
        (urllib.parse.urlparse("https://x.test:8/a?b#c"), lambda value: (value.port, value)),
        (collections.UserDict(a=1), dict),
        (collections.UserList([1]), list),
        (collections.UserString("x"), str),
        (collections.ChainMap({"a": 1}, {"b": 2}), dict),
        (_message(), lambda value: value.as_string()),
        (_record(), lambda value: value.getMessage()),
        (_config(), lambda value: (value["shop"]["name"], value.getint("shop", "rate"))),
        (_cookie(), lambda value: value.output()),
        (http.cookiejar.CookieJar(), len),
        (string.Template("$a"), lambda value: value.substitute(a=1)),
        (json.JSONDecodeError("no", "{", 0), lambda value: (value.args, value.doc, value.pos)),
        (UsageError("no"), lambda value: value.message),
        (optparse.OptionParser(prog="x"), lambda value: value.format_help()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_object_that_is_data_is_restored(value: Any, told: Any) -> None:
    """From its attributes and its built-in part, of the class that is loaded here."""
    made = again(value)
    assert type(made) is type(value)
    assert told(made) == told(value)


def test_an_action_of_a_parser_is_restored() -> None:
    """With the function that converts, and the parser it belongs to."""
    made = again(argparse.Namespace(action=argparse.Action(["--count"], "count", type=int, default=1)))
    assert (type(made.action), made.action.dest, made.action.type) == (argparse.Action, "count", int)


class Held:
    """An object of a library, as the tests below make them."""


def _library(**members: Any) -> type:
    """A class of a module that is loaded, outside the included packages."""
    module = types.ModuleType("shelf")
    cls = type("Box", (members.pop("base", object),), {"__module__": "shelf", **members})
    vars(module)["Box"] = cls
    vars(module)["Alias"] = Held
    sys.modules["shelf"] = module
    return cls


@pytest.fixture(autouse=True)
def no_shelf() -> Any:
    """The module is gone after each test."""
    yield
    sys.modules.pop("shelf", None)


def test_a_module_that_nobody_loaded_is_not_imported() -> None:
    """Whatever a baseline names."""
    assert "antigravity" not in sys.modules
    with pytest.raises(Unbuildable, match="no module that is loaded holds it"):
        build(ObjectNode("antigravity:Box", None, [], []), HERE)
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"__del__": lambda self: None}, "does something when an object goes away"),
        ({"base": threading.Thread}, "objects of threading:Thread act by themselves"),
        ({"base": subprocess.Popen}, "does something when an object goes away"),
        ({"base": itertools.cycle}, "its state is held in C"),
    ],
    ids=["finalizer", "thread", "process", "C"],
)
def test_a_class_that_acts_is_refused(members: dict[str, Any], said: str) -> None:
    """By itself, or through what it extends; recorder and replay say the same."""
    _library(**members)
    with pytest.raises(Unbuildable, match=said):
        build(ObjectNode("shelf:Box", None, [], []), HERE)
    with pytest.raises(LookupError, match=said):
        restorable("shelf:Box")


def test_a_class_is_built_only_under_its_own_name() -> None:
    """`shelf:Alias` leads to a class that says it lives elsewhere."""
    _library()
    assert type(build(ObjectNode("shelf:Box", None, ["a"], [1]), HERE)).__name__ == "Box"
    with pytest.raises(Unbuildable, match="only a name for"):
        build(ObjectNode("shelf:Alias", None, [], []), HERE)


def test_no_attribute_is_asked_for() -> None:
    """A module or class that makes up attributes makes up none here."""
    asked: list[str] = []

    class Meta(type):
        def __getattr__(cls, name: str) -> Any:
            asked.append(name)
            return Held

    def made_up(name: str) -> Any:
        asked.append(name)
        return Held

    module = types.ModuleType("shelf")
    vars(module)["__getattr__"] = made_up
    vars(module)["Box"] = Meta("Box", (), {"__module__": "shelf"})
    sys.modules["shelf"] = module
    for name in ("shelf:Made", "shelf:Box.Made"):
        with pytest.raises(Unbuildable):
            build(ObjectNode(name, None, [], []), HERE)
    assert asked == []


@pytest.mark.parametrize(
    "cls",
    [
        *(subprocess.Popen, threading.Thread, threading.Timer, tempfile.TemporaryDirectory, http.client.HTTPConnection),
        *(logging.FileHandler, http.cookiejar.LWPCookieJar, argparse.FileType),
    ],
    ids=lambda cls: cls.__qualname__,
)
def test_what_acts_in_the_standard_library_is_refused(cls: type) -> None:
    """As an object, and as a class to be called."""
    name = f"{cls.__module__}:{cls.__qualname__}"
    for tree in (ObjectNode(name, None, ["args"], ["rm"]), GlobalNode(name)):
        with pytest.raises(Unbuildable):
            build(tree, HERE)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "os:system",
            "subprocess:run",
            "shutil:rmtree",
            "importlib:import_module",
            "pickle:loads",
            "pickle:_Unpickler",
        ),
        *("runpy:run_path", "typing:get_type_hints", "operator:call", "_operator:call", "code:interact", "os:environ"),
        *("posixpath:expandvars", "dataclasses:make_dataclass", "functools:reduce", "copy:copy", "json:load"),
        *("builtins:object.__reduce__", "builtins:type", "builtins:str.__format__", "collections:namedtuple"),
        *("pytest_runtime.replay.world.resolver:Resolver", "logging:Logger.manager", "weakref:finalize"),
    ],
)
def test_a_function_that_does_more_than_compute_is_refused(name: str) -> None:
    """A reference to it would be called by the code under test."""
    with pytest.raises(Unbuildable):
        build(GlobalNode(name), HERE)


@pytest.mark.parametrize(
    "value",
    [json.dumps, str.upper, dict.fromkeys, urllib.parse.quote, string.capwords],
    ids=lambda value: value.__name__,
)
def test_a_function_that_only_computes_is_a_value(value: Any) -> None:
    """By its name."""
    assert again([value]) == [value]


def test_the_recorder_learns_by_the_same_rule() -> None:
    """What a replay restores is captured again and again; what it refuses is learnt."""
    lessons = Lessons(Learnt(), lambda module: False)
    _library()
    assert lessons._why(ObjectNode("shelf:Box", None, [], [])) == ""
    assert "act by themselves" in lessons._why(ObjectNode("threading:Thread", None, [], []))


def test_a_module_that_an_included_module_holds_is_a_value() -> None:
    """The code under test reaches it anyway."""
    assert again([json, sys])[0] is json
    assert again(sys.modules[__name__]) is sys.modules[__name__]


def test_no_other_module_is_given() -> None:
    """A baseline may name any; one that is not loaded is not imported."""
    with pytest.raises(Unbuildable, match="no included module holds it"):
        build(GlobalNode("ensurepip:"), _with("ensurepip"))
    with pytest.raises(Unbuildable, match="gone"):
        build(GlobalNode("this:"), HERE)
    assert "this" not in sys.modules


def _with(module: str) -> Resolver:
    importlib.import_module(module)
    return HERE


class _Operator:
    """What stands below the objects that are operators."""


def _operator(name: str) -> Any:
    """An object of a class of its own, which is called as the object is."""
    made = type(name, (_Operator,), {"__module__": __name__, "__qualname__": name})()
    made.uses = 0
    return made


double = _operator("double")


def test_an_object_may_stand_under_the_name_of_its_class() -> None:
    """As a decorator leaves it that makes a class of a function, and an object of that."""
    double.uses = 5
    made = again(double)
    assert type(made) is type(double)
    assert made.uses == 5
