"""State of modules, in replays: made again by the traces that made it, or put there as it was recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.recorders.model.trace import Outcome, StateRead, Trace
from pytest_runtime.replay.model.job import StateUse
from pytest_runtime.replay.world.module_state import LivePlace, PreparedState
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable
from pytest_runtime.testing import Scenario

STORE = """
    ITEMS = {}

    def put(key, value):
        ITEMS[key] = value
        return len(ITEMS)

    def get(key):
        return ITEMS[key]
    """


def scenario(folder: Path, source: str = STORE, traffic: Any = None) -> Scenario:
    """A store, in which two things are put, and one is looked up."""

    def usual(shop: Any) -> None:
        shop.put("a", 1)
        shop.put("b", 2)
        shop.get("a")

    return Scenario(folder, {"shop": source}).record(traffic or usual)


def test_what_earlier_calls_stored_is_there_again(tmp_path: Path) -> None:
    """And each call is judged."""
    assert scenario(tmp_path).judge(everything=True).counts == {"same": 3}


def test_a_change_of_what_reads_it_is_located(tmp_path: Path) -> None:
    """As any other."""
    replayed = scenario(tmp_path).change("shop", "return ITEMS[key]", "return -ITEMS[key]").judge(located=True)
    assert replayed.fields == {"return": ("1", "-1")}
    assert replayed.location.line == 9


def test_a_call_that_stores_no_more_is_seen_by_those_that_come_after_it(tmp_path: Path) -> None:
    """Although it returns what it did."""
    changed = scenario(tmp_path).change("shop", "ITEMS[key] = value", "ITEMS[key] = len(key)")
    assert changed.judge().counts == {"same": 3}
    changed = changed.change("shop", "ITEMS[key] = len(key)", "ITEMS[key] = 0")
    assert changed.judge().fields == {"return": ("1", "0")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ITEMS = {}", "ITEMS = dict()"),
        ("ITEMS = {}", "class Store(dict):\n        pass\n\n    ITEMS = Store()"),
    ],
)
def test_what_holds_it_may_change(tmp_path: Path, old: str, new: str) -> None:
    """The calls that fill it run on the code under test."""
    changed = STORE.replace(old, new)
    assert scenario(tmp_path).rewrite("shop", changed).judge().counts == {"same": 3}


def test_it_may_have_another_name(tmp_path: Path) -> None:
    """The same."""
    assert scenario(tmp_path).rewrite("shop", STORE.replace("ITEMS", "_store")).judge().counts == {"same": 3}


def outside(shop: Any) -> None:
    """Start-up that is no entry fills the store."""
    shop.ITEMS["a"] = 1
    shop.get("a")


def test_what_start_up_left_is_put_there(tmp_path: Path) -> None:
    """It was recorded, and nobody is known who made it."""
    recorded = scenario(tmp_path, traffic=outside)
    assert recorded.judge(everything=True).counts == {"same": 1}
    assert recorded.change("shop", "return ITEMS[key]", "return ITEMS[key] + 1").judge().counts == {"diverged": 1}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (STORE.replace("ITEMS", "_store"), "is gone: the code under test has no such name"),
        (STORE.replace("ITEMS = {}", "class Store(dict):\n        pass\n\n    ITEMS = Store()"), "holds a "),
    ],
)
def test_what_was_put_there_and_has_no_place_any_more_is_not_judged(tmp_path: Path, source: str, said: str) -> None:
    """Never a divergence: a rename is harmless."""
    replayed = scenario(tmp_path, traffic=outside).rewrite("shop", source).judge()
    assert replayed.counts == {"not judged": 1}
    assert all(said in reason for reason in replayed.reasons)


REGISTRY = """
    import plugins

    HANDLERS = plugins.HANDLERS

    def names():
        return sorted(HANDLERS)
    """
PLUGINS = """
    HANDLERS = {}

    def register(name):
        HANDLERS[name] = len(name)

    register("one")
    """


def test_what_the_candidate_registers_as_it_is_imported_stays(tmp_path: Path) -> None:
    """Base holds after its import what was recorded, so nothing is put there."""
    recorded = Scenario(tmp_path, {"plugins": PLUGINS, "shop": REGISTRY}).record(lambda plugins, shop: shop.names())
    assert recorded.judge(everything=True).counts == {"same": 1}
    changed = recorded.change("plugins", 'register("one")', 'register("one"); register("two")')
    assert changed.judge().counts == {"diverged": 1}


def test_other_names_of_it_see_it_too(tmp_path: Path) -> None:
    """A container is filled, not replaced."""
    source = """
        ITEMS = []
        ALIAS = {"items": ITEMS}

        def add(one):
            ITEMS.append(one)

        def count():
            return len(ITEMS), len(ALIAS["items"])
        """

    def traffic(shop: Any) -> None:
        shop.ITEMS.append(1)
        shop.count()

    assert scenario(tmp_path, source, traffic).judge(everything=True).counts == {"same": 1}


def test_a_request_finds_what_another_left(tmp_path: Path) -> None:
    """`POST /items`, then `GET /items`: over a dict, as in the tutorial of every framework."""
    source = """
        ITEMS = []

        def app(environ, start_response):
            if environ["REQUEST_METHOD"] == "POST":
                ITEMS.append(environ["QUERY_STRING"])
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [",".join(ITEMS).encode()]
        """

    def traffic(shop: Any) -> None:
        for method, query in (("POST", "a"), ("POST", "b"), ("GET", "")):
            environ = {
                "REQUEST_METHOD": method,
                "QUERY_STRING": query,
                "PATH_INFO": "/items",
                "wsgi.url_scheme": "http",
                "SERVER_NAME": "x",
                "SERVER_PORT": "80",
            }
            list(shop.app(environ, lambda status, headers, exc=None: None))

    recorded = Scenario(tmp_path, {"shop": source}, app="shop:app").record(traffic)
    assert recorded.judge(everything=True).counts == {"same": 3}
    replayed = recorded.change("shop", 'ITEMS.append(environ["QUERY_STRING"])', "ITEMS.append('a')").judge()
    assert replayed.counts == {"same": 1, "diverged": 2}


def test_without_base_the_recorded_state_is_used_too(tmp_path: Path) -> None:
    """The candidate finds out by itself what it needs."""
    assert scenario(tmp_path).replay().counts == {"same": 3}


def test_a_command_is_replayed_beside_others_in_one_process(tmp_path: Path) -> None:
    """So that what the candidate keeps between calls shows; its command line is put back after each."""
    source = """
        import sys

        class Builder:
            def __init__(self):
                self.options = []

        def quick(names):
            made = Builder()
            made.options.extend(names)
            return [*sys.argv[1:], *made.options]
        """

    def traffic(shop: Any) -> None:
        before = sys.argv
        for names in (["a"], ["b"], ["c"]):
            sys.argv = ["shop", *names]
            shop.quick(names)
        sys.argv = before

    recorded = scenario(tmp_path, source, traffic)
    assert recorded.judge(everything=True).counts == {"same": 3}
    changed = recorded.change("shop", "def __init__(self):\n        self.options = []", "options = []")
    assert changed.judge().counts.get("diverged", 0) >= 2


def test_exploring_begins_with_it_too(tmp_path: Path) -> None:
    """Base answers its recorded inputs, so others are tried beside them."""
    source = """
        RATES = {}

        def fee(total):
            return total * RATES["DE"] if total > 100 else 0
        """

    def traffic(shop: Any) -> None:
        shop.RATES["DE"] = 2
        for total in (10, 20, 300, 400):
            shop.fee(total)

    recorded = scenario(tmp_path, source, traffic).change("shop", "total > 100", "total > 101")
    [explored] = recorded.explore(examples=300).values()
    assert explored.findings
    found = explored.findings[0]
    assert (found.call, found.base, found.candidate) == ("fee(total=101)", "returned 202", "returned 0")


# --- a hostile baseline -----------------------------------------------------------------------------------------------


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of an included package, loaded."""
    module = ModuleType("hostile_shop")
    exec(
        "import os\ndef fee(): pass\nclass Cart:\n    size = 1\n    def total(self): pass\nITEMS = []\n",
        vars(module),
    )
    monkeypatch.setitem(sys.modules, "hostile_shop", module)
    return module


@pytest.mark.parametrize(
    "place",
    [
        *("os:environ", "sys:path", "sys:modules", "builtins:open", "hostile_shop:os", "hostile_shop:os.environ"),
        *("hostile_shop:fee", "hostile_shop:Cart", "hostile_shop:Cart.total", "hostile_shop:__file__"),
        *("hostile_shop:Cart.__dict__", "hostile_shop:new", "hostile_shop:", "hostile_shop", "", ":", "sys:argv.x"),
    ],
)
def test_only_data_of_included_modules_is_replaced(shop: ModuleType, place: str) -> None:
    """Whatever a baseline names."""
    with pytest.raises(Unbuildable):
        LivePlace(place, Resolver(["hostile_shop"]))


def trace_with(*reads: StateRead) -> Trace:
    """A trace that found a state."""
    given = CallInput("function", capture((None, (), {})), [])
    outcome = Outcome("return", None, None)
    return Trace("x:f", "function", 0.0, given, outcome, [], [], {}, None, [], [], [], [], state=list(reads))


def prepared(trace: Trace) -> PreparedState:
    """Its state, without producers."""
    return PreparedState(trace, Resolver(["hostile_shop"]), None, lambda kind, parts: None)


def test_what_was_put_there_is_taken_away_again(shop: ModuleType) -> None:
    """The next trace finds what the import left, whatever this one did."""
    items = shop.ITEMS
    state = prepared(trace_with(StateRead("hostile_shop:ITEMS", capture([1])), StateRead("hostile_shop:Cart.size", 2)))
    used = state.prepare(None)
    assert used == StateUse({}, {"hostile_shop:ITEMS": "builtins:list", "hostile_shop:Cart.size": "builtins:int"}, {})
    assert (shop.ITEMS, shop.Cart.size) == ([1], 2)
    shop.ITEMS.append(2)
    vars(shop)["ITEMS"] = None
    state.put_back()
    assert shop.ITEMS is items
    assert (shop.ITEMS, shop.Cart.size) == ([], 1)


def test_makers_that_the_baseline_does_not_hold_are_refused(shop: ModuleType) -> None:
    """Positions and names that lead nowhere."""
    read = StateRead("hostile_shop:ITEMS", capture([1]), [7, -1], whole=False)
    used = prepared(trace_with(read)).prepare(None)
    assert (used.made, list(used.restored)) == ({}, ["hostile_shop:ITEMS"])


@pytest.mark.parametrize("words", [["x", 1], "x", {"a": 1}])
def test_a_command_line_is_a_list_of_words(words: Any) -> None:
    """Nothing else is put into `sys.argv`."""
    before = list(sys.argv)
    state = prepared(trace_with(StateRead("sys:argv", capture(words))))
    assert list(state.prepare(None).faults) == ["sys:argv"]
    assert sys.argv == before


SETTINGS = """
    import configparser

    _settings = None

    def setup(rate):
        global _settings
        _settings = configparser.ConfigParser()
        _settings.read_dict({"shop": {"rate": str(rate)}})

    def price(count):
        return count * int(_settings["shop"]["rate"])
    """


def settings(shop: Any) -> None:
    """Start-up, and two calls that need what it left."""
    shop.setup(5)
    assert (shop.price(2), shop.price(3)) == (10, 15)


def test_an_object_of_a_library_is_made_again_by_the_call_that_made_it(tmp_path: Path) -> None:
    """An engine, a client, settings: what stands under a name where the import had left nothing."""
    replayed = scenario(tmp_path, SETTINGS, settings).judge(everything=True)
    assert (replayed.counts, replayed.reasons) == ({"same": 3}, set())


def test_another_start_up_is_seen_by_those_that_come_after_it(tmp_path: Path) -> None:
    """Nothing of the object is restored: it is what the code under test makes."""
    judged = scenario(tmp_path, SETTINGS, settings).change("shop", "str(rate)", "str(rate + 1)").judge()
    assert judged.counts == {"diverged": 2, "same": 1}
    assert judged.fields == {"return": ("15", "18")}


def test_an_object_of_a_library_that_changes_is_another_state(tmp_path: Path) -> None:
    """Each call finds the one that the call before it left."""
    source = SETTINGS + "\n    def reset():\n        global _settings\n        _settings = None\n"

    def traffic(shop: Any) -> None:
        settings(shop)
        shop.setup(7)
        assert shop.price(2) == 14
        shop.reset()

    replayed = scenario(tmp_path, source, traffic).judge(everything=True)
    assert (replayed.counts, replayed.reasons) == ({"same": 6}, set())
