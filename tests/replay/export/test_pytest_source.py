"""Written tests: what base does, as plain source that asserts it and nothing else."""

from __future__ import annotations

import ast
import sys
import textwrap
import types
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime import written_tests
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    record,
)
from pytest_runtime.recorders.model.world import Operation
from pytest_runtime.replay.entries.catalogue import writer
from pytest_runtime.replay.export.pytest_source import Plain, is_factory, plain_test
from pytest_runtime.replay.model.finding import Explored, Finding
from pytest_runtime.replay.model.invocation import Invocation
from pytest_runtime.replay.model.observation import Observation, Outbound
from pytest_runtime.written_tests import Written, source_of

SHOP = """
    import collections
    import datetime
    import decimal
    import enum
    import fractions
    import math
    import uuid
    import zoneinfo

    Decimal, Fraction = decimal.Decimal, fractions.Fraction

    class Colour(enum.Enum):
        RED = 1
        BLUE = 2

    class Missing(LookupError):
        pass

    class Cart:
        def __init__(self, lines=()):
            self.lines = list(lines)
            self._seen = 0

        def add(self, line):
            self.lines.append(line)
            return len(self.lines)

        def take(self, *, instance):
            return [*self.lines, *instance]

        @property
        def first(self):
            return self.lines[0]

        @classmethod
        def of(cls, line):
            return cls([line])

    Point = collections.namedtuple("Point", "x y")

    def give(value):
        return value

    def made(number):
        return VALUE

    def fill(items):
        items.append(3)
        return None

    def find(row, key):
        if key not in row:
            raise Missing(key, [1])
        return row[key]
    """

NO_ENTRY = writer("", {})
"""What writes entries, for calls of functions."""


@pytest.fixture(autouse=True)
def _modules() -> Iterator[None]:
    """Modules of services go again."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("written_"):
            del sys.modules[name]


def service(source: str = SHOP, *, value: str = "None", name: str = "written_shop") -> Any:
    """A service as a module; `value` is what `made` returns."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(f"VALUE = None\n{textwrap.dedent(source)}\nVALUE = {value}\n", name, "exec"), module.__dict__)
    return module


def ran(function: Any, target: str, kind: str, receiver: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Plain:
    """The test of a call, as base does it here."""
    step = Invocation(f"written_shop:{target}", kind, capture((receiver, args, kwargs)))
    try:
        outcome, value = "return", function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - it is the outcome
        outcome, value = "exception", error
    seen = Observation(outcome, capture(value), capture((receiver, args, kwargs)), [])  # type: ignore[arg-type]  # two of its kinds
    return plain_test([step], [seen], NO_ENTRY)


def called(target: str, *args: Any, **kwargs: Any) -> Plain:
    """The test of a call of a function."""
    return ran(getattr(sys.modules["written_shop"], target), target, "function", None, args, kwargs)


def source(*tests: Plain, name: str = "shop:made") -> str:
    """A module of them."""
    return source_of([Written(name, "it differs", test.text, test.reason) for test in tests])


def failing(text: str) -> list[str]:
    """Names of the tests in a module that fail."""
    found: dict[str, Any] = {}
    exec(compile(text, "test_written.py", "exec"), found)
    failed = []
    tests = {name: function for name, function in found.items() if name.startswith("test_")}
    assert tests, text
    for name, function in tests.items():
        try:
            function()
        except Exception:  # noqa: BLE001 - whatever it is, the test failed
            failed.append(name)
    return failed


VALUES = {
    "None": "0",
    "True": "1",
    "7": "7.0",
    "-0.5": "0.5",
    "float('nan')": "1.0",
    "'it\\'s \"\\n\\u2028\\\\'": "'it'",
    "b'\\x00\"'": "b''",
    "[1, [2], (3,), ()]": "[1, [2], (3,), (1,)]",
    "{'a': {1, 2}, 2: frozenset([3]), None: set()}": "{'a': {1}, 2: frozenset([3]), None: set()}",
    "2 ** 80": "2 ** 80 + 1",
    "Decimal('1.50')": "Decimal('1.51')",
    "Fraction(1, 3)": "Fraction(1, 4)",
    "datetime.datetime(2024, 2, 29, 1, 2, 3, 4, fold=1)": "datetime.datetime(2024, 2, 29, 1, 2, 3, 5, fold=1)",
    "datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)": "datetime.datetime(2024, 1, 1)",
    "datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo('UTC'))": "datetime.datetime(2024, 1, 1)",
    "datetime.date(2024, 1, 1)": "datetime.date(2024, 1, 2)",
    "datetime.time(1, 2, 3)": "datetime.time(1, 2, 4)",
    "datetime.timedelta(-1, 5, 7)": "datetime.timedelta(-1, 5, 8)",
    "uuid.UUID(int=7)": "uuid.UUID(int=8)",
    "range(1, 9, 2)": "range(1, 9)",
    "bytearray(b'x')": "bytearray(b'y')",
    "1 + 2j": "1 + 3j",
    "Colour.RED": "Colour.BLUE",
    "int": "float",
    "Cart(['pen'])": "Cart(['ink'])",
}


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_asserted_as_base_gives_it(value: str) -> None:
    """Of every kind: the test passes on base and fails where something else is given."""
    service(value=value)
    plain = called("made", 1)
    assert plain.reason == ""
    text = source(plain)
    assert failing(text) == []
    service(value=VALUES[value])
    assert failing(text) == ["test_made"]


@pytest.mark.parametrize(
    "value",
    ["float('inf')", "-float('inf')", "[float('nan')]", "[Cart(['pen'])]", "{'cart': Cart()}"],
)
def test_a_test_passes_on_base_or_is_not_written(value: str) -> None:
    """Infinity, NaN in a list, objects that are equal to nothing but themselves."""
    service(value=value)
    plain = called("made", 1)
    assert plain.reason or failing(source(plain)) == []


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ("[1]", "[True]"),
        ("{'total': 1}", "{'total': 1.0}"),
        ("Decimal('10.00')", "Decimal('10.0')"),
        ("Decimal(1)", "1"),
        ("0.0", "-0.0"),
        ("{1}", "frozenset([1])"),
        ("Point(1, 2)", "Point(1, 3)"),
        ("collections.OrderedDict(a=1)", "collections.OrderedDict(a=2)"),
        ("Missing('a')", "Missing('b')"),
    ],
)
def test_a_test_fails_on_the_candidate_or_is_not_written(value: str, other: str) -> None:
    """Differences that replays report: of type inside a container, of a decimal's places, of a class's built-in
    part."""
    service(value=value)
    plain = called("made", 1)
    text = source(plain)
    if plain.reason:
        return
    assert failing(text) == []
    service(value=other)
    assert failing(text) == ["test_made"]


def test_arguments_are_written_down_and_stay_as_they_are() -> None:
    """Mutable ones have names, so that it is seen what base does to them."""
    service()
    text = source(called("fill", [1, 2]), name="shop:fill")
    assert failing(text) == []
    service(SHOP.replace("items.append(3)", "items.append(4)"))
    assert failing(text) == ["test_fill"]


def test_what_is_given_by_name_is_asserted_too() -> None:
    """A list that a caller gives as a keyword is as much its own."""
    service()
    text = source(called("fill", items=[1, 2]), name="shop:fill")
    assert failing(text) == []
    service(SHOP.replace("items.append(3)", "items.append(4)"))
    assert failing(text) == ["test_fill"]


def test_an_exception_is_asserted_with_its_arguments() -> None:
    """And its very class."""
    service()
    text = source(called("find", {"a": 1}, "it's"), name="shop:find")
    assert failing(text) == []
    for other in (SHOP.replace("Missing(key,", "KeyError(key,"), SHOP.replace("Missing(key,", "Missing(key + 'x',")):
        service(other)
        assert failing(text) == ["test_find"]


def test_methods_properties_and_class_methods() -> None:
    """On an instance that is filled as it was recorded, without its constructor."""
    shop = service()
    cart = shop.Cart(["pen"])
    add = ran(cart.add, "Cart.add", "method", shop.Cart(["pen"]), ("ink",), {})
    first = ran(lambda: cart.first, "Cart.first", "property", cart, (), {})
    of = ran(shop.Cart.of, "Cart.of", "function", None, ("pen",), {})
    made = ran(lambda lines: shop.Cart(lines), "Cart.__init__", "constructor", None, (["pen"],), {})
    text = source(add, first, of, made, name="shop:Cart.x")
    assert failing(text) == []
    service(SHOP.replace("self.lines = list(lines)", "self.lines = ['x', *lines]").replace("len(self.lines)", "0"))
    assert failing(text) == ["test_cart_x", "test_cart_x_3", "test_cart_x_4"]


def test_what_a_method_does_to_its_object_is_asserted() -> None:
    """A difference of the state that it leaves is one that replays report."""
    shop = service()
    cart = shop.Cart(["pen"])
    step = Invocation("written_shop:Cart.add", "method", capture((cart, ("ink",), {})))
    seen = Observation("return", cart.add("ink"), capture((cart, ("ink",), {})), [])
    plain = plain_test([step], [seen], NO_ENTRY)
    assert plain.reason or failing(source(plain)) == []
    service(SHOP.replace("self.lines.append(line)", "self.lines.append(line.upper())"))
    assert plain.reason or failing(source(plain)) == ["test_made"]


def test_an_argument_may_have_any_name() -> None:
    """Also that of the function, or of a variable of the test."""
    shop = service("def give(give):\n    return len(give)\n")
    text = source(called("give", give=[1]))
    assert failing(text) == []
    shop = service()
    plain = ran(shop.Cart(["a"]).take, "Cart.take", "method", shop.Cart(["a"]), (), {"instance": [1]})
    assert failing(source(plain)) == []


def test_functions_of_one_name_in_two_modules() -> None:
    """Each test calls its own."""
    found = []
    for name, number in (("written_shop", 1), ("written_stock", 2)):
        service(f"def left():\n    return {number}\n", name=name)
        step = Invocation(f"{name}:left", "function", capture((None, (), {})))
        found.append(plain_test([step], [Observation("return", number, capture((None, (), {})), [])], NO_ENTRY))
    assert failing(source(*found)) == []


def test_an_application_may_be_made_by_a_function() -> None:
    """`app` in the configuration names the application, or what makes it."""
    source_text = """
        def make_app():
            def app(environ, start_response):
                start_response("200 OK", [])
                return [b"hello"]
            return app
        """
    service(source_text)
    environ = record(REQUEST_METHOD="GET", PATH_INFO="/")
    asked = Invocation("GET /", "wsgi", record(environ=environ, body=BytesNode(b""), read_all=True))
    response = record(status=200, headers=ListNode([]), body=BytesNode(b"hello"))
    sources = {"written_shop": textwrap.dedent(source_text)}
    assert is_factory(sources, "written_shop:make_app")
    seen = Observation("response", response, None, [])
    assert failing(source(plain_test([asked], [seen], writer("written_shop:make_app", sources)))) == []
    assert not is_factory({"shop": "def app(environ, start_response): ..."}, "shop:app")
    assert not is_factory({"shop": "app = Flask()"}, "shop:app")


# --- no test ------------------------------------------------------------------------------------------------------


def plain(step: Invocation, value: Tree = None, **more: Any) -> Plain:
    """The test of a call that returned."""
    seen = Observation("return", value, step.arguments, [])
    return plain_test([step], [seen._replace(**more)], NO_ENTRY)


def step(*args: Tree, target: str = "written_shop:give", kind: str = "function", receiver: Tree = None) -> Invocation:
    """A call."""
    return Invocation(target, kind, TupleNode([receiver, TupleNode(list(args)), record()]))


def test_what_talks_to_another_system_is_no_test() -> None:
    """Only the recording stands for it."""
    call = Outbound(Operation("sqlite", "execute", "db", "write"), None, 0, True, None, 0)
    assert plain(step(1), outbound=[call]) == Plain("", "it talks to a system that only the recording represents")


@pytest.mark.parametrize(
    "value",
    [
        OpaqueNode("io:Socket", "it is open"),
        StandardNode("path", ["PosixPath", "/x"]),
        ObjectNode("collections:Counter", DictNode(["a"], [1]), [], []),
        EnumNode("shop:Flag", None, 3),
        StandardNode("int", [hex(10**5000)]),
    ],
)
def test_what_cannot_be_written_down_is_no_test(value: Tree) -> None:
    """With the reason, which the module holds as a comment; or it is written so that Python reads it."""
    found = plain(step(value))
    text = source(found, name="shop:give")
    ast.parse(text)
    if not found.text:
        assert found.reason
        assert f"# {found.reason}" in text
        assert "def " not in text


def test_findings_and_divergences_have_one_test_each() -> None:
    """Numbered where one function has several; what is far says so."""
    finding = Finding("f(1)", True, "returned 1", "returned 2", (), None, "shop:f", "p", "", test="import a\n\nx = 1")
    far = Finding("f(9)", False, "returned 1", "returned 2", (), None, "shop:f", "p", "", no_test="it cannot")
    tests = written_tests.tests_of([], [Explored(target="shop:f", item="i", findings=(finding, finding, far))])
    text = source_of(tests)
    assert [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)] == [
        "test_f",
        "test_f_2",
    ]
    assert "# f(1): base returned 1, candidate returned 2\n" in text
    assert "f(9): base returned 1, candidate returned 2 (far from what was recorded)\n# it cannot" in text


# --- hostile baselines --------------------------------------------------------------------------------------------

HOSTILE = (
    "x\nimport os; PLANTED = 1",
    "x'); PLANTED = 1; ('",
    'x"""\nPLANTED = 1\n"""',
    "x; PLANTED = 1 #",
    "x\u2028PLANTED = 1",
    "x\x0cPLANTED = 1",
    "x.y(PLANTED)",
    "import",
    "\\",
    "x' + PLANTED + '",
    "{PLANTED}",
    "",
)


def harmless(text: str) -> bool:
    """Whether a module is imports and tests, and nothing that was planted is code in it."""
    tree = ast.parse(text)
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Expr)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names
    }
    docstring, *rest = tree.body
    return (
        all(isinstance(node, kinds) for node in tree.body)
        and isinstance(docstring, ast.Expr)
        and not any(isinstance(node, ast.Expr) for node in rest)
        and not any("PLANTED" in name for name in names | imported)
        and not any(isinstance(node, ast.JoinedStr) for node in ast.walk(tree))
    )


def hostile(text: str) -> dict[str, Plain]:
    """Tests of baselines that hold a text wherever they can."""
    raised = ObjectNode(f"m:{text}", TupleNode([text]), [text], [text])
    environ = record(
        **{"REQUEST_METHOD": text, "PATH_INFO": text, "QUERY_STRING": text, "HTTP_X": text, f"HTTP_{text}": text}
    )
    asked = Invocation("app", "wsgi", record(environ=environ, body=BytesNode(text.encode()), read_all=True))
    response = record(status=text, headers=ListNode([]), body=BytesNode(text.encode()))
    return {
        "a text": plain(step(text), text),
        "a key": plain(step(DictNode([text], [text])), DictNode([text], [1])),
        "bytes": plain(step(BytesNode(text.encode()))),
        "a class": plain(step(ObjectNode(f"m:{text}", None, [], []))),
        "a module": plain(step(ObjectNode(f"{text}:Cart", None, [], []))),
        "an attribute": plain(step(ObjectNode("m:Cart", None, [text], [1]))),
        "an attribute of the result": plain(step(1), ObjectNode("m:Cart", None, [text], [1])),
        "a class of the result": plain(step(1), ObjectNode(f"m:{text}", None, [], [])),
        "a member": plain(step(EnumNode("m:Colour", text, 1))),
        "an enumeration": plain(step(EnumNode(f"m:{text}", "RED", 1))),
        "a global": plain(step(GlobalNode(text))),
        "a global's name": plain(step(GlobalNode(f"m:{text}"))),
        "a function": plain(step(1, target=f"m:{text}")),
        "a function's module": plain(step(1, target=f"{text}:give")),
        "a method": plain(step(1, target=f"m:Cart.{text}", kind="method", receiver=ObjectNode("m:Cart", None, [], []))),
        "a property": plain(step(target=f"m:C.{text}", kind="property", receiver=ObjectNode("m:C", None, [], []))),
        "a constructor": plain(step(1, target=f"m:{text}.__init__", kind="constructor")),
        "a static method": plain(step(1, target=f"m:{text}.give")),
        "a parameter": plain(Invocation("m:give", "function", TupleNode([None, TupleNode([]), record(**{text: 1})]))),
        "a list's name": plain(
            Invocation("m:f", "function", TupleNode([None, TupleNode([]), record(**{text: ListNode([])})]))
        ),
        "a kind": plain(step(StandardNode(text, [1]))),
        "a decimal": plain(step(StandardNode("decimal", [text]))),
        "a date": plain(step(StandardNode("date", [text, 1, 1]))),
        "an integer": plain(step(SetNode([StandardNode("uuid", [text])]))),
        "a zone": plain(step(StandardNode("zoneinfo", [text]))),
        "an exception": plain(step(1), raised, kind="exception"),
        "an exception's argument": plain(step(1), ObjectNode("m:E", TupleNode([text]), [], []), kind="exception"),
        "a request": plain_test([asked], [Observation("response", response, None, [])], writer("m:app", {})),
        "an application": plain_test([asked], [Observation("response", response, None, [])], writer(f"m:{text}", {})),
    }


@pytest.mark.parametrize("where", hostile("x"))
def test_a_hostile_baseline_puts_no_code_into_a_test(where: str) -> None:
    """Wherever it stands: as a name it makes no test, as a value it is a literal."""
    for text in HOSTILE:
        found = hostile(text)[where]
        written = source_of([Written(text, f"{text}: base {text}", found.text, found.reason or text)])
        assert harmless(written), written


@given(st.text(max_size=12))
@settings(max_examples=25, deadline=None)
def test_no_text_at_all_becomes_code(text: str) -> None:
    """Whatever a recorder, or someone else, wrote into a baseline."""
    for found in hostile(text).values():
        written = source_of([Written(text, text, found.text, found.reason), Written(text, text, "", text)])
        tree = ast.parse(written)
        assert all(isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Expr)) for node in tree.body)


def test_an_integer_that_is_none_is_no_test() -> None:
    """A text in the place of its digits, or more digits than Python writes."""
    for digits in ("x'); PLANTED = 1", hex(10**5000)):
        found = plain(step(StandardNode("int", [digits])))
        assert found.text == ""
        assert found.reason


@pytest.mark.parametrize("target", ["written_shop:test_connection", "written_shop:TestKit.of"])
def test_what_is_imported_is_not_collected(target: str) -> None:
    """A function of the service whose name begins as a test's does is no test."""
    tree = ast.parse(source(plain(step(1, target=target))))
    names = [
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    assert [name for name in names if name.startswith(("test", "Test"))] == []
