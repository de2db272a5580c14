"""What was not captured costs its own place: a trace runs without it, and stops where the code touches it."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.model.value_tree import DictNode, Extent, OpaqueNode
from pytest_runtime.replay.world.stopping import TraceStopped
from pytest_runtime.replay.world.uncaptured import Uncaptured, uncaptured
from pytest_runtime.testing import Scenario

SHOP = """
    class Shop:
        def __init__(self, line):
            self.line = line
            self.total = 0

        def add(self, amount):
            self.total += amount
            return self.total

        def send(self, text):
            return self.line.send(text)

    def price(amount, line=None, others=()):
        return amount * 2

    def told(line):
        return isinstance(line, str), line is None, bool(line)

    def first(lines):
        return lines[0]
    """


def with_socket(call: Callable[[Any, socket.socket], Any]) -> Callable[[Any], None]:
    """Traffic that hands over a socket."""

    def traffic(shop: Any) -> None:
        left, right = socket.socketpair()
        with left, right:
            call(shop, left)

    return traffic


@pytest.mark.parametrize(
    "call",
    [
        lambda shop, line: shop.price(3, line),
        lambda shop, line: shop.price(3, others=[{"line": line}]),
        lambda shop, line: shop.told(line),
        lambda shop, line: shop.Shop.add(_made(shop, line), 2),
    ],
    ids=["argument", "inside", "asked", "attribute"],
)
def test_what_is_never_touched_is_in_nobodys_way(tmp_path: Path, call: Callable[[Any, Any], Any]) -> None:
    """The trace is judged; what the class says needs no recording."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(with_socket(call))
    assert scenario.judge(everything=True).counts == {"same": 1}


def _made(shop: Any, line: Any) -> Any:
    """An object that nobody recorded the making of."""
    made = object.__new__(shop.Shop)
    made.__dict__.update(line=line, total=1)
    return made


def test_a_change_beside_it_is_seen(tmp_path: Path) -> None:
    """The rest is compared."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(with_socket(lambda shop, line: shop.price(3, line)))
    scenario.change("shop", "amount * 2", "amount * 3")
    assert scenario.judge().fields == {"return": ("6", "9")}


def test_touching_it_stops_the_trace(tmp_path: Path) -> None:
    """On base, and on the candidate alone; the reason says what was touched."""
    scenario = Scenario(tmp_path, {"shop": SHOP})
    scenario.record(with_socket(lambda shop, line: (_made(shop, line).send(b"x"), shop.price(3, line))))
    replayed = scenario.judge(everything=True)
    assert replayed.counts == {"not judged": 1, "same": 1}
    assert "it uses .send() of a socket.socket that was not captured" in replayed.reasons.pop()
    scenario.change("shop", "amount * 2", "amount * 2 if line.fileno() else 0")
    replayed = scenario.judge()
    assert replayed.counts == {"not judged": 1}
    assert "it uses .fileno() of a socket.socket that was not captured" in replayed.reasons.pop()


def test_handing_it_out_is_not_the_same(tmp_path: Path) -> None:
    """Nobody knows what a caller would see of it."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(with_socket(lambda shop, line: shop.first([line])))
    replayed = scenario.judge(everything=True)
    assert replayed.counts == {"not judged": 1}
    assert "a socket.socket was not captured" in replayed.reasons.pop()


USES: Iterable[Callable[[Any], Any]] = (
    lambda value: value.name,
    lambda value: setattr(value, "name", 1),
    lambda value: list(value),
    lambda value: value(),
    lambda value: value[0],
    lambda value: value + 1,
    lambda value: 1 + value,
    lambda value: value == 1,
    lambda value: {value},
    lambda value: str(value),
    lambda value: f"{value}",
    lambda value: isinstance(value, str),
    lambda value: bool(value),
    lambda value: len(value),
    lambda value: value.__enter__(),
    lambda value: open(value),  # noqa: SIM115
)


@pytest.mark.parametrize("use", USES, ids=map(str, range(16)))
def test_of_a_class_that_is_not_loaded_nothing_is_known(use: Callable[[Any], Any]) -> None:
    """Every use stops."""
    with pytest.raises(TraceStopped, match=r"of a drivers\.native\.Handle that was not captured: it is closed"):
        use(uncaptured(OpaqueNode("drivers.native:Handle", "it is closed")))


def test_what_the_class_says_is_answered() -> None:
    """Of a class that is loaded here: its bases, whether it is called, iterated or true, how it is compared."""
    stream: Any = uncaptured(OpaqueNode("_io:TextIOWrapper", ""))
    lock: Any = uncaptured(OpaqueNode("threading:Event", ""))
    assert not callable(stream)
    assert stream
    assert stream == stream
    assert len({stream, lock, stream}) == 2
    with pytest.raises(TraceStopped):
        iter(stream)
    with pytest.raises(TypeError, match="'Event' object is not iterable"):
        iter(lock)
    assert not isinstance(stream, str)
    assert isinstance(stream, io.TextIOBase)
    assert isinstance(lock, threading.Event)


def test_of_what_was_too_large_the_length_is_known() -> None:
    """Of a built-in container, and nothing else of it."""
    rows: Any = uncaptured(OpaqueNode("builtins:list", "too large", Extent("list", 5, (), ("builtins:int",))))
    assert (len(rows), bool(rows), isinstance(rows, list)) == (5, True, True)
    with pytest.raises(TraceStopped):
        rows[0]
    own: Any = uncaptured(OpaqueNode("shop:Rows", "too large", Extent("list", 5, (), ())))
    with pytest.raises(TraceStopped):
        len(own)


@pytest.mark.parametrize("name", ["subprocess:Popen", "os:_wrap_close", "types:nothing", "nowhere:Nothing"])
def test_no_other_class_can_be_called(name: str) -> None:
    """A baseline may be hostile: a class is something to call."""
    with pytest.raises(TraceStopped):
        cast(Any, uncaptured(OpaqueNode(name, ""))).__class__("/bin/true", 0)


@pytest.mark.parametrize("name", ["m:a\0b", "m:\ud800", "m", "", ":", "m:" + "a." * 9_999])
def test_no_name_does_harm(name: str) -> None:
    """A baseline may be hostile."""
    with pytest.raises(TraceStopped):
        len(uncaptured(OpaqueNode(name, "")))


def test_captured_again_it_is_what_it_was() -> None:
    """Class and reason, in whatever holds it; nothing stops for that."""
    value = uncaptured(OpaqueNode("drivers.native:Handle", "it is closed"))
    assert isinstance(type(value), type)
    assert issubclass(type(value), Uncaptured)
    tree = thaw(freeze({"held": value}))
    assert isinstance(tree, DictNode)
    assert tree.values == [OpaqueNode("drivers.native:Handle", "it is closed")]


class Basket:
    """An object of nobody's: the code under test does not load its class."""

    def __init__(self, label: str, items: list[Any]) -> None:
        self.label = label
        self.items = items
        self._secret = 3

    @property
    def size(self) -> int:
        """Computed."""
        return len(self.items)


HOLDS = """
    import smtplib

    def label(basket):
        return basket.label.upper(), len(basket.items), [item * 2 for item in basket.items]

    def longest(baskets):
        return max(baskets, key=lambda basket: len(basket.items))

    def added(basket, item):
        basket.items.append(item)
        return basket

    def size(basket):
        return basket.size

    def renamed(basket):
        basket.label = "x"

    def kind(line):
        return isinstance(line, smtplib.SMTP), isinstance(line, dict), line.command_encoding

    def another(line):
        return line.__class__()
    """


def held(folder: Path, call: Callable[[Any], Any]) -> Scenario:
    """Traffic with objects whose classes are not built."""
    return Scenario(folder, {"holds": HOLDS}).record(call)


def test_attributes_of_an_object_without_a_class_are_known(tmp_path: Path) -> None:
    """They are answered, and compared as they were."""
    scenario = held(tmp_path, lambda holds: holds.label(Basket("a", [1, 2])))
    assert scenario.judge(everything=True).counts == {"same": 1}
    replayed = scenario.change("holds", "item * 2", "item * 3").judge()
    assert (replayed.counts, replayed.fields["return[2][0]"]) == ({"diverged": 1}, ("2", "3"))


def test_an_object_without_a_class_is_itself_again(tmp_path: Path) -> None:
    """Handed out, it has the state that it was given with, and what was put into it."""
    baskets = [Basket("a", [1]), Basket("b", [1, 2])]

    def traffic(holds: Any) -> None:
        assert holds.longest(baskets) is baskets[1]
        holds.added(Basket("c", []), 5)

    scenario = held(tmp_path, traffic)
    replayed = scenario.judge(everything=True)
    assert (replayed.counts, replayed.reasons) == ({"same": 2}, set())
    scenario.change("holds", "max(baskets", "min(baskets").change("holds", "append(item)", "append(item + 1)")
    assert scenario.judge().counts == {"diverged": 2}


@pytest.mark.parametrize(("call", "used"), [("size", ".size"), ("renamed", "__setattr__()")])
def test_what_its_class_does_is_not_known(tmp_path: Path, call: str, used: str) -> None:
    """A property, and what it would do with a new value."""
    replayed = held(tmp_path, lambda holds: getattr(holds, call)(Basket("a", [1]))).judge(everything=True)
    assert replayed.counts == {"not judged": 1}
    assert f"it uses {used} of a " in replayed.reasons.pop()


def test_an_object_that_acts_is_of_its_class(tmp_path: Path) -> None:
    """A client of a library is none that is built, but is told from others; its class makes nothing."""
    import smtplib

    def traffic(holds: Any) -> None:
        assert holds.kind(smtplib.SMTP()) == (True, False, "ascii")
        holds.another(smtplib.SMTP())

    replayed = held(tmp_path, traffic).judge(everything=True)
    assert replayed.counts == {"same": 1, "not judged": 1}
    assert "makes a smtplib.SMTP by the class of one that was not captured" in replayed.reasons.pop()
