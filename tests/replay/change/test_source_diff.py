"""The change: which lines and functions differ in what they mean, and which of them no trace reaches."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from pytest_runtime.replay.change.impact import impact_of
from pytest_runtime.replay.change.loaded_statements import loaded_changes
from pytest_runtime.replay.change.source_diff import compare_sources
from pytest_runtime.testing import Scenario

OLD = '''
"""A module."""
import decimal

RATE = 10
UNUSED = 1
TABLE = {"a": 1}


class Cart:
    """A class."""

    limit: int = 5

    def add(self, item: str) -> int:
        """Add."""
        return len(item) + self.limit


def fee(total: int) -> int:
    """Docstring."""
    # a comment
    def inner(value):
        return value + 1

    return inner(total * RATE // 100)


def other(total):
    return total
'''


PROPERTY = """
class Cart:
    @property
    def size(self):
        return len(self.items)

    @size.setter
    def size(self, value):
        self.items = [None] * value

def make(kind):
    if kind:
        def made():
            return 1
    else:
        def made():
            return 2
    return made

register(make)
register(make)

class A:
    limit = 1

class B:
    limit = 2
"""


def changed(*replacements: tuple[str, str], old: str = OLD) -> tuple[dict[str, int], set[str]]:
    """(changed functions by line, text of the changed lines)."""
    new = old
    for before, after in replacements:
        assert new.count(before) == 1
        new = new.replace(before, after)
    change = compare_sources("shop", old, new)
    lines = new.splitlines()
    return dict(change.functions), {lines[number - 1].strip() for number in change.lines}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# a comment", "# another comment\n    # and one more"),
        ('"""Docstring."""', '"""Another."""'),
        ('    """Docstring."""\n', ""),
        ('"""A class."""', '"""Another class."""'),
        ('"""A module."""', ""),
        ("total * RATE // 100", "total*RATE//100"),
        ("return inner(total * RATE // 100)", "return inner(\n        total * RATE // 100,\n    )"),
        ("total: int) -> int", "total)"),
        ("item: str) -> int", "item) -> str"),
        ("limit: int = 5", "limit: float = 5"),
        ("\n\ndef other", "\n\n\n\n\ndef other"),
    ],
)
def test_what_means_nothing_is_no_change(before: str, after: str) -> None:
    """Comments, docstrings, formatting and annotations."""
    assert changed((before, after)) == ({}, set())


def test_a_changed_line_names_its_function() -> None:
    """The function, and the first line that differs."""
    functions, lines = changed(("return total\n", "return total + 1\n"))
    assert list(functions) == ["shop:other"]
    assert lines == {"return total + 1"}
    assert (
        OLD.replace("return total\n", "return total + 1\n").splitlines()[functions["shop:other"] - 1].strip() in lines
    )


def test_a_comment_beside_a_change_is_not_part_of_it() -> None:
    """Only lines with code are told."""
    _functions, lines = changed(("# a comment", "# another"), ("inner(total * RATE // 100)", "inner(total * RATE)"))
    assert lines == {"return inner(total * RATE)"}


def test_a_nested_function_changes_the_one_around_it() -> None:
    """Both are told."""
    functions, _lines = changed(("value + 1", "value + 2"))
    assert set(functions) == {"shop:fee", "shop:fee.<locals>.inner"}


def test_a_constant_selects_the_functions_that_use_it() -> None:
    """The line that uses it stands for it in the function."""
    functions, lines = changed(("RATE = 10", "RATE = 11"))
    assert list(functions) == ["shop:fee"]
    assert OLD.splitlines()[functions["shop:fee"] - 1].strip() == "return inner(total * RATE // 100)"
    assert lines == {"RATE = 11"}


def test_a_constant_that_nobody_uses_selects_nothing() -> None:
    """Its own line is told."""
    assert changed(("UNUSED = 1", "UNUSED = 2")) == ({}, {"UNUSED = 2"})


def test_a_class_attribute_selects_the_methods_that_use_it() -> None:
    """Class level is like module level."""
    functions, _lines = changed(("limit: int = 5", "limit: int = 6"))
    assert list(functions) == ["shop:Cart.add"]


def test_a_decorator_belongs_to_its_function() -> None:
    """A new decorator is a change of the function."""
    functions, lines = changed(("def other", "@staticmethod\ndef other"))
    assert list(functions) == ["shop:other"]
    assert lines == {"@staticmethod"}


def test_a_removed_statement_is_reported_at_the_line_that_follows() -> None:
    """There is no line of its own left."""
    old = "def f(a):\n    a = a + 1\n    return a\n"
    change = compare_sources("shop", old, "def f(a):\n    return a\n")
    assert (dict(change.functions), change.lines) == ({"shop:f": 2}, frozenset({2}))


def test_a_default_value_is_a_change() -> None:
    """It is part of what the function does."""
    functions, _lines = changed(("def other(total)", "def other(total=1)"))
    assert list(functions) == ["shop:other"]


def test_a_version_that_does_not_parse_is_changed_everywhere() -> None:
    """Nothing is silently taken for unchanged."""
    change = compare_sources("shop", OLD, "def broken(:\n")
    assert change.lines == frozenset({1, 2})


# --- blind spots --------------------------------------------------------------------------------------------------

SHOP = """
    RATE = 10

    def fee(total):
        if total > 1000:
            return 7
        return total * RATE

    def never(total):
        return total
    """


@pytest.fixture
def shop(tmp_path: Path) -> Scenario:
    """A recorded service of whose functions one never ran, and of the other one arm."""
    return Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: shop.fee(5))


def test_unchanged_code_has_no_blind_spots(shop: Scenario) -> None:
    """What did not change needs no trace."""
    assert shop.replay().blind_spots == ()


def test_changed_lines_that_no_trace_reaches_are_blind_spots(shop: Scenario) -> None:
    """With file, line and source; reached ones are not among them."""
    shop.change("shop", "return 7", "return 8").change("shop", "    return total\n", "    return total + 1\n")
    replayed = shop.replay()
    file = f"{shop.names['shop']}.py"
    assert [(spot.file, spot.source) for spot in replayed.blind_spots] == [
        (file, "return 8"),
        (file, "return total + 1"),
    ]
    source = (shop.folder / file).read_text().splitlines()
    assert [source[spot.line - 1].strip() for spot in replayed.blind_spots] == ["return 8", "return total + 1"]
    assert replayed.counts == {"same": 1}


def test_a_changed_line_that_a_trace_reaches_is_no_blind_spot(shop: Scenario) -> None:
    """It was compared."""
    replayed = shop.change("shop", "total * RATE", "RATE * total").replay()
    assert (replayed.counts, replayed.blind_spots) == ({"same": 1}, ())


def test_a_comment_is_no_blind_spot(shop: Scenario) -> None:
    """Nor is a docstring or a line that only moved."""
    shop.change("shop", "def never(total):\n", 'def never(total):\n    """Never."""\n    # never\n')
    assert shop.replay().blind_spots == ()


def test_a_new_function_that_nobody_calls_is_a_blind_spot(shop: Scenario) -> None:
    """New code counts as changed."""
    shop.change("shop", "def never", textwrap.dedent("def fresh(a):\n    return a - 1\n\ndef never"))
    assert [spot.source for spot in shop.replay().blind_spots] == ["return a - 1"]


TEXTS = '''
def check(kind):
    if kind not in (
        "tea",
        "pot",
    ):
        raise ValueError(
            "a kind of ware "
            "that nobody sells"
        )
    text = """
    a long text
    """
    sold = 1
    return text, sold
'''


@pytest.mark.parametrize(
    ("old", "new", "changed", "spot"),
    [
        ('"pot"', '"cup"', '"cup",', "if kind not in ("),
        ("nobody sells", "no one sells", '"that no one sells"', '"a kind of ware "'),
        ("a long text", "a short text", "a short text", 'text = """'),
        ('a long text\n    """\n    sold = 1', 'a short text\n    """\n    sold = 2', "a short text", 'text = """'),
    ],
)
def test_a_changed_text_is_a_changed_line_and_a_blind_spot(
    tmp_path: Path, old: str, new: str, changed: str, spot: str
) -> None:
    """One that is no docstring; where its own line runs nothing, the line that runs it is watched."""
    source = TEXTS.replace(old, new)
    change = compare_sources("shop", TEXTS, source)
    lines = source.splitlines()
    assert changed in [lines[line - 1].strip() for line in change.lines]
    module = TEXTS + "\n\ndef other():\n    return 1\n"
    scenario = Scenario(tmp_path, {"shop": module}).record(lambda shop: shop.other())
    replayed = scenario.rewrite("shop", module.replace(old, new)).replay()
    assert spot in [found.source for found in replayed.blind_spots]


@pytest.mark.parametrize(
    ("before", "after", "function", "line"),
    [
        ("len(self.items)", "len(self.items) + 1", "shop:Cart.size", "return len(self.items) + 1"),
        ("[None] * value", "[0] * value", "shop:Cart.size", "self.items = [0] * value"),
        ("return 1", "return 3", "shop:make", "return 3"),
        ("return 2", "return 3", "shop:make.<locals>.made", "return 3"),
    ],
)
def test_each_definition_of_a_name_counts(before: str, after: str, function: str, line: str) -> None:
    """The getter and the setter of a property have one name; so have the functions of two branches."""
    functions, lines = changed((before, after), old=PROPERTY)
    assert (function in functions, lines) == (True, {line})


def test_a_definition_that_is_gone_is_a_change_of_the_one_that_is_left() -> None:
    """A property that cannot be set any more."""
    setter = "    @size.setter\n    def size(self, value):\n        self.items = [None] * value\n"
    functions, _lines = changed((setter, ""), old=PROPERTY)
    assert list(functions) == ["shop:Cart.size"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("register(make)\nregister(make)\n", "register(make)\n"),
        ("    limit = 1\n\nclass B:\n    limit = 2", "    limit = 2\n\nclass B:\n    limit = 1"),
    ],
)
def test_statements_count_each_and_in_their_class(before: str, after: str) -> None:
    """What stands there twice is two statements; the same text in another class is another one."""
    assert compare_sources("shop", PROPERTY, PROPERTY.replace(before, after)).statements
    assert impact_of({"shop": PROPERTY}, {"shop": PROPERTY.replace(before, after)}).statements


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ("class P(NamedTuple):\n    x: int\n    y: int\n", "class P(NamedTuple):\n    y: int\n    x: int\n", True),
        ("limit = 1\nlimit = 2\n", "limit = 2\nlimit = 1\n", True),
        ("register(a)\nregister(b)\n", "register(b)\nregister(a)\n", True),
        ("import a\nimport b\n", "import b\nimport a\n", False),
        ("def a(): return 1\ndef b(): return 2\n", "def b(): return 2\ndef a(): return 1\n", False),
    ],
)
def test_the_order_of_statements_is_a_change(before: str, after: str, seen: bool) -> None:
    """Of fields, of what binds one name, of what is called; not of imports and functions."""
    change, impact = compare_sources("shop", before, after), impact_of({"shop": before}, {"shop": after})
    assert (change.statements, bool(impact.statements), bool(impact.everything)) == (seen, seen, seen)


UNDER = """
import sys

if sys.version_info >= (3, 12):
    LIMIT = 1

    def fee(total):
        return total + 1

    class Cart:
        size = 1

        def add(self, item):
            return item

else:
    def fee(total):
        return total + 2

try:
    import fast
except ImportError:
    def fast(total):
        return total
"""


@pytest.mark.parametrize(
    ("before", "after", "functions", "statements"),
    [
        ("total + 1", "total + 3", {"shop:fee"}, False),
        ("total + 2", "total + 3", {"shop:fee"}, False),
        ("return item", "return [item]", {"shop:Cart.add"}, False),
        ("        return total\n", "        return -total\n", {"shop:fast"}, False),
        ("LIMIT = 1", "LIMIT = 2", set(), True),
        ("size = 1", "size = 2", set(), True),
        ("(3, 12)", "(3, 13)", set(), True),
    ],
)
def test_what_is_defined_under_a_condition_is_a_function(
    before: str, after: str, functions: set[str], statements: bool
) -> None:
    """It has to be judged by what runs it, and not by anything of its module; the rest is a statement."""
    new = UNDER.replace(before, after)
    change, impact = compare_sources("shop", UNDER, new), impact_of({"shop": UNDER}, {"shop": new})
    assert (set(change.functions), change.statements, bool(impact.statements)) == (functions, statements, statements)
    assert bool(loaded_changes({"shop": UNDER}, {"shop": new})) == statements
