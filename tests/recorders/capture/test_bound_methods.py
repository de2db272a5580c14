"""Bound methods and partial functions are values: known by their object and their name, and built again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.value_tree import ListNode, StandardNode
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable
from pytest_runtime.testing import Scenario

SOURCE = """
    import functools

    def scaled(number, by):
        return number * by

    class Shop:
        def __init__(self, rate):
            self.rate = rate
            self.handlers = {"price": self.price, "double": functools.partial(scaled, by=2)}

        def price(self, number):
            return number * self.rate

        def run(self, name, number):
            return self.handlers[name](number)

        def handler(self, name):
            return self.handlers[name]

        @classmethod
        def made(cls):
            return cls.made

    def apply(function, number):
        return function(number)
    """


def test_an_object_that_holds_its_own_methods(tmp_path: Path) -> None:
    """A table of handlers, made when the object is; given, returned, and called."""

    def traffic(shop: Any) -> None:
        one = shop.Shop(3)
        assert one.run("price", 2) == 6
        assert one.run("double", 2) == 4
        assert one.handler("price")(2) == 6
        assert shop.apply(one.price, 5) == 15
        assert shop.Shop.made()() is not None

    scenario = Scenario(tmp_path, {"shop": SOURCE}).record(traffic)
    replayed = scenario.judge(everything=True)
    assert replayed.reasons == set()
    assert set(replayed.counts) == {"same"}
    changed = scenario.change("shop", "number * self.rate", "number * self.rate + 1").judge()
    assert changed.counts["diverged"] >= 2
    assert "not judged" not in changed.counts


def test_another_method_is_a_difference(tmp_path: Path) -> None:
    """What is returned is another function of the same object."""
    scenario = Scenario(tmp_path, {"shop": SOURCE}).record(lambda shop: shop.Shop(3).handler("price"))
    replayed = scenario.change("shop", '"price": self.price', '"price": self.run').judge()
    assert replayed.counts["diverged"] >= 1


def test_nothing_else_is_bound() -> None:
    """A baseline that names what is no method of the object's class builds nothing."""
    with pytest.raises(Unbuildable, match="no method 'append'"):
        build(StandardNode("method", [ListNode([]), "append"]), Resolver(["tests"]))
