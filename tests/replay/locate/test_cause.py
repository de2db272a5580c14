"""The cause: from the steps of base and candidate to the line where a divergence begins."""

from __future__ import annotations

import ast
import random
import re
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders import context
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.trace import Site
from pytest_runtime.recorders.model.world import Operation
from pytest_runtime.recorders.tracing.branch_table import BranchTable
from pytest_runtime.replay.change import sequence_diff
from pytest_runtime.replay.change.alignment import Alignment
from pytest_runtime.replay.change.versions import Versions
from pytest_runtime.replay.compare.observations import compare
from pytest_runtime.replay.compare.tree_diff import tree_differences
from pytest_runtime.replay.execute.instrument.source import instrumented
from pytest_runtime.replay.execute.line_tracer import Steps
from pytest_runtime.replay.locate import sequence
from pytest_runtime.replay.locate.cause import Evidence, find_cause
from pytest_runtime.replay.locate.sequence import matched
from pytest_runtime.replay.model.addresses import differ_in_addresses
from pytest_runtime.replay.model.difference import ABSENT, Difference, DifferenceKind
from pytest_runtime.replay.model.observation import Observation, Outbound
from pytest_runtime.replay.model.steps import Detail, Event
from pytest_runtime.replay.model.verdict import Location
from pytest_runtime.testing import Scenario

SHOP = """
    import functools
    from dataclasses import dataclass

    LIMIT = 100
    RATES = {"EU": 20, "US": 7}

    class Unknown(Exception):
        pass

    def scaled(factor):
        def decorate(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs) * factor
            return wrapper
        return decorate

    @dataclass
    class Item:
        name: str
        price: int
        count: int = 1

        weight = 2

        @property
        def total(self):
            return self.price * self.count

        def heavy(self):
            return self.count * self.weight > 5

    class Account:
        def __init__(self, credit):
            self.credit = credit
            self.log = []

        def spend(self, amount):
            self.credit -= amount
            self.log.append(("spend", amount))
            if self.credit < 0:
                self.credit = 0
            return self.credit

    def parse(text):
        name, _, rest = text.partition(":")
        price, _, count = rest.partition("x")
        try:
            return Item(name, int(price), int(count or 1))
        except ValueError:
            return Item(name, 0)

    def tax(amount, region):
        rate = RATES.get(region)
        if rate is None:
            raise Unknown(region)
        return amount * rate // 100

    def discount(amount, percent=10):
        if amount > LIMIT:
            return amount * percent // 100
        return 0

    @scaled(1)
    def shipping(items):
        weight = 0
        for item in list(items):
            if item.heavy():
                weight += 10
            else:
                weight += 1
        return weight

    def expensive(items):
        return [item.name for item in items if item.total >= 50 and item.count < 10]

    def numbers(items):
        position = 0
        for item in items:
            position += 1
            yield position * item.count

    def difference(a, b):
        return a - b

    def clamp(value, low, high):
        if value < low:
            return low
        if value > high:
            return high
        return value

    def label(kind):
        match kind:
            case "gold":
                return "best"
            case "silver" | "bronze":
                return "good"
            case _:
                return "none"

    def summary(items, amount, region):
        fee = tax(amount, region)
        cut = discount(amount)
        net = difference(amount, cut)
        return {
            "amount": amount,
            "net": net,
            "tax": fee,
            "shipping": shipping(items),
            "names": expensive(items),
        }

    def checkout(lines, region, credit, kind="gold"):
        items = [parse(line) for line in lines if line]
        amount = sum(item.total for item in items)
        account = Account(credit)
        left = account.spend(amount)
        try:
            found = summary(items, amount, region)
        except Unknown:
            return {"error": region}
        found["left"] = clamp(left, 5, 1000)
        found["order"] = list(numbers(items))
        found["label"] = label(kind)
        found["big"] = left or amount
        cheapest = min(items, key=lambda item: item.price)
        found["cheap"] = cheapest.name if amount else None
        assert amount >= 0
        return found

    def serve(*args):
        return checkout(*args)
    """

LINES = ["tea:30x2", "", "pot:45x3", "cup:bad"]
DEFAULT = (LINES, "EU", 500)


class Ran(NamedTuple):
    """One run in detail."""

    observation: Observation
    detail: Detail


@contextmanager
def imported(sources: Mapping[str, str]) -> Iterator[dict[str, ModuleType]]:
    """Modules, instrumented, that can import one another by name while they are wanted."""
    modules = {name: ModuleType(name) for name in sources}
    sys.modules.update(modules)
    try:
        for name, source in sources.items():
            exec(instrumented(source, name, f"/project/{name}.py"), vars(modules[name]))
        yield modules
    finally:
        for name in sources:
            sys.modules.pop(name, None)


def run(sources: Mapping[str, str], entry: str, arguments: tuple[Any, ...]) -> Ran:
    """Call a function in a trace of its own; the entry is in the last module."""
    with imported(sources) as modules, Steps() as steps, context.within(context.Scope(None)):
        function = getattr(list(modules.values())[-1], entry)
        try:
            observation = Observation("return", capture(function(*arguments)), None, [])
        except Exception as error:  # noqa: BLE001 - what a service raises is an outcome
            observation = Observation("exception", capture(error), None, [])
    return Ran(observation, steps.detail())


@lru_cache(maxsize=32)
def run_once(sources: tuple[tuple[str, str], ...], entry: str, arguments: str) -> Ran:
    """A run of the old version, which many cases share."""
    return run(dict(sources), entry, ast.literal_eval(arguments))


def cause(
    old: Mapping[str, str], new: Mapping[str, str], entry: str = "serve", arguments: tuple[Any, ...] = DEFAULT
) -> Location:
    """The cause of the divergence between two versions of a service."""
    old = {name: textwrap.dedent(source) for name, source in old.items()}
    new = {name: textwrap.dedent(source) for name, source in new.items()}
    base, candidate = run_once(tuple(old.items()), entry, repr(arguments)), run(new, entry, arguments)
    differences = compare(base.observation, candidate.observation)
    assert differences, "the versions do not diverge"
    found = find_cause(
        Evidence(
            versions=Versions(old, new),
            base_detail=base.detail,
            candidate_detail=candidate.detail,
            base=base.observation,
            candidate=candidate.observation,
            differences=differences,
            modules={f"/project/{name}.py": name for name in new},
            root="/project",
        )
    )
    assert found is not None
    return found


class Case(NamedTuple):
    """One change, and where it has to be found."""

    old: str
    new: str
    function: str
    line: str = ""
    """Text of the line; empty for the first line of the new text."""
    kind: str = ""
    arguments: tuple[Any, ...] = DEFAULT


POOR, NOWHERE = (LINES, "EU", 1), (LINES, "", 500)

MUTANTS = {
    "threshold in line": Case("amount > LIMIT", "amount > 1000", "discount", kind="decision"),
    "comparison turned": Case("amount > LIMIT", "amount < LIMIT", "discount", kind="decision"),
    "condition negated": Case("if amount > LIMIT:", "if not amount > LIMIT:", "discount", kind="decision"),
    "constant": Case("LIMIT = 100", "LIMIT = 1000", "discount", "if amount > LIMIT:", "decision"),
    "entry of a table": Case('"EU": 20', '"EU": 21', "", 'RATES = {"EU": 21, "US": 7}', "change"),
    "entry of a table is gone": Case('"EU": 20, ', "", "", 'RATES = {"US": 7}'),
    "class attribute": Case("weight = 2\n", "weight = 1\n", "Item", "weight = 1"),
    "default argument": Case("percent=10", "percent=11", "discount", kind="value"),
    "operator in a property": Case("self.price * self.count", "self.price + self.count", "Item.total"),
    "another attribute": Case("sum(item.total", "sum(item.price", "checkout"),
    "literal in a helper": Case("amount * rate // 100", "amount * rate // 10", "tax"),
    "return None": Case("return amount * percent // 100", "return None", "discount"),
    "another returned constant": Case('return "best"', 'return "fine"', "label"),
    "return of another name": Case("return low", "return high", "clamp", arguments=POOR),
    "swapped arguments": Case("difference(amount, cut)", "difference(cut, amount)", "summary"),
    "swapped operands": Case("    return a - b", "    return b - a", "difference"),
    "swapped literals": Case("clamp(left, 5, 1000)", "clamp(left, 1000, 5)", "checkout"),
    "literal in a loop": Case("weight += 10", "weight += 11", "shipping", kind="value"),
    "start of an accumulator": Case("    weight = 0\n", "    weight = 7\n", "shipping", kind="value"),
    "augmented assignment": Case("position += 1", "position += 2", "numbers", kind="value"),
    "augmented attribute": Case("self.credit -= amount", "self.credit += amount", "Account.spend", kind="value"),
    "what a generator yields": Case("position * item.count", "position + item.count", "numbers", kind="value"),
    "condition of a comprehension": Case("item.total >= 50", "item.total >= 100", "expensive", kind="decision"),
    "second operand": Case("item.count < 10", "item.count < 3", "expensive", kind="decision"),
    "and to or": Case("and item.count < 10", "or item.count < 10", "expensive", kind="decision"),
    "condition that is new": Case("line in lines if line]", 'line in lines if line and "x" in line]', "checkout"),
    "element of a comprehension": Case("[item.name for item", "[item.name[:1] for item", "expensive"),
    "loop over a part": Case("for item in list(items)", "for item in list(items)[1:]", "shipping"),
    "operands for their value": Case("left or amount", "left and amount", "checkout"),
    "key of a literal": Case('"net": net', '"nett": net', "summary"),
    "value in a literal": Case('"tax": fee', '"tax": fee + 1', "summary"),
    "call in a literal": Case("expensive(items),", "expensive(items[1:]),", "summary"),
    "argument of a method": Case("account.spend(amount)", "account.spend(amount + 1)", "checkout"),
    "deleted assignment": Case(
        '        found["label"] = label(kind)\n', "", "checkout", 'found["big"] = left or amount'
    ),
    "deleted early return": Case(
        "        if value < low:\n            return low\n", "", "clamp", "if value > high:", arguments=POOR
    ),
    "deleted reset": Case(
        "            if self.credit < 0:\n                self.credit = 0\n",
        "",
        "Account.spend",
        "return self.credit",
        arguments=POOR,
    ),
    "deleted step": Case(
        "            self.credit -= amount\n", "", "Account.spend", 'self.log.append(("spend", amount))'
    ),
    "deleted return": Case("        return value\n", "", "clamp", "return high"),
    "exception that is new": Case("RATES.get(region)", "RATES[region + region]", "tax", kind="raise"),
    "raise that is reached": Case("if rate is None:", "if rate is not None:", "tax", kind="decision"),
    "raise of another class": Case("raise Unknown(region)", "raise KeyError(region)", "tax", arguments=NOWHERE),
    "raise that is gone": Case("raise Unknown(region)", "rate = 0", "tax", arguments=NOWHERE),
    "except that is narrowed": Case("except ValueError:", "except KeyError:", "parse", kind="decision"),
    "except that takes another": Case("except Unknown:", "except KeyError:", "checkout", arguments=NOWHERE),
    "what an except returns": Case("return Item(name, 0)", "return Item(name, 1)", "parse"),
    "what an except answers": Case('{"error": region}', '{"failed": region}', "checkout", arguments=NOWHERE),
    "case": Case('case "gold":', 'case "golden":', "label", kind="decision"),
    "alternative of a case": Case(
        '"silver" | "bronze"', '"silver"', "label", kind="decision", arguments=(*DEFAULT, "bronze")
    ),
    "argument of a decorator": Case("@scaled(1)", "@scaled(2)", "shipping"),
    "inside a decorator": Case("(*args, **kwargs) * factor", "(*args, **kwargs) + factor", "wrapper"),
    "parsing": Case('text.partition(":")', 'text.partition("x")', "parse"),
    "default of an expression": Case("int(count or 1)", "int(count or 2)", "parse", arguments=(["a:9"], "EU", 1)),
    "off by one": Case(
        "value > high", "value >= high + 1", "clamp", arguments=(["a:0"], "EU", 1000.5), kind="decision"
    ),
    "initial state": Case("self.credit = credit", "self.credit = credit * 2", "Account.__init__"),
    "arguments of a constructor": Case("int(price), int(count or 1)", "int(count or 1), int(price) + 1", "parse"),
    "lambda": Case("key=lambda item: item.price", "key=lambda item: -item.price", "checkout"),
    "conditional expression": Case("cheapest.name if amount else", "cheapest.name if not amount else", "checkout"),
    "assertion": Case("assert amount >= 0", "assert amount >= 1000", "checkout", kind="decision"),
}


def last_name(function: str) -> str:
    """Of a qualified name."""
    return function.rpartition(":")[2].rpartition(".")[2]


def found(case: Case, source: str) -> tuple[Location, str]:
    """The cause of a change, and the text of its line."""
    location = cause({"shop": SHOP}, {"shop": source}, arguments=case.arguments)
    return location, textwrap.dedent(source).splitlines()[location.line - 1].strip()


def expected_line(case: Case) -> str:
    """Where the change is, without anything around it changed."""
    lines = textwrap.dedent(SHOP.replace(case.old, case.new)).splitlines()
    return case.line or next(line.strip() for line in lines if case.new.strip() in line)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_single_change_is_found(name: str) -> None:
    """In its function and on its line; after a deletion, on the line that follows."""
    case = MUTANTS[name]
    assert SHOP.count(case.old) == 1
    location, line = found(case, SHOP.replace(case.old, case.new))
    assert (last_name(location.function), line) == (last_name(case.function), expected_line(case))
    assert not case.kind or location.kind == case.kind


NOISE = {
    "code above": [
        (
            "    LIMIT = ",
            "    import logging\n\n    def unrelated(a):\n        if a > 7:\n            return 1\n"
            "        return 2\n\n    LIMIT = ",
        ),
        (
            "        fee = tax",
            '        if region == "nowhere":\n            logging.warning("odd: %s", region)\n        fee = tax',
        ),
        ("        weight = 0", "        # counted\n        seen = len(items)\n        weight = 0"),
    ],
    "renamed locals": [
        (
            "amount, percent=10):\n        if amount > LIMIT:\n            return amount *",
            "gross, percent=10):\n        if gross > LIMIT:\n            return gross *",
        ),
        ("        fee = tax", "        duty = tax"),
        ('"tax": fee', '"tax": duty'),
        (
            "for item in items:\n            position += 1\n            yield position * item",
            "for one in items:\n            position += 1\n            yield position * one",
        ),
    ],
    "renamed and moved functions": [
        ("def tax(amount, region):", "def duty(amount, region):"),
        ("fee = tax(", "fee = duty("),
        ("def clamp(value, low, high):", "def bounded(value, low, high):"),
        ('["left"] = clamp(', '["left"] = bounded('),
        ("def expensive(items):", "def dear(items):"),
        ("expensive(items)", "dear(items)"),
    ],
    "an extracted function": [
        (
            "        if amount > LIMIT:\n            return amount * percent // 100\n        return 0\n",
            "        return cut_of(amount, percent)\n\n    def cut_of(amount, percent):\n"
            "        if amount > LIMIT:\n            return amount * percent // 100\n        return 0\n",
        ),
        (
            "            if item.heavy():\n                weight += 10\n"
            "            else:\n                weight += 1\n",
            "            weight = heavier(weight, item)\n",
        ),
        (
            "    def expensive(items):\n",
            "    def heavier(weight, item):\n        if item.heavy():\n            weight += 10\n"
            "        else:\n            weight += 1\n        return weight\n\n    def expensive(items):\n",
        ),
    ],
}


RENAMED = {"gross": "amount", "duty": "tax", "bounded": "clamp", "dear": "expensive", "one": "item", "fee": "tax"}
MOVED = {"cut_of": "discount", "heavier": "shipping"}
"""Extracted functions by where they come from."""


def in_old_words(text: str) -> str:
    """A line as it was before names changed."""
    return re.sub(r"\w+", lambda word: RENAMED.get(word[0], word[0]), text)


@pytest.mark.parametrize("noise", NOISE)
def test_a_change_is_found_in_a_refactoring(noise: str) -> None:
    """In its function and on its line, whatever else changed harmlessly; each refactoring with an eighth of them."""
    missed = []
    for name, case in list(MUTANTS.items())[list(NOISE).index(noise) :: 2 * len(NOISE)]:
        source = SHOP.replace(case.old, case.new)
        for old, new in NOISE[noise]:
            source = source.replace(old, new)
        location, line = found(case, source)
        function = in_old_words(last_name(location.function))
        right = MOVED.get(function, function) == last_name(case.function)
        if not right or in_old_words(line) != in_old_words(expected_line(case)):
            missed.append(name)
    assert not missed


@pytest.mark.parametrize("noise", NOISE)
def test_a_refactoring_alone_shows_no_difference(noise: str) -> None:
    """What the test above adds is harmless."""
    source = SHOP
    for old, new in NOISE[noise]:
        assert source.count(old) == 1
        source = source.replace(old, new)
    arguments = DEFAULT
    before, after = (run({"shop": textwrap.dedent(one)}, "serve", arguments) for one in (SHOP, source))
    assert compare(before.observation, after.observation) == []


# --- what is reported ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "condition", "base", "candidate"),
    [
        ("threshold in line", "amount > 1000", "195 > 100 is true", "195 > 1000 is false"),
        ("condition negated", "not amount > LIMIT", "195 > 100 is true", "not 195 > 100 is false"),
        (
            "condition that is new",
            "line and 'x' in line",
            "line ('cup:bad') is true",
            "line ('cup:bad') and 'x' in 'cup:bad' is false",
        ),
        ("case", "case 'golden'", "'gold' matches case 'gold'", "'gold' does not match case 'golden'"),
        (
            "except that takes another",
            "except KeyError",
            "Unknown('') caught by except Unknown",
            "Unknown('') not caught by except KeyError",
        ),
        ("default argument", None, "percent = 10", "percent = 11"),
        ("return None", None, "returned 19", "returned None"),
        ("value in a literal", None, "returned .tax = 39", "returned .tax = 40"),
        ("what a generator yields", None, "yield 2", "yield 3"),
        ("exception that is new", None, "no exception", "KeyError('EUEU') raised"),
        ("raise that is gone", None, "Unknown('') raised", "no exception"),
        ("deleted step", None, "self.credit -= 195", "not there"),
        ("argument of a decorator", None, "", "changed: @scaled(2)"),
        (
            "entry of a table",
            None,
            'RATES = {"EU": 20, "US": 7}; tax: rate = 20',
            'RATES = {"EU": 21, "US": 7}; tax: rate = 21',
        ),
    ],
)
def test_both_sides_are_reported(name: str, condition: str | None, base: str, candidate: str) -> None:
    """With the operands' values, each side in the words of its own source."""
    case = MUTANTS[name]
    location, _line = found(case, SHOP.replace(case.old, case.new))
    assert (location.condition, location.base, location.candidate) == (condition, base, candidate)
    assert location.candidate in location.how
    assert location.base in location.how
    assert location.file == "shop.py"


DELETIONS = {
    "deleted assignment": (
        'found["label"] = label(kind)',
        'found["order"] = list(numbers(items))',
        'found["big"] = left or amount',
    ),
    "deleted early return": ("if value < low:", "def clamp(value, low, high):", "if value > high:"),
    "deleted reset": ("if self.credit < 0:", 'self.log.append(("spend", amount))', "return self.credit"),
    "deleted step": ("self.credit -= amount", "def spend(self, amount):", 'self.log.append(("spend", amount))'),
    "deleted return": ("return value", "return high", ""),
}


@pytest.mark.parametrize("name", DELETIONS)
def test_a_deleted_statement_is_shown_as_deleted(name: str) -> None:
    """With its text, between what stood around it: the line that is left there did not change."""
    case = MUTANTS[name]
    location, _line = found(case, SHOP.replace(case.old, case.new))
    deleted, *around = DELETIONS[name]
    assert (location.deleted, location.between) == (deleted, tuple(around))
    assert location.how.startswith(f"deleted: {deleted}   ")


def test_a_replaced_statement_is_not_deleted() -> None:
    """What was put in its place is reported."""
    for name in ("raise that is gone", "literal in a helper", "exception that is new", "initial state"):
        location, _line = found(MUTANTS[name], SHOP.replace(MUTANTS[name].old, MUTANTS[name].new))
        assert not location.deleted


# --- statements outside functions --------------------------------------------------------------------------------

FORMS = """
    FIELDS = ("id", "name")

    class Form:
        fields = ("id",)
        ordering = "id"

        def dump(self, record):
            return {name: record[name] for name in self.fields}

    class Item(Form):
        fields = ("id", "name", "price")

    class Order(Form):
        fields = ("id", "total")

    class View:
        form = Item

        def serve(self):
            return self.form().dump({"id": 1, "name": "n", "price": 2, "total": 3})

    def serve(which):
        if which == "view":
            return View().serve()
        return Order().dump({"id": 1, "name": "n", "price": 2, "total": 3})
    """


@pytest.mark.parametrize(
    ("old", "new", "which", "owner", "deleted"),
    [
        ('("id", "name", "price")', '("id", "name")', "view", "Item", ""),
        ('("id", "total")', '("total",)', "order", "Order", ""),
        ("form = Item", "form = Order", "view", "View", ""),
        ('        fields = ("id", "total")\n', "        pass\n", "order", "Order", 'fields = ("id", "total")'),
    ],
)
def test_a_changed_class_body_is_a_place(old: str, new: str, which: str, owner: str, deleted: str) -> None:
    """Not the method of a base class that reads it, which is as it was."""
    source = FORMS.replace(old, new)
    location = cause({"shop": FORMS}, {"shop": source}, arguments=(which,))
    line = textwrap.dedent(source).splitlines()[location.line - 1].strip()
    assert (location.function, location.kind, location.deleted) == (f"shop:{owner}", "change", deleted)
    assert deleted or new in line


def test_of_two_class_bodies_the_one_that_the_run_sees() -> None:
    """A class that nothing of the run names is not the cause."""
    source = FORMS.replace('("id", "name", "price")', '("id", "name")').replace('("id", "total")', '("total",)')
    location = cause({"shop": FORMS}, {"shop": source}, arguments=("order",))
    assert location.function == "shop:Order"


DECLARED = """
    from framework import route, Form

    class Item(Form):
        fields = ("id", "name", "price")
        ordering = "id"

    @route("/items")
    def items():
        return 1
    """


@pytest.mark.parametrize(
    ("old", "new", "owner", "line"),
    [
        ('"name", "price")', '"name")', "Item", 'fields = ("id", "name")'),
        ('ordering = "id"', 'ordering = "price"', "Item", 'ordering = "price"'),
        ('"/items"', '"/things"', "items", '@route("/things")'),
    ],
)
def test_data_that_only_a_library_reads_is_a_place(old: str, new: str, owner: str, line: str) -> None:
    """No included function ran: what a framework reads of a class or is handed by a decorator is all that changed."""
    source = DECLARED.replace(old, new)
    location = find_cause(
        evidence(DECLARED, source, differences=[Difference(DifferenceKind.RETURN, "return.price", 1, ABSENT)])
    )
    assert location is not None
    assert location.function == f"shop:{owner}"
    assert textwrap.dedent(source).splitlines()[location.line - 1].strip() == line
    assert location.candidate.endswith(line)


# --- several modules ---------------------------------------------------------------------------------------------

SETTINGS = """
    LIMIT = 100
    """
PRICES = """
    from settings import LIMIT

    def rate(total):
        if total > LIMIT:
            return 10
        return 0

    def unit(total):
        return total * 2
    """
WEB = """
    import prices

    def serve(total):
        return {"rate": prices.rate(prices.unit(total))}
    """
MODULES = {"settings": SETTINGS, "prices": PRICES, "web": WEB}


def test_a_constant_of_another_module() -> None:
    """The decision that uses it, in a module that did not change."""
    location = cause(MODULES, {**MODULES, "settings": SETTINGS.replace("100", "900")}, arguments=(70,))
    assert (location.file, location.function, location.kind) == ("prices.py", "prices:rate", "decision")
    assert (location.base, location.candidate) == ("140 > 100 is true", "140 > 900 is false")


def test_a_decision_in_unchanged_code_is_an_effect() -> None:
    """The changed line upstream that feeds it is the cause."""
    location = cause(MODULES, {**MODULES, "prices": PRICES.replace("total * 2", "total - 2")}, arguments=(70,))
    assert (location.function, location.kind, location.line) == ("prices:unit", "call", 10)
    assert (location.base, location.candidate) == ("returned 140", "returned 68")


def test_a_function_that_moved_to_another_module_and_changed() -> None:
    """Is compared with what it was."""
    moved = {
        "settings": SETTINGS,
        "rates": "from settings import LIMIT\n\ndef rate_of(gross):\n    if gross > LIMIT * 3:\n"
        "        return 10\n    return 0\n",
        "prices": "def unit(total):\n    return total * 2\n",
        "web": WEB.replace("import prices", "import prices, rates").replace("prices.rate", "rates.rate_of"),
    }
    location = cause(MODULES, moved, arguments=(70,))
    assert (location.function, location.condition) == ("rates:rate_of", "gross > LIMIT * 3")
    assert (location.base, location.candidate) == ("140 > 100 is true", "140 > 300 is false")


def test_nothing_but_data_changed() -> None:
    """Where no code did, the first decision that went another way."""
    location = cause(MODULES, {**MODULES, "settings": "import sys\nLIMIT = len(sys.argv) + 900\n"}, arguments=(70,))
    assert (location.function, location.kind) == ("prices:rate", "decision")


# --- where less is known -----------------------------------------------------------------------------------------


def evidence(source: str, changed: str, **known: Any) -> Evidence:
    """A divergence of one module, with what is known of it."""
    old, new = {"shop": textwrap.dedent(source)}, {"shop": textwrap.dedent(changed)}
    nothing = Observation("return", None, None, [])
    given: dict[str, Any] = {
        "base_detail": None,
        "candidate_detail": None,
        "base": nothing,
        "candidate": nothing,
        "differences": [],
        **known,
    }
    return Evidence(versions=Versions(old, new), modules={"/project/shop.py": "shop"}, root="/project", **given)


SENDING = """
    def send(total):
        notify(total)
        audit(total)

    def notify(total):
        pass

    def audit(total):
        pass
    """


def outbound(line: int, matched: int | None = None) -> Outbound:
    """A call of a boundary from `send`."""
    operation = Operation("http", "POST", "audit", "write")
    return Outbound(operation, None, matched, False, Site("shop:send", line), 0)


def test_an_outbound_call_is_found_at_its_site() -> None:
    """In the candidate; one that is missing, at the line where it stood."""
    extra = SENDING.replace("audit(total)\n\n", "audit(total)\n        audit(total)\n\n", 1)
    seen = Observation("return", None, None, [outbound(3), outbound(5)])
    difference = Difference(DifferenceKind.CALL_ADDED, "POST audit: extra call", ABSENT, None, 1)
    location = find_cause(evidence(SENDING, extra, candidate=seen, differences=[difference]))
    assert location is not None
    assert (location.kind, location.function, location.line) == ("outbound", "shop:send", 5)
    gone = SENDING.replace("        notify(total)\n", "")
    difference = Difference(DifferenceKind.CALL_MISSING, "POST audit: missing call", None, ABSENT, 0)
    location = find_cause(evidence(SENDING, gone, base=seen, differences=[difference]))
    assert location is not None
    assert (location.kind, location.function, location.line) == ("outbound", "shop:send", 3)


def test_without_any_step_there_is_no_cause() -> None:
    """Nothing is guessed."""
    assert find_cause(evidence(SENDING, SENDING)) is None


def test_a_recording_in_place_of_base() -> None:
    """Arms at their first occurrence, without values, and results: the decision is still found."""
    old, new = textwrap.dedent(SHOP), textwrap.dedent(SHOP.replace("amount > LIMIT", "amount > 1000"))
    before, after = run({"shop": old}, "serve", DEFAULT), run({"shop": new}, "serve", DEFAULT)
    arms: dict[tuple[object, ...], Event] = {}
    for event in before.detail.events:
        if event.kind == "decision":
            bare = msgspec.structs.replace(event, values=[])
            arms.setdefault((event.function, event.key, event.ordinal, event.arm), bare)
    known = Detail(list(arms.values()), False)
    location = find_cause(evidence(SHOP, new, base_detail=known, candidate_detail=after.detail))
    assert location is not None
    assert (location.function, location.kind) == ("shop:discount", "decision")
    assert (location.base, location.candidate) == ("amount > LIMIT is true", "195 > 1000 is false")


def test_long_runs_are_compared_in_good_time() -> None:
    """Twenty thousand steps, in which both sides take another number of turns."""
    source = """
        def serve(turns):
            total = 0
            while turns > 0:
                turns -= 1
                total += step(turns)
            return total

        def step(turn):
            if turn % 3 == 0:
                return 1
            return 2
        """
    changed = source.replace("turns > 0", "turns > 500")
    started = time.process_time()
    location = cause({"shop": source}, {"shop": changed}, arguments=(2000,))
    assert (location.function, location.condition) == ("shop:serve", "turns > 500")
    assert location.candidate == "500 > 500 is false"
    assert time.process_time() - started < 5


# --- matching ----------------------------------------------------------------------------------------------------


def test_branches_are_matched_through_what_moves_them() -> None:
    """Code above, a renamed local, a renamed function, a changed literal: all at once."""
    old = "def rate(total):\n    if total > 100 and total != 7:\n        return 1\n    return 0\n"
    new = (
        "def other(a):\n    if a > 100:\n        return 2\n    return a\n\n"
        "def rate_of(gross):\n    if gross is None:\n        raise TypeError\n"
        "    if gross > 250 and gross != 7:\n        return 1\n    return 0\n"
    )
    alignment = Alignment("shop", old, new)
    pairs = {
        branch.condition: (found.function, found.condition)
        for branch in BranchTable("shop", old).by_function["shop:rate"]
        if (found := alignment.branch(branch)) is not None
    }
    assert alignment.function("shop:rate") == "shop:rate_of"
    assert pairs == {
        "total > 100": ("shop:rate_of", "gross > 250"),
        "total != 7": ("shop:rate_of", "gross != 7"),
    }


def test_branches_follow_into_a_function_that_was_extracted() -> None:
    """And back out of one that was put into its caller."""
    whole = (
        "def f(a):\n    x = a + 1\n    if x > 3:\n        return 1\n"
        "    for y in range(x):\n        x += y\n    return x\n"
    )
    parts = (
        "def f(a):\n    return rest(a + 1)\n\n"
        "def rest(z):\n    if z > 4:\n        return 1\n    for y in range(z):\n        z += y\n    return z\n"
    )
    out = Alignment("shop", whole, parts)
    moved = [out.branch(branch) for branch in BranchTable("shop", whole).by_function["shop:f"]]
    assert [branch and branch.identity[:2] for branch in moved] == [
        ("shop:rest", "z > 4"),
        ("shop:rest", "for y in range(z)"),
    ]
    back = Alignment("shop", parts, whole)
    put = [back.branch(branch) for branch in BranchTable("shop", parts).by_function["shop:rest"]]
    assert [branch and branch.identity[:2] for branch in put] == [("shop:f", "x > 3"), ("shop:f", "for y in range(x)")]


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_sequences_are_matched_whole_and_in_order(base: list[str], candidate: list[str]) -> None:
    """Every step of both once, in its order, and only equal ones together."""
    pairs = matched(base, candidate)
    assert [one for one, _ in pairs if one is not None] == list(range(len(base)))
    assert [other for _, other in pairs if other is not None] == list(range(len(candidate)))
    assert all(base[one] == candidate[other] for one, other in pairs if one is not None and other is not None)
    assert matched(base, base) == [(at, at) for at in range(len(base))]


def test_a_renamed_function_that_names_its_exception_is_matched(tmp_path: Path) -> None:
    """By likeness: the names of its own are left out, that of an exception too."""
    source = """
        def length(text):
            return older(text)

        def older(text):
            try:
                return int(text)
            except ValueError as error:
                return len(str(error))
        """
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.length("12"))
    renamed = source.replace("older", "newer").replace("int(text)", "int(text) + 1")
    location = scenario.rewrite("shop", renamed).judge(located=True).location
    assert (location.function.partition(":")[2], location.line) == ("newer", 7)


# --- time, and what no two runs share ----------------------------------------------------------------------------

REGISTRY = """
    class Node:
        pass

    def serve(count):
        nodes = [Node() for _ in range(count)]
        known = {id(node): position for position, node in enumerate(nodes)}
        seen = {id(node) for node in nodes}
        text = f"{nodes[0]!r}"
        total = sum(known[id(node)] for node in nodes)
        return total * 2
    """


def test_addresses_are_never_what_differs() -> None:
    """Not as keys, not in a set, not in a text, not alone: on a changed line neither."""
    changed = REGISTRY.replace("total * 2", "total * 3")
    for old, new in (
        ("enumerate(nodes)}", "enumerate(nodes) if node}"),
        ("for node in nodes}", "for node in list(nodes)}"),
        ('f"{nodes[0]!r}"', "repr(nodes[0])"),
    ):
        assert changed.count(old) == 1
        changed = changed.replace(old, new)
    location = cause({"shop": REGISTRY}, {"shop": changed}, arguments=(3,))
    assert (location.base, location.candidate) == ("returned 6", "returned 9")


@pytest.mark.parametrize(
    ("base", "candidate", "alike"),
    [
        (140234866534912, 140234866999984, True),
        (140234866534912, 140234866999985, False),
        (1600, 3200, False),
        ("<Node at 0x7f8a12345670>", "<Node at 0x7f8a9999d670>", True),
        ("<Node at 0x7f8a12345670>", "<Edge at 0x7f8a12345670>", False),
        ({140234866534912: [1]}, {140234866999984: [1]}, True),
        ({140234866534912: [1]}, {140234866999984: [2]}, False),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_what_counts_as_an_address(base: object, candidate: object, alike: bool) -> None:
    """An aligned number of an address's size, or one in a text; what is under an address counts as ever."""
    assert differ_in_addresses("", capture(base), capture(candidate)) == alike


def test_tables_of_equal_lines_are_compared_in_bounded_time() -> None:
    """Fifteen thousand lines of which most are the same: alone they would keep difflib busy for minutes."""
    rows = ["    0," if number % 7 else f"    {number % 50}," for number in range(15_000)]
    moved = [*rows[500:5_000], "    77,", *rows[:400], *rows[5_100:]]
    old, new = (
        "\n".join(["TABLE = [", *lines, "]", "", "def f(i):", "    return TABLE[i]"]) for lines in (rows, moved)
    )
    versions = Versions({"shop": old}, {"shop": new})
    assert versions.changes["shop"].statements
    assert Alignment("shop", old, new).place("shop:f", new.count("\n") + 1).uses == {"TABLE"}


@given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.integers(0, 3), max_size=40), st.booleans())
def test_opcodes_lead_from_one_to_the_other(before: list[int], after: list[int], is_dear: bool) -> None:
    """Whichever way they are found: equal parts are equal, and all of both is covered."""
    with pytest.MonkeyPatch.context() as patch:
        if is_dear:
            patch.setattr(sequence_diff, "WORK", -1)
        found = sequence_diff.opcodes(before, after)
    one = other = 0
    for tag, i, i_end, k, k_end in found:
        assert (i, k) == (one, other)
        assert (before[i:i_end] == after[k:k_end]) == (tag == "equal")
        one, other = i_end, k_end
    assert (one, other) == (len(before), len(after))


def test_what_is_known_by_itself_is_found_without_difflib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unique lines hold the rest in place."""
    monkeypatch.setattr(sequence_diff, "WORK", -1)
    before = ["0", "a", "0", "0", "b", "0", "c", "0"]
    after = ["0", "a", "0", "x", "0", "b", "0", "c", "y", "0"]
    changes = [
        (tag, after[k:k_end]) for tag, _i, _end, k, k_end in sequence_diff.opcodes(before, after) if tag != "equal"
    ]
    assert changes == [("insert", ["x"]), ("insert", ["y"])]
    assert sequence_diff.ratio("a" * 300, "a" * 200 + "b" * 100) == 0.0
    words = " ".join(f"word{number}" for number in range(100))
    assert 0.9 < sequence_diff.ratio(words, words.replace("word50", "other")) < 1.0


def test_runs_that_part_at_every_step_are_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    """When looking for where they meet has cost enough, they are matched as texts are."""
    monkeypatch.setattr(sequence, "LOOKS", 0)
    pairs = matched([0, 1, 2, 3, 4, 5, 6, 7], [1, 0, 2, 4, 3, 5, 7, 6])
    assert [one for one, _other in pairs if one is not None] == list(range(8))
    assert [other for _one, other in pairs if other is not None] == list(range(8))
    assert (2, 2) in pairs
    assert (5, 5) in pairs


class Node:
    """An object that knows others."""


def graph(count: int, seed: int) -> Node:
    """Objects that all lead to one another."""
    nodes = [Node() for _ in range(count)]
    chance = random.Random(seed)
    for position, node in enumerate(nodes):
        others = [nodes[chance.randrange(count)] for _ in range(4)]
        vars(node).update(parent=nodes[chance.randrange(count)], children=others, position=position)
    return nodes[0]


def test_graphs_of_objects_are_compared_in_bounded_time_and_depth() -> None:
    """Each object of one can meet each of the other, by paths as long as the graph."""
    one, other = capture(graph(300, 1)), capture(graph(300, 2))
    found = tree_differences(one, other)
    assert found
    assert tree_differences(one, capture(graph(300, 1))) == []
