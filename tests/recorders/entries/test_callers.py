"""Functions that look at their caller are called again from a frame like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.value_tree import DictNode, record
from pytest_runtime.replay.world.call_frame import caller_of
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable
from pytest_runtime.testing import Scenario

SOURCE = """
    import inspect
    import sys

    def announce(text):
        caller = sys._getframe(1)
        return text.format(**caller.f_locals), caller.f_globals["__name__"], caller.f_code.co_name

    def named(text):
        return inspect.stack()[1].function, text

    class Log:
        def line(self, text):
            back = inspect.currentframe().f_back
            return f"{back.f_code.co_name}: {text}"
    """


def greet(shop: Any, name: str) -> Any:
    """A caller with a variable that the function uses, and one that nobody can build again."""
    lock = open(__file__)  # noqa: SIM115 - something that is not captured
    try:
        return shop.announce("hello {name}")
    finally:
        lock.close()


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """Calls from a function of this module."""

    def traffic(shop: Any) -> None:
        assert greet(shop, "ann") == ("hello ann", __name__, "greet")
        assert shop.named("x") == ("traffic", "x")
        assert shop.Log().line("y") == "traffic: y"

    return Scenario(tmp_path, {"shop": SOURCE}).record(traffic)


def test_a_caller_is_there_again(scenario: Scenario) -> None:
    """Its name, its module, and its local variables; so a refactoring is silent."""
    assert scenario.judge(everything=True).counts == {"same": 3}
    names = 'caller.f_globals["__name__"], caller.f_code.co_name'
    scenario.change(
        "shop",
        f"return text.format(**caller.f_locals), {names}",
        f"where = {names}; return text.format(**caller.f_locals), *where",
    )
    assert scenario.judge().counts == {"same": 1}


def test_a_change_of_what_it_takes_from_its_caller_is_seen(scenario: Scenario) -> None:
    """Another frame, another name."""
    replayed = scenario.change("shop", "back.f_code.co_name}: ", "back.f_code.co_name.upper()}: ").judge()
    assert replayed.counts == {"diverged": 1}
    assert replayed.fields["return"] == ("'traffic: y'", "'TRAFFIC: y'")


def test_secrets_of_a_caller_are_redacted(tmp_path: Path) -> None:
    """Its variables are written like all else."""

    def login(shop: Any) -> None:
        password = "xk7-Planted-Secret-Q9"
        assert shop.named(password[:0]) == ("login", "")

    scenario = Scenario(tmp_path, {"shop": SOURCE}).record(login)
    [trace] = scenario.traces()
    assert "Planted" not in str(trace)


def test_a_caller_that_no_code_can_have_costs_its_trace() -> None:
    """A baseline may say anything; nothing is run for it."""
    tree = record(name="f", file="a\0b", module="m", locals=DictNode([], []))
    with pytest.raises(Unbuildable, match="no code can be called 'f'"):
        caller_of(tree, Resolver(["shop"]), lambda kind, parts: None)
    assert caller_of(None, Resolver(["shop"]), lambda kind, parts: None) is None
