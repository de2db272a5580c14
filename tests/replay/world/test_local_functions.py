"""Functions that a call made: recorded with what they close over, rebuilt from the code under test."""

from __future__ import annotations

import textwrap
import types
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.recorders.capture.local_functions import local_function
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.model.value_tree import DictNode, StandardNode, Tree, TupleNode, decode, encode
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable
from pytest_runtime.testing import Scenario

HERE = Resolver([__name__.partition(".")[0]])


def adder(step: int) -> Any:
    """Makes a function with a closure, a default and attributes."""

    def add(number: int, *, more: int = 100) -> int:
        return number + step + more

    add.label = ["x"]  # type: ignore[attr-defined]  # an attribute of its own
    return add


def counter() -> Any:
    """Makes two functions that share a variable."""
    count = 0

    def raise_() -> int:
        nonlocal count
        count += 1
        return count

    def read() -> int:
        return count

    return raise_, read


def walker() -> Any:
    """Makes a function that calls itself."""

    def walk(number: int) -> int:
        return 0 if number == 0 else number + walk(number - 1)

    return walk


def two(of: str) -> Any:
    """Makes one of two functions without a name."""
    return {"left": lambda number: number + 1, "right": lambda number: number - 1}[of]


TABLE = {"double": lambda number: number * 2}


def tree_of(value: Any) -> Tree:
    """As an argument of an included entry is captured."""
    return thaw(freeze(value, stand=lambda one: local_function(one) if type(one) is types.FunctionType else None))


def again(value: Any) -> Any:
    """Captured, written, read and built; the tree is the same again."""
    tree = tree_of(value)
    made = build(decode(encode(tree)), HERE)
    assert encode(tree_of(made)) == encode(tree)
    return made


def test_a_closure_is_put_together_again() -> None:
    """With its own contents, defaults, attributes and names, and the names of its module."""
    made = again(adder(5))
    assert (made(1), made(1, more=0), made.label) == (106, 6, ["x"])
    assert (made.__name__, made.__qualname__, made.__module__) == ("add", "adder.<locals>.add", __name__)
    assert made.__code__ is adder(5).__code__
    assert made.__globals__ is globals()


def test_functions_share_what_they_shared() -> None:
    """What one writes the other reads."""
    pair = counter()
    pair[0]()
    made = again(list(pair))
    assert (made[0](), made[1](), pair[1]()) == (2, 2, 1)


def test_a_function_may_close_over_itself() -> None:
    """It is there before its closure is."""
    made = again(walker())
    assert made(4) == 10
    assert made.__closure__[0].cell_contents is made


@pytest.mark.parametrize("of", ["left", "right"])
def test_of_equal_names_the_position_says_which(of: str) -> None:
    """Two lambdas in one function take the same and close over the same."""
    assert again(two(of))(5) == two(of)(5)


def test_a_lambda_in_a_table_is_found() -> None:
    """A module leads to it, under no name."""
    assert again(TABLE["double"]) is not TABLE["double"]
    assert again(TABLE["double"])(4) == 8


def test_a_function_with_a_name_is_known_by_it() -> None:
    """The very function."""
    assert again([adder])[0] is adder


def function(name: str, position: int = 0, takes: Tree = None, cells: Tree = None, *rest: Tree) -> StandardNode:
    """A function as an attacker would write one."""
    empty = DictNode([], [])
    more = rest or (None, None, empty, empty)
    return StandardNode("function", [name, position, "", takes or TupleNode([]), cells or empty, *more])


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (function("os:popen"), "outside the included packages"),
        (function("antigravity:x"), "outside the included packages"),
        (function(f"{__name__}:nobody.<locals>.f"), "does not define it"),
        (function(f"{__name__}:adder.<locals>.add"), "closes over 'step' now"),
        (function(f"{__name__}:two.<locals>.<lambda>", 7, TupleNode(["number"])), "the name of 2 functions"),
        (StandardNode("function", [f"{__name__}:adder"]), "no recorder writes"),
        (StandardNode("function", []), "no recorder writes"),
        (function(f"{__name__.rpartition('.')[0]}.__main__:f"), "program's own module"),
    ],
)
def test_a_hostile_function_is_refused(tree: Tree, said: str) -> None:
    """Only code of the included packages runs, with a closure that fits it."""
    with pytest.raises(Unbuildable, match=said):
        build(tree, HERE)


SHOP = """
    import functools

    def applied(function, number):
        return function(number)

    def discount(rate):
        def lower(price):
            return price - price * rate // 100
        return lower

    def logged(log):
        def wrap(function):
            @functools.wraps(function)
            def inner(*args):
                log.append(function.__name__)
                return function(*args)
            return inner
        return wrap

    def price(amount):
        return amount * 2

    class Cart:
        def __init__(self, rule):
            self.rule = rule

        def total(self, price):
            return self.rule(price)
    """


def test_local_functions_are_entries_arguments_and_state(tmp_path: Path) -> None:
    """Called from outside, handed in, held by an object, wrapped around another: each is judged."""

    def traffic(shop: Any) -> None:
        lower = shop.discount(10)
        assert lower(50) == 45
        assert shop.applied(lower, 20) == 18
        assert shop.Cart(lower).total(10) == 9
        log: list[str] = []
        assert shop.logged(log)(shop.price)(3) == 6

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    replayed = scenario.judge(everything=True)
    assert set(replayed.counts) == {"same"}, replayed.reasons
    scenario.change("shop", "price * rate // 100", "price * rate // 10")
    fields = scenario.judge().fields
    assert fields["return"] in {("45", "0"), ("18", "0"), ("9", "0")}
    scenario.change("shop", "log.append(function.__name__)", "log.append('x')")
    assert scenario.judge().counts["diverged"] >= 1


def test_a_returned_function_is_known_by_its_code_and_what_it_closes_over(tmp_path: Path) -> None:
    """The same code over the same values is the same function; other values differ, other code is unknown."""

    def traffic(shop: Any) -> None:
        shop.discount(10)

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    assert scenario.judge(everything=True).counts == {"same": 1}
    scenario.change("shop", "def discount(rate):", "def discount(rate):\n    rate = rate + 1")
    assert scenario.judge().counts == {"diverged": 1}
    scenario.rewrite("shop", textwrap.dedent(SHOP).replace("// 100", "// 1000"))
    replayed = scenario.judge()
    assert replayed.counts == {"not judged": 1}
    assert any("its code changed" in reason for reason in replayed.reasons)
