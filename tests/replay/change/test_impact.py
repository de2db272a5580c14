"""Impact: a statement that is run when the code is loaded reaches everything, unless all that it does is seen."""

from __future__ import annotations

import pytest

from pytest_runtime.replay.change.impact import Impact, impact_of
from pytest_runtime.replay.change.versions import Versions

USER = "from shop.rates import LIMIT\n\ndef over(total):\n    return total > LIMIT\n"


def impact(before: str, after: str, **others: str) -> Impact:
    """Of a change of one module, beside others that stay."""
    rest = {f"shop.{name}": text for name, text in others.items()}
    return impact_of({"shop.rates": before, **rest}, {"shop.rates": after, **rest})


def test_a_plain_constant_reaches_the_functions_that_mention_it() -> None:
    """In whatever module they stand."""
    found = impact("LIMIT = 1\n", "LIMIT = 2\n", web=USER)
    assert (found.everything, dict(found.functions)) == ("", {"shop.web:over": "it uses LIMIT, which changed"})
    assert [(one.module, one.line, one.text) for one in found.statements] == [("shop.rates", 1, "LIMIT = 2")]


@pytest.mark.parametrize(
    ("before", "after", "because"),
    [
        ("LIMIT = 1\nTWICE = 2 * LIMIT\n", "LIMIT = 2\nTWICE = 2 * LIMIT\n", "use LIMIT"),
        ("LIMIT = make(1)\n", "LIMIT = make(2)\n", "LIMIT = make(2)"),
        ("register(1)\n", "register(2)\n", "register("),
        ("class S(Base):\n    fields = 1\n", "class S(Base):\n    fields = 2\n", "fields = "),
        ("class S: pass\n", "class S(Base): pass\n", "class S"),
        ("@route('/a')\ndef f(): pass\n", "@route('/b')\ndef f(): pass\n", "a decorator of shop.rates changed: f"),
        ("def f(): pass\n", "@hook\ndef before(): pass\ndef f(): pass\n", "a decorator of shop.rates changed: before"),
        ("class S:\n    pass\n", "class S:\n    def __eq__(self, o): return True\n", "shop.rates.S.__eq__ is new"),
        ("class S(Base):\n    pass\n", "class S(Base):\n    def run(self): pass\n", "shop.rates.S.run is new"),
        ("if DEBUG:\n    X = 1\n", "if DEBUG:\n    X = 2\n", "if DEBUG:"),
        ("A = 1\n", "A = 2\n", "A changed, which no included function mentions"),
    ],
)
def test_what_may_do_more_reaches_everything(before: str, after: str, because: str) -> None:
    """With the reason."""
    assert because in impact(before, after, web=USER).everything


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(): return 1\n", "def f(): return 2\n"),
        ("def f(): return 1\n", "def f(): return g()\n\ndef g(): return 1\n"),
        ("class S:\n    def a(self): pass\n", "class S:\n    def a(self): pass\n    def b(self): pass\n"),
        ("def f(): pass\n", "@functools.lru_cache\ndef f(): pass\n"),
        ("X = 1  # one\ndef f(): return X\n", "X = 1\ndef f(): return X\n"),
    ],
)
def test_functions_alone_reach_who_calls_them(before: str, after: str) -> None:
    """That is known by what ran."""
    found = impact(before, after)
    assert (found.everything, found.statements) == ("", ())


def test_a_new_function_may_hide_a_built_in_one() -> None:
    """Functions that mention its name are reached, although none of them changed."""
    before = "def read(path):\n    return open(path)\n"
    found = impact(before, before + "\n\ndef open(path):\n    return path\n")
    assert "shop.rates:read" in found.functions


def test_a_module_that_is_gone_or_does_not_parse_reaches_everything() -> None:
    """Nobody can say what it did."""
    assert impact_of({"shop.a": "X = 1\n"}, {}).everything == "shop.a is gone"
    assert "cannot be parsed" in impact("X = 1\n", "X = (\n").everything


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("@app.get('/x')\ndef view(n: int): ...\n", "n: int", "n: str"),
        ("@convert\ndef f(n) -> int: ...\n", "-> int", "-> str"),
        ("@f.register\nasync def _(n: int): ...\n", "n: int", "n: str"),
        ("class M(Model):\n    a: int\n", "a: int", "a: str"),
        ("@dataclass\nclass D:\n    a: int = 1\n", "a: int", "a: ClassVar[int]"),
        ("def make():\n    @app.get('/x')\n    def view(n: int): ...\n", "n: int", "n: str"),
    ],
)
def test_annotations_that_a_decorator_or_a_base_may_read_are_a_change(source: str, old: str, new: str) -> None:
    """Frameworks convert, dispatch and make fields by them."""
    found = impact(source, source.replace(old, new))
    assert "an annotation" in found.everything
    assert [statement.line for statement in found.statements] == [source.partition(old)[0].count("\n") + 1]
    assert Versions({"shop": source}, {"shop": source.replace(old, new)}).anything


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("def f(n: int): ...\n", "n: int", "n: str"),
        ("@staticmethod\ndef f(n: int): ...\n", "n: int", "n"),
        ("class C:\n    a: int\n    def f(self): ...\n", "a: int", "a: str"),
        ("class C(Base):\n    def f(self):\n        a: int = 1\n", "a: int", "a: str"),
    ],
)
def test_annotations_that_nobody_gets_are_no_change(source: str, old: str, new: str) -> None:
    """Adding types is silent."""
    assert impact(source, source.replace(old, new)).everything == ""
    assert not Versions({"shop": source}, {"shop": source.replace(old, new)}).anything
