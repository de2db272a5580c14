"""Provenance: what an entry was given is made again by replaying what made it, on the code under test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.testing import Scenario

CART = """
    class Cart:
        def __init__(self, owner, rate=2):
            self._owner = owner
            self._rate = rate
            self._lines = []

        def add(self, name, price):
            self._lines.append((name, price))
            return len(self._lines)

        def total(self):
            return sum(price for _name, price in self._lines) * self._rate

        def owner(self):
            return self._owner.title()

    def describe(cart, note):
        return f"{note}: {cart.total()}"

    def carts(owners):
        return [Cart(owner) for owner in owners]
    """


def use(shop: Any) -> None:
    """A constructor, three method calls, and the calls in question."""
    cart = shop.Cart("ann", rate=3)
    cart.add("pen", 2)
    cart.add("ink", 5)
    cart.add("pad", 7)
    cart.total()
    cart.owner()
    shop.describe(cart, note="sum")


def recorded(folder: Path, traffic: Any = use) -> Scenario:
    """The cart, used."""
    return Scenario(folder, {"shop": CART}).record(traffic)


def named(scenario: Scenario, name: str) -> Trace:
    """The only trace of an entry."""
    [trace] = [one for one in scenario.traces() if one.entry.endswith(name)]
    return trace


def test_a_trace_refers_to_what_made_its_receiver(tmp_path: Path) -> None:
    """The chain is constructor and three additions; reading methods are no part of it."""
    scenario = recorded(tmp_path)
    assert len(named(scenario, "Cart.total").producers) == 1
    assert named(scenario, "Cart.total").producers == named(scenario, "Cart.owner").producers
    assert named(scenario, ":describe").producers == named(scenario, "Cart.total").producers
    assert not named(scenario, "Cart.__init__").producers


def test_unchanged_code_is_the_same(tmp_path: Path) -> None:
    """Chains come to what was recorded."""
    replayed = recorded(tmp_path).judge(everything=True)
    assert replayed.counts == {"same": 7}


PRIVATE = CART.replace("_lines", "_rows").replace("_owner", "_name_of").replace("_rate", "_factor")
SLOTS = CART.replace("class Cart:", 'class Cart:\n        __slots__ = ("_owner", "_rate", "_lines", "__weakref__")\n')
DATACLASS = """
    import dataclasses

    @dataclasses.dataclass
    class Cart:
        _who: str
        rate: dataclasses.InitVar[int] = 2
        _lines: list = dataclasses.field(default_factory=list, init=False)

        def __post_init__(self, rate):
            self._factor = rate

        def add(self, name, price):
            self._lines.append({"name": name, "price": price})
            return len(self._lines)

        def total(self):
            return sum(line["price"] for line in self._lines) * self._factor

        def owner(self):
            return self._who.title()

    def describe(cart, note):
        return f"{note}: {cart.total()}"

    def carts(owners):
        return [Cart(owner) for owner in owners]
    """


def test_a_renamed_private_attribute_is_silent(tmp_path: Path) -> None:
    """Nothing a caller sees differs."""
    scenario = recorded(tmp_path).rewrite("shop", PRIVATE)
    assert scenario.judge(everything=True).counts == {"same": 7}


def test_slots_are_silent(tmp_path: Path) -> None:
    """The instance holds its state elsewhere."""
    scenario = recorded(tmp_path).rewrite("shop", SLOTS)
    assert scenario.judge(everything=True).counts == {"same": 7}


def test_a_dataclass_is_silent(tmp_path: Path) -> None:
    """State of another form inside, the same behaviour outside."""
    scenario = recorded(tmp_path).rewrite("shop", DATACLASS)
    assert scenario.judge(everything=True).counts == {"same": 7}


def test_a_class_moves_to_another_module(tmp_path: Path) -> None:
    """With a re-export where it was."""
    modules = {"models": "pass\n", "shop": CART}
    scenario = Scenario(tmp_path, modules).record(lambda models, shop: use(shop))
    scenario.rewrite("models", CART)
    scenario.rewrite("shop", "from models import Cart, carts, describe\n")
    assert scenario.judge(everything=True).counts == {"same": 7}


def test_a_change_in_what_made_it_is_seen_where_it_is_used(tmp_path: Path) -> None:
    """The addition counts double: the traces of the additions and of the totals diverge, those of the owner do not."""
    scenario = recorded(tmp_path).change("shop", "(name, price))", "(name, price * 2))")
    replayed = scenario.judge(everything=True)
    diverged = {one.entry.partition(":")[2] for one in replayed.classes if one.count("diverged")}
    assert diverged == {"Cart.total", "describe"}
    assert replayed.fields["return"] == ("42", "84") or replayed.fields["return"] == ("'sum: 42'", "'sum: 84'")


def test_objects_inside_what_was_given_are_made_again(tmp_path: Path) -> None:
    """In a list that an entry returned, in a list that is given."""

    def traffic(shop: Any) -> None:
        first, second = shop.carts(["ann", "bob"])
        second.add("pen", 1)
        first.total()
        shop.describe(second, "two")

    scenario = recorded(tmp_path, traffic).rewrite("shop", PRIVATE)
    assert scenario.judge(everything=True).counts == {"same": 4}


def test_what_was_changed_behind_the_recorders_back_is_filled_with_state(tmp_path: Path) -> None:
    """An attribute set from outside: the chain does not come to it, so the recorded state is put in, on both sides."""

    def traffic(shop: Any) -> None:
        cart = shop.Cart("ann")
        cart._rate = 10
        cart.add("pen", 2)
        cart.total()

    scenario = recorded(tmp_path, traffic)
    assert scenario.judge(everything=True).counts == {"same": 3}
    scenario.change("shop", "* self._rate", "* self._rate + 1")
    replayed = scenario.judge(everything=True)
    assert replayed.fields["return"] == ("20", "21")


def test_recorded_state_in_a_changed_class_is_not_judged(tmp_path: Path) -> None:
    """As a last resort only, and never as a divergence."""

    def traffic(shop: Any) -> None:
        cart = shop.Cart("ann")
        cart._rate = 10
        cart.total()

    scenario = recorded(tmp_path, traffic).rewrite("shop", PRIVATE)
    replayed = scenario.judge(everything=True)
    assert replayed.counts == {"same": 1, "not judged": 1}
    assert any("rebuilt from state" in reason and "Cart" in reason for reason in replayed.reasons)


def test_an_object_that_a_module_holds_is_that_object(tmp_path: Path) -> None:
    """Compared with `is`: a copy would take the other branch."""
    source = """
        class Kind:
            def __init__(self, name):
                self.name = name

        WORD = Kind("word")

        class Token:
            def __init__(self, kind):
                self.kind = kind

        def is_word(piece):
            return piece.kind is WORD
        """

    def traffic(shop: Any) -> None:
        token = shop.Token(shop.WORD)
        shop.is_word(token)
        shop.is_word(shop.Token(shop.Kind("word")))

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    assert {trace.outcome.value for trace in scenario.traces() if trace.entry.endswith("is_word")} == {True, False}
    replayed = scenario.replay()
    assert replayed.reasons == set()
    assert replayed.counts == {"same": len(scenario.traces())}
